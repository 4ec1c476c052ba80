# SPDX-License-Identifier: Apache-2.0
"""Waiting for the signal that ends a process."""

from __future__ import annotations

import os
import signal

__all__ = ["StopSignals"]


class StopSignals:
    """SIGINT and SIGTERM, from when this is made; for the main thread of a process of its own.

    The interpreter's C handler writes to a pipe, and `wait` reads it. A handler in Python, which would set an event or
    fill a queue, runs in the main thread when that executes bytecode again: never, if the signal lands just before
    the thread blocks on a lock, or in another thread while it does.
    """

    def __init__(self) -> None:
        self._arrived, told = os.pipe()
        os.set_blocking(told, False)
        # Further signals than fit are no news.
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: None)

    def wait(self) -> None:
        """Return when a signal has arrived, before the call as well."""
        os.read(self._arrived, 1)
