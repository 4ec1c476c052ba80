# SPDX-License-Identifier: Apache-2.0
"""``sr_policy_table`` and the chained segment-list tables.

A policy's number stands for the policy, the mode it is used in, because a binding SID may use it in another mode than
steering does, and the service SID that a route appends (RFC 9252 5). Its entry has the segment lists of the active
candidate path (:mod:`srv6cp.compile.paths`); of a composite path those of the active paths of its policies, in
proportion of both weights. A list is valid when its first segment resolves (RFC 9256 section 5.1); lists that are not
are left out, and so are those whose next hop has not answered while there are others. A policy without any has no
entry (HE-16).

The entry of a policy that sprays names a multicast group. Each of its lists has an entry of its own number, which the
copy for it enters (`packet_copy_table`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from ipaddress import IPv6Address
from math import gcd, lcm
from typing import NamedTuple

from srv6cp.behaviours import REGISTRY
from srv6cp.compile import tables
from srv6cp.compile.capabilities import Capabilities
from srv6cp.compile.changes import Change
from srv6cp.compile.conditions import Condition, Segment
from srv6cp.compile.ids import Ids, group_key, short_key, sidlist_key
from srv6cp.compile.nexthops import NextHops, action_set, towards
from srv6cp.compile.paths import Identity, PathState, Reach, choose
from srv6cp.compile.seeds import seeds
from srv6cp.compile.underlay import Underlay
from srv6cp.model import (
    DEFAULT_VRF,
    MAX_SOURCE_PREFIX,
    MAX_TOTAL_WEIGHT,
    MAX_UPF_PREFIX,
    CandidatePath,
    Encap,
    FlowLabel,
    NextHop,
    Node,
    Policy,
    SegmentList,
)
from srv6cp.model.numbers import RECIRCULATION_PORT, EncapFlag, MobileOption
from srv6cp.p4rt.entities import Action, ActionSet, Entity, MulticastGroup, Replica, TableEntry, Value

_FLOW_LABEL = {
    FlowLabel.ZERO: EncapFlag(0),
    FlowLabel.COPY: EncapFlag.FLOW_LABEL_COPY,
    FlowLabel.HASH: EncapFlag.FLOW_LABEL_HASH,
}
_DEFAULT_HOP_LIMIT = 64
#: Of a list whose one segment depends on the packet: the switch looks it up.
_ROUTED: Segment = ("", IPv6Address(0))


_Use = tuple[str, str, "IPv6Address | None"]
"""Name of a policy, mode, service SID."""


@dataclass(frozen=True)
class PolicyUse:
    """A policy in one mode, and with a service SID behind its lists: its number, and its candidate paths as they are
    now. ``copies`` are the numbers of its lists when it sprays."""

    policy: Policy
    mode: str
    number: int
    paths: tuple[PathState, ...]
    service: IPv6Address | None = None
    copies: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """What rows of it are called."""
        return self.policy.name if self.service is None else f"{self.policy.name}+{self.service}"

    @property
    def active(self) -> CandidatePath | None:
        """The path that carries the traffic; None while none is valid."""
        return next((state.path for state in self.paths if state.active), None)

    @property
    def valid(self) -> bool:
        """True when at least one list is."""
        return self.active is not None

    @property
    def valid_lists(self) -> tuple[bool, ...]:
        """For each of the policy's lists whether it is valid."""
        return tuple(not fault for state in self.paths for fault in state.faults)

    def invalid_lists(self) -> Iterator[tuple[SegmentList, str]]:
        """The lists that are not, each with the reason."""
        faults = (fault for state in self.paths for fault in state.faults)
        for entry, fault in zip(self.policy.lists, faults, strict=True):
            if fault:
                yield entry, fault

    @property
    def fate(self) -> str:
        """What becomes of traffic that is steered into it."""
        active = self.active
        if active is None:
            nothing = "no list is valid" if len(self.paths) == 1 else "no candidate path is valid"
            return f"{nothing}: the traffic is " + (
                "dropped" if self.policy.drop_when_invalid else "forwarded as if it were not steered"
            )
        if len(self.paths) > 1:
            return f"candidate path {active.label} carries the traffic"
        if self.policy.spray and not all(self.valid_lists):
            return "a copy goes by each of its other lists"
        return "its other lists carry the traffic" if not all(self.valid_lists) else "valid"


class _Reached(NamedTuple):
    """A first segment as it is now: its next hop, None without, and whether packets can go there at once."""

    nexthop: int | None
    ready: bool = False

    @property
    def reach(self) -> Reach:
        return Reach.NOT if self.nexthop is None else Reach.READY if self.ready else Reach.ASKING


class _Share(NamedTuple):
    """A segment list of a policy and its share of the flows."""

    policy: Policy
    entry: SegmentList
    share: Fraction


@dataclass
class _Lists:
    """What is on the switch of a policy in one mode: its entry, and the numbers of the segment lists in this."""

    entry: ActionSet | None = None
    sidlists: list[int] = field(default_factory=list)


class _Copy(NamedTuple):
    """A copy that a policy sprays: the number of the entry that has its segment list alone, and its replica. The key
    stands for both."""

    number: int
    replica: int


@dataclass
class _SidList:
    """A segment list in the order of the wire, and how many entries of policies name it; ``written``: on the switch."""

    segments: tuple[IPv6Address, ...]
    uses: int = 0
    written: bool = False


class Policies:
    """Policies in use: numbers on request, entries at the end, and what changes of these with the underlay."""

    def __init__(
        self,
        node: Node,
        underlay: Underlay,
        nexthops: NextHops,
        ids: Ids,
        program: Capabilities,
        installed: Mapping[str, Identity] | None = None,
    ) -> None:
        self._node = node
        self._program = program
        self._underlay = underlay
        self._nexthops = nexthops
        self._ids = ids
        self._uses: dict[_Use, PolicyUse] = {}
        self._uses_of: dict[str, list[_Use]] = {}
        self._states: dict[str, tuple[PathState, ...]] = {}
        self._installed: dict[str, Identity] = dict(installed or {})
        self._lists: dict[int, _Lists] = {}
        self._keys: dict[int, bytes] = {}
        self._sidlists: dict[int, _SidList] = {}
        self._resolved: dict[Segment, _Reached] = {}
        self._reached_by: dict[int, dict[Segment, None]] = {}
        self._through: dict[Segment, dict[str, None]] = {}
        self._conditions: dict[str, Condition] = {}
        self._sprayed: dict[int, dict[bytes, _Copy]] = {}
        self._replication: dict[Hashable, Entity] = {}  # rows of copies, and their groups
        self._replication_before: dict[Hashable, Entity | None] = {}
        self._valid = 0  # entries there are
        self._before: dict[int, ActionSet | None] = {}
        self._touched: dict[int, _SidList] = {}
        self._seeded = False
        for policy in node.policies.values():
            self.use(policy.name)

    @property
    def uses(self) -> tuple[PolicyUse, ...]:
        """Every (policy, mode, service SID) in use."""
        return tuple(self._uses.values())

    @property
    def installed(self) -> Mapping[str, Identity]:
        """The active path of each policy that has one."""
        return self._installed

    def use(self, name: str, mode: str | None = None, service: IPv6Address | None = None) -> PolicyUse:
        """The policy in ``mode``, by default its own, with ``service`` behind its lists."""
        policy = self._node.policies[name]
        mode = mode or policy.encap.mode
        use = self._uses.get((name, mode, service))
        if use is None:
            self._examine_first(policy)
            of = f"{name}/{mode}" if service is None else f"{name}/{mode}/{service}"
            key = short_key(of.encode())
            number = self._ids.policies.take(key)
            self._keys[number] = key
            self._uses_of.setdefault(name, []).append((name, mode, service))
            use = self._put_together(policy, mode, number, service)
        return use

    def condition(self, name: str) -> Condition:
        """In force while the policy is valid."""
        found = self._conditions.get(name)
        if found is None:
            found = self._conditions[name] = Condition(self.use(name).valid)
        return found

    # Candidate paths -----------------------------------------------------------------------------------------

    def _examine_first(self, policy: Policy) -> None:
        """Learn what the policy depends on, and its state, before it is used for the first time."""
        if policy.name in self._states:
            return
        for part in policy.parts(self._node.policies):
            if part is not policy:
                self._examine_first(part)
            for entry in part.lists:
                for segment in _asked(part, entry):
                    self._through.setdefault(segment, {})[policy.name] = None
        self._examine(policy)

    def _examine(self, policy: Policy) -> None:
        """Choose the active path."""
        keep = self._installed.get(policy.name) if policy.keep_installed else None
        states = self._states[policy.name] = choose([self._state(policy, path) for path in policy.paths], keep)
        self._installed.pop(policy.name, None)
        for state in states:
            if state.active:
                self._installed[policy.name] = state.path.identity

    def _state(self, policy: Policy, path: CandidatePath) -> PathState:
        faults = tuple(self._fault(policy, entry) for entry in path.lists)
        reaches = [self._reach(policy, entry) for entry, fault in zip(path.lists, faults, strict=True) if not fault]
        for each in path.constituents:
            reaches += [state.reach for state in self._states[each.policy] if state.active]
        return PathState(path, Reach.NOT if path.ineligible else max(reaches, default=Reach.NOT), faults)

    def _fault(self, policy: Policy, entry: SegmentList) -> str:
        """Why a list is not valid (RFC 9256 5.1); ``""`` when it is."""
        if not entry.weight:
            return "its weight is 0"
        where = "" if policy.vrf == DEFAULT_VRF else f" in VRF {policy.vrf}"
        for position, segment in enumerate(_asked(policy, entry)):
            if self._resolve(segment).nexthop is None:
                which = f"segment {position + 1}" if position else "first segment"
                return f"{which} {segment[1]} is unreachable{where}"
        return ""

    def _reach(self, policy: Policy, entry: SegmentList) -> Reach:
        return self._resolve(_first(policy, entry)).reach

    def _shares(self, policy: Policy) -> list[_Share]:
        """The lists that packets of a policy go by now."""
        path = next((state.path for state in self._states[policy.name] if state.active), None)
        if path is None:
            return []
        found = [
            _Share(policy, entry, Fraction(entry.weight)) for entry in path.lists if not self._fault(policy, entry)
        ]
        for each in path.constituents:
            inner = self._shares(self._node.policies[each.policy])
            whole = sum(share.share for share in inner)
            found += [share._replace(share=each.weight * share.share / whole) for share in inner]
        best = max((self._reach(share.policy, share.entry) for share in found), default=Reach.NOT)
        return [share for share in found if self._reach(share.policy, share.entry) is best]

    # Entries -------------------------------------------------------------------------------------------------

    def entities(self) -> Iterator[Entity]:
        """All entries, segment lists before the policies that refer to them."""
        self._before.clear()
        self._touched.clear()
        self._replication_before.clear()
        yield from self._replication.values()
        for number, sidlist in self._sidlists.items():
            sidlist.written = True
            yield from _chunks(number, sidlist.segments)
        for number, lists in self._lists.items():
            if lists.entry is not None:
                yield self._entry(number, lists.entry)
        self._seeded = bool(self._valid)
        if self._seeded:
            yield self._seed()

    def through(self, nexthops: Iterable[int]) -> list[Segment]:
        """First segments that are reached by these next hops."""
        return list(dict.fromkeys(segment for number in nexthops for segment in self._reached_by.get(number, ())))

    def follow(self, segments: Iterable[Segment]) -> list[PolicyUse]:
        """These first segments may be reached otherwise than before; the policies that have other lists, or use other
        next hops, therefore, the lowest priority first (RFC 9256 2.12). Their conditions are as they were: that is for
        whoever knows what depends on them."""
        names: dict[str, None] = {}
        for segment in segments:
            before, after = self._resolved[segment], self._find_nexthop(segment)
            if before.nexthop is not None:
                self._nexthops.drop(before.nexthop)
                del self._reached_by[before.nexthop][segment]
            self._keep(segment, after)
            if before != after:
                names.update(self._through[segment])
        policies = sorted((self._node.policies[name] for name in names), key=_recomputed)
        for policy in policies:
            self._examine(policy)
        uses = [self._uses[use] for policy in policies for use in self._uses_of[policy.name]]
        return [self._put_together(use.policy, use.mode, use.number, use.service) for use in uses]

    def changed_conditions(self, uses: Iterable[PolicyUse]) -> list[Condition]:
        """Those of these policies that are no longer as they were."""
        found = ((use, self._conditions.get(name)) for name, use in {use.policy.name: use for use in uses}.items())
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
        for key, was in self._replication_before.items():
            if was != (now := self._replication.get(key)):
                yield was, now
        self._replication_before.clear()
        if self._seeded is not bool(self._valid):
            self._seeded = bool(self._valid)
            yield (None, self._seed()) if self._seeded else (self._seed(), None)

    def _entry(self, number: int, actions: ActionSet) -> TableEntry:
        return TableEntry(tables.POLICY, {"policy_id": number}, actions, metadata=self._keys[number])

    def _seed(self) -> TableEntry:
        seed = Action("set_flow_seed", {"flow_seed": seeds(self._node).policies})
        return TableEntry(tables.FLOW_SEED, {"always_0": 0}, seed)

    def _put_together(self, policy: Policy, mode: str, number: int, service: IPv6Address | None) -> PolicyUse:
        """The policy with the lists of its active path that are valid now."""
        use = PolicyUse(policy, mode, number, self._states[policy.name], service)
        lists = self._lists.setdefault(number, _Lists())
        gone, lists.sidlists = lists.sidlists, []
        weighted: list[tuple[int, Action]] = []
        watched: list[Value | None] = []
        shares = self._shares(policy)
        for share, weight in zip(shares, _weights([each.share for each in shares]), strict=True):
            entry = share.entry if service is None else SegmentList((*share.entry.segments, service))
            nexthop = self._resolve(_first(share.policy, entry)).nexthop
            assert nexthop is not None, "a list without a next hop is not valid"
            weighted.append((weight, self._action(share.policy, mode, entry, nexthop, lists.sidlists)))
            watched.append(self._nexthops.watched(nexthop))
        if policy.spray:
            ways = [
                (
                    f"{use.name}/{mode}/spray/{share.policy.name}/{','.join(map(str, share.entry.segments))}",
                    action,
                    port,
                )
                for share, (_, action), port in zip(shares, weighted, watched, strict=True)
            ]
            self._set_entry(number, self._spray(number, ways, REGISTRY.headend(mode).layer2))
            use = replace(use, copies=tuple(copy.number for copy in self._sprayed[number].values()))
        else:
            self._set_entry(number, action_set(weighted, watched) if weighted else None)
        for sidlist in gone:
            self._drop(sidlist)
        self._uses[policy.name, mode, service] = use
        return use

    def _set_entry(self, number: int, entry: ActionSet | None) -> None:
        lists = self._lists.setdefault(number, _Lists())
        self._before.setdefault(number, lists.entry)
        self._valid += (entry is not None) - (lists.entry is not None)
        lists.entry = entry

    def _spray(self, number: int, ways: list[tuple[str, Action, Value | None]], frames: bool) -> ActionSet | None:
        """The entry of a policy that sprays, which makes a copy for each way: what it stands for, the action of its
        list, and the port to be watched. Lists that are equal are one."""
        before, now = self._sprayed.get(number, {}), dict[bytes, _Copy]()
        for text, action, port in ways:
            key = short_key(text.encode())
            copy = now[key] = _Copy(self._ids.policies.take(key), self._ids.replicas.take(key))
            self._keys[copy.number] = key
            self._set_entry(copy.number, action_set([(1, action)], [port]))
            enters = Action("spray_frame" if frames else "spray_packet", {"policy_id": copy.number})
            row = TableEntry(tables.PACKET_COPY, {"replica_id": copy.replica}, enters, metadata=key)
            self._replicate(copy.replica, row)
        for key, copy in before.items():
            if key not in now:
                self._set_entry(copy.number, None)
                self._replicate(copy.replica, None)
                self._ids.policies.release(key)
                self._ids.replicas.release(key)
        self._sprayed[number] = now
        group = self._ids.multicast_groups.take(group_key(tables.POLICY, self._keys[number]))
        replicas = tuple(Replica(RECIRCULATION_PORT, each) for each in sorted(copy.replica for copy in now.values()))
        self._replicate(f"group {group}", MulticastGroup(group, replicas) if now else None)
        return action_set([(1, Action("spray", {"multicast_group": group}))], [None]) if now else None

    def _replicate(self, key: Hashable, entity: Entity | None) -> None:
        self._replication_before.setdefault(key, self._replication.get(key))
        if entity is None:
            self._replication.pop(key, None)
        else:
            self._replication[key] = entity

    def _action(self, policy: Policy, mode: str, entry: SegmentList, nexthop: int, sidlists: list[int]) -> Action:
        headend = REGISTRY.headend(mode)
        tlv = policy.encap.hmac is not None or policy.encap.path_tracing is not None
        if tlv and headend.reduced and len(entry.segments) == 1 and not headend.inserts:
            # An SRH without a segment has no place for a TLV; Linux does the same.
            headend = REGISTRY.encapsulation(headend.layer2, reduced=False)
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

    def _resolve(self, segment: Segment) -> _Reached:
        found = self._resolved.get(segment)
        if found is None:
            found = self._find_nexthop(segment)
            self._keep(segment, found)
        return found

    def _keep(self, segment: Segment, found: _Reached) -> None:
        self._resolved[segment] = found
        if found.nexthop is not None:
            self._reached_by.setdefault(found.nexthop, {})[segment] = None

    def _find_nexthop(self, segment: Segment) -> _Reached:
        """Next hop towards a first segment, in use from now on; a SID of this node is reached by processing the packet
        again."""
        way = None if segment == _ROUTED else self._underlay.way(segment)
        if segment == _ROUTED:
            number = self._nexthops.to_local_sid()
            return _Reached(number, self._nexthops.answers(number))
        if way is None:
            return _Reached(None)
        if way.local_sid:
            number = self._nexthops.to_local_sid()
        elif way.connected is not None:
            number = self._nexthops.take((NextHop(way.connected, segment[1]),))
        elif way.hops:
            number = self._nexthops.take(towards(segment[1], way.hops))
        else:
            return _Reached(None)
        return _Reached(number, self._nexthops.answers(number))


def _first(policy: Policy, entry: SegmentList) -> Segment:
    """What the next hop of a list leads to."""
    if REGISTRY.headend(policy.encap.mode).gtp and len(entry.segments) == 1:
        return _ROUTED
    return policy.vrf, entry.segments[0]


def _asked(policy: Policy, entry: SegmentList) -> list[Segment]:
    """The segments of a list that must be reachable, the first one first."""
    others = ((policy.vrf, segment) for segment in (entry.sids if entry.verify else ()))
    return list(dict.fromkeys((_first(policy, entry), *others)))


def _recomputed(policy: Policy) -> tuple[bool, int]:
    """Order of recomputation: what composite paths are made of comes before them."""
    return any(path.constituents for path in policy.paths), policy.priority


def _weights(shares: list[Fraction]) -> list[int]:
    """Shares as whole weights that a group of the data plane can hold: exactly where it can, else as near as it can,
    none of them without any."""
    if not shares:
        return []
    scale = lcm(*(share.denominator for share in shares))
    exact = [int(share * scale) for share in shares]
    divisor = gcd(*exact)
    exact = [weight // divisor for weight in exact]
    total = sum(exact)
    if total <= MAX_TOTAL_WEIGHT:
        return exact
    room = MAX_TOTAL_WEIGHT - len(exact)
    return [1 + weight * room // total for weight in exact]


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
