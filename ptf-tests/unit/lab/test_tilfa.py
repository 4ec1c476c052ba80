# SPDX-License-Identifier: Apache-2.0
"""Repair paths hold what they promise, on random networks, and in a lab whose cable is cut."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from srv6lab.configuration import config_of
from srv6lab.loader import read_topology
from srv6lab.nodes import node_of
from srv6lab.routes import first_hops
from srv6lab.tilfa import Graph, Hop, repair, without
from srv6lab.topology import TopologyError


def network(rng: random.Random) -> dict[str, dict[str, int]]:
    """Nodes by letter, connected at random, costs the same in both directions."""
    names = "abcdefghij"[: rng.randrange(3, 11)]
    graph: dict[str, dict[str, int]] = {name: {} for name in names}
    for index, name in enumerate(names):
        for other in rng.sample(names[:index], min(index, rng.randrange(1, 4))):
            graph[name][other] = graph[other][name] = rng.randrange(1, 5)
    return graph


def walks(graph: Graph, start: str, end: str) -> Iterator[list[str]]:
    """Every way that a packet may take from ``start`` to ``end`` by the routing tables of ``graph``."""
    if start == end:
        yield [start]
        return
    for hop in first_hops(graph, start).get(end, ()):
        for rest in walks(graph, hop, end):
            yield [start, *rest]


def crosses(way: list[str], failure: frozenset[str]) -> bool:
    if len(failure) == 1:
        return bool(failure & set(way))
    return any(frozenset(step) == failure for step in pairwise(way))


@pytest.mark.parametrize("seed", range(60))
def test_repairs_avoid_the_failure_by_the_tables_of_before(seed: int) -> None:
    """Whatever equal ways routers choose who know of no failure: no packet meets it, and it gets there; there is a
    repair whenever something is left to go by."""
    graph = network(random.Random(seed))
    for source in graph:
        for target, hops in first_hops(graph, source).items():
            for hop in hops:
                for failure in {frozenset((source, hop)), frozenset((hop,))} - {frozenset((target,))}:
                    found = repair(graph, source, target, failure)
                    left = without(graph, failure)
                    assert bool(found) is (target in first_hops(left, source)), (source, target, failure)
                    if not found:
                        continue
                    assert not found[-1].over
                    here = source
                    for segment in (*found, Hop(target)):
                        for way in walks(graph, here, segment.node):
                            assert not crosses(way, failure), (source, target, failure, found, way)
                        if segment.over:
                            assert frozenset((segment.node, segment.over)) != failure
                            assert segment.over in left[segment.node]
                        here = segment.over or segment.node


def test_no_more_segments_than_are_needed() -> None:
    """A loop-free neighbour: one. In a ring: the node opposite. Where P and Q space only touch: one more link."""
    square = {"a": {"b": 1, "c": 1}, "b": {"a": 1, "d": 1}, "c": {"a": 1, "d": 1}, "d": {"b": 1, "c": 1}}
    # Of the ways of equal length to the opposite corner one is by the link: its neighbour comes first.
    assert repair(square, "a", "b", frozenset("ab")) == (Hop("c"), Hop("d"))
    triangle = {"a": {"b": 1, "c": 1}, "b": {"a": 1, "c": 1}, "c": {"a": 1, "b": 1}}
    assert repair(triangle, "a", "b", frozenset("ab")) == (Hop("c"),)
    touching = {
        "a": {"b": 1, "c": 1}, "b": {"a": 1, "d": 1}, "c": {"a": 1, "d": 9}, "d": {"b": 1, "c": 9}
    }  # fmt: skip
    assert repair(touching, "a", "b", frozenset("ab")) == (Hop("c"), Hop("c", "d"), Hop("d"))
    assert repair(touching, "a", "z", frozenset("ab")) == ()


RING = ["r1 -- r2", "r2 -- r3", "r3 -- r4", "r4 -- r5", "r5 -- r1"]


def test_a_topology_writes_backups() -> None:
    data = {
        "routers": {f"r{k}": {} for k in range(1, 6)},
        "hosts": {"h1": {"router": "r1"}, "h2": {"router": "r2"}},
        "links": RING,
        "ti-lfa": "link",
    }
    topology = read_topology(data)
    found = config_of(topology, "r1")
    backed = {route["prefix"]: route.get("backup") for route in found["routes"]}
    assert backed["fcbb:bb00:2::/48"] == "ti-lfa-r2" and backed["10.0.2.0/24"] == "ti-lfa-r2"
    node = node_of(topology, "r1")
    assert {route.backup for route in node.routes} == {"ti-lfa-r2", "ti-lfa-r3", "ti-lfa-r4", "ti-lfa-r5"}
    with pytest.raises(TopologyError, match="ti-lfa must be one of link, node"):
        read_topology({**data, "ti-lfa": "both"})
    assert "policies" not in config_of(read_topology({**data, "ti-lfa": None}), "r1")
