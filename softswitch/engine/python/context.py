# SPDX-License-Identifier: Apache-2.0
"""What the generators of Python share: names of variables, run-time objects, the output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from softswitch.engine.lowered.model import Program
from softswitch.engine.lowered.objects import Field, Header, Stack
from softswitch.engine.python.writer import Writer
from softswitch.engine.text import Names, Texts
from softswitch.state.state import State


class Context:
    """State of one code generation.

    Variables of the generated function, for a header instance ``ipv6``: ``ipv6__hop_limit`` (tracked fields),
    ``ipv6_valid_``, ``ipv6_off_`` (offset of its bytes in ``data``, -1 when it has none) and ``ipv6_dirty_``
    (a field may differ from those bytes).  A stack has ``vlan_next_``.
    """

    def __init__(self, program: Program, traced: bool, dry: bool = False) -> None:
        self.program = program
        self.traced = traced
        #: a packet changes nothing of the state: neither counters nor registers, meters or times of last use
        self.dry = dry
        self.out = Writer()
        self.names = Names()
        #: what traces, logs and assertions show
        self.texts = Texts()
        #: objects the generated code refers to by name
        self.constants: dict[str, Any] = {}
        #: the same, taken from the state of the switch that the code runs in
        self.state_objects: dict[str, Callable[[State], Any]] = {}
        self._temporaries = 0

    # -- names

    def field(self, field: Field) -> str:
        """Variable of a field."""
        return self.names.get(field, "{}__{}", field.header.name, field.name)

    def valid(self, header: Header) -> str:
        """Validity of a header, 0 or 1; metadata is always valid."""
        return "1" if header.metadata else self.names.get(("valid", header), "{}_valid_", header.name)

    def offset(self, header: Header) -> str:
        """Offset of the header's bytes in the frame, -1 for a header that was not extracted."""
        return self.names.get(("offset", header), "{}_off_", header.name)

    def dirty(self, header: Header) -> str:
        """Whether the header's fields may differ from its bytes in the frame."""
        return self.names.get(("dirty", header), "{}_dirty_", header.name)

    def next(self, stack: Stack) -> str:
        """Number of elements of a stack that were extracted."""
        return self.names.get(stack, "{}_next_", stack.name)

    def temporary(self) -> str:
        """A new variable."""
        self._temporaries += 1
        return f"t{self._temporaries}_"

    def constant(self, key: object, value: Any, form: str, *names: str) -> str:
        """A global of the generated module holding ``value``, called as ``form`` with the program's ``names`` says."""
        name = self.names.get(("constant", key), form, *names)
        self.constants[name] = value
        return name

    def of_state(self, key: object, pick: Callable[[State], Any], form: str, *names: str) -> str:
        """A global like that of :meth:`constant`, for what ``pick`` finds in the state of a switch."""
        name = self.names.get(("constant", key), form, *names)
        self.state_objects[name] = pick
        return name

    def text(self, text: str) -> str:
        """Source of a text of the program."""
        return f"texts[{self.texts.number(text)}]"

    # -- variables

    def mark_dirty(self, header: Header) -> None:
        """Emit that a field of ``header`` changed."""
        if not header.metadata:
            self.out.line(f"{self.dirty(header)} = 1")

    def all_variables(self) -> list[str]:
        """Every variable that is part of a packet's state, metadata fields last."""
        result = []
        for header in self.program.headers:
            if not header.metadata:
                result += [self.valid(header), self.offset(header), self.dirty(header)]
                result += map(self.field, header.variables)
        return result + [self.next(stack) for stack in self.program.stacks] + self.metadata_variables()

    def metadata_variables(self) -> list[str]:
        """Variables of all metadata fields."""
        return [self.field(f) for header in self.program.headers if header.metadata for f in header.variables]

    def varbit_variables(self) -> set[str]:
        """Those of the variables that hold bytes."""
        return {self.field(f) for header in self.program.headers for f in header.variables if f.varbit}
