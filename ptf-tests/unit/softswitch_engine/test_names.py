# SPDX-License-Identifier: Apache-2.0
"""Names of a program are data: whatever they are, the code that runs is that of plain names.

All names of each small program are replaced by hostile ones.  The code of both engines is equal once nothing is made
of names, and the program forwards as before.
"""

from __future__ import annotations

import json
import keyword
import re
from typing import Any

import pytest

from softswitch.bmv2json import Program, load_program
from softswitch.device import Device
from softswitch.engine import text
from softswitch.engine.lowered.program import lower
from softswitch.engine.native.assemble import generate
from softswitch.engine.python.assemble import Assembler

from . import variants
from .conftest import SRV6, Bench
from .renamed import hostile, rename
from .rigs import EXCEPT, NAMES, missing
from .stimuli import Stimuli

CASES = (*NAMES, *variants.VARIANTS)


def plain(number: int) -> str:
    return f"n{number}"


def parsed(name: str) -> dict[str, Any]:
    return json.loads(SRV6.read_bytes() if name == "srv6" else variants.load(name))


def python_code(program: Program, traced: bool = False) -> str:
    device = Device()
    device.load(program)
    return Assembler(lower(program, 511, traced), traced).build().source


def native_code(program: Program) -> str:
    return generate(program, 511).source


@pytest.fixture
def nothing_of_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two functions that make text of a name make none."""
    monkeypatch.setattr(text, "identifier", lambda name: "")
    monkeypatch.setattr(text, "comment", lambda name: "")


@pytest.mark.parametrize("name", [*CASES, "srv6"])
def test_code_is_that_of_plain_names(name: str, nothing_of_names: None) -> None:
    code = parsed(name)
    one, other = (load_program(rename(code, made)) for made in (plain, hostile))
    for traced in (False, True):
        assert python_code(one, traced) == python_code(other, traced)
    if name not in EXCEPT["native"]:
        assert native_code(one) == native_code(other)


def test_a_leak_would_be_noticed(nothing_of_names: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "comment", lambda name: name)
    one, other = (load_program(rename(parsed("flow"), made)) for made in (plain, hostile))
    assert native_code(one) != native_code(other)


RUNS = [(engine, name) for engine in ("python", "native") for name in CASES if name not in EXCEPT.get(engine, {})]


@pytest.mark.parametrize(("engine", "name"), RUNS)
def test_forwards_as_before(engine: str, name: str) -> None:
    if (reason := missing(engine)) is not None:
        pytest.skip(reason)
    benches = [Bench(cpu_port=510, engine="python"), Bench(cpu_port=510, engine=engine)]
    code = parsed(name)
    benches[0].load(load_program(code))
    benches[1].load(load_program(rename(code, hostile)))
    base, _ = variants.VARIANTS.get(name, (name, None))
    left = 0
    for port, frame in Stimuli(base).frames(60):
        expected, found = (bench.run(frame, port) for bench in benches)
        assert expected == found, frame.hex()
        left += len(found)
    assert left or base in ("matching", "tables")
    assert benches[0].stats == benches[1].stats


def test_traces_tell_names_as_they_are() -> None:
    code = parsed("parsing")
    bench = Bench(cpu_port=510, engine="python")
    bench.load(load_program(rename(code, hostile)))
    states = {state["name"] for state in rename(code, hostile)["parsers"][0]["parse_states"]}

    found = {step.data["name"] for step in bench.trace(1, bytes(range(40))).find("state")}
    assert found and found <= states


@pytest.mark.parametrize("name", [hostile(n) for n in range(64)] + keyword.kwlist)
def test_text_of_names(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_]*", text.identifier(name))
    assert re.fullmatch(r"[ -~]*", text.comment(name))
    assert not set("*/\\?\"'`") & set(text.comment(name))
    assert len(text.identifier(name)) <= text.MAX_IDENTIFIER and len(text.comment(name)) <= text.MAX_COMMENT


def test_identifiers_are_unique() -> None:
    names = text.Names()
    names.reserve(["x_1"])
    made = [names.get(i, "x_{}", name) for i, name in enumerate(["1", "1", "1_2", "ﬁ", "ﬀ", "?", ""])]
    assert len(set(made)) == len(made) and "x_1" not in made
    assert names.get(0, "other") == made[0]
    assert names.get("digit", "{}", "1").isidentifier()
