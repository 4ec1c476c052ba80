# SPDX-License-Identifier: Apache-2.0
"""Byte strings and integers (P4Runtime 1.5 section 8.4), with the error codes of the server.

The server takes any string whose value fits the field and always answers with the shortest one.
"""

from __future__ import annotations

from p4rtlib.values import Format, format_number, signed, unsigned
from softswitch.p4runtime.errors import out_of_range

__all__ = ["format_value", "signed_of", "value_of"]


def value_of(data: bytes, width: int, what: str) -> int:
    """The unsigned integer in ``data``; ``OUT_OF_RANGE`` naming ``what`` when empty or wider than ``width``
    bits."""
    try:
        return unsigned(data, width)
    except ValueError as error:
        raise out_of_range(f"{what}: {error}") from None


def signed_of(data: bytes, width: int, what: str) -> int:
    """The two's complement integer in ``data`` for a value of type ``int<width>``."""
    try:
        return signed(data, width)
    except ValueError as error:
        raise out_of_range(f"{what}: {error}") from None


def format_value(value: int, form: Format) -> str:
    """``value`` for an error message."""
    if form is Format.NUMBER:
        return str(value) if value < 10 else f"{value} ({hex(value)})"
    return str(format_number(value, form))
