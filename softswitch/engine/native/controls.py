# SPDX-License-Identifier: Apache-2.0
"""The ingress and egress controls as C: a label per node.

The surrounding function has labels ``fault`` and, per pipeline, ``<name>_end``; ``rc`` is what an action answered.
"""

from __future__ import annotations

from softswitch.engine import text
from softswitch.engine.lowered.model import Action, Apply, Branch, Call, Node, Pipeline
from softswitch.engine.native.calculations import Calculations
from softswitch.engine.native.context import Context
from softswitch.engine.native.plans import TERNARY, TablePlan
from softswitch.engine.native.statements import Statements
from softswitch.engine.native.storage import Storage
from softswitch.engine.native.text import literal


class ControlCode:
    """Prints pipelines; ``plans`` are those of the tables by number."""

    def __init__(self, ctx: Context, storage: Storage, calculations: Calculations, plans: list[TablePlan]) -> None:
        self.ctx = ctx
        self.storage = storage
        self.calculations = calculations
        self.plans = plans
        self._label = ""

    def emit(self, pipeline: Pipeline, label: str) -> None:
        """Print the nodes, then the label ``<label>_end``."""
        self._label = label
        if pipeline.entry is not None:
            self.ctx.out.line(self._goto(pipeline.entry))
        for number, node in pipeline.nodes.items():
            self.ctx.out.line(f"{label}_{number}:; /* {text.comment(node.name)} */")
            with self.ctx.out.block(""):
                self._node(node)
        self.ctx.out.line(f"{label}_end:;")

    def _goto(self, target: int | None) -> str:
        return f"goto {self._label}_{'end' if target is None else target};"

    def _statements(self, where: str) -> Statements:
        return Statements(self.ctx, self.storage, self.calculations, where)

    def _node(self, node: Node) -> None:
        out = self.ctx.out
        if isinstance(node, Branch):
            code = self._statements(f"condition {node.name}").values.truth(node.condition)
            out.line(f"if ({code}) {self._goto(node.yes)}")
            out.line(self._goto(node.no))
        elif isinstance(node, Call):
            if node.action.id in self.ctx.turns.actions:
                self.ctx.wait_for_turn()
            values = ", ".join(f".p{i} = {literal(v)}" for i, v in enumerate(node.args))
            if values:
                out.line(f"static const struct args_{node.action.id} constant = {{{values}}};")
            self._call(node.action, "&constant" if values else "NULL")
            out.line(self._goto(node.following))
        else:
            self._table(node)

    def _call(self, action: Action, args: str) -> None:
        if not action.body.loops and not any(block.statements for block in action.body.blocks):
            return
        out = self.ctx.out
        out.line(f"rc = action_{action.id}(S, W, it, m, x, {args});")
        with out.block("if (rc)"):
            out.line("if (rc != LEAVE) return rc;")
            out.line(self._goto(None))

    # -- tables

    def _table(self, table: Apply) -> None:
        out = self.ctx.out
        how = self.plans[table.index]
        where = f"&S->tables[{table.index}]"
        out.line(f"struct table *t = {where};")
        out.line("struct entry *entry;")
        if table.keys:
            self._lookup(table, how, f"t = {where};")
        else:
            out.line("entry = NULL;")
        self._turn(table, f"t = {where}; entry = L->look.found;")
        out.line("const int hit UNUSED = entry != NULL;")
        if table.keys and (table.with_counters or table.with_timeout or table.color is not None):
            with out.block("if (hit)"):
                self._on_hit(table)
        out.line("if (!entry) entry = t->miss;")
        if table.profile is not None:
            self._member(table, how)
        else:
            out.line("const u32 action = entry->action;")
            out.line(f"const void *args UNUSED = entry->data + {how.args_word};")
        self._dispatch(table)

    def _lookup(self, table: Apply, how: TablePlan, again: str) -> None:
        """Emit ``entry``: found at once, or step by step while other packets run."""
        out = self.ctx.out
        kind = ("exact", "lpm", "ternary")[how.kind]
        tail = f"{how.words}, {int(bool(how.ranges))}" if how.kind == TERNARY else str(how.words)
        found, ready = self.ctx.temporary(), self.ctx.temporary()
        with out.block(""):
            self._key(table, how)
            with out.block("if (L->alone || !__atomic_load_n(&t->large, __ATOMIC_RELAXED))"):
                out.line(f"entry = lookup_{kind}(t, k, {tail});")
                out.line(f"goto {found};")
            out.line(f"if (!look_begin(&L->look, t, k, {how.words})) goto {ready};")
        with out.block("do", f"}} while (!look_{kind}(&L->look, {tail}));"):
            self.ctx.give_way("", again)
            out.line(f"{ready}:;")
        out.line("entry = L->look.found;")
        out.line(f"{found}:;")

    def _turn(self, table: Apply, again: str) -> None:
        """Emit that the packet waits for its turn where the table or the action is about state."""
        turns = self.ctx.turns
        ids = [c.action.id for c in table.choices if c.action.id in turns.actions]
        if table.index not in turns.tables and not ids:
            return
        out = self.ctx.out
        condition = ""
        if table.index not in turns.tables and table.profile is None:
            out.line("const u32 next = (entry ? entry : t->miss)->action;")
            condition = f"({' || '.join(f'next == {number}' for number in ids)})"
        out.line("L->look.found = entry;")
        self.ctx.give_way(f"if ({condition + ' && ' if condition else ''}must_wait(W, L))", again)

    def _on_hit(self, table: Apply) -> None:
        out = self.ctx.out
        out.line("struct row *const row = row_of(t, entry);")
        if table.with_counters:
            out.line("count(W, &row->cells.packets, it->ilen);")
        if table.with_timeout:
            out.line("__atomic_store_n(&row->cells.last_hit_ns, (u64)now_ns(), __ATOMIC_RELAXED);")
        if table.color is not None:
            out.line("struct meter *meter = row->meter;")
            self._statements(f"table {table.name}").color(table.color)

    def _member(self, table: Apply, how: TablePlan) -> None:
        """Emit the choice of the member; without one no action runs."""
        out = self.ctx.out
        out.line(f"void *const target = (void *)(uintptr_t)entry->data[{how.args_word}];")
        out.line("struct member *member = entry->action == TO_MEMBER ? target : NULL;")
        if table.profile is not None and table.profile.selector is not None:
            with out.block("if (entry->action == TO_GROUP)"):
                out.line("struct selection *choice = target;")
                with out.block("if (choice->count)"):
                    code = self.calculations.selector(table.profile.selector)
                    out.line(f"member = choice->slots[{code} % choice->count];")
        out.line("const u32 action = member ? member->action : ~0u;")
        out.line("const void *args UNUSED = member ? member->args : NULL;")

    def _key(self, table: Apply, how: TablePlan) -> None:
        """Emit ``k``: all elements in one number of ``words`` 64-bit words, lowest first."""
        out = self.ctx.out
        terms: list[list[str]] = [[] for _ in range(how.words)]
        values = self._statements(f"table {table.name}").values
        for key, shift, width in zip(table.keys, how.shifts, how.widths, strict=True):
            name = self.ctx.temporary()
            code = values.exact(key.value).code
            out.line(f"const {'u128' if width > 64 else 'u64'} {name} = {code};")
            word, bit = divmod(shift, 64)
            done = 0
            while done < width:
                part = f"(u64)({name} >> {done})" if done else f"(u64){name}"
                terms[word].append(f"{part} << {bit}" if bit else part)
                done += 64 - bit
                word, bit = word + 1, 0
        out.line(f"const u64 k[{how.words}] = {{{', '.join(' | '.join(t) or '0' for t in terms)}}};")

    # -- what follows

    def _dispatch(self, table: Apply) -> None:
        """Emit the actions of the table and what follows."""
        out = self.ctx.out
        with out.block("switch (action)"):
            for choice in table.choices:
                with out.block(f"case {choice.number}: /* {text.comment(choice.action.name)} */"):
                    self._call(choice.action, "args")
                    out.line("break;" if table.by_hit else self._goto(choice.following))
        if table.by_hit:
            out.line(f"if (hit) {self._goto(table.hit)}")
            out.line(self._goto(table.miss))
        else:
            out.line(self._goto(table.otherwise))
