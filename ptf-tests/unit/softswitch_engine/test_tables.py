# SPDX-License-Identifier: Apache-2.0
"""Table state against a naive model, and every refusal."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest

from softswitch.bmv2json.model import Action, DefaultEntry, FieldRef, MatchKind, Param, Table, TableKey
from softswitch.device import (
    ActionSpec,
    DuplicateEntry,
    Entry,
    Exact,
    GroupRef,
    ImmutableEntry,
    InvalidArgument,
    Lpm,
    NoSuchEntry,
    Range,
    TableFull,
    TableState,
    Ternary,
)
from softswitch.state.changes import ChangeFeed

FORWARD = Action("forward", 1, (Param("port", 9),), ())
DROP = Action("drop", 2, (), ())


def table(*keys: tuple[MatchKind, int], match: MatchKind, size: int = 10000, const_default: bool = False) -> TableState:
    """A table with the given key kinds and widths."""
    spec = Table(
        name="t",
        pipeline="ingress",
        match=match,
        keys=tuple(TableKey(f"k{i}", kind, FieldRef("m", f"k{i}"), width) for i, (kind, width) in enumerate(keys)),
        actions=(FORWARD, DROP),
        size=size,
        with_counters=True,
        support_timeout=True,
        default=DefaultEntry(2, (), const_default),
    )
    return TableState(spec, None, None, threading.RLock(), lambda: CLOCK[0], ChangeFeed())


CLOCK = [0]


def forward(port: int) -> ActionSpec:
    """An action that identifies its entry."""
    return ActionSpec("forward", (port,))


def test_exact_single_and_tuple() -> None:
    one = table((MatchKind.EXACT, 16), match=MatchKind.EXACT)
    one.insert(Entry((Exact(7),), forward(1)))
    assert one.lookup(7).args == (1,)  # type: ignore[union-attr]
    assert one.lookup(8) is None
    two = table((MatchKind.EXACT, 16), (MatchKind.EXACT, 8), match=MatchKind.EXACT)
    two.insert(Entry((Exact(7), Exact(1)), forward(2)))
    assert two.lookup((7, 1)).args == (2,)  # type: ignore[union-attr]
    assert two.lookup((1, 7)) is None


def test_lpm_against_scan_with_inserts_and_deletes() -> None:
    rng = random.Random(1)
    state = table((MatchKind.LPM, 128), (MatchKind.EXACT, 16), match=MatchKind.LPM)
    model: dict[tuple[int, int, int], int] = {}
    for step in range(3000):
        plen = rng.choice([0, 1, 16, 48, 63, 64, 127, 128])
        value = rng.getrandbits(128) & 0xFF << 120 | rng.getrandbits(2) << 64 | rng.getrandbits(1)
        value &= ~((1 << (128 - plen)) - 1)
        vrf = rng.getrandbits(1)
        key = (Lpm(value, plen), Exact(vrf))
        if (value, plen, vrf) in model and rng.random() < 0.7:
            state.delete(key)
            del model[value, plen, vrf]
        elif (value, plen, vrf) not in model:
            state.insert(Entry(key, forward(step % 512)))
            model[value, plen, vrf] = step % 512
        probe = rng.getrandbits(128) & 0xFF << 120 | rng.getrandbits(2) << 64 | rng.getrandbits(1)
        best = max(
            (p, port)
            for (v, p, r), port in [*model.items(), ((0, -1, vrf), -1)]
            if r == vrf and (p < 0 or not (v ^ probe) >> (128 - p))
        )
        row = state.lookup(vrf << 128 | probe)
        assert (row.args[0] if row else -1) == best[1]


@pytest.mark.parametrize("kind", [MatchKind.TERNARY, MatchKind.RANGE])
def test_priorities_against_scan(kind: MatchKind) -> None:
    rng = random.Random(2)
    first = (kind, 8)
    state = table(first, (MatchKind.TERNARY, 8), (MatchKind.LPM, 4), match=kind)
    model: dict[tuple[object, int], int] = {}
    for step in range(1500):
        mask = rng.choice([0, 0xF0, 0x0F, 0xFF])
        plen = rng.randrange(5)
        second = Ternary(rng.getrandbits(8) & mask, mask)
        third = Lpm(rng.getrandbits(4) & ~(0xF >> plen) & 0xF, plen)
        low = rng.getrandbits(8)
        lead = Range(low, rng.randint(low, 255)) if kind is MatchKind.RANGE else Ternary(low & 0x3C, 0x3C)
        key = (lead, second, third)
        priority = rng.randrange(4) if rng.random() < 0.5 else rng.getrandbits(20)
        if (key, priority) in model:
            continue
        if len(model) > 60:
            victim, old = rng.choice(list(model))
            state.delete(victim, old)  # type: ignore[arg-type]
            del model[victim, old]
        state.insert(Entry(key, forward(step % 512), priority))
        model[key, priority] = step % 512
        a, b, c = rng.getrandbits(8), rng.getrandbits(8), rng.getrandbits(4)

        def hit(key: tuple[object, ...], values: tuple[int, ...] = (a, b, c)) -> bool:
            for part, value, width in zip(key, values, (8, 8, 4), strict=True):
                if isinstance(part, Range) and not part.low <= value <= part.high:
                    return False
                if isinstance(part, Ternary) and value & part.mask != part.value:
                    return False
                if isinstance(part, Lpm) and (value ^ part.value) >> (width - part.prefix_len):
                    return False
            return True

        matching = {(p, port) for (key_, p), port in model.items() if hit(key_)}  # type: ignore[arg-type]
        row = state.lookup(a << 12 | b << 4 | c)
        if not matching:
            assert row is None
        else:
            assert row is not None
            assert row.entry.priority == max(p for p, _ in matching)
            assert (row.entry.priority, row.args[0]) in matching


def test_equal_priorities_go_to_the_lower_handle() -> None:
    state = table((MatchKind.TERNARY, 8), match=MatchKind.TERNARY)
    first, second = (Ternary(0, 0),), (Ternary(0, 1),)
    state.insert(Entry(first, forward(1), 5))
    state.insert(Entry(second, forward(2), 5))
    assert state.lookup(0).args == (1,)  # type: ignore[union-attr]
    state.delete(first, 5)
    state.insert(Entry((Ternary(0, 2),), forward(3), 5))  # takes the freed handle
    assert state.lookup(0).args == (3,)  # type: ignore[union-attr]


def test_modify_keeps_counters_and_place() -> None:
    state = table((MatchKind.EXACT, 16), match=MatchKind.EXACT)
    key = (Exact(7),)
    state.insert(Entry(key, forward(1)))
    state.set_counter(key, 5, 500)
    state.modify(Entry(key, forward(2), user_data="u"))
    assert state.counter(key) == (5, 500)
    assert state.get(key).action == forward(2)
    assert state.get(key).user_data == "u"
    assert state.lookup(7).args == (2,)  # type: ignore[union-attr]


def refusals() -> list[tuple[Callable[[TableState], object], type[Exception], str]]:
    """(call, exception, words)."""
    return [
        (lambda t: t.insert(Entry((Exact(1),), forward(1))), InvalidArgument, "2 elements"),
        (lambda t: t.insert(Entry((Exact(1), Exact(1)), forward(1))), InvalidArgument, "Ternary expected"),
        (lambda t: t.insert(Entry((Exact(1 << 16), Ternary(0, 0)), forward(1))), InvalidArgument, "16 bits"),
        (lambda t: t.insert(Entry((Exact(-1), Ternary(0, 0)), forward(1))), InvalidArgument, "16 bits"),
        (lambda t: t.insert(Entry((Exact(1), Ternary(3, 1)), forward(1))), InvalidArgument, "outside its mask"),
        (lambda t: t.insert(Entry((Exact(1), Ternary(0, 256)), forward(1))), InvalidArgument, "mask"),
        (lambda t: t.insert(Entry((Exact(1), Ternary(0, 0)), ActionSpec("fly"))), InvalidArgument, "drop, forward"),
        (lambda t: t.insert(Entry((Exact(1), Ternary(0, 0)), ActionSpec("forward"))), InvalidArgument, "1 arguments"),
        (lambda t: t.insert(Entry((Exact(1), Ternary(0, 0)), forward(512))), InvalidArgument, "9 bits"),
        (lambda t: t.insert(Entry((Exact(1), Ternary(0, 0)), GroupRef(1))), InvalidArgument, "no action profile"),
        (lambda t: t.insert(Entry((Exact(1), Ternary(0, 0)), forward(1), -1)), InvalidArgument, "priority"),
        (lambda t: t.insert(Entry((Exact(5), Ternary(0, 0)), forward(1), 1)), DuplicateEntry, "k0=0x5"),
        (lambda t: t.modify(Entry((Exact(6), Ternary(0, 0)), forward(1), 1)), NoSuchEntry, "k0=0x6"),
        (lambda t: t.delete((Exact(5), Ternary(0, 0)), 2), NoSuchEntry, "priority=2"),
        (lambda t: t.get((Exact(9), Ternary(0, 0)), 1), NoSuchEntry, "no entry"),
        (lambda t: t.modify(Entry((Exact(5), Ternary(0, 0)), forward(512), 1)), InvalidArgument, "9 bits"),
        (lambda t: t.set_default(ActionSpec("fly")), InvalidArgument, "fly"),
        (lambda t: t.set_meter((Exact(5), Ternary(0, 0)), None, 1), InvalidArgument, "no direct meter"),
    ]


@pytest.mark.parametrize(("call", "error", "words"), refusals())
def test_refused_calls_change_nothing(call: Callable[[TableState], object], error: type[Exception], words: str) -> None:
    state = table((MatchKind.EXACT, 16), (MatchKind.TERNARY, 8), match=MatchKind.TERNARY)
    entry = Entry((Exact(5), Ternary(0, 0)), forward(3), 1)
    state.insert(entry)
    with pytest.raises(error) as caught:
        call(state)
    assert words in str(caught.value)
    assert state.entries() == [entry]
    assert state.default() == ActionSpec("drop")
    assert state.lookup(5 << 8).args == (3,)  # type: ignore[union-attr]


def test_lpm_and_range_refusals() -> None:
    lpm = table((MatchKind.LPM, 32), match=MatchKind.LPM)
    with pytest.raises(InvalidArgument, match="prefix length 33"):
        lpm.insert(Entry((Lpm(0, 33),), forward(1)))
    with pytest.raises(InvalidArgument, match="below its prefix"):
        lpm.insert(Entry((Lpm(1, 31),), forward(1)))
    ranges = table((MatchKind.RANGE, 8), match=MatchKind.RANGE)
    with pytest.raises(InvalidArgument, match="empty"):
        ranges.insert(Entry((Range(5, 4),), forward(1), 1))


def test_full_table_and_reuse_of_room() -> None:
    state = table((MatchKind.EXACT, 16), match=MatchKind.EXACT, size=2)
    state.insert(Entry((Exact(1),), forward(1)))
    state.insert(Entry((Exact(2),), forward(1)))
    with pytest.raises(TableFull, match="2 entries"):
        state.insert(Entry((Exact(3),), forward(1)))
    state.delete((Exact(1),))
    state.insert(Entry((Exact(3),), forward(1)))
    assert len(state) == 2


def test_default_action() -> None:
    state = table((MatchKind.EXACT, 16), match=MatchKind.EXACT)
    assert state.default() == state.initial_default() == ActionSpec("drop")
    state.set_default(forward(4))
    assert state.default() == forward(4)
    assert state.default_row.args == (4,)
    state.set_default(None)
    assert state.default() == ActionSpec("drop")
    const = table((MatchKind.EXACT, 16), match=MatchKind.EXACT, const_default=True)
    with pytest.raises(ImmutableEntry, match="const"):
        const.set_default(forward(4))


def test_clear() -> None:
    state = table((MatchKind.TERNARY, 16), match=MatchKind.TERNARY)
    state.insert(Entry((Ternary(0, 0),), forward(1), 1))
    state.set_default(forward(1))
    lookup = state.lookup
    state.clear()
    assert state.entries() == []
    assert lookup(0) is None
    assert state.default() == ActionSpec("drop")
    state.insert(Entry((Ternary(0, 0),), forward(2), 1))
    assert lookup(0).args == (2,)  # type: ignore[union-attr]


def test_idle_timeout_is_reported_once_until_the_next_hit() -> None:
    CLOCK[0] = 0
    state = table((MatchKind.EXACT, 16), match=MatchKind.EXACT)
    key = (Exact(1),)
    state.insert(Entry(key, forward(1), idle_timeout_ns=100))
    state.insert(Entry((Exact(2),), forward(1)))
    CLOCK[0] = 99
    assert state.expire() == []
    assert state.time_since_last_hit_ns(key) == 99
    CLOCK[0] = 100
    assert [e.key for e in state.expire()] == [key]
    assert state.expire() == []
    state.lookup(1).last_hit_ns = 150  # type: ignore[union-attr]
    CLOCK[0] = 200
    assert state.expire() == []
    CLOCK[0] = 250
    assert [e.key for e in state.expire()] == [key]
