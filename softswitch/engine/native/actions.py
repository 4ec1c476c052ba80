# SPDX-License-Identifier: Apache-2.0
"""C of primitives: assignments and headers.  :mod:`.externs` adds what belongs to the architecture."""

from __future__ import annotations

from collections.abc import Callable

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.model import (
    AccessField,
    Action,
    Const,
    DerefUnionStack,
    Expr,
    FieldRef,
    Primitive,
    RegisterRef,
    StackFieldRef,
    StackRef,
    UnionRef,
    UnionStackRef,
)
from softswitch.engine import text
from softswitch.engine.native.calculations import Calculations
from softswitch.engine.native.context import Context
from softswitch.engine.native.expressions import Expressions, Value
from softswitch.engine.native.externs import Externs
from softswitch.engine.native.storage import Storage
from softswitch.engine.native.text import storage_bits, storage_type


def args_format(action: Action) -> str:
    """``struct`` format of an action's arguments without padding; 16 bytes are two Q, low half first."""
    codes = {8: "B", 16: "H", 32: "I", 64: "Q", 128: "QQ"}
    return "<" + "".join(codes[storage_bits(p.width)] for p in action.params)


class Actions:
    """Emits actions as functions, and lists of primitives at the writer's position."""

    def __init__(self, ctx: Context, storage: Storage, calculations: Calculations) -> None:
        self.ctx = ctx
        self.storage = storage
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
            "push": lambda primitive, scope: self._shift(primitive, scope, True),
            "pop": lambda primitive, scope: self._shift(primitive, scope, False),
            "no_op": lambda primitive, scope: None,
            **Externs(ctx, calculations, self.store).emitters(),
        }

    # -- functions

    def function(self, action: Action) -> None:
        """Emit ``struct args_<id>`` and ``action_<id>``."""
        out = self.ctx.out
        scope = Expressions(self.ctx, f"action {action.name}")
        for param in action.params:
            if param.width > 128:
                raise scope.refuse(f"parameter of {param.width} bits")
        scope.params = [(f"a->p{i}", p.width) for i, p in enumerate(action.params)]
        with out.block(f"struct __attribute__((packed)) args_{action.id}", "};"):
            out.line("u8 none[0];")
            for i, param in enumerate(action.params):
                out.line(f"{storage_type(param.width)} p{i}; /* {text.comment(param.name)} */")
        out.line(f"/* {text.comment(action.name)} */")
        with out.block(
            f"static UNUSED int action_{action.id}(struct sw *S UNUSED, struct worker *W UNUSED, "
            f"const struct item *it UNUSED, struct pkt *m UNUSED, struct marks *x UNUSED, const void *args UNUSED)"
        ):
            out.line(f"const struct args_{action.id} *a UNUSED = args;")
            out.line("const u8 *data UNUSED = it->data;")
            out.line("const u32 n UNUSED = it->n;")
            out.line("int leaving UNUSED = GO_ON;")
            self.primitives(action.primitives, scope)
            out.line("goto end;")
            out.line("end: UNUSED;")
            out.line("return leaving;")
            out.line("fault: UNUSED;")
            out.line("return FAULT;")

    def primitives(self, primitives: tuple[Primitive, ...], scope: Expressions) -> None:
        """Emit primitives with their jumps; ``exit`` sets ``leaving``, as in BMv2 the rest still runs."""
        out = self.ctx.out
        count = len(primitives)
        label = self.ctx.temporary()
        targets = set()
        for i, primitive in enumerate(primitives):
            if primitive.op in ("_jump", "_jump_if_zero"):
                target = self._target(primitive, scope)
                if not i < target <= count:
                    raise UnsupportedProgram(scope.where, "jump backwards in an action (a loop)")
                targets.add(target)
        for i, primitive in enumerate(primitives):
            if i in targets:
                out.line(f"{label}_{i}:;")
            with out.block(""):
                if primitive.source:
                    out.line(f"/* {text.comment(primitive.source)} */")
                if primitive.op == "exit":
                    out.line("leaving = LEAVE;")
                elif primitive.op == "_jump":
                    out.line(f"goto {label}_{self._target(primitive, scope)};")
                elif primitive.op == "_jump_if_zero":
                    condition = scope.condition(primitive.args[0])
                    out.line(f"if (!({condition})) goto {label}_{self._target(primitive, scope)};")
                else:
                    emit = self._emitters.get(primitive.op)
                    if emit is None:
                        raise UnsupportedProgram(scope.where, f"primitive {primitive.op}", "by the native engine")
                    emit(primitive, scope)
        if count in targets:
            out.line(f"{label}_{count}:;")

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
                raise scope.refuse("assignment of a number to a variable-length field")
            out.line(f"{ctx.ref(target)} = {scope.fit(value, kind.width, kind.signed)};")
            ctx.mark_dirty(target.header)
            return
        if isinstance(target, RegisterRef):
            spec = ctx.program.registers[target.register]
            cells = scope.cells(target.register)
            out.line(f"s64 index = {scope.index(target.index)};")
            out.line(f"if (index < 0 || index >= {spec.size}) goto fault;")
            out.line(f"{cells}[index] = {scope.fit(value, spec.width, False)};")
            return
        if isinstance(target, StackFieldRef):
            members = list(ctx.program.stacks[target.stack].members)
            self._store_dynamic(members, target.field, f"(s64){ctx.next(target.stack)} - 1", value, scope)
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
        raise scope.refuse(f"assignment to {type(target).__name__}")

    def _store_dynamic(self, members: list[str], name: str, index: str, value: Value, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out
        kind = ctx.field_type(FieldRef(members[0], name))
        if kind.varbit:
            raise scope.refuse("assignment of a number to a variable-length field")
        temporary = ctx.temporary()
        out.line(f"{storage_type(kind.width, kind.signed)} {temporary} = {scope.fit(value, kind.width, kind.signed)};")

        def assign(member: str) -> None:
            out.line(f"{ctx.field(member, name)} = {temporary};")
            ctx.mark_dirty(member)

        self._choose(members, index, assign)

    def _choose(self, members: list[str], index: str, body: Callable[[str], None]) -> None:
        """Run ``body`` for the member that ``index`` selects; an index beyond the stack is a fault."""
        out = self.ctx.out
        with out.block(f"switch ({index})"):
            for position, member in enumerate(members):
                with out.block(f"case {position}:"):
                    body(member)
                    out.line("break;")
            out.line("default: goto fault;")

    def _assign(self, primitive: Primitive, scope: Expressions) -> None:
        value = scope.value(primitive.args[1])
        if value.varbit:
            self._assign_varbit(primitive, scope)
            return
        self.store(primitive.args[0], value, scope)

    def _assign_varbit(self, primitive: Primitive, scope: Expressions) -> None:
        target = primitive.args[0]
        if not isinstance(target, FieldRef):
            raise scope.refuse("variable-length assignment to a field chosen at run time")
        value = scope.value(primitive.args[1])
        if not value.varbit or not self.ctx.field_type(target).varbit:
            raise scope.refuse("variable-length assignment of a number")
        self.ctx.out.line(f"{self.ctx.ref(target)} = {value.code};")
        self.ctx.mark_dirty(target.header)

    # -- headers

    def _each(self, expr: Expr, scope: Expressions, body: Callable[[str], None]) -> None:
        members = self.ctx.layout.members(expr)
        if not members:
            raise scope.refuse(f"{type(expr).__name__} where a header is expected")
        index = scope.member_index(expr)
        if isinstance(index, int):
            body(members[index])
        else:
            self._choose(members, index, body)

    def _assign_header(self, primitive: Primitive, scope: Expressions) -> None:
        target, source = primitive.args
        self._each(target, scope, lambda t: self._each(source, scope, lambda s: self.storage.copy(t, s)))

    def _instances(self, expr: Expr, scope: Expressions) -> list[list[str]]:
        """Header instances of a stack or union, one list per stack element."""
        program = self.ctx.program
        if isinstance(expr, StackRef):
            return [[m] for m in program.stacks[expr.stack].members]
        if isinstance(expr, UnionStackRef):
            return [list(program.unions[u].members) for u in program.union_stacks[expr.stack].unions]
        raise scope.refuse(f"{type(expr).__name__} where a stack is expected")

    def _assign_union(self, primitive: Primitive, scope: Expressions) -> None:
        target, source = primitive.args
        program = self.ctx.program

        def each(expr: Expr, body: Callable[[str], None]) -> None:
            if isinstance(expr, UnionRef):
                body(expr.union)
                return
            if not isinstance(expr, DerefUnionStack):
                raise scope.refuse(f"{type(expr).__name__} where a union is expected")
            names = list(program.union_stacks[expr.stack].unions)
            if isinstance(expr.index, Const) and expr.index.value < len(names):
                body(names[expr.index.value])
            else:
                self._choose(names, scope.index(expr.index), body)

        def copy(t: str, s: str) -> None:
            self._copy_all([list(program.unions[t].members)], [list(program.unions[s].members)])

        each(target, lambda t: each(source, lambda s: copy(t, s)))

    def _assign_stack(self, primitive: Primitive, scope: Expressions) -> None:
        target, source = primitive.args
        if not isinstance(target, (StackRef, UnionStackRef)) or not isinstance(source, (StackRef, UnionStackRef)):
            raise scope.refuse("assignment of a stack to something else")
        self.ctx.out.line(f"{self.ctx.next(target.stack)} = {self.ctx.next(source.stack)};")
        self._copy_all(self._instances(target, scope), self._instances(source, scope))

    def _copy_all(self, targets: list[list[str]], sources: list[list[str]]) -> None:
        for target_row, source_row in zip(targets, sources, strict=True):
            for target, source in zip(target_row, source_row, strict=True):
                if target != source:
                    self.storage.copy(target, source)

    def _add_header(self, primitive: Primitive, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out

        def add(header: str) -> None:
            if ctx.is_metadata(header):
                return
            with out.block(f"if (!{ctx.valid(header)})"):
                self.storage.set_valid(header)
                self.storage.reset(header)
                if ctx.needs_length:
                    out.line(f"m->plen += {self.storage.size(header)};")

        self._each(primitive.args[0], scope, add)

    def _remove_header(self, primitive: Primitive, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out

        def remove(header: str) -> None:
            if ctx.is_metadata(header):
                return
            if not ctx.needs_length:
                out.line(f"{ctx.valid(header)} = 0;")
                return
            with out.block(f"if ({ctx.valid(header)})"):
                out.line(f"{ctx.valid(header)} = 0;")
                out.line(f"m->plen -= {self.storage.size(header)};")

        self._each(primitive.args[0], scope, remove)

    def _shift(self, primitive: Primitive, scope: Expressions, push: bool) -> None:
        ctx, out = self.ctx, self.ctx.out
        stack, count = primitive.args
        rows = self._instances(stack, scope)
        if not isinstance(count, Const) or not isinstance(stack, (StackRef, UnionStackRef)):
            raise scope.refuse(f"{primitive.op} by a computed number")
        number, size = count.value, len(rows)
        if not number:
            return
        fill = ctx.next(stack.stack)
        if push:
            out.line(f"{fill} = {fill} + {number} > {size} ? {size} : {fill} + {number};")
            swaps = [(i, i - number) for i in range(size - 1, number - 1, -1)]
            gone = range(min(number, size))
        else:
            out.line(f"{fill} = {fill} > {number} ? {fill} - {number} : 0;")
            swaps = [(i, i + number) for i in range(size - number)]
            gone = range(max(0, size - number), size)
        for a, b in swaps:
            for target, source in zip(rows[a], rows[b], strict=True):
                pairs = zip(self.storage.variables(target, True), self.storage.variables(source, True), strict=True)
                for left, right in pairs:
                    out.line(f"SWAP({left}, {right});")
        for i in gone:
            for header in rows[i]:
                out.line(f"{ctx.valid(header)} = 0;")
