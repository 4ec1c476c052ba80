# SPDX-License-Identifier: Apache-2.0
"""IP packets that carry an ICMP or ICMPv6 message, with right checksums (RFC 4443 2.3, RFC 792)."""

from __future__ import annotations

from srv6cp.packets.ip import HOP_LIMIT, ipv4, ipv6
from srv6cp.packets.raw import ICMP, ICMPV6, checksum, ipv6_checksum

ECHO_REPLY_V4 = 0
ECHO_REQUEST_V4 = 8
ECHO_REQUEST_V6 = 128
ECHO_REPLY_V6 = 129


def icmpv6(source: bytes, target: bytes, body: bytes, hop_limit: int = HOP_LIMIT, traffic_class: int = 0) -> bytes:
    """An IPv6 packet with the ICMPv6 message `body`, whose checksum field is filled in."""
    value = ipv6_checksum(source, target, ICMPV6, body[:2] + b"\0\0" + body[4:])
    message = body[:2] + value.to_bytes(2, "big") + body[4:]
    return ipv6(source, target, ICMPV6, message, hop_limit, traffic_class)


def icmpv4(
    source: bytes,
    target: bytes,
    body: bytes,
    tos: int = 0,
    identification: int = 0,
    dont_fragment: bool = True,
) -> bytes:
    """An IPv4 packet with the ICMP message `body`, whose checksum field is filled in."""
    value = checksum(body[:2] + b"\0\0" + body[4:])
    message = body[:2] + value.to_bytes(2, "big") + body[4:]
    return ipv4(source, target, ICMP, message, tos, identification, dont_fragment)
