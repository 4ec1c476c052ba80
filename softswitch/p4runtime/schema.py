# SPDX-License-Identifier: Apache-2.0
"""What the server knows of the program: the p4info in indexed form (made by
:mod:`softswitch.p4runtime.verify`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from softswitch.bmv2json import Program
from softswitch.p4runtime.constraints import Constraint
from softswitch.p4runtime.errors import choices

__all__ = [
    "ActionInfo",
    "ActionRef",
    "DigestInfo",
    "FieldInfo",
    "IndexedInfo",
    "MeterInfo",
    "PacketHeader",
    "ParamInfo",
    "ProfileInfo",
    "RegisterInfo",
    "Schema",
    "TableInfo",
    "ValueSetInfo",
]


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A match field.  ``kind`` is the name of the p4info match type; ``full`` is a mask of all its bits."""

    id: int
    name: str
    width: int
    kind: str
    style: str
    refers: tuple[tuple[str, str], ...]
    referenced_by: tuple[tuple[str, str], ...]
    full: int
    where: str


@dataclass(frozen=True, slots=True)
class ParamInfo:
    """A parameter of an action."""

    id: int
    name: str
    width: int
    style: str
    refers: tuple[tuple[str, str], ...]
    where: str


@dataclass(frozen=True, slots=True)
class ActionInfo:
    """An action; ``positions`` maps a parameter id to its place in ``params``."""

    id: int
    name: str
    params: tuple[ParamInfo, ...]
    positions: Mapping[int, int]
    constraint: Constraint | None


@dataclass(frozen=True, slots=True)
class ActionRef:
    """An action as one table offers it: ``scope`` is ``TABLE_AND_DEFAULT``, ``TABLE_ONLY`` or
    ``DEFAULT_ONLY``."""

    action: ActionInfo
    scope: str


@dataclass(frozen=True, slots=True)
class ProfileInfo:
    """An action profile; ``member_weight`` (0: no limit) applies with ``sum_of_members`` semantics."""

    id: int
    name: str
    table_ids: tuple[int, ...]
    selector: bool
    size: int
    max_group_size: int
    sum_of_members: bool
    member_weight: int
    weights_disallowed: bool


@dataclass(frozen=True, slots=True)
class IndexedInfo:
    """A counter array, or the direct counters of table ``table_id``."""

    id: int
    name: str
    size: int
    table_id: int
    role: str


@dataclass(frozen=True, slots=True)
class MeterInfo:
    """A meter array, or the direct meters of ``table_id``; ``type`` is the name of ``MeterSpec.Type``."""

    id: int
    name: str
    size: int
    table_id: int
    type: str
    role: str


@dataclass(frozen=True, slots=True)
class RegisterInfo:
    """A register array of ``bit<width>`` (or ``int<width>`` when ``signed``)."""

    id: int
    name: str
    size: int
    width: int
    signed: bool
    role: str


@dataclass(frozen=True, slots=True)
class DigestInfo:
    """A digest; ``widths`` are those of its members in order, ``struct`` says how ``P4Data`` wraps them."""

    id: int
    name: str
    widths: tuple[int, ...]
    struct: bool
    role: str


@dataclass(frozen=True, slots=True)
class ValueSetInfo:
    """A parser value set."""

    id: int
    name: str
    fields: tuple[FieldInfo, ...]
    fields_by_id: Mapping[int, FieldInfo]
    size: int
    role: str


@dataclass(frozen=True, slots=True)
class PacketHeader:
    """``packet_in`` or ``packet_out``: (id, name, width) of its fields on the wire, first to last."""

    name: str
    fields: tuple[tuple[int, str, int], ...]
    bits: int
    role: str


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table.  ``fields`` are in the order of the JSON key, which is the order of the device's keys."""

    id: int
    name: str
    fields: tuple[FieldInfo, ...]
    fields_by_id: Mapping[int, FieldInfo]
    positions: Mapping[int, int]
    actions: Mapping[int, ActionRef]
    const_default: bool
    profile: ProfileInfo | None
    size: int
    idle_timeout: bool
    is_const: bool
    has_entries: bool
    needs_priority: bool
    constraint: Constraint | None
    role: str

    def action_choices(self) -> str:
        """The names of the actions, for error messages."""
        return choices(ref.action.name for ref in self.actions.values())

    def field_choices(self) -> str:
        """The match fields with their kinds, for error messages."""
        return ", ".join(f"{f.name} (id {f.id}, {f.kind.lower()})" for f in self.fields) or "none"


@dataclass(slots=True)
class Schema:
    """The indexed p4info.  Mappings go from P4Runtime id to description."""

    p4info: Any
    program: Program
    tables: dict[int, TableInfo] = field(default_factory=dict)
    actions: dict[int, ActionInfo] = field(default_factory=dict)
    profiles: dict[int, ProfileInfo] = field(default_factory=dict)
    counters: dict[int, IndexedInfo] = field(default_factory=dict)
    direct_counters: dict[int, IndexedInfo] = field(default_factory=dict)
    meters: dict[int, MeterInfo] = field(default_factory=dict)
    direct_meters: dict[int, MeterInfo] = field(default_factory=dict)
    registers: dict[int, RegisterInfo] = field(default_factory=dict)
    digests: dict[int, DigestInfo] = field(default_factory=dict)
    value_sets: dict[int, ValueSetInfo] = field(default_factory=dict)
    packet_in: PacketHeader | None = None
    packet_out: PacketHeader | None = None
    #: Table id -> its direct counter, its direct meter.
    counter_of: dict[int, IndexedInfo] = field(default_factory=dict)
    meter_of: dict[int, MeterInfo] = field(default_factory=dict)
    table_names: dict[str, TableInfo] = field(default_factory=dict)
