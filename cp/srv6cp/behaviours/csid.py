# SPDX-License-Identifier: Apache-2.0
"""Compressed SIDs: the NEXT-C-SID flavour, and the swap of the locator block (RFC 9800 sections 4.1 and 7).

The SID is given with its structure: ``lblen`` and ``nflen``, the lengths of Block (LBL) and C-SID (LNFL), which
together are its prefix length. Left out they are told from the locators of the node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Network
from typing import Any

from srv6cp import values
from srv6cp.behaviours.interfaces import Binder, Names, Schema, Scope
from srv6cp.behaviours.operands import DECAP, VIA6, VRF, Bind, Operand, policy
from srv6cp.behaviours.record import ALL_FLAVOURS, Endpoint
from srv6cp.behaviours.structure import block_in
from srv6cp.model import Flavour, Sid
from srv6cp.problems import InvalidError, with_path

_LBLEN, _NFLEN = "lblen", "nflen"
_ADDRESS_LENGTH = 128


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


LBLEN = Length(_LBLEN, "[`lblen`]", "lblen BITS", "lbl", 0)
NFLEN = Length(_NFLEN, "[`nflen`]", "nflen BITS", "lnfl", 1)
STRUCTURE = (LBLEN, NFLEN)
BLOCK = Block("block", "`block` (a prefix)", "block PREFIX")

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
)
