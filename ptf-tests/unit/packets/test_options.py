# SPDX-License-Identifier: Apache-2.0
"""Unknown options of IPv6, against headers written out by hand (RFC 8200 4.2)."""

from __future__ import annotations

import pytest

from srv6cp.packets.options import Action, UnknownOption, unknown_option
from srv6cp.packets.raw import parse_ipv6

HOP_BY_HOP, ROUTING, DESTINATION, NO_NEXT = 0, 43, 60, 59
DISCARD, REPORT, UNICAST = Action.DISCARD, Action.REPORT, Action.REPORT_UNICAST


def found(first: int, *headers: str, cut: int = 0) -> UnknownOption | None:
    """Of a packet whose extension headers are ``headers``, in hexadecimal, the first one of protocol ``first``."""
    body = b"".join(map(bytes.fromhex, headers))
    fixed = bytes.fromhex("60000000") + len(body).to_bytes(2, "big") + bytes((first, 64)) + bytes(32)
    packet = fixed + body
    return unknown_option(parse_ipv6(b"link" + packet[: len(packet) - cut], 4))


@pytest.mark.parametrize(
    ("header", "option"),
    [
        ("3b 00 01 04 00000000", None),
        ("3b 00 00 00 00 00 00 00", None),
        ("3b 00 1e 04 00000000", None),
        ("3b 00 5e 04 00000000", UnknownOption(DISCARD, 42)),
        ("3b 00 9e 04 00000000", UnknownOption(REPORT, 42)),
        ("3b 00 de 04 00000000", UnknownOption(UNICAST, 42)),
        ("3b 00 00 9e 03 000000", UnknownOption(REPORT, 43)),
        ("3b 00 01 00 00 00 c9 00", UnknownOption(UNICAST, 46)),
        ("3b 00 01 00 00 00 00 80", UnknownOption(REPORT, 47)),  # no length: its type has said enough
        ("3b 00 1e 03 000000 1e", UnknownOption(DISCARD, 47)),  # no length
        ("3b 00 1e 05 00000000", UnknownOption(DISCARD, 42)),  # longer than its header
        ("3b 01 1e 0c" + "00" * 12, None),
        ("3b 01 1e 06 000000000000 9e 04 00000000", UnknownOption(REPORT, 50)),
    ],
)
def test_one_header(header: str, option: UnknownOption | None) -> None:
    assert found(DESTINATION, header) == found(HOP_BY_HOP, header) == option


def test_the_first_of_several_headers() -> None:
    assert found(HOP_BY_HOP, "3c 00 1e 04 00000000", "3b 00 9e 04 00000000") == UnknownOption(REPORT, 50)
    assert found(HOP_BY_HOP, "3c 00 5e 04 00000000", "3b 00 9e 04 00000000") == UnknownOption(DISCARD, 42)


def test_what_is_behind_a_routing_header_is_for_another_while_segments_are_left() -> None:
    for left, option in (("00", UnknownOption(REPORT, 66)), ("01", None)):
        srh = f"3c 02 04 {left} 00 00 0000" + "00" * 16
        assert found(ROUTING, srh, "3b 00 9e 04 00000000") == option


def test_a_header_that_the_packet_cuts_short() -> None:
    assert found(DESTINATION, "3b 01 1e 04 00000000 9e 06 000000000000", cut=4) == UnknownOption(REPORT, 48)
    assert found(DESTINATION, "3b 01 1e 04 00000000 1e 06 000000000000", cut=4) == UnknownOption(DISCARD, 48)
