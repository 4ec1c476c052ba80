# SPDX-License-Identifier: Apache-2.0
"""What a record may ask of those who use it, so that records depend on none of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NamedTuple, Protocol

from srv6cp.model import Locator, NextHop, Port

Schema = dict[str, Any]
#: A value of an action parameter or an exact key.
Number = int | str | IPv4Address | IPv6Address


class Entry(NamedTuple):
    """An entry of a table of the program, by names; values as in :mod:`srv6cp.p4rt.entities`."""

    table: str
    match: Mapping[str, Any]
    action: str
    params: Mapping[str, Any]
    priority: int = 0
    packets: int | None = None  # read back, where its table counts
    key: bytes = b""  # what it stands for, unless that is its item (`Binder.replica`)


class Scope(Protocol):
    """The node file being read. Everything may raise ``InvalidError``, with a path inside the item given."""

    ports: dict[int, Port]
    policy_names: set[str]
    locators: tuple[Locator, ...]

    def vrf(self, item: dict[Any, Any], key: str = "vrf") -> str:
        """The VRF that ``key`` of an item names, ``default`` when there is none."""

    def nexthops(self, via: Any, vrf: str | None) -> tuple[NextHop, ...]:
        """An address, ``{address, port, weight}`` or a list of them, looked for in ``vrf`` or everywhere."""

    def declared(self, section: str) -> Collection[str]:
        """Names in a section that a record brings, whether or not they are read already."""


class Binder(Protocol):
    """A compilation: numbers of the data plane for what the model names."""

    def vrf_id(self, name: str) -> int:
        """Number of a VRF."""

    def nexthop_id(self, hops: tuple[NextHop, ...]) -> int:
        """Number of a next hop, or of a weighted set."""

    def policy_id(self, name: str, mode: str) -> int:
        """Number of a policy used in a headend mode."""

    def port(self, number: int) -> Port:
        """A port of the node."""

    def number(self, section: str, name: str) -> int:
        """Number of an item of a section that a record brings."""

    def item(self, section: str, name: str) -> Any:
        """What the record has read of it."""

    def name(self, section: str, number: int) -> str:
        """The way back from `number`."""

    def group(self, key: bytes) -> int:
        """Number of a group that shares a rate."""

    def replica(self, key: bytes) -> int:
        """Number of a copy of a packet; the entry of `packet_copy_table` has the same ``key``."""

    def multicast_group(self, table: str, name: str) -> int:
        """Number of a multicast group of such copies, that of the entry of ``table`` that an item has."""


class Names(Protocol):
    """The way back: names for the numbers of the data plane, ``#7`` where there is none."""

    def vrf(self, number: Any) -> str:
        """Name of a VRF."""

    def nexthop(self, number: Any) -> str:
        """``ADDRESS port P``, several joined by commas."""

    def policy(self, number: Any) -> str:
        """Name of a policy."""

    def item(self, section: str, number: Any) -> str:
        """Name of an item of a section that a record brings."""

    def items(self, section: str) -> Mapping[str, Any]:
        """The items of such a section that the node file has, by name."""
