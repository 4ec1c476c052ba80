# SPDX-License-Identifier: Apache-2.0
"""Table entries, action profiles and their direct resources between dataclasses and protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from p4rtlib.objects import Scope, TableInfo
from p4rtlib.values import encode_value

from .entities import (
    Action,
    ActionSet,
    CounterData,
    GroupRef,
    MatchValue,
    MemberRef,
    MeterConfig,
    TableAction,
    TableEntry,
    Value,
    WeightedAction,
)
from .errors import DecodeError, EntityError, UnknownName
from .fields import ActionCodec, MatchCodec

__all__ = ["TableCodec", "decode_watch", "encode_watch", "get_meter", "set_meter"]


class TableCodec:
    """Encoder and decoder of one table's entries."""

    def __init__(self, info: TableInfo, actions: Mapping[int, ActionCodec]) -> None:
        self.info = info
        self.where = f"table {info.alias!r}"
        self.id = info.id
        self._prioritised = info.has_priority
        self._key = MatchCodec(info.fields, self.where)
        self._by_id = {ref.action.id: actions[ref.action.id] for ref in info.actions}
        if info.const_default is not None:
            self._by_id.setdefault(info.const_default.id, actions[info.const_default.id])
        self._entry_actions: dict[str, ActionCodec] = {}
        self._default_actions: dict[str, ActionCodec] = {}
        for ref in info.actions:
            for name in (ref.action.alias, ref.action.name):
                if ref.scope in (Scope.ANYWHERE, Scope.TABLE_ONLY):
                    self._entry_actions[name] = actions[ref.action.id]
                if ref.scope in (Scope.ANYWHERE, Scope.DEFAULT_ONLY):
                    self._default_actions[name] = actions[ref.action.id]

    # --- to protobuf ------------------------------------------------------------------------------

    def encode_key(self, match: Mapping[str, MatchValue], priority: int, is_default: bool, out: Any) -> None:
        """Fill what identifies an entry in the protobuf TableEntry ``out``."""
        out.table_id = self.id
        if is_default:
            if match or priority:
                raise EntityError(f"{self.where}: the default entry has no match and no priority")
            out.is_default_action = True
            return
        self._key.encode(match, out.match)
        if self._prioritised:
            if priority <= 0:
                raise EntityError(f"{self.where}: an entry needs a priority of 1 or more (bigger wins), not {priority}")
            out.priority = priority
        elif priority:
            raise EntityError(
                f"{self.where}: entries take no priority: the table has no ternary, range or optional field"
            )

    def encode(self, entry: TableEntry, out: Any) -> None:
        """Fill the protobuf TableEntry ``out`` with the whole entry."""
        self.encode_key(entry.match, entry.priority, entry.is_default, out)
        self.encode_data(entry, out)

    def encode_data(self, entry: TableEntry, out: Any) -> None:
        """Fill everything but the key."""
        action = entry.action
        if action is not None:
            self._encode_action(action, entry.is_default, out.action)
        if entry.idle_timeout_ns:
            out.idle_timeout_ns = entry.idle_timeout_ns
        if entry.metadata:
            out.metadata = entry.metadata
        if entry.counter is not None:
            if self.info.counter is None:
                raise EntityError(f"{self.where} has no direct counter")
            out.counter_data.packet_count = entry.counter.packets
            out.counter_data.byte_count = entry.counter.bytes
        if entry.meter is not None:
            if self.info.meter is None:
                raise EntityError(f"{self.where} has no direct meter")
            set_meter(entry.meter, out.meter_config)

    def _encode_action(self, action: TableAction, is_default: bool, out: Any) -> None:
        if isinstance(action, Action):
            if self.info.profile is not None and not is_default:
                raise EntityError(
                    f"{self.where} is implemented by {self.info.profile.alias!r}: its entries take an "
                    f"ActionSet, a MemberRef or a GroupRef, not the action {action.name!r} itself"
                )
            self._codec(action.name, is_default).encode(action.params, out.action, self.where)
        elif self.info.profile is None:
            raise EntityError(f"{self.where} has no action profile: its entries take an Action, not {action!r}")
        elif isinstance(action, ActionSet):
            if not self.info.profile.selector:
                raise EntityError(f"{self.where}: {self.info.profile.alias!r} is no selector: it takes a MemberRef")
            members = out.action_profile_action_set.action_profile_actions
            if not action.actions:
                raise EntityError(f"{self.where}: the action set is empty")
            for weighted in action.actions:
                if weighted.weight < 1:
                    raise EntityError(f"{self.where}: weight {weighted.weight} in an action set: must be 1 or more")
                member = members.add()
                self._codec(weighted.action.name, False).encode(weighted.action.params, member.action, self.where)
                member.weight = weighted.weight
                encode_watch(weighted.watch_port, member, self.where)
        elif isinstance(action, MemberRef):
            out.action_profile_member_id = action.member_id
        else:
            out.action_profile_group_id = action.group_id

    def _codec(self, name: str, is_default: bool) -> ActionCodec:
        actions = self._default_actions if is_default else self._entry_actions
        codec = actions.get(name)
        if codec is None:
            if name in self._entry_actions or name in self._default_actions:
                only = "as the default action" if not is_default else "in entries"
                raise EntityError(f"{self.where}: action {name!r} may only be used {only}")
            raise UnknownName("action", name, {codec.name for codec in actions.values()}, self.where)
        return codec

    # --- from protobuf ----------------------------------------------------------------------------

    def decode_match(self, message: Any) -> dict[str, MatchValue]:
        """The match of the protobuf TableEntry ``message``."""
        return {} if message.is_default_action else self._key.decode(message.match)

    def decode(self, message: Any) -> TableEntry:
        """The entry that the protobuf TableEntry ``message`` describes."""
        return TableEntry(
            self.info.alias,
            self.decode_match(message),
            self._decode_action(message.action) if message.HasField("action") else None,
            message.priority,
            message.is_default_action,
            message.idle_timeout_ns,
            message.metadata,
            CounterData(message.counter_data.packet_count, message.counter_data.byte_count)
            if message.HasField("counter_data")
            else None,
            get_meter(message.meter_config) if message.HasField("meter_config") else None,
            message.is_const,
            message.time_since_last_hit.elapsed_ns if message.HasField("time_since_last_hit") else None,
        )

    def _decode_action(self, message: Any) -> TableAction | None:
        kind = message.WhichOneof("type")
        if kind == "action":
            return self._one_action(message.action)
        if kind == "action_profile_action_set":
            return ActionSet(
                tuple(
                    WeightedAction(self._one_action(member.action), member.weight, decode_watch(member))
                    for member in message.action_profile_action_set.action_profile_actions
                )
            )
        if kind == "action_profile_member_id":
            return MemberRef(message.action_profile_member_id)
        if kind == "action_profile_group_id":
            return GroupRef(message.action_profile_group_id)
        return None

    def _one_action(self, message: Any) -> Action:
        codec = self._by_id.get(message.action_id)
        if codec is None:
            raise DecodeError(f"{self.where}: action 0x{message.action_id:08x} is not one of the table's")
        return Action(codec.name, codec.decode(message))


def encode_watch(port: Value | None, out: Any, where: str) -> None:
    """Set the watch port of a group member or action set member, when there is one."""
    if port is not None:
        try:
            out.watch_port = encode_value(port, 32)
        except ValueError as error:
            raise EntityError(f"{where}: watch port: {error}") from None


def decode_watch(message: Any) -> int | None:
    """The watch port of a member, in either of its two encodings; None when none is watched."""
    kind = message.WhichOneof("watch_kind")
    if kind == "watch_port":
        return int.from_bytes(message.watch_port, "big") if message.watch_port else None
    return message.watch or None if kind == "watch" else None


def set_meter(config: MeterConfig, out: Any) -> None:
    """Fill a protobuf MeterConfig."""
    out.cir, out.cburst, out.pir, out.pburst = config.cir, config.cburst, config.pir, config.pburst
    if config.eburst:
        out.eburst = config.eburst


def get_meter(message: Any) -> MeterConfig:
    """The rates in a protobuf MeterConfig."""
    return MeterConfig(message.cir, message.cburst, message.pir, message.pburst, message.eburst)
