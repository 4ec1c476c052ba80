# SPDX-License-Identifier: Apache-2.0
"""Editing the node file and applying it: what the commands have in common that add and delete.

Intent lives in the node file: they edit it (comments stay) and then apply it. Where a controller is running for the
node it does the applying, as soon as it sees the change.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from srv6cp.cli import exitcodes, goback, guarding, session
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.grammar import Edit
from srv6cp.cli.kinds import Kind, kind_of, kinds
from srv6cp.cli.nodefile import NodeFile
from srv6cp.cli.output import emit, note
from srv6cp.cli.pending import Pendings
from srv6cp.cli.planned import applied, plan_data
from srv6cp.cli.revisions import Revisions
from srv6cp.cli.textdiff import text_diff

if TYPE_CHECKING:
    from srv6cp.model import Neighbor, Node


def editing_options() -> argparse.ArgumentParser:
    """Options of every command that edits the node file."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("-n", "--dry-run", action="store_true", help="show the change, write nothing")
    parser.add_argument("--no-apply", action="store_true", help="edit the node file only")
    parser.add_argument("--json", action="store_true", help="print JSON")
    session.add_change_options(parser)
    return parser


def open_file(args: argparse.Namespace, whole: bool = False) -> NodeFile:
    """The node file that the options name; see `NodeFile` for ``whole``."""
    path = session.node_file(args)
    assert path is not None
    return NodeFile(path, whole)


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
    from srv6cp.p4rt import P4RuntimeError
    from srv6cp.sync.removals import Guard, TakesAway
    from srv6cp.sync.update import update

    node = file.node()
    old = before(file.before)
    session.warn(node)
    if args.dry_run:
        print(text_diff(file.before, file.text, str(file.path), str(file.path)), end="")
        return exitcodes.OK
    pendings = Pendings(file.path)
    goes_back = getattr(args, "goes_back", False)  # srv6 config rollback
    if not goes_back:
        pendings.check(args)
    meant = goes_back or _means_it(old, node)
    if args.no_apply:
        if args.confirm:
            raise UsageError("--no-apply changes no switch, so --confirm has nothing to take back")
        _save(args, file, node, applied=False)
        emit({"file": str(file.path), "applied": False}, args.json, f"{file.path}: saved, not applied")
        return exitcodes.OK
    try:
        with session.make_client(args, node) as client:
            session.become_primary(client, args.force)
            _save(args, file, node, applied=False)
            guard = None if meant else Guard()
            todo = update(client, node, forgotten=_forgotten(old, node), guard=guard)
            Revisions(file.path).keep(file.text, session.author(args, node), applied=True)
    except TakesAway as error:
        note(f"{file.path}: saved, but not applied:")
        if args.confirm:
            goback.began(file.path)
        what = f"with what else is different in it {error}; if that is meant: srv6 apply {guarding.ACCEPT} {file.path}"
        raise CliError(f"{file.path}: {what}", exitcodes.CHECK_FAILED) from None
    except session.ControllerRunning as running:
        return _left_to(running, args, file, meant)
    except Exception as error:
        if isinstance(error, P4RuntimeError) and not file.saved and not args.confirm:
            _save(args, file, node, applied=False)
        if file.saved:
            note(f"{file.path}: saved, but not applied:")
            if args.confirm:
                goback.began(file.path)
        raise
    _done(args, file)
    emit({"node": node.name, **plan_data(todo)}, args.json, f"{node.name}: {applied(todo)}")
    return exitcodes.OK


def _left_to(running: session.ControllerRunning, args: argparse.Namespace, file: NodeFile, meant: bool) -> int:
    """Save for a controller that follows the file; ``meant``: whatever it takes away.

    Raises CliError when none is known to follow it.
    """
    primary = running.follower
    follower = session.follower_of(running, file.path)
    if follower is None:
        that = "it does not say what it follows"
        if primary is not None:
            that = f"it follows {primary.file} (process {primary.pid})"
        forced = "" if running.highest else ", --force writes to the switch as well"
        raise CliError(
            f"{running.address}: another controller is primary, and {that}, so {file.path} is not saved; "
            f"--no-apply edits the file alone{forced}",
            exitcodes.REJECTED,
        )
    if meant:
        guarding.consent(file.path, file.text, follower)
    _save(args, file, file.node(), applied=True)
    when = "" if follower is primary else ", once it is primary"
    emit({"file": str(file.path), "applied": False, "controller": follower.pid}, args.json, "")
    note(f"{file.path}: saved; the controller that follows it (process {follower.pid}) applies it{when}")
    _done(args, file)
    return exitcodes.OK


def _save(args: argparse.Namespace, file: NodeFile, node: Node, applied: bool) -> None:
    """Save the file, as a new revision behind what was found in it."""
    revisions, author = Revisions(file.path), session.author(args, node)
    revisions.found(file.before, author)
    waited = goback.begin(args, file.path, file.text, author.address) if args.confirm else None
    try:
        file.save()
    except BaseException:
        if args.confirm:
            goback.cancel(file.path, waited)
        raise
    revisions.keep(file.text, author, applied)


def _done(args: argparse.Namespace, file: NodeFile) -> None:
    """A change with ``--confirm`` waits for it from now on; without, nothing waits any more."""
    if args.confirm:
        goback.began(file.path)
    else:
        Pendings(file.path).clear()


def before(text: str) -> Node | None:
    """The node before an edit; None where it was not valid, so that it was never applied."""
    from srv6cp.config import ConfigError, Source, load_node_source

    try:
        return load_node_source(Source(text))
    except ConfigError:
        return None


def _means_it(old: Node | None, node: Node) -> bool:
    """Whether it is the command itself that takes away much (``sid flush``), and not what else is new in the file."""
    from srv6cp.sync.removals import Guard, by_nodes

    return old is not None and bool(Guard().excess(by_nodes(old, node)))


def _forgotten(old: Node | None, node: Node) -> list[Neighbor]:
    """Static neighbours that an edit removed: on the switch they look like learned ones."""
    return [neighbor for neighbor in old.neighbors if neighbor not in node.neighbors] if old is not None else []
