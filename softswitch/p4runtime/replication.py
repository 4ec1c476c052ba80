# SPDX-License-Identifier: Apache-2.0
"""Packet replication engine: multicast groups and clone sessions (P4Runtime 1.5 section 9.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from p4rtlib.protos import p4runtime_pb2
from p4rtlib.values import canonical
from softswitch.p4runtime.codec import port_of
from softswitch.p4runtime.context import Context, device_errors
from softswitch.p4runtime.errors import already_exists, invalid, not_found, unimplemented
from softswitch.p4runtime.references import Reference
from softswitch.state.pre import MAX_CLONE_SESSION, MAX_MULTICAST_GROUP

__all__ = ["ReplicationManager"]

_INSERT, _DELETE = p4runtime_pb2.Update.INSERT, p4runtime_pb2.Update.DELETE


@dataclass(slots=True)
class _Replicas:
    """A group or session as written; ``old`` marks replicas given by the deprecated numeric port field."""

    pairs: tuple[tuple[int, int], ...]
    old: tuple[bool, ...]
    metadata: bytes = b""
    length: int = 0
    service: int = 0
    references: tuple[Reference, ...] = ()


class ReplicationManager:
    """``MulticastGroupEntry`` and ``CloneSessionEntry``."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._state: dict[str, dict[int, _Replicas]] = {"multicast": {}, "clone": {}}

    def write(self, kind: int, message: Any) -> None:
        """INSERT, MODIFY or DELETE a group or session."""
        which = message.WhichOneof("type")
        if which == "multicast_group_entry":
            entry = message.multicast_group_entry
            self._write("multicast", kind, entry.multicast_group_id, entry, MAX_MULTICAST_GROUP)
        elif which == "clone_session_entry":
            entry = message.clone_session_entry
            self._write("clone", kind, entry.session_id, entry, MAX_CLONE_SESSION)
        else:
            raise invalid("packet_replication_engine_entry: multicast_group_entry or clone_session_entry must be set")

    def _write(self, family: str, kind: int, number: int, entry: Any, highest: int) -> None:
        where = f"multicast group {number}" if family == "multicast" else f"clone session {number}"
        if not 1 <= number <= highest:
            raise invalid(f"{where}: the id is not in 1..{highest}")
        known = self._state[family].get(number)
        if kind == _INSERT and known is not None:
            raise already_exists(f"{where} exists")
        if kind != _INSERT and known is None:
            raise not_found(f"{where} does not exist")
        if kind == _DELETE:
            self._context.references.check_builtin_removal(family, number, where)
            new = None
        else:
            new = self._decode(family, entry, where)
        self._apply(family, number, new)
        self._context.on_undo(lambda: self._apply(family, number, known))

    def _decode(self, family: str, entry: Any, where: str) -> _Replicas:
        pairs: list[tuple[int, int]] = []
        old: list[bool] = []
        for place, replica in enumerate(entry.replicas):
            label = f"{where}, replica {place + 1}"
            if replica.backup_replicas:
                raise unimplemented(f"{label}: backup replicas are not supported by this target")
            kind = replica.WhichOneof("port_kind")
            if kind == "port":
                port = port_of(replica.port, f"{label}, port")
            elif kind == "egress_port":
                port = replica.egress_port
                if port >= 512:
                    raise invalid(f"{label}: port {port} is not in 0..511")
            else:
                raise invalid(f"{label}: no port given")
            if replica.instance > 0xFFFF:
                raise invalid(f"{label}: instance {replica.instance} is not in 0..65535")
            pair = (port, replica.instance)
            if pair in pairs:
                raise invalid(f"{label}: port {port} with instance {replica.instance} is given twice")
            pairs.append(pair)
            old.append(kind == "egress_port")
        found = _Replicas(tuple(pairs), tuple(old))
        if family == "multicast":
            found.metadata = entry.metadata
            found.references = tuple(self._context.references.of_replicas(pairs))
            self._context.references.check(found.references, where)
        else:
            if entry.packet_length_bytes < 0:
                raise invalid(f"{where}: packet_length_bytes {entry.packet_length_bytes} is negative")
            if entry.class_of_service > 0xFF:
                raise invalid(f"{where}: class_of_service {entry.class_of_service} is not in 0..255")
            found.length, found.service = entry.packet_length_bytes, entry.class_of_service
        return found

    def _apply(self, family: str, number: int, new: _Replicas | None) -> None:
        """Create, replace or (``None``) delete."""
        references, pre, state = self._context.references, self._context.device.pre, self._state[family]
        before = state.get(number)
        with device_errors():
            if family == "multicast":
                if new is not None:
                    pre.set_multicast_group(number, new.pairs)
                elif before is not None:
                    pre.delete_multicast_group(number)
            elif new is not None:
                pre.set_clone_session(number, new.pairs, new.length, new.service)
            elif before is not None:
                pre.delete_clone_session(number)
        if before is not None:
            references.use(before.references, -1)
            references.provide_builtin(family, number, -1)
        if new is None:
            state.pop(number, None)
        else:
            references.use(new.references, 1)
            references.provide_builtin(family, number, 1)
            state[number] = new

    def read(self, message: Any) -> Iterator[Any]:
        """Groups or sessions; id 0 is a wildcard, and an unset type reads both kinds."""
        which = message.WhichOneof("type")
        if which in (None, "multicast_group_entry"):
            wanted = message.multicast_group_entry.multicast_group_id
            for number, group in self._state["multicast"].items():
                if not wanted or number == wanted:
                    entity = p4runtime_pb2.Entity()
                    entry = entity.packet_replication_engine_entry.multicast_group_entry
                    entry.multicast_group_id = number
                    entry.metadata = group.metadata
                    self._encode(group, entry)
                    yield entity
        if which in (None, "clone_session_entry"):
            wanted = message.clone_session_entry.session_id
            for number, session in self._state["clone"].items():
                if not wanted or number == wanted:
                    entity = p4runtime_pb2.Entity()
                    entry = entity.packet_replication_engine_entry.clone_session_entry
                    entry.session_id = number
                    entry.class_of_service = session.service
                    entry.packet_length_bytes = session.length
                    self._encode(session, entry)
                    yield entity

    @staticmethod
    def _encode(replicas: _Replicas, entry: Any) -> None:
        for (port, instance), old in zip(replicas.pairs, replicas.old, strict=False):
            replica = entry.replicas.add()
            if old:
                replica.egress_port = port
            else:
                replica.port = canonical(port)
            replica.instance = instance
