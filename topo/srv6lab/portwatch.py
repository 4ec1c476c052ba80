# SPDX-License-Identifier: Apache-2.0
"""Whether the ports of routers have a link, and whether their controllers know."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

from p4rtlib.links import link_is_up
from srv6cp.controller.loop import NodeController
from srv6lab import namespaces
from srv6lab.cables import interface
from srv6lab.topology import End, Topology

#: Seconds that a controller may take to hear of a port.
LONGEST = 3.0


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
        return link_is_up(interface(end), self._sockets[end.node])


def wait_until_known(controllers: Mapping[str, NodeController], ends: Iterable[End], up: bool) -> None:
    """Return when the controllers of these ports have heard that they are up or down, and have acted on it; at the
    latest after :data:`LONGEST`, since one that has lost its switch hears nothing."""
    latest = time.monotonic() + LONGEST
    for end in ends:
        controller = controllers.get(end.node)
        while controller is not None and controller.status().role == "primary" and time.monotonic() < latest:
            if controller.status().ports.get(end.port, True) is up:
                controller.drain(LONGEST)
                break
            time.sleep(0.01)
