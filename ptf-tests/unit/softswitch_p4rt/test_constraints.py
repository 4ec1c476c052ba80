# SPDX-License-Identifier: Apache-2.0
"""The p4-constraints language and the annotations that carry it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.p4runtime.constraints import ConstraintError, Operand, parse_constraint

NAMES = {
    "e": Operand(0, "EXACT", 16),
    "l": Operand(1, "LPM", 32),
    "t": Operand(2, "TERNARY", 8),
    "r": Operand(3, "RANGE", 16),
    "o": Operand(4, "OPTIONAL", 9),
    "hdr.ip.ttl": Operand(5, "EXACT", 8),
}
VALUES = ((5,), (0x0A000000, 8), (6, 0xFF), (10, 20), (0, 0), (64,))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("true", True),
        ("false", False),
        ("e == 5", True),
        ("e == 0x5 && e != 0b110", True),
        ("e < 5 || e > 5", False),
        ("5 <= e; e >= 5", True),
        ("e == 5; e == 6", False),
        ("!(e == 6)", True),
        ("e == 6 || (e == 5; true)", True),
        ("(e == 5; e == 6;) || false", False),
        ("(e) == 5", True),
        ("e == 6 -> false", True),
        ("e == 5 -> false", False),
        ("false -> false -> false", True),  # right-associative
        ("true || false && false", True),  # && binds more tightly
        ("e::value == 5", True),
        ("l::prefix_length >= 8 && l::value == 0xa000000", True),
        ("l == 0x0a000000", False),  # a bare lpm key stands for a /32
        ("t == 6", True),
        ("t != 6", False),
        ("6 == t", True),
        ("t::mask == 255", True),
        ("r == 10", False),
        ("r::low == 10 && r::high == 20", True),
        ("o == 0", False),  # don't care is no match on 0
        ("o::mask == 0", True),
        ("hdr.ip.ttl == 64", True),
        ("::priority > 9", True),
        ("::priority == -1", False),
        ("e == 1_0 /* ten */ || // or\n e == 5", True),
        ("(true) == (e == 5)", True),
        ("", True),
        (" ; ;", True),
    ],
)
def test_evaluation(text: str, holds: bool) -> None:
    assert (parse_constraint(text, NAMES).failed(VALUES, 10) is None) == holds


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("x == 1", "unknown name 'x'"),
        ("e", "condition"),
        ("e == true", "cannot compare"),
        ("t < 3", "::mask"),
        ("t == o", "cannot compare"),
        ("e::mask == 1", "no ::mask"),
        ("l::mask == 1", "::prefix_length"),
        ("::size == 1", "::priority"),
        ("e == 1 &&", "ends"),
        ("(e == 1", "ends"),
        ("e == 1)", "expected ';'"),
        ("e = 1", "unexpected"),
        ("e == 'a'", "unexpected"),
        ("!e", "condition"),
        ("-true == 1", "number"),
        ("e == 1 e == 2", "expected ';'"),
    ],
)
def test_errors(text: str, named: str) -> None:
    with pytest.raises(ConstraintError) as error:
        parse_constraint(text, NAMES)
    assert named in str(error.value)


def test_priority_is_of_entries_only() -> None:
    with pytest.raises(ConstraintError):
        parse_constraint("::priority == 1", NAMES, priority=False)


def test_failed_part_is_named() -> None:
    constraint = parse_constraint("e == 5;\n  t   ==\n 7 ;", NAMES)
    assert constraint.failed(VALUES) == "t == 7"


def test_leading_zeros_are_decimal() -> None:
    assert parse_constraint("e == 005", NAMES).failed(VALUES) is None
    assert parse_constraint("e == 0x05", NAMES).failed(VALUES) is None


@given(st.text(alphabet="elt ()!&|<>=-;:01xb_/*\n", max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse_constraint(text, NAMES).failed(VALUES, 1)
    except ConstraintError:
        pass
