# SPDX-License-Identifier: Apache-2.0
"""What lies inside the prefix of a local SID and is not the SID's: the ``not_a_sid`` entries of ``my_sid_table``.

The switch looks for a SID first and for a route after. With these entries the two lookups are one longest match over
SIDs, own addresses and routes (RFC 8986 4, RFC 8754 4.3), and a packet for a route inside a SID costs no more than any
other. The other direction, a SID inside a route, needs nothing here: SIDs are looked for first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv6Network

from srv6cp.compile import tables
from srv6cp.compile.sids import NOT_A_SID
from srv6cp.model import IPNetwork, Node
from srv6cp.p4rt.entities import Action, TableEntry


class _Prefixes:
    """Prefixes of every VRF by length."""

    def __init__(self) -> None:
        self._levels: dict[tuple[int, int], set[int]] = {}
        self._lengths: dict[int, list[int]] = {}

    def add(self, vrf_id: int, prefix: IPv6Network) -> None:
        length = prefix.prefixlen
        level = self._levels.get((vrf_id, length))
        if level is None:
            level = self._levels[vrf_id, length] = set()
            self._lengths[vrf_id] = sorted((*self._lengths.get(vrf_id, ()), length), reverse=True)
        level.add(int(prefix.network_address) >> 128 - length)

    def around(self, vrf_id: int, prefix: IPv6Network) -> int:
        """Length of the longest prefix that holds ``prefix`` and is shorter; -1 without one."""
        for length in self._lengths.get(vrf_id, ()):
            bits = int(prefix.network_address) >> 128 - length
            if length < prefix.prefixlen and bits in self._levels[vrf_id, length]:
                return length
        return -1


def inside_sids(node: Node, prefixes: Iterable[tuple[int, IPNetwork]]) -> list[tuple[int, IPv6Network]]:
    """Those (VRF id, prefix) that lie inside a SID and are no SID themselves, where what is around them is the SID.

    A route inside another route inside a SID is not among them: the outer one has said it already.
    """
    sids = _Prefixes()
    named = set()
    for sid in node.sids:
        vrf_id = node.vrfs[sid.in_vrf]
        sids.add(vrf_id, sid.prefix)
        named.add((vrf_id, sid.prefix))
    found = [
        (vrf_id, prefix)
        for vrf_id, prefix in prefixes
        if isinstance(prefix, IPv6Network) and sids.around(vrf_id, prefix) >= 0 and (vrf_id, prefix) not in named
    ]
    others = _Prefixes()
    for vrf_id, prefix in found:
        others.add(vrf_id, prefix)
    return [each for each in found if sids.around(*each) >= others.around(*each)]


def not_sid_entities(node: Node, prefixes: Iterable[tuple[int, IPNetwork]]) -> Iterator[TableEntry]:
    """The entries for the prefixes of the routing tables."""
    for vrf_id, prefix in inside_sids(node, prefixes):
        yield TableEntry(tables.MY_SID, {"vrf_id": vrf_id, "ipv6_dst": prefix}, Action(NOT_A_SID))
