# SPDX-License-Identifier: Apache-2.0
"""``nexthops``: next hops by number, which routes name with ``nhid`` (the next hop objects of Linux)."""

from __future__ import annotations

from typing import Any

from srv6cp import values
from srv6cp.config.context import Context, check_weights, read_weight
from srv6cp.model import NextHop, NextHopObject
from srv6cp.problems import InvalidError, with_path

NEXTHOP_KEYS = frozenset(("id", "via", "blackhole", "group"))
MEMBER_KEYS = frozenset(("id", "weight"))
MAX_ID = 2**32 - 1


def read_nexthops(value: Any, context: Context) -> dict[int, NextHopObject]:
    """Objects by number. Groups may stand before their members."""
    found: dict[int, NextHopObject] = {}
    groups: list[tuple[int, int, Any]] = []
    with context.at("nexthops"):
        for index, item in enumerate(values.listing(value, "nexthops")):
            with context.at("nexthops", index):
                item = values.mapping(item, "a next hop")
                values.check_keys(item, NEXTHOP_KEYS, ("id",))
                number = with_path("id", values.integer, item["id"], "id", 1, MAX_ID)
                if number in found or any(number == other for _, other, _ in groups):
                    raise InvalidError(f"next hop {number} is given twice", "id")
                blackhole = with_path("blackhole", values.boolean, item.get("blackhole", False), "blackhole")
                if (item.get("via") is not None) + (item.get("group") is not None) + blackhole != 1:
                    raise InvalidError("a next hop needs one of 'via', 'group' and 'blackhole: true'")
                if item.get("group") is not None:
                    groups.append((index, number, item["group"]))
                elif blackhole:
                    found[number] = NextHopObject(number)
                else:
                    found[number] = NextHopObject(number, _one(item["via"], context))
    singles = dict(found)
    for index, number, members in groups:
        with context.at("nexthops", index):
            found[number] = with_path("group", _read_group, number, members, singles)
    return found


def _one(via: Any, context: Context) -> tuple[NextHop, ...]:
    hops: tuple[NextHop, ...] = with_path("via", context.nexthops, via, None)
    if len(hops) != 1:
        raise InvalidError("a next hop has one address or port; several are a group: {id: 10, group: [1, 2]}", "via")
    return hops


def _read_group(number: int, value: Any, singles: dict[int, NextHopObject]) -> NextHopObject:
    members: list[tuple[int, int]] = []
    hops: list[NextHop] = []
    for index, item in enumerate(values.listing(value, "group")):
        try:
            if not isinstance(item, dict):
                item = {"id": item}
            values.check_keys(item, MEMBER_KEYS, ("id",))
            member = with_path("id", values.integer, item["id"], "id", 1, MAX_ID)
            if member not in singles or not singles[member].hops:
                valid = ", ".join(str(each) for each, single in singles.items() if single.hops) or "none is declared"
                raise InvalidError(f"a group holds next hops with an address or port, not {member}; valid: {valid}")
            if any(member == other for other, _ in members):
                raise InvalidError(f"next hop {member} is listed twice; use its weight")
            weight = with_path("weight", read_weight, item)
            members.append((member, weight))
            [hop] = singles[member].hops
            hops.append(NextHop(hop.interface, hop.address, weight))
        except InvalidError as error:
            error.path = (index, *error.path)
            raise
    if not members:
        raise InvalidError("a group needs at least one next hop")
    check_weights([weight for _, weight in members])
    return NextHopObject(number, tuple(hops), tuple(members))
