# SPDX-License-Identifier: Apache-2.0
"""ICMPv6 errors from inside the SR domain, told to the source of the encapsulated packet (HE-12, RFC 2473 8).

A headend is the source of the outer header, so errors about the tunnel reach it and not the host whose packet
was lost. Unreachable destinations and exceeded times become "address unreachable"; Packet Too Big becomes that of the
inner family with the MTU less the outer headers. A parameter problem is about what the headend wrote, so it stays here,
but for one that the original packet can bring about by being nested too deep (RFC 2473 8.2).
"""

from __future__ import annotations

from typing import NamedTuple

from srv6cp.packets.raw import (
    DESTINATION_OPTIONS,
    ICMPV6,
    IPV4,
    IPV6,
    Ipv4View,
    Ipv6View,
    TruncatedError,
    ipv6_checksum,
    parse_ip,
    parse_ipv6,
)

from .icmp_errors import Problem, Quote

_ENCAPSULATION_LIMIT = b"\x04\x01"  # type and length

IPV6_MINIMUM_MTU = 1280
IPV4_MINIMUM_MTU = 68


class Relayed(NamedTuple):
    """An error to be sent about an inner packet."""

    quote: Quote
    problem: Problem
    parameter: int
    outer: Ipv6View
    """The packet that this node sent, as far as it was quoted."""


def is_error(view: Ipv6View) -> bool:
    """True when the upper layer of `view` is an ICMPv6 error message."""
    return view.upper_protocol == ICMPV6 and view.upper < view.end and view.data[view.upper] < 128


def relayed(view: Ipv6View) -> Relayed | None:
    """What to tell about the ICMPv6 error in `view`, or None.

    None when its checksum is wrong, when it is not about a packet of the address it was sent to, when that
    packet carried no whole inner IP header, or when the inner source has nothing to do about it (a parameter problem of
    the outer headers; a packet too big that this node fragments itself, RFC 2473 7).
    """
    body = view.data[view.upper : view.end]
    if len(body) < 8 or ipv6_checksum(view.src, view.dst, ICMPV6, body) != 0:
        return None
    kind, parameter = body[0], int.from_bytes(body[4:8], "big")
    quoted = body[8:]
    try:
        outer = parse_ipv6(quoted)
        if outer.src != view.dst or outer.upper_protocol not in (IPV4, IPV6):
            return None
        inner = parse_ip(quoted, outer.upper)
    except TruncatedError:
        return None
    if kind in (1, 3) or (kind == 4 and _at_encapsulation_limit(outer, parameter)):
        return Relayed(Quote(inner), Problem.ADDRESS_UNREACHABLE, 0, outer)
    if kind != 2:
        return None
    mtu = parameter - (outer.upper - outer.offset)
    if isinstance(inner, Ipv4View):
        if not inner.dont_fragment:
            return None
        mtu = max(mtu, IPV4_MINIMUM_MTU)
    else:
        if 40 + inner.payload_length <= IPV6_MINIMUM_MTU:
            return None
        mtu = max(mtu, IPV6_MINIMUM_MTU)
    return Relayed(Quote(inner), Problem.PACKET_TOO_BIG, mtu, outer)


def _at_encapsulation_limit(outer: Ipv6View, pointer: int) -> bool:
    """True when the pointer is at a Tunnel Encapsulation Limit option, or at its value (RFC 2473 4.1.1)."""
    inside = any(
        each.protocol == DESTINATION_OPTIONS and each.offset <= outer.offset + pointer < each.offset + each.length
        for each in outer.extensions
    )
    at = outer.offset + pointer
    return inside and _ENCAPSULATION_LIMIT in (outer.data[at : at + 2], outer.data[max(0, at - 2) : at])
