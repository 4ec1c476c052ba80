# SPDX-License-Identifier: Apache-2.0
"""The switch as the P4Runtime server and the I/O see it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from softswitch.bmv2json.model import Program
from softswitch.engine.api import Engine, Host, Stats, Threads
from softswitch.engine.engines import ENGINES
from softswitch.state.arrays import CounterArray, RegisterArray, ValueSet
from softswitch.state.changes import ChangeFeed
from softswitch.state.errors import InvalidArgument, NotLoaded
from softswitch.state.meters import MeterArray
from softswitch.state.pre import Pre
from softswitch.state.profiles import ProfileState
from softswitch.state.state import State
from softswitch.state.tables import TableState
from softswitch.state.values import Entry

if TYPE_CHECKING:
    from softswitch.trace import Trace

_log = logging.getLogger(__name__)

Output = Callable[[int, bytes], None]
DigestSink = Callable[[str, list[tuple[int, ...]]], None]


class Device:
    """A v1model switch.

    ``ports``: the ports it has, or None for any port number.  ``cpu_port``: frames the program sends there go
    to the output like any other, with that port number (and the program's packet-in header in front);
    a packet-out is ``process(cpu_port, header + payload)``.  ``drop_port``: an egress_spec that drops.

    Thread-safe: one re-entrant lock guards state and packets.  The output and digest callbacks are called
    without the lock, in the thread that called :meth:`process`, in order; they may call the device again.
    A callback that feeds another device should queue, or a forwarding loop recurses.
    """

    def __init__(
        self,
        ports: Iterable[int] | None = None,
        cpu_port: int | None = None,
        drop_port: int = 511,
        engine: str = "python",
    ) -> None:
        if engine not in ENGINES:
            raise InvalidArgument(f"no engine {engine!r}; valid: {', '.join(sorted(ENGINES))}")
        self.cpu_port = cpu_port
        self.drop_port = drop_port
        self.engine_name = engine
        self.lock = threading.RLock()
        #: multicast groups and clone sessions
        self.pre = Pre(self.lock)
        self._ports = None if ports is None else set(ports)
        self._engine: Engine | None = None
        self._state: State | None = None
        self._host = Host([], [], Stats(), drop_port, cpu_port, _log.info)
        self._output: Output = lambda port, frame: None
        self._digest: DigestSink = lambda name, values: None
        self._threads: list[Threads] = []

    # ------------------------------------------------------------------ program

    def load(self, program: Program) -> None:
        """Replace the program.  All state is lost; on :class:`UnsupportedProgram` nothing changes."""
        with self.lock:
            state = State(program, self.pre, self.lock, time.monotonic_ns(), ChangeFeed())
            host = Host([], [], Stats(), self.drop_port, self.cpu_port, _log.info)
            engine = ENGINES[self.engine_name](program, state, host)
            state.feed.listener = engine.changed if engine.wants_changes else None
            self.pre.attach(state.feed)
            self.pre.clear()
            self._state, self._engine, self._host = state, engine, host
            for threads in self._threads:
                threads.run(engine)

    @property
    def program(self) -> Program | None:
        """The loaded program, or None."""
        return self._state.program if self._state else None

    @property
    def state(self) -> State:
        """All state; NotLoaded before a program is loaded."""
        if self._state is None:
            raise NotLoaded("no program is loaded")
        return self._state

    def clear(self) -> None:
        """Delete everything a controller wrote; the program stays."""
        with self.lock:
            self.state.clear()

    # ------------------------------------------------------------------ state by name

    @property
    def tables(self) -> Mapping[str, TableState]:
        """Tables by full name, hidden ones of the compiler included."""
        return self.state.tables

    @property
    def profiles(self) -> Mapping[str, ProfileState]:
        """Action profiles and selectors by full name."""
        return self.state.profiles

    @property
    def counters(self) -> Mapping[str, CounterArray]:
        """Indirect counters by full name; direct ones are at their table."""
        self._sync()
        return self.state.counters

    @property
    def meters(self) -> Mapping[str, MeterArray]:
        """Indirect meters by full name; direct ones are at their table."""
        return self.state.meters

    @property
    def registers(self) -> Mapping[str, RegisterArray]:
        """Registers by full name."""
        self._sync()
        return self.state.registers

    @property
    def value_sets(self) -> Mapping[str, ValueSet]:
        """Parser value sets by full name."""
        return self.state.value_sets

    def expired_entries(self) -> list[tuple[str, Entry]]:
        """(table, entry) for entries idle longer than their timeout and not reported since their last hit."""
        self._sync()
        return [
            (name, entry)
            for name, table in self.state.tables.items()
            if table.spec.support_timeout
            for entry in table.expire()
        ]

    @property
    def stats(self) -> Stats:
        """What became of packets; live object, current with what threads of their own counted until now."""
        with self.lock:
            for threads in self._threads:
                threads.fold(self._host.stats)
            return self._host.stats

    @property
    def engine(self) -> Engine:
        """The engine that runs the program; NotLoaded before a program is loaded."""
        if self._engine is None:
            raise NotLoaded("no program is loaded")
        return self._engine

    def _sync(self) -> None:
        if self._engine is not None:
            with self.lock:
                self._engine.sync()

    # ------------------------------------------------------------------ ports

    @property
    def ports(self) -> frozenset[int] | None:
        """The ports of the device, None when it takes any."""
        return None if self._ports is None else frozenset(self._ports)

    def add_port(self, port: int) -> None:
        """Add a port to a device made with a list of ports."""
        if not 0 <= port < 512:
            raise InvalidArgument(f"port {port} is not in 0..511")
        with self.lock:
            if self._ports is not None:
                self._ports.add(port)

    def remove_port(self, port: int) -> None:
        """Remove a port: frames sent to it are counted in ``stats.no_port``."""
        with self.lock:
            if self._ports is not None:
                self._ports.discard(port)

    # ------------------------------------------------------------------ packets

    def set_output(self, output: Output) -> None:
        """Where frames leave: ``output(port, frame)``."""
        self._output = output

    def on_digest(self, sink: DigestSink) -> None:
        """Where digests go: ``sink(name, values)``, once per packet that generated one."""
        self._digest = sink

    def attach_threads(self, threads: Threads) -> Callable[[], None]:
        """``threads`` run frames through the engine past :meth:`process`; they are told of every program that is
        loaded, the present one included.  Returns the function that ends this."""
        with self.lock:
            self._threads.append(threads)
            if self._engine is not None:
                threads.run(self._engine)

        def detach() -> None:
            with self.lock:
                threads.fold(self._host.stats)
                self._threads.remove(threads)

        return detach

    def process(self, port: int, frame: bytes) -> None:
        """A frame arrived on ``port``: run it, send what comes out.  No contents of a frame make it raise."""
        with self.lock:
            if self._engine is None:
                return
            host = self._host
            host.stats.received += 1
            self._engine.process(port, frame)
            if not host.outputs and not host.digests:
                return
            outputs, digests = self._take(host)
        self.deliver(outputs, digests)

    def process_all(self, frames: Sequence[tuple[int, bytes]]) -> None:
        """As :meth:`process` for each (port, frame), in order; what comes out is sent when all are done."""
        with self.lock:
            if self._engine is None:
                return
            host = self._host
            host.stats.received += len(frames)
            self._engine.process_all(frames)
            outputs, digests = self._take(host)
        self.deliver(outputs, digests)

    def trace(self, port: int, frame: bytes, dry: bool = False) -> Trace:
        """As :meth:`process`, answering what happened as a tree.

        ``dry``: what would happen.  Nothing is sent or reported, and counters, meters, registers and the times of last
        use stay as they are.
        """
        with self.lock:
            if self._engine is None:
                raise NotLoaded("no program is loaded")
            if dry:
                return self._engine.trace(port, frame, dry)
            host = self._host
            host.stats.received += 1
            trace = self._engine.trace(port, frame)
            outputs, digests = self._take(host)
        self.deliver(outputs, digests)
        return trace

    def _take(self, host: Host) -> tuple[list[tuple[int, bytes]], list[tuple[str, tuple[int, ...]]]]:
        outputs, digests = host.outputs[:], host.digests[:]
        host.outputs.clear()
        host.digests.clear()
        if self._ports is not None:
            known = [o for o in outputs if o[0] in self._ports or o[0] == self.cpu_port]
            host.stats.no_port += len(outputs) - len(known)
            outputs = known
        host.stats.transmitted += len(outputs)
        return outputs, digests

    def deliver(self, outputs: list[tuple[int, bytes]], digests: list[tuple[str, tuple[int, ...]]]) -> None:
        """Give frames and digests that are counted already to output and digest sink."""
        for name, values in digests:
            self._digest(name, [values])
        send = self._output
        for port, frame in outputs:
            send(port, frame)
