# SPDX-License-Identifier: Apache-2.0
"""The compiled conformance program belongs to its source."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from conformance.raw import JSON, P4INFO, PROGRAMS


@pytest.mark.skipif(shutil.which("p4c-bm2-ss") is None, reason="needs p4c-bm2-ss on PATH")
def test_compiled_program_is_current(tmp_path: Path) -> None:
    subprocess.run(
        ["p4c-bm2-ss", "--arch", "v1model", "-o", str(tmp_path / "out.json"),
         "--p4runtime-files", str(tmp_path / "out.txtpb"), "conformance.p4"],
        cwd=PROGRAMS, check=True, capture_output=True,
    )  # fmt: skip
    assert (tmp_path / "out.txtpb").read_text() == P4INFO.read_text()
    fresh, kept = json.loads((tmp_path / "out.json").read_text()), json.loads(JSON.read_text())
    for program in (fresh, kept):
        program.pop("__meta__", None)
    assert fresh == kept
