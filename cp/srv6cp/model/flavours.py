# SPDX-License-Identifier: Apache-2.0
"""Flavours of an endpoint behaviour (RFC 8986 section 4.16)."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from srv6cp.model.numbers import FlavorBit


class Flavour(enum.IntFlag):
    """A set of flavours, as the parameter ``flavors`` of the data plane numbers them."""

    NONE = 0
    PSP = FlavorBit.PSP
    USP = FlavorBit.USP
    USD = FlavorBit.USD

    def names(self) -> tuple[str, ...]:
        """Lower-case names in bit order, e.g. ``("psp", "usd")``."""
        return tuple(name for name, flavour in FLAVOUR_NAMES.items() if self & flavour)


FLAVOUR_NAMES = {"psp": Flavour.PSP, "usp": Flavour.USP, "usd": Flavour.USD}


def parse_flavours(names: Iterable[str]) -> Flavour:
    """Combine flavour names (``psp``, ``usp``, ``usd``, any case).

    Raises:
        ValueError: a name is not a flavour.
    """
    flavours = Flavour.NONE
    for name in names:
        flavour = FLAVOUR_NAMES.get(name.lower())
        if flavour is None:
            raise ValueError(f"unknown flavour {name!r}; valid: {', '.join(FLAVOUR_NAMES)}")
        flavours |= flavour
    return flavours
