# SPDX-License-Identifier: Apache-2.0
"""Editing the node file and applying it: what the commands have in common that add and delete.

Intent lives in the node file: they edit it (comments stay) and then apply it. Where a controller is running for the
node it does the applying, as soon as it sees the change.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from srv6cp.cli import exitcodes, session
from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.grammar import Edit
from srv6cp.cli.kinds import kind_of, kinds
from srv6cp.cli.nodefile import NodeFile
from srv6cp.cli.output import emit, note

if TYPE_CHECKING:
    from srv6cp.model import Neighbor, Node


def editing_options() -> argparse.ArgumentParser:
    """Options of every command that edits the node file."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("-n", "--dry-run", action="store_true", help="show the change, write nothing")
    parser.add_argument("--no-apply", action="store_true", help="edit the node file only")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def open_file(args: argparse.Namespace) -> NodeFile:
    """The node file that the options name."""
    path = session.node_file(args)
    assert path is not None
    return NodeFile(path)


def add(file: NodeFile, edits: Sequence[Edit], replace: bool) -> None:
    """Append the items; with ``replace`` in place of what has the same key."""
    for edit in edits:
        if replace:
            identity = kind_of(edit.section).identity
            key = identity(edit.item)
            for index in reversed(range(len(file.items(edit.section)))):
                if identity(file.items(edit.section)[index]) == key:
                    file.remove(edit.section, index)
        file.add(edit.section, edit.item)


def remove(file: NodeFile, kind: str, words: Sequence[str]) -> None:
    """Remove the item that the words name. Raises CliError when there is none."""
    found = kinds()[kind]
    section = found.section
    item = found.key_item(words)
    wanted = found.identity(item)
    keys = [found.identity(each) for each in file.items(section)]
    if kind == "neighbor":
        indices = _neighbors(file, item, [index for index, key in enumerate(keys) if key[0] == wanted[0]])
    else:
        indices = [index for index, key in enumerate(keys) if key == wanted]
    if not indices:
        raise CliError(f"{file.path}: no {kind} {' '.join(words)}", exitcodes.CONFIG)
    for index in reversed(indices):
        file.remove(section, index)


def _neighbors(file: NodeFile, item: dict[str, Any], same: Sequence[int]) -> Sequence[int]:
    """Which of the neighbours ``same``, all with the address of ``item``, it means: those on its port and in its VRF.

    Without a port on whatever port, but in one VRF. Raises CliError when they are in several.
    """
    if len(same) < 2 and not item.keys() & {"port", "vrf"}:
        return same
    node = file.node()
    found: dict[int, str] = {}
    for index in same:
        identity = node.neighbors[index].interface
        interface = node.interface(identity)
        assert interface is not None, "the loader refuses a neighbour on no interface"
        of = interface.vrf
        if str(item.get("port", identity)) == str(identity) and item.get("vrf", of) in (of, str(node.vrfs[of])):
            found[index] = of
    if len(set(found.values())) > 1:
        vrfs = ", ".join(sorted(set(found.values())))
        raise CliError(f"{file.path}: {item['address']} is a neighbour in VRFs {vrfs}; say vrf V", exitcodes.CONFIG)
    return list(found)


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


def _text_diff(before: str, after: str, name: str) -> str:
    import difflib

    return "".join(difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), name, name))
