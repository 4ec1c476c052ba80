# SPDX-License-Identifier: Apache-2.0
"""Binary strings and integers (P4Runtime 1.5 section 8.4).

The server takes any string whose value fits the field and always answers with the shortest one.
"""

from __future__ import annotations

import ipaddress

from softswitch.p4runtime.errors import out_of_range

__all__ = ["bytes_of", "format_value", "signed_bytes_of", "signed_of", "value_of"]


def value_of(data: bytes, width: int, what: str) -> int:
    """The unsigned integer in ``data``; ``OUT_OF_RANGE`` naming ``what`` when empty or wider than ``width``
    bits."""
    if not data:
        raise out_of_range(f"{what}: the value is an empty string; bit<{width}> takes at least one byte")
    value = int.from_bytes(data, "big")
    if value >> width:
        raise out_of_range(
            f"{what}: {hex(value)} does not fit bit<{width}> (at most {hex((1 << width) - 1)})"
        )
    return value


def bytes_of(value: int) -> bytes:
    """The canonical (shortest) binary string of an unsigned integer; zero is one zero byte."""
    return value.to_bytes((value.bit_length() + 7) >> 3 or 1, "big")


def signed_of(data: bytes, width: int, what: str) -> int:
    """The two's complement integer in ``data`` for a value of type ``int<width>``."""
    if not data:
        raise out_of_range(f"{what}: the value is an empty string; int<{width}> takes at least one byte")
    value = int.from_bytes(data, "big", signed=True)
    if not -(1 << (width - 1)) <= value < 1 << (width - 1):
        raise out_of_range(f"{what}: {value} does not fit int<{width}>")
    return value


def signed_bytes_of(value: int) -> bytes:
    """The canonical binary string of a signed integer."""
    bits = (value if value >= 0 else ~value).bit_length() + 1
    return value.to_bytes((bits + 7) >> 3, "big", signed=True)


def format_value(value: int, width: int, style: str = "") -> str:
    """``value`` for an error message; ``style`` is the argument of the field's ``@format`` annotation."""
    if style == "IPV6_ADDRESS" and width == 128:
        return str(ipaddress.IPv6Address(value))
    if style == "IPV4_ADDRESS" and width == 32:
        return str(ipaddress.IPv4Address(value))
    if style == "MAC_ADDRESS" and width == 48:
        return ":".join(f"{byte:02x}" for byte in value.to_bytes(6, "big"))
    return str(value) if value < 10 else f"{value} ({hex(value)})"
