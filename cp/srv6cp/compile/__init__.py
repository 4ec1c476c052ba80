# SPDX-License-Identifier: Apache-2.0
"""From a node to the entities that its switch must hold.

    compilation = compile_state(node, p4info, neighbors)
    compilation.entities            # in reference order: what is referred to comes first

Pure: the same node, neighbours and ``Ids`` give the same entities.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from p4rtlib.gcpause import gc_paused
from srv6cp.compile import needs, tables
from srv6cp.compile.capabilities import Capabilities
from srv6cp.compile.ids import Ids
from srv6cp.compile.needs import NotInProgram
from srv6cp.compile.nexthops import NextHops, Target
from srv6cp.compile.not_sids import not_sid_entities
from srv6cp.compile.policies import Policies, PolicyUse
from srv6cp.compile.ports import domain_entities, port_entities
from srv6cp.compile.routes import Routes
from srv6cp.compile.sids import Numbers, Sids, section_entities
from srv6cp.compile.sources import source_entities
from srv6cp.compile.steering import Classifier, steer_prefixes
from srv6cp.compile.system import system_entities
from srv6cp.compile.urpf import urpf_entities
from srv6cp.model import InterfaceId, IPAddress, Node, Sid
from srv6cp.p4rt.entities import Entity

if TYPE_CHECKING:
    from srv6cp.p4rt import P4Info

__all__ = ["Compilation", "Ids", "NotInProgram", "PolicyUse", "Target", "compile_node", "compile_state", "ids_for"]


@dataclass(frozen=True)
class Compilation:
    """Entities, and what their numbers stand for.

    ``targets``: next hop number to the (interface, address) pairs that must be resolved for it; an address
    None is the destination of the packet itself. ``sids``: counter index to SID. ``policies``: every policy
    in every mode that is in use, with its number and which of its lists are valid. ``items``: number to name for
    each section that a record of a behaviour brings. ``weights``: next hop number of a set to the weights of its
    targets.
    """

    entities: list[Entity]
    targets: Mapping[int, tuple[Target, ...]] = field(default_factory=dict)
    sids: Mapping[int, Sid] = field(default_factory=dict)
    policies: tuple[PolicyUse, ...] = ()
    items: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    weights: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def addresses(self) -> frozenset[tuple[InterfaceId, IPAddress]]:
        """Next hops that a controller should keep resolved whether or not packets ask for them."""
        return frozenset(
            (interface, address)
            for targets in self.targets.values()
            for interface, address in targets
            if address is not None
        )


def ids_for(p4info: P4Info) -> Ids:
    """Number spaces as large as the program's counters allow."""
    sizes = {name: counter.size for name, counter in p4info.counters.items()}
    return Ids(
        sids=min(sizes[tables.SID_ERROR_COUNTER], sizes[tables.SID_COUNTER] // 2),
        policies=sizes.get(tables.POLICY_COUNTER, 0) // 2,
    )


def compile_state(
    node: Node,
    p4info: P4Info,
    neighbors: Mapping[tuple[InterfaceId, IPAddress], str] | None = None,
    ids: Ids | None = None,
    down: Collection[int] = (),
    watch: bool = False,
) -> Compilation:
    """Compile a node.

    ``neighbors`` are learned ones, (interface, address) to MAC; the node's static ones win over them. With ``ids``
    that have adopted what a switch has, numbers stay what they are there even where hashes collide. Whoever passes
    them calls ``ids.sweep()`` once the switch holds exactly this, or ``ids.undo()`` when nothing of it was written.

    ``down`` are ports that carry nothing now: neighbours behind them do not count, and connected prefixes and routes
    that need one of them are left out, so that the next longest prefix has its turn. With ``watch`` the switch is told
    which port a member of a group needs.

    Raises:
        NotInProgram: the program lacks something that the node asks for; nothing is numbered then.
        OverflowError: more SIDs, policies or next hops than the switch can number.
    """
    program = Capabilities(p4info)
    needs.check(node, program)
    known = {(InterfaceId(*interface), address): mac for (interface, address), mac in (neighbors or {}).items()}
    known.update(((neighbor.interface, neighbor.address), neighbor.mac) for neighbor in node.neighbors)
    if down:
        known = {key: mac for key, mac in known.items() if key[0].port not in down}
    ids = ids or ids_for(p4info)
    with gc_paused():
        nexthops = NextHops(node, known, ids, watch)
        routes = Routes(node, known, nexthops, program, down)
        policies = Policies(node, routes, nexthops, ids, program)
        numbers = Numbers(node, nexthops, policies, ids)
        sections = list(section_entities(node, numbers, program))
        sids = Sids(node, numbers, ids, program)
        classifier = Classifier(node, policies)
        steer_prefixes(node, policies, routes)
        routes.finish()
        ports = list(port_entities(node, policies, classifier, program))
        entities: list[Entity] = [
            *system_entities(node, program),
            *nexthops.entities(),
            *policies.entities(),
            *sections,
            *sids.entities(),
            *not_sid_entities(node, routes.prefixes()),
            *routes.entities(),
            *classifier.entities(),
            *domain_entities(node),
            *source_entities(node),
            *urpf_entities(node),
            *ports,
        ]
    return Compilation(entities, nexthops.targets, sids.numbers, policies.uses, numbers.items, nexthops.weights)


def compile_node(
    node: Node,
    p4info: P4Info,
    neighbors: Mapping[tuple[InterfaceId, IPAddress], str] | None = None,
) -> list[Entity]:
    """The entities of :func:`compile_state` alone."""
    return compile_state(node, p4info, neighbors).entities
