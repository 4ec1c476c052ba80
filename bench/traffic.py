# SPDX-License-Identifier: Apache-2.0
"""Frames through a device in memory: packets a second.

The Python engine takes frames one by one; the native engine takes bursts through one worker, so that Python is entered
once in some thousand packets. Every frame must come out.
"""

from __future__ import annotations

import time

from softswitch.device import Device
from softswitch.engine.native.engine import Batch, NativeEngine, Worker

BURST = 4096


class NothingArrives(Exception):
    """The switch does not forward what the benchmark sends."""


def in_memory(device: Device, port: int, frame: bytes, seconds: float) -> float:
    """Packets a second of ``Device.process`` with ``frame``, again and again in this thread."""
    left = 0

    def output(_port: int, _frame: bytes) -> None:
        nonlocal left
        left += 1

    device.set_output(output)
    sent, begin = 0, time.perf_counter()
    while (spent := time.perf_counter() - begin) < seconds:
        for _ in range(64):
            device.process(port, frame)
        sent += 64
    if left != sent:
        raise NothingArrives(f"{sent} packets in, {left} out")
    return sent / spent


def engine_of(device: Device) -> NativeEngine:
    """The device's engine, which must be the native one."""
    engine = device.engine
    assert isinstance(engine, NativeEngine)
    return engine


def bursts(device: Device, port: int, frame: bytes, seconds: float) -> float:
    """Packets a second of one native worker with ``frame``."""
    return batch(engine_of(device).worker(), device, Batch([(port, frame)] * BURST), seconds)


def batch(worker: Worker, device: Device, frames: Batch, seconds: float) -> float:
    """Packets a second of one native worker with a batch of frames, after once through it."""
    worker.burst(frames, keep=False)
    sent, before = 0, device.stats.transmitted
    begin = time.perf_counter()
    while (spent := time.perf_counter() - begin) < seconds:
        worker.burst(frames, keep=False)
        sent += frames.count
    if (left := device.stats.transmitted - before) != sent:
        raise NothingArrives(f"{sent} packets in, {left} out: {device.stats}")
    return sent / spent
