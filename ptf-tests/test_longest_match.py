# SPDX-License-Identifier: Apache-2.0
"""Local SIDs, own addresses and routes are one forwarding table: the longest prefix has the packet, whether it came
for that address or has it as its next segment (RFC 8986 4, RFC 8754 4.3)."""

from __future__ import annotations

from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire
from srv6cp.cli import readback

HOST = "2001:db8:1::2"
SID, OTHER = "fcbb:bb00:1:1::", "fcbb:bb00:1:2::"  # End; the other SID leads packets to addresses inside the first
INSIDE = "fcbb:bb00:1:1::100:0"
THERE = "fcbb:bb00:1:1::100:5"
SIDS = [{"sid": f"{sid}/64", "behavior": "End"} for sid in (SID, OTHER)]
LAST = "fcbb:bb00:2:9::"
AWAY = {"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:2::2"}


def udp(dst: str, **fields: int) -> craft.Packet:
    """A packet for ``dst``."""
    return craft.ip6(HOST, dst, craft.udp(b"data"), **fields)


def via_other(segment: str, payload: craft.Packet | None = None) -> craft.Packet:
    """A packet for the SID ``OTHER`` whose next segment, the last one, is ``segment``."""
    return craft.srv6(HOST, [segment, OTHER], segments_left=1, payload=payload or craft.udp(b"data"))


class LongestMatch(Srv6Test):
    """What these tests share."""

    def both_ways(self, address: str, port: int) -> None:
        """``address`` is reached by a port, as the destination of a packet and as its next segment."""
        __tracebackhide__ = True
        for packet, sent in ((udp(address), wire.hop), (via_other(address), wire.advanced)):
            self.send(1, packet)
            self.expect_only(port, sent(packet))
            self.expect_no_drop()

    def at_the_sid(self, address: str, prefix: str) -> None:
        """A packet with a segment left and ``address`` as its destination is processed by the SID ``prefix``."""
        __tracebackhide__ = True
        before = self.sid_counter(prefix).packets
        packet = craft.srv6(HOST, [LAST, address], segments_left=1, payload=craft.udp(b"data"))
        self.send(1, packet)
        self.expect_only(2, wire.advanced(packet))
        assert self.sid_counter(prefix).packets == before + 1


@behaviours("End")
@rfc("8986", "4")
@rfc("8754", "4.3")
@rule("END-15")
class RouteInsideASid(LongestMatch):
    """A route inside the prefix of a SID is followed; around it the SID is a SID."""

    def runTest(self) -> None:
        self.node(sids=SIDS, routes=[AWAY, {"prefix": f"{INSIDE}/112", "via": "2001:db8:3::2"}])
        self.both_ways(THERE, 3)
        # not the destination: the SRH is not looked at
        packet = craft.srv6(HOST, [LAST, THERE], segments_left=1, payload=craft.udp(b"data"))
        self.send(1, packet)
        self.expect_only(3, wire.hop(packet))
        self.at_the_sid(SID, f"{SID}/64")
        self.at_the_sid("fcbb:bb00:1:1::101:0", f"{SID}/64")
        rows = readback.sid_rows(self.router.client, readback.Names(None, None))
        assert [row["sid"] for row in rows] == [f"{SID}/64", f"{OTHER}/64"]  # the route is shown as a route only


@behaviours("End")
@rfc("8986", "4")
@rfc("8754", "4.3")
class BlackholeInsideASid(LongestMatch):
    """So is one that leads nowhere."""

    def runTest(self) -> None:
        self.node(sids=SIDS, routes=[AWAY, {"prefix": f"{INSIDE}/112", "blackhole": True}])
        for packet in (udp(THERE), via_other(THERE)):
            self.send(1, packet)
            self.expect_nothing()
            self.expect_drop("BLACKHOLE")
        self.at_the_sid(SID, f"{SID}/64")


@behaviours("End")
@rfc("8986", "4")
@rfc("8754", "4.3")
class SidInsideARouteInsideASid(LongestMatch):
    """A SID in a route in a SID, and a route in that one: at each depth the longest prefix has the packet."""

    def runTest(self) -> None:
        inner = "fcbb:bb00:1:1::100:7700"
        self.node(
            sids=[*SIDS, {"sid": f"{inner}/120", "behavior": "End"}],
            routes=[
                AWAY,
                {"prefix": f"{INSIDE}/112", "via": "2001:db8:3::2"},
                {"prefix": f"{INSIDE}/116", "via": "2001:db8:5::2"},
                {"prefix": "fcbb:bb00:1:1::100:7780/128", "via": "2001:db8:4::2"},
            ],
        )
        self.at_the_sid(SID, f"{SID}/64")
        self.both_ways("fcbb:bb00:1:1::100:8800", 3)
        self.both_ways("fcbb:bb00:1:1::100:88", 5)
        self.at_the_sid("fcbb:bb00:1:1::100:7781", f"{inner}/120")
        self.both_ways("fcbb:bb00:1:1::100:7780", 4)


@behaviours("End", "Ping and traceroute")
@rfc("8986", "4")
@rfc("8754", "4.3.2")
@rule("END-14")
class OwnAddressInsideASid(LongestMatch):
    """An address of the node inside the prefix of a SID is an address of the node: it answers, and takes no SRH with
    segments left."""

    def runTest(self) -> None:
        self.node(sids=SIDS, routes=[AWAY], addresses=[f"{THERE}/128"])
        reply = wire.ip6(THERE, HOST, wire.echo_reply(THERE, HOST))
        for packet in (craft.ip6(HOST, THERE, craft.echo_request()), via_other(THERE, craft.echo_request())):
            self.send(1, packet)
            self.expect_only(1, reply)
            self.expect_no_drop()
        packet = craft.srv6(HOST, [LAST, THERE], segments_left=1, payload=craft.udp())
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, 42, packet)
        self.expect_drop("ROUTING_TYPE")
        self.at_the_sid("fcbb:bb00:1:1::100:6", f"{SID}/64")


@behaviours("End", "IPv6 router")
@rfc("8986", "4")
@rfc("8754", "4.3")
class ConnectedPrefixInsideASid(LongestMatch):
    """A connected prefix inside the prefix of a SID: its neighbours are reached, whether their address is known yet or
    not; what else is inside the prefix of the SID is not on the link."""

    def runTest(self) -> None:
        known, asked = "fcbb:bb00:1:1::100:2", "fcbb:bb00:1:1::100:9"
        self.node(sids=SIDS, routes=[AWAY], ports={4: {"addresses": [f"{INSIDE[:-2]}:1/112"]}})
        self.both_ways(known, 4)
        self.at_the_sid("fcbb:bb00:1:1::2", f"{SID}/64")
        self.send(1, udp(asked))
        frame = self.receive(4)
        assert frame is not None and frame[14 + 40] == 135 and frame[14 + 48 : 14 + 64] == wire.v6(asked)
        self.router.forget_drops()


@behaviours("End", "IPv6 router")
@rfc("8986", "4")
@rfc("8754", "4.3")
class RouteInsideASidOfAnotherVrf(LongestMatch):
    """A route is inside a SID where both are in one VRF only."""

    def runTest(self) -> None:
        inside = {"prefix": f"{INSIDE}/112", "via": "2001:db8:5::2", "vrf": "blue"}
        self.node(
            vrfs=["blue"],
            ports={4: {"vrf": "blue"}, 5: {"vrf": "blue"}},
            sids=[*SIDS, {"sid": f"{SID}/64", "behavior": "End", "in-vrf": "blue"}],
            routes=[AWAY, inside, {**AWAY, "via": "2001:db8:5::2", "vrf": "blue"}],
        )
        self.at_the_sid(THERE, f"{SID}/64")
        packet = craft.ip6("2001:db8:4::2", THERE, craft.udp())
        self.send(4, packet)
        self.expect_only(5, wire.hop(packet))
        packet = craft.srv6("2001:db8:4::2", [LAST, SID], segments_left=1, payload=craft.udp())
        self.send(4, packet)
        self.expect_only(5, wire.advanced(packet))
        self.expect_no_drop()


@behaviours("End", "H.Encaps")
@rfc("8986", "4")
@rfc("9256", "5.1")
@rule("END-10")
class PolicyTowardsARouteInsideASid(LongestMatch):
    """The first segment of a policy, and a steered prefix, inside the prefix of a SID: neither is the SID's."""

    def runTest(self) -> None:
        self.node(
            sids=SIDS,
            routes=[AWAY, {"prefix": f"{INSIDE}/112", "via": "2001:db8:3::2"}],
            policies=[{"name": "north", "encap": {"mode": "encap.red", "flow-label": 0}, "segments": [THERE]}],
            steering=[
                {"prefix": "2001:db8:99::/48", "policy": "north"},
                {"prefix": f"{SID[:-1]}5::/80", "policy": "north"},
            ],
        )
        for packet in (udp("2001:db8:99::9"), udp(f"{SID[:-1]}5::9")):
            self.send(1, packet)
            self.expect_only(3, wire.ip6("fcbb:bb00:1::1", THERE, wire.hop(packet), hl=64))
