# SPDX-License-Identifier: Apache-2.0
"""Bridge domains: the numbers of their groups."""

from __future__ import annotations

from srv6cp.artifacts import find
from srv6cp.compile import compile_state
from srv6cp.config import load_node_dict
from srv6cp.p4rt import MulticastGroup, P4Info

DOMAINS = 100


def test_groups_are_what_every_switch_takes() -> None:
    """The P4Runtime server of BMv2 refuses groups from 0x8000 on, whatever a domain is called."""
    node = load_node_dict(
        {
            "node": "r1",
            "locator": "fcbb:bb00:1::/48",
            "ports": {1: {"addresses": ["2001:db8:1::1/64"]}, 2: {"addresses": ["2001:db8:2::1/64"]}},
            "bridges": [
                {"name": f"lan{vlan}", "circuits": [{"port": port, "vlan": vlan} for port in (1, 2)]}
                for vlan in range(1, DOMAINS + 1)
            ],
        }
    )
    entities = compile_state(node, P4Info.from_file(find().p4info)).entities
    groups = [each.group_id for each in entities if isinstance(each, MulticastGroup)]
    assert len(set(groups)) == len(groups) >= DOMAINS
    assert max(groups) < 0x8000
