# SPDX-License-Identifier: Apache-2.0
"""The same entries and frames through two switches; what comes out must be the same bytes on the same ports.

Frames go in windows. Behind each window a barrier (a marked packet-out through every port) tells that everything is
out. Of a window the frames of each port and the packet-ins are compared as sets with repetition, since switches with
several threads may exchange neighbours; a window that differs is repeated frame by frame to find the culprits.
"""

from __future__ import annotations

import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from diff.generator import Case
from harness import show
from harness.testbed import BARRIER, Testbed
from srv6cp import artifacts
from srv6cp.apps.compile import Compilation
from srv6cp.apps.reconcile import apply, plan
from srv6cp.p4rt import Client, CounterEntry, MeterEntry, PacketIn
from srv6cp.p4rt.schema import P4Info

PATIENCE = 20.0
Outcome = tuple[str, bytes]  # "port 3" and the frame, or "packet-in" with its fields and the payload


class Side:
    """One switch with a controller that only writes and listens."""

    def __init__(self, bed: Testbed) -> None:
        self.bed = bed
        files = artifacts.find()
        self.info = P4Info.from_file(files.p4info)
        self.client = Client(bed.address, device_id=bed.device_id)
        self.client.connect(PATIENCE, wait=True)
        self.client.become_primary()
        self.client.set_pipeline(self.info, files.json)
        self._lock = threading.Lock()
        self._packet_ins: list[Outcome] = []
        self._received = 0
        self._barriers = 0
        self._cells: dict[str, list[int | None]] = {"drop_counter": [None], "punt_counter": [None]}
        self.client.on_packet_in(self._packet_in)
        self._punts_before = self._punted()

    def _packet_in(self, packet: PacketIn) -> None:
        fields = " ".join(f"{name}={value}" for name, value in sorted(packet.metadata.items()))
        with self._lock:
            self._packet_ins.append((f"packet-in {fields}", packet.payload))
            self._received += 1

    def program(self, compilation: Compilation) -> None:
        """Make the switch hold these entities and no others, without rates: what a meter lets through depends on time."""
        desired = [entity for entity in compilation.entities if not isinstance(entity, MeterEntry)]
        apply(self.client, plan(self.client, desired))
        self._cells = {
            "drop_counter": [None],
            "punt_counter": [None],
            "my_sid_counter": [2 * index + tag for index in compilation.sids for tag in (0, 1)],
            "my_sid_error_counter": list(compilation.sids),
            "sr_policy_counter": [2 * use.number + tag for use in compilation.policies for tag in (0, 1)],
        }

    def _punted(self) -> int:
        if self.bed.synchronous:
            return self.bed.punted
        return sum(entry.packets for entry in self.client.read(CounterEntry("punt_counter")))  # type: ignore[union-attr]

    def _barrier(self) -> None:
        self._barriers += 1
        left = {}
        for port in self.bed.ports:
            left[port] = (BARRIER + struct.pack("!QH", self._barriers, port)).ljust(64, b"\0")
            self.client.packet_out(left[port], egress_port=port)

        def through() -> bool:
            for port in [port for port, frame in left.items() if self.bed.discard(port, frame)]:
                del left[port]
            return not left

        self._wait(through, "barrier")

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            self.bed.poll()
            if time.monotonic() > end:
                state = "lives" if self.bed.alive() else f"died: {self.bed.last_words()}"
                raise RuntimeError(f"{self.bed.name}: no {what} within {PATIENCE:g} s; the switch {state}")
            time.sleep(0.0002)

    def run(self, cases: Sequence[Case]) -> Counter[Outcome]:
        """What leaves the switch because of these frames."""
        for case in cases:
            self.bed.send(case.port, case.frame)
            if not self.bed.synchronous and case.number % 16 == 0:
                self.bed.poll()  # the sockets' buffers are finite
        if not self.bed.synchronous:
            seen = -1
            while seen != (seen := sum(self.bed.pending(port) for port in self.bed.ports)):
                self._barrier()
        punted = self._punted() - self._punts_before
        self._wait(lambda: self._received >= punted, f"packet-in {punted}")
        found = Counter((f"port {port}", frame) for port in self.bed.ports for frame in self.bed.take_all(port))
        with self._lock:
            found.update(self._packet_ins)
            self._packet_ins.clear()
        return found

    def counters(self) -> dict[tuple[str, int], tuple[int, int]]:
        """Packets and bytes of the cells in use that are not zero. Those of the ports hold barriers and are left out."""
        patterns = [CounterEntry(name, index) for name, cells in self._cells.items() for index in cells]
        found = {}
        for entry in self.client.read(patterns):
            assert isinstance(entry, CounterEntry) and entry.index is not None
            if entry.packets:
                found[entry.counter, entry.index] = (entry.packets, entry.bytes)
        return found

    def close(self) -> None:
        """End the session and the switch."""
        self.client.close()
        self.bed.shutdown()


@dataclass
class Difference:
    """One frame that two switches treat differently."""

    case: Case
    only_first: Counter[Outcome] = field(default_factory=Counter)
    only_second: Counter[Outcome] = field(default_factory=Counter)

    def text(self, first: str, second: str) -> str:
        """For people."""
        lines = [f"case {self.case.number}, into port {self.case.port}: {show.summary(self.case.frame)}",
                 f"  {self.case.frame.hex()}", show.text(self.case.frame)]  # fmt: skip
        for name, outcomes in ((first, self.only_first), (second, self.only_second)):
            lines.append(f"only {name}:" if outcomes else f"only {name}: nothing")
            for (where, frame), count in outcomes.items():
                lines.append(f"  {count} x {where}: {show.summary(frame)}")
        pairs = list(zip(self.only_first, self.only_second, strict=False))
        for (where, one), (other, two) in pairs[:2]:
            if where == other:
                lines.append(f"{where}, {first} as expected:\n{show.difference(one, two)}")
        return "\n".join(lines)


def differences(first: Side, second: Side, cases: Sequence[Case]) -> list[Difference]:
    """Run a window through both; the frames that are treated differently."""
    if first.run(cases) == second.run(cases):
        return []
    found = []
    for case in cases:
        one, two = first.run([case]), second.run([case])
        if one != two:
            found.append(Difference(case, one - two, two - one))
    return found or [Difference(cases[0], Counter({("this window, but no frame of it alone", b""): 1}))]
