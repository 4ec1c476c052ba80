# SPDX-License-Identifier: Apache-2.0
"""VLAN interfaces of routed ports (IEEE 802.1Q): tags in and out, VRFs, MACs, MTU, unknown tags."""

from __future__ import annotations

from srv6_base import Srv6Test, craft, rfc, rule, wire

BEHAVIOURS = ("VLAN",)
VLANS_1 = {
    100: {"addresses": ["2001:db8:64::1/64", "10.100.0.1/24"]},
    200: {"addresses": ["2001:db8:c8::1/64", "10.200.0.1/24"], "vrf": "blue"},
    4094: {"addresses": ["2001:db8:ffe::1/64"]},
}
VLANS_2 = {
    300: {"addresses": ["2001:db8:12c::1/64", "10.30.0.1/24"]},
    1: {"addresses": ["2001:db8:b1::1/64", "10.31.0.1/24"], "vrf": "blue"},
}


class Vlans(Srv6Test):
    """Tagged interfaces on ports 1 and 2; VLAN 200 of port 1 and VLAN 1 of port 2 are VRF blue."""

    def setUp(self) -> None:
        super().setUp()
        self.node(
            vrfs=["blue"],
            ports={1: {"vlans": VLANS_1}, 2: {"vlans": VLANS_2}},
            routes=[
                {"prefix": "2600::/16", "via": "2001:db8:12c::2"},
                {"prefix": "2600::/16", "via": "2001:db8:b1::2", "vrf": "blue"},
                {"prefix": "2700::/16", "via": "2001:db8:3::2"},
                {"prefix": "198.51.100.0/24", "via": "10.30.0.2"},
                {"prefix": "198.51.100.0/24", "via": "10.31.0.2", "vrf": "blue"},
                {"prefix": "203.0.113.0/24", "via": "10.0.3.2"},
            ],
        )


def packet6(dst: str) -> craft.Packet:
    """A UDP packet from behind VLAN 100 of port 1."""
    return craft.ip6("2001:db8:64::2", dst, craft.udp(b"data"))


def packet4(dst: str) -> craft.Packet:
    """The same with IPv4."""
    return craft.ip4("10.100.0.2", dst, craft.udp(b"data"))


@rfc("8200", "3")
class Tags(Vlans):
    """Untagged to tagged, tagged to untagged, tag to tag; the VLAN decides the VRF."""

    def runTest(self) -> None:
        for vlan, packet, out, tag in (
            ((), packet6("2600::1"), 2, 300),
            ((), packet4("198.51.100.1"), 2, 300),
            (100, packet6("2600::1"), 2, 300),
            (100, packet4("198.51.100.1"), 2, 300),
            (4094, packet6("2600::1"), 2, 300),
            (200, packet6("2600::1"), 2, 1),
            (200, packet4("198.51.100.1"), 2, 1),
            (100, packet6("2700::1"), 3, ()),
            (100, packet4("203.0.113.1"), 3, ()),
            ((), packet6("2001:db8:64::2"), 1, 100),
            (100, packet6("2001:db8:1::2"), 1, ()),
            (100, packet6("2001:db8:ffe::2"), 1, 4094),
        ):
            self.send(1, packet, vlan=vlan)
            self.expect_only(out, wire.hop(packet), vlan=tag)
        self.expect_no_drop()


@rfc("8200", "3")
class PriorityOfTheTag(Vlans):
    """Priority and DEI of a received tag do not matter, and are not copied; VID 0 is a priority tag of the
    port itself."""

    def runTest(self) -> None:
        packet = packet6("2600::1")
        for tci in ((7 << 13) | 100, (1 << 12) | 100, (3 << 13) | (1 << 12) | 100, 0, 5 << 13):
            self.send(1, packet, vlan=tci)
            self.expect_only(2, wire.hop(packet), vlan=300)


@rfc("8200", "3")
class UnknownTags(Vlans):
    """A VLAN without interface, the VLAN of another port, two tags: dropped."""

    def runTest(self) -> None:
        for tag in (5, 300, 4095, 101):
            for packet in (packet6("2600::1"), packet4("198.51.100.1")):
                self.send(1, packet, vlan=tag)
                self.expect_nothing()
                self.expect_drop("VLAN_UNKNOWN")
        self.send(1, packet6("2600::1"), vlan=(100, 200))
        self.expect_nothing()
        self.expect_drop("UNSUPPORTED_ETHERTYPE")
        self.send(3, packet6("2600::1"), vlan=100)  # a port without VLANs
        self.expect_drop("VLAN_UNKNOWN")


@rfc("8200", "3")
class LengthBehindTheTag(Vlans):
    """The tag is not part of the packet: one that is a byte too short for its lengths is dropped."""

    def runTest(self) -> None:
        good6, good4 = packet6("2600::1"), packet4("198.51.100.1")
        for good in (good6, good4):
            frame = self.frame_in(1, good, vlan=100)
            self.send(1, wire.Frame(frame[:-1]))
            self.expect_nothing()
            self.expect_drop("IP_HEADER_INVALID")
            self.send(1, wire.Frame(frame))
            self.expect_only(2, wire.hop(good), vlan=300)


@rfc("826", "")
@rfc("4861", "7.2.4")
class AnswersOnVlan(Vlans):
    """ARP, neighbour solicitations and pings of a VLAN are answered in it."""

    def runTest(self) -> None:
        question = craft.arp(1, self.neighbor_mac(1), "10.100.0.2", "00:00:00:00:00:00", "10.100.0.1")
        self.send(
            1,
            craft.ether(question, dst="ff:ff:ff:ff:ff:ff", src=self.neighbor_mac(1), vlan=100),
        )
        answer = wire.arp(2, self.mac(1), "10.100.0.1", self.neighbor_mac(1), "10.100.0.2")
        self.expect_only(
            1, wire.ether(answer, dst=self.neighbor_mac(1), src=self.mac(1), vlan=100, ethertype=wire.ETH_ARP)
        )
        echo = craft.ip6("2001:db8:64::2", "2001:db8:64::1", craft.echo_request())
        self.send(1, echo, vlan=100)
        reply = wire.ip6("2001:db8:64::1", "2001:db8:64::2", wire.echo_reply("2001:db8:64::1", "2001:db8:64::2"))
        self.expect_only(1, reply, vlan=100)
        # an address of VLAN 200 is none of VLAN 100's
        question = craft.arp(1, self.neighbor_mac(1), "10.100.0.2", "00:00:00:00:00:00", "10.200.0.1")
        self.send(
            1,
            craft.ether(question, dst="ff:ff:ff:ff:ff:ff", src=self.neighbor_mac(1), vlan=100),
        )
        self.expect_nothing()


@rfc("4443", "3.3")
class ErrorsOnVlan(Vlans):
    """An error about a tagged packet quotes the packet without tag, from the address of the VLAN, out by the
    VLAN."""

    def runTest(self) -> None:
        late = craft.ip6("2001:db8:64::2", "2600::1", craft.udp(b"data"), hl=1)
        self.send(1, late, vlan=100)
        self.expect(1, self.icmp6_error(3, 0, 0, late, src="2001:db8:64::1"), vlan=100)
        late4 = craft.ip4("10.200.0.2", "198.51.100.1", craft.udp(b"data"), ttl=1)
        self.send(1, late4, vlan=200)
        self.expect(1, self.icmp4_error(11, 0, 0, late4, src="10.200.0.1"), vlan=200)
        self.expect_drop("HOP_LIMIT_EXCEEDED", 2)


@rule("CNT-1")
@rfc("8986", "6")
class BytesWithTag(Srv6Test):
    """A SID counts from the IPv6 header on, tagged or not."""

    def runTest(self) -> None:
        sid = "fcbb:bb00:1:e000::"
        self.node(
            ports={1: {"vlans": {100: {"addresses": ["2001:db8:64::1/64"]}}}},
            sids=[{"sid": f"{sid}/64", "behavior": "End"}],
            routes=[{"prefix": "2600::/16", "via": "2001:db8:2::2"}],
        )
        packet = craft.srv6("2001:db8:1::2", ["2600::1", sid], segments_left=1, payload=craft.udp(b"data"))
        for vlan in ((), 100, 0, 100):
            self.send(1, packet, vlan=vlan)
            self.expect_only(2, wire.advanced(packet))
        self.expect_sid_counter(f"{sid}/64", packets=4, size=4 * len(packet))


@rfc("8200", "3")
class MacOfVlan(Srv6Test):
    """A VLAN interface may have a MAC address of its own: that one is ours there, and the source of what
    leaves."""

    def runTest(self) -> None:
        own = "02:00:00:00:aa:64"
        self.node(
            ports={1: {"vlans": {100: {"mac": own, "addresses": ["2001:db8:64::1/64"]}}}},
            routes=[{"prefix": "2600::/16", "via": "2001:db8:64::2"}],
        )
        packet = packet6("2001:db8:2::2")
        self.send(1, craft.ether(packet, dst=own, src=self.neighbor_mac(1), vlan=100))
        self.expect_only(2, wire.hop(packet))
        self.send(1, craft.ether(packet, dst=self.mac(1), src=self.neighbor_mac(1), vlan=100))
        self.expect_nothing()
        self.expect_drop("NOT_MY_MAC")
        packet = craft.ip6("2001:db8:2::2", "2600::1", craft.udp())
        self.send(2, packet)
        self.expect_only(1, wire.ether(wire.hop(packet), dst=self.neighbor_mac(1), src=own, vlan=100))
