# SPDX-License-Identifier: Apache-2.0
"""Where frames come from and go to: the ports of one device.

Frames that arrive in the process (:meth:`Switchboard.inject`) wait in a bounded queue for the one thread that
gives them to the device; a port with :data:`PORT_QUEUE` frames waiting drops further ones and counts them.
Frames from network interfaces are given to the device by the thread that read them: the kernel's socket
buffer is their queue.
"""

from __future__ import annotations

import collections
import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from p4rtlib.pcap import PcapError, PcapWriter
from softswitch.device import Device

__all__ = ["PORT_QUEUE", "Losses", "Port", "PortStats", "Switchboard"]

_log = logging.getLogger(__name__)

#: Frames of one port that may wait.
PORT_QUEUE = 1024

Sender = Callable[[bytes], None]


@dataclass(slots=True)
class PortStats:
    """Counts of one port.

    ``rx_dropped``: the switch was too slow; ``tx_dropped``: could not be sent; ``oversized``: received with
    segmentation left to the hardware; ``unrecorded``: went its way, but the recording had no room.
    """

    rx_packets: int = 0
    rx_bytes: int = 0
    rx_dropped: int = 0
    tx_packets: int = 0
    tx_bytes: int = 0
    tx_dropped: int = 0
    oversized: int = 0
    unrecorded: int = 0

    def add(self, other: PortStats) -> None:
        """Add the counts of ``other``."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_dict(self) -> dict[str, int]:
        """By name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Losses:
    """Frames and reports that reached no port."""

    #: frames for ports that nobody attached
    unattached: int = 0
    #: frames for the controller that native ports had no room for, Python being too slow
    punts_dropped: int = 0
    #: digests and log lines, likewise
    events_dropped: int = 0

    def __add__(self, other: Losses) -> Losses:
        return Losses(
            self.unattached + other.unattached,
            self.punts_dropped + other.punts_dropped,
            self.events_dropped + other.events_dropped,
        )


@dataclass(slots=True)
class Port:
    """A port: number, name (interface or ``port<N>``), who gets its frames, and its state."""

    number: int
    name: str
    stats: PortStats = field(default_factory=PortStats)
    senders: list[Sender] = field(default_factory=list)
    up: bool = True
    waiting: int = 0
    #: what is counted in native code, ``stats`` does not have it
    native: Callable[[], PortStats] | None = None
    pcap_in: PcapWriter | None = None
    pcap_out: PcapWriter | None = None

    def counts(self) -> PortStats:
        """All counts until now."""
        total = PortStats()
        total.add(self.stats)
        if self.native is not None:
            total.add(self.native())
        return total


class Switchboard:
    """The ports of ``device``.

    ``to_controller`` gets frames for the CPU port.  ``pcap_dir``: record each port into ``<name>_in.pcap``
    and
    ``<name>_out.pcap`` there.  ``on_state`` is called after a port went up or down.
    """

    def __init__(
        self,
        device: Device,
        to_controller: Callable[[bytes], object],
        *,
        pcap_dir: Path | None = None,
        on_state: Callable[[], None] = lambda: None,
    ) -> None:
        self.device = device
        self._to_controller = to_controller
        self._pcap_dir = pcap_dir
        self._on_state = on_state
        self._ports: dict[int, Port] = {}
        self._lock = threading.Lock()
        self._queue: collections.deque[tuple[Port, bytes]] = collections.deque()
        self._filled = threading.Condition(self._lock)
        self._idle = threading.Condition(self._lock)
        self._busy = False
        self._closed = False
        self._ended: set[Path] = set()  # recordings whose end was told
        self._worker: threading.Thread | None = None
        #: gets the frames of all ports, with their number
        self._taker: Callable[[int, bytes], None] | None = None
        self.losses = Losses()
        #: losses that are counted in native code
        self.native_losses: Callable[[], Losses] | None = None
        #: called after ports, their senders or their state changed
        self.watchers: list[Callable[[], None]] = []
        #: a port that comes from now on is not the command line's
        self.running = False
        device.set_output(self.output)

    # -- ports

    @property
    def ports(self) -> Mapping[int, Port]:
        """Known ports by number."""
        return self._ports

    def add(self, number: int, name: str = "") -> Port:
        """Make port ``number`` known; the same port when it is already."""
        with self._lock:
            port = self._ports.get(number)
            if port is None:
                port = Port(number, name or f"port{number}")
                if self._pcap_dir is not None:
                    self._open_recordings(port, self._pcap_dir)
                self._ports[number] = port
                self.device.add_port(number)
        self._changed()
        return port

    def _open_recordings(self, port: Port, folder: Path) -> None:
        """Raises PcapError, unless the switch runs: then frames go on, uncaptured."""
        try:
            port.pcap_in = PcapWriter(folder / f"{port.name}_in.pcap")
            port.pcap_out = PcapWriter(folder / f"{port.name}_out.pcap")
        except PcapError as error:
            if not self.running:
                raise
            port.pcap_in = None
            _log.warning("port %d is not recorded: %s", port.number, error)

    def lost(self) -> Losses:
        """What was lost until now."""
        return self.losses if self.native_losses is None else self.losses + self.native_losses()

    def _changed(self) -> None:
        for watcher in self.watchers:
            watcher()

    def attach(self, number: int, sender: Sender) -> Callable[[], None]:
        """Give the frames that leave by a port to ``sender`` as well; returns the function that ends this."""
        port = self.add(number)
        port.senders = [*port.senders, sender]
        self._changed()

        def detach() -> None:
            port.senders = [other for other in port.senders if other is not sender]
            self._changed()

        return detach

    def attach_all(self, sender: Callable[[int, bytes], None]) -> None:
        """Give the frames that leave by any port to ``sender`` as well, with the port's number; a port is made known by
        the first that leaves by it."""
        self._taker = sender

    def set_up(self, number: int, up: bool) -> None:
        """Set the state of a port; a port that is down neither receives nor sends, watched group members
        follow."""
        port = self.add(number)
        if port.up != up:
            port.up = up
            self._changed()
            _log.info("port %d (%s) is %s", number, port.name, "up" if up else "down")
            self._on_state()

    def is_up(self, number: int) -> bool:
        """State of a port; a port that nobody attached is up."""
        port = self._ports.get(number)
        return port is None or port.up

    # -- frames

    def inject(self, number: int, frame: bytes) -> bool:
        """Queue a frame that arrived on a port; false when it was dropped (queue full, port down)."""
        port = self._ports.get(number) or self.add(number)
        with self._lock:
            if port.waiting >= PORT_QUEUE or not port.up or self._closed:
                port.stats.rx_dropped += 1
                return False
            port.waiting += 1
            self._queue.append((port, frame))
            if self._worker is None:
                self._worker = threading.Thread(target=self._run, name="switch input", daemon=True)
                self._worker.start()
            self._filled.notify()
            return True

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until every injected frame has been processed; false after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        with self._lock:
            while self._queue or self._busy:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._idle.wait(left)
        return True

    def _run(self) -> None:
        while True:
            with self._lock:
                self._busy = False
                while not self._queue and not self._closed:
                    self._idle.notify_all()
                    self._filled.wait()
                if self._closed:
                    self._idle.notify_all()
                    return
                port, frame = self._queue.popleft()
                port.waiting -= 1
                self._busy = True
            self.receive(port, frame)

    def receive(self, port: Port, frame: bytes) -> None:
        """Process a frame in the calling thread."""
        if not self._arrived(port, frame):
            return
        try:
            self.device.process(port.number, frame)
        except Exception:
            _log.exception("port %d: a frame of %d bytes could not be processed", port.number, len(frame))

    def receive_all(self, frames: Iterable[tuple[Port, bytes]]) -> None:
        """Process frames in the calling thread, in order; they leave when all are processed."""
        arrived = [(port.number, frame) for port, frame in frames if self._arrived(port, frame)]
        try:
            self.device.process_all(arrived)
        except Exception:
            _log.exception("%d frames could not be processed", len(arrived))

    def _record(self, port: Port, writer: PcapWriter, frame: bytes) -> None:
        """Record a frame, unless that has failed before. A full disk ends recordings, never forwarding."""
        if not writer.ended.value:
            try:
                writer.write(frame)
                return
            except OSError as error:
                writer.ended.value = error.errno or errno.EIO
                self.tell_of_recordings()
        port.stats.unrecorded += 1

    def tell_of_recordings(self) -> None:
        """Say of each recording that has ended early that it has, once."""
        for port in list(self._ports.values()):
            for writer in (port.pcap_in, port.pcap_out):
                if writer is not None and writer.ended.value and writer.path not in self._ended:
                    self._ended.add(writer.path)
                    reason = os.strerror(writer.ended.value)
                    _log.warning("%s: recording has stopped: %s; frames go on, uncaptured", writer.path, reason)

    def _arrived(self, port: Port, frame: bytes) -> bool:
        """Count and record a frame; false when the port is down."""
        stats = port.stats
        if not port.up:
            stats.rx_dropped += 1
            return False
        stats.rx_packets += 1
        stats.rx_bytes += len(frame)
        if port.pcap_in is not None:
            self._record(port, port.pcap_in, frame)
        return True

    def output(self, number: int, frame: bytes) -> None:
        """Send a frame of the device."""
        if number == self.device.cpu_port:
            self._to_controller(frame)
            return
        port = self._ports.get(number)
        taker = self._taker
        if port is None and taker is not None:
            port = self.add(number)
        if port is None:
            self.losses.unattached += 1
            return
        stats = port.stats
        if not port.up:
            stats.tx_dropped += 1
            return
        stats.tx_packets += 1
        stats.tx_bytes += len(frame)
        if port.pcap_out is not None:
            self._record(port, port.pcap_out, frame)
        senders: list[Sender] = port.senders if taker is None else [*port.senders, partial(taker, number)]
        for sender in senders:
            try:
                sender(frame)
            except OSError as error:
                stats.tx_packets -= 1
                stats.tx_bytes -= len(frame)
                stats.tx_dropped += 1
                _log.debug("port %d: %s", number, error)
            except Exception:
                _log.exception("port %d: receiver of its frames failed", number)

    def close(self) -> None:
        """Stop the input thread and close the recordings."""
        with self._lock:
            self._closed = True
            self._queue.clear()
            self._filled.notify_all()
        if self._worker is not None and self._worker is not threading.current_thread():
            self._worker.join(timeout=5)
        for port in self._ports.values():
            for writer in (port.pcap_in, port.pcap_out):
                if writer is not None:
                    writer.close()
