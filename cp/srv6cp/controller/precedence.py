# SPDX-License-Identifier: Apache-2.0
"""Which packet-in comes first when more arrive than can be handled: what keeps the network alive, then what people
look at, then errors. Within a class the ports take turns (`inbox`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Protocol

from srv6cp.model import InterfaceId, NeighborKey, PuntReason
from srv6cp.model.numbers import O_FLAG_TOO
from srv6cp.packets import arp, ndp, raw


class Precedence(IntEnum):
    """Classes of packet-ins, the first one first."""

    AWAITED = 0
    """The answer of a neighbour that was asked: packets or routes wait for it."""
    NEIGHBORS = 1
    """Other neighbour discovery and ARP: who is not answered soon takes this node for dead."""
    ECHO = 2
    """Pings of this node."""
    SERVICE = 3
    """Packets that go on when they have been looked at (next hop to be found, to be fragmented or put together), or are
    for this node."""
    ERRORS = 4
    """What is to be told by ICMP."""


#: Packets of a class that are served before a lower class has its turn: none starves.
SHARES: Mapping[int, int] = {
    Precedence.AWAITED: 16,
    Precedence.NEIGHBORS: 8,
    Precedence.ECHO: 4,
    Precedence.SERVICE: 2,
    Precedence.ERRORS: 1,
}

_BY_REASON: dict[int, Precedence] = {
    PuntReason.NDP: Precedence.NEIGHBORS,
    PuntReason.ARP: Precedence.NEIGHBORS,
    PuntReason.ECHO: Precedence.ECHO,
    PuntReason.GTP_ECHO: Precedence.ECHO,
    PuntReason.LOCAL: Precedence.SERVICE,
    PuntReason.NEIGHBOR_UNRESOLVED: Precedence.SERVICE,
    PuntReason.FRAGMENT: Precedence.SERVICE,
    PuntReason.REASSEMBLY: Precedence.SERVICE,
    PuntReason.NSH: Precedence.SERVICE,
}


class Arrival(Protocol):
    """A packet-in as the stream gives it: the frame, and the fields of `packet_in` by name."""

    @property
    def payload(self) -> bytes: ...

    @property
    def metadata(self) -> Mapping[str, int]: ...


def precedence(packet: Arrival, asked: Callable[[NeighborKey], bool]) -> tuple[int, int]:
    """(Class, ingress port). `asked` says whether a neighbour's answer is awaited; it is called from the thread that
    receives. Never raises for what a packet holds."""
    fields = packet.metadata
    port = fields.get("ingress_port", 0)
    reason = fields.get("reason", 0) & ~O_FLAG_TOO
    kind = _BY_REASON.get(reason, Precedence.ERRORS)
    if kind is Precedence.NEIGHBORS:
        address = _answered(packet.payload, reason)
        if address and asked(NeighborKey.of(InterfaceId(port, _vlan(packet.payload)), address)):
            kind = Precedence.AWAITED
    return kind, port


def _vlan(frame: bytes) -> int:
    return int.from_bytes(frame[14:16], "big") & 0xFFF if _is_tagged(frame) else 0


def _is_tagged(frame: bytes) -> bool:
    return frame[12:14] == raw.ETHERTYPE_VLAN.to_bytes(2, "big")


def _answered(frame: bytes, reason: int) -> bytes:
    """The address that an advertisement or an ARP reply is about; empty when the frame is neither."""
    packet = frame[18 if _is_tagged(frame) else 14 :]
    if reason == PuntReason.ARP:
        return packet[14:18] if len(packet) >= 18 and packet[6:8] == arp.REPLY.to_bytes(2, "big") else b""
    if len(packet) >= 64 and packet[40] == ndp.NEIGHBOR_ADVERTISEMENT:
        return packet[48:64]
    return b""
