# SPDX-License-Identifier: Apache-2.0
"""A node's configuration, indexed for packets: which addresses are ours, what is on which link, who speaks
for us."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from srv6cp.model import InterfaceId, IPAddress, LocalSids, Node
from srv6cp.model.interfaces import DEFAULT_VRF, Interface
from srv6cp.packets import ndp

_ALL_ROUTERS = (bytes.fromhex("ff020000000000000000000000000002"), bytes.fromhex("ff050000000000000000000000000002"))

DUMMY_IPV4 = IPv4Address("192.0.0.8").packed
"""Source of ICMP errors of a node without any IPv4 address (RFC 7600 4.8)."""


@dataclass(frozen=True)
class Prefix:
    """A prefix as integers, for a cheap membership test on raw addresses."""

    size: int
    value: int
    mask: int

    @classmethod
    def of(cls, network: IPAddress, length: int) -> Prefix:
        bits = network.max_prefixlen
        mask = (1 << bits) - (1 << bits - length)
        return cls(bits // 8, int(network) & mask, mask)

    def holds(self, address: bytes) -> bool:
        return len(address) == self.size and int.from_bytes(address, "big") & self.mask == self.value


class InterfaceView:
    """A routed interface as packets see it."""

    def __init__(self, interface: Interface, vrf_id: int) -> None:
        self.id = interface.id
        self.name = str(interface.id)
        self.mac = bytes.fromhex(interface.mac.replace(":", "").replace("-", ""))
        self.vrf_id = vrf_id
        self.mtu = interface.mtu
        self.link_local = interface.link_local.packed
        self.addresses = tuple(address.ip.packed for address in interface.addresses)
        self._prefixes = tuple(Prefix.of(address.ip, address.network.prefixlen) for address in interface.addresses)
        self.broadcasts = frozenset(address.packed for address in interface.broadcasts) - {*self.addresses}
        solicited = (
            ndp.solicited_node(address) for address in (self.link_local, *self.addresses) if len(address) == 16
        )
        self._groups = frozenset((ndp.ALL_NODES, *_ALL_ROUTERS, *solicited))

    def owns(self, address: bytes) -> bool:
        """True when `address` is one of the interface's own, its link-local address included."""
        return address == self.link_local or address in self.addresses

    def on_link(self, address: bytes) -> bool:
        """True when a neighbour may have `address`: link-local or inside a prefix of the interface, and not
        ours."""
        if self.owns(address) or address in self.broadcasts:
            return False
        return is_link_local(address) or any(prefix.holds(address) for prefix in self._prefixes)

    def has_joined(self, group: bytes) -> bool:
        """True for a multicast group that a router is in on each of its links (RFC 4291 2.8)."""
        return group in self._groups

    def answers_from(self, target: bytes) -> bytes:
        """Our IPv6 address for an answer to ``target``, who asked a group on this link (RFC 4443 4.2)."""
        if is_link_local(target):
            return self.link_local
        near = self.source_towards(target)
        return near if near not in (None, self.link_local) else self.address(16) or self.link_local

    def source_towards(self, target: bytes) -> bytes | None:
        """Our address for asking about `target`: in the same prefix, else link-local; None for an IPv4
        stranger."""
        for address, prefix in zip(self.addresses, self._prefixes, strict=True):
            if prefix.holds(target):
                return address
        return self.link_local if len(target) == 16 else None

    def address(self, size: int) -> bytes | None:
        """The first configured address of `size` bytes."""
        return next((address for address in self.addresses if len(address) == size), None)


def is_link_local(address: bytes) -> bool:
    """True for fe80::/10."""
    return len(address) == 16 and address[0] == 0xFE and address[1] & 0xC0 == 0x80


class NodeIndex:
    """The questions that packet handling asks about a `Node`, answered from dictionaries."""

    def __init__(self, node: Node) -> None:
        self.node = node
        vrfs = node.vrfs
        self.interfaces = {
            interface.id: InterfaceView(interface, vrfs[interface.vrf]) for interface in node.interfaces()
        }
        self.source = node.source.packed if node.source is not None else None
        self.static_neighbors = frozenset((n.interface, n.address) for n in node.neighbors)
        self._broadcasts = {(each.vrf_id, address) for each in self.interfaces.values() for address in each.broadcasts}
        self._own = {(vrfs[vrf], address.packed) for vrf, address in node.own_addresses()}
        self._loopbacks = [(vrfs[own.vrf], own.address.packed) for own in node.addresses]
        self._sids = LocalSids(node)
        self._sources = {
            policy.encap.source.packed for policy in node.policies.values() if policy.encap.source is not None
        }

    def interface(self, port: int, vlan: int | None) -> InterfaceView | None:
        """The interface that a frame with this tag arrived by; VLAN 0 is a priority tag of the untagged
        one."""
        return self.interfaces.get(InterfaceId(port, vlan or 0))

    def is_broadcast(self, vrf_id: int, address: bytes) -> bool:
        """True for a broadcast address of a connected IPv4 prefix of that VRF."""
        return (vrf_id, address) in self._broadcasts

    def is_own(self, vrf_id: int, address: bytes) -> bool:
        """True for an address of the node in that VRF, the source addresses of policies included."""
        return (vrf_id, address) in self._own or (vrf_id == 0 and address in self._sources)

    def is_sid(self, vrf_id: int, address: bytes) -> bool:
        """True when the longest match of `address` in that VRF is a local SID."""
        return len(address) == 16 and self._sids.lookup(vrf_id, int.from_bytes(address, "big")) is not None

    def speaker(self, interface: InterfaceView | None, vrf_id: int, size: int) -> bytes | None:
        """Source address of an ICMP error (RFC 4443 2.2 d): 16 or 4 bytes, None when there is none at all.

        The first address of the ingress interface, else the node's source; else a loopback or an interface of
        the packet's VRF, else whatever the node has. Link-local only when nothing else is there; IPv4 falls
        back on the dummy address 192.0.0.8.
        """
        if interface is not None:
            address = interface.address(size)
            if address is not None:
                return address
        if size == 16 and self.source is not None:
            return self.source
        others = self._loopbacks + [
            (other.vrf_id, address) for other in self.interfaces.values() for address in other.addresses
        ]
        fitting = [(vrf != vrf_id, address) for vrf, address in others if len(address) == size]
        if fitting:
            return min(fitting, key=lambda choice: choice[0])[1]
        if size == 4:
            return DUMMY_IPV4
        return interface.link_local if interface is not None else None

    def origin_vrf(self, destination: bytes, segments: tuple[bytes, ...]) -> int:
        """VRF that a packet for `destination` came from before it was steered into a policy towards
        `segments`.

        Longest steering prefix among the policies whose lists visit one of these segments; where only a port
        or a classifier steers into such a policy, the VRF of that. The default VRF when nothing fits.
        """
        node = self.node
        visited = set(segments)
        names = {
            name
            for name, policy in node.policies.items()
            if any(segment.packed in visited for path in policy.lists for segment in path.segments)
        }
        best: tuple[int, str] = (-1, DEFAULT_VRF)
        for steering in node.prefix_steering:
            prefix = steering.prefix
            if steering.policy not in names or prefix.prefixlen <= best[0]:
                continue
            if Prefix.of(prefix.network_address, prefix.prefixlen).holds(destination):
                best = (prefix.prefixlen, steering.vrf)
        if best[0] >= 0:
            return node.vrfs[best[1]]
        for interface in node.interfaces():
            if interface.policy in names:
                return node.vrfs[interface.vrf]
        for rule in node.classifiers:
            if rule.policy in names:
                if rule.vrf is not None:
                    return node.vrfs[rule.vrf]
                port = node.ports.get(rule.port) if rule.port is not None else None
                if port is not None and port.interfaces:
                    return node.vrfs[port.interfaces[0].vrf]
        return 0
