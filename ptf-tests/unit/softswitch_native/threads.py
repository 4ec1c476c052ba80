# SPDX-License-Identifier: Apache-2.0
"""Run by test_native.py with the thread sanitizer's runtime loaded: ``threads.py OPTIONS``.

Traffic in two threads while everything that a controller can write is inserted, modified and deleted, then
``no error``.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from softswitch.bmv2json import load_program  # noqa: E402
from softswitch.device import ActionSpec, Device, Entry, Exact, GroupRef, Lpm  # noqa: E402
from softswitch.engine.native.engine import Batch, NativeEngine, Worker  # noqa: E402

SRV6 = ROOT / "p4src/build/full.json"
EXTERNS = ROOT / "ptf-tests/unit/softswitch_engine/programs/externs.json"
MAC = 0x020000000101
SIDS, ROUTES = 0xFCBB << 112, 0x3FFF << 112
TURNS = 60


def worker(device: Device) -> Worker:
    """A worker of the device's native engine."""
    assert isinstance(device.engine, NativeEngine)
    return device.engine.worker()


def end_frame(number: int) -> bytes:
    """A packet to one of many SIDs whose next segment is one of many routes."""
    sid, target = SIDS | number << 64, ROUTES | number << 64
    segments = b"".join(a.to_bytes(16, "big") for a in (target, sid))
    srh = bytes([17, 4, 4, 1, 1, 0, 0, 0]) + segments
    head = bytes.fromhex("60000000") + (len(srh) + 8).to_bytes(2, "big") + bytes([43, 64])
    source = (0x20010DB8 << 96 | 1).to_bytes(16, "big")
    ethernet = MAC.to_bytes(6, "big") + bytes.fromhex("020000000a0a86dd")
    return ethernet + head + source + sid.to_bytes(16, "big") + srh + bytes([0, 1, 0, 2, 0, 8, 0, 0])


class Traffic:
    """Threads that run a batch again and again."""

    def __init__(self, device: Device, batch: Batch) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(worker(device), batch)) for _ in range(2)]
        self.rounds = [0]

    def _run(self, own: Worker, batch: Batch) -> None:
        while not self._stop.is_set():
            own.burst(batch)
            own.burst(batch, keep=False, rounds=4)
            self.rounds[0] += 1

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        assert self.rounds[0]


def srv6() -> None:
    """Routes, SIDs, classifiers and groups of next hops come and go under packets that look for them."""
    device = Device(cpu_port=510, engine="native")
    device.load(load_program(SRV6.read_bytes()))
    tables, rng = device.tables, random.Random(1)
    tables["ingress_port_table"].insert(Entry((Exact(1),), ActionSpec("set_router_interface", (0, MAC, 0, 7))))
    tables["ipv6_table"].insert(Entry((Exact(0), Lpm(SIDS, 16)), ActionSpec("local_sid")))
    tables["ipv6_table"].insert(Entry((Exact(0), Lpm(0, 0)), ActionSpec("set_nexthop", (1,))))
    adjacency = ActionSpec("set_adjacency", (2, 0, MAC, MAC, 1500))
    tables["nexthop_table"].insert(Entry((Exact(1),), adjacency))
    tables["nexthop_table"].insert(Entry((Exact(2),), ActionSpec("set_nexthop_group", (1, 0))))
    selector = next(name for name in device.profiles if "nexthop" in name)
    profile, groups = device.profiles[selector], tables["nexthop_group_table"]
    for member in (1, 2, 3):
        profile.add_member(member, adjacency)
    profile.add_group(1, 8)
    profile.set_group_members(1, [(1, 1)])
    groups.insert(Entry((Exact(1),), GroupRef(1)))
    present: list[int] = []
    with Traffic(device, Batch([(1, end_frame(n)) for n in range(256)])):
        for turn in range(TURNS):
            for _ in range(8):
                number = rng.randrange(256)
                sid, route = (Exact(0), Lpm(SIDS | number << 64, 64)), (Exact(0), Lpm(ROUTES | number << 64, 64))
                if number in present:
                    present.remove(number)
                    tables["my_sid_table"].delete(sid)
                    tables["ipv6_table"].delete(route)
                else:
                    present.append(number)
                    tables["my_sid_table"].insert(Entry(sid, ActionSpec("end", (number + 1, 7, 0))))
                    tables["ipv6_table"].insert(Entry(route, ActionSpec("set_nexthop", (1 + number % 2,))))
                    tables["ipv6_table"].modify(Entry(route, ActionSpec("set_nexthop", (2 - number % 2,))))
            profile.modify_member(2, ActionSpec("set_adjacency", (turn % 8, 0, MAC, MAC, 1500)))
            profile.set_group_members(1, [(rng.randint(1, 3), rng.randint(1, 3))])
            device.pre.set_clone_session(1, [(510, turn)])
            device.pre.set_multicast_group(1 + turn % 3, [(1, turn), (2, turn)])
            device.meters["port_punt_meter"].set_rates(16 + turn % 16, ((1e3, 5), (1e4, 9)))
            if turn % 20 == 19:
                tables["my_sid_table"].clear()
                for number in present:
                    tables["ipv6_table"].delete((Exact(0), Lpm(ROUTES | number << 64, 64)))
                present.clear()
            device.counters["my_sid_counter"].read(1 + turn % 256)


def externs() -> None:
    """Rows with direct meters, members and groups come and go under packets that use them."""
    device = Device(cpu_port=510, engine="native")
    device.load(load_program(EXTERNS.read_bytes()))
    aged, rng = device.tables["ingress.aged"], random.Random(2)
    keys = [(Exact(number),) for number in range(8)]
    frames = [(1, bytes([rng.randrange(8) for _ in range(30)])) for _ in range(256)]
    with Traffic(device, Batch(frames)):
        for turn in range(TURNS):
            key = keys[turn % 8]
            aged.insert(Entry(key, ActionSpec("ingress.metered")))
            aged.set_meter(key, ((1e3, 5), (1e4, 9)))
            aged.modify(Entry(key, ActionSpec("NoAction")))
            aged.set_meter(key, None)
            if turn % 3:
                aged.set_meter(key, ((1e3, 5), (1e4, 9)))
            aged.delete(key)
            for registers in device.registers.values():
                registers.read(turn % registers.size)
            for meters in device.meters.values():
                meters.set_rates(turn % meters.size, ((1e3, 5), (1e4, 9)))


def main(options: str) -> None:
    """Run everything; options under which every lookup of a burst gives way."""
    os.environ.pop("LD_PRELOAD", None)  # it would slow the compiler down
    forced = ("-DLARGE_TABLE=0", "-DLARGE_GROUP=0", "-DLANES=5")
    NativeEngine.__init__.__defaults__ = ((*options.split(), *forced),)  # type: ignore[attr-defined]
    srv6()
    externs()
    print("no error")


if __name__ == "__main__":
    main(*sys.argv[1:])
