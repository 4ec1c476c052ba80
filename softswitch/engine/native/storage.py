# SPDX-License-Identifier: Apache-2.0
"""C that extracts, copies, resets and serialises headers."""

from __future__ import annotations

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.model import FieldType
from softswitch.engine.lowered.layout import Group
from softswitch.engine.native.context import MAX_BITS, Context
from softswitch.engine.native.text import literal


class Storage:
    """Generators for the storage of header instances."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def size(self, header: str) -> str:
        """Source of the length of a header in bytes."""
        kind = self.ctx.program.headers[header].type
        fixed = kind.fixed_bits // 8
        varbit = kind.varbit
        return str(fixed) if varbit is None else f"({fixed} + {self.ctx.field(header, varbit.name)}.n)"

    def max_size(self, header: str) -> int:
        """Most bytes that a header can have."""
        kind = self.ctx.program.headers[header].type
        return kind.fixed_bits // 8 + (kind.varbit.width // 8 if kind.varbit else 0)

    # -- extraction

    def extract(self, header: str, length: str | None) -> None:
        """Fill the fields of ``header`` from ``data + m->o``, whose length was checked; advances ``m->o``."""
        ctx, out = self.ctx, self.ctx.out
        kind = ctx.program.headers[header].type
        out.line(f"{ctx.offset(header)} = (s32)m->o;")
        out.line(f"{ctx.dirty(header)} = 0;")
        self.set_valid(header)
        groups = self.ctx.groups(kind)
        position = next((i for i, g in enumerate(groups) if g.varbit), len(groups))
        self._unpack(header, groups[:position])
        fixed = sum(g.size for g in groups[:position])
        if position == len(groups):
            out.line(f"m->o += {fixed};")
            return
        varbit = groups[position].fields[0]
        out.line(f"{ctx.field(header, varbit.name)} = (struct vb){{data + m->o + {fixed}, (u32){length}}};")
        out.line(f"m->o += {fixed} + (u32){length};")
        rest = groups[position + 1 :]
        if rest:
            self._unpack(header, rest)
            out.line(f"m->o += {sum(g.size for g in rest)};")

    def set_valid(self, header: str) -> None:
        """Mark valid; in a union the other members become invalid."""
        ctx = self.ctx
        ctx.out.line(f"{ctx.valid(header)} = 1;")
        union = ctx.program.headers[header].union
        if union is not None:
            for member in ctx.program.unions[union].members:
                if member != header:
                    ctx.out.line(f"{ctx.valid(member)} = 0;")

    def _unpack(self, header: str, groups: tuple[Group, ...]) -> None:
        ctx, out = self.ctx, self.ctx.out
        tracked = {f.name for f in ctx.layout.tracked(header)}
        for group in groups:
            wanted = [f for f in group.fields if f.name in tracked]
            if not wanted:
                continue
            if group.size > MAX_BITS // 8:
                raise UnsupportedProgram(
                    f"header {header}", f"fields of {group.size} bytes without a byte boundary", "by the native engine"
                )
            wide = group.size > 8
            source = f"ld_be{'128' if wide else ''}(data + m->o + {group.offset}, {group.size})"
            if len(group.fields) == 1:
                out.line(f"{ctx.field(header, wanted[0].name)} = {self._signed(source, wanted[0], wide)};")
                continue
            name = ctx.temporary()
            out.line(f"{'u128' if wide else 'u64'} {name} = {source};")
            shift = group.size * 8
            for item in group.fields:
                shift -= item.width
                if item.name in tracked:
                    code = f"({name} >> {shift} & {literal((1 << item.width) - 1)})"
                    out.line(f"{ctx.field(header, item.name)} = {self._signed(code, item, wide)};")

    @staticmethod
    def _signed(code: str, item: FieldType, wide: bool) -> str:
        if not item.signed:
            return code
        return f"sx128({code}, {item.width})" if wide else f"sx64({code}, {item.width})"

    # -- contents

    def reset(self, header: str) -> None:
        """All fields zero, no bytes in the frame; a variable-length field keeps its length, as in BMv2."""
        ctx, out = self.ctx, self.ctx.out
        for item in ctx.layout.tracked(header):
            lvalue = ctx.field(header, item.name)
            out.line(f"{lvalue}.p = zeros;" if item.varbit else f"{lvalue} = 0;")
        if not ctx.is_metadata(header):
            out.line(f"{ctx.offset(header)} = -1;")
            out.line(f"{ctx.dirty(header)} = 1;")

    def variables(self, header: str, with_valid: bool) -> list[str]:
        """Lvalues that hold the contents of a header."""
        ctx = self.ctx
        result = [ctx.field(header, f.name) for f in ctx.layout.tracked(header)]
        if not ctx.is_metadata(header):
            result += [ctx.offset(header), ctx.dirty(header)]
            if with_valid:
                result.append(ctx.valid(header))
        return result

    def copy(self, target: str, source: str) -> None:
        """``target = source``: an invalid source makes the target invalid and leaves its fields."""
        ctx, out = self.ctx, self.ctx.out
        pairs = list(zip(self.variables(target, False), self.variables(source, False), strict=True))
        if ctx.is_metadata(source):
            for left, right in pairs:
                out.line(f"{left} = {right};")
            return
        with out.block(f"if ({ctx.valid(source)})"):
            if not ctx.is_metadata(target):
                self.set_valid(target)
            for left, right in pairs:
                out.line(f"{left} = {right};")
        if not ctx.is_metadata(target):
            with out.block("else"):
                out.line(f"{ctx.valid(target)} = 0;")

    # -- serialisation

    def serialise(self, header: str, to: str) -> None:
        """Emit the bytes of a valid header at pointer ``to``, which is advanced."""
        ctx, out = self.ctx, self.ctx.out
        usage = ctx.layout.usage(header)
        size, off = self.size(header), ctx.offset(header)
        clean = [f"memcpy({to}, data + {off}, {size});"]
        if not usage.written and not usage.fresh:
            out.line(clean[0])
        else:
            with out.block(f"if (!{ctx.dirty(header)})"):
                out.line(clean[0])
            if usage.written:
                with out.block(f"else if ({off} >= 0)"):
                    self._fill(header, to, fresh=False)
            with out.block("else"):
                self._fill(header, to, fresh=True)
        out.line(f"{to} += {size};")

    def _fill(self, header: str, to: str, fresh: bool) -> None:
        """Bytes from fields; what the program cannot have changed comes from the frame, or is zero."""
        ctx, out = self.ctx, self.ctx.out
        groups = self.ctx.groups(ctx.program.headers[header].type)
        written = ctx.layout.usage(header).written
        tracked = {f.name for f in ctx.layout.tracked(header)}
        before = sum(g.size for g in groups[: next((i for i, g in enumerate(groups) if g.varbit), len(groups))])
        behind = ""
        for group in groups:
            if group.varbit:
                lvalue = ctx.field(header, group.fields[0].name)
                with out.block(f"if ({lvalue}.n)"):
                    out.line(f"memcpy({to} + {group.offset}, {lvalue}.p, {lvalue}.n);")
                behind = f" + {before} + {lvalue}.n"
                continue
            at = f"{to}{behind} + {group.offset}"
            names = {f.name for f in group.fields}
            if names & tracked and (fresh or names & written):
                self.pack(header, group, tracked, at)
            elif fresh:
                out.line(f"memset({at}, 0, {group.size});")
            else:
                out.line(f"memcpy({at}, data + {ctx.offset(header)} + {group.offset}, {group.size});")

    def pack(self, header: str, group: Group, tracked: set[str], at: str) -> None:
        """Emit the bytes of one group from its fields."""
        ctx = self.ctx
        if group.size > MAX_BITS // 8:
            raise UnsupportedProgram(
                f"header {header}", f"fields of {group.size} bytes without a byte boundary", "by the native engine"
            )
        wide = group.size > 8
        kind = "u128" if wide else "u64"
        parts = []
        shift = group.size * 8
        for item in group.fields:
            shift -= item.width
            if item.name not in tracked:
                continue
            code = f"({kind}){ctx.field(header, item.name)}"
            if item.signed:
                code = f"({code} & {literal((1 << item.width) - 1)})"
            parts.append(f"{code} << {shift}" if shift else code)
        ctx.out.line(f"st_be{'128' if wide else ''}({at}, {' | '.join(parts)}, {group.size});")
