# SPDX-License-Identifier: Apache-2.0
"""Plays the steps of a scenario on a running network and tells what happens."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from srv6lab import path, steps
from srv6lab.errors import LabError
from srv6lab.lab import FIRST_SOURCE_PORT, NOMINAL, Carried, Lab, Trip
from srv6lab.reach import names_at
from srv6lab.terminal import width, wrap
from srv6lab.topology import TopologyError

PATIENCE = 3.0  # s for one packet through the network
SILENCE = 1.0  # s without an answer where none is expected
TOLERANCE = 0.15
LEARNING = 5.0  # s for bridge domains to have learned where hosts are
FETCH_PATIENCE = 60.0  # s for all of a text
_PAUSE = 0.05
SETTLING = 30.0  # s for the load of a cable to become what is expected
LOAD_INTERVAL, LOAD_TOLERANCE = 1.0, 25.0  # s; points


class Failed(Exception):
    """A step did not come out as it should: a packet was lost, or went another way."""


class Player:
    """Plays steps on a network and tells what happens with ``say``."""

    def __init__(self, network: Lab, say: Callable[[str], None] = print) -> None:
        self.network = network
        self.say = say
        self.last_path: list[path.Hop] = []
        self._last_step: steps.Path | None = None
        self.last_ways: Counter[tuple[str, ...]] = Counter()
        self.last_receivers: list[str] = []
        self._names = path.names_of(network.topology)
        self._direct = (0, 0.0)  # octets and bit/s of the last `fetch` without a segment
        self._legend = True  # is still to be printed

    def run(self, script: Iterable[steps.Step]) -> None:
        """All steps in order. Raises Failed for one that fails, TopologyError for what a router refuses."""
        for number, step in enumerate(script, 1):
            try:
                self.play(step)
            except TopologyError as error:
                raise TopologyError(f"scenario, step {number}: {error}") from None

    def play(self, step: steps.Step) -> None:
        """One step. Raises Failed or TopologyError."""
        match step:
            case steps.Say(text):
                self.say("\n" + wrap(text))
            case steps.Ping():
                self.ping(step)
            case steps.Path():
                self.path(step)
            case steps.Flows():
                self.flows(step)
            case steps.Receivers(source, to):
                self.receivers(source, to)
            case steps.Unanswered():
                self.unanswered(step)
            case steps.Functions():
                self.functions()
            case steps.Apply(changes):
                self.apply(changes)
            case steps.Cable(ends, whole):
                self.network.set_cable(*ends, whole)
                self.say(f"{ends[0]} -- {ends[1]} is {'restored' if whole else 'cut'}")
            case steps.Traffic():
                self.traffic(step)
            case steps.Quiet():
                self.quiet()
            case steps.Fetch():
                self.fetch(step)
            case steps.Expect():
                self.expect(step)

    def ping(self, step: steps.Ping) -> None:
        """Echo requests, one after the other."""
        address = self._address(step.source, step.to, step.family)
        took = []
        for number in range(1, step.count + 1):
            seconds = self.network.ping(step.source, address, PATIENCE)
            if seconds is None:
                raise Failed(f"{step.source} pings {step.to}: no answer to {number} of {step.count} in {PATIENCE:g} s")
            took.append(f"{seconds * 1000:.1f}")
        to = step.to if step.to == address else f"{step.to} ({address})"
        self.say(wrap(f"{step.source} pings {to}: {step.count} of {step.count} answered, after {', '.join(took)} ms"))

    def unanswered(self, step: steps.Unanswered) -> None:
        """An echo request that must not be answered."""
        address = self._address(step.source, step.to, step.family)
        if self.network.ping(step.source, address, SILENCE) is not None:
            raise Failed(f"{step.source} pings {step.to}, and there is an answer")
        self.say(f"{step.source} pings {step.to}: no answer")

    def functions(self) -> None:
        """What each function has let pass, and dropped."""
        for name, tally in self.network.functions().items():
            self.say(f"  {name}: {tally}")

    def path(self, step: steps.Path) -> None:
        """One UDP packet, and its way."""
        trip = self._probe(step)
        self.say(path.render(self.last_path, width()))
        if self._legend:
            self._legend = False
            self.say(wrap(path.LEGEND))
        self._check_arrival(trip, step.to)

    def _probe(self, step: steps.Path) -> Trip:
        version = ip_address(self._address(step.source, step.to, step.family)).version
        (trip,) = self.network.probe(step.source, step.to, version, [FIRST_SOURCE_PORT], PATIENCE)
        nodes = self.network.nodes
        names = {**self._names, **names_at(self.network.topology, nodes, step.source)}
        self.last_path, self._last_step = path.hops(trip.passages, nodes, names, not trip.arrived), step
        return trip

    def flows(self, step: steps.Flows) -> None:
        """Many UDP packets that differ in the source port, and how many went which way."""
        version = ip_address(self._address(step.source, step.to, step.family)).version
        ports = range(FIRST_SOURCE_PORT, FIRST_SOURCE_PORT + step.count)
        trips = self.network.probe(step.source, step.to, version, ports, PATIENCE)
        self.last_ways = Counter(_nodes(trip) for trip in trips)
        self.say(f"{step.count} flows from {step.source} to {step.to}:")
        for way, number in self.last_ways.most_common():
            self.say(f"  {number:>4}  {' - '.join(way)}")
        for trip in trips:
            self._check_arrival(trip, step.to)

    def receivers(self, source: str, address: str) -> None:
        """One UDP packet, and the hosts that get it."""
        found = self.last_receivers = self.network.receivers(source, address, PATIENCE)
        which = f": {', '.join(found)}" if found else ""
        self.say(f"{source} to {address}: {len(found)} receiver{'' if len(found) == 1 else 's'}{which}")

    def apply(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Configuration on top of the routers' own."""
        for router, added in changes.items():
            begin = time.perf_counter()
            self.network.apply(router, added)
            self.say(f"{router}: configuration applied in {(time.perf_counter() - begin) * 1000:.0f} ms")

    def traffic(self, step: steps.Traffic) -> None:
        """A flow that goes on."""
        try:
            flow = self.network.traffic.start(step.source, step.to, step.rate, step.family)
        except LabError as error:
            self.say(wrap(f"no flow from {step.source} to {step.to}: {error}"))
            return
        self.say(f"flow {flow.number}: {step.source} to {step.to}, {flow.kind}")

    def fetch(self, step: steps.Fetch) -> None:
        """A text by TCP, and whether it is the one that was sent."""
        found = self.network.fetch(step, FETCH_PATIENCE)
        way = f" by {', '.join(step.names)}" if step.names else ""
        if found.error is not None:
            raise Failed(f"{step.source} gets nothing from {step.to}{way}: {found.error}")
        if step.changed is not None and found.same == step.changed:
            raise Failed(
                f"{step.source} gets {found.octets} octets from {step.to}{way}, "
                + ("just what was sent" if found.same else "not what was sent")
            )
        what = f"{found.octets} octets, {'as they were sent' if found.same else f'beginning {found.beginning!r}'}"
        against = ""
        size, direct = self._direct
        if step.via and size == step.size:
            against = f", {found.rate / direct:.0%} of a direct connection"
        elif not step.via:
            self._direct = step.size, found.rate
        self.say(wrap(f"{step.source} gets from {step.to}{way}: {what}; {found.rate / 1e6:.1f} Mbit/s{against}"))

    def quiet(self) -> None:
        """The flows stop."""
        with suppress(LabError):
            for number in self.network.traffic.flows:
                self.network.traffic.stop(number)

    def load(self, wanted: Mapping[tuple[str, str], float]) -> None:
        """Wait until the cables have this load. Raises Failed when they do not within `SETTLING`."""
        try:
            if not self.network.traffic.flows:
                raise Failed("no flow runs: there is no load to expect")
        except LabError:
            return  # nobody has sent anything
        end = time.monotonic() + SETTLING
        before = now = self.network.carried()
        while True:
            begin = time.monotonic()
            time.sleep(LOAD_INTERVAL)
            before, now = now, self.network.carried()
            took = time.monotonic() - begin
            found = {ends: self._load_of(ends, before, now, took) for ends in wanted}
            if all(abs(found[ends] - load) <= LOAD_TOLERANCE for ends, load in wanted.items()):
                self.say("load: " + ", ".join(f"{one} to {other} {found[one, other]:.0f} %" for one, other in wanted))
                return
            if time.monotonic() > end:
                (one, other), load = next(
                    (ends, load) for ends, load in wanted.items() if abs(found[ends] - load) > LOAD_TOLERANCE
                )
                raise Failed(f"from {one} to {other} the load is {found[one, other]:.0f} %, not about {load:.0f} %")

    def _load_of(
        self,
        ends: tuple[str, str],
        before: Mapping[int, tuple[Carried, Carried]],
        now: Mapping[int, tuple[Carried, Carried]],
        took: float,
    ) -> float:
        """Percent of the rate, of the busiest cable from the first to the second node; without a rate of `NOMINAL`."""
        rate = self.network.impairments(*ends).rate or NOMINAL
        links = self.network.topology.links_between(*ends)
        sides = [(link.number, 0 if link.ends[0].node == ends[0] else 1) for link in links]
        octets = max(now[number][side].octets - before[number][side].octets for number, side in sides)
        return 100 * 8 * octets / took / rate

    def expect(self, step: steps.Expect) -> None:
        """What the last path or the last flows have to be, or the load to become."""
        if step.load:
            self.load(step.load)
        last, end = self._last_step, time.monotonic() + LEARNING
        while last is not None and self.network.topology.hosts[last.source].l2 and time.monotonic() < end:
            with suppress(Failed):
                self._compare(step)
                return
            time.sleep(_PAUSE)
            self._probe(last)  # what a bridge domain learns of a packet it knows a moment later
        self._compare(step)

    def _compare(self, step: steps.Expect) -> None:
        went = [hop.node for hop in self.last_path]
        if step.path is not None and went != list(step.path):
            raise Failed(f"the packet went {' - '.join(went) or 'nowhere'}, not {' - '.join(step.path)}")
        for node, did in step.does.items():
            done = [hop.did for hop in self.last_path if hop.node == node]
            if did not in done:
                raise Failed(f"{node} did {' and '.join(done) or 'not see the packet'}, not {did}")
        if step.receivers is not None and sorted(self.last_receivers) != sorted(step.receivers):
            got, wanted = (", ".join(each) or "nobody" for each in (self.last_receivers, step.receivers))
            raise Failed(f"{got} got the packet, not {wanted}")
        total = sum(self.last_ways.values())
        for node, share in step.share.items():
            seen = sum(number for way, number in self.last_ways.items() if node in way) / max(1, total)
            if abs(seen - share) > TOLERANCE:
                raise Failed(f"{seen:.0%} of the flows went over {node}, not about {share:.0%}")

    def _address(self, source: str, target: str, family: int | None) -> str:
        """The address of a host, or ``target`` itself, as ``source`` knows it.

        Raises:
            Failed: for ``source`` that address is another host's.
        """
        host = self.network.topology.hosts.get(target)
        if host is None:
            return target
        names = names_at(self.network.topology, self.network.nodes, source)
        known = [address for address in (host.ipv6, host.ipv4) if names.get(address) == target]
        if family is not None:
            known = [host.ipv4 if family == 4 else host.ipv6]
        address = known[0] if known else host.ipv6
        # In the same VRF it is an address that several are to have: receivers of a tree.
        if (other := names.get(address, target)) != target and self.network.topology.hosts[other].vrf != host.vrf:
            vrf = self.network.topology.hosts[source].vrf
            raise Failed(f"{source} cannot reach {target}: in VRF {vrf}, {address} is {other}")
        return address

    @staticmethod
    def _check_arrival(trip: Trip, target: str) -> None:
        if not trip.arrived:
            last = trip.passages[-1].receiver if trip.passages else "its sender"
            raise Failed(
                f"the packet did not reach {target} within {PATIENCE:g} s; it was last seen on the way to {last}"
            )


def _nodes(trip: Trip) -> tuple[str, ...]:
    """The nodes in the order of the way."""
    passages = trip.passages
    return (*(passage.sender for passage in passages), *(passage.receiver for passage in passages[-1:]))
