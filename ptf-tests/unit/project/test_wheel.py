# SPDX-License-Identifier: Apache-2.0
"""The wheel: it can be built, holds what it must, and its commands start where nothing else of the project
is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

pytest.importorskip("hatchling.build", reason="hatchling is not installed")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the working tree, built without network access."""
    folder = tmp_path_factory.mktemp("wheel")
    code = f"import hatchling.build as b; print(b.build_wheel({str(folder)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the contents of the wheel, to be put in front of everything else on the path."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_wheel_holds_the_packages_and_the_program(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"srv6cp/__init__.py", "softswitch/__init__.py", "srv6cp/p4build/full.json"} <= names
    assert {"srv6cp/p4build/full.p4info.txtpb", "srv6cp/p4build/manifest.json"} <= names
    assert {f"srv6lab/topologies/{path.name}" for path in (ROOT / "topo").glob("*.yaml")} <= names
    page = ROOT / "topo" / "srv6lab" / "web"
    files = [path for folder in ("static", "vendor") for path in (page / folder).rglob("*") if path.is_file()]
    assert {f"srv6lab/web/{path.relative_to(page)}" for path in files} <= names
    assert "srv6lab/web/vendor/cytoscape/LICENSE" in names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "p4rtlib", "srv6cp", "softswitch", "srv6host", "srv6lab",
    }  # fmt: skip


def test_wheel_is_pure_python(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")


def _run(installed: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=installed, env=environment, capture_output=True, text=True, check=False)


def _entry_points(installed: Path) -> dict[str, tuple[str, str]]:
    text = next(installed.glob("*.dist-info/entry_points.txt")).read_text()
    pairs = (line.split(" = ") for line in text.splitlines() if " = " in line)
    return {name: tuple(target.split(":")) for name, target in pairs}  # type: ignore[misc]


@pytest.mark.parametrize("command", ["srv6", "softswitch"])
def test_command_starts(installed: Path, command: str) -> None:
    module, function = _entry_points(installed)[command]
    code = f"import sys, {module} as m; sys.argv[0] = {command!r}; sys.exit(m.{function}())"
    done = _run(installed, code, "--help")
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout.lower()


def test_program_is_found_in_the_wheel(installed: Path) -> None:
    done = _run(installed, "from srv6cp import artifacts; print(artifacts.find().json)")
    assert done.stdout.strip() == str(installed / "srv6cp" / "p4build" / "full.json"), done.stderr
