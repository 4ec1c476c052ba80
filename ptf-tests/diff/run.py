#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""softswitch against BMv2: recorded packet tests and random packets; every difference is printed.

    run.py                          the packet tests, then 100 000 random and mutated packets
    run.py --count 5000 --seed 7    fewer, others
    run.py --only 4711              one case of the generator, with what each switch does
    run.py --second softswitch      softswitch against itself: needs neither root nor BMv2

Exit codes: 0 no difference, 1 differences, 4 a switch cannot run here.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
for _path in (TESTS.parent, TESTS.parent / "cp", TESTS):
    if str(_path) not in sys.path:
        sys.path.insert(0, str(_path))

from diff import node, recorded  # noqa: E402
from diff.compare import Difference, Side, counter_differences, differences  # noqa: E402
from diff.generator import Case, Generator  # noqa: E402
from harness import testbed  # noqa: E402
from srv6cp.apps.compile import compile_state  # noqa: E402
from srv6cp.config import load_node_dict  # noqa: E402

SHOWN = 10


def windows(cases: Iterator[Case], size: int) -> Iterator[list[Case]]:
    """Cases in groups."""
    while window := list(islice(cases, size)):
        yield window


class Run:
    """Two switches, the differences found so far, and a line that tells how far it is."""

    def __init__(self, first: str, second: str) -> None:
        self.sides = []
        try:
            for name in (first, second):
                self.sides.append(Side(testbed.make(name)))
        except BaseException:
            self.close()
            raise
        self.names = (first, f"second {second}" if first == second else second)
        self.found = 0
        self.frames = 0
        self._began = time.monotonic()

    def close(self) -> None:
        """End both switches."""
        for side in self.sides:
            side.close()

    def program(self, config: dict[str, object]) -> None:
        """Make both switches the same node."""
        compilation = compile_state(load_node_dict(config), self.sides[0].info)
        for side in self.sides:
            side.program(compilation)

    def compare(self, window: list[Case], about: str = "") -> None:
        """Run a window through both and print what differs."""
        self.frames += len(window)
        for difference in differences(*self.sides, window):
            self.report(difference, about)

    def report(self, difference: Difference, about: str) -> None:
        """Print one difference; beyond the first few only count."""
        self.found += 1
        if self.found <= SHOWN:
            print(f"{about}{': ' if about else ''}{difference.text(*self.names)}\n")
        elif self.found == SHOWN + 1:
            print("further differences are only counted\n")

    def progress(self, what: str) -> None:
        """One line that is rewritten on a terminal."""
        if sys.stderr.isatty():
            rate = self.frames / max(time.monotonic() - self._began, 0.001)
            print(
                f"\r{what}: {self.frames} frames, {rate:.0f}/s, {self.found} differences ",
                end="",
                file=sys.stderr,
            )


def random_packets(run: Run, seed: int, count: int, window: int, only: int | None = None) -> None:
    """The generator's packets through both switches, then their counters."""
    run.program(node.config(run.sides[0].bed))
    before = [side.counters() for side in run.sides]
    cases = Generator(seed).cases(count)
    if only is not None:
        cases = (case for case in cases if case.number == only)
    for group in windows(cases, window):
        run.compare(group, f"seed {seed}")
        run.progress("random")
    for line in counter_differences(before, [side.counters() for side in run.sides], run.names):
        run.found += 1
        print(line)


def recorded_tests(run: Run, window: int) -> int:
    """Every frame that the packet tests send, with the node that they send it to. Returns the number of
    tests.
    """
    tests = recorded.record()
    for test in tests:
        for config, cases in test.stages():
            run.program(config)
            for group in windows(iter(cases), window):
                run.compare(group, test.name)
        run.progress("packet tests")
    return len(tests)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=100_000, help="random packets (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--window", type=int, default=64, help="frames compared at a time (default %(default)s)")
    parser.add_argument("--only", type=int, metavar="N", help="case N of the generator alone")
    parser.add_argument("--no-recorded", action="store_true", help="leave out the packet tests")
    parser.add_argument("--first", default="softswitch", choices=testbed.CHOICES[:-1])
    parser.add_argument("--second", default="bmv2", choices=testbed.CHOICES[:-1])
    args = parser.parse_args(argv)
    os.environ.pop("SWITCH", None)
    try:
        run = Run(args.first, args.second)
    except testbed.Unavailable as error:
        print(f"diff: {error}", file=sys.stderr)
        return 4
    tests = 0
    try:
        if not args.no_recorded and args.only is None:
            tests = recorded_tests(run, args.window)
        random_packets(run, args.seed, args.count, args.window, args.only)
    finally:
        run.close()
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(
        f"{args.first} and {args.second}: {run.frames} frames ({tests} packet tests, {args.count} random, "
        f"seed {args.seed}), {run.found} differences"
    )
    return 1 if run.found else 0


if __name__ == "__main__":
    sys.exit(main())
