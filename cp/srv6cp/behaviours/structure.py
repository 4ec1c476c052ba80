# SPDX-License-Identifier: Apache-2.0
"""The structure of a SID as its node advertises it: Block, Node, Function and Argument (RFC 9252 3.2.1, RFC 9800 8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv6Network
from typing import Any

from srv6cp.behaviours.record import Endpoint
from srv6cp.model import Csid, Locator, SidStructure
from srv6cp.model.structures import BITS

_CSIDS = {"next-csid": Csid.NEXT, "replace-csid": Csid.REPLACE}


def structure_of(
    prefix: IPv6Network, record: Endpoint, operands: Mapping[str, Any], locators: Iterable[Locator]
) -> SidStructure | None:
    """That of a SID in a locator; those outside are their node's own affair.

    ``operands`` have the lengths of a compressed one. None for one whose block is another behind it (RFC 9800 7). One
    that takes the packet out of its outer header leads to no other SID, whatever its flavour (RFC 9800 4.2.7).
    """
    locator = next((each for each in locators if prefix.subnet_of(each.prefix)), None)
    if locator is None or (record.compressed and not record.csid):
        return None
    function = prefix.prefixlen - locator.prefix.prefixlen
    if not record.csid:
        return SidStructure(locator.block, locator.node, function)
    block, length = int(operands["lblen"]), int(operands["nflen"])
    csid = next(_CSIDS[name] for name in record.csid.names())
    # A REPLACE SID works with C-SIDs of this length, whatever its parts are: what others have to guess (RFC 9800 6.4).
    node = length - function if block == locator.block and csid is Csid.NEXT else length
    if record.argument:
        return SidStructure(block, node, length - node, record.argument, csid)
    if record.decapsulates:
        return SidStructure(block, node, length - node)
    return SidStructure(block, node, length - node, BITS - block - length, csid)


def block_in(prefix: IPv6Network, locators: Iterable[Locator]) -> int | None:
    """Length of the block that a locator shares with a SID, or with a prefix around SIDs."""
    for locator in locators:
        if prefix.prefixlen >= locator.block and prefix.subnet_of(locator.prefix.supernet(new_prefix=locator.block)):
            return locator.block
    return None
