# SPDX-License-Identifier: Apache-2.0
"""``ip route show|get``, ``ip neigh show``, ``ip nexthop show``, ``ip rule show``, ``ip vrf show``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from typing import Any

from srv6cp.cli import exitcodes, session
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.iproute2 import printed, state
from srv6cp.cli.iproute2.options import Options
from srv6cp.cli.iproute2.route import RouteLine
from srv6cp.cli.iproute2.words import Devices, pick, prefix, vrf_of_table
from srv6cp.cli.output import emit
from srv6cp.cli.words import Words
from srv6cp.model import DEFAULT_VRF, IPAddress, IPNetwork, Node

_SHOW_USAGE = "ip route show [table T|vrf V] [[root|match|exact] PREFIX] [dev P] [via A] [proto P] [type T]"
_GET_USAGE = "ip route get ADDRESS [vrf V] [iif P]"
_NEIGH_USAGE = "ip neigh show [ADDRESS] [dev P] [nud STATE]"
_SHOW_WORDS = ("table", "vrf", "cached", "cloned", "dsfield", "protocol", "scope", "type", "metric", "priority", "from")
_SELECTORS = ("root", "match", "exact")
_SHOW_WHOLE = ("dev", "oif", "iif", "via", "src", "tos", "to", *_SELECTORS)
_LOCAL_ONLY = "local"
_PROTOCOLS = {"kernel": "kernel", "2": "kernel", "boot": "boot", "3": "boot", "static": "boot", "4": "boot"}


@dataclass
class Filter:
    """Which routes to show. ``table`` is a VRF, ``local`` for own addresses, or None for all tables."""

    table: str | None = DEFAULT_VRF
    family: int | None = None
    root: tuple[IPNetwork, ...] = ()
    match: tuple[IPNetwork, ...] = ()
    exact: tuple[IPNetwork, ...] = ()
    dev: str | None = None
    via: IPAddress | None = None
    proto: str | None = None
    kind: str | None = None

    def takes(self, route: state.Route) -> bool:
        """True for a route that it asks for."""
        local = route.in_table_local
        if self.table == _LOCAL_ONLY and not local:
            return False
        if self.table not in (None, _LOCAL_ONLY) and (route.vrf != self.table or local):
            return False
        network = route.prefix
        if self.family not in (None, network.version):
            return False
        if self.root and not any(_inside(network, each) for each in self.root):
            return False
        if self.match and not any(_inside(each, network) for each in self.match):
            return False
        if self.exact and network not in self.exact:
            return False
        if self.dev is not None and all(hop.dev != self.dev for hop in route.hops):
            return False
        if self.via is not None and all(hop.address != self.via for hop in route.hops):
            return False
        return self.proto in (None, route.proto) and self.kind in (None, route.kind)


def _inside(one: IPNetwork, other: IPNetwork) -> bool:
    return one.version == other.version and one.prefixlen >= other.prefixlen and one.network_address in other


def parse_filter(words: Sequence[str], devices: Devices, family: int | None) -> Filter:
    """Read what stands behind ``ip route show``. Raises UsageError."""
    cursor = Words(words, _SHOW_USAGE)
    found = Filter(family=family)
    while cursor:
        word = cursor.take("a word")
        known = word if word in _SHOW_WHOLE else pick(word, _SHOW_WORDS) or word
        if known in ("table", "vrf"):
            found.table = _table(cursor.take("the table"), devices)
        elif known in ("dev", "oif"):
            found.dev = str(devices.port(cursor.take("the port")))
        elif known == "via":
            value = cursor.take("the address")
            found.via = _address(cursor.take("the address") if value in ("inet", "inet6") else value)
        elif known == "protocol":
            value = cursor.take("the protocol")
            if value != "all":
                found.proto = _PROTOCOLS.get(value, value)
        elif known == "type":
            found.kind = cursor.take("the type")
        elif known in ("scope", "metric", "priority"):
            cursor.take(f"the value of {word!r}")
        elif known in ("src", "tos", "dsfield", "from", "iif", "cached", "cloned"):
            raise UsageError(f"routes are not shown by {word!r}; usage: {_SHOW_USAGE}")
        else:
            how = known if known in _SELECTORS else "exact"
            text = cursor.take("the prefix") if known in (*_SELECTORS, "to") else word
            if text in _SELECTORS:  # `to root PREFIX`
                how, text = text, cursor.take("the prefix")
            setattr(found, how, _prefixes(text, family))
    return found


def _prefixes(text: str, family: int | None) -> tuple[IPNetwork, ...]:
    """A prefix; that of both families where ``default`` may be either."""
    families = (4, 6) if family is None and text in ("default", "any", "all") else (family,)
    return tuple(ip_network(prefix(text, each), strict=False) for each in families)


def _table(text: str, devices: Devices) -> str | None:
    if text in ("all", "unspec", "0"):
        return None
    if text in ("local", "255"):
        return _LOCAL_ONLY
    return devices.vrf(vrf_of_table(text)) or DEFAULT_VRF


def _address(text: str) -> IPAddress:
    try:
        return ip_address(text)
    except ValueError:
        raise UsageError(f"an address is expected rather than {text!r}") from None


def routes(args: argparse.Namespace, options: Options, words: Sequence[str], devices: Devices) -> int:
    """``ip route show``."""
    wanted = parse_filter(words, devices, options.family)
    named = [*wanted.root, *wanted.match, *wanted.exact, *filter(None, (wanted.via,))]
    if wanted.family is None and wanted.table is not None and not named:
        wanted.family = 4  # as iproute2, unless all tables are asked for
    found = [route for route in _read(args, options.stats).routes if wanted.takes(route)]
    style = printed.Style(wanted.table is None, options.details, options.oneline)
    _print(found, options, lambda each: printed.route_json(each, style), lambda each: printed.route_text(each, style))
    return exitcodes.OK


def to_flush(args: argparse.Namespace, options: Options, words: Sequence[str], devices: Devices) -> list[RouteLine]:
    """The routes that ``ip route flush`` names, as lines that delete them. Raises UsageError when it names none."""
    if not words:
        raise UsageError(f"'ip route flush' needs to be told what; usage: {_SHOW_USAGE.replace('show', 'flush')}")
    wanted = parse_filter(words, devices, options.family)
    return [
        RouteLine(str(route.prefix), route.kind, None if route.vrf == DEFAULT_VRF else route.vrf)
        for route in _read(args, False).routes
        if wanted.takes(route) and route.proto == "boot"
    ]


def lookup(args: argparse.Namespace, options: Options, words: Sequence[str], devices: Devices) -> int:
    """``ip route get``: the longest match of SIDs, own addresses and routes."""
    cursor = Words(words, _GET_USAGE)
    address: IPAddress | None = None
    vrf: str | None = None
    port: str | None = None
    while cursor:
        word = cursor.take("a word")
        if word == "vrf":
            vrf = devices.vrf(vrf_of_table(cursor.take("the VRF"))) or DEFAULT_VRF
        elif word == "iif":
            port = str(devices.port(cursor.take("the port")))
        elif word == "fibmatch":
            pass
        elif word in ("from", "mark", "uid", "sport", "dport", "ipproto", "tos", "dsfield", "flowlabel", "oif", "dev"):
            raise UsageError(f"{word!r} does not choose a route here: destination and VRF do; usage: {_GET_USAGE}")
        elif address is None or word == "to":
            address = _address((cursor.take("the address") if word == "to" else word).partition("/")[0])
        else:
            raise cursor.unknown(word, ("vrf", "iif", "fibmatch"))
    if address is None:
        raise UsageError(f"the address is missing; usage: {_GET_USAGE}")
    if options.family not in (None, address.version):
        raise UsageError(f"an address of the family that -{options.family} asks for is expected rather than {address}")
    node = session.optional_node(args)
    if vrf is None:
        places = {str(each.id): each.vrf for each in node.interfaces()} if node else {}
        vrf = places.get(port, DEFAULT_VRF) if port else DEFAULT_VRF
    found = state.longest(_read(args, options.stats).routes, vrf, address)
    if found is None:
        raise CliError(f"network is unreachable: no route to {address} in VRF {vrf}", exitcodes.CHECK_FAILED)
    route = replace(found, source=_source(node, found, address))
    emit([printed.lookup_json(route, address)], options.json, printed.lookup_text(route, address, options.oneline))
    return exitcodes.OK


def _source(node: Node | None, route: state.Route, address: IPAddress) -> IPAddress | None:
    """The own address on the link that the route leaves by."""
    devices = {hop.dev for hop in route.hops}
    for interface in node.interfaces() if node else ():
        if str(interface.id) in devices:
            for own in interface.addresses:
                if own.version == address.version:
                    return own.ip
    return None


def neighbors(args: argparse.Namespace, options: Options, words: Sequence[str], devices: Devices) -> int:
    """``ip neigh show``: what is resolved on the switch."""
    cursor = Words(words, _NEIGH_USAGE)
    port: str | None = None
    inside: tuple[IPNetwork, ...] = ()
    states: list[str] = []
    while cursor:
        word = cursor.take("a word")
        if word == "dev":
            port = str(devices.port(cursor.take("the port")))
        elif word == "nud":
            states.append(cursor.take("the state").upper())
        elif word in ("master", "vrf", "nomaster", "proxy", "unused"):
            raise UsageError(f"neighbours are not shown by {word!r}; usage: {_NEIGH_USAGE}")
        else:
            inside = _prefixes(cursor.take("the address") if word == "to" else word, options.family)
    found = [
        each
        for each in _read(args, False).neighbors
        if options.family in (None, each.key.address.version)
        and port in (None, str(each.key.interface))
        and (not states or "ALL" in states or each.state in states)
        and (not inside or any(_inside(ip_network(each.key.address), network) for network in inside))
    ]
    dev = port is None
    _print(found, options, lambda each: printed.neighbor_json(each, dev), lambda each: printed.neighbor_text(each, dev))
    return exitcodes.OK


def nexthops(args: argparse.Namespace, options: Options, words: Sequence[str]) -> int:
    """``ip nexthop show|get [id N]``: of the node file, since the switch has other numbers."""
    found = list(_node(args).nexthops.values())
    cursor = Words(words, "ip nexthop show [id ID] [groups]")
    while cursor:
        word = cursor.take("a word")
        if word == "id":
            number = cursor.take("the number")
            found = [each for each in found if str(each.number) == number]
            if not found:
                raise CliError(f"no next hop {number}", exitcodes.CHECK_FAILED)
        elif pick(word, ("groups",)):
            found = [each for each in found if each.group]
        else:
            raise cursor.unknown(word, ("id", "groups"))
    _print(found, options, printed.nexthop_json, printed.nexthop_text)
    return exitcodes.OK


def rules(args: argparse.Namespace, options: Options) -> int:
    """``ip rule show``: own addresses and SIDs first, then the VRF of the port that a packet came in by."""
    ports = [(str(each.id), each.vrf) for each in _node(args).interfaces() if each.vrf != DEFAULT_VRF]
    rows: list[dict[str, Any]] = [{"priority": 0, "src": "all", "table": "local"}]
    rows += [{"priority": 1000, "src": "all", "iif": port, "table": vrf} for port, vrf in ports]
    rows.append({"priority": 32766, "src": "all", "table": "main"})

    def text(row: dict[str, Any]) -> str:
        return f"{row['priority']}:\tfrom all{' iif ' + row['iif'] if 'iif' in row else ''} lookup {row['table']}"

    _print(rows, options, lambda row: row, text)
    return exitcodes.OK


def vrfs(args: argparse.Namespace, options: Options) -> int:
    """``ip vrf show``."""
    rows = [{"name": name, "table": number} for name, number in _node(args).vrfs.items() if number]
    text = "\n".join(["Name              Table", "-" * 23, *(f"{row['name']:<16} {row['table']:>5}" for row in rows)])
    emit(rows, options.json, text if rows else "No VRF has been configured")
    return exitcodes.OK


def _node(args: argparse.Namespace) -> Node:
    path = session.node_file(args)  # raises, saying how to name one
    assert path is not None
    return session.load(path)


def _read(args: argparse.Namespace, stats: bool) -> state.State:
    node = session.optional_node(args)
    with session.make_client(args, node) as client:
        session.program(client)
        return state.read(client, session.same_router(args, client, node), stats)


def _print(found: Sequence[Any], options: Options, as_json: Callable[[Any], Any], text: Callable[[Any], str]) -> None:
    emit([as_json(each) for each in found], options.json, "\n".join(map(text, found)))
