# SPDX-License-Identifier: Apache-2.0
"""``srv6 sid|policy|steer|route|neighbor|vrf add|replace|del|show ...``, and what records of behaviours bring."""

from __future__ import annotations

import argparse
from typing import Any

from srv6cp.cli import cmd_mac, cmd_objects_show, grammar, session
from srv6cp.cli.edits import add, editing_options, finish, open_file, remove
from srv6cp.cli.kinds import kinds


def words() -> set[str]:
    """The commands that there are, with their aliases."""
    return {word for kind in kinds().values() for word in (kind.name, *kind.aliases)}


def register(subparsers: Any, only: str | None = None) -> None:
    """Add a command a kind, or ``only`` the one that is called so."""
    for kind in kinds().values():
        if only not in (None, kind.name, *kind.aliases):
            continue
        parser = subparsers.add_parser(kind.name, help=f"add, delete and show {kind.help}", aliases=kind.aliases)
        parser.set_defaults(parser=parser)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB")
        parents = [session.node_options(), session.connection_options(), editing_options()]
        for verb in ("add", "replace", "del"):
            words = kind.key_usage if verb == "del" else grammar.usage(kind.name).split(" add ", 1)[1]
            command = verbs.add_parser(
                verb,
                help=f"{verb} in the node file and on the switch",
                parents=parents,
                usage=f"srv6 {kind.name} {verb} [options] {words}",
                aliases=["delete"] if verb == "del" else [],
            )
            command.add_argument("words", nargs="+", metavar="WORD")
            command.set_defaults(run=run_edit, kind=kind.name, verb=verb)
        cmd_objects_show.register(kind, verbs)
        if kind.name == "bridge":
            cmd_mac.register_fdb(verbs)


def run_edit(args: argparse.Namespace) -> int:
    """add, replace, del."""
    with open_file(args) as file:
        if args.verb == "del":
            remove(file, args.kind, args.words)
        else:
            add(file, kinds()[args.kind].parse(args.words), replace=args.verb == "replace")
        return finish(args, file)
