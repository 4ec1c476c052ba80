# SPDX-License-Identifier: Apache-2.0
"""Bring a switch up to date with a node, once: program, tables, and what a controller had learned.

    update(client, node)            # the client is primary
    preview(client, node).plan      # what that would write

The controller does the same with `Tables`, and then goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from srv6cp.artifacts import Artifacts
from srv6cp.compile import compile_node
from srv6cp.model import Neighbor, NeighborKey, Node
from srv6cp.p4rt import Client
from srv6cp.sync import reconcile
from srv6cp.sync.program import Program
from srv6cp.sync.reconcile import Plan
from srv6cp.sync.removals import Guard, Loss, by_entries, by_loading
from srv6cp.sync.tables import Tables


@dataclass(frozen=True)
class Preview:
    """What `update` would write, after loading the program where ``loads``."""

    plan: Plan
    loads: bool


def update(
    client: Client,
    node: Node,
    files: Artifacts | None = None,
    *,
    keep_foreign: bool = False,
    forgotten: Collection[Neighbor] = (),
    guard: Guard | None = None,
) -> Plan:
    """Make the switch hold ``node``; what was written.

    ``files`` is the program (default: the profile that it runs, else the default one). Neighbours that a controller
    had resolved stay resolved, except those in ``forgotten``. With ``keep_foreign`` nothing is deleted.

    Raises:
        TakesAway: the ``guard`` does not let it pass; nothing is written.
        P4RuntimeError: the switch cannot be read or refuses something.
        OverflowError: the node has more than the switch can number.
    """
    program = _program(client, files)
    check = None
    if guard is not None:
        if not program.runs_on(client):
            guard.check(by_loading(client, node, program))
        check = _check(guard)
    tables = Tables(client, program)
    found = tables.take_over(node).neighbors
    return tables.reconcile(node, _texts(found, forgotten), keep_foreign, check)


def preview(client: Client, node: Node, files: Artifacts | None = None, *, keep_foreign: bool = False) -> Preview:
    """What `update` with the same arguments would do; nothing is written. Raises as that does."""
    program = _program(client, files)
    if not program.runs_on(client):
        return Preview(reconcile.diff([], compile_node(node, program.info), program.info), True)
    tables = Tables(client, program)
    return Preview(tables.plan(node, _texts(tables.recover(node)), keep_foreign), False)


def losses(client: Client, node: Node, files: Artifacts) -> list[Loss]:
    """What `update` would take away. Raises as that does."""
    program = _program(client, files)
    if not program.runs_on(client):
        return by_loading(client, node, program)
    tables = Tables(client, program)
    found: list[Loss] = []
    tables.plan(node, _texts(tables.recover(node)), check=lambda present, gone: found.extend(by_entries(present, gone)))
    return found


def _check(guard: Guard) -> reconcile.Check:
    return lambda present, gone: guard.check(by_entries(present, gone))


def _program(client: Client, files: Artifacts | None) -> Program:
    return Program.read(files) if files else Program.of_switch(client)


def _texts(found: Mapping[NeighborKey, bytes], forgotten: Collection[Neighbor] = ()) -> dict[NeighborKey, str]:
    gone = {(neighbor.interface, neighbor.address) for neighbor in forgotten}
    return {key: mac.hex(":") for key, mac in found.items() if (key.interface, key.address) not in gone}
