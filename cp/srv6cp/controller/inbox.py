# SPDX-License-Identifier: Apache-2.0
"""The queue in front of a controller's thread: packets, which may be dropped, and orders, which may not.

    orders ─────────────────────────────► first, in their order
    packets ─► class 0: port, port, ... ─► as many as its share, the ports in turn
               class 1: port, port, ... ─► ...
               the longest queue of a class and port loses its newest packet when there is no room

So who sends many packets waits for himself: what came by another port is at most a round away.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Order:
    """Something for the controller's thread to run; its result or exception goes into `done`."""

    run: Callable[[], Any]
    done: Future[Any]

    def carry_out(self) -> None:
        """Run it. Exceptions other than exits end up in `done`."""
        if self.done.set_running_or_notify_cancel():
            try:
                self.done.set_result(self.run())
            except Exception as error:
                self.done.set_exception(error)


class Inbox(Generic[T]):
    """At most `limit` packets wait, further ones are dropped and counted.

    `sort` gives the class of a packet, 0 first, and who sent it; `shares` how many of a class are served before a
    lower one has its turn (1 where it says nothing). Without them: one class, one sender, first in, first out.
    """

    def __init__(
        self,
        limit: int,
        sort: Callable[[T], tuple[int, Hashable]] = lambda _packet: (0, None),
        shares: Mapping[int, int] | None = None,
    ) -> None:
        self.dropped = 0
        self._limit = limit
        self._sort = sort
        self._shares = shares or {}
        self._orders: deque[Order] = deque()
        self._barriers: deque[tuple[int, Order]] = deque()  # and how many packets had arrived before
        # By class and sender, without empty ones; the sender whose turn it is comes first. A packet has its number.
        self._queues: dict[int, dict[Hashable, deque[tuple[int, T]]]] = {}
        self._left: dict[int, int] = {}  # of the share of a class in this round
        self._arrived = 0
        self._packets = 0
        self._condition = threading.Condition()

    def __len__(self) -> int:
        return self._packets + len(self._orders) + len(self._barriers)

    def put(self, packet: T) -> None:
        """Queue a packet. Where there is no room it, or another of whoever has most packets here, is dropped."""
        kind, sender = self._sort(packet)
        with self._condition:
            if self._packets >= self._limit and not self._make_room(kind, sender):
                return
            self._queues.setdefault(kind, {}).setdefault(sender, deque()).append((self._arrived, packet))
            self._arrived += 1
            self._packets += 1
            self._condition.notify()

    def order(self, run: Callable[[], Any], *, behind_packets: bool = False) -> Future[Any]:
        """Queue an order, in front of the packets or behind those that are there; the future has its result."""
        order = Order(run, Future())
        with self._condition:
            if behind_packets:
                self._barriers.append((self._arrived, order))
            else:
                self._orders.append(order)
            self._condition.notify()
        return order.done

    def take(self, deadline: float | None, most: int) -> list[T] | Order | None:
        """The next order, or up to `most` packets; None when nothing comes until `deadline`.

        `deadline` is in the time of `time.monotonic`; None waits for ever.
        """
        with self._condition:
            while not len(self):
                wait = None if deadline is None else deadline - time.monotonic()
                if wait is not None and wait <= 0:
                    return None
                self._condition.wait(wait)
            if self._orders:
                return self._orders.popleft()
            if self._barriers and self._oldest() >= self._barriers[0][0]:
                return self._barriers.popleft()[1]
            return [self._next() for _ in range(min(most, self._packets))]

    def abandon(self) -> None:
        """Drop everything; orders are cancelled."""
        with self._condition:
            for order in (*self._orders, *(order for _, order in self._barriers)):
                order.done.cancel()
            self._orders.clear()
            self._barriers.clear()
            self._queues.clear()
            self._packets = 0

    def _oldest(self) -> int:
        """Number of the packet that has waited longest; of the next one to come when none waits."""
        heads = (queue[0][0] for senders in self._queues.values() for queue in senders.values())
        return min(heads, default=self._arrived)

    def _next(self) -> T:
        """The packet whose turn it is."""
        kind = min((kind for kind in self._queues if self._left.get(kind, self._share(kind))), default=None)
        if kind is None:  # the round is over
            self._left.clear()
            kind = min(self._queues)
        self._left[kind] = self._left.get(kind, self._share(kind)) - 1
        senders = self._queues[kind]
        sender = next(iter(senders))
        queue = senders.pop(sender)
        _, packet = queue.popleft()
        if queue:
            senders[sender] = queue  # behind the others
        elif not senders:
            del self._queues[kind]
        self._packets -= 1
        return packet

    def _share(self, kind: int) -> int:
        return self._shares.get(kind, 1)

    def _make_room(self, kind: int, sender: Hashable) -> bool:
        """Drop the newest packet of the longest queue; False when it is the one that has just come."""
        self.dropped += 1
        longest = max((queue for senders in self._queues.values() for queue in senders.values()), key=len, default=None)
        if longest is None or longest is self._queues.get(kind, {}).get(sender) or len(longest) < 2:
            return False
        longest.pop()
        self._packets -= 1
        return True
