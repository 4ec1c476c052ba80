# SPDX-License-Identifier: Apache-2.0
"""What every profile has: ports, VLANs, routes, the filters of the domain; End, End.X and End.T with every combination
of flavours."""

from __future__ import annotations

from typing import Any

from diff.draw import Draw, Family
from harness import defaults, wire
from harness.wire import Frame, Part
from srv6cp.behaviours import REGISTRY

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


def _payload(draw: Draw, behaviour: str) -> Part:
    """What the behaviour takes out of its outer header, else any upper layer."""
    takes = REGISTRY.endpoint(behaviour).takes
    if not takes:
        return draw.upper(1)
    kind = draw.random.choice(takes)
    if kind == "ipv4":
        return wire.ip4("10.0.1.2", draw.host4("192.168.0.0/16"), draw.upper(2))
    packet = wire.ip6(draw.source6(), draw.host6("2001:db8:f0::/48"), draw.upper(2))
    if kind == "ipv6":
        return packet
    vlan = draw.random.choice(((), 7, 100, 200))
    return wire.ether(packet, dst="02:00:00:00:0a:01", src="02:00:00:00:0b:01", vlan=vlan)


def _frame(draw: Draw, port: int) -> Frame:
    """A packet with which a SID of the node has nothing to find fault: alone, the last one of a list, in the middle."""
    prefix, behaviour = draw.random.choice(draw.sids)
    sid = str(prefix.network_address)
    payload = _payload(draw, behaviour)
    if draw.often(0.6):
        before = [draw.host6("fcbb:bb00:12::/48") for _ in range(draw.random.choice((0, 1, 2)))]
        left = 0 if REGISTRY.endpoint(behaviour).takes else draw.random.choice((0, 1))
        listed = [*([draw.host6("fcbb:bb00:44::/48")] * left), sid, *before]
        payload = wire.srh(listed, sl=left, payload=payload)
    return draw.ethernet(port, wire.ip6(draw.random.choice(("2001:db8:1::2", "fcbb:bb00:9::9")), sid, payload))


FAMILY = Family(
    needs=(),
    frame=_frame,
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
