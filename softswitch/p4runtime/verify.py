# SPDX-License-Identifier: Apache-2.0
"""Verification of a forwarding pipeline configuration, which makes its :class:`Schema`.

Checked: ids unique and not 0, references inside the p4info sound, names and widths equal to those of the BMv2
JSON, annotations understood.  Every defect raises ``INVALID_ARGUMENT`` and names the entity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from softswitch.bmv2json import Program
from softswitch.p4runtime import annotations as notes
from softswitch.p4runtime.constraints import Constraint, ConstraintError, Operand, parse_constraint
from softswitch.p4runtime.errors import Fault, choices, invalid
from softswitch.p4runtime.protos import p4info_pb2
from softswitch.p4runtime.schema import (
    ActionInfo,
    ActionRef,
    DigestInfo,
    FieldInfo,
    IndexedInfo,
    MeterInfo,
    PacketHeader,
    ParamInfo,
    ProfileInfo,
    RegisterInfo,
    Schema,
    TableInfo,
    ValueSetInfo,
)

__all__ = ["verify"]

_MATCH = {value: name for name, value in p4info_pb2.MatchField.MatchType.items()}
_SCOPE = {value: name for name, value in p4info_pb2.ActionRef.Scope.items()}
#: Match kinds of the p4info and the kinds of the JSON that implement them.
_JSON_KINDS = {
    "EXACT": ("exact", "valid"),
    "LPM": ("lpm",),
    "TERNARY": ("ternary",),
    "OPTIONAL": ("ternary",),
    "RANGE": ("range",),
}


class _Builder:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.p4info = schema.p4info
        self.program = schema.program
        self.seen: dict[int, str] = {}

    def run(self) -> None:
        schema, info = self.schema, self.p4info
        for action in info.actions:
            schema.actions[action.preamble.id] = self.action(action)
        for profile in info.action_profiles:
            schema.profiles[profile.preamble.id] = self.profile(profile)
        for table in info.tables:
            made = self.table(table)
            schema.tables[made.id] = made
            schema.table_names[made.name] = made
            if table.preamble.alias:
                schema.table_names.setdefault(table.preamble.alias, made)
        for profile_info in schema.profiles.values():
            for table_id in profile_info.table_ids:
                if table_id not in schema.tables:
                    raise invalid(f"action profile {profile_info.name}: unknown table id {table_id}")
        self.counters()
        self.meters()
        self.registers()
        for digest in info.digests:
            schema.digests[digest.preamble.id] = self.digest(digest)
        for value_set in info.value_sets:
            schema.value_sets[value_set.preamble.id] = self.value_set(value_set)
        self.packet_headers()
        if info.externs:
            raise invalid(f"extern type {info.externs[0].extern_type_name}: this switch has no extra externs")
        self.names_of_json()

    # -- helpers

    def preamble(self, entity: Any, kind: str) -> tuple[int, str]:
        identity, name = entity.preamble.id, entity.preamble.name
        if not name:
            raise invalid(f"p4info: a {kind} has no name")
        if identity == 0:
            raise invalid(f"p4info: {kind} {name} has id 0")
        if identity in self.seen:
            raise invalid(f"p4info: {kind} {name} and {self.seen[identity]} have the same id {identity}")
        self.seen[identity] = f"{kind} {name}"
        return identity, name

    def width(self, entity: Any, where: str) -> int:
        """Width of a match field, parameter or packet metadata; a translated type counts with its own
        width."""
        width = int(entity.bitwidth)
        if width <= 0:
            raise invalid(
                f"{where}: its width is not known"
                " (types translated to strings by @p4runtime_translation are not supported)"
            )
        return width

    def in_json(self, name: str, known: Mapping[str, Any], kind: str) -> Any:
        if name not in known:
            raise invalid(
                f"{kind} {name} of the p4info is not in the device configuration, which has"
                f" {choices(known)}; are both from the same compilation?"
            )
        return known[name]

    @staticmethod
    def role(entity: Any) -> str:
        return notes.argument(entity.preamble.annotations, "p4runtime_role")

    # -- entities

    def action(self, entity: Any) -> ActionInfo:
        identity, name = self.preamble(entity, "action")
        params = []
        for param in entity.params:
            where = f"action {name}, parameter {param.name}"
            params.append(
                ParamInfo(
                    param.id,
                    param.name,
                    self.width(param, where),
                    notes.argument(param.annotations, "format"),
                    tuple(notes.pairs(param.annotations, "refers_to")),
                    where,
                )
            )
        positions = {param.id: place for place, param in enumerate(params)}
        if len(positions) != len(params) or 0 in positions:
            raise invalid(f"action {name}: parameter ids must be unique and not 0")
        # The compiler gives an action that is called without a table a copy of its own, without parameters.
        same = [
            [(param.name, param.width) for param in action.params]
            for action in self.program.actions.values()
            if action.name == name
        ]
        if same and [(param.name, param.width) for param in params] not in same:
            expected = max(same, key=len)
            raise invalid(
                f"action {name}: parameters of the p4info do not match the device configuration,"
                f" which has ({', '.join(f'bit<{w}> {n}' for n, w in expected)})"
            )
        text = notes.restrictions(entity.preamble.annotations, "action_restriction")
        operands = {param.name: Operand(place, "EXACT", param.width) for place, param in enumerate(params)}
        return ActionInfo(
            identity,
            name,
            tuple(params),
            positions,
            self.constraint(text, operands, f"action {name}, @action_restriction", False),
        )

    @staticmethod
    def constraint(text: str, names: Mapping[str, Operand], where: str, priority: bool) -> Constraint | None:
        if not text:
            return None
        try:
            return parse_constraint(text, names, priority=priority)
        except ConstraintError as error:
            raise invalid(f"{where}: {error}") from None

    def profile(self, entity: Any) -> ProfileInfo:
        identity, name = self.preamble(entity, "action profile")
        model = self.in_json(name, self.program.profiles, "action profile")
        if entity.with_selector != (model.selector is not None):
            raise invalid(f"action profile {name}: p4info and device configuration disagree on its selector")
        return ProfileInfo(
            identity,
            name,
            tuple(entity.table_ids),
            entity.with_selector,
            entity.size,
            entity.max_group_size,
            entity.HasField("sum_of_members"),
            entity.sum_of_members.max_member_weight,
            entity.weights_disallowed,
        )

    def fields(self, entities: Any, where: str) -> tuple[FieldInfo, ...]:
        found = []
        for entity in entities:
            label = f"{where}, field {entity.name}" if entity.name else where
            kind = _MATCH.get(entity.match_type, "UNSPECIFIED")
            if entity.WhichOneof("match") != "match_type" or kind == "UNSPECIFIED":
                raise invalid(f"{label}: unknown match type {entity.other_match_type or kind}")
            width = self.width(entity, label)
            found.append(
                FieldInfo(
                    entity.id,
                    entity.name,
                    width,
                    kind,
                    notes.argument(entity.annotations, "format"),
                    tuple(notes.pairs(entity.annotations, "refers_to")),
                    tuple(notes.pairs(entity.annotations, "referenced_by")),
                    (1 << width) - 1,
                    label,
                )
            )
        ids = {info.id for info in found}
        if len(ids) != len(found) or 0 in ids:
            raise invalid(f"{where}: match field ids must be unique and not 0")
        return tuple(found)

    def table(self, entity: Any) -> TableInfo:
        identity, name = self.preamble(entity, "table")
        model = self.in_json(name, self.program.tables, "table")
        by_name = {info.name: info for info in self.fields(entity.match_fields, f"table {name}")}
        ordered = []
        for key in model.keys:
            info = by_name.pop(key.name, None)
            if info is None:
                raise invalid(
                    f"table {name}: key {key.name} of the device configuration is not in the p4info"
                )
            if info.width != key.width or key.kind.value not in _JSON_KINDS[info.kind]:
                raise invalid(
                    f"{info.where}: {info.kind.lower()} bit<{info.width}> in the p4info but"
                    f" {key.kind.value} bit<{key.width}> in the device configuration"
                )
            ordered.append(info)
        if by_name:
            raise invalid(
                f"table {name}: match field {next(iter(by_name))} is not in the device configuration"
            )
        actions = {}
        for ref in entity.action_refs:
            action = self.schema.actions.get(ref.id)
            if action is None:
                raise invalid(f"table {name}: unknown action id {ref.id}")
            if model.action(action.name) is None:
                raise invalid(
                    f"table {name}: action {action.name} is not one of its actions in the device"
                    f" configuration, which has {choices(a.name for a in model.actions)}"
                )
            actions[ref.id] = ActionRef(action, _SCOPE.get(ref.scope, "TABLE_AND_DEFAULT"))
        profile = None
        if entity.implementation_id:
            profile = self.schema.profiles.get(entity.implementation_id)
            if profile is None or identity not in profile.table_ids:
                raise invalid(
                    f"table {name}: implementation {entity.implementation_id} is no action profile that"
                    " lists this table"
                )
        if (profile.name if profile else "") != model.profile:
            raise invalid(f"table {name}: p4info and device configuration disagree on its action profile")
        operands = {info.name: Operand(place, info.kind, info.width) for place, info in enumerate(ordered)}
        constraint = self.constraint(
            notes.restrictions(entity.preamble.annotations, "entry_restriction"),
            operands,
            f"table {name}, @entry_restriction",
            True,
        )
        return TableInfo(
            identity,
            name,
            tuple(ordered),
            {info.id: info for info in ordered},
            {info.id: place for place, info in enumerate(ordered)},
            actions,
            entity.const_default_action_id != 0,
            profile,
            entity.size,
            entity.idle_timeout_behavior != 0,
            entity.is_const_table,
            entity.has_initial_entries,
            any(info.kind in ("TERNARY", "RANGE", "OPTIONAL") for info in ordered),
            constraint,
            self.role(entity),
        )

    def direct_table(self, table_id: int, where: str) -> TableInfo:
        table = self.schema.tables.get(table_id)
        if table is None:
            raise invalid(f"{where}: unknown table id {table_id}")
        return table

    def counters(self) -> None:
        schema = self.schema
        for entity in self.p4info.counters:
            identity, name = self.preamble(entity, "counter")
            model = self.in_json(name, self.program.counters, "counter")
            schema.counters[identity] = IndexedInfo(identity, name, model.size, 0, self.role(entity))
        for entity in self.p4info.direct_counters:
            identity, name = self.preamble(entity, "direct counter")
            table = self.direct_table(entity.direct_table_id, f"direct counter {name}")
            if not self.program.tables[table.name].with_counters:
                raise invalid(
                    f"direct counter {name}: table {table.name} counts nothing in the device configuration"
                )
            info = IndexedInfo(identity, name, table.size, table.id, table.role)
            schema.direct_counters[identity] = schema.counter_of[table.id] = info

    def meters(self) -> None:
        schema = self.schema
        types = {value: name for name, value in p4info_pb2.MeterSpec.Type.items()}
        for entity in self.p4info.meters:
            identity, name = self.preamble(entity, "meter")
            model = self.in_json(name, self.program.meters, "meter")
            schema.meters[identity] = MeterInfo(
                identity,
                name,
                model.size,
                0,
                types.get(entity.spec.type, "TWO_RATE_THREE_COLOR"),
                self.role(entity),
            )
        for entity in self.p4info.direct_meters:
            identity, name = self.preamble(entity, "direct meter")
            table = self.direct_table(entity.direct_table_id, f"direct meter {name}")
            if self.program.tables[table.name].direct_meter != name:
                raise invalid(
                    f"direct meter {name}: not the meter of table {table.name} in the device configuration"
                )
            info = MeterInfo(
                identity,
                name,
                table.size,
                table.id,
                types.get(entity.spec.type, "TWO_RATE_THREE_COLOR"),
                table.role,
            )
            schema.direct_meters[identity] = schema.meter_of[table.id] = info

    def registers(self) -> None:
        for entity in self.p4info.registers:
            identity, name = self.preamble(entity, "register")
            model = self.in_json(name, self.program.registers, "register")
            signed = entity.type_spec.bitstring.HasField("int")
            self.schema.registers[identity] = RegisterInfo(
                identity, name, model.size, model.width, signed, self.role(entity)
            )

    def digest(self, entity: Any) -> DigestInfo:
        identity, name = self.preamble(entity, "digest")
        self.in_json(name, {learn.name: learn for learn in self.program.learn_lists.values()}, "digest")
        spec = entity.type_spec
        kind = spec.WhichOneof("type_spec")
        if kind == "struct":
            struct = self.p4info.type_info.structs.get(spec.struct.name)
            if struct is None:
                raise invalid(f"digest {name}: unknown struct {spec.struct.name}")
            members = [
                self.bits_of(member.type_spec, f"digest {name}, member {member.name}")
                for member in struct.members
            ]
        elif kind == "tuple":
            members = [self.bits_of(member, f"digest {name}") for member in spec.tuple.members]
        else:
            members = [self.bits_of(spec, f"digest {name}")]
        return DigestInfo(identity, name, tuple(members), kind in ("struct", "tuple"), self.role(entity))

    def bits_of(self, spec: Any, where: str) -> int:
        """Width of a bit-like type specification of the p4info."""
        kind = spec.WhichOneof("type_spec")
        types = self.p4info.type_info
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
            f"{where}: type {kind} is not supported here; valid: bit, int, bool, serializable enum,"
            " new type of these"
        )

    def value_set(self, entity: Any) -> ValueSetInfo:
        identity, name = self.preamble(entity, "value set")
        self.in_json(name, self.program.value_sets, "value set")
        found = self.fields(entity.match, f"value set {name}")
        return ValueSetInfo(
            identity, name, found, {info.id: info for info in found}, entity.size, self.role(entity)
        )

    def packet_headers(self) -> None:
        for entity in self.p4info.controller_packet_metadata:
            _, name = self.preamble(entity, "controller packet metadata")
            layout = tuple(
                (part.id, part.name, self.width(part, f"{name}.{part.name}")) for part in entity.metadata
            )
            bits = sum(width for _, _, width in layout)
            if bits % 8:
                raise invalid(f"controller header {name}: {bits} bits are no whole number of bytes")
            header = PacketHeader(name, layout, bits, self.role(entity))
            if name == "packet_in":
                self.schema.packet_in = header
            elif name == "packet_out":
                self.schema.packet_out = header

    def names_of_json(self) -> None:
        """Tables with a key that the program has and the p4info lacks could never be filled: refuse the
        mix."""
        known = {table.name for table in self.schema.tables.values()}
        for name, table in self.program.tables.items():
            if table.keys and name not in known and not table.entries:
                raise invalid(
                    f"table {name} of the device configuration is not in the p4info, which has"
                    f" {choices(known)}; are both from the same compilation?"
                )


def verify(p4info: Any, program: Program) -> Schema:
    """The schema of ``p4info`` and ``program``; ``Fault`` (``INVALID_ARGUMENT``) on the first defect."""
    schema = Schema(p4info, program)
    try:
        _Builder(schema).run()
    except Fault:
        raise
    except (KeyError, ValueError, TypeError) as error:
        raise invalid(f"p4info cannot be used: {error}") from None
    return schema
