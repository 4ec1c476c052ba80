# SPDX-License-Identifier: Apache-2.0
"""The IPv4 router: routes, TTL, checksum, options, what is not forwarded (RFC 791, RFC 1812)."""

from __future__ import annotations

from typing import Any

from srv6_base import Srv6Test, craft, rfc, wire

BEHAVIOURS = ("IPv4 router",)
HOST = "10.0.1.2"


class Routed(Srv6Test):
    """``routed(packet, out)``: forwarded with its TTL one lower and a right checksum."""

    def routed(self, packet: craft.Packet, out: int, port: int = 1) -> None:
        __tracebackhide__ = True
        self.send(port, packet)
        self.expect_only(out, wire.hop(packet))

    def unroutable(self, packet: craft.Packet, port: int = 1) -> None:
        """No route: destination unreachable, network (RFC 1812 5.2.7.1)."""
        __tracebackhide__ = True
        self.send(port, packet)
        self.expect_icmp4(port, 3, 0, 0, packet)
        self.expect_nothing()
        self.expect_drop("NO_ROUTE")

    def refused(self, packet: craft.Payload, reason: str) -> None:
        """Dropped for ``reason``, in silence."""
        __tracebackhide__ = True
        frame = craft.ether(packet, dst=self.mac(1), src=self.neighbor_mac(1), ethertype=wire.ETH_IPV4)
        self.send(1, frame)
        self.expect_nothing()
        self.expect_drop(reason)


def packet(dst: str, *, src: str = HOST, **fields: Any) -> craft.Packet:
    """A UDP packet."""
    return craft.ip4(src, dst, craft.udp(b"data"), **fields)


@rfc("1812", "5.2.4.3")
class LongestPrefix(Routed):
    """The longest of the prefixes that match, from /0 to /32."""

    def runTest(self) -> None:
        routes = {
            "0.0.0.0/0": 2,
            "192.0.0.0/5": 3,
            "198.51.0.0/16": 4,
            "198.51.100.0/25": 5,
            "198.51.100.0/30": 6,
            "198.51.100.1/32": 7,
        }
        self.node(routes=[{"prefix": p, "via": f"10.0.{port}.2"} for p, port in routes.items()])
        for dst, port in (
            ("8.8.8.8", 2),
            ("192.0.2.1", 3),
            ("199.255.255.255", 3),
            ("200.0.0.1", 2),
            ("198.51.101.1", 4),
            ("198.51.100.127", 5),
            ("198.51.100.128", 4),
            ("198.51.100.2", 6),
            ("198.51.100.1", 7),
        ):
            self.routed(packet(dst), port)
        self.expect_no_drop()


@rfc("1812", "5.2.4.3")
class RoutesOfVrf(Routed):
    """Each VRF has routes of its own, IPv4 beside IPv6."""

    def runTest(self) -> None:
        self.node(
            vrfs=["blue"],
            ports={3: {"vrf": "blue"}, 4: {"vrf": "blue"}},
            routes=[
                {"prefix": "198.51.100.0/24", "via": "10.0.2.2"},
                {"prefix": "198.51.100.0/24", "vrf": "blue", "via": "10.0.4.2"},
                {"prefix": "203.0.113.0/24", "vrf": "blue", "via": "10.0.4.2"},
            ],
        )
        self.routed(packet("198.51.100.1"), 2)
        self.routed(packet("198.51.100.1", src="10.0.3.2"), 4, 3)
        self.routed(packet("203.0.113.1", src="10.0.3.2"), 4, 3)
        self.unroutable(packet("203.0.113.1"))
        self.unroutable(packet("10.0.4.2"))


@rfc("1812", "5.2.7.1")
class NoRoute(Routed):
    """Nothing matches: ICMP 3/0."""

    def runTest(self) -> None:
        self.node()
        self.unroutable(packet("198.51.100.1"))
        self.unroutable(packet("198.51.100.1", options=bytes((1, 1, 1, 0))))


@rfc("1812", "5.2.4.4")
class Blackhole(Routed):
    """A blackhole route drops in silence."""

    def runTest(self) -> None:
        self.node(
            routes=[{"prefix": "198.51.0.0/16", "blackhole": True}, {"prefix": "198.51.100.0/24", "via": "10.0.2.2"}]
        )
        self.refused(packet("198.51.1.1"), "BLACKHOLE")
        self.routed(packet("198.51.100.1"), 2)


@rfc("1812", "5.3.1")
@rfc("792", "Time Exceeded Message")
class Ttl(Routed):
    """255 to 2 forwarded, 1 and 0 answered with 11/0."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "198.51.100.0/24", "via": "10.0.2.2"}])
        for ttl in (255, 128, 64, 3, 2):
            self.routed(packet("198.51.100.1", ttl=ttl), 2)
        for ttl in (1, 0):
            late = packet("198.51.100.1", ttl=ttl)
            self.send(1, late)
            self.expect_icmp4(1, 11, 0, 0, late)
            self.expect_nothing()
            self.expect_drop("HOP_LIMIT_EXCEEDED")


@rfc("1812", "5.2.2")
@rfc("1071", "1")
class ChecksumIsVerified(Routed):
    """A wrong header checksum: dropped in silence; with and without options. That of the payload is nobody's
    business."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "198.51.100.0/24", "via": "10.0.2.2"}])
        for options in (b"", bytes((1, 1, 1, 0)), bytes(40)):
            good = packet("198.51.100.1", options=options)
            value = int.from_bytes(bytes(good)[10:12], "big")
            for wrong in (value ^ 1, value ^ 0x8000, 0, (value + 0x100) & 0xFFFF):
                if wrong != value:
                    self.refused(packet("198.51.100.1", options=options, csum=wrong), "IPV4_CHECKSUM")
            self.routed(good, 2)
        self.routed(craft.ip4(HOST, "198.51.100.1", craft.udp(b"data", csum=0xBAD)), 2)


@rfc("1812", "4.2.2.5")
@rfc("1071", "1")
class ChecksumIsWritten(Routed):
    """The checksum behind the decrement, for headers that bring it to either side of a carry."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "198.51.100.0/24", "via": "10.0.2.2"}])
        plain = int.from_bytes(bytes(packet("198.51.100.1", ident=0))[10:12], "big")
        for target in (0x0000, 0x0001, 0x00FF, 0x0100, 0x7FFF, 0xFEFE, 0xFEFF, 0xFFFE):
            # Identification lowers the checksum by its own value (one's complement)
            self.routed(packet("198.51.100.1", ident=(plain - target) % 0xFFFF), 2)
        for ident in range(0, 0x10000, 0x0FFF):
            self.routed(packet("198.51.100.1", ident=ident), 2)


@rfc("791", "3.1")
@rfc("1812", "5.3.13")
class Options(Routed):
    """Options of every length, Router Alert, Record Route, malformed ones: carried as they are."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "198.51.100.0/24", "via": "10.0.2.2"}])
        for size in range(4, 44, 4):
            self.routed(packet("198.51.100.1", options=bytes((7, size - 1, 4)).ljust(size, b"\0")), 2)
        for options in (bytes.fromhex("94040000"), b"\x83\x00\x04\x00", b"\x44\xff\x05\x00", b"\1\1\1\1"):
            self.routed(packet("198.51.100.1", options=options), 2)


@rfc("791", "3.2")
class Fragments(Routed):
    """Fragments are forwarded like any packet."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "198.51.100.0/24", "via": "10.0.2.2"}])
        for fields in ({"mf": True}, {"mf": True, "offset": 10}, {"offset": 0x1FFF}, {"mf": True, "df": True}):
            self.routed(packet("198.51.100.1", **{"df": False, "ident": 3, **fields}), 2)


@rfc("1812", "5.2.2")
class HeaderIsChecked(Routed):
    """Version, header length and total length as RFC 1812 5.2.2 asks."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "0.0.0.0/0", "via": "10.0.2.2"}])
        for version in (0, 5, 6, 15):
            self.refused(packet("198.51.100.1", version=version), "IP_HEADER_INVALID")
        for ihl in (0, 1, 4):
            self.refused(packet("198.51.100.1", ihl=ihl), "IP_HEADER_INVALID")
        self.refused(craft.ip4(HOST, "198.51.100.1", b"", proto=253, ihl=15), "IP_HEADER_INVALID")
        self.refused(packet("198.51.100.1", ihl=6, total=23), "IP_HEADER_INVALID")
        for total in (0, 19, 33, 65535):
            self.refused(packet("198.51.100.1", total=total), "IP_HEADER_INVALID")
        whole = bytes(packet("198.51.100.1", options=bytes(8)))
        for size in (0, 1, 19):
            self.refused(whole[:size], "IP_HEADER_INVALID")
        self.refused(whole[:24], "IP_HEADER_INVALID")


@rfc("894", "")
class PaddingStaysBehind(Routed):
    """A frame may be longer than its packet: lengths count, not the frame."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "198.51.100.0/24", "via": "10.0.2.2"}])
        short = craft.ip4(HOST, "198.51.100.1", b"", proto=253)
        self.send(1, wire.Frame(self.frame_in(1, short).ljust(60, b"\0")))
        frame = self.receive(2)
        expected = self.frame_out(2, wire.hop(short))
        assert frame is not None and frame[: len(expected)] == expected and not any(frame[len(expected) :])


@rfc("1812", "5.2.2", "5.3.7")
class AddressesThatAreNotForwarded(Routed):
    """Multicast, class E, limited broadcast as destination; multicast and broadcast as source."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "0.0.0.0/0", "via": "10.0.2.2"}])
        for dst in ("224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255"):
            self.refused(packet(dst), "MULTICAST")
        for src in ("224.0.0.1", "239.255.255.255", "255.255.255.255", "240.0.0.1"):
            self.refused(packet("198.51.100.1", src=src), "SOURCE_INVALID")
        assert self.punts() == {}


@rfc("1812", "5.3.4")
class OnlyOwnMacAddress(Routed):
    """Frames to others, link-layer broadcasts and multicasts are not routed."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "198.51.100.0/24", "via": "10.0.2.2"}])
        for dst in ("02:00:00:00:02:01", "02:00:00:00:01:02", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01"):
            self.send(1, craft.ether(packet("198.51.100.1"), dst=dst, src=self.neighbor_mac(1)))
            self.expect_nothing()
            self.expect_drop("NOT_MY_MAC")
        self.routed(packet("198.51.100.1"), 2)
