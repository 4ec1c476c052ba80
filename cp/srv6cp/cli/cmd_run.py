# SPDX-License-Identifier: Apache-2.0
"""``srv6 run``: a switch and its controller for one node file, until Ctrl-C.

The node file is watched: a changed one is applied, a broken one reported and ignored.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from srv6cp.cli import exitcodes, session
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.sync.launch import SWITCHES, Launch, Switch, choose

if TYPE_CHECKING:
    from srv6cp.artifacts import Artifacts
    from srv6cp.controller.loop import NodeController
    from srv6cp.model import Node

log = logging.getLogger(__name__)

_POLL = 0.25
_LATEST = 1 << 62


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
        choices=("auto", *SWITCHES, "none"),
        default=os.environ.get("SWITCH", "auto"),
        help="auto: BMv2 if simple_switch_grpc is on PATH, else softswitch (default: $SWITCH, auto)",
    )
    parser.add_argument(
        "-i",
        "--interface",
        action="append",
        default=[],
        metavar="PORT@IFACE",
        help="attach a port to a host interface (as `interface:` of the port in the node file)",
    )
    parser.add_argument("--pcap", metavar="DIR", help="record every port")
    parser.add_argument("--switch-log", metavar="FILE", help="log of the switch")
    session.add_profile(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when stopped by Ctrl-C or SIGTERM, 1 when the switch died."""
    path = Path(args.file)
    program = session.profile(args.profile)
    node = session.load(path)
    # Not an Event: a signal that arrives while its lock is held by this very thread would wait for itself.
    stop: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: stop.put(received))
    if args.election_id is None:
        # The controller that was started first stays primary; later ones are its backups.
        args.election_id = _LATEST - time.time_ns() // 1_000_000
    client = session.make_client(args, node)
    kind = choose(args.switch)
    if kind == "none":
        return _control(args, path, node, program, None, stop)
    interfaces = _interfaces(args.interface, node)
    launch = Launch(kind, client.address, client.device_id, interfaces, args.pcap, args.switch_log)
    with Switch(launch) as switch:
        return _control(args, path, node, program, switch, stop)


def _control(
    args: argparse.Namespace,
    path: Path,
    node: Node,
    program: Artifacts,
    switch: Switch | None,
    stop: SimpleQueue[int],
) -> int:
    from srv6cp.controller.following import Follower, Saying
    from srv6cp.controller.loop import NodeController

    client = session.make_client(args, node)
    if switch is not None:
        switch.wait_until_ready()
    with (
        client,
        NodeController(client, node, program=program) as controller,
        Saying(Follower.of(client, node.name, path)) as says,
    ):
        name = switch.kind if switch else "switch"
        print(
            f"{node.name}: {name} at {client.address}, device id {client.device_id}, "
            f"{len(node.ports)} ports, {len(node.sids)} SIDs; Ctrl-C stops",
            flush=True,
        )
        watch = _Watch(path)
        while not _arrived(stop, _POLL):
            if switch is not None and not switch.alive:
                raise CliError(f"{switch.kind} stopped: {switch.last_words()}", exitcodes.CHECK_FAILED)
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


def _interfaces(options: list[str], node: Node) -> dict[int, str]:
    result = {port.number: port.device for port in node.ports.values() if port.device}
    for option in options:
        number, at, device = option.partition("@")
        if not at or not number.isdecimal() or not device:
            raise UsageError(f"-i {option}: write PORT@IFACE, such as 1@veth1")
        result[int(number)] = device
    return result
