# SPDX-License-Identifier: Apache-2.0
"""``srv6 srconf localsid ...``: the commands of srext."""

from __future__ import annotations

import argparse
from typing import Any

from srv6cp.behaviours import REGISTRY
from srv6cp.cli import grammar, session
from srv6cp.cli.cmd_objects_show import run_clear, run_flush, run_show
from srv6cp.cli.edits import add, editing_options, finish, open_file, remove
from srv6cp.cli.exitcodes import UsageError
from srv6cp.cli.words import Words

_VERBS = ("add", "del", "show", "flush", "clear-counters")
_USAGE = f"srv6 srconf localsid {'|'.join(_VERBS)} ..."
# Proxies of srext: where this router does not have one it says so by name, because people will look for them.
_PROXIES = frozenset(("end.ad4", "end.ad6", "end.ead4", "end.ead6", "end.am", "end.as4", "end.as6"))


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "srconf",
        help="the commands of srext",
        usage=f"{_USAGE} (options of srv6 come before localsid)",
        parents=[session.node_options(), session.connection_options(), editing_options()],
    )
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="WORD")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Translate and do."""
    cursor = Words(args.words, _USAGE)
    if cursor.take("localsid") != "localsid":
        raise UsageError(f"only `srconf localsid` exists here; usage: {_USAGE}")
    verb = cursor.take("the verb")
    if verb not in _VERBS:
        raise cursor.unknown(verb, _VERBS)
    args.kind, args.filter = "sid", cursor.peek()
    if verb == "show":
        return run_show(args)
    if verb == "clear-counters":
        return run_clear(args)
    if verb == "flush":
        return run_flush(args)
    with open_file(args) as file:
        words = cursor.rest()
        if verb == "del":
            remove(file, "sid", words or [""])
        else:
            behavior = words[1].lower() if len(words) > 1 else ""
            if behavior in _PROXIES and behavior not in {record.name.lower() for record in REGISTRY.endpoints}:
                raise UsageError(f"{behavior} is not supported; see the behaviour table in README.md")
            add(file, grammar.sid(words), replace=False)
        return finish(args, file)
