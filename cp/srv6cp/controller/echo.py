# SPDX-License-Identifier: Apache-2.0
"""Answers to ping (RFC 4443 4.2, RFC 792, and OAM-4 / RFC 9259 A.1 for pings to a SID)."""

from __future__ import annotations

from srv6cp.packets.icmp import ECHO_REPLY_V4, ECHO_REPLY_V6, ECHO_REQUEST_V4, ECHO_REQUEST_V6, icmpv4, icmpv6
from srv6cp.packets.raw import ICMP, ICMPV6, Ipv4View, IpView, checksum, ipv6_checksum


def is_echo_request(view: IpView) -> bool:
    """True when the upper layer of `view` is an echo request of its family."""
    if view.upper >= view.end:
        return False
    kind = view.data[view.upper]
    if isinstance(view, Ipv4View):
        return view.upper_protocol == ICMP and kind == ECHO_REQUEST_V4
    return view.upper_protocol == ICMPV6 and kind == ECHO_REQUEST_V6


def echo_reply(view: IpView, source: bytes | None = None) -> bytes | None:
    """The reply to the echo request in `view`, or None when it is malformed, fragmented or was sent to a
    group and no `source` is given.

    Source is the destination of the request (a SID where a SID was pinged) or `source`, destination its source; no
    extension header of the request is repeated, so that the reply is routed without SRH (RFC 9259 A.1).
    Traffic class or TOS are those of the request; in IPv4 the Identification and DF too, which keeps them
    unique per pair of addresses.
    """
    body = view.data[view.upper : view.end]
    if len(body) < 8 or body[1] != 0 or view.is_fragment:
        return None
    if isinstance(view, Ipv4View):
        if view.dst[0] >= 224 or view.src[0] in (0, 127) or view.src[0] >= 224 or checksum(body) != 0:
            return None
        return icmpv4(
            view.dst,
            view.src,
            bytes((ECHO_REPLY_V4, 0, 0, 0)) + body[4:],
            view.tos,
            view.identification,
            view.dont_fragment,
        )
    source = source or view.dst
    if source[0] == 0xFF or view.src[0] == 0xFF or not any(view.src):
        return None
    if ipv6_checksum(view.src, view.dst, ICMPV6, body) != 0:
        return None
    return icmpv6(
        source,
        view.src,
        bytes((ECHO_REPLY_V6, 0, 0, 0)) + body[4:],
        traffic_class=view.traffic_class,
    )
