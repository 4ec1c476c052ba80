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

from srv6cp.compile import tables
from srv6cp.compile.compiled import CompiledNode, Delta
from srv6cp.compile.ids import Ids
from srv6cp.compile.needs import NotInProgram
from srv6cp.compile.nexthops import Target
from srv6cp.compile.paths import Identity
from srv6cp.compile.policies import PolicyUse
from srv6cp.model import InterfaceId, IPAddress, Node, Sid
from srv6cp.p4rt.entities import Entity

if TYPE_CHECKING:
    from srv6cp.p4rt import P4Info

__all__ = [
    "Compilation",
    "CompiledNode",
    "Delta",
    "Ids",
    "NotInProgram",
    "PolicyUse",
    "Target",
    "compile_node",
    "compile_state",
    "ids_for",
]


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
    installed: Mapping[str, Identity] | None = None,
) -> Compilation:
    """Compile a node.

    ``neighbors`` are learned ones, (interface, address) to MAC; the node's static ones win over them. With ``ids``
    that have adopted what a switch has, numbers stay what they are there even where hashes collide. Whoever passes
    them calls ``ids.sweep()`` once the switch holds exactly this, or ``ids.undo()`` when nothing of it was written.

    ``down`` are ports that carry nothing now: neighbours behind them do not count, and connected prefixes and routes
    that need one of them are left out, so that the next longest prefix has its turn. With ``watch`` the switch is told
    which port a member of a group needs. ``installed``: active candidate paths that policies may keep.

    Raises:
        NotInProgram: the program lacks something that the node asks for; nothing is numbered then.
        OverflowError: more SIDs, policies or next hops than the switch can number.
    """
    compiled = CompiledNode(node, p4info, neighbors or {}, ids or ids_for(p4info), down, watch, installed)
    return Compilation(
        compiled.entities, compiled.targets, compiled.sids, compiled.policies, compiled.items, compiled.weights
    )


def compile_node(
    node: Node,
    p4info: P4Info,
    neighbors: Mapping[tuple[InterfaceId, IPAddress], str] | None = None,
) -> list[Entity]:
    """The entities of :func:`compile_state` alone."""
    return compile_state(node, p4info, neighbors).entities
