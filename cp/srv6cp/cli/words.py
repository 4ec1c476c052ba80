# SPDX-License-Identifier: Apache-2.0
"""Command lines in iproute2's way: ``key value`` pairs after a verb, in any order."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from srv6cp.cli.exitcodes import UsageError


class Words:
    """A cursor over words."""

    def __init__(self, words: Sequence[str], usage: str) -> None:
        self._words = [_text(word) for word in words]
        self._usage = usage

    def __bool__(self) -> bool:
        return bool(self._words)

    def peek(self) -> str | None:
        """The next word, None at the end."""
        return self._words[0] if self._words else None

    def take(self, what: str) -> str:
        """The next word; ``what`` says what it is when there is none."""
        if not self._words:
            raise UsageError(f"{what} is missing; usage: {self._usage}")
        return self._words.pop(0)

    def accept(self, *words: str) -> bool:
        """Take the next word if it is one of ``words``."""
        if self._words and self._words[0] in words:
            self._words.pop(0)
            return True
        return False

    def rest(self) -> list[str]:
        """All that is left."""
        words, self._words = self._words, []
        return words

    def pairs(self, keys: Collection[str], synonyms: Mapping[str, str] | None = None) -> dict[str, Any]:
        """``key value`` until the end."""
        result: dict[str, Any] = {}
        synonyms = synonyms or {}
        while self._words:
            word = self._words.pop(0)
            key = synonyms.get(word, word)
            if key not in keys:
                raise self.unknown(word, (*keys, *synonyms))
            if key in result:
                raise UsageError(f"{word!r} is given twice")
            result[key] = self.take(f"the value of {word!r}")
        return result

    def unknown(self, word: str, valid: Collection[str]) -> UsageError:
        """The error for a word out of place."""
        return UsageError(f"unknown word {word!r}; valid: {', '.join(sorted(valid))}; usage: {self._usage}")


def _text(word: str) -> str:
    """A word as UTF-8, whatever the locale made of it."""
    try:
        return os.fsencode(word).decode()
    except UnicodeError:
        raise UsageError(f"{word!r} is not text in UTF-8") from None


def segments(text: str) -> list[str]:
    """``A,B,C``."""
    return [segment for segment in text.split(",") if segment]
