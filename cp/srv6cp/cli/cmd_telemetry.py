# SPDX-License-Identifier: Apache-2.0
"""``srv6 telemetry show``: what the switch measures by options of IPv6: path tracing, alternate marking (RFC 9343)."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from srv6cp.cli import exitcodes, session
from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.output import emit, table

if TYPE_CHECKING:
    from srv6cp.cli.readback import Names
    from srv6cp.p4rt import Client, TableEntry

_FLOWS = ("flow", "port", "loss", "delay", "packets", "bytes")
_TRACED = ("interface", "id", "load", "template")
_SOURCES = ("policy", "session")


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser("telemetry", help="path tracing, and packets with alternate marking by colour")
    parser.set_defaults(parser=parser)
    verbs = parser.add_subparsers(dest="verb", metavar="show")
    parents = [session.node_options(), session.connection_options(), session.json_option()]
    show = verbs.add_parser(
        "show",
        help="flows of alternate marking with their counters; interfaces and policies of path tracing",
        parents=parents,
    )
    show.add_argument("--all", action="store_true", help="colours that no packet had, too")
    show.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read the switch."""
    from srv6cp.cli.readback import Names
    from srv6cp.compile import tables

    node = session.optional_node(args)
    with session.make_client(args, node) as client:
        session.program(client)
        if tables.PATH_TRACING not in client.p4info.tables:
            raise CliError(
                "the switch's program measures nothing; profiles that have it: telemetry", exitcodes.CHECK_FAILED
            )
        names = Names.of(session.same_router(args, client, node), client)
        flows, traced, sources = _flows(client, args.all), _traced(client), _sources(client, names)
    lines = [
        table(flows, _FLOWS, "no packet with alternate marking was counted"),
        table(traced, _TRACED, "no interface of path tracing"),
    ]
    if sources:
        lines.append(table(sources, _SOURCES))
    emit({"alternate-marking": flows, "path-tracing": traced, "sources": sources}, args.json, "\n".join(lines))
    return exitcodes.OK


def _flows(client: Client, everything: bool) -> list[dict[str, Any]]:
    from srv6cp.compile import tables
    from srv6cp.p4rt import DirectCounterEntry

    rows = [
        {
            "flow": cell.match["flow_mon_id"],
            "port": cell.match["ingress_port"],
            "loss": cell.match["loss"],
            "delay": cell.match["delay"],
            "packets": cell.packets,
            "bytes": cell.bytes,
        }
        for cell in client.read(DirectCounterEntry(tables.ALTERNATE_MARKING))
        if isinstance(cell, DirectCounterEntry) and cell.match and (everything or cell.packets)
    ]
    return sorted(rows, key=lambda row: [row[key] for key in _FLOWS[:4]])


def _entries(client: Client, name: str) -> list[TableEntry]:
    from srv6cp.p4rt import TableEntry

    return [entry for entry in client.read(TableEntry(name)) if isinstance(entry, TableEntry)]


def _traced(client: Client) -> list[dict[str, Any]]:
    from srv6cp.compile import tables
    from srv6cp.model import InterfaceId
    from srv6cp.model.telemetry import TIMESTAMP_SHIFTS
    from srv6cp.p4rt.entities import Action

    rows: list[dict[str, Any]] = []
    for entry in _entries(client, tables.PATH_TRACING):
        if not isinstance(entry.action, Action):
            continue
        params, shift = entry.action.params, entry.action.params["shift"]
        rows.append(
            {
                "interface": str(InterfaceId(int(str(entry.match["egress_port"])), int(str(entry.match["vlan_id"])))),
                "id": params["interface_id"],
                "load": params["load"],
                "template": TIMESTAMP_SHIFTS.index(int(str(shift)))
                if shift in TIMESTAMP_SHIFTS
                else f"shift {shift!s}",
            }
        )
    return sorted(rows, key=lambda row: str(row["interface"]))


def _sources(client: Client, names: Names) -> list[dict[str, Any]]:
    from srv6cp.compile import tables
    from srv6cp.p4rt.entities import Action

    return [
        {"policy": names.policy(entry.match["policy_id"]), "session": entry.action.params["session_id"]}
        for entry in _entries(client, tables.PATH_TRACING_POLICY)
        if isinstance(entry.action, Action)
    ]
