# SPDX-License-Identifier: Apache-2.0
"""End.DX2V: an Ethernet frame is taken out and leaves by the port of its VLAN (RFC 8986 4.10)."""

from __future__ import annotations

from typing import Any

from endpoint_base import HOST, IN4, IN6, NEXT, OUT4, OUT6, THEN, Endpoint, EndpointTest, extension_chains
from srv6_base import Frame, behaviours, craft, rfc, rule, wire

BEHAVIOURS = ("End.DX2V",)
ONE, TWO = "02:aa:00:00:00:01", "02:aa:00:00:00:02"
QINQ = bytes.fromhex("88a8")
UNTAGGED, KEPT, REWRITTEN, POPPED, LAST_VLAN = 0, 10, 20, 30, 4094
OTHER_SID = "fcbb:bb00:1:dd2::"
TABLES = [
    {
        "name": "wires",
        "entries": [
            {"vlan": UNTAGGED, "port": 5},
            {"vlan": KEPT, "port": 5},
            {"vlan": REWRITTEN, "port": 8, "rewrite": 200},
            {"vlan": POPPED, "port": 6, "rewrite": "pop"},
            {"vlan": LAST_VLAN, "port": 8},
        ],
    },
    {"name": "others", "entries": [{"vlan": KEPT, "port": 8}, {"vlan": 7, "port": 5, "rewrite": KEPT}]},
]


def frame(payload: craft.Payload = b"payload of a frame", ethertype: int = 0x88B5, **fields: Any) -> craft.Packet:
    """An inner frame of an experimental type."""
    return craft.ether(payload, dst=ONE, src=TWO, ethertype=ethertype, **fields)


def service(inner: craft.Packet) -> craft.Packet:
    """``inner`` with a service tag (0x88A8) for its outermost one."""
    raw = bytes(inner)
    return craft.raw(raw[:12] + QINQ + raw[14:], wire.ETHERNET)


class EndDx2v(EndpointTest):
    """End.DX2V with the table ``wires``, and another one at ``OTHER_SID`` with ``others``."""

    endpoint = Endpoint("End.DX2V")

    def setUp(self) -> None:
        super().setUp()
        self.wires()

    def wires(self, tables: list[dict[str, Any]] = TABLES, **config: Any) -> None:
        """The node with these VLAN tables."""
        other = {"sid": f"{OTHER_SID}/64", "behavior": "End.DX2V", "table": "others"}
        self.endpoints(sids=[other], vlan_tables=tables, **config)

    def carried(self, inner: craft.Packet) -> tuple[craft.Packet, ...]:
        """``inner`` on its way to the SID, without SRH and with one that is exhausted."""
        return craft.ip6(HOST, self.sid, inner), self.packet([self.sid, NEXT, THEN], 0, inner, tag=3)


@rfc("8986", "4.10")
@rule("DEC-2", "DEC-3", "DEC-4", "DEC-5", "DEC-9", "CNT-1")
class VlanSaysThePort(EndDx2v):
    """Any frame of a VLAN of the table, with and without SRH: it leaves by the port of its entry as it is."""

    def runTest(self) -> None:
        packets = []
        for port, inner in (
            (5, frame()),
            (5, frame(craft.ip6(IN6, OUT6, craft.udp(), hl=1), 0x86DD)),
            (5, frame(bytes(28), wire.ETH_ARP)),
            (5, frame(vlan=KEPT)),
            (5, frame(vlan=0xF000 | KEPT)),
            (5, frame(vlan=(KEPT, REWRITTEN))),
            (5, service(frame(vlan=(KEPT, 3)))),
            (5, service(frame(vlan=KEPT))),
            (8, frame(vlan=LAST_VLAN)),
            (5, frame(craft.ip4(IN4, OUT4, craft.udp(), ttl=0, csum=1), 0x0800, vlan=KEPT)),
        ):
            for packet in self.carried(inner):
                packets.append(packet)
                self.send(1, packet)
                self.expect_only(port, Frame(inner))
        self.expect_no_drop()
        self.expect_sid_counter(self.endpoint.prefix, packets=len(packets), size=sum(map(len, packets)))


@rfc("8986", "4.10")
@rule("DEC-5", "DEC-9")
class PriorityTaggedFrames(EndDx2v):
    """A tag with VID 0 says a priority, no VLAN: the frame is looked up as an untagged one, and keeps the tag."""

    def runTest(self) -> None:
        for inner in (frame(vlan=0), frame(vlan=0xE000), service(frame(vlan=0xE000))):
            self.send(1, craft.ip6(HOST, self.sid, inner))
            self.expect_only(5, Frame(inner))


@rfc("8986", "4.10")
@rule("DEC-5", "DEC-10")
class UntaggedTypes(EndDx2v):
    """LLC frames, group addresses, other tags than VLAN tags: untagged."""

    def runTest(self) -> None:
        bpdu = bytes((0x42, 0x42, 3)) + bytes(35)
        group = craft.ether(bytes(46), dst="01:80:c2:00:00:00", src=TWO, ethertype=0x88B5)
        for inner in (frame(bpdu, len(bpdu)), group, frame(bytes((0, KEPT)) + bytes(46), 0x9100)):
            self.send(1, craft.ip6(HOST, self.sid, inner))
            self.expect_only(5, Frame(inner))


@rfc("8986", "4.10")
@rule("DEC-5", "DEC-9")
class RewrittenTag(EndDx2v):
    """``rewrite: VID``: the VID of the outermost tag changes, priority, DEI, tag type and inner tags do not."""

    def runTest(self) -> None:
        for sent, left in (
            (frame(vlan=REWRITTEN), frame(vlan=200)),
            (frame(vlan=0xB000 | REWRITTEN), frame(vlan=0xB000 | 200)),
            (frame(vlan=(REWRITTEN, REWRITTEN)), frame(vlan=(200, REWRITTEN))),
            (service(frame(vlan=(REWRITTEN, KEPT))), service(frame(vlan=(200, KEPT)))),
        ):
            for packet in self.carried(sent):
                self.send(1, packet)
                self.expect_only(8, Frame(left))


@rfc("8986", "4.10")
@rule("DEC-5", "DEC-9")
class PoppedTag(EndDx2v):
    """``rewrite: pop``: the outermost tag goes, what it stood in front of stays."""

    def runTest(self) -> None:
        for sent, left in (
            (frame(vlan=POPPED), frame()),
            (frame(b"", vlan=0xF000 | POPPED), frame(b"")),
            (frame(vlan=(POPPED, KEPT)), frame(vlan=KEPT)),
            (service(frame(vlan=(POPPED, 0x6000 | POPPED))), frame(vlan=0x6000 | POPPED)),
        ):
            for packet in self.carried(sent):
                self.send(1, packet)
                self.expect_only(6, Frame(left))


@rfc("8986", "4.10")
@rule("DEC-5", "CNT-1")
class TablesApart(EndDx2v):
    """The table of the SID decides: one VLAN, two exits; a VLAN of another table is a miss."""

    def runTest(self) -> None:
        inner = frame(vlan=KEPT)
        self.send(1, craft.ip6(HOST, self.sid, inner))
        self.expect_only(5, Frame(inner))
        self.send(1, craft.ip6(HOST, OTHER_SID, inner))
        self.expect_only(8, Frame(inner))
        self.send(1, craft.ip6(HOST, OTHER_SID, frame(vlan=7)))
        self.expect_only(5, Frame(inner))
        self.send(1, craft.ip6(HOST, self.sid, frame(vlan=7)))
        self.send(1, craft.ip6(HOST, OTHER_SID, frame()))
        self.expect_nothing()
        self.expect_drop("VLAN_UNKNOWN", 2)
        self.expect_sid_counter(self.endpoint.prefix, packets=1, errors=1)
        self.expect_sid_counter(f"{OTHER_SID}/64", packets=2, errors=1)


@rfc("8986", "4.10")
@rule("DEC-5", "CNT-1")
class UnknownVlan(EndDx2v):
    """A VLAN that the table lacks: dropped, and nobody is told. The neighbours of those that it has, inner tags too."""

    def runTest(self) -> None:
        lost = (1, 9, 11, 21, 200, 4093, 4095, 0xF000 | 11, (11, KEPT))
        for vlan in lost:
            for packet in self.carried(frame(vlan=vlan)):
                self.send(1, packet)
        self.expect_nothing()
        self.expect_drop("VLAN_UNKNOWN", 2 * len(lost))
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=2 * len(lost))
        self.wires([{"name": "wires", "entries": [{"vlan": KEPT, "port": 5}]}, TABLES[1]])
        self.send(1, craft.ip6(HOST, self.sid, frame()))
        self.expect_nothing()
        self.expect_drop("VLAN_UNKNOWN")


@rfc("8986", "4.10")
@rule("DEC-5")
class TablesChange(EndDx2v):
    """An entry that changes its port, or goes, while the SID is in use."""

    def runTest(self) -> None:
        inner = frame(vlan=KEPT)
        for entry, port in (({"port": 8}, 8), ({"port": 5, "rewrite": "pop"}, 5), ({"port": 5}, 5)):
            self.wires([{"name": "wires", "entries": [{"vlan": KEPT, **entry}]}, TABLES[1]])
            self.send(1, craft.ip6(HOST, self.sid, inner))
            self.expect_only(port, Frame(frame() if "rewrite" in entry else inner))
        self.wires([{"name": "wires", "entries": [{"vlan": 11, "port": 5}]}, TABLES[1]])
        self.send(1, craft.ip6(HOST, self.sid, inner))
        self.expect_nothing()
        self.expect_drop("VLAN_UNKNOWN")


@rfc("8986", "4.10")
@rule("DEC-12", "UL-3")
class CutFrame(EndDx2v):
    """Less than Ethernet header and tag inside: dropped, even where padding of the link makes the packet longer."""

    def runTest(self) -> None:
        untagged, tagged = bytes(frame()), bytes(frame(vlan=POPPED))
        packets = [
            self.packet([self.sid], 0, craft.raw(whole[:size], wire.ETHERNET))
            for whole in (untagged, tagged)
            for size in range(18)
        ]
        for packet in packets:
            self.send(1, packet)
            self.send(1, Frame(bytes(self.frame_in(1, packet)) + tagged[:20]))
        self.expect_nothing()
        self.expect_drop("HEADER_TRUNCATED", 2 * len(packets))
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=2 * len(packets))
        for whole, port, left in ((untagged, 5, untagged[:18]), (tagged, 6, untagged[:14])):
            self.send(1, self.packet([self.sid], 0, craft.raw(whole[:18], wire.ETHERNET)))
            self.expect_only(port, Frame(left))


@rfc("8986", "4.10")
@rule("DEC-4", "DEC-6", "UL-4", "END-16")
class BehindExtensionHeaders(EndDx2v):
    """All extension headers go; outer hop limit 0 and 1 do not matter."""

    def runTest(self) -> None:
        for port, inner, left in ((5, frame(), frame()), (6, frame(vlan=POPPED), frame())):
            for _, chain, _ in extension_chains():
                for hl in (0, 1, 64):
                    self.send(1, craft.ip6(HOST, self.sid, chain(inner), hl=hl))
                    self.expect_only(port, Frame(left))
            done = craft.srh([self.sid], sl=0, payload=craft.srh([self.sid], sl=0, payload=craft.dstopt(inner)))
            self.send(1, craft.ip6(HOST, self.sid, craft.hbh(done)))
            self.expect_only(port, Frame(left))


@rfc("8986", "4.10", "4.9", "S02", "S03")
@rule("DEC-1")
class SegmentsLeft(EndDx2v):
    """Segments left at the SID: Parameter Problem at the field, whatever the frame is."""

    def runTest(self) -> None:
        self.refused(self.packet([NEXT, self.sid], 1, frame(vlan=KEPT)), 4, 0, 43, "SRH_SEGMENTS_LEFT")


@rfc("8986", "4.10", "4.1.1", "S04")
@rule("DEC-3", "UL-3")
class NoFrameInside(EndDx2v):
    """IP inside is nothing that End.DX2V takes: Parameter Problem code 4 at it."""

    def runTest(self) -> None:
        inner = (craft.ip6(IN6, OUT6, craft.udp()), craft.ip4(IN4, OUT4, craft.udp()))
        for packet in (craft.ip6(HOST, self.sid, each) for each in inner):
            self.send(1, packet)
            self.expect_icmp6(1, 4, 4, 40, packet)
        self.expect_drop("UPPER_LAYER", 2)
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=2)


@rfc("8986", "4.10")
@rule("UL-5")
class FragmentOfFrame(EndDx2v):
    """A piece of a packet does not show the frame: dropped."""

    def runTest(self) -> None:
        self.discarded(craft.ip6(HOST, self.sid, craft.fragment(frame(vlan=KEPT))), "FRAGMENT_AT_SID")


@rfc("8986", "4.10")
@rule("DEC-5", "CNT-1")
class LongerThanExit(EndDx2v):
    """The MTU of the port of the entry holds for what is inside the frame that leaves: a popped tag does not count."""

    def runTest(self) -> None:
        ports = {1: {"mtu": 9000}, 5: {"mode": "l2", "mtu": 1400}, 6: {"mtu": 1400}, 8: {"mtu": 1600}}
        self.wires(ports=ports)
        for port, vlan, most in ((5, (), 1400), (5, KEPT, 1396), (6, POPPED, 1400), (8, REWRITTEN, 1596)):
            left = {6: (), 8: 200}.get(port, vlan)
            self.send(1, self.packet([self.sid], 0, frame(bytes(most), vlan=vlan)))
            self.expect_only(port, Frame(frame(bytes(most), vlan=left)))
            self.send(1, self.packet([self.sid], 0, frame(bytes(most + 1), vlan=vlan)))
            self.expect_nothing()
            self.expect_drop("PACKET_TOO_BIG")
        self.expect_sid_counter(self.endpoint.prefix, packets=4, errors=4)


@rfc("8986", "4.10")
@rule("DEC-4", "CNT-1")
class OuterTag(EndDx2v):
    """The tag that the outer packet came with is not the frame's: it goes, and plays no role."""

    def runTest(self) -> None:
        for port, inner, left in (
            (5, frame(), frame()),
            (5, frame(vlan=KEPT), frame(vlan=KEPT)),
            (6, frame(vlan=POPPED), frame()),
        ):
            self.send(1, craft.ip6("2001:db8:100::2", self.sid, inner), vlan=100)
            self.expect_only(port, Frame(left))


@behaviours("End")
@rfc("8986", "4.10")
@rule("END-10", "DEC-5")
class BehindEndOfThisNode(EndDx2v):
    """End and End.DX2V of one node in one list."""

    def runTest(self) -> None:
        packet = self.packet([self.sid, Endpoint("End").sid], 1, frame(vlan=REWRITTEN), dst=Endpoint("End").sid)
        self.send(1, packet)
        self.expect_only(8, Frame(frame(vlan=200)))
        self.expect_sid_counter(self.endpoint.prefix, packets=1, size=len(packet))
        self.expect_sid_counter(Endpoint("End").prefix, packets=1, size=len(packet))
