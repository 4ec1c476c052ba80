# SPDX-License-Identifier: Apache-2.0
"""The router of the soak: its node file, the flows through it, and what may become of a packet of each.

Expected packets are built from the RFCs (``harness.wire``), and where they go follows from the `Config` that a node
file was written from, never from the code under test.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from harness import wire
from harness.wire import Part

MAGIC = b"soak"
_TAIL = struct.Struct("!4sHQ")
SENDER_PORT = 1
SENDER = "2001:db8:1::2"
ROUTER = "2001:db8:1::1"
SOURCE = "fcbb:bb00:1::1"
BEYOND = "fcbb:bb00:2::"
DEVICE_ID = 1


class Hop(NamedTuple):
    """A neighbour of the router: address, port, MAC address."""

    address: str
    port: int
    mac: str


#: The numbers of C and D collide in the hash that next hops are numbered by.
HOPS = {
    "A": Hop("2001:db8:2::2", 2, "02:00:00:00:0a:02"),
    "B": Hop("2001:db8:3::2", 3, "02:00:00:00:0b:03"),
    "C": Hop("2001:db8:4::74", 4, "02:00:00:00:0c:04"),
    "D": Hop("2001:db8:4::c9", 4, "02:00:00:00:0d:04"),
}
HOSTS = (Hop(SENDER, SENDER_PORT, "02:00:00:00:01:fe"), *HOPS.values())
PORTS = (1, 2, 3, 4)
#: Permanent SIDs; the numbers of the first two collide, so that counters could be swapped.
STAYING = ("fcbb:bb00:1:3::", "fcbb:bb00:1:ca::")
#: SIDs that come and go.
GUESTS = tuple(f"fcbb:bb00:1:{number:x}::" for number in range(0x100, 0x10C))
CROSS, DECAP = "fcbb:bb00:1:e::", "fcbb:bb00:1:d6::"
#: Prefixes whose next hop changes, and the one with two next hops.
MOVING = tuple(f"2001:db8:f{number}::" for number in range(4))
#: One whose next hop stays, for each next hop: so all of them are asked for, whatever the others do.
FIXED = {name: f"2001:db8:d{number}::" for number, name in enumerate(HOPS)}
SPREAD, STEERED = "2001:db8:e0::", "2001:db8:e1::"
SEGMENTS = ("fcbb:bb00:2:1::", "fcbb:bb00:2:2::")
DROP = "drop"


def port_mac(port: int) -> str:
    """MAC address of the router's port."""
    return f"02:00:00:00:01:{port:02x}"


@dataclass
class Config:
    """What changes in the node file: which guests there are, and where the moving prefixes lead."""

    guests: set[str] = field(default_factory=lambda: set(GUESTS[::2]))
    ways: dict[str, str] = field(default_factory=lambda: dict(zip(MOVING, "ABCD", strict=True)))

    def copy(self) -> Config:
        """One of its own."""
        return Config(set(self.guests), dict(self.ways))

    def text(self) -> str:
        """The node file. SIDs come last, so that a file that is cut short lacks some of them."""
        lines = [
            "node: r1",
            f"device-id: {DEVICE_ID}",
            'locator: "fcbb:bb00:1::/48"',
            f'source: "{SOURCE}"',
            "ports:",
            *(f'  {n}: {{mac: "{port_mac(n)}", addresses: ["2001:db8:{n}::1/64"]}}' for n in PORTS),
            "routes:",
            f'  - {{prefix: "{BEYOND}/48", via: "{HOPS["A"].address}"}}',
            f'  - {{prefix: "{SPREAD}/48", via: ["{HOPS["A"].address}", "{HOPS["B"].address}"]}}',
            *(f'  - {{prefix: "{prefix}/48", via: "{HOPS[way].address}"}}' for way, prefix in FIXED.items()),
            *(f'  - {{prefix: "{prefix}/48", via: "{HOPS[way].address}"}}' for prefix, way in self.ways.items()),
            "policies:",
            f"  - {{name: north, encap: {{mode: encap, flow-label: 0}}, segments: {list(SEGMENTS)}}}".replace("'", '"'),
            "steering:",
            f'  - {{prefix: "{STEERED}/48", policy: north}}',
            "sids:",
            f'  - {{sid: "{CROSS}/64", behavior: End.X, via: "{HOPS["B"].address}"}}',
            f'  - {{sid: "{DECAP}/64", behavior: End.DT6, vrf: default}}',
            *(f'  - {{sid: "{sid}/64", behavior: End}}' for sid in STAYING),
            *(f'  - {{sid: "{sid}/64", behavior: End}}' for sid in sorted(self.guests)),
        ]
        return "\n".join(lines) + "\n"

    def changed(self, rng: random.Random) -> Config:
        """Another one: a moving prefix leads elsewhere, and some guests have come or gone."""
        made = self.copy()
        prefix = rng.choice(MOVING)
        made.ways[prefix] = rng.choice([name for name in HOPS if name != made.ways[prefix]])
        for sid in rng.sample(GUESTS, rng.randint(1, 3)):
            made.guests ^= {sid}
        return made


class Flow(NamedTuple):
    """Packets of a kind, all from the sender: how one is made, what the router makes of it, and which ways it may go
    with a configuration: names of next hops, or `DROP`. ``sid``: the permanent SID that counts it."""

    name: str
    packet: Callable[[bytes], Part]
    result: Callable[[Part], Part]
    ways: Callable[[Config], frozenset[str]]
    sid: str | None = None


def _fixed(*ways: str) -> Callable[[Config], frozenset[str]]:
    found = frozenset(ways)
    return lambda config: found


def _plain(destination: str) -> Callable[[bytes], Part]:
    return lambda data: wire.ip6(SENDER, destination, wire.udp(data))


def _through(sid: str) -> Callable[[bytes], Part]:
    def packet(data: bytes) -> Part:
        return wire.ip6(SENDER, sid, wire.srh(wire.path(sid, f"{BEYOND}99"), sl=1, payload=wire.udp(data)))

    return packet


def _inside(data: bytes) -> Part:
    return wire.ip6(SENDER, DECAP, wire.ip6("2001:db8:77::1", f"{BEYOND}77", wire.udp(data)))


def _encapsulated(packet: Part) -> Part:
    """H.Encaps of a policy of two segments, RFC 8986 5.1: hop limit of the outer header 64, its label 0."""
    inner = wire.unchanged(wire.hop(packet))
    return wire.ip6(SOURCE, SEGMENTS[0], wire.srh(wire.path(*SEGMENTS), sl=1, payload=inner))


def _guest(sid: str) -> Callable[[Config], frozenset[str]]:
    return lambda config: frozenset("A" if sid in config.guests else (DROP,))


def _moving(prefix: str) -> Callable[[Config], frozenset[str]]:
    return lambda config: frozenset(config.ways[prefix])


def _flows() -> Iterator[Flow]:
    for prefix in MOVING:
        yield Flow(f"route {prefix}", _plain(f"{prefix}1"), wire.hop, _moving(prefix))
    for way, prefix in FIXED.items():
        yield Flow(f"route {prefix}", _plain(f"{prefix}1"), wire.hop, _fixed(way))
    yield Flow("two next hops", _plain(f"{SPREAD}1"), wire.hop, _fixed("A", "B"))
    yield Flow("H.Encaps", _plain(f"{STEERED}1"), _encapsulated, _fixed("A"))
    yield Flow("End.X", _through(CROSS), wire.advanced, _fixed("B"), CROSS)
    yield Flow("End.DT6", _inside, lambda packet: wire.hop(packet[40:]), _fixed("A"), DECAP)
    for sid in STAYING:
        yield Flow(f"End {sid}", _through(sid), wire.advanced, _fixed("A"), sid)
    for sid in GUESTS:
        yield Flow(f"End {sid}, comes and goes", _through(sid), wire.advanced, _guest(sid))


FLOWS = tuple(_flows())


def frame(number: int, sequence: int) -> bytes:
    """Probe ``sequence``, of flow ``number``, as it enters the router's port 1. Its last bytes say which it is."""
    packet = FLOWS[number].packet(_TAIL.pack(MAGIC, number, sequence))
    return wire.ether(packet, dst=port_mac(SENDER_PORT), src=HOSTS[0].mac)


def identify(received: bytes) -> tuple[int, int] | None:
    """Flow and sequence of a probe, or of one that is quoted; None for other frames."""
    if len(received) < _TAIL.size:
        return None
    magic, number, sequence = _TAIL.unpack(received[-_TAIL.size :])
    return (number, sequence) if magic == MAGIC and number < len(FLOWS) else None


def outcomes(number: int, sequence: int, ways: frozenset[str]) -> dict[tuple[int, bytes], str]:
    """What may come out, as (port, frame), and by which way."""
    sent = Part(frame(number, sequence)[14:], wire.IPV6)
    made = FLOWS[number].result(sent)
    found = {}
    for way in ways - {DROP}:
        hop = HOPS[way]
        found[hop.port, bytes(wire.ether(made, dst=hop.mac, src=port_mac(hop.port)))] = way
    return found
