# SPDX-License-Identifier: Apache-2.0
"""The O flag of the SRH (RFC 9259 2.1, 2.1.1; OAM-1 to OAM-3): copies for the OAM process.

Each test sends packets and says what leaves, as without the flag, and what the OAM process of the controller was given.
"""

from __future__ import annotations

from typing import Any

from neighbor_base import OVERRIDE, SOLICITED, advertisement
from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire
from srv6cp.controller.oam import OamCopy

HOST, NEXT, LAST = "2001:db8:1::2", "fcbb:bb00:2::", "fcbb:bb00:2:9::"
END, QUIET, DT4 = "fcbb:bb00:1:1::", "fcbb:bb00:1:2::", "fcbb:bb00:1:3::"
PSP, AGAIN, ROUTED = "fcbb:bb00:1:4::", "fcbb:bb00:1:5::", "fcbb:bb00:1:1:ff::"
ON = 0x20
UDP = craft.udp(b"payload")
SIDS = [
    {"sid": f"{END}/64", "behavior": "End"},
    {"sid": f"{QUIET}/64", "behavior": "End"},
    {"sid": f"{DT4}/64", "behavior": "End.DT4", "vrf": "default"},
    {"sid": f"{PSP}/64", "behavior": "End", "flavors": ["psp"]},
    {"sid": f"{AGAIN}/64", "behavior": "End"},
]


class OamTest(Srv6Test):
    """A node whose SIDs copy, but for ``QUIET``."""

    config: dict[str, Any] = {}  # noqa: RUF012

    def setUp(self) -> None:
        super().setUp()
        self.node(
            **{
                "sids": SIDS,
                "oam": {"o-flag": [f"{sid}/64" for sid in (END, DT4, PSP, AGAIN)]},
                "limits": {"oam": {"rate": 1000, "burst": 1000}},
                "routes": [
                    {"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:2::2"},
                    {"prefix": f"{ROUTED}/80", "via": "2001:db8:2::2"},
                    {"prefix": "198.51.100.0/24", "via": "10.0.2.2"},
                ],
                **self.config,
            }
        )
        self.before = self._taken()

    def _taken(self) -> list[OamCopy]:
        controller = self.router.controller
        assert controller is not None
        return list(controller.status().oam)

    def copies(self) -> list[OamCopy]:
        """What the OAM process was given since the test began, the oldest first."""
        self.router.settle()
        taken = self._taken()
        return [each for each in taken if not any(each is old for old in self.before)]

    def expect_copies(self, *expected: tuple[str, int, str]) -> None:
        """(SID, Segments Left, punt reason of the packet itself) of each copy."""
        __tracebackhide__ = True
        found = [(each.sid, each.segments_left, each.told) for each in self.copies()]
        self.assertEqual(found, list(expected))

    def packet(self, sid: str, sl: int, payload: craft.Packet = UDP, flags: int = ON, **more: Any) -> craft.Packet:
        """To ``sid`` with ``sl`` segments left of three, the O flag set."""
        segments = [LAST, NEXT, sid] if sl else [sid]
        return craft.srv6(HOST, segments, segments_left=sl, dst=sid, payload=payload, flags=flags, **more)


@behaviours("O flag", "End")
@rfc("9259", "2.1.1")
@rule("OAM-1")
class CopiesAndGoesOn(OamTest):
    """The packet leaves as it would without the flag, which stays set; the copy is the packet as it arrived."""

    def runTest(self) -> None:
        packet = self.packet(END, 2)
        self.send(1, packet)
        self.expect_only(2, wire.advanced(packet))
        self.expect_no_drop()
        self.expect_sid_counter(f"{END}/64", packets=1, size=len(packet))
        self.expect_copies((END, 2, ""))
        (copy,) = self.copies()
        self.assertEqual((copy.source, copy.port, copy.vrf_id), (HOST, 1, 0))
        self.assertGreater(copy.time_ns, 0)


@behaviours("O flag", "End")
@rfc("9259", "2.1")
@rule("OAM-1", "SRH-4")
class OnlyTheFlagItself(OamTest):
    """Other flags make no copy, and neither does a packet without any."""

    def runTest(self) -> None:
        for flags in (0, 0xDF):
            packet = self.packet(END, 2, flags=flags)
            self.send(1, packet)
            self.expect_only(2, wire.advanced(packet))
        self.expect_copies()


@behaviours("O flag", "End")
@rfc("9259", "2.1.1")
@rule("OAM-1")
class NotWhereItIsNotAsked(OamTest):
    """No copy at a SID that was not told to, on the way (END-15), nor for a route inside the SID's prefix."""

    def runTest(self) -> None:
        packet = self.packet(QUIET, 2)
        self.send(1, packet)
        self.expect_only(2, wire.advanced(packet))
        for address in (NEXT, f"{ROUTED}1"):
            packet = self.packet(address, 2)
            self.send(1, packet)
            self.expect_only(2, wire.hop(packet))
        self.expect_copies()


@behaviours("O flag", "End")
@rfc("9259", "2.1.1")
@rule("OAM-1", "OAM-4", "END-2")
class AtTheLastSegment(OamTest):
    """At SL = 0 too, for a ping: one copy with both reasons, one echo reply, none of the copy (OAM-2)."""

    def runTest(self) -> None:
        request = craft.echo_request()
        packet = self.packet(END, 0, request)
        self.send(1, packet)
        self.expect_only(1, wire.ip6(END, HOST, wire.echo_reply(END, HOST)))
        self.expect_copies((END, 0, "LOCAL"))
        self.assertEqual(self.punts(), {"LOCAL": 1})


@behaviours("O flag", "End.DT4")
@rfc("9259", "A.3")
@rule("OAM-1", "DEC-1")
class AtADecapsulatingSid(OamTest):
    """Before the outer header goes: N7 of RFC 9259 A.3 copies at SL = 0."""

    def runTest(self) -> None:
        inner = craft.ip4("203.0.113.1", "198.51.100.1", UDP, ttl=63)
        packet = self.packet(DT4, 0, inner)
        self.send(1, packet)
        self.expect_only(2, wire.hop(inner))
        self.expect_copies((DT4, 0, ""))


@behaviours("O flag", "End.DT4")
@rfc("9259", "2.1.1")
@rule("OAM-1")
class BesideOneToBeFragmented(OamTest):
    """The packet inside goes to the controller to be fragmented, the copy as well, as two."""

    config = {"ports": {2: {"mtu": 1280}}}  # noqa: RUF012

    def runTest(self) -> None:
        inner = craft.ip4("203.0.113.1", "198.51.100.1", craft.udp(bytes(1300)), ttl=63, df=False)
        self.send(1, self.packet(DT4, 0, inner))
        self.router.settle()
        frames = self.router.bed.take_all(2)
        self.assertEqual(len(frames), 2)
        self.expect_copies((DT4, 0, ""))


@behaviours("O flag", "End")
@rfc("9259", "2.1.1")
@rule("OAM-1", "END-3", "END-4")
class BeforeWhatIsWrong(OamTest):
    """Before hop limit, Segments Left and Last Entry are looked at: one copy that carries the error too."""

    def runTest(self) -> None:
        packet = self.packet(END, 2, hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        packet = craft.srv6(HOST, [LAST, END], segments_left=5, dst=END, payload=UDP, flags=ON)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, 43, packet)
        self.expect_nothing()
        self.expect_copies((END, 2, "HOP_LIMIT_EXCEEDED"), (END, 5, "PARAMETER_PROBLEM"))


@behaviours("O flag", "PSP")
@rfc("9259", "2.1.1")
@rule("OAM-3", "OAM-1")
class PenultimatePops(OamTest):
    """PSP takes the flag away with the SRH, and the copy is from before."""

    def runTest(self) -> None:
        packet = craft.srv6(HOST, [LAST, PSP], segments_left=1, dst=PSP, payload=UDP, flags=ON)
        self.send(1, packet)
        self.expect_only(2, wire.popped(wire.advanced(packet)))
        self.expect_copies((PSP, 1, ""))


@behaviours("O flag", "End")
@rfc("9259", "2.1.1")
@rule("OAM-1", "END-10")
class AtEachSidOfTheNode(OamTest):
    """Two SIDs of this node in a row: two copies, each of the packet as it came to the SID."""

    def runTest(self) -> None:
        packet = craft.srv6(HOST, [LAST, AGAIN, END], segments_left=2, dst=END, payload=UDP, flags=ON)
        self.send(1, packet)
        self.expect_only(2, wire.advanced(wire.advanced(packet)))
        self.expect_copies((END, 2, ""), (AGAIN, 1, ""))
        self.assertEqual([each.port for each in self.copies()], [1, 1])


@behaviours("O flag", "End")
@rfc("9259", "2.1.1")
@rule("OAM-1", "END-10")
class AtTheFirstSidOnly(OamTest):
    """A copy, then a SID that makes none, whose packet is dropped: the error is told as ever."""

    def runTest(self) -> None:
        packet = craft.srv6(HOST, [LAST, QUIET, END], segments_left=2, dst=END, payload=UDP, flags=ON, hl=2)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, wire.advanced(packet))
        self.expect_copies((END, 2, ""))


@behaviours("O flag", "End")
@rfc("9259", "2.1.1")
@rule("OAM-1", "END-16")
class InAnyPlaceOfTheChain(OamTest):
    """Behind options, and of an exhausted SRH in front of another one."""

    def runTest(self) -> None:
        inner = craft.srh([LAST, NEXT, END], sl=2, payload=UDP, flags=ON)
        packet = craft.ip6(HOST, END, craft.hbh(inner))
        self.send(1, packet)
        self.expect_only(2, wire.advanced(packet, 48))
        first = craft.srh([END], sl=0, flags=ON, payload=craft.srh([LAST, END], sl=1, payload=UDP))
        packet = craft.ip6(HOST, END, first)
        self.send(1, packet)
        self.expect_only(2, wire.advanced(packet, 64))
        self.assertEqual([each.sid for each in self.copies()], [END, END])


@behaviours("O flag", "End")
@rfc("9259", "2.1.1")
@rule("OAM-1")
class WhileTheNeighbourIsAsked(OamTest):
    """A packet that waits for its next hop goes through the switch twice and is noted once."""

    config = {"routes": [{"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:2::9"}]}  # noqa: RUF012

    def runTest(self) -> None:
        packet, mac = self.packet(END, 2), "02:00:00:00:02:99"
        self.send(1, packet)
        self.expect_copies((END, 2, "NEIGHBOR_UNRESOLVED"))
        self.router.forget()  # the question
        self.send(2, advertisement("2001:db8:2::9", "2001:db8:2::1", mac, SOLICITED | OVERRIDE))
        self.expect_only(2, wire.ether(wire.advanced(packet), dst=mac, src=self.mac(2)))
        self.expect_copies((END, 2, "NEIGHBOR_UNRESOLVED"))


@behaviours("O flag", "End")
@rfc("8754", "5.1")
@rule("OAM-1", "SEC-1")
class NotForOutsiders(OamTest):
    """What the domain's filter refuses is not copied."""

    config = {"ports": {1: {"role": "external"}}, "sr-domain": {"sid-block": ["fcbb:bb00::/32"]}}  # noqa: RUF012

    def runTest(self) -> None:
        self.send(1, self.packet(END, 2))
        self.expect_nothing()
        self.expect_drop("SID_BLOCK_FILTERED")
        self.expect_copies()


@behaviours("O flag", "End")
@rfc("9259", "2.1.1")
@rule("OAM-2")
class RateLimited(OamTest):
    """Copies over the limit of the port are not made; the packets all go on."""

    config = {"limits": {"oam": {"rate": 1, "burst": 2}}}  # noqa: RUF012

    def runTest(self) -> None:
        for _ in range(6):
            packet = self.packet(END, 2)
            self.send(1, packet)
            self.expect_only(2, wire.advanced(packet))
        self.assertIn(len(self.copies()), (2, 3))


@behaviours("O flag", "End")
@rfc("9259", "2.1.1")
@rule("OAM-1")
class WithATag(OamTest):
    """A frame with a VLAN tag: the copy is understood, too."""

    config = {"ports": {1: {"vlans": {100: {"addresses": ["2001:db8:100::1/64"]}}}}}  # noqa: RUF012

    def runTest(self) -> None:
        packet = self.packet(END, 2)
        self.send(1, packet, vlan=100)
        self.expect_only(2, wire.advanced(packet))
        self.expect_copies((END, 2, ""))
