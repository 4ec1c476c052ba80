# SPDX-License-Identifier: Apache-2.0
"""``urpf_ipv6_table``, ``urpf_ipv4_table``: the routes, as an interface with reverse path forwarding sees them.

Strict: the way back to a source leads by this interface, as one of several or alone. Loose: there is one. No way back
are blackholes, the node's own addresses and SIDs, and the default of nothing; a prefix that is steered into a policy
has one, but by no interface. What is asked is what the node file says, not which links are up: a source behind two of
them may come by either at any time.

An entry stands only where the answer changes from a prefix to one inside it, so that an edge port has as many as it
has prefixes behind it, and all loose ports of a VRF share theirs: most often one, that of the default route.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv6Network, ip_network
from typing import NamedTuple

from srv6cp.compile import tables
from srv6cp.model import Interface, InterfaceId, IPNetwork, NextHop, Node, Urpf
from srv6cp.p4rt.entities import Action, TableEntry

_PASS = Action("urpf_pass")
_FAIL = Action("urpf_fail")
_LINK_LOCAL = IPv6Network("fe80::/10")
_DEFAULT: Mapping[int, IPNetwork] = {6: ip_network("::/0"), 4: ip_network("0.0.0.0/0")}
_MODES = {Urpf.OFF: 0, Urpf.STRICT: 1, Urpf.LOOSE: 2}


class _Way(NamedTuple):
    """Back to a prefix: whether there is one, and by which interfaces."""

    exists: bool = False
    interfaces: frozenset[InterfaceId] = frozenset()


_NONE = _Way()
_STEERED = _Way(True)


def checks(interface: Interface) -> bool:
    """Whether sources of the interface are looked at, of one family at least."""
    return interface.urpf6 is not Urpf.OFF or interface.urpf4 is not Urpf.OFF


def urpf_id(node: Node, interface: Interface) -> int:
    """What the switch calls the interface's view: 2 bits a family for its mode, then the interface where one of them
    is strict, else the VRF. A number of what it stands for, so that it never passes to another."""
    modes = interface.urpf6, interface.urpf4
    who = interface.id.port << 12 | interface.id.vlan if Urpf.STRICT in modes else node.vrfs[interface.vrf]
    return _MODES[modes[0]] << 23 | _MODES[modes[1]] << 21 | who


def urpf_entities(node: Node) -> Iterator[TableEntry]:
    """Nothing on a node without such interfaces."""
    views = {urpf_id(node, each): each for each in node.interfaces() if checks(each)}
    for version in (6, 4):
        for number, interface in views.items():
            if interface.urpf(version) is Urpf.OFF:
                yield _entry(number, _DEFAULT[version], True)
            elif version == 6:
                yield _entry(number, _LINK_LOCAL, True)
        for vrf in {interface.vrf for interface in views.values() if interface.urpf(version) is not Urpf.OFF}:
            of_vrf = {number: each for number, each in views.items() if each.vrf == vrf}
            yield from _of_routes(_ways(node, vrf, version), version, of_vrf)


def _of_routes(ways: Mapping[IPNetwork, _Way], version: int, views: Mapping[int, Interface]) -> Iterator[TableEntry]:
    loose = [number for number, each in views.items() if each.urpf(version) is Urpf.LOOSE]
    strict = {each.id: number for number, each in views.items() if each.urpf(version) is Urpf.STRICT}
    around: list[tuple[int, _Way]] = []  # the last address of each prefix around, and its way
    for first, length, prefix in sorted((int(each.network_address), each.prefixlen, each) for each in ways):
        while around and around[-1][0] < first:
            around.pop()
        outer, way = around[-1][1] if around else _NONE, ways[prefix]
        around.append((first | (1 << prefix.max_prefixlen - length) - 1, way))
        if way.exists != outer.exists:
            for number in loose:
                yield _entry(number, prefix, way.exists)
        if way.interfaces is not outer.interfaces:
            for interface in way.interfaces ^ outer.interfaces:
                if interface in strict:
                    yield _entry(strict[interface], prefix, interface in way.interfaces)


def _ways(node: Node, vrf: str, version: int) -> dict[IPNetwork, _Way]:
    """As the routing tables come about (:mod:`srv6cp.compile.routes`): of the same prefix the later one wins."""
    ways: dict[IPNetwork, _Way] = {}
    interfaces = [interface for interface in node.interfaces() if interface.vrf == vrf]
    one = {interface.id: _Way(True, frozenset((interface.id,))) for interface in node.interfaces()}
    for interface in interfaces:
        for own in interface.addresses:
            if own.network.prefixlen < own.max_prefixlen:
                ways[own.network] = one[interface.id]
    for interface in interfaces:
        for broadcast in interface.broadcasts:
            ways[ip_network(broadcast)] = _NONE
    of_vrf = {interface.id for interface in interfaces}
    for neighbor in node.neighbors:
        if neighbor.interface in of_vrf and not neighbor.address.is_link_local:
            ways[ip_network(neighbor.address)] = one[neighbor.interface]
    shared: dict[int, _Way] = {}
    for route in node.routes:
        if route.vrf == vrf and route.prefix.version == version:
            hops = route.nexthops
            ways[route.prefix] = shared.get(id(hops)) or shared.setdefault(id(hops), _way(hops))
    for steering in node.prefix_steering:
        if steering.vrf == vrf:
            ways[steering.prefix] = _STEERED
    for of, address in node.own_addresses():
        if of == vrf:
            ways[ip_network(address)] = _NONE
    if node.vrfs[vrf] == 0:
        ways.update({locator.prefix: _NONE for locator in node.locators})
    ways.update({sid.prefix: _NONE for sid in node.sids if sid.in_vrf == vrf})
    return {prefix: way for prefix, way in ways.items() if prefix.version == version}


def _way(hops: Iterable[NextHop]) -> _Way:
    interfaces = frozenset(hop.interface for hop in hops)
    return _Way(bool(interfaces), interfaces)


def _entry(number: int, prefix: IPNetwork, passes: bool) -> TableEntry:
    version = prefix.version
    match = {"urpf_id": number, f"ipv{version}_src": prefix}
    return TableEntry(tables.URPF[version], match, _PASS if passes else _FAIL)
