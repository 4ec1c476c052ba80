# SPDX-License-Identifier: Apache-2.0
"""``@refers_to`` and ``@referenced_by``: which entries need which others.

The convention is that of SAI-P4 and PINS.  A match field or action parameter annotated
``@refers_to(table, field)`` may only hold a value that some entry of ``table`` has in ``field``; the fields
of one key (or the parameters of one action) that refer to the same table refer to one entry together.
``builtin::multicast_group_table`` (field ``multicast_group_id``) and ``builtin::clone_session_table`` (field
``session_id``) name the replication engine; ``@referenced_by(builtin::multicast_group_table, replica.port)``
and
``replica.instance`` on a match field make multicast replicas refer to it.

An insert or modify whose reference has no target is refused with ``NOT_FOUND``.  A delete (or, for the
replication engine, a modify) that takes away the last target of a reference in use is refused with
``FAILED_PRECONDITION``, like the deletion of an action profile member that is in use.  Don't-care matches
refer to nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from p4rtlib.objects import MatchKind, TableInfo
from p4rtlib.values import Format
from softswitch.p4runtime.codec import BoundAction
from softswitch.p4runtime.errors import choices, failed_precondition, invalid, not_found
from softswitch.p4runtime.schema import Schema
from softswitch.p4runtime.values import format_value
from softswitch.state.values import Key, Ternary

__all__ = ["Reference", "References"]

_MULTICAST = "builtin::multicast_group_table"
_CLONE = "builtin::clone_session_table"
_BUILTIN_FIELDS = {_MULTICAST: ("multicast_group_id",), _CLONE: ("session_id",)}


class _Target:
    """Fields of a table that are referred to: how often each combination of values exists, and is referred
    to."""

    def __init__(
        self,
        table: str,
        fields: tuple[str, ...],
        positions: tuple[int, ...],
        formats: tuple[Format, ...],
    ) -> None:
        self.table = table
        self.fields = fields
        self.positions = positions
        self.formats = formats
        self.present: Counter[tuple[int, ...]] = Counter()
        self.used: Counter[tuple[int, ...]] = Counter()

    def describe(self, values: tuple[int, ...]) -> str:
        parts = (
            f"{name}={format_value(value, form)}"
            for name, value, form in zip(self.fields, values, self.formats, strict=False)
        )
        return f"{self.table} entry with {' '.join(parts)}"


#: A target and the values referred to.
Reference = tuple[_Target, tuple[int, ...]]


class References:
    """The reference graph of a program and its counts."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._targets: dict[tuple[str, tuple[str, ...]], _Target] = {}
        #: Table id -> targets among its fields.
        self._provided: dict[int, list[_Target]] = {}
        self._builtin: dict[str, _Target] = {}
        self._of_match: dict[int, list[tuple[_Target, tuple[int, ...]]]] = {}
        self._of_action: dict[int, list[tuple[_Target, tuple[int, ...]]]] = {}
        self._of_replica: list[tuple[_Target, tuple[str, ...]]] = []
        for table in schema.tables.values():
            found = self._group((place, field.refers_to, field.where) for place, field in enumerate(table.fields))
            if found:
                self._of_match[table.id] = found
        for action in schema.actions.values():
            found = self._group((place, param.refers_to, param.where) for place, param in enumerate(action.params))
            if found:
                self._of_action[action.id] = found
        for table in schema.tables.values():
            self._replicas_to(table)

    @property
    def active(self) -> bool:
        """Whether the program has any reference."""
        return bool(self._targets)

    # -- the graph

    def _group(
        self, parts: Iterable[tuple[int, tuple[tuple[str, str], ...], str]]
    ) -> list[tuple[_Target, tuple[int, ...]]]:
        """Source positions and their target, references to the same table put together."""
        tables: dict[str, dict[str, int]] = {}
        for place, refers, where in parts:
            for table, name in refers:
                if self._schema.is_absent(table):
                    continue
                self._check_target(table, name, where)
                fields = tables.setdefault(table, {})
                if name in fields:
                    raise invalid(f"{where}: @refers_to({table}, {name}) is given by two fields of one entry or action")
                fields[name] = place
        return [(self._target(table, tuple(fields)), tuple(fields.values())) for table, fields in tables.items()]

    def _check_target(self, table: str, name: str, where: str) -> None:
        annotation = f"{where}: @refers_to({table}, {name})"
        if table in _BUILTIN_FIELDS:
            if name not in _BUILTIN_FIELDS[table]:
                raise invalid(f"{annotation}: {table} has only {choices(_BUILTIN_FIELDS[table])}")
            return
        target = self._schema.table_named(table)
        if target is None:
            known_tables = [*(each.name for each in self._schema.tables.values()), *_BUILTIN_FIELDS]
            raise invalid(f"{annotation}: unknown table; valid: {choices(known_tables)}")
        known = {field.name: field for field in target.fields}
        if name not in known:
            raise invalid(f"{annotation}: unknown match field; valid: {choices(known)}")
        if known[name].kind not in (MatchKind.EXACT, MatchKind.OPTIONAL):
            raise invalid(f"{annotation}: only exact and optional match fields can be referred to")

    def _target(self, name: str, fields: tuple[str, ...]) -> _Target:
        """The one target object of ``fields`` (any order) of a table; values come in the order of
        ``fields``."""
        key = (name, fields)
        if key in self._targets:
            return self._targets[key]
        table = self._schema.table_named(name)
        if table is None:
            target = _Target(name, fields, (0,), (Format.NUMBER,))
            self._builtin[name] = target
        else:
            places = {field.name: place for place, field in enumerate(table.fields)}
            formats = {field.name: field.format for field in table.fields}
            target = _Target(table.name, fields, tuple(places[f] for f in fields), tuple(formats[f] for f in fields))
            self._provided.setdefault(table.id, []).append(target)
        self._targets[key] = target
        return target

    def _replicas_to(self, table: TableInfo) -> None:
        fields: dict[str, str] = {}
        for field in table.fields:
            for source, part in field.referenced_by:
                if source != _MULTICAST:
                    continue  # the other direction of a @refers_to, which says it already
                if part not in ("replica.port", "replica.instance"):
                    raise invalid(
                        f"{field.where}: @referenced_by({source}, {part}): valid: replica.port, replica.instance"
                    )
                fields[field.name] = part
        if fields:
            self._of_replica.append((self._target(table.name, tuple(fields)), tuple(fields.values())))

    # -- references of entities

    def of_entry(self, table: TableInfo, key: Key, actions: Iterable[BoundAction]) -> list[Reference]:
        """What a table entry refers to."""
        found: list[Reference] = []
        for target, places in self._of_match.get(table.id, ()):
            parts = [key[place] for place in places]
            if not any(isinstance(part, Ternary) and not part.mask for part in parts):
                found.append((target, tuple(part[0] for part in parts)))
        if self._of_action:
            for action in actions:
                found += self.of_action(action)
        return found

    def of_action(self, action: BoundAction) -> list[Reference]:
        """What one action refers to."""
        return [
            (target, tuple(action.args[place] for place in places))
            for target, places in self._of_action.get(action.info.id, ())
        ]

    def of_replicas(self, replicas: Iterable[tuple[int, int]]) -> list[Reference]:
        """What the (port, instance) pairs of a multicast group refer to."""
        pairs = list(replicas)
        return [
            (target, tuple(pair[0] if part == "replica.port" else pair[1] for part in parts))
            for target, parts in self._of_replica
            for pair in pairs
        ]

    # -- checks and counts

    @staticmethod
    def complete(references: Iterable[Reference]) -> bool:
        """Whether all targets exist; :meth:`check` says what is missing."""
        return all(target.present[values] for target, values in references)

    @staticmethod
    def check(references: Iterable[Reference], where: str) -> None:
        """``NOT_FOUND`` when a target does not exist."""
        for target, values in references:
            if not target.present[values]:
                raise not_found(f"{where}: refers to {target.describe(values)}, which does not exist (@refers_to)")

    @staticmethod
    def use(references: Iterable[Reference], step: int) -> None:
        """Count references that came (``step`` 1) or went (-1)."""
        for target, values in references:
            target.used[values] += step
            if not target.used[values]:
                del target.used[values]

    def check_removal(self, table: TableInfo, key: Key, where: str) -> None:
        """``FAILED_PRECONDITION`` when the entry is the last target of a reference."""
        for target in self._provided.get(table.id, ()):
            values = tuple(key[place][0] for place in target.positions)
            self._check_last(target, values, where)

    def check_builtin_removal(self, kind: str, number: int, where: str) -> None:
        """The same for multicast group or clone session ``number``; ``kind`` as in
        :meth:`provide_builtin`."""
        target = self._builtin.get(_MULTICAST if kind == "multicast" else _CLONE)
        if target is not None:
            self._check_last(target, (number,), where)

    @staticmethod
    def _check_last(target: _Target, values: tuple[int, ...], where: str) -> None:
        used = target.used.get(values, 0)
        if used and target.present[values] == 1:
            raise failed_precondition(
                f"{where}: {used} reference{'s' if used > 1 else ''} to"
                f" {target.describe(values)} would be left without target (@refers_to)"
            )

    def provide(self, table: TableInfo, key: Key, step: int) -> None:
        """Count a table entry that came or went as a target."""
        for target in self._provided.get(table.id, ()):
            self._count(target, tuple(key[place][0] for place in target.positions), step)

    def provide_builtin(self, kind: str, number: int, step: int) -> None:
        """Count a ``multicast`` group or ``clone`` session as a target."""
        target = self._builtin.get(_MULTICAST if kind == "multicast" else _CLONE)
        if target is not None:
            self._count(target, (number,), step)

    @staticmethod
    def _count(target: _Target, values: tuple[int, ...], step: int) -> None:
        target.present[values] += step
        if not target.present[values]:
            del target.present[values]
