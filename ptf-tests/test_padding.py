# SPDX-License-Identifier: Apache-2.0
"""What a link puts behind a packet to fill a frame is no part of it (RFC 8200 3, RFC 791 3.1; IEEE 802.3 4.2.3.3)."""

from __future__ import annotations

from endpoint_base import (
    DECAPSULATING,
    FLAVORED,
    HOST,
    IN4,
    IN6,
    NEXT,
    OUT4,
    OUT6,
    TAKES4,
    TAKES6,
    TAKES_FRAMES,
    THEN,
    Endpoint,
    EndpointTest,
    flavored,
    for_each,
    plain,
)
from headend_base import HeadendTest, encapsulated, encapsulated_frame, inserted, sids
from srv6_base import Frame, Srv6Test, behaviours, craft, only_on, rfc, rule, wire

PADDING = b"\xee" * 4
A, B = "02:aa:00:00:00:01", "02:aa:00:00:00:02"
SIX = craft.ip6(IN6, OUT6, craft.udp(b"6"), hl=9)
FOUR = craft.ip4(IN4, OUT4, craft.udp(b"4"), ttl=9)


class Padded(Srv6Test):
    """Packets that arrive with padding behind them."""

    def send_padded(self, port: int, packet: wire.Packet, padding: bytes = PADDING, vlan: int | None = None) -> None:
        """Send ``packet`` and octets behind it in one frame."""
        tags = () if vlan is None else (vlan,)
        self.send(port, Frame(bytes(self.frame_in(port, packet, vlan=tags)) + padding))


class PaddedEndpoint(Padded, EndpointTest):
    """The node with every behaviour."""


class PaddedHeadend(Padded, HeadendTest):
    """A node with a policy."""


@for_each(e for e in plain(DECAPSULATING) if e.behaviour in TAKES_FRAMES)
@rfc("8200", "3")
@rule("DEC-9")
class LinkPaddingIsNoPartOfTheFrameInside(PaddedEndpoint):
    """A frame of 60 octets in a padded packet leaves with 60 octets; behind extension headers, a tag outside, too."""

    def runTest(self) -> None:
        inner = craft.ether(bytes(46), dst=B, src=A, ethertype=0x88B5)
        for packet in (
            craft.ip6(HOST, self.sid, inner),
            craft.ip6(HOST, self.sid, craft.dstopt(inner)),
            self.packet([self.sid, NEXT, THEN], 0, inner),
        ):
            self.send_padded(1, packet)
            self.expect_only(5, Frame(inner))
            self.send_padded(1, packet, bytes(64))
            self.expect_only(5, Frame(inner))
        self.send_padded(1, craft.ip6(HOST, self.sid, inner), vlan=100)
        self.expect_only(5, Frame(inner))


@behaviours("End.DX2V")
@rfc("8200", "3")
@rule("DEC-9")
class LinkPaddingIsNoPartOfAFrameWithoutItsTag(PaddedEndpoint):
    """The same where End.DX2V takes the tag off, or rewrites it."""

    endpoint = Endpoint("End.DX2V")

    def runTest(self) -> None:
        wires = [{"vlan": 7, "port": 5, "rewrite": "pop"}, {"vlan": 8, "port": 5, "rewrite": 9}]
        self.endpoints(vlan_tables=[{"name": "wires", "entries": wires}])
        for vlan, left in ((7, 0), (8, 9)):
            frame = craft.ether(b"x" * 46, dst=B, src=A, ethertype=0x88B5, vlan=vlan)
            self.send_padded(1, craft.ip6(HOST, self.sid, frame))
            tag = bytes.fromhex(f"8100 {left:04x}") if left else b""
            self.expect_only(5, Frame(bytes(frame)[:12] + tag + bytes.fromhex("88b5") + b"x" * 46))


@for_each(
    (
        *(e for e in plain(DECAPSULATING) if e.behaviour not in TAKES_FRAMES),
        *flavored(with_any=["usd"], without=["psp"]),
    )
)
@rfc("8200", "3")
@rule("DEC-7")
class LinkPaddingIsNoPartOfThePacketInside(PaddedEndpoint):
    """Padding behind the outer packet, and inside it behind the inner one, which may end earlier."""

    def runTest(self) -> None:
        flavours = self.endpoint.behaviour in FLAVORED
        for inner in (SIX, FOUR):
            if not flavours and self.endpoint.behaviour not in (TAKES6 if inner is SIX else TAKES4):
                continue
            way = self.endpoint.exit
            self.send_padded(1, craft.ip6(HOST, self.sid, inner))
            self.expect_only(way, wire.hop(inner))
            self.send_padded(1, self.packet([self.sid, NEXT], 0, inner), vlan=100)
            self.expect_only(way, wire.hop(inner))
            longer = craft.raw(bytes(inner) + PADDING, wire.IPV6 if inner is SIX else wire.IPV4)
            self.send(1, craft.ip6(HOST, self.sid, longer))
            self.expect_only(way, wire.hop(inner))
            self.send_padded(1, craft.ip6(HOST, self.sid, craft.hbh(longer)), bytes(9))
            self.expect_only(way, wire.hop(inner))
        self.expect_no_drop()


@behaviours("End.DT6")
@rfc("8200", "3")
@rule("DEC-4")
class InnerHeaderInTheLinkPadding(PaddedEndpoint):
    """A Payload Length that ends inside the inner header: the rest of it is padding, so there is none."""

    endpoint = Endpoint("End.DT6")

    def runTest(self) -> None:
        inner = craft.ip6(IN6, OUT6, craft.raw(b"", 59))
        for length in (0, 1, 39):
            self.send(1, craft.ip6(HOST, self.sid, inner, plen=length))
            self.expect_nothing()
        self.expect_drop("IP_HEADER_INVALID", 3)


@for_each(plain(("End", "End.X", "End.T")))
@rfc("8200", "3")
@rule("END-5")
class LinkPaddingEndsAtASid(PaddedEndpoint):
    """End and its relatives send on what the Payload Length says; so do two of them in one node."""

    def runTest(self) -> None:
        packet = self.packet([NEXT, self.sid], 1)
        self.send_padded(1, packet)
        self.expect_only(self.endpoint.exit, wire.advanced(packet))
        first = Endpoint("End", ("psp",)).sid
        packet = self.packet([NEXT, self.sid, first], 2, dst=first)
        self.send_padded(1, packet)
        self.expect_only(self.endpoint.exit, wire.advanced(wire.advanced(packet)))
        self.expect_no_drop()


@behaviours("End.DX2", "End.DT46")
@rfc("8200", "3")
@rule("END-10")
class LinkPaddingBehindTwoSidsOfThisNode(PaddedEndpoint):
    """End and a decapsulation in one node: nothing that was behind the packet leaves with what was inside."""

    endpoint = Endpoint("End.DX2")
    beside = (Endpoint("End.DT46"),)

    def runTest(self) -> None:
        end = Endpoint("End").sid
        inner = craft.ether(bytes(46), dst=B, src=A, ethertype=0x88B5)
        self.send_padded(1, self.packet([self.sid, end], 1, inner, dst=end))
        self.expect_only(5, Frame(inner))
        table = Endpoint("End.DT46").sid
        self.send_padded(1, self.packet([table, end], 1, FOUR, dst=end), vlan=100)
        self.expect_only(4, wire.hop(FOUR))


@behaviours("Transit")
@rfc("8200", "3")
@rfc("791", "3.1")
@rule("END-15")
class LinkPaddingEndsAtTheRouter(PaddedEndpoint):
    """Packets in transit, IPv6 and IPv4, by adjacencies and groups of them, tagged and not."""

    def runTest(self) -> None:
        for packet in (craft.ip6(HOST, NEXT, craft.udp(b"x")), craft.ip4("10.0.1.2", OUT4, craft.udp(b"x"))):
            for vlan in (None, 100):
                self.send_padded(1, packet, vlan=vlan)
                self.expect_only(2, wire.hop(packet))
        self.node(
            ports={2: {"vlans": {7: {"addresses": ["2001:db8:207::1/64"]}}}},
            routes=[
                {"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:207::2"},
                {"prefix": "fcbb:bb00:3::/48", "via": ["2001:db8:3::2", "2001:db8:4::2"]},
            ],
        )
        packet = craft.ip6(HOST, NEXT, craft.udp(b"x"))
        self.send_padded(1, packet)
        self.expect_only(2, wire.hop(packet), vlan=7)
        packet = craft.ip6(HOST, "fcbb:bb00:3::", craft.udp(b"x"))
        self.send_padded(1, packet)
        self.expect_one_of({3: wire.hop(packet), 4: wire.hop(packet)})


@behaviours("H.Encaps", "H.Encaps.Red", "H.Insert", "H.Insert.Red")
@rfc("8200", "3")
@rule("HE-10")
class LinkPaddingIsNotEncapsulated(PaddedHeadend):
    """A short packet, padded: what leaves ends where the outer Payload Length says."""

    def runTest(self) -> None:
        for mode in ("encap", "encap.red", "insert", "insert.red"):
            for count in (1, 3):
                self.headend(mode, sids(count))
                packet = self.packet6(craft.udp(b"x"))
                build = inserted if mode.startswith("insert") else encapsulated
                self.send_padded(1, packet)
                self.expect_only(2, build(packet, sids(count), mode=mode))
                if build is encapsulated:
                    packet = self.packet4(craft.udp(b"x"))
                    self.send_padded(1, packet, bytes(18))
                    self.expect_only(2, encapsulated(packet, sids(count), mode=mode))


@behaviours("H.Encaps.L2")
@rfc("8986", "5.3")
@rule("HE-9")
class PaddingOfAFrameIsPartOfIt(PaddedHeadend):
    """H.Encaps.L2 takes the frame as it is."""

    def runTest(self) -> None:
        self.headend("l2encap", sids(2))
        frame = Frame(bytes(craft.ether(SIX, dst=B, src=A)) + bytes(9))
        self.send(3, frame)
        self.expect_only(2, encapsulated_frame(frame, sids(2)))


@behaviours("H.Encaps.L2", "H.Encaps.L2.Red")
@rfc("8986", "5.3")
@rule("HE-9")
@only_on("softswitch", "Linux refuses to send a frame without an Ethernet header")
class FrameWithoutAnEthernetHeader(PaddedHeadend):
    """Less than 14 octets are no frame: dropped, and counted."""

    def runTest(self) -> None:
        if not self.testbed.synchronous:
            self.skipTest("Linux refuses to send a frame without an Ethernet header")
        for mode in ("l2encap", "l2encap.red"):
            self.headend(mode, sids(2))
            for size in (1, 12, 13):
                self.send(3, Frame(bytes(size)))
                self.expect_nothing()
            self.expect_drop("HEADER_TRUNCATED", 3)


@behaviours("IPv6 router", "IPv4 router")
@rfc("4443", "2.4")
class LinkPaddingIsNotQuoted(PaddedEndpoint):
    """An ICMP error quotes the packet without what was behind it; so does the answer to a ping."""

    def runTest(self) -> None:
        packet = craft.ip6(HOST, NEXT, craft.udp(b"x"), hl=1)
        self.send_padded(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        packet = craft.ip4("10.0.1.2", OUT4, craft.udp(b"x"), ttl=1)
        self.send_padded(1, packet)
        self.expect_icmp4(1, 11, 0, 0, packet)
        self.expect_drop("HOP_LIMIT_EXCEEDED", 2)
