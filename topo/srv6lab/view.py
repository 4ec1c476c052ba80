# SPDX-License-Identifier: Apache-2.0
"""What there is to see of a running lab, as data for JSON: the topology, the load of its cables, its routers, events.

Load is what the ports of the switches have counted, each second, against the rate of the cable; of one that has none,
against `NOMINAL`.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from srv6cp.cli import readback, session
from srv6cp.cli.cmd_show import reason_rows
from srv6cp.cli.exitcodes import CliError
from srv6cp.model import DROP_REASONS, DropReason
from srv6cp.p4rt import Client, P4RuntimeError
from srv6lab import path
from srv6lab.errors import LabError
from srv6lab.impairments import show_rate
from srv6lab.lab import FIRST_SOURCE_PORT, NOMINAL, Carried, Lab
from srv6lab.reach import family_between, names_at
from srv6lab.steps import Apply, Cable, Expect, Flows, Path, Ping, Quiet, Say, Step, Traffic
from srv6lab.topology import TopologyError

INTERVAL = 1.0  # s
KEPT_EVENTS = 500
PATIENCE = 3.0  # s for one packet


@dataclass(frozen=True)
class Event:
    """Something that happened; ``level``: ``info`` or ``warning``."""

    number: int
    time: float
    level: str
    text: str


class Events(logging.Handler):
    """The last events of a lab. As a handler it takes what controllers and switches log."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._numbers = itertools.count(1)
        self._kept: deque[Event] = deque(maxlen=KEPT_EVENTS)

    def add(self, text: str, level: str = "info") -> None:
        """Something happened."""
        self._kept.append(Event(next(self._numbers), time.time(), level, text))

    def emit(self, record: logging.LogRecord) -> None:
        """Of `logging`."""
        self.add(record.getMessage(), "warning" if record.levelno >= logging.WARNING else "info")

    def after(self, number: int) -> list[Event]:
        """Those that came later than number ``number``."""
        return [event for event in list(self._kept) if event.number > number]


class View:
    """A running lab; a context manager, which looks at its counters each second."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.events = Events()
        self._links: dict[int, dict[str, Any]] = {}
        self._states: dict[str, str] = {}
        self._clients: dict[str, tuple[threading.Lock, Client]] = {}
        self._before: tuple[float, Mapping[int, tuple[Carried, Carried]]] | None = None
        self._ended = threading.Event()
        self._stack = ExitStack()
        self._thread = threading.Thread(target=self._watch, name="view", daemon=True)

    def __enter__(self) -> View:
        for name in ("srv6cp", "softswitch"):
            logger = logging.getLogger(name)
            logger.addHandler(self.events)
            self._stack.callback(logger.removeHandler, self.events)
        self.look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Look no more and leave the switches."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._stack.close()

    def _watch(self) -> None:
        while not self._ended.wait(INTERVAL):
            try:
                self.look()
            except Exception as error:  # the lab may be on its way down
                self.events.add(f"the network cannot be looked at: {error}", "warning")

    def look(self) -> None:
        """Read the counters once."""
        now, carried, health = time.monotonic(), self.lab.carried(), self.lab.health()
        since, before = self._before or (now, carried)
        took = max(now - since, 1e-3)
        links: dict[int, dict[str, Any]] = {}
        for link in self.lab.topology.links:
            has = self.lab.impairments(*(end.node for end in link.ends))
            capacity = has.rate or NOMINAL
            sides = []
            for count, last in zip(carried[link.number], before.get(link.number, carried[link.number]), strict=True):
                octets = count.octets - last.octets if count.octets >= last.octets else count.octets  # a new switch
                rate = 8 * max(0, octets) / took
                load = min(100.0, 100 * rate / capacity)
                sides.append({"rate": rate, "load": round(load, 1), "frames": count.frames, "dropped": count.dropped})
            links[link.number] = {
                "sides": sides,
                "cut": link.number in health.cut,
                "cable": has.words(),
                "capacity": show_rate(capacity) + ("" if has.rate else ", nominal"),
            }
        for warned, text in self.lab.logged():
            self.events.add(text, "warning" if warned else "info")
        for name, state in health.routers.items():
            if self._states.get(name, state) != state:
                self.events.add(f"{name}: controller is {state}", "info" if state == "primary" else "warning")
        for number, link_now in links.items():
            if number in self._links and self._links[number]["cut"] != link_now["cut"]:
                ends = " -- ".join(end.node for end in self._link(number).ends)
                self.events.add(f"{ends} is {'down' if link_now['cut'] else 'up'}", "warning")
        self._before, self._links, self._states = (now, carried), links, dict(health.routers)

    def _link(self, number: int) -> Any:
        return next(link for link in self.lab.topology.links if link.number == number)

    def live(self, after: int) -> dict[str, Any]:
        """What changes each second; events after number ``after``."""
        try:
            flows, flows_why = self.lab.traffic.reports(), ""
        except LabError as error:
            flows, flows_why = [], str(error)
        return {
            "links": self._links,
            "routers": self._states,
            "flows": flows,
            "flows-why-not": flows_why,
            "events": [event.__dict__ for event in self.events.after(after)],
        }

    def topology(self) -> dict[str, Any]:
        """What does not change: nodes, cables, steps of the scenario."""
        topology = self.lab.topology
        present = {name: self.lab.data(name) for name in topology.routers}
        return {
            "name": topology.name,
            "about": topology.about,
            "routers": [
                {"name": name, "locator": router.locator, "sids": topology.sid_names(name, present)}
                for name, router in topology.routers.items()
            ],
            "hosts": [
                {
                    "name": name,
                    "router": host.router,
                    "ipv6": host.ipv6,
                    "ipv4": host.ipv4,
                    "vrf": host.vrf,
                    "l2": host.l2,
                }
                for name, host in topology.hosts.items()
            ],
            "links": [
                {"number": link.number, "ends": [{"node": end.node, "port": end.port} for end in link.ends]}
                for link in topology.links
            ],
            "scenario": [_step(step) for step in topology.scenario],
        }

    def router(self, name: str) -> dict[str, Any]:
        """What a switch holds and has counted. Raises TopologyError, LabError."""
        self.lab.topology.check_router(name)
        node = self.lab.nodes[name]
        found: dict[str, Any] = {
            "name": name,
            "state": self.lab.health().routers[name],
            "locator": self.lab.topology.routers[name].locator,
            "file": str(self.lab.file(name)),
            "server": self.lab.server(name),
            "ports": {number: str(port) for number, port in self.lab.ports(name).items()},
        }
        if name not in self._clients:
            client = self._stack.enter_context(Client(self.lab.server(name), node.device_id, election_id=1))
            self._clients[name] = threading.Lock(), client
        lock, client = self._clients[name]
        try:
            with lock:
                session.program(client)
                names = readback.Names.of(node, client)
                found["sids"] = readback.sid_rows(client, names)
                found["policies"] = readback.policy_rows(client, names)
                found["neighbors"] = readback.neighbor_rows(client, names)
                found["drops"] = reason_rows(client, "drop_counter", DropReason, DROP_REASONS, False)
        except (P4RuntimeError, CliError) as error:
            found["error"] = str(error)
        return found

    def packet(self, source: str, target: str, family: int | None = None) -> dict[str, Any]:
        """Send one UDP packet; its way, each hop with the packet before and after. Raises TopologyError, LabError."""
        topology, nodes = self.lab.topology, self.lab.nodes
        for name in (source, target):
            topology.check_host(name)
        version = family or family_between(topology, nodes, source, target)
        (trip,) = self.lab.probe(source, target, version, [FIRST_SOURCE_PORT], PATIENCE)
        names = {**path.names_of(topology), **names_at(topology, nodes, source)}
        hops = path.hops(trip.passages, nodes, names, not trip.arrived)
        return {
            "arrived": trip.arrived,
            "legend": path.LEGEND,
            "hops": [
                {
                    "node": hop.node,
                    "does": hop.did or ("sends" if hop.packet else "receives"),
                    "before": hops[place - 1].packet if place else "",
                    "after": hop.packet,
                }
                for place, hop in enumerate(hops)
            ],
        }


def _step(step: Step) -> str:
    """A step of a scenario as one line."""
    match step:
        case Say(text):
            return text
        case Ping():
            return f"ping {step.source} {step.to}" + (f" {step.count}" if step.count > 1 else "")
        case Path():
            return f"path {step.source} {step.to}"
        case Flows():
            return f"flows {step.source} {step.to} {step.count}"
        case Apply():
            return "apply to " + ", ".join(step.changes)
        case Cable():
            return f"{'restore' if step.whole else 'cut'} {' '.join(step.ends)}"
        case Traffic():
            rate = "" if step.rate is None else f" rate {show_rate(step.rate)}"
            return f"flow start {step.source} {step.to}{rate}"
        case Quiet():
            return "flow stop all"
        case Expect(load=load) if load:
            return "expect " + ", ".join(f"{one} to {other} {share:.0f} %" for (one, other), share in load.items())
        case Expect():
            return "expect " + (" - ".join(step.path) if step.path else ", ".join(map(str, (step.does or step.share))))
    raise TopologyError(f"no such step: {step}")  # pragma: no cover
