# SPDX-License-Identifier: Apache-2.0
"""Shortest paths (Dijkstra), with all first hops of equal cost."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

INFINITE = 1 << 30


def first_hops(graph: Mapping[str, Mapping[str, int]], start: str) -> dict[str, set[str]]:
    """Reachable nodes to the neighbours of ``start`` that lie on a shortest path to them.

    ``graph``: node to neighbour to cost (positive).
    """
    distance = {start: 0}
    hops: dict[str, set[str]] = {start: set()}
    queue = [(0, start)]
    done = set()
    while queue:
        far, node = heapq.heappop(queue)
        if node in done:
            continue
        done.add(node)
        for neighbor, cost in graph[node].items():
            through = {neighbor} if node == start else hops[node]
            known = distance.get(neighbor, INFINITE)
            if far + cost < known:
                distance[neighbor] = far + cost
                hops[neighbor] = set(through)
                heapq.heappush(queue, (far + cost, neighbor))
            elif far + cost == known:
                hops[neighbor] |= through
    del hops[start]
    return hops
