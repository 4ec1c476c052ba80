# SPDX-License-Identifier: Apache-2.0
"""What the C generators share: names, storage of fields, numbers of objects.

The state of a packet is ``struct pkt`` (``m`` points to it): a field ``ipv6.hop_limit`` is
``m->f_ipv6__hop_limit``, the validity of a header ``m->v_ipv6``, the offset of its bytes in the frame
``m->o_ipv6`` (-1 when it has none), whether a field may differ from those bytes ``m->d_ipv6``, the fill of a
stack ``m->n_vlan``.
"""

from __future__ import annotations

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.model import Program
from softswitch.engine.api import Host
from softswitch.engine.common import CommonContext
from softswitch.engine.lowered.layout import Layout
from softswitch.engine.native.text import Code, storage_type
from softswitch.engine.native.turns import Turns

#: Widest number that the generated code computes with.
MAX_BITS = 128


class Context(CommonContext):
    """State of one code generation."""

    def __init__(self, program: Program, layout: Layout, host: Host) -> None:
        super().__init__(program, layout, host)
        self.out = Code()
        self.tables = {name: i for i, name in enumerate(program.tables)}
        self.counters = {n: i for i, n in enumerate(n for n, c in program.counters.items() if not c.table)}
        self.meters = {n: i for i, n in enumerate(n for n, m in program.meters.items() if not m.table)}
        self.registers = {n: i for i, n in enumerate(program.registers)}
        self.value_sets = {n: i for i, n in enumerate(program.value_sets)}
        self.calculations = {n: i for i, n in enumerate(program.calculations)}
        self.turns = Turns(program)
        #: number of places where a packet can go on after it gave way
        self.resumptions = 0

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

    def field(self, header: str, name: str) -> str:
        """Lvalue of a field."""
        if name == "$valid$":
            return self.valid(header)
        return "m->" + self.names.get(("field", header, name), "f_{}__{}", header, name)

    def valid(self, header: str) -> str:
        """Validity of a header, 0 or 1; metadata is always valid."""
        if self.program.headers[header].metadata:
            return "1"
        return "m->" + self.names.get(("valid", header), "v_{}", header)

    def offset(self, header: str) -> str:
        """Offset of the header's bytes in the frame, -1 for a header that was not extracted."""
        return "m->" + self.names.get(("offset", header), "o_{}", header)

    def dirty(self, header: str) -> str:
        """Whether the header's fields may differ from its bytes in the frame."""
        return "m->" + self.names.get(("dirty", header), "d_{}", header)

    def next(self, stack: str) -> str:
        """Number of elements of a stack that were extracted."""
        return "m->" + self.names.get(("next", stack), "n_{}", stack)

    def temporary(self) -> str:
        """A new local variable."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    # -- fields

    def mark_dirty(self, header: str) -> None:
        """Emit that a field of ``header`` changed."""
        if not self.is_metadata(header):
            self.out.line(f"{self.dirty(header)} = 1;")

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
        for name, header in self.program.headers.items():
            if not header.metadata:
                add("u8", self.valid(name))
                add("u8", self.dirty(name))
                add("s32", self.offset(name))
            for item in self.layout.tracked(name):
                if item.varbit:
                    add("struct vb", self.field(name, item.name))
                    continue
                if item.width > MAX_BITS:
                    raise UnsupportedProgram(f"field {name}.{item.name}", f"number of {item.width} bits")
                add(storage_type(item.width, item.signed), self.field(name, item.name))
        for stack in (*self.program.stacks, *self.program.union_stacks):
            add("u32", self.next(stack))
        return [line for size in sorted(by_size, reverse=True) for line in by_size[size]]
