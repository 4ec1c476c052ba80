# SPDX-License-Identifier: Apache-2.0
"""``srv6 apply``: make a switch hold what a node file says."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srv6cp.cli import exitcodes, guarding, session
from srv6cp.cli.output import emit, note
from srv6cp.cli.planned import applied, plan_data
from srv6cp.cli.revisions import Revisions

if TYPE_CHECKING:
    from srv6cp.artifacts import Artifacts
    from srv6cp.model import Node
    from srv6cp.sync.reconcile import Plan


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "apply",
        help="program a switch from a node file",
        description="Load the program if the switch runs another one, compare its tables with the node file "
        "and write the difference.",
        parents=[session.connection_options(), session.json_option()],
    )
    parser.add_argument("file", metavar="NODE.YAML")
    parser.add_argument("-n", "--dry-run", action="store_true", help="print the difference, write nothing")
    parser.add_argument("--keep-foreign", action="store_true", help="leave entries that the node file lacks")
    session.add_comment(parser)
    guarding.add_options(parser, "apply even what takes away much of what is on the switch, without asking")
    session.add_profile(parser, default=None)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit code 0 also for a dry run with differences."""
    from srv6cp.sync.removals import TakesAway
    from srv6cp.sync.update import preview

    path = Path(args.file)
    args.config = args.file  # the switch is that of the controller which follows it, where one does
    program = session.profile(args.profile) if args.profile else None
    node = session.load(path)
    if args.dry_run:
        with session.make_client(args, node) as client:
            found = preview(client, node, program, keep_foreign=args.keep_foreign)
        if found.loads:
            note("the switch does not run this program yet; it would be loaded first")
        emit(plan_data(found.plan), args.json, found.plan.render())
        return exitcodes.OK
    try:
        todo = _update(args, node, program, args.accept_removals)
    except TakesAway as error:
        if not guarding.agreed(error, path):
            raise guarding.refused(error, path) from None
        todo = _update(args, node, program, True)
    except session.ControllerRunning as running:
        if not args.accept_removals:
            raise
        return _agree(running, args, path, node)
    Revisions(path).keep(session.text_of(node), session.author(args, node), applied=True)
    text = f"{node.name}: {applied(todo)}"
    emit(
        {"node": node.name, **plan_data(todo)},
        args.json,
        f"{todo.render()}\n{text}" if args.verbose else text,
    )
    return exitcodes.OK


def _update(args: argparse.Namespace, node: Node, program: Artifacts | None, accepted: bool) -> Plan:
    """Raises TakesAway unless that is ``accepted``."""
    from srv6cp.sync.update import update

    guard = None if accepted else guarding.guard(args)
    with session.make_client(args, node) as client:
        session.become_primary(client, args.force)
        return update(client, node, program, keep_foreign=args.keep_foreign, guard=guard)


def _agree(running: session.ControllerRunning, args: argparse.Namespace, path: Path, node: Node) -> int:
    """Tell the controllers that follow the file, and hold it back, that it is meant. Raises CliError."""
    follower = session.follower_of(running, path)
    if follower is None:
        raise running
    guarding.consent(path, session.text_of(node), follower)
    emit({"node": node.name, "accepted": True, "controller": follower.pid}, args.json, "")
    note(f"{path}: accepted; the controller that follows it (process {follower.pid}) applies it")
    return exitcodes.OK
