# SPDX-License-Identifier: Apache-2.0
"""``srv6 apply``: make a switch hold what a node file says."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srv6cp.cli import exitcodes, session
from srv6cp.cli.output import emit, note

if TYPE_CHECKING:
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
    session.add_profile(parser, default=None)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit code 0 also for a dry run with differences."""
    from srv6cp.sync.update import preview, update

    program = session.profile(args.profile) if args.profile else None
    node = session.load(Path(args.file))
    session.warn(node)
    with session.make_client(args, node) as client:
        if args.dry_run:
            found = preview(client, node, program, keep_foreign=args.keep_foreign)
            if found.loads:
                note("the switch does not run this program yet; it would be loaded first")
            emit(plan_data(found.plan), args.json, found.plan.render())
            return exitcodes.OK
        session.become_primary(client, args.force)
        todo = update(client, node, program, keep_foreign=args.keep_foreign)
    text = f"{node.name}: {applied(todo)}"
    emit(
        {"node": node.name, **plan_data(todo)},
        args.json,
        f"{todo.render()}\n{text}" if args.verbose else text,
    )
    return exitcodes.OK


def applied(todo: Plan) -> str:
    """``20030 inserted, 0 modified, 0 deleted, 12 unchanged``."""
    return (
        todo.summary().replace("to insert", "inserted").replace("to modify", "modified").replace("to delete", "deleted")
    )


def plan_data(todo: Plan) -> dict[str, Any]:
    """A plan for ``--json``."""
    from srv6cp.p4rt import entity_data

    return {
        "insert": [entity_data(entity) for entity in todo.inserts],
        "modify": [{"before": entity_data(before), "after": entity_data(after)} for before, after in todo.modifies],
        "delete": [entity_data(entity) for entity in todo.deletes],
        "unchanged": todo.unchanged,
    }
