# SPDX-License-Identifier: Apache-2.0
"""A topology as text for Graphviz, or as a list for the eye."""

from __future__ import annotations

from srv6lab.topology import Topology


def dot(topology: Topology) -> str:
    """Graphviz source: ``srv6 lab graph quickstart | dot -Tsvg > quickstart.svg``."""
    lines = [f'graph "{topology.name}" {{', "  node [fontname=sans];"]
    lines += [
        f'  "{name}" [shape=box,label="{name}\\n{router.locator}"];'
        for name, router in topology.routers.items()
    ]
    lines += [
        f'  "{name}" [shape=ellipse,label="{name}\\n{host.ipv6}"];' for name, host in topology.hosts.items()
    ]
    for link in topology.links:
        one, two = link.ends
        cost = f"cost {link.cost}" if link.cost != 1 else ""
        lines.append(
            f'  "{one.node}" -- "{two.node}" '
            f'[taillabel="{one.port or ""}",headlabel="{two.port or ""}",label="{cost}"];'
        )
    return "\n".join([*lines, "}"])


def text(topology: Topology) -> str:
    """Nodes with their addresses, then cables with ports and costs."""
    lines = [f"{topology.name}: {topology.about}".rstrip(": ")]
    lines += [f"  {name}  router, locator {router.locator}" for name, router in topology.routers.items()]
    lines += [
        f"  {name}  host, {host.ipv6} and {host.ipv4}, on {host.router}"
        for name, host in topology.hosts.items()
    ]
    for link in topology.links:
        ends = " -- ".join(f"{end.node}" + (f" port {end.port}" if end.port else "") for end in link.ends)
        lines.append(f"  {ends}" + (f", cost {link.cost}" if link.cost != 1 else ""))
    return "\n".join(lines)
