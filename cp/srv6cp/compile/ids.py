# SPDX-License-Identifier: Apache-2.0
"""Numbers for next hops, policies, segment lists and SIDs.

A number follows from what it stands for, by hash, so that it stays the same when other parts of the configuration
change; a collision takes the next free number, and so depends on who came first. Whoever comes to a switch that has
entries asks them (`Ids.adopt`), so that a number never passes from one thing to another while packets use it: a route
would lead to another next hop's neighbour until it, too, is written. What an entry stands for is in its ``metadata``,
which P4Runtime keeps for the controller, unless it can be told from the entry itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from ipaddress import IPv6Address, IPv6Network
from zlib import crc32

from srv6cp.behaviours import Section
from srv6cp.compile import tables
from srv6cp.p4rt.entities import Action, ActionSet, Entity, TableEntry

#: Copies of packets have numbers above this one, those of bridge domains below (p4src/core/router/copy_state.p4); there
#: are as many as `packet_copy_table` has room for. Likewise their multicast groups, of which BMv2 takes 32,767.
FIRST_COPY, COPIES = 0x8000, 16385
FIRST_GROUP, GROUPS = 0x7000, 0x1000
#: Keys are no longer than this: longer ones stand as a digest.
_LONGEST_KEY = 32


class IdSpace:
    """Numbers ``1..size-1`` above ``base`` for keys; 0 always means "none"."""

    def __init__(self, what: str, size: int, base: int = 0) -> None:
        self._what = what
        self._size = size
        self._base = base
        self._ids: dict[bytes, int] = {}
        self._taken: set[int] = set()
        self._used: set[bytes] = set()
        self._new: list[bytes] = []
        self._released: set[bytes] = set()

    def take(self, key: bytes) -> int:
        """The number of ``key``, the same for every call with it.

        Raises:
            OverflowError: all numbers are taken.
        """
        self._used.add(key)
        self._released.discard(key)
        number = self._ids.get(key)
        if number is not None:
            return number
        if len(self._taken) >= self._size - 1:
            raise OverflowError(f"the switch has room for {self._size - 1} {self._what}")
        place = crc32(key) % (self._size - 1) + 1
        while self._base + place in self._taken:
            place = place % (self._size - 1) + 1
        number = self._base + place
        self._taken.add(number)
        self._ids[key] = number
        self._new.append(key)
        return number

    def adopt(self, key: bytes, number: int) -> None:
        """``number`` stands for ``key`` on a switch; the first key of a number, and the first number of a key, count.

        A number that is no key's (``key`` empty: somebody else's entry) is not given to any until the next sweep.
        """
        if number in self._taken or not 0 < number - self._base < self._size:
            return
        key = key or b"foreign %d" % number
        if key in self._ids:
            key = b"double %d" % number
        self._taken.add(number)
        self._ids[key] = number

    def release(self, key: bytes) -> None:
        """``key`` needs its number no longer; it keeps it until `settle`, since entries of a switch still have it."""
        self._released.add(key)

    def settle(self) -> None:
        """Give back what was released: the switch has no entry of it any more."""
        for key in self._released:
            self._taken.discard(self._ids.pop(key))
        if self._used or self._released:
            self._forget()

    def sweep(self) -> None:
        """Give back the numbers of keys that were not taken since the last sweep: no entry of a switch has them."""
        for key in self._ids.keys() - self._used:
            self._taken.discard(self._ids.pop(key))
        self._forget()

    def undo(self) -> None:
        """Give back the numbers that were new since the last sweep, and forget what was taken since."""
        for key in self._new:
            self._taken.discard(self._ids.pop(key))
        self._forget()

    def _forget(self) -> None:
        self._used.clear()
        self._new.clear()
        self._released.clear()


class Ids:
    """All number spaces of one switch. ``sids`` and ``policies`` are bounded by the counters they index."""

    def __init__(self, sids: int = 131072, policies: int = 65536) -> None:
        self.nexthops = IdSpace("next hops", 65536)
        self.groups = IdSpace("next-hop groups", 65536)
        self.policies = IdSpace("policies", min(policies, 65536))
        self.sidlists = IdSpace("segment lists", 65536)
        self.sids = IdSpace("counted SIDs", sids)
        self.rate_groups = IdSpace("groups that share a rate", 1024)
        self.replicas = IdSpace("copies of packets", COPIES, FIRST_COPY)
        self.multicast_groups = IdSpace("groups of copies of packets", GROUPS, FIRST_GROUP)
        self._sections: dict[str, IdSpace] = {}

    def section(self, section: Section) -> IdSpace:
        """Numbers for the items of a section that a record of a behaviour brings."""
        space = self._sections.get(section.key)
        if space is None:
            space = self._sections[section.key] = IdSpace(section.key, section.size)
        return space

    def adopt(self, entities: Iterable[Entity], sections: Iterable[Section] = ()) -> None:
        """Take over the numbers of the entries of a switch; others than table entries are passed over."""
        named = {
            tables.NEXTHOP: ("nexthop_id", self.nexthops),
            tables.NEXTHOP_GROUP: ("nexthop_group_id", self.groups),
            tables.POLICY: ("policy_id", self.policies),
            tables.PACKET_COPY: ("replica_id", self.replicas),
            **{
                table: (section.number, self.section(section))
                for section in sections
                if section.number
                for table in section.tables
            },
        }
        sidlists: dict[int, dict[str, Action]] = {}
        for entry in entities:
            if not isinstance(entry, TableEntry) or entry.is_default:
                continue
            if entry.table in named:
                field, space = named[entry.table]
                space.adopt(entry.metadata, _number(entry.match.get(field)))
                for group in _groups(entry):
                    self.multicast_groups.adopt(group_key(entry.table, entry.metadata), group)
            elif entry.table in tables.SIDLISTS and isinstance(entry.action, Action):
                sidlists.setdefault(_number(entry.match.get("sidlist_id")), {})[entry.table] = entry.action
            elif entry.table == tables.MY_SID and isinstance(entry.action, Action):
                prefix, index = entry.match.get("ipv6_dst"), entry.action.params.get("sid_index")
                if isinstance(prefix, IPv6Network) and index is not None:
                    self.sids.adopt(sid_key(prefix, _number(entry.match.get("vrf_id"))), _number(index))
        for number, chunks in sidlists.items():
            segments = [segment for table in tables.SIDLISTS if table in chunks for segment in _segments(chunks[table])]
            self.sidlists.adopt(sidlist_key(segments), number)

    def sweep(self) -> None:
        """Give back everything that was not used since the last call; the switch must have no entry of it any more."""
        for space in self._spaces():
            space.sweep()

    def settle(self) -> None:
        """Give back what was released; the switch must have no entry of it any more."""
        for space in self._spaces():
            space.settle()

    def undo(self) -> None:
        """As before a compilation of which nothing is written."""
        for space in self._spaces():
            space.undo()

    def _spaces(self) -> Iterator[IdSpace]:
        yield from (self.nexthops, self.groups, self.policies, self.sidlists, self.sids, self.rate_groups)
        yield from (self.replicas, self.multicast_groups)
        yield from self._sections.values()


def short_key(key: bytes) -> bytes:
    """The key, or a digest of it: what the metadata of an entry holds."""
    return key if len(key) <= _LONGEST_KEY else blake2b(key, digest_size=_LONGEST_KEY).digest()


def group_key(table: str, key: bytes) -> bytes:
    """What a multicast group stands for: the entry that names it, by its table and its metadata."""
    return short_key(table.encode() + b" " + key)


def sid_key(prefix: IPv6Network, vrf_id: int) -> bytes:
    """What the counter of a SID stands for."""
    return prefix.network_address.packed + bytes((prefix.prefixlen, vrf_id >> 8, vrf_id & 0xFF))


def sidlist_key(segments: Iterable[IPv6Address]) -> bytes:
    """What the number of a segment list stands for: its segments in the order of the wire."""
    return b"".join(segment.packed for segment in segments)


def _segments(action: Action) -> list[IPv6Address]:
    """The segments of a chunk, in order."""
    numbered = sorted((int(name.rpartition("_")[2]), value) for name, value in action.params.items())
    return [value for _, value in numbered if isinstance(value, IPv6Address)]


def _groups(entry: TableEntry) -> Iterator[int]:
    """The multicast groups that an entry names."""
    actions = (each.action for each in entry.action.actions) if isinstance(entry.action, ActionSet) else (entry.action,)
    for action in actions:
        if isinstance(action, Action) and "multicast_group" in action.params:
            yield _number(action.params["multicast_group"])


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
