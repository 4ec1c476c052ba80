# SPDX-License-Identifier: Apache-2.0
"""End.S: in search of a target in a table (draft-filsfils-spring-srv6-network-programming of 2018, 4.18; ES-1).

A packet comes in by port 1. What is found leaves by port 3, what goes on along its list by port 2.
"""

from __future__ import annotations

from srv6_base import Srv6Test, behaviours, craft, rule, wire

HOST = "2001:db8:1::2"
SID, OTHER = "fcbb:bb00:1:5::", "fcbb:bb00:1:6::"
NEXT = "fcbb:bb00:2::"
CONTENT, ELSEWHERE = "2001:db8:c::1", "2001:db8:d::1"
UDP = craft.udp(b"interest")


class SearchTest(Srv6Test):
    """A node that knows where ``CONTENT`` is."""

    profile = "services"

    def setUp(self) -> None:
        super().setUp()
        self.node(
            ports={3: {"mtu": 9000}},
            **{
                "search-tables": [
                    {"name": "content", "entries": [{"target": "2001:db8:c::/48", "via": "2001:db8:3::2"}]},
                    {"name": "other", "entries": [{"target": "2001:db8:d::/48", "via": "2001:db8:4::2"}]},
                ]
            },
            sids=[
                {"sid": f"{SID}/64", "behavior": "End.S", "table": "content"},
                {"sid": f"{OTHER}/64", "behavior": "End.S", "table": "other"},
            ],
            routes=[{"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:2::2"}],
        )


@behaviours("End.S")
@rule("ES-1")
class FoundInTheTable(SearchTest):
    """The last segment is in the table: the packet goes there, its destination and its SRH as they are."""

    def runTest(self) -> None:
        lists = (
            [CONTENT, SID],  # List[0] is the next segment
            [CONTENT, NEXT, SID],
            [CONTENT, *[NEXT] * 20, SID],
            [CONTENT, *[NEXT] * 124, SID],
        )
        for segments in lists:
            for more in ({}, {"tlvs": [craft.padn(4), craft.padn(4)]}):
                packet = craft.srv6(HOST, segments, segments_left=len(segments) - 1, payload=UDP, **more)
                self.send(1, packet)
                self.expect_only(3, wire.hop(packet))
        # Reduced: the SID itself is not in the list.
        packet = craft.srv6(HOST, [CONTENT, NEXT], segments_left=2, dst=SID, payload=UDP)
        self.send(1, packet)
        self.expect_only(3, wire.hop(packet))
        packet = craft.ip6(HOST, SID, craft.hbh(craft.srh([CONTENT, SID], sl=1, payload=UDP), b"\1\4" + bytes(4)))
        self.send(1, packet)
        self.expect_only(3, wire.hop(packet))
        self.expect_sid_counter(f"{SID}/64", packets=10)


@behaviours("End.S")
@rule("ES-1", "END-5")
class NotFoundIsEnd(SearchTest):
    """Not in the table of the SID: as End. Another table is another answer."""

    def runTest(self) -> None:
        for segments in ([NEXT, SID], [ELSEWHERE, NEXT, SID]):
            packet = craft.srv6(HOST, segments, segments_left=len(segments) - 1, payload=UDP)
            self.send(1, packet)
            self.expect_only(2, wire.advanced(packet))
        packet = craft.srv6(HOST, [ELSEWHERE, NEXT, OTHER], segments_left=2, payload=UDP)
        self.send(1, packet)
        self.expect_only(4, wire.hop(packet))


@behaviours("End.S")
@rule("ES-1")
class ExhaustedSrh(SearchTest):
    """Segments Left 0: dropped, whatever the list says, and nobody is told."""

    def runTest(self) -> None:
        for segments in ([CONTENT], [SID], [NEXT, SID]):
            self.send(1, craft.srv6(HOST, segments, segments_left=0, dst=SID, payload=UDP))
            self.expect_drop("NO_TARGET")
        srh = craft.srh([SID], sl=0, payload=UDP)
        self.send(1, craft.ip6(HOST, SID, craft.dstopt(srh, b"\1\4" + bytes(4))))
        self.expect_drop("NO_TARGET")
        self.expect_sid_counter(f"{SID}/64", packets=0, errors=4)


@behaviours("End.S")
@rule("ES-1", "END-2", "END-8")
class WithoutSrh(SearchTest):
    """As End: the upper layer, a ping is answered, anything else is an error."""

    def runTest(self) -> None:
        request = craft.ip6(HOST, SID, craft.echo_request())
        self.send(1, request)
        self.expect_only(1, wire.ip6(SID, HOST, wire.echo_reply(SID, HOST)))
        packet = craft.ip6(HOST, SID, UDP)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 4, 40, packet)
        self.expect_drop("UPPER_LAYER")


@behaviours("End.S")
@rule("ES-1", "END-3", "END-4", "END-17")
class ErrorsOfTheSrh(SearchTest):
    """An SRH that End refuses is not searched; a hop limit that is used up ends the way to the target, too."""

    def runTest(self) -> None:
        for segments in ([CONTENT, SID], [NEXT, SID]):
            packet = craft.srv6(HOST, segments, segments_left=1, payload=UDP, hl=1)
            self.send(1, packet)
            self.expect_icmp6(1, 3, 0, 0, packet)
            self.expect_drop("HOP_LIMIT_EXCEEDED")
        for left, le in ((3, 1), (1, 2)):
            packet = craft.srv6(HOST, [CONTENT, SID], segments_left=left, le=le, dst=SID, payload=UDP)
            self.send(1, packet)
            self.expect_icmp6(1, 4, 0, 43, packet)
            self.expect_drop("SRH_SEGMENTS_LEFT")
        self.expect_sid_counter(f"{SID}/64", packets=0, errors=4)
