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
from srv6cp.cli.kinds import Kind, kind_of, kinds
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
    """Append the items; with ``replace`` in place of what has the same key. Raises CliError for what is there."""
    places = [_places(file, edit) for edit in edits]
    if not replace:
        # Backwards: what else an item brings, a policy for a SID say, stands in front of it.
        for edit, (index, *_) in reversed([found for found in zip(edits, places, strict=True) if found[1]]):
            kind = kind_of(edit.section)
            raise CliError(
                f"{file.path}:{file.line(edit.section, index)}: {kind.name} {kind.called(edit.item)} is there already; "
                f"to change it: srv6 {kind.name} replace",
                exitcodes.CONFIG,
            )
    for edit, indices in zip(edits, places, strict=True):
        if not indices:
            file.add(edit.section, edit.item)
            continue
        for index in reversed(indices[1:]):
            file.remove(edit.section, index)
        file.replace(edit.section, indices[0], edit.item)


def _places(file: NodeFile, edit: Edit) -> list[int]:
    """Where in its section the item is already. Raises CliError when its key leaves open which one is meant."""
    kind = kind_of(edit.section)
    items = file.items(edit.section)
    indices = present(file, kind, edit.item)
    if len({kind.identity(items[index]) for index in indices}) > 1:
        more = ", ".join(kind.called(items[index]) for index in indices)
        raise CliError(f"{file.path}: {kind.name} {kind.called(edit.item)} may be any of {more}", exitcodes.CONFIG)
    return indices


def remove(file: NodeFile, kind: str, words: Sequence[str]) -> None:
    """Remove the item that the words name. Raises CliError when there is none."""
    found = kinds()[kind]
    section = found.section
    wanted = found.key_item(words)
    indices = present(file, found, wanted)
    if not indices:
        raise CliError(f"{file.path}: no {kind} {' '.join(words)}", exitcodes.CONFIG)
    for index in reversed(indices):
        file.remove(section, index)


def present(file: NodeFile, kind: Kind, wanted: Any) -> list[int]:
    """Which items of a kind have the key of ``wanted``.

    Raises CliError when that may be a neighbour in any of several VRFs.
    """
    items = file.items(kind.section)
    same = [index for index, item in enumerate(items) if kind.same(wanted, item)]
    if kind.name != "neighbor" or ("vrf" not in wanted and _told_apart(wanted, [items[index] for index in same])):
        return same
    return _neighbors(file, wanted, same)


def _told_apart(wanted: dict[str, Any], same: Sequence[dict[str, Any]]) -> bool:
    """Whether the ports alone, as they are written, say which neighbours of one address are meant."""
    if wanted.get("port") is None:
        return len(same) < 2
    return all(item.get("port") is not None for item in same)


def _neighbors(file: NodeFile, wanted: dict[str, Any], same: Sequence[int]) -> list[int]:
    """Which of the neighbours ``same``, all with the address of ``wanted``, it means: those on its port and in its VRF.

    Without a port on whatever port, but in one VRF. Raises CliError when they are in several.
    """
    if not same:
        return []
    node = file.node()
    found: dict[int, str] = {}
    for index in same:
        identity = node.neighbors[index].interface
        interface = node.interface(identity)
        assert interface is not None, "the loader refuses a neighbour on no interface"
        of = interface.vrf
        if str(wanted.get("port", identity)) == str(identity) and wanted.get("vrf", of) in (of, str(node.vrfs[of])):
            found[index] = of
    if len(set(found.values())) > 1:
        vrfs = ", ".join(sorted(set(found.values())))
        raise CliError(f"{file.path}: {wanted['address']} is a neighbour in VRFs {vrfs}; say vrf V", exitcodes.CONFIG)
    return list(found)


def finish(args: argparse.Namespace, file: NodeFile) -> int:
    """Check, save and apply the edited file.

    Nothing is saved where a controller runs that would not apply it: then the file would say what is not so.
    """
    from srv6cp.cli.cmd_apply import applied, plan_data
    from srv6cp.p4rt import P4RuntimeError
    from srv6cp.sync.update import update

    node = file.node()
    session.warn(node)
    if args.dry_run:
        print(_text_diff(file.before, file.text, str(file.path)), end="")
        return exitcodes.OK
    if args.no_apply:
        file.save()
        emit({"file": str(file.path), "applied": False}, args.json, f"{file.path}: saved, not applied")
        return exitcodes.OK
    try:
        with session.make_client(args, node) as client:
            session.become_primary(client, args.force)
            file.save()
            todo = update(client, node, forgotten=_forgotten(file.before, node))
    except session.ControllerRunning as running:
        return _left_to(running, args, file)
    except Exception as error:
        if isinstance(error, P4RuntimeError) and not file.saved:
            file.save()
        if file.saved:
            note(f"{file.path}: saved, but not applied:")
        raise
    emit({"node": node.name, **plan_data(todo)}, args.json, f"{node.name}: {applied(todo)}")
    return exitcodes.OK


def _left_to(running: session.ControllerRunning, args: argparse.Namespace, file: NodeFile) -> int:
    """Save for a controller that follows the file. Raises CliError when none is known to."""
    from srv6cp.controller import following

    primary = running.follower
    if primary is not None and primary.follows(file.path):
        follower, when = primary, ""
    else:
        here = (each for each in following.followers() if each.follows(file.path) and each.at(running.address))
        backup = next(here, None)
        if backup is None:
            that = "it does not say what it follows"
            if primary is not None:
                that = f"it follows {primary.file} (process {primary.pid})"
            forced = "" if running.highest else ", --force writes to the switch as well"
            raise CliError(
                f"{running.address}: another controller is primary, and {that}, so {file.path} is not saved; "
                f"--no-apply edits the file alone{forced}",
                exitcodes.REJECTED,
            )
        follower, when = backup, ", once it is primary"
    file.save()
    emit({"file": str(file.path), "applied": False, "controller": follower.pid}, args.json, "")
    note(f"{file.path}: saved; the controller that follows it (process {follower.pid}) applies it{when}")
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
