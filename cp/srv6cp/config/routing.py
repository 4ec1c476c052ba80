# SPDX-License-Identifier: Apache-2.0
"""``neighbors``, ``neighbor-limits`` and ``routes``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srv6cp import values
from srv6cp.config.colors import COLORED_KEYS, ColoredRoute, read_colored
from srv6cp.config.context import Context
from srv6cp.config.nexthops import MAX_ID
from srv6cp.model import DEFAULT_VRF, Interface, IPAddress, IPNetwork, Neighbor, NeighborLimits, NextHopObject, Route
from srv6cp.problems import Fields, InvalidError, UnknowableError, with_path

NEIGHBOR_KEYS = frozenset(("address", "port", "vrf", "mac"))
#: Key of ``neighbor-limits`` to the highest value that it can have.
NEIGHBOR_LIMITS = {"learned": 16384, "unresolved": 4096, "solicitations": 10_000, "held": 4096}
ROUTE_KEYS = frozenset(("prefix", "via", "vrf", "blackhole", "nhid", "backup")) | COLORED_KEYS


def read_neighbors(value: Any, context: Context) -> None:
    """Fill ``context.neighbors``. A neighbour's port may be left out when its address is connected, in one VRF or in
    the one that is named. Addresses are compared within a VRF: another's own address may be a neighbour here."""
    seen = set()
    with context.at("neighbors"):
        for index, item in enumerate(values.listing(value, "neighbors")):
            with context.at("neighbors", index):
                neighbor = _read_neighbor(values.mapping(item, "a neighbour"), context)
                key = (neighbor.interface, neighbor.address)
                if key in seen:
                    raise InvalidError(f"neighbour {neighbor.address} on port {neighbor.interface} is given twice")
                seen.add(key)
                context.neighbors.append(neighbor)


def _read_neighbor(item: dict[Any, Any], context: Context) -> Neighbor:
    fields = Fields(item)
    with fields.at():
        values.check_keys(item, NEIGHBOR_KEYS, ("address", "mac"))
    address = fields.read("address", values.ip_address)
    mac = fields.read("mac", values.mac_address)
    vrf = None
    with fields.at():
        vrf = context.vrf(item) if item.get("vrf") is not None else None
    found = fields.read("port", context.interface)
    interface = found and found.id
    if address is not None and item.get("port") is None and (vrf is not None or item.get("vrf") is None):
        interface = fields.read("address", lambda _: context.locate(address, vrf))
    with fields.at():
        of = context.interfaces[interface].vrf if interface is not None else None
        if of is not None and vrf not in (None, of):
            raise InvalidError(f"port {interface} is in VRF {of}", "vrf")
        if (of, address) in context.own:
            raise InvalidError(f"{address} is an address of this node", "address")
    with fields.at():
        on = context.interfaces[interface] if interface is not None else None
        if address is not None:
            _no_host(address, on)
        if on is not None and mac == on.mac:
            raise InvalidError(f"{mac} is the MAC address of port {interface} itself, not of a neighbour there", "mac")
    fields.finish()
    return Neighbor(address, interface, mac)


def _no_host(address: IPAddress, interface: Interface | None) -> None:
    """Refuse what is no host's address, on any link or on this one."""
    kind = values.not_forwarded(address)
    if kind is not None and kind != "link-local":
        article = "an" if kind[0] in "uI" else "a"
        raise InvalidError(f"{address} is {article} {kind} address, not a neighbour's", "address")
    if interface is not None and address in interface.broadcasts:
        raise InvalidError(
            f"{address} is the broadcast or network address of a prefix of port {interface.id}, not a neighbour's",
            "address",
        )
    if interface is not None and address == interface.link_local:
        raise InvalidError(f"{address} is an address of this node", "address")


def read_neighbor_limits(value: Any) -> NeighborLimits:
    """What packets may make the node keep for the neighbours of an interface."""
    if value is None:
        return NeighborLimits()
    fields = Fields(values.mapping(value, "neighbor-limits"))
    with fields.at():
        values.check_keys(fields.item, NEIGHBOR_LIMITS)
    usual = NeighborLimits()
    limits = {
        key: fields.read(key, values.integer, key, 1, most, default=getattr(usual, key))
        for key, most in NEIGHBOR_LIMITS.items()
    }
    fields.finish()
    return NeighborLimits(**limits)


def read_routes(
    value: Any, objects: Mapping[int, NextHopObject], context: Context
) -> tuple[list[Route], list[ColoredRoute]]:
    """Static routes, and those of them with a color; built for tens of thousands. ``objects`` are the next hops that
    they may name."""
    routes: list[Route] = []
    colored: list[ColoredRoute] = []
    seen: set[tuple[str, IPNetwork]] = set()
    with context.at("routes"):
        for index, item in enumerate(values.listing(value, "routes")):
            try:
                if not isinstance(item, dict):
                    values.mapping(item, "a route")
                if not item.keys() <= ROUTE_KEYS or "prefix" not in item:
                    values.check_keys(item, ROUTE_KEYS, ("prefix",))
                if COLORED_KEYS.isdisjoint(item):
                    route: Route | ColoredRoute = _read_route(item, objects, context)
                else:
                    route = _read_colored(item, index, objects, context)
                key = (route.vrf, route.prefix)
                if key in seen:
                    raise InvalidError(f"route {route.prefix} in VRF {route.vrf} is given twice", "prefix")
                seen.add(key)
                if isinstance(route, Route):
                    routes.append(route)
                else:
                    colored.append(route)
            except InvalidError as error:
                context.fail(_wrong_fields(item, objects, context) or error, "routes", index)
    return routes, colored


def _read_colored(
    item: dict[Any, Any], place: int, objects: Mapping[int, NextHopObject], context: Context
) -> ColoredRoute:
    """A route with a color; the way without a policy, if it says one, is read like that of any route."""
    if item.get("blackhole"):
        raise InvalidError("a blackhole route has no color", "blackhole")
    if item.get("backup") is not None:
        raise InvalidError("a route with a color has the policies of further colors for a backup", "backup")
    if item.get("via") is not None or item.get("nhid") is not None:
        plain = {key: value for key, value in item.items() if key not in COLORED_KEYS}
        route = _read_route(plain, objects, context)
        return read_colored(item, route.prefix, route.vrf, route.nexthops, place)
    route = _read_route({"prefix": item["prefix"], "vrf": item.get("vrf"), "blackhole": True}, objects, context)
    return read_colored(item, route.prefix, route.vrf, None, place)


def _wrong_fields(item: Any, objects: Mapping[int, NextHopObject], context: Context) -> InvalidError | None:
    """What is wrong with the fields of a route, each by itself; None when they are right."""
    if not isinstance(item, dict):
        return None
    fields = Fields(item)
    with fields.at():
        values.check_keys(item, ROUTE_KEYS, ("prefix",))
    fields.read("prefix", values.ip_prefix)
    fields.read("blackhole", values.boolean, "blackhole")
    if item.get("via") is None:
        fields.read("nhid", _object, objects, context)
    with fields.at():
        vrf = context.vrf(item)
        fields.read("via", context.nexthops, vrf)
    return fields.error


def _read_route(item: dict[Any, Any], objects: Mapping[int, NextHopObject], context: Context) -> Route:
    try:
        prefix = values.ip_prefix(item["prefix"])
    except InvalidError as error:
        error.path = ("prefix",)
        raise
    kind = values.not_forwarded(prefix)
    if kind is not None:
        raise InvalidError(f"{prefix} is {kind} and is not forwarded", "prefix")
    vrf = context.vrf(item) if "vrf" in item else DEFAULT_VRF
    via = item.get("via")
    if "blackhole" in item and with_path("blackhole", values.boolean, item["blackhole"], "blackhole"):
        if via is not None:
            raise InvalidError("a blackhole route has no next hop", "via")
        if item.get("nhid") is not None:
            raise InvalidError("a blackhole route has no next hop", "nhid")
        return Route(prefix, (), vrf)
    number, where = item.get("nhid"), "via"
    if number is not None:
        if via is not None:
            raise InvalidError("'nhid' says where the route leads; 'via' does as well, so give one of them", "via")
        where = "nhid"
        found = with_path(where, _object, number, objects, context)
        number, nexthops = found.number, found.hops
    elif via is None:
        raise InvalidError("a route needs 'via' or 'blackhole: true' (or 'nhid', the number of a next hop)")
    else:
        nexthops = with_path(where, context.nexthops, via, vrf)
    by_port = sum(hop.address is None for hop in nexthops)
    if 0 < by_port < len(nexthops) and prefix.prefixlen < prefix.max_prefixlen:
        # Whoever has the address takes all packets, so nobody would ever ask who is behind the port.
        raise InvalidError("a set of next hops has addresses, or ports alone, but not both", where)
    if prefix.version == 6 and any(hop.address is not None and hop.address.version == 4 for hop in nexthops):
        raise InvalidError("the next hop of an IPv6 route must be an IPv6 address", where)
    backup = None
    if item.get("backup") is not None:
        backup = with_path("backup", values.reference, item["backup"], context.policy_names, "policy")
    return Route(prefix, nexthops, vrf, number, backup)


def _object(value: Any, objects: Mapping[int, NextHopObject], context: Context) -> NextHopObject:
    number = values.integer(value, "nhid", 1, MAX_ID)
    found = objects.get(number)
    if found is None and number in context.wrong_nexthops:
        raise UnknowableError(f"next hop {number} has a mistake")
    if found is None:
        raise InvalidError(f"no next hop {value}; valid: {', '.join(map(str, objects)) or 'none is declared'}")
    return found
