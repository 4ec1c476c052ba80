# SPDX-License-Identifier: Apache-2.0
"""Loader and typed model of the BMv2 JSON that p4c's ``p4c-bm2-ss`` writes.

    program = load_program(Path("full.json").read_bytes())

:func:`load_program` raises :class:`MalformedProgram` for text that is not such a program and
:class:`UnsupportedProgram` for a construct the switch does not implement, each naming the place.
"""

from softswitch.bmv2json.errors import MalformedProgram, ProgramError, UnsupportedProgram
from softswitch.bmv2json.loader import load_program
from softswitch.bmv2json.model import MatchKind, Program

__all__ = ["MalformedProgram", "MatchKind", "Program", "ProgramError", "UnsupportedProgram", "load_program"]
