# SPDX-License-Identifier: Apache-2.0
"""How many packets a second a switch forwards.

In memory: ``Device.process`` in a loop. Over interfaces: a closed loop, a fixed number of packets in flight between two
ports, so that nothing is lost and the sender never runs ahead of the switch. Sender and receiver are this process, in
Python, on the same machine: the rate is that of the whole loop, and only ratios within one run mean anything.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from dataclasses import dataclass

from harness.veth import Veth
from softswitch.device import Device

WINDOW = 64  # packets in flight


@dataclass(frozen=True)
class Rate:
    """Packets in some seconds."""

    packets: int
    seconds: float

    @property
    def pps(self) -> float:
        return self.packets / self.seconds


class NothingArrives(Exception):
    """The switch forwards nothing of what the benchmark sends."""


def in_memory(device: Device, port: int, frame: bytes, seconds: float) -> Rate:
    """Process ``frame`` again and again in this thread; every packet must leave by some port."""
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
    return Rate(sent, spent)


def over_interfaces(bed: Veth, ingress: int, egress: int, frame: bytes, seconds: float) -> Rate:
    """Keep ``WINDOW`` packets in flight from one port to another. Warms up for a fifth of the time first."""
    source, sink = bed.listen(ingress), bed.listen(egress)
    try:
        _loop(source.send, sink.socket, frame, seconds / 5)
        return _loop(source.send, sink.socket, frame, seconds)
    finally:
        source.close()
        sink.close()


def _loop(send: Callable[[bytes], None], sink: object, frame: bytes, seconds: float) -> Rate:
    import socket

    assert isinstance(sink, socket.socket)
    received, flying = 0, 0
    begin = last = time.perf_counter()
    while (now := time.perf_counter()) - begin < seconds:
        while flying < WINDOW:
            send(frame)
            flying += 1
        if not select.select([sink], [], [], 0.5)[0]:
            if received == 0 or now - last > 5:
                raise NothingArrives("no packet came out within half a second")
            flying = 0  # lost: start the window anew
            continue
        while flying:
            try:
                sink.recv(2048)
            except BlockingIOError:
                break
            flying -= 1
            received += 1
            last = now
            send(frame)
            flying += 1
            if received % 256 == 0 and time.perf_counter() - begin >= seconds:
                break
    spent = time.perf_counter() - begin
    _drain(sink)
    return Rate(received, spent)


def _drain(sink: object) -> None:
    import socket

    assert isinstance(sink, socket.socket)
    while select.select([sink], [], [], 0.2)[0]:
        sink.recv(2048)
