# SPDX-License-Identifier: Apache-2.0
"""Helpers called by generated code."""

from __future__ import annotations

from collections.abc import Sequence

from softswitch.state.meters import Meter


class AssertionFailed(Exception):
    """``assert`` or ``assume`` of the program does not hold; BMv2 aborts, here the packet is dropped."""


def format_log(text: str, args: Sequence[int]) -> str:
    """Replace each ``{}`` of a ``log_msg`` by the next argument; ``\\{`` and ``\\}`` are literal braces."""
    result: list[str] = []
    values = iter(args)
    position = 0
    while position < len(text):
        if text.startswith(("\\{", "\\}"), position):
            result.append(text[position + 1])
            position += 2
            continue
        end = text.find("}", position) if text[position] == "{" else -1
        if end >= 0:
            value = next(values, None)
            result.append(text[position : end + 1] if value is None else str(value))
            position = end + 1
            continue
        result.append(text[position])
        position += 1
    return "".join(result)


class Overlay:
    """A sequence that can be written while what is below it stays; for the registers of a dry trace."""

    def __init__(self, below: Sequence[int]) -> None:
        self._below = below
        self._written: dict[int, int] = {}

    def __getitem__(self, index: int) -> int:
        return self._written[index] if index in self._written else self._below[index]

    def __setitem__(self, index: int, value: int) -> None:
        self._written[index] = value

    def forget(self) -> None:
        """Nothing has been written."""
        self._written.clear()


def unspent(meter: Meter | None) -> Meter | None:
    """A meter that may be executed while the original keeps its tokens; for a dry trace."""
    return None if meter is None else meter.copy()
