# SPDX-License-Identifier: Apache-2.0
"""The lab in the wheel: its modules where they are imported from, and every topology beside them."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

pytest.importorskip("hatchling.build", reason="hatchling is not installed")


def test_installed_lab_finds_its_topologies(tmp_path: Path) -> None:
    build = f"import hatchling.build as b; print(b.build_wheel({str(tmp_path)!r}))"
    made = subprocess.run([sys.executable, "-c", build], cwd=ROOT, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(tmp_path / made.stdout.split()[-1]) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import sys; from srv6lab import shipped; print(shipped.__file__);"
        "print(*(f'{name} {path}' for name, path in shipped.shipped().items()), sep='\\n')"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    package = tmp_path / "site" / "srv6lab"
    topologies = [path.stem for path in sorted((ROOT / "topo").glob("*.yaml"))]
    assert done.stdout.splitlines() == [
        str(package / "shipped.py"),
        *(f"{name} {package / 'topologies' / name}.yaml" for name in topologies),
    ]
