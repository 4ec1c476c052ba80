# SPDX-License-Identifier: Apache-2.0
"""Routers that are stopped in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from unit.cli.running import Router


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
