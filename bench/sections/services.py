# SPDX-License-Identifier: Apache-2.0
"""What service programming costs: a packet through a chain of three End.AD services of one node, which takes six passes
(to each service, and from it), against six passes of End. What the services themselves take is not in it."""

from __future__ import annotations

import beds
import cases
import traffic
from report import Report, at_least, median
from settings import Settings

PROFILE = "services"
PASSES = 6
BAR = at_least(0.6)


def run(report: Report, settings: Settings) -> None:
    """The native engine in memory, in turns, medians."""
    report.section("services", f"A chain of three services on one node (End.AD, profile {PROFILE})")
    if why := beds.native_missing():
        report.skip(beds.NATIVE, why)
        return
    frames = cases.chain_frames()
    rates: dict[str, list[float]] = {"End": [], **{name: [] for name in frames}}
    with beds.routed("native", cases.services_node(), PROFILE) as (made, control):
        device = made.switch.device
        for port, frame in frames.values():  # the headers of each service are learned
            made.send(port, frame)
            control.settle()
        for _ in range(settings.rounds):
            for name in rates:
                report.progress(f"{beds.NATIVE}: {name} ...")
                port, frame = frames.get(name, (1, cases.end_frame()))
                rates[name].append(traffic.bursts(device, port, frame, settings.seconds / settings.rounds))
    for name, found in rates.items():
        report.rate(beds.NATIVE, name, median(found))
    legs = [rates[name] for name in frames]
    ratios = [PASSES / end / sum(1 / rate for rate in leg) for end, *leg in zip(rates["End"], *legs, strict=True)]
    report.add(
        f"{beds.NATIVE}: time of {PASSES} End / time of the chain", "End.AD, chain of three", median(ratios), "", BAR
    )
