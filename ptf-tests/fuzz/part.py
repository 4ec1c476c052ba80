# SPDX-License-Identifier: Apache-2.0
"""What a part of the fuzzing is: cases by number, and what becomes of one."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar


class Part(ABC):
    """Cases of one kind.  A case is bytes, and depends on seed and number alone, so that any of them can be had again.

    ``scratch``: a folder of its own.  Raises `Unavailable` where it cannot run.
    """

    name: ClassVar[str]
    count: ClassVar[int]
    """Cases of a whole run."""
    patience: ClassVar[float] = 30.0
    """Seconds after which a case hangs (a busy machine, a compiler)."""
    memory: ClassVar[int] = 1500
    """MiB that its process may take."""
    sanitized: ClassVar[bool] = False
    """Native code is compiled with sanitizers: the process needs their runtime."""

    def __init__(self, seed: int, scratch: Path) -> None:
        self.seed, self.scratch = seed, scratch

    def rng(self, number: int) -> random.Random:
        """For case ``number``."""
        return random.Random(f"{self.name}/{self.seed}/{number}")

    @abstractmethod
    def case(self, number: int) -> bytes:
        """Case ``number``."""

    @abstractmethod
    def run(self, case: bytes) -> str:
        """Give the case to the code under test: in a word, what came of it.  Whatever is raised is a failure."""

    def close(self) -> None:  # noqa: B027
        """End what it has started."""


class Unavailable(Exception):
    """The part cannot run here; the text says why."""


def one_line(error: Exception) -> None:
    """An error for people is one line of sensible length, with something in it."""
    text = str(error)
    assert text.strip() and "\n" not in text, f"not one line: {text[:500]!r}"
    assert len(text) < 5000, f"{len(text)} characters: {text[:200]!r}"
    assert "Traceback" not in text, text
