# SPDX-License-Identifier: Apache-2.0
"""Source text with indentation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Writer:
    """Collects lines.  A line can be blanked later, which leaves ``pass``."""

    def __init__(self, depth: int = 0) -> None:
        self.lines: list[str] = []
        self.depth = depth

    def line(self, text: str) -> int:
        """Append a line and answer its position."""
        self.lines.append("    " * self.depth + text)
        return len(self.lines) - 1

    def blank(self, position: int) -> None:
        """Replace the line at ``position`` by ``pass``."""
        text = self.lines[position]
        self.lines[position] = text[: len(text) - len(text.lstrip())] + "pass"

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A compound statement; an empty body becomes ``pass``."""
        self.line(head)
        self.depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.line("pass")
        self.depth -= 1

    def text(self) -> str:
        """The whole source."""
        return "\n".join(self.lines) + "\n"
