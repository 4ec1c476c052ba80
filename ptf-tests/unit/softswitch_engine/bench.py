# SPDX-License-Identifier: Apache-2.0
"""Packets per second of the engine with the SRv6 program, in memory, one flow.

Run from the top of the repository: ``python ptf-tests/unit/softswitch_engine/bench.py [seconds]``
"""

from __future__ import annotations

import ipaddress
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from softswitch.bmv2json import load_program
from softswitch.device import ActionSpec, Device, Entry, Exact, Lpm

JSON = Path(__file__).resolve().parents[3] / "p4src/build/full.json"
MAC = 0x020000000101


def ipv6(text: str) -> int:
    """An IPv6 address as an integer."""
    return int(ipaddress.IPv6Address(text))


def router() -> Device:
    """One node: ports 1 and 2, an End SID, a route to the rest."""
    device = Device(cpu_port=510)
    device.load(load_program(JSON.read_bytes()))
    insert = device.tables
    for port in (1, 2):
        insert["ingress_port_table"].insert(Entry((Exact(port),), ActionSpec("set_router_interface", (0, MAC, 0, 0))))
    sid = ipv6("fcbb:bb00:1:e000::")
    insert["my_sid_table"].insert(Entry((Exact(0), Lpm(sid, 64)), ActionSpec("end", (1, 0, 0))))
    insert["ipv6_table"].insert(Entry((Exact(0), Lpm(ipv6("fcbb:bb00:1::"), 48)), ActionSpec("local_sid")))
    insert["ipv6_table"].insert(Entry((Exact(0), Lpm(0, 0)), ActionSpec("set_nexthop", (1,))))
    insert["nexthop_table"].insert(Entry((Exact(1),), ActionSpec("set_adjacency", (2, 0, MAC, 0x020000000202, 1500))))
    return device


def end_packet() -> bytes:
    """Ethernet, IPv6 to the SID, SRH with 2 segments and Segments Left 1, UDP with 64 bytes."""
    segments = [ipv6("fcbb:bb00:2:e000::"), ipv6("fcbb:bb00:1:e000::")]
    udp = bytes([0x12, 0x34, 0x00, 0x50, 0, 72, 0, 0]) + bytes(64)
    srh = bytes([17, 4, 4, 1, 1, 0, 0, 0]) + b"".join(s.to_bytes(16, "big") for s in segments)
    header = bytes([0x60, 0, 0, 0]) + (len(srh) + len(udp)).to_bytes(2, "big") + bytes([43, 64])
    addresses = ipv6("2001:db8::1").to_bytes(16, "big") + segments[1].to_bytes(16, "big")
    return MAC.to_bytes(6, "big") + bytes.fromhex("020000000a0a86dd") + header + addresses + srh + udp


def rate(device: Device, frame: bytes, seconds: float) -> float:
    """Packets per second through ``device.process``."""
    sent = []
    device.set_output(lambda port, out: sent.append(port))
    for _ in range(200):
        device.process(1, frame)
    count = 0
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        for _ in range(200):
            device.process(1, frame)
        count += 200
    elapsed = time.perf_counter() - start
    if len(sent) != count + 200:
        raise SystemExit(f"{count + 200} packets in, {len(sent)} out: {device.stats}")
    return count / elapsed


def main() -> None:
    """Print the rates."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    device = router()
    print(f"End: {rate(device, end_packet(), seconds):.0f} packets/s")
    transit = end_packet().replace(
        ipv6("fcbb:bb00:1:e000::").to_bytes(16, "big"), ipv6("2001:db8:9::").to_bytes(16, "big")
    )
    print(f"transit: {rate(device, transit, seconds):.0f} packets/s")
    table = device.tables["my_sid_table"]
    start = time.perf_counter()
    for i in range(20000):
        table.insert(Entry((Exact(1), Lpm(i << 64, 64)), ActionSpec("end", (1, 0, 0))))
    print(f"insert: {20000 / (time.perf_counter() - start):.0f} entries/s")


if __name__ == "__main__":
    main()
