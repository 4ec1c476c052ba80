# SPDX-License-Identifier: Apache-2.0
"""BMv2 JSON to :class:`Program`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from p4rtlib.gcpause import gc_paused
from softswitch.bmv2json.cursor import Cursor
from softswitch.bmv2json.errors import MalformedProgram, UnsupportedProgram, too_deep
from softswitch.bmv2json.expressions import Scope
from softswitch.bmv2json.limits import MAX_CELLS, MAX_ENTRIES, MAX_HEADER, MAX_RATES, MAX_WIDTH
from softswitch.bmv2json.model import (
    KEPT,
    Action,
    ActionProfile,
    Calculation,
    Checksum,
    Const,
    CounterArray,
    FieldList,
    FieldRef,
    FieldType,
    Header,
    HeaderRef,
    HeaderStack,
    HeaderType,
    HeaderUnion,
    LearnList,
    MeterArray,
    Param,
    Program,
    RegisterArray,
    UnionStack,
    ValueSet,
)
from softswitch.bmv2json.parsers import load_parser
from softswitch.bmv2json.pipelines import load_pipeline
from softswitch.bmv2json.primitives import load_primitive

_T = TypeVar("_T")

#: Hash and checksum algorithms that are implemented.
ALGORITHMS = frozenset(
    {
        "crc16", "crc16_custom", "crc32", "crc32_custom", "crc8_custom", "crc64_custom", "crcCCITT",
        "csum16", "cksum16", "identity", "xor16", "xor32", "xxh64", "bmv2_hash", "hash_ex",
        "round_robin", "round_robin_consistent", "toeplitz",
    }
)  # fmt: skip

_REQUIRED = ("ingress_port", "packet_length", "instance_type", "egress_spec", "egress_port")


def load_program(source: bytes | str | Mapping[str, Any]) -> Program:
    """Load a program from JSON text or from the parsed JSON.

    The same text is the same program: the switches of one process share it, and what engines make of it.

    Raises :class:`MalformedProgram` or :class:`UnsupportedProgram`; both say where.
    """
    if isinstance(source, (bytes, str)):
        return _load_text(source)
    return _load(source)


@lru_cache(maxsize=KEPT)
def _load_text(text: bytes | str) -> Program:
    try:
        source = json.loads(text)
    except RecursionError:
        raise too_deep() from None
    except ValueError as err:
        raise MalformedProgram("", f"not JSON: {err}") from None
    with gc_paused():
        return _load(source)


def _load(source: Any) -> Program:
    root = Cursor(dict(source) if isinstance(source, Mapping) else source, "")
    root.obj()
    _check_version(root)
    try:
        return _Loader(root).load()
    except RecursionError:
        raise too_deep() from None


def _check_version(root: Cursor) -> None:
    meta = root.get("__meta__")
    if meta is None:
        raise root.fail("not a BMv2 program: attribute '__meta__' is missing")
    major, minor = meta.at("version").items(2)
    if major.number() != 2:
        raise UnsupportedProgram(major.path, f"JSON format {major.raw}.{minor.raw}", "2.x is")
    compiler = meta.get("compiler")
    # p4c-bm said who it is from format 2.5 on
    if minor.number() < 5 if compiler is None else compiler.text().rstrip("/").endswith("/p4c-bm"):
        raise UnsupportedProgram(meta.path, "a P4-14 program of p4c-bm", "programs of p4c-bm2-ss are")


def _signed(at: Cursor) -> bool:
    """Whether a field has a sign: true or false, or the 0 that p4c writes for fields of type bool."""
    return bool(at.number()) if at.raw.__class__ is int else at.flag()


def _by_name(items: list[_T], name: Callable[[_T], str], at: str) -> dict[str, _T]:
    result: dict[str, _T] = {}
    for item in items:
        if name(item) in result:
            raise MalformedProgram(at, f"{name(item)!r} is defined twice")
        result[name(item)] = item
    return result


class _Loader:
    def __init__(self, root: Cursor) -> None:
        self.root = root

    def load(self) -> Program:
        root = self.root
        types = _by_name([self._type(c) for c in root.at("header_types").items()], lambda t: t.name, "header_types")
        headers, ids = self._headers(types)
        stacks = self._stacks(types, ids)
        unions, union_ids = self._unions(ids)
        for union in unions.values():
            for member in union.members:
                old = headers[member]
                headers[member] = Header(old.name, old.type, old.metadata, union.name)
        union_stacks = self._union_stacks(union_ids)
        objects = {
            "calculation": self._names("calculations"),
            "meter_array": self._names("meter_arrays"),
            "counter_array": self._names("counter_arrays"),
            "register_array": self._names("register_arrays"),
        }
        scope = Scope(headers, stacks, unions, union_stacks, objects)
        for instance in root.optional_items("extern_instances"):
            raise UnsupportedProgram(
                instance.path, f"extern {instance.at('type').raw} (instance {instance.at('name').raw})"
            )
        actions = {a.id: a for a in (self._action(c, scope) for c in root.at("actions").items())}
        errors = {pair.items(2)[0].text(): pair.items(2)[1].number() for pair in root.optional_items("errors")}
        enums = {
            e.at("name").text(): {p.items(2)[0].text(): p.items(2)[1].number() for p in e.at("entries").items()}
            for e in root.optional_items("enums")
        }
        value_sets = {v.name: v for v in map(self._value_set, root.optional_items("parse_vsets"))}
        parsers = root.at("parsers").items()
        if len(parsers) != 1:
            raise UnsupportedProgram("parsers", f"a program with {len(parsers)} parsers", "v1model has one")
        deparsers = root.at("deparsers").items()
        if len(deparsers) != 1:
            raise UnsupportedProgram("deparsers", f"a program with {len(deparsers)} deparsers", "v1model has one")
        calculations = {c.name: c for c in (self._calculation(c, scope) for c in root.optional_items("calculations"))}
        meters = {m.name: m for m in (self._meter(c, scope) for c in root.optional_items("meter_arrays"))}
        counters = {c.name: c for c in (self._counter(c) for c in root.optional_items("counter_arrays"))}
        profiles: dict[str, ActionProfile] = {}
        pipelines = {}
        for at in root.at("pipelines").items():
            for prof_at in at.optional_items("action_profiles"):
                profile = self._profile(prof_at, scope)
                profiles[profile.name] = profile
            pipeline = load_pipeline(at, scope, actions, profiles, meters)
            pipelines[pipeline.name] = pipeline
        for wanted in ("ingress", "egress"):
            if wanted not in pipelines:
                raise root.fail(f"no pipeline {wanted!r}")
        if len(pipelines) != 2:
            raise UnsupportedProgram("pipelines", f"pipelines {', '.join(pipelines)}", "v1model has ingress and egress")
        tables = {
            name: node
            for pipeline in pipelines.values()
            for name, node in pipeline.nodes.items()
            if node.__class__.__name__ == "Table"
        }
        program = Program(
            header_types=types,
            headers=headers,
            stacks=stacks,
            unions=unions,
            union_stacks=union_stacks,
            errors=errors,
            enums=enums,
            parser=load_parser(parsers[0], scope, value_sets),
            value_sets=value_sets,
            deparser=tuple(scope.header(c) for c in deparsers[0].at("order").items()),
            deparser_primitives=tuple(
                load_primitive(c, scope, in_control=False) for c in deparsers[0].optional_items("primitives")
            ),
            actions=actions,
            ingress=pipelines["ingress"],
            egress=pipelines["egress"],
            tables=tables,  # type: ignore[arg-type]
            profiles=profiles,
            calculations=calculations,
            checksums=tuple(self._checksum(c, scope, calculations) for c in root.optional_items("checksums")),
            counters=counters,
            meters=meters,
            registers={
                r.name: r
                for r in (
                    RegisterArray(
                        c.at("name").text(),
                        c.at("size").number(0, MAX_CELLS),
                        c.at("bitwidth").number(1, MAX_WIDTH),
                    )
                    for c in root.optional_items("register_arrays")
                )
            },
            field_lists={
                f.id: f
                for f in (
                    FieldList(
                        c.at("id").number(),
                        c.at("name").text(),
                        tuple(scope.expr(e) for e in c.at("elements").items()),
                    )
                    for c in root.optional_items("field_lists")
                )
            },
            learn_lists={
                f.id: f
                for f in (
                    LearnList(
                        c.at("id").number(),
                        c.at("name").text(),
                        tuple(scope.expr(e) for e in c.at("elements").items()),
                    )
                    for c in root.optional_items("learn_lists")
                )
            },
            aliases={
                pair.items(2)[0].text(): scope.field(pair.items(2)[1]) for pair in root.optional_items("field_aliases")
            },
            name=name.text() if (name := root.get("program")) else "",
        )
        cells = sum(a.size for arrays in (counters, meters, program.registers) for a in arrays.values())
        if cells > MAX_CELLS:
            raise UnsupportedProgram(
                "program", f"{cells} cells of counters, meters and registers", f"{MAX_CELLS} may be in all"
            )
        for field in _REQUIRED:
            if program.standard(f"standard_metadata.{field}") is None:
                raise root.fail(f"field standard_metadata.{field}, which v1model requires, is missing")
        return program

    def _names(self, key: str) -> set[str]:
        return {c.at("name").text() for c in self.root.optional_items(key)}

    # -- headers

    @staticmethod
    def _type(at: Cursor) -> HeaderType:
        fields: list[FieldType] = []
        for field_at in at.at("fields").items():
            parts = field_at.items()
            if len(parts) not in (2, 3):
                raise field_at.fail("[name, width] or [name, width, signed] expected")
            name = parts[0].text()
            if any(field.name == name for field in fields):
                raise field_at.fail(f"field {name!r} is defined twice")
            signed = len(parts) == 3 and _signed(parts[2])
            if parts[1].raw == "*":
                fields.append(FieldType(name, 0, signed, True))
            else:
                fields.append(FieldType(name, parts[1].number(1, MAX_WIDTH), signed))
        length = at.get("max_length")
        max_length = length.number(0, MAX_HEADER) if length else None
        if at.get("length_exp") is not None:
            raise UnsupportedProgram(at.path, "length_exp", "p4c gives the length at extraction")
        if any(f.varbit for f in fields):
            if max_length is None:
                raise at.fail("a type with a variable-length field needs max_length")
            fixed = sum(f.width for f in fields)
            if max_length * 8 < fixed:
                raise at.fail(f"max_length {max_length} is less than the {fixed} bits of its other fields")
            fields = [FieldType(f.name, max_length * 8 - fixed, f.signed, True) if f.varbit else f for f in fields]
        return HeaderType(at.at("name").text(), tuple(fields), max_length)

    def _headers(self, types: Mapping[str, HeaderType]) -> tuple[dict[str, Header], dict[int, str]]:
        headers: dict[str, Header] = {}
        ids: dict[int, str] = {}
        for at in self.root.at("headers").items():
            name = at.at("name").text()
            type_at = at.at("header_type")
            if type_at.text() not in types:
                raise type_at.fail(f"no header type {type_at.raw!r}")
            if name in headers:
                raise at.fail(f"header {name!r} is defined twice")
            header = Header(name, types[type_at.text()], at.at("metadata").flag())
            if not header.metadata and header.type.fixed_bits % 8:
                raise at.fail(f"header {name!r} is {header.type.fixed_bits} bits long, which is not whole bytes")
            headers[name] = header
            if not header.metadata:  # no member of a stack or union
                ids[at.at("id").number()] = name
        return headers, ids

    @staticmethod
    def _members(at: Cursor, ids: Mapping[int, str]) -> tuple[str, ...]:
        names = []
        for item in at.items():
            if item.number() not in ids:
                raise item.fail(f"no header of packets with id {item.raw}")
            names.append(ids[item.number()])
        return tuple(names)

    def _stacks(self, types: Mapping[str, HeaderType], ids: Mapping[int, str]) -> dict[str, HeaderStack]:
        result = {}
        for at in self.root.optional_items("header_stacks"):
            type_at = at.at("header_type")
            if type_at.text() not in types:
                raise type_at.fail(f"no header type {type_at.raw!r}")
            name = at.at("name").text()
            result[name] = HeaderStack(name, types[type_at.text()], self._members(at.at("header_ids"), ids))
        return result

    def _unions(self, ids: Mapping[int, str]) -> tuple[dict[str, HeaderUnion], dict[int, HeaderUnion]]:
        result: dict[str, HeaderUnion] = {}
        by_id: dict[int, HeaderUnion] = {}
        for at in self.root.optional_items("header_unions"):
            union = HeaderUnion(at.at("name").text(), self._members(at.at("header_ids"), ids))
            result[union.name] = union
            by_id[at.at("id").number()] = union
        return result, by_id

    def _union_stacks(self, ids: Mapping[int, HeaderUnion]) -> dict[str, UnionStack]:
        member_names = {
            c.at("name").text(): tuple(pair.items(2)[0].text() for pair in c.at("headers").items())
            for c in self.root.optional_items("header_union_types")
        }
        result = {}
        for at in self.root.optional_items("header_union_stacks"):
            name = at.at("name").text()
            names = tuple(self._members(at.at("header_union_ids"), {i: union.name for i, union in ids.items()}))
            type_at = at.at("union_type")
            if type_at.text() not in member_names:
                raise type_at.fail(f"no header union type {type_at.raw!r}")
            members = member_names[type_at.text()]
            for union in ids.values():
                if union.name in names and len(union.members) != len(members):
                    raise at.fail(f"union {union.name!r} has {len(union.members)} members, its type {len(members)}")
            result[name] = UnionStack(name, names, members)
        return result

    # -- objects

    @staticmethod
    def _value_set(at: Cursor) -> ValueSet:
        size = at.get("max_size")
        return ValueSet(
            at.at("name").text(),
            at.at("compressed_bitwidth").number(1, MAX_WIDTH),
            size.number(0, MAX_ENTRIES) if size else 0,
        )

    @staticmethod
    def _action(at: Cursor, scope: Scope) -> Action:
        params = tuple(
            Param(p.at("name").text(), p.at("bitwidth").number(1, MAX_WIDTH)) for p in at.at("runtime_data").items()
        )
        primitives = tuple(load_primitive(p, scope) for p in at.at("primitives").items())
        return Action(at.at("name").text(), at.at("id").number(), params, primitives)

    @staticmethod
    def _profile(at: Cursor, scope: Scope) -> ActionProfile:
        name, size = at.at("name").text(), at.at("max_size").number(0, MAX_ENTRIES)
        selector = at.get("selector")
        if selector is None:
            return ActionProfile(name, size)
        algorithm = selector.at("algo").text()
        if algorithm not in ALGORITHMS:
            raise UnsupportedProgram(selector.path, f"hash algorithm {algorithm}")
        inputs = []
        for item in selector.at("input").items():
            value = scope.expr(item)
            if not isinstance(value, FieldRef):
                raise UnsupportedProgram(item.path, f"selector input of type {item.at('type').raw}")
            inputs.append(value)
        return ActionProfile(name, size, algorithm, tuple(inputs))

    @staticmethod
    def _calculation(at: Cursor, scope: Scope) -> Calculation:
        algorithm = at.at("algo").text()
        if algorithm not in ALGORITHMS:
            raise UnsupportedProgram(at.path, f"hash algorithm {algorithm}", at.source())
        inputs: list[FieldRef | HeaderRef | Const] = []
        payload = False
        for item in at.at("input").items():
            if item.at("type").text() == "payload":
                payload = True
                continue
            value = scope.expr(item)
            if isinstance(value, Const) and not value.width:
                raise item.fail("a constant needs its bitwidth")
            if not isinstance(value, (FieldRef, HeaderRef, Const)):
                raise UnsupportedProgram(item.path, f"calculation input of type {item.at('type').raw}")
            inputs.append(value)
        return Calculation(at.at("name").text(), algorithm, tuple(inputs), payload)

    @staticmethod
    def _checksum(at: Cursor, scope: Scope, calculations: Mapping[str, Calculation]) -> Checksum:
        kind = at.at("type").text()
        if kind != "generic":
            raise UnsupportedProgram(at.path, f"checksum of type {kind}")
        name_at = at.at("calculation")
        if name_at.text() not in calculations:
            raise name_at.fail(f"no calculation {name_at.raw!r}")
        condition = at.get("if_cond")
        verify, update = at.get("verify"), at.get("update")
        return Checksum(
            at.at("name").text(),
            scope.field(at.at("target")),
            calculations[name_at.text()],
            verify.flag() if verify else True,
            update.flag() if update else True,
            scope.expr(condition) if condition else None,
        )

    @staticmethod
    def _counter(at: Cursor) -> CounterArray:
        if at.at("is_direct").flag():
            return CounterArray(at.at("name").text(), 0, at.at("binding").text())
        return CounterArray(at.at("name").text(), at.at("size").number(0, MAX_CELLS))

    @staticmethod
    def _meter(at: Cursor, scope: Scope) -> MeterArray:
        unit = at.at("type").text()
        if unit not in ("bytes", "packets"):
            raise UnsupportedProgram(at.path, f"meter of type {unit}")
        direct = at.at("is_direct").flag()
        return MeterArray(
            at.at("name").text(),
            at.at("size").number(0, MAX_CELLS),
            unit == "packets",
            at.at("rate_count").number(1, MAX_RATES),
            at.at("binding").text() if direct else "",
            scope.field(at.at("result_target")) if direct else None,
        )
