# SPDX-License-Identifier: Apache-2.0
"""Devices running the small programs of ``programs/``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from softswitch.bmv2json import load_program
from softswitch.device import Device

PROGRAMS = Path(__file__).parent / "programs"
SRV6 = Path(__file__).resolve().parents[3] / "p4src/build/full.json"


class Bench(Device):
    """A device that keeps what it sends."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.sent: list[tuple[int, bytes]] = []
        self.set_output(lambda port, frame: self.sent.append((port, frame)))

    def run(self, frame: bytes, port: int = 0) -> list[tuple[int, bytes]]:
        """Process a frame and answer what came out."""
        self.sent.clear()
        self.process(port, frame)
        return list(self.sent)


@pytest.fixture
def bench() -> Callable[[str], Bench]:
    """Load a program by name (``srv6`` is the project's) into a new device."""

    def load(name: str) -> Bench:
        device = Bench(cpu_port=510)
        path = SRV6 if name == "srv6" else PROGRAMS / f"{name}.json"
        device.load(load_program(path.read_bytes()))
        return device

    return load
