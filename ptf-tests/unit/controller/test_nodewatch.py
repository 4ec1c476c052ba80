# SPDX-License-Identifier: Apache-2.0
"""What a running controller applies of its node file, holds back, and takes when somebody agrees."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from srv6cp import rundir
from srv6cp.config import ConfigError, load_node
from srv6cp.controller import consent, nodewatch
from srv6cp.controller.nodewatch import NodeWatch
from srv6cp.controller.quiet import QuietFile
from srv6cp.sync.removals import Guard, TakesAway

HEAD = 'node: r1\nlocator: "fcbb:bb00:1::/48"\nsource: "fcbb:bb00:1::1"\nsids:\n'


def text(sids: int) -> str:
    lines = (f'  - {{sid: "fcbb:bb00:1:{number:x}::", behavior: End}}\n' for number in range(1, sids + 1))
    return HEAD + "".join(lines)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands and controllers of this test meet."""
    folder = tmp_path / "run"
    monkeypatch.setattr(rundir, "_SYSTEM", folder)
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "node.yaml"
    path.write_text(text(612))
    return path


@pytest.fixture
def watch(path: Path) -> NodeWatch:
    return NodeWatch(QuietFile(path, quiet=0), load_node(path))


def look(watch: NodeWatch) -> int | None:
    """Number of SIDs of the node that is to be applied; it then is."""
    node = watch.look()
    if node is None:
        return None
    watch.applied = node
    return len(node.sids)


def test_half_a_node_file_deletes_nothing(path: Path, watch: NodeWatch) -> None:
    """A generator that writes the head first and the SIDs when it has them."""
    path.write_text(text(0))
    with pytest.raises(TakesAway, match=r"^it takes away 612 of 612 SIDs$"):
        look(watch)
    assert look(watch) is None  # said once
    path.write_text(text(613))
    assert look(watch) == 613


def test_what_is_held_back_is_applied_when_somebody_agrees(path: Path, watch: NodeWatch) -> None:
    path.write_text(text(1))
    with pytest.raises(TakesAway):
        look(watch)
    consent.give(path, text(1))
    assert look(watch) == 1
    assert look(watch) is None


def test_an_agreement_is_to_one_content_of_one_file(path: Path, watch: NodeWatch, tmp_path: Path) -> None:
    consent.give(path, text(1))
    consent.give(tmp_path / "other.yaml", text(2))
    path.write_text(text(2))
    with pytest.raises(TakesAway):
        look(watch)
    path.write_text(text(1))
    assert look(watch) == 1


def test_an_agreement_does_not_outlive_the_text_that_it_was_given_to(path: Path, watch: NodeWatch) -> None:
    """Agreed to, but changed again in the same moment."""
    path.write_text(text(1))
    with pytest.raises(TakesAway):
        look(watch)
    consent.give(path, text(1))
    path.write_text(text(0))
    with pytest.raises(TakesAway):
        look(watch)


def test_both_controllers_of_a_pair_hear_of_an_agreement(path: Path, watch: NodeWatch) -> None:
    backup = NodeWatch(QuietFile(path, quiet=0), watch.applied)
    path.write_text(text(1))
    for one in (watch, backup):
        with pytest.raises(TakesAway):
            look(one)
    consent.give(path, text(1))
    assert (look(watch), look(backup)) == (1, 1)


def test_the_old_node_is_compared_with_and_not_what_was_held_back(path: Path, watch: NodeWatch) -> None:
    """A file that shrinks in steps does not get through because each step is small."""
    for sids in (300, 160, 90):
        path.write_text(text(sids))
        with pytest.raises(TakesAway, match=f"{612 - sids} of 612 SIDs"):
            look(watch)
    path.write_text(text(400))
    assert look(watch) == 400


def test_a_broken_file_is_said_once(path: Path, watch: NodeWatch) -> None:
    path.write_text("node: [")
    with pytest.raises(ConfigError):
        look(watch)
    assert look(watch) is None


def test_the_guard_can_be_set(path: Path) -> None:
    watch = NodeWatch(QuietFile(path, quiet=0), load_node(path), Guard(share=100))
    path.write_text(text(0))
    assert look(watch) == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: os.utime(file, (0, 0)),
        lambda file: (file.unlink(), file.symlink_to("/dev/null")),
        lambda file: file.parent.chmod(0o777),
    ],
    ids=["old", "a link", "a folder of everybody"],
)
def test_an_agreement_that_cannot_be_believed_is_none(
    path: Path, watch: NodeWatch, folder: Path, spoil: Callable[[Path], object]
) -> None:
    consent.give(path, text(1))
    (file,) = folder.glob("removals-*")
    spoil(file)
    path.write_text(text(1))
    with pytest.raises(TakesAway):
        look(watch)


def test_old_agreements_are_removed(path: Path, folder: Path) -> None:
    consent.give(path, "a")
    (file,) = folder.glob("removals-*")
    os.utime(file, (0, 0))
    consent.give(path, "b")
    assert len(list(folder.glob("removals-*"))) == 1


def test_a_change_is_about_to_come_until_it_is_applied(path: Path, watch: NodeWatch) -> None:
    """From when it begins: who takes over a switch meanwhile would take back what the primary has done of it."""
    assert not watch.changing
    path.write_text(text(613))
    assert watch.changing
    assert look(watch) == 613
    assert watch.changing  # the caller is about to apply it
    assert watch.look() is None
    assert not watch.changing


def test_a_change_that_is_refused_is_none(path: Path, watch: NodeWatch) -> None:
    for wrong, error in ((text(0), TakesAway), ("node: [", ConfigError)):
        path.write_text(wrong)
        with pytest.raises(error):
            look(watch)
        assert not watch.changing
    path.unlink()
    assert not watch.changing


def test_a_file_that_is_touched_while_it_is_read_is_read_again(
    path: Path, watch: NodeWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = nodewatch.read_source

    def half(source: Path) -> Any:
        found = read(source)
        monkeypatch.undo()
        path.write_text(text(614))
        return found

    path.write_text(text(613))
    monkeypatch.setattr(nodewatch, "read_source", half)
    assert (look(watch), look(watch)) == (None, 614)
