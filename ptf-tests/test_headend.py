# SPDX-License-Identifier: Apache-2.0
"""H.Encaps and H.Encaps.Red (RFC 8986 5.1, 5.2): what they make of each kind of packet, and every field of
the outer header. Lengths of segment lists: test_headend_lengths.py; flow labels: test_headend_flow_label.py;
MTU: test_mtu.py."""

from __future__ import annotations

from typing import Any

from headend_base import (
    DESTINATION,
    NAME,
    SOURCE,
    HeadendTest,
    encapsulated,
    sid,
    sids,
)
from srv6_base import craft, rfc, rule, wire

BEHAVIOURS = ("H.Encaps", "H.Encaps.Red")
MODES = ("encap", "encap.red")

RIGHT_AFTER = ("2001:db8:b::3", "2001:db8:b::2", "2001:db8:b::1")


# --- the packet inside (HE-4, HE-5) ---------------------------------------------------------------------------


class Payloads(HeadendTest):
    """Packets that must arrive inside the outer headers as they were, but for their hop limit."""

    def carries(self, *packets: craft.Packet) -> None:
        for mode in MODES:
            self.headend(mode, sids(3))
            for packet in packets:
                self.send(1, packet)
                self.expect_only(2, encapsulated(packet, sids(3), mode=mode))
            self.expect_no_drop()
            assert self.policy_counter(NAME).packets == len(packets)


@rfc("8986", "5.1")
@rule("HE-5")
class CarriesSrh(Payloads):
    """A packet that already has an SRH keeps it (P2 of RFC 8986 5.1): Segments Left 2, 1 and 0, with TLVs,
    reduced."""

    def runTest(self) -> None:
        data = craft.udp(b"data")
        self.carries(
            *(self.packet6(craft.srh(RIGHT_AFTER, sl=left, payload=data)) for left in (2, 1, 0)),
            self.packet6(
                craft.srh(RIGHT_AFTER, sl=1, tag=7, flags=0x20, tlvs=[craft.padn(7), craft.pad1()], payload=data)
            ),
            self.packet6(craft.srh(RIGHT_AFTER[:2], sl=2, payload=data)),
            self.packet6(craft.srh([*RIGHT_AFTER] * 9, sl=20, payload=data)),
        )


@rfc("8986", "5.1")
@rfc("8754", "4.2")
@rule("HE-5", "END-15")
class CarriesWhatItDoesNotUnderstand(Payloads):
    """Broken SRHs and unknown routing types are the payload's: a headend does not look at them."""

    def runTest(self) -> None:
        data = craft.udp(b"data")
        self.carries(
            self.packet6(craft.srh(RIGHT_AFTER, sl=9, payload=data)),
            self.packet6(craft.srh(RIGHT_AFTER, sl=1, le=200, payload=data)),
            self.packet6(craft.srh(RIGHT_AFTER, sl=1, hel=0, payload=data)),
            self.packet6(craft.srh(RIGHT_AFTER, sl=1, hel=255, payload=data)),
            self.packet6(craft.srh(RIGHT_AFTER, sl=3, rtype=0, payload=data)),
            self.packet6(craft.srh(RIGHT_AFTER, sl=0, rtype=250, payload=data)),
        )


@rfc("8986", "5.1")
@rfc("8200", "4")
@rule("HE-5")
class CarriesExtensionHeaders(Payloads):
    """Hop-by-Hop, Destination Options, fragments, AH, ESP, no next header, many headers, unknown protocols."""

    def runTest(self) -> None:
        data = craft.udp(b"data")
        chain = craft.dstopt(data, b"\x1e\x02ab")
        for _ in range(7):
            chain = craft.dstopt(chain, b"\x1e\x02ab")
        self.carries(
            self.packet6(craft.hbh(data)),
            self.packet6(craft.hbh(data, b"\x1e\xff" + bytes(255))),
            self.packet6(craft.hbh(craft.dstopt(craft.srh(RIGHT_AFTER, sl=1, payload=craft.dstopt(data))))),
            self.packet6(craft.fragment(data, more=True, ident=9)),
            self.packet6(craft.fragment(b"0123456789abcdef", offset=3, more=False, ident=9, nh=17)),
            self.packet6(craft.auth(data)),
            self.packet6(bytes(range(64)), nh=50),
            self.packet6(b""),
            self.packet6(b"after", nh=59),
            self.packet6(b"unknown", nh=253),
            self.packet6(chain),
        )


@rfc("8986", "5.1")
@rule("HE-5")
class CarriesTunnels(Payloads):
    """IPv4 and IPv6 in IPv6, an Ethernet frame in IPv6, IPv4 in IPv4: only the outermost hop limit changes."""

    def runTest(self) -> None:
        inner6 = craft.ip6("2001:db8:a::1", "2001:db8:a::2", craft.udp(b"in"), hl=1)
        inner4 = craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(b"in"), ttl=1)
        frame = craft.ether(inner4, dst="02:00:00:00:0a:02", src="02:00:00:00:0a:01")
        self.carries(self.packet6(inner6), self.packet6(inner4), self.packet6(frame), self.packet4(inner6),
                     self.packet4(inner4))  # fmt: skip


@rfc("8986", "5.1")
@rfc("791", "3.1")
@rule("HE-4", "HE-5")
class CarriesIpv4Options(Payloads):
    """Options of every length 4..40: kept, and the checksum written over them as well."""

    def runTest(self) -> None:
        self.carries(*(self.packet4(options=bytes((7, size - 1, 4)).ljust(size, b"\0")) for size in range(4, 44, 4)))


@rfc("8986", "5.1")
@rfc("791", "3.2")
@rule("HE-5")
class CarriesIpv4Fragments(Payloads):
    """First, middle and last fragment, without and with DF: forwarded as they are."""

    def runTest(self) -> None:
        self.carries(
            self.packet4(b"0" * 16, proto=17, df=False, mf=True, ident=77),
            self.packet4(b"1" * 16, proto=17, df=False, mf=True, offset=2, ident=77),
            self.packet4(b"2" * 5, proto=17, df=False, offset=4, ident=77),
            self.packet4(b"x", proto=17, df=True, mf=True, offset=100, ident=77),
        )


@rfc("8986", "5.1")
@rule("HE-5", "HE-10")
class CarriesEverySize(Payloads):
    """Payloads of 0..64 bytes and some larger ones, IPv6 and IPv4; what is behind the IP packet in the frame
    stays out."""

    def runTest(self) -> None:
        sizes = (*range(0, 65, 8), 1, 7, 127, 128, 1000, 1300)
        self.carries(*(self.packet6(bytes(size), nh=253) for size in sizes),
                     *(self.packet4(bytes(size), proto=253) for size in sizes))  # fmt: skip


@rfc("8986", "5.1", "S05")
@rfc("2473", "3.1")
@rule("HE-4")
class HopLimitInsideIsLowered(Payloads):
    """Hop limit and TTL 255, 64 and 2: one lower inside, the outer one as configured."""

    def runTest(self) -> None:
        self.carries(
            *(self.packet6(hl=hl) for hl in (255, 64, 3, 2)), *(self.packet4(ttl=ttl) for ttl in (255, 64, 3, 2))
        )


@rfc("8986", "5.1", "S05")
@rfc("4443", "3.3")
@rule("HE-4")
class HopLimitExceededIsToldInside(HeadendTest):
    """Hop limit 1 and 0: Time Exceeded to the inner source, nothing enters the policy."""

    def runTest(self) -> None:
        for mode in (*MODES, "insert", "insert.red"):
            self.headend(mode, sids(2))
            for hl in (1, 0):
                packet = self.packet6(hl=hl)
                self.send(1, packet)
                self.expect_icmp6(1, 3, 0, 0, packet)
                self.expect_nothing()
                self.expect_drop("HOP_LIMIT_EXCEEDED")
            assert self.policy_counter(NAME).packets == 0


@rfc("8986", "5.1", "S05")
@rfc("792", "Time Exceeded Message")
@rule("HE-4")
class TtlExceededIsToldInside(HeadendTest):
    """TTL 1 and 0: ICMP 11/0 to the inner source, nothing enters the policy."""

    def runTest(self) -> None:
        for mode in MODES:
            self.headend(mode, sids(2))
            for ttl in (1, 0):
                packet = self.packet4(ttl=ttl)
                self.send(1, packet)
                self.expect_icmp4(1, 11, 0, 0, packet)
                self.expect_nothing()
                self.expect_drop("HOP_LIMIT_EXCEEDED")
            assert self.policy_counter(NAME).packets == 0


@rfc("1071", "1")
@rule("HE-4")
class Ipv4ChecksumInside(HeadendTest):
    """The checksum of the decremented header is right for headers whose sum wraps (0x0000 and 0xffff on the
    way)."""

    def runTest(self) -> None:
        self.headend("encap.red", sids(1))
        seen = set()
        for ident in range(0xFE00, 0x10000, 3):
            packet = bytes(self.packet4(ident=ident, ttl=2))
            if int.from_bytes(packet[10:12], "big") in (0, 0xFFFF, 0xFEFF, 0xFF00, 0x00FF, 0x0100) or ident % 64 == 0:
                seen.add(packet)
        for target in (0x0000, 0x0001, 0x00FF, 0x0100, 0xFEFE, 0xFEFF):
            base = bytes(self.packet4(ident=0, ttl=2))
            value = (int.from_bytes(base[10:12], "big") - target) % 0xFFFF
            seen.add(bytes(self.packet4(ident=value, ttl=2)))
        for packet in sorted(seen):
            self.send(1, packet)
            self.expect(2, encapsulated(packet, sids(1), mode="encap.red"))


# --- fields of the outer header -------------------------------------------------------------------------------


@rfc("8986", "5.1", "S01")
@rule("HE-1")
class SourceOfTheNode(HeadendTest):
    """Outer source: the node's SR source address, or the policy's own."""

    def runTest(self) -> None:
        for source in ("fcbb:bb00:1::1", "fcbb:bb00:1::a11:5eed", "2001:db8:7::7"):
            for mode in MODES:
                encap = {} if source == "fcbb:bb00:1::1" else {"source": source}
                self.headend(mode, sids(2), encap=encap)
                for packet in (self.packet6(), self.packet4()):
                    self.send(1, packet)
                    self.expect_only(2, encapsulated(packet, sids(2), mode=mode, source=source))


@rfc("2473", "6.3")
@rule("HE-6")
class HopLimitConfigured(HeadendTest):
    """A number: the outer hop limit, whatever is inside. Without one it is 64."""

    def runTest(self) -> None:
        for number in (None, 1, 2, 63, 64, 128, 255):
            self.headend("encap", sids(2), encap={} if number is None else {"hop-limit": number})
            for packet in (self.packet6(hl=17), self.packet4(ttl=200)):
                self.send(1, packet)
                self.expect_only(2, encapsulated(packet, sids(2), hl=64 if number is None else number))


@rfc("2473", "6.3")
@rule("HE-6", "HE-4")
class HopLimitInherited(HeadendTest):
    """``inherit``: the inner hop limit or TTL after its decrement, 1..254."""

    def runTest(self) -> None:
        for mode in MODES:
            self.headend(mode, sids(2), encap={"hop-limit": "inherit"})
            for value in (2, 3, 64, 255):
                for packet in (self.packet6(hl=value), self.packet4(ttl=value)):
                    self.send(1, packet)
                    self.expect_only(2, encapsulated(packet, sids(2), mode=mode, hl=value - 1))


@rfc("2473", "6.4")
@rule("HE-7")
class TrafficClassInherited(HeadendTest):
    """``inherit`` and the default: DSCP and ECN of the inner packet, from the IPv4 TOS as well."""

    def runTest(self) -> None:
        for encap in ({}, {"traffic-class": "inherit"}):
            for mode in MODES:
                self.headend(mode, sids(2), encap=encap)
                for value in (0, 1, 2, 3, 0xB8, 0x28 | 1, 0xFF):
                    for packet in (self.packet6(tc=value), self.packet4(tos=value)):
                        self.send(1, packet)
                        self.expect_only(2, encapsulated(packet, sids(2), mode=mode, tc=value))


@rfc("2473", "6.4")
@rule("HE-7")
class TrafficClassConfigured(HeadendTest):
    """A number: the outer traffic class, 0 included; the inner one stays."""

    def runTest(self) -> None:
        for value in (0, 1, 0xB8, 255):
            self.headend("encap", sids(2), encap={"traffic-class": value})
            for packet in (self.packet6(tc=0x2E), self.packet4(tos=0x2E), self.packet6()):
                self.send(1, packet)
                self.expect_only(2, encapsulated(packet, sids(2), tc=value))


@rfc("8754", "4.1")
@rule("HE-3")
class OneSegment(HeadendTest):
    """One SID: an SRH with a single entry in ``encap``, none in ``encap.red``; next header 43, 41 or 4
    accordingly."""

    def runTest(self) -> None:
        for packet, protocol in ((self.packet6(), 41), (self.packet4(), 4)):
            self.headend("encap", [sid(1)])
            self.send(1, packet)
            carried = wire.hop(packet)
            self.expect_only(2, wire.ip6("fcbb:bb00:1::1", sid(1), wire.srh([sid(1)], sl=0, payload=carried)))
            self.headend("encap.red", [sid(1)])
            self.send(1, packet)
            self.expect_only(2, wire.ip6("fcbb:bb00:1::1", sid(1), carried, nh=protocol))


@rfc("8986", "5.1")
@rule("HE-1", "SRH-4", "SRH-5")
class SameSegmentTwice(HeadendTest):
    """A list may name a SID more than once, the last one may be the destination itself, one may be
    zero-ended."""

    def runTest(self) -> None:
        segments = [sid(1), sid(2), sid(1), DESTINATION, "fcbb:bb00:f00::"]
        for mode in MODES:
            self.headend(mode, segments)
            packet = self.packet6()
            self.send(1, packet)
            self.expect_only(2, encapsulated(packet, segments, mode=mode))


@rfc("8986", "5.1")
@rule("HE-1")
class WithTagIn(HeadendTest):
    """Packets that come by a VLAN interface lose the tag; what leaves by one gets its own."""

    def runTest(self) -> None:
        vlan = {100: {"addresses": ["2001:db8:64::1/64", "10.100.0.1/24"]}}
        out = {200: {"addresses": ["2001:db8:c8::1/64"]}}
        self.node(
            ports={1: {"vlans": vlan}, 2: {"vlans": out}},
            policies=[self.policy("encap", sids(3))],
            steering=[{"prefix": p, "policy": NAME} for p in ("2001:db8:99::/64", "198.51.100.0/24")],
            routes=[{"prefix": "fcbb:bb00::/32", "via": "2001:db8:c8::2"}],
        )
        for packet in (self.packet6(), self.packet4()):
            for tag in ((), 100, (5 << 13) | 100, 0):
                self.send(1, packet, vlan=tag)
                self.expect_only(2, encapsulated(packet, sids(3)), vlan=200)
        count = self.policy_counter(NAME)
        sizes = 4 * (len(self.packet6()) + len(self.packet4()))
        assert (count.packets, count.bytes) == (8, sizes), f"{count}, expected 8 packets of {sizes} bytes"


@rfc("8986", "5.1")
@rule("HE-1")
class PaddingStaysOut(HeadendTest):
    """Ethernet padding behind a short packet is not encapsulated: the payload length counts the packet."""

    def runTest(self) -> None:
        for mode in MODES:
            self.headend(mode, sids(2))
            for packet in (self.packet6(b"", nh=59), self.packet4(b"", proto=253)):
                frame = self.frame_in(1, packet)
                self.send(1, wire.Frame(frame.ljust(60, b"\0") + bytes(6)))
                self.router.settle()
                received = self.receive(2)
                expected = self.frame_out(2, encapsulated(packet, sids(2), mode=mode))
                # RFC 894, RFC 2464: a frame may be longer than its packet; what the packet is, its lengths say
                assert received is not None and received[: len(expected)] == expected, received
                assert not any(received[len(expected) :]), "something else than padding behind the packet"
                self.expect_nothing()


@rfc("8986", "5.1")
@rule("HE-1", "END-10")
class FirstSegmentIsOwnSid(HeadendTest):
    """S1 is a SID of the headend itself: encapsulated, then processed here; the second SID is where it goes."""

    own = "fcbb:bb00:1:e000::"

    def runTest(self) -> None:
        for mode in MODES:
            segments = [self.own, sid(2), sid(3)]
            self.headend(mode, segments, sids=[{"sid": f"{self.own}/64", "behavior": "End"}])
            for packet in (self.packet6(), self.packet4()):
                self.send(1, packet)
                self.expect_only(2, wire.advanced(encapsulated(packet, segments, mode=mode)))
            self.expect_sid_counter(f"{self.own}/64", packets=2)
            self.expect_no_drop()


@rfc("8986", "5.1", "4.6")
@rule("HE-1", "END-10", "DEC-1")
class FirstSegmentIsOwnDecapsulation(HeadendTest):
    """The only SID is the headend's End.DT46: the packet comes out as it would have been routed, twice
    decremented."""

    own = "fcbb:bb00:1:d46::"

    def runTest(self) -> None:
        for mode in MODES:
            self.headend(
                mode,
                [self.own],
                sids=[{"sid": f"{self.own}/128", "behavior": "End.DT46", "vrf": "blue"}],
                vrfs=["blue"],
                ports={5: {"vrf": "blue"}},
                routes=[
                    {"prefix": "2001:db8:99::/64", "via": "2001:db8:5::2", "vrf": "blue"},
                    {"prefix": "198.51.100.0/24", "via": "10.0.5.2", "vrf": "blue"},
                ],
            )
            for packet in (self.packet6(), self.packet4()):
                self.send(1, packet)
                self.expect_only(5, wire.hop(packet, 2))
            self.expect_no_drop()


@rfc("8986", "5.1")
@rule("HE-1", "END-10")
class FirstSegmentsAreOwnSids(HeadendTest):
    """Five SIDs of this node first: five passes, hop limit five lower, one frame."""

    def runTest(self) -> None:
        own = [f"fcbb:bb00:1:e00{i}::" for i in range(5)]
        segments = [*own, sid(1), sid(2)]
        self.headend("encap", segments, sids=[{"sid": f"{one}/64", "behavior": "End"} for one in own])
        packet = self.packet6()
        self.send(1, packet)
        expected: Any = encapsulated(packet, segments)
        for _ in own:
            expected = wire.advanced(expected)
        self.expect_only(2, expected)
        for one in own:
            self.expect_sid_counter(f"{one}/64", packets=1)


@rfc("2473", "8.1")
@rfc("4443", "3.3")
@rule("HE-6", "HE-12", "END-3")
class HopLimitRunsOutAtOwnSid(HeadendTest):
    """An inherited hop limit of 1 ends at the node's own SID: the error about the outer packet concerns the
    tunnel, and the inner source hears that its destination cannot be reached."""

    def runTest(self) -> None:
        self.headend("encap", ["fcbb:bb00:1:e000::", sid(2)], encap={"hop-limit": "inherit"},
                     sids=[{"sid": "fcbb:bb00:1:e000::/64", "behavior": "End"}])  # fmt: skip
        packet = self.packet6(hl=2)
        self.send(1, packet)
        self.expect_icmp6(1, 1, 3, 0, wire.hop(packet), src=SOURCE)
        self.expect_drop("HOP_LIMIT_EXCEEDED")
        packet4 = self.packet4(ttl=2)
        self.send(1, packet4)
        self.expect_icmp4(1, 3, 1, 0, wire.hop(packet4))
        self.expect_drop("HOP_LIMIT_EXCEEDED")
