# SPDX-License-Identifier: Apache-2.0
"""A changed file is read when whoever changes it is done."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from srv6cp.controller.quiet import QuietFile


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def after(self, seconds: float, file: QuietFile) -> bool:
        """Whether the file has changed by then; asked every tenth of a second, as its owner would."""
        told = 0
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            told += file.changed()
        assert told <= 1, "one change was told twice"
        return bool(told)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "node.yaml"
    path.write_text("old")
    return path


@pytest.fixture
def file(path: Path, clock: Clock) -> QuietFile:
    return QuietFile(path, quiet=0.5, longest=3, clock=clock)


def test_a_file_that_is_left_alone_has_not_changed(file: QuietFile, clock: Clock) -> None:
    assert not clock.after(10, file)


def cut_and_written(path: Path) -> list[Callable[[], object]]:
    return [lambda: os.truncate(path, 0), lambda: path.write_text("ne"), lambda: path.write_text("new")]


def put_aside_and_written(path: Path) -> list[Callable[[], object]]:
    """vim with backupcopy=no; the file is not there for a moment."""
    return [lambda: path.rename(path.with_suffix(".bak")), lambda: path.write_text("n"), lambda: path.write_text("new")]


def renamed_over(path: Path) -> list[Callable[[], object]]:
    new = path.with_suffix(".tmp")
    return [lambda: new.write_text("new"), lambda: new.replace(path)]


def of_the_same_size_and_time(path: Path) -> list[Callable[[], object]]:
    before = path.stat()
    return [lambda: path.write_text("new"), lambda: os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))]


@pytest.mark.parametrize(
    "steps", [cut_and_written, put_aside_and_written, renamed_over, of_the_same_size_and_time], ids=lambda f: f.__name__
)
def test_a_file_written_in_steps_is_read_once_and_whole(
    path: Path, file: QuietFile, clock: Clock, steps: Callable[[Path], list[Callable[[], object]]]
) -> None:
    for step in steps(path):
        step()
        assert not clock.after(0.4, file)
    assert clock.after(0.6, file)
    assert path.read_text() == "new"
    assert not clock.after(10, file)


def test_a_file_that_is_gone_is_no_change_until_it_is_back(path: Path, file: QuietFile, clock: Clock) -> None:
    path.unlink()
    assert not clock.after(60, file)
    path.write_text("new")
    assert not clock.after(0.3, file)
    assert clock.after(0.6, file)


def test_constant_editing_does_not_starve(path: Path, file: QuietFile, clock: Clock) -> None:
    told = 0
    for step in range(25):
        path.write_text("x" * step)
        told += clock.after(0.3, file)
    assert told == 2  # every three seconds of seven and a half
    assert clock.after(0.6, file)


def test_a_file_that_is_put_back_has_not_changed(path: Path, file: QuietFile, clock: Clock) -> None:
    link = path.with_suffix(".link")
    link.symlink_to(path)
    other = path.with_suffix(".other")
    other.write_text("other")
    file = QuietFile(link, quiet=0.5, clock=clock)
    for target in (other, path):
        link.unlink()
        link.symlink_to(target)
        assert not clock.after(0.3, file)
    assert not clock.after(10, file)


def test_the_file_behind_a_symbolic_link_is_meant(tmp_path: Path, clock: Clock) -> None:
    """As with the mounted files of a container: what changes is a link in the middle."""
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "node.yaml").write_text(name)
    (tmp_path / "data").symlink_to("a")
    link = tmp_path / "node.yaml"
    link.symlink_to("data/node.yaml")
    file = QuietFile(link, quiet=0.5, clock=clock)
    assert not clock.after(1, file)
    (tmp_path / "new").symlink_to("b")
    (tmp_path / "new").replace(tmp_path / "data")
    assert clock.after(1, file)
    (tmp_path / "b" / "node.yaml").write_text("changed")
    assert clock.after(1, file)


def test_without_a_quiet_period_a_change_is_told_at_once(path: Path, clock: Clock) -> None:
    file = QuietFile(path, quiet=0, clock=clock)
    path.write_text("new")
    assert file.changed()
    assert not file.changed()
