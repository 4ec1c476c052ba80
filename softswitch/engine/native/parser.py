# SPDX-License-Identifier: Apache-2.0
"""C of the parser: a label per state.  ``m->o`` is the position, ``n`` the length of ``data``, ``error`` the error.

The surrounding function has labels ``fault`` and ``accept``.
"""

from __future__ import annotations

from softswitch.bmv2json.model import (
    Advance,
    Const,
    Extract,
    FieldRef,
    HeaderRef,
    KeyPart,
    Lookahead,
    ParserOp,
    ParserState,
    Primitive,
    SetField,
    StackRef,
    Transition,
    UnionStackRef,
    Verify,
)
from softswitch.engine import text
from softswitch.engine.native.actions import Actions
from softswitch.engine.native.context import Context
from softswitch.engine.native.expressions import Expressions, Value, cast
from softswitch.engine.native.storage import Storage
from softswitch.engine.native.text import literal


class ParserCode:
    """Emits the parser of a program."""

    def __init__(self, ctx: Context, storage: Storage, actions: Actions) -> None:
        self.ctx = ctx
        self.storage = storage
        self.actions = actions
        self._numbers = {name: i for i, name in enumerate(ctx.program.parser.states)}

    def emit(self) -> None:
        """Emit all reachable states; control arrives at ``accept`` in the end."""
        parser = self.ctx.program.parser
        todo, seen = [parser.init_state], {parser.init_state}
        self.ctx.out.line(f"goto state_{self._numbers[parser.init_state]};")
        while todo:
            name = todo.pop()
            self._state(name)
            for transition in parser.states[name].transitions:
                if transition.next_state is not None and transition.next_state not in seen:
                    seen.add(transition.next_state)
                    todo.append(transition.next_state)

    def _state(self, name: str) -> None:
        state = self.ctx.program.parser.states[name]
        out = self.ctx.out
        scope = Expressions(self.ctx, f"parser state {name}")
        out.line(f"state_{self._numbers[name]}:; /* {text.comment(name)} */")
        with out.block(""):
            for op in state.ops:
                with out.block(""):
                    self._op(op, scope)
            self._select(state, scope)

    def _fail(self, code: str) -> str:
        return f"{{ error = {self.ctx.error_codes[code]}; goto accept; }}"

    def _need(self, size: int) -> None:
        self.ctx.out.line(f"if (n - m->o < {size}) {self._fail('PacketTooShort')}")

    def _op(self, op: ParserOp, scope: Expressions) -> None:
        out = self.ctx.out
        if isinstance(op, Extract):
            self._extract(op, scope)
        elif isinstance(op, SetField):
            self._set(op, scope)
        elif isinstance(op, Verify):
            with out.block(f"if (!({scope.condition(op.condition)}))"):
                out.line(f"error = (u32){scope.u64(op.error)};")
                out.line("goto accept;")
        elif isinstance(op, Advance):
            self._advance(op, scope)
        else:
            self.actions.primitives((op,), scope)

    def _set(self, op: SetField, scope: Expressions) -> None:
        ctx = self.ctx
        if not isinstance(op.source, Lookahead):
            self.actions.primitives((Primitive("assign", (op.target, op.source)),), scope)
            return
        value = self._lookahead(op.source, scope)
        kind = ctx.field_type(op.target)
        if kind.signed and kind.width == op.source.width:
            half = 1 << (kind.width - 1)
            value = Value(scope.fit(value, kind.width, True), -half, half - 1)
        self.actions.store(op.target, value, scope)

    def _lookahead(self, item: Lookahead, scope: Expressions) -> Value:
        """Bits ahead of the position; PacketTooShort when they are not there."""
        first, last = item.offset // 8, (item.offset + item.width + 7) // 8
        self._need(last)
        size = last - first
        if size > 16:
            raise scope.refuse(f"lookahead of {item.width} bits")
        wide = size > 8
        code = f"ld_be{'128' if wide else ''}(data + m->o + {first}, {size})"
        surplus = last * 8 - item.offset - item.width
        if surplus:
            code = f"({code} >> {surplus})"
        if item.width < size * 8 - surplus:
            code = f"({code} & {literal((1 << item.width) - 1)})"
        return Value(code, 0, (1 << item.width) - 1)

    def _bits(self, name: str, value: Value, scope: Expressions) -> None:
        """Emit ``name``: a number of bits, as a wide signed integer."""
        if not value.exact or value.high >= 1 << 127:
            raise scope.refuse("length of more than 127 bits")
        self.ctx.out.line(f"s128 {name} = {cast(value, 's128')};")

    def _advance(self, op: Advance, scope: Expressions) -> None:
        out = self.ctx.out
        if isinstance(op.bits, Const):
            if op.bits.value % 8:
                out.line(self._fail("ParserInvalidArgument"))
                return
            self._need(op.bits.value // 8)
            out.line(f"m->o += {op.bits.value // 8};")
            return
        self._bits("length", scope.value(op.bits), scope)
        out.line(f"if (length & 7) {self._fail('ParserInvalidArgument')}")
        out.line(f"if (length < 0 || (s128)(n - m->o) < length >> 3) {self._fail('PacketTooShort')}")
        out.line("m->o += (u32)(length >> 3);")

    # -- extraction

    def _extract(self, op: Extract, scope: Expressions) -> None:
        target = op.target
        if isinstance(target, HeaderRef):
            self._extract_header(target.header, op, scope)
            return
        program, out = self.ctx.program, self.ctx.out
        if isinstance(target, StackRef):
            members = list(program.stacks[target.stack].members)
        elif isinstance(target, UnionStackRef):
            members = [program.unions[u].members[op.union_member] for u in program.union_stacks[target.stack].unions]
        else:
            raise scope.refuse(f"extraction to {type(target).__name__}")
        count = self.ctx.next(target.stack)
        out.line(f"if ({count} >= {len(members)}) {self._fail('StackOutOfBounds')}")
        with out.block(f"switch ({count})"):
            for position, member in enumerate(members):
                with out.block(f"case {position}:"):
                    self._extract_header(member, op, scope)
                    out.line("break;")
        out.line(f"{count} += 1;")

    def _extract_header(self, header: str, op: Extract, scope: Expressions) -> None:
        out = self.ctx.out
        kind = self.ctx.program.headers[header].type
        fixed = kind.fixed_bits // 8
        if op.length is None:
            if kind.varbit is not None:
                raise scope.refuse(f"extract of {header} without length")
            self._need(fixed)
            self.storage.extract(header, None)
            return
        self._bits("length", scope.value(op.length), scope)
        out.line(f"if (length & 7) {self._fail('ParserInvalidArgument')}")
        out.line("length >>= 3;")
        out.line(f"if (length < 0 || (s128)(n - m->o) < {fixed} + length) {self._fail('PacketTooShort')}")
        if kind.max_length:
            out.line(f"if (length > {kind.max_length - fixed}) {self._fail('HeaderTooShort')}")
        self.storage.extract(header, "length")

    # -- transitions

    def _goto(self, target: str | None) -> str:
        return "goto accept;" if target is None else f"goto state_{self._numbers[target]};"

    def _select(self, state: ParserState, scope: Expressions) -> None:
        out = self.ctx.out
        cases = list(state.transitions)
        if not state.key or all(t.kind == "default" for t in cases):
            default = next((t for t in cases if t.kind == "default"), None)
            out.line(self._goto(default.next_state if default else None))
            return
        # the parts are compared one by one: a key has no limit of width, its parts have
        names = []
        for part in state.key:
            value = self._key_part(part, scope)
            name = self.ctx.temporary()
            out.line(f"{value.type} {name} = {value.code};")
            names.append(name)
        widths = [part.width for part in state.key]
        for case in cases:
            if case.kind == "default":
                out.line(self._goto(case.next_state))
                return
            if case.kind == "value":
                test = self._value_test(case, names, widths)
            else:
                test = self._value_set(case, names, widths)
            out.line(f"if ({test}) {self._goto(case.next_state)}")
        out.line("goto accept;")  # no default: BMv2 ends the parser

    @staticmethod
    def _parts(number: int, widths: list[int]) -> list[int]:
        """A value over all parts, each padded to bytes, as one number per part."""
        result = []
        shift = 0
        for width in reversed(widths):
            padded = (width + 7) // 8 * 8
            result.append(number >> shift & ((1 << padded) - 1))
            shift += padded
        return result[::-1]

    def _value_test(self, case: Transition, names: list[str], widths: list[int]) -> str:
        tests = []
        masks = [None] * len(names) if case.mask is None else self._parts(case.mask, widths)
        for name, value, mask, width in zip(names, self._parts(case.value, widths), masks, widths, strict=True):
            if mask is None:
                tests.append(f"{name} == {literal(value)}")
            elif mask & (1 << width) - 1 == (1 << width) - 1:
                tests.append(f"{name} == {literal(value & mask)}")
            elif mask:
                tests.append(f"({name} & {literal(mask)}) == {literal(value & mask)}")
        return " && ".join(tests) or "1"

    def _value_set(self, case: Transition, names: list[str], widths: list[int]) -> str:
        ctx = self.ctx
        total = sum(widths)
        if total > 128:
            raise Expressions(ctx, f"value set {case.vset}").refuse("values of more than 128 bits")
        code, position = [], total
        for name, width in zip(names, widths, strict=True):
            position -= width
            code.append(f"(u128){name} << {position}")
        mask = (1 << total) - 1
        if case.mask is not None:
            mask = 0
            for part, width in zip(self._parts(case.mask, widths), widths, strict=True):
                mask = mask << width | part & ((1 << width) - 1)
        set_name = f"&S->value_sets[{ctx.value_sets[case.vset]}]"
        return f"in_value_set({set_name}, {' | '.join(code)}, {literal(mask)})"

    def _key_part(self, part: KeyPart, scope: Expressions) -> Value:
        if isinstance(part.source, Lookahead):
            return self._lookahead(part.source, scope)
        if isinstance(part.source, FieldRef) and self.ctx.field_type(part.source).varbit:
            raise scope.refuse("variable-length field in a select")
        value = scope.value(part.source)
        return Value(scope.fit(value, part.width, False), 0, (1 << part.width) - 1)
