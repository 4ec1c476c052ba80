# SPDX-License-Identifier: Apache-2.0
"""Milliseconds of the controller's thread for a neighbour or a port that changes, on small nodes and large ones.

The thread's own processor time: that is what a flood takes from everything else that the controller does. What the
switch takes meanwhile is not in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from ipaddress import IPv6Address

import beds
import cases
from report import Report, at_most
from settings import Settings

from srv6cp import artifacts
from srv6cp.config import load_node
from srv6cp.controller.punt import PacketIn
from srv6cp.controller.punt_handler import PuntHandler
from srv6cp.model import NeighborKey, NeighborLimits, Node, PuntReason
from srv6cp.p4rt import Client
from srv6cp.packets import ndp
from srv6cp.sync.program import Program
from srv6cp.sync.tables import Tables

_BATCH = 64
"""Packet-ins that the controller handles before it writes, when so many wait."""
_NEIGHBORS = 512
_US = IPv6Address("2001:db8:1::1").packed
_PEER = bytes.fromhex("0200000000aa")


def run(report: Report, settings: Settings) -> None:
    """The same for every size of the node."""
    report.section("neighbors", "A neighbour or a port that changes: time of the controller's thread")
    for count in (10, 1_000, 10_000):
        with beds.alone("auto") as address, Client(address, device_id=1) as client:
            client.become_primary()
            _Measured(client, load_node(cases.big_node(count, count))).into(report, f"{count:,} SIDs and routes")


class _Measured:
    """What the controller does with a solicitation, without its thread."""

    def __init__(self, client: Client, node: Node) -> None:
        self._tables = Tables(client, Program.read(artifacts.find()))
        self._tables.take_over(node)
        self._tables.reconcile(node, {})
        self._node = node
        self._changed: dict[NeighborKey, None] = {}
        self._handler = PuntHandler(node, self._mark, self._tables.targets)
        self._handler.neighbors.limits = NeighborLimits(learned=_NEIGHBORS, unresolved=_NEIGHBORS)

    def _mark(self, keys: Iterable[NeighborKey]) -> None:
        self._changed.update(dict.fromkeys(keys))

    def into(self, report: Report, series: str) -> None:
        packets = [self._solicitation(n) for n in range(_NEIGHBORS)]
        learned = self._timed(packets, _BATCH)
        report.add(series, f"a neighbour learned, {_BATCH} at once", learned, "ms", at_most(0.3))
        begin = time.thread_time()
        for key in list(self._handler.neighbors.resolved()):
            self._handler.forget(key)
        self._follow()
        report.add(series, "a neighbour lost, all at once", _ms(begin) / _NEIGHBORS, "ms", at_most(0.3))
        report.add(series, "a neighbour learned, each with a write of its own", self._timed(packets[:128], 1), "ms")
        refused = [self._solicitation(n + _NEIGHBORS) for n in range(_NEIGHBORS)]
        self._handler.neighbors.limits = NeighborLimits(unresolved=1)
        report.add(series, "one that is refused for a limit", self._timed(refused, _BATCH), "ms")
        for key in list(self._handler.neighbors.resolved()):
            self._handler.forget(key)
        self._follow()
        begin = time.thread_time()
        for n in range(20):
            self._tables.down = frozenset({1} if n % 2 == 0 else ())
            self._follow()
        report.add(series, "a port down or up, each with a write of its own", _ms(begin) / 20, "ms")

    def _timed(self, packets: list[PacketIn], batch: int) -> float:
        begin = time.thread_time()
        for start in range(0, len(packets), batch):
            for packet in packets[start : start + batch]:
                self._handler.handle(packet, 0.0)
            self._follow()
        return _ms(begin) / len(packets)

    def _follow(self) -> None:
        neighbors = self._handler.neighbors
        changed, self._changed = self._changed, {}
        self._tables.follow(self._node, {key: neighbors.text(key) for key in changed}, neighbors.resolved)

    def _solicitation(self, n: int) -> PacketIn:
        source = IPv6Address(f"2001:db8:1::1:{n:x}").packed
        frame = ndp.multicast_mac(ndp.solicited_node(_US)) + _PEER + b"\x86\xdd" + ndp.solicitation(_PEER, source, _US)
        return PacketIn(PuntReason.NDP, frame, ingress_port=1)


def _ms(begin: float) -> float:
    return (time.thread_time() - begin) * 1000
