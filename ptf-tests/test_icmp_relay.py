# SPDX-License-Identifier: Apache-2.0
"""ICMP errors from inside the domain about what this headend encapsulated, told to the inner source (HE-12,
RFC 2473 8)."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from headend_base import NAME, SOURCE, HeadendTest, encapsulated, sid, sids
from srv6_base import craft, rfc, rule, wire

BEHAVIOURS = ("H.Encaps", "H.Encaps.Red")
ROUTER = sid(1) + "1"  # a node of the domain


class Relay(HeadendTest):
    """``told(kind, code, value, inner, outer)``: an error about ``outer`` arrives by port 2."""

    def error(self, kind: int, code: int, value: int, outer: bytes) -> craft.Packet:
        quoted = struct.pack("!I", value) + outer[: 1280 - 48]
        return craft.ip6(ROUTER, SOURCE, craft.icmp6(kind, code, quoted))


@rfc("2473", "8.1")
@rule("HE-12")
class UnreachableAndTimeExceeded(Relay):
    """Destination unreachable and Time Exceeded in the tunnel: address unreachable for the inner source."""

    def runTest(self) -> None:
        for mode in ("encap", "encap.red"):
            self.headend(mode, sids(3))
            for kind, code, value in ((1, 0, 0), (1, 3, 0), (3, 0, 0)):
                inner6, inner4 = self.packet6(), self.packet4()
                self.send(2, self.error(kind, code, value, encapsulated(inner6, sids(3), mode=mode)))
                self.expect_only(1, self.icmp6_error(1, 3, 0, wire.hop(inner6), src=SOURCE))
                self.send(2, self.error(kind, code, value, encapsulated(inner4, sids(3), mode=mode)))
                frame = self.receive(1)
                assert frame is not None, "nothing was told to the IPv4 source"
                source = str(IPv4Address(frame[26:30]))
                assert frame == self.frame_out(1, self.icmp4_error(3, 1, 0, wire.hop(inner4), src=source)), source
                self.expect_nothing()


@rfc("2473", "8.1", "7.1")
@rule("HE-11", "HE-12")
class PacketTooBig(Relay):
    """The MTU less the outer headers, never below 1280 for IPv6; IPv4 with DF gets ICMP 3/4, without DF
    nothing."""

    def runTest(self) -> None:
        overhead = 40 + 8 + 16 * 3
        self.headend("encap", sids(3))
        big6 = self.packet6(craft.udp(bytes(1300)))
        self.send(2, self.error(2, 0, 1440, encapsulated(big6, sids(3))))
        quoted = wire.hop(big6)[: 1280 - 48 - overhead]  # what the error from inside held of it
        self.expect_only(1, self.icmp6_error(2, 0, 1440 - overhead, quoted, src=SOURCE))
        self.send(2, self.error(2, 0, 1280, encapsulated(big6, sids(3))))
        self.expect_only(1, self.icmp6_error(2, 0, 1280, quoted, src=SOURCE))
        big4 = self.packet4(craft.udp(bytes(1000)))
        self.send(2, self.error(2, 0, 1280, encapsulated(big4, sids(3))))
        frame = self.receive(1)
        assert frame is not None, "nothing was told to the IPv4 source"
        source = str(IPv4Address(frame[26:30]))
        assert frame == self.frame_out(1, self.icmp4_error(3, 4, 1280 - overhead, wire.hop(big4), src=source))
        self.send(2, self.error(2, 0, 1280, encapsulated(self.packet4(craft.udp(bytes(1000)), df=False), sids(3))))
        self.expect_nothing()


@rfc("2473", "8")
@rule("HE-12")
class NotRelayed(Relay):
    """Errors about others' packets, with a wrong checksum, about an inner error, cut in the inner header, about the
    outer headers (as an endpoint's Parameter Problem is): nothing."""

    def runTest(self) -> None:
        self.headend("encap", sids(2))
        outer = encapsulated(self.packet6(), sids(2))
        foreign = encapsulated(self.packet6(), sids(2), source="fcbb:bb00:2::1")
        inner_error = self.packet6(craft.icmp6(3, 0, bytes(48)))
        bad = craft.icmp6(3, 0, bytes(4) + outer, csum=0xBAD)
        for packet in (
            self.error(3, 0, 0, foreign),
            self.error(3, 0, 0, encapsulated(inner_error, sids(2))),
            self.error(3, 0, 0, outer[: 40 + 40 + 39]),
            self.error(3, 0, 0, outer[:50]),
            self.error(100, 0, 0, outer),
            self.error(4, 0, 43, outer),
            self.error(4, 4, 40, outer),
            craft.ip6(ROUTER, SOURCE, bad),
        ):
            self.send(2, packet)
            self.expect_nothing()


@rfc("2473", "8")
@rule("HE-12")
class RelayedIntoItsVrf(Relay):
    """The error goes to the VRF that the packet was steered from."""

    def runTest(self) -> None:
        self.headend("encap", sids(2), vrfs=["blue"], ports={5: {"vrf": "blue"}, 6: {"vrf": "blue"}},
                     steering=[{"prefix": "2001:db8:99::/64", "vrf": "blue", "policy": NAME}])  # fmt: skip
        inner = craft.ip6("2001:db8:5::2", "2001:db8:99::9", craft.udp(b"data"))
        self.send(2, self.error(3, 0, 0, encapsulated(inner, sids(2))))
        self.expect_only(5, self.icmp6_error(1, 3, 0, wire.hop(inner), src="2001:db8:5::1"))


@rfc("2473", "8")
@rule("HE-12", "POL-8")
class RelayedWhateverTheWayIn(Relay):
    """By the way that could have made the packet: a route with a color and a service SID, its service SID alone, the
    policies of a composite path, and the backup of a route; of two VRFs that share a policy the one with that SID."""

    def runTest(self) -> None:
        at, service = {"endpoint": "2001:db8:e::1"}, "fcbb:bb00:4:d46::"
        plain = {"mode": "encap", "flow-label": 0}
        policies = [
            {"name": "a", "color": 1, "segments": [sid(1)], "encap": plain, **at},
            {"name": "whole", "color": 7, "candidate-paths": [{"policies": [1]}], "encap": plain, **at},
            {"name": "around", "segments": [sid(9)], "encap": plain},
        ]
        colored = {"prefix": "2001:db8:99::/64", "next-hop": at["endpoint"], "color": 7, "service-sid": service}
        self.node(
            vrfs=["blue", "red"],
            ports={5: {"vrf": "blue"}, 6: {"vrf": "red"}},
            policies=policies,
            routes=[
                {"prefix": "fcbb:bb00::/32", "via": "2001:db8:2::2"},
                {**colored, "vrf": "blue"},
                {**colored, "vrf": "red", "service-sid": "fcbb:bb00:4:d47::"},
                {"prefix": "2001:db8:98::/64", "vrf": "red", "via": "2001:db8:6::2", "backup": "around"},
            ],
        )
        for port, to, segments in (
            (5, "2001:db8:99::9", [sid(1), service]),
            (6, "2001:db8:99::9", [sid(1), "fcbb:bb00:4:d47::"]),
            (5, "2001:db8:99::9", [service]),
            (6, "2001:db8:98::9", [sid(9)]),
        ):
            inner = craft.ip6(f"2001:db8:{port}::2", to, craft.udp(b"data"))
            self.send(2, self.error(3, 0, 0, encapsulated(inner, segments)))
            self.expect_only(port, self.icmp6_error(1, 3, 0, wire.hop(inner), src=f"2001:db8:{port}::1"))
