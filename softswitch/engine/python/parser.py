# SPDX-License-Identifier: Apache-2.0
"""Code of the parser.

It is the body of a loop that runs once: ``break`` ends parsing.  ``o`` is the position in ``data``, ``n`` the
length of ``data``, ``error`` the error code.
"""

from __future__ import annotations

from collections.abc import Callable

from softswitch.bmv2json.errors import UnsupportedProgram
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
from softswitch.engine.python.actions import Actions
from softswitch.engine.python.context import Context
from softswitch.engine.python.expressions import Expressions, Value
from softswitch.engine.python.graph import FlowGraph, Structurer
from softswitch.engine.python.headers import Headers

Goto = Callable[[str | None], None]


class ParserCode:
    """Emits the parser of a program."""

    def __init__(self, ctx: Context, headers: Headers, actions: Actions) -> None:
        self.ctx = ctx
        self.headers = headers
        self.actions = actions
        self._goto: Goto = lambda target: None

    def emit(self) -> None:
        """Emit ``while True: ... break``."""
        parser = self.ctx.program.parser
        out = self.ctx.out
        successors = {
            name: list(dict.fromkeys(t.next_state for t in state.transitions if t.next_state is not None))
            for name, state in parser.states.items()
        }
        reachable = _reachable(parser.init_state, successors)
        successors = {name: following for name, following in successors.items() if name in reachable}
        with out.block("while True:"):
            if _has_cycle(successors):
                self._loop(parser.init_state, sorted(reachable, key=list(parser.states).index))
            else:
                graph = FlowGraph(parser.init_state, successors)
                structurer = Structurer(graph, out, self._state, "step", "break")
                self._goto = structurer.goto
                structurer.run()
                out.line("break")

    def _loop(self, init: str, states: list[str]) -> None:
        """A parser with a cycle: one pass of the loop per state."""
        out = self.ctx.out
        numbers = {name: i for i, name in enumerate(states)}

        def goto(target: str | None) -> None:
            if target is None:
                out.line("break")
            else:
                out.line(f"state = {numbers[target]}")
                out.line("continue")

        self._goto = goto
        # the surrounding loop is entered with no state chosen
        with out.block("if state < 0:"):
            out.line(f"state = {numbers[init]}")
        self._dispatch(states, numbers)

    def _dispatch(self, states: list[str], numbers: dict[str, int]) -> None:
        out = self.ctx.out
        if len(states) <= 2:
            for i, name in enumerate(states):
                with out.block(f"{'if' if not i else 'elif'} state == {numbers[name]}:"):
                    self._state(name)
            return
        middle = len(states) // 2
        with out.block(f"if state < {numbers[states[middle]]}:"):
            self._dispatch(states[:middle], numbers)
        with out.block("else:"):
            self._dispatch(states[middle:], numbers)

    # -- states

    def _state(self, name: str) -> None:
        state = self.ctx.program.parser.states[name]
        scope = Expressions(self.ctx, f"parser state {name}")
        if self.ctx.traced:
            self.ctx.out.line(f"T.close_to(depth); T.open('state', name={self.ctx.text(name)})")
        for op in state.ops:
            self._op(op, scope)
        self._select(state)

    def _fail(self, code: str) -> None:
        self.ctx.out.line(f"error = {self.ctx.error_codes[code]}")
        self.ctx.out.line("break")

    def _need(self, size: str) -> None:
        """Stop with PacketTooShort unless ``size`` more bytes are there."""
        with self.ctx.out.block(f"if n - o < {size}:"):
            self._fail("PacketTooShort")

    def _op(self, op: ParserOp, scope: Expressions) -> None:
        out = self.ctx.out
        if isinstance(op, Extract):
            self._extract(op, scope)
        elif isinstance(op, SetField):
            self._set(op, scope)
        elif isinstance(op, Verify):
            with out.block(f"if not ({scope.condition(op.condition)}):"):
                out.line(f"error = {scope.int_code(op.error)}")
                out.line("break")
        elif isinstance(op, Advance):
            self._advance(op, scope)
        else:
            assert isinstance(op, Primitive)
            self.actions.primitives((op,), scope)

    def _set(self, op: SetField, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out
        if isinstance(op.source, Lookahead):
            value = self._lookahead(op.source)
            kind = ctx.field_type(op.target)
            if kind.signed and kind.width == op.source.width:
                half = hex(1 << (kind.width - 1))
                value = Value(f"((({value.code}) ^ {half}) - {half})", None)
                out.line(f"{ctx.ref(op.target)} = {value.code}")
                ctx.mark_dirty(op.target.header)
            else:
                self.actions.store(op.target, value, scope)
        else:
            self.actions.primitives((Primitive("assign", (op.target, op.source)),), scope)
            return
        if ctx.traced:
            label = f"{op.target.header}.{op.target.field} = "
            out.line(f"T.add('effect', text={ctx.text(label)} + hex({ctx.ref(op.target)}))")

    def _lookahead(self, item: Lookahead) -> Value:
        """Bits ahead of the position; PacketTooShort when they are not there."""
        first, last = item.offset // 8, (item.offset + item.width + 7) // 8
        self._need(str(last))
        size = last - first
        at = f"o + {first}" if first else "o"
        if size == 1:
            code = f"data[{at}]"
        elif size == 2:
            code = f"(data[{at}] << 8 | data[o + {first + 1}])"
        else:
            code = f"from_bytes(data[{at}:o + {last}], 'big')"
        surplus = last * 8 - item.offset - item.width
        if surplus:
            code = f"({code} >> {surplus})"
        if item.width < size * 8 - surplus:
            code = f"({code} & {hex((1 << item.width) - 1)})"
        return Value(code, item.width)

    def _advance(self, op: Advance, scope: Expressions) -> None:
        out = self.ctx.out
        if isinstance(op.bits, Const):
            if op.bits.value % 8:
                self._fail("ParserInvalidArgument")
                return
            self._need(str(op.bits.value // 8))
            out.line(f"o += {op.bits.value // 8}")
            return
        bits = self.ctx.temporary()
        out.line(f"{bits} = {scope.int_code(op.bits)}")
        with out.block(f"if {bits} & 7:"):
            self._fail("ParserInvalidArgument")
        self._need(f"{bits} >> 3")
        out.line(f"o += {bits} >> 3")

    # -- extraction

    def _extract(self, op: Extract, scope: Expressions) -> None:
        target = op.target
        if isinstance(target, HeaderRef):
            self._extract_header(target.header, op, scope)
            return
        program = self.ctx.program
        if isinstance(target, StackRef):
            members = list(program.stacks[target.stack].members)
        elif isinstance(target, UnionStackRef):
            members = [program.unions[u].members[op.union_member] for u in program.union_stacks[target.stack].unions]
        else:
            raise UnsupportedProgram(scope.where, f"extraction to {type(target).__name__}")
        out = self.ctx.out
        count = self.ctx.next(target.stack)
        with out.block(f"if {count} >= {len(members)}:"):
            self._fail("StackOutOfBounds")
        for position, member in enumerate(members):
            with out.block(f"{'if' if not position else 'elif'} {count} == {position}:"):
                self._extract_header(member, op, scope)
        out.line(f"{count} += 1")

    def _extract_header(self, header: str, op: Extract, scope: Expressions) -> None:
        ctx, out = self.ctx, self.ctx.out
        kind = ctx.program.headers[header].type
        fixed = kind.fixed_bits // 8
        if op.length is None:
            if kind.varbit is not None:
                raise UnsupportedProgram(scope.where, f"extract of {header} without length")
            self._need(str(fixed))
            self.headers.extract(header, None)
        else:
            bits, size = ctx.temporary(), ctx.temporary()
            out.line(f"{bits} = {scope.int_code(op.length)}")
            with out.block(f"if {bits} & 7:"):
                self._fail("ParserInvalidArgument")
            out.line(f"{size} = {bits} >> 3")
            with out.block(f"if {size} < 0 or n - o < {fixed} + {size}:"):
                self._fail("PacketTooShort")
            if kind.max_length:
                with out.block(f"if {size} > {kind.max_length - fixed}:"):
                    self._fail("HeaderTooShort")
            self.headers.extract(header, size)
        if ctx.traced:
            self._trace_extract(header)

    def _trace_extract(self, header: str) -> None:
        ctx = self.ctx
        parts = []
        for item in ctx.program.headers[header].type.fields:
            name = ctx.field(header, item.name)
            parts.append(f"{ctx.text(item.name)}: {name + '.hex()' if item.varbit else name}")
        ctx.out.line(f"T.add('extract', header={ctx.text(header)}, fields={{{', '.join(parts)}}})")

    # -- transitions

    def _select(self, state: ParserState) -> None:
        out = self.ctx.out
        cases = list(state.transitions)
        if not state.key or all(t.kind == "default" for t in cases):
            default = next((t for t in cases if t.kind == "default"), None)
            self._leave(default.next_state if default else None, None)
            return
        widths = [part.width for part in state.key]
        values = [self._key_part(part) for part in state.key]
        key = self.ctx.temporary()
        shifts = _padded_shifts(widths)
        code = " | ".join(f"{v} << {s}" if s else v for v, s in zip(values, shifts, strict=True))
        out.line(f"{key} = {code}")
        open_blocks = False
        for tests, target in self._cases(cases, key, widths, shifts):
            if not tests:
                with out.block("else:") if open_blocks else _here():
                    self._leave(target, key)
                return
            with out.block(f"{'elif' if open_blocks else 'if'} {tests}:"):
                self._leave(target, key)
            open_blocks = True
        # no default: BMv2 ends the parser
        with out.block("else:"):
            self._leave(None, key)

    def _leave(self, target: str | None, key: str | None) -> None:
        if self.ctx.traced:
            shown = f"key={key}, " if key else ""
            self.ctx.out.line(f"T.add('select', {shown}next={self.ctx.text(target or 'accept')})")
        self._goto(target)

    def _cases(
        self, cases: list[Transition], key: str, widths: list[int], shifts: list[int]
    ) -> list[tuple[str, str | None]]:
        """(test, target) in order, neighbouring plain values with one target merged; "" is the default."""
        result: list[tuple[str, str | None]] = []
        values: list[tuple[int, str | None]] = []
        seen: set[int] = set()

        def flush() -> None:
            targets = list(dict.fromkeys(target for _, target in values))
            for target in targets:
                mine = [v for v, t in values if t == target]
                test = f"{key} == {mine[0]}" if len(mine) == 1 else f"{key} in {tuple(mine)!r}"
                result.append((test, target))
            values.clear()

        for case in cases:
            if case.kind == "value" and case.mask is None:
                if case.value not in seen:
                    seen.add(case.value)
                    values.append((case.value, case.next_state))
                continue
            flush()
            if case.kind == "default":
                result.append(("", case.next_state))
                return result
            if case.kind == "value":
                assert case.mask is not None
                result.append((f"{key} & {hex(case.mask)} == {hex(case.value & case.mask)}", case.next_state))
            else:
                result.append((self._value_set(case, key, widths, shifts), case.next_state))
        flush()
        return result

    def _value_set(self, case: Transition, key: str, widths: list[int], shifts: list[int]) -> str:
        name = case.vset
        members = self.ctx.constant(("vset", name), self.ctx.state.value_sets[name].members, "vset_{}", name)
        compact: list[str] = []
        position = sum(widths)
        for width, shift in zip(widths, shifts, strict=True):
            position -= width
            part = f"({key} >> {shift} & {hex((1 << width) - 1)})"
            compact.append(f"{part} << {position}" if position else part)
        code = " | ".join(compact)
        if case.mask is None:
            return f"({code}) in {members}"
        mask = 0
        for width, shift in zip(widths, shifts, strict=True):
            mask = mask << width | (case.mask >> shift & ((1 << width) - 1))
        return f"any(not ((v ^ ({code})) & {hex(mask)}) for v in {members})"

    def _key_part(self, part: KeyPart) -> str:
        if isinstance(part.source, Lookahead):
            return self._lookahead(part.source).code
        value = Expressions(self.ctx, "select").value(part.source)
        if isinstance(part.source, FieldRef) and self.ctx.field_type(part.source).varbit:
            raise UnsupportedProgram("select", "variable-length field in a select")
        return f"({value.code} & {hex((1 << part.width) - 1)})" if value.bits is None else value.code


class _here:  # noqa: N801 - used like contextlib.nullcontext, without a block
    def __enter__(self) -> None:
        return

    def __exit__(self, *args: object) -> None:
        return


def _padded_shifts(widths: list[int]) -> list[int]:
    """Shift of each key part when all are padded to bytes and concatenated."""
    shifts = []
    position = 0
    for width in reversed(widths):
        shifts.append(position)
        position += (width + 7) // 8 * 8
    return shifts[::-1]


def _reachable(start: str, successors: dict[str, list[str]]) -> set[str]:
    found = {start}
    todo = [start]
    while todo:
        for following in successors[todo.pop()]:
            if following not in found:
                found.add(following)
                todo.append(following)
    return found


def _has_cycle(successors: dict[str, list[str]]) -> bool:
    pending = dict.fromkeys(successors, 0)
    for following in successors.values():
        for name in following:
            pending[name] += 1
    ready = [name for name, count in pending.items() if not count]
    done = 0
    while ready:
        name = ready.pop()
        done += 1
        for following_name in successors[name]:
            pending[following_name] -= 1
            if not pending[following_name]:
                ready.append(following_name)
    return done < len(successors)
