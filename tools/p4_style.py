#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check the style of P4 sources and of the p4info that p4c made of them.

Text of every ``*.p4`` file of the repository: lines of at most 120 characters (but for an annotation with a long
string), no tabs, no trailing white space, one line feed at the end. Below ``p4src`` also the names: headers, structs,
enums and typedefs ``<name>_t``, tables ``<object>_table``, ``@name`` on every key, an ``@id`` for every table. And of
each ``p4src/build/*.p4info.txtpb``, where macros are expanded: every id that a controller sees stands in
``p4src/core/ids.p4``, every key has a plain name.

Prints ``file:line: what is wrong`` for each fault; exit code 1 when there are any.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINE_LENGTH = 120
NO_ACTION = 21257015  # p4c's own id of NoAction

# P4 has no way to break a string.
_UNBREAKABLE = re.compile(r"\s*@\w+\(\"[^\"]*\"\)")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
_DECLARATION = re.compile(
    r"^[ ]*(?P<kind>header|header_union|struct|enum(?:\s+bit<\d+>)?|(?:typedef|type)\s+[\w<>]+)\s+(?P<name>\w+)\s*[{;]",
    re.M,
)
_TABLE = re.compile(r"(?P<annotations>(?:@\w+(?:\((?:[^()\"]|\"[^\"]*\")*\))?\s*)*)\btable\s+(?P<name>\w+)\s*\{")
_KEY = re.compile(r"\bkey\s*=\s*\{(?P<fields>[^{}]*)\}")
# Kinds of objects in a p4info whose ids are ours; direct counters and meters get theirs from p4c.
_OBJECT = re.compile(
    r"^(?P<kind>tables|action_profiles|counters|meters|registers|digests) \{\n(?P<body>.*?)^\}", re.S | re.M
)


def text_faults(text: str) -> Iterator[tuple[int, str]]:
    """(line, fault) of the text of a P4 file."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LINE_LENGTH and not _UNBREAKABLE.fullmatch(line):
            yield number, f"{len(line)} characters, {LINE_LENGTH} are allowed"
        if "\t" in line:
            yield number, "tab; indent with four spaces"
        if line != line.rstrip():
            yield number, "white space at the end of the line"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield text.count("\n") + 1, "a file ends with one line feed"


def name_faults(text: str) -> Iterator[tuple[int, str]]:
    """(line, fault) of the declarations of a P4 file."""
    # Comments and the ends of a macro's lines become spaces, so that places stay what they are.
    code = _COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), text).replace("\\\n", " \n")

    def line(place: int) -> int:
        return code.count("\n", 0, place) + 1

    for found in _DECLARATION.finditer(code):
        kind = found["kind"].split()[0]
        if not re.fullmatch(r"\w+_t", found["name"]):
            yield line(found.start("name")), f"{kind} {found['name']}: the name of a type ends in _t"
    for found in _TABLE.finditer(code):
        name = found["name"]
        if not re.fullmatch(r"[a-z][a-z0-9_]*_table", name):
            yield line(found.start("name")), f"table {name}: a table is called <object>_table"
        if "@id(" not in found["annotations"]:
            yield line(found.start("name")), f"table {name}: no @id"
    for found in _KEY.finditer(code):
        place = found.start("fields")
        for field in found["fields"].split(";"):
            if ":" in field and not re.search(r"@name\(\"\w+\"\)", field):
                start = place + len(field) - len(field.lstrip())
                yield line(start), f"key {field.split(':')[0].strip()}: no @name"
            place += len(field) + 1


def ids(text: str) -> set[int]:
    """The ids of ``p4src/core/ids.p4``."""
    return {int(value, 16) for value in re.findall(r"^#define\s+\w+_ID\s+(0x[0-9A-Fa-f]+)\b", text, re.M)}


def p4info_faults(text: str, known: set[int]) -> Iterator[str]:
    """Faults of a p4info in text form; ``known`` are the ids that ids.p4 gives."""
    names = {int(number): name for number, name in re.findall(r"^    id: (\d+)\n    name: \"([^\"]+)\"", text, re.M)}
    for found in _OBJECT.finditer(text):
        kind, body = found["kind"], found["body"]
        number, name = re.findall(r"^    id: (\d+)\n    name: \"([^\"]+)\"", body, re.M)[0]
        if int(number) not in known:
            yield f"{kind} {name}: its id 0x{int(number):08X} is not in ids.p4"
        if kind != "tables":
            continue
        if not name.endswith("_table"):
            yield f"table {name}: a table is called <object>_table"
        for key in re.findall(r"^  match_fields \{\n    id: \d+\n    name: \"([^\"]+)\"", body, re.M):
            if not re.fullmatch(r"\w+", key):
                yield f"table {name}: key {key} has no @name"
        for action in map(int, re.findall(r"^  action_refs \{\n    id: (\d+)", body, re.M)):
            if action not in known and action != NO_ACTION:
                yield f"table {name}: the id 0x{action:08X} of action {names.get(action, '?')} is not in ids.p4"


def faults(root: Path) -> Iterator[str]:
    """Every fault of the P4 sources and p4infos below ``root``, with its place."""
    program = root / "p4src"
    for path in sorted(root.rglob("*.p4")):
        name = path.relative_to(root)
        if any(part.startswith(".") or part in ("build", "dist") for part in name.parts[:-1]):
            continue
        text = path.read_text(encoding="utf-8")
        checks = [text_faults, name_faults] if program in path.parents else [text_faults]
        for check in checks:
            yield from (f"{name}:{line}: {fault}" for line, fault in check(text))
    known = ids((program / "core" / "ids.p4").read_text(encoding="utf-8"))
    for path in sorted((program / "build").glob("*.p4info.txtpb")):
        text = path.read_text(encoding="utf-8")
        # Two tables may share an action: the same fault is said once.
        yield from (f"{path.relative_to(root)}: {fault}" for fault in dict.fromkeys(p4info_faults(text, known)))


def main() -> int:
    found = list(faults(ROOT))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
