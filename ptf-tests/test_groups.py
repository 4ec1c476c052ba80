# SPDX-License-Identifier: Apache-2.0
"""Multicast groups that routers are in are answered (RFC 4443 4.2), broadcast addresses of connected prefixes are not
forwarded (RFC 1812 5.3.5.2, RFC 2644), and no error is sent about either (RFC 4443 2.4 e, RFC 1812 4.3.2.7)."""

from __future__ import annotations

from neighbor_base import link_local, multicast_mac, solicited_node
from srv6_base import Srv6Test, behaviours, craft, rfc, wire

ALL_NODES, ALL_ROUTERS, ALL_ROUTERS_OF_SITE = "ff02::1", "ff02::2", "ff05::2"
HOST, OWN = "2001:db8:1::2", "2001:db8:1::1"


class Groups(Srv6Test):
    """What these tests share."""

    def to_group(self, packet: craft.Packet, group: str, vlan: int | tuple[int, ...] = ()) -> None:
        """Send to the group's MAC address (RFC 2464 7)."""
        self.send(1, craft.ether(packet, dst=multicast_mac(group), src=self.neighbor_mac(1), vlan=vlan))

    def silent(self, packet: craft.Packet, group: str) -> None:
        """Nothing is sent."""
        __tracebackhide__ = True
        self.to_group(packet, group)
        self.expect_nothing()


@rfc("4443", "4.2")
@rfc("4291", "2.8")
@behaviours("IPv6 router", "Ping and traceroute")
class PingToAGroup(Groups):
    """All nodes, all routers, the solicited-node groups of own addresses: an address of the interface answers, a
    link-local one when such a one asks; straight back, without any neighbour discovery; into the VLAN as well."""

    def runTest(self) -> None:
        self.node(ports={1: {**self.port(), "vlans": {100: {"addresses": ["2001:db8:100::1/64"]}}}})
        ours, theirs = link_local(self.mac(1)), link_local(self.neighbor_mac(1))
        groups = (ALL_NODES, ALL_ROUTERS, ALL_ROUTERS_OF_SITE, solicited_node(OWN), solicited_node(ours))
        for group in groups:
            for asks, answers in ((HOST, OWN), ("2001:db8:77::9", OWN), (theirs, ours)):
                self.to_group(craft.ip6(asks, group, craft.echo_request(ident=9)), group)
                self.expect_only(1, wire.ip6(answers, asks, wire.echo_reply(answers, asks, ident=9)))
        asks, answers = "2001:db8:100::2", "2001:db8:100::1"
        self.to_group(craft.ip6(asks, ALL_NODES, craft.echo_request()), ALL_NODES, vlan=100)
        self.expect(1, wire.ip6(answers, asks, wire.echo_reply(answers, asks)), vlan=100)
        self.expect_no_drop()

    @staticmethod
    def port() -> dict[str, object]:
        """Port 1 of the default node."""
        return {"addresses": [f"{OWN}/64", "10.0.1.1/24"]}


@rfc("4443", "4.2")
@rfc("4291", "2.7")
@behaviours("IPv6 router", "Ping and traceroute")
class PingToAGroupOfOthers(Groups):
    """Groups that the node is not in, the solicited-node group of another, or of another port's address, groups of the
    interface alone (RFC 4291 2.7: never on a link), requests from nobody or that are malformed."""

    def runTest(self) -> None:
        self.node()
        for group in ("ff01::1", "ff01::2", "ff02::16", "ff05::1", "ff0e::1", solicited_node("2001:db8::12:3456")):
            self.silent(craft.ip6(HOST, group, craft.echo_request()), group)
        for source in ("::", "::1"):
            self.silent(craft.ip6(source, ALL_NODES, craft.echo_request()), ALL_NODES)
        for message in (craft.icmp6(128, 1, bytes(8)), craft.icmp6(128, 0, bytes(8), csum=1), craft.icmp6(128, 0, b"")):
            self.silent(craft.ip6(HOST, ALL_NODES, message), ALL_NODES)


@rfc("4443", "2.4")
@behaviours("IPv6 router", "Ping and traceroute")
class NoErrorAboutAGroup(Groups):
    """(e.3) Nothing is told about a packet to a group, or one in a group's frame: but an option with 10 is (code 2)."""

    def runTest(self) -> None:
        self.node()
        unknown = bytes(4)
        for payload in (
            craft.udp(),
            craft.raw(b"data", 253),
            craft.dstopt(craft.udp()),
            craft.dstopt(craft.raw(b"data", 253)),
            craft.dstopt(craft.echo_request(), b"\xde\x04" + unknown),
            craft.dstopt(craft.echo_request(), b"\x5e\x04" + unknown),
            craft.srh([OWN], sl=1, payload=craft.udp()),
        ):
            for hl in (1, 64):
                self.silent(craft.ip6(HOST, ALL_NODES, payload, hl=hl), ALL_NODES)
        self.silent(craft.ip6(HOST, "2600::1", craft.udp()), ALL_NODES)
        packet = craft.ip6(HOST, ALL_NODES, craft.dstopt(craft.echo_request(), b"\x9e\x04" + unknown))
        self.to_group(packet, ALL_NODES)
        self.expect(1, self.icmp6_error(4, 2, 42, bytes(packet), src=OWN))
        self.expect_nothing()


@rfc("1812", "4.3.2.7", "5.3.5")
@rfc("2644", "2")
@behaviours("IPv4 router")
class DirectedBroadcast(Groups):
    """To the broadcast address of a connected prefix, of the same port or another, and to its network address: dropped,
    with no ARP and no error, whatever TTL and protocol; also in a VRF and where a port steers. In a prefix of 31 bits
    both are hosts."""

    def runTest(self) -> None:
        self.node(
            vrfs=["blue"],
            ports={
                3: {"addresses": ["10.0.3.1/30"]},
                4: {"vrf": "blue", "addresses": ["10.0.1.1/25"]},
                5: {"vrf": "blue", "addresses": ["10.0.5.0/31"]},
            },
        )
        for port, source, broadcasts in (
            (1, "10.0.1.2", ("10.0.1.255", "10.0.1.0", "10.0.2.255", "10.0.2.0", "10.0.3.3", "10.0.3.0")),
            (4, "10.0.1.2", ("10.0.1.127", "10.0.1.0")),
        ):
            for address in broadcasts:
                for payload in (craft.udp(), craft.icmp4(8, 0, bytes(8))):
                    for ttl in (1, 64):
                        self.send(port, craft.ip4(source, address, payload, ttl=ttl))
                        self.expect_nothing()
                        self.expect_drop("MULTICAST")
        assert self.punts() == {}
        packet = craft.ip4("10.0.1.2", "10.0.5.1", craft.udp())
        self.send(4, packet)
        self.expect_only(5, wire.hop(packet))


@rfc("1812", "5.3.5")
@rfc("2644", "2")
@behaviours("IPv4 router", "Steering")
class DirectedBroadcastIntoAPolicy(Groups):
    """A policy of the port does not take it either."""

    def runTest(self) -> None:
        self.node(
            routes=[{"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:2::2"}],
            policies=[{"name": "north", "segments": ["fcbb:bb00:2::"]}],
            steering=[{"port": 1, "policy": "north"}],
        )
        self.send(1, craft.ip4("10.0.1.2", "10.0.3.255", craft.udp()))
        self.expect_nothing()
        self.expect_drop("MULTICAST")


@rfc("1812", "4.3.2.7", "5.3.5")
@behaviours("IPv4 router", "End.DT4")
class DirectedBroadcastInsideATunnel(Groups):
    """The same for a packet that comes out of a tunnel."""

    def runTest(self) -> None:
        sid = "fcbb:bb00:1:d4::"
        self.node(
            vrfs=["blue"], ports={4: {"vrf": "blue"}}, sids=[{"sid": f"{sid}/64", "behavior": "End.DT4", "vrf": "blue"}]
        )
        self.send(1, craft.ip6(HOST, sid, craft.ip4("203.0.113.9", "10.0.4.255", craft.udp(), ttl=1)))
        self.expect_nothing()
        self.expect_drop("MULTICAST")
        assert self.punts() == {}
