# SPDX-License-Identifier: Apache-2.0
"""What random packets are made of: addresses that lead somewhere, headers that are right most of the time.

What is drawn leans towards the places where a router can go wrong: hop limits 0, 1 and 2, Segments Left
around Last Entry, header lengths that lie, headers cut short, own SIDs in a row, 127 segments.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network, ip_network
from typing import Any

from harness import defaults, wire
from harness.wire import Frame, Part


@dataclass(frozen=True)
class Family:
    """What a family of the program adds to the node of the random runs, and to their packets.

    ``needs``: tables of the program, or a table and its action, without which the profile has it not. ``config``: of
    the node file; lists are appended to those of other families, ports and VLANs merged. ``address`` draws a
    destination or segment that leads to it, ``frame`` a whole frame for a port.
    """

    needs: Sequence[tuple[str, str | None]]
    config: Mapping[str, Any] = field(default_factory=dict)
    address: Callable[[Draw], str] | None = None
    frame: Callable[[Draw, int], Frame] | None = None


class Draw:
    """Random choices for a node."""

    def __init__(self, rng: random.Random, config: Mapping[str, Any], families: Sequence[Family]) -> None:
        self.random = rng
        self.sids = [(IPv6Network(entry["sid"]), entry["behavior"]) for entry in config["sids"]]
        steered = [entry["prefix"] for entry in config.get("steering", ()) if "prefix" in entry]
        self.steered6 = [prefix for prefix in steered if ":" in prefix] or ["2001:db8:f0::/48"]
        self.steered4 = [prefix for prefix in steered if ":" not in prefix] or ["192.168.0.0/16"]
        self.addresses = [each.address for each in families if each.address is not None]

    def often(self, probability: float) -> bool:
        """True this often."""
        return self.random.random() < probability

    def one(self, *weighted: tuple[float, Callable[[], Part]]) -> Part:
        """What one of them makes, by weight."""
        weights, makers = zip(*weighted, strict=True)
        made: Part = self.random.choices(makers, weights)[0]()
        return made

    def byte(self) -> int:
        """0 to 255."""
        return self.random.randrange(256)

    def octets(self, longest: int) -> bytes:
        """Any bytes, up to as many."""
        return self.random.randbytes(self.random.randint(0, longest))

    def hop_limit(self) -> int:
        """Mostly enough."""
        return self.random.choice((64, 64, 64, 64, 255, 2, 1, 1, 0, self.byte()))

    def host6(self, prefix: str) -> str:
        """An address of the prefix."""
        network = ip_network(prefix)
        return str(network[self.random.choice((0, 1, 2, 0x99, self.random.getrandbits(16)))])

    def host4(self, prefix: str) -> str:
        """An address of the prefix."""
        network = ip_network(prefix)
        return str(network[self.random.randrange(network.num_addresses)])

    def source6(self) -> str:
        """Mostly a source that may use SIDs."""
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

    def target6(self) -> str:
        """A destination: own SIDs and what leads somewhere most of the time."""
        pick = self.random.random()
        if pick < 0.45:
            return self.sid()
        if pick < 0.65:
            return self.host6(self.random.choice(self.steered6))
        if pick < 0.85:
            return self.host6(
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

    def sid(self) -> str:
        """An own SID, or an address that a family has something to do with."""
        if self.addresses and self.often(0.25):
            return self.random.choice(self.addresses)(self)
        prefix, _ = self.random.choice(self.sids)
        sid = int(prefix.network_address)
        if self.often(0.1):
            sid |= self.random.getrandbits(128 - prefix.prefixlen) if prefix.prefixlen < 128 else 0  # argument bits
        return str(IPv6Address(sid))

    def target4(self) -> str:
        """A destination: what leads somewhere most of the time."""
        pick = self.random.random()
        if pick < 0.4:
            return self.host4(self.random.choice(self.steered4))
        if pick < 0.85:
            return self.host4(
                self.random.choice(
                    ("192.168.0.0/16", "192.168.4.0/24", "192.168.66.0/24", "10.0.2.0/29", "10.8.100.0/29")
                )
            )
        return self.random.choice(
            ("10.0.1.1", "10.8.200.1", "224.0.0.1", "255.255.255.255", "127.0.0.1", "0.0.0.0", "8.8.8.8")
        )

    def upper(self, depth: int = 0) -> Part:
        """What follows the IPv6 headers."""
        return self.one(
            (4, lambda: wire.udp(self.octets(40), self.port_number(), self.port_number())),
            (2, lambda: wire.tcp(self.octets(40), self.port_number(), self.port_number())),
            (
                2,
                lambda: wire.icmp6(
                    self.random.choice((128, 129, 1, 3, 135, 136, 137)), 0, self.octets(48), between=None
                ),
            ),
            (3 if depth < 2 else 0, lambda: self.ip6(depth + 1)),
            (3 if depth < 2 else 0, lambda: self.ip4(depth + 1)),
            (2 if depth < 2 else 0, lambda: self.inner_frame(depth + 1)),
            (0.5, lambda: Part(self.octets(60), self.byte())),
            (0.5, lambda: Part(b"", wire.NO_NEXT)),
            (0.3, lambda: wire.udp(bytes(self.random.choice((1200, 1232, 1400, 1460, 2000))))),
        )

    def port_number(self) -> int:
        """Of UDP or TCP."""
        return self.random.choice((53, 123, 80, 443, 1234, self.random.randrange(65536)))

    def inner_frame(self, depth: int) -> Part:
        """A frame inside a packet."""
        dst, src = "02:00:00:00:0a:01", "02:00:00:00:0b:01"
        return self.one(
            (3, lambda: wire.ether(self.ip6(depth), dst=dst, src=src)),
            (1, lambda: wire.ether(self.ip4(depth), dst=dst, src=src, vlan=self.random.randrange(4096))),
            (1, lambda: Frame(self.octets(80))),
        )

    def extensions(self, payload: Part) -> Part:
        """None or some extension headers in front of ``payload``."""
        for _ in range(self.random.choices((0, 1, 2, 4, 5, 6), (66, 18, 8, 3, 3, 2))[0]):
            payload = self.extension(payload)
        return payload

    def extension(self, payload: Part) -> Part:
        """One of them, which may lie."""
        lying = bytes((payload.proto, self.byte())) + self.random.randbytes(6)
        offset, more = self.random.choice((0, 0, 1, 185)), self.often(0.5)
        return self.one(
            (3, lambda: wire.hbh(payload, self.options())),
            (3, lambda: wire.dstopt(payload, self.options())),
            (1, lambda: wire.fragment(payload, offset=offset, more=more, ident=7)),
            (0.4, lambda: wire.auth(payload)),
            (1, lambda: Part(lying + payload, wire.DEST_OPTIONS)),
        )

    def options(self) -> bytes:
        """Mostly options that whoever does not know them skips."""
        skipped = bytes((0x1E, 2, 0, 0))
        return self.random.choice((b"", b"", skipped, skipped * 3, wire.PAD1 * 3, self.octets(20), self.octets(20)))

    def traffic_class(self) -> int:
        """Each ECN code point often."""
        return self.random.choice((0, 0, 1, 2, 3, 3, self.byte(), self.byte()))

    def segment_count(self) -> int:
        """Up to 127, mostly few."""
        return self.random.choices(
            (0, 1, 2, 3, 4, 5, 16, 17, 127, self.random.randint(0, 127)), (2, 20, 25, 20, 10, 5, 3, 3, 2, 3)
        )[0]

    def srh(self, payload: Part) -> tuple[Part, str | None]:
        """An SRH and the segment that it makes active, None when its Segments Left names none."""
        count = self.segment_count()
        segments = [self.target6() for _ in range(count)]
        if segments and self.often(0.5):
            segments = [self.sid() if self.often(0.6) else s for s in segments]
        left = self.random.choices(
            (0, 1, max(count - 1, 0), count, count + 1, min(count // 2, 255), self.byte()),
            (20, 25, 30, 10, 5, 9, 1),
        )[0]
        wrong: dict[str, int] = {}
        if self.often(0.04):
            wrong["le"] = self.random.choice((0, max(count - 2, 0), count, 255, self.byte()))
        if self.often(0.04):
            wrong["hel"] = self.random.choice((0, 1, max(2 * count - 1, 0), (2 * count + 1) & 255, 255, self.byte()))
        if self.often(0.03):
            wrong["rtype"] = self.random.choice((0, 2, 3, 5, 253))
        if self.often(0.02):
            wrong["nh"] = self.byte()
        tlvs = b""
        if self.often(0.15) and count < 120:
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
            flags=self.random.choice((0, 0, 0x20, self.byte())),
            tag=self.random.choice((0, 0xABCD)),
            tlvs=tlvs,
            **wrong,
        )
        active = segments[left] if left < count else (segments[-1] if count and left == count else None)
        return header, str(active) if active else None

    def ip6(self, depth: int = 0) -> Part:
        """A packet with up to two SRHs."""
        target = self.target6()
        payload = self.extensions(self.upper(depth))
        for _ in range(self.random.choices((0, 1, 2), (35, 58, 7))[0]):
            payload, active = self.srh(payload)
            if active is not None and self.often(0.8):
                target = active
            payload = self.extensions(payload) if self.often(0.3) else payload
        wrong = {}
        if self.often(0.03):
            wrong["plen"] = self.random.choice((0, 1, len(payload) - 1 & 0xFFFF, len(payload) + 1, 65535))
        if self.often(0.01):
            wrong["version"] = self.random.randrange(16)
        return wire.ip6(
            self.source6(),
            target,
            payload,
            hl=self.hop_limit(),
            tc=self.traffic_class(),
            fl=self.random.choice((0, 0xABCDE, self.random.getrandbits(20))),
            **wrong,
        )

    def ip4(self, depth: int = 0) -> Part:
        """A packet, sometimes with options, a fragment, or wrong."""
        wrong: dict[str, int] = {}
        if self.often(0.05):
            wrong["csum"] = self.random.randrange(65536)
        if self.often(0.03):
            wrong["total"] = self.random.choice((0, 19, 20, 65535))
        if self.often(0.02):
            wrong["ihl"] = self.random.randrange(16)
        if self.often(0.01):
            wrong["version"] = self.random.randrange(16)
        payload = (
            self.upper(depth + 1)
            if self.often(0.2)
            else wire.udp(self.octets(60), self.port_number(), self.port_number())
        )
        if self.often(0.1):
            payload = wire.udp(bytes(self.random.choice((1200, 1300, 1400, 1472))))
        source = self.random.choice(("10.0.1.2", "10.0.1.2", "192.168.9.9", "0.0.0.0", "127.0.0.1", "224.0.0.9"))
        return wire.ip4(
            source,
            self.target4(),
            payload,
            ttl=self.hop_limit(),
            tos=self.traffic_class(),
            ident=self.random.randrange(65536),
            df=self.often(0.5),
            mf=self.often(0.05),
            offset=5 if self.often(0.05) else 0,
            options=b"\x01\x01\x01\x00" if self.often(0.05) else b"",
            **wrong,
        )

    def ethernet(self, port: int, packet: bytes, ethertype: int | None = None) -> Frame:
        """A frame to the router, mostly, and with a tag that the port knows, mostly."""
        destination = defaults.port_mac(port)
        if self.often(0.03):
            destination = self.random.choice(
                ("02:00:00:00:01:77", "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "01:00:5e:00:00:01")
            )
        vlan: int | tuple[int, ...] = ()
        if self.often(0.5 if port == 8 else 0.03):
            vlan = self.random.choice((100, 200, 100 | 0xE000, 300, 0, (100, 100), 0x5000))
        return wire.ether(packet, dst=destination, src=defaults.neighbor_mac(port), vlan=vlan, ethertype=ethertype)

    def frame(self, port: int) -> Frame:
        """A frame for a port."""
        if self.often(0.02):
            arp = wire.arp(1, defaults.neighbor_mac(port), f"10.0.{port}.2", "00:00:00:00:00:00", f"10.0.{port}.1")
            ethertype = self.random.choice((0x0806, 0x8847, 0x88CC, 0x0100, 0x86DD, 0x0800))
            return self.ethernet(port, self.random.choice((arp, self.octets(60))), ethertype)
        return self.ethernet(port, self.ip6() if self.often(0.8) else self.ip4())
