# SPDX-License-Identifier: Apache-2.0
"""A program with one large action without jumps: SHA-256 (FIPS 180-4) of a block, its 64 rounds unrolled.

The JSON is made here, expressions as the compiler nests them, because the compiler takes hours for such an action.  A
frame is a padded block of 64 bytes; it leaves through the port that it came from, with the digest in front.
"""

from __future__ import annotations

import json
from typing import Any

from .rigs import PROGRAMS

Json = dict[str, Any]

ROUNDS = 64
_INITIAL = (
    0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
)  # fmt: skip


def _round_constants() -> list[int]:
    """The first 32 bits of the fractional parts of the cube roots of the first 64 primes."""
    primes = [n for n in range(2, 312) if all(n % d for d in range(2, n))]
    constants = []
    for prime in primes:
        root = 0  # of prime * 2**96, rounded down
        for bit in reversed(range(36)):
            if (root | 1 << bit) ** 3 <= prime << 96:
                root |= 1 << bit
        constants.append(root & 0xFFFFFFFF)
    return constants


def _hex(value: int) -> Json:
    return {"type": "hexstr", "value": f"0x{value:08x}"}


def _field(header: str, name: str) -> Json:
    return {"type": "field", "value": [header, name]}


def _of(op: str, left: Json | None, right: Json) -> Json:
    return {"type": "expression", "value": {"op": op, "left": left, "right": right}}


def _cut(value: Json) -> Json:
    return _of("&", value, _hex(0xFFFFFFFF))


def _chain(op: str, *values: Json) -> Json:
    """``((a op b) op c) ...``, each step of + cut to 32 bits."""
    found = values[0]
    for value in values[1:]:
        found = _of(op, found, value)
        if op == "+":
            found = _cut(found)
    return found


def _rotated(value: Json, *counts: int) -> Json:
    parts = [_of("|", _of(">>", value, _hex(n)), _cut(_of("<<", value, _hex(32 - n)))) for n in counts]
    return _chain("^", *parts)


def _assign(header: str, name: str, value: Json) -> Json:
    wrapped = {"type": "expression", "value": value} if value["type"] == "expression" else value
    return {"op": "assign", "parameters": [_field(header, name), wrapped]}


def _primitives() -> list[Json]:
    """``state.a`` to ``state.h`` and a ring of 16 words ``state.w0`` ...; names change places, not values."""

    def word(n: int) -> Json:
        return _field("state", f"w{n % 16}")

    found: list[Json] = [{"op": "add_header", "parameters": [{"type": "header", "value": "digest"}]}]
    found += [_assign("state", f"w{i}", _field("block", f"w{i}")) for i in range(16)]
    found += [_assign("state", name, _hex(value)) for name, value in zip("abcdefgh", _INITIAL, strict=True)]
    names = "abcdefgh"
    for number, constant in enumerate(_round_constants()):
        if number >= 16:
            early, late = word(number - 15), word(number - 2)
            sums = [
                _chain("^", _rotated(early, 7, 18), _of(">>", early, _hex(3))),
                _chain("^", _rotated(late, 17, 19), _of(">>", late, _hex(10))),
            ]
            extended = _chain("+", word(number), sums[0], word(number - 7), sums[1])
            found.append(_assign("state", f"w{number % 16}", extended))
        a, b, c, d, e, f, g, h = (_field("state", name) for name in names)
        chosen = _of("^", _of("&", e, f), _of("&", _cut(_of("~", None, e)), g))
        first = _chain("+", h, _rotated(e, 6, 11, 25), chosen, _hex(constant), word(number))
        majority = _chain("^", _of("&", a, b), _of("&", a, c), _of("&", b, c))
        found += [
            _assign("state", "first", first),
            _assign("state", names[3], _chain("+", d, _field("state", "first"))),
            _assign("state", names[7], _chain("+", _field("state", "first"), _rotated(a, 2, 13, 22), majority)),
        ]
        names = names[7] + names[:7]
    results = zip("abcdefgh", _INITIAL, range(8), strict=True)
    found += [_assign("digest", f"h{i}", _chain("+", _hex(value), _field("state", name))) for name, value, i in results]
    found.append(_assign("standard_metadata", "egress_spec", _field("standard_metadata", "ingress_port")))
    return found


def program() -> bytes:
    """The JSON; standard metadata and empty parts are those of a small program."""
    made: Json = json.loads((PROGRAMS / "unions.json").read_text())
    standard = next(h for h in made["headers"] if h["name"] == "standard_metadata")
    kinds = {kind["name"]: kind for kind in made["header_types"]}
    words, digits = [f"w{i}" for i in range(16)], [f"h{i}" for i in range(8)]
    types = {"block_t": words, "digest_t": digits, "state_t": [*words, *"abcdefgh", "first"]}
    made["header_types"] = [{**kinds[standard["header_type"]], "id": 0}] + [
        {"name": name, "id": 1 + i, "fields": [[field, 32, False] for field in fields]}
        for i, (name, fields) in enumerate(types.items())
    ]
    made["headers"] = [{**standard, "id": 0}] + [
        {"name": name, "id": 1 + i, "header_type": f"{name}_t", "metadata": name == "state", "pi_omit": True}
        for i, name in enumerate(("block", "digest", "state"))
    ]
    for key in ("header_stacks", "header_union_types", "header_unions", "header_union_stacks", "field_lists",
                "learn_lists", "calculations", "checksums", "meter_arrays", "counter_arrays", "register_arrays",
                "parse_vsets"):  # fmt: skip
        made[key] = []
    start = {
        "name": "start",
        "id": 0,
        "parser_ops": [{"op": "extract", "parameters": [{"type": "regular", "value": "block"}]}],
        "transition_key": [],
        "transitions": [{"type": "default", "value": None, "mask": None, "next_state": None}],
    }
    made["parsers"] = [{"name": "parser", "id": 0, "init_state": "start", "parse_states": [start]}]
    made["deparsers"][0]["order"] = ["digest", "block"]
    made["actions"] = [{"name": "sha256", "id": 0, "runtime_data": [], "primitives": _primitives()}]
    table = {
        "name": "hashed", "id": 0, "key": [], "match_type": "exact", "type": "simple", "max_size": 1,
        "with_counters": False, "support_timeout": False, "direct_meters": None, "action_ids": [0],
        "actions": ["sha256"], "base_default_next": None, "next_tables": {"sha256": None},
        "default_entry": {"action_id": 0, "action_const": True, "action_data": [], "action_entry_const": True},
    }  # fmt: skip
    for pipeline in made["pipelines"]:
        first = pipeline["name"] == "ingress"
        pipeline.update(tables=[table] if first else [], init_table="hashed" if first else None)
        pipeline.update(conditionals=[], action_profiles=[], action_calls=[])
    return json.dumps(made).encode()
