# SPDX-License-Identifier: Apache-2.0
"""The committed P4 artefacts belong to the committed P4 sources, and hold nothing of a machine."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from srv6cp import artifacts

ROOT = Path(__file__).resolve().parents[3]


def _load_tool() -> Any:
    spec = importlib.util.spec_from_file_location("build_p4", ROOT / "tools" / "build_p4.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build_p4 = _load_tool()


def test_artefacts_are_current() -> None:
    """Fails when p4src changed and p4src/build did not: run make build."""
    assert build_p4.stale() == []


def test_artefacts_of_the_test_program_are_current() -> None:
    """Fails when what ptf-tests/unit/p4src is made of changed and its build folder did not: run make build."""
    program = "ptf-tests/unit/p4src/srh_list.p4"
    assert build_p4.stale(ROOT, "ptf-tests/unit/p4src/build", {"srh_list": program}) == []


def test_artefacts_name_no_machine() -> None:
    for path in (ROOT / "p4src" / "build").iterdir():
        text = path.read_text()
        for prefix in ('"/', "/home/", "/root/", "/usr/", "/tmp/", "/opt/"):
            assert prefix not in text, f"{path.name} holds {prefix}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "p4src", tmp_path / "p4src")
    return tmp_path


def test_changed_source_is_stale(copy: Path) -> None:
    first = next((copy / "p4src" / "core").glob("*.p4"))
    first.write_text(first.read_text() + "// \n")
    assert build_p4.stale(copy) == [f"p4src/core/{first.name} changed"]


def test_changed_artefact_is_stale(copy: Path) -> None:
    artefact = copy / "p4src" / "build" / "full.json"
    tree = json.loads(artefact.read_text())
    artefact.write_text(json.dumps(tree))
    assert build_p4.stale(copy) == ["p4src/build/full.json is not what the compiler wrote"]


def test_missing_manifest_is_stale(copy: Path) -> None:
    (copy / "p4src" / "build" / "manifest.json").unlink()
    assert "manifest.json cannot be read" in build_p4.stale(copy)[0]


def test_missing_include_is_named(copy: Path) -> None:
    top = copy / "p4src" / "srv6.p4"
    top.write_text('#include "core/nothing.p4"\n' + top.read_text())
    with pytest.raises(build_p4.CompileError, match=r"no such include: core/nothing\.p4"):
        build_p4.stale(copy)


def test_places_in_the_sources_are_left_out() -> None:
    tree = {"source_info": {"filename": "/opt/p4include/v1model.p4"}, "list": [{"source_info": {}, "id": 1}]}
    assert build_p4.without_sources(tree) == {"list": [{"id": 1}]}


def test_a_line_for_each_part() -> None:
    tree = {"actions": [{"name": "a", "primitives": [{"op": "drop", "parameters": [1, 2]}]}], "program": "x"}
    text = build_p4.to_text(tree)
    assert json.loads(text) == tree
    assert '{"op":"drop","parameters":[1,2]}' in text.splitlines()


def test_every_profile_is_committed() -> None:
    assert set(build_p4.profiles()) == set(artifacts.PROFILES) == set(build_p4.read_manifest()["profiles"])


def test_unknown_profile(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        build_p4.main(["--profile", "core"])
    assert caught.value.code == 2
    assert (
        "no such profile: core; there are: edge, full, hmac, mobile, services, telemetry, transit"
        in capsys.readouterr().err
    )


def test_without_a_compiler_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build_p4.shutil, "which", lambda name: None)
    assert build_p4.main([]) == 4
    said = capsys.readouterr().err
    assert "p4c-bm2-ss" in said and "docker or podman" in said


@pytest.mark.skipif(shutil.which("p4c-bm2-ss") is None, reason="p4c-bm2-ss is not on PATH")
def test_compiling_again_gives_the_same_bytes() -> None:
    """With the compiler that made them; another version may write something else."""
    _, run = build_p4.find_compiler()
    folder = ROOT / "p4src" / "build"
    for profile, program in build_p4.profiles().items():
        artefacts, version, _ = build_p4.compile_program(run, profile, program)
        if version != build_p4.read_manifest()["profiles"][profile]["version"]:
            pytest.skip(f"the artefacts were made by another version than {version}")
        for name, text in artefacts.items():
            assert (folder / name).read_text() == text, name
