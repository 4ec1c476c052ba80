# SPDX-License-Identifier: Apache-2.0
"""Several SIDs of one node in a list, two SRHs in a header chain, sets of adjacencies."""

from __future__ import annotations

from endpoint_base import (
    FLAVORED,
    HOST,
    IN4,
    IN6,
    LAST,
    NEXT,
    OUT4,
    OUT6,
    SOURCE,
    THEN,
    Endpoint,
    EndpointTest,
    for_each,
    plain,
)
from srv6_base import behaviours, craft, rfc, rule, wire

END, END_X, END_T, DT6, DT4 = (Endpoint(name) for name in ("End", "End.X", "End.T", "End.DT6", "End.DT4"))


@behaviours("End", "End.X")
@rfc("8754", "4.3.1.1", "S22")
@rule("END-10", "CNT-1")
class TwoSidsOfOneNode(EndpointTest):
    """End, then End.X of the same node: both process the packet, each costs one hop limit and counts."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT, END_X.sid, END.sid], 3)
        self.send(1, packet)
        self.expect_only(3, wire.advanced(wire.advanced(packet)))
        self.expect_no_drop()
        self.expect_sid_counter(END.prefix, packets=1, size=len(packet))
        self.expect_sid_counter(END_X.prefix, packets=1, size=len(packet))


@behaviours("End")
@rfc("8754", "4.3.1.1", "S22")
@rule("END-10", "CNT-1")
class OneSidManyTimes(EndpointTest):
    """The same SID over and over."""

    def runTest(self) -> None:
        packet = self.packet([LAST, *[END.sid] * 9], 9)
        self.send(1, packet)
        expected = wire.unchanged(packet)
        for _ in range(9):
            expected = wire.advanced(expected)
        self.expect_only(2, expected)
        self.expect_sid_counter(END.prefix, packets=9, size=9 * len(packet))


@behaviours("End")
@rfc("8986", "4.1", "S05")
@rule("END-10", "END-3")
class HopLimitEndsAtSecondSid(EndpointTest):
    """Hop limit 2 and two SIDs: Time Exceeded at the second one, about the packet as it came there."""

    def runTest(self) -> None:
        packet = self.packet([LAST, END.sid, END.sid], 2, hl=2)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, wire.advanced(packet))
        self.expect_nothing()
        self.expect_drop("HOP_LIMIT_EXCEEDED")
        self.expect_sid_counter(END.prefix, packets=1, errors=1)


@behaviours("End", "End.X")
@rfc("8986", "4.2", "S15")
@rule("END-7", "END-10")
class AdjacencyThoughNextIsOwn(EndpointTest):
    """End.X sends by its adjacency even if the next segment is a SID of this node: no lookup is made."""

    def runTest(self) -> None:
        packet = self.packet([LAST, END.sid, END_X.sid], 2, dst=END_X.sid)
        self.send(1, packet)
        self.expect_only(3, wire.advanced(packet))
        self.expect_sid_counter(END.prefix, packets=0)


@behaviours("End", "End.T")
@rfc("8986", "4.3", "S16")
@rule("END-7", "END-10")
class EndTIntoSidOfItsTable(EndpointTest):
    """End.T, then a SID that is local in table T; one that is local in the default table only is not found there."""

    def runTest(self) -> None:
        blue = "fcbb:bb00:1:b1e::"
        self.endpoints(sids=[{"sid": f"{blue}/64", "behavior": "End", "in-vrf": "blue"}])
        packet = self.packet([LAST, blue, END_T.sid], 2, dst=END_T.sid)
        self.send(1, packet)
        self.expect_only(4, wire.advanced(wire.advanced(packet)))
        self.expect_sid_counter(f"{blue}/64", packets=1, size=len(packet), vrf="blue")
        packet = self.packet([LAST, END.sid, END_T.sid], 2, dst=END_T.sid)
        self.send(1, packet)
        self.expect_icmp6(1, 1, 0, 0, packet)
        self.expect_drop("NO_ROUTE")


@behaviours("End", "End.DT6", "End.DT4")
@rfc("8986", "4.6")
@rule("END-10", "DEC-2")
class EndThenDecapsulation(EndpointTest):
    """End and End.DT6 (End.DT4) of the same node in one list."""

    beside = (DT6, DT4)

    def runTest(self) -> None:
        for last, inner in (
            (DT6, craft.ip6(IN6, OUT6, craft.udp(b"six"))),
            (DT4, craft.ip4(IN4, OUT4, craft.udp(b"four"))),
        ):
            packet = self.packet([last.sid, END.sid], 1, inner)
            self.send(1, packet)
            self.expect_only(4, wire.hop(inner))
            self.expect_no_drop()
            self.expect_sid_counter(last.prefix, packets=1, size=len(packet))
        self.expect_sid_counter(END.prefix, packets=2)


@behaviours("End.DT6", "End")
@rfc("8986", "4.6")
@rule("END-10", "DEC-5")
class InnerDestinationIsOwnSid(EndpointTest):
    """The inner packet of a decapsulation is for another SID of this node, in table T: processed there once more."""

    beside = (DT6,)

    def runTest(self) -> None:
        blue = "fcbb:bb00:1:b1e::"
        self.endpoints(sids=[{"sid": f"{blue}/64", "behavior": "End", "in-vrf": "blue"}])
        inner = craft.srv6(IN6, [LAST, blue], segments_left=1, payload=craft.udp(b"inner"))
        packet = craft.srv6(HOST, [DT6.sid], segments_left=0, payload=inner)
        self.send(1, packet)
        self.expect_only(4, wire.advanced(inner))
        self.expect_sid_counter(DT6.prefix, packets=1, size=len(packet))
        self.expect_sid_counter(f"{blue}/64", packets=1, size=len(inner), vrf="blue")


@behaviours("End")
@rfc("8754", "4.3.1.1", "S22")
@rule("END-10")
class SidOutsideLocator(EndpointTest):
    """A SID that no locator covers is found again as well."""

    def runTest(self) -> None:
        other = "2001:db8:51d::"
        self.endpoints(sids=[{"sid": f"{other}/64", "behavior": "End", "allow-outside-locator": True}])
        packet = self.packet([LAST, other, END.sid], 2)
        self.send(1, packet)
        self.expect_only(2, wire.advanced(wire.advanced(packet)))
        self.expect_sid_counter(f"{other}/64", packets=1, size=len(packet))


@behaviours("End", "VLAN")
@rfc("8754", "4.3.1.1", "S22")
@rule("END-10", "CNT-1")
class TwoSidsFromVlan(EndpointTest):
    """The same from a VLAN, and with the error of the second SID going back into it."""

    def runTest(self) -> None:
        packet = self.packet([LAST, END.sid, END.sid], 2, src="2001:db8:100::2")
        self.send(1, packet, vlan=100)
        self.expect_only(2, wire.advanced(wire.advanced(packet)))
        self.expect_sid_counter(END.prefix, packets=2, size=2 * len(packet))
        packet = self.packet([LAST, END.sid, END.sid], 2, src="2001:db8:100::2", hl=2)
        self.send(1, packet, vlan=100)
        self.expect(1, self.icmp6_error(3, 0, 0, wire.advanced(packet), src="2001:db8:100::1"), vlan=100)


# --- two SRHs ---------------------------------------------------------------------------------------------------


@for_each(plain(FLAVORED))
@rfc("8986", "4.1", "S02", "S03")
@rule("END-16", "END-2")
class SecondSrhBehindExhaustedOne(EndpointTest):
    """An exhausted SRH, then one with segments left: the second is processed for the same SID."""

    def runTest(self) -> None:
        second = craft.srh([LAST, NEXT, self.sid], sl=2, tag=2, payload=craft.udp(b"two"))
        packet = self.packet([self.sid, THEN], 0, second, tag=1)
        at = 40 + 8 + 32
        self.passes(packet, self.endpoint.exit, wire.advanced(packet, at))


@for_each(plain(FLAVORED))
@rfc("8986", "4.1", "S09", "S10")
@rule("END-16", "END-4", "END-3")
class ErrorsOfSecondSrh(EndpointTest):
    """What is wrong with the second SRH is reported with pointers into it."""

    def runTest(self) -> None:
        at = 40 + 8 + 16
        packet = self.packet([self.sid], 0, craft.srh([LAST, NEXT], sl=3, payload=craft.udp()))
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, at + 3, packet)
        self.expect_drop("SRH_SEGMENTS_LEFT")
        packet = self.packet([self.sid], 0, craft.srh([LAST, NEXT], sl=1, rtype=5, payload=craft.udp()))
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, at + 2, packet)
        self.expect_drop("ROUTING_TYPE")
        packet = self.packet([self.sid], 0, craft.srh([LAST, NEXT], sl=1, payload=craft.udp()), hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        self.expect_drop("HOP_LIMIT_EXCEEDED")
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=3)


@for_each(plain(FLAVORED))
@rfc("8754", "4.3.1.1")
@rule("END-16", "END-13")
class FirstSrhCarriesSecond(EndpointTest):
    """The first SRH has segments left: it is the one, the second is payload."""

    def runTest(self) -> None:
        second = craft.srh([LAST, NEXT], sl=9, payload=craft.udp(b"two"))
        packet = self.packet([THEN, NEXT, self.sid], 2, second)
        self.passes(packet, self.endpoint.exit, wire.advanced(packet))


@for_each(plain(FLAVORED))
@rfc("8986", "4.1", "S02", "S03")
@rule("END-16", "END-2")
class SecondSrhBehindOptions(EndpointTest):
    """Hop-by-Hop, an exhausted SRH, Destination Options, an exhausted SRH, then the one with segments left."""

    def runTest(self) -> None:
        third = craft.srh([LAST, NEXT], sl=1, payload=craft.udp(b"three"))
        second = craft.dstopt(craft.srh([self.sid], sl=0, payload=third))
        packet = craft.ip6(HOST, self.sid, craft.hbh(craft.srh([self.sid], sl=0, payload=second)))
        self.passes(packet, self.endpoint.exit, wire.advanced(packet, 40 + 8 + 24 + 8 + 24))


# --- sets of adjacencies ------------------------------------------------------------------------------------------


def set_of(behaviour: str, via: list[str]) -> tuple[str, dict[str, object]]:
    """A SID whose behaviour has two adjacencies, on ports 3 and 6."""
    sid = "fcbb:bb00:1:ada::"
    return sid, {"sid": f"{sid}/64", "behavior": behaviour, "via": via}


VIA6, VIA4 = ["2001:db8:3::2", "2001:db8:6::2"], ["10.0.3.2", "10.0.6.2"]


@behaviours("End.X", "ECMP")
@rfc("8986", "4.2")
@rfc("8986", "7")
@rule("END-7", "ECMP-1")
class EndXSetByFlowHash(EndpointTest):
    """A set of adjacencies: one flow keeps to one, flows that differ in source, or in flow label, use all."""

    def runTest(self) -> None:
        sid, config = set_of("End.X", VIA6)
        self.endpoints(sids=[config])
        used: dict[str, set[int]] = {"label": set(), "source": set()}
        for i in range(24):
            for kind, source, label in (("label", HOST, i), ("source", f"2001:db8:81::{i:x}", 0)):
                packet = craft.ip6(source, sid, craft.srh([LAST, NEXT], sl=1, payload=craft.udp()), fl=label)
                ports = {self._through(packet) for _ in range(2)}
                assert len(ports) == 1, f"one flow took ports {ports}"
                used[kind] |= ports
        assert used == {"label": {3, 6}, "source": {3, 6}}, used
        self.expect_sid_counter(f"{sid}/64", packets=96)

    def _through(self, packet: craft.Packet) -> int:
        self.send(1, packet)
        moved = wire.advanced(packet)
        return self.expect_one_of({3: moved, 6: moved})


@behaviours("End.X", "USD", "ECMP")
@rfc("8986", "4.16.3")
@rule("FLV-5", "ECMP-1")
class EndXUsdSetByFlowHash(EndpointTest):
    """USD at a set of adjacencies: the inner packet by one of them, all are used."""

    def runTest(self) -> None:
        sid, config = set_of("End.X", VIA6)
        self.endpoints(sids=[{**config, "flavors": ["usd"]}])
        used = set()
        for i in range(16):
            for inner in (
                craft.ip6(IN6, f"2001:db8:92::{i:x}", craft.udp()),
                craft.ip4(IN4, f"198.51.100.{i}", craft.udp()),
            ):
                self.send(1, craft.ip6(HOST, sid, inner))
                used.add((inner.version, self.expect_one_of({3: wire.hop(inner), 6: wire.hop(inner)})))
        assert used == {(6, 3), (6, 6), (4, 3), (4, 6)}, used


@behaviours("End.DX6", "ECMP")
@rfc("8986", "4.4")
@rule("DEC-5", "ECMP-1")
class EndDx6SetByFlowHash(EndpointTest):
    """End.DX6 over a set: by the flow of the inner packet."""

    def runTest(self) -> None:
        sid, config = set_of("End.DX6", VIA6)
        self.endpoints(sids=[config])
        used = set()
        for i in range(16):
            inner = craft.ip6(IN6, f"2001:db8:92::{i:x}", craft.udp())
            for _ in range(2):
                self.send(1, craft.ip6(HOST, sid, inner))
                used.add((i, self.expect_one_of({3: wire.hop(inner), 6: wire.hop(inner)})))
        assert len(used) == 16 and {port for _, port in used} == {3, 6}, used


@behaviours("End.DX4", "ECMP")
@rfc("8986", "4.5")
@rule("DEC-5", "ECMP-1")
class EndDx4SetByFlowHash(EndpointTest):
    """End.DX4 over a set: by the flow of the inner packet."""

    def runTest(self) -> None:
        sid, config = set_of("End.DX4", VIA4)
        self.endpoints(sids=[config])
        used = set()
        for i in range(16):
            inner = craft.ip4(IN4, f"198.51.100.{i}", craft.udp(dport=i))
            for _ in range(2):
                self.send(1, craft.ip6(HOST, sid, inner))
                used.add((i, self.expect_one_of({3: wire.hop(inner), 6: wire.hop(inner)})))
        assert len(used) == 16 and {port for _, port in used} == {3, 6}, used


@behaviours("End", "USD")
@rfc("8754", "4.3.1")
@rule("UL-6", "END-14")
class OwnAddressIsSrv6Endpoint(EndpointTest):
    """With the kernel's seg6_enabled own addresses are SIDs: SRHs are processed, and what is inside the last taken out.

    RFC 8754 4.3.1.2 leaves the latter to local configuration; Linux does it. The addresses still answer.
    """

    def runTest(self) -> None:
        self.endpoints(sysctl={f"net.ipv6.conf.{name}.seg6_enabled": 1 for name in ("all", "1")})
        for address in ("2001:db8:1::1", SOURCE):
            with self.subTest(address):
                packet = self.packet([LAST, NEXT, address], 2, dst=address)
                self.send(1, packet)
                self.expect_only(2, wire.advanced(packet))
                inner = craft.ip6(IN6, OUT6, craft.udp())
                self.send(1, self.packet([address], 0, inner, dst=address))
                self.expect_only(2, wire.hop(inner))
                self.send(1, craft.ip6(HOST, address, craft.echo_request()))
                self.expect_only(1, wire.ip6(address, HOST, wire.echo_reply(HOST, address)))
                self.expect_no_drop()
        broken = self.packet([LAST, NEXT, SOURCE], 9, dst=SOURCE)
        self.send(1, broken)
        self.expect_icmp6(1, 4, 0, 43, broken)
        # Addresses of other ports are what they were.
        packet = self.packet([LAST, NEXT], 1, dst="2001:db8:2::1")
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, 42, packet)
