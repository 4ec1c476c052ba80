# SPDX-License-Identifier: Apache-2.0
"""Values as C.

The C type of an operation is the first of u64, s64, u128, s128 that holds the interval of its result.  A result that
none holds is kept modulo 2**128 (``exact`` false): good enough for what cuts it to size next, refused where it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.engine.lowered import values as v
from softswitch.engine.lowered.objects import Register
from softswitch.engine.native.context import MAX_BITS, Context
from softswitch.engine.native.text import literal

_MODULUS = 1 << MAX_BITS
_TYPES = (
    ("u64", 0, (1 << 64) - 1),
    ("s64", -(1 << 63), (1 << 63) - 1),
    ("u128", 0, _MODULUS - 1),
    ("s128", -(_MODULUS >> 1), (_MODULUS >> 1) - 1),
)
#: Operations inside each other before an inner value gets a variable: clang takes 256 parentheses.
MAX_NESTING = 40

_SOURCES = {
    v.Source.PORT: "it->port",
    v.Source.EGRESS_PORT: "L->egress_port",
    v.Source.INSTANCE: "it->rid",
    v.Source.FRAME_LENGTH: "n",
    v.Source.PACKET_LENGTH: "m->plen",
    v.Source.MICROSECONDS: "((u64)(now_ns() - S->started_ns) / 1000)",
    v.Source.PARSER_ERROR: "error",
}


def type_of(low: int, high: int) -> str | None:
    """C type for an interval, or None."""
    return next((name for name, least, most in _TYPES if least <= low and high <= most), None)


class Value(NamedTuple):
    """C source of a number in ``low..high``; ``exact`` false: known modulo 2**128 only, of type u128."""

    code: str
    low: int
    high: int
    exact: bool = True

    @property
    def type(self) -> str:
        """C type to compute with."""
        return (type_of(self.low, self.high) if self.exact else None) or "u128"

    def cast(self, kind: str) -> str:
        """A C expression of type ``kind``."""
        return f"(({kind}){self.code})"


class Values:
    """Prints values in the context of an action (``params``: its parameters) or of none.

    The function around the code has a label ``fault`` for what has no result.  Printing may emit declarations of inner
    values, so that a value is printed before the statement of which it is a part.
    """

    def __init__(self, ctx: Context, where: str, params: Sequence[str] = ()) -> None:
        self.ctx = ctx
        self.where = where
        self.params = params
        self._depth = 0
        #: inside what is evaluated under a condition only
        self._lazy = 0
        self._numbers: dict[type, Callable[[Any], str | Value]] = {
            v.Constant: self._constant,
            v.Read: self._read,
            v.Param: lambda x: self.params[x.index],
            v.Supplied: lambda x: _SOURCES[x.source],
            v.Cell: self._cell,
            v.Pick: self._pick,
            v.Fill: lambda x: ctx.next(x.stack),
            v.Top: lambda x: f"((s64){ctx.next(x.stack)} - 1)",
            v.LastIndex: lambda x: f"((u64){ctx.next(x.stack)} - 1)",
            v.Ahead: self._ahead,
            v.FromTruth: lambda x: self._from_truth(x.truth),
            v.Arithmetic: self._arithmetic,
            v.Complement: self._complement,
            v.Choose: self._choose,
            v.Wrap: lambda x: self.fit(self.number(x.number), x.width, True),
            v.Saturate: self._saturate,
        }
        self._truths: dict[type, Callable[[Any], str]] = {
            v.Known: lambda x: str(int(x.value)),
            v.Valid: lambda x: ctx.valid(x.header),
            v.PickValid: lambda x: self._option(list(map(ctx.valid, x.headers)), self.index(x.index)),
            v.NonZero: lambda x: f"({self.exact(x.number).code} != 0)",
            v.Not: lambda x: f"(!{self.truth(x.truth)})",
            v.All: lambda x: self._each(x.truths, " && "),
            v.Any: lambda x: self._each(x.truths, " || "),
            v.Compare: self._compare,
            v.SameOctets: self._same_octets,
            v.ChooseTruth: self._choose_truth,
        }

    def refuse(self, what: str) -> UnsupportedProgram:
        """The error for a construct that the engine cannot execute."""
        return UnsupportedProgram(self.where, what, "by the native engine")

    # -- entry points

    def number(self, value: v.Number) -> Value:
        """A number."""
        if self._depth < MAX_NESTING or self._lazy:
            self._depth += 1
            found = self._numbers[type(value)](value)
            self._depth -= 1
            return found if isinstance(found, Value) else Value(found, value.low, value.high)
        depth, self._depth = self._depth, 0
        inner = self.number(value)
        self._depth = depth
        name = self.ctx.temporary()
        self.ctx.out.line(f"const {inner.type} {name} = {inner.code};")
        return inner._replace(code=name)

    def truth(self, value: v.Truth) -> str:
        """A truth value: a C operand."""
        return self._truths[type(value)](value)

    def exact(self, value: v.Number) -> Value:
        """A number that must be known exactly."""
        found = self.number(value)
        if not found.exact:
            raise self.refuse("a value of more than 128 bits")
        return found

    def u64(self, value: v.Number) -> str:
        """A number known to fit 64 bits, as u64."""
        found = self.exact(value)
        if found.low < 0 or found.high >= 1 << 64:
            raise self.refuse("a count or identifier that may be negative or exceed 64 bits")
        return found.cast("u64")

    def index(self, value: v.Number) -> str:
        """An index as s64; values beyond saturate."""
        found = self.exact(value)
        if found.type in ("u64", "s64") and found.high < 1 << 63:
            return found.cast("s64")
        name = self.ctx.temporary()
        return f"({{ {found.type} {name} = {found.code}; {name} >> 62 ? (s64)1 << 62 : (s64){name}; }})"

    def fit(self, value: Value, width: int, signed: bool) -> str:
        """A number cut to a field of ``width`` bits."""
        if signed:
            half = 1 << width - 1
            if value.exact and -half <= value.low and value.high < half:
                return value.code
            if width > MAX_BITS:
                raise self.refuse(f"number of {width} bits")
            return f"sx64((u64){value.code}, {width})" if width <= 64 else f"sx128((u128){value.code}, {width})"
        if value.exact and value.low >= 0 and value.high >> width == 0:
            return value.code
        kind = "u64" if width <= 64 else "u128"
        if width in (64, 128):
            return value.cast(kind)
        return f"({value.cast(kind)} & {literal((1 << width) - 1)})"

    def cells(self, register: Register) -> str:
        """The cells of a register array; refuses those wider than 64 bits."""
        if register.width > 64:
            raise self.refuse(f"register {register.name} of more than 64 bits")
        return f"S->registers[{register.index}]"

    # -- numbers

    def _constant(self, value: v.Constant) -> str:
        if type_of(value.value, value.value) is None:
            raise self.refuse(f"constant {value.value:#x}")
        return literal(value.value)

    def _read(self, value: v.Read) -> str:
        if value.field.varbit:
            raise self.refuse("variable-length field used as a number")
        return self.ctx.field(value.field)

    def _cell(self, value: v.Cell) -> str:
        cells, index, name = self.cells(value.register), self.exact(value.index), self.ctx.temporary()
        test = f"{name} < 0 || {name} >= {value.register.size}"
        return f"({{ s128 {name} = {index.code}; if ({test}) goto fault; {cells}[{name}]; }})"

    def _pick(self, value: v.Pick) -> str:
        if value.fields[0].varbit:
            raise self.refuse("variable-length field of a stack element chosen at run time")
        return self._option(list(map(self.ctx.field, value.fields)), self.index(value.index))

    def _option(self, options: list[str], index: str) -> str:
        """The option number ``index``; -1 is the last, beyond is a fault."""
        name = self.ctx.temporary()
        chain = options[-1]
        for i in reversed(range(len(options) - 1)):
            chain = f"{name} == {i} ? {options[i]} : {chain}"
        count = len(options)
        return (
            f"({{ s64 {name} = {index}; if ({name} < 0) {name} += {count}; "
            f"if ({name} < 0 || {name} >= {count}) goto fault; {chain}; }})"
        )

    def _ahead(self, value: v.Ahead) -> str:
        if value.size > 16:
            raise self.refuse(f"lookahead of {value.width} bits")
        code = f"ld_be{'128' if value.size > 8 else ''}(data + m->o + {value.first}, {value.size})"
        if value.surplus:
            code = f"({code} >> {value.surplus})"
        return f"({code} & {literal(value.high)})" if value.width < value.size * 8 - value.surplus else code

    def _from_truth(self, truth: v.Truth) -> str:
        code = self.truth(truth)
        return code if isinstance(truth, (v.Valid, v.PickValid)) else f"({code} ? 1 : 0)"

    def _made(self, value: v.Number, code: str, exact: bool) -> Value:
        return Value(code, value.low, value.high, exact and type_of(value.low, value.high) is not None)

    def _complement(self, value: v.Complement) -> Value:
        number = self.number(value.number)
        kind = self._made(value, "", number.exact).type
        return self._made(value, f"(~{number.cast(kind)})", number.exact)

    def _arithmetic(self, value: v.Arithmetic) -> Value:
        op, left, right = value.op, self.number(value.left), self.number(value.right)
        exact = left.exact and right.exact
        if op in ("/", "%"):
            if not exact or left.low < 0 or right.low < 0:
                raise self.refuse(f"operator {op} on values that may be negative or exceed 128 bits")
            kind, name = type_of(0, max(left.high, right.high)) or "u128", self.ctx.temporary()
            code = f"({{ {kind} {name} = {right.code}; if (!{name}) goto fault; {left.cast(kind)} {op} {name}; }})"
            return self._made(value, code, True)
        if op in ("<<", ">>"):
            return self._shift(value, left, right)
        if op == "&" and any(number.exact and number.low >= 0 for number in (left, right)):
            exact = True  # what the other one has beyond 128 bits is masked
        # operands of 64 bits reach a result of 128 bits without loss: the cast is to the result's type
        kind = self._made(value, "", exact).type
        return self._made(value, f"({left.cast(kind)} {op} {right.cast(kind)})", exact)

    def _shift(self, value: v.Arithmetic, left: Value, right: Value) -> Value:
        if not right.exact or right.low < 0 or right.high >= 1 << 64:
            raise self.refuse("shift by a value that may be negative or exceed 64 bits")
        count = right.cast("u64")
        if value.op == "<<":
            found = self._made(value, "", left.exact)
            unsigned = "u64" if found.type in ("u64", "s64") else "u128"
            return found._replace(code=f"(({found.type})shl_{unsigned}({left.cast(unsigned)}, {count}))")
        if not left.exact:
            raise self.refuse("right shift of a value of more than 128 bits")
        return self._made(value, f"shr_{left.type}({left.code}, {count})", True)

    def _choose(self, value: v.Choose) -> Value:
        condition = self.truth(value.condition)
        with self._under_condition():
            left, right = self.number(value.left), self.number(value.right)
        found = self._made(value, "", left.exact and right.exact)
        return found._replace(code=f"({condition} ? {left.cast(found.type)} : {right.cast(found.type)})")

    def _saturate(self, value: v.Saturate) -> str:
        source, low, high = self.number(value.number), value.low, value.high
        kind = type_of(min(low, source.low), max(high, source.high))
        if not source.exact or kind is None:
            raise self.refuse("saturation of a value of 128 bits")
        name = self.ctx.temporary()
        least, most = f"({kind}){literal(low)}", f"({kind}){literal(high)}"
        tests = f"{name} > {most} ? {most} : {name}"
        if source.low < low:
            tests = f"{name} < {least} ? {least} : {tests}"
        return f"({{ {kind} {name} = {source.code}; {tests}; }})"

    # -- truth values

    @contextmanager
    def _under_condition(self) -> Iterator[None]:
        self._lazy += 1
        yield
        self._lazy -= 1

    def _each(self, truths: Sequence[v.Truth], operator: str) -> str:
        first = self.truth(truths[0])
        with self._under_condition():
            return f"({operator.join([first, *map(self.truth, truths[1:])])})"

    def _compare(self, value: v.Compare) -> str:
        left, right = self.number(value.left), self.number(value.right)
        kind = type_of(min(left.low, right.low), max(left.high, right.high))
        if kind is None or not left.exact or not right.exact:
            raise self.refuse(f"comparison {value.op} of values of more than 128 bits")
        return f"({left.cast(kind)} {value.op} {right.cast(kind)})"

    def _same_octets(self, value: v.SameOctets) -> str:
        a, b = self.ctx.field(value.left), self.ctx.field(value.right)
        return f"({a}.n == {b}.n && !memcmp({a}.p, {b}.p, {a}.n))"

    def _choose_truth(self, value: v.ChooseTruth) -> str:
        condition = self.truth(value.condition)
        with self._under_condition():
            return f"({condition} ? {self.truth(value.left)} : {self.truth(value.right)})"
