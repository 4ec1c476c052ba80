# SPDX-License-Identifier: Apache-2.0
"""Editing node files: comments and layout stay, what cannot be edited safely is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.nodefile import NodeFile, flow
from srv6cp.config import ConfigError, Source

SID = {"sid": "fc00::9", "behavior": "End"}


def edited(tmp_path: Path, text: str, *edits: tuple[Any, ...]) -> str:
    """The text of a file after edits, each ("add", section, item), ("remove", section, index) or
    ("set", key, value)."""
    path = tmp_path / "node.yaml"
    path.write_text(text)
    file = NodeFile(path)
    for verb, *arguments in edits:
        {"add": file.add, "remove": file.remove, "set": file.set_scalar}[verb](*arguments)
    return file.text


ADDING = [
    ("node: r1\n", 'node: r1\nsids:\n  - {sid: "fc00::9", behavior: End}\n'),
    ("node: r1", 'node: r1\nsids:\n  - {sid: "fc00::9", behavior: End}\n'),
    ("node: r1\nsids:\nroutes: []\n", 'node: r1\nsids:\n  - {sid: "fc00::9", behavior: End}\nroutes: []\n'),
    ("node: r1\nsids: []  # none yet\n", 'node: r1\nsids: [{sid: "fc00::9", behavior: End}]  # none yet\n'),
    (
        "node: r1\nsids: [{sid: a, behavior: End}]\n",
        'node: r1\nsids: [{sid: a, behavior: End}, {sid: "fc00::9", behavior: End}]\n',
    ),
    (
        "node: r1\nsids:\n- {sid: a, behavior: End}  # one\n\n# end\nroutes: []\n",
        ('node: r1\nsids:\n- {sid: a, behavior: End}  # one\n- {sid: "fc00::9", behavior: End}\n\n# end\nroutes: []\n'),
    ),
    (
        "node: r1\nsids:\n    # first\n    - sid: a\n      behavior: End\n\n\nroutes: []\n",
        (
            "node: r1\nsids:\n    # first\n    - sid: a\n      behavior: End\n"
            '    - {sid: "fc00::9", behavior: End}\n\n\nroutes: []\n'
        ),
    ),
    (
        "node: r1\nsids:\n  - sid: a\n    behavior: End",
        'node: r1\nsids:\n  - sid: a\n    behavior: End\n  - {sid: "fc00::9", behavior: End}\n',
    ),
]


@pytest.mark.parametrize(("before", "after"), ADDING)
def test_adding(tmp_path: Path, before: str, after: str) -> None:
    assert edited(tmp_path, before, ("add", "sids", SID)) == after


THREE = """\
node: r1
sids:
  # first
  - {sid: a, behavior: End}
  - sid: b        # second
    behavior: End

  - {sid: c, behavior: End}
routes: []
"""


@pytest.mark.parametrize(
    ("index", "gone"),
    [
        (0, "  - {sid: a, behavior: End}\n"),
        (1, "  - sid: b        # second\n    behavior: End\n"),
        (2, "  - {sid: c, behavior: End}\n"),
    ],
)
def test_removing_from_a_block(tmp_path: Path, index: int, gone: str) -> None:
    assert edited(tmp_path, THREE, ("remove", "sids", index)) == THREE.replace(gone, "")


@pytest.mark.parametrize(("index", "after"), [(0, "[b, c]"), (1, "[a, c]"), (2, "[a, b]")])
def test_removing_from_a_flow_list(tmp_path: Path, index: int, after: str) -> None:
    text = "node: r1\nvrfs: [a, b, c]  # three\n"
    assert edited(tmp_path, text, ("remove", "vrfs", index)) == f"node: r1\nvrfs: {after}  # three\n"


def test_removing_the_last_item_leaves_an_empty_section(tmp_path: Path) -> None:
    text = "node: r1\nvrfs:\n  - a\nroutes: []\n"
    assert edited(tmp_path, text, ("remove", "vrfs", 0)) == "node: r1\nvrfs:\nroutes: []\n"
    assert edited(tmp_path, text, ("remove", "vrfs", 0), ("add", "vrfs", "b")) == text.replace("- a", "- b")


def test_setting_a_scalar(tmp_path: Path) -> None:
    text = 'node: r1  # name\nsource: "fc00::1"  # T\n'
    assert edited(tmp_path, text, ("set", "source", "fc00::2")) == text.replace("fc00::1", "fc00::2")
    assert (
        edited(tmp_path, "node: r1  # name\nvrfs: []\n", ("set", "source", "fc00::2"))
        == 'node: r1  # name\nsource: "fc00::2"\nvrfs: []\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "node: r1\nx: &a [b]\nvrfs: *a\n",
        "{node: r1}\n",
    ],
)
def test_what_cannot_be_edited_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CliError, match="cannot be edited in place") as caught:
        edited(tmp_path, text, ("add", "vrfs", "c"))
    assert caught.value.code == 3


def test_an_invalid_result_is_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text("node: r1\n")
    file = NodeFile(path)
    file.add("sids", {"sid": "fc00::1", "behavior": "End.X"})
    with pytest.raises(ConfigError, match=r"node.yaml:3: sids\[0\]: End.X needs 'via'"):
        file.save()
    assert path.read_text() == "node: r1\n"
    assert list(tmp_path.iterdir()) == [path]


INSIDE = [
    ("ports: {1: {mtu: 1500}}\n", "ports: {1: {mtu: 9000}}\n"),
    ("ports: {1: {vrf: a}}  # one\n", "ports: {1: {vrf: a, mtu: 9000}}  # one\n"),
    ("ports: {1: {}}\n", "ports: {1: {mtu: 9000}}\n"),
    ("ports: {}\n", "ports: {1: {mtu: 9000}}\n"),
    ("ports:\n", "ports: {1: {mtu: 9000}}\n"),
    ("ports:\n  1:  # customer\n  2: {}\n", "ports:\n  1: {mtu: 9000}  # customer\n  2: {}\n"),
    ("ports:\n  1:\n    vrf: a  # b\n\nvrfs: [a]\n", "ports:\n  1:\n    vrf: a  # b\n    mtu: 9000\n\nvrfs: [a]\n"),
    ("ports:\n  2: {}\n# end\n", "ports:\n  2: {}\n  1: {mtu: 9000}\n# end\n"),
    ("node: r1\n", "node: r1\nports: {1: {mtu: 9000}}\n"),
    ("node: r1", "node: r1\nports: {1: {mtu: 9000}}\n"),
]


@pytest.mark.parametrize(("before", "after"), INSIDE)
def test_setting_a_value_inside(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "node.yaml"
    path.write_text(before)
    file = NodeFile(path)
    file.set_in(["ports", 1, "mtu"], 9000)
    assert file.text == after


@pytest.mark.parametrize(
    "text", ["ports: [1]\n", "ports: {1: {mtu: [1]}}\n", "base: &b {mtu: 1}\nports: {1: *b}\n", "ports: {1: 7}\n"]
)
def test_setting_inside_what_is_no_mapping(tmp_path: Path, text: str) -> None:
    path = tmp_path / "node.yaml"
    path.write_text(text)
    with pytest.raises(CliError, match="cannot be edited in place"):
        NodeFile(path).set_in(["ports", 1, "mtu"], 9000)
    assert path.read_text() == text


def test_saving_keeps_the_mode_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text("node: r1\n")
    path.chmod(0o640)
    file = NodeFile(path)
    file.add("vrfs", "blue")
    assert "blue" in file.save().vrfs
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn", "Co")), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_flow_style_loads_as_what_it_was(value: Any) -> None:
    assert Source(f"k: {flow({'v': value})}\n").load() == {"k": {"v": value}}
