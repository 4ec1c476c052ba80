# SPDX-License-Identifier: Apache-2.0
"""Routes with a color: which policy carries them, and what is behind its segments (RFC 9256 8.4, 8.8; RFC 9252 5)."""

from __future__ import annotations

from typing import Any

from headend_base import DESTINATION, DESTINATION4, HeadendTest, encapsulated, sid, sids
from srv6_base import behaviours, craft, rfc, rule, wire

BEHAVIOURS = ("Steering", "Candidate paths")
N, OTHER = "2001:db8:e::1", "2001:db8:e::2"
SERVICE = "fcbb:bb00:4:d46::"
PLAIN = {"mode": "encap", "flow-label": 0}


def policy(number: int, color: int, endpoint: str, port: int = 2, **more: Any) -> dict[str, Any]:
    """A policy of its own segment, by the neighbour of a port."""
    segments = [f"2001:db8:{port}::2", sid(number)]
    body = {"name": f"p{number}", "color": color, "endpoint": endpoint, "encap": PLAIN, "segments": segments}
    return {**body, **more}


class ColorTest(HeadendTest):
    """One route with a color to the test prefixes, and policies for it."""

    def colored(self, route: dict[str, Any], *policies: dict[str, Any], **config: Any) -> None:
        self.node(
            policies=list(policies),
            routes=[
                {"prefix": "fcbb:bb00::/32", "via": "2001:db8:2::2"},
                {"prefix": "2001:db8:e::/48", "via": "2001:db8:5::2"},
                {"prefix": "2001:db8:99::/64", "next-hop": N, **route},
            ],
            **config,
        )

    def by(self, number: int | None, port: int = 2, service: str | None = None) -> None:
        """A packet goes by that policy, or (None) by the route."""
        __tracebackhide__ = True
        packet = self.packet6()
        self.send(1, packet)
        segments = [f"2001:db8:{port}::2", sid(number or 0), *([service] if service else [])]
        self.expect_only(port, wire.hop(packet) if number is None else encapsulated(packet, segments))


@rfc("9256", "8.4", "8.8.1")
@rule("POL-8")
class ColorOnlyTypes(ColorTest):
    """(N, C) by CO 0; the null endpoint of its family and of any by CO 1; any by CO 2; each before the next."""

    def runTest(self) -> None:
        exact, null, null4 = policy(1, 7, N), policy(2, 7, "::"), policy(3, 7, "0.0.0.0")
        other, other4, another = policy(4, 7, OTHER), policy(5, 7, "192.0.2.1"), policy(6, 8, N)
        everything = [other4, other, another, null4, null, exact]
        for co, given, expected in (
            (0, everything, 1),
            (0, everything[:-1], None),
            (1, everything, 1),
            (1, everything[:-1], 2),
            (1, everything[:-2], 3),
            (1, everything[:-3], None),
            (2, everything[:-1], 2),
            (2, everything[:-3], 4),
            (2, [other4, another], 5),
            (2, [another], None),
        ):
            self.colored({"color": {"color": 7, "co": co}}, *given)
            self.by(expected, 5 if expected is None else 2)


@rfc("9256", "8.8")
@rule("POL-8", "POL-5", "POL-6")
class SeveralColors(ColorTest):
    """The highest color first, with its own steps; the next one takes over while it is not valid, unless that drops."""

    def runTest(self) -> None:
        for invalid in ("forward", "drop"):
            self.colored(
                {"color": [5, {"color": 9, "co": 1}]},
                policy(1, 5, N, 4),
                policy(2, 9, "::", 3, invalid=invalid),
            )
            self.by(2, 3)
            with self.cut_cable(3):
                if invalid == "drop":
                    self.send(1, self.packet6())
                    self.expect_nothing()
                    self.expect_drop("BLACKHOLE")
                else:
                    self.by(1, 4)
                    with self.cut_cable(4):
                        self.by(None, 5)
            self.by(2, 3)


@rfc("9252", "5.1", "5.2")
@rfc("9256", "8.4")
@rule("POL-8")
@behaviours("Steering", "H.Encaps", "H.Encaps.Red")
class ServiceSid(ColorTest):
    """It goes behind the list of the policy, of each mode; without a policy it is the only segment; IPv4 as well, out
    of a VRF."""

    def runTest(self) -> None:
        route4 = {"prefix": "198.51.100.0/24", "next-hop": N, "color": 7, "service-sid": SERVICE, "vrf": "blue"}
        for mode in ("encap", "encap.red"):
            self.colored(
                {"color": 7, "service-sid": SERVICE, "vrf": "blue"},
                policy(1, 7, N, 3, encap={**PLAIN, "mode": mode}),
                vrfs=["blue"],
                ports={1: {"vrf": "blue"}},
                sysctl={"net.ipv6.seg6_flowlabel": -1},
            )
            segments = ["2001:db8:3::2", sid(1), SERVICE]
            packet = self.packet6()
            self.send(1, packet)
            self.expect_only(3, encapsulated(packet, segments, mode=mode))
            with self.cut_cable(3):
                self.send(1, packet)
                self.expect_only(2, encapsulated(packet, [SERVICE]))
            self.send(1, packet)
            self.expect_only(3, encapsulated(packet, segments, mode=mode))
        self.node(
            policies=[policy(1, 7, N, 3)],
            routes=[{"prefix": "fcbb:bb00::/32", "via": "2001:db8:2::2"}, route4],
            vrfs=["blue"],
            ports={1: {"vrf": "blue"}},
        )
        packet4 = self.packet4()
        self.send(1, packet4)
        self.expect_only(3, encapsulated(packet4, ["2001:db8:3::2", sid(1), SERVICE]))


@rfc("9252", "5.1")
@rule("POL-8", "POL-4")
class ServiceSidBehindSeveralLists(ColorTest):
    """Of each list of a policy, a list of one segment, and those of a composite path."""

    def runTest(self) -> None:
        parts = [policy(1, 1, N, segments=[sid(1)]), policy(2, 2, N, segments=sids(4))]
        whole = policy(3, 7, N)
        del whole["segments"]
        whole["candidate-paths"] = [{"policies": [1, 2]}]
        self.colored({"color": 7, "service-sid": SERVICE}, *parts, whole)
        seen = set()
        for i in range(30):
            packet = self.packet6(craft.udp(b"x", 1024 + 7 * i, 53))
            self.send(1, packet)
            ways = [encapsulated(packet, [*listed, SERVICE]) for listed in ([sid(1)], sids(4))]
            frame = self.receive(2)
            seen.add(next(index for index, way in enumerate(ways) if frame == self.frame_out(2, way)))
        assert seen == {0, 1}


@rfc("9256", "8.4")
@rule("POL-8")
@behaviours("Steering", "IPv6 router")
class WithoutAPolicy(ColorTest):
    """By the longest match of the next hop, or by ``via``."""

    def runTest(self) -> None:
        for way, port in (({}, 5), ({"via": "2001:db8:4::2"}, 4), ({"next-hop": "2001:db8:3::2"}, 3)):
            self.colored({"color": 7, **way})
            packet = craft.ip6("2001:db8:1::2", DESTINATION, craft.udp())
            self.send(1, packet)
            self.expect_only(port, wire.hop(packet))
        self.colored({"color": 7, "next-hop": "10.0.3.2", "prefix": "198.51.100.0/24"})
        packet4 = craft.ip4("10.0.1.2", DESTINATION4, craft.udp())
        self.send(1, packet4)
        self.expect_only(3, wire.hop(packet4))
