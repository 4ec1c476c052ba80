# SPDX-License-Identifier: Apache-2.0
"""Types of options: what argparse calls with the word, and what it says when the word is not valid."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Callable

from srv6cp import values
from srv6cp.problems import InvalidError

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_DIGITS = re.compile(r"-?[0-9]{1,40}")


def number(low: int, high: int) -> Callable[[str], int]:
    """A decimal number in ``low..high``."""
    limit = f"2**{high.bit_length()}-1" if high > 1 << 32 else str(high)

    def read(text: str) -> int:
        if not _DIGITS.fullmatch(text) or not low <= int(text) <= high:
            raise ArgumentTypeError(f"must be a number from {low} to {limit}, not {values.show(text)}")
        return int(text)

    return read


def seconds(low: float, high: float) -> Callable[[str], float]:
    """A time in ``low..high`` seconds, with a fraction where it has one."""

    def read(text: str) -> float:
        if not _SECONDS.fullmatch(text) or not low <= float(text) <= high:
            raise ArgumentTypeError(f"must be {low:g} to {high:g} seconds, not {values.show(text)}")
        return float(text)

    return read


def mac(text: str) -> str:
    """A unicast MAC address in lower case with colons."""
    try:
        return values.mac_address(text)
    except InvalidError as error:
        raise ArgumentTypeError(str(error)) from None
