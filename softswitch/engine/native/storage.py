# SPDX-License-Identifier: Apache-2.0
"""C that extracts, copies, resets and serialises headers."""

from __future__ import annotations

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.engine.lowered.objects import Field, Group, Header
from softswitch.engine.native.context import MAX_BITS, Context
from softswitch.engine.native.text import literal


class Storage:
    """Generators for the storage of header instances."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def size(self, header: Header) -> str:
        """Source of the length of a header in bytes."""
        varbit = header.varbit
        return str(header.fixed) if varbit is None else f"({header.fixed} + {self.ctx.field(varbit)}.n)"

    # -- extraction

    def extract(self, header: Header, length: str | None) -> None:
        """Fill the fields of ``header`` from ``data + m->o``, whose length was checked; advances ``m->o``."""
        ctx, out = self.ctx, self.ctx.out
        out.line(f"{ctx.offset(header)} = (s32)m->o;")
        out.line(f"{ctx.dirty(header)} = 0;")
        self.set_valid(header)
        groups = header.groups
        position = next((i for i, g in enumerate(groups) if g.varbit), len(groups))
        self._unpack(groups[:position])
        fixed = sum(g.size for g in groups[:position])
        if position == len(groups):
            out.line(f"m->o += {fixed};")
            return
        varbit = groups[position].fields[0]
        out.line(f"{ctx.field(varbit)} = (struct vb){{data + m->o + {fixed}, (u32){length}}};")
        out.line(f"m->o += {fixed} + (u32){length};")
        rest = groups[position + 1 :]
        if rest:
            self._unpack(rest)
            out.line(f"m->o += {sum(g.size for g in rest)};")

    def set_valid(self, header: Header) -> None:
        """Mark valid; in a union the other members become invalid."""
        ctx = self.ctx
        ctx.out.line(f"{ctx.valid(header)} = 1;")
        for member in header.others:
            ctx.out.line(f"{ctx.valid(member)} = 0;")

    def _unpack(self, groups: tuple[Group, ...]) -> None:
        ctx, out = self.ctx, self.ctx.out
        for group in groups:
            wanted = group.tracked
            if not wanted:
                continue
            _check(group)
            wide = group.size > 8
            source = f"ld_be{'128' if wide else ''}(data + m->o + {group.offset}, {group.size})"
            if len(group.fields) == 1:
                out.line(f"{ctx.field(wanted[0])} = {self._signed(source, wanted[0], wide)};")
                continue
            name = ctx.temporary()
            out.line(f"{'u128' if wide else 'u64'} {name} = {source};")
            shift = group.size * 8
            for item in group.fields:
                shift -= item.width
                if item in wanted:
                    code = f"({name} >> {shift} & {literal((1 << item.width) - 1)})"
                    out.line(f"{ctx.field(item)} = {self._signed(code, item, wide)};")

    @staticmethod
    def _signed(code: str, item: Field, wide: bool) -> str:
        if not item.signed:
            return code
        return f"sx128({code}, {item.width})" if wide else f"sx64({code}, {item.width})"

    # -- contents

    def reset(self, header: Header) -> None:
        """All fields zero, no bytes in the frame; a variable-length field keeps its length, as in BMv2."""
        ctx, out = self.ctx, self.ctx.out
        for item in header.variables:
            lvalue = ctx.field(item)
            out.line(f"{lvalue}.p = zeros;" if item.varbit else f"{lvalue} = 0;")
        if not header.metadata:
            out.line(f"{ctx.offset(header)} = -1;")
            out.line(f"{ctx.dirty(header)} = 1;")

    def variables(self, header: Header, with_valid: bool) -> list[str]:
        """Lvalues that hold the contents of a header."""
        ctx = self.ctx
        result = [ctx.field(f) for f in header.variables]
        if not header.metadata:
            result += [ctx.offset(header), ctx.dirty(header)]
            if with_valid:
                result.append(ctx.valid(header))
        return result

    def copy(self, target: Header, source: Header) -> None:
        """``target = source``: an invalid source makes the target invalid and leaves its fields."""
        ctx, out = self.ctx, self.ctx.out
        pairs = list(zip(self.variables(target, False), self.variables(source, False), strict=True))
        if source.metadata:
            for left, right in pairs:
                out.line(f"{left} = {right};")
            return
        with out.block(f"if ({ctx.valid(source)})"):
            if not target.metadata:
                self.set_valid(target)
            for left, right in pairs:
                out.line(f"{left} = {right};")
        if not target.metadata:
            with out.block("else"):
                out.line(f"{ctx.valid(target)} = 0;")

    # -- serialisation

    def serialise(self, header: Header, to: str) -> None:
        """Emit the bytes of a valid header at pointer ``to``, which is advanced."""
        ctx, out = self.ctx, self.ctx.out
        size, off = self.size(header), ctx.offset(header)
        clean = [f"memcpy({to}, data + {off}, {size});"]
        if not header.written and not header.fresh:
            out.line(clean[0])
        else:
            with out.block(f"if (!{ctx.dirty(header)})"):
                out.line(clean[0])
            if header.written:
                with out.block(f"else if ({off} >= 0)"):
                    self._fill(header, to, fresh=False)
            with out.block("else"):
                self._fill(header, to, fresh=True)
        out.line(f"{to} += {size};")

    def _fill(self, header: Header, to: str, fresh: bool) -> None:
        """Bytes from fields; what the program cannot have changed comes from the frame, or is zero."""
        ctx, out = self.ctx, self.ctx.out
        groups = header.groups
        before = sum(g.size for g in groups[: next((i for i, g in enumerate(groups) if g.varbit), len(groups))])
        behind = ""
        for group in groups:
            if group.varbit:
                lvalue = ctx.field(group.fields[0])
                with out.block(f"if ({lvalue}.n)"):
                    out.line(f"memcpy({to} + {group.offset}, {lvalue}.p, {lvalue}.n);")
                behind = f" + {before} + {lvalue}.n"
                continue
            at = f"{to}{behind} + {group.offset}"
            if group.tracked and (fresh or header.written.intersection(group.fields)):
                self._pack(group, at)
            elif fresh:
                out.line(f"memset({at}, 0, {group.size});")
            else:
                out.line(f"memcpy({at}, data + {ctx.offset(header)} + {group.offset}, {group.size});")

    def _pack(self, group: Group, at: str) -> None:
        """Emit the bytes of one group from its fields."""
        ctx = self.ctx
        _check(group)
        wide = group.size > 8
        kind = "u128" if wide else "u64"
        parts = []
        shift = group.size * 8
        for item in group.fields:
            shift -= item.width
            if item not in group.tracked:
                continue
            code = f"({kind}){ctx.field(item)}"
            if item.signed:
                code = f"({code} & {literal((1 << item.width) - 1)})"
            parts.append(f"{code} << {shift}" if shift else code)
        ctx.out.line(f"st_be{'128' if wide else ''}({at}, {' | '.join(parts)}, {group.size});")


def _check(group: Group) -> None:
    if group.size > MAX_BITS // 8:
        where = f"header {group.fields[0].header.name}"
        raise UnsupportedProgram(where, f"fields of {group.size} bytes without a byte boundary", "by the native engine")
