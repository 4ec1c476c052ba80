# SPDX-License-Identifier: Apache-2.0
"""Neighbour cache for IPv6 and IPv4: states, timers and the packets that wait (RFC 4861 7.3, RFC 1122 2.3.2).

Pure state: time is an argument, solicitations are returned for the caller to send. The data plane does not
say which neighbours it uses, so every resolved one is probed again when its reachable time is over, not only
those in use.

What packets make it keep and do is limited, each interface by itself (RFC 6583, `NeighborLimits`): whoever floods one
takes nothing from the others. Beyond the limits nothing is learned. A neighbour is *proven* when it has answered, or
when it is of use: a next hop of the configuration, or where a packet went. Of those that are not, only so many are
kept; one of them makes room when a packet or the configuration needs another neighbour, and those that packets asked
for make room for each other, the oldest first: who is there answers at once, who is not fills no table. A proven
neighbour is never displaced: it goes when it does not answer any more.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from typing import NamedTuple

from srv6cp.model import InterfaceId, NeighborKey, NeighborLimits

from .punt import PacketIn
from .refusals import Refusals

# Neighbours of all interfaces together, beyond which one has no more than a few: a switch has 65,535 next hops.
_MOST = 16384
_LEAST = 16
# Timers of one `poll`.
_TIMERS = 32


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


@dataclass(eq=False)
class _Entry:
    key: NeighborKey
    state: State
    deadline: float
    mac: bytes | None = None
    asked: int = 0
    wanted: bool = False
    """A next hop of the configuration."""
    proven: bool = False
    """It has answered, or a packet went to it."""
    waiting: deque[_Waiter] = field(default_factory=deque)


class _Link:
    """What there is of one interface. ``asked`` and ``heard`` are the neighbours that are not proven, the oldest first:
    those without a MAC, and those that spoke first."""

    def __init__(self) -> None:
        self.entries: dict[NeighborKey, _Entry] = {}
        self.wanted = 0
        self.asked: dict[NeighborKey, _Entry] = {}
        self.heard: dict[NeighborKey, _Entry] = {}
        self.held = 0
        self._tokens = 0.0
        self._at: float | None = None

    def may_ask(self, rate: int, now: float) -> bool:
        """Whether one more solicitation is within ``rate`` a second; bursts of a second's worth are."""
        if self._at is None:
            self._tokens = rate
        else:
            self._tokens = min(rate, self._tokens + max(0.0, now - self._at) * rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class NeighborCache:
    """Neighbours of one node. Not thread-safe: it belongs to the thread that handles packets."""

    def __init__(
        self,
        timers: NeighborTimers | None = None,
        limits: NeighborLimits | None = None,
        refusals: Refusals | None = None,
    ) -> None:
        self.timers = timers or NeighborTimers()
        self.limits = limits or NeighborLimits()
        self.refusals = refusals or Refusals()
        self.dropped = 0
        """Packets given up because a queue was full, or the neighbour could not be asked for."""
        self._entries: dict[NeighborKey, _Entry] = {}
        self._links: dict[InterfaceId, _Link] = {}
        self._waiting = 0
        # Deadlines that have changed meanwhile stay among these until their time has come.
        self._deadlines: list[tuple[float, int, _Entry]] = []
        self._sequence = count()

    def __len__(self) -> int:
        return len(self._entries)

    def keys(self) -> list[NeighborKey]:
        """Every neighbour, resolved or not."""
        return list(self._entries)

    def behind(self, ports: Collection[int]) -> list[NeighborKey]:
        """Every neighbour on these ports."""
        return [key for at, link in self._links.items() if at.port in ports for key in link.entries]

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

    def text(self, key: NeighborKey) -> str | None:
        """The same as text (`02:...`)."""
        mac = self.mac(key)
        return mac.hex(":") if mac else None

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
        wanted = dict.fromkeys(keys)
        for key, entry in list(self._entries.items()):
            if entry.wanted and key not in wanted:
                self._mark(entry, False)
                if entry.state is State.FAILED:
                    self._drop(entry)
                else:
                    self._sort_in(entry)
        return self.want_also(wanted, now)

    def want_also(self, keys: Iterable[NeighborKey], now: float) -> Outcome:
        """Further configured next hops, besides those that are known to be."""
        solicitations = []
        for key in sorted(keys, key=str):
            entry = self._entries.get(key)
            if entry is None:
                entry = self._create(key, State.INCOMPLETE, now)
                solicitations.append(self._ask(entry, now))
            self._mark(entry, True)
            self._sort_in(entry)
        return Outcome(solicitations=tuple(solicitations))

    def adopt(self, neighbors: Mapping[NeighborKey, bytes], now: float) -> None:
        """Take over neighbours that the switch still knows from an earlier controller; they will be
        probed."""
        for key, mac in neighbors.items():
            if key not in self._entries:
                entry = self._create(key, State.STALE, now + self.timers.delay)
                entry.mac, entry.proven = mac, True

    def keep(self, predicate: Callable[[NeighborKey], bool]) -> None:
        """Forget neighbours that the predicate does not keep (their interface or prefix has gone)."""
        for entry in [entry for key, entry in self._entries.items() if not predicate(key)]:
            self._drop(entry)

    def clear(self, key: NeighborKey) -> Outcome:
        """Forget one neighbour, as `neighbor del` and `neighbor flush` do."""
        entry = self._entries.get(key)
        if entry is None:
            return NOTHING
        self._drop(entry)
        return Outcome(changed=(key,) if entry.mac is not None else ())

    def request(self, keys: Sequence[NeighborKey], packet: PacketIn, now: float) -> Outcome:
        """A packet needs one of these neighbours, the members of a set: it is released when the first of them is known,
        at once when one is."""
        changed: list[NeighborKey] = []
        solicitations: list[Solicitation] = []
        entries: list[_Entry] = []
        known = False
        for key in keys:
            entry = self._entries.get(key)
            if entry is None:
                if not self._may_ask(key, now) or not self._make_room(key, changed, now):
                    continue
                entry = self._create(key, State.INCOMPLETE, now)
                self._sort_in(entry)
                solicitations.append(self._ask(entry, now))
            elif entry.state is State.FAILED:
                entry.state, entry.asked = State.INCOMPLETE, 0
                solicitations.append(self._ask(entry, now))
            elif entry.mac is not None:
                known = True
                self._prove(entry)
                continue
            entries.append(entry)
        if known:
            return Outcome(tuple(changed), (packet,), (), tuple(solicitations))
        self._enqueue(_Waiter(packet), entries, now)
        return Outcome(tuple(changed), solicitations=tuple(solicitations))

    def heard(self, key: NeighborKey, mac: bytes, now: float, create: bool = True) -> Outcome:
        """A packet of the neighbour showed its MAC (RFC 4861 7.2.3, RFC 826); it is believed for a while,
        then probed."""
        entry = self._entries.get(key)
        if entry is None:
            if not create or not self._may_hear(key, now):
                return NOTHING
            entry = self._create(key, State.INCOMPLETE, now)
        if entry.mac == mac:
            return NOTHING
        return self._resolve(entry, mac, State.STALE, now)

    def advertised(self, key: NeighborKey, mac: bytes | None, solicited: bool, override: bool, now: float) -> Outcome:
        """A Neighbour Advertisement or ARP reply from the neighbour (RFC 4861 7.2.5)."""
        entry = self._entries.get(key)
        if entry is None:
            return NOTHING
        if entry.mac is None:
            if mac is None:
                return NOTHING
            return self._resolve(entry, mac, State.REACHABLE if solicited else State.STALE, now)
        differs = mac is not None and mac != entry.mac
        if differs and not override:
            if entry.state is State.REACHABLE:
                entry.state = State.STALE
                self._set_deadline(entry, now + self.timers.delay)
            return NOTHING
        if differs:
            assert mac is not None
            return self._resolve(entry, mac, State.REACHABLE if solicited else State.STALE, now)
        if solicited:
            self._set_reachable(entry, now)
        return NOTHING

    def poll(self, now: float) -> Outcome:
        """Run timers that are due, no more than packets can wait for; `next_deadline` says whether there are others."""
        changed: list[NeighborKey] = []
        unreachable: list[PacketIn] = []
        solicitations: list[Solicitation] = []
        for _ in range(_TIMERS):
            at = self.next_deadline()
            if at is None or at > now:
                break
            entry = heapq.heappop(self._deadlines)[2]
            if entry.state in (State.REACHABLE, State.STALE):
                entry.state, entry.asked = State.PROBE, 0
            elif entry.state is State.FAILED:
                entry.state, entry.asked = State.INCOMPLETE, 0
            elif entry.asked >= self.timers.solicitations:
                if entry.state is State.PROBE:
                    changed.append(entry.key)
                unreachable += self._give_up(entry)
                if not entry.wanted:
                    self._drop(entry)
                    continue
                # A next hop of the configuration is asked for by multicast again: its MAC may have changed.
                if entry.state is State.PROBE:
                    entry.mac, entry.state, entry.asked = None, State.INCOMPLETE, 0
                else:
                    entry.state = State.FAILED
                    self._set_deadline(entry, now + self.timers.retry)
                    continue
            solicitation = self._ask(entry, now)
            # Probes are as many as there are neighbours; it is questions to nobody that packets can make many of.
            if entry.mac is not None or entry.wanted or self._may_ask(entry.key, now):
                solicitations.append(solicitation)
        return Outcome(tuple(changed), (), tuple(unreachable), tuple(solicitations))

    def next_deadline(self) -> float | None:
        """When `poll` has something to do next."""
        while self._deadlines:
            at, _, entry = self._deadlines[0]
            if entry.deadline == at and self._entries.get(entry.key) is entry:
                return at
            heapq.heappop(self._deadlines)
        return None

    # Limits --------------------------------------------------------------------------------------------------

    def _link(self, key: NeighborKey) -> _Link:
        link = self._links.get(key.interface)
        if link is None:
            link = self._links[key.interface] = _Link()
        return link

    def _may_ask(self, key: NeighborKey, now: float) -> bool:
        """Whether one more solicitation may be sent there."""
        allowed = self._link(key).may_ask(self.limits.solicitations, now)
        if not allowed:
            self._refuse(key, "asked for as fast as `solicitations` allows", now)
        return allowed

    def _may_hear(self, key: NeighborKey, now: float) -> bool:
        """Whether a neighbour that spoke first, and may be anybody, is learned."""
        if self._full(key):
            self._refuse(key, "as many neighbours as `learned` allows", now)
        elif len(self._link(key).heard) >= self.limits.unresolved:
            self._refuse(key, "as many neighbours that have not answered as `unresolved` allows", now)
        else:
            return True
        return False

    def _make_room(self, key: NeighborKey, changed: list[NeighborKey], now: float) -> bool:
        """Whether a neighbour that a packet needs can be asked for; one that is not proven goes for it, where there is
        no room."""
        link = self._link(key)
        if len(link.asked) >= self.limits.unresolved:
            self._refuse(key, "as many neighbours are asked for as `unresolved` allows; the oldest makes room", now)
            self._displace(link.asked, changed)
        elif self._full(key):
            self._refuse(key, "as many neighbours as `learned` allows", now)
            if not link.asked and not link.heard:
                return False
            self._displace(link.heard or link.asked, changed)
        return True

    def _full(self, key: NeighborKey) -> bool:
        """Whether an interface has all the neighbours that it may have: its own share, or of all that there can be."""
        known = len(self._link(key).entries) - self._link(key).wanted
        return known >= self.limits.learned or (len(self._entries) >= _MOST and known >= _LEAST)

    def _refuse(self, key: NeighborKey, why: str, now: float) -> None:
        self.refusals.count(key.interface, why, now, key.address)

    def _displace(self, entries: Mapping[NeighborKey, _Entry], changed: list[NeighborKey]) -> None:
        """Forget the oldest of these."""
        entry = next(iter(entries.values()))
        if entry.mac is not None:
            changed.append(entry.key)
        self._drop(entry)

    def _mark(self, entry: _Entry, wanted: bool) -> None:
        self._link(entry.key).wanted += wanted - entry.wanted
        entry.wanted = wanted

    def _prove(self, entry: _Entry) -> None:
        if not entry.proven:
            entry.proven = True
            self._sort_in(entry)

    def _sort_in(self, entry: _Entry) -> None:
        """Put it where it belongs among those of its interface that are not proven."""
        link, key = self._link(entry.key), entry.key
        kind = None if entry.wanted or entry.proven else link.asked if entry.mac is None else link.heard
        for each in (link.asked, link.heard):
            if each is kind:
                each.setdefault(key, entry)
            else:
                each.pop(key, None)

    # Entries -------------------------------------------------------------------------------------------------

    def _create(self, key: NeighborKey, state: State, deadline: float) -> _Entry:
        entry = self._entries[key] = self._link(key).entries[key] = _Entry(key, state, deadline)
        self._set_deadline(entry, deadline)
        return entry

    def _drop(self, entry: _Entry) -> None:
        self.dropped += len(self._give_up(entry))
        link, key = self._link(entry.key), entry.key
        self._mark(entry, False)
        del self._entries[key], link.entries[key]
        link.asked.pop(key, None)
        link.heard.pop(key, None)

    def _set_deadline(self, entry: _Entry, at: float) -> None:
        entry.deadline = at
        heapq.heappush(self._deadlines, (at, next(self._sequence), entry))
        if len(self._deadlines) > 4 * len(self._entries) + 64:  # somebody confirms neighbours all the time
            self._deadlines = [(each.deadline, next(self._sequence), each) for each in self._entries.values()]
            heapq.heapify(self._deadlines)

    def _ask(self, entry: _Entry, now: float) -> Solicitation:
        entry.asked += 1
        self._set_deadline(entry, now + self.timers.retransmit)
        return Solicitation(entry.key, entry.mac if entry.state is State.PROBE else None)

    def _resolve(self, entry: _Entry, mac: bytes, state: State, now: float) -> Outcome:
        # Whoever was asked for is of use: a packet or the configuration did it.
        entry.proven = entry.proven or (entry.mac is None and entry.asked > 0)
        entry.mac = mac
        if state is State.REACHABLE:
            self._set_reachable(entry, now)
        else:
            entry.state = state
            self._set_deadline(entry, now + self.timers.delay)
        self._sort_in(entry)
        released = tuple(waiter.packet for waiter in entry.waiting if not waiter.released)
        self._link(entry.key).held -= len(entry.waiting)
        for waiter in entry.waiting:
            self._waiting -= not waiter.released
            waiter.released = True
            waiter.queues -= 1
        entry.waiting.clear()
        return Outcome((entry.key,), released)

    def _set_reachable(self, entry: _Entry, now: float) -> None:
        entry.state, entry.asked = State.REACHABLE, 0
        self._set_deadline(entry, now + self.timers.reachable)
        self._prove(entry)

    # Packets that wait ---------------------------------------------------------------------------------------

    def _enqueue(self, waiter: _Waiter, entries: Sequence[_Entry], now: float) -> None:
        for entry in entries:
            link = self._link(entry.key)
            while entry.waiting and (entry.waiting[0].released or len(entry.waiting) >= self.timers.queue):
                link.held -= 1
                self.dropped += self._leave(entry.waiting.popleft())
            if link.held >= self.limits.held:
                self._refuse(entry.key, "as many packets wait for neighbours as `held` allows", now)
                continue
            entry.waiting.append(waiter)
            link.held += 1
            waiter.queues += 1
        if waiter.queues:
            self._waiting += 1
        else:
            self.dropped += 1

    def _leave(self, waiter: _Waiter) -> bool:
        """One queue less: True when it was the last that a packet waited in, in vain."""
        waiter.queues -= 1
        over = waiter.queues == 0 and not waiter.released
        self._waiting -= over
        return over

    def _give_up(self, entry: _Entry) -> list[PacketIn]:
        """Empty the queue of a neighbour; the packets that wait for no other."""
        over = [waiter.packet for waiter in entry.waiting if self._leave(waiter)]
        self._link(entry.key).held -= len(entry.waiting)
        entry.waiting.clear()
        return over
