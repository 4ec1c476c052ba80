# SPDX-License-Identifier: Apache-2.0
"""The node of the differential and fuzz runs: every behaviour, flavour, policy kind and port kind at once."""

from __future__ import annotations

from typing import Any

from harness import defaults

LOCATOR = "fcbb:bb00:1"
FLAVORS = [["psp"], ["usp"], ["usd"], ["psp", "usp"], ["psp", "usd"], ["usp", "usd"], ["psp", "usp", "usd"]]

# name -> (SID function, behaviour, operands)
_FUNCTIONS: dict[str, dict[str, Any]] = {
    "e000": {"behavior": "End"},
    "e100": {"behavior": "End.X", "via": "2001:db8:2::2"},
    "e108": {"behavior": "End.X", "via": ["2001:db8:2::2", "2001:db8:3::2", "2001:db8:4::2"]},
    "e200": {"behavior": "End.T", "vrf": "blue"},
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
    "b640": {"behavior": "End.BM", "mpls-policy": "labels3"},
    "b641": {"behavior": "End.BM", "mpls-policy": "labels8"},
}


def sids() -> list[dict[str, Any]]:
    """Every endpoint behaviour; End, End.X and End.T with every combination of flavours."""
    found = [{"sid": f"{LOCATOR}:{name}::/64", **rest} for name, rest in _FUNCTIONS.items()]
    for base, rest in (
        ("e0", {"behavior": "End"}),
        ("e1", {"behavior": "End.X", "via": "2001:db8:3::2"}),
        ("e2", {"behavior": "End.T", "vrf": "blue"}),
    ):
        for number, flavors in enumerate(FLAVORS, 1):
            found.append({"sid": f"{LOCATOR}:{base}{number:02x}::/64", **rest, "flavors": flavors})
    found.append({"sid": f"{LOCATOR}:b001::1/128", "behavior": "End", "in-vrf": "blue"})
    return found


def _far(number: int) -> str:
    return f"fcbb:bb00:{number:x}::"


def _policies() -> list[dict[str, Any]]:
    def lists(*sizes: int) -> list[dict[str, Any]]:
        return [
            {"weight": weight, "segments": [_far(0x10 + i + weight) for i in range(size)]}
            for weight, size in enumerate(sizes, 1)
        ]

    def policy(name: str, mode: str, *sizes: int, **encap: Any) -> dict[str, Any]:
        return {"name": name, "encap": {"mode": mode, **encap}, "segment-lists": lists(*sizes)}

    return [
        policy("one", "encap", 1),
        policy("one-red", "encap.red", 1, **{"flow-label": "copy"}),
        policy("full3", "encap", 3, **{"hop-limit": "inherit"}),
        policy("red4", "encap.red", 4, **{"traffic-class": 0xB8, "flow-label": 0}),
        policy("full16", "encap", 16, **{"flow-label": "copy", "source": "fcbb:bb00:1::99"}),
        policy("red16", "encap.red", 16),
        policy("weighted", "encap.red", 2, 5, 9),
        policy("insert2", "insert", 2),
        policy("insert-red1", "insert.red", 1),
        policy("insert13", "insert", 13),
        policy("insert-red16", "insert.red", 16),
        policy("l2", "l2encap", 2),
        policy("l2-red", "l2encap.red", 1, **{"hop-limit": 7}),
        {
            "name": "home",
            "encap": {"mode": "encap"},
            "segment-lists": [{"segments": [f"{LOCATOR}:e000::", _far(0x20)]}],
        },
    ]


STEERED6 = {
    f"2001:db8:a{i:x}::/48": name
    for i, name in enumerate(
        (
            "one",
            "one-red",
            "full3",
            "red4",
            "full16",
            "red16",
            "weighted",
            "insert2",
            "insert-red1",
            "insert13",
            "insert-red16",
            "home",
        )
    )
}
STEERED4 = {
    f"172.16.{i}.0/24": name
    for i, name in enumerate(("one", "one-red", "full3", "red4", "full16", "red16", "weighted"))
}


def config(switch: defaults.Switch) -> dict[str, Any]:
    """The YAML schema as data, for ``load_node_dict``."""
    small = {**defaults.port(4), "mtu": 1280}
    tagged = {
        **defaults.port(8),
        "vlans": {
            100: {"addresses": ["2001:db8:8100::1/64", "10.8.100.1/24"], "urpf": "loose"},
            200: {"addresses": ["2001:db8:8200::1/64", "10.8.200.1/24"], "vrf": "blue", "mtu": 1400},
        },
    }
    given: dict[str, Any] = {
        "vrfs": ["blue"],
        "upper_layer": ["icmpv6", "udp"],
        "sr_domain": {"sid-block": ["fcbb:bb00::/32"], "sources": ["fcbb:bb00::/32", "2001:db8::/32"]},
        "ports": {
            2: {**defaults.port(2), "mtu": 9000},
            3: {**defaults.port(3), "role": "external"},
            4: small,
            5: {**defaults.port(5), "vrf": "blue", "policy": "full3"},
            6: {"mode": "l2", "policy": "l2"},
            7: {"mode": "l2"},
            8: tagged,
        },
        "routes": [
            {"prefix": "fcbb:bb00::/32", "via": ["2001:db8:2::2", "2001:db8:3::2"]},
            {"prefix": "fcbb:bb00:12::/48", "via": "2001:db8:4::2"},
            {
                "prefix": "2001:db8:f0::/48",
                "via": [{"address": "2001:db8:2::2", "weight": 3}, {"address": "2001:db8:4::2", "weight": 1}],
            },
            {"prefix": "2001:db8:f1::/48", "via": "2001:db8:8100::2"},
            {"prefix": "2001:db8:dead::/48", "blackhole": True},
            {"prefix": "2001:db8:f0::/48", "vrf": "blue", "via": "2001:db8:5::2"},
            {"prefix": "192.168.0.0/16", "via": ["10.0.2.2", "10.0.3.2"]},
            {"prefix": "192.168.4.0/24", "via": "10.0.4.2"},
            {"prefix": "192.168.0.0/16", "vrf": "blue", "via": "10.8.200.2"},
            {"prefix": "192.168.66.0/24", "blackhole": True},
        ],
        "sids": sids(),
        "policies": _policies(),
        "mpls-policies": [
            {"name": "labels3", "labels": [16001, 0xA5A5A, 24002], "via": "2001:db8:2::2"},
            {"name": "labels8", "labels": [*range(16, 24)], "via": ["2001:db8:2::2", "2001:db8:4::2"], "ttl": 9},
        ],
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
            *({"prefix": prefix, "policy": name} for prefix, name in {**STEERED6, **STEERED4}.items()),
            {"match": {"protocol": "udp", "dst-port": 53}, "priority": 10, "policy": "red4"},
            {"match": {"protocol": "udp", "dst-port": 123}, "priority": 20, "policy": None},
            {"match": {"protocol": "tcp", "src-port": 80, "port": 2}, "priority": 5, "policy": "weighted"},
        ],
    }
    return defaults.node(given, switch)
