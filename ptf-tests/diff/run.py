#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Python engine, the native engine and BMv2 side by side: packet tests and random packets; every difference
is printed.

    run.py                                 the packet tests, then 100 000 random and mutated packets
    run.py --no-recorded --count 1000000   a million random packets alone
    run.py --no-recorded --start 500000    go on where an earlier run was stopped
    run.py --profile hmac                  another profile of the program, with what it has
    run.py --only 4711                     one case of the generator, with what each switch does
    run.py --switches softswitch,softswitch-native     these two: needs no BMv2

Switches: softswitch (the Python engine; the first one is the reference), softswitch-native, softswitch-veth, bmv2
(simple_switch_grpc with its gRPC data plane), bmv2-veth (on interfaces). Those on veth pairs need root.

Exit codes: 0 no difference, 1 differences, 4 a switch cannot run here, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
for _path in (TESTS.parent, TESTS.parent / "cp", TESTS):
    if str(_path) not in sys.path:
        sys.path.insert(0, str(_path))

from diff import node, recorded  # noqa: E402
from diff.generator import ETHERNET, INTERFACE, Generator  # noqa: E402
from diff.parallel import BlockReport, JobFailed, Switches, Work, reports  # noqa: E402
from harness import show, testbed  # noqa: E402
from srv6cp import artifacts  # noqa: E402

SHOWN = 10  # differences printed; further ones are counted
PAUSE = 30.0  # s between progress lines where they are not on a terminal
DEFAULT = "softswitch,softswitch-native,bmv2"

# What the command line calls a switch, and what harness.testbed does.
SWITCHES = {
    "softswitch": "softswitch",
    "softswitch-native": "softswitch-native",
    "softswitch-veth": "softswitch-veth",
    "bmv2": "bmv2-grpc",
    "bmv2-veth": "bmv2",
}


class Tally:
    """What was compared so far, printed as it comes."""

    def __init__(self, names: list[str], expected: int, profile: str = artifacts.DEFAULT) -> None:
        self.names = names
        self.profile = profile
        self.frames = 0
        self.found = 0
        self._expected = expected
        self._began = self._told = time.monotonic()
        self._blocks: dict[int, int] = {}

    def seconds(self) -> float:
        """Since the beginning."""
        return max(time.monotonic() - self._began, 0.001)

    def add(self, report: BlockReport) -> None:
        """Count a report and print its differences."""
        self.frames += report.frames
        self._blocks[report.start] = report.frames
        room = max(0, SHOWN - self.found)
        for text in report.texts[:room]:
            print(text, flush=True)
        if self.found <= SHOWN < self.found + report.found:
            print("further differences are only counted\n", flush=True)
        self.found += report.found

    def next_case(self, start: int) -> int:
        """The first random case from ``start`` on that was not compared."""
        while start in self._blocks:
            start += self._blocks[start]
        return start

    def progress(self, what: str) -> None:
        """One line: rewritten on a terminal, now and then elsewhere."""
        terminal = sys.stderr.isatty()
        if not terminal and time.monotonic() < self._told + PAUSE:
            return
        self._told = time.monotonic()
        rate = self.frames / self.seconds()
        left = max(0, self._expected - self.frames) / max(rate, 0.001)
        line = f"{what}: {self.frames} frames, {rate:.0f}/s, {left / 60:.0f} min left, {self.found} differences"
        print(f"\r{line} " if terminal else line, end="" if terminal else "\n", file=sys.stderr, flush=True)

    def summary(self, tests: int, seed: int) -> str:
        """The last line."""
        names = f"{', '.join(self.names[:-1])} and {self.names[-1]}"
        return (
            f"{names}, profile {self.profile}: {self.frames} frames ({tests} packet tests, random ones of seed {seed}),"
            f" {self.found} differences, {self.seconds():.0f} s"
        )


def labels(names: list[str]) -> list[str]:
    """Names for reports, the second of the same kind marked."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return found


def recorded_tests(work: Work) -> Iterator[BlockReport]:
    """Every frame that the packet tests of the profile send, with the node that they send it to; a report for each."""
    tests = [test for test in recorded.record() if test.profile == work.profile]
    switches = Switches(work.switches, work.labels, work.profile)
    try:
        for number, test in enumerate(tests):
            for config, cases in test.stages():
                switches.program(config)
                report = switches.compare(iter(cases), work.window, test.name)
                report.start = -1 - number
                yield report
    finally:
        switches.close()


def one_case(work: Work, number: int) -> int:
    """Print what each switch does with one case. Returns the number of differences."""
    switches = Switches(work.switches, work.labels, work.profile)
    try:
        switches.program(node.config(switches.sides[0].bed, work.profile))
        generator = Generator(work.seed, work.shortest, work.profile)
        (case,) = generator.cases(1, number)
        print(f"case {number} of seed {work.seed}, into port {case.port}: {show.summary(case.frame)}")
        print(f"  {case.frame.hex()}\n{show.text(case.frame)}")
        for side, name in zip(switches.sides, work.labels, strict=True):
            outcomes = side.run([case])
            print(f"{name}:" if outcomes else f"{name}: nothing")
            for (where, frame), count in outcomes.items():
                print(f"  {count} x {where}: {show.summary(frame)}\n    {frame.hex()}")
        report = switches.compare(generator.cases(1, number), 1, f"seed {work.seed}")
        print("\n".join(report.texts) or "no difference")
        return report.found
    finally:
        switches.close()


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=" ".join((__doc__ or "").split("\n")[:2]))
    parser.add_argument("--switches", default=DEFAULT, help=f"two or more of {', '.join(SWITCHES)} (default {DEFAULT})")
    parser.add_argument(
        "--profile",
        default=os.environ.get("PROFILE") or artifacts.DEFAULT,
        choices=artifacts.PROFILES,
        help="of the program; packets for what it has (default: PROFILE, else %(default)s)",
    )
    parser.add_argument("--count", type=int, default=100_000, help="random packets (default %(default)s)")
    parser.add_argument("--start", type=int, default=0, metavar="N", help="leave out the cases before this one")
    parser.add_argument("--seed", type=int, default=1, help="of the generator (default %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: a processor each)")
    parser.add_argument("--window", type=int, default=32, help="frames compared at a time (default %(default)s)")
    parser.add_argument("--only", type=int, metavar="N", help="case N of the generator alone")
    parser.add_argument("--no-recorded", action="store_true", help="leave out the packet tests")
    args = parser.parse_args(argv)
    args.names = args.switches.split(",")
    for name in args.names:
        if name not in SWITCHES:
            parser.error(f"--switches: no switch {name!r}; one of {', '.join(SWITCHES)}")
    if len(args.names) < 2:
        parser.error("--switches: two are needed, separated by a comma")
    for option in ("jobs", "window"):
        if getattr(args, option) < 1:
            parser.error(f"--{option} must be at least 1")
    for option in ("count", "start", "only"):
        if (getattr(args, option) or 0) < 0:
            parser.error(f"--{option} must not be negative")
    return args


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    os.environ.pop("SWITCH", None)
    os.environ.pop("PROFILE", None)
    interfaces = any(name.endswith("-veth") for name in args.names)
    names = labels(args.names)
    work = Work(
        tuple(SWITCHES[name] for name in args.names),
        tuple(names),
        args.seed,
        args.start,
        args.count,
        args.window,
        INTERFACE if interfaces else ETHERNET,
        args.profile,
    )
    tally = Tally(names, args.count, args.profile)
    tests = 0
    try:
        if args.only is not None:
            return 1 if one_case(work, args.only) else 0
        if not args.no_recorded:
            with closing(recorded_tests(work)) as found:
                for report in found:
                    tally.add(report)
                    tests += 1
                    tally.progress("packet tests")
        with closing(reports(work, args.jobs)) as found:
            for report in found:
                tally.add(report)
                tally.progress("random")
    except (testbed.Unavailable, JobFailed) as error:
        print(f"diff: {error}", file=sys.stderr)
        return 4
    except KeyboardInterrupt:
        print(f"\ninterrupted; go on with --start {tally.next_case(args.start)}", file=sys.stderr)
        print(tally.summary(tests, args.seed))
        return 130
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(tally.summary(tests, args.seed))
    return 1 if tally.found else 0


if __name__ == "__main__":
    sys.exit(main())
