# SPDX-License-Identifier: Apache-2.0
"""``neighbors`` and ``routes``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srv6cp import values
from srv6cp.config.context import Context
from srv6cp.config.nexthops import MAX_ID
from srv6cp.model import DEFAULT_VRF, IPNetwork, Neighbor, NextHopObject, Route
from srv6cp.problems import InvalidError, with_path

NEIGHBOR_KEYS = frozenset(("address", "port", "mac"))
ROUTE_KEYS = frozenset(("prefix", "via", "vrf", "blackhole", "nhid"))


def read_neighbors(value: Any, context: Context) -> None:
    """Fill ``context.neighbors``. A neighbour's port may be left out when its address is connected."""
    seen = set()
    own = {address.ip for interface in context.interfaces.values() for address in interface.addresses}
    with context.at("neighbors"):
        for index, item in enumerate(values.listing(value, "neighbors")):
            with context.at("neighbors", index):
                item = values.mapping(item, "a neighbour")
                values.check_keys(item, NEIGHBOR_KEYS, ("address", "mac"))
                address = with_path("address", values.ip_address, item["address"])
                if item.get("port") is None:
                    interface = with_path("address", context.locate, address, None)
                else:
                    interface = with_path("port", context.interface, item["port"]).id
                if address in own:
                    raise InvalidError(f"{address} is an address of this node", "address")
                if (interface, address) in seen:
                    raise InvalidError(f"neighbour {address} on port {interface} is given twice")
                seen.add((interface, address))
                mac = with_path("mac", values.mac_address, item["mac"])
                context.neighbors.append(Neighbor(address, interface, mac))


def read_routes(value: Any, objects: Mapping[int, NextHopObject], context: Context) -> tuple[Route, ...]:
    """Static routes; built for tens of thousands of them. ``objects`` are the next hops that they may name."""
    routes: list[Route] = []
    seen: set[tuple[str, IPNetwork]] = set()
    with context.at("routes"):
        for index, item in enumerate(values.listing(value, "routes")):
            try:
                if not isinstance(item, dict):
                    values.mapping(item, "a route")
                if not item.keys() <= ROUTE_KEYS or "prefix" not in item:
                    values.check_keys(item, ROUTE_KEYS, ("prefix",))
                route = _read_route(item, objects, context)
                key = (route.vrf, route.prefix)
                if key in seen:
                    raise InvalidError(f"route {route.prefix} in VRF {route.vrf} is given twice", "prefix")
                seen.add(key)
                routes.append(route)
            except InvalidError as error:
                context.fail(error, "routes", index)
    return tuple(routes)


def _read_route(item: dict[Any, Any], objects: Mapping[int, NextHopObject], context: Context) -> Route:
    try:
        prefix = values.ip_prefix(item["prefix"])
    except InvalidError as error:
        error.path = ("prefix",)
        raise
    if prefix.is_multicast or prefix.is_link_local:
        raise InvalidError(f"{prefix} is multicast or link-local and is not forwarded", "prefix")
    vrf = context.vrf(item) if "vrf" in item else DEFAULT_VRF
    via = item.get("via")
    if "blackhole" in item and with_path("blackhole", values.boolean, item["blackhole"], "blackhole"):
        if via is not None:
            raise InvalidError("a blackhole route has no next hop", "via")
        if item.get("nhid") is not None:
            raise InvalidError("a blackhole route has no next hop", "nhid")
        return Route(prefix, (), vrf)
    number = item.get("nhid")
    if number is not None:
        if via is not None:
            raise InvalidError("'nhid' says where the route leads; 'via' does as well, so give one of them", "via")
        found = with_path("nhid", _object, number, objects)
        number, nexthops = found.number, found.hops
    elif via is None:
        raise InvalidError("a route needs 'via' or 'blackhole: true' (or 'nhid', the number of a next hop)")
    else:
        nexthops = with_path("via", context.nexthops, via, vrf)
    if prefix.version == 6 and any(hop.address is not None and hop.address.version == 4 for hop in nexthops):
        raise InvalidError("the next hop of an IPv6 route must be an IPv6 address", "via" if number is None else "nhid")
    return Route(prefix, nexthops, vrf, number)


def _object(value: Any, objects: Mapping[int, NextHopObject]) -> NextHopObject:
    found = objects.get(values.integer(value, "nhid", 1, MAX_ID))
    if found is None:
        raise InvalidError(f"no next hop {value}; valid: {', '.join(map(str, objects)) or 'none is declared'}")
    return found
