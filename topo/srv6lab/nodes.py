# SPDX-License-Identifier: Apache-2.0
"""The routers of a topology as the control plane's nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srv6cp.config import ConfigError, load_node_dict
from srv6cp.model import Node
from srv6lab.topology import Topology, TopologyError


def node_of(topology: Topology, router: str, changes: Mapping[str, Any] | None = None) -> Node:
    """The configuration of a router with ``changes``, checked. Raises TopologyError."""
    if router not in topology.routers:
        raise TopologyError(f"no router {router!r}; there are {', '.join(topology.routers)}")
    try:
        return load_node_dict(topology.config(router, changes))
    except ConfigError as error:
        raise TopologyError(f"router {router}: {error}") from None
