# SPDX-License-Identifier: Apache-2.0
"""Take SRv6 packets apart (scapy packets in, scapy packets or addresses out)."""

from __future__ import annotations

from typing import Any

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6, _IPv6ExtHdr
from scapy.layers.l2 import Ether

from .layers import SRH


def all_srhs(packet: Any) -> list[Any]:
    """The SRHs of the outermost IPv6 header of `packet`, in order."""
    found = []
    layer = packet.getlayer(IPv6)
    layer = layer.payload if layer is not None else None
    while isinstance(layer, _IPv6ExtHdr):
        if isinstance(layer, SRH):
            found.append(layer)
        layer = layer.payload
    return found


def _first_srh(packet: Any) -> Any:
    headers = all_srhs(packet)
    if not headers:
        raise ValueError("no SRH in this packet")
    return headers[0]


def segments(packet: Any) -> list[str]:
    """The segments listed in the first SRH in path order; a reduced list lacks S1. Raises ValueError without
    SRH."""
    return [str(address) for address in reversed(_first_srh(packet).addresses)]


def active_segment(packet: Any) -> str:
    """Segment List[Segments Left] of the first SRH; for a reduced list still at S1 the destination address
    (SRH-7)."""
    header = _first_srh(packet)
    if header.segleft < len(header.addresses):
        return str(header.addresses[header.segleft])
    return str(packet.getlayer(IPv6).dst)


def inner(packet: Any) -> Any:
    """What the outermost IPv6 header carries: IPv6, IP or Ether packet. Raises ValueError when it carries
    none."""
    layer = packet.getlayer(IPv6)
    layer = layer.payload if layer is not None else None
    while isinstance(layer, _IPv6ExtHdr):
        layer = layer.payload
    if isinstance(layer, (IPv6, IP, Ether)):
        return layer.copy()
    raise ValueError("no encapsulated IPv6, IPv4 or Ethernet packet in this packet")


def remove_outer(packet: Any, *, decrement: bool = True) -> Any:
    """`inner`, forwarded: hop limit or TTL one less with a fresh IPv4 checksum (DEC-7); Ethernet is left
    alone."""
    out = inner(packet)
    if decrement and isinstance(out, IPv6):
        out.hlim -= 1
    elif decrement and isinstance(out, IP):
        out.ttl -= 1
        del out.chksum
    return out


def remove_srh(packet: Any) -> Any:
    """The packet without its first SRH, as PSP and USP leave it (FLV-1): next header and payload length
    repaired."""
    out = packet.copy()
    header = _first_srh(out)
    before = header.underlayer
    next_header, following = header.nh, header.payload
    before.remove_payload()
    before.nh = next_header
    before.add_payload(following)
    del out.getlayer(IPv6).plen
    return out
