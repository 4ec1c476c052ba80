# SPDX-License-Identifier: Apache-2.0
"""Classifier rules: DSCP and SRH as conditions, drop and count as actions, and what rules count (RFC 9256 8.5, 8.6)."""

from __future__ import annotations

from typing import Any

from headend_base import NAME, HeadendTest, encapsulated, sids
from srv6_base import behaviours, craft, rfc, rule, wire
from srv6cp.cli.readback import Names, steer_rows

BEHAVIOURS = ("Steering",)
A, B, C, D = (f"2001:db8:b::{letter}" for letter in "abcd")
AROUND = [{"prefix": "2001:db8::/32", "via": "2001:db8:4::2"}, {"prefix": "198.51.0.0/16", "via": "10.0.4.2"}]


class RuleTest(HeadendTest):
    """Rules; what a packet is by them."""

    def rules(self, *rules: dict[str, Any], **config: Any) -> None:
        steering = [{"policy": NAME, **rule} if "action" not in rule else rule for rule in rules]
        self.headend("encap", sids(2), steering=steering, routes=AROUND, **config)

    def steered(self, packet: craft.Packet) -> None:
        __tracebackhide__ = True
        self.send(1, packet)
        self.expect_only(2, encapsulated(packet, sids(2)))

    def passed(self, packet: craft.Packet) -> None:
        __tracebackhide__ = True
        self.send(1, packet)
        self.expect_only(4, wire.hop(packet))

    def counted(self) -> list[int]:
        """Packets of each rule, as ``srv6 steer show`` has them, the one that wins first."""
        client = self.router.client
        rows = steer_rows(client, Names.of(self.router.node, client))
        return [row["packets"] for row in rows if row["traffic"].startswith("match")]

    def with_srh(self, segments: list[str], left: int, **fields: Any) -> craft.Packet:
        """A packet in transit, its SRH with ``segments`` as on the wire."""
        to = segments[left] if left < len(segments) else "2001:db8:99::9"
        return craft.ip6("2001:db8:1::2", to, craft.srh(segments, sl=left, payload=craft.udp(), **fields))


@rfc("9256", "8.6")
@rfc("2474", "3")
@rule("POL-8")
class Dscp(RuleTest):
    """The high six bits of the traffic class, by number or name, whatever ECN says; IPv6 and IPv4."""

    def runTest(self) -> None:
        for value, number in (("ef", 46), (46, 46), ("af31", 26), ("cs6", 48), ("default", 0)):
            self.rules({"match": {"dscp": value}})
            for ecn in range(4):
                self.steered(self.packet6(tc=number << 2 | ecn))
                self.steered(self.packet4(tos=number << 2 | ecn))
            self.passed(self.packet6(tc=(number ^ 1) << 2))
            self.passed(self.packet4(tos=(number ^ 1) << 2 | 3))


@rfc("9256", "8.6")
@rule("POL-8")
class DropAndCount(RuleTest):
    """Dropped with a reason of its own, whatever the route and the port's policy; counted, and else as by no rule."""

    def runTest(self) -> None:
        ports = {1: {"policy": NAME}}
        self.rules(
            {"match": {"protocol": "udp"}, "action": "drop", "priority": 10},
            {"match": {"protocol": "tcp"}, "action": "count", "priority": 9},
            ports=ports,
        )
        for packet in (self.packet6(craft.udp()), self.packet4(craft.udp())):
            self.send(1, packet)
            self.expect_nothing()
            self.expect_drop("CLASSIFIED")
        for packet in (self.packet6(craft.tcp()), self.packet4(craft.tcp())):
            self.steered(packet)
        self.steered(self.packet6(craft.icmp6(128, 0, bytes(8))))
        assert self.counted() == [2, 2]
        self.rules({"match": {"protocol": "tcp"}, "action": "count"})
        self.passed(self.packet6(craft.tcp()))


@rfc("9256", "8.6")
@rule("POL-8")
class DropsInsteadOfAnError(RuleTest):
    """A packet without a route that a rule drops is not answered; counted alone it is."""

    def runTest(self) -> None:
        packet = craft.ip6("2001:db8:1::2", "2600::1", craft.udp())
        self.rules({"match": {"dst": "2600::/16"}, "action": "drop"})
        self.send(1, packet)
        self.expect_nothing()
        self.expect_drop("CLASSIFIED")
        self.rules({"match": {"dst": "2600::/16"}, "action": "count"})
        self.send(1, packet)
        self.expect_only(1, self.icmp6_error(1, 0, 0, packet, src="2001:db8:1::1"))


@rfc("9256", "8.6")
@rule("POL-8")
class EveryRuleCounts(RuleTest):
    """Those that steer, exempt, drop and count; of a rule for both families, and one of several entries, the sum."""

    def runTest(self) -> None:
        self.rules(
            {"match": {"dscp": "ef"}, "priority": 40},
            {"match": {"srh-segments-left": "1-6"}, "priority": 30, "policy": None},
            {"match": {"srh": True}, "priority": 20, "action": "count"},
        )
        for _ in range(2):
            self.steered(self.packet6(tc=46 << 2))
            self.steered(self.packet4(tos=46 << 2))
        for left in (1, 2, 3):
            self.passed(self.with_srh([A, B, C, D], left))
        self.passed(self.with_srh([A], 0))
        self.passed(self.packet6())
        assert self.counted() == [4, 3, 1]


@rfc("8754", "2")
@rule("POL-8", "SRH-1")
@behaviours("Steering", "Transit")
class BySrh(RuleTest):
    """Each field as ip6tables' srh match has it, equal, less and greater, at Segments Left above 0 and 0; what has no
    SRH, and IPv4, do not match; reduced lists, TLVs."""

    def runTest(self) -> None:
        four = [A, B, C, D]
        tlv = bytes((1, 6, *bytes(6)))
        for match, hits, misses in (
            ({"srh": True}, [(four, 3, {}), ([A], 0, {}), (four, 4, {})], []),
            ({"srh-segments-left": 2}, [(four, 2, {})], [(four, 1, {}), (four, 3, {}), (four, 0, {})]),
            ({"srh-segments-left": 0}, [(four, 0, {}), ([A], 0, {})], [(four, 1, {})]),
            ({"srh-segments-left": "<2"}, [(four, 0, {}), (four, 1, {})], [(four, 2, {}), (four, 3, {})]),
            ({"srh-segments-left": ">1"}, [(four, 2, {}), (four, 4, {})], [(four, 1, {}), (four, 0, {})]),
            ({"srh-last-entry": 3}, [(four, 0, {}), (four, 2, {})], [([A, B], 1, {}), ([A], 0, {})]),
            ({"srh-last-entry": "<3"}, [([A], 0, {}), ([A, B, C], 1, {})], [(four, 1, {}), (four, 0, {})]),
            ({"srh-length": 8}, [(four, 0, {}), (four, 1, {})], [([A, B], 1, {}), (four, 1, {"tlvs": tlv})]),
            ({"srh-length": ">8"}, [(four, 1, {"tlvs": tlv}), (four, 0, {"tlvs": tlv})], [(four, 1, {})]),
            ({"srh-tag": 7}, [(four, 2, {"tag": 7}), (four, 0, {"tag": 7})], [(four, 2, {"tag": 8})]),
            ({"srh-next-segment": B}, [(four, 2, {}), ([A, B], 2, {})], [(four, 1, {}), (four, 3, {}), (four, 0, {})]),
            ({"srh-next-segment": "2001:db8:b::/64"}, [(four, 1, {})], [(four, 0, {})]),
            ({"srh-next-header": "udp"}, [(four, 1, {}), (four, 0, {})], []),
            ({"srh-next-header": "tcp"}, [], [(four, 1, {}), (four, 0, {})]),
            (
                {"srh-segments-left": "1-2", "srh-last-entry": ">2", "srh-tag": 7, "src": "2001:db8:1::/64"},
                [(four, 1, {"tag": 7}), (four, 2, {"tag": 7})],
                [(four, 1, {}), (four, 3, {"tag": 7}), ([A, B], 1, {"tag": 7})],
            ),
        ):  # fmt: skip
            self.rules({"match": match})
            for segments, left, fields in hits:
                self.steered(self.with_srh(segments, left, **fields))
            for segments, left, fields in misses:
                self.passed(self.with_srh(segments, left, **fields))
            self.passed(self.packet6())
            self.passed(self.packet4())


@rfc("8754", "2")
@rfc("8200", "4.1")
@rule("POL-8")
@behaviours("Steering", "Transit")
class BySrhBehindOtherHeaders(RuleTest):
    """One with segments left is found behind Hop-by-Hop and Destination Options and behind an exhausted one."""

    def runTest(self) -> None:
        self.rules({"match": {"srh-segments-left": 1}})
        srh = craft.srh([A, B], sl=1, payload=craft.udp())
        for chain in (craft.dstopt(srh), craft.srh([C], sl=0, payload=srh)):
            self.steered(craft.ip6("2001:db8:1::2", B, chain))
        self.passed(craft.ip6("2001:db8:1::2", B, craft.dstopt(craft.udp())))
