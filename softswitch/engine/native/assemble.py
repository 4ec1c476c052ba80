# SPDX-License-Identifier: Apache-2.0
"""The generated C file: ``run`` takes a packet once through the switch and queues everything it causes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from p4rtlib.gcpause import gc_paused
from softswitch.bmv2json import model
from softswitch.bmv2json.errors import too_deep
from softswitch.engine.lowered.model import Checksum, InstanceType, Kind, Program, Step
from softswitch.engine.lowered.objects import Field
from softswitch.engine.lowered.program import lower
from softswitch.engine.lowered.statements import CLONE_SESSIONS, Assign, Truncate
from softswitch.engine.lowered.values import Read
from softswitch.engine.native.calculations import Calculations
from softswitch.engine.native.context import Context
from softswitch.engine.native.controls import ControlCode
from softswitch.engine.native.parser import ParserCode
from softswitch.engine.native.plans import TablePlan, plan
from softswitch.engine.native.statements import Statements, function
from softswitch.engine.native.storage import Storage
from softswitch.engine.native.values import Value


@dataclass(slots=True)
class Generated:
    """C source and what the engine must know of it."""

    source: str
    plans: dict[str, TablePlan]
    #: texts of log messages and assertions by number
    messages: list[str]
    #: names of digests by number
    digests: dict[int, str]


@lru_cache(maxsize=model.KEPT)
def generate(program: model.Program, drop_port: int) -> Generated:
    """C for ``program``; raises UnsupportedProgram."""
    plans = {name: plan(table) for name, table in program.tables.items()}
    with gc_paused():
        try:
            assembler = _Assembler(lower(program, drop_port), list(plans.values()))
            source = assembler.build()
        except RecursionError:
            raise too_deep() from None
    digests = {item.id: item.name for item in program.learn_lists.values()}
    return Generated(source, plans, assembler.ctx.texts.all, digests)


class _Assembler:
    def __init__(self, program: Program, plans: list[TablePlan]) -> None:
        self.program = program
        self.plans = plans
        self.ctx = Context(program)
        self.storage = Storage(self.ctx)
        self.calculations = Calculations(self.ctx, self.storage)
        self.controls = ControlCode(self.ctx, self.storage, self.calculations, plans)
        self._steps: dict[Step, Callable[[], None]] = {
            Step.CLONE_INGRESS: self._clone_ingress,
            Step.DIGEST: self._digest,
            Step.RESUBMIT: self._resubmit,
            Step.MULTICAST: self._multicast,
            Step.DROP_INGRESS: self._drop_port,
            Step.DROP_QUEUE: self._drop_queue,
            Step.ENQUEUE: self._enqueue,
            Step.CLONE_EGRESS: self._clone_egress,
            Step.DROP_EGRESS: self._drop_port,
            Step.UPDATE: self._update,
            Step.DEPARSE: self._deparse,
            Step.RECIRCULATE: self._recirculate,
            Step.SEND: self._send,
        }

    def build(self) -> str:
        ctx, out, program = self.ctx, self.ctx.out, self.program
        for name, count in (
            ("NTABLES", len(self.plans)),
            ("NCOUNTERS", len(program.counters)),
            ("NMETERS", len(program.meters)),
            ("NREGISTERS", len(program.registers)),
            ("NVALUESETS", len(program.value_sets)),
            # all selectors share one number behind those of the program
            ("NCALCULATIONS", len(program.calculations) + 1),
        ):
            out.line(f"#define {name} {count}")
        if ctx.turns.everywhere:
            out.line("#define LANES 1")
        out.line('#include "numbers.h"')
        sizes = [*(str(meter.size) for meter in program.meters), "0"]
        out.line(f"static const u64 meter_sizes[NMETERS + 1] = {{{', '.join(sizes)}}};")
        with out.block("struct pkt", "};"):
            for line in ctx.declare():
                out.line(line)
        out.line('#include "runtime.h"')
        for action in program.actions:
            function(ctx, self.storage, self.calculations, action)
        with out.block("static int run(struct sw *S, struct worker *W, struct lane *L)"):
            self._run()
        out.line('#include "packets.h"')
        return out.text()

    def _run(self) -> None:
        ctx, out, program = self.ctx, self.ctx.out, self.program
        for line in (
            "struct pkt *const m = &L->pkt;",
            "const struct item *const it = &L->item;",
            "const u8 *const data = it->data;",
            "const u32 n = it->n;",
            "struct marks *const x = &L->marks;",
            "u32 error = 0, rounds UNUSED = 0;",
            "int rc UNUSED = GO_ON, leaving UNUSED = GO_ON;",
        ):
            out.line(line)
        out.line("if (L->resume) goto resume;")
        out.line("*x = (struct marks){.cut = NO_CUT};")
        with out.block("if (it->kind == REPLICA)"):
            out.line("memcpy(m, it->kept, sizeof *m);")
            out.line("L->egress_port = it->egress_port; x->cut = it->cut;")
            self._assign(program.entering[Kind.REPLICA])
            out.line("goto to_egress;")
        out.line("clear(m, 0, sizeof *m);")
        out.line("m->plen = n;")
        self._enter_parser()
        ParserCode(ctx, self.storage, self.calculations).emit()
        out.line("accept:;")
        self._after_parser()
        with out.block("if (it->kind == CLONE_I2E)"):
            self._start_clone()
            out.line("goto to_egress;")
        self.controls.emit(program.ingress, "ingress")
        self._run_steps(program.after_ingress)
        out.line("to_egress:;")
        self._assign(program.dequeued)
        self.controls.emit(program.egress, "egress")
        self._run_steps(program.after_egress)
        out.line("return GO_ON;")
        out.line("resume:;")
        with out.block("switch (L->resume)"):
            for number in range(1, ctx.resumptions + 1):
                out.line(f"case {number}: goto resume_{number};")
        out.line("fault: UNUSED;")
        out.line("return FAULT;")

    # -- pieces

    def _run_steps(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._steps[step]()

    def _statements(self, where: str) -> Statements:
        return Statements(self.ctx, self.storage, self.calculations, where)

    def _assign(self, assignments: Iterable[Assign]) -> None:
        self._statements("standard metadata").run(assignments)

    def _enter_parser(self) -> None:
        """Metadata as the parser finds it."""
        out, entering = self.ctx.out, self.program.entering
        with out.block("switch (it->kind)"):
            for kind in (Kind.RECEIVED, Kind.CLONE_I2E, Kind.RESUBMITTED, Kind.RECIRCULATED):
                with out.block(f"case {kind.name}:"):
                    if kind in (Kind.RESUBMITTED, Kind.RECIRCULATED):
                        self._restore_list()
                    self._assign(entering[kind])
                    out.line("break;")

    def _per_list(self, selector: str, body: Callable[[Iterable[Field]], None]) -> None:
        """Print a switch over the field lists."""
        out = self.ctx.out
        if not self.program.field_lists:
            return
        with out.block(f"switch ({selector})"):
            for item in self.program.field_lists:
                with out.block(f"case {item.id}:"):
                    body(item.fields)
                    out.line("break;")

    def _restore_list(self) -> None:
        def restore(fields: Iterable[Field]) -> None:
            for field in fields:
                self.ctx.out.line(f"m->{self.ctx.member(field)} = it->kept->{self.ctx.member(field)};")

        self._per_list("it->list", restore)

    def _after_parser(self) -> None:
        """Checksum verification and what the parser reports."""
        ctx, wrong = self.ctx, self.program.checksum_error
        for checksum in self.program.verified if wrong is not None else ():
            assert wrong is not None
            tests = [] if checksum.guard is None else [ctx.valid(checksum.guard)]
            tests += self._condition(checksum)
            with ctx.out.block(f"if ({' && '.join(tests) or '1'})"):
                result = self.calculations.emit(checksum.calculation)
                ctx.out.line(f"if ({result} != {ctx.field(checksum.target)}) {ctx.field(wrong)} = 1;")
        self._assign(self.program.parsed)

    def _condition(self, checksum: Checksum) -> list[str]:
        if checksum.condition is None:
            return []
        return [self._statements(f"checksum {checksum.name}").values.truth(checksum.condition)]

    def _start_clone(self) -> None:
        """A clone of the received packet: metadata starts anew, except the fields of its list."""
        self._zero_metadata("m")
        self._restore_list()
        self.ctx.out.line("L->egress_port = it->egress_port; x->cut = it->cut;")
        self._assign(self.program.cloned)

    def _zero_metadata(self, where: str) -> None:
        for field in self.ctx.metadata():
            zero = "(struct vb){0}" if field.varbit else "0"
            self.ctx.out.line(f"{where}->{self.ctx.member(field)} = {zero};")

    def _wait(self) -> None:
        """Print what goes before a copy is queued: the packet and its copies will not give way any more."""
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

    # -- steps

    def _clone_ingress(self) -> None:
        out = self.ctx.out
        with out.block("if (x->clone)"):
            self._wait()
            out.line(f"const struct copies *session = S->sessions[x->clone & {CLONE_SESSIONS}];")
            with out.block("if (session)"):
                self._snapshot()
                self._push_copies("session", ".kind = CLONE_I2E, .list = x->clone_list", True)
            out.line("x->clone = x->clone_list = 0;")

    def _digest(self) -> None:
        out = self.ctx.out
        with out.block("if (x->digest)"), out.block("switch (x->digest)"):
            for item in self.program.digests:
                values = self._statements(f"digest {item.name}").values
                if any(isinstance(value, Read) and value.field.varbit for value in item.values):
                    raise values.refuse("variable-length field in a digest")
                codes = [values.number(value).cast("u128") for value in item.values]
                with out.block(f"case {item.id}:"):
                    out.line(f"const u128 values[] = {{{', '.join(codes) or '0'}}};")
                    out.line(f"event(W, EVENT_DIGEST, {item.id}, {len(codes)}, values);")
                    out.line("break;")

    def _resubmit(self) -> None:
        out = self.ctx.out
        with out.block("if (x->resubmit)"):
            self._wait()
            self._snapshot()
            out.line(
                "const struct item again = {.kind = RESUBMITTED, .port = it->port, .n = n, .ilen = it->ilen, "
                ".data = data, .list = x->resubmit, .kept = kept, .cut = NO_CUT};"
            )
            out.line("push(W, &W->ingress, &again);")
            out.line("return GO_ON;")

    def _multicast(self) -> None:
        out = self.ctx.out
        assert self.program.multicast_group is not None
        group = self.ctx.field(self.program.multicast_group)
        with out.block(f"if ({group})"):
            self._wait()
            self._assign(self.program.replicated)
            out.line(f"const struct copies *group = S->multicast[{group} & 0xffff];")
            with out.block("if (group)"):
                self._snapshot()
                self._push_copies("group", ".kind = REPLICA", False)
            out.line("return GO_ON;")

    def _drop(self, test: str) -> None:
        self.ctx.out.line(f"if ({test}) {{ W->head.dropped++; return GO_ON; }}")

    def _drop_port(self) -> None:
        self._drop(f"{self.ctx.field(self.program.egress_spec)} == {self.program.drop_port}")

    def _drop_queue(self) -> None:
        assert self.program.priority is not None
        self._drop(self.ctx.field(self.program.priority))

    def _enqueue(self) -> None:
        self._assign(self.program.queued)
        self.ctx.out.line(f"L->egress_port = {self.ctx.field(self.program.egress_spec)};")

    def _clone_egress(self) -> None:
        """Copies of the packet at the end of egress: headers as they are, metadata anew but for the list."""
        ctx, out = self.ctx, self.ctx.out
        with out.block("if (x->clone)"):
            self._wait()
            out.line(f"const struct copies *session = S->sessions[x->clone & {CLONE_SESSIONS}];")
            with out.block("if (session)"):
                self._snapshot()
                self._zero_metadata("kept")

                def restore(fields: Iterable[Field]) -> None:
                    for field in fields:
                        out.line(f"kept->{ctx.member(field)} = m->{ctx.member(field)};")

                self._per_list("x->clone_list", restore)
                if self.program.instance_type is not None:
                    out.line(f"kept->{ctx.member(self.program.instance_type)} = {InstanceType.EGRESS_CLONE.value};")
                self._push_copies("session", ".kind = REPLICA", True)

    def _update(self) -> None:
        out, truncates = self.ctx.out, Truncate in self.program.uses
        for checksum in self.program.updated:
            with out.block(""):
                if truncates:
                    out.line("const u32 cut = x->cut;")
                with out.block(f"if ({' && '.join(self._condition(checksum)) or '1'})"):
                    result = self.calculations.emit(checksum.calculation, cut=truncates)
                    statements = self._statements(f"checksum {checksum.name}")
                    statements.store(checksum.target, Value(result, 0, (1 << 64) - 1))

    def _deparse(self) -> None:
        """Print ``frame`` and its ``length``."""
        ctx, out, headers = self.ctx, self.ctx.out, self.program.emitted
        if Step.RECIRCULATE in self.program.after_egress:
            with out.block("if (x->recirculate)"):
                self._wait()
        self._statements("deparser").body(self.program.deparser_body)
        out.line(f"u8 *const frame = frame_room(W, {sum(h.max_size for h in headers)} + (u64)n), *to = frame;")
        for header in headers:
            with out.block(f"if ({ctx.valid(header)})"):
                self.storage.serialise(header, "to")
        out.line("memcpy(to, data + m->o, n - m->o);")
        out.line("const u32 length = (u32)(to - frame) + n - m->o;")

    def _recirculate(self) -> None:
        out = self.ctx.out
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

    def _send(self) -> None:
        self.ctx.out.line("frame_out(W, L->egress_port, length < x->cut ? length : x->cut);")
