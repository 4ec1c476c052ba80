# SPDX-License-Identifier: Apache-2.0
"""``--times``: what is measured, and how it is added up."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.times import Spent, Times


class Terminal:
    """Takes what is printed."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write_sep(self, _separator: str, title: str) -> None:
        self.lines.append(title)

    def write_line(self, line: str) -> None:
        self.lines.append(line)


def printed(*reports: tuple[str, dict[str, Any]]) -> list[str]:
    """The tables for phases of tests."""
    times = Times(cast(pytest.Config, SimpleNamespace(getoption=lambda name: 2)))
    for node, spent in reports:
        times.pytest_runtest_logreport(SimpleNamespace(nodeid=node, when="call", times=spent))
    terminal = Terminal()
    times.pytest_terminal_summary(terminal)
    return terminal.lines


def test_phases_are_added_up_by_file_fixture_and_test() -> None:
    lines = printed(
        ("a.py::one", {"spent": [1.0, 2.0], "fixtures": {"lab (module, a.py)": [0.5, 1.5]}}),
        ("a.py::one", {"spent": [0.25, 0.0], "fixtures": {}}),
        ("a.py::two", {"spent": [0.5, 0.0], "fixtures": {}}),
        ("b.py::three", {"spent": [9.0, 0.0], "fixtures": {}}),
    )
    assert "    12.8 s  3 tests, 2.0 s in children" in lines
    assert lines[lines.index(" seconds children  file") + 1 :][:2] == [
        "    9.00     0.00  b.py, 1 tests",
        "    3.75     2.00  a.py, 2 tests",
    ]
    assert "    2.00     1.50  lab (module, a.py), 1 times" in lines
    assert lines[lines.index(" seconds children  test") + 1 :] == [  # as many as --times-lines says
        "    9.00     0.00  b.py::three",
        "    3.25     2.00  a.py::one",
    ]


def test_children_count_when_they_have_been_waited_for() -> None:
    spent = Spent()
    subprocess.run([sys.executable, "-c", "sum(range(200_000))"], check=True)
    own, children = spent()
    assert own >= 0 and children > 0
