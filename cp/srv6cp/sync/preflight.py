# SPDX-License-Identifier: Apache-2.0
"""What must be true before a switch is started, each told in one line.

BMv2 says nothing of an interface that it cannot open, and shares a TCP port that is in use (``SO_REUSEPORT``), so that
clients reach either switch; a gRPC server takes the path of a unix socket away from the one that listens there. So this
is found out before.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["LaunchError", "address_is_free", "claim", "folder_for_recordings", "interfaces_are_there"]

_LONGEST_PATH = 107  # of sockaddr_un


class LaunchError(Exception):
    """A switch does not start; the message is one clear line."""


def split(address: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``. Raises LaunchError."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdecimal()) or not 0 < int(port) < 65536:
        raise LaunchError(f"P4Runtime address {address!r}: HOST:PORT is needed, such as 127.0.0.1:9559, or unix:PATH")
    return host.removeprefix("[").removesuffix("]"), int(port)


def claim(address: str) -> socket.socket | None:
    """Keep others that start switches away from ``HOST:PORT`` until the result is closed.

    Between a look at a port and the start of the switch another one could be started there; the kernel gives a name
    to one only. None where it has no such names (not Linux) and for ``unix:`` paths, which say by themselves whose
    they are.

    Raises:
        LaunchError: somebody else has it.
    """
    if address.startswith("unix:"):
        return None
    name = socket.socket(socket.AF_UNIX)
    try:
        host, port = _resolved(address)[1][:2]
        name.bind(f"\0srv6-switch {host} {port}")
    except OSError as error:
        name.close()
        if error.errno != errno.EADDRINUSE:
            return None
        raise LaunchError(f"another switch is being started at {address}; choose another --grpc-addr") from None
    except BaseException:
        name.close()
        raise
    return name


def _resolved(address: str) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    """Family and socket address of ``HOST:PORT``. Raises LaunchError."""
    try:
        family, _, _, _, where = socket.getaddrinfo(*split(address), type=socket.SOCK_STREAM)[0]
    except OSError:
        raise LaunchError(f"P4Runtime address {address}: unknown host name") from None
    return family, where


def address_is_free(address: str) -> None:
    """Raises LaunchError when a server could not listen at ``HOST:PORT`` or ``unix:PATH``, with the reason."""
    if address.startswith("unix:"):
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
    path = Path(address.removeprefix("unix:"))
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise LaunchError(f"P4Runtime address {address}: the path is longer than {_LONGEST_PATH} bytes")
    if not path.parent.is_dir():
        raise LaunchError(f"P4Runtime address {address}: there is no directory {path.parent}")
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise LaunchError(f"P4Runtime address {address}: there is a file of that name that is no socket")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return  # left by one that was killed
    raise LaunchError(
        f"somebody listens at {address} already; stop it, choose another --grpc-addr, or control it with --switch none"
    )


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
