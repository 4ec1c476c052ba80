# SPDX-License-Identifier: Apache-2.0
"""The ingress and egress controls as Python source: tables, conditions and their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from softswitch.engine.lowered.model import Action, Apply, Branch, Call, Choice, Pipeline
from softswitch.engine.python.calculations import Calculations
from softswitch.engine.python.context import Context
from softswitch.engine.python.graph import FlowGraph, Structurer
from softswitch.engine.python.headers import Headers
from softswitch.engine.python.statements import Statements


class ControlCode:
    """Prints one pipeline as the body of a loop that runs once; ``break`` ends it."""

    def __init__(self, ctx: Context, headers: Headers, calculations: Calculations) -> None:
        self.ctx = ctx
        self.headers = headers
        self.calculations = calculations
        self.statements = Statements(ctx, headers, calculations)
        self._goto: Callable[[int | None], None] = lambda target: None

    def emit(self, pipeline: Pipeline) -> None:
        """Print ``while True: ... break``."""
        if pipeline.entry is None:
            return
        out = self.ctx.out
        successors = {number: pipeline.following(node) for number, node in pipeline.nodes.items()}

        def node(number: int) -> None:
            found = pipeline.nodes[number]
            if isinstance(found, Branch):
                self._branch(found)
            elif isinstance(found, Call):
                self._run(found.action, repr(found.args))
                self._goto(found.following)
            else:
                self._table(found)

        with out.block("while True:"):
            structurer = Structurer(FlowGraph(pipeline.entry, successors), out, node, "node", "break")
            self._goto = structurer.goto
            structurer.run()
            out.line("break")

    def _branch(self, node: Branch) -> None:
        out = self.ctx.out
        code = self.statements.values.code(node.condition)
        if self.ctx.traced:
            out.line(f"truth = bool({code})")
            out.line(f"T.add('condition', text={self.ctx.text(node.text)}, result=truth)")
            code = "truth"
        with out.block(f"if {code}:"):
            self._goto(node.yes)
        with out.block("else:"):
            self._goto(node.no)

    def _run(self, action: Action, args: str) -> None:
        """Print an action with the arguments that source ``args`` yields."""
        ctx, out = self.ctx, self.ctx.out
        params = [ctx.names.get(("param", action.id, i), "p_{}", name) for i, (name, _) in enumerate(action.params)]
        if params and (ctx.traced or action.used):
            out.line(f"{', '.join(params)}{',' if len(params) == 1 else ''} = {args}")
        if ctx.traced:
            shown = ", ".join(f"{ctx.text(p)}: {code}" for (p, _), code in zip(action.params, params, strict=True))
            out.line(f"T.open('action', name={ctx.text(action.name)}, params={{{shown}}})")
        Statements(ctx, self.headers, self.calculations, params).body(action.body)
        if ctx.traced:
            out.line("T.close()")

    # -- tables

    def _table(self, table: Apply) -> None:
        ctx, out = self.ctx, self.ctx.out
        name = table.name
        handle = ctx.of_state(("table", table.index), lambda state: state.tables[name], "table_{}", name)
        lookup = ctx.of_state(("lookup", table.index), lambda state: state.tables[name].lookup, "lookup_{}", name)
        out.line(f"row = {lookup}({self._key(table)})" if table.keys else "row = None")
        needs_hit = table.by_hit or table.profile is not None or ctx.traced
        with out.block("if row is None:"):
            out.line(f"row = {handle}.default_row")
            if needs_hit:
                out.line("hit = False")
        with out.block("else:"):
            if needs_hit:
                out.line("hit = True")
            self._on_hit(table)
        if ctx.traced:
            shown = ", ".join(f"{ctx.text(key.name)}: {self.statements.values.code(key.value)}" for key in table.keys)
            out.line(
                f"step_ = T.open('table', name={ctx.text(table.name)}, key={{{shown}}}, hit=hit, "
                f"entry={handle}.describe_key(row.entry.key, row.entry.priority) if hit else '')"
            )
        self._dispatch(table, self._member(table) if table.profile is not None else "row")

    def _key(self, table: Apply) -> str:
        values = [self.statements.values.code(key.value) for key in table.keys]
        if not table.joined:
            return values[0] if len(values) == 1 else f"({', '.join(values)})"
        pairs = zip(values, table.shifts, strict=True)
        return " | ".join(f"{value} << {shift}" if shift else value for value, shift in pairs)

    def _on_hit(self, table: Apply) -> None:
        out = self.ctx.out
        if table.with_counters and not self.ctx.dry:
            out.line("row.packets += 1")
            out.line("row.bytes += ilen")
        if table.with_timeout and not self.ctx.dry:
            out.line("row.last_hit_ns = monotonic_ns()")
        if table.color is not None:
            meter = self.statements.unspent("row.meter")
            color = f"(0 if row.meter is None else {meter}.execute(ilen, now_us()))"
            self.statements.store(table.color, color, 0, 3)

    def _member(self, table: Apply) -> str:
        """Print the choice of the member and answer its variable; None when there is no action to run."""
        out = self.ctx.out
        out.line("member = row.member")
        if table.profile is not None and table.profile.selector is not None:
            with out.block("if row.group is not None:"):
                out.line("slots = row.group.slots")
                with out.block("if slots:"):
                    code = self.calculations.selector(table.profile.selector)
                    out.line(f"member = slots[{code} % len(slots)]")
        if self.ctx.traced:
            with out.block("if member is not None:"):
                out.line("step_.data['member'] = member.id")
        return "member"

    # -- what follows

    def _dispatch(self, table: Apply, chosen: str) -> None:
        """Print the actions of the table, one branch each, and what follows."""
        ctx, out = self.ctx, self.ctx.out
        follow = {choice.following for choice in table.choices} | {table.otherwise}
        per_action = not table.by_hit and len(follow) > 1

        def after(target: int | None) -> None:
            if ctx.traced:
                out.line("T.close()")
            self._goto(target)

        def choose(candidates: Sequence[Choice]) -> None:
            if len(candidates) > 3:
                middle = len(candidates) // 2
                with out.block(f"if action < {candidates[middle].number}:"):
                    choose(candidates[:middle])
                with out.block("else:"):
                    choose(candidates[middle:])
                return
            for i, choice in enumerate(candidates):
                with out.block(f"{'if' if not i else 'elif'} action == {choice.number}:"):
                    self._run(choice.action, f"{chosen}.args")
                    if per_action:
                        after(choice.following)
            if per_action:
                with out.block("else:") if candidates else out.block("if True:"):
                    after(table.otherwise)

        if table.profile is not None:
            out.line(f"action = {chosen}.action_id if {chosen} is not None else -1")
        else:
            out.line(f"action = {chosen}.action_id")
        choose(sorted(table.choices, key=lambda choice: choice.number))
        if table.by_hit:
            if ctx.traced:
                out.line("T.close()")
            with out.block("if hit:"):
                self._goto(table.hit)
            with out.block("else:"):
                self._goto(table.miss)
        elif not per_action:
            after(table.otherwise)
