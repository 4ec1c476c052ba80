# SPDX-License-Identifier: Apache-2.0
"""What is on the switch, against a whole compilation of the node file as it is now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from ipaddress import ip_address, ip_network
from pathlib import Path

from soak import network
from srv6cp.cli.readback import paired_counters
from srv6cp.compile import compile_state
from srv6cp.compile.tables import MY_SID, SID_COUNTER
from srv6cp.config import load_node
from srv6cp.model import InterfaceId
from srv6cp.p4rt import Action, Client, Entity, P4RuntimeError, TableEntry
from srv6cp.sync import reconcile
from srv6cp.sync.numbers import numbers_of
from srv6cp.sync.program import Program


class Observer:
    """A client that only reads."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.numbers: dict[str, int] = {}
        """The counter of each SID, as it was found last."""

    @cached_property
    def _program(self) -> Program:
        return Program.read()

    def problems(self, file: Path, counts: Mapping[str, tuple[int, int]] | None = None) -> list[str]:
        """What is not as ``file`` says; nothing when all is right.

        ``counts``: packets that SIDs must have counted, at least and at most; None while packets are under way. SIDs
        keep their counters from one call to the next; see `forget`.
        """
        try:
            info = self._program.info
            with Client(self._address, network.DEVICE_ID, p4info=info, connect_timeout=1, rpc_timeout=10) as client:
                return list(self._problems(client, file, counts))
        except P4RuntimeError as error:
            return [f"the switch cannot be read: {error}"]

    def forget(self) -> None:
        """The switch is a new one."""
        self.numbers.clear()

    def _problems(self, client: Client, file: Path, counts: Mapping[str, tuple[int, int]] | None) -> Iterator[str]:
        if not self._program.runs_on(client):
            yield "the switch does not run the program"
            return
        node, info = load_node(file), client.p4info
        there = list(reconcile.read_owned(client))
        known = {(InterfaceId(host.port), ip_address(host.address)): host.mac for host in network.HOSTS}
        ids = numbers_of(client, info)
        watch = client.port_states() is not None
        desired = compile_state(node, info, known, ids, watch=watch)
        plan = reconcile.diff(there, desired.entities, info)
        if len(plan):
            yield from plan.render().splitlines()
            return
        yield from _doubles(there)
        found = _counters(there)
        if len(set(found.values())) < len(found):
            yield f"SIDs share a counter: {found}"
        for sid, number in found.items():
            if self.numbers.get(sid, number) != number:
                yield f"SID {sid} had counter {self.numbers[sid]} and has {number}"
        self.numbers = found
        if counts is not None:
            cells = paired_counters(client, SID_COUNTER, found.values())
            for sid, (least, most) in counts.items():
                counted = cells[found[str(ip_network(f"{sid}/64"))]].packets
                if not least <= counted <= most:
                    yield f"SID {sid} has counted {counted} packets, {least} went through it, {most - least} were lost"


def _doubles(there: list[Entity]) -> Iterator[str]:
    keys = Counter((e.table, e.priority, frozenset(e.match.items())) for e in there if isinstance(e, TableEntry))
    return (f"{table}: an entry is there {count} times" for (table, _, _), count in keys.items() if count > 1)


def _counters(there: list[Entity]) -> dict[str, int]:
    """The counter of each SID on the switch."""
    found = {}
    for entry in there:
        if isinstance(entry, TableEntry) and entry.table == MY_SID and isinstance(entry.action, Action):
            number = entry.action.params.get("sid_index")
            if isinstance(number, int) and number:
                found[str(entry.match["ipv6_dst"])] = number
    return found
