# SPDX-License-Identifier: Apache-2.0
"""Who may write: streams, roles and election ids (P4Runtime 1.5 section 5).

One :class:`Arbiter` serves one device.  Its lock orders the updates of the streams; questions about the
present primary (:meth:`Arbiter.check_primary`) take no lock, so a ``Write`` that holds the state lock can
never wait for an arbitration that itself waits for the ``Write`` to end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from p4rtlib.protos import code_pb2, p4runtime_pb2
from softswitch.p4runtime.errors import (
    choices,
    failed_precondition,
    invalid,
    not_found,
    permission_denied,
    resource_exhausted,
)

__all__ = ["MAX_STREAMS", "Arbiter", "Peer", "election_of", "format_election"]

#: Streams served at a time; each needs two threads.
MAX_STREAMS = 32
#: Roles of which the highest election id is remembered, which is for as long as the switch runs.
MAX_ROLES = 256
#: Bytes.
MAX_ROLE_NAME = 256


class Peer(Protocol):
    """The sending side of a stream; :meth:`send` must not block."""

    def send(self, message: Any) -> None: ...


def election_of(message: Any) -> int | None:
    """The 128-bit election id of a message, ``None`` when it is not set (which is not the same as 0)."""
    if not message.HasField("election_id"):
        return None
    return int(message.election_id.high) << 64 | int(message.election_id.low)


def format_election(election: int | None) -> str:
    return "unset" if election is None else str(election)


class _Role:
    """One role of the device: its live streams with their election ids, the primary and the highest id
    ever."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.streams: dict[Peer, int | None] = {}
        self.primary: Peer | None = None
        self.highest: int | None = None


class Arbiter:
    """Arbitration of one device.

    ``in_flight``: a lock that every ``Write`` and ``SetForwardingPipelineConfig`` holds while it works; a
    change of primary waits for it, as section 5.3 asks.
    """

    def __init__(
        self,
        device_id: int,
        in_flight: AbstractContextManager[Any],
        on_primary: Callable[[str], None] = lambda role: None,
    ) -> None:
        self.device_id = device_id
        self._in_flight = in_flight
        self._on_primary = on_primary
        self._lock = threading.Lock()
        self._roles: dict[str, _Role] = {"": _Role("")}
        self._role_of: dict[Peer, _Role] = {}

    # -- questions (lock-free)

    def check_primary(self, role: str, election: int | None) -> None:
        """``NOT_FOUND`` for a role nobody opened, ``PERMISSION_DENIED`` unless ``election`` is the
        primary's."""
        state = self._roles.get(role)
        if state is None:
            raise not_found(f"unknown role {role!r}; roles with a stream: {choices(map(repr, list(self._roles)))}")
        primary = state.primary
        if primary is None or election is None or state.streams.get(primary) != election:
            current = format_election(state.streams.get(primary)) if primary is not None else "nobody"
            raise permission_denied(
                f"election id {format_election(election)} is not the primary of role {role!r} on"
                f" device {self.device_id} (primary: {current})"
            )

    def is_primary(self, peer: Peer) -> bool:
        """Whether the stream is the primary of its role now."""
        role = self._role_of.get(peer)
        return role is not None and role.primary is peer

    def role_of(self, peer: Peer) -> str | None:
        """The role of a stream, ``None`` before its first accepted update."""
        role = self._role_of.get(peer)
        return None if role is None else role.name

    def primaries(self) -> list[tuple[str, Peer]]:
        """(role, stream) of every primary."""
        return [(role.name, role.primary) for role in list(self._roles.values()) if role.primary is not None]

    # -- events

    def update(self, peer: Peer, message: Any) -> None:
        """Handle a ``MasterArbitrationUpdate``; a ``Fault`` means that the stream must be closed with it."""
        if message.device_id != self.device_id:
            known = self._role_of.get(peer)
            text = f"device id {message.device_id} is not served here; this is device {self.device_id}"
            raise not_found(text) if known is None else failed_precondition(text)
        name = message.role.name
        if message.role.id:
            raise invalid("role.id is deprecated since P4Runtime 1.2; use role.name")
        if message.role.HasField("config"):
            raise invalid(
                f"role {name!r}: role.config is set, but no role scheme is agreed with this server;"
                " rights of a role come from @p4runtime_role annotations of the program"
            )
        if len(name.encode()) > MAX_ROLE_NAME:
            raise invalid(f"role.name has {len(name.encode())} bytes; at most {MAX_ROLE_NAME} are taken")
        election = election_of(message)
        with self._lock:
            role = self._admit(peer, name, election)
            previous = role.primary
            role.streams[peer] = election
            if election is not None and (role.highest is None or election >= role.highest):
                self._promote(role, peer, election)
            elif previous is peer:
                role.primary = None
                self._notify(role, list(role.streams))
            else:
                self._notify(role, [peer])

    def leave(self, peer: Peer) -> None:
        """The stream ended; the others of its role are told when it was the primary."""
        with self._lock:
            role = self._role_of.pop(peer, None)
            if role is None:
                return
            role.streams.pop(peer, None)
            if role.primary is peer:
                role.primary = None
                self._notify(role, list(role.streams))

    # -- with the lock held

    def _admit(self, peer: Peer, name: str, election: int | None) -> _Role:
        known = self._role_of.get(peer)
        if known is not None and known.name != name:
            raise failed_precondition(f"this stream has role {known.name!r}; close it to change to {name!r}")
        role = known or self._roles.get(name) or _Role(name)
        if election is not None:
            for other, taken in role.streams.items():
                if taken == election and other is not peer:
                    raise invalid(f"election id {election} is in use by another controller of role {name!r}")
        if known is None:
            if len(self._role_of) >= MAX_STREAMS:
                raise resource_exhausted(f"{MAX_STREAMS} streams are open, no more are served")
            if name not in self._roles and len(self._roles) >= MAX_ROLES:
                raise resource_exhausted(f"{MAX_ROLES} roles have been opened, no more are served")
            self._roles[name] = role
            self._role_of[peer] = role
        return role

    def _promote(self, role: _Role, peer: Peer, election: int) -> None:
        others = [stream for stream in role.streams if stream is not peer]
        if role.primary is not None and role.primary is not peer:
            role.primary = None  # from here on the old primary's writes are refused
        before, role.highest = role.highest, election
        for stream in others:
            stream.send(self._message(role, code_pb2.ALREADY_EXISTS, "another controller is the primary"))
        if before is not None:
            with self._in_flight:  # writes that have begun end first
                role.primary = peer
        else:
            role.primary = peer
        self._on_primary(role.name)
        peer.send(self._message(role, code_pb2.OK, "primary"))

    def _notify(self, role: _Role, streams: list[Peer]) -> None:
        """Tell backups how things are."""
        if role.primary is None:
            message = self._message(role, code_pb2.NOT_FOUND, "no controller is the primary")
        else:
            message = self._message(role, code_pb2.ALREADY_EXISTS, "another controller is the primary")
        for stream in streams:
            stream.send(message)

    def _message(self, role: _Role, code: int, text: str) -> Any:
        response = p4runtime_pb2.StreamMessageResponse()
        update = response.arbitration
        update.device_id = self.device_id
        if role.name:
            update.role.name = role.name
        if role.highest is not None:
            update.election_id.high = role.highest >> 64
            update.election_id.low = role.highest & (1 << 64) - 1
        update.status.code = code
        update.status.message = text
        return response
