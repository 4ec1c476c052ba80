# SPDX-License-Identifier: Apache-2.0
"""Verification of a forwarding pipeline configuration, which makes its :class:`Schema`.

Checked: ids unique and not 0, references inside the p4info sound, names and widths equal to those of the BMv2
JSON, annotations understood.  Every defect raises ``INVALID_ARGUMENT`` and names the entity.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from typing import Any

from p4rtlib import annotations as notes
from p4rtlib import objects
from p4rtlib.errors import P4InfoError
from p4rtlib.objects import ActionInfo, FieldInfo, MatchKind, TableInfo
from p4rtlib.p4info import P4Info
from softswitch.bmv2json import Program
from softswitch.p4runtime.constraints import Constraint, ConstraintError, Operand, parse_constraint
from softswitch.p4runtime.errors import Fault, choices, invalid
from softswitch.p4runtime.schema import DigestInfo, RegisterInfo, Schema

__all__ = ["verify"]

#: Match kinds of the p4info and the kinds of the JSON that implement them.
_JSON_KINDS = {
    MatchKind.EXACT: ("exact", "valid"),
    MatchKind.LPM: ("lpm",),
    MatchKind.TERNARY: ("ternary",),
    MatchKind.OPTIONAL: ("ternary",),
    MatchKind.RANGE: ("range",),
}
_KINDS = (
    ("action", "actions"),
    ("action profile", "action_profiles"),
    ("table", "tables"),
    ("counter", "counters"),
    ("direct counter", "direct_counters"),
    ("meter", "meters"),
    ("direct meter", "direct_meters"),
    ("register", "registers"),
    ("digest", "digests"),
    ("value set", "value_sets"),
    ("controller packet metadata", "controller_packet_metadata"),
)


def _check_p4info(info: Any) -> None:
    """What must be sound before the view of the p4info can be made."""
    seen: dict[int, str] = {}
    for kind, collection in _KINDS:
        for entity in getattr(info, collection):
            identity, name = entity.preamble.id, entity.preamble.name
            if not name:
                raise invalid(f"p4info: a {kind} has no name")
            if identity == 0:
                raise invalid(f"p4info: {kind} {name} has id 0")
            if identity in seen:
                raise invalid(f"p4info: {kind} {name} and {seen[identity]} have the same id {identity}")
            seen[identity] = f"{kind} {name}"
    for action in info.actions:
        where = f"action {action.preamble.name}"
        for param in action.params:
            _check_width(param, f"{where}, parameter {param.name}")
        if not _sound_ids(action.params):
            raise invalid(f"{where}: parameter ids must be unique and not 0")
    known = {action.preamble.id for action in info.actions}
    implements = {profile.preamble.id: profile.table_ids for profile in info.action_profiles}
    tables = {table.preamble.id for table in info.tables}
    for table in info.tables:
        where = f"table {table.preamble.name}"
        _check_match_fields(table.match_fields, where)
        for ref in table.action_refs:
            if ref.id not in known:
                raise invalid(f"{where}: unknown action id {ref.id}")
        if table.const_default_action_id and table.const_default_action_id not in known:
            raise invalid(f"{where}: unknown action id {table.const_default_action_id}")
        used = table.implementation_id
        if used and table.preamble.id not in implements.get(used, ()):
            raise invalid(f"{where}: implementation {used} is no action profile that lists this table")
    for profile in info.action_profiles:
        for table_id in profile.table_ids:
            if table_id not in tables:
                raise invalid(f"action profile {profile.preamble.name}: unknown table id {table_id}")
    for kind, resources in (("direct counter", info.direct_counters), ("direct meter", info.direct_meters)):
        for entity in resources:
            if entity.direct_table_id not in tables:
                raise invalid(f"{kind} {entity.preamble.name}: unknown table id {entity.direct_table_id}")
    for value_set in info.value_sets:
        _check_match_fields(value_set.match, f"value set {value_set.preamble.name}")
    for header in info.controller_packet_metadata:
        for part in header.metadata:
            _check_width(part, f"{header.preamble.name}.{part.name}")
    if info.externs:
        raise invalid(f"extern type {info.externs[0].extern_type_name}: this switch has no extra externs")


def _check_match_fields(fields: Any, where: str) -> None:
    for entity in fields:
        label = f"{where}, field {entity.name}" if entity.name else where
        if entity.WhichOneof("match") != "match_type" or not entity.match_type:
            raise invalid(f"{label}: unknown match type {entity.other_match_type or 'UNSPECIFIED'}")
        # p4c gives a key of type `error` no width; see _realised
        if entity.bitwidth or entity.HasField("type_name") or where.startswith("value set"):
            _check_width(entity, label)
    if not _sound_ids(fields):
        raise invalid(f"{where}: match field ids must be unique and not 0")


def _check_width(entity: Any, where: str) -> None:
    """Width of a match field, parameter or packet metadata; a translated type counts with its own width."""
    if entity.bitwidth <= 0:
        raise invalid(
            f"{where}: its width is not known (types translated to strings by @p4runtime_translation are not supported)"
        )


def _sound_ids(entities: Any) -> bool:
    ids = {entity.id for entity in entities}
    return len(ids) == len(entities) and 0 not in ids


def _realised(info: Any, program: Program) -> tuple[Any, dict[int, str]]:
    """A p4info as the program has it, and the tables by id that it has not.

    The compiler writes the p4info before it optimises: a table that no packet can reach is in the p4info alone, with
    what belongs to it, and so is an action profile without tables. A match field of type ``error`` has its width in the
    program alone. Numbers of a translated type go to the data plane as they are, so the program's width counts.
    """
    absent = {t.preamble.id: t.preamble.name for t in info.tables if t.preamble.name not in program.tables}
    profiles = all(profile.preamble.name in program.profiles for profile in info.action_profiles)
    translated = {name for name, kind in info.type_info.new_types.items() if kind.translated_type.sdn_bitwidth}
    widths = all(field.bitwidth for table in info.tables for field in table.match_fields)
    if not absent and not translated and profiles and widths:
        return info, absent
    found = type(info)()
    found.CopyFrom(info)
    _keep(found.tables, lambda table: table.preamble.id not in absent)
    for resources in (found.direct_counters, found.direct_meters):
        _keep(resources, lambda resource: resource.direct_table_id not in absent)
    for profile in found.action_profiles:
        profile.table_ids[:] = [number for number in profile.table_ids if number not in absent]
    _keep(found.action_profiles, lambda p: p.table_ids or p.preamble.name in program.profiles)
    for table in found.tables:
        _widen(
            table.match_fields, {key.name: key.width for key in program.tables[table.preamble.name].keys}, translated
        )
    params = {(action.name, p.name): p.width for action in program.actions.values() for p in action.params}
    for action in found.actions:
        own = {name: width for (of, name), width in params.items() if of == action.preamble.name}
        _widen(action.params, own, translated)
    return found, absent


def _widen(fields: Any, widths: Mapping[str, int], translated: Container[str]) -> None:
    """Give fields without width, and of translated types, the widths of the program."""
    for field in fields:
        if not field.bitwidth or field.type_name.name in translated:
            field.bitwidth = widths.get(field.name, field.bitwidth)


def _keep(items: Any, wanted: Callable[[Any], object]) -> None:
    """Take what is not wanted out of a repeated field."""
    for place in reversed(range(len(items))):
        if not wanted(items[place]):
            del items[place]


class _Builder:
    """Holds the view of a p4info against a program, and puts the schema together.

    ``absent``: the tables of the p4info, by id, that the view does not have (:func:`_realised`).
    """

    def __init__(self, view: P4Info, program: Program, absent: Mapping[int, str]) -> None:
        self.view = view
        self.program = program
        packet_in, packet_out = view.headers.named("packet_in"), view.headers.named("packet_out")
        self.schema = Schema(
            view, program, view.actions.ids, view.profiles.ids, view.value_sets.ids, packet_in, packet_out, absent
        )

    def run(self) -> Schema:
        schema, view, program = self.schema, self.view, self.program
        for action in view.actions.ids.values():
            self.action(action)
        for profile in view.profiles.ids.values():
            model = self.in_json(profile.name, program.profiles, "action profile")
            if profile.selector != (model.selector is not None):
                raise invalid(
                    f"action profile {profile.name}: p4info and device configuration disagree on its selector"
                )
        for table in view.tables.ids.values():
            schema.tables[table.id] = self.table(table)
        self.counters()
        self.meters()
        self.registers()
        for digest in view.digests.ids.values():
            schema.digests[digest.id] = self.digest(digest)
        for value_set in view.value_sets.ids.values():
            self.in_json(value_set.name, program.value_sets, "value set")
        self.names_of_json()
        return schema

    # -- helpers

    def in_json(self, name: str, known: Mapping[str, Any], kind: str) -> Any:
        if name not in known:
            raise invalid(
                f"{kind} {name} of the p4info is not in the device configuration, which has"
                f" {choices(known)}; are both from the same compilation?"
            )
        return known[name]

    def restrict(self, entity: ActionInfo | TableInfo, kind: str, fields: Iterable[FieldInfo]) -> None:
        """Read the restriction of a table or an action over ``fields``."""
        name = "entry_restriction" if kind == "table" else "action_restriction"
        text = notes.restrictions(entity.annotations, name)
        if not text:
            return
        operands = {
            field.name: Operand(place, getattr(field, "kind", MatchKind.EXACT).name, field.width)
            for place, field in enumerate(fields)
        }
        try:
            found: Constraint = parse_constraint(text, operands, priority=kind == "table")
        except ConstraintError as error:
            raise invalid(f"{kind} {entity.name}, @{name}: {error}") from None
        self.schema.constraints[entity.id] = found

    # -- entities

    def action(self, action: ActionInfo) -> None:
        # The compiler gives an action that is called without a table a copy of its own, without parameters.
        same = [
            [(param.name, param.width) for param in model.params]
            for model in self.program.actions.values()
            if model.name == action.name
        ]
        if same and [(param.name, param.width) for param in action.params] not in same:
            expected = max(same, key=len)
            raise invalid(
                f"action {action.name}: parameters of the p4info do not match the device configuration,"
                f" which has ({', '.join(f'bit<{w}> {n}' for n, w in expected)})"
            )
        self.restrict(action, "action", action.params)

    def table(self, table: TableInfo) -> TableInfo:
        """The table with its match fields in the order of the JSON key."""
        name = table.name
        model = self.in_json(name, self.program.tables, "table")
        by_name = dict(table.by_name)
        ordered = []
        for key in model.keys:
            field = by_name.pop(key.name, None)
            if field is None:
                raise invalid(f"table {name}: key {key.name} of the device configuration is not in the p4info")
            if field.width != key.width or key.kind.value not in _JSON_KINDS[field.kind]:
                raise invalid(
                    f"{field.where}: {field.kind.value} bit<{field.width}> in the p4info but"
                    f" {key.kind.value} bit<{key.width}> in the device configuration"
                )
            ordered.append(field)
        if by_name:
            raise invalid(f"table {name}: match field {next(iter(by_name))} is not in the device configuration")
        for ref in table.actions:
            if model.action(ref.action.name) is None:
                raise invalid(
                    f"table {name}: action {ref.action.name} is not one of its actions in the device"
                    f" configuration, which has {choices(a.name for a in model.actions)}"
                )
        if (table.profile.name if table.profile else "") != model.profile:
            raise invalid(f"table {name}: p4info and device configuration disagree on its action profile")
        self.restrict(table, "table", ordered)
        return replace(table, fields=tuple(ordered))

    def counters(self) -> None:
        schema, view = self.schema, self.view
        for counter in view.counters.ids.values():
            model = self.in_json(counter.name, self.program.counters, "counter")
            schema.counters[counter.id] = replace(counter, size=model.size)
        for entity in view.proto.direct_counters:
            counter = view.direct_counters.ids[entity.preamble.id]
            table = schema.tables[entity.direct_table_id]
            if not self.program.tables[table.name].with_counters:
                raise invalid(
                    f"direct counter {counter.name}: table {table.name} counts nothing in the device configuration"
                )
            schema.counter_of[table.id] = replace(counter, size=table.size)

    def meters(self) -> None:
        schema, view = self.schema, self.view
        for meter in view.meters.ids.values():
            model = self.in_json(meter.name, self.program.meters, "meter")
            schema.meters[meter.id] = replace(meter, size=model.size)
        for entity in view.proto.direct_meters:
            meter = view.direct_meters.ids[entity.preamble.id]
            table = schema.tables[entity.direct_table_id]
            if self.program.tables[table.name].direct_meter != meter.name:
                raise invalid(
                    f"direct meter {meter.name}: not the meter of table {table.name} in the device configuration"
                )
            schema.meter_of[table.id] = replace(meter, size=table.size)

    def registers(self) -> None:
        for register in self.view.registers.ids.values():
            model = self.in_json(register.name, self.program.registers, "register")
            signed = register.type_spec.bitstring.HasField("int")
            self.schema.registers[register.id] = RegisterInfo(
                register.id, register.name, model.size, model.width, signed, register.role
            )

    def digest(self, digest: objects.DigestInfo) -> DigestInfo:
        name = digest.name
        learn = self.learn_list(name)
        spec = digest.type_spec
        kind = spec.WhichOneof("type_spec")
        if kind == "struct":
            struct = self.view.proto.type_info.structs.get(spec.struct.name)
            if struct is None:
                raise invalid(f"digest {name}: unknown struct {spec.struct.name}")
            members = [
                self.bits_of(member.type_spec, f"digest {name}, member {member.name}") for member in struct.members
            ]
        elif kind == "tuple":
            members = [self.bits_of(member, f"digest {name}") for member in spec.tuple.members]
        else:
            members = [self.bits_of(spec, f"digest {name}")]
        return DigestInfo(digest.id, name, tuple(members), kind in ("struct", "tuple"), digest.role, learn)

    def learn_list(self, name: str) -> str:
        """The program's name of a digest. A tuple is called ``digest_0`` in the p4info and ``tuple_0`` in the program:
        where each has one name that the other has not, they are the same."""
        known = {learn.name: learn for learn in self.program.learn_lists.values()}
        named = {digest.name for digest in self.view.digests.ids.values()}
        others = known.keys() - named
        if len(others) == 1 and named - known.keys() == {name}:
            return others.pop()
        self.in_json(name, known, "digest")
        return name

    def bits_of(self, spec: Any, where: str) -> int:
        """Width of a bit-like type specification of the p4info."""
        kind = spec.WhichOneof("type_spec")
        types = self.view.proto.type_info
        if kind == "bitstring":
            return int(spec.bitstring.bit.bitwidth or spec.bitstring.int.bitwidth)
        if kind == "bool":
            return 1
        if kind == "serializable_enum" and spec.serializable_enum.name in types.serializable_enums:
            return int(types.serializable_enums[spec.serializable_enum.name].underlying_type.bitwidth)
        if kind == "new_type" and spec.new_type.name in types.new_types:
            new_type = types.new_types[spec.new_type.name]
            if new_type.WhichOneof("representation") == "original_type":
                return self.bits_of(new_type.original_type, where)
            if new_type.translated_type.sdn_bitwidth:
                return int(new_type.translated_type.sdn_bitwidth)
        raise invalid(
            f"{where}: type {kind} is not supported here; valid: bit, int, bool, serializable enum, new type of these"
        )

    def names_of_json(self) -> None:
        """Tables with a key that the program has and the p4info lacks could never be filled: refuse the
        mix."""
        known = {table.name for table in self.schema.tables.values()}
        for name, table in self.program.tables.items():
            if table.keys and name not in known and not table.entries:
                others = self.schema.absent.values()
                there = f"{choices(others)} instead" if others else choices(known)
                raise invalid(
                    f"table {name} of the device configuration is not in the p4info, which has {there};"
                    " are both from the same compilation?"
                )


def verify(p4info: Any, program: Program) -> Schema:
    """The schema of ``p4info`` and ``program``; ``Fault`` (``INVALID_ARGUMENT``) on the first defect."""
    try:
        _check_p4info(p4info)
        realised, absent = _realised(p4info, program)
        return _Builder(P4Info(realised), program, absent).run()
    except Fault:
        raise
    except P4InfoError as error:
        raise invalid(str(error)) from None
    except (KeyError, ValueError, TypeError) as error:
        raise invalid(f"p4info cannot be used: {error}") from None
