# SPDX-License-Identifier: Apache-2.0
"""State of a match-action table: entries, default action, direct counters and meters, ageing."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from softswitch.bmv2json.errors import MalformedProgram
from softswitch.bmv2json.model import Action, MatchKind, MeterArray, Table
from softswitch.state.changes import ChangeFeed
from softswitch.state.errors import (
    DeviceError,
    DuplicateEntry,
    ImmutableEntry,
    InvalidArgument,
    NoSuchEntry,
    TableFull,
)
from softswitch.state.index import make_index, sorted_rows
from softswitch.state.meters import Meter, Rate
from softswitch.state.profiles import ProfileState
from softswitch.state.rows import Row
from softswitch.state.values import (
    ActionSpec,
    CounterValue,
    Entry,
    EntryAction,
    Exact,
    GroupRef,
    Key,
    Lpm,
    MatchKey,
    MemberRef,
    Range,
    Ternary,
)

#: Pivot between JSON priorities (small wins) and those of this API (big wins); PI uses the same.
MAX_PRIORITY = (1 << 31) - 1

_KINDS = {
    MatchKind.EXACT: Exact,
    MatchKind.VALID: Exact,
    MatchKind.LPM: Lpm,
    MatchKind.TERNARY: Ternary,
    MatchKind.RANGE: Range,
}


def check_action(where: str, actions: Mapping[str, Action], spec: ActionSpec) -> Action:
    """The action that ``spec`` names; InvalidArgument when it is unknown or an argument does not fit."""
    action = actions.get(spec.name)
    if action is None:
        raise InvalidArgument(f"{where}: no action {spec.name}; valid: {', '.join(sorted(actions))}")
    if len(spec.args) != len(action.params):
        raise InvalidArgument(
            f"{where}: action {spec.name} takes {len(action.params)} arguments, {len(spec.args)} given"
        )
    for value, param in zip(spec.args, action.params, strict=True):
        if value < 0 or value >> param.width:
            raise InvalidArgument(
                f"{where}: {value:#x} does not fit parameter {param.name} of {spec.name} ({param.width} bits)"
            )
    return action


class TableState:
    """One table.  All methods are safe to call from any thread."""

    def __init__(
        self,
        spec: Table,
        profile: ProfileState | None,
        meter: MeterArray | None,
        lock: threading.RLock,
        clock_ns: Callable[[], int],
        feed: ChangeFeed,
    ) -> None:
        self.spec = spec
        self.name = spec.name
        self.profile = profile
        self.actions: dict[str, Action] = {action.name: action for action in spec.actions}
        self._meter_spec = meter
        self._lock = lock
        self._clock_ns = clock_ns
        self._feed = feed
        self._prioritised = spec.match in (MatchKind.TERNARY, MatchKind.RANGE)
        self._kinds = tuple(_KINDS[k.kind] for k in spec.keys)
        self._ones = tuple((1 << k.width) - 1 for k in spec.keys)
        self._masks = tuple(k.mask for k in spec.keys)
        self._masked = any(mask is not None for mask in self._masks)
        self._rows: dict[tuple[Key, int], Row] = {}
        self._make_row: Callable[[Entry, int, int], Row] = Row
        self._next_handle = 0
        self._free_handles: list[int] = []
        self._index = make_index(spec)
        #: entries come from the program and cannot be changed
        self.immutable = bool(spec.entries)
        #: read by compiled pipelines: what a miss runs
        self.default_row = Row(Entry((), ActionSpec("")), -1, 0)
        self._load_default()
        self._load_constants()

    @property
    def lookup(self) -> Callable[..., Row | None]:
        """The lookup function for compiled pipelines; it stays the same for the life of the table."""
        return self._index.lookup

    def adopt(self, make_row: Callable[[Entry, int, int], Row]) -> list[Row]:
        """Make rows by ``make_row`` from now on, and those that exist anew; answers the rows.

        For an engine that keeps counters and last-hit times elsewhere, at load: handles and ranks are kept.
        """
        with self._lock:
            self._make_row = make_row
            self._index.clear()
            for slot, old in self._rows.items():
                row = make_row(old.entry, old.handle, old.rank)
                row.action_id, row.args, row.last_hit_ns = old.action_id, old.args, old.last_hit_ns
                row.member, row.group = old.member, old.group
                self._rows[slot] = row
                self._index.add(row, slot[0], row.rank)
            return list(self._rows.values())

    def stored_key(self, row: Row) -> Key:
        """The key of a row as it is matched: the static masks of the key elements applied."""
        return self._check_key(row.entry.key) if self._masked else row.entry.key

    def __len__(self) -> int:
        return len(self._rows)

    # ------------------------------------------------------------------ entries

    def insert(self, entry: Entry) -> None:
        """Add an entry.

        Raises InvalidArgument (wrong kind, value too wide, bits outside the mask, unknown action, priority),
        DuplicateEntry, TableFull, ImmutableEntry, NoSuchEntry (unknown member or group).
        """
        with self._lock:
            self._refuse_immutable()
            row = self._insert(entry)
            self._feed.announce("table", self.name, "insert", row)

    def _insert(self, entry: Entry) -> Row:
        key = self._check_key(entry.key)
        slot = (key, self._check_priority(entry.priority))
        if slot in self._rows:
            raise DuplicateEntry(f"table {self.name}: an entry with key {self.describe_key(*slot)} exists already")
        if len(self._rows) >= self.spec.size:
            raise TableFull(f"table {self.name} is full ({self.spec.size} entries)")
        handle = heapq.heappop(self._free_handles) if self._free_handles else self._next_handle
        rank = (slot[1] << 32) | (0xFFFFFFFF - handle)
        row = self._make_row(entry, handle, rank)
        try:
            self._bind(row, entry.action)
        except Exception:
            if handle != self._next_handle:
                heapq.heappush(self._free_handles, handle)
            raise
        if handle == self._next_handle:
            self._next_handle += 1
        row.last_hit_ns = self._clock_ns()
        self._rows[slot] = row
        self._index.add(row, key, rank)
        return row

    def modify(self, entry: Entry) -> None:
        """Replace action, timeout and user data of the entry with the same key; counters are kept."""
        with self._lock:
            self._refuse_immutable()
            row = self._row(entry.key, entry.priority)
            member, group = row.member, row.group
            self._bind(row, entry.action)
            if member is not None:
                member.refs -= 1
            if group is not None:
                group.refs -= 1
            row.entry = entry
            row.last_hit_ns = self._clock_ns()
            row.expired = False
            self._feed.announce("table", self.name, "modify", row)

    def delete(self, key: Sequence[MatchKey], priority: int = 0) -> None:
        """Remove an entry; NoSuchEntry when there is none."""
        with self._lock:
            self._refuse_immutable()
            row = self._row(key, priority)
            slot = (self._check_key(tuple(key)), row.entry.priority if self._prioritised else 0)
            del self._rows[slot]
            self._index.remove(row, slot[0], row.rank)
            heapq.heappush(self._free_handles, row.handle)
            if row.member is not None:
                row.member.refs -= 1
            if row.group is not None:
                row.group.refs -= 1
            self._feed.announce("table", self.name, "delete", row)

    def get(self, key: Sequence[MatchKey], priority: int = 0) -> Entry:
        """The entry with this key; NoSuchEntry when there is none."""
        with self._lock:
            return self._row(key, priority).entry

    def entries(self) -> list[Entry]:
        """All entries in the order of their handles: of insertion, unless some were deleted."""
        with self._lock:
            return [row.entry for row in sorted_rows(self._rows)]

    def clear(self) -> None:
        """Remove all entries (those of the program stay) and restore the program's default action."""
        with self._lock:
            rows = [] if self.immutable else list(self._rows.values())
            if not self.immutable:
                for row in rows:
                    if row.member is not None:
                        row.member.refs -= 1
                    if row.group is not None:
                        row.group.refs -= 1
                self._rows.clear()
                self._index.clear()
                self._next_handle = 0
                self._free_handles.clear()
            self._feed.announce("table", self.name, "clear", rows)
            self._load_default()

    # ------------------------------------------------------------------ default action

    def set_default(self, action: EntryAction | None) -> None:
        """Set the action of a miss; None restores the program's.  ImmutableEntry when that is ``const``."""
        with self._lock:
            if action is None:
                self._load_default()
                return
            if self.spec.default is not None and self.spec.default.const:
                raise ImmutableEntry(f"table {self.name}: its default action is const")
            row = Row(Entry((), action), -1, 0)
            self._bind(row, action)
            self._release_default()
            self.default_row = row
            self._feed.announce("default", self.name, "set")

    def default(self) -> EntryAction | None:
        """The action of a miss, or None when there is none (a miss then does nothing)."""
        with self._lock:
            action = self.default_row.entry.action
            return None if isinstance(action, ActionSpec) and not action.name else action

    def initial_default(self) -> ActionSpec | None:
        """The program's default action."""
        default = self.spec.default
        if default is None:
            return None
        name = next(a.name for a in self.spec.actions if a.id == default.action_id)
        return ActionSpec(name, default.args)

    def _load_default(self) -> None:
        row = Row(Entry((), ActionSpec("")), -1, 0)
        default = self.spec.default
        if default is not None:
            action = next((a for a in self.spec.actions if a.id == default.action_id), None)
            row.action_id = default.action_id
            row.args = default.args
            row.entry = Entry((), ActionSpec(action.name if action else "", default.args))
        self._release_default()
        self.default_row = row
        self._feed.announce("default", self.name, "set")

    def _release_default(self) -> None:
        row = getattr(self, "default_row", None)
        if row is not None and row.member is not None:
            row.member.refs -= 1
        if row is not None and row.group is not None:
            row.group.refs -= 1

    def _load_constants(self) -> None:
        by_id = {action.id: action.name for action in self.spec.actions}
        for const in self.spec.entries:
            key: list[MatchKey] = []
            for (kind, first, second), spec in zip(const.key, self.spec.keys, strict=True):
                if kind in (MatchKind.EXACT, MatchKind.VALID):
                    key.append(Exact(first))
                elif kind is MatchKind.LPM:
                    key.append(Lpm(first & ~(((1 << spec.width) - 1) >> second), second))
                elif kind is MatchKind.TERNARY:
                    key.append(Ternary(first & second, second))
                else:
                    key.append(Range(first, min(second, (1 << spec.width) - 1)))
            priority = MAX_PRIORITY - const.priority if self._prioritised else 0
            try:
                self._insert(Entry(tuple(key), ActionSpec(by_id[const.action_id], const.args), priority))
            except DeviceError as err:
                raise MalformedProgram(f"entries of table {self.name}", str(err)) from None

    # ------------------------------------------------------------------ direct resources

    def counter(self, key: Sequence[MatchKey], priority: int = 0) -> CounterValue:
        """Direct counter of an entry; InvalidArgument when the table has none."""
        with self._lock:
            self._require_counters()
            row = self._row(key, priority)
            return CounterValue(row.packets, row.bytes)

    def set_counter(self, key: Sequence[MatchKey], packets: int, byte_count: int, priority: int = 0) -> None:
        """Write the direct counter of an entry."""
        with self._lock:
            self._require_counters()
            row = self._row(key, priority)
            row.packets, row.bytes = packets, byte_count
            self._feed.announce("counter", self.name, "set", row)

    def counters(self) -> Iterator[tuple[Entry, CounterValue]]:
        """Every entry with its direct counter."""
        with self._lock:
            self._require_counters()
            rows = list(sorted_rows(self._rows))
        return ((row.entry, CounterValue(row.packets, row.bytes)) for row in rows)

    def set_meter(self, key: Sequence[MatchKey], rates: Sequence[tuple[float, int]] | None, priority: int = 0) -> None:
        """Configure the direct meter of an entry, committed rate first; None resets it to "always green"."""
        with self._lock:
            spec = self._require_meter()
            row = self._row(key, priority)
            if not rates:
                row.meter = None
                self._feed.announce("meter", self.name, "delete", row)
                return
            if len(rates) != spec.rates:
                raise InvalidArgument(f"meter {spec.name} takes {spec.rates} rates, {len(rates)} given")
            meter = Meter(spec.unit_packets)
            meter.configure(rates, self._clock_ns() // 1000)
            row.meter = meter
            self._feed.announce("meter", self.name, "set", row)

    def meter(self, key: Sequence[MatchKey], priority: int = 0) -> tuple[Rate, ...]:
        """Rates of the direct meter of an entry, () when unconfigured."""
        with self._lock:
            self._require_meter()
            row = self._row(key, priority)
            return row.meter.rates if row.meter else ()

    @property
    def has_meter(self) -> bool:
        """Whether the table has direct meters."""
        return self._meter_spec is not None

    def time_since_last_hit_ns(self, key: Sequence[MatchKey], priority: int = 0) -> int:
        """Nanoseconds since the entry was hit, inserted or modified (tables with ``support_timeout``)."""
        with self._lock:
            return self._clock_ns() - self._row(key, priority).last_hit_ns

    def expire(self) -> list[Entry]:
        """Entries whose idle timeout ran out since the last call; each is reported once until hit again."""
        if not self.spec.support_timeout:
            return []
        result: list[Entry] = []
        with self._lock:
            now = self._clock_ns()
            for row in self._rows.values():
                timeout = row.entry.idle_timeout_ns
                if not timeout:
                    continue
                if now - row.last_hit_ns < timeout:
                    row.expired = False
                elif not row.expired:
                    row.expired = True
                    result.append(row.entry)
        return result

    # ------------------------------------------------------------------ checks

    def _refuse_immutable(self) -> None:
        if self.immutable:
            raise ImmutableEntry(f"table {self.name}: its entries are const in the program")

    def _require_counters(self) -> None:
        if not self.spec.with_counters:
            raise InvalidArgument(f"table {self.name} has no direct counter")

    def _require_meter(self) -> MeterArray:
        if self._meter_spec is None:
            raise InvalidArgument(f"table {self.name} has no direct meter")
        return self._meter_spec

    def _check_priority(self, priority: int) -> int:
        if not self._prioritised:
            return 0
        if not 0 <= priority <= MAX_PRIORITY:
            raise InvalidArgument(f"table {self.name}: priority {priority} is not in 0..{MAX_PRIORITY}")
        return priority

    def _check_key(self, key: Key) -> Key:
        if len(key) != len(self._kinds):
            raise InvalidArgument(
                f"table {self.name}: the key has {len(self._kinds)} elements "
                f"({', '.join(k.name for k in self.spec.keys)}), {len(key)} given"
            )
        for part, kind, ones, spec in zip(key, self._kinds, self._ones, self.spec.keys, strict=True):
            if part.__class__ is not kind:
                raise InvalidArgument(
                    f"table {self.name}, key {spec.name}: {kind.__name__} expected, not {type(part).__name__}"
                )
            if not 0 <= part[0] <= ones:
                raise InvalidArgument(
                    f"table {self.name}, key {spec.name}: {part[0]:#x} does not fit {spec.width} bits"
                )
            if kind is not Exact:
                self._check_second(part, ones, spec.name, spec.width)
        if self._masked:
            return tuple(
                part._replace(value=part.value & mask) if mask is not None and not isinstance(part, Range) else part
                for part, mask in zip(key, self._masks, strict=True)
            )
        return key

    def _check_second(self, part: MatchKey, ones: int, name: str, width: int) -> None:
        where = f"table {self.name}, key {name}"
        if isinstance(part, Lpm):
            if not 0 <= part.prefix_len <= width:
                raise InvalidArgument(f"{where}: prefix length {part.prefix_len} is not in 0..{width}")
            if part.value & (ones >> part.prefix_len):
                raise InvalidArgument(f"{where}: {part.value:#x} has bits below its prefix /{part.prefix_len}")
        elif isinstance(part, Ternary):
            if not 0 <= part.mask <= ones:
                raise InvalidArgument(f"{where}: mask {part.mask:#x} does not fit {width} bits")
            if part.value & ~part.mask:
                raise InvalidArgument(f"{where}: {part.value:#x} has bits outside its mask {part.mask:#x}")
        elif isinstance(part, Range) and not part.low <= part.high <= ones:
            raise InvalidArgument(f"{where}: range {part.low:#x}..{part.high:#x} is empty or exceeds {width} bits")

    def _row(self, key: Sequence[MatchKey], priority: int) -> Row:
        checked = self._check_key(tuple(key))
        slot = (checked, self._check_priority(priority))
        row = self._rows.get(slot)
        if row is None:
            raise NoSuchEntry(f"table {self.name}: no entry with key {self.describe_key(*slot)}")
        return row

    def describe_key(self, key: Key, priority: int = 0) -> str:
        """The key as text for messages and traces: ``name=value`` with /len, &&&mask or lo..hi."""
        parts = []
        for part, spec in zip(key, self.spec.keys, strict=True):
            if isinstance(part, Lpm):
                text = f"{part.value:#x}/{part.prefix_len}"
            elif isinstance(part, Ternary):
                text = f"{part.value:#x}&&&{part.mask:#x}"
            elif isinstance(part, Range):
                text = f"{part.low:#x}..{part.high:#x}"
            else:
                text = f"{part.value:#x}"
            parts.append(f"{spec.name}={text}")
        if self._prioritised:
            parts.append(f"priority={priority}")
        return " ".join(parts)

    def _bind(self, row: Row, action: EntryAction) -> None:
        where = f"table {self.name}"
        if isinstance(action, ActionSpec):
            if self.profile is not None:
                raise InvalidArgument(f"{where} takes members or groups of {self.profile.name}, not actions")
            resolved = check_action(where, self.actions, action)
            row.action_id, row.args = resolved.id, action.args
            return
        if self.profile is None:
            raise InvalidArgument(f"{where} has no action profile: give it an action")
        if isinstance(action, MemberRef):
            row.member, row.group = self.profile.member(action.member), None
            row.member.refs += 1
        else:
            assert isinstance(action, GroupRef)
            row.member, row.group = None, self.profile.group(action.group)
            row.group.refs += 1
