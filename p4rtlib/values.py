# SPDX-License-Identifier: Apache-2.0
"""Values of fields: Python objects, text and P4Runtime's byte strings.

A byte string (P4Runtime 1.5, 8.4) is big-endian; the canonical one is the shortest that holds the number, one zero
byte for 0. Numbers of type ``int<W>`` are in two's complement. Every function raises ``ValueError`` with a text that
says what is wrong with the value; callers say where it stood.
"""

from __future__ import annotations

import re
from enum import Enum
from ipaddress import AddressValueError, IPv4Address, IPv6Address

__all__ = [
    "Format",
    "Value",
    "canonical",
    "canonical_signed",
    "encode_value",
    "format_number",
    "format_value",
    "mac",
    "parse_value",
    "show_value",
    "signed",
    "to_int",
    "unsigned",
]

#: What a field or a parameter may be given as.
Value = int | str | bytes | IPv4Address | IPv6Address

_MAC = re.compile(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9_]+")


class Format(Enum):
    """How a value reads best, from ``@format``; TEXT is a translated type whose values are strings."""

    NUMBER = "number"
    IPV4 = "IPV4_ADDRESS"
    IPV6 = "IPV6_ADDRESS"
    MAC = "MAC_ADDRESS"
    TEXT = "string"


def canonical(number: int) -> bytes:
    """The canonical byte string of an unsigned integer."""
    return number.to_bytes((number.bit_length() + 7) >> 3 or 1, "big")


def canonical_signed(number: int) -> bytes:
    """The canonical byte string of a number of type ``int<W>``."""
    bits = (number if number >= 0 else ~number).bit_length() + 1
    return number.to_bytes((bits + 7) >> 3, "big", signed=True)


def unsigned(data: bytes, width: int) -> int:
    """The number in the byte string of a ``bit<width>``, which need not be canonical."""
    if not data:
        raise ValueError(f"the value is an empty string; bit<{width}> takes at least one byte")
    number = int.from_bytes(data, "big")
    if number >> width:
        raise ValueError(f"{hex(number)} does not fit bit<{width}> (at most {hex((1 << width) - 1)})")
    return number


def signed(data: bytes, width: int) -> int:
    """The number in the byte string of an ``int<width>``, which need not be canonical."""
    if not data:
        raise ValueError(f"the value is an empty string; int<{width}> takes at least one byte")
    number = int.from_bytes(data, "big", signed=True)
    if not -(1 << (width - 1)) <= number < 1 << (width - 1):
        raise ValueError(f"{number} does not fit int<{width}>")
    return number


def mac(number: int) -> str:
    """``02:00:00:00:01:01`` for a 48-bit number."""
    return number.to_bytes(6, "big").hex(":")


def to_int(value: object, width: int) -> int:
    """The unsigned integer that ``value`` stands for in a field of ``width`` bits."""
    if isinstance(value, int):
        number = int(value)
    elif isinstance(value, (IPv4Address, IPv6Address)):
        if value.max_prefixlen != width:
            raise ValueError(f"{value} is an IPv{value.version} address, the field has {width} bits")
        number = int(value)
    elif isinstance(value, str):
        number = parse_value(value, width)
    elif isinstance(value, (bytes, bytearray)):
        number = int.from_bytes(value, "big")
    else:
        raise ValueError(f"{value!r} ({type(value).__name__}) is not a number, an address, a MAC string or bytes")
    if number >> width:  # also true of every negative number
        limit = (1 << width) - 1
        raise ValueError(
            f"{show_value(value)} does not fit in {width} bits (0..{limit if width <= 32 else hex(limit)})"
        )
    return number


def encode_value(value: object, width: int) -> bytes:
    """The canonical byte string of ``value`` in a field of ``width`` bits; width 0 is a translated string."""
    if not width:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not a string")
        return value.encode()
    number = value if type(value) is int else to_int(value, width)
    if number >> width:
        to_int(value, width)  # raises, with the text
    return number.to_bytes((number.bit_length() + 7) >> 3 or 1, "big")


def format_number(number: int, form: Format) -> Value:
    """The Python object that reads best: an address for IPV4 and IPV6, text for MAC, else the number itself."""
    if form is Format.IPV6:
        return IPv6Address(number)
    if form is Format.IPV4:
        return IPv4Address(number)
    if form is Format.MAC:
        return mac(number)
    return number


def format_value(data: bytes, form: Format) -> Value:
    """The same for a byte string from the switch; the text itself for TEXT."""
    if form is Format.TEXT:
        return data.decode(errors="replace")
    return format_number(int.from_bytes(data, "big"), form)


def parse_value(text: str, width: int) -> int:
    """The number in ``text``: decimal, 0x, 0o, 0b, an IPv4 or IPv6 address, or a MAC address; the width is
    checked.
    """
    word = text.strip()
    if _NUMBER.fullmatch(word):
        try:
            number = int(word, 0) if word[:2].lower() in ("0x", "0b", "0o") else int(word)
        except ValueError:
            raise ValueError(f"{text!r} is not a number") from None
    elif _MAC.fullmatch(word):
        if width != 48:
            raise ValueError(f"{text} is a MAC address, the field has {width} bits")
        number = int(re.sub("[:-]", "", word), 16)
    else:
        try:
            address = IPv6Address(word) if ":" in word else IPv4Address(word)
        except AddressValueError:
            raise ValueError(f"{text!r} is not {_expected(width)}") from None
        if address.max_prefixlen != width:
            raise ValueError(f"{text} is an IPv{address.version} address, the field has {width} bits")
        number = int(address)
    if number >> width:
        to_int(number, width)
    return number


def show_value(value: object) -> str:
    """Text for a value, which ``parse_value`` reads back."""
    if isinstance(value, (bytes, bytearray)):
        return f"0x{value.hex() or '0'}"
    return str(int(value)) if isinstance(value, int) else str(value)


def _expected(width: int) -> str:
    address = {
        32: "an IPv4 address or a number",
        48: "a MAC address or a number",
        128: "an IPv6 address or a number",
    }
    return address.get(width, "a number (decimal, 0x..., 0b...)")
