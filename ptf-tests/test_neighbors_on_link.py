# SPDX-License-Identifier: Apache-2.0
"""Routes by a port alone: what they cover is on link (RFC 4861 2.1, 5.2), so its hosts are neighbours, asked for and
sent to as those of the port's own prefixes."""

from __future__ import annotations

from headend_base import encapsulated
from neighbor_base import NeighborTest, link_local, solicitation
from srv6_base import behaviours, craft, rfc, rule, wire

BEHAVIOURS = ("IPv6 router",)
HOST, HOST4 = "2001:db8:1::2", "10.0.1.2"


def packet(dst: str, data: bytes = b"data") -> craft.Packet:
    """From behind port 1."""
    if ":" in dst:
        return craft.ip6(HOST, dst, craft.udp(data))
    return craft.ip4(HOST4, dst, craft.udp(data))


class OnLinkTest(NeighborTest):
    """What the tests share: an answer, and packets that pass."""

    def arp_reply(self, port: int, sender: str, to: str) -> None:
        self.send(port, self.arp_frame(port, 2, sender, to, target_mac=self.mac(port), dst=self.mac(port)))

    def passes(self, port: int, dst: str, sent_into: int = 1) -> None:
        """Packets to ``dst`` leave by ``port``, without a question."""
        __tracebackhide__ = True
        for data in (b"a", b"b"):
            self.send(sent_into, packet(dst, data))
            self.expect_only(port, wire.hop(packet(dst, data)))
        self.expect_no_drop()

    def sent_again(self) -> int:
        """How often the controller has submitted a packet once more."""
        self.router.settle()
        assert self.router.controller is not None
        return self.router.controller.status().counts.get("sent again", 0)


@rfc("4861", "5.2")
@behaviours("IPv6 router", "IPv4 router")
class HostRouteByPortReachesItsStaticNeighbor(OnLinkTest):
    """A /128 and a /32 by a port whose neighbour is configured: out of the port, to the neighbour."""

    def runTest(self) -> None:
        far, far4 = "2001:db8:77::5", "203.0.113.5"
        self.node(
            routes=[{"prefix": f"{each}/{bits}", "via": {"port": 2}}
                    for each, bits in (("2001:db8:2::2", 128), ("10.0.2.2", 32), (far, 128), (far4, 32))],
            neighbors=[{"address": each, "port": 2, "mac": self.neighbor_mac(2)} for each in (far, far4)],
        )  # fmt: skip
        for dst in ("2001:db8:2::2", "10.0.2.2", far, far4):
            self.passes(2, dst)


@rfc("826", "")
@rfc("1122", "2.3.2.2")
@behaviours("IPv4 router")
class LearnedNeighborOfHostRouteEndsTheWait(OnLinkTest):
    """A /32 by a port, the neighbour answers ARP: its packets pass, none goes round by way of the controller."""

    def runTest(self) -> None:
        for dst in ("10.0.2.9", "203.0.113.5"):
            self.unresolved(routes=[{"prefix": f"{dst}/32", "via": {"port": 2}}])
            before = self.sent_again()
            self.send(1, packet(dst))
            self.expect_nothing()
            self.expect_drop("NEIGHBOR_UNRESOLVED")
            self.arp_reply(2, dst, "10.0.2.1")
            self.expect_only(2, wire.hop(packet(dst)))
            assert self.sent_again() == before + 1
            self.passes(2, dst)


@rfc("4861", "5.2", "7.2.2")
class DestinationOutsideThePrefixesOfThePort(OnLinkTest):
    """A prefix by a port that has no address in it: asked for from the link-local address, then delivered."""

    def runTest(self) -> None:
        dst = "2001:db8:77::5"
        self.unresolved(routes=[{"prefix": "2001:db8:77::/64", "via": {"port": 2}}])
        own = link_local(self.mac(2))
        self.send(1, packet(dst))
        self.expect_solicitation(2, dst, src=own)
        self.expect_nothing()
        self.expect_drop("NEIGHBOR_UNRESOLVED")
        self.advertise(2, dst, own)
        self.expect_only(2, wire.hop(packet(dst)))
        self.passes(2, dst)


@rfc("4861", "7.2.2")
class HostOutsideThePrefixesSpeaksFirst(OnLinkTest):
    """It asks for the router, and is a neighbour from then on."""

    def runTest(self) -> None:
        dst = "2001:db8:77::5"
        self.unresolved(routes=[{"prefix": "2001:db8:77::/64", "via": {"port": 2}}])
        self.send(2, self.to_group(2, solicitation(dst, "2001:db8:2::1", self.neighbor_mac(2))))
        assert self.receive(2) is not None  # the advertisement
        self.passes(2, dst)


@rfc("1122", "2.3.2.2")
@rfc("5227", "2.1.1")
@behaviours("IPv4 router")
class DestinationOutsideThePrefixesOfThePort4(OnLinkTest):
    """IPv4: asked for from an address of the port, else of the node in the same VRF, else from 0.0.0.0."""

    def runTest(self) -> None:
        dst = "192.0.2.5"
        way = {"prefix": "192.0.2.0/24", "via": {"port": 2}}
        bare = {"addresses": ["2001:db8:2::1/64"]}
        blue = {"vrfs": ["blue"], "neighbors": [{"address": HOST4, "port": 1, "mac": self.neighbor_mac(1)}]}
        only4 = {"addresses": ["2001:db8:1::1/64"], "vrf": "blue"}
        for source, config in (
            ("10.0.2.1", {"routes": [way]}),
            ("10.99.0.1", {"routes": [way], "ports": {2: bare}, "addresses": ["10.99.0.1"]}),
            ("0.0.0.0", {"routes": [{**way, "vrf": "blue"}], "ports": {1: only4, 2: {**bare, "vrf": "blue"}}, **blue}),
        ):
            self.unresolved(**config)
            self.send(1, packet(dst))
            self.expect_arp_request(2, dst, source)
            self.expect_nothing()
            self.expect_drop("NEIGHBOR_UNRESOLVED")
            self.arp_reply(2, dst, source)
            self.expect_only(2, wire.hop(packet(dst)))
            self.passes(2, dst)
            # An answer like this keeps the neighbour when it is probed.
            self.later(31)
            probe = self.receive(2)
            assert probe is not None and probe[:6] == bytes.fromhex(self.neighbor_mac(2).replace(":", ""))
            self.arp_reply(2, dst, source)
            self.passes(2, dst)


@rfc("4861", "7.2.2")
@behaviours("IPv6 router", "IPv4 router")
class NextHopOutsideThePrefixesOfItsPort(OnLinkTest):
    """A gateway with a port but on no prefix of it is asked for ahead of traffic: it answers, and packets pass."""

    def runTest(self) -> None:
        self.unresolved(
            routes=[{"prefix": "2600::/16", "via": {"address": "2001:db8:88::1", "port": 2}},
                    {"prefix": "198.51.100.0/24", "via": {"address": "203.0.113.1", "port": 3}}],
        )  # fmt: skip
        self.advertise(2, "2001:db8:88::1", link_local(self.mac(2)))
        self.arp_reply(3, "203.0.113.1", "10.0.3.1")
        self.expect_nothing()
        self.passes(2, "2600::1")
        self.passes(3, "198.51.100.1")


@rfc("4861", "7.2.2")
@behaviours("IPv6 router", "IPv4 router")
class PrefixOnLinkByTwoPorts(OnLinkTest):
    """A prefix by two ports: both are asked, and the packet goes to the one that answers."""

    def runTest(self) -> None:
        dst, dst4 = "2001:db8:77::5", "192.0.2.5"
        via = [{"port": 2}, {"port": 3}]
        self.unresolved(routes=[{"prefix": each, "via": via} for each in ("2001:db8:77::/64", "192.0.2.0/24")])
        self.send(1, packet(dst))
        for port in (2, 3):
            self.expect_solicitation(port, dst, src=link_local(self.mac(port)))
        self.advertise(3, dst, link_local(self.mac(3)))
        self.expect(3, wire.hop(packet(dst)))
        self.send(1, packet(dst4))
        for port in (2, 3):
            self.expect_arp_request(port, dst4, f"10.0.{port}.1")
        self.arp_reply(3, dst4, "10.0.3.1")
        self.expect(3, wire.hop(packet(dst4)))


@rfc("4861", "5.2")
class RouteByPortOfAnotherVrf(OnLinkTest):
    """A route of VRF blue by a port of the default VRF: the neighbour there is found, and reached from blue."""

    def runTest(self) -> None:
        dst = "2001:db8:2::99"
        self.unresolved(
            vrfs=["blue"],
            ports={1: {"addresses": ["2001:db8:1::1/64"], "vrf": "blue"}},
            routes=[{"prefix": "2001:db8:2::/64", "vrf": "blue", "via": {"port": 2}}],
        )
        self.send(1, packet(dst))
        self.expect_solicitation(2, dst)
        self.expect_drop("NEIGHBOR_UNRESOLVED")
        self.advertise(2, dst, "2001:db8:2::1")
        self.expect_only(2, wire.hop(packet(dst)))
        self.passes(2, dst)


@rfc("8200", "3")
class LearnedNeighborHidesNoLongerRoute(OnLinkTest):
    """A host of a connected prefix that was heard of, inside a longer prefix with another way: the route counts."""

    def runTest(self) -> None:
        dst = "2001:db8:2::81"
        self.node(routes=[{"prefix": "2001:db8:2::80/121", "via": "2001:db8:3::2"}])
        self.send(2, self.to_group(2, solicitation(dst, "2001:db8:2::1", self.neighbor_mac(2))))
        assert self.receive(2) is not None  # the advertisement
        self.passes(3, dst)


@rule("HE-16")
@behaviours("H.Encaps")
class FirstSegmentOnLinkByRoute(OnLinkTest):
    """The first segment of a policy is on link by a route with a port: it is a neighbour itself."""

    def runTest(self) -> None:
        segment = "fcbb:bb00:f001::"
        self.unresolved(
            routes=[{"prefix": "fcbb:bb00::/32", "via": {"port": 2}}],
            policies=[{"name": "north", "segments": [segment], "encap": {"flow-label": 0}}],
            steering=[{"prefix": "2001:db8:99::/64", "policy": "north"}],
        )
        self.advertise(2, segment, link_local(self.mac(2)))
        self.expect_nothing()
        inner = packet("2001:db8:99::9")
        self.send(1, inner)
        self.expect_only(2, encapsulated(inner, [segment]))
