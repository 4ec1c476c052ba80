# SPDX-License-Identifier: Apache-2.0
"""The queue in front of a controller's thread: packets, which may be dropped, and orders, which may not."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
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
    """First in, first out; at most `limit` packets wait, further ones are dropped and counted."""

    def __init__(self, limit: int) -> None:
        self.dropped = 0
        self._limit = limit
        self._items: deque[T | Order] = deque()
        self._packets = 0
        self._condition = threading.Condition()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, packet: T) -> None:
        """Queue a packet, or count it as dropped."""
        with self._condition:
            if self._packets >= self._limit:
                self.dropped += 1
                return
            self._packets += 1
            self._items.append(packet)
            self._condition.notify()

    def order(self, run: Callable[[], Any]) -> Future[Any]:
        """Queue an order behind everything that is there; the future has its result."""
        order = Order(run, Future())
        with self._condition:
            self._items.append(order)
            self._condition.notify()
        return order.done

    def take(self, deadline: float | None, most: int) -> list[T] | Order | None:
        """The next order, or up to `most` packets in front of it; None when nothing comes until `deadline`.

        `deadline` is in the time of `time.monotonic`; None waits for ever.
        """
        with self._condition:
            while not self._items:
                wait = None if deadline is None else deadline - time.monotonic()
                if wait is not None and wait <= 0:
                    return None
                self._condition.wait(wait)
            first = self._items[0]
            if isinstance(first, Order):
                self._items.popleft()
                return first
            packets: list[T] = []
            while self._items and len(packets) < most:
                item = self._items[0]
                if isinstance(item, Order):
                    break
                packets.append(item)
                self._items.popleft()
            self._packets -= len(packets)
            return packets

    def abandon(self) -> None:
        """Drop everything; orders are cancelled."""
        with self._condition:
            for item in self._items:
                if isinstance(item, Order):
                    item.done.cancel()
            self._items.clear()
            self._packets = 0
