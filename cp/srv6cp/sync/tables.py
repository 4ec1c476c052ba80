# SPDX-License-Identifier: Apache-2.0
"""The tables of one switch, kept equal to a node and its neighbours.

`reconcile` reads the switch and repairs whatever differs: at start, after a restart of the switch, on taking
over from another controller. `follow` writes what neighbours and ports that come and go change, and costs no more than
that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from srv6cp.compile import CompiledNode, Ids, PolicyUse, Target, compile_state, ids_for
from srv6cp.compile.paths import Identity, in_order
from srv6cp.model import InterfaceId, NeighborKey, Node
from srv6cp.p4rt import Action, Client, MatchValue, P4Info, TableEntry
from srv6cp.sync import reconcile as reconciliation
from srv6cp.sync.numbers import numbers_of
from srv6cp.sync.program import Program
from srv6cp.sync.reconcile import Plan

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Changes:
    """How many entities were written."""

    inserts: int = 0
    modifies: int = 0
    deletes: int = 0

    @classmethod
    def of(cls, plan: Plan) -> Changes:
        """Those that a plan, now written, stands for."""
        return cls(len(plan.inserts), len(plan.modifies), len(plan.deletes))

    def __str__(self) -> str:
        return f"{self.inserts} inserted, {self.modifies} modified, {self.deletes} deleted"


class _Adjacency(NamedTuple):
    """What an entry of nexthop_table with `set_adjacency` says."""

    interface: InterfaceId
    mac: bytes

    @classmethod
    def of(cls, action: Action) -> _Adjacency:
        params = action.params
        port, vlan = params["egress_port"], params["vlan_id"]
        assert isinstance(port, int) and isinstance(vlan, int)
        return cls(InterfaceId(port, vlan), bytes.fromhex(str(params["dst_mac"]).replace(":", "")))


@dataclass(frozen=True)
class Found:
    """What there was when the tables were taken over: whether the program had to be ``loaded``, and neighbours."""

    loaded: bool
    neighbors: Mapping[NeighborKey, bytes]


class Tables:
    """Writer of one switch's tables. Every method may raise what `Client` raises (`P4RuntimeError`)."""

    def __init__(self, client: Client, program: Program) -> None:
        self._client = client
        self._program = program
        self._info = program.info
        self._ids: Ids | None = None  # while it is not known which the entries of the switch have
        self._written: CompiledNode | None = None  # what the switch holds, unless writing has failed
        self._targets: Mapping[int, tuple[Target, ...]] = {}
        self._next_hops: dict[int, list[NeighborKey]] = {}  # of the configuration, by port
        self._configured: Mapping[int, tuple[Target, ...]] = {}
        self._order = reconciliation.order_of(self._info)
        self.down: frozenset[int] = frozenset()
        """Ports that carry nothing now; what is written from now on leaves them out."""
        self._watch = False  # the switch takes members of groups out by itself
        self._installed: Mapping[str, Identity] = {}  # active candidate paths
        self.learned: Callable[[], Iterable[TableEntry]] = tuple
        """Entries beside those of the node, of what packets have taught; they are left where they are."""
        self._said: dict[str, _Said] = {}  # of policies that are not as they should be

    @property
    def info(self) -> P4Info:
        """The program that the switch runs under this controller."""
        return self._info

    def names(self, section: str) -> Mapping[int, str]:
        """Numbers and names of the items of a section that a record brings, as they are on the switch."""
        return self._written.items.get(section, {}) if self._written is not None else {}

    def next_hops(self, ports: Iterable[int] | None = None) -> list[NeighborKey]:
        """Neighbours that the configuration names as next hops, or those of them behind some ports: to be kept resolved
        ahead of traffic."""
        if ports is None:
            return [key for keys in self._next_hops.values() for key in keys if key.interface.port not in self.down]
        return [key for port in ports if port not in self.down for key in self._next_hops.get(port, ())]

    def targets(self, nexthop_id: int) -> tuple[Target, ...]:
        """Where a next hop number leads; empty when it is not in use."""
        return self._targets.get(nexthop_id, ())

    def take_over(self, node: Node, recover: bool = True) -> Found:
        """Load the program unless the switch runs it; then, with ``recover``, see what an earlier writer had resolved.

        Raises OverflowError when the configuration is too much, as `configure` does.
        """
        self._written = None
        loaded = self._program.load(self._client)
        if loaded:
            self._ids = ids_for(self._info)
            return Found(True, {})
        if recover:
            return Found(False, self.recover(node))
        self._ids = numbers_of(self._client, self._info)
        return Found(False, {})

    def recover(self, node: Node | None) -> dict[NeighborKey, bytes]:
        """What an earlier writer of the tables knew: numbers, which are kept, and neighbours, which are returned.

        Without a node these are the ones with a host route. Raises OverflowError when the configuration is too much, as
        `configure` does.
        """
        self._written = None
        self._ids = numbers_of(self._client, self._info)
        if node is not None:
            self.configure(node)
        return self._recover_neighbors()

    def configure(self, node: Node) -> None:
        """Work out what the configuration alone asks for. Raises OverflowError when it is too much."""
        ids = self._ids or ids_for(self._info)
        try:
            compiled = compile_state(node, self._info, None, ids)
        finally:
            ids.undo()  # nothing of it is written
        self._configured = compiled.targets
        self._next_hops = {}
        for interface, address in compiled.addresses:
            self._next_hops.setdefault(interface.port, []).append(NeighborKey(interface, address))

    def _numbers(self) -> Ids:
        """Those that the entries of the switch have; they are read when that is not known."""
        if self._ids is None:
            self._ids = numbers_of(self._client, self._info)
        return self._ids

    def _recover_neighbors(self) -> dict[NeighborKey, bytes]:
        """Neighbours that an earlier controller had resolved, read back from the switch.

        Next hops of the configuration have known numbers; other neighbours (hosts of connected prefixes) are
        found by their host routes, which are read only when there are any.
        """
        adjacencies = {
            match["nexthop_id"]: _Adjacency.of(action)
            for match, action in self._read("nexthop_table")
            if action.name == "set_adjacency"
        }
        found: dict[NeighborKey, bytes] = {}
        unknown = dict(adjacencies)
        for number, targets in self._configured.items():
            adjacency = unknown.pop(number, None)
            for interface, address in targets:
                if adjacency and address and len(targets) == 1 and interface == adjacency.interface:
                    found[NeighborKey(interface, address)] = adjacency.mac
        if not unknown:
            return found
        for match, action in self._read("ipv6_table", "ipv4_table"):
            adjacency = unknown.get(action.params.get("nexthop_id", 0))
            prefix = match.get("ipv6_dst") or match.get("ipv4_dst")
            if adjacency and isinstance(prefix, (IPv4Network, IPv6Network)) and prefix.num_addresses == 1:
                found[NeighborKey(adjacency.interface, prefix.network_address)] = adjacency.mac
        return found

    def _read(self, *tables: str) -> Iterator[tuple[Mapping[str, MatchValue], Action]]:
        for entry in self._client.read(*map(TableEntry, tables)):
            if isinstance(entry, TableEntry) and isinstance(entry.action, Action):
                yield entry.match, entry.action

    def plan(
        self,
        node: Node,
        neighbors: Mapping[NeighborKey, str],
        keep_foreign: bool = False,
        check: reconciliation.Check | None = None,
    ) -> Plan:
        """Read the switch and say what makes it what `node` with `neighbors` asks for."""
        self._ask_for_ports()
        desired = self._compile(node, neighbors, self._numbers())
        return reconciliation.plan(self._client, (*desired.entities, *self.learned()), keep_foreign, check)

    def _ask_for_ports(self) -> None:
        """BMv2 does not tell of its ports, and it must not watch them either: where it cannot read their state (a
        namespace without a sysfs of its own) it takes them for down, and dies when a group with such a member is
        changed."""
        self._watch = self._client.port_states() is not None

    def reconcile(
        self,
        node: Node,
        neighbors: Mapping[NeighborKey, str],
        keep_foreign: bool = False,
        check: reconciliation.Check | None = None,
    ) -> Plan:
        """Read the switch and make it what `node` with `neighbors` asks for; what was written.

        Nothing is written when ``check`` raises.
        """
        self._ask_for_ports()
        ids = self._numbers()
        self._written = self._ids = None  # should anything fail: who has which number is to be read then
        desired = self._compile(node, neighbors, ids)
        plan = reconciliation.plan(self._client, (*desired.entities, *self.learned()), keep_foreign, check)
        self._targets = {}
        reconciliation.apply(self._client, plan)
        self._written, self._ids, self._targets = desired, ids, desired.targets
        desired.entities.clear()
        if not keep_foreign:
            ids.sweep()
        return plan

    def follow(
        self,
        node: Node,
        changed: Mapping[NeighborKey, str | None],
        neighbors: Callable[[], Mapping[NeighborKey, str]],
    ) -> None:
        """Neighbours that have another MAC or (None) are known no longer, and `down`: write what this changes. The
        switch is not read, unless writing has failed before; then all ``neighbors`` are asked for."""
        written, ids = self._written, self._ids
        if written is None or ids is None:
            self.reconcile(node, neighbors())
            return
        self._written = self._ids = None  # as in `reconcile`
        delta = written.change({(key.interface, key.address): mac for key, mac in changed.items()}, self.down)
        self._say_what_is_invalid(node, delta.policies)
        plan = Plan(delta.inserts, delta.modifies, delta.deletes, order=self._order)
        if len(plan):
            reconciliation.apply(self._client, plan)
        ids.settle()
        self._written, self._ids = written, ids

    def _compile(self, node: Node, neighbors: Mapping[NeighborKey, str], ids: Ids) -> CompiledNode:
        learned = {(key.interface, key.address): mac for key, mac in neighbors.items()}
        compiled = CompiledNode(node, self._info, learned, ids, self.down, self._watch, self._installed)
        self._installed = compiled.installed
        self._say_what_is_invalid(node, compiled.policies, all_policies=True)
        return compiled

    def _say_what_is_invalid(self, node: Node, uses: Iterable[PolicyUse], all_policies: bool = False) -> None:
        """Log each policy whose lists have become invalid, or valid again, once. The others stay as they are, unless
        these are all there are."""
        said = {use.policy.name: use for use in reversed(tuple(uses))}  # in another mode it is as valid as in its own
        if all_policies:
            self._said = {name: before for name, before in self._said.items() if name in said}
        for name, use in reversed(said.items()):
            now = _Said.of(use)
            if now == self._said.get(name, _USUAL):
                continue
            self._said[name] = now
            if now == _USUAL:
                del self._said[name]
            which = f"{len(now.faults)} of {len(use.valid_lists)} lists invalid: " if now.faults else ""
            what = "valid again"
            if now != _USUAL:
                what = "; ".join(filter(None, (which + ", ".join(dict.fromkeys(now.faults)), use.fate)))
            log.warning("%s: policy %s: %s", node.name, name, what)


class _Said(NamedTuple):
    """What is said of a policy: why lists are not valid, and the path that carries its traffic where that is not the
    first that would, were all of them valid."""

    faults: tuple[str, ...] = ()
    instead: str = ""

    @classmethod
    def of(cls, use: PolicyUse) -> _Said:
        active = use.active
        first = in_order(use.policy.paths)[0]
        instead = "none" if active is None else active.label if active.identity != first.identity else ""
        return cls(tuple(reason for _, reason in use.invalid_lists()), instead)


_USUAL = _Said()
