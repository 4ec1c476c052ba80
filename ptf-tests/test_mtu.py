# SPDX-License-Identifier: Apache-2.0
"""Packets longer than the link takes: who is told what, and what is cut (HE-11; RFC 2473 7, RFC 8200 4.5 and
5, RFC 791 3.2, RFC 1191)."""

from __future__ import annotations

from typing import Any

from headend_base import SOURCE, HeadendTest, encapsulated, encapsulated_frame, inserted, sids, srh_of
from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire

HOST, HOST4, FAR, FAR4 = "2001:db8:1::2", "10.0.1.2", "2600::1", "198.51.100.1"


def sized(size: int, dst: str = FAR, **fields: Any) -> craft.Packet:
    """An IPv6 packet of ``size`` bytes."""
    return craft.ip6(HOST, dst, craft.udp(bytes(i % 251 for i in range(size - 48))), **fields)


def sized4(size: int, dst: str = FAR4, **fields: Any) -> craft.Packet:
    """An IPv4 packet of ``size`` bytes."""
    head = 20 + len(fields.get("options", b""))
    return craft.ip4(HOST4, dst, craft.udp(bytes(i % 251 for i in range(size - head - 8))), **fields)


def fragments6(packet: bytes, mtu: int, ident: int, at: int = 40, before: int = 6) -> list[wire.Part]:
    """The fragments of RFC 8200 4.5: headers up to offset ``at`` in each; ``before`` is the Next Header that
    names the rest."""
    room = (mtu - at - 8) // 8 * 8
    rest, found = packet[at:], []
    for start in range(0, len(rest), room):
        piece = rest[start : start + room]
        head = bytearray(packet[:at])
        head[before] = wire.FRAGMENT
        head[4:6] = (at - 40 + 8 + len(piece)).to_bytes(2, "big")
        more = start + room < len(rest)
        found.append(
            wire.Part(
                bytes(head) + wire.fragment(piece, offset=start // 8, more=more, ident=ident, nh=packet[before]),
                wire.IPV6,
            )
        )
    return found


def fragments4(packet: bytes, mtu: int) -> list[wire.Part]:
    """The fragments of RFC 791 3.2 of a packet whose options are all copied, or that has none."""
    size = (packet[0] & 15) * 4
    rest, found, start = packet[size:], [], 0
    first = int.from_bytes(packet[6:8], "big")
    while start < len(rest):
        last = len(rest) - start <= mtu - size
        piece = rest[start:] if last else rest[start : start + (mtu - size) // 8 * 8]
        flags = (first & 0x1FFF) + start // 8 | (0x2000 if not last or first & 0x2000 else 0)
        start += len(piece)
        head = (
            packet[:2]
            + (size + len(piece)).to_bytes(2, "big")
            + packet[4:6]
            + flags.to_bytes(2, "big")
            + packet[8:10]
            + b"\0\0"
            + packet[12:size]
        )
        found.append(wire.Part(head[:10] + wire.checksum(head).to_bytes(2, "big") + head[12:] + piece, wire.IPV4))
    return found


class MtuTest(HeadendTest):
    """Frames that come out in pieces."""

    def expect_fragments6(
        self, port: int, packet: bytes, mtu: int, at: int = 40, before: int = 6, vlan: Any = ()
    ) -> int:
        """``packet`` leaves in fragments, with an identification of the router's choice; returns that."""
        __tracebackhide__ = True
        first = self.receive(port)
        if first is None:
            self._fail("no fragment came")
        assert first is not None
        start = len(first) - len(self._payload(first)) + at + 4
        ident = int.from_bytes(first[start : start + 4], "big")
        pieces = fragments6(packet, mtu, ident, at, before)
        assert len(pieces) > 1
        expected = self.frame_out(port, pieces[0], vlan=vlan)
        if first != expected:
            self._fail(f"wrong first fragment: expected\n{expected.hex()}\ngot\n{first.hex()}")
        for piece in pieces[1:]:
            self.expect(port, piece, vlan=vlan)
        self.expect_nothing()
        return ident

    @staticmethod
    def _payload(frame: bytes) -> bytes:
        return frame[18 if frame[12:14] == b"\x81\x00" else 14 :]


# --- the router -----------------------------------------------------------------------------------------------


class Links(MtuTest):
    """Routes out of port 2 with the given MTU."""

    def link(self, mtu: int, **config: Any) -> None:
        self.node(
            ports={2: {"mtu": mtu}, 1: {"mtu": 9000}},
            routes=[{"prefix": "2600::/16", "via": "2001:db8:2::2"}, {"prefix": "198.51.100.0/24", "via": "10.0.2.2"}],
            **config,
        )


@rfc("4443", "3.2")
@rfc("8201", "3")
@behaviours("IPv6 router")
class PacketTooBig(Links):
    """A packet of the MTU passes, one byte more is Packet Too Big with the MTU of the link; nothing is cut."""

    def runTest(self) -> None:
        for mtu in (1280, 1400, 1500):
            self.link(mtu)
            fits = sized(mtu)
            self.send(1, fits)
            self.expect_only(2, wire.hop(fits))
            for size in (mtu + 1, mtu + 8, 1600):
                packet = sized(size)
                self.send(1, packet)
                self.expect_icmp6(1, 2, 0, mtu, packet)
                self.expect_nothing()
                self.expect_drop("PACKET_TOO_BIG")


@rfc("4443", "3.2", "2.4")
@behaviours("IPv6 router")
class TooBigAndLate(Links):
    """Hop limit 1 and too big: Time Exceeded. An ICMPv6 error that is too big: silence."""

    def runTest(self) -> None:
        self.link(1280)
        packet = sized(1400, hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        self.send(1, craft.ip6(HOST, FAR, craft.icmp6(1, 0, bytes(1300))))
        self.expect_nothing()


@rfc("1191", "4")
@rfc("1812", "4.2.3.3")
@behaviours("IPv4 router")
class FragmentationNeeded(Links):
    """DF and one byte more than the MTU: ICMP 3/4 with the MTU."""

    def runTest(self) -> None:
        for mtu in (1280, 1400):
            self.link(mtu)
            fits = sized4(mtu)
            self.send(1, fits)
            self.expect_only(2, wire.hop(fits))
            for packet in (sized4(mtu + 1), sized4(1500), sized4(mtu + 4, options=bytes((1, 1, 1, 0)))):
                self.send(1, packet)
                self.expect_icmp4(1, 3, 4, mtu, packet)
                self.expect_nothing()
                self.expect_drop("PACKET_TOO_BIG")


@rfc("791", "3.2")
@rfc("1812", "4.2.2.7", "5.3.1")
@behaviours("IPv4 router")
class Ipv4IsFragmented(Links):
    """Without DF: pieces of multiples of 8 bytes, TTL lowered once, fragments of fragments, copied options."""

    def runTest(self) -> None:
        for mtu in (1280, 1300, 1403):
            self.link(mtu)
            for packet in (
                sized4(mtu, df=False, ident=7),
                sized4(mtu + 1, df=False, ident=8),
                sized4(3000, df=False, ident=9, ttl=2),
                sized4(4 * mtu, df=False, ident=10, tos=0xB9),
                sized4(2000, df=False, ident=11, mf=True, offset=100),
                sized4(2000, df=False, ident=12, offset=33),
                sized4(2000, df=False, ident=13, options=bytes.fromhex("94040000")),
            ):
                self.send(1, packet)
                for piece in fragments4(wire.hop(packet), mtu):
                    self.expect(2, piece)
                self.expect_nothing()
            self.expect_no_drop()


@rfc("791", "3.1")
@behaviours("IPv4 router")
class OptionsOfFragments(Links):
    """Record Route is in the first fragment only, Router Alert in each (the copied flag)."""

    def runTest(self) -> None:
        self.link(1300)
        record, alert = b"\x07\x07\x04\0\0\0\0", b"\x94\x04\0\0"
        packet = sized4(2000, df=False, ident=5, options=record + b"\1" + alert)
        self.send(1, packet)
        late = wire.hop(packet)
        data, room = late[32:], (1300 - 32) // 8 * 8
        self.expect(
            2,
            wire.ip4(
                HOST4, FAR4, data[:room], proto=17, ttl=63, ident=5, df=False, mf=True, options=record + b"\1" + alert
            ),
        )
        self.expect_only(
            2, wire.ip4(HOST4, FAR4, data[room:], proto=17, ttl=63, ident=5, df=False, offset=room // 8, options=alert)
        )


@rfc("4443", "3.2")
@behaviours("VLAN", "IPv6 router", "IPv4 router")
class MtuOfVlan(Links):
    """A VLAN interface has an MTU of its own; the tag does not count, of what comes in neither."""

    def runTest(self) -> None:
        self.node(
            ports={
                1: {"mtu": 9000, "vlans": {9: {"addresses": ["2001:db8:909::1/64"]}}},
                2: {"mtu": 1500, "vlans": {100: {"addresses": ["2001:db8:64::1/64", "10.100.0.1/24"], "mtu": 1300}}},
            },
            routes=[
                {"prefix": "2600::/16", "via": "2001:db8:64::2"},
                {"prefix": "198.51.100.0/24", "via": "10.100.0.2"},
            ],
        )
        fits = sized(1300)
        for vlan in ((), 9):
            self.send(1, fits, vlan=vlan)
            self.expect_only(2, wire.hop(fits), vlan=100)
        packet = sized(1301)
        self.send(1, packet)
        self.expect_icmp6(1, 2, 0, 1300, packet)
        cut = sized4(1500, df=False, ident=3)
        self.send(1, cut)
        for piece in fragments4(wire.hop(cut), 1300):
            self.expect(2, piece, vlan=100)
        other = sized(1500, dst="2001:db8:2::2")
        self.send(1, other)
        self.expect_only(2, wire.hop(other))


@rfc("4443", "3.2")
@behaviours("ECMP")
class MtuOfTheWayTaken(Links):
    """Two ways with different MTUs: the one that the flow takes counts."""

    def runTest(self) -> None:
        self.node(
            ports={2: {"mtu": 1300}, 1: {"mtu": 9000}, 3: {"mtu": 1500}},
            routes=[{"prefix": "2600::/16", "via": [{"address": "2001:db8:2::2"}, {"address": "2001:db8:3::2"}]}],
        )
        ways = set()
        for label in range(24):
            small, big = sized(1000, fl=label), sized(1400, fl=label)
            self.send(1, small)
            way = self.expect_one_of({2: wire.hop(small), 3: wire.hop(small)})
            self.send(1, big)
            if way == 3:
                self.expect_only(3, wire.hop(big))
            else:
                self.expect_icmp6(1, 2, 0, 1300, big)
            ways.add(way)
        assert ways == {2, 3}


# --- the headend ----------------------------------------------------------------------------------------------

DESTINATION, DESTINATION4 = "2001:db8:99::9", "198.51.100.9"


class Tunnel(MtuTest):
    """A policy out of port 2 with the given MTU."""

    def tunnel(self, mode: str, count: int, mtu: int, **config: Any) -> list[str]:
        segments = sids(count)
        self.headend(mode, segments, ports={2: {"mtu": mtu}, 1: {"mtu": 9000}}, **config)
        return segments

    @staticmethod
    def overhead(mode: str, count: int) -> int:
        """Bytes in front of the inner packet (HE-11)."""
        listed = count - 1 if mode.endswith(".red") else count
        return 40 + (8 + 16 * listed if listed else 0)


@rfc("2473", "7.1")
@rule("HE-11")
@behaviours("H.Encaps", "H.Encaps.Red")
class InnerIpv6TooBig(Tunnel):
    """Above the tunnel MTU, and above 1280: Packet Too Big with link MTU less headers. At it: exactly the
    link MTU leaves."""

    def runTest(self) -> None:
        for mode in ("encap", "encap.red"):
            for count in (1, 2, 5, 16):
                segments = self.tunnel(mode, count, 1800)
                tunnel = 1800 - self.overhead(mode, count)
                fits = sized(tunnel, DESTINATION)
                self.send(1, fits)
                self.expect_only(2, encapsulated(fits, segments, mode=mode))
                for size in (tunnel + 1, 1800, 2000):
                    packet = sized(size, DESTINATION)
                    self.send(1, packet)
                    self.expect_icmp6(1, 2, 0, tunnel, packet)
                    self.expect_nothing()
                    self.expect_drop("PACKET_TOO_BIG")


@rfc("2473", "7.1")
@rfc("8200", "4.5", "5")
@rule("HE-11")
@behaviours("H.Encaps", "H.Encaps.Red")
class SmallInnerIpv6IsFragmentedOutside(Tunnel):
    """A tunnel MTU below 1280: packets up to 1280 bytes are encapsulated and the outer packet is cut behind
    its SRH; longer ones are Packet Too Big with 1280."""

    def runTest(self) -> None:
        for mode, count, mtu in (
            ("encap", 2, 1300),
            ("encap.red", 2, 1280),
            ("encap.red", 1, 1280),
            ("encap", 16, 1400),
            ("encap", 1, 1280),
        ):
            segments = self.tunnel(mode, count, mtu)
            overhead = self.overhead(mode, count)
            assert mtu - overhead < 1280
            idents = []
            for size in (mtu - overhead, mtu - overhead + 1, 1279, 1280):
                packet = sized(size, DESTINATION)
                outer = encapsulated(packet, segments, mode=mode)
                self.send(1, packet)
                if len(outer) <= mtu:
                    self.expect_only(2, outer)
                else:
                    has_srh = outer[6] == wire.ROUTING
                    idents.append(
                        self.expect_fragments6(2, outer, mtu, overhead if has_srh else 40, 40 if has_srh else 6)
                    )
            assert len(set(idents)) == len(idents), f"identifications repeat: {idents}"
            self.expect_no_drop()
            packet = sized(1281, DESTINATION)
            self.send(1, packet)
            self.expect_icmp6(1, 2, 0, 1280, packet)
            self.expect_nothing()


@rfc("2473", "7.2")
@rule("HE-11")
@behaviours("H.Encaps", "H.Encaps.Red")
class InnerIpv4WithDf(Tunnel):
    """DF: ICMP 3/4 with the tunnel MTU, below 1280 as well."""

    def runTest(self) -> None:
        for mode, count, mtu in (
            ("encap", 2, 1500),
            ("encap.red", 3, 1500),
            ("encap.red", 1, 1280),
            ("encap", 16, 1280),
        ):
            segments = self.tunnel(mode, count, mtu)
            tunnel = mtu - self.overhead(mode, count)
            fits = sized4(tunnel, DESTINATION4)
            self.send(1, fits)
            self.expect_only(2, encapsulated(fits, segments, mode=mode))
            for size in (tunnel + 1, 1500):
                packet = sized4(size, DESTINATION4)
                self.send(1, packet)
                self.expect_icmp4(1, 3, 4, tunnel, packet)
                self.expect_nothing()
                self.expect_drop("PACKET_TOO_BIG")


@rfc("791", "3.2")
@rfc("1812", "4.2.2.7")
@rule("HE-11")
@behaviours("H.Encaps", "H.Encaps.Red")
class InnerIpv4WithoutDf(Tunnel):
    """Without DF: cut before it is encapsulated, each piece with the outer headers that the whole would have had; of
    any size that comes in, with options, and what is a fragment already."""

    def runTest(self) -> None:
        for mode, count, mtu in (("encap", 2, 1500), ("encap.red", 1, 1280), ("encap", 16, 1280)):
            segments = self.tunnel(mode, count, mtu)
            room = mtu - self.overhead(mode, count)
            fits = sized4(room, DESTINATION4, df=False, ident=1)
            self.send(1, fits)
            self.expect_only(2, encapsulated(fits, segments, mode=mode))
            packets = [sized4(size, DESTINATION4, df=False, ident=1) for size in (room + 1, mtu, 2000, 5000)]
            packets.append(sized4(2000, DESTINATION4, df=False, ident=2, options=bytes((148, 4, 0, 0)), tos=0xB8))
            packets += [sized4(1496, DESTINATION4, df=False, ident=3, mf=more, offset=7) for more in (True, False)]
            for packet in packets:
                self.send(1, packet)
                pieces = fragments4(wire.hop(packet), room)
                assert len(pieces) > 1
                for piece in pieces:
                    self.expect(2, self.outer(piece, segments, mode))
                self.expect_nothing()
            self.expect_no_drop()

    @staticmethod
    def outer(piece: wire.Part, segments: list[str], mode: str) -> wire.Part:
        """The outer headers around a piece whose TTL has been lowered."""
        return wire.ip6(SOURCE, segments[0], srh_of(mode, segments, piece), tc=piece[1])


@rfc("2473", "7.2")
@rfc("8200", "4.5")
@rule("HE-11")
@behaviours("H.Encaps", "H.Encaps.Red")
class OuterFragmentsWhereTheyAreAskedFor(Tunnel):
    """``fragmentation: outer``: without DF encapsulated whole, the outer packet is cut; of any size that comes in."""

    def runTest(self) -> None:
        for mode, count, mtu in (("encap", 2, 1500), ("encap.red", 1, 1280)):
            segments = self.tunnel(mode, count, mtu, fragmentation="outer")
            for size in (mtu, 2000, 5000):
                packet = sized4(size, DESTINATION4, df=False, ident=1)
                self.send(1, packet)
                outer = encapsulated(packet, segments, mode=mode)
                has_srh = outer[6] == wire.ROUTING
                self.expect_fragments6(
                    2, outer, mtu, self.overhead(mode, count) if has_srh else 40, 40 if has_srh else 6
                )
            self.expect_no_drop()


@rfc("791", "3.2")
@rfc("8986", "4.7", "4.8")
@rule("HE-11", "UL-5")
@behaviours("H.Encaps", "H.Encaps.Red", "End.DT4", "End.DT46")
class Ipv4WithoutDfFromHeadendToDecapsulation(Tunnel):
    """End to end, the switch being first the headend, then the other end: what was cut before the tunnel arrives and
    can be put together; fragments of the outer packet end at End.DT4, and are counted there."""

    def runTest(self) -> None:
        for mode, behavior in (("encap", "End.DT4"), ("encap.red", "End.DT46")):
            for size in (1500, 4000):
                packet = sized4(size, DESTINATION4, df=False, ident=size)
                for fragmentation in ("inner", "outer"):
                    carried = self.through_tunnel(packet, mode, fragmentation)
                    self.other_end(behavior)
                    for one in carried:
                        self.send(1, one)
                    if fragmentation == "outer":
                        self.expect_nothing()
                        self.expect_drop("FRAGMENT_AT_SID", len(carried))
                        continue
                    self.arrives(packet, len(carried))
                    self.expect_no_drop()

    def through_tunnel(self, packet: craft.Packet, mode: str, fragmentation: str) -> list[wire.Part]:
        """What the headend makes of it."""
        self.tunnel(mode, 1, 1500, fragmentation=fragmentation)
        self.send(1, packet)
        carried = [wire.Part(frame[14:], wire.IPV6) for frame in iter(lambda: self.receive(2), None)]
        assert len(carried) > 1 and all(len(one) <= 1500 for one in carried)
        return carried

    def other_end(self, behavior: str) -> None:
        """The router that has the segment."""
        self.node(
            locator="fcbb:bb00:f001::/48",
            source="fcbb:bb00:f001::1",
            vrfs=["blue"],
            ports={5: {"vrf": "blue", "mtu": 1500}},
            sids=[{"sid": f"{sids(1)[0]}/64", "behavior": behavior, "vrf": "blue"}],
            routes=[{"prefix": "198.51.100.0/24", "vrf": "blue", "via": "10.0.5.2"}],
        )

    def arrives(self, packet: craft.Packet, count: int) -> None:
        """Port 5 sends the packet, two hops further, in ``count`` fragments."""
        frames = [frame[14:] for frame in iter(lambda: self.receive(5), None)]
        assert len(frames) == count
        whole, body = wire.hop(wire.hop(packet)), bytearray()
        for at, piece in enumerate(frames):
            assert wire.checksum(piece[:20]) == 0
            assert piece[:2] + piece[4:6] + piece[8:10] + piece[12:20] == (
                whole[:2] + whole[4:6] + whole[8:10] + whole[12:20]
            )
            flags = int.from_bytes(piece[6:8], "big")
            assert flags & 0x1FFF == len(body) // 8 and bool(flags & 0x2000) == (at < count - 1)
            body += piece[20:]
        assert bytes(body) == whole[20:]


@rfc("2473", "7.2")
@rule("HE-11", "HE-9")
@behaviours("H.Encaps.L2", "H.Encaps.L2.Red")
class FramesAreFragmentedOutside(Tunnel):
    """A frame has nobody to tell: the outer packet is cut."""

    def runTest(self) -> None:
        for mode, count in (("l2encap", 2), ("l2encap.red", 1), ("l2encap.red", 4)):
            segments = self.tunnel(mode, count, 1500)
            for size in (1500, 3000):
                frame = craft.ether(sized(size), dst="02:00:00:00:0a:02", src="02:00:00:00:0a:01", vlan=7)
                self.send(3, frame)
                outer = encapsulated_frame(frame, segments, mode=mode)
                has_srh = outer[6] == wire.ROUTING
                self.expect_fragments6(
                    2, outer, 1500, self.overhead(mode, count) if has_srh else 40, 40 if has_srh else 6
                )


@rfc("4443", "3.2")
@rule("HE-11", "HE-14")
@behaviours("H.Insert", "H.Insert.Red")
class InsertionTooBig(Tunnel):
    """An insertion makes the packet longer and may not cut it: Packet Too Big with link MTU less SRH, at
    least 1280."""

    def runTest(self) -> None:
        for mode, listed in (("insert", 3), ("insert.red", 2)):
            for mtu in (1500, 1300):
                segments = self.tunnel(mode, 2, mtu)
                room = mtu - 8 - 16 * listed
                fits = sized(room, DESTINATION)
                self.send(1, fits)
                self.expect_only(2, inserted(fits, segments, mode=mode))
                for size in (room + 1, mtu, 1600):
                    packet = sized(size, DESTINATION)
                    self.send(1, packet)
                    self.expect_icmp6(1, 2, 0, max(room, 1280), packet)
                    self.expect_nothing()
                    self.expect_drop("PACKET_TOO_BIG")


@rfc("2473", "7.1")
@rule("HE-11")
@behaviours("H.Encaps", "VLAN")
class TunnelOverVlan(Tunnel):
    """Fragments of the outer packet leave with the tag of the underlay."""

    def runTest(self) -> None:
        self.node(
            ports={
                1: {"mtu": 9000},
                2: {"mtu": 9000, "vlans": {100: {"addresses": ["2001:db8:64::1/64"], "mtu": 1300}}},
            },
            policies=[self.policy("encap", sids(2))],
            steering=[{"prefix": "2001:db8:99::/64", "policy": "north"}],
            routes=[{"prefix": "fcbb:bb00::/32", "via": "2001:db8:64::2"}],
        )
        packet = sized(1280, DESTINATION)
        self.send(1, packet)
        self.expect_fragments6(2, encapsulated(packet, sids(2)), 1300, 80, 40, vlan=100)


@rfc("8200", "5")
@behaviours("IPv6 router", "IPv4 router", "Ping and traceroute")
class OwnPacketsAreFragmented(Srv6Test):
    """The reply to a long ping is longer than the way back takes: cut by its source."""

    def runTest(self) -> None:
        self.node(
            ports={1: {"mtu": 9000}, 2: {"mtu": 1300}},
            routes=[{"prefix": "2600::/16", "via": "2001:db8:2::2"}, {"prefix": "198.51.100.0/24", "via": "10.0.2.2"}],
        )
        data = bytes(i % 251 for i in range(2000))
        own = "2001:db8:1::1"
        self.send(1, craft.ip6(FAR, own, craft.echo_request(data=data)))
        first = self.receive(2)
        assert first is not None, "no fragment of the reply"
        reply = wire.ip6(own, FAR, wire.echo_reply(own, FAR, data=data))
        pieces = fragments6(reply, 1300, int.from_bytes(first[58:62], "big"))
        assert first == self.frame_out(2, pieces[0])
        self.expect_only(2, pieces[1])
        request = craft.ip4(FAR4, "10.0.1.1", craft.icmp4(8, 0, bytes(4) + data), df=False, ident=99)
        self.send(1, request)
        for piece in fragments4(
            wire.ip4("10.0.1.1", FAR4, wire.icmp4(0, 0, bytes(4) + data), df=False, ident=99), 1300
        ):
            self.expect(2, piece)
