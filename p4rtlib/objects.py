# SPDX-License-Identifier: Apache-2.0
"""The objects of a p4info as frozen dataclasses: tables with their keys and actions, externs, packet headers.

``name`` is the full name, ``alias`` the short one that people use. ``role`` is the argument of ``@p4runtime_role``
("" for none). Widths are in bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from .errors import UnknownName
from .values import Format

__all__ = [
    "ActionInfo",
    "ActionRef",
    "Catalogue",
    "CounterInfo",
    "DigestInfo",
    "FieldInfo",
    "HeaderInfo",
    "MatchFieldInfo",
    "MatchKind",
    "MeterInfo",
    "ProfileInfo",
    "RegisterInfo",
    "Scope",
    "TableInfo",
    "ValueSetInfo",
]


class MatchKind(Enum):
    """Match kinds of P4Runtime; the values are the names of the fields of ``p4.v1.FieldMatch``."""

    EXACT = "exact"
    LPM = "lpm"
    TERNARY = "ternary"
    RANGE = "range"
    OPTIONAL = "optional"


class Scope(Enum):
    """Where a table may use an action."""

    ANYWHERE = "table and default"
    TABLE_ONLY = "table only"
    DEFAULT_ONLY = "default only"
    GROUP_ONLY = "group only"  # of a one-shot action set


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A value with an id: parameter or packet metadata. ``width`` is 0 for translated strings.

    ``refers_to``: (table, match field) of each ``@refers_to``. ``where`` is its place for messages, such as
    ``action ingress.drop, parameter reason``.
    """

    id: int
    name: str
    width: int
    where: str
    format: Format = Format.NUMBER
    doc: str = ""
    annotations: tuple[str, ...] = ()
    refers_to: tuple[tuple[str, str], ...] = ()

    @property
    def full(self) -> int:
        """The mask of all its bits, which is its greatest value."""
        return (1 << self.width) - 1


@dataclass(frozen=True, slots=True)
class MatchFieldInfo(FieldInfo):
    """A key of a table or value set. ``referenced_by``: (table, field) of each ``@referenced_by``."""

    kind: MatchKind = MatchKind.EXACT
    referenced_by: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Object:
    id: int
    name: str
    alias: str
    doc: str
    annotations: tuple[str, ...]
    role: str


@dataclass(frozen=True, slots=True)
class ActionInfo(_Object):
    """An action and its parameters in order; ``positions``: parameter id to its place in ``params``."""

    params: tuple[FieldInfo, ...] = ()
    positions: Mapping[int, int] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ActionRef:
    """An action of a table."""

    action: ActionInfo
    scope: Scope


@dataclass(frozen=True, slots=True)
class ProfileInfo(_Object):
    """An action profile, or with ``selector`` an action selector.

    ``size`` and ``max_group_size`` count weights, or with ``sum_of_members`` members, which then have
    ``max_member_weight`` (0: no limit).
    """

    selector: bool = False
    size: int = 0
    max_group_size: int = 0
    table_ids: tuple[int, ...] = ()
    sum_of_members: bool = False
    max_member_weight: int = 0
    weights_disallowed: bool = False


@dataclass(frozen=True, slots=True)
class CounterInfo(_Object):
    """A counter. ``unit``: "bytes", "packets" or "both"; ``size`` 0 and ``table`` (alias) set for a direct one."""

    unit: str = "both"
    size: int = 0
    table: str = ""


@dataclass(frozen=True, slots=True)
class MeterInfo(_Object):
    """A meter. ``unit``: "bytes" or "packets"; ``type``: a name of ``MeterSpec.Type``; ``size`` 0 and ``table``
    (alias) set for a direct one.
    """

    unit: str = "bytes"
    type: str = "TWO_RATE_THREE_COLOR"
    size: int = 0
    table: str = ""


@dataclass(frozen=True, slots=True)
class RegisterInfo(_Object):
    """A register; ``type_spec`` is the protobuf P4DataTypeSpec of a cell."""

    size: int = 0
    type_spec: Any = None


@dataclass(frozen=True, slots=True)
class DigestInfo(_Object):
    """A digest; ``type_spec`` is the protobuf P4DataTypeSpec of an element."""

    type_spec: Any = None


@dataclass(frozen=True, slots=True)
class ValueSetInfo(_Object):
    """A parser value set."""

    fields: tuple[MatchFieldInfo, ...] = ()
    size: int = 0


@dataclass(frozen=True, slots=True)
class HeaderInfo(_Object):
    """A controller header, ``packet_in`` or ``packet_out``: its fields in the order of the wire, and their sum.

    On the wire it has ``size`` bytes: p4c fills its last one up with bits that the p4info does not have.
    """

    fields: tuple[FieldInfo, ...] = ()
    bits: int = 0

    @property
    def size(self) -> int:
        """Length in bytes, rounded up."""
        return (self.bits + 7) // 8


@dataclass(frozen=True, slots=True)
class TableInfo(_Object):
    """A table. ``size`` is the number of entries guaranteed; ``profile`` the action profile that implements it.

    ``has_priority``: entries carry a priority (P4Runtime 1.5, 9.1.1).
    """

    fields: tuple[MatchFieldInfo, ...] = ()
    actions: tuple[ActionRef, ...] = ()
    size: int = 0
    profile: ProfileInfo | None = None
    counter: CounterInfo | None = None
    meter: MeterInfo | None = None
    const_default: ActionInfo | None = None
    idle_timeout: bool = False
    is_const: bool = False
    has_initial_entries: bool = False
    has_priority: bool = False
    by_name: Mapping[str, MatchFieldInfo] = field(default_factory=dict, repr=False, compare=False)
    actions_by_id: Mapping[int, ActionRef] = field(default_factory=dict, repr=False, compare=False)

    def field(self, name: str) -> MatchFieldInfo:
        """The match field called ``name``. Raises ``UnknownName``."""
        found = self.by_name.get(name)
        if found is None:
            raise UnknownName("match field", name, self.by_name, f"table {self.alias!r}")
        return found

    def action(self, name: str) -> ActionInfo:
        """The action called ``name``, which must be one of this table's. Raises ``UnknownName``."""
        for ref in self.actions:
            if name in (ref.action.alias, ref.action.name):
                return ref.action
        raise UnknownName("action", name, (ref.action.alias for ref in self.actions), f"table {self.alias!r}")


T = TypeVar("T", bound=_Object)


class Catalogue(dict[str, T], Generic[T]):
    """Objects of one kind by alias, in the order of the p4info, with lookup by full name and by id."""

    def __init__(self, kind: str, objects: Iterable[T]) -> None:
        listed = tuple(objects)
        super().__init__((item.alias, item) for item in listed)
        self.kind = kind
        self.ids: dict[int, T] = {item.id: item for item in listed}
        self._full = {item.name: item for item in listed}

    def find(self, name: str) -> T:
        """The object with this alias or full name. Raises ``UnknownName``."""
        found = self.named(name)
        if found is None:
            raise UnknownName(self.kind, name, self)
        return found

    def named(self, name: str) -> T | None:
        """The same, None when there is none."""
        return self.get(name) or self._full.get(name)
