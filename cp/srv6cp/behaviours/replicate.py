# SPDX-License-Identifier: Apache-2.0
"""End.Replicate, and the replication segments that it names (RFC 9524).

A replication segment has branches, each with the Replication-SID of another node, and may deliver to this node (leaf,
bud). Every way out is a copy: a row of `packet_copy_table`, whose number stands for the segment and the branch as long
as the switch has it; the multicast group of the segment consists of them. The identity of RFC 9524, <Replication-ID,
Node-ID>, is the name of the item and the node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any, NamedTuple

from srv6cp import values
from srv6cp.behaviours.interfaces import Binder, Entry, Names, Schema, Scope
from srv6cp.behaviours.itemwords import literal, pairs, put
from srv6cp.behaviours.operands import ADDRESS, HOPS, NAME, item
from srv6cp.behaviours.record import Endpoint
from srv6cp.behaviours.section import Section
from srv6cp.model import NextHop
from srv6cp.problems import Fields, InvalidError, with_path

KEY = "replication-segments"
NAME_OF_SID = "End.Replicate"
OPERAND = "replication"
_NUMBER = "replication_id"
_SEGMENTS = "replication_segment_table"
_COPIES = "packet_copy_table"
_MODE = "encap.red"
_NONE = IPv6Address(0)
_MOST_BRANCHES = 256
_THRESHOLD = "hop-limit-threshold"


class Branch(NamedTuple):
    """A branch: the Replication-SID ``sid`` of a node, reached by the route to it, by next hops, or by the segment
    lists of a policy (H.Encaps.Red)."""

    sid: IPv6Address
    via: tuple[NextHop, ...] = ()
    policy: str | None = None


@dataclass(frozen=True)
class ReplicationSegment:
    """What a node does for a tree. ``leaf``: it delivers to itself, at the SID ``context`` of its own unless the packet
    names one; ``threshold``: packets with a lower hop limit are dropped, 0: off."""

    branches: tuple[Branch, ...]
    leaf: bool = False
    context: IPv6Address | None = None
    threshold: int = 0

    @property
    def role(self) -> str:
        """RFC 9524 2: ``transit`` (or head), ``leaf``, ``bud``."""
        return _role(self.leaf, len(self.branches))


def _role(leaf: bool, branches: int) -> str:
    return "transit" if not leaf else "bud" if branches else "leaf"


def contexts(sections: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[int, str, IPv6Address]]:
    """(Place, name, context) of every segment of a node (``Node.sections``) that has a context."""
    for place, (name, segment) in enumerate(sections.get(KEY, {}).items()):
        if segment is not None and segment.context is not None:
            yield place, name, segment.context


def _read(given: dict[Any, Any], scope: Scope) -> ReplicationSegment:
    branches: list[Branch] = []
    for index, one in enumerate(with_path("branches", values.listing, given.get("branches") or [], "branches")):
        try:
            branch = _branch(values.mapping(one, "a branch"), scope)
            if any(branch.sid == other.sid for other in branches):
                raise InvalidError(f"there is another branch to {branch.sid}", "sid")
        except InvalidError as error:
            error.under("branches", index)
            raise
        branches.append(branch)
    fields = Fields(given)
    context = fields.read("context", values.ipv6_address)
    leaf = fields.read("leaf", values.boolean, "leaf", default=context is not None)
    threshold = fields.read(_THRESHOLD, values.integer, f"{_THRESHOLD} (0: off)", 0, 255, default=0)
    fields.finish()
    if context is not None and not leaf:
        raise InvalidError("only a leaf has a context: it is where what it delivers is processed", "context")
    if not branches and not leaf:
        raise InvalidError("a replication segment needs branches, or 'leaf: true' or a 'context'")
    if len(branches) > _MOST_BRANCHES:
        raise InvalidError(f"a replication segment has {_MOST_BRANCHES} branches at most", "branches")
    return ReplicationSegment(tuple(branches), leaf, context, threshold)


def _branch(given: dict[Any, Any], scope: Scope) -> Branch:
    fields = Fields(given)
    with fields.at():
        values.check_keys(given, _BRANCH["properties"], _BRANCH["required"])
    sid = fields.read("sid", values.ipv6_address)
    fields.finish()
    if "via" in given and "policy" in given:
        raise InvalidError("a branch has 'via' or 'policy', not both", "policy")
    if "policy" in given:
        policy = with_path("policy", values.reference, given["policy"], scope.policy_names, "policy")
        return Branch(sid, policy=policy)
    if "via" not in given:
        return Branch(sid)
    hops = with_path("via", scope.nexthops, given["via"], None)
    for hop in hops:
        if hop.address is None or hop.address.version == 4:
            raise InvalidError("the next hop of a branch is an IPv6 address", "via")
    return Branch(sid, tuple(hops))


def _keys(name: str, segment: ReplicationSegment) -> Iterator[tuple[bytes, Branch | None]]:
    """What each copy stands for; None is this node itself. A branch that is reached otherwise is another copy."""
    for branch in segment.branches:
        way = ",".join(map(str, branch.via)) or branch.policy or ""
        yield f"replicate/{name}/{branch.sid}/{way}".encode(), branch
    if segment.leaf:
        yield f"replicate/{name}/{segment.context or ''}".encode(), None


def _entries(number: int, segment: ReplicationSegment, binder: Binder) -> Iterable[Entry]:
    name = binder.name(KEY, number)
    for key, branch in _keys(name, segment):
        params: dict[str, Any] = {"ipv6_dst": branch.sid} if branch else {"context": segment.context or _NONE}
        action = "copy_to_route" if branch else "deliver_copy"
        if branch and branch.via:
            action = "copy_to_nexthop"
            params["nexthop_id"] = binder.nexthop_id(branch.via)
        elif branch and branch.policy:
            action = "copy_to_policy"
            params["policy_id"] = binder.policy_id(branch.policy, _MODE)
        yield Entry(_COPIES, {"replica_id": binder.replica(key)}, action, params, key=key)
    group = binder.multicast_group(_SEGMENTS, name)
    state = {"multicast_group": group, "hop_limit_threshold": segment.threshold}
    yield Entry(_SEGMENTS, {_NUMBER: number}, "replication_state", state)


def _copies(number: int, segment: ReplicationSegment, binder: Binder) -> Iterable[tuple[int, tuple[int, ...]]]:
    name = binder.name(KEY, number)
    replicas = tuple(binder.replica(key) for key, _ in _keys(name, segment))
    yield binder.multicast_group(_SEGMENTS, name), replicas


def _rows(found: Iterable[Entry], names: Names) -> list[dict[str, Any]]:
    """A row a copy."""
    entries = list(found)
    copies = {entry.match["replica_id"]: entry for entry in entries if entry.table == _COPIES}
    groups = {entry.match["multicast_group"]: entry.params["replicas"] for entry in entries if not entry.table}
    rows: list[dict[str, Any]] = []
    for entry in entries:
        if entry.table != _SEGMENTS:
            continue
        ways = [copies[each] for each in groups.get(entry.params["multicast_group"], ()) if each in copies]
        leaf = any(each.action == "deliver_copy" for each in ways)
        for way in ways:
            rows.append(
                {
                    "segment": names.item(KEY, entry.match[_NUMBER]),
                    "role": _role(leaf, len(ways) - leaf),
                    "branch": str(way.params["ipv6_dst"]) if "ipv6_dst" in way.params else None,
                    "via": _way(way, names),
                    "threshold": entry.params["hop_limit_threshold"],
                    "packets": way.packets,
                }
            )
    return sorted(rows, key=lambda row: (row["segment"], row["branch"] is None, row["branch"] or ""))


def _way(copy: Entry, names: Names) -> str:
    """How a copy goes on, in words."""
    params = copy.params
    if copy.action == "copy_to_nexthop":
        return names.nexthop(params["nexthop_id"])
    if copy.action == "copy_to_policy":
        return f"policy {names.policy(params['policy_id'])}"
    if copy.action == "deliver_copy":
        return "this node" if params["context"] == _NONE else f"this node, context {params['context']}"
    return "route"


def _words(given: Sequence[str]) -> dict[str, Any]:
    """``branch SID [via A [port P] | policy NAME]``, repeated, ``leaf``, ``context SID``, ``hop-limit-threshold N``.
    Raises ``InvalidError``."""
    found: dict[str, Any] = {}
    branches: list[dict[str, Any]] = []
    for word, value in pairs(given, _WORDS, alone=("leaf",)):
        if word == "branch":
            branches.append({"sid": value})
        elif word == "leaf":
            put(found, word, True)
        elif word in ("context", _THRESHOLD):
            put(found, word, literal(value))
        elif not branches:
            raise InvalidError(f"'branch SID' comes first, not {word!r}")
        elif word != "port":
            put(branches[-1], word, value)
        elif not isinstance(branches[-1].get("via"), str):
            raise InvalidError("'via A' comes first, and once, not 'port'")
        else:
            branches[-1]["via"] = {"address": branches[-1]["via"], "port": literal(value)}
    return {**({"branches": branches} if branches else {}), **found}


_WORDS = ("branch", "via", "port", "policy", "context", _THRESHOLD)
_BRANCH: Schema = {
    "type": "object",
    "properties": {
        "sid": {**ADDRESS, "description": "the Replication-SID of the node that the branch leads to"},
        "via": {**HOPS, "description": "its next hop, or several; else the route to the SID"},
        "policy": {**NAME, "description": "the policy whose segment lists lead to it (H.Encaps.Red)"},
    },
    "required": ["sid"],
    "additionalProperties": False,
}
_SECTION = Section(
    key=KEY,
    what="replication segment",
    summary=(
        "a list of `{name, branches: [{sid, via, policy}], leaf, context, hop-limit-threshold}`: branches by `via`, by"
        " `policy`, or by the route to their SID; `leaf: true`, or a `context`, makes the node a leaf, beside"
        " branches a bud"
    ),
    tables=(_SEGMENTS,),
    number=_NUMBER,
    schema={
        "branches": {"type": "array", "items": _BRANCH},
        "leaf": {"type": "boolean", "description": "this node has a copy of its own"},
        "context": {
            **ADDRESS,
            "description": "the SID of this node that its own copy is processed at, unless a segment is left",
        },
        _THRESHOLD: {
            "type": "integer",
            "minimum": 0,
            "maximum": 255,
            "description": "packets with a lower hop limit are dropped (0: off)",
        },
    },
    read=_read,
    entries=_entries,
    rows=_rows,
    columns=("segment", "role", "branch", "via", "threshold", "packets"),
    command=OPERAND,
    usage="branch SID [via A [port P] | policy NAME] ... [leaf] [context SID] [hop-limit-threshold N]",
    words=_words,
    size=4096,
    copies=_copies,
    shown=(_COPIES,),
)

ENDPOINTS = (
    Endpoint(
        NAME_OF_SID,
        action="end_replicate",
        operands=(item(OPERAND, _SECTION, _NUMBER),),
        code_points=(75,),
        spec="RFC 9524 2.2",
        sections=(_SECTION,),
    ),
)
