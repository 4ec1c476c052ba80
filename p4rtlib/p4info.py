# SPDX-License-Identifier: Apache-2.0
"""A compiled program's P4Info by name: tables, match fields, actions, parameters, externs, packet headers.

    info = P4Info.from_file("full.p4info.txtpb")
    info.table("my_sid_table").field("ipv6_dst").width      # 128

Every lookup takes the alias or the full name and raises :class:`UnknownName` with the valid names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf import json_format, text_format
from google.protobuf.message import DecodeError

from . import annotations as notes
from .errors import P4InfoError
from .objects import (
    ActionInfo,
    ActionRef,
    Catalogue,
    CounterInfo,
    DigestInfo,
    FieldInfo,
    HeaderInfo,
    MatchFieldInfo,
    MatchKind,
    MeterInfo,
    ProfileInfo,
    RegisterInfo,
    Scope,
    TableInfo,
    ValueSetInfo,
)
from .protos import p4info_pb2
from .values import Format

__all__ = ["P4Info", "parse_p4info"]

Self = TypeVar("Self", bound="P4Info")

#: Characters of what is wrong with a text.
_LONGEST = 300
#: Views that are kept: a text of 300 kB takes a tenth of a second, and a process asks for the same ones again.
_KEPT = 16
_FORMATS = {form.value: form for form in (Format.IPV4, Format.IPV6, Format.MAC)}
_FORMAT_WIDTH = {Format.IPV4: 32, Format.IPV6: 128, Format.MAC: 48}
_KINDS = {p4info_pb2.MatchField.MatchType.Value(kind.name): kind for kind in MatchKind}
_SCOPES = {1: Scope.TABLE_ONLY, 2: Scope.DEFAULT_ONLY, 3: Scope.GROUP_ONLY}
_COUNTER_UNITS = {1: "bytes", 2: "packets"}
_METER_TYPES = {number: name for name, number in p4info_pb2.MeterSpec.Type.items()}
#: What every field has, in the order of ``FieldInfo``.
_Common = tuple[int, str, int, str, Format, str, tuple[str, ...], tuple[tuple[str, str], ...]]
_PRIORITISED = (MatchKind.TERNARY, MatchKind.RANGE, MatchKind.OPTIONAL)


def parse_p4info(data: bytes, source: str = "p4info") -> Any:
    """The protobuf message ``P4Info`` in ``data``: text protobuf, JSON or binary, told apart by content.

    Raises:
        P4InfoError: it is none of them, or an empty one; the message names ``source``.
    """
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
                raise P4InfoError(f"{source}: this is a BMv2 JSON, not a p4info: give the file from --p4runtime-files")
            json_format.Parse(text, proto)
        else:
            text_format.Parse(text, proto)
    except (text_format.ParseError, json_format.ParseError, DecodeError) as error:
        why = " ".join(str(error).split())[:_LONGEST]  # it quotes the file, which may be one word without end
        raise P4InfoError(f"{source}: not a p4info (which starts with `pkg_info {{`): {why}") from None
    if not (proto.tables or proto.actions or proto.HasField("pkg_info")):
        raise P4InfoError(f"{source}: the p4info is empty")
    return proto


@lru_cache(maxsize=_KEPT)
def _view(kind: Callable[[Any, str], Any], data: bytes, source: str) -> Any:
    return kind(parse_p4info(data, source), source)


class P4Info:
    """The names, ids, widths and kinds of one compiled program; immutable.

    Raises:
        P4InfoError: it contradicts itself, or matches in a way that P4Runtime has no name for.
    """

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
        self._table_names = {t.preamble.id: t.preamble.alias or t.preamble.name for t in proto.tables}
        self.actions = Catalogue("action", map(self._new_action, proto.actions))
        self.profiles = Catalogue("action profile", map(_profile, proto.action_profiles))
        self.counters = Catalogue("counter", map(self._counter, proto.counters))
        self.direct_counters = Catalogue("direct counter", map(self._counter, proto.direct_counters))
        self.meters = Catalogue("meter", map(self._meter, proto.meters))
        self.direct_meters = Catalogue("direct meter", map(self._meter, proto.direct_meters))
        self.registers = Catalogue(
            "register", (RegisterInfo(*_preamble(r), r.size, r.type_spec) for r in proto.registers)
        )
        self.digests = Catalogue("digest", (DigestInfo(*_preamble(d), d.type_spec) for d in proto.digests))
        self.value_sets = Catalogue("value set", map(self._value_set, proto.value_sets))
        self.headers = Catalogue("controller header", map(self._header, proto.controller_packet_metadata))
        self.tables = Catalogue("table", map(self._table, proto.tables))

    # --- reading files

    @classmethod
    def from_file(cls: type[Self], path: str | Path) -> Self:
        """Read a p4info file (``.txtpb``, ``.txt``, ``.json``, ``.bin``). Raises ``P4InfoError``."""
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise P4InfoError(f"{path}: cannot read the p4info: {error.strerror or error}") from None
        return cls.from_bytes(data, str(path))

    @classmethod
    def from_bytes(cls: type[Self], data: bytes, source: str = "p4info") -> Self:
        """A p4info in any of the three encodings; the same one for the same bytes. Raises ``P4InfoError``."""
        make: Callable[[Any, str], Any] = cls
        view: Self = _view(make, data, source)
        return view

    @classmethod
    def from_text(cls: type[Self], text: str, source: str = "p4info") -> Self:
        """A p4info from text protobuf. Raises ``P4InfoError``."""
        return cls.from_bytes(text.encode(), source)

    # --- lookup

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

    # --- construction

    def _field(self, item: Any, where: str) -> FieldInfo:
        return FieldInfo(*self._common(item, where))

    def _match_fields(self, items: Iterable[Any], owner: str) -> tuple[MatchFieldInfo, ...]:
        return tuple(self._match_field(item, f"{owner}, field {item.name}") for item in items)

    def _match_field(self, item: Any, where: str) -> MatchFieldInfo:
        kind = _KINDS.get(item.match_type)
        if kind is None:
            other = item.other_match_type or item.match_type
            raise P4InfoError(f"{self.source}: {where}: unsupported match kind {other!r}")
        referenced_by = tuple(notes.pairs(item.annotations, "referenced_by"))
        return MatchFieldInfo(*self._common(item, where), kind, referenced_by)

    def _common(self, item: Any, where: str) -> _Common:
        width, form = self._type(item)
        refers_to = tuple(notes.pairs(item.annotations, "refers_to"))
        return item.id, item.name, width, where, form, _doc(item), tuple(item.annotations), refers_to

    def _type(self, item: Any) -> tuple[int, Format]:
        if item.type_name.name in self._text_types:
            return 0, Format.TEXT
        form = _FORMATS.get(notes.argument(item.annotations, "format"))
        if form is None or _FORMAT_WIDTH[form] != item.bitwidth:
            form = Format.NUMBER
        return item.bitwidth, form

    def _new_action(self, item: Any) -> ActionInfo:
        where = f"action {item.preamble.name}"
        params = tuple(self._field(param, f"{where}, parameter {param.name}") for param in item.params)
        return ActionInfo(*_preamble(item), params, {param.id: place for place, param in enumerate(params)})

    def _counter(self, item: Any) -> CounterInfo:
        return CounterInfo(*_preamble(item), _COUNTER_UNITS.get(item.spec.unit, "both"), *self._extent(item))

    def _meter(self, item: Any) -> MeterInfo:
        unit = "packets" if item.spec.unit == 2 else "bytes"
        type_ = _METER_TYPES.get(item.spec.type, "TWO_RATE_THREE_COLOR")
        return MeterInfo(*_preamble(item), unit, type_, *self._extent(item))

    def _extent(self, item: Any) -> tuple[int, str]:
        """Size of an array, or table of a direct resource."""
        if hasattr(item, "direct_table_id"):
            return 0, self._table_names.get(item.direct_table_id, "")
        return item.size, ""

    def _value_set(self, item: Any) -> ValueSetInfo:
        return ValueSetInfo(
            *_preamble(item), self._match_fields(item.match, f"value set {item.preamble.name}"), item.size
        )

    def _header(self, item: Any) -> HeaderInfo:
        owner = item.preamble.name
        fields = tuple(self._field(part, f"{owner}.{part.name}") for part in item.metadata)
        return HeaderInfo(*_preamble(item), fields, sum(each.width for each in fields))

    def _table(self, item: Any) -> TableInfo:
        fields = self._match_fields(item.match_fields, f"table {item.preamble.name}")
        refs = tuple(
            ActionRef(self._action(ref.id, item), _SCOPES.get(ref.scope, Scope.ANYWHERE)) for ref in item.action_refs
        )
        direct = set(item.direct_resource_ids)
        const = item.const_default_action_id
        return TableInfo(
            *_preamble(item),
            fields=fields,
            actions=refs,
            size=item.size,
            profile=self.profiles.ids.get(item.implementation_id),
            counter=next((c for c in self.direct_counters.values() if c.id in direct), None),
            meter=next((m for m in self.direct_meters.values() if m.id in direct), None),
            const_default=self._action(const, item) if const else None,
            idle_timeout=item.idle_timeout_behavior == p4info_pb2.Table.NOTIFY_CONTROL,
            is_const=item.is_const_table,
            has_initial_entries=item.has_initial_entries,
            has_priority=any(each.kind in _PRIORITISED for each in fields),
            by_name={each.name: each for each in fields},
            actions_by_id={ref.action.id: ref for ref in refs},
        )

    def _action(self, id_: int, table: Any) -> ActionInfo:
        try:
            return self.actions.ids[id_]
        except KeyError:
            raise P4InfoError(
                f"{self.source}: table {table.preamble.name!r} refers to action id 0x{id_:08x}, not defined"
            ) from None


def _preamble(item: Any) -> tuple[int, str, str, str, tuple[str, ...], str]:
    p = item.preamble
    role = notes.argument(p.annotations, "p4runtime_role")
    return p.id, p.name, p.alias or p.name, _doc(p), tuple(p.annotations), role


def _profile(item: Any) -> ProfileInfo:
    return ProfileInfo(
        *_preamble(item),
        item.with_selector,
        item.size,
        item.max_group_size,
        tuple(item.table_ids),
        item.HasField("sum_of_members"),
        item.sum_of_members.max_member_weight,
        item.weights_disallowed,
    )


def _doc(item: Any) -> str:
    if not hasattr(item, "doc"):
        return ""
    return str(item.doc.brief or item.doc.description)
