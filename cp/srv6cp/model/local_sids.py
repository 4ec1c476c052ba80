# SPDX-License-Identifier: Apache-2.0
"""Which local SID an address belongs to: one longest match over SIDs, own addresses and routes.

A local SID is an entry of the forwarding table like any other (RFC 8986 4, RFC 8754 4.3): a longer prefix inside it,
of whatever kind, is not the SID's. Where a SID and something else name the same prefix, the SID wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address, IPv6Network, ip_network

from srv6cp.model.node import Node
from srv6cp.model.sids import Sid


class LocalSids:
    """The local SIDs of a node, and what lies beside and inside them."""

    def __init__(self, node: Node) -> None:
        self._levels: dict[int, dict[tuple[int, int], Sid | None]] = {}
        if not node.sids:
            return
        vrfs = node.vrfs
        for vrf, prefix in _no_sids(node):
            self._add(vrfs[vrf], prefix, None)
        for sid in node.sids:
            self._add(vrfs[sid.in_vrf], sid.prefix, sid)
        self._levels = dict(sorted(self._levels.items()))

    def lookup(self, vrf_id: int, address: int) -> Sid | None:
        """The SID that takes packets for ``address`` in that VRF; None when none does, or something longer."""
        for shift, level in self._levels.items():
            key = vrf_id, address >> shift
            if key in level:
                return level[key]
        return None

    def _add(self, vrf_id: int, prefix: IPv6Network, sid: Sid | None) -> None:
        shift = 128 - prefix.prefixlen
        self._levels.setdefault(shift, {})[vrf_id, int(prefix.network_address) >> shift] = sid


def _no_sids(node: Node) -> Iterator[tuple[str, IPv6Network]]:
    """(VRF, prefix) of everything that is configured and no SID."""
    interfaces = {interface.id: interface for interface in node.interfaces()}
    for interface in interfaces.values():
        for address in interface.addresses:
            if isinstance(address.network, IPv6Network):
                yield interface.vrf, address.network
    for neighbor in node.neighbors:
        if isinstance(neighbor.address, IPv6Address) and neighbor.interface in interfaces:
            yield interfaces[neighbor.interface].vrf, IPv6Network(neighbor.address)
    for route in node.routes:
        if isinstance(route.prefix, IPv6Network):
            yield route.vrf, route.prefix
    for vrf, own in node.own_addresses():
        network = ip_network(own)
        if isinstance(network, IPv6Network):
            yield vrf, network
