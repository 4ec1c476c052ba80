# SPDX-License-Identifier: Apache-2.0
"""``ingress_port_table``, ``ingress_vlan_table`` and the filters of the SR domain (RFC 8754 section 5.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from srv6cp.behaviours import l2_bridge, proxy
from srv6cp.compile import tables
from srv6cp.compile.capabilities import Capabilities
from srv6cp.compile.policies import Policies
from srv6cp.compile.steering import Classifier, policy_number
from srv6cp.compile.urpf import checks, urpf_id
from srv6cp.model import Interface, Node
from srv6cp.model.numbers import InterfaceFlag
from srv6cp.p4rt.entities import Action, TableEntry, Value

URPF_INTERFACE = "set_urpf_interface"


def port_entities(
    node: Node,
    policies: Policies,
    classifier: Classifier,
    program: Capabilities,
    number_of: Callable[[str, str], int],
) -> Iterator[TableEntry]:
    """Ports and VLANs, but for attachment circuits and those by which a service sends frames. ``number_of``: an item of
    a section."""
    circuits = l2_bridge.circuits_of(node.sections) | proxy.circuits_of(node.sections)
    services = proxy.interfaces_of(node.sections)
    for port in node.ports.values():
        if port.is_l2 and (port.number, 0) not in circuits:
            # Frames cannot follow "ordinary forwarding": without a valid list the policy drops them.
            number = policies.use(port.policy).number if port.policy else 0
            action = program.action("set_l2_port", {"policy_id": number})
            yield TableEntry(tables.PORT, {"ingress_port": port.number}, action)
        for interface in port.interfaces:
            action = _router_interface(interface, node, policies, classifier, program)
            service = services.get(interface.id)
            if service is not None:
                given: dict[str, Value] = {"vrf_id": node.vrfs[interface.vrf], "mac": interface.mac}
                given["service_id"] = number_of(proxy.KEY, service)
                action = program.action("set_service_interface", given)
            if interface.id.vlan:
                key = {"ingress_port": port.number, "vlan_id": interface.id.vlan}
                yield TableEntry(tables.VLAN, key, action)
            else:
                yield TableEntry(tables.PORT, {"ingress_port": port.number}, action)


def domain_entities(node: Node) -> Iterator[TableEntry]:
    """SID blocks that are closed from outside, and the sources that may use local SIDs."""
    for prefix in node.domain.sid_blocks:
        yield TableEntry(tables.SID_BLOCK, {"ipv6_dst": prefix}, Action("deny_sid_block"))
    for prefix in node.domain.sources:
        yield TableEntry(tables.SR_DOMAIN, {"ipv6_src": prefix}, Action("permit_source"))


def _router_interface(
    interface: Interface, node: Node, policies: Policies, classifier: Classifier, program: Capabilities
) -> Action:
    policy = policy_number(policies.use(interface.policy)) if interface.policy else 0
    flags = InterfaceFlag.EXTERNAL if interface.external else InterfaceFlag(0)
    if policy or classifier.concerns(interface):
        flags |= InterfaceFlag.STEER
    if node.domain.sources:
        flags |= InterfaceFlag.CHECK_SOURCE
    given: dict[str, Value] = {
        "vrf_id": node.vrfs[interface.vrf],
        "mac": interface.mac,
        "policy_id": policy,
        "flags": int(flags),
    }
    if checks(interface):
        return program.action(URPF_INTERFACE, {**given, "urpf_id": urpf_id(node, interface)})
    return program.action("set_router_interface", given)
