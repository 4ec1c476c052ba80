# SPDX-License-Identifier: Apache-2.0
"""Default entries (P4Runtime 1.5 section 9.1.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from p4rtlib.protos import p4runtime_pb2
from softswitch.device import ActionSpec
from softswitch.p4runtime.actions import encode_table_action
from softswitch.p4runtime.codec import BoundAction, decode_action
from softswitch.p4runtime.context import Context, device_errors
from softswitch.p4runtime.errors import invalid, permission_denied
from softswitch.p4runtime.records import Table
from softswitch.p4runtime.schema import action_choices

__all__ = ["DefaultEntries"]

_MODIFY = p4runtime_pb2.Update.MODIFY


class DefaultEntries:
    """Writes and reads default entries; those of tables with an action profile are a constant
    ``NoAction``."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def adopt(self, table: Table) -> None:
        """Count the references of the program's default action."""
        default = self.action(table)
        if default is not None:
            self._context.references.use(self._context.references.of_action(default), 1)

    def write(self, table: Table, kind: int, message: Any) -> None:
        """MODIFY a default entry; without action back to the program's."""
        info, where = table.info, f"{table.where}, default entry"
        if kind != _MODIFY:
            raise invalid(f"{where}: it always exists and can only be modified")
        if message.match or message.priority:
            raise invalid(f"{where}: match must be empty and priority 0")
        if message.idle_timeout_ns or message.HasField("time_since_last_hit"):
            raise invalid(f"{where}: default entries have no idle timeout")
        if info.const_default is not None or info.profile is not None:
            raise permission_denied(f"{where} is constant")
        if message.HasField("meter_config") or message.HasField("meter_counter_data"):
            raise invalid(f"{where}: this target meters no default entry")
        if message.HasField("counter_data"):
            raise invalid(f"{where}: this target counts no default entry")
        action: BoundAction | None = None
        if message.HasField("action"):
            if message.action.WhichOneof("type") != "action":
                raise invalid(
                    f"{where}: {message.action.WhichOneof('type') or 'an empty action'} given, an action is"
                    f" needed; valid: {action_choices(info)}"
                )
            action = decode_action(self._context.schema, message.action.action, info.actions_by_id, where, default=True)
        before, before_meta = self.action(table), table.default_meta
        references = [] if action is None else self._context.references.of_action(action)
        self._context.references.check(references, where)
        meta = (message.metadata, message.controller_metadata) if action is not None else (b"", 0)
        self._set(table, action, meta)
        self._context.on_undo(lambda: self._set(table, before, before_meta))

    def _set(self, table: Table, action: BoundAction | None, meta: tuple[bytes, int]) -> None:
        previous = self.action(table)
        with device_errors():
            table.state.set_default(None if action is None else action.spec)
        references = self._context.references
        if previous is not None:
            references.use(references.of_action(previous), -1)
        current = self.action(table)
        if current is not None:
            references.use(references.of_action(current), 1)
        table.default_meta = meta

    @staticmethod
    def action(table: Table) -> BoundAction | None:
        """The action of a miss, ``None`` when there is none."""
        spec = table.state.default()
        if not isinstance(spec, ActionSpec):
            return None
        for ref in table.info.actions:
            if ref.action.name == spec.name:
                return BoundAction(ref.action, spec.args)
        return None

    def read(self, table: Table, message: Any) -> Iterator[Any]:
        """The entity of a default entry."""
        if message.HasField("time_since_last_hit") or message.idle_timeout_ns:
            raise invalid(f"{table.where}, default entry: default entries have no idle timeout")
        entity = p4runtime_pb2.Entity()
        entry = entity.table_entry
        entry.table_id = table.info.id
        entry.is_default_action = True
        action = self.action(table)
        if action is not None:
            encode_table_action(action, entry.action)
        else:
            # Tables with an action profile: a miss is NoAction (9.1.3).
            for ref in table.info.actions:
                if ref.action.name == "NoAction":
                    entry.action.action.action_id = ref.action.id
        entry.metadata, entry.controller_metadata = table.default_meta
        yield entity

    @staticmethod
    def changed(table: Table) -> bool:
        """Whether the default entry differs from the program's."""
        return table.state.default() != table.state.initial_default() or table.default_meta != (b"", 0)
