# SPDX-License-Identifier: Apache-2.0
"""PSP, USP and USD in all their combinations at End, End.X and End.T (RFC 8986 4.16)."""

from __future__ import annotations

from endpoint_base import (
    HOST,
    IN4,
    IN6,
    LAST,
    NEXT,
    OUT4,
    OUT6,
    THEN,
    Endpoint,
    EndpointTest,
    extension_chains,
    flavored,
    for_each,
)
from srv6_base import behaviours, craft, rfc, rule, wire

ALL = flavored()
PSP, NOT_PSP = flavored(with_any=["psp"]), flavored(without=["psp"])
USD, NOT_USD = flavored(with_any=["usd"]), flavored(without=["usd"])
USP = flavored(with_any=["usp"])
LOOKING_UP = ("End", "End.T")  # End.X asks no table


# --- at Segments Left 1 -------------------------------------------------------------------------------------------


@for_each(PSP)
@rfc("8986", "4.16.1", "S14.1", "S14.2", "S14.3", "S14.4", "S14.5")
@rule("FLV-1", "FLV-6", "END-6", "CNT-1")
class PopsAtOne(EndpointTest):
    """Segments Left 1 becomes 0: the SRH is removed, IPv6 names what followed it."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT, self.sid], 1)
        self.passes(packet, self.endpoint.exit, wire.popped(wire.advanced(packet)))


@for_each(NOT_PSP)
@rfc("8986", "4.16.1")
@rule("FLV-6")
class KeepsAtOne(EndpointTest):
    """Without PSP the SRH stays, whatever the other flavours are."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT, self.sid], 1)
        self.passes(packet, self.endpoint.exit, wire.advanced(packet))


@for_each(ALL)
@rfc("8986", "4.16.1", "S14.1")
@rule("FLV-2", "FLV-6")
class KeepsAtTwo(EndpointTest):
    """Segments Left 2 becomes 1: no flavour does anything."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT, self.sid], 2, tlvs=[craft.padn(7), craft.pad1()])
        self.passes(packet, self.endpoint.exit, wire.advanced(packet))


@for_each(PSP)
@rfc("8986", "4.16.1")
@rule("FLV-3", "SRH-7")
class PopsReduced(EndpointTest):
    """A reduced SRH with one entry: Last Entry 0, Segments Left 1."""

    def runTest(self) -> None:
        packet = self.packet([LAST], 1)
        self.passes(packet, self.endpoint.exit, wire.popped(wire.advanced(packet)))


@for_each(PSP)
@rfc("8986", "4.16.1", "S14.3", "S14.4")
@rule("FLV-1", "OAM-3")
class PopsWithTlvs(EndpointTest):
    """TLVs, flags and tag go with the SRH; Payload Length shrinks by all of it."""

    def runTest(self) -> None:
        for tlvs in (
            [craft.tlv(124, bytes(14))],
            [craft.hmac_tlv(1, bytes(32))],
            [craft.padn(7), craft.pad1()],
            [craft.tlv(200, bytes(238))],
        ):
            packet = self.packet([LAST, self.sid], 1, tlvs=tlvs, flags=0x20, tag=77)
            self.send(1, packet)
            self.expect_only(self.endpoint.exit, wire.popped(wire.advanced(packet)))


@for_each(PSP)
@rfc("8986", "4.16.1", "S14.2")
@rule("FLV-1", "END-13")
class PopsBehindExtensionHeaders(EndpointTest):
    """With Hop-by-Hop or Destination Options in front, the last of them names what followed the SRH."""

    def runTest(self) -> None:
        for name, chain, length in extension_chains():
            with self.subTest(name):
                packet = craft.ip6(HOST, self.sid, chain(craft.srh([LAST, NEXT], sl=1, payload=craft.udp(b"x"))))
                self.send(1, packet)
                last = {8: 40, 40: 40, 48: 48, 64: 96}[length]  # where the header before the SRH begins
                at = 40 + length
                self.expect_only(self.endpoint.exit, wire.popped(wire.advanced(packet, at), at, last))


@for_each(PSP)
@rfc("8986", "4.16.1", "S14.2")
@rule("FLV-1", "END-13")
class PopsBeforeAnything(EndpointTest):
    """What follows the SRH is carried: an inner packet, options, a fragment, a second SRH, nothing."""

    def runTest(self) -> None:
        for payload in (
            craft.ip6(IN6, OUT6, craft.udp(), hl=1),
            craft.ip4(IN4, OUT4, craft.udp(), ttl=1, csum=0x1234),
            craft.raw(bytes(60), wire.ETHERNET),
            craft.dstopt(craft.udp()),
            craft.fragment(b"piece", offset=3, nh=wire.UDP),
            craft.srh([THEN, LAST], sl=1, payload=craft.udp()),
            craft.raw(b"", wire.NO_NEXT),
        ):
            packet = self.packet([LAST, NEXT], 1, payload)
            self.send(1, packet)
            self.expect_only(self.endpoint.exit, wire.popped(wire.advanced(packet)))


@for_each(PSP)
@rfc("8754", "2")
@rule("FLV-1", "SRH-9")
class PopsLongest(EndpointTest):
    """An SRH of 127 entries at Segments Left 1."""

    def runTest(self) -> None:
        ports = {n: {"mtu": 9000} for n in (1, 2, 3)}
        self.endpoints(ports={**ports, 4: {"mtu": 9000, "vrf": "blue"}})
        packet = self.packet([f"fcbb:bb00:2:{i:x}::" for i in range(1, 128)], 1)
        self.passes(packet, self.endpoint.exit, wire.popped(wire.advanced(packet)))


@for_each(PSP)
@behaviours("VLAN")
@rfc("8986", "4.16.1")
@rule("FLV-1", "CNT-1")
class PopsFromVlan(EndpointTest):
    """The counter has the length of the packet as it arrived."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT], 1)
        self.send(1, packet, vlan=100)
        self.expect_only(self.endpoint.exit, wire.popped(wire.advanced(packet)))
        self.expect_sid_counter(self.endpoint.prefix, packets=1, size=len(packet))


@for_each(ALL)
@rfc("8986", "4.1", "S05", "S09")
@rule("END-3", "END-4", "FLV-6")
class ErrorsComeFirst(EndpointTest):
    """No flavour changes what is refused: hop limit 1, Segments Left out of range; the SRH is quoted."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT], 1, hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        self.expect_drop("HOP_LIMIT_EXCEEDED")
        packet = self.packet([LAST], 2)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, 43, packet)
        self.expect_drop("SRH_SEGMENTS_LEFT")
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=2)


@for_each(flavored(with_any=["psp"], behaviours=LOOKING_UP))
@rfc("8986", "4.16.1")
@rule("FLV-1", "END-10")
class PopsBeforeOwnSid(EndpointTest):
    """After PSP the next segment is a SID of this node: it meets a packet without SRH."""

    def runTest(self) -> None:
        own = "fcbb:bb00:1:d6::"
        sid = {"sid": f"{own}/64", "behavior": "End.DX6", "via": "2001:db8:6::2", "in-vrf": self.endpoint.vrf}
        self.endpoints(sids=[sid])
        inner = craft.ip6(IN6, OUT6, craft.udp(b"inner"))
        packet = self.packet([own, self.sid], 1, inner)
        self.send(1, packet)
        self.expect_only(6, wire.hop(inner))
        self.expect_sid_counter(f"{own}/64", packets=1, size=40 + len(inner), vrf=self.endpoint.vrf)


# --- two SRHs -----------------------------------------------------------------------------------------------------


def two_srhs(endpoint: Endpoint, left: int) -> craft.Packet:
    """An exhausted SRH, then one with ``left`` segments left."""
    second = craft.srh([LAST, NEXT, endpoint.sid], sl=left, tag=2, payload=craft.udp(b"two"))
    return craft.srv6(HOST, [endpoint.sid], segments_left=0, tag=1, payload=second)


@for_each(ALL)
@rfc("8986", "4.16.1", "S14.2")
@rfc("8986", "4.16.2", "S02.1", "S02.2", "S02.3")
@rule("END-16", "FLV-1", "FLV-4", "FLV-6")
class TwoSrhs(EndpointTest):
    """USP removes the exhausted SRH, PSP the second one when it becomes exhausted: the first is the header in front."""

    def runTest(self) -> None:
        for left in (2, 1):
            packet = two_srhs(self.endpoint, left)
            expected = wire.advanced(packet, 64)
            if left == 1 and "psp" in self.endpoint.flavors:
                expected = wire.popped(expected, 64, 40)
            if "usp" in self.endpoint.flavors:
                expected = wire.popped(expected, 40, 6)
            self.send(1, packet)
            self.expect_only(self.endpoint.exit, expected)
        self.expect_no_drop()


@for_each(USP)
@rfc("8986", "4.16.2", "S02.1", "S02.2", "S02.3")
@rule("END-16", "FLV-1", "FLV-4", "FLV-6")
class ExhaustedSrhsAmongOptions(EndpointTest):
    """USP takes every exhausted SRH out of the chain and leaves the headers between them."""

    def runTest(self) -> None:
        last = craft.srh([LAST, NEXT], sl=1, payload=craft.udp(b"last"))
        end = wire.udp(b"last", between=(HOST, LAST))
        if "psp" not in self.endpoint.flavors:
            end = wire.srh([LAST, NEXT], sl=0, payload=end)

        def exhausted(payload: craft.Packet) -> craft.Packet:
            return craft.srh([self.sid], sl=0, payload=payload)

        for before, after in (
            (exhausted(craft.dstopt(last)), wire.dstopt(end)),
            (exhausted(exhausted(last)), end),
            (craft.hbh(exhausted(craft.dstopt(exhausted(last)))), wire.hbh(wire.dstopt(end))),
            (exhausted(craft.dstopt(exhausted(craft.dstopt(last)))), wire.dstopt(wire.dstopt(end))),
            (craft.dstopt(craft.dstopt(exhausted(last))), wire.dstopt(wire.dstopt(end))),
            (exhausted(exhausted(exhausted(exhausted(last)))), end),
        ):
            self.send(1, craft.ip6(HOST, self.sid, before))
            self.expect_only(self.endpoint.exit, wire.ip6(HOST, LAST, after, hl=63))


# --- USD ----------------------------------------------------------------------------------------------------------


INNER = (
    craft.ip6(IN6, OUT6, craft.udp(b"inner six"), hl=9, tc=0x88, fl=0x54321),
    craft.ip4(IN4, OUT4, craft.udp(b"inner four"), ttl=9, tos=0x88, ident=77, df=False),
)


@for_each(USD)
@rfc("8986", "4.16.3")
@rule("FLV-5", "FLV-6", "FLV-7", "DEC-4", "CNT-1")
class Decapsulates(EndpointTest):
    """An inner IPv6 or IPv4 packet comes out, with and without SRH, and is forwarded as the behaviour says."""

    def runTest(self) -> None:
        packets = []
        for inner in INNER:
            for packet in (
                craft.ip6(HOST, self.sid, inner),
                self.packet([self.sid, NEXT, THEN], 0, inner),
                self.packet([self.sid], 0, inner, tlvs=[craft.padn(7), craft.pad1()], flags=0x20),
            ):
                packets.append(packet)
                self.send(1, packet)
                self.expect_only(self.endpoint.exit, wire.hop(inner))
        self.expect_no_drop()
        self.expect_sid_counter(self.endpoint.prefix, packets=6, size=sum(map(len, packets)))


@for_each(NOT_USD)
@rfc("8986", "4.1.1", "S04")
@rule("FLV-5", "FLV-6", "UL-3")
class DoesNotDecapsulate(EndpointTest):
    """Without USD an inner packet is an error, whatever the other flavours are."""

    def runTest(self) -> None:
        for inner in INNER:
            packet = self.packet([self.sid, NEXT], 0, inner)
            self.send(1, packet)
            self.expect_icmp6(1, 4, 4, 80, packet)
        self.expect_drop("UPPER_LAYER", 2)
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=2)


@for_each(USD)
@rfc("8986", "4.16.3")
@rule("FLV-5", "DEC-4", "UL-4", "END-16")
class DecapsulatesWithAllExtensionHeaders(EndpointTest):
    """All extension headers of the outer packet go."""

    def runTest(self) -> None:
        for inner in INNER:
            for _, chain, _ in extension_chains():
                self.send(1, craft.ip6(HOST, self.sid, chain(inner)))
                self.expect_only(self.endpoint.exit, wire.hop(inner))
            chained = craft.hbh(
                craft.srh([self.sid], sl=0, payload=craft.srh([self.sid], sl=0, payload=craft.dstopt(inner)))
            )
            self.send(1, craft.ip6(HOST, self.sid, chained))
            self.expect_only(self.endpoint.exit, wire.hop(inner))


@for_each(USD)
@rfc("8986", "4.16.3")
@rule("FLV-5", "DEC-6", "END-2")
class OuterHopLimitNotExamined(EndpointTest):
    """Outer hop limit 1 and 0 are fine, as is any Last Entry."""

    def runTest(self) -> None:
        for inner in INNER:
            for hl in (1, 0):
                self.send(1, self.packet([self.sid, NEXT], 0, inner, hl=hl, le=99))
                self.expect_only(self.endpoint.exit, wire.hop(inner))


@for_each(USD)
@rfc("8986", "4.16.3")
@rfc("8200", "3")
@rule("FLV-7", "CNT-1")
class InnerHopLimit(EndpointTest):
    """Inner hop limit or TTL 1 or 0: Time Exceeded to the inner source, quoting the inner packet."""

    def runTest(self) -> None:
        for ttl in (1, 0):
            inner6 = craft.ip6(IN6, OUT6, craft.udp(b"inner"), hl=ttl)
            self.send(1, self.packet([self.sid, NEXT], 0, inner6))
            self.expect_icmp6(self.endpoint.home, 3, 0, 0, inner6, src=self.endpoint.speaker(inner6))
            inner4 = craft.ip4(IN4, OUT4, craft.udp(b"inner"), ttl=ttl)
            self.send(1, craft.ip6(HOST, self.sid, inner4))
            self.expect_icmp4(self.endpoint.home, 11, 0, 0, inner4, src=self.endpoint.speaker(inner4))
        self.expect_nothing()
        self.expect_drop("HOP_LIMIT_EXCEEDED", 4)
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=4)


@for_each(USD)
@rfc("8986", "4.16.3")
@rule("FLV-5", "END-10")
class InnerDestinationIsOwnAddress(EndpointTest):
    """The inner packet of End and End.T is for this node: a ping is answered. End.X looks nothing up."""

    def runTest(self) -> None:
        port = {"End": 2, "End.T": 4, "End.X": 2}[self.endpoint.behaviour]
        own6, own4 = f"2001:db8:{port}::1", f"10.0.{port}.1"
        inner6 = craft.ip6(IN6, own6, craft.echo_request())
        inner4 = craft.ip4(IN4, own4, craft.icmp4(8, 0, b"\0\1\0\2ping"), ident=5)
        for inner in (inner6, inner4):
            self.send(1, self.packet([self.sid, NEXT], 0, inner))
            if self.endpoint.behaviour == "End.X":
                self.expect_only(3, wire.hop(inner))
            elif inner is inner6:
                self.expect_only(self.endpoint.home, wire.ip6(own6, IN6, wire.echo_reply(IN6, own6)))
            else:
                answer = wire.ip4(own4, IN4, wire.icmp4(0, 0, b"\0\1\0\2ping"), ident=5)
                self.expect_only(self.endpoint.home, answer)
        self.expect_no_drop()


@for_each(flavored(with_any=["usd"], behaviours=LOOKING_UP))
@rfc("8986", "4.16.3")
@rule("FLV-5", "END-10", "CNT-1")
class InnerDestinationIsOwnSid(EndpointTest):
    """The inner packet is for a SID of this node with an SRH of its own: processed there, one hop limit in all."""

    def runTest(self) -> None:
        own = "fcbb:bb00:1:e1::"
        self.endpoints(sids=[{"sid": f"{own}/64", "behavior": "End", "in-vrf": self.endpoint.vrf}])
        inner = craft.srv6(IN6, [LAST, own], segments_left=1, payload=craft.udp(b"inner"))
        self.send(1, self.packet([self.sid, NEXT], 0, inner))
        self.expect_only(self.endpoint.exit, wire.advanced(inner))
        self.expect_sid_counter(f"{own}/64", packets=1, size=len(inner), vrf=self.endpoint.vrf)


@for_each(USD)
@rfc("8986", "4.16.3")
@rule("FLV-5", "END-13")
class InnerPacketHasSrh(EndpointTest):
    """An SRH of the inner packet is not looked at when that packet is for somebody else."""

    def runTest(self) -> None:
        inner = craft.ip6(IN6, OUT6, craft.srh([LAST, NEXT], sl=9, payload=craft.udp(b"inner")))
        self.send(1, self.packet([self.sid, NEXT], 0, inner))
        self.expect_only(self.endpoint.exit, wire.hop(inner))


@for_each(USD)
@rfc("8986", "4.16.3")
@rule("FLV-5", "UL-3")
class UsdRefusesFrames(EndpointTest):
    """USD is about IP packets: an Ethernet frame is for the upper-layer rule."""

    def runTest(self) -> None:
        self.refused(self.packet([self.sid], 0, craft.raw(bytes(64), wire.ETHERNET)), 4, 4, 64, "UPPER_LAYER")


@for_each(flavored(with_any=["usd"], behaviours=LOOKING_UP))
@rfc("8986", "4.16.3")
@rule("FLV-5", "END-11")
class InnerDestinationWithoutRoute(EndpointTest):
    """No route for the inner packet: unreachable, to the inner source about the inner packet."""

    def runTest(self) -> None:
        inner6 = craft.ip6(IN6, "2001:db8:dead::1", craft.udp())
        self.send(1, self.packet([self.sid, NEXT], 0, inner6))
        self.expect_icmp6(self.endpoint.home, 1, 0, 0, inner6, src=self.endpoint.speaker(inner6))
        inner4 = craft.ip4(IN4, "192.0.2.1", craft.udp())
        self.send(1, self.packet([self.sid, NEXT], 0, inner4))
        self.expect_icmp4(self.endpoint.home, 3, 0, 0, inner4, src=self.endpoint.speaker(inner4))
        self.expect_drop("NO_ROUTE", 2)
