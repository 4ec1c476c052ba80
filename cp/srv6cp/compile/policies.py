# SPDX-License-Identifier: Apache-2.0
"""``sr_policy_table`` and the chained segment-list tables.

A policy's number stands for the policy and the mode it is used in, because a binding SID may use it in
another mode than steering does. A list is valid when its first segment resolves (RFC 9256 section 5.1);
lists that are not are left out, and a policy without any has no entry (HE-16).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address

from srv6cp.behaviours import REGISTRY
from srv6cp.compile import tables
from srv6cp.compile.capabilities import Capabilities
from srv6cp.compile.ids import Ids, short_key, sidlist_key
from srv6cp.compile.nexthops import NextHops, action_set, towards
from srv6cp.compile.routes import Routes
from srv6cp.compile.seeds import seeds
from srv6cp.model import DEFAULT_VRF, Encap, FlowLabel, NextHop, Node, Policy, SegmentList
from srv6cp.model.numbers import EncapFlag
from srv6cp.p4rt.entities import Action, ActionSet, TableEntry, Value

_FLOW_LABEL = {
    FlowLabel.ZERO: EncapFlag(0),
    FlowLabel.COPY: EncapFlag.FLOW_LABEL_COPY,
    FlowLabel.HASH: EncapFlag.FLOW_LABEL_HASH,
}
_DEFAULT_HOP_LIMIT = 64


@dataclass(frozen=True)
class PolicyUse:
    """A policy in one mode: its number, and for each of its lists whether it is valid now."""

    policy: Policy
    mode: str
    number: int
    valid_lists: tuple[bool, ...]

    @property
    def valid(self) -> bool:
        """True when at least one list is."""
        return any(self.valid_lists)

    def invalid_lists(self) -> Iterator[tuple[SegmentList, str]]:
        """The lists that are not, each with the reason."""
        for entry, valid in zip(self.policy.lists, self.valid_lists, strict=True):
            if not valid:
                where = "" if self.policy.vrf == DEFAULT_VRF else f" in VRF {self.policy.vrf}"
                yield entry, f"first segment {entry.segments[0]} is unreachable{where}"

    @property
    def fate(self) -> str:
        """What becomes of traffic that is steered into it."""
        if self.valid:
            return "its other lists carry the traffic" if not all(self.valid_lists) else "valid"
        return "no list is valid: the traffic is " + (
            "dropped" if self.policy.drop_when_invalid else "forwarded as if it were not steered"
        )


class Policies:
    """Policies in use: numbers on request, entries at the end."""

    def __init__(self, node: Node, routes: Routes, nexthops: NextHops, ids: Ids, program: Capabilities) -> None:
        self._node = node
        self._program = program
        self._routes = routes
        self._nexthops = nexthops
        self._ids = ids
        self._uses: dict[tuple[str, str], PolicyUse] = {}
        self._entries: dict[int, ActionSet] = {}
        self._keys: dict[int, bytes] = {}
        self._sidlists: dict[int, tuple[IPv6Address, ...]] = {}
        self._resolved: dict[tuple[str, IPv6Address], int | None] = {}
        for policy in node.policies.values():
            self.use(policy.name)

    @property
    def uses(self) -> tuple[PolicyUse, ...]:
        """Every (policy, mode) in use."""
        return tuple(self._uses.values())

    def use(self, name: str, mode: str | None = None) -> PolicyUse:
        """The policy in ``mode``, by default its own."""
        policy = self._node.policies[name]
        mode = mode or policy.encap.mode
        use = self._uses.get((name, mode))
        if use is None:
            key = short_key(f"{name}/{mode}".encode())
            number = self._ids.policies.take(key)
            self._keys[number] = key
            resolved = [self._resolve(policy.vrf, entry.segments[0]) for entry in policy.lists]
            use = PolicyUse(policy, mode, number, tuple(nexthop is not None for nexthop in resolved))
            self._uses[name, mode] = use
            weighted = [
                (entry.weight, self._action(policy, mode, entry, nexthop))
                for entry, nexthop in zip(policy.lists, resolved, strict=True)
                if nexthop is not None
            ]
            if weighted:
                watched = [self._nexthops.watched(nexthop) for nexthop in resolved if nexthop is not None]
                self._entries[number] = action_set(weighted, watched)
        return use

    def entities(self) -> Iterator[TableEntry]:
        """All entries, segment lists before the policies that refer to them."""
        for number, segments in self._sidlists.items():
            for chunk, table in enumerate(tables.SIDLISTS):
                first = chunk * tables.SEGMENTS_PER_SIDLIST
                part = segments[first : first + tables.SEGMENTS_PER_SIDLIST]
                if not part:
                    break
                params = {f"segment_list_{first + index}": segment for index, segment in enumerate(part)}
                action = Action(f"segments_{first + len(part)}", params)
                yield TableEntry(table, {"sidlist_id": number}, action)
        for number, actions in self._entries.items():
            yield TableEntry(tables.POLICY, {"policy_id": number}, actions, metadata=self._keys[number])
        if self._entries:
            seed = Action("set_flow_seed", {"flow_seed": seeds(self._node).policies})
            yield TableEntry(tables.FLOW_SEED, {"always_0": 0}, seed)

    def _action(self, policy: Policy, mode: str, entry: SegmentList, nexthop: int) -> Action:
        headend = REGISTRY.headend(mode)
        # Wire order is the reverse of path order; a reduced list leaves the first segment out (SRH-7).
        pushed = entry.segments[1:][::-1] if headend.reduced else entry.segments[::-1]
        sidlist = 0
        if pushed:
            sidlist = self._ids.sidlists.take(sidlist_key(pushed))
            self._sidlists[sidlist] = pushed
        params: dict[str, Value] = {
            "first_segment": entry.segments[0],
            "sidlist_id": sidlist,
            "segment_count": len(pushed),
            "nexthop_id": nexthop,
        }
        if not headend.inserts:
            params |= self._outer_header(policy.encap, headend.layer2)
        return self._program.action(headend.action, params)

    def _outer_header(self, encap: Encap, layer2: bool) -> dict[str, Value]:
        source = encap.source or self._node.source
        assert source is not None, "the loader refuses an encapsulating policy without a source"
        # A frame has neither hop limit nor traffic class to inherit.
        hop_limit = _DEFAULT_HOP_LIMIT if encap.hop_limit is None and layer2 else encap.hop_limit or 0
        inherits = encap.traffic_class is None and not layer2
        return {
            "source_address": source,
            "hop_limit": hop_limit,
            "traffic_class": encap.traffic_class or 0,
            "flags": int(_FLOW_LABEL[encap.flow_label] | (EncapFlag.TC_INHERIT if inherits else 0)),
        }

    def _resolve(self, vrf: str, segment: IPv6Address) -> int | None:
        key = (vrf, segment)
        if key not in self._resolved:
            self._resolved[key] = self._find_nexthop(vrf, segment)
        return self._resolved[key]

    def _find_nexthop(self, vrf: str, segment: IPv6Address) -> int | None:
        """Next hop towards a first segment; a SID of this node is reached by processing the packet again."""
        way = self._routes.underlay(vrf, segment)
        if way is None:
            return None
        if way.local_sid:
            return self._nexthops.to_local_sid()
        if way.connected is not None:
            return self._nexthops.single(NextHop(way.connected, segment))
        return self._nexthops.via(towards(segment, way.hops)) if way.hops else None
