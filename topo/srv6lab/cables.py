# SPDX-License-Identifier: Apache-2.0
"""Nodes as network namespaces, the cables between them, hosts with addresses and routes.

A router's port P is the interface ``ethP`` of its namespace, without addresses: the kernel there neither answers nor
sends anything. A host has ``eth0``.

A cable is a veth pair from each of its ends into a namespace of cables, where a bridge joins the two. So a cable can be
cut (`connect`) as a real one: both ends lose the carrier and no interface of a node is taken down. That would make a
host forget its addresses, and BMv2 deaf on all ports: libpcap waits in the one thread that receives for the interface
that went down.
"""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

from pyroute2 import IPRoute, NetlinkError

from srv6lab import namespaces
from srv6lab.lab import Carried
from srv6lab.topology import End, Host, Link, Topology

SIOCETHTOOL = 0x8946
# Of linux/ethtool.h: checksums of sent packets, TCP segmentation, generic segmentation and its reversal.
OFFLOADS = {"ETHTOOL_STXCSUM": 0x17, "ETHTOOL_STSO": 0x1F, "ETHTOOL_SGSO": 0x24, "ETHTOOL_SGRO": 0x2C}
IFA_F_NODAD = 0x02
PROXIED = 100  # routing table of a proxy: all is local
#: Link-local groups pass as well, but for those that the kernel keeps: spanning tree, pause, link aggregation.
BRIDGE = {"br_ageing_time": 0, "br_mcast_snooping": 0, "br_group_fwd_mask": 0xFFF8}
# Nobody advertises routers in a lab and addresses are unique: no solicitations, no waiting for duplicates.
HOST_SETTINGS = {"accept_ra": 0, "autoconf": 0, "router_solicitations": 0, "accept_dad": 0, "dad_transmits": 0}


def interface(end: End) -> str:
    """The interface of a node at one end of a link."""
    return f"eth{end.port}"


def build(topology: Topology, names: Mapping[str, str], cables: str) -> None:
    """Make namespaces (``names``: node to namespace), cables and hosts.

    Raises OSError; clean up with `namespaces.clear` then, ``cables`` as well.
    """
    for name in (cables, *names.values()):
        namespaces.create(name)
    namespaces.inside(cables, _prepare_router)
    for node, name in names.items():
        namespaces.inside(name, _prepare_router if node in topology.routers else _prepare_host)
    for link in topology.links:
        namespaces.inside(cables, partial(_cable, link, [names[end.node] for end in link.ends]))
    for node, name in names.items():
        ports = [interface(link.at(node)) for link in topology.links_of(node)]
        host = topology.hosts.get(node)
        namespaces.inside(name, partial(_bring_up, ports, host))


def connect(link: Link, cables: str, whole: bool) -> None:
    """Cut or restore a cable. Raises OSError."""
    namespaces.inside(cables, partial(_set_links, _middle(link), "up" if whole else "down"))


def _middle(link: Link) -> tuple[str, str]:
    """The far ends of the two veth pairs of a cable."""
    return f"cable{link.number}a", f"cable{link.number}b"


def carried(topology: Topology, cables: str) -> dict[int, tuple[Carried, Carried]]:
    """What the kernel has counted of each cable: number of a link to its two directions. Raises OSError."""
    counts = namespaces.inside(cables, _counts)
    nothing = Carried(0, 0, 0)
    found = {}
    for link in topology.links:
        first, second = (counts.get(name, nothing) for name in _middle(link))
        found[link.number] = (first, second)
    return found


def _counts() -> dict[str, Carried]:
    """Interface to what came in by it."""
    with IPRoute() as ip:
        found = {}
        for message in ip.get_links():
            stats = message.get_attr("IFLA_STATS64") or {}
            octets, dropped = stats.get("rx_bytes", 0), stats.get("rx_dropped", 0)
            found[message.get_attr("IFLA_IFNAME")] = Carried(stats.get("rx_packets", 0), octets, dropped)
        return found


def _set_links(ports: tuple[str, ...], state: str) -> None:
    with IPRoute() as ip:
        for port in ports:
            try:
                ip.link("set", index=ip.link_lookup(ifname=port)[0], state=state)
            except (IndexError, NetlinkError) as error:
                raise OSError(f"interface {port} cannot be set {state}: {error}") from None


def _set(settings: Mapping[str, int], of: str = "default") -> None:
    """IPv6 settings of interfaces to come, or (``all``) of the namespace; some are missing where IPv6 is compiled
    without them."""
    for key, value in settings.items():
        try:
            Path("/proc/sys/net/ipv6/conf", of, key).write_text(str(value))
        except OSError:
            pass


def _prepare_router() -> None:
    _set({"disable_ipv6": 1})


def _prepare_host() -> None:
    _set(HOST_SETTINGS)
    for of in ("all", "default"):
        _set({"seg6_enabled": 1}, of)  # packets with an SRH that has no segment left are for the host


def _cable(link: Link, names: list[str]) -> None:
    """From the namespace of cables, where this runs, to both ends."""
    bridge = f"cable{link.number}"
    with IPRoute() as ip:
        # Whatever comes in at one end leaves at the other: nothing is learned, no group is looked for.
        ip.link("add", ifname=bridge, kind="bridge", mtu=link.mtu, **BRIDGE)
        index = ip.link_lookup(ifname=bridge)[0]
        for end, middle, namespace in zip(link.ends, _middle(link), names, strict=True):
            descriptor = os.open(namespaces.RUN / namespace, os.O_RDONLY)
            try:
                peer = {"ifname": interface(end), "mtu": link.mtu, "net_ns_fd": descriptor}
                ip.link("add", ifname=middle, kind="veth", mtu=link.mtu, peer=peer)
            finally:
                os.close(descriptor)
            _no_offloads(middle)
            ip.link("set", index=ip.link_lookup(ifname=middle)[0], master=index)
    _set_links((bridge, *_middle(link)), "up")


def _bring_up(ports: list[str], host: Host | None) -> None:
    with IPRoute() as ip:
        ip.link("set", index=1, state="up")  # lo
        for port in ports:
            _no_offloads(port)
            index = ip.link_lookup(ifname=port)[0]
            if host is not None:
                ip.link("set", index=index, address=host.mac)
            ip.link("set", index=index, state="up")
            if host is not None:
                _address(ip, index, host)
                if host.functions is not None:
                    # Whatever End.VNF gives it is its own: a proxy answers for others.
                    ip.rule("add", family=socket.AF_INET6, iifname=port, table=PROXIED, priority=100)
                    ip.route("add", family=socket.AF_INET6, dst="::/0", oif=1, type="local", table=PROXIED)


def steer_host(host: Host, target: str, segments: Sequence[str]) -> Callable[[], None]:
    """In the namespace of a host: what it sends to ``target`` gets an SRH; returns the function that ends this.

    ``segments``: in wire order (pyroute2 takes them so), without the target. Raises OSError.
    """
    with IPRoute() as ip:
        encap = {"type": "seg6", "mode": "inline", "segs": list(segments)}
        route = {"dst": f"{target}/128", "gateway": host.gateways[0].ip.compressed,
                 "oif": ip.link_lookup(ifname="eth0")[0], "encap": encap}  # fmt: skip
        try:
            ip.route("replace", **route)
        except NetlinkError as error:
            raise OSError(f"{host.name} cannot send to {target} by way of others: {error}") from None

    def end() -> None:
        with IPRoute() as ip:
            ip.route("del", dst=f"{target}/128")

    return end


def _address(ip: IPRoute, index: int, host: Host) -> None:
    gateway6, gateway4 = host.gateways
    pairs: tuple[tuple[IPv4Interface | IPv6Interface, IPv4Interface | IPv6Interface], ...]
    pairs = ((host.interface6, gateway6), (host.interface4, gateway4))
    for own, gateway in pairs:
        flags = {"flags": IFA_F_NODAD} if own.version == 6 else {}
        ip.addr("add", index=index, address=str(own.ip), prefixlen=own.network.prefixlen, **flags)
        if not host.l2:
            default = "::/0" if own.version == 6 else "0.0.0.0/0"
            ip.route("add", dst=default, gateway=str(gateway.ip), oif=index)


def _no_offloads(port: str) -> None:
    """Have the kernel finish packets before they reach the cable.

    Between kernels a veth saves work: it carries TCP segments of up to 64 KiB and leaves checksums open, which "the
    hardware" would cut and fill in. There is no hardware behind this one but a switch that reads whole frames: it would
    drop the long ones, and pass on checksums that are wrong.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in OFFLOADS.values():
            value = array.array("B", struct.pack("II", command, 0))  # struct ethtool_value
            request = struct.pack("16sP16x", port.encode(), value.buffer_info()[0])  # struct ifreq
            try:
                fcntl.ioctl(control, SIOCETHTOOL, request)
            except OSError:
                pass  # a feature that this kernel does not have is off
