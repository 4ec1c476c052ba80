# SPDX-License-Identifier: Apache-2.0
"""The ``parsers`` section of the JSON."""

from __future__ import annotations

from collections.abc import Mapping

from softswitch.bmv2json.cursor import Cursor
from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.expressions import Scope
from softswitch.bmv2json.limits import MAX_HEADER
from softswitch.bmv2json.model import (
    Advance,
    Const,
    Expr,
    Extract,
    FieldRef,
    HeaderRef,
    KeyPart,
    Lookahead,
    Parser,
    ParserOp,
    ParserState,
    SetField,
    StackFieldRef,
    StackRef,
    Transition,
    UnionStackFieldRef,
    UnionStackRef,
    ValueSet,
    Verify,
)
from softswitch.bmv2json.primitives import load_primitive


def load_parser(at: Cursor, scope: Scope, value_sets: Mapping[str, ValueSet]) -> Parser:
    """The parser with all its states."""
    states: dict[str, ParserState] = {}
    for state_at in at.at("parse_states").items():
        state = _state(state_at, scope, value_sets)
        if state.name in states:
            raise state_at.fail(f"parser state {state.name!r} is defined twice")
        states[state.name] = state
    init = at.at("init_state")
    if init.text() not in states:
        raise init.fail(f"no parser state {init.raw!r}")
    for state in states.values():
        for transition in state.transitions:
            if transition.next_state is not None and transition.next_state not in states:
                raise at.fail(f"state {state.name!r} goes to {transition.next_state!r}, which does not exist")
    return Parser(at.at("name").text(), init.text(), states)


def _state(at: Cursor, scope: Scope, value_sets: Mapping[str, ValueSet]) -> ParserState:
    ops = tuple(_op(op, scope) for op in at.at("parser_ops").items())
    key = tuple(_key_part(part, scope) for part in at.at("transition_key").items())
    transitions = tuple(_transition(t, value_sets) for t in at.at("transitions").items())
    return ParserState(at.at("name").text(), ops, key, transitions)


def _op(at: Cursor, scope: Scope) -> ParserOp:
    op = at.at("op").text()
    args = at.at("parameters").items()
    if op == "extract" and len(args) == 1:
        target, member = _extract_target(args[0], scope)
        return Extract(target, None, member)
    if op == "extract_VL" and len(args) == 2:
        target, member = _extract_target(args[0], scope)
        return Extract(target, scope.expr(args[1]), member)
    if op == "set" and len(args) == 2:
        field = scope.expr(args[0])
        if not isinstance(field, FieldRef):
            raise UnsupportedProgram(args[0].path, f"parser set of {args[0].at('type').raw}")
        return SetField(field, scope.expr(args[1]))
    if op == "verify" and len(args) == 2:
        return Verify(scope.expr(args[0]), scope.expr(args[1]))
    if op == "advance" and len(args) == 1:
        return Advance(scope.expr(args[0]))
    if op == "shift" and len(args) == 1:
        return Advance(Const(args[0].number(0, MAX_HEADER) * 8))
    if op == "primitive" and len(args) == 1:
        return load_primitive(args[0], scope, in_control=False)
    raise UnsupportedProgram(at.path, f"parser operation {op} with {len(args)} parameters")


def _extract_target(at: Cursor, scope: Scope) -> tuple[Expr, int]:
    kind = at.at("type").text()
    value = at.at("value")
    if kind == "regular":
        return HeaderRef(scope.packet_header(value)), 0
    if kind == "stack":
        return StackRef(scope.stack(value)), 0
    if kind == "union_stack":
        stack_at, member_at = value.items(2)
        stack = scope.union_stack(stack_at)
        return UnionStackRef(stack), scope.union_member(stack, member_at)
    raise UnsupportedProgram(at.path, f"extraction to {kind}")


def _key_part(at: Cursor, scope: Scope) -> KeyPart:
    source = scope.expr(at)
    if isinstance(source, FieldRef):
        if source.field == "$valid$":
            return KeyPart(source, 1)
        fields = scope.headers[source.header].type.fields
    elif isinstance(source, StackFieldRef):
        fields = scope.stacks[source.stack].type.fields
    elif isinstance(source, UnionStackFieldRef):
        union = scope.unions[scope.union_stacks[source.stack].unions[0]]
        fields = scope.headers[union.members[source.member]].type.fields
    elif isinstance(source, Lookahead):
        return KeyPart(source, source.width)
    else:
        raise UnsupportedProgram(at.path, f"transition key of type {at.at('type').raw}")
    return KeyPart(source, next(f.width for f in fields if f.name == source.field))


def _transition_kind(at: Cursor) -> str:
    """The type; p4c of formats 2.7 to 2.18 wrote none, and the value ``default`` for the default."""
    kind = at.get("type")
    if kind is not None:
        return kind.text()
    return "default" if at.at("value").raw == "default" else "hexstr"


def _transition(at: Cursor, value_sets: Mapping[str, ValueSet]) -> Transition:
    kind = _transition_kind(at)
    next_at = at.get("next_state")
    following = next_at.text() if next_at else None
    mask_at = at.get("mask")
    mask = mask_at.hex() if mask_at else None
    if kind == "default":
        return Transition("default", following)
    if kind == "hexstr":
        return Transition("value", following, at.at("value").hex(), mask)
    if kind == "parse_vset":
        name = at.at("value")
        if name.text() not in value_sets:
            raise name.fail(f"no parser value set {name.raw!r}")
        return Transition("vset", following, 0, mask, name.text())
    raise UnsupportedProgram(at.path, f"transition of type {kind}")
