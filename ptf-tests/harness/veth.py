# SPDX-License-Identifier: Apache-2.0
"""A switch process on veth pairs: BMv2's ``simple_switch_grpc``, or the command ``softswitch``.

Both take the same flags. The switch runs in a namespace of its own; its P4Runtime server listens on a socket
in the file system, which no namespace hides. ``BMV2_ARGS`` and ``SOFTSWITCH_ARGS`` in the environment are added to
their flags: ``SOFTSWITCH_ARGS="--engine python"`` takes ports and engine in Python.
"""

from __future__ import annotations

import select
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from harness.bed import Testbed, launched
from harness.netns import EthernetSocket, Namespace
from srv6cp.controller.links import LinkWatch
from srv6cp.sync.launch import Launch, Switch

T = TypeVar("T")


class Veth(Testbed):
    """``simple_switch_grpc`` (``bmv2``) or ``softswitch`` (``softswitch-veth``) as a process, ports on veth
    pairs.
    """

    synchronous = False

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.name = "bmv2" if kind == "bmv2" else "softswitch"
        self._folder = tempfile.TemporaryDirectory(prefix="srv6-testbed-")
        self.address = f"unix:{self._folder.name}/p4runtime"
        self._namespace = Namespace()
        self._process: Switch | None = None
        self._sockets: dict[int, EthernetSocket] = {}
        try:
            self._namespace.veth_pairs([(f"sw{port}", f"host{port}") for port in self.ports])
            self._sockets = {port: self._namespace.open(f"host{port}") for port in self.ports}
            interfaces = {port: f"sw{port}" for port in self.ports}
            launch = Launch(self.name, self.address, self.device_id, interfaces)
            self._process = launched(launch, Path(self._folder.name, "switch.log"), inside=self._namespace.run)
        except BaseException:
            self.close()
            raise
        self._ports = {sock.fileno(): port for port, sock in self._sockets.items()}
        self._poll = select.poll()
        for fileno in self._ports:
            self._poll.register(fileno, select.POLLIN)

    def _send(self, port: int, frame: bytes) -> None:
        self._sockets[port].send(frame)

    def inside(self, function: Callable[[], T]) -> T:
        """Run ``function`` where the interfaces ``host<port>`` are."""
        return self._namespace.run(function)

    def set_cable(self, port: int, whole: bool) -> None:
        self._namespace.set_link(f"host{port}", whole)

    def watch_links(self, report: Callable[[int, bool], object]) -> None:
        if self.name == "bmv2":  # softswitch tells it by itself
            links = {port: f"sw{port}" for port in self.ports}
            self.on_shutdown(self.inside(lambda: LinkWatch(links, report)).close)

    def listen(self, port: int) -> EthernetSocket:
        return self._namespace.open(f"host{port}")

    def poll(self, timeout: float = 0.0) -> None:
        """Fetch the frames that wait on the ports; waits up to ``timeout`` seconds for a first one."""
        for fileno, _ in self._poll.poll(timeout * 1000):
            port = self._ports[fileno]
            while (frame := self._sockets[port].recv()) is not None:
                self._arrived(port, frame)

    def alive(self) -> bool:
        """Whether the switch process runs."""
        return self._process is not None and self._process.alive

    def last_words(self) -> str:
        return self._process.tail() if self._process is not None else ""

    def close(self) -> None:
        for sock in self._sockets.values():
            sock.close()
        if self._process is not None:
            self._process.stop()
        self._namespace.close()
        self._folder.cleanup()
