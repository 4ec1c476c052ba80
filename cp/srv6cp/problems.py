# SPDX-License-Identifier: Apache-2.0
"""What a bad configuration is reported with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Path = tuple["str | int", ...]


def render_path(path: Path) -> str:
    """``("sids", 3, "behavior")`` as ``sids[3].behavior``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. ``line`` counts from 1 and is 0 when the source has no lines."""

    message: str
    path: Path = ()
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.line else (f"{self.file}: " if self.file else "")
        path = render_path(self.path)
        return f"{where}{path}: {self.message}" if path else f"{where}{self.message}"


class ConfigError(Exception):
    """The configuration is not valid. Holds every problem found, never none.

    ``file``, ``line`` and ``message`` are those of the first problem; ``str()`` is one line a problem.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)

    @property
    def file(self) -> str:
        """File of the first problem, or ``""``."""
        return self.problems[0].file

    @property
    def line(self) -> int:
        """Line of the first problem from 1, or 0."""
        return self.problems[0].line

    @property
    def message(self) -> str:
        """Text of the first problem without its place."""
        return self.problems[0].message


class InvalidError(ValueError):
    """A value is wrong; ``path`` is relative to the object being read."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.path: Path = path


def with_path(key: str | int, read: Any, *arguments: Any) -> Any:
    """Call ``read``, putting ``key`` in front of the path of what it refuses."""
    try:
        return read(*arguments)
    except InvalidError as error:
        error.path = (key, *error.path)
        raise
