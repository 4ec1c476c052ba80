# SPDX-License-Identifier: Apache-2.0
"""From a node to the entities that its switch must hold.

    compilation = compile_state(node, p4info, neighbors)
    compilation.entities            # in reference order: what is referred to comes first

Pure: the same node, neighbours and ``Ids`` give the same entities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from srv6cp.compile.ids import Ids
from srv6cp.compile.nexthops import NextHops, Target
from srv6cp.compile.policies import Policies, PolicyUse
from srv6cp.compile.ports import domain_entities, port_entities
from srv6cp.compile.routes import Routes
from srv6cp.compile.sids import Sids
from srv6cp.compile.steering import Classifier, steer_prefixes
from srv6cp.compile.system import system_entities
from srv6cp.config.source import gc_paused
from srv6cp.model import InterfaceId, IPAddress, Node, Sid
from srv6cp.p4rt.entities import Entity

if TYPE_CHECKING:
    from srv6cp.p4rt import P4Info

__all__ = ["Compilation", "Ids", "PolicyUse", "Target", "compile_node", "compile_state", "ids_for"]


@dataclass(frozen=True)
class Compilation:
    """Entities, and what their numbers stand for.

    ``targets``: next hop number to the (interface, address) pairs that must be resolved for it; an address
    None is the destination of the packet itself. ``sids``: counter index to SID. ``policies``: every policy
    in every mode that is in use, with its number and which of its lists are valid.
    """

    entities: list[Entity]
    targets: Mapping[int, tuple[Target, ...]] = field(default_factory=dict)
    sids: Mapping[int, Sid] = field(default_factory=dict)
    policies: tuple[PolicyUse, ...] = ()

    @property
    def addresses(self) -> frozenset[tuple[InterfaceId, IPAddress]]:
        """Next hops that a controller should keep resolved whether or not packets ask for them."""
        return frozenset(
            (interface, address)
            for targets in self.targets.values()
            for interface, address in targets
            if address is not None
        )


def ids_for(p4info: P4Info | None) -> Ids:
    """Number spaces as large as the program's counters allow."""
    if p4info is None:
        return Ids()
    counters = p4info.counters
    return Ids(
        sids=min(counters.find("my_sid_error_counter").size, counters.find("my_sid_counter").size // 2),
        policies=counters.find("sr_policy_counter").size // 2,
    )


def compile_state(
    node: Node,
    p4info: P4Info | None = None,
    neighbors: Mapping[tuple[InterfaceId, IPAddress], str] | None = None,
    ids: Ids | None = None,
) -> Compilation:
    """Compile a node.

    ``neighbors`` are learned ones, (interface, address) to MAC; the node's static ones win over them. Pass
    the same ``ids`` every time to keep numbers across compilations even where hashes collide.

    Raises:
        OverflowError: more SIDs, policies or next hops than the switch can number.
    """
    known = {(InterfaceId(*interface), address): mac for (interface, address), mac in (neighbors or {}).items()}
    known.update(((neighbor.interface, neighbor.address), neighbor.mac) for neighbor in node.neighbors)
    ids = ids or ids_for(p4info)
    with gc_paused():
        nexthops = NextHops(node, known, ids)
        routes = Routes(node, known, nexthops)
        policies = Policies(node, routes, nexthops, ids)
        sids = Sids(node, nexthops, policies, ids)
        classifier = Classifier(node, policies)
        steer_prefixes(node, policies, routes)
        routes.finish()
        ports = list(port_entities(node, policies, classifier))
        entities: list[Entity] = [
            *system_entities(node),
            *nexthops.entities(),
            *policies.entities(),
            *sids.entities(),
            *routes.entities(),
            *classifier.entities(),
            *domain_entities(node),
            *ports,
        ]
    ids.sweep()
    return Compilation(entities, nexthops.targets, sids.numbers, policies.uses)


def compile_node(
    node: Node,
    p4info: P4Info | None = None,
    neighbors: Mapping[tuple[InterfaceId, IPAddress], str] | None = None,
) -> list[Entity]:
    """The entities of :func:`compile_state` alone."""
    return compile_state(node, p4info, neighbors).entities
