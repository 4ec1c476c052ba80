# SPDX-License-Identifier: Apache-2.0
"""Parser value sets (P4Runtime 1.5 section 9.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from p4rtlib.objects import ValueSetInfo
from p4rtlib.protos import p4runtime_pb2
from softswitch.device import Exact, Key, Lpm, MatchKey, Ternary
from softswitch.p4runtime.codec import KeyCodec
from softswitch.p4runtime.context import Context, device_errors
from softswitch.p4runtime.errors import already_exists, invalid, resource_exhausted, unimplemented
from softswitch.p4runtime.schema import by_id

__all__ = ["ValueSetManager"]


class ValueSetManager:
    """``ValueSetEntry``.  The target compares whole values, so members with a mask, prefix or range are
    refused."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._members: dict[int, list[Key]] = {number: [] for number in context.schema.value_sets}
        self._codecs = {
            info.id: KeyCodec(f"value set {info.name}", info.fields) for info in context.schema.value_sets.values()
        }

    def _info(self, number: int) -> ValueSetInfo:
        return by_id("value set", self._context.schema.value_sets, number)

    def write(self, kind: int, message: Any) -> None:
        """Replace the members."""
        info = self._info(message.value_set_id)
        where = f"value set {info.name}"
        if kind != p4runtime_pb2.Update.MODIFY:
            raise invalid(f"{where}: only MODIFY is possible")
        if info.size and len(message.members) > info.size:
            raise resource_exhausted(f"{where}: {len(message.members)} members given, at most {info.size}")
        members: list[Key] = []
        for member in message.members:
            key = self._codecs[info.id].decode(member.match)
            if not all(
                self._whole(part, field.full, field.width) for part, field in zip(key, info.fields, strict=False)
            ):
                raise unimplemented(f"{where}: this target compares whole values only; give every field in full")
            if key in members:
                raise already_exists(f"{where}: a member is given twice")
            members.append(key)
        before = self._members[info.id]
        self._set(info, members)
        self._context.on_undo(lambda: self._set(info, before))

    @staticmethod
    def _whole(part: MatchKey, full: int, width: int) -> bool:
        if isinstance(part, Lpm):
            return part.prefix_len == width
        if isinstance(part, Ternary):
            return part.mask == full
        return isinstance(part, Exact) or part.low == part.high

    def _set(self, info: ValueSetInfo, members: list[Key]) -> None:
        values = []
        for key in members:
            value = 0
            for part, field in zip(key, info.fields, strict=False):
                value = value << field.width | part[0]
            values.append(value)
        with device_errors():
            self._context.device.value_sets[info.name].set(values)
        self._members[info.id] = members

    def read(self, message: Any, role: str = "") -> Iterator[Any]:
        """Value sets with their members; id 0 is a wildcard."""
        infos = (
            [self._info(message.value_set_id)]
            if message.value_set_id
            else [info for info in self._context.schema.value_sets.values() if not role or info.role in ("", role)]
        )
        for info in infos:
            entity = p4runtime_pb2.Entity()
            entity.value_set_entry.value_set_id = info.id
            for key in self._members[info.id]:
                self._codecs[info.id].encode(key, entity.value_set_entry.members.add().match)
            yield entity
