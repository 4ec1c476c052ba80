# SPDX-License-Identifier: Apache-2.0
"""Seeds of a node: its own, from its name or its file, and in the entries that choose."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from unit.compile.support import INFO

from srv6cp.compile import compile_state
from srv6cp.compile.seeds import seeds
from srv6cp.config import load_node_dict
from srv6cp.model import Node
from srv6cp.p4rt.entities import Action, TableEntry
from srv6cp.problems import ConfigError


def node(name: str = "r1", **more: object) -> Node:
    """A node with two equal next hops and a policy over them."""
    hops = [f"2001:db8:{port}::2" for port in (1, 2)]
    return load_node_dict(
        {
            "node": name,
            "source": "fcbb:bb00:1::1",
            "ports": {port: {"addresses": [f"2001:db8:{port}::1/64"]} for port in (1, 2)},
            "neighbors": [{"address": hop, "mac": "02:00:00:00:02:02"} for hop in hops],
            "routes": [{"prefix": "fcbb:bb00::/32", "via": hops}],
            "policies": [{"name": "north", "segments": ["fcbb:bb00:2::"]}],
            **more,
        }
    )


def entries(of: Node, table: str) -> list[TableEntry]:
    return [e for e in compile_state(of, INFO).entities if isinstance(e, TableEntry) and e.table == table]


def test_nodes_of_a_network_had_the_same_hash() -> None:
    """Other names, other seeds; the same name, the same ones, and another for each selector."""
    found = [seeds(node(f"r{number}")) for number in range(1, 65)]
    assert len({seed for pair in found for seed in pair}) == 2 * len(found)
    assert seeds(node("r1")) == seeds(node("r1", **{"device-id": 7}))


def test_seed_of_the_file_takes_the_place_of_the_name() -> None:
    assert seeds(node("r1", **{"flow-seed": 5})) == seeds(node("r2", **{"flow-seed": 5})) != seeds(node("r1"))
    assert seeds(node("r1", **{"flow-seed": 5})) != seeds(node("r1", **{"flow-seed": 6}))
    assert seeds(node("r1", **{"flow-seed": 0})) != seeds(node("r1"))


@pytest.mark.parametrize("wrong", [-1, 2**32, "many", True])
def test_what_is_no_seed_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigError, match="flow-seed"):
        node(**{"flow-seed": wrong})


def test_seeds_are_in_the_entries_that_choose() -> None:
    of = node()
    (group,) = [e.action for e in entries(of, "nexthop_table") if getattr(e.action, "name", "") == "set_nexthop_group"]
    assert isinstance(group, Action) and group.params["flow_seed"] == seeds(of).nexthops
    (entry,) = entries(of, "flow_seed_table")
    assert entry.match == {"always_0": 0} and entry.action == Action("set_flow_seed", {"flow_seed": seeds(of).policies})


def mixed(number: int, seed: int) -> int:
    """p4src/core/router/flow.p4, MIX_FLOW; packet tests hold the switches to it (test_flow_spread.py)."""
    number = (number ^ seed) * 0x9E3779B1 & 0xFFFFFFFF
    number = (number ^ number >> 15) * 0x9E3779B1 & 0xFFFFFFFF
    return number ^ number >> 16


@pytest.mark.parametrize("sizes", [(2, 2, 2), (3, 3, 3), (4, 4, 4), (2, 3, 4), (4, 2, 3)])
def test_three_tiers_are_used_evenly(sizes: tuple[int, ...]) -> None:
    """Over every three of 12 routers: each way through three tiers gets its share, within five standard deviations."""
    of = [seeds(node(f"r{number}")).nexthops for number in range(12)]
    flows = [number * 0x01000193 & 0xFFFFFFFF for number in range(2400)]
    share = len(flows) / (sizes[0] * sizes[1] * sizes[2])
    numbers = {seed: [mixed(flow, seed) for flow in flows] for seed in of}
    for tiers in zip(of, of[1:], of[2:], strict=False):
        ways = zip(*(numbers[seed] for seed in tiers), strict=True)
        count = Counter(tuple(n % size for n, size in zip(way, sizes, strict=True)) for way in ways)
        for way in product(*map(range, sizes)):
            assert abs(count[way] - share) < 5 * share**0.5, f"{way} of {tiers}: {count[way]} of {share:.0f}"
