# SPDX-License-Identifier: Apache-2.0
"""Edit YAML as text: list items come, go and change, scalars are set; comments and layout stay.

Functions take a text and give the new one, or None where they cannot tell how. They work on the marks of PyYAML's
nodes and do not check what they have made: whoever calls them loads the result and compares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_NOT_PLAIN = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_INDENT = "  "


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


def added(text: str, section: str, item: Any) -> str | None:
    """Append ``item`` to a list section, which is made if need be."""
    found = _section(text, section)
    lines = text.splitlines(keepends=True)
    if found is None:
        return f"{_ended(text)}{section}:\n{_INDENT}- {flow(item)}\n"
    key, value = found
    if isinstance(value, yaml.SequenceNode) and value.flow_style:
        return _apply(text, [_flow_insertion(text, value, flow(item), bool(value.value))])
    if isinstance(value, yaml.SequenceNode) and value.value:
        line = _last_line(value.value[-1], lines)
        indent = " " * value.start_mark.column
    elif isinstance(value, yaml.ScalarNode) and not value.value:
        line, indent = key.end_mark.line, _INDENT
    else:
        return None
    before = _ended("".join(lines[: line + 1]))
    return f"{before}{indent}- {flow(item)}\n{''.join(lines[line + 1 :])}"


def removed(text: str, section: str, index: int) -> str | None:
    """Take an item out of a list section; a block item goes with its lines."""
    found = _section(text, section)
    if found is None or not isinstance(found[1], yaml.SequenceNode):
        return None
    value = found[1]
    if value.flow_style:
        return _apply(text, list(_flow_removals([(item, item) for item in value.value], {index})))
    edit = _block_item_removal(value.value[index], text.splitlines(keepends=True))
    return None if edit is None else _apply(text, [edit])


def replaced(text: str, section: str, index: int, item: Any, whole: bool = False) -> str | None:
    """Make ``item`` of what stands at ``index`` of a list section, by changing no more than differs.

    With ``whole`` the item is written anew in its place; only comments beside and around it stay then.
    """
    found = _section(text, section)
    if found is None or not isinstance(found[1], yaml.SequenceNode):
        return None
    return _apply(text, list(_Change(text).to(found[1].value[index], item, whole)))


def scalar_set(text: str, key: str, value: Any) -> str | None:
    """Set a top-level scalar, which is made below the name of the node if need be."""
    found = _section(text, key)
    if found is None:
        name = _section(text, "node")
        lines = text.splitlines(keepends=True)
        line = name[1].end_mark.line + 1 if name else 0
        return _ended("".join(lines[:line])) + f"{key}: {flow(value)}\n" + "".join(lines[line:])
    node = found[1]
    return _apply(text, [_overwriting(text, node, value)]) if isinstance(node, yaml.ScalarNode) else None


def inner_set(text: str, path: Sequence[str | int], value: Any) -> str | None:
    """Set a scalar in mappings within mappings, which are made if need be."""
    parent: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, part in enumerate(path):
        if not isinstance(parent, yaml.MappingNode):
            return None
        rest = value
        for inner in reversed(path[depth + 1 :]):
            rest = {inner: rest}
        key, node = next(((key, each) for key, each in parent.value if key.value == str(part)), (None, None))
        if key is None:
            return _put(text, parent, f"{flow(part)}: {flow(rest)}")
        if isinstance(node, yaml.ScalarNode) and not node.value and not node.style:
            place = text.index(":", key.end_mark.index) + 1  # "key:", perhaps with a comment behind it
            return f"{text[:place]} {flow(rest)}{text[place:]}"
        if depth == len(path) - 1:
            return _apply(text, [_overwriting(text, node, rest)]) if isinstance(node, yaml.ScalarNode) else None
        parent = node
    return None


# An edit: what stands from here to there is replaced by that.
_Edit = tuple[int, int, str]


class _Change:
    """The edits that make another value of a node."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = text.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def to(self, node: yaml.Node, value: Any, whole: bool = False) -> Iterator[_Edit]:
        """Descend to what differs."""
        if not whole and isinstance(node, yaml.MappingNode) and isinstance(value, dict) and _share(node, value):
            yield from self._mapping(node, value)
        elif not whole and isinstance(node, yaml.SequenceNode) and isinstance(value, (list, tuple)):
            yield from self._sequence(node, list(value))
        elif isinstance(node, yaml.ScalarNode):
            if whole or not _same_scalar(node, value):
                yield _overwriting(self._text, node, value)
        elif isinstance(node, yaml.CollectionNode) and node.flow_style:
            yield _overwriting(self._text, node, value)
        else:
            # A block ends where the next thing starts; what is behind its last line is not part of it.
            end = self._starts[_last_line(node, self._lines) + 1]
            yield node.start_mark.index, end, flow(value) + "\n"

    def _mapping(self, node: yaml.MappingNode, value: dict[Any, Any]) -> Iterator[_Edit]:
        pairs = node.value
        gone = {index for index, (key, _) in enumerate(pairs) if key.value not in map(str, value)}
        for index, (key, old) in enumerate(pairs):
            if index not in gone:
                yield from self.to(old, next(each for name, each in value.items() if str(name) == key.value))
        kept = {key.value for key, _ in pairs}
        new = [f"{flow(name)}: {flow(each)}" for name, each in value.items() if str(name) not in kept]
        if node.flow_style:
            yield from _flow_removals(pairs, gone)
            if new:
                yield _flow_insertion(self._text, node, ", ".join(new), len(gone) < len(pairs))
            return
        first = next(index for index in range(len(pairs)) if index not in gone)
        if first:  # it comes to stand beside the dash of its list
            yield pairs[0][0].start_mark.index, pairs[first][0].start_mark.index, ""
        for index in gone:
            if index > first:
                start, end = pairs[index][0].start_mark.line, _last_line(pairs[index][1], self._lines) + 1
                yield self._starts[start], self._starts[end], ""
        if new:
            end = self._starts[_last_line(pairs[-1][1], self._lines) + 1]
            indent = "\n" + " " * node.start_mark.column
            ended = self._text[end - 1 : end] == "\n"
            yield end, end, (indent[1:] if ended else indent) + indent.join(new) + ("\n" if ended else "")

    def _sequence(self, node: yaml.SequenceNode, value: list[Any]) -> Iterator[_Edit]:
        items = node.value
        if node.flow_style:
            yield from _flow_removals([(item, item) for item in items], set(range(len(value), len(items))))
        else:
            for item in items[len(value) :]:
                edit = _block_item_removal(item, self._lines)
                if edit is not None:
                    yield edit
        for old, new in zip(items, value, strict=False):
            yield from self.to(old, new)
        more = [flow(each) for each in value[len(items) :]]
        if more and node.flow_style:
            yield _flow_insertion(self._text, node, ", ".join(more), bool(items))
        elif more:
            end = self._starts[_last_line(items[-1], self._lines) + 1]
            indent = " " * node.start_mark.column
            yield end, end, "".join(f"{indent}- {each}\n" for each in more)


def _share(node: yaml.MappingNode, value: dict[Any, Any]) -> bool:
    """Whether a key of the mapping is in ``value`` too."""
    return not {key.value for key, _ in node.value}.isdisjoint(map(str, value))


def _same_scalar(node: yaml.ScalarNode, value: Any) -> bool:
    return not isinstance(value, (dict, list, tuple)) and node.value == ("" if value is None else str(value))


def _overwriting(text: str, node: yaml.Node, value: Any) -> _Edit:
    start, end = node.start_mark.index, node.end_mark.index
    space = "" if text[start - 1 : start].isspace() or text[start - 1 : start] in ("[", "{") else " "
    return start, end, space + flow(value)


def _flow_insertion(text: str, node: yaml.Node, more: str, behind_others: bool) -> _Edit:
    """``more`` behind the last item of a flow collection."""
    end = node.end_mark.index - 1
    head = len(text[:end].rstrip())
    return head, head, (", " if behind_others and text[head - 1] != "," else "") + more


def _put(text: str, mapping: yaml.MappingNode, pair: str) -> str | None:
    """``pair`` as the last of a mapping."""
    if mapping.flow_style:
        return _apply(text, [_flow_insertion(text, mapping, pair, bool(mapping.value))])
    lines = text.splitlines(keepends=True)
    line = _last_line(mapping.value[-1][1], lines)
    indent = " " * mapping.value[0][0].start_mark.column
    return _ended("".join(lines[: line + 1])) + f"{indent}{pair}\n" + "".join(lines[line + 1 :])


def _flow_removals(pairs: list[Any], gone: set[int]) -> Iterator[_Edit]:
    """Runs of items go with the comma behind them, at the end with the one in front."""
    index = 0
    while index < len(pairs):
        first = index
        while index in gone:
            index += 1
        if index > first:
            start, end = pairs[first][0].start_mark.index, pairs[index - 1][1].end_mark.index
            if index < len(pairs):
                end = pairs[index][0].start_mark.index
            elif first:
                start = pairs[first - 1][1].end_mark.index
            yield start, end, ""
        index += 1


def _block_item_removal(item: yaml.Node, lines: list[str]) -> _Edit | None:
    first, last = item.start_mark.line, _last_line(item, lines)
    if lines[first][: item.start_mark.column].strip() != "-":
        return None
    start = sum(map(len, lines[:first]))
    return start, start + sum(map(len, lines[first : last + 1])), ""


def _apply(text: str, edits: list[_Edit]) -> str | None:
    """The text with all edits made; None when they get into each other's way."""
    parts = []
    position = 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        if start < position:
            return None
        parts += [text[position:start], new]
        position = end
    return "".join([*parts, text[position:]])


def _section(text: str, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(root, yaml.MappingNode):
        for key_node, value_node in root.value:
            if key_node.value == key:
                return key_node, value_node
    return None


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
