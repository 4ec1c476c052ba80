# SPDX-License-Identifier: Apache-2.0
"""End with growing tables: every packet goes to a random SID, and on by a random route.

What the traffic touches is spread over all entries, so that beyond some thousand of them no cache holds it.
"""

from __future__ import annotations

import gc
import json
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import beds
import traffic
from report import Report, at_least, median
from settings import Settings

from softswitch.bmv2json import load_program
from softswitch.device import ActionSpec, Device, Entry, Exact, Lpm
from softswitch.engine.native.engine import Batch
from srv6cp import artifacts

#: Frames of a batch; their SIDs and routes are drawn anew for each.
FRAMES = 1 << 17
MAC = 0x020000000101
NEXT_MAC = 0x020000000202


def sid(number: int) -> int:
    """Prefix /64 of local SID ``number``."""
    return 0xFCBBBB00 << 96 | (number + 1) << 64


def route(number: int) -> int:
    """Prefix /64 of route ``number``."""
    return 0x20010DB8 << 96 | (number + 1) << 64


def end_frame(local: int, target: int) -> bytes:
    """A frame to one SID whose next segment follows one route."""
    segments = [target | 2, local]
    srh = bytes([17, 4, 4, 1, 1, 0, 0, 0]) + b"".join(s.to_bytes(16, "big") for s in segments)
    udp = bytes([0x12, 0x34, 0, 80, 0, 38, 0, 0]) + bytes(30)
    head = bytes([0x60, 0, 0, 0]) + (len(srh) + len(udp)).to_bytes(2, "big") + bytes([43, 64])
    source = (0x20010DB8 << 96 | 1).to_bytes(16, "big")
    ethernet = MAC.to_bytes(6, "big") + bytes.fromhex("020000000a0a86dd")
    return ethernet + head + source + local.to_bytes(16, "big") + srh + udp


def enlarged(size: int) -> bytes:
    """The program with room for ``size`` SIDs and routes, and as many SID counters."""
    content = json.loads(artifacts.find().json.read_bytes())
    room = 2 * size + 16
    for pipeline in content["pipelines"]:
        for table in pipeline["tables"]:
            if table["name"] in ("my_sid_table", "ipv6_table"):
                table["max_size"] = max(table["max_size"], room)
    for array in content["counter_arrays"]:
        if array["name"] == "my_sid_counter":
            array["size"] = max(array["size"], 2 * room)
    return json.dumps(content).encode()


def router(size: int) -> Device:
    """A device with room for ``size`` SIDs and routes, and one next hop."""
    device = Device(cpu_port=510, engine="native")
    device.load(load_program(enlarged(size)))
    tables = device.tables
    tables["ingress_port_table"].insert(Entry((Exact(1),), ActionSpec("set_router_interface", (0, MAC, 0, 0))))
    tables["nexthop_table"].insert(Entry((Exact(1),), ActionSpec("set_adjacency", (2, 0, MAC, NEXT_MAC, 1500))))
    tables["ipv6_table"].insert(Entry((Exact(0), Lpm(0xFCBBBB00 << 96, 32)), ActionSpec("local_sid")))
    return device


def fill(device: Device, size: int) -> None:
    """Insert ``size`` SIDs and ``size`` routes."""
    tables = device.tables
    sids, routes = tables["my_sid_table"], tables["ipv6_table"]
    for number in range(size):
        sids.insert(Entry((Exact(0), Lpm(sid(number), 64)), ActionSpec("end", (number + 1, 0))))
        routes.insert(Entry((Exact(0), Lpm(route(number), 64)), ActionSpec("set_nexthop", (1,))))


def resident() -> int:
    """Bytes of memory this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def no_collection() -> Iterator[None]:
    """Python's cyclic collector looks at all objects again and again while many are made."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def run(report: Report, settings: Settings) -> None:
    """All sizes in turns, so that the machine is the same for all; ratios against the smallest."""
    report.section("tables", "End with growing tables, in memory, one core, a random SID and route for each packet")
    if why := beds.native_missing():
        report.skip("everything", why)
        return
    devices: dict[int, Device] = {}
    batches: dict[int, Batch] = {}
    for size in settings.sizes:
        report.progress(f"filling {size:,} SIDs and routes ...")
        devices[size] = router(size)
        with no_collection():
            before, begin = resident(), time.perf_counter()
            fill(devices[size], size)
            filled, used = time.perf_counter() - begin, resident() - before
        if size >= 1000:
            report.add(_name(size), "inserts through the device", 2 * size / filled, "entries/s")
        if size >= 100_000:
            report.add(_name(size), "memory of an entry, Python's and native", used / (2 * size), "bytes")
        rng = random.Random(size)
        frames = [(1, end_frame(sid(rng.randrange(size)), route(rng.randrange(size)))) for _ in range(FRAMES)]
        batches[size] = Batch(frames)
    rates: dict[int, list[float]] = {size: [] for size in settings.sizes}
    for _ in range(settings.rounds):
        for size, device in devices.items():
            report.progress(f"{size:,} SIDs and routes ...")
            worker = traffic.engine_of(device).worker()
            rates[size].append(traffic.batch(worker, device, batches[size], settings.seconds))
    for size in settings.sizes:
        report.rate(beds.NATIVE, _name(size), median(rates[size]))
    least = settings.sizes[0]
    for size in settings.sizes[1:]:
        ratio = median(a / b for a, b in zip(rates[size], rates[least], strict=True))
        bar = at_least(0.6) if size == 100_000 and least == 10 else None
        report.add(f"{beds.NATIVE}, {_name(size)} / {_name(least)}", "End", ratio, "", bar)


def _name(size: int) -> str:
    return f"{size:,} of each"
