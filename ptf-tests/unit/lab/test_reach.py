# SPDX-License-Identifier: Apache-2.0
"""What a name means at a host: an address that it can reach, of the host that has it there."""

from __future__ import annotations

from typing import Any

from srv6lab.loader import load_topology, read_topology
from srv6lab.nodes import node_of
from srv6lab.reach import names_at
from srv6lab.topology import Topology

TWO = {"hosts": {"h1": {"router": "r1"}, "h2": {"router": "r2"}}, "links": ["r1 -- r2"]}


def names(topology: Topology, at: str) -> dict[str, list[str]]:
    """Names to addresses."""
    found: dict[str, list[str]] = {}
    for address, name in names_at(topology, {each: node_of(topology, each) for each in topology.routers}, at).items():
        found.setdefault(name, []).append(address)
    return found


def two(section: dict[str, Any]) -> Topology:
    return read_topology({**TWO, "routers": {"r1": section, "r2": {}}})


def test_name_is_the_host_of_the_same_vrf_and_in_a_family_that_has_a_way() -> None:
    """red has no way for IPv6, and the addresses of blue."""
    vpn = load_topology("vpn")
    assert names(vpn, "red1") == {"red1": ["2001:db8:1::2", "10.0.1.2"], "red2": ["10.0.2.2"]}
    assert names(vpn, "blue1") == {
        "blue1": ["2001:db8:1::2", "10.0.1.2"],
        "blue2": ["2001:db8:2::2", "10.0.2.2"],
    }


def test_names_where_all_is_reached() -> None:
    assert names(two({}), "h1") == {
        "h1": ["2001:db8:1::2", "10.0.1.2"],
        "h2": ["2001:db8:2::2", "10.0.2.2"],
        "r1": ["fcbb:bb00:1::1"],
        "r2": ["fcbb:bb00:2::1"],
    }


def test_a_router_knows_every_name() -> None:
    assert set(names(two({}), "r1")) == {"h1", "h2", "r1", "r2"}


def test_blackhole_is_no_way_and_the_longest_match_counts() -> None:
    hole = {"prefix": "2001:db8:2::/48", "blackhole": True}
    assert names(two({"routes": [hole]}), "h1")["h2"] == ["2001:db8:2::2", "10.0.2.2"]
    hole = {"prefix": "2001:db8:2::2/128", "blackhole": True}
    assert names(two({"routes": [hole]}), "h1")["h2"] == ["10.0.2.2"]


def test_steering_is_a_way() -> None:
    """By prefix, by what it matches, by the port of the host."""
    policy = {"name": "p", "segments": ["r2/End.DT46"]}
    hosts = {"a": {"router": "r1", "vrf": "x"}, "b": {"router": "r2", "vrf": "x"}}
    for steering in (
        {"prefix": "10.0.2.0/24", "vrf": "x", "policy": "p"},
        {"match": {"dst": "10.0.2.0/24", "vrf": "x"}, "policy": "p"},
    ):
        section = {"policies": [policy], "steering": [steering]}
        topology = read_topology({**TWO, "hosts": hosts, "routers": {"r1": section, "r2": {}}})
        assert names(topology, "a")["b"] == ["10.0.2.2"]
    section = {"policies": [policy], "ports": {2: {"policy": "p"}}}
    topology = read_topology({**TWO, "hosts": hosts, "routers": {"r1": section, "r2": {}}})
    assert names(topology, "a")["b"] == ["2001:db8:2::2", "10.0.2.2"]


def test_hosts_of_one_wire_know_each_other() -> None:
    assert set(names(load_topology("l2"), "h1")) == {"h1", "h2"}
