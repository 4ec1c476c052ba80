# SPDX-License-Identifier: Apache-2.0
"""Binding SIDs of policies: in ``my_sid_table`` while their candidate path is active (RFC 9256 6.2).

Without a valid path they are withdrawn (2.10), or with drop-upon-invalid those of the path that would be the first
stay, and what comes for them is dropped (8.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv6Network

from srv6cp.compile.changes import Change
from srv6cp.compile.paths import in_order
from srv6cp.compile.policies import Policies
from srv6cp.model import Node
from srv6cp.p4rt.entities import TableEntry


def binding_sids(node: Node) -> dict[IPv6Network, str]:
    """Every binding SID that a path of a policy has, with the name of the policy."""
    return {prefix: policy.name for policy in node.policies.values() for path in policy.paths for prefix in path.bsids}


class BindingSids:
    """The entries of binding SIDs, those in force and the others."""

    def __init__(self, node: Node, policies: Policies, entries: Mapping[IPv6Network, TableEntry]) -> None:
        self._policies = policies
        self._entries: dict[str, dict[IPv6Network, TableEntry]] = {}
        self._written: set[IPv6Network] = set()
        for prefix, name in binding_sids(node).items():
            self._entries.setdefault(name, {})[prefix] = entries[prefix]

    def entities(self) -> Iterator[TableEntry]:
        """Those in force."""
        for name in self._entries:
            yield from (after for _, after in self._follow(name) if after is not None)

    def changes(self, names: Iterable[str]) -> Iterator[Change]:
        """What is otherwise than before for these policies."""
        for name in dict.fromkeys(names):
            if name in self._entries:
                yield from self._follow(name)

    def _follow(self, name: str) -> Iterator[tuple[TableEntry | None, TableEntry | None]]:
        use = self._policies.use(name)
        path = use.active
        if path is None and use.policy.drop_when_invalid:
            path = in_order(use.policy.paths)[0]
        for prefix, entry in self._entries[name].items():
            due = path is not None and prefix in path.bsids
            if due and prefix not in self._written:
                self._written.add(prefix)
                yield None, entry
            elif not due and prefix in self._written:
                self._written.discard(prefix)
                yield entry, None
