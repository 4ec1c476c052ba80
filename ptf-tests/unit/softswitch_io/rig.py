# SPDX-License-Identifier: Apache-2.0
"""A device whose native ports are socket pairs: no root, no interfaces."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from softswitch.bmv2json import load_program
from softswitch.bmv2json.model import Program
from softswitch.device import Device
from softswitch.io.native.ports import Channel, NativePorts
from softswitch.io.switchboard import Switchboard

PROGRAMS = Path(__file__).resolve().parents[1] / "softswitch_engine/programs"
CPU = 510


def program(name: str) -> Program:
    """A small program of the engines' tests."""
    return load_program((PROGRAMS / f"{name}.json").read_bytes())


def until(condition: Callable[[], object], timeout: float = 30.0, state: Callable[[], object] = str) -> None:
    """Wait for something that happens in another thread; ``state`` is shown when it does not."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain {state()}"
        time.sleep(0.005)


def op(number: int, argument: int = 0, value: int = 0, payload: bytes = b"") -> bytes:
    """A packet for replication.p4, which sends to port 2 unless told otherwise."""
    return bytes([number, argument]) + value.to_bytes(2, "big") + payload


class Rig:
    """Device, switchboard and native ports; ``far[port][worker]`` is the other end of a worker's socket."""

    def __init__(
        self,
        name: str | None = "replication",
        *,
        engine: str = "native",
        workers: int = 1,
        ports: tuple[int, ...] = (1, 2, 3),
        known: tuple[int, ...] | None = None,
        pcap_dir: Path | None = None,
        **options: Any,
    ) -> None:
        self.device = Device(ports=known, cpu_port=CPU, engine=engine)
        self.punted: list[bytes] = []
        self.to_controller: Callable[[bytes], object] = self.punted.append
        self.board = Switchboard(self.device, lambda frame: self.to_controller(frame), pcap_dir=pcap_dir)
        self.digests: list[tuple[str, tuple[int, ...]]] = []
        self.device.on_digest(lambda which, values: self.digests.extend((which, value) for value in values))
        if name is not None:
            self.device.load(program(name))
        self.far: dict[int, list[socket.socket]] = {}
        self._near: list[socket.socket] = []
        channels: dict[int, list[Channel]] = {}
        for port in ports:
            self.board.add(port)
            pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(workers)]
            self.far[port] = [far for far, _ in pairs]
            self._near += [near for _, near in pairs]
            for end in (end for pair in pairs for end in pair):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
                end.settimeout(60)
            channels[port] = [Channel(near.fileno(), near.fileno()) for _, near in pairs]
        for near in self._near:
            near.setblocking(False)
        self.native = NativePorts(self.board, channels, **options)
        self.native.start()

    def send(self, port: int, frame: bytes, worker: int = 0) -> None:
        """A frame arrives at a port."""
        self.far[port][worker].send(frame)

    def receive(self, port: int, worker: int = 0) -> bytes:
        """The next frame that left a port."""
        return self.far[port][worker].recv(70000)

    def stats(self, port: int) -> dict[str, int]:
        """The counts of a port that are not zero."""
        return {name: count for name, count in self.board.ports[port].counts().as_dict().items() if count}

    def state(self) -> object:
        """All counts, for people."""
        return {port: self.stats(port) for port in self.far}, self.device.stats, self.board.lost()

    def close(self) -> None:
        """Stop everything."""
        self.native.close()
        self.board.close()
        for end in (*self._near, *(far for ends in self.far.values() for far in ends)):
            end.close()

    def __enter__(self) -> Rig:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
