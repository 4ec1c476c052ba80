# SPDX-License-Identifier: Apache-2.0
"""Candidate paths of SR policies and their binding SIDs (RFC 9256 2, 5, 6): what packets see of the choice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from headend_base import NAME, SOURCE, HeadendTest, encapsulated, sid, sids
from srv6_base import behaviours, craft, rfc, rule, wire
from srv6cp.cli.readback import Names, policy_rows

BEHAVIOURS = ("Candidate paths",)
FLOWS = 60
BSID, DYNAMIC = "fcbb:bb00:1:b6::", "dynamic"


def by_port(port: int) -> list[str]:
    """A segment list whose first segment is the neighbour of a port."""
    return [f"2001:db8:{port}::2", sid(2)]


class PathTest(HeadendTest):
    """A policy with candidate paths; what enters it."""

    def paths(self, *paths: dict[str, Any], policies: Any = (), steering: Any = None, **policy: Any) -> None:
        steered = {"prefix": "2001:db8:99::/64", "policy": NAME}
        north = {"name": NAME, "encap": {"mode": "encap", "flow-label": 0}, "candidate-paths": list(paths), **policy}
        self.node(
            policies=[north, *policies],
            steering=[steered] if steering is None else steering,
            routes=[
                {"prefix": "fcbb:bb00::/32", "via": "2001:db8:2::2"},
                {"prefix": "2001:db8:99::/48", "via": "2001:db8:5::2"},
            ],
        )

    def goes(self, port: int, segments: list[str] | None) -> None:
        """A packet is sent out of ``port``, encapsulated unless there are no segments."""
        __tracebackhide__ = True
        packet = self.packet6()
        self.send(1, packet)
        self.expect_only(port, encapsulated(packet, segments) if segments else wire.hop(packet))

    def bound(self, to: str = BSID, **fields: Any) -> craft.Packet:
        """A packet to a binding SID, which is not its last segment."""
        return craft.ip6("2001:db8:1::2", to, craft.srh(["2001:db8:7::9", to], sl=1, payload=craft.udp()), **fields)

    def into(self, to: str, port: int) -> None:
        __tracebackhide__ = True
        packet = self.bound(to)
        self.send(1, packet)
        outer = wire.srh(wire.path(*by_port(port)), sl=1, payload=wire.advanced(packet))
        self.expect_only(port, wire.ip6(SOURCE, by_port(port)[0], outer))


@rfc("9256", "2.9")
@rule("POL-2", "HE-16")
class HighestPreference(PathTest):
    """The valid path of the highest preference carries everything; cables that are cut and mended change it at once."""

    def runTest(self) -> None:
        self.paths(
            {"segments": by_port(4)},
            {"preference": 200, "segments": by_port(3)},
            {"preference": 300, "segments": ["2001:db8:dead::1"], "name": "nowhere"},
        )
        self.shown("valid", "not active: preference 100 is lower than 200")
        self.goes(3, by_port(3))
        with self.cut_cable(3):
            self.goes(4, by_port(4))
            self.shown("invalid: first segment 2001:db8:3::2 is unreachable", "valid")
            with self.cut_cable(4):
                self.goes(5, None)
        self.goes(3, by_port(3))

    def shown(self, high: str, low: str) -> None:
        """What ``srv6 policy show`` says of the two paths that may be valid."""
        client = self.router.client
        rows = policy_rows(client, Names.of(self.router.node, client))
        found = {row["preference"]: row["state"].partition(";")[0] for row in rows}
        assert found == {200: high, 100: low, 300: "invalid: first segment 2001:db8:dead::1 is unreachable"}


@rfc("9256", "2.9")
@rule("POL-1", "POL-2")
class Ties(PathTest):
    """Equal preference: protocol origin, then the lower originator, then the higher discriminator."""

    def runTest(self) -> None:
        for stronger, weaker in (
            ({"origin": "bgp"}, {"origin": "pcep", "originator": "0:::", "discriminator": 9}),
            ({"originator": "65000:2001:db8::1"}, {"originator": "65000:2001:db8::2", "discriminator": 9}),
            ({"originator": "1:2001:db8::9"}, {"originator": "2:192.0.2.1"}),
            ({"discriminator": 8}, {"discriminator": 7}),
        ):
            for order in (1, -1):
                both = [{"segments": by_port(3), **stronger}, {"segments": by_port(4), **weaker}]
                self.paths(*both[::order])
                self.goes(3, by_port(3))


@rfc("9256", "5.1")
@rule("POL-3", "HE-16")
class ListsThatAreNotValid(PathTest):
    """A path is as valid as the best of its lists: of weight 0, unreachable, or with a segment that is when asked."""

    def runTest(self) -> None:
        gone = "2001:db8:dead::1"
        for entry in (
            {"segments": by_port(3), "weight": 0},
            {"segments": [gone, sid(3)]},
            {"segments": [sid(3), gone], "verify": True},
        ):
            self.paths({"segments": by_port(4)}, {"preference": 200, "segment-lists": [entry]})
            self.goes(4, by_port(4))
        self.paths({"preference": 200, "segment-lists": [entry, {"segments": by_port(3), "weight": 7}]})
        self.goes(3, by_port(3))


@rfc("9256", "2.2", "2.11")
@rule("POL-4", "HE-15")
@behaviours("Candidate paths", "Weighted segment lists")
class Composite(PathTest):
    """Other policies of the endpoint, in proportion of their weights; each list with the headers of its own policy;
    what is not valid leaves its share to the others."""

    def runTest(self) -> None:
        at = {"endpoint": "2001:db8::9"}
        plain = {"mode": "encap", "flow-label": 0}
        others = [
            {"name": "a", "color": 2, "segments": by_port(3), "encap": {**plain, "hop-limit": 9}, **at},
            {"name": "b", "color": 3, "segments": by_port(4), "encap": plain, **at},
            {"name": "c", "color": 4, "segments": ["2001:db8:dead::1"], "encap": plain, **at},
        ]
        self.paths({"policies": [{"color": 2, "weight": 3}, 3, 4]}, color=1, policies=others, **at)
        taken: Counter[int] = Counter()
        for i in range(FLOWS):
            packet = self.packet6(craft.udp(b"x", 1024 + 7 * i, 53))
            self.send(1, packet)
            taken[
                self.expect_one_of({3: encapsulated(packet, by_port(3), hl=9), 4: encapsulated(packet, by_port(4))})
            ] += 1
        assert 30 <= taken[3] <= 55 and taken[4] >= 5, taken
        with self.cut_cable(3):
            self.goes(4, by_port(4))
            with self.cut_cable(4):
                self.goes(5, None)


@rfc("9256", "6.2", "8.3")
@rule("POL-7", "POL-8", "B6-1", "B6-3")
@behaviours("Candidate paths", "End.B6.Encaps", "End.B6.Encaps.Red")
class BindingSids(PathTest):
    """A policy with two binding SIDs of two behaviours, and a dynamic one."""

    def runTest(self) -> None:
        self.paths(
            {"segments": sids(3)},
            bsid=[BSID, {"sid": "fcbb:bb00:1:b7::", "behavior": "End.B6.Encaps.Red"}, DYNAMIC],
        )
        bound = self.router.node.policies[NAME].paths[0].bsids
        for prefix, mode in zip(bound, ("encap", "encap.red", "encap"), strict=True):
            packet = self.bound(str(prefix.network_address))
            moved = wire.advanced(packet)
            listed = sids(3)[1:] if mode == "encap.red" else sids(3)
            outer = wire.srh(wire.path(*listed), sl=2, payload=moved)
            self.send(1, packet)
            self.expect_only(2, wire.ip6(SOURCE, sid(1), outer))


@rfc("9256", "2.10", "6.2", "8.2")
@rule("POL-5", "POL-6", "POL-7")
@behaviours("Candidate paths", "End.B6.Encaps")
class BindingSidOfTheActivePath(PathTest):
    """It is there while its path is active; without one packets to it find no route, or are dropped."""

    def runTest(self) -> None:
        other = "fcbb:bb00:1:b7::"
        for invalid in ("forward", "drop"):
            self.paths(
                {"preference": 200, "segments": by_port(3), "bsid": BSID},
                {"segments": by_port(4), "bsid": other},
                invalid=invalid,
            )
            self.into(BSID, 3)
            self.lost(other, "NO_ROUTE")
            with self.cut_cable(3):
                self.into(other, 4)
                self.lost(BSID, "NO_ROUTE")
                with self.cut_cable(4):
                    self.lost(other, "NO_ROUTE")
                    self.lost(BSID, "NO_ROUTE" if invalid == "forward" else "POLICY_INVALID")
            self.into(BSID, 3)

    def lost(self, to: str, reason: str) -> None:
        __tracebackhide__ = True
        packet = self.bound(to)
        self.send(1, packet)
        if reason == "NO_ROUTE":
            self.expect_only(1, self.icmp6_error(1, 0, 0, packet, src="2001:db8:1::1"))
        self.expect_nothing()
        self.expect_drop(reason)


@rfc("9256", "6.2.1", "6.2.3")
@rule("POL-7")
class BindingSidThatIsTaken(PathTest):
    """Another policy keeps it: this one has a dynamic one in its place, or with ``bsid-only`` the next path carries."""

    def runTest(self) -> None:
        first = {"name": "first", "encap": {"mode": "encap", "flow-label": 0}, "segments": by_port(5), "bsid": BSID}
        for only in (False, True):
            paths = [{"preference": 200, "segments": by_port(3), "bsid": BSID, "bsid-only": only}]
            north = {"name": NAME, "encap": first["encap"], "candidate-paths": [*paths, {"segments": by_port(4)}]}
            node = self.node(policies=[first, north], steering=[{"prefix": "2001:db8:99::/64", "policy": NAME}])
            self.into(BSID, 5)
            self.goes(4 if only else 3, by_port(4 if only else 3))
            if not only:
                [stands_for_it] = node.policies[NAME].paths[0].bsids
                self.into(str(stands_for_it.network_address), 3)
