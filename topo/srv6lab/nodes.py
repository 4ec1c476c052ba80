# SPDX-License-Identifier: Apache-2.0
"""The routers of a topology as the control plane's nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srv6cp.config import ConfigError, load_node_dict
from srv6cp.model import Node
from srv6cp.problems import Path, Problem
from srv6lab.configuration import compose
from srv6lab.topology import Topology, TopologyError


def check_node(
    topology: Topology,
    router: str,
    changes: Mapping[str, Any] | None = None,
    at: Path = (),
    present: Mapping[str, Any] | None = None,
) -> tuple[Node | None, list[Problem]]:
    """A router with ``changes``, else all that is wrong there; ``at`` and ``present`` as for `compose`."""
    made = compose(topology, router, changes, at, present)
    problems = list(made.problems)
    try:
        node = load_node_dict(made.data)
    except ConfigError as error:
        problems += [made.located(problem, ("routers", router)) for problem in error.problems]
    return (None if problems else node), problems


def node_of(topology: Topology, router: str, changes: Mapping[str, Any] | None = None) -> Node:
    """The configuration of a router with ``changes``, checked. Raises TopologyError."""
    topology.check_router(router)
    node, problems = check_node(topology, router, changes)
    if node is None:
        raise TopologyError("\n".join(f"router {router}: {problem}" for problem in problems))
    return node
