# SPDX-License-Identifier: Apache-2.0
"""What every profile has: ports, VLANs, routes, the filters of the domain; End, End.X and End.T with every combination
of flavours."""

from __future__ import annotations

from typing import Any

from diff.draw import Family
from harness import defaults

LOCATOR = "fcbb:bb00:1"
FLAVORS = [["psp"], ["usp"], ["usd"], ["psp", "usp"], ["psp", "usd"], ["usp", "usd"], ["psp", "usp", "usd"]]


def at(functions: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """SIDs of the locator by their function."""
    return [{"sid": f"{LOCATOR}:{name}::/64", **rest} for name, rest in functions.items()]


def _flavored() -> list[dict[str, Any]]:
    return at(
        {
            f"{base}{number:02x}": {**rest, "flavors": flavors}
            for base, rest in (
                ("e0", {"behavior": "End"}),
                ("e1", {"behavior": "End.X", "via": "2001:db8:3::2"}),
                ("e2", {"behavior": "End.T", "vrf": "blue"}),
            )
            for number, flavors in enumerate(FLAVORS, 1)
        }
    )


FAMILY = Family(
    needs=(),
    config={
        "vrfs": ["blue"],
        "upper_layer": ["icmpv6", "udp"],
        "sr_domain": {"sid-block": ["fcbb:bb00::/32"], "sources": ["fcbb:bb00::/32", "2001:db8::/32"]},
        "ports": {
            2: {**defaults.port(2), "mtu": 9000},
            3: {**defaults.port(3), "role": "external"},
            4: {**defaults.port(4), "mtu": 1280},
            5: {**defaults.port(5), "vrf": "blue"},
            8: {
                **defaults.port(8),
                "vlans": {
                    100: {"addresses": ["2001:db8:8100::1/64", "10.8.100.1/24"], "urpf": "loose"},
                    200: {"addresses": ["2001:db8:8200::1/64", "10.8.200.1/24"], "vrf": "blue", "mtu": 1400},
                },
            },
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
        "sids": [
            *at(
                {
                    "e000": {"behavior": "End"},
                    "e100": {"behavior": "End.X", "via": "2001:db8:2::2"},
                    "e108": {"behavior": "End.X", "via": ["2001:db8:2::2", "2001:db8:3::2", "2001:db8:4::2"]},
                    "e200": {"behavior": "End.T", "vrf": "blue"},
                }
            ),
            *_flavored(),
            {"sid": f"{LOCATOR}:b001::1/128", "behavior": "End", "in-vrf": "blue"},
        ],
    },
)
