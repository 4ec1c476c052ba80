# SPDX-License-Identifier: Apache-2.0
"""``nexthop_table`` and ``nexthop_group_table``.

A next hop's number stands for where it leads (interface and address), not for whether that is
resolved: resolution changes the entry's action, and nothing that refers to it has to change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import zip_longest
from math import gcd

from srv6cp.compile import tables
from srv6cp.compile.ids import Ids, short_key
from srv6cp.compile.seeds import seeds
from srv6cp.model import Interface, InterfaceId, IPAddress, NextHop, Node
from srv6cp.p4rt.entities import Action, ActionSet, TableEntry, Value, WeightedAction

Target = tuple[InterfaceId, "IPAddress | None"]
Neighbors = Mapping[tuple[InterfaceId, IPAddress], str]

_TO_LOCAL_SID = b"to_local_sid"


class NextHops:
    """Next hops in use: numbers on request, entries at the end.

    ``targets`` says for each number which (interface, address) must be resolved for it; the address is
    None where it is the destination of the packet itself (a connected prefix). ``weights`` are those of the members
    of a set, in the order of its targets. With ``watch`` members of groups name the port without which they are no
    use, and a switch takes them out before any controller has heard of it.
    """

    def __init__(self, node: Node, neighbors: Neighbors, ids: Ids, watch: bool = False) -> None:
        self.watch = watch
        self.targets: dict[int, tuple[Target, ...]] = {}
        self.weights: dict[int, tuple[int, ...]] = {}
        self._interfaces = {interface.id: interface for interface in node.interfaces()}
        self._neighbors = neighbors
        self._ids = ids
        self._flow_seed = seeds(node).nexthops
        self._actions: dict[int, Action] = {}
        self._groups: dict[int, ActionSet] = {}
        self._keys: dict[int, bytes] = {}
        self._group_keys: dict[int, bytes] = {}
        # Routes that share a next hop share the tuple: identity is a fast key, as long as the tuple lives.
        self._seen: dict[int, tuple[tuple[NextHop, ...], int]] = {}

    def via(self, hops: tuple[NextHop, ...]) -> int:
        """Number of a next hop, or of an ECMP set of them."""
        seen = self._seen.get(id(hops))
        if seen is None:
            number = self.single(hops[0]) if len(hops) == 1 else self._group(hops)
            seen = self._seen[id(hops)] = hops, number
        return seen[1]

    def single(self, hop: NextHop) -> int:
        """Number of one next hop."""
        interface, address = hop.interface, hop.address
        number = self._number(_key(hop))
        if number not in self._actions:
            self.targets[number] = ((interface, address),)
            self._actions[number] = self._adjacency(hop) or _glean(interface)
        return number

    def watched(self, number: int) -> int | None:
        """The port that everything sent to this next hop leaves by; None for several, none, and without ``watch``."""
        if not self.watch:
            return None
        ports = {interface.port for interface, _ in self.targets.get(number, ())}
        return ports.pop() if len(ports) == 1 else None

    def connected(self, interface: Interface) -> int:
        """Number of the next hop "whoever owns the destination address on this link"."""
        return self.single(NextHop(interface.id, None))

    def to_local_sid(self) -> int:
        """Number of the next hop that processes the packet once more on this node (END-10)."""
        number = self._number(_TO_LOCAL_SID)
        self._actions[number] = Action("to_local_sid")
        return number

    def entities(self) -> Iterator[TableEntry]:
        """All entries, groups before the next hops that refer to them."""
        for number, group in self._groups.items():
            yield TableEntry(
                tables.NEXTHOP_GROUP, {"nexthop_group_id": number}, group, metadata=self._group_keys[number]
            )
        for number, action in self._actions.items():
            yield TableEntry(tables.NEXTHOP, {"nexthop_id": number}, action, metadata=self._keys[number])

    def _number(self, key: bytes) -> int:
        key = short_key(key)
        number = self._ids.nexthops.take(key)
        self._keys[number] = key
        return number

    def _group(self, hops: tuple[NextHop, ...]) -> int:
        ordered = sorted(hops, key=_key)
        key = short_key(b"|".join(_key(hop) + b"*%d" % hop.weight for hop in ordered))
        number = self._number(key)
        if number in self._actions:
            return number
        self.targets[number] = tuple((hop.interface, hop.address) for hop in ordered)
        self.weights[number] = tuple(hop.weight for hop in ordered)
        resolved = [(hop.weight, action) for hop in ordered if (action := self._adjacency(hop))]
        if not resolved:
            # The first packet asks for the first member; the controller resolves the whole set.
            self._actions[number] = _glean(ordered[0].interface)
        elif len(resolved) == 1:
            self._actions[number] = resolved[0][1]
        else:
            group = self._ids.groups.take(key)
            watched = [action.params["egress_port"] for _, action in resolved] if self.watch else []
            self._groups[group] = action_set(resolved, watched)
            self._group_keys[group] = key
            self._actions[number] = Action(
                "set_nexthop_group", {"nexthop_group_id": group, "flow_seed": self._flow_seed}
            )
        return number

    def _adjacency(self, hop: NextHop) -> Action | None:
        mac = self._neighbors.get((hop.interface, hop.address)) if hop.address is not None else None
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


def _key(hop: NextHop) -> bytes:
    return b"%d.%d>" % hop.interface + (hop.address.packed if hop.address is not None else b"")


def _glean(interface: InterfaceId) -> Action:
    return Action("glean", {"egress_port": interface.port, "vlan_id": interface.vlan})
