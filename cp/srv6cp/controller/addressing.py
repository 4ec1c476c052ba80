# SPDX-License-Identifier: Apache-2.0
"""A node's configuration, indexed for packets: which addresses are ours, what is on which link, who speaks
for us."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address, ip_network

from srv6cp import values
from srv6cp.behaviours.replicate import NAME_OF_SID
from srv6cp.model import InterfaceId, IPAddress, IPNetwork, LocalSids, Node
from srv6cp.model.interfaces import Interface
from srv6cp.packets import ndp

_ALL_ROUTERS = (bytes.fromhex("ff020000000000000000000000000002"), bytes.fromhex("ff050000000000000000000000000002"))

OFF_LINK = "address that is not on link"
"""Why most refused neighbours are none (`InterfaceView.refuses`)."""

DUMMY_IPV4 = IPv4Address("192.0.0.8").packed
"""Source of ICMP errors of a node without any IPv4 address (RFC 7600 4.8)."""


def _on_link(node: Node) -> dict[InterfaceId, set[IPNetwork]]:
    """By interface: what is on link, and the next hops that the configuration names on it, as host prefixes."""
    found: dict[InterfaceId, set[IPNetwork]] = {}
    for link in node.links():
        found.setdefault(link.interface, set()).add(link.prefix)
    vias = {id(route.nexthops): route.nexthops for route in node.routes}
    vias.update((id(via), via) for sid in node.sids if (via := sid.operands.get("via")))
    for hop in (hop for via in vias.values() for hop in via):
        if hop.address is not None:
            found.setdefault(hop.interface, set()).add(ip_network(hop.address))
    return found


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

    def __init__(self, interface: Interface, vrf_id: int, on_link: Iterable[IPNetwork] = ()) -> None:
        self.id = interface.id
        self.name = str(interface.id)
        self.mac = bytes.fromhex(interface.mac.replace(":", "").replace("-", ""))
        self.vrf_id = vrf_id
        self.mtu = interface.mtu
        self.link_local = interface.link_local.packed
        self.addresses = tuple(address.ip.packed for address in interface.addresses)
        self._prefixes = tuple(Prefix.of(address.ip, address.network.prefixlen) for address in interface.addresses)
        hosts = {prefix for prefix in on_link if prefix.prefixlen == prefix.max_prefixlen}
        self._hosts = frozenset(prefix.network_address.packed for prefix in hosts)
        self._on_link = tuple(Prefix.of(each.network_address, each.prefixlen) for each in on_link if each not in hosts)
        self.broadcasts = frozenset(address.packed for address in interface.broadcasts) - {*self.addresses}
        solicited = (
            ndp.solicited_node(address) for address in (self.link_local, *self.addresses) if len(address) == 16
        )
        self._groups = frozenset((ndp.ALL_NODES, *_ALL_ROUTERS, *solicited))

    def owns(self, address: bytes) -> bool:
        """True when `address` is one of the interface's own, its link-local address included."""
        return address == self.link_local or address in self.addresses

    def on_link(self, address: bytes) -> bool:
        """True when a neighbour may have `address`: link-local, on link by a prefix of the interface or a route, or a
        next hop of the configuration; and not ours."""
        return self.refuses(address) is None

    def refuses(self, address: bytes) -> str | None:
        """Why no neighbour can have ``address``; None when one may."""
        if self.owns(address):
            return "address of the node"
        if address in self.broadcasts:
            return "broadcast or network address"
        if is_link_local(address) or address in self._hosts:
            return None
        kind = values.not_forwarded(ip_address(address))
        if kind is not None and kind != "link-local":
            return f"{kind} address"
        return None if any(prefix.holds(address) for prefix in self._on_link) else OFF_LINK

    def refuses_mac(self, mac: bytes) -> str | None:
        """Why no neighbour can have this MAC address; None when one may."""
        if mac[0] & 1:
            return "group MAC address"
        if not any(mac):
            return "MAC address 0"
        return "MAC address of the port itself" if mac == self.mac else None

    def has_joined(self, group: bytes) -> bool:
        """True for a multicast group that a router is in on each of its links (RFC 4291 2.8)."""
        return group in self._groups

    def answers_from(self, target: bytes) -> bytes:
        """Our IPv6 address for an answer to ``target``, who asked a group on this link (RFC 4443 4.2)."""
        if is_link_local(target):
            return self.link_local
        return self.address_beside(target) or self.address(16) or self.link_local

    def address_beside(self, target: bytes) -> bytes | None:
        """Our address in a prefix of the interface that holds `target`."""
        for address, prefix in zip(self.addresses, self._prefixes, strict=True):
            if prefix.holds(target):
                return address
        return None

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
        on_link = _on_link(node)
        self.interfaces = {
            interface.id: InterfaceView(interface, vrfs[interface.vrf], on_link.get(interface.id, ()))
            for interface in node.interfaces()
        }
        self.source = node.source.packed if node.source is not None else None
        self.static_neighbors = frozenset((n.interface, n.address) for n in node.neighbors)
        self._broadcasts = {(each.vrf_id, address) for each in self.interfaces.values() for address in each.broadcasts}
        self._own = {(vrfs[vrf], address.packed) for vrf, address in node.own_addresses()}
        self._loopbacks = [(vrfs[own.vrf], own.address.packed) for own in node.addresses]
        self._sids = LocalSids(node)
        self._replicates = any(sid.behaviour == NAME_OF_SID for sid in node.sids)
        self._own.update(
            (vrfs[policy.vrf], policy.encap.source.packed)
            for policy in node.policies.values()
            if policy.encap.source is not None
        )

    def interface(self, port: int, vlan: int | None) -> InterfaceView | None:
        """The interface that a frame with this tag arrived by; VLAN 0 is a priority tag of the untagged
        one."""
        return self.interfaces.get(InterfaceId(port, vlan or 0))

    def is_broadcast(self, vrf_id: int, address: bytes) -> bool:
        """True for a broadcast address of a connected IPv4 prefix of that VRF."""
        return (vrf_id, address) in self._broadcasts

    def is_own(self, vrf_id: int, address: bytes) -> bool:
        """True for an address of the node in that VRF, the source addresses of policies included."""
        return (vrf_id, address) in self._own

    def is_sid(self, vrf_id: int, address: bytes) -> bool:
        """True when the longest match of `address` in that VRF is a local SID."""
        return len(address) == 16 and self._sids.lookup(vrf_id, int.from_bytes(address, "big")) is not None

    def is_replicated(self, vrf_id: int, address: bytes) -> bool:
        """True for a Replication-SID: what comes for it counts as multicast (RFC 9524 2.2.3)."""
        if not self._replicates or len(address) != 16:
            return False
        sid = self._sids.lookup(vrf_id, int.from_bytes(address, "big"))
        return sid is not None and sid.behaviour == NAME_OF_SID

    def crossed_vrf(self, vrf_id: int, address: bytes) -> int | None:
        """VRF of the interface that the SID at `address` sends packets to; None for a SID without next hops."""
        sid = self._sids.lookup(vrf_id, int.from_bytes(address, "big"))
        via = sid.operands.get("via") if sid is not None else None
        return self.interfaces[via[0].interface].vrf_id if via else None

    def asker(self, interface: InterfaceView, target: bytes) -> bytes:
        """Source address of a question for the neighbour `target`, 16 or 4 bytes like it.

        An address of the interface in the same prefix. Else, for IPv6, its link-local one, which every neighbour can
        answer (RFC 4861 7.2.2: any address of the interface); for IPv4 another address of the interface, else one of
        the node in the same VRF, else 0.0.0.0, which asks without a claim (RFC 5227 2.1.1).
        """
        beside = interface.address_beside(target)
        if beside is not None:
            return beside
        if len(target) == 16:
            return interface.link_local
        return interface.address(4) or next(self._addresses(interface.vrf_id, target), bytes(4))

    def speaker(self, interface: InterfaceView | None, vrf_id: int, target: bytes) -> bytes | None:
        """Source address, 16 or 4 bytes, of an ICMP error to `target` about a packet of a VRF (RFC 4443 2.2 d, RFC
        1812 4.3.2.4): an address of that VRF, since those of others mean nothing there, or something else.

        The first address of the ingress interface, if that is in the VRF; else, in the default VRF, the node's source;
        else a loopback of the VRF, an interface beside `target`, the first interface that has one. None where an IPv6
        VRF has no address, except link-local to a neighbour on the ingress interface; for IPv4 then the dummy address
        192.0.0.8, which is there for this (RFC 7600 4.8).
        """
        if interface is not None and interface.vrf_id != vrf_id:
            interface = None
        size = len(target)
        if interface is not None and (address := interface.address(size)) is not None:
            return address
        if size == 16 and vrf_id == 0 and self.source is not None:
            return self.source
        address = next(self._addresses(vrf_id, target), None)
        if address is not None:
            return address
        if size == 4:
            return DUMMY_IPV4
        return interface.link_local if interface is not None and interface.on_link(target) else None

    def _addresses(self, vrf_id: int, target: bytes) -> Iterator[bytes]:
        """Addresses of a VRF in the family of `target`: loopbacks, in a prefix with it, others."""
        size = len(target)
        yield from (address for vrf, address in self._loopbacks if vrf == vrf_id and len(address) == size)
        members = [view for view in self.interfaces.values() if view.vrf_id == vrf_id]
        yield from filter(None, (view.address_beside(target) for view in members))
        yield from filter(None, (view.address(size) for view in members))
