# SPDX-License-Identifier: Apache-2.0
"""A change that takes away more than half of what is programmed needs a second look.

A node file that is written in two steps, a generator that lost its input, a file of another router: all of them are
valid, and all of them delete. So whoever applies a node asks a `Guard` first, kind by kind:

    Guard().check(by_nodes(applied, node))              # raises TakesAway

Kinds are counted apart, since a node of 5 000 routes and 600 SIDs that loses every SID loses a tenth of its objects
and all of its service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from srv6cp.compile import compile_node
from srv6cp.model import Node
from srv6cp.p4rt import Entity, TableEntry
from srv6cp.sync.difference import SETTINGS, compare
from srv6cp.sync.reconcile import diff, read_owned

if TYPE_CHECKING:
    from srv6cp.p4rt import Client
    from srv6cp.sync.program import Program

DEFAULT_SHARE = 50
DEFAULT_MINIMUM = 10

#: What the entries of a table are to an operator. Others follow from these.
_KINDS = {
    "my_sid_table": "SIDs",
    "ipv6_table": "IPv6 routes",
    "ipv4_table": "IPv4 routes",
    "sr_policy_table": "policies",
    "classifier_ipv6_table": "IPv6 classifiers",
    "classifier_ipv4_table": "IPv4 classifiers",
    "ingress_port_table": "ports",
    "ingress_vlan_table": "VLANs",
    "dx2v_table": "VLANs of VLAN tables",
    "mpls_policy_table": "SR-MPLS policies",
}


class Loss(NamedTuple):
    """``gone`` of the ``present`` objects of a kind are taken away."""

    kind: str
    gone: int
    present: int

    def __str__(self) -> str:
        return f"{self.gone} of {self.present} {self.kind}"


class TakesAway(Exception):
    """A change takes away more than the guard lets pass; ``losses`` are the kinds of which it does."""

    def __init__(self, losses: Iterable[Loss]) -> None:
        self.losses = tuple(losses)
        super().__init__("it takes away " + ", ".join(map(str, self.losses)))


@dataclass(frozen=True)
class Guard:
    """Lets pass what takes away at most ``share`` percent of a kind, or less than ``minimum`` objects of it.

    A share of 100 lets everything pass.
    """

    share: int = DEFAULT_SHARE
    minimum: int = DEFAULT_MINIMUM

    def excess(self, losses: Iterable[Loss]) -> tuple[Loss, ...]:
        """Those that need a second look."""
        return tuple(
            loss for loss in losses if loss.gone >= self.minimum and loss.gone * 100 > self.share * loss.present
        )

    def check(self, losses: Iterable[Loss]) -> None:
        """Raises TakesAway."""
        excess = self.excess(losses)
        if excess:
            raise TakesAway(excess)


def by_nodes(before: Node, after: Node) -> list[Loss]:
    """What a controller that has applied ``before`` takes away with ``after``."""
    return [Loss(each.kind, each.removed, each.before) for each in compare(before, after) if each.kind != SETTINGS]


def by_entries(present: Iterable[Entity], gone: Iterable[Entity]) -> list[Loss]:
    """What the switch loses when of the entries ``present`` those in ``gone`` are deleted."""
    there, deleted = _count(present), _count(gone)
    return [Loss(kind, count, there[kind]) for kind, count in deleted.items()]


def by_loading(client: Client, node: Node, program: Program) -> list[Loss]:
    """What the switch loses when its program is replaced by ``program``, and filled with ``node``.

    Raises P4RuntimeError; OverflowError when the node has more than the switch can number.
    """
    if not client.get_pipeline_cookie() or "my_sid_table" not in client.p4info.tables:
        return []  # nothing, or nothing of ours
    present = list(read_owned(client))
    return by_entries(present, diff(present, compile_node(node, program.info), program.info).deletes)


def _count(entities: Iterable[Entity]) -> Counter[str]:
    return Counter(
        _KINDS[entity.table]
        for entity in entities
        if isinstance(entity, TableEntry) and entity.table in _KINDS and not (entity.is_default or entity.is_const)
    )
