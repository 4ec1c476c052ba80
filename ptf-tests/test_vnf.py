# SPDX-License-Identifier: Apache-2.0
"""Bytestream functions (SRv6Pipes): End.VNF hands a segment of TCP to the proxy.

A packet comes in by port 1. The proxy is behind port 3, what the node routes leaves by port 2.
"""

from __future__ import annotations

from typing import Any

from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire

CLIENT, SERVER = "2001:db8:1::2", "2001:db8:92::1"
PROXY = "2001:db8:3::2"
PREFIX = "fcbb:bb00:1:f0::/80"
XOR = "fcbb:bb00:1:f0:0:aaaa:0:80"  # opcode 0xAAAA, parameters 0x80
THEN = "fcbb:bb00:2:f0:0:1337::"  # a function of another node

#: The return path of SRv6Pipes: type 6, five reserved octets, Segments Left, the client and the function.
RETURN_PATH = wire.tlv(6, bytes(5) + b"\x00" + wire.v6(CLIENT) + wire.v6(XOR))


def tcp() -> craft.Packet:
    return craft.tcp(b"stream")


def handed_over(packet: wire.Packet, first: str, at: int = 40) -> wire.Part:
    """``packet`` as the proxy gets it: hop limit, destination, Segments Left of the SRH at offset ``at``."""
    raw = bytearray(wire.hop(packet))
    raw[24:40] = wire.v6(first)
    raw[at + 3] = 0
    return wire.Part(bytes(raw), wire.IPV6)


class VnfTest(Srv6Test):
    """A node with an End.VNF SID."""

    profile = "services"

    def setUp(self) -> None:
        super().setUp()
        self.proxied()

    def proxied(self, **config: Any) -> None:
        """Configure the node."""
        base: dict[str, Any] = {
            "routes": [{"prefix": "2001:db8:92::/48", "via": "2001:db8:2::2"}],
            "sids": [
                {"sid": PREFIX, "behavior": "End.VNF", "via": PROXY},
                {"sid": "fcbb:bb00:1:1::/64", "behavior": "End"},
            ],
        }  # fmt: skip
        self.node(**{**base, **config})

    def packet(self, listed: list[str], sl: int, payload: craft.Packet | None = None, **fields: Any) -> craft.Packet:
        """From the client to the SID, behind a list in wire order."""
        hl, src, dst = fields.pop("hl", 64), fields.pop("src", CLIENT), fields.pop("dst", XOR)
        return craft.srv6(
            src, listed, segments_left=sl, dst=dst, payload=tcp() if payload is None else payload, hl=hl, **fields
        )

    def discarded(self, packet: craft.Packet | bytes, reason: str) -> None:
        """Send ``packet``: it is dropped for ``reason`` and nobody is told."""
        __tracebackhide__ = True
        before = self.sid_errors(PREFIX)
        self.send(1, packet)
        self.expect_nothing()
        self.expect_drop(reason)
        assert self.sid_errors(PREFIX) == before + 1


@behaviours("End.VNF")
@rule("PIPE-1")
class HandsOver(VnfTest):
    """SL = 0, DA = Segment List[0], hop limit less one; the list and the TLVs stay, wherever in the list the SID is."""

    def runTest(self) -> None:
        sent = 0
        for listed, sl in (([SERVER, XOR], 1), ([SERVER, THEN, XOR], 2), ([SERVER, THEN, THEN, THEN, XOR, THEN], 4)):
            for tlvs in (None, craft.raw_tlvs(RETURN_PATH)):
                packet = self.packet(listed, sl, **({} if tlvs is None else {"tlvs": tlvs}))
                self.send(1, packet)
                self.expect_only(3, handed_over(packet, SERVER))
                sent += 1
        self.expect_no_drop()
        self.expect_sid_counter(PREFIX, packets=sent)


@behaviours("End.VNF")
@rule("PIPE-1", "UL-4", "END-16")
class BehindOtherHeaders(VnfTest):
    """Extension headers, and an exhausted SRH, stand in front of the SRH."""

    def runTest(self) -> None:
        inner = craft.srh([SERVER, XOR], sl=1, payload=tcp())
        for front, length in (
            (craft.hbh(inner), 8),
            (craft.dstopt(inner), 8),
            (craft.srh([XOR], sl=0, payload=inner), 24),
        ):
            packet = craft.ip6(CLIENT, XOR, front)
            self.send(1, packet)
            self.expect_only(3, handed_over(packet, SERVER, 40 + length))
        self.expect_no_drop()


@behaviours("End.VNF")
@rule("PIPE-1", "SRH-9")
class LongestSrh(VnfTest):
    """A list of 85 segments, the SID at its far end: as long as fits a packet of 1500 octets."""

    def runTest(self) -> None:
        listed = [SERVER, *[THEN] * 83, XOR]
        packet = self.packet(listed, 84)
        self.send(1, packet)
        self.expect_only(3, handed_over(packet, SERVER))
        self.expect_no_drop()


@behaviours("End.VNF")
@rule("PIPE-1")
class ReverseDirection(VnfTest):
    """What the server sends comes by the return path, and is handed over for the client."""

    def runTest(self) -> None:
        packet = self.packet([CLIENT, XOR, THEN], 1, src=SERVER)
        self.send(1, packet)
        self.expect_only(3, handed_over(packet, CLIENT))


@behaviours("End.VNF")
@rfc("8986", "4.1")
@rule("PIPE-1", "END-3", "END-4")
class Errors(VnfTest):
    """Hop limit, Last Entry, Segments Left: as at End, quoting the packet as it came."""

    def runTest(self) -> None:
        for kind, code, value, reason, packet in (
            (3, 0, 0, "HOP_LIMIT_EXCEEDED", self.packet([SERVER, XOR], 1, hl=1)),
            (4, 0, 43, "SRH_SEGMENTS_LEFT", self.packet([SERVER, XOR], 3)),
            (4, 0, 43, "SRH_SEGMENTS_LEFT", self.packet([SERVER, XOR], 1, le=2)),
        ):
            self.send(1, packet)
            self.expect_icmp6(1, kind, code, value, packet)
            self.expect_nothing()
            self.expect_drop(reason)
        self.expect_sid_counter(PREFIX, packets=0, errors=3)


@behaviours("End.VNF")
@rule("PIPE-1", "SRH-7", "END-12", "UL-5")
class Refused(VnfTest):
    """A reduced SRH, no TCP, a last segment that nobody forwards to, a source off the link, an SRH that is cut."""

    def runTest(self) -> None:
        self.discarded(self.packet([SERVER], 1), "SID_NOT_IN_LIST")
        self.discarded(self.packet([SERVER, THEN], 2), "SID_NOT_IN_LIST")
        self.discarded(self.packet([SERVER, XOR], 1, craft.udp(b"no stream")), "NOT_TCP")
        self.discarded(self.packet([SERVER, XOR], 1, craft.echo_request()), "NOT_TCP")
        self.discarded(self.packet([SERVER, XOR], 1, craft.fragment(craft.tcp(b""), offset=0)), "NOT_TCP")
        for first, reason in (("ff0e::1", "MULTICAST"), ("fe80::1", "MULTICAST"), ("::1", "DESTINATION_INVALID"),
                              ("::ffff:10.0.0.1", "DESTINATION_INVALID")):  # fmt: skip
            self.discarded(self.packet([first, THEN, XOR], 2), reason)
        self.discarded(self.packet([SERVER, "::", XOR], 2), "DESTINATION_INVALID")
        self.discarded(self.packet([SERVER, XOR], 1, src="fe80::1"), "SOURCE_INVALID")
        cut = bytearray(bytes(self.packet([SERVER, XOR], 1)))[: 40 + 40]
        cut[4:6] = (32).to_bytes(2, "big")
        self.discarded(bytes(cut), "HEADER_TRUNCATED")


@behaviours("End.VNF")
@rfc("8986", "4.1.1")
@rule("PIPE-1", "UL-1", "UL-3", "END-8")
class UpperLayer(VnfTest):
    """Without a segment left the SID is the destination: the upper-layer rule."""

    def runTest(self) -> None:
        for packet, pointer in ((craft.ip6(CLIENT, XOR, tcp()), 40), (self.packet([XOR], 0), 64)):
            self.send(1, packet)
            self.expect_icmp6(1, 4, 4, pointer, packet)
            self.expect_nothing()
            self.expect_drop("UPPER_LAYER")


@behaviours("End.VNF")
@rule("PIPE-1")
class TooBig(VnfTest):
    """The link to the proxy has its MTU."""

    def runTest(self) -> None:
        self.proxied(ports={3: {"mtu": 1280}})
        packet = self.packet([SERVER, XOR], 1, craft.tcp(bytes(1200)))
        self.send(1, packet)
        self.expect_icmp6(1, 2, 0, 1280, packet)
        self.expect_drop("PACKET_TOO_BIG")


@behaviours("End.VNF")
@rule("PIPE-1", "END-10")
class BehindEnd(VnfTest):
    """End and End.VNF of one node in a row: each costs a hop limit."""

    def runTest(self) -> None:
        packet = self.packet([SERVER, XOR, "fcbb:bb00:1:1::"], 2, dst="fcbb:bb00:1:1::")
        self.send(1, packet)
        expected = bytearray(handed_over(packet, SERVER))
        expected[7] -= 1
        self.expect_only(3, wire.Part(bytes(expected), wire.IPV6))
        self.expect_no_drop()
