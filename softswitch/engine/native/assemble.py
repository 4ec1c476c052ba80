# SPDX-License-Identifier: Apache-2.0
"""The generated C file: ``run`` takes a packet once through the switch and queues everything it causes.

The order of things after ingress and egress is that of simple_switch, and of the Python engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from softswitch.bmv2json.model import Const, FieldList, FieldRef, LearnList, Program
from softswitch.engine.api import Host
from softswitch.engine.lowered.layout import Layout
from softswitch.engine.native.actions import Actions
from softswitch.engine.native.calculations import Calculations
from softswitch.engine.native.context import Context
from softswitch.engine.native.controls import ControlCode, TablePlan, plan
from softswitch.engine.native.expressions import Expressions
from softswitch.engine.native.parser import ParserCode
from softswitch.engine.native.storage import Storage
from softswitch.engine.native.text import literal

#: ``instance_type`` values of BMv2.
NORMAL, INGRESS_CLONE, EGRESS_CLONE, RECIRC, REPLICATION, RESUBMIT = 0, 1, 2, 4, 5, 6


@dataclass(slots=True)
class Generated:
    """C source and what the engine must know of it."""

    source: str
    plans: dict[str, TablePlan]
    ordinals: dict[str, dict[str, int]]
    messages: list[str]
    #: names of digests by number, with the count of their values
    digests: dict[int, str]


def generate(program: Program, host: Host) -> Generated:
    """C for ``program``; raises UnsupportedProgram."""
    return _Assembler(program, host).build()


class _Assembler:
    def __init__(self, program: Program, host: Host) -> None:
        self.program = program
        names = (
            "standard_metadata.egress_spec",
            "standard_metadata.ingress_port",
            "intrinsic_metadata.mcast_grp",
        )
        engine_fields = [ref for ref in map(program.standard, names) if ref is not None]
        self.ctx = Context(program, Layout(program, engine_fields), host)
        self.storage = Storage(self.ctx)
        self.calculations = Calculations(self.ctx, self.storage)
        self.actions = Actions(self.ctx, self.storage, self.calculations)
        self.plans = {name: plan(self.ctx, table) for name, table in program.tables.items()}
        self.controls = ControlCode(self.ctx, self.actions, self.calculations, self.plans)

    def build(self) -> Generated:
        ctx, out = self.ctx, self.ctx.out
        sizes = [str(ctx.program.meters[name].size) for name in ctx.meters]
        for name, count in (
            ("NTABLES", len(ctx.tables)),
            ("NCOUNTERS", len(ctx.counters)),
            ("NMETERS", len(ctx.meters)),
            ("NREGISTERS", len(ctx.registers)),
            ("NVALUESETS", len(ctx.value_sets)),
            # the hash of a selector has a number behind those of the program
            ("NCALCULATIONS", len(ctx.calculations) + 1),
        ):
            out.line(f"#define {name} {count}")
        if ctx.turns.everywhere:
            out.line("#define LANES 1")
        out.line('#include "numbers.h"')
        out.line(f"static const u64 meter_sizes[NMETERS + 1] = {{{', '.join([*sizes, '0'])}}};")
        with out.block("struct pkt", "};"):
            for line in ctx.declare():
                out.line(line)
        out.line('#include "runtime.h"')
        for action in self.program.actions.values():
            self.actions.function(action)
        with out.block("static int run(struct sw *S, struct worker *W, struct lane *L)"):
            self._run()
        out.line('#include "packets.h"')
        digests = {item.id: item.name for item in self.program.learn_lists.values()}
        return Generated(out.text(), self.plans, self.controls.ordinals, ctx.texts.all, digests)

    def _run(self) -> None:
        ctx, out = self.ctx, self.ctx.out
        for line in (
            "struct pkt *const m = &L->pkt;",
            "const struct item *const it = &L->item;",
            "const u8 *const data = it->data;",
            "const u32 n = it->n;",
            "struct marks *const x = &L->marks;",
            "u32 error = 0;",
            "int rc UNUSED = GO_ON, leaving UNUSED = GO_ON;",
        ):
            out.line(line)
        out.line("if (L->resume) goto resume;")
        out.line("*x = (struct marks){.cut = NO_CUT};")
        with out.block("if (it->kind == REPLICA)"):
            out.line("memcpy(m, it->kept, sizeof *m);")
            out.line("L->egress_port = it->egress_port; x->cut = it->cut;")
            self._set("intrinsic_metadata.egress_rid", "it->rid")
            out.line("goto to_egress;")
        out.line("clear(m, 0, sizeof *m);")
        out.line("m->plen = n;")
        self._enter_parser()
        ParserCode(self.ctx, self.storage, self.actions).emit()
        out.line("accept:;")
        self._after_parser()
        with out.block("if (it->kind == CLONE_I2E)"):
            self._start_clone()
            out.line("goto to_egress;")
        self.controls.emit(self.program.ingress)
        self._after_ingress()
        out.line("to_egress:;")
        self._egress()
        self._after_egress()
        out.line("return GO_ON;")
        out.line("resume:;")
        with out.block("switch (L->resume)"):
            for number in range(1, ctx.resumptions + 1):
                out.line(f"case {number}: goto resume_{number};")
        out.line("fault: UNUSED;")
        out.line("return FAULT;")

    # -- pieces

    def _set(self, field: str, code: str) -> None:
        name = self.ctx.std(field)
        ref = self.program.standard(field)
        if name is None or ref is None:
            return
        width = self.program.field_width(ref)
        self.ctx.out.line(f"{name} = (u64)({code}) & {literal((1 << width) - 1)};")

    def _enter_parser(self) -> None:
        """Metadata as the parser finds it."""
        out = self.ctx.out
        with out.block("if (it->kind == RECEIVED)"):
            self._set("standard_metadata.ingress_port", "it->port")
            self._set("standard_metadata.packet_length", "n")
            self._set("intrinsic_metadata.ingress_global_timestamp", "(u64)(now_ns() - S->started_ns) / 1000")
        with out.block("else if (it->kind == CLONE_I2E)"):
            self._set("standard_metadata.ingress_port", "it->port")
        with out.block("else"):
            self._restore_list()
            self._set("standard_metadata.instance_type", f"it->kind == RESUBMITTED ? {RESUBMIT} : {RECIRC}")
            self._set("standard_metadata.packet_length", "n")

    def _list_names(self, item: FieldList | LearnList) -> list[str]:
        return [self.ctx.ref(e) for e in item.elements if isinstance(e, FieldRef)]

    def _per_list(self, selector: str, body: Callable[[list[str]], None]) -> None:
        """Emit a switch over the field lists that have fields."""
        out = self.ctx.out
        lists = [(item.id, names) for item in self.program.field_lists.values() if (names := self._list_names(item))]
        if not lists:
            return
        with out.block(f"switch ({selector})"):
            for number, names in lists:
                with out.block(f"case {number}:"):
                    body(names)
                    out.line("break;")

    def _restore_list(self) -> None:
        def restore(names: list[str]) -> None:
            for name in names:
                self.ctx.out.line(f"{name} = it->kept->{name.removeprefix('m->')};")

        self._per_list("it->list", restore)

    def _after_parser(self) -> None:
        """Checksum verification and what the parser reports."""
        ctx, out = self.ctx, self.ctx.out
        wrong = ctx.std("standard_metadata.checksum_error")
        for checksum in self.program.checksums:
            if not checksum.verify or wrong is None:
                continue
            scope = Expressions(ctx, f"checksum {checksum.name}")
            tests = [] if ctx.is_metadata(checksum.target.header) else [ctx.valid(checksum.target.header)]
            if checksum.condition is not None:
                tests.append(f"({scope.condition(checksum.condition)})")
            with out.block(f"if ({' && '.join(tests) or '1'})"):
                result = self.calculations.emit(checksum.calculation)
                out.line(f"if ({result} != {ctx.ref(checksum.target)}) {wrong} = 1;")
        self._set("standard_metadata.parser_error", "error")

    def _start_clone(self) -> None:
        """A clone of the received packet: metadata starts anew, except the fields of its list."""
        out = self.ctx.out
        self._zero_metadata("m->")
        self._restore_list()
        self._set("standard_metadata.instance_type", str(INGRESS_CLONE))
        out.line("L->egress_port = it->egress_port; x->cut = it->cut;")
        self._set("intrinsic_metadata.egress_rid", "it->rid")

    def _zero_metadata(self, prefix: str) -> None:
        varbits = {
            self.ctx.field(name, f.name)
            for name in self.program.headers
            for f in self.ctx.layout.tracked(name)
            if f.varbit
        }
        for name in self.ctx.metadata_variables():
            zero = "(struct vb){0}" if name in varbits else "0"
            self.ctx.out.line(f"{prefix}{name.removeprefix('m->')} = {zero};")

    def _uses(self, prefix: str) -> bool:
        return any(p.op.startswith(prefix) for a in self.program.actions.values() for p in a.primitives)

    def _wait(self) -> None:
        """Emit what goes before a copy is queued: the packet and its copies will not give way any more."""
        if self.ctx.turns.any:
            self.ctx.wait_for_turn()

    def _snapshot(self) -> None:
        out = self.ctx.out
        out.line("L->alone = 1;")
        out.line("struct pkt *kept = arena_take(&W->arena, sizeof *kept);")
        out.line("memcpy(kept, m, sizeof *kept);")

    def _push_copies(self, copies: str, fields: str, own_cut: bool) -> None:
        out = self.ctx.out
        with out.block(f"for (u32 i = 0; i < {copies}->count; i++)"):
            cut = f"{copies}->cut" if own_cut else "NO_CUT"
            out.line(
                f"const struct item copy = {{{fields}, .port = it->port, .n = n, .ilen = it->ilen, .data = data, "
                f".kept = kept, .egress_port = {copies}->replica[i].port, .rid = {copies}->replica[i].rid, "
                f".cut = {cut}}};"
            )
            out.line("push(W, &W->egress, &copy);")

    def _after_ingress(self) -> None:
        """Clone, digest, resubmit, multicast, drop or on to egress, in BMv2's order."""
        ctx, out = self.ctx, self.ctx.out
        if self._uses("clone_"):
            with out.block("if (x->clone)"):
                self._wait()
                out.line("const struct copies *session = S->sessions[x->clone & 0x7fff];")
                with out.block("if (session)"):
                    self._snapshot()
                    self._push_copies("session", ".kind = CLONE_I2E, .list = x->clone_list", True)
                out.line("x->clone = x->clone_list = 0;")
        if self._uses("generate_digest"):
            with out.block("if (x->digest)"):
                self._digests()
        if self._uses("resubmit"):
            with out.block("if (x->resubmit)"):
                self._wait()
                self._snapshot()
                out.line(
                    "const struct item again = {.kind = RESUBMITTED, .port = it->port, .n = n, .ilen = it->ilen, "
                    ".data = data, .list = x->resubmit, .kept = kept, .cut = NO_CUT};"
                )
                out.line("push(W, &W->ingress, &again);")
                out.line("return GO_ON;")
        group = ctx.std("intrinsic_metadata.mcast_grp")
        if group is not None:
            with out.block(f"if ({group})"):
                self._wait()
                self._set("standard_metadata.instance_type", str(REPLICATION))
                out.line(f"const struct copies *group = S->multicast[{group} & 0xffff];")
                with out.block("if (group)"):
                    self._snapshot()
                    self._push_copies("group", ".kind = REPLICA", False)
                out.line("return GO_ON;")
        spec = ctx.std("standard_metadata.egress_spec")
        out.line(f"if ({spec} == {ctx.host.drop_port}) {{ W->head.dropped++; return GO_ON; }}")
        self._set("standard_metadata.instance_type", str(NORMAL))
        priority = ctx.std("intrinsic_metadata.priority")
        if priority is not None:
            # simple_switch has one queue per port unless told otherwise, and drops what asks for another
            out.line(f"if ({priority}) {{ W->head.dropped++; return GO_ON; }}")
        out.line(f"L->egress_port = {spec};")

    def _digests(self) -> None:
        out = self.ctx.out
        with out.block("switch (x->digest)"):
            for item in self.program.learn_lists.values():
                values = []
                for element in item.elements:
                    if isinstance(element, FieldRef):
                        kind = self.ctx.field_type(element)
                        code = self.ctx.ref(element)
                        if kind.varbit:
                            scope = Expressions(self.ctx, f"digest {item.name}")
                            raise scope.refuse("variable-length field in a digest")
                        if kind.signed:
                            code = f"((u128){code} & {literal((1 << kind.width) - 1)})"
                        values.append(f"(u128){code}")
                    elif isinstance(element, Const):
                        values.append(f"(u128){literal(element.value)}")
                with out.block(f"case {item.id}:"):
                    out.line(f"const u128 values[] = {{{', '.join(values) or '0'}}};")
                    out.line(f"event(W, EVENT_DIGEST, {item.id}, {len(values)}, values);")
                    out.line("break;")

    def _egress(self) -> None:
        ctx = self.ctx
        since = "(u64)(now_ns() - S->started_ns) / 1000"
        self._set("intrinsic_metadata.egress_global_timestamp", since)
        self._set("queueing_metadata.enq_timestamp", since)
        for name in ("enq_qdepth", "deq_timedelta", "deq_qdepth"):
            self._set(f"queueing_metadata.{name}", "0")
        self._set("standard_metadata.egress_port", "L->egress_port")
        self._set("standard_metadata.egress_spec", str(ctx.host.drop_port + 1))
        self._set("standard_metadata.packet_length", "m->plen")
        self.controls.emit(self.program.egress)

    def _after_egress(self) -> None:
        ctx, out = self.ctx, self.ctx.out
        if self._uses("clone_"):
            with out.block("if (x->clone)"):
                self._wait()
                out.line("const struct copies *session = S->sessions[x->clone & 0x7fff];")
                with out.block("if (session)"):
                    self._egress_clone()
        spec = ctx.std("standard_metadata.egress_spec")
        out.line(f"if ({spec} == {ctx.host.drop_port}) {{ W->head.dropped++; return GO_ON; }}")
        if self._uses("recirculate"):
            with out.block("if (x->recirculate)"):
                self._wait()
        self._deparse()
        if self._uses("recirculate"):
            with out.block("if (x->recirculate)"):
                self._snapshot()
                out.line("u8 *again = arena_take(&W->arena, length + 1);")
                out.line("memcpy(again, frame, length);")
                out.line(
                    "const struct item item = {.kind = RECIRCULATED, .port = it->port, .n = length, .ilen = length, "
                    ".data = again, .list = x->recirculate, .kept = kept, .cut = NO_CUT};"
                )
                out.line("push(W, &W->ingress, &item);")
                out.line("return GO_ON;")
        out.line("frame_out(W, L->egress_port, length < x->cut ? length : x->cut);")

    def _egress_clone(self) -> None:
        """Copies of the packet at the end of egress: headers as they are, metadata anew but for the list."""
        out = self.ctx.out
        self._snapshot()
        self._zero_metadata("kept->")

        def restore(names: list[str]) -> None:
            for name in names:
                out.line(f"kept->{name.removeprefix('m->')} = {name};")

        self._per_list("x->clone_list", restore)
        type_field = self.ctx.std("standard_metadata.instance_type")
        if type_field is not None:
            out.line(f"kept->{type_field.removeprefix('m->')} = {EGRESS_CLONE};")
        self._push_copies("session", ".kind = REPLICA", True)

    def _deparse(self) -> None:
        """Update checksums, then write ``frame`` and its ``length``."""
        ctx, out = self.ctx, self.ctx.out
        for checksum in self.program.checksums:
            if checksum.update:
                self._update(checksum)
        if self.program.deparser_primitives:
            self.actions.primitives(self.program.deparser_primitives, Expressions(ctx, "deparser"))
        headers = [h for h in self.program.deparser if not ctx.is_metadata(h)]
        room = sum(self.storage.max_size(h) for h in headers)
        out.line(f"u8 *const frame = frame_room(W, {room} + (u64)n), *to = frame;")
        for header in headers:
            with out.block(f"if ({ctx.valid(header)})"):
                self.storage.serialise(header, "to")
        out.line("memcpy(to, data + m->o, n - m->o);")
        out.line("const u32 length = (u32)(to - frame) + n - m->o;")

    def _update(self, checksum: Any) -> None:
        ctx, out = self.ctx, self.ctx.out
        scope = Expressions(ctx, f"checksum {checksum.name}")
        condition = "1" if checksum.condition is None else scope.condition(checksum.condition)
        with out.block(f"if ({condition})"):
            truncates = self._uses("truncate")
            if truncates:
                out.line("const u32 cut = x->cut;")
            result = self.calculations.emit(checksum.calculation, cut=truncates)
            width = ctx.field_type(checksum.target).width
            out.line(f"{ctx.ref(checksum.target)} = {result} & {literal((1 << width) - 1)};")
            ctx.mark_dirty(checksum.target.header)
