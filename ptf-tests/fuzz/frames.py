# SPDX-License-Identifier: Apache-2.0
"""Frames through the native engine with address and undefined-behaviour sanitizers: no report, and one fate each."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from diff import node
from diff.compare import Side
from diff.generator import ANY, BLOCK, Case, Generator

from fuzz import mutate
from fuzz.part import Part, Unavailable
from harness import testbed
from harness.bed import CPU_PORT
from harness.inproc import InProcess
from softswitch.bmv2json import load_program
from softswitch.device import Device
from softswitch.engine.native.engine import Batch, NativeEngine
from srv6cp.artifacts import find
from srv6cp.compile import compile_state
from srv6cp.config import load_node_dict

#: Every lookup of a burst gives way to other packets.
FORCED = ("-DLARGE_TABLE=0", "-DLARGE_GROUP=0", "-DLANES=5")


class Frames(Part):
    """The frames of the differential run, which go where a router can go wrong, every second one spoilt further."""

    name = "frames"
    count: ClassVar[int] = 1_000_000
    patience = 120.0
    memory = 4000
    sanitized = True
    options: ClassVar[tuple[str, ...]] = ("-O1",)
    """Of the compiler; the child that runs it with sanitizers gives others."""

    def __init__(self, seed: int, scratch: Path) -> None:
        super().__init__(seed, scratch)
        NativeEngine.__init__.__defaults__ = ((*self.options, *FORCED),)
        if (reason := testbed.native_missing()) is not None:
            raise Unavailable(reason)
        self._generator = Generator(seed, ANY)
        self._block: list[Case] = []
        self._start = -1
        # With sanitizers a compiler takes longer than a client waits; it is done when the client asks for the program.
        Device(cpu_port=CPU_PORT, engine="native").load(load_program(find().json.read_bytes()))
        bed = InProcess("native")
        self._side = Side(bed)
        self._side.program(compile_state(load_node_dict(node.config(bed)), self._side.info))
        self._device = bed.switch.device
        self._device.set_output(lambda port, frame: None)
        self._sent: list[tuple[int, bytes]] = []
        self._before = self._side.fates()

    def case(self, number: int) -> bytes:
        start = number - number % BLOCK
        if start != self._start:
            self._block, self._start = list(self._generator.cases(BLOCK, start)), start
        found = self._block[number - start]
        frame = found.frame
        if number % 2:
            rng = self.rng(number)
            frame = mutate.octets(frame, rng, rng.choice((1, 2, 4))) or b"\0"
        return found.port.to_bytes(2, "big") + frame

    def run(self, case: bytes) -> str:
        port, frame = int.from_bytes(case[:2], "big"), case[2:]
        self._sent.append((port, frame))
        self._device.process(port, frame)
        if len(self._sent) >= BLOCK:
            self._burst()
        return "processed"

    def _burst(self) -> None:
        """The frames of a block once more, as ports give them to the engine: at once."""
        frames, self._sent = self._sent, []
        engine = self._device.engine
        assert isinstance(engine, NativeEngine)
        engine.worker().burst(Batch(frames))
        found = self._side.fates()
        fates, self._before = found - self._before, found
        assert fates == 2 * len(frames), f"{2 * len(frames)} frames had {fates} fates"

    def close(self) -> None:
        self._side.close()
