#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The native engine of softswitch: rates in memory, with large tables, while tables are written; load times.

    bench/native.py                                 everything
    bench/native.py --only memory --seconds 3       one section
    bench/native.py --sizes 10,100000,1000000       numbers of SIDs, and of routes

Bursts of frames go through one worker on one core; Python is entered once in 4096 packets, so that what is
measured is the engine. Every frame must come out, or the benchmark ends with an error.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for _folder in ("cp", "ptf-tests", "bench", "."):
    sys.path.insert(0, str(ROOT / _folder))

import cases  # noqa: E402
import p4rt_write  # noqa: E402
from run import Report  # noqa: E402

from harness import defaults  # noqa: E402
from harness.inproc import InProcess  # noqa: E402
from harness.router import Router  # noqa: E402
from softswitch.bmv2json import load_program  # noqa: E402
from softswitch.device import ActionSpec, Device, Entry, Exact, Lpm  # noqa: E402
from softswitch.engine.native.engine import Batch, NativeEngine, Worker  # noqa: E402
from softswitch.native.compiler import NoCompiler, find_compiler  # noqa: E402
from softswitch.switch import SoftSwitch  # noqa: E402
from srv6cp import artifacts  # noqa: E402
from srv6cp.p4rt import Client, insert  # noqa: E402
from srv6cp.p4rt.text import parse_entry  # noqa: E402

#: A veth-to-veth rate of BMv2 on a machine of two cores; the bars are multiples of it.
BMV2 = 20_000
FRAMES = 4096
MAC = 0x020000000101
NEXT_MAC = 0x020000000202


def engine_of(device: Device) -> NativeEngine:
    """The device's engine, which must be the native one."""
    engine = device.engine
    assert isinstance(engine, NativeEngine)
    return engine


def rate(worker: Worker, device: Device, batch: Batch, seconds: float) -> float:
    """Packets a second; every one must be transmitted."""
    worker.burst(batch, keep=False)
    sent, before = 0, device.stats.transmitted
    begin = time.perf_counter()
    while (spent := time.perf_counter() - begin) < seconds:
        worker.burst(batch, keep=False)
        sent += batch.count
    if device.stats.transmitted - before != sent:
        raise SystemExit(f"bench: {sent} packets in, {device.stats.transmitted - before} out: {device.stats}")
    return sent / spent


def memory(report: Report, seconds: float, rounds: int) -> None:
    """Each behaviour, one flow, the best of some rounds."""
    report.section("In memory, one core, one flow, packets a second (best of rounds)")
    bed = InProcess("native")
    control = Router(bed)
    try:
        control.apply(defaults.node(cases.node(), bed))
        device = bed.switch.device
        worker = engine_of(device).worker()
        for case in cases.cases():
            frame = cases.frame(case.packet)
            batch = Batch([(1, frame)] * FRAMES)
            best = max(rate(worker, device, batch, seconds) for _ in range(rounds))
            bar = {"End": "bar: >= 75 x BMv2", "H.Encaps, 3 SIDs": "bar: >= 50 x BMv2"}.get(case.name, "")
            report.add(case.name, best, "packets/s", bar)
            report.add(f"{case.name}: time", 1e9 / best, "ns/packet")
    finally:
        control.close()
        bed.close()


def sid(number: int) -> int:
    """Prefix /64 of local SID ``number``."""
    return 0xFCBBBB00 << 96 | (number + 1) << 64


def route(number: int) -> int:
    """Prefix /64 of route ``number``."""
    return 0x20010DB8 << 96 | (number + 1) << 64


def big_router(size: int, other: int = 0) -> Device:
    """A device with ``size`` SIDs and routes to one next hop."""
    device = Device(cpu_port=510, engine="native")
    device.load(load_program(artifacts.find().json.read_bytes()))
    tables = device.tables
    tables["ingress_port_table"].insert(Entry((Exact(1),), ActionSpec("set_router_interface", (0, MAC, 0, 0))))
    tables["nexthop_table"].insert(Entry((Exact(1),), ActionSpec("set_adjacency", (2, 0, MAC, NEXT_MAC, 1500))))
    tables["ipv6_table"].insert(Entry((Exact(0), Lpm(0xFCBBBB00 << 96, 32)), ActionSpec("local_sid")))
    sids, routes = tables["my_sid_table"], tables["ipv6_table"]
    counted = len(device.counters["my_sid_counter"].packets) // 2
    for number in range(size):
        sids.insert(Entry((Exact(0), Lpm(sid(number), 64)), ActionSpec("end", ((number + 1) % counted, 0))))
        routes.insert(Entry((Exact(0), Lpm(route(number), 64)), ActionSpec("set_nexthop", (1,))))
    return device


def end_frame(local: int, target: int) -> bytes:
    """A frame to one SID whose next segment follows one route."""
    segments = [target | 2, local]
    srh = bytes([17, 4, 4, 1, 1, 0, 0, 0]) + b"".join(s.to_bytes(16, "big") for s in segments)
    udp = bytes([0x12, 0x34, 0, 80, 0, 38, 0, 0]) + bytes(30)
    head = bytes([0x60, 0, 0, 0]) + (len(srh) + len(udp)).to_bytes(2, "big") + bytes([43, 64])
    source = (0x20010DB8 << 96 | 1).to_bytes(16, "big")
    ethernet = MAC.to_bytes(6, "big") + bytes.fromhex("020000000a0a86dd")
    return ethernet + head + source + local.to_bytes(16, "big") + srh + udp


def _flows(device: Device, size: int, count: int, seconds: float, rng: random.Random) -> float:
    """Rate of ``count`` frames, each to a random SID and route of ``size``."""
    frames = [(1, end_frame(sid(rng.randrange(size)), route(rng.randrange(size)))) for _ in range(count)]
    return rate(engine_of(device).worker(), device, Batch(frames), seconds)


def scale(report: Report, sizes: Sequence[int], seconds: float, rounds: int) -> None:
    """End with random SIDs and routes of large tables."""
    report.section("End, a random SID and route for each of 65,536 packets, packets a second")
    first = 0.0
    for size in sizes:
        before = _resident()
        begin = time.perf_counter()
        device = big_router(size)
        filled = time.perf_counter() - begin
        rng = random.Random(1)
        best, few = (max(_flows(device, size, n, seconds, rng) for _ in range(rounds)) for n in (16 * FRAMES, FRAMES))
        report.add(f"{size:,} SIDs and {size:,} routes", best, "packets/s")
        report.add("  of which the traffic uses no more than 4,096", few, "packets/s")
        first = first or best
        if size > sizes[0]:
            bar = "bar: >= 0.6" if size == 100_000 else ""
            report.add(f"  against {sizes[0]:,} of each", best / first, "", bar)
            report.add("  inserts through the device, a second", 2 * size / filled, "entries/s")
            report.add("  memory of an entry, Python's and native", (_resident() - before) / (2 * size), "bytes")


def _resident() -> int:
    """Bytes of memory this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def write(report: Report, count: int, seconds: float) -> None:
    """``count`` entries in one P4Runtime Write after another while a worker forwards."""
    report.section(f"Write of {count:,} entries over gRPC while packets flow")
    files = artifacts.find()
    with SoftSwitch(files.json, files.p4info, ports=[1, 2], engine="native") as switch:
        device = switch.device
        tables = device.tables
        with Client(switch.address, device_id=switch.device_id) as client:
            client.become_primary()
            client.write([insert(parse_entry(client.p4info, p4rt_write.NEXTHOP))])
            small = ActionSpec("set_adjacency", (2, 0, MAC, NEXT_MAC, 1500))
            tables["ingress_port_table"].insert(Entry((Exact(1),), ActionSpec("set_router_interface", (0, MAC, 0, 0))))
            tables["nexthop_table"].insert(Entry((Exact(9),), small))
            tables["ipv6_table"].insert(Entry((Exact(0), Lpm(0x3FFF << 112, 16)), ActionSpec("set_nexthop", (9,))))
            tables["ipv6_table"].insert(Entry((Exact(0), Lpm(0x3FFE << 112, 16)), ActionSpec("local_sid")))
            tables["my_sid_table"].insert(Entry((Exact(0), Lpm(0x3FFE << 112, 64)), ActionSpec("end", (1, 0))))
            frame = end_frame(0x3FFE << 112, 0x3FFF << 112)
            worker, batch = engine_of(device).worker(), Batch([(1, frame)] * FRAMES)
            alone = rate(worker, device, batch, seconds)
            stop = threading.Event()
            sent = [0]

            def forward() -> None:
                while not stop.is_set():
                    worker.burst(batch, keep=False, rounds=100)  # a thread in C: Python is not its clock
                    sent[0] += 100 * batch.count

            updates = [insert(entry) for entry in p4rt_write.entries(count)]
            thread = threading.Thread(target=forward)
            thread.start()
            begin = time.perf_counter()
            client.write(updates)
            spent = time.perf_counter() - begin
            stop.set()
            thread.join()
            forwarded = time.perf_counter() - begin
            report.add("Write", spent, "s", "bar: <= 10 s")
            report.add("forwarding alone", alone, "packets/s")
            report.add("forwarding meanwhile / alone", sent[0] / forwarded / alone, "", "bar: >= 0.5")


def load(report: Report) -> None:
    """The full program: generate, compile, load; then again from the cache."""
    report.section("Load of the full program, seconds")
    content = artifacts.find().json.read_bytes()
    kept = os.environ.get("XDG_CACHE_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        for what, bar in (("cold", "bar: <= 30 s"), ("warm", "bar: <= 1 s")):
            begin = time.perf_counter()
            Device(cpu_port=510, engine="native").load(load_program(content))
            report.add(what, time.perf_counter() - begin, "s", bar)
    if kept is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = kept


SECTIONS = ("memory", "scale", "write", "load")


def main() -> int:
    """Run the sections asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--only", action="append", choices=SECTIONS, help="a section; may be given again")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one measurement (default 1)")
    parser.add_argument("--rounds", type=int, default=3, help="repetitions; the best counts (default 3)")
    parser.add_argument("--sizes", default="10,1000,100000", help="SIDs, and routes (default %(default)s)")
    parser.add_argument("--count", type=int, default=100_000, help="entries written over gRPC (default 100000)")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    args = parser.parse_args()
    try:
        print(f"{os.cpu_count()} cores, {find_compiler()}; the bars take BMv2 as {BMV2:,} packets/s")
    except NoCompiler as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    wanted = args.only or SECTIONS
    report = Report()
    if "memory" in wanted:
        memory(report, args.seconds, args.rounds)
    if "scale" in wanted:
        scale(report, [int(size) for size in args.sizes.split(",")], args.seconds, args.rounds)
    if "write" in wanted:
        write(report, args.count, args.seconds)
    if "load" in wanted:
        load(report)
    if args.json:
        args.json.write_text(json.dumps([asdict(figure) for figure in report.figures], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
