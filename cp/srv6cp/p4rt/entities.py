# SPDX-License-Identifier: Apache-2.0
"""What a P4Runtime switch holds, by name: frozen dataclasses that know nothing of protobuf or ids.

Values are ints, ``ipaddress`` objects, MAC strings or big-endian bytes on the way in; on the way out a field
with ``@format(IPV6_ADDRESS)``, ``@format(IPV4_ADDRESS)`` or ``@format(MAC_ADDRESS)`` is an address or a MAC
string and everything else an int. Match values by kind: exact and optional take a value, LPM an
``IPv4Network`` or ``IPv6Network`` or ``Lpm(value, prefix_len)``, ternary ``Ternary(value, mask)`` (or a
network, or a value for a full mask), range ``Range(low, high)``. A field left out means "don't care", which
an exact field does not allow.

Fields that are data of the switch (counts, rates, time since the last hit) are ``None`` when absent. An
entity read with fields at their defaults is a pattern: ``TableEntry("ipv6_table")`` stands for all entries of
that table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple, Union

from p4rtlib.values import Value

__all__ = [
    "Action",
    "ActionProfileGroup",
    "ActionProfileMember",
    "ActionSet",
    "CloneSession",
    "CounterData",
    "CounterEntry",
    "Data",
    "DigestEntry",
    "DirectCounterEntry",
    "DirectMeterEntry",
    "Entity",
    "GroupMember",
    "GroupRef",
    "Lpm",
    "MatchValue",
    "MemberRef",
    "MeterConfig",
    "MeterEntry",
    "MulticastGroup",
    "Range",
    "RegisterEntry",
    "Replica",
    "TableAction",
    "TableEntry",
    "Ternary",
    "Update",
    "UpdateType",
    "Value",
    "ValueSetEntry",
    "WeightedAction",
    "delete",
    "insert",
    "modify",
]


class Lpm(NamedTuple):
    """``value/prefix_len`` of a field that is not an IP address."""

    value: Value
    prefix_len: int


class Ternary(NamedTuple):
    """``value &&& mask``. Bits of ``value`` outside ``mask`` must be 0."""

    value: Value
    mask: Value


class Range(NamedTuple):
    """``low..high``, both inclusive."""

    low: Value
    high: Value


MatchValue = Value | IPv4Network | IPv6Network | Lpm | Ternary | Range | tuple[Value, int]
#: Contents of a register cell or a digest: ints, bools, strings (enum, error), tuples, dicts of members.
Data = Union[int, bool, str, bytes, "tuple[Data, ...]", "dict[str, Data]", None]


@dataclass(frozen=True, slots=True)
class Action:
    """An action with its parameters by name."""

    name: str
    params: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WeightedAction:
    """One member of an :class:`ActionSet`; with ``watch_port`` it is used only while that port is up."""

    action: Action
    weight: int = 1
    watch_port: Value | None = None


@dataclass(frozen=True, slots=True)
class ActionSet:
    """A one-shot action set of a table implemented by an action selector (P4Runtime 9.2.3)."""

    actions: tuple[WeightedAction, ...]


@dataclass(frozen=True, slots=True)
class MemberRef:
    """A reference to a member of the table's action profile."""

    member_id: int


@dataclass(frozen=True, slots=True)
class GroupRef:
    """A reference to a group of the table's action selector."""

    group_id: int


TableAction = Action | ActionSet | MemberRef | GroupRef


@dataclass(frozen=True, slots=True)
class CounterData:
    """Packets and bytes of one counter cell."""

    packets: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class MeterConfig:
    """Rates in units (bytes or packets) per second, bursts in units (RFC 2698)."""

    cir: int
    cburst: int
    pir: int
    pburst: int
    eburst: int = 0


@dataclass(frozen=True, slots=True)
class TableEntry:
    """An entry, or with ``is_default`` the default action, of a table.

    ``priority``: bigger wins; required (> 0) exactly when the table has a ternary, range or optional field.
    ``counter`` and ``meter`` are the direct resources; in a read pattern ``CounterData()`` asks for the
    counts. ``is_const`` and ``time_since_last_hit_ns`` are set by the switch.
    """

    table: str
    match: Mapping[str, MatchValue] = field(default_factory=dict)
    action: TableAction | None = None
    priority: int = 0
    is_default: bool = False
    idle_timeout_ns: int = 0
    metadata: bytes = b""
    counter: CounterData | None = None
    meter: MeterConfig | None = None
    is_const: bool = False
    time_since_last_hit_ns: int | None = None


@dataclass(frozen=True, slots=True)
class ActionProfileMember:
    """A member of an action profile. ``member_id`` 0 in a read pattern: all members."""

    profile: str
    member_id: int = 0
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A member's part in a group."""

    member_id: int
    weight: int = 1
    watch_port: Value | None = None


@dataclass(frozen=True, slots=True)
class ActionProfileGroup:
    """A group of an action selector. ``group_id`` 0 in a read pattern: all groups."""

    profile: str
    group_id: int = 0
    members: tuple[GroupMember, ...] = ()
    max_size: int = 0


@dataclass(frozen=True, slots=True)
class CounterEntry:
    """A cell of an indirect counter; ``index`` None in a read pattern: every cell; ``counter`` "": every
    counter.
    """

    counter: str
    index: int | None = None
    packets: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class DirectCounterEntry:
    """The counter of a table entry; no ``match`` in a read pattern: every entry of the table."""

    table: str
    match: Mapping[str, MatchValue] = field(default_factory=dict)
    priority: int = 0
    is_default: bool = False
    packets: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class MeterEntry:
    """A cell of an indirect meter. ``cir`` None: unconfigured, so that every packet is green."""

    meter: str
    index: int | None = None
    cir: int | None = None
    cburst: int = 0
    pir: int = 0
    pburst: int = 0
    eburst: int = 0


@dataclass(frozen=True, slots=True)
class DirectMeterEntry:
    """The meter of a table entry. ``config`` None: unconfigured."""

    table: str
    match: Mapping[str, MatchValue] = field(default_factory=dict)
    priority: int = 0
    is_default: bool = False
    config: MeterConfig | None = None


@dataclass(frozen=True, slots=True)
class Replica:
    """A copy made by the packet replication engine; ``backups`` are used while ``port`` is down."""

    port: int
    instance: int = 0
    backups: tuple[Replica, ...] = ()


@dataclass(frozen=True, slots=True)
class MulticastGroup:
    """A multicast group. ``group_id`` 0 in a read pattern: all groups."""

    group_id: int = 0
    replicas: tuple[Replica, ...] = ()
    metadata: bytes = b""


@dataclass(frozen=True, slots=True)
class CloneSession:
    """A clone session. ``packet_length_bytes`` 0: copies are not truncated. ``session_id`` 0 reads all."""

    session_id: int = 0
    replicas: tuple[Replica, ...] = ()
    class_of_service: int = 0
    packet_length_bytes: int = 0


@dataclass(frozen=True, slots=True)
class ValueSetEntry:
    """The members of a parser value set, each a match by field name."""

    value_set: str
    members: tuple[Mapping[str, MatchValue], ...] = ()


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """A cell of a register; ``index`` None in a read pattern: every cell."""

    register: str
    index: int | None = None
    value: Data = None


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """How the switch batches a digest: longest wait, longest list, and how long it waits for an
    acknowledgement.
    """

    digest: str
    max_timeout_ns: int = 0
    max_list_size: int = 0
    ack_timeout_ns: int = 0


Entity = (
    TableEntry
    | ActionProfileMember
    | ActionProfileGroup
    | CounterEntry
    | DirectCounterEntry
    | MeterEntry
    | DirectMeterEntry
    | MulticastGroup
    | CloneSession
    | ValueSetEntry
    | RegisterEntry
    | DigestEntry
)


class UpdateType(IntEnum):
    """Update.Type of P4Runtime."""

    INSERT = 1
    MODIFY = 2
    DELETE = 3


@dataclass(frozen=True, slots=True)
class Update:
    """An entity and what to do with it."""

    type: UpdateType
    entity: Entity


def insert(entity: Entity) -> Update:
    """Add an entity that the switch does not hold."""
    return Update(UpdateType.INSERT, entity)


def modify(entity: Entity) -> Update:
    """Replace what the switch holds (counters, meters and default actions are only ever modified)."""
    return Update(UpdateType.MODIFY, entity)


def delete(entity: Entity) -> Update:
    """Remove an entity; only its key matters."""
    return Update(UpdateType.DELETE, entity)
