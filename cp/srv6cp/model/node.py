# SPDX-License-Identifier: Apache-2.0
"""A node: everything the control plane wants one switch to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network
from typing import Any, NamedTuple, Protocol

from srv6cp.model.hmac import HmacKey
from srv6cp.model.interfaces import DEFAULT_VRF, Interface, InterfaceId, IPAddress, IPNetwork, Port
from srv6cp.model.limits import USUAL_ICMP_LIMIT, USUAL_LIMITS, Limits, RateLimit
from srv6cp.model.oam import NO_OAM, Oam
from srv6cp.model.policies import ClassifierRule, Fragmentation, Policy, PrefixSteering
from srv6cp.model.reassembly import Reassembly
from srv6cp.model.routing import Neighbor, NeighborLimits, NextHopObject, OwnAddress, Route
from srv6cp.model.sids import Locator, Sid
from srv6cp.model.structures import SidStructure
from srv6cp.model.telemetry import NO_TELEMETRY, Telemetry

ICMPV6 = 58


@dataclass(frozen=True)
class SrDomain:
    """The SR domain as RFC 8754 section 5.1 protects it.

    Packets from external interfaces to ``sid_blocks`` are dropped; when ``sources`` is not empty,
    packets to local SIDs must come from one of them. Nor does a packet from an external interface come from the
    domain, or from ``bogons`` (those inside them that are ``no_bogons`` aside): BCP 38.
    """

    sid_blocks: tuple[IPv6Network, ...] = ()
    sources: tuple[IPv6Network, ...] = ()
    bogons: tuple[IPNetwork, ...] = ()
    no_bogons: tuple[IPNetwork, ...] = ()


class Origin(Protocol):
    """The text that a node was read from: what messages about it quote."""

    file: str

    def line(self, path: tuple[str | int, ...], /) -> int:
        """Line of what is at ``path`` in the text, from 1; 0 when it has none."""


class Link(NamedTuple):
    """A prefix whose hosts are neighbours on an interface, for the packets of a VRF."""

    vrf: str
    prefix: IPNetwork
    interface: InterfaceId


@dataclass(frozen=True)
class Node:
    """One router. References between parts (VRF, policy, port) have been checked by the loader.

    ``vrfs`` maps names to ids and always holds ``default`` with id 0. ``icmp`` limits ICMP
    errors of each port and kind, None does not. ``flow_seed`` None means: by the name (:mod:`srv6cp.compile.seeds`).
    ``reassembly`` None: fragments are dropped at a SID.
    ``sid_structures`` are what is known of SIDs, this node's and others', by prefix; empty where there is no C-SID.
    ``hmac_keys`` are by key id. ``upper_layers`` are the protocol numbers delivered locally at a SID. ``sections`` are
    what the records of behaviours bring: key in the node file to name to value.
    """

    name: str
    device_id: int = 1
    locators: tuple[Locator, ...] = ()
    source: IPv6Address | None = None
    domain: SrDomain = SrDomain()
    upper_layers: tuple[int, ...] = (ICMPV6,)
    icmp: RateLimit | None = USUAL_ICMP_LIMIT
    limits: Limits = USUAL_LIMITS
    oam: Oam = NO_OAM
    telemetry: Telemetry = NO_TELEMETRY
    reassembly: Reassembly | None = None
    fragmentation: Fragmentation = Fragmentation.INNER
    flow_seed: int | None = None
    hmac_keys: Mapping[int, HmacKey] = field(default_factory=dict)
    vrfs: Mapping[str, int] = field(default_factory=lambda: {DEFAULT_VRF: 0})
    addresses: tuple[OwnAddress, ...] = ()
    ports: Mapping[int, Port] = field(default_factory=dict)
    neighbors: tuple[Neighbor, ...] = ()
    neighbor_limits: NeighborLimits = field(default_factory=NeighborLimits)
    nexthops: Mapping[int, NextHopObject] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    sids: tuple[Sid, ...] = ()
    sid_structures: tuple[tuple[IPv6Network, SidStructure], ...] = ()
    policies: Mapping[str, Policy] = field(default_factory=dict)
    prefix_steering: tuple[PrefixSteering, ...] = ()
    classifiers: tuple[ClassifierRule, ...] = ()
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    grpc_addr: str | None = None
    origin: Origin | None = field(default=None, compare=False, repr=False)

    def interfaces(self) -> Iterator[Interface]:
        """Every routed interface, untagged before tagged, ports in the order of the configuration."""
        for port in self.ports.values():
            yield from port.interfaces

    def interface(self, identity: InterfaceId | tuple[int, int]) -> Interface | None:
        """The routed interface with that port and VLAN, or None."""
        port = self.ports.get(identity[0])
        for interface in port.interfaces if port else ():
            if interface.id == identity:
                return interface
        return None

    def links(self) -> Iterator[Link]:
        """What is on link: the prefixes of the interfaces, and routes by a port alone, in their VRF."""
        for interface in self.interfaces():
            for own in interface.addresses:
                if own.network.prefixlen < own.max_prefixlen:
                    yield Link(interface.vrf, own.network, interface.id)
        for route in self.routes:
            for hop in route.nexthops:
                if hop.address is None:
                    yield Link(route.vrf, route.prefix, hop.interface)

    def own_addresses(self) -> Iterator[tuple[str, IPAddress]]:
        """(VRF, address) of every address routed to the node itself: source, loopbacks, interfaces.

        Link-local addresses are not routed and not listed: see ``Interface.link_local``.
        """
        if self.source is not None:
            yield DEFAULT_VRF, self.source
        for own in self.addresses:
            yield own.vrf, own.address
        for interface in self.interfaces():
            for address in interface.addresses:
                yield interface.vrf, address.ip
