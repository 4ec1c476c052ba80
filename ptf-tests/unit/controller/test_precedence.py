# SPDX-License-Identifier: Apache-2.0
"""Which packet-in comes first."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from srv6cp.controller.inbox import Inbox
from srv6cp.controller.precedence import SHARES, Precedence, precedence
from srv6cp.model import InterfaceId, NeighborKey, PuntReason
from srv6cp.p4rt import PacketIn

WANTED = ip_address("2001:db8:2::2")
WANTED4 = ip_address("10.0.2.2")
MACS = bytes(12)
IPV6 = bytes.fromhex("6000000000203aff") + bytes(32)


def advertisement(target: str, kind: int = 136) -> bytes:
    return IPV6 + bytes((kind, 0, 0, 0, 0x60, 0, 0, 0)) + ip_address(target).packed


def arp(operation: int, sender: str) -> bytes:
    return bytes.fromhex("0001080006040000")[:6] + bytes((0, operation)) + bytes(6) + ip_address(sender).packed


def of(reason: PuntReason, packet: bytes, port: int = 2, vlan: int = 0) -> tuple[int, int]:
    kind = b"\x86\xdd" if reason is not PuntReason.ARP else b"\x08\x06"
    tag = b"\x81\x00" + vlan.to_bytes(2, "big") if vlan else b""
    asked = {NeighborKey(InterfaceId(2, 0), WANTED), NeighborKey(InterfaceId(2, 100), WANTED4)}
    arrival = PacketIn(MACS + tag + kind + packet, {"reason": int(reason), "ingress_port": port})
    return precedence(arrival, asked.__contains__)


def test_an_answer_that_is_waited_for_comes_before_other_neighbour_discovery() -> None:
    assert of(PuntReason.NDP, advertisement("2001:db8:2::2")) == (Precedence.AWAITED, 2)
    assert of(PuntReason.ARP, arp(2, "10.0.2.2"), vlan=100) == (Precedence.AWAITED, 2)


@pytest.mark.parametrize(
    ("reason", "packet", "port"),
    [
        (PuntReason.NDP, advertisement("2001:db8:2::3"), 2),
        (PuntReason.NDP, advertisement("2001:db8:2::2"), 1),
        (PuntReason.NDP, advertisement("2001:db8:2::2", kind=135), 2),
        (PuntReason.NDP, IPV6, 2),
        (PuntReason.NDP, b"", 2),
        (PuntReason.ARP, arp(2, "10.0.2.2"), 2),
        (PuntReason.ARP, arp(1, "10.0.2.2"), 2),
        (PuntReason.ARP, b"\x00", 2),
    ],
)
def test_an_answer_that_nobody_asked_for_is_as_any_other(reason: PuntReason, packet: bytes, port: int) -> None:
    assert of(reason, packet, port) == (Precedence.NEIGHBORS, port)


def test_every_reason_has_its_class() -> None:
    classes = {reason: Precedence(of(reason, b"")[0]) for reason in PuntReason if reason}
    assert {reason for reason, kind in classes.items() if kind is Precedence.ECHO} == {
        PuntReason.ECHO,
        PuntReason.GTP_ECHO,
    }
    assert {reason for reason, kind in classes.items() if kind is Precedence.SERVICE} == {
        PuntReason.LOCAL,
        PuntReason.NEIGHBOR_UNRESOLVED,
        PuntReason.FRAGMENT,
        PuntReason.REASSEMBLY,
        PuntReason.NSH,
    }
    assert set(SHARES) == set(Precedence)


def test_a_neighbour_that_answers_is_heard_through_a_flood_of_solicitations_and_pings() -> None:
    inbox: Inbox[PacketIn] = Inbox(1024, lambda packet: precedence(packet, lambda key: key.address == WANTED), SHARES)

    def arrive(reason: PuntReason, port: int, packet: bytes = b"") -> PacketIn:
        arrival = PacketIn(MACS + b"\x86\xdd" + packet, {"reason": int(reason), "ingress_port": port})
        inbox.put(arrival)
        return arrival

    for _ in range(5000):
        arrive(PuntReason.NDP, 1)
        arrive(PuntReason.ECHO, 1)
    ping = arrive(PuntReason.ECHO, 2)
    answer = arrive(PuntReason.NDP, 2, advertisement("2001:db8:2::2"))
    taken = inbox.take(None, 16)
    assert isinstance(taken, list)
    assert taken[0] is answer
    assert ping in taken
