# SPDX-License-Identifier: Apache-2.0
"""A change of a neighbour or a port yields what compiling the node again would, in an order that is safe."""

from __future__ import annotations

import random
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address
from typing import Any

import pytest
from unit.compile.support import INFO

from srv6cp.behaviours import REGISTRY
from srv6cp.compile import CompiledNode, Delta, compile_state, ids_for, tables
from srv6cp.config import load_node_dict
from srv6cp.model import InterfaceId, IPAddress, Node
from srv6cp.p4rt import Action, ActionSet, Entity, TableEntry, UpdateType
from srv6cp.sync.reconcile import Plan, order_of

PORTS = (1, 2, 3, 4)
INTERFACES = [InterfaceId(port) for port in PORTS] + [InterfaceId(3, 100)]
HOSTS = [f"2001:db8:{net}::{host:x}" for net in (1, 2, 3, 100) for host in (2, 3, 9, 0x8001)]
HOSTS += ["10.0.1.2", "10.0.1.9", "fcbb:bb00:1:8001:8000::9", "fcbb:bb00:1:8001:8000::80", "fd00::5", "fd00::1:5"]
HOSTS += ["fe80::5"]


def node(rng: random.Random) -> Node:
    """Ports of two VRFs, routes of all kinds (sets, by a port alone, inside connected prefixes and SIDs), SIDs with
    next hops, policies by way of all of them, and everything that steers."""

    def via() -> Any:
        return rng.choice(
            [
                rng.choice(HOSTS[:4]),
                rng.choice(HOSTS[4:8]),
                [rng.choice(HOSTS[:4]), rng.choice(HOSTS[4:8])],
                [{"address": "2001:db8:1::2", "weight": 2}, "2001:db8:1::3", "2001:db8:2::9"],
                {"port": 1},
                [{"port": 2}, {"port": 4}],
            ]
        )

    prefixes = [
        "::/0", "fd00::/32", "fd00::1:0/112", "fd00::5/128", "2001:db8:1::8000/113", "2001:db8:9::/48",
        "2001:db8:9:1::/64", "fcbb:bb00:1:8001::/72", "fcbb:bb00:1:8001:1::/80", "fcbb:bb00:1:8001:1:1::/96",
        "fcbb:bb00:1:8001:8000::80/121", "fcbb:aa00::/32", "fcbb:aa01::/32",
    ]  # fmt: skip

    def lists() -> Any:
        return [
            {
                "segments": [rng.choice(SEGMENTS), *(f"fcbb:ff00:{k}::" for k in range(rng.randrange(6)))],
                "weight": rng.randrange(4),
                "verify": rng.random() < 0.1,
            }
            for _ in range(rng.randrange(1, 4))
        ]

    policies = [
        {
            "name": f"p{index}",
            "invalid": rng.choice(("drop", "forward")),
            "encap": rng.choice(("encap", "encap.red")),
            "keep-installed": rng.random() < 0.5,
            "priority": rng.randrange(3),
            "bsid": [["dynamic"], "fcbb:bb00:1:bb::/64", ["dynamic", {"behavior": "End.B6.Encaps"}]][rng.randrange(3)],
            "candidate-paths": [
                {"preference": rng.choice((1, 2)), "origin": rng.choice(("bgp", "pcep")), "segment-lists": lists()}
                for _ in range(rng.randrange(1, 4))
            ],
        }
        for index in range(4)
    ]
    parts = [{"name": f"c{n}", "color": n, "endpoint": "::", "segment-lists": lists()} for n in (1, 2, 3)]
    paths: list[Any] = [{"policies": [1, {"color": 2, "weight": 3}, 3]}, {"preference": 50, "segment-lists": lists()}]
    whole = {"name": "c", "color": 9, "endpoint": "::", "bsid": "dynamic", "candidate-paths": paths}
    used = rng.sample(prefixes, rng.randrange(3, len(prefixes)))
    return load_node_dict(
        {
            "node": "r1",
            "locator": "fcbb:bb00:1::/48",
            "source": "fcbb:bb00:1::1",
            "vrfs": [{"name": "blue", "id": 7}],
            "ports": {
                1: {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:1::1/64", "10.0.1.1/24"]},
                2: {"mac": "02:00:00:00:01:02", "addresses": ["2001:db8:2::1/64", "fcbb:bb00:1:8001:8000::1/113"]},
                3: {
                    "mac": "02:00:00:00:01:03",
                    "addresses": ["2001:db8:3::1/64"],
                    "policy": rng.choice(("p0", "p1")),
                    "vlans": {100: {"addresses": ["2001:db8:100::1/64"], "vrf": "blue"}},
                },
                4: {"mac": "02:00:00:00:01:04", "addresses": ["2001:db8:4::1/64"]},
                5: {"mode": "l2", "policy": "l2"},
            },
            "neighbors": [
                {"address": "2001:db8:1::2", "mac": "02:00:00:00:02:01"},
                {"address": "2001:db8:2::3", "mac": "02:00:00:00:02:02"},
            ][: rng.randrange(3)],
            "routes": [
                *(
                    {"prefix": prefix, "via": via(), **rng.choice(({}, {"backup": f"p{rng.randrange(4)}"}))}
                    for prefix in used
                ),
                *({"prefix": prefix, "via": "2001:db8:100::2", "vrf": "blue"} for prefix in ("fd01::/32", "::/0")),
                {"prefix": "fd02::/64", "via": {"port": 1}, "vrf": "blue"},
                {"prefix": "2600::/16", "blackhole": True},
                {"prefix": "2601::/16", "color": [1, {"color": 9, "co": 1}], "next-hop": "::", "via": via()},
                {"prefix": "2602::/16", "color": {"color": 2, "co": 2}, "next-hop": "2001:db8:1::9"},
                {"prefix": "2603::/16", "color": 3, "next-hop": "::", "service-sid": "fcbb:aa00::d46", "vrf": "blue"},
            ],
            "sids": [
                {"sid": "fcbb:bb00:1:8001::/64", "behavior": "End"},
                {"sid": "fcbb:bb00:1:8001:1::/84", "behavior": "End"},
                {"sid": "fcbb:bb00:1:a::/64", "behavior": "End.X", "via": rng.choice(HOSTS[:8])},
                {"sid": "fcbb:bb00:1:b::/64", "behavior": "End.B6.Encaps", "policy": "p1"},
                {"sid": "fcbb:dd00:1::/48", "behavior": "End.DT6", "vrf": "blue", "allow-outside-locator": True},
            ],
            "policies": [
                *policies,
                whole,
                *parts,
                {"name": "l2", "encap": "l2encap", "segments": [rng.choice(SEGMENTS)]},
            ],
            "steering": [
                *({"prefix": prefix, "policy": f"p{rng.randrange(4)}"} for prefix in rng.sample(STEERED, 3)),
                {"match": {"dst": "2001:db8:77::/48"}, "policy": "p2"},
                {"prefix": "2001:db8:88::/48", "policy": "c"},
                {"match": {"port": 1, "traffic-class": 4}, "policy": "p3"},
            ],
        }
    )


SEGMENTS = [
    "2001:db8:1::2", "2001:db8:2::9", "fd00::1:5", "fcbb:aa00::1", "fcbb:aa01::1", "2001:db8:9:1::5",
    "fcbb:bb00:1:8001::", "2001:db8:1::1",
]  # fmt: skip
STEERED = ["2001:db8:1::9/128", "2001:db8:9:1::/64", "fcbb:bb00:1:8001:1:2::/96", "2001:db8:2::8000/113", "10.5.0.0/16"]


class Switch:
    """Entries by key; every update is checked against what is there, and what packets may meet after it."""

    def __init__(self, entities: list[Entity]) -> None:
        self.entries: dict[Any, Entity] = {}
        for entity in entities:
            key = INFO.key(entity)
            assert key not in self.entries, f"twice: {entity}"
            self.entries[key] = entity

    def write(self, delta: Delta) -> None:
        before, rows = self.ways(), dict(self.entries)
        plan = Plan(delta.inserts, delta.modifies, delta.deletes, 0, order_of(INFO))
        for was, _ in delta.modifies:
            assert self.entries[INFO.key(was)] == was
        seen: dict[Any, list[frozenset[Any]]] = {}
        for update in plan.updates():
            key = INFO.key(update.entity)
            assert (key in self.entries) is (update.type is not UpdateType.INSERT), f"{update}"
            if update.type is UpdateType.DELETE:
                assert self.entries.pop(key) == update.entity
            else:
                self.entries[key] = update.entity
            for row, ways in self.ways().items():
                seen.setdefault(row, []).append(ways)
        after = self.ways()
        asks = frozenset(
            {"glean"}
        )  # a row that is new may come before the MAC of its next hop, which is asked for then
        for row, all_ways in seen.items():
            for ways in all_ways:
                # A row that is about to lead elsewhere may meet its old neighbour's new MAC first.
                allowed = before.get(row, asks) | after.get(row, asks) | asks
                assert ways <= allowed or ways <= allowed | self._now(rows[row]), f"{row} leads elsewhere"

    def _now(self, row: Entity) -> frozenset[Any]:
        """Where an old row would lead to."""
        assert isinstance(row, TableEntry)
        return frozenset(self._ends(row))

    def ways(self) -> dict[Any, frozenset[Any]]:
        """Row of a table that packets meet to the ends that it may lead them to; a dangling reference fails."""
        entry_tables = (*tables.ROUTES.values(), tables.MY_SID, tables.POLICY, *tables.CLASSIFIERS.values())
        return {
            key: frozenset(self._ends(entity))
            for key, entity in self.entries.items()
            if isinstance(entity, TableEntry) and entity.table in entry_tables
        }

    def _ends(self, entry: TableEntry) -> Iterator[Any]:
        actions = (
            [each.action for each in entry.action.actions] if isinstance(entry.action, ActionSet) else [entry.action]
        )
        for action in actions:
            assert isinstance(action, Action)
            number, group = action.params.get("nexthop_id"), action.params.get("nexthop_group_id")
            if number:
                yield from self._ends(self._entry(tables.NEXTHOP, "nexthop_id", number))
            if group:
                yield from self._ends(self._entry(tables.NEXTHOP_GROUP, "nexthop_group_id", group))
            if action.params.get("sidlist_id"):
                self._entry(tables.SIDLISTS[0], "sidlist_id", action.params["sidlist_id"])
            if action.name == "set_adjacency":
                yield action.params["egress_port"], action.params["dst_mac"]
            elif action.name not in ("set_nexthop", "set_nexthop_group"):
                yield action.name

    def _entry(self, table: str, field: str, number: Any) -> TableEntry:
        found = self.entries.get(INFO.key(TableEntry(table, {field: number})))
        assert isinstance(found, TableEntry), f"{table} has no {number}"
        return found


@pytest.mark.parametrize("collide", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_changes_are_what_compiling_again_gives(seed: int, collide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random nodes, random neighbours and ports that come and go, several at once; numbers that collide or do not."""
    if collide:
        monkeypatch.setattr("srv6cp.compile.ids.crc32", lambda key: len(key) % 3)
    rng = random.Random(seed)
    of = node(rng)
    learned: dict[tuple[InterfaceId, IPAddress], str] = {}
    down: frozenset[int] = frozenset()
    for _ in range(rng.randrange(8)):
        learned[rng.choice(INTERFACES), ip_address(rng.choice(HOSTS))] = f"02:00:00:00:09:{rng.randrange(9):02x}"
    ids, watch = ids_for(INFO), rng.random() < 0.5
    live = CompiledNode(of, INFO, learned, ids, down, watch)
    ids.sweep()
    switch = Switch(live.entities)
    for _ in range(25):
        changed: dict[tuple[InterfaceId, IPAddress], str | None] = {}
        for _ in range(rng.choice((0, 1, 1, 2, 6))):
            key = rng.choice(INTERFACES), ip_address(rng.choice(HOSTS))
            changed[key] = None if rng.random() < 0.4 else f"02:00:00:00:09:{rng.randrange(9):02x}"
        if rng.random() < 0.5:
            down = down ^ set(rng.sample(PORTS, rng.choice((1, 1, 2))))
        for key, mac in changed.items():
            if mac is None:
                learned.pop(key, None)
            else:
                learned[key] = mac
        switch.write(live.change(changed, down))
        ids.settle()
        adopted = ids_for(INFO)
        adopted.adopt(switch.entries.values(), REGISTRY.sections)
        again = compile_state(of, INFO, learned, adopted, down, watch, live.installed)
        assert switch.entries == {INFO.key(entity): entity for entity in again.entities}
        for now, then in zip(live.policies, again.policies, strict=True):
            assert (now.active, now.valid_lists) == (then.active, then.valid_lists)


def test_a_change_touches_what_depends_on_it_alone() -> None:
    """A neighbour of a node with a thousand routes and SIDs: one next hop; and of a port without routes, its prefix."""
    hop = {"address": "2001:db8:2::2", "port": 2}
    of = load_node_dict(
        {
            "node": "r1",
            "locator": "fcbb:bb00:1::/48",
            "ports": {
                1: {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:1::1/64"]},
                2: {"mac": "02:00:00:00:01:02", "addresses": ["2001:db8:2::1/64"]},
            },
            "routes": [{"prefix": f"2001:db9:0:{n:x}::/64", "via": hop} for n in range(1000)],
            "sids": [{"sid": f"fcbb:bb00:1:{n + 1:x}::/64", "behavior": "End"} for n in range(1000)],
        }
    )
    live = CompiledNode(of, INFO, {}, ids_for(INFO))
    via = InterfaceId(2), IPv6Address("2001:db8:2::2")
    found = live.change({via: "02:00:00:00:00:02"})
    assert [entry.table for entry in found.inserts if isinstance(entry, TableEntry)] == ["ipv6_table"], "its host route"
    assert [after.table for _, after in found.modifies if isinstance(after, TableEntry)] == ["nexthop_table"]
    assert live.change({via: "02:00:00:00:00:02"}) == Delta(), "it is as it was"
    gone = live.change({}, {1}).deletes
    assert [entry.match.get("ipv6_dst") for entry in gone if isinstance(entry, TableEntry)] == [
        of.ports[1].interfaces[0].addresses[0].network,
        None,
    ]
    back = live.change({}, set())
    assert set(map(INFO.key, back.inserts)) == set(map(INFO.key, gone))
