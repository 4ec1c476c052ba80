# SPDX-License-Identifier: Apache-2.0
"""Text for a terminal: nothing is cut, long lines go on below."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap


def width() -> int:
    """Columns of the terminal; 0, any number, where output is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def wrap(text: str, columns: int | None = None, indent: str = "") -> str:
    """Text broken between words where it is longer than a line of the terminal; lines that it has stay lines.

    ``indent``: in front of what goes on below.
    """
    columns = width() if columns is None else columns
    if not columns:
        return text
    return "\n".join(
        textwrap.fill(line, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )


def wrap_packet(text: str, columns: int) -> list[str]:
    """A packet in the notation of `srv6cp.packets.notation`, broken between headers, else between addresses."""
    lines = [""]
    for part in re.findall(r"\([^)]*\)| ?[^( ]+", text):
        if lines[-1] and len(lines[-1]) + len(part) > columns:
            lines.append("")
        for piece in [part] if len(part) <= columns else re.findall(r"[^,; ]+[,;]?|[ ]", part):
            if lines[-1] and len(lines[-1]) + len(piece) > columns:
                lines.append("")
            lines[-1] += piece if lines[-1] else piece.lstrip()
    return lines
