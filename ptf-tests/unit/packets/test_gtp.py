# SPDX-License-Identifier: Apache-2.0
"""GTP-U messages byte by byte (3GPP TS 29.281 5.1, 5.2, 7.2; TS 38.415 5.5.2)."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest

from srv6cp.packets import gtp, ip, raw

A, B = IPv6Address("2001:db8::a").packed, IPv6Address("2001:db8::b").packed


def received(message: bytes, port: int = gtp.PORT) -> raw.IpView:
    return raw.parse_ip(ip.udp(A, B, 40001, port, message))


def test_a_users_packet_in_a_session() -> None:
    assert gtp.g_pdu(b"user", 0x123) == bytes.fromhex("30ff0004 00000123") + b"user"
    assert gtp.g_pdu(b"user", 0x123, 5) == bytes.fromhex("34ff000c 00000123 000000 85 01 1005 00") + b"user"
    for qfi in (0, 5):
        assert gtp.payload(received(gtp.g_pdu(b"user", 0x123, qfi))) == b"user"


@pytest.mark.parametrize(
    "message",
    [
        "",
        "30ff0004",
        "50ff0004 00000123 75736572",  # version 2
        "30fe0004 00000123 75736572",  # an end marker
        "34ff000c 00000123 00000085 00100500 75736572",  # an extension header of length 0
        "34ff000c 00000123 00000085 09100500 75736572",  # one that runs past the end
        "30ff0000 00000123",  # nothing inside
    ],
)
def test_no_users_packet(message: str) -> None:
    assert gtp.payload(received(bytes.fromhex(message))) is None


def test_another_port_is_no_gtp() -> None:
    assert gtp.payload(received(gtp.g_pdu(b"user", 1), port=2153)) is None


def test_response_to_an_echo_request() -> None:
    request = bytes.fromhex("32010004 00000000 12340000")
    assert gtp.echo_response(received(request)) == (40001, bytes.fromhex("32020006 00000000 12340000 0e00"))


@pytest.mark.parametrize(
    "message",
    ["30010000 00000000", "30010000 00000000 12340000", "32020004 00000000 12340000", "32010009 00000000 12340000"],
)
def test_no_echo_request(message: str) -> None:
    """Too short, without a sequence number, another message, a length beyond the packet."""
    assert gtp.echo_response(received(bytes.fromhex(message))) is None
