# SPDX-License-Identifier: Apache-2.0
"""End.DX4, End.DX6, End.DT4, End.DT6, End.DT46: an IP packet is taken out (RFC 8986 4.4 to 4.8)."""

from __future__ import annotations

from endpoint_base import (
    DECAPSULATING,
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

SIX, FOUR = plain(TAKES6), plain(TAKES4)
IP = tuple(e for e in plain(DECAPSULATING) if e.behaviour not in TAKES_FRAMES)
TABLES = tuple(e for e in IP if e.vrf == "blue")


def inners(endpoint: Endpoint) -> list[craft.Packet]:
    """One inner packet of each family that the behaviour takes."""
    found = []
    if endpoint in SIX:
        found.append(craft.ip6(IN6, OUT6, craft.udp(b"inner six"), hl=9, tc=0x88, fl=0x54321))
    if endpoint in FOUR:
        found.append(craft.ip4(IN4, OUT4, craft.udp(b"inner four"), ttl=9, tos=0x88, ident=77, df=False))
    return found


@for_each(IP)
@rfc("8986", "4.4", "S01")
@rfc("8986", "4.6", "S01", "S02", "S03", "S04", "S05")
@rule("DEC-2", "DEC-3", "DEC-5", "DEC-7", "CNT-1")
class TakesOut(EndpointTest):
    """Without SRH, with an exhausted one, with TLVs, tag and flags: the inner packet leaves, one hop further."""

    def runTest(self) -> None:
        packets = []
        for inner in inners(self.endpoint):
            for packet in (
                craft.ip6(HOST, self.sid, inner),
                self.packet([self.sid, NEXT, THEN], 0, inner),
                self.packet([self.sid], 0, inner, tlvs=[craft.tlv(124, bytes(14))], flags=0xFF, tag=1),
            ):
                packets.append(packet)
                self.send(1, packet)
                self.expect_only(self.endpoint.exit, wire.hop(inner))
        self.expect_no_drop()
        self.expect_sid_counter(self.endpoint.prefix, packets=len(packets), size=sum(map(len, packets)))


@for_each(plain(DECAPSULATING))
@rfc("8986", "4.4", "S02", "S03", "S04")
@rule("DEC-1", "CNT-1")
class SegmentsLeftNotZero(EndpointTest):
    """Segments Left not 0: Parameter Problem at Segments Left."""

    def runTest(self) -> None:
        inner = craft.ip6(IN6, OUT6, craft.udp())
        self.refused(self.packet([LAST, self.sid], 1, inner), 4, 0, 43, "SRH_SEGMENTS_LEFT")


@for_each(plain(DECAPSULATING))
@rfc("8986", "4.4", "S02", "S03", "S04")
@rule("DEC-1", "DEC-6")
class SegmentsLeftBeforeAllElse(EndpointTest):
    """The same at hop limit 1 and 0, with any Last Entry and length of the list, and for any value of Segments Left."""

    def runTest(self) -> None:
        inner = craft.ip4(IN4, OUT4, craft.udp())
        count = 0
        for hl in (0, 1, 64):
            for left in (1, 2, 3, 255):
                for last in (0, 1, 255):
                    packet = self.packet([LAST, NEXT], left, inner, hl=hl, le=last)
                    self.send(1, packet)
                    self.expect_icmp6(1, 4, 0, 43, packet)
                    count += 1
        for _, chain, length in extension_chains():
            packet = craft.ip6(HOST, self.sid, chain(craft.srh([LAST], sl=1, payload=inner)))
            self.send(1, packet)
            self.expect_icmp6(1, 4, 0, 43 + length, packet)
            count += 1
        packet = self.packet([], 3, inner, hel=0, le=0)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, 43, packet)
        self.expect_drop("SRH_SEGMENTS_LEFT", count + 1)


@for_each(plain(DECAPSULATING))
@rfc("8986", "4.1.1", "S04")
@rule("DEC-3", "DEC-12", "UL-3")
class WrongFamily(EndpointTest):
    """An upper layer of another type: code 4 at that header, behind whatever stands in front."""

    def runTest(self) -> None:
        wrong = [craft.udp(), craft.raw(bytes(40), 137)]
        if self.endpoint not in SIX:
            wrong.append(craft.ip6(IN6, OUT6, craft.udp()))
        if self.endpoint not in FOUR:
            wrong.append(craft.ip4(IN4, OUT4, craft.udp()))
        if self.endpoint in IP:
            wrong.append(craft.raw(bytes(60), wire.ETHERNET))
        for payload in wrong:
            for packet, at in (
                (craft.ip6(HOST, self.sid, payload), 40),
                (self.packet([self.sid, NEXT], 0, payload), 80),
                (craft.ip6(HOST, self.sid, craft.hbh(craft.dstopt(payload))), 56),
            ):
                self.send(1, packet)
                self.expect_icmp6(1, 4, 4, at, packet)
        self.expect_drop("UPPER_LAYER", 3 * len(wrong))
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=3 * len(wrong))


@for_each(IP)
@rfc("8986", "4.6", "S01")
@rule("DEC-4", "UL-4", "END-16", "SRH-10")
class WithAllExtensionHeaders(EndpointTest):
    """All extension headers of the outer packet go: options, SRHs, other routing types, an atomic fragment."""

    def runTest(self) -> None:
        done = [self.sid, NEXT]
        for inner in inners(self.endpoint):
            for payload in (
                *(chain(inner) for _, chain, _ in extension_chains()),
                craft.hbh(craft.srh(done, sl=0, payload=craft.dstopt(inner))),
                craft.srh(done, sl=0, payload=craft.srh(done, sl=0, payload=inner)),
                craft.srh(done, sl=0, rtype=2, payload=inner),
                craft.fragment(inner, more=False),
            ):
                self.send(1, craft.ip6(HOST, self.sid, payload))
                self.expect_only(self.endpoint.exit, wire.hop(inner))


@for_each(IP)
@rfc("8986", "4.6")
@rule("DEC-6", "DEC-2", "END-2")
class OuterHopLimitNotExamined(EndpointTest):
    """Outer hop limit 1 and 0, Last Entry out of range: no concern of the last SID."""

    def runTest(self) -> None:
        for inner in inners(self.endpoint):
            for hl in (1, 0):
                self.send(1, self.packet([self.sid], 0, inner, hl=hl, le=200))
                self.expect_only(self.endpoint.exit, wire.hop(inner))


@for_each(IP)
@rfc("8986", "4.6")
@rule("DEC-7", "CNT-1")
class InnerHopLimitOne(EndpointTest):
    """Inner hop limit or TTL 1 and 0: Time Exceeded to the inner source about the inner packet, as it was inside."""

    def runTest(self) -> None:
        count = 0
        for inner in inners(self.endpoint):
            for ttl in (1, 0):
                six = inner.version == 6
                late = (
                    craft.ip6(IN6, OUT6, craft.udp(b"x"), hl=ttl)
                    if six
                    else craft.ip4(IN4, OUT4, craft.udp(b"x"), ttl=ttl)
                )
                for packet in (craft.ip6(HOST, self.sid, late), self.packet([self.sid, NEXT], 0, craft.dstopt(late))):
                    self.send(1, packet)
                    expect = self.expect_icmp6 if six else self.expect_icmp4
                    expect(self.endpoint.home, 3 if six else 11, 0, 0, late, src=self.endpoint.speaker(late))
                    count += 1
        self.expect_nothing()
        self.expect_drop("HOP_LIMIT_EXCEEDED", count)
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=count)


@for_each(IP)
@rfc("2983", "4.1")
@rule("DEC-6", "DEC-8")
class InnerTrafficClassStays(EndpointTest):
    """The DSCP of the outer header is not copied in, nor is its hop limit (pipe)."""

    def runTest(self) -> None:
        for inner in inners(self.endpoint):
            self.send(1, craft.ip6(HOST, self.sid, inner, tc=0xFC, hl=3))
            self.expect_only(self.endpoint.exit, wire.hop(inner))


@for_each(TABLES)
@rfc("8986", "4.6", "S03", "S04")
@rule("DEC-5")
class NoRouteInTable(EndpointTest):
    """No route in table T, though there is one in the default table: unreachable, to the inner source."""

    def runTest(self) -> None:
        self.endpoints(
            routes=[
                {"prefix": "2001:db8:dead::/48", "via": "2001:db8:2::2"},
                {"prefix": "192.0.2.0/24", "via": "10.0.2.2"},
            ]
        )
        for inner in inners(self.endpoint):
            if inner.version == 6:
                lost = craft.ip6(IN6, "2001:db8:dead::1", craft.udp())
                self.send(1, self.packet([self.sid, NEXT], 0, lost))
                self.expect_icmp6(4, 1, 0, 0, lost, src=self.endpoint.speaker(lost))
            else:
                lost = craft.ip4(IN4, "192.0.2.1", craft.udp())
                self.send(1, self.packet([self.sid, NEXT], 0, lost))
                self.expect_icmp4(4, 3, 0, 0, lost, src=self.endpoint.speaker(lost))
            self.expect_drop("NO_ROUTE")


@for_each(TABLES)
@rfc("8986", "4.6", "S03", "S04")
@rule("DEC-5", "END-10")
class InnerDestinationIsThisNode(EndpointTest):
    """An own address of table T: delivered and answered there. The same address is nobody's in the default table."""

    def runTest(self) -> None:
        for inner in inners(self.endpoint):
            if inner.version == 6:
                own = "2001:db8:4::1"
                self.send(1, self.packet([self.sid], 0, craft.ip6(IN6, own, craft.echo_request())))
                self.expect_only(4, wire.ip6(own, IN6, wire.echo_reply(IN6, own)))
            else:
                own = "10.0.4.1"
                self.send(
                    1, self.packet([self.sid], 0, craft.ip4(IN4, own, craft.icmp4(8, 0, b"\0\1\0\2ping"), ident=5))
                )
                self.expect_only(4, wire.ip4(own, IN4, wire.icmp4(0, 0, b"\0\1\0\2ping"), ident=5))
        self.expect_no_drop()


@for_each(IP)
@rfc("8986", "4.6")
@rfc("1812", "5.2.2")
@rule("DEC-5", "DEC-12")
class InnerHeaderInvalid(EndpointTest):
    """What is inside is checked as if it had come by wire: version, lengths, and that it is not cut."""

    def runTest(self) -> None:
        bad: list[craft.Packet] = []
        cut: list[craft.Packet] = []
        if self.endpoint in SIX:
            bad += [craft.ip6(IN6, OUT6, craft.udp(), version=v) for v in (0, 4, 15)]
            bad += [craft.ip6(IN6, OUT6, craft.udp(), plen=length) for length in (9, 0xFFFF)]
            whole = bytes(craft.ip6(IN6, OUT6, craft.udp()))
            cut += [craft.raw(whole[:n], wire.IPV6) for n in (0, 1, 20, 39)]
        if self.endpoint in FOUR:
            bad += [craft.ip4(IN4, OUT4, craft.udp(), version=v) for v in (0, 6, 15)]
            bad += [craft.ip4(IN4, OUT4, craft.udp(), total=length) for length in (0, 19, 29, 0xFFFF)]
            bad += [craft.ip4(IN4, OUT4, craft.udp(), ihl=words) for words in (0, 4, 15)]
            whole = bytes(craft.ip4(IN4, OUT4, craft.udp()))
            cut += [craft.raw(whole[:n], wire.IPV4) for n in (0, 1, 12, 19)]
        for inner in bad:
            self.send(1, self.packet([self.sid], 0, inner))
        self.expect_nothing()
        self.expect_drop("IP_HEADER_INVALID", len(bad))
        for inner in cut:
            self.send(1, self.packet([self.sid], 0, inner))
        self.expect_nothing()
        self.expect_drop("HEADER_TRUNCATED", len(cut))
        # The outer Payload Length ends inside the inner packet; what follows is a trailer of the frame.
        outer = [craft.ip6(HOST, self.sid, inner, plen=len(inner) - 1) for inner in inners(self.endpoint)]
        for packet in outer:
            self.send(1, packet)
        self.expect_nothing()
        self.expect_drop("IP_HEADER_INVALID", len(outer))
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=len(bad) + len(cut) + len(outer))


@for_each(FOUR)
@rfc("1812", "5.2.2")
@rule("DEC-5")
class InnerChecksumWrong(EndpointTest):
    """An inner IPv4 header with a wrong checksum is dropped, with and without options."""

    def runTest(self) -> None:
        right = bytes(craft.ip4(IN4, OUT4, craft.udp()))
        value = int.from_bytes(right[10:12], "big")
        for options in (b"", bytes((1, 1, 1, 0))):
            for wrong in (value ^ 1, value ^ 0x8000):
                self.send(1, self.packet([self.sid], 0, craft.ip4(IN4, OUT4, craft.udp(), csum=wrong, options=options)))
        self.expect_nothing()
        self.expect_drop("IPV4_CHECKSUM", 4)
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=4)


@for_each(FOUR)
@rfc("791", "3.1")
@rule("DEC-5", "DEC-7")
class InnerIpv4Options(EndpointTest):
    """Inner IPv4 options of every length: carried, the checksum right after the TTL is lowered."""

    def runTest(self) -> None:
        for words in range(1, 11):
            options = bytes((7, 4 * words - 1, 4)) + bytes(4 * words - 4) + b"\0"
            inner = craft.ip4(IN4, OUT4, craft.udp(b"payload"), options=options, ttl=200)
            self.send(1, self.packet([self.sid, NEXT], 0, inner))
            self.expect_only(self.endpoint.exit, wire.hop(inner))


@for_each(FOUR)
@rfc("791", "3.2")
@rule("DEC-5")
class InnerIpv4Fragments(EndpointTest):
    """Fragments of an inner packet are forwarded like any other."""

    def runTest(self) -> None:
        for offset, more in ((0, True), (3, True), (9, False)):
            inner = craft.ip4(IN4, OUT4, craft.raw(bytes(24), wire.UDP), offset=offset, mf=more, df=False)
            self.send(1, craft.ip6(HOST, self.sid, inner))
            self.expect_only(self.endpoint.exit, wire.hop(inner))


@for_each(IP)
@rfc("1812", "5.3.7")
@rfc("4291", "2.7")
@rule("DEC-5", "DEC-12")
class InnerAddressesNotForwardable(EndpointTest):
    """Multicast or link-local inner destinations, inner sources that name no node elsewhere: dropped."""

    def runTest(self) -> None:
        self.endpoints(
            routes=[
                {"prefix": "::/0", "vrf": "blue", "via": "2001:db8:4::2"},
                {"prefix": "0.0.0.0/0", "vrf": "blue", "via": "10.0.4.2"},
            ]
        )
        packets = []
        if self.endpoint in SIX:
            packets += [craft.ip6(IN6, to, craft.udp()) for to in ("ff02::1", "ff0e::1", "fe80::1")]
            packets += [craft.ip6(source, OUT6, craft.udp()) for source in ("ff0e::1", "fe80::1", "::", "::1")]
        if self.endpoint in FOUR:
            packets += [craft.ip4(IN4, to, craft.udp()) for to in ("224.0.0.1", "239.1.1.1", "255.255.255.255")]
            packets += [craft.ip4("224.0.0.1", OUT4, craft.udp())]
        for inner in packets:
            self.send(1, craft.ip6(HOST, self.sid, inner))
        self.expect_nothing()
        assert sum(self.drops().values()) == len(packets), self.drops()
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=len(packets))


@for_each(IP)
@rfc("8200", "5")
@rule("DEC-5", "DEC-7")
class InnerTooLong(EndpointTest):
    """The inner packet does not fit the exit: Packet Too Big or Fragmentation Needed to the inner source."""

    def runTest(self) -> None:
        self.endpoints(ports={4: {"vrf": "blue", "mtu": 1300}, 6: {"mtu": 1300}})
        for inner in inners(self.endpoint):
            if inner.version == 6:
                fits, longer = (craft.ip6(IN6, OUT6, craft.udp(bytes(n - 48))) for n in (1300, 1301))
            else:
                fits, longer = (craft.ip4(IN4, OUT4, craft.udp(bytes(n - 28))) for n in (1300, 1301))
            self.send(1, self.packet([self.sid, NEXT], 0, fits))
            self.expect_only(self.endpoint.exit, wire.hop(fits))
            self.send(1, self.packet([self.sid, NEXT], 0, longer))
            if inner.version == 6:
                self.expect_icmp6(self.endpoint.home, 2, 0, 1300, longer, src=self.endpoint.speaker(longer))
            else:
                self.expect_icmp4(self.endpoint.home, 3, 4, 1300, longer, src=self.endpoint.speaker(longer))
            self.expect_drop("PACKET_TOO_BIG")


@for_each(plain(DECAPSULATING))
@behaviours("VLAN")
@rfc("8986", "6")
@rule("DEC-5", "CNT-1")
class FromVlan(EndpointTest):
    """The outer frame has a tag: what is inside leaves without it."""

    def runTest(self) -> None:
        frame = craft.ether(bytes(50), dst="02:aa:00:00:00:01", src="02:aa:00:00:00:02", ethertype=0x88B5)
        packets = []
        for inner in inners(self.endpoint) or [frame]:
            packets.append(self.packet([self.sid], 0, inner))
            self.send(1, packets[-1], vlan=100)
            self.expect_only(self.endpoint.exit, wire.hop(inner) if self.endpoint in IP else frame)
        self.expect_no_drop()
        self.expect_sid_counter(self.endpoint.prefix, packets=len(packets), size=sum(map(len, packets)))


@for_each(SIX)
@rfc("8986", "4.6")
@rule("DEC-5", "END-13")
class InnerSrhStays(EndpointTest):
    """An SRH of the inner packet, which is for somebody else, is payload."""

    def runTest(self) -> None:
        inner = craft.ip6(IN6, OUT6, craft.hbh(craft.srh([LAST, NEXT], sl=9, payload=craft.udp(b"x"))), hl=2)
        self.send(1, self.packet([self.sid], 0, inner))
        self.expect_only(self.endpoint.exit, wire.hop(inner))


@behaviours("End.DX4", "End.DX6")
@rfc("8986", "4.4", "S04")
@rfc("8986", "4.5", "S04")
@rule("DEC-5")
class CrossConnectAsksNoTable(EndpointTest):
    """End.DX4 and End.DX6 send by their adjacency, also what has no route, or is addressed to this node."""

    beside = plain(("End.DX6", "End.DX4"))

    def runTest(self) -> None:
        for endpoint, inner in (
            (Endpoint("End.DX6"), craft.ip6(IN6, "2001:db8:dead::1", craft.udp())),
            (Endpoint("End.DX6"), craft.ip6(IN6, "2001:db8:2::1", craft.udp())),
            (Endpoint("End.DX4"), craft.ip4(IN4, "192.0.2.1", craft.udp())),
            (Endpoint("End.DX4"), craft.ip4(IN4, "10.0.2.1", craft.udp())),
        ):
            self.send(1, craft.ip6(HOST, endpoint.sid, inner))
            self.expect_only(6, wire.hop(inner))


@behaviours("End.DX4", "End.DX6")
@rfc("8986", "4.4")
@rule("DEC-11")
class CrossConnectToUnspecified(EndpointTest):
    """The next hop :: or 0.0.0.0 of iproute2: the inner packet is looked up instead."""

    def runTest(self) -> None:
        six, four = "fcbb:bb00:1:600::", "fcbb:bb00:1:400::"
        self.endpoints(
            sids=[
                {"sid": f"{six}/64", "behavior": "End.DX6", "via": "::"},
                {"sid": f"{four}/64", "behavior": "End.DX4", "via": "0.0.0.0"},
            ]
        )
        for sid, inner in ((six, craft.ip6(IN6, OUT6, craft.udp())), (four, craft.ip4(IN4, OUT4, craft.udp()))):
            self.send(1, craft.ip6(HOST, sid, inner))
            self.expect_only(2, wire.hop(inner))


@behaviours("End.DT46", "End.DT6", "End.DT4")
@rfc("8986", "4.8")
@rule("DEC-5")
class TablesOfTheDefaultVrf(EndpointTest):
    """Table T may be the default one, and the SID may be of another VRF."""

    def runTest(self) -> None:
        names = {"fcbb:bb00:1:400::": "End.DT46", "fcbb:bb00:1:401::": "End.DT6", "fcbb:bb00:1:402::": "End.DT4"}
        self.endpoints(
            sids=[
                {"sid": f"{sid}/64", "behavior": name, "vrf": "default", "in-vrf": "blue"}
                for sid, name in names.items()
            ]
        )
        for sid, name in names.items():
            for inner in inners(Endpoint(name)):
                packet = craft.ip6("2001:db8:4::2", sid, inner)
                self.send(4, packet)
                self.expect_only(2, wire.hop(inner))
