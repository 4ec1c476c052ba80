# SPDX-License-Identifier: Apache-2.0
"""What a program uses of what the loader accepts, and what the loader accepts, both as sets of short names."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from typing import Any

from softswitch.bmv2json import expressions, loader, model, primitives
from softswitch.bmv2json.model import MatchKind, Program

_TRANSITIONS = ("default", "value", "masked value", "value set")
_TABLES = (
    "direct", "profile", "selector", "default action", "constant default action", "next by action", "next by hit",
)  # fmt: skip
_STATE = (
    "counter", "direct counter", "packet meter", "byte meter", "direct packet meter", "direct byte meter", "register",
    "field list", "empty field list", "digest", "value set", "stack", "union", "union stack", "signed field",
    "variable-length field",
)  # fmt: skip
_CHECKSUMS = ("verified", "updated", "with payload", "without condition", "with condition")
_EXTRACTS = ("header", "stack element", "union stack element")


def accepted() -> set[str]:
    """Everything that the loader accepts, from its own tables and the model."""
    names = {f"primitive {op}" for op in primitives.PRIMITIVES}
    names |= {f"operator {op}" for op in expressions._UNARY | expressions._BINARY | {"?"}}
    names |= {f"operand {cls.__name__}" for cls in typing.get_args(model.Expr) if cls is not model.Op}
    names |= {f"parser {cls.__name__}" for cls in typing.get_args(model.ParserOp)}
    names |= {f"object {kind}" for kind in expressions._OBJECTS}
    names |= {f"match {kind.value}" for kind in MatchKind} | {f"constant entry {kind.value}" for kind in MatchKind}
    names |= {f"hash {name}" for name in loader.ALGORITHMS}
    names |= {f"transition {kind}" for kind in _TRANSITIONS} | {f"table {kind}" for kind in _TABLES}
    names |= {f"key {cls}" for cls in ("FieldRef", "StackFieldRef", "UnionStackFieldRef", "Lookahead")}
    names |= {f"extract {what}" for what in _EXTRACTS} | {f"extract variable {what}" for what in _EXTRACTS}
    names |= set(_STATE) | {f"checksum {what}" for what in _CHECKSUMS}
    return names | {"action call", "conditional", "parser primitive", "action parameter", "idle timeout"}


def used(program: Program) -> set[str]:
    """What of it a program uses."""
    found = set(_instances(program)) | set(_state(program)) | set(_tables(program)) | set(_parser(program))
    for algorithm in [c.algorithm for c in program.calculations.values()]:
        found.add(f"hash {algorithm}")
    for checksum in program.checksums:
        found |= {"checksum verified"} if checksum.verify else set()
        found |= {"checksum updated"} if checksum.update else set()
        found |= {"checksum with payload"} if checksum.calculation.with_payload else set()
        found.add("checksum with condition" if checksum.condition is not None else "checksum without condition")
    return found


def _instances(node: Any) -> Iterator[str]:
    """Names for every object of the model that hangs below ``node``."""
    if isinstance(node, model.Primitive):
        yield f"primitive {node.op}"
    elif isinstance(node, model.Op):
        yield f"operator {node.op}"
    elif isinstance(node, typing.get_args(model.Expr)):
        yield f"operand {type(node).__name__}"
    if isinstance(node, typing.get_args(model.ParserOp)):
        yield f"parser {type(node).__name__}"
    if isinstance(node, model.ObjectRef):
        yield f"object {node.kind}"
    if isinstance(node, (model.ActionCall, model.Conditional)):
        yield "action call" if isinstance(node, model.ActionCall) else "conditional"
    if dataclasses.is_dataclass(node):
        for field in dataclasses.fields(node):
            yield from _instances(getattr(node, field.name))
    elif isinstance(node, (tuple, list)):
        for item in node:
            yield from _instances(item)
    elif hasattr(node, "values") and not isinstance(node, type):
        for item in node.values():
            yield from _instances(item)


def _state(program: Program) -> Iterator[str]:
    for counter in program.counters.values():
        yield "direct counter" if counter.table else "counter"
    for meter in program.meters.values():
        yield f"{'direct ' if meter.table else ''}{'packet' if meter.unit_packets else 'byte'} meter"
    for fields in program.field_lists.values():
        yield "field list" if fields.elements else "empty field list"
    named = {
        "register": program.registers,
        "digest": program.learn_lists,
        "value set": program.value_sets,
        "stack": program.stacks,
        "union": program.unions,
        "union stack": program.union_stacks,
        "action parameter": [p for action in program.actions.values() for p in action.params],
    }
    yield from (name for name, objects in named.items() if objects)
    for field in (field for kind in program.header_types.values() for field in kind.fields):
        yield from ["signed field"] * field.signed + ["variable-length field"] * field.varbit


def _tables(program: Program) -> Iterator[str]:
    for table in program.tables.values():
        yield from (f"match {key.kind.value}" for key in table.keys)
        yield from (f"constant entry {part[0].value}" for entry in table.entries for part in entry.key)
        profile = program.profiles.get(table.profile)
        yield "table direct" if profile is None else f"table {'profile' if profile.selector is None else 'selector'}"
        if profile is not None and profile.selector is not None:
            yield f"hash {profile.algorithm}"
        if table.default is not None:
            yield "table constant default action" if table.default.const else "table default action"
        yield "table next by hit" if table.by_hit else "table next by action"
        yield from ["idle timeout"] * table.support_timeout


def _parser(program: Program) -> Iterator[str]:
    targets = {"HeaderRef": "header", "StackRef": "stack element", "UnionStackRef": "union stack element"}
    for state in program.parser.states.values():
        yield from (f"key {type(part.source).__name__}" for part in state.key)
        for transition in state.transitions:
            masked = "masked value" if transition.mask is not None else "value"
            yield f"transition { {'default': 'default', 'vset': 'value set'}.get(transition.kind, masked) }"
        for op in state.ops:
            if isinstance(op, model.Extract):
                kind = targets[type(op.target).__name__]
                yield f"extract {'variable ' if op.length is not None else ''}{kind}"
            elif isinstance(op, model.Primitive):
                yield "parser primitive"
