# SPDX-License-Identifier: Apache-2.0
"""Values as Python source.  Arithmetic is on unbounded integers, as in BMv2."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from softswitch.engine.lowered import values as v
from softswitch.engine.lowered.objects import Register
from softswitch.engine.python.context import Context
from softswitch.engine.python.runtime import Overlay
from softswitch.state.state import State

#: Parentheses inside each other before an inner value gets a variable: Python takes 200.
MAX_NESTING = 40
#: ``last_stack_index`` of an empty stack in BMv2: -1 as a size_t.
_SIZE_MASK = (1 << 64) - 1

_SOURCES = {
    v.Source.PORT: "port",
    v.Source.EGRESS_PORT: "egress_port_",
    v.Source.INSTANCE: "rid_",
    v.Source.FRAME_LENGTH: "n",
    v.Source.PACKET_LENGTH: "plen",
    v.Source.MICROSECONDS: "now_us(1)",
    v.Source.PARSER_ERROR: "error",
}


class Values:
    """Prints values in the context of an action (``params``: its parameters' variables) or of none.

    Printing may emit assignments of inner values to variables, so that a value is printed before the statement of
    which it is a part.
    """

    def __init__(self, ctx: Context, params: Sequence[str] = ()) -> None:
        self.ctx = ctx
        self.params = params
        self._depth = 0
        #: inside what is evaluated under a condition only
        self._lazy = 0
        self._printers: dict[type, Callable[[Any], str]] = {
            v.Constant: lambda x: f"({x.value})" if x.value < 0 else hex(x.value) if x.value > 9 else str(x.value),
            v.Read: lambda x: ctx.field(x.field),
            v.Param: lambda x: self.params[x.index],
            v.Supplied: lambda x: _SOURCES[x.source],
            v.Cell: lambda x: f"{self.register(x.register)}[{self.code(x.index)}]",
            v.Pick: lambda x: f"({', '.join(map(ctx.field, x.fields))},)[{self.code(x.index)}]",
            v.Fill: lambda x: ctx.next(x.stack),
            v.Top: lambda x: f"({ctx.next(x.stack)} - 1)",
            v.LastIndex: lambda x: f"({ctx.next(x.stack)} - 1 & {hex(_SIZE_MASK)})",
            v.Ahead: self._ahead,
            v.FromTruth: self._from_truth,
            v.Arithmetic: self._arithmetic,
            v.Complement: lambda x: f"(~{self.code(x.number)})",
            v.Choose: self._choose,
            v.Wrap: lambda x: f"({_two_complement(self.code(x.number), x.width)})",
            v.Saturate: self._saturate,
            v.Known: lambda x: str(x.value),
            v.Valid: lambda x: ctx.valid(x.header),
            v.PickValid: lambda x: f"({', '.join(map(ctx.valid, x.headers))},)[{self.code(x.index)}]",
            v.NonZero: lambda x: self.code(x.number),
            v.Not: lambda x: f"(not {self.code(x.truth)})",
            v.All: lambda x: self._each(x.truths, " and "),
            v.Any: lambda x: self._each(x.truths, " or "),
            v.Compare: lambda x: f"({self.code(x.left)} {x.op} {self.code(x.right)})",
            v.SameOctets: lambda x: f"({ctx.field(x.left)} == {ctx.field(x.right)})",
            v.ChooseTruth: self._choose,
        }

    # -- entry points

    def code(self, value: v.Number | v.Truth) -> str:
        """An operand; a truth value may be any object that is true or false."""
        if self._depth < MAX_NESTING or self._lazy:
            self._depth += 1
            code = self._printers[type(value)](value)
            self._depth -= 1
            return code
        depth, self._depth = self._depth, 0
        code = self._printers[type(value)](value)
        self._depth = depth
        return self.variable(code)

    def variable(self, code: str) -> str:
        """A variable that holds ``code``, which may be one already."""
        if code.isidentifier():
            return code
        name = self.ctx.temporary()
        self.ctx.out.line(f"{name} = {code}")
        return name

    def fit(self, value: v.Number, width: int, signed: bool) -> str:
        """A number cut to a field of ``width`` bits."""
        return fit(self.code(value), value.low, value.high, width, signed)

    def register(self, register: Register) -> str:
        """Name of the list of cells of a register array."""
        name, dry = register.name, self.ctx.dry

        def cells(state: State) -> Any:
            found = state.registers[name].cells
            return Overlay(found) if dry else found  # what a packet of a dry run writes is forgotten

        return self.ctx.of_state(register, cells, "reg_{}", name)

    # -- printers

    @contextmanager
    def _under_condition(self) -> Iterator[None]:
        self._lazy += 1
        yield
        self._lazy -= 1

    def _each(self, truths: Sequence[v.Truth], operator: str) -> str:
        first = self.code(truths[0])
        with self._under_condition():
            return f"({operator.join([first, *map(self.code, truths[1:])])})"

    def _choose(self, value: v.Choose | v.ChooseTruth) -> str:
        condition = self.code(value.condition)
        with self._under_condition():
            return f"({self.code(value.left)} if {condition} else {self.code(value.right)})"

    def _from_truth(self, value: v.FromTruth) -> str:
        code = self.code(value.truth)
        return code if isinstance(value.truth, (v.Valid, v.PickValid)) else f"(1 if {code} else 0)"

    @staticmethod
    def _ahead(value: v.Ahead) -> str:
        first, size = value.first, value.size
        at = f"o + {first}" if first else "o"
        if size == 1:
            code = f"data[{at}]"
        elif size == 2:
            code = f"(data[{at}] << 8 | data[o + {first + 1}])"
        else:
            code = f"from_bytes(data[{at}:o + {first + size}], 'big')"
        if value.surplus:
            code = f"({code} >> {value.surplus})"
        return f"({code} & {hex(value.high)})" if value.width < size * 8 - value.surplus else code

    def _arithmetic(self, value: v.Arithmetic) -> str:
        left, right = self.code(value.left), self.code(value.right)
        if value.op == "<<" and value.right.high > v.MAX_SHIFT:
            # a shift beyond every field's width is zero once stored; do not build a huge integer for it
            count = right if right.isidentifier() else self.ctx.temporary()
            test = count if right.isidentifier() else f"({count} := {right})"
            return f"(({left} << {count}) if {test} <= {v.MAX_SHIFT} else 0)"
        return f"({left} {'//' if value.op == '/' else value.op} {right})"

    def _saturate(self, value: v.Saturate) -> str:
        name, source = self.ctx.temporary(), value.number
        first = f"({name} := {self.code(source)})"
        if source.low >= value.low:
            return f"({value.high} if {first} > {value.high} else {name})"
        above = f"{value.high} if {name} > {value.high} else " if source.high > value.high else ""
        return f"({value.low} if {first} < {value.low} else {above}{name})"


def fit(code: str, low: int, high: int, width: int, signed: bool) -> str:
    """Source of a number between ``low`` and ``high``, cut to a field of ``width`` bits."""
    half = 1 << width - 1
    if signed:
        return code if -half <= low and high < half else _two_complement(code, width)
    return code if low >= 0 and high >> width == 0 else f"{code} & {hex((1 << width) - 1)}"


def _two_complement(code: str, width: int) -> str:
    half = hex(1 << width - 1)
    return f"({code} + {half} & {hex((1 << width) - 1)}) - {half}"
