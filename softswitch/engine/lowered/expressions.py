# SPDX-License-Identifier: Apache-2.0
"""Expressions of the model to values."""

from __future__ import annotations

from collections.abc import Sequence

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.model import (
    AccessField,
    AccessUnionHeader,
    BoolConst,
    Const,
    DerefStack,
    DerefUnionStack,
    Expr,
    FieldRef,
    HeaderRef,
    Op,
    ParamRef,
    RegisterRef,
    StackFieldRef,
    StackRef,
    UnionRef,
    UnionStackFieldRef,
    UnionStackRef,
)
from softswitch.engine.lowered import values
from softswitch.engine.lowered.objects import Field, Header, Stack
from softswitch.engine.lowered.storage import Storage
from softswitch.engine.lowered.values import Constant, Number, Pick, Read, Top, Truth, Valid

_COMPARISONS = {"==", "!=", "<", ">", "<=", ">="}
_TRUTHS = {"and", "or", "not", "d2b", "valid", "valid_union", *_COMPARISONS}


class Operands:
    """Translates the operands of an action (``params``: the widths of its parameters) or of what has none.

    ``where`` is for errors: all methods raise UnsupportedProgram for what has no meaning in their place.
    """

    def __init__(self, storage: Storage, where: str, params: Sequence[int] = ()) -> None:
        self.storage = storage
        self.where = where
        self.params = params

    def refuse(self, what: str, hint: str = "") -> UnsupportedProgram:
        """The error for a construct that nothing can execute."""
        return UnsupportedProgram(self.where, what, hint)

    # -- numbers

    def number(self, expr: Expr) -> Number:
        """A number; a truth value is 1 or 0."""
        if self._is_truth(expr):
            return values.from_truth(self.truth(expr))
        found = self.read(expr)
        if isinstance(found, (Read, Pick)) and _first(found).varbit:
            raise self.refuse("variable-length field used as a number")
        return found

    def read(self, expr: Expr) -> Number:
        """As :meth:`number`, or the :class:`Read` of a variable-length field."""
        if isinstance(expr, FieldRef):
            if expr.field == "$valid$":
                return values.from_truth(Valid(self.storage.headers[expr.header]))
            return Read(self.storage.field(expr))
        if isinstance(expr, Const):
            return Constant(expr.value)
        if isinstance(expr, ParamRef):
            if expr.index >= len(self.params):
                raise self.refuse(f"parameter {expr.index}", "the action has fewer")
            return values.Param(expr.index, self.params[expr.index])
        if isinstance(expr, (StackFieldRef, UnionStackFieldRef, AccessField)):
            fields, index = self.fields(expr)
            if isinstance(index, int):
                return Read(fields[index])
            return Pick(fields, index)
        if isinstance(expr, RegisterRef):
            return values.Cell(self.storage.registers[expr.register], self.number(expr.index))
        if isinstance(expr, Op):
            return self._arithmetic(expr)
        raise self.refuse(f"{type(expr).__name__} as a value")

    def _arithmetic(self, expr: Op) -> Number:
        op = expr.op
        if op == "b2d":
            return values.from_truth(self.truth(expr.args[0]))
        if op in ("last_stack_index", "size_stack"):
            stack = self.stack(expr.args[0])
            return values.Fill(stack) if op == "size_stack" else values.LastIndex(stack)
        if op == "?":
            condition, left, right = self.truth(expr.args[0]), *map(self.number, expr.args[1:])
            return values.choose(condition, left, right)
        if op == "~":
            return values.complement(self.number(expr.args[0]))
        if op in ("two_comp_mod", "usat_cast", "sat_cast"):
            width = expr.args[1]
            if not isinstance(width, Const) or width.value < 1:
                raise self.refuse(f"{op} with a variable width")
            source = self.number(expr.args[0])
            if op == "two_comp_mod":
                return values.wrap(source, width.value)
            half = 1 << width.value - 1
            low, high = (0, 2 * half - 1) if op == "usat_cast" else (-half, half - 1)
            return values.Saturate(source, low, high) if source.low < low or source.high > high else source
        return values.arithmetic(op, self.number(expr.args[0]), self.number(expr.args[1]))

    # -- truth values

    def _is_truth(self, expr: Expr) -> bool:
        if isinstance(expr, Op):
            if expr.op == "?":
                return self._is_truth(expr.args[1]) and self._is_truth(expr.args[2])
            return expr.op in _TRUTHS
        return isinstance(expr, (BoolConst, HeaderRef))

    def truth(self, expr: Expr) -> Truth:
        """A truth value; a number is true when it is not 0."""
        if isinstance(expr, BoolConst):
            return values.Known(expr.value)
        if isinstance(expr, HeaderRef):
            return Valid(self.storage.headers[expr.header])
        if not isinstance(expr, Op) or not self._is_truth(expr):
            return self.truth(expr.args[0]) if isinstance(expr, Op) and expr.op == "b2d" else self._non_zero(expr)
        op, args = expr.op, expr.args
        if op == "not":
            return values.Not(self.truth(args[0]))
        if op in ("and", "or"):
            return (values.All if op == "and" else values.Any)(tuple(map(self.truth, args)))
        if op == "d2b":
            return self._non_zero(args[0])
        if op == "valid":
            headers, index = self.headers(args[0])
            return Valid(headers[index]) if isinstance(index, int) else values.PickValid(headers, index)
        if op == "valid_union":
            if not isinstance(args[0], UnionRef):
                raise self.refuse(f"valid_union of {type(args[0]).__name__}")
            return _some_valid(self.storage.unions[args[0].union])
        if op == "?":
            return values.ChooseTruth(self.truth(args[0]), self.truth(args[1]), self.truth(args[2]))
        return self._comparison(expr)

    def _non_zero(self, expr: Expr) -> Truth:
        return values.non_zero(self.number(expr))

    def _comparison(self, expr: Op) -> Truth:
        op, (left, right) = expr.op, expr.args
        if op in ("==", "!=") and isinstance(left, (HeaderRef, UnionRef, DerefStack)):
            same = self._same_headers(left, right)
            return same if op == "==" else values.Not(same)
        if not self._is_truth(left) and not self._is_truth(right):
            one, other = self.read(left), self.read(right)
            octets = [isinstance(v, (Read, Pick)) and _first(v).varbit for v in (one, other)]
            if op in ("==", "!=") and all(octets) and isinstance(one, Read) and isinstance(other, Read):
                equal = values.SameOctets(one.field, other.field)
                return equal if op == "==" else values.Not(equal)
            if any(octets):
                raise self.refuse(f"operator {op} on a variable-length field")
            return values.Compare(op, one, other)
        return values.Compare(op, self.number(left), self.number(right))

    def _same_headers(self, left: Expr, right: Expr) -> Truth:
        """Headers are equal when both are valid and all fields agree; unions when that is so for some member, or none
        is valid in both.
        """
        pairs = list(zip(self._compared(left), self._compared(right), strict=True))
        same = [_same(a, b) for a, b in pairs]
        if not isinstance(left, UnionRef):
            return same[0]
        none = values.Not(values.Any(tuple(_some_valid(side) for side in zip(*pairs, strict=True))))
        return values.Any((*same, none))

    def _compared(self, expr: Expr) -> tuple[Header, ...]:
        if isinstance(expr, UnionRef):
            return self.storage.unions[expr.union]
        headers, index = self.headers(expr)
        if not isinstance(index, int):
            raise self.refuse("comparison of stack elements with a variable index")
        return (headers[index],)

    # -- headers

    def stack(self, expr: Expr) -> Stack:
        """A stack of headers or unions."""
        if isinstance(expr, StackRef):
            return self.storage.stacks[expr.stack]
        if isinstance(expr, UnionStackRef):
            return self.storage.union_stacks[expr.stack]
        raise self.refuse(f"{type(expr).__name__} where a stack is expected")

    def headers(self, expr: Expr) -> tuple[tuple[Header, ...], int | Number]:
        """The header instances that an operand can mean, and which one: its place, or a number known at run time."""
        if isinstance(expr, HeaderRef):
            return (self.storage.headers[expr.header],), 0
        if isinstance(expr, DerefStack):
            rows = self.storage.stacks[expr.stack].rows
            return tuple(row[0] for row in rows), self._place(expr.index, len(rows))
        if isinstance(expr, AccessUnionHeader):
            unions, index = self.unions(expr.union)
            return tuple(members[expr.offset] for members in unions), index
        raise self.refuse(f"{type(expr).__name__} where a header is expected")

    def unions(self, expr: Expr) -> tuple[tuple[tuple[Header, ...], ...], int | Number]:
        """The same for unions, each as its members."""
        if isinstance(expr, UnionRef):
            return (self.storage.unions[expr.union],), 0
        if isinstance(expr, DerefUnionStack):
            rows = self.storage.union_stacks[expr.stack].rows
            return rows, self._place(expr.index, len(rows))
        raise self.refuse(f"{type(expr).__name__} where a union is expected")

    def _place(self, index: Expr, size: int) -> int | Number:
        if not isinstance(index, Const):
            return self.number(index)
        if not 0 <= index.value < size:
            raise self.refuse(f"stack index {index.value}", f"the stack has {size}")
        return index.value

    def fields(self, expr: StackFieldRef | UnionStackFieldRef | AccessField) -> tuple[tuple[Field, ...], int | Number]:
        """The fields that an operand can mean, and which one."""
        if isinstance(expr, AccessField):
            headers, index = self.headers(expr.header)
            return tuple(h.fields[expr.offset] for h in headers), index
        if isinstance(expr, StackFieldRef):
            stack = self.storage.stacks[expr.stack]
            headers = tuple(row[0] for row in stack.rows)
        else:
            stack = self.storage.union_stacks[expr.stack]
            headers = tuple(row[expr.member] for row in stack.rows)
        return tuple(next(f for f in h.fields if f.name == expr.field) for h in headers), Top(stack)


def _first(value: Read | Pick) -> Field:
    return value.field if isinstance(value, Read) else value.fields[0]


def _some_valid(headers: Sequence[Header]) -> Truth:
    return values.Any(tuple(Valid(h) for h in headers))


def _same(left: Header, right: Header) -> Truth:
    tests: list[Truth] = [Valid(left), Valid(right)]
    for a, b in zip(left.fields, right.fields, strict=True):
        tests.append(values.SameOctets(a, b) if a.varbit else values.Compare("==", Read(a), Read(b)))
    return values.All(tuple(tests))
