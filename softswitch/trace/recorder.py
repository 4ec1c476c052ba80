# SPDX-License-Identifier: Apache-2.0
"""Builds a trace while a traced pipeline runs."""

from __future__ import annotations

from typing import Any

from softswitch.trace.model import Step, Trace


class Recorder:
    """Appends steps at the current depth; compiled code calls it."""

    __slots__ = ("_stack", "trace")

    def __init__(self, port: int, frame: bytes) -> None:
        self.trace = Trace(port, frame)
        self._stack: list[list[Step]] = [self.trace.steps]

    def add(self, kind: str, **data: Any) -> None:
        """Add a step without children."""
        self._stack[-1].append(Step(kind, data))

    def open(self, kind: str, **data: Any) -> Step:
        """Add a step; following ones become its children until :meth:`close`."""
        step = Step(kind, data)
        self._stack[-1].append(step)
        self._stack.append(step.children)
        return step

    def close(self) -> None:
        """End the step opened last."""
        if len(self._stack) > 1:
            self._stack.pop()

    def close_to(self, depth: int) -> None:
        """Close steps until ``depth`` of them are open."""
        del self._stack[depth + 1 :]

    @property
    def depth(self) -> int:
        """Number of open steps."""
        return len(self._stack) - 1
