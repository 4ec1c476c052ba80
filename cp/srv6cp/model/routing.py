# SPDX-License-Identifier: Apache-2.0
"""The router under SRv6: own addresses, neighbours, next hops and routes."""

from __future__ import annotations

from dataclasses import dataclass

from srv6cp.model.interfaces import DEFAULT_VRF, InterfaceId, IPAddress, IPNetwork


@dataclass(frozen=True)
class OwnAddress:
    """A loopback address of the node in a VRF; traffic to it is delivered to the controller."""

    address: IPAddress
    vrf: str = DEFAULT_VRF


@dataclass(frozen=True)
class Neighbor:
    """A static neighbour: the MAC behind an address on an interface."""

    address: IPAddress
    interface: InterfaceId
    mac: str


@dataclass(frozen=True)
class NeighborLimits:
    """What packets may make a router keep and do for the neighbours of one interface (RFC 6583 4, 6)."""

    learned: int = 512
    """Neighbours it has at most; next hops of the configuration and static ones are not counted in."""
    unresolved: int = 128
    """Neighbours that are asked for and have not answered; as many again may have been heard of without having
    answered yet."""
    solicitations: int = 200
    """Questions for neighbours a second; those for known ones and for next hops are not counted in."""
    held: int = 128
    """Packets that wait for their neighbours."""


@dataclass(frozen=True)
class NextHop:
    """One way out. ``address`` None means that the destination itself is on the link."""

    interface: InterfaceId
    address: IPAddress | None
    weight: int = 1


@dataclass(frozen=True)
class NextHopObject:
    """A next hop, or a group of them, that routes name by its number, as Linux has them.

    ``group`` are numbers and weights of the members, empty where it is no group; without ``hops`` it is a blackhole.
    """

    number: int
    hops: tuple[NextHop, ...] = ()
    group: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Route:
    """A static route. No next hop at all means blackhole; several form an ECMP set.

    ``nhid`` is the number of the next hop object that ``nexthops`` come from, where it names one. ``backup`` is the
    policy that packets enter while the ports of all next hops are down.
    """

    prefix: IPNetwork
    nexthops: tuple[NextHop, ...] = ()
    vrf: str = DEFAULT_VRF
    nhid: int | None = None
    backup: str | None = None

    @property
    def blackhole(self) -> bool:
        """True when matching packets are dropped on purpose."""
        return not self.nexthops
