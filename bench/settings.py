# SPDX-License-Identifier: Apache-2.0
"""How long and how much a benchmark run measures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """``seconds`` of one measurement, ``rounds`` of them in turns, table ``sizes``, entries written (``count``)."""

    seconds: float = 2.0
    rounds: int = 3
    sizes: tuple[int, ...] = (10, 1_000, 100_000, 1_000_000)
    count: int = 100_000
    nodes: int = 10_000
