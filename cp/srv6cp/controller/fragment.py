# SPDX-License-Identifier: Apache-2.0
"""IP fragmentation (RFC 8200 4.5 at the source, RFC 791 3.2 anywhere).

The data plane hands over what it cannot cut itself: encapsulated packets longer than the way out (RFC 2473
7), IPv4 packets without DF, and the controller's own.

IPv4 without DF that has been encapsulated is cut inside the tunnel's headers, as if before it entered the tunnel: a
SID cannot reassemble, so the fragments of RFC 2473 7.2 end at the decapsulator, while any router may cut IPv4.
"""

from __future__ import annotations

from srv6cp.packets.raw import (
    FRAGMENT,
    HOP_BY_HOP,
    IPV4,
    ROUTING,
    Ipv4View,
    Ipv6View,
    IpView,
    checksum,
    parse_ethernet,
    parse_ip,
    parse_ipv4,
)


class CannotFragmentError(ValueError):
    """The packet may not be, or cannot be, cut to this MTU."""


def fragment_frame(frame: bytes, mtu: int, identification: int, inner: bool = True) -> list[bytes]:
    """The Ethernet frame as frames whose IP packets are at most `mtu` bytes long.

    With `inner`, IPv4 in IPv6 without DF becomes pieces that are encapsulated each. `identification` is used for IPv6
    only. Raises CannotFragmentError, or raw.TruncatedError when it is no IP packet.
    """
    ethernet = parse_ethernet(frame)
    header = frame[: ethernet.payload]
    view = parse_ip(frame, ethernet.payload)
    pieces = None
    if inner and isinstance(view, Ipv6View) and view.upper_protocol == IPV4 and not view.is_fragment:
        pieces = _fragment_inside(view, mtu)
    return [header + piece for piece in pieces or fragment_packet(view, mtu, identification)]


def _fragment_inside(outer: Ipv6View, mtu: int) -> list[bytes] | None:
    """The IPv4 packet in `outer` in pieces, each behind all headers of `outer`; None when it may not be cut."""
    inner = parse_ipv4(outer.data[: outer.end], outer.upper)
    if inner.dont_fragment:
        return None
    headers = bytearray(outer.data[outer.offset : outer.upper])
    pieces = []
    for piece in fragment_packet(inner, mtu - len(headers), 0):
        headers[4:6] = (len(headers) - 40 + len(piece)).to_bytes(2, "big")
        pieces.append(bytes(headers) + piece)
    return pieces


def fragment_packet(view: IpView, mtu: int, identification: int) -> list[bytes]:
    """The packet in pieces of at most `mtu` bytes; a packet that fits is returned whole."""
    if view.end - view.offset <= mtu:
        return [view.data[view.offset : view.end]]
    return _fragment_v4(view, mtu) if isinstance(view, Ipv4View) else _fragment_v6(view, mtu, identification)


def _fragment_v6(view: Ipv6View, mtu: int, identification: int) -> list[bytes]:
    # Unfragmentable part: up to the last Routing header, else Hop-by-Hop, else the IPv6 header alone (RFC
    # 8200 4.5).
    start, next_header_at = view.offset + 40, view.offset + 6
    for extension in view.extensions:
        if extension.protocol == FRAGMENT:
            raise CannotFragmentError("an IPv6 fragment is not fragmented again")
        if extension.protocol in (ROUTING, HOP_BY_HOP):
            start, next_header_at = extension.offset + extension.length, extension.offset
    data, end = view.data, view.end
    prefix = bytearray(data[view.offset : start])
    room = (mtu - len(prefix) - 8) // 8 * 8
    if room <= 0:
        raise CannotFragmentError(f"an MTU of {mtu} leaves no room behind {len(prefix)} bytes of headers")
    next_header = data[next_header_at]
    prefix[next_header_at - view.offset] = FRAGMENT
    pieces = []
    for at in range(start, end, room):
        payload = data[at : min(at + room, end)]
        more = at + room < end
        prefix[4:6] = (len(prefix) - 40 + 8 + len(payload)).to_bytes(2, "big")
        header = bytes((next_header, 0)) + (at - start | more).to_bytes(2, "big")
        pieces.append(bytes(prefix) + header + identification.to_bytes(4, "big") + payload)
    return pieces


def _fragment_v4(view: Ipv4View, mtu: int) -> list[bytes]:
    if view.dont_fragment:
        raise CannotFragmentError("Don't Fragment is set")
    data, end = view.data, view.end
    first_header = data[view.offset : view.upper]
    later_header = data[view.offset : view.offset + 20] + _copied_options(view.options)
    pieces = []
    at = view.upper
    while at < end:
        header = bytearray(first_header if at == view.upper else later_header)
        room = mtu - len(header)
        last = end - at <= room
        if not last:
            room = room // 8 * 8
        if room <= 0:
            raise CannotFragmentError(f"no room for payload in an MTU of {mtu}")
        payload = data[at : min(at + room, end)]
        header[0] = 0x40 | len(header) // 4
        header[2:4] = (len(header) + len(payload)).to_bytes(2, "big")
        offset = (view.fragment_offset + at - view.upper) // 8
        more = not last or view.more_fragments
        header[6:8] = (offset | (0x2000 if more else 0)).to_bytes(2, "big")
        header[10:12] = b"\0\0"
        header[10:12] = checksum(bytes(header)).to_bytes(2, "big")
        pieces.append(bytes(header) + payload)
        at += len(payload)
    return pieces


def _copied_options(options: bytes) -> bytes:
    """The options with the copied flag (RFC 791 3.1), padded with End of Option List to 4 bytes."""
    kept = bytearray()
    at = 0
    while at < len(options) and options[at] != 0:
        if options[at] == 1:
            at += 1
            continue
        if at + 1 >= len(options) or options[at + 1] < 2 or at + options[at + 1] > len(options):
            break  # malformed: what is behind it cannot be told apart
        length = options[at + 1]
        if options[at] & 0x80:
            kept += options[at : at + length]
        at += length
    return bytes(kept) + bytes(-len(kept) % 4)
