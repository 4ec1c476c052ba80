# SPDX-License-Identifier: Apache-2.0
"""The tables of one switch, kept equal to a node and its neighbours.

`reconcile` reads the switch and repairs whatever differs: at start, after a restart of the switch, on taking
over from another controller. `follow` compares with what was written last, for neighbours that come and go.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from srv6cp.compile import Compilation, Ids, PolicyUse, Target, compile_state, ids_for
from srv6cp.model import InterfaceId, NeighborKey, Node
from srv6cp.p4rt import Action, Client, MatchValue, P4Info, TableEntry
from srv6cp.sync import reconcile as reconciliation
from srv6cp.sync.numbers import numbers_of
from srv6cp.sync.program import Program
from srv6cp.sync.reconcile import Plan

log = logging.getLogger(__name__)

_EMPTY = Compilation([])


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
        self._written = _EMPTY
        self._configured = _EMPTY
        self.down: frozenset[int] = frozenset()
        """Ports that carry nothing now; what is written from now on leaves them out."""
        self._watch = False  # the switch takes members of groups out by itself
        self._invalid: dict[str, list[str]] = {}  # policies with invalid lists, and why

    @property
    def info(self) -> P4Info:
        """The program that the switch runs under this controller."""
        return self._info

    @property
    def next_hops(self) -> Iterable[NeighborKey]:
        """Neighbours that the configuration names as next hops: to be kept resolved ahead of traffic."""
        return [
            NeighborKey(interface, address)
            for interface, address in self._configured.addresses
            if interface.port not in self.down
        ]

    def targets(self, nexthop_id: int) -> tuple[Target, ...]:
        """Where a next hop number leads; empty when it is not in use."""
        return self._written.targets.get(nexthop_id, ())

    def take_over(self, node: Node, recover: bool = True) -> Found:
        """Load the program unless the switch runs it; then, with ``recover``, see what an earlier writer had resolved.

        Raises OverflowError when the configuration is too much, as `configure` does.
        """
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
        self._ids = numbers_of(self._client, self._info)
        if node is not None:
            self.configure(node)
        return self._recover_neighbors()

    def configure(self, node: Node) -> None:
        """Work out what the configuration alone asks for. Raises OverflowError when it is too much."""
        ids = self._ids or ids_for(self._info)
        try:
            self._configured = compile_state(node, self._info, None, ids)
        finally:
            ids.undo()  # nothing of it is written

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
        for number, targets in self._configured.targets.items():
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
        return reconciliation.plan(self._client, self._compile(node, neighbors).entities, keep_foreign, check)

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
        desired = self._compile(node, neighbors)
        self._written = _EMPTY  # should writing fail, nothing is known of the switch
        plan = reconciliation.plan(self._client, desired.entities, keep_foreign, check)
        self._write(plan, desired, sweep=not keep_foreign)
        return plan

    def follow(self, node: Node, neighbors: Mapping[NeighborKey, str]) -> None:
        """Write what has changed since the last time; the switch is not read."""
        desired = self._compile(node, neighbors)
        plan = reconciliation.diff(self._written.entities, desired.entities, self._info)
        self._write(plan, desired)

    def _write(self, plan: Plan, desired: Compilation, sweep: bool = True) -> None:
        """Write a plan that makes the switch hold ``desired``; with ``sweep`` it holds nothing else then."""
        ids, self._ids = self._ids, None  # should writing fail, who has which number is to be read
        if len(plan):
            reconciliation.apply(self._client, plan)
        self._written, self._ids = desired, ids
        if ids is not None and sweep:
            ids.sweep()

    def _compile(self, node: Node, neighbors: Mapping[NeighborKey, str]) -> Compilation:
        learned = {(key.interface, key.address): mac for key, mac in neighbors.items()}
        compiled = compile_state(node, self._info, learned, self._numbers(), self.down, self._watch)
        self._say_what_is_invalid(node, compiled.policies)
        return compiled

    def _say_what_is_invalid(self, node: Node, uses: Iterable[PolicyUse]) -> None:
        """Log each policy whose lists have become invalid, or valid again, once."""
        before, self._invalid = self._invalid, {}
        for use in uses:
            name = use.policy.name
            reasons = [reason for _, reason in use.invalid_lists()]
            if name in self._invalid or (not reasons and name not in before):
                continue  # in another mode it is as valid as in its own
            if reasons:
                self._invalid[name] = reasons
            if reasons != before.get(name):
                which = f"{len(reasons)} of {len(use.valid_lists)} lists invalid: " if reasons else ""
                what = "; ".join((which + ", ".join(dict.fromkeys(reasons)), use.fate)) if reasons else "valid again"
                log.warning("%s: policy %s: %s", node.name, name, what)
