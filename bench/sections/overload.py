# SPDX-License-Identifier: Apache-2.0
"""What a flood at one port costs hosts behind another: pings of the router that are lost, and how long they take."""

from __future__ import annotations

import itertools
import random

import beds
import cases
from report import Report, at_most
from settings import Settings

from harness import defaults, wire
from srv6cp import artifacts
from srv6cp.config import load_node_dict
from srv6cp.controller.loop import NodeController
from srv6cp.p4rt import Client

FLOOD_RATE = 10_000
PING_RATE = 50
_FRAMES = 4096
_IDENTIFIERS = itertools.count(1)  # late answers to another measurement do not count
_FLOODER, _OTHER = beds.PORTS
_ROUTER = "2001:db8:{}::1"


def run(report: Report, settings: Settings) -> None:
    """Both switches, each with a controller of its own process's; quiet, then under each flood."""
    report.section("overload", f"Pings at one port, {FLOOD_RATE:,} packets/s at another")
    if why := beds.interfaces_missing():
        report.skip("overload", why)
        return
    for name, missing in ((beds.NATIVE, beds.native_missing()), (beds.BMV2, beds.bmv2_missing())):
        if missing:
            report.skip(name, missing)
            continue
        switch = beds.bmv2() if name == beds.BMV2 else beds.softswitch("native")
        try:
            node = load_node_dict(defaults.node({**cases.node(), "icmp": {}}, switch))
            with Client(switch.address, device_id=switch.device_id) as client:
                client.connect(wait=True)
                with NodeController(client, node, program=artifacts.find()):
                    for flood, frames in _floods().items():
                        _measure(report, settings, name, switch, flood, frames)
        finally:
            switch.close()


def _measure(
    report: Report, settings: Settings, name: str, switch: beds.Switch, flood: str, frames: list[bytes]
) -> None:
    seconds = max(settings.seconds, 2.0)
    flooder = beds.host(switch, "flood", _FLOODER, seconds + 1, FLOOD_RATE, frames) if frames else None
    result = beds.result(beds.host(switch, "ping", _OTHER, seconds, PING_RATE, [_ping(next(_IDENTIFIERS))]))
    if flooder is not None:
        done = beds.result(flooder)
        report.add(name, f"{flood}: sent", done["sent"] / done["seconds"], "packets/s")
    times = sorted(result["milliseconds"])
    lost = 100 * (1 - len(times) / result["sent"])
    report.add(name, f"{flood}: pings lost", lost, "%", at_most(1))
    if times:
        report.add(name, f"{flood}: half of the pings within", times[len(times) // 2], "ms")
        report.add(name, f"{flood}: 99 of 100 pings within", times[len(times) * 99 // 100], "ms", at_most(50))


def _floods() -> dict[str, list[bytes]]:
    """Frames of each flood, from sources that are different but the same in each run."""
    draw = random.Random(1)

    def sources() -> list[tuple[str, str]]:
        return [
            (
                f"2001:db8:{_FLOODER}::{draw.getrandbits(16):x}:{draw.getrandbits(16):x}",
                f"02:{draw.randbytes(5).hex(':')}",
            )
            for _ in range(_FRAMES)
        ]

    own, router = defaults.port_mac(_FLOODER), _ROUTER.format(_FLOODER)
    return {
        "quiet": [],
        "neighbour solicitations": [
            wire.ether(_solicitation(source, router, mac), dst="33:33:ff:00:00:01", src=mac)
            for source, mac in sources()
        ],
        "pings": [
            wire.ether(wire.ip6(source, router, wire.echo_request(source, router)), dst=own, src=mac)
            for source, mac in sources()
        ],
        "packets that are answered by errors": [
            wire.ether(
                wire.ip6(source, "2001:db8:f::1", wire.echo_request(source, "2001:db8:f::1"), hl=1), dst=own, src=mac
            )
            for source, mac in sources()
        ],
        "packets to hosts that are not there": [
            wire.ether(
                wire.ip6(router[:-1] + "2", source, wire.echo_request(router[:-1] + "2", source)), dst=own, src=mac
            )
            for source, mac in sources()
        ],
    }


def _solicitation(source: str, target: str, mac: str) -> wire.Part:
    group = "ff02::1:ff00:1"
    body = bytes(4) + wire.v6(target) + b"\x01\x01" + wire.mac(mac)
    return wire.ip6(source, group, wire.icmp6(135, 0, body, between=(source, group)), hl=255)


def _ping(ident: int) -> bytes:
    host, router = f"2001:db8:{_OTHER}::2", _ROUTER.format(_OTHER)
    packet = wire.ip6(host, router, wire.echo_request(host, router, ident=ident, data=b"ping\0\0"))
    return wire.ether(packet, dst=defaults.port_mac(_OTHER), src=defaults.neighbor_mac(_OTHER))
