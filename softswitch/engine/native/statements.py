# SPDX-License-Identifier: Apache-2.0
"""Statements as C, and the jumps between blocks of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from softswitch.engine import text
from softswitch.engine.lowered import statements as s
from softswitch.engine.lowered.model import Action
from softswitch.engine.lowered.objects import Field
from softswitch.engine.lowered.values import Cell, Constant, Number
from softswitch.engine.native.calculations import Calculations
from softswitch.engine.native.context import Context
from softswitch.engine.native.storage import Storage
from softswitch.engine.native.text import storage_type
from softswitch.engine.native.values import Value, Values

#: Where control goes back, which it does not do for ever.
ROUND = f"if (++rounds > {s.MAX_ROUNDS}) goto fault;"


class Statements:
    """Prints statements at the writer's position.

    The function around them has a label ``fault``, variables ``it``, ``m``, ``x``, ``data``, ``n``, ``rounds`` and
    ``leaving``, in the parser also ``error`` and a label ``accept``.
    """

    def __init__(
        self, ctx: Context, storage: Storage, calculations: Calculations, where: str, params: Sequence[str] = ()
    ) -> None:
        self.ctx = ctx
        self.storage = storage
        self.calculations = calculations
        self.values = Values(ctx, where, params)
        number, u64 = self.values.number, self.values.u64
        line = ctx.out.line
        self._printers: dict[type, Callable[[Any], None]] = {
            s.Assign: lambda x: self.store(x.target, number(x.value)),
            s.AssignOctets: self._assign_octets,
            s.Copy: lambda x: storage.copy(x.target, x.source),
            s.CopyFill: lambda x: line(f"{ctx.next(x.target)} = {ctx.next(x.source)};"),
            s.Add: self._add,
            s.Remove: self._remove,
            s.Shift: self._shift,
            s.Each: lambda x: self._choose(self.values.index(x.index), x.bodies, self.run),
            s.Count: self._count,
            s.ExecuteMeter: self._execute_meter,
            s.ReadRegister: self._read_register,
            s.WriteRegister: self._write_register,
            s.Hash: self._hash,
            s.Random: self._random,
            s.SendDigest: lambda x: line(f"x->digest = (u32){u64(x.number)};"),
            s.Clone: self._clone,
            s.Resubmit: lambda x: line(f"x->resubmit = (u32){u64(x.kept)};"),
            s.Recirculate: lambda x: line(f"x->recirculate = (u32){u64(x.kept)};"),
            s.Truncate: self._truncate,
            s.Log: self._log,
            s.Assert: self._assert,
            s.Exit: lambda x: line("leaving = LEAVE;"),
            s.Need: lambda x: line(f"if (n - m->o < {x.size}) {_fail(x.error)}"),
            s.Fail: lambda x: line(_fail(x.error)),
            s.Verify: lambda x: line(
                f"if (!{self.values.truth(x.condition)}) {{ error = (u32){u64(x.error)}; goto accept; }}"
            ),
            s.Skip: lambda x: line(f"m->o += {x.size};"),
            s.SkipBits: self._skip_bits,
            s.Extract: self._extract,
            s.ExtractNext: self._extract_next,
            s.Note: lambda x: None,
            s.NoteField: lambda x: None,
            s.NoteHeader: lambda x: None,
        }

    # -- bodies

    def run(self, statements: Iterable[s.Statement]) -> None:
        """Print statements."""
        for statement in statements:
            self._printers[type(statement)](statement)

    def body(self, body: s.Body) -> None:
        """Print blocks with their jumps."""
        out, label = self.ctx.out, self.ctx.temporary()
        end = len(body.blocks)
        targets = {
            end if target is None else target
            for i, block in enumerate(body.blocks)
            for target in (block.following, block.otherwise if block.condition is not None else i + 1)
        }

        def goto(source: int, target: int | None) -> str:
            jump = f"goto {label}_{end if target is None else target};"
            return f"{{ {ROUND} {jump} }}" if target is not None and target <= source else jump

        for i, block in enumerate(body.blocks):
            if i in targets:
                out.line(f"{label}_{i}:;")
            self.run(block.statements)
            if block.condition is not None:
                out.line(f"if (!{self.values.truth(block.condition)}) {goto(i, block.otherwise)}")
            if (end if block.following is None else block.following) != i + 1:
                out.line(goto(i, block.following))
        if end in targets:
            out.line(f"{label}_{end}:;")

    # -- fields

    def store(self, target: s.Target, value: Value) -> None:
        """Print the assignment of a number."""
        ctx, out = self.ctx, self.ctx.out
        if isinstance(target, Field):
            out.line(f"{ctx.field(target)} = {self.values.fit(value, target.width, target.signed)};")
            ctx.mark_dirty(target.header)
        elif isinstance(target, Cell):
            cells, place = self.values.cells(target.register), ctx.temporary()
            out.line(f"const s64 {place} = {self.values.index(target.index)};")
            out.line(f"if ({place} < 0 || {place} >= {target.register.size}) goto fault;")
            out.line(f"{cells}[{place}] = {self.values.fit(value, target.register.width, False)};")
        else:
            first, name = target.fields[0], ctx.temporary()
            kind = storage_type(first.width, first.signed)
            out.line(f"const {kind} {name} = {self.values.fit(value, first.width, first.signed)};")

            def assign(field: Field) -> None:
                out.line(f"{ctx.field(field)} = {name};")
                ctx.mark_dirty(field.header)

            self._choose(self.values.index(target.index), target.fields, assign)

    def _choose(self, index: str, options: Sequence[Any], body: Callable[[Any], None]) -> None:
        """Run ``body`` for the option that ``index`` selects; an index outside is a fault."""
        out = self.ctx.out
        with out.block(f"switch ({index})"):
            for position, option in enumerate(options):
                with out.block(f"case {position}:"):
                    body(option)
                    out.line("break;")
            out.line("default: goto fault;")

    def _assign_octets(self, x: s.AssignOctets) -> None:
        self.ctx.out.line(f"{self.ctx.field(x.target)} = {self.ctx.field(x.source)};")
        self.ctx.mark_dirty(x.target.header)

    # -- headers

    def _add(self, x: s.Add) -> None:
        with self.ctx.out.block(f"if (!{self.ctx.valid(x.header)})"):
            self.storage.set_valid(x.header)
            self.storage.reset(x.header)
            if self.ctx.program.needs_length:
                self.ctx.out.line(f"m->plen += {self.storage.size(x.header)};")

    def _remove(self, x: s.Remove) -> None:
        ctx, out = self.ctx, self.ctx.out
        if not ctx.program.needs_length:
            out.line(f"{ctx.valid(x.header)} = 0;")
            return
        with out.block(f"if ({ctx.valid(x.header)})"):
            out.line(f"{ctx.valid(x.header)} = 0;")
            out.line(f"m->plen -= {self.storage.size(x.header)};")

    def _shift(self, x: s.Shift) -> None:
        ctx, out = self.ctx, self.ctx.out
        fill, number, size = ctx.next(x.stack), abs(x.number), len(x.stack.rows)
        if x.number > 0:
            out.line(f"{fill} = {fill} + {number} > {size} ? {size} : {fill} + {number};")
        else:
            out.line(f"{fill} = {fill} > {number} ? {fill} - {number} : 0;")
        for a, b in x.swaps:
            pairs = zip(self.storage.variables(a, True), self.storage.variables(b, True), strict=True)
            for left, right in pairs:
                out.line(f"SWAP({left}, {right});")
        for header in x.gone:
            out.line(f"{ctx.valid(header)} = 0;")

    # -- architecture

    def _guarded(self, index: Number, size: int, body: Callable[[str], None]) -> None:
        """Accesses beyond an array do nothing."""
        name = self.ctx.temporary()
        self.ctx.out.line(f"const s64 {name} = {self.values.index(index)};")
        with self.ctx.out.block(f"if ({name} >= 0 && {name} < {size})"):
            body(name)

    def _count(self, x: s.Count) -> None:
        def body(index: str) -> None:
            self.ctx.out.line(f"count(W, &S->counters[{x.counter.index}][2 * {index}], it->ilen);")

        self._guarded(x.index, x.counter.size, body)

    def _execute_meter(self, x: s.ExecuteMeter) -> None:
        def body(index: str) -> None:
            self.ctx.out.line(f"struct meter *meter = S->meters[{x.meter.index}][{index}];")
            self.color(x.target)

        self._guarded(x.index, x.meter.size, body)

    def color(self, target: s.Target) -> None:
        """Print the assignment of the colour that ``meter`` (NULL: green) gives the packet."""
        self.ctx.out.line("unsigned color = meter ? meter_execute(meter, it->ilen, now_ns() / 1000) : 0;")
        self.store(target, Value("color", 0, 3))

    def _read_register(self, x: s.ReadRegister) -> None:
        cells, high = self.values.cells(x.register), (1 << x.register.width) - 1

        def body(index: str) -> None:
            self.store(x.target, Value(f"__atomic_load_n(&{cells}[{index}], __ATOMIC_RELAXED)", 0, high))

        self._guarded(x.index, x.register.size, body)

    def _write_register(self, x: s.WriteRegister) -> None:
        cells, value = self.values.cells(x.register), self.ctx.temporary()
        fitted = self.values.fit(self.values.number(x.value), x.register.width, False)
        self.ctx.out.line(f"const u64 {value} = {fitted};")

        def body(index: str) -> None:
            self.ctx.out.line(f"__atomic_store_n(&{cells}[{index}], {value}, __ATOMIC_RELAXED);")

        self._guarded(x.index, x.register.size, body)

    def _hash(self, x: s.Hash) -> None:
        out = self.ctx.out
        result, base = self.calculations.emit(x.calculation), self.values.exact(x.base)
        if isinstance(x.modulo, Constant):
            high = min(x.modulo.value or 1, 1 << 64) - 1
            if x.modulo.value < 1 << 64:
                out.line(f"{result} %= {x.modulo.value or 1}ULL;")
        else:
            modulo, name, high = self.values.exact(x.modulo), self.ctx.temporary(), (1 << 64) - 1
            out.line(f"const {modulo.type} {name} = {modulo.code};")
            out.line(f"{result} = (u64)(({modulo.type}){result} % ({name} ? {name} : 1));")
        if base.low < 0:
            raise self.values.refuse("hash with a negative base")
        kind = "u64" if base.high + high < 1 << 64 else "u128"
        value = Value(f"(({kind}){result} + {base.cast(kind)})", base.low, base.high + high)
        self.store(x.target, value._replace(exact=value.high < 1 << 128))

    def _random(self, x: s.Random) -> None:
        out = self.ctx.out
        with out.block(""):
            out.line(f"const u64 low = {self.values.u64(x.least)}, high = {self.values.u64(x.most)};")
            with out.block("if (low <= high)"):
                out.line("const u64 span = high - low + 1, any = random_u64(W);")
                out.line("const u64 drawn = low + (span ? any % span : any);")
                self.store(x.target, Value("drawn", 0, (1 << 64) - 1))

    def _clone(self, x: s.Clone) -> None:
        out = self.ctx.out
        out.line(f"x->clone = (u32){self.values.u64(x.mark)};")
        out.line(f"x->clone_list = (u32){self.values.u64(x.kept)};")

    def _truncate(self, x: s.Truncate) -> None:
        length = self.ctx.temporary()
        self.ctx.out.line(f"const u64 {length} = {self.values.u64(x.length)};")
        self.ctx.out.line(f"if ({length} < x->cut) x->cut = (u32){length};")

    def _log(self, x: s.Log) -> None:
        number, values = self.ctx.texts.number(x.text), self.ctx.temporary()
        codes = ", ".join(self.values.exact(value).cast("u128") for value in x.values) or "0"
        self.ctx.out.line(f"const u128 {values}[] = {{{codes}}};")
        self.ctx.out.line(f"event(W, EVENT_LOG, {number}, {len(x.values)}, {values});")

    def _assert(self, x: s.Assert) -> None:
        number = self.ctx.texts.number(x.text)
        with self.ctx.out.block(f"if (!{self.values.truth(x.condition)})"):
            self.ctx.out.line(f"event(W, EVENT_ASSERTION, {number}, 0, NULL);")
            self.ctx.out.line("return ASSERTION;")

    # -- parser

    def _length(self, bits: Number, misaligned: int) -> str:
        """Print a number of bits as one of bytes, in a wide signed variable."""
        found, name = self.values.exact(bits), self.ctx.temporary()
        if found.high >= 1 << 127:
            raise self.values.refuse("length of more than 127 bits")
        self.ctx.out.line(f"const s128 {name}_bits = {found.cast('s128')}, {name} = {name}_bits >> 3;")
        self.ctx.out.line(f"if ({name}_bits & 7) {_fail(misaligned)}")
        return name

    def _skip_bits(self, x: s.SkipBits) -> None:
        length = self._length(x.bits, x.misaligned)
        self.ctx.out.line(f"if ({length} < 0 || (s128)(n - m->o) < {length}) {_fail(x.short)}")
        self.ctx.out.line(f"m->o += (u32){length};")

    def _extract(self, x: s.Extract) -> None:
        header, sized = x.header, x.sized
        if sized is None:
            self.storage.extract(header, None)
            return
        out, length = self.ctx.out, self._length(sized.bits, sized.misaligned)
        out.line(f"if ({length} < 0 || (s128)(n - m->o) < {header.fixed} + {length}) {_fail(sized.short)}")
        if header.max_length:
            out.line(f"if ({length} > {header.max_length - header.fixed}) {_fail(sized.long)}")
        self.storage.extract(header, length)

    def _extract_next(self, x: s.ExtractNext) -> None:
        out, count = self.ctx.out, self.ctx.next(x.stack)
        out.line(f"if ({count} >= {len(x.bodies)}) {_fail(x.full)}")
        with out.block(f"switch ({count})"):
            for position, body in enumerate(x.bodies):
                with out.block(f"case {position}:"):
                    self.run(body)
                    out.line("break;")
        out.line(f"{count} += 1;")


def _fail(error: int) -> str:
    return f"{{ error = {error}; goto accept; }}"


def function(ctx: Context, storage: Storage, calculations: Calculations, action: Action) -> None:
    """Print ``struct args_<id>`` and ``action_<id>``."""
    out = ctx.out
    params = [f"a->p{i}" for i in range(len(action.params))]
    statements = Statements(ctx, storage, calculations, f"action {action.name}", params)
    for _, width in action.params:
        if width > 128:
            raise statements.values.refuse(f"parameter of {width} bits")
    out.line(f"/* {text.comment(action.name)} */")
    with out.block(f"struct __attribute__((packed)) args_{action.id}", "};"):
        out.line("u8 none[0];")
        for i, (name, width) in enumerate(action.params):
            out.line(f"{storage_type(width)} p{i}; /* {text.comment(name)} */")
    with out.block(
        f"static UNUSED int action_{action.id}(struct sw *S UNUSED, struct worker *W UNUSED, "
        f"const struct item *it UNUSED, struct pkt *m UNUSED, struct marks *x UNUSED, const void *args UNUSED)"
    ):
        out.line(f"const struct args_{action.id} *a UNUSED = args;")
        out.line("const u8 *data UNUSED = it->data;")
        out.line("const u32 n UNUSED = it->n;")
        out.line("int leaving UNUSED = GO_ON;")
        out.line("u32 rounds UNUSED = 0;")
        statements.body(action.body)
        out.line("return leaving;")
        out.line("fault: UNUSED;")
        out.line("return FAULT;")
