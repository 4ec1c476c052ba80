# SPDX-License-Identifier: Apache-2.0
"""What a role may do: ``role.config`` in the scheme of stratum, ``stratum.P4RoleConfig`` (P4Runtime 1.5 section 5.2).

The message, by field number: 1 ``exclusive_p4_ids`` and 2 ``shared_p4_ids`` (repeated uint32), 3 ``packet_in_filter``
(1 ``metadata_id`` uint32, 2 ``value`` bytes), 4 ``receives_packet_ins`` and 5 ``can_push_pipeline`` (bool).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from p4rtlib.values import canonical
from softswitch.p4runtime.errors import Fault, choices, invalid, permission_denied

__all__ = ["Access", "RoleConfig", "check_overlap", "object_id"]

_NAME = "stratum.P4RoleConfig"

#: The field of each kind of entity that says which object of the p4info it is of.
_ID_FIELDS = {
    "table_entry": "table_id",
    "action_profile_member": "action_profile_id",
    "action_profile_group": "action_profile_id",
    "counter_entry": "counter_id",
    "meter_entry": "meter_id",
    "register_entry": "register_id",
    "value_set_entry": "value_set_id",
    "digest_entry": "digest_id",
}


def object_id(which: str, message: Any) -> int:
    """The P4 id that an entity (``message``, of kind ``which``) is of; 0 for all of its kind, and for what belongs to
    no object of the program (replication)."""
    if which in ("direct_counter_entry", "direct_meter_entry"):
        return int(message.table_entry.table_id)
    return int(getattr(message, _ID_FIELDS[which])) if which in _ID_FIELDS else 0


def _message_class() -> Any:
    kind = descriptor_pb2.FieldDescriptorProto
    proto = descriptor_pb2.FileDescriptorProto(name="softswitch/roles.proto", package="stratum", syntax="proto3")
    config = proto.message_type.add(name="P4RoleConfig")
    packet_filter = config.nested_type.add(name="PacketFilter")
    packet_filter.field.add(name="metadata_id", number=1, type=kind.TYPE_UINT32, label=kind.LABEL_OPTIONAL)
    packet_filter.field.add(name="value", number=2, type=kind.TYPE_BYTES, label=kind.LABEL_OPTIONAL)
    for number, name in enumerate(("exclusive_p4_ids", "shared_p4_ids"), 1):
        config.field.add(name=name, number=number, type=kind.TYPE_UINT32, label=kind.LABEL_REPEATED)
    config.field.add(
        name="packet_in_filter",
        number=3,
        type=kind.TYPE_MESSAGE,
        type_name=f".{_NAME}.PacketFilter",
        label=kind.LABEL_OPTIONAL,
    )
    for number, name in enumerate(("receives_packet_ins", "can_push_pipeline"), 4):
        config.field.add(name=name, number=number, type=kind.TYPE_BOOL, label=kind.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(proto)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(_NAME))


_Message = _message_class()


@dataclass(frozen=True)
class RoleConfig:
    """A role configuration, and the ``google.protobuf.Any`` that brought it."""

    exclusive: frozenset[int]
    shared: frozenset[int]
    #: metadata id and canonical value that packet-ins must have
    packet_filter: tuple[int, bytes] | None
    packet_ins: bool
    push: bool
    source: Any

    @classmethod
    def parse(cls, role: str, source: Any) -> RoleConfig:
        """The ``config`` of role ``role``; ``INVALID_ARGUMENT`` when it is of another scheme or contradicts itself."""
        if source.type_url.rpartition("/")[2] != _NAME:
            raise invalid(
                f"role {role!r}: role.config is a {source.type_url or 'message without type'}; valid: {_NAME}"
            )
        if not role:
            raise invalid("role.config is set for the default role, which may do everything")
        try:
            message = _Message.FromString(source.value)
        except DecodeError as error:
            raise invalid(f"role {role!r}: role.config is no {_NAME}: {error}") from None
        packet_filter = None
        if message.HasField("packet_in_filter"):
            asked = message.packet_in_filter
            if not message.receives_packet_ins:
                raise invalid(f"role {role!r}: role.config has a packet_in_filter but not receives_packet_ins")
            if not asked.value:
                raise invalid(f"role {role!r}: role.config has a packet_in_filter without value")
            packet_filter = asked.metadata_id, canonical(int.from_bytes(asked.value, "big"))
        return cls(
            frozenset(message.exclusive_p4_ids),
            frozenset(message.shared_p4_ids),
            packet_filter,
            message.receives_packet_ins,
            message.can_push_pipeline,
            source,
        )

    def wants(self, packet: Any) -> bool:
        """Whether the role gets this ``PacketIn``."""
        if self.packet_filter is None:
            return self.packet_ins
        return any((m.metadata_id, m.value) == self.packet_filter for m in packet.metadata)


def check_overlap(role: str, config: RoleConfig, others: Mapping[str, RoleConfig]) -> None:
    """``INVALID_ARGUMENT`` when what is exclusive here or there is in both."""
    for other, theirs in others.items():
        both = config.exclusive & (theirs.exclusive | theirs.shared) | config.shared & theirs.exclusive
        if other != role and both:
            raise invalid(
                f"role {role!r}: ids {choices(map(str, both))} belong to role {other!r}, one of both exclusively"
            )


@dataclass(frozen=True)
class Access:
    """The rights of a role. ``config`` is None where it has none: then it may do what is not ``taken``, the ids that
    others have exclusively, by the role that has them."""

    role: str
    config: RoleConfig | None
    taken: Mapping[int, str]

    def check_write(self, which: str, message: Any) -> None:
        """``PERMISSION_DENIED`` for an entity of an object that is not the role's to write."""
        number = object_id(which, message)
        if self.config is None:
            if number in self.taken:
                raise permission_denied(f"id {number} belongs to role {self.taken[number]!r} exclusively (role.config)")
        elif number and not self._has(number):
            raise self._denied(number)

    def check_read(self, which: str | None, message: Any) -> None:
        """``PERMISSION_DENIED`` for a read of one object that is not the role's to read."""
        number = 0 if which is None else object_id(which, message)
        if number and not self._has(number):
            raise self._denied(number)

    def may_read(self, entity: Any) -> bool:
        """Whether an entity that a read of all found may be told."""
        which = entity.WhichOneof("entity")
        number = object_id(which, getattr(entity, which))
        return not number or self._has(number)

    def check_push(self) -> None:
        """``PERMISSION_DENIED`` when the role may not set the pipeline."""
        if self.config is not None and not self.config.push:
            raise permission_denied(
                f"role {self.role!r} may not set the pipeline (can_push_pipeline of its role.config)"
            )

    def visible(self, message: Any) -> Any | None:
        """What of a ``StreamMessageResponse`` the role gets, None for nothing."""
        if self.config is None:
            return message
        which = message.WhichOneof("update")
        if which == "packet":
            return message if self.config.wants(message.packet) else None
        if which == "digest":
            return message if self._has(message.digest.digest_id) else None
        if which == "idle_timeout_notification":
            entries = message.idle_timeout_notification.table_entry
            kept = [entry for entry in entries if self._has(entry.table_id)]
            if len(kept) == len(entries):
                return message
            found = type(message)()
            found.idle_timeout_notification.timestamp = message.idle_timeout_notification.timestamp
            found.idle_timeout_notification.table_entry.extend(kept)
            return found if kept else None
        return message

    def _has(self, number: int) -> bool:
        return self.config is None or number in self.config.exclusive or number in self.config.shared

    def _denied(self, number: int) -> Fault:
        return permission_denied(f"role {self.role!r} has no access to id {number} (role.config)")
