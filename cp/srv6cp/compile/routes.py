# SPDX-License-Identifier: Apache-2.0
"""``ipv6_table`` and ``ipv4_table``: routes, connected prefixes, neighbours, own addresses, locators.

Where several sources name the same prefix, the later of this list wins: connected prefix, its broadcast addresses,
neighbour, static route, steering, own address, local SID.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv6Network, ip_network
from typing import NamedTuple

from srv6cp.compile import tables
from srv6cp.compile.capabilities import Capabilities
from srv6cp.compile.lpm import PrefixMap
from srv6cp.compile.nexthops import Neighbors, NextHops
from srv6cp.model import DEFAULT_VRF, Interface, InterfaceId, IPAddress, IPNetwork, LocalSids, NextHop, Node
from srv6cp.p4rt.entities import Action, TableEntry

_LOCAL = Action("local")
_LOCAL_SID = Action("local_sid")
BLACKHOLE = Action("blackhole")
_BROADCAST = Action("broadcast")
# No unicast destinations (RFC 4291 2.5.2, 2.5.6, 2.7): no route leads to them, however short its prefix. A SID may
# name one as the next segment (END-12); packets that arrive for one are stopped by admission.
_NO_UNICAST = tuple(IPv6Network(prefix) for prefix in ("::/128", "fe80::/10", "ff00::/8"))
_LONGEST_NO_UNICAST_COVER = 9


class Way(NamedTuple):
    """What the underlay knows of a prefix: next hops, a connected interface, a local SID, or (none) a dead end."""

    hops: tuple[NextHop, ...] = ()
    connected: InterfaceId | None = None
    local_sid: bool = False


class Routes:
    """The routing tables of a node under construction."""

    def __init__(self, node: Node, neighbors: Neighbors, nexthops: NextHops, program: Capabilities) -> None:
        self._node = node
        self._broadcast = _BROADCAST if program.has(tables.ROUTES[4], _BROADCAST.name) else BLACKHOLE
        self._neighbors = neighbors
        self._nexthops = nexthops
        self._entries: dict[tuple[int, IPNetwork], Action] = {}
        self._underlay: PrefixMap[Way] | None = None
        self._hosts = tuple(self._host_routes())
        self._add_connected()
        self._add_routes()

    def underlay(self, vrf: str, address: IPAddress) -> Way | None:
        """How ``address`` is reached without any steering; None when there is no route."""
        if self._underlay is None:
            self._underlay = self._build_underlay()
        return self._underlay.lookup(vrf, address)

    def steer(self, vrf: str, prefix: IPNetwork, action: Action) -> None:
        """Steer a prefix (or drop it), in place of a route to the same prefix."""
        self._entries[self._node.vrfs[vrf], prefix] = action

    def finish(self) -> None:
        """Add what nothing overrides: own addresses, locators, SIDs that the locators do not cover."""
        vrfs = self._node.vrfs
        for vrf, address in self._node.own_addresses():
            self._entries[vrfs[vrf], ip_network(address)] = _LOCAL
        for locator in self._node.locators:
            self._entries[0, locator.prefix] = _LOCAL_SID
        inside = self._routes_inside_locators()
        locators = [(int(loc.prefix.network_address), int(loc.prefix.netmask)) for loc in self._node.locators]
        for sid in self._node.sids:
            bits = int(sid.prefix.network_address)
            covered = sid.in_vrf == DEFAULT_VRF and any(bits & mask == network for network, mask in locators)
            if not covered or any(bits & mask == network for network, mask in inside):
                self._entries[vrfs[sid.in_vrf], sid.prefix] = _LOCAL_SID

    def prefixes(self) -> Iterator[tuple[int, IPNetwork]]:
        """(VRF id, prefix) of every entry that does not stand for local SIDs."""
        return (key for key, action in self._entries.items() if action is not _LOCAL_SID)

    def entities(self) -> Iterator[TableEntry]:
        """All entries of both tables."""
        for (vrf, prefix), action in self._entries.items():
            if prefix.version == 6:
                yield TableEntry(tables.ROUTES[6], {"vrf_id": vrf, "ipv6_dst": prefix}, action)
            else:
                yield TableEntry(tables.ROUTES[4], {"vrf_id": vrf, "ipv4_dst": prefix}, action)

    def _add_connected(self) -> None:
        vrfs = self._node.vrfs
        for interface in self._node.interfaces():
            for prefix in _connected_prefixes(interface):
                number = self._nexthops.connected(interface)
                self._entries[vrfs[interface.vrf], prefix] = _set_nexthop(number)
        for interface in self._node.interfaces():
            for broadcast in interface.broadcasts:
                self._entries[vrfs[interface.vrf], ip_network(broadcast)] = self._broadcast
        for interface, address in self._hosts:
            number = self._nexthops.single(NextHop(interface.id, address))
            self._entries[vrfs[interface.vrf], ip_network(address)] = _set_nexthop(number)

    def _host_routes(self) -> Iterator[tuple[Interface, IPAddress]]:
        """Neighbours that get a host route: configured ones, and learned ones if they are on link.

        A learned one inside a local SID does not: nobody takes a part of a SID over by sending from it.
        """
        sids = LocalSids(self._node) if len(self._neighbors) > len(self._node.neighbors) else None
        vrfs = self._node.vrfs
        static = {(neighbor.interface, neighbor.address) for neighbor in self._node.neighbors}
        interfaces = {interface.id: interface for interface in self._node.interfaces()}
        for key in self._neighbors:
            interface, address = interfaces.get(key[0]), key[1]
            if interface is None or address.is_link_local:
                continue
            inside = sids and address.version == 6 and sids.lookup(vrfs[interface.vrf], int(address))
            if key in static or (not inside and any(address in own.network for own in interface.addresses)):
                yield interface, address

    def _add_routes(self) -> None:
        vrfs = self._node.vrfs
        actions: dict[int, Action] = {}
        for route in self._node.routes:
            if route.nexthops:
                number = self._nexthops.via(route.nexthops)
                action = actions.get(number)
                if action is None:
                    action = actions[number] = _set_nexthop(number)
            else:
                action = BLACKHOLE
            self._entries[vrfs[route.vrf], route.prefix] = action
            if route.prefix.prefixlen <= _LONGEST_NO_UNICAST_COVER and isinstance(route.prefix, IPv6Network):
                for prefix in _NO_UNICAST:
                    if prefix.subnet_of(route.prefix):
                        self._entries.setdefault((vrfs[route.vrf], prefix), BLACKHOLE)

    def _build_underlay(self) -> PrefixMap[Way]:
        ways: PrefixMap[Way] = PrefixMap()
        for interface in self._node.interfaces():
            for prefix in _connected_prefixes(interface):
                ways.add(interface.vrf, prefix, Way(connected=interface.id))
        for interface, address in self._hosts:
            ways.add(interface.vrf, ip_network(address), Way(connected=interface.id))
        for route in self._node.routes:
            ways.add(route.vrf, route.prefix, Way(route.nexthops))
        # What is the node's own can be reached only as a SID.
        for locator in self._node.locators:
            ways.add(DEFAULT_VRF, locator.prefix, Way())
        for vrf, address in self._node.own_addresses():
            ways.add(vrf, ip_network(address), Way())
        for sid in self._node.sids:
            ways.add(sid.in_vrf, sid.prefix, Way(local_sid=True))
        return ways

    def _routes_inside_locators(self) -> list[tuple[int, int]]:
        """Prefixes longer than the locator that holds them: they would hide SIDs from END-10."""
        networks = [(loc.prefix.prefixlen, int(loc.prefix.network_address), int(loc.prefix.netmask))
                    for loc in self._node.locators]  # fmt: skip
        inside = []
        for vrf, prefix in self._entries:
            if vrf == 0 and isinstance(prefix, IPv6Network):
                bits = int(prefix.network_address)
                for length, network, mask in networks:
                    if prefix.prefixlen > length and bits & mask == network:
                        inside.append((bits, int(prefix.netmask)))
        return inside


def _set_nexthop(number: int) -> Action:
    return Action("set_nexthop", {"nexthop_id": number})


def _connected_prefixes(interface: Interface) -> Iterable[IPNetwork]:
    return [own.network for own in interface.addresses if own.network.prefixlen < own.max_prefixlen]
