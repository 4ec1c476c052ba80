# SPDX-License-Identifier: Apache-2.0
"""``@entry_restriction`` and ``@action_restriction``: parser and evaluator of the p4-constraints language.

Supported, in order of rising precedence::

    restriction := expr (';' expr)* [';']               every part must hold
    expr        := '->'  |  '||'  |  '&&'  |  '!'  |  == != < <= > >=  |  ( restriction )
    operand     := true | false | 12 | 0x1f | 0b101 | -3 | name | name::field | ::priority

``name`` is a match field of the table (``@action_restriction``: a parameter of the action).  ``field`` is
``value`` or ``mask`` (ternary, optional), ``value`` or ``prefix_length`` (lpm), ``low`` or ``high`` (range),
``value`` (exact).  A bare non-exact name compared by ``==`` or ``!=`` stands for a match on that one value.
``//`` and ``/* */`` comments are allowed.  Anything else is refused when the pipeline is loaded.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Constraint", "ConstraintError", "Operand", "parse_constraint"]

Values = Sequence[Any]
Evaluator = Callable[[Values, int], Any]


class ConstraintError(ValueError):
    """A restriction that the language, or this subset of it, does not allow; the text says where."""


@dataclass(frozen=True)
class Operand:
    """What a name stands for: position in the decoded key, match kind (``EXACT`` for parameters), bit
    width."""

    index: int
    kind: str
    width: int


@dataclass(frozen=True)
class _Typed:
    """A checked sub-expression.  ``kind``: ``bool``, ``int``, or the match kind of a bare non-exact key."""

    kind: str
    run: Evaluator
    operand: Operand | None = None


@dataclass(frozen=True)
class Constraint:
    """A checked restriction.  ``failed(values, priority)`` returns the text of the first part that is
    false."""

    parts: tuple[tuple[str, Evaluator], ...]

    def failed(self, values: Values, priority: int = 0) -> str | None:
        """``values``: one tuple a name: exact (value,), lpm (value, length), ternary and optional (value,
        mask), range (low, high)."""
        for text, run in self.parts:
            if not run(values, priority):
                return text
        return None


_TOKEN = re.compile(
    r"""\s+ | //[^\n]* | /\*.*?\*/
      | (?P<number> 0[xX]_*[0-9a-fA-F][0-9a-fA-F_]* | 0[bB]_*[01][01_]* | [0-9][0-9_]*)
      | (?P<name> [A-Za-z_][A-Za-z0-9_.\[\]]*)
      | (?P<op> -> | :: | && | \|\| | == | != | <= | >= | [<>!();-])""",
    re.VERBOSE | re.DOTALL,
)

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
#: Accessors of each match kind: name of the field -> position in the tuple.
_FIELDS: dict[str, dict[str, int]] = {
    "EXACT": {"value": 0},
    "LPM": {"value": 0, "prefix_length": 1},
    "TERNARY": {"value": 0, "mask": 1},
    "OPTIONAL": {"value": 0, "mask": 1},
    "RANGE": {"low": 0, "high": 1},
}


def parse_constraint(text: str, names: Mapping[str, Operand], *, priority: bool = True) -> Constraint:
    """Check ``text`` against the ``names`` it may use; ``ConstraintError`` on anything not understood.

    ``priority`` allows ``::priority`` (not in action restrictions).
    """
    parser = _Parser(text, names, priority)
    return Constraint(tuple(parser.parts()))


class _Parser:
    def __init__(self, text: str, names: Mapping[str, Operand], priority: bool) -> None:
        self.text = text
        self.names = names
        self.priority = priority
        self.tokens: list[tuple[str, str, int, int]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise ConstraintError(f"unexpected {text[position : position + 12]!r} at offset {position}")
            if match.lastgroup:
                self.tokens.append((match.lastgroup, match.group(), match.start(), match.end()))
            position = match.end()
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self) -> tuple[str, str, int, int]:
        if self.at >= len(self.tokens):
            raise ConstraintError("the restriction ends in the middle of an expression")
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, symbol: str) -> None:
        _kind, found, start, _ = self.take()
        if found != symbol:
            raise ConstraintError(f"expected {symbol!r} but found {found!r} at offset {start}")

    def parts(self) -> list[tuple[str, Evaluator]]:
        found: list[tuple[str, Evaluator]] = []
        while self.at < len(self.tokens):
            if self.peek() == ";":
                self.take()
                continue
            first = self.tokens[self.at][2]
            expression = self.boolean(self.implication(), "the restriction")
            last = self.tokens[self.at - 1][3]
            found.append((" ".join(self.text[first:last].split()), expression.run))
            if self.at < len(self.tokens):
                self.expect(";")
        return found

    def boolean(self, typed: _Typed, where: str) -> _Typed:
        if typed.kind != "bool":
            raise ConstraintError(f"{where} needs a condition, not a value of kind {typed.kind}")
        return typed

    def sequence(self) -> _Typed:
        """What may stand between parentheses: expressions that must all hold, or one of any kind."""
        left = self.implication()
        while self.peek() == ";":
            self.take()
            if self.peek() == ")":
                break
            a = self.boolean(left, "';'").run
            b = self.boolean(self.implication(), "';'").run
            left = _Typed("bool", lambda v, p, a=a, b=b: a(v, p) and b(v, p))  # type: ignore[misc]
        return left

    def implication(self) -> _Typed:
        left = self.disjunction()
        if self.peek() != "->":
            return left
        self.take()
        a = self.boolean(left, "'->'").run
        b = self.boolean(self.implication(), "'->'").run
        return _Typed("bool", lambda v, p: not a(v, p) or b(v, p))

    def disjunction(self) -> _Typed:
        left = self.conjunction()
        while self.peek() == "||":
            self.take()
            a = self.boolean(left, "'||'").run
            b = self.boolean(self.conjunction(), "'||'").run
            left = _Typed("bool", lambda v, p, a=a, b=b: a(v, p) or b(v, p))  # type: ignore[misc]
        return left

    def conjunction(self) -> _Typed:
        left = self.comparison()
        while self.peek() == "&&":
            self.take()
            a = self.boolean(left, "'&&'").run
            b = self.boolean(self.comparison(), "'&&'").run
            left = _Typed("bool", lambda v, p, a=a, b=b: a(v, p) and b(v, p))  # type: ignore[misc]
        return left

    def comparison(self) -> _Typed:
        left = self.unary()
        symbol = self.peek()
        if symbol not in _COMPARE:
            return left
        start = self.take()[2]
        right = self.unary()
        compare = _COMPARE[symbol]
        kinds = {left.kind, right.kind}
        if len(kinds) == 1 and (kinds == {"int"} or (kinds == {"bool"} and symbol in ("==", "!="))):
            a, b = left.run, right.run
            return _Typed("bool", lambda v, p: compare(a(v, p), b(v, p)))
        key, value = (left, right) if left.operand else (right, left)
        if key.operand is not None and value.kind == "int" and symbol in ("==", "!="):
            return self._single(key.operand, value.run, symbol == "==")
        raise ConstraintError(
            f"{symbol!r} at offset {start} cannot compare {left.kind.lower()} with {right.kind.lower()};"
            " use ::value, ::mask, ::prefix_length, ::low or ::high"
        )

    @staticmethod
    def _single(operand: Operand, value: Evaluator, equal: bool) -> _Typed:
        """A match on exactly one value: all mask bits, the whole prefix length, or a range of one."""
        index = operand.index
        if operand.kind == "RANGE":
            return _Typed("bool", lambda v, p: (v[index][0] == v[index][1] == value(v, p)) == equal)
        second = operand.width if operand.kind == "LPM" else (1 << operand.width) - 1
        return _Typed("bool", lambda v, p: (v[index][0] == value(v, p) and v[index][1] == second) == equal)

    def unary(self) -> _Typed:
        kind, text, start, _ = self.take()
        if text == "!":
            inner = self.boolean(self.unary(), "'!'").run
            return _Typed("bool", lambda v, p: not inner(v, p))
        if text == "-":
            inner_value = self.unary()
            if inner_value.kind != "int":
                raise ConstraintError(f"'-' at offset {start} needs a number")
            number = inner_value.run
            return _Typed("int", lambda v, p: -number(v, p))
        if text == "(":
            inside = self.sequence()
            self.expect(")")
            return inside
        if kind == "number":
            digits = text.replace("_", "")
            literal = int(digits, 0 if digits[1:2].isalpha() else 10)  # 010 is ten
            return _Typed("int", lambda v, p: literal)
        if text == "::":
            _, attribute, _, _ = self.take()
            if attribute != "priority" or not self.priority:
                raise ConstraintError(
                    f"unknown attribute ::{attribute} at offset {start}; only ::priority of an entry is known"
                )
            return _Typed("int", lambda v, p: p)
        if kind == "name":
            if text in ("true", "false") and text not in self.names:
                truth = text == "true"
                return _Typed("bool", lambda v, p: truth)
            return self.key(text, start)
        raise ConstraintError(f"unexpected {text!r} at offset {start}")

    def key(self, name: str, start: int) -> _Typed:
        operand = self.names.get(name)
        if operand is None:
            raise ConstraintError(f"unknown name {name!r} at offset {start}; known: {', '.join(sorted(self.names))}")
        index = operand.index
        if self.peek() != "::":
            if operand.kind == "EXACT":
                return _Typed("int", lambda v, p: v[index][0])
            return _Typed(operand.kind, lambda v, p: v[index], operand)
        self.take()
        _, field, where, _ = self.take()
        fields = _FIELDS[operand.kind]
        if field not in fields:
            raise ConstraintError(
                f"{name} is a field of kind {operand.kind.lower()} and has no ::{field}"
                f" (offset {where}); it has {', '.join('::' + known for known in fields)}"
            )
        part = fields[field]
        return _Typed("int", lambda v, p: v[index][part])
