# SPDX-License-Identifier: Apache-2.0
"""Where P4Runtime listens: ``HOST:PORT`` or ``unix:PATH``."""

from __future__ import annotations

import socket

from p4rtlib.unixsockets import is_unix

__all__ = ["is_loopback", "is_low_port"]


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches ``address``; false for a name that nobody knows."""
    if is_unix(address):
        return True
    host = address.rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host or None, 1, flags=socket.AI_PASSIVE)}
    except OSError:
        return False
    return all(text.startswith("127.") or text == "::1" for text in found)


def is_low_port(address: str) -> bool:
    """Whether ``address`` has a port that only root, or who has CAP_NET_BIND_SERVICE, may open."""
    port = address.rpartition(":")[2]
    return port.isascii() and port.isdecimal() and 0 < int(port) < 1024
