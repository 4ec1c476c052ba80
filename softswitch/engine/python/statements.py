# SPDX-License-Identifier: Apache-2.0
"""Statements as Python source, and the jumps between blocks of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from softswitch.engine.lowered import statements as s
from softswitch.engine.lowered.objects import Field
from softswitch.engine.lowered.values import Cell, Constant, Number
from softswitch.engine.python.calculations import Calculations
from softswitch.engine.python.context import Context
from softswitch.engine.python.graph import FlowGraph, Structurer, dispatch
from softswitch.engine.python.headers import Headers
from softswitch.engine.python.runtime import AssertionFailed, TooManyRounds, format_log, unspent
from softswitch.engine.python.values import Values, fit

_log = logging.getLogger("softswitch.program")


class Statements:
    """Prints statements at the writer's position, those of an action with the variables of its parameters.

    ``break`` leaves the enclosing loop, which runs once: the pipeline or the parser.
    """

    def __init__(self, ctx: Context, headers: Headers, calculations: Calculations, params: Sequence[str] = ()) -> None:
        self.ctx = ctx
        self.headers = headers
        self.calculations = calculations
        self.values = Values(ctx, params)
        code = self.values.code
        line = ctx.out.line
        self._printers: dict[type, Callable[[Any], object]] = {
            s.Assign: lambda x: self.store(x.target, code(x.value), x.value.low, x.value.high),
            s.AssignOctets: self._assign_octets,
            s.Copy: lambda x: headers.copy(x.target, x.source),
            s.CopyFill: lambda x: line(f"{ctx.next(x.target)} = {ctx.next(x.source)}"),
            s.Add: self._add,
            s.Remove: self._remove,
            s.Shift: self._shift,
            s.Each: lambda x: self._choose(code(x.index), x.bodies, self.run),
            s.Count: self._count,
            s.ExecuteMeter: self._execute_meter,
            s.ReadRegister: self._read_register,
            s.WriteRegister: self._write_register,
            s.Hash: self._hash,
            s.Random: self._random,
            s.SendDigest: lambda x: line(f"digest = {code(x.number)}"),
            s.Clone: self._clone,
            s.Resubmit: lambda x: line(f"resubmit = {code(x.kept)}"),
            s.Recirculate: lambda x: line(f"recirculate = {code(x.kept)}"),
            s.Truncate: lambda x: line(f"cut = min(cut, {code(x.length)})"),
            s.Log: self._log,
            s.Assert: self._assert,
            s.Exit: lambda x: line("break" if x.last else "leaving = 1"),
            s.Need: lambda x: self._unless(f"n - o < {x.size}", x.error),
            s.Fail: lambda x: self._fail(x.error),
            s.Verify: self._verify,
            s.Skip: lambda x: line(f"o += {x.size}"),
            s.SkipBits: self._skip_bits,
            s.Extract: self._extract,
            s.ExtractNext: self._extract_next,
            s.Note: lambda x: ctx.traced and line(f"T.add('effect', text={ctx.text(x.text)})"),
            s.NoteField: self._note_field,
            s.NoteHeader: self._note_header,
        }

    # -- bodies

    def run(self, statements: Iterable[s.Statement]) -> None:
        """Print statements."""
        for statement in statements:
            self._printers[type(statement)](statement)

    def body(self, body: s.Body) -> None:
        """Print blocks with their jumps."""
        out = self.ctx.out
        if body.leaves:
            out.line("leaving = 0")
        if body.loops:
            self._loop(body.blocks)
        elif len(body.blocks) == 1:
            self.run(body.blocks[0].statements)
        elif body.blocks:
            self._blocks(body.blocks)
        if body.leaves:
            with out.block("if leaving:"):
                out.line("break")

    def _blocks(self, blocks: Sequence[s.Block]) -> None:
        """The end of the body is one more block, of nothing."""
        out, end = self.ctx.out, len(blocks)

        def number(block: int | None) -> int:
            return end if block is None else block

        successors: dict[int, list[int]] = {end: []}
        for i, block in enumerate(blocks):
            successors[i] = [number(block.following)]
            if block.condition is not None:
                successors[i].append(number(block.otherwise))

        def emit(place: int) -> None:
            if place == end:
                return
            block = blocks[place]
            self.run(block.statements)
            if block.condition is None:
                structurer.goto(number(block.following))
                return
            with out.block(f"if {self.values.code(block.condition)}:"):
                structurer.goto(number(block.following))
            with out.block("else:"):
                structurer.goto(number(block.otherwise))

        structurer = Structurer(FlowGraph(0, successors), out, emit, "step", None)
        structurer.run()

    def _loop(self, blocks: Sequence[s.Block]) -> None:
        """Blocks that jump backwards: one pass of a loop per block."""
        out = self.ctx.out

        def emit(place: int) -> None:
            def goto(target: int | None) -> None:
                if target is not None and target <= place:
                    self.count_round()
                out.line("break" if target is None else f"step = {target}")

            block = blocks[place]
            self.run(block.statements)
            if block.condition is None:
                goto(block.following)
                return
            with out.block(f"if {self.values.code(block.condition)}:"):
                goto(block.following)
            with out.block("else:"):
                goto(block.otherwise)

        out.line("step = rounds = 0")
        with out.block("while True:"):
            dispatch(out, "step", range(len(blocks)), emit)

    def count_round(self) -> None:
        """Print that control goes back, which it does not do for ever."""
        failed = self.ctx.constant("TooManyRounds", TooManyRounds, "TooManyRounds")
        self.ctx.out.line("rounds += 1")
        with self.ctx.out.block(f"if rounds > {s.MAX_ROUNDS}:"):
            self.ctx.out.line(f"raise {failed}('a loop of the program does not end')")

    # -- fields

    def store(self, target: s.Target, code: str, low: int, high: int) -> None:
        """Print the assignment of a number between ``low`` and ``high``."""
        ctx, out = self.ctx, self.ctx.out
        if isinstance(target, Field):
            out.line(f"{ctx.field(target)} = {fit(code, low, high, target.width, target.signed)}")
            ctx.mark_dirty(target.header)
        elif isinstance(target, Cell):
            place = f"{self.values.register(target.register)}[{self.values.code(target.index)}]"
            out.line(f"{place} = {fit(code, low, high, target.register.width, False)}")
        else:
            first = target.fields[0]
            value = ctx.temporary()
            out.line(f"{value} = {fit(code, low, high, first.width, first.signed)}")

            def assign(field: Field) -> None:
                out.line(f"{ctx.field(field)} = {value}")
                ctx.mark_dirty(field.header)

            self._choose(self.values.code(target.index), target.fields, assign)

    def _choose(self, index: str, options: Sequence[Any], body: Callable[[Any], None]) -> None:
        """Run ``body`` for the option that ``index`` selects; an index outside is a fault."""
        out = self.ctx.out
        choice = self.ctx.temporary()
        out.line(f"{choice} = {index}")
        for position, option in enumerate(options):
            with out.block(f"{'if' if not position else 'elif'} {choice} == {position}:"):
                body(option)
        with out.block("else:"):
            out.line("raise IndexError('stack index out of range')")

    def _assign_octets(self, x: s.AssignOctets) -> None:
        self.ctx.out.line(f"{self.ctx.field(x.target)} = {self.ctx.field(x.source)}")
        self.ctx.mark_dirty(x.target.header)

    # -- headers

    def _add(self, x: s.Add) -> None:
        with self.ctx.out.block(f"if not {self.ctx.valid(x.header)}:"):
            self.headers.set_valid(x.header)
            self.headers.reset(x.header)
            if self.ctx.program.needs_length:
                self.ctx.out.line(f"plen += {self.headers.size(x.header)}")

    def _remove(self, x: s.Remove) -> None:
        ctx, out = self.ctx, self.ctx.out
        if not ctx.program.needs_length:
            out.line(f"{ctx.valid(x.header)} = 0")
            return
        with out.block(f"if {ctx.valid(x.header)}:"):
            out.line(f"{ctx.valid(x.header)} = 0")
            out.line(f"plen -= {self.headers.size(x.header)}")

    def _shift(self, x: s.Shift) -> None:
        ctx, out = self.ctx, self.ctx.out
        fill = ctx.next(x.stack)
        if x.number > 0:
            out.line(f"{fill} = min({len(x.stack.rows)}, {fill} + {x.number})")
        else:
            out.line(f"{fill} = max(0, {fill} - {-x.number})")
        for a, b in x.swaps:
            left, right = self.headers.variables(a, True), self.headers.variables(b, True)
            out.line(f"{', '.join(left + right)} = {', '.join(right + left)}")
        for header in x.gone:
            out.line(f"{ctx.valid(header)} = 0")

    # -- architecture

    def _guarded(self, index: Number, size: int, body: Callable[[str], None]) -> None:
        """Accesses beyond an array do nothing."""
        safe = index.low >= 0 and index.high < size
        code = self.values.code(index)
        name = code if isinstance(index, Constant) else self.values.variable(code)
        if safe:
            body(name)
            return
        with self.ctx.out.block(f"if 0 <= {name} < {size}:"):
            body(name)

    def _count(self, x: s.Count) -> None:
        ctx, name = self.ctx, x.counter.name
        packets = ctx.of_state(("packets", x.counter), lambda state: state.counters[name].packets, "packets_{}", name)
        octets = ctx.of_state(("bytes", x.counter), lambda state: state.counters[name].bytes, "bytes_{}", name)

        def body(index: str) -> None:
            ctx.out.line(f"{packets}[{index}] += 1")
            ctx.out.line(f"{octets}[{index}] += ilen")

        if not ctx.dry:
            self._guarded(x.index, x.counter.size, body)

    def _execute_meter(self, x: s.ExecuteMeter) -> None:
        ctx, name = self.ctx, x.meter.name
        cells = ctx.of_state(x.meter, lambda state: state.meters[name].cells, "meter_{}", name)

        def body(index: str) -> None:
            meter = ctx.temporary()
            found = f"{cells}.get({index})"
            ctx.out.line(f"{meter} = {self.unspent(found)}")
            self.store(x.target, f"({meter}.execute(ilen, now_us()) if {meter} is not None else 0)", 0, 3)

        self._guarded(x.index, x.meter.size, body)

    def unspent(self, meter: str) -> str:
        """What a packet executes for this meter."""
        return f"{self.ctx.constant('unspent', unspent, 'unspent')}({meter})" if self.ctx.dry else meter

    def _read_register(self, x: s.ReadRegister) -> None:
        cells, high = self.values.register(x.register), (1 << x.register.width) - 1
        self._guarded(x.index, x.register.size, lambda index: self.store(x.target, f"{cells}[{index}]", 0, high))

    def _write_register(self, x: s.WriteRegister) -> None:
        cells, value = self.values.register(x.register), self.values.fit(x.value, x.register.width, False)

        def body(index: str) -> None:
            self.ctx.out.line(f"{cells}[{index}] = {value}")

        self._guarded(x.index, x.register.size, body)

    def _hash(self, x: s.Hash) -> None:
        result = self.calculations.emit(x.calculation)
        if isinstance(x.modulo, Constant):
            modulo = x.modulo.value or 1
            code, high = f"{result} % {modulo}", modulo - 1
        else:
            code, high = f"{result} % ({self.values.code(x.modulo)} or 1)", (1 << 64) - 1
        if x.base != Constant(0):
            code = f"{code} + {self.values.code(x.base)}"
        self.store(x.target, f"({code})", x.base.low, x.base.high + high)

    def _random(self, x: s.Random) -> None:
        low, high = self.ctx.temporary(), self.ctx.temporary()
        self.ctx.out.line(f"{low} = {self.values.code(x.least)}")
        self.ctx.out.line(f"{high} = {self.values.code(x.most)}")
        with self.ctx.out.block(f"if {low} <= {high}:"):
            self.store(x.target, f"randint({low}, {high})", x.least.low, x.most.high)

    def _clone(self, x: s.Clone) -> None:
        self.ctx.out.line(f"clone = {self.values.code(x.mark)}")
        self.ctx.out.line(f"clone_list = {self.values.code(x.kept)}")

    def _log(self, x: s.Log) -> None:
        if self.ctx.dry:
            return
        log = self.ctx.constant("log_msg", lambda text, args: _log.info(format_log(text, args)), "log_msg")
        codes = "".join(f"{self.values.code(value)}, " for value in x.values)
        self.ctx.out.line(f"{log}({self.ctx.text(x.text)}, ({codes}))")

    def _assert(self, x: s.Assert) -> None:
        failed = self.ctx.constant("AssertionFailed", AssertionFailed, "AssertionFailed")
        with self.ctx.out.block(f"if not {self.values.code(x.condition)}:"):
            self.ctx.out.line(f"raise {failed}({self.ctx.text(x.text)})")

    # -- parser

    def _fail(self, error: int) -> None:
        self.ctx.out.line(f"error = {error}")
        self.ctx.out.line("break")

    def _unless(self, test: str, error: int) -> None:
        with self.ctx.out.block(f"if {test}:"):
            self._fail(error)

    def _verify(self, x: s.Verify) -> None:
        with self.ctx.out.block(f"if not {self.values.code(x.condition)}:"):
            self.ctx.out.line(f"error = {self.values.code(x.error)}")
            self.ctx.out.line("break")

    def _skip_bits(self, x: s.SkipBits) -> None:
        bits = self.values.variable(self.values.code(x.bits))
        self._unless(f"{bits} & 7", x.misaligned)
        self._unless(f"{bits} < 0 or n - o < {bits} >> 3", x.short)
        self.ctx.out.line(f"o += {bits} >> 3")

    def _extract(self, x: s.Extract) -> None:
        if x.sized is None:
            self.headers.extract(x.header, None)
            return
        header, out = x.header, self.ctx.out
        bits, size = self.ctx.temporary(), self.ctx.temporary()
        out.line(f"{bits} = {self.values.code(x.sized.bits)}")
        self._unless(f"{bits} & 7", x.sized.misaligned)
        out.line(f"{size} = {bits} >> 3")
        self._unless(f"{size} < 0 or n - o < {header.fixed} + {size}", x.sized.short)
        if header.max_length:
            self._unless(f"{size} > {header.max_length - header.fixed}", x.sized.long)
        self.headers.extract(header, size)

    def _extract_next(self, x: s.ExtractNext) -> None:
        out, count = self.ctx.out, self.ctx.next(x.stack)
        self._unless(f"{count} >= {len(x.bodies)}", x.full)
        for position, body in enumerate(x.bodies):
            with out.block(f"{'if' if not position else 'elif'} {count} == {position}:"):
                self.run(body)
        out.line(f"{count} += 1")

    # -- traces

    def _note_field(self, x: s.NoteField) -> None:
        if self.ctx.traced:
            name = self.ctx.field(x.field)
            shown = f"{name}.hex()" if x.field.varbit else f"hex({name})"
            self.ctx.out.line(f"T.add('effect', text={self.ctx.text(f'{x.field.label} = ')} + {shown})")

    def _note_header(self, x: s.NoteHeader) -> None:
        if self.ctx.traced:
            ctx = self.ctx
            parts = (f"{ctx.text(f.name)}: {ctx.field(f) + '.hex()' * f.varbit}" for f in x.header.fields)
            ctx.out.line(f"T.add('extract', header={ctx.text(x.header.name)}, fields={{{', '.join(parts)}}})")
