# SPDX-License-Identifier: Apache-2.0
"""End.S: in search of a target in a table (draft-filsfils-spring-srv6-network-programming of 2018, 4.18).

Where the last segment of a packet is in the table, the packet goes there as it is; else the SID is as End. The draft
has it no more and there is no code point.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv6Network
from typing import Any

from srv6cp import values
from srv6cp.behaviours.interfaces import Binder, Entry, Names, Schema, Scope
from srv6cp.behaviours.itemwords import repeated
from srv6cp.behaviours.operands import HOPS, item
from srv6cp.behaviours.record import Endpoint
from srv6cp.behaviours.section import Section
from srv6cp.model import NextHop
from srv6cp.problems import Fields, InvalidError, with_path

KEY = "search-tables"
_TABLE = "search_table"
_NUMBER = "search_table_id"

_Targets = dict[IPv6Network, tuple[NextHop, ...]]


def _read(given: dict[Any, Any], scope: Scope) -> _Targets:
    """Next hops by target. Raises ``InvalidError``."""
    found: _Targets = {}
    listed = with_path("entries", values.listing, given["entries"], "entries")
    if not listed:
        raise InvalidError("a search table needs at least one entry", "entries")
    for index, entry in enumerate(listed):
        try:
            target, hops = _read_entry(entry, scope)
            if target in found:
                raise InvalidError(f"{target} is given twice", "target")
        except InvalidError as error:
            error.under("entries", index)
            raise
        found[target] = hops
    return found


def _read_entry(given: Any, scope: Scope) -> tuple[IPv6Network, tuple[NextHop, ...]]:
    entry = values.mapping(given, "an entry of a search table")
    fields = Fields(entry)
    with fields.at():
        values.check_keys(entry, _ENTRY["properties"], _ENTRY["required"])
    target = fields.read("target", values.ipv6_prefix, "target")
    hops = fields.read("via", scope.nexthops, None)
    fields.finish()
    for hop in hops:
        if hop.address is None or hop.address.version != 6:
            raise InvalidError("a target needs the IPv6 address of its next hop", "via")
    return target, hops


def _entries(number: int, targets: _Targets, binder: Binder) -> Iterable[Entry]:
    for target, hops in targets.items():
        yield Entry(
            _TABLE, {_NUMBER: number, "target": target}, "found_nexthop", {"nexthop_id": binder.nexthop_id(hops)}
        )


def _rows(found: Iterable[Entry], names: Names) -> list[dict[str, Any]]:
    rows = [
        {
            "table": names.item(KEY, entry.match[_NUMBER]),
            "target": str(entry.match.get("target", "::/0")),
            "via": names.nexthop(entry.params["nexthop_id"]),
        }
        for entry in found
    ]
    return sorted(rows, key=lambda row: (row["table"], row["target"]))


def _words(given: Sequence[str]) -> dict[str, Any]:
    """``target PREFIX via A``, once or more. Raises ``InvalidError``."""
    return {"entries": repeated(given, "target", _ENTRY["properties"], "target PREFIX")}


_ENTRY: Schema = {
    "type": "object",
    "properties": {
        "target": {
            "type": "string",
            "description": "what the last segment is to be: a prefix, a bare address is a /128",
        },
        "via": HOPS,
    },
    "required": ["target", "via"],
    "additionalProperties": False,
}
_SEARCH_TABLES = Section(
    key=KEY,
    what="search table",
    summary="a list of `{name, entries: [{target, via}]}`: `target` a prefix that the last segment is looked up by",
    tables=(_TABLE,),
    number=_NUMBER,
    schema={"entries": {"type": "array", "items": _ENTRY, "minItems": 1}},
    read=_read,
    entries=_entries,
    rows=_rows,
    columns=("table", "target", "via"),
    command="search-table",
    usage="target PREFIX via A ...",
    words=_words,
    required=("entries",),
)

ENDPOINTS = (
    Endpoint(
        "End.S",
        action="end_s",
        operands=(item("table", _SEARCH_TABLES, _NUMBER),),
        spec="draft-filsfils-spring-srv6-network-programming 4.18",
        sections=(_SEARCH_TABLES,),
    ),
)
