# SPDX-License-Identifier: Apache-2.0
"""What one port may cost a node: packets that the control plane looks at, and passes through the pipeline."""

from __future__ import annotations

from dataclasses import dataclass

MAX_VISITS = 128
"""Passes of one packet, whatever a node asks for: an SRH has room for 127 segments."""


@dataclass(frozen=True)
class RateLimit:
    """``rate`` packets per second, ``burst`` at once."""

    rate: int
    burst: int


@dataclass(frozen=True)
class Limits:
    """Of each port; None: no limit. ICMP errors have ``Node.icmp``.

    Each is enough for its protocol on one link, and all of a port's together leave a controller in Python time for
    the other ports.
    """

    neighbors: RateLimit | None = RateLimit(200, 200)
    """Neighbour discovery and, apart from it, ARP."""
    echo: RateLimit | None = RateLimit(300, 50)
    """Pings of the node. The burst is small because each may be dear twice, itself and a reply whose neighbour is to be
    asked for: the pings of other ports wait behind it for some 50 ms."""
    local: RateLimit | None = RateLimit(200, 100)
    """Other packets to the node."""
    unresolved: RateLimit | None = RateLimit(200, 200)
    """Packets whose next hop is still to be found."""
    fragments: RateLimit | None = RateLimit(1000, 500)
    """IPv4 packets that the controller has to fragment."""
    reassembly: RateLimit | None = RateLimit(1000, 500)
    """Fragments at a SID that the controller puts together."""
    oam: RateLimit | None = RateLimit(100, 50)
    """Copies of packets with the O flag (RFC 9259 2.1.1)."""
    passes: RateLimit | None = RateLimit(3000, 400)
    """Passes after a packet's second one: a packet through the SIDs of this node takes one for each."""
    sid_visits: int = 16
    """How many SIDs of this node one packet may meet, 2 to `MAX_VISITS`."""


USUAL_LIMITS = Limits()
USUAL_ICMP_LIMIT = RateLimit(100, 50)
"""ICMP errors of each port and kind (RFC 4443 2.4 f)."""
