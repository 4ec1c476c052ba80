# SPDX-License-Identifier: Apache-2.0
"""Routes, neighbours and next hops as iproute2 prints them: a line of text, or an object of JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from srv6cp.cli.iproute2.state import Hop, Neighbor, Route
from srv6cp.model import DEFAULT_VRF, IPAddress, NextHopObject

Json = dict[str, Any]

# What Linux has for IPv6 routes that say nothing else; there are no metrics here.
_METRIC = {"kernel": 256, "boot": 1024}


class Style(NamedTuple):
    """``table``: name the table, as iproute2 does where it shows several; ``oneline``: a backslash for a line break.

    ``origin``: name protocol and scope where they are not the usual ones.
    """

    table: bool = False
    details: bool = False
    oneline: bool = False
    origin: bool = True


PLAIN = Style()


class _Field(NamedTuple):
    key: str
    word: str
    value: Any


def route_json(route: Route, style: Style = PLAIN) -> Json:
    """An element of ``ip -j route``."""
    data: Json = {"type": route.kind} if style.details or route.kind != "unicast" else {}
    data["dst"] = _destination(route)
    if route.nhid is not None:
        data["nhid"] = route.nhid
    data |= _hop_json(route.hops[0]) if len(route.hops) == 1 else {}
    for field in _fields(route, style):
        if field.key in data:  # `table` of End.T, and of the route
            data["vrftable"] = data[field.key]
        if field.key == "pref":
            data["flags"] = []
        data[field.key] = field.value
    data.setdefault("flags", [])
    if len(route.hops) > 1:
        data["nexthops"] = [{**_hop_json(hop), "weight": hop.weight, "flags": []} for hop in route.hops]
    return data


def route_text(route: Route, style: Style = PLAIN, destination: str = "") -> str:
    """A line, and one more for each of several next hops; ``destination`` in place of the prefix."""
    parts = [route.kind] if style.details or route.kind != "unicast" else []
    parts.append(destination or _destination(route))
    if route.nhid is not None:
        parts.append(f"nhid {route.nhid}")
    if len(route.hops) == 1:
        parts += _hop_words(route.hops[0])
    parts += [f"{field.word} {field.value}" for field in _fields(route, style)]
    lines = [" ".join(parts)]
    if len(route.hops) > 1:
        lines += [f"\tnexthop {' '.join(_hop_words(hop))} weight {hop.weight}" for hop in route.hops]
    return ("\\" if style.oneline else "\n").join(lines)


def lookup_json(route: Route, address: IPAddress) -> Json:
    """The answer of ``ip -j route get``; ``route.source`` is the own address on the way out."""
    data = route_json(route, Style(table=True, origin=address.version == 6))
    data["dst"] = str(address)
    if address.version == 4:
        return {**data, "uid": 0, "cache": []}
    result: Json = {}
    for key, value in data.items():
        result[key] = value
        if key == "dst":
            result["from"] = "::"
    return result


def lookup_text(route: Route, address: IPAddress, oneline: bool = False) -> str:
    """As ``ip route get`` prints it."""
    style = Style(table=True, oneline=oneline, origin=address.version == 6)
    if address.version == 6:
        return route_text(route, style, f"{address} from ::")
    return f"{route_text(route, style, str(address))} uid 0{chr(92) if oneline else chr(10)}    cache"


def neighbor_json(neighbor: Neighbor, dev: bool = True) -> Json:
    """``dev``: False where only one port is asked for."""
    port = {"dev": str(neighbor.key.interface)} if dev else {}
    return {"dst": str(neighbor.key.address), **port, "lladdr": neighbor.mac, "state": [neighbor.state]}


def neighbor_text(neighbor: Neighbor, dev: bool = True) -> str:
    """``ADDRESS dev P lladdr M STATE``."""
    port = f" dev {neighbor.key.interface}" if dev else ""
    return f"{neighbor.key.address}{port} lladdr {neighbor.mac} {neighbor.state}"


def nexthop_json(found: NextHopObject) -> Json:
    """An element of ``ip -j nexthop``."""
    data: Json = {"id": found.number}
    if found.group:
        data["group"] = [{"id": each, **({"weight": weight} if weight != 1 else {})} for each, weight in found.group]
    elif not found.hops:
        data["blackhole"] = None
    else:
        data |= _hop_json(_hop_of(found)) | {"scope": _scope(_hop_of(found))}
    return {**data, "flags": []}


def nexthop_text(found: NextHopObject) -> str:
    """``id N via A dev P scope link``, ``id N group 1,3/2``, ``id N blackhole``."""
    if found.group:
        members = [f"{each},{weight}" if weight != 1 else str(each) for each, weight in found.group]
        return f"id {found.number} group {'/'.join(members)}"
    if not found.hops:
        return f"id {found.number} blackhole"
    hop = _hop_of(found)
    return " ".join([f"id {found.number}", *_hop_words(hop), f"scope {_scope(hop)}"])


def _hop_of(found: NextHopObject) -> Hop:
    return Hop(found.hops[0].address, str(found.hops[0].interface))


def _scope(hop: Hop) -> str:
    return "link" if hop.address is not None else "host"


def _fields(route: Route, style: Style) -> Iterator[_Field]:
    """What stands behind next hop and device, in the order of iproute2."""
    inet6 = route.prefix.version == 6
    table = "local" if route.in_table_local else route.vrf
    if style.table and table != DEFAULT_VRF:
        yield _Field("table", "table", table)
    if style.details or (route.proto != "boot" and style.origin):
        yield _Field("protocol", "proto", route.proto)
    scope = "global"
    if not inet6 and route.kind == "local":
        scope = "host"
    elif not inet6 and route.hops and all(hop.address is None for hop in route.hops):
        scope = "link"
    if style.details or (scope != "global" and style.origin):
        yield _Field("scope", "scope", scope)
    if route.source is not None:
        yield _Field("prefsrc", "src", str(route.source))
    if inet6:
        yield _Field("metric", "metric", 0 if route.kind == "local" else _METRIC[route.proto])
        yield _Field("pref", "pref", "medium")


def _destination(route: Route) -> str:
    network = route.prefix
    if network.prefixlen == 0:
        return "default"
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def _hop_json(hop: Hop) -> Json:
    data: Json = dict(hop.encap or {})
    if hop.address is not None:
        data["gateway"] = str(hop.address)
    if hop.dev is not None:
        data["dev"] = hop.dev
    return data


def _hop_words(hop: Hop) -> list[str]:
    """An encapsulation, ``via`` and ``dev``; iproute2 has two blanks in front of the first."""
    parts = [f" encap {' '.join(_encap_words(hop.encap))}"] if hop.encap else []
    if hop.address is not None:
        parts.append(f"via {hop.address}")
    if hop.dev is not None:
        parts.append(f"dev {hop.dev}")
    return parts


def _encap_words(encap: Mapping[str, Any]) -> Iterator[str]:
    for key, value in encap.items():
        if key == "encap":
            yield str(value)
        elif key in ("segs", "srh"):
            segments = value["segs"] if key == "srh" else value
            yield f"segs {len(segments)} [ {' '.join(segments)} ]"
        elif key == "stats64":
            yield " ".join(f"{name} {number}" for name, number in value.items())
        elif key == "flavors":
            yield f"flavors {','.join(value)}"
        else:
            yield f"{key} {value}"
