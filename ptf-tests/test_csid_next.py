# SPDX-License-Identifier: Apache-2.0
"""NEXT-C-SID and the swap of the locator block (RFC 9800 4.1, 7): uN, uA, uT, binding SIDs, End.LBS, End.XLBS.

A packet comes in by port 1. It leaves by port 2 when the default table decides, 3 by the adjacency, 4 by table blue, 7
towards the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network
from typing import Any

import variants

from srv6_base import Frame, Srv6Test, craft, rfc, rule, wire

HOST = "2001:db8:1::2"
SOURCE = "fcbb:bb00:1::1"
IN6, OUT6 = "2001:db8:81::1", "2001:db8:92::1"
NEXT, LAST = "fcbb:bb00:2::", "fcbb:bb00:2:9::"  # segments of another node
SEGMENT = "fcbb:bb00:b1::"  # the one of the policies

DEFAULT_UPPER_LAYER = craft.udp(b"payload")


@dataclass(frozen=True)
class Csid:
    """A compressed SID of the node: where its packets leave, and its structure."""

    label: str
    behaviour: str
    sid: str
    exit: int
    operands: dict[str, Any] = field(default_factory=dict, hash=False)
    lblen: int = 32
    flavors: tuple[str, ...] = ()

    @property
    def nflen(self) -> int:
        """Length of the C-SID: what the block leaves of the prefix."""
        return IPv6Network(self.sid).prefixlen - self.lblen

    @property
    def address(self) -> str:
        """The SID with Argument 0."""
        return str(IPv6Network(self.sid).network_address)

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows of docs/behaviours.md."""
        name = self.behaviour if "LBS" in self.behaviour else f"{self.behaviour} with NEXT-CSID"
        return (name, *(flavor.upper() for flavor in self.flavors))

    @property
    def config(self) -> dict[str, Any]:
        """Its entry under ``sids``."""
        csid = () if "LBS" in self.behaviour else ("next-csid",)
        return {"sid": self.sid, "behavior": self.behaviour, "flavors": [*csid, *self.flavors],
                "lblen": self.lblen, **self.operands}  # fmt: skip

    def container(self, *csids: int) -> str:
        """Its C-SID followed by others of 16 bits."""
        bits = IPv6Network(self.sid).prefixlen
        value = int(IPv6Address(self.address))
        for csid in csids:
            bits += 16
            value |= csid << (128 - bits)
        return str(IPv6Address(value))

    def next_address(self, container: str) -> str:
        """RFC 9800 4.1.1 N05, N06 (and 7.1 for another block): the Argument moved behind the block, zeros after it."""
        bits = f"{int(IPv6Address(container)):0128b}"
        block = IPv6Network(self.operands.get("block", f"{container}/{self.lblen}"), strict=False)
        argument = bits[self.lblen + self.nflen :]
        new = f"{int(block.network_address):0128b}"[: block.prefixlen] + argument
        return str(IPv6Address(int(new.ljust(128, "0"), 2)))

    def moved_on(self, packet: craft.Packet) -> wire.Part:
        """What leaves for ``packet``, which has an Argument."""
        raw = bytearray(wire.hop(packet))
        raw[24:40] = wire.v6(self.next_address(str(IPv6Address(bytes(raw[24:40])))))
        inner = wire.Part(bytes(raw), wire.IPV6)
        if self.behaviour == "End.B6.Encaps":
            return wire.ip6(SOURCE, SEGMENT, wire.srh([SEGMENT], sl=0, payload=inner), hl=64)
        if self.behaviour == "End.B6.Encaps.Red":
            return wire.ip6(SOURCE, SEGMENT, inner, hl=64)
        return inner


UN = Csid("Un", "End", "fcbb:bb00:1::/48", 2)
UA = Csid("Ua", "End.X", "fcbb:bb00:1:e001::/64", 3, {"via": "2001:db8:3::2"})
LOCAL_UA = Csid("LocalUa", "End.X", "fcbb:bb00:e001::/48", 3, {"via": "2001:db8:3::2"})
UT = Csid("Ut", "End.T", "fcbb:bb00:e002::/48", 4, {"vrf": "blue"})
B6 = Csid("B6Encaps", "End.B6.Encaps", "fcbb:bb00:e003::/48", 7, {"policy": "north"})
B6_RED = Csid("B6EncapsRed", "End.B6.Encaps.Red", "fcbb:bb00:e004::/48", 7, {"policy": "north"})
LBS = Csid("Lbs", "End.LBS", "fcbb:bb00:e005::/48", 2, {"block": "fd77:7777:7777::/48"})
XLBS = Csid("Xlbs", "End.XLBS", "fcbb:bb00:e006::/48", 3, {"block": "fd70::/12", "via": "2001:db8:3::2"})

ALL = (UN, UA, LOCAL_UA, UT, B6, B6_RED, LBS, XLBS)
FLAVORED = tuple(
    Csid(f"{each.label}{''.join(map(str.capitalize, flavors))}", each.behaviour, each.sid, each.exit, each.operands,
         each.lblen, flavors)
    for each in (UN, UA, UT)
    for flavors in (("psp",), ("usp",), ("usd",), ("psp", "usp", "usd"))
)  # fmt: skip


def for_each(csids: Iterable[Csid]) -> Callable[[type], type]:
    """A test for each C-SID, which it finds as ``self.csid``."""
    return variants.for_each("csid", csids)


class CsidTest(Srv6Test):
    """A node with the C-SID under test and one of each other kind."""

    csid = UN

    def setUp(self) -> None:
        super().setUp()
        self.csids()

    def csids(self, *sids: dict[str, Any], routes: Iterable[dict[str, Any]] = (), **config: Any) -> None:
        """Configure the node, with further ``sids`` and ``routes``."""
        others = [each for each in ALL if each.sid != self.csid.sid]
        if self.csid.lblen != 32:
            others = []
        found = [{"prefix": prefix, "vrf": vrf, "via": f"2001:db8:{port}::2"}
                 for vrf, port in (("default", 2), ("blue", 4))
                 for prefix in ("fcbb:bb00::/46", "fd70::/12", "2001:db8:92::/48")]  # fmt: skip
        base: dict[str, Any] = {
            "locator": {"prefix": "fcbb:bb00:1::/48", "block": 32},
            "vrfs": ["blue"],
            "ports": {4: {"vrf": "blue"}},
            "routes": [*found, {"prefix": "fcbb:bb00:b0::/44", "via": "2001:db8:7::2"}, *routes],
            "policies": [{"name": "north", "encap": {"mode": "encap", "flow-label": 0}, "segments": [SEGMENT]}],
            "sids": [*(each.config for each in (self.csid, *others)), *sids],
        }
        self.node(**{**base, **config})

    def packet(self, dst: str, payload: craft.Packet = DEFAULT_UPPER_LAYER, **fields: Any) -> craft.Packet:
        """A packet from behind port 1."""
        return craft.ip6(HOST, dst, payload, **fields)

    def moves_on(self, packet: craft.Packet) -> None:
        """Send ``packet``: it leaves with its Argument shifted, and counts."""
        __tracebackhide__ = True
        before = self.sid_counter(self.csid.sid)
        self.send(1, packet)
        self.expect_only(self.csid.exit, self.csid.moved_on(packet))
        self.expect_no_drop()
        self.expect_sid_counter(self.csid.sid, before.packets + 1, before.bytes + len(bytes(packet)))


# --- with an Argument ---------------------------------------------------------------------------------------------


@for_each((*ALL, *FLAVORED))
@rfc("9800", "4.1.1", "4.1.2", "4.1.3", "4.1.4", "4.1.5", "7.1", "7.2")
@rule("NX-1", "NX-3", "NX-13", "CNT-1")
class MovesOnWithoutSrh(CsidTest):
    """With an Argument the packet goes to the next C-SID of the container, hop limit one less."""

    def runTest(self) -> None:
        for csids in ((2,), (2, 0x77, 0xFFFF), (3, 5)):
            self.moves_on(self.packet(self.csid.container(*csids)))


@for_each(ALL)
@rfc("9800", "4.1")
@rule("NX-3", "NX-13")
class ArgumentToItsLastBit(CsidTest):
    """All bits of the Argument count, not the next C-SID alone."""

    def runTest(self) -> None:
        self.moves_on(self.packet(str(IPv6Address(int(IPv6Address(self.csid.address)) | 2))))
        full = int(IPv6Address(self.csid.container(2))) | (1 << 128 - self.csid.lblen - self.csid.nflen - 16) - 1
        self.moves_on(self.packet(str(IPv6Address(full))))


@for_each((*ALL, *FLAVORED))
@rfc("9800", "4.1")
@rule("NX-2", "NX-3", "NX-8")
class SrhIsNotTouched(CsidTest):
    """An SRH stays as it is whatever it says, also with PSP at Segments Left 1."""

    def runTest(self) -> None:
        to = self.csid.container(2, 3)
        for name, header in (
            ("segments left 1", craft.srh([LAST], sl=1, payload=craft.udp())),
            ("segments left 2", craft.srh([LAST, NEXT], sl=2, tlvs=[craft.padn(8)], payload=craft.udp())),
            ("exhausted", craft.srh([LAST, NEXT], sl=0, payload=craft.udp())),
            ("long", craft.srh([LAST] * 80, sl=60, payload=craft.udp())),
            ("out of bounds", craft.srh([LAST, NEXT], sl=9, payload=craft.udp())),
            ("last entry", craft.srh([LAST, NEXT], sl=1, le=200, payload=craft.udp())),
            ("two", craft.srh([LAST], sl=0, payload=craft.srh([LAST, NEXT], sl=1, payload=craft.udp()))),
        ):
            with self.subTest(name):
                self.moves_on(self.packet(to, header))


@for_each(ALL)
@rfc("9800", "4.1")
@rule("NX-2", "NX-15")
class ComesBeforeTheUpperLayer(CsidTest):
    """Whatever stands behind Hop-by-Hop and Destination Options: it is moved on, not looked at."""

    def runTest(self) -> None:
        to = self.csid.container(2)
        inner = craft.ip6(IN6, OUT6, craft.udp())
        for name, payload in (
            ("nothing", craft.raw(b"", 59)),
            ("echo request", craft.echo_request()),
            ("inner IPv6", inner),
            ("hop-by-hop", craft.hbh(craft.udp())),
            ("destination options", craft.dstopt(craft.udp())),
            ("a fragment", craft.fragment(craft.udp(), offset=3)),
            ("authentication", craft.auth(craft.udp())),
            ("authentication behind options", craft.dstopt(craft.auth(craft.udp()))),
        ):
            with self.subTest(name):
                self.moves_on(self.packet(to, payload))


@for_each(ALL)
@rfc("9800", "4.1.1", "4.1.2")
@rule("NX-3")
class HopLimitRunsOut(CsidTest):
    """Hop limit 1 or 0: Time Exceeded, which quotes the container as it arrived; nothing else is wrong sooner."""

    def runTest(self) -> None:
        errors = 0
        for payload in (craft.udp(), craft.srh([LAST, NEXT], sl=9, payload=craft.udp())):
            for hl in (1, 0):
                packet = self.packet(self.csid.container(2, 3), payload, hl=hl)
                self.send(1, packet)
                self.expect_icmp6(1, 3, 0, 0, packet)
                self.expect_drop("HOP_LIMIT_EXCEEDED")
                errors += 1
        self.expect_sid_counter(self.csid.sid, packets=0, errors=errors)


@for_each(ALL)
@rfc("9800", "4.1")
@rule("NX-15")
class OptionsComeFirst(CsidTest):
    """An option that must not be skipped is told of at every C-SID; authentication in front of an SRH drops."""

    def runTest(self) -> None:
        to = self.csid.container(2)
        packet = self.packet(to, craft.dstopt(craft.udp(), b"\xc1\x04abcd"))
        self.send(1, packet)
        self.expect_icmp6(1, 4, 2, 42, packet)
        self.expect_drop("OPTION")
        self.send(1, self.packet(to, craft.auth(craft.srh([LAST, NEXT], sl=1, payload=craft.udp()))))
        self.expect_nothing()
        self.expect_drop("AUTHENTICATION_HEADER")
        self.expect_sid_counter(self.csid.sid, packets=0, errors=2)


@for_each((UN, LOCAL_UA))
@rfc("8754", "5.1")
@rule("SEC-1", "NX-3")
class OutsideTheDomain(CsidTest):
    """The filters of the domain stand in front of the container."""

    def runTest(self) -> None:
        self.csids(sr_domain={"sources": ["2001:db8:7::/48"], "sid-block": ["fcbb:bb00::/32"]},
                   ports={1: {"role": "external"}, 4: {"vrf": "blue"}})  # fmt: skip
        self.send(1, self.packet(self.csid.container(2)))
        self.expect_nothing()
        self.expect_drop("SID_BLOCK_FILTERED")


@for_each((UN, UA, UT))
@rfc("9800", "4.1")
@rule("NX-6")
class ZeroCsidInTheMiddle(CsidTest):
    """A zero C-SID with others behind it is part of an Argument: it is shifted, and the address begins with it."""

    def runTest(self) -> None:
        self.csids(routes=[{"prefix": "fcbb:bb00::/48", "via": "2001:db8:2::2"}])
        self.moves_on(self.packet(self.csid.container(0, 0x200)))


# --- several C-SIDs of this node ----------------------------------------------------------------------------------


@rfc("9800", "4.1")
@rule("NX-12", "NX-4")
class OwnCsidsInARow(CsidTest):
    """Each costs a hop limit; the last of them is the plain End, with the SRH."""

    behaviours = UN.rows

    def runTest(self) -> None:
        self.send(1, packet := self.packet("fcbb:bb00:1:1:2::"))
        raw = bytearray(wire.hop(packet, 2))
        raw[24:40] = wire.v6("fcbb:bb00:2::")
        self.expect_only(2, wire.Part(bytes(raw), wire.IPV6))
        packet = self.packet("fcbb:bb00:1:1:1:1:1:1", craft.srh([NEXT, HOST], sl=1, payload=craft.udp()))
        self.send(1, packet)
        raw = bytearray(wire.hop(packet, 6))
        raw[24:40] = wire.v6(NEXT)
        raw[43] = 0
        self.expect_only(2, wire.Part(bytes(raw), wire.IPV6))
        self.expect_sid_counter(UN.sid, packets=8)


@rfc("9800", "4.1")
@rule("NX-5", "NX-7", "NX-12")
class OwnCsidsOfEveryKind(CsidTest):
    """uN, then a local uT, or End.DT46 of this node; a uA behind the node's uN is consumed together with it (NX-5)."""

    behaviours = (*UN.rows, *UA.rows, *UT.rows)

    def runTest(self) -> None:
        self.csids({"sid": "fcbb:bb00:d046::/48", "behavior": "End.DT46", "vrf": "blue", "allow-outside-locator": True})
        for function, hops, port in ((0xE001, 1, 3), (0xE002, 2, 4)):
            self.send(1, packet := self.packet(UN.container(function, 2)))
            raw = bytearray(wire.hop(packet, hops))
            raw[24:40] = wire.v6("fcbb:bb00:2::")
            self.expect_only(port, wire.Part(bytes(raw), wire.IPV6))
        inner = craft.ip6(IN6, OUT6, craft.udp())
        for payload in (inner, craft.srh([UN.container(0xD046)], sl=0, payload=inner)):
            self.send(1, self.packet(UN.container(0xD046), payload))
            self.expect_only(4, wire.hop(inner))


def retargeted(packet: craft.Packet, to: str, hops: int) -> wire.Part:
    """``packet`` with another destination, and a hop limit that is ``hops`` less."""
    raw = bytearray(wire.hop(packet, hops))
    raw[24:40] = wire.v6(to)
    return wire.Part(bytes(raw), wire.IPV6)


@rfc("9800", "4.1", "6.3")
@rfc("8754", "4.1.1")
@rule("NX-4", "NX-8", "NX-12", "SRH-7")
class OwnCsidsAroundAnSrh(CsidTest):
    """C-SIDs of this node in a row, in front of an SRH, across two of its containers, with TLVs, reduced, exhausted."""

    behaviours = (*UN.rows, "PSP")

    def runTest(self) -> None:
        tlvs = ([], [craft.padn(6)], [craft.hmac_tlv(1, bytes(32))])
        for flavors in ((), ("psp",)):
            self.csids(locator={"prefix": "fcbb:bb00:1::/48", "block": 32},
                       sids=[{**UN.config, "flavors": ["next-csid", *flavors]}])  # fmt: skip
            for more in tlvs:
                # reduced, the last segment to come: two shifts, then End
                packet = self.packet(UN.container(1, 1), craft.srh([NEXT], sl=1, tlvs=more, payload=craft.udp()))
                moved = bytearray(retargeted(packet, NEXT, 3))
                moved[43] = 0
                expected = wire.Part(bytes(moved), wire.IPV6)
                self.send(1, packet)
                self.expect_only(2, wire.popped(expected) if flavors else expected)
                # the next segment is a container that begins with this node, too
                listed = [UN.container(1, 2), HOST]
                packet = self.packet(UN.container(1), craft.srh(listed, sl=1, tlvs=more, payload=craft.udp()))
                moved = bytearray(retargeted(packet, "fcbb:bb00:2::", 4))
                moved[43] = 0
                expected = wire.Part(bytes(moved), wire.IPV6)
                self.send(1, packet)
                self.expect_only(2, wire.popped(expected) if flavors else expected)
                # no segment left: the SRH travels on
                packet = self.packet(UN.container(1, 1, 2), craft.srh([HOST], sl=0, tlvs=more, payload=craft.udp()))
                self.send(1, packet)
                self.expect_only(2, retargeted(packet, "fcbb:bb00:2::", 3))
            self.expect_no_drop()


@rfc("9800", "4.1", "9.4")
@rule("NX-3", "NX-11", "NX-12", "NX-15", "END-3", "END-4")
class WhichErrorWins(CsidTest):
    """At each C-SID options, then the hop limit; the SRH at the last alone. The quote is the packet as it was there."""

    behaviours = UN.rows

    def runTest(self) -> None:
        bad = craft.srh([LAST, NEXT], sl=9, payload=craft.udp())
        packet = self.packet(UN.container(1, 2), bad, hl=2)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, retargeted(packet, UN.container(2), 1))
        self.expect_drop("HOP_LIMIT_EXCEEDED")
        packet = self.packet(UN.container(1), bad, hl=2)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, retargeted(packet, UN.address, 1))
        self.expect_drop("HOP_LIMIT_EXCEEDED")
        packet = self.packet(UN.container(1), bad)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, 43, retargeted(packet, UN.address, 1))
        self.expect_drop("SRH_SEGMENTS_LEFT")
        packet = self.packet(UN.container(1), craft.srh([LAST], sl=0, payload=craft.udp()))
        self.send(1, packet)
        self.expect_icmp6(1, 4, 4, 64, retargeted(packet, UN.address, 1))
        self.expect_drop("UPPER_LAYER")
        packet = self.packet(UN.container(1), craft.dstopt(bad, b"\xc1\x04abcd"), hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 4, 2, 42, packet)
        self.expect_drop("OPTION")


@rfc("9800", "6.5", "9.3")
@rule("NX-10", "NX-4")
class PingAtTheEndOfAContainer(CsidTest):
    """The checksum is over the last destination, Block and last C-SID; the answer comes from there."""

    behaviours = (*UN.rows, "Ping and traceroute")

    def runTest(self) -> None:
        for to in (UN.address, UN.container(1), UN.container(1, 1)):
            # Its checksum is computed for the last destination, then the packet gets the container.
            packet = craft.ip6(HOST, UN.address, craft.echo_request(ident=7, seq=9))
            self.send(
                1, Frame(self.frame_in(1, packet).replace(IPv6Address(UN.address).packed, IPv6Address(to).packed))
            )
            self.expect_only(1, wire.ip6(UN.address, HOST, wire.echo_reply(UN.address, HOST, ident=7, seq=9)))


# --- without an Argument ------------------------------------------------------------------------------------------


@for_each((*ALL, *FLAVORED))
@rfc("9800", "4.1", "4.1.7")
@rule("NX-4", "NX-8", "NX-14")
class PlainBehaviourWithoutArgument(CsidTest):
    """Argument 0: SRH, PSP, USD and the upper-layer rule as without the flavour."""

    def runTest(self) -> None:
        csid = self.csid
        for left in (2, 1):
            packet = self.packet(csid.address, craft.srh([LAST, NEXT], sl=left, payload=craft.udp()))
            self.send(1, packet)
            moved = wire.advanced(packet)
            if left == 1 and "psp" in csid.flavors:
                moved = wire.popped(moved)
            if csid.behaviour == "End.B6.Encaps":
                moved = wire.ip6(SOURCE, SEGMENT, wire.srh([SEGMENT], sl=0, payload=moved), hl=64)
            elif csid.behaviour == "End.B6.Encaps.Red":
                moved = wire.ip6(SOURCE, SEGMENT, moved, hl=64)
            self.expect_only(csid.exit, moved)
        packet = self.packet(csid.address, craft.srh([LAST, NEXT], sl=9, payload=craft.udp()))
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, 43, packet)
        self.expect_drop("SRH_SEGMENTS_LEFT")
        inner = craft.ip6(IN6, OUT6, craft.udp(b"inner"))
        packet = self.packet(csid.address, inner)
        self.send(1, packet)
        if "usd" in csid.flavors:
            self.expect_only(csid.exit, wire.hop(inner))
        else:
            self.expect_icmp6(1, 4, 4, 40, packet)
            self.expect_drop("UPPER_LAYER")


@for_each(FLAVORED)
@rfc("9800", "4.1.7")
@rule("NX-14")
class FlavoursWaitForTheLastCsid(CsidTest):
    """With an Argument nothing is popped and nothing decapsulated."""

    def runTest(self) -> None:
        to = self.csid.container(2)
        inner = craft.ip6(IN6, OUT6, craft.udp())
        self.moves_on(self.packet(to, inner))
        self.moves_on(self.packet(to, craft.srh([to], sl=0, payload=inner)))
        self.moves_on(self.packet(to, craft.srh([LAST], sl=0, payload=craft.srh([LAST], sl=1, payload=inner))))


# --- structures, and vectors of others ----------------------------------------------------------------------------

VECTORS = (
    # container, SID, length of the block, next destination; the first of a public test of VPP
    ("1111:2222:aaaa:bbbb:cccc:dddd:eeee:ffff", "1111:2222:aaaa::/48", 32, "1111:2222:bbbb:cccc:dddd:eeee:ffff:0"),
    ("fcbb:bbbb:1:2:3:4:5:6", "fcbb:bbbb:1::/48", 32, "fcbb:bbbb:2:3:4:5:6:0"),
    ("fcbb:bbbb:1:2:3:4:5:6", "fcbb:bbbb:1:2::/64", 32, "fcbb:bbbb:3:4:5:6::"),
    ("2001:db8:b1:10:20:30:40:50", "2001:db8:b1:10::/64", 48, "2001:db8:b1:20:30:40:50:0"),
    ("fcbb:bbbb:100:0:200::", "fcbb:bbbb:100::/48", 32, "fcbb:bbbb:0:200::"),
    ("fd00:1234:5600::", "fd00:1230::/28", 16, "fd00:4560::"),
    ("fd12:3456:789a:bcde:f012:3456:789a:bcde", "fd12:3456:7880::/42", 24, "fd12:346a:f37b:c048:d159:e26a:f378:0"),
    ("fcbb:bbbb:1:2:3:4:5:6", "fcbb:bbbb:1:2:3:4:5::/112", 48, "fcbb:bbbb:1:6::"),
)


@rfc("9800", "4.1")
@rule("NX-1", "NX-5", "NX-6", "NX-9")
class AnyStructure(CsidTest):
    """Block and C-SID of any length, whole octets or not; uA of a global and a local C-SID consumes both."""

    behaviours = UN.rows

    def runTest(self) -> None:
        for container, sid, lblen, expected in VECTORS:
            with self.subTest(f"{container} at {sid}"):
                self.node(
                    locator={"prefix": sid, "block": lblen},
                    sids=[{"sid": sid, "behavior": "uN", "lblen": lblen}],
                    routes=[{"prefix": "::/0", "via": "2001:db8:2::2"}],
                )
                for payload in (craft.udp(), craft.srh([LAST], sl=1, payload=craft.udp())):
                    self.send(1, packet := self.packet(container, payload))
                    raw = bytearray(wire.hop(packet))
                    raw[24:40] = wire.v6(expected)
                    self.expect_only(2, wire.Part(bytes(raw), wire.IPV6))


@rfc("9800", "7.1", "7.2")
@rule("LBS-1", "LBS-3", "LBS-4")
class SwapsTheBlock(CsidTest):
    """The block of the container is exchanged, for a longer, a shorter or an equal one."""

    behaviours = (*LBS.rows, *XLBS.rows)

    def runTest(self) -> None:
        for behaviour, sid, lblen, block, container, expected in (
            ("End.LBS", "fd00:aaaa:bbbb::/48", 32, "fd77:7777:7777::/48", "fd00:aaaa:bbbb:cccc:dddd::",
             "fd77:7777:7777:cccc:dddd::"),
            ("End.XLBS", "fd00:aaaa:ffff:cccc::/64", 32, "fd77:7777:7777:7777::/64", "fd00:aaaa:ffff:cccc:bbbb:dddd::",
             "fd77:7777:7777:7777:bbbb:dddd::"),
            ("End.LBS", "fcbb:bb00:100::/48", 32, "fd77:7777:7777::/48", "fcbb:bb00:100:200:300::",
             "fd77:7777:7777:200:300::"),
            ("End.LBS", "2001:db8:b1:100::/64", 48, "fcbb:bb00::/32", "2001:db8:b1:100:200:300::",
             "fcbb:bb00:200:300::"),
        ):  # fmt: skip
            with self.subTest(f"{behaviour} {sid} {block}"):
                via = {"via": "2001:db8:3::2"} if behaviour == "End.XLBS" else {}
                self.node(
                    locator={"prefix": sid, "block": lblen},
                    sids=[{"sid": sid, "behavior": behaviour, "block": block, **via}],
                    routes=[{"prefix": "::/0", "via": "2001:db8:2::2"}],
                )
                self.send(1, packet := self.packet(container))
                raw = bytearray(wire.hop(packet))
                raw[24:40] = wire.v6(expected)
                self.expect_only(3 if via else 2, wire.Part(bytes(raw), wire.IPV6))
