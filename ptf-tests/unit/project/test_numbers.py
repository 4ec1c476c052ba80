# SPDX-License-Identifier: Apache-2.0
"""Numbers that the P4 program and its control plane share are generated, and current."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


def _load_tool() -> Any:
    spec = importlib.util.spec_from_file_location("generate_numbers", ROOT / "tools" / "generate_numbers.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate_numbers = _load_tool()


def test_numbers_are_current() -> None:
    """Fails when p4src changed and the Python side did not: run python tools/generate_numbers.py."""
    assert (ROOT / generate_numbers.OUT).read_text() == generate_numbers.generate()


def test_a_new_reason_is_seen(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "p4src", tmp_path / "p4src")
    reasons = tmp_path / "p4src" / "core" / "reasons.p4"
    reasons.write_text(
        reasons.read_text().replace("    NONE                  = 0,\n", "    NONE = 0,\n    NEW = 63, // new\n")
    )
    assert "    NEW = 63  # new\n" in generate_numbers.generate(tmp_path)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "p4src", tmp_path / "p4src")
    arch = tmp_path / "p4src" / "arch" / "v1model" / "arch.p4"
    arch.write_text(arch.read_text().replace("#define PUNT_SESSION 1", ""))
    with pytest.raises(generate_numbers.GenerateError, match=r"arch\.p4 defines no PUNT_SESSION"):
        generate_numbers.generate(tmp_path)
