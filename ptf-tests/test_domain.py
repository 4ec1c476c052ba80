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
    """Port 1 is external where there is a SID block, port 5 internal; the SIDs of port 2's neighbour are routed."""

    def domain(self, **sr_domain: Any) -> None:
        role = "external" if "sid-block" in sr_domain else "internal"
        self.node(
            ports={
                1: {"role": role, "vlans": {100: {"addresses": ["2001:db8:64::1/64"]}}},
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
    """From an external port nothing in the block: own SIDs, others' SIDs, own addresses in it. A source inside the
    domain is nobody's there, whatever the destination."""

    def runTest(self) -> None:
        self.domain(**{"sid-block": [BLOCK]})
        for src, reason in ((OUTSIDE, "SID_BLOCK_FILTERED"), (INSIDE, "SOURCE_SPOOFED")):
            self.refused(1, self.through(src), reason)
            self.refused(1, craft.ip6(src, "fcbb:bb00:9::", craft.udp()), reason)
            self.refused(1, craft.ip6(src, "fcbb:bb00:1::1", craft.echo_request()), reason)
            self.refused(1, craft.ip6(src, "fcbb:bb00:1:dead::", craft.udp()), reason)
            self.refused(1, craft.ip6(src, SID, craft.udp(), hl=1), reason)
        self.expect_sid_counter(f"{SID}/64", packets=0, errors=2)


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
        self.domain(**{"sid-block": ["2600:8000::/17", "2600:1::/32", "2600:2::5/128", BLOCK]})
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
        self.refused(1, self.through(INSIDE), "SOURCE_SPOOFED")
        self.refused(1, self.through(OUTSIDE), "SID_BLOCK_FILTERED")
        self.refused(5, self.through(OUTSIDE), "SOURCE_NOT_IN_DOMAIN")
        packet = self.through(INSIDE)
        self.send(5, packet)
        self.expect_only(2, wire.advanced(packet))


@rfc("8754", "5.1")
@rule("SEC-1")
@behaviours("SR domain filters", "VLAN")
class RoleOfVlanInterface(Domain):
    """A VLAN of an external port is external unless it says otherwise, and a VLAN may be external alone."""

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
            if role == "internal":
                self.send(1, packet, vlan=100)
                self.expect_only(2, wire.hop(packet))
            else:
                self.refused(1, packet, "SID_BLOCK_FILTERED", vlan=100)
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


class Tunnel(Srv6Test):
    """Tunnels end here: at port 5 inside the domain, at port 1 outside it. SOURCES may use SIDs."""

    GATEWAY, USD, BLUE = "2001:db8:f::d6", "fcbb:bb00:1:e00d::", "fcbb:bb00:1:d46b::"
    SOURCES = ("fcbb:bb00:5::/48", "2001:db8:1::/64")

    def tunnel(self) -> None:
        self.node(
            vrfs=["blue"],
            ports={1: {"role": "external"}, 4: {"vrf": "blue"}},
            sr_domain={"sid-block": [BLOCK], "sources": list(self.SOURCES)},
            sids=[
                {"sid": f"{SID}/64", "behavior": "End"},
                {"sid": f"{self.USD}/128", "behavior": "End", "flavors": ["usd"]},
                {"sid": "fcbb:bb00:1:d6::/128", "behavior": "End.DT6", "vrf": "default"},
                {"sid": "fcbb:bb00:1:d46::/128", "behavior": "End.DT46", "vrf": "default"},
                {"sid": f"{self.BLUE}/128", "behavior": "End.DT46", "vrf": "blue"},
                {"sid": f"{SID}/64", "behavior": "End", "in-vrf": "blue"},
                {"sid": self.GATEWAY, "behavior": "End.DT6", "vrf": "default", "allow-outside-locator": True},
            ],
            policies=[{"name": "north", "segments": [SID, "fcbb:bb00:2::"], "encap": {"flow-label": 0}}],
            steering=[{"prefix": "2001:db8:99::/64", "policy": "north"}],
            routes=[
                {"prefix": BLOCK, "via": "2001:db8:2::2"},
                {"prefix": "2600::/16", "via": "2001:db8:2::2"},
                {"prefix": "2600::/16", "via": "2001:db8:4::2", "vrf": "blue"},
            ],
        )

    def inner(self, src: str) -> craft.Packet:
        return craft.srv6(src, ["2600::1", SID], segments_left=1, payload=craft.udp(b"inner"))

    def refused(self, port: int, packet: craft.Packet, reason: str, way: str) -> None:
        __tracebackhide__ = True
        self.send(port, packet)
        self.expect_nothing()
        self.expect_drop(reason)
        assert self.punts() == {}, way


@rfc("8754", "5.1")
@rfc("8986", "8")
@rule("SEC-1")
@behaviours("SR domain filters", "End", "End.DT6", "End.DT46")
class InnerPacketHasNotTheTrustOfItsTunnel(Tunnel):
    """A packet out of a tunnel uses a SID of this node if its own source may, whatever the source of the tunnel."""

    def runTest(self) -> None:
        self.tunnel()
        for sid in (self.USD, "fcbb:bb00:1:d6::", "fcbb:bb00:1:d46::"):
            self.refused(5, craft.ip6(INSIDE, sid, self.inner("2600::9")), "SOURCE_NOT_IN_DOMAIN", sid)
            for payload in (craft.udp(), craft.echo_request()):
                packet = craft.ip6(INSIDE, sid, craft.ip6("2600::9", SID, payload))
                self.refused(5, packet, "SOURCE_NOT_IN_DOMAIN", sid)
            inner = self.inner(INSIDE)
            self.send(5, craft.ip6(INSIDE, sid, inner))
            self.expect_only(2, wire.advanced(inner))
            # Not to a SID: nobody asks for a source.
            inner = craft.ip6("2600::9", "2600::1", craft.udp())
            self.send(5, craft.ip6(INSIDE, sid, inner))
            self.expect_only(2, wire.hop(inner))
            self.expect_sid_counter(f"{sid}/128", packets=5, errors=0)
        self.expect_sid_counter(f"{SID}/64", packets=3, errors=9)
        self.expect_no_drop()


@rfc("8754", "5.1")
@rule("SEC-1")
@behaviours("SR domain filters", "End.DT46")
class InnerPacketInAVrf(Tunnel):
    """The same for SIDs that are reached in a VRF."""

    def runTest(self) -> None:
        self.tunnel()
        self.refused(5, craft.ip6(INSIDE, self.BLUE, self.inner("2600::9")), "SOURCE_NOT_IN_DOMAIN", "blue")
        inner = self.inner(INSIDE)
        self.send(5, craft.ip6(INSIDE, self.BLUE, inner))
        self.expect_only(4, wire.advanced(inner))


@rfc("8754", "5.1")
@rule("SEC-1", "END-10")
@behaviours("SR domain filters", "End", "End.DT6")
class TunnelBehindOtherSids(Tunnel):
    """What the interface asks for is remembered from SID to SID, tunnel in tunnel, and asked of each packet once."""

    def runTest(self) -> None:
        self.tunnel()

        def wrapped(packet: craft.Packet) -> craft.Packet:
            again = craft.ip6(INSIDE, "fcbb:bb00:1:d6::", packet)
            return craft.srv6(INSIDE, [self.USD, SID, SID], segments_left=2, payload=again)

        self.refused(5, wrapped(self.inner("2600::9")), "SOURCE_NOT_IN_DOMAIN", "three SIDs")
        inner = self.inner(INSIDE)
        self.send(5, wrapped(inner))
        self.expect_only(2, wire.advanced(inner))
        middle = craft.ip6("2600::9", "fcbb:bb00:1:d6::", self.inner(INSIDE))
        self.refused(5, craft.ip6(INSIDE, self.USD, middle), "SOURCE_NOT_IN_DOMAIN", "the packet in the middle")


@rfc("8754", "5.1")
@rule("SEC-1")
@behaviours("SR domain filters", "End.DT6")
class TunnelFromOutside(Tunnel):
    """Through a SID that is open to an external port nothing gets to those that are not."""

    def runTest(self) -> None:
        self.tunnel()
        outside = "2001:db8:1::2"  # among the sources
        for src in (outside, INSIDE):
            packet = craft.ip6(outside, self.GATEWAY, self.inner(src))
            self.refused(1, packet, "SID_BLOCK_FILTERED", src)
        inner = craft.ip6(outside, "2600::1", craft.udp())
        self.send(1, craft.ip6(outside, self.GATEWAY, inner))
        self.expect_only(2, wire.hop(inner))
        self.send(5, craft.ip6(INSIDE, self.GATEWAY, self.inner(outside)))
        self.expect_only(2, wire.advanced(self.inner(outside)))


@rfc("8754", "5.1")
@rule("SEC-1", "HE-1")
@behaviours("SR domain filters", "H.Encaps", "End.DT6")
class DecapsulatedAndEncapsulatedAgain(Tunnel):
    """What a policy puts around a packet out of a tunnel is this node's word, and needs no permission."""

    def runTest(self) -> None:
        self.tunnel()
        inner = craft.ip6("2600::9", "2001:db8:99::1", craft.udp())
        self.send(5, craft.ip6(INSIDE, "fcbb:bb00:1:d6::", inner))
        outer = wire.ip6("fcbb:bb00:1::1", SID, wire.srh(["fcbb:bb00:2::", SID], sl=1, payload=wire.hop(inner)))
        self.expect_only(2, wire.advanced(outer))


@rfc("8754", "5.1")
@rule("SEC-1")
@behaviours("SR domain filters", "End.DT6")
class WithoutSourcesNobodyIsAsked(Srv6Test):
    """No sources, no question: also not of what was inside a tunnel."""

    def runTest(self) -> None:
        self.node(
            sids=[
                {"sid": f"{SID}/64", "behavior": "End"},
                {"sid": "fcbb:bb00:1:d6::/128", "behavior": "End.DT6", "vrf": "default"},
            ],
            routes=[{"prefix": "2600::/16", "via": "2001:db8:2::2"}],
        )
        inner = craft.srv6("2600::9", ["2600::1", SID], segments_left=1, payload=craft.udp(b"inner"))
        self.send(5, craft.ip6(INSIDE, "fcbb:bb00:1:d6::", inner))
        self.expect_only(2, wire.advanced(inner))
