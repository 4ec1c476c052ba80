# SPDX-License-Identifier: Apache-2.0
"""The same entries and frames through several switches; what comes out must be the same bytes on the same ports.

Frames go in windows. Of a window the frames of each port and the packet-ins are compared as sets with
repetition, since switches with several threads may exchange neighbours; a window that differs is repeated
frame by frame to find the culprits.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from diff.generator import Case
from harness import show, testbed
from harness.flow import DELIVERED, PATIENCE, Count, CountingClient, Flow, NotSettled, cells
from harness.testbed import Testbed
from srv6cp import artifacts
from srv6cp.compile import Compilation
from srv6cp.p4rt import MeterEntry, MulticastGroup, P4Info, P4RuntimeError, PacketIn
from srv6cp.sync.reconcile import apply, plan

FATE_LIMIT = 2.0  # s within which a switch must be done with a window
LOAD_LIMIT = 600.0  # s; the native engine compiles, which takes minutes where other tests do so too

Outcome = tuple[str, bytes]  # "port 3" and the frame, or "packet-in" with its fields and the payload
Counters = dict[tuple[str, int], Count]


class Side:
    """One switch with a controller that only writes and listens."""

    def __init__(self, bed: Testbed, profile: str = artifacts.DEFAULT) -> None:
        """Takes over ``bed``, also when it raises: testbed.Unavailable where the switch refuses the program."""
        self.bed = bed
        self.profile = profile
        files = artifacts.find(profile)
        self.info = P4Info.from_file(files.p4info)
        self.client = CountingClient(bed.address, device_id=bed.device_id)
        self._lock = threading.Lock()
        self._packet_ins: list[Outcome] = []
        self._cells: dict[str, list[int] | None] = {}
        self.replicas: Mapping[int, int] = {}  # members of each multicast group
        try:
            self.client.connect(PATIENCE, wait=True)
            self.client.become_primary()
            self.client.set_pipeline(self.info, files.json, timeout=LOAD_LIMIT)
            self.client.on_packet_in(self._packet_in)
            self.client.count_packet_ins()
            self._flow = Flow(bed, self.client, FATE_LIMIT, self.info.counters)
        except BaseException as error:
            self.close()
            if isinstance(error, P4RuntimeError):
                raise testbed.Unavailable(str(error)) from None
            raise

    def _packet_in(self, packet: PacketIn) -> None:
        fields = " ".join(f"{name}={value}" for name, value in sorted(packet.metadata.items()))
        with self._lock:
            self._packet_ins.append((f"packet-in {fields}", packet.payload))

    def program(self, compilation: Compilation) -> None:
        """Make the switch hold these entities and no others, without rates: what a meter lets through depends
        on time. Nothing is learned: whatever a digest says, addresses stay where they are.
        """
        desired = [entity for entity in compilation.entities if not isinstance(entity, MeterEntry)]
        apply(self.client, plan(self.client, desired))
        groups = {each.group_id: len(each.replicas) for each in desired if isinstance(each, MulticastGroup)}
        self.replicas = self._flow.replicas = groups
        cells = {
            "drop_counter": None,
            "punt_counter": None,
            "my_sid_counter": [2 * index + tag for index in compilation.sids for tag in (0, 1)],
            "my_sid_error_counter": list(compilation.sids),
            "sr_policy_counter": [2 * use.number + tag for use in compilation.policies for tag in (0, 1)],
            "egress_port_counter": list(self.bed.ports),
            "bridge_flood_counter": list(groups),
            "oam_counter": [2 * port for port in self.bed.ports],
        }
        self._cells = {name: which for name, which in cells.items() if name in self.info.counters}

    def run(self, cases: Sequence[Case]) -> Counter[Outcome]:
        """What leaves the switch because of these frames. A frame that vanishes without being counted is an
        outcome, too.
        """
        lost: Counter[Outcome] = Counter()
        try:
            if self.bed.lossless:
                self.bed.send_all([(case.port, case.frame) for case in cases])
            else:
                for case in cases:
                    self.bed.send(case.port, case.frame)
                    self._flow.pace()
            self._flow.settle()
        except NotSettled as error:
            if not self.bed.alive():
                raise
            lost[f"no fate: {error}", b""] += 1
        found = lost + Counter((f"port {port}", frame) for port in self.bed.ports for frame in self.bed.take_all(port))
        with self._lock:
            found.update(self._packet_ins)
            self._packet_ins.clear()
        return found

    def counters(self) -> Counters:
        """The counters in use."""
        return cells(self.client, self._cells)

    def fates(self) -> int:
        """Frames that are done with, each once, by the counters; in place of one that was flooded its copies."""
        total = 0
        for (name, index), count in self.counters().items():
            if name in ("drop_counter", "egress_port_counter") or (name == "punt_counter" and index in DELIVERED):
                total += count.packets
            elif name == "bridge_flood_counter":
                total -= count.packets * (self.replicas[index] - 1)
        return total

    def close(self) -> None:
        """End the session and the switch."""
        self.client.close()
        self.bed.shutdown()


@dataclass
class Difference:
    """One frame, and what each of the switches made of it; they do not agree."""

    case: Case
    outcomes: Sequence[Counter[Outcome]]

    def text(self, names: Sequence[str]) -> str:
        """For people: what only some of the switches do, the first being the reference."""
        lines = [
            f"case {self.case.number}, into port {self.case.port}: {show.summary(self.case.frame)}",
            f"  {self.case.frame.hex()}",
            show.text(self.case.frame),
        ]
        common = self.outcomes[0]
        for outcome in self.outcomes[1:]:
            common = common & outcome
        only = [outcome - common for outcome in self.outcomes]
        for name, outcome in zip(names, only, strict=True):
            lines.append(f"only {name}:" if outcome else f"only {name}: nothing")
            lines += [f"  {count} x {where}: {show.summary(frame)}" for (where, frame), count in outcome.items()]
        for name, outcome in zip(names[1:], only[1:], strict=True):
            for (where, expected), (other, found) in list(zip(only[0], outcome, strict=False))[:2]:
                if where == other and expected != found:
                    lines.append(f"{where} of {name}, {names[0]} as expected:\n{show.difference(expected, found)}")
        return "\n".join(lines)


def _agree(values: Sequence[object]) -> bool:
    return all(value == values[0] for value in values[1:])


def differences(sides: Sequence[Side], cases: Sequence[Case]) -> list[Difference]:
    """Run a window through all switches; the frames that are treated differently."""
    outcomes = [side.run(cases) for side in sides]
    if _agree(outcomes):
        return []
    found = []
    for case in cases:
        single = [side.run([case]) for side in sides]
        if not _agree(single):
            found.append(Difference(case, single))
    if found:
        return found
    marked = [outcome + Counter({("this window, but no frame of it alone", b""): 1}) for outcome in outcomes]
    return [Difference(cases[0], marked)]


def counter_differences(before: Sequence[Counters], after: Sequence[Counters], names: Sequence[str]) -> list[str]:
    """Counters that the switches advanced differently since ``before``, one line each."""
    lines = []
    for cell in sorted(set().union(*after)):
        advance = [new.get(cell, Count()) - old.get(cell, Count()) for old, new in zip(before, after, strict=True)]
        if not _agree(advance):
            said = ", ".join(f"{name} {count}" for name, count in zip(names, advance, strict=True))
            lines.append(f"{cell[0]}[{cell[1]}]: {said}")
    return lines
