# SPDX-License-Identifier: Apache-2.0
"""``sr_policy_table`` and the chained segment-list tables.

A policy's number stands for the policy and the mode it is used in, because a binding SID may use it in
another mode than steering does. A list is valid when its first segment resolves (RFC 9256 section 5.1);
lists that are not are left out, and a policy without any has no entry (HE-16).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Address

from srv6cp.behaviours import REGISTRY
from srv6cp.compile import tables
from srv6cp.compile.capabilities import Capabilities
from srv6cp.compile.changes import Change
from srv6cp.compile.conditions import Condition, Segment
from srv6cp.compile.ids import Ids, short_key, sidlist_key
from srv6cp.compile.nexthops import NextHops, action_set, towards
from srv6cp.compile.seeds import seeds
from srv6cp.compile.underlay import Underlay
from srv6cp.model import (
    DEFAULT_VRF,
    MAX_SOURCE_PREFIX,
    MAX_UPF_PREFIX,
    Encap,
    FlowLabel,
    NextHop,
    Node,
    Policy,
    SegmentList,
)
from srv6cp.model.numbers import EncapFlag, MobileOption
from srv6cp.p4rt.entities import Action, ActionSet, TableEntry, Value

_FLOW_LABEL = {
    FlowLabel.ZERO: EncapFlag(0),
    FlowLabel.COPY: EncapFlag.FLOW_LABEL_COPY,
    FlowLabel.HASH: EncapFlag.FLOW_LABEL_HASH,
}
_DEFAULT_HOP_LIMIT = 64
#: Of a list whose one segment depends on the packet: the switch looks it up.
_ROUTED: Segment = ("", IPv6Address(0))


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


@dataclass
class _Lists:
    """What is on the switch of a policy in one mode: its entry, and the numbers of the segment lists in this."""

    entry: ActionSet | None = None
    sidlists: list[int] = field(default_factory=list)


@dataclass
class _SidList:
    """A segment list in the order of the wire, and how many entries of policies name it; ``written``: on the switch."""

    segments: tuple[IPv6Address, ...]
    uses: int = 0
    written: bool = False


class Policies:
    """Policies in use: numbers on request, entries at the end, and what changes of these with the underlay."""

    def __init__(self, node: Node, underlay: Underlay, nexthops: NextHops, ids: Ids, program: Capabilities) -> None:
        self._node = node
        self._program = program
        self._underlay = underlay
        self._nexthops = nexthops
        self._ids = ids
        self._uses: dict[tuple[str, str], PolicyUse] = {}
        self._lists: dict[int, _Lists] = {}
        self._keys: dict[int, bytes] = {}
        self._sidlists: dict[int, _SidList] = {}
        self._resolved: dict[Segment, int | None] = {}
        self._through: dict[Segment, dict[tuple[str, str], None]] = {}
        self._conditions: dict[str, Condition] = {}
        self._valid = 0  # entries there are
        self._before: dict[int, ActionSet | None] = {}
        self._touched: dict[int, _SidList] = {}
        self._seeded = False
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
            for entry in policy.lists:
                self._through.setdefault(self._first(policy, mode, entry), {})[name, mode] = None
            use = self._put_together(policy, mode, number)
        return use

    def condition(self, name: str) -> Condition:
        """In force while the policy is valid."""
        found = self._conditions.get(name)
        if found is None:
            found = self._conditions[name] = Condition(self.use(name).valid)
        return found

    # Entries -------------------------------------------------------------------------------------------------

    def entities(self) -> Iterator[TableEntry]:
        """All entries, segment lists before the policies that refer to them."""
        self._before.clear()
        self._touched.clear()
        for number, sidlist in self._sidlists.items():
            sidlist.written = True
            yield from _chunks(number, sidlist.segments)
        for number, lists in self._lists.items():
            if lists.entry is not None:
                yield self._entry(number, lists.entry)
        self._seeded = bool(self._valid)
        if self._seeded:
            yield self._seed()

    def follow(self, segments: Iterable[Segment]) -> list[PolicyUse]:
        """These first segments may be reached otherwise than before; the policies that have others lists, or use others
        next hops, therefore. Their conditions are as they were: that is for whoever knows what depends on them."""
        uses: dict[tuple[str, str], None] = {}
        for segment in segments:
            before, after = self._resolved[segment], self._find_nexthop(segment)
            if before is not None:
                self._nexthops.drop(before)
            self._resolved[segment] = after
            if before != after:
                uses.update(self._through[segment])
        return [self._put_together(use.policy, use.mode, use.number) for use in map(self._uses.__getitem__, uses)]

    def changed_conditions(self, uses: Iterable[PolicyUse]) -> list[Condition]:
        """Those of these policies that are no longer as they were."""
        own = (use for use in uses if use.mode == use.policy.encap.mode)
        found = ((use, self._conditions.get(use.policy.name)) for use in own)
        return [condition for use, condition in found if condition is not None and condition.up is not use.valid]

    def changes(self) -> Iterator[Change]:
        """What is otherwise than it was at the last call of this or of `entities`."""
        for number, sidlist in self._touched.items():
            used = bool(sidlist.uses)
            if used is not sidlist.written:
                sidlist.written = used
                for entry in _chunks(number, sidlist.segments):
                    yield (None, entry) if used else (entry, None)
        self._touched.clear()
        for number, before in self._before.items():
            after = self._lists[number].entry
            if before != after:
                yield (
                    None if before is None else self._entry(number, before),
                    None if after is None else self._entry(number, after),
                )
        self._before.clear()
        if self._seeded is not bool(self._valid):
            self._seeded = bool(self._valid)
            yield (None, self._seed()) if self._seeded else (self._seed(), None)

    def _entry(self, number: int, actions: ActionSet) -> TableEntry:
        return TableEntry(tables.POLICY, {"policy_id": number}, actions, metadata=self._keys[number])

    def _seed(self) -> TableEntry:
        seed = Action("set_flow_seed", {"flow_seed": seeds(self._node).policies})
        return TableEntry(tables.FLOW_SEED, {"always_0": 0}, seed)

    def _put_together(self, policy: Policy, mode: str, number: int) -> PolicyUse:
        """The policy with the lists that are valid now."""
        resolved = [self._resolve(self._first(policy, mode, entry)) for entry in policy.lists]
        use = self._uses[policy.name, mode] = PolicyUse(
            policy, mode, number, tuple(nexthop is not None for nexthop in resolved)
        )
        lists = self._lists.setdefault(number, _Lists())
        self._before.setdefault(number, lists.entry)
        self._valid -= lists.entry is not None
        gone, lists.sidlists = lists.sidlists, []
        weighted = [
            (entry.weight, self._action(policy, mode, entry, nexthop, lists.sidlists))
            for entry, nexthop in zip(policy.lists, resolved, strict=True)
            if nexthop is not None
        ]
        watched = [self._nexthops.watched(nexthop) for nexthop in resolved if nexthop is not None]
        lists.entry = action_set(weighted, watched) if weighted else None
        self._valid += lists.entry is not None
        for sidlist in gone:
            self._drop(sidlist)
        return use

    def _action(self, policy: Policy, mode: str, entry: SegmentList, nexthop: int, sidlists: list[int]) -> Action:
        headend = REGISTRY.headend(mode)
        # Wire order is the reverse of path order; a reduced list leaves the first segment out (SRH-7).
        pushed = entry.segments[1:][::-1] if headend.reduced else entry.segments[::-1]
        sidlist = 0
        if pushed:
            sidlist = self._take(pushed)
            sidlists.append(sidlist)
        params: dict[str, Value] = {
            "first_segment": entry.segments[0],
            "sidlist_id": sidlist,
            "segment_count": len(pushed),
            "nexthop_id": nexthop,
        }
        if not headend.inserts:
            params |= self._outer_header(policy.encap, headend.layer2)
        if headend.gtp:
            params |= _of_gtp(policy.encap, params["flags"], routed=not pushed)
        return self._program.action(headend.action, params)

    def _take(self, segments: tuple[IPv6Address, ...]) -> int:
        """Number of a segment list that is in use until it is dropped."""
        number = self._ids.sidlists.take(sidlist_key(segments))
        sidlist = self._sidlists.get(number)
        if sidlist is None:
            # It may have been dropped in this very change, and still be on the switch.
            sidlist = self._sidlists[number] = self._touched.get(number) or _SidList(segments)
        sidlist.uses += 1
        self._touched[number] = sidlist
        return number

    def _drop(self, number: int) -> None:
        sidlist = self._sidlists[number]
        sidlist.uses -= 1
        self._touched[number] = sidlist
        if not sidlist.uses:
            self._ids.sidlists.release(sidlist_key(sidlist.segments))
            del self._sidlists[number]

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

    @staticmethod
    def _first(policy: Policy, mode: str, entry: SegmentList) -> Segment:
        """What the next hop of a list leads to."""
        if REGISTRY.headend(mode).gtp and len(entry.segments) == 1:
            return _ROUTED
        return policy.vrf, entry.segments[0]

    def _resolve(self, segment: Segment) -> int | None:
        if segment not in self._resolved:
            self._resolved[segment] = self._find_nexthop(segment)
        return self._resolved[segment]

    def _find_nexthop(self, segment: Segment) -> int | None:
        """Next hop towards a first segment, in use from now on; a SID of this node is reached by processing the packet
        again."""
        if segment == _ROUTED:
            return self._nexthops.to_local_sid()
        way = self._underlay.way(segment)
        if way is None:
            return None
        if way.local_sid:
            return self._nexthops.to_local_sid()
        if way.connected is not None:
            return self._nexthops.take((NextHop(way.connected, segment[1]),))
        return self._nexthops.take(towards(segment[1], way.hops)) if way.hops else None


def _of_gtp(encap: Encap, flags: Value, routed: bool) -> dict[str, Value]:
    """Parameters of H.M.GTP4.D, its flags among them."""
    assert isinstance(flags, int)
    return {
        "argument_shift": MAX_UPF_PREFIX - encap.upf_prefix,
        "source_shift": MAX_SOURCE_PREFIX - encap.source_prefix,
        "options": int(MobileOption.ANSWER_ECHO) if encap.answers_echo else 0,
        "flags": flags | (EncapFlag.ROUTED if routed else 0),
    }


def _chunks(number: int, segments: tuple[IPv6Address, ...]) -> Iterator[TableEntry]:
    """The entries of a segment list, in as many tables as it needs."""
    for chunk, table in enumerate(tables.SIDLISTS):
        first = chunk * tables.SEGMENTS_PER_SIDLIST
        part = segments[first : first + tables.SEGMENTS_PER_SIDLIST]
        if not part:
            break
        params = {f"segment_list_{first + index}": segment for index, segment in enumerate(part)}
        yield TableEntry(table, {"sidlist_id": number}, Action(f"segments_{first + len(part)}", params))
