# SPDX-License-Identifier: Apache-2.0
"""A p4info as text for people: what the tables match on, what their actions take, which externs there are."""

from __future__ import annotations

from .schema import ActionInfo, CounterInfo, FieldInfo, MatchFieldInfo, MeterInfo, P4Info, Scope, TableInfo
from .values import Format

__all__ = ["dump", "dump_table", "signature"]


def dump(info: P4Info) -> str:
    """Every object of the program, one section a kind."""
    title = " ".join(filter(None, (info.name or info.source, info.proto.pkg_info.version, info.arch)))
    lines = [title]
    for table in info.tables.values():
        lines += ["", dump_table(table)]
    sections = [
        (
            "action profiles",
            [f"{p.alias} ({'selector' if p.selector else 'profile'}, size {p.size})" for p in info.profiles.values()],
        ),
        ("counters", [_cells(c) for c in info.counters.values()]),
        ("meters", [_cells(m) for m in info.meters.values()]),
        ("registers", [f"{r.alias}[{r.size}]" for r in info.registers.values()]),
        ("digests", list(info.digests)),
        ("value sets", [f"{v.alias} ({', '.join(map(_slot, v.fields))})" for v in info.value_sets.values()]),
        ("packet headers", [f"{h.alias}: {', '.join(map(_slot, h.fields))}" for h in info.headers.values()]),
    ]
    for heading, items in sections:
        if items:
            lines += ["", heading, *(f"  {item}" for item in items)]
    return "\n".join(lines)


def dump_table(table: TableInfo) -> str:
    """One table: its keys, its actions with their parameters, its direct resources."""
    notes = [f"size {table.size}"]
    if table.profile:
        notes.append(f"{'selector' if table.profile.selector else 'profile'} {table.profile.alias}")
    if table.counter:
        notes.append(f"direct counter ({table.counter.unit})")
    if table.meter:
        notes.append(f"direct meter ({table.meter.unit})")
    if table.idle_timeout:
        notes.append("idle timeout")
    if table.is_const:
        notes.append("const entries")
    lines = [f"table {table.alias} ({', '.join(notes)})"]
    if table.doc:
        lines.append(f"  {table.doc}")
    width = max((len(field.name) for field in table.fields), default=0)
    lines += [f"  key {field.name:<{width}}  {field.kind.value} {_type(field)}" for field in table.fields]
    for ref in table.actions:
        scope = "" if ref.scope is Scope.ANYWHERE else f"  [{ref.scope.value}]"
        default = "  [constant default]" if table.const_default is ref.action else ""
        lines.append(f"  action {signature(ref.action)}{scope}{default}")
    return "\n".join(lines)


def signature(action: ActionInfo) -> str:
    """``end_x(sid_index: 32, flavors: 8, nexthop_id: 16)``: widths in bits, or the format."""
    return f"{action.alias}({', '.join(map(_slot, action.params))})"


def _type(field: FieldInfo) -> str:
    names = {Format.IPV4: "IPv4", Format.IPV6: "IPv6", Format.MAC: "MAC", Format.TEXT: "string"}
    return names.get(field.format, f"{field.width}")


def _slot(field: FieldInfo) -> str:
    kind = f" {field.kind.value}" if isinstance(field, MatchFieldInfo) else ""
    return f"{field.name}: {_type(field)}{kind}"


def _cells(item: CounterInfo | MeterInfo) -> str:
    return f"{item.alias}[{item.size}] ({item.unit})"
