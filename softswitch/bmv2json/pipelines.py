# SPDX-License-Identifier: Apache-2.0
"""The ``pipelines`` section of the JSON: tables, conditions and how they follow each other."""

from __future__ import annotations

from collections.abc import Mapping

from softswitch.bmv2json.cursor import Cursor
from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.expressions import Scope
from softswitch.bmv2json.limits import MAX_ENTRIES
from softswitch.bmv2json.model import (
    Action,
    ActionCall,
    ActionProfile,
    Conditional,
    ConstEntry,
    DefaultEntry,
    FieldRef,
    MatchKind,
    MeterArray,
    Node,
    Pipeline,
    Table,
    TableKey,
)


def load_pipeline(
    at: Cursor,
    scope: Scope,
    actions: Mapping[int, Action],
    profiles: Mapping[str, ActionProfile],
    meters: Mapping[str, MeterArray],
) -> Pipeline:
    """One pipeline; every reference between its nodes is checked, and that there is no cycle."""
    name = at.at("name").text()
    nodes: dict[str, Node] = {}
    for table_at in at.optional_items("tables"):
        table = _table(table_at, name, scope, actions, profiles, meters)
        nodes[table.name] = table
    for cond_at in at.optional_items("conditionals"):
        condition = Conditional(
            cond_at.at("name").text(),
            name,
            scope.expr(cond_at.at("expression")),
            _next(cond_at, "true_next"),
            _next(cond_at, "false_next"),
            cond_at.source(),
        )
        nodes[condition.name] = condition
    for call_at in at.optional_items("action_calls"):
        action_id = call_at.at("action_id").number()
        if action_id not in actions:
            raise call_at.fail(f"no action with id {action_id}")
        call = ActionCall(call_at.at("name").text(), name, actions[action_id], _next(call_at, "next_node"))
        nodes[call.name] = call
    init = _next(at, "init_table")
    _check_graph(at, init, nodes)
    return Pipeline(name, init, nodes)


def successors(node: Node) -> list[str]:
    """Names of the nodes that can follow ``node``, without repetition, in a stable order."""
    if isinstance(node, Conditional):
        following = [node.true_next, node.false_next]
    elif isinstance(node, ActionCall):
        following = [node.next_node]
    elif node.by_hit:
        following = [node.next_hit, node.next_miss]
    else:
        following = [*node.next.values(), node.base_default_next]
    return list(dict.fromkeys(n for n in following if n is not None))


def _check_graph(at: Cursor, init: str | None, nodes: Mapping[str, Node]) -> None:
    if init is not None and init not in nodes:
        raise at.fail(f"init_table is {init!r}, which does not exist")
    pending = dict.fromkeys(nodes, 0)
    for name, node in nodes.items():
        for following in successors(node):
            if following not in nodes:
                raise at.fail(f"{name!r} is followed by {following!r}, which does not exist")
            pending[following] += 1
    ready = [name for name, count in pending.items() if not count]
    while ready:
        name = ready.pop()
        del pending[name]
        for following in successors(nodes[name]):
            pending[following] -= 1
            if not pending[following]:
                ready.append(following)
    if pending:
        raise at.fail(f"the control flow has a cycle through {', '.join(sorted(pending))}")


def _next(at: Cursor, key: str) -> str | None:
    found = at.get(key)
    return found.text() if found else None


def _table(
    at: Cursor,
    pipeline: str,
    scope: Scope,
    actions: Mapping[int, Action],
    profiles: Mapping[str, ActionProfile],
    meters: Mapping[str, MeterArray],
) -> Table:
    name = at.at("name").text()
    match = _kind(at.at("match_type"))
    keys = tuple(_key(key, scope) for key in at.at("key").items())
    own: list[Action] = []
    for id_at in at.at("action_ids").items():
        if id_at.number() not in actions:
            raise id_at.fail(f"no action with id {id_at.raw}")
        action = actions[id_at.number()]
        if any(action.name == other.name for other in own):
            raise id_at.fail(f"action {action.name!r} is one of the table twice")
        own.append(action)
    kind = at.at("type").text()
    profile = ""
    if kind in ("indirect", "indirect_ws"):
        profile_at = at.at("action_profile")
        profile = profile_at.text()
        if profile not in profiles:
            raise profile_at.fail(f"no action profile {profile!r}")
    elif kind != "simple":
        raise UnsupportedProgram(at.path, f"table of type {kind}", name)
    meter = at.get("direct_meters")
    if meter is not None and meter.text() not in meters:
        raise meter.fail(f"no meter array {meter.raw!r}")
    by_hit, following, hit, miss = _following(at, own)
    table = Table(
        name=name,
        pipeline=pipeline,
        match=match,
        keys=keys,
        actions=tuple(own),
        size=at.at("max_size").number(0, MAX_ENTRIES),
        profile=profile,
        with_counters=at.at("with_counters").flag(),
        support_timeout=at.at("support_timeout").flag(),
        direct_meter=meter.text() if meter else "",
        default=_default(at, own),
        entries=tuple(_entry(e, keys, own) for e in at.optional_items("entries")),
        by_hit=by_hit,
        next=following,
        next_hit=hit,
        next_miss=miss,
        base_default_next=_next(at, "base_default_next"),
    )
    _check_match(at, table)
    return table


def _check_match(at: Cursor, table: Table) -> None:
    kinds = {key.kind for key in table.keys} - {MatchKind.VALID}
    if MatchKind.RANGE in kinds:
        wanted = {MatchKind.RANGE}
    elif MatchKind.TERNARY in kinds:
        wanted = {MatchKind.TERNARY}
    elif MatchKind.LPM in kinds:
        wanted = {MatchKind.LPM, MatchKind.TERNARY}
    else:
        wanted = {MatchKind.EXACT, MatchKind.TERNARY}
    if table.keys and table.match not in wanted:
        raise at.fail(f"table {table.name!r} is {table.match.value} but its key needs another kind")
    if table.match is MatchKind.LPM and sum(k.kind is MatchKind.LPM for k in table.keys) != 1:
        raise at.fail(f"table {table.name!r} of kind lpm needs exactly one lpm key element")


def _kind(at: Cursor) -> MatchKind:
    try:
        return MatchKind(at.text())
    except ValueError:
        raise UnsupportedProgram(at.path, f"match type {at.raw}") from None


def _key(at: Cursor, scope: Scope) -> TableKey:
    kind = _kind(at.at("match_type"))
    target_at = at.at("target")
    mask_at = at.get("mask")
    mask = mask_at.hex() if mask_at else None
    name_at = at.get("name")
    if kind is MatchKind.VALID:
        header = scope.header(target_at)
        return TableKey(name_at.text() if name_at else f"{header}.$valid$", kind, FieldRef(header, "$valid$"), 1, mask)
    field = scope.field(target_at)
    width = 1
    if field.field != "$valid$":
        spec = next(f for f in scope.headers[field.header].type.fields if f.name == field.field)
        if spec.varbit:
            raise UnsupportedProgram(at.path, "variable-length field as table key")
        width = spec.width
    return TableKey(name_at.text() if name_at else f"{field.header}.{field.field}", kind, field, width, mask)


def _following(at: Cursor, own: list[Action]) -> tuple[bool, dict[int, str | None], str | None, str | None]:
    next_at = at.at("next_tables")
    raw = next_at.obj()
    if "__HIT__" in raw or "__MISS__" in raw:
        return True, {}, _next(next_at, "__HIT__"), _next(next_at, "__MISS__")
    by_name = {action.name: action.id for action in own}
    result: dict[int, str | None] = {}
    for action_name in raw:
        if action_name not in by_name:
            raise next_at.fail(f"action {action_name!r} is not an action of the table")
        result[by_name[action_name]] = _next(next_at, action_name)
    return False, result, None, None


def _action_data(at: Cursor, own: list[Action]) -> tuple[int, tuple[int, ...]]:
    id_at = at.at("action_id")
    action = next((a for a in own if a.id == id_at.number()), None)
    if action is None:
        raise id_at.fail(f"action {id_at.raw} is not an action of the table")
    data = at.at("action_data").items(len(action.params))
    return action.id, tuple(_bits(value, param.width) for value, param in zip(data, action.params, strict=True))


def _bits(at: Cursor, width: int) -> int:
    """A hexadecimal number of so many bits, a negative one in two's complement."""
    value = at.hex()
    if not -(1 << width - 1) <= value < 1 << width:
        raise at.fail(f"a number of {width} bits expected, found {at.raw}")
    return value & (1 << width) - 1


def _default(at: Cursor, own: list[Action]) -> DefaultEntry | None:
    default = at.get("default_entry")
    if default is None:
        return None
    const = default.get("action_const")
    action_id, args = _action_data(default, own)
    return DefaultEntry(action_id, args, const.flag() if const else False)


def _entry(at: Cursor, keys: tuple[TableKey, ...], own: list[Action]) -> ConstEntry:
    parts: list[tuple[MatchKind, int, int]] = []
    for part, key in zip(at.at("match_key").items(len(keys)), keys, strict=True):
        kind = _kind(part.at("match_type"))
        if kind is not key.kind:
            raise part.fail(f"a {key.kind.value} match is expected for {key.name!r}")
        if kind is MatchKind.VALID:
            parts.append((kind, int(part.at("key").flag()), 0))
        elif kind is MatchKind.EXACT:
            parts.append((kind, _bits(part.at("key"), key.width), 0))
        elif kind is MatchKind.LPM:
            parts.append((kind, _bits(part.at("key"), key.width), part.at("prefix_length").number(0, key.width)))
        elif kind is MatchKind.TERNARY:
            parts.append((kind, _bits(part.at("key"), key.width), _bits(part.at("mask"), key.width)))
        else:
            parts.append((kind, _bits(part.at("start"), key.width), _bits(part.at("end"), key.width)))
    action_id, args = _action_data(at.at("action_entry"), own)
    priority = at.get("priority")
    return ConstEntry(tuple(parts), action_id, args, priority.number() if priority else 0)
