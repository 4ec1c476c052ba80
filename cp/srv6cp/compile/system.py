# SPDX-License-Identifier: Apache-2.0
"""What every node needs to talk to its control plane and to keep what one port costs within limits: the punt session,
the meters, the limit of SIDs that a packet meets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from srv6cp.compile import tables
from srv6cp.compile.capabilities import Capabilities
from srv6cp.model import MAX_VISITS, Node, PuntReason, RateLimit
from srv6cp.model.numbers import CPU_PORT, PUNT_SESSION
from srv6cp.p4rt.entities import Action, CloneSession, MeterEntry, Replica, TableEntry

_REPLICA_INSTANCE = 1
_REASONS_PER_PORT = 32

# Further passes, and copies, each of which is one.
_BUDGETS = (tables.PASS_METER, tables.COPY_METER)

# Of this node's own packets each is due to one that came by a port and was metered there; what is left to guard
# against is a loop.
_OWN = RateLimit(2000, 1000)


# Copies for OAM have a meter of their own, since the packet itself may be punted as well.
_METERED = tuple(reason for reason in PuntReason if reason not in (PuntReason.NONE, PuntReason.O_FLAG))


def punt_cell(port: int, reason: PuntReason) -> int:
    """Index of `port_punt_meter` and `port_limit_counter` (of which that of no reason counts passes)."""
    return port * _REASONS_PER_PORT + reason


def of_punt_cell(cell: int) -> tuple[int, int]:
    """(Port, number of the punt reason) of an index."""
    return divmod(cell, _REASONS_PER_PORT)


def system_entities(node: Node, program: Capabilities) -> Iterator[CloneSession | MeterEntry | TableEntry]:
    """The clone session to the CPU port, the meters of each port, and the limit of visits."""
    yield CloneSession(PUNT_SESSION, (Replica(CPU_PORT, _REPLICA_INSTANCE),))
    meters = program.info.meters
    if tables.PUNT_METER in meters:
        limits = punt_limits(node)
        for port in (*node.ports, CPU_PORT):
            for reason, limit in limits.items():
                if limit is not None:
                    yield _meter(tables.PUNT_METER, punt_cell(port, reason), _OWN if port == CPU_PORT else limit)
    if tables.OAM_METER in meters:
        for port in (*node.ports, CPU_PORT):
            if node.limits.oam is not None:
                yield _meter(tables.OAM_METER, port, _OWN if port == CPU_PORT else node.limits.oam)
    for budget in _BUDGETS:
        if budget in meters and node.limits.passes is not None:
            for port in node.ports:
                yield _meter(budget, port, node.limits.passes)
    if program.has(tables.SID_VISIT_LIMIT) and node.limits.sid_visits < MAX_VISITS:
        yield TableEntry(tables.SID_VISIT_LIMIT, {"visits": node.limits.sid_visits}, Action("too_many_visits"))


def punt_limits(node: Node) -> dict[PuntReason, RateLimit | None]:
    """Limit of each port by reason; what is not named in ``limits`` is an ICMP error."""
    limits = node.limits
    services = {
        PuntReason.LOCAL: limits.local,
        PuntReason.NDP: limits.neighbors,
        PuntReason.ARP: limits.neighbors,
        PuntReason.NEIGHBOR_UNRESOLVED: limits.unresolved,
        PuntReason.FRAGMENT: limits.fragments,
        PuntReason.ECHO: limits.echo,
        PuntReason.REASSEMBLY: limits.reassembly,
        PuntReason.GTP_ECHO: limits.echo,
        PuntReason.NSH: limits.unresolved,
        PuntReason.SERVICE_CACHE: limits.unresolved,
        PuntReason.SERVICE_FLOW: limits.unresolved,
    }
    return {reason: services.get(reason, node.icmp) for reason in _METERED}


def metered(ports: Iterable[int], program: Capabilities) -> Iterator[MeterEntry]:
    """What to read of the meters: all cells that a node with these ports may have set.

    There are thousands; those of other ports meet no packet, since a port without configuration takes none.
    """
    known = sorted({*ports, CPU_PORT})
    if tables.PUNT_METER in program.info.meters:
        yield from (MeterEntry(tables.PUNT_METER, punt_cell(port, each)) for port in known for each in _METERED)
    for budget in (tables.OAM_METER, *_BUDGETS):
        if budget in program.info.meters:
            yield from (MeterEntry(budget, port) for port in known)
    if tables.GROUP_METER in program.info.meters:
        cells = range(program.info.meters[tables.GROUP_METER].size)
        yield from (MeterEntry(tables.GROUP_METER, cell) for cell in cells)


def _meter(name: str, index: int, limit: RateLimit) -> MeterEntry:
    """One rate: what is over it is red at once, with no yellow in between (RFC 2698 with PIR = CIR)."""
    return MeterEntry(name, index, limit.rate, limit.burst, limit.rate, limit.burst)
