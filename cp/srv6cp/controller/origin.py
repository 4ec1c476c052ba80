# SPDX-License-Identifier: Apache-2.0
"""Which VRF a packet came from that this node has encapsulated, found from the quote of an ICMP error about it.

The outer header does not say it. So every way into a policy (prefix, port, classifier, binding SID) is asked whether
it could have made this packet; when the ways that could lead from one VRF, it is that. When they lead from several,
VRFs with overlapping addresses that share a policy say, it cannot be known, and the error must not be told: it would
show one VRF the packets of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import NamedTuple

from srv6cp.behaviours import REGISTRY
from srv6cp.model import ClassifierRule, IPAddress, Node, Policy, SegmentList, Sid
from srv6cp.packets.raw import Ipv6View, IpView


class _Way(NamedTuple):
    """The inner packet may have entered ``policy``, in the headend mode ``mode``, from ``vrf``."""

    policy: Policy
    mode: str
    vrf: str


def origin_vrf(node: Node, underlay: int, outer: Ipv6View, inner: IpView) -> int | None:
    """The VRF of ``inner``, which this node sent in ``outer`` through the VRF ``underlay``; None when unknown."""
    if len(node.vrfs) == 1:
        return 0
    ways = [way for way in _ways(node, inner) if _has_sent(node, way, underlay, outer)]
    listed = [way for way in ways if any(_made(way, entry, outer) for entry in way.policy.lists)]
    # A list that others have changed on the way tells nothing.
    vrfs = {way.vrf for way in listed or ways}
    return node.vrfs[vrfs.pop()] if len(vrfs) == 1 else None


def _has_sent(node: Node, way: _Way, underlay: int, outer: Ipv6View) -> bool:
    """True when headers like the outer one leave by this way, whatever the segments."""
    headend = REGISTRY.headend(way.mode)
    source = way.policy.encap.source or node.source
    return (
        not headend.inserts
        and not headend.layer2
        and source is not None
        and source.packed == outer.src
        and node.vrfs[way.policy.vrf] == underlay
    )


def _made(way: _Way, entry: SegmentList, outer: Ipv6View) -> bool:
    """True when this list can have become what the quote holds: the same SRH, or one that was taken out on the way."""
    listed = [segment.packed for segment in entry.segments]
    pushed = listed[1:] if REGISTRY.headend(way.mode).reduced else listed
    srhs = outer.srhs
    if srhs:
        return any(list(srh.segments) == pushed[::-1] for srh in srhs)
    return any(outer.dst == segment or _shifted(segment, outer.dst) for segment in listed)


def _shifted(segment: bytes, destination: bytes) -> bool:
    """True when the C-SIDs of ``segment`` lead to ``destination`` (NEXT-C-SID, RFC 9800 4.1): the bits behind some
    locator block have moved up, zeros came in."""
    for block in range(2, 9):
        for moved in range(1, 16 - block):
            if segment[:block] + segment[block + moved :] + bytes(moved) == destination:
                return True
    return False


def _ways(node: Node, inner: IpView) -> Iterator[_Way]:
    """Ways into policies that are open to a packet with the addresses of ``inner``."""
    destination = ip_address(inner.dst)
    for vrf, policy in _by_prefix(node, destination):
        yield _Way(policy, policy.encap.mode, vrf)
    for interface in node.interfaces():
        if interface.policy is not None:
            policy = node.policies[interface.policy]
            yield _Way(policy, policy.encap.mode, interface.vrf)
    for rule in node.classifiers:
        if rule.policy is not None and _takes(rule, ip_address(inner.src), destination):
            policy = node.policies[rule.policy]
            for interface in node.interfaces():
                if rule.vrf in (None, interface.vrf) and rule.port in (None, interface.id.port):
                    yield _Way(policy, policy.encap.mode, interface.vrf)
    for sid in node.sids:
        record = REGISTRY.programmed(sid.behaviour, sid.operands)
        if record.binding_mode and isinstance(inner, Ipv6View) and _was_bound(sid, inner):
            yield _Way(node.policies[sid.operands["policy"]], record.binding_mode, sid.in_vrf)


def _by_prefix(node: Node, destination: IPAddress) -> Iterator[tuple[str, Policy]]:
    """The policy that the longest steering prefix has for a destination, in each VRF that has one."""
    longest: dict[str, tuple[int, str]] = {}
    for steering in node.prefix_steering:
        length = steering.prefix.prefixlen
        if length > longest.get(steering.vrf, (-1, ""))[0] and destination in steering.prefix:
            longest[steering.vrf] = length, steering.policy
    for vrf, (_, name) in longest.items():
        yield vrf, node.policies[name]


def _takes(rule: ClassifierRule, source: IPAddress, destination: IPAddress) -> bool:
    """True when the rule can match these addresses; ports and protocol may be beyond the end of the quote."""
    if rule.version not in (None, destination.version):
        return False
    return (rule.src is None or source in rule.src) and (rule.dst is None or destination in rule.dst)


def _was_bound(sid: Sid, inner: Ipv6View) -> bool:
    """True when the packet can have come for this binding SID: the segment before its destination."""
    for srh in inner.srhs:
        before = srh.segments_left + 1
        if before == len(srh.segments):
            return True  # a reduced list does not hold its first segment
        if before < len(srh.segments) and ip_address(srh.segments[before]) in sid.prefix:
            return True
    return False
