# SPDX-License-Identifier: Apache-2.0
"""``my_sid_table`` and ``upper_layer_table``."""

from __future__ import annotations

from collections.abc import Iterator

from srv6cp.compile.ids import Ids
from srv6cp.compile.nexthops import NextHops
from srv6cp.compile.policies import BINDING_MODES, Policies
from srv6cp.model import Behavior, Node, Operand, Sid
from srv6cp.p4rt.entities import Action, TableEntry

MY_SID_TABLE = "my_sid_table"
UPPER_LAYER_TABLE = "upper_layer_table"
# iproute2's `nh6 ::` and `nh4 0.0.0.0`: look the inner packet up instead of sending it to a next hop.
_LOOKUP_INSTEAD = {Behavior.END_DX6: "end_dt6", Behavior.END_DX4: "end_dt4"}


class Sids:
    """The local SIDs; ``numbers`` maps each counter index to its SID."""

    def __init__(self, node: Node, nexthops: NextHops, policies: Policies, ids: Ids) -> None:
        self.numbers: dict[int, Sid] = {}
        self._node = node
        self._entries: list[TableEntry] = []
        vrfs = node.vrfs
        for sid in node.sids:
            vrf = vrfs[sid.in_vrf]
            prefix = sid.prefix
            key = prefix.network_address.packed + bytes((prefix.prefixlen, vrf >> 8, vrf & 0xFF))
            number = ids.sids.take(key)
            self.numbers[number] = sid
            action = _action(sid, number, node, nexthops, policies)
            self._entries.append(TableEntry(MY_SID_TABLE, {"vrf_id": vrf, "ipv6_dst": prefix}, action))

    def entities(self) -> Iterator[TableEntry]:
        """All entries."""
        yield from self._entries
        for protocol in self._node.upper_layers:
            yield TableEntry(UPPER_LAYER_TABLE, {"next_header": protocol}, Action("allow_upper_layer"))


def _action(sid: Sid, number: int, node: Node, nexthops: NextHops, policies: Policies) -> Action:
    spec = sid.behavior.spec
    params: dict[str, int] = {"sid_index": number}
    if spec.flavored:
        params["flavors"] = int(sid.flavors)
    operand = spec.operand
    if operand is Operand.VRF:
        params["vrf_id"] = node.vrfs[sid.vrf]
    elif operand in (Operand.VIA4, Operand.VIA6):
        if not sid.nexthops:
            params["vrf_id"] = node.vrfs[sid.vrf]
            return Action(_LOOKUP_INSTEAD[sid.behavior], params)
        params["nexthop_id"] = nexthops.via(sid.nexthops)
    elif operand is Operand.POLICY:
        assert sid.policy is not None
        params["policy_id"] = policies.use(sid.policy, BINDING_MODES[sid.behavior]).number
    elif operand is Operand.PORT:
        assert sid.port is not None
        params["egress_port"] = sid.port
        params["mtu"] = node.ports[sid.port].mtu
    return Action(spec.action, params)
