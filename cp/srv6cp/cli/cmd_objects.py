# SPDX-License-Identifier: Apache-2.0
"""``srv6 sid|policy|steer|route|neighbor|vrf add|replace|del|show ...``.

Intent lives in the node file: ``add`` and ``del`` edit it (comments stay) and then apply it. Where a
controller is running for the node it does the applying, as soon as it sees the change.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from srv6cp.cli import exitcodes, grammar, session
from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.grammar import Edit
from srv6cp.cli.nodefile import NodeFile
from srv6cp.cli.output import emit, note

if TYPE_CHECKING:
    from srv6cp.model import Neighbor, Node

SECTIONS = {
    "sid": "sids",
    "policy": "policies",
    "steer": "steering",
    "route": "routes",
    "neighbor": "neighbors",
    "vrf": "vrfs",
}
_PARSERS: dict[str, Callable[[Sequence[str]], list[Edit]]] = {
    "sid": grammar.sid,
    "policy": grammar.policy,
    "steer": grammar.steer,
    "route": grammar.route,
    "neighbor": grammar.neighbor,
    "vrf": grammar.vrf,
}
_KEYS = {
    "sid": "SID [in-vrf V]",
    "policy": "NAME",
    "steer": "PREFIX [vrf V] | port P | match KEY VALUE...",
    "route": "PREFIX [vrf V]",
    "neighbor": "ADDRESS [port P]",
    "vrf": "NAME",
}
_HELP = {
    "sid": "local SIDs",
    "policy": "SR policies",
    "steer": "what goes into which policy",
    "route": "static routes",
    "neighbor": "static neighbours",
    "vrf": "VRFs",
}


def register(subparsers: Any) -> None:
    """Add the six commands."""
    from srv6cp.cli import cmd_objects_show

    for kind, text in _HELP.items():
        parser = subparsers.add_parser(
            kind, help=f"add, delete and show {text}", aliases=["neigh"] if kind == "neighbor" else []
        )
        parser.set_defaults(parser=parser)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB")
        parents = [session.node_options(), session.connection_options(), editing_options()]
        for verb in ("add", "replace", "del"):
            words = _KEYS[kind] if verb == "del" else grammar.USAGE[kind].split(" add ", 1)[1]
            command = verbs.add_parser(
                verb,
                help=f"{verb} in the node file and on the switch",
                parents=parents,
                usage=f"srv6 {kind} {verb} [options] {words}",
                aliases=["delete"] if verb == "del" else [],
            )
            command.add_argument("words", nargs="+", metavar="WORD")
            command.set_defaults(run=run_edit, kind=kind, verb=verb)
        cmd_objects_show.register(kind, verbs)


def editing_options() -> argparse.ArgumentParser:
    """Options of every command that edits the node file."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("-n", "--dry-run", action="store_true", help="show the change, write nothing")
    parser.add_argument("--no-apply", action="store_true", help="edit the node file only")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def run_edit(args: argparse.Namespace) -> int:
    """add, replace, del."""
    file = open_file(args)
    if args.verb == "del":
        remove(file, args.kind, args.words)
    else:
        add(file, _PARSERS[args.kind](args.words), replace=args.verb == "replace")
    return finish(args, file)


def open_file(args: argparse.Namespace) -> NodeFile:
    """The node file that the options name."""
    path = session.node_file(args)
    assert path is not None
    return NodeFile(path)


def add(file: NodeFile, edits: Sequence[Edit], replace: bool) -> None:
    """Append the items; with ``replace`` in place of what has the same key."""
    for edit in edits:
        if replace:
            key = _key(edit.section, edit.item)
            for index in reversed(range(len(file.items(edit.section)))):
                if _key(edit.section, file.items(edit.section)[index]) == key:
                    file.remove(edit.section, index)
        file.add(edit.section, edit.item)


def remove(file: NodeFile, kind: str, words: Sequence[str]) -> None:
    """Remove the item that the words name. Raises CliError when there is none."""
    section = SECTIONS[kind]
    wanted = _key(section, _key_item(kind, words))
    keys = [_key(section, item) for item in file.items(section)]
    if kind == "neighbor" and "port" not in words and "dev" not in words:
        # Without a port: on whatever port it is.
        wanted, keys = wanted[0], [key[0] for key in keys]
    indices = [index for index, key in enumerate(keys) if key == wanted]
    if not indices:
        raise CliError(f"{file.path}: no {kind} {' '.join(words)}", exitcodes.CONFIG)
    for index in reversed(indices):
        file.remove(section, index)


def finish(args: argparse.Namespace, file: NodeFile) -> int:
    """Check, save and apply the edited file."""
    from srv6cp.cli.cmd_apply import applied, plan_data

    before = file.path.read_text(encoding="utf-8")
    if args.dry_run:
        file.node()
        print(_text_diff(before, file.text, str(file.path)), end="")
        return exitcodes.OK
    node = file.save()
    if args.no_apply:
        emit({"file": str(file.path), "applied": False}, args.json, f"{file.path}: saved, not applied")
        return exitcodes.OK
    try:
        todo = session.apply_node(args, node, _forgotten(before, node))
    except session.ControllerRunning:
        emit({"file": str(file.path), "applied": False}, args.json, "")
        note(f"{file.path}: saved; the controller that is running applies it")
        return exitcodes.OK
    except Exception:
        note(f"{file.path}: saved, but not applied:")
        raise
    emit({"node": node.name, **plan_data(todo)}, args.json, f"{node.name}: {applied(todo)}")
    return exitcodes.OK


def _forgotten(before: str, node: Node) -> list[Neighbor]:
    """Static neighbours that an edit removed: on the switch they look like learned ones."""
    from srv6cp.config import ConfigError, Source, load_node_source

    try:
        old = load_node_source(Source(before))
    except ConfigError:
        return []  # it was not valid before, so it was never applied
    return [neighbor for neighbor in old.neighbors if neighbor not in node.neighbors]


def _key_item(kind: str, words: Sequence[str]) -> Any:
    """The item that ``del`` words stand for, with its key only."""
    first = words[0]
    if kind == "vrf":
        return first
    if kind == "policy":
        return {"name": first}
    if kind == "sid":
        options = dict(zip(words[1::2], words[2::2], strict=False))
        return {"sid": first, "in-vrf": options.get("in-vrf")}
    if kind == "neighbor":
        return grammar.neighbor(words)[0].item
    if kind == "route":
        return grammar.route(words)[0].item
    if first == "match" or "policy" in words:
        return grammar.steer(words if "policy" in words else [*words, "policy", "none"])[0].item
    return grammar.steer([*words, "policy", "any"])[0].item


def _key(section: str, item: Any) -> Any:
    """What identifies an item; prefixes and addresses compare by value, not by spelling."""
    if section == "vrfs":
        return str(item.get("name") if isinstance(item, dict) else item)
    if not isinstance(item, dict):
        return None
    vrf = str(item.get("vrf") or "default")
    if section == "sids":
        return _prefix(item.get("sid")), str(item.get("in-vrf") or "default")
    if section == "policies":
        return str(item.get("name"))
    if section == "routes":
        return _prefix(item.get("prefix")), vrf
    if section == "neighbors":
        return _prefix(item.get("address")), str(item.get("port"))
    if "match" in item:
        match = item["match"] if isinstance(item["match"], dict) else {}
        return "match", frozenset((key, str(value)) for key, value in match.items())
    if "prefix" in item:
        return "prefix", _prefix(item["prefix"]), vrf
    return "port", str(item.get("port"))


def _prefix(text: Any) -> str:
    from ipaddress import ip_network

    try:
        return str(ip_network(str(text), strict=False))
    except ValueError:
        return str(text)


def _text_diff(before: str, after: str, name: str) -> str:
    import difflib

    return "".join(difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), name, name))
