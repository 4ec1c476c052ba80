# SPDX-License-Identifier: Apache-2.0
"""Flows spread anew at every router that they pass (RFC 2991 3, RFC 6438 3): no tier sees one half of its ways only.

A router under test is several in turn: the same flows are sent to it under one seed after the other, which is what the
tiers of a network see of them. What it must choose is computed here, from the flow's fields and the seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from itertools import product
from typing import Any
from zlib import crc32

from headend_base import HOST, NAME, HeadendTest, encapsulated, sid
from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire

M32 = 0xFFFFFFFF
SIZES = ((2, 2, 2), (3, 3, 3), (2, 3, 4))
Flow = tuple[str, str, int, int, int, int]  # source, destination, flow label, protocol, ports


def key(flow: Flow) -> int:
    """CRC-32 of a flow's fields in the order of p4src/core/state.p4, an IPv4 address in 128 bits."""
    src, dst, label, protocol, *ports = flow
    addresses = b"".join((wire.v6 if ":" in each else wire.v4)(each).rjust(16, b"\0") for each in (src, dst))
    return crc32(
        addresses + label.to_bytes(3, "big") + bytes((protocol,)) + b"".join(p.to_bytes(2, "big") for p in ports)
    )


def chosen(flow: Flow, seed: int, size: int) -> int:
    """The member of a group of ``size`` equal ones: MIX_FLOW of p4src/core/router/flow.p4."""
    number = (key(flow) ^ seed) * 0x9E3779B1 & M32
    number = (number ^ number >> 15) * 0x9E3779B1 & M32
    return (number ^ number >> 16) % size


def seed_of(text: str, selector: int) -> int:
    """The seed of a node with this name or ``flow-seed``: of next hops (0), of segment lists (1)."""
    return int.from_bytes(sha256(text.encode()).digest()[4 * selector :][:4], "big")


@cache
def by_port(i: int) -> tuple[Flow, bytes]:
    """IPv6 flows that differ in the source port alone."""
    flow = (HOST, "2600::1", 0, wire.UDP, 2000 + i, 53)
    return flow, bytes(craft.ip6(HOST, "2600::1", craft.udp(b"x", 2000 + i, 53)))


@cache
def by_label(i: int) -> tuple[Flow, bytes]:
    """IPv6 flows that differ in the flow label alone, as those of a tunnel."""
    return (HOST, "2600::1", i + 1, 59, 0, 0), bytes(craft.ip6(HOST, "2600::1", craft.raw(b"", 59), fl=i + 1))


@cache
def by_port4(i: int) -> tuple[Flow, bytes]:
    """IPv4 flows that differ in the source port alone."""
    flow = ("10.0.1.2", "198.51.100.1", 0, wire.TCP, 2000 + i, 443)
    return flow, bytes(craft.ip4("10.0.1.2", "198.51.100.1", craft.tcp(b"x", 2000 + i, 443)))


def near(count: Counter[Any], cells: Sequence[Any], total: int) -> None:
    """Every cell has its share, within five standard deviations."""
    share = total / len(cells)
    off = {cell: count[cell] for cell in cells if abs(count[cell] - share) > 5 * share**0.5}
    assert not off, f"{off}: each should have about {share:.0f} of {total} flows"


@behaviours("ECMP")
@rfc("2991", "2.2")
@rfc("6438", "3")
@rule("ECMP-1")
class SecondAndThirdTierUseAllTheirWays(Srv6Test):
    """Three routers in a row with groups of 2, 3 and 4 next hops: every way through them gets its share."""

    def tier(self, size: int, seed: int, packets: Sequence[tuple[Flow, bytes]]) -> list[int]:
        """The member that each packet is given, which is the one that it must be given."""
        ports = range(2, 2 + size)
        self.node(
            flow_seed=seed,
            routes=[
                {"prefix": "2600::/16", "via": [f"2001:db8:{port}::2" for port in ports]},
                {"prefix": "198.51.100.0/24", "via": [f"10.0.{port}.2" for port in ports]},
            ],
        )
        members = [chosen(flow, seed_of(str(seed), 0), size) for flow, _ in packets]
        for (_, packet), member in zip(packets, members, strict=True):
            self.send(1, packet)
            self.expect(2 + member, wire.hop(packet))
        return members

    def runTest(self) -> None:
        builds: tuple[Callable[[int], tuple[Flow, bytes]], ...] = (by_port, by_label, by_port4)
        for sizes, build in zip(SIZES, builds, strict=True):
            packets = [build(i) for i in range(240)]
            ways = zip(*(self.tier(size, 100 + at, packets) for at, size in enumerate(sizes)), strict=True)
            near(Counter(ways), list(product(*map(range, sizes))), len(packets))
        self.expect_nothing()


@behaviours("ECMP")
@rfc("2991", "2.2")
@rule("ECMP-1")
class NodesSpreadByTheirNames(Srv6Test):
    """Without ``flow-seed`` the name decides: r1 and r2 choose independently of each other."""

    def runTest(self) -> None:
        packets = [by_port(i) for i in range(120)]
        ways = []
        for name in ("r1", "r2"):
            self.node(node=name, routes=[{"prefix": "2600::/16", "via": ["2001:db8:2::2", "2001:db8:3::2"]}])
            found = [chosen(flow, seed_of(name, 0), 2) for flow, _ in packets]
            for (_, packet), member in zip(packets, found, strict=True):
                self.send(1, packet)
                self.expect(2 + member, wire.hop(packet))
            ways.append(found)
        near(Counter(zip(*ways, strict=True)), list(product((0, 1), (0, 1))), len(packets))


@behaviours("H.Encaps", "Weighted segment lists", "ECMP")
@rfc("8986", "7")
@rule("HE-15", "ECMP-1")
class HeadendsInARowUseAllTheirLists(HeadendTest):
    """Policies of 2, 3 and 4 lists on three nodes; on each the next hop does not follow from the list."""

    def tier(self, size: int, seed: int, packets: Sequence[tuple[Flow, bytes]]) -> list[tuple[int, int]]:
        """The list and the next hop that each packet is given."""
        lists = [{"segments": [sid(number + 1)]} for number in range(size)]
        self.headend(
            "encap.red",
            lists=lists,
            encap={"flow-label": "copy"},
            flow_seed=seed,
            steering=[{"prefix": "2600::/16", "policy": NAME}],
            routes=[{"prefix": "fcbb:bb00:f000::/36", "via": ["2001:db8:2::2", "2001:db8:3::2"]}],
        )
        found = []
        for flow, packet in packets:
            first = sid(1 + chosen(flow, seed_of(str(seed), 1), size))
            label = flow[2]
            outer: Flow = ("fcbb:bb00:1::1", first, label, 0, 0, 0)
            hop = chosen(outer, seed_of(str(seed), 0), 2)
            self.send(1, packet)
            self.expect(2 + hop, encapsulated(packet, [first], mode="encap.red", fl=label))
            found.append((int(first.split(":")[2], 16) & 0xFFF, hop))
        return found

    def runTest(self) -> None:
        packets = [by_label(i) for i in range(240)]
        sizes = (2, 3, 4)
        tiers = [self.tier(size, 200 + at, packets) for at, size in enumerate(sizes)]
        for size, tier in zip(sizes, tiers, strict=True):
            near(Counter(tier), list(product(range(1, 1 + size), (0, 1))), len(packets))
        ways = zip(*([number for number, _ in tier] for tier in tiers), strict=True)
        near(Counter(ways), list(product(*(range(1, 1 + size) for size in sizes))), len(packets))
