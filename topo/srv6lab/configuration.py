# SPDX-License-Identifier: Apache-2.0
"""The node file of a router: what follows from the topology, then its section, then what is added while it runs.

Each part replaces what an earlier one says of the same thing: the policy of a name, the route or the steering of a
prefix, the SID of an address. Within a part nothing may be given twice. Segments are written by name.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from srv6cp.cli.kinds import Kind, kinds
from srv6cp.problems import Path, Problem, render_path
from srv6lab import routes, tilfa
from srv6lab.advertised import sid_structures
from srv6lab.topology import (
    BLOCK_LENGTH,
    DEFAULT_VRF,
    END,
    END_DT46,
    END_X,
    NODE_LENGTH,
    Link,
    Topology,
    UnknownName,
)

#: What a router has from its place in the file, and the lab relies on.
FIXED = ("node", "device-id", "grpc-addr")
#: Stands for a segment that does not exist, so that one mistake has one message.
_NO_SEGMENT = "fcbb:bb00:ffff::"


@dataclass
class Composition:
    """A node file as data; what is wrong with its making; and where each part of it is written.

    ``origins``: the first parts of a path in ``data`` to a path in the topology's file.
    """

    data: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)
    origins: dict[Path, Path] = field(default_factory=dict)
    made_from: dict[Path, Path] = field(default_factory=dict)  # the same for what is written nowhere but follows

    def located(self, problem: Problem, otherwise: Path) -> Problem:
        """A problem of ``data`` as one of the topology's file."""
        for length in (2, 1):
            head, rest = problem.path[:length], problem.path[length:]
            if len(head) == length and head in self.origins:
                return Problem(problem.message, self.origins[head] + rest)
        where = self.made_from.get(problem.path[:2], otherwise)
        return Problem(f"{render_path(problem.path)}: {problem.message}" if problem.path else problem.message, where)


def config_of(topology: Topology, name: str, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The node file of a router (the schema of ``docs/configuration.md``), with ``changes`` added, unchecked."""
    return compose(topology, name, changes).data


def compose(
    topology: Topology,
    name: str,
    changes: Mapping[str, Any] | None = None,
    at: Path = (),
    present: Mapping[str, Any] | None = None,
) -> Composition:
    """The same with its mistakes. ``changes`` are written at ``at``; ``present`` see :meth:`Topology.segment`."""
    made = _base(topology, name)
    for part, where in ((topology.routers[name].extra, ("routers", name)), (changes or {}, at)):
        _add(made, topology, part, where, present)
    told = structures(topology, name, present, made.data.get("sid-structures"))
    if told:
        made.data["sid-structures"] = [*(made.data.get("sid-structures") or ()), *told]
    return made


def structures(
    topology: Topology, name: str, present: Mapping[str, Any] | None = None, besides: Any = None
) -> list[dict[str, Any]]:
    """What a router knows of the SIDs of others, besides what its own section tells of them."""
    sids = {other: _sids(topology, other, (present or {}).get(other)) for other in topology.routers}
    return sid_structures(topology, name, sids, besides)


def _sids(topology: Topology, name: str, data: Mapping[str, Any] | None) -> list[Any]:
    """The SIDs of a router, as they are in its node file ``data`` or the topology."""
    found = (data or {}).get("sids")
    if data is None:
        made = Composition({"sids": list(_base_sids(topology, name)), "ports": {}})
        extra = topology.routers[name].extra.get("sids")
        if isinstance(extra, list):
            _add_list(made, "sids", extra, ())
        found = made.data["sids"]
    return found if isinstance(found, list) else []


def _base_sids(topology: Topology, name: str) -> Iterator[dict[str, Any]]:
    """Those that every router has."""
    router = topology.routers[name]
    yield {"sid": f"{router.sid(END)}/64", "behavior": "End", "flavors": ["psp", "usd"]}
    yield {"sid": f"{router.sid(END_DT46)}/64", "behavior": "End.DT46", "vrf": "default"}
    for link in topology.links_of(name):
        if (other := link.other(name).node) in topology.routers:
            via, _ = topology.link_addresses(link, topology.routers[other])
            yield {"sid": f"{router.sid(END_X + link.at(name).port)}/64", "behavior": "End.X", "via": via}


def _base(topology: Topology, name: str) -> Composition:
    router = topology.routers[name]
    data: dict[str, Any] = {
        "node": name,
        "device-id": router.number,
        "locator": {"prefix": router.locator, "block": BLOCK_LENGTH, "node": NODE_LENGTH},
        "source": router.source,
        "ports": {},
        "neighbors": [],
        "routes": list(_routes(topology, name)),
        "sids": list(_base_sids(topology, name)),
    }
    backups = _backups(topology, _graph(topology)[0], name)
    if backups:
        data["policies"] = list(backups.values())
    made = Composition(data)
    for link in topology.links_of(name):
        port, other = link.at(name).port, link.other(name).node
        host = topology.hosts.get(other)
        made.made_from["ports", port] = ("hosts", other) if host else ("links", link.number - 1)
        if host is not None and host.l2:
            data["ports"][port] = {"mode": "l2", "mtu": link.mtu}
            continue
        data["ports"][port] = {"mac": router.mac(port), "mtu": link.mtu}
        if host is not None:
            mine = tuple(map(str, host.gateways))
            theirs, mac = (host.ipv6, host.ipv4), host.mac
            if host.vrf != DEFAULT_VRF:
                data["ports"][port]["vrf"] = host.vrf
                if host.vrf not in data.setdefault("vrfs", []):
                    data["vrfs"].append(host.vrf)
        elif other in topology.routers:
            peer = topology.routers[other]
            six, four = topology.link_addresses(link, router)
            mine = (f"{six}/64", f"{four}/24")
            theirs, mac = topology.link_addresses(link, peer), peer.mac(link.other(name).port)
        else:  # of a link whose other end is a mistake
            continue
        data["ports"][port]["addresses"] = list(mine)
        data["neighbors"] += [{"address": address, "port": port, "mac": mac} for address in theirs]
    return made


def _routes(topology: Topology, name: str) -> Iterator[dict[str, Any]]:
    graph, between = _graph(topology)
    backups = _backups(topology, graph, name)
    for target, hops in routes.first_hops(graph, name).items():
        peers = [topology.link_addresses(between[name, hop], topology.routers[hop]) for hop in sorted(hops)]
        via6, via4 = [address for address, _ in peers], [address for _, address in peers]
        backup = {"backup": backups[target]["name"]} if target in backups else {}
        yield {"prefix": topology.routers[target].locator, "via": via6, **backup}
        for host in topology.hosts.values():
            if host.router == target and host.vrf == DEFAULT_VRF and not host.l2:
                yield {"prefix": host.prefixes[0], "via": via6, **backup}
                yield {"prefix": host.prefixes[1], "via": via4, **backup}


def _graph(topology: Topology) -> tuple[dict[str, dict[str, int]], dict[tuple[str, str], Link]]:
    """Costs between routers, and the cheapest cable of each two."""
    graph: dict[str, dict[str, int]] = {node: {} for node in topology.routers}
    between: dict[tuple[str, str], Link] = {}
    for link in topology.router_links():
        one, two = (end.node for end in link.ends)
        for here, there in ((one, two), (two, one)):
            if link.cost < graph[here].get(there, routes.INFINITE):
                graph[here][there] = link.cost
                between[here, there] = link
    return graph, between


def _backups(topology: Topology, graph: dict[str, dict[str, int]], name: str) -> dict[str, dict[str, Any]]:
    """A policy for each router that is reached by one first hop alone, by which packets go round it.

    The repair ends at a router whose End decapsulates (USD), so that IPv6 and IPv4 go on from there as they came. With
    protection of nodes the first hop itself is protected against the loss of its link.
    """
    found: dict[str, dict[str, Any]] = {}
    if not topology.ti_lfa:
        return found
    for target, hops in routes.first_hops(graph, name).items():
        if len(hops) > 1:  # the others carry what one of them did
            continue
        (hop,) = hops
        whole = topology.ti_lfa == "node" and hop != target
        repair = tilfa.repair(graph, name, target, frozenset((hop,) if whole else (name, hop)))
        if not repair and whole:
            repair = tilfa.repair(graph, name, target, frozenset((name, hop)))
        if repair:
            segments = [f"{each.node}/End.X/{each.over}" if each.over else each.node for each in repair]
            encap = {"mode": "encap.red", "hop-limit": "inherit"}
            found[target] = {
                "name": f"ti-lfa-{target}",
                "encap": encap,
                "segments": [topology.segment(segment) for segment in segments],
            }
    return found


def _add(
    made: Composition, topology: Topology, part: Mapping[str, Any], at: Path, present: Mapping[str, Any] | None
) -> None:
    for key, value in part.items():
        where: Path = (*at, key)
        value = copy.deepcopy(value)
        if key in FIXED:
            made.problems.append(Problem(f"{key!r} follows from the place in the topology and cannot be set", where))
        elif key == "policies" and isinstance(value, list):
            _name_segments(made, topology, value, where, present)
            _add_list(made, key, value, where)
        elif key == "ports" and isinstance(value, dict):
            _add_ports(made, value, where)
        elif isinstance(value, list) and isinstance(made.data.get(key, []), list):
            _add_list(made, key, value, where)
        elif key == "ports" and value is not None:
            made.problems.append(Problem(f"a mapping of ports is needed, not {value!r}", where))
        elif value is not None or not isinstance(made.data.get(key), (list, dict)):
            made.data[key] = value
            made.origins[key,] = where


def _add_ports(made: Composition, ports: Mapping[Any, Any], where: Path) -> None:
    for port, settings in ports.items():
        if not isinstance(settings, dict):
            made.problems.append(Problem(f"a mapping of settings is needed, not {settings!r}", (*where, port)))
            continue
        made.data["ports"][port] = {**made.data["ports"].get(port, {}), **settings}
        made.origins["ports", port] = (*where, port)


def _add_list(made: Composition, key: str, items: list[Any], where: Path) -> None:
    """Items in place of those for the same thing, the others behind what there is."""
    there = made.data.get(key)
    old: list[tuple[Any, Path | None]] = [
        (item, made.origins.get((key, place)))
        # What is no list is a mistake of another part, and said there.
        for place, item in enumerate(there if isinstance(there, list) else [])
    ]
    known = [item for item, _ in old]
    taken = set()  # by an item of this part: a second one for the same thing is for the loader to refuse
    for place, item in enumerate(items):
        same = next((at for at, each in enumerate(known) if same_thing(key, item, each)), None)
        if same is None or same in taken:
            old.append((item, (*where, place)))
        else:
            old[same] = (item, (*where, place))
            taken.add(same)
        if key == "steering" and isinstance(item, dict) and isinstance(item.get("port"), int):
            port = made.data["ports"].get(item["port"])
            if isinstance(port, dict):
                port.pop("policy", None)
    made.data[key] = [item for item, _ in old]
    made.origins[key,] = where
    made.origins.update(((key, place), origin) for place, (_, origin) in enumerate(old) if origin is not None)


@cache
def _kind(section: str) -> Kind | None:
    return next((kind for kind in kinds().values() if kind.section == section), None)


def same_thing(section: str, one: Any, other: Any) -> bool:
    """Whether there can be one of these two items of a section only: two routes to a prefix, two SIDs of an address,
    two policies of a name ..."""
    kind = _kind(section)
    return kind is not None and kind.identity(one) is not None and kind.same(one, other)


def _name_segments(
    made: Composition, topology: Topology, policies: list[Any], where: Path, present: Mapping[str, Any] | None
) -> None:
    def resolve(segment: Any, at: Path) -> Any:
        try:
            return topology.segment(str(segment), present)
        except UnknownName as error:
            made.problems.append(Problem(str(error), at))
            return _NO_SEGMENT

    for place, policy in enumerate(policies):
        name_segments(policy, resolve, (*where, place))


def _members(holder: dict[str, Any], key: str, at: Path) -> list[tuple[dict[str, Any], Path]]:
    """The objects of a list, each with its place."""
    listed = holder.get(key)
    found = enumerate(listed if isinstance(listed, list) else [])
    return [(one, (*at, key, place)) for place, one in found if isinstance(one, dict)]


def name_segments(policy: Any, resolve: Callable[[Any, Path], Any], at: Path = ()) -> None:
    """Give a policy addresses for names, in each of the places where it may have segments.

    ``resolve`` gets a segment and its place: ``at`` and what follows in the policy.
    """
    if not isinstance(policy, dict):
        return
    holders = [(policy, at), *_members(policy, "candidate-paths", at)]
    holders += [member for holder, path in holders for member in _members(holder, "segment-lists", path)]
    for holder, path in holders:
        segments = holder.get("segments")
        if isinstance(segments, str):
            segments = segments.replace(",", " ").split()
        if isinstance(segments, list):
            path = (*path, "segments")
            holder["segments"] = [_resolved(segment, resolve, (*path, place)) for place, segment in enumerate(segments)]


def _resolved(segment: Any, resolve: Callable[[Any, Path], Any], at: Path) -> Any:
    """A segment with an address; one that is a mapping names it in ``sid``."""
    if not isinstance(segment, dict):
        return resolve(segment, at)
    return {**segment, "sid": resolve(segment["sid"], (*at, "sid"))} if "sid" in segment else segment
