# SPDX-License-Identifier: Apache-2.0
"""In what two nodes differ, object by object: SIDs, routes, policies and their like, each by its key.

What is compared is intent, as the node file says it; which entries follow from it, and what has been learned, is not
looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from srv6cp.behaviours import REGISTRY
from srv6cp.model import Node

#: Everything besides the objects that are counted one by one.
SETTINGS = "settings"


@dataclass(frozen=True)
class Difference:
    """How many objects of a kind there were ``before``, and how many were added, removed and changed."""

    kind: str
    before: int
    added: int
    removed: int
    changed: int

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def __str__(self) -> str:
        parts = ((self.added, "added"), (self.removed, "removed"), (self.changed, "changed"))
        return f"{self.kind}: " + (", ".join(f"{count} {what}" for count, what in parts if count) or "no difference")


def compare(before: Node, after: Node) -> tuple[Difference, ...]:
    """Every kind of object, those without a difference too."""
    old, new = _objects(before), _objects(after)
    return tuple(_compare(kind, old.get(kind, {}), new.get(kind, {})) for kind in dict.fromkeys((*old, *new)))


def _compare(kind: str, old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Difference:
    both = old.keys() & new.keys()
    changed = sum(old[key] != new[key] for key in both)
    return Difference(kind, len(old), len(new) - len(both), len(old) - len(both), changed)


def _objects(node: Node) -> dict[str, Mapping[Any, Any]]:
    """Kind to key to value. Keys are those by which the switch tells the objects apart, whatever their spelling."""
    steering: dict[Any, Any] = {(each.vrf, each.prefix): each for each in node.prefix_steering}
    for rule in node.classifiers:
        steering[replace(rule, policy=None, priority=0)] = rule
    brought = {section.key: section for section in REGISTRY.sections}
    return {
        "SIDs": {(sid.in_vrf, sid.prefix): sid for sid in node.sids},
        "routes": {(route.vrf, route.prefix): route for route in node.routes},
        "policies": node.policies,
        "steering": steering,
        "next hops": node.nexthops,
        "neighbours": {(each.interface, each.address): each for each in node.neighbors},
        "ports": node.ports,
        "VLAN interfaces": {each.id: each for each in node.interfaces() if each.id.vlan},
        "VRFs": node.vrfs,
        "HMAC keys": node.hmac_keys,
        "addresses": {(own.vrf, own.address): own for own in node.addresses},
        **{f"{brought[key].what}s": items for key, items in node.sections.items()},
        SETTINGS: {
            "node": node.name,
            "device-id": node.device_id,
            "locators": node.locators,
            "source": node.source,
            "sr-domain": node.domain,
            "upper-layer": node.upper_layers,
            "icmp": node.icmp,
            "telemetry": node.telemetry,
            "reassembly": node.reassembly,
            "fragmentation": node.fragmentation,
            "flow-seed": node.flow_seed,
            "grpc-addr": node.grpc_addr,
        },
    }
