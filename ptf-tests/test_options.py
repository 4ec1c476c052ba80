# SPDX-License-Identifier: Apache-2.0
"""Unknown options at a destination (RFC 8200 4.2): the first two bits of the type say whether they are skipped. And the
Authentication Header, which nobody here verifies."""

from __future__ import annotations

from collections.abc import Callable

from endpoint_base import (
    ADVANCING,
    DECAPSULATING,
    ENCAPS,
    FLAVORED,
    HOST,
    IN6,
    LAST,
    NEXT,
    OUT6,
    EndpointTest,
    for_each,
    plain,
)
from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire

SKIP, DISCARD, REPORT, REPORT_UNICAST = 0x1E, 0x5E, 0x9E, 0xDE  # types for experiments (RFC 4727 3.2)
Header = Callable[..., craft.Packet]


def option(kind: int, length: int = 4) -> bytes:
    """An option with ``length`` octets of data."""
    return bytes((kind, length)) + bytes(length)


PADN = bytes((1, 0))


@for_each(plain(ADVANCING + DECAPSULATING))
@rfc("8200", "4.2")
@rule("END-2", "DEC-2")
class UnknownOptionAtASid(EndpointTest):
    """In Hop-by-Hop and Destination Options, in front of an SRH or without one, at every behaviour: 00 skipped, 01
    discarded, 10 and 11 Parameter Problem code 2 at the option."""

    def options(self, *stacked: tuple[Header, bytes]) -> craft.Packet:
        """A packet that the SID would process, with these headers in front of what it looks at."""
        packet: craft.Packet = (
            craft.srh([LAST, NEXT], sl=1, payload=craft.udp(b"data"))
            if self.endpoint.behaviour in ADVANCING
            else craft.raw(b"frame", wire.ETHERNET)
        )
        for header, options in reversed(stacked):
            packet = header(packet, options)
        return craft.ip6(HOST, self.sid, packet)

    def discarded(self, packet: craft.Packet) -> None:
        self.send(1, packet)
        self.expect_nothing()
        self.expect_drop("OPTION")

    def reported(self, packet: craft.Packet, pointer: int) -> None:
        self.send(1, packet)
        self.expect_icmp6(1, 4, 2, pointer, packet)
        self.expect_nothing()
        self.expect_drop("OPTION")

    def runTest(self) -> None:
        for header in (craft.hbh, craft.dstopt):
            self.discarded(self.options((header, option(DISCARD))))
            self.reported(self.options((header, option(REPORT))), 42)
            self.reported(self.options((header, option(REPORT_UNICAST))), 42)
        # behind others: Pad1, PadN, an option that is skipped; in a second header
        self.reported(self.options((craft.dstopt, bytes(2) + option(REPORT, 2))), 44)
        self.reported(self.options((craft.dstopt, option(1, 1) + option(REPORT, 1))), 45)
        self.reported(self.options((craft.dstopt, option(SKIP, 6) + option(REPORT, 4))), 50)
        self.reported(self.options((craft.hbh, option(SKIP)), (craft.dstopt, option(REPORT))), 50)
        self.reported(self.options((craft.hbh, option(SKIP, 28)), (craft.dstopt, option(REPORT))), 74)
        # one that runs past its header
        self.discarded(self.options((craft.dstopt, bytes((SKIP, 5)) + bytes(4))))
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=12)


@for_each(plain(FLAVORED + ENCAPS))
@rfc("8200", "4.2")
@rule("END-2", "END-13")
class SkippedOptionsAtASid(EndpointTest):
    """Padding and options whose type begins with 00 hinder nothing, in any number that is looked at; nor does what
    stands behind an SRH with segments left, which is for another destination."""

    def runTest(self) -> None:
        for options in (
            b"",
            bytes(6),
            PADN * 3,
            option(SKIP),
            option(SKIP, 0) * 3,
            bytes(1) + option(SKIP, 3),
            option(SKIP, 12),
            option(SKIP, 10) + PADN,
            option(5, 2) + PADN + option(SKIP, 6),  # Router Alert
            PADN + option(0x31, 26),  # IOAM
            option(0x32, 36),
            option(SKIP, 100) + bytes(0),
            option(SKIP, 252),
        ):
            for header in (craft.hbh, craft.dstopt):
                srh = craft.srh([LAST, NEXT], sl=1, payload=craft.udp(b"data"))
                packet = craft.ip6(HOST, self.sid, header(srh, options))
                self.send(1, packet)
                at = 40 + len(bytes(header(craft.udp(), options))) - len(bytes(craft.udp()))
                self.expect_only(self.endpoint.exit, self.endpoint.carried(packet, at))
                self.expect_no_drop()
        packet = self.packet([LAST, NEXT], 1, craft.dstopt(craft.udp(), option(REPORT)))
        self.send(1, packet)
        self.expect_only(self.endpoint.exit, self.endpoint.carried(packet))


@behaviours("End")
@rfc("8200", "4.2")
@rule("END-2", "END-10")
class MoreOptionsThanTheSwitchWalks(EndpointTest):
    """An option that begins behind the first 16 octets of its header is not skipped unseen: the control plane looks,
    and the packet goes on, is discarded, or is reported. At a second SID of the node it looks again; from a VLAN the
    packet comes back into it."""

    def packet_with(self, last: bytes, segments: list[str]) -> craft.Packet:
        options = option(SKIP, 6) + option(SKIP, 6) + last + option(1, 4)
        srh = craft.srh(segments, sl=len(segments), payload=craft.udp())
        return craft.ip6(HOST, self.sid, craft.dstopt(srh, options))

    def runTest(self) -> None:
        packet = self.packet_with(option(SKIP, 6), [LAST])
        self.send(1, packet)
        self.expect_only(2, wire.advanced(packet, 40 + 32))
        self.expect_drop("OPTION")  # the first time
        packet = self.packet_with(option(DISCARD, 6), [LAST])
        self.send(1, packet)
        self.expect_nothing()
        self.expect_drop("OPTION")
        packet = self.packet_with(option(REPORT, 6), [LAST])
        self.send(1, packet)
        self.expect_icmp6(1, 4, 2, 58, packet)
        self.expect_drop("OPTION")
        packet = self.packet_with(option(SKIP, 6), [LAST, self.sid])
        self.send(1, packet)
        self.expect_only(2, wire.advanced(wire.advanced(packet, 40 + 32), 40 + 32))
        self.expect_drop("OPTION", 2)
        packet = self.packet_with(option(SKIP, 6), [LAST])
        self.send(1, packet, vlan=100)
        self.expect_only(2, wire.advanced(packet, 40 + 32))
        assert self.punts() == {"OPTION": 6}


@behaviours("End", "VLAN")
@rfc("8200", "4.2")
@rule("END-16", "END-10")
class UnknownOptionBehindAnExhaustedSrh(EndpointTest):
    """Destination Options behind an SRH with nothing left are for this node; at its second SID the error quotes the
    packet as it came there; from a VLAN it goes back into it."""

    def runTest(self) -> None:
        packet = self.packet([self.sid], 0, craft.dstopt(craft.udp(), option(REPORT)))
        self.send(1, packet)
        self.expect_icmp6(1, 4, 2, 40 + 24 + 2, packet)
        self.expect_drop("OPTION")
        packet = self.packet([self.sid, self.sid], 1, craft.dstopt(craft.udp(), option(REPORT_UNICAST)))
        self.send(1, packet)
        self.expect_icmp6(1, 4, 2, 40 + 40 + 2, wire.advanced(packet))
        self.expect_drop("OPTION")
        packet = craft.ip6("2001:db8:100::2", self.sid, craft.dstopt(craft.udp(), option(REPORT)))
        self.send(1, packet, vlan=100)
        self.expect(1, self.icmp6_error(4, 2, 42, bytes(packet), src="2001:db8:100::1"), vlan=100)


@behaviours("IPv6 router", "Transit")
@rfc("8200", "4")
@rule("END-15")
class UnknownOptionInTransit(EndpointTest):
    """Nobody but the destination minds."""

    def runTest(self) -> None:
        for header in (craft.hbh, craft.dstopt):
            packet = craft.ip6(HOST, OUT6, header(craft.udp(), option(REPORT)))
            self.send(1, packet)
            self.expect_only(2, wire.hop(packet))


@behaviours("Ping and traceroute")
@rfc("8200", "4.2")
@rfc("4443", "3.4", "4.2")
class UnknownOptionInAPing(Srv6Test):
    """Pings to an own address: the same; link-local too."""

    def runTest(self) -> None:
        self.node()
        own = "2001:db8:1::1"
        for header in (craft.hbh, craft.dstopt):
            for kind, reported in ((SKIP, None), (DISCARD, False), (REPORT, True), (REPORT_UNICAST, True)):
                packet = craft.ip6(HOST, own, header(craft.echo_request(), option(kind)))
                self.send(1, packet)
                if reported is None:
                    self.expect(1, wire.ip6(own, HOST, wire.echo_reply(own, HOST)))
                elif reported:
                    self.expect_icmp6(1, 4, 2, 42, packet)
                self.expect_nothing()


@behaviours("IPv6 router", "Steering")
@rfc("8200", "4.1", "4.2")
@rfc("8754", "4.3.2")
@rule("END-14")
class UnknownOptionInFrontOfAnSrhAtAnOwnAddress(EndpointTest):
    """Headers are processed in their order: the option is reported, not the segments left behind it; with options that
    hinder nothing, however many, the segments are. A policy of the port takes neither."""

    def runTest(self) -> None:
        own = "2001:db8:1::1"
        policy = {"name": "single", "segments": [NEXT]}
        for config in ({}, {"policies": [policy], "steering": [{"port": 1, "policy": "single"}], "sids": []}):
            self.node(routes=[{"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:2::2"}], **config)
            for options, code, pointer in (
                (option(REPORT), 2, 42),
                (option(SKIP), 0, 50),
                (option(SKIP, 20) + option(SKIP, 6), 0, 74),
                (option(SKIP, 20) + option(REPORT, 6), 2, 64),
            ):
                packet = craft.ip6(HOST, own, craft.dstopt(craft.srh([LAST, NEXT], sl=1, payload=craft.udp()), options))
                self.send(1, packet)
                self.expect_icmp6(1, 4, code, pointer, packet)
                self.expect_nothing()


# --- Authentication Header ---------------------------------------------------------------------------------------


@for_each(plain(ADVANCING + DECAPSULATING))
@rfc("4302", "3.4")
@rule("END-2", "DEC-2")
class AuthenticationHeaderAtASid(EndpointTest):
    """An Authentication Header is not skipped unverified: in front of an SRH or of what is inside, dropped."""

    def runTest(self) -> None:
        inner = craft.ip6(IN6, OUT6, craft.udp())
        count = 0
        for behind in (
            craft.srh([LAST, NEXT], sl=1, payload=craft.udp()),
            inner,
            craft.srh([NEXT], sl=0, payload=inner),
        ):
            for packet in (
                craft.auth(behind),
                craft.hbh(craft.auth(behind)),
                craft.srh([NEXT], sl=0, payload=craft.auth(behind)),
            ):
                self.send(1, craft.ip6(HOST, self.sid, packet))
                self.expect_nothing()
                self.expect_drop("AUTHENTICATION_HEADER")
                count += 1
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=count)


@behaviours("End", "Transit")
@rfc("4302", "3.1")
@rule("END-13", "END-15")
class AuthenticationHeaderOfOthers(EndpointTest):
    """Behind an SRH with segments left, and in transit, it is another's to verify."""

    def runTest(self) -> None:
        packet = self.packet([LAST, NEXT], 1, craft.auth(craft.udp()))
        self.send(1, packet)
        self.expect_only(2, wire.advanced(packet))
        packet = craft.ip6(HOST, OUT6, craft.auth(craft.udp()))
        self.send(1, packet)
        self.expect_only(2, wire.hop(packet))


@behaviours("Ping and traceroute")
@rfc("4302", "3.4")
class AuthenticationHeaderInAPing(Srv6Test):
    """Nor does the node answer what is behind one."""

    def runTest(self) -> None:
        self.node()
        self.send(1, craft.ip6(HOST, "2001:db8:1::1", craft.auth(craft.echo_request())))
        self.expect_nothing()
