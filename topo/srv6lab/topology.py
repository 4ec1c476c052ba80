# SPDX-License-Identifier: Apache-2.0
"""A network as its file describes it, and the configuration of every router that follows from it.

Router number k (its place in the file, from 1) has, unless the file says otherwise:

=============  ==========================================================================
locator        ``fcbb:bb00:k::/48`` (block 32, node 16), source ``fcbb:bb00:k::1``
SIDs           End ``:e000::/64`` (psp, usd), End.DT46 ``:d046::/64`` (default VRF),
               End.X ``:eaPP::/64`` for the router behind port PP
ports          from 1, links in the order of the file, then hosts; MAC ``02:00:00:kk:00:PP``
link i         ``2001:db8:ff00:i::k/64`` and ``10.255.i.k/24``
host n         ``2001:db8:n::2/64`` and ``10.0.n.2/24``, MAC ``02:00:00:ff:00:nn``; its router
               has the first address of each network
routes         the shortest paths to all locators, and to the hosts of the default VRF; equal
               costs shared
=============  ==========================================================================

What a router's own section holds (``sids``, ``policies``, ``routes``, ...) is added to that. A host with ``vrf`` hangs
on a port of that VRF, one with ``l2`` on a layer 2 port: how its packets go on is for the router's section to say.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface
from typing import Any

from srv6lab import routes

MAX_ROUTERS = MAX_HOSTS = 254
DEFAULT_VRF = "default"


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
    """A host and the router it hangs on: by a port of a VRF, or (``l2``) by a layer 2 port without a gateway."""

    name: str
    number: int
    router: str
    interface6: IPv6Interface
    interface4: IPv4Interface
    vrf: str = DEFAULT_VRF
    l2: bool = False

    @property
    def mac(self) -> str:
        return f"02:00:00:ff:00:{self.number:02x}"

    @property
    def ipv6(self) -> str:
        return str(self.interface6.ip)

    @property
    def ipv4(self) -> str:
        return str(self.interface4.ip)

    @property
    def prefixes(self) -> tuple[str, str]:
        """The networks of the host."""
        return str(self.interface6.network), str(self.interface4.network)

    @property
    def gateways(self) -> tuple[IPv6Interface, IPv4Interface]:
        """The first address of each network: its router's, unless the port is of layer 2."""
        six, four = self.interface6.network, self.interface4.network
        return (
            IPv6Interface((int(six.network_address) + 1, six.prefixlen)),
            IPv4Interface((int(four.network_address) + 1, four.prefixlen)),
        )


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

    @property
    def source(self) -> str:
        """The address from which it encapsulates."""
        return f"fcbb:bb00:{self.number:x}::1"

    def sid(self, function: int) -> str:
        """The SID with this function, as an address."""
        return f"fcbb:bb00:{self.number:x}:{function:x}::"


END, END_DT46, END_X = 0xE000, 0xD046, 0xEA00


@dataclass(frozen=True)
class Topology:
    """Routers, hosts and links by name, and the scenario to show."""

    name: str
    about: str
    picture: str
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

        The last word is the neighbour of an End.X, the VRF, policy or port of a SID of the router's section.

        Raises:
            TopologyError: no such router, or no such SID there.
        """
        if ":" in text:
            return text
        name, _, words = text.partition("/")
        if name not in self.routers:
            raise TopologyError(f"segment {text!r}: no router {name!r}; there are {', '.join(self.routers)}")
        known = self.sid_names(name)
        found = {key.lower(): sid for key, sid in known.items()}.get((words or "End").lower())
        if found is None:
            valid = ", ".join(f"{name}/{key}" for key in known)
            raise TopologyError(f"segment {text!r}: {name} has no such SID; write an address, or one of {valid}")
        return found

    def sid_names(self, name: str) -> dict[str, str]:
        """The SIDs of a router as addresses, by the names that segments use (without the router)."""
        router = self.routers[name]
        names = {"End": router.sid(END), "End.DT46": router.sid(END_DT46)}
        for link in self.links_of(name):
            if (other := link.other(name).node) in self.routers:
                names.setdefault(f"End.X/{other}", router.sid(END_X + link.at(name).port))
        own = router.extra.get("sids")
        for item in own if isinstance(own, list) else ():
            if isinstance(item, Mapping) and "sid" in item:
                operand = next((item[key] for key in ("vrf", "policy", "port") if key in item), None)
                key = str(item.get("behavior")) + (f"/{operand}" if operand is not None else "")
                names.setdefault(key, str(item["sid"]).partition("/")[0])
        return names

    def config(self, name: str, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The node configuration of a router (the schema of ``docs/configuration.md``), with ``changes`` added.

        Raises:
            TopologyError: a segment that does not exist, or settings of a port that are none.
        """
        router = self.routers[name]
        made: dict[str, Any] = {
            "node": name,
            "device-id": router.number,
            "locator": {"prefix": router.locator, "block": 32, "node": 16},
            "source": router.source,
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
            host = self.hosts.get(other)
            if host is not None and host.l2:
                made["ports"][port] = {"mode": "l2", "mtu": link.mtu}
                continue
            made["ports"][port] = {"mac": router.mac(port), "mtu": link.mtu}
            if host is not None:
                mine = tuple(map(str, host.gateways))
                theirs, mac = (host.ipv6, host.ipv4), host.mac
                if host.vrf != DEFAULT_VRF:
                    made["ports"][port]["vrf"] = host.vrf
                    if host.vrf not in made.setdefault("vrfs", []):
                        made["vrfs"].append(host.vrf)
            else:
                peer = self.routers[other]
                six, four = self.link_addresses(link, router)
                mine = (f"{six}/64", f"{four}/24")
                theirs, mac = self.link_addresses(link, peer), peer.mac(link.other(name).port)
                made["sids"].append({"sid": f"{router.sid(END_X + port)}/64", "behavior": "End.X", "via": theirs[0]})
            made["ports"][port]["addresses"] = list(mine)
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
                if host.router == target and host.vrf == DEFAULT_VRF and not host.l2:
                    yield {"prefix": host.prefixes[0], "via": via6}
                    yield {"prefix": host.prefixes[1], "via": via4}

    def _merge(self, made: dict[str, Any], part: Mapping[str, Any]) -> None:
        for key, value in part.items():
            value, old = copy.deepcopy(value), made.get(key)
            if key == "policies" and isinstance(value, list):
                value = [self._policy(policy) for policy in value]
            if key == "ports" and isinstance(value, dict):
                for port, settings in value.items():
                    if not isinstance(settings, dict):
                        raise TopologyError(f"ports.{port}: a mapping is needed, not {settings!r}")
                    made[key][port] = {**made[key].get(port, {}), **settings}
            elif isinstance(value, list) and isinstance(old, list):
                if key in ("vrfs", "policies"):  # by name; a later one replaces an earlier one
                    old = [item for item in old if _name(item) not in map(_name, value)]
                made[key] = old + value
            else:
                made[key] = value

    def _policy(self, policy: Any) -> Any:
        lists = policy.get("segment-lists") if isinstance(policy, dict) else None
        for one in lists if isinstance(lists, list) else ():
            if isinstance(one, dict) and isinstance(one.get("segments"), list):
                one["segments"] = [self.segment(str(segment)) for segment in one["segments"]]
        return policy


def _name(item: Any) -> Any:
    return item.get("name") if isinstance(item, dict) else item
