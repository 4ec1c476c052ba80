# SPDX-License-Identifier: Apache-2.0
"""Fragments at a SID that are put together again (UL-5; RFC 8200 4.5, RFC 5722), where the node is told to."""

from __future__ import annotations

from itertools import count, pairwise
from typing import Any

from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire

HOST, OUT6, OUT4 = "2001:db8:1::2", "2001:db8:92::1", "198.51.100.1"
IN6, IN4 = "2001:db8:81::1", "203.0.113.1"
END, DT46, USD = "fcbb:bb00:1:1::", "fcbb:bb00:1:2::", "fcbb:bb00:1:3::"
NEXT = "fcbb:bb00:2::"
OURS = "2001:db8:1::1"
IDENTIFICATIONS = count(1)
SIDS = [
    {"sid": f"{END}/64", "behavior": "End"},
    {"sid": f"{DT46}/64", "behavior": "End.DT46", "vrf": "default"},
    {"sid": f"{USD}/64", "behavior": "End", "flavors": ["usd"]},
]


class ReassemblyTest(Srv6Test):
    """A node that puts fragments together."""

    config: dict[str, Any] = {"reassembly": True}  # noqa: RUF012

    def setUp(self) -> None:
        super().setUp()
        self.node(
            **{
                "sids": SIDS,
                "routes": [
                    {"prefix": "2001:db8:92::/48", "via": "2001:db8:2::2"},
                    {"prefix": "198.51.100.0/24", "via": "10.0.2.2"},
                    {"prefix": f"{NEXT}/48", "via": "2001:db8:2::2"},
                ],
                **self.config,
            }
        )

    def pieces(self, sid: str, body: Any, nh: int, *cuts: int) -> list[Any]:
        """The packet to ``sid`` that carries ``body``, cut at these octets of it. No two packets of a run have the same
        Identification, since the node of one test is that of the next one."""
        data, edges, ident = bytes(body), (0, *cuts, len(bytes(body))), next(IDENTIFICATIONS)
        return [
            craft.ip6(HOST, sid, craft.fragment(data[at:end], offset=at // 8, more=end < len(data), ident=ident, nh=nh))
            for at, end in pairwise(edges)
        ]


@behaviours("Reassembly", "End.DT46")
@rfc("8200", "4.5")
@rfc("2473", "7")
@rule("UL-5")
class InAnyOrder(ReassemblyTest):
    """What was inside leaves once the last of them is there, whatever the order; the SID counts one packet, whole."""

    def runTest(self) -> None:
        inner = craft.ip6(IN6, OUT6, craft.udp(bytes(range(256)) * 5))
        for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
            pieces = self.pieces(DT46, inner, wire.IPV6, 800, 1200)
            for index in order:
                self.send(1, pieces[index])
            self.expect_only(2, wire.hop(inner))
        self.expect_no_drop()
        self.expect_sid_counter(f"{DT46}/64", packets=3)
        self.assertEqual(self.punts(), {"REASSEMBLY": 9})


@behaviours("Reassembly", "End.DT46")
@rfc("8200", "4.5")
@rule("UL-5")
class Ipv4Inside(ReassemblyTest):
    """The same of an IPv4 packet, which a headend with ``fragmentation: outer`` makes."""

    def runTest(self) -> None:
        inner = craft.ip4(IN4, OUT4, craft.udp(bytes(1300)))
        for piece in self.pieces(DT46, inner, wire.IPV4, 1000):
            self.send(1, piece)
        self.expect_only(2, wire.hop(inner))


@behaviours("Reassembly", "End")
@rfc("8200", "4.5")
@rule("UL-5", "END-2")
class BehindAnExhaustedSrh(ReassemblyTest):
    """The SRH is of the Per-Fragment headers: it stays in front, and USD takes out what is behind it."""

    def runTest(self) -> None:
        inner = craft.ip6(IN6, OUT6, craft.udp(bytes(1200)))
        data, ident = bytes(inner), next(IDENTIFICATIONS)
        for at, end in ((0, 640), (640, len(data))):
            piece = craft.fragment(data[at:end], offset=at // 8, more=end < len(data), ident=ident, nh=wire.IPV6)
            self.send(1, craft.srv6(HOST, [USD], segments_left=0, dst=USD, payload=piece))
        self.expect_only(2, wire.hop(inner))


@behaviours("Reassembly", "End")
@rfc("8986", "4.1.1", "S04")
@rule("UL-3", "UL-5")
class TheWholeIsLookedAt(ReassemblyTest):
    """What the SID does not take is an error about the packet as it was before it was cut."""

    def runTest(self) -> None:
        whole = craft.ip6(HOST, END, craft.udp(bytes(800)))
        body = bytes(whole)[40:]
        for piece in self.pieces(END, body, wire.UDP, 400):
            self.send(1, piece)
        self.expect_icmp6(1, 4, 4, 40, whole, src=OURS)
        self.expect_drop("UPPER_LAYER")


@behaviours("Reassembly", "End")
@rfc("8200", "4.5")
@rule("UL-5")
class SrhInside(ReassemblyTest):
    """An SRH in the fragmentable part is processed once the packet is whole."""

    def runTest(self) -> None:
        whole = craft.srv6(HOST, [NEXT, END], segments_left=1, dst=END, payload=craft.udp(bytes(600)))
        body = bytes(whole)[40:]
        for piece in self.pieces(END, body, wire.ROUTING, 320):
            self.send(1, piece)
        self.expect_only(2, wire.advanced(whole))


@behaviours("Reassembly", "End")
@rfc("9259", "A.1")
@rfc("8200", "4.5")
@rule("UL-5", "OAM-4")
class LongPing(ReassemblyTest):
    """A ping that had to be cut is answered, at a SID as at an address of the node."""

    def runTest(self) -> None:
        for target in (END, OURS):
            data = bytes(1200)
            request = wire.echo_request(HOST, target, data=data)
            for piece in self.pieces(target, request, wire.ICMPV6, 800):
                self.send(1, piece)
            self.expect_only(1, wire.ip6(target, HOST, wire.echo_reply(target, HOST, data=data)))


@behaviours("Reassembly", "End.DT46")
@rfc("5722", "4")
@rfc("8200", "4.5")
@rule("UL-5")
class Overlap(ReassemblyTest):
    """Fragments that overlap end their packet, those to come included; nobody is told."""

    def runTest(self) -> None:
        inner = craft.ip6(IN6, OUT6, craft.udp(bytes(800)))
        first, last = self.pieces(DT46, inner, wire.IPV6, 400)
        overlapping = craft.ip6(
            HOST,
            DT46,
            craft.fragment(
                bytes(inner)[392:],
                offset=49,
                more=False,
                ident=int.from_bytes(bytes(first)[44:48], "big"),
                nh=wire.IPV6,
            ),
        )
        for piece in (first, overlapping, first, last):
            self.send(1, piece)
        self.expect_nothing()
        self.expect_sid_counter(f"{DT46}/64", packets=0, errors=0)


@behaviours("Reassembly", "End.DT46")
@rfc("8200", "4.5")
@rule("UL-5")
class Malformed(ReassemblyTest):
    """A length that is no multiple of 8, and more to come: Parameter Problem at the Payload Length. More than 65535 in
    all: at the Fragment Offset. Not all headers in the first one: code 3."""

    def runTest(self) -> None:
        def piece(data: bytes, offset: int, more: bool) -> Any:
            return craft.ip6(HOST, DT46, craft.fragment(data, offset=offset, more=more, nh=wire.IPV6))

        for packet, code, pointer in (
            (piece(bytes(1001), 0, True), 0, 4),
            (piece(bytes(64), 8190, False), 0, 42),
            (piece(bytes(32), 0, True), 3, 0),
        ):
            self.send(1, packet)
            self.expect_icmp6(1, 4, code, pointer, packet, src=OURS)
        self.expect_nothing()


@behaviours("Reassembly", "End.DT46")
@rule("UL-5")
class WithATag(ReassemblyTest):
    """Fragments of a VLAN interface: the whole goes on as if it had come by it."""

    def runTest(self) -> None:
        inner = craft.ip6(IN6, OUT6, craft.udp(bytes(800)))
        for piece in self.pieces(DT46, inner, wire.IPV6, 400):
            self.send(1, piece, vlan=0)
        self.expect_only(2, wire.hop(inner))


@behaviours("Reassembly", "End.DT46")
@rule("UL-5")
class RateLimited(ReassemblyTest):
    """What is over the rate of its port is dropped."""

    config: dict[str, Any] = {"reassembly": True, "limits": {"reassembly": {"rate": 1, "burst": 2}}}  # noqa: RUF012

    def runTest(self) -> None:
        inner = craft.ip6(IN6, OUT6, craft.udp(bytes(800)))
        for piece in self.pieces(DT46, inner, wire.IPV6, 200, 400, 600):
            self.send(1, piece)
        self.expect_nothing()
        self.expect_drop("PUNT_RATE_LIMITED", 2)


@behaviours("Reassembly", "End.DT46")
@rule("UL-5")
class TooLong(ReassemblyTest):
    """A packet that is longer than the node says is given up."""

    config: dict[str, Any] = {"reassembly": {"size": 1500}}  # noqa: RUF012

    def runTest(self) -> None:
        inner = craft.ip6(IN6, OUT6, craft.udp(bytes(1500)))
        for piece in self.pieces(DT46, inner, wire.IPV6, 800):
            self.send(1, piece)
        self.expect_nothing()
