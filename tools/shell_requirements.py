# SPDX-License-Identifier: Apache-2.0
"""Print the requirements of the ``shell`` dependency group, one a line.

pip knows ``--group`` only since 25.1; this reads the group with nothing but the standard library, so that the
versions stand in pyproject.toml alone.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path


def group(pyproject: str, name: str) -> list[str]:
    """The strings of ``name = [...]`` under ``[dependency-groups]`` of the given pyproject text."""
    section = re.search(r"^\[dependency-groups\]\n(.*?)(?=^\[|\Z)", pyproject, re.S | re.M)
    found = section and re.search(rf"^{re.escape(name)}\s*=\s*(\[.*?\])", section[1], re.S | re.M)
    if not found:
        raise SystemExit(f"{sys.argv[0]}: pyproject.toml has no dependency group {name!r}")
    return [str(item) for item in ast.literal_eval(found[1])]


if __name__ == "__main__":
    print("\n".join(group(Path(sys.argv[1]).read_text(), "shell")))
