# SPDX-License-Identifier: Apache-2.0
"""The only way for names of a program into generated code.

A name (of a state, table, action, header, field ... or a fragment of P4 source) is data: it may hold quotes, ends of
comments, line ends, surrogates, and be of any length.  Generated code refers to objects by number; what people read in
it comes from :func:`identifier` and :func:`comment`, and text that a packet's trace or log shows is kept beside the
code (:class:`Texts`), which has its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Characters of a name that generated code shows.
MAX_IDENTIFIER = 40
MAX_COMMENT = 100

_NOT_IDENTIFIER = re.compile(r"[^A-Za-z0-9_]+")
#: Without asterisk, slash, backslash and question mark nothing ends a comment, continues a line or is a trigraph.
_NOT_COMMENT = re.compile(r"[^A-Za-z0-9 _.,:;()\[\]{}<>=+&|^~!%$#@-]+")


def identifier(name: str) -> str:
    """Letters, digits and underscores of ASCII that recall ``name``, to be part of an identifier; perhaps none."""
    return _NOT_IDENTIFIER.sub("_", name[:MAX_IDENTIFIER])


def comment(text: str) -> str:
    """One line of printable ASCII that recalls ``text``, to stand in a comment of C or Python."""
    return _NOT_COMMENT.sub(" ", text[:MAX_COMMENT])


class Names:
    """Gives every object of a program one identifier, readable and unique."""

    def __init__(self) -> None:
        self._by_key: dict[object, str] = {}
        self._used: set[str] = set()
        self._counts: dict[str, int] = {}

    def reserve(self, names: Iterable[str]) -> None:
        """Keep names out of use."""
        self._used.update(names)

    def get(self, key: object, form: str, *names: str) -> str:
        """The identifier of ``key``, made at first use: ``form`` with the program's ``names`` in its braces."""
        found = self._by_key.get(key)
        if found is None:
            base = found = form.format(*map(identifier, names))
            if base[:1].isdigit():
                base = found = "_" + base
            while found in self._used:
                self._counts[base] = count = self._counts.get(base, 1) + 1
                found = f"{base}_{count}"
            self._used.add(found)
            self._by_key[key] = found
        return found


class Texts:
    """Texts that generated code refers to by number."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The number of ``text``."""
        number = self._numbers.setdefault(text, len(self.all))
        if number == len(self.all):
            self.all.append(text)
        return number
