# SPDX-License-Identifier: Apache-2.0
"""``Read`` RPCs at work: how many there may be, whose turn it is, which ones stand still.

To encode a large table takes seconds of processor time.  Few reads do so at once, a batch of entities each, so that
writes, packets and the end of the process do not wait for all of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from softswitch.p4runtime.errors import resource_exhausted

__all__ = ["MAX_READS", "Reading", "Reads"]

#: Reads that may be under way.
MAX_READS = 32
#: How many of them encode at a time.
ENCODING = 2
#: A client that takes nothing for so long is not waited for, seconds.
PATIENCE = 30.0


class Cancellable(Protocol):
    """The RPC."""

    def cancel(self) -> object: ...


class Reading:
    """One read under way; ``since``: when its client last took something."""

    def __init__(self, rpc: Cancellable) -> None:
        self.rpc = rpc
        self.since = time.monotonic()


class Reads:
    """All reads of a server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns = threading.Semaphore(ENCODING)
        self._readings: set[Reading] = set()

    def enter(self, rpc: Cancellable) -> Reading:
        """A read begins; ``RESOURCE_EXHAUSTED`` when there are too many."""
        reading = Reading(rpc)
        with self._lock:
            if len(self._readings) >= MAX_READS:
                raise resource_exhausted(f"{MAX_READS} reads are under way, no more are served")
            self._readings.add(reading)
        return reading

    def leave(self, reading: Reading) -> None:
        """It ended; may be called again."""
        with self._lock:
            self._readings.discard(reading)

    @contextmanager
    def turn(self, reading: Reading) -> Iterator[None]:
        """It encodes its next batch."""
        with self._turns:
            yield
        reading.since = time.monotonic()

    def end_stalled(self) -> None:
        """End reads whose client takes nothing."""
        limit = time.monotonic() - PATIENCE
        with self._lock:
            stalled = [reading for reading in self._readings if reading.since < limit]
        for reading in stalled:
            reading.rpc.cancel()
