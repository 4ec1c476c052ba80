# SPDX-License-Identifier: Apache-2.0
"""Figures of a benchmark run: printed as they come, written as JSON."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Bar:
    """What a figure is held against: at least (``>=``) or at most (``<=``) ``value``."""

    relation: str
    value: float

    def __str__(self) -> str:
        return f"{self.relation} {self.value:g}"

    def reached(self, value: float) -> bool:
        """Whether ``value`` is on the right side."""
        return value >= self.value if self.relation == ">=" else value <= self.value


@dataclass(frozen=True)
class Figure:
    """One measured number: in which section, of whom (``series``), of what (``case``)."""

    section: str
    series: str
    case: str
    value: float
    unit: str
    bar: str = ""
    reached: bool | None = None


def at_least(value: float) -> Bar:
    """A bar from below."""
    return Bar(">=", value)


def at_most(value: float) -> Bar:
    """A bar from above."""
    return Bar("<=", value)


def median(values: Iterable[float]) -> float:
    """The middle one (of an even number, the mean of both)."""
    return statistics.median(values)


class Report:
    """Collects figures under section titles."""

    def __init__(self, machine: dict[str, Any]) -> None:
        self.machine = machine
        self.figures: list[Figure] = []
        self.skipped: list[str] = []
        self._section = ""

    def section(self, name: str, title: str) -> None:
        """Begin a section: a short name for the JSON, a title for people."""
        self._section = name
        print(f"\n{title}", flush=True)

    def add(self, series: str, case: str, value: float, unit: str, bar: Bar | None = None) -> float:
        """Record and print; gives ``value`` back."""
        reached = bar.reached(value) if bar else None
        figure = Figure(self._section, series, case, float(f"{value:.5g}"), unit, str(bar or ""), reached)
        self.figures.append(figure)
        shown = f"{value:>14,.0f}" if value >= 100 else f"{value:>14.3f}"
        judged = f"bar {bar}: {'reached' if reached else 'MISSED'}" if bar else ""
        what = f"{series}: {case}" if series else case
        print(f"  {what:<66}{shown} {unit:<10} {judged}".rstrip(), flush=True)
        return value

    def rate(self, series: str, case: str, pps: float, bar: Bar | None = None) -> float:
        """A packet rate, and the time of a packet."""
        self.add(series, case, pps, "packets/s", bar)
        self.figures.append(Figure(self._section, series, case, float(f"{1e9 / pps:.5g}"), "ns/packet"))
        print(f"  {'':<66}{1e9 / pps:>14,.0f} ns/packet", flush=True)
        return pps

    def progress(self, text: str) -> None:
        """What is being measured, on a terminal only; the next line of the report overwrites it."""
        if sys.stderr.isatty():
            print(f"\r  {text:<78}\r", end="", file=sys.stderr, flush=True)

    def skip(self, what: str, why: str) -> None:
        """Say that something is not measured."""
        self.skipped.append(f"{what}: {why}")
        print(f"  {what}: skipped, {why}", flush=True)

    def value(self, section: str, series: str, case: str, unit: str = "packets/s") -> float | None:
        """A figure recorded before; None when there is none."""
        for figure in self.figures:
            if (figure.section, figure.series, figure.case, figure.unit) == (section, series, case, unit):
                return figure.value
        return None

    def content(self) -> dict[str, Any]:
        """Machine, figures and what was skipped."""
        return {
            "machine": self.machine,
            "figures": [asdict(figure) for figure in self.figures],
            "skipped": self.skipped,
        }

    def write(self, path: Path) -> None:
        """:meth:`content` as JSON."""
        path.write_text(json.dumps(self.content(), indent=1) + "\n")
