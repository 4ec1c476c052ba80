# SPDX-License-Identifier: Apache-2.0
"""The generated module: one function ``run(kind, port, data, ilen, extra)`` that takes a packet once
through the switch, and puts everything it causes into the queues of the engine.

``kind`` says where the packet comes from (``Kind`` of the lowered program), ``ilen`` is the length that counters and
meters see, ``extra`` what a copy carries: see :mod:`.engine`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from softswitch.engine.lowered.model import Checksum, InstanceType, Kind, Program, Step
from softswitch.engine.lowered.objects import Field
from softswitch.engine.lowered.statements import CLONE_SESSIONS, Truncate
from softswitch.engine.lowered.values import Read
from softswitch.engine.python.calculations import Calculations
from softswitch.engine.python.context import Context
from softswitch.engine.python.controls import ControlCode
from softswitch.engine.python.headers import Headers
from softswitch.engine.python.parser import ParserCode
from softswitch.engine.python.statements import Statements
from softswitch.state.state import State

#: Larger than any frame: nothing is cut.
NO_CUT = 1 << 30

#: Names that generated variables must not take.
_RESERVED = (
    "run kind port data ilen extra o n error step node state row hit member slots action leaving clone "
    "clone_list digest resubmit recirculate cut plen parts frame egress_port_ rid_ T depth truth step_ "
    "rounds now_us monotonic_ns from_bytes randint outputs digests push_egress push_ingress sessions groups stats "
    "snapshot session replica parser_step texts __debug__ len bytes min max any bool hex int"
)


class Generated(NamedTuple):
    """A generated module, for the state of any switch that runs the program."""

    source: str
    constants: Mapping[str, Any]
    #: how to find in the state the objects that it refers to
    state_objects: Mapping[str, Callable[[State], Any]]


class Assembler:
    """Builds source and globals of the generated module."""

    def __init__(self, program: Program, traced: bool, dry: bool = False) -> None:
        self.program = program
        self.ctx = Context(program, traced, dry)
        self.ctx.names.reserve(_RESERVED.split())
        self.headers = Headers(self.ctx)
        self.calculations = Calculations(self.ctx, self.headers)
        self.statements = Statements(self.ctx, self.headers, self.calculations)
        self.controls = ControlCode(self.ctx, self.headers, self.calculations)
        self._steps: dict[Step, Callable[[], None]] = {
            Step.CLONE_INGRESS: self._clone_ingress,
            Step.DIGEST: self._digest,
            Step.RESUBMIT: self._resubmit,
            Step.MULTICAST: self._multicast,
            Step.DROP_INGRESS: lambda: self._drop_port("ingress"),
            Step.DROP_QUEUE: self._drop_queue,
            Step.ENQUEUE: self._enqueue,
            Step.CLONE_EGRESS: self._clone_egress,
            Step.DROP_EGRESS: lambda: self._drop_port("egress"),
            Step.UPDATE: self._update,
            Step.DEPARSE: self._deparse,
            Step.RECIRCULATE: self._recirculate,
            Step.SEND: self._send,
        }

    def build(self) -> Generated:
        """The module."""
        ctx, out, program = self.ctx, self.ctx.out, self.program
        with out.block("def run(kind, port, data, ilen, extra):"):
            out.line("clone = clone_list = digest = resubmit = recirculate = 0")
            out.line(f"cut = {NO_CUT}")
            with out.block("if kind < 4:"):
                self._fresh_state()
                self._enter_parser()
                ParserCode(ctx, self.statements).emit()
                self._after_parser()
                with out.block(f"if kind == {Kind.CLONE_I2E.value}:"):
                    self._start_clone()
                with out.block("else:"):
                    self._pipeline("ingress")
                    self._run_steps(program.after_ingress)
            with out.block("else:"):
                out.line(f"{', '.join(self._snapshot_names())}, = extra[0]")
                out.line("egress_port_, rid_, cut = extra[1:]")
                self.statements.run(program.entering[Kind.REPLICA])
            self.statements.run(program.dequeued)
            self._pipeline("egress")
            self._run_steps(program.after_egress)
        constants: dict[str, Any] = {
            **ctx.constants,
            "texts": ctx.texts.all,
            "from_bytes": int.from_bytes,
            "monotonic_ns": time.monotonic_ns,
        }
        return Generated(out.text(), constants, ctx.state_objects)

    # -- pieces

    def _run_steps(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._steps[step]()

    def _trace(self, line: str) -> None:
        if self.ctx.traced:
            self.ctx.out.line(line)

    def _zero(self, variables: list[str]) -> None:
        varbits = self.ctx.varbit_variables()
        plain = [v for v in variables if v not in varbits]
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
        if self.program.needs_length:
            out.line("plen = n")

    def _enter_parser(self) -> None:
        """Metadata as the parser finds it."""
        out, entering = self.ctx.out, self.program.entering
        with out.block("if not kind:"):
            self.statements.run(entering[Kind.RECEIVED])
        with out.block(f"elif kind == {Kind.CLONE_I2E.value}:"):
            self.statements.run(entering[Kind.CLONE_I2E])
        for kind in (Kind.RESUBMITTED, Kind.RECIRCULATED):
            with out.block(f"elif kind == {kind.value}:"):
                self._restore_list()
                self.statements.run(entering[kind])
        self._trace("parser_step = T.open('parser')")
        self._trace("depth = T.depth")

    def _names(self, fields: Iterable[Field]) -> str:
        return "".join(f"{self.ctx.field(field)}, " for field in fields).rstrip()

    def _restore_list(self) -> None:
        """Fields of the list that ``extra`` starts with: (list id, values, ...)."""
        branch = "if"
        for item in self.program.field_lists:
            with self.ctx.out.block(f"{branch} extra[0] == {item.id}:"):
                self.ctx.out.line(f"{self._names(item.fields)} = extra[1]")
            branch = "elif"

    def _list_values(self, selector: str, result: str) -> None:
        """Print ``result = (list id, values)`` for the list whose id is in variable ``selector``."""
        out = self.ctx.out
        out.line(f"{result} = ({selector}, ())")
        branch = "if"
        for item in self.program.field_lists:
            with out.block(f"{branch} {selector} == {item.id}:"):
                out.line(f"{result} = ({selector}, ({self._names(item.fields)}))")
            branch = "elif"

    def _after_parser(self) -> None:
        """Checksum verification and what the parser reports."""
        ctx, out = self.ctx, self.ctx.out
        if ctx.traced:
            out.line("T.close_to(depth - 1)")
            table = ctx.constant("error_names", self.program.errors, "error_names")
            with out.block("if error:"):
                out.line(f"parser_step.data['error'] = {table}.get(error, str(error))")
        for checksum in self.program.verified:
            self._verify(checksum)
        self.statements.run(self.program.parsed)
        self._trace("T.close()")

    def _verify(self, checksum: Checksum) -> None:
        ctx, out, wrong = self.ctx, self.ctx.out, self.program.checksum_error
        if wrong is None and not ctx.traced:
            return
        tests = [] if checksum.guard is None else [ctx.valid(checksum.guard)]
        if checksum.condition is not None:
            tests.append(self.statements.values.code(checksum.condition))
        with out.block(f"if {' and '.join(tests) or 'True'}:"):
            result = self.calculations.emit(checksum.calculation)
            target = ctx.field(checksum.target)
            self._trace(f"T.add('checksum', name={ctx.text(checksum.name)}, ok={result} == {target})")
            if wrong is not None:
                with out.block(f"if {result} != {target}:"):
                    out.line(f"{ctx.field(wrong)} = 1")

    def _start_clone(self) -> None:
        """A clone of the received packet: metadata starts anew, except the fields of its list."""
        self._zero(self.ctx.metadata_variables())
        self._restore_list()
        self.ctx.out.line("egress_port_, rid_, cut = extra[2:]")
        self.statements.run(self.program.cloned)

    def _pipeline(self, name: str) -> None:
        self._trace(f"depth = T.depth; T.open('pipeline', name='{name}')")
        self.controls.emit(self.program.ingress if name == "ingress" else self.program.egress)
        self._trace("T.close_to(depth)")

    # -- steps

    def _clone_ingress(self) -> None:
        out = self.ctx.out
        with out.block("if clone:"):
            out.line(f"session = sessions.get(clone & {CLONE_SESSIONS})")
            with out.block("if session is not None:"):
                self._list_values("clone_list", "extra")
                with out.block("for replica in session.replicas:"):
                    out.line(
                        f"push_egress(({Kind.CLONE_I2E.value}, port, data, ilen, "
                        f"(*extra, replica.port, replica.instance, session.packet_length or {NO_CUT})))"
                    )
            out.line("clone = clone_list = 0")

    def _digest(self) -> None:
        ctx, out = self.ctx, self.ctx.out
        branch = "if"
        for item in self.program.digests:
            values = "".join(f"{self._digest_value(value)}, " for value in item.values)
            with out.block(f"{branch} digest == {item.id}:"):
                out.line(f"digests.append(({ctx.text(item.name)}, ({values})))")
                self._trace(f"T.add('effect', text='digest ' + {ctx.text(item.name)})")
            branch = "elif"

    def _digest_value(self, value: Any) -> str:
        code = self.statements.values.code(value)
        return f"from_bytes({code}, 'big')" if isinstance(value, Read) and value.field.varbit else code

    def _resubmit(self) -> None:
        out = self.ctx.out
        with out.block("if resubmit:"):
            self._list_values("resubmit", "extra")
            out.line(f"push_ingress(({Kind.RESUBMITTED.value}, port, data, ilen, extra))")
            out.line("return")

    def _multicast(self) -> None:
        out = self.ctx.out
        assert self.program.multicast_group is not None
        group = self.ctx.field(self.program.multicast_group)
        with out.block(f"if {group}:"):
            self.statements.run(self.program.replicated)
            out.line(f"snapshot = ({', '.join(self._snapshot_names())},)")
            with out.block(f"for replica in groups.get({group}, ()):"):
                out.line(
                    f"push_egress(({Kind.REPLICA.value}, port, data, ilen, "
                    f"(snapshot, replica.port, replica.instance, {NO_CUT})))"
                )
            self._trace(f"T.add('multicast', group={group}, copies=len(groups.get({group}, ())))")
            out.line("return")

    def _drop(self, test: str, where: str, why: str) -> None:
        out = self.ctx.out
        with out.block(f"if {test}:"):
            out.line("stats.dropped += 1")
            self._trace(f"T.add('drop', where='{where}', why='{why}')")
            out.line("return")

    def _drop_port(self, where: str) -> None:
        spec = self.ctx.field(self.program.egress_spec)
        self._drop(f"{spec} == {self.program.drop_port}", where, "egress_spec is the drop port")

    def _drop_queue(self) -> None:
        assert self.program.priority is not None
        self._drop(self.ctx.field(self.program.priority), "queue", "priority out of range")

    def _enqueue(self) -> None:
        self.statements.run(self.program.queued)
        self.ctx.out.line(f"egress_port_ = {self.ctx.field(self.program.egress_spec)}")

    def _snapshot_names(self) -> list[str]:
        return [*self.ctx.all_variables(), "o", *(["plen"] if self.program.needs_length else [])]

    def _clone_egress(self) -> None:
        """Copies of the packet at the end of egress: headers as they are, metadata anew but for the list."""
        out = self.ctx.out
        with out.block("if clone:"):
            out.line(f"session = sessions.get(clone & {CLONE_SESSIONS})")
            with out.block("if session is not None:"):
                branch = "if"
                for item in self.program.field_lists:
                    with out.block(f"{branch} clone_list == {item.id}:"):
                        self._clone_snapshot(item.fields)
                    branch = "elif"
                with out.block("else:" if branch == "elif" else "if True:"):
                    self._clone_snapshot(())
                with out.block("for replica in session.replicas:"):
                    out.line(
                        f"push_egress(({Kind.REPLICA.value}, port, data, ilen, (snapshot, replica.port, "
                        f"replica.instance, session.packet_length or {NO_CUT})))"
                    )

    def _clone_snapshot(self, kept: Iterable[Field]) -> None:
        ctx = self.ctx
        values = {name: name for name in self._snapshot_names()}
        varbits = ctx.varbit_variables()
        values.update((name, "b''" if name in varbits else "0") for name in ctx.metadata_variables())
        values.update((ctx.field(field), ctx.field(field)) for field in kept)
        if self.program.instance_type is not None:
            values[ctx.field(self.program.instance_type)] = str(InstanceType.EGRESS_CLONE.value)
        ctx.out.line(f"snapshot = ({', '.join(values.values())},)")

    def _update(self) -> None:
        payload = "data[o:][:cut]" if Truncate in self.program.uses else "data[o:]"
        for checksum in self.program.updated:
            condition = "True" if checksum.condition is None else self.statements.values.code(checksum.condition)
            with self.ctx.out.block(f"if {condition}:"):
                result = self.calculations.emit(checksum.calculation, payload)
                self.statements.store(checksum.target, result, 0, (1 << 64) - 1)

    def _deparse(self) -> None:
        """Print ``frame``."""
        ctx, out = self.ctx, self.ctx.out
        self.statements.body(self.program.deparser_body)
        out.line("parts = []")
        for header in self.program.emitted:
            off = ctx.offset(header)
            with out.block(f"if {ctx.valid(header)}:"):
                clean = f"data[{off}:{off} + {self.headers.size(header)}]"
                if not header.written and not header.fresh:
                    out.line(f"parts.append({clean})")
                    continue
                with out.block(f"if not {ctx.dirty(header)}:"):
                    out.line(f"parts.append({clean})")
                if header.written:
                    with out.block(f"elif {off} >= 0:"):
                        out.line(f"parts.append({self.headers.pack(header)})")
                with out.block("else:"):
                    out.line(f"parts.append({self.headers.pack_fresh(header)})")
        out.line("parts.append(data[o:])")
        out.line("frame = b''.join(parts)")

    def _recirculate(self) -> None:
        out = self.ctx.out
        with out.block("if recirculate:"):
            self._list_values("recirculate", "extra")
            out.line(f"push_ingress(({Kind.RECIRCULATED.value}, port, frame, len(frame), extra))")
            out.line("return")

    def _send(self) -> None:
        out = self.ctx.out
        with out.block(f"if cut < {NO_CUT}:"):
            out.line("frame = frame[:cut]")
        out.line("outputs.append((egress_port_, frame))")
        self._trace("T.add('output', port=egress_port_, length=len(frame), frame=frame.hex())")
