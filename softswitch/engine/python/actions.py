# SPDX-License-Identifier: Apache-2.0
"""Code of action bodies: primitives and the jumps between them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import pairwise

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.model import (
    AccessField,
    Action,
    Const,
    DerefUnionStack,
    Expr,
    FieldRef,
    HeaderRef,
    ObjectRef,
    ParamRef,
    Primitive,
    RegisterRef,
    StackFieldRef,
    StackRef,
    UnionRef,
    UnionStackRef,
    Vector,
)
from softswitch.engine.python.calculations import Calculations
from softswitch.engine.python.context import Context
from softswitch.engine.python.expressions import Expressions, Value, string_argument
from softswitch.engine.python.graph import FlowGraph, Structurer
from softswitch.engine.python.headers import Headers
from softswitch.engine.python.layout import action_params
from softswitch.engine.python.runtime import AssertionFailed, format_log

_log = logging.getLogger("softswitch.program")

#: Limit of clone sessions and the bit that says "cloned", as in BMv2.
CLONE_MASK = 0x7FFF
CLONE_VALID = 0x8000


class Actions:
    """Emits actions at the writer's position."""

    def __init__(self, ctx: Context, headers: Headers, calculations: Calculations) -> None:
        self.ctx = ctx
        self.headers = headers
        self.calculations = calculations
        self._emitters: dict[str, Callable[[Primitive, Expressions], None]] = {
            "assign": self._assign,
            "modify_field": self._assign,
            "assign_VL": self._assign_varbit,
            "assign_header": self._assign_header,
            "copy_header": self._assign_header,
            "assign_header_stack": self._assign_stack,
            "assign_union": self._assign_union,
            "assign_union_stack": self._assign_stack,
            "add_header": self._add_header,
            "remove_header": self._remove_header,
            "push": self._push,
            "pop": self._pop,
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
            "resubmit": self._resubmit,
            "recirculate": self._recirculate,
            "truncate": self._truncate,
            "log_msg": self._log_msg,
            "assert": self._assert,
            "assume": self._assert,
            "no_op": lambda primitive, scope: None,
        }

    # -- bodies

    def unpack_params(self, action: Action, args: str, scope: Expressions) -> None:
        """Emit the assignment of the action's arguments (source ``args``) to variables, and declare them."""
        ctx = self.ctx
        scope.params = [
            (ctx.names.get(("param", action.id, i), "p_{}", p.name), p.width) for i, p in enumerate(action.params)
        ]
        if scope.params and (ctx.traced or action_params(action)):
            names = "".join(f"{name}, " for name, _ in scope.params)
            ctx.out.line(f"{names.rstrip() if len(scope.params) == 1 else names[:-2]} = {args}")

    def body(self, action: Action, scope: Expressions) -> None:
        """Emit the primitives of an action.  ``exit`` leaves the enclosing loop, the pipeline."""
        self.primitives(action.primitives, scope)

    def primitives(self, primitives: tuple[Primitive, ...], scope: Expressions) -> None:
        """Emit a list of primitives with its jumps."""
        jumps = any(p.op in ("_jump", "_jump_if_zero") for p in primitives)
        exits = [i for i, p in enumerate(primitives) if p.op == "exit"]
        late_exit = bool(exits) and exits != [len(primitives) - 1]
        if late_exit:
            self.ctx.out.line("leaving = 0")
        if jumps:
            self._with_jumps(primitives, scope, late_exit)
        else:
            for primitive in primitives:
                self._primitive(primitive, scope, late_exit)
        if late_exit:
            with self.ctx.out.block("if leaving:"):
                self.ctx.out.line("break")

    def _primitive(self, primitive: Primitive, scope: Expressions, late_exit: bool) -> None:
        if primitive.op == "exit":
            self._trace(primitive)
            self.ctx.out.line("leaving = 1" if late_exit else "break")
            return
        emit = self._emitters.get(primitive.op)
        if emit is None:
            raise UnsupportedProgram(scope.where, f"primitive {primitive.op} here")
        emit(primitive, scope)
        self._trace(primitive, scope)

    def _trace(self, primitive: Primitive, scope: Expressions | None = None) -> None:
        if not self.ctx.traced:
            return
        text = primitive.source or primitive.op
        target = primitive.args[0] if primitive.args else None
        if primitive.op.startswith("assign") and isinstance(target, FieldRef) and scope is not None:
            value = self.ctx.ref(target)
            shown = f"{value}.hex()" if self.ctx.field_type(target).varbit else f"hex({value})"
            label = f"{target.header}.{target.field} = "
            self.ctx.out.line(f"T.add('effect', text={self.ctx.text(label)} + {shown})")
        else:
            operands = ", ".join(_show(arg) for arg in primitive.args)
            text = primitive.source or f"{primitive.op}({operands})"
            self.ctx.out.line(f"T.add('effect', text={self.ctx.text(text)})")

    def _with_jumps(self, primitives: tuple[Primitive, ...], scope: Expressions, late_exit: bool) -> None:
        """Basic blocks as an acyclic graph; a jump backwards is refused."""
        count = len(primitives)
        starts = {0, count}
        for i, primitive in enumerate(primitives):
            if primitive.op in ("_jump", "_jump_if_zero"):
                target = self._target(primitive, scope)
                if not i < target <= count:
                    raise UnsupportedProgram(scope.where, "jump backwards in an action (a loop)")
                starts |= {target, i + 1}
        ordered = sorted(starts)
        following = dict(pairwise(ordered))
        successors: dict[str, list[str]] = {str(count): []}
        for start in ordered[:-1]:
            last = primitives[following[start] - 1]
            after = str(following[start])
            if last.op == "_jump":
                successors[str(start)] = [str(self._target(last, scope))]
            elif last.op == "_jump_if_zero":
                successors[str(start)] = [after, str(self._target(last, scope))]
            else:
                successors[str(start)] = [after]
        out = self.ctx.out

        def emit(node: str) -> None:
            start = int(node)
            if start == count:
                return
            end = following[start]
            last = primitives[end - 1]
            jump = last.op in ("_jump", "_jump_if_zero")
            for primitive in primitives[start : end - 1 if jump else end]:
                self._primitive(primitive, scope, late_exit)
            targets = successors[node]
            if last.op == "_jump_if_zero":
                with out.block(f"if {scope.condition(last.args[0])}:"):
                    structurer.goto(targets[0])
                with out.block("else:"):
                    structurer.goto(targets[1])
            else:
                structurer.goto(targets[0])

        structurer = Structurer(FlowGraph("0", successors), out, emit, "step", None)
        structurer.run()

    @staticmethod
    def _target(primitive: Primitive, scope: Expressions) -> int:
        target = primitive.args[-1]
        if not isinstance(target, Const):
            raise UnsupportedProgram(scope.where, f"{primitive.op} to a computed place")
        return target.value

    # -- assignments

    def store(self, target: Expr, value: Value, scope: Expressions) -> None:
        """Emit the assignment of a value to a field, a register cell or a field chosen at run time."""
        ctx, out = self.ctx, self.ctx.out
        if isinstance(target, FieldRef):
            kind = ctx.field_type(target)
            if kind.varbit:
                raise UnsupportedProgram(scope.where, "assignment of a number to a variable-length field")
            out.line(f"{ctx.ref(target)} = {scope.fit_value(value, kind.width, kind.signed)}")
            ctx.mark_dirty(target.header)
            return
        if isinstance(target, RegisterRef):
            width = ctx.program.registers[target.register].width
            index = scope.int_code(target.index)
            out.line(f"{scope.register(target.register)}[{index}] = {scope.fit_value(value, width, False)}")
            return
        if isinstance(target, StackFieldRef):
            members = list(ctx.program.stacks[target.stack].members)
            self._store_dynamic(members, target.field, f"{ctx.next(target.stack)} - 1", value, scope)
            return
        if isinstance(target, AccessField):
            members = ctx.layout.members(target.header)
            if members:
                name = ctx.program.headers[members[0]].type.fields[target.offset].name
                which = scope.member_index(target.header)
                if isinstance(which, int):
                    self.store(FieldRef(members[which], name), value, scope)
                else:
                    self._store_dynamic(members, name, which, value, scope)
                return
        raise UnsupportedProgram(scope.where, f"assignment to {type(target).__name__}")

    def _store_dynamic(self, members: list[str], name: str, index: str, value: Value, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out
        kind = ctx.field_type(FieldRef(members[0], name))
        temporary = ctx.temporary()
        out.line(f"{temporary} = {scope.fit_value(value, kind.width, kind.signed)}")

        def assign(member: str) -> None:
            out.line(f"{ctx.field(member, name)} = {temporary}")
            ctx.mark_dirty(member)

        self._choose(members, index, assign)

    def _choose(self, members: list[str], index: str, body: Callable[[str], None]) -> None:
        """Run ``body`` for the member that ``index`` selects; an index beyond the stack is an error."""
        out = self.ctx.out
        choice = self.ctx.temporary()
        out.line(f"{choice} = {index}")
        for position, member in enumerate(members):
            with out.block(f"{'if' if not position else 'elif'} {choice} == {position}:"):
                body(member)
        with out.block("else:"):
            out.line("raise IndexError('stack index out of range')")

    def _assign(self, primitive: Primitive, scope: Expressions) -> None:
        value = scope.value(primitive.args[1])
        if value.varbit:
            self._assign_varbit(primitive, scope)
            return
        self.store(primitive.args[0], value, scope)

    def _assign_varbit(self, primitive: Primitive, scope: Expressions) -> None:
        target = primitive.args[0]
        if not isinstance(target, FieldRef):
            raise UnsupportedProgram(scope.where, "variable-length assignment to a field chosen at run time")
        self.ctx.out.line(f"{self.ctx.ref(target)} = {scope.value(primitive.args[1]).code}")
        self.ctx.mark_dirty(target.header)

    # -- headers

    def _one(self, expr: Expr, scope: Expressions) -> tuple[list[str], int | str]:
        members = self.ctx.layout.members(expr)
        if not members:
            raise UnsupportedProgram(scope.where, f"{type(expr).__name__} where a header is expected")
        return members, scope.member_index(expr)

    def _each(self, expr: Expr, scope: Expressions, body: Callable[[str], None]) -> None:
        members, index = self._one(expr, scope)
        if isinstance(index, int):
            body(members[index])
        else:
            self._choose(members, index, body)

    def _assign_header(self, primitive: Primitive, scope: Expressions) -> None:
        target, source = primitive.args
        self._each(target, scope, lambda t: self._each(source, scope, lambda s: self.headers.copy(t, s)))

    def _instances(self, expr: Expr, scope: Expressions) -> list[list[str]]:
        """Header instances of a stack or union, one list per stack element."""
        program = self.ctx.program
        if isinstance(expr, StackRef):
            return [[m] for m in program.stacks[expr.stack].members]
        if isinstance(expr, UnionStackRef):
            return [list(program.unions[u].members) for u in program.union_stacks[expr.stack].unions]
        if isinstance(expr, UnionRef):
            return [list(program.unions[expr.union].members)]
        raise UnsupportedProgram(scope.where, f"{type(expr).__name__} where a stack or union is expected")

    def _assign_union(self, primitive: Primitive, scope: Expressions) -> None:
        target, source = primitive.args
        program = self.ctx.program

        def unions(expr: Expr) -> tuple[list[str], int | str]:
            if isinstance(expr, UnionRef):
                return [expr.union], 0
            if isinstance(expr, DerefUnionStack):
                names = list(program.union_stacks[expr.stack].unions)
                if isinstance(expr.index, Const) and expr.index.value < len(names):
                    return names, expr.index.value
                return names, scope.int_code(expr.index)
            raise UnsupportedProgram(scope.where, f"{type(expr).__name__} where a union is expected")

        def each(expr: Expr, body: Callable[[str], None]) -> None:
            names, index = unions(expr)
            if isinstance(index, int):
                body(names[index])
            else:
                self._choose(names, index, body)

        each(
            target,
            lambda t: each(
                source,
                lambda s: self._copy_all([list(program.unions[t].members)], [list(program.unions[s].members)]),
            ),
        )

    def _assign_stack(self, primitive: Primitive, scope: Expressions) -> None:
        target, source = primitive.args
        assert isinstance(target, (StackRef, UnionStackRef)) and isinstance(source, (StackRef, UnionStackRef))
        self.ctx.out.line(f"{self.ctx.next(target.stack)} = {self.ctx.next(source.stack)}")
        self._copy_all(self._instances(target, scope), self._instances(source, scope))

    def _copy_all(self, targets: list[list[str]], sources: list[list[str]]) -> None:
        for target_row, source_row in zip(targets, sources, strict=True):
            for target, source in zip(target_row, source_row, strict=True):
                if target != source:
                    self.headers.copy(target, source)

    def _add_header(self, primitive: Primitive, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out

        def add(header: str) -> None:
            if ctx.is_metadata(header):
                return
            with out.block(f"if not {ctx.valid(header)}:"):
                self.headers.set_valid(header)
                self.headers.reset(header)
                if ctx.needs_length:
                    out.line(f"plen += {self.headers.size(header)}")

        self._each(primitive.args[0], scope, add)

    def _remove_header(self, primitive: Primitive, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out

        def remove(header: str) -> None:
            if ctx.is_metadata(header):
                return
            if not ctx.needs_length:
                out.line(f"{ctx.valid(header)} = 0")
                return
            with out.block(f"if {ctx.valid(header)}:"):
                out.line(f"{ctx.valid(header)} = 0")
                out.line(f"plen -= {self.headers.size(header)}")

        self._each(primitive.args[0], scope, remove)

    def _shift(self, primitive: Primitive, scope: Expressions, push: bool) -> None:
        ctx, out = self.ctx, self.ctx.out
        stack, count = primitive.args
        rows = self._instances(stack, scope)
        if not isinstance(count, Const) or not isinstance(stack, (StackRef, UnionStackRef)):
            raise UnsupportedProgram(scope.where, f"{primitive.op} by a computed number")
        number, size = count.value, len(rows)
        if not number:
            return
        order = list(range(size))
        if push:
            out.line(f"{ctx.next(stack.stack)} = min({size}, {ctx.next(stack.stack)} + {number})")
            for i in range(size - 1, number - 1, -1):
                order[i], order[i - number] = order[i - number], order[i]
            gone = range(min(number, size))
        else:
            out.line(f"{ctx.next(stack.stack)} = max(0, {ctx.next(stack.stack)} - {number})")
            for i in range(size - number):
                order[i], order[i + number] = order[i + number], order[i]
            gone = range(max(0, size - number), size)
        left: list[str] = []
        right: list[str] = []
        for i, origin in enumerate(order):
            if i != origin:
                for target, source in zip(rows[i], rows[origin], strict=True):
                    left += self.headers.variables(target, True)
                    right += self.headers.variables(source, True)
        if left:
            out.line(f"{', '.join(left)} = {', '.join(right)}")
        for i in gone:
            for header in rows[i]:
                out.line(f"{ctx.valid(header)} = 0")

    def _push(self, primitive: Primitive, scope: Expressions) -> None:
        self._shift(primitive, scope, True)

    def _pop(self, primitive: Primitive, scope: Expressions) -> None:
        self._shift(primitive, scope, False)

    # -- architecture

    def _drop(self, primitive: Primitive, scope: Expressions) -> None:
        out = self.ctx.out
        egress_spec = self.ctx.std("standard_metadata.egress_spec")
        out.line(f"{egress_spec} = {self.ctx.host.drop_port}")
        group = self.ctx.std("intrinsic_metadata.mcast_grp")
        if group is not None:
            out.line(f"{group} = 0")

    def _object(self, expr: Expr, kind: str, scope: Expressions) -> str:
        if not isinstance(expr, ObjectRef) or expr.kind != kind:
            raise UnsupportedProgram(scope.where, f"{type(expr).__name__} where a {kind} is expected")
        return expr.name

    def _indexed(self, expr: Expr, size: int, scope: Expressions) -> tuple[str, bool]:
        """Source of an index, and whether it is in range whatever happens."""
        value = scope.value(expr)
        if isinstance(expr, Const):
            return value.code, expr.value < size
        safe = value.bits is not None and 1 << value.bits <= size
        if value.code.isidentifier():
            return value.code, safe
        temporary = self.ctx.temporary()
        self.ctx.out.line(f"{temporary} = {value.code}")
        return temporary, safe

    def _guarded(self, index: str, safe: bool, size: int, body: Callable[[], None]) -> None:
        """Accesses beyond an array do nothing."""
        if safe:
            body()
            return
        with self.ctx.out.block(f"if 0 <= {index} < {size}:"):
            body()

    def _count(self, primitive: Primitive, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out
        name = self._object(primitive.args[0], "counter_array", scope)
        cells = ctx.state.counters[name]
        packets = ctx.constant(("packets", name), cells.packets, "packets_{}", name)
        octets = ctx.constant(("bytes", name), cells.bytes, "bytes_{}", name)
        index, safe = self._indexed(primitive.args[1], cells.size, scope)

        def body() -> None:
            out.line(f"{packets}[{index}] += 1")
            out.line(f"{octets}[{index}] += ilen")

        self._guarded(index, safe, cells.size, body)

    def _execute_meter(self, primitive: Primitive, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out
        name = self._object(primitive.args[0], "meter_array", scope)
        array = ctx.state.meters[name]
        cells = ctx.constant(("meter", name), array.cells, "meter_{}", name)
        index, safe = self._indexed(primitive.args[1], array.size, scope)

        def body() -> None:
            meter = ctx.temporary()
            out.line(f"{meter} = {cells}.get({index})")
            color = Value(f"({meter}.execute(ilen, now_us()) if {meter} is not None else 0)", 2)
            self.store(primitive.args[2], color, scope)

        self._guarded(index, safe, array.size, body)

    def _register_read(self, primitive: Primitive, scope: Expressions) -> None:
        name = self._object(primitive.args[1], "register_array", scope)
        spec = self.ctx.program.registers[name]
        index, safe = self._indexed(primitive.args[2], spec.size, scope)
        value = Value(f"{scope.register(name)}[{index}]", spec.width)
        self._guarded(index, safe, spec.size, lambda: self.store(primitive.args[0], value, scope))

    def _register_write(self, primitive: Primitive, scope: Expressions) -> None:
        name = self._object(primitive.args[0], "register_array", scope)
        spec = self.ctx.program.registers[name]
        index, safe = self._indexed(primitive.args[1], spec.size, scope)
        code = scope.fit(primitive.args[2], spec.width, False)

        def body() -> None:
            self.ctx.out.line(f"{scope.register(name)}[{index}] = {code}")

        self._guarded(index, safe, spec.size, body)

    def _hash(self, primitive: Primitive, scope: Expressions) -> None:
        target, base, calculation, size = primitive.args
        name = self._object(calculation, "calculation", scope)
        result = self.calculations.emit(self.ctx.program.calculations[name])
        base_value = scope.value(base)
        if isinstance(size, Const):
            modulo = size.value or 1
            code = f"{result} % {modulo}"
            bits = (modulo - 1).bit_length()
        else:
            code = f"{result} % ({scope.int_code(size)} or 1)"
            bits = 64
        if base_value.code != "0":
            code = f"{code} + {base_value.code}"
            bits = 65
        self.store(target, Value(f"({code})", bits), scope)

    def _random(self, primitive: Primitive, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out
        low, high = ctx.temporary(), ctx.temporary()
        out.line(f"{low} = {scope.int_code(primitive.args[1])}")
        out.line(f"{high} = {scope.int_code(primitive.args[2])}")
        with out.block(f"if {low} <= {high}:"):
            self.store(primitive.args[0], Value(f"randint({low}, {high})", 64), scope)

    def _digest(self, primitive: Primitive, scope: Expressions) -> None:
        self.ctx.out.line(f"digest = {scope.int_code(primitive.args[1])}")

    def _clone(self, primitive: Primitive, scope: Expressions) -> None:
        out = self.ctx.out
        out.line(f"clone = {scope.int_code(primitive.args[0])} & {CLONE_MASK} | {CLONE_VALID}")
        out.line(f"clone_list = {scope.int_code(primitive.args[1])}")

    def _resubmit(self, primitive: Primitive, scope: Expressions) -> None:
        self.ctx.out.line(f"resubmit = {scope.int_code(primitive.args[0])}")

    def _recirculate(self, primitive: Primitive, scope: Expressions) -> None:
        self.ctx.out.line(f"recirculate = {scope.int_code(primitive.args[0])}")

    def _truncate(self, primitive: Primitive, scope: Expressions) -> None:
        self.ctx.out.line(f"cut = min(cut, {scope.int_code(primitive.args[0])})")

    def _log_msg(self, primitive: Primitive, scope: Expressions) -> None:
        values = primitive.args[1]
        items = values.values if isinstance(values, Vector) else ()
        log = self.ctx.constant("log_msg", lambda text, args: _log.info(format_log(text, args)), "log_msg")
        codes = "".join(f"{scope.int_code(v)}, " for v in items)
        self.ctx.out.line(f"{log}({self.ctx.text(string_argument(primitive.args[0]))}, ({codes}))")

    def _assert(self, primitive: Primitive, scope: Expressions) -> None:
        out = self.ctx.out
        failed = self.ctx.constant("AssertionFailed", AssertionFailed, "AssertionFailed")
        with out.block(f"if not ({scope.condition(primitive.args[0])}):"):
            out.line(f"raise {failed}({self.ctx.text(primitive.source or primitive.op)})")


def _show(expr: Expr) -> str:
    if isinstance(expr, (HeaderRef, FieldRef)):
        return ".".join(str(getattr(expr, n)) for n in ("header", "field") if hasattr(expr, n))
    if isinstance(expr, ObjectRef):
        return expr.name
    if isinstance(expr, Const):
        return str(expr.value)
    if isinstance(expr, ParamRef):
        return f"param {expr.index}"
    return "..."
