# SPDX-License-Identifier: Apache-2.0
"""Names and numbers of the drop and punt reasons, read from the P4 program itself."""

from __future__ import annotations

import re
from pathlib import Path

REASONS = Path(__file__).resolve().parents[2] / "p4src" / "core" / "reasons.p4"


def _members(enum: str) -> dict[str, int]:
    found = re.search(rf"enum\s+bit<\d+>\s+{enum}\s*{{(.*?)}}", REASONS.read_text(), re.S)
    if found is None:
        raise LookupError(f"{REASONS}: no enum {enum}")
    return {name: int(number, 0) for name, number in re.findall(r"^\s*(\w+)\s*=\s*(\w+)", found[1], re.M)}


DROP = _members("drop_reason_t")
PUNT = _members("punt_reason_t")
