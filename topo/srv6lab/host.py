# SPDX-License-Identifier: Apache-2.0
"""A host in this process, with one interface.

It answers neighbour solicitations, ARP and echo for its own addresses, keeps what else arrives, and sends through its
gateway. Enough to talk to; it is no IP stack (no fragments, no TCP).
"""

from __future__ import annotations

import itertools
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

from srv6cp.packets import raw
from srv6lab.topology import Host

KEPT = 1024  # frames; older ones are forgotten
HOP_LIMIT = 64


class HostStack:
    """The stack of ``host``.

    ``gateway_mac`` is its router's, ``on_link`` has the MACs of addresses that are reached without it; ``transmit``
    puts a frame on the cable.
    """

    def __init__(
        self, host: Host, gateway_mac: str, on_link: Mapping[str, str], transmit: Callable[[bytes], None]
    ) -> None:
        self.name = host.name
        self.mac = _mac(host.mac)
        self.gateway_mac = _mac(gateway_mac)
        self.ipv6, self.ipv4 = host.interface6.ip, host.interface4.ip
        self._on_link = {ip_address(address).packed: _mac(mac) for address, mac in on_link.items()}
        self._transmit = transmit
        self._identifier = itertools.count(1)
        self._arrived = threading.Condition()
        self.packets: deque[bytes] = deque(maxlen=KEPT)  # IP packets for this host, oldest first

    # --- out ------------------------------------------------------------------------------------------------

    def send_ip(self, packet: bytes) -> None:
        """Send an IP packet, through the gateway unless its destination is on the link."""
        six = packet[0] >> 4 == 6
        destination = packet[24:40] if six else packet[16:20]
        mac = self._on_link.get(destination, self.gateway_mac)
        self._transmit(mac + self.mac + (b"\x86\xdd" if six else b"\x08\x00") + packet)

    def udp(self, destination: str, payload: bytes, source_port: int = 40000, port: int = 9) -> bytes:
        """A UDP packet from this host, ready for :meth:`send_ip`."""
        target = ip_address(destination)
        head = struct.pack("!HHH", source_port, port, 8 + len(payload))
        return self._packet(target, 17, lambda total: head + total.to_bytes(2, "big") + payload)

    def _packet(self, target: IPv4Address | IPv6Address, protocol: int, build: Callable[[int], bytes]) -> bytes:
        """An IP packet; ``build`` makes the upper layer with the checksum it is given (first 0)."""
        zero = build(0)
        if target.version == 6:
            source = self.ipv6.packed
            total = raw.ipv6_checksum(source, target.packed, protocol, zero)
            head = struct.pack("!IHBB", 6 << 28, len(zero), protocol, HOP_LIMIT)
            return head + source + target.packed + build(total or 0xFFFF)
        source = self.ipv4.packed
        total = raw.checksum(zero) if protocol == 1 else raw.ipv4_checksum(source, target.packed, protocol, zero)
        head = (
            struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(zero), 0, 0x4000, HOP_LIMIT, protocol, 0)
            + source
            + target.packed
        )
        return head[:10] + raw.checksum(head).to_bytes(2, "big") + head[12:] + build(total or 0xFFFF)

    def _echo(self, target: IPv4Address | IPv6Address, reply: bool, rest: bytes) -> bytes:
        kind, protocol = ((129 if reply else 128), 58) if target.version == 6 else ((0 if reply else 8), 1)
        return self._packet(target, protocol, lambda total: bytes((kind, 0)) + total.to_bytes(2, "big") + rest)

    def ping(self, destination: str, timeout: float = 2.0) -> float | None:
        """Seconds until the echo reply, or None when none came."""
        target = ip_address(destination)
        rest = struct.pack("!HH", 0x5256, next(self._identifier) & 0xFFFF) + bytes(range(32))
        begin = time.perf_counter()
        self.send_ip(self._echo(target, False, rest))
        answered = self.wait_for(lambda packet: packet.endswith(rest) and _is_echo_reply(packet), timeout)
        return None if answered is None else time.perf_counter() - begin

    # --- in -------------------------------------------------------------------------------------------------

    def receive(self, frame: bytes) -> None:
        """A frame arrives on the cable."""
        packet = frame[14:]
        if frame[12:14] == b"\x08\x06":
            self._answer_arp(packet)
        elif frame[:6] == self.mac and frame[12:14] in (b"\x86\xdd", b"\x08\x00"):
            self._ip(packet)
        elif frame[:2] == b"\x33\x33":
            self._answer_solicitation(packet)

    def wait_for(self, wanted: Callable[[bytes], bool], timeout: float) -> bytes | None:
        """The first packet that arrived, or arrives within ``timeout`` seconds, that is wanted. It is taken out."""
        end = time.monotonic() + timeout
        with self._arrived:
            while True:
                for packet in self.packets:
                    if wanted(packet):
                        self.packets.remove(packet)
                        return packet
                left = end - time.monotonic()
                if left <= 0:
                    return None
                self._arrived.wait(left)

    def _ip(self, packet: bytes) -> None:
        try:
            view = raw.parse_ip(packet)
        except raw.TruncatedError:
            return
        own = self.ipv6.packed if view.version == 6 else self.ipv4.packed
        if view.dst != own:
            return
        packet = packet[: view.end]
        protocol, offset = self._upper(view)
        if protocol == 58 and packet[offset : offset + 1] == b"\x87":
            self._answer_solicitation(packet)
            return
        if (protocol, packet[offset : offset + 1]) in ((58, b"\x80"), (1, b"\x08")):
            self.send_ip(self._echo(ip_address(view.src), True, packet[offset + 4 :]))
        with self._arrived:
            self.packets.append(packet)
            self._arrived.notify_all()

    @staticmethod
    def _upper(view: raw.IpView) -> tuple[int | None, int]:
        if isinstance(view, raw.Ipv6View):
            return view.upper_protocol, view.upper
        return view.protocol, view.offset + view.header_length

    def _answer_solicitation(self, packet: bytes) -> None:
        """RFC 4861 7.2.4; the solicitation is an IPv6 packet without extension headers."""
        if len(packet) < 64 or packet[6] != 58 or packet[40] != 135 or packet[48:64] != self.ipv6.packed:
            return
        asker = packet[8:24]
        solicited = any(asker)
        target = asker if solicited else IPv6Address("ff02::1").packed
        body = (0x60000000 if solicited else 0x20000000).to_bytes(4, "big") + self.ipv6.packed + b"\x02\x01" + self.mac
        total = raw.ipv6_checksum(self.ipv6.packed, target, 58, b"\x88\0\0\0" + body)
        answer = struct.pack("!IHBB", 6 << 28, 4 + len(body), 58, 255) + self.ipv6.packed + target
        self._transmit(self.gateway_mac + self.mac + b"\x86\xdd" + answer + b"\x88\0" + total.to_bytes(2, "big") + body)

    def _answer_arp(self, packet: bytes) -> None:
        """RFC 826."""
        if len(packet) >= 28 and packet[6:8] == b"\0\1" and packet[24:28] == self.ipv4.packed:
            head = packet[:6] + b"\0\2" + self.mac + self.ipv4.packed + packet[8:18]
            self._transmit(packet[8:14] + self.mac + b"\x08\x06" + head)


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _is_echo_reply(packet: bytes) -> bool:
    return (packet[6] == 58 and packet[40] == 129) if packet[0] >> 4 == 6 else (packet[9] == 1 and packet[20] == 0)
