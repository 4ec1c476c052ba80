# SPDX-License-Identifier: Apache-2.0
"""Expressions of the JSON to the model."""

from __future__ import annotations

from collections.abc import Mapping

from softswitch.bmv2json.cursor import Cursor
from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.limits import MAX_OFFSET, MAX_PARAMS, MAX_WIDTH
from softswitch.bmv2json.model import (
    AccessField,
    AccessUnionHeader,
    BoolConst,
    Const,
    DerefStack,
    DerefUnionStack,
    Expr,
    FieldRef,
    Header,
    HeaderRef,
    HeaderStack,
    HeaderType,
    HeaderUnion,
    Lookahead,
    ObjectRef,
    Op,
    ParamRef,
    RegisterRef,
    StackFieldRef,
    StackRef,
    StrConst,
    UnionRef,
    UnionStack,
    UnionStackFieldRef,
    UnionStackRef,
    Vector,
)

_UNARY = {"~", "not", "d2b", "b2d", "valid", "valid_union", "last_stack_index", "size_stack"}
_BINARY = {
    "+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^",
    "==", "!=", "<", ">", "<=", ">=", "and", "or",
    "two_comp_mod", "usat_cast", "sat_cast",
}  # fmt: skip
#: Their right operand is a width.
_CASTS = {"two_comp_mod", "usat_cast", "sat_cast"}
_OBJECTS = {"calculation", "meter_array", "counter_array", "register_array"}


class Scope:
    """The instances that expressions can refer to."""

    def __init__(
        self,
        headers: Mapping[str, Header],
        stacks: Mapping[str, HeaderStack],
        unions: Mapping[str, HeaderUnion],
        union_stacks: Mapping[str, UnionStack],
        objects: Mapping[str, set[str]],
    ) -> None:
        self.headers = headers
        self.stacks = stacks
        self.unions = unions
        self.union_stacks = union_stacks
        self.objects = objects

    def header(self, at: Cursor) -> str:
        """Name of an existing header instance."""
        name = at.text()
        if name not in self.headers:
            raise at.fail(f"no header {name!r}")
        return name

    def packet_header(self, at: Cursor) -> str:
        """Name of an existing header instance that a packet can have."""
        name = self.header(at)
        if self.headers[name].metadata:
            raise at.fail(f"{name!r} is metadata, no header of a packet")
        return name

    def field(self, at: Cursor) -> FieldRef:
        """Reference ``[header, field]`` to an existing field."""
        header_at, field_at = at.items(2)
        header = self.header(header_at)
        name = field_at.text()
        if name != "$valid$" and all(f.name != name for f in self.headers[header].type.fields):
            raise field_at.fail(f"header {header!r} has no field {name!r}")
        return FieldRef(header, name)

    def _known(self, at: Cursor, what: str, known: Mapping[str, object]) -> str:
        name = at.text()
        if name not in known:
            raise at.fail(f"no {what} {name!r}")
        return name

    def stack(self, at: Cursor) -> str:
        """Name of an existing header stack."""
        return self._known(at, "header stack", self.stacks)

    def union_stack(self, at: Cursor) -> str:
        """Name of an existing union stack."""
        return self._known(at, "header union stack", self.union_stacks)

    def union_member(self, stack: str, at: Cursor) -> int:
        """Position of a union member in the unions of ``stack``."""
        name = at.text()
        names = self.union_stacks[stack].member_names
        if name not in names:
            raise at.fail(f"no union member {name!r}; valid: {', '.join(names)}")
        return names.index(name)

    def expr(self, at: Cursor) -> Expr:
        """Any operand or expression."""
        obj = at.obj()
        if "op" in obj:
            return self._op(at)
        kind = at.at("type").text()
        value = at.at("value")
        if kind == "expression":
            return self.expr(value)
        if kind == "field":
            return self.field(value)
        if kind == "hexstr":
            width = at.get("bitwidth")
            return Const(value.hex(), width.number(0, MAX_WIDTH) if width else 0)
        if kind == "bool":
            return BoolConst(value.flag())
        if kind == "string":
            return StrConst(value.text())
        if kind in ("local", "runtime_data"):
            return ParamRef(value.number(0, MAX_PARAMS))
        if kind == "header":
            if value.text() in self.unions:  # p4c writes the validity of a union so
                return UnionRef(value.text())
            return HeaderRef(self.header(value))
        if kind == "header_stack":
            return StackRef(self.stack(value))
        if kind == "header_union":
            return UnionRef(self._known(value, "header union", self.unions))
        if kind == "header_union_stack":
            return UnionStackRef(self.union_stack(value))
        if kind == "stack_field":
            return self._stack_field(value)
        if kind == "union_stack_field":
            return self._union_stack_field(value)
        if kind == "lookahead":
            offset, width_at = value.items(2)
            return Lookahead(offset.number(0, MAX_OFFSET), width_at.number(1, MAX_WIDTH))
        if kind == "register":
            name_at, index = value.items(2)
            return RegisterRef(self._object("register_array", name_at), self.expr(index))
        if kind == "parameters_vector":
            # p4c writes {} where log_msg has no values
            return Vector(tuple(self.expr(item) for item in value.items()) if value.raw else ())
        if kind in _OBJECTS:
            return ObjectRef(kind, self._object(kind, value))
        raise UnsupportedProgram(at.path, f"value of type {kind}")

    def _object(self, kind: str, at: Cursor) -> str:
        name = at.text()
        if name not in self.objects[kind]:
            raise at.fail(f"no {kind} {name!r}")
        return name

    def _stack_field(self, at: Cursor) -> StackFieldRef:
        stack_at, field_at = at.items(2)
        stack = self.stack(stack_at)
        name = field_at.text()
        if all(f.name != name for f in self.stacks[stack].type.fields):
            raise field_at.fail(f"stack {stack!r} has no field {name!r}")
        return StackFieldRef(stack, name)

    def _union_stack_field(self, at: Cursor) -> UnionStackFieldRef:
        stack_at, member_at, field_at = at.items(3)
        stack = self.union_stack(stack_at)
        member = self.union_member(stack, member_at)
        union = self.unions[self.union_stacks[stack].unions[0]]
        name = field_at.text()
        if all(f.name != name for f in self.headers[union.members[member]].type.fields):
            raise field_at.fail(f"union member {member_at.raw!r} has no field {name!r}")
        return UnionStackFieldRef(stack, member, name)

    def _type(self, at: Cursor, header: Expr) -> HeaderType:
        """The type of a header that an expression yields."""
        if isinstance(header, HeaderRef):
            return self.headers[header.header].type
        if isinstance(header, DerefStack):
            return self.stacks[header.stack].type
        if isinstance(header, AccessUnionHeader):
            return self.headers[self._members(at, header.union)[header.offset]].type
        raise UnsupportedProgram(at.path, f"field of a {type(header).__name__}")

    def _members(self, at: Cursor, union: Expr) -> tuple[str, ...]:
        """The headers of a union that an expression yields."""
        if isinstance(union, UnionRef):
            return self.unions[union.union].members
        if isinstance(union, DerefUnionStack):
            return self.unions[self.union_stacks[union.stack].unions[0]].members
        raise UnsupportedProgram(at.path, f"member of a {type(union).__name__}")

    def _op(self, at: Cursor) -> Expr:
        op = at.at("op").text()
        if op in _UNARY:
            operand = self.expr(at.at("right"))
            return Op("valid_union" if op == "valid" and isinstance(operand, UnionRef) else op, (operand,))
        if op in _BINARY:
            right = self.expr(at.at("right"))
            if op in _CASTS and isinstance(right, Const) and not 1 <= right.value <= MAX_WIDTH:
                raise at.at("right").fail(f"a width in 1..{MAX_WIDTH} expected")
            return Op(op, (self.expr(at.at("left")), right))
        if op == "?":
            return Op(op, tuple(self.expr(at.at(k)) for k in ("cond", "left", "right")))
        if op in ("dereference_header_stack", "dereference_stack"):
            return DerefStack(self.stack(at.at("left").at("value")), self.expr(at.at("right")))
        if op == "dereference_union_stack":
            return DerefUnionStack(self.union_stack(at.at("left").at("value")), self.expr(at.at("right")))
        if op == "access_field":
            header = self.expr(at.at("left"))
            return AccessField(header, at.at("right").number(0, len(self._type(at, header).fields) - 1))
        if op == "access_union_header":
            union = self.expr(at.at("left"))
            return AccessUnionHeader(union, at.at("right").number(0, len(self._members(at, union)) - 1))
        raise UnsupportedProgram(at.path, f"operator {op}")
