# SPDX-License-Identifier: Apache-2.0
"""Routes with a color: steering by destination, as BGP does it (RFC 9256 8.4, 8.8; RFC 9252 5).

The color and the next hop of a route name the policies that it may go by. The first of them that is valid carries it,
with the service SID of the route behind its segments; without any it goes as a route without a color does, by the
shortest path to the next hop, or to the service SID alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv6Address
from typing import Any, NamedTuple

from srv6cp import values
from srv6cp.behaviours import REGISTRY
from srv6cp.config.context import Context
from srv6cp.config.policies import MAX_COLOR
from srv6cp.model import (
    DEFAULT_VRF,
    MAX_SEGMENTS,
    CandidatePath,
    Encap,
    Entrance,
    IPAddress,
    IPNetwork,
    NextHop,
    Policy,
    PrefixSteering,
    Route,
    SegmentList,
)
from srv6cp.problems import Fields, InvalidError, Problem

#: Keys of a route that has a color.
COLORED_KEYS = frozenset(("color", "next-hop", "service-sid"))
COLOR_KEYS = frozenset(("color", "co"))
#: The Color-Only types of RFC 9256 8.8.1.
MAX_CO = 2


class Color(NamedTuple):
    """A color, and how far from the next hop its policy may be (CO)."""

    value: int
    co: int = 0


class ColoredRoute(NamedTuple):
    """A route with colors as the file has it; ``hops`` are those of ``via``, None without."""

    prefix: IPNetwork
    vrf: str
    colors: tuple[Color, ...]
    next_hop: IPAddress
    hops: tuple[NextHop, ...] | None
    service: IPv6Address | None
    place: int


def read_colored(
    item: Mapping[Any, Any], prefix: IPNetwork, vrf: str, hops: tuple[NextHop, ...] | None, place: int
) -> ColoredRoute:
    """The part of a route that only one with a color has. Raises InvalidError."""
    fields = Fields(item)
    colors = fields.read("color", _read_colors, default=())
    next_hop = fields.read("next-hop", values.ip_address, "next-hop")
    service = fields.read("service-sid", _read_service)
    if next_hop is None and hops is not None and len(hops) == 1:
        next_hop = hops[0].address
    with fields.at():
        if not colors and item.get("color") is None:
            raise InvalidError("'next-hop' and 'service-sid' are of a route with a 'color'")
        if next_hop is None and item.get("next-hop") is None:
            raise InvalidError("a route with a color needs 'next-hop', the endpoint of its policies, or one in 'via'")
    with fields.at("via"):
        if service is not None and colors and hops is not None:
            raise InvalidError("without a policy a route with a service SID goes to that SID, not by 'via'")
    fields.finish()
    assert next_hop is not None
    return ColoredRoute(prefix, vrf, colors, next_hop, hops, service, place)


def _read_colors(value: Any) -> tuple[Color, ...]:
    """Colors, or ``{color, co}``, the highest first: in that order they are tried (RFC 9256 8.8)."""
    found: list[Color] = []
    whole = Fields({})
    items = values.one_or_more(value)
    if not items:
        raise InvalidError("a list of colors may not be empty")
    for index, item in enumerate(items):
        with whole.at(*([index] if isinstance(value, (list, tuple)) else [])):
            fields = Fields(item if isinstance(item, dict) else {"color": item})
            with fields.at():
                values.check_keys(fields.item, COLOR_KEYS, ("color",))
            number = fields.read("color", values.integer, "color", 1, MAX_COLOR)
            co = fields.read("co", values.integer, "co", 0, MAX_CO, default=0)
            fields.finish()
            if any(each.value == number for each in found):
                raise InvalidError(f"color {number} is given twice")
            found.append(Color(number, co))
    whole.finish()
    return tuple(sorted(found, reverse=True))


def _read_service(value: Any) -> IPv6Address:
    service = values.ipv6_address(value, "service-sid")
    if values.not_forwarded(service):
        raise InvalidError(f"{service} cannot be a segment: it is no routable unicast address")
    return service


def color_steering(
    colored: Sequence[ColoredRoute],
    routes: Sequence[Route],
    policies: dict[str, Policy],
    has_source: bool,
    context: Context,
) -> tuple[list[Route], list[PrefixSteering]]:
    """Routes without policies, and what is steered into policies. Those of service SIDs alone are added to
    ``policies``."""
    plain: list[Route] = []
    steered: list[PrefixSteering] = []
    for route in colored:
        with context.at("routes", route.place):
            entrances = []
            for policy in _candidates(route, list(policies.values())):
                if route.service is not None:
                    _check_length(policy, policies, route.service)
                entrances.append(Entrance(policy.name, route.service))
            if route.service is not None:
                if not has_source:
                    raise InvalidError("no source address: give the node a 'source'", "service-sid")
                entrances.append(Entrance(_alone(route.service, policies, context)))
            else:
                hops = route.hops if route.hops is not None else _towards(route.next_hop, routes, context)
                if hops:
                    plain.append(Route(route.prefix, hops, route.vrf))
                elif not entrances:
                    raise InvalidError(f"no policy fits, and next hop {route.next_hop} cannot be reached", "next-hop")
            if entrances:
                first, *others = entrances
                steered.append(PrefixSteering(route.prefix, first.policy, route.vrf, first.service, tuple(others)))
    return plain, steered


def _candidates(route: ColoredRoute, policies: list[Policy]) -> Iterator[Policy]:
    """The policies that a route may go by, in the order of RFC 9256 8.8: the color of the highest value first, and of
    each that of the next hop (CO 0), of the null endpoint (CO 1), of any (CO 2)."""
    seen = set()
    for color in route.colors:
        for endpoints in _endpoints(route.next_hop, color.co):
            for policy in policies:
                headend = REGISTRY.headend(policy.encap.mode)
                fits = not headend.layer2 and not (
                    headend.inserts and (route.prefix.version == 4 or route.service is not None)
                )
                if (
                    fits
                    and policy.color == color.value
                    and policy.endpoint is not None
                    and endpoints(policy.endpoint)
                    and policy.name not in seen
                ):
                    seen.add(policy.name)
                    yield policy


def _endpoints(next_hop: IPAddress, co: int) -> list[Any]:
    """Which endpoints are asked for, one step after the other."""
    family = next_hop.version
    steps: list[Any] = [lambda endpoint: endpoint == next_hop]
    if co >= 1:
        steps += [
            lambda endpoint: endpoint.is_unspecified and endpoint.version == family,
            lambda endpoint: endpoint.is_unspecified,
        ]
    if co >= 2:
        steps += [lambda endpoint: endpoint.version == family, lambda _endpoint: True]
    return steps


def _check_length(policy: Policy, policies: Mapping[str, Policy], service: IPv6Address) -> None:
    for part in policy.parts(policies):
        longest = max((len(entry.segments) for entry in part.lists), default=0)
        if longest >= MAX_SEGMENTS:
            raise InvalidError(
                f"policy {part.name!r} has a list of {longest} segments: with the service SID {service} it would be "
                f"longer than {MAX_SEGMENTS}",
                "service-sid",
            )


def _alone(service: IPv6Address, policies: dict[str, Policy], context: Context) -> str:
    """The policy whose only segment is a service SID."""
    name = f"service-{service}"
    path = CandidatePath((SegmentList((service,)),))
    policies.setdefault(name, Policy(name, (path,), Encap(flow_label=context.flow_label)))
    return name


def _towards(address: IPAddress, routes: Iterable[Route], context: Context) -> tuple[NextHop, ...]:
    """The next hops of the longest match of an address in the default VRF; none where it has none."""
    found: list[tuple[int, tuple[NextHop, ...]]] = [
        (network.prefixlen, (NextHop(interface.id, address),))
        for network, interface in context.connected(DEFAULT_VRF)
        if address in network
    ]
    for route in routes:
        if route.vrf == DEFAULT_VRF and address in route.prefix:
            hops = tuple(hop if hop.address is not None else replace(hop, address=address) for hop in route.nexthops)
            found.append((route.prefix.prefixlen, hops))
    return max(found, key=lambda way: way[0])[1] if found else ()


def twice(steered: Iterable[PrefixSteering], colored: Iterable[ColoredRoute]) -> Iterator[Problem]:
    """Prefixes that steering and a route with a color both name."""
    places = {(route.vrf, route.prefix): route.place for route in colored}
    for steering in steered:
        place = places.get((steering.vrf, steering.prefix))
        if place is not None:
            yield Problem(f"{steering.prefix} in VRF {steering.vrf} is steered, too", ("routes", place, "prefix"))
