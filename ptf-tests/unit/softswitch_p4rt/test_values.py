# SPDX-License-Identifier: Apache-2.0
"""Values in the messages of the server."""

from __future__ import annotations

import pytest

from p4rtlib.values import Format
from softswitch.p4runtime.errors import Fault
from softswitch.p4runtime.values import format_value, signed_of, value_of


@pytest.mark.parametrize(
    ("refuse", "text"),
    [
        (lambda: value_of(b"\1\x63", 8, "here"), "here: 0x163 does not fit bit<8> (at most 0xff)"),
        (lambda: value_of(b"", 8, "here"), "here: the value is an empty string; bit<8> takes at least one byte"),
        (lambda: signed_of(b"\0\x9d", 8, "here"), "here: 157 does not fit int<8>"),
    ],
)
def test_out_of_range_names_the_place(refuse, text: str) -> None:
    with pytest.raises(Fault) as fault:
        refuse()
    assert (fault.value.code, fault.value.message) == (11, text)


def test_format() -> None:
    assert format_value(0x20010DB8 << 96, Format.IPV6) == "2001:db8::"
    assert format_value(0x0A000001, Format.IPV4) == "10.0.0.1"
    assert format_value(0x020000000001, Format.MAC) == "02:00:00:00:00:01"
    assert format_value(7, Format.NUMBER) == "7"
    assert format_value(510, Format.NUMBER) == "510 (0x1fe)"
