# SPDX-License-Identifier: Apache-2.0
"""Everything that is compiled fits the program, comes in reference order and is the same every time."""

from __future__ import annotations

import dataclasses

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
    # Lists of more than four segments have a test of their own.
    chained = {name for name in INFO.tables if "sidlist" in name} - {"srv6_sidlist_1_4_table"}
    assert used == set(INFO.tables) - chained


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


def test_clone_session_and_meters() -> None:
    entities = compiled(icmp={"rate": 10, "burst": 5}).entities
    assert CloneSession(1, (Replica(510, 1),)) in entities
    meters = {entity.index: entity for entity in entities if isinstance(entity, MeterEntry)}
    assert set(meters) == set(range(1, 12))
    assert all(meters[reason].cir == 10 and meters[reason].pburst == 5 for reason in range(6, 11))
    assert all((meters[reason].cir or 0) >= 1000 for reason in range(1, 6))
    unmetered = {entity.index for entity in compiled(icmp=None).entities if isinstance(entity, MeterEntry)}
    assert unmetered == set(range(1, 6))


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
