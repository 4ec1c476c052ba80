# SPDX-License-Identifier: Apache-2.0
"""How fast a bridge domain learns: frames from new addresses to a known one, until all of them are in the tables.

What is sent is to leave by the other port meanwhile: what is lost of it is what learning costs the forwarding.
"""

from __future__ import annotations

import time
from typing import Any

import beds
from report import Report, at_least, at_most
from settings import Settings

from harness import wire
from srv6cp import artifacts
from srv6cp.config import load_node_dict
from srv6cp.controller.loop import NodeController
from srv6cp.p4rt import Client

ADDRESSES = 40_000
#: Frames a second: more than the bar asks for; of BMv2, which forwards fewer, a part.
RATE, BMV2_RATE = 12_000, 3_000
_FROM, _TO = beds.PORTS
_KNOWN = "02:aa:00:00:00:01"
_LONGEST = 60.0


def run(report: Report, _: Settings) -> None:
    """Both switches, each with a controller in this process."""
    report.section("learning", f"New MAC addresses in a bridge domain: {RATE:,} a second, BMv2 {BMV2_RATE:,}")
    if why := beds.interfaces_missing():
        report.skip("learning", why)
        return
    for name, missing in ((beds.NATIVE, beds.native_missing()), (beds.BMV2, beds.bmv2_missing())):
        if missing:
            report.skip(name, missing)
            continue
        switch = beds.bmv2() if name == beds.BMV2 else beds.softswitch("native")
        try:
            with Client(switch.address, device_id=switch.device_id) as client:
                client.connect(wait=True)
                with NodeController(client, load_node_dict(_node(switch)), program=artifacts.find()) as controller:
                    _measure(report, name, switch, controller)
        finally:
            switch.close()


def _node(switch: beds.Switch) -> dict[str, Any]:
    circuits = [{"port": port} for port in beds.PORTS]
    static = [{"mac": _KNOWN, "at": _TO}]
    return {
        "node": "r1",
        "device-id": switch.device_id,
        "ports": {port: {"mode": "l2", "mtu": 1500} for port in beds.PORTS},
        "bridges": [{"name": "lan", "circuits": circuits, "static": static, "limit": 65536}],
    }


def _measure(report: Report, name: str, switch: beds.Switch, controller: NodeController) -> None:
    rate = RATE if name == beds.NATIVE else BMV2_RATE
    addresses = ADDRESSES * rate // RATE
    seconds = addresses / rate
    counter = beds.host(switch, "count", _TO, seconds + 2, 0, [])
    assert counter.stdout is not None and counter.stdout.readline().strip() == "ready"
    frames = [wire.ether(b"new", dst=_KNOWN, src=f"02:00:00:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}",
                         ethertype=0x88B5) for n in range(addresses)]  # fmt: skip
    sender = beds.host(switch, "flood", _FROM, seconds, rate, [bytes(frame).ljust(60, b"\0") for frame in frames])
    begin = end = time.monotonic()
    used, switch_used = time.process_time(), switch.processor_time()
    learned = before = 0
    while learned < addresses and time.monotonic() - end < _LONGEST / 10 and time.monotonic() - begin < _LONGEST:
        learned = controller.learned
        if learned != before:
            if not before:
                begin = time.monotonic()
            before, end = learned, time.monotonic()
        time.sleep(0.05)
    used, switch_used = time.process_time() - used, switch.processor_time() - switch_used
    sent = beds.result(sender)["sent"]
    arrived = beds.result(counter)["frames"]
    bar = at_least(10_000) if name == beds.NATIVE else None
    report.add(name, "new addresses", learned / (end - begin) if end > begin else 0.0, "addresses/s", bar)
    report.add(name, "processor time of the controller", 1e6 * used / max(1, learned), "us/address")
    report.add(name, "processor time of the switch", 1e6 * switch_used / max(1, learned), "us/address")
    report.add(name, "of what was sent learned", 100 * learned / min(sent, addresses), "%", at_least(100))
    report.add(name, "frames lost meanwhile", 100 * (1 - arrived / sent), "%", at_most(1))
