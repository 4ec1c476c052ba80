# SPDX-License-Identifier: Apache-2.0
"""The harness itself, seen from both sides: a test in ptf's own idiom, and one in that of this project."""

from ptf import testutils
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import Ether

from srv6_base import Srv6Test, craft, rfc, wire

BEHAVIOURS = ("IPv6 router",)


class Forwarding(Srv6Test):
    """A route, and nothing else."""

    def setUp(self) -> None:
        super().setUp()
        self.node(routes=[{"prefix": "2001:db8:99::/64", "via": "2001:db8:2::2"}])


@rfc("8200", "3")
class PtfIdiom(Forwarding):
    """ptf.testutils on ptf's own data plane: send_packet, verify_packet, verify_no_other_packets."""

    strict = False  # the frames are taken from ptf's queue

    def runTest(self) -> None:
        packet = IPv6(src="2001:db8:1::2", dst="2001:db8:99::1", hlim=64) / ICMPv6EchoRequest()
        self.dataplane.flush()
        testutils.send_packet(self, 1, Ether(src=self.neighbor_mac(1), dst=self.mac(1)) / packet)
        packet.hlim = 63
        testutils.verify_packet(self, Ether(src=self.mac(2), dst=self.neighbor_mac(2)) / packet, 2)
        testutils.verify_no_other_packets(self, timeout=0.01)


@rfc("8200", "3")
class SameWithExpect(Forwarding):
    """The same packet with send and expect, and its counters."""

    def runTest(self) -> None:
        packet = craft.ip6("2001:db8:1::2", "2001:db8:99::1", craft.echo_request())
        self.send(1, packet)
        self.expect_only(2, wire.hop(packet))
        self.expect_no_drop()
        assert self.port_counter(2).packets == 1


@rfc("8200", "3")
@rfc("4443", "3.3")
class ControllerAnswers(Forwarding):
    """Hop limit 1: the answer of the controller has arrived when expect looks for it."""

    def runTest(self) -> None:
        packet = craft.ip6("2001:db8:1::2", "2001:db8:99::1", craft.udp(), hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        self.expect_drop("HOP_LIMIT_EXCEEDED")
        assert self.punts() == {"HOP_LIMIT_EXCEEDED": 1}
