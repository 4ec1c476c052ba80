# SPDX-License-Identifier: Apache-2.0
"""What packets must do in the order of their arrival: state that they change and see.

Packets in flight are interleaved (packets.h).  Counters do not mind, for a program cannot read them.  Registers that
the program writes, meters, and hashes that take turns do: an action that touches one waits until all packets that
arrived earlier are done.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from softswitch.engine.lowered.model import Branch, Program, Select
from softswitch.engine.lowered.objects import Calculation, Register
from softswitch.engine.lowered.statements import (
    Assign,
    Block,
    Body,
    ExecuteMeter,
    ReadRegister,
    Statement,
    WriteRegister,
)
from softswitch.engine.lowered.values import Cell, Number, Truth

_TURN_HASHES = ("round_robin",)
#: What values and statements consist of: the walk ends at the objects that they refer to.
_INNER = (*Number.__args__, *Truth.__args__, *Statement.__args__, Block, Body, Select)


_FIELDS: dict[type[Any], tuple[str, ...]] = {kind: tuple(kind.__dataclass_fields__) for kind in _INNER}


def _parts(item: Any) -> Iterator[Any]:
    """``item`` and everything in it, in no particular order."""
    waiting = [item]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting += part
            continue
        yield part
        waiting += [getattr(part, name) for name in _FIELDS.get(type(part), ())]


class _Found:
    """What of the state is in a statement, a value or several."""

    def __init__(self, item: Any) -> None:
        #: something changes whenever it is looked at
        self.turns = False
        self.registers: set[Register] = set()
        self.written: set[Register] = set()
        for part in _parts(item):
            if isinstance(part, ExecuteMeter) or _takes_turns(part):
                self.turns = True
            elif isinstance(part, (Cell, ReadRegister, WriteRegister)):
                self.registers.add(part.register)
            if isinstance(part, WriteRegister):
                self.written.add(part.register)
            elif isinstance(part, (Assign, ReadRegister, ExecuteMeter)) and isinstance(part.target, Cell):
                self.written.add(part.target.register)

    def waits(self, written: set[Register]) -> bool:
        """Whether packets change what this sees; ``written``: the registers that the program writes."""
        return self.turns or not self.registers.isdisjoint(written)


class Turns:
    """Which actions and tables wait for their turn."""

    def __init__(self, program: Program) -> None:
        self.program = program
        #: ids of actions
        self.actions: set[int] = set()
        #: numbers of tables
        self.tables = {
            table.index
            for table in program.tables
            if table.metered or (table.profile is not None and _takes_turns(table.profile.selector))
        }
        #: state is used where a packet cannot wait: packets run one after the other
        self.everywhere = False
        if program.registers or program.meters or any(map(_takes_turns, program.calculations)):
            self._look()
        #: some packet may have to wait
        self.any = bool(self.actions or self.tables)

    def _look(self) -> None:
        bodies = {action.id: _Found(action.body) for action in self.program.actions}
        elsewhere = [_Found(item) for item in self._elsewhere()]
        written = set[Register]().union(*(found.written for found in (*bodies.values(), *elsewhere)))
        self.actions.update(id for id, found in bodies.items() if found.waits(written))
        self.everywhere = any(found.waits(written) for found in elsewhere) or any(
            _takes_turns(checksum.calculation) for checksum in (*self.program.verified, *self.program.updated)
        )

    def _elsewhere(self) -> Iterator[Any]:
        program = self.program
        for state in program.parser.states.values():
            yield state.statements
            yield state.select.parts
        yield program.deparser_body
        for pipeline in (program.ingress, program.egress):
            yield from (node.condition for node in pipeline.nodes.values() if isinstance(node, Branch))
        yield from (checksum.condition for checksum in (*program.verified, *program.updated))


def _takes_turns(item: Any) -> bool:
    return isinstance(item, Calculation) and item.algorithm in _TURN_HASHES
