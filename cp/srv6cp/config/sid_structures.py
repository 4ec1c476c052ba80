# SPDX-License-Identifier: Apache-2.0
"""``sid-structures``: how the SIDs of other nodes are made up, so that a segment list can be packed (RFC 9800 6).

An item has prefixes and the structure of the SIDs in them; a segment that is a mapping has the same keys. A prefix is
that of a SID, or one around many of the same structure. What is left out follows: the block from the locators of the
node, the C-SID from the length of the prefix, the argument from the flavour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv6Network
from typing import Any

from srv6cp import values
from srv6cp.behaviours import REGISTRY
from srv6cp.behaviours.structure import block_in, structure_of
from srv6cp.model import Csid, Locator, Sid, SidStructure
from srv6cp.model.structures import BITS, FE2_LENGTH, REPLACE_LENGTHS
from srv6cp.problems import Fields, InvalidError

LENGTH_KEYS = ("lblen", "nflen", "lnlen", "flen", "arglen")
STRUCTURE_KEYS = frozenset((*LENGTH_KEYS, "csid"))
SID_STRUCTURE_KEYS = STRUCTURE_KEYS | {"sids"}
#: Spellings of RFC 9800 and RFC 9252.
SYNONYMS = {"lbl": "lblen", "lnfl": "nflen", "lnl": "lnlen", "fl": "flen", "al": "arglen"}


#: Prefixes, with the structure of the SIDs in them.
Known = tuple[tuple[IPv6Network, SidStructure], ...]


def read_sid_structures(value: Any, locators: tuple[Locator, ...], sids: tuple[Sid, ...]) -> Known:
    """What is known of SIDs: of those of other nodes by ``sid-structures``, of those of this one by ``sids``.

    Without a C-SID among them nothing can be packed, and nothing is known.
    """
    known: list[tuple[IPv6Network, SidStructure]] = []
    items = values.listing(value, "sid-structures")
    whole = Fields({})
    for index, item in enumerate(items):
        with whole.at(index):
            known += _read_item(values.mapping(item, "a SID structure"), locators)
    whole.finish()
    if known or any(REGISTRY.endpoint(sid.behaviour).csid for sid in sids):
        known += _own(locators, sids)
    return tuple(known)


def _own(locators: tuple[Locator, ...], sids: tuple[Sid, ...]) -> Iterator[tuple[IPv6Network, SidStructure]]:
    for sid in sids:
        structure = structure_of(sid.prefix, REGISTRY.endpoint(sid.behaviour), sid.operands, locators)
        if structure is not None:
            yield sid.prefix, structure


def _read_item(item: dict[Any, Any], locators: tuple[Locator, ...]) -> list[tuple[IPv6Network, SidStructure]]:
    item = renamed(item)
    fields = Fields(item)
    with fields.at():
        values.check_keys(item, SID_STRUCTURE_KEYS, ("sids",))
    prefixes: list[IPv6Network] = []
    listed = fields.read("sids", values.one_or_more, default=())
    for index, text in enumerate(listed):
        with fields.at("sids", *((index,) if isinstance(item["sids"], (list, tuple)) else ())):
            prefixes.append(values.ipv6_prefix(text, "prefix of SIDs"))
    fields.finish()
    return [_placed(prefix, read_structure(item, prefix, locators)) for prefix in prefixes]


def renamed(item: Mapping[Any, Any]) -> dict[Any, Any]:
    """An item with our keys."""
    result: dict[Any, Any] = {}
    for key, value in item.items():
        ours = SYNONYMS.get(key, key)
        if ours in result:
            raise InvalidError(f"{key!r} says the same as {ours!r}; give one of them", str(key))
        result[ours] = value
    return result


def read_structure(item: Mapping[Any, Any], prefix: IPv6Network, locators: tuple[Locator, ...]) -> SidStructure:
    """The structure that an item, with our keys, gives to the SIDs in ``prefix``. Raises InvalidError."""
    fields = Fields(item)
    given = {key: fields.read(key, values.integer, key, 0, BITS) for key in LENGTH_KEYS}
    csid = fields.read("csid", _read_csid, default=Csid.NONE)
    fields.finish()
    block = given["lblen"] if given["lblen"] is not None else block_in(prefix, locators)
    if block is None:
        raise InvalidError(f"'lblen' is missing: no locator of the node has the block of {prefix}")
    function = given["flen"]
    csid_length = given["nflen"]
    if csid_length is None and given["lnlen"] is not None:
        csid_length = given["lnlen"] + (function or 0)
    if csid_length is None:
        csid_length = prefix.prefixlen - block
    node = given["lnlen"] if given["lnlen"] is not None else csid_length - (function or 0)
    if function is None:
        function = csid_length - node
    if block < 1 or csid_length < 1 or node < 0 or function < 0 or block + csid_length > BITS:
        raise InvalidError(
            f"a block of {block} bits and a C-SID of {csid_length} (node {node}, function {function}) are none of"
            f" {prefix}; give 'lblen' and 'nflen', the lengths of block and C-SID",
        )
    if node + function != csid_length:
        raise InvalidError(f"lnlen {node} and flen {function} do not add up to nflen {csid_length}", "nflen")
    if csid is Csid.REPLACE and csid_length not in REPLACE_LENGTHS:
        raise InvalidError(f"C-SIDs of the flavour REPLACE-C-SID have 16 or 32 bits (RFC 9800 4.2), not {csid_length}")
    return SidStructure(block, node, function, _argument(given["arglen"], BITS - block - csid_length, csid), csid)


def _argument(given: int | None, rest: int, csid: Csid) -> int:
    """AL (CS-1): all that is behind a C-SID with a flavour, but for the argument of End.DT2M."""
    if csid is Csid.NONE:
        if given is not None and given > rest:
            raise InvalidError(f"an argument of {given} bits is longer than the {rest} bits behind the C-SID", "arglen")
        return given or 0
    valid = (rest, FE2_LENGTH) if csid is Csid.REPLACE else (rest,)
    if given is not None and given not in valid:
        raise InvalidError(
            f"the argument of a SID with this flavour is all that is behind its C-SID (RFC 9800 8), {rest} bits"
            + (f", or {FE2_LENGTH} for End.DT2M" if csid is Csid.REPLACE else ""),
            "arglen",
        )
    return rest if given is None else given


def _placed(prefix: IPv6Network, structure: SidStructure) -> tuple[IPv6Network, SidStructure]:
    """A SID written as an address has the prefix that its node has in the table."""
    if prefix.prefixlen > structure.length:
        if not structure.fits(int(prefix.network_address)):
            raise InvalidError(f"{prefix} has bits behind block, C-SID and argument, or none in its C-SID", "sids")
        prefix = prefix.supernet(new_prefix=structure.length)
    return prefix, structure


def _read_csid(value: Any) -> Csid:
    text = value.lower().removesuffix("-csid").removesuffix("-c-sid") if isinstance(value, str) else value
    return Csid(values.choice(text, tuple(kind.value for kind in Csid), "csid"))
