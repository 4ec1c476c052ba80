# SPDX-License-Identifier: Apache-2.0
"""Everything that is compiled fits the program, comes in reference order and is the same every time."""

from __future__ import annotations

import dataclasses
from typing import Any

from unit.compile.support import INFO, compiled, rows
from unit.config.example import FULL

from srv6cp.compile import Ids, compile_node, compile_state
from srv6cp.compile.ids import IdSpace
from srv6cp.config import load_node
from srv6cp.p4rt import CloneSession, MeterEntry, Replica, TableEntry

NODE = load_node(FULL)


def test_entities_are_as_the_switch_gives_them_back() -> None:
    for entity in compile_node(NODE, INFO):
        assert INFO.normalize(entity) == entity


def test_keys_are_unique() -> None:
    keys = [INFO.key(entity) for entity in compile_node(NODE, INFO)]
    assert len(keys) == len(set(keys))


def test_every_table_is_used() -> None:
    used = {entity.table for entity in compile_node(NODE, INFO) if isinstance(entity, TableEntry)}
    # Lists of more than four segments, bridge domains and copies of packets have tests of their own
    # (`test_bridging.py`, `unit/behaviours/test_replicate.py`).
    chained = {name for name in INFO.tables if "sidlist" in name} - {"srv6_sidlist_1_4_table"}
    bridging = {name for name in INFO.tables if name.startswith("bridge_")} | {"replica_table"}
    copies = {"replication_segment_table", "packet_copy_table"}
    assert used == set(INFO.tables) - chained - bridging - copies


def test_what_is_referred_to_comes_first() -> None:
    seen: dict[str, set[object]] = {
        "nexthop_id": {0},
        "nexthop_group_id": set(),
        "policy_id": {0},
        "sidlist_id": {0},
    }
    resolved = compiled(
        routes=[{"prefix": "::/0", "via": ["2001:db8:1::2", "2001:db8:2::2"]}],
        policies=[{"name": "p", "segments": ["fcbb:bb00:9::", "fcbb:bb00:8::"]}],
        steering=[{"prefix": "2001:db8:99::/64", "policy": "p"}],
        sids=[{"sid": "fcbb:bb00:1:1::/64", "behavior": "End.B6.Encaps", "policy": "p"}],
    )
    for entity in resolved.entities:
        if not isinstance(entity, TableEntry) or entity.action is None:
            continue
        actions = getattr(entity.action, "actions", None)
        for action in [each.action for each in actions] if actions else [entity.action]:
            for name, known in seen.items():
                if name in action.params:
                    assert action.params[name] in known, entity
        for name, known in seen.items():
            if name in entity.match:
                known.add(entity.match[name])


def meters(name: str, **config: Any) -> dict[int, tuple[int | None, int]]:
    """Rate and burst by index."""
    found = [entity for entity in compiled(**config).entities if isinstance(entity, MeterEntry)]
    assert all((entity.cir, entity.cburst) == (entity.pir, entity.pburst) for entity in found)
    return {entity.index: (entity.cir, entity.cburst) for entity in found if entity.meter == name and entity.index}


def test_clone_session() -> None:
    assert CloneSession(1, (Replica(510, 1),)) in compiled().entities


def test_each_port_has_a_meter_of_each_reason() -> None:
    found = meters("port_punt_meter", icmp={"rate": 10, "burst": 5})
    assert set(found) == {32 * port + reason for port in (1, 2, 510) for reason in (*range(1, 13), *range(14, 19))}
    for port in (1, 2):
        assert {found[32 * port + reason] for reason in range(6, 12)} == {(10, 5)}
        assert found[32 * port + 2] == found[32 * port + 3] == (200, 200)
    unmetered = meters("port_punt_meter", icmp=None)
    assert {index % 32 for index in found.keys() - unmetered.keys()} == set(range(6, 12))


def test_limits_of_the_node_file_reach_the_meters() -> None:
    limits = {"echo": {"rate": 7}, "neighbors": None, "passes": {"rate": 30, "burst": 3}, "sid-visits": 40}
    found = meters("port_punt_meter", limits=limits)
    port = 1
    assert found[32 * port + 12] == (7, 50)
    assert not {32 * port + 2, 32 * port + 3} & found.keys()
    assert meters("pass_meter", limits=limits) == dict.fromkeys((1, 2), (30, 3))
    assert meters("pass_meter", limits={"passes": None}) == {}
    entries = [entity for entity in compiled(limits=limits).entities if isinstance(entity, TableEntry)]
    assert [e.match for e in entries if e.table == "sid_visit_limit_table"] == [{"visits": 40}]


def test_upper_layers_and_domain() -> None:
    found = compiled(upper_layer=["icmpv6", 17], sr_domain={"sid-block": "fcbb:bb00::/32", "sources": ["fc00::/8"]})
    assert set(rows(found, "upper_layer_table")) == {58, 17}
    assert set(rows(found, "sid_block_table")) == {"fcbb:bb00::/32"}
    assert set(rows(found, "sr_domain_table")) == {"fc00::/8"}


def test_numbers_do_not_depend_on_the_rest_of_the_node() -> None:
    reordered = dataclasses.replace(
        NODE,
        sids=NODE.sids[::-1][2:],
        routes=NODE.routes[::-1],
        policies=dict(reversed(NODE.policies.items())),
    )
    before = {INFO.key(entity): entity for entity in compile_node(NODE, INFO)}
    for entity in compile_node(reordered, INFO):
        assert before[INFO.key(entity)] == entity


def test_a_collision_takes_the_next_number_and_keeps_it() -> None:
    space = IdSpace("things", 4)
    numbers = {key: space.take(key) for key in (b"a", b"b", b"c")}
    assert sorted(numbers.values()) == [1, 2, 3]
    try:
        space.take(b"d")
    except OverflowError as error:
        assert str(error) == "the switch has room for 3 things"
    else:
        raise AssertionError("a full space gave out a number")


def test_ids_survive_a_collision_partner() -> None:
    ids = Ids()
    first = compile_state(NODE, INFO, ids=ids)
    fewer = dataclasses.replace(NODE, sids=NODE.sids[3:])
    second = compile_state(fewer, INFO, ids=ids)
    assert {number: sid for number, sid in first.sids.items() if sid in fewer.sids} == dict(second.sids)


def test_swept_numbers_are_free_again() -> None:
    space = IdSpace("things", 3)
    space.take(b"a")
    space.take(b"b")
    space.sweep()
    space.take(b"b")
    space.sweep()
    assert space.take(b"c") in (1, 2)
