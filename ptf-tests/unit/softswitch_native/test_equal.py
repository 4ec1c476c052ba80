# SPDX-License-Identifier: Apache-2.0
"""Random packets and random table entries through both engines: what leaves, and what is counted, is the same."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from softswitch.bmv2json import load_program
from softswitch.bmv2json.model import MatchKind, Table
from softswitch.device import ActionSpec, DuplicateEntry, Entry, Exact, Lpm, Range, TableFull, Ternary
from softswitch.state.values import MatchKey

from ..softswitch_engine.conftest import PROGRAMS
from .conftest import NAMES, Bench


def pair(name: str, edit: Any = None) -> tuple[Bench, Bench]:
    """The same program on both engines."""
    program = json.loads((PROGRAMS / f"{name}.json").read_text())
    if edit is not None:
        edit(program)
    result = []
    for engine in ("python", "native"):
        device = Bench(cpu_port=510, engine=engine)
        device.load(load_program(program))
        result.append(device)
    return result[0], result[1]


def frames(rng: random.Random, count: int) -> Iterator[bytes]:
    """Random frames in which small numbers are frequent, and mutations of earlier ones."""
    earlier: list[bytes] = []
    for _ in range(count):
        if earlier and rng.random() < 0.4:
            frame = bytearray(rng.choice(earlier))
            for _ in range(rng.randint(1, 3)):
                if frame:
                    frame[rng.randrange(len(frame))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.getrandbits(8)])
            if rng.random() < 0.3:
                frame = frame[: rng.randint(0, len(frame))]
        else:
            size = rng.choice([0, 1, 2, 5, 12, 16, 24, 40, 64])
            frame = bytearray(rng.choice([rng.randrange(13), rng.getrandbits(8)]) for _ in range(size))
        earlier.append(bytes(frame))
        yield bytes(frame)


def fates(device: Bench) -> dict[str, int]:
    """Counts of the device, drops included."""
    return device.stats.as_dict()


@pytest.mark.parametrize("name", NAMES)
def test_random_packets(name: str) -> None:
    python, native = pair(name)
    for device in (python, native):
        device.pre.set_multicast_group(1, [(1, 7), (2, 7), (3, 9)])
        device.pre.set_clone_session(5, [(4, 11)])
        device.pre.set_clone_session(6, [(3, 1), (4, 2)], packet_length_bytes=20)
    rng = random.Random(name)
    for number, frame in enumerate(frames(rng, 1500)):
        if name == "externs" and frame[5:6] == b"\x05":
            continue  # a random number leaves
        port = rng.randrange(4)
        assert native.run(frame, port) == python.run(frame, port), (number, frame.hex())
    assert fates(native) == fates(python)
    for counter in python.counters:
        assert native.counters[counter].read_all() == python.counters[counter].read_all()
    for register in python.registers:
        assert native.registers[register].read_all() == python.registers[register].read_all()


def _open_tables(program: dict[str, Any]) -> None:
    """Entries of the program become the controller's business."""
    for pipeline in program["pipelines"]:
        for table in pipeline["tables"]:
            table.pop("entries", None)


def _value(rng: random.Random, width: int) -> int:
    choices = [rng.randrange(8), rng.getrandbits(width), rng.randrange(8) << max(0, width - 8)]
    return rng.choice(choices) & ((1 << width) - 1)


def _part(rng: random.Random, kind: MatchKind, width: int) -> MatchKey:
    ones = (1 << width) - 1
    value = _value(rng, width)
    if kind is MatchKind.LPM:
        length = rng.choice([0, width, rng.randint(0, width)])
        return Lpm(value & ~(ones >> length), length)
    if kind is MatchKind.TERNARY:
        mask = rng.choice([0, ones, 7, ones ^ (ones >> 5), rng.getrandbits(width)]) & ones
        return Ternary(value & mask, mask)
    if kind is MatchKind.RANGE:
        return Range(*sorted((value, _value(rng, width))))
    return Exact(value & 1 if width == 1 else value)


def _entry(rng: random.Random, table: Table) -> Entry:
    action = rng.choice(table.actions)
    args = tuple(rng.getrandbits(param.width) for param in action.params)
    key = tuple(_part(rng, k.kind, k.width) for k in table.keys)
    prioritised = table.match in (MatchKind.TERNARY, MatchKind.RANGE)
    return Entry(key, ActionSpec(action.name, args), rng.randint(1, 9) if prioritised else 0)


def _change(rng: random.Random, devices: tuple[Bench, Bench], name: str, present: list[Entry]) -> None:
    """Insert, modify or delete the same entry in both devices."""
    table = devices[0].tables[name].spec
    choice = rng.random()
    if present and choice < 0.35:
        entry = present.pop(rng.randrange(len(present)))
        for device in devices:
            device.tables[name].delete(entry.key, entry.priority)
    elif present and choice < 0.5:
        entry = rng.choice(present)
        changed = Entry(entry.key, _entry(rng, table).action, entry.priority)
        for device in devices:
            device.tables[name].modify(changed)
    else:
        entry = _entry(rng, table)
        try:
            for device in devices:
                device.tables[name].insert(entry)
        except (DuplicateEntry, TableFull):  # of the first device: the second has not been asked
            return
        present.append(entry)


def test_random_entries_of_all_match_kinds() -> None:
    devices = pair("tables", _open_tables)
    python, native = devices
    rng = random.Random(4)
    names = [n for n, t in python.tables.items() if t.spec.keys and not t.immutable]
    kinds = {python.tables[n].spec.match for n in names}
    assert {MatchKind.EXACT, MatchKind.LPM, MatchKind.TERNARY, MatchKind.RANGE} <= kinds
    present: dict[str, list[Entry]] = {name: [] for name in names}
    for turn in range(3000):
        name = rng.choice(names)
        _change(rng, devices, name, present[name])
        if turn % 1000 == 999:
            for device in devices:
                device.tables[name].clear()
            present[name].clear()
        for _ in range(2):
            frame = b"".join(_value(rng, 8 * size).to_bytes(size, "big") for size in (1, 2, 4, 8, 1, 1))
            assert native.run(frame) == python.run(frame), frame.hex()
    for name in names:
        assert native.tables[name].entries() == python.tables[name].entries()
        if python.tables[name].spec.with_counters:
            counted = [list(device.tables[name].counters()) for device in devices]
            assert counted[0] == counted[1]


def _roomy(program: dict[str, Any]) -> None:
    """As :func:`_open_tables`, and room for many."""
    _open_tables(program)
    for pipeline in program["pipelines"]:
        for table in pipeline["tables"]:
            table["max_size"] = 16384


@pytest.mark.parametrize(
    ("table", "lengths"), [("exact_table", ()), ("lpm_table", (64,)), ("lpm_table", range(60, 65))]
)
def test_tables_that_grow_and_shrink(table: str, lengths: Sequence[int]) -> None:
    """Entries move when their hash grows; what was counted stays, and places of deleted entries serve again."""
    name = f"ingress.{table}"
    devices = pair("tables", _roomy)
    python, native = devices
    spec = python.tables[name].spec
    rng = random.Random(f"{table} {lengths}")

    def entry(number: int) -> Entry:
        action = ActionSpec(spec.actions[0].name, (number & 0xFF,))
        if table == "exact_table":
            return Entry((Exact(0x80 | number & 0x7F), Exact(1), Exact(number >> 7)), action)
        length = lengths[number % len(lengths)]
        return Entry((Exact(number & 7), Lpm((number + 1) << 40 & ~((1 << 64 - length) - 1), length)), action)

    def frame(number: int) -> bytes:
        values = (0x80 | number & 0x7F, number & 7, 0, (number + 1) << 40, 0, number >> 7)
        return b"".join(value.to_bytes(size, "big") for value, size in zip(values, (1, 2, 4, 8, 1, 1), strict=True))

    present: set[int] = set()
    for turn in range(4):
        for number in [n for n in present if rng.random() < 0.3]:
            present.discard(number)
            for device in devices:
                device.tables[name].delete(entry(number).key)
        for number in range(3000 * turn, 3000 * (turn + 1)):
            try:
                for device in devices:
                    device.tables[name].insert(entry(number))
            except DuplicateEntry:
                continue
            present.add(number)
        for number in rng.sample(range(3000 * (turn + 1)), 500):
            assert native.run(frame(number)) == python.run(frame(number)), number
    assert native.tables[name].entries() == python.tables[name].entries()
    if spec.with_counters:
        counted = [list(device.tables[name].counters()) for device in devices]
        assert counted[0] == counted[1]
        assert any(packets for _, (packets, _) in counted[0])
