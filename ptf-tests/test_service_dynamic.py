# SPDX-License-Identifier: Apache-2.0
"""End.AD, End.AD per flow, End.EAD: proxies that learn headers (draft-xuclad-spring-sr-service-programming-01 6.2)."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Any

from service_base import (
    AD,
    DST6,
    EAD,
    FLOW,
    HOST,
    INNER4,
    INNER6,
    LAST,
    NEXT,
    ONE,
    SRC6,
    ServiceTest,
    back_with,
    chain,
)

from srv6_base import Frame, behaviours, craft, rule, wire

SERVICES: list[dict[str, Any]] = [
    {"name": "fw", "via": "2001:db8:3::2", "in": 4},
    {"name": "one", "via": "10.0.5.2"},
    {"name": "flows", "proxy": "per-flow", "via": "2001:db8:7::2", "in": 8, "limit": 2},
    {"name": "six", "type": "ipv6", "via": "2001:db8:6::2"},
]
SIX = "fcbb:bb00:1:a6::"
SIDS = {
    AD: ("End.AD", "fw"),
    EAD: ("End.EAD", "fw"),
    ONE: ("End.AD", "one"),
    FLOW: ("End.AD.FLOW", "flows"),
    SIX: ("End.AD", "six"),
}


class DynamicTest(ServiceTest):
    def setUp(self) -> None:
        super().setUp()
        self.services(SERVICES, SIDS)


@behaviours("End.AD")
@rule("PX-1", "PX-2", "PX-8")
class LearnsAndPutsBack(DynamicTest):
    """The first packet waits in the control plane and is not lost; what comes back gets the headers, IPv4 as IPv6."""

    def runTest(self) -> None:
        for inner in (INNER6, INNER4):
            packet = chain(AD, NEXT, LAST, payload=inner, tc=0x28, fl=0x12345)
            self.through(packet, inner, 3, 4)
            self.expect_only(2, back_with(packet, inner))
        assert self.punts() == {"SERVICE_CACHE": 1}
        self.expect_sid_counter(f"{AD}/64", packets=2)
        self.expect_no_drop()


@behaviours("End.AD")
@rule("PX-2", "PX-8")
class OneInterface(DynamicTest):
    """srext's single-interface demo: the service answers where it was sent to, from another MAC address."""

    def runTest(self) -> None:
        packet = chain(ONE, NEXT, payload=INNER6)
        self.through(packet, INNER6, 5, 5)
        self.expect_only(2, back_with(packet, INNER6))


@behaviours("End.AD")
@rule("PX-2")
class EveryLength(DynamicTest):
    """Lists of 1 to 16 entries, reduced or not, and TLVs that end with a block of 16 bytes."""

    def runTest(self) -> None:
        others = [f"fcbb:bb00:f{number:03x}::" for number in range(1, 16)]
        for count in range(1, 16):
            packet = chain(AD, *others[:count], payload=INNER6)
            self.through(packet, INNER6, 3, 4)
            self.expect_only(2, back_with(packet, INNER6))
        reduced = craft.srv6(HOST, wire.path(NEXT, LAST), segments_left=2, dst=AD, payload=INNER4)
        self.through(reduced, INNER4, 3, 4)
        self.expect_only(2, back_with(reduced, INNER4))
        tlvs = chain(AD, NEXT, LAST, payload=INNER6, tag=71, flags=0x08, tlvs=[craft.tlv(124, bytes(14))])
        self.through(tlvs, INNER6, 3, 4)
        self.expect_only(2, back_with(tlvs, INNER6))
        middle = chain(others[0], AD, NEXT, LAST, payload=INNER6, left=2)
        self.through(middle, INNER6, 3, 4)
        self.expect_only(2, back_with(middle, INNER6))
        self.expect_no_drop()


@behaviours("End.AD")
@rule("PX-2")
class WhatIsCompared(DynamicTest):
    """A hop limit within the margin, another flow label and ECN are no change; DSCP, tag and list are."""

    def runTest(self) -> None:
        first = chain(AD, NEXT, LAST, payload=INNER6, hl=60, fl=7)
        self.through(first, INNER6, 3, 4)
        self.expect_only(2, back_with(first, INNER6))
        for fields in ({"hl": 64, "fl": 8}, {"hl": 56, "tc": 2}):
            inner = INNER6 if "tc" not in fields else craft.ip6(SRC6, DST6, craft.udp(b"payload"), tc=2)
            self.through(chain(AD, NEXT, LAST, payload=inner, **fields), inner, 3, 4)
            self.expect_only(2, back_with(first, inner))
        assert self.punts() == {"SERVICE_CACHE": 1}
        changes: tuple[dict[str, Any], ...] = ({"hl": 65}, {"hl": 70, "tc": 0x20}, {"tag": 3}, {"flags": 8})
        for count, fields in enumerate(changes, 2):
            packet = chain(AD, NEXT, LAST, payload=INNER6, **fields)
            self.through(packet, INNER6, 3, 4)
            self.expect_only(2, back_with(packet, INNER6))
            assert self.punts() == {"SERVICE_CACHE": count}
        for more in ([NEXT, "fcbb:bb00:8:1::", LAST], [NEXT, "fcbb:bb00:8:2::", "fcbb:bb00:8:1::", LAST],
                     [NEXT, "fcbb:bb00:8:2::", "fcbb:bb00:8:3::", LAST]):  # fmt: skip
            packet = chain(AD, *more, payload=INNER6)
            self.through(packet, INNER6, 3, 4)
            self.expect_only(2, back_with(packet, INNER6))
        assert self.punts() == {"SERVICE_CACHE": 8}


@behaviours("End.AD")
@rule("PX-2")
class LastWriterWins(DynamicTest):
    """Two chains through one interface: what comes back gets the headers of the last packet that went there."""

    def runTest(self) -> None:
        one, two = chain(AD, NEXT, LAST, payload=INNER6), chain(AD, LAST, payload=INNER4)
        self.send(1, one)
        self.expect_only(3, wire.unchanged(INNER6))
        self.send(1, two)
        self.expect_only(3, wire.unchanged(INNER4))
        self.send(4, INNER6)
        self.expect_only(2, back_with(two, INNER6))


@behaviours("End.AD")
@rule("PX-2", "PX-10")
class NoCache(DynamicTest):
    """Nothing is sent raw: without a cache what comes back is lost, and a bad packet does not spoil a good one."""

    def runTest(self) -> None:
        self.send(4, INNER6)
        self.expect_nothing()
        self.expect_drop("SERVICE_NO_CACHE")
        good = chain(AD, NEXT, LAST, payload=INNER6)
        self.through(good, INNER6, 3, 4)
        self.expect_only(2, back_with(good, INNER6))
        for bad, reason in (
            (craft.ip6(HOST, AD, INNER6), "SERVICE_LAST_SEGMENT"),
            (chain(NEXT, AD, payload=INNER6, left=0), "SERVICE_LAST_SEGMENT"),
            (craft.ip6(HOST, AD, craft.hbh(craft.srh([NEXT, AD], sl=1, payload=INNER6))), "SERVICE_NOT_CACHED"),
            (chain(AD, NEXT, payload=INNER6, tlvs=[craft.padn(8)]), "SERVICE_NOT_CACHED"),
            (chain(AD, *[LAST] * 16, payload=INNER6), "SERVICE_NOT_CACHED"),
        ):
            self.send(1, bad)
            self.expect_nothing()
            self.expect_drop(reason)
        self.send(4, INNER6)
        self.expect_only(2, back_with(good, INNER6))


@behaviours("End.AD")
@rule("PX-2", "END-3", "END-4")
class ErrorsBeforeTheService(DynamicTest):
    """END-3 to END-5 first, and what is inside has to be what the service takes (UL-3)."""

    def runTest(self) -> None:
        packet = chain(AD, NEXT, payload=INNER6, hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        packet = chain(AD, NEXT, payload=INNER6, le=4)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, 43, packet)
        packet = chain(AD, NEXT, payload=craft.udp(b"x"))
        self.send(1, packet)
        self.expect_icmp6(1, 4, 4, 80, packet)
        packet = chain(SIX, NEXT, payload=INNER4)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 4, 80, packet)
        self.send(1, chain(AD, NEXT, payload=craft.raw(b"E" + bytes(10), wire.IPV4)))
        self.expect_nothing()
        self.router.forget_drops()
        packet = chain(NEXT, AD, payload=craft.echo_request(), left=0)
        self.send(1, packet)
        self.expect_only(1, wire.ip6(AD, HOST, wire.echo_reply(AD, HOST), hl=64))


@behaviours("End.AD")
@rule("PX-8", "PX-9")
class HopLimitOnTheWayBack(DynamicTest):
    """Hop limit and TTL of what comes back are lowered; at 1 its source is told."""

    def runTest(self) -> None:
        packet = chain(AD, NEXT, LAST, payload=INNER6)
        self.through(packet, INNER6, 3, 4)
        self.expect_only(2, back_with(packet, INNER6))
        for inner in (craft.ip6("2001:db8:4::2", DST6, craft.udp(b"x"), hl=1),):
            self.send(4, inner)
            self.expect_icmp6(4, 3, 0, 0, inner)
        self.expect_drop("HOP_LIMIT_EXCEEDED")


@behaviours("End.AD")
@rule("PX-7", "PX-9")
class NeighborsOnTheServicePort(DynamicTest):
    """ND and ARP of the service are the node's; multicast and link-local destinations are not the chain's."""

    def runTest(self) -> None:
        packet = chain(AD, NEXT, LAST, payload=INNER6)
        self.through(packet, INNER6, 3, 4)
        self.expect_only(2, back_with(packet, INNER6))
        mac, own = self.neighbor_mac(4), self.mac(4)
        ask = craft.neighbor_solicitation("2001:db8:4::1", mac)
        for target in ("2001:db8:4::1", str(IPv6Address(int(IPv6Address("ff02::1:ff00:1"))))):
            self.send(4, Frame(craft.frame(
                craft.ip6("2001:db8:4::2", target, ask, hl=255),
                dst=own if target.startswith("2001") else "33:33:ff:00:00:01", src=mac,
            )))  # fmt: skip
            answer = self.receive(4)
            assert answer is not None and answer[54] == 136, "no neighbour advertisement"
        self.send(4, Frame(craft.ether(craft.arp(1, mac, "10.0.4.2", "00:00:00:00:00:00", "10.0.4.1"),
                                       dst="ff:ff:ff:ff:ff:ff", src=mac)))  # fmt: skip
        answer = self.receive(4)
        assert answer is not None and answer[12:14] == b"\x08\x06", "no ARP reply"
        self.expect_no_drop()
        self.send(4, Frame(craft.frame(craft.ip6("2001:db8:4::2", "ff0e::1", craft.udp(b"x")),
                                       dst="33:33:00:00:00:01", src=mac)))  # fmt: skip
        self.expect_nothing()
        self.expect_drop("MULTICAST")


@behaviours("End.AD")
@rule("PX-10")
class LengthsAreOfTheFrame(DynamicTest):
    """A packet of the service that is longer than its frame is lost; padding of the link is cut off."""

    def runTest(self) -> None:
        packet = chain(AD, NEXT, LAST, payload=INNER6)
        self.through(packet, INNER6, 3, 4)
        self.expect_only(2, back_with(packet, INNER6))
        self.send(4, craft.ip6(SRC6, DST6, craft.udp(b"x"), plen=200))
        self.expect_nothing()
        self.expect_drop("IP_HEADER_INVALID")
        short = craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(b""))
        frame = craft.frame(short, dst=self.mac(4), src=self.neighbor_mac(4))
        self.send(4, Frame(frame + bytes(60 - len(frame))))
        self.expect_only(2, back_with(packet, short))


@behaviours("End.AD")
@rule("PX-9")
class TypeOfTheService(DynamicTest):
    """What comes back has to be of the type of the service."""

    def runTest(self) -> None:
        packet = chain(SIX, NEXT, payload=INNER6)
        self.through(packet, INNER6, 6, 6)
        self.expect_only(2, back_with(packet, INNER6))
        self.send(6, INNER4)
        self.expect_nothing()
        self.expect_drop("SERVICE_TYPE")


@behaviours("End.EAD")
@rule("PX-3")
class ExtendedLastSegment(DynamicTest):
    """srext's End.EAD: with Segments Left 0, or without SRH, the service gets the packet, and nothing is cached."""

    def runTest(self) -> None:
        for packet in (chain(NEXT, EAD, payload=INNER6, left=0), craft.ip6(HOST, EAD, INNER6)):
            self.send(1, packet)
            self.expect_only(3, wire.unchanged(INNER6))
        assert self.punts() == {}
        self.send(4, INNER6)
        self.expect_nothing()
        self.expect_drop("SERVICE_NO_CACHE")
        packet = chain(EAD, NEXT, payload=INNER4)
        self.through(packet, INNER4, 3, 4)
        self.expect_only(2, back_with(packet, INNER4))


@behaviours("End.AD.FLOW")
@rule("PX-2")
class CacheOfEachFlow(DynamicTest):
    """Each flow has its headers; when there are too many the one least recently seen is forgotten."""

    def runTest(self) -> None:
        flows = [craft.ip6(SRC6, DST6, craft.udp(b"x", sport=1000 + number)) for number in range(2)]
        chains = [chain(FLOW, NEXT, LAST, payload=flows[0]), chain(FLOW, LAST, payload=flows[1])]
        for packet, inner in zip(chains, flows, strict=True):
            self.send(1, packet)
            self.expect_only(7, wire.unchanged(inner))
        assert self.punts() == {"SERVICE_FLOW": 2}
        for packet, inner in zip(chains, flows, strict=True):
            self.send(8, inner)
            self.expect_only(2, back_with(packet, inner))
        self.send(8, INNER4)
        self.expect_nothing()
        self.expect_drop("SERVICE_NO_CACHE")
        third = chain(FLOW, NEXT, payload=INNER4)
        self.through(third, INNER4, 7, 8)
        self.expect_only(2, back_with(third, INNER4))
        self.send(8, flows[0])
        self.expect_nothing()
        self.expect_drop("SERVICE_NO_CACHE")


@behaviours("End.AD")
@rule("PX-2", "END-10")
class ChainOnOneNode(DynamicTest):
    """One packet through several services of one node: the SRH leads from one to the next."""

    def runTest(self) -> None:
        packet = chain(AD, ONE, SIX, NEXT, LAST, payload=INNER6)
        for _ in range(2):
            self.send(1, packet)
            self.expect_only(3, wire.unchanged(INNER6))
            self.send(4, INNER6)
            once = wire.hop(INNER6)
            self.expect_only(5, once)
            self.send(5, bytes(once))
            twice = wire.hop(INNER6, 2)
            self.expect_only(6, twice)
            self.send(6, bytes(twice))
            self.expect_only(2, back_with(wire.advanced(wire.advanced(packet)), twice))
        self.expect_no_drop()
