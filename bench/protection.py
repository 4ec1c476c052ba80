#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much of a flow is lost when a cable is cut, in milliseconds: for each kind of protection, on softswitch.

    bench/protection.py                  10 000 packets a second, 5 cuts each
    bench/protection.py --rate 1000 --cuts 20

A router with two cables to the same destination and a controller beside it, all in this process. The flow enters at
port 1; what does not leave by port 2 or 3 is lost, but for the frames that the cut cable has taken already.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
import threading
import time
from contextlib import ExitStack
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
for _folder in ("cp", "."):
    sys.path.insert(0, str(ROOT / _folder))

from softswitch.settle import settle  # noqa: E402
from softswitch.switch import SoftSwitch  # noqa: E402
from srv6cp.config import load_node_dict  # noqa: E402
from srv6cp.controller.loop import NodeController  # noqa: E402
from srv6cp.p4rt import Client  # noqa: E402
from srv6cp.packets.ip import udp  # noqa: E402

PREFIX = "2001:db8:99::/64"
PRIMARY, BACKUP = ["fcbb:bb00:2::"], ["fcbb:bb00:3::"]
KINDS: dict[str, dict[str, Any]] = {
    "two next hops": {"routes": [{"prefix": PREFIX, "via": ["2001:db8:2::2", "2001:db8:3::2"]}]},
    "backup of a route (TI-LFA)": {
        "routes": [{"prefix": PREFIX, "via": "2001:db8:2::2", "backup": "north"}],
        "policies": [{"name": "north", "segments": BACKUP}],
    },
    "two segment lists": {
        "policies": [{"name": "north", "segment-lists": [{"segments": PRIMARY}, {"segments": BACKUP}]}],
        "steering": [{"prefix": PREFIX, "policy": "north"}],
    },
    "two candidate paths": {
        "policies": [
            {
                "name": "north",
                "candidate-paths": [{"preference": 200, "segments": PRIMARY}, {"segments": BACKUP}],
            }
        ],
        "steering": [{"prefix": PREFIX, "policy": "north"}],
    },
}


def node(kind: dict[str, Any]) -> dict[str, Any]:
    """A router with a neighbour behind each of its three ports."""
    ways = [{"prefix": f"fcbb:bb00:{port}::/48", "via": f"2001:db8:{port}::2"} for port in (2, 3)]
    return {
        "node": "r1",
        "source": "fcbb:bb00:1::1",
        "ports": {
            port: {"mac": f"02:00:00:00:01:{port:02x}", "addresses": [f"2001:db8:{port}::1/64"]} for port in (1, 2, 3)
        },
        "neighbors": [
            {"address": f"2001:db8:{port}::2", "port": port, "mac": f"02:00:00:00:02:{port:02x}"} for port in (1, 2, 3)
        ],
        **kind,
        "routes": [*ways, *kind.get("routes", [])],
    }


class Flow:
    """Packets of many flows into port 1, ``rate`` a second, until it is stopped."""

    def __init__(self, switch: SoftSwitch, rate: int) -> None:
        head = bytes.fromhex("020000000101 020000000201 86dd")
        source, target = IPv6Address("2001:db8:1::2").packed, IPv6Address("2001:db8:99::9").packed
        self._frames = [head + udp(source, target, 1024 + 7 * index, 53, b"x" * 64) for index in range(64)]
        self._switch, self._rate = switch, rate
        self._end = threading.Event()
        self.sent = self.late = 0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Flow:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        begin = time.perf_counter()
        while not self._end.is_set():
            due = int((time.perf_counter() - begin) * self._rate) - self.sent
            for _ in range(min(due, 64)):
                self._switch.inject(1, self._frames[self.sent % 64])
                self.sent += 1
            self.late = max(self.late, due)
            time.sleep(0.001)


def measure(kind: dict[str, Any], rate: int, cuts: int) -> tuple[list[float], int]:
    """Milliseconds of the flow that each cut has cost, and packets a second that there were."""
    lost = []
    with ExitStack() as stack:
        switch = stack.enter_context(SoftSwitch(ports=[1, 2, 3]))
        counts = {2: 0, 3: 0}

        def count(port: int) -> None:
            def arrived(_frame: bytes) -> None:
                counts[port] += 1

            switch.attach(port, arrived)

        for port in counts:
            count(port)
        client = stack.enter_context(Client(switch.address, device_id=switch.device_id))
        controller = stack.enter_context(NodeController(client, load_node_dict(node(kind))))
        if not settle([switch], [controller]):
            raise SystemExit("the router is not ready")
        rates = []
        for _ in range(cuts):
            before = dict(counts)
            begin = time.perf_counter()
            with Flow(switch, rate) as flow:
                time.sleep(0.5)
                switch.set_port_up(2, False)
                time.sleep(1.0)
            rates.append(flow.sent / (time.perf_counter() - begin))
            settle([switch], [controller])
            arrived = sum(counts[port] - before[port] for port in counts)
            lost.append(1000 * (flow.sent - arrived) / rates[-1])
            switch.set_port_up(2, True)
            settle([switch], [controller])
    return lost, round(statistics.median(rates))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=10_000, help="packets a second")
    parser.add_argument("--cuts", type=int, default=5, help="of each kind")
    args = parser.parse_args()
    logging.disable(logging.WARNING)  # links that go down are what it is about
    print(f"{'protection':28}  packets/s  lost, ms: median  worst")
    for name, kind in KINDS.items():
        lost, rate = measure(kind, args.rate, args.cuts)
        print(f"{name:28}  {rate:9}  {statistics.median(lost):16.1f}  {max(lost):5.1f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
