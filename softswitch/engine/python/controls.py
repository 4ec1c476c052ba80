# SPDX-License-Identifier: Apache-2.0
"""Code of the ingress and egress controls: tables, conditions and their order."""

from __future__ import annotations

from collections.abc import Callable

from softswitch.bmv2json.model import (
    Action,
    ActionCall,
    Conditional,
    MatchKind,
    Pipeline,
    Table,
    TableKey,
)
from softswitch.bmv2json.pipelines import successors
from softswitch.engine.python.actions import Actions
from softswitch.engine.python.calculations import Calculations
from softswitch.engine.python.context import Context
from softswitch.engine.python.expressions import Expressions, Value
from softswitch.engine.python.graph import FlowGraph, Structurer
from softswitch.state.index import KeyLayout


class ControlCode:
    """Emits one pipeline as the body of a loop that runs once; ``break`` ends it."""

    def __init__(self, ctx: Context, actions: Actions, calculations: Calculations) -> None:
        self.ctx = ctx
        self.actions = actions
        self.calculations = calculations
        self._goto: Callable[[str | None], None] = lambda target: None

    def emit(self, pipeline: Pipeline) -> None:
        """Emit ``while True: ... break``."""
        if pipeline.init is None:
            return
        out = self.ctx.out
        nodes = {name: successors(node) for name, node in pipeline.nodes.items()}
        reachable: dict[str, list[str]] = {}
        todo = [pipeline.init]
        while todo:
            name = todo.pop()
            if name not in reachable:
                reachable[name] = nodes[name]
                todo += nodes[name]
        with out.block("while True:"):
            self.pipeline = pipeline
            structurer = Structurer(FlowGraph(pipeline.init, reachable), out, self._node, "node", "break")
            self._goto = structurer.goto
            structurer.run()
            out.line("break")

    def _node(self, name: str) -> None:
        node = self.pipeline.nodes[name]
        if isinstance(node, Conditional):
            self._conditional(node)
        elif isinstance(node, ActionCall):
            self._run(node.action, "()", f"action {node.action.name}")
            self._goto(node.next_node)
        elif not node.keys and not node.profile and node.default is not None and node.default.const:
            action = next(a for a in node.actions if a.id == node.default.action_id)
            self._run(action, repr(node.default.args), f"table {node.name}")
            self._goto(node.next_miss if node.by_hit else node.next.get(action.id))
        else:
            self._table(node)

    def _conditional(self, node: Conditional) -> None:
        out = self.ctx.out
        code = Expressions(self.ctx, f"condition {node.name}").condition(node.expression)
        if self.ctx.traced:
            out.line(f"truth = bool({code})")
            out.line(f"T.add('condition', text={self.ctx.text(node.source or node.name)}, result=truth)")
            code = "truth"
        with out.block(f"if {code}:"):
            self._goto(node.true_next)
        with out.block("else:"):
            self._goto(node.false_next)

    # -- tables

    def _run(self, action: Action, args: str, where: str) -> None:
        """Emit an action with the arguments that source ``args`` yields."""
        out = self.ctx.out
        scope = Expressions(self.ctx, f"{where}, action {action.name}")
        self.actions.unpack_params(action, args, scope)
        if self.ctx.traced:
            pairs = zip(action.params, scope.params, strict=True)
            shown = ", ".join(f"{self.ctx.text(param.name)}: {name}" for param, (name, _) in pairs)
            out.line(f"T.open('action', name={self.ctx.text(action.name)}, params={{{shown}}})")
        self.actions.body(action, scope)
        if self.ctx.traced:
            out.line("T.close()")

    def _table(self, table: Table) -> None:
        ctx, out = self.ctx, self.ctx.out
        state = ctx.state.tables[table.name]
        handle = ctx.constant(("table", table.name), state, "table_{}", table.name)
        lookup = ctx.constant(("lookup", table.name), state.lookup, "lookup_{}", table.name)
        if table.keys:
            out.line(f"row = {lookup}({self._key(table)})")
        else:
            out.line("row = None")
        needs_hit = table.by_hit or bool(table.profile) or ctx.traced
        with out.block("if row is None:"):
            out.line(f"row = {handle}.default_row")
            if needs_hit:
                out.line("hit = False")
        with out.block("else:"):
            if needs_hit:
                out.line("hit = True")
            self._on_hit(table)
        if ctx.traced:
            self._trace_table(table, handle)
        chosen = "row"
        if table.profile:
            chosen = self._member(table)
        self._dispatch(table, chosen)

    def _on_hit(self, table: Table) -> None:
        ctx, out = self.ctx, self.ctx.out
        if table.with_counters:
            out.line("row.packets += 1")
            out.line("row.bytes += ilen")
        if table.support_timeout:
            out.line("row.last_hit_ns = monotonic_ns()")
        if table.direct_meter:
            meter = ctx.program.meters[table.direct_meter]
            if meter.result is not None:
                color = Value("(0 if row.meter is None else row.meter.execute(ilen, now_us()))", 2)
                self.actions.store(meter.result, color, Expressions(ctx, f"table {table.name}"))

    def _member(self, table: Table) -> str:
        """Emit the choice of the member and answer its variable; None when there is no action to run."""
        ctx, out = self.ctx, self.ctx.out
        profile = ctx.program.profiles[table.profile]
        out.line("member = row.member")
        if profile.selector is not None:
            with out.block("if row.group is not None:"):
                out.line("slots = row.group.slots")
                with out.block("if slots:"):
                    code = self.calculations.selector(profile.algorithm, profile.selector, profile.name)
                    out.line(f"member = slots[{code} % len(slots)]")
        if ctx.traced:
            with out.block("if member is not None:"):
                out.line("step_.data['member'] = member.id")
        return "member"

    def _key(self, table: Table) -> str:
        layout = KeyLayout(table)
        values = [self._key_value(key) for key in table.keys]
        if layout.shifts is None:
            return values[0] if len(values) == 1 else f"({', '.join(values)})"
        return " | ".join(
            f"{value} << {shift}" if shift else value for value, shift in zip(values, layout.shifts, strict=True)
        )

    def _key_value(self, key: TableKey) -> str:
        """Source of a key element: 0 for a field of an invalid header, masked as the program says."""
        ctx = self.ctx
        target = key.target
        if key.kind is MatchKind.VALID or target.field == "$valid$":
            code = ctx.valid(target.header)
            return code if key.mask is None else f"({code} & {key.mask})"
        code = ctx.ref(target)
        if ctx.field_type(target).signed:
            code = f"({code} & {hex((1 << key.width) - 1)})"
        if key.mask is not None and key.mask != (1 << key.width) - 1:
            code = f"({code} & {hex(key.mask)})"
        if not ctx.is_metadata(target.header):
            code = f"({code} if {ctx.valid(target.header)} else 0)"
        return code

    def _trace_table(self, table: Table, handle: str) -> None:
        out = self.ctx.out
        shown = ", ".join(f"{self.ctx.text(key.name)}: {self._key_value(key)}" for key in table.keys)
        out.line(
            f"step_ = T.open('table', name={self.ctx.text(table.name)}, key={{{shown}}}, hit=hit, "
            f"entry={handle}.describe_key(row.entry.key, row.entry.priority) if hit else '')"
        )

    # -- what follows

    def _dispatch(self, table: Table, chosen: str) -> None:
        """Emit the actions of the table, one branch each, and what follows."""
        ctx, out = self.ctx, self.ctx.out
        close = "T.close()" if ctx.traced else ""
        nexts = {self._next(table, action) for action in table.actions}
        nexts.add(table.base_default_next)
        per_action = not table.by_hit and len(nexts) > 1

        def after(target: str | None) -> None:
            if close:
                out.line(close)
            self._goto(target)

        def follow() -> None:
            if table.by_hit:
                if close:
                    out.line(close)
                with out.block("if hit:"):
                    self._goto(table.next_hit)
                with out.block("else:"):
                    self._goto(table.next_miss)
            elif not per_action:
                after(next(iter(nexts)))

        profile = ctx.state.profiles[table.profile] if table.profile else None

        def number(action: Action) -> int:
            return profile.ordinals[action.name] if profile is not None else action.id

        actions = sorted(table.actions, key=number)

        def branch(action: Action) -> None:
            self._run(action, f"{chosen}.args", f"table {table.name}")
            if per_action:
                after(self._next(table, action))

        def choose(candidates: list[Action]) -> None:
            if len(candidates) <= 3:
                for i, action in enumerate(candidates):
                    with out.block(f"{'if' if not i else 'elif'} action == {number(action)}:"):
                        branch(action)
                with out.block("else:"):
                    if per_action:
                        after(table.base_default_next)
                return
            middle = len(candidates) // 2
            with out.block(f"if action < {number(candidates[middle])}:"):
                choose(candidates[:middle])
            with out.block("else:"):
                choose(candidates[middle:])

        if profile is not None:
            out.line(f"action = {chosen}.action_id if {chosen} is not None else -1")
        else:
            out.line(f"action = {chosen}.action_id")
        choose(actions)
        follow()

    def _next(self, table: Table, action: Action) -> str | None:
        return table.next.get(action.id, table.base_default_next)
