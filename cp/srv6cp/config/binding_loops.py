# SPDX-License-Identifier: Apache-2.0
"""Binding SIDs that lead to themselves: a policy whose segment is a binding SID of this node, of the same policy or of
one that leads back to it. A packet there would be encapsulated until it outgrows a frame.

A segment that is a container of compressed SIDs is followed as far as this node's own C-SIDs take it (RFC 9800 4.1)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import NamedTuple

from srv6cp.behaviours import REGISTRY
from srv6cp.behaviours.csid import next_in_container
from srv6cp.model import LocalSids, Node, Policy, Sid

#: What looks up the next C-SID of a container at this node.
_GO_ON = frozenset(("End with NEXT-CSID", "End.T with NEXT-CSID", "End.LBS"))


class _Step(NamedTuple):
    """A segment of a policy that is a binding SID of this node, or leads to one by C-SIDs of this node."""

    segment: IPv6Address
    sid: Sid

    @property
    def verb(self) -> str:
        return "is" if self.segment in self.sid.prefix else "leads by C-SIDs of this node to"


def binding_loops(node: Node) -> Iterator[tuple[str, str]]:
    """(Policy, what is wrong) of each policy that leads to itself, in their order; of a chain the first one only."""
    binding = {record.name for record in REGISTRY.endpoints if record.binding_mode}
    if not any(sid.behaviour in binding for sid in node.sids):
        return
    local = LocalSids(node)

    def steps(policy: Policy) -> Iterator[_Step]:
        for part in policy.parts(node.policies):
            vrf_id = node.vrfs[part.vrf]
            for segment in dict.fromkeys(segment for each in part.lists for segment in each.sids):
                sid = _reached(node, local, vrf_id, segment)
                if sid is not None and sid.behaviour in binding:
                    yield _Step(segment, sid)

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
