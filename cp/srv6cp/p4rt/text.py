# SPDX-License-Identifier: Apache-2.0
"""Table entries from text, in the match syntax of p4runtime-shell; ``render`` writes what this reads.

    ipv6_table vrf_id=0 ipv6_dst=2001:db8::/64 -> set_nexthop(nexthop_id=3)
    classifier_ipv6_table ipv6_src=2001:db8::&&&ffff:ffff:: l4_dst_port=53 priority=10 -> no_steering()
    sr_policy_table policy_id=1 -> {3*h_insert(...), 1*h_insert(...)}
    ipv6_table default -> no_route()

A value is a number (decimal, 0x, 0o, 0b), an IPv4 or IPv6 address or a MAC address; ``value/len`` is a
prefix, ``value&&&mask`` ternary, ``low..high`` a range. A bare value is a full-length prefix, a full mask or
a range of one. Everything that is wrong is an :class:`EntityError` that names the table and the word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from p4rtlib.objects import FieldInfo, MatchFieldInfo, MatchKind, TableInfo
from p4rtlib.p4info import P4Info
from p4rtlib.values import Format, format_value, parse_value, show_value
from p4rtlib.values import canonical as _canonical

from .entities import (
    Action,
    ActionSet,
    GroupRef,
    Lpm,
    MatchValue,
    MemberRef,
    Range,
    TableAction,
    TableEntry,
    Ternary,
    Value,
    WeightedAction,
)
from .errors import EntityError, UnknownName

__all__ = ["parse_action", "parse_entry", "parse_field", "parse_match", "parse_matches"]

_CALL = re.compile(r"\s*([\w.]+)\s*(?:\(([^()]*)\))?\s*")
_WEIGHTED = re.compile(r"\s*(?:(\d+)\s*\*)?\s*([\w.]+\s*(?:\([^()]*\))?)\s*(?:@\s*(\d+))?\s*(?:,|$)")
_REFERENCE = re.compile(r"\s*(member|group)\s+(\d+)\s*")


def parse_field(field: FieldInfo, text: str) -> Value:
    """A parameter or one part of a match, formatted as the program says. Raises ``ValueError``."""
    if field.format is Format.TEXT:
        return text
    return format_value(_canonical(parse_value(text, field.width)), field.format)


def parse_match(field: MatchFieldInfo, text: str) -> MatchValue:
    """A match value in the syntax of the field's kind. Raises ``ValueError``."""
    kind = field.kind
    for mark, owner in (("&&&", MatchKind.TERNARY), ("..", MatchKind.RANGE), ("/", MatchKind.LPM)):
        if mark in text and owner is not kind and not (mark == "/" and kind is MatchKind.TERNARY):
            raise ValueError(f"{text!r}: {mark!r} is for {owner.value} fields, this one is {kind.value}")
    if kind is MatchKind.LPM or "/" in text:
        return _prefix(field, text)
    if kind is MatchKind.TERNARY:
        value, mark, mask = text.partition("&&&")
        full = format_value(_canonical((1 << field.width) - 1), field.format)
        return Ternary(parse_field(field, value), parse_field(field, mask) if mark else full)
    if kind is MatchKind.RANGE:
        low, mark, high = text.partition("..")
        return Range(parse_field(field, low), parse_field(field, high if mark else low))
    return parse_field(field, text)


def parse_matches(table: TableInfo, words: Iterable[str]) -> dict[str, MatchValue]:
    """``name=value`` words as a match of ``table``."""
    match: dict[str, MatchValue] = {}
    for word in words:
        name, mark, text = word.partition("=")
        if not mark or not text:
            raise EntityError(f"table {table.alias!r}: {word!r} is not of the form field=value")
        field = table.field(name)
        if name in match:
            raise EntityError(f"table {table.alias!r}: match field {name!r} is given twice")
        try:
            match[name] = parse_match(field, text)
        except ValueError as error:
            raise EntityError(f"table {table.alias!r}: match field {name!r}: {error}") from None
    return match


def parse_action(table: TableInfo, text: str) -> TableAction:
    """What an entry of ``table`` does: an action, ``{weight*action, ...}``, ``member N`` or ``group N``."""
    reference = _REFERENCE.fullmatch(text)
    if reference:
        number = int(reference.group(2))
        return MemberRef(number) if reference.group(1) == "member" else GroupRef(number)
    body = text.strip()
    if not body.startswith("{"):
        return _call(table, body)
    if not body.endswith("}"):
        raise EntityError(f"table {table.alias!r}: {text!r}: the action set is not closed by '}}'")
    members, position, body = [], 0, body[1:-1].rstrip()
    while position < len(body):
        found = _WEIGHTED.match(body, position)
        if found is None:
            raise EntityError(f"table {table.alias!r}: {body[position:]!r} is not of the form weight*action(...)")
        weight, call, port = found.groups()
        members.append(WeightedAction(_call(table, call), int(weight or 1), None if port is None else int(port)))
        position = found.end()
    return ActionSet(tuple(members))


def parse_entry(info: P4Info, line: str) -> TableEntry:
    """A whole entry; without ``-> action`` it is a key, good for reading and deleting."""
    left, arrow, right = line.partition("->")
    words = left.split()
    if not words:
        raise EntityError("an entry starts with the name of a table, and this one is empty")
    table = info.table(words.pop(0))
    action = parse_action(table, right) if arrow else None
    if words == ["default"]:
        return TableEntry(table.alias, action=action, is_default=True)
    numbers = {"priority": 0, "idle_timeout_ns": 0}
    rest = []
    for word in words:
        name, mark, text = word.partition("=")
        if mark and name in numbers and name not in table.by_name:
            if not text.isdecimal():
                raise EntityError(f"table {table.alias!r}: {word!r}: {name} must be a number")
            numbers[name] = int(text)
        else:
            rest.append(word)
    return TableEntry(table.alias, parse_matches(table, rest), action, **numbers)  # type: ignore[arg-type]


def _prefix(field: MatchFieldInfo, text: str) -> MatchValue:
    value, mark, suffix = text.partition("/")
    if mark and not (suffix.isdecimal() and int(suffix) <= field.width):
        raise ValueError(f"{text!r}: the prefix length must be a number from 0 to {field.width}")
    length = int(suffix) if mark else field.width
    number = parse_value(value, field.width)
    host = number & ((1 << (field.width - length)) - 1)
    if host:
        fitting = format_value(_canonical(number - host), field.format)
        raise ValueError(f"{text} has bits set after the prefix; {show_value(fitting)}/{length} would be valid")
    if field.kind is MatchKind.TERNARY:
        mask = (1 << field.width) - (1 << (field.width - length))
        return Ternary(*(format_value(_canonical(part), field.format) for part in (number, mask)))
    address = format_value(_canonical(number), field.format)
    if isinstance(address, IPv6Address):
        return IPv6Network((int(address), length))
    if isinstance(address, IPv4Address):
        return IPv4Network((int(address), length))
    return Lpm(address, length)


def _call(table: TableInfo, text: str) -> Action:
    found = _CALL.fullmatch(text)
    if found is None:
        raise EntityError(f"table {table.alias!r}: {text!r} is not of the form action(parameter=value, ...)")
    info = table.action(found.group(1))
    fields = {field.name: field for field in info.params}
    params: dict[str, Value] = {}
    where = f"table {table.alias!r}: action {info.alias!r}"
    for item in filter(None, map(str.strip, (found.group(2) or "").split(","))):
        name, mark, value = (part.strip() for part in item.partition("="))
        if not mark or not value:
            raise EntityError(f"{where}: {item!r} is not of the form parameter=value")
        if name not in fields:
            raise UnknownName("parameter", name, fields, where)
        if name in params:
            raise EntityError(f"{where}: parameter {name!r} is given twice")
        try:
            params[name] = parse_field(fields[name], value)
        except ValueError as error:
            raise EntityError(f"{where}: parameter {name!r}: {error}") from None
    absent = [name for name in fields if name not in params]
    if absent:
        raise EntityError(f"{where}: parameter{'s' if len(absent) > 1 else ''} {', '.join(absent)} missing")
    return Action(info.alias, params)
