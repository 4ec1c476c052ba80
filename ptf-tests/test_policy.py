# SPDX-License-Identifier: Apache-2.0
"""SR policies: weighted segment lists, policies without a valid list, the underlay next hop (RFC 9256; HE-15,
HE-16)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv6Address
from typing import Any

from headend_base import NAME, SOURCE, HeadendTest, encapsulated, encapsulated_frame, inserted, sid, sids
from srv6_base import Frame, behaviours, craft, rfc, rule, wire

BEHAVIOURS = ("Weighted segment lists",)
FLOWS = 200


def first_segment(frame: bytes) -> str:
    """Destination of the IPv6 packet in an untagged frame."""
    return str(IPv6Address(frame[38:54]))


class Weighted(HeadendTest):
    """Lists that differ in their first segment."""

    def lists(self, *weights: int) -> list[dict[str, object]]:
        return [{"weight": weight, "segments": [sid(100 + i), sid(200 + i)]} for i, weight in enumerate(weights)]

    def chosen(self, packets: Sequence[wire.Packet], port: int = 1) -> list[str]:
        """The first segment of the list that each packet went by."""
        for packet in packets:
            self.send(port, packet)
        found = []
        while (frame := self.receive(2)) is not None:
            found.append(first_segment(frame))
        assert len(found) == len(packets), f"{len(packets)} packets in, {len(found)} out"
        return found

    def near(self, found: list[str], *weights: int) -> None:
        """The shares of the lists are within a third of what the weights say (and 8 packets)."""
        count = Counter(found)
        for i, weight in enumerate(weights):
            expected = len(found) * weight / sum(weights)
            got = count[sid(100 + i)]
            assert abs(got - expected) <= expected / 3 + 8, (
                f"weights {weights}: {dict(count)}, expected {expected:.0f} of list {i}"
            )


@rfc("9256", "2.11")
@rule("HE-15")
class SharesFollowWeights(Weighted):
    """200 flows over lists of weight 1:1, 3:1, 7:3, 1:2:3:4 and 1:9: shares near the weights, all packets
    sent."""

    def runTest(self) -> None:
        packets = [bytes(self.packet6(craft.udp(b"x", 1024 + 7 * i, 53))) for i in range(FLOWS)]
        for weights in ((1, 1), (3, 1), (7, 3), (1, 2, 3, 4), (1, 9)):
            self.headend("encap", lists=self.lists(*weights))
            self.near(self.chosen(packets), *weights)


@rfc("9256", "2.11")
@rule("HE-15")
@behaviours("H.Encaps", "H.Encaps.Red", "H.Insert", "H.Insert.Red", "Weighted segment lists")
class EachBehaviourChooses(Weighted):
    """All behaviours, IPv6 and IPv4: each list is taken, and a flow keeps to its list."""

    def runTest(self) -> None:
        weights = (1, 1, 1)
        flows6 = [bytes(self.packet6(craft.tcp(b"x", 5000 + i, 443))) for i in range(60)]
        flows4 = [bytes(self.packet4(craft.udp(b"x", 5000 + i, 443))) for i in range(60)]
        for mode in ("encap", "encap.red", "insert", "insert.red"):
            self.headend(mode, lists=self.lists(*weights))
            for packets in (flows6, flows4) if mode.startswith("encap") else (flows6,):
                found = self.chosen(packets)
                assert set(found) == {sid(100), sid(101), sid(102)}, f"{mode}: lists taken: {Counter(found)}"
                assert self.chosen(packets) == found, f"{mode}: flows changed their list"


@rfc("9256", "2.11")
@rule("HE-15", "HE-9")
@behaviours("H.Encaps.L2", "H.Encaps.L2.Red", "Weighted segment lists")
class FramesChoose(Weighted):
    """Frames: by their MAC addresses, and by the flow inside."""

    def runTest(self) -> None:
        by_mac = [
            Frame(craft.ether(b"x" * 46, dst="02:00:00:00:0a:02", src=f"02:00:00:00:0b:{i:02x}", ethertype=0x88B5))
            for i in range(60)
        ]
        by_flow = [
            Frame(craft.ether(self.packet6(craft.udp(b"x", i, 9)), dst="02:00:00:00:0a:02", src="02:00:00:00:0a:01"))
            for i in range(60)
        ]
        for mode in ("l2encap", "l2encap.red"):
            self.headend(mode, lists=self.lists(1, 1))
            for frames in (by_mac, by_flow):
                found = self.chosen(frames, 3)
                assert set(found) == {sid(100), sid(101)}, f"{mode}: lists taken: {Counter(found)}"
                assert self.chosen(frames, 3) == found


@rfc("8986", "7")
@rule("HE-15", "ECMP-1")
class Srv6PacketsChooseByFlowLabel(Weighted):
    """A packet that is SRv6 already: source, destination and flow label decide, not what is behind its SRH."""

    def runTest(self) -> None:
        self.headend("encap", lists=self.lists(1, 1))

        def packet(label: int, port: int = 1) -> craft.Packet:
            return self.packet6(
                craft.srh(["2001:db8:b::2", "2001:db8:b::1"], sl=1, payload=craft.udp(b"x", port, 9)), fl=label
            )

        found = self.chosen([packet(label) for label in range(1, FLOWS + 1)])
        self.near(found, 1, 1)
        assert len(set(self.chosen([packet(5, port) for port in range(20)]))) == 1


@rfc("9256", "2.11")
@rule("HE-15")
class ManyLists(Weighted):
    """24 lists of one weight: every one is taken by some of 400 flows, and whole packets are as they should
    be."""

    def runTest(self) -> None:
        count = 24
        lists = [{"segments": [sid(100 + i), *sids(i % 15 + 1)]} for i in range(count)]
        self.headend("encap", lists=lists)
        taken = set()
        for i in range(400):
            packet = self.packet6(craft.udp(b"x", 1000 + i, 7))
            self.send(1, packet)
            frame = self.receive(2)
            assert frame is not None
            number = int(first_segment(frame).split(":")[2], 16) - 0xF000 - 100
            assert frame == self.frame_out(2, encapsulated(packet, lists[number]["segments"]))
            taken.add(number)
        assert taken == set(range(count)), f"never taken: {sorted(set(range(count)) - taken)}"


@rfc("9256", "2.2")
@rule("HE-15")
class SingleListWithWeight(Weighted):
    """One list: everything goes by it, whatever its weight."""

    def runTest(self) -> None:
        for weight in (1, 100):
            self.headend("encap", lists=self.lists(weight))
            assert set(self.chosen([self.packet6(craft.udp(b"x", i, 9)) for i in range(20)])) == {sid(100)}


@rfc("9256", "2.10", "8.2")
@rule("HE-16")
class InvalidListIsLeftOut(Weighted):
    """A list whose first segment has no route is no choice; the others carry everything."""

    def runTest(self) -> None:
        lists = [
            {"segments": ["2001:db8:dead::1", sid(2)]},
            {"segments": [sid(101)]},
            {"segments": ["2001:db8:dead::2"]},
        ]
        self.headend("encap", lists=lists)
        assert set(self.chosen([self.packet6(craft.udp(b"x", i, 9)) for i in range(40)])) == {sid(101)}


@rfc("9256", "8.2")
@rule("HE-16")
@behaviours("Steering", "Weighted segment lists")
class InvalidForwards(HeadendTest):
    """No list is valid, ``invalid: forward``: the packet follows its route, by each kind of steering."""

    def runTest(self) -> None:
        routes: list[dict[str, Any]] = [
            {"prefix": p, "via": via} for p, via in (("2001:db8::/32", "2001:db8:4::2"), ("198.51.0.0/16", "10.0.4.2"))
        ]
        routes.append({"prefix": "2001:db8:dead::/48", "blackhole": True})
        for steering in (
            [{"prefix": "2001:db8:99::/64", "policy": NAME}, {"prefix": "198.51.100.0/24", "policy": NAME}],
            [{"port": 1, "policy": NAME}],
            [{"match": {"protocol": "udp"}, "policy": NAME}],
        ):
            self.headend("encap", ["2001:db8:dead::1", sid(2)], steering=steering, routes=routes)
            for packet in (self.packet6(), self.packet4()):
                self.send(1, packet)
                self.expect_only(4, wire.hop(packet))
            self.expect_no_drop()


@rfc("9256", "8.2")
@rule("HE-16")
@behaviours("Steering", "Weighted segment lists")
class InvalidDrops(HeadendTest):
    """No list is valid, ``invalid: drop``: the packet is dropped though a route is there; other traffic is
    not."""

    def runTest(self) -> None:
        routes: list[dict[str, Any]] = [
            {"prefix": p, "via": via} for p, via in (("2001:db8::/32", "2001:db8:4::2"), ("198.51.0.0/16", "10.0.4.2"))
        ]
        routes.append({"prefix": "2001:db8:dead::/48", "blackhole": True})
        for steering, reason in (
            (
                [{"prefix": "2001:db8:99::/64", "policy": NAME}, {"prefix": "198.51.100.0/24", "policy": NAME}],
                "BLACKHOLE",
            ),
            ([{"port": 1, "policy": NAME}], "POLICY_INVALID"),
            ([{"match": {"protocol": "udp", "port": 1}, "policy": NAME}], "POLICY_INVALID"),
        ):
            self.headend("encap", ["2001:db8:dead::1", sid(2)], steering=steering, routes=routes, invalid="drop")
            for packet in (self.packet6(), self.packet4()):
                self.send(1, packet)
                self.expect_nothing()
                self.expect_drop(reason)
            other = craft.ip6("2001:db8:5::2", "2001:db8:98::1", craft.udp())
            self.send(5, other)
            self.expect_only(4, wire.hop(other))


@rfc("9256", "8.2")
@rule("HE-16", "HE-9")
@behaviours("H.Encaps.L2", "Weighted segment lists")
class InvalidDropsFrames(HeadendTest):
    """Frames have no other way: without a valid list they are dropped."""

    def runTest(self) -> None:
        routes = [{"prefix": "2001:db8:dead::/48", "blackhole": True}]
        self.headend("l2encap", ["2001:db8:dead::1"], routes=routes)
        self.send(3, craft.ether(b"x" * 46, dst="02:00:00:00:0a:02", src="02:00:00:00:0a:01", ethertype=0x88B5))
        self.expect_nothing()
        self.expect_drop("POLICY_INVALID")


@rfc("9256", "2.10")
@rule("HE-16")
class ValidAgain(HeadendTest):
    """When a route to the first segment comes the policy takes the traffic, when it goes it stops."""

    def runTest(self) -> None:
        way = {"prefix": "2001:db8:dead::/48", "via": "2001:db8:2::2"}
        around = {"prefix": "2001:db8:99::/64", "via": "2001:db8:4::2"}
        packet = self.packet6()
        for routes, valid in (([around], False), ([around, way], True), ([around], False)):
            self.headend("encap", ["2001:db8:dead::1", sid(2)], routes=routes)
            self.send(1, packet)
            if valid:
                self.expect_only(2, encapsulated(packet, ["2001:db8:dead::1", sid(2)]))
            else:
                self.expect_only(4, wire.hop(packet))


@rfc("8402", "2")
@rule("HE-1")
@behaviours("H.Encaps", "H.Insert", "ECMP")
class UnderlayIsChosenByFlow(HeadendTest):
    """Two next hops towards S1: flows spread over both, one flow keeps one, the packet is the same on either."""

    def runTest(self) -> None:
        ways = [{"prefix": "2001:db8:dead::/48", "via": [{"address": "2001:db8:2::2"}, {"address": "2001:db8:4::2"}]}]
        segments = ["2001:db8:dead::1", sid(2)]
        flows = {i * 37: bytes(self.packet6(craft.udp(b"x"), fl=i * 37)) for i in range(100)}
        for mode in ("encap", "encap.red", "insert"):
            self.headend(mode, segments, routes=ways, encap={"flow-label": "copy"})
            ports: Counter[int] = Counter()
            for label, packet in flows.items():
                expected = (
                    inserted(packet, segments)
                    if mode == "insert"
                    else encapsulated(packet, segments, mode=mode, fl=label)
                )
                self.send(1, packet)
                port = self.expect_one_of({2: expected, 4: expected})
                self.send(1, packet)
                self.expect_only(port, expected)
                ports[port] += 1
            assert min(ports[2], ports[4]) >= 30, f"{mode}: {dict(ports)}"


@rfc("8986", "7")
@rule("ECMP-1", "HE-8")
@behaviours("H.Encaps", "ECMP", "Weighted segment lists")
class TwoChoicesAreIndependent(HeadendTest):
    """Weighted lists above, two next hops below: all four combinations occur (the second hash is not the
    first)."""

    def runTest(self) -> None:
        ways = [{"prefix": "2001:db8:dead::/48", "via": [{"address": "2001:db8:2::2"}, {"address": "2001:db8:4::2"}]}]
        lists = [{"segments": ["2001:db8:dead::1"]}, {"segments": ["2001:db8:dead::2"]}]
        self.headend("encap", lists=lists, routes=ways, encap={"flow-label": "hash"})
        seen: Counter[tuple[int, str]] = Counter()
        for i in range(120):
            self.send(1, self.packet6(craft.udp(b"x", 1000 + i, 9)))
            self.router.settle()
            for port in (2, 4):
                while (frame := self.receive(port)) is not None:
                    seen[port, first_segment(frame)] += 1
        assert sum(seen.values()) == 120
        assert len(seen) == 4 and min(seen.values()) >= 10, dict(seen)


@rfc("8986", "5.1")
@rule("HE-1")
@behaviours("H.Encaps")
class FirstSegmentOnLink(HeadendTest):
    """S1 is an address of a connected neighbour: sent there without a route."""

    def runTest(self) -> None:
        segments = ["2001:db8:4::2", sid(2)]
        self.headend("encap", segments)
        packet = self.packet6()
        self.send(1, packet)
        self.expect_only(4, encapsulated(packet, segments))


@rfc("8986", "5")
@rule("HE-1")
@behaviours("H.Encaps")
class UnderlayOfAnotherVrf(HeadendTest):
    """Traffic of a VRF enters a policy whose underlay is the default VRF."""

    def runTest(self) -> None:
        self.headend(
            "encap",
            sids(2),
            vrfs=["blue"],
            ports={1: {"vrf": "blue"}},
            steering=[{"prefix": p, "vrf": "blue", "policy": NAME} for p in ("2001:db8:99::/64", "198.51.100.0/24")],
        )
        for packet in (self.packet6(), self.packet4()):
            self.send(1, packet)
            self.expect_only(2, encapsulated(packet, sids(2), source=SOURCE))


@rfc("9256", "2.11")
@rule("HE-15", "HE-9")
@behaviours("H.Encaps.L2")
class TwoPoliciesAtOnce(HeadendTest):
    """A policy for frames and one for packets, each its own lists."""

    def runTest(self) -> None:
        self.headend(
            "l2encap",
            sids(3),
            policies=[{"name": "south", "segments": [sid(9)], "encap": {"flow-label": 0}}],
            steering=[{"prefix": "2001:db8:99::/64", "policy": "south"}],
        )
        frame = craft.ether(b"x" * 46, dst="02:00:00:00:0a:02", src="02:00:00:00:0a:01", ethertype=0x88B5)
        self.send(3, frame)
        self.expect_only(2, encapsulated_frame(frame, sids(3)))
        packet = self.packet6()
        self.send(1, packet)
        self.expect_only(2, encapsulated(packet, [sid(9)]))
        assert self.policy_counter(NAME).packets == 1 and self.policy_counter("south").packets == 1
