# SPDX-License-Identifier: Apache-2.0
"""Binding SIDs that lead to themselves: a policy whose segment is a binding SID of this node, of the same policy or of
one that leads back to it. A packet there would be encapsulated until it outgrows a frame.

Containers of compressed SIDs are followed (RFC 9800 4.1, 4.2): those of NEXT-C-SIDs as far as this node's own take
them, lists of REPLACE-C-SIDs through other nodes as well, where ``sid-structures`` say how their SIDs are made up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv6Address, IPv6Network
from typing import NamedTuple

from srv6cp.behaviours import REGISTRY
from srv6cp.behaviours.csid import next_by_list, next_in_container
from srv6cp.model import Csid, LocalSids, Node, Policy, Sid, SidStructures

#: What looks up the next C-SID of a container at this node.
_GO_ON = frozenset(("End with NEXT-CSID", "End.T with NEXT-CSID", "End.LBS"))
#: What goes on to the next C-SID of a list, at this node or by a neighbour.
_BY_LIST = frozenset(f"{name} with REPLACE-CSID" for name in ("End", "End.X", "End.T", "End.LBS", "End.XLBS"))


class _Step(NamedTuple):
    """A segment of a policy that is a binding SID of this node, or leads to one by C-SIDs, of this node alone
    (``here``) or of others too."""

    segment: IPv6Address
    sid: Sid
    here: bool = True

    @property
    def verb(self) -> str:
        if self.segment in self.sid.prefix:
            return "is"
        return "leads by C-SIDs of this node to" if self.here else "leads by C-SIDs to"


def binding_loops(node: Node) -> Iterator[tuple[str, str]]:
    """(Policy, what is wrong) of each policy that leads to itself, in their order; of a chain the first one only."""
    binding = {record.name for record in REGISTRY.endpoints if record.binding_mode}
    if not any(sid.behaviour in binding for sid in node.sids):
        return
    local, structures = LocalSids(node), SidStructures(node.sid_structures)

    def steps(policy: Policy) -> Iterator[_Step]:
        for part in policy.parts(node.policies):
            vrf_id = node.vrfs[part.vrf]
            for segment in dict.fromkeys(segment for each in part.lists for segment in each.sids):
                sid = _reached(node, local, vrf_id, segment)
                if sid is not None and sid.behaviour in binding:
                    yield _Step(segment, sid)
            for sids in dict.fromkeys(each.sids for each in part.lists):
                for step in _by_list(node, local, structures, vrf_id, sids):
                    if step.sid.behaviour in binding:
                        yield step

    leads_to = {name: tuple(steps(policy)) for name, policy in node.policies.items()}
    reported: set[str] = set()
    for name in leads_to:
        if name not in reported and (loop := _way_back(name, leads_to)):
            reported.update(str(step.sid.operands["policy"]) for step in loop)
            yield name, _text(loop)


def _reached(node: Node, local: LocalSids, vrf_id: int, segment: IPv6Address) -> Sid | None:
    """The SID of this node that a packet to ``segment`` ends at, or leaves by; None when it meets none."""
    destination, met = segment.packed, set[tuple[int, bytes]]()
    sid = None
    while (vrf_id, destination) not in met:  # a swap of blocks may lead to itself
        met.add((vrf_id, destination))
        sid = local.lookup(vrf_id, int.from_bytes(destination, "big"))
        if sid is None or sid.behaviour not in _GO_ON or (further := next_in_container(sid, destination)) is None:
            return sid
        destination = further
        vrf_id = node.vrfs[sid.operands.get("vrf", sid.in_vrf)]
    return sid


def _by_list(
    node: Node, local: LocalSids, structures: SidStructures, vrf_id: int, sids: Sequence[IPv6Address]
) -> Iterator[_Step]:
    """The SIDs of this node that a packet with this list comes to by REPLACE-C-SIDs; for each segment that is an
    address, which may be the first one that it comes back with."""
    listed = [segment.packed for segment in reversed(sids)]
    for place, segment in enumerate(sids):
        destination, left, table, here = segment.packed, len(sids) - 1 - place, vrf_id, True
        while True:  # ends: the list does
            sid = local.lookup(table, int.from_bytes(destination, "big"))
            if sid is not None and destination != segment.packed:
                yield _Step(segment, sid, here)
            if sid is None:
                sid, here = _elsewhere(structures, destination), False
            if sid is None or sid.behaviour not in _BY_LIST:
                break
            following = next_by_list(sid, destination, listed, left)
            if following is None:
                break
            destination, left = following
            table = node.vrfs[sid.operands["vrf"]] if "vrf" in sid.operands else vrf_id


def _elsewhere(structures: SidStructures, destination: bytes) -> Sid | None:
    """The SID of another node that takes packets to this destination on by their list, as if it were of this one."""
    structure = structures.taker(int.from_bytes(destination, "big"))
    if structure is None or structure.csid is not Csid.REPLACE or not structure.containers:
        return None
    prefix = IPv6Network((destination, structure.length), strict=False)
    operands = {"lblen": structure.block, "nflen": structure.unit}
    return Sid(prefix, "End with REPLACE-CSID", operands=operands)


def _way_back(name: str, leads_to: dict[str, tuple[_Step, ...]]) -> tuple[_Step, ...]:
    """The shortest way from a policy to itself; empty when there is none."""
    seen: set[str] = set()
    ways: list[tuple[str, tuple[_Step, ...]]] = [(name, ())]
    for here, way in ways:  # which grows
        for step in leads_to.get(here, ()):
            there = str(step.sid.operands["policy"])
            if there == name:
                return (*way, step)
            if there not in seen:
                seen.add(there)
                ways.append((there, (*way, step)))
    return ()


def _text(loop: tuple[_Step, ...]) -> str:
    first, last = loop[0], loop[-1]
    if len(loop) == 1:
        return (
            f"segment {first.segment} {first.verb} the policy's own binding SID "
            f"({last.sid.behaviour} {last.sid.prefix}): packets would go round; name what is behind it"
        )
    way = ", ".join(
        f"{step.segment} {step.verb} {step.sid.behaviour} of policy {step.sid.operands['policy']}" for step in loop
    )
    return f"the policy leads to itself by binding SIDs of this node ({way}): packets would go round"
