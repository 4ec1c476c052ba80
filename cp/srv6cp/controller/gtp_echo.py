# SPDX-License-Identifier: Apache-2.0
"""Answers to echo requests of GTP-U (3GPP TS 29.281 7.2), for the peer that they were sent to."""

from __future__ import annotations

from srv6cp.packets.ip import udp
from srv6cp.packets.raw import UDP, IpView

_PORT = 2152
_UDP_HEADER, _GTP_HEADER = 8, 8
_ECHO_REQUEST, _ECHO_RESPONSE = 1, 2
_VERSION_1, _SEQUENCE_NUMBER = 0x30, 0x02
_RECOVERY = bytes((14, 0))  # restart counter: 0, its receiver ignores it (8.2)


def gtp_echo_response(view: IpView) -> bytes | None:
    """The response to the echo request in `view`, or None when it is malformed.

    Addresses change places; the response goes to the port that the request came from, with its sequence number
    (TS 29.281 4.4.2, 5.1).
    """
    if view.upper_protocol != UDP or view.is_fragment:
        return None
    message = view.data[view.upper + _UDP_HEADER : view.end]
    if len(message) < _GTP_HEADER + 4 or message[0] & 0xF2 != _VERSION_1 | _SEQUENCE_NUMBER:
        return None
    if message[1] != _ECHO_REQUEST or int.from_bytes(message[2:4], "big") > len(message) - _GTP_HEADER:
        return None
    optional = message[8:10] + b"\0\0"
    length = (len(optional) + len(_RECOVERY)).to_bytes(2, "big")
    head = bytes((_VERSION_1 | _SEQUENCE_NUMBER, _ECHO_RESPONSE)) + length + bytes(4)
    port = int.from_bytes(view.data[view.upper : view.upper + 2], "big")
    return udp(view.dst, view.src, _PORT, port, head + optional + _RECOVERY)
