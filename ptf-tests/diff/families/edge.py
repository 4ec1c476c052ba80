# SPDX-License-Identifier: Apache-2.0
"""A provider edge: every kind of policy and steering, binding SIDs, decapsulation, frames at layer 2 ports."""

from __future__ import annotations

from typing import Any

from diff.draw import Family
from diff.families.routing import LOCATOR, at
from srv6cp.compile import tables


def _far(number: int) -> str:
    return f"fcbb:bb00:{number:x}::"


def _policy(name: str, mode: str, *sizes: int, **encap: Any) -> dict[str, Any]:
    lists = [
        {"weight": weight, "segments": [_far(0x10 + i + weight) for i in range(size)]}
        for weight, size in enumerate(sizes, 1)
    ]
    return {"name": name, "encap": {"mode": mode, **encap}, "segment-lists": lists}


_POLICIES = [
    _policy("one", "encap", 1),
    _policy("one-red", "encap.red", 1, **{"flow-label": "copy"}),
    _policy("full3", "encap", 3, **{"hop-limit": "inherit"}),
    _policy("red4", "encap.red", 4, **{"traffic-class": 0xB8, "flow-label": 0}),
    _policy("full16", "encap", 16, **{"flow-label": "copy", "source": f"{LOCATOR}::99"}),
    _policy("red16", "encap.red", 16),
    _policy("weighted", "encap.red", 2, 5, 9),
    _policy("insert2", "insert", 2),
    _policy("insert-red1", "insert.red", 1),
    _policy("insert13", "insert", 13),
    _policy("insert-red16", "insert.red", 16),
    _policy("l2", "l2encap", 2),
    _policy("l2-red", "l2encap.red", 1, **{"hop-limit": 7}),
    {"name": "home", "encap": {"mode": "encap"}, "segment-lists": [{"segments": [f"{LOCATOR}:e000::", _far(0x20)]}]},
]
_PACKETS = [each["name"] for each in _POLICIES if not each["encap"]["mode"].startswith("l2")]
_STEERED6 = {f"2001:db8:a{number:x}::/48": name for number, name in enumerate(_PACKETS)}
_STEERED4 = {
    f"172.16.{number}.0/24": name for number, name in enumerate(name for name in _PACKETS if "insert" not in name)
}

FAMILY = Family(
    needs=(
        (tables.POLICY, None),
        (tables.MY_SID, "end_b6_encaps"),
        (tables.MY_SID, "end_dt46"),
        (tables.MY_SID, "end_dx2"),
    ),
    config={
        "ports": {
            5: {"policy": "full3"},
            6: {"mode": "l2", "policy": "l2"},
            7: {"mode": "l2"},
        },
        "sids": at(
            {
                "d200": {"behavior": "End.DX2", "port": 7},
                "d208": {"behavior": "End.DX2V", "table": "wires"},
                "d400": {"behavior": "End.DX4", "via": "10.0.2.2"},
                "d408": {"behavior": "End.DX4", "via": ["10.0.2.2", "10.0.3.2"]},
                "d600": {"behavior": "End.DX6", "via": "2001:db8:2::2"},
                "d4f0": {"behavior": "End.DT4", "vrf": "blue"},
                "d6f0": {"behavior": "End.DT6", "vrf": "blue"},
                "d460": {"behavior": "End.DT46", "vrf": "blue"},
                "d461": {"behavior": "End.DT46", "vrf": "default"},
                "b600": {"behavior": "End.B6.Encaps", "policy": "full3"},
                "b601": {"behavior": "End.B6.Encaps", "policy": "one"},
                "b610": {"behavior": "End.B6.Encaps.Red", "policy": "full3"},
                "b611": {"behavior": "End.B6.Encaps.Red", "policy": "one"},
                "b620": {"behavior": "End.B6.Insert", "policy": "insert2"},
                "b630": {"behavior": "End.B6.Insert.Red", "policy": "insert2"},
            }
        ),
        "policies": _POLICIES,
        "vlan-tables": [
            {
                "name": "wires",
                "entries": [
                    {"vlan": 0, "port": 7},
                    {"vlan": 100, "port": 7},
                    {"vlan": 7, "port": 7, "rewrite": 9},
                    {"vlan": 200, "port": 7, "rewrite": "pop"},
                ],
            }
        ],
        "steering": [
            *({"prefix": prefix, "policy": name} for prefix, name in {**_STEERED6, **_STEERED4}.items()),
            {"match": {"protocol": "udp", "dst-port": 53}, "priority": 10, "policy": "red4"},
            {"match": {"protocol": "udp", "dst-port": 123}, "priority": 20, "policy": None},
            {"match": {"protocol": "tcp", "src-port": 80, "port": 2}, "priority": 5, "policy": "weighted"},
        ],
    },
)

#: Fragments at a SID go to the control plane.
REASSEMBLY = Family(needs=((tables.UPPER_LAYER, "reassemble"),), config={"reassembly": True})
