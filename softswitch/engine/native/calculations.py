# SPDX-License-Identifier: Apache-2.0
"""Hashes and checksums over fields as C."""

from __future__ import annotations

from collections.abc import Sequence

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.engine.lowered.objects import Bits, Calculation, Input, Octets, Run
from softswitch.engine.native.context import MAX_BITS, Context
from softswitch.engine.native.storage import Storage
from softswitch.engine.native.text import literal

_KNOWN = {
    "crc8_custom", "crc16", "crc32", "crc64_custom", "crcCCITT", "csum16", "identity", "xor16", "xor32", "xxh64",
    "hash_ex", "toeplitz",
}  # fmt: skip


class Calculations:
    """Prints the inputs of a calculation as bytes, then the result."""

    def __init__(self, ctx: Context, storage: Storage) -> None:
        self.ctx = ctx
        self.storage = storage

    def emit(self, calculation: Calculation, cut: bool = False) -> str:
        """Print the computation and answer the variable (u64) that holds the result.

        ``cut``: the payload ends where the packet is truncated.
        """
        out, algorithm = self.ctx.out, calculation.algorithm
        result = self.ctx.temporary()
        out.line(f"u64 {result};")
        if algorithm == "round_robin":
            number = min(calculation.index, len(self.ctx.program.calculations))
            out.line(f"{result} = __atomic_fetch_add(&S->round_robin[{number}], 1, __ATOMIC_RELAXED);")
            return result
        if algorithm not in _KNOWN:
            raise UnsupportedProgram(f"calculation {calculation.name}", f"hash {algorithm}", "by the native engine")
        with out.block(""):
            room = sum(_max_bits(item) for run in calculation.runs for item in run.inputs) // 8 + 24
            out.line(f"u8 buffer[{room}];")
            out.line("u64 bits = 0;")
            size = "bits >> 3" if self._inputs(calculation.runs) else "(bits + 7) >> 3"
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

    def selector(self, calculation: Calculation) -> str:
        """As :meth:`emit` for the selector of an action profile, cut to 32 bits as in BMv2."""
        return f"(u32){self.emit(calculation)}"

    def _inputs(self, runs: Sequence[Run]) -> bool:
        """Print the inputs; answers whether all runs are whole bytes, so that ``bits`` stays a multiple of 8."""
        out = self.ctx.out
        fixed = [sum(item.width for item in run.inputs if isinstance(item, Bits)) for run in runs]
        aligned = all(bits % 8 == 0 for bits in fixed[:-1]) and not any(
            not isinstance(item, Bits) and sum(b.width for b in run.inputs[:k] if isinstance(b, Bits)) % 8
            for run in runs
            for k, item in enumerate(run.inputs)
        )
        whole = all(bits % 8 == 0 for bits in fixed)
        if not aligned or not whole:
            out.line("memset(buffer, 0, sizeof buffer);")
        for run in runs:
            with out.block("" if run.guard is None else f"if ({self.ctx.valid(run.guard)})"):
                if aligned:
                    self._bytes(run.inputs)
                else:
                    self._bits(run.inputs)
        return aligned and whole

    def _value(self, item: Bits) -> str:
        """A number as an unsigned C expression."""
        if item.field is None:
            return literal(item.value)
        code = self.ctx.field(item.field)
        if item.field.signed:
            return f"(({'u128' if item.width > 64 else 'u64'}){code} & {literal(item.field.ones)})"
        return code

    def _octets(self, item: Input, to: str) -> None:
        """Print the bytes of a variable-length field or whole header at ``to``, which is advanced."""
        assert not isinstance(item, Bits)
        if isinstance(item, Octets):
            lvalue = self.ctx.field(item.field)
            self.ctx.out.line(f"if ({lvalue}.n) memcpy({to}, {lvalue}.p, {lvalue}.n);")
            self.ctx.out.line(f"{to} += {lvalue}.n;")
        else:
            self.storage.serialise(item.header, to)

    def _bytes(self, items: Sequence[Input]) -> None:
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
            if not isinstance(item, Bits):
                flush()
                self._octets(item, "to")
                continue
            width = item.width
            code, room = self._value(item), MAX_BITS - sum(w for _, w in pending)
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

    def _bits(self, items: Sequence[Input]) -> None:
        """A run at any position, bit by bit."""
        out = self.ctx.out
        for item in items:
            if not isinstance(item, Bits):
                with out.block(""):
                    room = _max_bits(item) // 8 + 8
                    out.line(f"u8 octets[{room}], *to = octets;")
                    self._octets(item, "to")
                    with out.block("for (u8 *from = octets; from < to; from++, bits += 8)"):
                        out.line("put_bits(buffer, bits, *from, 8);")
                continue
            out.line(f"put_bits(buffer, bits, {self._value(item)}, {item.width});")
            out.line(f"bits += {item.width};")


def _max_bits(item: Input) -> int:
    if isinstance(item, Bits):
        return item.width
    return item.field.width if isinstance(item, Octets) else item.header.max_size * 8
