# SPDX-License-Identifier: Apache-2.0
"""Which SID an address belongs to: the longest match over SIDs and what is none."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest

from srv6cp.config import load_node_dict
from srv6cp.model import LocalSids

NODE = load_node_dict(
    {
        "node": "r1",
        "locator": "fcbb:bb00:1::/48",
        "vrfs": [{"name": "blue", "id": 7}],
        "addresses": ["fcbb:bb00:1:1::abcd/128"],
        "ports": {
            1: {"addresses": ["fcbb:bb00:1:1:4::1/80"]},
            2: {"addresses": ["2001:db8:2::1/64"], "vrf": "blue"},
        },
        "neighbors": [{"address": "fcbb:bb00:1:2::9", "port": 1, "mac": "02:00:00:00:02:01"}],
        "routes": [
            {"prefix": "fcbb::/16", "blackhole": True},
            {"prefix": "fcbb:bb00:1:1:7::/80", "blackhole": True},
            {"prefix": "fcbb:bb00:1:1:8::/80", "blackhole": True, "vrf": "blue"},
            {"prefix": "fcbb:bb00:1:2::/64", "blackhole": True},
        ],
        "sids": [
            {"sid": "fcbb:bb00:1:1::/64", "behavior": "End"},
            {"sid": "fcbb:bb00:1:1:7::7/128", "behavior": "End"},
            {"sid": "fcbb:bb00:1:2::/64", "behavior": "End"},
            {"sid": "fcbb:bb00:1:1::/64", "behavior": "End", "in-vrf": "blue"},
        ],
    }
)


@pytest.mark.parametrize(
    ("vrf", "address", "sid"),
    [
        (0, "fcbb:bb00:1:1::5", "fcbb:bb00:1:1::/64"),
        (0, "fcbb:bb00:1:1::abcd", None),  # an own address
        (0, "fcbb:bb00:1:1:4::9", None),  # connected
        (0, "fcbb:bb00:1:1:7::9", None),  # a route
        (0, "fcbb:bb00:1:1:7::7", "fcbb:bb00:1:1:7::7/128"),  # a SID in that
        (0, "fcbb:bb00:1:1:8::9", "fcbb:bb00:1:1::/64"),  # a route of another VRF
        (7, "fcbb:bb00:1:1:8::9", None),
        (7, "fcbb:bb00:1:1:7::9", "fcbb:bb00:1:1::/64"),
        (0, "fcbb:bb00:1:2::5", "fcbb:bb00:1:2::/64"),  # a route of the same prefix
        (0, "fcbb:bb00:1:2::9", None),  # a configured neighbour
        (0, "2001:db8::1", None),
        (9, "fcbb:bb00:1:1::5", None),
    ],
)
def test_longest_match(vrf: int, address: str, sid: str | None) -> None:
    found = LocalSids(NODE).lookup(vrf, int(IPv6Address(address)))
    assert (str(found.prefix) if found else None) == sid
