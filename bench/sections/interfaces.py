# SPDX-License-Identifier: Apache-2.0
"""Packets a second from veth to veth: both engines, BMv2, the kernel's seg6local, and a loop that only copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import beds
import cases
import generator
import kernel
from copy_loop import copy_loop
from report import Report, at_least, median
from settings import Settings

Rates = dict[tuple[str, str], list[float]]


def _switches(report: Report, stack: ExitStack) -> Iterator[tuple[str, beds.Wires]]:
    """Everything that can run here, with the node on it."""

    def switch(make: Callable[[], beds.Switch]) -> beds.Switch:
        made = make()
        stack.callback(made.close)
        beds.program(made)
        return made

    if why := beds.native_missing():
        report.skip(beds.NATIVE, why)
    else:
        yield beds.NATIVE, switch(partial(beds.softswitch, "native"))
    yield beds.PYTHON, switch(partial(beds.softswitch, "python"))
    if why := beds.bmv2_missing():
        report.skip(beds.BMV2, why)
    else:
        yield beds.BMV2, switch(beds.bmv2)
    if why := kernel.missing():
        report.skip(beds.KERNEL, why)
    else:
        made = kernel.Kernel()
        stack.callback(made.close)
        for case, said in made.refused.items():
            report.skip(f"{beds.KERNEL}: {case}", said)
        yield beds.KERNEL, made


def measure(wires: beds.Wires, frame: bytes, seconds: float) -> float:
    """Packets a second from ``host1`` to ``host3``."""
    return wires.inside(partial(generator.closed_loop, "host1", "host3", [frame], seconds))


def run(report: Report, settings: Settings) -> None:
    """All of them in turns for each case; medians, and the ratios of what was measured in the same turn."""
    report.section("interfaces", "From interface to interface (veth), one flow")
    if why := beds.interfaces_missing() or beds.native_missing():
        report.skip("everything", why)  # the traffic generator needs a compiler as well
        return
    rates: Rates = {}
    with ExitStack() as stack:
        switches = dict(_switches(report, stack))
        if beds.NATIVE in switches:
            switches[beds.COPY] = stack.enter_context(copy_loop())
        for case in cases.cases():
            frame = cases.frame(case.packet)
            for _ in range(settings.rounds):
                for series, wires in switches.items():
                    if series == beds.COPY and case.name != "End":
                        continue
                    if isinstance(wires, kernel.Kernel) and case.name in wires.refused:
                        continue
                    report.progress(f"{series}: {case.name} ...")
                    rates.setdefault((series, case.name), []).append(measure(wires, frame, settings.seconds))
    for (series, case_name), found in rates.items():
        report.rate(series, case_name, median(found))
    _ratios(report, rates)
    if not beds.bmv2_missing():
        _least(report, settings)


def _ratios(report: Report, rates: Rates) -> None:
    for one, other, bar in (
        (beds.NATIVE, beds.COPY, at_least(0.8)),
        (beds.NATIVE, beds.BMV2, at_least(8)),
        (beds.PYTHON, beds.BMV2, at_least(0.15)),
        (beds.NATIVE, beds.KERNEL, None),
    ):
        pairs = zip(rates.get((one, "End"), []), rates.get((other, "End"), []), strict=False)
        if found := [a / b for a, b in pairs]:
            report.add(f"{one} / {other}", "End", median(found), "", bar)


#: What is held against a program that does nothing but End, and the bar of it.
LEAST = (
    ("transit", "End", at_least(0.85)),
    ("full", "End", at_least(0.7)),
    ("full", "End.DT46, IPv6 inside", None),
    ("full", "H.Encaps, 3 SIDs", None),
)


def _least(report: Report, settings: Settings) -> None:
    """BMv2 with profiles of the program against BMv2 with a program that does only End, in turns."""
    frames = {case.name: cases.frame(case.packet) for case in cases.cases()}
    ratios: dict[tuple[str, str], list[float]] = {}
    with ExitStack() as stack:
        switches = {name: beds.bmv2() for name in ("least", *dict.fromkeys(profile for profile, _, _ in LEAST))}
        for name, switch in switches.items():
            stack.callback(switch.close)
            if name == "least":
                beds.program_end_only(switch)
            else:
                beds.program(switch, name)
        for _ in range(settings.rounds):
            for profile, case, _ in LEAST:
                report.progress(f"{beds.BMV2}, {profile}: {case} ...")
                least = measure(switches["least"], frames["End"], settings.seconds)
                found = measure(switches[profile], frames[case], settings.seconds)
                ratios.setdefault((profile, case), []).append(found / least)
    for profile, case, bar in LEAST:
        report.add(f"{beds.BMV2}, {profile} / nothing but End", case, median(ratios[profile, case]), "", bar)
