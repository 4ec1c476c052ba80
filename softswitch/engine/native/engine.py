# SPDX-License-Identifier: Apache-2.0
"""The :class:`softswitch.engine.api.Engine` in native code, and workers that run bursts of frames."""

from __future__ import annotations

import ctypes
import logging
import random
import struct
import sys
import weakref
from collections.abc import Iterable
from pathlib import Path

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.model import Program
from softswitch.engine.api import Host
from softswitch.engine.native.assemble import Generated, generate
from softswitch.engine.native.library import open_library
from softswitch.engine.native.mirror import Handle, Mirror
from softswitch.engine.python.engine import PythonEngine
from softswitch.engine.python.runtime import format_log
from softswitch.native import compiler
from softswitch.state.changes import Change
from softswitch.state.state import State
from softswitch.trace import Trace

#: What generated files include.
HEADERS = Path(__file__).parent

_log = logging.getLogger(__name__)
_program_log = logging.getLogger("softswitch.program")

#: ``struct worker_head``, ``frame``, ``out`` and ``event_head`` of abi.h.
_HEAD = struct.Struct("<5Q6Q")
_FRAME = struct.Struct("<QII")
_OUT = struct.Struct("<IIQ")
_EVENT = struct.Struct("<4I")
_DIGEST, _LOG, _ASSERTION = 1, 2, 3


class Batch:
    """Frames laid out for :meth:`Worker.burst`; made once, run any number of times."""

    def __init__(self, frames: Iterable[tuple[int, bytes]]) -> None:
        received = list(frames)
        octets = b"".join(frame for _, frame in received)
        self.count = len(received)
        self.octets = len(octets)
        self._frames = ctypes.create_string_buffer(octets, len(octets) or 1)
        self._records = ctypes.create_string_buffer(_FRAME.size * self.count or 1)
        at = ctypes.addressof(self._frames)
        for number, (port, frame) in enumerate(received):
            _FRAME.pack_into(self._records, _FRAME.size * number, at, len(frame), port)
            at += len(frame)
        #: address of the array of ``struct frame``
        self.address = ctypes.addressof(self._records)


class Worker:
    """Runs frames in one thread; several may run at once, each with its own worker."""

    def __init__(self, handle: Handle, generated: Generated, host: Host) -> None:
        self._handle = handle
        self._generated = generated
        self._host = host
        library = handle.library
        self._process = library.sw_process
        self._frames = library.sw_frames
        self._burst = library.sw_burst
        self._address: int = library.sw_worker_new(handle.address, random.getrandbits(64))
        self._head = (ctypes.c_char * _HEAD.size).from_address(self._address)
        self._seen = (0,) * 6
        # the worker goes first, then the handle that it refers to
        self._finalizer = weakref.finalize(self, _free_worker, handle, self._address)

    def process(self, port: int, frame: bytes) -> None:
        """Run one frame; what it causes is put into the host's lists."""
        self._process(self._address, port, frame, len(frame))
        self._collect(self._host.outputs)

    def process_all(self, frames: Iterable[tuple[int, bytes]]) -> None:
        """As :meth:`process` for each (port, frame), in one call."""
        batch = Batch(frames)
        self._frames(self._address, batch.address, batch.count)
        self._collect(self._host.outputs)

    def burst(self, batch: Batch, keep: bool = True, rounds: int = 1) -> list[tuple[int, bytes]]:
        """Run the frames of ``batch`` in order and answer what comes out.

        The caller need not hold the device's lock: tables may change meanwhile, entry by entry.  ``keep`` false
        runs them ``rounds`` times and forgets outputs and digests (to measure); only ``stats`` tell of them.
        Ports are not checked.
        """
        outputs: list[tuple[int, bytes]] = []
        total = batch.count * (1 if keep else rounds)
        if keep:
            self._frames(self._address, batch.address, batch.count)
        else:
            self._burst(self._address, batch.address, batch.count, total)
        self._host.stats.received += total
        transmitted = self._seen[0]
        self._collect(outputs)
        self._host.stats.transmitted += self._seen[0] - transmitted
        return outputs

    @property
    def given_way(self) -> int:
        """How often packets waited for memory while others ran."""
        return int(self._handle.library.sw_given_way(self._address))

    def _collect(self, outputs: list[tuple[int, bytes]]) -> None:
        count, events, records, frames, event_bytes, *counts = _HEAD.unpack(self._head)
        if count:
            string_at = ctypes.string_at
            for port, length, at in _OUT.iter_unpack(string_at(records, 16 * count)):
                outputs.append((port, string_at(frames + at, length)))
        if events:
            self._host.digests.extend(self.decode(ctypes.string_at(event_bytes, events)))
        if tuple(counts[1:]) != self._seen[1:]:
            self._count(counts)
        self._seen = tuple(counts)

    def _count(self, counts: list[int]) -> None:
        stats = self._host.stats
        _, dropped, queue_full, passes, errors, assertions = (a - b for a, b in zip(counts, self._seen, strict=True))
        stats.dropped += dropped
        stats.queue_full += queue_full
        stats.too_many_passes += passes
        stats.assertion_failures += assertions
        stats.runtime_errors += errors
        if errors and stats.runtime_errors <= 10:
            _log.warning("packet dropped: the program did something without a result")

    def decode(self, data: bytes) -> list[tuple[str, tuple[int, ...]]]:
        """The digests in the events of some frames; log lines and failed assertions among them are logged."""
        digests = []
        at = 0
        while at < len(data):
            kind, number, count, _ = _EVENT.unpack_from(data, at)
            at += _EVENT.size
            values = tuple(int.from_bytes(data[at + 16 * i : at + 16 * i + 16], "little") for i in range(count))
            at += 16 * count
            if kind == _DIGEST:
                digests.append((self._generated.digests[number], values))
            elif kind == _LOG:
                signed = [v - (1 << 128) if v >> 127 else v for v in values]
                _program_log.info(format_log(self._generated.messages[number], signed))
            elif kind == _ASSERTION:
                _log.error("packet dropped: assertion failed: %s", self._generated.messages[number])
        return digests

    @property
    def native(self) -> tuple[int, int]:
        """Addresses of ``sw_frames`` and of its worker, for threads that run frames without Python.

        They collect what comes out themselves (``worker_head`` of abi.h) and call :meth:`decode` and :meth:`fold`.
        """
        return ctypes.cast(self._frames, ctypes.c_void_p).value or 0, self._address

    def fold(self) -> None:
        """Add what such threads have counted to the host's stats, outputs aside."""
        counts = list(_HEAD.unpack(self._head)[5:])
        if tuple(counts[1:]) != self._seen[1:]:
            self._count(counts)
        self._seen = tuple(counts)


def _free_worker(handle: Handle, address: int) -> None:
    handle.library.sw_worker_free(address)


class NativeEngine:
    """Packets run in C; traces run in the Python engine, over the same tables, counters and registers."""

    name = "native"
    wants_changes = True

    def __init__(self, options: tuple[str, ...] = compiler.OPTIMISE) -> None:
        self._options = options
        self._tracer: PythonEngine | None = None
        #: generated source, for people and tests
        self.source = ""

    def load(self, program: Program, state: State, host: Host) -> None:
        """Generate, compile (or find in the cache) and load.

        Raises UnsupportedProgram for what the engine cannot execute and NoCompiler; the state is then as before.
        """
        if sys.byteorder != "little":
            raise UnsupportedProgram("native engine", "a machine that is not little-endian")
        if any(m.rates > 4 for m in program.meters.values()):
            raise UnsupportedProgram("native engine", "meter of more than four rates")
        if any(v.width > 128 for v in program.value_sets.values()):
            raise UnsupportedProgram("native engine", "value set of more than 128 bits")
        generated = generate(program, host.drop_port)
        try:
            library = open_library(compiler.build(generated.source, self._options, (HEADERS,)))
        except OSError as error:
            raise compiler.NoCompiler(f"cannot load what the compiler made: {error}") from None
        self.source = generated.source
        self._program, self._state, self._host, self._generated = program, state, host, generated
        self._mirror = Mirror(library, generated, program, state)
        self._worker = self.worker()
        self._tracer = None

    def worker(self) -> Worker:
        """A worker for one more thread."""
        return Worker(self._mirror.handle, self._generated, self._host)

    def process(self, port: int, frame: bytes) -> None:
        """Run a frame and all copies it causes."""
        self._worker.process(port, frame)

    def process_all(self, frames: Iterable[tuple[int, bytes]]) -> None:
        """Run frames in order."""
        self._worker.process_all(frames)

    def trace(self, port: int, frame: bytes, dry: bool = False) -> Trace:
        """Run a frame in the Python engine, which is made at first use."""
        if self._tracer is None:
            tracer = PythonEngine()
            tracer.load(self._program, self._state, self._host)
            self._tracer = tracer
        return self._tracer.trace(port, frame, dry)

    def changed(self, change: Change) -> None:
        """A controller changed the state."""
        self._mirror.changed(change)

    def sync(self) -> None:
        """Nothing to do: counters, registers and rows are read where native code writes them."""


__all__ = ["Batch", "NativeEngine", "Worker"]
