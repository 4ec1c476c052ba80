# SPDX-License-Identifier: Apache-2.0
"""The parser as C: a label per state.  ``m->o`` is the position, ``n`` the length of ``data``, ``error`` the error.

The surrounding function has labels ``fault`` and ``accept``.
"""

from __future__ import annotations

from softswitch.engine import text
from softswitch.engine.lowered.model import Case, State
from softswitch.engine.native.calculations import Calculations
from softswitch.engine.native.context import Context
from softswitch.engine.native.statements import ROUND, Statements
from softswitch.engine.native.storage import Storage
from softswitch.engine.native.text import literal


class ParserCode:
    """Prints the parser of a program."""

    def __init__(self, ctx: Context, storage: Storage, calculations: Calculations) -> None:
        self.ctx = ctx
        self.storage = storage
        self.calculations = calculations
        self._loops = ctx.program.parser.loops

    def emit(self) -> None:
        """Print all states; control arrives at ``accept`` in the end."""
        parser = self.ctx.program.parser
        self.ctx.out.line(self._goto(parser.entry))
        for state in parser.states.values():
            self._state(state)

    def _state(self, state: State) -> None:
        out = self.ctx.out
        statements = Statements(self.ctx, self.storage, self.calculations, f"parser state {state.name}")
        out.line(f"state_{state.index}:; /* {text.comment(state.name)} */")
        with out.block(""):
            statements.run(state.statements)
            self._select(state, statements)

    @staticmethod
    def _goto(target: int | None) -> str:
        return "goto accept;" if target is None else f"goto state_{target};"

    def _select(self, state: State, statements: Statements) -> None:
        """The parts are compared one by one: a key has no limit of width, its parts have."""
        out, select = self.ctx.out, state.select

        def leave(target: int | None) -> str:
            back = self._loops and target is not None and target <= state.index
            return f"{{ {ROUND} {self._goto(target)} }}" if back else self._goto(target)

        names = []
        for part in select.parts:
            value = statements.values.exact(part)
            name = self.ctx.temporary()
            out.line(f"const {value.type} {name} = {value.code};")
            names.append(name)
        for case in select.cases:
            if case.value_set is None:
                test = _value_test(case, names, select.widths)
            elif sum(select.widths) > 128:
                raise statements.values.refuse("value set of more than 128 bits")
            else:
                test = _value_set(case, names, select.widths)
            out.line(f"if ({test}) {leave(case.target)}")
        out.line(leave(select.default))


def _value_test(case: Case, names: list[str], widths: tuple[int, ...]) -> str:
    tests = []
    for name, (value, mask), width in zip(names, case.tests, widths, strict=True):
        if mask == (1 << width) - 1:
            tests.append(f"{name} == {literal(value)}")
        elif mask:
            tests.append(f"({name} & {literal(mask)}) == {literal(value)}")
    return " && ".join(tests) or "1"


def _value_set(case: Case, names: list[str], widths: tuple[int, ...]) -> str:
    assert case.value_set is not None
    code, mask, position = [], 0, sum(widths)
    for name, (_, part_mask), width in zip(names, case.tests, widths, strict=True):
        position -= width
        code.append(f"(u128){name} << {position}")
        mask |= part_mask << position
    return f"in_value_set(&S->value_sets[{case.value_set.index}], {' | '.join(code)}, {literal(mask)})"
