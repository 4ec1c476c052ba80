# SPDX-License-Identifier: Apache-2.0
"""Actions, tables and pipelines of the model to those of the lowered program."""

from __future__ import annotations

from collections.abc import Callable

from softswitch.bmv2json import model
from softswitch.bmv2json.model import MatchKind
from softswitch.bmv2json.pipelines import successors
from softswitch.engine.lowered.expressions import Operands
from softswitch.engine.lowered.layout import action_params
from softswitch.engine.lowered.model import Action, Apply, Branch, Call, Choice, Key, Node, Pipeline
from softswitch.engine.lowered.primitives import Primitives
from softswitch.engine.lowered.storage import Storage
from softswitch.engine.lowered.values import Constant, Number, Read, Valid, arithmetic, choose, cut, from_truth
from softswitch.state.index import KeyLayout

_Number = Callable[[str | None], int | None]


class Controls:
    """Translates actions and pipelines."""

    def __init__(self, program: model.Program, storage: Storage, drop_port: int) -> None:
        self.program = program
        self.storage = storage
        self.actions = {a.id: self._action(a, drop_port) for a in program.actions.values()}
        self._tables = {name: i for i, name in enumerate(program.tables)}

    def _action(self, action: model.Action, drop_port: int) -> Action:
        operands = Operands(self.storage, f"action {action.name}", [p.width for p in action.params])
        body = Primitives(operands, drop_port).body(action.primitives)
        params = tuple((p.name, p.width) for p in action.params)
        return Action(action.id, action.name, params, body, bool(action_params(action)))

    def pipeline(self, spec: model.Pipeline) -> Pipeline:
        """The nodes that can be reached, the first first."""
        numbers = {name: i for i, name in enumerate(spec.nodes)}

        def number(name: str | None) -> int | None:
            return None if name is None else numbers[name]

        nodes: dict[int, Node] = {}
        todo = [] if spec.init is None else [spec.init]
        seen = set(todo)
        while todo:
            name = todo.pop()
            nodes[numbers[name]] = self._node(spec.nodes[name], number)
            for following in successors(spec.nodes[name]):
                if following not in seen:
                    seen.add(following)
                    todo.append(following)
        return Pipeline(spec.name, number(spec.init), nodes)

    def _node(self, node: model.Node, number: _Number) -> Node:
        if isinstance(node, model.Conditional):
            condition = Operands(self.storage, f"condition {node.name}").truth(node.expression)
            shown = node.source or node.name
            return Branch(node.name, shown, condition, number(node.true_next), number(node.false_next))
        if isinstance(node, model.ActionCall):
            return Call(node.name, self.actions[node.action.id], (), number(node.next_node))
        default = node.default
        if not node.keys and not node.profile and default is not None and default.const:
            following = node.next_miss if node.by_hit else node.next.get(default.action_id)
            return Call(node.name, self.actions[default.action_id], default.args, number(following))
        return self._table(node, number)

    def _table(self, table: model.Table, number: _Number) -> Apply:
        places = {name: i for i, name in enumerate(self.program.profile_actions(table.profile))}
        choices = tuple(
            Choice(
                self.actions[action.id],
                places[action.name] if table.profile else action.id,
                number(table.next.get(action.id, table.base_default_next)),
            )
            for action in table.actions
        )
        shifts, joined = key_shifts(table)
        meter = self.program.meters.get(table.direct_meter) if table.direct_meter else None
        return Apply(
            index=self._tables[table.name],
            name=table.name,
            match=table.match,
            keys=tuple(map(self._key, table.keys)),
            shifts=shifts,
            joined=joined,
            choices=choices,
            profile=self.storage.profiles[table.profile] if table.profile else None,
            with_counters=table.with_counters,
            with_timeout=table.support_timeout,
            color=self.storage.field(meter.result) if meter is not None and meter.result is not None else None,
            metered=bool(table.direct_meter),
            by_hit=table.by_hit,
            hit=number(table.next_hit),
            miss=number(table.next_miss),
            otherwise=number(table.base_default_next),
        )

    def _key(self, key: model.TableKey) -> Key:
        """A field of an invalid header counts as 0."""
        header = self.storage.headers[key.target.header]
        if key.kind is MatchKind.VALID or key.target.field == "$valid$":
            value: Number = from_truth(Valid(header))
            return Key(key.name, key.kind, key.width, value if key.mask is None else _masked(value, key.mask))
        value = cut(Read(self.storage.field(key.target)), key.width)
        if key.mask is not None:
            value = _masked(value, key.mask & (1 << key.width) - 1)
        return Key(key.name, key.kind, key.width, value if header.metadata else _guarded(value, Valid(header)))


def _masked(value: Number, mask: int) -> Number:
    return arithmetic("&", value, Constant(mask))


def _guarded(value: Number, valid: Valid) -> Number:
    return choose(valid, value, Constant(0))


def key_shifts(table: model.Table) -> tuple[tuple[int, ...], bool]:
    """Where each key element is in one number of all, and whether the Python tables look that number up."""
    joined = KeyLayout(table).shifts if table.keys else ()
    if joined is not None:
        return joined, True
    shifts = []
    at = 0
    for key in reversed(table.keys):
        shifts.append(at)
        at += key.width
    return tuple(reversed(shifts)), False
