#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""``make bench``: packet rates and control-plane times, everything in one run on one machine.

    bench/run.py                    what can run here (BMv2 needs root and simple_switch_grpc on PATH)
    bench/run.py --only forwarding --seconds 5 --json result.json

Every figure is followed by the bar it is held against, where there is one. Absolute rates depend on the machine and on
what else it does; the ratios are what to look at. Exit code 0 whatever the figures are: this measures, it does not
judge.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for _folder in ("cp", "ptf-tests", "bench", "."):
    sys.path.insert(0, str(ROOT / _folder))
os.environ.setdefault("BMV2_ARGS", "--log-level off")

import cases  # noqa: E402
import traffic  # noqa: E402

from harness import defaults  # noqa: E402
from harness.inproc import InProcess  # noqa: E402
from harness.router import Router  # noqa: E402
from harness.testbed import Testbed, Unavailable  # noqa: E402
from harness.veth import Veth  # noqa: E402
from srv6cp import artifacts  # noqa: E402
from srv6cp.apps import reconcile  # noqa: E402
from srv6cp.apps.compile import compile_node  # noqa: E402
from srv6cp.config import load_node  # noqa: E402
from srv6cp.p4rt import Action, Client, Entity, TableEntry  # noqa: E402


@dataclass(frozen=True)
class Figure:
    """One measured number."""

    what: str
    value: float
    unit: str
    bar: str = ""


class Report:
    """Prints figures as they come and keeps them."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []

    def add(self, what: str, value: float, unit: str, bar: str = "") -> float:
        figure = Figure(what, round(value, 4), unit, bar)
        self.figures.append(figure)
        shown = f"{value:>12,.0f}" if value >= 100 else f"{value:>12.3f}"
        print(f"  {what:<58}{shown} {unit:<10}{bar}", flush=True)
        return value

    def section(self, title: str) -> None:
        print(f"\n{title}", flush=True)

    def skip(self, what: str, why: str) -> None:
        print(f"  {what}: skipped, {why}", flush=True)


def bmv2_here() -> str:
    """Why BMv2 cannot run; empty when it can."""
    if os.geteuid() != 0:
        return "interfaces need root"
    return "" if shutil.which("simple_switch_grpc") else "simple_switch_grpc is not on PATH"


@contextmanager
def bed(kind: str) -> Iterator[Testbed]:
    """A switch without a program: softswitch (this process), softswitch-veth or bmv2 (a process on interfaces)."""
    made: Testbed = InProcess() if kind == "softswitch" else Veth(kind)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def router(kind: str) -> Iterator[Testbed]:
    """The full program with the node of `cases` on it."""
    with bed(kind) as made:
        control = Router(made)
        try:
            control.apply(defaults.node(cases.node(), made))
            yield made
        finally:
            control.close()


@contextmanager
def end_only() -> Iterator[Veth]:
    """BMv2 with the program that does nothing but End."""
    files = artifacts.find("end_only", ROOT / "bench" / "build")
    made = Veth("bmv2")
    try:
        with Client(made.address, device_id=made.device_id) as client:
            client.become_primary()
            client.set_pipeline(files.p4info, files.json)
            forward = {"egress_port": 3, "src_mac": defaults.port_mac(3), "dst_mac": defaults.neighbor_mac(3)}
            client.insert(
                TableEntry("my_sid_table", {"ipv6_dst": (cases.END, 64)}, Action("end", {})),
                TableEntry("ipv6_table", {"ipv6_dst": ("2001:db8:3::", 64)}, Action("forward", forward)),
            )
            yield made
    finally:
        made.close()


def forwarding(report: Report, seconds: float, rounds: int) -> None:
    """Packets a second: End on BMv2 against the yardstick, and the Python engine against BMv2."""
    report.section("Forwarding, packets a second (one flow)")
    with router("softswitch") as made:
        assert isinstance(made, InProcess)
        memory = {}
        for case in cases.cases():
            rate = traffic.in_memory(made.switch.device, 1, cases.frame(case.packet), seconds / 2)
            memory[case.name] = report.add(
                f"softswitch, Python engine, in memory: {case.name}", rate.pps, "packets/s"
            )
    if why := bmv2_here():
        report.skip("BMv2 and interfaces", why)
        return
    end = cases.frame(cases.cases()[0].packet)
    full, least = [], []
    for _ in range(rounds):  # in turns, so that both see the same machine
        with router("bmv2") as made:
            assert isinstance(made, Veth)
            full.append(traffic.over_interfaces(made, 1, 3, end, seconds).pps)
        with end_only() as made:
            least.append(traffic.over_interfaces(made, 1, 3, end, seconds).pps)
    bmv2 = report.add("BMv2, veth to veth: End", max(full), "packets/s")
    report.add("BMv2, veth to veth: End, nothing but End", max(least), "packets/s")
    ratios = sorted(a / b for a, b in zip(full, least, strict=True))
    report.add(
        "this program / nothing but End (median of rounds)", ratios[len(ratios) // 2], "", "bar: >= 0.7"
    )
    with router("softswitch-veth") as made:
        assert isinstance(made, Veth)
        veth = report.add(
            "softswitch, Python engine, veth to veth: End", traffic.over_interfaces(made, 1, 3, end, seconds).pps,
            "packets/s",
        )  # fmt: skip
    report.add("Python engine / BMv2, both veth to veth", veth / bmv2, "", "bar: >= 0.15")
    report.add("Python engine in memory / BMv2 veth to veth", memory["End"] / bmv2, "")


def _timed(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def scale(report: Report, count: int) -> None:
    """Seconds from YAML to programmed tables, and to reconcile after a restart."""
    report.section(f"Control plane, seconds ({count:,} SIDs and {count:,} routes)")
    for kind, limit in (("softswitch", 4), ("bmv2", 2)):
        if kind == "bmv2" and (why := bmv2_here()):
            report.skip("BMv2", why)
            continue
        text = cases.big_node(count, count)
        with bed("softswitch-veth" if kind == "softswitch" and not bmv2_here() else kind) as made:
            files = artifacts.find()
            with Client(made.address, device_id=made.device_id) as client:
                client.become_primary()
                client.set_pipeline(files.p4info, files.json)
                begin = time.perf_counter()
                node = load_node(text)
                loaded = time.perf_counter()
                desired = compile_node(node, client.p4info)
                compiled = time.perf_counter()
                plan = reconcile.plan(client, desired)
                planned = time.perf_counter()
                reconcile.apply(client, plan)
                done = time.perf_counter()
                report.add(f"{kind}: YAML to node", loaded - begin, "s")
                report.add(f"{kind}: node to entries", compiled - loaded, "s")
                report.add(f"{kind}: read and compare", planned - compiled, "s")
                report.add(
                    f"{kind}: write {len(plan.inserts) + len(plan.modifies):,} entries", done - planned, "s"
                )
                report.add(f"{kind}: the whole path", done - begin, "s", f"bar: <= {limit} s")
                again = _timed(partial(_nothing_to_do, client, desired))
                report.add(f"{kind}: reconcile, nothing to do", again, "s")
                client.set_pipeline(
                    files.p4info, files.json
                )  # what a restarted switch comes to: empty tables
                back = _timed(partial(_reconcile, client, desired))
                report.add(f"{kind}: reconcile after a restart, one pass", back, "s", "bar: <= 10 s")
                _nothing_to_do(client, desired)


def _reconcile(client: Client, desired: list[Entity]) -> None:
    reconcile.apply(client, reconcile.plan(client, desired))


def _nothing_to_do(client: Client, desired: list[Entity]) -> None:
    plan = reconcile.plan(client, desired)
    if plan.inserts or plan.modifies or plan.deletes:
        raise SystemExit(f"bench: the switch is not what was written: {plan}")


def load(report: Report, rounds: int) -> None:
    """Seconds to load the full program."""
    report.section("Load of the full program, seconds")
    files = artifacts.find()

    def once() -> None:
        from softswitch.switch import SoftSwitch

        SoftSwitch(files.json, files.p4info, ports=[1, 2], address=None).close()

    report.add("softswitch, Python engine", min(_timed(once) for _ in range(rounds)), "s")


SECTIONS = ("forwarding", "scale", "load")


def main() -> int:
    """Run the sections asked for; print and, with ``--json``, write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--only", action="append", choices=SECTIONS, help="a section; may be given again")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one measurement (default 3)")
    parser.add_argument(
        "--rounds", type=int, default=3, help="repetitions where rates are compared (default 3)"
    )
    parser.add_argument(
        "--count", type=int, default=10_000, help="SIDs, and routes, of the big node (default 10000)"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    args = parser.parse_args()
    wanted = args.only or SECTIONS
    print(
        f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    if not bmv2_here():
        print(f"BMv2: {shutil.which('simple_switch_grpc')} {os.environ['BMV2_ARGS']}")
    report = Report()
    try:
        if "forwarding" in wanted:
            forwarding(report, args.seconds, args.rounds)
        if "scale" in wanted:
            scale(report, args.count)
        if "load" in wanted:
            load(report, args.rounds)
    except (Unavailable, traffic.NothingArrives) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    if args.json:
        args.json.write_text(json.dumps([asdict(figure) for figure in report.figures], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
