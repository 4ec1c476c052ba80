# SPDX-License-Identifier: Apache-2.0
"""Whether a network interface of this machine can carry frames (Linux)."""

from __future__ import annotations

import fcntl
import socket
import struct

__all__ = ["link_is_up"]

_SIOCGIFFLAGS = 0x8913
_IFF_UP, _IFF_RUNNING = 1, 0x40
_REQUEST = struct.Struct("16sH14x")  # struct ifreq


def link_is_up(name: str, control: socket.socket) -> bool:
    """Whether interface ``name`` is switched on and has a carrier, in the namespace where ``control`` (any socket) was
    opened; false when there is no such interface."""
    request = _REQUEST.pack(name.encode(), 0)
    try:
        flags: int = _REQUEST.unpack(fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
    except OSError:
        return False
    # The kernel sets RUNNING where operstate is "up" or "unknown": the peer of a veth pair or the cable is there.
    return flags & (_IFF_UP | _IFF_RUNNING) == _IFF_UP | _IFF_RUNNING
