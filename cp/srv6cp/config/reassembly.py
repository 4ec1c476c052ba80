# SPDX-License-Identifier: Apache-2.0
"""``reassembly`` of a node file: whether fragments at a SID are put together."""

from __future__ import annotations

from typing import Any

from srv6cp import values
from srv6cp.model import Reassembly
from srv6cp.problems import Fields

#: Least and most of each key. A packet of 1,500 octets is what every destination takes (RFC 8200 5); the longest one
#: still fits a frame that goes round in the switch.
REASSEMBLY_LIMITS = {"size": (1500, 9500), "packets": (1, 4096), "timeout": (1, 60)}


def read_reassembly(value: Any) -> Reassembly | None:
    """``true``, or what differs from the usual; None for ``false`` and for nothing."""
    if value is None or value is False:
        return None
    usual = Reassembly()
    if value is True:
        return usual
    fields = Fields(values.mapping(value, "reassembly"))
    with fields.at():
        values.check_keys(fields.item, frozenset(REASSEMBLY_LIMITS))
    found = {
        key: fields.read(key, values.integer, key, least, most, default=getattr(usual, key))
        for key, (least, most) in REASSEMBLY_LIMITS.items()
    }
    fields.finish()
    return Reassembly(**found)
