# SPDX-License-Identifier: Apache-2.0
"""A node as the entries of its switch, and what of them changes when neighbours or ports do.

    compiled = CompiledNode(node, p4info, neighbors)
    compiled.entities                              # everything, in reference order
    compiled.change({key: "02:00:00:00:00:02"})    # what another MAC changes, and nothing else is looked at

What depends on what is known when it is put together. A neighbour leads to the next hops and sets that it is in
(`NextHops`) and to its host routes; a port to its neighbours, to the rows of the routing tables that need it
(`PortConditions`, `Routes`), to the first segments that may be reached by way of them (`Underlay`), these to policies,
and those to what is steered. So a change costs what depends on it, however large the node is, and what comes out is
what compiling the node again would.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from p4rtlib.gcpause import gc_paused
from srv6cp.compile import needs
from srv6cp.compile.bsids import BindingSids
from srv6cp.compile.capabilities import Capabilities
from srv6cp.compile.changes import Change
from srv6cp.compile.conditions import Condition, PortConditions
from srv6cp.compile.hmac import hmac_entities
from srv6cp.compile.ids import Ids
from srv6cp.compile.nexthops import NextHops, Target
from srv6cp.compile.not_sids import NotSids
from srv6cp.compile.paths import Identity
from srv6cp.compile.policies import Policies, PolicyUse
from srv6cp.compile.ports import domain_entities, port_entities
from srv6cp.compile.routes import Routes
from srv6cp.compile.sids import Numbers, Sids, group_entities, section_entities
from srv6cp.compile.sources import source_entities
from srv6cp.compile.steering import Classifier, back_up_routes, steer_prefixes
from srv6cp.compile.system import system_entities
from srv6cp.compile.telemetry import telemetry_entities
from srv6cp.compile.underlay import Underlay
from srv6cp.compile.urpf import urpf_entities
from srv6cp.model import InterfaceId, IPAddress, Node, Sid
from srv6cp.p4rt.entities import Entity, TableEntry

if TYPE_CHECKING:
    from srv6cp.p4rt import P4Info

Neighbor = tuple[InterfaceId, IPAddress]


@dataclass(frozen=True)
class Delta:
    """Entries that are new, otherwise than before (before, after), or gone; ``policies`` that have other lists now."""

    inserts: tuple[Entity, ...] = ()
    modifies: tuple[tuple[Entity, Entity], ...] = ()
    deletes: tuple[Entity, ...] = ()
    policies: tuple[PolicyUse, ...] = ()

    @classmethod
    def of(cls, changes: Iterable[Change], policies: Iterable[PolicyUse] = ()) -> Delta:
        """From (before, after) of each entry, with None where there is none."""
        inserts, modifies, deletes = [], [], []
        for before, after in changes:
            if before is None:
                assert after is not None
                inserts.append(after)
            elif after is None:
                deletes.append(before)
            else:
                modifies.append((before, after))
        return cls(tuple(inserts), tuple(modifies), tuple(deletes), tuple(policies))


class CompiledNode:
    """A node, its learned neighbours ((interface, address) to MAC) and the ports that are ``down``.

    ``installed`` is the property of that name of who was there before: a policy may keep its path among equals.
    Raises as `compile_state` does; what raised in `change` is of no use any more.
    """

    def __init__(
        self,
        node: Node,
        p4info: P4Info,
        neighbors: Mapping[Neighbor, str],
        ids: Ids,
        down: Collection[int] = (),
        watch: bool = False,
        installed: Mapping[str, Identity] | None = None,
    ) -> None:
        self.node = node
        self._program = Capabilities(p4info)
        needs.check(node, self._program)
        self._down = frozenset(down)
        self._static = {(each.interface, each.address): each.mac for each in node.neighbors}
        self._learned: dict[Neighbor, str] = {(InterfaceId(*key[0]), key[1]): mac for key, mac in neighbors.items()}
        self._by_port: dict[int, dict[Neighbor, None]] = {}  # both
        for key in (*self._learned, *self._static):
            self._by_port.setdefault(key[0].port, {})[key] = None
        self._macs = {key: mac for key in (*self._learned, *self._static) if (mac := self._mac(key))}
        with gc_paused():
            self._put_together(ids, watch, installed)

    def _put_together(self, ids: Ids, watch: bool, installed: Mapping[str, Identity] | None) -> None:
        node, program = self.node, self._program
        self._ports = PortConditions(self._down)
        self._nexthops = NextHops(node, self._macs, ids, watch)
        self._routes = Routes(node, self._nexthops, program, self._ports)
        self._policies = Policies(node, Underlay(node, self._ports), self._nexthops, ids, program, installed)
        numbers = self._numbers = Numbers(node, self._nexthops, self._policies, ids)
        sections = list(section_entities(node, numbers, program))
        sids = Sids(node, numbers, ids, program)
        self._bsids = BindingSids(node, self._policies, sids.binding)
        steer_prefixes(node, self._policies, self._routes)
        back_up_routes(node, self._policies, self._routes)
        self._routes.finish()
        for interface, address in self._macs:
            self._routes.know(interface, address, True)
        routes = list(self._routes.entities())
        self._not_sids = NotSids(node, self._routes.prefixes(), self._routes.holds)
        self._steered = self._steered_entities()
        self.entities: list[Entity] = [
            *system_entities(node, program),
            *self._nexthops.entities(),
            *self._policies.entities(),
            *sections,
            *sids.entities(),
            *group_entities(node, numbers),
            *self._bsids.entities(),
            *self._not_sids.entities(),
            *routes,
            *domain_entities(node),
            *source_entities(node),
            *urpf_entities(node),
            *hmac_entities(node, self._policies, sids.numbers),
            *telemetry_entities(node, self._policies),
            *self._steered.values(),
        ]
        self.sids: Mapping[int, Sid] = sids.numbers
        self.items: Mapping[str, Mapping[int, str]] = numbers.items

    @property
    def targets(self) -> Mapping[int, tuple[Target, ...]]:
        """Next hop number to what must be resolved for it; it goes along with every change."""
        return self._nexthops.targets

    @property
    def weights(self) -> Mapping[int, tuple[int, ...]]:
        """Next hop number of a set to the weights of its targets."""
        return self._nexthops.weights

    @property
    def policies(self) -> tuple[PolicyUse, ...]:
        """Every policy in every mode that is in use."""
        return self._policies.uses

    @property
    def installed(self) -> Mapping[str, Identity]:
        """The active candidate path of each policy that has one."""
        return self._policies.installed

    def change(self, neighbors: Mapping[Neighbor, str | None], down: Collection[int] | None = None) -> Delta:
        """Learned neighbours that have another MAC, or (None) are known no longer, and the ports that are down from now
        on, unless they are the same. ``entities`` stay those of the beginning."""
        changed = dict.fromkeys(neighbors)
        for key, mac in neighbors.items():
            self._learn(key, mac)
        conditions: list[Condition] = []
        if down is not None and (now := frozenset(down)) != self._down:
            for port in now ^ self._down:
                changed.update(self._by_port.get(port, {}))
            self._down = now
            conditions = self._ports.change(now)
            self._routes.switch(conditions)
        found = [key for key in changed if self._follow(key)]
        segments = dict.fromkeys(each for one in conditions for each in one.segments)
        nexthops = [number for key in found for number in self._nexthops.leading_to(key)]
        segments.update(dict.fromkeys(self._policies.through(nexthops)))
        uses = self._policies.follow(segments)
        self._routes.switch(self._policies.changed_conditions(uses))
        rows = self._routes.touched()
        changes: list[Change] = [*self._routes.changes(), *self._not_sids.changes(rows)]
        if uses:
            changes += self._bsids.changes(use.policy.name for use in uses)
            changes += self._steered_changes()
            changes += self._policies.changes()
        changes += self._nexthops.changes()
        return Delta.of(changes, uses)

    def _learn(self, key: Neighbor, mac: str | None) -> None:
        if mac is not None:
            self._learned[key] = mac
            self._by_port.setdefault(key[0].port, {})[key] = None
        elif self._learned.pop(key, None) is not None and key not in self._static:
            del self._by_port[key[0].port][key]

    def _mac(self, key: Neighbor) -> str | None:
        """The MAC of a neighbour that packets can be sent to: the configured one, else the learned one."""
        return None if key[0].port in self._down else self._static.get(key) or self._learned.get(key)

    def _follow(self, key: Neighbor) -> bool:
        """Whether the neighbour has come or gone."""
        before, after = self._macs.get(key), self._mac(key)
        if before == after:
            return False
        if after is None:
            del self._macs[key]
        else:
            self._macs[key] = after
        self._nexthops.changed(key)
        if (before is None) is (after is None):
            return False
        self._routes.know(*key, after is not None)
        return True

    def _steered_entities(self) -> dict[Hashable, TableEntry]:
        """What of the ports and classifiers policies have a say in, by key."""
        classifier = Classifier(self.node, self._policies)
        ports = port_entities(self.node, self._policies, classifier, self._program, self._numbers.number)
        return {
            (entry.table, entry.priority, frozenset(entry.match.items())): entry
            for entry in (*classifier.entities(), *ports)
        }

    def _steered_changes(self) -> Iterator[Change]:
        before, self._steered = self._steered, self._steered_entities()
        for key in before.keys() | self._steered.keys():
            was, now = before.get(key), self._steered.get(key)
            if was != now:
                yield was, now
