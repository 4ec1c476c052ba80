# SPDX-License-Identifier: Apache-2.0
"""End.NSH: NSH (RFC 8300) over SRv6 (RFC 9491 section 5.2).

What is behind the SRH goes to the service function forwarder of its service path. IPv6 and SRH stay with the node until
it comes back, its service index one lower: the controller keeps them (:mod:`srv6cp.controller.chaining`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from srv6cp import values
from srv6cp.behaviours.interfaces import Binder, Entry, Names, Schema, Scope
from srv6cp.behaviours.itemwords import literal, pairs, put
from srv6cp.behaviours.operands import HOPS
from srv6cp.behaviours.record import Endpoint
from srv6cp.behaviours.section import Section
from srv6cp.model import NextHop
from srv6cp.problems import Fields, InvalidError

KEY = "service-paths"
_TABLE = "nsh_path_table"
CHECKS = "nsh_check_table"
RETURNS = "nsh_return_table"
#: Of the parameter `pieces` of what is put back: 8 octets in front.
ODD_8 = 0x01
MAX_SPI, MAX_SI = 0xFFFFFF, 0xFF
_LONGEST_AGE = 86400 * 30
USUAL_AGE = 300


@dataclass(frozen=True)
class ServicePath:
    """A point of a service function chain: service path identifier and index of packets that come from the SRv6 domain.

    ``hops``: the way to the service function forwarder; ``age``: seconds after which the headers that are kept for it
    are forgotten when no packet uses them, 0: never.
    """

    spi: int
    si: int
    hops: tuple[NextHop, ...]
    age: int = USUAL_AGE


def _read(given: dict[Any, Any], scope: Scope) -> ServicePath:
    fields = Fields(given)
    spi = fields.read("spi", values.integer, "spi (service path identifier)", 0, MAX_SPI)
    index = fields.read("si", values.integer, "si (service index)", 1, MAX_SI)
    hops = fields.read("via", scope.nexthops, None)
    age = fields.read("age", values.integer, "age (seconds; 0: never)", 0, _LONGEST_AGE, default=USUAL_AGE)
    fields.finish()
    if len(hops) != 1 or hops[0].address is None:
        raise InvalidError("a service path has one next hop, with its address", "via")
    return ServicePath(spi, index, hops, age)


def _entries(_: int, path: ServicePath, binder: Binder) -> Iterable[Entry]:
    match = {"service_path_id": path.spi, "service_index": path.si}
    yield Entry(_TABLE, match, "to_sff", {"nexthop_id": binder.nexthop_id(path.hops)})


def _rows(found: Iterable[Entry], names: Names) -> list[dict[str, Any]]:
    """Each path with its packets, and the headers that are kept for it, with those of its packets that came back."""
    entries = list(found)
    kept = {_path(entry): entry for entry in entries if entry.table == RETURNS}
    rows = []
    for entry in entries:
        if entry.table == _TABLE:
            spi, index = _path(entry)
            headers = kept.get((spi, index - 1))
            rows.append(
                {
                    "spi": spi,
                    "si": index,
                    "via": names.nexthop(entry.params["nexthop_id"]),
                    "packets": entry.packets or 0,
                    "returned": headers.packets or 0 if headers else 0,
                    "headers": _headers(headers.params) if headers else "",
                }
            )
    return sorted(rows, key=lambda row: (row["spi"], row["si"]))


def _path(entry: Entry) -> tuple[int, int]:
    return entry.match["service_path_id"], entry.match["service_index"]


def _headers(params: Mapping[str, Any]) -> str:
    """As they are put back: ``(source, next segment; SL=1 of 3)``."""
    fixed = params["first" if params["pieces"] & ODD_8 else "srh"]
    return f"({params['ipv6_src']},{params['ipv6_dst']}; SL={fixed >> 32 & 0xFF} of {(fixed >> 24 & 0xFF) + 1})"


def _words(given: Sequence[str]) -> dict[str, Any]:
    """``spi N si N via A [age SECONDS]``. Raises ``InvalidError``."""
    item: dict[str, Any] = {}
    for word, value in pairs(given, _SCHEMA):
        put(item, word, literal(value))
    return item


def _integer(low: int, high: int, description: str) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, "description": description}


_SCHEMA: dict[str, Schema] = {
    "spi": _integer(0, MAX_SPI, "service path identifier (RFC 8300 2.3)"),
    "si": _integer(1, MAX_SI, "service index of packets that come from the SRv6 domain"),
    "via": HOPS,
    "age": _integer(0, _LONGEST_AGE, "seconds after which headers that no packet uses are forgotten (300); 0: never"),
}
_SERVICE_PATHS = Section(
    key=KEY,
    what="service path",
    summary="a list of `{name, spi, si, via, age}`: NSH with that path and index goes to the neighbour `via`",
    tables=(_TABLE, RETURNS),
    number="",
    schema=_SCHEMA,
    read=_read,
    entries=_entries,
    rows=_rows,
    columns=("spi", "si", "via", "packets", "returned", "headers"),
    command="service-path",
    usage="spi N si N via A [age SECONDS]",
    words=_words,
    required=("spi", "si", "via"),
    identity=lambda path: f"spi {path.spi}, si {path.si}",
)

ENDPOINTS = (Endpoint("End.NSH", action="end_nsh", code_points=(84,), spec="RFC 9491 5.2", sections=(_SERVICE_PATHS,)),)
