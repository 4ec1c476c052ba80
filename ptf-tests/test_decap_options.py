# SPDX-License-Identifier: Apache-2.0
"""What the outer header leaves to the packet inside: ECN (RFC 6040), and with ``uniform`` hop limit and DSCP (RFC 3443,
RFC 2983), at every behaviour that takes an IP packet out."""

from __future__ import annotations

from collections.abc import Iterator

from endpoint_base import (
    DECAPSULATING,
    FLAVORED,
    HOST,
    IN4,
    IN6,
    NEXT,
    OUT4,
    OUT6,
    TAKES4,
    TAKES6,
    TAKES_FRAMES,
    Endpoint,
    EndpointTest,
    for_each,
    plain,
)
from srv6_base import Frame, behaviours, craft, rfc, rule, wire

IP = (
    *(e for e in plain(DECAPSULATING) if e.behaviour not in TAKES_FRAMES),
    *(Endpoint(name, ("usd",)) for name in FLAVORED),
)
NOT_ECT, ECT_1, ECT_0, CE = range(4)
DSCP_IN, DSCP_OUT = 0x28 << 2, 0x0A << 2
#: RFC 6040 4.2, figure 4: inner (row) and outer ECN field (column, in the order of their numbers); None: dropped.
COMBINED = {
    NOT_ECT: (NOT_ECT, NOT_ECT, NOT_ECT, None),
    ECT_1: (ECT_1, ECT_1, ECT_1, CE),
    ECT_0: (ECT_0, ECT_1, ECT_0, CE),
    CE: (CE, CE, CE, CE),
}


class Decapsulates(EndpointTest):
    """A SID of the behaviour under test, with the options of the test, beside the one without."""

    def options(self, **options: str) -> None:
        """The node; ``optional`` is then a SID with these options."""
        config = {**self.endpoint.sid_config, **options, "sid": f"{self.optional}/64"}
        self.endpoints(sids=[config])

    optional = "fcbb:bb00:1:ddd0::"

    def families(self) -> tuple[int, ...]:
        name = self.endpoint.behaviour
        return tuple(v for v, taken in ((6, TAKES6), (4, TAKES4)) if name in FLAVORED or name in taken)

    @staticmethod
    def inner(version: int, tc: int = 0, hl: int = 64) -> craft.Packet:
        """An inner packet with this traffic class and hop limit."""
        if version == 6:
            return craft.ip6(IN6, OUT6, craft.udp(b"six"), tc=tc, hl=hl)
        return craft.ip4(IN4, OUT4, craft.udp(b"four"), tos=tc, ttl=hl, ident=9, options=bytes((1, 1, 1, 0)))

    def outers(self, sid: str, inner: craft.Packet, tc: int = 0, hl: int = 64) -> Iterator[craft.Packet]:
        """``inner`` inside a packet with this traffic class and hop limit, with and without an SRH."""
        yield craft.ip6(HOST, sid, inner, tc=tc, hl=hl)
        yield craft.ip6(HOST, sid, craft.srh([sid, NEXT], sl=0, payload=inner), tc=tc, hl=hl)


@for_each(IP)
@rfc("6040", "4.2")
@rule("DEC-8")
class CongestionOfTheTunnelIsPassedOn(Decapsulates):
    """All sixteen combinations of inner and outer ECN field, IPv6 and IPv4; DSCP and hop limit stay the inner ones."""

    def runTest(self) -> None:
        for version in self.families():
            lost = 0
            for inner_ecn, row in COMBINED.items():
                for outer_ecn, result in enumerate(row):
                    inner = self.inner(version, DSCP_IN | inner_ecn, hl=9)
                    for packet in self.outers(self.sid, inner, DSCP_OUT | outer_ecn, hl=7):
                        self.send(1, packet)
                        if result is None:
                            self.expect_nothing()
                            lost += 1
                        else:
                            self.expect_only(self.endpoint.exit, wire.hop(self.inner(version, DSCP_IN | result, hl=9)))
            self.expect_drop("CE_ON_NOT_ECT", lost)


@for_each(IP)
@rfc("6040", "4.2")
@rule("DEC-8")
class EcnOfTheInnerPacketIsKept(Decapsulates):
    """``ecn: keep``: the inner field stays in every combination, and nothing is dropped for it."""

    def runTest(self) -> None:
        self.options(ecn="keep")
        for version in self.families():
            for inner_ecn in COMBINED:
                inner = self.inner(version, DSCP_IN | inner_ecn)
                for outer_ecn in COMBINED:
                    self.send(1, craft.ip6(HOST, self.optional, inner, tc=DSCP_OUT | outer_ecn))
                    self.expect_only(self.endpoint.exit, wire.hop(inner))
        self.expect_no_drop()


@for_each(IP)
@rfc("2983", "4.2")
@rule("DEC-8")
class DscpOfTheTunnelGoesOn(Decapsulates):
    """``dscp: uniform``: the outer DSCP, and ECN combined as ever."""

    def runTest(self) -> None:
        self.options(dscp="uniform")
        for version in self.families():
            for inner_tc, outer_tc, result in (
                (DSCP_IN, DSCP_OUT, DSCP_OUT),
                (0, 0xFC, 0xFC),
                (0xFC, 0, 0),
                (DSCP_IN | ECT_0, DSCP_OUT, DSCP_OUT | ECT_0),
                (DSCP_IN | ECT_0, DSCP_OUT | CE, DSCP_OUT | CE),
            ):
                for packet in self.outers(self.optional, self.inner(version, inner_tc), outer_tc):
                    self.send(1, packet)
                    self.expect_only(self.endpoint.exit, wire.hop(self.inner(version, result)))
            self.send(1, craft.ip6(HOST, self.optional, self.inner(version, DSCP_IN), tc=DSCP_OUT | CE))
            self.expect_nothing()
            self.expect_drop("CE_ON_NOT_ECT")


@for_each(IP)
@rfc("3443", "3.1")
@rule("DEC-7")
class HopLimitOfTheTunnelGoesOn(Decapsulates):
    """``ttl: uniform``: the outer hop limit where it is lower, less one; where it is 1 or 0, Time Exceeded."""

    def runTest(self) -> None:
        self.options(ttl="uniform")
        for version in self.families():
            for inside, outside, result in ((64, 61, 61), (64, 64, 64), (9, 64, 9), (255, 2, 2), (2, 255, 2)):
                for packet in self.outers(self.optional, self.inner(version, hl=inside), hl=outside):
                    self.send(1, packet)
                    self.expect_only(self.endpoint.exit, wire.hop(self.inner(version, hl=result)))
            self.expect_no_drop()
            home, inner = self.endpoint.home, self.inner(version, hl=9)
            for outside in (0, 1):
                self.send(1, craft.ip6(HOST, self.optional, inner, hl=outside))
                expect = self.expect_icmp6 if version == 6 else self.expect_icmp4
                expect(home, 3 if version == 6 else 11, 0, 0, inner, src=self.endpoint.speaker(inner))
            self.expect_drop("HOP_LIMIT_EXCEEDED", 2)


@for_each(IP)
@rfc("3443", "3.1")
@rfc("2983", "4.2")
@rule("DEC-7", "DEC-8")
class AllOfTheTunnelGoesOn(Decapsulates):
    """All three options together, behind an extension header and with padding at the end."""

    def runTest(self) -> None:
        self.options(ttl="uniform", dscp="uniform", ecn="keep")
        for version in self.families():
            inner = self.inner(version, DSCP_IN | ECT_0, hl=50)
            packet = craft.ip6(HOST, self.optional, craft.dstopt(inner), tc=DSCP_OUT | CE, hl=33)
            self.send(1, Frame(bytes(self.frame_in(1, packet)) + bytes(7)))
            self.expect_only(self.endpoint.exit, wire.hop(self.inner(version, DSCP_OUT | ECT_0, hl=33)))


@behaviours("End.DX2", "End.DX2V")
@rfc("8986", "4.9")
@rule("DEC-9")
class CongestionIsNotWrittenIntoFrames(EndpointTest):
    """What a frame carries is not looked at: no ECN, nothing dropped."""

    endpoint = Endpoint("End.DX2")
    beside = (Endpoint("End.DX2V"),)

    def runTest(self) -> None:
        frame = craft.ether(
            craft.ip6(IN6, OUT6, craft.udp(b"inside")), dst="02:aa:00:00:00:01", src="02:aa:00:00:00:02"
        )
        for sid in (self.sid, Endpoint("End.DX2V").sid):
            self.send(1, craft.ip6(HOST, sid, frame, tc=CE))
            self.expect_only(5, Frame(frame))
        self.expect_no_drop()
