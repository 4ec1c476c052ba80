# SPDX-License-Identifier: Apache-2.0
"""What pyproject.toml declares, the lowest versions computed from it, and the locks that belong to it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def _load_tool() -> Any:
    spec = importlib.util.spec_from_file_location("requirements", ROOT / "tools" / "requirements.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = _load_tool()
PYPROJECT = (ROOT / "pyproject.toml").read_text()


def extra(name: str) -> list[str]:
    found: list[str] = tool.declared(PYPROJECT, "project.optional-dependencies", name)
    return found


DECLARED = {
    "test": [
        *tool.declared(PYPROJECT, "project", "dependencies"),
        *extra("test"),
        *extra("topo"),
        *extra("web"),
        *tool.declared(PYPROJECT, "dependency-groups", "ptf"),
    ],
    "lint": extra("lint"),
    "browser": extra("browser"),
}


def locked(name: str, python: str) -> dict[str, str]:
    """Package to version that ``requirements/<name>.txt`` has for a Python on Linux."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    found = {}
    for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines():
        pin = re.match(r"([\w.-]+)==([\w.]+)(?: ; (.*?))? \\$", line)
        if pin and (pin[3] is None or Marker(pin[3]).evaluate(environment)):
            assert pin[1] not in found, f"{pin[1]} twice for Python {python}"
            found[pin[1]] = pin[2]
    return found


def test_list_of_a_section() -> None:
    text = '[a]\nx = ["n>=1"]\n[b]\nxx = []\nx = [\n    # why\n    "p[q]>=2",  # because\n    "r==3",\n]\ny = []\n'
    assert tool.declared(text, "a", "x") == ["n>=1"]
    assert tool.declared(text, "b", "x") == ["p[q]>=2", "r==3"]
    with pytest.raises(SystemExit, match=r"pyproject.toml has no 'y' in \[a\]"):
        tool.declared(text, "a", "y")


def test_lowest_of_a_python() -> None:
    bounds = ["a>=1.2", "a>=1.10; python_version >= '3.12'", "b>=3.0.0"]
    assert tool.lowest(bounds, (3, 9)) == ["a==1.2", "b==3.0.0"]
    assert tool.lowest(bounds, (3, 13)) == ["a==1.10", "b==3.0.0"]


@pytest.mark.parametrize("bound", ["a", "a==1", "a>1", "a>=1,<2", "a>=1; sys_platform == 'linux'", "a>=1rc1"])
def test_bound_that_has_no_lowest(bound: str) -> None:
    with pytest.raises(SystemExit, match="declares no lowest version"):
        tool.lowest([bound])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["group", "shell"], "p4runtime-shell==0.0.6"),
        (["extra", "topo"], "pyroute2>=0.7.1"),
        (["lowest", "topo"], "pyroute2==0.7.1"),
    ],
)
def test_command(words: list[str], line: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / "requirements.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert line in done.stdout.splitlines()


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_has_a_lowest_version(python: str) -> None:
    bounds = tool.lowest(DECLARED["test"], tuple(map(int, python.split("."))))
    assert {bound.split("==")[0] for bound in bounds} == {Requirement(text).name for text in DECLARED["test"]}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", DECLARED)
def test_lock_holds_what_is_declared(name: str, python: str) -> None:
    """Fails when a dependency changed and the lock did not: run make lock."""
    there = locked(name, python)
    missing = []
    for text in DECLARED[name]:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
            version = there.get(canonicalize_name(requirement.name))
            if version is None or version not in requirement.specifier:
                missing.append(f"{text} (locked: {version})")
    assert missing == []


@pytest.mark.parametrize("python", PYTHONS)
def test_locks_agree(python: str) -> None:
    """They are installed into one environment."""
    test, lint = locked("test", python), locked("lint", python)
    assert {name: (test[name], lint[name]) for name in test.keys() & lint.keys() if test[name] != lint[name]} == {}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_lock_has_hashes_and_names_no_host(path: Path) -> None:
    text = path.read_text()
    entries = re.findall(r"^[\w.-]+==(?:.*\\\n)+.*$", text, re.M)
    assert len(entries) == len(re.findall(r"^\w", text, re.M)) > 0
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"\S*(?:://|index-url|find-links|trusted-host)\S*", text) == []
    assert "netifaces" not in text


def test_there_are_three_locks() -> None:
    assert [path.stem for path in LOCKS] == sorted(DECLARED)
