# SPDX-License-Identifier: Apache-2.0
"""Acyclic control flow as nested ``if`` statements without repeating code.

Every node is placed inside its immediate dominator.  A node with one predecessor is written where it is
reached; a node with several is written after the code of its dominator, guarded by a variable that says which
node comes next (a forward goto).  Nodes that follow each other unconditionally need no guard.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from softswitch.engine.python.writer import Writer

Node = TypeVar("Node", bound=Hashable)

#: Deeper nesting is cut by placing nodes at the top level; Python allows about 100 levels.
MAX_DEPTH = 60
#: Nodes written inside each other's call; more of them are placed at the top level, which is a loop.
MAX_NESTING = 60


class FlowGraph(Generic[Node]):
    """Structure of an acyclic graph: reverse postorder, predecessors, immediate dominators."""

    def __init__(self, entry: Node, successors: Mapping[Node, Sequence[Node]]) -> None:
        self.entry = entry
        self.successors = successors
        self.order = self._reverse_postorder()
        self.number = {node: i for i, node in enumerate(self.order)}
        self.predecessors: dict[Node, list[Node]] = {node: [] for node in self.order}
        for node in self.order:
            for following in dict.fromkeys(successors[node]):
                self.predecessors[following].append(node)
        self.idom = self._dominators()

    def _reverse_postorder(self) -> list[Node]:
        result: list[Node] = []
        done: set[Node] = set()
        stack: list[tuple[Node, int]] = [(self.entry, 0)]
        done.add(self.entry)
        while stack:
            node, position = stack.pop()
            following = self.successors[node]
            if position < len(following):
                stack.append((node, position + 1))
                child = following[position]
                if child not in done:
                    done.add(child)
                    stack.append((child, 0))
            else:
                result.append(node)
        result.reverse()
        return result

    def _dominators(self) -> dict[Node, Node]:
        idom = {self.entry: self.entry}
        for node in self.order[1:]:  # one pass: the graph is acyclic and the order topological
            best: Node | None = None
            for predecessor in self.predecessors[node]:
                best = predecessor if best is None else self._intersect(idom, best, predecessor)
            assert best is not None
            idom[node] = best
        return idom

    def _intersect(self, idom: Mapping[Node, Node], first: Node, second: Node) -> Node:
        while first != second:
            while self.number[first] > self.number[second]:
                first = idom[first]
            while self.number[second] > self.number[first]:
                second = idom[second]
        return first


class TooDeep(Exception):
    """Raised inside when a node must move to the top level."""


class Structurer(Generic[Node]):
    """Writes a :class:`FlowGraph`.  ``emit`` writes the code of a node and calls :meth:`goto` once on every path that
    leaves it.

    ``goto(None)`` writes ``leave`` (``break`` where the graph is the body of a loop that runs once, or
    nothing where falling off the end is right).
    """

    def __init__(
        self, graph: FlowGraph[Node], writer: Writer, emit: Callable[[Node], None], variable: str, leave: str | None
    ) -> None:
        self.graph = graph
        self.writer = writer
        self.emit = emit
        self.variable = variable
        self.leave = leave
        self._jumps: dict[Node, list[int]] = {}
        self._leaves: list[int] = []
        self._forced: set[Node] = set()
        self._deep: Node = graph.entry
        self._children = self._by_scope()
        self._base_depth = writer.depth
        self._nesting = 0

    def run(self) -> None:
        """Write the whole graph at the writer's position."""
        start = len(self.writer.lines)
        while True:
            try:
                self._place(self.graph.entry)
                return
            except TooDeep:
                self._force(self._deep)
                self._children = self._by_scope()
                del self.writer.lines[start:]
                self.writer.depth = self._base_depth
                self._nesting = 0
                self._jumps.clear()
                self._leaves.clear()

    def _force(self, node: Node) -> None:
        """Move a node to the top level, and every node after it that would otherwise be written before it."""
        graph = self.graph
        moved = {node}
        for other in graph.order[graph.number[node] :]:
            if other in moved or any(p in moved for p in graph.predecessors[other]):
                # what only follows moved nodes is written inside them
                inside = other != node and graph.idom[other] in moved and other not in self._forced
                moved.add(other)
                if not inside:
                    self._forced.add(other)

    def goto(self, target: Node | None) -> None:
        """Continue with ``target``; the last statement of a path."""
        if target is None:
            if self.leave is not None:
                self.writer.line(self.leave)
            else:
                self._leaves.append(self.writer.line(f"{self.variable} = -1"))
            return
        if len(self.graph.predecessors[target]) == 1 and target not in self._forced:
            self._place(target)
            return
        line = self.writer.line(f"{self.variable} = {self.graph.number[target]}")
        self._jumps.setdefault(target, []).append(line)

    def _scope(self, node: Node) -> Node:
        return self.graph.entry if node in self._forced else self.graph.idom[node]

    def _place(self, node: Node) -> None:
        too_deep = self.writer.depth - self._base_depth > MAX_DEPTH or self._nesting > MAX_NESTING
        if too_deep and node not in self._forced:
            self._deep = node
            raise TooDeep
        self._nesting += 1
        self._write(node)
        self._nesting -= 1

    def _write(self, node: Node) -> None:
        self.emit(node)
        children = self._children.get(node)
        if not children:
            return
        if len(children) == 1 and self._alive() == {children[0]} and not self._leaves:
            for line in self._jumps.pop(children[0]):
                self.writer.blank(line)
            self._place(children[0])
            return
        self._place_guarded(children)

    def _by_scope(self) -> dict[Node, list[Node]]:
        """For each node those that are written after its code, in order."""
        graph = self.graph
        found: dict[Node, list[Node]] = {}
        for node in graph.order:
            if node != graph.entry and (len(graph.predecessors[node]) > 1 or node in self._forced):
                found.setdefault(self._scope(node), []).append(node)
        return found

    def _alive(self) -> set[Node]:
        return {target for target, lines in self._jumps.items() if lines}

    def _place_guarded(self, children: list[Node]) -> None:
        """Children in topological order; halves are skipped by one comparison."""
        if len(children) <= 3:
            for child in children:
                self._jumps.pop(child, None)
                with self.writer.block(f"if {self.variable} == {self.graph.number[child]}:"):
                    self._place(child)
            return
        middle = len(children) // 2
        bound = self.graph.number[children[middle]]
        with self.writer.block(f"if {self.variable} < {bound}:"):
            self._place_guarded(children[:middle])
        with self.writer.block(f"if {self.variable} >= {bound}:"):
            self._place_guarded(children[middle:])


def dispatch(writer: Writer, variable: str, places: Sequence[int], emit: Callable[[int], None]) -> None:
    """Write the branch of the place that ``variable`` has, one of the ascending ``places``, found by halving.

    The branches exclude each other, so one may set ``variable``.
    """
    if len(places) <= 2:
        for i, place in enumerate(places):
            with writer.block(f"{'if' if not i else 'elif'} {variable} == {place}:"):
                emit(place)
        return
    middle = len(places) // 2
    with writer.block(f"if {variable} < {places[middle]}:"):
        dispatch(writer, variable, places[:middle], emit)
    with writer.block("else:"):
        dispatch(writer, variable, places[middle:], emit)
