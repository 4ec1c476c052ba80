# SPDX-License-Identifier: Apache-2.0
"""Neighbour discovery messages from plain bytes (RFC 4861 4, RFC 826), and tests whose neighbours are not
configured."""

from __future__ import annotations

import time
from ipaddress import IPv6Address
from typing import Any

from srv6_base import Srv6Test, craft, wire

BROADCAST = "ff:ff:ff:ff:ff:ff"
UNKNOWN_MAC = "00:00:00:00:00:00"
ALL_NODES = "ff02::1"
SOURCE_OPTION, TARGET_OPTION = 1, 2
ROUTER, SOLICITED, OVERRIDE = 0x80, 0x40, 0x20


def solicited_node(target: str) -> str:
    """The solicited-node multicast address (RFC 4291 2.7.1)."""
    return str(IPv6Address(wire.v6("ff02::1:ff00:0")[:13] + wire.v6(target)[13:]))


def multicast_mac(group: str) -> str:
    """The Ethernet address of an IPv6 group (RFC 2464 7)."""
    return "33:33:" + ":".join(f"{byte:02x}" for byte in wire.v6(group)[12:])


def link_local(mac: str) -> str:
    """The link-local address of an interface (RFC 4291 appendix A, RFC 2464 4)."""
    raw = wire.mac(mac)
    return str(IPv6Address(b"\xfe\x80" + bytes(6) + bytes((raw[0] ^ 2,)) + raw[1:3] + b"\xff\xfe" + raw[3:]))


# --- what neighbours send
# -------------------------------------------------------------------------------------------------------------------


def solicitation(
    src: str, target: str, mac: str | None, *, dst: str | None = None, hl: int = 255, **message: Any
) -> craft.Packet:
    """A Neighbour Solicitation; ``mac`` None: without the source link-layer address option."""
    return craft.ip6(src, dst or solicited_node(target), craft.neighbor_solicitation(target, mac, **message), hl=hl)


def advertisement(
    target: str, dst: str, mac: str | None, flags: int, *, src: str | None = None, hl: int = 255
) -> craft.Packet:
    """A Neighbour Advertisement; ``mac`` None: without the target link-layer address option."""
    return craft.ip6(src or target, dst, craft.neighbor_advertisement(target, mac, flags), hl=hl)


# --- what the router must send
# -------------------------------------------------------------------------------------------------------------------


def option(kind: int, mac: str) -> bytes:
    """A link-layer address option (RFC 4861 4.6.1)."""
    return bytes((kind, 1)) + wire.mac(mac)


def expected_solicitation(src: str, target: str, mac: str, *, dst: str | None = None) -> wire.Part:
    """A Neighbour Solicitation with the source link-layer address option (RFC 4861 4.3)."""
    to = dst or solicited_node(target)
    body = bytes(4) + wire.v6(target) + option(SOURCE_OPTION, mac)
    return wire.ip6(src, to, wire.icmp6(135, 0, body, between=(src, to)), hl=255)


def expected_advertisement(target: str, dst: str, mac: str, flags: int) -> wire.Part:
    """A Neighbour Advertisement with the target link-layer address option (RFC 4861 4.4)."""
    body = bytes((flags, 0, 0, 0)) + wire.v6(target) + option(TARGET_OPTION, mac)
    return wire.ip6(target, dst, wire.icmp6(136, 0, body, between=(target, dst)), hl=255)


class NeighborTest(Srv6Test):
    """Frames between the router and the neighbours of its ports."""

    def to_group(self, port: int, packet: craft.Packet, vlan: int | tuple[int, ...] = ()) -> craft.Packet:
        """A packet of the neighbour of ``port`` to the group that is its destination."""
        return craft.ether(packet, dst=multicast_mac(packet.dst), src=self.neighbor_mac(port), vlan=vlan)

    def arp_frame(
        self,
        port: int,
        operation: int,
        sender: str,
        target: str,
        *,
        target_mac: str = UNKNOWN_MAC,
        dst: str = BROADCAST,
        mac: str | None = None,
        vlan: int | tuple[int, ...] = (),
    ) -> craft.Packet:
        """An ARP packet of the neighbour of ``port``."""
        own = mac or self.neighbor_mac(port)
        return craft.ether(craft.arp(operation, own, sender, target_mac, target), dst=dst, src=own, vlan=vlan)

    def unresolved(self, **config: Any) -> None:
        """A node that knows none of its neighbours; what was learned in earlier tests is forgotten."""
        self.node()  # without next hops to look for
        assert self.router.controller is not None
        self.router.controller.flush_neighbors()
        self.node(neighbors_static=False, **config)

    def expect_solicitation(
        self, port: int, target: str, *, vlan: int | tuple[int, ...] = (), src: str | None = None
    ) -> None:
        """The router asks for ``target`` (RFC 4861 7.2.2)."""
        __tracebackhide__ = True
        own = src or str(IPv6Address(wire.v6(target)[:15] + b"\1"))
        question = expected_solicitation(own, target, self.mac(port))
        self.expect(
            port, wire.ether(question, dst=multicast_mac(solicited_node(target)), src=self.mac(port), vlan=vlan)
        )

    def expect_arp_request(self, port: int, target: str, sender: str) -> None:
        """The router asks for ``target`` (RFC 826)."""
        __tracebackhide__ = True
        question = wire.arp(1, self.mac(port), sender, UNKNOWN_MAC, target)
        self.expect(port, wire.ether(question, dst=BROADCAST, src=self.mac(port), ethertype=wire.ETH_ARP))

    def advertise(
        self, port: int, target: str, own: str, *, mac: str | None = None, flags: int = SOLICITED | OVERRIDE
    ) -> None:
        """The neighbour of ``port`` answers that it has ``target``."""
        self.send(port, advertisement(target, own, mac or self.neighbor_mac(port), flags))

    def later(self, seconds: float) -> None:
        """Let the timers of the controller that are due within ``seconds`` run now."""
        controller = self.router.controller
        assert controller is not None
        now = time.monotonic() + seconds
        controller._ask(lambda: controller._answer(controller._handler.poll(now)))
