# SPDX-License-Identifier: Apache-2.0
"""The upper-layer header at a SID (RFC 8986 4.1.1): no SRH, or none with segments left, at every behaviour."""

from __future__ import annotations

from endpoint_base import (
    EVERY,
    HOST,
    IN4,
    IN6,
    LAST,
    NEXT,
    OUT4,
    OUT6,
    TAKES4,
    TAKES6,
    TAKES_FRAMES,
    THEN,
    Endpoint,
    EndpointTest,
    extension_chains,
    for_each,
    plain,
)
from srv6_base import behaviours, craft, rfc, rule, wire

TYPICAL = (*plain(("End", "End.DT46", "End.B6.Encaps")), Endpoint("End.X", ("psp", "usp", "usd")))


def refuses6(endpoint: Endpoint) -> bool:
    """Whether an inner IPv6 packet is an error there."""
    return endpoint.behaviour not in TAKES6 and "usd" not in endpoint.flavors


def refuses4(endpoint: Endpoint) -> bool:
    """Whether an inner IPv4 packet is an error there."""
    return endpoint.behaviour not in TAKES4 and "usd" not in endpoint.flavors


@for_each(EVERY)
@rfc("8986", "4.1.1", "S04")
@rule("UL-1", "UL-3", "B6-4", "FLV-4", "END-8", "CNT-1")
class NoSrh(EndpointTest):
    """UDP to the SID without SRH: Parameter Problem code 4 at the upper-layer header, offset 40."""

    def runTest(self) -> None:
        self.refused(craft.ip6(HOST, self.sid, craft.udp(b"x")), 4, 4, 40, "UPPER_LAYER")


@for_each(EVERY)
@rfc("8986", "4.1", "S02", "S03")
@rfc("8986", "4.1.1", "S04")
@rule("UL-1", "UL-3", "B6-4", "FLV-4", "FLV-6", "END-2", "END-8")
class SegmentsLeftZero(EndpointTest):
    """UDP behind an exhausted SRH: code 4 at the upper-layer header, quoting the packet with its SRH."""

    def runTest(self) -> None:
        self.refused(self.packet([self.sid, NEXT, THEN], 0), 4, 4, 40 + 8 + 48, "UPPER_LAYER")


@for_each(EVERY)
@rfc("8986", "4.1.1", "S02")
@rule("UL-1", "UL-2", "END-2", "END-8", "OAM-4", "OAM-6", "DEC-6", "CNT-1")
class Ping(EndpointTest):
    """An echo request to the SID is answered from the SID, without SRH; at any hop limit, with and without SRH."""

    def runTest(self) -> None:
        request = craft.echo_request(data=b"hello")
        reply = wire.ip6(self.sid, HOST, wire.echo_reply(HOST, self.sid, data=b"hello"))
        packets = [craft.ip6(HOST, self.sid, request, hl=hl) for hl in (64, 1, 0)]
        packets += [self.packet([self.sid, NEXT], 0, request, hl=hl) for hl in (64, 1, 0)]
        for packet in packets:
            self.send(1, packet)
            self.expect_only(1, reply)
        self.expect_no_drop()
        self.expect_sid_counter(self.endpoint.prefix, packets=6, size=sum(map(len, packets)))


@for_each(plain(("End.B6.Encaps", "End.B6.Insert")))
@rfc("8986", "4.13")
@rule("B6-4", "CNT-1")
class PingIsNoTrafficOfThePolicy(EndpointTest):
    """A ping to a binding SID, and an error at it, do not count for the policy."""

    def runTest(self) -> None:
        self.send(1, craft.ip6(HOST, self.sid, craft.echo_request()))
        self.expect(1, wire.ip6(self.sid, HOST, wire.echo_reply(HOST, self.sid)))
        packet = craft.ip6(HOST, self.sid, craft.udp())
        self.send(1, packet)
        self.expect_icmp6(1, 4, 4, 40, packet)
        assert self.policy_counter("north").packets == 0, self.policy_counter("north")


@for_each(EVERY)
@rfc("8986", "4.1", "S02")
@rule("END-2", "DEC-1", "DEC-2", "DEC-6")
class NotExaminedAtSegmentsLeftZero(EndpointTest):
    """At Segments Left 0 neither hop limit nor Last Entry nor the list are looked at."""

    def runTest(self) -> None:
        for hl in (0, 1, 64):
            for last in (0, 1, 200, 255):
                packet = self.packet([self.sid, NEXT], 0, hl=hl, le=last)
                self.send(1, packet)
                self.expect_icmp6(1, 4, 4, 80, packet)
        self.expect_drop("UPPER_LAYER", 12)
        packet = self.packet([], 0, hel=0, le=0)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 4, 48, packet)


@for_each(tuple(e for e in EVERY if refuses6(e)))
@rfc("8986", "4.1.1", "S04")
@rule("UL-3", "DEC-3")
class WrongInnerIpv6(EndpointTest):
    """An inner IPv6 packet where none is decapsulated: code 4 at the inner header."""

    def runTest(self) -> None:
        inner = craft.ip6(IN6, OUT6, craft.udp())
        self.refused(self.packet([self.sid], 0, inner), 4, 4, 64, "UPPER_LAYER")


@for_each(tuple(e for e in EVERY if refuses4(e)))
@rfc("8986", "4.1.1", "S04")
@rule("UL-3", "DEC-3")
class WrongInnerIpv4(EndpointTest):
    """An inner IPv4 packet where none is decapsulated: code 4 at the inner header."""

    def runTest(self) -> None:
        self.refused(craft.ip6(HOST, self.sid, craft.ip4(IN4, OUT4, craft.udp())), 4, 4, 40, "UPPER_LAYER")


@for_each(tuple(e for e in EVERY if e.behaviour not in TAKES_FRAMES))
@rfc("8986", "4.1.1", "S04")
@rule("UL-3", "DEC-3")
class WrongInnerFrame(EndpointTest):
    """An inner Ethernet frame where none is decapsulated: code 4 at the frame."""

    def runTest(self) -> None:
        self.refused(craft.ip6(HOST, self.sid, craft.raw(bytes(60), wire.ETHERNET)), 4, 4, 40, "UPPER_LAYER")


@for_each(EVERY)
@rfc("8986", "4.1.1", "S04")
@rule("UL-3", "DEC-13")
class NoNextHeader(EndpointTest):
    """Next header 59 is no upper layer that is allowed, nor an Ethernet frame (as in old drafts)."""

    def runTest(self) -> None:
        packet = craft.srv6(HOST, [self.sid], segments_left=0, payload=craft.raw(bytes(60), wire.NO_NEXT))
        self.send(1, packet)
        self.expect_icmp6(1, 4, 4, 64, packet)
        self.send(1, packet := craft.ip6(HOST, self.sid, craft.raw(b"", wire.NO_NEXT)))
        self.expect_icmp6(1, 4, 4, 40, packet)
        self.expect_drop("UPPER_LAYER", 2)


@for_each(TYPICAL)
@rfc("8986", "4.1.1", "S04")
@rule("UL-3")
class OtherUpperLayers(EndpointTest):
    """TCP, ESP, mobility, SCTP, MPLS, an unknown one: all of them are upper layers that are not allowed."""

    def runTest(self) -> None:
        for proto in (wire.TCP, 50, 132, 137, 139, 253, 255, 1, 2, 47):
            packet = self.packet([self.sid], 0, craft.raw(bytes(24), proto))
            self.send(1, packet)
            self.expect_icmp6(1, 4, 4, 64, packet)
        self.expect_drop("UPPER_LAYER", 10)


@for_each(TYPICAL)
@rfc("8986", "4.1.1")
@rfc("8200", "4.1")
@rule("UL-4", "UL-3")
class ExtensionHeadersAreWalked(EndpointTest):
    """The upper layer is the first header that is no extension header; the pointer names it."""

    def runTest(self) -> None:
        for name, chain, length in extension_chains():
            with self.subTest(name):
                packet = craft.ip6(HOST, self.sid, chain(craft.udp(b"x")))
                self.send(1, packet)
                self.expect_icmp6(1, 4, 4, 40 + length, packet)
        for payload, length in (
            (craft.srh([self.sid], sl=0, payload=craft.dstopt(craft.udp())), 24 + 8),
            (craft.hbh(craft.srh([self.sid, NEXT], sl=0, payload=craft.dstopt(craft.udp(), bytes(20)))), 8 + 40 + 24),
            (craft.fragment(craft.udp(), more=False), 8),
            (craft.srh([self.sid], sl=0, payload=craft.srh([self.sid], sl=0, payload=craft.udp())), 48),
            (craft.srh([self.sid], sl=0, tlvs=[craft.padn(7), craft.pad1()], payload=craft.udp()), 32),
        ):
            packet = craft.ip6(HOST, self.sid, payload)
            self.send(1, packet)
            self.expect_icmp6(1, 4, 4, 40 + length, packet)
        self.expect_nothing()


@for_each(TYPICAL)
@rfc("8986", "4.1.1")
@rule("UL-2", "UL-4")
class PingThroughExtensionHeaders(EndpointTest):
    """An allowed upper layer is found behind extension headers, too."""

    def runTest(self) -> None:
        request = craft.echo_request()
        reply = wire.ip6(self.sid, HOST, wire.echo_reply(HOST, self.sid))
        for payload in (
            craft.dstopt(request),
            craft.hbh(craft.srh([self.sid], sl=0, payload=craft.dstopt(request))),
            craft.fragment(request, more=False),
        ):
            self.send(1, craft.ip6(HOST, self.sid, payload))
            self.expect_only(1, reply)


@for_each(TYPICAL)
@rfc("8200", "4.4")
@rule("SRH-10", "UL-4")
class OtherRoutingTypeWithoutSegmentsLeft(EndpointTest):
    """A routing header of another type with nothing left to visit is passed over."""

    def runTest(self) -> None:
        packet = self.packet([LAST], 0, rtype=2)
        self.refused(packet, 4, 4, 64, "UPPER_LAYER")


@for_each(TYPICAL)
@rfc("8200", "4.4")
@rule("SRH-10")
class OtherRoutingTypeBehindExhaustedSrh(EndpointTest):
    """... and one with segments left is an error, wherever it stands."""

    def runTest(self) -> None:
        packet = self.packet([self.sid], 0, craft.srh([LAST], sl=1, rtype=2, payload=craft.udp()))
        self.refused(packet, 4, 0, 64 + 2, "ROUTING_TYPE")


@for_each(EVERY)
@rfc("2473", "7")
@rule("UL-5")
class Fragments(EndpointTest):
    """The first, a middle and the last fragment at a SID: dropped, since it is not reassembled there."""

    def runTest(self) -> None:
        inner = craft.ip6(IN6, OUT6, craft.udp(bytes(64)))
        for payload in (bytes(inner)[:24], inner):
            for offset, more in ((0, True), (4, True), (4, False)):
                piece = craft.fragment(payload, offset=offset, more=more, nh=wire.IPV6)
                self.send(1, craft.ip6(HOST, self.sid, piece))
                self.send(1, self.packet([self.sid], 0, piece))
        self.expect_nothing()
        self.expect_drop("FRAGMENT_AT_SID", 12)
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=12)


@for_each(TYPICAL)
@rfc("8200", "4.5")
@rule("UL-5")
class SrhInsideFragment(EndpointTest):
    """A Fragment header in front of the SRH: the SRH is in the fragmentable part, nothing is processed."""

    def runTest(self) -> None:
        srh = craft.srh([LAST, NEXT], sl=1, payload=craft.udp())
        self.discarded(craft.ip6(HOST, self.sid, craft.fragment(srh)), "FRAGMENT_AT_SID")


@for_each(EVERY)
@rfc("8200", "3")
@rule("UL-4")
class TooManyExtensionHeaders(EndpointTest):
    """More extension headers than a SID walks (four): dropped, told apart by its reason, never mistaken."""

    def runTest(self) -> None:
        payload = craft.udp()
        for _ in range(5):
            payload = craft.dstopt(payload)
        self.discarded(craft.ip6(HOST, self.sid, payload), "EXTENSION_CHAIN")


@for_each(TYPICAL)
@rfc("8200", "3")
@rule("UL-4")
class CutBeforeUpperLayer(EndpointTest):
    """The packet ends inside the headers in front of the upper layer: dropped."""

    def runTest(self) -> None:
        headers = bytes(craft.hbh(craft.srh([self.sid, NEXT], sl=0, payload=craft.dstopt(b"", nh=wire.UDP))))
        assert len(headers) == 8 + 40 + 8
        for cut in range(len(headers)):
            self.send(1, craft.ip6(HOST, self.sid, headers[:cut], nh=wire.HOP_BY_HOP))
        self.expect_nothing()
        self.expect_drop("HEADER_TRUNCATED", len(headers))


@for_each(TYPICAL)
@rfc("8200", "3")
@rule("UL-4")
class ExhaustedSrhLongerThanPacket(EndpointTest):
    """An exhausted SRH that says it is longer than the packet, or than Payload Length."""

    def runTest(self) -> None:
        self.send(1, self.packet([self.sid, NEXT], 0, hel=200))
        self.send(
            1, craft.ip6(HOST, self.sid, craft.srh([self.sid, NEXT], sl=0, payload=craft.udp(bytes(40))), plen=24)
        )
        self.expect_nothing()
        self.expect_drop("HEADER_TRUNCATED", 2)


@behaviours("End")
@rfc("9259", "A.2")
@rule("UL-2", "OAM-5")
class UdpAllowed(EndpointTest):
    """UDP allowed by configuration: a port that nobody listens on is Port Unreachable, a ping an error then."""

    def runTest(self) -> None:
        self.endpoints(upper_layer=["udp"])
        for packet in (craft.ip6(HOST, self.sid, craft.udp(b"x", dport=33434)), self.packet([self.sid, NEXT], 0)):
            self.send(1, packet)
            self.expect_icmp6(1, 1, 4, 0, packet)
        self.expect_no_drop()
        self.refused_ping()

    def refused_ping(self) -> None:
        """Ping where 58 is not among the allowed types."""
        packet = craft.ip6(HOST, self.sid, craft.echo_request())
        self.send(1, packet)
        self.expect_icmp6(1, 4, 4, 40, packet)
        self.expect_drop("UPPER_LAYER")


@behaviours("End")
@rfc("4443", "2.4")
@rule("UL-3")
class NoErrorAboutErrorAtSid(EndpointTest):
    """An ICMPv6 error to a SID is neither answered nor an error."""

    def runTest(self) -> None:
        message = craft.icmp6(1, 0, bytes(48))
        self.send(1, craft.ip6(HOST, self.sid, message))
        self.expect_nothing()
        self.expect_no_drop()


@behaviours("End", "VLAN")
@rfc("9259", "A.1")
@rule("UL-2", "OAM-4", "CNT-1")
class PingFromVlan(EndpointTest):
    """A ping out of a VLAN is answered into it."""

    def runTest(self) -> None:
        host = "2001:db8:100::2"
        packet = craft.ip6(host, self.sid, craft.echo_request())
        self.send(1, packet, vlan=100)
        self.expect(1, wire.ip6(self.sid, host, wire.echo_reply(host, self.sid)), vlan=100)
        self.expect_nothing()
        self.expect_sid_counter(self.endpoint.prefix, packets=1, size=len(packet))
