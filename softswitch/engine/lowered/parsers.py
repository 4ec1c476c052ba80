# SPDX-License-Identifier: Apache-2.0
"""The parser of the model to states."""

from __future__ import annotations

from softswitch.bmv2json import model
from softswitch.engine.lowered import statements as s
from softswitch.engine.lowered.expressions import Operands
from softswitch.engine.lowered.model import Case, Parser, Select, State
from softswitch.engine.lowered.objects import Header
from softswitch.engine.lowered.primitives import Primitives, Statements
from softswitch.engine.lowered.storage import Storage
from softswitch.engine.lowered.values import Ahead, Number, cut, wrap

#: Errors that the parser raises, with the code of those that a program does not define.
_ERRORS = {"PacketTooShort": 1, "StackOutOfBounds": 3, "HeaderTooShort": 4, "ParserInvalidArgument": 6}


def lower_parser(program: model.Program, storage: Storage, drop_port: int) -> Parser:
    """The states that can be reached, the first first."""
    numbers = {name: i for i, name in enumerate(program.parser.states)}
    codes = {name: program.errors.get(name, code) for name, code in _ERRORS.items()}
    states: dict[int, State] = {}
    todo = [program.parser.init_state]
    while todo:
        name = todo.pop()
        if numbers[name] in states:
            continue
        spec = program.parser.states[name]
        states[numbers[name]] = _State(storage, spec, numbers, codes, drop_port).lower()
        todo += [t.next_state for t in spec.transitions if t.next_state is not None]
    return Parser(numbers[program.parser.init_state], states)


class _State:
    def __init__(
        self,
        storage: Storage,
        spec: model.ParserState,
        numbers: dict[str, int],
        codes: dict[str, int],
        drop_port: int,
    ) -> None:
        self.storage = storage
        self.spec = spec
        self.numbers = numbers
        self.codes = codes
        self.operands = Operands(storage, f"parser state {spec.name}")
        self.primitives = Primitives(self.operands, drop_port)

    def lower(self) -> State:
        found: Statements = []
        for op in self.spec.ops:
            found += self._op(op)
        needs, select = self._select()
        found += map(self._need, needs)
        return State(self.numbers[self.spec.name], self.spec.name, tuple(found), select)

    def _need(self, size: int) -> s.Need:
        return s.Need(size, self.codes["PacketTooShort"])

    # -- operations

    def _op(self, op: model.ParserOp) -> Statements:
        if isinstance(op, model.Extract):
            return self._extract(op)
        if isinstance(op, model.SetField):
            return self._set(op)
        if isinstance(op, model.Verify):
            return [s.Verify(self.operands.truth(op.condition), self.operands.number(op.error))]
        if isinstance(op, model.Advance):
            return self._advance(op)
        if op.op in ("_jump", "_jump_if_zero", "exit"):
            raise self.operands.refuse(f"primitive {op.op} here")
        return self.primitives.statements(op)

    def _set(self, op: model.SetField) -> Statements:
        if not isinstance(op.source, model.Lookahead):
            return self.primitives.statements(model.Primitive("assign", (op.target, op.source)))
        field = self.storage.field(op.target)
        needs, value = self._ahead(op.source)
        if field.signed and field.width == op.source.width:
            value = wrap(value, field.width)
        return [self._need(needs), self.primitives.assign(op.target, value), s.NoteField(field)]

    @staticmethod
    def _ahead(item: model.Lookahead) -> tuple[int, Number]:
        """The bytes that must be there, and the value."""
        first, last = item.offset // 8, (item.offset + item.width + 7) // 8
        return last, Ahead(first, last - first, last * 8 - item.offset - item.width, item.width)

    def _advance(self, op: model.Advance) -> Statements:
        if not isinstance(op.bits, model.Const):
            number = self.operands.number(op.bits)
            return [s.SkipBits(number, self.codes["ParserInvalidArgument"], self.codes["PacketTooShort"])]
        if op.bits.value % 8:
            return [s.Fail(self.codes["ParserInvalidArgument"])]
        size = op.bits.value // 8
        return [self._need(size), s.Skip(size)]

    def _extract(self, op: model.Extract) -> Statements:
        target = op.target
        if isinstance(target, model.HeaderRef):
            return self._extract_header(self.storage.headers[target.header], op)
        if isinstance(target, model.StackRef):
            stack = self.storage.stacks[target.stack]
            headers = [row[0] for row in stack.rows]
        elif isinstance(target, model.UnionStackRef):
            stack = self.storage.union_stacks[target.stack]
            headers = [row[op.union_member] for row in stack.rows]
        else:
            raise self.operands.refuse(f"extraction to {type(target).__name__}")
        bodies = tuple(tuple(self._extract_header(header, op)) for header in headers)
        return [s.ExtractNext(stack, self.codes["StackOutOfBounds"], bodies)]

    def _extract_header(self, header: Header, op: model.Extract) -> Statements:
        if op.length is None:
            if header.varbit is not None:
                raise self.operands.refuse(f"extract of {header.name} without length")
            return [self._need(header.fixed), s.Extract(header), s.NoteHeader(header)]
        names = ("ParserInvalidArgument", "PacketTooShort", "HeaderTooShort")
        sized = s.Sized(self.operands.number(op.length), *(self.codes[name] for name in names))
        return [s.Extract(header, sized), s.NoteHeader(header)]

    # -- select

    def _select(self) -> tuple[list[int], Select]:
        """The bytes that must be there for the parts of the key, and the cases that can match."""
        cases = list(self.spec.transitions)
        default = next((i for i, t in enumerate(cases) if t.kind == "default"), len(cases))
        last = self._number(cases[default].next_state) if default < len(cases) else None
        cases = cases[:default]
        if not self.spec.key or not cases:
            return [], Select((), (), (), last)
        needs: list[int] = []
        parts: list[Number] = []
        widths = [part.width for part in self.spec.key]
        for part in self.spec.key:
            if isinstance(part.source, model.Lookahead):
                need, value = self._ahead(part.source)
                needs.append(need)
                parts.append(value)
            else:
                parts.append(cut(self.operands.number(part.source), part.width))
        found: list[Case] = []
        seen: set[tuple[tuple[int, int], ...]] = set()
        for case in cases:
            lowered = self._case(case, widths)
            if lowered is None or (lowered.value_set is None and lowered.tests in seen):
                continue
            seen.add(lowered.tests)
            found.append(lowered)
        return needs, Select(tuple(parts), tuple(widths), tuple(found), last)

    def _number(self, name: str | None) -> int | None:
        return None if name is None else self.numbers[name]

    def _case(self, case: model.Transition, widths: list[int]) -> Case | None:
        """None for a case that cannot match: a value with bits in the padding of a part, or beyond all parts."""
        target = self._number(case.next_state)
        masks = [None] * len(widths) if case.mask is None else _parts(case.mask, widths)
        ones = [(1 << width) - 1 for width in widths]
        if case.kind == "vset":
            tests = tuple((0, full if mask is None else mask & full) for mask, full in zip(masks, ones, strict=True))
            return Case(tests, target, self.storage.value_sets[case.vset])
        value = case.value if case.mask is None else case.value & case.mask
        wanted = _parts(value, widths)
        if value < 0 or value >> sum((width + 7) // 8 * 8 for width in widths):
            return None
        if any(part & ~full for part, full in zip(wanted, ones, strict=True)):
            return None
        known = (full if mask is None else mask & full for mask, full in zip(masks, ones, strict=True))
        return Case(tuple(zip(wanted, known, strict=True)), target)


def _parts(number: int, widths: list[int]) -> list[int]:
    """A number over all parts, each padded to bytes, as one number per part."""
    result = []
    shift = 0
    for width in reversed(widths):
        padded = (width + 7) // 8 * 8
        result.append(number >> shift & ((1 << padded) - 1))
        shift += padded
    return result[::-1]
