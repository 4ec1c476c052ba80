# SPDX-License-Identifier: Apache-2.0
"""Random packets for the node of ``diff.node``: valid ones, odd ones, and mutations of both. Same seed, same
packets, and any of them without those before its block.

What is drawn leans towards the places where a router can go wrong: hop limits 0, 1 and 2, Segments Left
around Last Entry, header lengths that lie, headers cut short, own SIDs in a row, 127 segments.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_network

from diff import node
from harness import defaults, wire
from harness.wire import Frame, Part

LONGEST = 4000  # bytes of a generated frame

# The shortest frames, untagged and tagged: what a Linux interface takes (it drops tagged frames of which it cannot
# read the inner type); whole Ethernet headers (with less, the program hashes fields that nothing has set); anything.
INTERFACE, ETHERNET, ANY = (15, 20), (14, 14), (1, 1)

BLOCK = 500  # cases that share a state of the random generator
PORT_WEIGHTS = (8, 4, 4, 2, 3, 2, 0.2, 3)  # port 7 takes nothing in: an exit of End.DX2


@dataclass(frozen=True)
class Case:
    """A frame for a port of the switch."""

    number: int
    port: int
    frame: bytes


class Generator:
    """An endless, reproducible sequence of cases."""

    def __init__(self, seed: int, shortest: tuple[int, int] = INTERFACE) -> None:
        """``shortest``: what frames are padded to, untagged and tagged."""
        self.seed = seed
        self.random = random.Random(seed)
        self.shortest = shortest
        self.own_sids = [str(IPv6Address(entry["sid"].split("/")[0])) for entry in node.sids()]

    def cases(self, count: int, start: int = 0) -> Iterator[Case]:
        """``count`` cases from number ``start`` on."""
        blocks = (self._block(number) for number in itertools.count(start // BLOCK))
        return itertools.islice(itertools.chain.from_iterable(blocks), start % BLOCK, start % BLOCK + count)

    def _block(self, block: int) -> Iterator[Case]:
        self.random.seed(f"{self.seed}/{block}")
        for number in range(block * BLOCK, (block + 1) * BLOCK):
            port = self.random.choices(defaults.PORTS, PORT_WEIGHTS)[0]
            frame = self._frame(port)
            if self._often(0.25):
                frame = self._mutated(frame)
            yield Case(number, port, self._fitting(bytes(frame[:LONGEST])))

    def _fitting(self, frame: bytes) -> bytes:
        return frame.ljust(self.shortest[frame[12:14] in (b"\x81\x00", b"\x88\xa8")], b"\0")

    # --- choices
    # ------------------------------------------------------------------------------------------------

    def _often(self, probability: float) -> bool:
        return self.random.random() < probability

    def _one(self, *weighted: tuple[float, Callable[[], Part]]) -> Part:
        weights, makers = zip(*weighted, strict=True)
        return self.random.choices(makers, weights)[0]()

    def _byte(self) -> int:
        return self.random.randrange(256)

    def _bytes(self, longest: int) -> bytes:
        return self.random.randbytes(self.random.randint(0, longest))

    def _hop_limit(self) -> int:
        return self.random.choice((64, 64, 64, 64, 255, 2, 1, 1, 0, self._byte()))

    def _host6(self, prefix: str) -> str:
        network = ip_network(prefix)
        return str(network[self.random.choice((0, 1, 2, 0x99, self.random.getrandbits(16)))])

    def _host4(self, prefix: str) -> str:
        network = ip_network(prefix)
        return str(network[self.random.randrange(network.num_addresses)])

    def _source6(self) -> str:
        return self.random.choice(
            (
                *["2001:db8:1::2"] * 12,
                *["fcbb:bb00:9::9"] * 6,
                *["2001:db8:3::2"] * 6,  # behind the external port
                "2001:100::1",
                "fcbb:bb00:1::1",
                "2001:db9::1",
                "::",
                "fe80::1",
                "ff02::1",
                "::1",
                str(IPv6Address(self.random.getrandbits(128))),
            )
        )

    def _target6(self) -> str:
        """A destination: own SIDs and what leads somewhere most of the time."""
        pick = self.random.random()
        if pick < 0.45:
            return self._sid()
        if pick < 0.65:
            return self._host6(self.random.choice(list(node.STEERED6)))
        if pick < 0.85:
            return self._host6(
                self.random.choice(
                    (
                        "2001:db8:f0::/48",
                        "2001:db8:f1::/48",
                        "2001:db8:dead::/48",
                        "fcbb:bb00:12::/48",
                        "fcbb:bb00:44::/48",
                        "2001:db8:2::/64",
                        "2001:db8:4::/64",
                    )
                )
            )
        return self.random.choice(
            (
                "2001:db8:1::1",
                "2001:db8:5::1",
                "2001:db8:8100::1",
                "fcbb:bb00:1::1",
                "fcbb:bb00:1:ffff::",
                "2001:db8:2::77",
                "ff02::1",
                "ff02::1:ff00:1",
                "fe80::1",
                "::",
                "::1",
                "2001:dead::1",
                str(IPv6Address(self.random.getrandbits(128))),
            )
        )

    def _sid(self) -> str:
        sid = int(IPv6Address(self.random.choice(self.own_sids)))
        if self._often(0.1):
            sid |= self.random.getrandbits(64)  # argument bits
        return str(IPv6Address(sid))

    def _target4(self) -> str:
        pick = self.random.random()
        if pick < 0.4:
            return self._host4(self.random.choice(list(node.STEERED4)))
        if pick < 0.85:
            return self._host4(
                self.random.choice(
                    ("192.168.0.0/16", "192.168.4.0/24", "192.168.66.0/24", "10.0.2.0/29", "10.8.100.0/29")
                )
            )
        return self.random.choice(
            ("10.0.1.1", "10.8.200.1", "224.0.0.1", "255.255.255.255", "127.0.0.1", "0.0.0.0", "8.8.8.8")
        )

    # --- packets
    # --------------------------------------------------------------------------------------------------

    def _upper(self, depth: int = 0) -> Part:
        return self._one(
            (4, lambda: wire.udp(self._bytes(40), self._port(), self._port())),
            (2, lambda: wire.tcp(self._bytes(40), self._port(), self._port())),
            (
                2,
                lambda: wire.icmp6(
                    self.random.choice((128, 129, 1, 3, 135, 136, 137)), 0, self._bytes(48), between=None
                ),
            ),
            (3 if depth < 2 else 0, lambda: self._ip6(depth + 1)),
            (3 if depth < 2 else 0, lambda: self._ip4(depth + 1)),
            (2 if depth < 2 else 0, lambda: self._inner_frame(depth + 1)),
            (0.5, lambda: Part(self._bytes(60), self._byte())),
            (0.5, lambda: Part(b"", wire.NO_NEXT)),
            (0.3, lambda: wire.udp(bytes(self.random.choice((1200, 1232, 1400, 1460, 2000))))),
        )

    def _port(self) -> int:
        return self.random.choice((53, 123, 80, 443, 1234, self.random.randrange(65536)))

    def _inner_frame(self, depth: int) -> Part:
        macs = {"dst": "02:00:00:00:0a:01", "src": "02:00:00:00:0b:01"}
        return self._one(
            (3, lambda: wire.ether(self._ip6(depth), **macs)),
            (1, lambda: wire.ether(self._ip4(depth), vlan=self.random.randrange(4096), **macs)),
            (1, lambda: Frame(self._bytes(80))),
        )

    def _extensions(self, payload: Part) -> Part:
        for _ in range(self.random.choices((0, 1, 2, 4, 5, 6), (66, 18, 8, 3, 3, 2))[0]):
            payload = self._extension(payload)
        return payload

    def _extension(self, payload: Part) -> Part:
        lying = bytes((payload.proto, self._byte())) + self.random.randbytes(6)
        offset, more = self.random.choice((0, 0, 1, 185)), self._often(0.5)
        return self._one(
            (3, lambda: wire.hbh(payload, self._options())),
            (3, lambda: wire.dstopt(payload, self._options())),
            (1, lambda: wire.fragment(payload, offset=offset, more=more, ident=7)),
            (0.4, lambda: wire.auth(payload)),
            (1, lambda: Part(lying + payload, wire.DEST_OPTIONS)),
        )

    def _options(self) -> bytes:
        """Mostly options that whoever does not know them skips."""
        skipped = bytes((0x1E, 2, 0, 0))
        return self.random.choice((b"", b"", skipped, skipped * 3, wire.PAD1 * 3, self._bytes(20), self._bytes(20)))

    def _traffic_class(self) -> int:
        return self.random.choice((0, 0, 1, 2, 3, 3, self._byte(), self._byte()))

    def _segment_count(self) -> int:
        return self.random.choices(
            (0, 1, 2, 3, 4, 5, 16, 17, 127, self.random.randint(0, 127)), (2, 20, 25, 20, 10, 5, 3, 3, 2, 3)
        )[0]

    def _srh(self, payload: Part) -> tuple[Part, str | None]:
        """An SRH and the segment that it makes active, None when its Segments Left names none."""
        count = self._segment_count()
        segments = [self._target6() for _ in range(count)]
        if segments and self._often(0.5):
            segments = [self._sid() if self._often(0.6) else s for s in segments]
        left = self.random.choices(
            (0, 1, max(count - 1, 0), count, count + 1, min(count // 2, 255), self._byte()),
            (20, 25, 30, 10, 5, 9, 1),
        )[0]
        wrong: dict[str, int] = {}
        if self._often(0.04):
            wrong["le"] = self.random.choice((0, max(count - 2, 0), count, 255, self._byte()))
        if self._often(0.04):
            wrong["hel"] = self.random.choice((0, 1, max(2 * count - 1, 0), (2 * count + 1) & 255, 255, self._byte()))
        if self._often(0.03):
            wrong["rtype"] = self.random.choice((0, 2, 3, 5, 253))
        if self._often(0.02):
            wrong["nh"] = self._byte()
        tlvs = b""
        if self._often(0.15) and count < 120:
            tlvs = self.random.choice(
                (
                    wire.PAD1 * 8,
                    wire.padn(7) + wire.PAD1,
                    wire.tlv(10, bytes(6)),
                    wire.hmac_tlv(7, bytes(32)),
                    self.random.randbytes(8),
                    self.random.randbytes(24),
                )
            )
        header = wire.srh(
            segments,
            sl=left,
            payload=payload,
            flags=self.random.choice((0, 0, 0x20, self._byte())),
            tag=self.random.choice((0, 0xABCD)),
            tlvs=tlvs,
            **wrong,
        )
        active = segments[left] if left < count else (segments[-1] if count and left == count else None)
        return header, str(active) if active else None

    def _ip6(self, depth: int = 0) -> Part:
        target = self._target6()
        payload = self._extensions(self._upper(depth))
        for _ in range(self.random.choices((0, 1, 2), (35, 58, 7))[0]):
            payload, active = self._srh(payload)
            if active is not None and self._often(0.8):
                target = active
            payload = self._extensions(payload) if self._often(0.3) else payload
        wrong = {}
        if self._often(0.03):
            wrong["plen"] = self.random.choice((0, 1, len(payload) - 1 & 0xFFFF, len(payload) + 1, 65535))
        if self._often(0.01):
            wrong["version"] = self.random.randrange(16)
        return wire.ip6(
            self._source6(),
            target,
            payload,
            hl=self._hop_limit(),
            tc=self._traffic_class(),
            fl=self.random.choice((0, 0xABCDE, self.random.getrandbits(20))),
            **wrong,
        )

    def _ip4(self, depth: int = 0) -> Part:
        wrong: dict[str, int] = {}
        if self._often(0.05):
            wrong["csum"] = self.random.randrange(65536)
        if self._often(0.03):
            wrong["total"] = self.random.choice((0, 19, 20, 65535))
        if self._often(0.02):
            wrong["ihl"] = self.random.randrange(16)
        if self._often(0.01):
            wrong["version"] = self.random.randrange(16)
        payload = self._upper(depth + 1) if self._often(0.2) else wire.udp(self._bytes(60), self._port(), self._port())
        if self._often(0.1):
            payload = wire.udp(bytes(self.random.choice((1200, 1300, 1400, 1472))))
        source = self.random.choice(("10.0.1.2", "10.0.1.2", "192.168.9.9", "0.0.0.0", "127.0.0.1", "224.0.0.9"))
        return wire.ip4(
            source,
            self._target4(),
            payload,
            ttl=self._hop_limit(),
            tos=self._traffic_class(),
            ident=self.random.randrange(65536),
            df=self._often(0.5),
            mf=self._often(0.05),
            offset=5 if self._often(0.05) else 0,
            options=b"\x01\x01\x01\x00" if self._often(0.05) else b"",
            **wrong,
        )

    def _frame(self, port: int) -> Frame:
        destination = defaults.port_mac(port)
        if self._often(0.03):
            destination = self.random.choice(
                ("02:00:00:00:01:77", "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "01:00:5e:00:00:01")
            )
        macs = {"dst": destination, "src": defaults.neighbor_mac(port)}
        vlan: int | tuple[int, ...] = ()
        if self._often(0.5 if port == 8 else 0.03):
            vlan = self.random.choice((100, 200, 100 | 0xE000, 300, 0, (100, 100), 0x5000))
        if self._often(0.02):
            body = self.random.choice(
                (
                    wire.arp(
                        1,
                        defaults.neighbor_mac(port),
                        f"10.0.{port}.2",
                        "00:00:00:00:00:00",
                        f"10.0.{port}.1",
                    ),
                    self._bytes(60),
                )
            )
            return wire.ether(
                body,
                vlan=vlan,
                ethertype=self.random.choice((0x0806, 0x8847, 0x88CC, 0x0100, 0x86DD, 0x0800)),
                **macs,
            )
        packet = self._ip6() if self._often(0.8) else self._ip4()
        return wire.ether(packet, vlan=vlan, **macs)

    # --- mutations
    # ------------------------------------------------------------------------------------------------

    def _mutated(self, frame: Frame) -> bytes:
        data = bytearray(frame)
        kind = self.random.randrange(6)
        shortest = min(14, self.shortest[0])
        if kind == 0 and len(data) > shortest:
            del data[self.random.randint(shortest, len(data)) :]
        elif kind == 1:
            data += self._bytes(64)
        elif kind == 2:  # a header byte: the first 64 behind Ethernet
            at = min(14 + self.random.randrange(64), len(data) - 1)
            data[at] ^= 1 << self.random.randrange(8)
        elif kind == 3:
            for _ in range(self.random.randint(1, 4)):
                data[self.random.randrange(12, len(data))] = self._byte()
        elif kind == 4 and len(data) > 60:
            start = self.random.randrange(14, len(data) - 16)
            del data[start : start + self.random.randint(1, 16)]
        else:
            at = self.random.randrange(14, len(data) + 1)
            data[at:at] = self._bytes(16)
        return bytes(data)
