# SPDX-License-Identifier: Apache-2.0
"""What every node needs to talk to its control plane: the punt session and the punt meters."""

from __future__ import annotations

from collections.abc import Iterator

from srv6cp.compile import tables
from srv6cp.compile.capabilities import Capabilities
from srv6cp.model import Node, PuntReason, RateLimit
from srv6cp.model.numbers import CPU_PORT, PUNT_SESSION
from srv6cp.p4rt.entities import CloneSession, MeterEntry, Replica

_REPLICA_INSTANCE = 1

# Punts that are no ICMP errors: enough for the protocol, little enough for a controller in Python.
_SERVICE_LIMITS = {
    PuntReason.LOCAL: RateLimit(2000, 1000),
    PuntReason.NDP: RateLimit(1000, 1000),
    PuntReason.ARP: RateLimit(1000, 1000),
    PuntReason.NEIGHBOR_UNRESOLVED: RateLimit(1000, 1000),
    PuntReason.FRAGMENT: RateLimit(5000, 2000),
}


def system_entities(node: Node, program: Capabilities) -> Iterator[CloneSession | MeterEntry]:
    """The clone session to the CPU port and one meter cell per punt reason that is limited."""
    yield CloneSession(PUNT_SESSION, (Replica(CPU_PORT, _REPLICA_INSTANCE),))
    if tables.PUNT_METER not in program.info.meters:
        return
    for reason in PuntReason:
        limit = _SERVICE_LIMITS.get(reason, node.icmp)
        if reason and limit is not None:
            # One rate: what is over it is red at once, with no yellow in between (RFC 2698 with PIR = CIR).
            yield MeterEntry(tables.PUNT_METER, int(reason), limit.rate, limit.burst, limit.rate, limit.burst)
