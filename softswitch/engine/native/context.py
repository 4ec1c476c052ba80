# SPDX-License-Identifier: Apache-2.0
"""What the generators of C share: names of variables, numbers of texts, the output.

The state of a packet is ``struct pkt`` (``m`` points to it): a field ``ipv6.hop_limit`` is
``m->f_ipv6__hop_limit``, the validity of a header ``m->v_ipv6``, the offset of its bytes in the frame
``m->o_ipv6`` (-1 when it has none), whether a field may differ from those bytes ``m->d_ipv6``, the fill of a
stack ``m->n_vlan``.
"""

from __future__ import annotations

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.engine.lowered.model import Program
from softswitch.engine.lowered.objects import Field, Header, Stack
from softswitch.engine.native.text import Code, storage_type
from softswitch.engine.native.turns import Turns
from softswitch.engine.text import Names, Texts

#: Widest number that the generated code computes with.
MAX_BITS = 128


class Context:
    """State of one code generation."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.out = Code()
        self.names = Names()
        #: texts of log messages and assertions
        self.texts = Texts()
        self.turns = Turns(program)
        #: number of places where a packet can go on after it gave way
        self.resumptions = 0
        self._temporaries = 0

    # -- giving way

    def give_way(self, head: str, again: str = "") -> None:
        """Emit that the packet gives way when ``head`` (an ``if`` or a block's start) says so, then ``again``.

        Locals are lost: what follows reads those of the lane.
        """
        self.resumptions += 1
        number = self.resumptions
        with self.out.block(head):
            self.out.line(f"L->resume = {number};")
            self.out.line("return YIELD;")
            self.out.line(f"resume_{number}:;")
            if again:
                self.out.line(again)

    def wait_for_turn(self, condition: str = "") -> None:
        """Emit that the packet waits until all earlier ones are done; there are no locals to keep."""
        self.give_way(f"if ({condition + ' && ' if condition else ''}must_wait(W, L))")

    # -- names

    def member(self, field: Field) -> str:
        """A field in ``struct pkt``."""
        return self.names.get(field, "f_{}__{}", field.header.name, field.name)

    def field(self, field: Field) -> str:
        """Lvalue of a field."""
        return "m->" + self.member(field)

    def valid(self, header: Header) -> str:
        """Validity of a header, 0 or 1; metadata is always valid."""
        return "1" if header.metadata else "m->" + self.names.get(("valid", header), "v_{}", header.name)

    def offset(self, header: Header) -> str:
        """Offset of the header's bytes in the frame, -1 for a header that was not extracted."""
        return "m->" + self.names.get(("offset", header), "o_{}", header.name)

    def dirty(self, header: Header) -> str:
        """Whether the header's fields may differ from its bytes in the frame."""
        return "m->" + self.names.get(("dirty", header), "d_{}", header.name)

    def next(self, stack: Stack) -> str:
        """Number of elements of a stack that were extracted."""
        return "m->" + self.names.get(stack, "n_{}", stack.name)

    def temporary(self) -> str:
        """A new local variable."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    # -- fields

    def mark_dirty(self, header: Header) -> None:
        """Emit that a field of ``header`` changed."""
        if not header.metadata:
            self.out.line(f"{self.dirty(header)} = 1;")

    def metadata(self) -> list[Field]:
        """Metadata fields that are variables."""
        return [field for header in self.program.headers if header.metadata for field in header.variables]

    # -- struct pkt

    def declare(self) -> list[str]:
        """Members of ``struct pkt``; raises UnsupportedProgram for a field the engine cannot hold."""
        by_size: dict[int, list[str]] = {}
        sizes = {"u128": 16, "s128": 16, "u64": 8, "s64": 8, "u32": 4, "s32": 4, "u16": 2, "s16": 2}

        def add(kind: str, lvalue: str) -> None:
            size = 16 if kind == "struct vb" else sizes.get(kind, 1)
            by_size.setdefault(size, []).append(f"{kind} {lvalue.removeprefix('m->')};")

        add("u32", "m->o")
        add("u32", "m->plen")
        for header in self.program.headers:
            if not header.metadata:
                add("u8", self.valid(header))
                add("u8", self.dirty(header))
                add("s32", self.offset(header))
            for field in header.variables:
                if field.varbit:
                    add("struct vb", self.field(field))
                    continue
                if field.width > MAX_BITS:
                    raise UnsupportedProgram(f"field {field.label}", f"number of {field.width} bits")
                add(storage_type(field.width, field.signed), self.field(field))
        for stack in self.program.stacks:
            add("u32", self.next(stack))
        return [line for size in sorted(by_size, reverse=True) for line in by_size[size]]
