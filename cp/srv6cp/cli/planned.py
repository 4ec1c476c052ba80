# SPDX-License-Identifier: Apache-2.0
"""What was written to a switch, or would be, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srv6cp.sync.reconcile import Plan


def applied(todo: Plan) -> str:
    """``20030 inserted, 0 modified, 0 deleted, 12 unchanged``."""
    return (
        todo.summary().replace("to insert", "inserted").replace("to modify", "modified").replace("to delete", "deleted")
    )


def plan_data(todo: Plan) -> dict[str, Any]:
    """A plan for ``--json``."""
    from srv6cp.p4rt import entity_data

    return {
        "insert": [entity_data(entity) for entity in todo.inserts],
        "modify": [{"before": entity_data(before), "after": entity_data(after)} for before, after in todo.modifies],
        "delete": [entity_data(entity) for entity in todo.deletes],
        "unchanged": todo.unchanged,
    }
