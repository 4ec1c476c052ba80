# SPDX-License-Identifier: Apache-2.0
"""A network as its file describes it, and the configuration of every router that follows from it.

Router number k (its place in the file, from 1) has, unless the file says otherwise:

=============  ==========================================================================
locator        ``fcbb:bb00:k::/48`` (block 32, node 16), source ``fcbb:bb00:k::1``
SIDs           End ``:e000::/64`` (psp, usd), End.DT46 ``:d046::/64`` (default VRF),
               End.X ``:eaPP::/64`` for the router behind port PP
ports          from 1, links in the order of the file, then hosts; MAC ``02:00:00:0k:00:PP``
link i         ``2001:db8:ff00:i::k/64`` and ``10.255.i.k/24``
host n         ``2001:db8:n::2/64`` and ``10.0.n.2/24``; its router has ``::1`` and ``.1``
routes         the shortest paths to all locators and hosts, equal costs shared
=============  ==========================================================================

What a router's own section holds (``sids``, ``policies``, ``routes``, ...) is added to that.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from srv6lab import routes

MAX_ROUTERS = 255


class TopologyError(Exception):
    """The topology is not usable; the message says where and why."""


@dataclass(frozen=True)
class End:
    """One end of a link: a node and, at a router, the port."""

    node: str
    port: int = 0


@dataclass(frozen=True)
class Link:
    """A cable between two nodes."""

    number: int
    ends: tuple[End, End]
    cost: int = 1
    mtu: int = 1500

    def other(self, node: str) -> End:
        """The end that is not ``node``'s."""
        return self.ends[1] if self.ends[0].node == node else self.ends[0]

    def at(self, node: str) -> End:
        """The end at ``node``."""
        return self.ends[0] if self.ends[0].node == node else self.ends[1]


@dataclass(frozen=True)
class Host:
    """A host and the router it hangs on."""

    name: str
    number: int
    router: str

    @property
    def mac(self) -> str:
        return f"02:00:00:ff:00:{self.number:02x}"

    @property
    def ipv6(self) -> str:
        return f"2001:db8:{self.number:x}::2"

    @property
    def ipv4(self) -> str:
        return f"10.0.{self.number}.2"

    @property
    def prefixes(self) -> tuple[str, str]:
        return f"2001:db8:{self.number:x}::/64", f"10.0.{self.number}.0/24"

    @property
    def gateways(self) -> tuple[str, str]:
        return f"2001:db8:{self.number:x}::1", f"10.0.{self.number}.1"


@dataclass(frozen=True)
class Router:
    """A router; ``extra`` is its section of the file."""

    name: str
    number: int
    extra: Mapping[str, Any] = field(default_factory=dict)

    def mac(self, port: int) -> str:
        return f"02:00:00:{self.number:02x}:00:{port:02x}"

    @property
    def locator(self) -> str:
        return f"fcbb:bb00:{self.number:x}::/48"

    def sid(self, function: int) -> str:
        """The SID with this function, as an address."""
        return f"fcbb:bb00:{self.number:x}:{function:x}::"


END, END_DT46, END_X = 0xE000, 0xD046, 0xEA00


@dataclass(frozen=True)
class Topology:
    """Routers, hosts and links by name, and the scenario to show."""

    name: str
    about: str
    routers: Mapping[str, Router]
    hosts: Mapping[str, Host]
    links: tuple[Link, ...]
    scenario: tuple[Mapping[str, Any], ...] = ()

    def links_of(self, node: str) -> Iterator[Link]:
        """The links at a node, in order of its ports."""
        return iter(
            sorted(
                (k for k in self.links if node in (k.ends[0].node, k.ends[1].node)),
                key=lambda k: k.at(node).port,
            )
        )

    def router_links(self) -> Iterator[Link]:
        """The links between routers."""
        return (link for link in self.links if all(end.node in self.routers for end in link.ends))

    def port_to(self, node: str, neighbor: str) -> int:
        """The port of router ``node`` towards ``neighbor``. Raises TopologyError when they share no link."""
        for link in self.links_of(node):
            if link.other(node).node == neighbor:
                return link.at(node).port
        raise TopologyError(f"{node} and {neighbor} share no link")

    def segment(self, text: str) -> str:
        """A segment as written in a topology: an address, ``r3`` (its End), ``r4/End.DT46``, ``r2/End.X/r3``.

        Raises:
            TopologyError: no such router, behaviour or neighbour.
        """
        if ":" in text:
            return text
        name, *words = text.split("/")
        router = self.routers.get(name)
        if router is None:
            raise TopologyError(f"segment {text!r}: no router {name!r}; there are {', '.join(self.routers)}")
        behavior = words[0].lower() if words else "end"
        if behavior == "end" and len(words) <= 1:
            return router.sid(END)
        if behavior == "end.dt46" and len(words) == 1:
            return router.sid(END_DT46)
        if behavior == "end.x" and len(words) == 2:
            return router.sid(END_X + self.port_to(name, words[1]))
        raise TopologyError(
            f"segment {text!r}: write ROUTER, ROUTER/End.DT46, ROUTER/End.X/NEIGHBOUR or an address"
        )

    def config(self, name: str, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The node configuration of a router (the schema of ``docs/configuration.md``), with ``changes`` added."""
        router = self.routers[name]
        made: dict[str, Any] = {
            "node": name,
            "device-id": router.number,
            "locator": {"prefix": router.locator, "block": 32, "node": 16},
            "source": f"fcbb:bb00:{router.number:x}::1",
            "ports": {},
            "neighbors": [],
            "routes": list(self._routes(name)),
            "sids": [
                {"sid": f"{router.sid(END)}/64", "behavior": "End", "flavors": ["psp", "usd"]},
                {"sid": f"{router.sid(END_DT46)}/64", "behavior": "End.DT46", "vrf": "default"},
            ],
        }
        for link in self.links_of(name):
            port, other = link.at(name).port, link.other(name).node
            if other in self.hosts:
                host = self.hosts[other]
                mine, theirs = tuple(zip(host.gateways, (64, 24), strict=True)), (host.ipv6, host.ipv4)
                mac = host.mac
            else:
                peer = self.routers[other]
                mine = tuple(zip(self.link_addresses(link, router), (64, 24), strict=True))
                theirs, mac = self.link_addresses(link, peer), peer.mac(link.other(name).port)
                made["sids"].append(
                    {"sid": f"{router.sid(END_X + port)}/64", "behavior": "End.X", "via": theirs[0]}
                )
            made["ports"][port] = {
                "mac": router.mac(port),
                "addresses": [f"{address}/{length}" for address, length in mine],
                "mtu": link.mtu,
            }
            made["neighbors"] += [{"address": address, "port": port, "mac": mac} for address in theirs]
        for part in (router.extra, changes or {}):
            self._merge(made, part)
        return made

    @staticmethod
    def link_addresses(link: Link, router: Router) -> tuple[str, str]:
        """The IPv6 and IPv4 address of a router on a link."""
        return f"2001:db8:ff00:{link.number:x}::{router.number:x}", f"10.255.{link.number}.{router.number}"

    def _routes(self, name: str) -> Iterator[dict[str, Any]]:
        graph = {node: {} for node in self.routers}  # type: dict[str, dict[str, int]]
        between = {}
        for link in self.router_links():
            one, two = (end.node for end in link.ends)
            for here, there in ((one, two), (two, one)):
                if link.cost < graph[here].get(there, routes.INFINITE):
                    graph[here][there] = link.cost
                    between[here, there] = link
        first = routes.first_hops(graph, name)
        for target, hops in first.items():
            peers = [self.link_addresses(between[name, hop], self.routers[hop]) for hop in sorted(hops)]
            via6, via4 = [address for address, _ in peers], [address for _, address in peers]
            yield {"prefix": self.routers[target].locator, "via": via6}
            for host in self.hosts.values():
                if host.router == target:
                    yield {"prefix": host.prefixes[0], "via": via6}
                    yield {"prefix": host.prefixes[1], "via": via4}

    def _merge(self, made: dict[str, Any], part: Mapping[str, Any]) -> None:
        for key, value in part.items():
            value = copy.deepcopy(value)
            if key == "policies":
                value = [self._policy(policy) for policy in value]
            if isinstance(value, list):
                made[key] = made.get(key, []) + value
            elif isinstance(value, dict) and key == "ports":
                for port, settings in value.items():
                    made[key][port] = {**made[key].get(port, {}), **settings}
            else:
                made[key] = value

    def _policy(self, policy: Any) -> Any:
        for one in policy.get("segment-lists", []) if isinstance(policy, dict) else []:
            if isinstance(one, dict) and isinstance(one.get("segments"), list):
                one["segments"] = [self.segment(str(segment)) for segment in one["segments"]]
        return policy
