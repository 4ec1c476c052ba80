# SPDX-License-Identifier: Apache-2.0
"""``nexthop_table`` and ``nexthop_group_table``.

A next hop's number stands for where it leads (interface and address), not for whether that is
resolved: resolution changes the entry's action, and nothing that refers to it has to change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import zip_longest
from math import gcd
from typing import NamedTuple

from srv6cp.compile import tables
from srv6cp.compile.changes import Change
from srv6cp.compile.ids import Ids, short_key
from srv6cp.compile.seeds import seeds
from srv6cp.model import Interface, InterfaceId, IPAddress, NextHop, Node
from srv6cp.p4rt.entities import Action, ActionSet, TableEntry, Value, WeightedAction

Target = tuple[InterfaceId, "IPAddress | None"]
Neighbors = Mapping[tuple[InterfaceId, IPAddress], str]

_TO_LOCAL_SID = b"to_local_sid"


class _State(NamedTuple):
    """What the switch holds for a next hop: its action, and the group that this names."""

    action: Action
    group: int = 0
    members: ActionSet | None = None


@dataclass(eq=False)
class _Record:
    """One next hop or set of them. ``hops`` is empty for the way to a local SID; ``uses`` counts who needs its entry;
    with ``kept`` it keeps its number while nobody does."""

    key: bytes
    number: int
    hops: tuple[NextHop, ...]
    uses: int = 0
    kept: bool = False
    state: _State | None = None


class NextHops:
    """Next hops in use: numbers on request, entries at the end, and what changes of these with the neighbours.

    ``targets`` says for each number which (interface, address) must be resolved for it; the address is
    None where it is the destination of the packet itself (a connected prefix). ``weights`` are those of the members
    of a set, in the order of its targets. ``neighbors`` stays the caller's, who says what `changed`. With ``watch``
    members of groups name the port without which they are no use, and a switch takes them out before any controller
    has heard of it.
    """

    def __init__(self, node: Node, neighbors: Neighbors, ids: Ids, watch: bool = False) -> None:
        self.watch = watch
        self.targets: dict[int, tuple[Target, ...]] = {}
        self.weights: dict[int, tuple[int, ...]] = {}
        self._interfaces = {interface.id: interface for interface in node.interfaces()}
        self._neighbors = neighbors
        self._ids = ids
        self._flow_seed = seeds(node).nexthops
        self._records: dict[int, _Record] = {}
        self._leading_to: dict[Target, list[_Record]] = {}
        self._dirty: dict[int, _Record] = {}
        # Routes that share a next hop share the tuple: identity is a fast key, as long as the tuple lives.
        self._seen: dict[int, tuple[tuple[NextHop, ...], int]] = {}

    # Numbers -------------------------------------------------------------------------------------------------

    def reserve(self, hops: tuple[NextHop, ...]) -> int:
        """Number of a next hop or ECMP set of them, for as long as the node stays, with an entry while in `use`."""
        seen = self._seen.get(id(hops))
        if seen is None:
            record = self._record(hops)
            record.kept = True
            seen = self._seen[id(hops)] = hops, record.number
        return seen[1]

    def via(self, hops: tuple[NextHop, ...]) -> int:
        """As `reserve`, and it is in use for as long."""
        number = self.reserve(hops)
        self.use(number)
        return number

    def take(self, hops: tuple[NextHop, ...]) -> int:
        """Number of a next hop or set that is in use until it is dropped."""
        number = self._record(hops).number
        self.use(number)
        return number

    def to_local_sid(self) -> int:
        """As `take`: the next hop that processes the packet once more on this node (END-10)."""
        number = self._numbered(_TO_LOCAL_SID, ()).number
        self.use(number)
        return number

    def use(self, number: int) -> None:
        """One more needs the entry of this next hop."""
        record = self._records[number]
        record.uses += 1
        if record.uses == 1:
            self._dirty[number] = record

    def drop(self, number: int) -> None:
        """One less needs it."""
        record = self._records[number]
        record.uses -= 1
        if record.uses:
            return
        self._dirty[number] = record
        if not record.kept:
            self._remove(record)

    def changed(self, neighbor: tuple[InterfaceId, IPAddress]) -> None:
        """A neighbour has another MAC, or is known or unknown otherwise than before."""
        for record in self._leading_to.get(neighbor, ()):
            self._dirty[record.number] = record

    def leading_to(self, neighbor: tuple[InterfaceId, IPAddress]) -> list[int]:
        """The next hops and sets that a neighbour is in."""
        return [record.number for record in self._leading_to.get(neighbor, ())]

    def answers(self, number: int) -> bool:
        """Whether packets to this next hop, or to some of the set, can be sent at once."""
        hops = self._records[number].hops
        return not hops or any(self._mac(hop) is not None for hop in hops)

    def watched(self, number: int) -> int | None:
        """The port that everything sent to this next hop leaves by; None for several, none, and without ``watch``."""
        if not self.watch:
            return None
        ports = {interface.port for interface, _ in self.targets.get(number, ())}
        return ports.pop() if len(ports) == 1 else None

    def _record(self, hops: tuple[NextHop, ...]) -> _Record:
        if len(hops) == 1:
            return self._numbered(_key(hops[0]), hops)
        ordered = tuple(sorted(hops, key=_key))
        return self._numbered(b"|".join(_key(hop) + b"*%d" % hop.weight for hop in ordered), ordered)

    def _numbered(self, key: bytes, hops: tuple[NextHop, ...]) -> _Record:
        key = short_key(key)
        number = self._ids.nexthops.take(key)
        record = self._records.get(number)
        if record is None:
            # One that is not on the switch any more after this change may be asked for again before its end.
            record = self._dirty.get(number) or _Record(key, number, hops)
            self._records[number] = record
            if hops:
                self.targets[number] = tuple((hop.interface, hop.address) for hop in hops)
            if len(hops) > 1:
                self.weights[number] = tuple(hop.weight for hop in hops)
            for hop in hops:
                if hop.address is not None:
                    self._leading_to.setdefault((hop.interface, hop.address), []).append(record)
        return record

    def _remove(self, record: _Record) -> None:
        self._ids.nexthops.release(record.key)
        del self._records[record.number]
        self.targets.pop(record.number, None)
        self.weights.pop(record.number, None)
        for hop in record.hops:
            if hop.address is not None:
                leading = self._leading_to[hop.interface, hop.address]
                leading.remove(record)
                if not leading:
                    del self._leading_to[hop.interface, hop.address]

    # Entries -------------------------------------------------------------------------------------------------

    def entities(self) -> Iterator[TableEntry]:
        """All entries, groups before the next hops that refer to them."""
        self._dirty.clear()
        used = [record for record in self._records.values() if record.uses]
        for record in used:
            record.state = self._state(record)
        for record in used:
            yield from _group_entry(record, record.state)
        for record in used:
            yield from _entry(record, record.state)

    def changes(self) -> Iterator[Change]:
        """What is otherwise than it was at the last call of this or of `entities`."""
        dirty, self._dirty = self._dirty, {}
        for record in dirty.values():
            before, after = record.state, self._state(record) if record.uses else None
            if before is not None and before.group and not (after and after.group):
                self._ids.groups.release(record.key)
            if before != after:
                record.state = after
                for entry in (_group_entry, _entry):
                    yield from zip_longest(entry(record, before), entry(record, after))

    def _state(self, record: _Record) -> _State:
        hops = record.hops
        if not hops:
            return _State(Action("to_local_sid"))
        resolved = [(hop.weight, action) for hop in hops if (action := self._adjacency(hop))]
        if not resolved:
            # Of a set, the first packet asks for the first member; the controller resolves the whole of it.
            return _State(_glean(hops[0].interface))
        if len(resolved) == 1:
            return _State(resolved[0][1])
        group = self._ids.groups.take(record.key)
        watched = [action.params["egress_port"] for _, action in resolved] if self.watch else []
        action = Action("set_nexthop_group", {"nexthop_group_id": group, "flow_seed": self._flow_seed})
        return _State(action, group, action_set(resolved, watched))

    def _mac(self, hop: NextHop) -> str | None:
        return self._neighbors.get((hop.interface, hop.address)) if hop.address is not None else None

    def _adjacency(self, hop: NextHop) -> Action | None:
        mac = self._mac(hop)
        if mac is None:
            return None
        interface = self._interfaces[hop.interface]
        return Action(
            "set_adjacency",
            {
                "egress_port": hop.interface.port,
                "vlan_id": hop.interface.vlan,
                "src_mac": interface.mac,
                "dst_mac": mac,
                "mtu": interface.mtu,
            },
        )


def connected(interface: Interface) -> tuple[NextHop, ...]:
    """The next hop "whoever owns the destination address on this link"."""
    return (NextHop(interface.id, None),)


def towards(address: IPAddress, hops: tuple[NextHop, ...]) -> tuple[NextHop, ...]:
    """The next hops of a packet to ``address``: where they name a port alone, the neighbour is ``address`` itself."""
    if all(hop.address is not None for hop in hops):
        return hops
    return tuple(replace(hop, address=address) if hop.address is None else hop for hop in hops)


def action_set(weighted: list[tuple[int, Action]], watched: Sequence[Value | None] = ()) -> ActionSet:
    """A selector's action set: equal actions merged, weights divided by their greatest common divisor.

    ``watched``: for each action the port without which it is no use, None where there is no such port.
    """
    merged: list[tuple[int, Action, Value | None]] = []
    for (weight, action), port in zip_longest(weighted, watched):
        for index, (other_weight, other, other_port) in enumerate(merged):
            if other == action:
                merged[index] = (weight + other_weight, action, other_port)
                break
        else:
            merged.append((weight, action, port))
    divisor = reduce(gcd, (weight for weight, _, _ in merged))
    return ActionSet(tuple(WeightedAction(action, weight // divisor, port) for weight, action, port in merged))


def _group_entry(record: _Record, state: _State | None) -> list[TableEntry]:
    if state is None or state.members is None:
        return []
    match = {"nexthop_group_id": state.group}
    return [TableEntry(tables.NEXTHOP_GROUP, match, state.members, metadata=record.key)]


def _entry(record: _Record, state: _State | None) -> list[TableEntry]:
    if state is None:
        return []
    return [TableEntry(tables.NEXTHOP, {"nexthop_id": record.number}, state.action, metadata=record.key)]


def _key(hop: NextHop) -> bytes:
    return b"%d.%d>" % hop.interface + (hop.address.packed if hop.address is not None else b"")


def _glean(interface: InterfaceId) -> Action:
    return Action("glean", {"egress_port": interface.port, "vlan_id": interface.vlan})
