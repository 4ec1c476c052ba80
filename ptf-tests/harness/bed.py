# SPDX-License-Identifier: Apache-2.0
"""A switch, its eight ports and the address where a controller finds it, whatever the switch is."""

from __future__ import annotations

import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from harness import defaults
from srv6cp.sync.launch import Launch, LaunchError, Switch

CPU_PORT = 510
DROP_PORT = 511
START_LIMIT = 60.0  # s; for a busy machine


class Unavailable(Exception):
    """The chosen switch cannot run here; the message says why."""


class Listener(Protocol):
    """A source of frames to wait on."""

    def fileno(self) -> int:
        """Readable when a frame waits."""

    def recv(self) -> bytes | None:
        """The next frame, None when there is none."""


class Pipe:
    """Frames of a switch in this process, with a file descriptor to wait on."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def put(self, frame: bytes) -> None:
        """A frame has left the port."""
        self._frames.append(frame)
        try:
            os.write(self._writer, b"x")
        except BlockingIOError:  # 65 536 frames unread: nobody listens
            self._frames.pop()

    def fileno(self) -> int:
        """Readable when a frame waits."""
        return self._reader

    def recv(self) -> bytes | None:
        """The next frame, None when there is none."""
        if not self._frames:
            return None
        os.read(self._reader, 1)
        return self._frames.popleft()


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
        self._users: list[Callable[[], object]] = []

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

    def set_cable(self, port: int, whole: bool) -> None:
        """Cut the cable at ``port``, or mend it."""
        raise NotImplementedError

    def watch_links(self, report: Callable[[int, bool], object]) -> None:
        """Have ``report(port, up)`` called where the switch does not tell its controller by itself."""

    def peek(self, wanted: Mapping[str, Iterable[int] | None]) -> dict[tuple[str, int], tuple[int, int]] | None:
        """Packets and bytes in cells of counters, all of a counter (None) or those with the given indices.

        Past P4Runtime, where the switch is in this process; None elsewhere.
        """
        return None

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
        return self._taps.setdefault(port, Pipe())

    def on_shutdown(self, stop: Callable[[], object]) -> None:
        """What uses the switch and has to stop before it; the last one first."""
        self._users.append(stop)

    def shutdown(self) -> None:
        """Stop the switch and what uses it."""
        while self._users:
            self._users.pop()()
        self.close()


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
