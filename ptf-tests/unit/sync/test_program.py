# SPDX-License-Identifier: Apache-2.0
"""What a switch is told before it loads another program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from srv6cp.p4rt import Client, CloneSession, MulticastGroup, Replica
from srv6cp.sync.program import Program


class Switch:
    """A client of a switch that runs the program with ``cookie``, and what it was asked for."""

    def __init__(self, cookie: int) -> None:
        self.cookie = cookie
        self.said: list[str] = []
        self.entities = [CloneSession(5, (Replica(510, 1),)), MulticastGroup(7, (Replica(1, 1),))]

    def get_pipeline_cookie(self) -> int:
        return self.cookie

    def read(self, *patterns: Any) -> Iterator[Any]:
        assert patterns == (CloneSession(), MulticastGroup())
        return iter(self.entities)

    def delete(self, *entities: Any) -> None:
        self.said.append(f"delete {len(entities)}")

    def set_pipeline(self, info: Any, config: bytes, cookie: int) -> None:
        self.said.append("load")


def test_copies_of_the_program_before_are_forgotten() -> None:
    """BMv2 keeps its clone sessions and groups when another program is loaded: written again, they would copy twice."""
    program = Program.read()
    switch = Switch(program.cookie + 1)
    assert program.load(cast(Client, switch))
    assert switch.said == ["delete 2", "load"]


def test_a_program_that_runs_is_left_alone() -> None:
    program = Program.read()
    switch = Switch(program.cookie)
    assert not program.load(cast(Client, switch))
    assert switch.said == []
