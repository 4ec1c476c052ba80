# SPDX-License-Identifier: Apache-2.0
"""Errors raised while loading a BMv2 JSON program."""

from __future__ import annotations

from p4rtlib.errors import one_line


class ProgramError(Exception):
    """The program cannot be used.  ``str()`` is one line: where in the JSON, what is wrong, what is valid."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(one_line(f"{where}: {message}" if where else message))
        self.where = where
        self.message = one_line(message)


class MalformedProgram(ProgramError):
    """The JSON text is not a BMv2 program: syntax, missing attribute, wrong type, dangling reference."""


class UnsupportedProgram(ProgramError):
    """The program is well formed and uses a construct that this switch does not implement.

    ``construct`` is the bare name of the construct (a primitive, an operator, an extern type ...).
    """

    def __init__(self, where: str, construct: str, hint: str = "") -> None:
        super().__init__(where, f"{construct} is not implemented" + (f" ({hint})" if hint else ""))
        self.construct = construct


def too_deep() -> UnsupportedProgram:
    """What a RecursionError becomes: programs are walked recursively, and Python's limit is some hundred operations."""
    return UnsupportedProgram("program", "an expression that is nested too deeply")
