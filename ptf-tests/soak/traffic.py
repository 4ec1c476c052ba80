# SPDX-License-Identifier: Apache-2.0
"""Probes through the router, and its neighbours, who answer what they are asked.

Every frame that leaves is checked: a probe is one of its legal outcomes, once. Probes that do not come out are counted
by what excuses them; without an excuse they are faults. Pings to the router itself tell when a controller acts.
"""

from __future__ import annotations

import queue
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv6Address
from typing import Any, NamedTuple

import grpc

from harness import wire
from harness.dataplane import messages
from soak import network
from soak.network import DROP, FLOWS, HOSTS, Config

_TICK = 0.01  # s
#: Probes at once when the machine was busy with something else: how long the queues of a switch are is not asked here.
_BURST = 16
_PING_EVERY = 0.1  # s
_OPTIONS = [
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 200),
]
_ICMP = 14 + 40
_ECHO_REPLY, _SOLICITATION = 129, 135
_PING = 0x5041


class Probe(NamedTuple):
    """A packet under way: its flow, the ways that were legal when it was sent, and why it may be lost."""

    flow: int
    ways: frozenset[str]
    excuse: str | None


class Traffic:
    """The stream of frames of a switch at ``address`` (``--dp-grpc-server-addr``), found again whenever it is lost."""

    def __init__(self, address: str, rate: float, say: Callable[[str], None]) -> None:
        """``rate``: probes a second. ``say`` is told every fault, in the thread that finds it."""
        self._address, self._rate, self._say = address, rate, say
        self._request, self._response = messages()
        self._lock = threading.Lock()
        self._out: queue.SimpleQueue[Any] | None = None
        self._stream: Any = None
        self._closing = threading.Event()
        self._paused = False
        self._ways: list[frozenset[str]] = [frozenset((DROP,))] * len(FLOWS)
        self._excuse: str | None = "start"
        self._sequence = 0
        self._under_way: dict[int, Probe] = {}
        self._arrived: set[int] = set()
        self._pings: dict[int, float] = {}
        self._pinged = 0
        self._answered = 0.0  # when the last answered ping was sent
        self._answer_came = threading.Condition(self._lock)
        self.sent = 0
        self.lost: Counter[str] = Counter()
        """Probes that did not come out, by their excuse."""
        self._through: Counter[str] = Counter()  # a permanent SID, since the switch was started
        self._astray: Counter[str] = Counter()  # lost on the way to one, or from there
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._receive, self._send)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the threads."""
        self._closing.set()
        with self._lock:
            if self._stream is not None:
                self._stream.cancel()
        for thread in self._threads:
            thread.join(5)

    # -- what is legal

    def allow(self, *configs: Config) -> None:
        """What is sent, or comes out, from now on may follow any of these."""
        ways = [frozenset[str]().union(*(flow.ways(config) for config in configs)) for flow in FLOWS]
        with self._lock:
            self._ways = ways

    def excuse(self, cause: str | None) -> None:
        """Probes that are under way or sent from now on may be lost, for this cause; None: no more."""
        with self._lock:
            self._excuse = cause
            if cause is not None:
                for sequence, probe in self._under_way.items():
                    self._under_way[sequence] = probe._replace(excuse=cause)

    def restarted(self) -> None:
        """The switch counts from nothing again."""
        with self._lock:
            self._through.clear()
            self._astray.clear()

    def probe(self, flow: int) -> Probe:
        """A packet of the flow, sent now."""
        return Probe(flow, self._ways[flow], self._excuse)

    # -- what has happened

    def drain(self, patience: float) -> int:
        """Send no probe until those under way are out, for ``patience`` seconds without one at most; how many were lost
        without an excuse."""
        with self._lock:
            self._paused = True
        waiting, end = -1, 0.0
        while True:
            with self._lock:
                left = sum(DROP not in probe.ways for probe in self._under_way.values())
            if left != waiting:
                waiting, end = left, time.monotonic() + patience
            if not left or time.monotonic() > end:
                break
            self._closing.wait(_TICK)
        with self._lock:
            lost = [probe for probe in self._under_way.values() if DROP not in probe.ways]
            self._under_way.clear()
            self._arrived.clear()
            flows = Counter(FLOWS[probe.flow].name for probe in lost if probe.excuse is None)
            self.lost.update(probe.excuse or "no excuse" for probe in lost)
            self._astray.update(sid for probe in lost if (sid := FLOWS[probe.flow].sid) is not None)
        for name, count in flows.items():
            self._say(f"{count} packets lost: {name}")
        return flows.total()

    def counts(self) -> dict[str, tuple[int, int]]:
        """What each permanent SID must have counted since the switch was started, at least and at most."""
        with self._lock:
            sids = [flow.sid for flow in FLOWS if flow.sid is not None]
            return {sid: (self._through[sid], self._through[sid] + self._astray[sid]) for sid in sids}

    def resume(self) -> None:
        """Send probes again."""
        with self._lock:
            self._paused = False

    def wait_for_answer(self, since: float, timeout: float) -> bool:
        """Wait until a ping is answered that was sent after ``since``; false when none is in time."""
        with self._lock:
            return self._answer_came.wait_for(lambda: self._answered > since, timeout)

    # -- sending

    def _send(self) -> None:
        due = ping_at = time.monotonic()
        while not self._closing.wait(_TICK):
            now = time.monotonic()
            with self._lock:
                if self._out is None:
                    due = ping_at = now
                    continue
                if now >= ping_at:
                    ping_at = now + _PING_EVERY
                    self._ping(now)
                if self._paused:
                    due = now
                due = max(due, now - _BURST / self._rate)
                while due < now:
                    due += 1 / self._rate
                    self._probe()

    def _probe(self) -> None:
        self._sequence += 1
        number = self._sequence % len(FLOWS)
        self._under_way[self._sequence] = self.probe(number)
        self.sent += 1
        self._put(network.SENDER_PORT, network.frame(number, self._sequence))

    def _ping(self, now: float) -> None:
        number = self._pinged = (self._pinged + 1) & 0xFFFF
        self._pings[number] = now
        request = wire.echo_request(network.SENDER, network.ROUTER, ident=_PING, seq=number)
        packet = wire.ip6(network.SENDER, network.ROUTER, request)
        frame = wire.ether(packet, dst=network.port_mac(network.SENDER_PORT), src=HOSTS[0].mac)
        self._put(network.SENDER_PORT, frame)

    def _put(self, port: int, frame: bytes) -> None:
        if self._out is not None:
            self._out.put(self._request(device_id=network.DEVICE_ID, port=port, packet=bytes(frame)))

    # -- receiving

    def _receive(self) -> None:
        while not self._closing.is_set():
            with grpc.insecure_channel(self._address, options=_OPTIONS) as channel:
                try:
                    grpc.channel_ready_future(channel).result(timeout=0.5)
                except grpc.FutureTimeoutError:
                    continue
                out: queue.SimpleQueue[Any] = queue.SimpleQueue()
                open_stream = channel.stream_stream(
                    "/p4.bm.DataplaneInterface/PacketStream", self._request.SerializeToString, self._response.FromString
                )
                stream = open_stream(iter(out.get, None))
                with self._lock:
                    self._out, self._stream = out, stream
                try:
                    for response in stream:
                        self.frame(response.port, response.packet)
                except grpc.RpcError:
                    pass  # the switch has gone, or we have
                finally:
                    with self._lock:
                        self._out = None
                    out.put(None)

    def frame(self, port: int, frame: bytes) -> None:
        """Check a frame that left the router by ``port``, and answer it if it asks for something."""
        kind = frame[_ICMP] if frame[12:14] == b"\x86\xdd" and frame[20:21] == b"\x3a" and len(frame) > _ICMP else None
        if kind == _SOLICITATION:
            self._answer(port, frame)
        elif kind == _ECHO_REPLY:
            self._pong(frame)
        elif (found := network.identify(frame)) is None:
            if kind is None:
                self._say(f"a frame out of port {port} that nobody has sent: {frame.hex()}")
        else:
            self._check(*found, port, frame, kind is not None)

    def _check(self, flow: int, sequence: int, port: int, frame: bytes, quoted: bool) -> None:
        with self._lock:
            probe = self._under_way.get(sequence)
            ways = self._ways[flow] | (probe.ways if probe else frozenset())
            excused = probe is not None and probe.excuse is not None
            doubled = sequence in self._arrived
            if probe is not None and not quoted:
                del self._under_way[sequence]
                self._arrived.add(sequence)
                if (sid := FLOWS[flow].sid) is not None:
                    self._through[sid] += 1
        name = FLOWS[flow].name
        if quoted:
            if DROP not in ways and not excused:
                self._say(f"an ICMPv6 error instead of a packet: {name}: {frame.hex()}")
            return
        if doubled:
            self._say(f"a packet came out twice: {name}")
        if (port, frame) not in network.outcomes(flow, sequence, ways):
            legal = ", ".join(f"{way} (port {network.HOPS[way].port})" for way in sorted(ways - {DROP})) or "none"
            self._say(f"a wrong packet: {name}: out of port {port}; legal ways: {legal}: {frame.hex()}")

    def _pong(self, frame: bytes) -> None:
        ident, number = struct.unpack_from("!HH", frame, _ICMP + 4)
        with self._lock:
            if ident == _PING and number in self._pings:
                self._answered = max(self._answered, self._pings[number])
                self._answer_came.notify_all()

    def _answer(self, port: int, frame: bytes) -> None:
        """The neighbour that is asked for advertises itself, RFC 4861 7.2.4."""
        target = frame[_ICMP + 8 : _ICMP + 24]
        source = IPv6Address(frame[22:38])
        for host in HOSTS:
            if host.port == port and IPv6Address(host.address).packed == target and not source.is_unspecified:
                body = b"\x60\0\0\0" + target + b"\2\1" + wire.mac(host.mac)
                packet = wire.ip6(
                    host.address, source, wire.icmp6(136, 0, body, between=(host.address, source)), hl=255
                )
                with self._lock:
                    self._put(port, wire.ether(packet, dst=network.port_mac(port), src=host.mac))
