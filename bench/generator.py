# SPDX-License-Identifier: Apache-2.0
"""Traffic over interfaces at rates that Python cannot make: a closed loop in C (generator.c), built at first use.

A number of frames is in flight from one interface to another, so that nothing is lost and the sender never runs ahead
of the switch. Every eighth frame that comes back must be one of those that came back when each was sent alone.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from traffic import NothingArrives

from softswitch.native import compiler

__all__ = ["Loop", "NothingArrives", "WrongFrames", "closed_loop", "run"]

WINDOW = 512  # frames in flight
_FRAME = struct.Struct("QII")


class WrongFrames(Exception):
    """What comes back is not what came back at first."""


class _Result(ctypes.Structure):
    _fields_ = (
        ("received", ctypes.c_uint64),
        ("lost", ctypes.c_uint64),
        ("sampled", ctypes.c_uint64),
        ("wrong", ctypes.c_uint64),
        ("seconds", ctypes.c_double),
    )


@dataclass(frozen=True)
class Loop:
    """What one closed loop did. ``lost``: frames given up after half a second of silence."""

    received: int
    lost: int
    seconds: float

    @property
    def pps(self) -> float:
        return self.received / self.seconds


@lru_cache(maxsize=1)
def _function() -> Any:
    source = Path(__file__).with_name("generator.c").read_text(encoding="utf-8")
    function = ctypes.CDLL(str(compiler.build(source)), use_errno=True).generator_run
    function.argtypes = (
        ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_double, ctypes.c_uint32,
        ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(_Result),
    )  # fmt: skip
    return function


def run(send_iface: str, receive_iface: str, frames: Sequence[bytes], seconds: float, window: int = WINDOW) -> Loop:
    """Send ``frames`` again and again on one interface and count what comes back on another.

    Both are interfaces of the calling thread's network namespace; needs CAP_NET_RAW. ``OSError`` when one cannot be
    opened, ``NothingArrives`` when a frame has no answer, ``WrongFrames`` when more than a hundredth of what comes back
    is something else. Foreign frames on the receiving interface (the kernel's own router solicitations) disturb.
    """
    octets = b"".join(frames)
    data = ctypes.create_string_buffer(octets, len(octets) or 1)
    records, at = bytearray(), ctypes.addressof(data)
    for frame in frames:
        records += _FRAME.pack(at, len(frame), 0)
        at += len(frame)
    table = ctypes.create_string_buffer(bytes(records), len(records))
    slots = 1 << (2 * len(frames)).bit_length()
    known = (ctypes.c_uint64 * slots)()
    result = _Result()
    answer = _function()(
        os.fsencode(send_iface), os.fsencode(receive_iface), table, len(frames), seconds, window, known, slots,
        ctypes.byref(result),
    )  # fmt: skip
    if answer < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"interfaces {send_iface}, {receive_iface}: {os.strerror(error)}")
    if answer or not result.received:
        raise NothingArrives(f"frames sent on {send_iface} do not come out on {receive_iface}")
    if result.wrong * 100 > result.sampled:
        raise WrongFrames(f"{result.wrong} of {result.sampled} frames on {receive_iface} are not what was expected")
    return Loop(result.received, result.lost, result.seconds)


def closed_loop(
    send_iface: str, receive_iface: str, frames: Sequence[bytes], seconds: float, window: int = WINDOW
) -> float:
    """Packets a second of :func:`run`, after a fifth of the time to warm up."""
    run(send_iface, receive_iface, frames, seconds / 5, window)
    return run(send_iface, receive_iface, frames, seconds, window).pps
