# SPDX-License-Identifier: Apache-2.0
"""Values: canonical byte strings (P4Runtime 8.4), text, formats, and what is refused."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p4rtlib.values import (
    Format,
    canonical,
    canonical_signed,
    encode_value,
    format_number,
    format_value,
    parse_value,
    show_value,
    signed,
    unsigned,
)


@pytest.mark.parametrize(
    ("number", "data"),
    [(0, b"\0"), (1, b"\1"), (255, b"\xff"), (256, b"\1\0"), (1 << 127, b"\x80" + bytes(15))],
)
def test_canonical_is_the_shortest(number: int, data: bytes) -> None:
    assert canonical(number) == data


@pytest.mark.parametrize(
    ("value", "width", "data"),
    [
        (0, 9, b"\0"),
        (511, 9, b"\1\xff"),
        (True, 1, b"\1"),
        (b"\0\0\7", 16, b"\7"),
        (IPv4Address("0.0.1.2"), 32, b"\1\2"),
        (IPv6Address("::"), 128, b"\0"),
        (IPv6Address("2001:db8::"), 128, bytes.fromhex("20010db8") + bytes(12)),
        ("02:00:00:00:01:01", 48, bytes.fromhex("020000000101")),
        ("02-00-00-00-01-01", 48, bytes.fromhex("020000000101")),
        ("0x1f", 8, b"\x1f"),
        ("10.0.0.1", 32, bytes([10, 0, 0, 1])),
    ],
)
def test_encode(value: object, width: int, data: bytes) -> None:
    assert encode_value(value, width) == data


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        (512, 9, "512 does not fit in 9 bits (0..511)"),
        (-1, 9, "-1 does not fit in 9 bits (0..511)"),
        (1 << 128, 128, "does not fit in 128 bits (0..0xffffffffffffffffffffffffffffffff)"),
        (b"\1\0", 8, "0x0100 does not fit in 8 bits"),
        (IPv4Address("1.2.3.4"), 128, "1.2.3.4 is an IPv4 address, the field has 128 bits"),
        ("2001:db8::", 32, "2001:db8:: is an IPv6 address, the field has 32 bits"),
        ("02:00:00:00:01:01", 128, "02:00:00:00:01:01 is a MAC address, the field has 128 bits"),
        ("nonsense", 48, "'nonsense' is not a MAC address or a number"),
        ("nonsense", 128, "'nonsense' is not an IPv6 address or a number"),
        ("1_", 8, "'1_' is not a number"),
        ("", 8, "'' is not a number (decimal, 0x..., 0b...)"),
        (1.5, 8, "1.5 (float) is not a number, an address, a MAC string or bytes"),
        (None, 8, "None (NoneType) is not a number"),
        (7, 0, "7 is not a string"),
    ],
)
def test_refused(value: object, width: int, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        encode_value(value, width)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("form", "width", "value", "text"),
    [
        (Format.NUMBER, 16, 77, "77"),
        (Format.IPV6, 128, IPv6Address("fcbb:bb00::1"), "fcbb:bb00::1"),
        (Format.IPV4, 32, IPv4Address("10.0.0.1"), "10.0.0.1"),
        (Format.MAC, 48, "00:00:00:00:00:01", "00:00:00:00:00:01"),
    ],
)
def test_formats_round_trip(form: Format, width: int, value: object, text: str) -> None:
    data = encode_value(value, width)
    assert format_value(data, form) == value
    assert format_number(int.from_bytes(data, "big"), form) == value
    assert show_value(value) == text
    assert encode_value(parse_value(text, width), width) == data


def test_translated_strings_are_not_numbers() -> None:
    assert encode_value("Ethernet0", 0) == b"Ethernet0"
    assert format_value(b"Ethernet0", Format.TEXT) == "Ethernet0"


# The tables of P4Runtime 1.5, 8.4.


@pytest.mark.parametrize(
    ("width", "data", "value", "shortest"),
    [
        (8, b"\x63", 99, True), (16, b"\x00\x63", 99, False), (16, b"\x63", 99, True),
        (16, b"\x30\x64", 12388, True), (16, b"\x00\x30\x64", 12388, False), (12, b"\x00\x63", 99, False),
        (12, b"\x00\x00\x63", 99, False), (8, b"\x00", 0, True),
    ],
)  # fmt: skip
def test_valid_unsigned(width: int, data: bytes, value: int, shortest: bool) -> None:
    assert unsigned(data, width) == value
    assert (canonical(value) == data) == shortest


@pytest.mark.parametrize(
    ("width", "data"),
    [(8, b"\x01\x63"), (8, b""), (16, b"\x01\x00\x63"), (12, b"\x10\x63"), (12, b"\x01\x00\x63"),
     (12, b"\x00\x40\x63")],
)  # fmt: skip
def test_invalid_unsigned(width: int, data: bytes) -> None:
    with pytest.raises(ValueError, match=rf"bit<{width}>"):
        unsigned(data, width)


@pytest.mark.parametrize(
    ("width", "data", "value", "shortest"),
    [
        (8, b"\x63", 99, True), (8, b"\x9d", -99, True), (8, b"\xff\x9d", -99, False),
        (12, b"\xfd\x1d", -739, True), (16, b"\x00\x00", 0, False), (16, b"\x00", 0, True),
    ],
)  # fmt: skip
def test_valid_signed(width: int, data: bytes, value: int, shortest: bool) -> None:
    assert signed(data, width) == value
    assert (canonical_signed(value) == data) == shortest


@pytest.mark.parametrize(("width", "data"), [(8, b"\x00\x9d"), (12, b"\x8d\x1d"), (16, b"")])
def test_invalid_signed(width: int, data: bytes) -> None:
    with pytest.raises(ValueError, match=rf"int<{width}>"):
        signed(data, width)


@given(st.integers(0, (1 << 128) - 1))
def test_round_trip(value: int) -> None:
    data = canonical(value)
    assert unsigned(data, 128) == value
    assert len(data) == 1 or data[0] != 0


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_signed_round_trip(value: int) -> None:
    data = canonical_signed(value)
    assert signed(data, 64) == value
    assert signed(b"\xff" * 3 + data if value < 0 else b"\0" * 3 + data, 64) == value
