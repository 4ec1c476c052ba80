# SPDX-License-Identifier: Apache-2.0
"""What the tests of services share: a node with services of each kind, and what goes to them and comes back.

A packet comes in by port 1, the next segment is behind port 2. Expected packets are written from
draft-xuclad-spring-sr-service-programming-01 and the rules PX-1 to PX-11 with ``harness.wire`` alone.
"""

from __future__ import annotations

from typing import Any

from srv6_base import Srv6Test, craft, wire

HOST = "2001:db8:1::2"
SOURCE = "fcbb:bb00:1::1"
SRC6, DST6 = "2001:db8:81::1", "2001:db8:92::1"
SRC4, DST4 = "198.51.100.1", "203.0.113.9"
NEXT, LAST = "fcbb:bb00:2:1::", "fcbb:bb00:9:d6::"

AS, AD, EAD, FLOW, ONE = (f"fcbb:bb00:1:{each}::" for each in ("a5", "ad", "ead", "af", "a1"))
AS_L2, AD_L2, AD_VLAN = (f"fcbb:bb00:1:{each}::" for each in ("a52", "ad2", "ad3"))
AM, AM_OLD, AM_NAT = (f"fcbb:bb00:1:{each}::" for each in ("a3", "a3d", "a3e"))

INNER4 = craft.ip4(SRC4, DST4, craft.udp(b"payload"))
INNER6 = craft.ip6(SRC6, DST6, craft.udp(b"payload"))


def chain(*segments: str, payload: Any, left: int | None = None, **fields: Any) -> craft.Packet:
    """A packet to the first of these segments; ``left``: Segments Left, by default all but that one."""
    listed = wire.path(*segments)
    sl = len(segments) - 1 if left is None else left
    return craft.srv6(HOST, listed, segments_left=sl, payload=payload, **fields)


class ServiceTest(Srv6Test):
    """A node with services."""

    profile = "services"

    def services(
        self,
        services: list[dict[str, Any]],
        sids: dict[str, tuple[str, str]],
        further: list[dict[str, Any]] | None = None,
        **config: Any,
    ) -> None:
        """Configure the node; ``sids``: SID to behaviour and service, beside ``further``. Nothing is cached then."""
        base: dict[str, Any] = {
            "routes": [
                {"prefix": "fcbb:bb00::/32", "via": "2001:db8:2::2"},
                {"prefix": "2001:db8:90::/44", "via": "2001:db8:2::2"},
            ],
            "services": services,
            "sids": [
                {"sid": f"{sid}/64", "behavior": behaviour, "service": service}
                for sid, (behaviour, service) in sids.items()
            ]
            + (further or []),
        }
        self.node(**{**base, **config})
        assert self.router.controller is not None
        self.router.controller.flush_caches()

    def through(self, packet: craft.Packet, inner: craft.Packet, out: int, back: int) -> None:
        """Send a packet to its service, which gets what is inside as it is and sends that back."""
        self.send(1, packet)
        self.expect_only(out, wire.unchanged(inner))
        self.send(back, inner)


def back_with(packet: wire.Packet, inner: wire.Packet) -> wire.Part:
    """What leaves behind the service: the headers of the packet as End leaves them, and what came back one hop on."""
    headers = bytes(wire.advanced(packet))
    behind = 48 + 8 * headers[41]
    carried = bytes(wire.hop(inner))
    size = (behind - 40 + len(carried)).to_bytes(2, "big")
    kind = bytes((41 if carried[0] >> 4 == 6 else 4,))
    return wire.Part(headers[:4] + size + headers[6:40] + kind + headers[41:behind] + carried, wire.IPV6)
