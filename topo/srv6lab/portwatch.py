# SPDX-License-Identifier: Apache-2.0
"""Whether the ports of routers in network namespaces have a link."""

from __future__ import annotations

import fcntl
import socket
import struct
from collections.abc import Mapping
from contextlib import ExitStack

from srv6lab import namespaces
from srv6lab.cables import interface
from srv6lab.topology import End, Topology

SIOCGIFFLAGS = 0x8913
IFF_UP, IFF_RUNNING = 0x1, 0x40
_IFREQ = struct.Struct("16sh22x")


class PortWatch:
    """A socket in the namespace of each router; a context manager."""

    def __init__(self, topology: Topology, names: Mapping[str, str]) -> None:
        self._names = {router: names[router] for router in topology.routers}
        self._sockets: dict[str, socket.socket] = {}
        self._stack = ExitStack()

    def __enter__(self) -> PortWatch:
        for router, name in self._names.items():
            opened = namespaces.inside(name, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            self._sockets[router] = self._stack.enter_context(opened)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def up(self, end: End) -> bool:
        """Whether the interface of a port is up and has a carrier; False as well where it is gone."""
        request = _IFREQ.pack(interface(end).encode(), 0)
        try:
            _, flags = _IFREQ.unpack(fcntl.ioctl(self._sockets[end.node], SIOCGIFFLAGS, request))
        except OSError:
            return False
        return bool(flags & IFF_UP and flags & IFF_RUNNING)
