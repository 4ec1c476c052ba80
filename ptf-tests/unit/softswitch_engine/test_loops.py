# SPDX-License-Identifier: Apache-2.0
"""Loops of actions and of the parser, on both engines: what they compute, and that none goes on for ever."""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable
from typing import Any

import pytest

from softswitch.bmv2json import load_program
from softswitch.engine.lowered.statements import MAX_ROUNDS

from .conftest import PROGRAMS, Bench
from .rigs import missing

Json = dict[str, Any]
LOOPS: Json = json.loads((PROGRAMS / "loops.json").read_text())
SUM, NESTED, TWO_AT_ONCE, LEAVES, MARKS = 1, 3, 5, 6, 7


@pytest.fixture(params=["python", "native"])
def run(request: pytest.FixtureRequest) -> Callable[..., Bench]:
    """A device on one engine with the loops program, edited."""
    if (reason := missing(request.param)) is not None:
        pytest.skip(reason)

    def load(edit: Callable[[Json], object] = lambda program: None) -> Bench:
        program = copy.deepcopy(LOOPS)
        edit(program)
        device = Bench(engine=request.param)
        device.load(load_program(program))
        return device

    return load


def asked(op: int, count: int = 0, step: int = 0, limit: int = 0) -> bytes:
    return bytes([op, count, step, limit])


def told(total: int = 0, rounds: int = 0, last: int = 0) -> bytes:
    return struct.pack(">IHB", total, rounds, last)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (asked(SUM, 0), told(0, 0, 1)),
        (asked(SUM, 200), told(sum(range(200)), 0, 1)),
        # the inner loop goes on with the next where j % 4 == 1
        (asked(2, 8), told(0, sum(1 for i in range(5) for j in range(i, 8) if j % 4 != 1), 5)),
        (asked(4, 0, 2, 10), told(0, 4, 10)),
        (asked(TWO_AT_ONCE, 0, 0, 9), told((9 - 3) * 9 + (8 - 4) * 3 + (7 - 5), 0, 1)),
        (asked(TWO_AT_ONCE, 0, 0, 3), told(0, 0, 1)),
        # exit leaves the loop, the action and ingress
        (asked(LEAVES, 9, 0, 4), told(0, 0, 4)),
        (asked(LEAVES, 3, 0, 4), told(0, 0xFFFF, 3)),
    ],
)
def test_loop_in_an_action_runs(run: Callable[..., Bench], frame: bytes, expected: bytes) -> None:
    assert run().run(frame + b"tail") == [(1, expected + frame + b"tail")]


def test_loop_over_registers(run: Callable[..., Bench]) -> None:
    device = run()
    assert device.run(asked(MARKS, 3)) == [(1, told(0, 0, 1) + asked(MARKS, 3))]
    assert device.run(asked(MARKS, 2)) == [(1, told(3, 0, 1) + asked(MARKS, 2))]
    assert device.registers["ingress.seen"].read_all() == [2, 2, 1, 0]


def _action(program: Json, name: str) -> Json:
    return next(action for action in program["actions"] if action["name"] == f"ingress.{name}")


def _jump(place: int) -> Json:
    return {"op": "_jump", "parameters": [{"type": "hexstr", "value": hex(place)}]}


def endless(program: Json) -> None:
    """``sum`` jumps to itself, from its end and before anything else."""
    _action(program, "sum")["primitives"] = [_jump(0)]


def endless_with_work(program: Json) -> None:
    """``sum`` ends by starting anew."""
    _action(program, "sum")["primitives"].append(_jump(0))


@pytest.mark.parametrize("edit", [endless, endless_with_work])
def test_loop_that_does_not_end_drops_the_packet(run: Callable[..., Bench], edit: Callable[[Json], None]) -> None:
    device = run(edit)
    assert device.run(asked(SUM, 3)) == []
    assert device.stats.runtime_errors == 1
    assert device.run(asked(0)) == [(1, told(0, 0, 1) + asked(0))]


def wider(bound: int) -> Callable[[Json], None]:
    """``stepped`` counts to ``bound``."""

    def edit(program: Json) -> None:
        jumps = [p for p in _action(program, "stepped")["primitives"] if p["op"] == "_jump_if_zero"]
        condition = jumps[0]["parameters"][0]
        while condition.get("op") != "<":
            condition = condition.get("value") or condition.get("right")
        condition["right"] = {"type": "hexstr", "value": hex(bound)}

    return edit


def test_a_loop_may_take_as_many_rounds_as_16_bits_count(run: Callable[..., Bench]) -> None:
    rounds = MAX_ROUNDS - 1  # the counter of the program is 16 bits wide
    assert run(wider(rounds)).run(asked(4)) == [(1, told(0, rounds, rounds & 0xFF) + asked(4))]
    device = run(wider(MAX_ROUNDS))
    assert device.run(asked(4)) == []
    assert device.stats.runtime_errors == 1


def standing_parser(program: Json) -> None:
    """State ``start`` goes to itself and extracts nothing, where the frame starts with 0xee; else it extracts."""
    states = program["parsers"][0]["parse_states"]
    after = copy.deepcopy(states[0])
    after.update(name="after", id=99)
    states[0].update(
        parser_ops=[],
        transition_key=[{"type": "lookahead", "value": [0, 8]}],
        transitions=[
            {"type": "hexstr", "value": "0xee", "mask": None, "next_state": "start"},
            {"type": "default", "value": None, "mask": None, "next_state": "after"},
        ],
    )
    states.append(after)


def test_parser_loop_that_extracts_nothing_drops_the_packet(run: Callable[..., Bench]) -> None:
    device = run(standing_parser)
    assert device.run(b"\xee\0\0\0") == []
    assert device.stats.runtime_errors == 1
    assert device.run(asked(0)) == [(1, told(0, 0, 1) + asked(0))]


def test_a_trace_says_that_a_loop_does_not_end() -> None:
    device = Bench()
    program = copy.deepcopy(LOOPS)
    endless(program)
    device.load(load_program(program))
    assert "a loop of the program does not end" in device.trace(0, asked(SUM)).to_text()
