#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A picture of the figures that ``bench/run.py --json`` wrote.

    bench/plot.py result.json docs/performance.svg

Three panels: packet rates in memory, from interface to interface, and with growing tables.
Needs matplotlib (``pip install -e '.[bench]'``).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

#: One colour for each series, the same in all panels.
COLORS = {
    "native engine": "#1b6ca8",
    "Python engine": "#e08e45",
    "BMv2": "#8c564b",
    "Linux kernel": "#5a9e6f",
    "bare copy loop": "#9a9a9a",
}

Rates = dict[str, dict[str, float]]


class PlotError(Exception):
    """No picture can be made; the text says why."""


class NoRates(PlotError):
    """The figures have no packet rates: there is nothing to draw."""


def _rates(content: dict[str, Any], section: str) -> Rates:
    """Packets a second by series and case."""
    found: Rates = {}
    for figure in content["figures"]:
        if figure["section"] == section and figure["unit"] == "packets/s":
            found.setdefault(figure["series"], {})[figure["case"]] = figure["value"]
    return found


def _points(axes: Any, rates: Rates, title: str) -> None:
    """A row for each case, a point for each series, on a logarithmic scale."""
    cases = list(dict.fromkeys(case for values in rates.values() for case in values))
    for number, name in enumerate(name for name in COLORS if name in rates):
        away = 6 if number % 2 == 0 else -12  # labels of neighbours do not meet
        there = [(value, cases.index(case)) for case, value in rates[name].items()]
        axes.scatter(*zip(*there, strict=True), s=42, color=COLORS[name], label=name, zorder=3, alpha=0.9)
        for value, row in there:
            at = (value, row)
            axes.annotate(_short(value), at, xytext=(0, away), textcoords="offset points", fontsize=6.5, ha="center")
    axes.set_yticks(range(len(cases)), cases)
    axes.set_ylim(len(cases) - 0.5, -0.7)
    axes.set_xscale("log")
    axes.margins(x=0.08)
    axes.set_xlabel("packets a second")
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", pad=22)
    axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=5, borderaxespad=0.1)


def _lines(axes: Any, rates: Rates) -> None:
    """Rate over the number of entries."""
    for name, values in rates.items():
        sizes = [int(case.split()[0].replace(",", "")) for case in values]
        axes.plot(sizes, list(values.values()), marker="o", color=COLORS.get(name, "#333333"), label=name)
        for size, value in zip(sizes, values.values(), strict=True):
            at = (size, value)
            axes.annotate(_short(value), at, xytext=(0, 7), textcoords="offset points", fontsize=7, ha="center")
    axes.set_xscale("log")
    axes.set_ylim(0, 1.2 * max(max(values.values()) for values in rates.values()))
    axes.margins(x=0.1)
    axes.yaxis.set_major_formatter(lambda value, _: _short(value) if value else "0")
    axes.set_xlabel("SIDs, and as many routes; every packet to others")
    axes.set_ylabel("packets a second")
    axes.set_title("End with growing tables, in memory", loc="left", fontsize=10, fontweight="bold")
    axes.legend(frameon=False, fontsize=8)


def _short(value: float) -> str:
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g} {unit}"
    return f"{value:.3g}"


def draw(content: dict[str, Any], target: Path) -> None:
    """Write the picture (format by the suffix).  PlotError without matplotlib, NoRates without rates."""
    try:
        import matplotlib
    except ImportError:
        raise PlotError("a picture needs matplotlib: pip install -e '.[bench]'") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    memory, interfaces, tables = (_rates(content, name) for name in ("memory", "interfaces", "tables"))
    panels = [rates for rates in (memory, interfaces, tables) if rates]
    if not panels:
        raise NoRates("there are no packet rates among the figures")
    heights = [2.6 if rates is tables else 0.9 + 0.36 * max(map(len, rates.values())) for rates in panels]
    matplotlib.rcParams.update({"svg.hashsalt": "srv6", "svg.fonttype": "none", "font.size": 9})
    figure, all_axes = pyplot.subplots(
        len(panels), 1, figsize=(9, sum(heights)), height_ratios=heights, layout="constrained", squeeze=False
    )
    for axes, rates in zip(all_axes[:, 0], panels, strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e5e5e5", linewidth=0.6)
        axes.set_axisbelow(True)
        if rates is tables:
            _lines(axes, rates)
        elif rates is memory:
            _points(axes, rates, "In memory, one core, one flow")
        else:
            _points(axes, rates, "From interface to interface (veth)")
    figure.suptitle(", ".join(str(value) for value in content["machine"].values()), fontsize=7, color="#666666")
    figure.savefig(target, metadata={"Date": None} if target.suffix == ".svg" else None)
    pyplot.close(figure)


def main() -> int:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("figures", type=Path, metavar="RESULT.json")
    parser.add_argument("picture", type=Path, metavar="PICTURE.svg", help="or .png, .pdf")
    args = parser.parse_args()
    try:
        draw(json.loads(args.figures.read_text()), args.picture)
    except (OSError, ValueError, KeyError, PlotError) as error:
        print(f"plot: {args.figures}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
