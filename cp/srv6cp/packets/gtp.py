# SPDX-License-Identifier: Apache-2.0
"""Messages of GTP-U, version 1 (3GPP TS 29.281 5.1, 5.2, 7.2; TS 38.415 5.5.2)."""

from __future__ import annotations

from srv6cp.packets.raw import UDP, IpView

PORT = 2152
_UDP_HEADER, _HEADER, _OPTIONS = 8, 8, 4
_VERSION_1 = 0x30  # protocol type GTP
_EXTENSION, _SEQUENCE_NUMBER, _ANY_OPTION = 0x04, 0x02, 0x07
_ECHO_REQUEST, _ECHO_RESPONSE, _G_PDU = 1, 2, 255
_CONTAINER, _UPLINK = 0x85, 0x10
_RECOVERY = bytes((14, 0))  # restart counter: 0, its receiver ignores it (8.2)


def g_pdu(packet: bytes, teid: int, qfi: int = 0) -> bytes:
    """A user's packet in a session; with a PDU Session Container (uplink) where there is a QFI."""
    options = bytes((0, 0, 0, _CONTAINER, 1, _UPLINK, qfi, 0)) if qfi else b""
    flags = _VERSION_1 | (_EXTENSION if qfi else 0)
    length = len(options) + len(packet)
    return bytes((flags, _G_PDU)) + length.to_bytes(2, "big") + teid.to_bytes(4, "big") + options + packet


def payload(view: IpView) -> bytes | None:
    """The user's packet that a packet carries in GTP-U; None when it carries none."""
    message = _message(view)
    if message is None or message[0] & 0xF0 != _VERSION_1 or message[1] != _G_PDU:
        return None
    at = _HEADER
    if message[0] & _ANY_OPTION:
        following = message[_HEADER + 3] if message[0] & _EXTENSION and len(message) > _HEADER + 3 else 0
        at += _OPTIONS
        while following:
            size = 4 * message[at] if at < len(message) else 0
            if not size or at + size > len(message):
                return None
            following = message[at + size - 1]
            at += size
    return message[at : _HEADER + int.from_bytes(message[2:4], "big")] or None


def echo_response(view: IpView) -> tuple[int, bytes] | None:
    """Port and message of the response to the echo request in `view`, or None when it is malformed.

    It goes to the port that the request came from, with its sequence number (TS 29.281 4.4.2, 5.1).
    """
    message = _message(view)
    if message is None or len(message) < _HEADER + _OPTIONS:
        return None
    length = int.from_bytes(message[2:4], "big")
    asked = message[0] & (0xF0 | _SEQUENCE_NUMBER) == _VERSION_1 | _SEQUENCE_NUMBER and message[1] == _ECHO_REQUEST
    if not asked or length > len(message) - _HEADER:
        return None
    optional = message[_HEADER : _HEADER + 2] + b"\0\0"
    size = (len(optional) + len(_RECOVERY)).to_bytes(2, "big")
    head = bytes((_VERSION_1 | _SEQUENCE_NUMBER, _ECHO_RESPONSE)) + size + bytes(4)
    return int.from_bytes(view.data[view.upper : view.upper + 2], "big"), head + optional + _RECOVERY


def _message(view: IpView) -> bytes | None:
    """What UDP carries to the port of GTP-U, a header of it at least."""
    if view.upper_protocol != UDP or view.is_fragment or view.end - view.upper < _UDP_HEADER + _HEADER:
        return None
    if view.data[view.upper + 2 : view.upper + 4] != PORT.to_bytes(2, "big"):
        return None
    return bytes(view.data[view.upper + _UDP_HEADER : view.end])
