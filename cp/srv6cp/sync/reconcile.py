# SPDX-License-Identifier: Apache-2.0
"""Make a switch hold exactly what it should: read, compare, write the difference.

    todo = plan(client, compile_node(node, info))
    print(todo.render())            # a dry run
    apply(client, todo)

Owned are all table entries of the program except constant and default ones, clone sessions, multicast groups
and the meters. What is referred to is written before what refers to it and deleted after it, and new things
are inserted before old ones are changed or deleted, so that traffic never meets a dangling reference.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeGuard

from p4rtlib.gcpause import gc_paused
from p4rtlib.references import tables_in_order
from srv6cp.compile.capabilities import Capabilities
from srv6cp.compile.system import metered
from srv6cp.compile.tables import (
    FLOW_SEED,
    PACKET_COPY,
    PORT,
    REPLICATION_SEGMENT,
    SIDLISTS,
    SOURCES,
    URPF,
    VLAN,
)
from srv6cp.p4rt import (
    ActionSet,
    CloneSession,
    Code,
    Entity,
    MeterEntry,
    MulticastGroup,
    RpcFailed,
    TableEntry,
    Update,
    UpdateType,
    render_entity,
    render_key,
)

if TYPE_CHECKING:
    from srv6cp.p4rt import Client, MatchValue, P4Info

__all__ = ["Check", "Plan", "apply", "diff", "order_of", "plan", "read_owned"]

# What must be there first although no value refers to it: a policy of one segment has no segment list, so
# `@refers_to` would be false; flows keep the list that they are given; what guards SIDs must not come after them; and
# a group makes copies as soon as something names it.
_GUARDS = ("upper_layer_table", "sr_domain_table", "sid_block_table")
_SOURCES = (*SOURCES.values(), *URPF.values())
_AFTER = {
    "sr_policy_table": (*SIDLISTS, FLOW_SEED, PACKET_COPY),
    "my_sid_table": (*_GUARDS, REPLICATION_SEGMENT),
    REPLICATION_SEGMENT: (PACKET_COPY,),
    "ipv6_table": _GUARDS,
    PORT: _SOURCES,
    VLAN: _SOURCES,
}
# BMv2 computes rates in floating point and may give back one less.
_RATE_TOLERANCE = 1
# What BMv2 reports for a meter cell that was never configured.
_UNLIMITED = 1 << 62


@dataclass(frozen=True)
class Plan:
    """What has to be written. ``modifies`` holds (before, after) pairs; ``unchanged`` counts the rest.

    ``order`` ranks the tables: each refers only to tables of a lower rank.
    """

    inserts: tuple[Entity, ...] = ()
    modifies: tuple[tuple[Entity, Entity], ...] = ()
    deletes: tuple[Entity, ...] = ()
    unchanged: int = 0
    order: Mapping[str, int] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.inserts) + len(self.modifies) + len(self.deletes)

    def updates(self) -> Iterator[Update]:
        """The updates in the order in which they are safe."""
        for entity in sorted(self.inserts, key=self._rank):
            yield Update(UpdateType.INSERT, entity)
        for _, entity in sorted(self.modifies, key=lambda pair: self._rank(pair[1])):
            yield Update(UpdateType.MODIFY, entity)
        for entity in sorted(self.deletes, key=self._rank, reverse=True):
            yield Update(UpdateType.DELETE, entity)

    def render(self) -> str:
        """A line an update: ``+ new``, ``- gone``, ``~ key: before => after``; then a summary."""
        lines = [f"+ {render_entity(entity)}" for entity in sorted(self.inserts, key=self._rank)]
        for before, after in sorted(self.modifies, key=lambda pair: self._rank(pair[1])):
            key = render_key(after)
            was, now = (render_entity(entity).removeprefix(key).strip() for entity in (before, after))
            lines.append(f"~ {key}: {was.removeprefix('-> ')} => {now.removeprefix('-> ')}")
        lines += [f"- {render_entity(entity)}" for entity in sorted(self.deletes, key=self._rank, reverse=True)]
        return "\n".join([*lines, self.summary()])

    def _rank(self, entity: Entity) -> int:
        """Everything that is no table comes first."""
        return self.order[entity.table] if isinstance(entity, TableEntry) else -1

    def summary(self) -> str:
        """``3 to insert, 1 to modify, 0 to delete, 120 unchanged``."""
        return (
            f"{len(self.inserts)} to insert, {len(self.modifies)} to modify, "
            f"{len(self.deletes)} to delete, {self.unchanged} unchanged"
        )


#: Is given what is there and what of it would be deleted, and raises what `plan` is to raise.
Check = Callable[[Sequence[Entity], Sequence[Entity]], None]


def plan(client: Client, desired: Iterable[Entity], keep_foreign: bool = False, check: Check | None = None) -> Plan:
    """Compare the switch with ``desired``. With ``keep_foreign`` nothing is deleted.

    Raises:
        P4RuntimeError: the switch cannot be read.
    """
    with gc_paused():
        wanted = tuple(desired)
        ports = {entity.match["ingress_port"] for entity in wanted if _is_port(entity)}
        if check is None:
            return diff(read_owned(client, ports), wanted, client.p4info, keep_foreign)
        present = list(read_owned(client, ports))
        todo = diff(present, wanted, client.p4info, keep_foreign)
        check(present, todo.deletes)
        return todo


def apply(client: Client, todo: Plan, batch: int = 1000) -> int:
    """Write a plan; the number of updates.

    Raises:
        WriteError: the switch refused some updates; the others took effect.
    """
    with gc_paused():
        return client.write(todo.updates(), batch=batch)


def read_owned(client: Client, ports: Iterable[MatchValue] = ()) -> Iterator[Entity]:
    """Everything on the switch that a plan may change; meters of these ports and of those that the switch has."""
    known = set(ports)
    for entity in client.read(TableEntry(name) for name in client.p4info.tables):
        if _is_port(entity):
            known.add(entity.match["ingress_port"])
        yield entity
    yield from client.read(metered((int(str(port)) for port in known), Capabilities(client.p4info)))
    for copies in (CloneSession(), MulticastGroup()):
        try:
            yield from client.read(copies)
        except RpcFailed as error:
            if error.code is not Code.UNIMPLEMENTED:
                raise


def diff(current: Iterable[Entity], desired: Iterable[Entity], info: P4Info, keep_foreign: bool = False) -> Plan:
    """Compare two sets of entities of the program ``info``; the order within them does not matter."""
    there: dict[Hashable, Entity] = {}
    for entity in current:
        if isinstance(entity, TableEntry) and (entity.is_default or entity.is_const):
            continue
        if isinstance(entity, MeterEntry) and _unmetered(entity):
            continue
        there[_key(entity)] = entity
    inserts: list[Entity] = []
    modifies: list[tuple[Entity, Entity]] = []
    unchanged = 0
    for entity in desired:
        key = _key(entity)
        before = there.pop(key, None)
        if before is None:
            if isinstance(entity, MeterEntry):
                modifies.append((MeterEntry(entity.meter, entity.index), entity))
            else:
                inserts.append(entity)
        elif _same(before, entity):
            unchanged += 1
        else:
            modifies.append((before, entity))
    deletes: list[Entity] = []
    if keep_foreign:
        unchanged += len(there)
    else:
        for entity in there.values():
            if isinstance(entity, MeterEntry):
                modifies.append((entity, MeterEntry(entity.meter, entity.index)))
            else:
                deletes.append(entity)
    return Plan(tuple(inserts), tuple(modifies), tuple(deletes), unchanged, order_of(info))


def order_of(info: P4Info) -> dict[str, int]:
    """Rank of each table of a program: it refers only to tables of a lower one."""
    return {table.alias: rank for rank, table in enumerate(tables_in_order(info.tables, _AFTER))}


def _is_port(entity: Entity) -> TypeGuard[TableEntry]:
    return isinstance(entity, TableEntry) and entity.table in (PORT, VLAN) and "ingress_port" in entity.match


def _key(entity: Entity) -> Hashable:
    if isinstance(entity, TableEntry):
        return entity.table, entity.priority, frozenset(entity.match.items())
    if isinstance(entity, MeterEntry):
        return entity.meter, entity.index
    if isinstance(entity, CloneSession):
        return "clone session", entity.session_id
    if isinstance(entity, MulticastGroup):
        return "multicast group", entity.group_id
    raise TypeError(f"{type(entity).__name__} is not reconciled")


def _same(before: Entity, after: Entity) -> bool:
    if isinstance(before, TableEntry) and isinstance(after, TableEntry):
        if isinstance(before.action, ActionSet) and isinstance(after.action, ActionSet):
            return before.metadata == after.metadata and _weights(before.action) == _weights(after.action)
        return before.metadata == after.metadata and before.action == after.action
    if isinstance(before, MeterEntry) and isinstance(after, MeterEntry):
        return all(
            abs(was - now) <= _RATE_TOLERANCE
            for was, now in (
                (before.cir or 0, after.cir or 0),
                (before.cburst, after.cburst),
                (before.pir, after.pir),
                (before.pburst, after.pburst),
            )
        )
    if isinstance(before, MulticastGroup) and isinstance(after, MulticastGroup):
        return set(before.replicas) == set(after.replicas)  # BMv2 keeps no metadata
    return before == after


def _weights(actions: ActionSet) -> dict[Hashable, int]:
    """Weight of each distinct action: switches may list a set in any order."""
    weights: dict[Hashable, int] = {}
    for each in actions.actions:
        key = each.action.name, frozenset(each.action.params.items()), each.watch_port
        weights[key] = weights.get(key, 0) + each.weight
    return weights


def _unmetered(entity: MeterEntry) -> bool:
    rates = (entity.cir, entity.cburst, entity.pir, entity.pburst)
    return entity.cir is None or entity.cir >= _UNLIMITED or not any(rates)
