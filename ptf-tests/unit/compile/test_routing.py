# SPDX-License-Identifier: Apache-2.0
"""Routes, next hops, neighbours, ports."""

from __future__ import annotations

import pytest
from unit.compile.support import MACS, compiled, key, nexthop_of, route, rows

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
    found = compiled(ports={1: {"role": "external"}}, neighbors=[])
    assert rows(found, "ingress_port_table")[1].params["flags"] == 1
