# SPDX-License-Identifier: Apache-2.0
"""Nodes for the tests of the compiler, and entries by table."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from srv6cp.artifacts import find
from srv6cp.compile import Compilation, compile_state
from srv6cp.config import load_node_dict
from srv6cp.model import InterfaceId
from srv6cp.p4rt import Action, P4Info, TableEntry

INFO = P4Info.from_file(find().p4info)
MACS = {1: "02:00:00:00:02:01", 2: "02:00:00:00:02:02"}


def compiled(
    learned: dict[tuple[Any, Any], str] | None = None,
    *,
    down: Collection[int] = (),
    watch: bool = False,
    **sections: Any,
) -> Compilation:
    """A node with two ports and a neighbour on each, and ``sections`` with ``_`` for ``-``."""
    data: dict[str, Any] = {
        "node": "r1",
        "locator": "fcbb:bb00:1::/48",
        "source": "fcbb:bb00:1::1",
        "ports": {
            1: {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:1::1/64", "10.0.1.1/24"]},
            2: {"mac": "02:00:00:00:01:02", "addresses": ["2001:db8:2::1/64"], "mtu": 1400},
        },
        "neighbors": [
            {"address": "2001:db8:1::2", "mac": MACS[1]},
            {"address": "2001:db8:2::2", "mac": MACS[2]},
        ],
    }
    data |= {key.replace("_", "-"): value for key, value in sections.items()}
    return compile_state(load_node_dict(data), INFO, learned, down=down, watch=watch)


def rows(compilation: Compilation, table: str) -> dict[Any, Any]:
    """Entries of a table: match values in order (the only one if single) to the action."""
    found = {}
    for entity in compilation.entities:
        if isinstance(entity, TableEntry) and entity.table == table:
            key = tuple(str(value) if not isinstance(value, int) else value for value in entity.match.values())
            found[key[0] if len(key) == 1 else key] = entity.action
    return found


def route(compilation: Compilation, prefix: str, vrf: int = 0) -> Action | None:
    """The action of a prefix in the routing tables."""
    table = "ipv6_table" if ":" in prefix else "ipv4_table"
    return rows(compilation, table).get((vrf, prefix))


def nexthop_of(compilation: Compilation, action: Action | None) -> Any:
    """The entry of ``nexthop_table`` that an action with a next hop leads to."""
    assert action is not None
    return rows(compilation, "nexthop_table")[action.params["nexthop_id"]]


def key(port: int, address: str) -> tuple[InterfaceId, IPv4Address | IPv6Address]:
    """A neighbour's key."""
    return InterfaceId(port), ip_address(address)
