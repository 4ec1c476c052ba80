# SPDX-License-Identifier: Apache-2.0
"""``srv6 run``: a switch and its controller for one node file, until Ctrl-C.

The node file is watched: a changed one is applied when it has been left alone for a moment, a broken one reported and
ignored, and one that takes away much held back until somebody says that it is meant.
"""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from p4rtlib.addresses import is_loopback
from p4rtlib.rights import is_privileged
from srv6cp.cli import exitcodes, goback, guarding, session
from srv6cp.cli.arguments import number, seconds
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.revisions import Revisions
from srv6cp.sync.launch import SWITCHES, Launch, ServerTls, Switch, choose, private_address

if TYPE_CHECKING:
    from srv6cp.artifacts import Artifacts
    from srv6cp.controller.loop import NodeController
    from srv6cp.controller.nodewatch import NodeWatch
    from srv6cp.controller.quiet import QuietFile
    from srv6cp.model import Node
    from srv6cp.p4rt import Client

log = logging.getLogger(__name__)

_POLL = 0.25
_LATEST = 1 << 62
_FOR_EVER = 1_000_000_000
_SWITCHES = ("auto", *SWITCHES, "none")


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "run",
        help="run a switch and its controller from a node file",
        description="Start a switch, connect a controller to it and keep the node file applied until Ctrl-C. "
        "With --switch none the controller is for a switch that is running already.",
        parents=[session.connection_options()],
    )
    parser.add_argument("file", metavar="NODE.YAML")
    parser.add_argument(
        "--switch",
        choices=_SWITCHES,
        help="auto: BMv2 if simple_switch_grpc is on PATH, else softswitch (default: $SWITCH, auto)",
    )
    parser.add_argument(
        "-i",
        "--interface",
        action="append",
        default=[],
        metavar="PORT@IFACE",
        help="attach a port to a host interface (as `interface:` of the port in the node file); "
        "with --switch none: which interface a port is, for the state of its link",
    )
    parser.add_argument("--pcap", metavar="DIR", help="record every port")
    parser.add_argument("--switch-log", metavar="FILE", help="log of the switch")
    parser.add_argument(
        "--wait",
        nargs="?",
        type=number(1, 1_000_000_000),
        const=_FOR_EVER,
        metavar="SECONDS",
        help="with --switch none: the switch may be started later (default: for ever)",
    )
    parser.add_argument(
        "--keepalive",
        type=number(1, 3600),
        default=4,
        metavar="SECONDS",
        help="switch and controller give each other up when there is no answer for so long; then a backup takes over "
        "(default: 4)",
    )
    for name, text in (("cert", "certificate"), ("key", "key")):
        parser.add_argument(
            f"--server-{name}",
            metavar="FILE",
            help=f"{text} of the switch that is started, PEM; implies --ssl, verified by --cacert or by itself",
        )
    parser.add_argument(
        "--user",
        metavar="NAME[:GROUP]",
        help="what softswitch becomes when root starts it and its ports and sockets are open; root: stays root, "
        "without most capabilities (default: softswitch where there is such a user, else nobody)",
    )
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="without TLS the switch may listen at an address that others reach: any of them can be its controller",
    )
    parser.add_argument(
        "--quiet-period",
        type=seconds(0, 3600),
        default=0.5,
        metavar="SECONDS",
        help="a changed node file is applied when it has not changed any more for so long (default: 0.5)",
    )
    guarding.add_options(parser, "apply at the start even what takes away much of what is on the switch")
    session.add_profile(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when stopped by Ctrl-C or SIGTERM, 1 when the switch died."""
    from srv6cp.controller.quiet import QuietFile

    path = Path(args.file)
    goback.by_controller(path, starting=True)
    file = QuietFile(path, args.quiet_period)  # before it is read: what changes while a switch starts is a change
    program = session.profile(args.profile)
    node = session.load(path)
    session.warn(node)
    # Not an Event: a signal that arrives while its lock is held by this very thread would wait for itself.
    stop: SimpleQueue[int] = SimpleQueue()
    for caught in (signal.SIGTERM, signal.SIGINT):
        signal.signal(caught, lambda received, _frame: stop.put(received))
    if args.election_id is None:
        # The controller that was started first stays primary; later ones are its backups. Of a pair that is started in
        # the same millisecond either may be, but no two have the same.
        args.election_id = (_LATEST - time.time_ns() // 1_000_000) << 32 | secrets.randbits(32)
    kind = _switch(args.switch)
    own_tls = _tls(args) if kind != "none" else None
    if kind != "none" and not (args.grpc_addr or node.grpc_addr or os.environ.get("SRV6_GRPC_ADDR")):
        args.grpc_addr = private_address(node.name, otherwise=session.DEFAULT_ADDRESS)
    client = session.make_client(args, node)
    interfaces = _interfaces(args.interface, node)
    if kind == "none":
        _refuse_flags_of_a_switch(args)
        if args.wait is not None and not _wait_for_switch(client, args.wait, stop):
            return exitcodes.OK
        return _control(args, file, node, program, None, interfaces, stop)
    if args.wait is not None:
        raise UsageError("--wait is for a switch that is started elsewhere: it needs --switch none")
    if own_tls is None and not args.insecure and not is_loopback(client.address):
        raise UsageError(
            f"{client.address}: whoever reaches it would be controller of the switch; use TLS (--server-cert, "
            "--server-key), an address of this machine alone such as 127.0.0.1:9559, or say --insecure"
        )
    launch = Launch(
        kind,
        client.address,
        client.device_id,
        interfaces,
        args.pcap,
        args.switch_log,
        _own_flags(args) if kind == "softswitch" else (),
        args.user,
        tls=own_tls,
    )
    if args.user is not None and kind == "bmv2":
        raise UsageError("--user is for softswitch: BMv2 keeps the user and the privileges that it is started with")
    with Switch(launch) as switch:
        return _control(args, file, node, program, switch, interfaces, stop)


def _control(
    args: argparse.Namespace,
    file: QuietFile,
    node: Node,
    program: Artifacts,
    switch: Switch | None,
    interfaces: Mapping[int, str],
    stop: SimpleQueue[int],
) -> int:
    from srv6cp.controller import macages
    from srv6cp.controller.following import Follower, Saying
    from srv6cp.controller.links import LinkWatch
    from srv6cp.controller.loop import ControllerOptions, NodeController
    from srv6cp.controller.nodewatch import NodeWatch
    from srv6cp.controller.oam import own_journal

    logging.getLogger("srv6cp.controller").setLevel(min(logging.INFO, logging.getLogger().level))
    client = session.make_client(args, node)
    if switch is not None:
        switch.wait_until_ready(tls=session.tls_of(args))
        for line in _warnings(switch):
            print(f"srv6: {line}", file=sys.stderr, flush=True)
    elif not args.accept_removals:
        _look_before(args, file.path, node, program)
    here = client.device_id, client.address
    options = ControllerOptions(
        keepalive=args.keepalive, oam_journal=own_journal(*here), mac_ages=macages.own_file(*here)
    )
    watch = NodeWatch(file, node, guarding.guard(args))
    with (
        client,
        NodeController(client, node, options, program, lambda: watch.changing) as controller,
        Saying(Follower.of(client, node.name, file.path)) as says,
        ExitStack() as stack,
    ):
        if interfaces and client.port_states() is None:
            # Not softswitch, which tells of its ports by itself.
            stack.enter_context(LinkWatch(interfaces, controller.port_state))
        where = f"{switch.kind if switch else 'switch'} at {client.address}, device id {client.device_id}"
        if controller.status().role == "primary":
            print(f"{node.name}: {where}, {len(node.ports)} ports, {len(node.sids)} SIDs; Ctrl-C stops", flush=True)
        else:
            print(f"{node.name}: backup of another controller of the {where}; takes over when that leaves", flush=True)
        _record(args, file.path, node)
        while not _arrived(stop, _POLL):
            if switch is not None and not switch.alive:
                raise CliError(f"{switch.kind} stopped: {switch.last_words()}", exitcodes.CHECK_FAILED)
            for line in switch.news() if switch is not None else ():
                print(f"{where.partition(' ')[0]}: {line}", file=sys.stderr, flush=True)
            says.election_id(client.election_id)
            goback.by_controller(file.path)
            _follow(args, watch, controller)
    return exitcodes.OK


def _arrived(stop: SimpleQueue[int], seconds: float) -> bool:
    """Wait for a signal; whether one came."""
    try:
        stop.get(timeout=seconds)
    except Empty:
        return False
    return True


def _look_before(args: argparse.Namespace, path: Path, node: Node, program: Artifacts) -> None:
    """A switch that is there already may hold much that the node file lacks. Raises CliError then."""
    from srv6cp.controller import consent
    from srv6cp.sync.removals import TakesAway
    from srv6cp.sync.update import losses

    with session.make_client(args, node) as client:
        found = losses(client, node, program)
    try:
        guarding.guard(args).check(found)
    except TakesAway as error:
        if not consent.given(path, session.text_of(node)):
            raise guarding.refused(error, path) from None


def _record(args: argparse.Namespace, path: Path, node: Node) -> None:
    """What the controller has taken is a revision, unless the command that wrote it has made one."""
    Revisions(path).keep(session.text_of(node), session.author(args, node), applied=True)


def _follow(args: argparse.Namespace, watch: NodeWatch, controller: NodeController) -> None:
    """Apply what is to be applied of the node file, and say what became of it."""
    from srv6cp.config import ConfigError
    from srv6cp.sync.removals import TakesAway

    path = watch.path
    try:
        node = watch.look()
    except ConfigError as error:
        for line in str(error).splitlines():
            print(f"srv6: {line}", file=sys.stderr)
        print(f"srv6: {path}: not applied; the switch keeps what it has", file=sys.stderr, flush=True)
    except TakesAway as error:
        print(
            f"srv6: {path}: not applied: {error}; the switch keeps what it has; if that is meant: "
            f"srv6 apply {guarding.ACCEPT} {path}",
            file=sys.stderr,
            flush=True,
        )
    else:
        if node is not None:
            _apply(args, watch, node, controller)


def _apply(args: argparse.Namespace, watch: NodeWatch, node: Node, controller: NodeController) -> None:
    from srv6cp.p4rt import P4RuntimeError

    path = watch.path
    try:
        changes = controller.apply(node)
    except OverflowError as error:
        print(f"srv6: {path}: {error}", file=sys.stderr, flush=True)
    except P4RuntimeError as error:
        watch.applied = node  # the controller goes on trying
        print(f"srv6: {path}: {error}", file=sys.stderr, flush=True)
    else:
        watch.applied = node
        _record(args, path, node)
        print(f"{path}: {changes or 'noted; applied when this controller is primary'}", flush=True)


def _switch(given: str | None) -> str:
    """The switch that the option or ``$SWITCH`` names. Raises UsageError for an unknown one."""
    name = given or os.environ.get("SWITCH") or "auto"
    if name not in _SWITCHES:
        raise UsageError(f"SWITCH={name}: no such switch; one of {', '.join(_SWITCHES)}")
    return choose(name)


def _warnings(switch: Switch) -> list[str]:
    """What somebody should know who believes that a switch is theirs alone."""
    said = []
    if switch.kind == "bmv2" and is_privileged():
        said.append("BMv2 keeps the privileges that it is started with; softswitch gives them up")
    if switch.thrift is not None:
        said.append(
            f"BMv2 serves Thrift at TCP port {switch.thrift} of every address: whoever reaches it can change its"
            " tables; use a build without Thrift, or keep others away from the port"
        )
    return said


def _own_flags(args: argparse.Namespace) -> list[str]:
    """Flags that softswitch alone has. BMv2 waits for ever for its clients, and lets in whoever comes."""
    return ["--keepalive", str(args.keepalive), *(["--insecure"] if args.insecure else [])]


def _tls(args: argparse.Namespace) -> ServerTls | None:
    """TLS of the switch that is started; its controller's options are completed to match. Raises UsageError."""
    if session.tls_of(args) is None and not args.server_cert and not args.server_key:
        return None
    if args.insecure:
        raise UsageError("--insecure means no TLS; it cannot go with --ssl or certificates")
    if not args.server_cert or not args.server_key:
        raise UsageError("with TLS the switch needs a certificate and its key: --server-cert FILE --server-key FILE")
    if args.cert and not args.cacert:
        raise UsageError("--cert needs --cacert: the CA by which the switch knows its clients")
    clients = args.cacert if args.cert else None
    args.ssl = True
    args.cacert = args.cacert or args.server_cert  # trusted as it is
    return ServerTls(args.server_cert, args.server_key, clients)


def _wait_for_switch(client: Client, seconds: float, stop: SimpleQueue[int]) -> bool:
    """Wait until it answers; False when a signal comes before. Raises ConnectionFailed after ``seconds``."""
    from srv6cp.p4rt import ConnectionFailed

    end = time.monotonic() + seconds
    with closing(client):
        try:
            client.connect()
        except ConnectionFailed as error:
            print(f"waiting for {client.address}, device id {client.device_id}: {error.reason}", flush=True)
        while True:
            try:
                client.connect(_POLL, wait=True)
            except ConnectionFailed:
                if time.monotonic() > end:
                    raise
            else:
                return True
            if not stop.empty():
                return False


def _refuse_flags_of_a_switch(args: argparse.Namespace) -> None:
    """Flags that only say how a switch is started make no sense for one that runs already."""
    given = {
        "--pcap": args.pcap,
        "--switch-log": args.switch_log,
        "--server-cert": args.server_cert,
        "--server-key": args.server_key,
        "--insecure": args.insecure,
        "--user": args.user,
    }
    for flag, value in given.items():
        if value:
            raise UsageError(f"{flag} is for a switch that is started here; it cannot go with --switch none")


def _interfaces(options: list[str], node: Node) -> dict[int, str]:
    """Port to interface: those of the node file, replaced by those of ``-i``."""
    result = {port.number: port.device for port in node.ports.values() if port.device}
    given: set[int] = set()
    for option in options:
        text, at, device = option.partition("@")
        if not at or not (text.isascii() and text.isdecimal()) or not device:
            raise UsageError(f"-i {option}: write PORT@IFACE, such as 1@veth1")
        number = int(text)
        if number not in node.ports:
            known = ", ".join(map(str, node.ports)) or "none"
            raise UsageError(f"-i {option}: {node.name} has no port {text}; its ports: {known}")
        if number in given:
            raise UsageError(f"-i {option}: port {number} is given twice")
        given.add(number)
        result[number] = device
    ports: dict[str, int] = {}
    for number, device in result.items():
        if device in ports:
            raise UsageError(f"interface {device} is that of port {ports[device]} and of port {number}")
        ports[device] = number
    return result
