# SPDX-License-Identifier: Apache-2.0
"""Options of IPv6 that this node does not know, and what their type asks of a destination (RFC 8200 4.2).

Pad1 and PadN are all that it knows; any other option whose type begins with the bits 00 is skipped like them.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from srv6cp.packets.raw import DESTINATION_OPTIONS, HOP_BY_HOP, ROUTING, Ipv6View

_PAD1 = 0


class Action(IntEnum):
    """The first two bits of an Option Type."""

    SKIP = 0
    DISCARD = 1
    REPORT = 2
    """Discard, and send Parameter Problem, code 2."""
    REPORT_UNICAST = 3
    """Likewise, where the destination was no multicast address."""


class UnknownOption(NamedTuple):
    """The first option that must not be skipped. ``pointer``: its offset from the start of the IPv6 header."""

    action: Action
    pointer: int


def unknown_option(view: Ipv6View) -> UnknownOption | None:
    """The first such option of the Hop-by-Hop and Destination Options headers that ``view.dst`` processes.

    These are the headers in front of a routing header with segments left, or all. An option that runs past its header
    is one to discard the packet for.
    """
    for extension in view.extensions:
        if extension.protocol == ROUTING and view.data[extension.offset + 3]:
            return None
        if extension.protocol in (HOP_BY_HOP, DESTINATION_OPTIONS):
            end = min(extension.offset + extension.length, view.end)
            found = _unknown(view.data, extension.offset + 2, end)
            if found is not None:
                return UnknownOption(found[0], found[1] - view.offset)
    return None


def _unknown(data: bytes, at: int, end: int) -> tuple[Action, int] | None:
    while at < end:
        if data[at] == _PAD1:
            at += 1
            continue
        action = Action(data[at] >> 6)
        if action is not Action.SKIP:
            return action, at
        if at + 1 >= end or at + 2 + data[at + 1] > end:
            return Action.DISCARD, at
        at += 2 + data[at + 1]
    return None
