# SPDX-License-Identifier: Apache-2.0
"""Where key and arguments of a table's entries are: shared by generated code and the mirror of the state."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.model import Action, MatchKind, Table
from softswitch.engine.lowered.controls import key_shifts
from softswitch.engine.native.text import storage_bits

#: Widest key, in 64-bit words; MAX_WORDS of tables.h.
MAX_WORDS = 16
EXACT, LPM, TERNARY = 0, 1, 2
KINDS = {MatchKind.EXACT: EXACT, MatchKind.LPM: LPM, MatchKind.TERNARY: TERNARY, MatchKind.RANGE: TERNARY}


@dataclass(slots=True)
class TablePlan:
    """Places of one table, in bits of the key and 64-bit words of ``data`` of ``struct entry`` (tables.h)."""

    kind: int
    words: int
    shifts: tuple[int, ...]
    widths: tuple[int, ...]
    #: (shift, width) of range elements
    ranges: list[tuple[int, int]] = field(default_factory=list)
    #: bytes; in a table with an action profile that of the target
    args_size: int = 0

    @property
    def args_word(self) -> int:
        """Where the arguments are in ``data`` of ``struct entry`` (tables.h)."""
        return self.words + (self.kind == TERNARY) + 2 * len(self.ranges)


def args_format(action: Action) -> str:
    """``struct`` format of an action's arguments without padding; 16 bytes are two Q, low half first."""
    codes = {8: "B", 16: "H", 32: "I", 64: "Q", 128: "QQ"}
    return "<" + "".join(codes[storage_bits(p.width)] for p in action.params)


def plan(table: Table) -> TablePlan:
    """The plan of a table; refuses keys that are too wide."""

    def refuse(what: str) -> UnsupportedProgram:
        return UnsupportedProgram(f"table {table.name}", what, "by the native engine")

    widths = tuple(k.width for k in table.keys)
    shifts, _ = key_shifts(table)
    words = max(1, (sum(widths) + 63) // 64)
    if words > MAX_WORDS or any(width > 128 for width in widths):
        raise refuse(f"key of {sum(widths)} bits")
    ranges = [(s, k.width) for s, k in zip(shifts, table.keys, strict=True) if k.kind is MatchKind.RANGE]
    if len(ranges) > 8 or any(width > 64 for _, width in ranges):
        raise refuse("range keys of more than 64 bits, or more than eight")
    for action in table.actions:
        if any(param.width > 128 for param in action.params):
            raise refuse(f"action {action.name} with a parameter of more than 128 bits")
    size = max((struct.calcsize(args_format(action)) for action in table.actions), default=0)
    return TablePlan(KINDS.get(table.match, EXACT), words, shifts, widths, ranges, 8 if table.profile else size)
