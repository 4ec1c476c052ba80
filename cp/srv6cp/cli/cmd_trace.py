# SPDX-License-Identifier: Apache-2.0
"""``srv6 trace``: what happens to a packet in the switch, step by step.

The packet goes through a running softswitch for real, or, with ``--offline``, through one of its own that
is started for the purpose and programmed from the node file.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from srv6cp.cli import exitcodes, session
from srv6cp.cli.arguments import mac, number
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.output import emit
from srv6cp.cli.packetspec import frames
from srv6cp.values import MAX_PORT, MAX_VLAN

if TYPE_CHECKING:
    from srv6cp.cli.tracetext import Decoder
    from srv6cp.model import Node
    from srv6cp.p4rt import Client


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "trace",
        help="show what a switch does with a packet",
        description="PACKET: a pcap file, a frame in hexadecimal, or a line such as "
        '"(2001:db8:12::2,fcbb:bb00:1:e000::)(fcbb:bb00:4::,fcbb:bb00:1:e000::; SL=1) UDP 1000>53".',
        parents=[session.node_options(), session.connection_options(), session.json_option()],
    )
    parser.add_argument("packet", metavar="PACKET|PCAP")
    parser.add_argument(
        "-p", "--port", type=number(0, MAX_PORT), default=1, metavar="PORT", help="ingress port (default: 1)"
    )
    parser.add_argument(
        "--vlan", type=number(1, MAX_VLAN), default=0, metavar="N", help="tag a packet given in notation"
    )
    parser.add_argument("--mac", type=mac, help="destination MAC of a packet given in notation (default: the port's)")
    parser.add_argument(
        "--offline", action="store_true", help="start a softswitch for this, programmed from the node file"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Trace every frame."""
    if args.offline:
        path = session.node_file(args)
        assert path is not None
        node: Node | None = session.load(path)
    else:
        node = session.optional_node(args)
    packets = list(frames(args.packet, args.mac or _port_mac(node, args.port, args.vlan), args.vlan))
    if not packets:
        raise CliError(f"{args.packet}: no packet in it", exitcodes.CHECK_FAILED)
    if args.offline:
        assert node is not None
        traces, decoder = _offline(args, node, packets)
    else:
        client = session.make_client(args, node)
        with client:
            traces, decoder = [trace(client, args, packet) for packet in packets], _decoder(args, client, node)
    text = "" if args.json else "\n\n".join(map(decoder.text, traces))
    data = [{**tree, **decoder.outcome(tree)} for tree in traces]
    emit(data if len(data) > 1 else data[0], args.json, text)
    return exitcodes.OK


def trace(client: Client, args: argparse.Namespace, frame: bytes) -> dict[str, Any]:
    """The trace of one frame from the debug service of softswitch, without secrets.

    Raises:
        CliError: the switch is no softswitch, or refuses.
    """
    from srv6cp.cli.redact import redact
    from srv6cp.p4rt import Code, ConnectionFailed, P4RuntimeError, RpcFailed, debug

    try:
        return redact(debug.trace(client.address, client.device_id, args.port, frame, session.tls_of(args)))
    except P4RuntimeError as error:
        if isinstance(error, RpcFailed) and error.code is Code.UNIMPLEMENTED:
            raise CliError(
                f"{client.address} cannot trace: only softswitch can; try --offline", exitcodes.REJECTED
            ) from None
        code = exitcodes.CANNOT_CONNECT if isinstance(error, ConnectionFailed) else exitcodes.REJECTED
        raise CliError(str(error), code) from None


def _decoder(args: argparse.Namespace, client: Client, node: Node | None) -> Decoder:
    from srv6cp.cli.readback import Names
    from srv6cp.cli.tracetext import Decoder

    info = client.p4info
    if "my_sid_table" not in info.tables:
        return Decoder(info)
    router = session.same_router(args, client, node)
    return Decoder(info, Names.of(router, client) if router else None)


def _offline(args: argparse.Namespace, node: Node, packets: list[bytes]) -> tuple[list[dict[str, Any]], Decoder]:
    from srv6cp.sync.launch import Launch, Switch, free_address, private_address

    args.grpc_addr = private_address(f"trace-{os.getpid()}", otherwise=free_address())
    args.ssl, args.cacert, args.cert, args.private_key, args.server_name = False, None, None, None, None
    client = session.make_client(args, node)
    with Switch(Launch("softswitch", client.address, client.device_id)) as switch:
        switch.wait_until_ready()
        session.apply_node(args, node)
        with client:
            return [trace(client, args, packet) for packet in packets], _decoder(args, client, node)


def _port_mac(node: Node | None, port: int, vlan: int) -> str | None:
    if node is None:
        return None
    found = node.ports.get(port)
    if found is None:
        raise UsageError(f"port {port} is not in the node file; valid: {', '.join(map(str, node.ports)) or 'none'}")
    interface = node.interface((port, vlan)) or node.interface((port, 0))
    # On a layer 2 port every destination is taken.
    return interface.mac if interface else "02:00:00:00:00:01"
