# SPDX-License-Identifier: Apache-2.0
"""What the server knows of the program: the view of the p4info, held against the device configuration.

:mod:`softswitch.p4runtime.verify` makes it. Sizes are those of the device configuration, and a direct counter or
meter has the size of its table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from p4rtlib.objects import (
    ActionInfo,
    CounterInfo,
    HeaderInfo,
    MeterInfo,
    ProfileInfo,
    TableInfo,
    ValueSetInfo,
)
from p4rtlib.p4info import P4Info
from softswitch.bmv2json import Program
from softswitch.p4runtime.constraints import Constraint
from softswitch.p4runtime.errors import choices, invalid

__all__ = ["DigestInfo", "RegisterInfo", "Schema", "action_choices", "by_id"]


class _Identified(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Identified)


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
    """A digest; ``widths`` are those of its members in order, ``struct`` says how ``P4Data`` wraps them, ``learn`` is
    the program's name for it."""

    id: int
    name: str
    widths: tuple[int, ...]
    struct: bool
    role: str
    learn: str


def by_id(kind: str, objects: Mapping[int, T], number: int) -> T:
    """The object of this id; ``INVALID_ARGUMENT`` with those that there are."""
    found = objects.get(number)
    if found is None:
        known = choices(f"{each.id} ({each.name})" for each in objects.values())
        raise invalid(f"unknown {kind} id {number}; valid: {known}")
    return found


def action_choices(table: TableInfo) -> str:
    """The names of the table's actions, for error messages."""
    return choices(ref.action.name for ref in table.actions)


@dataclass(slots=True)
class Schema:
    """The view of the p4info, and by P4Runtime id what the server uses of it.

    Match fields of ``tables`` are in the order of the JSON key, which is the order of the device's keys.
    ``constraints``: the ``@entry_restriction`` of a table, the ``@action_restriction`` of an action.
    """

    p4info: P4Info
    program: Program
    actions: Mapping[int, ActionInfo]
    profiles: Mapping[int, ProfileInfo]
    value_sets: Mapping[int, ValueSetInfo]
    packet_in: HeaderInfo | None
    packet_out: HeaderInfo | None
    #: Id -> name of tables that the compiler left out of the program, since no packet can reach them.
    absent: Mapping[int, str]
    tables: dict[int, TableInfo] = field(default_factory=dict)
    counters: dict[int, CounterInfo] = field(default_factory=dict)
    meters: dict[int, MeterInfo] = field(default_factory=dict)
    registers: dict[int, RegisterInfo] = field(default_factory=dict)
    digests: dict[int, DigestInfo] = field(default_factory=dict)
    constraints: dict[int, Constraint] = field(default_factory=dict)
    #: Table id -> its direct counter, its direct meter.
    counter_of: dict[int, CounterInfo] = field(default_factory=dict)
    meter_of: dict[int, MeterInfo] = field(default_factory=dict)

    def is_absent(self, name: str) -> bool:
        """Whether a table with this full name or alias was left out of the program."""
        return any(name in (full, full.rpartition(".")[2]) for full in self.absent.values())

    def table_named(self, name: str) -> TableInfo | None:
        """The table with this full name or alias."""
        found = self.p4info.tables.named(name)
        return None if found is None else self.tables[found.id]
