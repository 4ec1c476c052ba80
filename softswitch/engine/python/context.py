# SPDX-License-Identifier: Apache-2.0
"""What the code generators share: names of variables, run-time objects, the output."""

from __future__ import annotations

from typing import Any

from softswitch.bmv2json.model import Program
from softswitch.engine.api import Host
from softswitch.engine.common import CommonContext
from softswitch.engine.python.layout import Layout
from softswitch.engine.python.writer import Writer


class Context(CommonContext):
    """State of one code generation.

    Variables of the generated function, for a header instance ``ipv6``: ``ipv6__hop_limit`` (tracked fields),
    ``ipv6_valid_``, ``ipv6_off_`` (offset of its bytes in ``data``, -1 when it has none) and ``ipv6_dirty_``
    (a field may differ from those bytes).  A stack has ``vlan_next_``.
    """

    def __init__(self, program: Program, layout: Layout, state: Any, host: Host, traced: bool) -> None:
        super().__init__(program, layout, host)
        self.state = state
        self.traced = traced
        self.out = Writer()
        #: objects the generated code refers to by name
        self.constants: dict[str, Any] = {}

    # -- names

    def field(self, header: str, name: str) -> str:
        """Variable of a field."""
        if name == "$valid$":
            return self.valid(header)
        return self.names.get(("field", header, name), "{}__{}", header, name)

    def valid(self, header: str) -> str:
        """Validity of a header, 0 or 1; metadata is always valid."""
        if self.program.headers[header].metadata:
            return "1"
        return self.names.get(("valid", header), "{}_valid_", header)

    def offset(self, header: str) -> str:
        """Offset of the header's bytes in the frame, -1 for a header that was not extracted."""
        return self.names.get(("offset", header), "{}_off_", header)

    def dirty(self, header: str) -> str:
        """Whether the header's fields may differ from its bytes in the frame."""
        return self.names.get(("dirty", header), "{}_dirty_", header)

    def next(self, stack: str) -> str:
        """Number of elements of a stack that were extracted."""
        return self.names.get(("next", stack), "{}_next_", stack)

    def temporary(self) -> str:
        """A new variable."""
        self._temporaries += 1
        return f"t{self._temporaries}_"

    def constant(self, key: object, value: Any, form: str, *names: str) -> str:
        """A global of the generated module holding ``value``, called as ``form`` with the program's ``names`` says."""
        name = self.names.get(("constant", key), form, *names)
        self.constants[name] = value
        return name

    def text(self, text: str) -> str:
        """Source of a text of the program."""
        return f"texts[{self.texts.number(text)}]"

    # -- fields

    def mark_dirty(self, header: str) -> None:
        """Emit that a field of ``header`` changed."""
        if not self.is_metadata(header):
            self.out.line(f"{self.dirty(header)} = 1")

    def all_variables(self) -> list[str]:
        """Every variable that is part of a packet's state, metadata fields last."""
        return self.header_variables() + self.metadata_variables()

    def header_variables(self) -> list[str]:
        """Variables of headers and stacks."""
        result = []
        for name, header in self.program.headers.items():
            if header.metadata:
                continue
            result += [self.valid(name), self.offset(name), self.dirty(name)]
            result += [self.field(name, f.name) for f in self.layout.tracked(name)]
        result += [self.next(stack) for stack in (*self.program.stacks, *self.program.union_stacks)]
        return result

    def varbit_variables(self) -> set[str]:
        """Those of the variables that hold bytes."""
        return {
            self.field(name, f.name) for name in self.program.headers for f in self.layout.tracked(name) if f.varbit
        }
