# SPDX-License-Identifier: Apache-2.0
"""YAML text to plain Python values, and from a path in those values back to a line.

PyYAML parses (in C where it can); the values are made here because configuration needs other scalars
than YAML 1.1 gives: ``1.100`` is VLAN 100 of port 1, ``10:20:30:40:50:01`` a MAC address and ``on`` a
name, so only null, true/false and integers are special (YAML 1.2 core schema without floats). Lines are
looked up only when something is wrong, by parsing the text again. Nothing recurses: deep nesting is
refused, and an alias is the same object everywhere, so that text cannot blow up in memory.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from srv6cp.problems import ConfigError, Path, Problem

MAX_DEPTH = 32
# Far above what a configuration holds, and low enough to refuse what is made to take time or memory.
_LONGEST_SCALAR = 1 << 14
_MOST_KEYS = 10_000
_MOST_REPEATED = 1 << 22
_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"
_SPECIAL = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+")
_MAX_DIGITS = 40
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'")
# An address that begins or ends with a colon, which YAML takes for the colon behind a key.
_BARE_ADDRESS = re.compile(r"(?<![\w:.-])((?:[0-9A-Fa-f]{1,4}:)+:|::[0-9A-Fa-f:.]*)(?:/[0-9]+)?(?![\w:.])")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_NO_KEY = object()

if yaml.__with_libyaml__:
    from yaml.cyaml import CParser as _Parser  # type: ignore[attr-defined]
else:
    from yaml.parser import Parser as _PythonParser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Parser(Reader, Scanner, _PythonParser):  # type: ignore[no-redef]
        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            _PythonParser.__init__(self)


class Source:
    """A YAML text with the name to quote in errors."""

    def __init__(self, text: str, file: str = "<string>") -> None:
        self.text = text
        self.file = file
        self._lines: dict[Path, int] | None = None

    def load(self) -> Any:
        """The document as dicts, lists, strings, ints, bools and None.

        Raises:
            ConfigError: not YAML, more than one document, a duplicate key, a tag, a broken alias, or
                nesting deeper than ``MAX_DEPTH``.
        """
        return self._parse(None)

    def line(self, path: Path) -> int:
        """Line of the value at ``path`` from 1, or of the nearest thing around it; 0 for an empty text."""
        if self._lines is None:
            self._lines = {}
            self._parse(self._lines)
        for length in range(len(path), -1, -1):
            line = self._lines.get(tuple(map(str, path[:length])))
            if line is not None:
                return line
        return 0

    def _parse(self, lines: dict[Path, int] | None) -> Any:
        try:
            return _Builder(self.file, lines).build(_Parser(self.text))
        except UnicodeEncodeError:
            raise ConfigError([Problem("not UTF-8 text", (), self.file)]) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            reason = " ".join(part for part in (error.context, error.problem) if part)
            message = _TOO_DEEP if mark and self._open_brackets(mark) > MAX_DEPTH else f"not valid YAML: {reason}"
            address = self._bare_address(mark.line) if mark else None
            if address:
                message = _quote(address)
            raise ConfigError([Problem(message, (), self.file, mark.line + 1 if mark else 0)]) from None
        except yaml.YAMLError as error:
            reason = " ".join(str(error).split())
            raise ConfigError([Problem(f"not valid YAML: {reason}", (), self.file)]) from None

    def _bare_address(self, line: int) -> str | None:
        """An address in a line that YAML cannot read without quotes."""
        text = self.text.split("\n")[line : line + 1]
        found = _BARE_ADDRESS.search(_COMMENT.sub("", _QUOTED.sub("''", text[0]))) if text else None
        return found[0] if found else None

    def _open_brackets(self, mark: Any) -> int:
        """How many ``[`` and ``{`` of the line are still open at ``mark``.

        The scanner reads ahead of its events within a line (up to 1024 characters, in search of a ``:``),
        so libyaml 0.2.6 (PyYAML 6.0.4) meets its own limit of nesting before the builder meets ours.
        """
        before = self.text[: mark.index].rpartition("\n")[2]
        before = _QUOTED.sub("", before)
        return sum(map(before.count, "[{")) - sum(map(before.count, "]}"))


def _quote(address: str) -> str:
    return f'{address} must be quoted, since YAML reads a colon at its begin or end as that of a key: "{address}"'


class _Open:
    """A list or mapping that is being read."""

    __slots__ = ("anchor", "key", "value")

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: Any = _NO_KEY


class _Builder:
    def __init__(self, file: str, lines: dict[Path, int] | None) -> None:
        self._file = file
        self._lines = lines
        self._anchors: dict[str, Any] = {}
        self._open: list[_Open] = []
        self._root: Any = None
        self._documents = 0
        self._repeated = 0
        self._duplicates: list[Problem] = []

    def build(self, parser: Any) -> Any:
        next_event = parser.get_event
        while True:
            event = next_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind is yaml.MappingStartEvent:
                self._start(event, {})
            elif kind is yaml.SequenceStartEvent:
                self._start(event, [])
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._end(event)
            elif kind is yaml.AliasEvent:
                self._add(self._alias(event), event)
            elif kind is yaml.DocumentStartEvent:
                self._documents += 1
                if self._documents > 1:
                    raise self._error(event, "a configuration is one document, without a second '---'")
            elif kind is yaml.StreamEndEvent:
                if self._duplicates:
                    raise ConfigError(self._duplicates)
                return self._root

    def _scalar(self, event: Any) -> None:
        value = event.value
        if len(value) > _LONGEST_SCALAR:
            raise self._error(event, f"a value of {len(value)} characters; at most {_LONGEST_SCALAR}")
        if event.implicit[0] and event.tag is None:
            if value in _SPECIAL:
                value = _SPECIAL[value]
            elif _INTEGER.fullmatch(value) and len(value) <= _MAX_DIGITS:
                value = int(value, 0 if value[:2] in ("0x", "0o") else 10)
        elif event.tag is not None and event.tag != "!":
            raise self._tag(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        self._add(value, event)

    def _add(self, value: Any, event: Any) -> None:
        if not self._open:
            self._root = value
            return
        parent = self._open[-1]
        container = parent.value
        if type(container) is list:
            container.append(value)
        elif parent.key is _NO_KEY:
            if isinstance(value, (dict, list)):
                raise self._error(event, "a key must be a plain word or number")
            if isinstance(value, str) and value.endswith(":") and _BARE_ADDRESS.fullmatch(f"{value}:"):
                raise self._error(event, _quote(f"{value}:"))
            if value in container:
                self._duplicates.append(self._problem(event, f"duplicate key {value!r}"))
            if len(container) >= _MOST_KEYS:
                raise self._error(event, f"a mapping has at most {_MOST_KEYS} keys")
            parent.key = value
            if self._lines is not None:
                self._lines[self._path()] = event.start_mark.line + 1
            return
        else:
            container[parent.key] = value
            parent.key = _NO_KEY
            return
        if self._lines is not None:
            path = (*self._path(), str(len(container) - 1))
            self._lines.setdefault(path, event.start_mark.line + 1)

    def _start(self, event: Any, value: Any) -> None:
        if event.tag is not None and event.tag != "!":
            raise self._tag(event)
        if len(self._open) >= MAX_DEPTH:
            raise self._error(event, _TOO_DEEP)
        parent = self._open[-1] if self._open else None
        if parent is not None and type(parent.value) is dict and parent.key is _NO_KEY:
            raise self._error(event, "a key must be a plain word or number")
        if self._lines is not None:
            path = self._path()
            if parent is not None and type(parent.value) is list:
                path = (*path, str(len(parent.value)))
            self._lines.setdefault(path, event.start_mark.line + 1)
        self._open.append(_Open(value, event.anchor))

    def _end(self, event: Any) -> None:
        closed = self._open.pop()
        value = closed.value
        if type(value) is dict and "<<" in value:
            value = self._merge(value, event)
        if closed.anchor is not None:
            self._anchors[closed.anchor] = value
        self._add(value, event)

    def _merge(self, value: dict[Any, Any], event: Any) -> dict[Any, Any]:
        merged = value.pop("<<")
        for source in merged if isinstance(merged, list) else [merged]:
            if not isinstance(source, dict):
                raise self._error(event, "<< merges mappings only")
            self._repeat(len(source), event)
            value = {**source, **value}
        return value

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            raise self._error(event, f"alias *{event.anchor} stands before the end of its anchor, or has none")
        value = self._anchors[event.anchor]
        self._repeat(len(value) if isinstance(value, str) else 1, event)
        return value

    def _repeat(self, size: int, event: Any) -> None:
        """Count what aliases and merges stand for: a short text must not become a long one."""
        self._repeated += size
        if self._repeated > _MOST_REPEATED:
            raise self._error(event, "aliases and merges repeat too much")

    def _path(self) -> tuple[str, ...]:
        """Path of the value that comes next, up to the innermost mapping key."""
        parts = []
        for each in self._open:
            if type(each.value) is list:
                if each is not self._open[-1]:
                    parts.append(str(len(each.value)))
            elif each.key is not _NO_KEY:
                parts.append(str(each.key))
        return tuple(parts)

    def _tag(self, event: Any) -> ConfigError:
        return self._error(event, f"tag {event.tag} is not used in configurations")

    def _error(self, event: Any, message: str) -> ConfigError:
        return ConfigError([*self._duplicates, self._problem(event, message)])

    def _problem(self, event: Any, message: str) -> Problem:
        return Problem(message, (), self._file, event.start_mark.line + 1)
