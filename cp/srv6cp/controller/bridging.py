# SPDX-License-Identifier: Apache-2.0
"""MAC addresses that bridge domains learn: told of by digests, written as entries, and forgotten when they age.

A digest says that an address is new, or elsewhere than it was. It is acknowledged when it is queued, so that the switch
tells again of what was lost here. The entries of the switch are the state: who takes it over goes on with what it has
learned (`Addresses.adopt`). What only the controller knows is when an address was last seen to be counted. No thread,
socket or clock of its own: entries to write come out, times and counts go in.

An address for which the switch or its domain has no room stays unknown: frames to it go to all of the domain. That is
counted, said once, and over when room is there again.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from srv6cp.behaviours.interfaces import Entry
from srv6cp.behaviours.l2_bridge import DESTINATIONS, KEY, REPLICAS, SOURCES, Bridge, ways_on_switch
from srv6cp.compile.ids import short_key
from srv6cp.p4rt.entities import Action, MatchValue, TableEntry, Update, UpdateType, delete
from srv6cp.p4rt.errors import Code, Failure
from srv6cp.p4rt.stamps import Stamp

if TYPE_CHECKING:
    from srv6cp.model import Node
    from srv6cp.p4rt.codec import Codec

__all__ = ["DIGEST", "READ", "SOURCES", "Addresses", "Ages", "key_of"]

DIGEST = "bridge_learn_t"
#: The tables that `Addresses.adopt` wants to see.
READ = (SOURCES, DESTINATIONS, *REPLICAS)
#: Messages that may wait; further ones are dropped, counted, and told again.
_QUEUE = 65536
#: How often it is looked whether addresses are still in use, in parts of the shortest age.
_LOOKS = 4
_SHORTEST_PAUSE = 1.0
#: What a switch says when a table is full; BMv2 gives no reason.
_NO_ROOM = frozenset((Code.RESOURCE_EXHAUSTED, Code.UNKNOWN))

Key = tuple[int, int]  # bridge, MAC


class Change(NamedTuple):
    """Of both entries of an address."""

    type: UpdateType
    bridge: int
    mac: int
    replica: int


@dataclass(slots=True)
class _Learned:
    replica: int
    seen: float
    packets: int = -1


@dataclass(frozen=True)
class Ages:
    """What the switch cannot tell. ``seen``: by (bridge, MAC), when, and how many packets it had sent by then."""

    seen: Mapping[Key, tuple[float, int]] = field(default_factory=dict)
    learned: int = 0
    refused: int = 0
    """Addresses that were not learned for want of room, each as often as it was told of."""
    dropped: int = 0
    """Messages for which there was no room in the queue."""
    full: tuple[str, ...] = ()
    """Domains that have as many addresses as they may have; ``*`` when the table of the switch is full."""


class Addresses:
    """The learned addresses of a switch's bridge domains. `queue` may be called from any thread, the rest from one.

    ``size`` is that of the tables of the switch; ``say`` is told what somebody should know.
    """

    def __init__(self, size: int = 65536, say: Callable[[str], None] = lambda _: None) -> None:
        self.refused = 0
        self.dropped = 0
        self._size = self._room = size
        self._say = say
        self._bridges: dict[int, Bridge] = {}
        self._names: dict[int, str] = {}
        self._keys: dict[int, bytes] = {}
        self._static: set[Key] = set()
        self._known: dict[Key, _Learned] = {}
        self._count: dict[int, int] = {}
        self._full: set[int] = set()  # domains, and 0 for the table
        self._queue: deque[Any] = deque()
        self._waiting = 0
        self._lock = threading.Lock()
        self._look_at: float | None = None
        self._stamps: dict[tuple[UpdateType, int], list[Stamp]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def queue(self, messages: Iterable[Any]) -> bool:
        """Note what digests say; True when nobody had to look before (`learn`)."""
        given = list(messages)
        with self._lock:
            first = not self._waiting
            if (room := _QUEUE - self._waiting) < len(given):
                self.dropped += len(given) - room
                del given[room:]
            self._queue.append(given)
            self._waiting += len(given)
            return first and bool(given)

    # What the domains are --------------------------------------------------------------------------------------

    def configure(self, node: Node, names: Mapping[int, str], now: float) -> None:
        """The domains are these, by number. What was learned at a way out that is another one is forgotten."""
        given = node.sections.get(KEY, {})
        found = {number: name for number, name in names.items() if name in given}
        self._keep(node, {number: name.encode() for number, name in found.items()})
        self._bridges = {number: given[name] for number, name in found.items()}
        self._names = found
        self._keys = {number: short_key(name.encode()) for number, name in found.items()}
        self._stamps = {}
        self._static = {
            (number, _number(each.mac)) for number, bridge in self._bridges.items() for each in bridge.static
        }
        self._room = self._size
        self._look_at = now + self._pause() if self._pause() else None

    def stale(self, node: Node) -> None:
        """Before `configure`, of a node that may be another: forget what cannot stay."""
        self._keep(node, None)

    def _keep(self, node: Node, names: Mapping[int, bytes] | None) -> None:
        """Forget what is no longer where it was; ``names``: of the domains by number, where that may have changed."""
        given = {short_key(name.encode()): bridge for name, bridge in node.sections.get(KEY, {}).items()}
        gone = []
        for key, learned in self._known.items():
            name = self._keys.get(key[0])
            before, bridge = self._bridges.get(key[0]), given.get(name) if name is not None else None
            same = names is None or (key[0] in names and short_key(names[key[0]]) == name)
            place = learned.replica & 0xFF
            if (
                not same
                or before is None
                or bridge is None
                or before.ways.get(place) != bridge.ways.get(place)
                or any(_number(each.mac) == key[1] for each in bridge.static)
            ):
                gone.append(key)
        for key in gone:
            self._forget(key)

    def adopt(self, node: Node, found: Iterable[TableEntry], now: float) -> None:
        """What the switch has is what has been learned, as far as ``node`` has its domain and its way out.

        ``found``: the entries of the tables `READ`. Of an address that is known already is kept when it was seen.
        """
        rows = []
        given = {short_key(name.encode()): (name, bridge) for name, bridge in node.sections.get(KEY, {}).items()}
        there: dict[str, dict[Key, int]] = {SOURCES: {}, DESTINATIONS: {}}
        owners: dict[int, bytes] = {}
        for entry in found:
            if not isinstance(entry.action, Action):
                continue
            if entry.table not in there:
                rows.append(Entry(entry.table, entry.match, entry.action.name, entry.action.params))
            elif "replica_id" in entry.action.params:
                there[entry.table][key_of(entry.match)] = int(str(entry.action.params["replica_id"]))
                owners[key_of(entry.match)[0]] = entry.metadata
        ways = ways_on_switch(rows)
        known, self._known, self._count = self._known, {}, {}
        self._bridges, self._names, self._keys = {}, {}, {}
        for key, replica in there[SOURCES].items():
            name, bridge = given.get(owners[key[0]], ("", None))
            if bridge is None or there[DESTINATIONS].get(key) != replica or replica >> 8 != key[0]:
                continue
            if replica not in ways or ways[replica] != bridge.ways.get(replica & 0xFF):
                continue
            before = known.get(key)
            self._known[key] = before if before and before.replica == replica else _Learned(replica, now)
            self._count[key[0]] = self._count.get(key[0], 0) + 1
            self._bridges[key[0]], self._names[key[0]], self._keys[key[0]] = bridge, name, owners[key[0]]

    # What is learned, and forgotten ----------------------------------------------------------------------------

    def entries(self) -> Iterator[TableEntry]:
        """What the switch must hold of them."""
        for key, learned in self._known.items():
            yield from self._entries(key, learned.replica)

    def learn(self, now: float) -> list[Change]:
        """Work off the queue."""
        with self._lock:
            lists, self._queue, self._waiting = self._queue, deque(), 0
        changes: dict[Key, Change] = {}
        known, static, bridges, room = self._known, self._static, self._bridges, self._room - len(self._static)
        for each in lists:
            for message in each:
                bridge, mac, replica = message["bridge_id"], message["mac"], message["replica_id"]
                key = bridge, mac if isinstance(mac, int) else _number(mac)
                learned = known.get(key)
                if learned is not None:
                    if learned.replica != replica and replica >> 8 == bridge:
                        learned.replica, learned.seen = replica, now
                        # It may have moved before it was written.
                        kind = changes[key].type if key in changes else UpdateType.MODIFY
                        changes[key] = Change(kind, *key, replica)
                    continue
                domain = bridges.get(bridge)
                if domain is None or replica >> 8 != bridge or key in static:
                    continue
                count = self._count.get(bridge, 0)
                if count >= domain.limit:
                    self._is_full(
                        bridge, f"bridge domain {self._names[bridge]} has {count} learned addresses, its limit"
                    )
                elif len(known) >= room:
                    self._is_full(0, f"the switch has room for {len(known)} learned MAC addresses and no more")
                else:
                    self._count[bridge] = count + 1
                    known[key] = _Learned(replica, now)
                    changes[key] = Change(UpdateType.INSERT, *key, replica)
        return list(changes.values())

    def serialized(self, changes: Iterable[Change], codec: Codec) -> list[bytes]:
        """The updates of the changes, for `Client.write_stamped`: they are many."""
        result = []
        stamps = self._stamps
        for change in changes:
            pair = stamps.get(change[:2])
            if pair is None:
                halves = self._entries((change.bridge, 0), 0)
                pair = stamps[change[:2]] = [Stamp(codec, Update(change.type, h), "mac", "replica_id") for h in halves]
            for stamp in pair:
                result.append(stamp(change.mac, change.replica))
        return result

    def refuse(self, failures: Iterable[Failure]) -> tuple[list[Update], list[Failure]]:
        """Of what `learn` gave the switch did not take some: forget the addresses for which it has no room.

        What is to be taken back of them, and the failures that have another reason.
        """
        lost: dict[Key, set[str]] = {}
        others = []
        for failure in failures:
            entity = failure.update.entity
            full = failure.update.type is UpdateType.INSERT and failure.code in _NO_ROOM
            if full and isinstance(entity, TableEntry) and entity.table in (SOURCES, DESTINATIONS):
                lost.setdefault(key_of(entity.match), set()).add(entity.table)
            else:
                others.append(failure)
        updates = []
        for key, tables in lost.items():
            if key in self._known:
                halves = self._entries(key, self._known[key].replica)
                updates += [delete(each) for each in halves if each.table not in tables]
                self._forget(key, room=False)
        if lost:
            self._room = len(self._known) + len(self._static)
            self._is_full(0, f"the switch has room for {len(self._known)} learned MAC addresses and no more", len(lost))
        return updates, others

    def _is_full(self, which: int, why: str, count: int = 1) -> None:
        self.refused += count
        if which not in self._full:
            self._full.add(which)
            self._say(f"{why}: frames to others go to all of their domain")

    @property
    def next_look(self) -> float | None:
        """When `age` wants to be called."""
        return self._look_at if self._known else None

    def age(self, counts: Mapping[Key, int], now: float) -> list[Update]:
        """Forget what has not been counted for the age of its domain; ``counts``: packets by (bridge, MAC)."""
        self._look_at = now + self._pause() if self._pause() else None
        gone = []
        for key, learned in self._known.items():
            packets = counts.get(key, learned.packets)
            if packets != learned.packets:
                learned.packets, learned.seen = packets, now
            elif (age := self._bridges[key[0]].age) and now - learned.seen >= age:
                gone.append(key)
        return self._deletes(gone)

    def flush(self, which: Callable[[Key, int], bool] = lambda _key, _replica: True) -> list[Update]:
        """Forget those of which ``which`` (bridge and MAC, replica) is true."""
        return self._deletes([key for key, learned in self._known.items() if which(key, learned.replica)])

    def ages(self) -> Ages:
        """What the switch cannot tell, for those who show it."""
        return Ages(
            {key: (learned.seen, learned.packets) for key, learned in self._known.items()},
            len(self._known),
            self.refused,
            self.dropped,
            tuple(sorted("*" if number == 0 else self._names.get(number, f"#{number}") for number in self._full)),
        )

    def _deletes(self, keys: Iterable[Key]) -> list[Update]:
        updates = []
        for key in keys:
            updates += [delete(each) for each in self._entries(key, self._known[key].replica)]
            self._forget(key)
        return updates

    def _forget(self, key: Key, room: bool = True) -> None:
        del self._known[key]
        self._count[key[0]] -= 1
        if room:
            self._full -= {0, key[0]}

    def _entries(self, key: Key, replica: int) -> tuple[TableEntry, TableEntry]:
        match: dict[str, MatchValue] = {"bridge_id": key[0], "mac": key[1].to_bytes(6, "big").hex(":")}
        name = self._keys.get(key[0], b"")  # what the number stands for, as in the entries of the node
        return (
            TableEntry(SOURCES, match, Action("is_at", {"replica_id": replica}), metadata=name),
            TableEntry(DESTINATIONS, match, Action("go_to", {"replica_id": replica}), metadata=name),
        )

    def _pause(self) -> float:
        """Between two looks; 0: nothing ages."""
        ages = [each.age for each in self._bridges.values() if each.age]
        return max(_SHORTEST_PAUSE, min(ages) / _LOOKS) if ages else 0.0


def key_of(match: Mapping[str, Any]) -> Key:
    """(Bridge, MAC) of an entry of either table."""
    return int(match["bridge_id"]), _number(str(match["mac"]))


def _number(mac: str) -> int:
    return int(mac.replace(":", ""), 16)
