# SPDX-License-Identifier: Apache-2.0
"""The edge of the SR domain: what a VLAN takes over from its port, what is refused and warned of, bogons, urpf."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from srv6cp.config import ConfigError, load_node, load_node_dict, warnings
from srv6cp.config.sysctl import known
from srv6cp.model import Interface, InterfaceId, Node, Urpf

BLOCK = "fcbb:bb00::/32"
EXTERNAL = {1: {"role": "external"}}


def node(**sections: Any) -> Node:
    return load_node_dict({"node": "r1", **{key.replace("_", "-"): value for key, value in sections.items()}})


def refused(**sections: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        node(**sections)
    return [str(problem) for problem in caught.value.problems]


def interface(made: Node, port: int, vlan: int = 0) -> Interface:
    found = made.interface(InterfaceId(port, vlan))
    assert found is not None
    return found


def test_vlan_of_an_external_port_without_role_is_external() -> None:
    made = node(
        vrfs=["blue"],
        sr_domain={"sid-block": BLOCK},
        ports={
            1: {
                "vrf": "blue",
                "role": "external",
                "urpf": "strict",
                "mtu": 2000,
                "mac": "02:00:00:00:00:01",
                "vlans": {
                    10: None,
                    11: {"role": "internal", "urpf": "off", "vrf": "default", "mtu": 1500, "mac": "02:00:00:00:00:02"},
                },
            },
            2: {"vlans": {20: {"role": "external", "urpf": "loose"}}},
        },
    )

    def guards(port: int, vlan: int) -> tuple[object, ...]:
        each = interface(made, port, vlan)
        return each.vrf, each.external, each.urpf6, each.urpf4, each.mtu, each.mac[-1]

    assert guards(1, 10) == guards(1, 0) == ("blue", True, Urpf.STRICT, Urpf.STRICT, 2000, "1")
    assert guards(1, 11) == ("default", False, Urpf.OFF, Urpf.OFF, 1500, "2")
    assert guards(2, 0)[:4] == ("default", False, Urpf.OFF, Urpf.OFF)
    assert guards(2, 20)[:4] == ("default", True, Urpf.LOOSE, Urpf.LOOSE)


def test_addresses_and_policy_of_a_vlan_are_its_own() -> None:
    port = {"addresses": ["2001:db8:1::1/64"], "policy": "p", "vlans": {10: {}}}
    made = node(source="2001:db8::1", ports={1: port}, policies=[{"name": "p", "segments": ["fcbb:bb00:2::"]}])
    assert (interface(made, 1, 10).addresses, interface(made, 1, 10).policy) == ((), None)


SIDS = [{"sid": "fcbb:bb00:1::1", "behavior": "End"}]
MAY_USE = "outside: hosts there may use this node's SIDs"
OPEN = "is in no sid-block, so that external ports reach it; "


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"locator": {"prefix": "fcbb:bb00:1::/48", "block": 32, "node": 16}}, "sid-block: fcbb:bb00::/32}"),
        ({"sids": SIDS}, "sid-block: fcbb:bb00:1::1/128}"),
        ({"sids": SIDS, "sr_domain": {"sources": BLOCK}}, "port 1 is external, but nothing is closed to it"),
        ({"sids": SIDS, "sr_domain": {"sid-block": "fcbb:bb01::/32"}}, f"sids[0]: SID fcbb:bb00:1::1/128 {OPEN}give"),
        (
            {"sids": [{"sid": "fcbb::/16", "behavior": "End"}], "sr_domain": {"sid-block": BLOCK}},
            f"SID fcbb::/16 {OPEN}",
        ),
        (
            {
                "addresses": ["2001:db8:5::1"],
                "sr_domain": {"sid-block": BLOCK},
                "sids": SIDS,
                "sysctl": {"seg6_enabled": 1},
                "ports": {1: {"role": "external", "addresses": ["2001:db8:1::1/64"]}},
            },
            f"SID 2001:db8:1::1/128 (and 1 more) {OPEN}",
        ),
    ],
)
def test_sids_that_nothing_guards_are_refused(sections: dict[str, Any], message: str) -> None:
    (problem,) = refused(**{"ports": EXTERNAL, **sections})
    assert message in problem


def test_external_vlan_without_sid_block_is_refused_where_it_stands() -> None:
    text = "node: r1\nports:\n  1:\n    vlans:\n      7: {role: external}\nsids: [{sid: 'fc00::1', behavior: End}]\n"
    with pytest.raises(ConfigError, match=r"^<string>:5: ports\[1\]\.vlans\[7\]: port 1\.7 is external, but"):
        load_node(text)


@pytest.mark.parametrize(
    ("sections", "messages"),
    [
        ({"ports": {1: {}}, "sids": SIDS}, []),
        ({"sids": SIDS, "sr_domain": {"sid-block": BLOCK}}, []),
        ({}, ["ports[1]: port 1 is external, but without sr-domain.sid-block the SIDs of others are open to it"]),
        (
            {"sids": SIDS, "sr_domain": {"sid-block": "fc00::/16", "sources": "fc00::/16"}},
            [f"sids[0]: SID fcbb:bb00:1::1/128 {OPEN}only sr-domain.sources guards it"],
        ),
        (
            {
                "ports": {1: {"role": "external", "addresses": ["2001:db8:1::1/64", "10.0.1.1/24"]}},
                "routes": [
                    {"prefix": "2001:db8:9::/48", "via": "2001:db8:1::2"},
                    {"prefix": "2001:db9::/48", "via": "2001:db8:1::2"},
                    {"prefix": "::/0", "via": "2001:db8:1::2"},
                ],
                "sr_domain": {"sid-block": BLOCK, "sources": "2001:db8::/32"},
            },
            [
                f"sr-domain.sources: 2001:db8:1::/64 is among the sources, but port 1 leads {MAY_USE}",
                f"sr-domain.sources: 2001:db8:9::/48 is among the sources, but the route by port 1 leads {MAY_USE}",
            ],
        ),
    ],
)
def test_what_may_not_be_meant_is_warned_of(sections: dict[str, Any], messages: list[str]) -> None:
    assert [str(each) for each in warnings(node(**{"ports": EXTERNAL, **sections}))] == messages


def test_bogons_are_the_special_ones_unless_the_node_file_says_otherwise() -> None:
    special = node().domain
    assert ip_network("2001::/23") in special.bogons and ip_network("2001::/32") in special.no_bogons
    assert node(sr_domain={"bogons": "special"}).domain == special
    assert node(sr_domain={"bogons": []}).domain.bogons == ()
    both = node(sr_domain={"bogons": ["special", "private", "2001::/32", "198.51.100.7"]}).domain
    assert {ip_network(each) for each in ("2001::/23", "10.0.0.0/8", "198.51.100.7/32")} < set(both.bogons)
    assert ip_network("2001::/32") in both.bogons and ip_network("2001::/32") not in both.no_bogons


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("martians", "'martians' is no list of bogons; valid: a prefix, special, documentation, private, benchmarking"),
        (["10.0.0.1/8"], "sr-domain.bogons: bogons 10.0.0.1/8 has host bits set; the prefix is 10.0.0.0/8"),
        ([7], "sr-domain.bogons: bogons must be an IPv6 or IPv4 prefix, not 7"),
    ],
)
def test_wrong_bogons(value: Any, message: str) -> None:
    (problem,) = refused(sr_domain={"bogons": value})
    assert message in problem


def test_wrong_urpf() -> None:
    (problem,) = refused(ports={1: {"urpf": "feasible"}})
    assert problem == "ports[1].urpf: urpf must be one of off, strict, loose, not 'feasible'"


OFF, STRICT, LOOSE = Urpf.OFF, Urpf.STRICT, Urpf.LOOSE


@pytest.mark.parametrize(
    ("settings", "modes"),
    [
        ({}, [OFF, OFF, OFF, STRICT]),
        ({"net.ipv4.conf.all.rp_filter": 1}, [STRICT, STRICT, STRICT, STRICT]),
        ({"net.ipv4.conf.all.rp_filter": 1, "net/ipv4/conf/1/rp_filter": 2}, [LOOSE, LOOSE, STRICT, STRICT]),
        ({"net.ipv4.conf.default.rp_filter": 1, "net.ipv4.conf.1.rp_filter": 0}, [OFF, OFF, STRICT, STRICT]),
        ({"net.ipv4.conf.1/10.rp_filter": 2}, [OFF, LOOSE, OFF, STRICT]),
        ({"net.ipv4.conf.veth2.rp_filter": 2, "net.ipv4.conf.3.rp_filter": 1}, [OFF, OFF, LOOSE, STRICT]),
    ],
)
def test_rp_filter_is_urpf_of_ipv4(settings: dict[str, int], modes: list[Urpf]) -> None:
    """As in the kernel: the greater of ``all`` and the interface; what says urpf itself has said it."""
    ports = {1: {"vlans": {10: {}}}, 2: {"interface": "veth2"}, 3: {"urpf": "strict"}}
    made = node(ports=ports, sysctl=settings)
    places = ((1, 0), (1, 10), (2, 0), (3, 0))
    assert [interface(made, *place).urpf4 for place in places] == modes
    assert [interface(made, *place).urpf6 for place in places] == [OFF, OFF, OFF, STRICT]


def test_rp_filter_that_contradicts_urpf_or_is_none() -> None:
    assert refused(ports={1: {"urpf": "loose"}}, sysctl={"net.ipv4.conf.1.rp_filter": 1}) == [
        "sysctl.net.ipv4.conf.1.rp_filter: port 1 has urpf: loose; change it there"
    ]
    assert refused(sysctl={"net.ipv4.conf.all.rp_filter": 3}) == [
        "sysctl.net.ipv4.conf.all.rp_filter: net.ipv4.conf.all.rp_filter must be one of 0, 1, 2, not 3"
    ]
    assert known([1])["net.ipv4.conf.1.rp_filter"] == 0
