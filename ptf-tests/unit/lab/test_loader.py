# SPDX-License-Identifier: Apache-2.0
"""Topology files: each mistake gets one clear message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from srv6lab.loader import load_topology, read_changes, read_topology
from srv6lab.shipped import shipped
from srv6lab.topology import TopologyError

TWO = {"routers": {"r1": {}, "r2": {}}, "hosts": {"h1": {"router": "r1"}}, "links": ["r1 -- r2"]}
NO_ADDRESS = " is not an address with prefix length, such as 10.0.1.2/24, above the router's (.1)"
MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    (
        "unknown key",
        {"router": {}},
        "unknown key 'router'; there are about, hosts, links, name, picture, routers, scenario",
    ),
    ("no routers", {"routers": {}}, "routers: 1 to 254 are needed, there are 0"),
    ("routers a list", {"routers": ["r1"]}, "routers: a mapping is needed, not ['r1']"),
    ("section a word", {"routers": {"r1": "x"}}, "routers.r1: a mapping is needed, not 'x'"),
    (
        "name with a slash",
        {"routers": {"a/b": {}}},
        "routers: 'a/b' is no name; a letter, then up to 30 letters, digits, - and _",
    ),
    ("name a number", {"name": 7}, "name: 7 is no name; a letter, then up to 30 letters, digits, - and _"),
    ("no such router", {"hosts": {"h1": {"router": "r9"}}}, "hosts.h1: router 'r9' does not exist; there are r1, r2"),
    (
        "unhashable router",
        {"hosts": {"h1": {"router": ["r1"]}}},
        "hosts.h1: router ['r1'] does not exist; there are r1, r2",
    ),
    ("host named as router", {"hosts": {"r1": {"router": "r1"}}}, "hosts.r1: a router has that name"),
    (
        "host key",
        {"hosts": {"h1": {"router": "r1", "ip": "x"}}},
        "hosts.h1: unknown key 'ip'; there are ipv4, ipv6, l2, router, vrf",
    ),
    ("l2 a word", {"hosts": {"h1": {"router": "r1", "l2": "on"}}}, "hosts.h1.l2: true or false is needed, not 'on'"),
    (
        "router's address",
        {"hosts": {"h1": {"router": "r1", "ipv4": "10.0.1.1/24"}}},
        "hosts.h1.ipv4: '10.0.1.1/24'" + NO_ADDRESS,
    ),
    (
        "no prefix length",
        {"hosts": {"h1": {"router": "r1", "ipv6": "2001:db8::2"}}},
        "hosts.h1.ipv6: '2001:db8::2'" + NO_ADDRESS,
    ),
    (
        "families exchanged",
        {"hosts": {"h1": {"router": "r1", "ipv6": "10.0.1.2/24"}}},
        "hosts.h1: ipv6 and ipv4 have each other's address",
    ),
    ("links a word", {"links": "r1 -- r2"}, "links: a list is needed"),
    (
        "link to itself",
        {"links": ["r1 -- r1"]},
        "links[0]: write 'r1 -- r2', or {link: r1 -- r2, cost: 5, mtu: 1500}",
    ),
    ("link to nowhere", {"links": ["r1 -- r2", "r1 -- r7"]}, "links[1]: no router 'r7'; there are r1, r2"),
    ("link to a host", {"links": ["r1 -- h1"]}, "links[0]: no router 'h1'; there are r1, r2"),
    ("cost", {"links": [{"link": "r1 -- r2", "cost": 0}]}, "links[0].cost: 0 is not a number from 1"),
    ("mtu", {"links": [{"link": "r1 -- r2", "mtu": 500}]}, "links[0].mtu: 500 is not a number from 1280"),
    (
        "link key",
        {"links": [{"link": "r1 -- r2", "price": 1}]},
        "links[0]: unknown key 'price'; there are cost, link, mtu",
    ),
    ("scenario", {"scenario": {"say": "x"}}, "scenario: a list of steps is needed"),
]


@pytest.mark.parametrize(("changes", "message"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistake_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TopologyError) as caught:
        read_topology({**TWO, **changes})
    assert str(caught.value) == message


@pytest.mark.parametrize("data", [None, [], "x", 5])
def test_file_that_is_no_mapping(data: Any) -> None:
    with pytest.raises(TopologyError, match=r"^the topology: a mapping is needed"):
        read_topology(data)


def test_message_says_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("routers: {r1: {}}\nlinks: [r1 -- r2\n")
    with pytest.raises(TopologyError) as caught:
        load_topology(path)
    assert str(caught.value).startswith(f"{path}:3: not YAML: ")
    path.write_text(yaml.safe_dump({**TWO, "links": ["r1 - r2"]}))
    with pytest.raises(TopologyError) as caught:
        load_topology(path)
    assert str(caught.value).startswith(f"{path}: links[0]: write 'r1 -- r2'")


def test_missing_file_lists_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(TopologyError) as caught:
        load_topology(tmp_path / "none.yaml")
    assert str(caught.value) == (
        f"{tmp_path}/none.yaml: No such file or directory; give a file, or one of: binding, ecmp, l2, quickstart, vpn"
    )


def test_file_without_name_takes_that_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(TWO))
    assert load_topology(tmp_path / "mine.yaml").name == "mine"


def test_shipped_topologies_are_found_by_name_and_described() -> None:
    for name, path in shipped().items():
        topology = load_topology(name)
        assert (topology.name, path.name) == (name, f"{name}.yaml")
        assert topology.about and topology.picture
        assert any("expect" in step for step in topology.scenario)


def test_changes_of_a_router(tmp_path: Path) -> None:
    path = tmp_path / "changes.yaml"
    path.write_text("steering: []\n")
    assert read_changes(path) == {"steering": []}
    for text, message in (
        ("- a\n", "a mapping such as policies: [...] and steering: [...] is needed"),
        ("node: r1\n", "this is a whole node file; give only what is added to the router's configuration"),
        ("a: [\n", "not YAML: "),
    ):
        path.write_text(text)
        with pytest.raises(TopologyError) as caught:
            read_changes(path)
        assert message in str(caught.value) and str(caught.value).startswith(str(path))
