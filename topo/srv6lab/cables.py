# SPDX-License-Identifier: Apache-2.0
"""Nodes as network namespaces, links as veth pairs between them, hosts with addresses and routes.

A router's port P is the interface ``ethP`` of its namespace, without addresses: the kernel there neither answers nor
sends anything. A host has ``eth0``.
"""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
from collections.abc import Mapping
from functools import partial
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

from pyroute2 import IPRoute

from srv6lab import namespaces
from srv6lab.topology import End, Host, Topology

SIOCETHTOOL = 0x8946
# Of linux/ethtool.h: checksums of sent packets, TCP segmentation, generic segmentation and its reversal.
OFFLOADS = {"ETHTOOL_STXCSUM": 0x17, "ETHTOOL_STSO": 0x1F, "ETHTOOL_SGSO": 0x24, "ETHTOOL_SGRO": 0x2C}
IFA_F_NODAD = 0x02
# Nobody advertises routers in a lab and addresses are unique: no solicitations, no waiting for duplicates.
HOST_SETTINGS = {"accept_ra": 0, "autoconf": 0, "router_solicitations": 0, "accept_dad": 0, "dad_transmits": 0}


def interface(end: End) -> str:
    """The interface of a node at one end of a link."""
    return f"eth{end.port}"


def build(topology: Topology, names: Mapping[str, str]) -> None:
    """Make namespaces (``names``: node to namespace), links and hosts. Raises OSError; clean up with `clear` then."""
    for name in names.values():
        namespaces.create(name)
    for node, name in names.items():
        namespaces.inside(name, _prepare_router if node in topology.routers else _prepare_host)
    for link in topology.links:
        here, there = link.ends
        namespaces.inside(names[here.node], partial(_cable, here, there, names[there.node], link.mtu))
    for node, name in names.items():
        ports = [interface(link.at(node)) for link in topology.links_of(node)]
        host = topology.hosts.get(node)
        namespaces.inside(name, partial(_bring_up, ports, host))


def _set(settings: Mapping[str, int]) -> None:
    """IPv6 settings of interfaces to come; some are missing where IPv6 is compiled without them."""
    for key, value in settings.items():
        try:
            Path("/proc/sys/net/ipv6/conf/default", key).write_text(str(value))
        except OSError:
            pass


def _prepare_router() -> None:
    _set({"disable_ipv6": 1})


def _prepare_host() -> None:
    _set(HOST_SETTINGS)


def _cable(here: End, there: End, namespace: str, mtu: int) -> None:
    """A veth pair from this namespace into another one. It never shows outside them."""
    descriptor = os.open(namespaces.RUN / namespace, os.O_RDONLY)
    try:
        with IPRoute() as ip:
            peer = {"ifname": interface(there), "mtu": mtu, "net_ns_fd": descriptor}
            ip.link("add", ifname=interface(here), kind="veth", mtu=mtu, peer=peer)
    finally:
        os.close(descriptor)


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
