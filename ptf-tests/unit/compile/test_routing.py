# SPDX-License-Identifier: Apache-2.0
"""Routes, next hops, neighbours, ports."""

from __future__ import annotations

import pytest
from unit.compile.support import MACS, compiled, key, nexthop_of, route, rows

from srv6cp.compile import Compilation
from srv6cp.p4rt import Action, ActionSet

SET_ADJACENCY_1 = Action(
    "set_adjacency",
    {"egress_port": 1, "vlan_id": 0, "src_mac": "02:00:00:00:01:01", "dst_mac": MACS[1], "mtu": 1500},
)
SET_ADJACENCY_2 = Action(
    "set_adjacency",
    {"egress_port": 2, "vlan_id": 0, "src_mac": "02:00:00:00:01:02", "dst_mac": MACS[2], "mtu": 1400},
)


def test_connected_prefix_is_gleaned() -> None:
    found = compiled()
    action = route(found, "2001:db8:1::/64")
    assert nexthop_of(found, action) == Action("glean", {"egress_port": 1, "vlan_id": 0})
    assert action is not None
    [(interface, address)] = found.targets[int(str(action.params["nexthop_id"]))]
    assert (interface.port, address) == (1, None)


def test_neighbour_has_a_host_route() -> None:
    found = compiled()
    assert nexthop_of(found, route(found, "2001:db8:1::2/128")) == SET_ADJACENCY_1


def test_learned_neighbours_get_host_routes_on_link_only() -> None:
    learned = {
        key(1, "2001:db8:1::9"): "02:00:00:00:09:09",
        key(1, "2001:db8:2::9"): "02:00:00:00:09:0a",
        key(1, "fe80::9"): "02:00:00:00:09:0b",
        key(7, "2001:db8:1::8"): "02:00:00:00:09:0c",
    }
    found = compiled(learned)
    assert nexthop_of(found, route(found, "2001:db8:1::9/128")).params["dst_mac"] == "02:00:00:00:09:09"
    assert route(found, "2001:db8:2::9/128") is None
    assert route(found, "fe80::9/128") is None
    assert route(found, "2001:db8:1::8/128") is None


def test_host_route_by_a_port_leads_to_the_neighbour_itself() -> None:
    """``via: {port}`` of a /128 or /32 is the destination's own adjacency, static or learned, alone or in a set."""
    far = "203.0.113.5"
    found = compiled(
        {key(2, far): "02:00:00:00:09:09"},
        routes=[
            {"prefix": "2001:db8:2::2/128", "via": {"port": 2}},
            {"prefix": f"{far}/32", "via": {"port": 2}},
            {"prefix": "203.0.113.6/32", "via": [{"port": 2}, {"address": "10.0.1.9"}]},
        ],
    )
    assert nexthop_of(found, route(found, "2001:db8:2::2/128")) == SET_ADJACENCY_2
    assert nexthop_of(found, route(found, f"{far}/32")).params["dst_mac"] == "02:00:00:00:09:09"
    assert {key(2, far), key(2, "203.0.113.6"), key(1, "10.0.1.9")} <= found.addresses


def test_neighbours_of_prefixes_by_a_port() -> None:
    """A host route in every VRF whose longest match leads to the neighbour on its port, and in no other."""
    learned = {key(2, f"2001:db8:77::{host}"): "02:00:00:00:09:09" for host in (5, 81, "c1")}
    found = compiled(
        learned,
        vrfs=[{"name": "blue", "id": 7}, {"name": "red", "id": 8}],
        routes=[
            {"prefix": "2001:db8:77::/64", "via": {"port": 2}},
            {"prefix": "2001:db8:77::80/122", "via": "2001:db8:1::2"},
            {"prefix": "2001:db8:77::/64", "via": {"port": 2}, "vrf": "blue"},
            {"prefix": "2001:db8:77::/64", "via": {"port": 1}, "vrf": "red"},
        ],
        policies=[{"name": "north", "segments": ["2001:db8:1::9"]}],
        steering=[{"prefix": "2001:db8:77::c0/122", "policy": "north"}],
    )
    assert nexthop_of(found, route(found, "2001:db8:77::5/128")).params["dst_mac"] == "02:00:00:00:09:09"
    assert route(found, "2001:db8:77::5/128", 7) == route(found, "2001:db8:77::5/128")
    assert route(found, "2001:db8:77::5/128", 8) is None
    assert route(found, "2001:db8:77::81/128") is None
    assert route(found, "2001:db8:77::c1/128") is None
    assert route(found, "2001:db8:77::c1/128", 7) is not None


def test_learned_neighbour_takes_nothing_from_a_sid() -> None:
    """Inside a SID of a locator that the link's prefix lies in, of one outside locators, and beside them."""
    found = compiled(
        {key(2, f"{prefix}::9"): "02:00:00:00:09:09" for prefix in ("fcbb:bb00:1:e", "fcbb:bb00:1:f", "2001:db8:2:1")},
        ports={2: {"addresses": ["fcbb:bb00:1:e::1/60", "2001:db8:2::1/48"]}},
        neighbors=[],
        sids=[
            {"sid": "fcbb:bb00:1:e::/64", "behavior": "End"},
            {"sid": "2001:db8:2:1::/64", "behavior": "End", "allow-outside-locator": True},
        ],
    )
    assert route(found, "fcbb:bb00:1:e::9/128") is None
    assert route(found, "2001:db8:2:1::9/128") is None
    assert route(found, "fcbb:bb00:1:f::9/128") is not None


def test_first_segment_on_link_by_a_route_is_the_next_hop() -> None:
    found = compiled(
        routes=[{"prefix": "fcbb:bb00::/32", "via": {"port": 2}}],
        policies=[{"name": "north", "segments": ["fcbb:bb00:4::"]}],
    )
    assert key(2, "fcbb:bb00:4::") in found.addresses


def test_a_configured_neighbour_wins_over_a_learned_one() -> None:
    found = compiled({key(1, "2001:db8:1::2"): "02:00:00:00:09:09"})
    assert nexthop_of(found, route(found, "2001:db8:1::2/128")) == SET_ADJACENCY_1


def test_own_addresses_and_locator() -> None:
    found = compiled(addresses=["2001:db8:ff::1/128"])
    for address in ("fcbb:bb00:1::1", "2001:db8:1::1", "2001:db8:2::1", "2001:db8:ff::1"):
        assert route(found, f"{address}/128") == Action("local")
    assert route(found, "10.0.1.1/32") == Action("local")
    assert route(found, "fcbb:bb00:1::/48") == Action("local_sid")


def test_unresolved_next_hop_becomes_an_adjacency_without_a_new_number() -> None:
    routes = [{"prefix": "2001:db8:9::/64", "via": "2001:db8:1::7"}]
    before = compiled(routes=routes)
    after = compiled({key(1, "2001:db8:1::7"): "02:00:00:00:07:07"}, routes=routes)
    assert nexthop_of(before, route(before, "2001:db8:9::/64")).name == "glean"
    assert nexthop_of(after, route(after, "2001:db8:9::/64")).params["dst_mac"] == "02:00:00:00:07:07"
    assert route(before, "2001:db8:9::/64") == route(after, "2001:db8:9::/64")
    assert (key(1, "2001:db8:1::7")) in before.addresses


def test_blackhole_and_default_route() -> None:
    found = compiled(
        routes=[{"prefix": "::/0", "via": "2001:db8:1::2"}, {"prefix": "2001:db8:d::/48", "blackhole": True}]
    )
    assert nexthop_of(found, route(found, "::/0")) == SET_ADJACENCY_1
    assert route(found, "2001:db8:d::/48") == Action("blackhole")


def ecmp(via: list[object], neighbors: dict[object, str] | None = None) -> tuple[object, dict[object, object]]:
    found = compiled(neighbors, routes=[{"prefix": "2001:db8:9::/64", "via": via}])  # type: ignore[arg-type]
    return nexthop_of(found, route(found, "2001:db8:9::/64")), rows(found, "nexthop_group_table")


def test_ecmp_weights_are_divided_by_their_common_divisor() -> None:
    action, groups = ecmp([{"address": "2001:db8:1::2", "weight": 100}, {"address": "2001:db8:2::2", "weight": 200}])
    [(number, group)] = groups.items()
    assert isinstance(action, Action) and action.name == "set_nexthop_group"
    assert action.params["nexthop_group_id"] == number
    assert isinstance(group, ActionSet)
    assert [(each.weight, each.action) for each in group.actions] == [
        (1, SET_ADJACENCY_1),
        (2, SET_ADJACENCY_2),
    ]


def test_ecmp_leaves_unresolved_members_out() -> None:
    action, groups = ecmp(["2001:db8:1::2", "2001:db8:2::7"])
    assert action == SET_ADJACENCY_1
    assert not groups
    action, groups = ecmp(["2001:db8:1::7", "2001:db8:2::7"])
    assert action == Action("glean", {"egress_port": 1, "vlan_id": 0})
    assert not groups


def test_routes_share_next_hops() -> None:
    found = compiled(
        routes=[
            {"prefix": "2001:db8:8::/64", "via": ["2001:db8:1::2", "2001:db8:2::2"]},
            {"prefix": "2001:db8:9::/64", "via": ["2001:db8:2::2", "2001:db8:1::2"]},
        ]
    )
    assert route(found, "2001:db8:8::/64") == route(found, "2001:db8:9::/64")
    assert len(rows(found, "nexthop_group_table")) == 1


def test_ipv4_over_an_ipv6_next_hop() -> None:
    found = compiled(routes=[{"prefix": "10.9.0.0/16", "via": "2001:db8:2::2"}])
    assert nexthop_of(found, route(found, "10.9.0.0/16")) == SET_ADJACENCY_2


def test_vrfs_and_vlans() -> None:
    found = compiled(
        vrfs=[{"name": "blue", "id": 9}],
        ports={
            1: {
                "mac": "02:00:00:00:01:01",
                "vlans": {100: {"addresses": ["10.9.0.1/24"], "vrf": "blue", "mtu": 1300}},
            }
        },
        neighbors=[{"address": "10.9.0.2", "port": "1.100", "mac": MACS[1]}],
        routes=[{"prefix": "0.0.0.0/0", "vrf": "blue", "via": "10.9.0.2"}],
    )
    assert nexthop_of(found, route(found, "0.0.0.0/0", vrf=9)).params == {
        "egress_port": 1,
        "vlan_id": 100,
        "src_mac": "02:00:00:00:01:01",
        "dst_mac": MACS[1],
        "mtu": 1300,
    }
    assert rows(found, "ingress_vlan_table") == {
        (1, 100): Action("set_router_interface", {"vrf_id": 9, "mac": "02:00:00:00:01:01", "policy_id": 0, "flags": 0})
    }


@pytest.mark.parametrize(
    ("sections", "flags"),
    [
        ({}, 0),
        ({"sr_domain": {"sources": ["fc00::/8"]}}, 4),
        ({"steering": [{"match": {"protocol": "udp"}, "policy": None}]}, 2),
        ({"steering": [{"match": {"port": 1}, "policy": None}]}, 2),
        ({"steering": [{"match": {"port": 2}, "policy": None}]}, 0),
    ],
)
def test_interface_flags(sections: dict[str, object], flags: int) -> None:
    assert rows(compiled(**sections), "ingress_port_table")[1].params["flags"] == flags


def test_external_interface() -> None:
    found = compiled(ports={1: {"role": "external"}}, neighbors=[], sr_domain={"sid-block": "fcbb:bb00::/32"})
    assert rows(found, "ingress_port_table")[1].params["flags"] == 1


def test_what_a_port_that_is_down_takes_along() -> None:
    """Connected prefixes, host routes and routes without another way go; own addresses stay."""
    both = [{"address": "2001:db8:1::2"}, {"address": "2001:db8:2::2"}]
    routes = [{"prefix": "2600::/16", "via": "2001:db8:2::2"}, {"prefix": "2601::/16", "via": both}]
    learned = {key(2, "2001:db8:2::9"): "02:00:00:00:09:09"}
    up, down = compiled(learned, routes=routes), compiled(learned, routes=routes, down={2})
    gone = ["2001:db8:2::/64", "2001:db8:2::2/128", "2001:db8:2::9/128", "2600::/16"]
    assert all(route(up, prefix) for prefix in gone)
    assert not any(route(down, prefix) for prefix in gone)
    assert route(down, "2001:db8:2::1/128") == Action("local")
    assert route(down, "2601::/16") == route(up, "2601::/16"), (
        "its number stays: one entry changes, whatever leads to it"
    )
    assert nexthop_of(down, route(down, "2601::/16")) == SET_ADJACENCY_1


def test_members_of_groups_watch_their_port() -> None:
    both = [{"address": "2001:db8:1::2"}, {"address": "2001:db8:2::2"}]
    policy = {"name": "p", "segment-lists": [{"segments": ["2001:db8:1::2"]}, {"segments": ["2601::1"]}]}
    for watch, ports in ((True, {1, 2}), (False, {None})):
        found = compiled(routes=[{"prefix": "2601::/16", "via": both}], policies=[policy], watch=watch)
        [group] = rows(found, "nexthop_group_table").values()
        assert {member.watch_port for member in group.actions} == ports
        [lists] = rows(found, "sr_policy_table").values()
        assert {member.watch_port for member in lists.actions} == ({1, None} if watch else {None})


def test_broadcast_addresses_of_connected_prefixes() -> None:
    """RFC 1812 4.2.3.1, RFC 3021; an own address or a route of that address wins."""
    found = compiled(
        ports={
            1: {
                "mac": "02:00:00:00:01:01",
                "addresses": ["10.0.1.1/24", "10.0.2.0/31", "10.0.3.1/32", "10.0.4.0/24", "2001:db8:1::1/64"],
            }
        },
        neighbors=[],
        routes=[{"prefix": "10.0.1.255", "via": "10.0.1.9"}],
    )
    broadcasts = {key[1] for key, action in rows(found, "ipv4_table").items() if action.name == "broadcast"}
    assert broadcasts == {"10.0.1.0/32", "10.0.4.255/32"}
    assert route(found, "10.0.4.0/32") == Action("local")
    found = compiled()
    assert route(found, "10.0.1.0/32") == route(found, "10.0.1.255/32") == Action("broadcast")


# --- one longest match over SIDs, own addresses and routes ---------------------------------------------------------

INSIDE = "fcbb:bb00:1:1::100:0"


def no_sids(found: Compilation) -> set[tuple[int, str]]:
    """VRF and prefix of what is inside a SID and not the SID's."""
    return {key for key, action in rows(found, "my_sid_table").items() if action.name == "not_a_sid"}


def test_what_lies_inside_a_sid_is_named_once() -> None:
    """A route, a connected prefix, an own address inside a SID; not what is inside one of these, nor around the SID."""
    found = compiled(
        sids=[{"sid": "fcbb:bb00:1:1::/64", "behavior": "End"}, {"sid": f"{INSIDE}/120", "behavior": "End"}],
        addresses=["fcbb:bb00:1:1::abcd/128", "fcbb:bb00:1:2::1/128"],
        routes=[
            {"prefix": "fcbb:bb00::/32", "via": "2001:db8:2::2"},
            {"prefix": "fcbb:bb00:1:1::/64", "via": "2001:db8:2::2"},  # the SID itself wins
            {"prefix": f"{INSIDE}/112", "via": "2001:db8:2::2"},
            {"prefix": f"{INSIDE}/116", "via": "2001:db8:1::2"},
            {"prefix": f"{INSIDE}/122", "via": "2001:db8:2::2"},
        ],
    )
    assert no_sids(found) == {
        (0, "fcbb:bb00:1:1::abcd/128"),
        (0, f"{INSIDE}/112"),
        (0, f"{INSIDE}/122"),
    }


def test_a_steered_prefix_inside_a_sid() -> None:
    found = compiled(
        sids=[{"sid": "fcbb:bb00:1:1::/64", "behavior": "End"}],
        policies=[{"name": "north", "segments": ["2001:db8:2::2"]}],
        steering=[{"prefix": f"{INSIDE}/112", "policy": "north"}],
    )
    assert no_sids(found) == {(0, f"{INSIDE}/112")}


def test_a_learned_neighbour_takes_nothing_from_a_sid() -> None:
    """Whoever is on the link may send from an address inside a SID; packets for it stay the SID's."""
    ports = {1: {"mac": "02:00:00:00:01:01", "addresses": ["fcbb:bb00:1:8001:8000::1/49", "10.0.1.1/24"]}}
    learned = {key(1, "fcbb:bb00:1:8001::9"): MACS[1], key(1, "fcbb:bb00:1:8002::9"): MACS[1]}
    sids = [{"sid": "fcbb:bb00:1:8001::/64", "behavior": "End"}]
    found = compiled(learned, ports=ports, neighbors=[], sids=sids)
    assert route(found, "fcbb:bb00:1:8001::9/128") is None and route(found, "fcbb:bb00:1:8002::9/128") is not None
    assert no_sids(found) == {(0, "fcbb:bb00:1:8001:8000::1/128")}
    configured = [{"address": "fcbb:bb00:1:8001::9", "port": 1, "mac": MACS[1]}]
    found = compiled(ports=ports, neighbors=configured, sids=sids)
    assert (0, "fcbb:bb00:1:8001::9/128") in no_sids(found)
