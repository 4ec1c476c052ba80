# SPDX-License-Identifier: Apache-2.0
"""The ports of the switch under test as ptf sees them: its ``portclass``."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import Any

from harness import testbed


class TestbedPort:
    """One port, for ptf's data plane: what leaves the port is read here, besides going to the test's own
    queue.
    """

    __test__ = False

    def __init__(self, interface_name: str, device_number: int, port_number: int, config: Any = None) -> None:
        self.interface_name = interface_name
        self.device_number = device_number
        self.port_number = port_number
        self._bed = testbed.current()
        self._listener = self._bed.listen(port_number)

    def get_packet_source(self) -> TestbedPort:
        return self

    def fileno(self) -> int:
        """Readable when a frame waits."""
        return self._listener.fileno()

    def recv(self) -> tuple[int, int, bytes, float] | None:
        """(device, port, frame, time) of the next frame."""
        frame = self._listener.recv()
        if frame is None:
            return None
        return self.device_number, self.port_number, frame, time.time()

    def send(self, frame: bytes) -> int:
        """The frame arrives at the port of the switch."""
        self._bed.send(self.port_number, bytes(frame))
        return len(frame)

    def up(self) -> None:
        """The ports of the testbed are always up."""

    def down(self) -> None:
        """The ports of the testbed are always up."""

    def mac(self) -> bytes:
        """MAC address of the neighbour behind the port."""
        from harness import defaults, wire

        return wire.mac(defaults.neighbor_mac(self.port_number))


def configure(config: dict[str, Any], switch: str) -> None:
    """What a platform module does: choose the switch and tell ptf its ports."""
    os.environ["SWITCH"] = switch
    bed = testbed.current()
    _shut_down_with_ptf()
    config["dataplane"] = {**(config.get("dataplane") or {}), "portclass": TestbedPort}
    config["port_map"] = {(0, port): f"port{port}" for port in bed.ports}


def _shut_down_with_ptf() -> None:
    """Stop the switch when ptf stops its data plane, which is the one thing that it does at the end of a run.

    Functions registered with ``atexit`` would come too late: Python first waits for threads that serve
    streams.
    """
    from ptf.dataplane import DataPlane

    kill = DataPlane.kill

    def kill_both(self: Any) -> None:
        kill(self)
        testbed.shutdown()

    DataPlane.kill = kill_both


def dataplane() -> Any:
    """ptf's data plane on the switch under test: the one of the ``ptf`` command, or one made here under pytest."""
    import ptf

    return ptf.dataplane_instance if ptf.dataplane_instance is not None else _made(testbed.current())


@cache
def _made(bed: testbed.Testbed) -> Any:
    from ptf.dataplane import DataPlane

    class Background(DataPlane):  # type: ignore[misc]
        def start(self) -> None:
            self.daemon = True  # a process that ends does not wait for it
            super().start()

    plane = Background({"platform": "testbed", "dataplane": {"portclass": TestbedPort}, "qlen": 100})
    for port in bed.ports:
        plane.port_add(f"port{port}", 0, port)
    bed.on_shutdown(plane.kill)
    return plane
