# SPDX-License-Identifier: Apache-2.0
"""A Segment Routing Header on a socket of Linux (RFC 3542 7, `IPV6_RTHDR`), and the one a connection was opened with.

The kernel writes the header into every packet of the socket, the SYN included when it is set before `connect`; the
connection stays one to the last segment. No privilege is needed. What came with a SYN is there for sockets that
`receive` was called on, a listener's accepted ones included; it is read with an option that holds 1024 octets, which is
a list of some 60 segments.
"""

from __future__ import annotations

import socket
import struct

from srv6host.srh import Srh, SrhError

IPV6_2292PKTOPTIONS = 6  # linux/in6.h: ancillary data of the last packet, of a socket of TCP
IPV6_TRANSPARENT = 75  # any address is local
_LONGEST = 1024  # what getsockopt of Python takes
_CMSG = struct.Struct("@Nii")  # struct cmsghdr: length, level, type


def set_srh(endpoint: socket.socket, srh: Srh | None) -> None:
    """Give a socket an SRH, or (None) take it away. Raises OSError where the kernel does not take it."""
    endpoint.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RTHDR, b"" if srh is None else srh.octets())


def receive(endpoint: socket.socket) -> None:
    """Have a socket, or those that it will accept, keep the routing header of packets that come."""
    endpoint.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVRTHDR, 1)


def received(endpoint: socket.socket) -> Srh | None:
    """The SRH of the last packet that came, the SYN's at first; None where it had none. Raises SrhError, OSError."""
    data = endpoint.getsockopt(socket.IPPROTO_IPV6, IPV6_2292PKTOPTIONS, _LONGEST)
    at = 0
    while at + _CMSG.size <= len(data):
        length, level, kind = _CMSG.unpack_from(data, at)
        if length < _CMSG.size:
            break
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_RTHDR):
            if at + length > len(data):
                raise SrhError(f"a routing header of {length - _CMSG.size} octets is more than the kernel hands out")
            return Srh.parse(data[at + _CMSG.size : at + length])
        at += (length + 7) & ~7
    return None


def connect(target: str, port: int, srh: Srh | None, timeout: float | None = None) -> socket.socket:
    """A connection to the last segment by way of the others. Raises OSError."""
    endpoint = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    try:
        if srh is not None:
            set_srh(endpoint, srh)
        endpoint.settimeout(timeout)
        endpoint.connect((target, port))
    except BaseException:
        endpoint.close()
        raise
    return endpoint
