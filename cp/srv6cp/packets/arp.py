# SPDX-License-Identifier: Apache-2.0
"""ARP for IPv4 over Ethernet (RFC 826, probes of RFC 5227)."""

from __future__ import annotations

from dataclasses import dataclass

REQUEST = 1
REPLY = 2
BROADCAST = b"\xff" * 6

_ETHERNET_IPV4 = bytes.fromhex("0001080006 04")


@dataclass(frozen=True)
class ArpMessage:
    """An ARP request or reply; addresses are bytes."""

    operation: int
    sender_mac: bytes
    sender: bytes
    target_mac: bytes
    target: bytes


def parse(data: bytes, offset: int) -> ArpMessage | None:
    """The message at `offset`, or None when it is cut short or not Ethernet/IPv4."""
    body = data[offset : offset + 28]
    if len(body) < 28 or body[:6] != _ETHERNET_IPV4:
        return None
    operation = int.from_bytes(body[6:8], "big")
    if operation not in (REQUEST, REPLY):
        return None
    return ArpMessage(operation, body[8:14], body[14:18], body[18:24], body[24:28])


def build(message: ArpMessage) -> bytes:
    """The 28 bytes of `message`."""
    return (
        _ETHERNET_IPV4
        + message.operation.to_bytes(2, "big")
        + message.sender_mac
        + message.sender
        + message.target_mac
        + message.target
    )
