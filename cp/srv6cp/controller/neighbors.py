# SPDX-License-Identifier: Apache-2.0
"""Neighbour cache for IPv6 and IPv4: states, timers and the packets that wait (RFC 4861 7.3, RFC 1122 2.3.2).

Pure state: time is an argument, solicitations are returned for the caller to send. The data plane does not
say which neighbours it uses, so every resolved one is probed again when its reachable time is over, not only
those in use.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from srv6cp.model import NeighborKey

from .punt import PacketIn


class State(Enum):
    """RFC 4861 7.3.2, without DELAY (see the module's text); FAILED is a wanted neighbour that did not
    answer."""

    INCOMPLETE = "incomplete"
    REACHABLE = "reachable"
    STALE = "stale"
    PROBE = "probe"
    FAILED = "failed"


@dataclass(frozen=True)
class NeighborTimers:
    """Seconds and counts; the defaults are those of RFC 4861 10 where it has one."""

    retransmit: float = 1.0
    solicitations: int = 3
    """Solicitations before a neighbour is given up (MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT)."""
    reachable: float = 30.0
    """How long an answer is good for before the neighbour is probed again."""
    delay: float = 5.0
    """How long a neighbour is believed that was only heard of (DELAY_FIRST_PROBE_TIME)."""
    retry: float = 10.0
    """How long a configured next hop that did not answer is left alone."""
    queue: int = 3
    """Packets that wait for one neighbour; a further one pushes out the oldest."""
    total_queue: int = 256
    """Packets that wait in all; further ones are dropped."""
    entries: int = 4096
    """Neighbours in all; further ones are not learned."""


class Solicitation(NamedTuple):
    """Ask for `key`: by multicast or broadcast when `mac` is None, else by unicast to `mac`."""

    key: NeighborKey
    mac: bytes | None


class Outcome(NamedTuple):
    """What a step of the cache asks its caller to do, in this order."""

    changed: tuple[NeighborKey, ...] = ()
    """Neighbours whose MAC was found, changed or lost: the tables must follow."""
    released: tuple[PacketIn, ...] = ()
    """Packets to send again, once the tables have followed."""
    unreachable: tuple[PacketIn, ...] = ()
    """Packets whose neighbour did not answer: ICMP address unreachable."""
    solicitations: tuple[Solicitation, ...] = ()


NOTHING = Outcome()


@dataclass(eq=False)
class _Waiter:
    """A packet that waits, for one neighbour or for the first of several."""

    packet: PacketIn
    queues: int = 0
    """Queues that it stands in; none: its time is over."""
    released: bool = False


@dataclass
class _Entry:
    state: State
    deadline: float
    mac: bytes | None = None
    asked: int = 0
    wanted: bool = False
    waiting: deque[_Waiter] = field(default_factory=deque)


class NeighborCache:
    """Neighbours of one node. Not thread-safe: it belongs to the thread that handles packets."""

    def __init__(self, timers: NeighborTimers | None = None) -> None:
        self.timers = timers or NeighborTimers()
        self.dropped = 0
        """Packets given up because a queue was full."""
        self._entries: dict[NeighborKey, _Entry] = {}
        self._waiting = 0

    def __len__(self) -> int:
        return len(self._entries)

    def keys(self) -> list[NeighborKey]:
        """Every neighbour, resolved or not."""
        return list(self._entries)

    def resolved(self) -> dict[NeighborKey, str]:
        """MAC addresses (`02:...`) by neighbour."""
        return {key: entry.mac.hex(":") for key, entry in self._entries.items() if entry.mac is not None}

    def mac(self, key: NeighborKey) -> bytes | None:
        """The MAC address of a neighbour, if known."""
        entry = self._entries.get(key)
        return entry.mac if entry else None

    def asked(self, key: NeighborKey) -> bool:
        """Whether this neighbour has been asked and has not answered yet. May be called from any thread."""
        entry = self._entries.get(key)
        return entry is not None and entry.state in (State.INCOMPLETE, State.PROBE)

    @property
    def waiting(self) -> int:
        """Packets that wait for an answer."""
        return self._waiting

    def rows(self) -> list[tuple[NeighborKey, State, bytes | None, int]]:
        """Every neighbour with state, MAC and number of waiting packets, sorted for display."""
        return [
            (key, entry.state, entry.mac, sum(not waiter.released for waiter in entry.waiting))
            for key, entry in sorted(self._entries.items(), key=lambda item: (item[0][0], str(item[0][1])))
        ]

    def want(self, keys: Iterable[NeighborKey], now: float) -> Outcome:
        """Declare the configured next hops: unknown ones are asked for now, and all are asked for until they
        answer."""
        wanted = set(keys)
        solicitations = []
        for key, entry in list(self._entries.items()):
            entry.wanted = key in wanted
            if entry.state is State.FAILED and not entry.wanted:
                del self._entries[key]
        for key in sorted(wanted - self._entries.keys(), key=str):
            created = self._create(key, State.INCOMPLETE, now)
            if created is not None:
                created.wanted = True
                solicitations.append(self._ask(key, created, now))
        return Outcome(solicitations=tuple(solicitations))

    def adopt(self, neighbors: Mapping[NeighborKey, bytes], now: float) -> None:
        """Take over neighbours that the switch still knows from an earlier controller; they will be
        probed."""
        for key, mac in neighbors.items():
            if key not in self._entries:
                entry = self._create(key, State.STALE, now + self.timers.delay)
                if entry is not None:
                    entry.mac = mac

    def keep(self, predicate: Callable[[NeighborKey], bool]) -> None:
        """Forget neighbours that the predicate does not keep (their interface or prefix has gone)."""
        for key in [key for key in self._entries if not predicate(key)]:
            self._drop(key)

    def clear(self, key: NeighborKey) -> Outcome:
        """Forget one neighbour, as `neighbor del` and `neighbor flush` do."""
        entry = self._entries.get(key)
        if entry is None:
            return NOTHING
        known = entry.mac is not None
        self._drop(key)
        return Outcome(changed=(key,) if known else ())

    def request(self, keys: Sequence[NeighborKey], packet: PacketIn, now: float) -> Outcome:
        """A packet needs one of these neighbours, the members of a set: it is released when the first of them is known,
        at once when one is."""
        solicitations: list[Solicitation] = []
        entries: list[_Entry] = []
        known = False
        for key in keys:
            entry = self._entries.get(key)
            if entry is None:
                entry = self._create(key, State.INCOMPLETE, now)
                if entry is None:
                    continue
                solicitations.append(self._ask(key, entry, now))
            elif entry.mac is not None:
                known = True
                continue
            elif entry.state is State.FAILED:
                entry.state, entry.asked = State.INCOMPLETE, 0
                solicitations.append(self._ask(key, entry, now))
            entries.append(entry)
        if known:
            return Outcome(released=(packet,), solicitations=tuple(solicitations))
        self._enqueue(_Waiter(packet), entries)
        return Outcome(solicitations=tuple(solicitations))

    def heard(self, key: NeighborKey, mac: bytes, now: float, create: bool = True) -> Outcome:
        """A packet of the neighbour showed its MAC (RFC 4861 7.2.3, RFC 826); it is believed for a while,
        then probed."""
        entry = self._entries.get(key)
        if entry is None:
            entry = self._create(key, State.INCOMPLETE, now) if create else None
            if entry is None:
                return NOTHING
        if entry.mac == mac:
            return NOTHING
        return self._resolve(key, entry, mac, State.STALE, now)

    def advertised(self, key: NeighborKey, mac: bytes | None, solicited: bool, override: bool, now: float) -> Outcome:
        """A Neighbour Advertisement or ARP reply from the neighbour (RFC 4861 7.2.5)."""
        entry = self._entries.get(key)
        if entry is None:
            return NOTHING
        if entry.mac is None:
            if mac is None:
                return NOTHING
            return self._resolve(key, entry, mac, State.REACHABLE if solicited else State.STALE, now)
        differs = mac is not None and mac != entry.mac
        if differs and not override:
            if entry.state is State.REACHABLE:
                entry.state, entry.deadline = State.STALE, now + self.timers.delay
            return NOTHING
        if differs:
            assert mac is not None
            return self._resolve(key, entry, mac, State.REACHABLE if solicited else State.STALE, now)
        if solicited:
            self._set_reachable(entry, now)
        return NOTHING

    def poll(self, now: float) -> Outcome:
        """Run the timers that are due."""
        changed: list[NeighborKey] = []
        unreachable: list[PacketIn] = []
        solicitations: list[Solicitation] = []
        for key, entry in list(self._entries.items()):
            if entry.deadline > now:
                continue
            if entry.state in (State.REACHABLE, State.STALE):
                entry.state, entry.asked = State.PROBE, 0
            elif entry.state is State.FAILED:
                entry.state, entry.asked = State.INCOMPLETE, 0
            elif entry.asked >= self.timers.solicitations:
                if entry.state is State.PROBE:
                    changed.append(key)
                unreachable += self._give_up(entry)
                if not entry.wanted:
                    del self._entries[key]
                    continue
                # A next hop of the configuration is asked for by multicast again: its MAC may have changed.
                if entry.state is State.PROBE:
                    entry.mac, entry.state, entry.asked = None, State.INCOMPLETE, 0
                else:
                    entry.state, entry.deadline = State.FAILED, now + self.timers.retry
                    continue
            solicitations.append(self._ask(key, entry, now))
        return Outcome(tuple(changed), (), tuple(unreachable), tuple(solicitations))

    def next_deadline(self) -> float | None:
        """When `poll` has something to do next."""
        return min((entry.deadline for entry in self._entries.values()), default=None)

    def _create(self, key: NeighborKey, state: State, deadline: float) -> _Entry | None:
        if len(self._entries) >= self.timers.entries:
            return None
        entry = _Entry(state, deadline)
        self._entries[key] = entry
        return entry

    def _ask(self, key: NeighborKey, entry: _Entry, now: float) -> Solicitation:
        entry.asked += 1
        entry.deadline = now + self.timers.retransmit
        return Solicitation(key, entry.mac if entry.state is State.PROBE else None)

    def _resolve(self, key: NeighborKey, entry: _Entry, mac: bytes, state: State, now: float) -> Outcome:
        entry.mac = mac
        if state is State.REACHABLE:
            self._set_reachable(entry, now)
        else:
            entry.state, entry.deadline = state, now + self.timers.delay
        released = tuple(waiter.packet for waiter in entry.waiting if not waiter.released)
        for waiter in entry.waiting:
            self._waiting -= not waiter.released
            waiter.released = True
            waiter.queues -= 1
        entry.waiting.clear()
        return Outcome((key,), released)

    def _set_reachable(self, entry: _Entry, now: float) -> None:
        entry.state, entry.deadline, entry.asked = State.REACHABLE, now + self.timers.reachable, 0

    def _enqueue(self, waiter: _Waiter, entries: Sequence[_Entry]) -> None:
        for entry in entries:
            while entry.waiting and (entry.waiting[0].released or len(entry.waiting) >= self.timers.queue):
                self.dropped += self._leave(entry.waiting.popleft())
        if self._waiting >= self.timers.total_queue or not entries:
            self.dropped += 1
            return
        for entry in entries:
            entry.waiting.append(waiter)
            waiter.queues += 1
        self._waiting += 1

    def _leave(self, waiter: _Waiter) -> bool:
        """One queue less: True when it was the last that a packet waited in, in vain."""
        waiter.queues -= 1
        over = waiter.queues == 0 and not waiter.released
        self._waiting -= over
        return over

    def _give_up(self, entry: _Entry) -> list[PacketIn]:
        """Empty the queue of a neighbour; the packets that wait for no other."""
        over = [waiter.packet for waiter in entry.waiting if self._leave(waiter)]
        entry.waiting.clear()
        return over

    def _drop(self, key: NeighborKey) -> None:
        self._give_up(self._entries[key])
        del self._entries[key]
