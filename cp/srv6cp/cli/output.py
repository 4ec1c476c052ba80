# SPDX-License-Identifier: Apache-2.0
"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def emit(data: Any, as_json: bool, text: str) -> None:
    """Print ``data`` as JSON, or ``text`` (nothing when it is empty)."""
    if as_json:
        print(json.dumps(data, indent=2, default=str))
    elif text:
        print(text)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], empty: str = "none") -> str:
    """Rows under headings, columns as wide as needed; numbers to the right; ``empty`` when there are none."""
    if not rows:
        return empty
    cells = [[_text(row.get(column)) for column in columns] for row in rows]
    right = [all(_is_number(row.get(column)) for row in rows) for column in columns]
    widths = [max(len(column), *(len(row[i]) for row in cells)) for i, column in enumerate(columns)]
    lines = [_line(list(columns), widths, right)]
    lines += [_line(row, widths, right) for row in cells]
    return "\n".join(lines)


def note(message: str) -> None:
    """A remark that is no result: to standard error, so that it does not spoil --json."""
    print(message, file=sys.stderr)


def _line(cells: list[str], widths: list[int], right: list[bool]) -> str:
    parts = [
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(parts).rstrip()


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value)) or "-"
    return str(value)
