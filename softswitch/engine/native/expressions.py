# SPDX-License-Identifier: Apache-2.0
"""Expressions as C.

BMv2 computes with unbounded integers.  Here every value carries the interval it can lie in; the C type of an
operation is the first of u64, s64, u128, s128 that holds the interval of its result.  A result that none holds
is kept modulo 2**128 (``exact`` false): good enough for what cuts it to size next, refused where it is not.
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
    UnionRef,
    UnionStackFieldRef,
    UnionStackRef,
)
from softswitch.engine.native.context import MAX_BITS, Context
from softswitch.engine.native.text import literal

_MODULUS = 1 << MAX_BITS
_TYPES = (
    ("u64", 0, (1 << 64) - 1),
    ("s64", -(1 << 63), (1 << 63) - 1),
    ("u128", 0, _MODULUS - 1),
    ("s128", -(_MODULUS >> 1), (_MODULUS >> 1) - 1),
)


def type_of(low: int, high: int) -> str | None:
    """C type for an interval, or None."""
    return next((name for name, least, most in _TYPES if least <= low and high <= most), None)


@dataclass(frozen=True, slots=True)
class Value:
    """C source of a value in ``low..high``; ``exact`` false: known modulo 2**128 only, of type u128."""

    code: str
    low: int = 0
    high: int = 1
    exact: bool = True
    boolean: bool = False
    varbit: bool = False

    @property
    def type(self) -> str:
        """C type to compute with."""
        return (type_of(self.low, self.high) if self.exact else None) or "u128"


def cast(value: Value, kind: str) -> str:
    """``value`` as a C expression of type ``kind``."""
    return f"(({kind}){value.code})"


def make(code: str, low: int, high: int, exact: bool = True) -> Value:
    """A value; not exact where no type holds the interval."""
    return Value(code, low, high, exact and type_of(low, high) is not None)


class Expressions:
    """Translates expressions in the context of an action (``params``) or of none.

    The function around the code has a label ``fault`` for what has no result.
    """

    def __init__(self, ctx: Context, where: str) -> None:
        self.ctx = ctx
        self.where = where
        self.params: list[tuple[str, int]] = []

    def refuse(self, what: str) -> UnsupportedProgram:
        """The error for a construct that the engine cannot execute."""
        return UnsupportedProgram(self.where, what, "by the native engine")

    # -- entry points

    def value(self, expr: Expr) -> Value:
        """A data value."""
        return self._value(expr)

    def condition(self, expr: Expr) -> str:
        """Source of a truth value."""
        if isinstance(expr, Op):
            if expr.op == "not":
                return f"!({self.condition(expr.args[0])})"
            if expr.op in ("and", "or"):
                left, right = (self.condition(a) for a in expr.args)
                return f"({left}) {'&&' if expr.op == 'and' else '||'} ({right})"
            if expr.op == "b2d":
                return self.condition(expr.args[0])
        return self._value(expr).code

    def exact(self, expr: Expr) -> Value:
        """A value that must be known exactly."""
        value = self.value(expr)
        if not value.exact or value.varbit:
            raise self.refuse("a value of more than 128 bits")
        return value

    def u64(self, expr: Expr) -> str:
        """A value known to fit 64 bits, as u64."""
        value = self.exact(expr)
        if value.low < 0 or value.high >= 1 << 64:
            raise self.refuse("a count or identifier that may be negative or exceed 64 bits")
        return cast(value, "u64")

    def fit(self, value: Value, width: int, signed: bool) -> str:
        """Source of a value cut to a field of ``width`` bits."""
        if value.varbit:
            raise self.refuse("variable-length field used as a number")
        if signed:
            half = 1 << (width - 1)
            if value.exact and -half <= value.low and value.high < half:
                return value.code
            if width <= 64:
                return f"sx64((u64){value.code}, {width})"
            return f"sx128((u128){value.code}, {width})"
        if value.exact and value.low >= 0 and value.high >> width == 0:
            return value.code
        kind = "u64" if width <= 64 else "u128"
        if width in (64, 128):
            return f"(({kind}){value.code})"
        return f"(({kind}){value.code} & {literal((1 << width) - 1)})"

    # -- translation

    def _value(self, expr: Expr) -> Value:
        ctx = self.ctx
        if isinstance(expr, FieldRef):
            return self.field_value(ctx.ref(expr), ctx.field_type(expr))
        if isinstance(expr, Const):
            if type_of(expr.value, expr.value) is None:
                raise self.refuse(f"constant {expr.value:#x}")
            return Value(literal(expr.value), expr.value, expr.value)
        if isinstance(expr, BoolConst):
            return Value("1" if expr.value else "0", boolean=True)
        if isinstance(expr, ParamRef):
            if expr.index >= len(self.params):
                raise UnsupportedProgram(self.where, f"parameter {expr.index}", "the action has fewer")
            name, width = self.params[expr.index]
            return Value(name, 0, (1 << width) - 1)
        if isinstance(expr, Op):
            return self._op(expr)
        if isinstance(expr, StackFieldRef):
            members = ctx.program.stacks[expr.stack].members
            return self._dynamic([(m, expr.field) for m in members], self._last(expr.stack))
        if isinstance(expr, UnionStackFieldRef):
            unions = [ctx.program.unions[u] for u in ctx.program.union_stacks[expr.stack].unions]
            return self._dynamic([(u.members[expr.member], expr.field) for u in unions], self._last(expr.stack))
        if isinstance(expr, AccessField):
            return self._access(expr)
        if isinstance(expr, RegisterRef):
            spec = ctx.program.registers[expr.register]
            index = self.exact(expr.index)
            name = ctx.temporary()
            cells = self.cells(expr.register)
            test = f"{name} < 0 || {name} >= {spec.size}"
            code = f"({{ s128 {name} = {index.code}; if ({test}) goto fault; {cells}[{name}]; }})"
            return Value(code, 0, (1 << spec.width) - 1)
        if isinstance(expr, HeaderRef):
            return Value(ctx.valid(expr.header), boolean=True)
        raise self.refuse(f"{type(expr).__name__} as a value")

    def cells(self, register: str) -> str:
        """The cells of a register array; refuses those wider than 64 bits."""
        if self.ctx.program.registers[register].width > 64:
            raise self.refuse(f"register {register} of more than 64 bits")
        return f"S->registers[{self.ctx.registers[register]}]"

    def _last(self, stack: str) -> str:
        return f"(s64){self.ctx.next(stack)} - 1"

    @staticmethod
    def field_value(code: str, kind: FieldType) -> Value:
        """A field given its lvalue."""
        if kind.varbit:
            return Value(code, varbit=True)
        if kind.signed:
            return Value(code, -(1 << kind.width - 1), (1 << kind.width - 1) - 1)
        return Value(code, 0, (1 << kind.width) - 1)

    def choose(self, options: list[str], index: str) -> str:
        """The option number ``index``; -1 is the last, as in the Python engine; beyond is a fault."""
        name = self.ctx.temporary()
        chain = options[-1]
        for i in reversed(range(len(options) - 1)):
            chain = f"{name} == {i} ? {options[i]} : {chain}"
        count = len(options)
        return (
            f"({{ s64 {name} = {index}; if ({name} < 0) {name} += {count}; "
            f"if ({name} < 0 || {name} >= {count}) goto fault; {chain}; }})"
        )

    def _dynamic(self, candidates: list[tuple[str, str]], index: str) -> Value:
        kind = self.ctx.field_type(FieldRef(*candidates[0]))
        if kind.varbit:
            raise self.refuse("variable-length field of a stack element chosen at run time")
        return self.field_value(self.choose([self.ctx.field(h, n) for h, n in candidates], index), kind)

    def _access(self, expr: AccessField) -> Value:
        ctx = self.ctx
        members = ctx.layout.members(expr.header)
        if not members:
            raise self.refuse(f"access_field of {type(expr.header).__name__}")
        name = ctx.program.headers[members[0]].type.fields[expr.offset].name
        index = self.member_index(expr.header)
        if isinstance(index, int):
            ref = FieldRef(members[index], name)
            return self.field_value(ctx.ref(ref), ctx.field_type(ref))
        return self._dynamic([(m, name) for m in members], index)

    def member_index(self, expr: Expr) -> int | str:
        """Which of ``layout.members(expr)`` is meant: a number, or source when known at run time only."""
        index = self.ctx.element(expr, self.where)
        return index if isinstance(index, int) else self.index(index)

    def index(self, expr: Expr) -> str:
        """An index as s64; values beyond saturate."""
        value = self.exact(expr)
        if value.type in ("u64", "s64") and value.high < 1 << 63:
            return cast(value, "s64")
        name = self.ctx.temporary()
        return f"({{ {value.type} {name} = {value.code}; {name} >> 62 ? (s64)1 << 62 : (s64){name}; }})"

    # -- operators

    def _op(self, expr: Op) -> Value:
        op = expr.op
        if op in ("and", "or", "not"):
            return Value(f"({self.condition(expr)})", boolean=True)
        if op == "d2b":
            return Value(f"({self.exact(expr.args[0]).code} != 0)", boolean=True)
        if op == "b2d":
            return Value(f"(({self.condition(expr.args[0])}) ? 1 : 0)")
        if op == "valid":
            return Value(self._header_valid(expr.args[0]), boolean=True)
        if op == "valid_union":
            return Value(f"({self._union_valid(expr.args[0])})", boolean=True)
        if op in ("last_stack_index", "size_stack"):
            stack = expr.args[0]
            if not isinstance(stack, (StackRef, UnionStackRef)):
                raise self.refuse(f"{op} of {type(stack).__name__}")
            count = self.ctx.next(stack.stack)
            if op == "size_stack":
                return Value(count, 0, 0xFFFF)
            return Value(f"((u64){count} - 1)", 0, (1 << 64) - 1)
        if op == "?":
            return self._conditional(expr)
        if op in ("==", "!=") and isinstance(expr.args[0], (HeaderRef, UnionRef, DerefStack)):
            return self._compare_headers(expr)
        if op in ("two_comp_mod", "usat_cast", "sat_cast"):
            return self._cast(expr)
        if op == "~":
            value = self.value(expr.args[0])
            low, high = -1 - value.high, -1 - value.low
            result = make("", low, high, value.exact)
            return make(f"(~{cast(value, result.type)})", low, high, value.exact)
        return self._binary(expr)

    def _header_valid(self, expr: Expr) -> str:
        members = self.ctx.layout.members(expr)
        if not members:
            raise self.refuse(f"validity of {type(expr).__name__}")
        index = self.member_index(expr)
        if isinstance(index, int):
            return self.ctx.valid(members[index])
        return self.choose([self.ctx.valid(m) for m in members], index)

    def _union_valid(self, expr: Expr) -> str:
        if isinstance(expr, UnionRef):
            return " || ".join(self.ctx.valid(m) for m in self.ctx.program.unions[expr.union].members)
        raise self.refuse(f"valid_union of {type(expr).__name__}")

    def _conditional(self, expr: Op) -> Value:
        condition = self.condition(expr.args[0])
        left, right = self.value(expr.args[1]), self.value(expr.args[2])
        if left.varbit or right.varbit:
            raise self.refuse("conditional expression of variable-length fields")
        low, high = min(left.low, right.low), max(left.high, right.high)
        result = make("", low, high, left.exact and right.exact)
        code = f"(({condition}) ? {cast(left, result.type)} : {cast(right, result.type)})"
        return Value(code, low, high, result.exact, left.boolean and right.boolean)

    def _compare_headers(self, expr: Op) -> Value:
        pairs = list(zip(self._instances(expr.args[0]), self._instances(expr.args[1]), strict=True))
        if isinstance(expr.args[0], UnionRef):
            tests = [f"({self._equal(left, right)})" for left, right in pairs]
            left_valid = " || ".join(self.ctx.valid(a) for a, _ in pairs)
            right_valid = " || ".join(self.ctx.valid(b) for _, b in pairs)
            code = f"({' || '.join(tests)} || !({left_valid} || {right_valid}))"
        else:
            code = f"({self._equal(*pairs[0])})"
        return Value(code if expr.op == "==" else f"(!{code})", boolean=True)

    def _instances(self, expr: Expr) -> list[str]:
        if isinstance(expr, UnionRef):
            return list(self.ctx.program.unions[expr.union].members)
        index = self.member_index(expr)
        if not isinstance(index, int):
            raise self.refuse("comparison of stack elements with a variable index")
        return [self.ctx.layout.members(expr)[index]]

    def _equal(self, left: str, right: str) -> str:
        ctx = self.ctx
        tests = [ctx.valid(left), ctx.valid(right)]
        for item in ctx.program.headers[left].type.fields:
            a, b = ctx.field(left, item.name), ctx.field(right, item.name)
            tests.append(f"({a}.n == {b}.n && !memcmp({a}.p, {b}.p, {a}.n))" if item.varbit else f"{a} == {b}")
        return " && ".join(tests)

    def _binary(self, expr: Op) -> Value:
        op = expr.op
        left, right = self.value(expr.args[0]), self.value(expr.args[1])
        if left.varbit or right.varbit:
            raise self.refuse(f"operator {op} on a variable-length field")
        if op in ("==", "!=", "<", ">", "<=", ">="):
            kind = type_of(min(left.low, right.low), max(left.high, right.high))
            if kind is None or not left.exact or not right.exact:
                raise self.refuse(f"comparison {op} of values of more than 128 bits")
            return Value(f"({cast(left, kind)} {op} {cast(right, kind)})", boolean=True)
        exact = left.exact and right.exact
        if op == "&":
            return self._and(left, right)
        if op in ("|", "^"):
            low, high = _bitwise(left, right)
            return self._both(op, left, right, low, high, exact)
        if op == "+":
            return self._both(op, left, right, left.low + right.low, left.high + right.high, exact)
        if op == "-":
            return self._both(op, left, right, left.low - right.high, left.high - right.low, exact)
        if op == "*":
            corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
            return self._both(op, left, right, min(corners), max(corners), exact)
        if op in ("/", "%"):
            if not exact or left.low < 0 or right.low < 0:
                raise self.refuse(f"operator {op} on values that may be negative or exceed 128 bits")
            kind = type_of(0, max(left.high, right.high)) or "u128"
            name = self.ctx.temporary()
            code = f"({{ {kind} {name} = {right.code}; if (!{name}) goto fault; {cast(left, kind)} {op} {name}; }})"
            return Value(code, 0, left.high if op == "/" else max(right.high - 1, 0))
        if op in ("<<", ">>"):
            return self._shift(op, left, right)
        raise self.refuse(f"operator {op}")

    @staticmethod
    def _both(op: str, left: Value, right: Value, low: int, high: int, exact: bool) -> Value:
        kind = make("", low, high, exact).type
        # operands of 64 bits reach a result of 128 bits without loss: the cast is to the result's type
        return make(f"({cast(left, kind)} {op} {cast(right, kind)})", low, high, exact)

    def _and(self, left: Value, right: Value) -> Value:
        bounds = [v.high for v in (left, right) if v.exact and v.low >= 0]
        if bounds:
            kind = type_of(0, min(bounds)) or "u128"
            return Value(f"({cast(left, kind)} & {cast(right, kind)})", 0, min(bounds))
        low, high = _bitwise(left, right)
        return self._both("&", left, right, low, high, left.exact and right.exact)

    def _shift(self, op: str, left: Value, right: Value) -> Value:
        if not right.exact or right.low < 0 or right.high >= 1 << 64:
            raise self.refuse("shift by a value that may be negative or exceed 64 bits")
        count = cast(right, "u64")
        if op == "<<":
            if right.high <= MAX_BITS:
                low, high = min(left.low << right.high, left.low), max(left.high << right.high, left.high)
                result = make("", low, high, left.exact)
            else:
                low, high, result = left.low, left.high, Value("", exact=False)
            kind = result.type
            unsigned = "u64" if kind in ("u64", "s64") else "u128"
            code = f"(({kind})shl_{unsigned}({cast(left, unsigned)}, {count}))"
            return Value(code, low, high, result.exact)
        if not left.exact:
            raise self.refuse("right shift of a value of more than 128 bits")
        low, high = left.low >> right.low, left.high >> right.low
        return Value(f"shr_{left.type}({left.code}, {count})", min(low, left.low), max(high, -1 if left.low < 0 else 0))

    def _cast(self, expr: Op) -> Value:
        source, width_expr = self.value(expr.args[0]), expr.args[1]
        if not isinstance(width_expr, Const) or not 0 < width_expr.value <= MAX_BITS:
            raise self.refuse(f"{expr.op} with a variable width or one of more than 128 bits")
        width = width_expr.value
        half = 1 << (width - 1)
        if expr.op == "two_comp_mod":
            return Value(self.fit(source, width, True), -half, half - 1)
        if not source.exact:
            raise self.refuse(f"{expr.op} of a value of more than 128 bits")
        low, high = (0, (1 << width) - 1) if expr.op == "usat_cast" else (-half, half - 1)
        kind = type_of(min(low, source.low), max(high, source.high))
        if kind is None:
            raise self.refuse(f"{expr.op} of a value of more than 127 bits")
        name = self.ctx.temporary()
        least, most = f"({kind}){literal(low)}", f"({kind}){literal(high)}"
        tests = f"{name} > {most} ? {most} : {name}"
        if source.low < low:
            tests = f"{name} < {least} ? {least} : {tests}"
        return Value(f"({{ {kind} {name} = {source.code}; {tests}; }})", low, high)


def _bitwise(left: Value, right: Value) -> tuple[int, int]:
    bits = max(v.bit_length() for v in (left.low, left.high, right.low, right.high))
    return (0 if left.low >= 0 and right.low >= 0 else -(1 << bits)), (1 << bits) - 1
