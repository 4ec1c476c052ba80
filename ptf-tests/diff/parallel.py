# SPDX-License-Identifier: Apache-2.0
"""The generator's packets through several switches, in several processes that have their own switches each.

A process takes every n-th block of the generator and reports block by block: what differs in it, and what the
counters say at its end. So a run can be stopped at any time and goes on where it was.
"""

from __future__ import annotations

import multiprocessing
import queue
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from diff import node
from diff.compare import Side, counter_differences, differences
from diff.generator import BLOCK, Case, Generator
from harness import testbed
from srv6cp import artifacts
from srv6cp.compile import Compilation, compile_state
from srv6cp.config import load_node_dict

TEXTS = 10  # differences of a block that are told in full


@dataclass(frozen=True)
class Work:
    """Which cases go through which switches."""

    switches: tuple[str, ...]  # names for ``testbed.make``
    labels: tuple[str, ...]  # what reports call them
    seed: int
    start: int
    count: int
    window: int
    shortest: tuple[int, int]  # as the generator has it
    profile: str = artifacts.DEFAULT

    def blocks(self, job: int = 0, jobs: int = 1) -> Iterator[tuple[int, int]]:
        """First case and number of cases of each block of one of the processes."""
        first = self.start // BLOCK
        last = -(-(self.start + self.count) // BLOCK)
        for block in range(first + job, last, jobs):
            begin = max(self.start, block * BLOCK)
            yield begin, min(self.start + self.count, (block + 1) * BLOCK) - begin


@dataclass
class BlockReport:
    """What one block showed; ``error`` when its process could not go on."""

    start: int = 0
    frames: int = 0
    found: int = 0
    texts: list[str] = field(default_factory=list)
    error: str = ""


class Switches:
    """The switches side by side, running the same node of a profile."""

    def __init__(self, names: Sequence[str], labels: Sequence[str], profile: str = artifacts.DEFAULT) -> None:
        """Raises testbed.Unavailable."""
        self.labels = labels
        self.sides: list[Side] = []
        try:
            for name in names:
                self.sides.append(Side(testbed.make(name), profile))
        except BaseException:
            self.close()
            raise

    def program(self, config: dict[str, object]) -> None:
        """Make all switches this node."""
        compilation: Compilation = compile_state(load_node_dict(config), self.sides[0].info)
        for side in self.sides:
            side.program(compilation)

    def compare(self, cases: Iterator[Case], window: int, about: str) -> BlockReport:
        """Run cases and report what differs, counters included."""
        report = BlockReport()
        before = [side.counters() for side in self.sides]
        first = None
        while group := list(islice(cases, window)):
            first = group[0].number if first is None else first
            report.frames += len(group)
            for difference in differences(self.sides, group):
                report.found += 1
                if len(report.texts) < TEXTS:
                    report.texts.append(f"{about}: {difference.text(self.labels)}\n")
        last = (first or 0) + report.frames - 1
        for line in counter_differences(before, [side.counters() for side in self.sides], self.labels):
            report.found += 1
            report.texts.append(f"{about}: cases {first} to {last}: {line}")
        return report

    def close(self) -> None:
        """End all switches."""
        for side in self.sides:
            side.close()


def random_blocks(work: Work, switches: Switches, job: int = 0, jobs: int = 1) -> Iterator[BlockReport]:
    """Report on each block of one of the processes."""
    switches.program(node.config(switches.sides[0].bed, work.profile))
    generator = Generator(work.seed, work.shortest, work.profile)
    for start, count in work.blocks(job, jobs):
        report = switches.compare(generator.cases(count, start), work.window, f"seed {work.seed}")
        report.start = start
        yield report


def _run(work: Work, job: int, jobs: int, reports: Any) -> None:
    """A process: its reports, then None."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process tells us when to stop
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        switches = Switches(work.switches, work.labels, work.profile)
        try:
            for report in random_blocks(work, switches, job, jobs):
                reports.put(report)
        finally:
            switches.close()
        reports.put(None)
    except testbed.Unavailable as error:
        reports.put(BlockReport(error=str(error)))
    except Exception:
        reports.put(BlockReport(error=traceback.format_exc()))


class JobFailed(Exception):
    """A process could not go on; the message says why."""


def reports(work: Work, jobs: int) -> Iterator[BlockReport]:
    """Reports of all blocks as they come, from ``jobs`` processes; closing the iterator stops them.

    Raises JobFailed.
    """
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    processes = [context.Process(target=_run, args=(work, job, jobs, answers)) for job in range(jobs)]
    for process in processes:
        process.start()
    running = jobs
    try:
        while running:
            try:
                report = answers.get(timeout=1)
            except queue.Empty:
                if any(process.exitcode for process in processes):
                    raise JobFailed("a process was killed") from None
                continue
            if report is None:
                running -= 1
            elif report.error:
                raise JobFailed(report.error)
            else:
                yield report
    finally:
        for process in processes:
            if running:
                process.terminate()
            process.join(20)
            process.kill()
