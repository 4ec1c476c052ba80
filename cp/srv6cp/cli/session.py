# SPDX-License-Identifier: Apache-2.0
"""What commands share: the node file, the connection to the switch, applying a node."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from p4rtlib.unixsockets import path_of, usable_by
from srv6cp.artifacts import DEFAULT, PROFILES, Artifacts, find
from srv6cp.cli import exitcodes
from srv6cp.cli.arguments import number
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.output import note

if TYPE_CHECKING:
    from srv6cp.cli.revisions import Author
    from srv6cp.controller.following import Follower
    from srv6cp.model import Node
    from srv6cp.p4rt import TLS, Client, P4Info
    from srv6cp.sync.reconcile import Plan

DEFAULT_NODE_FILE = "node.yaml"
DEFAULT_ADDRESS = "127.0.0.1:9559"
# Of commands that come and go: the lowest, so that to ask who is primary takes the switch from nobody.
_LOWEST_ELECTION_ID = 1


class ControllerRunning(CliError):
    """Another controller is primary, so that nothing can be written.

    ``follower`` is what it says of itself, None when it is of another machine or says nothing; ``highest`` that it has
    the highest election id, so that ``--force`` is of no use.
    """

    def __init__(self, address: str, follower: Follower | None, highest: bool) -> None:
        from srv6cp.p4rt import NOT_TO_BE_OUTBID

        self.address = address
        self.follower = follower
        self.highest = highest
        who = f" (process {follower.pid}, for {follower.file})" if follower else ""
        why = f"another controller is primary{who}; stop it, or use --force for this command"
        super().__init__(f"{address}: {NOT_TO_BE_OUTBID + who if highest else why}", exitcodes.REJECTED)


def connection_options() -> argparse.ArgumentParser:
    """Options of every command that talks to a switch (names as in p4runtime-shell)."""
    parser = argparse.ArgumentParser(add_help=False)
    # Also behind the command; without a default, so that one in front of it is not undone.
    parser.add_argument("-v", "--verbose", action="count", default=argparse.SUPPRESS, help="say more")
    group = parser.add_argument_group("switch")
    group.add_argument(
        "--grpc-addr",
        metavar="ADDRESS",
        help="P4Runtime server, HOST:PORT or unix:PATH (default: grpc-addr of the node file, $SRV6_GRPC_ADDR, that of "
        f"the controller which follows the node file, the unix socket of the switch that runs here, {DEFAULT_ADDRESS})",
    )
    group.add_argument(
        "--device-id", type=number(0, 2**64 - 1), metavar="N", help="default: that of the node file, or 1"
    )
    group.add_argument(
        "--election-id", type=number(1, 2**128 - 1), metavar="N", help="the highest is primary (default: the lowest)"
    )
    group.add_argument("--force", action="store_true", help="become primary even if a controller is running")
    group.add_argument("--ssl", action="store_true", help="use TLS")
    for name in ("cacert", "cert", "private-key"):
        group.add_argument(f"--{name}", metavar="FILE", help="PEM file; implies --ssl")
    group.add_argument(
        "--server-name",
        metavar="NAME",
        help="the name in the certificate of the switch, where it is not the host of --grpc-addr; implies --ssl",
    )
    return parser


def node_options() -> argparse.ArgumentParser:
    """``-c NODE.YAML`` of commands that use or edit the node file."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "-c",
        "--config",
        metavar="NODE.YAML",
        help=f"node file (default: $SRV6_NODE, or ./{DEFAULT_NODE_FILE})",
    )
    return parser


def json_option() -> argparse.ArgumentParser:
    """``--json``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def add_change_options(parser: argparse.ArgumentParser) -> None:
    """``--confirm`` and ``--comment``."""
    parser.add_argument(
        "--confirm",
        type=number(1, 10**6),
        metavar="SECONDS",
        help="go back by itself unless `srv6 confirm` is given within so many seconds",
    )
    parser.add_argument("--comment", default="", metavar="TEXT", help="why, for `srv6 config history`")


def add_profile(parser: argparse.ArgumentParser, default: str | None = DEFAULT) -> None:
    """``--profile``."""
    text = "the one that the switch runs, else " if default is None else ""
    parser.add_argument(
        "--profile",
        metavar="PROFILE",
        default=default,
        help=f"of the P4 program: {', '.join(PROFILES)} (default: {text}{DEFAULT})",
    )


def profile(name: str) -> Artifacts:
    """The files of a profile. Raises UsageError for an unknown one, ArtifactError for one that is missing."""
    if name not in PROFILES:
        raise UsageError(f"no profile {name!r}; there are: {', '.join(PROFILES)}")
    return find(name)


def node_file(args: argparse.Namespace, required: bool = True) -> Path | None:
    """The node file to use; None when there is none and none is required."""
    given = getattr(args, "config", None) or os.environ.get("SRV6_NODE")
    if given:
        return Path(given)
    if Path(DEFAULT_NODE_FILE).is_file():
        return Path(DEFAULT_NODE_FILE)
    if required:
        raise UsageError(f"no node file: give -c NODE.YAML, set SRV6_NODE, or have a {DEFAULT_NODE_FILE} here")
    return None


def load(path: Path) -> Node:
    """The node of a file."""
    from srv6cp.config import load_node

    return load_node(path)


def text_of(node: Node) -> str:
    """The text of the node file that a node was loaded from."""
    from srv6cp.config import Source

    assert isinstance(node.origin, Source)
    return node.origin.text


def warn(node: Node) -> None:
    """Say what of a node may not be meant."""
    from srv6cp.config import warnings

    for each in warnings(node):
        note(f"warning: {each}")


def optional_node(args: argparse.Namespace) -> Node | None:
    """The node of the node file, None when there is no file."""
    path = node_file(args, required=False)
    return load(path) if path else None


def make_client(args: argparse.Namespace, node: Node | None) -> Client:
    """A client for the switch that is meant (`target`); not connected yet."""
    from srv6cp.p4rt import Client

    address, device_id = target(args, node)
    if not address.isascii() or not address.isprintable():
        raise UsageError(f"{address!r} is no address of a switch; write HOST:PORT or unix:PATH")
    election_id = _LOWEST_ELECTION_ID if args.election_id is None else args.election_id
    return Client(address, device_id, election_id=election_id, tls=tls_of(args))


def target(args: argparse.Namespace, node: Node | None) -> tuple[str, int]:
    """Address and device id of the switch that the options and the node name, else of the one that runs here.

    Raises UsageError where several run here.
    """
    address = args.grpc_addr or (node and node.grpc_addr) or os.environ.get("SRV6_GRPC_ADDR")
    device_id = args.device_id if args.device_id is not None else node.device_id if node else None
    if not address:
        running = _running_here(args, node, device_id)
        address = running.address if running else DEFAULT_ADDRESS
        device_id = running.device_id if running and device_id is None else device_id
    return address, 1 if device_id is None else device_id


def author(args: argparse.Namespace, node: Node) -> Author:
    """Who makes a revision with this command."""
    from srv6cp.cli.revisions import Author, user

    address, device_id = target(args, node)
    return Author(user(), args.line, getattr(args, "comment", ""), node.name, device_id, address)


def _running_here(args: argparse.Namespace, node: Node | None, device_id: int | None) -> Follower | None:
    """The controller of this machine whose switch is meant, None when there is none.

    It follows the node file; else its switch has a unix socket in one of the folders of `srv6cp.rundir` that this user
    may use, and it is the only one, or the only one of a node of that name.
    """
    from srv6cp import rundir
    from srv6cp.controller import following

    running = [each for each in following.followers() if device_id in (None, each.device_id)]
    path = _file_of(args) if node else None
    for each in running:
        if path and each.follows(path):
            return each
    private = {each.address: each for each in running if rundir.holds(each.address)}
    found = [each for each in private.values() if usable_by(path_of(each.address))] or list(private.values())
    found = [each for each in found if node and each.node == node.name] or found
    if len(found) > 1:
        there = ", ".join(sorted(f"{each.address} ({each.node})" for each in found))
        raise UsageError(f"several switches run here: {there}; say which: --grpc-addr, or the node file (-c)")
    return next(iter(found), None)


def _file_of(args: argparse.Namespace) -> Path | None:
    """The node file of a command: what it is given to work on, else the one to use."""
    return Path(args.file) if getattr(args, "file", None) else node_file(args, required=False)


def tls_of(args: argparse.Namespace) -> TLS | None:
    """The TLS files that the options name; None without TLS. Raises UsageError for half of a pair."""
    from srv6cp.p4rt import TLS

    if bool(args.cert) != bool(args.private_key):
        raise UsageError("--cert and --private-key belong together: a client certificate and its key")
    if args.ssl or args.cacert or args.cert or args.server_name:
        return TLS(args.cacert, args.cert, args.private_key, args.server_name)
    return None


def become_primary(client: Client, force: bool) -> None:
    """Get the right to write. Raises ControllerRunning when somebody else has it, unless ``force`` takes it."""
    from srv6cp.controller import following
    from srv6cp.p4rt import MAX_ELECTION_ID, ElectionIdTaken, NotPrimary, Primacy

    try:
        try:
            answer = client.arbitrate()
        except ElectionIdTaken:
            if not force or client.election_id == MAX_ELECTION_ID:
                raise
            answer = client.arbitrate(client.election_id + 1)
        # A switch remembers the highest id there was: where nobody is primary now, go above it.
        if not answer.is_primary:
            client.become_primary(force=force or answer.primacy is Primacy.NO_PRIMARY)
    except ElectionIdTaken:
        primary = client.election_id
    except NotPrimary:
        primary = client.arbitration.election_id if client.arbitration else 0
    else:
        return
    follower = following.find(client.address, client.device_id, primary)
    raise ControllerRunning(client.address, follower, primary == MAX_ELECTION_ID)


def follower_of(running: ControllerRunning, path: Path) -> Follower | None:
    """The controller that applies ``path`` on the switch of ``running``: the primary, else a backup, else None."""
    from srv6cp.controller import following

    if running.follower is not None and running.follower.follows(path):
        return running.follower
    here = (each for each in following.followers() if each.follows(path) and each.at(running.address))
    return next(here, None)


def program(client: Client) -> P4Info:
    """The program on the switch, which must be ours."""
    info = client.p4info
    if "my_sid_table" not in info.tables:
        name = info.name or "another program"
        raise CliError(f"{client.address} runs {name}, not the SRv6 program; run `srv6 apply`", exitcodes.REJECTED)
    return info


def same_router(args: argparse.Namespace, client: Client, node: Node | None) -> Node | None:
    """``node`` if the switch may be its router, else a warning.

    A node file that was only found lying there then gives no names; one that was named with ``-c`` does.
    """
    if node is None:
        return None
    difference = _difference(client, node)
    if difference is None:
        return node
    note(f"srv6: {node_file(args)} is the file of another router: {difference}")
    return node if getattr(args, "config", None) else None


def _difference(client: Client, node: Node) -> str | None:
    """What says that the switch is not the router of ``node``: its device id, or not one MAC of its ports."""
    from srv6cp.p4rt import Action, TableEntry

    if client.device_id != node.device_id:
        return f"{client.address} has device id {client.device_id}, {node.name} has {node.device_id}"
    theirs = {
        int(str(entry.match["ingress_port"])): str(entry.action.params["mac"])
        for entry in client.read(TableEntry("ingress_port_table"))
        if isinstance(entry, TableEntry) and isinstance(entry.action, Action) and "mac" in entry.action.params
    }
    ours = {port.number: port.interfaces[0].mac for port in node.ports.values() if port.interfaces}
    both = sorted(theirs.keys() & ours.keys())
    if not both or any(theirs[number] == ours[number] for number in both):
        return None
    number = both[0]
    return f"port {number} of {client.address} has MAC {theirs[number]}, that of {node.name} has {ours[number]}"


def apply_node(args: argparse.Namespace, node: Node) -> Plan:
    """Make the switch hold ``node``; the plan that was written."""
    from srv6cp.sync.update import update

    with make_client(args, node) as client:
        become_primary(client, args.force)
        return update(client, node)
