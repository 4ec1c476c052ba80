# SPDX-License-Identifier: Apache-2.0
"""``source_ipv6_table``, ``source_ipv4_table``: sources that no packet from an external interface has (BCP 38).

Nobody's (``sr-domain.bogons``), and the domain's own: SID blocks, sources, locators, the node's source. Where
both list a prefix, the domain wins. What is connected to an external interface, or routed by external ones alone, is
somebody's outside whatever lists it; the node file has said so.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from srv6cp.compile import tables
from srv6cp.model import IPNetwork, Node
from srv6cp.model.outside import outside
from srv6cp.p4rt.entities import Action, TableEntry

_BOGON = Action("bogon_source")
_DOMAIN = Action("domain_source")
_OUTSIDE = Action("outside_source")


def source_entities(node: Node) -> Iterator[TableEntry]:
    """Nothing on a node without external interfaces."""
    if not any(interface.external for interface in node.interfaces()):
        return
    listed: dict[IPNetwork, Action] = dict.fromkeys(node.domain.bogons, _BOGON)
    listed.update(dict.fromkeys(node.domain.no_bogons, _OUTSIDE))
    for prefix in _of_domain(node):
        listed[prefix] = _DOMAIN
        # What is no bogon is not for that reason outside the domain that is around it.
        listed.update({each: _DOMAIN for each in node.domain.no_bogons if _holds(prefix, each)})
    around = [prefix for prefix, action in listed.items() if action is not _OUTSIDE]
    by_mask = {(each.version, int(each.netmask), int(each.network_address)) for each in around}
    masks = {(version, mask) for version, mask, _ in by_mask}
    for prefix, _ in outside(node):
        bits, length = int(prefix.network_address), int(prefix.netmask)
        if any(
            version == prefix.version and mask & length == mask and (version, mask, bits & mask) in by_mask
            for version, mask in masks
        ):
            listed[prefix] = _OUTSIDE
    for prefix, action in listed.items():
        version = prefix.version
        yield TableEntry(tables.SOURCES[version], {f"ipv{version}_src": prefix}, action)


def _of_domain(node: Node) -> Iterator[IPNetwork]:
    yield from node.domain.sid_blocks
    yield from node.domain.sources
    for locator in node.locators:
        yield locator.prefix
    if node.source is not None:
        yield ip_network(node.source)


def _holds(prefix: IPNetwork, other: IPNetwork) -> bool:
    return prefix.version == other.version and other.subnet_of(prefix)  # type: ignore[arg-type]
