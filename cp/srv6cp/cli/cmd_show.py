# SPDX-License-Identifier: Apache-2.0
"""``srv6 show drops|punts|counters|ports|sessions|tables``: what a switch has counted and holds."""

from __future__ import annotations

import argparse
import socket
from typing import TYPE_CHECKING, Any

from srv6cp.cli import exitcodes, session
from srv6cp.cli.output import emit, table

if TYPE_CHECKING:
    from srv6cp.model import Node
    from srv6cp.p4rt import Client

_REASON_COLUMNS = ("reason", "packets", "explanation", "rule")
_LIMITED_COLUMNS = ("port", "limit", "packets")
_PASSES = "passes"
# Drop reasons that ports have a limit for: of packets to the controller by punt reason, and of passes.
_LIMITS = {"PUNT_RATE_LIMITED": "punts", "PASS_BUDGET": _PASSES}


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser("show", help="counters, drops, ports, sessions and tables of a switch")
    parser.set_defaults(parser=parser)
    verbs = parser.add_subparsers(dest="verb", metavar="drops|punts|counters|ports|sessions|tables")
    parents = [session.node_options(), session.connection_options(), session.json_option()]
    helps = {
        "drops": "why packets were dropped",
        "punts": "why packets went to the controller",
        "counters": "SIDs, policies, ports, drops and punts together",
        "ports": "ports: state of the link, addresses, packets in and out",
        "sessions": "program, primary, clone sessions and meters",
        "tables": "entries of all tables, or of one",
    }
    for verb, text in helps.items():
        command = verbs.add_parser(verb, help=text, parents=parents)
        if verb in ("drops", "punts", "counters"):
            command.add_argument("-a", "--all", action="store_true", help="also what is 0")
        if verb == "tables":
            command.add_argument("table", nargs="?", help="print the entries of this table")
        command.set_defaults(run=run, verb=verb)


def run(args: argparse.Namespace) -> int:
    """Connect, read, print."""
    node = session.optional_node(args)
    with session.make_client(args, node) as client:
        session.program(client)
        data, text = _VERBS[args.verb](args, client, session.same_router(args, client, node))
    emit(data, args.json, text)
    return exitcodes.OK


def reason_rows(client: Client, counter: str, reasons: Any, texts: Any, everything: bool) -> list[dict[str, Any]]:
    """One row a reason with its count and explanation."""
    from srv6cp.cli.readback import counters

    counts = counters(client, counter, [int(reason) for reason in reasons if reason])
    rows = []
    for reason in reasons:
        packets, size = counts.get(int(reason), (0, 0))
        if reason and (packets or everything):
            text = texts[reason]
            rows.append(
                {
                    "reason": reason.name,
                    "packets": packets,
                    "bytes": size,
                    "explanation": text.explanation,
                    "rule": text.rule,
                }
            )
    return sorted(rows, key=lambda row: -row["packets"])


def _drops(args: argparse.Namespace, client: Client, _node: Node | None) -> tuple[Any, str]:
    from srv6cp.model import DROP_REASONS, DropReason

    rows = reason_rows(client, "drop_counter", DropReason, DROP_REASONS, args.all)
    text = table(rows, _REASON_COLUMNS, "no packet was dropped")
    limited = _limited(client)
    for row in rows:
        if limit := _LIMITS.get(row["reason"]):
            row["ports"] = [each for each in limited if (each["limit"] == _PASSES) is (limit == _PASSES)]
    return rows, f"{text}\n\nOver the limit of their port\n{table(limited, _LIMITED_COLUMNS)}" if limited else text


def _limited(client: Client) -> list[dict[str, Any]]:
    """What was dropped over the limits of each port, most first."""
    from srv6cp.cli.readback import counters
    from srv6cp.compile.system import of_punt_cell, punt_cell
    from srv6cp.compile.tables import PORT, PORT_LIMIT_COUNTER
    from srv6cp.model import PuntReason
    from srv6cp.model.numbers import CPU_PORT
    from srv6cp.p4rt import TableEntry

    found = [entry for entry in client.read(TableEntry(PORT)) if isinstance(entry, TableEntry)]
    ports = {int(str(entry.match["ingress_port"])) for entry in found if "ingress_port" in entry.match}
    cells = [punt_cell(port, reason) for port in (*sorted(ports), CPU_PORT) for reason in PuntReason]
    rows = []
    for cell, (packets, _) in counters(client, PORT_LIMIT_COUNTER, cells).items():
        port, reason = of_punt_cell(cell)
        if packets:
            limit = PuntReason(reason).name if reason else _PASSES
            rows.append({"port": port, "limit": limit, "packets": packets})
    return sorted(rows, key=lambda row: -row["packets"])


def _punts(args: argparse.Namespace, client: Client, _node: Node | None) -> tuple[Any, str]:
    from srv6cp.model import PUNT_REASONS, PuntReason

    rows = reason_rows(client, "punt_counter", PuntReason, PUNT_REASONS, args.all)
    return rows, table(rows, _REASON_COLUMNS, "no packet went to the controller")


def _counters(args: argparse.Namespace, client: Client, node: Node | None) -> tuple[Any, str]:
    from srv6cp.cli import readback

    names = readback.Names.of(node, client)
    sids = readback.sid_rows(client, names)
    policies = _policy_totals(readback.policy_rows(client, names))
    ports, _ = _ports(args, client, node)
    if not args.all:
        sids = [row for row in sids if row["packets"] or row["errors"]]
        policies = [row for row in policies if row["packets"]]
    drops, drop_text = _drops(args, client, node)
    punts, punt_text = _punts(args, client, node)
    data = {"sids": sids, "policies": policies, "ports": ports, "drops": drops, "punts": punts}
    sections = {
        "SIDs": table(sids, ("sid", "behavior", "packets", "bytes", "errors"), "no packet met a SID"),
        "Policies": table(policies, ("policy", "mode", "packets", "bytes"), "no packet was steered"),
        "Ports": table(ports, ("port", "in_packets", "in_bytes", "out_packets", "out_bytes")),
        "Drops": drop_text,
        "Punts": punt_text,
    }
    return data, "\n\n".join(f"{title}\n{text}" for title, text in sections.items())


def _policy_totals(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a policy: its lists share a counter."""
    return list({(row["policy"], row["mode"]): row for row in rows}.values())


def _ports(_args: argparse.Namespace, client: Client, node: Node | None) -> tuple[list[dict[str, Any]], str]:
    from srv6cp.cli.readback import counters
    from srv6cp.p4rt import Action, DirectCounterEntry, TableEntry

    received: dict[int, tuple[int, int]] = {}
    for cell in client.read(DirectCounterEntry("ingress_port_table")):
        if isinstance(cell, DirectCounterEntry) and "ingress_port" in cell.match:
            received[int(str(cell.match["ingress_port"]))] = (cell.packets, cell.bytes)
    rows = []
    states = _port_states(client, node)
    for entry in client.read(TableEntry("ingress_port_table")):
        if not isinstance(entry, TableEntry) or not isinstance(entry.action, Action):
            continue
        number = int(str(entry.match["ingress_port"]))
        port = node.ports.get(number) if node else None
        interfaces = port.interfaces if port else ()
        rows.append(
            {
                "port": number,
                "state": _STATES[states.get(number)],
                "kind": _KINDS.get(entry.action.name, "routed"),
                "mac": entry.action.params.get("mac"),
                "vrf": interfaces[0].vrf if interfaces else None,
                "addresses": [str(address) for interface in interfaces for address in interface.addresses],
                "in_packets": received.get(number, (0, 0))[0],
                "in_bytes": received.get(number, (0, 0))[1],
            }
        )
    rows.sort(key=lambda row: int(str(row["port"])))
    sent = counters(client, "egress_port_counter", [int(str(row["port"])) for row in rows])
    for row in rows:
        row["out_packets"], row["out_bytes"] = sent.get(int(str(row["port"])), (0, 0))
    columns = (
        "port",
        "state",
        "kind",
        "mac",
        "vrf",
        "addresses",
        "in_packets",
        "in_bytes",
        "out_packets",
        "out_bytes",
    )
    return rows, table(rows, columns, "no port is configured")


_KINDS = {"set_l2_port": "l2", "set_bridge_circuit": "bridged"}
_STATES = {True: "up", False: "down", None: "unknown"}
# What BMv2 reports for a meter cell that was never configured.
_UNLIMITED = 1 << 62


def _port_states(client: Client, node: Node | None) -> dict[int, bool]:
    """Which ports are up: as the switch says, else as their interfaces are, if they are known and on this machine."""
    from p4rtlib.addresses import is_loopback
    from p4rtlib.links import link_is_up

    told = client.port_states()
    if told is not None or node is None or not is_loopback(client.address):
        return told or {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        here = {name for _, name in socket.if_nameindex()}
        devices = {port.number: port.device for port in node.ports.values()}
        return {port: link_is_up(name, control) for port, name in devices.items() if name in here}


def _sessions(_args: argparse.Namespace, client: Client, _node: Node | None) -> tuple[Any, str]:
    from srv6cp.compile.capabilities import Capabilities
    from srv6cp.p4rt import CloneSession, Code, RpcFailed, entity_data, render_entity

    info = client.p4info
    data: dict[str, Any] = {
        "address": client.address,
        "device_id": client.device_id,
        "p4runtime": client.capabilities().p4runtime_version,
        "program": info.name,
        "profile": Capabilities(info).profile,
        "cookie": f"{client.get_pipeline_cookie() or 0:#018x}",
    }
    lines = [f"{key.replace('_', ' ')}: {value}" for key, value in data.items()]
    data["primary"], text = _primary(client)
    lines.append(f"primary: {text}")
    try:
        sessions = list(client.read(CloneSession()))
        data["clone_sessions"] = [entity_data(entity) for entity in sessions]
        lines += [render_entity(entity) for entity in sessions]
        if not sessions:
            lines.append("no clone session: nothing reaches a controller")
    except RpcFailed as error:
        if error.code is not Code.UNIMPLEMENTED:
            raise
        data["clone_sessions"] = None
        lines.append("clone sessions: this switch cannot be asked")
    data["meters"], rates = _meters(client)
    lines += rates
    return data, "\n".join(lines)


def _meters(client: Client) -> tuple[dict[str, Any], list[str]]:
    """The limits of each port, by port and what they are of; as text those that several ports share in one line."""
    from srv6cp.compile.capabilities import Capabilities
    from srv6cp.compile.system import metered, of_punt_cell
    from srv6cp.compile.tables import PORT, PUNT_METER
    from srv6cp.model import PuntReason
    from srv6cp.p4rt import MeterEntry, TableEntry

    found = [entry for entry in client.read(TableEntry(PORT)) if isinstance(entry, TableEntry)]
    ports = [int(str(entry.match["ingress_port"])) for entry in found if "ingress_port" in entry.match]
    data: dict[str, dict[str, Any]] = {}
    shared: dict[tuple[str, int | None, int], list[int]] = {}
    for cell in client.read(metered(ports, Capabilities(client.p4info))):
        if isinstance(cell, MeterEntry) and cell.cir and cell.index is not None and cell.cir < _UNLIMITED:
            port, reason = of_punt_cell(cell.index) if cell.meter == PUNT_METER else (cell.index, 0)
            limit = PuntReason(reason).name if reason else _PASSES
            data.setdefault(str(port), {})[limit] = {"rate": cell.cir, "burst": cell.cburst}
            shared.setdefault((limit, cell.cir, cell.cburst), []).append(port)
    lines = [
        f"limit {limit}: {rate}/s, burst {burst}, port{'s' if len(of) > 1 else ''} {', '.join(map(str, of))}"
        for (limit, rate, burst), of in shared.items()
    ]
    return data, lines


def _primary(client: Client) -> tuple[dict[str, Any] | None, str]:
    """Who may write: None for nobody, else the election id and, where it says so, the process and its node file."""
    from srv6cp.controller import following
    from srv6cp.p4rt import ElectionIdTaken, Primacy

    try:
        # With the lowest id there is, to be told and to disturb nobody.
        answer = client.arbitrate(1)
        if answer.primacy is not Primacy.BACKUP:
            return None, "nobody"
        number = answer.election_id
    except ElectionIdTaken:
        number = 1
    follower = following.find(client.address, client.device_id, number)
    if follower is None:
        return {"election_id": number}, f"a controller with election id {number}"
    return (
        {"election_id": number, "process": follower.pid, "file": follower.file},
        f"process {follower.pid}, for {follower.file}, with election id {number}",
    )


def _tables(args: argparse.Namespace, client: Client, _node: Node | None) -> tuple[Any, str]:
    from srv6cp.cli.readback import entries
    from srv6cp.p4rt import entity_data, render_entity

    if args.table:
        name = client.p4info.table(args.table).alias
        found = entries(client, name)
        return [entity_data(entry) for entry in found], "\n".join(map(render_entity, found)) or f"{name} is empty"
    rows = [
        {"table": name, "entries": len(entries(client, name)), "size": info.size}
        for name, info in client.p4info.tables.items()
    ]
    return rows, table(rows, ("table", "entries", "size"))


_VERBS = {
    "drops": _drops,
    "punts": _punts,
    "counters": _counters,
    "ports": _ports,
    "sessions": _sessions,
    "tables": _tables,
}
