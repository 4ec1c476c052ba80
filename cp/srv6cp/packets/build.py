# SPDX-License-Identifier: Apache-2.0
"""Build SRv6 packets with segment lists in *path order*: `[S1, ..., Sn]`, S1 visited first.

The headend builders do to a scapy packet what RFC 8986 5 does, written from the RFC text and not from the P4
program: tests take their expected packets from here. All functions return new packets and leave their
arguments alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address
from typing import Any

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrHopByHop
from scapy.packet import Packet

from .layers import SRH, HmacTlv, padding

Address = str | IPv6Address

MAX_SEGMENTS = 127
"""Segments that fit in one SRH: Hdr Ext Len is one byte and a segment takes two units (SRH-9)."""


def srh(
    segments: Sequence[Address],
    *,
    reduced: bool = False,
    segments_left: int | None = None,
    tlvs: Iterable[Packet] = (),
    flags: int = 0,
    tag: int = 0,
    **fields: Any,
) -> Any:
    """A Segment Routing Header for the path `segments` (S1 first).

    `reduced` leaves S1 out of the list (RFC 8754 4.1.1); `segments_left` defaults to n - 1, as it leaves the
    source. An HMAC TLV is aligned to 8 bytes with Pad1/PadN in front of it (RFC 8754 2.1.2), the end of the
    TLVs likewise. `fields` override any field of the header (`len`, `lastentry`, `type`, `nh`), to build
    malformed ones. Raises ValueError for an empty list, a reduced list of one (there would be no entry), or
    more than 127 entries.
    """
    path = [str(segment) for segment in segments]
    listed = path[1:] if reduced else path
    if not listed:
        raise ValueError(f"an SRH needs at least one entry: got {len(path)} segment(s), reduced={reduced}")
    if len(listed) > MAX_SEGMENTS:
        raise ValueError(f"{len(listed)} segments do not fit in one SRH, at most {MAX_SEGMENTS} do")
    if segments_left is None:
        segments_left = len(path) - 1
    return SRH(
        addresses=listed[::-1],
        segleft=segments_left,
        lastentry=fields.pop("lastentry", len(listed) - 1),
        flags=flags,
        tag=tag,
        tlv_objects=_aligned(tlvs),
        **fields,
    )


def _aligned(tlvs: Iterable[Packet]) -> list[Packet]:
    """`tlvs` with padding in front of each HMAC TLV where needed; the TLV area itself starts on 8 bytes."""
    out: list[Packet] = []
    length = 0
    for tlv in tlvs:
        if isinstance(tlv, HmacTlv):
            fill = padding(-length % 8)
            out += fill
            length += -length % 8
        out.append(tlv)
        length += len(bytes(tlv))
    return out


def srv6(
    source: Address,
    segments: Sequence[Address],
    payload: Packet | bytes = b"",
    *,
    reduced: bool = False,
    segments_left: int | None = None,
    hop_limit: int = 64,
    traffic_class: int = 0,
    flow_label: int = 0,
    tlvs: Iterable[Packet] = (),
    flags: int = 0,
    tag: int = 0,
    before: Packet | None = None,
    **fields: Any,
) -> Any:
    """IPv6 / SRH / payload with the destination at the active segment.

    `segments_left` places the packet on its way: n - 1 (default) towards S1, 0 towards Sn. A reduced list of
    one has no SRH (RFC 8754 4.1). `before` holds extension headers in front of the SRH, e.g.
    `IPv6ExtHdrHopByHop()`.
    """
    count = len(segments)
    left = count - 1 if segments_left is None else segments_left
    if not 0 <= left < count:
        raise ValueError(f"segments_left {left} is not the position of one of {count} segments")
    packet: Any = IPv6(
        src=str(source), dst=str(segments[count - 1 - left]), hlim=hop_limit, tc=traffic_class, fl=flow_label
    )
    if before is not None:
        packet = packet / before.copy()
    if not (reduced and count == 1):
        packet = packet / srh(segments, reduced=reduced, segments_left=left, tlvs=tlvs, flags=flags, tag=tag, **fields)
    return packet if payload == b"" else packet / payload


def _decremented(packet: Any) -> Any:
    """A copy with hop limit or TTL one less; the IPv4 checksum is recomputed on build."""
    out = packet.copy()
    if isinstance(out, IP):
        out.ttl -= 1
        del out.chksum
    else:
        out.hlim -= 1
    return out


def h_encaps(
    packet: Any,
    source: Address,
    segments: Sequence[Address],
    *,
    reduced: bool = False,
    hop_limit: int | None = 64,
    traffic_class: int | None = None,
    flow_label: int = 0,
    decrement: bool = True,
) -> Any:
    """H.Encaps or H.Encaps.Red (RFC 8986 5.1, 5.2) of an IPv6 or IPv4 packet.

    The inner hop limit or TTL is one less (unless `decrement` is off: packets of the node itself).
    `hop_limit` None inherits the decremented inner one; `traffic_class` None inherits the inner traffic class
    or TOS. Raises ValueError when `packet` is not IP.
    """
    if not isinstance(packet, (IP, IPv6)):
        raise ValueError(f"H.Encaps takes an IPv4 or IPv6 packet, not {type(packet).__name__}")
    inner = _decremented(packet) if decrement else packet.copy()
    v4 = isinstance(inner, IP)
    if hop_limit is None:
        hop_limit = inner.ttl if v4 else inner.hlim
    if traffic_class is None:
        traffic_class = inner.tos if v4 else inner.tc
    return srv6(
        source,
        segments,
        inner,
        reduced=reduced,
        hop_limit=hop_limit,
        traffic_class=traffic_class,
        flow_label=flow_label,
    )


def h_encaps_l2(
    frame: Packet | bytes,
    source: Address,
    segments: Sequence[Address],
    *,
    reduced: bool = False,
    hop_limit: int = 64,
    traffic_class: int = 0,
    flow_label: int = 0,
) -> Any:
    """H.Encaps.L2 or H.Encaps.L2.Red (RFC 8986 5.3, 5.4) of an Ethernet frame without FCS; nothing in it
    changes."""
    outer = srv6(
        source,
        segments,
        reduced=reduced,
        hop_limit=hop_limit,
        traffic_class=traffic_class,
        flow_label=flow_label,
    )
    last = outer.lastlayer()
    last.nh = 143
    return outer / (frame.copy() if isinstance(frame, Packet) else frame)


def h_insert(packet: Any, segments: Sequence[Address], *, reduced: bool = False, decrement: bool = True) -> Any:
    """H.Insert or H.Insert.Red: an SRH behind the IPv6 header (and Hop-by-Hop Options), back to the original
    destination as last segment (HE-14). Raises ValueError when `packet` is not IPv6."""
    if not isinstance(packet, IPv6):
        raise ValueError(f"H.Insert takes an IPv6 packet, not {type(packet).__name__}")
    out: Any = _decremented(packet) if decrement else packet.copy()
    header = srh([*segments, out.dst], reduced=reduced)
    out.dst = str(segments[0])
    del out.plen
    before = out.payload if isinstance(out.payload, IPv6ExtHdrHopByHop) else out
    header.nh, following = before.nh, before.payload
    before.remove_payload()
    before.nh = 43
    return out / header / following


def advance(packet: Any, *, hop_limit: int = 1) -> Any:
    """The packet after one endpoint (END-5): hop limit less `hop_limit`, first SRH with Segments Left > 0
    advanced, destination set to the new active segment. Raises ValueError when no SRH has segments left."""
    out = packet.copy()
    header = out.getlayer(SRH)
    while header is not None and header.segleft == 0:
        header = header.payload.getlayer(SRH)
    if header is None:
        raise ValueError("no SRH with Segments Left > 0 in this packet")
    header.segleft -= 1
    ip = header.underlayer
    while not isinstance(ip, IPv6):
        ip = ip.underlayer
    ip.hlim -= hop_limit
    ip.dst = header.addresses[header.segleft]
    return out
