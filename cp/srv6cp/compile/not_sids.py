# SPDX-License-Identifier: Apache-2.0
"""What lies inside the prefix of a local SID and is not the SID's: the ``not_a_sid`` entries of ``my_sid_table``.

The switch looks for a SID first and for a route after. With these entries the two lookups are one longest match over
SIDs, own addresses and routes (RFC 8986 4, RFC 8754 4.3), and a packet for a route inside a SID costs no more than any
other. The other direction, a SID inside a route, needs nothing here: SIDs are looked for first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv6Network

from srv6cp.compile import tables
from srv6cp.compile.changes import Change
from srv6cp.compile.conditions import Key
from srv6cp.compile.sids import NOT_A_SID, o_flag_entry
from srv6cp.model import Node
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

    def around(self, vrf_id: int, prefix: IPv6Network) -> Iterator[int]:
        """Lengths of the prefixes that hold ``prefix`` and are shorter, the longest first."""
        for length in self._lengths.get(vrf_id, ()):
            bits = int(prefix.network_address) >> 128 - length
            if length < prefix.prefixlen and bits in self._levels[vrf_id, length]:
                yield length


class NotSids:
    """The rows that lie inside a SID and are no SID themselves, and which of them the switch must be told of: where
    what is around them is the SID.

    A route inside another route inside a SID is not among them: the outer one has said it already. ``rows`` are those
    of the routing tables, in force or not; ``holds`` says which are.
    """

    def __init__(self, node: Node, rows: Iterable[Key], holds: Callable[[Key], bool]) -> None:
        self._holds = holds
        self._o_flags = node.oam.enabled
        sids = _Prefixes()
        named = set()
        for sid in node.sids:
            vrf_id = node.vrfs[sid.in_vrf]
            sids.add(vrf_id, sid.prefix)
            named.add((vrf_id, sid.prefix))
        # Row to its prefix and the length of the SID around it.
        found: dict[Key, tuple[IPv6Network, int]] = {}
        for key in rows:
            vrf_id, prefix = key
            if isinstance(prefix, IPv6Network) and key not in named:
                length = next(sids.around(vrf_id, prefix), None)
                if length is not None:
                    found[key] = prefix, length
        others = _Prefixes()
        for (vrf_id, _), (inside, _) in found.items():
            others.add(vrf_id, inside)
        # Row to those between it and the SID, and the other way round.
        self._outer: dict[Key, list[Key]] = {}
        self._inner: dict[Key, list[Key]] = {}
        for key, (inside, sid_length) in found.items():
            lengths = [length for length in others.around(key[0], inside) if length > sid_length]
            self._outer[key] = [(key[0], inside.supernet(new_prefix=length)) for length in lengths]
            for outer in self._outer[key]:
                self._inner.setdefault(outer, []).append(key)
        self._written: set[Key] = set()

    def due(self) -> set[Key]:
        """Those that the switch must be told of."""
        return {key for key in self._outer if self._due(key)}

    def entities(self) -> Iterator[TableEntry]:
        """All entries."""
        self._written = self.due()
        for key in self._written:
            yield from self._entries(key)

    def changes(self, rows: Iterable[Key]) -> Iterator[Change]:
        """What is otherwise since these rows have come into force, or are no longer."""
        seen = dict.fromkeys(each for key in rows if key in self._outer for each in (key, *self._inner.get(key, ())))
        for key in seen:
            due = self._due(key)
            if due and key not in self._written:
                self._written.add(key)
                for entry in self._entries(key):
                    yield None, entry
            elif not due and key in self._written:
                self._written.discard(key)
                for entry in self._entries(key):
                    yield entry, None

    def _entries(self, key: Key) -> Iterator[TableEntry]:
        yield _entry(key)
        if self._o_flags and isinstance(key[1], IPv6Network):
            yield o_flag_entry(key[0], key[1], False)

    def _due(self, key: Key) -> bool:
        return self._holds(key) and not any(self._holds(outer) for outer in self._outer[key])


def _entry(key: Key) -> TableEntry:
    vrf_id, prefix = key
    return TableEntry(tables.MY_SID, {"vrf_id": vrf_id, "ipv6_dst": prefix}, Action(NOT_A_SID))
