# SPDX-License-Identifier: Apache-2.0
"""Reconciliation: the difference, its order, and the result on a switch."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv6Network
from itertools import pairwise

import pytest
from unit.compile.support import INFO
from unit.config.example import FULL

from softswitch.switch import SoftSwitch
from srv6cp.artifacts import find
from srv6cp.compile import compile_node
from srv6cp.config import load_node
from srv6cp.p4rt import (
    Action,
    ActionSet,
    Client,
    CloneSession,
    Entity,
    MeterEntry,
    TableEntry,
    UpdateType,
    WeightedAction,
)
from srv6cp.sync import reconcile

NODE = load_node(FULL)
DESIRED = compile_node(NODE, INFO)


@pytest.fixture
def client() -> Iterator[Client]:
    """A client that is primary of an empty softswitch."""
    artifacts = find()
    with (
        SoftSwitch(None, ports=[1], device_id=1) as switch,
        Client(switch.address, 1, p4info=INFO) as client,
    ):
        client.become_primary()
        client.set_pipeline(INFO, artifacts.json)
        yield client


def foreign(number: int) -> TableEntry:
    """An entry that no node asks for."""
    prefix = IPv6Network(f"2001:db8:f0{number:02x}::/48")
    return TableEntry("ipv6_table", {"vrf_id": 0, "ipv6_dst": prefix}, Action("blackhole"))


def test_nothing_to_do() -> None:
    shuffled = random.Random(1).sample(DESIRED, len(DESIRED))
    todo = reconcile.diff(shuffled, DESIRED, INFO)
    assert len(todo) == 0
    assert todo.unchanged == len(DESIRED)
    assert todo.render() == f"0 to insert, 0 to modify, 0 to delete, {len(DESIRED)} unchanged"


def test_order_of_updates() -> None:
    def position(updates: list[tuple[UpdateType, Entity]], kind: UpdateType, table: str) -> list[int]:
        return [i for i, (t, e) in enumerate(updates) if t is kind and getattr(e, "table", "") == table]

    inserts = [(update.type, update.entity) for update in reconcile.diff([], DESIRED, INFO).updates()]
    deletes = [(update.type, update.entity) for update in reconcile.diff(DESIRED, [], INFO).updates()]
    chain = ["sr_policy_table", "ipv6_table", "ingress_port_table"]
    for before, after in [*pairwise(chain), ("nexthop_table", chain[0]), ("srv6_sidlist_1_4_table", chain[0])]:
        assert max(position(inserts, UpdateType.INSERT, before)) < min(position(inserts, UpdateType.INSERT, after))
        assert max(position(deletes, UpdateType.DELETE, after)) < min(position(deletes, UpdateType.DELETE, before))


def test_guards_come_before_what_they_guard() -> None:
    order = reconcile.diff([], [], INFO).order
    for guard in ("upper_layer_table", "sr_domain_table", "sid_block_table"):
        assert order[guard] < min(order["my_sid_table"], order["ipv6_table"])
    for guard in ("source_ipv6_table", "source_ipv4_table", "urpf_ipv6_table", "urpf_ipv4_table"):
        assert order[guard] < min(order["ingress_port_table"], order["ingress_vlan_table"])


def test_new_things_are_inserted_before_old_ones_change_or_go() -> None:
    current = [foreign(1), *DESIRED[2:]]
    changed = replace(foreign(2), action=Action("local"))
    kinds = [update.type for update in reconcile.diff([*current, foreign(2)], [*DESIRED, changed], INFO).updates()]
    assert kinds == sorted(kinds, key=[UpdateType.INSERT, UpdateType.MODIFY, UpdateType.DELETE].index)
    assert set(kinds) == set(UpdateType)


def test_action_sets_compare_as_sets() -> None:
    def entry(*members: tuple[int, int]) -> TableEntry:
        actions = tuple(WeightedAction(Action("a", {"x": x}), weight) for x, weight in members)
        return TableEntry("sr_policy_table", {"policy_id": 1}, ActionSet(actions))

    assert not len(reconcile.diff([entry((2, 1), (1, 3))], [entry((1, 3), (2, 1))], INFO))
    assert not len(reconcile.diff([entry((1, 1), (1, 2))], [entry((1, 3))], INFO))
    assert len(reconcile.diff([entry((1, 1), (2, 3))], [entry((1, 3), (2, 1))], INFO)) == 1


def test_meters() -> None:
    wanted = MeterEntry("port_punt_meter", 22, 100, 50, 100, 50)
    rounded = MeterEntry("port_punt_meter", 22, 99, 50, 99, 50)
    assert not len(reconcile.diff([rounded], [wanted], INFO))
    for unset in (
        MeterEntry("port_punt_meter", 22),
        MeterEntry("port_punt_meter", 22, 0, 0, 0, 0),
        MeterEntry("port_punt_meter", 22, (1 << 64) - 1, 1, (1 << 64) - 1, 1),
    ):
        assert not len(reconcile.diff([unset], [], INFO))
        [update] = reconcile.diff([unset], [wanted], INFO).updates()
        assert (update.type, update.entity) == (UpdateType.MODIFY, wanted)
    [update] = reconcile.diff([wanted], [], INFO).updates()
    assert (update.type, update.entity) == (UpdateType.MODIFY, MeterEntry("port_punt_meter", 22))


def test_default_and_constant_entries_are_left_alone() -> None:
    default = TableEntry("ipv6_table", {}, Action("no_route"), is_default=True)
    constant = replace(foreign(1), is_const=True)
    assert not len(reconcile.diff([default, constant], [], INFO))


def test_rendering_for_people() -> None:
    before = foreign(2)
    after = replace(before, action=Action("set_nexthop", {"nexthop_id": 7}))
    lines = reconcile.diff([before, foreign(3)], [foreign(1), after], INFO).render().splitlines()
    assert lines == [
        "+ ipv6_table vrf_id=0 ipv6_dst=2001:db8:f001::/48 -> blackhole()",
        "~ ipv6_table vrf_id=0 ipv6_dst=2001:db8:f002::/48: blackhole() => set_nexthop(nexthop_id=7)",
        "- ipv6_table vrf_id=0 ipv6_dst=2001:db8:f003::/48 -> blackhole()",
        "1 to insert, 1 to modify, 1 to delete, 0 unchanged",
    ]


def test_a_switch_is_brought_to_the_node_and_stays(client: Client) -> None:
    reconcile.apply(client, reconcile.plan(client, DESIRED))
    again = reconcile.plan(client, DESIRED)
    assert len(again) == 0, again.render()
    assert again.unchanged == len(DESIRED)


def test_damage_is_repaired_and_nothing_is_doubled(client: Client) -> None:
    reconcile.apply(client, reconcile.plan(client, DESIRED))
    entries = [entity for entity in DESIRED if isinstance(entity, TableEntry)]
    routes = [entry for entry in entries if entry.table == "ipv6_table"]
    client.delete(routes[0], CloneSession(1), next(e for e in entries if e.table == "ingress_port_table"))
    client.insert(foreign(1), foreign(2))
    client.modify(replace(routes[1], action=Action("blackhole")))
    client.modify(MeterEntry("port_punt_meter", 39, 1, 1, 1, 1))
    todo = reconcile.plan(client, DESIRED)
    assert (len(todo.inserts), len(todo.modifies), len(todo.deletes)) == (3, 2, 2), todo.render()
    reconcile.apply(client, todo)
    held = [entity for entity in reconcile.read_owned(client) if not getattr(entity, "is_default", False)]
    tables = [entity for entity in held if isinstance(entity, TableEntry)]
    assert len(tables) == len(entries)
    assert not len(reconcile.plan(client, DESIRED))


def test_foreign_entries_can_be_kept(client: Client) -> None:
    client.insert(foreign(1))
    todo = reconcile.plan(client, DESIRED, keep_foreign=True)
    assert not todo.deletes
    reconcile.apply(client, todo)
    assert client.read_one(foreign(1)) is not None
    assert reconcile.plan(client, DESIRED).deletes == (foreign(1),)


def test_an_empty_node_empties_the_switch(client: Client) -> None:
    reconcile.apply(client, reconcile.plan(client, DESIRED))
    reconcile.apply(client, reconcile.plan(client, []))
    assert not len(reconcile.plan(client, []))
    assert not [e for e in client.read(TableEntry("ipv6_table")) if not getattr(e, "is_default", False)]
