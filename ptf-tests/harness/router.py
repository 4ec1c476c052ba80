# SPDX-License-Identifier: Apache-2.0
"""The controller of the switch under test: applies nodes, waits until everything is done, reads counters.

Waiting is exact where the switch runs in this process. On a switch behind interfaces it is done with barriers: frames
of an experimental ethertype, sent by packet-out through every port. They follow on the heels of everything sent
before, in the switch as on the stream, so what has not come out when they have will not come.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from typing import Any

from harness import reasons
from harness.testbed import BARRIER, Testbed
from srv6cp.apps.compile import compile_state
from srv6cp.apps.controller import NodeController
from srv6cp.config import load_node_dict
from srv6cp.p4rt import Client, CounterEntry, PacketIn, TableEntry

PATIENCE = 10.0  # s; used up only when something is broken
BARRIER_SIZE = 64
ETHERNET, TAGGED = 14, 18


class NotSettled(AssertionError):
    """The switch or the controller did not finish within ``PATIENCE``."""


@dataclass(frozen=True)
class Count:
    """Packets and bytes."""

    packets: int = 0
    bytes: int = 0

    def __sub__(self, other: Count) -> Count:
        return Count(self.packets - other.packets, self.bytes - other.bytes)

    def __str__(self) -> str:
        return f"{self.packets} packets of {self.bytes} bytes"


class Router:
    """One controller on one switch, for all tests of a process."""

    def __init__(self, bed: Testbed) -> None:
        self.bed = bed
        self.client = Client(bed.address, device_id=bed.device_id)
        self.client.connect(timeout=PATIENCE, wait=True)
        self.controller: NodeController | None = None
        self.node: Any = None
        self._received = 0  # packet-ins that the client has had
        self._barriers = 0
        self._punts_at_start = 0
        self._rate_limited_at_start = 0
        self._sid_index: dict[tuple[int, IPv6Network], int] = {}
        self._policy_ids: dict[str, list[int]] = {}
        self._base: dict[tuple[str, int], Count] = {}

    # --- configuration ------------------------------------------------------------------------------------------

    def apply(self, config: Mapping[str, Any]) -> Any:
        """Reconcile the switch to ``config`` (the YAML schema as data), start counting anew, return the node."""
        self.node = load_node_dict(dict(config))
        if self.controller is None:
            controller = NodeController(self.client, self.node)
            controller.start()
            # behind the controller's own listener: what is counted here is in the controller's queue already
            self.client.on_packet_in(self._packet_in)
            self.controller = controller
            self._punts_at_start = self._punted()
        else:
            self.controller.apply(self.node)
        self.settle()
        self.forget()
        self._start_counting()
        return self.node

    def forget(self) -> None:
        """Forget frames that nobody took."""
        self.bed.poll()
        for port in self.bed.ports:
            self.bed.take_all(port)

    def check(self) -> None:
        """Fail when the controller or the switch died."""
        if not self.bed.alive():
            raise NotSettled(f"the switch died\n{self.bed.last_words()}")

    def close(self) -> None:
        """Stop the controller and the client."""
        if self.controller is not None:
            self.controller.stop()
        self.client.close()

    # --- waiting ------------------------------------------------------------------------------------------------

    def _packet_in(self, packet: PacketIn) -> None:
        self._received += 1

    def _punted(self) -> int:
        """Packet-ins that the switch has made so far."""
        if self.bed.synchronous:
            return self.bed.punted
        cells = self._cells("punt_counter")
        return sum(count.packets for count in cells.values())

    def settle(self) -> None:
        """Return when everything that the frames sent so far cause has happened, answers of the controller included."""
        if self.controller is None:
            return
        if self.bed.synchronous:
            while self._received < (punted := self._punted() - self._punts_at_start) or self._answered != punted:
                self._wait_for(lambda: self._received >= punted, "packet-ins to arrive")  # noqa: B023
                self.controller.drain(PATIENCE)
                self._barrier(self.bed.ports[:1])
                self._answered = punted
            return
        state = None
        while state != (state := self._progress()):
            pass

    _answered = 0  # packet-ins whose answers have come out as well

    def _progress(self) -> tuple[int, ...]:
        """One round of barriers; what it returns changes as long as something still happens."""
        assert self.controller is not None
        self._barrier(self.bed.ports)
        punted = self._punted() - self._punts_at_start
        self._wait_for(lambda: self._received >= punted, "packet-ins to arrive")
        self.controller.drain(PATIENCE)
        return (punted, *(self.bed.pending(port) for port in self.bed.ports))

    def _wait_for(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        pause = 0.00005
        while not done():
            if time.monotonic() > end:
                self.check()
                raise NotSettled(f"waited {PATIENCE:g} s for {what}")
            self.bed.poll()
            time.sleep(pause)
            pause = min(pause * 2, 0.002)

    def _barrier(self, ports: Iterable[int]) -> None:
        """Send a marked frame out of each port and wait until all of them are there."""
        self._barriers += 1
        frames = {port: (BARRIER + struct.pack("!QH", self._barriers, port)).ljust(BARRIER_SIZE, b"\0")
                  for port in ports}  # fmt: skip
        for port, frame in frames.items():
            self.client.packet_out(frame, egress_port=port)
        left = set(frames)
        self._wait_for(lambda: not self._discard(left, frames), f"a barrier to leave ports {sorted(left)}")
        for port in frames:
            key = ("egress_port_counter", port)
            old = self._base.get(key, Count())
            self._base[key] = Count(old.packets + 1, old.bytes + self._barrier_bytes)

    _barrier_bytes = BARRIER_SIZE

    def _discard(self, left: set[int], frames: Mapping[int, bytes]) -> set[int]:
        left -= {port for port in left if self.bed.discard(port, frames[port])}
        return left

    # --- counters -----------------------------------------------------------------------------------------------

    def _cells(self, name: str, indices: Iterable[int] | None = None) -> dict[int, Count]:
        patterns = [CounterEntry(name)] if indices is None else [CounterEntry(name, i) for i in indices]
        found = {}
        for entry in self.client.read(*patterns):
            assert isinstance(entry, CounterEntry) and entry.index is not None
            found[entry.index] = Count(entry.packets, entry.bytes)
        return found

    def _start_counting(self) -> None:
        self._sid_index = {
            (entry.match["vrf_id"], network(entry.match["ipv6_dst"])): entry.action.params["sid_index"]
            for entry in self.client.read(TableEntry("my_sid_table"))
        }
        wanted: dict[str, list[int] | None] = {"drop_counter": None, "punt_counter": None}
        wanted["egress_port_counter"] = list(self.bed.ports)
        indices = sorted(set(self._sid_index.values()) - {0})
        if indices:
            wanted["my_sid_counter"] = [2 * i + tag for i in indices for tag in (0, 1)]
            wanted["my_sid_error_counter"] = indices
        self._policy_ids = {}
        for use in compile_state(self.node, self.client.p4info).policies:
            self._policy_ids.setdefault(use.policy.name, []).append(use.number)
        policies = sorted(number for numbers in self._policy_ids.values() for number in numbers)
        if policies:
            wanted["sr_policy_counter"] = [2 * i + tag for i in policies for tag in (0, 1)]
        self._base = {(name, index): count for name, which in wanted.items()
                      for index, count in self._cells(name, which).items()}  # fmt: skip

    def _since(self, name: str, indices: Iterable[int] | None = None) -> dict[int, Count]:
        cells = self._cells(name, indices)
        return {index: count - self._base.get((name, index), Count()) for index, count in cells.items()}

    def _by_reason(self, counter: str, names: Mapping[str, int]) -> dict[str, int]:
        cells = self._since(counter)
        by_number = {number: name for name, number in names.items()}
        return {by_number.get(i, str(i)): count.packets for i, count in sorted(cells.items()) if count.packets}

    def drops(self) -> dict[str, int]:
        """Drops by reason since counting started, without zeros."""
        return self._by_reason("drop_counter", reasons.DROP)

    def forget_drops(self) -> None:
        """Start counting drops anew."""
        self._base.update({("drop_counter", i): count for i, count in self._cells("drop_counter").items()})

    def punts(self) -> dict[str, int]:
        """Packets to the control plane by reason since counting started, without zeros."""
        return self._by_reason("punt_counter", reasons.PUNT)

    def _from_ipv6_header(self, name: str, index: int) -> Count:
        """A pair of cells (untagged, tagged) without the link-layer headers that the switch counts (CNT-1)."""
        cells = self._since(name, (2 * index, 2 * index + 1))
        plain, tagged = cells.get(2 * index, Count()), cells.get(2 * index + 1, Count())
        size = plain.bytes - ETHERNET * plain.packets + tagged.bytes - TAGGED * tagged.packets
        return Count(plain.packets + tagged.packets, size)

    def _index_of(self, sid: str, vrf: str) -> int:
        key = (self.node.vrf_id(vrf), network(sid))
        if key not in self._sid_index:
            known = ", ".join(str(prefix) for _, prefix in self._sid_index)
            raise LookupError(f"no SID {sid} in VRF {vrf} on the switch; there are: {known or 'none'}")
        return self._sid_index[key]

    def sid_counter(self, sid: str, vrf: str) -> Count:
        """Packets that a SID processed since counting started."""
        return self._from_ipv6_header("my_sid_counter", self._index_of(sid, vrf))

    def sid_errors(self, sid: str, vrf: str) -> int:
        """Packets that a SID refused since counting started."""
        index = self._index_of(sid, vrf)
        return self._since("my_sid_error_counter", (index,)).get(index, Count()).packets

    def policy_counter(self, name: str) -> Count:
        """Packets that a policy carried since counting started."""
        if name not in self._policy_ids:
            raise LookupError(f"no policy {name} in use; there are: {', '.join(self._policy_ids) or 'none'}")
        counts = [self._from_ipv6_header("sr_policy_counter", number) for number in self._policy_ids[name]]
        return Count(sum(c.packets for c in counts), sum(c.bytes for c in counts))

    def port_counter(self, port: int) -> Count:
        """Frames that left a port since counting started."""
        return self._since("egress_port_counter", (port,)).get(port, Count())


def network(value: Any) -> IPv6Network:
    """A prefix from what P4Runtime or a test gives: a network, a pair, an address, or text."""
    if isinstance(value, IPv6Network):
        return value
    if isinstance(value, tuple):
        return IPv6Network((value[0] if not isinstance(value[0], IPv6Address) else int(value[0]), value[1]))
    return IPv6Network(value)
