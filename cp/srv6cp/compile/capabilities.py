# SPDX-License-Identifier: Apache-2.0
"""What a program can do: its tables and actions, and which profile it is.

A profile leaves out what it does not need, under the same names and ids. So entries are made for what a program has,
parameters are bound by the names in its p4info, and what it lacks is refused with the profiles that have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from srv6cp.artifacts import ArtifactError, available, find
from srv6cp.p4rt import P4Info, Scope
from srv6cp.p4rt.entities import Action, Value

#: Parameters of bits that need no operand: 0 where an action has them and nothing sets them.
UNUSED_PARAMETERS = frozenset(("options",))


class Capabilities:
    """One p4info. Tables and actions by their aliases."""

    def __init__(self, info: P4Info) -> None:
        self.info = info
        self._actions = _actions(info)

    def has(self, table: str, action: str | None = None) -> bool:
        """True for a table of the program, with ``action`` among the actions of its entries."""
        actions = self._actions.get(table)
        return actions is not None and (action is None or action in actions)

    def parameters(self, action: str) -> tuple[str, ...]:
        """Names of an action's parameters in order."""
        return tuple(field.name for field in self.info.actions[action].params)

    def action(self, name: str, params: Mapping[str, Value]) -> Action:
        """``name`` with those of ``params`` that this program's action has."""
        unused = dict.fromkeys(UNUSED_PARAMETERS, 0)
        given: dict[str, Value] = {**unused, **params}
        return Action(name, {each: given[each] for each in self.parameters(name)})

    @property
    def profile(self) -> str:
        """The profile that the program says it is, else the shipped one with the same tables, else its name."""
        stated = self.info.proto.pkg_info
        words = re.findall(r"[a-z][a-z0-9_]*", f"{stated.doc.brief} {stated.doc.description} {stated.version}".lower())
        names = set(available())
        for word in words:
            if word in names:
                return str(word)
        for name, other in shipped():
            if other._actions == self._actions:
                return name
        return self.info.name or "unknown"


@lru_cache(maxsize=16)
def _actions(info: P4Info) -> Mapping[str, frozenset[str]]:
    """Actions of entries by table. Every comparison with a switch asks, and a program says the same for ever."""
    return {
        name: frozenset(ref.action.alias for ref in table.actions if ref.scope is not Scope.DEFAULT_ONLY)
        for name, table in info.tables.items()
    }


def shipped() -> Iterator[tuple[str, Capabilities]]:
    """The compiled programs that this distribution has, by profile."""
    for name in available():
        try:
            yield name, Capabilities(P4Info.from_file(find(name).p4info))
        except ArtifactError:  # a p4info without its JSON cannot be loaded into a switch
            continue
