# SPDX-License-Identifier: Apache-2.0
"""Devices on the native engine; everything here is skipped where there is no C compiler."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness import testbed
from softswitch.bmv2json import load_program
from softswitch.engine.native.engine import NativeEngine
from softswitch.native.compiler import OPTIMISE

from ..softswitch_engine import variants
from ..softswitch_engine.conftest import SRV6, Bench

#: Options under which every lookup gives way to other packets, as if no table were in the cache.
FORCED = (*OPTIMISE, "-DLARGE_TABLE=0", "-DLARGE_GROUP=0", "-DLANES=5")
NAMES = ("arithmetic", "externs", "parsing", "replication", "tables", "unions")


@pytest.fixture(autouse=True)
def compiler() -> None:
    """A C compiler is there."""
    if (reason := testbed.native_missing()) is not None:
        pytest.skip(reason)


def make(name: str, engine: str = "native") -> Bench:
    """A device with a program or a variant by name (``srv6`` is the project's)."""
    device = Bench(cpu_port=510, engine=engine)
    device.load(load_program(SRV6.read_bytes() if name == "srv6" else variants.load(name)))
    return device


@pytest.fixture
def bench() -> Callable[[str], Bench]:
    """Load a program by name into a new device."""
    return make


@pytest.fixture
def forced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Native engines made in the test interleave packets."""
    monkeypatch.setattr(NativeEngine.__init__, "__defaults__", (FORCED,))
