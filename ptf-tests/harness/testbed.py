# SPDX-License-Identifier: Apache-2.0
"""The switch under test and its ports: one a process, made when first asked for.

``SWITCH`` in the environment chooses: ``softswitch`` (default; in this process, no root),
``softswitch-native`` (the same with the native engine), ``softswitch-veth`` (the command ``softswitch`` on veth
pairs, root), ``bmv2`` (``simple_switch_grpc`` on veth pairs, root), ``auto`` (``bmv2`` where it can run, else
``softswitch``). ``make`` knows ``bmv2-grpc`` besides, for the differential run: BMv2 without interfaces, no root.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness import defaults
from srv6cp.sync.launch import Launch, LaunchError, Switch, missing

if TYPE_CHECKING:
    from harness.ptfport import Pipe
    from harness.router import Router

CPU_PORT = 510
DROP_PORT = 511
START_LIMIT = 60.0  # s; for a busy machine
CHOICES = ("softswitch", "softswitch-native", "softswitch-veth", "bmv2", "auto")


class Unavailable(Exception):
    """The chosen switch cannot run here; the message says why."""


class Listener(Protocol):
    """A source of frames to wait on."""

    def fileno(self) -> int:
        """Readable when a frame waits."""

    def recv(self) -> bytes | None:
        """The next frame, None when there is none."""


class Testbed:
    """A switch, its eight ports and the P4Runtime address where a controller finds it.

    Subclasses deliver what leaves a port with ``_arrived`` and implement ``_send`` and ``close``.
    """

    name: str  # softswitch or bmv2: the switch, whatever the ports are
    address: str  # of the P4Runtime server
    device_id = 1
    ports = defaults.PORTS
    synchronous: bool  # in this process: ``processed`` and ``punted`` are counted
    lossless = False  # takes any number of frames at once
    sent = 0  # frames sent into the switch
    processed = 0  # frames and packet-outs that the switch is done with
    punted = 0  # packet-ins that the switch has made

    def __init__(self) -> None:
        self.arrived = threading.Condition()
        self.arrivals = dict.fromkeys(self.ports, 0)  # frames that left each port
        self._queues: dict[int, deque[bytes]] = {port: deque() for port in self.ports}
        self._taps: dict[int, Pipe] = {}
        self._router: Router | None = None
        self._ptf: Any = None

    def send(self, port: int, frame: bytes) -> None:
        """A frame arrives at ``port`` of the switch."""
        self.sent += 1
        self._send(port, frame)

    def send_all(self, frames: Sequence[tuple[int, bytes]]) -> None:
        """Like ``send`` for each of the (port, frame) pairs."""
        for port, frame in frames:
            self.send(port, frame)

    def _send(self, port: int, frame: bytes) -> None:
        raise NotImplementedError

    def trace(self, port: int, frame: bytes) -> str:
        """What the switch does with such a frame, as text; empty where the switch cannot say."""
        return ""

    def close(self) -> None:
        """Stop the switch."""
        raise NotImplementedError

    def alive(self) -> bool:
        """Whether the switch runs."""
        return True

    def last_words(self) -> str:
        """The end of what the switch wrote."""
        return ""

    def poll(self) -> None:
        """Fetch what has left the ports. Nothing to do where frames are delivered as they leave."""

    def _arrived(self, port: int, frame: bytes) -> None:
        with self.arrived:
            if port in self._queues:
                self._queues[port].append(frame)
                self.arrivals[port] += 1
                self.arrived.notify_all()
        if (tap := self._taps.get(port)) is not None:
            tap.put(frame)

    def take(self, port: int) -> bytes | None:
        """The oldest frame that left ``port`` and was not taken yet."""
        with self.arrived:
            queue = self._queues[port]
            return queue.popleft() if queue else None

    def take_all(self, port: int) -> list[bytes]:
        """All frames that left ``port`` and were not taken yet."""
        with self.arrived:
            frames = list(self._queues[port])
            self._queues[port].clear()
            return frames

    def pending(self, port: int) -> int:
        """How many frames wait to be taken."""
        with self.arrived:
            return len(self._queues[port])

    def listen(self, port: int) -> Listener:
        """Something that gets every frame that leaves ``port``, besides the queue of the port."""
        from harness.ptfport import Pipe

        return self._taps.setdefault(port, Pipe())

    def router(self) -> Router:
        """The controller of the switch under test, started on first use."""
        from harness.router import Router

        if self._router is None:
            self._router = Router(self)
        return self._router

    def ptf_dataplane(self) -> Any:
        """ptf's data plane on the ports: the one of the ``ptf`` command, or one made here under pytest."""
        import ptf

        if ptf.dataplane_instance is not None:
            return ptf.dataplane_instance
        if self._ptf is None:
            from harness.ptfport import dataplane

            self._ptf = dataplane(self)
        return self._ptf

    def shutdown(self) -> None:
        """Stop controller, ptf's data plane and switch."""
        if self._ptf is not None:
            self._ptf.kill()
        if self._router is not None:
            self._router.close()
            self._router = None
        self.close()


def bmv2_missing() -> str | None:
    """Why ``simple_switch_grpc`` cannot run here on veth pairs, or None when it can."""
    return bmv2_grpc_missing() or veth_missing()


def bmv2_grpc_missing() -> str | None:
    """Why ``simple_switch_grpc`` cannot run here without interfaces, or None when it can."""
    return missing("bmv2")


def native_missing() -> str | None:
    """Why the native engine cannot run here, or None when it can."""
    from softswitch.native.compiler import NoCompiler, find_compiler

    try:
        find_compiler()
    except NoCompiler as error:
        return str(error)
    return None


def veth_missing() -> str | None:
    """Why veth pairs cannot be made here, or None when they can."""
    if os.geteuid() != 0:
        return "veth pairs need root"
    try:
        import pyroute2  # noqa: F401
    except ImportError:
        return "veth pairs need pyroute2 (pip install 'srv6-p4[topo]')"
    return None


def chosen() -> str:
    """The switch that ``SWITCH`` names, ``auto`` resolved. Raises Unavailable for an unknown name."""
    name = os.environ.get("SWITCH") or "softswitch"
    if name not in CHOICES:
        raise Unavailable(f"SWITCH={name}: no such switch; one of {', '.join(CHOICES)}")
    if name == "auto":
        return "softswitch" if bmv2_missing() else "bmv2"
    return name


def launched(
    launch: Launch,
    output: Path,
    inside: Callable[[Callable[[], subprocess.Popen[bytes]]], subprocess.Popen[bytes]] | None = None,
) -> Switch:
    """A switch process that answers; see `Switch`. Raises Unavailable with what it said last."""
    try:
        switch = Switch(launch, output, inside=inside)
    except LaunchError as error:
        raise Unavailable(str(error)) from None
    try:
        switch.wait_until_ready(START_LIMIT)
    except BaseException as error:
        switch.stop()
        if isinstance(error, LaunchError):
            raise Unavailable(str(error)) from None
        raise
    return switch


def make(name: str) -> Testbed:
    """Start a switch. Raises Unavailable with the reason where it cannot run."""
    if name in ("softswitch", "softswitch-native"):
        from harness.inproc import InProcess

        if name == "softswitch-native" and (reason := native_missing()) is not None:
            raise Unavailable(f"SWITCH={name}: {reason}")
        return InProcess("native" if name == "softswitch-native" else "python")
    missing = {"bmv2": bmv2_missing, "bmv2-grpc": bmv2_grpc_missing}
    reason = missing.get(name, veth_missing)()
    if reason is not None:
        raise Unavailable(f"SWITCH={name}: {reason}")
    if name == "bmv2-grpc":
        from harness.dataplane import Bmv2Grpc

        return Bmv2Grpc()
    from harness.veth import Veth

    return Veth(name)


_current: Testbed | None = None
_failed: Unavailable | None = None


def current() -> Testbed:
    """The switch under test of this process. Raises Unavailable each time when it cannot run."""
    global _current, _failed
    if _failed is not None:
        raise _failed
    if _current is None:
        try:
            _current = make(chosen())
        except Unavailable as error:
            _failed = error
            raise
        atexit.register(shutdown)
    return _current


def shutdown() -> None:
    """Stop the switch under test, when there is one."""
    global _current
    if _current is not None:
        bed, _current = _current, None
        bed.shutdown()
