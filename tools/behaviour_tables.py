#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the tables of behaviours in docs/configuration.md from their records (srv6cp.behaviours).

behaviour_tables.py            write them
behaviour_tables.py --check    exit code 1 when a table is not what would be written
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "configuration.md"
sys.path.insert(0, str(ROOT / "cp"))

from srv6cp.behaviours import REGISTRY  # noqa: E402


def endpoints() -> str:
    """A row an endpoint behaviour: operands, code points, where it is specified."""
    rows = [
        (
            f"`{record.name}`",
            ", ".join(operand.summary for operand in record.operands) or "–",
            " ".join(map(str, record.code_points)) or "–",
            record.spec,
        )
        for record in REGISTRY.endpoints
    ]
    return _table(("behaviour", "operand", "code points (plain, or PSP/USP/USD bit map 0–7)", "specified in"), rows)


def headends() -> str:
    """A row a headend mode: the RFC's name, other spellings, where it is specified."""
    rows = [
        (f"`{record.mode}`", record.name, ", ".join(f"`{alias}`" for alias in record.aliases), record.spec)
        for record in REGISTRY.headends
    ]
    return _table(("mode", "behaviour", "also", "specified in"), rows)


def sections() -> str:
    """A row a section of the node file that a behaviour brings; nothing when none does."""
    rows = [(f"`{section.key}`", f"`srv6 {section.command} add NAME {section.usage}`", section.summary)
            for section in REGISTRY.sections]  # fmt: skip
    return "\n" + _table(("key of the node", "command", "what it is"), rows) if rows else ""


TABLES = {"endpoints": endpoints, "headends": headends, "sections": sections}


def rendered(text: str) -> str:
    """``text`` with what is between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->`` written anew."""
    for name, table in TABLES.items():
        begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->\n"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise SystemExit(f"{TARGET}: no place for the table {name!r}")
        text = before + begin + table() + end + after
    return text


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    before = TARGET.read_text()
    after = rendered(before)
    if args.check:
        print(f"{TARGET.name}: {'current' if before == after else 'stale, run: make docs'}")
        return int(before != after)
    TARGET.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
