# SPDX-License-Identifier: Apache-2.0
"""What a bad configuration is reported with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from p4rtlib.errors import one_line

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
        # Keys and values are what the file has, of any length, with any characters.
        return one_line(f"{where}{path}: {self.message}" if path else f"{where}{self.message}")


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

    def under(self, *path: str | int) -> None:
        """Put ``path``, of the object around, in front."""
        self.path = (*path, *self.path)

    def each(self) -> Iterator[InvalidError]:
        """What is wrong, one by one."""
        yield self


class InvalidErrors(InvalidError):
    """Several values of one object are wrong; message and path are those of the first."""

    def __init__(self, errors: Sequence[InvalidError]) -> None:
        super().__init__(errors[0].message, *errors[0].path)
        self._errors = tuple(errors)

    def under(self, *path: str | int) -> None:
        super().under(*path)
        for error in self._errors:
            error.under(*path)

    def each(self) -> Iterator[InvalidError]:
        for error in self._errors:
            yield from error.each()


class UnknowableError(InvalidError):
    """Whether a value is right depends on another that is wrong, and has been reported: one mistake, one message."""

    def each(self) -> Iterator[InvalidError]:
        return iter(())


class Fields:
    """The fields of one object, read one by one: what is wrong with one hides nothing of the others.

    fields = Fields(item)
    mtu = fields.read("mtu", values.integer, "mtu", 1280, 65535, default=1500)
    fields.finish()         # raises for all that were wrong
    """

    def __init__(self, item: Mapping[Any, Any]) -> None:
        self.item = item
        self._errors: list[InvalidError] = []

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Keep what the block raises."""
        try:
            yield
        except InvalidError as error:
            error.under(*path)
            self._errors.append(error)

    def read(self, key: str, read: Callable[..., Any], *arguments: Any, default: Any = None) -> Any:
        """``read(value, *arguments)`` of the value of ``key``; ``default`` where it is missing, null or wrong."""
        value = self.item.get(key)
        if value is not None:
            with self.at(key):
                return read(value, *arguments)
        return default

    @property
    def error(self) -> InvalidError | None:
        """All that was wrong, None when nothing was."""
        return InvalidErrors(self._errors) if self._errors else None

    def finish(self) -> None:
        """Raise InvalidError when anything was wrong."""
        if self._errors:
            raise InvalidErrors(self._errors)


def with_path(key: str | int, read: Any, *arguments: Any) -> Any:
    """Call ``read``, putting ``key`` in front of the path of what it refuses."""
    try:
        return read(*arguments)
    except InvalidError as error:
        error.under(key)
        raise
