# SPDX-License-Identifier: Apache-2.0
"""Checked access to parsed JSON: every complaint says where in the document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from softswitch.bmv2json.errors import MalformedProgram
from softswitch.bmv2json.limits import MAX_DIGITS

_TYPE_NAMES = {dict: "an object", list: "a list", str: "a string", int: "an integer", bool: "true or false"}


class Cursor:
    """A JSON value together with its path from the root, such as ``pipelines[0].tables[3].key[1]``."""

    __slots__ = ("path", "raw")

    def __init__(self, raw: Any, path: str) -> None:
        self.raw = raw
        self.path = path

    def fail(self, message: str) -> MalformedProgram:
        """An error about this place, to be raised."""
        return MalformedProgram(self.path or "program", message)

    def _expect(self, kind: type) -> Any:
        if not isinstance(self.raw, kind) or (kind is int and isinstance(self.raw, bool)):
            raise self.fail(f"{_TYPE_NAMES[kind]} expected, found {_shorten(self.raw)}")
        return self.raw

    def obj(self) -> dict[str, Any]:
        """The value, which must be an object."""
        result: dict[str, Any] = self._expect(dict)
        return result

    def text(self) -> str:
        """The value, which must be a string."""
        result: str = self._expect(str)
        return result

    def number(self, low: int | None = None, high: int | None = None) -> int:
        """The value, which must be an integer, between ``low`` and ``high`` where they are given."""
        result: int = self._expect(int)
        if (low is not None and result < low) or (high is not None and result > high):
            raise self.fail(f"{_shorten(result)} is not in {low}..{high}")
        return result

    def flag(self) -> bool:
        """The value, which must be true or false."""
        result: bool = self._expect(bool)
        return result

    def hex(self) -> int:
        """The value, which must be a hexadecimal string, possibly negative."""
        text = self.text()
        if len(text) > MAX_DIGITS:
            raise self.fail(f"a number of {len(text)} digits; {MAX_DIGITS} may be")
        try:
            return int(text, 16)
        except ValueError:
            raise self.fail(f"hexadecimal string expected, found {_shorten(text)}") from None

    def at(self, key: str) -> Cursor:
        """Attribute ``key``, which must exist."""
        value = self.obj()
        if key not in value:
            raise self.fail(f"attribute {key!r} is missing")
        return Cursor(value[key], f"{self.path}.{key}" if self.path else key)

    def get(self, key: str) -> Cursor | None:
        """Attribute ``key``, or None when it is absent or null."""
        value = self.obj()
        if value.get(key) is None:
            return None
        return self.at(key)

    def items(self, count: int | None = None) -> list[Cursor]:
        """The elements of a list, of which there must be ``count`` if given."""
        values = self._expect(list)
        if count is not None and len(values) != count:
            raise self.fail(f"{count} elements expected, found {len(values)}")
        return [Cursor(value, f"{self.path}[{i}]") for i, value in enumerate(values)]

    def optional_items(self, key: str) -> Iterator[Cursor]:
        """The elements of the list at ``key``; none when it is absent."""
        found = self.get(key)
        return iter(found.items() if found is not None else ())

    def source(self) -> str:
        """The P4 source fragment of this object, or ""."""
        info = self.raw.get("source_info") if isinstance(self.raw, dict) else None
        fragment = info.get("source_fragment") if isinstance(info, dict) else None
        return fragment if isinstance(fragment, str) else ""


def _shorten(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python prints
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."
