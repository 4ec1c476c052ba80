# SPDX-License-Identifier: Apache-2.0
"""End.NSH (RFC 9491 5.2; NSH-1, NSH-2): NSH behind an SRH goes to a service function forwarder, and gets its headers
back when it returns with an index one lower.

A packet comes in by port 1, the forwarder is behind port 3 (VLAN 20 of port 4 for one path), what goes on along its
list leaves by port 2.
"""

from __future__ import annotations

import struct
import time
from typing import Any

from srv6_base import Frame, Srv6Test, behaviours, craft, rfc, rule, wire

HOST, OTHER_HOST = "2001:db8:1::2", "2001:db8:1:1::9"
SID, END, DT6 = "fcbb:bb00:1:84::", "fcbb:bb00:1:e::", "fcbb:bb00:1:d6::"
NEXT, LAST, NOWHERE = "fcbb:bb00:2::", "fcbb:bb00:2:9::", "2001:db8:ff::1"
NSH, ETHERTYPE = 145, 0x894F
PAYLOAD = bytes(range(40))


def nsh(spi: int, si: int, version: int = 0, payload: bytes = PAYLOAD) -> bytes:
    """MD type 2 without context, TTL 63 (RFC 8300 2.2, 2.3)."""
    return struct.pack("!HBBI", version << 14 | 63 << 4 | 2, 2, 1, spi << 8 | si) + payload


class NshTest(Srv6Test):
    """A node with three service paths."""

    profile = "services"
    age = 300

    def setUp(self) -> None:
        super().setUp()
        self.chain()

    def chain(self, **more: Any) -> None:
        """The node, with nothing learned."""
        self.node(
            ports={4: {"vlans": {20: {"addresses": ["2001:db8:420::1/64"]}}}},
            **{
                "service-paths": [
                    {"name": "firewall", "spi": 42, "si": 255, "via": "2001:db8:3::2", "age": self.age},
                    {"name": "tagged", "spi": 0xABCDEF, "si": 7, "via": "2001:db8:420::2"},
                    {"name": "last", "spi": 9, "si": 1, "via": "2001:db8:3::2"},
                ],
                **more,
            },
            sids=[
                {"sid": f"{SID}/64", "behavior": "End.NSH"},
                {"sid": f"{END}/64", "behavior": "End", "flavors": ["psp", "usp", "usd"]},
                {"sid": f"{DT6}/64", "behavior": "End.DT6", "vrf": "default"},
            ],
            routes=[{"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:2::2"}],
        )
        controller = self.router.controller
        assert controller is not None
        controller.flush_headers()
        self.router.forget()

    def packet(
        self, left: int = 2, spi: int = 42, si: int = 255, segments: list[str] | None = None, **more: Any
    ) -> craft.Packet:
        """To the SID, with NSH behind the SRH."""
        segments = segments if segments is not None else [LAST, NEXT, SID]
        payload = craft.raw(more.pop("inside", nsh(spi, si)), NSH)
        return craft.srv6(more.pop("src", HOST), segments, segments_left=left, dst=SID, payload=payload, **more)

    def to_sff(self, spi: int = 42, si: int = 255, port: int = 3, vlan: Any = ()) -> Frame:
        """What the forwarder gets."""
        link = {"dst": self.neighbor_mac(port), "src": self.mac(port), "vlan": vlan, "ethertype": ETHERTYPE}
        return wire.ether(nsh(spi, si), **link)

    def from_sff(
        self, spi: int = 42, si: int = 254, port: int = 3, vlan: int | tuple[int, ...] = (), **more: Any
    ) -> None:
        """What the forwarder sends when the packet has been through its functions."""
        link = {"dst": more.pop("dst", self.mac(port)), "src": self.neighbor_mac(port), "vlan": vlan}
        self.send(port, craft.ether(craft.raw(nsh(spi, si, **more), NSH), ethertype=ETHERTYPE, **link))

    def returned(self, packet: craft.Packet, to: str, si: int = 254, spi: int = 42, **fields: int) -> wire.Part:
        """The packet with Segments Left, hop limit and index one lower, to its next segment."""
        octets = bytearray(bytes(packet))
        end = 40 + 8 + 8 * octets[41]
        octets[7] -= 1
        octets[24:40] = wire.v6(to)
        octets[43] -= 1
        octets[end : end + 8] = nsh(spi, si)[:8]
        assert not fields
        return wire.Part(bytes(octets), wire.IPV6)


@behaviours("End.NSH")
@rfc("9491", "5.2")
@rule("NSH-1", "NSH-2")
class ThereAndBack(NshTest):
    """The first packet as the second: NSH alone goes to the forwarder; what returns has its headers again."""

    def runTest(self) -> None:
        packet = self.packet(hl=31, tc=0xB8, fl=0x12345, tag=7, flags=0x10)
        for _ in range(2):
            self.send(1, packet)
            self.expect_only(3, self.to_sff())
            self.from_sff()
            self.expect_only(2, self.returned(packet, NEXT))
        self.expect_no_drop()
        self.expect_sid_counter(f"{SID}/64", packets=2)
        self.assertEqual(self.punts(), {"NSH": 1})


@behaviours("End.NSH")
@rfc("9491", "5.2")
@rule("NSH-1", "NSH-2", "SRH-7")
class AnyList(NshTest):
    """Lists of any length that is kept, anywhere in them, reduced, with TLVs: all of it comes back."""

    def runTest(self) -> None:
        lists = [[LAST] * (count - 1) + [SID] for count in (2, 3, 4, 5, 6, 9, 18, 19, 20)]
        cases: list[tuple[list[str], int, dict[str, Any]]] = [(each, len(each) - 1, {}) for each in lists]
        cases += [([LAST, NEXT, *[LAST] * 9], left, {}) for left in (1, 5, 10)]
        cases += [([LAST, NEXT], 2, {})]  # reduced
        cases += [
            ([LAST, NEXT, SID], 2, {"tlvs": [craft.padn(4), craft.padn(4)]}),
            ([LAST, SID], 1, {"tlvs": [craft.tlv(200, bytes(14))]}),
        ]
        cases += [([LAST, NEXT, SID], 2, {"tlvs": [craft.hmac_tlv(5, bytes(range(32)))]})]
        for segments, left, more in cases:
            packet = self.packet(left, segments=segments, **more)
            self.send(1, packet)
            self.expect_only(3, self.to_sff())
            self.from_sff()
            self.expect_only(2, self.returned(packet, segments[left - 1]))
        self.expect_no_drop()


@behaviours("End.NSH")
@rfc("9491", "5.2")
@rule("NSH-1", "NSH-2")
class LastHeadersCount(NshTest):
    """Another source, list, TLV or place in the list: what returns gets the headers of the packet before."""

    def runTest(self) -> None:
        first = self.packet()
        variants: list[dict[str, Any]] = [
            {"src": OTHER_HOST},
            {"segments": [LAST, NEXT, NEXT, SID], "left": 3},
            {"segments": [NOWHERE, LAST, NEXT, SID], "left": 3},
            {"segments": [LAST, NEXT, SID, NOWHERE]},
            {"tlvs": [craft.padn(4), craft.padn(4)]},
            {"tag": 1},
            {"flags": 0x40},
        ]
        for each in variants:
            for packet in (first, self.packet(**each)):
                self.send(1, packet)
                self.expect_only(3, self.to_sff())
            self.from_sff()
            self.expect_only(2, self.returned(packet, NEXT))
        # Hop limit, traffic class and flow label are no part of the path.
        self.send(1, first)
        self.expect_only(3, self.to_sff())
        before = self.punts()
        self.send(1, self.packet(hl=9, tc=1, fl=7))
        self.expect_only(3, self.to_sff())
        self.from_sff()
        self.expect_only(2, self.returned(first, NEXT))
        self.assertEqual(self.punts(), before)


@behaviours("End.NSH", "VLAN")
@rfc("9491", "5.2")
@rule("NSH-1", "NSH-2")
class PathsAndTags(NshTest):
    """Each service path has its own headers; frames with tags on either side; index 0 comes back from index 1."""

    def runTest(self) -> None:
        one, other, last = self.packet(), self.packet(1, 0xABCDEF, 7), self.packet(1, 9, 1)
        self.send(1, one)
        self.expect_only(3, self.to_sff())
        self.send(1, other)
        self.expect_only(4, self.to_sff(0xABCDEF, 7, port=4, vlan=20))
        self.send(1, last)
        self.expect_only(3, self.to_sff(9, 1))
        self.from_sff(0xABCDEF, 6, port=4, vlan=20)
        self.expect_only(2, self.returned(other, LAST, spi=0xABCDEF, si=6))
        self.from_sff(9, 0)
        self.expect_only(2, self.returned(last, LAST, spi=9, si=0))
        self.from_sff()
        self.expect_only(2, self.returned(one, NEXT))
        tagged = self.packet(src="2001:db8:420::2")
        for _ in range(2):
            self.send(4, tagged, vlan=20)
            self.expect_only(3, self.to_sff())
        self.from_sff()
        self.expect_only(2, self.returned(tagged, NEXT))


@behaviours("End.NSH", "End")
@rfc("9491", "5.2")
@rule("NSH-2", "END-10", "END-11")
class NextIsHereOrNowhere(NshTest):
    """The next segment is a SID of this node: one hop each. There is no route to it: the source is told."""

    def runTest(self) -> None:
        packet = self.packet(segments=[NEXT, END, SID], hl=40)
        self.send(1, packet)
        self.expect_only(3, self.to_sff())
        self.from_sff()
        popped = wire.ip6(HOST, NEXT, wire.Part(nsh(42, 254), NSH), hl=38)
        self.expect_only(2, popped)
        packet = self.packet(segments=[NEXT, NOWHERE, SID])
        self.send(1, packet)
        self.expect_only(3, self.to_sff())
        self.from_sff()
        back = bytearray(bytes(self.returned(packet, NOWHERE)))
        back[7] += 1
        self.expect_icmp6(1, 1, 0, 0, bytes(back), src="2001:db8:3::1")
        self.expect_drop("NO_ROUTE")


@behaviours("End.NSH")
@rfc("9491", "5.2")
@rule("NSH-1", "NSH-2")
class HopLimit(NshTest):
    """It is looked at when the packet has come back, not before; Time Exceeded quotes the packet with its new
    destination (RFC 8754 4.3.1.1)."""

    def runTest(self) -> None:
        for hl in (1, 0):
            packet = self.packet(hl=hl, tag=hl + 1)
            self.send(1, packet)
            self.expect_only(3, self.to_sff())
            self.from_sff()
            octets = bytearray(bytes(packet))
            octets[24:40] = wire.v6(NEXT)
            octets[43] -= 1
            octets[103] -= 1
            self.expect_icmp6(1, 3, 0, 0, bytes(octets), src="2001:db8:3::1")
            self.expect_drop("HOP_LIMIT_EXCEEDED")


@behaviours("End.NSH")
@rfc("9491", "5.2")
@rule("NSH-1", "END-4", "END-17", "UL-3")
class Errors(NshTest):
    """What is no NSH with segments left is refused as at End; nothing of it is kept."""

    def runTest(self) -> None:
        for left, le in ((4, 2), (1, 3)):
            packet = self.packet(left, le=le)
            self.send(1, packet)
            self.expect_icmp6(1, 4, 0, 43, packet)
            self.expect_drop("SRH_SEGMENTS_LEFT")
        packet = craft.srv6(HOST, [LAST, NEXT, SID], segments_left=2, payload=craft.udp())
        self.send(1, packet)
        self.expect_icmp6(1, 4, 4, 96, packet)
        self.expect_drop("UPPER_LAYER")
        for packet, pointer in ((self.packet(0), 96), (craft.ip6(HOST, SID, craft.raw(nsh(42, 255), NSH)), 40)):
            self.send(1, packet)
            self.expect_icmp6(1, 4, 4, pointer, packet)
            self.expect_drop("UPPER_LAYER")
        self.send(1, self.packet(inside=nsh(42, 255)[:7]))
        self.expect_drop("HEADER_TRUNCATED")
        for segment, src, reason in (("::1", HOST, "DESTINATION_INVALID"), (NEXT, "fe80::9", "SOURCE_INVALID")):
            self.send(1, self.packet(src=src, segments=[LAST, segment, SID]))
            self.expect_drop(reason)
        for packet in (self.packet(spi=43), self.packet(si=254), self.packet(inside=nsh(42, 255, version=1))):
            self.send(1, packet)
            self.expect_drop("NSH_PATH")
        srh = craft.srh([LAST, NEXT, SID], sl=2, payload=craft.raw(nsh(42, 255), NSH))
        self.send(1, craft.ip6(HOST, SID, craft.hbh(srh, b"\1\4" + bytes(4))))
        self.expect_drop("NSH_HEADERS")
        self.send(1, self.packet(21, segments=[LAST] * 21 + [SID]))
        self.expect_drop("NSH_HEADERS")
        self.assertNotIn("NSH", self.punts())
        self.expect_sid_counter(f"{SID}/64", packets=0, errors=13)


@behaviours("End.NSH")
@rfc("9491", "5.2")
@rule("NSH-2")
class NothingKept(NshTest):
    """What returns on a path, or with an index, that nothing is kept for is dropped; so is what is for
    somebody else, or cut short."""

    def runTest(self) -> None:
        self.from_sff()
        self.expect_drop("NSH_HEADERS")
        self.send(1, self.packet())
        self.expect_only(3, self.to_sff())
        for spi, si in ((42, 253), (42, 255), (43, 254)):
            self.from_sff(spi, si)
            self.expect_drop("NSH_HEADERS")
        self.from_sff(dst="02:00:00:00:09:09")
        self.expect_drop("NOT_MY_MAC")
        link = {"dst": self.mac(3), "src": self.neighbor_mac(3)}
        self.send(3, craft.ether(craft.raw(nsh(42, 254)[:7], NSH), ethertype=ETHERTYPE, **link))
        self.expect_drop("HEADER_TRUNCATED")


@behaviours("End.NSH")
@rfc("9491", "5.2")
@rule("NSH-2")
class Flushed(NshTest):
    """Headers that were flushed are gone; the next packet brings them again."""

    def runTest(self) -> None:
        packet = self.packet()
        self.send(1, packet)
        self.expect_only(3, self.to_sff())
        controller = self.router.controller
        assert controller is not None
        controller.flush_headers()
        self.from_sff()
        self.expect_drop("NSH_HEADERS")
        self.send(1, packet)
        self.expect_only(3, self.to_sff())
        self.from_sff()
        self.expect_only(2, self.returned(packet, NEXT))


@behaviours("End.NSH")
@rfc("9491", "5.2")
@rule("NSH-2")
class Aged(NshTest):
    """Headers that no packet has used for the age of their path are gone; those that one has used are not."""

    def runTest(self) -> None:
        controller = self.router.controller
        assert controller is not None
        packet, now = self.packet(), time.monotonic()
        self.send(1, packet)
        self.expect_only(3, self.to_sff())
        controller.look_at_headers(now)
        for later in (self.age - 1, 2 * self.age - 2):
            self.send(1, packet)
            self.expect_only(3, self.to_sff())
            controller.look_at_headers(now + later)
        self.from_sff()
        self.expect_only(2, self.returned(packet, NEXT))
        controller.look_at_headers(now + 2 * self.age)
        controller.look_at_headers(now + 3 * self.age)
        self.from_sff()
        self.expect_drop("NSH_HEADERS")


@behaviours("End.NSH")
@rfc("9491", "5.2")
@rule("NSH-1", "HE-11")
class TooLong(NshTest):
    """NSH longer than the way to the forwarder takes: the source is told what fits with its headers."""

    def runTest(self) -> None:
        self.node(
            ports={3: {"mtu": 1300}},
            **{"service-paths": [{"name": "firewall", "spi": 42, "si": 255, "via": "2001:db8:3::2"}]},
            sids=[{"sid": f"{SID}/64", "behavior": "End.NSH"}],
        )
        packet = self.packet(inside=nsh(42, 255, payload=bytes(1292)))
        self.send(1, packet)
        frame = self.receive(3)
        assert frame is not None and len(frame) == 14 + 1300
        packet = self.packet(inside=nsh(42, 255, payload=bytes(1293)))
        self.send(1, packet)
        self.expect_icmp6(1, 2, 0, 1300 + 96, packet)
        self.expect_drop("PACKET_TOO_BIG")


@behaviours("End.NSH")
@rfc("8200", "3")
@rule("NSH-1")
class Padding(NshTest):
    """What the link put behind the packet does not go to the forwarder."""

    def runTest(self) -> None:
        packet = self.packet()
        self.send(1, Frame(bytes(self.frame_in(1, packet)) + bytes(9)))
        self.expect_only(3, self.to_sff())


@behaviours("End.NSH", "SR domain filters")
@rfc("8754", "5.1")
@rule("NSH-2", "SEC-1")
class FromOutside(NshTest):
    """NSH from outside the domain is no forwarder's."""

    def runTest(self) -> None:
        self.chain()
        self.send(1, self.packet())
        self.expect_only(3, self.to_sff())
        self.node(
            ports={5: {"role": "external"}},
            sr_domain={"sid-block": ["fcbb:bb00::/32"]},
            **{"service-paths": [{"name": "firewall", "spi": 42, "si": 255, "via": "2001:db8:3::2"}]},
            sids=[{"sid": f"{SID}/64", "behavior": "End.NSH"}],
        )
        self.from_sff(port=5)
        self.expect_drop("UNSUPPORTED_ETHERTYPE")
