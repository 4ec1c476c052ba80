# SPDX-License-Identifier: Apache-2.0
"""``srv6 config history|show|diff|rollback``: what the node file has been, and back to it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srv6cp.cli import edits, exitcodes, session
from srv6cp.cli.arguments import number
from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.output import emit, note, table
from srv6cp.cli.pending import Pendings, told
from srv6cp.cli.revisions import Revision, Revisions
from srv6cp.cli.textdiff import text_diff

if TYPE_CHECKING:
    from srv6cp.sync.difference import Difference

_COLUMNS = ("revision", "time", "user", "state", "command", "comment")


def register(verbs: Any) -> None:
    """Add the verbs."""
    revision = number(1, 10**18)
    parents = [session.node_options(), session.json_option()]
    history = verbs.add_parser("history", help="list the revisions of the node file", parents=parents)
    history.set_defaults(run=run_history)
    show = verbs.add_parser("show", help="print the node file as it was", parents=parents)
    show.add_argument("revision", type=revision, metavar="REVISION")
    show.set_defaults(run=run_show)
    diff = verbs.add_parser(
        "diff",
        help="what is different between revisions, or from the node file",
        description="Without revisions: from the newest one to the node file. With one: from that to the node file. "
        "With two: from the first to the second.",
        parents=parents,
    )
    diff.add_argument("revisions", nargs="*", type=revision, metavar="REVISION")
    diff.add_argument("--stat", action="store_true", help="only how many SIDs, routes ... were added, removed, changed")
    diff.set_defaults(run=run_diff)
    rollback = verbs.add_parser(
        "rollback",
        help="write a revision to the node file and apply it",
        parents=[session.node_options(), session.connection_options(), edits.editing_options()],
    )
    rollback.add_argument("revision", type=revision, metavar="REVISION")
    rollback.set_defaults(run=run_rollback)


def run_history(args: argparse.Namespace) -> int:
    """The oldest first, as a log."""
    path = _path(args)
    pending = Pendings(path).read()
    if pending is not None:
        note(f"{path}: {told(pending)}")
    data: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for found in Revisions(path).listed():
        if isinstance(found, Revision):
            data.append(found.facts())
            rows.append(
                {
                    "revision": found.number,
                    "time": found.time,
                    "user": _printable(found.user),
                    "state": "applied" if found.applied else "saved",
                    "command": _printable(found.command) or None,
                    "comment": _printable(found.comment) or None,
                }
            )
        else:
            data.append({"number": found.number, "damaged": found.reason})
            rows.append({"revision": found.number, "state": "damaged", "comment": found.reason})
    emit(data, args.json, table(rows, _COLUMNS, empty=f"{path}: no revision yet"))
    return exitcodes.OK


def run_show(args: argparse.Namespace) -> int:
    """The text alone, so that it can be written to a file."""
    found = Revisions(_path(args)).get(args.revision)
    if args.json:
        emit({**found.facts(), "text": found.text}, True, "")
    else:
        print(found.text, end="")
    return exitcodes.OK


def run_diff(args: argparse.Namespace) -> int:
    """0 with differences, too."""
    path = _path(args)
    revisions = Revisions(path)
    if len(args.revisions) > 2:
        raise CliError("diff takes two revisions at most", exitcodes.USAGE)
    if args.revisions:
        before = revisions.get(args.revisions[0])
    else:
        known = [each for each in revisions.listed() if isinstance(each, Revision)]
        if not known:
            raise CliError(f"{path}: no revision yet to compare with", exitcodes.CHECK_FAILED)
        before = known[-1]
    names = [f"{path} (revision {before.number}, {before.time})"]
    if len(args.revisions) == 2:
        after = revisions.get(args.revisions[1])
        text = after.text
        names.append(f"{path} (revision {after.number}, {after.time})")
    else:
        from srv6cp.config import read_source

        text = read_source(path).text
        names.append(str(path))
    lines = "" if args.stat else text_diff(before.text, text, *names)
    changes = _changes(before.text, text, *names)
    summary = changes if isinstance(changes, str) else "; ".join(map(str, changes)) or "no object differs"
    data = {
        "from": before.number,
        "to": args.revisions[1] if len(args.revisions) == 2 else None,
        "text": lines,
        "objects": None
        if isinstance(changes, str)
        else [
            {"kind": each.kind, "added": each.added, "removed": each.removed, "changed": each.changed}
            for each in changes
        ],
    }
    emit(data, args.json, f"{lines}{summary}")
    return exitcodes.OK


def run_rollback(args: argparse.Namespace) -> int:
    """As an edit that replaces the whole text; it is a revision itself."""
    path = _path(args)
    revision = Revisions(path).get(args.revision)
    if not path.exists():
        raise CliError(f"{path}: not there; `srv6 config show {revision.number} > FILE` makes one", exitcodes.CONFIG)
    args.comment = args.comment or f"back to revision {revision.number}"
    with edits.open_file(args, whole=True) as file:
        file.text = revision.text
        args.goes_back = True
        return edits.finish(args, file)


def _changes(before: str, after: str, old: str, new: str) -> list[Difference] | str:
    """What differs between the nodes; where one is none, what is wrong with it."""
    from srv6cp.config import ConfigError, Source, load_node_source
    from srv6cp.sync.difference import compare

    nodes = []
    for text, name in ((before, old), (after, new)):
        try:
            nodes.append(load_node_source(Source(text, name)))
        except ConfigError as error:
            return f"no valid node: {error.problems[0]}"
    return [each for each in compare(*nodes) if each]


def _path(args: argparse.Namespace) -> Path:
    path = session.node_file(args)
    assert path is not None
    return path


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
