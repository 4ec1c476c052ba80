# SPDX-License-Identifier: Apache-2.0
"""A loaded program and its entities: single updates, batches, reads, and the whole state as updates.

All methods are called with the server's state lock held.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from p4rtlib.protos import code_pb2, p4runtime_pb2
from p4rtlib.references import tables_in_order
from softswitch.device import Device, DeviceError
from softswitch.p4runtime.arrays import ArrayManager, DirectManager
from softswitch.p4runtime.context import Context
from softswitch.p4runtime.digests import DigestManager
from softswitch.p4runtime.errors import Fault, Results, choices, invalid, permission_denied, unimplemented
from softswitch.p4runtime.profiles import ProfileManager
from softswitch.p4runtime.replication import ReplicationManager
from softswitch.p4runtime.roles import Access, object_id
from softswitch.p4runtime.schema import Schema
from softswitch.p4runtime.tables import TableManager
from softswitch.p4runtime.valuesets import ValueSetManager

__all__ = ["Pipeline"]

_log = logging.getLogger(__name__)

_INSERT, _MODIFY, _DELETE = (
    p4runtime_pb2.Update.INSERT,
    p4runtime_pb2.Update.MODIFY,
    p4runtime_pb2.Update.DELETE,
)
_CONTINUE = p4runtime_pb2.WriteRequest.CONTINUE_ON_ERROR
_ROLLBACK = p4runtime_pb2.WriteRequest.ROLLBACK_ON_ERROR
_ATOMIC = p4runtime_pb2.WriteRequest.DATAPLANE_ATOMIC


#: From so many updates on the collector of cycles, which finds none in entries, waits for the end of the batch.
_MANY = 100


@contextmanager
def _no_collection() -> Iterator[None]:
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Pipeline:
    """The entities of ``device``, which must have been loaded with ``schema.program``."""

    def __init__(
        self,
        schema: Schema,
        device: Device,
        *,
        send: Callable[[str, Any], object] = lambda role, message: None,
        port_is_up: Callable[[int], bool] = lambda port: True,
    ) -> None:
        self.schema = schema
        self.device = device
        self.context = context = Context(schema, device, port_is_up)
        self.profiles = ProfileManager(context)
        self.tables = TableManager(context, self.profiles)
        self.arrays = ArrayManager(context)
        self.direct = DirectManager(context, self.tables)
        self.replication = ReplicationManager(context)
        self.value_sets = ValueSetManager(context)
        self.digests = DigestManager(context, send)
        self._writers: dict[str, Callable[[int, Any], None]] = {
            "table_entry": self.tables.write,
            "action_profile_member": self.profiles.write_member,
            "action_profile_group": self.profiles.write_group,
            "counter_entry": self.arrays.write_counter,
            "meter_entry": self.arrays.write_meter,
            "register_entry": self.arrays.write_register,
            "direct_counter_entry": self.direct.write_counter,
            "direct_meter_entry": self.direct.write_meter,
            "packet_replication_engine_entry": self.replication.write,
            "value_set_entry": self.value_sets.write,
            "digest_entry": self.digests.write,
        }
        self._readers: dict[str, Callable[[Any, str], Iterator[Any]]] = {
            "table_entry": self.tables.read,
            "action_profile_member": lambda message, role: iter(list(self.profiles.read_members(message))),
            "action_profile_group": lambda message, role: iter(list(self.profiles.read_groups(message))),
            "counter_entry": self.arrays.read_counter,
            "meter_entry": self.arrays.read_meter,
            "register_entry": self.arrays.read_register,
            "direct_counter_entry": self.direct.read_counter,
            "direct_meter_entry": self.direct.read_meter,
            "packet_replication_engine_entry": lambda message, role: iter(list(self.replication.read(message))),
            "value_set_entry": lambda message, role: iter(list(self.value_sets.read(message, role))),
            "digest_entry": lambda message, role: iter(list(self.digests.read(message, role))),
        }
        self._roles = self._roles_of(schema)

    @staticmethod
    def _roles_of(schema: Schema) -> dict[int, tuple[str, str]]:
        """Id -> (name, role) of the entities that ``@p4runtime_role`` gives to a role."""
        roles: dict[int, tuple[str, str]] = {}
        groups: tuple[Iterable[Any], ...] = (
            schema.tables.values(),
            schema.counters.values(),
            schema.meters.values(),
            schema.registers.values(),
            schema.digests.values(),
            schema.value_sets.values(),
        )
        for infos in groups:
            for info in infos:
                if info.role:
                    roles[info.id] = (info.name, info.role)
        for profile in schema.profiles.values():
            owners = {schema.tables[number].role for number in profile.table_ids}
            if len(owners) == 1 and (owner := owners.pop()):
                roles[profile.id] = (profile.name, owner)
        return roles

    # ------------------------------------------------------------------ write

    def write(self, update: Any, role: str = "", access: Access | None = None) -> None:
        """Carry out one ``Update``; a ``Fault`` when it is refused, and then nothing has changed.

        ``role`` is for ``@p4runtime_role``, ``access`` what its ``role.config`` leaves it.
        """
        entity = update.entity
        which = entity.WhichOneof("entity")
        writer = self._writers.get(which)
        kind = update.type
        if writer is None:
            if which == "extern_entry":
                raise unimplemented("extern_entry: this target has no extra externs")
            raise invalid(f"the update has no entity; valid: {choices(self._writers)}")
        if kind not in (_INSERT, _MODIFY, _DELETE):
            raise invalid(f"{which}: update type {kind}; valid: INSERT, MODIFY, DELETE")
        message = getattr(entity, which)
        if role and self._roles:
            self._check_role(which, message, role)
        if access is not None:
            access.check_write(which, message)
        writer(kind, message)

    def _check_role(self, which: str, message: Any, role: str) -> None:
        owner = self._roles.get(object_id(which, message))
        if owner is not None and owner[1] != role:
            raise permission_denied(f"{owner[0]} belongs to role {owner[1]!r}, not to {role!r} (@p4runtime_role)")

    def batch(
        self, updates: Sequence[Any], atomicity: int, role: str = "", access: Access | None = None
    ) -> list[Fault | None]:
        """Carry out the updates in order; one result an update, ``None`` for success."""
        if len(updates) < _MANY:
            return self._batch(updates, atomicity, role, access)
        with _no_collection():
            return self._batch(updates, atomicity, role, access)

    def _batch(self, updates: Sequence[Any], atomicity: int, role: str, access: Access | None) -> list[Fault | None]:
        if atomicity == _CONTINUE:
            results = Results()
            write = self.write
            for update in updates:
                try:
                    write(update, role, access)
                    results.add()
                except Exception as error:
                    results.add(_fault(error))
            return results.faults
        if atomicity == _ROLLBACK:
            return self._transaction(updates, role, access)
        if atomicity == _ATOMIC:
            with self.device.lock:
                return self._transaction(updates, role, access)
        raise invalid(f"atomicity {atomicity}; valid: CONTINUE_ON_ERROR, ROLLBACK_ON_ERROR, DATAPLANE_ATOMIC")

    def _transaction(self, updates: Sequence[Any], role: str, access: Access | None) -> list[Fault | None]:
        undo: list[Callable[[], None]] = []
        self.context.undo = undo
        failed: tuple[int, Fault] | None = None
        try:
            for place, update in enumerate(updates):
                try:
                    self.write(update, role, access)
                except Exception as error:
                    failed = place, _fault(error)
                    break
        finally:
            self.context.undo = None
            if failed is None:
                undo.clear()
        if failed is None:
            return [None] * len(updates)
        for step in reversed(undo):
            step()
        aborted = Fault(code_pb2.ABORTED, f"taken back or not tried: update {failed[0] + 1} of the batch failed")
        return [failed[1] if place == failed[0] else aborted for place in range(len(updates))]

    # ------------------------------------------------------------------ read

    def read(self, entity: Any, role: str = "", access: Access | None = None) -> Iterator[Any]:
        """The entities that one element of a ``ReadRequest`` selects.

        What they are is settled when this returns, with the state lock held; they become messages as they are asked
        for, without it.  Counts of table entries are those of that later moment.
        """
        if access is None:
            return self._read(entity, role)
        which = entity.WhichOneof("entity")
        access.check_read(which, None if which is None else getattr(entity, which))
        return filter(access.may_read, self._read(entity, role))

    def _read(self, entity: Any, role: str) -> Iterator[Any]:
        which = entity.WhichOneof("entity")
        reader = self._readers.get(which)
        if reader is None:
            if which == "extern_entry":
                if entity.extern_entry.extern_type_id or entity.extern_entry.extern_id:
                    raise invalid("extern_entry: this target has no extra externs")
                return iter(())
            raise invalid(f"an entity of the request is empty; valid: {choices(self._readers)}")
        return reader(getattr(entity, which), role)

    # ------------------------------------------------------------------ whole state

    def everything(self) -> list[Any]:
        """Updates that make another pipeline of the same program equal to this one, referred-to entities
        first."""
        updates: list[Any] = []

        def add(kind: int, entities: Iterable[Any]) -> None:
            for entity in entities:
                updates.append(p4runtime_pb2.Update(type=kind, entity=entity))

        empty = p4runtime_pb2.Entity
        wild_table = empty().table_entry
        add(_MODIFY, self.value_sets.read(empty().value_set_entry))
        add(_INSERT, self.digests.read(empty().digest_entry))
        tables = tables_in_order(self.context.schema.p4info.tables)
        loose = [info for info in tables if info.profile is None]
        for info in loose:
            self._table_updates(info.id, add)
        add(_INSERT, self.profiles.read_members(empty().action_profile_member))
        add(_INSERT, self.profiles.read_groups(empty().action_profile_group))
        for info in tables:
            if info.profile is not None:
                self._table_updates(info.id, add)
        add(_INSERT, self.replication.read(empty().packet_replication_engine_entry))
        for info in loose:
            if self.tables.defaults.changed(self.tables.tables[info.id]):
                wild_table.table_id, wild_table.is_default_action = info.id, True
                add(_MODIFY, self.tables.read(wild_table))
        add(
            _MODIFY,
            (
                e
                for e in self.arrays.read_counter(empty().counter_entry)
                if e.counter_entry.data.packet_count or e.counter_entry.data.byte_count
            ),
        )
        add(
            _MODIFY,
            (e for e in self.arrays.read_meter(empty().meter_entry) if e.meter_entry.HasField("config")),
        )
        add(
            _MODIFY,
            (e for e in self.arrays.read_register(empty().register_entry) if e.register_entry.data.bitstring != b"\0"),
        )
        return updates

    def _table_updates(self, number: int, add: Callable[[int, Iterable[Any]], None]) -> None:
        table = self.tables.tables[number]
        request = p4runtime_pb2.TableEntry(table_id=number)
        request.meter_config.SetInParent()
        request.counter_data.SetInParent()
        if not table.info.is_const:
            add(_INSERT, self.tables.read(request))

    def replay(self, updates: Sequence[Any]) -> None:
        """Apply the updates of :meth:`everything`; several passes where references or the program's own
        entries ask for it.  A ``Fault`` when some update cannot be applied at all."""
        initial = self._clear_initial()
        pending = list(updates)
        while pending:
            refused: list[tuple[Any, Fault]] = []
            for update in pending:
                try:
                    self.write(update)
                except Exception as error:
                    refused.append((update, _fault(error)))
            if len(refused) == len(pending):
                raise refused[0][1]
            pending = [update for update, _ in refused]
        _log.debug("replayed %d updates (%d entries of the program replaced)", len(updates), initial)

    def _clear_initial(self) -> int:
        """Delete the entries that the program brings and the replayed state holds as well."""
        count = 0
        for table in self.tables.tables.values():
            if not table.info.is_const:
                for record in list(table.records.values()):
                    entity = self.tables.encode(table, record)
                    self.write(p4runtime_pb2.Update(type=_DELETE, entity=entity))
                    count += 1
        return count


def _fault(error: Exception) -> Fault:
    """The fault of a refused update; a defect of the server itself is logged and becomes ``INTERNAL``."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, DeviceError):
        return invalid(str(error))
    _log.error("update failed", exc_info=error)
    return Fault(code_pb2.INTERNAL, f"internal error: {type(error).__name__}: {error}")
