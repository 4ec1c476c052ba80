# SPDX-License-Identifier: Apache-2.0
"""What a topology file wants to be shown: a list of steps.

- say: a sentence
- ping: {from: h1, to: h2, count: 3, family: 4}     # or `to` an address; family 6 unless said
- path: {from: h1, to: h2, family: 4}               # the way of one packet, hop by hop
- flows: {from: h1, to: h2, count: 64}              # the ways of many packets, one for each source port
- apply: {r1: {policies: [...], ...}}               # on top of the router's own configuration
- expect: {path: [h1, r1, r3, r4, h2]}              # of the last `path` step
- expect: {does: {r2: End.X}}                       # what the last `path` step says of a node
- expect: {share: {r2: 0.75, r3: 0.25}}             # of the last `flows` step, 0.15 more or less
"""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from srv6lab import path
from srv6lab.lab import FIRST_SOURCE_PORT, Lab, Trip
from srv6lab.topology import TopologyError

PATIENCE = 3.0  # s for one packet through the network
TOLERANCE = 0.15
MAX_FLOWS = 1000


class Failed(Exception):
    """A step did not come out as it should: a packet was lost, or went another way."""


class Player:
    """Runs steps on a network and tells what happens with ``say``."""

    def __init__(self, network: Lab, say: Callable[[str], None] = print) -> None:
        self.network = network
        self.say = say
        self.last_path: list[path.Hop] = []
        self.last_ways: Counter[tuple[str, ...]] = Counter()
        self._names = path.names_of(network.topology)
        self._legend = True  # is still to be printed
        self._width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        self._steps: dict[str, Callable[[Any], None]] = {
            "say": lambda text: self.say(f"\n{text}"),
            "ping": self.ping,
            "path": self.path,
            "flows": self.flows,
            "apply": self.apply,
            "expect": self.expect,
        }

    def run(self, steps: Sequence[Any]) -> None:
        """All steps in order. Raises TopologyError for a step that makes no sense, Failed for one that fails."""
        for number, step in enumerate(steps, 1):
            if not isinstance(step, Mapping) or len(step) != 1 or next(iter(step)) not in self._steps:
                raise TopologyError(f"scenario, step {number}: one of {', '.join(self._steps)} is needed, not {step!r}")
            ((verb, argument),) = step.items()
            try:
                self._steps[verb](argument)
            except TopologyError as error:
                raise TopologyError(f"scenario, step {number} ({verb}): {error}") from None

    def ping(self, argument: Any) -> None:
        """Echo requests, one after the other."""
        source, name, address = self._ends(argument)
        count = _number(argument, "count", 1, MAX_FLOWS)
        took = []
        for number in range(1, count + 1):
            seconds = self.network.ping(source, address, PATIENCE)
            if seconds is None:
                raise Failed(f"{source} pings {name or address}: no answer to {number} of {count} in {PATIENCE:g} s")
            took.append(f"{seconds * 1000:.1f}")
        to = f"{name} ({address})" if name else address
        self.say(f"{source} pings {to}: {count} of {count} answered, after {', '.join(took)} ms")

    def path(self, argument: Any) -> None:
        """One UDP packet, and its way."""
        source, target, version = self._hosts(argument)
        (trip,) = self.network.probe(source, target, version, [FIRST_SOURCE_PORT], PATIENCE)
        self.last_path = path.hops(trip.passages, self.network.nodes, self._names, not trip.arrived)
        self.say(path.render(self.last_path, self._width))
        if self._legend:
            self._legend = False
            self.say(path.LEGEND)
        self._check_arrival(trip, target)

    def flows(self, argument: Any) -> None:
        """Many UDP packets that differ in the source port, and how many went which way."""
        source, target, version = self._hosts(argument)
        count = _number(argument, "count", 64, MAX_FLOWS)
        ports = range(FIRST_SOURCE_PORT, FIRST_SOURCE_PORT + count)
        trips = self.network.probe(source, target, version, ports, PATIENCE)
        self.last_ways = Counter(_nodes(trip) for trip in trips)
        self.say(f"{count} flows from {source} to {target}:")
        for way, number in self.last_ways.most_common():
            self.say(f"  {number:>4}  {' - '.join(way)}")
        for trip in trips:
            self._check_arrival(trip, target)

    def apply(self, argument: Any) -> None:
        """Configuration on top of the routers' own."""
        if not isinstance(argument, Mapping):
            raise TopologyError("{ROUTER: {policies: ..., steering: ...}} is needed")
        for router, changes in argument.items():
            if not isinstance(changes or {}, Mapping):
                raise TopologyError(f"{router}: a mapping is needed, not {changes!r}")
            begin = time.perf_counter()
            self.network.apply(str(router), changes or {})
            self.say(f"{router}: configuration applied in {(time.perf_counter() - begin) * 1000:.0f} ms")

    def expect(self, argument: Any) -> None:
        """What the last path or the last flows have to be."""
        kinds: dict[str, Callable[[Any], None]] = {
            "path": self._expect_path,
            "does": self._expect_behavior,
            "share": self._expect_share,
        }
        if not isinstance(argument, Mapping) or not argument or set(argument) - set(kinds):
            raise TopologyError("{path: [NODE, ...]}, {does: {NODE: BEHAVIOUR}} or {share: {NODE: 0.5}} is needed")
        for kind, value in argument.items():
            kinds[kind](value)

    def _expect_path(self, wanted: Any) -> None:
        went = [hop.node for hop in self.last_path]
        if went != wanted:
            raise Failed(f"the packet went {' - '.join(went)}, not {' - '.join(map(str, wanted))}")

    def _expect_behavior(self, wanted: Any) -> None:
        for node, did in wanted.items():
            done = [hop.did for hop in self.last_path if hop.node == node]
            if did not in done:
                raise Failed(f"{node} did {' and '.join(done) or 'not see the packet'}, not {did}")

    def _expect_share(self, wanted: Any) -> None:
        total = sum(self.last_ways.values())
        for node, share in wanted.items():
            seen = sum(number for way, number in self.last_ways.items() if node in way) / max(1, total)
            if abs(seen - share) > TOLERANCE:
                raise Failed(f"{seen:.0%} of the flows went over {node}, not about {share:.0%}")

    def _ends(self, argument: Any) -> tuple[str, str, str]:
        """Host, host (or "" when the target is an address), address."""
        hosts = self.network.topology.hosts
        if not isinstance(argument, Mapping) or argument.get("from") not in hosts:
            raise TopologyError(f"{{from: HOST, to: HOST or address}} is needed; hosts are {', '.join(hosts)}")
        source, target = str(argument["from"]), str(argument.get("to"))
        if target in hosts:
            four = _number(argument, "family", 6, 6) == 4
            return source, target, hosts[target].ipv4 if four else hosts[target].ipv6
        try:
            return source, "", str(ip_address(target))
        except ValueError:
            raise TopologyError(f"{target!r} is neither a host ({', '.join(hosts)}) nor an address") from None

    def _hosts(self, argument: Any) -> tuple[str, str, int]:
        source, target, address = self._ends(argument)
        if not target:
            raise TopologyError("the destination must be a host")
        return source, target, ip_address(address).version

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


def _number(argument: Mapping[str, Any], key: str, default: int, most: int) -> int:
    value = argument.get(key, default)
    if not (isinstance(value, int) or (isinstance(value, str) and value.isdecimal())) or not 1 <= int(value) <= most:
        raise TopologyError(f"{key}: {value!r} is not a number from 1 to {most}")
    return int(value)
