# SPDX-License-Identifier: Apache-2.0
"""The yardstick of forwarding over interfaces: softswitch's packet I/O around a pipeline that copies frames.

What a switch loses against this loop is what its pipeline costs. ``copy_loop.py`` alone prints its rate.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    for _folder in ("cp", "ptf-tests", "bench", "."):
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent / _folder))

import generator
from beds import PORTS, Wires

from softswitch.device import Device
from softswitch.engine.native.engine import HEADERS
from softswitch.io.native.interfaces import NativeInterfaces
from softswitch.io.switchboard import Switchboard
from softswitch.native import compiler


class _Copy:
    """As far as packet I/O is concerned, an engine and its only worker."""

    def __init__(self) -> None:
        source = Path(__file__).with_name("copy_loop.c").read_text(encoding="utf-8")
        self._library = ctypes.CDLL(str(compiler.build(source, include=(HEADERS,))))
        self._library.copy_new.restype = ctypes.c_void_p
        self.native = (ctypes.cast(self._library.sw_frames, ctypes.c_void_p).value, self._library.copy_new())

    def worker(self) -> _Copy:
        return self

    def fold(self) -> None:
        pass


class _Bare(Device):
    """A device that is nothing but that engine."""

    def attach_threads(self, threads: Any) -> Callable[[], None]:
        with self.lock:
            threads.run(_Copy())
        return lambda: None


class CopyLoop(Wires):
    """The loop between the ports of a namespace of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._board = Switchboard(_Bare(), lambda frame: None)
        self._interfaces = NativeInterfaces(self._board)
        self.inside(self._open)

    def _open(self) -> None:
        for port in PORTS:
            self._interfaces.add(port, f"sw{port}")
        self._interfaces.start()

    def close(self) -> None:
        self._interfaces.close()
        self._board.close()
        super().close()


@contextmanager
def copy_loop() -> Iterator[CopyLoop]:
    """A running loop. Needs root and a C compiler (``NoCompiler``)."""
    made = CopyLoop()
    try:
        yield made
    finally:
        made.close()


if __name__ == "__main__":
    with copy_loop() as loop:
        pps = loop.inside(lambda: generator.closed_loop("host1", "host3", [bytes(12) + b"\x86\xdd" + bytes(118)], 2.0))
        print(f"{pps:,.0f} packets/s")
