# SPDX-License-Identifier: Apache-2.0
"""Random acyclic graphs written as nested ifs visit the nodes that a walk of the graph visits."""

from __future__ import annotations

import random

import pytest

from softswitch.engine.python import graph
from softswitch.engine.python.graph import FlowGraph, Structurer
from softswitch.engine.python.writer import Writer


def random_graph(rng: random.Random, size: int) -> dict[str, list[str | None]]:
    """Each node goes forward to one or two later nodes, or ends."""
    result: dict[str, list[str | None]] = {}
    for i in range(size):
        later = [str(j) for j in range(i + 1, min(size, i + rng.choice([2, 4, size])))]
        targets: list[str | None] = [rng.choice([*later, None]) if later else None for _ in range(2)]
        result[str(i)] = targets if rng.random() < 0.7 else targets[:1]
    return result


def compiled(nodes: dict[str, list[str | None]], leave: str | None) -> str:
    """Source of ``f(bits)`` that answers the visited nodes; bit i of ``bits`` decides at node i."""
    reachable: dict[str, list[str]] = {}
    todo = ["0"]
    while todo:
        name = todo.pop()
        if name not in reachable:
            reachable[name] = list(dict.fromkeys(t for t in nodes[name] if t is not None))
            todo += reachable[name]
    out = Writer()

    def emit(node: str) -> None:
        out.line(f"seen.append({node!r})")
        targets = nodes[node]
        if len(targets) == 1:
            structurer.goto(targets[0])
            return
        with out.block(f"if bits >> {node} & 1:"):
            structurer.goto(targets[0])
        with out.block("else:"):
            structurer.goto(targets[1])

    with out.block("def f(bits):"):
        out.line("seen = []")
        with out.block("while True:" if leave else "if True:"):
            structurer = Structurer(FlowGraph("0", reachable), out, emit, "step", leave)
            structurer.run()
            if leave:
                out.line("break")
        out.line("return seen")
    return out.text()


def walk(nodes: dict[str, list[str | None]], bits: int) -> list[str]:
    """The reference."""
    seen = []
    node: str | None = "0"
    while node is not None:
        seen.append(node)
        targets = nodes[node]
        node = targets[0] if len(targets) == 1 or bits >> int(node) & 1 else targets[1]
    return seen


@pytest.mark.parametrize("leave", ["break", None])
@pytest.mark.parametrize("limit", [60, 3])
def test_random_graphs(monkeypatch: pytest.MonkeyPatch, leave: str | None, limit: int) -> None:
    monkeypatch.setattr(graph, "MAX_DEPTH", limit)
    monkeypatch.setattr(graph, "MAX_NESTING", limit)
    rng = random.Random(limit)
    for _ in range(60):
        nodes = random_graph(rng, rng.choice([1, 5, 12, 30]))
        namespace: dict[str, object] = {}
        source = compiled(nodes, leave)
        exec(source, namespace)
        for _ in range(30):
            bits = rng.getrandbits(40)
            assert namespace["f"](bits) == walk(nodes, bits), source  # type: ignore[operator]


def test_long_chains_neither_nest_nor_recurse() -> None:
    chain: dict[str, list[str | None]] = {str(i): [str(i + 1)] for i in range(2000)}
    chain["2000"] = [None]
    source = compiled(chain, "break")
    namespace: dict[str, object] = {}
    exec(source, namespace)
    assert namespace["f"](0) == [str(i) for i in range(2001)]  # type: ignore[operator]
    ladder: dict[str, list[str | None]] = {str(i): [str(i + 1), None] for i in range(500)}
    ladder["500"] = [None]
    namespace.clear()
    exec(compiled(ladder, "break"), namespace)
    assert namespace["f"]((1 << 501) - 1) == [str(i) for i in range(501)]  # type: ignore[operator]
    assert namespace["f"](7) == ["0", "1", "2", "3"]  # type: ignore[operator]
