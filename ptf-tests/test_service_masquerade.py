# SPDX-License-Identifier: Apache-2.0
"""End.AM: the service gets the packet with its SRH, masqueraded (draft-xuclad-spring-sr-service-programming-01 6.4)."""

from __future__ import annotations

from typing import Any

from service_base import AM, AM_NAT, AM_OLD, HOST, INNER6, LAST, NEXT, ServiceTest, chain

from srv6_base import behaviours, craft, rule, wire

SERVICES: list[dict[str, Any]] = [
    {"name": "ids", "proxy": "masquerading", "via": "2001:db8:3::2", "in": 4},
    {"name": "old", "proxy": "masquerading", "sl-at": "de-masquerade", "psp": True, "via": "2001:db8:5::2"},
    {"name": "nat", "proxy": "masquerading", "nat": True, "via": "2001:db8:6::2"},
]
SIDS = {AM: ("End.AM", "ids"), AM_OLD: ("End.AM", "old"), AM_NAT: ("End.AM", "nat")}
UDP = craft.udp(b"payload")
OTHER = "fcbb:bb00:9:d7::"


def to(packet: Any, address: str) -> wire.Part:
    """A packet with another destination."""
    octets = bytes(packet)
    return wire.Part(octets[:24] + wire.v6(address) + octets[40:], wire.IPV6)


def with_list0(packet: Any, address: str) -> wire.Part:
    octets = bytes(packet)
    return wire.Part(octets[:48] + wire.v6(address) + octets[64:], wire.IPV6)


class MasqueradeTest(ServiceTest):
    def setUp(self) -> None:
        super().setUp()
        self.services(SERVICES, SIDS)


@behaviours("End.AM")
@rule("PX-4")
class MovesOnBefore(MasqueradeTest):
    """Segments Left and hop limit at the masquerade (VPP, srext): the next segment stands in for it behind."""

    def runTest(self) -> None:
        others = [f"fcbb:bb00:f{number:03x}::" for number in range(1, 14)]
        for segments in ([LAST], [NEXT, LAST], [NEXT, OTHER, LAST], [*others, LAST]):
            packet = chain(AM, *segments, payload=INNER6, tag=71)
            moved = wire.advanced(packet)
            self.send(1, packet)
            self.expect_only(3, to(moved, LAST))
            self.send(4, bytes(to(moved, LAST)))
            self.expect_only(2, moved)
        self.expect_sid_counter(f"{AM}/64", packets=4)
        reduced = craft.srv6(HOST, wire.path(NEXT, LAST), segments_left=2, dst=AM, payload=UDP)
        self.send(1, reduced)
        self.expect_only(3, to(wire.advanced(reduced), LAST))
        self.send(4, bytes(to(wire.advanced(reduced), LAST)))
        self.expect_only(2, wire.advanced(reduced))
        self.expect_no_drop()


@behaviours("End.AM")
@rule("PX-4", "FLV-1")
class MovesOnBehind(MasqueradeTest):
    """The order of the drafts of 2018: an End run on what comes back, and PSP there."""

    def runTest(self) -> None:
        packet = chain(AM_OLD, NEXT, LAST, payload=UDP)
        self.send(1, packet)
        self.expect_only(5, to(packet, LAST))
        self.send(5, bytes(to(packet, LAST)))
        self.expect_only(2, wire.advanced(packet))
        packet = chain(AM_OLD, LAST, payload=UDP)
        self.send(1, packet)
        self.expect_only(5, to(packet, LAST))
        self.send(5, bytes(to(packet, LAST)))
        self.expect_only(2, wire.popped(wire.advanced(packet)))
        last = craft.srv6("2001:db8:5::2", wire.path(AM_OLD, LAST), segments_left=1, dst=LAST, payload=UDP, hl=1)
        self.send(5, last)
        self.expect_icmp6(5, 3, 0, 0, last)


@behaviours("End.AM")
@rule("PX-4")
class CapturedOrderOf2018(MasqueradeTest):
    """A capture of ebiken/p4srv6 (vtap1 to 3): destinations and Segments Left. There nobody but the service lowers the
    hop limit; here the End that runs behind it does."""

    def runTest(self) -> None:
        sid = "fd01::ff"
        routes = [{"prefix": prefix, "via": "2001:db8:2::2"} for prefix in ("fdfe::/16", "fdff::/16")]
        old = {"sid": sid, "behavior": "End.AM", "service": "old", "allow-outside-locator": True}
        self.services(SERVICES, {}, routes=routes, further=[old])
        echo = craft.echo_request()
        packet = craft.srv6("fd01::1", wire.path(sid, "fdfe::2", "fdff::4"), segments_left=2, payload=echo, fl=0x2B622)
        self.send(1, packet)
        self.expect_only(5, to(packet, "fdff::4"))
        back = wire.hop(to(packet, "fdff::4"))
        self.send(5, bytes(back))
        out = bytes(wire.hop(to(back, "fdfe::2")))
        self.expect_only(2, wire.Part(out[:43] + b"\x01" + out[44:], wire.IPV6))


@behaviours("End.AM")
@rule("PX-5")
class Nat(MasqueradeTest):
    """The last segment is what the service made of the destination, in the list as well."""

    def runTest(self) -> None:
        for segments in ([LAST], [NEXT, LAST], [NEXT, OTHER, LAST]):
            packet = chain(AM_NAT, *segments, payload=UDP)
            moved = wire.advanced(packet)
            self.send(1, packet)
            self.expect_only(6, to(moved, LAST))
            self.send(6, bytes(to(moved, OTHER)))
            translated = with_list0(moved, OTHER)
            self.expect_only(2, translated if len(segments) > 1 else to(translated, OTHER))


@behaviours("End.AM")
@rule("PX-4", "PX-10")
class NotToBeTrusted(MasqueradeTest):
    """Without a segment left, without SRH, to another destination, with bounds that are wrong: lost."""

    def runTest(self) -> None:
        for packet in (craft.ip6(HOST, AM, INNER6), chain(NEXT, AM, payload=UDP, left=0), craft.ip6(HOST, AM, UDP)):
            self.send(1, packet)
            self.expect_nothing()
            self.expect_drop("SERVICE_LAST_SEGMENT")
        moved = wire.advanced(chain(AM, NEXT, LAST, payload=UDP))
        whole = bytes(to(moved, LAST))
        for bad in (
            bytes(INNER6),
            bytes(to(moved, OTHER)),
            whole[:43] + b"\x09" + whole[44:],
            whole[:44] + b"\x09" + whole[45:],
            whole[:41] + b"\x20" + whole[42:],
        ):
            self.send(4, bad)
            self.expect_nothing()
            self.expect_drop("SERVICE_MASQUERADE")
        self.send(4, craft.ip4("192.0.2.1", "192.0.2.2", UDP))
        self.expect_nothing()
        self.expect_drop("SERVICE_TYPE")


@behaviours("End.AM")
@rule("PX-4", "END-3", "END-4")
class ErrorsOfTheSrh(MasqueradeTest):
    """As at End."""

    def runTest(self) -> None:
        packet = chain(AM, NEXT, payload=UDP, hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        packet = chain(AM, NEXT, payload=UDP, le=7)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, 43, packet)
