# SPDX-License-Identifier: Apache-2.0
"""The node file of a running controller: what is to be applied of it, and when.

    watch = NodeWatch(QuietFile(path), node)
    ...
    node = watch.look()         # again and again; None: nothing to do

A change is read when the file has been left alone (`quiet`), and held back when it takes away too much
(`srv6cp.sync.removals`) unless somebody has agreed to it (`consent`).
"""

from __future__ import annotations

from pathlib import Path

from srv6cp.config import load_node_source, read_source
from srv6cp.controller import consent
from srv6cp.controller.quiet import QuietFile
from srv6cp.model import Node
from srv6cp.sync.removals import Guard, TakesAway, by_nodes


class NodeWatch:
    """``applied`` is the node that the controller has, to be told anew whenever it takes another one."""

    def __init__(self, file: QuietFile, applied: Node, guard: Guard | None = None) -> None:
        self._file = file
        self._guard = guard or Guard()
        self._held: str | None = None  # the text that waits for somebody's consent
        self._handing_over = False
        self.applied = applied

    @property
    def path(self) -> Path:
        """The node file."""
        return self._file.path

    @property
    def changing(self) -> bool:
        """Whether another node is about to be applied; may be asked from any thread. What `look` returns counts until
        it is called again."""
        return self._handing_over or self._file.changing

    def look(self) -> Node | None:
        """The node to apply now, None while there is none.

        Raises, once for each change:
            ConfigError: what the file says is no valid node.
            TakesAway: it takes away too much. It is returned by a later call, when somebody has agreed to it.
        """
        self._handing_over = True
        node = None
        try:
            node = self._look()
        finally:
            self._handing_over = node is not None
        return node

    def _look(self) -> Node | None:
        if self._file.changed():
            self._held = None
            return self._read()
        if self._held is not None and consent.given(self.path, self._held):
            text, self._held = self._held, None
            source = read_source(self.path)
            # Another text than the one that was agreed to is a change that `changed` has still to tell.
            return load_node_source(source) if source.text == text else None
        return None

    def _read(self) -> Node | None:
        source = read_source(self.path)
        if self._file.changing:
            return None  # it was touched meanwhile: that is a change that `changed` has still to tell
        node = load_node_source(source)
        try:
            self._guard.check(by_nodes(self.applied, node))
        except TakesAway:
            if consent.given(self.path, source.text):
                return node
            self._held = source.text
            raise
        return node
