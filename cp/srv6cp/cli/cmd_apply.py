# SPDX-License-Identifier: Apache-2.0
"""``srv6 apply``: make a switch hold what a node file says."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srv6cp.cli import edits, exitcodes, goback, guarding, session
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.lockedfile import LockedFile
from srv6cp.cli.output import emit, note
from srv6cp.cli.pending import Pendings
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
    parser.add_argument(
        "--into",
        metavar="NODE.YAML",
        help="write the file into this node file and apply that: so the controller which follows it gets another one "
        "at once",
    )
    session.add_change_options(parser)
    guarding.add_options(parser, "apply even what takes away much of what is on the switch, without asking")
    session.add_profile(parser, default=None)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit code 0 also for a dry run with differences."""
    from srv6cp.sync.update import preview

    path = Path(args.file)
    if (args.into or args.confirm) and (args.keep_foreign or args.profile):
        raise UsageError("--into and --confirm cannot go with --keep-foreign or --profile")
    if args.into:
        return _into(args)
    args.config = args.file  # the switch is that of the controller which follows it, where one does
    program = session.profile(args.profile) if args.profile else None
    node = session.load(path)
    session.warn(node)
    if args.dry_run:
        with session.make_client(args, node) as client:
            found = preview(client, node, program, keep_foreign=args.keep_foreign)
        if found.loads:
            note("the switch does not run this program yet; it would be loaded first")
        emit(plan_data(found.plan), args.json, found.plan.render())
        return exitcodes.OK
    Pendings(path).check(args)
    try:
        if args.confirm:
            todo = _confirmed(args, path, node, program)
        else:
            todo = _agreed(args, path, node, program)
            Revisions(path).keep(session.text_of(node), session.author(args, node), applied=True)
            Pendings(path).clear()
    except session.ControllerRunning as running:
        return _left_to(running, args, path, node)
    text = f"{node.name}: {applied(todo)}"
    emit(
        {"node": node.name, **plan_data(todo)},
        args.json,
        f"{todo.render()}\n{text}" if args.verbose else text,
    )
    return exitcodes.OK


def _confirmed(args: argparse.Namespace, path: Path, node: Node, program: Artifacts | None) -> Plan:
    """Apply with a way back. Where nothing was written there is nothing to take back."""
    from srv6cp.p4rt import WriteError

    author = session.author(args, node)
    with LockedFile(path):  # however long it takes: whoever goes back waits for it
        before = goback.begin(args, path, session.text_of(node), author.address)
        try:
            todo = _agreed(args, path, node, program)
        except WriteError:
            goback.began(path)
            raise
        except BaseException:
            goback.cancel(path, before)
            raise
        Revisions(path).keep(session.text_of(node), author, applied=True)
        goback.began(path)
        return todo


def _agreed(args: argparse.Namespace, path: Path, node: Node, program: Artifacts | None) -> Plan:
    """Apply, and ask about what takes away much. Raises CliError when that is not agreed to."""
    from srv6cp.sync.removals import TakesAway

    try:
        return _update(args, node, program, args.accept_removals)
    except TakesAway as error:
        if not guarding.agreed(error, path):
            raise guarding.refused(error, path) from None
    return _update(args, node, program, True)


def _into(args: argparse.Namespace) -> int:
    """Replace the node file and apply it, as an edit of all of it."""
    from srv6cp.sync.removals import TakesAway, by_nodes

    args.config, args.no_apply = args.into, False
    node = session.load(Path(args.file))
    with edits.open_file(args, whole=True) as file:
        old = edits.before(file.before)
        try:
            if old is not None and not (args.accept_removals or args.dry_run):
                guarding.guard(args).check(by_nodes(old, node))
        except TakesAway as error:
            if not guarding.agreed(error, file.path):
                raise guarding.refused(error, file.path) from None
        file.text = session.text_of(node)
        return edits.finish(args, file)


def _update(args: argparse.Namespace, node: Node, program: Artifacts | None, accepted: bool) -> Plan:
    """Raises TakesAway unless that is ``accepted``."""
    from srv6cp.sync.update import update

    guard = None if accepted else guarding.guard(args)
    with session.make_client(args, node) as client:
        session.become_primary(client, args.force)
        return update(client, node, program, keep_foreign=args.keep_foreign, guard=guard)


def _left_to(running: session.ControllerRunning, args: argparse.Namespace, path: Path, node: Node) -> int:
    """Tell the controllers that follow the file, and hold it back, that it is meant. Raises CliError otherwise."""
    follower = session.follower_of(running, path)
    if follower is None:
        raise running
    if args.confirm:
        raise CliError(
            f"{path}: the controller that follows it (process {follower.pid}) has applied it already; to try a change: "
            f"srv6 apply OTHER.YAML --into {path} --confirm {args.confirm}",
            exitcodes.REJECTED,
        )
    if not args.accept_removals:
        raise running
    guarding.consent(path, session.text_of(node), follower)
    emit({"node": node.name, "accepted": True, "controller": follower.pid}, args.json, "")
    note(f"{path}: accepted; the controller that follows it (process {follower.pid}) applies it")
    return exitcodes.OK
