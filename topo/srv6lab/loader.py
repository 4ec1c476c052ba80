# SPDX-License-Identifier: Apache-2.0
"""Topology files.

name: quickstart
about: one sentence
routers: {r1: {}, r2: {sids: [...]}}          # a router's section: see docs/configuration.md
hosts: {h1: {router: r1}}
links: [r1 -- r2, {link: r1 -- r3, cost: 5, mtu: 9000}]
scenario: [...]                               # see srv6lab.scenario
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from srv6lab.topology import MAX_ROUTERS, End, Host, Link, Router, Topology, TopologyError

KEYS = {"name", "about", "routers", "hosts", "links", "scenario"}


def shipped() -> dict[str, Path]:
    """The topologies that come with the package, by name."""
    here = Path(str(resources.files("srv6lab")))
    folder = (
        here.parent if here.parent.name == "topo" else here / "topologies"
    )  # a checkout, or an installed package
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_topology(source: str | Path) -> Topology:
    """A topology by path, or by name where it is one of the package's own. Raises TopologyError."""
    path = Path(source)
    if not path.exists() and str(source) in shipped():
        path = shipped()[str(source)]
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise TopologyError(
            f"{path}: {error.strerror}; give a file, or one of: {', '.join(shipped())}"
        ) from None
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise TopologyError(f"{where}: not YAML: {getattr(error, 'problem', error)}") from None
    try:
        return read_topology(data, path.stem)
    except TopologyError as error:
        raise TopologyError(f"{path}: {error}") from None


def read_topology(data: Any, name: str = "lab") -> Topology:
    """A topology from what YAML gave. Raises TopologyError."""
    top = _mapping(data, "the topology")
    if unknown := set(top) - KEYS:
        raise TopologyError(
            f"unknown key {sorted(map(str, unknown))[0]!r}; there are {', '.join(sorted(KEYS))}"
        )
    sections = _mapping(top.get("routers"), "routers")
    if not sections or len(sections) > MAX_ROUTERS:
        raise TopologyError(f"routers: 1 to {MAX_ROUTERS} are needed, there are {len(sections)}")
    routers = {
        str(key): Router(str(key), number, _mapping(extra or {}, f"routers.{key}"))
        for number, (key, extra) in enumerate(sections.items(), 1)
    }
    hosts: dict[str, Host] = {}
    for number, (key, value) in enumerate(_mapping(top.get("hosts") or {}, "hosts").items(), 1):
        at = _mapping(value, f"hosts.{key}").get("router")
        if at not in routers:
            raise TopologyError(f"hosts.{key}: router {at!r} does not exist; there are {', '.join(routers)}")
        if key in routers:
            raise TopologyError(f"hosts.{key}: a router has that name")
        hosts[str(key)] = Host(str(key), number, at)
    links = _links(top.get("links") or [], routers, hosts)
    scenario = top.get("scenario") or []
    if not isinstance(scenario, list):
        raise TopologyError("scenario: a list of steps is needed")
    about = " ".join(str(top.get("about", "")).split())
    return Topology(str(top.get("name", name)), about, routers, hosts, links, tuple(scenario))


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
            raise TopologyError(
                f"links[{place}]: write 'r1 -- r2', or {{link: r1 -- r2, cost: 5, mtu: 1500}}"
            )
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
            raise TopologyError(
                f"links[{place}]: unknown key {sorted(settings)[0]!r}; there are cost, link, mtu"
            )
        links.append(Link(len(links) + 1, (end(words[0]), end(words[2])), **numbers))
    for host in hosts.values():
        links.append(Link(len(links) + 1, (End(host.name), end(host.router))))
    return tuple(links)


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TopologyError(f"{where}: a mapping is needed, not {value!r}")
    return value
