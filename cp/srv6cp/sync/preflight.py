# SPDX-License-Identifier: Apache-2.0
"""What must be true before a switch is started, each told in one line.

BMv2 says nothing of an interface that it cannot open, and shares a TCP port that is in use (``SO_REUSEPORT``), so that
clients reach either switch. So this is found out before.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from p4rtlib import unixsockets
from p4rtlib.locks import locked

__all__ = ["Claim", "LaunchError", "address_is_free", "folder_for_recordings", "interfaces_are_there", "sweep"]


class LaunchError(Exception):
    """A switch does not start; the message is one clear line."""


def split(address: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``. Raises LaunchError."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdecimal()) or not 0 < int(port) < 65536:
        raise LaunchError(f"P4Runtime address {address!r}: HOST:PORT is needed, such as 127.0.0.1:9559, or unix:PATH")
    return host.removeprefix("[").removesuffix("]"), int(port)


class Claim:
    """Keeps others that start switches away from an address until it is closed.

    Between a look at an address and the start of the switch another one could be started there. Of ``HOST:PORT`` the
    kernel gives a name to one only; beside the socket of ``unix:PATH`` stands a file that one can lock.

    Raises:
        LaunchError: somebody else has it.
    """

    def __init__(self, address: str) -> None:
        self._taken = f"another switch is being started at {address}; choose another --grpc-addr"
        self._name: socket.socket | None = None
        self._lock: int | None = None
        if unixsockets.is_unix(address):
            path = unixsockets.path_of(address)
            self._file = path.with_name(path.name + ".lock")
            with suppress(OSError):  # of a place where nobody can listen either: address_is_free says why
                self._lock = locked(self._file, wait=False)
                if self._lock is None:
                    raise LaunchError(self._taken)
        else:
            self._take_name(*_resolved(address)[1][:2])

    def _take_name(self, host: str, port: int) -> None:
        """There are no such names but on Linux; there a port says by itself that it is in use."""
        self._name = socket.socket(socket.AF_UNIX)
        try:
            self._name.bind(f"\0srv6-switch {host} {port}")
        except OSError as error:
            self._name.close()
            if error.errno == errno.EADDRINUSE:
                raise LaunchError(self._taken) from None

    def close(self) -> None:
        """Let others have it."""
        if self._name is not None:
            self._name.close()
        if self._lock is not None:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None


def sweep(folder: Path) -> None:
    """Remove the sockets and locks of switches that were killed, in a folder that is this user's alone."""
    for lock in folder.glob("*.sock.lock"):
        with suppress(OSError):
            handle = locked(lock, wait=False)
            if handle is None:
                continue  # its starter lives
            with suppress(unixsockets.Unusable):
                unixsockets.clear(f"unix:{lock.with_suffix('')}")
                lock.unlink(missing_ok=True)
            os.close(handle)


def _resolved(address: str) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    """Family and socket address of ``HOST:PORT``. Raises LaunchError."""
    try:
        family, _, _, _, where = socket.getaddrinfo(*split(address), type=socket.SOCK_STREAM)[0]
    except OSError:
        raise LaunchError(f"P4Runtime address {address}: unknown host name") from None
    return family, where


def address_is_free(address: str) -> None:
    """Raises LaunchError when a server could not listen at ``HOST:PORT`` or ``unix:PATH``, with the reason."""
    if unixsockets.is_unix(address):
        return _path_is_free(address)
    family, where = _resolved(address)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Past connections do not matter; a server that listens refuses this, whatever options it has.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(where)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise LaunchError(
                    f"somebody listens at {address} already; stop it, choose another --grpc-addr, or control it with"
                    " --switch none"
                ) from None
            if error.errno == errno.EADDRNOTAVAIL:
                raise LaunchError(f"P4Runtime address {address}: no interface of this machine has it") from None
            raise LaunchError(f"P4Runtime address {address}: {error.strerror}") from None


def _path_is_free(address: str) -> None:
    try:
        unixsockets.clear(address)
    except unixsockets.InUse:
        raise LaunchError(
            f"somebody listens at {address} already; stop it, choose another --grpc-addr, or control it with"
            " --switch none"
        ) from None
    except unixsockets.Unusable as error:
        raise LaunchError(f"P4Runtime address {address}: {error}") from None


def interfaces_are_there(interfaces: Mapping[int, str]) -> None:
    """Raises LaunchError for interfaces of this namespace that do not exist, and without the right to use them."""
    if not interfaces:
        return
    there = {name for _, name in socket.if_nameindex()}
    for port, name in interfaces.items():
        if name not in there:
            others = ", ".join(sorted(there - {"lo"})) or "none"
            raise LaunchError(f"port {port}: there is no interface {name!r}; there are: {others}")
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except PermissionError:
        port, name = next(iter(interfaces.items()))
        raise LaunchError(f"port {port}: interface {name} needs root (CAP_NET_RAW)") from None


def folder_for_recordings(folder: str) -> None:
    """Make ``folder`` unless it is there. Raises LaunchError when files cannot be written to it."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LaunchError(f"--pcap {folder}: {error.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise LaunchError(f"--pcap {folder}: nothing can be written there")
