# SPDX-License-Identifier: Apache-2.0
"""A whole network in this process: a softswitch and a controller for every router, a small stack for every host.

Nothing needs root and no interface is made. Frames go from the thread of one switch into the queue of the next; every
frame on every cable can be watched.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from softswitch.settle import settle
from softswitch.switch import SoftSwitch
from srv6cp.artifacts import Artifacts
from srv6cp.controller.loop import NodeController
from srv6cp.model import Node
from srv6cp.p4rt import Client, P4RuntimeError
from srv6cp.sync.tables import Changes
from srv6lab.host import HostStack
from srv6lab.intent import Intent, data_of
from srv6lab.lab import ELECTION_ID, PROBE_PORT, Passage, PortState, Trip, in_order
from srv6lab.portwatch import wait_until_known
from srv6lab.topology import Host, Link, Topology, TopologyError


class Network:
    """A running network; a context manager and a :class:`srv6lab.lab.Lab`.

    ``program`` runs on every router (default: the default profile).

    Raises:
        TopologyError: a router's configuration is not valid.
    """

    def __init__(self, topology: Topology, program: Artifacts | None = None) -> None:
        self.topology = topology
        self._program = program
        self.hosts: dict[str, HostStack] = {}
        self.switches: dict[str, SoftSwitch] = {}
        self.controllers: dict[str, NodeController] = {}
        self._count = itertools.count(1)
        self._probes = itertools.count(1)
        self._watchers: list[Callable[[Passage], None]] = []
        self._lock = threading.Lock()
        self._cut: set[int] = set()  # numbers of links
        self._stack = ExitStack()
        try:
            self._folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="srv6-lab-")))  # mode 0700
            self._intent = Intent(topology, self._folder)
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        for name, router in self.topology.routers.items():
            ports = {link.at(name).port: link.other(name).node for link in self.topology.links_of(name)}
            switch = SoftSwitch(
                ports=ports, device_id=router.number, address=f"unix:{self._folder}/{router.number}.sock"
            )
            self._stack.callback(switch.close)
            self.switches[name] = switch
        for link in self.topology.links:
            self._connect(link)
        for name, node in self.nodes.items():
            client = self._stack.enter_context(
                Client(self.switches[name].address, device_id=node.device_id, election_id=ELECTION_ID)
            )
            self.controllers[name] = self._stack.enter_context(NodeController(client, node, program=self._program))

    def _connect(self, link: Link) -> None:
        for here, there in (link.ends, link.ends[::-1]):
            deliver = self._into(there.node, there.port, link)
            if here.node in self.topology.routers:
                self.switches[here.node].attach(here.port, self._cable(link, here.node, there.node, deliver))
            else:
                host = self.topology.hosts[here.node]
                gateway = self.topology.routers[there.node].mac(there.port)
                self.hosts[host.name] = HostStack(
                    host, gateway, self._on_link(host), self._cable(link, here.node, there.node, deliver)
                )

    def _on_link(self, host: Host) -> dict[str, str]:
        """Addresses to MACs of the hosts that a layer 2 tunnel puts on the link of this one."""
        others = [other for other in self.topology.hosts.values() if host.l2 and other.l2 and other != host]
        same = [other for other in others if other.prefixes == host.prefixes]
        return {address: other.mac for other in same for address in (other.ipv6, other.ipv4)}

    def _into(self, node: str, port: int, link: Link) -> Callable[[bytes], object]:
        """What takes a frame at the far end of a cable. A host may not be there yet when its cable is made."""
        if node in self.topology.routers:
            switch = self.switches[node]
            return lambda frame: switch.inject(port, frame)
        return lambda frame: self.hosts[node].receive(frame)

    def _cable(
        self, link: Link, sender: str, receiver: str, deliver: Callable[[bytes], object]
    ) -> Callable[[bytes], None]:
        def carry(frame: bytes) -> None:
            if link.number in self._cut:
                return
            with self._lock:
                watchers = tuple(self._watchers)
                if watchers:
                    passage = Passage(next(self._count), sender, receiver, bytes(frame))
                    for watch in watchers:
                        watch(passage)
            deliver(frame)

        return carry

    def watch(self, watcher: Callable[[Passage], None]) -> Callable[[], None]:
        """Call ``watcher`` with every frame on every cable; returns the function that ends this."""
        with self._lock:
            self._watchers.append(watcher)

        def end() -> None:
            with self._lock:
                self._watchers.remove(watcher)

        return end

    def ping(self, host: str, address: str, timeout: float) -> float | None:
        """See :class:`srv6lab.lab.Lab`."""
        took = self.hosts[host].ping(address, timeout)
        if self.topology.hosts[host].l2:
            settle(self.switches.values(), self.controllers.values(), timeout)  # bridge domains have learned
        return took

    def probe(self, source: str, target: str, version: int, ports: Sequence[int], timeout: float) -> list[Trip]:
        """See :class:`srv6lab.lab.Lab`."""
        host = self.topology.hosts[target]
        return [self._probe(source, target, host.ipv6 if version == 6 else host.ipv4, port, timeout) for port in ports]

    def _probe(self, source: str, target: str, address: str, port: int, timeout: float) -> Trip:
        mark = b"srv6 lab probe %d" % next(self._probes)
        seen: list[Passage] = []
        end = self.watch(lambda passage: seen.append(passage) if mark in passage.frame else None)
        try:
            sender = self.hosts[source]
            sender.send_ip(sender.udp(address, mark, port, PROBE_PORT))
            arrived = self.hosts[target].wait_for(lambda packet: mark in packet, timeout)
        finally:
            end()
        return Trip(tuple(in_order(seen, source)), arrived is not None)

    def server(self, router: str) -> str:
        """See :class:`srv6lab.lab.Lab`."""
        return self.switches[router].address

    @property
    def nodes(self) -> Mapping[str, Node]:
        """See :class:`srv6lab.lab.Lab`."""
        return self._intent.nodes

    def file(self, router: str) -> Path:
        """See :class:`srv6lab.lab.Lab`."""
        return self._intent.file(router)

    def data(self, router: str) -> Mapping[str, Any]:
        """See :class:`srv6lab.lab.Lab`."""
        return data_of(self._intent.file(router))

    def apply(self, router: str, changes: Mapping[str, Any]) -> None:
        """See :class:`srv6lab.lab.Lab`."""
        self._give(router, self._intent.change(router, changes))

    def edit(self, router: str, words: Sequence[str]) -> str:
        """See :class:`srv6lab.lab.Lab`."""
        return str(self._give(router, self._intent.edit(router, words)))

    def _give(self, router: str, node: Node) -> Changes | None:
        try:
            return self.controllers[router].apply(node)
        except (P4RuntimeError, OverflowError) as error:
            with suppress(P4RuntimeError):
                self.controllers[router].apply(self._intent.undo(router))
            raise TopologyError(f"router {router}: {error}") from None

    def ports(self, router: str) -> Mapping[int, PortState]:
        """See :class:`srv6lab.lab.Lab`."""
        up = {int(number): port["up"] for number, port in self.switches[router].stats()["ports"].items()}
        return {
            link.at(router).port: PortState(
                link.other(router).node, up.get(link.at(router).port, False), link.number in self._cut
            )
            for link in self.topology.links_of(router)
        }

    def set_cable(self, one: str, other: str, whole: bool) -> None:
        """See :class:`srv6lab.lab.Lab`."""
        for link in self.topology.links_between(one, other):
            (self._cut.discard if whole else self._cut.add)(link.number)
            for end in link.ends:
                if end.node in self.switches:
                    self.switches[end.node].set_port_up(end.port, whole)
            wait_until_known(self.controllers, link.ends, whole)

    def close(self) -> None:
        """Stop everything."""
        self._stack.close()

    def __enter__(self) -> Network:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
