# SPDX-License-Identifier: Apache-2.0
"""Small programs with their JSON edited, for what BMv2 knows and the compiler does not write (older compilers did).

Each variant names its base, which it must use in the same way: entries and frames of the base serve it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from .rigs import PROGRAMS

Json = dict[str, Any]


def _nodes(node: Any) -> Iterator[Json]:
    """Every JSON object, parents first."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _nodes(item)


def _primitives(program: Json, op: str) -> list[Json]:
    found = [p for action in program["actions"] for p in action["primitives"] if p["op"] == op]
    assert found, op
    return found


def _action(program: Json, *operands: str) -> Json:
    """The first action that has a primitive whose first operands are these."""
    return next(
        action
        for action in program["actions"]
        for p in action["primitives"]
        if [x["value"] for x in p["parameters"]][: len(operands)] == list(operands)
    )


def _state(program: Json, name: str) -> Json:
    return next(s for s in program["parsers"][0]["parse_states"] if s["name"] == name)


def _expression(op: str, left: Any, right: Any) -> Json:
    return {"type": "expression", "value": {"type": "expression", "value": {"op": op, "left": left, "right": right}}}


def older_primitives(program: Json) -> None:
    """modify_field, drop and no_op."""
    for primitive in _primitives(program, "assign"):
        primitive["op"] = "modify_field"
    for primitive in _primitives(program, "mark_to_drop"):
        primitive.update(op="drop", parameters=[])
    program["actions"][0]["primitives"].append({"op": "no_op", "parameters": []})


def untyped_transitions(program: Json) -> None:
    """Transitions as p4c wrote them in formats 2.7 to 2.18: no type, and the value ``default`` for the default."""
    program["__meta__"]["version"] = [2, 7]
    for state in program["parsers"][0]["parse_states"]:
        for transition in state["transitions"]:
            if transition["type"] != "parse_vset" and transition.pop("type") == "default":
                transition["value"] = "default"


def whole_copies(program: Json) -> None:
    """copy_header, assign_header_stack, assign_union, size_stack and the operator valid."""
    stacks = _action(program, "others[0]", "items[0]")["primitives"]
    stacks[:4] = [
        {
            "op": "assign_header_stack",
            "parameters": [{"type": "header_stack", "value": name} for name in ("others", "items")],
        }
    ]
    _action(program, "spare.small", "either.small")["primitives"][:2] = [
        {"op": "assign_union", "parameters": [{"type": "header_union", "value": n} for n in ("spare", "either")]}
    ]
    for primitive in _primitives(program, "assign_header"):
        primitive["op"] = "copy_header"
    size = next(p for p in _primitives(program, "assign") if p["parameters"][0]["value"] == ["report", "size"])
    size["parameters"][1] = _expression("size_stack", None, {"type": "header_stack", "value": "items"})
    for node in _nodes(program["pipelines"]):
        operand = node.get("right")
        if node.get("op") == "d2b" and operand["type"] == "field" and operand["value"][1] == "$valid$":
            node.update(op="valid", right={"type": "header", "value": operand["value"][0]})


def valid_keys(program: Json) -> None:
    """The match kind valid, in the key and in constant entries."""
    table = next(t for t in program["pipelines"][0]["tables"] if t["name"] == "ingress.exact_table")
    table["key"][1].update(match_type="valid", target="extra")
    for entry in table["entries"]:
        part = entry["match_key"][1]
        part.update(match_type="valid", key=int(part["key"], 16) != 0)


def division(program: Json) -> None:
    """/ and % where shifts and masks stand now, which is the same for numbers without sign."""
    found = set()
    for node in _nodes(program["actions"]):
        left, right = node.get("left") or {}, node.get("right") or {}
        if left.get("value") not in (["in_", "u32"], ["in_", "u64"]) or right.get("type") != "hexstr":
            continue
        number = int(right["value"], 16)
        if node["op"] == ">>":
            node.update(op="/", right={"type": "hexstr", "value": hex(1 << number)})
        elif node["op"] == "&" and not number & (number + 1) and number < 1 << 64:
            node.update(op="%", right={"type": "hexstr", "value": hex(number + 1)})
        found.add(node["op"])
    assert found >= {"/", "%"}, found


def registers(program: Json) -> None:
    """A register as an operand, and checksums without a condition."""
    primitive = _primitives(program, "register_read")[2]
    target, name = primitive["parameters"][0], primitive["parameters"][1]["value"]
    cell = {"type": "register", "value": [name, {"type": "hexstr", "value": "0x03"}]}
    primitive.update(op="assign", parameters=[target, {"type": "expression", "value": cell}])
    next(c for c in program["checksums"] if c["target"] == ["sums", "all"])["if_cond"] = None


def union_stacks(program: Json) -> None:
    """Elements of a union stack in select expressions and in expressions, look-ahead as a key, stacks as a whole."""
    program["parsers"][0]["parse_states"] = copy.deepcopy(program["parsers"][0]["parse_states"])
    _state(program, "anys")["transition_key"] = [{"type": "lookahead", "value": [0, 8]}]
    taken = _state(program, "take_one")
    taken["transition_key"] = [{"type": "union_stack_field", "value": ["anys", "one", "v"]}]
    taken["transitions"] = [
        {"type": "hexstr", "value": "0x10", "mask": "0x10", "next_state": "anys"},
        {"type": "default", "value": None, "mask": None, "next_state": None},
    ]
    _action(program, "copies[0].one", "anys[0].one")["primitives"] = [
        {
            "op": "assign_union_stack",
            "parameters": [{"type": "header_union_stack", "value": name} for name in ("copies", "anys")],
        }
    ]
    element = {
        "op": "dereference_union_stack",
        "left": {"type": "header_union_stack", "value": "anys"},
        "right": {"type": "hexstr", "value": "0x00"},
    }
    header = {"op": "access_union_header", "left": {"type": "expression", "value": element}, "right": 0}
    field = {"op": "access_field", "left": {"type": "expression", "value": header}, "right": 1}
    changed = _action(program, ["anys[0].one", "v"])
    changed["primitives"][0]["parameters"][1] = _expression(
        "+", {"type": "expression", "value": field}, {"type": "hexstr", "value": "0x01"}
    )


def action_calls(program: Json) -> None:
    """Calls of actions where the compiler makes tables without key."""
    for pipeline in program["pipelines"]:
        hidden = [t for t in pipeline["tables"] if t["name"].startswith("tbl_")]
        pipeline["tables"] = [t for t in pipeline["tables"] if t not in hidden]
        pipeline["action_calls"] = [
            {
                "name": table["name"],
                "id": number,
                "action_id": table["default_entry"]["action_id"],
                "next_node": table["base_default_next"],
            }
            for number, table in enumerate(hidden)
        ]
        assert hidden


def state_in_conditions(program: Json) -> None:
    """A condition that looks at a register which later actions write."""
    cell = {"type": "register", "value": ["ingress.numbers", {"type": "hexstr", "value": "0x01"}]}
    odd = _expression("&", {"type": "expression", "value": cell}, {"type": "hexstr", "value": "0x01"})
    condition = next(
        node
        for node in program["pipelines"][0]["conditionals"]
        if node["expression"]["value"]["right"] == {"type": "hexstr", "value": "0x09"}
    )
    condition["expression"]["value"].update(op="==", left=odd, right={"type": "hexstr", "value": "0x01"})


def _with_hashes(*algorithms: str) -> Callable[[Json], None]:
    def edit(program: Json) -> None:
        for primitive, algorithm in zip(
            _primitives(program, "modify_field_with_hash_based_offset"), algorithms, strict=False
        ):
            name = primitive["parameters"][2]["value"]
            next(c for c in program["calculations"] if c["name"] == name)["algo"] = algorithm

    return edit


VARIANTS: dict[str, tuple[str, Callable[[Json], None]]] = {
    "action calls": ("flow", action_calls),
    "division": ("expressions", division),
    "hashes": (
        "state",
        _with_hashes("crcCCITT", "xor32", "crc64_custom", "xxh64", "cksum16", "crc8_custom", "bmv2_hash"),
    ),
    "hashes with state": ("state", _with_hashes("hash_ex", "toeplitz", "round_robin")),
    "older primitives": ("flow", older_primitives),
    "one number an input": ("state", _with_hashes("round_robin_consistent")),
    "registers": ("state", registers),
    "state in conditions": ("order", state_in_conditions),
    "turns": ("order", _with_hashes("round_robin")),
    "union stacks": ("selects", union_stacks),
    "untyped transitions": ("selects", untyped_transitions),
    "valid keys": ("tables", valid_keys),
    "whole copies": ("headers", whole_copies),
}


def load(name: str) -> bytes:
    """The JSON of a program of the folder or of a variant."""
    base, edit = VARIANTS.get(name, (name, None))
    text = (PROGRAMS / f"{base}.json").read_bytes()
    if edit is None:
        return text
    program = json.loads(text)
    edit(program)
    return json.dumps(program).encode()
