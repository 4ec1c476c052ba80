# SPDX-License-Identifier: Apache-2.0
"""A program's JSON with all its names replaced: instances, types, fields, states, actions, tables, errors, fragments
of source.  What the architecture names (standard metadata, pipelines, the compiler's own words) stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]

#: Headers that the architecture knows by name, with their fields.
STANDARD = ("standard_metadata", "intrinsic_metadata", "queueing_metadata")
#: Keys whose values are words of the format.
_WORDS = {"op", "type", "match_type", "algo"}
#: Errors that the parser itself raises.
_ERRORS = {"NoError", "PacketTooShort", "NoMatch", "StackOutOfBounds", "HeaderTooShort", "ParserTimeout",
           "ParserInvalidArgument"}  # fmt: skip

#: Names that would be code, or end a comment or a string, where they stood in one.
HOSTILE = (
    'x */ { extern int system(const char*); system("id"); } /*',
    "'; import os; os.abort() #",
    '""" + str(1 / 0) + """',
    "\\",
    "ends in a backslash \\",
    "line\nraise SystemExit\n",
    "carriage\rreturn \u2028 \u2029 \x0b \x0c \x85",
    "??/",
    "/??/\n*??/\n/ #error",
    "\ud800\udfff",
    "nul \0 byte",
    "ﬁ ſ K",  # NFKC makes other identifiers of them
    "{0.__class__} {} %s {",
    "#include </etc/passwd>",
    "__debug__",
    "",
)


def hostile(number: int, long: int = 1 << 20) -> str:
    """A name of its own for each number; some are ``long``."""
    if number in (3, 29):
        return f"{number}" + "*/" * (long // 2)
    pattern = HOSTILE[number % len(HOSTILE)]
    return pattern if number < len(HOSTILE) else f"{pattern}{number}"


def _defined(program: Json) -> Iterator[str]:
    """Every name that the program defines."""
    for key in ("header_types", "headers", "header_stacks", "header_union_types", "header_unions", "parsers", "actions",
                "header_union_stacks", "parse_vsets", "calculations", "counter_arrays", "meter_arrays", "checksums",
                "register_arrays", "field_lists", "learn_lists", "deparsers", "enums"):  # fmt: skip
        for item in program.get(key, ()):
            yield item["name"]
    for kind in program["header_types"]:
        yield from (field[0] for field in kind["fields"])
    for kind in program.get("header_union_types", ()):
        yield from (pair[0] for pair in kind["headers"])
    for action in program["actions"]:
        yield from (param["name"] for param in action["runtime_data"])
    for state in program["parsers"][0]["parse_states"]:
        yield state["name"]
    for pipeline in program["pipelines"]:
        for key in ("tables", "conditionals", "action_calls", "action_profiles"):
            yield from (item["name"] for item in pipeline.get(key, ()))
        for table in pipeline["tables"]:
            yield from (key["name"] for key in table["key"])
    yield from (pair[0] for pair in program["errors"])
    yield from (pair[0] for enum in program["enums"] for pair in enum["entries"])
    yield program["program"]


def _kept(program: Json) -> set[str]:
    types = {header["header_type"] for header in program["headers"] if header["name"] in STANDARD}
    fields = {f[0] for kind in program["header_types"] if kind["name"] in types for f in kind["fields"]}
    return {*STANDARD, *fields, *_ERRORS, "ingress", "egress"}


def rename(program: Json, made: Callable[[int], str]) -> Json:
    """The program with its n-th name replaced by ``made(n)``, and each fragment of source likewise."""
    kept = _kept(program)
    names: dict[str, str] = {}
    for name in _defined(program):
        if name not in kept:
            names.setdefault(name, made(len(names)))

    def visit(node: Any, key: str = "") -> Any:
        if isinstance(node, dict):
            if key == "source_info":
                return {**node, "source_fragment": made(0)}
            return {names.get(k, k) if key == "next_tables" else k: visit(v, k) for k, v in node.items()}
        if isinstance(node, list):
            return [visit(item, "") for item in node]
        return names.get(node, node) if isinstance(node, str) and key not in _WORDS else node

    renamed: Json = visit(program)
    return renamed
