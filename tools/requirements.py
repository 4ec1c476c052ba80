#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Requirements of pyproject.toml, one a line, so that versions are declared there alone.

    requirements.py group NAME         a dependency group (pip knows --group only since 25.1)
    requirements.py extra NAME         an extra
    requirements.py lowest [EXTRA...]  the lowest versions that the product and the extras declare, as constraints

``lowest`` takes the bounds that hold for the Python that runs it: of several of a package the highest. Reads with
nothing but the standard library, which has no TOML before Python 3.11.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
_BOUND = re.compile(r"(?P<name>[\w.-]+)>=(?P<version>[\d.]+)(?:; python_version >= '(?P<python>3\.\d+)')?")


def declared(pyproject: str, section: str, name: str) -> list[str]:
    """The strings of ``name = [...]`` under ``[section]`` of the given pyproject text."""
    part = re.search(rf"^\[{re.escape(section)}\]\n(.*?)(?=^\[|\Z)", pyproject, re.S | re.M)
    found = part and re.search(rf"^{re.escape(name)}\s*=\s*(\[.*?\])$", part[1], re.S | re.M)
    if not found:
        raise SystemExit(f"requirements: pyproject.toml has no {name!r} in [{section}]")
    return [str(item) for item in ast.literal_eval(found[1])]


def lowest(requirements: list[str], python: tuple[int, ...] = sys.version_info[:2]) -> list[str]:
    """``name==version`` of each package, the lowest version that all its requirements allow on ``python``."""
    found: dict[str, str] = {}
    for requirement in requirements:
        bound = _BOUND.fullmatch(requirement)
        if not bound:
            raise SystemExit(
                f"requirements: {requirement!r} declares no lowest version; valid: 'name>=1.2.3' or "
                f"\"name>=1.2.3; python_version >= '3.13'\""
            )
        name, version = bound["name"], bound["version"]
        if _numbers(bound["python"] or "0") <= python and _numbers(version) > _numbers(found.get(name, "0")):
            found[name] = version
    return [f"{name}=={version}" for name, version in found.items()]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("group").add_argument("name")
    kinds.add_parser("extra").add_argument("name")
    kinds.add_parser("lowest").add_argument("extras", nargs="*")
    words = parser.parse_args()
    text = PYPROJECT.read_text(encoding="utf-8")
    if words.kind != "lowest":
        section = {"group": "dependency-groups", "extra": "project.optional-dependencies"}[words.kind]
        print("\n".join(declared(text, section, words.name)))
        return
    requirements = declared(text, "project", "dependencies")
    for extra in words.extras:
        requirements += declared(text, "project.optional-dependencies", extra)
    requirements += declared(text, "dependency-groups", "ptf")
    print("\n".join(lowest(requirements)))


if __name__ == "__main__":
    main()
