# SPDX-License-Identifier: Apache-2.0
"""Lookup structures, one per match kind.

``lookup(k)`` is what compiled pipelines call.  ``k`` is built by the caller as :class:`KeyLayout` says: an
``int`` for a table with one key element, a tuple of ints for other exact tables, and for LPM, ternary and
range tables one integer in which every element has its place (``sum(v << shift)``).  The functions answer the
row that wins or None.  Priorities: the bigger wins, equal priorities go to the row inserted in the lower
handle, as in BMv2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from softswitch.bmv2json.model import MatchKind, Table
from softswitch.state.rows import Row
from softswitch.state.values import Exact, Key, Lpm, Range, Ternary


class KeyLayout:
    """How the key elements of a table are combined into the argument of ``lookup``.

    ``shifts[i]`` is the left shift of element ``i`` (None: the argument is a tuple or a single value).
    The LPM element, if the table is an LPM table, takes the lowest bits, so that a prefix of the combined
    integer is the exact part followed by a prefix of the address.
    """

    __slots__ = ("lpm_width", "shifts", "widths")

    def __init__(self, table: Table) -> None:
        self.widths = tuple(k.width for k in table.keys)
        self.lpm_width = 0
        self.shifts: tuple[int, ...] | None = None
        if table.match is MatchKind.EXACT:
            return
        order = list(range(len(table.keys)))
        if table.match is MatchKind.LPM:
            lpm = next(i for i, k in enumerate(table.keys) if k.kind is MatchKind.LPM)
            order.remove(lpm)
            order.append(lpm)
            self.lpm_width = table.keys[lpm].width
        shifts = [0] * len(order)
        position = 0
        for i in reversed(order):
            shifts[i] = position
            position += table.keys[i].width
        self.shifts = tuple(shifts)


class Index(Protocol):
    """What a table needs from its lookup structure."""

    lookup: Callable[[Any], Row | None]

    def add(self, row: Row, key: Key, rank: int) -> None:
        """Insert ``row``; the caller has made sure that the key is new."""

    def remove(self, row: Row, key: Key, rank: int) -> None:
        """Remove ``row``, which is present."""

    def clear(self) -> None:
        """Remove every row; ``lookup`` stays valid."""


class NoIndex:
    """Tables without a key: every lookup misses."""

    def __init__(self) -> None:
        self.lookup: Callable[[Any], Row | None] = lambda key: None

    def add(self, row: Row, key: Key, rank: int) -> None:
        raise AssertionError("a table without key holds no entry")

    def remove(self, row: Row, key: Key, rank: int) -> None:
        raise AssertionError("a table without key holds no entry")

    def clear(self) -> None:
        return


class ExactIndex:
    """A dict.  ``lookup`` is the dict's own ``get``, the cheapest call there is."""

    def __init__(self, layout: KeyLayout) -> None:
        self._single = len(layout.widths) == 1
        self._rows: dict[Any, Row] = {}
        self.lookup: Callable[[Any], Row | None] = self._rows.get

    def _lookup_key(self, key: Key) -> Any:
        return key[0][0] if self._single else tuple(k[0] for k in key)

    def add(self, row: Row, key: Key, rank: int) -> None:
        self._rows[self._lookup_key(key)] = row

    def remove(self, row: Row, key: Key, rank: int) -> None:
        del self._rows[self._lookup_key(key)]

    def clear(self) -> None:
        self._rows.clear()


class LpmIndex:
    """One dict per prefix length in use, tried from the longest prefix down."""

    def __init__(self, layout: KeyLayout) -> None:
        assert layout.shifts is not None
        self._shifts = layout.shifts
        self._width = layout.lpm_width
        self._maps: dict[int, dict[int, Row]] = {}
        self._levels: tuple[tuple[int, Callable[[int], Row | None]], ...] = ()
        self.lookup: Callable[[Any], Row | None] = self._lookup

    def _lookup(self, key: int) -> Row | None:
        for shift, get in self._levels:
            row = get(key >> shift)
            if row is not None:
                return row
        return None

    def _position(self, key: Key) -> tuple[int, int]:
        value = 0
        host_bits = 0
        for part, shift in zip(key, self._shifts, strict=True):
            value |= part[0] << shift
            if isinstance(part, Lpm):
                host_bits = self._width - part.prefix_len
        return host_bits, value >> host_bits

    def add(self, row: Row, key: Key, rank: int) -> None:
        shift, prefix = self._position(key)
        level = self._maps.get(shift)
        if level is None:
            level = self._maps[shift] = {}
            self._relevel()
        level[prefix] = row

    def remove(self, row: Row, key: Key, rank: int) -> None:
        shift, prefix = self._position(key)
        level = self._maps[shift]
        del level[prefix]
        if not level:
            del self._maps[shift]
            self._relevel()

    def _relevel(self) -> None:
        self._levels = tuple((shift, self._maps[shift].get) for shift in sorted(self._maps))

    def clear(self) -> None:
        self._maps.clear()
        self._levels = ()


#: Rows that share mask and value: (rank, row), best first.
_Bucket = list[tuple[int, Row]]


class _Group:
    """The rows of one mask.  ``best`` is an upper bound of their ranks."""

    __slots__ = ("best", "buckets", "count")

    def __init__(self) -> None:
        self.buckets: dict[int, _Bucket] = {}
        self.best = -1
        self.count = 0


class TernaryIndex:
    """Tuple space search: one dict per distinct mask, masks ordered by the best rank they hold."""

    def __init__(self, layout: KeyLayout) -> None:
        assert layout.shifts is not None
        self._shifts = layout.shifts
        self._widths = layout.widths
        self._groups: dict[int, _Group] = {}
        self._order: list[tuple[int, int, Callable[[int], _Bucket | None]]] = []
        self._stale = False
        self.lookup: Callable[[Any], Row | None] = self._lookup

    def _lookup(self, key: int) -> Row | None:
        if self._stale:
            self._reorder()
        best = -1
        found: Row | None = None
        for bound, mask, get in self._order:
            if bound <= best:
                break
            bucket = get(key & mask)
            if bucket is not None and bucket[0][0] > best:
                best, found = bucket[0]
        return found

    def _reorder(self) -> None:
        self._order = sorted(
            ((group.best, mask, group.buckets.get) for mask, group in self._groups.items()),
            key=lambda item: -item[0],
        )
        self._stale = False

    def _position(self, key: Key) -> tuple[int, int]:
        value = 0
        mask = 0
        for part, shift, width in zip(key, self._shifts, self._widths, strict=True):
            ones = (1 << width) - 1
            if isinstance(part, Ternary):
                part_mask = part.mask
            elif isinstance(part, Lpm):
                part_mask = ones ^ (ones >> part.prefix_len)
            else:
                part_mask = ones
            value |= (part[0] & part_mask) << shift
            mask |= part_mask << shift
        return mask, value

    def add(self, row: Row, key: Key, rank: int) -> None:
        mask, value = self._position(key)
        group = self._groups.get(mask)
        if group is None:
            group = self._groups[mask] = _Group()
        bucket = group.buckets.setdefault(value, [])
        bucket.append((rank, row))
        if len(bucket) > 1:
            bucket.sort(key=lambda item: -item[0])
        group.count += 1
        if rank > group.best:
            group.best = rank
            self._stale = True

    def remove(self, row: Row, key: Key, rank: int) -> None:
        mask, value = self._position(key)
        group = self._groups[mask]
        bucket = group.buckets[value]
        bucket.remove((rank, row))
        if not bucket:
            del group.buckets[value]
        group.count -= 1
        if not group.count:
            del self._groups[mask]
            self._stale = True

    def clear(self) -> None:
        self._groups.clear()
        self._order = []
        self._stale = False


class RangeIndex:
    """Ternary groups over the elements that are not ranges, then the ranges of each row in rank order."""

    def __init__(self, layout: KeyLayout, kinds: tuple[MatchKind, ...]) -> None:
        assert layout.shifts is not None
        self._shifts = layout.shifts
        self._widths = layout.widths
        self._fields = tuple(
            (shift, (1 << width) - 1)
            for shift, width, kind in zip(layout.shifts, layout.widths, kinds, strict=True)
            if kind is MatchKind.RANGE
        )
        self._groups: dict[int, dict[int, list[tuple[int, tuple[Range, ...], Row]]]] = {}
        self.lookup: Callable[[Any], Row | None] = self._lookup

    def _lookup(self, key: int) -> Row | None:
        values = [(key >> shift) & ones for shift, ones in self._fields]
        best = -1
        found: Row | None = None
        for mask, buckets in self._groups.items():
            for rank, ranges, row in buckets.get(key & mask, ()):
                if rank <= best:
                    break
                if all(low <= value <= high for value, (low, high) in zip(values, ranges, strict=True)):
                    best, found = rank, row
                    break
        return found

    def _position(self, key: Key) -> tuple[int, int, tuple[Range, ...]]:
        value = 0
        mask = 0
        ranges: list[Range] = []
        for part, shift, width in zip(key, self._shifts, self._widths, strict=True):
            ones = (1 << width) - 1
            if isinstance(part, Range):
                ranges.append(part)
                continue
            if isinstance(part, Ternary):
                part_mask = part.mask
            elif isinstance(part, Lpm):
                part_mask = ones ^ (ones >> part.prefix_len)
            else:
                assert isinstance(part, Exact)
                part_mask = ones
            value |= (part[0] & part_mask) << shift
            mask |= part_mask << shift
        return mask, value, tuple(ranges)

    def add(self, row: Row, key: Key, rank: int) -> None:
        mask, value, ranges = self._position(key)
        bucket = self._groups.setdefault(mask, {}).setdefault(value, [])
        bucket.append((rank, ranges, row))
        bucket.sort(key=lambda item: -item[0])

    def remove(self, row: Row, key: Key, rank: int) -> None:
        mask, value, ranges = self._position(key)
        buckets = self._groups[mask]
        bucket = buckets[value]
        bucket.remove((rank, ranges, row))
        if not bucket:
            del buckets[value]
            if not buckets:
                del self._groups[mask]

    def clear(self) -> None:
        self._groups.clear()


def make_index(table: Table) -> Index:
    """The lookup structure for ``table``."""
    if not table.keys:
        return NoIndex()
    layout = KeyLayout(table)
    if table.match is MatchKind.EXACT:
        return ExactIndex(layout)
    if table.match is MatchKind.LPM:
        return LpmIndex(layout)
    if table.match is MatchKind.TERNARY:
        return TernaryIndex(layout)
    return RangeIndex(layout, tuple(k.kind for k in table.keys))


def sorted_rows(rows: Mapping[tuple[Key, int], Row]) -> Iterator[Row]:
    """Rows in the order of their handles."""
    return iter(sorted(rows.values(), key=lambda row: row.handle))
