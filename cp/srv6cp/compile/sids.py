# SPDX-License-Identifier: Apache-2.0
"""``my_sid_table``, the tables that records of behaviours bring, and ``upper_layer_table``.

A SID's action gets its parameters by name: ``sid_index`` and ``flavors`` here, everything else from the operands of
its behaviour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv6Network
from typing import Any, NamedTuple

from srv6cp.behaviours import REGISTRY, Endpoint
from srv6cp.behaviours.mobile import LIMIT, SMALLEST_BURST
from srv6cp.behaviours.operands import Option
from srv6cp.compile import tables
from srv6cp.compile.bsids import binding_sids
from srv6cp.compile.capabilities import UNUSED_PARAMETERS, Capabilities
from srv6cp.compile.ids import Ids, group_key, short_key, sid_key
from srv6cp.compile.nexthops import NextHops
from srv6cp.compile.policies import Policies
from srv6cp.model import FRAGMENT_HEADER, NextHop, Node, Port, Sid
from srv6cp.model.numbers import RECIRCULATION_PORT
from srv6cp.p4rt.entities import Action, MeterEntry, MulticastGroup, Replica, TableEntry, Value

#: Of what lies inside a SID's prefix and is not the SID's (:mod:`srv6cp.compile.not_sids`).
NOT_A_SID = "not_a_sid"


class Numbers:
    """Numbers of the data plane for what operands name: the ``Binder`` of :mod:`srv6cp.behaviours`.

    ``items`` are the numbers of sections that records bring: key of the section to number to name.
    """

    def __init__(self, node: Node, nexthops: NextHops, policies: Policies, ids: Ids) -> None:
        self.items: dict[str, dict[int, str]] = {}
        self._node = node
        self._policies = policies
        self._ids = ids
        self._sections = {section.key: section for section in REGISTRY.sections}
        self._nexthops = nexthops

    def vrf_id(self, name: str) -> int:
        return self._node.vrfs[name]

    def nexthop_id(self, hops: tuple[NextHop, ...]) -> int:
        return self._nexthops.via(hops)

    def policy_id(self, name: str, mode: str) -> int:
        return self._policies.use(name, mode).number

    def returns_to_sid(self, policy: str) -> bool:
        """Whether what a binding SID inserts for a policy leads back to the SID."""
        return self._node.policies[policy].encap.returns_to_sid

    def port(self, number: int) -> Port:
        return self._node.ports[number]

    def number(self, section: str, name: str) -> int:
        number = self._ids.section(self._sections[section]).take(short_key(name.encode()))
        self.items.setdefault(section, {})[number] = name
        return number

    def item(self, section: str, name: str) -> Any:
        return self._node.sections[section][name]

    def name(self, section: str, number: int) -> str:
        return self.items[section][number]

    def group(self, key: bytes) -> int:
        return self._ids.rate_groups.take(key)

    def replica(self, key: bytes) -> int:
        return self._ids.replicas.take(short_key(key))

    def multicast_group(self, table: str, name: str) -> int:
        return self._ids.multicast_groups.take(group_key(table, short_key(name.encode())))


class _Plan(NamedTuple):
    """How the SIDs of a behaviour get their action.

    ``bound``: (parameter, operand, how it is bound). ``options``: (operand, how it is bound to the bits of the
    parameter ``options``), of those that a SID may have.
    """

    record: Endpoint
    flavoured: bool
    bound: tuple[tuple[str, str, Callable[[Any, Numbers], Value]], ...]
    options: tuple[tuple[str, Callable[[Any, Numbers], int]], ...]
    unused: tuple[str, ...]


class Sids:
    """The local SIDs; ``numbers`` maps each counter index to its SID. ``binding`` are the entries of the binding SIDs
    of policies, which are not among the others (:mod:`srv6cp.compile.bsids`)."""

    def __init__(self, node: Node, binder: Numbers, ids: Ids, program: Capabilities) -> None:
        self.numbers: dict[int, Sid] = {}
        self.binding: dict[IPv6Network, list[TableEntry]] = {}
        self._node = node
        self._program = program
        self._entries: list[TableEntry] = []
        plans: dict[str, _Plan] = {}
        vrfs = node.vrfs
        take = ids.sids.take
        bound = binding_sids(node)
        for sid in node.sids:
            vrf = vrfs[sid.in_vrf]
            prefix = sid.prefix
            number = take(sid_key(prefix, vrf))
            self.numbers[number] = sid
            plan = plans.get(sid.behaviour)
            if plan is None or plan.record.lookup:
                record = REGISTRY.programmed(sid.behaviour, sid.operands)
                plan = plans.get(record.name) or plans.setdefault(record.name, _plan(record, program))
            params: dict[str, Value] = {"sid_index": number}
            if plan.flavoured:
                params["flavors"] = int(sid.flavours)
            for name, key, bind in plan.bound:
                params[name] = bind(sid.operands[key], binder)
            for name in plan.unused:
                params[name] = 0
            options = 0
            for key, bits in plan.options:
                if key in sid.operands:
                    options |= bits(sid.operands[key], binder)
            if options:
                params["options"] = options
            returns = plan.record.returning and binder.returns_to_sid(sid.operands["policy"])
            action = Action(plan.record.returning if returns else plan.record.action, params)
            entry = TableEntry(tables.MY_SID, {"vrf_id": vrf, "ipv6_dst": prefix}, action)
            entries = [entry]
            if node.oam.enabled:
                entries.append(o_flag_entry(vrf, prefix, node.oam.copies(prefix)))
            if prefix in bound and sid.operands.get("policy") == bound[prefix]:
                self.binding[prefix] = entries
            else:
                self._entries += entries

    def entities(self) -> Iterator[TableEntry]:
        """All entries but those of binding SIDs, which depend on their policies."""
        yield from self._entries
        if self._program.has(tables.UPPER_LAYER):
            for protocol in self._node.upper_layers:
                yield TableEntry(tables.UPPER_LAYER, {"next_header": protocol}, Action("allow_upper_layer"))
            if self._node.reassembly is not None:
                yield TableEntry(tables.UPPER_LAYER, {"next_header": FRAGMENT_HEADER}, Action("reassemble"))


def o_flag_entry(vrf_id: int, prefix: IPv6Network, copies: bool) -> TableEntry:
    """What `o_flag_table` says of a prefix: it has a longest match of its own, so all that is a SID or lies in one is
    in it."""
    action = Action("copy_for_oam" if copies else "no_copy_for_oam")
    return TableEntry(tables.O_FLAG, {"vrf_id": vrf_id, "ipv6_dst": prefix}, action)


def _plan(record: Endpoint, program: Capabilities) -> _Plan:
    """Where each parameter of a behaviour's action comes from.

    Raises:
        LookupError: the action has a parameter that the record cannot give.
    """
    sources = {
        name: (operand.key, bind)
        for operand in record.operands
        if operand.key not in record.options
        for name, bind in operand.parameters.items()
    }
    names = [name for name in program.parameters(record.action) if name not in ("sid_index", "flavors")]
    unknown = [name for name in names if name not in sources and name not in UNUSED_PARAMETERS]
    if unknown:
        raise LookupError(f"{record.name}: no operand gives parameter {unknown[0]!r} of action {record.action!r}")
    return _Plan(
        record,
        "flavors" in program.parameters(record.action),
        tuple((name, *sources[name]) for name in names if name in sources),
        tuple((each.key, each.bits) for each in record.operands if isinstance(each, Option) and "options" in names),
        tuple(name for name in names if name not in sources),
    )


def group_entities(node: Node, binder: Numbers) -> Iterator[MeterEntry]:
    """The rates of End.Limit, one for each group that has one."""
    groups = (sid.operands[LIMIT.key] for sid in node.sids if LIMIT.key in sid.operands)
    for group in dict.fromkeys(group for group in groups if group.rate):
        burst = max(group.rate // 10, SMALLEST_BURST)
        yield MeterEntry(tables.GROUP_METER, binder.group(group.key), group.rate, burst, group.rate, burst)


def section_entities(node: Node, binder: Numbers, program: Capabilities) -> Iterator[TableEntry | MulticastGroup]:
    """Entries of the sections that records bring."""
    for section in REGISTRY.sections:
        for name, value in node.sections.get(section.key, {}).items():
            number = binder.number(section.key, name)
            for group, replicas in section.copies(number, value, binder) if section.copies else ():
                # In the order in which switches give them back.
                yield MulticastGroup(group, tuple(Replica(RECIRCULATION_PORT, each) for each in sorted(replicas)))
            for entry in section.entries(number, value, binder):
                action = program.action(entry.action, entry.params)
                key = short_key(entry.key or name.encode())
                yield TableEntry(entry.table, entry.match, action, entry.priority, metadata=key)
