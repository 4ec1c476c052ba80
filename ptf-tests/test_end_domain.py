# SPDX-License-Identifier: Apache-2.0
"""The source filter of the SR domain (RFC 8754 5.1) at every behaviour. The filters as such: test_domain.py."""

from __future__ import annotations

from endpoint_base import EVERY, IN6, LAST, NEXT, Endpoint, EndpointTest, for_each
from srv6_base import behaviours, craft, rfc, rule, wire

BEHAVIOURS = ("SR domain filters",)
INSIDE, OUTSIDE = "fcbb:bb00:2:1::1", IN6  # both are sources that this router has routes to
DOMAIN = {"sid-block": ["fcbb:bb00::/32"], "sources": ["fcbb:bb00::/32", "2001:db8:1::/64"]}


class Filtered(EndpointTest):
    """The domain is known."""

    def setUp(self) -> None:
        super().setUp()
        self.endpoints(sr_domain=DOMAIN)


@for_each(EVERY)
@behaviours("SR domain filters")
@rfc("8754", "5.1.2")
@rule("SEC-1", "CNT-1")
class SourceOutsideDomain(Filtered):
    """A source outside the domain at a SID: dropped, whatever the packet is, and nobody is told."""

    def runTest(self) -> None:
        for payload in (
            craft.srh([LAST, NEXT], sl=1, payload=craft.udp()),
            craft.srh([LAST, NEXT], sl=9, payload=craft.udp()),
            craft.udp(),
            craft.echo_request(),
            craft.ip6(IN6, LAST, craft.udp()),
        ):
            for hl in (64, 1):
                self.send(1, craft.ip6(OUTSIDE, self.sid, payload, hl=hl))
        self.expect_nothing()
        self.expect_drop("SOURCE_NOT_IN_DOMAIN", 10)
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=10)
        self.send(1, craft.ip6(INSIDE, self.sid, craft.echo_request()))
        self.expect_only(2, wire.ip6(self.sid, INSIDE, wire.echo_reply(INSIDE, self.sid)))


@behaviours("SR domain filters", "End")
@rfc("8754", "5.1")
@rule("SEC-1", "END-10")
class SecondSidOfThisNode(Filtered):
    """A packet that a SID let in is not asked again at the next SID of this node."""

    def runTest(self) -> None:
        packet = self.packet([LAST, Endpoint("End").sid, Endpoint("End").sid], 2)
        self.send(1, packet)
        self.expect_only(2, wire.advanced(wire.advanced(packet)))
        self.expect_no_drop()
