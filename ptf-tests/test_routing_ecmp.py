# SPDX-License-Identifier: Apache-2.0
"""Several next hops of one route: spread by weight, constant for a flow (RFC 2991, RFC 8986 7, RFC 6438)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from srv6_base import Srv6Test, craft, rfc, rule, wire

BEHAVIOURS = ("ECMP",)
Build = Callable[[int], bytes]


class Ecmp(Srv6Test):
    """A route of each family over ports 2, 3 and so on with the given weights."""

    def ways(self, *weights: int) -> None:
        def via(template: str) -> list[dict[str, Any]]:
            return [{"address": template.format(2 + i), "weight": weight} for i, weight in enumerate(weights)]

        self.node(
            routes=[
                {"prefix": "2600::/16", "via": via("2001:db8:{}::2")},
                {"prefix": "198.51.100.0/24", "via": via("10.0.{}.2")},
            ]
        )

    def ports(self, packets: Sequence[wire.Packet], count: int) -> list[int]:
        """The port that each packet leaves by; the packet itself is compared."""
        found = []
        for packet in packets:
            self.send(1, packet)
            expected = wire.hop(packet)
            found.append(self.expect_one_of({2 + i: expected for i in range(count)}))
        return found

    def near(self, found: Sequence[int], weights: Sequence[int]) -> None:
        count = Counter(found)
        for i, weight in enumerate(weights):
            expected = len(found) * weight / sum(weights)
            assert abs(count[2 + i] - expected) <= expected / 3 + 8, f"weights {weights}: {dict(count)}"


# Flows that many tests send, each built once.


@cache
def by_label(i: int) -> bytes:
    """IPv6 flows that differ in the flow label alone."""
    return bytes(craft.ip6("2001:db8:1::2", "2600::1", craft.udp(b"x"), fl=i + 1))


@cache
def by_port(i: int) -> bytes:
    """IPv6 flows that differ in the source port alone."""
    return bytes(craft.ip6("2001:db8:1::2", "2600::1", craft.udp(b"x", 2000 + i, 53)))


@cache
def by_port4(i: int) -> bytes:
    """IPv4 flows that differ in the source port alone."""
    return bytes(craft.ip4("10.0.1.2", "198.51.100.1", craft.tcp(b"x", 2000 + i, 443)))


@cache
def by_source(i: int) -> bytes:
    """IPv6 flows of many hosts."""
    return bytes(craft.ip6(f"2001:db8:1::{i + 16:x}", "2600::1", craft.raw(b"", 59)))


@cache
def by_destination4(i: int) -> bytes:
    """IPv4 flows to many hosts."""
    return bytes(craft.ip4("10.0.1.2", f"198.51.100.{i}", craft.icmp4(8, 0, bytes(4))))


@rfc("2991", "2.2")
@rule("ECMP-1")
class EqualCost(Ecmp):
    """Two and three equal ways: even shares, a flow keeps its way."""

    def runTest(self) -> None:
        for count in (2, 3):
            self.ways(*[1] * count)
            for build in (by_label, by_port, by_port4):
                packets = [build(i) for i in range(120)]
                found = self.ports(packets, count)
                self.near(found, [1] * count)
                assert self.ports(packets[:30], count) == found[:30], f"{build.__name__}: flows changed their way"


@rfc("2991", "2.2")
@rule("ECMP-1")
class UnequalCost(Ecmp):
    """Weights 3:1 and 1:2:5, IPv6 and IPv4."""

    def runTest(self) -> None:
        for weights in ((3, 1), (1, 2, 5)):
            self.ways(*weights)
            for build in (by_port, by_port4):
                self.near(self.ports([build(i) for i in range(200)], len(weights)), weights)


@rfc("8986", "7")
@rfc("6438", "3")
@rule("ECMP-1")
class FieldsOfTheHash(Ecmp):
    """Source, destination, flow label, ports: each alone spreads."""

    def runTest(self) -> None:
        self.ways(1, 1)
        for build in (by_label, by_port, by_port4, by_source, by_destination4):
            found = Counter(self.ports([build(i) for i in range(60)], 2))
            assert min(found[2], found[3]) >= 12, f"{build.__name__}: {dict(found)}"


@rfc("8986", "7")
@rule("ECMP-1")
class Srv6IsHashedByItsOuterHeader(Ecmp):
    """SRv6 packets in transit: the flow label spreads; neither ports behind the SRH nor Segments Left do."""

    def runTest(self) -> None:
        self.ways(1, 1)

        def packet(label: int, port: int = 1, left: int = 1) -> craft.Packet:
            header = craft.srh(["2600::3", "2600::2", "2600::1"], sl=left, payload=craft.udp(b"x", port, 9))
            return craft.ip6("2001:db8:1::2", "2600::1", header, fl=label)

        found = Counter(self.ports([packet(i + 1) for i in range(60)], 2))
        assert min(found[2], found[3]) >= 12, dict(found)
        same = [packet(7, port, left) for port in range(8) for left in (1, 2)]
        assert len(set(self.ports(same, 2))) == 1


@rfc("2991", "2.2")
@rule("ECMP-1")
class NotInTheHash(Ecmp):
    """Hop limit, traffic class, TTL, TOS, identification and data do not move a flow; fragments stay
    together."""

    def runTest(self) -> None:
        self.ways(1, 1, 1)
        for label in range(5):
            same = [
                craft.ip6("2001:db8:1::2", "2600::1", craft.udp(b"y" * i, 5, 6), fl=label, hl=9 + i, tc=i)
                for i in range(6)
            ]
            assert len(set(self.ports(same, 3))) == 1
            base: dict[str, Any] = {"ident": label, "df": False}
            pieces = [
                craft.ip4("10.0.1.2", "198.51.100.1", craft.udp(b"x" * 16, label, 6), mf=True, **base),
                craft.ip4(
                    "10.0.1.2", "198.51.100.1", craft.udp(b"x" * 16, 7, label), mf=True, offset=3, ttl=9, tos=4, **base
                ),
                craft.ip4("10.0.1.2", "198.51.100.1", craft.raw(b"rest", 17), offset=6, **base),
            ]
            assert len(set(self.ports(pieces, 3))) == 1


@rfc("2991", "2.2")
class ManyWays(Ecmp):
    """Seven ways with weights 1..7: all of them are used."""

    def runTest(self) -> None:
        weights = (1, 2, 3, 4, 5, 6, 7)
        self.ways(*weights)
        self.near(self.ports([by_port(i) for i in range(200)], 7), weights)


@rfc("2991", "2.2")
class WaysComeAndGo(Ecmp):
    """From two ways to one to three, at run time: packets use what is there."""

    def runTest(self) -> None:
        packets = [by_port(i) for i in range(40)]
        for count in (2, 1, 3):
            self.ways(*[1] * count)
            assert set(self.ports(packets, count)) == set(range(2, 2 + count))
