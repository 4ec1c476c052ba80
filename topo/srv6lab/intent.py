# SPDX-License-Identifier: Apache-2.0
"""What the routers of a running lab are to do: a node file each, from the topology at first, then as commands left it.

``steer`` and ``apply`` (`Intent.change`) put something on top of the topology's configuration, in place of what they
put there before. ``edit`` takes the words of ``srv6 sid add`` and its kind. Neither undoes what the other did. The
files last as long as the lab.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from srv6cp.cli import edits
from srv6cp.cli.exitcodes import UsageError
from srv6cp.cli.kinds import Kind, kinds
from srv6cp.cli.nodefile import NodeFile
from srv6cp.config import ConfigError, load_node, read_source
from srv6cp.model import Node
from srv6lab.configuration import compose, name_segments, same_thing, structures
from srv6lab.nodes import node_of
from srv6lab.topology import Topology, TopologyError

VERBS = ("add", "replace", "del", "delete")


class Intent:
    """The node files of a lab in a directory that is there; ``watched``: somebody applies what others change there.

    Raises TopologyError and OSError.
    """

    def __init__(self, topology: Topology, folder: Path, *, watched: bool = False) -> None:
        self._topology = topology
        self._folder = folder
        self._watched = watched
        self._changes: dict[str, Mapping[str, Any]] = {name: {} for name in topology.routers}
        # Items of `sid-structures` that are the lab's.
        self._told: dict[str, list[Any]] = {name: structures(topology, name) for name in topology.routers}
        self._before: dict[str, tuple[str, Mapping[str, Any]]] = {}  # file and changes, for `undo`
        self._original = {name: node_of(topology, name) for name in topology.routers}
        self.nodes = dict(self._original)
        for name in topology.routers:
            self._write(name, compose(topology, name).data)

    def file(self, router: str) -> Path:
        """The node file of a router. Raises UnknownName."""
        self._topology.check_router(router)
        return file_of(self._folder, router)

    def changed(self, router: str) -> bool:
        """Whether a router is not what the topology makes of it."""
        return self.nodes[router] != self._original[router]

    def change(self, router: str, changes: Mapping[str, Any]) -> Node:
        """Add ``changes`` to a router instead of those of the last time; the node that it is to be.

        Nothing is changed where TopologyError is raised: no such router, or it would not be valid.
        """
        file = self.file(router)
        present = self._present()
        before = compose(self._topology, router, self._changes[router], present=present)
        after = compose(self._topology, router, changes, present=present)
        if after.problems:
            raise TopologyError("\n".join(f"router {router}: {problem}" for problem in after.problems))
        data = _rebased(self._read(router), before.data, after.data)
        told = self._tell(router, present)
        known = [item for item in data.get("sid-structures") or () if item not in self._told[router]]
        if told or known:
            data["sid-structures"] = [*known, *told]
        old = file.read_text("utf-8")
        self._replace(file, self._text(router, data))
        try:
            node = load_node(file)
        except ConfigError as error:
            self._replace(file, old)
            raise _refused(error, router) from None
        self._before[router] = old, self._changes[router]
        self.nodes[router], self._changes[router] = node, changes
        return node

    def edit(self, router: str, words: Sequence[str]) -> Node:
        """``sid add ...`` and so on in the file of a router; the node that it is to be.

        Raises:
            CliError: the words make no sense, or what they name is not there.
            TopologyError: no such router or segment, or the result would not be valid: then nothing is changed.
        """
        kind, verb, rest = read_words(words)
        path = self.file(router)
        try:
            file = NodeFile(path)
        except ConfigError as error:
            raise TopologyError(str(error)) from None
        with file:
            if verb.startswith("del"):
                edits.remove(file, kind.name, rest)
            else:
                found = kind.parse(rest)
                present = self._present()
                for edit in found:
                    if edit.section == "policies":
                        self._tell_file(router, file, present)
                        name_segments(edit.item, lambda segment, _at: self._topology.segment(str(segment), present))
                edits.add(file, found, replace=verb == "replace")
            try:
                file.save()
            except ConfigError as error:
                raise _refused(error, router) from None
        self._before[router] = file.before, self._changes[router]
        return self.reload(router)

    def undo(self, router: str) -> Node:
        """Take the last `change` or `edit` back: the switch has refused it."""
        text, self._changes[router] = self._before[router]
        self._replace(self.file(router), text)
        return self.reload(router)

    def reload(self, router: str) -> Node:
        """The node of a file, which somebody else may have changed. Raises TopologyError."""
        try:
            node = load_node(self.file(router))
        except ConfigError as error:
            raise TopologyError(str(error)) from None
        self.nodes[router] = node
        return node

    def _read(self, router: str) -> Mapping[str, Any]:
        """What is in a node file, which somebody may have broken. Raises TopologyError."""
        try:
            data = read_source(self.file(router)).load()
        except ConfigError as error:
            raise TopologyError(str(error)) from None
        return data if isinstance(data, dict) else {}

    def _tell(self, router: str, present: Mapping[str, Any]) -> list[Any]:
        """What the lab has to say of the SIDs of others, as they are now."""
        told = structures(self._topology, router, present, self._topology.routers[router].extra.get("sid-structures"))
        self._told[router] += [item for item in told if item not in self._told[router]]
        return told

    def _tell_file(self, router: str, file: NodeFile, present: Mapping[str, Any]) -> None:
        """Say it in a node file."""
        told = self._tell(router, present)
        items = file.items("sid-structures")
        for place, item in reversed(list(enumerate(items))):
            if item in self._told[router] and item not in told:
                file.remove("sid-structures", place)
        for item in told:
            if item not in items:
                file.add("sid-structures", item)

    def _present(self) -> dict[str, Any]:
        return {name: data_of(self.file(name)) for name in self._topology.routers}

    def _write(self, router: str, data: Mapping[str, Any]) -> None:
        self._replace(self.file(router), self._text(router, data))

    def _text(self, router: str, data: Mapping[str, Any]) -> str:
        head = f"# {router} of lab {self._topology.name}, as it is now.\n"
        if self._watched:
            head += (
                "# What is changed here is applied, and gone with the lab. `lab steer` and `lab apply` write it anew.\n"
            )
        return head + yaml.safe_dump(dict(data), sort_keys=False, default_flow_style=None, width=120)

    @staticmethod
    def _replace(file: Path, text: str) -> None:
        new = file.with_suffix(".new")
        new.write_text(text, "utf-8")
        new.replace(file)


def file_of(folder: Path, router: str) -> Path:
    """The node file of a router."""
    return folder / f"{router}.yaml"


def read_words(words: Sequence[str]) -> tuple[Kind, str, list[str]]:
    """``sid add WORDS``: kind, verb and words. Raises UsageError."""
    known = {name: kind for kind in kinds().values() for name in (kind.name, *kind.aliases)}
    kind = known.get(words[0]) if words else None
    if kind is None:
        got = f", not {words[0]!r}" if words else ""
        raise UsageError(f"one of {', '.join(known)} is needed{got}, as in: sid add SID BEHAVIOUR")
    if len(words) < 2 or words[1] not in VERBS:
        got = f", not {words[1]!r}" if len(words) > 1 else ""
        raise UsageError(f"{words[0]}: add, replace, del or show is needed{got}")
    if len(words) < 3:
        from srv6cp.cli import grammar

        usage = kind.key_usage if words[1].startswith("del") else grammar.usage(kind.name).split(" add ", 1)[1]
        raise UsageError(f"usage: {words[0]} {words[1]} {usage}")
    return kind, words[1], list(words[2:])


def _refused(error: ConfigError, router: str) -> TopologyError:
    """Problems of a file that a command would have written: its lines are nobody's."""
    lines = (f"router {router}: {replace(problem, file='', line=0)}" for problem in error.problems)
    return TopologyError("\n".join(lines))


def data_of(file: Path) -> Mapping[str, Any]:
    """What is in a node file; nothing while somebody who edits it has left it in no good state."""
    try:
        data = read_source(file).load()
    except ConfigError:
        return {}
    return data if isinstance(data, dict) else {}


def _rebased(data: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """``data`` with what is different between ``before`` and ``after``."""
    made = dict(data)
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old or [], list) and isinstance(new or [], list):
            made[key] = _rebased_list(key, made.get(key) or [], old or [], new or [])
            if key not in after and not made[key]:
                del made[key]
        elif isinstance(old, Mapping) and isinstance(new, Mapping) and isinstance(made.get(key), Mapping):
            made[key] = _rebased(made[key], old, new)
        elif key in after:
            made[key] = new
        else:
            made.pop(key, None)
    return made


def _rebased_list(key: str, data: list[Any], before: list[Any], after: list[Any]) -> list[Any]:
    gone = [item for item in before if item not in after]
    added = [item for item in after if item not in before]
    made = []
    for item in data:
        new = next((each for each in added if same_thing(key, each, item)), None)
        if new is not None:
            added.remove(new)
        if new is not None or item not in gone:
            made.append(item if new is None else new)
    return made + added
