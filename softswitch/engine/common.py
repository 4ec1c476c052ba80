# SPDX-License-Identifier: Apache-2.0
"""What the generators of both engines know about the program; they differ in how they spell it."""

from __future__ import annotations

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.model import (
    Const,
    DerefStack,
    Expr,
    FieldRef,
    FieldType,
    HeaderRef,
    HeaderType,
    Program,
    UnionRef,
)
from softswitch.engine.api import Host
from softswitch.engine.lowered.layout import Group, Layout, groups_of
from softswitch.engine.text import Names, Texts


class CommonContext:
    """State of one code generation, whatever the language."""

    def __init__(self, program: Program, layout: Layout, host: Host) -> None:
        self.program = program
        self.layout = layout
        self.host = host
        self.names = Names()
        #: what traces, logs and assertions show
        self.texts = Texts()
        self.error_codes = {
            name: program.errors.get(name, default)
            for name, default in (
                ("PacketTooShort", 1),
                ("StackOutOfBounds", 3),
                ("HeaderTooShort", 4),
                ("ParserInvalidArgument", 6),
            )
        }
        packet_length = program.standard("standard_metadata.packet_length")
        #: whether anything reads the packet length that add_header and remove_header maintain
        self.needs_length = packet_length is not None and layout.is_tracked(packet_length)
        self._temporaries = 0
        self._groups: dict[str, tuple[Group, ...]] = {}

    def field(self, header: str, name: str) -> str:
        """Variable of a field."""
        raise NotImplementedError

    def ref(self, ref: FieldRef) -> str:
        """Variable of a field."""
        return self.field(ref.header, ref.field)

    def std(self, name: str) -> str | None:
        """Variable of a standard field, or None when the program neither has nor mentions it."""
        ref = self.program.standard(name)
        if ref is None or not self.layout.is_tracked(ref):
            return None
        return self.ref(ref)

    def metadata_variables(self) -> list[str]:
        """Variables of all metadata fields."""
        return [
            self.field(name, f.name)
            for name, header in self.program.headers.items()
            if header.metadata
            for f in self.layout.tracked(name)
        ]

    def field_type(self, ref: FieldRef) -> FieldType:
        """Type of a field; ``$valid$`` is one bit."""
        if ref.field == "$valid$":
            return FieldType("$valid$", 1)
        return next(f for f in self.program.headers[ref.header].type.fields if f.name == ref.field)

    def is_metadata(self, header: str) -> bool:
        """Whether the instance is metadata."""
        return self.program.headers[header].metadata

    def groups(self, header_type: HeaderType) -> tuple[Group, ...]:
        """The fields of a header type in groups that start and end on byte boundaries."""
        if header_type.name not in self._groups:
            self._groups[header_type.name] = groups_of(header_type)
        return self._groups[header_type.name]

    def element(self, expr: Expr, where: str) -> int | Expr:
        """Which of ``layout.members(expr)`` is meant: a number, or an expression when known at run time only."""
        if isinstance(expr, DerefStack):
            index = expr.index
            size = len(self.program.stacks[expr.stack].members)
        elif isinstance(expr, HeaderRef):
            return 0
        else:
            inner = getattr(expr, "union", None)
            if isinstance(inner, UnionRef):
                return 0
            index = inner.index  # type: ignore[union-attr]
            size = len(self.program.union_stacks[inner.stack].unions)  # type: ignore[union-attr]
        if isinstance(index, Const):
            if index.value >= size:
                raise UnsupportedProgram(where, f"stack index {index.value}", f"the stack has {size}")
            return index.value
        return index
