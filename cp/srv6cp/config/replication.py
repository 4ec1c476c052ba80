# SPDX-License-Identifier: Apache-2.0
"""``replication-segments`` beside the rest of the node: contexts are SIDs of it, policies of branches encapsulate."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Network

from srv6cp.behaviours import REGISTRY
from srv6cp.behaviours.replicate import KEY, contexts
from srv6cp.model import DEFAULT_VRF, Node
from srv6cp.problems import Problem


def check_replication(node: Node) -> Iterator[Problem]:
    """What is wrong with contexts and policies of branches (RFC 9524 2.2)."""
    for place, name, context in contexts(node.sections):
        matching = [
            sid for sid in node.sids if sid.in_vrf == DEFAULT_VRF and sid.prefix.supernet_of(IPv6Network(context))
        ]
        sid = max(matching, key=lambda each: each.prefix.prefixlen, default=None)
        if sid is None or not REGISTRY.endpoint(sid.behaviour).decapsulates:
            what = f"{sid.behaviour}, which takes nothing out" if sid else "no SID of this node"
            message = f"context {context} of {name!r} is {what}; it is a SID that decapsulates, such as End.DT46"
            yield Problem(message, (KEY, place, "context"))
    for place, segment in enumerate(node.sections.get(KEY, {}).values()):
        for index, branch in enumerate(segment.branches if segment else ()):
            policy = node.policies.get(branch.policy or "")
            if policy is not None and policy.encap.source is None and node.source is None:
                message = f"a branch by policy {policy.name!r} needs a source address: give the node one"
                yield Problem(message, (KEY, place, "branches", index, "policy"))
