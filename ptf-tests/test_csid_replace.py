# SPDX-License-Identifier: Apache-2.0
"""REPLACE-C-SID and its swap of the locator block (RFC 9800 4.2, 7).

A packet comes in by port 1. It leaves by port 2 when the default table decides, 3 by the adjacency, 4 by table blue, 7
towards the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address, IPv6Network
from typing import Any

import variants

from srv6_base import Frame, Srv6Test, craft, rfc, rule, wire

HOST = "2001:db8:1::2"
SOURCE = "2001:db8:ee::1"
IN6, OUT6 = "2001:db8:81::1", "2001:db8:92::1"
IN4, OUT4 = "198.18.1.1", "198.18.92.1"
SEGMENT = "fcbb:bb00:b1::"  # the one of the policies
WHOLE = "fd00:9:9::99"  # a whole SID of another node

UDP = craft.udp(b"payload")
INNER = craft.ip6(IN6, OUT6, craft.udp(b"inner"))

#: C-SIDs of other nodes, by position.
A = (0x510500AA, 0x510500BB, 0x510500CC, 0x510500DD)
B = (0x52060011, 0x52060022, 0x52060033, 0x52060044)
A16 = tuple(range(0xA0A0, 0xA0A8))


def container(csids: Sequence[int], nflen: int = 32) -> str:
    """A segment of C-SIDs: position 0 is the most significant one."""
    bits = "".join(f"{csid:0{nflen}b}" for csid in csids).ljust(128, "0")
    return str(IPv6Address(int(bits, 2)))


def packed(*csids: int, nflen: int = 32) -> str:
    """A container that is met in this order: filled from its last position, the others zero."""
    return container([0] * (128 // nflen - len(csids)) + [*reversed(csids)], nflen)


@dataclass(frozen=True)
class Csid:
    """A REPLACE-C-SID of the node: where its packets leave, and its structure."""

    label: str
    behaviour: str
    sid: str
    exit: int
    operands: dict[str, Any] = field(default_factory=dict, hash=False)
    flavors: tuple[str, ...] = ()

    lblen = 48

    @property
    def nflen(self) -> int:
        """Length of the C-SID: what the block leaves of the prefix."""
        return IPv6Network(self.sid).prefixlen - self.lblen

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows of docs/behaviours.md."""
        return (f"{self.behaviour} with REPLACE-CSID", *(flavor.upper() for flavor in self.flavors))

    @property
    def config(self) -> dict[str, Any]:
        """Its entry under ``sids``."""
        return {"sid": self.sid, "behavior": self.behaviour, "flavors": ["replace-csid", *self.flavors],
                "lblen": self.lblen, "nflen": self.nflen, **self.operands}  # fmt: skip

    def at(self, index: int, others: int = 0) -> str:
        """The destination with its C-SID and ``index``; ``others`` are further bits of the Argument."""
        return str(IPv6Address(int(IPv6Network(self.sid).network_address) | others | index))

    def with_csid(self, destination: str, csid: int, index: int) -> str:
        """RFC 9800 4.2.1 R16 to R20: C-SID and Index written into a destination; 7.1: into another block."""
        bits = f"{int(IPv6Address(destination)):0128b}"
        width = {16: 3, 32: 2}[self.nflen]
        block = bits[: self.lblen]
        rest = bits[self.lblen + self.nflen : 128 - width]
        if "block" in self.operands:
            other = IPv6Network(self.operands["block"])
            block = f"{int(other.network_address):0128b}"[: other.prefixlen]
            rest = "0" * (128 - width - self.nflen - len(block))
        return str(IPv6Address(int(f"{block}{csid:0{self.nflen}b}{rest}{index:0{width}b}", 2)))

    def leaves(self, packet: craft.Packet, to: str, left: int | None = None, pops: bool = False) -> wire.Part:
        """``packet`` a hop later with this destination and Segments Left, in the policy of a binding SID."""
        raw = bytearray(wire.hop(packet))
        raw[24:40] = wire.v6(to)
        if left is not None:
            raw[43] = left
        inner = wire.Part(bytes(raw), wire.IPV6)
        if pops:
            inner = wire.popped(inner)
        if self.behaviour == "End.B6.Encaps":
            return wire.ip6(SOURCE, SEGMENT, wire.srh([SEGMENT], sl=0, payload=inner), hl=64)
        if self.behaviour == "End.B6.Encaps.Red":
            return wire.ip6(SOURCE, SEGMENT, inner, hl=64)
        return inner


END = Csid("End", "End", "fd00:aabb:ccdd:1111:2222::/80", 2)
END_X = Csid("EndX", "End.X", "fd00:aabb:ccdd:1111:e001::/80", 3, {"via": "2001:db8:3::2"})
END_T = Csid("EndT", "End.T", "fd00:aabb:ccdd:1111:e002::/80", 4, {"vrf": "blue"})
B6 = Csid("B6Encaps", "End.B6.Encaps", "fd00:aabb:ccdd:1111:e003::/80", 7, {"policy": "north"})
B6_RED = Csid("B6EncapsRed", "End.B6.Encaps.Red", "fd00:aabb:ccdd:1111:e004::/80", 7, {"policy": "north"})
LBS = Csid("Lbs", "End.LBS", "fd00:aabb:ccdd:1111:e005::/80", 2, {"block": "fd77:7777:7777::/48"})
XLBS = Csid("Xlbs", "End.XLBS", "fd00:aabb:ccdd:1111:e006::/80", 3,
            {"block": "fd70::/12", "via": "2001:db8:3::2"})  # fmt: skip
END_16 = Csid("End16", "End", "fd00:aabb:ccdd:1111::/64", 2)
END_X_16 = Csid("EndX16", "End.X", "fd00:aabb:ccdd:e011::/64", 3, {"via": "2001:db8:3::2"})
LBS_16 = Csid("Lbs16", "End.LBS", "fd00:aabb:ccdd:e012::/64", 2, {"block": "fd77:7777:7777::/48"})

ALL_32 = (END, END_X, END_T, B6, B6_RED, LBS, XLBS)
ALL_16 = (END_16, END_X_16, LBS_16)
ALL = (*ALL_32, *ALL_16)
FLAVOURS = ("psp", "usp", "usd")
COMBINED = tuple(tuple(FLAVOURS[bit] for bit in range(3) if chosen >> bit & 1) for chosen in range(1, 8))


def flavoured(csids: Iterable[Csid], combinations: Iterable[tuple[str, ...]]) -> tuple[Csid, ...]:
    """Each with each combination of flavours."""
    combinations = tuple(combinations)
    return tuple(
        replace(each, label=f"{each.label}{''.join(map(str.capitalize, flavors))}", flavors=flavors)
        for each in csids
        for flavors in combinations
    )


FLAVORED = (*flavoured((END, END_T), COMBINED), *flavoured((END_X, END_16), [("psp",), ("usd",), FLAVOURS]))


def for_each(csids: Iterable[Csid]) -> Callable[[type], type]:
    """A test for each C-SID, which it finds as ``self.csid``."""
    return variants.for_each("csid", csids)


class ReplaceTest(Srv6Test):
    """A node with the C-SID under test and one of each other kind."""

    csid = END

    def setUp(self) -> None:
        super().setUp()
        self.csids()

    def csids(self, *sids: dict[str, Any], routes: Iterable[dict[str, Any]] = (), **config: Any) -> None:
        """Configure the node, with further ``sids`` and ``routes``."""
        others = [each for each in ALL if each.sid != self.csid.sid]
        found = [{"prefix": prefix, "vrf": vrf, "via": f"2001:db8:{port}::2"}
                 for vrf, port in (("default", 2), ("blue", 4))
                 for prefix in ("fd00::/16", "fd70::/12", "2001:db8:92::/48")]  # fmt: skip
        base: dict[str, Any] = {
            "locator": {"prefix": "fd00:aabb:ccdd:1111::/64", "block": 48},
            "source": SOURCE,
            "vrfs": ["blue"],
            "ports": {4: {"vrf": "blue"}},
            "routes": [*found, {"prefix": "fcbb:bb00:b0::/44", "via": "2001:db8:7::2"}, *routes],
            "policies": [{"name": "north", "encap": {"mode": "encap", "flow-label": 0}, "segments": [SEGMENT]}],
            "sids": [*(each.config for each in (self.csid, *others)), *sids],
        }
        self.node(**{**base, **config})

    def packet(self, dst: str, payload: craft.Packet = UDP, **fields: Any) -> craft.Packet:
        """A packet from behind port 1."""
        return craft.ip6(HOST, dst, payload, **fields)

    def moves_on(self, packet: craft.Packet, to: str, left: int | None = None, pops: bool = False) -> None:
        """Send ``packet``: it leaves with this destination and Segments Left, and counts."""
        __tracebackhide__ = True
        before = self.sid_counter(self.csid.sid)
        self.send(1, packet)
        self.expect_only(self.csid.exit, self.csid.leaves(packet, to, left, pops))
        self.expect_no_drop()
        self.expect_sid_counter(self.csid.sid, before.packets + 1, before.bytes + len(bytes(packet)))

    def refused(self, packet: craft.Packet, reason: str, *error: int) -> None:
        """Send ``packet``: an ICMP error of this type, code and value, or none, and it counts for ``reason``."""
        __tracebackhide__ = True
        self.send(1, packet)
        if error:
            self.expect_icmp6(1, *error, packet)
        else:
            self.expect_nothing()
        self.expect_drop(reason)


def positions(csid: Csid) -> tuple[int, ...]:
    """C-SIDs of others for every position of a container."""
    return A if csid.nflen == 32 else A16


# --- the list is walked -------------------------------------------------------------------------------------------


@for_each((*ALL, *FLAVORED))
@rfc("9800", "4.2.1", "4.2.2", "4.2.3", "4.2.4", "4.2.5", "7.1", "7.2")
@rule("RP-2", "RP-5", "RP-9", "LBS-2", "LBS-3", "CNT-1")
class WithinAContainer(ReplaceTest):
    """Index above 0: the C-SID in front of it in Segment List[SL], wherever that is, Segments Left as it is."""

    def runTest(self) -> None:
        csid, others = self.csid, positions(self.csid)
        for index in range(1, len(others)):
            for before, behind, tlvs in ((0, 0, 0), (1, 0, 8), (3, 2, 40)):
                with self.subTest(f"{index}, {before} in front, {behind} behind"):
                    listed = [WHOLE] * (before + 1) + [container(others, csid.nflen)] + ["fd00:9:9::1"] * behind
                    more = [craft.padn(tlvs - 2)] if 0 < tlvs < 9 else [craft.hmac_tlv(1, bytes(32))] if tlvs else []
                    header = craft.srh(listed, sl=before + 1, tlvs=more, payload=UDP)
                    to = csid.with_csid(csid.at(index), others[index - 1], index - 1)
                    self.moves_on(self.packet(csid.at(index), header), to)


@for_each((*ALL, *FLAVORED))
@rfc("9800", "4.2.1", "4.2.8")
@rule("RP-1", "RP-2", "RP-6", "RP-7", "LBS-2")
class IntoAContainer(ReplaceTest):
    """Index 0: the last C-SID of the next entry; also from a reduced SRH, and with one SID in it, which PSP ends."""

    def runTest(self) -> None:
        csid, others = self.csid, positions(self.csid)
        last = len(others) - 1
        to = csid.with_csid(csid.at(0), others[last], last)
        for listed, left in (
            ([container(others, csid.nflen)], 1),
            ([container(others, csid.nflen), WHOLE], 1),
            ([WHOLE, container(others, csid.nflen)], 2),
            ([WHOLE, WHOLE, container(others, csid.nflen), WHOLE, WHOLE], 3),
        ):
            self.moves_on(self.packet(csid.at(0), craft.srh(listed, sl=left, payload=UDP)), to, left - 1)
        alone = craft.srh([packed(others[last], nflen=csid.nflen), WHOLE], sl=1, payload=UDP)
        self.moves_on(self.packet(csid.at(0), alone), to, 0, pops="psp" in csid.flavors)
        alone = craft.srh([WHOLE, packed(others[last], nflen=csid.nflen)], sl=2, payload=UDP)
        self.moves_on(self.packet(csid.at(0), alone), to, 1)


@for_each((*ALL, *FLAVORED))
@rfc("9800", "4.2.1", "4.2.8")
@rule("RP-5", "RP-7", "LBS-2")
class EndOfAContainer(ReplaceTest):
    """No C-SID in front of the Index: the next segment is a whole SID, of any block; PSP as at End."""

    def runTest(self) -> None:
        csid = self.csid
        only = packed(0x7777, nflen=csid.nflen)
        last = 128 // csid.nflen - 1
        packet = self.packet(csid.at(last), craft.srh([WHOLE, "fd00:9:9::", only], sl=2, payload=UDP))
        self.moves_on(packet, "fd00:9:9::", 1)
        packet = self.packet(csid.at(last), craft.srh([WHOLE, only], sl=1, payload=UDP))
        self.moves_on(packet, WHOLE, 0, pops="psp" in csid.flavors)


@for_each((*ALL, *FLAVORED))
@rfc("9800", "4.2.1", "4.2.8")
@rule("RP-3", "RP-5", "RP-7")
class LastContainer(ReplaceTest):
    """Segments Left 0 is not the end while a C-SID is in front of the Index; PSP where no further one is."""

    def runTest(self) -> None:
        csid, others = self.csid, positions(self.csid)
        for index in range(1, len(others)):
            to = csid.with_csid(csid.at(index), others[index - 1], index - 1)
            pops = "psp" in csid.flavors and index == 1
            packet = self.packet(csid.at(index), craft.srh([container(others, csid.nflen), WHOLE], sl=0, payload=UDP))
            self.moves_on(packet, to, pops=pops)
            one = [0] * len(others)
            one[index - 1] = others[index - 1]
            packet = self.packet(csid.at(index), craft.srh([container(one, csid.nflen)], sl=0, payload=INNER))
            self.moves_on(packet, to, pops="psp" in csid.flavors)


@for_each((*ALL, *FLAVORED))
@rfc("9800", "4.2.1", "4.2.8")
@rule("RP-3", "RP-7", "RP-12")
class LastSegment(ReplaceTest):
    """No segment left, and no C-SID in front of the Index, or no SRH: the upper layer, or USD."""

    def runTest(self) -> None:
        csid = self.csid
        last = 128 // csid.nflen - 1
        only = packed(0x7777, nflen=csid.nflen)
        for index, listed in ((0, [container(positions(csid), csid.nflen)]), (last, [only]), (last, [only, WHOLE]),
                              (last, None), (1, ["::"])):  # fmt: skip
            for name, payload in (("UDP", UDP), ("IPv6", INNER)):
                with self.subTest(f"Index {index}, {listed}, {name}"):
                    header = payload if listed is None else craft.srh(listed, sl=0, payload=payload)
                    packet = self.packet(csid.at(index), header)
                    if name == "IPv6" and "usd" in csid.flavors:
                        self.send(1, packet)
                        self.expect_only(csid.exit, wire.hop(INNER))
                    else:
                        at = 40 + (0 if listed is None else 8 + 16 * len(listed))
                        self.refused(packet, "UPPER_LAYER", 4, 4, at)


@for_each((END, END_16, END_X, LBS))
@rfc("9800", "4.2.1")
@rule("RP-6", "LBS-2")
class OtherBitsOfTheArgument(ReplaceTest):
    """Bits between C-SID and Index stay; at a swap of the block they become zero."""

    def runTest(self) -> None:
        csid, others = self.csid, positions(self.csid)
        bits = 0x123456789AB8
        packet = self.packet(csid.at(2, bits), craft.srh([WHOLE, container(others, csid.nflen)], sl=1, payload=UDP))
        to = csid.with_csid(csid.at(2, bits), others[1], 1)
        assert ("1234:5678:9ab" in to) == ("block" not in csid.operands)
        self.moves_on(packet, to)
        packet = self.packet(csid.at(0, bits), craft.srh([container(others, csid.nflen)], sl=1, payload=UDP))
        last = len(others) - 1
        self.moves_on(packet, csid.with_csid(csid.at(0, bits), others[last], last), 0)


# --- what stands around the SRH -----------------------------------------------------------------------------------


@for_each((END, END_16, *flavoured((END,), [("psp",), ("usp",), FLAVOURS])))
@rfc("9800", "4.2.1", "4.2.8")
@rule("RP-3", "RP-7", "NX-15")
class BehindOtherHeaders(ReplaceTest):
    """Options in front of the SRH, and an exhausted SRH: the first that has a C-SID or a segment left counts."""

    def runTest(self) -> None:
        csid, others = self.csid, positions(self.csid)
        whole = container(others, csid.nflen)
        to = csid.with_csid(csid.at(2), others[1], 1)
        for front in (craft.hbh, craft.dstopt, lambda rest: craft.hbh(craft.dstopt(craft.dstopt(rest)))):
            self.moves_on(self.packet(csid.at(2), front(craft.srh([WHOLE, whole], sl=1, payload=UDP))), to)
            self.moves_on(self.packet(csid.at(2), front(craft.srh([whole, WHOLE], sl=0, payload=UDP))), to)
        # the first SRH has no C-SID in front of the Index, the second one has
        second = craft.srh([WHOLE, whole], sl=1, payload=UDP)
        packet = self.packet(csid.at(2), craft.srh(["::"], sl=0, payload=second))
        if "usp" in csid.flavors:
            self.send(1, packet)
            expected = wire.popped(csid.leaves(packet, to))
            self.expect_only(csid.exit, expected)
        else:
            self.moves_on(packet, to)
        # the first SRH has one: the second one is not looked at
        packet = self.packet(csid.at(2), craft.srh([whole], sl=0, payload=craft.srh([WHOLE, "::1"], sl=1, payload=UDP)))
        self.moves_on(packet, to)
        packet = self.packet(csid.at(2), craft.srh([whole], sl=0, payload=craft.srh(["::"], sl=0, payload=UDP)))
        self.moves_on(packet, to)


@for_each(flavoured((END,), [("psp",)]))
@rfc("9800", "4.2.8")
@rule("RP-7")
class PopsBehindOptions(ReplaceTest):
    """PSP without a segment left: the header in front of the SRH names what followed it, in every place."""

    def runTest(self) -> None:
        csid = self.csid
        to = csid.with_csid(csid.at(1), A[0], 0)
        for count in range(4):
            rest = craft.srh([packed(0, 0, 0, A[0])], sl=0, payload=UDP)
            for _ in range(count):
                rest = craft.dstopt(rest)
            packet = self.packet(csid.at(1), rest)
            before = 40 + 8 * (count - 1) if count else 6
            raw = bytearray(wire.hop(packet))
            raw[24:40] = wire.v6(to)
            self.send(1, packet)
            self.expect_only(2, wire.popped(wire.Part(bytes(raw), wire.IPV6), 40 + 8 * count, before))


@for_each((END, END_16))
@rfc("9800", "4.2.1")
@rfc("8754", "2")
@rule("RP-5", "SRH-9")
class LongestList(ReplaceTest):
    """127 entries, at both ends and in the middle."""

    def runTest(self) -> None:
        csid, others = self.csid, positions(self.csid)
        self.csids(ports={1: {"mtu": 9000}, 2: {"mtu": 9000}, 4: {"vrf": "blue"}})
        for left in (126, 64, 2, 1, 0):
            listed = [WHOLE] * 127
            listed[left] = container(others, csid.nflen)
            packet = self.packet(csid.at(3), craft.srh(listed, sl=left, payload=UDP))
            self.moves_on(packet, csid.with_csid(csid.at(3), others[2], 2))
        listed = [WHOLE] * 126 + [container(others, csid.nflen)]
        packet = self.packet(csid.at(0), craft.srh(listed, sl=127, payload=UDP))
        last = len(others) - 1
        self.moves_on(packet, csid.with_csid(csid.at(0), others[last], last), 126)


# --- errors -------------------------------------------------------------------------------------------------------


@for_each(ALL)
@rfc("9800", "4.2.1")
@rule("RP-4", "RP-3")
class HopLimitRunsOut(ReplaceTest):
    """Hop limit 1 or 0 where the packet would go on: Time Exceeded before the bounds; the last segment needs none."""

    def runTest(self) -> None:
        csid = self.csid
        whole = container(positions(csid), csid.nflen)
        for hl in (1, 0):
            for index, header in (
                (2, craft.srh([WHOLE, whole], sl=1, payload=UDP)),
                (0, craft.srh([whole], sl=1, payload=UDP)),
                (1, craft.srh([whole], sl=0, payload=UDP)),
                (1, craft.srh([whole], sl=7, payload=UDP)),
            ):
                self.refused(self.packet(csid.at(index), header, hl=hl), "HOP_LIMIT_EXCEEDED", 3, 0, 0)
            self.refused(self.packet(csid.at(0), craft.srh([whole], sl=0, payload=UDP), hl=hl), "UPPER_LAYER", 4, 4, 64)


@for_each(ALL)
@rfc("9800", "4.2.1")
@rule("RP-5", "RP-6", "RP-12")
class OutOfBounds(ReplaceTest):
    """Last Entry outside the SRH, or Segments Left above it: one more is right with Index 0 alone."""

    def runTest(self) -> None:
        csid = self.csid
        whole = container(positions(csid), csid.nflen)
        for index, fields in (
            (2, {"sl": 2}), (2, {"sl": 3}), (2, {"sl": 255}), (2, {"sl": 1, "le": 2}), (2, {"sl": 1, "le": 255}),
            (2, {"sl": 0, "le": 2}), (2, {"sl": 0, "le": 255}),
            (0, {"sl": 3}), (0, {"sl": 255}), (0, {"sl": 1, "le": 2}), (0, {"sl": 1, "le": 255}),
        ):  # fmt: skip
            for front, at in ((lambda rest: rest, 43), (craft.dstopt, 51)):
                with self.subTest(f"Index {index}, {fields}, {at}"):
                    header = craft.srh([whole, whole], payload=UDP, **fields)
                    self.refused(self.packet(csid.at(index), front(header)), "SRH_SEGMENTS_LEFT", 4, 0, at)
        empty = craft.srh([], sl=0, payload=UDP)
        self.refused(self.packet(csid.at(2), empty), "SRH_SEGMENTS_LEFT", 4, 0, 43)
        self.refused(self.packet(csid.at(2), craft.dstopt(empty)), "SRH_SEGMENTS_LEFT", 4, 0, 51)
        self.refused(self.packet(csid.at(0), empty), "UPPER_LAYER", 4, 4, 48)


@for_each((END, END_16, END_X, B6, LBS))
@rfc("9800", "6.4")
@rule("RP-8")
class ContainerThatBeginsWithZero(ReplaceTest):
    """Nothing in the last position of a container that is entered: dropped, nobody is told."""

    def runTest(self) -> None:
        csid = self.csid
        others = [*positions(csid)]
        others[-1] = 0
        for listed, left in (([container(others, csid.nflen)], 1), ([WHOLE, "::"], 2)):
            self.refused(self.packet(csid.at(0), craft.srh(listed, sl=left, payload=UDP)), "CSID_ZERO")
        self.expect_sid_counter(csid.sid, packets=0, errors=2)


@for_each((END, END_16))
@rfc("9800", "4.2.1")
@rule("RP-5", "RP-6")
class ContainersAreNoAddresses(ReplaceTest):
    """A container may look like an address that is not forwarded; a whole SID may not be one."""

    def runTest(self) -> None:
        csid = self.csid
        last = 128 // csid.nflen - 1
        to = csid.with_csid(csid.at(0), 1, last)
        self.moves_on(self.packet(csid.at(0), craft.srh(["::1"], sl=1, payload=UDP)), to, 0)
        self.refused(
            self.packet(csid.at(last), craft.srh(["::1", packed(7, nflen=csid.nflen)], sl=1, payload=UDP)),
            "DESTINATION_INVALID",
        )


@for_each((END, LBS))
@rfc("9800", "4.2.1")
@rule("NX-15", "RP-4")
class DomainAndOptionsComeFirst(ReplaceTest):
    """An option that must not be skipped, authentication, and the filters of the domain stand in front of the list."""

    def runTest(self) -> None:
        csid = self.csid
        header = craft.srh([WHOLE, container(A)], sl=1, payload=UDP)
        packet = self.packet(csid.at(2), craft.dstopt(header, b"\xc1\x04abcd"), hl=1)
        self.refused(packet, "OPTION", 4, 2, 42)
        self.refused(self.packet(csid.at(2), craft.auth(header)), "AUTHENTICATION_HEADER")
        self.csids(sr_domain={"sources": ["2001:db8:7::/48"], "sid-block": ["fd00:aabb:ccdd::/48"]},
                   ports={1: {"role": "external"}, 4: {"vrf": "blue"}})  # fmt: skip
        self.refused(self.packet(csid.at(2), header), "SID_BLOCK_FILTERED")


@for_each((END,))
@rfc("9800", "4.2.1")
@rule("RP-5")
class CutShort(ReplaceTest):
    """An SRH that ends behind the packet: no C-SID is taken from what is not there."""

    def runTest(self) -> None:
        for left, header in ((1, [WHOLE, container(A)]), (0, [container(A), WHOLE])):
            frame = bytes(
                self.frame_in(1, self.packet(END.at(2), craft.srh(header, sl=left, payload=craft.raw(b"", 59))))
            )
            for cut in (1, 8, 16, 24):
                raw = bytearray(frame[:-cut])
                raw[18:20] = (len(raw) - 54).to_bytes(2, "big")
                self.send(1, Frame(bytes(raw)))
                self.expect_nothing()
                self.expect_drop("HEADER_TRUNCATED")


# --- several C-SIDs of this node, and the last of a list ----------------------------------------------------------


@rfc("9800", "4.2")
@rule("RP-9", "RP-10", "NX-12")
class OwnCsidsInARow(ReplaceTest):
    """Each costs a hop limit: within a container, out of one, and into the next."""

    behaviours = (*END.rows, *END_X.rows)

    def runTest(self) -> None:
        own, adjacency = 0x11112222, 0x1111E001
        listed = [packed(own, 0x7777), packed(own, own, own, own), "2001:db8:77::"]
        packet = self.packet(END.at(0), craft.srh(listed, sl=2, payload=UDP))
        self.send(1, packet)
        raw = bytearray(wire.hop(packet, 6))
        raw[24:40] = wire.v6("fd00:aabb:ccdd:0:7777::2")
        raw[43] = 0
        self.expect_only(2, wire.Part(bytes(raw), wire.IPV6))
        self.expect_sid_counter(END.sid, packets=6)
        # to a whole SID of this node behind a container, and out by its adjacency
        listed = [packed(0x7777), END_X.at(0), packed(own)]
        packet = self.packet(END.at(0), craft.srh(listed, sl=3, payload=UDP))
        self.send(1, packet)
        raw = bytearray(wire.hop(packet, 3))
        raw[24:40] = wire.v6("fd00:aabb:ccdd:0:7777::3")
        raw[43] = 0
        self.expect_only(3, wire.Part(bytes(raw), wire.IPV6))
        packet = self.packet(END.at(1), craft.srh([container((adjacency, 0, 0, 0)), WHOLE], sl=0, payload=UDP))
        self.send(1, packet)
        self.expect_icmp6(
            1, 4, 4, 80, wire.Part(self.retargeted(wire.hop(packet), "fd00:aabb:ccdd:1111:e001::"), wire.IPV6)
        )
        self.expect_drop("UPPER_LAYER")

    @staticmethod
    def retargeted(packet: bytes, to: str) -> bytes:
        """``packet`` with another destination."""
        return packet[:24] + wire.v6(to) + packet[40:]


@rfc("9800", "6.5", "9.3")
@rule("NX-10", "RP-3")
class PingAtTheEndOfAList(ReplaceTest):
    """The checksum is over the destination as the last node sees it, Index and all; the answer comes from there."""

    behaviours = (*END.rows, "Ping and traceroute")

    def runTest(self) -> None:
        for to, header in ((END.at(0), None), (END.at(3), [packed(0x11112222)])):
            reply = wire.ip6(to, HOST, wire.echo_reply(to, HOST, ident=7, seq=9))
            sent = craft.ip6(HOST, to, craft.echo_request(ident=7, seq=9))
            if header is not None:
                carried = bytes(sent)[40:]
                sent = craft.ip6(HOST, END.at(0), craft.srh(header, sl=1, nh=wire.ICMPV6, payload=carried))
            self.send(1, sent)
            self.expect_only(1, reply)


LAST_SEGMENTS = (
    ("End.DX6", {"via": "2001:db8:3::2"}, INNER, 3),
    ("End.DX4", {"via": "10.0.3.2"}, craft.ip4(IN4, OUT4, craft.udp(b"inner")), 3),
    ("End.DT6", {"vrf": "blue"}, INNER, 4),
    ("End.DT4", {"vrf": "blue"}, craft.ip4(IN4, OUT4, craft.udp(b"inner")), 4),
    ("End.DT46", {"vrf": "blue"}, INNER, 4),
    ("End.DX2", {"port": 6}, None, 6),
    ("End.DX2V", {"table": "lan"}, None, 6),
)


@rfc("9800", "4.2.7")
@rule("RP-9", "RP-11", "DEC-1")
class LastSegmentDecapsulates(ReplaceTest):
    """End.D* with any Index and any other Argument: what is inside; with a segment left Parameter Problem."""

    behaviours = tuple(f"{name} with REPLACE-CSID" for name, *_ in LAST_SEGMENTS)

    def runTest(self) -> None:
        raw = bytes.fromhex("0200000000aa0200000000bb88b5") + b"a frame of some length"
        for at, (name, operands, inner, exit_) in enumerate(LAST_SEGMENTS):
            sid = f"fd00:aabb:ccdd:1111:d00{at}::/80"
            with self.subTest(name):
                self.csids(
                    {"sid": sid, "behavior": name, "flavors": ["replace-csid"], **operands},
                    routes=[{"prefix": "198.18.92.0/24", "vrf": "blue", "via": "10.0.4.2"}],
                    **{"vlan-tables": [{"name": "lan", "entries": [{"vlan": 0, "port": 6}]}]},
                )
                payload = craft.raw(raw, 143) if inner is None else inner
                address = int(IPv6Network(sid).network_address)
                for argument in (0, 1, 3, 0xABCD << 32 | 2, (1 << 48) - 1):
                    to = str(IPv6Address(address | argument))
                    for header in (payload, craft.srh([container(A)], sl=0, payload=payload)):
                        self.send(1, self.packet(to, header))
                        self.expect_only(exit_, Frame(raw) if inner is None else wire.hop(inner))
                packet = self.packet(str(IPv6Address(address | 1)), craft.srh([WHOLE], sl=1, payload=payload))
                self.refused(packet, "SRH_SEGMENTS_LEFT", 4, 0, 43)


# --- vectors of others, and walks ---------------------------------------------------------------------------------


@rfc("9800", "4.2.1", "4.2.8", "7.1")
@rule("RP-3", "RP-5", "RP-6", "RP-7", "LBS-2")
class Vectors(ReplaceTest):
    """Those of a public test of REPLACE-C-SID: block of 48 bits, C-SIDs of 32 and 16."""

    behaviours = (*END.rows, *END_16.rows, *LBS.rows, "PSP")

    def runTest(self) -> None:
        psp = replace(END, flavors=("psp",))
        lbs = replace(LBS, sid=END.sid)
        lbs_16 = replace(LBS_16, sid=END_16.sid)
        for csid, index, listed, left, expected, left_after, pops in (
            (END, 2, [WHOLE, container(A)], 1, "fd00:aabb:ccdd:5105:bb::1", 1, False),
            (END, 0, [container(B)], 1, "fd00:aabb:ccdd:5206:44::3", 0, False),
            (END, 2, [WHOLE, container((A[0], 0, 0, 0))], 1, WHOLE, 0, False),
            (psp, 2, [WHOLE, container((A[0], 0, 0, 0))], 1, WHOLE, 0, True),
            (psp, 1, [container((A[0], 0, 0, 0))], 0, "fd00:aabb:ccdd:5105:aa::", 0, True),
            (END_16, 5, [WHOLE, container(A16, 16)], 1, "fd00:aabb:ccdd:a0a4::4", 1, False),
            (lbs, 2, [WHOLE, container(A)], 1, "fd77:7777:7777:5105:bb::1", 1, False),
            (lbs, 0, [container(B)], 1, "fd77:7777:7777:5206:44::3", 0, False),
            (lbs_16, 5, [WHOLE, container(A16, 16)], 1, "fd77:7777:7777:a0a4::4", 1, False),
        ):
            with self.subTest(f"{csid.behaviour} {csid.flavors} {index} {listed}"):
                self.csid = csid
                self.csids()
                packet = self.packet(csid.at(index), craft.srh(listed, sl=left, payload=UDP))
                self.moves_on(packet, expected, left_after, pops)
        self.csid = END
        self.csids()
        self.refused(self.packet(END.at(0), craft.srh(["::"], sl=0, payload=UDP)), "UPPER_LAYER", 4, 4, 64)
        packet = self.packet(END.at(2), craft.srh([container((A[0], 0, 0, 0))], sl=0, payload=UDP))
        self.refused(packet, "UPPER_LAYER", 4, 4, 64)
        packet = self.packet(END.at(2), craft.srh([WHOLE, container(A)], sl=1, payload=UDP), hl=1)
        self.refused(packet, "HOP_LIMIT_EXCEEDED", 3, 0, 0)
        packet = self.packet(END.at(2), craft.srh([container(A)], sl=0, le=5, payload=UDP))
        self.refused(packet, "SRH_SEGMENTS_LEFT", 4, 0, 43)
        self.csid = replace(END, flavors=("usd",))
        self.csids()
        self.send(1, self.packet(END.at(2), INNER))
        self.expect_only(2, wire.hop(INNER))


WALKS = (
    # packed list, first segment first; SIDs of the node, one after another; (destination, Segments Left) behind each
    (
        ["2001:db8:b2:10:1::", "50:5:40:4:30:3:20:2", "::70:7:60:6"],
        [f"2001:db8:b2:{n}0:{n}::/80" for n in range(1, 8)],
        [("2001:db8:b2:20:2::3", 1), ("2001:db8:b2:30:3::2", 1), ("2001:db8:b2:40:4::1", 1), ("2001:db8:b2:50:5::", 1),
         ("2001:db8:b2:60:6::3", 0), ("2001:db8:b2:70:7::2", 0)],
    ),
    (
        ["2001:db8:b3:10::", "90:80:70:60:50:40:30:20", "::a0"],
        [f"2001:db8:b3:{n:x}::/64" for n in range(0x10, 0xA1, 0x10)],
        [*((f"2001:db8:b3:{n}0::{9 - n}", 1) for n in range(2, 10)), ("2001:db8:b3:a0::7", 0)],
    ),
)  # fmt: skip


@rfc("9800", "4.2", "6.2")
@rule("RP-1", "RP-2", "RP-3", "RP-5", "RP-6")
class Walks(ReplaceTest):
    """Packed lists, reduced, from their first SID to their last, a node for each."""

    behaviours = (*END.rows, *END_16.rows)

    def runTest(self) -> None:
        for packed_list, sids, steps in WALKS:
            to, left = str(IPv6Address(packed_list[0])), len(packed_list) - 1
            listed = packed_list[:0:-1]
            for hl, (sid, (expected, left_after)) in enumerate(zip(sids, steps, strict=False)):
                self.node(
                    locator={"prefix": sid, "block": 48},
                    sids=[{"sid": sid, "behavior": "End", "flavors": ["replace-csid"]}],
                    routes=[{"prefix": "2001:db8:b0::/44", "via": "2001:db8:2::2"}],
                )
                packet = self.packet(to, craft.srh(listed, sl=left, payload=UDP), hl=64 - hl)
                self.send(1, packet)
                raw = bytearray(wire.hop(packet))
                raw[24:40], raw[43] = wire.v6(expected), left_after
                self.expect_only(2, wire.Part(bytes(raw), wire.IPV6))
                to, left = expected, left_after
            # the last one: the upper layer
            self.node(
                locator={"prefix": sids[-1], "block": 48},
                sids=[{"sid": sids[-1], "behavior": "End", "flavors": ["replace-csid"]}],
            )
            packet = self.packet(to, craft.srh(listed, sl=left, payload=UDP), hl=64 - len(steps))
            self.refused(packet, "UPPER_LAYER", 4, 4, 80)
