# SPDX-License-Identifier: Apache-2.0
"""Binding SIDs: End.B6.Encaps and End.B6.Encaps.Red (RFC 8986 4.13, 4.14)."""

from __future__ import annotations

from endpoint_base import (
    B1,
    B2,
    ENCAPS,
    HOST,
    INSERTS,
    LAST,
    NEXT,
    OUT6,
    SOURCE,
    THEN,
    Endpoint,
    EndpointTest,
    extension_chains,
    for_each,
    plain,
)
from srv6_base import behaviours, craft, rfc, rule, wire

BINDING = plain(ENCAPS + INSERTS)


def segments(count: int) -> list[str]:
    """Segments of a policy in the order of travel, routed out of port 7."""
    return [f"fcbb:bb00:b{i:x}::" for i in range(count)]


def pushed(red: bool, path: list[str], moved: wire.Part, **fields: int) -> wire.Part:
    """What End.B6.Encaps makes of the packet that its endpoint step has moved on."""
    listed = path[1:] if red else path
    payload = wire.srh(wire.path(*listed), sl=len(path) - 1, payload=moved) if listed else moved
    return wire.ip6(SOURCE, path[0], payload, **fields)


@for_each(plain(ENCAPS))
@rfc("8986", "4.13", "S12", "S13", "S14", "S15", "S16", "S17", "S18", "S19")
@rule("B6-1", "B6-3", "END-5", "CNT-1")
class EncapsulatesAdvancedPacket(EndpointTest):
    """Hop limit, Segments Left and destination first, then the policy around it; SID and policy count one packet."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT, self.sid], 2, hl=7, tag=5, flags=0x20)
        self.passes(packet, 7, pushed(self.endpoint.behaviour.endswith("Red"), [B1, B2], wire.advanced(packet)))
        count = self.policy_counter("north")
        assert (count.packets, count.bytes) == (1, len(packet)), count


@for_each(plain(ENCAPS))
@rfc("8986", "4.13")
@rfc("8986", "4.14")
@rule("B6-2", "B6-3", "SRH-7", "HE-3")
class PoliciesOfEveryLength(EndpointTest):
    """1 to 16 segments: one is an SRH of one entry in the plain behaviour, none at all in the reduced one."""

    def runTest(self) -> None:
        red = self.endpoint.behaviour.endswith("Red")
        for count in (1, 2, 3, 4, 5, 8, 9, 12, 13, 16):
            path = segments(count)
            policy = {"name": "north", "encap": {"mode": "encap", "flow-label": 0}, "segments": path}
            self.endpoints(policies=[policy])
            packet = self.packet([LAST, NEXT], 1)
            self.send(1, packet)
            self.expect_only(7, pushed(red, path, wire.advanced(packet)))


@for_each(plain(ENCAPS))
@rfc("8986", "4.13")
@rfc("2473", "5")
@rule("B6-1", "HE-6", "HE-7", "HE-8")
class OuterFields(EndpointTest):
    """Traffic class, hop limit and flow label of the outer header follow the policy; the source may be its own."""

    def runTest(self) -> None:
        red = self.endpoint.behaviour.endswith("Red")
        packet = craft.ip6(
            HOST, self.sid, craft.srh([LAST, NEXT], sl=1, payload=craft.udp()), tc=0xB9, fl=0xABCDE, hl=33
        )
        for encap, fields in (
            (
                {"hop-limit": "inherit", "traffic-class": "inherit", "flow-label": "copy"},
                {"hl": 32, "tc": 0xB9, "fl": 0xABCDE},
            ),
            ({"hop-limit": 200, "traffic-class": 0x28, "flow-label": 0}, {"hl": 200, "tc": 0x28, "fl": 0}),
        ):
            self.endpoints(policies=[{"name": "north", "encap": {"mode": "encap", **encap}, "segments": [B1, B2]}])
            self.send(1, packet)
            self.expect_only(7, pushed(red, [B1, B2], wire.advanced(packet), **fields))


@for_each(plain(ENCAPS))
@rfc("8986", "4.13")
@rule("B6-1", "END-13")
class ExtensionHeadersStayInside(EndpointTest):
    """Options in front of the SRH, and everything behind it, are inside; a reduced SRH and TLVs as well."""

    def runTest(self) -> None:
        red = self.endpoint.behaviour.endswith("Red")
        for _, chain, length in extension_chains():
            srh = craft.srh([LAST, NEXT], sl=2, tlvs=[craft.padn(7), craft.pad1()], payload=craft.dstopt(craft.udp()))
            packet = craft.ip6(HOST, self.sid, chain(srh))
            self.send(1, packet)
            self.expect_only(7, pushed(red, [B1, B2], wire.advanced(packet, 40 + length)))


@for_each(plain(ENCAPS))
@rfc("8986", "4.13")
@rule("B6-1", "END-16")
class SecondSrhAtBindingSid(EndpointTest):
    """Behind an exhausted SRH it is the second that is advanced."""

    def runTest(self) -> None:
        second = craft.srh([LAST, NEXT], sl=1, payload=craft.udp())
        packet = self.packet([self.sid], 0, second)
        red = self.endpoint.behaviour.endswith("Red")
        self.passes(packet, 7, pushed(red, [B1, B2], wire.advanced(packet, 64)))


@for_each(plain(ENCAPS))
@rfc("8986", "4.13")
@rule("B6-1", "END-7")
class NextSegmentNeedsNoRoute(EndpointTest):
    """What the inner destination is does not matter: the packet goes where the policy's first segment is."""

    def runTest(self) -> None:
        red = self.endpoint.behaviour.endswith("Red")
        packet = self.packet([LAST, "fcbb:bb00:dead::"], 2)
        self.passes(packet, 7, pushed(red, [B1, B2], wire.advanced(packet)))


@for_each(BINDING)
@rfc("8986", "4.13")
@rfc("8986", "4.1.1")
@rule("B6-4", "UL-3")
class LastSegment(EndpointTest):
    """A binding SID as last segment, or alone, is an error, also for inner packets: code 4."""

    def runTest(self) -> None:
        for inner in (craft.udp(), craft.ip6(HOST, OUT6, craft.udp()), craft.ip4("10.0.1.2", "10.0.2.2", craft.udp())):
            for packet, at in ((self.packet([self.sid, NEXT], 0, inner), 80), (craft.ip6(HOST, self.sid, inner), 40)):
                self.send(1, packet)
                self.expect_icmp6(1, 4, 4, at, packet)
        self.expect_drop("UPPER_LAYER", 6)
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=6)
        assert self.policy_counter("north").packets == 0


@for_each(BINDING)
@rfc("8986", "4.13")
@rfc("8754", "4.3.1.1", "S22")
@rule("END-10", "B6-1")
class BehindEndOfThisNode(EndpointTest):
    """End, then a binding SID of the same node."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT, self.sid, Endpoint("End").sid], 3, dst=Endpoint("End").sid)
        self.send(1, packet)
        self.expect_only(7, self.endpoint.carried(wire.advanced(packet)))
        self.expect_sid_counter(self.endpoint.prefix, packets=1, size=len(packet))
        self.expect_sid_counter(Endpoint("End").prefix, packets=1, size=len(packet))


@for_each(BINDING)
@rfc("8986", "4.13")
@rule("END-10", "B6-1", "B6-5")
class FirstSegmentOfPolicyIsOwn(EndpointTest):
    """The policy's first segment is End of this node: processed there, the packet leaves for the second."""

    def runTest(self) -> None:
        end = Endpoint("End").sid
        policy = {"name": "north", "encap": {"mode": "encap", "flow-label": 0}, "segments": [end, B2]}
        self.endpoints(policies=[policy])
        packet = self.packet([LAST, NEXT], 1)
        expected = bytearray(self.endpoint.carried(packet))
        assert expected[24:40] == wire.v6(B1)
        expected[24:40] = wire.v6(end)
        raw = bytes(expected).replace(wire.v6(B1), wire.v6(end))
        self.send(1, packet)
        self.expect_only(7, wire.advanced(raw))
        self.expect_sid_counter(Endpoint("End").prefix, packets=1)
        self.expect_sid_counter(self.endpoint.prefix, packets=1)


@for_each(BINDING)
@rfc("9256", "2.11")
@rule("ECMP-1", "HE-15")
class WeightedLists(EndpointTest):
    """Two segment lists: one flow keeps to one, both are used; flows are told apart by source and flow label."""

    def runTest(self) -> None:
        lists = [{"weight": 1, "segments": [B1, B2]}, {"weight": 1, "segments": ["fcbb:bb00:b5::", B2]}]
        policy = {"name": "north", "encap": {"mode": "encap", "flow-label": 0}, "segment-lists": lists}
        self.endpoints(policies=[policy])
        used = set()
        for i in range(24):
            packet = craft.ip6(HOST, self.sid, craft.srh([LAST, NEXT], sl=1, payload=craft.udp()), fl=i)
            firsts = set()
            for _ in range(2):
                self.send(1, packet)
                frame = self.receive(7)
                assert frame is not None
                firsts.add(bytes(frame[14 + 24 : 14 + 40]))
            assert len(firsts) == 1
            used |= firsts
        assert used == {wire.v6(B1), wire.v6("fcbb:bb00:b5::")}


@for_each(BINDING)
@rfc("9256", "2.10")
@rule("HE-16", "CNT-1")
class PolicyInvalid(EndpointTest):
    """A policy without a valid segment list: the binding SID drops, and counts an error."""

    def runTest(self) -> None:
        policy = {"name": "north", "encap": {"mode": "encap", "flow-label": 0}, "segments": ["2001:db8:dead::", B2]}
        self.endpoints(policies=[policy])
        self.send(1, self.packet([LAST, NEXT], 1))
        self.expect_nothing()
        self.expect_drop("POLICY_INVALID")
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=1)


@for_each(BINDING)
@rfc("2473", "7.1")
@rfc("8200", "5")
@rule("B6-1", "HE-11", "CNT-1")
class TooLongWithPolicy(EndpointTest):
    """Longer than the exit with what is pushed: Packet Too Big with what is left of its MTU, 1280 at least."""

    def runTest(self) -> None:
        added = len(self.endpoint.carried(self.packet([LAST, NEXT], 1))) - len(self.packet([LAST, NEXT], 1))
        room = 1500 - added
        fits, longer = (self.packet([LAST, NEXT], 1, craft.udp(bytes(n - 88))) for n in (room, room + 1))
        self.send(1, fits)
        self.expect_only(7, self.endpoint.carried(fits))
        self.send(1, longer)
        self.expect_icmp6(1, 2, 0, room, longer)
        self.expect_drop("PACKET_TOO_BIG")
        self.expect_sid_counter(self.endpoint.prefix, packets=1, errors=1)


@behaviours("End.B6.Encaps")
@rfc("8986", "4.13")
@rule("B6-1", "DEC-2")
class ThereAndBack(EndpointTest):
    """The policy of a binding SID ends at End.DT6 of this very node: the packet goes on to its own next segment."""

    endpoint = Endpoint("End.B6.Encaps")

    def runTest(self) -> None:
        last = "fcbb:bb00:1:d0::"
        policy = {"name": "north", "encap": {"mode": "encap", "flow-label": 0}, "segments": [Endpoint("End").sid, last]}
        sid = {"sid": f"{last}/64", "behavior": "End.DT6", "vrf": "default"}
        self.endpoints(policies=[policy], sids=[sid])
        packet = self.packet([LAST, THEN], 2)
        self.send(1, packet)
        self.expect_only(2, wire.advanced(packet)[:7] + bytes((62,)) + wire.advanced(packet)[8:])
        for prefix in (self.endpoint.prefix, Endpoint("End").prefix, f"{last}/64"):
            self.expect_sid_counter(prefix, packets=1)
