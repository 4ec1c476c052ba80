# SPDX-License-Identifier: Apache-2.0
"""Binding SIDs that insert: End.B6.Insert and End.B6.Insert.Red (draft-filsfils-spring-srv6-net-pgm-insertion)."""

from __future__ import annotations

from endpoint_base import B1, B2, HOST, INSERTS, LAST, NEXT, EndpointTest, extension_chains, for_each, inserted, plain
from srv6_base import behaviours, craft, rfc, rule, wire


def pushed(red: bool, path: list[str], moved: wire.Part, at: int = 40) -> wire.Part:
    """What End.B6.Insert makes of the packet that its endpoint step has moved on: an SRH at offset ``at``."""
    listed = wire.path(*(path[1:] if red else path))
    return inserted(moved, [str(segment) for segment in listed], path[0], at, len(path))


@for_each(plain(INSERTS))
@rfc("8986", "4.1", "S12", "S13", "S14")
@rule("B6-5", "B6-3", "END-5", "CNT-1")
class InsertsIntoAdvancedPacket(EndpointTest):
    """Segments Left and destination first; List[0] of the new SRH is the next segment, to come back to."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT, self.sid], 2, tag=5, flags=0x20, tlvs=[craft.padn(7), craft.pad1()])
        red = self.endpoint.behaviour.endswith("Red")
        self.passes(packet, 7, pushed(red, [B1, B2], wire.advanced(packet)))
        count = self.policy_counter("north")
        assert (count.packets, count.bytes) == (1, len(packet)), count


@for_each(plain(INSERTS))
@rfc("8754", "4.1")
@rule("B6-5", "B6-2", "SRH-7")
class InsertsEveryLength(EndpointTest):
    """1 to 16 segments, and the next segment of the packet besides."""

    def runTest(self) -> None:
        for count in (1, 2, 3, 4, 5, 8, 9, 12, 13, 16):
            path = [f"fcbb:bb00:b{i:x}::" for i in range(count)]
            policy = {"name": "north", "encap": {"mode": "encap", "flow-label": 0}, "segments": path}
            self.endpoints(policies=[policy])
            packet = self.packet([LAST, NEXT], 1)
            self.send(1, packet)
            self.expect_only(7, pushed(self.endpoint.behaviour.endswith("Red"), path, wire.advanced(packet)))


@for_each(plain(INSERTS))
@rfc("8200", "4.1")
@rule("B6-5")
class InsertsBehindHopByHop(EndpointTest):
    """A Hop-by-Hop header stays the first; Destination Options in front of the old SRH stay in front of it."""

    def runTest(self) -> None:
        red = self.endpoint.behaviour.endswith("Red")
        for name, chain, length in extension_chains():
            with self.subTest(name):
                packet = craft.ip6(HOST, self.sid, chain(craft.srh([LAST, NEXT], sl=1, payload=craft.udp())))
                moved = wire.advanced(packet, 40 + length)
                self.send(1, packet)
                self.expect_only(7, pushed(red, [B1, B2], moved, 48 if packet.nh == wire.HOP_BY_HOP else 40))


class Returning(EndpointTest):
    """A policy whose insertion leads back to the binding SID."""

    def setUp(self) -> None:
        super().setUp()
        self.endpoints(policies=[{"name": "north", "encap": {"return-to": "binding-sid"}, "segments": [B1, B2]}])


@for_each(plain(INSERTS))
@rfc("8986", "4.1", "S12")
@rule("B6-5", "B6-3", "CNT-1")
class InsertsInTheOrderOfLinuxAndSai(Returning):
    """Segments Left and the list stay, the binding SID is List[0] of the new SRH; the hop limit lowers once."""

    def runTest(self) -> None:
        red = self.endpoint.behaviour.endswith("Red")
        for left in (1, 2):
            packet = self.packet([LAST, NEXT, self.sid], left, tag=5, tlvs=[craft.padn(6)])
            expected = pushed(red, [B1, B2], wire.hop(packet))
            at = 40 + 8 * (1 + expected[41])
            assert expected[at + 3] == left and expected[48:64] == wire.v6(self.sid)
            self.send(1, packet)
            self.expect_only(7, expected)
        packet = craft.ip6(HOST, self.sid, craft.hbh(craft.srh([LAST, NEXT], sl=1, payload=craft.udp())))
        self.send(1, packet)
        self.expect_only(7, pushed(red, [B1, B2], wire.hop(packet), 48))
        self.expect_no_drop()


@for_each(plain(INSERTS))
@rfc("8986", "4.1", "S05", "S09")
@rule("B6-4", "END-3", "END-4")
class RefusesInThatOrderWhatItRefusesInTheOther(Returning):
    """Hop limit 1, Segments Left out of bounds, no segment left, no SRH: as ever."""

    def runTest(self) -> None:
        for packet, kind, code, value, reason in (
            (self.packet([LAST, self.sid], 1, hl=1), 3, 0, 0, "HOP_LIMIT_EXCEEDED"),
            (self.packet([LAST, self.sid], 3), 4, 0, 43, "SRH_SEGMENTS_LEFT"),
            (self.packet([self.sid, NEXT], 0), 4, 4, 80, "UPPER_LAYER"),
            (craft.ip6(HOST, self.sid, craft.udp()), 4, 4, 40, "UPPER_LAYER"),
        ):
            self.send(1, packet)
            self.expect_icmp6(1, kind, code, value, packet)
            self.expect_drop(reason)


@for_each(plain(INSERTS))
@rfc("8754", "4.3.1.1")
@rule("B6-5", "END-16")
class SecondPassEndsAtOldSrh(EndpointTest):
    """What was inserted is used up at the next segment: an End there goes on with the old SRH behind it (END-16)."""

    def runTest(self) -> None:
        red = self.endpoint.behaviour.endswith("Red")
        after = wire.advanced(self.packet([LAST, "fcbb:bb00:1:1::", self.sid], 2))
        there = pushed(red, [B1, B2], after)
        arrived = wire.advanced(wire.advanced(there))  # at the policy's last segment the old destination is back
        assert arrived[24:40] == wire.v6("fcbb:bb00:1:1::") and arrived[43] == 0
        self.send(1, arrived)
        at = 40 + 8 * (1 + arrived[41])
        self.expect_only(2, wire.advanced(arrived, at))


@behaviours("End.B6.Insert", "End.B6.Insert.Red")
@rfc("8986", "4.1", "S05", "S09")
@rule("B6-5", "END-3", "END-4")
class NothingInsertedIntoErrors(EndpointTest):
    """What the endpoint step refuses is quoted without anything inserted."""

    beside = plain(INSERTS)

    def runTest(self) -> None:
        for endpoint in self.beside:
            packet = self.packet([LAST, NEXT], 1, dst=endpoint.sid, hl=1)
            self.send(1, packet)
            self.expect_icmp6(1, 3, 0, 0, packet)
            packet = self.packet([LAST, NEXT], 3, dst=endpoint.sid)
            self.send(1, packet)
            self.expect_icmp6(1, 4, 0, 43, packet)
        assert self.policy_counter("north").packets == 0
