# SPDX-License-Identifier: Apache-2.0
"""Pcap files as ports that a native worker serves."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterable
from ctypes import c_uint32, c_uint64
from pathlib import Path
from typing import Any

from p4rtlib.pcap import (
    HEADER,
    PcapError,
    PcapWriter,
    cut_in_frame,
    cut_in_header,
    not_captured,
    records_format,
)
from softswitch.io.files import PlayedFiles
from softswitch.io.native.library import load
from softswitch.io.native.ports import NativePorts, Tape
from softswitch.io.switchboard import Switchboard

__all__ = ["NativeFilePorts"]

_, _CUT_IN_HEADER, _CUT_IN_FRAME, _NOT_CAPTURED = range(4)  # of tapes.h


class _Input:
    """A pcap file in memory, its records checked; ``PcapError`` when it is not usable."""

    def __init__(self, library: Any, path: Path) -> None:
        self.swapped, self.unit_ns = False, 1
        self.records = 0, 0
        if not path.exists():
            return
        try:
            with path.open("rb") as file:
                # copy-on-write, for only memory that could be written tells its address
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) if path.stat().st_size else b""
        except (OSError, ValueError) as error:
            raise PcapError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
        order, self.unit_ns = records_format(path, self._data)
        self.swapped = order == ">"
        size = len(self._data) - HEADER
        self._memory = (ctypes.c_char * len(self._data)).from_buffer(self._data)
        self.records = ctypes.addressof(self._memory) + HEADER, size
        offset, found = c_uint64(), (c_uint32 * 4)()
        defect = library.io_check(*self.records, int(self.swapped), ctypes.byref(offset), ctypes.byref(found))
        at = HEADER + offset.value
        if defect == _CUT_IN_HEADER:
            raise cut_in_header(path, at)
        if defect == _CUT_IN_FRAME:
            raise cut_in_frame(path, at)
        if defect == _NOT_CAPTURED:
            raise not_captured(path, at, found[2], found[3])


class NativeFilePorts(PlayedFiles):
    """A worker in C reads, runs and writes the frames.  Raises ``NoCompiler`` when there is no C compiler."""

    def __init__(self, board: Switchboard, ports: Iterable[tuple[int, str]], directory: Path = Path()) -> None:
        super().__init__()
        library = load()
        self._inputs: list[_Input] = []  # their memory, as long as they are played
        tapes: dict[int, Tape] = {}
        for number, name in ports:
            board.add(number, name)
            source = _Input(library, directory / f"{name}_in.pcap")
            writer = PcapWriter(directory / f"{name}_out.pcap")
            self._inputs.append(source)
            self._outputs.append(writer)
            tapes[number] = Tape(source.records, source.swapped, source.unit_ns, writer)
        self._ports = NativePorts(board, tapes)

    def start(self, delay: float = 0.0) -> None:
        self._ports.start()
        super().start(delay)

    def _play(self) -> int | None:
        self._ports.play()
        while not self._ports.played(0.2):
            if self._stop.is_set():
                return None
        return sum(self._ports.shares())

    def close(self) -> None:
        self._stop.set()
        self.wait()  # a fraction of a second: it uses the ports
        self._ports.close()
        super().close()
