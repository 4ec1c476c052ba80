# SPDX-License-Identifier: Apache-2.0
"""ICMP errors: when, to whom, from whom, how much is quoted, when not (RFC 4443 2.4, RFC 1812 4.3.2, RFC 8754
5.4)."""

from __future__ import annotations

from typing import Any

from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire

BEHAVIOURS = ("IPv6 router",)
HOST, HOST4 = "2001:db8:1::2", "10.0.1.2"
FAR, FAR4 = "2600::1", "198.51.100.1"
ROUTES = ({"prefix": "2600::/16", "via": "2001:db8:2::2"}, {"prefix": "198.51.100.0/24", "via": "10.0.2.2"})


class Errors(Srv6Test):
    """A node with a route to ``FAR`` and ``FAR4``."""

    def setUp(self) -> None:
        super().setUp()
        self.node(routes=list(ROUTES))

    def silent(self, packet: craft.Packet, reason: str = "HOP_LIMIT_EXCEEDED") -> None:
        """Dropped without a word."""
        __tracebackhide__ = True
        self.send(1, packet)
        self.expect_nothing()
        self.expect_drop(reason)


@rfc("4443", "3.1")
@rfc("8986", "4.1.1")
@rule("OAM-5")
@behaviours("IPv6 router", "Ping and traceroute")
class PortUnreachable(Errors):
    """UDP to an own address: 1/4, quoting the packet, extension headers and all."""

    def runTest(self) -> None:
        for own in ("2001:db8:1::1", "2001:db8:2::1", "fcbb:bb00:1::1"):
            for payload in (
                craft.udp(b"probe", 1, 33434),
                craft.hbh(craft.udp(b"probe")),
                craft.dstopt(craft.udp(b"probe")),
            ):
                for hl in (64, 1):
                    packet = craft.ip6(HOST, own, payload, hl=hl)
                    self.send(1, packet)
                    self.expect_icmp6(1, 1, 4, 0, packet)
                    self.expect_nothing()


@rfc("1122", "3.2.2.1")
@behaviours("IPv4 router", "Ping and traceroute")
class PortUnreachable4(Errors):
    """UDP to an own IPv4 address: 3/3."""

    def runTest(self) -> None:
        for own in ("10.0.1.1", "10.0.2.1"):
            for fields in ({}, {"options": bytes((1, 1, 1, 0))}, {"ttl": 1}):
                packet = craft.ip4(HOST4, own, craft.udp(b"probe", 1, 33434), **fields)
                self.send(1, packet)
                self.expect_icmp4(1, 3, 3, 0, packet)
                self.expect_nothing()


@rfc("4443", "3.4")
@rfc("1122", "3.2.2.1")
@behaviours("IPv6 router", "IPv4 router")
class UnknownProtocol(Errors):
    """A protocol nobody speaks at an own address: 4/1 at the Next Header that names it; in IPv4 3/2."""

    def runTest(self) -> None:
        for payload, pointer in ((craft.raw(b"data", 253), 6), (craft.dstopt(craft.raw(b"data", 253)), 40)):
            packet = craft.ip6(HOST, "2001:db8:1::1", payload)
            self.send(1, packet)
            self.expect_icmp6(1, 4, 1, pointer, packet)
        packet = craft.ip4(HOST4, "10.0.1.1", b"data", proto=253)
        self.send(1, packet)
        self.expect_icmp4(1, 3, 2, 0, packet)


@rfc("8986", "4.1.1")
@rfc("9259", "A.2.2")
@rule("OAM-5", "UL-2", "UL-3")
@behaviours("Ping and traceroute")
class TracerouteToSid(Srv6Test):
    """UDP to a SID: Parameter Problem code 4 where UDP is not allowed, port unreachable where it is."""

    def runTest(self) -> None:
        sid = "fcbb:bb00:1:e000::"
        for allowed in (["icmpv6"], ["icmpv6", "udp"]):
            self.node(sids=[{"sid": f"{sid}/64", "behavior": "End"}], upper_layer=allowed)
            probe = craft.udp(b"probe", 1, 33434)
            for payload, at in ((probe, 40), (craft.srh([sid, "2600::1"], sl=0, payload=probe), 80)):
                packet = craft.ip6(HOST, sid, payload, hl=1)
                self.send(1, packet)
                if len(allowed) == 1:
                    self.expect_icmp6(1, 4, 4, at, packet)
                    self.expect_drop("UPPER_LAYER")
                else:
                    self.expect_icmp6(1, 1, 4, 0, packet)
                    self.expect_no_drop()
                self.expect_nothing()


@rfc("9259", "A.2.1")
@rfc("4443", "3.3")
@rule("OAM-5", "END-3")
@behaviours("Ping and traceroute", "Transit")
class TracerouteThroughTheNode(Srv6Test):
    """Hop limit 1 at a transit node and at an endpoint with segments left: Time Exceeded, quoting the packet
    as it came."""

    def runTest(self) -> None:
        sid = "fcbb:bb00:1:e000::"
        self.node(sids=[{"sid": f"{sid}/64", "behavior": "End"}], routes=list(ROUTES))
        for dst in (FAR, sid):
            packet = craft.srv6(HOST, ["2600::9", dst], segments_left=1, payload=craft.udp(b"probe", 1, 33434), hl=1)
            self.send(1, packet)
            self.expect_icmp6(1, 3, 0, 0, packet)
            self.expect_drop("HOP_LIMIT_EXCEEDED")


@rfc("4443", "2.4", "2.2")
class QuotesWhatFits(Errors):
    """As much of the packet as makes an error of 1280 bytes, at the sizes around it; padding of the frame is
    not quoted."""

    def runTest(self) -> None:
        for size in (0, 1, 1183, 1184, 1185, 1400):
            packet = craft.ip6(HOST, FAR, craft.udp(bytes(i % 251 for i in range(size))), hl=1)
            self.send(1, packet)
            self.expect_icmp6(1, 3, 0, 0, packet)
            self.expect_nothing()
        short = craft.ip6(HOST, FAR, b"", nh=59, hl=1)
        self.send(1, wire.Frame(self.frame_in(1, short) + b"padding"))
        self.expect_icmp6(1, 3, 0, 0, short)


@rfc("1812", "4.3.2.3")
@behaviours("IPv4 router")
class QuotesWhatFits4(Errors):
    """As much as makes an error of 576 bytes; padding is not quoted; the header as it came, options and TTL."""

    def runTest(self) -> None:
        for size in (0, 1, 519, 520, 521, 1400):
            packet = craft.ip4(
                HOST4, FAR4, craft.udp(bytes(i % 251 for i in range(size))), ttl=1, options=bytes((1, 1, 1, 0))
            )
            self.send(1, packet)
            self.expect_icmp4(1, 11, 0, 0, packet)
            self.expect_nothing()
        short = craft.ip4(HOST4, FAR4, b"", proto=253, ttl=1)
        self.send(1, wire.Frame(self.frame_in(1, short).ljust(60, b"\0")))
        self.expect_icmp4(1, 11, 0, 0, short)


@rfc("4443", "2.4")
class NotAboutErrors(Errors):
    """(e.1, e.2) Never about an ICMPv6 error or a redirect, also behind extension headers; but about other
    messages."""

    def runTest(self) -> None:
        for kind in (1, 2, 3, 4, 0, 100, 127, 137):
            message = craft.icmp6(kind, 0, bytes(48))
            for payload in (message, craft.dstopt(message), craft.hbh(craft.srh([FAR, FAR], sl=0, payload=message))):
                self.silent(craft.ip6(HOST, FAR, payload, hl=1))
        for kind in (128, 129, 200):
            packet = craft.ip6(HOST, FAR, craft.icmp6(kind, 0, bytes(8)), hl=1)
            self.send(1, packet)
            self.expect_icmp6(1, 3, 0, 0, packet)


@rfc("1812", "4.3.2.7")
@behaviours("IPv4 router")
class NotAboutErrors4(Errors):
    """Never about an ICMP error; but about an echo request."""

    def runTest(self) -> None:
        for kind in (3, 4, 5, 11, 12):
            self.silent(craft.ip4(HOST4, FAR4, craft.icmp4(kind, 0, bytes(32)), ttl=1))
        for kind in (8, 0, 13):
            packet = craft.ip4(HOST4, FAR4, craft.icmp4(kind, 0, bytes(8)), ttl=1)
            self.send(1, packet)
            self.expect_icmp4(1, 11, 0, 0, packet)
            self.expect_drop("HOP_LIMIT_EXCEEDED")


@rfc("4443", "2.4")
class NotToWhoeverIsNoNode(Errors):
    """(e.6) Never to the unspecified address, a group, or the loopback."""

    def runTest(self) -> None:
        self.silent(craft.ip6("::", FAR, craft.udp(), hl=1), "SOURCE_INVALID")
        self.silent(craft.ip6("::1", FAR, craft.udp(), hl=1), "SOURCE_INVALID")
        self.silent(craft.ip6("ff02::5", FAR, craft.udp(), hl=1), "SOURCE_INVALID")


@rfc("1812", "4.3.2.7")
@behaviours("IPv4 router")
class NotToWhoeverIsNoNode4(Errors):
    """Never to 0/8, 127/8, class D and E; nor about a fragment that is not the first."""

    def runTest(self) -> None:
        for src in ("0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"):
            self.silent(craft.ip4(src, FAR4, craft.udp(), ttl=1), "SOURCE_INVALID")
        self.silent(craft.ip4(HOST4, FAR4, craft.udp(b"12345678"), ttl=1, df=False, offset=1))
        first = craft.ip4(HOST4, FAR4, craft.udp(b"12345678"), ttl=1, df=False, mf=True)
        self.send(1, first)
        self.expect_icmp4(1, 11, 0, 0, first)


@rfc("1812", "4.3.2.7")
@behaviours("IPv4 router")
class NotAboutBroadcasts(Errors):
    """A packet to the broadcast address of the subnet it came from: nothing is sent about it."""

    def runTest(self) -> None:
        self.silent(craft.ip4(HOST4, "10.0.1.255", craft.udp(), ttl=1), "MULTICAST")


@rfc("4443", "2.2")
@rfc("1812", "4.3.2.4")
@behaviours("IPv6 router", "IPv4 router")
class SourceOfErrors(Srv6Test):
    """From the first address of the interface the packet came in by; without one from the node's source
    address."""

    def runTest(self) -> None:
        self.node(
            ports={
                1: {"addresses": ["2001:db8:1:5::1/64", "2001:db8:1::1/64", "10.0.1.1/24"]},
                5: {"addresses": ["10.0.5.1/24"]},
            },
            routes=[*ROUTES, {"prefix": "2700::/16", "via": "2001:db8:3::2"}],
        )
        packet = craft.ip6(HOST, FAR, craft.udp(), hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet, src="2001:db8:1:5::1")
        packet = craft.ip6("2700::1", FAR, craft.udp(), hl=1)
        self.send(5, packet)
        self.expect_icmp6(3, 3, 0, 0, packet, src="fcbb:bb00:1::1")


@rfc("4443", "2.2")
@rfc("1812", "5.2")
@behaviours("IPv6 router", "IPv4 router")
class ErrorsAreRouted(Srv6Test):
    """To the source by the routes of the VRF, not back where the packet came from; no route, no error."""

    def runTest(self) -> None:
        blue = [
            {
                **route,
                "vrf": "blue",
                "via": {"address": "2001:db8:6::2" if ":" in route["prefix"] else "10.0.6.2", "port": 6},
            }
            for route in ROUTES
        ]
        self.node(vrfs=["blue"], ports={5: {"vrf": "blue"}, 6: {"vrf": "blue"}}, routes=[*ROUTES, *blue])
        for port, out in ((1, 2), (5, 6)):
            late = craft.ip6("2600::5", FAR, craft.udp(), hl=1)
            self.send(port, late)
            self.expect_icmp6(out, 3, 0, 0, late)
            late4 = craft.ip4("198.51.100.5", FAR4, craft.udp(), ttl=1)
            self.send(port, late4)
            self.expect_icmp4(out, 11, 0, 0, late4)
        self.send(1, craft.ip6("2900::1", FAR, craft.udp(), hl=1))
        self.expect_nothing()


@rfc("4443", "2.4")
@rfc("4291", "2.5.6")
class ErrorToLinkLocalSource(Srv6Test):
    """A link-local host asks an own address for a closed port: the error goes straight back to it."""

    def runTest(self) -> None:
        self.node()
        packet = craft.ip6("fe80::2", "2001:db8:1::1", craft.udp(b"probe"))
        self.send(1, packet)
        self.expect_icmp6(1, 1, 4, 0, packet)


@rfc("4443", "2.4")
@rfc("1812", "4.3.2.8")
@behaviours("IPv6 router", "IPv4 router", "Packet-in and packet-out")
class RateLimit(Srv6Test):
    """(f) ``icmp: {rate, burst}``: of ten late packets two are answered, eight counted; other reasons have a
    limit of their own, pings are no errors. IPv4 and IPv6 share it."""

    def runTest(self) -> None:
        limits: dict[str, Any] = {"rate": 1, "burst": 2}
        self.node(routes=list(ROUTES), icmp=limits)
        late = craft.ip6(HOST, FAR, craft.udp(), hl=1)
        for _ in range(8):
            self.send(1, late)
        late4 = craft.ip4(HOST4, FAR4, craft.udp(), ttl=1)
        for _ in range(2):
            self.send(1, late4)
        for _ in range(2):
            self.expect_icmp6(1, 3, 0, 0, late, src="2001:db8:1::1")
        self.expect_nothing()
        drops = self.drops()
        assert drops == {"HOP_LIMIT_EXCEEDED": 10, "PUNT_RATE_LIMITED": 8}, drops
        assert self.punts() == {"HOP_LIMIT_EXCEEDED": 2}, self.punts()
        lost = craft.ip6(HOST, "2900::1", craft.udp())
        self.send(1, lost)
        self.expect_icmp6(1, 1, 0, 0, lost)
        for _ in range(10):
            self.send(1, craft.ip6(HOST, "2001:db8:1::1", craft.echo_request()))
        for _ in range(10):
            self.expect(1, wire.ip6("2001:db8:1::1", HOST, wire.echo_reply("2001:db8:1::1", HOST)))
