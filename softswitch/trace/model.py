# SPDX-License-Identifier: Apache-2.0
"""The tree that :meth:`softswitch.device.Device.trace` answers.

Every node is a :class:`Step`.  Kinds and their data:

=============  ==========================================================================================
pass           ``cause`` (received, resubmitted, recirculated, clone-i2e, replica), ``port``, ``length``
parser         children are states; ``error`` when parsing failed
state          ``name``; children are extract, set, verify, select
extract        ``header``, ``fields``: name to value
select         ``key``, ``next``
checksum       ``name``, ``ok``
pipeline       ``name``; children are table, condition, action
condition      ``text``, ``result``
table          ``name``, ``key``: name to value, ``hit``, ``entry``, ``member``; child is the action
action         ``name``, ``params``: name to value; children are the effects
effect         ``text``: assignments and calls, in the program's words
drop           ``where`` (ingress, egress, ...) and ``why``
output         ``port``, ``length``, ``frame`` (hexadecimal)
=============  ==========================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Step:
    """One thing that happened; ``data`` holds ints, strings, booleans and mappings of these."""

    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    children: list[Step] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; integers beyond 64 bits become hexadecimal strings, which JSON readers keep exact."""
        result: dict[str, Any] = {"kind": self.kind, **{k: _plain(v) for k, v in self.data.items()}}
        if self.children:
            result["steps"] = [child.to_dict() for child in self.children]
        return result

    def walk(self) -> Iterator[Step]:
        """This step and all below it, depth first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True)
class Trace:
    """Everything one received frame caused, in order: one ``pass`` step per trip through the switch."""

    port: int
    frame: bytes
    steps: list[Step] = field(default_factory=list)

    def walk(self) -> Iterator[Step]:
        """All steps, depth first."""
        for step in self.steps:
            yield from step.walk()

    def find(self, kind: str, **data: Any) -> list[Step]:
        """Steps of a kind whose data has the given values, e.g. ``find("table", name="my_sid_table")``."""
        return [s for s in self.walk() if s.kind == kind and all(s.data.get(k) == v for k, v in data.items())]

    @property
    def outputs(self) -> list[tuple[int, bytes]]:
        """(port, frame) of every frame that left."""
        return [(s.data["port"], bytes.fromhex(s.data["frame"])) for s in self.find("output")]

    def to_json(self, indent: int | None = None) -> str:
        """The tree as JSON: ``{"port", "frame", "steps": [...]}``."""
        return json.dumps(
            {"port": self.port, "frame": self.frame.hex(), "steps": [s.to_dict() for s in self.steps]},
            indent=indent,
        )

    def to_text(self) -> str:
        """The tree as indented text for people."""
        lines = [f"port {self.port} received {len(self.frame)} bytes"]
        for step in self.steps:
            _render(step, 1, lines)
        return "\n".join(lines)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, int) and not isinstance(value, bool) and value >> 64:
        return hex(value)
    return value


def _number(value: Any) -> str:
    return hex(value) if isinstance(value, int) and not isinstance(value, bool) and value > 9 else str(value)


def _values(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_number(value)}" for name, value in values.items())


def _line(step: Step) -> str:
    data = step.data
    kind = step.kind
    if kind == "pass":
        return f"{data['cause']}: port {data['port']}, {data['length']} bytes"
    if kind == "parser":
        return "parser" + (f": error {data['error']}" if data.get("error") else "")
    if kind == "state":
        return f"state {data['name']}"
    if kind == "extract":
        return f"extract {data['header']}: {_values(data['fields'])}"
    if kind == "select":
        return f"select {_number(data['key'])} -> {data['next']}" if "key" in data else f"-> {data['next']}"
    if kind == "checksum":
        return f"checksum {data['name']}: {'correct' if data['ok'] else 'WRONG'}"
    if kind == "pipeline":
        return str(data["name"])
    if kind == "condition":
        return f"if ({data['text']}): {str(data['result']).lower()}"
    if kind == "table":
        outcome = "hit " + data["entry"] if data["hit"] else "miss"
        member = f", member {data['member']}" if "member" in data else ""
        return f"table {data['name']} [{_values(data['key'])}]: {outcome}{member}"
    if kind == "action":
        return f"action {data['name']}({_values(data['params'])})"
    if kind == "effect":
        return str(data["text"])
    if kind == "drop":
        return f"DROP in {data['where']}: {data['why']}"
    if kind == "output":
        return f"OUTPUT port {data['port']}, {data['length']} bytes"
    return f"{kind} {_values(data)}"


def _render(step: Step, depth: int, lines: list[str]) -> None:
    lines.append("  " * depth + _line(step))
    for child in step.children:
        _render(child, depth + 1, lines)
