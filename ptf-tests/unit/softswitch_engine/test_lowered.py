# SPDX-License-Identifier: Apache-2.0
"""The lowered form by itself: intervals, selects, jumps, and the order of the steps of simple_switch."""

from __future__ import annotations

import json
import operator
import random

import pytest

from softswitch.bmv2json import UnsupportedProgram, load_program
from softswitch.engine.lowered import statements as s
from softswitch.engine.lowered import values as v
from softswitch.engine.lowered.model import Program, Step
from softswitch.engine.lowered.program import lower

from .rigs import NAMES, PROGRAMS

_OPERATORS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<<": operator.lshift, ">>": operator.rshift, "/": operator.floordiv, "%": operator.mod,
}  # fmt: skip
WIDTHS = (1, 7, 8, 16, 33, 64, 128)


def loaded(name: str) -> Program:
    return lower(load_program((PROGRAMS / f"{name}.json").read_bytes()), 511)


def evaluate(value: v.Number, params: list[int]) -> int:
    """The number with unbounded integers, as BMv2 computes."""
    if isinstance(value, v.Constant):
        return value.value
    if isinstance(value, v.Param):
        return params[value.index]
    if isinstance(value, v.Complement):
        return ~evaluate(value.number, params)
    if isinstance(value, v.Wrap):
        half = 1 << value.width - 1
        return (evaluate(value.number, params) + half) % (2 * half) - half
    if isinstance(value, v.Choose):
        assert isinstance(value.condition, v.NonZero)
        return evaluate(value.left if evaluate(value.condition.number, params) else value.right, params)
    assert isinstance(value, v.Arithmetic)
    return _OPERATORS[value.op](evaluate(value.left, params), evaluate(value.right, params))


def some(rng: random.Random, depth: int) -> v.Number:
    """A random number; shifts and divisors are small parameters and constants."""
    if not depth or rng.random() < 0.1:
        if rng.random() < 0.3:
            return v.Constant(rng.choice((0, 1, -1, 255, 1 << 40, (1 << 64) - 1, -(1 << 31))))
        place = rng.randrange(len(WIDTHS))
        return v.Param(place, WIDTHS[place])
    kind = rng.random()
    if kind < 0.1:
        return v.complement(some(rng, depth - 1))
    if kind < 0.2:
        return v.wrap(some(rng, depth - 1), rng.choice(WIDTHS[1:]))
    if kind < 0.3:
        return v.choose(v.NonZero(some(rng, depth - 1)), some(rng, depth - 1), some(rng, depth - 1))
    op = rng.choice(list(_OPERATORS))
    if op in ("<<", ">>"):
        return v.arithmetic(op, some(rng, depth - 1), rng.choice((v.Constant(rng.randrange(70)), v.Param(1, 7))))
    if op in ("/", "%"):
        left = v.cut(some(rng, depth - 1), rng.choice(WIDTHS))
        return v.arithmetic(op, left, v.Constant(rng.choice((1, 2, 7, 255, 1 << 33))))
    return v.arithmetic(op, some(rng, depth - 1), some(rng, depth - 1))


def test_intervals_hold_what_is_computed() -> None:
    rng = random.Random(8)
    for _ in range(4000):
        value = some(rng, rng.randint(1, 6))
        for _ in range(4):
            params = [rng.choice((0, 1, (1 << w) - 1, rng.getrandbits(w))) for w in WIDTHS]
            assert value.low <= evaluate(value, params) <= value.high or -value.low == v.UNBOUNDED, (value, params)


def test_what_changes_nothing_is_left_out() -> None:
    field = v.Param(0, 16)
    assert v.cut(field, 16) is field and v.cut(field, 32) is field and v.wrap(field, 17) is field
    assert v.cut(field, 15) == v.Arithmetic("&", field, v.Constant(0x7FFF), 0, 0x7FFF)
    assert v.arithmetic("<<", field, v.Constant(v.MAX_SHIFT + 1)) == v.Constant(0)
    assert v.from_truth(v.non_zero(v.Param(0, 1))) == v.Param(0, 1)
    assert v.non_zero(v.from_truth(v.Not(v.NonZero(field)))) == v.Not(v.NonZero(field))


@pytest.mark.parametrize("name", NAMES)
def test_targets_of_jumps_exist_and_loops_are_known(name: str) -> None:
    program = loaded(name)
    for body in (*(action.body for action in program.actions), program.deparser_body):
        for place, block in enumerate(body.blocks):
            for target in (block.following, block.otherwise):
                assert target is None or 0 <= target < len(body.blocks)
                assert target is None or body.loops or place < target
    for state in program.parser.states.values():
        assert set(state.following()) <= set(program.parser.states)
        assert all(len(case.tests) == len(state.select.parts) for case in state.select.cases)
    for pipeline in (program.ingress, program.egress):
        assert all(set(pipeline.following(node)) <= set(pipeline.nodes) for node in pipeline.nodes.values())


def test_cases_that_cannot_match_are_left_out() -> None:
    """A value beyond its part, one that came before, and all behind the default."""
    code = json.loads((PROGRAMS / "parsing.json").read_text())
    states = code["parsers"][0]["parse_states"]
    state = next(s for s in states if len(s["transition_key"]) == 1 and len(s["transitions"]) > 2)
    first = state["transitions"][0]
    width = len(first["value"]) - 2
    state["transitions"] = [
        first,
        {**first, "next_state": None},
        {**first, "value": "0x1" + "0" * (width + 8)},
        {"type": "default", "value": None, "mask": None, "next_state": None},
        {**first, "value": "0x" + "f" * width},
    ]
    program = lower(load_program(code), 511)
    (found,) = (s for s in program.parser.states.values() if s.name == state["name"])
    assert len(found.select.cases) == 1 and found.select.default is None


def test_steps_are_those_of_simple_switch() -> None:
    everything = loaded("replication")
    assert everything.after_ingress == (
        Step.CLONE_INGRESS, Step.RESUBMIT, Step.MULTICAST, Step.DROP_INGRESS, Step.ENQUEUE,
    )  # fmt: skip
    assert everything.after_egress == (
        Step.CLONE_EGRESS, Step.DROP_EGRESS, Step.UPDATE, Step.DEPARSE, Step.RECIRCULATE, Step.SEND,
    )  # fmt: skip
    assert s.Clone in everything.uses


def test_what_the_architecture_writes_are_plain_numbers() -> None:
    """Members of an IntEnum print as their names before Python 3.11."""
    program = loaded("replication")
    written = [*program.cloned, *program.replicated, *program.queued, *program.dequeued]
    written += [assign for kind in program.entering.values() for assign in kind]
    assert {type(a.value.value) for a in written if isinstance(a.value, v.Constant)} == {int}


@pytest.mark.parametrize("place", ["0xff", "-0x1"])
def test_jump_astray_is_refused(place: str) -> None:
    code = json.loads((PROGRAMS / "flow.json").read_text())
    jumps = [p for a in code["actions"] for p in a["primitives"] if p["op"] in ("_jump", "_jump_if_zero")]
    jumps[0]["parameters"][-1]["value"] = place
    with pytest.raises(UnsupportedProgram, match="jump to primitive"):
        lower(load_program(code), 511)
