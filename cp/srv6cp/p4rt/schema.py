# SPDX-License-Identifier: Apache-2.0
"""A compiled program's P4Info by name: tables, match fields, actions, parameters, externs, packet headers.

    info = P4Info.from_file("srv6.p4info.txtpb")
    info.table("my_sid_table").field("ipv6_dst").width      # 128
    print(info.dump())

Every lookup takes the alias or the full name and raises :class:`UnknownName` with the valid names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from google.protobuf import json_format, text_format
from google.protobuf.message import DecodeError as ProtobufError

from .entities import Entity
from .errors import P4InfoError, UnknownName
from .protos import P4INFO_TEXT_HINT, p4info_pb2
from .values import Format

if TYPE_CHECKING:
    from .codec import Codec

__all__ = [
    "ActionInfo",
    "ActionRef",
    "CounterInfo",
    "DigestInfo",
    "FieldInfo",
    "HeaderInfo",
    "MatchFieldInfo",
    "MatchKind",
    "MeterInfo",
    "P4Info",
    "ProfileInfo",
    "RegisterInfo",
    "Scope",
    "TableInfo",
    "ValueSetInfo",
]


class MatchKind(Enum):
    """Match kinds of P4Runtime."""

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


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A value with an id: parameter or packet metadata. ``width`` in bits, 0 for translated strings."""

    id: int
    name: str
    width: int
    format: Format = Format.NUMBER
    doc: str = ""
    annotations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchFieldInfo(FieldInfo):
    """A key of a table or value set."""

    kind: MatchKind = MatchKind.EXACT


@dataclass(frozen=True, slots=True)
class _Object:
    id: int
    name: str
    alias: str
    doc: str
    annotations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActionInfo(_Object):
    """An action and its parameters in order."""

    params: tuple[FieldInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionRef:
    """An action of a table."""

    action: ActionInfo
    scope: Scope


@dataclass(frozen=True, slots=True)
class ProfileInfo(_Object):
    """An action profile, or with ``selector`` an action selector."""

    selector: bool = False
    size: int = 0
    max_group_size: int = 0


@dataclass(frozen=True, slots=True)
class CounterInfo(_Object):
    """A counter. ``unit``: "bytes", "packets" or "both"; ``size`` 0 and ``table`` set for a direct one."""

    unit: str = "both"
    size: int = 0
    table: str = ""


@dataclass(frozen=True, slots=True)
class MeterInfo(_Object):
    """A meter. ``unit``: "bytes" or "packets"; ``size`` 0 and ``table`` set for a direct one."""

    unit: str = "bytes"
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
    """A controller header, ``packet_in`` or ``packet_out``."""

    fields: tuple[FieldInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class TableInfo(_Object):
    """A table. ``size`` is the number of entries guaranteed; ``profile`` the action profile that
    implements it.
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
    by_name: Mapping[str, MatchFieldInfo] = field(default_factory=dict, repr=False, compare=False)

    def field(self, name: str) -> MatchFieldInfo:
        """The match field called ``name``."""
        found = self.by_name.get(name)
        if found is None:
            raise UnknownName("match field", name, self.by_name, f"table {self.alias!r}")
        return found

    def action(self, name: str) -> ActionInfo:
        """The action called ``name``, which must be one of this table's."""
        for ref in self.actions:
            if name in (ref.action.alias, ref.action.name):
                return ref.action
        raise UnknownName("action", name, (ref.action.alias for ref in self.actions), f"table {self.alias!r}")

    @property
    def has_priority(self) -> bool:
        """Whether entries carry a priority (P4Runtime 9.1.1)."""
        return any(f.kind in (MatchKind.TERNARY, MatchKind.RANGE, MatchKind.OPTIONAL) for f in self.fields)


T = TypeVar("T", bound=_Object)


class Catalogue(dict[str, T], Generic[T]):
    """Objects of one kind by alias, with lookup by full name and by id."""

    def __init__(self, kind: str, objects: Iterable[T]) -> None:
        super().__init__((item.alias, item) for item in objects)
        self.kind = kind
        self.ids: dict[int, T] = {item.id: item for item in self.values()}
        self._full = {item.name: item for item in self.values()}

    def find(self, name: str) -> T:
        """The object with this alias or full name."""
        found = self.get(name) or self._full.get(name)
        if found is None:
            raise UnknownName(self.kind, name, self)
        return found


_FORMAT = re.compile(r"@format\(\s*\"?(\w+)\"?\s*\)")
_FORMATS = {form.value: form for form in (Format.IPV4, Format.IPV6, Format.MAC)}
_FORMAT_WIDTH = {Format.IPV4: 32, Format.IPV6: 128, Format.MAC: 48}
_KINDS = {
    2: MatchKind.EXACT,
    3: MatchKind.LPM,
    4: MatchKind.TERNARY,
    5: MatchKind.RANGE,
    6: MatchKind.OPTIONAL,
}
_SCOPES = {0: Scope.ANYWHERE, 1: Scope.TABLE_ONLY, 2: Scope.DEFAULT_ONLY}
_COUNTER_UNITS = {1: "bytes", 2: "packets"}


class P4Info:
    """The names, ids, widths and kinds of one compiled program; immutable."""

    def __init__(self, proto: Any, source: str = "p4info") -> None:
        #: The protobuf message, as sent to a switch.
        self.proto = proto
        #: Where it came from, for messages.
        self.source = source
        self._text_types = {
            name
            for name, spec in proto.type_info.new_types.items()
            if spec.WhichOneof("representation") == "translated_type"
            and spec.translated_type.WhichOneof("sdn_type") == "sdn_string"
        }
        actions = [ActionInfo(*_preamble(a), params=tuple(map(self._field, a.params))) for a in proto.actions]
        self.actions = Catalogue("action", actions)
        self.profiles = Catalogue(
            "action profile",
            [ProfileInfo(*_preamble(p), p.with_selector, p.size, p.max_group_size) for p in proto.action_profiles],
        )
        table_names = {t.preamble.id: t.preamble.alias or t.preamble.name for t in proto.tables}
        self.counters = Catalogue(
            "counter",
            [CounterInfo(*_preamble(c), _COUNTER_UNITS.get(c.spec.unit, "both"), c.size) for c in proto.counters],
        )
        self.direct_counters = Catalogue(
            "direct counter",
            [
                CounterInfo(
                    *_preamble(c),
                    _COUNTER_UNITS.get(c.spec.unit, "both"),
                    0,
                    table_names.get(c.direct_table_id, ""),
                )
                for c in proto.direct_counters
            ],
        )
        self.meters = Catalogue(
            "meter",
            [MeterInfo(*_preamble(m), "packets" if m.spec.unit == 2 else "bytes", m.size) for m in proto.meters],
        )
        self.direct_meters = Catalogue(
            "direct meter",
            [
                MeterInfo(
                    *_preamble(m),
                    "packets" if m.spec.unit == 2 else "bytes",
                    0,
                    table_names.get(m.direct_table_id, ""),
                )
                for m in proto.direct_meters
            ],
        )
        self.registers = Catalogue(
            "register", [RegisterInfo(*_preamble(r), r.size, r.type_spec) for r in proto.registers]
        )
        self.digests = Catalogue("digest", [DigestInfo(*_preamble(d), d.type_spec) for d in proto.digests])
        self.value_sets = Catalogue(
            "value set",
            [ValueSetInfo(*_preamble(v), tuple(map(self._match_field, v.match)), v.size) for v in proto.value_sets],
        )
        self.headers = Catalogue(
            "controller header",
            [HeaderInfo(*_preamble(h), tuple(map(self._field, h.metadata))) for h in proto.controller_packet_metadata],
        )
        self.tables = Catalogue("table", [self._table(t) for t in proto.tables])

    # --- reading files ----------------------------------------------------------------------------

    @classmethod
    def from_file(cls, path: str | Path) -> P4Info:
        """Read a p4info file: text protobuf (``.txtpb``, ``.txt``), JSON or binary, told apart by content."""
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise P4InfoError(f"{path}: cannot read the p4info: {error.strerror or error}") from None
        return cls.from_bytes(data, str(path))

    @classmethod
    def from_bytes(cls, data: bytes, source: str = "p4info") -> P4Info:
        """A p4info in any of the three encodings."""
        proto = p4info_pb2.P4Info()
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = None
        try:
            if text is None or "\0" in text:
                proto.ParseFromString(data)
            elif text.lstrip().startswith("{"):
                if '"__meta__"' in text or '"pipelines"' in text:
                    raise P4InfoError(
                        f"{source}: this is a BMv2 JSON, not a p4info: give the file from --p4runtime-files"
                    )
                json_format.Parse(text, proto)
            else:
                text_format.Parse(text, proto)
        except (text_format.ParseError, json_format.ParseError, ProtobufError) as error:
            raise P4InfoError(f"{source}: not a p4info (which starts with `{P4INFO_TEXT_HINT}`): {error}") from None
        if not (proto.tables or proto.actions or proto.HasField("pkg_info")):
            raise P4InfoError(f"{source}: the p4info is empty")
        return cls(proto, source)

    @classmethod
    def from_text(cls, text: str, source: str = "p4info") -> P4Info:
        """A p4info from text protobuf."""
        return cls.from_bytes(text.encode(), source)

    # --- lookup -----------------------------------------------------------------------------------

    def table(self, name: str) -> TableInfo:
        """The table called ``name``."""
        return self.tables.find(name)

    def action(self, name: str) -> ActionInfo:
        """The action called ``name``."""
        return self.actions.find(name)

    def header(self, name: str) -> HeaderInfo:
        """The controller header called ``name`` (``packet_in``, ``packet_out``)."""
        return self.headers.find(name)

    def name_of(self, id_: int) -> str:
        """The alias of any object, or its id in hexadecimal when the program has none with that id."""
        for catalogue in (
            self.tables,
            self.actions,
            self.profiles,
            self.counters,
            self.direct_counters,
            self.meters,
            self.direct_meters,
            self.registers,
            self.digests,
            self.value_sets,
            self.headers,
        ):
            if id_ in catalogue.ids:
                return catalogue.ids[id_].alias
        return f"0x{id_:08x}"

    @property
    def name(self) -> str:
        """Name of the program (@pkginfo), may be empty."""
        return str(self.proto.pkg_info.name)

    @property
    def arch(self) -> str:
        """Architecture, such as ``v1model``."""
        return str(self.proto.pkg_info.arch)

    # --- entities ---------------------------------------------------------------------------------

    @cached_property
    def codec(self) -> Codec:
        """Encoder and decoder of entities for this program."""
        from .codec import Codec

        return Codec(self)

    def normalize(self, entity: Entity) -> Entity:
        """``entity`` as this switch would return it: aliases, formatted values, every LPM field, no
        don't-cares.
        """
        return self.codec.decode(self.codec.encode(entity))

    def key(self, entity: Entity) -> bytes:
        """What identifies ``entity`` on the switch; equal for two spellings of the same entry; hashable."""
        return self.codec.key(entity)

    def dump(self) -> str:
        """The whole program for people."""
        from .dump import dump

        return dump(self)

    # --- construction -----------------------------------------------------------------------------

    def _field(self, item: Any) -> FieldInfo:
        return FieldInfo(item.id, item.name, *self._type(item), _doc(item), tuple(item.annotations))

    def _match_field(self, item: Any) -> MatchFieldInfo:
        kind = _KINDS.get(item.match_type)
        if kind is None:
            other = item.other_match_type or item.match_type
            raise P4InfoError(f"{self.source}: match field {item.name!r}: unsupported match kind {other!r}")
        return MatchFieldInfo(item.id, item.name, *self._type(item), _doc(item), tuple(item.annotations), kind)

    def _type(self, item: Any) -> tuple[int, Format]:
        if item.type_name.name in self._text_types:
            return 0, Format.TEXT
        for annotation in item.annotations:
            found = _FORMAT.match(annotation)
            form = _FORMATS.get(found.group(1)) if found else None
            if form is not None and _FORMAT_WIDTH[form] == item.bitwidth:
                return item.bitwidth, form
        return item.bitwidth, Format.NUMBER

    def _table(self, table: Any) -> TableInfo:
        fields = tuple(map(self._match_field, table.match_fields))
        refs = [
            ActionRef(self._action(ref.id, table), _SCOPES.get(ref.scope, Scope.ANYWHERE)) for ref in table.action_refs
        ]
        direct = set(table.direct_resource_ids)
        const = table.const_default_action_id
        return TableInfo(
            *_preamble(table),
            fields=fields,
            actions=tuple(refs),
            size=table.size,
            profile=self.profiles.ids.get(table.implementation_id),
            counter=next((c for c in self.direct_counters.values() if c.id in direct), None),
            meter=next((m for m in self.direct_meters.values() if m.id in direct), None),
            const_default=self._action(const, table) if const else None,
            idle_timeout=table.idle_timeout_behavior == 1,
            is_const=table.is_const_table,
            by_name={f.name: f for f in fields},
        )

    def _action(self, id_: int, table: Any) -> ActionInfo:
        try:
            return self.actions.ids[id_]
        except KeyError:
            raise P4InfoError(
                f"{self.source}: table {table.preamble.name!r} refers to action id 0x{id_:08x}, not defined"
            ) from None


def _preamble(item: Any) -> tuple[int, str, str, str, tuple[str, ...]]:
    p = item.preamble
    return p.id, p.name, p.alias or p.name, _doc(p), tuple(p.annotations)


def _doc(item: Any) -> str:
    if not hasattr(item, "doc"):
        return ""
    return str(item.doc.brief or item.doc.description)
