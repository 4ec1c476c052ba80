# SPDX-License-Identifier: Apache-2.0
"""Ports of a node and the routed interfaces on them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from srv6cp.model.hmac import TlvPolicy

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPInterface = ipaddress.IPv4Interface | ipaddress.IPv6Interface

DEFAULT_VRF = "default"
DEFAULT_MTU = 1500


class InterfaceId(NamedTuple):
    """Name of a routed interface: a port, or a VLAN on a port (``vlan`` 0 = untagged)."""

    port: int
    vlan: int = 0

    def __str__(self) -> str:
        return f"{self.port}.{self.vlan}" if self.vlan else str(self.port)


class NeighborKey(NamedTuple):
    """A neighbour: the interface it is on and its address."""

    interface: InterfaceId
    address: IPAddress

    @classmethod
    def of(cls, interface: InterfaceId, address: bytes) -> NeighborKey:
        """From a raw address."""
        return cls(interface, ipaddress.ip_address(address))


class Urpf(Enum):
    """Unicast reverse path forwarding (RFC 3704 2.2, 2.4): which way back to its source a packet has to have."""

    OFF = "off"
    STRICT = "strict"  # by the interface that it came by
    LOOSE = "loose"  # by any


@dataclass(frozen=True)
class Interface:
    """A routed interface.

    ``mtu`` is the IP MTU in bytes; ``external`` marks the edge of the SR domain (RFC 8754 section 5.1);
    ``policy`` steers everything that is routed from here; ``urpf6`` and ``urpf4`` are by family. ``tlv``
    is what SIDs do with the TLVs of packets from here, unless they say so themselves.
    """

    id: InterfaceId
    mac: str
    addresses: tuple[IPInterface, ...] = ()
    mtu: int = DEFAULT_MTU
    vrf: str = DEFAULT_VRF
    external: bool = False
    policy: str | None = None
    urpf6: Urpf = Urpf.OFF
    urpf4: Urpf = Urpf.OFF
    tlv: TlvPolicy = TlvPolicy.OFF

    def urpf(self, version: int) -> Urpf:
        """Of a family, 4 or 6."""
        return self.urpf6 if version == 6 else self.urpf4

    @property
    def link_local(self) -> ipaddress.IPv6Address:
        """The modified EUI-64 link-local address of the MAC (RFC 4291 section 2.5.6)."""
        octets = bytes.fromhex(self.mac.replace(":", ""))
        host = bytes((octets[0] ^ 2,)) + octets[1:3] + b"\xff\xfe" + octets[3:]
        return ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + host)

    @property
    def broadcasts(self) -> frozenset[ipaddress.IPv4Address]:
        """The broadcast addresses of the connected prefixes, and their obsolete form, the network addresses.

        RFC 1812 4.2.3.1 has both; a prefix of 31 bits has neither (RFC 3021).
        """
        networks = [own.network for own in self.addresses if own.version == 4 and own.network.prefixlen < 31]
        return frozenset(
            address
            for network in networks
            for address in (network.network_address, network.broadcast_address)
            if isinstance(address, ipaddress.IPv4Address)
        )


@dataclass(frozen=True)
class Port:
    """A switch port, routed or layer 2.

    ``interfaces`` of a routed port are the untagged interface and then its VLANs. A layer 2 port has
    none: its frames go to ``policy`` (H.Encaps.L2) or nowhere, and it is an exit for End.DX2.
    ``device`` is the host interface behind the port, where one is known.
    """

    number: int
    interfaces: tuple[Interface, ...] = ()
    policy: str | None = None
    mtu: int = DEFAULT_MTU
    device: str | None = None

    @property
    def is_l2(self) -> bool:
        """True when frames are taken as they are instead of being routed."""
        return not self.interfaces
