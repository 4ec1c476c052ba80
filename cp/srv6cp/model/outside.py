# SPDX-License-Identifier: Apache-2.0
"""What is outside the SR domain by where it is: behind external interfaces and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from srv6cp.model.interfaces import IPNetwork
from srv6cp.model.node import Node
from srv6cp.model.routing import NextHop


def outside(node: Node) -> Iterator[tuple[IPNetwork, str]]:
    """Prefixes that are connected to an external interface, or routed by external ones only; each with what does it.

    A default route is none: it leads to what is not known.
    """
    external = {interface.id for interface in node.interfaces() if interface.external}
    if not external:
        return
    for link in node.links():
        if link.interface in external:
            yield link.prefix, f"port {link.interface}"
    out: dict[int, bool] = {}  # routes share their next hops

    def leads_out(hops: tuple[NextHop, ...]) -> bool:
        known = out.get(id(hops))
        if known is None:
            known = out[id(hops)] = bool(hops) and all(hop.interface in external for hop in hops)
        return known

    for route in node.routes:
        if route.prefix.prefixlen and leads_out(route.nexthops):
            yield route.prefix, f"the route by port {route.nexthops[0].interface}"
