# SPDX-License-Identifier: Apache-2.0
"""Entries a second over P4Runtime, and what a long Write costs the packets that flow meanwhile.

The client is a process of its own and has encoded its requests before the clock starts, so that what is measured is the
switch. Packets run in a thread of native code; on a machine of two cores client, server and packets share them.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import beds
import p4rt_write
import traffic
from report import Report, at_least, at_most
from settings import Settings

from sections.tables import MAC, NEXT_MAC, end_frame
from softswitch.device import ActionSpec, Device, Entry, Exact, Lpm
from softswitch.engine.native.engine import Batch
from softswitch.switch import SoftSwitch
from srv6cp import artifacts
from srv6cp.p4rt import Client, insert
from srv6cp.p4rt.text import parse_entry

BATCH = 1000
PATIENCE = 300.0
#: Times that a batch is run in one call: long enough that Python's lock, which the server holds meanwhile and ports of
#: native code never take, is no matter.
ROUNDS = 500


def _write(address: str, count: int, line: Connection) -> None:
    """The client: encode, say so, write when told, answer the seconds."""
    with Client(address, device_id=1) as client:
        client.become_primary()
        client.write([insert(parse_entry(client.p4info, p4rt_write.NEXTHOP))])
        updates = [insert(entry) for entry in p4rt_write.entries(count)]
        requests = [updates[at : at + BATCH] for at in range(0, count, BATCH)]
        line.send("ready")
        line.recv()
        begin = time.perf_counter()
        for request in requests:
            client.write(request)
        line.send(time.perf_counter() - begin)


def written(switch: SoftSwitch, count: int, now: Callable[[], None] = lambda: None) -> float:
    """Seconds in which another process writes ``count`` entries; ``now`` is called as it begins and as it ends."""
    near, far = multiprocessing.get_context("spawn").Pipe()
    client = multiprocessing.get_context("spawn").Process(target=_write, args=(switch.address, count, far))
    client.start()
    try:
        if not near.poll(PATIENCE):
            raise beds.CannotRun("the client that writes entries does not come up")
        near.recv()
        now()
        near.send("go")
        if not near.poll(PATIENCE):
            raise beds.CannotRun(f"{count} entries are not written after {PATIENCE:.0f} s")
        now()
        return float(near.recv())
    finally:
        client.terminate()
        client.join()


def one_path(device: Device) -> Batch:
    """Entries for one SID and one route that no other entry is about, and packets that take them."""
    tables = device.tables
    adjacency = ActionSpec("set_adjacency", (2, 0, MAC, NEXT_MAC, 1500))
    tables["ingress_port_table"].insert(Entry((Exact(1),), ActionSpec("set_router_interface", (0, MAC, 0, 0))))
    tables["nexthop_table"].insert(Entry((Exact(9),), adjacency))
    tables["ipv6_table"].insert(Entry((Exact(0), Lpm(0x3FFF << 112, 16)), ActionSpec("set_nexthop", (9,))))
    tables["ipv6_table"].insert(Entry((Exact(0), Lpm(0x3FFE << 112, 16)), ActionSpec("local_sid")))
    tables["my_sid_table"].insert(Entry((Exact(0), Lpm(0x3FFE << 112, 64)), ActionSpec("end", (1, 0))))
    return Batch([(1, end_frame(0x3FFE << 112, 0x3FFF << 112))] * traffic.BURST)


def run(report: Report, settings: Settings) -> None:
    """Both engines without packets, then the native one with packets."""
    count = settings.count
    report.section("writes", f"Write of {count:,} entries over gRPC, {BATCH} a request")
    files = artifacts.find()
    for series, engine in ((beds.PYTHON, "python"), (beds.NATIVE, "native")):
        if engine == "native" and (why := beds.native_missing()):
            report.skip(series, why)
            return
        report.progress(f"{series} ...")
        with SoftSwitch(files.json, files.p4info, ports=[1, 2], engine=engine) as switch:
            spent = written(switch, count)
        report.add(series, "Write, no packets", spent, "s", at_most(10))
        report.add(series, "Write, no packets", count / spent, "entries/s")
    with SoftSwitch(files.json, files.p4info, ports=[1, 2], engine="native") as switch:
        _while_packets_flow(report, switch, count, settings.seconds)


def _while_packets_flow(report: Report, switch: SoftSwitch, count: int, seconds: float) -> None:
    device = switch.device
    batch = one_path(device)
    worker = traffic.engine_of(device).worker()
    alone = traffic.batch(worker, device, batch, seconds)
    stop = threading.Event()
    bursts: list[tuple[float, float]] = []  # when each began and ended

    def forward() -> None:
        while not stop.is_set():
            begin = time.perf_counter()
            worker.burst(batch, keep=False, rounds=ROUNDS)
            bursts.append((begin, time.perf_counter()))

    marks: list[float] = []
    before = device.stats.transmitted
    thread = threading.Thread(target=forward)
    thread.start()
    try:
        spent = written(switch, count, lambda: marks.append(time.perf_counter()))
    finally:
        stop.set()
        thread.join()
    sent = len(bursts) * ROUNDS * batch.count
    if (left := device.stats.transmitted - before) != sent:
        raise traffic.NothingArrives(f"{sent} packets in, {left} out")
    inside = [end - begin for begin, end in bursts if begin >= marks[0] and end <= marks[1]]
    if not inside:
        report.skip("packets during the Write", "it was over before a burst was; write more entries (--count)")
        return
    meanwhile = len(inside) * ROUNDS * batch.count / sum(inside)
    report.add(beds.NATIVE, "Write while packets flow", spent, "s", at_most(10))
    report.rate(beds.NATIVE, "End, alone", alone)
    report.rate(beds.NATIVE, "End, during the Write", meanwhile)
    report.add(f"{beds.NATIVE}, during the Write / alone", "End", meanwhile / alone, "", at_least(0.5))
