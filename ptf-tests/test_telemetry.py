# SPDX-License-Identifier: Apache-2.0
"""What is measured by options of IPv6: path tracing (PT-1), alternate marking (RFC 9343; ALT-1).

A packet comes in by port 1 and leaves by port 2, in VLAN 20 of port 3, or in a policy by port 7. Time stamps are
compared as far as two clocks allow: they are masked.
"""

from __future__ import annotations

import struct

from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire
from srv6cp.p4rt import DirectCounterEntry

HOST, TARGET, TAGGED = "2001:db8:1::2", "2001:db8:92::1", "2001:db8:93::1"
SID, PSP, DT6, MINE = "fcbb:bb00:1:1::", "fcbb:bb00:1:2::", "fcbb:bb00:1:3::", "2001:db8:1::1"
AGAIN = "fcbb:bb00:1:4::"
NEXT, LAST, SEGMENT = "fcbb:bb00:2::", "fcbb:bb00:2:9::", "fcbb:bb00:b1::"
SOURCE = "fcbb:bb00:1::1"
UDP = craft.udp(b"payload")
STACK = bytes(range(1, 37))
FLOW = 0x12345


def traced(stack: bytes = STACK) -> bytes:
    """The path tracing option."""
    return bytes((0x32, len(stack))) + stack


def marked(flow: int = FLOW, loss: int = 0, delay: int = 0, reserved: int = 0) -> bytes:
    """The alternate marking option (RFC 9343 3.1)."""
    return b"\x12\x04" + struct.pack("!I", flow << 12 | loss << 11 | delay << 10 | reserved)


class TelemetryTest(Srv6Test):
    """A node that measures."""

    profile = "telemetry"

    def setUp(self) -> None:
        super().setUp()
        self.node(
            ports={3: {"vlans": {20: {"addresses": ["2001:db8:320::1/64"]}}}},
            sids=[
                {"sid": f"{SID}/64", "behavior": "End"},
                {"sid": f"{PSP}/64", "behavior": "End", "flavors": ["psp", "usp"]},
                {"sid": f"{DT6}/64", "behavior": "End.DT6", "vrf": "default"},
                {"sid": f"{AGAIN}/64", "behavior": "End"},
                {"sid": "fcbb:bb00:1:b6::/64", "behavior": "End.B6.Insert", "policy": "inserted"},
            ],
            policies=[
                {"name": "sent", "encap": {"flow-label": 0}, "segments": [SEGMENT]},
                {"name": "traced", "encap": {"flow-label": 0, "path-tracing": 77}, "segments": [SEGMENT, LAST]},
                {"name": "reduced", "segments": [SEGMENT],
                 "encap": {"mode": "encap.red", "flow-label": 0, "path-tracing": 5}},
                {"name": "inserted", "encap": {"mode": "inline", "flow-label": 0}, "segments": [SEGMENT]},
            ],
            steering=[
                {"prefix": "2001:db8:a0::/48", "policy": "sent"},
                {"prefix": "2001:db8:a1::/48", "policy": "traced"},
                {"prefix": "10.9.0.0/16", "policy": "traced"},
                {"prefix": "2001:db8:a2::/48", "policy": "reduced"},
                {"prefix": "2001:db8:a3::/48", "policy": "inserted"},
            ],
            routes=[
                {"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:2::2"},
                {"prefix": "2001:db8:92::/48", "via": "2001:db8:2::2"},
                {"prefix": "2001:db8:93::/48", "via": "2001:db8:320::2"},
                {"prefix": "2001:db8:94::/48", "via": "2001:db8:4::2"},
                {"prefix": f"{SEGMENT}/48", "via": "2001:db8:7::2"},
            ],
            telemetry={
                "path-tracing": [
                    {"interface": 2, "id": 0xABC, "load": 7},
                    {"interface": "3.20", "id": 0x123, "template": 0},
                    {"interface": 7, "id": 0x456, "load": 15, "template": 3},
                ],
                "alternate-marking": [{"flow": FLOW}, {"flow": 1, "ports": [4]}],
            },
        )  # fmt: skip
        self.before = self.counts()

    def receive_masked(self, port: int, at: int, length: int = 1) -> bytes:
        """The frame that leaves ``port``, its octets ``at`` behind the Ethernet header and tag zeroed."""
        frame = self.receive(port)
        assert frame is not None, f"nothing left port {port}"
        link = 18 if frame[12:14] == b"\x81\x00" else 14
        return frame[: link + at] + bytes(length) + frame[link + at + length :]

    def counts(self) -> dict[tuple[int, int, int, int], int]:
        """Packets by port, FlowMonID, L and D, without zeros."""
        self.router.settle()
        cells = self.router.client.read(DirectCounterEntry("alternate_marking_table"))
        return {
            (int(each.match["ingress_port"]), int(each.match["flow_mon_id"]), int(each.match["loss"]),
             int(each.match["delay"])): each.packets
            for each in cells
            if isinstance(each, DirectCounterEntry) and each.match and each.packets
        }  # fmt: skip

    def expect_counts(self, expected: dict[tuple[int, int, int, int], int]) -> None:
        """Since the last time."""
        before, found = self.before, self.counts()
        self.before = found
        self.assertEqual({key: n - before.get(key, 0) for key, n in found.items() if n != before.get(key, 0)}, expected)


def mcd(interface: int, load: int) -> bytes:
    """What a midpoint writes, its time stamp masked."""
    return struct.pack("!H", interface << 4 | load) + b"\0"


# --- path tracing -----------------------------------------------------------------------------------------------------


@behaviours("Path tracing")
@rule("PT-1")
class Midpoint(TelemetryTest):
    """On the way and at a SID: the stack moves back by 3 octets, the exit is written in front; no octet more."""

    def runTest(self) -> None:
        for target, port, vlan, new in (
            (TARGET, 2, (), mcd(0xABC, 7)),
            (TAGGED, 3, 20, mcd(0x123, 0)),
        ):
            packet = craft.ip6(HOST, target, craft.hbh(UDP, traced()))
            self.send(1, packet)
            left = wire.hop(craft.ip6(HOST, target, craft.hbh(UDP, traced(new + STACK[:-3]))))
            expected = self.frame_out(port, left, vlan=vlan) if not vlan else None
            frame = self.receive_masked(port, 40 + 4 + 2)
            assert frame[-len(bytes(left)) :] == bytes(left)
            assert expected is None or frame == expected
        packet = craft.ip6(HOST, SID, craft.hbh(craft.srh([LAST, NEXT, SID], sl=2, payload=UDP), traced()))
        self.send(1, packet)
        moved = craft.ip6(HOST, NEXT, craft.hbh(craft.srh([LAST, NEXT, SID], sl=1, payload=UDP),
                                                traced(mcd(0xABC, 7) + STACK[:-3])))  # fmt: skip
        assert self.receive_masked(2, 40 + 4 + 2) == self.frame_out(2, wire.hop(moved))
        self.expect_nothing()


@behaviours("Path tracing")
@rule("PT-1")
class MidpointTwice(TelemetryTest):
    """Through two nodes: the first record is the second one then. A time stamp is there: it differs or is the same,
    but the octets around it are exact."""

    def runTest(self) -> None:
        packet = craft.ip6(HOST, TARGET, craft.hbh(UDP, traced(bytes(36))))
        self.send(1, packet)
        frame = self.receive(2)
        assert frame is not None
        stack = frame[14 + 44 : 14 + 80]
        assert stack[:2] == mcd(0xABC, 7)[:2] and stack[3:] == bytes(33)
        self.send(1, craft.ip6(HOST, TARGET, craft.hbh(UDP, traced(stack))))
        frame = self.receive(2)
        assert frame is not None
        assert frame[14 + 44 : 14 + 46] == mcd(0xABC, 7)[:2]
        assert frame[14 + 47 : 14 + 80] == stack[:33]


@behaviours("Path tracing")
@rule("PT-1", "END-13")
class NotTraced(TelemetryTest):
    """Untouched: an exit without id, an option that is not the first, of another length, longer than its header, in
    Destination Options, and what is inside a packet that a policy pushes or that is taken out."""

    def runTest(self) -> None:
        packet = craft.ip6(HOST, "2001:db8:94::1", craft.hbh(UDP, traced()))
        self.send(1, packet)
        self.expect_only(4, wire.hop(packet))
        for chain in (
            craft.hbh(UDP, b"\1\0" + traced()),
            craft.hbh(UDP, traced(STACK[:33])),
            craft.hbh(UDP, bytes((0x32, 36)) + STACK[:28]),
            craft.dstopt(UDP, traced()),
        ):
            packet = craft.ip6(HOST, TARGET, chain)
            self.send(1, packet)
            self.expect_only(2, wire.hop(packet))
        inner = craft.ip6(HOST, "2001:db8:a0::1", craft.hbh(UDP, traced()))
        self.send(1, inner)
        self.expect_only(7, wire.ip6(SOURCE, SEGMENT, wire.srh([SEGMENT], sl=0, payload=wire.hop(inner)), hl=64))
        inner = craft.ip6(HOST, TARGET, craft.hbh(UDP, traced()))
        self.send(1, craft.ip6(HOST, DT6, craft.hbh(inner, traced(bytes(36)))))
        self.expect_only(2, wire.hop(inner))


@behaviours("Path tracing")
@rule("PT-1")
class OptionsBehindTheStack(TelemetryTest):
    """Options behind the stack are kept, and walked: at a SID one that must not be skipped is an error."""

    def runTest(self) -> None:
        for behind in (b"\1\6" + bytes(6), b"\1\16" + bytes(14), marked() + b"\1\0", marked() + b"\1\10" + bytes(8)):
            packet = craft.ip6(HOST, TARGET, craft.hbh(UDP, traced() + behind))
            self.send(1, packet)
            left = wire.hop(craft.ip6(HOST, TARGET, craft.hbh(UDP, traced(mcd(0xABC, 7) + STACK[:-3]) + behind)))
            assert self.receive_masked(2, 40 + 4 + 2) == self.frame_out(2, left)
        srh = craft.srh([LAST, NEXT, SID], sl=2, payload=UDP)
        packet = craft.ip6(HOST, SID, craft.hbh(srh, traced() + b"\x40\6" + bytes(6)))
        self.send(1, packet)
        self.expect_drop("OPTION")


@behaviours("Path tracing", "PSP", "USP", "End.DT6", "H.Insert")
@rule("PT-1", "B6-5")
class WithOtherBehaviours(TelemetryTest):
    """PSP leaves the Hop-by-Hop header where it is; an insertion goes behind it."""

    def runTest(self) -> None:
        packet = craft.ip6(HOST, PSP, craft.hbh(craft.srh([LAST, PSP], sl=1, payload=UDP), traced()))
        self.send(1, packet)
        left = wire.hop(craft.ip6(HOST, LAST, craft.hbh(UDP, traced(mcd(0xABC, 7) + STACK[:-3]))))
        assert self.receive_masked(2, 46) == self.frame_out(2, left)
        for behind in (b"", b"\1\6" + bytes(6)):
            packet = craft.ip6(HOST, "2001:db8:a3::1", craft.hbh(UDP, traced() + behind))
            self.send(1, packet)
            srh = craft.srh(["2001:db8:a3::1", SEGMENT], sl=1, payload=UDP)
            left = wire.hop(craft.ip6(HOST, SEGMENT, craft.hbh(srh, traced(mcd(0x456, 15) + STACK[:-3]) + behind)))
            assert self.receive_masked(7, 46) == self.frame_out(7, left)
        self.expect_nothing()


@behaviours("Path tracing", "H.Encaps", "H.Encaps.Red")
@rule("PT-1")
class Source(TelemetryTest):
    """A policy that traces: an empty stack in front, and a TLV with time, interface, load and session."""

    def runTest(self) -> None:
        for address, segments, left, session in (
            ("2001:db8:a1::1", [LAST, SEGMENT], 1, 77),
            ("2001:db8:a2::1", [SEGMENT], 0, 5),  # an SRH without a segment has no place for a TLV
        ):
            inner = craft.ip6(HOST, address, UDP)
            self.send(1, inner)
            value = struct.pack("!HQHH", 0x456 << 4 | 15, 0, session, 0)
            srh = wire.srh(segments, sl=left, payload=wire.hop(inner), tlvs=wire.tlv(128, value))
            packet = wire.ip6(SOURCE, SEGMENT, wire.hbh(srh, traced(bytes(36))), hl=64)
            at = 40 + 40 + 8 + 16 * len(segments) + 4
            assert self.receive_masked(7, at, 8) == self.frame_out(7, packet)
            self.expect_nothing()
        inner4 = craft.ip4("10.0.1.2", "10.9.0.1", UDP)
        self.send(1, inner4)
        srh = wire.srh([LAST, SEGMENT], sl=1, payload=wire.hop(inner4),
                       tlvs=wire.tlv(128, struct.pack("!HQHH", 0x456 << 4 | 15, 0, 77, 0)))  # fmt: skip
        packet = wire.ip6(SOURCE, SEGMENT, wire.hbh(srh, traced(bytes(36))), hl=64)
        assert self.receive_masked(7, 40 + 40 + 8 + 32 + 4, 8) == self.frame_out(7, packet)


@behaviours("Path tracing")
@rule("PT-1", "HE-11")
class SourceMtu(TelemetryTest):
    """What is pushed counts: 40 octets of Hop-by-Hop header, 16 of TLV, beside header and list."""

    def runTest(self) -> None:
        pushed = 40 + 40 + 8 + 32 + 16
        fits = craft.ip6(HOST, "2001:db8:a1::1", craft.udp(bytes(1500 - pushed - 48)))
        self.send(1, fits)
        assert len(self.receive(7) or b"") == 1514
        packet = craft.ip6(HOST, "2001:db8:a1::1", craft.udp(bytes(1500 - pushed - 47)))
        self.send(1, packet)
        self.expect_icmp6(1, 2, 0, 1500 - pushed, packet)
        self.expect_drop("PACKET_TOO_BIG")


# --- alternate marking ------------------------------------------------------------------------------------------------


@behaviours("Alternate marking")
@rfc("9343", "3.1", "4")
@rule("ALT-1")
class HopByHop(TelemetryTest):
    """Every node counts by flow and colour, on the way, at a SID and when it is the destination; nothing is written."""

    def runTest(self) -> None:
        for loss, delay in ((0, 0), (0, 1), (1, 0), (1, 1)):
            packet = craft.ip6(HOST, TARGET, craft.hbh(UDP, marked(FLOW, loss, delay, 0x3FF)))
            self.send(1, packet)
            self.expect_only(2, wire.hop(packet))
        self.expect_counts({(1, FLOW, loss, delay): 1 for loss in (0, 1) for delay in (0, 1)})
        packet = craft.ip6(HOST, SID, craft.hbh(craft.srh([NEXT, SID], sl=1, payload=UDP), marked(loss=1)))
        self.send(1, packet)
        self.expect_only(2, wire.advanced(packet, at=48))
        self.expect_counts({(1, FLOW, 1, 0): 1})
        packet = craft.ip6(HOST, SID, craft.hbh(craft.echo_request(), marked(delay=1)))
        self.send(1, packet)
        self.expect_only(1, wire.ip6(SID, HOST, wire.echo_reply(SID, HOST)))
        self.expect_counts({(1, FLOW, 0, 1): 1})


@behaviours("Alternate marking")
@rfc("9343", "4")
@rule("ALT-1")
class DestinationOptions(TelemetryTest):
    """Before the routing header: at every SID of the list, not on the way. Behind it: the last one alone."""

    def runTest(self) -> None:
        for left in (2, 1):
            srh = craft.srh([LAST, NEXT, SID], sl=left, payload=UDP)
            packet = craft.ip6(HOST, SID, craft.dstopt(srh, marked()))
            self.send(1, packet)
            self.expect_only(2, wire.advanced(packet, at=48))
            self.expect_counts({(1, FLOW, 0, 0): 1})
        packet = craft.ip6(HOST, NEXT, craft.dstopt(craft.srh([LAST, NEXT, SID], sl=1, payload=UDP), marked()))
        self.send(1, packet)
        self.expect_only(2, wire.hop(packet))
        behind = craft.srh([LAST, SID], sl=1, payload=craft.dstopt(UDP, marked()))
        packet = craft.ip6(HOST, SID, behind)
        self.send(1, packet)
        self.expect_only(2, wire.advanced(packet))
        self.expect_counts({})
        behind = craft.srh([SID, NEXT], sl=0, payload=craft.dstopt(craft.echo_request(), marked()))
        self.send(1, craft.ip6(HOST, SID, behind))
        self.expect_only(1, wire.ip6(SID, HOST, wire.echo_reply(SID, HOST)))
        self.expect_counts({(1, FLOW, 0, 0): 1})
        self.send(1, craft.ip6(HOST, MINE, craft.dstopt(craft.echo_request(), marked(loss=1))))
        self.expect_only(1, wire.ip6(MINE, HOST, wire.echo_reply(MINE, HOST)))
        self.expect_counts({(1, FLOW, 1, 0): 1})


@behaviours("Alternate marking")
@rfc("9343", "4")
@rule("ALT-1", "END-10")
class OncePerNode(TelemetryTest):
    """A packet that meets two SIDs of the node, or comes out of another one, is counted once."""

    def runTest(self) -> None:
        for header in (craft.hbh, craft.dstopt):
            srh = craft.srh([NEXT, AGAIN, SID], sl=2, payload=UDP)
            self.send(1, craft.ip6(HOST, SID, header(srh, marked())))
            left = craft.ip6(HOST, NEXT, header(craft.srh([NEXT, AGAIN, SID], sl=0, payload=UDP), marked()))
            self.expect_only(2, wire.hop(left, by=2))
            self.expect_counts({(1, FLOW, 0, 0): 1})
            inner = craft.ip6(HOST, TARGET, UDP)
            self.send(1, craft.ip6(HOST, DT6, header(inner, marked())))
            self.expect_only(2, wire.hop(inner))
            self.expect_counts({(1, FLOW, 0, 0): 1})


@behaviours("Alternate marking")
@rfc("9343", "3.1")
@rule("ALT-1")
class NotCounted(TelemetryTest):
    """Another flow, another port, another length of the option; what is dropped; the first option counts."""

    def runTest(self) -> None:
        for options in (marked(FLOW + 1), marked(1), b"\x12\x06" + marked()[2:] + bytes(2), b"\x1e\x04" + marked()[2:]):
            packet = craft.ip6(HOST, TARGET, craft.hbh(UDP, options))
            self.send(1, packet)
            self.expect_only(2, wire.hop(packet))
        packet = craft.ip6(HOST, TARGET, craft.hbh(UDP, marked()), hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        self.expect_counts({})
        self.send(4, craft.ip6("2001:db8:4::2", TARGET, craft.hbh(UDP, marked(1))))
        assert self.receive(2)
        packet = craft.ip6(HOST, TARGET, craft.hbh(UDP, marked(FLOW) + marked(1)))
        self.send(1, packet)
        self.expect_only(2, wire.hop(packet))
        self.expect_counts({(4, 1, 0, 0): 1, (1, FLOW, 0, 0): 1})


@behaviours("Alternate marking")
@rfc("8200", "4.2")
@rule("ALT-1")
class BehindPadding(TelemetryTest):
    """The option is found behind others, as far as the parser sees: the first 16 octets of the header."""

    def runTest(self) -> None:
        for before, counted in ((b"\0", 1), (b"\1\0", 1), (b"\1\6" + bytes(6), 1), (b"\1\10" + bytes(8), 0)):
            packet = craft.ip6(HOST, TARGET, craft.hbh(UDP, before + marked()))
            self.send(1, packet)
            self.expect_only(2, wire.hop(packet))
            self.expect_counts({(1, FLOW, 0, 0): counted} if counted else {})


@behaviours("Alternate marking")
@rfc("9343", "4")
@rule("ALT-1")
class WaitsForNeighbor(TelemetryTest):
    """A packet that comes back from the control plane is counted when it leaves."""

    def runTest(self) -> None:
        srh = craft.srh([LAST, NEXT, SID], sl=2, payload=UDP)
        # More options than the parser walks: the control plane walks them, and sends the packet again.
        packet = craft.ip6(HOST, SID, craft.hbh(srh, marked() + b"\1\10" + bytes(8) + b"\1\12" + bytes(10)))
        self.send(1, packet)
        at = 40 + len(bytes(craft.hbh(b"", marked() + b"\1\10" + bytes(8) + b"\1\12" + bytes(10))))
        self.expect_only(2, wire.advanced(packet, at=at))
        self.expect_counts({(1, FLOW, 0, 0): 1})
