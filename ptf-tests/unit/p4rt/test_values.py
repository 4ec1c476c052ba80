# SPDX-License-Identifier: Apache-2.0
"""Values: canonical byte strings (P4Runtime 8.4), text, formats, and what is refused."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from srv6cp.p4rt.values import Format, canonical, encode_value, format_value, parse_value, show_value


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
    assert show_value(value) == text
    assert encode_value(parse_value(text, width), width) == data


def test_translated_strings_are_not_numbers() -> None:
    assert encode_value("Ethernet0", 0) == b"Ethernet0"
    assert format_value(b"Ethernet0", Format.TEXT) == "Ethernet0"
