# SPDX-License-Identifier: Apache-2.0
"""The TCP of a host in this process: its connections, their packets and SRHs, and the one thread of all of them.

An SRH belongs to a connection: the one that was given to `TcpStack.connect`, or the way back of the one that the SYN
came with, from the SYN/ACK on. A transparent stack takes connections to any address: it is a proxy's.

What is given to a stack (`Handler`) is called in its thread, and does not wait there.
"""

from __future__ import annotations

import itertools
import logging
import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv6Address
from typing import NamedTuple, Protocol

from srv6cp.packets import ip, raw
from srv6host.srh import Srh, SrhError
from srv6lab.tcp import ACK, LINGER, RST, SYN, Connection, Segment, SegmentError

MAX_CONNECTIONS = 256  # of a stack; a SYN beyond that is refused
MAX_WAITING = 8192  # packets that have arrived and are not processed; more are lost
_MTU = 1500
_HEADERS = 60  # IPv6 and TCP
_FIRST_PORT = 49152
_log = logging.getLogger(__name__)


class Key(NamedTuple):
    """Both ends of a connection."""

    local: IPv6Address
    local_port: int
    remote: IPv6Address
    remote_port: int


class Handler(Protocol):
    """What a connection is for."""

    def changed(self, stream: Stream) -> None:
        """There is something to look at: see :class:`srv6lab.tcp.Connection`. Called once more when it has closed."""


#: Makes a handler for a connection that is being opened, with the SRH of its SYN; None: it is refused. The SRH that it
#: gives is that of all packets of this side, the SYN/ACK or the reset included.
Accept = Callable[[Key, "Srh | None"], "tuple[Handler | None, Srh | None]"]


class Stream:
    """A connection with its packets."""

    def __init__(self, stack: TcpStack, key: Key, srh: Srh | None, handler: Handler, isn: int) -> None:
        self.key, self.srh, self.handler = key, srh, handler
        self._stack = stack
        header = 0 if srh is None else len(srh.octets())
        if _MTU - _HEADERS - header < 64:
            raise SrhError(f"an SRH of {header} octets leaves no room for data")
        self.tcp = Connection(isn, _MTU - _HEADERS - header, stack.clock(), self._changed)
        self.tell = False
        self.gone: float | None = None

    def _changed(self) -> None:
        self.tell = True
        self._stack.touch(self)

    def read(self, most: int = 1 << 16) -> bytes:
        """What has arrived."""
        return self._after(self.tcp.read(most, self._stack.clock()))

    def write(self, data: bytes) -> int:
        """Send; how much of it was taken."""
        taken = self.tcp.write(data, self._stack.clock())
        self._after(b"")
        return taken

    def shutdown(self) -> None:
        """Send no more."""
        self.tcp.shutdown(self._stack.clock())
        self._after(b"")

    def abort(self, why: str) -> None:
        """Reset it."""
        self.tcp.abort(self._stack.clock(), why)
        self._after(b"")

    def _after(self, data: bytes) -> bytes:
        self._stack.touch(self)
        return data


class TcpStack:
    """All connections of a host. ``own`` is its address, ``send`` takes IP packets.

    The thread starts with the first packet or call. `close` ends it.
    """

    def __init__(self, own: IPv6Address, send: Callable[[bytes], None], *, seed: object = 0) -> None:
        self.own = own
        self.clock = time.perf_counter
        self.transparent: Accept | None = None  # for connections to any address
        self.counts: Counter[str] = Counter()
        self._send = send
        self._random = random.Random(repr(seed))
        self._ports = itertools.cycle(range(_FIRST_PORT, 1 << 16))
        self._listeners: dict[int, Accept] = {}
        self._streams: dict[Key, Stream] = {}
        self._touched: dict[Key, Stream] = {}
        self._inbox: queue.Queue[bytes | Callable[[], None] | None] = queue.Queue(MAX_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended = False

    # --- from other threads ------------------------------------------------------------------------------------------

    def arrived(self, packet: bytes) -> None:
        """An IP packet with a TCP segment; lost where too many wait."""
        try:
            self._inbox.put_nowait(packet)
        except queue.Full:
            self.counts["inbox full"] += 1
            return
        self._start()

    def call(self, function: Callable[[], None]) -> None:
        """Run a function in the thread of the stack."""
        self._start()
        self._inbox.put(function)

    def _start(self) -> None:
        if self._thread is None:
            with self._lock:
                if self._thread is None and not self._ended:
                    self._thread = threading.Thread(target=self._run, name=f"tcp {self.own}", daemon=True)
                    self._thread.start()

    def close(self) -> None:
        """Reset all connections and end the thread."""
        with self._lock:
            self._ended = True
            thread = self._thread
        if thread is not None:
            self._inbox.put(None)
            thread.join()

    # --- in its thread ---------------------------------------------------------------------------------------------

    def listen(self, port: int, accept: Accept | None) -> None:
        """Take connections to a port of the host's own address; None: no more."""
        if accept is None:
            self._listeners.pop(port, None)
        else:
            self._listeners[port] = accept

    def connect(self, key: Key, srh: Srh | None, handler: Handler) -> Stream:
        """Open a connection; ``key.local_port`` 0 takes a free one. Raises SrhError, OSError when the key is taken."""
        if not key.local_port:
            found = (key._replace(local_port=next(self._ports)) for _ in range(1 << 14))
            key = next((each for each in found if each not in self._streams), key)
        if key in self._streams or not key.local_port:
            raise OSError(f"{key.local} port {key.local_port} is in use")
        stream = Stream(self, key, srh, handler, self._random.getrandbits(32))
        self._streams[key] = stream
        stream.tcp.connect(self.clock())
        self.touch(stream)
        return stream

    def touch(self, stream: Stream) -> None:
        """Look at a connection before the thread waits again."""
        self._touched[stream.key] = stream

    @property
    def connections(self) -> int:
        """How many there are, those that linger included."""
        return len(self._streams)

    def _run(self) -> None:
        while True:
            try:
                work: bytes | Callable[[], None] | None = self._inbox.get(timeout=self._wait())
            except queue.Empty:
                work = b""
            for _ in range(64):  # then send: what was acknowledged and read together costs one packet
                if work is None:
                    for stream in list(self._streams.values()):
                        stream.abort("the host stops")
                    self._flush()
                    return
                self._do(work)
                try:
                    work = self._inbox.get_nowait()
                except queue.Empty:
                    break
            else:
                self._do(work)
            self._timers()
            self._flush()

    def _do(self, work: bytes | Callable[[], None] | None) -> None:
        try:
            if isinstance(work, bytes):
                if work:
                    self._packet(work)
            elif work is not None:
                work()
            else:
                self._inbox.put(None)
        except Exception:  # one packet, or one handler, must not stop all connections
            self.counts["error"] += 1
            _log.exception("TCP of %s", self.own)

    def _wait(self) -> float | None:
        """Seconds until there is something to do without a packet."""
        moments = [at for each in self._streams.values() for at in (each.tcp.deadline, each.gone) if at is not None]
        return max(0.0, min(moments) - self.clock()) if moments else None

    def _timers(self) -> None:
        now = self.clock()
        for key, stream in list(self._streams.items()):
            if stream.tcp.deadline is not None and stream.tcp.deadline <= now:
                stream.tcp.timer(now)
                self.touch(stream)
            if stream.gone is not None and stream.gone <= now:
                del self._streams[key]

    def _flush(self) -> None:
        while self._touched:
            touched, self._touched = self._touched, {}
            for stream in touched.values():
                if stream.tell:
                    stream.tell = False
                    try:
                        stream.handler.changed(stream)
                    except Exception:
                        self.counts["error"] += 1
                        _log.exception("%s", stream.key)
                        stream.tcp.abort(self.clock(), "its owner failed")
                stream.tcp.flush()
                while stream.tcp.output:
                    self._emit(stream.key, stream.srh, stream.tcp.output.popleft())
                if stream.tcp.closed and stream.gone is None:
                    stream.gone = self.clock() + (LINGER if stream.tcp.error is None else 0.0)
                    if stream.tcp.error is not None:
                        self._streams.pop(stream.key, None)

    def _emit(self, key: Key, srh: Srh | None, segment: Segment) -> None:
        source, target = key.local.packed, key.remote.packed
        octets = segment.octets(key.local_port, key.remote_port)
        total = raw.ipv6_checksum(source, target, raw.TCP, octets)
        octets = octets[:16] + total.to_bytes(2, "big") + octets[18:]
        if srh is None:
            self._send(ip.ipv6(source, target, raw.TCP, octets))
        else:
            self._send(ip.ipv6(source, srh.active.packed, raw.ROUTING, srh.octets(raw.TCP) + octets))

    def _packet(self, packet: bytes) -> None:
        view = raw.parse_ip(packet)
        if not isinstance(view, raw.Ipv6View):
            return
        if any(srh.segments_left for srh in view.srhs):
            self.counts["segments left"] += 1  # for a router, not for a host
            return
        upper = view.data[view.upper : view.end]
        if raw.ipv6_checksum(view.src, view.dst, raw.TCP, upper):
            self.counts["bad checksum"] += 1
            return
        try:
            remote_port, port, segment = Segment.parse(upper)
        except SegmentError:
            self.counts["malformed"] += 1
            return
        key = Key(IPv6Address(view.dst), port, IPv6Address(view.src), remote_port)
        stream = self._streams.get(key)
        if stream is not None and stream.tcp.closed and segment.flags & (SYN | ACK) == SYN:
            del self._streams[key]  # a new one with the same ends
            stream = None
        if stream is not None:
            stream.tcp.arrived(segment, self.clock())
            self.touch(stream)
        elif segment.flags & (SYN | ACK | RST) == SYN:
            self._open(key, view, segment)
        elif not segment.flags & RST:
            self.counts["no connection"] += 1
            self._refuse(key, None, segment)

    def _open(self, key: Key, view: raw.Ipv6View, syn: Segment) -> None:
        accept = self._listeners.get(key.local_port) if key.local == self.own else self.transparent
        back = None
        try:
            srh = Srh.parse(view.data[view.srhs[0].offset : view.upper]) if view.srhs else None
            if srh is not None:
                back = srh.return_path(key.remote).srh(key.remote)
            handler = None
            if accept is not None and len(self._streams) < MAX_CONNECTIONS:
                handler, back = accept(key, srh)
            if handler is not None:
                stream = Stream(self, key, back, handler, self._random.getrandbits(32))
                self._streams[key] = stream
                stream.tcp.accept(syn, self.clock())
                self.touch(stream)
                return
        except SrhError as error:
            self.counts["hostile SRH"] += 1
            _log.debug("%s: %s", key, error)
        self.counts["refused"] += 1
        self._refuse(key, back, syn)

    def _refuse(self, key: Key, back: Srh | None, segment: Segment) -> None:
        """A reset for a segment that is nobody's (RFC 9293 3.10.7.1)."""
        if segment.flags & ACK:
            answer = Segment(segment.acknowledgement, 0, RST, 0)
        else:
            length = len(segment.payload) + bool(segment.flags & SYN)
            answer = Segment(0, segment.sequence + length, RST | ACK, 0)
        self._emit(key, back, answer)
