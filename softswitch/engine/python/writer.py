# SPDX-License-Identifier: Apache-2.0
"""Source text with indentation, and identifiers that cannot collide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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


class Names:
    """Gives every program object one identifier, readable and unique."""

    def __init__(self) -> None:
        self._by_key: dict[object, str] = {}
        self._used: set[str] = set()

    def reserve(self, names: Iterable[str]) -> None:
        """Keep names out of use."""
        self._used.update(names)

    def get(self, key: object, wish: str) -> str:
        """The identifier of ``key``, made from ``wish`` at first use."""
        name = self._by_key.get(key)
        if name is None:
            base = re.sub(r"\W+", "_", wish)
            if base[:1].isdigit():
                base = "_" + base
            name = base
            count = 1
            while name in self._used:
                count += 1
                name = f"{base}_{count}"
            self._used.add(name)
            self._by_key[key] = name
        return name
