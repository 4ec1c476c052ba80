# SPDX-License-Identifier: Apache-2.0
"""A lab of namespaces that runs, seen from another process."""

from __future__ import annotations

import itertools
import json
import os
import socket
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from srv6cp.model import Node
from srv6lab.errors import LabError
from srv6lab.lab import Trip
from srv6lab.nodes import node_of
from srv6lab.state import State
from srv6lab.topology import Topology, TopologyError

ANSWER_LIMIT = 60.0  # s


class RunningLab:
    """A :class:`srv6lab.lab.Lab`. Configuration goes through the daemon; packets are sent from here, inside the hosts.

    Raises:
        LabError: the lab's record is damaged, or its daemon does not run.
    """

    def __init__(self, state: State) -> None:
        record = state.record()
        if record is None or not state.alive():
            raise LabError(f"{state.name} has crashed; `srv6 lab down {state.name}` clears it away")
        self._state = state
        self._namespaces = record.namespaces
        self._probes = itertools.count(1)

    @cached_property
    def topology(self) -> Topology:
        """See :class:`srv6lab.lab.Lab`."""
        return self._state.topology()

    @property
    def nodes(self) -> Mapping[str, Node]:
        """See :class:`srv6lab.lab.Lab`."""
        changes = self.request("changes")
        return {name: node_of(self.topology, name, changes[name]) for name in self.topology.routers}

    def request(self, verb: str, **arguments: Any) -> Any:
        """Ask the daemon. Raises TopologyError for configuration that is not valid, else LabError."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(ANSWER_LIMIT)
                connection.connect(str(self._state.control))
                connection.sendall(json.dumps({"verb": verb, **arguments}, default=str).encode())
                connection.shutdown(socket.SHUT_WR)
                answer = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
        except (OSError, ValueError) as error:
            raise LabError(
                f"{self._state.name}: its controllers do not answer ({error}); see {self._state.log}"
            ) from None
        if "error" in answer:
            raise (TopologyError if answer.get("config") else LabError)(answer["error"])
        return answer["answer"]

    def apply(self, router: str, changes: Mapping[str, Any]) -> None:
        """See :class:`srv6lab.lab.Lab`. LabError when the router's switch does not run."""
        node_of(self.topology, router, changes)
        if self.request("apply", router=router, changes=changes)["written"] is None:
            raise LabError(
                f"{router}: its switch does not answer; it gets the configuration after "
                f"`srv6 lab restart {self._state.name} {router}`"
            )

    def server(self, router: str) -> str:
        """See :class:`srv6lab.lab.Lab`."""
        return f"unix:{self._state.socket(router)}"

    def ping(self, host: str, address: str, timeout: float) -> float | None:
        """See :class:`srv6lab.lab.Lab`."""
        from srv6lab import linuxhost

        return linuxhost.ping(self._namespaces[host], address, timeout)

    def probe(self, source: str, target: str, version: int, ports: Sequence[int], timeout: float) -> list[Trip]:
        """See :class:`srv6lab.lab.Lab`."""
        from srv6lab import linuxhost
        from srv6lab.sniff import Sniffer

        host = self.topology.hosts[target]
        address = host.ipv6 if version == 6 else host.ipv4
        trips = []
        with Sniffer(self.topology, self._namespaces) as sniffer:
            for port in ports:
                mark = b"srv6 lab probe %d.%d" % (os.getpid(), next(self._probes))
                trip = linuxhost.probe(
                    self._namespaces[source], self._namespaces[target], address, port, mark, sniffer, source, timeout
                )
                trips.append(trip)
        return trips
