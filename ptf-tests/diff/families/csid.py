# SPDX-License-Identifier: Apache-2.0
"""Compressed SIDs: NEXT-C-SID, REPLACE-C-SID and the swap of the block on every behaviour that takes them (RFC 9800).

Packets lead through containers of own C-SIDs, those of others, and of zeros, with and without an SRH; those of
REPLACE-C-SID with an Index that fits Segments Left or does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address, IPv6Network
from typing import Any, NamedTuple

from diff.draw import Draw, Family
from harness import wire
from harness.wire import Frame
from srv6cp.behaviours.csid import ENDPOINTS
from srv6cp.compile import tables
from srv6cp.model import Flavour

_SHORT_BLOCK = "fd70::/12"
_OPERANDS: dict[str, dict[str, Any]] = {
    "End": {},
    "End.X": {"via": "2001:db8:3::2"},
    "End.T": {"vrf": "blue"},
    "End.B6.Encaps": {"policy": "full3"},
    "End.B6.Encaps.Red": {"policy": "one-red"},
    "End.BM": {"mpls-policy": "labels3"},
    "End.DX6": {"via": "2001:db8:2::2"},
    "End.DX4": {"via": "10.0.2.2"},
    "End.DT6": {"vrf": "blue"},
    "End.DT4": {"vrf": "blue"},
    "End.DT46": {"vrf": "default"},
    "End.DX2": {"port": 7},
    "End.DX2V": {"table": "wires"},
    "End.DT2U": {"bridge": "lan"},
    "End.DT2M": {"bridge": "lan"},
    "End.LBS": {"block": "fd77:7777:7777::/48"},
    "End.XLBS": {"block": _SHORT_BLOCK, "via": "2001:db8:3::2"},
}
_LAST = "fcbb:bb00:cd46::/48"  # a SID that a container of NEXT-C-SIDs may end with
_OTHERS = (0x12, 0x13, 0x44)  # C-SIDs of others, in any block


class Structure(NamedTuple):
    """C-SIDs of this node from ``first`` on, all with the same block and length."""

    first: IPv6Network
    lblen: int
    replace: bool

    @property
    def nflen(self) -> int:
        """Length of a C-SID."""
        return self.first.prefixlen - self.lblen


_STRUCTURES = (
    Structure(IPv6Network("fcbb:bb00:c000::/48"), 32, False),
    Structure(IPv6Network("5f00:1a00::/28"), 20, False),
    Structure(IPv6Network("5f00:2:3:4:c000::/96"), 64, False),
    Structure(IPv6Network("fd00:aabb:ccdd:c000::/64"), 48, True),
    Structure(IPv6Network("fd00:aabb:ccdd:1111:c000::/80"), 48, True),
)


def _of(structure: Structure) -> Iterator[dict[str, Any]]:
    """A SID for each behaviour with each combination of flavours."""
    kind = "replace-csid" if structure.replace else "next-csid"
    length = structure.first.prefixlen
    number = int(structure.first.network_address) >> 128 - length
    for record in ENDPOINTS:
        behaviour = record.of or record.name
        if (record.csid == Flavour.REPLACE_CSID) is not structure.replace or behaviour not in _OPERANDS:
            continue  # what has no operands here is told by test_the_whole_catalogue_is_drawn
        for flavour in range(8) if record.flavours else (0,):
            yield {
                "sid": f"{IPv6Address(number << 128 - length)}/{length}",
                "behavior": behaviour,
                "flavors": [*([kind] if record.csid else []), *Flavour(flavour).names()],
                "lblen": structure.lblen,
                "nflen": structure.nflen,
                "allow-outside-locator": True,
                **_OPERANDS[behaviour],
                **({"block": _SHORT_BLOCK} if "BS" in behaviour and length < 48 else {}),
            }
            number += 1


_SIDS = {structure: list(_of(structure)) for structure in _STRUCTURES}


def sids(*behaviours: str) -> list[dict[str, Any]]:
    """The SIDs of these behaviours."""
    return [sid for found in _SIDS.values() for sid in found if sid["behavior"] in behaviours]


def _own(draw: Draw, structure: Structure) -> int:
    """Block and C-SID of one of them, as an address."""
    return int(IPv6Network(draw.random.choice(_SIDS[structure])["sid"]).network_address)


def _csid(draw: Draw, structure: Structure) -> int:
    """A C-SID: of this node, of another, any, or 0."""
    pick = draw.random.random()
    mask = (1 << structure.nflen) - 1
    if pick < 0.55:
        return _own(draw, structure) >> 128 - structure.first.prefixlen & mask
    if pick < 0.7:
        return int(IPv6Network(_LAST).network_address) >> 80 & mask
    if pick < 0.85:
        return draw.random.choice(_OTHERS) & mask
    return draw.random.getrandbits(structure.nflen) if pick < 0.92 else 0


def _container(draw: Draw, structure: Structure) -> int:
    """A destination of NEXT-C-SIDs, as many as there is room for, or fewer."""
    value = _own(draw, structure)
    low = 128 - structure.first.prefixlen
    for _ in range(draw.random.choice((0, 1, 1, 2, 3, 8))):
        low -= structure.nflen
        if low < 0:
            break
        value |= _csid(draw, structure) << low
    return value


def _indexed(draw: Draw, structure: Structure) -> int:
    """A destination of a REPLACE-C-SID with an Index; seldom with other bits of the Argument."""
    value = _own(draw, structure) | draw.random.randrange(128 // structure.nflen)
    if draw.often(0.1):
        value |= draw.random.getrandbits(128 - structure.first.prefixlen)
    return value


def _packed(draw: Draw, structure: Structure) -> int:
    """A segment full of C-SIDs."""
    value = 0
    for _ in range(128 // structure.nflen):
        value = value << structure.nflen | _csid(draw, structure)
    return value


def _address(draw: Draw) -> str:
    structure = draw.random.choice(_STRUCTURES)
    return str(IPv6Address((_indexed if structure.replace else _container)(draw, structure)))


def _frame(draw: Draw, port: int) -> Frame:
    structure = draw.random.choice(_STRUCTURES)
    payload = draw.upper(1)
    if structure.replace:
        target = str(IPv6Address(_indexed(draw, structure)))
        listed: list[str] = []
        for _ in range(draw.random.choice((0, 1, 1, 2, 2, 3, 4))):
            listed.append(str(IPv6Address(_packed(draw, structure))) if draw.often(0.85) else draw.target6())
    else:
        listed = [
            str(IPv6Address(_container(draw, structure))) if draw.often(0.7) else draw.target6()
            for _ in range(draw.random.choice((0, 0, 1, 2, 3)))
        ]
        target = str(IPv6Address(_container(draw, structure)))
    if listed:
        left = draw.random.choice((0, len(listed) - 1, len(listed) - 1, len(listed), draw.random.randint(0, 5)))
        flags = draw.random.choice((0, 0, 0, 0x20))
        tlvs = draw.random.choice((b"", b"", wire.PAD1 * 8, wire.tlv(10, bytes(6))))
        payload = wire.srh(listed, sl=left, flags=flags, tlvs=tlvs, payload=payload)
    if draw.often(0.15):
        payload = draw.extensions(payload)
    return draw.ethernet(port, wire.ip6(draw.source6(), target, payload, hl=draw.hop_limit()))


FAMILY = Family(
    needs=((tables.MY_SID, "end_next_csid"), (tables.MY_SID, "end_replace_csid")),
    config={
        "sids": sids("End", "End.X", "End.T", "End.LBS", "End.XLBS"),
        "routes": [
            {"prefix": prefix, "vrf": vrf, "via": f"2001:db8:{port}::2"}
            for vrf, port in (("default", 2), ("blue", 5))
            for prefix in ("fd00::/16", "fd70::/12", "5f00::/16")
        ],
    },
    address=_address,
    frame=_frame,
)
BINDING = Family(
    needs=((tables.MY_SID, "end_b6_encaps_next_csid"),),
    config={"sids": sids("End.B6.Encaps", "End.B6.Encaps.Red")},
)
DECAPSULATING = Family(
    needs=((tables.MY_SID, "end_dt46_replace_csid"), (tables.MY_SID, "end_dx2_replace_csid")),
    config={
        "sids": [
            *sids("End.DX6", "End.DX4", "End.DT6", "End.DT4", "End.DT46", "End.DX2", "End.DX2V"),
            {"sid": _LAST, "behavior": "End.DT46", "vrf": "default", "allow-outside-locator": True},
        ]
    },
)
