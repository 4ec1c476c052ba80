# SPDX-License-Identifier: Apache-2.0
"""pytest plugin: ``--times`` prints how much processor time each file, fixture and test took.

Counted is what the process that runs the test and its children used, children once they have been waited for. So the
figures hold on a busy machine too, where the time on the clock says nothing.
"""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

LINES = 25  # of each table


def used() -> tuple[float, float]:
    """Processor time (user and system) of this process and of its children, in seconds."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime, children.ru_utime + children.ru_stime


class Spent:
    """Measures from here on."""

    def __init__(self) -> None:
        self._begin = used()

    def __call__(self) -> tuple[float, float]:
        own, children = used()
        return own - self._begin[0], children - self._begin[1]


class Times:
    """Measures where tests run, and adds up where they are reported: with xdist two processes.

    A report carries ``times``: own seconds and those of children of the phase, and the same for each fixture that was
    set up in it, without the fixtures that this one asked for.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.begin = used()
        self.collected = 0.0  # until collection was done, of this process
        self.phase: dict[str, tuple[float, float]] = {}  # item's phase -> spent
        self.fixtures: dict[str, tuple[float, float]] = {}
        self.stack: list[list[float]] = []
        self.reports: list[tuple[str, str, dict[str, Any]]] = []
        self.workers: dict[str, dict[str, float]] = {}

    # where tests run

    def pytest_collection_finish(self) -> None:
        self.collected = sum(used())

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        spent = Spent()
        self.stack.append([0.0, 0.0])
        try:
            return (yield)
        finally:
            own, children = spent()
            inner = self.stack.pop()
            if self.stack:
                self.stack[-1][0] += own
                self.stack[-1][1] += children
            where = fixturedef.baseid.rpartition("/")[2] or "pytest"
            name = f"{fixturedef.argname} ({fixturedef.scope}, {where})"
            before = self.fixtures.get(name, (0.0, 0.0))
            self.fixtures[name] = (before[0] + own - inner[0], before[1] + children - inner[1])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Iterator[None]:
        return (yield from self._phase())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        return (yield from self._phase())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Iterator[None]:
        return (yield from self._phase())

    def _phase(self) -> Iterator[None]:
        spent = Spent()
        self.fixtures = {}
        try:
            return (yield)
        finally:
            self.spent = spent()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Any:
        report = yield
        report.times = {"spent": list(self.spent), "fixtures": {k: list(v) for k, v in self.fixtures.items()}}
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            own, children = used()
            output["times"] = {"own": own, "children": children, "collected": self.collected}

    # where they are reported

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.workers[node.gateway.id] = getattr(node, "workeroutput", {}).get("times", {})

    def pytest_runtest_logreport(self, report: Any) -> None:
        if (times := getattr(report, "times", None)) is not None:
            self.reports.append((report.nodeid, report.when, times))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        files: Counter[str] = Counter()
        tests: Counter[str] = Counter()
        fixtures: Counter[str] = Counter()
        children: dict[str, Counter[str]] = {"files": Counter(), "tests": Counter(), "fixtures": Counter()}
        count: dict[str, set[str]] = {}
        calls: Counter[str] = Counter()
        for node, _when, times in self.reports:
            own, child = times["spent"]
            file = node.partition("::")[0]
            count.setdefault(file, set()).add(node)
            files[file] += own + child
            tests[node] += own + child
            children["files"][file] += child
            children["tests"][node] += child
            for name, (own, child) in times["fixtures"].items():
                fixtures[name] += own + child
                children["fixtures"][name] += child
                calls[name] += 1
        write = terminalreporter.write_line
        terminalreporter.write_sep("=", "processor time")
        own, child = used()
        write(f"{own + child:8.1f} s  this process, {own:.1f} s of its own")
        for name, worker in sorted(self.workers.items()):
            if worker:
                write(
                    f"{worker['own'] + worker['children']:8.1f} s  {name}, {worker['children']:.1f} s in children, "
                    f"{worker['collected']:.1f} s until its tests were collected"
                )
        write(f"{files.total():8.1f} s  {len(tests)} tests, {children['files'].total():.1f} s in children")

        def table(title: str, figures: Counter[str], part: Counter[str], note: Callable[[str], str]) -> None:
            write("")
            write(f" seconds children  {title}")
            for name, seconds in figures.most_common(self.config.getoption("--times-lines")):
                write(f"{seconds:8.2f} {part[name]:8.2f}  {name}{note(name)}")

        table("file", files, children["files"], lambda name: f", {len(count[name])} tests")
        table("fixture", fixtures, children["fixtures"], lambda name: f", {calls[name]} times")
        table("test", tests, children["tests"], lambda name: "")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", action="store_true", help="print the processor time of files, fixtures and tests")
    parser.addoption("--times-lines", type=int, default=LINES, metavar="N", help="lines of each table (default 25)")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--times"):
        config.pluginmanager.register(Times(config), "processor-times")
