# SPDX-License-Identifier: Apache-2.0
"""``srv6 lab ping`` and ``traceroute``: from a host or a router of a lab, with what its routers are called."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address

from srv6cp.cli import probing
from srv6cp.cli.exitcodes import UsageError
from srv6cp.model import Node
from srv6lab.lab import Lab
from srv6lab.topology import Topology


def run(lab: Lab, verb: str, args: argparse.Namespace) -> int:
    """Ping or traceroute from ``args.node``; its exit code. Raises UnknownName, UsageError."""
    topology, nodes = lab.topology, lab.nodes
    source = address_of(topology, args.node)
    path = probing.segments(args, lambda word: _resolve(topology, word))
    what = probing.ping if verb == "ping" else probing.traceroute
    return what(
        args,
        IPv6Address(source).packed,
        path,
        lambda probe, wait: lab.exchange(args.node, probe, wait),
        lambda responder, active: label(topology, nodes, responder, active),
    )


def address_of(topology: Topology, name: str) -> str:
    """The IPv6 address of a node. Raises UsageError where there is no such node."""
    if name in topology.routers:
        return topology.routers[name].source
    if name in topology.hosts:
        return topology.hosts[name].ipv6
    raise UsageError(f"no node {name!r}; there are {', '.join((*topology.routers, *topology.hosts))}")


def _resolve(topology: Topology, word: str) -> str:
    """A name of a node is its address; addresses are as they are."""
    return address_of(topology, word) if word in topology.routers or word in topology.hosts else word


def label(topology: Topology, nodes: Mapping[str, Node], responder: bytes, active: bytes | None) -> str:
    """Who has the address, and which SID of that node the active segment was: ``r2 End.X psp``."""
    who = ip_address(responder)
    for name, host in topology.hosts.items():
        if host.ipv6 == str(who):
            return name
    for name, node in nodes.items():
        sids = [sid for sid in node.sids if active is not None and IPv6Address(active) in sid.prefix]
        if any(who == own for _, own in node.own_addresses()) or any(who in sid.prefix for sid in sids):
            sid = max(sids, key=lambda each: each.prefix.prefixlen, default=None)
            return f"{name} {sid.behaviour}" if sid else name
    return ""
