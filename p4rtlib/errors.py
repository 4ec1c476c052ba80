# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with a program or with a name in it. Messages are meant to be shown to a person as they are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["EntityError", "P4InfoError", "P4RuntimeError", "UnknownName", "one_line"]

#: Characters of a message: names are what a file says they are, of any length.
_LONGEST = 4000


def one_line(message: str) -> str:
    """A message in which no character of a name ends the line, moves the cursor or is half of one."""
    shown = message[:_LONGEST] + ("..." if len(message) > _LONGEST else "")
    if shown.isprintable():
        return shown
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in shown)


class P4RuntimeError(Exception):
    """Base of every error about P4Runtime."""


class P4InfoError(P4RuntimeError):
    """A p4info file or a pipeline artefact is missing or is not what it should be."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class EntityError(P4RuntimeError, ValueError):
    """An entity does not fit the program: nothing was sent."""


class UnknownName(EntityError):
    """A name that the program does not have.

    Attributes: ``kind`` ("table", "action", ...), ``name``, ``choices`` (valid names), ``where`` (may be
    empty).
    """

    def __init__(self, kind: str, name: str, choices: Iterable[str], where: str = "") -> None:
        self.kind = kind
        self.name = name
        self.choices = tuple(choices)
        self.where = where
        super().__init__(one_line(f"{where + ': ' if where else ''}{_unknown(kind, name, self.choices)}"))


def _unknown(kind: str, name: str, choices: Iterable[str], limit: int = 40) -> str:
    """``unknown table 'x'; did you mean 'y'? valid: ...`` with at most ``limit`` choices listed."""
    valid = sorted(choices)
    text = f"unknown {kind} {name!r}"
    close = difflib.get_close_matches(name, valid, n=2, cutoff=0.65)
    if close:
        text += f"; did you mean {' or '.join(map(repr, close))}?"
    if not valid:
        return f"{text}; there are none"
    more = f", ... ({len(valid)} in all)" if len(valid) > limit else ""
    return f"{text}{'' if close else ';'} valid: {', '.join(valid[:limit])}{more}"
