# SPDX-License-Identifier: Apache-2.0
"""``srv6 srconf localsid ...``: the commands of srext."""

from __future__ import annotations

import argparse
from typing import Any

from srv6cp.cli import session, srconf_words
from srv6cp.cli.cmd_objects_show import run_clear, run_show
from srv6cp.cli.edits import add, editing_options, finish, open_file, remove
from srv6cp.cli.exitcodes import UsageError
from srv6cp.cli.nodefile import NodeFile
from srv6cp.cli.words import Words

_VERBS = ("add", "del", "show", "flush", "clear-counters")
_USAGE = f"srv6 srconf localsid {'|'.join(_VERBS)} ..."


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
    words = cursor.rest()
    with open_file(args) as file:
        if verb == "del":
            remove(file, "sid", words or [""])
            _remove_services(file, [srconf_words.service_of(words[0])])
        elif verb == "flush":
            sids = file.items("sids")
            _remove_services(file, [srconf_words.service_of(str(each.get("sid"))) for each in sids])
            for index in reversed(range(len(sids))):
                file.remove("sids", index)
        else:
            add(file, srconf_words.edits(words), replace=False)
        return finish(args, file)


def _remove_services(file: NodeFile, names: list[str]) -> None:
    """Those that SIDs brought with them."""
    for index, item in reversed(list(enumerate(file.items("services")))):
        if isinstance(item, dict) and item.get("name") in names:
            file.remove("services", index)
