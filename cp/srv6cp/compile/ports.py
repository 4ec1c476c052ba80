# SPDX-License-Identifier: Apache-2.0
"""``ingress_port_table``, ``ingress_vlan_table`` and the filters of the SR domain (RFC 8754 section 5.1)."""

from __future__ import annotations

from collections.abc import Iterator

from srv6cp.compile.policies import Policies
from srv6cp.compile.steering import Classifier, policy_number
from srv6cp.model import Interface, Node
from srv6cp.p4rt.entities import Action, TableEntry

PORT_TABLE = "ingress_port_table"
VLAN_TABLE = "ingress_vlan_table"
SID_BLOCK_TABLE = "sid_block_table"
SR_DOMAIN_TABLE = "sr_domain_table"
_EXTERNAL, _STEER, _CHECK_SOURCE = 1, 2, 4


def port_entities(node: Node, policies: Policies, classifier: Classifier) -> Iterator[TableEntry]:
    """Ports and VLANs."""
    for port in node.ports.values():
        if port.is_l2:
            # Frames cannot follow "ordinary forwarding": without a valid list the policy drops them.
            number = policies.use(port.policy).number if port.policy else 0
            yield TableEntry(PORT_TABLE, {"ingress_port": port.number}, Action("set_l2_port", {"policy_id": number}))
        for interface in port.interfaces:
            action = _router_interface(interface, node, policies, classifier)
            if interface.id.vlan:
                key = {"ingress_port": port.number, "vlan_id": interface.id.vlan}
                yield TableEntry(VLAN_TABLE, key, action)
            else:
                yield TableEntry(PORT_TABLE, {"ingress_port": port.number}, action)


def domain_entities(node: Node) -> Iterator[TableEntry]:
    """SID blocks that are closed from outside, and the sources that may use local SIDs."""
    for prefix in node.domain.sid_blocks:
        yield TableEntry(SID_BLOCK_TABLE, {"ipv6_dst": prefix}, Action("deny_sid_block"))
    for prefix in node.domain.sources:
        yield TableEntry(SR_DOMAIN_TABLE, {"ipv6_src": prefix}, Action("permit_source"))


def _router_interface(interface: Interface, node: Node, policies: Policies, classifier: Classifier) -> Action:
    policy = policy_number(policies.use(interface.policy)) if interface.policy else 0
    flags = _EXTERNAL if interface.external else 0
    if policy or classifier.concerns(interface):
        flags |= _STEER
    if node.domain.sources:
        flags |= _CHECK_SOURCE
    return Action(
        "set_router_interface",
        {
            "vrf_id": node.vrfs[interface.vrf],
            "mac": interface.mac,
            "policy_id": policy,
            "flags": flags,
        },
    )
