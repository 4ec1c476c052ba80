# SPDX-License-Identifier: Apache-2.0
"""The node that a packet test gets unless it says otherwise.

Port N (1..8) has the MAC address 02:00:00:00:01:NN, the addresses 2001:db8:N::1/64 and 10.0.N.1/24, and
behind it a neighbour with 02:00:00:00:02:NN, 2001:db8:N::2 and 10.0.N.2. NN is N in hexadecimal digits.
"""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

PORTS = tuple(range(1, 9))
LOCATOR = "fcbb:bb00:1::/48"
SOURCE = "fcbb:bb00:1::1"

ICMP_HOP_LIMIT = 64
ICMP4_FIELDS: dict[str, Any] = {"ttl": 64, "tos": 0xC0, "df": True}  # RFC 1812 4.3.2.5, RFC 6864 4.1


class Switch(Protocol):
    """What the defaults need to know of the switch under test."""

    device_id: int


def port_mac(port: int) -> str:
    """MAC address of the router's port."""
    return f"02:00:00:00:01:{port:02x}"


def neighbor_mac(port: int) -> str:
    """MAC address of the neighbour behind a port."""
    return f"02:00:00:00:02:{port:02x}"


def port(number: int) -> dict[str, Any]:
    """Configuration of one port."""
    return {
        "mac": port_mac(number),
        "addresses": [f"2001:db8:{number}::1/64", f"10.0.{number}.1/24"],
        "mtu": 1500,
    }


def _interfaces(ports: Mapping[int, Mapping[str, Any]]) -> Iterator[tuple[int, str, list[str]]]:
    for number, settings in ports.items():
        if settings.get("mode") == "l2":
            continue
        yield number, str(number), settings.get("addresses", [])
        for vid, sub in (settings.get("vlans") or {}).items():
            yield number, f"{number}.{vid}", sub.get("addresses", [])


def neighbors(ports: Mapping[int, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A static neighbour for every subnet of every port: the router's address plus one."""
    found = []
    for number, interface, addresses in _interfaces(ports):
        for text in addresses:
            address = ipaddress.ip_interface(text)
            other = address.ip + 1
            if other in address.network and address.network.num_addresses > 1:
                found.append({"address": str(other), "port": interface, "mac": neighbor_mac(number)})
    return found


def node(config: Mapping[str, Any], switch: Switch, neighbors_static: bool = True) -> dict[str, Any]:
    """The full configuration of a node: ``config`` over the defaults (see ``Srv6Test.node``)."""
    given = {key.replace("_", "-"): copy.deepcopy(value) for key, value in config.items()}
    ports: dict[int, dict[str, Any]] = {number: port(number) for number in PORTS}
    for number, settings in (given.pop("ports", None) or {}).items():
        if settings is None:
            ports.pop(number, None)
        elif settings.get("mode") == "l2":
            ports[number] = settings
        else:
            ports[number] = {**ports.get(number, {"mac": port_mac(number)}), **settings}
    full: dict[str, Any] = {
        "node": "r1",
        "device-id": switch.device_id,
        "locator": {"prefix": LOCATOR, "block": 32, "node": 16},
        "source": SOURCE,
        "icmp": None,
        "ports": ports,
    }
    full.update(given)
    own = list(given.get("neighbors") or [])
    named = {(str(n["port"]), n["address"]) for n in own}
    if neighbors_static:
        own += [n for n in neighbors(ports) if (n["port"], n["address"]) not in named]
    full["neighbors"] = own
    return full


def error_source(config: Mapping[str, Any], ingress: int, version: int) -> str:
    """The address that ICMP errors come from: the first address of the family on the interface that the
    packet came in by, else the node's source address (RFC 4443 2.2, RFC 1812 4.3.2.4)."""
    settings = config["ports"].get(ingress, {})
    for text in settings.get("addresses", []):
        address = ipaddress.ip_interface(text)
        if address.version == version:
            return str(address.ip)
    return str(config["source"])
