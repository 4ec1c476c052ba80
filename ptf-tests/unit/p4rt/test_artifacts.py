# SPDX-License-Identifier: Apache-2.0
"""Finding the compiled program, and saying what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from srv6cp import artifacts
from srv6cp.p4rt import P4Info


def test_the_program_is_found() -> None:
    found = artifacts.find()
    assert found.json.name == "full.json"
    assert "my_sid_table" in P4Info.from_file(found.p4info).tables
    assert found.read_manifest()
    assert set(artifacts.PROFILES) <= set(artifacts.available())


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    for name in ("mine.json", "mine.p4info.txtpb"):
        (tmp_path / name).write_text("{}")
    found = artifacts.find("mine", tmp_path)
    assert found.p4info == tmp_path / "mine.p4info.txtpb"
    with pytest.raises(artifacts.ArtifactError, match=r"manifest.json: cannot read the manifest: No such file"):
        found.read_manifest()
    found.manifest.write_text("[]")
    with pytest.raises(artifacts.ArtifactError, match="not a manifest"):
        found.read_manifest()
    found.manifest.write_text("{")
    with pytest.raises(artifacts.ArtifactError, match="not a JSON file"):
        found.read_manifest()


def test_missing_programs(tmp_path: Path) -> None:
    with pytest.raises(artifacts.ArtifactError) as caught:
        artifacts.find("srv7")
    text = str(caught.value)
    assert text.startswith("compiled program 'srv7' not found: looked for srv7.json and srv7.p4info.txtpb in ")
    assert f"; there are: {', '.join(artifacts.available())}; run `make build`" in text
    (tmp_path / "half.json").write_text("{}")
    with pytest.raises(artifacts.ArtifactError) as caught:
        artifacts.find("half", tmp_path)
    assert str(caught.value) == (
        f"compiled program 'half' not found: {tmp_path}/half.p4info.txtpb is missing; "
        "run `make build`, or reinstall the package"
    )
