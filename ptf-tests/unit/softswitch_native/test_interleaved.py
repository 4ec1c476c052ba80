# SPDX-License-Identifier: Apache-2.0
"""Packets in flight at once: as with tables too large for the cache, but forced, for every lookup gives way.

What comes out, and in which order, is what the Python engine makes of the frames one by one.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from diff import node
from diff.compare import Side
from diff.generator import ANY, Generator

from harness.inproc import InProcess
from softswitch.device import ActionSpec, Device, Entry, Exact
from softswitch.engine.native.engine import Batch, NativeEngine
from srv6cp.compile import compile_state
from srv6cp.config import load_node_dict

from .conftest import NAMES, make
from .test_equal import frames

pytestmark = pytest.mark.usefixtures("forced")

Frames = list[tuple[int, bytes]]
SLOW = ((1e-9, 7), (1e-9, 9))  # tokens for the first packets and none for others
SLOW_ENTRY = ((1e-9, 1), (1e-9, 2))


@contextmanager
def log_lines() -> Iterator[list[str]]:
    """What programs log meanwhile."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("softswitch.program")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)


class Both:
    """A program on the Python engine, frame by frame, and on the native one, in bursts."""

    def __init__(self, python: Device, native: Device) -> None:
        self.devices = python, native
        assert isinstance(native.engine, NativeEngine)
        self.worker = native.engine.worker()
        self.sent: Frames = []
        self.digests: list[tuple[str, tuple[int, ...]]] = []
        self.logged: list[str] = []
        python.set_output(lambda port, frame: self.sent.append((port, frame)))
        python.on_digest(lambda name, values: self.digests.extend((name, value) for value in values))

    def check(self, received: Frames) -> None:
        """The same comes out, in the same order, and is counted."""
        python, native = self.devices
        self.sent.clear()
        self.digests.clear()
        with log_lines() as expected:
            for port, frame in received:
                python.process(port, frame)
        with log_lines() as self.logged:
            assert self.worker.burst(Batch(received)) == self.sent
        assert self.logged == expected
        assert native._host.digests == self.digests
        native._host.digests.clear()
        assert native.stats.as_dict() == python.stats.as_dict()
        for name, counter in python.counters.items():
            assert native.counters[name].read_all() == counter.read_all(), name
        for name, register in python.registers.items():
            assert native.registers[name].read_all() == register.read_all(), name


def some_state(device: Device) -> None:
    """Copies, and meters with few tokens, those of entries too."""
    device.pre.set_multicast_group(1, [(1, 7), (2, 7), (3, 9)])
    device.pre.set_clone_session(5, [(4, 11)])
    device.pre.set_clone_session(6, [(3, 1), (4, 2)], packet_length_bytes=20)
    for name, meter in device.meters.items():
        rates = device.state.program.meters[name].rates
        for index in range(meter.size):
            meter.set_rates(index, SLOW[:rates])
    for table in device.tables.values():
        if table.spec.direct_meter:
            table.clear()
            for value in range(6):
                key = (Exact(value),)
                table.insert(Entry(key, ActionSpec(table.spec.actions[0].name)))
                table.set_meter(key, SLOW_ENTRY)


@pytest.mark.parametrize("name", NAMES)
def test_random_packets_of_small_programs(name: str) -> None:
    both = Both(make(name, "python"), make(name))
    for device in both.devices:
        some_state(device)
    rng = random.Random(f"{name} interleaved")
    for _ in range(20):
        # a random number leaves externs.p4 when the packet asks for it
        both.check([(rng.randrange(4), f) for f in frames(rng, 100) if name != "externs" or f[5:6] != b"\x05"])
    if name == "tables":
        assert both.worker.given_way > 1000


@pytest.mark.parametrize("name", ["order", "turns", "state in conditions"])
def test_what_depends_on_the_order(name: str) -> None:
    """Numbers, colours, turns, digests and log lines behind more lookups of one packet than of another."""
    both = Both(make(name, "python"), make(name))
    rng = random.Random(name)
    for _ in range(30):
        for device in both.devices:
            some_state(device)  # tokens again
        both.check([(rng.randrange(4), bytes(rng.choices(range(11), k=4))) for _ in range(200)])
        assert len(both.digests) > 40 and len(both.logged) > 40
    assert bool(both.worker.given_way) == (name != "state in conditions")


def test_copies_and_passes_stay_with_their_packet() -> None:
    """Clones, multicast, resubmission and recirculation among plain packets."""
    both = Both(make("replication", "python"), make("replication"))
    for device in both.devices:
        some_state(device)
    rng = random.Random(11)
    received = [
        (rng.randrange(4), bytes([rng.randrange(12), rng.choice([1, 5, 6]), rng.randrange(4), 0]) + rng.randbytes(20))
        for _ in range(2000)
    ]
    both.check(received)


def test_meters_give_their_tokens_in_the_order_of_arrival() -> None:
    """The colours of a burst are those of the packets one by one, for indirect and direct meters."""
    both = Both(make("externs", "python"), make("externs"))
    for device in both.devices:
        some_state(device)
    received = [(n % 4, bytes([n % 7, 0, n % 3, 0, n % 5, 0, n % 11]) + bytes(20)) for n in range(3000)]
    both.check(received)


def test_srv6_with_packets_of_the_differential_generator() -> None:
    sides = [Side(InProcess(engine)) for engine in ("python", "native")]
    try:
        compilation = compile_state(load_node_dict(node.config(sides[0].bed)), sides[0].info)
        for side in sides:
            side.program(compilation)
        python, native = (side.bed.switch.device for side in sides)  # type: ignore[attr-defined]
        both = Both(python, native)
        cases = list(Generator(5, ANY).cases(3000))
        both.check([(case.port, case.frame) for case in cases])
        assert both.worker.given_way > 3 * len(cases)
    finally:
        for side in sides:
            side.close()
