# SPDX-License-Identifier: Apache-2.0
"""Plain values of the device API: match keys, actions, entries.

All numbers are unsigned integers in host representation (an IPv6 address is an ``int`` of 128 bits).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class Exact(NamedTuple):
    """The field equals ``value``."""

    value: int


class Lpm(NamedTuple):
    """The upper ``prefix_len`` bits of the field equal those of ``value``; bits below must be 0."""

    value: int
    prefix_len: int


class Ternary(NamedTuple):
    """``field & mask == value``; bits of ``value`` outside ``mask`` must be 0.  Mask 0 is "don't care".

    An ``optional`` match is a ternary whose mask is all ones or 0.
    """

    value: int
    mask: int


class Range(NamedTuple):
    """``low <= field <= high``; "don't care" is the full range."""

    low: int
    high: int


MatchKey = Exact | Lpm | Ternary | Range
#: One value per key element, in the order of the table's key in the JSON.
Key = tuple[MatchKey, ...]


class ActionSpec(NamedTuple):
    """An action by name with its arguments in declaration order."""

    name: str
    args: tuple[int, ...] = ()


class MemberRef(NamedTuple):
    """A member of the table's action profile."""

    member: int


class GroupRef(NamedTuple):
    """A group of the table's action profile (which must have a selector)."""

    group: int


EntryAction = ActionSpec | MemberRef | GroupRef


@dataclass(slots=True)
class Entry:
    """A table entry.

    ``key`` follows the JSON order of the key elements.  ``priority``: the bigger wins; 0 in tables of exact
    and LPM keys only.  ``idle_timeout_ns`` 0 means never.  ``user_data`` is carried and never read.
    """

    key: Key
    action: EntryAction
    priority: int = 0
    idle_timeout_ns: int = 0
    user_data: Any = None


class CounterValue(NamedTuple):
    """Packets and bytes; bytes are of the packet as it arrived at (or was recirculated into) the parser."""

    packets: int
    bytes: int


class Replica(NamedTuple):
    """One copy made by the replication engine; ``instance`` becomes ``egress_rid``."""

    port: int
    instance: int = 0
