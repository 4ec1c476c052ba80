# SPDX-License-Identifier: Apache-2.0
"""Watches the network interfaces behind the ports of a switch that tells nobody of their state: BMv2.

with LinkWatch({1: "veth1"}, controller.port_state):
    ...
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from types import TracebackType

from p4rtlib.links import link_is_up

__all__ = ["LinkWatch"]

_INTERVAL = 0.2
"""Seconds between looks, as often as BMv2 itself."""


class LinkWatch:
    """Calls ``report(port, up)`` for every port at once and then at each change, in a thread of its own.

    The interfaces are those of the network namespace in which this object is made.
    """

    def __init__(self, interfaces: Mapping[int, str], report: Callable[[int, bool], object]) -> None:
        self._interfaces = dict(interfaces)
        self._report = report
        self._known: dict[int, bool] = {}
        self._control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # stays in its namespace
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="links", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            for port, name in self._interfaces.items():
                up = link_is_up(name, self._control)
                if self._known.get(port) is not up:
                    self._known[port] = up
                    self._report(port, up)
            if self._stop.wait(_INTERVAL):
                return

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()
        self._control.close()

    def __enter__(self) -> LinkWatch:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()
