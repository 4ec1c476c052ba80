# SPDX-License-Identifier: Apache-2.0
"""Frames and table entries for the small programs, from a seed: random, structured and mutated."""

from __future__ import annotations

import random
from collections.abc import Iterator

from p4rtlib.objects import FieldInfo, MatchFieldInfo, Scope, TableInfo
from srv6cp.p4rt import (
    Action,
    ActionProfileGroup,
    ActionProfileMember,
    ActionSet,
    CloneSession,
    CounterData,
    GroupMember,
    GroupRef,
    Lpm,
    MatchKind,
    MemberRef,
    MeterConfig,
    MeterEntry,
    MulticastGroup,
    P4Info,
    Range,
    Replica,
    TableEntry,
    Ternary,
    Update,
    WeightedAction,
    insert,
    modify,
)
from srv6cp.p4rt.entities import MatchValue, TableAction

from .rigs import LEFT_OUT
from .test_programs import data_packet, key_packet

ENTRIES = 12  # attempts a table
MEMBERS = 5
PORTS = 4

# The shortest frame of which a program reads nothing that it has not set (BMv2 keeps fields of earlier packets), and
# the length that makes whole headers likely.
SIZES = {
    "arithmetic": (1, 24),
    "beyond": (1, 65),
    "expressions": (1, 79),
    "externs": (1, 18),
    "flow": (4, 14),
    "headers": (2, 12),
    "kinds": (1, 7),
    "loops": (4, 4),
    "matching": (1, 34),
    "order": (1, 4),
    "parsing": (1, 14),
    "replication": (4, 14),
    "selects": (1, 9),
    "shared": (1, 4),
    "state": (1, 37),
    "tables": (17, 17),
    "unions": (1, 12),
}

# (position, value) of bytes with which a program does what BMv2 does not survive (a false assertion, an index beyond
# an array), or what is not repeatable (random numbers).
AVOIDED = {"externs": ((5, 5), (5, 6), (5, 10))}


class Stimuli:
    """Frames and entries for one program."""

    def __init__(self, program: str, seed: int = 1) -> None:
        self.program = program
        self.random = random.Random(f"{program} {seed}")
        self.shortest, self.usual = SIZES[program]
        self.avoided = AVOIDED.get(program, ())

    # --- frames

    def _byte(self) -> int:
        rng = self.random
        return rng.choice((rng.randrange(4), rng.randrange(32), 0x7F, 0x80, 0xFF, rng.randrange(256)))

    def _structured(self) -> bytes | None:
        """A frame that satisfies checksums, or keys that nothing random would hit."""
        rng = self.random
        if self.program == "tables":
            prefixes = [0x20010DB8 << 32, 0x20010DB80001 << 16, 0x20010DB80001 << 16 | 1, 0]
            return key_packet(
                rng.choice([1, 2, 3, 0x81, 0x82, 0x11]),
                rng.choice([0, 1, 2, 5, 6, 0x100, 0x8000]),
                rng.choice([0x0A000000, 0x0A000001, 7, 1, 9, 0]),
                rng.choice(prefixes) ^ rng.choice([0, 1, 1 << 20]),
                rng.choice([0, 1, 0xFF, 0xFB]),
                rng.choice(["", "07", "02"]),
            )
        if self.program == "externs":
            text, trailer = rng.randbytes(rng.randrange(9)), rng.randbytes(rng.randrange(9))
            x, y, z, p = rng.randrange(256), rng.getrandbits(16), rng.getrandbits(32), rng.getrandbits(8)
            return data_packet(rng.choice([1, 2, 3, 7, 8, 9]), x, y, z, p, text, rng.random() < 0.7) + trailer
        return None

    def frames(self, count: int) -> Iterator[tuple[int, bytes]]:
        """(port, frame) pairs; small numbers are frequent, and so are mutations of earlier frames."""
        rng = self.random
        earlier: list[bytes] = []
        for _ in range(count):
            if earlier and rng.random() < 0.4:
                frame = bytearray(rng.choice(earlier[-50:]))
                for _ in range(rng.randint(1, 3)):
                    frame[rng.randrange(len(frame))] = self._byte()
                if rng.random() < 0.3:
                    frame = frame[: rng.randint(0, len(frame))]
                if rng.random() < 0.1:
                    frame += rng.randbytes(rng.randint(0, 200))
            elif rng.random() < 0.5 and (made := self._structured()) is not None:
                frame = bytearray(made)
            else:
                size = rng.choice((self.usual, self.usual, self.usual + 20, rng.randint(1, self.usual)))
                frame = bytearray(self._byte() for _ in range(size))
                frame[0] = rng.choice((rng.randrange(32), self._byte()))
            frame = frame.ljust(self.shortest, b"\0")
            for position, value in self.avoided:
                if len(frame) > position and frame[position] == value:
                    frame[position] = 0
            earlier.append(bytes(frame))
            yield rng.randrange(PORTS), bytes(frame)

    # --- entries

    def _number(self, width: int) -> int:
        """Like the numbers that frames have in their fields."""
        rng = self.random
        octets = bytes(self._byte() for _ in range((width + 7) // 8))
        choices = (int.from_bytes(octets, "big"), rng.randrange(32), rng.randrange(4), rng.getrandbits(width))
        return rng.choice(choices) & ((1 << width) - 1)

    def _match(self, field: MatchFieldInfo) -> MatchValue | None:
        rng, ones = self.random, (1 << field.width) - 1
        value = self._number(field.width)
        if field.kind is MatchKind.EXACT:
            return value
        if rng.random() < 0.25:
            return None
        if field.kind is MatchKind.LPM:
            length = rng.randint(1, field.width)
            return Lpm(value & ~(ones >> length), length)
        if field.kind is MatchKind.TERNARY:
            mask = rng.choice((ones, 1, 3, ones ^ (ones >> 4), rng.getrandbits(field.width))) & ones
            return Ternary(value & mask, mask) if mask else None
        if field.kind is MatchKind.RANGE:
            low, high = sorted((value, self._number(field.width)))
            return Range(low, high) if (low, high) != (0, ones) else None
        return value

    def _action(self, table: TableInfo, default: bool = False) -> Action:
        unwanted = Scope.TABLE_ONLY if default else Scope.DEFAULT_ONLY
        chosen = self.random.choice([ref.action for ref in table.actions if ref.scope is not unwanted])
        return Action(chosen.alias, {param.name: self._argument(param) for param in chosen.params})

    def _argument(self, param: FieldInfo) -> int:
        return self._number(param.width)

    def _meter(self) -> MeterConfig:
        """No rate: colours depend on packets alone, not on time."""
        burst = self.random.randrange(200)
        return MeterConfig(0, burst, 0, burst + self.random.randrange(200))

    def updates(self, info: P4Info, shortened: int = 0) -> list[Update]:
        """Entries of all tables that take any, members and groups, meters, copies of packets; copies of session 7
        are cut to ``shortened`` bytes.
        """
        found: list[Update] = [
            insert(MulticastGroup(1, (Replica(1, 7), Replica(2, 7), Replica(3, 9)))),
            insert(MulticastGroup(2, (Replica(4, 1),))),
            insert(CloneSession(5, (Replica(4, 11),))),
            insert(CloneSession(6, (Replica(3, 1), Replica(4, 2)))),
            insert(CloneSession(7, (Replica(2, 3),), packet_length_bytes=shortened)),
        ]
        for name, meter in info.meters.items():
            for index in self.random.sample(range(meter.size), min(6, meter.size)):
                config = self._meter()
                found.append(modify(MeterEntry(name, index, config.cir, config.cburst, config.pir, config.pburst)))
        programmed = self._profiles(info, found)
        # p4c makes a table that has entries from the start as large as these
        full = {table.preamble.id for table in info.proto.tables if table.has_initial_entries}
        for table in info.tables.values():
            # nobody writes keys whose width the p4info does not have, or into a table that the compiler left out
            if not all(field.width for field in table.fields) or table.alias == LEFT_OUT:
                continue
            if not table.is_const and table.id not in full:
                found += self._entries(table, programmed)
        return found

    def _profiles(self, info: P4Info, found: list[Update]) -> set[str]:
        """Members and groups of every second selector and of all profiles; the others get action sets."""
        programmed = set()
        for position, (name, profile) in enumerate(sorted(info.profiles.items())):
            if profile.selector and position % 2:
                continue
            programmed.add(name)
            table = next(t for t in info.tables.values() if t.profile is not None and t.profile.alias == name)
            for member in range(1, MEMBERS + 1):
                found.append(insert(ActionProfileMember(name, member, self._action(table))))
            if profile.selector:
                for group in (1, 2):
                    members = self.random.sample(range(1, MEMBERS + 1), self.random.randint(1, 4))
                    parts = tuple(GroupMember(member) for member in members)
                    found.append(insert(ActionProfileGroup(name, group, parts, max_size=8)))
        return programmed

    def _indirect(self, table: TableInfo, programmed: set[str]) -> TableAction:
        assert table.profile is not None
        if table.profile.alias not in programmed:
            actions = [self._action(table) for _ in range(self.random.randint(1, 3))]
            return ActionSet(tuple(WeightedAction(action, self.random.randint(1, 3)) for action in actions))
        if table.profile.selector and self.random.random() < 0.7:
            return GroupRef(self.random.randint(1, 2))
        return MemberRef(self.random.randint(1, MEMBERS))

    def _entries(self, table: TableInfo, programmed: set[str]) -> Iterator[Update]:
        seen = set()
        for priority in range(1, ENTRIES + 1):
            match = {field.name: value for field in table.fields if (value := self._match(field)) is not None}
            key = repr(sorted(match.items()))
            if not table.fields or key in seen:
                continue
            seen.add(key)
            yield insert(
                TableEntry(
                    table.alias,
                    match,
                    self._indirect(table, programmed) if table.profile else self._action(table),
                    priority if table.has_priority else 0,
                    counter=CounterData() if table.counter else None,
                    meter=self._meter() if table.meter else None,
                )
            )
        if table.const_default is None and table.profile is None and self.random.random() < 0.5:
            yield modify(TableEntry(table.alias, action=self._action(table, True), is_default=True))
