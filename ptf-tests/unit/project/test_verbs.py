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
import yaml

from harness import collect, testbed

ROOT = Path(__file__).resolve().parents[3]
VERBS = (
    "help",
    "setup",
    "build",
    "run",
    "test",
    "ptf",
    "diff",
    "soak",
    "fuzz",
    "bench",
    "lint",
    "format",
    "lock",
    "clean",
)
CHECK = ROOT / "tools" / "check_python.sh"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not on PATH")
def test_help_names_every_verb() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  (\w+) +\S", done.stdout, re.M)
    assert set(VERBS) <= set(listed)


def _check(python: str, path: str = os.environ.get("PATH", "")) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path, "PYTHON": python, "UV": ""}
    return subprocess.run(["/bin/sh", str(CHECK)], env=environment, capture_output=True, text=True, check=False)


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


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not on PATH")
def test_unknown_resolution_is_refused() -> None:
    done = subprocess.run(["make", "test", "RESOLUTION=old"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "RESOLUTION=old: no such choice; one of lowest, locked, newest" in done.stderr


@pytest.mark.parametrize(("lint", "tests", "code"), [(0, 0, 0), (2, 0, 1), (0, 2, 1), (2, 2, 1)])
def test_ci_fails_when_linters_or_tests_do(lint: int, tests: int, code: int, tmp_path: Path) -> None:
    """Both run whatever the other says, in this order, and what failed is named."""
    make = tmp_path / "make"
    make.write_text(f'#!/bin/sh\necho "$1 $RESOLUTION"\ncase $1 in lint) exit {lint};; test) exit {tests};; esac\n')
    make.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["/bin/sh", str(ROOT / ".ci" / "run")], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()) == (code, ["lint locked", "test locked"])
    assert ("make lint failed" in done.stderr, "make test failed" in done.stderr) == (lint != 0, tests != 0)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not on PATH")
def test_hooks_call_the_verbs() -> None:
    """pre-commit asks the checkers of make lint, and nothing of a repository of hooks."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (repository,) = hooks["repos"]
    assert repository["repo"] == "local"
    recipe = subprocess.run(["make", "-n", "lint"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    verbs = [hook["entry"].removeprefix("make ") for hook in repository["hooks"]]
    assert verbs and [verb for verb in verbs if verb not in recipe] == []


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
