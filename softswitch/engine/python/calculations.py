# SPDX-License-Identifier: Apache-2.0
"""Code for hashes and checksums over fields."""

from __future__ import annotations

from itertools import groupby

from softswitch.bmv2json.model import Calculation, Const, FieldRef, HeaderRef
from softswitch.engine.python.context import Context
from softswitch.engine.python.hashes import csum16_int, make_hash
from softswitch.engine.python.headers import Headers


class Calculations:
    """Emits the input of a calculation as an integer and its width, then the result."""

    def __init__(self, ctx: Context, headers: Headers) -> None:
        self.ctx = ctx
        self.headers = headers

    def emit(self, calculation: Calculation, payload: str = "data[o:]") -> str:
        """Emit the computation and answer the variable that holds the result.

        Inputs are concatenated bit by bit and padded with zero bits at the end; fields and headers that are
        not valid are left out; ``payload`` is the source of the bytes that follow where the calculation has
        the payload among its inputs.
        """
        ctx, out = self.ctx, self.ctx.out
        acc, width = ctx.temporary(), ctx.temporary()
        fixed = self._emit_inputs(calculation, acc, width)
        result = ctx.temporary()
        if fixed is None:
            out.line(f"{acc} <<= -{width} % 8")
            size = f"({width} + 7) // 8"
        else:
            if fixed % 8:
                out.line(f"{acc} <<= {-fixed % 8}")
            size = str((fixed + 7) // 8)
        if calculation.algorithm in ("csum16", "cksum16") and not calculation.with_payload:
            csum = ctx.constant("csum16_int", csum16_int, "csum16_int")
            if fixed is None:
                out.line(f"{result} = {csum}({acc} << 8 if {size} & 1 else {acc})")
            else:
                out.line(f"{result} = {csum}({acc}{' << 8' if int(size) & 1 else ''})")
            return result
        function = ctx.constant(
            ("hash", calculation.name), make_hash(calculation.algorithm), "hash_{}", calculation.name
        )
        tail = f" + {payload}" if calculation.with_payload else ""
        out.line(f"{result} = {function}({acc}.to_bytes({size}, 'big'){tail})")
        return result

    def selector(self, algorithm: str, inputs: tuple[FieldRef, ...], name: str) -> str:
        """As :meth:`emit` for the selector of an action profile, cut to 32 bits as in BMv2."""
        result = self.emit(Calculation(f"selector_{name}", algorithm, inputs))
        return f"({result} & 0xffffffff)"

    def _emit_inputs(self, calculation: Calculation, acc: str, width: str) -> int | None:
        """Emit ``acc`` (and ``width`` when it is not a constant, then answering None)."""
        ctx, out = self.ctx, self.ctx.out
        runs: list[tuple[str, list[FieldRef | HeaderRef | Const]]] = [
            (header, list(items)) for header, items in groupby(calculation.inputs, self._owner)
        ]
        if all(not header for header, _ in runs):
            terms, bits = self._terms([i for _, items in runs for i in items])
            out.line(f"{acc} = {terms or '0'}")
            return bits
        out.line(f"{acc} = {width} = 0")
        for header, items in runs:
            if header:
                with out.block(f"if {ctx.valid(header)}:"):
                    self._append(items, acc, width)
            else:
                self._append(items, acc, width)
        return None

    def _owner(self, item: FieldRef | HeaderRef | Const) -> str:
        """The header whose validity decides whether the input counts; "" for none."""
        if isinstance(item, Const) or self.ctx.is_metadata(item.header):
            return "" if not self._is_varbit(item) else item.header  # type: ignore[union-attr]
        return item.header

    def _is_varbit(self, item: FieldRef | HeaderRef | Const) -> bool:
        if not isinstance(item, FieldRef):
            return isinstance(item, HeaderRef)
        return self.ctx.field_type(item).varbit

    def _append(self, items: list[FieldRef | HeaderRef | Const], acc: str, width: str) -> None:
        out = self.ctx.out
        for varbit, run in groupby(items, self._is_varbit):
            if not varbit:
                terms, bits = self._terms(list(run))
                out.line(f"{acc} = {acc} << {bits} | {terms}")
                out.line(f"{width} += {bits}")
                continue
            for item in run:
                octets = self._octets(item)
                out.line(f"{acc} = {acc} << 8 * len({octets}) | from_bytes({octets}, 'big')")
                out.line(f"{width} += 8 * len({octets})")

    def _octets(self, item: FieldRef | HeaderRef | Const) -> str:
        """A variable holding the bytes of a variable-length field or of a whole header."""
        ctx = self.ctx
        if isinstance(item, FieldRef):
            return ctx.ref(item)
        assert isinstance(item, HeaderRef)
        name = ctx.temporary()
        self.serialise(item.header, name)
        return name

    def serialise(self, header: str, name: str) -> None:
        """Emit ``name = `` the bytes of a valid header."""
        ctx, out = self.ctx, self.ctx.out
        off = ctx.offset(header)
        with out.block(f"if {off} < 0:"):
            out.line(f"{name} = {self.headers.pack_fresh(header)}")
        with out.block(f"elif {ctx.dirty(header)}:"):
            out.line(f"{name} = {self.headers.pack(header)}")
        with out.block("else:"):
            out.line(f"{name} = data[{off}:{off} + {self.headers.size(header)}]")

    def _terms(self, items: list[FieldRef | HeaderRef | Const]) -> tuple[str, int]:
        """Source of the concatenation of fixed-width inputs, and its width."""
        widths = [
            item.width if isinstance(item, Const) else self.ctx.field_type(item).width  # type: ignore[arg-type]
            for item in items
        ]
        total = sum(widths)
        shift = total
        terms = []
        for item, width in zip(items, widths, strict=True):
            shift -= width
            if isinstance(item, Const):
                if item.value:
                    terms.append(hex((item.value & ((1 << width) - 1)) << shift))
                continue
            assert isinstance(item, FieldRef)
            code = self.ctx.ref(item)
            if self.ctx.field_type(item).signed:
                code = f"({code} & {hex((1 << width) - 1)})"
            terms.append(f"{code} << {shift}" if shift else code)
        return f"({' | '.join(terms) or '0'})", total
