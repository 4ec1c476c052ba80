# SPDX-License-Identifier: Apache-2.0
"""End.DX2 and End.DX2V: the frame inside leaves by a port, or by the port of its VLAN (RFC 8986 4.9, 4.10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from srv6cp import values
from srv6cp.behaviours.interfaces import Binder, Entry, Names, Schema, Scope
from srv6cp.behaviours.itemwords import repeated
from srv6cp.behaviours.operands import PORT, item, out_port
from srv6cp.behaviours.record import Endpoint
from srv6cp.behaviours.section import Section
from srv6cp.problems import Fields, InvalidError, with_path

_KEY = "vlan-tables"
_TABLE = "dx2v_table"
_NUMBER = "dx2v_table_id"
_POP = "pop"
_UNTAGGED = 0


class _Exit(NamedTuple):
    """Where frames of a VLAN leave: ``rewrite`` is the new VID, ``pop``, or None where the tag stays as it is."""

    port: int
    rewrite: int | str | None


def _read(given: dict[Any, Any], scope: Scope) -> dict[int, _Exit]:
    """Exits by VLAN. Raises ``InvalidError``."""
    found: dict[int, _Exit] = {}
    listed = with_path("entries", values.listing, given["entries"], "entries")
    if not listed:
        raise InvalidError("a VLAN table needs at least one entry", "entries")
    for index, entry in enumerate(listed):
        try:
            vlan, exit_ = _read_entry(entry, scope)
            if vlan in found:
                raise InvalidError(f"VLAN {vlan} is given twice", "vlan")
        except InvalidError as error:
            error.under("entries", index)
            raise
        found[vlan] = exit_
    return found


def _read_entry(given: Any, scope: Scope) -> tuple[int, _Exit]:
    entry = values.mapping(given, "an entry of a VLAN table")
    fields = Fields(entry)
    with fields.at():
        values.check_keys(entry, _ENTRY["properties"], _ENTRY["required"])
    vlan = fields.read("vlan", values.integer, "VLAN (0: untagged)", 0, values.MAX_VLAN)
    port = fields.read("port", out_port, scope)
    fields.finish()
    rewrite = entry.get("rewrite")
    if rewrite is not None and vlan == _UNTAGGED:
        raise InvalidError("VLAN 0 is that of untagged frames, which have no tag to rewrite", "rewrite")
    if rewrite is not None and rewrite != _POP:
        rewrite = with_path("rewrite", values.integer, rewrite, "a new VID, unless it is 'pop',", 1, values.MAX_VLAN)
    return vlan, _Exit(port, rewrite)


def _entries(number: int, exits: dict[int, _Exit], binder: Binder) -> Iterable[Entry]:
    for vlan, (port, rewrite) in exits.items():
        match = {_NUMBER: number, "vlan_id": vlan}
        params = {"egress_port": port, "mtu": binder.port(port).mtu}
        if rewrite is None:
            yield Entry(_TABLE, match, "forward_frame", params)
        elif rewrite == _POP:
            yield Entry(_TABLE, match, "pop_vlan", params)
        else:
            yield Entry(_TABLE, match, "rewrite_vlan", {**params, "vlan_id": rewrite})


def _rows(found: Iterable[Entry], names: Names) -> list[dict[str, Any]]:
    rows = [
        {
            "table": names.item(_KEY, entry.match[_NUMBER]),
            "vlan": entry.match["vlan_id"],
            "port": entry.params["egress_port"],
            "rewrite": _POP if entry.action == "pop_vlan" else entry.params.get("vlan_id"),
        }
        for entry in found
    ]
    return sorted(rows, key=lambda row: (row["table"], row["vlan"]))


def _words(given: Sequence[str]) -> dict[str, Any]:
    """``vlan V port P [rewrite VID/pop]``, once or more. Raises ``InvalidError``."""
    return {"entries": repeated(given, "vlan", _ENTRY["properties"], "vlan V")}


_VID: Schema = {"type": "integer", "minimum": 1, "maximum": values.MAX_VLAN}
_ENTRY: Schema = {
    "type": "object",
    "properties": {
        "vlan": {**_VID, "minimum": _UNTAGGED, "description": "VID of the outermost tag; 0: untagged"},
        "port": PORT.schema,
        "rewrite": {"anyOf": [_VID, {"const": _POP}], "description": "new VID of the outermost tag, or no tag"},
    },
    "required": ["vlan", "port"],
    "additionalProperties": False,
}
_VLAN_TABLES = Section(
    key=_KEY,
    what="VLAN table",
    summary="a list of `{name, entries: [{vlan, port, rewrite}]}`: VLAN 0 is untagged, `rewrite` a new VID or `pop`",
    tables=(_TABLE,),
    number=_NUMBER,
    schema={"entries": {"type": "array", "items": _ENTRY, "minItems": 1}},
    read=_read,
    entries=_entries,
    rows=_rows,
    columns=("table", "vlan", "port", "rewrite"),
    command="vlan-table",
    usage="vlan V port P [rewrite VID/pop] ...",
    words=_words,
    required=("entries",),
)

ENDPOINTS = (
    Endpoint(
        "End.DX2",
        action="end_dx2",
        operands=(PORT,),
        code_points=(21,),
        spec="RFC 8986 4.9",
        aliases=("uDX2",),
        takes=("ethernet",),
        label="decapsulates",
    ),
    Endpoint(
        "End.DX2V",
        action="end_dx2v",
        operands=(item("table", _VLAN_TABLES, _NUMBER),),
        code_points=(22,),
        spec="RFC 8986 4.10",
        aliases=("uDX2V",),
        takes=("ethernet",),
        label="decapsulates",
        sections=(_VLAN_TABLES,),
    ),
)
