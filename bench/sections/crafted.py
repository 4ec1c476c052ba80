# SPDX-License-Identifier: Apache-2.0
"""What a packet that was made to cost much costs, against one as long that is merely routed.

Its further passes take tokens of the port that it came by (``limits: passes``), so what matters is processor time a
packet at a rate, not how fast one runs by itself: frames come in ten slices a second, and the time of the thread is
counted while it processes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import beds
import cases
import traffic
from report import Report, at_most, median
from settings import Settings

from harness import wire
from softswitch.device import Device
from softswitch.engine.native.engine import Batch

SLICES = 10
#: Packets a second; below the first, what they cost at all is not worth mentioning.
RATES = (500, 2_000, 10_000)
BAR = at_most(10)
_SEGMENTS = 80  # of this node, in a frame of 1,500 octets
_NESTED = 33


def node(visits: int) -> dict[str, object]:
    """The node of all cases, where one packet may meet ``visits`` of its SIDs."""
    return cases.node() | {"limits": {"sid-visits": visits}}


def packets() -> dict[str, bytes]:
    """A name each: packets whose every header leads to this node once more."""
    nested = wire.ip6(cases.HOST, "2001:db8:3::2", wire.udp(bytes(30)))
    for _ in range(_NESTED):
        nested = wire.ip6(cases.HOST, cases.DT46, nested)
    own = [cases.END] * _SEGMENTS
    body = wire.srh(own, sl=_SEGMENTS - 1, payload=wire.udp(bytes(30)))
    return {
        f"{_SEGMENTS} own SIDs": wire.ip6(cases.HOST, cases.END, body),
        f"{_NESTED} End.DT46, one in another": nested,
    }


def run(report: Report, settings: Settings) -> None:
    """Both engines, the usual limit of visits and the highest one."""
    report.section("crafted", "Processor time of a packet made to cost much / of a routed one as long, by rate")
    engines = {beds.PYTHON: "python"}
    if why := beds.native_missing():
        report.skip(beds.NATIVE, why)
    else:
        engines[beds.NATIVE] = "native"
    for series, engine in engines.items():
        for visits in (16, 128):
            with beds.in_process(engine, node(visits)) as made:
                cost = _native if engine == "native" else _python
                for name, packet in packets().items():
                    routed = wire.ip6(cases.HOST, "2001:db8:3::2", wire.udp(bytes(len(packet) - 48)))
                    for rate in RATES:
                        title = f"{name}, {visits} visits, {rate:,}/s"
                        report.progress(f"{series}: {title} ...")
                        ratios = []
                        for _ in range(settings.rounds):
                            usual = cost(made.switch.device, routed, rate, settings.seconds)
                            ratios.append(cost(made.switch.device, packet, rate, settings.seconds) / usual)
                        report.add(series, title, median(ratios), "", BAR)


def _paced(process: Callable[[], object], rate: int, seconds: float) -> float:
    """Processor time a packet of ``process``, which takes the packets of a slice at once; what the port may do at once
    is used up before.
    """
    spent, slices = 0.0, max(1, round(seconds * SLICES))
    process()
    begin = time.monotonic()
    for number in range(slices):
        time.sleep(max(0.0, begin + (number + 1) / SLICES - time.monotonic()))
        before = time.thread_time()
        process()
        spent += time.thread_time() - before
    return spent / slices / (rate // SLICES)


def _python(device: Device, packet: bytes, rate: int, seconds: float) -> float:
    frame = cases.frame(packet)
    device.set_output(lambda _port, _frame: None)

    def process() -> None:
        for _ in range(rate // SLICES):
            device.process(1, frame)

    return _paced(process, rate, seconds)


def _native(device: Device, packet: bytes, rate: int, seconds: float) -> float:
    """Without what it costs to call the worker from Python, which is that of a burst of nothing."""
    worker = traffic.engine_of(device).worker()
    nothing, frames = Batch([]), Batch([(1, cases.frame(packet))] * (rate // SLICES))
    call = _paced(lambda: worker.burst(nothing, keep=False), rate, seconds)
    return _paced(lambda: worker.burst(frames, keep=False), rate, seconds) - call
