# SPDX-License-Identifier: Apache-2.0
"""The primitives that actions, parser states and deparsers may call, with their number of arguments."""

from __future__ import annotations

from softswitch.bmv2json.cursor import Cursor
from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.expressions import Scope
from softswitch.bmv2json.model import Primitive

PRIMITIVES: dict[str, int] = {
    "assign": 2,
    "assign_VL": 2,
    "assign_header": 2,
    "assign_header_stack": 2,
    "assign_union": 2,
    "assign_union_stack": 2,
    "modify_field": 2,
    "modify_field_rng_uniform": 3,
    "modify_field_with_hash_based_offset": 4,
    "add_header": 1,
    "remove_header": 1,
    "copy_header": 2,
    "push": 2,
    "pop": 2,
    "_jump": 1,
    "_jump_if_zero": 2,
    "exit": 0,
    "no_op": 0,
    "assert": 1,
    "assume": 1,
    "log_msg": 2,
    "mark_to_drop": 1,
    "drop": 0,
    "count": 2,
    "execute_meter": 3,
    "register_read": 3,
    "register_write": 3,
    "generate_digest": 2,
    "clone_ingress_pkt_to_egress": 2,
    "clone_egress_pkt_to_egress": 2,
    "resubmit": 1,
    "recirculate": 1,
    "truncate": 1,
}

#: Primitives that only make sense in a control.
_CONTROL_ONLY = {
    "exit", "mark_to_drop", "drop", "count", "execute_meter", "generate_digest", "resubmit", "recirculate",
    "clone_ingress_pkt_to_egress", "clone_egress_pkt_to_egress", "truncate",
}  # fmt: skip


def load_primitive(at: Cursor, scope: Scope, in_control: bool = True) -> Primitive:
    """One primitive call."""
    op = at.at("op").text()
    if op not in PRIMITIVES:
        raise UnsupportedProgram(at.path, f"primitive {op}")
    if not in_control and op in _CONTROL_ONLY:
        raise UnsupportedProgram(at.path, f"primitive {op} outside a control")
    args = at.at("parameters").items(PRIMITIVES[op])
    return Primitive(op, tuple(scope.expr(arg) for arg in args), at.source())
