# SPDX-License-Identifier: Apache-2.0
"""Indirect counters, registers and parser value sets."""

from __future__ import annotations

from collections.abc import Iterable, MutableSequence

from softswitch.state.changes import ChangeFeed
from softswitch.state.errors import InvalidArgument
from softswitch.state.values import CounterValue


class CounterArray:
    """Indirect counters, always both packets and bytes.

    A compiled pipeline adds to the sequences directly; an engine in native code puts its own memory there.
    """

    def __init__(self, name: str, size: int, feed: ChangeFeed) -> None:
        self.name = name
        self.size = size
        self._feed = feed
        self.packets: MutableSequence[int] = [0] * size
        self.bytes: MutableSequence[int] = [0] * size

    def _check(self, index: int) -> None:
        if not 0 <= index < self.size:
            raise InvalidArgument(f"counter {self.name}: index {index} is not in 0..{self.size - 1}")

    def read(self, index: int) -> CounterValue:
        """Value of cell ``index``; :class:`InvalidArgument` when out of range."""
        self._check(index)
        return CounterValue(self.packets[index], self.bytes[index])

    def read_all(self) -> list[CounterValue]:
        """Values of all cells in order."""
        return [CounterValue(p, b) for p, b in zip(self.packets, self.bytes, strict=True)]

    def write(self, index: int, packets: int, byte_count: int) -> None:
        """Set cell ``index``."""
        self._check(index)
        self.packets[index] = packets
        self.bytes[index] = byte_count
        self._feed.announce("counter", self.name, "set", index)

    def clear(self, index: int | None = None) -> None:
        """Zero one cell, or all."""
        if index is None:
            for cell in range(self.size):
                self.packets[cell] = self.bytes[cell] = 0
            self._feed.announce("counter", self.name, "clear")
        else:
            self.write(index, 0, 0)


class RegisterArray:
    """A register array; values are unsigned and at most ``width`` bits."""

    def __init__(self, name: str, size: int, width: int, feed: ChangeFeed) -> None:
        self.name = name
        self.size = size
        self.width = width
        self._feed = feed
        self.cells: MutableSequence[int] = [0] * size

    def _check(self, index: int) -> None:
        if not 0 <= index < self.size:
            raise InvalidArgument(f"register {self.name}: index {index} is not in 0..{self.size - 1}")

    def read(self, index: int) -> int:
        """Value of cell ``index``; :class:`InvalidArgument` when out of range."""
        self._check(index)
        return self.cells[index]

    def read_all(self) -> list[int]:
        """Values of all cells in order."""
        return list(self.cells)

    def write(self, index: int, value: int) -> None:
        """Set cell ``index``; refuses a value that does not fit."""
        self._check(index)
        if not 0 <= value < 1 << self.width:
            raise InvalidArgument(f"register {self.name}: {value} does not fit {self.width} bits")
        self.cells[index] = value
        self._feed.announce("register", self.name, "set", index)

    def clear(self) -> None:
        """Zero all cells."""
        self.cells[:] = [0] * self.size
        self._feed.announce("register", self.name, "clear")


class ValueSet:
    """A parser value set.  A value is one integer over all elements, as declared: no padding between them."""

    def __init__(self, name: str, width: int, feed: ChangeFeed) -> None:
        self.name = name
        self.width = width
        self._feed = feed
        #: read by compiled pipelines; changed in place
        self.members: set[int] = set()

    def set(self, values: Iterable[int]) -> None:
        """Replace the members."""
        new = set(values)
        for value in new:
            if not 0 <= value < 1 << self.width:
                raise InvalidArgument(f"value set {self.name}: {value:#x} does not fit {self.width} bits")
        self.members.clear()
        self.members.update(new)
        self._feed.announce("value_set", self.name, "set")

    def values(self) -> list[int]:
        """The members in ascending order."""
        return sorted(self.members)
