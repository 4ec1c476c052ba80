# SPDX-License-Identifier: Apache-2.0
"""The engines by name.

``auto`` is ``native`` where that works and else ``python``, with one line that says why.  Another
engine is added by an entry in :data:`ENGINES`; the tables, the P4Runtime server and the I/O do not change.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from softswitch.bmv2json.errors import ProgramError, UnsupportedProgram
from softswitch.bmv2json.model import Program
from softswitch.engine.api import Engine, Host
from softswitch.engine.native.engine import NativeEngine
from softswitch.engine.python.engine import PythonEngine
from softswitch.native.compiler import NoCompiler
from softswitch.state.state import State

_log = logging.getLogger(__name__)
#: Why ``auto`` took Python, as far as it was told.
_said: set[str] = set()


def _python(program: Program, state: State, host: Host) -> Engine:
    engine = PythonEngine()
    engine.load(program, state, host)
    return engine


def _native(program: Program, state: State, host: Host) -> Engine:
    engine = NativeEngine()
    try:
        engine.load(program, state, host)
    except NoCompiler as error:
        raise ProgramError("native engine", str(error)) from None
    return engine


def _auto(program: Program, state: State, host: Host) -> Engine:
    engine = NativeEngine()
    try:
        engine.load(program, state, host)
    except (NoCompiler, UnsupportedProgram) as error:
        # Once a process for want of a compiler, once a program for what it uses.
        known = str(error) in _said
        _said.add(str(error))
        _log.log(logging.INFO if known else logging.WARNING, "the Python engine runs this program: %s", error)
        return _python(program, state, host)
    return engine


#: Makers of loaded engines by name.  They raise ProgramError and then leave the state as it was.
ENGINES: dict[str, Callable[[Program, State, Host], Engine]] = {
    "auto": _auto,
    "native": _native,
    "python": _python,
}
