# SPDX-License-Identifier: Apache-2.0
"""IP packets and UDP datagrams as bytes, with right checksums. Addresses are bytes: 16 for IPv6, 4 for IPv4."""

from __future__ import annotations

from srv6cp.packets.raw import UDP, checksum, ipv4_checksum, ipv6_checksum

HOP_LIMIT = 64

_DONT_FRAGMENT = 0x4000


def ipv6(
    source: bytes,
    target: bytes,
    next_header: int,
    payload: bytes,
    hop_limit: int = HOP_LIMIT,
    traffic_class: int = 0,
) -> bytes:
    """An IPv6 packet (RFC 8200 3), flow label 0."""
    return (
        (6 << 28 | traffic_class << 20).to_bytes(4, "big")
        + len(payload).to_bytes(2, "big")
        + bytes((next_header, hop_limit))
        + source
        + target
        + payload
    )


def ipv4(
    source: bytes,
    target: bytes,
    protocol: int,
    payload: bytes,
    tos: int = 0,
    identification: int = 0,
    dont_fragment: bool = True,
) -> bytes:
    """An IPv4 packet (RFC 791) without options.

    Without a reason to do otherwise it is an atomic datagram (RFC 6864 4.1): DF set, Identification 0.
    """
    header = (
        bytes((0x45, tos))
        + (20 + len(payload)).to_bytes(2, "big")
        + identification.to_bytes(2, "big")
        + (_DONT_FRAGMENT if dont_fragment else 0).to_bytes(2, "big")
        + bytes((HOP_LIMIT, protocol, 0, 0))
        + source
        + target
    )
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + payload


def udp(source: bytes, target: bytes, source_port: int, port: int, payload: bytes) -> bytes:
    """An IP packet with a UDP datagram (RFC 768), of the version of the addresses."""
    head = source_port.to_bytes(2, "big") + port.to_bytes(2, "big") + (8 + len(payload)).to_bytes(2, "big")
    six = len(source) == 16
    total = (ipv6_checksum if six else ipv4_checksum)(source, target, UDP, head + b"\0\0" + payload)
    datagram = head + (total or 0xFFFF).to_bytes(2, "big") + payload
    return ipv6(source, target, UDP, datagram) if six else ipv4(source, target, UDP, datagram)
