# SPDX-License-Identifier: Apache-2.0
"""The skeleton that End, End.X, End.T and the binding SIDs share (RFC 8986 4.1): what they do when all is well."""

from __future__ import annotations

from endpoint_base import (
    ADVANCING,
    FLAVORED,
    HOST,
    LAST,
    LOST,
    NEXT,
    OUT6,
    THEN,
    Endpoint,
    EndpointTest,
    extension_chains,
    for_each,
    plain,
)
from srv6_base import behaviours, craft, rfc, rule, wire


@for_each(plain(ADVANCING))
@rfc("8986", "4.1", "S12", "S13", "S14", "S15")
@rule("END-5", "END-7", "CNT-1")
class Advances(EndpointTest):
    """Hop limit and Segments Left lower by one, destination the segment that they name."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT, self.sid], 2)
        self.passes(packet, self.endpoint.exit, self.endpoint.carried(packet))


@for_each(plain(ADVANCING))
@rfc("8986", "4.1", "S13", "S14")
@rule("END-5", "SRH-1")
class AdvancesToLastSegment(EndpointTest):
    """Segments Left 1 becomes 0, the SRH stays."""

    def runTest(self) -> None:
        packet = self.packet([LAST, self.sid], 1)
        self.passes(packet, self.endpoint.exit, self.endpoint.carried(packet))


@for_each(plain(ADVANCING))
@rfc("8754", "4.1.1")
@rule("SRH-7", "END-4")
class AdvancesReduced(EndpointTest):
    """A reduced SRH: Segments Left is Last Entry plus one at the first endpoint."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT], 2)
        self.passes(packet, self.endpoint.exit, self.endpoint.carried(packet))


@for_each(plain(ADVANCING))
@rfc("8754", "4.3.1")
@rule("SRH-3", "SRH-4", "SRH-5", "SRH-6", "TLV-1", "TLV-2", "TLV-3", "END-13")
class KeepsEverythingElse(EndpointTest):
    """Flags (O and unassigned ones), tag, TLVs, traffic class, flow label and payload are not touched."""

    def runTest(self) -> None:
        tlvs = [craft.tlv(124, b"known to none"), craft.pad1(), craft.padn(4), craft.tlv(5, bytes(range(18)))]
        inner = craft.dstopt(craft.ip6(HOST, OUT6, craft.udp(b"inner"), hl=1))
        for flags in (0x20, 0xFF, 0xDF):
            srh = craft.srh([LAST, NEXT, self.sid], sl=2, flags=flags, tag=0xBEEF, tlvs=tlvs, payload=inner)
            packet = craft.ip6(HOST, self.sid, srh, tc=0xB9, fl=0xABCDE)
            self.send(1, packet)
            self.expect_only(self.endpoint.exit, self.endpoint.carried(packet))


@for_each(plain(ADVANCING))
@rfc("8754", "2.1.2")
@rule("TLV-2", "TLV-3")
class KeepsHmac(EndpointTest):
    """An HMAC TLV that nobody asked to verify is carried."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT, self.sid], 2, tlvs=[craft.hmac_tlv(7, bytes(range(32)))])
        self.passes(packet, self.endpoint.exit, self.endpoint.carried(packet))


@for_each(plain(ADVANCING))
@rfc("8986", "3.1")
@rule("END-5")
class SidWithArgument(EndpointTest):
    """The bits behind locator and function are an argument: the SID is matched by its prefix."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT], 1, dst=self.sid.replace("::", ":1:2:3:4"))
        self.passes(packet, self.endpoint.exit, self.endpoint.carried(packet))


@for_each(plain(FLAVORED))
@rfc("8200", "4.1")
@rule("END-5", "END-13")
class ExtensionHeadersBeforeSrh(EndpointTest):
    """Hop-by-Hop and Destination Options in front of the SRH: the SRH is found and they stay."""

    def runTest(self) -> None:
        for name, chain, length in extension_chains():
            with self.subTest(name):
                packet = craft.ip6(HOST, self.sid, chain(craft.srh([LAST, NEXT], sl=1, payload=craft.udp())))
                self.send(1, packet)
                self.expect_only(self.endpoint.exit, wire.advanced(packet, 40 + length))


@for_each(plain(ADVANCING))
@rfc("8200", "4.1")
@rule("END-13")
class ExtensionHeadersBehindSrh(EndpointTest):
    """What is behind the SRH is carried, whatever it is: options, fragments, ESP, garbage."""

    def runTest(self) -> None:
        for payload in (
            craft.dstopt(craft.udp(b"x")),
            craft.fragment(b"rest", offset=185, nh=wire.UDP),
            craft.raw(b"\1\2\3\4\0\0\0\1" + bytes(24), 50),
            craft.raw(b"", wire.NO_NEXT),
            craft.raw(b"\xff" * 7, wire.ROUTING),
            craft.raw(b"\xff" * 5, 253),
        ):
            packet = self.packet([LAST, NEXT, self.sid], 2, payload)
            self.send(1, packet)
            self.expect_only(self.endpoint.exit, self.endpoint.carried(packet))


@for_each(plain(FLAVORED))
@rfc("8754", "2")
@rule("SRH-2", "SRH-9")
class LongestSegmentList(EndpointTest):
    """127 entries, the most that Hdr Ext Len allows, at many values of Segments Left (127: reduced)."""

    def runTest(self) -> None:
        segments = [f"fcbb:bb00:2:{i:x}::" for i in range(1, 128)]
        for left in (1, 2, 63, 64, 65, 126, 127):
            packet = craft.ip6(HOST, self.sid, craft.srh(segments, sl=left, payload=craft.udp(b"far")))
            assert len(packet) > 2080
            self.endpoints_with_long_links()
            self.passes(packet, self.endpoint.exit, wire.advanced(packet))

    def endpoints_with_long_links(self) -> None:
        """An SRH of 127 entries is longer than an Ethernet's MTU."""
        ports = {n: {"mtu": 9000} for n in (1, 2, 3)}
        self.endpoints(ports={**ports, 4: {"mtu": 9000, "vrf": "blue"}})


@for_each(plain(FLAVORED))
@rfc("8754", "2.1")
@rule("SRH-3", "TLV-1")
class OddHeaderLength(EndpointTest):
    """Hdr Ext Len is odd when the TLVs are 8 bytes: the bound of Last Entry is the integer quotient."""

    def runTest(self) -> None:
        for count in (1, 2, 5):
            segments = [f"fcbb:bb00:2:{i:x}::" for i in range(1, count + 1)]
            packet = self.packet(segments, count, tlvs=[craft.padn(8 - 1), craft.pad1()])
            self.send(1, packet)
            self.expect_only(self.endpoint.exit, wire.advanced(packet))


@for_each(plain(FLAVORED))
@rfc("8754", "4.1.1")
@rule("END-4", "SRH-3")
class LastEntryBelowListedSegments(EndpointTest):
    """Last Entry may be lower than what Hdr Ext Len has room for: the rest counts as TLVs."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT, THEN, self.sid], 2, le=1)
        self.passes(packet, self.endpoint.exit, wire.advanced(packet))


@for_each(plain(ADVANCING))
@behaviours("VLAN")
@rfc("8986", "6")
@rule("END-5", "CNT-1")
class FromVlan(EndpointTest):
    """A packet with a tag: leaves without it, and counts from its IPv6 header on as any other."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT, self.sid], 2)
        self.send(1, packet, vlan=100)
        self.expect_only(self.endpoint.exit, self.endpoint.carried(packet))
        self.expect_sid_counter(self.endpoint.prefix, packets=1, size=len(packet))


@for_each(plain(FLAVORED))
@rfc("8200", "3")
@rule("END-3")
class HopLimitTwo(EndpointTest):
    """The lowest hop limit that is forwarded, and the highest."""

    def runTest(self) -> None:
        for hl in (2, 255):
            packet = self.packet([LAST, NEXT], 1, hl=hl)
            self.send(1, packet)
            self.expect_only(self.endpoint.exit, wire.advanced(packet))


@for_each(plain(FLAVORED))
@rfc("8200", "3")
@rule("END-5")
class LargestPacket(EndpointTest):
    """As long as the MTU of the exit: forwarded; one byte longer: Packet Too Big, quoting it as it came."""

    def runTest(self) -> None:
        self.endpoints(ports={1: {"mtu": 1500}, 2: {"mtu": 1400}, 3: {"mtu": 1400}, 4: {"mtu": 1400, "vrf": "blue"}})
        overhead = 40 + 8 + 32 + 8
        packet = self.packet([LAST, NEXT], 1, craft.udp(bytes(1400 - overhead)))
        assert len(packet) == 1400
        self.passes(packet, self.endpoint.exit, wire.advanced(packet))
        longer = self.packet([LAST, NEXT], 1, craft.udp(bytes(1401 - overhead)))
        self.send(1, longer)
        self.expect_icmp6(1, 2, 0, 1400, longer)
        self.expect_drop("PACKET_TOO_BIG")
        self.expect_sid_counter(self.endpoint.prefix, packets=1, errors=1)


@behaviours("End")
@rfc("8986", "4.1", "S15")
@rule("END-11")
class EndNextSegmentWithoutRoute(EndpointTest):
    """No route to the next segment: Destination Unreachable code 0 quoting the packet as it arrived."""

    def runTest(self) -> None:
        self.refused(self.packet([LAST, LOST], 2), 1, 0, 0, "NO_ROUTE")


@behaviours("End.T")
@rfc("8986", "4.3", "S16")
@rule("END-11")
class EndTNextSegmentWithoutRoute(EndpointTest):
    """No route in table T: the error goes back by the table that the packet came in by."""

    endpoint = Endpoint("End.T")

    def runTest(self) -> None:
        self.endpoints(routes=[{"prefix": f"{LOST}/48", "via": "2001:db8:2::2"}])  # in the default table only
        self.refused(self.packet([LAST, LOST], 2), 1, 0, 0, "NO_ROUTE")


@behaviours("End.X")
@rfc("8986", "4.2", "S15")
@rule("END-7", "END-11")
class EndXNextSegmentWithoutRoute(EndpointTest):
    """End.X asks no table: it leaves by the adjacency though there is no route to the next segment."""

    endpoint = Endpoint("End.X")

    def runTest(self) -> None:
        packet = self.packet([LAST, LOST], 2)
        self.passes(packet, 3, wire.advanced(packet))


@behaviours("End.T")
@rfc("8986", "4.3", "S16", "S17")
@rule("END-7")
class EndTUsesItsTable(EndpointTest):
    """The route of table T, not that of the default table; T may be the default table for a SID of another VRF."""

    endpoint = Endpoint("End.T")

    def runTest(self) -> None:
        packet = self.packet([LAST, LOST], 2)
        self.endpoints(routes=[{"prefix": f"{LOST}/48", "vrf": "blue", "via": "2001:db8:4::2"}])
        self.passes(packet, 4, wire.advanced(packet))
        sid = "fcbb:bb00:1:100::"
        self.endpoints(sids=[{"sid": f"{sid}/64", "behavior": "End.T", "vrf": "default", "in-vrf": "blue"}])
        packet = self.packet([LAST, NEXT], 1, dst=sid, src="2001:db8:4::2")
        self.send(4, packet)
        self.expect_only(2, wire.advanced(packet))
        self.expect_sid_counter(f"{sid}/64", packets=1, size=len(packet), vrf="blue")


@behaviours("End")
@rfc("8986", "4.1")
@rule("END-7")
class SidOfOneVrfOnly(EndpointTest):
    """A SID is local in its VRF; in another one its address has no route."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT], 1, src="2001:db8:4::2")
        self.send(4, packet)
        self.expect_icmp6(4, 1, 0, 0, packet)
        self.expect_drop("NO_ROUTE")
        self.expect_sid_counter(self.endpoint.prefix, packets=0)


@behaviours("End")
@rfc("8986", "4.1")
@rule("END-7")
class UnknownSidInLocator(EndpointTest):
    """An address inside the locator that is no SID: no route."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT], 1, dst="fcbb:bb00:1:fff::")
        self.send(1, packet)
        self.expect_icmp6(1, 1, 0, 0, packet)
        self.expect_drop("NO_ROUTE")


@behaviours("End")
@rfc("8200", "4.4")
@rfc("4291", "2.5.6")
@rule("END-12")
class NextSegmentIsNoUnicast(EndpointTest):
    """A multicast, link-local or unspecified next segment does not leave by the default route."""

    def runTest(self) -> None:
        self.endpoints(routes=[{"prefix": "::/0", "via": "2001:db8:2::2"}])
        for segment in ("ff02::1", "ff0e::1", "fe80::1", "::"):
            with self.subTest(segment):
                self.send(1, self.packet([LAST, segment], 2))
                self.expect_nothing()
                assert sum(self.drops().values()) >= 1
