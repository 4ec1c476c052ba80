# SPDX-License-Identifier: Apache-2.0
"""``@refers_to``, ``@entry_restriction``, ``@p4runtime_role``: beyond the specification, as SAI-P4 and PINS
use them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conformance.raw import (
    DELETE,
    IDS,
    INSERT,
    MODIFY,
    Code,
    RawClient,
    RawStream,
    action,
    action_set,
    config,
    entry,
    pb,
)
from conformance.requirement import requirement

NEXTHOP = entry("nexthop_table", {"nexthop_id": 5}, action("drop"))
ROUTE = entry("route_table", {"ipv6_dst": (1 << 64, 64)}, action("set_nexthop", nexthop_id=5))
NEIGHBOR = entry("neighbor_table", {"nexthop_id": 5, "neighbor": 1}, action("forward", port=1, dst_addr=1))


@requirement(
    "PINS",
    "An entry whose @refers_to target does not exist: NOT_FOUND, naming the target",
    bmv2="not checked",
)
@pytest.mark.parametrize("message", [ROUTE, NEIGHBOR])
def test_missing_target(client: RawClient, message: Any) -> None:
    error = client.refused(INSERT, message)
    assert error.canonical_code == Code.NOT_FOUND
    assert "nexthop_table entry with nexthop_id=5" in error.message
    client.insert(NEXTHOP)
    client.insert(message)


@requirement("PINS", "Deletion of an entry that is referred to: FAILED_PRECONDITION", bmv2="not checked")
def test_delete_target(client: RawClient) -> None:
    client.insert(NEXTHOP, ROUTE, NEIGHBOR)
    error = client.refused(DELETE, NEXTHOP)
    assert error.canonical_code == Code.FAILED_PRECONDITION
    assert "2 references" in error.message
    client.delete(ROUTE)
    assert client.refused(DELETE, NEXTHOP).canonical_code == Code.FAILED_PRECONDITION
    client.modify(entry("route_table", do=action("drop"), is_default_action=True))
    client.delete(NEIGHBOR)
    client.delete(NEXTHOP)


@requirement("PINS", "MODIFY moves references", bmv2="not checked")
def test_modify_reference(client: RawClient) -> None:
    other = entry("nexthop_table", {"nexthop_id": 6}, action("drop"))
    client.insert(NEXTHOP, other, ROUTE)
    moved = entry("route_table", {"ipv6_dst": (1 << 64, 64)}, action("set_nexthop", nexthop_id=6))
    client.modify(moved)
    client.delete(NEXTHOP)
    assert client.refused(DELETE, other).canonical_code == Code.FAILED_PRECONDITION
    assert client.refused(MODIFY, ROUTE).canonical_code == Code.NOT_FOUND
    # A refused modify leaves the entry and its reference.
    assert client.read_tables(table_id=IDS["route_table"]) == [moved]
    assert client.refused(DELETE, other).canonical_code == Code.FAILED_PRECONDITION


@requirement("PINS", "References of default entries count too", bmv2="not checked")
def test_default_reference(client: RawClient) -> None:
    default = entry("route_table", do=action("set_nexthop", nexthop_id=5), is_default_action=True)
    assert client.refused(MODIFY, default).canonical_code == Code.NOT_FOUND
    client.insert(NEXTHOP)
    client.modify(default)
    assert client.refused(DELETE, NEXTHOP).canonical_code == Code.FAILED_PRECONDITION
    client.modify(entry("route_table", is_default_action=True))
    client.delete(NEXTHOP)


@requirement(
    "p4-constraints",
    "An entry that violates @entry_restriction: INVALID_ARGUMENT with the rule",
    bmv2="not checked",
)
@pytest.mark.parametrize(
    ("keys", "priority", "rule"),
    [
        ({"next_header": (6, 255)}, 1, "next_header::mask != 0 -> ether_type == 0x86dd"),
        ({"ether_type": (0x0800, 0xFFFF), "next_header": (6, 255)}, 1, "next_header::mask"),
        ({}, 10000, "::priority < 10000"),
        ({"ether_type": (0x0806, 0xFFFF), "ingress_port": 3}, 1, "ingress_port == 3"),
        ({"ether_type": (0x86DD, 0xFFFF), "next_header": (6, 255)}, 1, ""),
        ({"ether_type": (0x0806, 0xFFFF), "ingress_port": 4}, 9999, ""),
    ],
)
def test_restriction(client: RawClient, keys: dict[str, Any], priority: int, rule: str) -> None:
    message = entry("acl_table", keys, action("drop"), priority)
    if not rule:
        client.insert(message)
        return
    error = client.refused(INSERT, message)
    assert error.canonical_code == Code.INVALID_ARGUMENT
    assert rule in error.message


def reload(client: RawClient, change: Callable[[Any], None]) -> None:
    changed = config()
    change(changed.p4info)
    client.set_pipeline("VERIFY_AND_COMMIT", changed)


def table_of(info: Any, name: str) -> Any:
    return next(table for table in info.tables if table.preamble.name == name)


@requirement("PINS", "Two parameters that refer to one table refer to one entry together", bmv2="not checked")
def test_composite(client: RawClient) -> None:
    def change(info: Any) -> None:
        forward = next(a for a in info.actions if a.preamble.name == "forward")
        forward.params[0].annotations.append("@refers_to(neighbor_table, nexthop_id)")
        forward.params[1].annotations.append('@refers_to("neighbor_table" , "neighbor")')

    reload(client, change)
    client.insert(entry("nexthop_table", {"nexthop_id": 1}, action("drop")))
    client.insert(entry("nexthop_table", {"nexthop_id": 2}, action("drop")))
    first = entry("neighbor_table", {"nexthop_id": 1, "neighbor": 7}, action("forward", port=1, dst_addr=7))
    assert client.refused(INSERT, first).canonical_code == Code.NOT_FOUND
    # (An entry cannot be its own target.)


@requirement("PINS", "Members, one-shot sets and multicast groups refer and are referred to", bmv2="not checked")
def test_other_sources(client: RawClient) -> None:
    def change(info: Any) -> None:
        flood = next(a for a in info.actions if a.preamble.name == "flood")
        flood.params[0].annotations.append("@refers_to(builtin::multicast_group_table, multicast_group_id)")
        forward = next(a for a in info.actions if a.preamble.name == "forward")
        forward.params[0].annotations.append('@refers_to("profile_table", "src_addr")')
        field = table_of(info, "timeout_table").match_fields[0]
        field.annotations.append("@referenced_by(builtin::multicast_group_table, replica.instance)")

    reload(client, change)
    port = entry("profile_table", {"src_addr": 4}, pb.TableAction(action_profile_member_id=1))
    flood = entry("exact_table", {"dst_addr": 1, "ingress_port": 1}, action("flood", group=2))
    group = pb.MulticastGroupEntry(multicast_group_id=2, replicas=[pb.Replica(port=b"\1", instance=8)])
    instance = entry("timeout_table", {"src_addr": 8}, action("no_op"))
    one_shot = entry("group_table", {"group_id": 1}, action_set((action("forward", port=4, dst_addr=1), 1)))
    member = pb.ActionProfileMember(
        action_profile_id=IDS["manual_selector"], member_id=1, action=action("forward", port=4, dst_addr=1)
    )
    drop = pb.ActionProfileMember(action_profile_id=IDS["plain_profile"], member_id=1, action=action("drop"))
    for message in (flood, group, one_shot, member):
        assert client.refused(INSERT, message).canonical_code == Code.NOT_FOUND
    client.insert(drop, port, instance, group, flood, one_shot, member)
    for message in (group, instance, port):
        assert client.refused(DELETE, message).canonical_code == Code.FAILED_PRECONDITION
    client.delete(one_shot, member, port, flood, group, instance)


@requirement("PINS", "@p4runtime_role: other roles may not write the table, the default role may", bmv2="not checked")
def test_table_of_a_role(client: RawClient) -> None:
    reload(
        client,
        lambda info: table_of(info, "route_table").preamble.annotations.append('@p4runtime_role("routing")'),
    )
    drop = entry("route_table", {"ipv6_dst": (1 << 64, 64)}, action("drop"))
    other: RawStream = client.stream()
    other.arbitrate(1, role="acl")
    routing: RawStream = client.stream()
    routing.arbitrate(1, role="routing")
    client.role = "acl"
    error = client.refused(INSERT, drop)
    assert error.canonical_code == Code.PERMISSION_DENIED
    assert "routing" in error.message
    client.insert(entry("acl_table", {}, action("drop"), 1))
    client.role = "routing"
    client.insert(drop)
    client.role = ""
    client.delete(drop)
    client.insert(drop)
    # A role as the filter of a read: entities of other roles are left out.
    assert drop in [e.table_entry for e in client.read(pb.TableEntry(), role="routing")]
    assert drop not in [e.table_entry for e in client.read(pb.TableEntry(), role="acl")]
