# SPDX-License-Identifier: Apache-2.0
"""A port goes down: its next hops leave their groups, routes and segment lists that need it give way to others, and all
is as before when it is up again (RFC 9256 5.1 for segment lists; RFC 1812 5.3.12 for routes)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from headend_base import SOURCE, HeadendTest, encapsulated, sid
from srv6_base import Srv6Test, craft, rfc, rule, wire

BEHAVIOURS = ("IPv6 router", "ECMP", "Weighted segment lists")
FLOWS = 40


def flow(i: int) -> bytes:
    """One of many flows."""
    return bytes(craft.ip6("2001:db8:1::2", "2600::1", craft.udp(b"x", 2000 + i, 53)))


class LinkStateTest(Srv6Test):
    """What leaves by which port, while ports are up and down."""

    def taken(self, ports: Sequence[int]) -> Counter[int]:
        """How many of the flows leave by each of ``ports``; no other frame leaves."""
        found: Counter[int] = Counter()
        for i in range(FLOWS):
            self.send(1, flow(i))
            found[self.expect_one_of(dict.fromkeys(ports, wire.hop(flow(i))))] += 1
        return found


@rfc("1812", "5.3.12.3", "5.3.12.4")
@rule("ECMP-1")
class MemberBehindAPortThatIsDown(LinkStateTest):
    """Two ways: with one cable cut all flows take the other; mended, both are taken again."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "2600::/16", "via": [{"address": f"2001:db8:{n}::2"} for n in (2, 3)]}])
        assert set(self.taken((2, 3))) == {2, 3}
        with self.cut_cable(3):
            assert self.taken((2, 3)) == {2: FLOWS}
        assert set(self.taken((2, 3))) == {2, 3}
        with self.cut_cable(2):
            assert self.taken((2, 3)) == {3: FLOWS}
        assert set(self.taken((2, 3))) == {2, 3}


@rfc("1812", "5.3.12.3", "5.3.12.4")
@rfc("4443", "3.1")
class RouteBehindAPortThatIsDown(LinkStateTest):
    """A route without any other next hop gives way to the next longest prefix, and to none with No Route."""

    def runTest(self) -> None:
        routes: list[dict[str, Any]] = [
            {"prefix": "2600::/16", "via": "2001:db8:2::2"},
            {"prefix": "2600::/8", "via": "2001:db8:3::2"},
        ]
        self.node(routes=routes)
        assert self.taken((2, 3)) == {2: FLOWS}
        with self.cut_cable(2):
            assert self.taken((2, 3)) == {3: FLOWS}
        assert self.taken((2, 3)) == {2: FLOWS}
        with self.cut_cable(2, 3):
            self.send(1, flow(0))
            self.expect_only(1, self.icmp6_error(1, 0, 0, flow(0), src="2001:db8:1::1"))
        assert self.taken((2, 3)) == {2: FLOWS}


@rfc("9256", "9.2")
@rule("HE-1", "HE-16")
class BackupOfARoute(HeadendTest):
    """While its port is down a route gives way to its backup policy, for IPv4 as well, and for a packet that an End has
    moved on; without the backup's port to what a shorter prefix says."""

    def runTest(self) -> None:
        self.node(
            policies=[{"name": "around", "encap": {"mode": "encap", "flow-label": 0}, "segments": ["2001:db8:3::2"]}],
            routes=[
                {"prefix": "2001:db8:99::/64", "via": "2001:db8:2::2", "backup": "around"},
                {"prefix": "198.51.100.0/24", "via": "10.0.2.2", "backup": "around"},
                {"prefix": "2001:db8:99::/48", "via": "2001:db8:4::2"},
            ],
            sids=[{"sid": "fcbb:bb00:1:e::/64", "behavior": "End"}],
        )
        packets = self.packet6(), self.packet4()
        to_end = ["2001:db8:99::9", "fcbb:bb00:1:e::"]
        moving = craft.ip6("2001:db8:1::2", to_end[1], craft.srh(to_end, sl=1, payload=craft.udp()))
        moved = wire.advanced(moving)

        def usual() -> None:
            for packet in packets:
                self.send(1, packet)
                self.expect_only(2, wire.hop(packet))
            self.send(1, moving)
            self.expect_only(2, moved)

        usual()
        with self.cut_cable(2):
            for packet in packets:
                self.send(1, packet)
                self.expect_only(3, encapsulated(packet, ["2001:db8:3::2"]))
            self.send(1, moving)
            outer = wire.srh(wire.path("2001:db8:3::2"), sl=0, payload=moved)
            self.expect_only(3, wire.ip6(SOURCE, "2001:db8:3::2", outer))
            with self.cut_cable(3):
                self.send(1, packets[0])
                self.expect_only(4, wire.hop(packets[0]))
        usual()


@rfc("1812", "5.3.12.3", "5.3.12.4")
class LinkOfAPortThatIsDown(LinkStateTest):
    """The prefix of the link, its neighbours too, is reached by another route; the router still answers for itself."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "2001:db8::/32", "via": "2001:db8:3::2"}])
        packet = craft.ip6("2001:db8:1::9", "2001:db8:2::2", craft.udp(b"x"))
        self.send(1, packet)
        self.expect_only(2, wire.hop(packet))
        with self.cut_cable(2):
            self.send(1, packet)
            self.expect_only(3, wire.hop(packet))
            ping = craft.ip6("2001:db8:1::2", "2001:db8:2::1", craft.icmp6(128, 0, bytes(8)))
            self.send(1, ping)
            answer = wire.icmp6(129, 0, bytes(8), between=("2001:db8:2::1", "2001:db8:1::2"))
            self.expect_only(1, wire.ip6("2001:db8:2::1", "2001:db8:1::2", answer, hl=64))
        self.send(1, packet)
        self.expect_only(2, wire.hop(packet))


@rfc("9256", "5.1")
@rule("HE-16")
class ListWhosePortIsDown(HeadendTest):
    """A list whose first segment is reached by a port that is down is not valid; without any, the policy is not."""

    def runTest(self) -> None:
        self.headend(
            "encap",
            lists=[{"segments": ["2001:db8:3::2", sid(2)]}, {"segments": ["2001:db8:4::2", sid(2)]}],
            routes=[{"prefix": "2001:db8:99::/48", "via": "2001:db8:5::2"}],
            invalid="forward",
        )
        packets = [self.packet6(craft.udp(b"x", 1024 + 7 * i, 53)) for i in range(FLOWS)]
        assert self.used(packets) == {3, 4}
        with self.cut_cable(3):
            assert self.used(packets) == {4}
            with self.cut_cable(4):
                assert self.used(packets) == {5}
        assert self.used(packets) == {3, 4}

    def used(self, packets: Sequence[Any]) -> set[int]:
        """The ports by which the packets leave, one frame each."""
        for packet in packets:
            self.send(1, packet)
        self.router.settle()
        found = {port: len(self.testbed.take_all(port)) for port in self.testbed.ports}
        assert sum(found.values()) == len(packets), found
        return {port for port, count in found.items() if count}
