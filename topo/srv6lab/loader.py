# SPDX-License-Identifier: Apache-2.0
"""Topology files.

name: quickstart
about: one sentence
profile: full                                 # of the program; `--profile` says otherwise
picture: |                                    # optional, shown when the network starts
  h1 - r1 - r2
routers: {r1: {}, r2: {sids: [...]}}          # a router's section: see docs/configuration.md
hosts:
  h1: {router: r1}
  h2: {router: r2, vrf: blue, ipv6: "2001:db8:1::2/64", ipv4: "10.0.1.2/24"}
  h3: {router: r2, l2: true}                  # on a layer 2 port
  lsr: {router: r2, mpls: true}               # takes labels off; in this process only
  fw: {router: r2, function: {firewall: {deny-udp: [53]}}}  # in this process only, see srv6lab.functions
  gnb: {router: r1, gtp: {peer: "fcbb:bb00:1:d::", teid: 291, qfi: 5}}  # in this process only
  vnf: {router: r1, functions: "fcbb:bb00:1:f0::/80"}    # a proxy; r1 has that prefix as an End.VNF SID
links: [r1 -- r2, {link: r1 -- r3, cost: 5, mtu: 9000, rate: 10M, delay: 20ms, loss: 1%}]
cables: {rate: 10M}                           # of all that say nothing else, those of hosts too
scenario: [...]                               # see srv6lab.script

Everything that is wrong in a file is told at once, with its line: the topology, what the sections of the routers make
of it, the scenario, and what its steps would add to the routers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Interface, IPv6Network, ip_interface
from pathlib import Path
from typing import Any

from srv6cp import values
from srv6cp.artifacts import DEFAULT, PROFILES
from srv6cp.behaviours.vnf import LONGEST_PREFIX
from srv6cp.config import ConfigError, Source, read_source
from srv6cp.problems import InvalidError, Problem, with_path
from srv6lab import functions, impairments, steps
from srv6lab.functions import Function
from srv6lab.impairments import IDEAL, Impairments
from srv6lab.mistakes import Mistakes
from srv6lab.nodes import check_node
from srv6lab.script import read_scenario
from srv6lab.shipped import shipped
from srv6lab.topology import (
    DEFAULT_VRF,
    MAX_HOSTS,
    MAX_ROUTERS,
    End,
    Gtp,
    Host,
    Link,
    Router,
    Topology,
    TopologyError,
)

KEYS = frozenset(("name", "about", "picture", "profile", "routers", "hosts", "links", "cables", "scenario", "ti-lfa"))
#: What the routes between routers can be protected against.
PROTECTION = ("link", "node")
CABLE_KEYS = frozenset(impairments.KEYS)
HOST_KEYS = frozenset(("router", "vrf", "l2", "ipv6", "ipv4", "gtp", "mpls", "function", "functions")) | CABLE_KEYS
GTP_KEYS = frozenset(("peer", "teid", "qfi"))
LINK_KEYS = frozenset(("link", "cost", "mtu")) | CABLE_KEYS
MAX_COST = 1 << 20
# Namespaces, hosts files and Graphviz take such names; so does the path of a Unix socket, which is short.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,30}")


def find(source: str | Path) -> Path:
    """The file of a topology that is given by path or name; it may not exist."""
    path = Path(source)
    return path if path.exists() else shipped().get(str(source), path)


def load_topology(source: str | Path, *, check: bool = True) -> Topology:
    """A topology by path, or by name where it is one of the package's own.

    ``check`` False leaves the routers' sections and what the scenario adds to them unread: for what has been checked.

    Raises:
        TopologyError: the file cannot be read or is not valid; a line a mistake, with file and line.
    """
    path = find(source)
    text, data = _read(path, f"; give a file, or one of: {', '.join(shipped())}")
    if isinstance(data, dict) and "node" in data and "routers" not in data:
        raise TopologyError(f"{path}: this is the node file of one router, not a topology; `srv6 run {path}` runs it")
    topology, problems = _read_topology(data, path.stem)
    if check or problems:
        problems += _check_nodes(topology)
    if problems:
        located = [replace(problem, file=text.file, line=text.line(problem.path)) for problem in problems]
        raise TopologyError(_lines(sorted(located, key=lambda problem: problem.line)))
    return topology


def read_topology(data: Any, name: str = "lab") -> Topology:
    """A topology from what YAML gave. Raises TopologyError with every mistake, a line each."""
    topology, problems = _read_topology(data, name)
    problems += _check_nodes(topology)
    if problems:
        raise TopologyError(_lines(problems))
    return topology


def read_changes(source: str | Path) -> Mapping[str, Any]:
    """What ``srv6 lab apply`` adds to a router, from a file. Raises TopologyError."""
    text, data = _read(Path(source))
    if not isinstance(data, dict):
        raise TopologyError(f"{text.file}: a mapping such as policies: [...] and steering: [...] is needed")
    if "node" in data or "locator" in data:
        raise TopologyError(
            f"{text.file}: this is a whole node file; give only what is added to the router's configuration"
        )
    return data


def check_changes(source: str | Path, topology: Topology, router: str, present: Mapping[str, Any]) -> None:
    """Refuse, with file and line, what a file would add to a router of a lab. Raises TopologyError.

    ``present``: node files of the routers as they are now, whose SIDs segments may name.
    """
    text, data = _read(Path(source))
    _, problems = check_node(topology, router, data, present=present)
    if problems:
        located = [replace(problem, file=text.file, line=text.line(problem.path)) for problem in problems]
        raise TopologyError(_lines(sorted(located, key=lambda problem: problem.line)))


def _lines(problems: Collection[Problem]) -> str:
    return "\n".join(dict.fromkeys(map(str, problems)))


def _read(path: Path, hint: str = "") -> tuple[Source, Any]:
    try:
        text = read_source(path)
        return text, text.load()
    except ConfigError as error:
        missing = hint if not path.exists() else ""
        raise TopologyError(f"{error}{missing}") from None


def _read_topology(data: Any, name: str) -> tuple[Topology, list[Problem]]:
    """What is right in a topology, and what is wrong."""
    mistakes = Mistakes()
    topology = Topology(name, "", "", {}, {}, ())
    with mistakes.at():
        top = values.mapping(data, "a topology")
        topology = _Reader(mistakes).read(top, name)
        topology = replace(topology, scenario=read_scenario(top.get("scenario"), topology, mistakes))
    return topology, mistakes.found


def _check_nodes(topology: Topology) -> list[Problem]:
    """What is wrong in the routers' sections and in what the scenario would add to them."""
    found: list[Problem] = []
    for router in topology.routers:
        found += check_node(topology, router)[1]
    known = {problem.path for problem in found}
    for step in topology.scenario:
        if isinstance(step, steps.Apply):
            for router, changes in step.changes.items():
                problems = check_node(topology, router, changes, ("scenario", step.place, "apply", router))[1]
                found += [problem for problem in problems if problem.path not in known]
    return found


class _Reader:
    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._cables = IDEAL  # of cables that say nothing else
        self.at = mistakes.at

    def read(self, top: Mapping[Any, Any], name: str) -> Topology:
        self._mistakes.check_keys(top, KEYS)
        with self.at("name"):
            name = _name(top.get("name", name))
        with self.at("cables"):
            given = values.mapping({} if top.get("cables") is None else top["cables"], "cables")
            self._mistakes.below("cables").check_keys(given, CABLE_KEYS)
            self._cables = impairments.read(given)
        routers = self._routers(top.get("routers"))
        hosts = self._hosts(top.get("hosts"), routers) if routers else {}
        links = self._links(top.get("links"), routers, hosts) if routers else ()
        about = " ".join(str(top.get("about") or "").split())
        profile = DEFAULT
        with self.at("profile"):
            profile = values.choice(top.get("profile", DEFAULT), PROFILES, "profile")
        ti_lfa = ""
        with self._mistakes.at("ti-lfa"):
            if top.get("ti-lfa") is not None:
                ti_lfa = values.choice(top["ti-lfa"], PROTECTION, "ti-lfa")
        picture = str(top.get("picture") or "").rstrip()
        return Topology(name, about, picture, routers, hosts, links, profile=profile, ti_lfa=ti_lfa)

    def _routers(self, value: Any) -> dict[str, Router]:
        routers: dict[str, Router] = {}
        with self.at("routers"):
            sections = values.mapping(value, "routers")
            if not 1 <= len(sections) <= MAX_ROUTERS:
                raise InvalidError(f"1 to {MAX_ROUTERS} are needed, there are {len(sections)}")
            for number, (key, extra) in enumerate(sections.items(), 1):
                with self.at("routers", key):
                    name = _name(key)
                    routers[name] = Router(name, number)
                    section = values.mapping({} if extra is None else extra, "the section of a router")
                    routers[name] = Router(name, number, section)
        return routers

    def _hosts(self, value: Any, routers: Mapping[str, Router]) -> dict[str, Host]:
        hosts: dict[str, Host] = {}
        with self.at("hosts"):
            sections = values.mapping({} if value is None else value, "hosts")
            if len(sections) > MAX_HOSTS:
                raise InvalidError(f"at most {MAX_HOSTS} are possible, there are {len(sections)}")
            for number, (key, settings) in enumerate(sections.items(), 1):
                with self.at("hosts", key):
                    hosts[_name(key)] = self._host(key, number, settings, routers)
        return hosts

    def _host(self, key: str, number: int, value: Any, routers: Mapping[str, Router]) -> Host:
        settings = values.mapping(value, "a host")
        self._mistakes.below("hosts", key).check_keys(settings, HOST_KEYS)
        if key in routers:
            raise InvalidError("a router has that name")
        six, four = IPv6Interface(f"2001:db8:{number:x}::2/64"), IPv4Interface(f"10.0.{number}.2/24")
        vrf, l2, mpls = DEFAULT_VRF, False, False
        with self.at("hosts", key, "ipv6"):
            six = _address(settings.get("ipv6", six), IPv6Interface, six)
        with self.at("hosts", key, "ipv4"):
            four = _address(settings.get("ipv4", four), IPv4Interface, four)
        with self.at("hosts", key, "vrf"):
            vrf = _name(settings.get("vrf", DEFAULT_VRF))
        with self.at("hosts", key, "l2"):
            l2 = values.boolean(settings.get("l2", False), "l2")
        with self.at("hosts", key, "mpls"):
            mpls = values.boolean(settings.get("mpls", False), "mpls")
        cable = self._cables
        with self.at("hosts", key):
            cable = impairments.read(settings, cable)
        session: Gtp | None = None
        with self.at("hosts", key, "gtp"):
            session = None if settings.get("gtp") is None else _gtp(settings["gtp"])
        function: Function | None = None
        with self.at("hosts", key, "function"):
            function = None if settings.get("function") is None else functions.read(settings["function"])
        proxied: IPv6Network | None = None
        with self.at("hosts", key, "functions"):
            proxied = None if settings.get("functions") is None else _functions(settings["functions"])
        at = settings.get("router")
        if not isinstance(at, str) or at not in routers:
            hint = values.suggest(str(at), routers) or f"; there are {', '.join(routers)}"
            raise InvalidError(f"router {at!r} does not exist{hint}", *(("router",) if "router" in settings else ()))
        return Host(key, number, at, six, four, vrf, l2, cable, session, mpls, function, proxied)

    def _links(self, value: Any, routers: Mapping[str, Router], hosts: Mapping[str, Host]) -> tuple[Link, ...]:
        ports = dict.fromkeys(routers, 0)

        def end(name: str) -> End:
            if name not in routers:  # a mistake: the other end has its port all the same
                return End("")
            ports[name] += 1
            return End(name, ports[name])

        links: list[Link] = []
        with self.at("links"):
            for place, item in enumerate(values.listing(value, "links")):
                with self.at("links", place):
                    settings = {"link": item} if isinstance(item, str) else values.mapping(item, "a link")
                    words = str(settings.get("link", "")).split()
                    if len(words) != 3 or words[1] != "--":
                        raise InvalidError("write r1 -- r2, or {link: r1 -- r2, cost: 5, mtu: 1500}")
                    if words[0] == words[2]:
                        raise InvalidError(f"a link has two ends, {words[0]!r} is both")
                    cost, mtu, cable = self._link_settings(settings, place)
                    links.append(Link(len(links) + 1, (end(words[0]), end(words[2])), cost, mtu, cable))
                    for name in (words[0], words[2]):
                        with self.at("links", place):
                            if name not in routers:
                                raise InvalidError(f"no router {name!r}; there are {', '.join(routers)}")
        for host in hosts.values():
            ends = End(host.name), end(host.router)
            links.append(Link(len(links) + 1, ends, impairments=host.impairments))
        return tuple(links)

    def _link_settings(self, settings: Mapping[Any, Any], place: int) -> tuple[int, int, Impairments]:
        cost, mtu, cable = 1, 1500, self._cables
        self._mistakes.below("links", place).check_keys(settings, LINK_KEYS)
        with self.at("links", place, "cost"):
            cost = values.integer(settings.get("cost", cost), "cost", 1, MAX_COST)
        with self.at("links", place, "mtu"):
            mtu = values.integer(settings.get("mtu", mtu), "mtu", values.MIN_MTU, values.MAX_MTU)
        with self.at("links", place):
            cable = impairments.read(settings, cable)
        return cost, mtu, cable


def _gtp(value: Any) -> Gtp:
    """The session of a host that speaks GTP-U."""
    settings = values.mapping(value, "gtp")
    values.check_keys(settings, GTP_KEYS, ("peer", "teid"))
    return Gtp(
        with_path("peer", values.ip_address, settings["peer"], "peer"),
        with_path("teid", values.integer, settings["teid"], "teid", 0, 0xFFFFFFFF),
        with_path("qfi", values.integer, settings.get("qfi", 0), "qfi", 0, 63),
    )


def _functions(value: Any) -> IPv6Network:
    """The prefix of the SIDs of a proxy."""
    prefix = values.ipv6_prefix(value, "functions")
    if prefix.prefixlen > LONGEST_PREFIX:
        raise InvalidError(f"opcode and parameters follow a prefix of at most {LONGEST_PREFIX} bits, not {prefix}")
    return prefix


def _name(value: Any) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise InvalidError(f"{value!r} is no name; a letter, then up to 30 letters, digits, - and _")
    return value


def _address(value: Any, kind: type, example: IPv4Interface | IPv6Interface) -> Any:
    """An address of a family that leaves the first one of its network to the router."""
    try:
        found = ip_interface(str(value))
    except ValueError:
        found = None
    right = isinstance(found, kind) and "/" in str(value)
    if not right or found is None or int(found.ip) - int(found.network.network_address) < 2:
        router = "above the router's (the first)"
        raise InvalidError(f"{values.show(value)} is not an address with prefix length, such as {example}, {router}")
    return found
