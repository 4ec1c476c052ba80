# SPDX-License-Identifier: Apache-2.0
"""H.Encaps.L2 and H.Encaps.L2.Red (RFC 8986 5.3, 5.4; HE-9): every kind of frame, whole and untouched."""

from __future__ import annotations

from typing import Any

from headend_base import NAME, HeadendTest, encapsulated_frame, sid, sids
from srv6_base import Frame, behaviours, craft, only_on, rfc, rule, wire

BEHAVIOURS = ("H.Encaps.L2", "H.Encaps.L2.Red")
MODES = ("l2encap", "l2encap.red")

A, B = "02:00:00:00:0a:01", "02:00:00:00:0a:02"
ROUTER = "02:00:00:00:01:03"  # what port 3 would be addressed by, were it routed
IP6 = craft.ip6("2001:db8:a::1", "2001:db8:a::2", craft.udp(b"inside"), hl=1)
IP4 = craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(b"inside"), ttl=1)


def plain(payload: craft.Payload, ethertype: int | None = None, **fields: Any) -> craft.Packet:
    """An untagged frame from A to B."""
    return craft.ether(payload, dst=B, src=A, ethertype=ethertype, **fields)


class Frames(HeadendTest):
    """Frames into the L2 port, by both behaviours and with and without SRH."""

    def carries(self, *frames: wire.Packet) -> None:
        for mode in MODES:
            for count in (1, 3):
                self.headend(mode, sids(count))
                for frame in frames:
                    self.send(3, frame)
                    self.expect_only(2, encapsulated_frame(frame, sids(count), mode=mode))
                self.expect_no_drop()
                assert self.policy_counter(NAME).packets == len(frames)


@rfc("8986", "5.3")
@rule("HE-9")
class CarriesIpUntouched(Frames):
    """IPv6 and IPv4 in the frame: hop limit 1, TTL 1 and checksum stay, even where they are wrong."""

    def runTest(self) -> None:
        self.carries(
            plain(IP6),
            plain(IP4),
            plain(craft.ip6("2001:db8:a::1", "2001:db8:a::2", craft.udp(), hl=0)),
            plain(craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(), ttl=0)),
            plain(craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(), csum=0xDEAD)),
            plain(craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(), options=bytes((1, 1, 1, 0)))),
            plain(craft.ip6("2001:db8:a::1", "2001:db8:a::2", craft.udp(), version=5)),
            plain(craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(), version=7)),
            plain(craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(), ihl=3)),
            plain(craft.ip6("2001:db8:a::1", "2001:db8:a::2", craft.udp(), plen=9000)),
            plain(craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(), total=9000)),
        )


@rfc("8986", "5.3")
@rule("HE-9", "HE-5")
class CarriesSrv6(Frames):
    """SRv6 packets in the frame, even to a SID of this node: not processed, the frame is a customer's."""

    def runTest(self) -> None:
        local = craft.srh([sid(9), "fcbb:bb00:1:e000::"], sl=1, payload=craft.udp(b"x"))
        self.carries(
            plain(craft.ip6("2001:db8:a::1", "fcbb:bb00:1:e000::", local)),
            plain(craft.ip6("2001:db8:a::1", "fcbb:bb00:1::1", craft.echo_request())),
            plain(craft.ip6("2001:db8:a::1", sid(1), craft.srh(sids(7), sl=6, payload=craft.hbh(craft.udp(b"x"))))),
            plain(craft.ip6("2001:db8:a::1", sid(1), craft.srh(sids(3), sl=9, payload=craft.udp(b"x")))),
            plain(craft.ip6("2001:db8:a::1", sid(1), craft.hbh(craft.dstopt(craft.srh(sids(2), sl=0, payload=IP4))))),
            plain(craft.srv6("2001:db8:a::1", [sid(1)], segments_left=0, payload=plain(IP6))),
        )


@rfc("8986", "5.3")
@rule("HE-9")
class CarriesTags(Frames):
    """One 802.1Q tag, two, an 802.1ad tag outside, priority tags: in the frame as received."""

    def runTest(self) -> None:
        service = wire.mac(B) + wire.mac(A) + bytes.fromhex("88a8e064") + bytes.fromhex("8100200a0800")
        self.carries(
            plain(IP6, vlan=100),
            plain(IP4, vlan=(5 << 13) | (1 << 12) | 100),
            plain(IP6, vlan=(100, 200)),
            plain(IP4, vlan=(100, 200, 300)),
            plain(IP4, vlan=0),
            plain(IP6, vlan=4095),
            Frame(service + bytes(IP4)),
            plain(b"\1" * 30, 0x88B5, vlan=7),
        )


@rfc("8986", "5.3")
@rule("HE-9")
class CarriesEveryProtocol(Frames):
    """ARP, LLDP, MPLS, an unknown type, broadcast and multicast, own and foreign MAC addresses."""

    def runTest(self) -> None:
        question = craft.arp(1, A, "192.0.2.1", "00:00:00:00:00:00", "192.0.2.2")
        self.carries(
            craft.ether(question, dst="ff:ff:ff:ff:ff:ff", src=A),
            craft.ether(
                bytes.fromhex("0207040200000a01") + bytes(40), dst="01:80:c2:00:00:0e", src=A, ethertype=0x88CC
            ),
            plain(bytes.fromhex("0001413f") + bytes(IP4), 0x8847),
            plain(bytes(range(46)), 0x88B5),
            craft.ether(IP6, dst="33:33:00:00:00:01", src=A),
            craft.ether(IP6, dst=ROUTER, src=A),
            craft.ether(IP4, dst="01:00:5e:00:00:01", src="02:00:00:00:01:03"),
            plain(b"cut", wire.ETH_IPV6),
            plain(b"", wire.ETH_IPV4),
        )


@rfc("8986", "5.3")
@rule("HE-9")
@only_on("softswitch", "Linux itself drops a frame that ends inside its tag")
class CarriesCutTag(Frames):
    """A frame that ends in the middle of its tag."""

    def runTest(self) -> None:
        if not self.testbed.synchronous:
            self.skipTest("Linux itself drops a frame that ends inside its tag")
        self.carries(plain(b"", wire.ETH_VLAN), plain(b"\x81", wire.ETH_VLAN), plain(b"\0\1\x86", wire.ETH_VLAN))


@rfc("8986", "5.3")
@rule("HE-9")
class CarriesLlc(Frames):
    """IEEE 802.3 frames with a length and an LLC header (spanning tree, SNAP): carried like any other."""

    def runTest(self) -> None:
        bpdu = bytes.fromhex("424203") + bytes(35)
        snap = bytes.fromhex("aaaa03000000") + wire.ETH_IPV4.to_bytes(2, "big") + bytes(IP4)
        self.carries(
            craft.ether(bpdu.ljust(46, b"\0"), dst="01:80:c2:00:00:00", src=A, ethertype=len(bpdu)),
            plain(snap, len(snap)),
            plain(b"\xf0\xf0\x03".ljust(46, b"\0"), 3),
            plain(bytes(1300), 1300),
            plain(bytes(46), 0x0600 - 1),
        )


@rfc("8986", "5.3")
@rule("HE-9", "HE-10")
class CarriesEverySize(Frames):
    """From a frame with no payload at all to one that just fits the link, odd sizes, padding as part of the
    frame."""

    def runTest(self) -> None:
        data = bytes(range(256)) * 4
        self.carries(
            *(plain(data[:size], 0x88B5) for size in (0, 1, 2, 3, 4, 17, 46, 47, 48, 100, 101, 999, 1000)),
            Frame(bytes(plain(IP6)).ljust(128, b"\0")),
            Frame(bytes(plain(IP4)).ljust(64, b"\xee")),
        )


@rfc("8986", "5.3")
@rfc("2473", "6.3", "6.4")
@rule("HE-6", "HE-7", "HE-8")
class OuterFields(HeadendTest):
    """A frame has no hop limit and no traffic class to inherit: 64 and 0, else the numbers configured."""

    def runTest(self) -> None:
        cases: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
            ({}, {}),
            ({"hop-limit": "inherit", "traffic-class": "inherit"}, {}),
            ({"hop-limit": 9, "traffic-class": 0xB8}, {"hl": 9, "tc": 0xB8}),
            ({"source": "2001:db8:7::7"}, {"source": "2001:db8:7::7"}),
            ({"flow-label": "copy"}, {}),
        )
        inner = craft.ip6("2001:db8:a::1", "2001:db8:a::2", craft.udp(b"inside"), hl=33, tc=0x28, fl=0x12345)
        for encap, fields in cases:
            for mode in MODES:
                self.headend(mode, sids(2), encap=encap)
                for frame in (plain(inner), plain(craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(), tos=0x28), vlan=5)):
                    self.send(3, frame)
                    self.expect_only(2, encapsulated_frame(frame, sids(2), mode=mode, **fields))


@rfc("8986", "5.3")
@rule("HE-9")
class OutByVlanInterface(HeadendTest):
    """The underlay is a VLAN interface: its tag outside, the customer's inside."""

    def runTest(self) -> None:
        for mode in MODES:
            self.node(
                ports={3: {"mode": "l2", "policy": NAME}, 2: {"vlans": {200: {"addresses": ["2001:db8:c8::1/64"]}}}},
                policies=[self.policy(mode, sids(3))],
                routes=[{"prefix": "fcbb:bb00::/32", "via": "2001:db8:c8::2"}],
            )
            for frame in (plain(IP6), plain(IP6, vlan=100), plain(b"x" * 46, 0x88B5, vlan=(1, 2))):
                self.send(3, frame)
                self.expect_only(2, encapsulated_frame(frame, sids(3), mode=mode), vlan=200)


@rfc("8986", "5.3", "4.9")
@rule("HE-9", "END-10")
@behaviours("H.Encaps.L2", "H.Encaps.L2.Red", "End.DX2")
class OwnDecapsulation(HeadendTest):
    """The only SID is the node's own End.DX2: the frame leaves the other L2 port as it came in (a
    cross-connect)."""

    own = "fcbb:bb00:1:d002::"

    def runTest(self) -> None:
        for mode in MODES:
            self.headend(
                mode,
                [self.own],
                sids=[{"sid": f"{self.own}/128", "behavior": "End.DX2", "port": 4}],
                ports={4: {"mode": "l2"}},
            )
            for frame in (plain(IP6), plain(IP4, vlan=7), plain(b"y" * 46, 46), plain(b"short", 0x88B5)):
                self.send(3, frame)
                self.expect_only(4, frame)
            self.expect_no_drop()


@rule("HE-9")
class PortWithoutPolicy(HeadendTest):
    """An L2 port without policy is only an exit: what comes in there is dropped."""

    def runTest(self) -> None:
        self.node(ports={3: {"mode": "l2"}})
        for frame in (plain(IP6), plain(IP4, vlan=1), plain(b"z" * 46, 46)):
            self.send(3, frame)
            self.expect_nothing()
            self.expect_drop("L2_PORT_NO_POLICY")


@rule("HE-9")
class OtherPortsStayRouted(HeadendTest):
    """The L2 policy of port 3 is no business of the other ports."""

    def runTest(self) -> None:
        self.headend("l2encap", sids(2), routes=[{"prefix": "2001:db8:99::/64", "via": "2001:db8:4::2"}])
        packet = self.packet6()
        self.send(1, packet)
        self.expect_only(4, wire.hop(packet))
