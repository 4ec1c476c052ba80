# SPDX-License-Identifier: Apache-2.0
"""Words of a command that adds an item of a section: a word and its value, in turns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from srv6cp import values
from srv6cp.problems import InvalidError


def pairs(given: Sequence[str], known: Collection[str], alone: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Each word with its value; those of ``alone`` have none, and get ``""``. Raises ``InvalidError``."""
    rest = iter(given)
    for word in rest:
        if word not in known and word not in alone:
            raise InvalidError(f"unknown word {word!r}{values.suggest(word, (*known, *alone))}")
        value = "" if word in alone else next(rest, None)
        if value is None:
            raise InvalidError(f"{word!r} needs a value")
        yield word, value


def literal(text: str) -> int | str:
    """A value as a node file has it: decimal digits are a number."""
    number = values.decimal(text)
    return text if number is None else number


def put(item: dict[str, Any], word: str, value: Any) -> None:
    """Into an item that has not got it yet. Raises ``InvalidError``."""
    if word in item:
        raise InvalidError(f"{word!r} is given twice")
    item[word] = value


def repeated(given: Sequence[str], first: str, known: Collection[str], usage: str) -> list[dict[str, Any]]:
    """Entries that begin with the word ``first`` (``usage``: with its value), and have others of ``known`` behind it.
    Raises ``InvalidError``.
    """
    entries: list[dict[str, Any]] = []
    for word, value in pairs(given, known):
        if word == first:
            entries.append({})
        elif not entries:
            raise InvalidError(f"{usage!r} comes first, not {word!r}")
        put(entries[-1], word, literal(value))
    return entries
