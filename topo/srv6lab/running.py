# SPDX-License-Identifier: Apache-2.0
"""A lab of namespaces that runs, seen from another process."""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srv6cp.cli.exitcodes import CliError
from srv6cp.config import ConfigError, load_node
from srv6cp.model import Node
from srv6cp.packets.probes import Probe
from srv6lab.errors import LabError
from srv6lab.fetching import Fetched
from srv6lab.functions import Tally
from srv6lab.impairments import IDEAL, Impairments
from srv6lab.intent import data_of, file_of
from srv6lab.lab import Carried, Health, PortState, Trip
from srv6lab.probes import to_json
from srv6lab.state import State
from srv6lab.steps import Fetch
from srv6lab.topology import Topology, TopologyError
from srv6lab.traffic import Traffic

if TYPE_CHECKING:
    from srv6cp.cli.rawprobes import RawProbes

ANSWER_LIMIT = 60.0  # s
LONGEST_READ = 1 << 16  # bytes of the log at a time
#: Of `srv6lab.daemon`, without the time and the name of the logger.
_LOG_LINE = re.compile(r"\S+ \S+ (?P<level>[A-Z]+) [^ :]+: (?P<text>.*)")


def ports_of(router: Mapping[str, Any]) -> dict[int, PortState]:
    """The ports of a router of which the daemon has told the status."""
    return {int(number): PortState(**port) for number, port in router["ports"].items()}


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


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
        self._read: int | None = None  # bytes of the log

    @cached_property
    def topology(self) -> Topology:
        """See :class:`srv6lab.lab.Lab`."""
        return self._state.topology()

    @property
    def nodes(self) -> Mapping[str, Node]:
        """See :class:`srv6lab.lab.Lab`. Raises TopologyError for a node file that somebody has broken."""
        try:
            return {name: load_node(self.file(name)) for name in self.topology.routers}
        except ConfigError as error:
            raise TopologyError(str(error)) from None

    def file(self, router: str) -> Path:
        """See :class:`srv6lab.lab.Lab`."""
        self.topology.check_router(router)
        return file_of(self._state.folder, router)

    def data(self, router: str) -> Mapping[str, Any]:
        """See :class:`srv6lab.lab.Lab`."""
        return data_of(self.file(router))

    def request(self, verb: str, **arguments: Any) -> Any:
        """Ask the daemon. Raises CliError with what it answers when it cannot, LabError when it does not answer."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(ANSWER_LIMIT)
                connection.connect(str(self._state.control))
                connection.sendall(json.dumps({"verb": verb, **arguments}, default=_plain).encode())
                connection.shutdown(socket.SHUT_WR)
                answer = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
        except (OSError, ValueError) as error:
            raise LabError(
                f"{self._state.name}: its controllers do not answer ({error}); see {self._state.log}"
            ) from None
        if "error" in answer:
            raise CliError(answer["error"], answer["code"])
        return answer["answer"]

    def apply(self, router: str, changes: Mapping[str, Any]) -> None:
        """See :class:`srv6lab.lab.Lab`. LabError when the router's switch does not run."""
        self._written(router, self.request("apply", router=router, changes=changes))

    def edit(self, router: str, words: Sequence[str]) -> str:
        """See :class:`srv6lab.lab.Lab`. LabError when the router's switch does not run."""
        return self._written(router, self.request("edit", router=router, words=list(words)))

    def _written(self, router: str, answer: Mapping[str, Any]) -> str:
        if answer["written"] is None:
            raise LabError(
                f"{router}: its switch does not answer; it gets the configuration after "
                f"`srv6 lab restart {self._state.name} {router}`"
            )
        return str(answer["written"])

    def ports(self, router: str) -> Mapping[int, PortState]:
        """See :class:`srv6lab.lab.Lab`."""
        return ports_of(self.request("status")["routers"][router])

    def set_cable(self, one: str, other: str, whole: bool) -> None:
        """See :class:`srv6lab.lab.Lab`."""
        self.topology.links_between(one, other)
        self.request("cable", ends=[one, other], whole=whole)

    @property
    def traffic(self) -> Traffic:
        """See :class:`srv6lab.lab.Lab`."""
        name = self._state.name
        raise LabError(
            f"{name} is of namespaces: its hosts are Linux and have programs for that: "
            f"srv6 lab exec {name} HOST -- iperf3 ..."
        )

    def impairments(self, one: str, other: str) -> Impairments:
        """See :class:`srv6lab.lab.Lab`."""
        self.topology.links_between(one, other)
        return IDEAL

    def impair(self, one: str, other: str, impairments: Impairments) -> None:
        """See :class:`srv6lab.lab.Lab`."""
        self.topology.links_between(one, other)
        if not impairments.ideal:
            raise LabError(
                "rate, delay, jitter and loss are of labs in one process; cables of namespaces go down and up"
            )

    def carried(self) -> Mapping[int, tuple[Carried, Carried]]:
        """See :class:`srv6lab.lab.Lab`. What the kernel has counted at the far ends of the veth pairs."""
        from srv6lab import cables

        return cables.carried(self.topology, self._state.cables)

    def health(self) -> Health:
        """See :class:`srv6lab.lab.Lab`."""
        rows = self.request("status")["routers"]
        states = {name: row["controller"] if row["state"] == "running" else row["state"] for name, row in rows.items()}
        cut = {
            link.number
            for name, row in rows.items()
            for link in self.topology.links_of(name)
            if ports_of(row)[link.at(name).port].cut
        }
        return Health(states, frozenset(cut))

    def logged(self) -> list[tuple[bool, str]]:
        """See :class:`srv6lab.lab.Lab`. The daemon's log, from where it ended when it was first asked for."""
        try:
            with self._state.log.open("rb") as log:
                log.seek(self._read or 0, os.SEEK_END if self._read is None else os.SEEK_SET)
                text = log.read(LONGEST_READ)
                whole = text[: text.rfind(b"\n") + 1]
                self._read = log.tell() - len(text) + len(whole)
        except OSError:
            return []
        lines = [_LOG_LINE.fullmatch(line) for line in whole.decode(errors="replace").splitlines()]
        return [(line["level"] != "INFO", line["text"]) for line in lines if line is not None]

    def restart(self, router: str) -> str:
        """See :class:`srv6lab.lab.Lab`."""
        self.topology.check_router(router)
        done = self.request("restart", router=router)
        return (
            f"{router}: switch restarted, its controller filled it ({done['written']}) within {done['seconds']:.1f} s"
        )

    def functions(self) -> Mapping[str, Tally]:
        """See :class:`srv6lab.lab.Lab`: there are none of this process."""
        return {}

    def server(self, router: str) -> str:
        """See :class:`srv6lab.lab.Lab`."""
        return f"unix:{self._state.socket(router)}"

    def exchange(self, node: str, probe: Probe, timeout: float) -> tuple[bytes, float] | None:
        """See :class:`srv6lab.lab.Lab`. Raises CliError when the probe cannot be sent."""
        if node in self.topology.routers:
            found = self.request("probe", router=node, probe=to_json(probe), timeout=timeout)
            return (bytes.fromhex(found["packet"]), found["seconds"]) if found else None
        with self._probes_of(node) as sockets:
            return sockets.exchange(probe, timeout)

    def _probes_of(self, host: str) -> RawProbes:
        from srv6cp.cli.rawprobes import RawProbes
        from srv6lab import namespaces

        return RawProbes(lambda make: namespaces.inside(self._namespaces[host], make))

    def ping(self, host: str, address: str, timeout: float) -> float | None:
        """See :class:`srv6lab.lab.Lab`."""
        from srv6lab import linuxhost

        return linuxhost.ping(self._namespaces[host], address, timeout)

    def fetch(self, step: Fetch, timeout: float) -> Fetched:
        """See :class:`srv6lab.lab.Lab`. For its time the hosts on the way have routes back to the client."""
        from srv6lab import linuxhost

        return linuxhost.fetch(self.topology, self._namespaces, step, timeout)

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
                    self._namespaces[source],
                    self._namespaces[target],
                    address,
                    port,
                    mark,
                    sniffer,
                    (source, target),
                    timeout,
                )
                trips.append(trip)
        return trips

    def receivers(self, source: str, address: str, timeout: float) -> list[str]:
        """See :class:`srv6lab.lab.Lab`."""
        from srv6lab import linuxhost

        mark = b"srv6 lab packet %d.%d" % (os.getpid(), next(self._probes))
        hosts = {name: self._namespaces[name] for name in self.topology.hosts if name != source}
        return linuxhost.receivers(self._namespaces[source], hosts, address, mark, timeout)
