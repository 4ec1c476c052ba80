# SPDX-License-Identifier: Apache-2.0
"""Routes with a color: what is refused, and what is made of them."""

from __future__ import annotations

from typing import Any

import pytest

from srv6cp.config import ConfigError, load_node_dict
from srv6cp.model import Entrance, Node, PrefixSteering

S = ["fcbb:bb00:4::"]
N = "2001:db8:9::1"


def node(*routes: dict[str, Any], **sections: Any) -> Node:
    policies = [
        {"name": "a", "color": 7, "endpoint": N, "segments": S},
        {"name": "b", "color": 9, "endpoint": "::", "segments": S},
        {"name": "long", "color": 5, "endpoint": N, "segments": S * 16},
        {"name": "frames", "color": 4, "endpoint": N, "segments": S, "encap": "l2encap"},
        {"name": "insert", "color": 3, "endpoint": N, "segments": S, "encap": "insert"},
    ]
    return load_node_dict(
        {
            "node": "r1",
            "source": "fcbb:bb00:1::1",
            "ports": {1: {"addresses": ["2001:db8:1::1/64"]}},
            "policies": policies,
            "routes": list(routes),
            **sections,
        }
    )


WRONG = [
    ({"color": 0, "next-hop": N}, "color must be a number from 1"),
    ({"color": [], "next-hop": N}, "may not be empty"),
    ({"color": [7, 7], "next-hop": N}, "color 7 is given twice"),
    ({"color": {"color": 7, "co": 3}, "next-hop": N}, "co must be a number from 0 to 2"),
    ({"color": {"co": 1}, "next-hop": N}, "'color' is missing"),
    ({"color": 7}, "needs 'next-hop'"),
    ({"color": 7, "next-hop": "x"}, "next-hop must be an IPv6 or IPv4 address"),
    ({"next-hop": N}, "of a route with a 'color'"),
    ({"service-sid": "fcbb:bb00:4:d::", "via": "2001:db8:1::2"}, "of a route with a 'color'"),
    ({"color": 7, "next-hop": N, "blackhole": True}, "has no color"),
    ({"color": 7, "next-hop": N, "service-sid": "ff02::1"}, "no routable unicast address"),
    ({"color": 7, "next-hop": N, "service-sid": "fc00::1", "via": "2001:db8:1::2"}, "not by 'via'"),
    ({"color": 5, "next-hop": N, "service-sid": "fc00::1"}, "policy 'long' has a list of 16 segments"),
    ({"color": 8, "next-hop": N}, f"no policy fits, and next hop {N} cannot be reached"),
    ({"color": 4, "next-hop": N}, "no policy fits"),
]


@pytest.mark.parametrize(("route", "message"), WRONG)
def test_wrong_routes(route: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        node({"prefix": "2001:db8:99::/64", **route})
    assert len(caught.value.problems) == 1 and message in caught.value.message, str(caught.value)
    assert caught.value.problems[0].path[:2] == ("routes", 0)


def test_steered_twice_is_refused() -> None:
    route = {"prefix": "2001:db8:99::/64", "color": 7, "next-hop": N}
    with pytest.raises(ConfigError, match="2001:db8:99::/64 in VRF default is steered, too"):
        node(route, steering=[{"prefix": "2001:db8:99::/64", "policy": "a"}])
    with pytest.raises(ConfigError, match="is given twice"):
        node(route, {"prefix": "2001:db8:99::/64", "blackhole": True})


def test_a_service_sid_needs_a_source() -> None:
    insert = [{"name": "insert", "color": 3, "endpoint": N, "segments": S, "encap": "insert"}]
    with pytest.raises(ConfigError, match="no source address"):
        node({"prefix": "::/0", "color": 3, "next-hop": N, "service-sid": "fc00::1"}, source=None, policies=insert)


def test_what_is_made_of_a_route() -> None:
    """Steering by color, highest first, and a route of its own where there is a way; insertion not for IPv4."""
    found = node(
        {"prefix": "2001:db8:98::/64", "color": [7, {"color": 9, "co": 1}, 3], "next-hop": N},
        {"prefix": "10.0.0.0/8", "color": [3, 7], "next-hop": N},
        {"prefix": "2001:db8:9::/48", "via": "2001:db8:1::2"},
    )
    six, four = found.prefix_steering
    assert six == PrefixSteering(six.prefix, "b", instead=(Entrance("a"), Entrance("insert")))
    assert four.entrances == (Entrance("a"),)
    ways = {str(route.prefix): str(route.nexthops[0].address) for route in found.routes}
    assert ways == dict.fromkeys(("2001:db8:98::/64", "10.0.0.0/8", "2001:db8:9::/48"), "2001:db8:1::2")
