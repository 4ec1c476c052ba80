# SPDX-License-Identifier: Apache-2.0
"""C for hashes and checksums over fields."""

from __future__ import annotations

from itertools import groupby

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.model import Calculation, Const, FieldRef, HeaderRef
from softswitch.engine.native.context import MAX_BITS, Context
from softswitch.engine.native.storage import Storage
from softswitch.engine.native.text import literal

Input = FieldRef | HeaderRef | Const

_SAME = {"cksum16": "csum16", "crc16_custom": "crc16", "crc32_custom": "crc32", "bmv2_hash": "xxh64"}
_KNOWN = {
    "crc8_custom", "crc16", "crc32", "crc64_custom", "crcCCITT", "csum16", "identity", "xor16", "xor32", "xxh64",
    "hash_ex", "toeplitz",
}  # fmt: skip


class Calculations:
    """Emits the inputs of a calculation as bytes, then the result."""

    def __init__(self, ctx: Context, storage: Storage) -> None:
        self.ctx = ctx
        self.storage = storage

    def emit(self, calculation: Calculation, cut: bool = False) -> str:
        """Emit the computation and answer the variable (u64) that holds the result.

        Inputs are concatenated bit by bit and padded with zero bits at the end; fields and headers that are not
        valid are left out.  ``cut``: the payload ends where the packet is truncated.
        """
        ctx, out = self.ctx, self.ctx.out
        algorithm = _SAME.get(calculation.algorithm, calculation.algorithm)
        result = ctx.temporary()
        out.line(f"u64 {result};")
        if algorithm == "round_robin":
            number = ctx.calculations.get(calculation.name, len(ctx.calculations))
            out.line(f"{result} = __atomic_fetch_add(&S->round_robin[{number}], 1, __ATOMIC_RELAXED);")
            return result
        if algorithm not in _KNOWN:
            raise UnsupportedProgram(f"calculation {calculation.name}", f"hash {algorithm}", "by the native engine")
        with out.block(""):
            room = sum(self._max_bits(item) for item in calculation.inputs) // 8 + 24
            out.line(f"u8 buffer[{room}];")
            out.line("u64 bits = 0;")
            aligned = self._inputs(calculation)
            size = "bits >> 3"
            if not aligned:
                size = "(bits + 7) >> 3"
            if not calculation.with_payload:
                out.line(f"{result} = hash_{algorithm}(buffer, {size});")
            else:
                self._with_payload(algorithm, result, size, cut)
        return result

    def _with_payload(self, algorithm: str, result: str, size: str, cut: bool) -> None:
        out = self.ctx.out
        out.line(f"u64 head = {size}, tail = n - m->o;")
        if cut:
            out.line("if (tail > cut) tail = cut;")
        if algorithm == "csum16":
            # an odd head shifts the payload by one byte: its last byte and the first of the payload are one word
            out.line("const u8 *rest = data + m->o;")
            out.line("if (head & 1 && tail) { buffer[head++] = *rest++; tail--; }")
            out.line(f"{result} = csum_end(csum_add(csum_add(0, buffer, head), rest, tail));")
            return
        out.line("u8 *all = arena_take(&W->arena, head + tail + 1);")
        out.line("memcpy(all, buffer, head);")
        out.line("memcpy(all + head, data + m->o, tail);")
        out.line(f"{result} = hash_{algorithm}(all, head + tail);")

    def selector(self, algorithm: str, inputs: tuple[FieldRef, ...], name: str) -> str:
        """As :meth:`emit` for the selector of an action profile, cut to 32 bits as in BMv2."""
        return f"(u32){self.emit(Calculation(f'selector {name}', algorithm, inputs))}"

    def _max_bits(self, item: Input) -> int:
        if isinstance(item, Const):
            return item.width
        if isinstance(item, HeaderRef):
            return self.storage.max_size(item.header) * 8
        return self.ctx.field_type(item).width

    def _varbit(self, item: Input) -> bool:
        if isinstance(item, FieldRef):
            return self.ctx.field_type(item).varbit
        return isinstance(item, HeaderRef)

    def _inputs(self, calculation: Calculation) -> bool:
        """Emit the inputs; answers whether all runs are whole bytes, so that ``bits`` stays a multiple of 8."""
        ctx, out = self.ctx, self.ctx.out

        def owner(item: Input) -> str:
            return "" if isinstance(item, Const) or ctx.is_metadata(item.header) else item.header

        runs = [(header, list(items)) for header, items in groupby(calculation.inputs, owner)]
        fixed = [sum(self._max_bits(i) for i in items if not self._varbit(i)) for _, items in runs]
        aligned = all(bits % 8 == 0 for bits in fixed[:-1]) and not any(
            self._varbit(i) and sum(self._max_bits(j) for j in items[:k] if not self._varbit(j)) % 8
            for _, items in runs
            for k, i in enumerate(items)
        )
        whole = all(bits % 8 == 0 for bits in fixed)
        if not aligned or not whole:
            out.line("memset(buffer, 0, sizeof buffer);")
        for header, items in runs:
            with out.block(f"if ({ctx.valid(header)})" if header else ""):
                if aligned:
                    self._bytes(items)
                else:
                    self._bits(items)
        return aligned and whole

    def _value(self, item: Input, width: int) -> str:
        """A fixed-width input as an unsigned C expression."""
        if isinstance(item, Const):
            return literal(item.value & ((1 << width) - 1))
        assert isinstance(item, FieldRef)
        code = self.ctx.ref(item)
        if self.ctx.field_type(item).signed:
            return f"(({'u128' if width > 64 else 'u64'}){code} & {literal((1 << width) - 1)})"
        return code

    def _octets(self, item: Input, to: str) -> None:
        """Emit the bytes of a variable-length field or whole header at ``to``, which is advanced."""
        if isinstance(item, FieldRef):
            lvalue = self.ctx.ref(item)
            self.ctx.out.line(f"if ({lvalue}.n) memcpy({to}, {lvalue}.p, {lvalue}.n);")
            self.ctx.out.line(f"{to} += {lvalue}.n;")
            return
        assert isinstance(item, HeaderRef)
        self.storage.serialise(item.header, to)

    def _bytes(self, items: list[Input]) -> None:
        """A run at a byte boundary: fields are joined to chunks of whole bytes."""
        out = self.ctx.out
        out.line("u8 *to = buffer + (bits >> 3);")
        pending: list[tuple[str, int]] = []
        written = 0

        def flush() -> None:
            nonlocal written
            width = sum(w for _, w in pending)
            if not width:
                return
            size = (width + 7) // 8
            wide = size > 8
            kind = "u128" if wide else "u64"
            shift = size * 8
            parts = []
            for code, w in pending:
                shift -= w
                parts.append(f"({kind}){code} << {shift}" if shift else f"({kind}){code}")
            out.line(f"st_be{'128' if wide else ''}(to, {' | '.join(parts)}, {size});")
            out.line(f"to += {size};")
            written += width
            pending.clear()

        for item in items:
            if self._varbit(item):
                flush()
                self._octets(item, "to")
                continue
            width = self._max_bits(item)
            code, room = self._value(item, width), MAX_BITS - sum(w for _, w in pending)
            if width > room:  # off byte boundaries: the upper bits complete a chunk of 16 bytes
                width -= room
                pending.append((f"((u128){code} >> {width})", room))
                flush()
                code = f"((u128){code} & {literal((1 << width) - 1)})"
            pending.append((code, width))
            if sum(w for _, w in pending) % 8 == 0:
                flush()
        rest = sum(w for _, w in pending) % 8
        flush()
        out.line(f"bits = (u64)(to - buffer) * 8{f' - {8 - rest}' if rest else ''};")

    def _bits(self, items: list[Input]) -> None:
        """A run at any position, bit by bit."""
        out = self.ctx.out
        for item in items:
            if self._varbit(item):
                with out.block(""):
                    room = self._max_bits(item) // 8 + 8
                    out.line(f"u8 octets[{room}], *to = octets;")
                    self._octets(item, "to")
                    with out.block("for (u8 *from = octets; from < to; from++, bits += 8)"):
                        out.line("put_bits(buffer, bits, *from, 8);")
                continue
            width = self._max_bits(item)
            out.line(f"put_bits(buffer, bits, {self._value(item, width)}, {width});")
            out.line(f"bits += {width};")
