# SPDX-License-Identifier: Apache-2.0
"""``srv6 KIND show`` of every kind of object, ``sid flush`` and ``sid clear-counters``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from srv6cp.cli import exitcodes, session
from srv6cp.cli.edits import editing_options, finish, open_file
from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.kinds import Kind, kinds
from srv6cp.cli.output import emit, table

if TYPE_CHECKING:
    from srv6cp.model import Node


def register(kind: Kind, verbs: Any) -> None:
    """Add ``show`` and what only SIDs have."""
    parents = [session.node_options(), session.connection_options(), session.json_option()]
    show = verbs.add_parser(
        "show", help="show what the switch holds and has counted", parents=parents, aliases=["list"]
    )
    if kind.name != "vrf":
        show.add_argument("filter", nargs="?", metavar="TEXT", help="only rows with this SID, prefix or name")
    show.set_defaults(run=run_show, kind=kind.name)
    if kind.name == "service":
        forget = verbs.add_parser("flush", help="forget the headers that proxies have learned", parents=parents)
        forget.add_argument("filter", nargs="?", metavar="NAME", help="of this service only")
        forget.set_defaults(run=run_flush_caches)
    if kind.name == "service-path":
        flush = verbs.add_parser("flush", help="forget the headers that are kept for service paths", parents=parents)
        flush.set_defaults(run=run_flush_headers)
    if kind.name == "sid":
        flush = verbs.add_parser("flush", help="delete every SID", parents=[*parents[:2], editing_options()])
        flush.set_defaults(run=run_flush)
        clear = verbs.add_parser("clear-counters", help="set the counters of SIDs to 0", parents=parents)
        clear.add_argument("filter", nargs="?", metavar="SID", help="of this SID only")
        clear.set_defaults(run=run_clear)


def run_show(args: argparse.Namespace) -> int:
    """Print the rows."""
    node = session.optional_node(args)
    kind = kinds()[args.kind]
    rows = _FROM_FILE[kind.name](node or _node(args)) if kind.name in _FROM_FILE else _switch_rows(args, node, kind)
    wanted = getattr(args, "filter", None)
    if wanted:
        rows = [row for row in rows if _matches(row, wanted)]
        if not rows:
            raise CliError(f"no {args.kind} {wanted}", exitcodes.CHECK_FAILED)
    columns = [column for column in kind.columns if column not in kind.optional or any(row.get(column) for row in rows)]
    emit(rows, args.json, table(rows, columns))
    return exitcodes.OK


def run_flush(args: argparse.Namespace) -> int:
    """Delete all SIDs from the node file and the switch."""
    with open_file(args) as file:
        for index in reversed(range(len(file.items("sids")))):
            file.remove("sids", index)
        return finish(args, file)


def run_flush_caches(args: argparse.Namespace) -> int:
    """Delete the learned headers of services; needs to be primary. A controller that this is taken from forgets them,
    too."""
    from srv6cp.behaviours import proxy
    from srv6cp.cli import readback
    from srv6cp.p4rt import TableEntry, delete

    node = session.optional_node(args)
    with session.make_client(args, node) as client:
        session.become_primary(client, args.force)
        session.program(client)
        names = readback.Names.of(session.same_router(args, client, node), client)
        found: dict[int, list[TableEntry]] = {}
        for entry in readback.entries(client, proxy.FLOWS):
            found.setdefault(int(str(entry.action.params["cache_id"])), []).append(entry)  # type: ignore[union-attr]
        for entry in readback.entries(client, proxy.CHECKS):
            found.setdefault(int(str(entry.match["cache_id"])), []).append(entry)
        for entry in readback.entries(client, proxy.CACHES):
            if (cache := int(str(entry.match["cache_id"]))) in found:
                found[cache].append(entry)
        flushed = 0
        for cache, entries in found.items():
            number = cache if cache < 1 << proxy.SLOT_BITS else cache >> proxy.SLOT_BITS
            if args.filter in (None, names.item(proxy.KEY, number)):
                client.write(map(delete, entries))
                flushed += 1
    emit({"flushed": flushed}, args.json, f"{flushed} caches flushed")
    return exitcodes.OK


def run_flush_headers(args: argparse.Namespace) -> int:
    """Delete what End.NSH keeps; needs to be primary. A controller that this is taken from forgets it, too."""
    from srv6cp.behaviours import nsh
    from srv6cp.cli import readback
    from srv6cp.p4rt import delete

    node = session.optional_node(args)
    with session.make_client(args, node) as client:
        session.become_primary(client, args.force)
        if nsh.RETURNS not in session.program(client).tables:
            raise CliError(
                "the switch's program has no service paths; profiles that have them: services", exitcodes.CHECK_FAILED
            )
        kept = list(readback.entries(client, nsh.RETURNS))
        client.write(map(delete, [*readback.entries(client, nsh.CHECKS), *kept]))
    emit({"flushed": len(kept)}, args.json, f"headers of {len(kept)} service paths flushed")
    return exitcodes.OK


def run_clear(args: argparse.Namespace) -> int:
    """Zero the counters of SIDs; needs to be primary."""
    from srv6cp.cli import readback
    from srv6cp.p4rt import CounterEntry, modify

    node = session.optional_node(args)
    with session.make_client(args, node) as client:
        session.become_primary(client, args.force)
        session.program(client)
        rows = readback.sid_rows(client, readback.Names.of(None, client))
        if args.filter:
            rows = [row for row in rows if _matches(row, args.filter)]
            if not rows:
                raise CliError(f"no sid {args.filter}", exitcodes.CHECK_FAILED)
        for row in rows:
            index = row["index"]
            cells = [
                ("my_sid_counter", 2 * index),
                ("my_sid_counter", 2 * index + 1),
                ("my_sid_error_counter", index),
            ]
            client.write(modify(CounterEntry(name, cell)) for name, cell in cells)
    emit({"cleared": len(rows)}, args.json, f"counters of {len(rows)} SIDs cleared")
    return exitcodes.OK


def _switch_rows(args: argparse.Namespace, node: Node | None, kind: Kind) -> list[dict[str, Any]]:
    from srv6cp.cli import readback

    with session.make_client(args, node) as client:
        session.program(client)
        names = readback.Names.of(session.same_router(args, client, node), client)
        if kind.name == "service" and kind.brought:
            return readback.service_rows(client, kind.brought, names)
        if kind.brought:
            return readback.section_rows(client, kind.brought, names)
        rows: list[dict[str, Any]] = getattr(readback, f"{kind.name}_rows")(client, names)
        return rows


def _node(args: argparse.Namespace) -> Node:
    path = session.node_file(args)  # raises, saying how to name one
    assert path is not None
    return session.load(path)


def _vrf_rows(node: Node) -> list[dict[str, Any]]:
    return [
        {"vrf": name, "id": number, "interfaces": [str(i.id) for i in node.interfaces() if i.vrf == name]}
        for name, number in node.vrfs.items()
    ]


def _nexthop_rows(node: Node) -> list[dict[str, Any]]:
    """Of the node file: the switch has other numbers."""
    rows = []
    for number, found in node.nexthops.items():
        if not found.hops:
            rows.append({"nexthop": number, "via": "blackhole", "weight": None})
        for position, hop in enumerate(found.hops):
            address = f"{hop.address} " if hop.address else ""
            member = f"id {found.group[position][0]}: " if found.group else ""
            rows.append({"nexthop": number, "via": f"{member}{address}port {hop.interface}", "weight": hop.weight})
    return rows


# What the switch does not have as the node file says it.
def _sid_structure_rows(node: Node) -> list[dict[str, Any]]:
    """All that is known, this node's own SIDs among them."""
    return [
        {
            "sids": str(prefix),
            "lblen": structure.block,
            "lnlen": structure.node,
            "flen": structure.function,
            "arglen": structure.argument,
            "csid": structure.csid.value,
        }
        for prefix, structure in node.sid_structures
    ]


_FROM_FILE = {"vrf": _vrf_rows, "nexthop": _nexthop_rows, "sid-structure": _sid_structure_rows}


def _matches(row: dict[str, Any], wanted: str) -> bool:
    from ipaddress import ip_network

    values = {str(value) for key, value in row.items() if isinstance(value, str) or key == "nexthop"}
    if wanted in values:
        return True
    try:
        network = ip_network(wanted, strict=False)
    except ValueError:
        return False
    for value in values:
        try:
            candidate = ip_network(value)
        except ValueError:
            continue
        if candidate == network or ("/" not in wanted and candidate.network_address == network.network_address):
            return True
    return False
