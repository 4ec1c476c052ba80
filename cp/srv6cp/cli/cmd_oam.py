# SPDX-License-Identifier: Apache-2.0
"""``srv6 oam show``: copies of packets with the O flag (RFC 9259 2.1.1), and which SIDs make them."""

from __future__ import annotations

import argparse
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from srv6cp.cli import exitcodes, session
from srv6cp.cli.arguments import number
from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.output import emit, table

if TYPE_CHECKING:
    from srv6cp.model import Node
    from srv6cp.p4rt import Client

_COLUMNS = ("time", "sid", "port", "segments_left", "told", "packet")
_LAST = 20


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser("oam", help="OAM of RFC 9259: copies of packets with the O flag")
    parser.set_defaults(parser=parser)
    verbs = parser.add_subparsers(dest="verb", metavar="show")
    parents = [session.node_options(), session.connection_options(), session.json_option()]
    show = verbs.add_parser("show", help="SIDs that copy, copies by port, and the last ones", parents=parents)
    show.add_argument(
        "-n", "--last", type=number(0, 10**6), default=_LAST, metavar="N", help=f"so many copies (default: {_LAST})"
    )
    show.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read the switch, and what controllers of this machine have noted."""
    from srv6cp.compile import tables
    from srv6cp.controller.oam import read_journals

    node = session.optional_node(args)
    with session.make_client(args, node) as client:
        session.program(client)
        if tables.O_FLAG not in client.p4info.tables:
            raise CliError(
                "the switch's program has no O flag; profiles that have it: full, telemetry", exitcodes.CHECK_FAILED
            )
        sids, ports = _sids(client), _ports(client, session.same_router(args, client, node))
        copies = [_row(each) for each in read_journals(client.device_id, client.address)]
    copies = sorted(copies, key=lambda copy: str(copy["time"]))[-args.last :] if args.last else []
    data = {"sids": sids, "ports": ports, "copies": copies}
    lines = [
        "SIDs that copy: " + (", ".join(sids) or "none; `oam: {o-flag: true}` in the node file makes all of them"),
        table(ports, ("port", "copies", "limited"), "no copies"),
    ]
    if copies:
        lines.append(table(copies, _COLUMNS))
    emit(data, args.json, "\n".join(lines))
    return exitcodes.OK


def _sids(client: Client) -> list[str]:
    from srv6cp.compile import tables
    from srv6cp.p4rt import TableEntry
    from srv6cp.p4rt.entities import Action

    return sorted(
        str(entry.match["ipv6_dst"])
        for entry in client.read(TableEntry(tables.O_FLAG))
        if isinstance(entry, TableEntry) and isinstance(entry.action, Action) and entry.action.name == "copy_for_oam"
    )


def _ports(client: Client, node: Node | None) -> list[dict[str, Any]]:
    from srv6cp.cli.readback import counters
    from srv6cp.compile import tables
    from srv6cp.model.numbers import CPU_PORT

    known = [*(node.ports if node else range(64)), CPU_PORT]
    cells = counters(client, tables.OAM_COUNTER, [cell for port in known for cell in (2 * port, 2 * port + 1)])
    rows = []
    for port in known:
        copies, limited = (cells.get(2 * port + which, (0, 0))[0] for which in (0, 1))
        if copies or limited:
            rows.append({"port": port, "copies": copies, "limited": limited})
    return rows


def _row(copy: dict[str, Any]) -> dict[str, Any]:
    nanoseconds = int(copy.get("time_ns", 0))
    moment = datetime.fromtimestamp(nanoseconds // 10**9, timezone.utc)
    return {"time": f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds % 10**9:09d}Z", **copy}
