# SPDX-License-Identifier: Apache-2.0
"""Packets of hosts that are network namespaces, sent and received by their Linux."""

from __future__ import annotations

import itertools
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from srv6cp.packets import raw
from srv6host import sockets
from srv6host.srh import Srh, SrhError
from srv6lab import cables, fetching, namespaces
from srv6lab.errors import LabError
from srv6lab.lab import PROBE_PORT, Trip
from srv6lab.steps import Fetch
from srv6lab.topology import Host, Topology

if TYPE_CHECKING:
    from srv6lab.sniff import Sniffer

_sequence = itertools.count(1)


def ping(namespace: str, address: str, timeout: float) -> float | None:
    """Seconds until the answer to an echo request, None when none came within ``timeout`` seconds."""
    six = ip_address(address).version == 6
    family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
    request, reply = (128, 129) if six else (8, 0)
    rest = struct.pack("!HH", os.getpid() & 0xFFFF, next(_sequence) & 0xFFFF) + bytes(range(48))
    packet = bytes((request, 0, 0, 0)) + rest
    if not six:  # for IPv6 the kernel fills in the checksum
        packet = packet[:2] + raw.checksum(packet).to_bytes(2, "big") + rest
    with namespaces.inside(namespace, lambda: socket.socket(family, socket.SOCK_RAW, protocol)) as icmp:
        begin = time.perf_counter()
        try:
            icmp.sendto(packet, (address, 0))
            while (left := begin + timeout - time.perf_counter()) > 0:
                icmp.settimeout(left)
                answer = icmp.recv(65535)
                message = answer if six else answer[4 * (answer[0] & 15) :]
                if message[0] == reply and message[4:] == rest:
                    return time.perf_counter() - begin
        except (TimeoutError, OSError):  # no answer, or no route and the like
            pass
    return None


def probe(
    source: str,
    target: str,
    address: str,
    port: int,
    mark: bytes,
    sniffer: Sniffer,
    ends: tuple[str, str],
    timeout: float,
) -> Trip:
    """Send ``mark`` by UDP from a namespace to ``address`` in another one, and watch it.

    ``ends`` are the nodes that ``source`` and ``target`` are the namespaces of.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with (
        namespaces.inside(target, lambda: socket.socket(family, socket.SOCK_DGRAM)) as receiver,
        namespaces.inside(source, lambda: socket.socket(family, socket.SOCK_DGRAM)) as outgoing,
    ):
        for option in (receiver, outgoing):
            option.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        receiver.bind((address, PROBE_PORT))
        receiver.setblocking(False)
        outgoing.bind(("", port))
        try:
            outgoing.sendto(mark, (address, PROBE_PORT))
        except OSError:
            return Trip((), False)  # no route at the very start
        return sniffer.follow(mark, *ends, receiver, timeout)


def receivers(source: str, targets: Mapping[str, str], address: str, mark: bytes, timeout: float) -> list[str]:
    """Send ``mark`` by UDP to ``address``; who got it of ``targets``, nodes and their namespaces.

    Those that have the address are waited for until all have got it, or for ``timeout`` s.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found: list[str] = []
    with ExitStack() as opened:

        def in_namespace(name: str) -> socket.socket:
            return opened.enter_context(namespaces.inside(name, lambda: socket.socket(family, socket.SOCK_DGRAM)))

        names: dict[int, tuple[str, socket.socket]] = {}
        poll = select.poll()
        for node, namespace in targets.items():
            receiver = in_namespace(namespace)
            receiver.setblocking(False)
            with suppress(OSError):
                receiver.bind((address, PROBE_PORT))
                names[receiver.fileno()] = node, receiver
                poll.register(receiver, select.POLLIN)
        try:
            in_namespace(source).sendto(mark, (address, PROBE_PORT))
        except OSError:
            return found
        end = time.monotonic() + timeout
        while len(set(found)) < len(names) and (left := end - time.monotonic()) > 0:
            for number, _ in poll.poll(left * 1000):
                node, receiver = names[number]
                if mark in receiver.recv(65535):
                    found.append(node)
    return found


def fetch(topology: Topology, names: Mapping[str, str], step: Fetch, timeout: float) -> fetching.Fetched:
    """Have one host of Linux serve a text and another get it, by way of the segments of the step.

    A SYN/ACK is the kernel's, so what the server and each proxy send to the client gets its SRH from a route, for the
    time of this. Raises LabError.
    """
    client, server = topology.hosts[step.source], topology.hosts[step.to]
    way = step.back or step.via
    with ExitStack() as stack:
        try:
            for host in topology.hosts.values():
                before = _before(host, server, way)
                if before:
                    name = names[host.name]
                    segments = [str(segment) for segment in before]
                    end = namespaces.inside(name, partial(cables.steer_host, host, client.ipv6, segments))
                    stack.callback(namespaces.inside, name, end)
            listener = stack.enter_context(
                namespaces.inside(names[server.name], lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM))
            )
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((server.ipv6, fetching.PORT))
            listener.listen(1)
            listener.settimeout(timeout)
        except OSError as error:
            raise LabError(f"{step.source} cannot get anything from {step.to}: {error}") from None
        serving = threading.Thread(target=_serve, args=(listener,))
        serving.start()
        stack.callback(serving.join)
        stack.callback(listener.shutdown, socket.SHUT_RDWR)
        try:
            srh = Srh.by_way_of(step.via, server.ipv6, step.back, client.ipv6) if step.via else None
        except SrhError as error:
            raise LabError(str(error)) from None
        return _get(names[client.name], server.ipv6, srh, step.size, timeout)


def _before(host: Host, server: Host, way: Sequence[IPv6Address]) -> Sequence[IPv6Address]:
    """The segments between the client and what a host sends back: all of them for the server, those in front of a
    proxy for it."""
    if host is server:
        return way
    own = [place for place, segment in enumerate(way) if host.functions is not None and segment in host.functions]
    return way[: own[0]] if own else ()


def _serve(listener: socket.socket) -> None:
    """One request."""
    try:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(listener.gettimeout())
            asked = b""
            while (answer := fetching.answer(asked)) is None and (data := connection.recv(4096)):
                asked += data
            connection.sendall(answer or b"")
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
    except OSError:
        pass  # whoever asked has gone, or never came


def _get(name: str, address: str, srh: Srh | None, size: int, timeout: float) -> fetching.Fetched:
    reader, error = fetching.Reader(size), None
    begin = time.perf_counter()
    try:
        with namespaces.inside(name, lambda: sockets.connect(address, fetching.PORT, srh, timeout)) as connection:
            connection.sendall(fetching.request(size))
            while data := connection.recv(1 << 16):
                reader.received += data
    except OSError as problem:
        error = str(problem)
    return reader.result(time.perf_counter() - begin, error)
