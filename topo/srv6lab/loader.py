# SPDX-License-Identifier: Apache-2.0
"""Topology files.

name: quickstart
about: one sentence
picture: |                                    # optional, shown when the network starts
  h1 - r1 - r2
routers: {r1: {}, r2: {sids: [...]}}          # a router's section: see docs/configuration.md
hosts:
  h1: {router: r1}
  h2: {router: r2, vrf: blue, ipv6: "2001:db8:1::2/64", ipv4: "10.0.1.2/24"}
  h3: {router: r2, l2: true}                  # on a layer 2 port
links: [r1 -- r2, {link: r1 -- r3, cost: 5, mtu: 9000}]
scenario: [...]                               # see srv6lab.scenario
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from pathlib import Path
from typing import Any

import yaml

from srv6lab.shipped import shipped
from srv6lab.topology import (
    DEFAULT_VRF,
    MAX_HOSTS,
    MAX_ROUTERS,
    End,
    Host,
    Link,
    Router,
    Topology,
    TopologyError,
)

KEYS = {"name", "about", "picture", "routers", "hosts", "links", "scenario"}
HOST_KEYS = {"router", "vrf", "l2", "ipv6", "ipv4"}
# Namespaces, hosts files and Graphviz take such names; so does the path of a Unix socket, which is short.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,30}")


def find(source: str | Path) -> Path:
    """The file of a topology that is given by path or name; it may not exist."""
    path = Path(source)
    return path if path.exists() else shipped().get(str(source), path)


def load_topology(source: str | Path) -> Topology:
    """A topology by path, or by name where it is one of the package's own. Raises TopologyError."""
    path = find(source)
    data = _read(path, f"; give a file, or one of: {', '.join(shipped())}")
    try:
        return read_topology(data, path.stem)
    except TopologyError as error:
        raise TopologyError(f"{path}: {error}") from None


def read_changes(source: str | Path) -> Mapping[str, Any]:
    """What ``srv6 lab apply`` adds to a router, from a file. Raises TopologyError."""
    data = _read(Path(source))
    if not isinstance(data, dict):
        raise TopologyError(f"{source}: a mapping such as policies: [...] and steering: [...] is needed")
    if "node" in data or "locator" in data:
        raise TopologyError(
            f"{source}: this is a whole node file; give only what is added to the router's configuration"
        )
    return data


def _read(path: Path, hint: str = "") -> Any:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise TopologyError(f"{path}: {error.strerror}{hint}") from None
    except UnicodeDecodeError:
        raise TopologyError(f"{path}: not a text file") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise TopologyError(f"{where}: not YAML: {getattr(error, 'problem', error)}") from None


def read_topology(data: Any, name: str = "lab") -> Topology:
    """A topology from what YAML gave. Raises TopologyError."""
    top = _mapping(data, "the topology")
    if unknown := set(top) - KEYS:
        raise TopologyError(f"unknown key {sorted(map(str, unknown))[0]!r}; there are {', '.join(sorted(KEYS))}")
    sections = _mapping(top.get("routers"), "routers")
    if not sections or len(sections) > MAX_ROUTERS:
        raise TopologyError(f"routers: 1 to {MAX_ROUTERS} are needed, there are {len(sections)}")
    routers = {
        _name(key, "routers"): Router(key, number, _mapping(extra or {}, f"routers.{key}"))
        for number, (key, extra) in enumerate(sections.items(), 1)
    }
    hosts = _hosts(_mapping(top.get("hosts") or {}, "hosts"), routers)
    links = _links(top.get("links") or [], routers, hosts)
    scenario = top.get("scenario") or []
    if not isinstance(scenario, list):
        raise TopologyError("scenario: a list of steps is needed")
    about = " ".join(str(top.get("about", "")).split())
    return Topology(
        _name(top.get("name", name), "name"),
        about,
        str(top.get("picture", "")).rstrip(),
        routers,
        hosts,
        links,
        tuple(scenario),
    )


def _name(value: Any, where: str) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise TopologyError(f"{where}: {value!r} is no name; a letter, then up to 30 letters, digits, - and _")
    return value


def _hosts(sections: Mapping[str, Any], routers: Mapping[str, Router]) -> dict[str, Host]:
    if len(sections) > MAX_HOSTS:
        raise TopologyError(f"hosts: at most {MAX_HOSTS} are possible, there are {len(sections)}")
    hosts: dict[str, Host] = {}
    for number, (key, value) in enumerate(sections.items(), 1):
        where = f"hosts.{key}"
        settings = _mapping(value, where)
        if unknown := set(settings) - HOST_KEYS:
            raise TopologyError(
                f"{where}: unknown key {sorted(map(str, unknown))[0]!r}; there are {', '.join(sorted(HOST_KEYS))}"
            )
        if _name(key, "hosts") in routers:
            raise TopologyError(f"{where}: a router has that name")
        at = settings.get("router")
        if not isinstance(at, str) or at not in routers:
            raise TopologyError(f"{where}: router {at!r} does not exist; there are {', '.join(routers)}")
        if not isinstance(settings.get("l2", False), bool):
            raise TopologyError(f"{where}.l2: true or false is needed, not {settings['l2']!r}")
        six = _address(settings.get("ipv6", f"2001:db8:{number:x}::2/64"), f"{where}.ipv6")
        four = _address(settings.get("ipv4", f"10.0.{number}.2/24"), f"{where}.ipv4")
        if not isinstance(six, IPv6Interface) or not isinstance(four, IPv4Interface):
            raise TopologyError(f"{where}: ipv6 and ipv4 have each other's address")
        vrf = _name(settings.get("vrf", DEFAULT_VRF), f"{where}.vrf")
        hosts[key] = Host(key, number, at, six, four, vrf, settings.get("l2", False))
    return hosts


def _address(value: Any, where: str) -> IPv4Interface | IPv6Interface:
    """An address that leaves the first one of its network to the router."""
    try:
        found = ip_interface(str(value))
    except ValueError:
        found = None
    if found is None or "/" not in str(value) or int(found.ip) - int(found.network.network_address) < 2:
        raise TopologyError(
            f"{where}: {value!r} is not an address with prefix length, such as 10.0.1.2/24, above the router's (.1)"
        )
    return found


def _links(items: Any, routers: Mapping[str, Router], hosts: Mapping[str, Host]) -> tuple[Link, ...]:
    if not isinstance(items, list):
        raise TopologyError("links: a list is needed")
    ports = dict.fromkeys(routers, 0)

    def end(name: str) -> End:
        if name in hosts:
            return End(name)
        ports[name] += 1
        return End(name, ports[name])

    links: list[Link] = []
    for place, item in enumerate(items):
        settings = {"link": item} if isinstance(item, str) else dict(_mapping(item, f"links[{place}]"))
        words = str(settings.pop("link", "")).split()
        if len(words) != 3 or words[1] != "--" or words[0] == words[2]:
            raise TopologyError(f"links[{place}]: write 'r1 -- r2', or {{link: r1 -- r2, cost: 5, mtu: 1500}}")
        for name in (words[0], words[2]):
            if name not in routers:
                raise TopologyError(f"links[{place}]: no router {name!r}; there are {', '.join(routers)}")
        numbers = {}
        for key, low in (("cost", 1), ("mtu", 1280)):
            value = settings.pop(key, {"cost": 1, "mtu": 1500}[key])
            if not isinstance(value, int) or value < low:
                raise TopologyError(f"links[{place}].{key}: {value!r} is not a number from {low}")
            numbers[key] = value
        if settings:
            raise TopologyError(f"links[{place}]: unknown key {sorted(settings)[0]!r}; there are cost, link, mtu")
        links.append(Link(len(links) + 1, (end(words[0]), end(words[2])), **numbers))
    for host in hosts.values():
        links.append(Link(len(links) + 1, (End(host.name), end(host.router))))
    return tuple(links)


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TopologyError(f"{where}: a mapping is needed, not {value!r}")
    return value
