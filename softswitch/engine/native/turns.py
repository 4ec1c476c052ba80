# SPDX-License-Identifier: Apache-2.0
"""What packets must do in the order of their arrival: state that they change and see.

Packets in flight are interleaved (packets.h).  Counters do not mind, for a program cannot read them.  Registers that
the program writes, meters, and hashes that take turns do: an action that touches one waits until all packets that
arrived earlier are done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from softswitch.bmv2json.model import Conditional, ObjectRef, Primitive, Program, RegisterRef, Table

_TURN_HASHES = ("round_robin",)


def _parts(item: Any) -> Iterator[Any]:
    """``item`` and everything in it."""
    yield item
    if is_dataclass(item):
        for part in fields(item):
            yield from _parts(getattr(item, part.name))
    elif isinstance(item, tuple):
        for value in item:
            yield from _parts(value)


class Turns:
    """Which actions and tables wait for their turn."""

    def __init__(self, program: Program) -> None:
        self.program = program
        primitives = [p for action in program.actions.values() for p in action.primitives]
        primitives += [p for state in program.parser.states.values() for p in state.ops if isinstance(p, Primitive)]
        self._written = set(self._writes([*primitives, *program.deparser_primitives]))
        self.actions = {a.id for a in program.actions.values() if self._sees(a.primitives)}
        self.tables = {name for name, table in program.tables.items() if self._table(table)}
        #: some packet may have to wait
        self.any = bool(self.actions or self.tables)
        #: state is used where a packet cannot wait: packets run one after the other
        self.everywhere = any(map(self._sees, self._elsewhere()))

    @staticmethod
    def _writes(primitives: list[Primitive]) -> Iterator[str]:
        for primitive in primitives:
            target = primitive.args[0] if primitive.args else None
            if isinstance(target, RegisterRef):
                yield target.register
            elif primitive.op == "register_write" and isinstance(target, ObjectRef):
                yield target.name

    def _sees(self, item: Any) -> bool:
        for part in _parts(item):
            if isinstance(part, RegisterRef) and part.register in self._written:
                return True
            if isinstance(part, ObjectRef):
                if part.kind == "register_array" and part.name in self._written:
                    return True
                if part.kind == "meter_array":
                    return True
                if part.kind == "calculation" and self.program.calculations[part.name].algorithm in _TURN_HASHES:
                    return True
        return False

    def _table(self, table: Table) -> bool:
        if table.direct_meter:
            return True
        return bool(table.profile) and self.program.profiles[table.profile].algorithm in _TURN_HASHES

    def _elsewhere(self) -> Iterator[Any]:
        program = self.program
        yield from program.parser.states.values()
        yield program.deparser_primitives
        for pipeline in (program.ingress, program.egress):
            yield from (node.expression for node in pipeline.nodes.values() if isinstance(node, Conditional))
        for checksum in program.checksums:
            yield checksum.condition
            if checksum.calculation.algorithm in _TURN_HASHES:
                yield ObjectRef("calculation", checksum.calculation.name)
