# SPDX-License-Identifier: Apache-2.0
"""What an HMAC costs (RFC 8754 2.1.2): verified by one SID, with the same SRH at a SID that does not ask beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import beds
import cases
import traffic
from report import Report, at_most, median
from settings import Settings

from sections.interfaces import measure

PROFILE = "hmac"
SEGMENTS = 3
#: Of the text, 24 octets and the segments, with FIPS 180-4's padding; and the one of the outer hash.
COMPRESSIONS = (24 + 16 * SEGMENTS + 9 + 63) // 64 + 1
#: Of an HMAC for each of its compressions, in packets that are not verified.
BAR = at_most(12)


def run(report: Report, settings: Settings) -> None:
    """The native engine in memory, BMv2 over interfaces where it runs: in turns, medians."""
    report.section("hmac", f"HMAC-SHA-256 of {SEGMENTS} segments, {COMPRESSIONS} compressions (profile {PROFILE})")
    with ExitStack() as stack:
        if why := beds.native_missing():
            report.skip(beds.NATIVE, why)
        else:
            made = stack.enter_context(beds.in_process("native", cases.hmac_node(), PROFILE))
            device = made.switch.device
            _compare(report, settings, beds.NATIVE, lambda frame, time: traffic.bursts(device, 1, frame, time))
        if why := beds.bmv2_missing() or beds.native_missing():  # the generator needs a compiler
            report.skip(beds.BMV2, why)
        else:
            switch = beds.bmv2()
            stack.callback(switch.close)
            beds.program(switch, PROFILE, cases.hmac_node())
            _compare(report, settings, beds.BMV2, lambda frame, time: measure(switch, frame, time))


def _compare(report: Report, settings: Settings, series: str, rate: Callable[[bytes, float], float]) -> None:
    frames = {"End": cases.frame(cases.hmac_packet(False)), "End, HMAC": cases.frame(cases.hmac_packet(True))}
    rates: dict[str, list[float]] = {case: [] for case in frames}
    for _ in range(settings.rounds):
        for case, frame in frames.items():
            report.progress(f"{series}: {case} ...")
            rates[case].append(rate(frame, settings.seconds / settings.rounds))
    for case, found in rates.items():
        report.rate(series, case, median(found))
    ratios = [end / hmac / COMPRESSIONS for end, hmac in zip(*rates.values(), strict=True)]
    bar = BAR if series == beds.NATIVE else None
    report.add(f"{series}: time of an HMAC a compression / time of End", "End, HMAC", median(ratios), "", bar)
