# SPDX-License-Identifier: Apache-2.0
"""When is everything done? Every packet has a fate, and fates are counted.

The program gives each packet exactly one fate: it leaves by a port, is handed to the control plane, or is
dropped for a reason. Each has a counter. So frames sent into the switch plus packet-outs of the controller,
compared with the sum of the fates, tell exactly whether the switch still works on something; the counters of
the ports tell how many frames must arrive, and those of the punt reasons how many packet-ins. No time-out
decides, and no marker packets are needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from harness import reasons
from harness.bed import Testbed
from srv6cp.model.numbers import O_FLAG_TOO
from srv6cp.p4rt import Client, CounterEntry, PacketIn

PATIENCE = 10.0  # s; used up only when something is broken

# Frames that may be under way: libpcap's ring, through which BMv2 receives, holds about thirty a port.
BURST = 16

# These reasons are fates of their own; a packet handed over for another one counts as dropped, too.
_ALWAYS = ("drop_counter", "punt_counter", "egress_port_counter")
DELIVERED = tuple(
    reasons.PUNT[name]
    for name in (
        *("LOCAL", "NDP", "ARP", "FRAGMENT", "ECHO", "GTP_ECHO", "REASSEMBLY"),
        *("SERVICE_CACHE", "SERVICE_FLOW", "NSH"),
    )
)


class NotSettled(AssertionError):
    """The switch or the controller did not finish in time."""


@dataclass(frozen=True)
class Count:
    """Packets and bytes."""

    packets: int = 0
    bytes: int = 0

    def __sub__(self, other: Count) -> Count:
        return Count(self.packets - other.packets, self.bytes - other.bytes)

    def __str__(self) -> str:
        return f"{self.packets} packets of {self.bytes} bytes"


class CountingClient(Client):
    """A client that counts what it writes, and what it sends and receives on the stream."""

    writes = 0
    packets_out = 0
    packets_in = 0
    flagged_in = 0  # of them: a punt that is the copy with the O flag as well

    def write(self, *args: Any, **kwargs: Any) -> int:
        self.writes += 1
        return super().write(*args, **kwargs)

    def packet_out(self, payload: bytes, **metadata: int) -> None:
        self.packets_out += 1
        super().packet_out(payload, **metadata)

    def count_packet_ins(self) -> None:
        """Count packet-ins from now on, each after the listeners that are registered already have had it."""
        self.on_packet_in(self._one_more)

    def _one_more(self, packet: PacketIn) -> None:
        self.packets_in += 1
        self.flagged_in += bool(packet.metadata.get("reason", 0) & O_FLAG_TOO)


def cells(client: Client, wanted: Mapping[str, Iterable[int] | None]) -> dict[tuple[str, int], Count]:
    """Counter cells: all of a counter (None) or those with the given indices."""
    patterns = [
        CounterEntry(name, index) for name, which in wanted.items() for index in ([None] if which is None else which)
    ]
    found = {}
    for entry in client.read(patterns):
        assert isinstance(entry, CounterEntry) and entry.index is not None
        found[entry.counter, entry.index] = Count(entry.packets, entry.bytes)
    return found


@dataclass(frozen=True)
class Fates:
    """Packets that the switch is done with: in all, handed to the control plane, and sent by each port."""

    total: int
    punted: int
    sent: Mapping[int, int]


class Flow:
    """Watches what goes into one switch and what became of it."""

    def __init__(
        self, bed: Testbed, client: CountingClient, patience: float = PATIENCE, counters: Collection[str] = ()
    ) -> None:
        """``client``: one that has sent nothing yet. What comes from now on is watched. ``counters`` of the program."""
        self.bed = bed
        self.client = client
        self.patience = patience
        #: Members of each multicast group: a frame that is flooded has as many fates.
        self.replicas: Mapping[int, int] = {}
        self._counters = counters
        # A program that was just loaded has counted nothing; a switch may have had another one before.
        counted = Fates(bed.processed, bed.punted, {}) if bed.synchronous else Fates(0, 0, dict.fromkeys(bed.ports, 0))
        self._take_as_done(counted, bed.sent)

    def rebase(self) -> None:
        """Take the present state for one in which everything is done."""
        self.bed.poll()
        self._take_as_done(self._fates(), self._entered())

    def _take_as_done(self, fates: Fates, entered: int) -> None:
        self._fates_before = fates
        self._in_before = entered
        self._packet_ins_before = self._packet_ins()
        self._arrived_before = dict(self.bed.arrivals)

    def _packet_ins(self) -> int:
        """Those that arrived, as ``Fates.punted`` counts them: in this process frames, elsewhere reasons."""
        return self.client.packets_in + (0 if self.bed.synchronous else self.client.flagged_in)

    def _entered(self) -> int:
        return self.bed.sent + self.client.packets_out

    def _fates(self) -> Fates:
        if self.bed.synchronous:
            return Fates(self.bed.processed, self.bed.punted, {})
        wanted: dict[str, Iterable[int] | None] = {
            "drop_counter": None,
            "punt_counter": None,
            "egress_port_counter": self.bed.ports,
            "oam_counter": [2 * port for port in self.bed.ports],
            "bridge_flood_counter": self.replicas,
        }
        ports = {name: which for name, which in wanted.items() if name in _ALWAYS or name in self._counters}
        drops, punts, delivered = 0, 0, 0
        sent = {}
        for (name, index), count in cells(self.client, ports).items():
            if name == "drop_counter":
                drops += count.packets
            elif name == "punt_counter":
                punts += count.packets
                delivered += count.packets if index in DELIVERED else 0
            elif name == "oam_counter":
                punts += count.packets
            elif name == "bridge_flood_counter":
                drops -= count.packets * (self.replicas[index] - 1)
            else:
                sent[index] = count.packets
        return Fates(drops + delivered + sum(sent.values()), punts, sent)

    def busy(self) -> bool:
        """Whether anything went in or came out since the last ``settle``."""
        return self._entered() != self._in_before or (
            self.bed.synchronous and self.bed.punted != self._fates_before.punted
        )

    def pace(self, controller: Callable[[], Any] = lambda: None) -> None:
        """Called after each frame: settles when as many are under way as a switch behind interfaces can take."""
        if not self.bed.synchronous and self._entered() - self._in_before >= BURST:
            self.settle(controller)

    def settle(self, controller: Callable[[], Any] = lambda: None) -> None:
        """Return when everything that has been sent is done.

        ``controller`` is called when all packet-ins have arrived and returns when they are answered. Raises
        NotSettled.
        """
        while self.busy():
            entered = self._entered()
            fates = self._done(entered - self._in_before)
            punted = fates.punted - self._fates_before.punted + self._packet_ins_before
            self._wait(self._packet_ins, punted, "packet-ins")
            controller()
            if self._entered() != entered:
                continue  # the controller answered
            for port, count in fates.sent.items():
                expected = count - self._fates_before.sent[port] + self._arrived_before[port]
                self._wait(partial(self.bed.arrivals.__getitem__, port), expected, f"frames from port {port}")
            self._take_as_done(fates, entered)

    def _done(self, packets: int) -> Fates:
        """The fates once ``packets`` more are done than before."""
        found = self._fates()

        def total() -> int:
            nonlocal found
            found = self._fates()
            return found.total

        self._wait(total, self._fates_before.total + packets, "packets to be done")
        # The counters of one packet advance one after the other, and are read one after the other.
        while not self.bed.synchronous and (again := self._fates()) != found:
            found = again
        return found

    def _wait(self, count: Callable[[], int], expected: int, what: str) -> None:
        end = time.monotonic() + self.patience
        pause = 0.00005
        while (now := count()) < expected:
            self.bed.poll()
            if time.monotonic() > end:
                self.rebase()  # the next test is not to blame
                if not self.bed.alive():
                    raise NotSettled(f"the switch died\n{self.bed.last_words()}")
                raise NotSettled(f"waited {self.patience:g} s for {expected - now} more {what}")
            time.sleep(pause)
            pause = min(pause * 2, 0.002)
