# SPDX-License-Identifier: Apache-2.0
"""Notification of state changes to the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Change(NamedTuple):
    """One change made through the device API, after it took effect.

    ``kind``: table, default, profile, counter, meter, register, value_set, multicast, clone.
    ``operation``: insert, modify, delete, set, clear.  ``detail``: the row (rows of
    a cleared table), id or index concerned.
    """

    kind: str
    name: str
    operation: str
    detail: Any = None


class ChangeFeed:
    """Where the state announces changes; an engine that copies state sets ``listener``.

    The listener runs with the device's lock held, before the call that made the change returns.
    """

    __slots__ = ("listener",)

    def __init__(self) -> None:
        self.listener: Callable[[Change], None] | None = None

    def announce(self, kind: str, name: str, operation: str, detail: Any = None) -> None:
        """Tell the listener, if there is one."""
        if self.listener is not None:
            self.listener(Change(kind, name, operation, detail))
