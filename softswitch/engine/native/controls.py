# SPDX-License-Identifier: Apache-2.0
"""C of the ingress and egress controls: a label per node.

The surrounding function has labels ``fault`` and, per pipeline, ``<name>_end``; ``failed`` returns ``rc``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from softswitch.bmv2json.model import (
    Action,
    ActionCall,
    Conditional,
    FieldRef,
    MatchKind,
    Pipeline,
    Table,
    TableKey,
)
from softswitch.bmv2json.pipelines import successors
from softswitch.engine import text
from softswitch.engine.native.actions import Actions, args_format
from softswitch.engine.native.calculations import Calculations
from softswitch.engine.native.context import Context
from softswitch.engine.native.expressions import Expressions, Value
from softswitch.engine.native.text import literal
from softswitch.state.index import KeyLayout

#: Widest key, in 64-bit words; MAX_WORDS of tables.h.
MAX_WORDS = 16
EXACT, LPM, TERNARY = 0, 1, 2
KINDS = {MatchKind.EXACT: EXACT, MatchKind.LPM: LPM, MatchKind.TERNARY: TERNARY, MatchKind.RANGE: TERNARY}


@dataclass(slots=True)
class TablePlan:
    """Where key and arguments of a table's entries are: shared by generated code and the mirror of the state."""

    kind: int
    words: int
    shifts: tuple[int, ...]
    widths: tuple[int, ...]
    #: (shift, width) of range elements
    ranges: list[tuple[int, int]] = field(default_factory=list)
    #: bytes; in a table with an action profile that of the target
    args_size: int = 0

    @property
    def args_word(self) -> int:
        """Where the arguments are in ``data`` of ``struct entry`` (tables.h)."""
        return self.words + (self.kind == TERNARY) + 2 * len(self.ranges)


def plan(ctx: Context, table: Table) -> TablePlan:
    """The plan of a table; refuses keys that are too wide."""
    widths = tuple(k.width for k in table.keys)
    scope = Expressions(ctx, f"table {table.name}")
    shifts = KeyLayout(table).shifts if table.keys else ()
    if shifts is None:
        positions = []
        at = 0
        for width in reversed(widths):
            positions.append(at)
            at += width
        shifts = tuple(reversed(positions))
    words = max(1, (sum(widths) + 63) // 64)
    if words > MAX_WORDS or any(width > 128 for width in widths):
        raise scope.refuse(f"key of {sum(widths)} bits")
    ranges = [(s, k.width) for s, k in zip(shifts, table.keys, strict=True) if k.kind is MatchKind.RANGE]
    if len(ranges) > 8 or any(width > 64 for _, width in ranges):
        raise scope.refuse("range keys of more than 64 bits, or more than eight")
    size = max((struct.calcsize(args_format(action)) for action in table.actions), default=0)
    return TablePlan(KINDS.get(table.match, EXACT), words, shifts, widths, ranges, 8 if table.profile else size)


class ControlCode:
    """Emits pipelines."""

    def __init__(self, ctx: Context, actions: Actions, calculations: Calculations, plans: dict[str, TablePlan]) -> None:
        self.ctx = ctx
        self.actions = actions
        self.calculations = calculations
        self.plans = plans
        #: number of an action in the rows of profile tables: actions of tables that share a profile differ in id
        self.ordinals: dict[str, dict[str, int]] = {}
        for name in ctx.program.profiles:
            self.ordinals[name] = {action: i for i, action in enumerate(ctx.program.profile_actions(name))}

    def emit(self, pipeline: Pipeline) -> None:
        """Emit the nodes, then the label ``<pipeline>_end``."""
        self.pipeline = pipeline
        self.numbers = {name: i for i, name in enumerate(pipeline.nodes)}
        self.end = f"{pipeline.name}_end"
        if pipeline.init is not None:
            self.ctx.out.line(self._goto(pipeline.init))
            todo, seen = [pipeline.init], {pipeline.init}
            while todo:
                name = todo.pop()
                self._node(name)
                for following in successors(pipeline.nodes[name]):
                    if following not in seen:
                        seen.add(following)
                        todo.append(following)
        self.ctx.out.line(f"{self.end}:;")

    def _goto(self, target: str | None) -> str:
        return f"goto {self.end};" if target is None else f"goto {self.pipeline.name}_{self.numbers[target]};"

    def _node(self, name: str) -> None:
        node, out = self.pipeline.nodes[name], self.ctx.out
        out.line(f"{self.pipeline.name}_{self.numbers[name]}:; /* {text.comment(name)} */")
        with out.block(""):
            if isinstance(node, Conditional):
                code = Expressions(self.ctx, f"condition {node.name}").condition(node.expression)
                out.line(f"if ({code}) {self._goto(node.true_next)}")
                out.line(self._goto(node.false_next))
            elif isinstance(node, ActionCall):
                if node.action.id in self.ctx.turns.actions:
                    self.ctx.wait_for_turn()
                self._call(node.action, "NULL")
                out.line(self._goto(node.next_node))
            elif not node.keys and not node.profile and node.default is not None and node.default.const:
                default = node.default
                action = next(a for a in node.actions if a.id == default.action_id)
                if action.id in self.ctx.turns.actions:
                    self.ctx.wait_for_turn()
                values = ", ".join(f".p{i} = {literal(v)}" for i, v in enumerate(default.args))
                out.line(f"static const struct args_{action.id} constant = {{{values}}};")
                self._call(action, "&constant")
                out.line(self._goto(node.next_miss if node.by_hit else node.next.get(action.id)))
            else:
                self._table(node)

    def _call(self, action: Action, args: str) -> None:
        if not action.primitives:
            return
        out = self.ctx.out
        out.line(f"rc = action_{action.id}(S, W, it, m, x, {args});")
        with out.block("if (rc)"):
            out.line("if (rc != LEAVE) return rc;")
            out.line(f"goto {self.end};")

    # -- tables

    def _table(self, table: Table) -> None:
        ctx, out = self.ctx, self.ctx.out
        how = self.plans[table.name]
        where = f"&S->tables[{ctx.tables[table.name]}]"
        out.line(f"struct table *t = {where};")
        out.line("struct entry *entry;")
        if table.keys:
            self._lookup(table, how, f"t = {where};")
        else:
            out.line("entry = NULL;")
        self._turn(table, f"t = {where}; entry = L->look.found;")
        out.line("const int hit UNUSED = entry != NULL;")
        if table.keys and (table.with_counters or table.support_timeout or table.direct_meter):
            with out.block("if (hit)"):
                self._on_hit(table)
        out.line("if (!entry) entry = t->miss;")
        if table.profile:
            self._member(table, how)
        else:
            out.line("const u32 action = entry->action;")
            out.line(f"const void *args UNUSED = entry->data + {how.args_word};")
        self._dispatch(table)

    def _lookup(self, table: Table, how: TablePlan, again: str) -> None:
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

    def _turn(self, table: Table, again: str) -> None:
        """Emit that the packet waits for its turn where the table or the action is about state."""
        turns = self.ctx.turns
        ids = [a.id for a in table.actions if a.id in turns.actions]
        if table.name not in turns.tables and not ids:
            return
        out = self.ctx.out
        condition = ""
        if table.name not in turns.tables and not table.profile:
            out.line("const u32 next = (entry ? entry : t->miss)->action;")
            condition = f"({' || '.join(f'next == {number}' for number in ids)})"
        out.line("L->look.found = entry;")
        self.ctx.give_way(f"if ({condition + ' && ' if condition else ''}must_wait(W, L))", again)

    def _on_hit(self, table: Table) -> None:
        ctx, out = self.ctx, self.ctx.out
        out.line("struct row *const row = row_of(t, entry);")
        if table.with_counters:
            out.line("count(W, &row->cells.packets, it->ilen);")
        if table.support_timeout:
            out.line("__atomic_store_n(&row->cells.last_hit_ns, (u64)now_ns(), __ATOMIC_RELAXED);")
        if table.direct_meter:
            meter = ctx.program.meters[table.direct_meter]
            if meter.result is not None:
                out.line("struct meter *meter = row->meter;")
                out.line("unsigned color = meter ? meter_execute(meter, it->ilen, now_ns() / 1000) : 0;")
                self.actions.store(meter.result, Value("color", 0, 3), Expressions(ctx, f"table {table.name}"))

    def _member(self, table: Table, how: TablePlan) -> None:
        """Emit the choice of the member; without one no action runs."""
        ctx, out = self.ctx, self.ctx.out
        profile = ctx.program.profiles[table.profile]
        out.line(f"void *const target = (void *)(uintptr_t)entry->data[{how.args_word}];")
        out.line("struct member *member = entry->action == TO_MEMBER ? target : NULL;")
        if profile.selector is not None:
            with out.block("if (entry->action == TO_GROUP)"):
                out.line("struct selection *choice = target;")
                with out.block("if (choice->count)"):
                    code = self.calculations.selector(profile.algorithm, profile.selector, profile.name)
                    out.line(f"member = choice->slots[{code} % choice->count];")
        out.line("const u32 action = member ? member->action : ~0u;")
        out.line("const void *args UNUSED = member ? member->args : NULL;")

    def _key(self, table: Table, how: TablePlan) -> None:
        """Emit ``k``: all elements in one number of ``words`` 64-bit words, lowest first."""
        out = self.ctx.out
        terms: list[list[str]] = [[] for _ in range(how.words)]
        for key, shift, width in zip(table.keys, how.shifts, how.widths, strict=True):
            name = self.ctx.temporary()
            out.line(f"const {'u128' if width > 64 else 'u64'} {name} = {self._key_value(key)};")
            word, bit = divmod(shift, 64)
            done = 0
            while done < width:
                part = f"(u64)({name} >> {done})" if done else f"(u64){name}"
                terms[word].append(f"{part} << {bit}" if bit else part)
                done += 64 - bit
                word, bit = word + 1, 0
        out.line(f"const u64 k[{how.words}] = {{{', '.join(' | '.join(t) or '0' for t in terms)}}};")

    def _key_value(self, key: TableKey) -> str:
        """Source of a key element: 0 for a field of an invalid header, masked as the program says."""
        ctx = self.ctx
        target: FieldRef = key.target
        if key.kind is MatchKind.VALID or target.field == "$valid$":
            code = ctx.valid(target.header)
            return code if key.mask is None else f"({code} & {key.mask})"
        code = ctx.ref(target)
        ones = (1 << key.width) - 1
        mask = ones if key.mask is None else key.mask & ones
        if ctx.field_type(target).signed or mask != ones:
            code = f"(({'u128' if key.width > 64 else 'u64'}){code} & {literal(mask)})"
        if not ctx.is_metadata(target.header):
            code = f"({ctx.valid(target.header)} ? {code} : 0)"
        return code

    # -- what follows

    def _dispatch(self, table: Table) -> None:
        """Emit the actions of the table and what follows."""
        out = self.ctx.out
        ordinals = self.ordinals[table.profile] if table.profile else None
        with out.block("switch (action)"):
            for action in table.actions:
                number = ordinals[action.name] if ordinals is not None else action.id
                with out.block(f"case {number}: /* {text.comment(action.name)} */"):
                    self._call(action, "args")
                    if table.by_hit:
                        out.line("break;")
                    else:
                        out.line(self._goto(table.next.get(action.id, table.base_default_next)))
        if table.by_hit:
            out.line(f"if (hit) {self._goto(table.next_hit)}")
            out.line(self._goto(table.next_miss))
        else:
            out.line(self._goto(table.base_default_next))
