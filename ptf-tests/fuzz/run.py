#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile and malformed input for everything that reads input.

    run.py                                        everything, some hours
    run.py --only frames --count 50000            one part, so many cases
    run.py --seconds 600                          each part for ten minutes at most
    run.py --only requests --from 40000           go on where an earlier run was stopped
    run.py --replay logs/fuzz/programs-1-17.case  one case again

Parts: names (hostile names in programs and p4infos, both engines), programs (mutated JSON and p4info, both engines),
requests (P4Runtime, and what is no P4Runtime), greed (clients that take the memory of a switch), frames (native
engine, address and undefined-behaviour sanitizers), nodes, topologies, recordings, punts (what the controller and the
lab read).

Each runs in a process of its own. A failure is a traceback or an error that is not one line, a crash, a case that takes
half a minute or more, memory beyond a bound, or a name that was executed. The case is kept in the corpus, with what
happened and how to do it again.

Exit codes: 0 no failure, 1 failures, 130 interrupted.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
for _path in (TESTS.parent, TESTS.parent / "cp", TESTS.parent / "topo", TESTS):
    if str(_path) not in sys.path:
        sys.path.insert(0, str(_path))

from fuzz.campaign import Campaign, Outcome  # noqa: E402
from fuzz.parts import PARTS  # noqa: E402


def table(outcomes: list[Outcome]) -> str:
    """Lines for people, the last one the outcome."""
    lines = [f"{'part':12}{'cases':>10}{'failures':>10}{'memory':>10}{'time':>8}  what came of them"]
    for each in outcomes:
        found = each.skipped or ", ".join(f"{count} {what}" for what, count in each.counts.most_common())
        if each.next is not None:
            found += f"; time is over: go on with --only {each.part} --seed {each.seed} --from {each.next}"
        bad = ", ".join(f"{count} {what}" for what, count in each.failures.most_common())
        lines.append(
            f"{each.part:12}{each.cases:10}{each.failures.total():10}{each.memory:6} MiB{each.seconds:6.0f} s  {found}"
            + (f"; failures: {bad}" if bad else "")
        )
    failures = sum(each.failures.total() for each in outcomes)
    return "\n".join([*lines, f"fuzz: {sum(each.cases for each in outcomes)} cases, {failures} failures"])


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    text = (__doc__ or "").split("\n\n", 1)
    parser = argparse.ArgumentParser(
        prog="fuzz", description=text[0], epilog=text[1], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="PART,...", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, help="cases of each part (default: as many as its documentation says)")
    parser.add_argument("--from", type=int, default=0, dest="start", metavar="CASE", help="the first case")
    parser.add_argument("--seconds", type=float, help="of each part, at most")
    parser.add_argument("--corpus", type=Path, default=Path("logs/fuzz"), metavar="DIR", help="default: logs/fuzz")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="a case of the corpus")
    args = parser.parse_args(arguments)
    chosen = [args.replay.name.split("-")[0]] if args.replay else args.only.split(",")
    if unknown := [name for name in chosen if name not in PARTS]:
        parser.error(f"no part {unknown[0]!r}; there are: {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    outcomes: list[Outcome] = []
    code = 0
    try:
        for name in chosen:
            part = PARTS[name]
            end = args.start + (args.count or part.count)
            campaign = Campaign(
                part, args.seed, args.start, end, args.corpus, seconds=args.seconds,
                say=lambda line: print(line, flush=True),
            )  # fmt: skip
            outcomes.append(campaign.outcome)  # of an interrupted part, too
            if args.replay:
                campaign.replay(args.replay)
            else:
                campaign.run()
    except KeyboardInterrupt:
        code = 130
    print(table(outcomes), flush=True)
    return code or int(any(each.failures for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
