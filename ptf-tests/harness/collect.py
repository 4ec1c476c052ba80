# SPDX-License-Identifier: Apache-2.0
"""pytest plugin: collects ptf test classes, each as one item ``file::Class``, and states the totals on a last
line.
"""

from __future__ import annotations

import ast
import gc
import inspect
import logging
import signal
import sys
import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import ptf
import ptf.ptfutils
import pytest
from ptf.base_tests import BaseTest

from harness import testbed
from srv6cp.artifacts import ArtifactError

# What the ptf command puts into its configuration and BaseTest or ptf.testutils read.
PTF_CONFIG: dict[str, Any] = {
    "log_dir": None,
    "log_file": "/dev/null",
    "default_timeout": 2.0,
    "default_negative_timeout": 0.1,
    "minsize": 0,
    "relax": False,
    "disable_ipv6": False,
    "port_map": {},
    "packet_manipulation_module": "ptf.packet_scapy",
}


class PtfItem(pytest.Item):
    """One ptf test class: ``setUp``, ``runTest``, ``tearDown`` and clean-ups, as ptf runs them."""

    def __init__(self, *, test_class: type[BaseTest], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.obj = test_class
        for mark in getattr(test_class, "pytestmark", []):
            self.add_marker(mark)

    def runtest(self) -> None:
        try:
            bed = testbed.current()
        except testbed.Unavailable as error:
            pytest.skip(str(error))
        if bed.name == "bmv2":
            self.add_marker("bmv2")
        case = self.obj("runTest")
        try:
            case.setUp()
            try:
                case.runTest()
            except BaseException:
                case.failed = True
                raise
            finally:
                case.tearDown()
        finally:
            case.doCleanups()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A failed expectation needs no source text of the harness: its message and where the test was."""
        if isinstance(excinfo.value, AssertionError) and not self.config.getoption("fulltrace"):
            here = [entry for entry in excinfo.traceback if entry.path == self.path]
            where = f"{self.path.name}:{here[-1].lineno + 1}" if here else self.path.name
            return f"{where}: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        line = _lines_of_classes(self.path).get(self.obj.__name__)
        if line is None:  # a class made by a program: where its test is written
            line = self.obj.runTest.__code__.co_firstlineno
        return self.path, line - 1, self.name


@cache
def _lines_of_classes(path: Path) -> dict[str, int]:
    """Where the classes of a file begin. ``inspect`` parses the file anew for each, which took a fifth of a run."""
    classes = (node for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.ClassDef))
    return {node.name: min([node.lineno, *(each.lineno for each in node.decorator_list)]) for node in classes}


def pytest_pycollect_makeitem(collector: pytest.Module, name: str, obj: object) -> Any:
    """Take over the classes made for ptf; everything else is pytest's business."""
    if not (inspect.isclass(obj) and issubclass(obj, BaseTest)):
        return None
    if not hasattr(obj, "runTest") or obj.__module__ != collector.obj.__name__:
        return []  # a base class, or one imported from elsewhere
    return PtfItem.from_parent(collector, name=name, test_class=obj)


def pytest_configure(config: pytest.Config) -> None:
    try:
        testbed.program()
        testbed.chosen()  # one that is not here skips its tests, one that is nowhere is a mistake
    except (ArtifactError, testbed.Unavailable) as error:
        raise pytest.UsageError(str(error)) from None
    # A background job of a script ignores SIGINT, and so would all its children, which tests interrupt.
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for key, value in PTF_CONFIG.items():
        ptf.config.setdefault(key, value)
    ptf.ptfutils.default_timeout = PTF_CONFIG["default_timeout"]
    ptf.ptfutils.default_negative_timeout = PTF_CONFIG["default_negative_timeout"]
    ptf.open_logfile = lambda name: None  # the ptf command replaces the handlers of logging; pytest has its own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first, so that no process of a parallel run is left with one when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the cyclic collector need not walk it again and again, and the tests, which
    leave little behind, need it less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def pytest_report_header(config: pytest.Config) -> str:
    return f"switch under test: {testbed.chosen()}, profile {testbed.program().name}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    testbed.shutdown()


def _count(stats: dict[str, list[Any]], names: Iterable[str]) -> int:
    return sum(len(stats.get(name, [])) for name in names)


def totals(stats: dict[str, list[Any]]) -> str:
    """``N passed, N failed, N skipped`` from the reports of a run; an error counts as a failure."""
    passed = _count(stats, ("passed", "xfailed"))
    failed = _count(stats, ("failed", "error", "xpassed"))
    return f"{passed} passed, {failed} failed, {_count(stats, ('skipped',))} skipped"


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last line of a run, alone on its line, for people and for scripts."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput") or config.getoption("collectonly"):
        return
    sys.stdout.flush()
    reporter.write_line(totals(reporter.stats))


def ptf_classes(items: Iterable[pytest.Item]) -> list[type[BaseTest]]:
    """The ptf test classes among collected items."""
    return [item.obj for item in items if isinstance(item, PtfItem)]


logging.getLogger("scapy").setLevel(logging.ERROR)
