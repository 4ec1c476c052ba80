# SPDX-License-Identifier: Apache-2.0
"""What the device needs from an engine, and what an engine may use of the device.

An engine executes packets; it owns no state that a controller can write.  It reads :class:`State` either
directly (the Python engine) or through copies that it keeps current with :meth:`Engine.changed` and writes
back in :meth:`Engine.sync` (an engine in native code).  All calls are made with the device's lock held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Protocol

from softswitch.bmv2json.model import Program
from softswitch.state.changes import Change
from softswitch.state.state import State
from softswitch.trace.model import Trace


@dataclass(slots=True)
class Stats:
    """Fate of packets and copies since the program was loaded."""

    #: frames given to ``Device.process``
    received: int = 0
    #: frames given to the output, CPU port included
    transmitted: int = 0
    #: dropped by the program at the end of ingress or egress
    dropped: int = 0
    #: sent to a port that the device does not have
    no_port: int = 0
    #: copies that did not fit the queue of copies waiting (overload by replication or recirculation)
    queue_full: int = 0
    #: packets that recirculated or were resubmitted more often than allowed
    too_many_passes: int = 0
    #: packets on which the program did something undefined (index beyond a stack, division by zero ...)
    runtime_errors: int = 0
    #: ``assert`` or ``assume`` that did not hold
    assertion_failures: int = 0

    def as_dict(self) -> dict[str, int]:
        """All counts by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(slots=True)
class Host:
    """What the device offers to its engine."""

    #: (port, frame) pairs to transmit; the device sends them after the engine returned
    outputs: list[tuple[int, bytes]]
    #: (digest name, values) to report after the engine returned
    digests: list[tuple[str, tuple[int, ...]]]
    stats: Stats
    drop_port: int = 511
    cpu_port: int | None = None
    log: Callable[[str], Any] = print


class Engine(Protocol):
    """An implementation of the pipeline."""

    name: str
    #: whether :meth:`changed` is to be called
    wants_changes: bool

    def load(self, program: Program, state: State, host: Host) -> None:
        """Compile ``program``; raises :class:`UnsupportedProgram` for what the engine cannot execute."""

    def process(self, port: int, frame: bytes) -> None:
        """Run one frame and everything it spawns to the end.  Never raises for a packet's contents."""

    def process_all(self, frames: Iterable[tuple[int, bytes]]) -> None:
        """As :meth:`process` for each (port, frame), in order."""

    def trace(self, port: int, frame: bytes, dry: bool = False) -> Trace:
        """As :meth:`process`, recording what happens; ``dry``: what would happen, and nothing does."""

    def changed(self, change: Change) -> None:
        """A controller changed the state."""

    def sync(self) -> None:
        """Counters, registers and last-hit times of the state are about to be read: update them."""


class FrameWorker(Protocol):
    """Runs frames for one thread in native code.  An engine that has such workers has a method ``worker()`` that makes
    one."""

    @property
    def native(self) -> tuple[int, int]:
        """Addresses of ``sw_frames`` and of its first argument, whose head is a ``worker_head`` (abi.h)."""

    def decode(self, data: bytes) -> list[tuple[str, tuple[int, ...]]]:
        """The digests in ``events``; what else is there has its effect."""

    def fold(self) -> None:
        """Add what was counted, outputs aside, to the host's stats."""


class Threads(Protocol):
    """Runs frames through the engine past ``Device.process``, in threads of its own (native packet I/O).

    Both calls are made with the device's lock held.
    """

    def run(self, engine: Engine) -> None:
        """From now on frames go through ``engine``."""

    def fold(self, stats: Stats) -> None:
        """Add to ``stats`` what was counted since the last call."""
