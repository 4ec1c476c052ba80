# SPDX-License-Identifier: Apache-2.0
"""Action profiles, meters, counters, registers, value sets, replication groups, change notifications."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from softswitch.device import (
    ActionSpec,
    Change,
    DuplicateEntry,
    Entry,
    Exact,
    GroupRef,
    InvalidArgument,
    MemberRef,
    Meter,
    NoSuchEntry,
    StillReferenced,
    TableFull,
)

from .conftest import Bench

Load = Callable[[str], Bench]
MEMBER = "ingress.set_member"


def test_profile_members_and_groups(bench: Load) -> None:
    device = bench("externs")
    profile = device.profiles["ingress.selector_"]
    table = device.tables["ingress.selected"]
    profile.add_member(1, ActionSpec(MEMBER, (1,)))
    profile.add_member(2, ActionSpec(MEMBER, (2,)))
    with pytest.raises(DuplicateEntry):
        profile.add_member(1, ActionSpec(MEMBER, (9,)))
    with pytest.raises(InvalidArgument, match="no action fly"):
        profile.add_member(3, ActionSpec("fly"))
    profile.add_group(1, max_size=4)
    with pytest.raises(NoSuchEntry, match="member 7"):
        profile.set_group_members(1, [(1, 1), (7, 1)])
    with pytest.raises(InvalidArgument, match="weights add up to 5"):
        profile.set_group_members(1, [(1, 2), (2, 3)])
    with pytest.raises(InvalidArgument, match="given twice"):
        profile.set_group_members(1, [(1, 1), (1, 1)])
    profile.set_group_members(1, [(1, 1), (2, 3)])
    assert profile.groups()[1].members == ((1, 1), (2, 3))
    assert [m.id for m in profile.group(1).slots] == [1, 2, 2, 2]
    with pytest.raises(StillReferenced):
        profile.delete_member(2)
    table.insert(Entry((Exact(7),), GroupRef(1)))
    with pytest.raises(StillReferenced):
        profile.delete_group(1)
    with pytest.raises(NoSuchEntry, match="group 9"):
        table.insert(Entry((Exact(8),), GroupRef(9)))
    with pytest.raises(InvalidArgument, match="members or groups"):
        table.insert(Entry((Exact(8),), ActionSpec(MEMBER, (1,))))
    table.modify(Entry((Exact(7),), MemberRef(1)))
    profile.delete_group(1)
    profile.delete_member(2)
    with pytest.raises(StillReferenced):
        profile.delete_member(1)
    table.delete((Exact(7),))
    profile.delete_member(1)
    assert profile.members() == {}


def test_profile_without_selector_and_its_size(bench: Load) -> None:
    profile = bench("externs").profiles["ingress.profile_"]
    with pytest.raises(InvalidArgument, match="no selector"):
        profile.add_group(1)
    for i in range(16):
        profile.add_member(i, ActionSpec("ingress.add_member", (i,)))
    with pytest.raises(TableFull, match="16 members"):
        profile.add_member(16, ActionSpec("NoAction"))


def test_meter_two_rates_three_colours() -> None:
    """Committed 1 packet per ms burst 2, peak 2 packets per ms burst 4 (RFC 2698 with BMv2's order)."""
    meter = Meter(unit_packets=True)
    assert meter.execute(1500, 0) == 0
    meter.configure([(1000, 2), (2000, 4)], 0)
    assert [meter.execute(1500, 0) for _ in range(6)] == [0, 0, 1, 1, 2, 2]
    # one ms: one committed and two peak tokens
    assert [meter.execute(1500, 1000) for _ in range(4)] == [0, 1, 2, 2]
    # long idle: both buckets full, no more than the bursts
    assert [meter.execute(1500, 10**9) for _ in range(5)] == [0, 0, 1, 1, 2]


def test_meter_in_bytes_and_its_refusals() -> None:
    meter = Meter(unit_packets=False)
    meter.configure([(8000, 100), (8000, 1000)], 0)
    assert meter.execute(101, 0) == 1
    assert meter.execute(100, 0) == 0
    with pytest.raises(InvalidArgument, match="below the committed"):
        meter.configure([(10, 1), (5, 1)], 0)
    with pytest.raises(InvalidArgument, match="negative"):
        meter.configure([(-1, 1), (5, 1)], 0)


def test_indirect_meters_of_a_program(bench: Load) -> None:
    meters = bench("externs").meters["ingress.indirect_meter"]
    meters.set_rates(3, [(1, 1), (2, 2)])
    assert meters.read(3) == ((1.0, 1), (2.0, 2))
    assert meters.read(2) == ()
    meters.set_rates(3, None)
    assert meters.read(3) == ()
    with pytest.raises(InvalidArgument, match=r"0\.\.3"):
        meters.set_rates(4, [(1, 1), (2, 2)])
    with pytest.raises(InvalidArgument, match="2 rates"):
        meters.set_rates(1, [(1, 1)])


def test_counters_registers_and_value_sets(bench: Load) -> None:
    device = bench("externs")
    counter = device.counters["ingress.hits"]
    counter.write(2, 3, 400)
    assert counter.read(2) == (3, 400)
    counter.clear(2)
    assert counter.read_all() == [(0, 0)] * 4
    with pytest.raises(InvalidArgument, match=r"0\.\.3"):
        counter.read(-1)
    register = device.registers["ingress.cells"]
    register.write(1, 0xFFFFFFFF)
    assert register.read_all() == [0, 0xFFFFFFFF, 0, 0]
    with pytest.raises(InvalidArgument, match="32 bits"):
        register.write(1, 1 << 32)
    values = device.value_sets["parse.chosen"]
    values.set([3, 1])
    assert values.values() == [1, 3]
    with pytest.raises(InvalidArgument, match="8 bits"):
        values.set([256])
    assert values.values() == [1, 3]


def test_replication_groups_and_sessions(bench: Load) -> None:
    pre = bench("replication").pre
    pre.set_multicast_group(1, [(3, 9), (2, 7), (1, 7)])
    assert pre.groups[1] == ((1, 7), (2, 7), (3, 9))
    with pytest.raises(InvalidArgument, match=r"1\.\.65535"):
        pre.set_multicast_group(0, [])
    with pytest.raises(InvalidArgument, match="port 512"):
        pre.set_multicast_group(2, [(512, 0)])
    with pytest.raises(InvalidArgument, match="twice"):
        pre.set_clone_session(1, [(1, 0), (1, 0)])
    pre.delete_multicast_group(1)
    with pytest.raises(NoSuchEntry):
        pre.delete_multicast_group(1)
    with pytest.raises(NoSuchEntry):
        pre.delete_clone_session(1)


def test_changes_are_announced_after_they_took_effect(bench: Load) -> None:
    """What an engine that copies state relies on."""
    device = bench("externs")
    seen: list[Change] = []
    device.state.feed.listener = seen.append
    table = device.tables["ingress.aged"]
    entry = Entry((Exact(1),), ActionSpec("ingress.metered"))
    table.insert(entry)
    table.modify(entry)
    table.set_meter((Exact(1),), [(1, 1), (2, 2)])
    table.delete((Exact(1),))
    device.registers["ingress.cells"].write(0, 1)
    device.pre.set_multicast_group(1, [])
    with pytest.raises(NoSuchEntry):
        table.delete((Exact(1),))
    assert [(c.kind, c.operation) for c in seen] == [
        ("table", "insert"),
        ("table", "modify"),
        ("meter", "set"),
        ("table", "delete"),
        ("register", "set"),
        ("multicast", "set"),
    ]


def test_clear_forgets_everything(bench: Load) -> None:
    device = bench("externs")
    profile = device.profiles["ingress.selector_"]
    profile.add_member(1, ActionSpec(MEMBER, (1,)))
    device.tables["ingress.selected"].insert(Entry((Exact(7),), MemberRef(1)))
    device.registers["ingress.cells"].write(0, 5)
    device.pre.set_clone_session(1, [(1, 0)])
    device.clear()
    assert device.tables["ingress.selected"].entries() == []
    assert profile.members() == {}
    assert device.registers["ingress.cells"].read(0) == 0
    assert device.pre.sessions == {}
