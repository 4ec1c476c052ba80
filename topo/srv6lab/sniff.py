# SPDX-License-Identifier: Apache-2.0
"""Watching a packet on the cables of a lab of namespaces."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import TracebackType

from srv6lab import namespaces
from srv6lab.cables import interface
from srv6lab.lab import Passage, Trip, in_order
from srv6lab.topology import End, Topology

ETH_P_ALL = 3
PACKET_OUTGOING = 4
SO_TIMESTAMPNS = 35  # and SCM_TIMESTAMPNS: the kernel's time of each frame, as struct timespec
SO_RCVBUFFORCE = 33
BUFFER = 4 << 20
TIMESPEC = struct.Struct("@ll")


@dataclass(frozen=True)
class _Tap:
    """A socket at one end of a cable; it sees both directions."""

    socket: socket.socket
    here: End
    there: End


class Sniffer:
    """Sockets on all cables; a context manager. Needs root."""

    def __init__(self, topology: Topology, names: Mapping[str, str]) -> None:
        self._taps: dict[int, _Tap] = {}
        try:
            for link in topology.links:
                here, there = link.ends if link.ends[0].node in topology.routers else link.ends[::-1]
                opened = namespaces.inside(names[here.node], partial(_open, interface(here)))
                self._taps[opened.fileno()] = _Tap(opened, here, there)
        except BaseException:
            self.close()
            raise

    def follow(self, mark: bytes, source: str, target: str, receiver: socket.socket, timeout: float) -> Trip:
        """The frames with ``mark`` until a datagram with it has come to ``receiver``, or ``timeout`` s have passed."""
        seen: list[Passage] = []
        poll = select.poll()
        for number in (*self._taps, receiver.fileno()):
            poll.register(number, select.POLLIN)
        end = time.monotonic() + timeout
        arrived = False
        while not arrived and (left := end - time.monotonic()) > 0:
            for number, _ in poll.poll(left * 1000):
                if number in self._taps:
                    seen += self._read(self._taps[number], mark)
                else:
                    arrived = arrived or mark in receiver.recv(65535)
        for tap in self._taps.values():  # what has passed a cable before it arrived is in the buffers by now
            seen += self._read(tap, mark)
        return Trip(tuple(in_order(seen, source, target)), arrived)

    @staticmethod
    def _read(tap: _Tap, mark: bytes) -> list[Passage]:
        found: list[Passage] = []
        while True:
            try:
                frame, controls, _, address = tap.socket.recvmsg(65600, 128)
            except (BlockingIOError, OSError):  # nothing more, or the interface went down
                return found
            if mark not in frame:
                continue
            moment = 0
            for level, kind, value in controls:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = TIMESPEC.unpack(value[: TIMESPEC.size])
                    moment = seconds * 1_000_000_000 + nanoseconds
            sent = address[2] == PACKET_OUTGOING
            sender, receiver = (tap.here, tap.there) if sent else (tap.there, tap.here)
            found.append(Passage(moment, sender.node, receiver.node, frame))

    def close(self) -> None:
        """Close the sockets."""
        for tap in self._taps.values():
            tap.socket.close()
        self._taps.clear()

    def __enter__(self) -> Sniffer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _open(name: str) -> socket.socket:
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        opened.setblocking(False)
        opened.bind((name, ETH_P_ALL))
    except BaseException:
        opened.close()
        raise
    return opened
