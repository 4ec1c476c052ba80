# SPDX-License-Identifier: Apache-2.0
"""ICMP errors and echo replies against bytes written out from RFC 4443, RFC 792 and RFC 1812."""

from __future__ import annotations

import pytest

from srv6cp.controller.echo import echo_reply, is_echo_request
from srv6cp.controller.icmp_errors import Problem, Quote, deserves_error, error
from srv6cp.packets.raw import checksum, ipv6_checksum, parse_ip

R = bytes.fromhex("20010db8000000010000000000000001")
A = bytes.fromhex("20010db800000002000000000000000a")
B = bytes.fromhex("20010db800000003000000000000000b")
R4, A4, B4 = bytes((10, 0, 0, 1)), bytes((10, 0, 1, 2)), bytes((10, 0, 2, 2))


def ipv6(payload: bytes, next_header: int = 17, src: bytes = A, dst: bytes = B, hop_limit: int = 1) -> bytes:
    return (
        bytes.fromhex("60000000")
        + len(payload).to_bytes(2, "big")
        + bytes((next_header, hop_limit))
        + src
        + dst
        + payload
    )


def ipv4(payload: bytes, protocol: int = 17, src: bytes = A4, dst: bytes = B4, flags: int = 0) -> bytes:
    header = bytes.fromhex("4500") + (20 + len(payload)).to_bytes(2, "big") + b"\x00\x07" + flags.to_bytes(2, "big")
    header += bytes((1, protocol, 0, 0)) + src + dst
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + payload


def quote(packet: bytes, **kwargs: bool) -> Quote:
    return Quote(parse_ip(packet), **kwargs)


UDP = bytes.fromhex("00010002000c0000") + b"data"


def test_time_exceeded_bytes() -> None:
    """RFC 4443 3.3: type 3 code 0, unused zero, the packet as it arrived; hop limit 64."""
    packet = ipv6(UDP)
    out = error(quote(packet), Problem.HOP_LIMIT_EXCEEDED, R)
    assert out is not None
    assert out[:40].hex() == "60000000" + "003c" + "3a" + "40" + R.hex() + A.hex()
    assert out[40:42].hex() + out[44:48].hex() == "0300" + "00000000"
    assert out[48:] == packet
    assert ipv6_checksum(R, A, 58, out[40:]) == 0


@pytest.mark.parametrize(
    ("problem", "parameter", "head"),
    [
        (Problem.NO_ROUTE, 0, "0100 00000000"),
        (Problem.ADDRESS_UNREACHABLE, 0, "0103 00000000"),
        (Problem.PORT_UNREACHABLE, 0, "0104 00000000"),
        (Problem.PACKET_TOO_BIG, 1400, "0200 00000578"),
        (Problem.HOP_LIMIT_EXCEEDED, 0, "0300 00000000"),
        (Problem.PARAMETER_PROBLEM, 43, "0400 0000002b"),
        (Problem.PROTOCOL_UNREACHABLE, 6, "0401 00000006"),
        (Problem.UPPER_LAYER_ERROR, 96, "0404 00000060"),
    ],
)
def test_icmpv6_types(problem: Problem, parameter: int, head: str) -> None:
    out = error(quote(ipv6(UDP)), problem, R, parameter)
    assert out is not None
    assert (out[40:42] + out[44:48]).hex() == head.replace(" ", "")


@pytest.mark.parametrize(
    ("problem", "parameter", "head"),
    [
        (Problem.NO_ROUTE, 0, "0300 00000000"),
        (Problem.ADDRESS_UNREACHABLE, 0, "0301 00000000"),
        (Problem.PROTOCOL_UNREACHABLE, 0, "0302 00000000"),
        (Problem.PORT_UNREACHABLE, 0, "0303 00000000"),
        (Problem.PACKET_TOO_BIG, 1400, "0304 00000578"),
        (Problem.HOP_LIMIT_EXCEEDED, 0, "0b00 00000000"),
        (Problem.PARAMETER_PROBLEM, 20, "0c00 14000000"),
    ],
)
def test_icmpv4_types(problem: Problem, parameter: int, head: str) -> None:
    packet = ipv4(UDP)
    out = error(quote(packet), problem, R4, parameter)
    assert out is not None
    # TOS 0xc0 (RFC 1812 4.3.2.5), an atomic datagram (RFC 6864): DF and Identification 0.
    assert (out[:10] + out[12:20]).hex() == "45c0003c" + "0000" + "4000" + "4001" + R4.hex() + A4.hex()
    assert checksum(out[:20]) == 0
    assert checksum(out[20:]) == 0
    assert (out[20:22] + out[24:28]).hex() == head.replace(" ", "")
    assert out[28:] == packet


def test_ipv4_has_no_upper_layer_error() -> None:
    assert error(quote(ipv4(UDP)), Problem.UPPER_LAYER_ERROR, R4) is None


def test_quote_is_cut_at_1280_and_576() -> None:
    long = ipv6(bytes(2000))
    out = error(quote(long), Problem.NO_ROUTE, R)
    assert out is not None
    assert len(out) == 1280
    assert out[48:] == long[:1232]
    assert ipv6_checksum(R, A, 58, out[40:]) == 0
    out = error(quote(ipv4(bytes(2000))), Problem.NO_ROUTE, R4)
    assert out is not None
    assert len(out) == 576
    assert checksum(out[20:]) == 0


def test_ethernet_padding_is_not_quoted() -> None:
    packet = ipv4(b"12345678")
    out = error(quote(packet + bytes(18)), Problem.NO_ROUTE, R4)
    assert out is not None
    assert out[28:] == packet


MULTICAST = bytes.fromhex("ff0e") + bytes(13) + b"\x05"
LOOPBACK = bytes(15) + b"\x01"


@pytest.mark.parametrize(
    ("packet", "problem", "due"),
    [
        (ipv6(UDP), Problem.NO_ROUTE, True),
        (ipv6(bytes.fromhex("0100000000000000"), 58), Problem.NO_ROUTE, False),
        (ipv6(bytes.fromhex("7f00000000000000"), 58), Problem.NO_ROUTE, False),
        (ipv6(bytes.fromhex("8000000000000000"), 58), Problem.NO_ROUTE, True),
        (ipv6(bytes.fromhex("8900000000000000"), 58), Problem.NO_ROUTE, False),
        (ipv6(b"", 58), Problem.NO_ROUTE, False),
        (ipv6(bytes.fromhex("3a00000000000000 0300000000000000"), 60), Problem.NO_ROUTE, False),
        (ipv6(UDP, src=bytes(16)), Problem.NO_ROUTE, False),
        (ipv6(UDP, src=MULTICAST), Problem.NO_ROUTE, False),
        (ipv6(UDP, src=LOOPBACK), Problem.NO_ROUTE, False),
        (ipv6(UDP, dst=MULTICAST), Problem.NO_ROUTE, False),
        (ipv6(UDP, dst=MULTICAST), Problem.PACKET_TOO_BIG, True),
        (ipv4(UDP), Problem.NO_ROUTE, True),
        (ipv4(b"\x03\x00" + bytes(6), 1), Problem.NO_ROUTE, False),
        (ipv4(b"\x05\x00" + bytes(6), 1), Problem.NO_ROUTE, False),
        (ipv4(b"\x08\x00" + bytes(6), 1), Problem.NO_ROUTE, True),
        (ipv4(UDP, flags=0x0001), Problem.NO_ROUTE, False),
        (ipv4(UDP, flags=0x2000), Problem.NO_ROUTE, True),
        (ipv4(UDP, src=bytes(4)), Problem.NO_ROUTE, False),
        (ipv4(UDP, src=bytes((127, 0, 0, 1))), Problem.NO_ROUTE, False),
        (ipv4(UDP, src=bytes((224, 0, 0, 1))), Problem.NO_ROUTE, False),
        (ipv4(UDP, src=b"\xff" * 4), Problem.NO_ROUTE, False),
        (ipv4(UDP, dst=bytes((224, 0, 0, 5))), Problem.PACKET_TOO_BIG, False),
    ],
)
def test_who_may_be_told(packet: bytes, problem: Problem, due: bool) -> None:
    """RFC 4443 2.4 (e), RFC 1812 4.3.2.7."""
    assert deserves_error(quote(packet), problem) is due
    if due and packet[0] >> 4 == 6:
        assert deserves_error(quote(packet, group_frame=True), problem) is (problem is Problem.PACKET_TOO_BIG)
    elif due:
        assert not deserves_error(quote(packet, group_frame=True), problem)


def echo6(body: bytes = b"payload!", kind: int = 128, dst: bytes = B, src: bytes = A) -> bytes:
    message = bytes((kind, 0, 0, 0)) + b"\x12\x34\x00\x01" + body
    value = ipv6_checksum(src, dst, 58, message)
    return message[:2] + value.to_bytes(2, "big") + message[4:]


def test_echo_reply_v6() -> None:
    """RFC 4443 4.2: source is the destination of the request, data and identifier are returned."""
    view = parse_ip(ipv6(echo6(), 58, hop_limit=7) + b"ethernet padding")
    assert is_echo_request(view)
    reply = echo_reply(view)
    assert reply is not None
    assert reply == bytes.fromhex("60000000 0010 3a 40") + B + A + echo6(kind=129, src=B, dst=A)


def test_echo_reply_from_a_sid_has_no_srh() -> None:
    """OAM-4, RFC 9259 A.1: the SRH of the request (Segments Left 0) is not returned."""
    srh = bytes.fromhex("3a 02 04 00 00 00 0000") + B
    reply = echo_reply(parse_ip(ipv6(srh + echo6(), 43)))
    assert reply == bytes.fromhex("60000000 0010 3a 40") + B + A + echo6(kind=129, src=B, dst=A)


def test_echo_reply_v4_keeps_identification_and_df() -> None:
    message = bytes.fromhex("0800 0000 1234 0001") + b"odd"
    message = message[:2] + checksum(message).to_bytes(2, "big") + message[4:]
    reply = echo_reply(parse_ip(ipv4(message, 1, flags=0x4000)))
    assert reply is not None
    assert (reply[:10] + reply[12:20]).hex() == "4500001f" + "0007" + "4000" + "4001" + B4.hex() + A4.hex()
    assert reply[20:22] == b"\0\0"
    assert reply[24:] == message[4:]
    assert checksum(reply[:20]) == 0
    assert checksum(reply[20:]) == 0


@pytest.mark.parametrize(
    "packet",
    [
        ipv6(echo6()[:-1] + b"?", 58),
        ipv6(echo6(dst=MULTICAST), 58, dst=MULTICAST),
        ipv6(echo6(src=bytes(16)), 58, src=bytes(16)),
        ipv6(echo6()[:6], 58),
        ipv6(bytes.fromhex("3a00000100000001") + echo6(), 44),
        ipv4(bytes.fromhex("0800000012340001"), 1),
    ],
    ids=["checksum", "multicast", "unspecified source", "short", "fragment", "checksum v4"],
)
def test_no_echo_reply(packet: bytes) -> None:
    view = parse_ip(packet)
    assert is_echo_request(view)
    assert echo_reply(view) is None
