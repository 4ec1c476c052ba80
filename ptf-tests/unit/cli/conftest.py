# SPDX-License-Identifier: Apache-2.0
"""A switch and a node file for commands, and routers that are stopped in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from unit.cli.running import Router, node_file

from softswitch.switch import SoftSwitch


@pytest.fixture(scope="module")
def switch() -> Iterator[SoftSwitch]:
    """Two ports and no program yet, for the tests of a file."""
    with SoftSwitch(None, ports=[1, 2], device_id=1) as running:
        yield running


@pytest.fixture
def node(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The node file to use, with the text ``NODE`` of the module of the tests."""
    return node_file(request.module.NODE, tmp_path, monkeypatch)


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Router]:
    running = Router(tmp_path)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def routers() -> Iterator[Callable[..., Router]]:
    """Starts routers; what is left is stopped in the end, the last one first."""
    with ExitStack() as stack:

        def start(folder: Path, *words: str, **options: Any) -> Router:
            running = Router(folder, *words, **options)
            stack.callback(running.stop)
            return running

        yield start
