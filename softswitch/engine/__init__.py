# SPDX-License-Identifier: Apache-2.0
"""Engines execute a loaded program; see :mod:`softswitch.engine.api` for the contract.

``python`` compiles the program to specialised Python source.  Another engine is added by an entry in
:data:`ENGINES`; the tables, the P4Runtime server and the I/O do not change.
"""

from __future__ import annotations

from collections.abc import Callable

from softswitch.engine.api import Engine, Host, Stats


def _python() -> Engine:
    from softswitch.engine.python.engine import PythonEngine

    return PythonEngine()


#: Factories by name.
ENGINES: dict[str, Callable[[], Engine]] = {"python": _python}

__all__ = ["ENGINES", "Engine", "Host", "Stats"]
