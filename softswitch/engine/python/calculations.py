# SPDX-License-Identifier: Apache-2.0
"""Hashes and checksums over fields as Python source."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from softswitch.engine.lowered.objects import Bits, Calculation, Input, Octets, Whole
from softswitch.engine.python.context import Context
from softswitch.engine.python.hashes import csum16_int, make_hash
from softswitch.engine.python.headers import Headers


class Calculations:
    """Prints the input of a calculation as an integer and its width, then the result."""

    def __init__(self, ctx: Context, headers: Headers) -> None:
        self.ctx = ctx
        self.headers = headers

    def emit(self, calculation: Calculation, payload: str = "data[o:]") -> str:
        """Print the computation and answer the variable that holds the result.

        ``payload`` is the source of the bytes that follow where the calculation has the payload among its inputs.
        """
        ctx, out = self.ctx, self.ctx.out
        acc, width = ctx.temporary(), ctx.temporary()
        fixed = self._inputs(calculation, acc, width)
        result = ctx.temporary()
        if fixed is None:
            out.line(f"{acc} <<= -{width} % 8")
            size = f"({width} + 7) // 8"
        else:
            if fixed % 8:
                out.line(f"{acc} <<= {-fixed % 8}")
            size = str((fixed + 7) // 8)
        if calculation.algorithm == "csum16" and not calculation.with_payload:
            csum = ctx.constant("csum16_int", csum16_int, "csum16_int")
            if fixed is None:
                out.line(f"{result} = {csum}({acc} << 8 if {size} & 1 else {acc})")
            else:
                out.line(f"{result} = {csum}({acc}{' << 8' if int(size) & 1 else ''})")
            return result
        function = ctx.constant(calculation, make_hash(calculation.algorithm), "hash_{}", calculation.name)
        tail = f" + {payload}" if calculation.with_payload else ""
        out.line(f"{result} = {function}({acc}.to_bytes({size}, 'big'){tail})")
        return result

    def selector(self, calculation: Calculation) -> str:
        """As :meth:`emit` for the selector of an action profile, cut to 32 bits as in BMv2."""
        return f"({self.emit(calculation)} & 0xffffffff)"

    def _inputs(self, calculation: Calculation, acc: str, width: str) -> int | None:
        """Print ``acc`` (and ``width`` when it is not a constant, then answering None)."""
        ctx, out = self.ctx, self.ctx.out
        runs = calculation.runs
        everything = [item for run in runs for item in run.inputs]
        if all(run.guard is None for run in runs) and all(isinstance(item, Bits) for item in everything):
            terms, bits = self._terms([item for item in everything if isinstance(item, Bits)])
            out.line(f"{acc} = {terms}")
            return bits
        out.line(f"{acc} = {width} = 0")
        for run in runs:
            if run.guard is None:
                self._append(run.inputs, acc, width)
            else:
                with out.block(f"if {ctx.valid(run.guard)}:"):
                    self._append(run.inputs, acc, width)
        return None

    def _append(self, items: Sequence[Input], acc: str, width: str) -> None:
        out = self.ctx.out
        for fixed, run in groupby(items, lambda item: isinstance(item, Bits)):
            if fixed:
                terms, bits = self._terms([item for item in run if isinstance(item, Bits)])
                out.line(f"{acc} = {acc} << {bits} | {terms}")
                out.line(f"{width} += {bits}")
                continue
            for item in run:
                assert not isinstance(item, Bits)
                octets = self._octets(item)
                out.line(f"{acc} = {acc} << 8 * len({octets}) | from_bytes({octets}, 'big')")
                out.line(f"{width} += 8 * len({octets})")

    def _octets(self, item: Octets | Whole) -> str:
        """A variable holding the bytes of a variable-length field or of a whole header."""
        ctx, out = self.ctx, self.ctx.out
        if isinstance(item, Octets):
            return ctx.field(item.field)
        name, header = ctx.temporary(), item.header
        off = ctx.offset(header)
        with out.block(f"if {off} < 0:"):
            out.line(f"{name} = {self.headers.pack_fresh(header)}")
        with out.block(f"elif {ctx.dirty(header)}:"):
            out.line(f"{name} = {self.headers.pack(header)}")
        with out.block("else:"):
            out.line(f"{name} = data[{off}:{off} + {self.headers.size(header)}]")
        return name

    def _terms(self, items: Sequence[Bits]) -> tuple[str, int]:
        """Source of the concatenation of numbers, and its width."""
        total = shift = sum(item.width for item in items)
        terms = []
        for item in items:
            shift -= item.width
            if item.field is None:
                if item.value:
                    terms.append(hex(item.value << shift))
                continue
            code = self.ctx.field(item.field)
            if item.field.signed:
                code = f"({code} & {hex(item.field.ones)})"
            terms.append(f"{code} << {shift}" if shift else code)
        return f"({' | '.join(terms) or '0'})", total
