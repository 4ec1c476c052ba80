# SPDX-License-Identifier: Apache-2.0
"""What enters which policy: by prefix, by port, by classifier, and which of them wins (RFC 8986 5, RFC 9256
8)."""

from __future__ import annotations

from typing import Any, ClassVar

from headend_base import HeadendTest, encapsulated, sid
from srv6_base import craft, rfc, rule, wire

BEHAVIOURS = ("Steering",)
WAY6, WAY4 = "2001:db8:4::2", "10.0.4.2"
ROUTES = (
    {"prefix": "fcbb:bb00::/32", "via": "2001:db8:2::2"},
    {"prefix": "2001:db8:99::/48", "via": WAY6},
    {"prefix": "198.51.0.0/16", "via": WAY4},
)


class SteeringTest(HeadendTest):
    """Policies ``a``, ``b`` and ``c``, told apart by their only segment; the routes lead out of port 4."""

    segments: ClassVar = {"a": [sid(10)], "b": [sid(11)], "c": [sid(12)]}

    def steer(self, *rules: dict[str, Any], routes: Any = (), **config: Any) -> None:
        policies = [
            {"name": name, "segments": list(path), "encap": {"flow-label": 0}} for name, path in self.segments.items()
        ]
        self.node(policies=policies, steering=list(rules), routes=[*ROUTES, *routes], **config)

    def goes(self, packet: craft.Packet, policy: str | None, port: int = 1, vlan: Any = ()) -> None:
        """``packet`` goes into ``policy``; None: by its route."""
        __tracebackhide__ = True
        self.send(port, packet, vlan=vlan)
        if policy is None:
            self.expect_only(4, wire.hop(packet))
        else:
            self.expect_only(2, encapsulated(packet, self.segments[policy]))


@rfc("8986", "5")
class ByPrefix(SteeringTest):
    """The longest prefix decides between policies and routes, whichever is the longer; IPv6 and IPv4."""

    def runTest(self) -> None:
        self.steer(
            {"prefix": "2001:db8:99::/64", "policy": "a"},
            {"prefix": "2001:db8:99::8/125", "policy": "b"},
            {"prefix": "198.51.100.0/24", "policy": "a"},
            {"prefix": "198.51.100.9/32", "policy": "b"},
            routes=[{"prefix": "2001:db8:99::f/128", "via": WAY6}, {"prefix": "198.51.100.128/25", "via": WAY4}],
        )
        for last, policy in (("1", "a"), ("9", "b"), ("f", None), ("10", "a")):
            self.goes(craft.ip6("2001:db8:1::2", f"2001:db8:99::{last}", craft.udp()), policy)
        self.goes(craft.ip6("2001:db8:1::2", "2001:db8:99:1::1", craft.udp()), None)
        for host, policy in (("100.1", "a"), ("100.9", "b"), ("100.200", None), ("99.1", None)):
            self.goes(craft.ip4("10.0.1.2", f"198.51.{host}", craft.udp()), policy)
        self.expect_no_drop()


@rfc("8986", "5")
class ByDefaultRoute(SteeringTest):
    """``::/0`` and ``0.0.0.0/0`` into a policy: what has no other route; the underlay is found without it."""

    def runTest(self) -> None:
        self.steer({"prefix": "::/0", "policy": "a"}, {"prefix": "0.0.0.0/0", "policy": "b"})
        self.goes(craft.ip6("2001:db8:1::2", "2600::1", craft.udp()), "a")
        self.goes(craft.ip4("10.0.1.2", "8.8.8.8", craft.udp()), "b")
        self.goes(craft.ip6("2001:db8:1::2", "2001:db8:99::1", craft.udp()), None)
        self.goes(craft.ip4("10.0.1.2", "198.51.7.7", craft.udp()), None)


@rfc("8986", "5")
class ByPrefixPerVrf(SteeringTest):
    """The same prefix in two VRFs goes into two policies, in a third nowhere special."""

    def runTest(self) -> None:
        self.steer(
            {"prefix": "2001:db8:99::/64", "vrf": "blue", "policy": "a"},
            {"prefix": "2001:db8:99::/64", "vrf": "red", "policy": "b"},
            {"prefix": "198.51.100.0/24", "vrf": "red", "policy": "c"},
            {"prefix": "198.51.100.0/24", "vrf": "blue", "policy": "a"},
            vrfs=["blue", {"name": "red", "id": 7}],
            ports={5: {"vrf": "blue"}, 6: {"vrf": "red"}},
        )
        for port, policy6, policy4 in ((5, "a", "a"), (6, "b", "c"), (1, None, None)):
            self.goes(craft.ip6(f"2001:db8:{port}::2", "2001:db8:99::1", craft.udp()), policy6, port)
            self.goes(craft.ip4(f"10.0.{port}.2", "198.51.100.1", craft.udp()), policy4, port)


@rfc("8986", "5")
class ByPort(SteeringTest):
    """Everything routed from a port, routes or not, IPv6 and IPv4; other ports are not concerned."""

    def runTest(self) -> None:
        for rules, ports in (((), {1: {"policy": "a"}}), (({"port": 1, "policy": "a"},), {})):
            self.steer(*rules, ports=ports)
            for packet in (self.packet6(), self.packet4()):
                self.goes(packet, "a")
                self.goes(packet, None, 5)
            self.goes(craft.ip6("2001:db8:1::2", "2600::1", craft.udp()), "a")
            self.goes(craft.ip4("10.0.1.2", "8.8.8.8", craft.udp()), "a")
            self.goes(craft.ip6("2001:db8:1::2", "2001:db8:5::2", craft.udp()), "a")  # a connected prefix too
            self.goes(
                craft.ip6("2001:db8:1::2", "2001:db8:99::1", craft.srh([sid(3), sid(4)], sl=1, payload=craft.udp())),
                "a",
            )
            self.expect_no_drop()


@rfc("8986", "5")
class ByVlanInterface(SteeringTest):
    """The policy of a VLAN interface is not that of its port."""

    def runTest(self) -> None:
        vlans = {100: {"addresses": ["2001:db8:64::1/64"], "policy": "b"}, 200: {"addresses": ["2001:db8:c8::1/64"]}}
        self.steer(ports={1: {"policy": "a", "vlans": vlans}})
        packet = self.packet6()
        self.goes(packet, "a")
        self.goes(packet, "a", vlan=0)
        self.goes(packet, "b", vlan=100)
        self.goes(packet, None, vlan=200)
        self.steer({"port": "1.200", "policy": "c"}, ports={1: {"vlans": vlans}})
        self.goes(packet, None)
        self.goes(packet, "b", vlan=100)
        self.goes(packet, "c", vlan=200)


class ClassifierField(SteeringTest):
    """One field of a rule: ``hits`` are steered, ``misses`` are not."""

    def field(self, match: dict[str, Any], hits: list[craft.Packet], misses: list[craft.Packet]) -> None:
        self.steer({"match": match, "policy": "a"})
        for packet in hits:
            self.goes(packet, "a")
        for packet in misses:
            self.goes(packet, None)
        self.expect_no_drop()


@rfc("9256", "8")
class ByAddresses6(ClassifierField):
    """Source and destination prefixes, from /0 to /128."""

    def runTest(self) -> None:
        def packet(src: str, dst: str = "2001:db8:99::9") -> craft.Packet:
            return craft.ip6(src, dst, craft.udp())

        self.field({"src": "2001:db8:1::/64"}, [packet("2001:db8:1::2")], [packet("2001:db8:1:1::2")])
        self.field({"src": "2001:db8:1::2/128"}, [packet("2001:db8:1::2")], [packet("2001:db8:1::3")])
        self.field(
            {"src": "2001:db8::/47"}, [packet("2001:db8:1::2"), packet("2001:db8:0:5::2")], [packet("2001:db8:2::3")]
        )
        self.field({"dst": "2001:db8:99::8/127"}, [packet("::5", "2001:db8:99::9")], [packet("::5", "2001:db8:99::a")])
        self.field(
            {"src": "2001:db8:1::/64", "dst": "2001:db8:99::/64"},
            [packet("2001:db8:1::2")],
            [packet("2001:db8:2::2"), packet("2001:db8:1::2", "2001:db8:99:1::")],
        )
        self.field({"src": "::/0"}, [packet("2001:db8:1::2"), packet("2600::1")], [self.packet4()])


@rfc("9256", "8")
class ByAddresses4(ClassifierField):
    """The same with IPv4."""

    def runTest(self) -> None:
        def packet(src: str, dst: str = "198.51.100.9") -> craft.Packet:
            return craft.ip4(src, dst, craft.udp())

        self.field({"src": "10.0.0.0/23"}, [packet("10.0.1.2"), packet("10.0.0.2")], [packet("10.0.2.2")])
        self.field({"dst": "198.51.100.9/32"}, [packet("1.2.3.4")], [packet("1.2.3.4", "198.51.100.8")])
        self.field({"src": "10.0.1.0/24", "dst": "198.51.100.0/24"}, [packet("10.0.1.2")], [packet("10.0.2.2")])
        self.field({"dst": "0.0.0.0/0"}, [packet("10.0.1.2")], [self.packet6()])


@rfc("9256", "8")
class ByProtocol(ClassifierField):
    """A protocol by name or number, of both families; the first extension header counts as what the header
    names."""

    def runTest(self) -> None:
        echo = craft.echo_request()
        udp, tcp = craft.udp(b"x", 5, 6), craft.tcp(b"x", 5, 6)
        self.field(
            {"protocol": "udp"},
            [self.packet6(udp), self.packet4(udp)],
            [self.packet6(tcp), self.packet4(tcp), self.packet6(echo)],
        )
        self.field({"protocol": 6}, [self.packet6(tcp), self.packet4(tcp)], [self.packet6(udp), self.packet4(udp)])
        self.field({"protocol": "icmpv6"}, [self.packet6(echo)], [self.packet6(udp)])
        self.field(
            {"protocol": 253}, [self.packet6(b"x", nh=253), self.packet4(b"x", proto=253)], [self.packet6(b"x", nh=254)]
        )


@rfc("9256", "8")
class ByPorts(ClassifierField):
    """Source and destination port of TCP and UDP, IPv6 and IPv4; not of fragments, nor of other protocols."""

    def runTest(self) -> None:
        def both(payload: craft.Packet) -> list[craft.Packet]:
            return [self.packet6(payload), self.packet4(payload)]

        self.field(
            {"protocol": "udp", "src-port": 1000},
            both(craft.udp(b"x", 1000, 9)),
            [*both(craft.udp(b"x", 9, 1000)), *both(craft.tcp(b"x", 1000, 9))],
        )
        self.field(
            {"protocol": "tcp", "dst-port": 443},
            both(craft.tcp(b"x", 9, 443)),
            [*both(craft.tcp(b"x", 443, 9)), *both(craft.udp(b"x", 9, 443))],
        )
        self.field(
            {"protocol": "udp", "src-port": 5, "dst-port": 65535},
            both(craft.udp(b"x", 5, 65535)),
            both(craft.udp(b"x", 5, 65534)),
        )
        later = self.packet4(craft.udp(b"x", 1000, 9), offset=1, df=False)
        first = self.packet4(craft.udp(b"x" * 8, 1000, 9), mf=True, df=False)
        self.field(
            {"protocol": "udp", "src-port": 1000},
            [self.packet4(craft.udp(b"x", 1000, 9), options=bytes((1, 1, 1, 0)))],
            [later, first, self.packet6(craft.fragment(craft.udp(b"x", 1000, 9)))],
        )


@rfc("9256", "8")
class ByTrafficClass(ClassifierField):
    """All eight bits of traffic class or TOS."""

    def runTest(self) -> None:
        self.field(
            {"traffic-class": 0xB8},
            [self.packet6(tc=0xB8), self.packet4(tos=0xB8)],
            [self.packet6(tc=0xB9), self.packet4(tos=0x38), self.packet6()],
        )
        self.field({"traffic-class": 0}, [self.packet6(), self.packet4()], [self.packet6(tc=1), self.packet4(tos=0x80)])


@rfc("9256", "8")
class ByIngressPortAndVrf(SteeringTest):
    """A rule for a port, for a VRF, for both."""

    def runTest(self) -> None:
        config: dict[str, Any] = {"vrfs": ["blue"], "ports": {5: {"vrf": "blue"}, 6: {"vrf": "blue"}}}
        ways = (("2001:db8:99::/48", WAY6), ("198.51.0.0/16", WAY4))
        blue = [{"prefix": prefix, "via": {"address": way, "port": 4}, "vrf": "blue"} for prefix, way in ways]
        for match, steered in (
            ({"port": 5}, {5}),
            ({"vrf": "blue"}, {5, 6}),
            ({"port": 6, "vrf": "blue"}, {6}),
            ({"vrf": "default"}, {1, 7}),
        ):
            self.steer({"match": match, "policy": "a"}, routes=blue, **config)
            for port in (1, 5, 6, 7):
                for packet in (self.packet6(), self.packet4()):
                    self.goes(packet, "a" if port in steered else None, port)


@rfc("9256", "8")
class ByPriority(SteeringTest):
    """The higher priority wins whatever the order of the rules; among equals the first."""

    def runTest(self) -> None:
        wide = {"match": {"dst": "2001:db8:99::/64"}, "policy": "a"}
        narrow = {"match": {"dst": "2001:db8:99::9/128", "protocol": "udp"}, "policy": "b"}
        for rules, policy in (
            ([{**wide, "priority": 10}, {**narrow, "priority": 20}], "b"),
            ([{**narrow, "priority": 20}, {**wide, "priority": 10}], "b"),
            ([{**wide, "priority": 20}, {**narrow, "priority": 10}], "a"),
            ([{**wide, "priority": 7}, {**narrow, "priority": 7}], "a"),
            ([{**narrow, "priority": 7}, {**wide, "priority": 7}], "b"),
            ([{**wide, "priority": 1}, {**narrow, "priority": 16383}], "b"),
        ):
            self.steer(*rules)
            self.goes(self.packet6(), policy)
            self.goes(self.packet6(craft.tcp()), "a")


@rfc("9256", "8")
class ByRuleWithoutPolicy(SteeringTest):
    """``policy: null``: no policy of classifier or port for these packets, they follow their route."""

    def runTest(self) -> None:
        exempt = {"match": {"protocol": "tcp"}, "priority": 50, "policy": None}
        for rest in ({"port": 1, "policy": "b"}, {"match": {"port": 1}, "priority": 1, "policy": "b"}):
            self.steer(exempt, rest)
            for udp, tcp in ((self.packet6(), self.packet6(craft.tcp())), (self.packet4(), self.packet4(craft.tcp()))):
                self.goes(udp, "b")
                self.goes(tcp, None)
        # what has no route gets its answer though the port has a policy
        self.steer(exempt, {"port": 1, "policy": "b"})
        lost = craft.ip6("2001:db8:1::2", "2600::1", craft.tcp())
        self.send(1, lost)
        self.expect_icmp6(1, 1, 0, 0, lost)
        self.expect_drop("NO_ROUTE")


@rfc("9256", "8")
class Precedence(SteeringTest):
    """Classifier before port before prefix."""

    def runTest(self) -> None:
        prefix = [{"prefix": "2001:db8:99::/64", "policy": "a"}, {"prefix": "198.51.100.0/24", "policy": "a"}]
        port = {"port": 1, "policy": "b"}
        classifier = {"match": {"protocol": "udp"}, "policy": "c"}
        for rules, udp, tcp in (
            (prefix, "a", "a"),
            ([*prefix, port], "b", "b"),
            ([*prefix, classifier], "c", "a"),
            ([port, classifier], "c", "b"),
            ([*prefix, port, classifier], "c", "b"),
        ):
            self.steer(*rules)
            self.goes(self.packet6(), udp)
            self.goes(self.packet6(craft.tcp()), tcp)
            self.goes(self.packet4(), udp)
            self.goes(self.packet4(craft.tcp()), tcp)


@rfc("9256", "8")
class BlackholeAndNoRouteAreSteered(SteeringTest):
    """Port and classifier steering need no route: what would be dropped for want of one goes into the policy."""

    def runTest(self) -> None:
        dead = [{"prefix": "2001:db8:dead::/48", "blackhole": True}, {"prefix": "192.0.2.0/24", "blackhole": True}]
        for rules in ({"port": 1, "policy": "a"}, {"match": {"port": 1}, "policy": "a"}):
            self.steer(rules, routes=dead)
            for packet in (
                craft.ip6("2001:db8:1::2", "2001:db8:dead::1", craft.udp()),
                craft.ip4("10.0.1.2", "192.0.2.1", craft.udp()),
                craft.ip6("2001:db8:1::2", "2600::1", craft.udp()),
                craft.ip4("10.0.1.2", "8.8.8.8", craft.udp()),
            ):
                self.goes(packet, "a")
            self.expect_no_drop()


class ForTheNodeItself(SteeringTest):
    """Port policy or classifier, while the packet is for the node."""

    rules = ({"port": 1, "policy": "a"}, {"match": {"port": 1}, "policy": "a"})


@rfc("8986", "5")
class OwnAddressesAreNotSteered(ForTheNodeItself):
    """Pings to own addresses and to the SR source are answered, IPv6 and IPv4."""

    def runTest(self) -> None:
        for rules in self.rules:
            self.steer(rules, addresses=["2001:db8:aaaa::1/128", "203.0.113.1/32"])
            for own in ("2001:db8:1::1", "2001:db8:2::1", "fcbb:bb00:1::1", "2001:db8:aaaa::1"):
                self.send(1, craft.ip6("2001:db8:1::2", own, craft.echo_request()))
                self.expect_only(1, wire.ip6(own, "2001:db8:1::2", wire.echo_reply(own, "2001:db8:1::2")))
            for own in ("10.0.1.1", "10.0.2.1", "203.0.113.1"):
                self.send(1, craft.ip4("10.0.1.2", own, craft.icmp4(8, 0, bytes(4) + b"ping"), df=False, ident=5))
                self.expect_only(1, wire.ip4(own, "10.0.1.2", wire.icmp4(0, 0, bytes(4) + b"ping"), df=False, ident=5))


@rfc("8986", "4", "5")
@rule("END-5")
class LocalSidsAreNotSteered(ForTheNodeItself):
    """A packet to a local SID is processed; what the SID sends on is not steered by the port it came in by."""

    def runTest(self) -> None:
        own = "fcbb:bb00:1:e000::"
        for rules in self.rules:
            self.steer(
                rules,
                sids=[
                    {"sid": f"{own}/64", "behavior": "End"},
                    {"sid": "fcbb:bb00:1:d6::/64", "behavior": "End.DT6", "vrf": "default"},
                ],
            )
            packet = craft.srv6("2001:db8:1::2", ["2001:db8:99::1", own], segments_left=1, payload=craft.udp())
            self.send(1, packet)
            self.expect_only(4, wire.advanced(packet))
            inner = self.packet6()
            self.send(1, craft.ip6("2001:db8:1::2", "fcbb:bb00:1:d6::", inner))
            self.expect_only(4, wire.hop(inner))


@rfc("4861", "7.1")
class NeighborDiscoveryIsNotSteered(ForTheNodeItself):
    """Solicitations and ARP are answered on a port with a policy."""

    def runTest(self) -> None:
        for rules in self.rules:
            self.steer(rules)
            question = craft.arp(1, self.neighbor_mac(1), "10.0.1.2", "00:00:00:00:00:00", "10.0.1.1")
            self.send(1, craft.ether(question, dst="ff:ff:ff:ff:ff:ff", src=self.neighbor_mac(1)))
            answer = wire.arp(2, self.mac(1), "10.0.1.1", self.neighbor_mac(1), "10.0.1.2")
            self.expect_only(1, wire.ether(answer, dst=self.neighbor_mac(1), src=self.mac(1), ethertype=wire.ETH_ARP))


@rfc("4443", "3.3")
@rule("HE-4")
class HopLimitIsCheckedFirst(ForTheNodeItself):
    """Hop limit 1 on a steered port: Time Exceeded, nothing enters the policy."""

    def runTest(self) -> None:
        for rules in self.rules:
            self.steer(rules)
            packet = self.packet6(hl=1)
            self.send(1, packet)
            self.expect_icmp6(1, 3, 0, 0, packet)
            self.expect_drop("HOP_LIMIT_EXCEEDED")
