# SPDX-License-Identifier: Apache-2.0
"""Longest-prefix lookup for the few addresses that the control plane itself resolves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from srv6cp.model import IPAddress, IPNetwork

T = TypeVar("T")


class PrefixMap(Generic[T]):
    """Values by (VRF, prefix); ``lookup`` finds the longest prefix that holds an address."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, int], dict[int, dict[int, T]]] = {}

    def add(self, vrf: str, prefix: IPNetwork, value: T) -> None:
        """Set the value of a prefix."""
        levels = self._levels.setdefault((vrf, prefix.version), {})
        shift = prefix.max_prefixlen - prefix.prefixlen
        levels.setdefault(shift, {})[int(prefix.network_address) >> shift] = value

    def at(self, vrf: str, prefix: IPNetwork, value: T) -> T:
        """The value of this very prefix; ``value`` from now on where it has none."""
        levels = self._levels.setdefault((vrf, prefix.version), {})
        shift = prefix.max_prefixlen - prefix.prefixlen
        return levels.setdefault(shift, {}).setdefault(int(prefix.network_address) >> shift, value)

    def lookup(self, vrf: str, address: IPAddress) -> T | None:
        """Value of the longest match, None when nothing matches."""
        return next(self.matches(vrf, address), None)

    def matches(self, vrf: str, address: IPAddress) -> Iterator[T]:
        """Values of all prefixes that hold an address, the longest first."""
        levels = self._levels.get((vrf, address.version), {})
        bits = int(address)
        for shift in sorted(levels):
            value = levels[shift].get(bits >> shift)
            if value is not None:
                yield value
