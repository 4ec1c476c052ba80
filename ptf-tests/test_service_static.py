# SPDX-License-Identifier: Apache-2.0
"""End.AS, End.AN, and services that take frames (draft-xuclad-spring-sr-service-programming-01 6.1)."""

from __future__ import annotations

from typing import Any

from service_base import (
    AD_L2,
    AD_VLAN,
    AS,
    AS_L2,
    DST6,
    HOST,
    INNER4,
    INNER6,
    LAST,
    NEXT,
    SOURCE,
    SRC6,
    ServiceTest,
    chain,
)

from srv6_base import Frame, behaviours, craft, rule, wire

ONE_SEGMENT = "fcbb:bb00:1:a51::"
AN = "fcbb:bb00:1:a4::"
TO, BACK = "02:aa:00:00:00:01", "02:aa:00:00:00:02"
SERVICES: list[dict[str, Any]] = [
    {"name": "nat", "proxy": "static", "via": "2001:db8:3::2", "in": 4, "source": SOURCE, "hop-limit": 63,
     "traffic-class": 0x20, "flow-label": "keep", "segments": [NEXT, LAST]},
    {"name": "short", "proxy": "static", "type": "ipv6", "via": "2001:db8:5::2", "source": SOURCE,
     "flow-label": "keep", "segments": NEXT},
    {"name": "l2", "proxy": "static", "type": "ethernet", "out": 6, "in": 7, "source": SOURCE, "flow-label": "keep",
     "segments": [NEXT, LAST]},
    {"name": "wire", "type": "ethernet", "out": 8},
    {"name": "tagged", "type": "ethernet", "out": "3.100", "in": "4.200"},
]  # fmt: skip
SIDS = {
    AS: ("End.AS", "nat"),
    ONE_SEGMENT: ("End.AS", "short"),
    AS_L2: ("End.AS", "l2"),
    AD_L2: ("End.AD", "wire"),
    AD_VLAN: ("End.AD", "tagged"),
}


def frame(dst: str = TO, payload: bytes = b"a frame of the customer", **fields: Any) -> wire.Part:
    return wire.ether(payload, dst=dst, src=BACK, ethertype=0x88B5, **fields)


def carried(frame_: bytes) -> craft.Packet:
    return craft.raw(bytes(frame_), wire.ETHERNET)


class StaticTest(ServiceTest):
    def setUp(self) -> None:
        super().setUp()
        self.services(SERVICES, SIDS, ports={6: {"mode": "l2"}, 7: {"mode": "l2"}, 8: {"mode": "l2"}})


@behaviours("End.AS")
@rule("PX-1", "PX-8")
class ConfiguredHeaders(StaticTest):
    """With any Segments Left, or without SRH, the service gets what is inside; what comes back gets the headers."""

    def runTest(self) -> None:
        for inner in (INNER6, INNER4):
            for packet in (
                chain(AS, "fcbb:bb00:77::", payload=inner),
                chain("fcbb:bb00:77::", AS, payload=inner, left=0),
                craft.ip6(HOST, AS, inner),
                craft.ip6(HOST, AS, inner, hl=1),
                craft.ip6(HOST, AS, craft.dstopt(inner)),
                craft.srv6(HOST, wire.path(NEXT), segments_left=1, dst=AS, payload=inner),
                chain(AS, *[LAST] * 20, payload=inner, tlvs=[craft.tlv(124, bytes(3))]),
            ):
                self.send(1, packet)
                self.expect_only(3, wire.unchanged(inner))
            self.send(4, inner)
            srh = wire.srh([LAST, NEXT], sl=1, payload=wire.hop(inner))
            self.expect_only(2, wire.ip6(SOURCE, NEXT, srh, hl=63, tc=0x20))
        self.expect_sid_counter(f"{AS}/64", packets=14)
        self.expect_no_drop()
        assert self.punts() == {}


@behaviours("End.AS")
@rule("PX-8")
class OneSegment(StaticTest):
    """With one segment there is no SRH; one interface in both directions."""

    def runTest(self) -> None:
        self.send(1, chain(ONE_SEGMENT, LAST, payload=INNER6))
        self.expect_only(5, wire.unchanged(INNER6))
        self.send(5, INNER6)
        self.expect_only(2, wire.ip6(SOURCE, NEXT, wire.hop(INNER6), hl=64))


@behaviours("End.AS")
@rule("PX-1", "UL-3")
class WrongType(StaticTest):
    """What the service does not take is an error of the upper layer; END-3 and END-4 where segments are left."""

    def runTest(self) -> None:
        for packet, at in (
            (chain(ONE_SEGMENT, NEXT, payload=INNER4), 80),
            (chain(NEXT, ONE_SEGMENT, payload=INNER4, left=0), 80),
            (craft.ip6(HOST, ONE_SEGMENT, INNER4), 40),
            (craft.ip6(HOST, AS, craft.udp(b"x")), 40),
        ):
            self.send(1, packet)
            self.expect_icmp6(1, 4, 4, at, packet)
        packet = chain(AS, NEXT, payload=INNER6, hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        packet = chain(AS, NEXT, payload=INNER6, le=7)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, 43, packet)


@behaviours("End.AS")
@rule("PX-8", "PX-9", "PX-10")
class NothingRaw(StaticTest):
    """A SID of this node as the destination of what comes back is a destination: it gets the headers, too."""

    def runTest(self) -> None:
        for inner in (
            craft.ip6(SRC6, AS, craft.udp(b"x")),
            chain(AS, LAST, payload=INNER4),
            craft.ip6(SRC6, "fcbb:bb00:1::1", craft.echo_request()),
            craft.ip6(SRC6, "2001:db8:1::2", craft.udp(b"x")),
        ):
            self.send(4, inner)
            srh = wire.srh([LAST, NEXT], sl=1, payload=wire.hop(inner))
            self.expect_only(2, wire.ip6(SOURCE, NEXT, srh, hl=63, tc=0x20))
        self.send(4, craft.ip6("fe80::1", DST6, craft.udp(b"x")))
        self.expect_nothing()
        self.expect_drop("SOURCE_INVALID")
        self.send(4, Frame(craft.frame(INNER6, dst="02:00:00:00:99:99", src=self.neighbor_mac(4))))
        self.expect_nothing()
        self.expect_drop("NOT_MY_MAC")


@behaviours("End.AS")
@rule("PX-1", "PX-8")
class Frames(StaticTest):
    """A frame goes to the service as it is, with its tags, and comes back as it is."""

    def runTest(self) -> None:
        for inner in (frame(), frame(vlan=5), frame("ff:ff:ff:ff:ff:ff"), frame(payload=b"")):
            self.send(1, chain(AS_L2, "fcbb:bb00:77::", payload=carried(inner)))
            self.expect_only(6, Frame(inner))
            self.send(7, Frame(inner))
            srh = wire.srh([LAST, NEXT], sl=1, payload=inner, nh=wire.ETHERNET)
            self.expect_only(2, wire.ip6(SOURCE, NEXT, srh, hl=64))
        self.send(1, craft.ip6(HOST, AS_L2, carried(frame())))
        self.expect_only(6, Frame(frame()))
        self.send(1, craft.ip6(HOST, AS_L2, craft.raw(bytes(13), wire.ETHERNET)))
        self.expect_nothing()
        self.expect_drop("HEADER_TRUNCATED")
        self.send(1, craft.ip6(HOST, AS_L2, carried(frame(payload=bytes(1501)))))
        self.expect_nothing()
        self.expect_drop("PACKET_TOO_BIG")


@behaviours("End.AD")
@rule("PX-2", "PX-8")
class FramesWithLearnedHeaders(StaticTest):
    """A bump in the wire: one port, or VLANs of ports, whose tag is the service's."""

    def runTest(self) -> None:
        for sid, out, to, back in ((AD_L2, 8, (), ()), (AD_VLAN, 3, 100, 200)):
            packet = chain(sid, NEXT, LAST, payload=carried(frame(vlan=5)))
            self.send(1, packet)
            tags = (to, 5) if to else 5
            self.expect_only(out, Frame(frame(vlan=tags)))
            self.send(out if not back else 4, Frame(frame(vlan=(back, 5) if back else 5)))
            srh = wire.srh([LAST, NEXT, sid], sl=1, payload=frame(vlan=5), nh=wire.ETHERNET)
            self.expect_only(2, wire.ip6(HOST, NEXT, srh, hl=63))
        self.expect_no_drop()


@behaviours("End.AN")
@rule("PX-6")
class NativeIsEnd(StaticTest):
    """End.AN: as End."""

    def runTest(self) -> None:
        self.services([], {}, further=[{"sid": f"{AN}/64", "behavior": "End.AN", "flavors": ["psp"]}])
        packet = chain(AN, NEXT, LAST, payload=INNER6, tag=9)
        self.send(1, packet)
        self.expect_only(2, wire.advanced(packet))
        packet = chain(AN, NEXT, payload=INNER6)
        self.send(1, packet)
        self.expect_only(2, wire.popped(wire.advanced(packet)))
        packet = chain(AN, NEXT, payload=INNER6, hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        packet = chain(NEXT, AN, payload=INNER6, left=0)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 4, 80, packet)
