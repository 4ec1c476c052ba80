# SPDX-License-Identifier: Apache-2.0
"""``srv6 run``: a switch and its controller for one node file, until Ctrl-C.

The node file is watched: a changed one is applied, a broken one reported and ignored.
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
from srv6cp.cli import exitcodes, session
from srv6cp.cli.arguments import number
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.sync.launch import SWITCHES, Launch, ServerTls, Switch, choose

if TYPE_CHECKING:
    from srv6cp.artifacts import Artifacts
    from srv6cp.controller.loop import NodeController
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
        "--insecure",
        action="store_true",
        help="without TLS the switch may listen at an address that others reach: any of them can be its controller",
    )
    session.add_profile(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when stopped by Ctrl-C or SIGTERM, 1 when the switch died."""
    path = Path(args.file)
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
    client = session.make_client(args, node)
    interfaces = _interfaces(args.interface, node)
    if kind == "none":
        _refuse_flags_of_a_switch(args)
        if args.wait is not None and not _wait_for_switch(client, args.wait, stop):
            return exitcodes.OK
        return _control(args, path, node, program, None, interfaces, stop)
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
        tls=own_tls,
    )
    with Switch(launch) as switch:
        return _control(args, path, node, program, switch, interfaces, stop)


def _control(
    args: argparse.Namespace,
    path: Path,
    node: Node,
    program: Artifacts,
    switch: Switch | None,
    interfaces: Mapping[int, str],
    stop: SimpleQueue[int],
) -> int:
    from srv6cp.controller.following import Follower, Saying
    from srv6cp.controller.links import LinkWatch
    from srv6cp.controller.loop import ControllerOptions, NodeController

    logging.getLogger("srv6cp.controller").setLevel(min(logging.INFO, logging.getLogger().level))
    client = session.make_client(args, node)
    if switch is not None:
        switch.wait_until_ready(tls=session.tls_of(args))
    options = ControllerOptions(keepalive=args.keepalive)
    with (
        client,
        NodeController(client, node, options, program) as controller,
        Saying(Follower.of(client, node.name, path)) as says,
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
        watch = _Watch(path)
        while not _arrived(stop, _POLL):
            if switch is not None and not switch.alive:
                raise CliError(f"{switch.kind} stopped: {switch.last_words()}", exitcodes.CHECK_FAILED)
            for line in switch.news() if switch is not None else ():
                print(f"{where.partition(' ')[0]}: {line}", file=sys.stderr, flush=True)
            says.election_id(client.election_id)
            if watch.changed():
                _reload(path, controller)
    return exitcodes.OK


def _arrived(stop: SimpleQueue[int], seconds: float) -> bool:
    """Wait for a signal; whether one came."""
    try:
        stop.get(timeout=seconds)
    except Empty:
        return False
    return True


def _reload(path: Path, controller: NodeController) -> None:
    from srv6cp.config import ConfigError
    from srv6cp.p4rt import P4RuntimeError

    try:
        changes = controller.apply(session.load(path))
    except ConfigError as error:
        for line in str(error).splitlines():
            print(f"srv6: {line}", file=sys.stderr)
        print(f"srv6: {path}: not applied; the switch keeps what it has", file=sys.stderr, flush=True)
    except (P4RuntimeError, OverflowError) as error:
        print(f"srv6: {path}: {error}", file=sys.stderr, flush=True)
    else:
        print(f"{path}: {changes or 'noted; applied when this controller is primary'}", flush=True)


class _Watch:
    """Has a file changed? By its inode, size and time, so that an atomic replacement counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._state()

    def changed(self) -> bool:
        """True once for each change; an absent file is no change."""
        state = self._state()
        if state is None or state == self._seen:
            return False
        self._seen = state
        return True

    def _state(self) -> tuple[int, int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _switch(given: str | None) -> str:
    """The switch that the option or ``$SWITCH`` names. Raises UsageError for an unknown one."""
    name = given or os.environ.get("SWITCH") or "auto"
    if name not in _SWITCHES:
        raise UsageError(f"SWITCH={name}: no such switch; one of {', '.join(_SWITCHES)}")
    return choose(name)


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
