# SPDX-License-Identifier: Apache-2.0
"""Keeps native tables, profiles, meters and replication equal to the device's state.

Counters and registers are not copied: the state's sequences are put over the native memory.  Rows of tables keep
their counters and last-hit times in the native row as well (:class:`NativeRow`), so that reading the state reads
what the packets wrote, and a packet traced by the Python engine counts in the same place.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import struct
import weakref
from ctypes import c_double, c_int64, c_uint64
from typing import Any

from softswitch.bmv2json.model import Action, MatchKind, Program
from softswitch.engine.native.assemble import Generated
from softswitch.engine.native.plans import TablePlan, args_format
from softswitch.state.changes import Change
from softswitch.state.meters import Meter
from softswitch.state.rows import Group, Member, Row
from softswitch.state.state import State
from softswitch.state.tables import TableState
from softswitch.state.values import Entry, GroupRef, Lpm, MemberRef, Range, Ternary

#: ``struct plan`` of changes.h: kind, words, args_size, size, number of ranges, ranges.
_PLAN = struct.Struct("<5I16I")
#: Head of ``struct change`` of changes.h: rank, last-hit time, prefix, action, args_size.
_CHANGE = struct.Struct("<QQIII4x")
_NOTHING = [0, 0, 0]
_NO_ACTION = 0xFFFFFFFF
#: What stands for the action in tables with an action profile: tables.h.
_TO_MEMBER, _TO_GROUP = 0, 1
_TARGET = struct.Struct("<Q")
#: Most rows of a table; a program may ask for more and get this many.
MAX_ROWS = 1 << 26
_M64 = (1 << 64) - 1


def _shared(size: int) -> Any:
    """Zeroed cells of 64 bits, in huge pages where there are many."""
    if 8 * size < mmap.PAGESIZE:
        return (c_uint64 * size)()
    memory = mmap.mmap(-1, 8 * size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(AttributeError, OSError):  # as the kernel likes
        memory.madvise(mmap.MADV_HUGEPAGE)
    return (c_uint64 * size).from_buffer(memory)


class NativeRow(Row):
    """A row whose counters and last-hit time are those of the native row at ``address`` (0: of none yet)."""

    __slots__ = ("_kept", "address")

    def __init__(self, entry: Entry, handle: int, rank: int) -> None:
        self.address = 0
        self._kept = [0, 0, 0]
        super().__init__(entry, handle, rank)

    def _read(self, place: int) -> int:
        """A value of ``struct cells``, with which the native row starts."""
        address = self.address
        return c_uint64.from_address(address + 8 * place).value if address else self._kept[place]

    def _write(self, place: int, value: int) -> None:
        if self.address:
            c_uint64.from_address(self.address + 8 * place).value = value
        else:
            self._kept[place] = value

    @property
    def packets(self) -> int:
        """Packets that hit the row."""
        return self._read(0)

    @packets.setter
    def packets(self, value: int) -> None:
        self._write(0, value)

    @property
    def bytes(self) -> int:
        """Bytes of the packets that hit the row."""
        return self._read(1)

    @bytes.setter
    def bytes(self, value: int) -> None:
        self._write(1, value)

    @property
    def last_hit_ns(self) -> int:
        """Monotonic time of the last hit, insertion or modification."""
        return self._read(2)

    @last_hit_ns.setter
    def last_hit_ns(self, value: int) -> None:
        self._write(2, value)

    def bind(self, address: int) -> None:
        """The native row is there; it was made with the row's last-hit time."""
        self.address = address
        self._kept = _NOTHING

    def unbind(self) -> None:
        """The native row is about to go; whoever still holds this one reads its last values."""
        self._kept = [self._read(place) for place in range(3)]
        self.address = 0


class _Arguments:
    """Packs the arguments of one action as the generated struct has them."""

    __slots__ = ("_pack", "_wide")

    def __init__(self, action: Action) -> None:
        self._pack = struct.Struct(args_format(action)).pack
        self._wide = [p.width > 64 for p in action.params] if any(p.width > 64 for p in action.params) else None

    def __call__(self, args: tuple[int, ...]) -> bytes:
        if self._wide is None:
            return self._pack(*args)
        values: list[int] = []
        for value, wide in zip(args, self._wide, strict=True):
            if wide:
                values += (value & _M64, value >> 64)
            else:
                values.append(value)
        return self._pack(*values)


class _TableMirror:
    """One table: turns rows into ``struct change``."""

    def __init__(self, mirror: Mirror, state: TableState, plan: TablePlan, number: int) -> None:
        self.mirror = mirror
        self.state = state
        self.plan = plan
        self.number = number
        self.arguments = {action.id: _Arguments(action) for action in state.spec.actions}
        self.size = 8 * plan.words
        self._ones = sum(((1 << w) - 1) << s for s, w in zip(plan.shifts, plan.widths, strict=True))
        self._full = self._ones.to_bytes(self.size, "little")
        self._blank = bytes(self.size), bytes(self.size), bytes(16 * len(plan.ranges))
        self._lpm = next((i for i, key in enumerate(state.spec.keys) if key.kind is MatchKind.LPM), 0)
        self._lpm_masks: dict[int, bytes] = {}

    def _position(self, row: Row) -> tuple[bytes, bytes, int, bytes]:
        """Key, mask, prefix length and ranges of a row."""
        key = self.state.stored_key(row)
        shifts, size = self.plan.shifts, self.size
        match = self.state.spec.match
        if match is MatchKind.EXACT:
            value = 0
            for part, shift in zip(key, shifts, strict=True):
                value |= part[0] << shift
            return value.to_bytes(size, "little"), self._full, 0, b""
        if match is MatchKind.LPM:
            value = 0
            for part, shift in zip(key, shifts, strict=True):
                value |= part[0] << shift
            prefix = key[self._lpm][1]  # type: ignore[misc]
            return value.to_bytes(size, "little"), self._lpm_mask(prefix), prefix, b""
        value = mask = 0
        ranges = b""
        for part, shift, width in zip(key, shifts, self.plan.widths, strict=True):
            ones = (1 << width) - 1
            part_mask = ones
            if isinstance(part, Range):
                ranges += struct.pack("<QQ", part.low, part.high)
                continue
            if isinstance(part, Ternary):
                part_mask = part.mask
            elif isinstance(part, Lpm):
                part_mask = ones ^ (ones >> part.prefix_len)
            value |= (part[0] & part_mask) << shift
            mask |= part_mask << shift
        return value.to_bytes(size, "little"), mask.to_bytes(size, "little"), 0, ranges

    def _lpm_mask(self, prefix: int) -> bytes:
        """All bits but those of the address behind a prefix, which are the lowest."""
        mask = self._lpm_masks.get(prefix)
        if mask is None:
            host = self.plan.widths[self._lpm] - prefix
            mask = (self._ones >> host << host).to_bytes(self.size, "little")
            self._lpm_masks[prefix] = mask
        return mask

    def _action(self, row: Row) -> tuple[int, bytes]:
        """Action and arguments."""
        if row.member is not None:
            return _TO_MEMBER, _TARGET.pack(self.mirror.members[row.member])
        if row.group is not None:
            return _TO_GROUP, _TARGET.pack(self.mirror.groups[row.group])
        pack = self.arguments.get(row.action_id)
        if pack is None or self.state.spec.profile:
            return _NO_ACTION, b""
        return row.action_id, pack(row.args)

    def change(self, row: Row) -> bytes:
        """``struct change`` for the row."""
        action, args = self._action(row)
        key, mask, prefix, ranges = self._position(row)
        return b"".join((_CHANGE.pack(row.rank, row.last_hit_ns, prefix, action, len(args)), key, mask, ranges, args))

    def default(self) -> bytes:
        """The same for the action of a miss."""
        action, args = self._action(self.state.default_row)
        return b"".join((_CHANGE.pack(0, 0, 0, action, len(args)), *self._blank, args))

    def place(self, row: Row) -> bytes:
        """The same for a row that goes: only where it is."""
        key, mask, prefix, _ = self._position(row)
        return b"".join((_CHANGE.pack(0, 0, prefix, _NO_ACTION, 0), key, mask))


class Handle:
    """The native switch; freed with the last reference."""

    def __init__(self, library: Any, started_ns: int) -> None:
        self.library = library
        self.address: int = library.sw_new(started_ns)
        if not self.address:
            raise MemoryError("no memory for the native switch")
        #: memory that native code refers to
        self.keep: list[Any] = []
        self._finalizer = weakref.finalize(self, library.sw_free, self.address)
        self._finalizer.atexit = False  # threads may still run packets


class Mirror:
    """Native copies of everything that a controller writes."""

    def __init__(self, library: Any, generated: Generated, program: Program, state: State) -> None:
        self.library = library
        self.state = state
        self.handle = Handle(library, state.started_ns)
        self._sw = self.handle.address
        #: addresses of native members and selections
        self.members: dict[Member, int] = {}
        self.groups: dict[Group, int] = {}
        #: by profile, whether a member, id: references of both kinds are tuples that compare equal
        self._profile_rows: dict[tuple[str, bool, int], Member | Group] = {}
        self._copies: set[tuple[int, int]] = set()
        self._arrays(program)
        self._tables = {
            name: _TableMirror(self, state.tables[name], generated.plans[name], number)
            for number, name in enumerate(program.tables)
        }
        self._meters = {name: i for i, name in enumerate(n for n, m in program.meters.items() if not m.table)}
        self._value_sets = {name: i for i, name in enumerate(program.value_sets)}
        self._member_actions = {name: self._profile_actions(program, name) for name in program.profiles}
        for table in self._tables.values():
            self._adopt(table)

    # -- at load

    def _arrays(self, program: Program) -> None:
        """Put counters and registers into memory that both sides see."""
        for number, counter in enumerate(self.state.counters.values()):
            cells = _shared(2 * counter.size)
            self.handle.keep.append(cells)
            self.library.sw_counter(self._sw, number, ctypes.addressof(cells))
            both: Any = memoryview(cells).cast("B").cast("Q")
            counter.packets, counter.bytes = both[::2], both[1::2]
        for number, register in enumerate(self.state.registers.values()):
            if register.width <= 64:  # wider ones: no code that was accepted refers to them
                cells = _shared(register.size)
                self.handle.keep.append(cells)
                self.library.sw_register(self._sw, number, ctypes.addressof(cells))
                register.cells = cells

    @staticmethod
    def _profile_actions(program: Program, name: str) -> tuple[dict[str, _Arguments], int]:
        actions = program.profile_actions(name)
        room = max((struct.calcsize(args_format(a)) for a in actions.values()), default=0)
        return {n: _Arguments(a) for n, a in actions.items()}, room

    def _adopt(self, table: _TableMirror) -> None:
        how = table.plan
        flat = [number for pair in how.ranges for number in pair]
        padding = [0] * (16 - len(flat))
        size = min(table.state.spec.size, MAX_ROWS)
        record = _PLAN.pack(how.kind, how.words, how.args_size, size, len(how.ranges), *flat, *padding)
        self.library.sw_table(self._sw, table.number, record)
        for row in table.state.adopt(self.make_row):
            self._insert(table, row)
        self._default(table)

    def make_row(self, entry: Entry, handle: int, rank: int) -> NativeRow:
        """Rows of all tables; being a method, it keeps the native memory alive as long as the tables."""
        return NativeRow(entry, handle, rank)

    # -- changes

    def changed(self, change: Change) -> None:
        """Copy a change."""
        kind = change.kind
        if kind == "table":
            self._table(self._tables[change.name], change)
        elif kind == "default":
            self._default(self._tables[change.name])
        elif kind == "profile":
            self._profile(change)
        elif kind == "meter":
            self._meter(change)
        elif kind == "value_set":
            members = sorted(self.state.value_sets[change.name].members)
            data = b"".join(value.to_bytes(16, "little") for value in members)
            self.library.sw_value_set(self._sw, self._value_sets[change.name], len(members), data)
        elif kind in ("multicast", "clone"):
            self._replication(change)
        # counters and registers share their memory

    def _insert(self, table: _TableMirror, row: Row) -> None:
        assert isinstance(row, NativeRow)
        row.bind(self.library.sw_insert(self._sw, table.number, table.change(row)))

    def _table(self, table: _TableMirror, change: Change) -> None:
        row = change.detail
        if change.operation == "insert":
            self._insert(table, row)
        elif change.operation == "modify":
            self.library.sw_modify(self._sw, table.number, row.address, table.change(row))
        elif change.operation == "delete":
            address = row.address
            row.unbind()
            self.library.sw_delete(self._sw, table.number, address, table.place(row))
        elif change.operation == "clear" and not table.state.immutable:
            for gone in row:
                gone.unbind()
            self.library.sw_clear(self._sw, table.number)

    def _default(self, table: _TableMirror) -> None:
        self.library.sw_default(self._sw, table.number, table.default())

    def _profile(self, change: Change) -> None:
        profile, ref = self.state.profiles[change.name], change.detail
        if change.operation == "clear":
            for key in [key for key in self._profile_rows if key[0] == change.name]:
                self._forget(self._profile_rows.pop(key))
        elif change.operation == "delete":
            self._forget(self._profile_rows.pop((change.name, isinstance(ref, MemberRef), ref[0])))
        elif isinstance(ref, MemberRef):
            member = profile.member(ref.member)
            pack, room = self._member_actions[change.name]
            args = pack[member.spec.name](member.args)
            self.members[member] = self.library.sw_member(
                self._sw, self.members.get(member), member.action_id, args, len(args), room
            )
            self._profile_rows[change.name, True, ref.member] = member
        elif isinstance(ref, GroupRef):
            group = profile.group(ref.group)
            slots = (ctypes.c_void_p * max(1, len(group.slots)))(*(self.members[m] for m in group.slots))
            self.groups[group] = self.library.sw_selection(
                self._sw, self.groups.get(group), len(group.slots), ctypes.addressof(slots)
            )
            self._profile_rows[change.name, False, ref.group] = group

    def _forget(self, item: Member | Group) -> None:
        if isinstance(item, Member):
            self.library.sw_forget(None, self.members.pop(item))
        else:
            self.library.sw_forget(self.groups.pop(item), None)

    def _meter(self, change: Change) -> None:
        table = self._tables.get(change.name)
        if table is not None and isinstance(change.detail, NativeRow):
            self._configure(table.number, 0, change.detail.address, change.detail.meter)
            return
        array, number = self.state.meters[change.name], self._meters[change.name]
        if change.operation == "clear":
            for index in range(array.size):
                self._configure(number, index, None, None)
        else:
            self._configure(number, change.detail, None, array.cells.get(change.detail))

    def _configure(self, number: int, index: int, row: int | None, meter: Meter | None) -> None:
        rates = meter.rates if meter is not None else ()
        count = len(rates)
        per_second = (c_double * max(1, count))(*(rate.rate for rate in rates))
        bursts = (c_int64 * max(1, count))(*(rate.burst for rate in rates))
        packets = int(meter.unit_packets) if meter is not None else 0
        origin = meter.origin_us if meter is not None else 0
        self.library.sw_meter(self._sw, number, index, row, packets, count, per_second, bursts, origin)

    def _replication(self, change: Change) -> None:
        clone = int(change.kind == "clone")
        if change.operation == "clear":
            for item in [item for item in self._copies if item[0] == clone]:
                self.library.sw_copies(self._sw, clone, item[1], -1, 0, None)
                self._copies.discard(item)
            return
        number = change.detail
        if change.operation == "delete":
            self.library.sw_copies(self._sw, clone, number, -1, 0, None)
            self._copies.discard((clone, number))
            return
        cut = 0
        if clone:
            session = self.state.pre.sessions[number]
            replicas, cut = session.replicas, session.packet_length
        else:
            replicas = self.state.pre.groups[number]
        flat = [value for replica in replicas for value in (replica.port, replica.instance)]
        array = (ctypes.c_uint32 * max(1, len(flat)))(*flat)
        self.library.sw_copies(self._sw, clone, number, len(replicas), min(cut, 1 << 30), ctypes.addressof(array))
        self._copies.add((clone, number))
