# SPDX-License-Identifier: Apache-2.0
"""Large programs load, and expressions as deep as there may be run."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from softswitch.bmv2json import UnsupportedProgram, load_program

from . import sha256
from .conftest import PROGRAMS, Bench
from .rigs import missing

BLOCK = b"abc\x80" + bytes(52) + (24).to_bytes(8, "big")


@pytest.fixture(params=["python", "native"])
def engine(request: pytest.FixtureRequest) -> str:
    if (reason := missing(request.param)) is not None:
        pytest.skip(reason)
    return str(request.param)


def test_unrolled_sha256(engine: str) -> None:
    bench = Bench(engine=engine)
    bench.load(load_program(sha256.program()))
    assert bench.run(BLOCK + b"rest", 3) == [(3, hashlib.sha256(b"abc").digest() + BLOCK + b"rest")]


def deep(levels: int, op: str = "+") -> bytes:
    """flow.p4 whose every assignment of a field takes ``levels`` operations more, without effect."""
    program = json.loads((PROGRAMS / "flow.json").read_text())
    for action in program["actions"]:
        for primitive in action["primitives"]:
            if primitive["op"] == "assign":
                value: dict[str, Any] = primitive["parameters"][1]
                for level in range(levels):
                    right = {"type": "hexstr", "value": hex(level)}
                    value = {"type": "expression", "value": {"op": op, "left": value, "right": right}}
                zero = {"type": "hexstr", "value": hex(sum(range(levels)))}
                value = {"type": "expression", "value": {"op": "-", "left": value, "right": zero}}
                primitive["parameters"][1] = {"type": "expression", "value": value}
    return json.dumps(program).encode()


def test_deep_expressions(engine: str) -> None:
    """Deeper than Python and clang take parentheses."""
    plain, nested = Bench(), Bench(engine=engine)
    plain.load(load_program((PROGRAMS / "flow.json").read_bytes()))
    nested.load(load_program(deep(110)))
    for first in range(16):
        frame = bytes([first, 1, 2, 3]) + bytes(20)
        assert nested.run(frame) == plain.run(frame)


@pytest.mark.parametrize("levels", [240, 280, 320, 400, 20000])
def test_too_deep_is_refused_by_name(engine: str, levels: int) -> None:
    """By whichever part of the switch reaches Python's limit first."""
    opened = '{"type": "expression", "value": {"op": "+", "right": {"type": "hexstr", "value": "0x01"}, "left": '
    marker = '{"type": "hexstr", "value": "0x7fffffff"}'
    program = json.loads(deep(0))
    assigned = [p for action in program["actions"] for p in action["primitives"] if p["op"] == "assign"]
    assigned[-1]["parameters"][1] = {"type": "expression", "value": json.loads(marker)}
    text = json.dumps(program)
    assert text.count(marker) == 1
    bench = Bench(engine=engine)
    try:
        bench.load(load_program(text.replace(marker, opened * levels + marker + "}}" * levels)))
        bench.trace(0, bytes(24))
    except UnsupportedProgram as error:
        assert "nested too deeply" in str(error)
    else:
        assert levels < 1000
