# SPDX-License-Identifier: Apache-2.0
"""End hosts and SRv6: a Segment Routing Header per socket, and functions on byte streams (SRv6Pipes).

``srh``        the header and its TLVs, as bytes (RFC 8754)
``sockets``    set it on a socket, read that of a connection that was accepted (Linux)
``functions``  what is done to a stream: xor, leet, zlib, TLS
``visit``      what an SRH asks of a proxy, and what it sends on
``relay``      two connections and the functions between them, without sockets
``proxy``      the transparent TCP proxy (Linux)

The first, and the three in the middle, know neither sockets nor time: the hosts of a lab in one process use them as the
proxy does. Nothing but the standard library is needed.
"""

from srv6host.srh import ReturnPath, Srh, SrhError

__all__ = ["ReturnPath", "Srh", "SrhError"]
