# SPDX-License-Identifier: Apache-2.0
"""The P4Runtime stream of one client: a thread that reads, a queue that writes, and subscriptions."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import grpc

from .errors import StreamClosed

__all__ = ["Heartbeat", "Listeners", "Stream", "Subscription"]

log = logging.getLogger(__name__)

T = TypeVar("T")


class Listeners(Generic[T]):
    """Callables that get every item; one that raises is logged and does not disturb the others."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._calls: tuple[Callable[[T], object], ...] = ()
        self._lock = threading.Lock()

    def add(self, call: Callable[[T], object]) -> Callable[[], None]:
        """Register ``call``; the result unregisters it."""
        with self._lock:
            self._calls = (*self._calls, call)

        def remove() -> None:
            with self._lock:
                self._calls = tuple(c for c in self._calls if c is not call)

        return remove

    def __bool__(self) -> bool:
        return bool(self._calls)

    def __call__(self, item: T) -> None:
        for call in self._calls:
            try:
                call(item)
            except Exception:
                log.exception("a %s callback failed", self._what)


class Subscription(Generic[T]):
    """A bounded queue of stream items, an iterator, and a context manager that unsubscribes.

    When it is full the oldest item gives way and ``dropped`` counts it, so that a slow reader never grows
    memory nor stalls the stream.
    """

    def __init__(self, listeners: Listeners[T], maxsize: int) -> None:
        self.dropped = 0
        self._queue: queue.Queue[T | None] = queue.Queue(maxsize)
        self._closed = False
        self._remove = listeners.add(self._put)

    def get(self, timeout: float | None = None) -> T | None:
        """The next item, or None after ``timeout`` seconds (None: for ever) or when closed."""
        if self._closed and self._queue.empty():
            return None
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None

    def drain(self) -> list[T]:
        """What is queued now, without waiting."""
        items: list[T] = []
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return items
            if item is not None:
                items.append(item)

    def close(self) -> None:
        """Unsubscribe; readers see the end."""
        self._remove()
        self._closed = True
        self._put(None)

    def __iter__(self) -> Iterator[T]:
        while (item := self.get()) is not None:
            yield item

    def __enter__(self) -> Subscription[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, item: T | None) -> None:
        while True:
            try:
                self._queue.put_nowait(item)
                return
            except queue.Full:
                try:
                    self._queue.get_nowait()
                    self.dropped += 1
                except queue.Empty:
                    pass


#: Seconds that a heartbeat under way is waited for.
_LONGEST_STOP = 1.0


class Heartbeat:
    """Calls ``beat(interval)`` every ``interval`` seconds in a thread of its own."""

    def __init__(self, beat: Callable[[float], object], interval: float, name: str) -> None:
        self._beat = beat
        self._interval = interval
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(self._interval):
            self._beat(self._interval)

    def stop(self) -> None:
        """No more calls; one that is under way is waited for a while, unless it is what stops this."""
        self._ended.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(_LONGEST_STOP)


class Stream:
    """One StreamChannel call. ``receive`` gets each message; ``ended`` the end, with the gRPC error if
    there was one.

    ``closing`` tells an end that this side asked for from one that it did not.
    """

    def __init__(
        self,
        call: Callable[[Iterator[Any]], Any],
        receive: Callable[[Any], None],
        ended: Callable[[Stream, grpc.RpcError | None], None],
        name: str,
    ) -> None:
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._receive = receive
        self._ended = ended
        self.closing = False
        self.open = True
        self.given_up = ""
        self._call = call(iter(self._requests.get, None))
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def send(self, message: Any) -> None:
        """Queue a StreamMessageRequest. Raises :class:`StreamClosed`."""
        if not self.open:
            raise StreamClosed("the stream to the switch is closed")
        self._requests.put(message)

    def close(self, timeout: float = 2.0) -> None:
        """Half-close after what was queued, and wait for the end."""
        self.closing = True
        self._requests.put(None)
        deadline = time.monotonic() + timeout
        if not self.on_own_thread:
            self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._thread.is_alive():
            self._call.cancel()
            if not self.on_own_thread:
                self._thread.join(timeout)

    def give_up(self, reason: str) -> None:
        """End it because the switch is silent."""
        self.given_up = reason
        self._call.cancel()

    @property
    def on_own_thread(self) -> bool:
        """Whether the caller runs in a stream callback, where waiting for the stream would never end."""
        return threading.current_thread() is self._thread

    def _run(self) -> None:
        error: grpc.RpcError | None = None
        try:
            for message in self._call:
                self._receive(message)
        except grpc.RpcError as failure:
            error = failure
        except Exception:
            log.exception("the stream reader failed")
        finally:
            self.open = False
            self._requests.put(None)
            self._ended(self, error)
