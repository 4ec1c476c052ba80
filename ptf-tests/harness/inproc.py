# SPDX-License-Identifier: Apache-2.0
"""softswitch in this process: no root, no interfaces, delivery in the call of ``send``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.bed import CPU_PORT, DROP_PORT, Testbed
from softswitch.switch import SoftSwitch


class InProcess(Testbed):
    """The embedded switch, with a P4Runtime server on a free port of the loopback."""

    name = "softswitch"
    synchronous = True
    lossless = True

    def __init__(self, engine: str = "python") -> None:
        super().__init__()
        self.switch = SoftSwitch(
            ports=self.ports,
            device_id=self.device_id,
            cpu_port=CPU_PORT,
            drop_port=DROP_PORT,
            address="127.0.0.1:0",
            engine=engine,
        )
        self.address = self.switch.address
        device = self.switch.device
        device.set_output(self._output)
        self._process = device.process
        device.process = self._counted_process  # type: ignore[method-assign]

    def _counted_process(self, port: int, frame: bytes) -> None:
        """``Device.process`` for frames and packet-outs; counts when everything is out."""
        try:
            self._process(port, frame)
        finally:
            with self.arrived:
                self.processed += 1

    def _output(self, port: int, frame: bytes) -> None:
        if port == CPU_PORT:
            with self.arrived:
                self.punted += 1
            self.switch.server.packet_in(frame)
        else:
            self._arrived(port, frame)

    def _send(self, port: int, frame: bytes) -> None:
        # In this thread, past the queue of the switch: what the frame causes has happened when this returns,
        # and an exception of the engine reaches the test.
        self.switch.device.process(port, frame)

    def set_cable(self, port: int, whole: bool) -> None:
        self.switch.set_port_up(port, whole)

    def peek(self, wanted: Mapping[str, Iterable[int] | None]) -> dict[tuple[str, int], tuple[int, int]]:
        found = {}
        device = self.switch.device
        with device.lock:
            counters = device.counters
            for name, indices in wanted.items():
                counter = counters[name]
                for index in range(counter.size) if indices is None else indices:
                    value = counter.read(index)
                    found[name, index] = value.packets, value.bytes
        return found

    def trace(self, port: int, frame: bytes) -> str:
        return self.switch.trace(port, frame).to_text()  # runs the frame once more

    def close(self) -> None:
        self.switch.close()
