# SPDX-License-Identifier: Apache-2.0
"""The filters at the edge of the SR domain (RFC 8754 5.1; SEC-1): SID block closed from outside, local SIDs
for sources of the domain only."""

from __future__ import annotations

from typing import Any

from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire

BEHAVIOURS = ("SR domain filters",)
SID, DT4 = "fcbb:bb00:1:e000::", "fcbb:bb00:1:d4::"
INSIDE, OUTSIDE = "fcbb:bb00:5::5", "2001:db8:1::2"
BLOCK = "fcbb:bb00::/32"


class Domain(Srv6Test):
    """Port 1 is external, port 5 internal; the SIDs of port 2's neighbour are routed."""

    def domain(self, **sr_domain: Any) -> None:
        self.node(
            ports={
                1: {"role": "external", "vlans": {100: {"addresses": ["2001:db8:64::1/64"]}}},
                5: {"role": "internal"},
            },
            sr_domain=sr_domain,
            sids=[
                {"sid": f"{SID}/64", "behavior": "End"},
                {"sid": f"{DT4}/128", "behavior": "End.DT4", "vrf": "default"},
            ],
            routes=[
                {"prefix": BLOCK, "via": "2001:db8:2::2"},
                {"prefix": "2600::/16", "via": "2001:db8:2::2"},
                {"prefix": "198.51.100.0/24", "via": "10.0.2.2"},
            ],
        )

    def through(self, src: str) -> craft.Packet:
        """A packet for the local End SID, with a way on."""
        return craft.srv6(src, ["2600::1", SID], segments_left=1, payload=craft.udp(b"data"))

    def refused(self, port: int, packet: craft.Packet, reason: str, vlan: Any = ()) -> None:
        __tracebackhide__ = True
        self.send(port, packet, vlan=vlan)
        self.expect_nothing()
        self.expect_drop(reason)
        assert self.punts() == {}, "the filter drops in silence"


@rfc("8754", "5.1")
@rule("SEC-1")
class SidBlockIsClosed(Domain):
    """From an external port nothing in the block: own SIDs, others' SIDs, own addresses in it, whatever the
    source."""

    def runTest(self) -> None:
        self.domain(**{"sid-block": [BLOCK]})
        for src in (OUTSIDE, INSIDE):
            self.refused(1, self.through(src), "SID_BLOCK_FILTERED")
            self.refused(1, craft.ip6(src, "fcbb:bb00:9::", craft.udp()), "SID_BLOCK_FILTERED")
            self.refused(1, craft.ip6(src, "fcbb:bb00:1::1", craft.echo_request()), "SID_BLOCK_FILTERED")
            self.refused(1, craft.ip6(src, "fcbb:bb00:1:dead::", craft.udp()), "SID_BLOCK_FILTERED")
            self.refused(1, craft.ip6(src, SID, craft.udp(), hl=1), "SID_BLOCK_FILTERED")
        self.expect_sid_counter(f"{SID}/64", packets=0, errors=4)


@rfc("8754", "5.1")
@rule("SEC-1")
class OtherTrafficPasses(Domain):
    """What is not for the block passes from outside, SRH or not; from inside the block is open."""

    def runTest(self) -> None:
        self.domain(**{"sid-block": [BLOCK]})
        for packet in (
            craft.ip6(OUTSIDE, "2600::1", craft.udp()),
            craft.srv6(OUTSIDE, [SID, "2600::1"], segments_left=1, payload=craft.udp()),
            craft.ip4("10.0.1.2", "198.51.100.1", craft.udp()),
        ):
            self.send(1, packet)
            self.expect_only(2, wire.hop(packet))
        packet = self.through(OUTSIDE)
        self.send(5, packet)
        self.expect_only(2, wire.advanced(packet))
        packet = craft.ip6(OUTSIDE, "fcbb:bb00:9::", craft.udp())
        self.send(5, packet)
        self.expect_only(2, wire.hop(packet))
        self.expect_no_drop()


@rfc("8754", "5.1")
@rule("SEC-1")
class BlockIsAPrefix(Domain):
    """Several blocks, odd lengths: exactly what is in them."""

    def runTest(self) -> None:
        self.domain(**{"sid-block": ["2600:8000::/17", "2600:1::/32", "2600:2::5/128"]})
        for dst, closed in (
            ("2600:8000::1", True),
            ("2600:ffff::1", True),
            ("2600:7fff::1", False),
            ("2600:1::9", True),
            ("2600:2::5", True),
            ("2600:2::6", False),
        ):
            packet = craft.ip6(OUTSIDE, dst, craft.udp())
            if closed:
                self.refused(1, packet, "SID_BLOCK_FILTERED")
            else:
                self.send(1, packet)
                self.expect_only(2, wire.hop(packet))


@rfc("8754", "5.1")
@rule("SEC-1")
class SourceOutsideTheDomain(Domain):
    """At a local SID, on every port: a source that is not in the domain is refused, before anything else is
    looked at."""

    def runTest(self) -> None:
        self.domain(sources=[BLOCK])
        inner = craft.ip4("192.0.2.1", "198.51.100.1", craft.udp())
        for port in (1, 5):
            for packet in (
                self.through(OUTSIDE),
                craft.ip6(OUTSIDE, DT4, inner),
                craft.ip6(OUTSIDE, SID, craft.echo_request()),
                craft.ip6(OUTSIDE, SID, craft.udp()),
                craft.srv6(OUTSIDE, ["2600::1", SID], segments_left=1, payload=craft.udp(), hl=1),
                craft.ip6(OUTSIDE, SID, craft.srh(["2600::1", SID], sl=9, payload=craft.udp())),
            ):
                self.refused(port, packet, "SOURCE_NOT_IN_DOMAIN")
        self.expect_sid_counter(f"{SID}/64", packets=0, errors=10)


@rfc("8754", "5.1")
@rule("SEC-1")
@behaviours("SR domain filters", "End", "End.DT4")
class SourceInTheDomain(Domain):
    """Sources of the domain use the SIDs; other destinations ask nobody for a source."""

    def runTest(self) -> None:
        self.domain(sources=[BLOCK, "2001:db8:5::/64"])
        inner = craft.ip4("192.0.2.1", "198.51.100.1", craft.udp())
        for src in (INSIDE, "2001:db8:5::2"):
            for port in (1, 5):
                packet = self.through(src)
                self.send(port, packet)
                self.expect_only(2, wire.advanced(packet))
                self.send(port, craft.ip6(src, DT4, inner))
                self.expect_only(2, wire.hop(inner))
        for packet in (craft.ip6(OUTSIDE, "2600::1", craft.udp()), craft.ip6(OUTSIDE, "fcbb:bb00:9::", craft.udp())):
            self.send(1, packet)
            self.expect_only(2, wire.hop(packet))
        own = "2001:db8:1::1"
        self.send(1, craft.ip6(OUTSIDE, own, craft.echo_request()))
        self.expect_only(1, wire.ip6(own, OUTSIDE, wire.echo_reply(own, OUTSIDE)))
        self.expect_no_drop()


@rfc("8754", "5.1")
@rule("SEC-1")
class BothFilters(Domain):
    """Both: from outside the block is closed to everybody, from inside the source decides."""

    def runTest(self) -> None:
        self.domain(**{"sid-block": [BLOCK], "sources": [BLOCK]})
        self.refused(1, self.through(INSIDE), "SID_BLOCK_FILTERED")
        self.refused(1, self.through(OUTSIDE), "SID_BLOCK_FILTERED")
        self.refused(5, self.through(OUTSIDE), "SOURCE_NOT_IN_DOMAIN")
        packet = self.through(INSIDE)
        self.send(5, packet)
        self.expect_only(2, wire.advanced(packet))


@rfc("8754", "5.1")
@rule("SEC-1")
@behaviours("SR domain filters", "VLAN")
class RoleOfVlanInterface(Domain):
    """The role belongs to the interface: a VLAN of an external port is internal unless it says otherwise."""

    def runTest(self) -> None:
        for role in (None, "external", "internal"):
            vlan: dict[str, Any] = {"addresses": ["2001:db8:64::1/64"], **({"role": role} if role else {})}
            self.node(
                ports={
                    1: {"role": "external", "vlans": {100: vlan}},
                    5: {"vlans": {200: {"addresses": ["2001:db8:c8::1/64"], "role": "external"}}},
                },
                sr_domain={"sid-block": [BLOCK]},
                routes=[{"prefix": BLOCK, "via": "2001:db8:2::2"}],
            )
            packet = craft.ip6(OUTSIDE, "fcbb:bb00:9::", craft.udp())
            self.refused(1, packet, "SID_BLOCK_FILTERED")
            if role == "external":
                self.refused(1, packet, "SID_BLOCK_FILTERED", vlan=100)
            else:
                self.send(1, packet, vlan=100)
                self.expect_only(2, wire.hop(packet))
            self.refused(5, packet, "SID_BLOCK_FILTERED", vlan=200)
            self.send(5, packet)
            self.expect_only(2, wire.hop(packet))


@rfc("8754", "5.1")
@rule("SEC-1", "HE-1")
@behaviours("SR domain filters", "H.Encaps")
class EdgeEncapsulates(Srv6Test):
    """The edge's own encapsulation is not filtered: customers' packets enter policies, even by an own SID."""

    def runTest(self) -> None:
        self.node(
            ports={1: {"role": "external"}},
            sr_domain={"sid-block": [BLOCK], "sources": [BLOCK]},
            sids=[{"sid": f"{SID}/64", "behavior": "End"}],
            policies=[{"name": "north", "segments": [SID, "fcbb:bb00:2::"], "encap": {"flow-label": 0}}],
            steering=[{"prefix": "2001:db8:99::/64", "policy": "north"}],
            routes=[{"prefix": BLOCK, "via": "2001:db8:2::2"}],
        )
        inner = craft.ip6(OUTSIDE, "2001:db8:99::1", craft.udp())
        self.send(1, inner)
        outer = wire.ip6("fcbb:bb00:1::1", SID, wire.srh(["fcbb:bb00:2::", SID], sl=1, payload=wire.hop(inner)))
        self.expect_only(2, wire.advanced(outer))
