# SPDX-License-Identifier: Apache-2.0
"""Code that extracts, copies, resets and serialises headers."""

from __future__ import annotations

import struct
from itertools import groupby

from softswitch.engine.lowered.objects import Field, Group, Header
from softswitch.engine.python.context import Context

_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
_MASK64 = "0xffffffffffffffff"


class Headers:
    """Generators for the storage of header instances."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def size(self, header: Header) -> str:
        """Source of the length of a header in bytes."""
        varbit = header.varbit
        return str(header.fixed) if varbit is None else f"{header.fixed} + len({self.ctx.field(varbit)})"

    # -- extraction

    def extract(self, header: Header, length: str | None) -> None:
        """Fill the variables of ``header`` from ``data[o:]``, whose length was checked.

        ``length`` is the number of bytes of the variable-length field.  Advances ``o``.
        """
        ctx, out = self.ctx, self.ctx.out
        out.line(f"{ctx.offset(header)} = o")
        out.line(f"{ctx.dirty(header)} = 0")
        self.set_valid(header)
        groups = header.groups
        position = next((i for i, g in enumerate(groups) if g.varbit), len(groups))
        self._unpack(groups[:position])
        fixed = sum(g.size for g in groups[:position])
        if position == len(groups):
            out.line(f"o += {fixed}")
            return
        if fixed:
            out.line(f"o += {fixed}")
        varbit = groups[position].fields[0]
        out.line(f"{ctx.field(varbit)} = data[o:o + {length}]")
        out.line(f"o += {length}")
        rest = groups[position + 1 :]
        if rest:
            self._unpack(rest)
            out.line(f"o += {sum(g.size for g in rest)}")

    def set_valid(self, header: Header) -> None:
        """Mark valid; in a union the other members become invalid."""
        ctx = self.ctx
        ctx.out.line(f"{ctx.valid(header)} = 1")
        for member in header.others:
            ctx.out.line(f"{ctx.valid(member)} = 0")

    def _unpack(self, groups: tuple[Group, ...]) -> None:
        """Read the tracked fields of fixed groups at ``o``."""
        ctx, out = self.ctx, self.ctx.out
        wanted = [g for g in groups if g.tracked]
        if not wanted:
            return
        if len(wanted) == 1 and wanted[0].size in (1, 2):
            group = wanted[0]
            at = f"o + {group.offset}" if group.offset else "o"
            code = f"data[{at}]" if group.size == 1 else f"data[{at}] << 8 | data[o + {group.offset + 1}]"
            self._split(group, code)
            return
        text = ">"
        targets: list[str] = []
        after: list[tuple[Group, str]] = []
        position = 0
        for group in wanted:
            if group.offset > position:
                text += f"{group.offset - position}x"
            position = group.offset + group.size
            simple = len(group.fields) == 1 and not group.fields[0].signed
            if group.size in _CODES:
                text += _CODES[group.size]
                if simple:
                    targets.append(ctx.field(group.fields[0]))
                else:
                    temporary = ctx.temporary()
                    targets.append(temporary)
                    after.append((group, temporary))
            elif group.size in (6, 16):
                text += "HI" if group.size == 6 else "QQ"
                high, low = ctx.temporary(), ctx.temporary()
                targets += [high, low]
                after.append((group, f"{high} << {32 if group.size == 6 else 64} | {low}"))
            else:
                text += f"{group.size}s"
                temporary = ctx.temporary()
                targets.append(temporary)
                after.append((group, f"from_bytes({temporary}, 'big')"))
        unpack = ctx.constant(("unpack", text), struct.Struct(text).unpack_from, "unpack_{}", text[1:])
        out.line(f"{', '.join(targets)}{',' if len(targets) == 1 else ''} = {unpack}(data, o)")
        for group, code in after:
            self._split(group, code)

    def _split(self, group: Group, code: str) -> None:
        """Assign the tracked fields of a group from the group's value."""
        ctx, out = self.ctx, self.ctx.out
        wanted = group.tracked
        if len(group.fields) == 1:
            out.line(f"{ctx.field(group.fields[0])} = {self._signed(code, group.fields[0])}")
            return
        if len(wanted) > 1 and not code.isidentifier():
            temporary = ctx.temporary()
            out.line(f"{temporary} = {code}")
            code = temporary
        shift = group.size * 8
        for item in group.fields:
            shift -= item.width
            if item not in wanted:
                continue
            value = f"({code}) >> {shift}" if shift else f"({code})"
            if shift + item.width < group.size * 8:
                value = f"{value} & {hex((1 << item.width) - 1)}"
            out.line(f"{ctx.field(item)} = {self._signed(value, item)}")

    @staticmethod
    def _signed(code: str, item: Field) -> str:
        if not item.signed:
            return code
        half = 1 << (item.width - 1)
        return f"(({code}) ^ {hex(half)}) - {hex(half)}"

    # -- contents

    def reset(self, header: Header) -> None:
        """All fields zero, no bytes in the frame; a variable-length field keeps its length, as in BMv2."""
        ctx, out = self.ctx, self.ctx.out
        fields = header.variables
        fixed = [ctx.field(f) for f in fields if not f.varbit]
        if fixed:
            out.line(f"{' = '.join(fixed)} = 0")
        for item in fields:
            if item.varbit:
                name = ctx.field(item)
                out.line(f"{name} = bytes(len({name}))")
        if not header.metadata:
            out.line(f"{ctx.offset(header)} = -1")
            out.line(f"{ctx.dirty(header)} = 1")

    def variables(self, header: Header, with_valid: bool) -> list[str]:
        """Variables that hold the contents of a header."""
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
        pairs = zip(self.variables(target, False), self.variables(source, False), strict=True)
        if source.metadata:
            for left, right in pairs:
                out.line(f"{left} = {right}")
            return
        with out.block(f"if {ctx.valid(source)}:"):
            if not target.metadata:
                self.set_valid(target)
            for left, right in pairs:
                out.line(f"{left} = {right}")
        if not target.metadata:
            with out.block("else:"):
                out.line(f"{ctx.valid(target)} = 0")

    # -- serialisation

    def pack(self, header: Header) -> str:
        """Source of the header's bytes when its fields may have changed; offset is known to be >= 0."""
        parts: list[str] = []

        def changed(group: Group) -> bool:
            return group.varbit or any(f in header.written for f in group.fields)

        for is_changed, run in groupby(header.groups, changed):
            items = list(run)
            if is_changed:
                for varbit, subrun in groupby(items, lambda g: g.varbit):
                    subitems = list(subrun)
                    if varbit:
                        parts.append(self.ctx.field(subitems[0].fields[0]))
                    else:
                        parts.append(self._pack_groups(subitems, only_tracked=False))
            else:
                start, end = items[0].offset, items[-1].offset + items[-1].size
                off = self.ctx.offset(header)
                parts.append(f"data[{off} + {start}:{off} + {end}]")
        return " + ".join(parts)

    def pack_fresh(self, header: Header) -> str:
        """Source of the bytes of a header that was not extracted: fields never mentioned are zero."""
        parts: list[str] = []
        for varbit, run in groupby(header.groups, lambda g: g.varbit):
            items = list(run)
            if varbit:
                parts.append(self.ctx.field(items[0].fields[0]))
            else:
                parts.append(self._pack_groups(items, only_tracked=True))
        return " + ".join(parts) or "b''"

    def _pack_groups(self, groups: list[Group], only_tracked: bool) -> str:
        ctx = self.ctx
        text = ">"
        values: list[str] = []
        for group in groups:
            if not group.tracked:
                if not only_tracked:
                    raise AssertionError("a written field is not tracked")
                text += f"{group.size}x"
                continue
            code = self._join(group)
            if group.size in _CODES:
                text += _CODES[group.size]
                values.append(code)
            elif group.size in (6, 16):
                bits, mask = (32, "0xffffffff") if group.size == 6 else (64, _MASK64)
                text += "HI" if group.size == 6 else "QQ"
                if not code.isidentifier():
                    temporary = ctx.temporary()
                    values += [f"({temporary} := {code}) >> {bits}", f"{temporary} & {mask}"]
                else:
                    values += [f"{code} >> {bits}", f"{code} & {mask}"]
            else:
                text += f"{group.size}s"
                values.append(f"({code}).to_bytes({group.size}, 'big')")
        pack = ctx.constant(("pack", text), struct.Struct(text).pack, "pack_{}", text[1:])
        return f"{pack}({', '.join(values)})"

    def _join(self, group: Group) -> str:
        """Value of a group from its fields; fields that are not tracked are zero in a fresh header."""
        ctx = self.ctx
        parts: list[str] = []
        shift = group.size * 8
        for item in group.fields:
            shift -= item.width
            if item not in group.tracked:
                continue
            code = ctx.field(item)
            if item.signed:
                code = f"({code} & {hex((1 << item.width) - 1)})"
            parts.append(f"{code} << {shift}" if shift else code)
        return " | ".join(parts)
