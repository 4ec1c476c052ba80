# SPDX-License-Identifier: Apache-2.0
"""ARP (RFC 826, RFC 5227): what the router answers, and how it finds the neighbours that packets wait for."""

from __future__ import annotations

from typing import Any

from neighbor_base import BROADCAST, NeighborTest
from srv6_base import Frame, craft, rfc, wire

BEHAVIOURS = ("IPv4 router",)
HOST, OUT, OWN = "10.0.1.2", "10.0.2.2", "10.0.2.1"


def packet(dst: str = OUT, data: bytes = b"data", **fields: Any) -> craft.Packet:
    """From behind port 1."""
    return craft.ip4(HOST, dst, craft.udp(data), **fields)


@rfc("826", "")
@rfc("5227", "2.1.1")
class RequestIsAnswered(NeighborTest):
    """Broadcast and unicast requests, and probes from 0.0.0.0, for an own address of the interface."""

    def runTest(self) -> None:
        self.node(ports={1: {"addresses": ["10.0.1.1/24", "192.0.2.1/30"]}})
        for target, sender in (("10.0.1.1", HOST), ("192.0.2.1", "192.0.2.2"), ("10.0.1.1", "0.0.0.0")):
            for dst in (BROADCAST, self.mac(1)):
                self.send(1, self.arp_frame(1, 1, sender, target, dst=dst))
                reply = wire.arp(2, self.mac(1), target, self.neighbor_mac(1), sender)
                self.expect_only(
                    1, wire.ether(reply, dst=self.neighbor_mac(1), src=self.mac(1), ethertype=wire.ETH_ARP)
                )
        self.expect_no_drop()


@rfc("826", "")
class PaddedRequest(NeighborTest):
    """A request in a frame of the minimum length."""

    def runTest(self) -> None:
        self.node()
        self.send(1, Frame(bytes(self.arp_frame(1, 1, HOST, "10.0.1.1")).ljust(60, b"\0")))
        reply = wire.arp(2, self.mac(1), "10.0.1.1", self.neighbor_mac(1), HOST)
        self.expect_only(1, wire.ether(reply, dst=self.neighbor_mac(1), src=self.mac(1), ethertype=wire.ETH_ARP))


@rfc("826", "")
class NotAnswered(NeighborTest):
    """Other hosts' addresses, those of other ports, gratuitous ARP, replies, malformed packets: silence."""

    def runTest(self) -> None:
        self.node()
        for target in ("10.0.1.9", "10.0.2.1", HOST, "0.0.0.0"):
            self.send(1, self.arp_frame(1, 1, HOST, target))
        self.send(1, self.arp_frame(1, 2, HOST, "10.0.1.1", dst=self.mac(1), target_mac=self.mac(1)))
        good = bytes(self.arp_frame(1, 1, HOST, "10.0.1.1"))
        for broken in (
            good[:14] + b"\0\6" + good[16:],  # hardware type
            good[:16] + b"\x86\xdd" + good[18:],  # protocol type
            good[:18] + b"\x08\x04" + good[20:],  # address lengths
            good[:20] + b"\0\x03" + good[22:],  # operation
            good[:41],
            good[:14],
        ):
            self.send(1, Frame(broken))
        self.expect_nothing()


@rfc("826", "")
class NeighborWithoutAMac(NeighborTest):
    """A sender with MAC address 0, a group's or the router's own, or with an address that no host has: not learned."""

    def runTest(self) -> None:
        self.node()
        good = bytes(self.arp_frame(1, 1, HOST, "10.0.1.1"))
        for mac in (bytes(6), b"\xff" * 6, bytes.fromhex("01005e000001"), bytes.fromhex(self.mac(1).replace(":", ""))):
            self.send(1, Frame(good[:22] + mac + good[28:]))
        self.expect_nothing()
        for sender in ("10.0.1.255", "10.0.1.0"):
            self.send(1, self.arp_frame(1, 1, sender, "10.0.1.1"))
            reply = wire.arp(2, self.mac(1), "10.0.1.1", self.neighbor_mac(1), sender)
            self.expect_only(1, wire.ether(reply, dst=self.neighbor_mac(1), src=self.mac(1), ethertype=wire.ETH_ARP))
        assert self.router.controller is not None
        known = {row.address for row in self.router.controller.status().neighbors if row.mac}
        assert not known & {"10.0.1.255", "10.0.1.0"}, "learned"


@rfc("5227", "2.4")
class ConflictIsNotAnswered(NeighborTest):
    """Somebody uses our address: no answer to it that would spread the conflict, and nothing is learned."""

    def runTest(self) -> None:
        self.node()
        self.send(1, self.arp_frame(1, 1, "10.0.1.1", "10.0.1.1"))
        self.expect_nothing()


@rfc("826", "")
@rfc("1122", "2.3.2.2")
class ConnectedNeighborIsAskedFor(NeighborTest):
    """A packet to a host on a connected prefix: one request, then the packet, then packets without a
    question."""

    def runTest(self) -> None:
        self.unresolved()
        self.send(1, packet())
        self.expect_arp_request(2, OUT, OWN)
        self.expect_nothing()
        self.expect_drop("NEIGHBOR_UNRESOLVED")
        self.reply(2, OUT)
        self.expect_only(2, wire.hop(packet()))
        self.send(1, packet(data=b"more"))
        self.expect_only(2, wire.hop(packet(data=b"more")))
        self.expect_no_drop()

    def reply(self, port: int, sender: str, mac: str | None = None) -> None:
        """The neighbour answers."""
        own = f"10.0.{port}.1"
        self.send(port, self.arp_frame(port, 2, sender, own, target_mac=self.mac(port), dst=self.mac(port), mac=mac))


@rfc("1122", "2.3.2.2")
class QueueOfThree(ConnectedNeighborIsAskedFor):
    """Three packets wait, the newest; options and TTL 2 survive the wait."""

    def runTest(self) -> None:
        self.unresolved()
        packets = [packet(data=bytes((i,)), ttl=2, options=bytes((1, 1, 1, 0))) for i in range(5)]
        for one in packets:
            self.send(1, one)
        self.expect_arp_request(2, OUT, OWN)
        self.expect_nothing()
        self.reply(2, OUT)
        for one in packets[2:]:
            self.expect(2, wire.hop(one))
        self.expect_nothing()


@rfc("1812", "5.2.7.1")
@rfc("1122", "2.3.2.1")
class RetransmissionAndFailure(ConnectedNeighborIsAskedFor):
    """Three requests a second apart, then host unreachable to the source."""

    def runTest(self) -> None:
        self.unresolved(neighbors=[{"address": HOST, "port": 1, "mac": self.neighbor_mac(1)}])
        self.send(1, packet())
        self.expect_arp_request(2, OUT, OWN)
        for after in (1.1, 2.2):
            self.later(after)
            self.expect_arp_request(2, OUT, OWN)
            self.expect_nothing()
        self.later(3.3)
        self.expect_icmp4(1, 3, 1, 0, packet())
        self.expect_nothing()


@rfc("826", "")
class RequestTellsWhereItsSenderIs(ConnectedNeighborIsAskedFor):
    """A request for us is an answer at the same time; a gratuitous ARP moves a neighbour that is known."""

    def runTest(self) -> None:
        self.unresolved()
        self.send(1, packet())
        self.expect_arp_request(2, OUT, OWN)
        self.send(2, self.arp_frame(2, 1, OUT, OWN))
        self.router.settle()
        reply = wire.arp(2, self.mac(2), OWN, self.neighbor_mac(2), OUT)
        expected = [
            wire.ether(reply, dst=self.neighbor_mac(2), src=self.mac(2), ethertype=wire.ETH_ARP),
            self.frame_out(2, wire.hop(packet())),
        ]
        assert sorted(filter(None, (self.receive(2), self.receive(2)))) == sorted(expected)
        other = "02:00:00:00:02:99"
        self.send(2, self.arp_frame(2, 1, OUT, OUT, mac=other))
        self.expect_nothing()
        self.send(1, packet())
        self.expect_only(2, wire.ether(wire.hop(packet()), dst=other, src=self.mac(2)))


@rfc("826", "")
class StaticNeighborsStay(ConnectedNeighborIsAskedFor):
    """A configured neighbour is not changed by what the link says."""

    def runTest(self) -> None:
        self.node()
        self.reply(2, OUT, "02:00:00:00:66:66")
        self.send(2, self.arp_frame(2, 1, OUT, OUT, mac="02:00:00:00:66:66"))
        self.expect_nothing()
        self.send(1, packet())
        self.expect_only(2, wire.hop(packet()))


@rfc("826", "")
class NextHopOfRoute(ConnectedNeighborIsAskedFor):
    """The next hop of a route is found for packets to the prefix; one in VRF blue does not help another VRF."""

    def runTest(self) -> None:
        self.unresolved(routes=[{"prefix": "198.51.100.0/24", "via": OUT}])
        early = packet("198.51.100.1")
        self.send(1, early)
        self.expect_nothing()
        self.reply(2, OUT)
        self.expect_only(2, wire.hop(early))
        self.send(1, packet("198.51.100.2"))
        self.expect_only(2, wire.hop(packet("198.51.100.2")))
