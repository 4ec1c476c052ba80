# SPDX-License-Identifier: Apache-2.0
"""Table entries: write, read, default entries (P4Runtime 1.5 section 9.1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from p4rtlib.protos import p4runtime_pb2
from softswitch.device import ActionSpec, DeviceError, Entry, EntryAction, Key, NoSuchEntry
from softswitch.p4runtime.actions import TableAction, bound_actions, decode_table_action, encode_table_action
from softswitch.p4runtime.codec import BoundAction, describe_key
from softswitch.p4runtime.context import Context, device_errors, fault_of
from softswitch.p4runtime.defaults import DefaultEntries
from softswitch.p4runtime.errors import (
    already_exists,
    invalid,
    not_found,
    permission_denied,
    resource_exhausted,
)
from softswitch.p4runtime.metering import decode_meter_config, encode_meter_config, rates_of
from softswitch.p4runtime.profiles import ProfileManager
from softswitch.p4runtime.records import Record, Table
from softswitch.p4runtime.references import Reference
from softswitch.p4runtime.schema import action_choices, by_id

__all__ = ["TableManager"]

_INSERT, _MODIFY, _DELETE = (
    p4runtime_pb2.Update.INSERT,
    p4runtime_pb2.Update.MODIFY,
    p4runtime_pb2.Update.DELETE,
)
_MAX_INT64 = (1 << 63) - 1


class TableManager:
    """Writes and reads ``TableEntry`` messages."""

    def __init__(self, context: Context, profiles: ProfileManager) -> None:
        self._context = context
        self._profiles = profiles
        self.defaults = DefaultEntries(context)
        schema, device = context.schema, context.device
        self.tables: dict[int, Table] = {
            info.id: Table(info, device.tables[info.name], info.id in schema.counter_of, info.id in schema.meter_of)
            for info in schema.tables.values()
        }
        #: Records with an idle timeout, and their table.
        self.timed: dict[int, tuple[Table, Record]] = {}
        for table in self.tables.values():
            self._adopt_initial(table)

    def _adopt_initial(self, table: Table) -> None:
        """Records of the entries of the program."""
        info = table.info
        by_name = {ref.action.name: ref.action for ref in info.actions}
        for entry in table.state.entries():
            assert isinstance(entry.action, ActionSpec)
            record = Record(
                entry.key,
                entry.priority,
                BoundAction(by_name[entry.action.name], entry.action.args),
                entry.action,
                [],
            )
            record.is_const = info.is_const
            table.records[entry.key, entry.priority] = record
            self._context.references.provide(info, entry.key, 1)
        self.defaults.adopt(table)
        if not info.is_const:
            # `entries` without `const`: the program's entries are a start, not a law (9.1.5).
            table.state.immutable = False

    def table(self, number: int) -> Table:
        """The table with this id, ``INVALID_ARGUMENT`` when there is none."""
        by_id("table", self._context.schema.tables, number)
        return self.tables[number]

    def find(self, message: Any) -> tuple[Table, Record]:
        """The record that ``message`` (a ``TableEntry`` with table id, match and priority) names."""
        table = self.table(message.table_id)
        key = table.codec.decode(message.match)
        record = table.records.get((key, message.priority))
        if record is None:
            raise not_found(f"{table.where}: no entry with {describe_key(table.info, key, message.priority)}")
        return table, record

    # ------------------------------------------------------------------ write

    def write(self, kind: int, message: Any) -> None:
        """INSERT, MODIFY or DELETE one entry, or MODIFY a default entry."""
        table = self.tables.get(message.table_id) or self.table(message.table_id)
        if message.is_const:
            raise invalid(f"{table.where}: is_const cannot be written")
        if message.is_default_action:
            self.defaults.write(table, kind, message)
            return
        if kind == _INSERT:
            self._insert(table, message)
        elif kind == _MODIFY:
            self._modify(table, message)
        else:
            self._delete(table, message)

    def _key(self, table: Table, message: Any) -> tuple[Key, int]:
        if not table.info.fields:
            raise invalid(f"{table.where} has no key: only its default entry can be written")
        key = table.codec.decode(message.match)
        priority = message.priority
        if table.info.has_priority:
            if priority <= 0:
                raise invalid(
                    f"{table.where}: priority {priority}; entries of a table with ternary, range or optional"
                    " fields need a priority of at least 1"
                )
        elif priority:
            raise invalid(f"{table.where}: priority {priority}; it must be 0, no field is ternary, range or optional")
        return key, priority

    def _check_extras(self, table: Table, message: Any) -> None:
        """Everything beside key and action."""
        info = table.info
        if not info.idle_timeout:
            if message.idle_timeout_ns:
                raise invalid(
                    f"{table.where} does not support idle timeouts (idle_timeout_ns {message.idle_timeout_ns})"
                )
        elif message.idle_timeout_ns < 0:
            raise invalid(f"{table.where}: idle_timeout_ns {message.idle_timeout_ns} is negative")
        if message.HasField("time_since_last_hit"):
            raise invalid(f"{table.where}: time_since_last_hit cannot be written")
        if not table.meters and message.HasField("meter_config"):
            raise invalid(f"{table.where} has no direct meter (meter_config)")
        if message.HasField("counter_data"):
            if not table.counts:
                raise invalid(f"{table.where} has no direct counter (counter_data)")
            if message.counter_data.packet_count < 0 or message.counter_data.byte_count < 0:
                raise invalid(f"{table.where}: counter_data is negative")
        if message.HasField("meter_counter_data"):
            raise invalid(f"{table.where}: meter_counter_data: meters of this target count no colours")

    def _insert(self, table: Table, message: Any) -> None:
        info, context = table.info, self._context
        if info.is_const:
            raise permission_denied(f"{table.where} is constant: its entries are in the program")
        slot = self._key(table, message)
        key, priority = slot
        if slot in table.records:
            raise already_exists(f"{table.where}: an entry with {describe_key(info, key, priority)} exists")
        self._check_extras(table, message)
        if not message.HasField("action"):
            raise invalid(f"{table.where}: no action given; valid: {action_choices(info)}")
        action = decode_table_action(context.schema, info, message.action, table.where)
        references: list[Reference] = []
        if context.references.active:
            references = context.references.of_entry(info, key, bound_actions(action))
            if not context.references.complete(references):
                context.references.check(references, f"{table.where}, {describe_key(info, key, priority)}")
        constraint = context.schema.constraints.get(info.id)
        if constraint is not None:
            failed = constraint.failed(key, priority)
            if failed is not None:
                where = f"{table.where}, {describe_key(info, key, priority)}"
                raise invalid(f"{where}: violates the @entry_restriction of the table: {failed}")
        meter = (
            decode_meter_config(context.schema.meter_of[info.id], message.meter_config, table.where)
            if message.HasField("meter_config")
            else None
        )
        if info.size and len(table.records) >= info.size:
            raise resource_exhausted(f"{table.where} is full ({info.size} entries)")
        record = Record(key, priority, action, self._device_action(table, action), references)
        record.metadata = message.metadata
        record.controller_metadata = message.controller_metadata
        record.idle_timeout_ns = message.idle_timeout_ns
        record.meter = meter
        try:
            self._install(table, record)
        except Exception:
            self._release(table, action)
            raise
        if message.HasField("counter_data"):
            table.state.set_counter(key, message.counter_data.packet_count, message.counter_data.byte_count, priority)
        if context.undo is not None:
            context.on_undo(lambda: self._remove(table, record))

    def _modify(self, table: Table, message: Any) -> None:
        info, context = table.info, self._context
        slot = self._key(table, message)
        record = table.records.get(slot)
        where = f"{table.where}, {describe_key(info, *slot)}"
        if record is None:
            raise not_found(f"{where}: no such entry")
        self._check_extras(table, message)
        meter = (
            decode_meter_config(context.schema.meter_of[info.id], message.meter_config, table.where)
            if message.HasField("meter_config")
            else None
        )
        if record.is_const:
            if message.HasField("action") or message.idle_timeout_ns:
                raise permission_denied(f"{where}: the entry is constant, only its direct resources can be modified")
            action: TableAction = record.action
        elif message.HasField("action"):
            action = decode_table_action(context.schema, info, message.action, where)
        else:
            action = record.action
        new = self._copy(record)
        new.meter = meter
        if not record.is_const:
            new.metadata = message.metadata
            new.controller_metadata = message.controller_metadata
            new.idle_timeout_ns = message.idle_timeout_ns
        changed = action is not record.action
        if changed:
            new.action = action
            new.references = context.references.of_entry(info, slot[0], bound_actions(action))
            context.references.check(new.references, where)
            new.device_action = self._device_action(table, action)
        before_counter = table.state.counter(*slot) if table.counts and context.undo is not None else None
        try:
            self._exchange(table, record, new)
        except Exception:
            if changed:
                self._release(table, action)
            raise
        if changed:
            self._release(table, record.action)
        if message.HasField("counter_data"):
            table.state.set_counter(
                slot[0], message.counter_data.packet_count, message.counter_data.byte_count, slot[1]
            )

        def undo() -> None:
            old = self._copy(record)
            if changed:
                old.device_action = self._device_action(table, old.action)
            self._exchange(table, new, old)
            if changed:
                self._release(table, new.action)
            if before_counter is not None:
                table.state.set_counter(slot[0], before_counter.packets, before_counter.bytes, slot[1])

        context.on_undo(undo)

    def _delete(self, table: Table, message: Any) -> None:
        if table.info.is_const:
            raise permission_denied(f"{table.where} is constant: its entries are in the program")
        slot = self._key(table, message)
        record = table.records.get(slot)
        if record is None:
            raise not_found(f"{table.where}: no entry with {describe_key(table.info, *slot)}")
        if self._context.references.active:
            self._context.references.check_removal(
                table.info, slot[0], f"{table.where}, {describe_key(table.info, *slot)}"
            )
        counter = table.state.counter(*slot) if table.counts and self._context.undo is not None else None
        self._remove(table, record)

        def undo() -> None:
            record.device_action = self._device_action(table, record.action)
            self._install(table, record)
            if counter is not None:
                table.state.set_counter(slot[0], counter.packets, counter.bytes, slot[1])

        if self._context.undo is not None:
            self._context.on_undo(undo)

    # -- changes of device and records together

    def _device_action(self, table: Table, action: TableAction) -> EntryAction:
        if isinstance(action, BoundAction):
            return action.spec
        assert table.info.profile is not None
        return self._profiles.acquire(table.info.profile.id, action, table.where)

    def _release(self, table: Table, action: TableAction) -> None:
        if table.info.profile is not None:
            self._profiles.release(table.info.profile.id, action)

    def _install(self, table: Table, record: Record) -> None:
        try:
            table.state.insert(Entry(record.key, record.device_action, record.priority, record.idle_timeout_ns))
        except DeviceError as error:
            raise fault_of(error) from None
        if record.meter is not None:
            try:
                with device_errors(table.where):
                    table.state.set_meter(record.key, rates_of(record.meter), record.priority)
            except Exception:
                table.state.delete(record.key, record.priority)
                raise
        table.records[record.key, record.priority] = record
        references = self._context.references
        if references.active:
            references.use(record.references, 1)
            references.provide(table.info, record.key, 1)
        if record.idle_timeout_ns:
            self.timed[id(record)] = (table, record)

    def _remove(self, table: Table, record: Record) -> None:
        with device_errors():
            table.state.delete(record.key, record.priority)
        self._release(table, record.action)
        del table.records[record.key, record.priority]
        self.timed.pop(id(record), None)
        if self._context.references.active:
            self._context.references.use(record.references, -1)
            self._context.references.provide(table.info, record.key, -1)

    def _exchange(self, table: Table, old: Record, new: Record) -> None:
        """Replace a record by one with the same key."""
        with device_errors():
            if table.meters and new.meter != old.meter:
                table.state.set_meter(new.key, rates_of(new.meter), new.priority)
            if not old.is_const:
                table.state.modify(Entry(new.key, new.device_action, new.priority, new.idle_timeout_ns))
        self._context.references.use(new.references, 1)
        self._context.references.use(old.references, -1)
        table.records[new.key, new.priority] = new
        self.timed.pop(id(old), None)
        if new.idle_timeout_ns:
            self.timed[id(new)] = (table, new)

    @staticmethod
    def _copy(record: Record) -> Record:
        new = Record(record.key, record.priority, record.action, record.device_action, record.references)
        new.metadata, new.controller_metadata = record.metadata, record.controller_metadata
        new.idle_timeout_ns, new.meter, new.is_const = record.idle_timeout_ns, record.meter, record.is_const
        return new

    # ------------------------------------------------------------------ read

    def read(self, message: Any, role: str = "") -> Iterator[Any]:
        """Entities for a ``TableEntry`` of a ``ReadRequest``; unset fields are wildcards (9.1.7).

        Which entries there are is settled when this returns; they become messages as they are asked for.
        """
        if message.table_id == 0:
            tables = [table for table in self.tables.values() if not role or table.info.role in ("", role)]
            if message.is_default_action:
                return iter([entity for table in tables for entity in self.defaults.read(table, message)])
            found = [(table, record) for table in tables for record in table.records.values()]
            return (self.encode(table, record, message) for table, record in found)
        table = self.table(message.table_id)
        if message.is_default_action:
            if message.match or message.priority:
                raise invalid(f"{table.where}, default entry: match must be empty and priority 0")
            return iter(list(self.defaults.read(table, message)))
        self._check_read(table, message)
        if message.match:
            key = table.codec.decode(message.match)
            if table.info.has_priority and not message.priority:
                raise invalid(f"{table.where}: a match without priority; give both for one entry, or neither")
            one = table.records.get((key, message.priority))
            records = [one] if one is not None else []
        else:
            records = list(table.records.values())
        return (self.encode(table, record, message) for record in records if _selected(record, message))

    def _check_read(self, table: Table, message: Any) -> None:
        if message.HasField("action"):
            if message.action.WhichOneof("type") not in (None, "action"):
                raise invalid(f"{table.where}: reads can be filtered by action_id only")
            number = message.action.action.action_id
            if number and number not in table.info.actions_by_id:
                raise invalid(f"{table.where}: unknown action id {number}; valid: {action_choices(table.info)}")
        if message.HasField("time_since_last_hit") and not table.info.idle_timeout:
            raise invalid(f"{table.where} does not support idle timeouts (time_since_last_hit)")
        if message.idle_timeout_ns and not table.info.idle_timeout:
            raise invalid(f"{table.where} does not support idle timeouts (idle_timeout_ns)")

    def encode(self, table: Table, record: Record, request: Any | None = None) -> Any:
        """The ``Entity`` of a record; ``request`` says which direct resources to include."""
        entity = p4runtime_pb2.Entity()
        entry = entity.table_entry
        self.encode_key(table, record, entry)
        encode_table_action(record.action, entry.action)
        if record.metadata:
            entry.metadata = record.metadata
        if record.controller_metadata:
            entry.controller_metadata = record.controller_metadata
        if record.idle_timeout_ns:
            entry.idle_timeout_ns = record.idle_timeout_ns
        if record.is_const:
            entry.is_const = True
        if request is not None:
            if table.counts and request.HasField("counter_data"):
                counter = table.count_of(record)
                entry.counter_data.packet_count = counter.packets & _MAX_INT64
                entry.counter_data.byte_count = counter.bytes & _MAX_INT64
            if record.meter is not None and request.HasField("meter_config"):
                encode_meter_config(record.meter, entry.meter_config)
            if table.info.idle_timeout and request.HasField("time_since_last_hit"):
                with suppress(NoSuchEntry):  # deleted since the read began
                    idle = table.state.time_since_last_hit_ns(record.key, record.priority)
                    entry.time_since_last_hit.elapsed_ns = idle
        return entity

    @staticmethod
    def encode_key(table: Table, record: Record, entry: Any) -> None:
        """Write the key part of a ``TableEntry``."""
        entry.table_id = table.info.id
        table.codec.encode(record.key, entry.match)
        if record.priority:
            entry.priority = record.priority


def _selected(record: Record, message: Any) -> bool:
    """Whether an entry has what a ``TableEntry`` of a ``ReadRequest`` asks for beside its match."""
    action_id = message.action.action.action_id
    return (
        message.priority in (0, record.priority)
        and message.controller_metadata in (0, record.controller_metadata)
        and message.metadata in (b"", record.metadata)
        and (not action_id or (isinstance(record.action, BoundAction) and record.action.info.id == action_id))
    )
