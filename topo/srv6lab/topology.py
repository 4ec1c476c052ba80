# SPDX-License-Identifier: Apache-2.0
"""A network as its file describes it, and the configuration of every router that follows from it.

Router number k (its place in the file, from 1) has, unless the file says otherwise:

=============  ==========================================================================
locator        ``fcbb:bb00:k::/48`` (block 32, node 16), source ``fcbb:bb00:k::1``
SIDs           End ``:e000::/64`` (psp, usd), End.DT46 ``:d046::/64`` (default VRF),
               End.X ``:eaPP::/64`` for the router behind port PP
ports          from 1, links in the order of the file, then hosts; MAC ``02:00:00:kk:00:PP``
link i         ``2001:db8:ff00:i::k/64`` and ``10.255.i.k/24``; from 256 on ``10.254.i-256.k/24`` ...
host n         ``2001:db8:n::2/64`` and ``10.0.n.2/24``, MAC ``02:00:00:ff:00:nn``; its router
               has the first address of each network
routes         the shortest paths to all locators, and to the hosts of the default VRF; equal
               costs shared
=============  ==========================================================================

What a router's own section holds (``sids``, ``policies``, ``routes``, ...) is added to that. A host with ``vrf`` hangs
on a port of that VRF, one with ``l2`` on a layer 2 port: how its packets go on is for the router's section to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, IPv6Network
from typing import Any

from srv6cp.artifacts import DEFAULT
from srv6cp.behaviours import REGISTRY
from srv6cp.config.spelling import listed_flavours, normalize_sid
from srv6cp.model import parse_flavours
from srv6cp.problems import InvalidError
from srv6lab.functions import Function
from srv6lab.impairments import IDEAL, Impairments
from srv6lab.steps import Step

MAX_ROUTERS = MAX_HOSTS = 254
#: Of the locators: bits of the block, and of the node behind it.
BLOCK_LENGTH, NODE_LENGTH = 32, 16
DEFAULT_VRF = "default"


class TopologyError(Exception):
    """A topology, or what is to be added to it, is not usable; the message says where and why, a line a mistake."""


class UnknownName(TopologyError):
    """There is no such node, cable or SID: the topology is right, and who asks is not."""


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
    impairments: Impairments = IDEAL

    def other(self, node: str) -> End:
        """The end that is not ``node``'s."""
        return self.ends[1] if self.ends[0].node == node else self.ends[0]

    def at(self, node: str) -> End:
        """The end at ``node``."""
        return self.ends[0] if self.ends[0].node == node else self.ends[1]


@dataclass(frozen=True)
class Gtp:
    """A session of GTP-U that all packets of a host go into: the other end, and how the other end knows it."""

    peer: IPv4Address | IPv6Address
    teid: int
    qfi: int = 0


@dataclass(frozen=True)
class Host:
    """A host and the router it hangs on: by a port of a VRF, or (``l2``) by a layer 2 port without a gateway.

    With ``gtp`` it is a gNB or a UPF that speaks GTP-U: what it sends, the packets of a user, goes into a session.
    With ``mpls`` it is the end of label-switched paths: it takes all labels off and sends on what is not its own.
    With ``function`` it sends back what comes and is not for it, as far as the function lets it pass.
    With ``functions`` it is a proxy with functions on byte streams, whose SIDs have that prefix.
    """

    name: str
    number: int
    router: str
    interface6: IPv6Interface
    interface4: IPv4Interface
    vrf: str = DEFAULT_VRF
    l2: bool = False
    impairments: Impairments = IDEAL  # of its cable
    gtp: Gtp | None = None
    mpls: bool = False
    function: Function | None = None
    functions: IPv6Network | None = None

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
    """Routers, hosts and links by name, the scenario to show, and the profile of the program that it needs."""

    name: str
    about: str
    picture: str
    routers: Mapping[str, Router]
    hosts: Mapping[str, Host]
    links: tuple[Link, ...]
    scenario: tuple[Step, ...] = ()
    profile: str = DEFAULT
    ti_lfa: str = ""  # what routes are protected against: link, node, nothing

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

    def links_between(self, one: str, other: str) -> list[Link]:
        """The cables between two nodes. Raises UnknownName where there is none."""
        for name in (one, other):
            self.check_node(name)
        found = [link for link in self.links_of(one) if link.other(one).node == other]
        if not found:
            raise UnknownName(f"{one} and {other} share no cable; {one} has those to {self._neighbors(one)}")
        return found

    def _neighbors(self, node: str) -> str:
        return ", ".join(dict.fromkeys(link.other(node).node for link in self.links_of(node))) or "nobody"

    def check_node(self, name: str) -> None:
        """Raise UnknownName unless there is a router or host of this name."""
        if name not in self.routers and name not in self.hosts:
            raise UnknownName(f"no node {name!r}; there are {', '.join((*self.routers, *self.hosts))}")

    def check_host(self, name: str) -> None:
        """Raise UnknownName unless there is a host of this name."""
        if name not in self.hosts:
            raise UnknownName(f"no host {name!r}; there are {', '.join(self.hosts) or 'none'}")

    def check_router(self, name: str) -> None:
        """Raise UnknownName unless there is a router of this name."""
        if name not in self.routers:
            raise UnknownName(f"no router {name!r}; there are {', '.join(self.routers)}")

    def segment(self, text: str, present: Mapping[str, Any] | None = None) -> str:
        """A segment as a topology has it: an address, ``r3`` (its End), ``r4/End.DT46``, ``r2/End.X/r3``, ``r3/uN``

        The last word is the neighbour of an End.X, or the operand (VRF, policy, port ...) of a SID of the router's
        section. ``present``: node files of routers as they are now, where they are no more those of the topology.

        Raises:
            UnknownName: no such router, or no such SID there.
        """
        name, _, words = text.partition("/")
        if ":" in name:
            return text
        if name not in self.routers:
            raise UnknownName(f"segment {text!r}: no router {name!r}; there are {', '.join(self.routers)}")
        known = self.sid_names(name, present)
        found = _by_name(words or "End", known)
        if found is None:
            valid = ", ".join(f"{name}/{key}" for key in known)
            raise UnknownName(f"segment {text!r}: {name} has no such SID; write an address, or one of {valid}")
        return found

    def sid_names(self, name: str, present: Mapping[str, Any] | None = None) -> dict[str, str]:
        """The SIDs of a router as addresses, by the names that segments use (without the router)."""
        router = self.routers[name]
        names = {"End": router.sid(END), "End.DT46": router.sid(END_DT46)}
        for link in self.links_of(name):
            if (other := link.other(name).node) in self.routers:
                names.setdefault(f"End.X/{other}", router.sid(END_X + link.at(name).port))
        known = set(names.values())
        own = ((present or {}).get(name) or router.extra).get("sids")
        for item in own if isinstance(own, list) else ():
            if (found := _named(item)) is not None and found[1] not in known:
                names.setdefault(*found)
        return names

    @staticmethod
    def link_addresses(link: Link, router: Router) -> tuple[str, str]:
        """The IPv6 and IPv4 address of a router on a link."""
        high, low = divmod(link.number, 256)
        return f"2001:db8:ff00:{link.number:x}::{router.number:x}", f"10.{255 - high}.{low}.{router.number}"


def _by_name(words: str, known: Mapping[str, str]) -> str | None:
    """The SID of a name, with any spelling of the behaviour; without an operand where one SID has the behaviour."""
    names = {key.lower(): sid for key, sid in known.items()}
    found = names.get(words.lower())
    if found is None:
        behaviour, slash, operand = words.partition("/")
        with suppress(ValueError):
            name = REGISTRY.parse_endpoint(behaviour)[0].name.lower()
            found = names.get(f"{name}{slash}{operand}".lower())
            alike = [sid for key, sid in names.items() if key.startswith(f"{name}/")]
            if found is None and not operand and len(alike) == 1:
                return alike[0]
    return found


def _named(item: Any) -> tuple[str, str] | None:
    """Name and address of a SID of a node file; None where it has none (the loader says what is wrong with it)."""
    try:
        item = normalize_sid(item)
        address = str(item["sid"]).partition("/")[0]
        record, flavours = REGISTRY.parse_endpoint(str(item["behavior"]))
        record, _ = REGISTRY.variant(record, flavours | parse_flavours(listed_flavours(item)))
    except (InvalidError, ValueError, KeyError, AttributeError):
        return None
    operand = next((item[each.key] for each in record.operands if item.get(each.key) is not None), None)
    if isinstance(operand, Mapping):
        operand = operand.get("address", operand.get("port"))
    return record.name + (f"/{operand}" if isinstance(operand, (str, int)) else ""), address
