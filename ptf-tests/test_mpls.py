# SPDX-License-Identifier: Apache-2.0
"""End.BM: SIDs that stand for an SR-MPLS policy (RFC 8986 4.15; RFC 9800 4.1.6, 4.2.6).

A packet comes in by port 1 and leaves by port 3, labelled, to the next hop of the policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from endpoint_base import HOST, LAST, NEXT, OUT6, THEN, extension_chains
from srv6_base import Frame, Srv6Test, behaviours, craft, rfc, rule, wire

SID = "fcbb:bb00:1:f::"
PREFIX = f"{SID}/64"
VIA = "2001:db8:3::2"
#: 20 bits each, so that a bit in the wrong place is seen.
LABELS = (16001, 0xFFFFF, 24002, 0xA5A5A, 0x5A5A5, 16006, 0x80001, 0x7FFFE)
UDP = craft.udp(b"payload")
UN = "fcbb:bb00:10::/48"  # End.BM with NEXT-C-SID
REPLACED = "fd00:aabb:ccdd:1111:e003::/80"  # End.BM with REPLACE-C-SID


class MplsTest(Srv6Test):
    """A node with End.BM in its three forms, all of the policy ``core``."""

    def setUp(self) -> None:
        super().setUp()
        self.policy(LABELS[:3])

    def policy(self, labels: Sequence[Any], via: Any = VIA, ports: dict[int, Any] | None = None, **fields: Any) -> None:
        """Configure the node with these labels, and further ``fields`` of the policy."""
        self.node(
            ports=ports or {},
            sids=[
                {"sid": PREFIX, "behavior": "End.BM", "mpls-policy": "core"},
                {"sid": UN, "behavior": "End.BM", "flavors": ["next-csid"], "lblen": 32, "mpls-policy": "core",
                 "allow-outside-locator": True},
                {"sid": REPLACED, "behavior": "End.BM", "flavors": ["replace-csid"], "lblen": 48, "nflen": 32,
                 "mpls-policy": "core", "allow-outside-locator": True},
                {"sid": "fcbb:bb00:1:1::/64", "behavior": "End"},
            ],
            mpls_policies=[{"name": "core", "labels": list(labels), "via": via, **fields}],
        )  # fmt: skip

    def packet(self, segments: Sequence[str], sl: int, payload: craft.Packet = UDP, **fields: Any) -> craft.Packet:
        """A packet to End.BM with an SRH."""
        return craft.ip6(HOST, SID, craft.srh(segments, sl=sl, payload=payload), **fields)

    def labelled(
        self, packet: craft.Packet, moved: wire.Part, labels: Sequence[int] = LABELS[:3], **fields: int
    ) -> None:
        """Send ``packet``: it leaves as ``moved`` with labels around it, and the SID counts it."""
        __tracebackhide__ = True
        self.send(1, packet)
        self.expect_only(3, wire.mpls(labels, moved, **{"ttl": moved[7], **fields}))
        self.expect_no_drop()

    def refused(self, packet: craft.Packet, kind: int, code: int, value: int, reason: str) -> None:
        """Send ``packet``: an ICMPv6 error to its source quoting it as it arrived, one drop, one error of the SID."""
        __tracebackhide__ = True
        errors = self.sid_errors(PREFIX)
        self.send(1, packet)
        self.expect_icmp6(1, kind, code, value, packet)
        self.expect_nothing()
        self.expect_drop(reason)
        self.expect_sid_counter(PREFIX, packets=0, errors=errors + 1)


@behaviours("End.BM")
@rfc("8986", "4.15", "S12", "S13", "S14", "S15", "S16", "S17")
@rule("B6-6", "END-5", "CNT-1")
class PushesOneToEightLabels(MplsTest):
    """Hop limit, Segments Left and destination first, then 1 to 8 labels; S on the last one; EtherType 0x8847."""

    def runTest(self) -> None:
        for count in range(1, len(LABELS) + 1):
            self.policy(LABELS[:count])
            packet = self.packet([LAST, NEXT, SID], 2, hl=7, tc=0xB8)
            with self.subTest(labels=count):
                self.labelled(packet, wire.advanced(packet), LABELS[:count], ttl=6, tc=5)
                self.expect_sid_counter(PREFIX, packets=1, size=len(packet))


@behaviours("End.BM")
@rfc("8986", "4.15")
@rule("B6-6")
class FrameToTheLastByte(MplsTest):
    """The frame as RFC 3032 draws it, byte by byte."""

    def runTest(self) -> None:
        self.policy([16001, 24002])
        packet = self.packet([LAST, NEXT], 1)
        moved = wire.advanced(packet)
        self.send(1, packet)
        head = wire.mac(self.neighbor_mac(3)) + wire.mac(self.mac(3)) + bytes.fromhex("8847")
        entries = bytes.fromhex("03e8103f" + "05dc213f")
        self.expect_only(3, Frame(head + entries + moved))


@behaviours("End.BM")
@rfc("8986", "4.15")
@rfc("3443", "3.1")
@rule("B6-7")
class TtlAndTrafficClass(MplsTest):
    """Uniform: hop limit, class selector. Pipe: what is configured, each of them alone too, in every label."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT], 1, hl=33, tc=0xE3)
        for fields, ttl, tc in (
            ({}, 32, 7),
            ({"ttl": "uniform", "traffic-class": "inherit"}, 32, 7),
            ({"ttl": 255}, 255, 7),
            ({"ttl": 1, "traffic-class": 0}, 1, 0),
            ({"traffic-class": 2}, 32, 2),
        ):
            for count in (1, 4, 7, 8):
                self.policy(LABELS[:count], **fields)
                with self.subTest(fields=fields, labels=count):
                    self.labelled(packet, wire.advanced(packet), LABELS[:count], ttl=ttl, tc=tc)


@behaviours("End.BM")
@rfc("8986", "4.15")
@rfc("3032", "2.1")
@rule("B6-7")
class NullLabels(MplsTest):
    """An implicit null in front is not pushed, alone it leaves the packet as it is; an explicit null is a label."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT], 1)
        self.policy(["implicit-null", 16001, "explicit-null"])
        self.labelled(packet, wire.advanced(packet), [16001, 2])
        self.policy([3])
        self.send(1, packet)
        self.expect_only(3, wire.advanced(packet))
        self.expect_sid_counter(PREFIX, packets=1, size=len(packet))


@behaviours("End.BM")
@rfc("8986", "4.15")
@rule("B6-6", "END-13")
class WhatStaysInside(MplsTest):
    """Options in front of the SRH, TLVs, a reduced SRH, an exhausted SRH before it, 126 segments, and any payload."""

    def runTest(self) -> None:
        reduced = craft.srh([LAST, NEXT], sl=2, tlvs=[craft.padn(7), craft.pad1()], payload=craft.dstopt(UDP))
        for name, chain, length in extension_chains():
            packet = craft.ip6(HOST, SID, chain(reduced))
            with self.subTest(name):
                self.labelled(packet, wire.advanced(packet, 40 + length))
        second = craft.srh([SID], sl=0, payload=craft.srh([LAST, NEXT], sl=1, payload=UDP))
        packet = craft.ip6(HOST, SID, second)
        self.labelled(packet, wire.advanced(packet, 64))
        long = [LAST] * 79 + [NEXT]
        for payload in (UDP, craft.ip6(HOST, OUT6, UDP), craft.ip4("10.0.1.2", "10.0.2.2", UDP), craft.raw(b"x", 59)):
            packet = self.packet(long, 79, payload)
            self.labelled(packet, wire.advanced(packet))


@behaviours("End.BM")
@rfc("8986", "4.15")
@rule("B6-6", "END-7")
class NextSegmentNeedsNoRoute(MplsTest):
    """Whatever the destination inside is: the packet goes to the next hop of the policy."""

    def runTest(self) -> None:
        packet = self.packet([LAST, "fcbb:bb00:dead::"], 1)
        self.labelled(packet, wire.advanced(packet))


@behaviours("End.BM")
@rfc("8986", "4.15")
@rule("END-10", "B6-6")
class BehindEndOfThisNode(MplsTest):
    """End, then End.BM of the same node."""

    def runTest(self) -> None:
        end = "fcbb:bb00:1:1::"
        packet = craft.ip6(HOST, end, craft.srh([LAST, THEN, SID], sl=3, payload=UDP))
        once = wire.advanced(packet)
        self.labelled(packet, wire.advanced(once))
        self.expect_sid_counter("fcbb:bb00:1:1::/64", packets=1)
        self.expect_sid_counter(PREFIX, packets=1)


@behaviours("End.BM")
@rfc("8986", "4.15")
@rfc("8986", "4.1.1")
@rule("B6-4", "B6-6", "UL-3")
class LastSegment(MplsTest):
    """As last segment, or alone, it is an error, also for inner packets: code 4."""

    def runTest(self) -> None:
        for inner in (UDP, craft.ip6(HOST, OUT6, UDP), craft.ip4("10.0.1.2", "10.0.2.2", UDP)):
            self.refused(self.packet([SID, NEXT], 0, inner), 4, 4, 80, "UPPER_LAYER")
            self.refused(craft.ip6(HOST, SID, inner), 4, 4, 40, "UPPER_LAYER")


@behaviours("End.BM")
@rfc("8986", "4.15")
@rule("END-3", "END-4", "B6-6")
class WrongSrhs(MplsTest):
    """Hop limit 1: Time Exceeded. Segments Left or Last Entry out of bounds: Parameter Problem. Cut short: dropped."""

    def runTest(self) -> None:
        self.refused(self.packet([LAST, NEXT], 1, hl=1), 3, 0, 0, "HOP_LIMIT_EXCEEDED")
        self.refused(self.packet([LAST, NEXT], 3), 4, 0, 43, "SRH_SEGMENTS_LEFT")
        self.refused(craft.ip6(HOST, SID, craft.srh([LAST, NEXT], sl=1, le=2, payload=UDP)), 4, 0, 43,
                     "SRH_SEGMENTS_LEFT")  # fmt: skip
        self.send(1, self.packet(["::1", "::1"], 1))
        self.expect_nothing()
        self.expect_drop("DESTINATION_INVALID")


@behaviours("End.BM")
@rfc("3032", "3.5")
@rule("B6-6", "HE-11", "CNT-1")
class TooLongWithLabels(MplsTest):
    """Longer than the exit with its labels: Packet Too Big with what they leave of the MTU; to the last byte."""

    def runTest(self) -> None:
        for count in (1, 2, 5, 8):
            self.policy(LABELS[:count])
            room = 1500 - 4 * count
            fits, longer = (self.packet([LAST, NEXT], 1, craft.udp(bytes(n - 88))) for n in (room, room + 1))
            with self.subTest(labels=count):
                self.labelled(fits, wire.advanced(fits), LABELS[:count])
                self.send(1, longer)
                self.expect_icmp6(1, 2, 0, room, longer)
                self.expect_drop("PACKET_TOO_BIG")
                self.expect_sid_counter(PREFIX, packets=1, errors=1)


@behaviours("End.BM")
@rfc("3032", "3.5")
@rule("B6-6", "HE-11")
class SmallMtu(MplsTest):
    """Of a link of 1280 bytes the labels leave less than IPv6 asks for: that is what is told."""

    def runTest(self) -> None:
        self.policy(LABELS, ports={3: {"addresses": ["2001:db8:3::1/64"], "mtu": 1280}})
        packet = self.packet([LAST, NEXT], 1, craft.udp(bytes(1280 - 88)))
        self.send(1, packet)
        self.expect_icmp6(1, 2, 0, 1248, packet)
        self.expect_drop("PACKET_TOO_BIG")


@behaviours("End.BM")
@rfc("8986", "4.15")
@rule("B6-6")
class TagsAndPadding(MplsTest):
    """A tag of the exit stands in front of the labels, that of the ingress goes; padding is cut behind the packet."""

    def runTest(self) -> None:
        vlan = {"addresses": ["2001:db8:83::1/64"]}
        came = {"addresses": ["2001:db8:81::1/64"], "vlans": {10: {"addresses": ["2001:db8:91::1/64"]}}}
        self.policy(LABELS[:2], "2001:db8:83::2", {3: {"vlans": {100: vlan}}, 1: came})
        packet = self.packet([LAST, NEXT], 1)
        for ingress in (0, 10):
            self.send(1, packet, **({"vlan": ingress} if ingress else {}))
            self.expect_only(3, wire.mpls(LABELS[:2], wire.advanced(packet), ttl=63), vlan=100)
        for count in (1, 2, 8):
            self.policy(LABELS[:count])
            frame = craft.frame(packet, dst=self.mac(1), src=self.neighbor_mac(1))
            self.send(1, Frame(bytes(frame) + bytes(9)))
            self.expect_only(3, wire.mpls(LABELS[:count], wire.advanced(packet), ttl=63))


@behaviours("End.BM")
@rfc("8986", "4.15")
@rule("B6-6", "HE-15", "ECMP-1")
class SeveralNextHops(MplsTest):
    """One flow keeps to one next hop, both are used."""

    def runTest(self) -> None:
        self.policy(LABELS[:1], [VIA, {"address": "2001:db8:4::2", "weight": 1}])
        used = set()
        for label in range(24):
            packet = self.packet([LAST, NEXT], 1, fl=label)
            out = wire.mpls(LABELS[:1], wire.advanced(packet), ttl=63)
            ports = set()
            for _ in range(2):
                self.send(1, packet)
                ports.add(self.expect_one_of({3: out, 4: out}))
            assert len(ports) == 1
            used |= ports
        assert used == {3, 4}


@behaviours("End.BM")
@rfc("8986", "4.15")
@rule("B6-6")
class UnknownNeighbor(MplsTest):
    """Nobody has asked for the next hop yet: the packet waits for it, and counts as dropped."""

    def runTest(self) -> None:
        self.policy(LABELS[:1], {"address": "2001:db8:3::99", "port": 3})
        self.send(1, self.packet([LAST, NEXT], 1))
        self.expect_nothing()
        self.expect_drop("NEIGHBOR_UNRESOLVED")


@behaviours("End.BM with NEXT-CSID")
@rfc("9800", "4.1.6")
@rule("NX-3", "NX-4", "NX-13", "B6-6")
class NextCsid(MplsTest):
    """With an Argument the packet inside goes to its next C-SID, its SRH as it is; without, it is End.BM."""

    def runTest(self) -> None:
        for payload in (UDP, craft.srh([LAST, NEXT], sl=1, payload=UDP), craft.srh([LAST, NEXT], sl=9, payload=UDP)):
            packet = craft.ip6(HOST, "fcbb:bb00:10:2:3::", payload, hl=9)
            moved = bytearray(wire.hop(packet))
            moved[24:40] = wire.v6("fcbb:bb00:2:3::")
            self.labelled(packet, wire.Part(bytes(moved), wire.IPV6), ttl=8)
        self.expect_sid_counter(UN, packets=3)
        packet = craft.ip6(HOST, "fcbb:bb00:10::", craft.srh([LAST, NEXT], sl=1, payload=UDP))
        self.labelled(packet, wire.advanced(packet))
        packet = craft.ip6(HOST, "fcbb:bb00:10:2::", UDP, hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        self.expect_drop("HOP_LIMIT_EXCEEDED")
        packet = craft.ip6(HOST, "fcbb:bb00:10::", UDP)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 4, 40, packet)
        self.expect_drop("UPPER_LAYER")


@behaviours("End.BM with REPLACE-CSID")
@rfc("9800", "4.2.6")
@rule("RP-9", "RP-3", "B6-6")
class ReplaceCsid(MplsTest):
    """The C-SID and Index of the packet inside are replaced, then it is labelled; without any left it is an error."""

    def runTest(self) -> None:
        container = "510500dd:510500cc:510500bb:510500aa"
        segment = ":".join(container.replace(":", "")[at : at + 4] for at in range(0, 32, 4))
        last = "::"
        for index, csid, left in ((3, "510500bb", 1), (1, "510500dd", 1)):
            packet = craft.ip6(HOST, f"fd00:aabb:ccdd:1111:e003::{index}",
                               craft.srh([last, segment], sl=1, payload=UDP))  # fmt: skip
            moved = bytearray(wire.hop(packet))
            moved[24:40] = wire.v6(f"fd00:aabb:ccdd:{csid[:4]}:{csid[4:]}::{index - 1}")
            assert moved[43] == left
            with self.subTest(index=index):
                self.labelled(packet, wire.Part(bytes(moved), wire.IPV6))
        self.expect_sid_counter(REPLACED, packets=2)
        packet = craft.ip6(HOST, "fd00:aabb:ccdd:1111:e003::", UDP)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 4, 40, packet)
        self.expect_drop("UPPER_LAYER")


@behaviours("End.BM")
@rfc("8986", "4.15")
@rule("B6-6")
class LabelsThatArrive(MplsTest):
    """This node is no label switching router: a labelled frame is dropped with its reason."""

    def runTest(self) -> None:
        labelled = bytes.fromhex("03e81140") + bytes(craft.ip6(HOST, OUT6, UDP))
        self.send(1, craft.ether(labelled, dst=self.mac(1), src=self.neighbor_mac(1), ethertype=0x8847))
        self.expect_nothing()
        self.expect_drop("UNSUPPORTED_ETHERTYPE")
