# SPDX-License-Identifier: Apache-2.0
"""Who floods loses his own packets: limits of each port to the control plane, of SIDs that one packet meets, and of
passes (RFC 4443 2.4 f, RFC 6583 6, RFC 6192; END-10)."""

from __future__ import annotations

from typing import Any

from neighbor_base import multicast_mac, solicitation, solicited_node
from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire
from srv6cp.model import PuntReason

BEHAVIOURS = ("Packet-in and packet-out",)
END, DT46 = "fcbb:bb00:1:e000::", "fcbb:bb00:1:d46::"
FAR = "2001:db8:f::1"
ROUTES = ({"prefix": "2001:db8:f::/48", "via": "2001:db8:3::2"},)


class Limited(Srv6Test):
    """Hosts N behind ports N."""

    def ping(self, port: int, count: int, own: str = "") -> None:
        for _ in range(count):
            self.send(port, craft.ip6(host(port), own or router(port), craft.echo_request()))

    def pongs(self, port: int, count: int, own: str = "") -> None:
        __tracebackhide__ = True
        own = own or router(port)
        for _ in range(count):
            self.expect(port, wire.ip6(own, host(port), wire.echo_reply(own, host(port))))

    def through(self, visits: int, port: int = 1) -> None:
        """A packet that meets END so often and goes on to FAR; the next one comes when it is through."""
        self.send(port, packet(visits, port))
        self.router.settle()

    def left(self, visits: int, count: int = 1, port: int = 1) -> None:
        __tracebackhide__ = True
        expected: Any = packet(visits, port)
        for _ in range(visits):
            expected = wire.advanced(expected)
        for _ in range(count):
            self.expect(3, expected)


def host(port: int) -> str:
    return f"2001:db8:{port}::2"


def router(port: int) -> str:
    return f"2001:db8:{port}::1"


def packet(visits: int, port: int = 1) -> Any:
    return craft.srv6(host(port), [FAR, *(END,) * visits], segments_left=visits, payload=craft.udp(b"x"), hl=255)


@rfc("4443", "2.4")
class FloodOfPingsAtOnePort(Limited):
    """Ten of thirty pings at port 1 are answered, those at port 2 all; what was not is counted by port and reason."""

    def runTest(self) -> None:
        self.node(limits={"echo": {"rate": 1, "burst": 10}})
        self.ping(1, 30)
        self.ping(2, 10)
        passed = self.punts()["ECHO"] - 10
        assert 10 <= passed < 30, "a token more for each second that it took"
        self.pongs(1, passed)
        self.pongs(2, 10)
        self.expect_nothing()
        assert self.drops() == {"PUNT_RATE_LIMITED": 30 - passed}
        assert self.router.limited() == {(1, PuntReason.ECHO): 30 - passed}


@rfc("4861", "7.2.4")
class FloodOfPingsLeavesNeighborDiscovery(Limited):
    """At the port of the flood: solicitations, to the group and, by unicast, to a global address, have tokens of their
    own; so have ARP, errors and other packets to the node."""

    def runTest(self) -> None:
        self.node(routes=list(ROUTES), limits={"echo": {"rate": 1, "burst": 1}}, icmp={"rate": 1, "burst": 5})
        self.ping(1, 20)
        passed = self.punts()["ECHO"]
        self.pongs(1, passed)
        question = solicitation(host(1), router(1), self.neighbor_mac(1))
        group = multicast_mac(solicited_node(router(1)))
        self.send(1, craft.ether(question, dst=group, src=self.neighbor_mac(1)))
        self.send(1, solicitation(host(1), router(1), self.neighbor_mac(1), dst=router(1)))
        for _ in range(2):
            assert self.receive(1) is not None, "an advertisement"
        self.send(1, craft.ip6(host(1), router(1), craft.tcp(b"x")))
        late = craft.ip6(host(1), FAR, craft.udp(), hl=1)
        self.send(1, late)
        self.expect_icmp6(1, 3, 0, 0, late)
        assert self.punts() == {"ECHO": passed, "NDP": 2, "LOCAL": 1, "HOP_LIMIT_EXCEEDED": 1}, self.punts()


@rfc("1812", "4.3.3.6")
class PingOfIpv4HasTheSameLimitAsOfIpv6(Limited):
    """One bucket a port for both."""

    def runTest(self) -> None:
        self.node(limits={"echo": {"rate": 1, "burst": 4}})
        for _ in range(10):
            self.send(1, craft.ip4("10.0.1.2", "10.0.1.1", craft.icmp4(8, 0, bytes(8))))
        self.ping(1, 10)
        passed = self.punts()["ECHO"]
        assert 4 <= passed < 20
        while self.receive(1) is not None:
            pass
        assert self.router.limited() == {(1, PuntReason.ECHO): 20 - passed}


@rule("END-10")
class ALaterPassIsChargedToThePortThatThePacketCameBy(Limited):
    """A ping that goes by a SID of this node first: it is port 2's, not that of the recirculation."""

    def runTest(self) -> None:
        sids = [{"sid": f"{END}/64", "behavior": "End"}]
        self.node(sids=sids, limits={"local": {"rate": 1, "burst": 3}})
        for _ in range(9):
            self.send(2, craft.srv6(host(2), [router(1), END], segments_left=1, payload=craft.tcp(b"x")))
        passed = self.punts()["LOCAL"]
        assert 3 <= passed < 9
        assert self.router.limited() == {(2, PuntReason.LOCAL): 9 - passed}


@rfc("8986", "4.1")
@rule("END-10")
class SixteenVisitsAndNoMore(Limited):
    """The default: a packet meets 16 SIDs of one node; at the 17th it is dropped, for a reason of its own."""

    def runTest(self) -> None:
        self.node(sids=[{"sid": f"{END}/64", "behavior": "End"}], routes=list(ROUTES))
        self.through(16)
        self.left(16)
        self.expect_no_drop()
        self.through(17)
        self.expect_nothing()
        self.expect_drop("SID_VISIT_LIMIT")


@rfc("8986", "4.1")
@rule("END-10")
class VisitsAsTheNodeFileSays(Limited):
    """``sid-visits``: from two to 128, which is more than a list has room for."""

    def runTest(self) -> None:
        for limit in (2, 40, 128):
            self.node(sids=[{"sid": f"{END}/64", "behavior": "End"}], routes=list(ROUTES), limits={"sid-visits": limit})
            most = min(limit, 80)
            self.through(most)
            self.left(most)
            self.expect_no_drop()
        self.node(sids=[{"sid": f"{END}/64", "behavior": "End"}], routes=list(ROUTES), limits={"sid-visits": 40})
        self.through(41)
        self.expect_nothing()
        self.expect_drop("SID_VISIT_LIMIT")


@rfc("8986", "4.8")
@behaviours("End.DT46")
class NestedTunnelsAreVisits(Limited):
    """Sixteen packets inside each other, all to End.DT46, are opened; of twenty the seventeenth is not."""

    def runTest(self) -> None:
        self.node(sids=[{"sid": f"{DT46}/64", "behavior": "End.DT46", "vrf": "default"}], routes=list(ROUTES))
        inner = craft.ip6(host(1), FAR, craft.udp(b"x"))
        for layers in (16, 20):
            nested = inner
            for _ in range(layers):
                nested = craft.ip6(host(1), DT46, nested)
            self.send(1, nested)
        self.expect(3, wire.hop(inner))
        self.expect_nothing()
        self.expect_drop("SID_VISIT_LIMIT")


@rule("END-10")
class PassesHaveABudgetOfEachPort(Limited):
    """What comes after a second visit takes tokens of the port that the packet came by: three of six visits' four
    each are within a burst of twelve; port 2 has its own, and packets of two visits need none."""

    def runTest(self) -> None:
        self.node(
            sids=[{"sid": f"{END}/64", "behavior": "End"}],
            routes=list(ROUTES),
            limits={"passes": {"rate": 1, "burst": 12}},
        )
        for _ in range(12):
            self.through(6)
        lost = self.drops().get("PASS_BUDGET", 0)
        assert self.drops() == {"PASS_BUDGET": lost}
        assert 0 < lost <= 12 - 3, lost
        assert self.router.limited() == {(1, PuntReason.NONE): lost}
        self.left(6, 12 - lost)
        for _ in range(3):
            self.through(6, port=2)
        self.left(6, 3, port=2)
        for _ in range(30):
            self.through(2)
        self.left(2, 30)
        assert self.drops() == {"PASS_BUDGET": lost}
