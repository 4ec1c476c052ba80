# SPDX-License-Identifier: Apache-2.0
"""What is kept of a node file: revisions, whole, bounded, of this user alone, and readable beside damaged ones."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from srv6cp.cli import revisions as module
from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.revisions import Author, Damaged, Revision, Revisions

AUTHOR = Author("ada", "srv6 apply node.yaml", "", "r1", 1, "127.0.0.1:9559")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    state = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    monkeypatch.delenv("SRV6_REVISIONS", raising=False)
    module._SAID.clear()
    return state


@pytest.fixture
def store(tmp_path: Path) -> Revisions:
    (tmp_path / "node.yaml").write_text("")
    return Revisions(tmp_path / "node.yaml")


def numbers(store: Revisions) -> list[int]:
    return [found.number for found in store.all()]


def test_a_revision_is_made_when_the_content_changes(store: Revisions) -> None:
    for text in ("a", "a", "b", "a"):
        store.record(text, AUTHOR, applied=True)
    assert [(found.number, found.text) for found in store.all() if isinstance(found, Revision)] == [
        (1, "a"),
        (2, "b"),
        (3, "a"),
    ]
    found = store.get(2)
    assert (found.user, found.command, found.node, found.device_id, found.address, found.applied) == (
        *("ada", "srv6 apply node.yaml", "r1", 1, "127.0.0.1:9559", True),
    )


def test_what_was_saved_is_applied_later(store: Revisions) -> None:
    store.record("a", AUTHOR, applied=True)
    store.record("b", AUTHOR, applied=False)
    newest = store.newest(applied=True)
    assert newest is not None and newest.number == 1
    store.record("b", AUTHOR, applied=True)
    store.record("b", AUTHOR, applied=False)  # what is applied stays so
    newest = store.newest(applied=True)
    assert newest is not None and newest.number == 2


def test_every_name_of_a_file_has_its_revisions(store: Revisions, tmp_path: Path) -> None:
    store.record("a", AUTHOR, applied=True)
    (tmp_path / "link.yaml").symlink_to("node.yaml")
    assert numbers(Revisions(tmp_path / "link.yaml")) == [1]
    assert numbers(Revisions(tmp_path / "other.yaml")) == []


def test_old_revisions_go_and_numbers_rise(store: Revisions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRV6_REVISIONS", "3")
    for text in "abcde":
        store.record(text, AUTHOR, applied=True)
    assert numbers(store) == [3, 4, 5]


def test_fifty_are_kept_unless_told_otherwise(
    store: Revisions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert module.limit() == 50
    monkeypatch.setenv("SRV6_REVISIONS", "none")
    assert module.limit() == 50
    assert capsys.readouterr().err == "srv6: SRV6_REVISIONS='none' is not a number from 2 to 999999; 50 are kept\n"


def test_large_files_do_not_fill_the_disk(store: Revisions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_OCTETS", 2000)
    for text in "abcd":
        store.record(text * 1000, AUTHOR, applied=True)
    assert numbers(store) == [3, 4]  # two are kept, however large


def test_nobody_else_reads_them(store: Revisions, state: Path) -> None:
    before = os.umask(0)
    try:
        store.record("a", AUTHOR, applied=True)
    finally:
        os.umask(before)
    found = [path for path in (state, *state.rglob("*")) if path.stat().st_mode & 0o077]
    assert not found


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def changed(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "text": "other"}))


def no_object(path: Path) -> None:
    path.write_text("[" * 100_000)


def other_types(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "text": 5}))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [cut_short, changed, no_object, other_types, a_folder], ids=lambda f: f.__name__)
def test_a_damaged_revision_is_said_and_the_others_work(store: Revisions, damage: Callable[[Path], None]) -> None:
    for text in "ab":
        store.record(text, AUTHOR, applied=True)
    damage(store.folder / "2.json")
    first, second = store.all()
    assert isinstance(first, Revision) and isinstance(second, Damaged)
    with pytest.raises(CliError, match=r"node\.yaml: revision 2 is damaged: "):
        store.get(2)
    assert store.get(1).text == "a"
    newest = store.newest()
    assert newest is not None and newest.number == 1
    assert store.record("c", AUTHOR, applied=True).number == 3


def test_what_is_not_there_is_said(store: Revisions) -> None:
    with pytest.raises(CliError, match=r"no revision 7; there is none yet$"):
        store.get(7)
    store.record("a", AUTHOR, applied=True)
    store.record("b", AUTHOR, applied=True)
    with pytest.raises(CliError, match=r"no revision 7; there are 1 to 2$"):
        store.get(7)


def open_to_all(folder: Path) -> None:
    folder.chmod(0o777)


def a_link(folder: Path) -> None:
    folder.rename(folder.with_suffix(".moved"))
    folder.symlink_to(folder.with_suffix(".moved"))


@pytest.mark.parametrize("spoil", [open_to_all, a_link], ids=lambda f: f.__name__)
def test_a_folder_that_others_can_write_is_not_used(
    store: Revisions, spoil: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """An edit goes on without a revision; who asks for revisions is told."""
    store.record("a", AUTHOR, applied=True)
    spoil(store.folder)
    for _ in range(2):  # a controller says it once
        assert store.keep("b", AUTHOR, applied=True) is None
    assert capsys.readouterr().err.count("no revision is kept: ") == 1
    with pytest.raises(CliError, match="its revisions cannot be read: "):
        store.get(1)


def test_a_full_disk_loses_nothing(
    store: Revisions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.record("a", AUTHOR, applied=True)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert store.keep("b", AUTHOR, applied=True) is None
    assert "no revision is kept: [Errno 28] No space left on device" in capsys.readouterr().err
    monkeypatch.undo()
    assert sorted(path.name for path in store.folder.iterdir()) == ["1.json", "lock"]


def test_a_relative_state_folder_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the XDG specification asks."""
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Revisions(tmp_path / "node.yaml").folder.is_relative_to(tmp_path / ".local" / "state" / "srv6")


def test_commands_at_once_lose_no_revision(store: Revisions) -> None:
    def record(name: int) -> None:
        for number in range(5):
            Revisions(store.path).record(f"{name} {number}", AUTHOR, applied=True)

    with ThreadPoolExecutor(4) as pool:  # flock tells open files apart, not processes
        list(pool.map(record, range(4)))
    found = [each for each in store.all() if isinstance(each, Revision)]
    assert [each.number for each in found] == list(range(1, 21))
    assert {each.text for each in found} == {f"{name} {number}" for name in range(4) for number in range(5)}
