# SPDX-License-Identifier: Apache-2.0
"""What the routers of a network tell each other of their SIDs, as ``sid-structures`` of a node file: where a routing
protocol would (RFC 9800 8), the lab does, so that ``compress: auto`` is all that a policy has to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv6Network
from typing import Any

from srv6cp import values
from srv6cp.behaviours import REGISTRY
from srv6cp.behaviours.structure import block_in, structure_of
from srv6cp.config.spelling import listed_flavours, normalize_sid
from srv6cp.model import Csid, Locator, SidStructure, parse_flavours
from srv6cp.problems import InvalidError
from srv6lab.topology import BLOCK_LENGTH, NODE_LENGTH, Router, Topology


def sid_structures(
    topology: Topology, name: str, sids: Mapping[str, Iterable[Any]], besides: Any = None
) -> list[dict[str, Any]]:
    """Items for router ``name``: the SIDs of all others, as ``sids`` has them by router, by structure.

    None of what ``besides``, its own ``sid-structures``, tells of. Empty where there is no C-SID in the network.
    """
    told = set(_prefixes(besides))
    found: dict[SidStructure, list[str]] = {}
    for other, items in sids.items():
        if other != name:
            for prefix, structure in _structures(topology.routers[other], items):
                listed = found.setdefault(structure, [])
                if str(prefix) not in listed and prefix not in told:
                    listed.append(str(prefix))
    if all(structure.csid is Csid.NONE for structure in found):
        return []
    return [_item(structure, listed) for structure, listed in found.items() if listed]


def _structures(router: Router, items: Iterable[Any]) -> Iterator[tuple[IPv6Network, SidStructure]]:
    prefix = IPv6Network(router.locator)
    locators = (Locator(prefix, BLOCK_LENGTH, NODE_LENGTH),)
    for item in items:
        try:
            item = normalize_sid(item)
            prefix = values.ipv6_prefix(item["sid"])
            record, flavours = REGISTRY.parse_endpoint(str(item["behavior"]))
            record, _ = REGISTRY.variant(record, flavours | parse_flavours(listed_flavours(item)))
            block = int(item.get("lblen") or block_in(prefix, locators) or 0)
            lengths = {"lblen": block, "nflen": int(item.get("nflen") or prefix.prefixlen - block)}
        except (InvalidError, ValueError, KeyError, AttributeError, TypeError):
            continue  # its own router says what is wrong with it
        structure = structure_of(prefix, record, lengths, locators)
        if structure is not None and structure.length == prefix.prefixlen:
            yield prefix, structure


def _prefixes(items: Any) -> Iterator[IPv6Network]:
    """Those that the items of a node file tell of."""
    for item in items if isinstance(items, list) else ():
        for text in values.one_or_more(item.get("sids")) if isinstance(item, dict) else ():
            try:
                yield values.ipv6_prefix(text)
            except InvalidError:
                continue


def _item(structure: SidStructure, sids: list[str]) -> dict[str, Any]:
    item: dict[str, Any] = {
        "sids": sids, "lblen": structure.block, "lnlen": structure.node, "flen": structure.function
    }  # fmt: skip
    if structure.csid is not Csid.NONE:
        item["csid"] = structure.csid.value
    return item
