# SPDX-License-Identifier: Apache-2.0
"""The IPv6 router under the SIDs: routes of a VRF, hop limit, what is not forwarded (RFC 8200, RFC 4291, RFC
4443)."""

from __future__ import annotations

from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire

BEHAVIOURS = ("IPv6 router",)
HOST = "2001:db8:1::2"


class Routed(Srv6Test):
    """``routed(packet, out)``: forwarded with its hop limit one lower."""

    def routed(self, packet: craft.Packet, out: int, port: int = 1) -> None:
        __tracebackhide__ = True
        self.send(port, packet)
        self.expect_only(out, wire.hop(packet))

    def unroutable(self, packet: craft.Packet, port: int = 1) -> None:
        """No route: destination unreachable, code 0 (RFC 4443 3.1)."""
        __tracebackhide__ = True
        self.send(port, packet)
        self.expect_icmp6(port, 1, 0, 0, packet)
        self.expect_nothing()
        self.expect_drop("NO_ROUTE")


def packet(dst: str, *, src: str = HOST, **fields: int) -> craft.Packet:
    """A UDP packet."""
    return craft.ip6(src, dst, craft.udp(b"data"), **fields)


@rfc("8200", "3")
@rfc("1812", "5.2.4.3")
class LongestPrefix(Routed):
    """The longest of the prefixes that match, from ::/0 to /128, at lengths on and off byte boundaries."""

    def runTest(self) -> None:
        routes = {
            "::/0": 2,
            "2000::/3": 3,
            "2600::/12": 4,
            "2600:8000::/17": 5,
            "2600:8000::/63": 6,
            "2600:8000::8000:0:0:0/65": 7,
            "2600:8000::ffff:0:0:1/128": 8,
        }
        self.node(routes=[{"prefix": p, "via": f"2001:db8:{port}::2"} for p, port in routes.items()])
        for dst, port in (
            ("4000::1", 2),
            ("3000::1", 3),
            ("2600:7fff::1", 4),
            ("2600:8001::", 5),
            ("2600:8000:0:2::", 5),
            ("2600:8000:0:1::1", 6),
            ("2600:8000::1", 6),
            ("2600:8000::8000:0:0:1", 7),
            ("2600:8000::ffff:0:0:1", 8),
            ("2600:8000::ffff:0:0:2", 7),
            ("1::1", 2),
        ):
            self.routed(packet(dst), port)
        self.expect_no_drop()


@rfc("8200", "3")
class RoutesOfVrf(Routed):
    """Each VRF has routes of its own; no leak from one to another, the default VRF included."""

    def runTest(self) -> None:
        self.node(
            vrfs=["blue", {"name": "red", "id": 7}],
            ports={3: {"vrf": "blue"}, 4: {"vrf": "blue"}, 5: {"vrf": "red"}, 6: {"vrf": "red"}},
            routes=[
                {"prefix": "2600::/16", "via": "2001:db8:2::2"},
                {"prefix": "2600::/16", "vrf": "blue", "via": "2001:db8:4::2"},
                {"prefix": "2600::/16", "vrf": "red", "via": "2001:db8:6::2"},
                {"prefix": "2700::/16", "vrf": "red", "via": "2001:db8:6::2"},
            ],
        )
        for ingress, out in ((1, 2), (3, 4), (5, 6)):
            self.routed(packet("2600::1", src=f"2001:db8:{ingress}::2"), out, ingress)
        self.routed(packet("2700::1", src="2001:db8:5::2"), 6, 5)
        for ingress in (1, 3):
            self.unroutable(packet("2700::1", src=f"2001:db8:{ingress}::2"), ingress)
        # connected prefixes belong to the VRF of their port
        self.routed(packet("2001:db8:4::2", src="2001:db8:3::2"), 4, 3)
        self.unroutable(packet("2001:db8:4::2"))


@rfc("8200", "3")
class Connected(Routed):
    """A neighbour on a connected prefix is reached directly, the port it came in by included."""

    def runTest(self) -> None:
        self.node()
        for port in (2, 8, 1):
            self.routed(packet(f"2001:db8:{port}::2", src="2600::1"), port)


@rfc("8200", "3")
@rfc("4443", "3.1")
class NoRoute(Routed):
    """Nothing matches: destination unreachable, no route."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "2600::/16", "via": "2001:db8:2::2"}])
        self.unroutable(packet("2601::1"))
        self.unroutable(packet("2601::1", hl=255))
        self.unroutable(packet("::2"))
        # inside the locator, but no SID
        self.unroutable(packet("fcbb:bb00:1:dead::"))


@rfc("1812", "5.2.4.4")
class Blackhole(Routed):
    """A blackhole route drops in silence; a longer route through it forwards."""

    def runTest(self) -> None:
        self.node(
            routes=[{"prefix": "2600::/16", "blackhole": True}, {"prefix": "2600:1::/32", "via": "2001:db8:2::2"}]
        )
        self.send(1, packet("2600::1"))
        self.expect_nothing()
        self.expect_drop("BLACKHOLE")
        self.routed(packet("2600:1::1"), 2)
        assert self.punts() == {}


@rfc("8200", "3")
@rfc("4443", "3.3")
class HopLimit(Routed):
    """255 to 2 forwarded, 1 and 0 answered with Time Exceeded; the hop limit is looked at after the route."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "2600::/16", "via": "2001:db8:2::2"}, {"prefix": "2700::/16", "blackhole": True}])
        for hl in (255, 128, 64, 3, 2):
            self.routed(packet("2600::1", hl=hl), 2)
        for hl in (1, 0):
            late = packet("2600::1", hl=hl)
            self.send(1, late)
            self.expect_icmp6(1, 3, 0, 0, late)
            self.expect_nothing()
            self.expect_drop("HOP_LIMIT_EXCEEDED")
        self.unroutable(packet("2800::1", hl=1))
        self.send(1, packet("2700::1", hl=1))
        self.expect_drop("BLACKHOLE")


@rfc("8200", "4", "4.3")
@rfc("8754", "4.2")
@rule("END-15")
@behaviours("IPv6 router", "Transit")
class TransitLooksAtNothingBehindTheHeader(Routed):
    """Extension headers of every kind, SRHs of other nodes (good, bad and of any length), tunnels, padding:
    forwarded."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "2600::/16", "via": "2001:db8:2::2"}])
        data = craft.udp(b"data")
        segments = [f"2600::{i:x}" for i in range(1, 61)]
        chain = data
        for _ in range(9):
            chain = craft.dstopt(chain)
        for payload in (
            craft.srh(segments[:3], sl=2, payload=data),
            craft.srh(segments[:3], sl=0, payload=data),
            craft.srh(segments, sl=59, payload=data),
            craft.srh(segments[:2], sl=2, payload=data),
            craft.srh(segments[:3], sl=200, payload=data),
            craft.srh(segments[:3], sl=1, hel=255, payload=data),
            craft.srh(segments[:3], sl=1, hel=0, payload=data),
            craft.srh(segments[:3], sl=1, le=255, payload=data),
            craft.srh(segments[:3], sl=1, flags=0xFF, tag=0xFFFF, tlvs=[craft.padn(7), craft.pad1()], payload=data),
            craft.srh(segments[:3], sl=2, rtype=0, payload=data),
            craft.hbh(data),
            craft.hbh(craft.srh(segments[:3], sl=1, payload=craft.srh(segments[:2], sl=1, payload=data))),
            craft.dstopt(craft.fragment(data)),
            craft.fragment(b"x" * 9, offset=7, nh=6),
            craft.auth(data),
            chain,
            craft.ip6("::1", "::2", data, hl=0),
            craft.ip4("0.0.0.0", "255.255.255.255", data, ttl=0, csum=0),
            craft.raw(b"", 59),
            craft.raw(b"\0", 43),
            craft.raw(b"\0\xff\4", 43),
            craft.raw(b"\x2b", 0),
            craft.raw(b"\0\0", 44),
            craft.raw(b"", 17),
            craft.raw(b"1", 6),
            craft.raw(b"12345", 41),
            craft.raw(b"\x4f", 4),
            craft.raw(b"123", 143),
        ):
            self.routed(craft.ip6(HOST, "2600::1", payload, tc=0xFF, fl=0xFFFFF), 2)
        self.expect_no_drop()


@rfc("8200", "3")
@rfc("2464", "3")
class PaddingIsDropped(Routed):
    """A frame may be longer than its packet: what leaves holds the packet (and may be padded again)."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "2600::/16", "via": "2001:db8:2::2"}])
        short = craft.ip6(HOST, "2600::1", b"", nh=59)
        self.send(1, wire.Frame(self.frame_in(1, short) + bytes(10)))
        frame = self.receive(2)
        expected = self.frame_out(2, wire.hop(short))
        assert frame is not None and frame[: len(expected)] == expected and not any(frame[len(expected) :])


@rfc("8200", "3")
class HeaderIsChecked(Routed):
    """Version other than 6, a payload longer than the frame, a frame that ends in the header: dropped."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "::/0", "via": "2001:db8:2::2"}])
        for version in (0, 4, 5, 7, 15):
            self.send(1, craft.ether(packet("2600::1", version=version), dst=self.mac(1), src=self.neighbor_mac(1)))
            self.expect_nothing()
            self.expect_drop("IP_HEADER_INVALID")
        for extra in (1, 100, 60000):
            self.send(1, packet("2600::1", plen=12 + extra))
            self.expect_nothing()
            self.expect_drop("IP_HEADER_INVALID")
        whole = self.frame_in(1, packet("2600::1"))
        for size in (14, 15, 53):
            self.send(1, wire.Frame(whole[:size]))
            self.expect_nothing()
            self.expect_drop("HEADER_TRUNCATED")
        self.send(1, wire.Frame(whole[:54]))
        self.expect_drop("IP_HEADER_INVALID")


@rfc("4291", "2.7")
@rfc("8200", "3")
class MulticastIsNotForwarded(Routed):
    """Multicast destinations and sources, whatever the routes and the MAC address say."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "::/0", "via": "2001:db8:2::2"}])
        for group in ("ff02::1", "ff02::2", "ff05::5", "ff0e::1234", "ff01::1"):
            mac = "33:33:" + ":".join(f"{byte:02x}" for byte in wire.v6(group)[12:])
            for dst in (mac, self.mac(1)):
                self.send(1, craft.ether(packet(group), dst=dst, src=self.neighbor_mac(1)))
                self.expect_nothing()
                self.expect_drop("MULTICAST")
        for src in ("ff02::1", "ff0e::1"):
            self.send(1, packet("2600::1", src=src))
            self.expect_nothing()
            self.expect_drop("SOURCE_INVALID")
        assert self.punts() == {}


@rfc("4291", "2.5.6")
class LinkLocalStaysOnTheLink(Routed):
    """A link-local source is not forwarded (RFC 4291: routers must not); a link-local destination is for this
    link."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "::/0", "via": "2001:db8:2::2"}])
        for source in ("fe80::1", "febf::1"):
            self.send(1, packet("2600::1", src=source))
            self.expect_nothing()
            self.expect_drop("SOURCE_INVALID")
        self.send(1, packet("fe80::1234"))  # not ours: handed to the control plane, which ignores it
        self.expect_nothing()
        self.expect_no_drop()


@rfc("894", "")
@rfc("2464", "4")
class OnlyOwnMacAddress(Routed):
    """Frames to other stations and broadcast frames are not routed; the MAC address of another own port is
    not ours here."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "2600::/16", "via": "2001:db8:2::2"}])
        for dst in (
            "02:00:00:00:02:01",
            "02:00:00:00:01:02",
            "ff:ff:ff:ff:ff:ff",
            "33:33:00:00:00:01",
            "01:00:5e:00:00:01",
        ):
            self.send(1, craft.ether(packet("2600::1"), dst=dst, src=self.neighbor_mac(1)))
            self.expect_nothing()
            self.expect_drop("NOT_MY_MAC")
        self.routed(packet("2600::1"), 2)


@rfc("1812", "4.2")
class OnlyConfiguredPorts(Srv6Test):
    """A port without configuration: nothing is accepted."""

    def runTest(self) -> None:
        self.node(ports={7: None})
        for payload in (packet("2001:db8:2::2"), craft.ip4("10.0.7.2", "10.0.2.2", craft.udp())):
            self.send(7, payload)
            self.expect_nothing()
            self.expect_drop("NO_INTERFACE")
        self.send(7, craft.ether(b"x" * 46, dst=self.mac(7), src=self.neighbor_mac(7), ethertype=0x88B5))
        self.expect_drop("NO_INTERFACE")


@rfc("894", "")
class OnlyKnownEthertypes(Srv6Test):
    """MPLS, LLC, LLDP, anything else on a routed port: dropped and counted."""

    def runTest(self) -> None:
        self.node()
        for ethertype in (0x8847, 0x88CC, 0x88B5, 0x9000, 46, 0x05FF):
            for dst in (self.mac(1), "01:80:c2:00:00:0e"):
                self.send(1, craft.ether(b"x" * 46, dst=dst, src=self.neighbor_mac(1), ethertype=ethertype))
                self.expect_nothing()
                self.expect_drop("UNSUPPORTED_ETHERTYPE")


@rfc("8200", "3")
class RoutesChange(Routed):
    """A route that moves, vanishes and returns at run time."""

    def runTest(self) -> None:
        for port in (2, 3, None, 2):
            routes = [] if port is None else [{"prefix": "2600::/16", "via": f"2001:db8:{port}::2"}]
            self.node(routes=routes)
            if port is None:
                self.unroutable(packet("2600::1"))
            else:
                self.routed(packet("2600::1"), port)
