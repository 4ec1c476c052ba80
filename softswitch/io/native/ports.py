# SPDX-License-Identifier: Apache-2.0
"""Ports of a switchboard that worker threads in C serve."""

from __future__ import annotations

import ctypes
import logging
import os
import select
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from p4rtlib.pcap import PcapWriter
from softswitch.engine.api import Engine, FrameWorker, Stats
from softswitch.io.native.library import Counts, Totals, load, run_function
from softswitch.io.sockets import Ring
from softswitch.io.switchboard import Losses, PortStats, Sender, Switchboard

__all__ = ["Channel", "NativePorts", "Tape"]

_log = logging.getLogger(__name__)

#: Bytes of packet-ins, digests and log lines that may wait for Python.
PUNT_BYTES = 4 << 20
_TAKE = 1 << 20
_PUNT = struct.Struct("<IIIIQ")  # struct punt
_FRAME = 1
_NO_PORT, _UNATTACHED, _SEND, _PUNT_TO_PYTHON = range(4)  # FATE_*
_PORTS = 512


@dataclass(frozen=True)
class Channel:
    """Sockets (descriptors) of one worker for one port; without ``ring`` AF_UNIX sockets that keep frames apart."""

    receiver: int
    sender: int
    ring: Ring | None = None


@dataclass(frozen=True)
class Tape:
    """A port made of pcap files: whole records in memory that arrive at :meth:`NativePorts.play`, and where frames go.

    ``records``: address and size in bytes, as long as the ports live; ``swapped``: they are in the other byte order;
    ``unit_ns``: of the fractions of a second.
    """

    records: tuple[int, int]
    swapped: bool
    unit_ns: int
    writer: PcapWriter


class _Binding:
    """What workers run: an engine with workers of native code, or ``run`` in Python for any other."""

    def __init__(self, engine: Engine, workers: int, run: Any) -> None:
        make = getattr(engine, "worker", None)
        self.workers: list[FrameWorker] = [] if make is None else [make() for _ in range(workers)]
        self._run = ctypes.cast(run, ctypes.c_void_p).value or 0

    def of(self, number: int) -> tuple[int, int, int]:
        """Function, its first argument, and whether it is native, for a worker."""
        if self.workers:
            return (*self.workers[number].native, 1)
        return self._run, 0, 0


class NativePorts:
    """Gives frames to the engine of a device in threads of native code.

    ``ports``: number -> one channel a worker, or a tape; the caller keeps sockets and files open until :meth:`close`,
    and the ports are on the switchboard.  ``housekeep`` is called five times a second.  Raises ``NoCompiler``.

    What is not for one of these ports (the CPU port, ports attached in the process) and what programs report reaches
    Python through a bounded ring of ``punt_bytes``, which one thread empties.  An engine that is not native gets the
    frames in the worker threads, one by one.
    """

    #: Seconds between two calls of ``housekeep``.
    _CHECK = 0.2

    def __init__(
        self,
        board: Switchboard,
        ports: Mapping[int, Sequence[Channel] | Tape],
        *,
        housekeep: Callable[[], None] = lambda: None,
        punt_bytes: int = PUNT_BYTES,
    ) -> None:
        self._board = board
        self._device = board.device
        self._housekeep = housekeep
        self._library = load()
        self._numbers = list(ports)
        self._workers = max((1 if isinstance(port, Tape) else len(port) for port in ports.values()), default=1)
        numbers = (ctypes.c_uint32 * (len(self._numbers) or 1))(*self._numbers)
        self._io: int = self._library.io_new(self._workers, len(self._numbers), numbers, punt_bytes)
        self._files: list[int] = []
        self._senders: dict[int, Sender] = {}
        self._in_python = run_function(self._run_in_python)
        self._bindings: dict[int, _Binding] = {}
        self._serial = 0
        self._folded = Totals()
        self._lock = threading.Lock()
        self._undo: list[Callable[[], object]] = []
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._drainer: threading.Thread | None = None
        for index, (number, port) in enumerate(ports.items()):
            if isinstance(port, Tape):
                self._wind(index, number, port)
            else:
                self._open(index, number, port)

    def _wind(self, index: int, number: int, tape: Tape) -> None:
        self._library.io_file(self._io, 0, index, tape.writer.fileno())
        self._library.io_tape(self._io, index, *tape.records, int(tape.swapped), tape.unit_ns)
        self._senders[number] = tape.writer.write

    def _open(self, index: int, number: int, channels: Sequence[Channel]) -> None:
        for worker, channel in enumerate(channels):
            ring = channel.ring or Ring(0, 1, 1)
            error = self._library.io_channel(
                self._io, worker, index, channel.receiver, channel.sender, ring.slots, ring.slot, ring.block
            )
            if error:
                raise OSError(error, f"port {number}: receive ring: {os.strerror(error)}")
        port = self._board.add(number)
        if port.pcap_in is not None and port.pcap_out is not None:
            writers = port.pcap_in, port.pcap_out
            files = [os.dup(writer.fileno()) for writer in writers]
            self._files += files
            self._library.io_pcap(self._io, index, *files, *(ctypes.byref(writer.ended) for writer in writers))
        sender = channels[0].sender
        self._senders[number] = partial(_send, sender)

    # -- life

    def start(self) -> None:
        """Start the workers."""
        for index, number in enumerate(self._numbers):
            self._undo.append(self._board.attach(number, self._senders[number]))
            self._board.ports[number].native = partial(self._counts, index)
        self._board.native_losses = self._lost
        self._board.watchers.append(self._refresh)
        self._refresh()
        self._undo.append(self._device.attach_threads(self))
        for number in range(self._workers):
            run = partial(self._library.io_run, self._io, number)
            self._threads.append(threading.Thread(target=run, name=f"packets {number}", daemon=True))
        self._drainer = threading.Thread(target=self._drain, name="packets to Python", daemon=True)
        for thread in (*self._threads, self._drainer):
            thread.start()

    def play(self) -> None:
        """Let the frames of the tapes arrive, in the order of their time stamps, without waiting between them."""
        self._library.io_play(self._io)

    def played(self, timeout: float | None = None) -> bool:
        """Wait until all tapes are played and what they caused is sent; false after ``timeout`` seconds."""
        with self._lock:
            if not self._io:
                return True
            poll = select.poll()
            poll.register(self._library.io_played(self._io), select.POLLIN)
        return bool(poll.poll(None if timeout is None else timeout * 1000))

    def close(self) -> None:
        """Stop the workers; the counts stay on the switchboard and the device.  May be called again."""
        if not self._io:
            return
        self._library.io_stop(self._io)
        for thread in self._threads:
            thread.join()
        self._stop.set()
        if self._drainer is not None:
            os.eventfd_write(self._library.io_ready(self._io), 1)
            self._drainer.join()
            self._take_all()
            self._board.watchers.remove(self._refresh)
            for undo in reversed(self._undo):
                undo()
        for index, number in enumerate(self._numbers):
            port = self._board.ports[number]
            port.native = None
            port.stats.add(self._counts(index))
        self._board.losses += self._lost()
        self._board.native_losses = None
        with self._lock:
            io, self._io = self._io, 0
        self._library.io_free(io)
        for descriptor in self._files:
            os.close(descriptor)
        self._bindings.clear()

    # -- what the switchboard and the device tell

    def _refresh(self) -> None:
        """The switchboard changed: tell the workers which ports are up and where frames go."""
        device, board = self._device, self._board
        known = device.ports
        fates = bytearray([_UNATTACHED if known is None else _NO_PORT]) * _PORTS
        other = fates[0]
        for number in known or ():
            fates[number] = _UNATTACHED
        for number in list(board.ports):
            if known is None or number in known:
                fates[number] = _PUNT_TO_PYTHON
        if device.cpu_port is not None:
            fates[device.cpu_port] = _PUNT_TO_PYTHON
        with self._lock:
            if not self._io:
                return
            for index, number in enumerate(self._numbers):
                port = board.ports[number]
                if fates[number] == _PUNT_TO_PYTHON and port.senders == [self._senders[number]]:
                    fates[number] = _SEND  # nobody else wants to see what leaves
                self._library.io_port_up(self._io, index, int(port.up))
            self._library.io_fates(self._io, bytes(fates), other)

    def run(self, engine: Engine) -> None:
        """Of ``Threads``: the device has a new program."""
        binding = _Binding(engine, self._workers, self._in_python)
        self._serial += 1
        self._bindings[self._serial] = binding
        for number in range(self._workers):
            run, worker, native = binding.of(number)
            self._library.io_bind(self._io, number, run, worker, self._serial, native)
        for number in range(self._workers):
            self._library.io_bound(self._io, number)
        self._folded = Totals()

    def fold(self, stats: Stats) -> None:
        """Of ``Threads``: add what was counted."""
        binding = self._bindings.get(self._serial)
        if binding is None or not self._io:
            return
        now, before = self._totals(), self._folded
        stats.received += now.received - before.received
        stats.transmitted += now.transmitted - before.transmitted
        stats.no_port += now.no_port - before.no_port
        self._folded = now
        for worker in binding.workers:
            worker.fold()

    # -- counts

    def _totals(self) -> Totals:
        totals = Totals()
        self._library.io_totals(self._io, ctypes.byref(totals))
        return totals

    def _counts(self, index: int) -> PortStats:
        counts = Counts()
        with self._lock:
            if self._io:
                self._library.io_counts(self._io, index, ctypes.byref(counts))
        return PortStats(*(getattr(counts, name) for name in PortStats.__slots__))

    def shares(self) -> list[int]:
        """Frames that each worker received: how evenly flows are spread."""
        with self._lock:
            return [self._library.io_share(self._io, number) for number in range(self._workers)] if self._io else []

    def _lost(self) -> Losses:
        with self._lock:
            totals = self._totals() if self._io else Totals()
        return Losses(totals.unattached, totals.punts_dropped, totals.events_dropped)

    # -- from the workers to Python

    def _run_in_python(self, _worker: int, frames: Any, count: int) -> None:
        for number in range(count):
            frame = frames[number]
            try:
                self._device.process(frame.port, ctypes.string_at(frame.data, frame.length))
            except Exception:
                _log.exception("port %d: a frame of %d bytes could not be processed", frame.port, frame.length)

    def _drain(self) -> None:
        poll = select.poll()
        ready = self._library.io_ready(self._io)
        poll.register(ready, select.POLLIN)
        next_check = 0.0
        while not self._stop.is_set():
            if poll.poll(self._CHECK * 1000):
                os.eventfd_read(ready)
                self._take_all()
            if (now := time.monotonic()) >= next_check:
                next_check = now + self._CHECK
                self._board.tell_of_recordings()
                self._housekeep()

    def _take_all(self) -> None:
        """Empty the ring; then no binding is needed any more that no worker runs."""
        oldest = min(self._library.io_serial(self._io, number) for number in range(self._workers))
        room = ctypes.create_string_buffer(_TAKE)
        while size := self._library.io_take(self._io, room, _TAKE):
            self._deliver(room.raw[:size])
        for serial in [serial for serial in self._bindings if serial < oldest]:
            del self._bindings[serial]

    def _deliver(self, records: bytes) -> None:
        at = 0
        while at < len(records):
            kind, port, length, _, serial = _PUNT.unpack_from(records, at)
            at += _PUNT.size
            data = records[at : at + length]
            at += length + (-length & 7)
            try:
                if kind == _FRAME:
                    self._device.deliver([(port, data)], [])
                elif (binding := self._bindings.get(serial)) is not None and binding.workers:
                    self._device.deliver([], binding.workers[0].decode(data))
            except Exception:
                _log.exception("port %d: what the program sent to Python could not be delivered", port)


def _send(descriptor: int, frame: bytes) -> None:
    os.write(descriptor, frame)
