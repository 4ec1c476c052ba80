# SPDX-License-Identifier: Apache-2.0
"""The verbs of the Makefile and what they say when something is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import collect, testbed

ROOT = Path(__file__).resolve().parents[3]
VERBS = ("help", "setup", "build", "run", "test", "ptf", "diff", "bench", "lint", "clean")
CHECK = ROOT / "tools" / "check_python.sh"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not on PATH")
def test_help_names_every_verb() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  (\w+) +\S", done.stdout, re.M)
    assert set(VERBS) <= set(listed)


def _check(python: str, path: str = os.environ.get("PATH", "")) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path, "PYTHON": python, "UV": ""}
    return subprocess.run(
        ["/bin/sh", str(CHECK)], env=environment, capture_output=True, text=True, check=False
    )


def _fake(folder: Path, script: str) -> str:
    path = folder / "python3"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_this_python_will_do() -> None:
    done = _check(sys.executable)
    assert (done.returncode, done.stderr) == (0, "")


def test_missing_python_is_named(tmp_path: Path) -> None:
    done = _check("python3.99")
    assert done.returncode == 1
    assert "'python3.99' not found" in done.stderr and "make setup PYTHON=" in done.stderr


def test_old_python_is_named(tmp_path: Path) -> None:
    old = _fake(tmp_path, 'case "$2" in *sys.exit*) exit 1;; *) echo 3.8;; esac')
    done = _check(old)
    assert done.returncode == 1
    assert "is Python 3.8, 3.10 or later is needed" in done.stderr


def test_missing_venv_module_is_named(tmp_path: Path) -> None:
    bare = _fake(tmp_path, 'case "$2" in *ensurepip*) exit 1;; *) exit 0;; esac')
    done = _check(bare)
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_shell_requirements_come_from_pyproject() -> None:
    command = [sys.executable, "tools/shell_requirements.py", "pyproject.toml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "p4runtime-shell==0.0.6" in done.stdout.splitlines()


def test_totals_count_errors_as_failures() -> None:
    stats = {"passed": [1, 2], "failed": [1], "error": [1], "skipped": [1, 2, 3], "xfailed": [1], "": [1] * 9}
    assert collect.totals(stats) == "3 passed, 2 failed, 3 skipped"


def test_unknown_switch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCH", "tofino")
    with pytest.raises(testbed.Unavailable, match="SWITCH=tofino: no such switch; one of softswitch"):
        testbed.chosen()


def test_bmv2_without_the_program_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert testbed.bmv2_missing() == "simple_switch_grpc is not on PATH"
    monkeypatch.setenv("SWITCH", "auto")
    assert testbed.chosen() == "softswitch"
    with pytest.raises(testbed.Unavailable, match="SWITCH=bmv2: simple_switch_grpc is not on PATH"):
        testbed.make("bmv2")
