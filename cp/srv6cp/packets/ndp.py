# SPDX-License-Identifier: Apache-2.0
"""Neighbour Discovery messages for IPv6 (RFC 4861): read with the checks of the RFC, and written."""

from __future__ import annotations

from dataclasses import dataclass

from srv6cp.packets.icmp import icmpv6
from srv6cp.packets.raw import ICMPV6, Ipv6View, ipv6_checksum

ROUTER_SOLICITATION = 133
ROUTER_ADVERTISEMENT = 134
NEIGHBOR_SOLICITATION = 135
NEIGHBOR_ADVERTISEMENT = 136
KINDS = range(133, 138)

UNSPECIFIED = bytes(16)
ALL_NODES = bytes.fromhex("ff020000000000000000000000000001")

_SOURCE_LINK_LAYER = 1
_TARGET_LINK_LAYER = 2
_ROUTER, _SOLICITED, _OVERRIDE = 0x80, 0x40, 0x20
_FIXED_LENGTH = {133: 8, 134: 16, 135: 24, 136: 24}


@dataclass(frozen=True)
class NdpMessage:
    """A valid message. Addresses and MACs are bytes; `target` is None for router messages."""

    kind: int
    source: bytes
    destination: bytes
    target: bytes | None
    source_mac: bytes | None
    """Source link-layer address option."""
    target_mac: bytes | None
    """Target link-layer address option."""
    solicited: bool = False
    override: bool = False


def solicited_node(target: bytes) -> bytes:
    """The solicited-node multicast address of `target` (RFC 4291 2.7.1)."""
    return bytes.fromhex("ff0200000000000000000001ff") + target[13:]


def multicast_mac(group: bytes) -> bytes:
    """The Ethernet address of an IPv6 multicast group (RFC 2464 7)."""
    return b"\x33\x33" + group[12:]


def parse(view: Ipv6View) -> NdpMessage | None:
    """The message in `view`, or None when it fails a check of RFC 4861 6.1 or 7.1 or is of no interest
    (redirects)."""
    body = view.data[view.upper : view.end]
    if view.upper_protocol != ICMPV6 or view.hop_limit != 255 or len(body) < 8 or body[1] != 0:
        return None
    kind = body[0]
    fixed = _FIXED_LENGTH.get(kind)
    if fixed is None or len(body) < fixed or ipv6_checksum(view.src, view.dst, ICMPV6, body) != 0:
        return None
    options = _link_layer_options(body, fixed)
    if options is None:
        return None
    source_mac, target_mac = options
    if kind in (ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT):
        if kind == ROUTER_SOLICITATION and view.src == UNSPECIFIED and source_mac is not None:
            return None
        if kind == ROUTER_ADVERTISEMENT and not _is_link_local(view.src):
            return None
        return NdpMessage(kind, view.src, view.dst, None, source_mac, None)
    target = body[8:24]
    if target[0] == 0xFF:
        return None
    if kind == NEIGHBOR_SOLICITATION:
        if view.src == UNSPECIFIED and (source_mac is not None or view.dst != solicited_node(target)):
            return None
        return NdpMessage(kind, view.src, view.dst, target, source_mac, None)
    solicited = bool(body[4] & _SOLICITED)
    if view.dst[0] == 0xFF and solicited:
        return None
    return NdpMessage(kind, view.src, view.dst, target, None, target_mac, solicited, bool(body[4] & _OVERRIDE))


def _is_link_local(address: bytes) -> bool:
    return address[0] == 0xFE and address[1] & 0xC0 == 0x80


def _link_layer_options(body: bytes, at: int) -> tuple[bytes | None, bytes | None] | None:
    """(source, target) link-layer addresses; None when an option has length 0 or runs past the end."""
    found: dict[int, bytes] = {}
    while at < len(body):
        if at + 2 > len(body) or body[at + 1] == 0 or at + 8 * body[at + 1] > len(body):
            return None
        if body[at] in (_SOURCE_LINK_LAYER, _TARGET_LINK_LAYER) and body[at + 1] == 1:
            found[body[at]] = body[at + 2 : at + 8]
        at += 8 * body[at + 1]
    return found.get(_SOURCE_LINK_LAYER), found.get(_TARGET_LINK_LAYER)


def solicitation(mac: bytes, source: bytes, target: bytes, unicast: bool = False) -> bytes:
    """A Neighbour Solicitation for `target` as an IPv6 packet, with our MAC as source link-layer address."""
    destination = target if unicast else solicited_node(target)
    body = bytes((NEIGHBOR_SOLICITATION,)) + bytes(7) + target + bytes((_SOURCE_LINK_LAYER, 1)) + mac
    return icmpv6(source, destination, body, hop_limit=255)


def advertisement(mac: bytes, target: bytes, solicitor: bytes, router: bool = True) -> bytes:
    """The answer to a solicitation for our address `target` (RFC 4861 7.2.4), as an IPv6 packet.

    A duplicate address detection (`solicitor` unspecified) is answered unsolicited to all nodes. `router` says
    that this node forwards.
    """
    dad = solicitor == UNSPECIFIED
    flags = (_ROUTER if router else 0) | _OVERRIDE | (0 if dad else _SOLICITED)
    body = bytes((NEIGHBOR_ADVERTISEMENT, 0, 0, 0, flags, 0, 0, 0)) + target + bytes((_TARGET_LINK_LAYER, 1)) + mac
    return icmpv6(target, ALL_NODES if dad else solicitor, body, hop_limit=255)
