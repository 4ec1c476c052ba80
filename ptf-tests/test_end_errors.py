# SPDX-License-Identifier: Apache-2.0
"""What the skeleton of RFC 8986 4.1 refuses, the ICMPv6 errors to the byte, and which error wins."""

from __future__ import annotations

from endpoint_base import (
    ADVANCING,
    FLAVORED,
    HOST,
    LAST,
    NEXT,
    THEN,
    Endpoint,
    EndpointTest,
    extension_chains,
    for_each,
    plain,
)
from srv6_base import behaviours, craft, rfc, rule, wire


@for_each(plain(ADVANCING))
@rfc("8986", "4.1", "S09", "S10")
@rule("END-4", "SRH-7", "CNT-1")
class SegmentsLeftTooLarge(EndpointTest):
    """Segments Left = Last Entry + 2: Parameter Problem at Segments Left, quoting the packet as it arrived."""

    def runTest(self) -> None:
        self.refused(self.packet([LAST, NEXT], 3), 4, 0, 43, "SRH_SEGMENTS_LEFT")


@for_each(plain(FLAVORED))
@rfc("8986", "4.1", "S09", "S10")
@rule("END-4", "SRH-9")
class SegmentsLeftFarTooLarge(EndpointTest):
    """Every larger value as well, those included at which Segment List[SL - 1] is far behind the packet."""

    def runTest(self) -> None:
        for left in (4, 5, 127, 128, 129, 254, 255):
            packet = self.packet([LAST, NEXT], left)
            self.send(1, packet)
            self.expect_icmp6(1, 4, 0, 43, packet)
            self.expect_drop("SRH_SEGMENTS_LEFT")


@for_each(plain(ADVANCING))
@rfc("8986", "4.1", "S08", "S09", "S10")
@rule("END-4", "SRH-2")
class LastEntryTooLarge(EndpointTest):
    """Last Entry above max_LE, though Segments Left would be in the list."""

    def runTest(self) -> None:
        for last in (2, 3, 128, 255):
            packet = self.packet([LAST, NEXT], 1, le=last)
            self.send(1, packet)
            self.expect_icmp6(1, 4, 0, 43, packet)
            self.expect_drop("SRH_SEGMENTS_LEFT")
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=4)


@for_each(plain(ADVANCING))
@rfc("8986", "4.1", "S08", "S09", "S10")
@rule("END-17", "END-4")
class HeaderLengthZeroAndOne(EndpointTest):
    """Hdr Ext Len 0 and 1: max_LE is -1, so that Last Entry 0 is too large already."""

    def runTest(self) -> None:
        for length, body in ((0, b""), (1, bytes(8)), (0, bytes(32)), (1, bytes(32))):
            for left in (1, 2, 255):
                upper = craft.raw(body, wire.UDP)
                packet = self.packet([], left, upper, hel=length, le=0, tlvs=b"")
                self.send(1, packet)
                self.expect_icmp6(1, 4, 0, 43, packet)
                self.expect_drop("SRH_SEGMENTS_LEFT")


@for_each(plain(ADVANCING))
@rfc("8986", "4.1", "S05", "S06")
@rule("END-3", "END-9", "CNT-1")
class HopLimitOne(EndpointTest):
    """Hop limit 1: Time Exceeded, quoting destination and Segments Left as they arrived."""

    def runTest(self) -> None:
        self.refused(self.packet([LAST, NEXT, self.sid], 2, hl=1), 3, 0, 0, "HOP_LIMIT_EXCEEDED")


@for_each(plain(ADVANCING))
@rfc("8986", "4.1", "S05", "S06")
@rule("END-3", "END-9")
class HopLimitZero(EndpointTest):
    """Hop limit 0: as 1."""

    def runTest(self) -> None:
        self.refused(self.packet([LAST, NEXT, self.sid], 2, hl=0), 3, 0, 0, "HOP_LIMIT_EXCEEDED")


@for_each(plain(ADVANCING))
@rfc("8986", "4.1", "S05", "S09")
@rule("END-3", "END-4", "END-9")
class HopLimitBeforeBounds(EndpointTest):
    """Hop limit 1 and Segments Left out of range: the hop limit is tested first."""

    def runTest(self) -> None:
        self.refused(self.packet([LAST, NEXT], 9, hl=1), 3, 0, 0, "HOP_LIMIT_EXCEEDED")


@for_each(plain(FLAVORED))
@rfc("8200", "4.4")
@rfc("8754", "4.3.1.1")
@rule("END-3", "END-4", "SRH-10")
class PointersBehindExtensionHeaders(EndpointTest):
    """With Hop-by-Hop and Destination Options in front, pointers name the field where it is."""

    def runTest(self) -> None:
        for name, chain, length in extension_chains():
            with self.subTest(name):
                packet = craft.ip6(HOST, self.sid, chain(craft.srh([LAST, NEXT], sl=3, payload=craft.udp())))
                self.send(1, packet)
                self.expect_icmp6(1, 4, 0, 43 + length, packet)
                self.expect_drop("SRH_SEGMENTS_LEFT")
                packet = craft.ip6(HOST, self.sid, chain(craft.srh([LAST, NEXT], sl=1, rtype=3, payload=craft.udp())))
                self.send(1, packet)
                self.expect_icmp6(1, 4, 0, 42 + length, packet)
                self.expect_drop("ROUTING_TYPE")
                packet = craft.ip6(HOST, self.sid, chain(craft.srh([LAST, NEXT], sl=1, payload=craft.udp())), hl=1)
                self.send(1, packet)
                self.expect_icmp6(1, 3, 0, 0, packet)
                self.expect_drop("HOP_LIMIT_EXCEEDED")


@for_each(plain(ADVANCING))
@rfc("8200", "4.4")
@rule("SRH-10")
class OtherRoutingType(EndpointTest):
    """A routing header that is no SRH, with segments left: Parameter Problem at Routing Type."""

    def runTest(self) -> None:
        self.refused(self.packet([LAST, NEXT], 1, rtype=2), 4, 0, 42, "ROUTING_TYPE")


@for_each(plain(FLAVORED))
@behaviours("VLAN")
@rfc("8986", "4.1", "S09", "S10")
@rule("END-4")
class ErrorIntoVlan(EndpointTest):
    """A packet with a tag is answered in its VLAN, and quoted from its IPv6 header on."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT], 3, src="2001:db8:100::2")
        self.send(1, packet, vlan=100)
        self.expect(1, self.icmp6_error(4, 0, 43, packet, src="2001:db8:100::1"), vlan=100)
        self.expect_nothing()
        self.expect_drop("SRH_SEGMENTS_LEFT")
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=1)


@for_each(plain(ADVANCING))
@rfc("8200", "3")
@rule("SRH-2")
class CutAtEveryByte(EndpointTest):
    """The packet ends inside the SRH, at any byte: dropped, and nothing is read from behind its end."""

    def runTest(self) -> None:
        header = bytes(craft.srh([LAST, NEXT], sl=1, nh=wire.UDP))
        for cut in range(len(header)):
            self.send(1, craft.ip6(HOST, self.sid, header[:cut], nh=wire.ROUTING))
        self.expect_nothing()
        self.expect_drop("HEADER_TRUNCATED", len(header))
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=len(header))


@for_each(plain(FLAVORED))
@rfc("8200", "3")
@rule("SRH-2")
class CutInExtensionHeaders(EndpointTest):
    """The packet ends inside the headers in front of the SRH, or inside the SRH behind them."""

    def runTest(self) -> None:
        header = bytes(craft.hbh(craft.dstopt(craft.srh([LAST], sl=1, nh=wire.UDP), bytes((0x1E, 12)) + bytes(12))))
        assert len(header) == 8 + 16 + 24
        for cut in range(len(header)):
            self.send(1, craft.ip6(HOST, self.sid, header[:cut], nh=wire.HOP_BY_HOP))
        self.expect_nothing()
        self.expect_drop("HEADER_TRUNCATED", len(header))


@for_each(plain(FLAVORED))
@rfc("8200", "3")
@rule("SRH-2")
class SrhLongerThanPacket(EndpointTest):
    """Hdr Ext Len says more than there is, with Last Entry and Segments Left in its range."""

    def runTest(self) -> None:
        for length, last, left in ((6, 2, 2), (6, 2, 3), (6, 0, 1), (254, 126, 1), (254, 126, 127), (255, 126, 127)):
            self.send(1, self.packet([LAST, NEXT], left, hel=length, le=last))
        self.expect_nothing()
        self.expect_drop("HEADER_TRUNCATED", 6)


@for_each(plain(FLAVORED))
@rfc("8200", "3")
@rule("SRH-2")
class PayloadLengthTooSmall(EndpointTest):
    """Payload Length ends inside the SRH: what is behind it (a trailer of the frame) is not part of the packet."""

    def runTest(self) -> None:
        srh = craft.srh([LAST, NEXT], sl=1, payload=craft.udp(b"payload"))
        for length in (0, 7, 8, 24, 39):
            self.send(1, craft.ip6(HOST, self.sid, srh, plen=length))
        self.expect_nothing()
        self.expect_drop("HEADER_TRUNCATED", 5)
        self.send(1, craft.ip6(HOST, self.sid, srh, plen=40))  # just the SRH: a packet without payload
        frame = self.receive(self.endpoint.exit)
        assert frame is not None and frame[14 + 4 : 14 + 6] == b"\0\x28"


@for_each(plain(FLAVORED))
@rfc("8200", "3")
@rule("SRH-2")
class PayloadLengthTooLarge(EndpointTest):
    """Payload Length is more than the frame holds: not a packet, whatever it is for."""

    def runTest(self) -> None:
        srh = craft.srh([LAST, NEXT], sl=1, payload=craft.udp(b"payload"))
        for length in (len(srh) + 1, 0xFFFF):
            self.send(1, craft.ip6(HOST, self.sid, srh, plen=length))
        self.expect_nothing()
        self.expect_drop("IP_HEADER_INVALID", 2)
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=0)


@behaviours("End")
@rfc("4443", "2.4")
@rule("END-4")
class LongPacketQuoted(EndpointTest):
    """An error quotes as much as fits into 1280 bytes."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT], 3, craft.udp(bytes(range(256)) * 5))
        self.send(1, packet)
        self.expect(1, self.icmp6_error(4, 0, 43, packet, src="2001:db8:1::1"))
        self.expect_drop("SRH_SEGMENTS_LEFT")
        assert len(packet) > 1280 == len(self.icmp6_error(4, 0, 43, packet, src="2001:db8:1::1"))


@behaviours("End")
@rfc("4443", "2.4")
@rule("END-3", "END-4")
class NoErrorAboutErrors(EndpointTest):
    """An ICMPv6 error is not answered with one, also behind an SRH and other headers; an informational message is."""

    def runTest(self) -> None:
        for kind in (1, 2, 3, 4, 127):
            message = craft.icmp6(kind, 0, bytes(48))
            for upper in (message, craft.dstopt(message)):
                self.send(1, self.packet([LAST, NEXT], 3, upper))
                self.send(1, self.packet([LAST, NEXT], 1, upper, hl=1))
        self.expect_nothing()
        drops = self.drops()
        assert drops == {"SRH_SEGMENTS_LEFT": 10, "HOP_LIMIT_EXCEEDED": 10}, drops
        packet = self.packet([LAST, NEXT], 3, craft.echo_request())
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, 43, packet)


@behaviours("End")
@rfc("4443", "2.4")
@rule("END-4")
class NoErrorToNobody(EndpointTest):
    """No error to a source that does not name one node: unspecified, multicast, loopback."""

    def runTest(self) -> None:
        for source in ("::", "ff02::1", "ff0e::5", "::1"):
            self.send(1, self.packet([LAST, NEXT], 3, src=source))
        self.expect_nothing()
        assert sum(self.drops().values()) == 4


@for_each(plain(ADVANCING))
@rfc("4291", "2.5.2")
@rfc("4291", "2.5.6")
@rfc("4291", "2.7")
@rule("END-7", "CNT-1")
class SourceNotForwardable(EndpointTest):
    """A link-local, unspecified, loopback or multicast source never leaves its link, by way of a SID neither."""

    def runTest(self) -> None:
        sources = ("fe80::2", "::", "::1", "ff0e::5")
        for source in sources:
            self.send(1, self.packet([LAST, NEXT], 1, src=source))
        self.expect_nothing()
        self.expect_drop("SOURCE_INVALID", len(sources))
        # only a link-local source gets as far as the SID
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=1)


@behaviours("End")
@rfc("4443", "2.4")
@rule("END-4")
class ErrorToRemoteSource(EndpointTest):
    """The error is routed to the outer source address, not sent back by the port that the packet came in by."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT], 3, src=THEN)
        self.send(1, packet)
        self.expect(2, self.icmp6_error(4, 0, 43, packet, src="2001:db8:1::1"))
        self.expect_nothing()
        self.expect_drop("SRH_SEGMENTS_LEFT")


@behaviours("End")
@rfc("8754", "4.3.2")
@rule("END-14")
class SrhAtOwnAddress(EndpointTest):
    """An own address that is no SID: Segments Left not 0 is Parameter Problem at Routing Type, 0 is ignored."""

    def runTest(self) -> None:
        for address in ("2001:db8:1::1", "fcbb:bb00:1::1"):
            for left in (1, 9):
                packet = self.packet([LAST, NEXT], left, dst=address)
                self.send(1, packet)
                self.expect_icmp6(1, 4, 0, 42, packet)
                self.expect_drop("ROUTING_TYPE")
            request = craft.echo_request()
            self.send(1, self.packet([address, NEXT], 0, request, dst=address))
            self.expect_only(1, wire.ip6(address, HOST, wire.echo_reply(HOST, address)))
            self.expect_no_drop()


@behaviours("End")
@rfc("8754", "4.3.2")
@rule("END-14")
class SrhAtOwnAddressBehindOptions(EndpointTest):
    """The same with other headers in front: the pointer names Routing Type where it is."""

    def runTest(self) -> None:
        for name, chain, length in extension_chains():
            with self.subTest(name):
                srh = craft.srh([LAST, NEXT], sl=1, payload=craft.udp())
                packet = craft.ip6(HOST, "2001:db8:1::1", chain(srh))
                self.send(1, packet)
                self.expect_icmp6(1, 4, 0, 42 + length, packet)
                self.expect_drop("ROUTING_TYPE")


@behaviours("Transit")
@rfc("8754", "4.3.3")
@rule("END-15")
class TransitLooksAtNoSrh(EndpointTest):
    """A packet for somebody else is forwarded untouched, whatever stands behind its IPv6 header."""

    endpoint = Endpoint("End")

    def runTest(self) -> None:
        own = Endpoint("End").sid
        long = [f"fcbb:bb00:2:{i:x}::" for i in range(1, 71)]
        self.garbage = [
            craft.srh([LAST, own], sl=1, payload=craft.udp()),
            craft.srh([LAST, own], sl=0, payload=craft.udp()),
            craft.srh([LAST, own], sl=2, flags=0xFF, tag=0xFFFF, tlvs=[craft.tlv(124, bytes(6))], payload=craft.udp()),
            craft.srh([LAST, own], sl=255, le=255, payload=craft.udp()),
            craft.srh(long, sl=70, payload=craft.udp()),
            craft.srh(long, sl=33, payload=craft.ip6(HOST, own, craft.udp())),
            craft.srh([LAST], sl=1, hel=255, payload=craft.udp()),
            craft.srh([LAST], sl=200, hel=0, payload=craft.udp()),
            craft.srh([LAST], sl=1, hel=1, payload=craft.udp()),
            craft.srh([LAST], sl=1, rtype=0, payload=craft.udp()),
            craft.srh([LAST], sl=0, rtype=253, payload=craft.udp()),
            craft.srh([LAST], sl=0, payload=craft.srh([own, LAST], sl=7, payload=craft.raw(b"", wire.NO_NEXT))),
            craft.raw(b"", wire.ROUTING),
            craft.raw(b"\0", wire.ROUTING),
            craft.raw(bytes((43, 255, 4, 255, 255, 255, 255)), wire.ROUTING),
            craft.hbh(craft.dstopt(craft.dstopt(craft.dstopt(craft.dstopt(craft.srh([own], sl=1, nh=59)))))),
            craft.dstopt(craft.raw(b"\x3c\xff" + bytes(5), wire.DEST_OPTIONS)),
            craft.fragment(craft.srh([own], sl=1, nh=59), offset=9),
            craft.raw(bytes((0x45, 0, 0, 9)), wire.IPV4),
            craft.raw(b"\x4f" + bytes(30), wire.IPV4),
            craft.raw(b"\x60", wire.IPV6),
            craft.raw(b"", wire.ETHERNET),
            craft.raw(b"\1", wire.UDP),
            craft.raw(b"", wire.ICMPV6),
        ]
        for payload in self.garbage:
            packet = craft.ip6(HOST, NEXT, payload, hl=17, tc=3, fl=0x12345)
            self.send(1, packet)
            self.expect(2, wire.hop(packet))
        self.expect_nothing()
        self.expect_no_drop()


@behaviours("Transit")
@rfc("8200", "3")
@rule("END-15", "END-9")
class TransitHopLimit(EndpointTest):
    """On the way through, a hop limit of 1 is the ordinary Time Exceeded, quoting the SRH as it is."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT], 9, dst=NEXT, hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        self.expect_drop("HOP_LIMIT_EXCEEDED")
