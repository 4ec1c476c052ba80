# SPDX-License-Identifier: Apache-2.0
"""Sources at the interface that a packet came by: none that is nobody's or the domain's from outside (BCP 38), and
reverse path forwarding (BCP 84)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire

BEHAVIOURS = ("Source filters",)
BLOCK = "fcbb:bb00::/32"
ROUTES = [
    {"prefix": "2600::/16", "via": "2001:db8:2::2"},
    {"prefix": "198.18.2.0/24", "via": "10.0.2.2"},
]


class Guarded(Srv6Test):
    """Packets from a source, by whatever interface, for what is behind port 2."""

    def packet(self, src: str) -> craft.Packet:
        return craft.ip6(src, "2600::1", craft.udp()) if ":" in src else craft.ip4(src, "198.18.2.1", craft.udp())

    def passes(self, port: int, *sources: str, vlan: Any = (), out: int = 2) -> None:
        __tracebackhide__ = True
        for src in sources:
            self.send(port, self.packet(src), vlan=vlan)
            self.expect_only(out, wire.hop(self.packet(src)))
        self.expect_no_drop()

    def refused(self, port: int, reason: str, *sources: str, vlan: Any = ()) -> None:
        __tracebackhide__ = True
        for src in sources:
            self.send(port, self.packet(src), vlan=vlan)
        self.expect_nothing()
        self.expect_drop(reason, len(sources))
        assert self.punts() == {}, "nobody is told: the source is not the sender"


class Edge(Guarded):
    """Port 1 and its VLAN 100 are external, port 5 with VLAN 200 internal but for the VLAN 300."""

    def edge(self, routes: Iterable[Any] = (), **domain: Any) -> None:
        self.node(
            ports={
                1: {"role": "external", "vlans": {100: {"addresses": ["2001:db8:64::1/64", "10.100.0.1/24"]}}},
                5: {
                    "vlans": {
                        200: {"addresses": ["2001:db8:c8::1/64", "10.200.0.1/24"]},
                        300: {"addresses": ["2001:db8:12c::1/64"], "role": "external"},
                    }
                },
            },
            sr_domain={"sid-block": BLOCK, **domain},
            routes=[*ROUTES, *routes],
        )


# RFC 4291 2.5.5.1, RFC 2928, RFC 4843, RFC 3879, RFC 6890.
BOGONS = ("::c000:201", "2001:100::1", "2001:10::1", "2001:1ff::1", "192.0.0.77", "192.0.0.170")
# Teredo, AMT, AS112, ORCHIDv2, PCP anycast and what is next to a bogon: all may be a source (RFC 6890, RFC 8190).
NO_BOGONS = ("2001::1", "2001:1::1", "2001:3::1", "2001:4:112::1", "2001:20::1", "2001:200::1", "2001:db8:1::2",
             "192.0.0.9", "192.0.0.10", "192.0.1.1", "10.0.1.2", "198.51.100.1")  # fmt: skip


@rfc("2827", "3")
@rule("SEC-2")
class BogonFromOutside(Edge):
    """A source that is nobody's is dropped at external interfaces without being asked for, inside it is not."""

    def runTest(self) -> None:
        self.edge()
        self.refused(1, "SOURCE_BOGON", *BOGONS)
        self.refused(1, "SOURCE_BOGON", *BOGONS, vlan=100)
        self.refused(5, "SOURCE_BOGON", *BOGONS, vlan=300)
        self.passes(1, *NO_BOGONS)
        self.passes(1, *NO_BOGONS, vlan=100)
        self.passes(5, *BOGONS)
        self.passes(5, *BOGONS, vlan=200)


@rfc("2827", "3")
@rule("SEC-2")
class BogonsAreConfigured(Edge):
    """The list is the node file's: other prefixes, named lists, none; what is connected outside is not nobody's."""

    def runTest(self) -> None:
        self.edge(bogons=["private", "2600:bad::/32", "192.0.2.0/24"])
        self.refused(1, "SOURCE_BOGON", "172.16.0.1", "100.64.0.1", "fd00::1", "2600:bad::1", "192.0.2.1", "10.0.9.2")
        self.passes(1, "192.0.0.77", "2001:100::1", "172.32.0.1", "2600:bae::1", "10.0.1.2", "10.100.0.2")
        self.edge(bogons=[])
        self.passes(1, *BOGONS, *NO_BOGONS)
        self.refused(1, "SOURCE_INVALID", "::1", "::ffff:c000:201", "127.0.0.1", "0.0.0.1", "224.0.0.1", "ff05::1")


@rfc("2827", "3")
@rfc("8754", "5.1")
@rule("SEC-2")
class SourceOfTheDomainFromOutside(Edge):
    """SID blocks, sources, locator and the node's source are inside: from outside they are spoofed."""

    def runTest(self) -> None:
        inside = ("fcbb:bb00:5::5", "fcbb:bb00:1:e000::", "fcbb:bb00:1::1", "2001:db8:a::1", "2001:db8:5::2")
        self.edge(sources=[BLOCK, "2001:db8::/32"])
        self.refused(1, "SOURCE_SPOOFED", *inside)
        self.refused(1, "SOURCE_SPOOFED", *inside, vlan=100)
        self.passes(5, *inside)
        self.passes(1, "2001:db9::1", "2600::2", "192.0.2.1")


@rfc("2827", "3")
@rule("SEC-2")
class PrefixOfTheDomainThatIsOutside(Edge):
    """What the node file puts behind external ports is not spoofed there, although a prefix of the domain is around."""

    def runTest(self) -> None:
        customers = [
            {"prefix": "2001:db8:aa::/48", "via": "2001:db8:1::2"},
            {"prefix": "2001:db8:bb::/48", "via": ["2001:db8:1::2", "2001:db8:5::2"]},
            {"prefix": "::/0", "via": "2001:db8:1::2"},
        ]
        self.edge(customers, sources=["2001:db8::/32"])
        self.passes(1, "2001:db8:1::2", "2001:db8:64::2", "2001:db8:aa::1", "2600::2")
        self.refused(1, "SOURCE_SPOOFED", "2001:db8:bb::1", "2001:db8:3::2", "2001:db8:ffff::1")
        own = "2001:db8:1::1"
        self.send(1, craft.ip6("2001:db8:1::2", own, craft.echo_request()))
        self.expect_only(1, wire.ip6(own, "2001:db8:1::2", wire.echo_reply(own, "2001:db8:1::2")))


@rfc("2827", "3")
@rule("SEC-2")
@behaviours("Source filters", "H.Encaps", "H.Encaps.Red")
class SpoofedSourceEntersNoPolicy(Edge):
    """What is dropped is dropped before it is steered, by prefix or by port."""

    def runTest(self) -> None:
        self.node(
            ports={1: {"role": "external", "policy": "north"}},
            sr_domain={"sid-block": BLOCK},
            policies=[{"name": "north", "segments": ["fcbb:bb00:2::"]}],
            steering=[{"prefix": "2600::/16", "policy": "north"}],
            routes=[{"prefix": BLOCK, "via": "2001:db8:2::2"}, *ROUTES[1:]],
        )
        self.refused(1, "SOURCE_SPOOFED", "fcbb:bb00:5::5")
        self.refused(1, "SOURCE_BOGON", "192.0.0.77")


class Reverse(Guarded):
    """uRPF on ports 1 and 5 as a test wants it; ``far`` prefixes behind neighbours."""

    def urpf(self, of_1: str, of_5: str = "off", **sections: Any) -> None:
        vlans = {100: {"addresses": ["2001:db8:64::1/64", "10.100.0.1/24"]}}
        ports = {
            1: {"urpf": of_1, "vlans": vlans},
            4: {"vrf": "blue"},
            5: {"urpf": of_5},
            6: {"vrf": "blue", "urpf": of_1},
        }
        routes = [
            {"prefix": "2001:db8:a1::/48", "via": "2001:db8:1::2"},
            {"prefix": "2001:db8:a1:5::/64", "via": "2001:db8:5::2"},
            {"prefix": "2001:db8:a1:5:1::/80", "via": "2001:db8:1::2"},
            {"prefix": "2001:db8:a5::/48", "via": "2001:db8:5::2"},
            {"prefix": "2001:db8:ab::/48", "via": ["2001:db8:1::2", "2001:db8:3::2"]},
            {"prefix": "2001:db8:dead::/48", "blackhole": True},
            {"prefix": "198.18.1.0/24", "via": "10.0.1.2"},
            {"prefix": "198.18.5.0/24", "via": "10.0.5.2"},
            {"prefix": "198.18.100.0/24", "via": {"address": "10.100.0.2", "port": "1.100"}},
            {"prefix": "198.18.15.0/24", "via": ["10.0.1.2", "10.0.5.2"]},
            {"prefix": "198.18.66.0/24", "blackhole": True},
            {"prefix": "2600::/16", "via": "2001:db8:4::2", "vrf": "blue"},
            {"prefix": "198.18.2.0/24", "via": "10.0.4.2", "vrf": "blue"},
            {"prefix": "2001:db8:a6::/48", "via": "2001:db8:6::2", "vrf": "blue"},
            {"prefix": "198.18.6.0/24", "via": "10.0.6.2", "vrf": "blue"},
        ]
        self.node(vrfs=["blue"], ports=ports, routes=[*ROUTES, *routes, *sections.pop("routes", ())], **sections)


BEHIND_1 = ("2001:db8:1::2", "2001:db8:a1::1", "2001:db8:a1:5:1::1", "2001:db8:ab::1", "10.0.1.2", "198.18.1.1",
            "198.18.15.1")  # fmt: skip
BEHIND_5 = ("2001:db8:5::2", "2001:db8:a1:5::1", "2001:db8:a5::1", "10.0.5.2", "198.18.5.1")
BEHIND_6 = ("2001:db8:6::2", "2001:db8:a6::1", "10.0.6.2", "198.18.6.1")
NOWHERE = ("2001:db8:dead::1", "2607::1", "198.18.66.1", "192.0.2.1", "2001:db8:1::1", "10.0.1.1", "10.0.1.255",
           "fcbb:bb00:1::1")  # fmt: skip


@rfc("3704", "2.2")
@rule("SEC-3")
class StrictReversePath(Reverse):
    """Strict: the way back is by this interface, be it one of several; own addresses and blackholes are none."""

    def runTest(self) -> None:
        self.urpf("strict")
        self.passes(1, *BEHIND_1)
        self.refused(1, "REVERSE_PATH", *BEHIND_5, *BEHIND_6, *NOWHERE, "198.18.100.1", "10.100.0.2")
        self.passes(5, *BEHIND_1, *BEHIND_5, *NOWHERE)


@rfc("3704", "2.2")
@rule("SEC-3")
class StrictReversePathOfAVlan(Reverse):
    """A VLAN has what its port has, and its own way back."""

    def runTest(self) -> None:
        self.urpf("strict")
        self.passes(1, "198.18.100.1", "10.100.0.2", "2001:db8:64::2", vlan=100)
        self.refused(1, "REVERSE_PATH", *BEHIND_1, *BEHIND_5, *NOWHERE, vlan=100)


@rfc("3704", "2.2")
@rule("SEC-3")
class ReversePathInAVrf(Reverse):
    """The routes of the interface's own VRF are asked."""

    def runTest(self) -> None:
        for mode in ("strict", "loose"):
            self.urpf(mode)
            self.passes(6, *BEHIND_6, out=4)
            self.refused(6, "REVERSE_PATH", *BEHIND_5, "198.18.66.1", "2001:db8:a1::1")


@rfc("3704", "2.4")
@rule("SEC-3")
class LooseReversePath(Reverse):
    """Loose: there is a way back, by whatever interface; a default route is one, a blackhole is none."""

    def runTest(self) -> None:
        self.urpf("loose", "loose")
        for port in (1, 5):
            self.passes(port, *BEHIND_1, *BEHIND_5, "198.18.100.1")
            self.refused(port, "REVERSE_PATH", *NOWHERE, "2001:db8:a6::1")
        both = [{"prefix": "::/0", "via": "2001:db8:3::2"}, {"prefix": "0.0.0.0/0", "via": "10.0.3.2"}]
        self.urpf("loose", "strict", routes=both)
        self.passes(1, *BEHIND_5, "2607::1", "192.0.2.1")
        self.refused(1, "REVERSE_PATH", "2001:db8:dead::1", "198.18.66.1", "2001:db8:1::1", "10.0.1.255")
        self.passes(5, *BEHIND_5, "198.18.15.1")
        self.refused(5, "REVERSE_PATH", "2607::1", "192.0.2.1", "2001:db8:a1::1")


@rfc("3704", "2.2")
@rule("SEC-3")
class StrictTowardsADefaultRoute(Reverse):
    """Where the default route leads anything may come from but what is elsewhere."""

    def runTest(self) -> None:
        both = [{"prefix": "::/0", "via": "2001:db8:1::2"}, {"prefix": "0.0.0.0/0", "via": "10.0.1.2"}]
        self.urpf("strict", routes=both)
        self.passes(1, *BEHIND_1, "2607::1", "192.0.2.1")
        self.refused(1, "REVERSE_PATH", *BEHIND_5, "2001:db8:dead::1", "198.18.66.1", "2001:db8:1::1")


@rfc("3704", "2.2")
@rfc("4861", "7.1")
@rule("SEC-3")
class ReversePathLeavesTheLinkAlone(Reverse):
    """Link-local sources, neighbour discovery and pings of the router's own addresses go on."""

    def runTest(self) -> None:
        self.urpf("strict")
        own, host = "2001:db8:1::1", "2001:db8:1::2"
        for src in ("fe80::2", host):
            self.send(1, craft.ip6(src, own, craft.neighbor_solicitation(own, self.neighbor_mac(1)), hl=255))
            assert self.receive(1) is not None, "an advertisement"
            self.send(1, craft.ip6(src, own, craft.echo_request()))
            self.expect_only(1, wire.ip6(own, src, wire.echo_reply(own, src)))
        assert self.punts() == {"NDP": 2, "ECHO": 2}
        self.expect_no_drop()


@rfc("3704", "2.2")
@rule("SEC-3")
class SteeredPrefixIsBehindNoInterface(Reverse):
    """What is steered into a policy comes back out of a tunnel: loose takes it, strict does not."""

    def runTest(self) -> None:
        north: dict[str, Any] = {
            "policies": [{"name": "north", "segments": ["fcbb:bb00:2::"]}],
            "steering": [{"prefix": "2001:db8:a1::/48", "policy": "north"}],
        }
        self.urpf("strict", "loose", routes=[{"prefix": BLOCK, "via": "2001:db8:3::2"}], **north)
        self.refused(1, "REVERSE_PATH", "2001:db8:a1::1")
        self.passes(5, "2001:db8:a1::1", *BEHIND_5)
        self.passes(1, "2001:db8:a1:5:1::1", "2001:db8:1::2")


@rfc("3704", "2.2")
@rule("SEC-3", "HE-1")
@behaviours("Source filters", "H.Encaps")
class ReversePathAndThePolicyOfAPort(Reverse):
    """An interface with reverse path forwarding is in all else what it was: its policy, its question for the source."""

    def runTest(self) -> None:
        self.node(
            ports={1: {"urpf": "strict", "policy": "north"}},
            sr_domain={"sources": [BLOCK]},
            sids=[{"sid": "fcbb:bb00:1:e000::/64", "behavior": "End"}],
            policies=[{"name": "north", "segments": ["fcbb:bb00:2::"], "encap": {"flow-label": 0}}],
            routes=[{"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:2::2"}, *ROUTES],
        )
        inner = self.packet("2001:db8:1::2")
        self.send(1, inner)
        srh = wire.srh(["fcbb:bb00:2::"], sl=0, payload=wire.hop(inner))
        self.expect_only(2, wire.ip6("fcbb:bb00:1::1", "fcbb:bb00:2::", srh))
        self.refused(1, "REVERSE_PATH", "2001:db8:5::2")
        self.send(1, craft.ip6("2001:db8:1::2", "fcbb:bb00:1:e000::", craft.udp()))
        self.expect_nothing()
        self.expect_drop("SOURCE_NOT_IN_DOMAIN")


@rfc("3704", "2.2")
@rule("SEC-3")
class ReversePathBySysctl(Reverse):
    """rp_filter of Linux is that of IPv4 alone."""

    def runTest(self) -> None:
        self.node(
            ports={7: {"urpf": "off"}},
            routes=[*ROUTES, {"prefix": "198.18.5.0/24", "via": "10.0.5.2"}],
            sysctl={"net.ipv4.conf.all.rp_filter": 1, "net.ipv4.conf.5.rp_filter": 2},
        )
        self.passes(1, "2001:db8:5::2", "2607::1", "10.0.1.2")
        self.refused(1, "REVERSE_PATH", "10.0.5.2", "198.18.5.1", "192.0.2.1")
        self.passes(5, "2001:db8:1::2", "10.0.1.2", "198.18.5.1")
        self.refused(5, "REVERSE_PATH", "192.0.2.1")
        self.passes(7, "192.0.2.1")


@rfc("2827", "3")
@rfc("3704", "2.2")
@rule("SEC-2", "SEC-3")
class BothFiltersOfSources(Reverse):
    """An external interface with uRPF: each says what it has found."""

    def runTest(self) -> None:
        self.node(
            ports={1: {"role": "external", "urpf": "strict"}},
            sr_domain={"sid-block": BLOCK},
            routes=[*ROUTES, {"prefix": "2001:db8:a1::/48", "via": "2001:db8:1::2"}],
        )
        self.refused(1, "SOURCE_BOGON", "192.0.0.77")
        self.refused(1, "SOURCE_SPOOFED", "fcbb:bb00:5::5")
        self.refused(1, "REVERSE_PATH", "2001:db8:5::2", "10.0.5.2", "2001:db8:1::1")
        self.passes(1, "2001:db8:a1::1", "10.0.1.2")
