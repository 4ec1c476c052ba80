# SPDX-License-Identifier: Apache-2.0
"""A topology as text for Graphviz, or as a list for the eye."""

from __future__ import annotations

import textwrap

from srv6lab.terminal import wrap
from srv6lab.topology import DEFAULT_VRF, Host, Topology


def dot(topology: Topology) -> str:
    """Graphviz source: ``srv6 lab graph quickstart --dot | dot -Tsvg > quickstart.svg``."""
    lines = [f'graph "{topology.name}" {{', "  node [fontname=sans];"]
    lines += [f'  "{name}" [shape=box,label="{name}\\n{router.locator}"];' for name, router in topology.routers.items()]
    lines += [
        f'  "{name}" [shape=ellipse,label="{name}\\n{host.ipv6}\\n{host.ipv4}"];'
        for name, host in topology.hosts.items()
    ]
    for link in topology.links:
        one, two = link.ends
        cost = f"cost {link.cost}" if link.cost != 1 else ""
        lines.append(
            f'  "{one.node}" -- "{two.node}" '
            f'[taillabel="{one.port or ""}",headlabel="{two.port or ""}",label="{cost}"];'
        )
    return "\n".join([*lines, "}"])


def head(topology: Topology) -> str:
    """Name, purpose and drawing."""
    title = wrap(f"{topology.name}: {topology.about}".rstrip(": "))
    if not topology.picture:
        return title
    return f"{title}\n\n{textwrap.indent(textwrap.dedent(topology.picture), '    ')}\n"


def text(topology: Topology) -> str:
    """Head, nodes with their addresses, then cables with ports and costs."""
    lines = [head(topology)]
    lines += [f"  {name}  router, locator {router.locator}" for name, router in topology.routers.items()]
    lines += [f"  {name}  {_host(host)}" for name, host in topology.hosts.items()]
    for link in topology.links:
        ends = " -- ".join(f"{end.node}" + (f" port {end.port}" if end.port else "") for end in link.ends)
        lines.append(f"  {ends}" + (f", cost {link.cost}" if link.cost != 1 else ""))
    return "\n".join([lines[0], *(wrap(line, indent=" " * 6) for line in lines[1:])])


def _host(host: Host) -> str:
    where = f"on {host.router}"
    if host.l2:
        where += ", layer 2"
    elif host.vrf != DEFAULT_VRF:
        where += f", VRF {host.vrf}"
    return f"host, {host.ipv6} and {host.ipv4}, {where}"
