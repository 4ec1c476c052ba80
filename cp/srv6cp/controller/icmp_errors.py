# SPDX-License-Identifier: Apache-2.0
"""ICMP errors: who may be told, and what the message quotes (RFC 4443, RFC 792, RFC 1812 4.3).

Errors quote the invoking packet as it arrived, as much
of it as keeps the message within 1280 bytes (IPv6) or 576 bytes (IPv4), never Ethernet padding.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from srv6cp.packets.icmp import icmpv4, icmpv6
from srv6cp.packets.raw import ICMP, ICMPV6, Ipv4View, Ipv6View, IpView

IPV6_ERROR_LIMIT = 1280
"""Longest ICMPv6 error, IPv6 header included (RFC 4443 2.4 c)."""
IPV4_ERROR_LIMIT = 576
"""Longest ICMP error, IPv4 header included (RFC 1812 4.3.2.3)."""

REDIRECT_V6 = 137

_ERRORS_V4 = frozenset({3, 4, 5, 11, 12})
_NETWORK_CONTROL = 0xC0  # precedence 6, RFC 1812 4.3.2.5


class Problem(Enum):
    """What went wrong, with (type, code) in ICMPv6 and in ICMP; None where the family has no such message."""

    NO_ROUTE = ((1, 0), (3, 0))
    ADDRESS_UNREACHABLE = ((1, 3), (3, 1))
    PORT_UNREACHABLE = ((1, 4), (3, 3))
    PROTOCOL_UNREACHABLE = ((4, 1), (3, 2))
    PACKET_TOO_BIG = ((2, 0), (3, 4))
    HOP_LIMIT_EXCEEDED = ((3, 0), (11, 0))
    REASSEMBLY_TIME_EXCEEDED = ((3, 1), (11, 1))
    PARAMETER_PROBLEM = ((4, 0), (12, 0))
    UNKNOWN_OPTION = ((4, 2), None)
    INCOMPLETE_HEADER_CHAIN = ((4, 3), None)
    """The first fragment does not hold all headers (RFC 7112 5, RFC 8200 4.5)."""
    UPPER_LAYER_ERROR = ((4, 4), None)
    """SR Upper-layer Header Error (RFC 8986 4.1.1, RFC 8754 5.3)."""


class Quote(NamedTuple):
    """The packet that an error is about."""

    view: IpView
    group_frame: bool = False
    """It came in a multicast or broadcast frame, or its destination replicates it (RFC 9524 2.2.3)."""

    @property
    def packet(self) -> bytes:
        return self.view.data[self.view.offset : self.view.end]


def deserves_error(quote: Quote, problem: Problem) -> bool:
    """Whether an error may be sent about this packet (RFC 4443 2.4 e, RFC 1812 4.3.2.7).

    Not about ICMP errors and redirects, nor packets from an address that does not name one node, nor packets
    to a group, except Packet Too Big and code 2 of Parameter Problem.
    """
    view = quote.view
    if isinstance(view, Ipv4View):
        return not quote.group_frame and _deserves_error_v4(view)
    if _is_error_v6(view):
        return False
    if not any(view.src) or view.src[0] == 0xFF or view.src == bytes(15) + b"\x01":
        return False
    to_group = quote.group_frame or view.dst[0] == 0xFF
    return not to_group or problem in (Problem.PACKET_TOO_BIG, Problem.UNKNOWN_OPTION)


def _is_error_v6(view: Ipv6View) -> bool:
    if view.upper_protocol != ICMPV6:
        return False
    if view.upper >= view.end:
        return True  # the type is missing: it may have been an error
    kind = view.data[view.upper]
    return kind < 128 or kind == REDIRECT_V6


def _deserves_error_v4(view: Ipv4View) -> bool:
    if view.fragment_offset:
        return False
    if view.protocol == ICMP and (view.upper >= view.end or view.data[view.upper] in _ERRORS_V4):
        return False
    # 0/8 and 127/8 name no node on a network, 224/3 holds groups, class E and the limited broadcast.
    return view.src[0] not in (0, 127) and view.src[0] < 224 and view.dst[0] < 224


def error(quote: Quote, problem: Problem, source: bytes, parameter: int = 0) -> bytes | None:
    """The ICMP error about `quote` from `source`, or None when none may be sent or the family has no such
    message.

    `parameter` is the pointer of a parameter problem or the MTU of packet too big.
    """
    v6, v4 = problem.value
    is_v4 = isinstance(quote.view, Ipv4View)
    message = v4 if is_v4 else v6
    if message is None or not deserves_error(quote, problem):
        return None
    kind, code = message
    if not is_v4:
        return icmpv6(
            source,
            quote.view.src,
            bytes((kind, code, 0, 0)) + parameter.to_bytes(4, "big") + quote.packet[: IPV6_ERROR_LIMIT - 48],
        )
    if problem is Problem.PARAMETER_PROBLEM:
        rest = bytes((min(parameter, 255), 0, 0, 0))
    elif problem is Problem.PACKET_TOO_BIG:
        rest = (min(parameter, 0xFFFF)).to_bytes(4, "big")  # unused 16 bits, next-hop MTU: RFC 1191 4
    else:
        rest = bytes(4)
    body = bytes((kind, code, 0, 0)) + rest + quote.packet[: IPV4_ERROR_LIMIT - 28]
    return icmpv4(source, quote.view.src, body, tos=_NETWORK_CONTROL)
