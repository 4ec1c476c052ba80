# SPDX-License-Identifier: Apache-2.0
"""H.Insert and H.Insert.Red (draft-filsfils-spring-srv6-net-pgm-insertion; HE-14)."""

from __future__ import annotations

from headend_base import DESTINATION, HOST, NAME, HeadendTest, inserted, sid, sids
from srv6_base import craft, rfc, rule, wire

BEHAVIOURS = ("H.Insert", "H.Insert.Red")
MODES = ("insert", "insert.red")
LIST = ("2001:db8:b::3", "2001:db8:b::2", "2001:db8:b::1")


class Insertions(HeadendTest):
    """Packets in, the same with the SRH inserted at ``at`` out."""

    def inserts(self, *packets: craft.Packet, at: int = 40) -> None:
        for mode in MODES:
            for count in (1, 3):
                self.headend(mode, sids(count))
                for packet in packets:
                    self.send(1, packet)
                    self.expect_only(2, inserted(packet, sids(count), mode=mode, at=at))
                self.expect_no_drop()
                assert self.policy_counter(NAME).packets == len(packets)


@rule("HE-14")
class UpperLayers(Insertions):
    """TCP, UDP, ICMPv6, ESP, nothing, tunnels: Next Header of the SRH is what the IPv6 header named; all else
    stays."""

    def runTest(self) -> None:
        self.inserts(
            self.packet6(craft.tcp(b"data"), tc=0xB8, fl=0xFFFFF, hl=255),
            self.packet6(craft.udp(b"data"), fl=1, hl=2),
            self.packet6(craft.echo_request()),
            self.packet6(bytes(40), nh=50),
            self.packet6(b""),
            self.packet6(craft.ip6("2001:db8:a::1", "2001:db8:a::2", craft.udp(b"in"), hl=1)),
            self.packet6(craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(b"in"), ttl=1)),
            self.packet6(craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(b"in"), options=bytes((1, 1, 1, 0)))),
            self.packet6(craft.ether(b"x" * 46, dst="02:00:00:00:0a:02", src="02:00:00:00:0a:01", ethertype=0x88B5)),
        )


@rfc("8200", "4.1")
@rule("HE-14")
class ExtensionHeaders(Insertions):
    """Without a Hop-by-Hop header the SRH is the first extension header: Destination Options, Fragment, AH
    follow it."""

    def runTest(self) -> None:
        data = craft.udp(b"data")
        self.inserts(
            self.packet6(craft.dstopt(data)),
            self.packet6(craft.dstopt(craft.dstopt(data, b"\x1e\x20" + bytes(32)))),
            self.packet6(craft.fragment(data, more=True, ident=5)),
            self.packet6(craft.fragment(b"rest of it", offset=4, more=False, ident=5, nh=17)),
            self.packet6(craft.auth(data)),
            self.packet6(craft.dstopt(craft.hbh(data))),  # a Hop-by-Hop header in the wrong place is none
        )


@rule("HE-14", "END-16")
class SecondSrh(Insertions):
    """A packet with an SRH gets a second one in front of it: live, exhausted, reduced, with TLVs, malformed."""

    def runTest(self) -> None:
        data = craft.udp(b"data")
        self.inserts(
            self.packet6(craft.srh(LIST, sl=2, payload=data)),
            self.packet6(craft.srh(LIST, sl=0, payload=data)),
            self.packet6(craft.srh(LIST[:2], sl=2, payload=data, tag=3)),
            self.packet6(craft.srh(LIST, sl=1, tlvs=[craft.padn(7), craft.pad1()], payload=data, flags=0x20)),
            self.packet6(craft.srh(LIST, sl=77, payload=data)),
            self.packet6(craft.srh(LIST, sl=1, rtype=3, payload=data)),
        )


@rfc("8200", "4.3")
@rule("HE-14")
class BehindHopByHop(Insertions):
    """Behind a Hop-by-Hop header, whatever its size is and whatever comes after it."""

    def runTest(self) -> None:
        data = craft.udp(b"data")
        for size in (4, 12, 20, 36, 255):
            options = b"\x1e" + bytes((size - 2,)) + bytes(size - 2)
            packet = self.packet6(craft.hbh(data, options))
            self.inserts(packet, at=len(packet) - len(data))
        for rest in (
            craft.srh(LIST, sl=1, payload=data),
            craft.srh(LIST, sl=0, payload=craft.dstopt(data)),
            craft.dstopt(craft.srh(LIST, sl=2, payload=data)),
            craft.fragment(data, ident=3),
            craft.raw(b"", 59),
            craft.ip6("2001:db8:a::1", "2001:db8:a::2", data),
        ):
            packet = self.packet6(craft.hbh(rest))
            self.inserts(packet, at=48)


@rfc("8200", "4.3")
@rule("HE-14")
class BehindLongestHopByHop(HeadendTest):
    """A Hop-by-Hop header of 1000 bytes."""

    def runTest(self) -> None:
        data = craft.udp(b"data")
        options = (b"\x1e\xfe" + bytes(254)) * 3 + b"\x1e\xe4" + bytes(228)
        packet = self.packet6(craft.hbh(data, options))
        self.headend("insert", sids(2))
        self.send(1, packet)
        self.expect_only(2, inserted(packet, sids(2), at=len(packet) - len(data)))


@rule("HE-14", "HE-4")
class HopLimit(HeadendTest):
    """A forwarded packet: hop limit one lower. (At 1 and 0: test_headend.py.)"""

    def runTest(self) -> None:
        for mode in MODES:
            self.headend(mode, sids(2))
            for hl in (255, 64, 2):
                packet = self.packet6(hl=hl)
                self.send(1, packet)
                self.expect_only(2, inserted(packet, sids(2), mode=mode))


@rule("HE-14", "HE-2")
class ReducedWithOneSegment(HeadendTest):
    """One SID, reduced: the list holds the destination alone; Segments Left is 1, Last Entry 0."""

    def runTest(self) -> None:
        self.headend("insert.red", [sid(1)])
        packet = self.packet6(craft.udp(b"data"))
        self.send(1, packet)
        data = wire.udp(b"data", between=(HOST, DESTINATION))
        self.expect_only(2, wire.ip6(HOST, sid(1), wire.srh([DESTINATION], sl=1, le=0, payload=data), hl=63))


@rule("HE-14", "END-10", "END-5")
class FirstSegmentIsOwnSid(HeadendTest):
    """S1 is a SID of the node itself: inserted, advanced, sent to S2; with PSP and one SID the packet is
    itself again."""

    own = "fcbb:bb00:1:e000::"

    def runTest(self) -> None:
        for mode in MODES:
            segments = [self.own, sid(2)]
            self.headend(mode, segments, sids=[{"sid": f"{self.own}/64", "behavior": "End"}])
            packet = self.packet6()
            self.send(1, packet)
            self.expect_only(2, wire.advanced(inserted(packet, segments, mode=mode)))
            for hops in (craft.hbh(craft.udp(b"data")),):
                packet = self.packet6(hops)
                self.send(1, packet)
                self.expect_only(2, wire.advanced(inserted(packet, segments, mode=mode, at=48), at=48))


@rule("HE-14", "HE-16")
class Ipv4CannotCarryIt(HeadendTest):
    """IPv4 packets from a port that steers into an inserting policy cannot carry an SRH: dropped, not
    mis-forwarded."""

    def runTest(self) -> None:
        for mode in MODES:
            self.headend(mode, sids(2), steering=[{"port": 1, "policy": NAME}],
                         routes=[{"prefix": "198.51.100.0/24", "via": "10.0.4.2"}])  # fmt: skip
            self.send(1, self.packet4())
            self.expect_nothing()
            self.expect_drop("POLICY_INVALID")
            packet = self.packet6()
            self.send(1, packet)
            self.expect_only(2, inserted(packet, sids(2), mode=mode))


@rule("HE-14")
class WithTags(HeadendTest):
    """In by a VLAN interface, out by another: the tags are those of the links."""

    def runTest(self) -> None:
        vlan = {100: {"addresses": ["2001:db8:64::1/64"]}}
        out = {200: {"addresses": ["2001:db8:c8::1/64"]}}
        for mode in MODES:
            self.node(
                ports={1: {"vlans": vlan}, 2: {"vlans": out}},
                policies=[self.policy(mode, sids(3))],
                steering=[{"prefix": "2001:db8:99::/64", "policy": NAME}],
                routes=[{"prefix": "fcbb:bb00::/32", "via": "2001:db8:c8::2"}],
            )
            for payload, at in ((craft.udp(b"data"), 40), (craft.hbh(craft.udp(b"data")), 48)):
                packet = self.packet6(payload)
                self.send(1, packet, vlan=100)
                self.expect_only(2, inserted(packet, sids(3), mode=mode, at=at), vlan=200)
