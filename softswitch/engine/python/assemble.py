# SPDX-License-Identifier: Apache-2.0
"""The generated module: one function ``run(kind, port, data, ilen, extra)`` that takes a packet once
through the switch, and puts everything it causes into the queues of the engine.

``kind`` says where the packet comes from (:class:`Kind`), ``ilen`` is the length that counters and meters
see, ``extra`` what a copy carries: see :mod:`.engine`.
"""

from __future__ import annotations

import random
import time
from enum import IntEnum
from typing import Any

from softswitch.bmv2json.model import Const, FieldList, FieldRef, LearnList, Program
from softswitch.engine.api import Host
from softswitch.engine.python.actions import Actions
from softswitch.engine.python.calculations import Calculations
from softswitch.engine.python.context import Context
from softswitch.engine.python.controls import ControlCode
from softswitch.engine.python.expressions import Expressions
from softswitch.engine.python.headers import Headers
from softswitch.engine.python.layout import Layout
from softswitch.engine.python.parser import ParserCode


class Kind(IntEnum):
    """Why a packet enters ``run``; the values below 4 enter at the parser."""

    RECEIVED = 0
    RESUBMITTED = 1
    RECIRCULATED = 2
    CLONE_I2E = 3
    REPLICA = 4


#: ``instance_type`` values of BMv2.
NORMAL, INGRESS_CLONE, EGRESS_CLONE, RECIRC, REPLICATION, RESUBMIT = 0, 1, 2, 4, 5, 6

#: Larger than any frame: nothing is cut.
NO_CUT = 1 << 30

#: Names that generated variables must not take.
_RESERVED = (
    "run kind port data ilen extra o n error step node state row hit member slots action leaving clone "
    "clone_list digest resubmit recirculate cut plen parts frame egress_port_ rid_ T depth truth step_ "
    "now_us monotonic_ns from_bytes randint outputs digests push_egress push_ingress sessions groups stats snapshot "
    "session replica parser_step texts __debug__ len bytes min max any bool hex int"
)


class Assembler:
    """Builds source and globals of the generated module."""

    def __init__(self, program: Program, state: Any, host: Host, traced: bool) -> None:
        self.program = program
        names = (
            "standard_metadata.egress_spec",
            "standard_metadata.ingress_port",
            "intrinsic_metadata.mcast_grp",
        )
        engine_fields = [ref for ref in map(program.standard, names) if ref is not None]
        if traced:  # a trace shows every field
            engine_fields += [
                FieldRef(h.name, f.name) for h in program.headers.values() for f in h.type.fields if not h.metadata
            ]
        self.ctx = Context(program, Layout(program, engine_fields), state, host, traced)
        self.ctx.names.reserve(_RESERVED.split())
        self.headers = Headers(self.ctx)
        self.calculations = Calculations(self.ctx, self.headers)
        self.actions = Actions(self.ctx, self.headers, self.calculations)

    def build(self) -> tuple[str, dict[str, Any]]:
        """Source of the module and the objects it refers to."""
        ctx, out = self.ctx, self.ctx.out
        with out.block("def run(kind, port, data, ilen, extra):"):
            out.line("clone = clone_list = digest = resubmit = recirculate = 0")
            out.line(f"cut = {NO_CUT}")
            with out.block("if kind < 4:"):
                self._fresh_state()
                self._enter_parser()
                ParserCode(ctx, self.headers, self.actions).emit()
                if ctx.traced:
                    out.line("T.close_to(depth - 1)")
                    names = {code: name for name, code in self.program.errors.items()}
                    table = ctx.constant("error_names", names, "error_names")
                    with out.block("if error:"):
                        out.line(f"parser_step.data['error'] = {table}.get(error, str(error))")
                self._after_parser()
                with out.block(f"if kind == {Kind.CLONE_I2E.value}:"):
                    self._start_clone()
                with out.block("else:"):
                    self._ingress()
                    self._after_ingress()
            with out.block("else:"):
                out.line(f"{', '.join(self._snapshot_names())}, = extra[0]")
                out.line("egress_port_, rid_, cut = extra[1:]")
                self._set("intrinsic_metadata.egress_rid", "rid_")
            self._egress()
            self._after_egress()
        module: dict[str, Any] = {
            **ctx.constants,
            "texts": ctx.texts.all,
            "from_bytes": int.from_bytes,
            "randint": random.Random().randint,
            "monotonic_ns": time.monotonic_ns,
        }
        return out.text(), module

    # -- pieces

    def _set(self, field: str, code: str) -> None:
        name = self.ctx.std(field)
        if name is not None:
            self.ctx.out.line(f"{name} = {code}")

    def _zero(self, variables: list[str]) -> None:
        varbits = self.ctx.varbit_variables()
        plain = [v for v in variables if v not in varbits and v != "1"]
        for start in range(0, len(plain), 40):
            self.ctx.out.line(f"{' = '.join(plain[start : start + 40])} = 0")
        mine = [v for v in variables if v in varbits]
        if mine:
            self.ctx.out.line(f"{' = '.join(mine)} = b''")

    def _fresh_state(self) -> None:
        out = self.ctx.out
        self._zero(self.ctx.all_variables())
        out.line("o = error = 0")
        out.line("state = -1")
        out.line("n = len(data)")
        if self.ctx.needs_length:
            out.line("plen = n")

    def _enter_parser(self) -> None:
        """Metadata as the parser finds it."""
        out, ctx = self.ctx.out, self.ctx
        with out.block("if not kind:"):
            self._set("standard_metadata.ingress_port", "port")
            self._set("standard_metadata.packet_length", "n")
            timestamp = ctx.std("intrinsic_metadata.ingress_global_timestamp")
            if timestamp is not None:
                out.line(f"{timestamp} = now_us(1) & 0xffffffffffff")
        with out.block(f"elif kind == {Kind.CLONE_I2E.value}:"):
            self._set("standard_metadata.ingress_port", "port")
        with out.block("else:"):
            self._restore_list()
            self._set(
                "standard_metadata.instance_type",
                f"{RESUBMIT} if kind == {Kind.RESUBMITTED.value} else {RECIRC}",
            )
            self._set("standard_metadata.packet_length", "n")
        if ctx.traced:
            out.line("parser_step = T.open('parser')")
            out.line("depth = T.depth")

    def _restore_list(self) -> None:
        """Fields of the list that ``extra`` starts with: (list id, values, ...)."""
        out = self.ctx.out
        branch = "if"
        for item in self.program.field_lists.values():
            names = self._list_names(item)
            if not names:
                continue
            with out.block(f"{branch} extra[0] == {item.id}:"):
                out.line(f"{', '.join(names)}, = extra[1]")
            branch = "elif"

    def _list_names(self, item: FieldList | LearnList) -> list[str]:
        return [self.ctx.ref(e) for e in item.elements if isinstance(e, FieldRef)]

    def _list_values(self, selector: str, result: str) -> None:
        """Emit ``result = (list id, values)`` for the list whose id is in variable ``selector``."""
        out = self.ctx.out
        out.line(f"{result} = ({selector}, ())")
        branch = "if"
        for item in self.program.field_lists.values():
            names = self._list_names(item)
            if not names:
                continue
            with out.block(f"{branch} {selector} == {item.id}:"):
                out.line(f"{result} = ({selector}, ({', '.join(names)},))")
            branch = "elif"

    def _after_parser(self) -> None:
        """Checksum verification and what the parser reports."""
        ctx, out = self.ctx, self.ctx.out
        checksums = [c for c in self.program.checksums if c.verify]
        wrong = ctx.std("standard_metadata.checksum_error")
        if checksums and (wrong is not None or ctx.traced):
            for checksum in checksums:
                scope = Expressions(ctx, f"checksum {checksum.name}")
                tests = [] if ctx.is_metadata(checksum.target.header) else [ctx.valid(checksum.target.header)]
                if checksum.condition is not None:
                    tests.append(f"({scope.condition(checksum.condition)})")
                with out.block(f"if {' and '.join(tests) or 'True'}:"):
                    result = self.calculations.emit(checksum.calculation)
                    target = ctx.ref(checksum.target)
                    if ctx.traced:
                        out.line(f"T.add('checksum', name={ctx.text(checksum.name)}, ok={result} == {target})")
                    if wrong is not None:
                        with out.block(f"if {result} != {target}:"):
                            out.line(f"{wrong} = 1")
        self._set("standard_metadata.parser_error", "error")
        if ctx.traced:
            out.line("T.close()")

    def _start_clone(self) -> None:
        """A clone of the received packet: metadata starts anew, except the fields of its list."""
        out = self.ctx.out
        self._zero(self.ctx.metadata_variables())
        self._restore_list()
        self._set("standard_metadata.instance_type", str(INGRESS_CLONE))
        out.line("egress_port_, rid_, cut = extra[2:]")
        self._set("intrinsic_metadata.egress_rid", "rid_")

    def _ingress(self) -> None:
        if self.ctx.traced:
            self.ctx.out.line("depth = T.depth; T.open('pipeline', name='ingress')")
        ControlCode(self.ctx, self.actions, self.calculations).emit(self.program.ingress)
        if self.ctx.traced:
            self.ctx.out.line("T.close_to(depth)")

    def _after_ingress(self) -> None:
        """Clone, digest, resubmit, multicast, drop or on to egress, in BMv2's order."""
        ctx, out = self.ctx, self.ctx.out
        ops = {p.op for a in self.program.actions.values() for p in a.primitives}
        if any(op.startswith("clone_") for op in ops):
            with out.block("if clone:"):
                out.line("session = sessions.get(clone & 0x7fff)")
                with out.block("if session is not None:"):
                    self._list_values("clone_list", "extra")
                    with out.block("for replica in session.replicas:"):
                        out.line(
                            f"push_egress(({Kind.CLONE_I2E.value}, port, data, ilen, "
                            "(*extra, replica.port, replica.instance, session.packet_length or "
                            f"{NO_CUT})))"
                        )
                out.line("clone = clone_list = 0")
        if "generate_digest" in ops:
            with out.block("if digest:"):
                self._digests()
        if "resubmit" in ops:
            with out.block("if resubmit:"):
                self._list_values("resubmit", "extra")
                out.line(f"push_ingress(({Kind.RESUBMITTED.value}, port, data, ilen, extra))")
                out.line("return")
        group = ctx.std("intrinsic_metadata.mcast_grp")
        if group is not None:
            with out.block(f"if {group}:"):
                self._set("standard_metadata.instance_type", str(REPLICATION))
                out.line(f"snapshot = ({', '.join(self._snapshot_names())},)")
                with out.block(f"for replica in groups.get({group}, ()):"):
                    out.line(
                        f"push_egress(({Kind.REPLICA.value}, port, data, ilen, "
                        f"(snapshot, replica.port, replica.instance, {NO_CUT})))"
                    )
                if ctx.traced:
                    out.line(f"T.add('multicast', group={group}, copies=len(groups.get({group}, ())))")
                out.line("return")
        spec = ctx.std("standard_metadata.egress_spec")
        with out.block(f"if {spec} == {ctx.host.drop_port}:"):
            out.line("stats.dropped += 1")
            if ctx.traced:
                out.line("T.add('drop', where='ingress', why='egress_spec is the drop port')")
            out.line("return")
        self._set("standard_metadata.instance_type", str(NORMAL))
        priority = ctx.std("intrinsic_metadata.priority")
        if priority is not None:
            # simple_switch has one queue per port unless told otherwise, and drops what asks for another
            with out.block(f"if {priority}:"):
                out.line("stats.dropped += 1")
                if ctx.traced:
                    out.line("T.add('drop', where='queue', why='priority out of range')")
                out.line("return")
        out.line(f"egress_port_ = {spec}")

    def _digests(self) -> None:
        out = self.ctx.out
        branch = "if"
        for item in self.program.learn_lists.values():
            values = []
            for element in item.elements:
                if isinstance(element, FieldRef):
                    kind = self.ctx.field_type(element)
                    code = self.ctx.ref(element)
                    if kind.varbit:
                        code = f"from_bytes({code}, 'big')"
                    elif kind.signed:
                        code = f"{code} & {hex((1 << kind.width) - 1)}"
                    values.append(code)
                elif isinstance(element, Const):
                    values.append(str(element.value))
            with out.block(f"{branch} digest == {item.id}:"):
                out.line(f"digests.append(({self.ctx.text(item.name)}, ({', '.join(values)},)))")
                if self.ctx.traced:
                    out.line(f"T.add('effect', text='digest ' + {self.ctx.text(item.name)})")
            branch = "elif"
        if branch == "if":
            out.line("pass")

    def _snapshot_names(self) -> list[str]:
        return [v for v in self.ctx.all_variables() if v != "1"] + [
            "o",
            *(["plen"] if self.ctx.needs_length else []),
        ]

    def _egress(self) -> None:
        ctx, out = self.ctx, self.ctx.out
        timestamp = ctx.std("intrinsic_metadata.egress_global_timestamp")
        if timestamp is not None:
            out.line(f"{timestamp} = now_us(1) & 0xffffffffffff")
        enqueued = ctx.std("queueing_metadata.enq_timestamp")
        if enqueued is not None:
            out.line(f"{enqueued} = now_us(1) & 0xffffffff")
        for name in ("enq_qdepth", "deq_timedelta", "deq_qdepth"):
            self._set(f"queueing_metadata.{name}", "0")
        self._set("standard_metadata.egress_port", "egress_port_")
        spec = self.program.standard("standard_metadata.egress_spec")
        assert spec is not None
        width = self.program.field_width(spec)
        self._set("standard_metadata.egress_spec", str((ctx.host.drop_port + 1) & ((1 << width) - 1)))
        self._set("standard_metadata.packet_length", "plen & 0xffffffff")
        if ctx.traced:
            out.line("depth = T.depth; T.open('pipeline', name='egress')")
        ControlCode(ctx, self.actions, self.calculations).emit(self.program.egress)
        if ctx.traced:
            out.line("T.close_to(depth)")

    def _after_egress(self) -> None:
        ctx, out = self.ctx, self.ctx.out
        if any(p.op.startswith("clone_") for a in self.program.actions.values() for p in a.primitives):
            with out.block("if clone:"):
                out.line("session = sessions.get(clone & 0x7fff)")
                with out.block("if session is not None:"):
                    self._egress_clone()
        spec = ctx.std("standard_metadata.egress_spec")
        with out.block(f"if {spec} == {ctx.host.drop_port}:"):
            out.line("stats.dropped += 1")
            if ctx.traced:
                out.line("T.add('drop', where='egress', why='egress_spec is the drop port')")
            out.line("return")
        self._deparse()
        recirculates = any(p.op == "recirculate" for a in self.program.actions.values() for p in a.primitives)
        if recirculates:
            with out.block("if recirculate:"):
                self._list_values("recirculate", "extra")
                out.line(f"push_ingress(({Kind.RECIRCULATED.value}, port, frame, len(frame), extra))")
                out.line("return")
        with out.block(f"if cut < {NO_CUT}:"):
            out.line("frame = frame[:cut]")
        out.line("outputs.append((egress_port_, frame))")
        if ctx.traced:
            out.line("T.add('output', port=egress_port_, length=len(frame), frame=frame.hex())")

    def _egress_clone(self) -> None:
        """Copies of the packet at the end of egress: headers as they are, metadata anew but for the list."""
        ctx, out = self.ctx, self.ctx.out
        metadata = set(ctx.metadata_variables())
        varbits = ctx.varbit_variables()
        type_field = ctx.std("standard_metadata.instance_type")
        branch = "if"
        lists = [item for item in self.program.field_lists.values() if self._list_names(item)]

        def snapshot(kept: set[str]) -> str:
            values = []
            for name in self._snapshot_names():
                if name == type_field:
                    values.append(str(EGRESS_CLONE))
                elif name in metadata and name not in kept:
                    values.append("b''" if name in varbits else "0")
                else:
                    values.append(name)
            return f"snapshot = ({', '.join(values)},)"

        for item in lists:
            with out.block(f"{branch} clone_list == {item.id}:"):
                out.line(snapshot(set(self._list_names(item))))
            branch = "elif"
        if lists:
            with out.block("else:"):
                out.line(snapshot(set()))
        else:
            out.line(snapshot(set()))
        with out.block("for replica in session.replicas:"):
            out.line(
                f"push_egress(({Kind.REPLICA.value}, port, data, ilen, (snapshot, replica.port, "
                f"replica.instance, session.packet_length or {NO_CUT})))"
            )

    def _deparse(self) -> None:
        """Update checksums, then emit ``frame``."""
        ctx, out = self.ctx, self.ctx.out
        for checksum in self.program.checksums:
            if not checksum.update:
                continue
            scope = Expressions(ctx, f"checksum {checksum.name}")

            def update(checksum: Any = checksum, scope: Expressions = scope) -> None:
                payload = "data[o:][:cut]" if self._truncates() else "data[o:]"
                result = self.calculations.emit(checksum.calculation, payload)
                kind = ctx.field_type(checksum.target)
                out.line(f"{ctx.ref(checksum.target)} = {result} & {hex((1 << kind.width) - 1)}")
                ctx.mark_dirty(checksum.target.header)

            if checksum.condition is None:
                update()
            else:
                with out.block(f"if {scope.condition(checksum.condition)}:"):
                    update()
        if self.program.deparser_primitives:
            self.actions.primitives(self.program.deparser_primitives, Expressions(ctx, "deparser"))
        out.line("parts = []")
        for header in self.program.deparser:
            if ctx.is_metadata(header):
                continue
            off = ctx.offset(header)
            usage = ctx.layout.usage(header)
            with out.block(f"if {ctx.valid(header)}:"):
                clean = f"data[{off}:{off} + {self.headers.size(header)}]"
                if not usage.written and not usage.fresh:
                    out.line(f"parts.append({clean})")
                    continue
                with out.block(f"if not {ctx.dirty(header)}:"):
                    out.line(f"parts.append({clean})")
                if usage.written:
                    with out.block(f"elif {off} >= 0:"):
                        out.line(f"parts.append({self.headers.pack(header)})")
                with out.block("else:"):
                    out.line(f"parts.append({self.headers.pack_fresh(header)})")
        out.line("parts.append(data[o:])")
        out.line("frame = b''.join(parts)")

    def _truncates(self) -> bool:
        return any(p.op == "truncate" for a in self.program.actions.values() for p in a.primitives)
