# SPDX-License-Identifier: Apache-2.0
"""``path_tracing_table``, ``path_tracing_policy_table``, ``alternate_marking_table``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from srv6cp.behaviours import REGISTRY
from srv6cp.compile import tables
from srv6cp.compile.policies import Policies
from srv6cp.model import Node
from srv6cp.model.telemetry import TIMESTAMP_SHIFTS
from srv6cp.p4rt.entities import Action, TableEntry


def telemetry_entities(node: Node, policies: Policies) -> Iterator[TableEntry]:
    """Nothing for a node that measures nothing."""
    for each in node.telemetry.traced:
        params = {
            "interface_id": each.number,
            "load": each.load,
            "shift": TIMESTAMP_SHIFTS[each.template],
        }
        match = {"egress_port": each.interface.port, "vlan_id": each.interface.vlan}
        yield TableEntry(tables.PATH_TRACING, match, Action("trace_path", params))
    for flow in node.telemetry.flows:
        for port, loss, delay in product(flow.ports, (0, 1), (0, 1)):
            match = {"ingress_port": port, "flow_mon_id": flow.flow, "loss": loss, "delay": delay}
            yield TableEntry(tables.ALTERNATE_MARKING, match, Action("count_marked"))
    for use in policies.uses:
        session = use.policy.encap.path_tracing
        # Nobody but its source gives a packet a Hop-by-Hop header (RFC 8200 4), so an insertion has none.
        if session is not None and not REGISTRY.headend(use.mode).inserts:
            action = Action("add_path_tracing", {"session_id": session})
            yield TableEntry(tables.PATH_TRACING_POLICY, {"policy_id": use.number}, action)
