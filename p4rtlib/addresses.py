# SPDX-License-Identifier: Apache-2.0
"""Where P4Runtime listens: ``HOST:PORT`` or ``unix:PATH``."""

from __future__ import annotations

import socket

__all__ = ["is_loopback"]


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches ``address``; false for a name that nobody knows."""
    if address.startswith("unix:"):
        return True
    host = address.rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host or None, 1, flags=socket.AI_PASSIVE)}
    except OSError:
        return False
    return all(text.startswith("127.") or text == "::1" for text in found)
