# SPDX-License-Identifier: Apache-2.0
"""Which VRF a packet came from that this node has encapsulated, found from the quote of an ICMP error about it.

The outer header does not say it. So every way into a policy (prefix, port, classifier, binding SID) is asked whether
it could have made this packet; when the ways that could lead from one VRF, it is that. When they lead from several,
VRFs with overlapping addresses that share a policy say, it cannot be known, and the error must not be told: it would
show one VRF the packets of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from srv6cp.behaviours import REGISTRY
from srv6cp.compile.lpm import PrefixMap
from srv6cp.model import ClassifierRule, Entrance, IPAddress, Node, Policy, SegmentList, Sid
from srv6cp.packets.raw import Ipv6View, IpView


class _Way(NamedTuple):
    """A packet of ``vrf`` may enter ``policy``, in the headend mode ``mode``, with a service SID behind its lists."""

    policy: Policy
    mode: str
    vrf: str
    service: IPv6Address | None = None


class Origins:
    """The ways into the policies of a node, arranged for the question whence a packet came."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._prefixes: PrefixMap[tuple[Entrance, ...]] = PrefixMap()
        for steering in node.prefix_steering:
            self._prefixes.add(steering.vrf, steering.prefix, steering.entrances)
        for route in node.routes:
            if route.backup is not None:
                self._prefixes.at(route.vrf, route.prefix, (Entrance(route.backup),))
        self._steered = {steering.vrf for steering in node.prefix_steering}
        self._steered.update(route.vrf for route in node.routes if route.backup is not None)
        self._ports = [
            way for each in node.interfaces() if each.policy for way in self._into(node.policies[each.policy], each.vrf)
        ]
        self._bound: list[tuple[Sid, _Way]] = []
        for sid in node.sids:
            mode = REGISTRY.programmed(sid.behaviour, sid.operands).binding_mode
            if mode:
                ways = self._into(node.policies[sid.operands["policy"]], sid.in_vrf, mode)
                self._bound += ((sid, way) for way in ways)

    def vrf_id(self, underlay: int, outer: Ipv6View, inner: IpView) -> int | None:
        """The VRF of ``inner``, which this node sent in ``outer`` through the VRF ``underlay``; None when unknown."""
        vrfs = self._node.vrfs
        if len(vrfs) == 1:
            return 0
        ways = [way for way in self._ways(inner) if self._has_sent(way, underlay, outer)]
        listed = [way for way in ways if any(_made(way, entry, outer) for entry in way.policy.lists)]
        # A list that others have changed on the way tells nothing.
        found = {way.vrf for way in listed or ways}
        return vrfs[found.pop()] if len(found) == 1 else None

    def _has_sent(self, way: _Way, underlay: int, outer: Ipv6View) -> bool:
        """True when headers like the outer one leave by this way, whatever the segments."""
        headend = REGISTRY.headend(way.mode)
        source = way.policy.encap.source or self._node.source
        return (
            not headend.inserts
            and not headend.layer2
            and source is not None
            and source.packed == outer.src
            and self._node.vrfs[way.policy.vrf] == underlay
        )

    def _into(self, policy: Policy, vrf: str, mode: str | None = None) -> Iterator[_Way]:
        """The ways by a policy, those of what its composite paths are made of among them."""
        for part in policy.parts(self._node.policies):
            yield _Way(part, mode or policy.encap.mode, vrf)

    def _ways(self, inner: IpView) -> Iterator[_Way]:
        """Ways that are open to a packet with the addresses of ``inner``; one may come twice."""
        node, destination = self._node, ip_address(inner.dst)
        for vrf in self._steered:
            for name, service in self._prefixes.lookup(vrf, destination) or ():
                for way in self._into(node.policies[name], vrf):
                    yield way._replace(service=service)
        yield from self._ports
        for rule in node.classifiers:
            if rule.policy is not None and _takes(rule, ip_address(inner.src), destination):
                for interface in node.interfaces():
                    if rule.vrf in (None, interface.vrf) and rule.port in (None, interface.id.port):
                        yield from self._into(node.policies[rule.policy], interface.vrf)
        if isinstance(inner, Ipv6View):
            yield from (way for sid, way in self._bound if _was_bound(sid, inner))


def _made(way: _Way, entry: SegmentList, outer: Ipv6View) -> bool:
    """True when this list can have become what the quote holds: the same SRH, or one that was taken out on the way."""
    listed = [segment.packed for segment in (*entry.segments, *((way.service,) if way.service else ()))]
    pushed = listed[1:] if REGISTRY.headend(way.mode).reduced else listed
    srhs = outer.srhs
    if srhs:
        return any(list(srh.segments) == pushed[::-1] for srh in srhs)
    return _replaced(listed, outer.dst) or any(outer.dst == each or _shifted(each, outer.dst) for each in listed)


def _shifted(segment: bytes, destination: bytes) -> bool:
    """True when the C-SIDs of ``segment`` lead to ``destination`` (NEXT-C-SID, RFC 9800 4.1): the bits behind some
    locator block have moved up, zeros came in."""
    for block in range(2, 9):
        for moved in range(1, 16 - block):
            if segment[:block] + segment[block + moved :] + bytes(moved) == destination:
                return True
    return False


def _replaced(listed: list[bytes], destination: bytes) -> bool:
    """True when C-SIDs of ``listed`` lead to ``destination`` (REPLACE-C-SID, RFC 9800 4.2): behind the block of a SID
    stands a C-SID out of a container, and in the lowest bits its Index."""
    index, behind = destination[15], destination[:15] + bytes(1)
    for size in (2, 4):
        csids = {each[at : at + size] for each in listed[1:] for at in range(0, 16, size)} - {bytes(size)}
        for block in range(2, 16 - size):
            own = destination[block : block + size]
            if (
                own in csids
                and index < 16 // size
                and not any(behind[block + size :])
                and any(each[:block] == destination[:block] for each in listed)
            ):
                return True
    return False


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
