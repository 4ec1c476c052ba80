# SPDX-License-Identifier: Apache-2.0
"""SIDs, policies and steering."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Any

import pytest
from unit.compile.support import compiled, nexthop_of, route, rows

from srv6cp.p4rt import Action, ActionSet, TableEntry, Ternary

NORTH = {"prefix": "fcbb:bb00:4::/48", "via": "2001:db8:1::2"}
SIDLISTS = (
    "srv6_sidlist_1_4_table",
    "srv6_sidlist_5_8_table",
    "srv6_sidlist_9_12_table",
    "srv6_sidlist_13_16_table",
)


def policy(mode: str, segments: list[str], **sections: Any) -> tuple[Any, Any]:
    """The compilation of a policy that steers a prefix, and its only action."""
    sections = {
        "routes": [NORTH],
        "policies": [{"name": "p", "encap": {"mode": mode}, "segments": segments}],
        "steering": [] if mode.startswith("l2") else [{"prefix": "2001:db8:99::/64", "policy": "p"}],
        **sections,
    }
    found = compiled(**sections)
    [actions] = rows(found, "sr_policy_table").values()
    assert isinstance(actions, ActionSet)
    [only] = actions.actions
    return found, only.action


def pushed(found: Any, action: Any) -> list[str]:
    """The pushed segments in wire order, over all chained tables."""
    result: list[str] = []
    for number, table in enumerate(SIDLISTS):
        entry = rows(found, table).get(action.params["sidlist_id"])
        if entry is None:
            continue
        names = [f"segment_list_{4 * number + index}" for index in range(len(entry.params))]
        assert list(entry.params) == names
        assert entry.name == f"segments_{4 * number + len(names)}"
        result += [str(value) for value in entry.params.values()]
    return result


@pytest.mark.parametrize("count", [1, 2, 4, 5, 8, 9, 16])
@pytest.mark.parametrize("mode", ["encap", "encap.red", "l2encap", "l2encap.red", "insert", "insert.red"])
def test_segment_lists(mode: str, count: int) -> None:
    path = ["fcbb:bb00:4::", *(f"fcbb:bb00:5::{index:x}" for index in range(1, count))]
    found, action = policy(mode, path)
    wire = path[::-1][: count - 1 if mode.endswith(".red") else count]
    assert str(action.params["first_segment"]) == path[0]
    assert action.params["segment_count"] == len(wire)
    assert pushed(found, action) == wire
    if not wire:
        assert action.params["sidlist_id"] == 0
    assert nexthop_of(found, action).name == "set_adjacency"


def test_defaults_of_the_outer_header() -> None:
    _, action = policy("encap", ["fcbb:bb00:4::"])
    assert action.name == "h_encaps"
    assert action.params["source_address"] == IPv6Address("fcbb:bb00:1::1")
    assert (action.params["hop_limit"], action.params["traffic_class"], action.params["flags"]) == (
        64,
        0,
        1 | 4,
    )


@pytest.mark.parametrize(
    ("encap", "hop_limit", "traffic_class", "flags"),
    [
        ({"hop-limit": "inherit"}, 0, 0, 5),
        ({"hop-limit": 7, "traffic-class": 0xB8}, 7, 0xB8, 4),
        ({"traffic-class": 0, "flow-label": 0}, 64, 0, 0),
        ({"flow-label": "copy"}, 64, 0, 1 | 2),
        ({"mode": "l2encap", "hop-limit": "inherit"}, 64, 0, 4),
    ],
)
def test_outer_header(encap: dict[str, Any], hop_limit: int, traffic_class: int, flags: int) -> None:
    found = compiled(routes=[NORTH], policies=[{"name": "p", "encap": encap, "segments": ["fcbb:bb00:4::"]}])
    [actions] = rows(found, "sr_policy_table").values()
    params = actions.actions[0].action.params
    assert (params["hop_limit"], params["traffic_class"], params["flags"]) == (
        hop_limit,
        traffic_class,
        flags,
    )


def test_weights_and_invalid_lists() -> None:
    lists = [
        {"weight": 30, "segments": ["fcbb:bb00:4::"]},
        {"weight": 10, "segments": ["fcbb:bb00:4::", "fcbb:bb00:5::"]},
        {"weight": 5, "segments": ["fcbb:bb00:99::"]},
    ]
    found = compiled(routes=[NORTH], policies=[{"name": "p", "segment-lists": lists}])
    [actions] = rows(found, "sr_policy_table").values()
    assert [each.weight for each in actions.actions] == [3, 1]
    [use] = found.policies
    assert use.valid_lists == (True, True, False)


def test_equal_lists_are_merged() -> None:
    lists = [{"weight": 1, "segments": ["fcbb:bb00:4::"]}, {"weight": 2, "segments": ["fcbb:bb00:4::"]}]
    found = compiled(routes=[NORTH], policies=[{"name": "p", "segment-lists": lists}])
    [actions] = rows(found, "sr_policy_table").values()
    assert [each.weight for each in actions.actions] == [1]


def resolves_to(segment: str, **sections: Any) -> str | None:
    """Action of the next hop towards a first segment; None when the list is invalid."""
    found = compiled(
        policies=[{"name": "p", "segments": [segment], "vrf": sections.pop("underlay", "default")}],
        **sections,
    )
    actions = rows(found, "sr_policy_table")
    if not actions:
        return None
    [only] = next(iter(actions.values())).actions
    return str(nexthop_of(found, only.action).name)


def test_underlay_resolution() -> None:
    assert resolves_to("fcbb:bb00:4::", routes=[NORTH]) == "set_adjacency"
    assert resolves_to("2001:db8:1::2") == "set_adjacency"
    assert resolves_to("2001:db8:1::77") == "glean"
    assert resolves_to("fcbb:bb00:4::") is None
    ecmp = {"prefix": "fcbb:bb00:4::/48", "via": ["2001:db8:1::2", "2001:db8:2::2"]}
    assert resolves_to("fcbb:bb00:4::", routes=[ecmp]) == "set_nexthop_group"


def test_the_longest_prefix_decides() -> None:
    default = {"prefix": "::/0", "via": "2001:db8:1::2"}
    hole = {"prefix": "fcbb:bb00:4::/48", "blackhole": True}
    assert resolves_to("fcbb:bb00:4::", routes=[default]) == "set_adjacency"
    assert resolves_to("fcbb:bb00:4::", routes=[default, hole]) is None


def test_a_sid_of_this_node_comes_first() -> None:
    sids = [{"sid": "fcbb:bb00:1:1::/64", "behavior": "End"}]
    default = [{"prefix": "::/0", "via": "2001:db8:1::2"}]
    assert resolves_to("fcbb:bb00:1:1::", sids=sids, routes=default) == "to_local_sid"
    # Inside the locator but no SID, and an own address that is none.
    assert resolves_to("fcbb:bb00:1:2::", sids=sids, routes=default) is None
    assert resolves_to("2001:db8:1::1", sids=sids, routes=default) is None


def test_underlay_vrf() -> None:
    blue = {"vrfs": ["blue"], "routes": [NORTH]}
    assert resolves_to("fcbb:bb00:4::", underlay="blue", **blue) is None


@pytest.mark.parametrize(("invalid", "action"), [("forward", None), ("drop", Action("blackhole"))])
def test_prefix_into_an_invalid_policy(invalid: str, action: Action | None) -> None:
    """HE-16, RFC 9256 8.2."""
    found = compiled(
        policies=[{"name": "p", "segments": ["fcbb:bb00:4::"], "invalid": invalid}],
        steering=[{"prefix": "2001:db8:99::/64", "policy": "p"}],
    )
    assert route(found, "2001:db8:99::/64") == action
    assert not rows(found, "sr_policy_table")


def test_an_invalid_policy_leaves_the_route_to_the_same_prefix() -> None:
    sections: dict[str, Any] = {
        "policies": [{"name": "p", "segments": ["fcbb:bb00:4::"]}],
        "steering": [{"prefix": "2001:db8:99::/64", "policy": "p"}],
    }
    direct = {"prefix": "2001:db8:99::/64", "via": "2001:db8:1::2"}
    assert getattr(route(compiled(routes=[direct], **sections), "2001:db8:99::/64"), "name", "") == "set_nexthop"
    assert getattr(route(compiled(routes=[direct, NORTH], **sections), "2001:db8:99::/64"), "name", "") == "steer"


def test_port_policies() -> None:
    sections: dict[str, Any] = {
        "ports": {
            1: {"addresses": ["2001:db8:1::1/64"], "policy": "p"},
            2: {"mode": "l2", "policy": "f"},
            3: {"mode": "l2"},
        },
        "neighbors": [],
        "policies": [
            {"name": "p", "segments": ["fcbb:bb00:4::"]},
            {"name": "f", "encap": "l2encap", "segments": ["fcbb:bb00:4::"]},
        ],
    }
    valid = rows(compiled(routes=[NORTH], **sections), "ingress_port_table")
    policies = {use.policy.name: use.number for use in compiled(routes=[NORTH], **sections).policies}
    assert valid[1].params["policy_id"] == policies["p"]
    assert valid[2] == Action("set_l2_port", {"policy_id": policies["f"]})
    assert valid[3] == Action("set_l2_port", {"policy_id": 0})
    invalid = rows(compiled(**sections), "ingress_port_table")
    assert invalid[1].params["policy_id"] == 0
    # A frame cannot be forwarded instead: it is dropped with POLICY_INVALID.
    assert invalid[2] == valid[2]


def test_classifier_entries() -> None:
    found = compiled(
        vrfs=[{"name": "blue", "id": 9}],
        routes=[NORTH],
        policies=[{"name": "p", "segments": ["fcbb:bb00:4::"]}],
        steering=[
            {
                "match": {
                    "dst": "2001:db8:9::/48",
                    "protocol": "udp",
                    "dst-port": 53,
                    "port": 1,
                    "vrf": "blue",
                },
                "priority": 3,
                "policy": "p",
            },
            {"match": {"traffic-class": 8}, "priority": 3, "policy": None},
        ],
    )
    entries = [e for e in found.entities if isinstance(e, TableEntry) and e.table.startswith("classifier")]
    first, second, third = entries
    assert first.match == {
        "vrf_id": Ternary(9, 0xFFFF),
        "ingress_port": Ternary(1, 0x1FF),
        "next_header": Ternary(17, 0xFF),
        "l4_dst_port": Ternary(53, 0xFFFF),
        "ipv6_dst": Ternary(IPv6Address("2001:db8:9::"), IPv6Address("ffff:ffff:ffff::")),
    }
    assert first.action == Action("classify_steer", {"policy_id": found.policies[0].number})
    assert {second.table, third.table} == {"classifier_ipv6_table", "classifier_ipv4_table"}
    assert second.action == third.action == Action("no_steering")
    # The rule that is listed first wins among equals; priorities come before order.
    assert first.priority > second.priority == third.priority > 3 * 1024 - 1


def test_rules_of_invalid_policies_are_left_out() -> None:
    sections: dict[str, Any] = {"steering": [{"match": {"protocol": "udp"}, "policy": "p"}]}
    entries = rows(
        compiled(policies=[{"name": "p", "segments": ["fcbb:bb00:4::"]}], **sections), "classifier_ipv6_table"
    )
    assert not entries
    dropping = compiled(policies=[{"name": "p", "segments": ["fcbb:bb00:4::"], "invalid": "drop"}], **sections)
    assert len(rows(dropping, "classifier_ipv6_table")) == 1


BEHAVIORS = [
    ({"behavior": "End", "flavors": ["psp", "usd"]}, "end", {"flavors": 5}),
    ({"behavior": "End.X", "via": "2001:db8:1::2"}, "end_x", {"flavors": 0, "nexthop_id": "set_adjacency"}),
    (
        {"behavior": "End.X", "via": ["2001:db8:1::2", "2001:db8:2::2"]},
        "end_x",
        {"flavors": 0, "nexthop_id": "set_nexthop_group"},
    ),
    ({"behavior": "End.T", "vrf": "blue", "flavors": ["usp"]}, "end_t", {"flavors": 2, "vrf_id": 9}),
    ({"behavior": "End.DX2", "port": 2}, "end_dx2", {"egress_port": 2, "mtu": 1400}),
    ({"behavior": "End.DX4", "via": "10.0.1.9"}, "end_dx4", {"nexthop_id": "glean"}),
    ({"behavior": "End.DX6", "via": "2001:db8:2::2"}, "end_dx6", {"nexthop_id": "set_adjacency"}),
    ({"behavior": "End.DX6", "via": "::"}, "end_dt6", {"vrf_id": 0}),
    ({"behavior": "End.DX4", "via": "0.0.0.0", "vrf": "blue"}, "end_dt4", {"vrf_id": 9}),
    ({"behavior": "End.DT4", "vrf": "blue"}, "end_dt4", {"vrf_id": 9}),
    ({"behavior": "End.DT6", "vrf": "default"}, "end_dt6", {"vrf_id": 0}),
    ({"behavior": "End.DT46", "vrf": "blue"}, "end_dt46", {"vrf_id": 9}),
    ({"behavior": "End.DT6", "vrf": "blue", "ttl": "uniform"}, "end_dt6", {"vrf_id": 9, "options": 0x10}),
    ({"behavior": "End.DX6", "via": "::", "dscp": "uniform"}, "end_dt6", {"vrf_id": 0, "options": 0x20}),
    (
        {"behavior": "End", "flavors": ["usd"], "ttl": "uniform", "dscp": "pipe", "ecn": "keep"},
        "end",
        {"flavors": 4, "options": 0x50},
    ),
]


@pytest.mark.parametrize(("sid", "action", "params"), BEHAVIORS)
def test_behaviours(sid: dict[str, Any], action: str, params: dict[str, Any]) -> None:
    found = compiled(vrfs=[{"name": "blue", "id": 9}], sids=[{"sid": "fcbb:bb00:1:1::/64", **sid}])
    entry = rows(found, "my_sid_table")[0, "fcbb:bb00:1:1::/64"]
    given = dict(entry.params)
    assert found.sids[given.pop("sid_index")].prefix.prefixlen == 64
    assert given.pop("options", 0) == params.get("options", 0)
    if isinstance(params.get("nexthop_id"), str):
        given["nexthop_id"] = nexthop_of(found, entry).name
    assert (entry.name, given) == (action, {key: value for key, value in params.items() if key != "options"})


@pytest.mark.parametrize("behavior", ["End.B6.Insert", "End.B6.Insert.Red", "End.B6.Encaps"])
def test_a_policy_says_where_an_insertion_leads_back_to(behavior: str) -> None:
    """The action of the binding SID follows from its policy; an encapsulation leads nowhere back."""
    actions = []
    for encap in ({}, {"return-to": "next-segment"}, {"return-to": "binding-sid"}):
        found = compiled(
            routes=[NORTH],
            policies=[{"name": "p", "encap": encap, "segments": ["fcbb:bb00:4::"]}],
            sids=[{"sid": "fcbb:bb00:1:1::/64", "behavior": behavior, "policy": "p"}],
        )
        actions.append(rows(found, "my_sid_table")[0, "fcbb:bb00:1:1::/64"].name)
    plain = behavior.lower().replace(".", "_")
    assert actions == [plain, plain, plain if behavior == "End.B6.Encaps" else f"{plain}_return"]


@pytest.mark.parametrize(
    ("behavior", "sid_action", "policy_action"),
    [
        ("End.B6.Encaps", "end_b6_encaps", "h_encaps"),
        ("End.B6.Encaps.Red", "end_b6_encaps_red", "h_encaps_red"),
        ("End.B6.Insert", "end_b6_insert", "h_insert"),
        ("End.B6.Insert.Red", "end_b6_insert_red", "h_insert_red"),
    ],
)
def test_a_binding_sid_chooses_the_mode(behavior: str, sid_action: str, policy_action: str) -> None:
    found = compiled(
        routes=[NORTH],
        policies=[{"name": "p", "encap": "l2encap", "segments": ["fcbb:bb00:4::"]}],
        sids=[{"sid": "fcbb:bb00:1:1::/64", "behavior": behavior, "policy": "p"}],
    )
    entry = rows(found, "my_sid_table")[0, "fcbb:bb00:1:1::/64"]
    assert entry.name == sid_action
    actions = rows(found, "sr_policy_table")[entry.params["policy_id"]]
    assert actions.actions[0].action.name == policy_action
    assert len({use.number for use in found.policies}) == 2


def test_where_a_local_sid_is_reprocessed() -> None:
    """END-10: an updated destination address must find the node's own SIDs."""
    found = compiled(
        vrfs=[{"name": "blue", "id": 9}],
        routes=[{"prefix": "fcbb:bb00:1:8000::/52", "via": "2001:db8:1::2"}],
        sids=[
            {"sid": "fcbb:bb00:1:1::/64", "behavior": "End"},
            {"sid": "fcbb:bb00:1:8001::/64", "behavior": "End"},
            {"sid": "fcbb:bb00:1:2::/64", "behavior": "End", "in-vrf": "blue"},
            {"sid": "fd00::/64", "behavior": "End", "allow-outside-locator": True},
            {"sid": "2001:db8:1::1", "behavior": "End", "allow-outside-locator": True},
        ],
    )
    assert route(found, "fcbb:bb00:1:1::/64") is None  # the locator covers it
    assert route(found, "fcbb:bb00:1:8001::/64") == Action("local_sid")  # a longer route would hide it
    assert route(found, "fcbb:bb00:1:2::/64", vrf=9) == Action("local_sid")
    assert route(found, "fd00::/64") == Action("local_sid")
    assert route(found, "2001:db8:1::1/128") == Action("local_sid")
