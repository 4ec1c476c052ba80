# SPDX-License-Identifier: Apache-2.0
"""Edit a node file as text: add and remove list items and set scalars, leaving comments and layout alone.

Every edit is checked twice before anything is written: the new text must load as the old values with
exactly this change, and the result must be a valid node.
"""

from __future__ import annotations

import copy
import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from srv6cp.cli import exitcodes
from srv6cp.cli.exitcodes import CliError
from srv6cp.config import ConfigError, Source, load_node_source, read_source
from srv6cp.model import Node

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_NOT_PLAIN = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_INDENT = "  "


class NodeFile:
    """A node file being edited; nothing is written before :meth:`save`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = read_source(path).text
        self._loaded = Source(self.text, str(path)).load()
        if self._loaded is not None and not isinstance(self._loaded, dict):
            self.node()  # raises, saying what a node file is

    @property
    def data(self) -> dict[str, Any]:
        """The values as they are now; not to be changed."""
        return self._loaded or {}

    def items(self, section: str) -> list[Any]:
        """The items of a list section."""
        value = self.data.get(section)
        return value if isinstance(value, list) else []

    def add(self, section: str, item: Any) -> None:
        """Append an item to a list section, which is made if need be."""
        expected = copy.deepcopy(self.data)
        expected[section] = [*(expected.get(section) or []), item]
        self._change(_added(self.text, section, flow(item)), expected)

    def remove(self, section: str, index: int) -> None:
        """Remove an item of a list section."""
        expected = copy.deepcopy(self.data)
        del expected[section][index]
        if not expected[section]:
            expected[section] = None
        self._change(_removed(self.text, section, index), expected)

    def set_scalar(self, key: str, value: str) -> None:
        """Set a top-level scalar."""
        expected = {**copy.deepcopy(self.data), key: value}
        self._change(_set(self.text, key, flow(value)), expected)

    def set_in(self, path: Sequence[str | int], value: Any) -> None:
        """Set a value in mappings within mappings, which are made if need be."""
        expected = copy.deepcopy(self.data)
        place: dict[Any, Any] = expected
        for part in path[:-1]:
            # A copy: what an alias shares with it is not meant.
            place[part] = dict(place[part]) if isinstance(place.get(part), dict) else {}
            place = place[part]
        place[path[-1]] = value
        self._change(_set_in(self.text, path, value), expected)

    def node(self) -> Node:
        """The node that the text describes. Raises ConfigError."""
        return load_node_source(Source(self.text, str(self.path)))

    def save(self) -> Node:
        """Check the node and replace the file in one step. Raises ConfigError; the file is then as it was."""
        node = self.node()
        mode = self.path.stat().st_mode & 0o777
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self.text)
            os.chmod(name, mode)
            os.replace(name, self.path)
        except BaseException:
            os.unlink(name)
            raise
        return node

    def _change(self, text: str | None, expected: dict[str, Any]) -> None:
        if text is not None:
            try:
                loaded = Source(text, str(self.path)).load()
            except ConfigError:
                loaded = None
            if _without_empty(loaded) == _without_empty(expected):
                self.text, self._loaded = text, loaded
                return
        raise CliError(
            f"{self.path}: cannot be edited in place (an anchor, alias or unusual layout is in the way); "
            "make the change by hand and run `srv6 apply`",
            exitcodes.CONFIG,
        )


def flow(value: Any) -> str:
    """A value in YAML flow style, quoted where it must be."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_PLAIN:
        return text
    return json.dumps(text, ensure_ascii=False)


def _without_empty(data: Any) -> dict[str, Any]:
    return {key: value for key, value in (data or {}).items() if value not in (None, [])}


def _section(text: str, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(root, yaml.MappingNode):
        for key_node, value_node in root.value:
            if key_node.value == key:
                return key_node, value_node
    return None


def _added(text: str, section: str, item: str) -> str | None:
    found = _section(text, section)
    lines = text.splitlines(keepends=True)
    if found is None:
        return f"{_ended(text)}{section}:\n{_INDENT}- {item}\n"
    key, value = found
    if isinstance(value, yaml.SequenceNode) and value.flow_style:
        end = value.end_mark.index - 1
        head = text[:end].rstrip()
        separator = "" if not value.value or head.endswith(",") else ", "
        return head + separator + item + text[end:]
    if isinstance(value, yaml.SequenceNode) and value.value:
        line = _last_line(value.value[-1], lines)
        indent = " " * value.start_mark.column
    elif isinstance(value, yaml.ScalarNode) and not value.value:
        line, indent = key.end_mark.line, _INDENT
    else:
        return None
    before = _ended("".join(lines[: line + 1]))
    return f"{before}{indent}- {item}\n{''.join(lines[line + 1 :])}"


def _removed(text: str, section: str, index: int) -> str | None:
    found = _section(text, section)
    if found is None or not isinstance(found[1], yaml.SequenceNode):
        return None
    value = found[1]
    item = value.value[index]
    if value.flow_style:
        start, end = item.start_mark.index, item.end_mark.index
        if index + 1 < len(value.value):
            end = value.value[index + 1].start_mark.index
        elif index:
            start = value.value[index - 1].end_mark.index
        return text[:start] + text[end:]
    lines = text.splitlines(keepends=True)
    first, last = item.start_mark.line, _last_line(item, lines)
    if lines[first][: item.start_mark.column].strip() != "-":
        return None
    return "".join(lines[:first] + lines[last + 1 :])


def _set(text: str, key: str, value: str) -> str | None:
    found = _section(text, key)
    if found is None:
        # Below the name of the node, where people look for it.
        name = _section(text, "node")
        lines = text.splitlines(keepends=True)
        line = name[1].end_mark.line + 1 if name else 0
        return _ended("".join(lines[:line])) + f"{key}: {value}\n" + "".join(lines[line:])
    node = found[1]
    if not isinstance(node, yaml.ScalarNode):
        return None
    start, end = node.start_mark.index, node.end_mark.index
    space = "" if text[start - 1 : start].isspace() else " "
    return text[:start] + space + value + text[end:]


def _set_in(text: str, path: Sequence[str | int], value: Any) -> str | None:
    parent: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, part in enumerate(path):
        if not isinstance(parent, yaml.MappingNode):
            return None
        found = next(((key, each) for key, each in parent.value if key.value == str(part)), None)
        rest = value
        for inner in reversed(path[depth + 1 :]):
            rest = {inner: rest}
        if found is None:
            return _put(text, parent, f"{flow(part)}: {flow(rest)}")
        key, node = found
        empty = isinstance(node, yaml.ScalarNode) and not node.value
        if depth == len(path) - 1 or empty:
            if not isinstance(node, yaml.ScalarNode):
                return None
            start, end = node.start_mark.index, node.end_mark.index
            if empty:  # "key:", perhaps with a comment behind it
                start = end = text.index(":", key.end_mark.index) + 1
            return f"{text[:start]}{' ' if empty else ''}{flow(rest)}{text[end:]}"
        parent = node
    return None


def _put(text: str, mapping: yaml.MappingNode, item: str) -> str:
    """``item`` as the last of a mapping."""
    if mapping.flow_style:
        end = mapping.end_mark.index - 1
        head = text[:end].rstrip()
        separator = "" if not mapping.value else " " if head.endswith(",") else ", "
        return head + separator + item + text[end:]
    lines = text.splitlines(keepends=True)
    line = _last_line(mapping.value[-1][1], lines)
    indent = " " * mapping.value[0][0].start_mark.column
    return _ended("".join(lines[: line + 1])) + f"{indent}{item}\n" + "".join(lines[line + 1 :])


def _last_line(node: yaml.Node, lines: list[str]) -> int:
    """Last line of an item; block items end where the next thing starts, behind blank lines and comments."""
    mark = node.end_mark
    line: int = mark.line
    if mark.line < len(lines) and lines[mark.line][: mark.column].strip():
        return line
    line -= 1
    while line > node.start_mark.line and (not lines[line].strip() or lines[line].lstrip().startswith("#")):
        line -= 1
    return line


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
