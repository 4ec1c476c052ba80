# SPDX-License-Identifier: Apache-2.0
"""``srv6 lab ping`` and ``traceroute``: from a host or a router of a lab, with what its routers are called.

A lab is here (one of namespaces, or of this process), or served by another process, which is asked over HTTP.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from ipaddress import IPv6Address, ip_address
from typing import Any, NoReturn, Protocol

from srv6cp.cli import probing
from srv6cp.cli.exitcodes import UsageError
from srv6cp.model import Node
from srv6cp.packets.probes import Probe
from srv6lab.containers import Containers
from srv6lab.errors import LabError
from srv6lab.lab import Lab
from srv6lab.record import Served
from srv6lab.topology import Topology

LONGEST_WAIT = 10.0  # s that a process waits for an answer on behalf of another
_IN_A_SHELL = 3  # echo requests, where nobody can press Ctrl-C


class Prober(Protocol):
    """Where probes come from."""

    def way(self, args: argparse.Namespace) -> tuple[bytes, probing.Way]:
        """The source address of ``args.node``, and the list to the target. Raises UnknownName, UsageError."""

    def exchange(self, node: str, probe: Probe, wait: float) -> tuple[bytes, float] | None:
        """As :meth:`srv6lab.lab.Lab.exchange`."""

    def label(self, responder: bytes, active: bytes | None) -> str:
        """Who has the address, and which SID of that node the active segment was."""


class OfLab:
    """A lab that this process can reach."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def way(self, args: argparse.Namespace) -> tuple[bytes, probing.Way]:
        topology, nodes = self._lab.topology, self._lab.nodes
        source = IPv6Address(address_of(topology, args.node)).packed
        present = {name: self._lab.data(name) for name in topology.routers}
        asked = probing.addresses(
            args, lambda word: topology.segment(word, present), lambda word: _target(topology, word, present)
        )
        return source, probing.way(asked, Containers(nodes).structures, args.packed)

    def exchange(self, node: str, probe: Probe, wait: float) -> tuple[bytes, float] | None:
        return self._lab.exchange(node, probe, wait)

    def label(self, responder: bytes, active: bytes | None) -> str:
        return label(self._lab.topology, self._lab.nodes, responder, active)


class OfServed:
    """A lab that another process serves (`srv6lab.web.app`)."""

    def __init__(self, served: Served) -> None:
        self._served = served

    def way(self, args: argparse.Namespace) -> tuple[bytes, probing.Way]:
        body = {"node": args.node, "via": args.via, "target": args.target, "packed": args.packed}
        try:
            found = self._served.ask("way", body)
        except LabError as error:
            raise UsageError(str(error)) from None
        asked, elements = (tuple(map(bytes.fromhex, found[key])) for key in ("asked", "elements"))
        return bytes.fromhex(found["source"]), probing.Way(asked, elements, bytes.fromhex(found["arrives_at"]))

    def exchange(self, node: str, probe: Probe, wait: float) -> tuple[bytes, float] | None:
        found = self._served.ask("probe", {"node": node, "probe": to_json(probe), "timeout": min(wait, LONGEST_WAIT)})
        return (bytes.fromhex(found["packet"]), float(found["seconds"])) if found else None

    def label(self, responder: bytes, active: bytes | None) -> str:
        body = {"responder": responder.hex(), "active": None if active is None else active.hex()}
        return str(self._served.ask("label", body)["node"])


def run(prober: Prober, verb: str, args: argparse.Namespace, say: probing.Say | None = None) -> int:
    """Ping or traceroute from ``args.node``; its exit code. Raises UnknownName, UsageError, LabError."""
    source, path = prober.way(args)
    what = probing.ping if verb == "ping" else probing.traceroute
    printed = {} if say is None else {"say": say}
    return what(
        args, source, path, lambda probe, wait: prober.exchange(args.node, probe, wait), prober.label, **printed
    )


def run_words(lab: Lab, verb: str, words: Sequence[str], say: probing.Say) -> int:
    """The same with the words of a shell. Raises what `run` does."""
    parser = _Parser(prog=verb, add_help=False)
    add_arguments(parser, verb)
    args = parser.parse_args(words)
    if verb == "ping" and args.count is None:
        args.count = _IN_A_SHELL
    return run(OfLab(lab), verb, args, say)


def add_arguments(parser: argparse.ArgumentParser, verb: str) -> None:
    """Node, target and options."""
    parser.add_argument("node", metavar="NODE", help="where the probes come from: a host or a router")
    parser.add_argument("target", metavar="TARGET", help="an address, a SID, or the name of a node")
    probing.add_options(parser, traceroute=verb == "traceroute")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong rather than end the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; usage: {self.prog} NODE TARGET [--via SEGMENT,...] [--packed] [--json] ...")


# --- of the process that serves -----------------------------------------------------------------------------


def serve_way(lab: Lab, body: Mapping[str, Any]) -> dict[str, Any]:
    """For :meth:`OfServed.way`. Raises UnknownName, UsageError, ValueError."""
    via = body["via"]
    if not isinstance(via, list) or not all(isinstance(each, str) for each in (*via, body["node"], body["target"])):
        raise ValueError("via: a list of segments, and the names of two nodes, are needed")
    args = argparse.Namespace(node=body["node"], via=via, target=body["target"], packed=body["packed"] is True)
    source, path = OfLab(lab).way(args)
    return {
        "source": source.hex(),
        "asked": [each.hex() for each in path.asked],
        "elements": [each.hex() for each in path.elements],
        "arrives_at": path.arrives_at.hex(),
    }


def serve_probe(lab: Lab, body: Mapping[str, Any]) -> dict[str, Any]:
    """For :meth:`OfServed.exchange`. Raises UsageError, ValueError."""
    address_of(lab.topology, body["node"])
    found = lab.exchange(body["node"], from_json(body["probe"]), min(float(body["timeout"]), LONGEST_WAIT))
    return {} if found is None else {"packet": found[0].hex(), "seconds": found[1]}


def serve_label(lab: Lab, body: Mapping[str, Any]) -> dict[str, Any]:
    """For :meth:`OfServed.label`. Raises ValueError."""
    active = None if body["active"] is None else bytes.fromhex(body["active"])
    return {"node": OfLab(lab).label(bytes.fromhex(body["responder"]), active)}


def to_json(probe: Probe) -> dict[str, Any]:
    """A probe for another process."""
    given = asdict(probe)
    addresses = {key: given[key].hex() for key in ("source", "arrives_at")}
    return {**given, **addresses, "segments": [each.hex() for each in probe.segments]}


def from_json(given: Mapping[str, Any]) -> Probe:
    """Back. Raises ValueError, TypeError, KeyError."""
    addresses = {key: bytes.fromhex(given[key]) for key in ("source", "arrives_at")}
    return Probe(**{**given, **addresses, "segments": tuple(map(bytes.fromhex, given["segments"]))})


# --- names --------------------------------------------------------------------------------------------------


def address_of(topology: Topology, name: str) -> str:
    """The IPv6 address of a node. Raises UsageError where there is no such node."""
    if name in topology.routers:
        return topology.routers[name].source
    if name in topology.hosts:
        return topology.hosts[name].ipv6
    raise UsageError(f"no node {name!r}; there are {', '.join((*topology.routers, *topology.hosts))}")


def _target(topology: Topology, word: str, present: Mapping[str, Any]) -> str:
    """A name of a node is its address, ``r3/End`` that SID of it; addresses are as they are."""
    if word in topology.routers or word in topology.hosts:
        return address_of(topology, word)
    if "/" in word:
        return topology.segment(word, present)
    if ":" not in word:
        raise UsageError(
            f"target {word!r}: neither an address nor a node; there are "
            f"{', '.join((*topology.routers, *topology.hosts))}"
        )
    return word


def label(topology: Topology, nodes: Mapping[str, Node], responder: bytes, active: bytes | None) -> str:
    """Who has the address, and which SID of that node the active segment was: ``r2 End.X psp``."""
    who = ip_address(responder)
    for name, host in topology.hosts.items():
        if host.ipv6 == str(who):
            return name
    for name, node in nodes.items():
        own = {address for _, address in node.own_addresses()}
        to = None if active is None else IPv6Address(active)
        sids = [sid for sid in node.sids if to is not None and to not in own and to in sid.prefix]
        if who in own or any(who in sid.prefix for sid in sids):
            sid = max(sids, key=lambda each: each.prefix.prefixlen, default=None)
            return f"{name} {sid.behaviour}" if sid else name
    return ""
