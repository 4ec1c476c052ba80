# SPDX-License-Identifier: Apache-2.0
"""Flows between hosts, and what their receivers see: rate, loss, delay, jitter, reordering.

Two kinds, both of UDP packets with a sequence number and the time of sending, so that neither needs root nor a kernel:
a constant rate, and one that takes what there is (``saturate``): a congestion window as TCP has it, with slow start,
additive increase and halving at a loss (RFC 5681), a packet taken for lost when later ones were acknowledged and a
quarter more than the round-trip time has passed (in the way of RFC 8985). What is lost is counted, not sent again.

Delay is one way: both ends share the clock. Jitter is that of RFC 3550, 6.4.1; a packet is reordered when one sent
later came before it (RFC 4737).
"""

from __future__ import annotations

import itertools
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from srv6lab.impairments import show_rate, show_time
from srv6lab.topology import UnknownName

HEAD = struct.Struct("!4sIQd")  # mark, flow, sequence number, time of sending
MARK = b"flow"
PAYLOAD = 1200  # bytes of UDP payload: with an SRH of ten SIDs still below 1500
FIRST_PORT = 20000  # UDP: destination of a flow; the source port is that of the reply
LARGEST_WINDOW = 1000.0  # packets
FIRST_TIMEOUT, LEAST_TIMEOUT = 1.0, 0.2  # s
BURST = 32  # packets sent at a time after a late wake-up; what is more is dropped, not caught up


class Channel(Protocol):
    """Two hosts that send each other datagrams of one flow."""

    def forward(self, payload: bytes) -> None:
        """From the source to the target."""

    def backward(self, payload: bytes) -> None:
        """The other way."""

    def close(self) -> None:
        """Forget the flow."""


#: Opens a channel: source, target, version of IP or None, port, what the target gets, what the source gets.
Open = Callable[[str, str, "int | None", int, Callable[[bytes], None], Callable[[bytes], None]], Channel]


@dataclass
class Received:
    """What the receiver of a flow has seen."""

    packets: int = 0
    octets: int = 0
    highest: int = -1
    reordered: int = 0
    delay: float = 0.0  # s, smoothed (1/16)
    least: float = 0.0
    most: float = 0.0
    total_delay: float = 0.0
    jitter: float = 0.0
    _transit: float | None = None
    _seconds: dict[int, int] = field(default_factory=dict)  # second to bytes in it

    @property
    def lost(self) -> int:
        """Packets that did not come although later ones did."""
        return max(0, self.highest + 1 - self.packets)

    @property
    def mean(self) -> float:
        """The mean delay in s."""
        return self.total_delay / self.packets if self.packets else 0.0

    def take(self, number: int, sent: float, size: int, now: float) -> None:
        """A packet of ``size`` bytes has come at ``now``."""
        transit = now - sent
        if self._transit is None:
            self.delay = self.least = self.most = transit
        else:
            self.jitter += (abs(transit - self._transit) - self.jitter) / 16
            self.delay += (transit - self.delay) / 16
        self._transit = transit
        self.least, self.most = min(self.least, transit), max(self.most, transit)
        self.total_delay += transit
        self.packets += 1
        self.octets += size
        if number < self.highest:
            self.reordered += 1
        self.highest = max(self.highest, number)
        second = int(now)
        if second not in self._seconds:
            self._seconds = {at: size for at, size in self._seconds.items() if at >= second - 1}
            self._seconds[second] = 0
        self._seconds[second] += size

    def rate(self, now: float) -> float:
        """bit/s of IP payload in the last whole second."""
        return 8.0 * self._seconds.get(int(now) - 1, 0)


class Flow:
    """One flow; it runs until `stop`."""

    def __init__(
        self, number: int, source: str, target: str, rate: int | None, open_: Open, family: int | None
    ) -> None:
        self.number, self.source, self.target, self.rate = number, source, target, rate
        self.sent = 0
        self.received = Received()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._wake = threading.Condition(self._lock)
        # Of a flow that saturates.
        self._outstanding: dict[int, float] = {}
        self._window, self._threshold = 10.0, LARGEST_WINDOW
        self._round_trip, self._acknowledged, self._recovery = 0.0, -1, -1
        self.window = 0.0
        self._channel = open_(source, target, family, FIRST_PORT + number, self._arrive, self._acknowledge)
        run = self._saturate if rate is None else self._constant
        self._thread = threading.Thread(target=run, name=f"flow {number}", daemon=True)
        self._thread.start()

    @property
    def kind(self) -> str:
        """``saturate`` or ``rate 5M``."""
        return "saturate" if self.rate is None else f"rate {show_rate(self.rate)}"

    def report(self) -> dict[str, Any]:
        """What there is to say: packets, bit/s, seconds."""
        now = time.perf_counter()
        with self._lock:
            got = self.received
            return {
                "flow": self.number,
                "source": self.source,
                "target": self.target,
                "kind": self.kind,
                "sent": self.sent,
                "received": got.packets,
                "rate": got.rate(now),
                "lost": got.lost,
                "loss": got.lost / max(1, got.highest + 1),
                "delay": got.delay,
                "delay-mean": got.mean,
                "delay-min": got.least,
                "delay-max": got.most,
                "jitter": got.jitter,
                "reordered": got.reordered,
                "window": round(self.window, 1) if self.rate is None else None,
            }

    def stop(self) -> None:
        """End it; what was seen stays."""
        self._ended.set()
        with self._wake:
            self._wake.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join()
        self._channel.close()

    def _send(self) -> None:
        number, self.sent = self.sent, self.sent + 1
        head = HEAD.pack(MARK, self.number, number, time.perf_counter())
        self._channel.forward(head.ljust(PAYLOAD, b"\0"))

    def _arrive(self, payload: bytes) -> None:
        """At the target, in any thread."""
        now = time.perf_counter()
        try:
            mark, flow, number, sent = HEAD.unpack_from(payload)
        except struct.error:
            return
        if (mark, flow) != (MARK, self.number):
            return
        with self._lock:
            self.received.take(number, sent, len(payload) + 8, now)
        if self.rate is None and not self._ended.is_set():
            self._channel.backward(payload[: HEAD.size])

    # --- constant rate --------------------------------------------------------------------------------------

    def _constant(self) -> None:
        assert self.rate is not None
        gap = 8 * (PAYLOAD + 8) / self.rate
        due = time.perf_counter()
        while not self._ended.is_set():
            behind = int((time.perf_counter() - due) / gap)
            if behind > BURST:  # this process was not let run: no burst that the network did not ask for
                due += (behind - BURST) * gap
            while due <= time.perf_counter() and not self._ended.is_set():
                self._send()
                due += gap
            self._ended.wait(max(0.0, due - time.perf_counter()))

    # --- saturating -----------------------------------------------------------------------------------------

    def _saturate(self) -> None:
        while not self._ended.is_set():
            with self._wake:
                patience = max(LEAST_TIMEOUT, 3 * self._round_trip) if self._round_trip else FIRST_TIMEOUT
                room = int(self._window) - len(self._outstanding)
                if room <= 0 and not self._wake.wait(patience) and not self._ended.is_set():
                    self._outstanding.clear()  # nothing comes back: begin anew
                    self._threshold, self._window = max(self._window / 2, 2.0), 1.0
                    self._recovery = self.sent
                room = min(BURST, int(self._window) - len(self._outstanding))
                numbers = range(self.sent, self.sent + max(0, room))
                now = time.perf_counter()
                self._outstanding.update(dict.fromkeys(numbers, now))
                self.window = self._window
            for _ in numbers:
                self._send()

    def _acknowledge(self, payload: bytes) -> None:
        """At the source, in any thread."""
        now = time.perf_counter()
        try:
            mark, flow, number, _ = HEAD.unpack_from(payload)
        except struct.error:
            return
        if (mark, flow) != (MARK, self.number):
            return
        with self._wake:
            sent = self._outstanding.pop(number, None)
            if sent is not None:
                took = now - sent
                self._round_trip += (took - self._round_trip) / 8 if self._round_trip else took
                slow = self._window >= self._threshold
                self._window = min(LARGEST_WINDOW, self._window + (1 / self._window if slow else 1.0))
            self._acknowledged = max(self._acknowledged, number)
            limit = now - 1.25 * self._round_trip
            lost = [at for at, since in self._outstanding.items() if at < self._acknowledged - 3 and since < limit]
            for each in lost:
                del self._outstanding[each]
            if lost and max(lost) >= self._recovery:
                self._threshold = self._window = max(self._window / 2, 2.0)
                self._recovery = self.sent
            self._wake.notify()


class Traffic:
    """The flows of a lab by number, from 1."""

    def __init__(self, open_: Open) -> None:
        self._open = open_
        self._numbers = itertools.count(1)
        self._flows: dict[int, Flow] = {}

    @property
    def flows(self) -> Mapping[int, Flow]:
        """Those that run."""
        return dict(self._flows)

    def start(self, source: str, target: str, rate: int | None = None, family: int | None = None) -> Flow:
        """Start one: ``rate`` in bit/s of UDP, None takes what there is. Raises UnknownName for a host."""
        flow = Flow(next(self._numbers), source, target, rate, self._open, family)
        self._flows[flow.number] = flow
        return flow

    def stop(self, number: int) -> dict[str, Any]:
        """Stop one; its last report. Raises UnknownName."""
        flow = self._flows.pop(number, None)
        if flow is None:
            there = ", ".join(map(str, self._flows)) or "none"
            raise UnknownName(f"no flow {number} runs; there are {there}")
        flow.stop()
        return flow.report()

    def reports(self) -> list[dict[str, Any]]:
        """Of those that run."""
        return [flow.report() for flow in self.flows.values()]

    def close(self) -> None:
        """Stop all."""
        for number in self.flows:
            self.stop(number)


COLUMNS = ("flow", "from", "to", "kind", "rate", "received", "lost", "delay", "jitter", "reordered")


def rows(reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reports for a table of `COLUMNS`."""
    return [
        {
            "flow": report["flow"],
            "from": report["source"],
            "to": report["target"],
            "kind": report["kind"],
            "rate": f"{show_rate(report['rate'])}bit/s",
            "received": report["received"],
            "lost": f"{report['lost']} ({report['loss']:.2%})",
            "delay": show_time(report["delay"]),
            "jitter": show_time(report["jitter"]),
            "reordered": report["reordered"],
        }
        for report in reports
    ]
