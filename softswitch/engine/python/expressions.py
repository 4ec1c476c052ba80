# SPDX-License-Identifier: Apache-2.0
"""Expressions as Python source.

Arithmetic is on unbounded integers, as in BMv2; a value is cut to size when it is stored.  :class:`Value`
carries what is known of the range, so that cutting is left out where it would change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.model import (
    AccessField,
    BoolConst,
    Const,
    DerefStack,
    Expr,
    FieldRef,
    FieldType,
    HeaderRef,
    Op,
    ParamRef,
    RegisterRef,
    StackFieldRef,
    StackRef,
    StrConst,
    UnionRef,
    UnionStackFieldRef,
    UnionStackRef,
)
from softswitch.engine.python.context import Context

#: ``bits`` of a value that is not negative but has no useful upper bound.
UNBOUNDED = 1 << 30
#: Left shifts by more are zero in every field there can be.
MAX_SHIFT = 1 << 16
#: Value of ``last_stack_index`` of an empty stack in BMv2: -1 as a size_t.
_SIZE_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Value:
    """Source text of a value.  ``bits``: 0 <= value < 2**bits, or None when it may be negative.

    ``boolean``: a Python truth value.  ``varbit``: bytes.
    """

    code: str
    bits: int | None = None
    boolean: bool = False
    varbit: bool = False


class Expressions:
    """Translates expressions in the context of an action (``params``) or of none."""

    def __init__(self, ctx: Context, where: str) -> None:
        self.ctx = ctx
        self.where = where
        self.params: list[tuple[str, int]] = []

    # -- entry points

    def value(self, expr: Expr) -> Value:
        """A data value."""
        result = self._value(expr)
        if result.boolean:
            return Value(f"(1 if {result.code} else 0)", 1)
        return result

    def int_code(self, expr: Expr) -> str:
        """Source of a data value."""
        return self.value(expr).code

    def condition(self, expr: Expr) -> str:
        """Source of a truth value."""
        if isinstance(expr, Op):
            if expr.op == "d2b":
                return self._value(expr.args[0]).code
            if expr.op == "not":
                return f"not {self._paren(self.condition(expr.args[0]))}"
            if expr.op in ("and", "or"):
                left, right = (self._paren(self.condition(a)) for a in expr.args)
                return f"{left} {expr.op} {right}"
            if expr.op == "b2d":
                return self.condition(expr.args[0])
        return self._value(expr).code

    def fit(self, expr: Expr, width: int, signed: bool) -> str:
        """Source of a value stored in a field of ``width`` bits."""
        return self.fit_value(self.value(expr), width, signed)

    @staticmethod
    def fit_value(value: Value, width: int, signed: bool) -> str:
        """As :meth:`fit`, for a translated value."""
        if signed:
            if value.bits is not None and value.bits < width:
                return value.code
            return _two_complement(value.code, width)
        if value.bits is not None and value.bits <= width:
            return value.code
        return f"{value.code} & {hex((1 << width) - 1)}"

    # -- translation

    @staticmethod
    def _paren(code: str) -> str:
        return code if code.isidentifier() or code.isdigit() else f"({code})"

    def _value(self, expr: Expr) -> Value:
        ctx = self.ctx
        if isinstance(expr, FieldRef):
            return self.field_value(ctx.ref(expr), ctx.field_type(expr))
        if isinstance(expr, Const):
            if expr.value < 0:
                return Value(f"({expr.value})")
            return Value(hex(expr.value) if expr.value > 9 else str(expr.value), expr.value.bit_length())
        if isinstance(expr, BoolConst):
            return Value(str(expr.value), 1, boolean=True)
        if isinstance(expr, ParamRef):
            if expr.index >= len(self.params):
                raise UnsupportedProgram(self.where, f"parameter {expr.index}", "the action has fewer")
            name, width = self.params[expr.index]
            return Value(name, width)
        if isinstance(expr, Op):
            return self._op(expr)
        if isinstance(expr, StackFieldRef):
            members = ctx.program.stacks[expr.stack].members
            return self._dynamic([(m, expr.field) for m in members], f"{ctx.next(expr.stack)} - 1")
        if isinstance(expr, UnionStackFieldRef):
            unions = [ctx.program.unions[u] for u in ctx.program.union_stacks[expr.stack].unions]
            return self._dynamic([(u.members[expr.member], expr.field) for u in unions], f"{ctx.next(expr.stack)} - 1")
        if isinstance(expr, AccessField):
            return self._access(expr)
        if isinstance(expr, RegisterRef):
            register = ctx.program.registers[expr.register]
            return Value(f"{self.register(expr.register)}[{self.int_code(expr.index)}]", register.width)
        if isinstance(expr, HeaderRef):
            return Value(ctx.valid(expr.header), 1, boolean=True)
        raise UnsupportedProgram(self.where, f"{type(expr).__name__} as a value")

    @staticmethod
    def field_value(code: str, kind: FieldType) -> Value:
        """A field given its variable."""
        if kind.varbit:
            return Value(code, None, varbit=True)
        return Value(code, None if kind.signed else kind.width)

    def register(self, name: str) -> str:
        """Name of the list of cells of a register array."""
        return self.ctx.constant(("register", name), self.ctx.state.registers[name].cells, "reg_{}", name)

    def _dynamic(self, candidates: list[tuple[str, str]], index: str) -> Value:
        kind = self.ctx.field_type(FieldRef(*candidates[0]))
        options = ", ".join(self.ctx.field(header, name) for header, name in candidates)
        return self.field_value(f"({options},)[{index}]", kind)

    def _access(self, expr: AccessField) -> Value:
        ctx = self.ctx
        members = ctx.layout.members(expr.header)
        if not members:
            raise UnsupportedProgram(self.where, f"access_field of {type(expr.header).__name__}")
        name = ctx.program.headers[members[0]].type.fields[expr.offset].name
        index = self.member_index(expr.header)
        if isinstance(index, int):
            ref = FieldRef(members[index], name)
            return self.field_value(ctx.ref(ref), ctx.field_type(ref))
        return self._dynamic([(m, name) for m in members], index)

    def member_index(self, expr: Expr) -> int | str:
        """Which of ``layout.members(expr)`` is meant: a number, or source when known at run time only."""
        index = self.ctx.element(expr, self.where)
        return index if isinstance(index, int) else self.int_code(index)

    def _op(self, expr: Op) -> Value:
        op = expr.op
        if op in ("and", "or", "not"):
            return Value(f"({self.condition(expr)})", 1, boolean=True)
        if op == "d2b":
            return Value(f"({self.int_code(expr.args[0])} != 0)", 1, boolean=True)
        if op == "b2d":
            inner = expr.args[0]
            if isinstance(inner, Op) and inner.op == "d2b":
                value = self.value(inner.args[0])
                if value.bits == 1:
                    return value
            if isinstance(inner, BoolConst):
                return Value("1" if inner.value else "0", 1)
            return Value(f"(1 if {self.condition(inner)} else 0)", 1)
        if op == "valid":
            return Value(self.header_valid(expr.args[0]), 1, boolean=True)
        if op == "valid_union":
            return Value(f"({self._union_valid(expr.args[0])})", 1, boolean=True)
        if op in ("last_stack_index", "size_stack"):
            stack = expr.args[0]
            if not isinstance(stack, (StackRef, UnionStackRef)):
                raise UnsupportedProgram(self.where, f"{op} of {type(stack).__name__}")
            count = self.ctx.next(stack.stack)
            if op == "size_stack":
                return Value(count, 16)
            return Value(f"({count} - 1 & {hex(_SIZE_MASK)})", 64)
        if op == "?":
            return self._ternary(expr)
        if op in ("==", "!=") and isinstance(expr.args[0], (HeaderRef, UnionRef, DerefStack)):
            return self._compare_headers(expr)
        if op == "~":
            return Value(f"(~{self.int_code(expr.args[0])})")
        return self._binary(expr)

    def header_valid(self, expr: Expr) -> str:
        """Source of the validity of a header expression."""
        members = self.ctx.layout.members(expr)
        if not members:
            raise UnsupportedProgram(self.where, f"validity of {type(expr).__name__}")
        index = self.member_index(expr)
        if isinstance(index, int):
            return self.ctx.valid(members[index])
        return f"({', '.join(self.ctx.valid(m) for m in members)},)[{index}]"

    def _union_valid(self, expr: Expr) -> str:
        if isinstance(expr, UnionRef):
            return " or ".join(self.ctx.valid(m) for m in self.ctx.program.unions[expr.union].members)
        raise UnsupportedProgram(self.where, f"valid_union of {type(expr).__name__}")

    def _ternary(self, expr: Op) -> Value:
        condition = self.condition(expr.args[0])
        left, right = self._value(expr.args[1]), self._value(expr.args[2])
        if left.boolean and right.boolean:
            return Value(f"({left.code} if {condition} else {right.code})", 1, boolean=True)
        left, right = self.value(expr.args[1]), self.value(expr.args[2])
        bits = None if left.bits is None or right.bits is None else max(left.bits, right.bits)
        return Value(f"({left.code} if {condition} else {right.code})", bits)

    def _compare_headers(self, expr: Op) -> Value:
        pairs = list(zip(self._instances(expr.args[0]), self._instances(expr.args[1]), strict=True))
        if isinstance(expr.args[0], UnionRef):
            # equal when both are invalid, or the same member is valid in both and equal
            tests = []
            for left, right in pairs:
                tests.append(f"({self._equal(left, right)})")
            left_valid = " or ".join(self.ctx.valid(a) for a, _ in pairs)
            right_valid = " or ".join(self.ctx.valid(b) for _, b in pairs)
            code = f"({' or '.join(tests)} or not ({left_valid} or {right_valid}))"
        else:
            code = f"({self._equal(*pairs[0])})"
        return Value(code if expr.op == "==" else f"(not {code})", 1, boolean=True)

    def _instances(self, expr: Expr) -> list[str]:
        if isinstance(expr, UnionRef):
            return list(self.ctx.program.unions[expr.union].members)
        index = self.member_index(expr)
        if not isinstance(index, int):
            raise UnsupportedProgram(self.where, "comparison of stack elements with a variable index")
        return [self.ctx.layout.members(expr)[index]]

    def _equal(self, left: str, right: str) -> str:
        ctx = self.ctx
        tests = [ctx.valid(left), ctx.valid(right)]
        tests += [
            f"{ctx.field(left, f.name)} == {ctx.field(right, f.name)}" for f in ctx.program.headers[left].type.fields
        ]
        return " and ".join(tests)

    def _binary(self, expr: Op) -> Value:
        op = expr.op
        left, right = self._value(expr.args[0]), self._value(expr.args[1])
        if op in ("==", "!=") and left.boolean and right.boolean:
            return Value(f"(bool({left.code}) {op} bool({right.code}))", 1, boolean=True)
        left, right = self.value(expr.args[0]), self.value(expr.args[1])
        a, b = left.code, right.code
        if op in ("==", "!=", "<", ">", "<=", ">="):
            return Value(f"({a} {op} {b})", 1, boolean=True)
        if op == "&":
            return self._and(expr, left, right)
        known = left.bits is not None and right.bits is not None
        both = max(left.bits or 0, right.bits or 0) if known else None
        if op in ("|", "^"):
            return Value(f"({a} {op} {b})", both)
        if op == "+":
            return Value(f"({a} + {b})", None if both is None else min(both + 1, UNBOUNDED))
        if op == "*":
            product = min((left.bits or 0) + (right.bits or 0), UNBOUNDED) if known else None
            return Value(f"({a} * {b})", product)
        if op == "-":
            return Value(f"({a} - {b})")
        if op == "/":
            return Value(f"({a} // {b})", left.bits if known else None)
        if op == "%":
            return Value(f"({a} % {b})", right.bits if known else None)
        if op == ">>":
            return Value(f"({a} >> {b})", left.bits)
        if op == "<<":
            count = expr.args[1]
            if isinstance(count, Const):
                if count.value > MAX_SHIFT:
                    return Value("0", 0)
                return Value(f"({a} << {b})", None if left.bits is None else left.bits + count.value)
            # a shift beyond every field's width is zero once stored; do not build a huge integer for it
            bits = None if left.bits is None else UNBOUNDED
            return Value(f"(({a} << {b}) if {b} <= {MAX_SHIFT} else 0)", bits)
        return self._cast(expr, left)

    def _and(self, expr: Op, left: Value, right: Value) -> Value:
        for value, other in ((left, expr.args[1]), (right, expr.args[0])):
            if isinstance(other, Const) and other.value >= 0:
                mask = other.value
                if value.bits is not None and mask & (mask + 1) == 0 and value.bits <= mask.bit_length():
                    return value
        bounds = [v.bits for v in (left, right) if v.bits is not None]
        return Value(f"({left.code} & {right.code})", min(bounds) if bounds else None)

    def _cast(self, expr: Op, source: Value) -> Value:
        width_expr = expr.args[1]
        if not isinstance(width_expr, Const):
            raise UnsupportedProgram(self.where, f"{expr.op} with a variable width")
        width = width_expr.value
        if expr.op == "two_comp_mod":
            if source.bits is not None and source.bits < width:
                return source
            return Value(f"({_two_complement(source.code, width)})")
        temporary = self.ctx.temporary()
        low, high = (0, (1 << width) - 1) if expr.op == "usat_cast" else (-(1 << width - 1), (1 << width - 1) - 1)
        low_test = f"({temporary} := {source.code}) < {low}"
        code = f"({low} if {low_test} else {high} if {temporary} > {high} else {temporary})"
        return Value(code, width if expr.op == "usat_cast" else None)


def _two_complement(code: str, width: int) -> str:
    half = 1 << (width - 1)
    return f"({code} + {hex(half)} & {hex((1 << width) - 1)}) - {hex(half)}"


def string_argument(expr: Expr) -> str:
    """Text of a string argument."""
    return expr.value if isinstance(expr, StrConst) else ""
