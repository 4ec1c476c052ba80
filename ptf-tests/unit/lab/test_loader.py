# SPDX-License-Identifier: Apache-2.0
"""Topology files: each mistake gets one clear message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from srv6lab.loader import check_changes, load_topology, read_changes, read_topology
from srv6lab.nodes import node_of
from srv6lab.shipped import shipped
from srv6lab.steps import Expect
from srv6lab.topology import TopologyError

TWO = {"routers": {"r1": {}, "r2": {}}, "hosts": {"h1": {"router": "r1"}}, "links": ["r1 -- r2"]}
NO_ADDRESS = " is not an address with prefix length, such as {}, above the router's (the first)"
NO_IPV4, NO_IPV6 = NO_ADDRESS.format("10.0.1.2/24"), NO_ADDRESS.format("2001:db8:1::2/64")
MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    (
        "unknown key",
        {"router": {}},
        "router: unknown key 'router'; did you mean 'routers'?",
    ),
    ("no routers", {"routers": {}}, "routers: 1 to 254 are needed, there are 0"),
    ("routers a list", {"routers": ["r1"]}, "routers: routers must be a mapping of keys, not ['r1']"),
    (
        "section a word",
        {"routers": {"r1": "x", "r2": {}}},
        "routers.r1: the section of a router must be a mapping of keys, not 'x'",
    ),
    (
        "name with a slash",
        {"routers": {"r1": {}, "r2": {}, "a/b": {}}},
        "routers.a/b: 'a/b' is no name; a letter, then up to 30 letters, digits, - and _",
    ),
    ("name a number", {"name": 7}, "name: 7 is no name; a letter, then up to 30 letters, digits, - and _"),
    (
        "no such router",
        {"hosts": {"h1": {"router": "r9"}}},
        "hosts.h1.router: router 'r9' does not exist; there are r1, r2",
    ),
    (
        "unhashable router",
        {"hosts": {"h1": {"router": ["r1"]}}},
        "hosts.h1.router: router ['r1'] does not exist; there are r1, r2",
    ),
    ("host named as router", {"hosts": {"r1": {"router": "r1"}}}, "hosts.r1: a router has that name"),
    (
        "host key",
        {"hosts": {"h1": {"router": "r1", "ip": "x"}}},
        "hosts.h1.ip: unknown key 'ip'; did you mean 'ipv6'?",
    ),
    ("l2 a word", {"hosts": {"h1": {"router": "r1", "l2": "on"}}}, "hosts.h1.l2: l2 must be true or false, not 'on'"),
    (
        "router's address",
        {"hosts": {"h1": {"router": "r1", "ipv4": "10.0.1.1/24"}}},
        "hosts.h1.ipv4: '10.0.1.1/24'" + NO_IPV4,
    ),
    (
        "no prefix length",
        {"hosts": {"h1": {"router": "r1", "ipv6": "2001:db8::2"}}},
        "hosts.h1.ipv6: '2001:db8::2'" + NO_IPV6,
    ),
    (
        "families exchanged",
        {"hosts": {"h1": {"router": "r1", "ipv6": "10.0.1.2/24"}}},
        "hosts.h1.ipv6: '10.0.1.2/24'" + NO_IPV6,
    ),
    ("links a word", {"links": "r1 -- r2"}, "links: links must be a list, not 'r1 -- r2'"),
    (
        "link to itself",
        {"links": ["r1 -- r1"]},
        "links[0]: a link has two ends, 'r1' is both",
    ),
    (
        "link without ends",
        {"links": ["r1 - r2"]},
        "links[0]: write r1 -- r2, or {link: r1 -- r2, cost: 5, mtu: 1500}",
    ),
    ("link to nowhere", {"links": ["r1 -- r2", "r1 -- r7"]}, "links[1]: no router 'r7'; there are r1, r2"),
    ("link to a host", {"links": ["r1 -- h1"]}, "links[0]: no router 'h1'; there are r1, r2"),
    (
        "cost",
        {"links": [{"link": "r1 -- r2", "cost": 0}]},
        "links[0].cost: cost must be a number from 1 to 1048576, not 0",
    ),
    (
        "mtu",
        {"links": [{"link": "r1 -- r2", "mtu": 500}]},
        "links[0].mtu: mtu must be a number from 1280 to 65535, not 500",
    ),
    (
        "link key",
        {"links": [{"link": "r1 -- r2", "price": 1}]},
        "links[0].price: unknown key 'price'; valid: cost, delay, jitter, link, loss, mtu, queue, rate",
    ),
    ("scenario", {"scenario": {"say": "x"}}, "scenario: a scenario must be a list, not {'say': 'x'}"),
]


@pytest.mark.parametrize(("changes", "message"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistake_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TopologyError) as caught:
        read_topology({**TWO, **changes})
    assert str(caught.value) == message


def test_what_a_scenario_adds_to_no_list_is_no_traceback() -> None:
    added = {"apply": {"r1": {"policies": [{"name": "n", "segments": ["r2"]}]}}}
    with pytest.raises(TopologyError) as caught:
        read_topology({**TWO, "routers": {"r1": {"policies": -1}, "r2": {}}, "scenario": [added]})
    assert str(caught.value) == "routers.r1.policies: policies must be a list, not -1"


@pytest.mark.parametrize("data", [None, [], "x", 5])
def test_file_that_is_no_mapping(data: Any) -> None:
    with pytest.raises(TopologyError, match=r"^a topology must be a mapping of keys"):
        read_topology(data)


def test_message_says_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("routers: {r1: {}}\nlinks: [r1 -- r2\n")
    with pytest.raises(TopologyError) as caught:
        load_topology(path)
    assert str(caught.value).startswith(f"{path}:3: not valid YAML: ")
    path.write_text(yaml.safe_dump({**TWO, "links": ["r1 - r2"]}))
    with pytest.raises(TopologyError) as caught:
        load_topology(path)
    assert str(caught.value).startswith(f"{path}:5: links[0]: write r1 -- r2")


def test_missing_file_lists_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(TopologyError) as caught:
        load_topology(tmp_path / "none.yaml")
    assert str(caught.value) == (
        f"{tmp_path}/none.yaml: cannot read: No such file or directory; "
        "give a file, or one of: binding, ecmp, hmac, l2, mobile, mpls, multicast-tree, path-tracing, pipes, "
        "quickstart, replace-csid, sfc, sosr17, ti-lfa, usid, vpls, vpn"
    )


def test_file_without_name_takes_that_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(TWO))
    assert load_topology(tmp_path / "mine.yaml").name == "mine"


def test_shipped_topologies_are_found_by_name_and_described() -> None:
    for name, path in shipped().items():
        topology = load_topology(name)
        assert (topology.name, path.name) == (name, f"{name}.yaml")
        assert topology.about and topology.picture
        assert any(isinstance(step, Expect) for step in topology.scenario)


def test_changes_of_a_router(tmp_path: Path) -> None:
    path = tmp_path / "changes.yaml"
    path.write_text("steering: []\n")
    assert read_changes(path) == {"steering": []}
    for text, message in (
        ("- a\n", "a mapping such as policies: [...] and steering: [...] is needed"),
        ("node: r1\n", "this is a whole node file; give only what is added to the router's configuration"),
        ("a: [\n", "not valid YAML: "),
    ):
        path.write_text(text)
        with pytest.raises(TopologyError) as caught:
            read_changes(path)
        assert message in str(caught.value) and str(caught.value).startswith(str(path))


EVERYTHING_WRONG = """\
name: bad
routers:
  r1:
    sids: [{sid: "fcbb:bb00:1:7::", behavior: End.Nonsense}]
    policies:
      - {name: p, segments: [r2, r9]}
    steering:
      - {prefix: "2001:db8:2::/64", policy: x}
  r2: {polices: []}
  r3: {device-id: 7}
hosts:
  h1: {router: r1, ipv4: 10.0.1.1/24, foo: 1}
  h2: {router: r8}
links:
  - r1 -- r2
  - {link: r2 -- r3, cost: 0, price: 1}
  - r9 -- r7
scenario:
  - ping: {from: h8, to: h9, count: many, size: 7}
  - jump: 1
  - apply: {r1: {policies: [{name: z, segments: [r2/End.X/r9]}], polcies: 1}}
  - expect: {path: [h1, r5], does: {r6: End}, way: x}
  - expect: {share: {r2: 75, r3: x}}
  - cut: r1 -- r3
"""
WRONG = [
    (4, "routers.r1.sids[0].behavior: unknown behaviour 'End.Nonsense'"),
    (6, "routers.r1.policies[0].segments[1]: segment 'r9': no router 'r9'"),
    (8, "routers.r1.steering[0].policy: unknown policy 'x'"),
    (9, "routers.r2.polices: unknown key 'polices'"),
    (10, "routers.r3.device-id: 'device-id' follows from the place in the topology"),
    (12, "hosts.h1.foo: unknown key 'foo'"),
    (12, "hosts.h1.ipv4: '10.0.1.1/24' is not an address"),
    (13, "hosts.h2.router: router 'r8' does not exist"),
    (16, "links[1].price: unknown key 'price'"),
    (16, "links[1].cost: cost must be"),
    (17, "links[2]: no router 'r9'"),
    (17, "links[2]: no router 'r7'"),
    (19, "scenario[0].ping.size: unknown key 'size'"),
    (19, "scenario[0].ping.to: 'h9' is neither"),
    (19, "scenario[0].ping.from: no host 'h8'"),
    (19, "scenario[0].ping.count: count must be a number"),
    (20, "scenario[1].jump: unknown key 'jump'"),
    (21, "scenario[2].apply.r1.policies[0].segments[0]: segment 'r2/End.X/r9': r2 has no such SID"),
    (21, "scenario[2].apply.r1.polcies: unknown key 'polcies'"),
    (22, "scenario[3].expect.way: unknown key 'way'"),
    (22, "scenario[3].expect.does.r6: no node 'r6'"),
    (22, "scenario[3].expect.path[1]: no node 'r5'"),
    (23, "scenario[4].expect.share.r2: a share is a number from 0 to 1"),
    (23, "scenario[4].expect.share.r3: a share is a number from 0 to 1"),
    (24, "scenario[5].cut: r1 and r3 share no cable"),
]


def test_all_mistakes_of_a_topology_and_its_scenario_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(EVERYTHING_WRONG)
    with pytest.raises(TopologyError) as caught:
        load_topology(path)
    lines = str(caught.value).splitlines()
    for line, (number, text) in zip(lines, WRONG, strict=True):
        assert line.startswith(f"{path}:{number}: {text}"), line


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("routers: {r1: {}}\nhosts: {}\nhosts: {}\n", 3, "hosts"),
        ("routers: {r1: {}, r2: {},\n  r1: {}}\n", 2, "r1"),
        ("routers: {r1: {icmp: null,\n  icmp: null}}\n", 2, "icmp"),
        ("routers: {r1: {}}\nscenario:\n- {say: a, say: b}\n", 3, "say"),
    ],
)
def test_duplicate_key_of_a_topology_is_refused(tmp_path: Path, text: str, line: int, key: str) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text(text)
    with pytest.raises(TopologyError, match=rf"^{path}:{line}: duplicate key '{key}'$"):
        load_topology(path)


def test_values_are_read_as_in_node_files(tmp_path: Path) -> None:
    """YAML 1.1 makes a float of VLAN 100 of port 1, 1.1, and a boolean of a VRF called `on`."""
    path = tmp_path / "one.yaml"
    path.write_text(
        "routers:\n  r1:\n    vrfs: [on]\n    ports: {1: {vlans: {100: {addresses: ['2001:db8:9::1/64'], vrf: on}}}}\n"
        "    neighbors: [{address: '2001:db8:9::9', port: 1.100, mac: 10:20:30:40:50:01}]\n"
        "hosts: {h1: {router: r1}}\n"
        "scenario: [{flows: {from: h1, to: h1}}, {expect: {share: {r1: 0.5}}}]\n"
    )
    topology = load_topology(path)
    (neighbor,) = (each for each in node_of(topology, "r1").neighbors if each.interface.vlan)
    assert str(neighbor.interface) == "1.100" and neighbor.mac == "10:20:30:40:50:01"
    assert topology.scenario[1] == Expect(share={"r1": 0.5})


def test_node_file_given_for_a_topology_is_called_that(tmp_path: Path) -> None:
    path = tmp_path / "r1.yaml"
    path.write_text("node: r1\n")
    with pytest.raises(TopologyError) as caught:
        load_topology(path)
    assert (
        str(caught.value) == f"{path}: this is the node file of one router, not a topology; `srv6 run {path}` runs it"
    )


def test_changes_of_a_router_are_checked_with_file_and_line(tmp_path: Path) -> None:
    """What is in them may name a SID that a router of the lab has got since."""
    path = tmp_path / "changes.yaml"
    path.write_text("policies:\n- {name: p, segments: [r2]}\n- {name: q, segments: [r4/End.DT4/blue, r9]}\n")
    topology = load_topology("quickstart")
    with pytest.raises(TopologyError) as caught:
        check_changes(path, topology, "r1", {})
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        [f"{path}:3", "policies[1].segments[0]"],
        [f"{path}:3", "policies[1].segments[1]"],
    ]
    path.write_text(path.read_text().replace(", r9", ""))
    sid = {"sid": "fcbb:bb00:4:7::/64", "behavior": "End.DT4", "vrf": "blue"}
    check_changes(path, topology, "r1", {"r4": {"sids": [sid]}})
