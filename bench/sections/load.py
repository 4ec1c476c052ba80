# SPDX-License-Identifier: Apache-2.0
"""Seconds to load the full program: both engines, the native one with an empty cache and with a filled one."""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import beds
from report import Report, at_most
from settings import Settings

from softswitch.bmv2json import load_program
from softswitch.device import Device
from srv6cp import artifacts


@contextmanager
def empty_cache() -> Iterator[None]:
    """No compiled program is found meanwhile, but those made inside."""
    kept = os.environ.get("XDG_CACHE_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            yield
        finally:
            if kept is None:
                del os.environ["XDG_CACHE_HOME"]
            else:
                os.environ["XDG_CACHE_HOME"] = kept


_loads = itertools.count(1)


def _load(engine: str, content: bytes) -> float:
    """Seconds of a load; nothing that an earlier one left in this process is found, since white space counts."""
    content += b"\n" * next(_loads)
    begin = time.perf_counter()
    Device(cpu_port=510, engine=engine).load(load_program(content))
    return time.perf_counter() - begin


def run(report: Report, settings: Settings) -> None:
    """The best of some rounds, but for the cold load, which is measured once."""
    report.section("load", "Load of the full program")
    content = artifacts.find().json.read_bytes()
    best = min(_load("python", content) for _ in range(settings.rounds))
    report.add(beds.PYTHON, "load", best, "s")
    if why := beds.native_missing():
        report.skip(beds.NATIVE, why)
        return
    with empty_cache():
        report.add(beds.NATIVE, "load, cold", _load("native", content), "s", at_most(30))
        warm = min(_load("native", content) for _ in range(settings.rounds))
        report.add(beds.NATIVE, "load, warm", warm, "s", at_most(1))
