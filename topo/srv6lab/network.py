# SPDX-License-Identifier: Apache-2.0
"""A whole network in this process: a softswitch and a controller for every router, a small stack for every host.

Nothing needs root and no interface is made. Frames go from the thread of one switch into the queue of the next; every
frame on every cable can be watched.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from softswitch.settle import settle
from softswitch.switch import SoftSwitch
from srv6cp import artifacts
from srv6cp.artifacts import Artifacts
from srv6cp.controller.loop import ControllerOptions, NodeController
from srv6cp.model import Node
from srv6cp.p4rt import Client, P4RuntimeError
from srv6cp.packets.probes import Probe, is_answer
from srv6cp.sync.tables import Changes
from srv6host.srh import Srh, SrhError
from srv6lab.emulator import Direction, Emulator
from srv6lab.errors import LabError
from srv6lab.fetching import Fetched
from srv6lab.functions import Tally
from srv6lab.host import HostStack
from srv6lab.impairments import Impairments
from srv6lab.intent import Intent, data_of
from srv6lab.lab import ELECTION_ID, PROBE_PORT, Carried, Health, Passage, PortState, Trip, in_order
from srv6lab.pipes import Proxy, get, serve
from srv6lab.portwatch import wait_until_known
from srv6lab.reach import family_between
from srv6lab.steps import Fetch
from srv6lab.topology import End, Host, Link, Topology, TopologyError
from srv6lab.traffic import Traffic

FILL_LIMIT = 30.0  # s for a controller to fill a switch that was started anew


# Switches of this process return when `restart` has started them: looking often costs nothing.
CONTROLLER = ControllerOptions(longest_retry=0.5)


class _Channel:
    """A :class:`srv6lab.traffic.Channel` between two hosts of this process."""

    def __init__(
        self,
        source: HostStack,
        target: HostStack,
        family: int,
        port: int,
        arrive: Callable[[bytes], None],
        answer: Callable[[bytes], None],
    ) -> None:
        self._source, self._target, self._port = source, target, port
        addresses = (source.ipv6, target.ipv6) if family == 6 else (source.ipv4, target.ipv4)
        self._from, self._to = map(str, addresses)
        self._ends = [target.listen(port, arrive), source.listen(port, answer)]

    def forward(self, payload: bytes) -> None:
        self._source.send_ip(self._source.udp(self._to, payload, self._port, self._port))

    def backward(self, payload: bytes) -> None:
        self._target.send_ip(self._target.udp(self._from, payload, self._port, self._port))

    def close(self) -> None:
        for end in self._ends:
            end()


class Network:
    """A running network; a context manager and a :class:`srv6lab.lab.Lab`.

    ``program`` runs on every router (default: the default profile).

    Raises:
        TopologyError: a router's configuration is not valid.
    """

    def __init__(self, topology: Topology, program: Artifacts | None = None) -> None:
        self.topology = topology
        self._program = program or artifacts.find(topology.profile)
        self.hosts: dict[str, HostStack] = {}
        self.proxies: dict[str, Proxy] = {}  # of hosts with functions
        self.switches: dict[str, SoftSwitch] = {}
        self.controllers: dict[str, NodeController] = {}
        self._count = itertools.count(1)
        self._probes = itertools.count(1)
        self._watchers: list[Callable[[Passage], None]] = []
        self._lock = threading.Lock()
        self._cut: set[int] = set()  # numbers of links
        self._impairments = {link.number: link.impairments for link in topology.links}
        self._directions: dict[tuple[int, str], Direction] = {}  # number of a link and the node that sends
        self._stack = ExitStack()
        try:
            self._folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="srv6-lab-")))  # mode 0700
            self._intent = Intent(topology, self._folder)
            self._emulator = self._stack.enter_context(Emulator())
            self.traffic = Traffic(self._open_flow)
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        for name in self.topology.routers:
            self.switches[name] = self._switch(name)
            self._stack.callback(self._close_switch, name)
        for link in self.topology.links:
            self._connect(link)
        for name, node in self.nodes.items():
            client = self._stack.enter_context(
                Client(self.switches[name].address, device_id=node.device_id, election_id=ELECTION_ID)
            )
            controller = NodeController(client, node, CONTROLLER, self._program)
            self.controllers[name] = self._stack.enter_context(controller)
        self._stack.callback(self.traffic.close)  # first of all

    def _switch(self, router: str) -> SoftSwitch:
        ports = {link.at(router).port: link.other(router).node for link in self.topology.links_of(router)}
        number = self.topology.routers[router].number
        return SoftSwitch(ports=ports, device_id=number, address=f"unix:{self._folder}/{number}.sock")

    def _close_switch(self, router: str) -> None:
        self.switches[router].close()

    def _connect(self, link: Link) -> None:
        for here, there in (link.ends, link.ends[::-1]):
            deliver = self._into(there.node, there.port)
            direction = self._emulator.direction(deliver, link.impairments, (link.number, here.node))
            self._directions[link.number, here.node] = direction
            if here.node in self.topology.routers:
                self._attach(here, link)
            else:
                host = self.topology.hosts[here.node]
                gateway = self.topology.routers[there.node].mac(there.port)
                stack = HostStack(host, gateway, self._on_link(host), self._cable(link, here.node))
                self.hosts[host.name] = stack
                self._stack.callback(stack.close)
                if host.functions is not None:
                    self.proxies[host.name] = Proxy(stack.tcp, [host.functions])
                else:
                    serve(stack.tcp)

    def _attach(self, end: End, link: Link) -> None:
        """Have the port of a switch send onto its cable."""
        switch = self.switches[end.node]
        switch.attach(end.port, self._cable(link, end.node))
        if link.number in self._cut:
            switch.set_port_up(end.port, False)

    def _on_link(self, host: Host) -> dict[str, str]:
        """Addresses to MACs of the hosts that a layer 2 tunnel puts on the link of this one."""
        others = [other for other in self.topology.hosts.values() if host.l2 and other.l2 and other != host]
        same = [other for other in others if other.prefixes == host.prefixes]
        return {address: other.mac for other in same for address in (other.ipv6, other.ipv4)}

    def _into(self, node: str, port: int) -> Callable[[bytes], object]:
        """What takes a frame at the far end of a cable. A host may not be there yet when its cable is made."""
        if node in self.topology.routers:
            return lambda frame: self.switches[node].inject(port, frame)  # the one that there is now
        return lambda frame: self.hosts[node].receive(frame)

    def _cable(self, link: Link, sender: str) -> Callable[[bytes], None]:
        receiver, direction = link.other(sender).node, self._directions[link.number, sender]

        def carry(frame: bytes) -> None:
            if link.number in self._cut:
                return
            with self._lock:
                watchers = tuple(self._watchers)
                if watchers:
                    passage = Passage(next(self._count), sender, receiver, bytes(frame))
                    for watch in watchers:
                        watch(passage)
            direction.send(frame)

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
        return Trip(tuple(in_order(seen, source, target)), arrived is not None)

    def receivers(self, source: str, address: str, timeout: float) -> list[str]:
        """See :class:`srv6lab.lab.Lab`."""
        mark = b"srv6 lab packet %d" % next(self._probes)
        sender = self.hosts[source]
        sender.send_ip(sender.udp(address, mark))
        settle(self.switches.values(), self.controllers.values(), timeout)
        found = []
        for name, host in self.hosts.items():
            while host.wait_for(lambda packet: mark in packet, 0) is not None:
                found.append(name)
        return found

    def fetch(self, step: Fetch, timeout: float) -> Fetched:
        """See :class:`srv6lab.lab.Lab`."""
        for host in (step.source, step.to):
            self.topology.check_host(host)
        stack, target = self.hosts[step.source].tcp, self.hosts[step.to].ipv6
        try:
            srh = Srh.by_way_of(step.via, target, step.back, stack.own) if step.via else None
            return get(stack, target, srh, step.size, timeout)
        except SrhError as error:
            raise LabError(str(error)) from None

    def exchange(self, node: str, probe: Probe, timeout: float) -> tuple[bytes, float] | None:
        """See :class:`srv6lab.lab.Lab`."""
        if node in self.controllers:
            try:
                return self.controllers[node].exchange(probe.packet, 0, lambda found: is_answer(probe, found), timeout)
            except RuntimeError as error:
                raise LabError(f"{node}: {error}") from None
        host = self.hosts[node]
        begin = time.perf_counter()
        host.send_ip(probe.packet)
        found = host.wait_for(lambda packet: is_answer(probe, packet), timeout)
        return None if found is None else (found, time.perf_counter() - begin)

    def functions(self) -> Mapping[str, Tally]:
        """See :class:`srv6lab.lab.Lab`."""
        return {name: host.tally for name, host in self.hosts.items() if host.function is not None}

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

    def impairments(self, one: str, other: str) -> Impairments:
        """See :class:`srv6lab.lab.Lab`."""
        return self._impairments[self.topology.links_between(one, other)[0].number]

    def impair(self, one: str, other: str, impairments: Impairments) -> None:
        """See :class:`srv6lab.lab.Lab`."""
        for link in self.topology.links_between(one, other):
            self._impairments[link.number] = impairments
            for end in link.ends:
                self._directions[link.number, end.node].impairments = impairments

    def carried(self) -> Mapping[int, tuple[Carried, Carried]]:
        """See :class:`srv6lab.lab.Lab`."""
        stats = {name: switch.stats()["ports"] for name, switch in self.switches.items()}

        def count(link: Link, here: End, there: End) -> Carried:
            passed = self._directions[link.number, here.node].passed
            if here.node in stats:
                port = stats[here.node].get(str(here.port), {})
                frames, octets = port.get("tx_packets", 0), port.get("tx_bytes", 0)
            else:
                port = stats[there.node].get(str(there.port), {})
                frames, octets = port.get("rx_packets", 0), port.get("rx_bytes", 0)
            return Carried(frames, octets, passed.lost + passed.overflowed)

        return {link.number: (count(link, *link.ends), count(link, *link.ends[::-1])) for link in self.topology.links}

    def health(self) -> Health:
        """See :class:`srv6lab.lab.Lab`."""
        roles = {name: controller.status().role for name, controller in self.controllers.items()}
        return Health(roles, frozenset(self._cut))

    def logged(self) -> list[tuple[bool, str]]:
        """See :class:`srv6lab.lab.Lab`: all of it is in this process."""
        return []

    def restart(self, router: str) -> str:
        """See :class:`srv6lab.lab.Lab`. Raises LabError when the controller does not fill the new switch."""
        self.topology.check_router(router)
        controller = self.controllers[router]
        before = controller.status().reconciliations
        self.switches[router].close()
        begin = time.monotonic()
        self.switches[router] = self._switch(router)
        for link in self.topology.links_of(router):
            self._attach(link.at(router), link)
        while (status := controller.status()).role != "primary" or status.reconciliations == before:
            if time.monotonic() - begin > FILL_LIMIT:
                raise LabError(f"{router}: the controller did not fill the new switch within {FILL_LIMIT:g} s")
            time.sleep(0.02)
        took = time.monotonic() - begin
        return f"{router}: switch restarted, its controller filled it ({status.changes}) within {took:.1f} s"

    def _open_flow(
        self,
        source: str,
        target: str,
        family: int | None,
        port: int,
        arrive: Callable[[bytes], None],
        answer: Callable[[bytes], None],
    ) -> _Channel:
        self.topology.check_host(source)
        self.topology.check_host(target)
        if family is None:
            family = family_between(self.topology, self.nodes, source, target)
        return _Channel(self.hosts[source], self.hosts[target], family, port, arrive, answer)

    def close(self) -> None:
        """Stop everything."""
        self._stack.close()

    def __enter__(self) -> Network:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
