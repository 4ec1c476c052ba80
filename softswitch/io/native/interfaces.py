# SPDX-License-Identifier: Apache-2.0
"""Network interfaces as ports that native workers serve (Linux, needs CAP_NET_RAW).

Every worker has sockets of its own on every interface; the kernel shares the frames out by flow.
"""

from __future__ import annotations

import logging

from softswitch.io.native.ports import Channel, NativePorts
from softswitch.io.sockets import InterfaceError, PacketSockets, join
from softswitch.io.switchboard import Switchboard

__all__ = ["NativeInterfaces"]

_log = logging.getLogger(__name__)


class NativeInterfaces:
    """As :class:`softswitch.io.interfaces.Interfaces`, with ``workers`` threads in C.

    Raises ``NoCompiler`` when there is no C compiler.
    """

    def __init__(self, board: Switchboard, workers: int = 1) -> None:
        from softswitch.io.native.library import load

        load()
        self._board = board
        self._workers = workers
        self._interfaces: dict[int, list[PacketSockets]] = {}
        self._ports: NativePorts | None = None

    def add(self, number: int, name: str) -> None:
        """Open interface ``name`` as port ``number``; ``InterfaceError`` when that is impossible."""
        members: list[PacketSockets] = []
        self._interfaces[number] = members
        self._board.add(number, name)
        for _ in range(self._workers):
            members.append(PacketSockets(name, ring=True))
        if len(members) > 1:
            join(members)

    def start(self) -> None:
        """Start the workers."""
        channels = {
            number: [Channel(m.receiver.fileno(), m.sender.fileno(), m.ring) for m in members]
            for number, members in self._interfaces.items()
        }
        try:
            self._ports = NativePorts(self._board, channels, housekeep=self._check)
        except OSError as error:
            raise InterfaceError(error.strerror or str(error)) from None
        self._check()
        self._ports.start()

    def shares(self) -> list[int]:
        """Frames that each worker received; empty when none runs."""
        return self._ports.shares() if self._ports is not None else []

    def _check(self) -> None:
        """Follow the interfaces: their state, and what the kernel had no room for."""
        for number, members in self._interfaces.items():
            self._count_drops(number, members)
            self._board.set_up(number, members[0].is_up())

    def _count_drops(self, number: int, members: list[PacketSockets]) -> None:
        self._board.ports[number].stats.rx_dropped += sum(member.kernel_drops() for member in members)

    def close(self) -> None:
        """Stop the workers and close the sockets."""
        if self._ports is not None:
            self._ports.close()
        for number, members in self._interfaces.items():
            self._count_drops(number, members)
            for member in members:
                member.close()
        self._interfaces.clear()
