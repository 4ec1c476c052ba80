# SPDX-License-Identifier: Apache-2.0
"""Neighbour Discovery (RFC 4861) and duplicate address detection (RFC 4862): what the router answers, and how
it finds the neighbours that packets wait for."""

from __future__ import annotations

from neighbor_base import (
    ALL_NODES,
    OVERRIDE,
    ROUTER,
    SOLICITED,
    NeighborTest,
    advertisement,
    expected_advertisement,
    expected_solicitation,
    link_local,
    multicast_mac,
    option,
    solicitation,
    solicited_node,
)
from srv6_base import craft, rfc, rule, wire

BEHAVIOURS = ("IPv6 router",)
HOST = "2001:db8:1::2"


class Answers(NeighborTest):
    """Solicitations into port 1."""

    def setUp(self) -> None:
        super().setUp()
        self.node(ports={1: {"addresses": ["2001:db8:1::1/64", "2001:db8:1:1::77/64", "10.0.1.1/24"]}})

    def answered(
        self, target: str, question: craft.Packet, to: str = HOST, flags: int = ROUTER | SOLICITED | OVERRIDE
    ) -> None:
        __tracebackhide__ = True
        self.send(1, question)
        answer = expected_advertisement(target, to, self.mac(1), flags)
        self.expect_only(1, wire.ether(answer, dst=self.neighbor_mac(1), src=self.mac(1)))

    def silent(self, question: craft.Packet) -> None:
        __tracebackhide__ = True
        self.send(1, question)
        self.expect_nothing()


@rfc("4861", "7.2.4")
class SolicitationIsAnswered(Answers):
    """Each address of the interface, the link-local one too: solicited, override, router; from the target,
    hop limit 255."""

    def runTest(self) -> None:
        for target in ("2001:db8:1::1", "2001:db8:1:1::77", link_local(self.mac(1))):
            self.answered(target, self.to_group(1, solicitation(HOST, target, self.neighbor_mac(1))))
            self.answered(target, solicitation(HOST, target, self.neighbor_mac(1), dst=target))
            self.answered(target, solicitation(HOST, target, None, dst=target))
            self.answered(target, self.to_group(1, solicitation("fe80::2", target, self.neighbor_mac(1))), "fe80::2")
        self.expect_no_drop()


@rfc("4861", "7.1.1")
class NeighborWithoutAMac(Answers):
    """Nobody has MAC address 0, a group's or the router's own: no answer goes there, and packets for such a neighbour
    ask for it as before."""

    def runTest(self) -> None:
        for mac in ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", self.mac(1)):
            self.silent(self.to_group(1, solicitation("2001:db8:1::9", "2001:db8:1::1", mac)))
        self.send(2, craft.ip6("2001:db8:2::2", "2001:db8:1::9", craft.udp()))
        question = expected_solicitation("2001:db8:1::1", "2001:db8:1::9", self.mac(1))
        self.expect_only(1, wire.ether(question, dst=multicast_mac(solicited_node("2001:db8:1::9")), src=self.mac(1)))


@rfc("4861", "7.2.4")
class UnknownOptionsAreSkipped(Answers):
    """Options of other types beside the link-layer address (a nonce, RFC 3971)."""

    def runTest(self) -> None:
        question = solicitation(HOST, "2001:db8:1::1", self.neighbor_mac(1), options=b"\x0e\x01noncen")
        self.answered("2001:db8:1::1", self.to_group(1, question))


@rfc("4862", "5.4.3")
@rfc("4861", "7.2.4")
class DuplicateAddressDetection(Answers):
    """A solicitation from :: for an own address: advertised to all nodes, not solicited. For another:
    silence."""

    def runTest(self) -> None:
        for target in ("2001:db8:1::1", link_local(self.mac(1))):
            self.send(1, self.to_group(1, solicitation("::", target, None)))
            answer = expected_advertisement(target, ALL_NODES, self.mac(1), ROUTER | OVERRIDE)
            self.expect_only(1, wire.ether(answer, dst=multicast_mac(ALL_NODES), src=self.mac(1)))
        self.silent(self.to_group(1, solicitation("::", "2001:db8:1::5", None)))


@rfc("4861", "7.1.1")
class InvalidSolicitations(Answers):
    """Hop limit other than 255, code, checksum, length, option length 0, multicast target, options in a DAD:
    ignored."""

    def runTest(self) -> None:
        own, mac = "2001:db8:1::1", self.neighbor_mac(1)
        for question in (
            solicitation(HOST, own, mac, hl=254),
            solicitation(HOST, own, mac, hl=64),
            solicitation(HOST, own, mac, code=1),
            solicitation(HOST, own, mac, csum=0xBAD),
            solicitation(HOST, own, mac, options=bytes(8)),
            solicitation("::", own, mac),
        ):
            self.silent(self.to_group(1, question))
        self.silent(self.to_group(1, solicitation(HOST, "ff02::1:ff00:1", mac, dst=solicited_node(own))))
        short = craft.icmp6(135, 0, bytes(4) + wire.v6(own)[:12])
        self.silent(self.to_group(1, craft.ip6(HOST, solicited_node(own), short, hl=255)))
        self.silent(solicitation("::", own, None, dst=own))
        self.answered(own, self.to_group(1, solicitation(HOST, own, mac)))


@rfc("4861", "7.2.3")
class NotOurs(Answers):
    """Other hosts' addresses, those of other interfaces, SIDs: no answer (nobody proxies here)."""

    def runTest(self) -> None:
        for target in (
            HOST,
            "2001:db8:1::9",
            "2001:db8:2::1",
            "fcbb:bb00:1::1",
            link_local(self.mac(2)),
            "2001:db8:99::1",
        ):
            self.silent(self.to_group(1, solicitation(HOST, target, self.neighbor_mac(1))))


@rfc("4861", "6.2.6")
class RouterDiscovery(Answers):
    """The router sends no advertisements of itself: solicitations for it and other routers' advertisements
    are read only."""

    def runTest(self) -> None:
        body = bytes(4) + option(1, self.neighbor_mac(1))
        self.silent(self.to_group(1, craft.ip6("fe80::2", "ff02::2", craft.icmp6(133, 0, body), hl=255)))
        body = bytes(12) + option(1, self.neighbor_mac(1))
        self.silent(self.to_group(1, craft.ip6("fe80::2", "ff02::1", craft.icmp6(134, 0, body), hl=255)))


# --- looking for neighbours -----------------------------------------------------------------------------------

OUT = "2001:db8:2::2"


def packet(dst: str = OUT, data: bytes = b"data", **fields: int) -> craft.Packet:
    """From behind port 1."""
    return craft.ip6(HOST, dst, craft.udp(data), **fields)


@rfc("4861", "7.2.2")
class ConnectedNeighborIsAskedFor(NeighborTest):
    """A packet to a host on a connected prefix: one solicitation, then the packet, then packets without a
    question."""

    def runTest(self) -> None:
        self.unresolved()
        self.send(1, packet())
        self.expect_solicitation(2, OUT)
        self.expect_nothing()
        self.expect_drop("NEIGHBOR_UNRESOLVED")  # until somebody sends it again
        self.advertise(2, OUT, "2001:db8:2::1")
        self.expect_only(2, wire.hop(packet()))
        for data in (b"a", b"b"):
            self.send(1, packet(data=data))
            self.expect_only(2, wire.hop(packet(data=data)))
        self.expect_no_drop()


@rfc("4861", "7.2.2")
class QueueOfThree(NeighborTest):
    """Packets wait in order; when the queue is full the oldest gives way. One question for all."""

    def runTest(self) -> None:
        self.unresolved()
        for number in range(5):
            self.send(1, packet(data=bytes((number,))))
        self.expect_solicitation(2, OUT)
        self.expect_nothing()
        self.advertise(2, OUT, "2001:db8:2::1")
        for number in (2, 3, 4):
            self.expect(2, wire.hop(packet(data=bytes((number,)))))
        self.expect_nothing()


@rfc("4861", "7.2.2")
class RetransmissionAndFailure(NeighborTest):
    """Three solicitations a second apart; then the packets that wait are answered with address unreachable."""

    def runTest(self) -> None:
        self.unresolved()
        waiting = [packet(data=b"one"), packet(data=b"two")]
        for one in waiting:
            self.send(1, one)
        self.expect_solicitation(2, OUT)
        for after in (1.1, 2.2):
            self.later(after)
            self.expect_solicitation(2, OUT)
            self.expect_nothing()
        self.later(3.3)
        self.answer_from_port_1(waiting)
        # a new packet is a new question
        self.send(1, packet(data=b"three"))
        self.expect_solicitation(2, OUT)
        self.advertise(2, OUT, "2001:db8:2::1")
        self.expect_only(2, wire.hop(packet(data=b"three")))

    def answer_from_port_1(self, waiting: list[craft.Packet]) -> None:
        """The errors go to a host on port 1 that has to be found, too."""
        self.expect_solicitation(1, HOST)
        self.advertise(1, HOST, "2001:db8:1::1")
        for one in waiting:
            self.expect(1, self.icmp6_error(1, 3, 0, one, src="2001:db8:1::1"))
        self.expect_nothing()


@rfc("4861", "7.2.3")
class SolicitationTellsWhereItsSenderIs(NeighborTest):
    """While a packet waits the neighbour itself asks for us: its option resolves it."""

    def runTest(self) -> None:
        self.unresolved()
        self.send(1, packet())
        self.expect_solicitation(2, OUT)
        self.send(2, self.to_group(2, solicitation(OUT, "2001:db8:2::1", self.neighbor_mac(2))))
        self.router.settle()
        frames = sorted(filter(None, (self.receive(2), self.receive(2))))
        answer = expected_advertisement("2001:db8:2::1", OUT, self.mac(2), ROUTER | SOLICITED | OVERRIDE)
        expected = [
            self.frame_out(2, wire.hop(packet())),
            wire.ether(answer, dst=self.neighbor_mac(2), src=self.mac(2)),
        ]
        assert frames == sorted(expected)
        self.expect_nothing()


@rfc("4861", "7.2.5")
class AdvertisementsUpdate(NeighborTest):
    """Override changes a known address, its absence does not; unsolicited news with override counts too."""

    def runTest(self) -> None:
        self.unresolved()
        other = "02:00:00:00:02:99"

        def leaves_to(mac: str) -> None:
            self.expect_nothing()  # the controller has done its work before the packet comes
            self.send(1, packet())
            self.expect_only(2, wire.ether(wire.hop(packet()), dst=mac, src=self.mac(2)))

        self.send(1, packet())
        self.expect_solicitation(2, OUT)
        self.advertise(2, OUT, "2001:db8:2::1", flags=SOLICITED)
        self.expect_only(2, wire.hop(packet()))
        self.advertise(2, OUT, "2001:db8:2::1", mac=other, flags=SOLICITED)
        leaves_to(self.neighbor_mac(2))
        self.advertise(2, OUT, "2001:db8:2::1", mac=other)
        leaves_to(other)
        self.send(2, self.to_group(2, advertisement(OUT, ALL_NODES, self.neighbor_mac(2), OVERRIDE)))
        leaves_to(self.neighbor_mac(2))


@rfc("4861", "7.1.2", "7.2.5")
class AdvertisementsThatDoNotCount(NeighborTest):
    """Invalid ones, ones for strangers, ones without a link-layer address: the packet goes on waiting."""

    def runTest(self) -> None:
        self.unresolved()
        self.send(1, packet())
        self.expect_solicitation(2, OUT)
        own, mac = "2001:db8:2::1", self.neighbor_mac(2)
        self.send(2, advertisement(OUT, own, mac, SOLICITED | OVERRIDE, hl=254))
        self.send(2, self.to_group(2, advertisement(OUT, ALL_NODES, mac, SOLICITED | OVERRIDE)))
        self.send(2, advertisement("2001:db8:2::3", own, mac, SOLICITED | OVERRIDE))
        self.send(2, advertisement(OUT, own, None, SOLICITED | OVERRIDE))
        self.send(3, advertisement(OUT, "2001:db8:3::1", self.neighbor_mac(3), SOLICITED | OVERRIDE))
        self.expect_nothing()
        self.advertise(2, OUT, own)
        self.expect_only(2, wire.hop(packet()))


@rfc("4861", "7.3.1")
class ReachabilityIsProbed(NeighborTest):
    """After half a minute a neighbour is asked again, by unicast; three times in vain and it is forgotten."""

    def runTest(self) -> None:
        self.unresolved()
        self.send(1, packet())
        self.expect_solicitation(2, OUT)
        self.advertise(2, OUT, "2001:db8:2::1")
        self.expect_only(2, wire.hop(packet()))
        probe = wire.ether(
            expected_solicitation("2001:db8:2::1", OUT, self.mac(2), dst=OUT), dst=self.neighbor_mac(2), src=self.mac(2)
        )
        for after in (31, 33, 35):
            self.later(after)
            self.expect_only(2, probe)
        self.later(37)
        self.send(1, packet())
        self.expect_solicitation(2, OUT)
        self.expect_nothing()


@rfc("4861", "7.2.2")
class NextHopOfRoute(NeighborTest):
    """The next hop of a configured route is asked for without waiting for packets; a packet that comes early
    waits."""

    def runTest(self) -> None:
        self.unresolved(routes=[{"prefix": "2600::/16", "via": OUT}])
        early = packet("2600::1")
        self.send(1, early)
        self.expect_nothing()
        self.advertise(2, OUT, "2001:db8:2::1")
        self.expect_only(2, wire.hop(early))
        self.send(1, packet("2600::2"))
        self.expect_only(2, wire.hop(packet("2600::2")))


@rfc("4861", "7.2.2")
@rule("HE-1", "HE-4")
class UnderlayOfPolicy(NeighborTest):
    """A packet that is to be encapsulated waits as it came; when the underlay is there it is encapsulated,
    once."""

    def runTest(self) -> None:
        self.unresolved(
            policies=[{"name": "north", "segments": ["fcbb:bb00:2::", "fcbb:bb00:3::"], "encap": {"flow-label": 0}}],
            steering=[{"prefix": "2001:db8:99::/64", "policy": "north"}],
            routes=[{"prefix": "fcbb:bb00::/32", "via": OUT}],
        )
        inner = packet("2001:db8:99::1", hl=2)
        self.send(1, inner)
        self.expect_nothing()
        self.advertise(2, OUT, "2001:db8:2::1")
        header = wire.srh(["fcbb:bb00:3::", "fcbb:bb00:2::"], sl=1, payload=wire.hop(inner))
        self.expect_only(2, wire.ip6("fcbb:bb00:1::1", "fcbb:bb00:2::", header))


@rfc("4861", "7.2.2")
@rule("END-5")
class NextSegmentOnLink(NeighborTest):
    """An SRv6 packet whose next segment is a host on the link waits for that host, and is advanced once."""

    def runTest(self) -> None:
        sid = "fcbb:bb00:1:e000::"
        self.unresolved(sids=[{"sid": f"{sid}/64", "behavior": "End"}])
        came = craft.srv6(HOST, [OUT, sid], segments_left=1, payload=craft.udp(), hl=2)
        self.send(1, came)
        self.expect_solicitation(2, OUT)
        self.advertise(2, OUT, "2001:db8:2::1")
        self.expect_only(2, wire.advanced(came))


@rfc("4861", "7.2.2")
class OwnAnswersWait(NeighborTest):
    """The reply to a ping from afar waits for the next hop towards its target."""

    def runTest(self) -> None:
        self.unresolved(routes=[{"prefix": "2600::/16", "via": "2001:db8:4::2"}])
        self.send(1, craft.ip6("2600::1", "2001:db8:1::1", craft.echo_request()))
        self.expect_nothing()
        self.advertise(4, "2001:db8:4::2", "2001:db8:4::1")
        self.expect_only(4, wire.ip6("2001:db8:1::1", "2600::1", wire.echo_reply("2001:db8:1::1", "2600::1")))


@rfc("4861", "7.2.2")
class OnVlan(NeighborTest):
    """Questions and answers of a VLAN interface carry its tag."""

    def runTest(self) -> None:
        self.unresolved(ports={2: {"vlans": {100: {"addresses": ["2001:db8:64::1/64"]}}}})
        self.send(1, packet("2001:db8:64::2"))
        self.expect_solicitation(2, "2001:db8:64::2", vlan=100)
        answer = advertisement("2001:db8:64::2", "2001:db8:64::1", self.neighbor_mac(2), SOLICITED | OVERRIDE)
        self.send(2, answer)  # without tag it is another link
        self.expect_nothing()
        self.send(2, answer, vlan=100)
        self.expect_only(2, wire.hop(packet("2001:db8:64::2")), vlan=100)


@rfc("4861", "7.2.5")
class StaticNeighborsStay(NeighborTest):
    """A configured neighbour is not changed by what the link says."""

    def runTest(self) -> None:
        self.node()
        self.advertise(2, OUT, "2001:db8:2::1", mac="02:00:00:00:66:66")
        self.send(2, self.to_group(2, solicitation(OUT, "2001:db8:2::9", "02:00:00:00:66:66")))
        self.expect_nothing()
        self.send(1, packet())
        self.expect_only(2, wire.hop(packet()))
