# SPDX-License-Identifier: Apache-2.0
"""Programs that must be refused, and with which words."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from softswitch.bmv2json import MalformedProgram, ProgramError, UnsupportedProgram, load_program
from softswitch.device import Device

from . import variants
from .rigs import PROGRAMS

TABLES: dict[str, Any] = json.loads((Path(__file__).parent / "programs/tables.json").read_text())


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """A copy of the tables program after ``change``."""
    program = copy.deepcopy(TABLES)
    change(program)
    return program


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"{}", b"null", b'"x"', b"\xff\xfe", b'{"__meta__": {"version": [2]}}'],
)
def test_not_a_program(text: bytes) -> None:
    with pytest.raises(MalformedProgram):
        load_program(text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p["__meta__"].update(version=[3, 0]), ["JSON format 3.0"]),
        (lambda p: p["__meta__"].update(compiler="https://github.com/p4lang/p4c-bm"), ["P4-14", "p4c-bm2-ss"]),
        (lambda p: p.update(__meta__={"version": [2, 0]}), ["P4-14", "p4c-bm2-ss"]),
        (
            lambda p: p["actions"][0]["primitives"].append({"op": "teleport", "parameters": []}),
            ["actions[0].primitives", "teleport"],
        ),
        (
            lambda p: p["calculations"].append({"name": "c", "id": 9, "algo": "md5", "input": []}),
            ["calculations[0]", "md5"],
        ),
        (lambda p: p["extern_instances"].append({"name": "e", "id": 0, "type": "Oracle"}), ["Oracle"]),
        (
            lambda p: p["pipelines"][0]["conditionals"][0]["expression"].update(
                value={"op": "**", "left": None, "right": None}
            ),
            ["operator **", "conditionals[0]"],
        ),
        (lambda p: p["pipelines"][0]["tables"][0].update(type="indirect_magic"), ["indirect_magic"]),
        (
            lambda p: p["parsers"][0]["parse_states"][0]["parser_ops"].append({"op": "teleport", "parameters": []}),
            ["parser operation teleport"],
        ),
        (lambda p: p["parsers"].append(p["parsers"][0]), ["2 parsers"]),
    ],
)
def test_unsupported_construct_is_named(change: Callable[[dict[str, Any]], object], words: list[str]) -> None:
    with pytest.raises(UnsupportedProgram) as caught:
        load_program(changed(change))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p["headers"][0].update(header_type="nowhere_t"), ["headers[0].header_type", "nowhere_t"]),
        (lambda p: p["parsers"][0].update(init_state="nowhere"), ["init_state", "nowhere"]),
        (lambda p: p["deparsers"][0].update(order=["nowhere"]), ["order[0]", "nowhere"]),
        (lambda p: p["pipelines"][0].update(init_table="nowhere"), ["pipelines[0]", "nowhere"]),
        (
            lambda p: p["pipelines"][0]["conditionals"][0].update(
                true_next=p["pipelines"][0]["conditionals"][0]["name"]
            ),
            ["cycle"],
        ),
        (lambda p: p["pipelines"].pop(), ["egress"]),
        (lambda p: p.pop("actions"), ["'actions' is missing"]),
        (lambda p: p["pipelines"][0]["tables"][0].update(max_size="many"), ["max_size", "integer"]),
        (lambda p: p["header_types"][0]["fields"].append(["x", 0]), ["fields[", "0 is not in 1..8192"]),
        (lambda p: p["header_types"].append(p["header_types"][0]), ["defined twice"]),
        (
            lambda p: next(h for h in p["header_types"] if h["name"] == "standard_metadata").update(
                fields=[["x", 8, False]]
            ),
            ["standard_metadata"],
        ),
    ],
)
def test_malformed_program_says_where(change: Callable[[dict[str, Any]], object], words: list[str]) -> None:
    with pytest.raises(MalformedProgram) as caught:
        load_program(changed(change))
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def _first(program: dict[str, Any], key: str, **values: Any) -> None:
    program[key][0].update(values)


def _nested(program: dict[str, Any], levels: int) -> None:
    condition = program["pipelines"][0]["conditionals"][0]
    for _ in range(levels):
        condition["expression"] = {
            "type": "expression",
            "value": {"op": "not", "left": None, "right": condition["expression"]},
        }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: _first(p, "meter_arrays", size=1 << 40), "meter_arrays[0].size: 1099511627776"),
        (lambda p: _first(p, "meter_arrays", rate_count=10**9), "meter_arrays[0].rate_count"),
        (lambda p: _first(p, "register_arrays", size=-5), "register_arrays[0].size: -5"),
        (lambda p: _first(p, "register_arrays", size=10**10), "register_arrays[0].size: 10000000000"),
        (lambda p: _first(p, "register_arrays", bitwidth=10**30), "register_arrays[0].bitwidth"),
        (lambda p: _first(p, "counter_arrays", size=10**12), "counter_arrays[0].size"),
        (lambda p: [_first(p, kind, size=1 << 25) for kind in ("register_arrays", "counter_arrays")], "cells of"),
        (lambda p: p["header_types"][1]["fields"][0].__setitem__(1, 10**30), "header_types[1].fields[0][1]"),
        (lambda p: p["header_types"][1]["fields"].append(p["header_types"][1]["fields"][0]), "defined twice"),
        (lambda p: p["actions"][0]["runtime_data"].append({"name": "x", "bitwidth": 10**30}), "runtime_data["),
        (lambda p: p["pipelines"][0]["tables"][0].update(max_size=-1), "tables[0].max_size: -1"),
        (
            lambda p: p["actions"][0]["primitives"].append(
                {"op": "log_msg", "parameters": [
                    {"type": "string", "value": "{}"},
                    {"type": "parameters_vector", "value": [{"type": "hexstr", "value": "0x" + "f" * 10**6}]},
                ]}
            ),
            "digits",
        ),
        (lambda p: _nested(p, 500), "nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_too_large_is_refused_by_name(change: Callable[[dict[str, Any]], object], words: str) -> None:
    program = json.loads((PROGRAMS / "state.json").read_text())
    change(program)
    with pytest.raises(ProgramError) as caught:
        Device().load(load_program(program))
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


def _primitive(program: dict[str, Any], op: str) -> dict[str, Any]:
    return next(p for action in program["actions"] for p in action["primitives"] if p["op"] == op)


def _width_of_a_cast(program: dict[str, Any], width: int) -> None:
    assign = _primitive(program, "assign")
    number = {"type": "hexstr", "value": "0x1"}
    cast = {"op": "usat_cast", "left": number, "right": {"type": "hexstr", "value": hex(width)}}
    assign["parameters"][1] = {"type": "expression", "value": cast}


#: What mutations have found: each ended in a traceback, of Python or of the C compiler, before a packet came.
NOT_MEANT: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    (
        "tables",
        lambda p: p["parsers"][0]["parse_states"][0]["parser_ops"][0]["parameters"][0].update(value="scalars"),
        "'scalars' is metadata, no header of a packet",
    ),
    ("tables", lambda p: p["headers"][3].update(metadata=True), "'key' is metadata, no header of a packet"),
    (
        "headers",
        lambda p: next(h for h in p["headers"] if h["name"] == "items[0]").update(metadata=True),
        "no header of packets with id",
    ),
    (
        "headers",
        lambda p: _primitive(p, "assign_header")["parameters"][1].update(value="text"),
        "a copy between headers of different types",
    ),
    ("whole copies", lambda p: p["header_stacks"][0]["header_ids"].pop(), "a copy of a stack of"),
    ("tables", lambda p: _width_of_a_cast(p, 1 << 46), "a width in 1..8192 expected"),
    ("tables", lambda p: _width_of_a_cast(p, 0), "a width in 1..8192 expected"),
    (
        "tables",
        lambda p: p["pipelines"][0]["tables"][1]["default_entry"].update(action_data=["0x6741806713d8"]),
        "a number of 8 bits expected, found 0x6741806713d8",
    ),
    (
        "tables",
        lambda p: next(t for t in p["pipelines"][0]["tables"] if t.get("entries"))["entries"][0]["match_key"][0].update(
            key="0x" + "f" * 40
        ),
        "bits expected, found 0xfff",
    ),
    ("tables", lambda p: p["actions"][3].update(name="NoAction"), "action 'NoAction' is one of the table twice"),
]


@pytest.mark.parametrize(("name", "change", "words"), NOT_MEANT)
def test_what_compiles_to_nothing_sensible_is_refused(
    name: str, change: Callable[[dict[str, Any]], object], words: str
) -> None:
    program = json.loads(variants.load(name))
    change(program)
    with pytest.raises(ProgramError) as caught:
        Device(engine="python").load(load_program(program))
    assert words in str(caught.value)


def test_negative_action_data_is_in_two_s_complement() -> None:
    program = changed(lambda p: p["pipelines"][0]["tables"][1]["default_entry"].update(action_data=["-0x1"]))
    default = load_program(program).tables["ingress.exact_table"].default
    assert default is not None and default.args == (0xFF,)


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 200_000, '{"__meta__": ' + "[" * 200_000])
def test_text_that_is_nested_too_deeply_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedProgram, match="nested too deeply"):
        load_program(text)


def test_every_single_deletion_loads_or_is_refused_cleanly() -> None:
    """Removing any one attribute never gives another exception than a ProgramError."""
    refused = 0

    def walk(node: Any, rebuild: Callable[[], Any]) -> None:
        nonlocal refused
        if not isinstance(node, dict):
            return
        for key in list(node):
            value = node.pop(key)
            try:
                Device().load(load_program(rebuild()))
            except ProgramError:
                refused += 1
            node[key] = value

    program = copy.deepcopy(TABLES)
    places = [program, program["headers"][0], program["header_types"][0], program["actions"][0]]
    places += [program["parsers"][0], program["parsers"][0]["parse_states"][0], program["pipelines"][0]]
    places += [program["pipelines"][0]["tables"][1], program["pipelines"][0]["conditionals"][0]]
    for place in places:
        walk(place, lambda: program)
    assert refused > 30


def test_const_entries_that_collide_are_refused_at_load() -> None:
    def duplicate(program: dict[str, Any]) -> None:
        table = next(t for t in program["pipelines"][0]["tables"] if t["name"] == "ingress.exact_table")
        table["entries"].append(table["entries"][0])
        table["max_size"] += 1

    program = load_program(changed(duplicate))
    with pytest.raises(MalformedProgram, match=r"ingress\.exact_table.*exists already"):
        Device().load(program)


def test_failed_load_keeps_the_old_program() -> None:
    device = Device()
    program = load_program(TABLES)
    device.load(program)

    def astray(broken: dict[str, Any]) -> None:
        broken["actions"][-1]["primitives"].append({"op": "_jump", "parameters": [{"type": "hexstr", "value": "0x63"}]})

    with pytest.raises(UnsupportedProgram, match="jump to primitive 99"):
        device.load(load_program(changed(astray)))
    assert device.program is program
