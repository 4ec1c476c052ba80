# SPDX-License-Identifier: Apache-2.0
"""Cables of a network in one process: frames that wait, are delayed, and get lost.

One thread hands over all that is under way. A cable without impairments costs nothing: it calls what is at its far end.
A frame waits until those before it are on the cable (``rate``), then takes ``delay`` and ``jitter``. Chance comes from
a generator for each direction, seeded with the number of the cable: a run can be repeated.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from srv6lab.impairments import IDEAL, Impairments

Deliver = Callable[[bytes], object]

_log = logging.getLogger(__name__)


@dataclass
class Passed:
    """Counts of one direction: what was put on it, and what it lost (chance) or had no room for (queue)."""

    frames: int = 0
    octets: int = 0
    lost: int = 0
    overflowed: int = 0


class Direction:
    """One direction of a cable, ``send`` is its near end and ``deliver`` what is at the far one."""

    def __init__(
        self, emulator: Emulator, deliver: Deliver, impairments: Impairments = IDEAL, seed: object = 0
    ) -> None:
        self._emulator = emulator
        self._deliver = deliver
        self._lock = threading.Lock()
        self._random = random.Random(repr(seed))
        self._free = 0.0  # when the last frame will be on the cable
        self._waiting: deque[float] = deque()  # when each frame that waits will be
        self.impairments = impairments
        self.passed = Passed()

    def send(self, frame: bytes) -> None:
        """Put a frame on the cable, in any thread."""
        has = self.impairments
        if has.ideal and not self._waiting:
            self.passed.frames += 1
            self.passed.octets += len(frame)
            self._deliver(frame)
            return
        with self._lock:
            now = self._emulator.clock()
            while self._waiting and self._waiting[0] <= now:
                self._waiting.popleft()
            if has.rate is not None and len(self._waiting) >= has.queue:
                self.passed.overflowed += 1
                return
            left = max(now, self._free)
            if has.rate is not None:
                left += 8 * len(frame) / has.rate
                self._waiting.append(left)
            self._free = left
            self.passed.frames += 1
            self.passed.octets += len(frame)
            if has.loss and self._random.random() < has.loss:
                self.passed.lost += 1
                return
            spread = self._random.uniform(-has.jitter, has.jitter) if has.jitter else 0.0
            self._emulator.after(left + has.delay + spread, self._deliver, frame)


class Emulator:
    """Hands over frames when their time has come; a context manager. ``clock``: seconds, for tests another one."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self._due: list[tuple[float, int, Deliver, bytes]] = []
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._ended = False
        self._thread: threading.Thread | None = None

    def direction(self, deliver: Deliver, impairments: Impairments = IDEAL, seed: object = 0) -> Direction:
        """A direction of a cable that ends at ``deliver``."""
        return Direction(self, deliver, impairments, seed)

    def after(self, moment: float, deliver: Deliver, frame: bytes) -> None:
        """Hand a frame over at ``moment`` of the clock; the thread starts with the first one."""
        with self._changed:
            if self._ended:
                return
            heapq.heappush(self._due, (moment, next(self._count), deliver, frame))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="cables", daemon=True)
                self._thread.start()
            elif self._due[0][0] == moment:
                self._changed.notify()

    def take_due(self) -> list[tuple[Deliver, bytes]]:
        """What is to be handed over now, in order."""
        with self._changed:
            return self._take()

    def _take(self) -> list[tuple[Deliver, bytes]]:
        now, found = self.clock(), []
        while self._due and self._due[0][0] <= now:
            _, _, deliver, frame = heapq.heappop(self._due)
            found.append((deliver, frame))
        return found

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._ended and not (found := self._take()):
                    self._changed.wait(self._due[0][0] - self.clock() if self._due else None)
                if self._ended:
                    return
            for deliver, frame in found:
                try:
                    deliver(frame)
                except Exception:  # one receiver must not stop all cables
                    _log.exception("a frame could not be handed over")

    def close(self) -> None:
        """Drop what is under way and end the thread."""
        with self._changed:
            self._ended = True
            self._due.clear()
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
