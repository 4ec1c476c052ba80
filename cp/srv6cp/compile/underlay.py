# SPDX-License-Identifier: Apache-2.0
"""How first segments are reached without any steering (RFC 9256 5.1)."""

from __future__ import annotations

from ipaddress import ip_network
from typing import NamedTuple

from srv6cp.compile.conditions import Condition, PortConditions, Segment
from srv6cp.compile.lpm import PrefixMap
from srv6cp.model import DEFAULT_VRF, InterfaceId, IPNetwork, NextHop, Node


class Way(NamedTuple):
    """What the underlay knows of a prefix: next hops, a connected interface, a local SID, or (none) a dead end."""

    hops: tuple[NextHop, ...] = ()
    connected: InterfaceId | None = None
    local_sid: bool = False


_Conditional = tuple["Condition | None", Way]


class Underlay:
    """Longest match over connected prefixes, static neighbours, routes and what is the node's own."""

    def __init__(self, node: Node, ports: PortConditions) -> None:
        # What names one prefix, the later of a list wins.
        self._ways: PrefixMap[list[_Conditional]] = PrefixMap()
        interfaces = {interface.id: interface for interface in node.interfaces()}
        for interface in interfaces.values():
            way = ports.of({interface.id.port}), Way(connected=interface.id)
            for own in interface.addresses:
                if own.network.prefixlen < own.max_prefixlen:
                    self._add(interface.vrf, own.network, way)
        for neighbor in node.neighbors:
            beside = interfaces.get(neighbor.interface)
            if beside is not None and not neighbor.address.is_link_local:
                way = ports.of({beside.id.port}), Way(connected=beside.id)
                self._add(beside.vrf, ip_network(neighbor.address), way)
        ways: dict[int, _Conditional] = {}
        for route in node.routes:
            hops = route.nexthops
            found = ways.get(id(hops))
            if found is None:
                condition = ports.of({hop.interface.port for hop in hops}) if hops else None
                found = ways[id(hops)] = condition, Way(hops)
            self._add(route.vrf, route.prefix, found)
        # What is the node's own can be reached only as a SID.
        dead_end, local_sid = (None, Way()), (None, Way(local_sid=True))
        for locator in node.locators:
            self._add(DEFAULT_VRF, locator.prefix, dead_end)
        for vrf, address in node.own_addresses():
            self._add(vrf, ip_network(address), dead_end)
        for sid in node.sids:
            self._add(sid.in_vrf, sid.prefix, local_sid)

    def _add(self, vrf: str, prefix: IPNetwork, way: _Conditional) -> None:
        own = [way]
        found = self._ways.at(vrf, prefix, own)
        if found is not own:
            found.append(way)

    def way(self, segment: Segment) -> Way | None:
        """How a first segment is reached now; None when there is no route. Whatever may change the answer has it
        among its ``segments`` from now on."""
        for ways in self._ways.matches(*segment):
            for condition, way in reversed(ways):
                if condition is not None:
                    condition.segments[segment] = None
                if condition is None or condition.up:
                    return way
        return None
