# SPDX-License-Identifier: Apache-2.0
"""``ipv6_table`` and ``ipv4_table``: routes, connected prefixes, neighbours, own addresses, locators.

Where several sources name the same prefix, the later of this list wins: connected prefix, its broadcast addresses,
static neighbour, static route, steering, own address, local SID. A learned neighbour gets a host route where nothing
longer than the prefix that it is on link by leads elsewhere. A port that is down takes its connected prefixes and
neighbours along, and the routes that have no next hop behind another port.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple, TypeVar

from srv6cp.compile import tables
from srv6cp.compile.capabilities import Capabilities
from srv6cp.compile.changes import Change
from srv6cp.compile.conditions import Condition, Key, PortConditions
from srv6cp.compile.nexthops import NextHops, connected, towards
from srv6cp.model import DEFAULT_VRF, Interface, InterfaceId, IPAddress, IPNetwork, NextHop, Node
from srv6cp.p4rt.entities import Action, TableEntry

_LOCAL = Action("local")
_LOCAL_SID = Action("local_sid")
BLACKHOLE = Action("blackhole")
_BROADCAST = Action("broadcast")
# No unicast destinations (RFC 4291 2.5.2, 2.5.6, 2.7): no route leads to them, however short its prefix. A SID may
# name one as the next segment (END-12); packets that arrive for one are stopped by admission.
_NO_UNICAST = tuple(IPv6Network(prefix) for prefix in ("::/128", "fe80::/10", "ff00::/8"))
_LONGEST_NO_UNICAST_COVER = 9


_T = TypeVar("_T")
_U = TypeVar("_U")


class _Candidate(NamedTuple):
    """What one source says of a prefix, while its condition is in force. ``on_link``: where the hosts of it are."""

    action: Action
    condition: Condition | None = None
    on_link: frozenset[InterfaceId] = frozenset()

    @property
    def active(self) -> bool:
        return self.condition is None or self.condition.up


class Routes:
    """The routing tables of a node, and what changes of them."""

    def __init__(self, node: Node, nexthops: NextHops, program: Capabilities, ports: PortConditions) -> None:
        self._node = node
        self._broadcast = _BROADCAST if program.has(tables.ROUTES[4], _BROADCAST.name) else BLACKHOLE
        self._nexthops = nexthops
        self._ports = ports
        # One candidate, or several, of which the last that is active counts.
        self._candidates: dict[Key, _Candidate | list[_Candidate]] = {}
        # The rows that a change touches: who won before it, and what the switch has.
        self._was: dict[Key, _Candidate | None] = {}
        self._before: dict[Key, Action | None] = {}
        # Learned neighbours: where each address is known, their rows, and where they may have some.
        self._known: dict[IPAddress, set[InterfaceId]] = {}
        self._known_on: dict[InterfaceId, set[IPAddress]] = {}
        self._hosts: dict[Key, tuple[Action, InterfaceId]] = {}
        self._link_vrfs: dict[InterfaceId, list[int]] = {}
        self._links: dict[int, list[tuple[IPNetwork, frozenset[InterfaceId]]]] = {}
        self._lengths: dict[tuple[int, int], list[int]] = {}
        self._moved: dict[tuple[int, IPAddress], None] = {}
        self._add_connected()
        self._add_routes()

    # Putting together ----------------------------------------------------------------------------------------

    def steer(self, vrf: str, prefix: IPNetwork, action: Action, condition: Condition | None = None) -> None:
        """Steer a prefix (or drop it), in place of a route to the same prefix, while ``condition`` is in force."""
        self._add((self._node.vrfs[vrf], prefix), _Candidate(action, condition))

    def back_up(self, vrf: str, prefix: IPNetwork, action: Action, condition: Condition) -> None:
        """What becomes of a prefix while nothing else in force names it."""
        self._add_below((self._node.vrfs[vrf], prefix), _Candidate(action, condition))

    def finish(self) -> None:
        """Add what nothing overrides: own addresses, locators, SIDs that the locators do not cover."""
        vrfs = self._node.vrfs
        local, local_sid = _Candidate(_LOCAL), _Candidate(_LOCAL_SID)
        for vrf, address in self._node.own_addresses():
            self._add((vrfs[vrf], ip_network(address)), local)
        for locator in self._node.locators:
            self._add((0, locator.prefix), local_sid)
        inside = self._routes_inside_locators()
        locators = [(int(loc.prefix.network_address), int(loc.prefix.netmask)) for loc in self._node.locators]
        for sid in self._node.sids:
            bits = int(sid.prefix.network_address)
            covered = sid.in_vrf == DEFAULT_VRF and any(bits & mask == network for network, mask in locators)
            if not covered or any(bits & mask == network for network, mask in inside):
                self._add((vrfs[sid.in_vrf], sid.prefix), local_sid)
        self._index_links()

    def _add(self, key: Key, candidate: _Candidate) -> None:
        found = self._candidates.setdefault(key, candidate)
        if found is not candidate:
            if isinstance(found, list):
                found.append(candidate)
            elif candidate.condition is None:
                self._candidates[key] = candidate
            else:
                self._candidates[key] = [found, candidate]
        if candidate.condition is not None:
            candidate.condition.prefixes.append(key)

    def _add_below(self, key: Key, candidate: _Candidate) -> None:
        """Add what everything else overrides."""
        found = self._candidates.setdefault(key, candidate)
        if found is not candidate:
            self._candidates[key] = [candidate, *(found if isinstance(found, list) else [found])]
        if candidate.condition is not None:
            candidate.condition.prefixes.append(key)

    def _in_use(self, number: int, condition: Condition) -> Action:
        """The action towards a next hop that is in use while a condition is in force."""
        condition.numbers.append(number)
        if condition.up:
            self._nexthops.use(number)
        return _set_nexthop(number)

    def _add_connected(self) -> None:
        vrfs = self._node.vrfs
        interfaces = {interface.id: interface for interface in self._node.interfaces()}
        for interface in interfaces.values():
            condition = self._ports.of({interface.id.port})
            for prefix in _connected_prefixes(interface):
                action = self._in_use(self._nexthops.reserve(connected(interface)), condition)
                on_link = frozenset((interface.id,))
                self._add((vrfs[interface.vrf], prefix), _Candidate(action, condition, on_link))
        for interface in interfaces.values():
            candidate = _Candidate(self._broadcast, self._ports.of({interface.id.port}))
            for broadcast in interface.broadcasts:
                self._add((vrfs[interface.vrf], ip_network(broadcast)), candidate)
        # Configured neighbours have host routes, on link or not.
        for neighbor in self._node.neighbors:
            beside = interfaces.get(neighbor.interface)
            if beside is not None and not neighbor.address.is_link_local:
                condition = self._ports.of({beside.id.port})
                action = self._in_use(self._nexthops.reserve((NextHop(beside.id, neighbor.address),)), condition)
                self._add((vrfs[beside.vrf], ip_network(neighbor.address)), _Candidate(action, condition))

    def _add_routes(self) -> None:
        vrfs = self._node.vrfs
        blackhole = _Candidate(BLACKHOLE)
        shared: dict[int, _Candidate] = {}
        for route in self._node.routes:
            hops, prefix = route.nexthops, route.prefix
            candidate = shared.get(id(hops)) if hops else blackhole
            if candidate is None or (candidate.on_link and prefix.prefixlen == prefix.max_prefixlen):
                condition = self._ports.of({hop.interface.port for hop in hops})
                if prefix.prefixlen == prefix.max_prefixlen:
                    hops = towards(prefix.network_address, hops)
                on_link = frozenset(hop.interface for hop in hops if hop.address is None)
                candidate = _Candidate(self._in_use(self._nexthops.reserve(hops), condition), condition, on_link)
                if hops is route.nexthops:
                    shared[id(hops)] = candidate
            key = (vrfs[route.vrf], prefix)
            self._add(key, candidate)
            if prefix.prefixlen <= _LONGEST_NO_UNICAST_COVER and isinstance(prefix, IPv6Network):
                for other in _NO_UNICAST:
                    if other.subnet_of(prefix):
                        self._add_below((key[0], other), _Candidate(BLACKHOLE, candidate.condition))

    def _routes_inside_locators(self) -> list[tuple[int, int]]:
        """Prefixes longer than the locator that holds them: they would hide SIDs from END-10. Whether they are in
        force does not matter: a SID with a row of its own is a SID in any case."""
        networks = [(loc.prefix.prefixlen, int(loc.prefix.network_address), int(loc.prefix.netmask))
                    for loc in self._node.locators]  # fmt: skip
        inside = []
        for vrf, prefix in self._candidates:
            if vrf == 0 and isinstance(prefix, IPv6Network):
                bits = int(prefix.network_address)
                for length, network, mask in networks:
                    if prefix.prefixlen > length and bits & mask == network:
                        inside.append((bits, int(prefix.netmask)))
        return inside

    def _index_links(self) -> None:
        lengths: dict[tuple[int, int], set[int]] = {}
        for (vrf, prefix), found in self._candidates.items():
            lengths.setdefault((vrf, prefix.version), set()).add(prefix.prefixlen)
            for candidate in found if isinstance(found, list) else (found,):
                if candidate.on_link:
                    self._links.setdefault(vrf, []).append((prefix, candidate.on_link))
                    for interface in candidate.on_link:
                        vrfs = self._link_vrfs.setdefault(interface, [])
                        if vrf not in vrfs:
                            vrfs.append(vrf)
        self._lengths = {key: sorted(each, reverse=True) for key, each in lengths.items()}

    # Entries -------------------------------------------------------------------------------------------------

    def prefixes(self) -> Iterator[Key]:
        """Every row that does not stand for local SIDs, in force or not; those of learned neighbours are not among
        them: they are inside something on link, which says it for them."""
        for key, found in self._candidates.items():
            if (found[-1] if isinstance(found, list) else found).action is not _LOCAL_SID:
                yield key

    def holds(self, key: Key) -> bool:
        """Whether such a row is in force."""
        return self._winner(key) is not None

    def entities(self) -> Iterator[TableEntry]:
        """All entries of both tables."""
        self._place()
        self._before.clear()
        self._was.clear()
        for key in self._candidates:
            candidate = self._winner(key)
            if candidate is not None:
                yield _entry(key, candidate.action)
        for key, (action, _) in self._hosts.items():
            yield _entry(key, action)

    # Changes -------------------------------------------------------------------------------------------------

    def switch(self, conditions: Iterable[Condition]) -> None:
        """These conditions are no longer as they were."""
        for condition in conditions:
            for key in condition.prefixes:
                self._touch(key)
            condition.up = not condition.up
            for number in condition.numbers:
                (self._nexthops.use if condition.up else self._nexthops.drop)(number)

    def know(self, interface: InterfaceId, address: IPAddress, known: bool) -> None:
        """A neighbour is known, or no longer."""
        if known:
            self._known.setdefault(address, set()).add(interface)
            self._known_on.setdefault(interface, set()).add(address)
        else:
            _discard(self._known, address, interface)
            _discard(self._known_on, interface, address)
        for vrf in self._link_vrfs.get(interface, ()):
            self._moved[vrf, address] = None

    def touched(self) -> list[Key]:
        """Rows of this change that have another candidate than before; the hosts that this concerns follow."""
        rows = [key for key, before in self._was.items() if self._winner(key) is not before]
        for vrf, prefix in rows if self._known else ():
            for link, interfaces in self._links.get(vrf, ()):
                if prefix.version == link.version and prefix.subnet_of(link):  # type: ignore[arg-type]
                    for interface in interfaces:
                        for address in self._known_on.get(interface, ()):
                            if address in prefix:
                                self._moved[vrf, address] = None
        return rows

    def changes(self) -> Iterator[Change]:
        """What is otherwise than it was at the last call; ``touched`` comes first."""
        self._place()
        for key, before in self._before.items():
            after = self._shown(key)
            if before != after:
                yield (
                    None if before is None else _entry(key, before),
                    None if after is None else _entry(key, after),
                )
        self._before.clear()
        self._was.clear()

    def _place(self) -> None:
        """Give every neighbour that may have moved its host routes, or take them: in each VRF whose longest match says
        that it is on link. It is asked of all rows: nobody takes over a part of a SID, of a steered prefix or of a
        route by sending from it. Of two interfaces that have the same address in one prefix the first counts."""
        for vrf, address in self._moved:
            key = vrf, _family(address)((int(address), address.max_prefixlen))
            interface = min(self._known.get(address, set()) & self._on_link(vrf, address), default=None)
            before = self._hosts.get(key)
            if (before[1] if before else None) == interface:
                continue
            self._touch(key)
            if interface is not None:
                action = _set_nexthop(self._nexthops.take((NextHop(interface, address),)))
                self._hosts[key] = action, interface
            if before is not None:
                if interface is None:
                    del self._hosts[key]
                self._nexthops.drop(_number(before[0]))
        self._moved.clear()

    def _on_link(self, vrf: int, address: IPAddress) -> frozenset[InterfaceId]:
        """Where an address is on link by the longest match."""
        if not any(address in link for link, _ in self._links.get(vrf, ()) if link.version == address.version):
            return frozenset()
        bits, size = int(address), address.max_prefixlen
        family = _family(address)
        for length in self._lengths[vrf, address.version]:
            found = self._winner((vrf, family((bits >> size - length << size - length, length))))
            if found is not None:
                return found.on_link
        return frozenset()

    def _touch(self, key: Key) -> None:
        if key not in self._before:
            self._was[key] = self._winner(key)
            self._before[key] = self._shown(key)

    def _shown(self, key: Key) -> Action | None:
        candidate = self._winner(key)
        if candidate is not None:
            return candidate.action
        host = self._hosts.get(key)
        return host[0] if host else None

    def _winner(self, key: Key) -> _Candidate | None:
        found = self._candidates.get(key)
        if found is None:
            return None
        if not isinstance(found, list):
            return found if found.condition is None or found.condition.up else None
        return next((candidate for candidate in reversed(found) if candidate.active), None)


def _discard(index: dict[_T, set[_U]], key: _T, value: _U) -> None:
    values = index[key]
    values.discard(value)
    if not values:
        del index[key]


def _entry(key: Key, action: Action) -> TableEntry:
    vrf, prefix = key
    if prefix.version == 6:
        return TableEntry(tables.ROUTES[6], {"vrf_id": vrf, "ipv6_dst": prefix}, action)
    return TableEntry(tables.ROUTES[4], {"vrf_id": vrf, "ipv4_dst": prefix}, action)


def _family(address: IPAddress) -> type[IPv4Network] | type[IPv6Network]:
    return IPv6Network if address.version == 6 else IPv4Network


def _set_nexthop(number: int) -> Action:
    return Action("set_nexthop", {"nexthop_id": number})


def _number(action: Action) -> int:
    number = action.params["nexthop_id"]
    assert isinstance(number, int)
    return number


def _connected_prefixes(interface: Interface) -> Iterable[IPNetwork]:
    return [own.network for own in interface.addresses if own.network.prefixlen < own.max_prefixlen]
