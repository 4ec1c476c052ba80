# SPDX-License-Identifier: Apache-2.0
"""MAC addresses that bridge domains learn: told of by digests, written as entries, and forgotten when they age.

A digest says that an address is new, or elsewhere than it was. It is acknowledged when it is queued, so that the switch
tells again of what was lost here. What is known: the address, where it is, and when it was last seen to be counted by
the switch. No thread, socket or clock of its own: entries to write come out, times and counts go in.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srv6cp.behaviours.l2_bridge import KEY, Bridge
from srv6cp.compile.ids import short_key
from srv6cp.p4rt.entities import Action, MatchValue, TableEntry, Update, delete, insert, modify

if TYPE_CHECKING:
    from srv6cp.model import Node

SOURCES = "bridge_source_table"
DESTINATIONS = "bridge_destination_table"
DIGEST = "bridge_learn_t"
#: Messages that may wait; further ones are dropped, counted, and told again.
_QUEUE = 65536
#: How often it is looked whether addresses are still in use, in parts of the shortest age.
_LOOKS = 4
_SHORTEST_PAUSE = 1.0

Key = tuple[int, int]  # bridge, MAC


@dataclass(slots=True)
class _Learned:
    replica: int
    seen: float
    packets: int = -1


class Addresses:
    """The learned addresses of a switch's bridge domains. `queue` may be called from any thread, the rest from one."""

    def __init__(self, size: int = 65536) -> None:
        self.refused = 0
        """Addresses that were not learned: the domain had as many as it may have, or the table was full."""
        self.dropped = 0
        """Messages for which there was no room."""
        self._size = size
        self._bridges: dict[int, Bridge] = {}
        self._names: dict[int, bytes] = {}
        self._known: dict[Key, _Learned] = {}
        self._count: dict[int, int] = {}
        self._queue: deque[tuple[int, int, int]] = deque()
        self._lock = threading.Lock()
        self._look_at: float | None = None

    def __len__(self) -> int:
        return len(self._known)

    def queue(self, messages: Iterable[Any]) -> bool:
        """Note what digests say; True when nobody had to look before (`learn`)."""
        with self._lock:
            first = not self._queue
            for each in messages:
                if len(self._queue) >= _QUEUE:
                    self.dropped += 1
                elif isinstance(each, Mapping):
                    self._queue.append((int(each["bridge_id"]), int(each["mac"]), int(each["replica_id"])))
                else:
                    self._queue.append(tuple(map(int, each)))  # type: ignore[arg-type]
            return first and bool(self._queue)

    def configure(self, node: Node, names: Mapping[int, str], now: float) -> None:
        """The domains are these, by number; what was learned in one that is otherwise than before is forgotten."""
        given = node.sections.get(KEY, {})
        before, self._bridges = self._bridges, {number: given[name] for number, name in names.items() if name in given}
        self._names = {number: short_key(name.encode()) for number, name in names.items()}
        for key in [key for key in self._known if self._bridges.get(key[0]) != before.get(key[0])]:
            self._forget(key)
        self._look_at = now + self._pause() if self._pause() else None

    def stale(self, node: Node) -> None:
        """Before `configure`, of a node that may be another: forget what cannot stay."""
        given = set(node.sections.get(KEY, {}).values())
        for key in [key for key in self._known if self._bridges.get(key[0]) not in given]:
            self._forget(key)

    def entries(self) -> Iterator[TableEntry]:
        """What the switch must hold of them."""
        for key, learned in self._known.items():
            yield from self._entries(key, learned.replica)

    def learn(self, now: float) -> list[Update]:
        """Work off the queue."""
        with self._lock:
            messages, self._queue = self._queue, deque()
        updates: dict[Key, list[Update]] = {}
        for bridge, mac, replica in messages:
            key = bridge, mac
            domain = self._bridges.get(bridge)
            if domain is None or replica >> 8 != bridge or any(_number(each.mac) == mac for each in domain.static):
                continue
            known = self._known.get(key)
            if known is None:
                if self._count.get(bridge, 0) >= domain.limit or len(self._known) >= self._size:
                    self.refused += 1
                    continue
                self._count[bridge] = self._count.get(bridge, 0) + 1
                self._known[key] = _Learned(replica, now)
                updates[key] = [insert(each) for each in self._entries(key, replica)]
            elif known.replica != replica:
                known.replica, known.seen = replica, now
                change = insert if key in updates else modify  # it has moved before it was written
                updates[key] = [change(each) for each in self._entries(key, replica)]
        return [update for each in updates.values() for update in each]

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

    def flush(self) -> list[Update]:
        """Forget all of them."""
        return self._deletes(list(self._known))

    def _deletes(self, keys: Iterable[Key]) -> list[Update]:
        updates = []
        for key in keys:
            updates += [delete(each) for each in self._entries(key, self._known[key].replica)]
            self._forget(key)
        return updates

    def _forget(self, key: Key) -> None:
        del self._known[key]
        self._count[key[0]] -= 1

    def _entries(self, key: Key, replica: int) -> tuple[TableEntry, TableEntry]:
        match: dict[str, MatchValue] = {"bridge_id": key[0], "mac": key[1].to_bytes(6, "big").hex(":")}
        name = self._names.get(key[0], b"")  # what the number stands for, as in the entries of the node
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
