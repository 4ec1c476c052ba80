# SPDX-License-Identifier: Apache-2.0
"""What the P4 sources promise of themselves: a core that knows no target, ids that are never reused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

P4SRC = Path(__file__).resolve().parents[3] / "p4src"
CORE = sorted((P4SRC / "core").rglob("*.p4"))
PROFILES = sorted((P4SRC / "profiles").glob("*.p4"))
SOURCES = [*CORE, *sorted((P4SRC / "arch").rglob("*.p4")), *PROFILES, P4SRC / "srv6.p4"]

TARGET_WORDS = re.compile(
    r"standard_metadata|v1model|mark_to_drop|clone_preserving|recirculate_preserving|direct_counter\(|counter\(\d"
    r"|meter\(\d|action_selector\(|\bhash\(|update_checksum|verify_checksum"
)


def _code(path: Path) -> str:
    return re.sub(r"//[^\n]*", "", path.read_text("utf-8"))


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(P4SRC)))
def test_core_names_no_target(path: Path) -> None:
    assert TARGET_WORDS.findall(_code(path)) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(P4SRC)))
def test_files_open_with_licence_and_purpose(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "// SPDX-License-Identifier: Apache-2.0"
    assert lines[1].startswith("// ") and len(lines[1]) > 20


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(P4SRC)))
def test_conditional_compilation_stays_out_of_behaviours(path: Path) -> None:
    """`#ifdef` stands in profiles and in wire/; elsewhere only include guards and sizes that may be overridden."""
    if path.parent.name == "wire":
        return
    guards = re.findall(r"^#ifndef (\w+)\n#define \1\b", path.read_text("utf-8"), re.M)
    conditions = re.findall(r"^#(?:if|ifdef|elif|else)\b.*$", path.read_text("utf-8"), re.M)
    others = re.findall(r"^#ifndef (\w+)", path.read_text("utf-8"), re.M)
    assert conditions == [] and others == guards


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(P4SRC)))
def test_only_verdicts_write_fates_and_reasons(path: Path) -> None:
    if path.name == "verdict.p4":
        return
    written = re.findall(r"md\.next = FATE_\w+|VERDICT\.(?:drop|punt)_reason = ", _code(path))
    assert written == []


def test_ids_are_unique_and_below_the_next_free_one() -> None:
    text = (P4SRC / "core" / "ids.p4").read_text("utf-8")
    ids = [int(value, 16) for value in re.findall(r"^#define \w+_ID\s+(0x[0-9A-F]{8})$", text, re.M)]
    assert len(ids) > 50 and len(ids) == len(set(ids))
    for kind, following in re.findall(r"\(0x([0-9A-F]{2})\)\. Next: (0x[0-9A-F]{8})\.", text):
        of_kind = [value for value in ids if value >> 24 == int(kind, 16)]
        assert of_kind and max(of_kind) < int(following, 16)


def test_every_id_is_used() -> None:
    text = (P4SRC / "core" / "ids.p4").read_text("utf-8")
    names = re.findall(r"^#define (\w+_ID)\s", text, re.M)
    everything = "".join(_code(path) for path in SOURCES if path.name != "ids.p4")
    assert [name for name in names if not re.search(rf"\b{name}\b", everything)] == []
