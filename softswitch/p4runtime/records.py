# SPDX-License-Identifier: Apache-2.0
"""What the server remembers of tables and their entries."""

from __future__ import annotations

from p4rtlib.objects import TableInfo
from softswitch.device import CounterValue, EntryAction, Key, NoSuchEntry, TableState
from softswitch.p4runtime.actions import TableAction
from softswitch.p4runtime.codec import KeyCodec
from softswitch.p4runtime.references import Reference

__all__ = ["Record", "Table"]


class Record:
    """An entry as the server remembers it.

    ``device_action`` is what the device holds for ``action``; ``meter`` the configured rates or ``None``;
    ``notified_ns`` the monotonic time of the last idle notification.
    """

    __slots__ = (
        "action",
        "controller_metadata",
        "device_action",
        "idle_timeout_ns",
        "is_const",
        "key",
        "metadata",
        "meter",
        "notified_ns",
        "priority",
        "references",
    )

    def __init__(
        self,
        key: Key,
        priority: int,
        action: TableAction,
        device_action: EntryAction,
        references: list[Reference],
    ) -> None:
        self.key = key
        self.priority = priority
        self.action = action
        self.device_action = device_action
        self.references = references
        self.metadata = b""
        self.controller_metadata = 0
        self.idle_timeout_ns = 0
        self.meter: tuple[int, ...] | None = None
        self.is_const = False
        self.notified_ns = 0


class Table:
    """One table: its description, codec, state in the device and records by (key, priority)."""

    __slots__ = ("codec", "counts", "default_meta", "info", "meters", "records", "state", "where")

    def __init__(self, info: TableInfo, state: TableState, counts: bool, meters: bool) -> None:
        self.info = info
        self.state = state
        self.counts = counts
        self.meters = meters
        self.where = f"table {info.name}"
        self.codec = KeyCodec(self.where, info.fields)
        self.records: dict[tuple[Key, int], Record] = {}
        #: (metadata, controller_metadata) of the default entry
        self.default_meta: tuple[bytes, int] = (b"", 0)

    def count_of(self, record: Record) -> CounterValue:
        """The direct counter of an entry; zero for one that was deleted since a read began."""
        try:
            return self.state.counter(record.key, record.priority)
        except NoSuchEntry:
            return CounterValue(0, 0)
