# SPDX-License-Identifier: Apache-2.0
"""Packets a second in memory: one core, one flow, each behaviour, both engines of softswitch."""

from __future__ import annotations

import beds
import cases
import traffic
from report import Report, median
from settings import Settings


def run(report: Report, settings: Settings) -> None:
    """Engines in turns, so that both see the same machine; the median of the rounds counts."""
    report.section("memory", "In memory, one core, one flow")
    rates: dict[tuple[str, str], list[float]] = {}
    engines = {beds.PYTHON: "python"}
    if why := beds.native_missing():
        report.skip(beds.NATIVE, why)
    else:
        engines[beds.NATIVE] = "native"
    for _ in range(settings.rounds):
        for series, engine in engines.items():
            with beds.in_process(engine) as made:
                for case in cases.cases():
                    report.progress(f"{series}: {case.name} ...")
                    frame = cases.frame(case.packet)
                    measure = traffic.bursts if engine == "native" else traffic.in_memory
                    rate = measure(made.switch.device, 1, frame, settings.seconds / settings.rounds)
                    rates.setdefault((series, case.name), []).append(rate)
    for (series, case_name), found in sorted(rates.items(), key=lambda item: item[0][0], reverse=True):
        report.rate(series, case_name, median(found))
