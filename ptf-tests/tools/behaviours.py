#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write ``docs/behaviours.md`` from the packet tests: what is implemented, which clauses are tested, on which
switch.

    behaviours.py            print it
    behaviours.py --write    write it
    behaviours.py --check    exit code 1 when the file is not what would be written
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections import Counter, defaultdict
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
TARGET = TESTS.parent / "docs" / "behaviours.md"
for _path in (TESTS.parent, TESTS.parent / "cp", TESTS):
    if str(_path) not in sys.path:
        sys.path.insert(0, str(_path))

from ptf.base_tests import BaseTest  # noqa: E402

from harness.clauses import (  # noqa: E402
    BEHAVIOURS,
    SWITCHES,
    Clause,
    behaviours_of,
    clauses_of,
    switches_of,
)
from harness.rules import RULES  # noqa: E402

HEAD = """\
# Behaviours

Generated from the packet tests by `make docs`; do not edit. A row is a behaviour or a function of the router;
a test counts for each that it names. Lines (`S09`) are those of the pseudocode of the RFC; rules (`END-4`)
are this project's, spelled out under [Rules](#rules). *both*: the tests run on softswitch and on BMv2 and
expect the same bytes.

"""


def packet_test_classes(folder: Path = TESTS) -> list[type[BaseTest]]:
    """Every PTF class with a ``runTest`` in the ``test_*.py`` files of ``folder``, in the order of files and
    lines.
    """
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    classes = []
    for path in sorted(folder.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, BaseTest)
                and value.__module__ == module.__name__
                and hasattr(value, "runTest")
            ):
                classes.append(value)
    return classes


def _sorted(clauses: set[Clause]) -> list[str]:
    """Clauses for a table cell: RFC sections with their lines together, then rules."""
    sections: dict[tuple[str, str], list[str]] = defaultdict(list)
    rules: dict[str, list[int]] = defaultdict(list)
    for clause in sorted(clauses):
        if clause.document not in RULES:
            sections[clause.document, clause.section].append(clause.line)
        else:
            family, _, number = clause.document.partition("-")
            rules[family].append(int(number))
    cells = [
        " ".join(filter(None, [document, section, ", ".join(filter(None, lines))]))
        for (document, section), lines in sections.items()
    ]
    return cells + [f"{family}-{', '.join(map(str, sorted(numbers)))}" for family, numbers in sorted(rules.items())]


def _where(switches: Counter[str], total: int) -> str:
    if all(switches[name] == total for name in SWITCHES):
        return "both"
    return ", ".join(f"{name} {switches[name]}" for name in SWITCHES if switches[name])


def render(classes: list[type[BaseTest]]) -> str:
    """The text of docs/behaviours.md."""
    rows: dict[str, list[type[BaseTest]]] = {name: [] for name in BEHAVIOURS}
    for cls in classes:
        for name in behaviours_of(cls):
            rows[name].append(cls)
    lines = [
        "| behaviour | specified in | tests | switches | clauses tested |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, tests in rows.items():
        if not tests:
            continue
        switches = Counter(switch for cls in tests for switch in switches_of(cls))
        clauses = _sorted({clause for cls in tests for clause in clauses_of(cls)})
        where = _where(switches, len(tests))
        lines.append(f"| {name} | {BEHAVIOURS[name]} | {len(tests)} | {where} | {'; '.join(clauses)} |")
    by_clause: dict[Clause, Counter[str]] = defaultdict(Counter)
    for cls in classes:
        for clause in clauses_of(cls):
            by_clause[clause][cls.__module__] += 1
    lines += ["", "## Clauses of the RFCs", "", "| clause | tests |", "| --- | --- |"]
    sections = sorted((clause for clause in by_clause if clause.document not in RULES), key=_order)
    lines += [f"| {clause} | {_files(by_clause[clause])} |" for clause in sections]
    lines += ["", "## Rules", "", "| rule | what it says | tests |", "| --- | --- | --- |"]
    lines += [f"| {name} | {text} | {_files(by_clause[Clause(name)])} |" for name, text in RULES.items()]
    return HEAD + "\n".join(lines) + f"\n\n{len(classes)} packet tests.\n"


def _files(tests: Counter[str]) -> str:
    """Where the tests of a clause are, with their numbers."""
    return ", ".join(f"{count} in `{module}`" for module, count in sorted(tests.items())) or "none"


def _order(clause: Clause) -> tuple[object, ...]:
    """By document, then section by number, then line."""
    parts = [int(part) if part.isdigit() else 0 for part in clause.section.split(".")]
    return clause.document, parts, clause.line


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    text = render(packet_test_classes())
    if args.check:
        current = TARGET.is_file() and TARGET.read_text() == text
        print(f"{TARGET.name}: {'current' if current else 'stale, run: make docs'}")
        return 0 if current else 1
    if args.write:
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(text)
        return 0
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
