# SPDX-License-Identifier: Apache-2.0
"""C of primitives that belong to the architecture: drop, counters, meters, registers, hashes, clones, digests."""

from __future__ import annotations

from collections.abc import Callable

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.model import Const, Expr, ObjectRef, Primitive, StrConst, Vector
from softswitch.engine.native.calculations import Calculations
from softswitch.engine.native.context import Context
from softswitch.engine.native.expressions import Expressions, Value, cast

#: Limit of clone sessions and the bit that says "cloned", as in BMv2.
CLONE_MASK = 0x7FFF
CLONE_VALID = 0x8000

Store = Callable[[Expr, Value, Expressions], None]
Emitter = Callable[[Primitive, Expressions], None]


class Externs:
    """Emitters by primitive."""

    def __init__(self, ctx: Context, calculations: Calculations, store: Store) -> None:
        self.ctx = ctx
        self.calculations = calculations
        self.store = store

    def emitters(self) -> dict[str, Emitter]:
        """What :class:`.actions.Actions` dispatches to."""
        return {
            "mark_to_drop": self._drop,
            "drop": self._drop,
            "count": self._count,
            "execute_meter": self._execute_meter,
            "register_read": self._register_read,
            "register_write": self._register_write,
            "modify_field_with_hash_based_offset": self._hash,
            "modify_field_rng_uniform": self._random,
            "generate_digest": self._digest,
            "clone_ingress_pkt_to_egress": self._clone,
            "clone_egress_pkt_to_egress": self._clone,
            "resubmit": lambda primitive, scope: self._mark("resubmit", primitive, scope),
            "recirculate": lambda primitive, scope: self._mark("recirculate", primitive, scope),
            "truncate": self._truncate,
            "log_msg": self._log_msg,
            "assert": self._assert,
            "assume": self._assert,
        }

    def _drop(self, primitive: Primitive, scope: Expressions) -> None:
        out = self.ctx.out
        out.line(f"{self.ctx.std('standard_metadata.egress_spec')} = {self.ctx.host.drop_port};")
        group = self.ctx.std("intrinsic_metadata.mcast_grp")
        if group is not None:
            out.line(f"{group} = 0;")

    @staticmethod
    def _object(expr: Expr, kind: str, scope: Expressions) -> str:
        if not isinstance(expr, ObjectRef) or expr.kind != kind:
            raise UnsupportedProgram(scope.where, f"{type(expr).__name__} where a {kind} is expected")
        return expr.name

    def _index(self, expr: Expr, size: int, scope: Expressions) -> str:
        """Emit ``index`` and answer the test that it is in range."""
        self.ctx.out.line(f"s64 index = {scope.index(expr)};")
        return f"if (index >= 0 && index < {size})"

    def _count(self, primitive: Primitive, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out
        name = self._object(primitive.args[0], "counter_array", scope)
        number = ctx.counters[name]
        with out.block(self._index(primitive.args[1], ctx.program.counters[name].size, scope)):
            out.line(f"count(W, &S->counters[{number}][2 * index], it->ilen);")

    def _execute_meter(self, primitive: Primitive, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out
        name = self._object(primitive.args[0], "meter_array", scope)
        cells = f"S->meters[{ctx.meters[name]}]"
        with out.block(self._index(primitive.args[1], ctx.program.meters[name].size, scope)):
            out.line(f"struct meter *meter = {cells}[index];")
            out.line("unsigned color = meter ? meter_execute(meter, it->ilen, now_ns() / 1000) : 0;")
            self.store(primitive.args[2], Value("color", 0, 3), scope)

    def _register_read(self, primitive: Primitive, scope: Expressions) -> None:
        name = self._object(primitive.args[1], "register_array", scope)
        spec = self.ctx.program.registers[name]
        cells = scope.cells(name)
        with self.ctx.out.block(self._index(primitive.args[2], spec.size, scope)):
            code = f"__atomic_load_n(&{cells}[index], __ATOMIC_RELAXED)"
            self.store(primitive.args[0], Value(code, 0, (1 << spec.width) - 1), scope)

    def _register_write(self, primitive: Primitive, scope: Expressions) -> None:
        name = self._object(primitive.args[0], "register_array", scope)
        spec = self.ctx.program.registers[name]
        cells = scope.cells(name)
        self.ctx.out.line(f"u64 value = {scope.fit(scope.value(primitive.args[2]), spec.width, False)};")
        with self.ctx.out.block(self._index(primitive.args[1], spec.size, scope)):
            self.ctx.out.line(f"__atomic_store_n(&{cells}[index], value, __ATOMIC_RELAXED);")

    def _hash(self, primitive: Primitive, scope: Expressions) -> None:
        target, base, calculation, size = primitive.args
        name = self._object(calculation, "calculation", scope)
        result = self.calculations.emit(self.ctx.program.calculations[name])
        base_value = scope.exact(base)
        if isinstance(size, Const):
            high = min(size.value or 1, 1 << 64) - 1
            if size.value < 1 << 64:
                self.ctx.out.line(f"{result} %= {size.value or 1}ULL;")
        else:
            modulo = scope.exact(size)
            kind = modulo.type
            high = (1 << 64) - 1
            self.ctx.out.line(f"{kind} modulo = {modulo.code};")
            self.ctx.out.line(f"{result} = (u64)({cast(Value(result, 0, high), kind)} % (modulo ? modulo : 1));")
        value = Value(f"((u128){result} + (u128){base_value.code})", base_value.low, base_value.high + high)
        if base_value.low < 0:
            raise scope.refuse("hash with a negative base")
        if value.high >= 1 << 128:
            value = Value(value.code, exact=False)
        elif value.high < 1 << 64:
            value = Value(f"({result} + (u64){base_value.code})", 0, value.high)
        self.store(target, value, scope)

    def _random(self, primitive: Primitive, scope: Expressions) -> None:
        out = self.ctx.out
        out.line(f"u64 low = {scope.u64(primitive.args[1])}, high = {scope.u64(primitive.args[2])};")
        with out.block("if (low <= high)"):
            out.line("u64 span = high - low + 1, drawn = random_u64(W);")
            out.line("drawn = low + (span ? drawn % span : drawn);")
            self.store(primitive.args[0], Value("drawn", 0, (1 << 64) - 1), scope)

    def _mark(self, name: str, primitive: Primitive, scope: Expressions) -> None:
        self.ctx.out.line(f"x->{name} = (u32){scope.u64(primitive.args[0])};")

    def _digest(self, primitive: Primitive, scope: Expressions) -> None:
        self.ctx.out.line(f"x->digest = (u32){scope.u64(primitive.args[1])};")

    def _clone(self, primitive: Primitive, scope: Expressions) -> None:
        out = self.ctx.out
        out.line(f"x->clone = (u32)({scope.u64(primitive.args[0])} & {CLONE_MASK} | {CLONE_VALID});")
        out.line(f"x->clone_list = (u32){scope.u64(primitive.args[1])};")

    def _truncate(self, primitive: Primitive, scope: Expressions) -> None:
        self.ctx.out.line(f"u64 length = {scope.u64(primitive.args[0])};")
        self.ctx.out.line("if (length < x->cut) x->cut = (u32)length;")

    def _log_msg(self, primitive: Primitive, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out
        text, values = primitive.args[0], primitive.args[1]
        items = values.values if isinstance(values, Vector) else ()
        number = ctx.texts.number(text.value if isinstance(text, StrConst) else "")
        codes = ", ".join(f"(u128){scope.exact(v).code}" for v in items) or "0"
        out.line(f"u128 values[] = {{{codes}}};")
        out.line(f"event(W, EVENT_LOG, {number}, {len(items)}, values);")

    def _assert(self, primitive: Primitive, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out
        number = ctx.texts.number(primitive.source or primitive.op)
        with out.block(f"if (!({scope.condition(primitive.args[0])}))"):
            out.line(f"event(W, EVENT_ASSERTION, {number}, 0, NULL);")
            out.line("return ASSERTION;")
