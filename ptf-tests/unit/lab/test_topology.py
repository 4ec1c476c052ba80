# SPDX-License-Identifier: Apache-2.0
"""The configuration that follows from a topology, shortest paths, and the pictures of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from srv6cp.config import load_node_dict
from srv6lab import graph
from srv6lab.configuration import config_of
from srv6lab.loader import load_topology, read_topology
from srv6lab.nodes import node_of
from srv6lab.routes import first_hops
from srv6lab.shipped import shipped
from srv6lab.topology import Router, Topology, TopologyError


def diamond(**changes: Any) -> Topology:
    links = ["r1 -- r2", "r1 -- r3", "r2 -- r4", "r3 -- r4"]
    hosts = {"h1": {"router": "r1"}, "h2": {"router": "r4"}}
    return read_topology(
        {"routers": {name: {} for name in ("r1", "r2", "r3", "r4")}, "hosts": hosts, "links": links, **changes}
    )


def test_first_hops_of_equal_cost_are_all_found() -> None:
    one = {"a": {"b": 1, "c": 1}, "b": {"a": 1, "d": 2}, "c": {"a": 1, "d": 2}, "d": {"b": 2, "c": 2}, "e": {}}
    assert first_hops(one, "a") == {"b": {"b"}, "c": {"c"}, "d": {"b", "c"}}


def test_first_hop_may_be_a_detour() -> None:
    costs = {"a": {"b": 9, "c": 1}, "b": {"a": 9, "c": 1}, "c": {"a": 1, "b": 1}}
    assert first_hops(costs, "a") == {"b": {"c"}, "c": {"c"}}


@pytest.mark.parametrize("name", shipped())
def test_configurations_of_shipped_topologies_are_valid(name: str) -> None:
    topology = load_topology(name)
    for router in topology.routers:
        assert load_node_dict(config_of(topology, router)).name == router


def test_configuration_of_a_router() -> None:
    config = config_of(diamond(), "r1")
    assert config["source"] == "fcbb:bb00:1::1" and config["device-id"] == 1
    assert config["ports"][1] == {
        "mac": "02:00:00:01:00:01",
        "mtu": 1500,
        "addresses": ["2001:db8:ff00:1::1/64", "10.255.1.1/24"],
    }
    assert config["ports"][3]["addresses"] == ["2001:db8:1::1/64", "10.0.1.1/24"]
    assert {"address": "2001:db8:1::2", "port": 3, "mac": "02:00:00:ff:00:01"} in config["neighbors"]
    both = ["2001:db8:ff00:1::2", "2001:db8:ff00:2::3"]
    assert {"prefix": "fcbb:bb00:4::/48", "via": both} in config["routes"]
    assert {"prefix": "2001:db8:2::/64", "via": both} in config["routes"]
    assert {"prefix": "10.0.2.0/24", "via": ["10.255.1.2", "10.255.2.3"]} in config["routes"]


def test_cheaper_way_is_the_only_one() -> None:
    links = ["r1 -- r2", {"link": "r1 -- r3", "cost": 5}, "r2 -- r4", "r3 -- r4"]
    config = config_of(diamond(links=links), "r1")
    assert {"prefix": "fcbb:bb00:4::/48", "via": ["2001:db8:ff00:1::2"]} in config["routes"]


def test_section_of_a_router_is_added_and_changes_to_that() -> None:
    way = {"name": "way", "segment-lists": [{"segments": ["r2"]}]}
    topology = diamond(routers={"r1": {"icmp": None, "policies": [way]}, "r2": {}, "r3": {}, "r4": {}})
    config = config_of(topology, "r1", {"policies": [{**way, "segment-lists": [{"segments": ["r3/End.X/r4"]}]}]})
    assert config["icmp"] is None
    assert config["policies"] == [{"name": "way", "segment-lists": [{"segments": ["fcbb:bb00:3:ea02::"]}]}]
    assert config_of(topology, "r1")["policies"][0]["segment-lists"][0]["segments"] == ["fcbb:bb00:2:e000::"]


def test_settings_of_a_port_are_added() -> None:
    ports = config_of(diamond(), "r1", {"ports": {1: {"role": "external"}, 9: {"mode": "l2"}}})["ports"]
    assert ports[1]["role"] == "external" and ports[1]["mtu"] == 1500 and ports[9] == {"mode": "l2"}
    with pytest.raises(TopologyError, match=r"^router r1: ports\[1\]: a mapping of settings is needed, not 'x'$"):
        node_of(diamond(), "r1", {"ports": {1: "x"}})


def test_host_in_a_vrf_is_not_in_the_routes_of_others() -> None:
    hosts = {"h1": {"router": "r1", "vrf": "blue"}, "h2": {"router": "r4"}}
    topology = diamond(hosts=hosts)
    config = config_of(topology, "r1")
    assert config["vrfs"] == ["blue"] and config["ports"][3]["vrf"] == "blue"
    assert not any(route["prefix"].startswith("2001:db8:1:") for route in config_of(topology, "r4")["routes"])
    assert config_of(topology, "r1", {"vrfs": [{"name": "blue", "id": 7}]})["vrfs"] == [{"name": "blue", "id": 7}]


def test_host_on_layer_2_makes_a_layer_2_port() -> None:
    hosts = {"h1": {"router": "r1", "l2": True}, "h2": {"router": "r4"}}
    topology = diamond(hosts=hosts)
    assert config_of(topology, "r1")["ports"][3] == {"mode": "l2", "mtu": 1500}
    assert not any(route["prefix"].startswith("2001:db8:1:") for route in config_of(topology, "r4")["routes"])


def test_segments_by_name() -> None:
    sids = [
        {"sid": "fcbb:bb00:4:b::/64", "behavior": "End.DT46", "vrf": "blue"},
        {"sid": "fcbb:bb00:4:d2::/64", "behavior": "End.DX2", "port": 3},
        {"sid": "fcbb:bb00:4:b6::", "behavior": "End.B6.Encaps", "policy": "way"},
        {"sid": "fcbb:bb00:4:d6::", "behavior": "end.dx6 nh6 2001:db8:ff00:3::2"},
    ]
    way = {"name": "way", "segments": ["r2"]}
    section = {"sids": sids, "vrfs": ["blue"], "policies": [way], "ports": {3: {"mode": "l2"}}}
    hosts = {"h1": {"router": "r1"}, "h2": {"router": "r4", "l2": True}}
    topology = diamond(hosts=hosts, routers={"r1": {}, "r2": {}, "r3": {}, "r4": section})
    wanted = {
        "r2": "fcbb:bb00:2:e000::",
        "r4/End": "fcbb:bb00:4:e000::",
        "r4/end.dt46": "fcbb:bb00:4:d046::",
        "r2/End.X/r4": "fcbb:bb00:2:ea02::",
        "r4/End.DT46/blue": "fcbb:bb00:4:b::",
        "r4/End.DX2/3": "fcbb:bb00:4:d2::",
        "r4/End.B6.Encaps/way": "fcbb:bb00:4:b6::",
        "r4/End.DX6/2001:db8:ff00:3::2": "fcbb:bb00:4:d6::",
        "2001:db8::7": "2001:db8::7",
    }
    assert {text: topology.segment(text) for text in wanted} == wanted


def test_segments_that_do_not_exist() -> None:
    with pytest.raises(TopologyError) as caught:
        diamond().segment("r9/End")
    assert str(caught.value) == "segment 'r9/End': no router 'r9'; there are r1, r2, r3, r4"
    with pytest.raises(TopologyError) as caught:
        diamond().segment("r2/End.X/r3")
    assert str(caught.value) == (
        "segment 'r2/End.X/r3': r2 has no such SID; write an address, or one of "
        "r2/End, r2/End.DT46, r2/End.X/r1, r2/End.X/r4"
    )


def test_text_of_a_topology() -> None:
    hosts = {"h1": {"router": "r1", "vrf": "blue"}, "h2": {"router": "r4", "l2": True}}
    links = [{"link": "r1 -- r4", "cost": 3}]
    topology = read_topology(
        {"about": "two", "picture": "  a\n   b\n", "routers": {"r1": {}, "r4": {}}, "hosts": hosts, "links": links}
    )
    assert graph.text(topology).splitlines() == [
        "lab: two",
        "",
        "    a",
        "     b",
        "",
        "  r1  router, locator fcbb:bb00:1::/48",
        "  r4  router, locator fcbb:bb00:2::/48",
        "  h1  host, 2001:db8:1::2 and 10.0.1.2, on r1, VRF blue",
        "  h2  host, 2001:db8:2::2 and 10.0.2.2, on r4, layer 2",
        "  r1 port 1 -- r4 port 1, cost 3",
        "  h1 -- r1 port 2",
        "  h2 -- r4 port 2",
    ]


def test_graphviz() -> None:
    lines = graph.dot(diamond()).splitlines()
    assert lines[0] == 'graph "lab" {' and lines[-1] == "}"
    assert '  "r1" [shape=box,label="r1\\nfcbb:bb00:1::/48"];' in lines
    assert '  "r2" -- "r4" [taillabel="2",headlabel="1",label=""];' in lines
    assert sum(" -- " in line for line in lines) == 6


def test_names_in_the_short_form_of_a_policy_are_segments() -> None:
    """`segments` of a policy with one list, as a list or a text, in a section and in what is added later."""
    short = {"name": "short", "segments": ["r2", "r3/End.DT46"]}
    routers = {"r1": {"policies": [short]}, "r2": {}, "r3": {}, "r4": {}}
    wanted = ["fcbb:bb00:2:e000::", "fcbb:bb00:3:d046::"]
    topology = diamond(routers=routers)
    assert config_of(topology, "r1")["policies"][0]["segments"] == wanted
    for written in (["r2", "r3/End.DT46"], "r2, r3/End.DT46", "r2 r3/End.DT46"):
        added = config_of(topology, "r1", {"policies": [{"name": "later", "segments": written}]})
        assert added["policies"][1]["segments"] == wanted
    assert topology.routers["r1"].extra["policies"][0]["segments"] == short["segments"]  # as it was written


@pytest.mark.parametrize(
    ("section", "before", "after"),
    [
        ("routes", {"prefix": "2001:db8:7::/64", "blackhole": True}, {"prefix": "2001:db8:7::/64", "via": "fe80::1"}),
        ("sids", {"sid": "fcbb:bb00:1:7::", "behavior": "End"}, {"sid": "fcbb:bb00:1:7::/128", "behavior": "End.T"}),
        ("steering", {"prefix": "10.0.0.0/8", "policy": "a"}, {"prefix": "10.0.0.0/8", "policy": "b"}),
        ("steering", {"match": {"dst-port": 5}, "policy": "a"}, {"match": {"dst-port": 5}, "policy": "b"}),
        ("policies", {"name": "p", "segments": ["::1"]}, {"name": "p", "segments": ["::2"]}),
        ("vrfs", "blue", {"name": "blue", "id": 7}),
        ("neighbors", {"address": "10.0.1.9", "port": 3, "mac": "a"}, {"address": "10.0.1.9", "mac": "b"}),
    ],
)
def test_what_is_added_takes_the_place_of_what_there_is(section: str, before: Any, after: Any) -> None:
    """A second route, SID, steering ... for the same thing was refused as given twice."""
    topology = diamond(routers={"r1": {}, "r2": {}, "r3": {}, "r4": {}})
    topology = replace(topology, routers={**topology.routers, "r1": Router("r1", 1, {section: [before]})})
    made = config_of(topology, "r1", {section: [after]})[section]
    assert after in made and before not in made
    assert len(made) == len(config_of(topology, "r1")[section])


def test_generated_route_is_replaced_by_that_of_the_section() -> None:
    route = {"prefix": "2001:db8:2::/64", "blackhole": True}
    routes = config_of(diamond(routers={"r1": {"routes": [route]}, "r2": {}, "r3": {}, "r4": {}}), "r1")["routes"]
    assert [each for each in routes if each["prefix"] == route["prefix"]] == [route]


def test_the_same_thing_twice_in_one_part_is_refused() -> None:
    route = {"prefix": "2001:db8:2::/64", "blackhole": True}
    with pytest.raises(TopologyError, match=r"^routers\.r1\.routes\[1\]\.prefix: .* twice"):
        diamond(routers={"r1": {"routes": [route, route]}, "r2": {}, "r3": {}, "r4": {}})


def test_port_steering_takes_the_place_of_the_port_s_own_policy() -> None:
    policies = [{"name": name, "encap": "l2encap", "segments": ["r4"]} for name in ("a", "b")]
    section = {"policies": policies, "ports": {3: {"policy": "a"}}}
    hosts = {"h1": {"router": "r1", "l2": True}, "h2": {"router": "r4"}}
    topology = diamond(hosts=hosts, routers={"r1": section, "r2": {}, "r3": {}, "r4": {}})
    assert node_of(topology, "r1", {"steering": [{"port": 3, "policy": "b"}]}).ports[3].policy == "b"


def test_more_links_than_the_third_byte_has_room_for() -> None:
    """Link 256 is in the next network, and all addresses are different."""
    routers = {f"r{number}": {} for number in range(1, 26)}
    links = [f"r{one} -- r{other}" for one in range(1, 26) for other in range(one + 1, 26)]
    found = read_topology({"routers": routers, "links": links})
    fours = [found.link_addresses(link, found.routers["r1"])[1].rpartition(".")[0] for link in found.links]
    assert len(set(fours)) == len(links) == 300
    assert fours[254:257] == ["10.255.255", "10.254.0", "10.254.1"]
