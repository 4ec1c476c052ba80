# SPDX-License-Identifier: Apache-2.0
"""Binary strings: the tables of P4Runtime 1.5 section 8.4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.p4runtime.errors import Fault
from softswitch.p4runtime.values import bytes_of, format_value, signed_bytes_of, signed_of, value_of


@pytest.mark.parametrize(
    ("width", "data", "value", "canonical"),
    [
        (8, b"\x63", 99, True), (16, b"\x00\x63", 99, False), (16, b"\x63", 99, True),
        (16, b"\x30\x64", 12388, True), (16, b"\x00\x30\x64", 12388, False), (12, b"\x00\x63", 99, False),
        (12, b"\x00\x00\x63", 99, False), (8, b"\x00", 0, True),
    ],
)  # fmt: skip
def test_valid_unsigned(width: int, data: bytes, value: int, canonical: bool) -> None:
    assert value_of(data, width, "x") == value
    assert (bytes_of(value) == data) == canonical


@pytest.mark.parametrize(
    ("width", "data"),
    [(8, b"\x01\x63"), (8, b""), (16, b"\x01\x00\x63"), (12, b"\x10\x63"), (12, b"\x01\x00\x63"),
     (12, b"\x00\x40\x63")],
)  # fmt: skip
def test_invalid_unsigned(width: int, data: bytes) -> None:
    with pytest.raises(Fault, match="here") as fault:
        value_of(data, width, "here")
    assert fault.value.code == 11


@pytest.mark.parametrize(
    ("width", "data", "value", "canonical"),
    [
        (8, b"\x63", 99, True), (8, b"\x9d", -99, True), (8, b"\xff\x9d", -99, False),
        (12, b"\xfd\x1d", -739, True), (16, b"\x00\x00", 0, False), (16, b"\x00", 0, True),
    ],
)  # fmt: skip
def test_valid_signed(width: int, data: bytes, value: int, canonical: bool) -> None:
    assert signed_of(data, width, "x") == value
    assert (signed_bytes_of(value) == data) == canonical


@pytest.mark.parametrize(("width", "data"), [(8, b"\x00\x9d"), (12, b"\x8d\x1d"), (16, b"")])
def test_invalid_signed(width: int, data: bytes) -> None:
    with pytest.raises(Fault):
        signed_of(data, width, "x")


@given(st.integers(0, (1 << 128) - 1))
def test_round_trip(value: int) -> None:
    data = bytes_of(value)
    assert value_of(data, 128, "x") == value
    assert len(data) == 1 or data[0] != 0


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_signed_round_trip(value: int) -> None:
    data = signed_bytes_of(value)
    assert signed_of(data, 64, "x") == value
    assert signed_of(b"\xff" * 3 + data if value < 0 else b"\0" * 3 + data, 64, "x") == value


def test_format() -> None:
    assert format_value(0x20010DB8 << 96, 128, "IPV6_ADDRESS") == "2001:db8::"
    assert format_value(0x0A000001, 32, "IPV4_ADDRESS") == "10.0.0.1"
    assert format_value(0x020000000001, 48, "MAC_ADDRESS") == "02:00:00:00:00:01"
    assert format_value(7, 16) == "7"
    assert format_value(510, 9) == "510 (0x1fe)"
