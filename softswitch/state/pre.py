# SPDX-License-Identifier: Apache-2.0
"""Packet replication engine: multicast groups and clone sessions."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from softswitch.state.changes import ChangeFeed
from softswitch.state.errors import InvalidArgument, NoSuchEntry
from softswitch.state.values import Replica

#: BMv2 keeps clone sessions 0..2^15-1.
MAX_CLONE_SESSION = (1 << 15) - 1
MAX_MULTICAST_GROUP = (1 << 16) - 1
MAX_PORT = (1 << 9) - 1


@dataclass(frozen=True, slots=True)
class CloneSession:
    """Copies of a cloned packet; ``packet_length`` bytes are kept of each (0: all)."""

    replicas: tuple[Replica, ...]
    packet_length: int = 0
    class_of_service: int = 0


class Pre:
    """Groups and sessions.  Replicas are made in the order (instance, port), as BMv2 makes them."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        #: read by the engine
        self.groups: dict[int, tuple[Replica, ...]] = {}
        self.sessions: dict[int, CloneSession] = {}
        self._feed = ChangeFeed()

    def attach(self, feed: ChangeFeed) -> None:
        """Announce changes to ``feed`` from now on."""
        self._feed = feed

    @staticmethod
    def _replicas(what: str, replicas: Iterable[tuple[int, int]]) -> tuple[Replica, ...]:
        result: set[Replica] = set()
        for port, instance in replicas:
            if not 0 <= port <= MAX_PORT:
                raise InvalidArgument(f"{what}: port {port} is not in 0..{MAX_PORT}")
            if not 0 <= instance <= 0xFFFF:
                raise InvalidArgument(f"{what}: instance {instance} is not in 0..65535")
            replica = Replica(port, instance)
            if replica in result:
                raise InvalidArgument(f"{what}: replica (port {port}, instance {instance}) is given twice")
            result.add(replica)
        return tuple(sorted(result, key=lambda r: (r.instance, r.port)))

    def set_multicast_group(self, group_id: int, replicas: Iterable[tuple[int, int]]) -> None:
        """Create or replace group ``group_id`` (1..65535) with (port, instance) pairs."""
        if not 1 <= group_id <= MAX_MULTICAST_GROUP:
            raise InvalidArgument(f"multicast group {group_id} is not in 1..{MAX_MULTICAST_GROUP}")
        checked = self._replicas(f"multicast group {group_id}", replicas)
        with self._lock:
            self.groups[group_id] = checked
            self._feed.announce("multicast", "", "set", group_id)

    def delete_multicast_group(self, group_id: int) -> None:
        """Delete a group; :class:`NoSuchEntry` when there is none."""
        with self._lock:
            if self.groups.pop(group_id, None) is None:
                raise NoSuchEntry(f"multicast group {group_id} does not exist")
            self._feed.announce("multicast", "", "delete", group_id)

    def set_clone_session(
        self,
        session_id: int,
        replicas: Iterable[tuple[int, int]],
        packet_length_bytes: int = 0,
        class_of_service: int = 0,
    ) -> None:
        """Create or replace session ``session_id`` (0..32767); ``packet_length_bytes`` 0: whole packets."""
        if not 0 <= session_id <= MAX_CLONE_SESSION:
            raise InvalidArgument(f"clone session {session_id} is not in 0..{MAX_CLONE_SESSION}")
        if packet_length_bytes < 0:
            raise InvalidArgument(f"clone session {session_id}: length {packet_length_bytes} is negative")
        checked = self._replicas(f"clone session {session_id}", replicas)
        with self._lock:
            self.sessions[session_id] = CloneSession(checked, packet_length_bytes, class_of_service)
            self._feed.announce("clone", "", "set", session_id)

    def delete_clone_session(self, session_id: int) -> None:
        """Delete a session; :class:`NoSuchEntry` when there is none."""
        with self._lock:
            if self.sessions.pop(session_id, None) is None:
                raise NoSuchEntry(f"clone session {session_id} does not exist")
            self._feed.announce("clone", "", "delete", session_id)

    def clear(self) -> None:
        """Delete all groups and sessions."""
        with self._lock:
            self.groups.clear()
            self.sessions.clear()
            self._feed.announce("multicast", "", "clear")
            self._feed.announce("clone", "", "clear")
