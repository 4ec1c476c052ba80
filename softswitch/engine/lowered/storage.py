# SPDX-License-Identifier: Apache-2.0
"""The objects of a program, by the names that the model refers to them with."""

from __future__ import annotations

from itertools import groupby

from softswitch.bmv2json import model
from softswitch.engine.lowered.layout import Layout, groups_of
from softswitch.engine.lowered.objects import (
    Bits,
    Calculation,
    Counter,
    Field,
    Group,
    Header,
    Input,
    Meter,
    Octets,
    Profile,
    Register,
    Run,
    Stack,
    ValueSet,
    Whole,
)

#: Algorithms that are another one by a second name.
_SAME = {"cksum16": "csum16", "crc16_custom": "crc16", "crc32_custom": "crc32", "bmv2_hash": "xxh64"}


class Storage:
    """All objects.  Raises UnsupportedProgram for headers that are not whole bytes."""

    def __init__(self, program: model.Program, layout: Layout) -> None:
        self.program = program
        self.headers = {name: _header(i, h, layout) for i, (name, h) in enumerate(program.headers.items())}
        self.unions = {name: tuple(self.headers[m] for m in u.members) for name, u in program.unions.items()}
        for members in self.unions.values():
            for header in members:
                header.others = tuple(m for m in members if m is not header)
        rows = {name: tuple((self.headers[m],) for m in s.members) for name, s in program.stacks.items()}
        union_rows = {name: tuple(self.unions[u] for u in s.unions) for name, s in program.union_stacks.items()}
        everything = [*rows.items(), *union_rows.items()]
        stacks = [Stack(i, name, elements) for i, (name, elements) in enumerate(everything)]
        self.stacks = dict(zip(rows, stacks, strict=False))
        self.union_stacks = dict(zip(union_rows, stacks[len(rows) :], strict=True))
        self.registers = {n: Register(i, n, r.size, r.width) for i, (n, r) in enumerate(program.registers.items())}
        counters = [c for c in program.counters.values() if not c.table]
        self.counters = {c.name: Counter(i, c.name, c.size) for i, c in enumerate(counters)}
        meters = [m for m in program.meters.values() if not m.table]
        self.meters = {m.name: Meter(i, m.name, m.size) for i, m in enumerate(meters)}
        self.value_sets = {name: ValueSet(i, name) for i, name in enumerate(program.value_sets)}
        self.calculations = {
            name: Calculation(i, name, _SAME.get(c.algorithm, c.algorithm), self._runs(c.inputs), c.with_payload)
            for i, (name, c) in enumerate(program.calculations.items())
        }
        self.profiles = {
            name: Profile(i, name, self._selector(i, profile))
            for i, (name, profile) in enumerate(program.profiles.items())
        }

    def field(self, ref: model.FieldRef) -> Field:
        """A field that is not ``$valid$``."""
        return next(f for f in self.headers[ref.header].fields if f.name == ref.field)

    def standard(self, name: str) -> Field | None:
        """The field that plays ``name`` (for example ``standard_metadata.egress_spec``), or None when the program
        neither has nor mentions it.
        """
        ref = self.program.standard(name)
        found = self.field(ref) if ref is not None and ref.field != "$valid$" else None
        return found if found is not None and found in found.header.tracked else None

    # -- calculations

    def _selector(self, index: int, profile: model.ActionProfile) -> Calculation | None:
        if profile.selector is None:
            return None
        algorithm = _SAME.get(profile.algorithm, profile.algorithm)
        behind = len(self.program.calculations) + index
        return Calculation(behind, f"selector {profile.name}", algorithm, self._runs(profile.selector))

    def _runs(self, inputs: tuple[model.FieldRef | model.HeaderRef | model.Const, ...]) -> tuple[Run, ...]:
        """Inputs of headers that are not valid are left out."""

        def guard(item: model.FieldRef | model.HeaderRef | model.Const) -> Header | None:
            header = None if isinstance(item, model.Const) else self.headers[item.header]
            return None if header is None or header.metadata else header

        return tuple(Run(header, tuple(map(self._input, items))) for header, items in groupby(inputs, guard))

    def _input(self, item: model.FieldRef | model.HeaderRef | model.Const) -> Input:
        if isinstance(item, model.Const):
            return Bits(item.width, None, item.value & ((1 << item.width) - 1))
        if isinstance(item, model.HeaderRef):
            return Whole(self.headers[item.header])
        field = self.field(item)
        return Octets(field) if field.varbit else Bits(field.width, field)


def _header(index: int, spec: model.Header, layout: Layout) -> Header:
    header = Header(index, spec.name, spec.metadata)
    header.fields = tuple(Field(header, i, f.name, f.width, f.signed, f.varbit) for i, f in enumerate(spec.type.fields))
    by_name = {f.name: f for f in header.fields}
    usage = layout.usage(spec.name)
    header.tracked = frozenset(by_name[name] for name in usage.tracked if name in by_name)
    header.written = frozenset(by_name[name] for name in usage.written if name in by_name)
    header.fresh = usage.fresh
    header.fixed = spec.type.fixed_bits // 8
    header.max_length = spec.type.max_length
    if not spec.metadata:
        header.groups = tuple(
            Group(tuple(by_name[f.name] for f in g.fields), g.offset, g.size, g.varbit) for g in groups_of(spec.type)
        )
    return header
