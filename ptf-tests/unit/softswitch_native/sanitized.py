# SPDX-License-Identifier: Apache-2.0
"""Run by test_native.py with the sanitizers' runtime loaded: ``sanitized.py OPTIONS srv6|small``.

The SRv6 program, or the small ones, with mutated packets, then ``no error``.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from softswitch.bmv2json import UnsupportedProgram, load_program  # noqa: E402
from softswitch.device import ActionSpec, Device, Entry, Exact, Lpm  # noqa: E402
from softswitch.engine.native.engine import Batch, NativeEngine  # noqa: E402

PROGRAMS = ROOT / "ptf-tests/unit/softswitch_engine/programs"
#: They do nothing without a controller's entries.
IDLE = ("matching", "shared")
SRV6 = ROOT / "p4src/build/full.json"
MAC = 0x020000000101
SID = 0xFCBBBB000001E0000000000000000000


def mutations(rng: random.Random, seeds: list[bytes], count: int) -> list[bytes]:
    """Seeds with bytes changed, cut short or extended."""
    result = []
    for _ in range(count):
        frame = bytearray(rng.choice(seeds))
        for _ in range(rng.randint(0, 3)):
            if frame:
                frame[rng.randrange(len(frame))] = rng.choice([0, 1, 2, 4, 41, 43, 0x7F, 0xFF, rng.getrandbits(8)])
        if rng.random() < 0.3:
            frame = frame[: rng.randint(0, len(frame))]
        if rng.random() < 0.1:
            frame += rng.randbytes(rng.randint(0, 2000))
        result.append(bytes(frame))
    return result


def srv6_seeds() -> list[bytes]:
    """An End packet and plain IPv6 and IPv4."""
    head = MAC.to_bytes(6, "big") + bytes.fromhex("020000000a0a")
    source = bytes.fromhex("20010db8000000000000000000000001")
    sid = SID.to_bytes(16, "big")
    srh = bytes([4, 4, 4, 1, 1, 0, 0, 0]) + source + sid
    inner = bytes.fromhex("4500001c0001000040110000") + bytes([10, 0, 0, 1, 10, 0, 0, 2]) + bytes(8)
    ipv6 = bytes.fromhex("60000000") + (len(srh) + len(inner)).to_bytes(2, "big") + bytes([43, 64]) + source + sid
    plain = bytes.fromhex("60000000000811ff") + source + source + bytes(8)
    return [head + b"\x86\xdd" + ipv6 + srh + inner, head + b"\x86\xdd" + plain, head + b"\x08\x00" + inner]


def router(device: Device) -> None:
    """Entries that carry the seeds some way."""
    tables = device.tables
    tables["ingress_port_table"].insert(Entry((Exact(1),), ActionSpec("set_router_interface", (0, MAC, 0, 7))))
    tables["my_sid_table"].insert(Entry((Exact(0), Lpm(SID, 64)), ActionSpec("end", (1, 7, 0))))
    tables["ipv6_table"].insert(Entry((Exact(0), Lpm(SID, 64)), ActionSpec("local_sid")))
    tables["ipv6_table"].insert(Entry((Exact(0), Lpm(0, 0)), ActionSpec("set_nexthop", (1,))))
    tables["ipv4_table"].insert(Entry((Exact(0), Lpm(0, 0)), ActionSpec("set_nexthop", (1,))))
    tables["nexthop_table"].insert(Entry((Exact(1),), ActionSpec("set_adjacency", (2, 0, MAC, MAC, 1500))))
    device.pre.set_clone_session(1, [(510, 0)])


def run(path: Path, rng: random.Random) -> None:
    """A program with mutated packets, one by one and in bursts; one that the engine refuses by name is left out."""
    device = Device(cpu_port=510, engine="native")
    try:
        device.load(load_program(path.read_bytes()))
    except UnsupportedProgram:
        return
    device.pre.set_multicast_group(1, [(1, 7), (2, 7)])
    device.pre.set_clone_session(5, [(4, 11)])
    if path is SRV6:
        router(device)
        seeds = srv6_seeds()
    else:
        seeds = [bytes([op, *(rng.randrange(13) for _ in range(30))]) for op in range(32)]
    for frame in mutations(rng, seeds, 2000):
        device.process(1, frame)
    worker = device.engine.worker()  # type: ignore[attr-defined]
    worker.burst(Batch([(1, frame) for frame in mutations(rng, seeds, 4000)]))
    device.clear()
    device.process(1, seeds[0])


def main(options: str, part: str) -> None:
    """Run everything; options under which every lookup of a burst gives way."""
    os.environ.pop("LD_PRELOAD", None)  # it would slow the compiler down
    forced = ("-DLARGE_TABLE=0", "-DLARGE_GROUP=0", "-DLANES=5")
    NativeEngine.__init__.__defaults__ = ((*options.split(), *forced),)  # type: ignore[attr-defined]
    rng = random.Random(7)
    small = [path for path in sorted(PROGRAMS.glob("*.json")) if path.stem not in IDLE]
    for path in [SRV6] if part == "srv6" else small:
        run(path, rng)
    print("no error")


if __name__ == "__main__":
    main(*sys.argv[1:])
