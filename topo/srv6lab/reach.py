# SPDX-License-Identifier: Apache-2.0
"""What a host can reach, and so what a name means there.

Two customers may have the same addresses, and a VRF may have a way to a host in one family only. Names are given to
what the router of a host has somewhere to send to: that is no promise that a packet arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

from srv6cp.model import IPAddress, Node
from srv6lab.topology import Host, Topology


def names_at(topology: Topology, nodes: Mapping[str, Node], at: str) -> dict[str, str]:
    """Addresses to names as host ``at`` has them: hosts, those of its VRF first, then routers (their source).

    ``nodes``: the routers as they are now. A router sends nothing of its own in a lab: it knows every name.
    """
    own = topology.hosts.get(at)
    names: dict[str, str] = {}
    hosts = sorted(topology.hosts.values(), key=lambda host: (host is not own, own is not None and host.vrf != own.vrf))
    taken = set()  # by a host of the same VRF, whether or not it can be reached
    for host in hosts:
        for address in (host.ipv6, host.ipv4):
            if address not in taken and (own is None or own is host or _reaches(topology, nodes, own, host, address)):
                names.setdefault(address, host.name)
            if own is not None and host.vrf == own.vrf:
                taken.add(address)
    for name, router in topology.routers.items():
        if own is None or (not own.l2 and _has_way(nodes[own.router], _port(topology, own), own, router.source)):
            names.setdefault(router.source, name)
    return names


def family_between(topology: Topology, nodes: Mapping[str, Node], source: str, target: str) -> int:
    """The version of IP in which a host can reach another: 6 where both can, and where neither can."""
    names, host = names_at(topology, nodes, source), topology.hosts[target]
    return 4 if names.get(host.ipv6) != target and names.get(host.ipv4) == target else 6


def _reaches(topology: Topology, nodes: Mapping[str, Node], own: Host, host: Host, address: str) -> bool:
    if own.l2 or host.l2:
        return own.l2 and host.l2 and own.prefixes == host.prefixes
    return _has_way(nodes[own.router], _port(topology, own), own, address)


def _port(topology: Topology, host: Host) -> int:
    (link,) = topology.links_of(host.name)
    return link.other(host.name).port


def _has_way(node: Node, port: int, host: Host, destination: str) -> bool:
    """Whether the router of a host sends its packets to ``destination`` anywhere: longest match over all it has."""
    address: IPAddress = ip_address(destination)
    interface = next((each for each in node.interfaces() if each.id == (port, 0)), None)
    vrf = interface.vrf if interface else host.vrf
    if interface is not None and interface.policy:
        return True
    if any(
        rule.policy
        and rule.vrf in (None, vrf)
        and rule.port in (None, port)
        and (rule.dst is None or address in rule.dst)
        for rule in node.classifiers
        if rule.version in (None, address.version)
    ):
        return True
    found = [(own.network, True) for each in node.interfaces() if each.vrf == vrf for own in each.addresses]
    found += [(steering.prefix, True) for steering in node.prefix_steering if steering.vrf == vrf]
    found += [(sid.prefix, True) for sid in node.sids if sid.in_vrf == vrf]
    ways = {network: there for network, there in found if address in network}
    for route in node.routes:
        if route.vrf == vrf and address in route.prefix:
            ways.setdefault(route.prefix, not route.blackhole)
    if any(own == address for where, own in node.own_addresses() if where == vrf):
        return True
    return bool(ways) and ways[max(ways, key=lambda network: network.prefixlen)]
