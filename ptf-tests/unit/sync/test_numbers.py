# SPDX-License-Identifier: Apache-2.0
"""Numbers of next hops, policies, segment lists, SIDs and tables of behaviours: one never passes to another owner
while entries use it, whatever collides, in whatever order, across controllers that come and go."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from ipaddress import IPv6Address
from itertools import chain
from typing import Any

import pytest

from srv6cp.compile import Ids, compile_state, ids_for, tables
from srv6cp.compile.ids import IdSpace
from srv6cp.config import load_node_dict
from srv6cp.model import InterfaceId, NeighborKey, Node
from srv6cp.p4rt import Action, ActionSet, Client, Entity, TableEntry, Update, UpdateType
from srv6cp.sync import tables as tables_module
from srv6cp.sync.program import Program
from srv6cp.sync.tables import Tables

PROGRAM = Program.read()
INFO = PROGRAM.info
INTERFACE = InterfaceId(1, 0)


@pytest.fixture(autouse=True)
def everything_collides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("srv6cp.compile.ids.crc32", lambda key: len(key) % 3)


def node(rng: random.Random, hops: int = 8) -> Node:
    """A node with some of a few routes, ECMP sets, policies, SIDs and VLAN tables, in any order."""
    chosen = [f"2001:db8:1::{n + 2:x}" for n in rng.sample(range(hops), rng.randrange(2, hops))]
    routes = [{"prefix": f"2001:db8:{n:x}::/48", "via": address} for n, address in enumerate(chosen, 0x100)]
    pairs = [rng.sample(chosen, 2) for _ in range(rng.randrange(3))]
    routes += [{"prefix": f"2001:db8:{n:x}::/48", "via": pair} for n, pair in enumerate(pairs, 0x200)]
    routes += [{"prefix": f"fcbb:{n:x}::/32", "via": chosen[0]} for n in range(8)]
    policies = [
        {"name": f"p{n}", "segments": [f"fcbb:{n:x}::{k:x}" for k in range(1, rng.randrange(2, 5))]}
        for n in rng.sample(range(6), 3)
    ]
    sids = [{"sid": f"fcbb:bb00:1:{n:x}::", "behavior": "End"} for n in rng.sample(range(1, 9), 4)]
    sets = [
        {"name": name, "entries": [{"vlan": 0, "port": 2}]}
        for name in rng.sample(("ab", "cd", "ef", "gh"), rng.randrange(1, 4))
    ]
    sids += [
        {"sid": f"fcbb:bb00:1:20{n}::", "behavior": "End.DX2V", "table": item["name"]} for n, item in enumerate(sets)
    ]
    for listed in (routes, policies, sids, sets):
        rng.shuffle(listed)  # type: ignore[arg-type]
    return load_node_dict(
        {
            "node": "r1",
            "locator": "fcbb:bb00:1::/48",
            "source": "fcbb:bb00:1::1",
            "ports": {1: {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:1::1/64"]}, 2: {"mode": "l2"}},
            "routes": routes,
            "policies": policies,
            "sids": sids,
            "vlan-tables": sets,
        }
    )


@cache
def _key(table: str, field: str, number: Any) -> bytes:
    return INFO.key(TableEntry(table, {field: number}))


class FakeSwitch:
    """Entries by key, as a client sees them; ``check`` runs after each update."""

    def __init__(self) -> None:
        self.p4info = INFO
        self.entries: dict[Any, Entity] = {}
        self.broken_after: int | None = None

    def get_pipeline_cookie(self) -> int:
        return PROGRAM.cookie

    def port_states(self) -> None:
        """It does not tell of its ports."""

    def read(self, *patterns: Entity | Iterable[Entity]) -> Iterator[Entity]:
        for pattern in chain.from_iterable(each if isinstance(each, Iterable) else [each] for each in patterns):
            if isinstance(pattern, TableEntry):
                yield from [e for e in self.entries.values() if isinstance(e, TableEntry) and e.table == pattern.table]

    def write(self, updates: Iterable[Update], batch: int = 0) -> int:
        count = 0
        for update in updates:
            if self.broken_after is not None and count >= self.broken_after:
                self.broken_after = None
                raise ConnectionError("the switch is gone")
            key = INFO.key(update.entity)
            if update.type is UpdateType.DELETE:
                del self.entries[key]
            else:
                self.entries[key] = update.entity
            count += 1
            self.check()
        return count

    def check(self) -> None:
        """Nothing that packets may meet leads elsewhere than its own node, old or new, says."""

    # What an entry means, with numbers followed to their end.

    def entry(self, table: str, field: str, number: Any) -> TableEntry | None:
        found = self.entries.get(_key(table, field, number))
        return found if isinstance(found, TableEntry) else None

    def meanings(self) -> dict[Any, Any]:
        """Key of each route, policy and SID to what it does, numbers replaced by what they stand for."""
        return {
            key: self.meaning(entry)
            for key, entry in self.entries.items()
            if isinstance(entry, TableEntry) and entry.table in (*tables.ROUTES.values(), tables.MY_SID)
        } | {
            entry.metadata: self.meaning(entry)
            for entry in self.entries.values()
            if isinstance(entry, TableEntry) and entry.table == tables.POLICY
        }

    def meaning(self, entry: TableEntry | None) -> Any:
        if entry is None:
            return None
        actions = (
            [each.action for each in entry.action.actions] if isinstance(entry.action, ActionSet) else [entry.action]
        )
        return sorted(repr(self.action(action)) for action in actions if isinstance(action, Action))

    def action(self, action: Action) -> Any:
        params = dict(action.params)
        if "nexthop_id" in params:
            params["nexthop_id"] = self.meaning(self.entry(tables.NEXTHOP, "nexthop_id", params["nexthop_id"]))  # type: ignore[assignment]
        if "nexthop_group_id" in params:
            group = self.entry(tables.NEXTHOP_GROUP, "nexthop_group_id", params["nexthop_group_id"])
            params["nexthop_group_id"] = self.meaning(group)  # type: ignore[assignment]
        if "dx2v_table_id" in params:
            params["dx2v_table_id"] = {  # type: ignore[assignment]
                e.metadata for e in self.entries.values()
                if isinstance(e, TableEntry) and e.table == "dx2v_table"
                and e.match["dx2v_table_id"] == params["dx2v_table_id"]
            }  # fmt: skip
        if params.get("sidlist_id"):
            chunks = [self.entry(table, "sidlist_id", params["sidlist_id"]) for table in tables.SIDLISTS]
            params["sidlist_id"] = [repr(chunk.action) for chunk in chunks if chunk]  # type: ignore[assignment]
        params.pop("sid_index", None)
        return action.name, params


def expected(node: Node, neighbors: dict[NeighborKey, str]) -> dict[Any, Any]:
    """The meanings on a switch that has only ever held this node."""
    switch = FakeSwitch()
    learned = {(key.interface, key.address): mac for key, mac in neighbors.items()}
    switch.entries = {INFO.key(entity): entity for entity in compile_state(node, INFO, learned).entities}
    return switch.meanings()


NEIGHBORS = {
    NeighborKey(INTERFACE, IPv6Address(f"2001:db8:1::{n + 2:x}")): f"02:00:00:00:02:{n + 2:02x}" for n in range(8)
}


def watch(switch: FakeSwitch, old: dict[Any, Any], new: dict[Any, Any]) -> None:
    """From now on every meaning must be that of the old node or of the new one, for every update on the way."""
    before = switch.meanings()

    def check() -> None:
        for key, meaning in switch.meanings().items():
            assert meaning in (old.get(key), new.get(key), before.get(key)), f"{key} does {meaning}"

    switch.check = check  # type: ignore[method-assign]


@pytest.mark.parametrize("seed", range(10))
def test_no_number_changes_its_owner_while_it_is_used(seed: int) -> None:
    """Nodes that follow each other, with a controller that stays or a new one, some writes broken off."""
    rng = random.Random(seed)
    switch: Any = FakeSwitch()
    writer = Tables(switch, PROGRAM)
    old: dict[Any, Any] = {}
    for _ in range(12):
        if rng.random() < 0.5:
            writer = Tables(switch, PROGRAM)
        now = node(rng)
        # Neighbours come and go too, but not in the middle of this: who has which MAC is the same throughout.
        new = expected(now, NEIGHBORS)
        watch(switch, old, new)
        counters = counted(switch)
        writer.take_over(now)
        if rng.random() < 0.3:
            switch.broken_after = rng.randrange(30)
            with suppress(ConnectionError):
                writer.reconcile(now, NEIGHBORS)
            if rng.random() < 0.5:
                now = node(rng)
                new = expected(now, NEIGHBORS)
                watch(switch, {}, new)
        writer.reconcile(now, NEIGHBORS)
        assert switch.meanings() == new
        for sid, index in counted(switch).items():
            assert counters.get(sid, index) == index, f"{sid} has another counter"
        old = new


@pytest.mark.parametrize("seed", range(6))
def test_neighbours_that_come_and_go_are_followed_even_when_writes_fail(seed: int) -> None:
    """What is written for a change is what the switch would hold from the start; after a write that was broken off the
    switch is read, and after any other one it is not."""
    rng = random.Random(seed)
    switch: Any = FakeSwitch()
    writer = Tables(switch, PROGRAM)
    now = node(rng)
    learned = dict(rng.sample(list(NEIGHBORS.items()), 4))
    writer.take_over(now)
    writer.reconcile(now, learned)
    reads = 0

    def read(*patterns: Entity | Iterable[Entity]) -> Iterator[Entity]:
        nonlocal reads
        reads += 1
        return FakeSwitch.read(switch, *patterns)

    switch.read = read
    for _ in range(30):
        before = dict(learned)
        changed: dict[NeighborKey, str | None] = {}
        for key in rng.sample(list(NEIGHBORS), rng.randrange(1, 4)):
            changed[key] = None if key in learned else NEIGHBORS[key]
            if learned.pop(key, None) is None:
                learned[key] = NEIGHBORS[key]
        switch.broken_after = rng.randrange(3) if rng.random() < 0.3 else None
        reads = 0
        try:
            writer.follow(now, changed, lambda: learned)
        except ConnectionError:
            writer.follow(now, {}, lambda: learned)
            assert reads > 0
        else:
            assert reads == 0
        switch.broken_after = None
        assert switch.meanings() == expected(now, learned), f"from {before} to {learned}"


def counted(switch: FakeSwitch) -> dict[Any, int]:
    """Counter index of each SID."""
    return {
        key: int(entry.action.params["sid_index"])  # type: ignore[call-overload]
        for key, entry in switch.entries.items()
        if isinstance(entry, TableEntry) and entry.table == tables.MY_SID and isinstance(entry.action, Action)
    }


def test_a_new_controller_finds_nothing_to_do_whatever_the_order() -> None:
    """A pair of next hops whose numbers collide, configured in the other order after a restart."""
    routes = [
        {"prefix": "2001:db8:a::/48", "via": "2001:db8:1::83"},
        {"prefix": "2001:db8:b::/48", "via": "2001:db8:1::5e"},
    ]
    base = {"node": "r1", "ports": {1: {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:1::1/64"]}}}
    switch: Any = FakeSwitch()
    Tables(switch, PROGRAM).reconcile(load_node_dict({**base, "routes": routes}), {})
    again = Tables(switch, PROGRAM)
    again.take_over(load_node_dict({**base, "routes": routes[::-1]}))
    plan = again.reconcile(load_node_dict({**base, "routes": routes[::-1]}), {})
    assert not [e for e in (*plan.inserts, *plan.deletes, *plan.modifies) if isinstance(e, TableEntry)]
    assert len([pair for pair in plan.modifies if isinstance(pair[1], TableEntry)]) == 0


def test_entries_of_others_keep_their_numbers() -> None:
    """A next hop that somebody else wrote, without saying for what: its number is given to none of ours."""
    ids = ids_for(INFO)
    ids.adopt([TableEntry(tables.NEXTHOP, {"nexthop_id": n}, Action("glean")) for n in range(1, 4)])
    assert ids.nexthops.take(b"mine") == 4


def test_what_overflows_leaves_numbers_as_they_were() -> None:
    space = IdSpace("things", 4)
    kept = space.take(b"a")
    space.sweep()
    for key in (b"b", b"c"):
        space.take(key)
    with pytest.raises(OverflowError):
        space.take(b"d")
    space.undo()
    assert space.take(b"a") == kept
    assert {space.take(b"c"), space.take(b"b")} == {1, 2, 3} - {kept}


def test_long_names_stand_as_a_digest() -> None:
    first = node(random.Random(1))
    (_, policy), *_rest = first.policies.items()
    named = replace(first, policies={"n" * 300: replace(policy, name="n" * 300)})
    entries = [e for e in compile_state(named, INFO, ids=Ids()).entities if isinstance(e, TableEntry)]
    assert max(len(entry.metadata) for entry in entries) == 32


def test_numbers_are_read_from_a_real_switch() -> None:
    """Metadata of entries comes back over P4Runtime."""
    from softswitch.switch import SoftSwitch

    with SoftSwitch(None, ports=[1, 2], device_id=1) as switch, Client(switch.address, 1) as client:
        client.become_primary()
        now = node(random.Random(3))
        writer = Tables(client, PROGRAM)
        writer.take_over(now)
        writer.reconcile(now, NEIGHBORS)
        for seed in range(4, 8):
            other = node(random.Random(seed))
            ids = tables_module.numbers_of(client, INFO)
            on_switch = {INFO.key(e): e for e in client.read(TableEntry(tables.NEXTHOP)) if isinstance(e, TableEntry)}
            for entity in compile_state(other, INFO, ids=ids).entities:
                before = on_switch.get(INFO.key(entity))
                if isinstance(entity, TableEntry) and before is not None and entity.table == tables.NEXTHOP:
                    assert before.metadata == entity.metadata
