#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""``make bench``: packet rates, tables and control-plane times, everything in one run on one machine.

    bench/run.py                              what can run here (BMv2 and interfaces need root)
    bench/run.py --only interfaces --seconds 5 --rounds 5
    bench/run.py --json result.json --plot result.svg

Every figure is followed by the bar it is held against, where there is one. Absolute rates depend on the machine and on
what else it does; the ratios are what to look at. Exit code 0 whatever the figures are: this measures, it does not
judge.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
for _folder in ("cp", "ptf-tests", "bench", "."):
    sys.path.insert(0, str(ROOT / _folder))
os.environ.setdefault("BMV2_ARGS", "--log-level off")

import beds  # noqa: E402
import generator  # noqa: E402
import plot  # noqa: E402
from report import Report, at_least  # noqa: E402
from sections import (  # noqa: E402
    control,
    crafted,
    hmac,
    interfaces,
    learning,
    load,
    memory,
    neighbors,
    overload,
    services,
    tables,
    writes,
)
from settings import Settings  # noqa: E402

from softswitch.native.compiler import find_compiler  # noqa: E402

SECTIONS = {
    "memory": memory.run,
    "interfaces": interfaces.run,
    "tables": tables.run,
    "writes": writes.run,
    "control": control.run,
    "neighbors": neighbors.run,
    "learning": learning.run,
    "load": load.run,
    "overload": overload.run,
    "hmac": hmac.run,
    "crafted": crafted.run,
    "services": services.run,
}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    found = {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": f"{os.cpu_count()} cores",
        "python": f"Python {platform.python_version()}",
    }
    if not beds.native_missing():
        found["compiler"] = find_compiler().version
    if not beds.bmv2_missing():
        version = _first_line([str(shutil.which("simple_switch_grpc")), "--version"])
        found["bmv2"] = f"BMv2 {version} {os.environ['BMV2_ARGS']}"
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).partition("\n")[0]


def summary(report: Report) -> None:
    """What needs figures of two sections: rates in memory against BMv2 over interfaces."""
    report.section("summary", "In memory against BMv2 from interface to interface")
    for case, bar in (("End", 75), ("H.Encaps, 3 SIDs", 50)):
        native = report.value("memory", beds.NATIVE, case)
        bmv2 = report.value("interfaces", beds.BMV2, case)
        if native is None or bmv2 is None:
            report.skip(case, "needs the native engine, BMv2 and the sections memory and interfaces")
        else:
            report.add(f"{beds.NATIVE} / {beds.BMV2}", case, native / bmv2, "", at_least(bar))


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(size) for size in text.split(","))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 1 or sorted(sizes) != list(sizes):
        raise argparse.ArgumentTypeError(f"{text!r}: increasing numbers with commas are needed, as in 10,1000")
    return sizes


def _arguments() -> argparse.Namespace:
    usual = Settings()
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("--only", action="append", choices=tuple(SECTIONS), help="a section; may be given again")
    add("--seconds", type=float, default=usual.seconds, help="length of one measurement (default %(default)s)")
    add("--rounds", type=int, default=usual.rounds, help="measurements of a rate, taken in turns (default %(default)s)")
    sizes = ",".join(map(str, usual.sizes))
    add("--sizes", type=_sizes, default=usual.sizes, help=f"SIDs, and routes, of the tables (default {sizes})")
    add("--count", type=int, default=usual.count, help="entries written while packets flow (default %(default)s)")
    add("--nodes", type=int, default=usual.nodes, help="SIDs, and routes, of the node file (default %(default)s)")
    add("--json", type=Path, help="write the figures to this file as well")
    add("--plot", type=Path, help="draw them into this file (.svg, .png, .pdf; needs matplotlib)")
    return parser.parse_args()


def main() -> int:
    """Run the sections asked for; print and, with ``--json`` and ``--plot``, write the figures."""
    args = _arguments()
    settings = Settings(args.seconds, args.rounds, args.sizes, args.count, args.nodes)
    report = Report(machine())
    print("\n".join(report.machine.values()))
    try:
        for name, run in SECTIONS.items():
            if not args.only or name in args.only:
                run(report, settings)
        if not args.only or {"memory", "interfaces"} <= set(args.only):
            summary(report)
        if args.json:
            report.write(args.json)
        if args.plot:
            try:
                plot.draw(report.content(), args.plot)
            except plot.NoRates as error:  # of a run of sections that have none
                print(f"no picture: {error}")
    except (beds.CannotRun, generator.NothingArrives, generator.WrongFrames, plot.PlotError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
