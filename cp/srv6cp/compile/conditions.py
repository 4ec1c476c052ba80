# SPDX-License-Identifier: Apache-2.0
"""What parts of a node depend on, so that a change of it finds them without looking at the others."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv6Address

from srv6cp.model import IPNetwork

Key = tuple[int, IPNetwork]
"""A row of the routing tables: VRF id and prefix."""
Segment = tuple[str, IPv6Address]
"""A first segment of a policy, and the VRF that it is looked up in."""


class Condition:
    """Something in force or not: a port (while it is up), several (while one of them is), a policy (while it is valid).

    Those that depend on it: ``prefixes``, rows that it is the condition of; ``segments``, resolved by way of it or of
    something that it would take the place of; ``numbers``, next hops that are in use while it is in force.
    """

    __slots__ = ("numbers", "ports", "prefixes", "segments", "up")

    def __init__(self, up: bool, ports: frozenset[int] = frozenset()) -> None:
        self.up = up
        self.ports = ports
        self.prefixes: list[Key] = []
        self.segments: dict[Segment, None] = {}
        self.numbers: list[int] = []


class PortConditions:
    """The conditions of a node that ports decide, each set of ports once."""

    def __init__(self, down: Collection[int]) -> None:
        self._down = frozenset(down)
        self._by_ports: dict[frozenset[int], Condition] = {}
        self._by_port: dict[int, list[Condition]] = {}

    def of(self, ports: Collection[int]) -> Condition:
        """In force while one of ``ports`` is up."""
        key = frozenset(ports)
        found = self._by_ports.get(key)
        if found is None:
            found = self._by_ports[key] = Condition(not key <= self._down, key)
            for port in key:
                self._by_port.setdefault(port, []).append(found)
        return found

    def change(self, down: frozenset[int]) -> list[Condition]:
        """Those that are no longer as they were; whoever asks changes them."""
        changed: dict[int, Condition] = {}
        for port in down ^ self._down:
            for condition in self._by_port.get(port, ()):
                if condition.up is condition.ports.issubset(down):
                    changed[id(condition)] = condition
        self._down = down
        return list(changed.values())
