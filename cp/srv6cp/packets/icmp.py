# SPDX-License-Identifier: Apache-2.0
"""IP packets that carry an ICMP or ICMPv6 message, with right checksums (RFC 4443 2.3, RFC 792)."""

from __future__ import annotations

from srv6cp.packets.raw import ICMP, ICMPV6, checksum, ipv6_checksum

HOP_LIMIT = 64
ECHO_REPLY_V4 = 0
ECHO_REQUEST_V4 = 8
ECHO_REQUEST_V6 = 128
ECHO_REPLY_V6 = 129

_DONT_FRAGMENT = 0x4000


def icmpv6(source: bytes, target: bytes, body: bytes, hop_limit: int = HOP_LIMIT, traffic_class: int = 0) -> bytes:
    """An IPv6 packet with the ICMPv6 message `body`, whose checksum field is filled in."""
    value = ipv6_checksum(source, target, ICMPV6, body[:2] + b"\0\0" + body[4:])
    return (
        (6 << 28 | traffic_class << 20).to_bytes(4, "big")
        + len(body).to_bytes(2, "big")
        + bytes((ICMPV6, hop_limit))
        + source
        + target
        + body[:2]
        + value.to_bytes(2, "big")
        + body[4:]
    )


def icmpv4(
    source: bytes,
    target: bytes,
    body: bytes,
    tos: int = 0,
    identification: int = 0,
    dont_fragment: bool = True,
) -> bytes:
    """An IPv4 packet with the ICMP message `body`, whose checksum field is filled in.

    Without a reason to do otherwise it is an atomic datagram (RFC 6864 4.1): DF set, Identification 0.
    """
    header = (
        bytes((0x45, tos))
        + (20 + len(body)).to_bytes(2, "big")
        + identification.to_bytes(2, "big")
        + (_DONT_FRAGMENT if dont_fragment else 0).to_bytes(2, "big")
        + bytes((HOP_LIMIT, ICMP, 0, 0))
        + source
        + target
    )
    header = header[:10] + checksum(header).to_bytes(2, "big") + header[12:]
    value = checksum(body[:2] + b"\0\0" + body[4:])
    return header + body[:2] + value.to_bytes(2, "big") + body[4:]
