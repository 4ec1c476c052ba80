# SPDX-License-Identifier: Apache-2.0
"""Token-bucket meters with the algorithm and colours of BMv2.

A meter has one bucket per rate.  The highest rate is tested first: a packet that finds too few tokens in the
peak bucket is red (2) and takes none; else it takes them and is tested against the committed bucket, where
too few tokens make it yellow (1).  Buckets are full when configured.  An unconfigured meter is green (0).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import NamedTuple

from softswitch.state.changes import ChangeFeed
from softswitch.state.errors import InvalidArgument

GREEN, YELLOW, RED = 0, 1, 2


class Rate(NamedTuple):
    """``rate`` in units (packets or bytes) per second, ``burst`` in units."""

    rate: float
    burst: int


class _Bucket:
    __slots__ = ("burst", "color", "issued", "per_us", "tokens")

    def __init__(self, color: int, rate: float, burst: int) -> None:
        self.color = color
        self.per_us = rate / 1e6
        self.burst = burst
        self.tokens = burst
        #: whole tokens credited since the time origin
        self.issued = 0


class Meter:
    """One meter; ``unit_packets`` false counts bytes.  Not thread-safe by itself: the device locks."""

    __slots__ = ("_buckets", "_rates", "origin_us", "unit_packets")

    def __init__(self, unit_packets: bool) -> None:
        self.unit_packets = unit_packets
        self._buckets: list[_Bucket] = []
        self._rates: tuple[Rate, ...] = ()
        self.origin_us = 0

    def configure(self, rates: Sequence[tuple[float, int]], now_us: int) -> None:
        """Set the rates (committed first, ascending) and fill the buckets.  No rates: back to unconfigured.

        Raises :class:`InvalidArgument` for a negative number or a later rate below an earlier one.
        """
        checked = tuple(Rate(float(rate), int(burst)) for rate, burst in rates)
        for position, (rate, burst) in enumerate(checked):
            if rate < 0 or burst < 0:
                raise InvalidArgument(f"meter rate {rate:g} and burst {burst} must not be negative")
            if position and rate < checked[position - 1].rate:
                raise InvalidArgument(f"peak rate {rate:g} is below the committed rate {checked[position - 1].rate:g}")
        self._rates = checked
        self._buckets = [_Bucket(i + 1, rate, burst) for i, (rate, burst) in enumerate(checked)]
        self._buckets.reverse()
        self.origin_us = now_us

    @property
    def rates(self) -> tuple[Rate, ...]:
        """The configured rates, or () when unconfigured."""
        return self._rates

    def copy(self) -> Meter:
        """Another meter in the same state."""
        twin = Meter(self.unit_packets)
        twin._rates, twin.origin_us = self._rates, self.origin_us
        twin._buckets = [copy.copy(bucket) for bucket in self._buckets]
        return twin

    def execute(self, length: int, now_us: int) -> int:
        """Colour of a packet of ``length`` bytes seen at ``now_us``."""
        elapsed = now_us - self.origin_us
        need = 1 if self.unit_packets else length
        for bucket in self._buckets:
            issued = int(elapsed * bucket.per_us)
            tokens = bucket.tokens + issued - bucket.issued
            bucket.issued = issued
            if tokens > bucket.burst:
                tokens = bucket.burst
            if tokens < need:
                bucket.tokens = tokens
                return bucket.color
            bucket.tokens = tokens - need
        return GREEN


class MeterArray:
    """Indirect meters.  A call with an index out of range raises :class:`InvalidArgument`."""

    def __init__(
        self,
        name: str,
        size: int,
        unit_packets: bool,
        rate_count: int,
        clock_us: Callable[[], int],
        feed: ChangeFeed,
    ) -> None:
        self.name = name
        self.size = size
        self.unit_packets = unit_packets
        self.rate_count = rate_count
        self._clock_us = clock_us
        self._feed = feed
        #: created when first configured; a compiled pipeline reads it directly
        self.cells: dict[int, Meter] = {}

    def _check(self, index: int) -> None:
        if not 0 <= index < self.size:
            raise InvalidArgument(f"meter {self.name}: index {index} is not in 0..{self.size - 1}")

    def set_rates(self, index: int, rates: Sequence[tuple[float, int]] | None) -> None:
        """Configure meter ``index``: ((committed rate/s, burst), (peak rate/s, burst)); None resets it."""
        self._check(index)
        if not rates:
            self.cells.pop(index, None)
            self._feed.announce("meter", self.name, "delete", index)
            return
        if len(rates) != self.rate_count:
            raise InvalidArgument(f"meter {self.name} takes {self.rate_count} rates, {len(rates)} given")
        meter = Meter(self.unit_packets)
        meter.configure(rates, self._clock_us())
        self.cells[index] = meter
        self._feed.announce("meter", self.name, "set", index)

    def read(self, index: int) -> tuple[Rate, ...]:
        """Rates of meter ``index``; () when unconfigured."""
        self._check(index)
        meter = self.cells.get(index)
        return meter.rates if meter else ()

    def clear(self) -> None:
        """Unconfigure every meter."""
        self.cells.clear()
        self._feed.announce("meter", self.name, "clear")
