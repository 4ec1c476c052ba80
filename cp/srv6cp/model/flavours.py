# SPDX-License-Identifier: Apache-2.0
"""Flavours of an endpoint behaviour (RFC 8986 section 4.16, RFC 9800 section 4)."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from srv6cp.model.numbers import FlavorBit


class Flavour(enum.IntFlag):
    """A set of flavours. The first three are numbered as the parameter ``flavors`` of the data plane does; with a C-SID
    flavour a behaviour is another one, with a record of its own."""

    NONE = 0
    PSP = FlavorBit.PSP
    USP = FlavorBit.USP
    USD = FlavorBit.USD
    NEXT_CSID = 0x100
    REPLACE_CSID = 0x200

    def names(self) -> tuple[str, ...]:
        """Lower-case names in bit order, e.g. ``("psp", "usd")``."""
        return tuple(name for name, flavour in FLAVOUR_NAMES.items() if self & flavour)


FLAVOUR_NAMES = {
    "psp": Flavour.PSP,
    "usp": Flavour.USP,
    "usd": Flavour.USD,
    "next-csid": Flavour.NEXT_CSID,
    "replace-csid": Flavour.REPLACE_CSID,
}
#: Flavours that a record of their own stands for; a SID has one of them at most.
CSID_FLAVOURS = Flavour.NEXT_CSID | Flavour.REPLACE_CSID


def parse_flavours(names: Iterable[str]) -> Flavour:
    """Combine flavour names (keys of ``FLAVOUR_NAMES``, any case).

    Raises:
        ValueError: a name is not a flavour.
    """
    flavours = Flavour.NONE
    for name in names:
        flavour = FLAVOUR_NAMES.get(name.lower().replace("c-sid", "csid"))
        if flavour is None:
            raise ValueError(f"unknown flavour {name!r}; valid: {', '.join(FLAVOUR_NAMES)}")
        flavours |= flavour
    return flavours
