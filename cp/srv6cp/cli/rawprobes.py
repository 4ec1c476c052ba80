# SPDX-License-Identifier: Apache-2.0
"""Probes from this Linux machine, by raw sockets: CAP_NET_RAW is needed."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from ipaddress import IPv6Address
from types import TracebackType

from srv6cp.cli.exitcodes import CANNOT_CONNECT, CHECK_FAILED, CliError
from srv6cp.packets import ip, raw
from srv6cp.packets.probes import Probe, answer

_ANY_PORT = 9


class RawProbes:
    """Raw sockets; a context manager. ``inside`` runs what opens them, in another network namespace say.

    Raises CliError where they cannot be opened.
    """

    def __init__(self, inside: Callable[[Callable[[], socket.socket]], socket.socket] = lambda make: make()) -> None:
        self._inside = inside
        try:
            self._out = inside(lambda: socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW))
            self._in = inside(lambda: socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6))
        except PermissionError:
            raise CliError("raw sockets need root, or CAP_NET_RAW", CHECK_FAILED) from None

    def source(self, first: bytes) -> bytes:
        """The address that this machine has for what goes to the first segment. Raises CliError without a route."""
        address = str(IPv6Address(first))
        with self._inside(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as probe:
            try:
                probe.connect((address, _ANY_PORT))
            except OSError as error:
                raise CliError(f"{address}: {error.strerror}", CANNOT_CONNECT) from None
            return IPv6Address(probe.getsockname()[0].partition("%")[0]).packed

    def exchange(self, probe: Probe, wait: float) -> tuple[bytes, float] | None:
        """See `srv6cp.cli.probing.Exchange`. Raises CliError when the probe cannot be sent."""
        begin = time.perf_counter()
        try:
            self._out.sendto(probe.packet, (str(IPv6Address(probe.segments[0])), 0))
        except OSError as error:
            raise CliError(f"{IPv6Address(probe.segments[0])}: {error.strerror}", CANNOT_CONNECT) from None
        while (left := begin + wait - time.perf_counter()) > 0:
            self._in.settimeout(left)
            try:
                message, sender = self._in.recvfrom(65535)
            except TimeoutError:
                break
            took = time.perf_counter() - begin
            # The kernel gives the message without its header, and has verified its checksum.
            source = IPv6Address(str(sender[0]).partition("%")[0]).packed
            packet = ip.ipv6(source, probe.source, raw.ICMPV6, message)
            if answer(probe, packet) is not None:
                return packet, took
        return None

    def __enter__(self) -> RawProbes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()
        self._in.close()
