# SPDX-License-Identifier: Apache-2.0
"""The parser as Python source.

It is the body of a loop that runs once: ``break`` ends parsing.  ``o`` is the position in ``data``, ``n`` the
length of ``data``, ``error`` the error code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from softswitch.engine.lowered.model import Case, Select, State
from softswitch.engine.python.context import Context
from softswitch.engine.python.graph import FlowGraph, Structurer, dispatch
from softswitch.engine.python.statements import Statements


class ParserCode:
    """Prints the parser of a program."""

    def __init__(self, ctx: Context, statements: Statements) -> None:
        self.ctx = ctx
        self.statements = statements
        self._goto: Callable[[int | None], None] = lambda target: None

    def emit(self) -> None:
        """Print ``while True: ... break``."""
        parser, out = self.ctx.program.parser, self.ctx.out
        loops = parser.loops
        if loops:
            out.line("rounds = 0")
        with out.block("while True:"):
            if loops:
                self._loop(parser.entry, sorted(parser.states))
            else:
                successors = {number: state.following() for number, state in parser.states.items()}
                structurer = Structurer(FlowGraph(parser.entry, successors), out, self._state, "step", "break")
                self._goto = structurer.goto
                structurer.run()
                out.line("break")

    def _loop(self, entry: int, states: list[int]) -> None:
        """A parser with a loop: one pass of the surrounding loop per state."""
        out = self.ctx.out

        def emit(number: int) -> None:
            def goto(target: int | None) -> None:
                if target is not None and target <= number:
                    self.statements.count_round()
                out.line("break" if target is None else f"state = {target}")

            self._goto = goto
            self._state(number)

        # the surrounding loop is entered with no state chosen
        with out.block("if state < 0:"):
            out.line(f"state = {entry}")
        dispatch(out, "state", states, emit)

    def _state(self, number: int) -> None:
        state = self.ctx.program.parser.states[number]
        if self.ctx.traced:
            self.ctx.out.line(f"T.close_to(depth); T.open('state', name={self.ctx.text(state.name)})")
        self.statements.run(state.statements)
        self._select(state)

    # -- transitions

    def _select(self, state: State) -> None:
        out, select = self.ctx.out, state.select
        if not select.cases:
            self._leave(select.default, None)
            return
        key = self.ctx.temporary()
        shifts = _padded_shifts(select.widths)
        codes = map(self.statements.values.code, select.parts)
        out.line(f"{key} = {' | '.join(f'{c} << {s}' if s else c for c, s in zip(codes, shifts, strict=True))}")
        branch = "if"
        for test, target in self._tests(select, key, shifts):
            with out.block(f"{branch} {test}:"):
                self._leave(target, key)
            branch = "elif"
        with out.block("else:"):
            self._leave(select.default, key)

    def _leave(self, target: int | None, key: str | None) -> None:
        if self.ctx.traced:
            shown = f"key={key}, " if key else ""
            name = "accept" if target is None else self.ctx.program.parser.states[target].name
            self.ctx.out.line(f"T.add('select', {shown}next={self.ctx.text(name)})")
        self._goto(target)

    def _tests(self, select: Select, key: str, shifts: list[int]) -> Iterator[tuple[str, int | None]]:
        """(test, target) in order, neighbouring plain values with one target merged."""
        values: dict[int | None, list[int]] = {}

        def flush() -> Iterator[tuple[str, int | None]]:
            for target, mine in values.items():
                yield (f"{key} == {mine[0]}" if len(mine) == 1 else f"{key} in {tuple(mine)!r}"), target
            values.clear()

        ones = sum((1 << width) - 1 << shift for width, shift in zip(select.widths, shifts, strict=True))
        for case in select.cases:
            value, mask = (
                sum(test[i] << shift for test, shift in zip(case.tests, shifts, strict=True)) for i in (0, 1)
            )
            if case.value_set is None and mask == ones:
                values.setdefault(case.target, []).append(value)
                continue
            yield from flush()
            if case.value_set is not None:
                yield self._value_set(case, select.widths, key, shifts), case.target
            else:
                yield f"{key} & {hex(mask)} == {hex(value)}", case.target
        yield from flush()

    def _value_set(self, case: Case, widths: tuple[int, ...], key: str, shifts: list[int]) -> str:
        """Members have no padding."""
        assert case.value_set is not None
        name = case.value_set.name
        members = self.ctx.of_state(case.value_set, lambda state: state.value_sets[name].members, "vset_{}", name)
        compact: list[str] = []
        mask, position = 0, sum(widths)
        for (_, part_mask), width, shift in zip(case.tests, widths, shifts, strict=True):
            position -= width
            part = f"({key} >> {shift} & {hex((1 << width) - 1)})"
            compact.append(f"{part} << {position}" if position else part)
            mask |= part_mask << position
        code = " | ".join(compact)
        if mask == (1 << sum(widths)) - 1:
            return f"({code}) in {members}"
        return f"any(not ((v ^ ({code})) & {hex(mask)}) for v in {members})"


def _padded_shifts(widths: tuple[int, ...]) -> list[int]:
    """Shift of each key part when all are padded to bytes and concatenated."""
    shifts = []
    position = 0
    for width in reversed(widths):
        shifts.append(position)
        position += (width + 7) // 8 * 8
    return shifts[::-1]
