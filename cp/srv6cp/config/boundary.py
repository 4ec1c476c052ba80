# SPDX-License-Identifier: Apache-2.0
"""The edge of the SR domain (RFC 8754 5.1) as a whole: what leaves SIDs open is refused, what may is warned of.

external interfaces, SIDs or a locator, no sid-block   refused: nothing is closed
external interfaces, a SID outside every sid-block     refused without sources; else a warning: they are its guard
external interfaces, neither SIDs nor sid-block        a warning: the SIDs of others are open
a prefix of sources behind external interfaces         a warning: hosts there may use the SIDs
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv6Network

from srv6cp.model import Interface, IPNetwork, Node, Sid
from srv6cp.model.outside import outside
from srv6cp.problems import Path, Problem


def check_boundary(node: Node) -> Iterator[Problem]:
    """What is refused."""
    external = next((interface for interface in node.interfaces() if interface.external), None)
    if external is None:
        return
    blocks = node.domain.sid_blocks
    if not blocks and (node.sids or node.locators):
        yield Problem(
            f"port {external.id} is external, but nothing is closed to it: give the prefix of the domain's SIDs, "
            f"sr-domain: {{sid-block: {_block_of(node)}}}",
            _path_of(external),
        )
    elif not node.domain.sources:
        yield from _open_sids(node, blocks, "give sr-domain a sid-block that holds it, or sources that may use it")


def warnings(node: Node) -> list[Problem]:
    """What may be meant, with file and line where the node has them."""
    external = next((interface for interface in node.interfaces() if interface.external), None)
    if external is None:
        return []
    found: list[Problem] = []
    blocks, sources = node.domain.sid_blocks, node.domain.sources
    if blocks:
        found += _open_sids(node, blocks, "only sr-domain.sources guards it")
    elif not node.sids and not node.locators:
        message = f"port {external.id} is external, but without sr-domain.sid-block the SIDs of others are open to it"
        found.append(Problem(message, _path_of(external)))
    seen: set[IPNetwork] = set()
    for prefix, why in outside(node):
        if prefix not in seen and any(_within(prefix, source) for source in sources):
            seen.add(prefix)
            message = f"{prefix} is among the sources, but {why} leads outside: hosts there may use this node's SIDs"
            found.append(Problem(message, ("sr-domain", "sources")))
    origin = node.origin
    if origin is None:
        return found
    return [replace(each, file=origin.file, line=origin.line(each.path)) for each in found]


def _open_sids(node: Node, blocks: Sequence[IPv6Network], what: str) -> Iterator[Problem]:
    """The first SID outside the blocks, and how many there are."""
    masks = [(int(block.network_address), int(block.netmask), block.prefixlen) for block in blocks]
    found: list[tuple[int, Sid]] = []
    for index, sid in enumerate(node.sids):
        bits = int(sid.prefix.network_address)
        if not any(bits & mask == network and sid.prefix.prefixlen >= length for network, mask, length in masks):
            found.append((index, sid))
    if found:
        index, sid = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        message = f"SID {sid.prefix}{more} is in no sid-block, so that external ports reach it; {what}"
        yield Problem(message, ("sids", index))


def _within(prefix: IPNetwork, source: IPv6Network) -> bool:
    return isinstance(prefix, IPv6Network) and prefix.subnet_of(source)


def _block_of(node: Node) -> IPv6Network:
    """A prefix that would do: the block of a locator, the locator, or a SID."""
    for locator in node.locators:
        return locator.prefix.supernet(new_prefix=locator.block) if locator.block else locator.prefix
    return node.sids[0].prefix


def _path_of(interface: Interface) -> Path:
    vlan: Path = ("vlans", interface.id.vlan) if interface.id.vlan else ()
    return ("ports", interface.id.port, *vlan)
