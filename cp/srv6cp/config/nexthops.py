# SPDX-License-Identifier: Apache-2.0
"""``nexthops``: next hops by number, which routes name with ``nhid`` (the next hop objects of Linux)."""

from __future__ import annotations

from typing import Any

from srv6cp import values
from srv6cp.config.context import Context, check_weights, read_weight
from srv6cp.model import NextHop, NextHopObject
from srv6cp.problems import Fields, InvalidError, UnknowableError

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
                fields = Fields(values.mapping(item, "a next hop"))
                number, hops = _read_nexthop(fields, context)
                if fields.error is not None and number is not None:
                    # Those who refer to it are not to blame.
                    context.wrong_nexthops.add(number)
                fields.finish()
                if number in found or any(number == other for _, other, _ in groups):
                    raise InvalidError(f"next hop {number} is given twice", "id")
                if item.get("group") is not None:
                    groups.append((index, number, item["group"]))
                else:
                    found[number] = NextHopObject(number, hops)
    singles = dict(found)
    for index, number, members in groups:
        context.wrong_nexthops.add(number)
        with context.at("nexthops", index, "group"):
            found[number] = _read_group(number, members, singles, context)
            context.wrong_nexthops.remove(number)
    return found


def _read_nexthop(fields: Fields, context: Context) -> tuple[Any, tuple[NextHop, ...]]:
    """The number, None for a wrong one, and where it leads: nowhere for a blackhole and, as yet, for a group."""
    item = fields.item
    with fields.at():
        values.check_keys(item, NEXTHOP_KEYS, ("id",))
    number = fields.read("id", values.integer, "id", 1, MAX_ID)
    hops = fields.read("via", _one, context, default=())
    fields.read("blackhole", values.boolean, "blackhole")
    ways = (item.get("via") is not None, item.get("group") is not None, item.get("blackhole") not in (None, False))
    with fields.at():
        if sum(ways) != 1:
            raise InvalidError("a next hop needs one of 'via', 'group' and 'blackhole: true'")
    return number, hops


def _one(via: Any, context: Context) -> tuple[NextHop, ...]:
    hops = context.nexthops(via, None)
    if len(hops) != 1:
        raise InvalidError("a next hop has one address or port; several are a group: {id: 10, group: [1, 2]}")
    return hops


def _read_group(number: int, value: Any, singles: dict[int, NextHopObject], context: Context) -> NextHopObject:
    members: list[tuple[int, int]] = []
    hops: list[NextHop] = []
    whole = Fields({})
    for index, item in enumerate(values.listing(value, "group")):
        with whole.at(index):
            fields = Fields(item if isinstance(item, dict) else {"id": item})
            with fields.at():
                values.check_keys(fields.item, MEMBER_KEYS, ("id",))
            member = fields.read("id", _member, singles, context)
            weight = fields.read("weight", read_weight, default=1)
            fields.finish()
            if any(member.number == other for other, _ in members):
                raise InvalidError(f"next hop {member.number} is listed twice; use its weight")
            members.append((member.number, weight))
            [hop] = member.hops
            hops.append(NextHop(hop.interface, hop.address, weight))
    whole.finish()
    if not members:
        raise InvalidError("a group needs at least one next hop")
    check_weights([weight for _, weight in members])
    return NextHopObject(number, tuple(hops), tuple(members))


def _member(value: Any, singles: dict[int, NextHopObject], context: Context) -> NextHopObject:
    number = values.integer(value, "id", 1, MAX_ID)
    found = singles.get(number)
    if found is not None and found.hops:
        return found
    if number in context.wrong_nexthops and found is None:
        raise UnknowableError(f"next hop {number} has a mistake")
    valid = ", ".join(str(each) for each, single in singles.items() if single.hops) or "none is declared"
    raise InvalidError(f"a group holds next hops with an address or port, not {number}; valid: {valid}")
