# SPDX-License-Identifier: Apache-2.0
"""Compressed SIDs: the flavours NEXT-C-SID and REPLACE-C-SID, and the swap of the locator block (RFC 9800 sections 4
and 7).

The SID is given with its structure: ``lblen`` and ``nflen``, the lengths of Block (LBL) and C-SID (LNFL), which
together are its prefix length. Left out they are told from the locators of the node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv6Network
from typing import Any

from srv6cp import values
from srv6cp.behaviours import decap, l2, l2_bridge, mpls
from srv6cp.behaviours.interfaces import Binder, Names, Schema, Scope
from srv6cp.behaviours.operands import DECAP, VIA6, VRF, Bind, Operand, policy
from srv6cp.behaviours.record import ALL_FLAVOURS, Endpoint
from srv6cp.behaviours.structure import block_in
from srv6cp.model import Flavour, Sid
from srv6cp.model.structures import FE2_LENGTH
from srv6cp.problems import InvalidError, with_path

_LBLEN, _NFLEN = "lblen", "nflen"
_ADDRESS_LENGTH = 128
#: Bits of the Index of a REPLACE-C-SID by LNFL.
_INDEX_LENGTHS = {16: 3, 32: 2}


def _structure(item: dict[Any, Any], scope: Scope, behaviour: str) -> tuple[int, int]:
    """LBL and LNFL of the SID of an item. Raises ``InvalidError``."""
    prefix = with_path("sid", values.ipv6_prefix, item.get("sid"), "SID")
    given = {
        key: with_path(key, values.integer, item[key], key, 1, _ADDRESS_LENGTH - 1)
        for key in (_LBLEN, _NFLEN)
        if item.get(key) is not None
    }
    lblen = given.get(_LBLEN)
    if lblen is None and _NFLEN in given:
        lblen = prefix.prefixlen - given[_NFLEN]
    if lblen is None:
        lblen = block_in(prefix, scope.locators)
    if lblen is None:
        raise InvalidError(f"{behaviour} needs {_LBLEN!r}: no locator of the node has the block of {prefix}")
    nflen = given.get(_NFLEN, prefix.prefixlen - lblen)
    if lblen < 1 or nflen < 1 or lblen + nflen != prefix.prefixlen:
        raise InvalidError(
            f"block and C-SID are the prefix of the SID (RFC 9800 4.1): {_LBLEN} {lblen} and {_NFLEN} {nflen} do not"
            f" add up to the {prefix.prefixlen} bits of {prefix}",
            _NFLEN if _NFLEN in given else _LBLEN if _LBLEN in given else "sid",
        )
    return lblen, nflen


@dataclass(frozen=True)
class Length(Operand):
    """A part of the structure of the SID, in bits: the ``index``-th of LBL and LNFL."""

    parameter: str = ""
    index: int = 0

    @property
    def schema(self) -> Schema:
        return {"type": "integer", "minimum": 1, "maximum": _ADDRESS_LENGTH - 1}

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {self.parameter: lambda bits, _: bits}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        return {self.key: _structure(item, scope, behaviour)[self.index]}

    def text(self, value: Any, names: Names) -> str:
        return str(value)


@dataclass(frozen=True)
class ReplaceLength(Length):
    """LNFL of a REPLACE-C-SID: 16 or 32 bits. The Index stands behind Block and C-SID (RFC 9800 section 4.2), and
    behind an Argument of ``argument`` bits."""

    argument: int = 0

    @property
    def schema(self) -> Schema:
        return {"enum": sorted(_INDEX_LENGTHS)}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        lblen, nflen = _structure(item, scope, behaviour)
        index = _INDEX_LENGTHS.get(nflen)
        where = next((key for key in (self.key, _LBLEN) if item.get(key) is not None), "sid")
        if index is None:
            raise InvalidError(f"a REPLACE-C-SID has 16 or 32 bits (RFC 9800 4.2), not {nflen}", where)
        if lblen + nflen + self.argument + index > _ADDRESS_LENGTH:
            room = f"an index of {index} bits (RFC 9800 4.2)"
            if self.argument:
                room = f"Arg.FE2, {self.argument} bits, and {room}"
            raise InvalidError(f"block and C-SID leave no room for {room}", where)
        return {self.key: nflen}


@dataclass(frozen=True)
class Block(Operand):
    """The locator block that takes the place of the SID's (RFC 9800 section 7)."""

    @property
    def schema(self) -> Schema:
        return {"type": "string"}

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {"block": _block_address, "block_length": _block_length}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        if item.get(self.key) is None:
            raise InvalidError(f"{behaviour} needs {self.key!r}, the locator block that the packet goes on in")
        block = with_path(self.key, values.ipv6_prefix, item[self.key], "locator block")
        longest = sum(_structure(item, scope, behaviour))
        if not 1 <= block.prefixlen <= longest or values.not_forwarded(block):
            raise InvalidError(
                f"{block} is no unicast block of 1 to {longest} bits: a longer one leaves no room for the argument of"
                " the SID",
                self.key,
            )
        return {self.key: block}

    def told(self, params: Mapping[str, Any], names: Names) -> str:
        return f"{params['block']}/{params['block_length']}" if "block" in params else ""


@dataclass(frozen=True)
class ReplaceBlock(Block):
    """The same at a REPLACE-C-SID: C-SID and Index are written behind the new block."""

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        found = super().read(item, scope, behaviour)
        block: IPv6Network = found[self.key]
        _, nflen = _structure(item, scope, behaviour)
        longest = _ADDRESS_LENGTH - nflen - _INDEX_LENGTHS.get(nflen, 0)
        if block.prefixlen > longest:
            raise InvalidError(f"{block} leaves no room for C-SID and index: at most {longest} bits", self.key)
        return found


def _block_address(block: IPv6Network, _: Binder) -> int:
    return int(block.network_address)


def _block_length(block: IPv6Network, _: Binder) -> int:
    return block.prefixlen


def next_in_container(sid: Sid, destination: bytes) -> bytes | None:
    """Where a packet goes next from a compressed SID: the destination with its Argument moved behind the block.

    None without an Argument (RFC 9800 4.1.1 N02).
    """
    lblen, nflen = int(sid.operands[_LBLEN]), int(sid.operands[_NFLEN])
    value = int.from_bytes(destination, "big")
    argument = value & (1 << _ADDRESS_LENGTH - lblen - nflen) - 1
    if not argument:
        return None
    block: IPv6Network | None = sid.operands.get("block")
    if block is None:
        block = IPv6Network((value, lblen), strict=False)
    return (int(block.network_address) | argument << lblen + nflen - block.prefixlen).to_bytes(16, "big")


def next_by_list(sid: Sid, destination: bytes, segments: Sequence[bytes], left: int) -> tuple[bytes, int] | None:
    """Where a packet goes next from a REPLACE-C-SID: destination, Segments Left (RFC 9800 section 4.2.1).

    ``segments`` is the Segment List of its SRH, ``left`` what is left of it. None where the next segment is a whole
    SID, at the last segment, and where the list is wrong.
    """
    lblen, nflen = int(sid.operands[_LBLEN]), int(sid.operands[_NFLEN])
    value = int.from_bytes(destination, "big")
    last = _ADDRESS_LENGTH // nflen - 1
    index = value & last
    if (not index and not left) or left - (not index) >= len(segments):
        return None
    left, index = (left, index - 1) if index else (left - 1, last)
    c_sid = int.from_bytes(segments[left], "big") >> nflen * (last - index) & (1 << nflen) - 1
    if not c_sid:
        return None
    block: IPv6Network | None = sid.operands.get("block")
    if block is None:
        lowest = _ADDRESS_LENGTH - lblen - nflen
        base = value & ~(((1 << nflen) - 1) << lowest) & ~last
    else:
        lowest = _ADDRESS_LENGTH - block.prefixlen - nflen
        base = int(block.network_address)
    return (base | c_sid << lowest | index).to_bytes(16, "big"), left


def next_address(sid: Sid, destination: bytes, segments: Sequence[bytes], left: int) -> tuple[bytes, int] | None:
    """Where a packet goes next from a compressed SID by its C-SIDs, and Segments Left; None where it is as any SID.

    ``segments`` is the Segment List of the SRH that counts, empty where there is none.
    """
    record = _MOVING.get(sid.behaviour)
    if record is None:
        return None
    if record.csid == Flavour.REPLACE_CSID:
        return next_by_list(sid, destination, segments, left)
    moved = next_in_container(sid, destination)
    return None if moved is None else (moved, left)


LBLEN = Length(_LBLEN, "[`lblen`]", "lblen BITS", "lbl", 0)
NFLEN = Length(_NFLEN, "[`nflen`]", "nflen BITS", "lnfl", 1)
STRUCTURE = (LBLEN, NFLEN)
REPLACE_STRUCTURE = (LBLEN, ReplaceLength(_NFLEN, "[`nflen`]", "nflen BITS", "lnfl", 1))
_FE2_STRUCTURE = (LBLEN, ReplaceLength(_NFLEN, "[`nflen`]", "nflen BITS", "lnfl", 1, FE2_LENGTH))
BLOCK = Block("block", "`block` (a prefix)", "block PREFIX")
REPLACE_BLOCK = ReplaceBlock("block", "`block` (a prefix)", "block PREFIX")


def _last(record: Endpoint, code_point: int) -> Endpoint:
    """A decapsulating behaviour with REPLACE-C-SID: it ignores the Argument (RFC 9800 section 4.2.7), unless it is
    Arg.FE2 of End.DT2M, which the bridge domain knows."""
    fe2 = record.name == "End.DT2M"
    operands = (l2_bridge.BRIDGE, *_FE2_STRUCTURE) if fe2 else (*record.operands, *REPLACE_STRUCTURE)
    return replace(
        record,
        name=f"{record.name} with REPLACE-CSID",
        action=f"{record.action}_replace_csid",
        operands=operands,
        code_points=(code_point,),
        spec="RFC 9800 4.2.7",
        aliases=(),
        lookup=record.lookup and f"{record.lookup} with REPLACE-CSID",
        sections=(),
        of=record.name,
        csid=Flavour.REPLACE_CSID,
        argument=FE2_LENGTH if fe2 else 0,
    )


_LAST_CODE_POINTS = {
    "End.DX6": 116,
    "End.DX4": 117,
    "End.DT6": 118,
    "End.DT4": 119,
    "End.DT46": 120,
    "End.DX2": 121,
    "End.DX2V": 122,
    "End.DT2U": 123,
    "End.DT2M": 124,
}

ENDPOINTS = (
    Endpoint(
        "End with NEXT-CSID",
        action="end_next_csid",
        operands=(*STRUCTURE, *DECAP),
        code_points=(43, 44, 45, 46, 47, 48, 49, 50),
        flavours=ALL_FLAVOURS,
        spec="RFC 9800 4.1.1",
        aliases=("uN",),
        of="End",
        csid=Flavour.NEXT_CSID,
    ),
    Endpoint(
        "End.X with NEXT-CSID",
        action="end_x_next_csid",
        operands=(VIA6, *STRUCTURE, *DECAP),
        code_points=(52, 53, 54, 55, 56, 57, 58, 59),
        flavours=ALL_FLAVOURS,
        spec="RFC 9800 4.1.2",
        aliases=("uA",),
        of="End.X",
        csid=Flavour.NEXT_CSID,
    ),
    Endpoint(
        "End.T with NEXT-CSID",
        action="end_t_next_csid",
        operands=(VRF, *STRUCTURE, *DECAP),
        code_points=(85, 86, 87, 88, 89, 90, 91, 92),
        flavours=ALL_FLAVOURS,
        spec="RFC 9800 4.1.3",
        aliases=("uT",),
        of="End.T",
        csid=Flavour.NEXT_CSID,
    ),
    Endpoint(
        "End.B6.Encaps with NEXT-CSID",
        action="end_b6_encaps_next_csid",
        operands=(policy("encap"), *STRUCTURE),
        code_points=(93,),
        spec="RFC 9800 4.1.4",
        of="End.B6.Encaps",
        csid=Flavour.NEXT_CSID,
    ),
    Endpoint(
        "End.B6.Encaps.Red with NEXT-CSID",
        action="end_b6_encaps_red_next_csid",
        operands=(policy("encap.red"), *STRUCTURE),
        code_points=(94,),
        spec="RFC 9800 4.1.5",
        of="End.B6.Encaps.Red",
        csid=Flavour.NEXT_CSID,
    ),
    Endpoint(
        "End.BM with NEXT-CSID",
        action="end_bm_next_csid",
        operands=(mpls.MPLS_POLICY, *STRUCTURE),
        code_points=(95,),
        spec="RFC 9800 4.1.6",
        of="End.BM",
        csid=Flavour.NEXT_CSID,
    ),
    Endpoint(
        "End.LBS",
        action="end_lbs",
        operands=(BLOCK, *STRUCTURE),
        code_points=(96,),
        spec="RFC 9800 7.1",
        aliases=("End.LBS with NEXT-CSID",),
    ),
    Endpoint(
        "End.XLBS",
        action="end_xlbs",
        operands=(VIA6, BLOCK, *STRUCTURE),
        code_points=(97,),
        spec="RFC 9800 7.2",
        aliases=("End.XLBS with NEXT-CSID",),
    ),
    Endpoint(
        "End with REPLACE-CSID",
        action="end_replace_csid",
        operands=(*REPLACE_STRUCTURE, *DECAP),
        code_points=(101, 102, 103, 104, 128, 129, 130, 131),
        flavours=ALL_FLAVOURS,
        spec="RFC 9800 4.2.1",
        of="End",
        csid=Flavour.REPLACE_CSID,
    ),
    Endpoint(
        "End.X with REPLACE-CSID",
        action="end_x_replace_csid",
        operands=(VIA6, *REPLACE_STRUCTURE, *DECAP),
        code_points=(105, 106, 107, 108, 132, 133, 134, 135),
        flavours=ALL_FLAVOURS,
        spec="RFC 9800 4.2.2",
        of="End.X",
        csid=Flavour.REPLACE_CSID,
    ),
    Endpoint(
        "End.T with REPLACE-CSID",
        action="end_t_replace_csid",
        operands=(VRF, *REPLACE_STRUCTURE, *DECAP),
        code_points=(109, 110, 111, 112, 136, 137, 138, 139),
        flavours=ALL_FLAVOURS,
        spec="RFC 9800 4.2.3",
        of="End.T",
        csid=Flavour.REPLACE_CSID,
    ),
    Endpoint(
        "End.B6.Encaps with REPLACE-CSID",
        action="end_b6_encaps_replace_csid",
        operands=(policy("encap"), *REPLACE_STRUCTURE),
        code_points=(114,),
        spec="RFC 9800 4.2.4",
        of="End.B6.Encaps",
        csid=Flavour.REPLACE_CSID,
    ),
    Endpoint(
        "End.B6.Encaps.Red with REPLACE-CSID",
        action="end_b6_encaps_red_replace_csid",
        operands=(policy("encap.red"), *REPLACE_STRUCTURE),
        code_points=(127,),
        spec="RFC 9800 4.2.5",
        of="End.B6.Encaps.Red",
        csid=Flavour.REPLACE_CSID,
    ),
    Endpoint(
        "End.BM with REPLACE-CSID",
        action="end_bm_replace_csid",
        operands=(mpls.MPLS_POLICY, *REPLACE_STRUCTURE),
        code_points=(115,),
        spec="RFC 9800 4.2.6",
        of="End.BM",
        csid=Flavour.REPLACE_CSID,
    ),
    Endpoint(
        "End.LBS with REPLACE-CSID",
        action="end_lbs_replace_csid",
        operands=(REPLACE_BLOCK, *REPLACE_STRUCTURE),
        code_points=(140,),
        spec="RFC 9800 7.1",
        of="End.LBS",
        csid=Flavour.REPLACE_CSID,
    ),
    Endpoint(
        "End.XLBS with REPLACE-CSID",
        action="end_xlbs_replace_csid",
        operands=(VIA6, REPLACE_BLOCK, *REPLACE_STRUCTURE),
        code_points=(141,),
        spec="RFC 9800 7.2",
        of="End.XLBS",
        csid=Flavour.REPLACE_CSID,
    ),
    *(
        _last(record, _LAST_CODE_POINTS[record.name])
        for record in (*decap.ENDPOINTS, *l2.ENDPOINTS, *l2_bridge.ENDPOINTS)
        if record.name in _LAST_CODE_POINTS
    ),
)

#: What moves a packet on to its next C-SID.
_MOVING = {record.name: record for record in ENDPOINTS if not record.decapsulates}
