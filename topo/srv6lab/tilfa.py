# SPDX-License-Identifier: Apache-2.0
"""Repair paths that need no convergence: topology-independent loop-free alternates (TI-LFA).

A router S that loses the link or node behind which a destination D is sends its packets along the path that they will
take once everybody knows: as few segments as keep them off what has failed, by routers that do not know yet.

P space of a node: those that it reaches by its shortest paths, all of them, without what may fail. Q space of D: those
whose shortest paths to D, all of them, do without it. From S the repair goes along the path after convergence: to the
nearest node in its P space that is in the Q space of D; where none is, to the furthest one of its P space; where that
is empty, over one link (End.X); and from there on likewise, until it is in the Q space of D.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Graph = Mapping[str, Mapping[str, int]]
"""Node to neighbour to cost."""
Failure = frozenset[str]
"""A link by both of its ends, or a node by itself."""


@dataclass(frozen=True)
class Hop:
    """A segment: ``node`` by its End, or ``over`` one of its links by End.X."""

    node: str
    over: str = ""


def repair(graph: Graph, source: str, target: str, failure: Failure) -> tuple[Hop, ...]:
    """The segments from ``source`` to a node from which packets to ``target`` go their usual way; the last one is the
    End of that node. Empty when nothing is left to go by."""
    left = without(graph, failure)
    path = _path(left, source, target)
    if not path:
        return ()
    usual = {node: _distances(graph, node) for node in graph}
    hops: list[Hop] = []
    place = 0
    while place == 0 or not _clear(graph, usual, path[place], target, failure):
        here = path[place]
        reached = [at for at in range(place + 1, len(path)) if _clear(graph, usual, here, path[at], failure)]
        done = [at for at in reached if _clear(graph, usual, path[at], target, failure)]
        if reached:
            place = min(done) if done else max(reached)
            hops.append(Hop(path[place]))
        else:
            place += 1
            hops.append(Hop(here, path[place]))
    if hops[-1].over:
        hops.append(Hop(path[place]))
    return tuple(hops)


def without(graph: Graph, failure: Failure) -> dict[str, dict[str, int]]:
    """The graph after a failure."""
    if len(failure) == 1:
        return {
            node: {other: cost for other, cost in links.items() if other not in failure}
            for node, links in graph.items()
            if node not in failure
        }
    return {
        node: {other: cost for other, cost in links.items() if failure != {node, other}}
        for node, links in graph.items()
    }


def _clear(graph: Graph, usual: Mapping[str, Mapping[str, int]], source: str, target: str, failure: Failure) -> bool:
    """Whether every shortest path of today from ``source`` to ``target`` does without what fails."""
    if target not in usual[source]:
        return False
    whole = usual[source][target]
    for one, other, cost in _links(graph, failure):
        for near, far in ((one, other), (other, one)):
            if (
                near in usual[source]
                and target in usual[far]
                and usual[source][near] + cost + usual[far][target] == whole
            ):
                return False
    return True


def _links(graph: Graph, failure: Failure) -> Iterator[tuple[str, str, int]]:
    """What fails, as links: that one, or all of the node's."""
    if len(failure) == 1:
        (node,) = failure
        for other, cost in graph[node].items():
            yield node, other, cost
    else:
        one, other = sorted(failure)
        if other in graph[one]:
            yield one, other, graph[one][other]


def _distances(graph: Graph, start: str) -> dict[str, int]:
    found: dict[str, int] = {}
    queue = [(0, start)]
    while queue:
        far, node = heapq.heappop(queue)
        if node not in found:
            found[node] = far
            for other, cost in graph[node].items():
                heapq.heappush(queue, (far + cost, other))
    return found


def _path(graph: Graph, source: str, target: str) -> list[str]:
    """A shortest path, of several of one length the first by name; empty when there is none."""
    if source not in graph or target not in graph:
        return []
    distances = _distances(graph, target)
    if source not in distances:
        return []
    path = [source]
    while path[-1] != target:
        here = path[-1]
        path.append(
            min(other for other, cost in graph[here].items() if distances.get(other, -1) + cost == distances[here])
        )
    return path
