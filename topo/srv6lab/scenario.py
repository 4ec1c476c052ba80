# SPDX-License-Identifier: Apache-2.0
"""What a topology file wants to be shown: a list of steps.

- say: a sentence
- ping: {from: h1, to: h2, count: 3}
- path: {from: h1, to: h2}                 # the way of one packet, hop by hop
- apply: {r1: {policies: [...], ...}}      # on top of the router's own configuration
- expect: {path: [h1, r1, r3, r4, h2]}     # of the last `path` step
"""

from __future__ import annotations

import itertools
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

from srv6lab import path
from srv6lab.network import Network, Passage
from srv6lab.topology import TopologyError

PATIENCE = 3.0  # s for one packet through the network
_tags = itertools.count(1)


class Failed(Exception):
    """A step did not come out as it should: a packet was lost, or went another way."""


class Player:
    """Runs steps on a network and tells what happens with ``say``."""

    def __init__(self, network: Network, say: Callable[[str], None] = print) -> None:
        self.network = network
        self.say = say
        self.last_path: list[path.Hop] = []
        self._width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        self._steps: dict[str, Callable[[Any], None]] = {
            "say": lambda text: self.say(f"\n{text}"),
            "ping": self.ping,
            "path": self.path,
            "apply": self.apply,
            "expect": self.expect,
        }

    def run(self, steps: Any) -> None:
        """All steps in order. Raises TopologyError for a step that makes no sense, Failed for one that fails."""
        for number, step in enumerate(steps, 1):
            if not isinstance(step, Mapping) or len(step) != 1 or next(iter(step)) not in self._steps:
                raise TopologyError(
                    f"scenario, step {number}: one of {', '.join(self._steps)} is needed, not {step!r}"
                )
            ((verb, argument),) = step.items()
            self._steps[verb](argument)

    def _ends(self, argument: Any) -> tuple[str, str, str]:
        hosts = self.network.topology.hosts
        if not isinstance(argument, Mapping) or argument.get("from") not in hosts:
            raise TopologyError(
                f"{{from: HOST, to: HOST or address}} is needed; hosts are {', '.join(hosts)}"
            )
        target = str(argument.get("to"))
        if target in hosts:
            return (
                str(argument["from"]),
                target,
                hosts[target].ipv4 if argument.get("family") == 4 else hosts[target].ipv6,
            )
        try:
            return str(argument["from"]), "", str(ip_address(target))
        except ValueError:
            raise TopologyError(f"{target!r} is neither a host ({', '.join(hosts)}) nor an address") from None

    def ping(self, argument: Any) -> None:
        """Echo requests, one after the other."""
        source, name, address = self._ends(argument)
        count = int(argument.get("count", 1))
        for number in range(1, count + 1):
            took = self.network.hosts[source].ping(address, PATIENCE)
            if took is None:
                raise Failed(
                    f"{source} pings {name or address}: no answer within {PATIENCE:g} s; try `srv6 lab up --shell`"
                )
            self.say(
                f"{source} pings {name or address} ({address}): reply {number} of {count} after {took * 1000:.1f} ms"
            )

    def path(self, argument: Any) -> None:
        """One UDP packet, and its way."""
        source, name, address = self._ends(argument)
        if not name:
            raise TopologyError("path: the destination is a host")
        mark = b"srv6 path %d" % next(_tags)
        seen: list[Passage] = []
        end = self.network.watch(lambda passage: seen.append(passage) if mark in passage.frame else None)
        try:
            sender = self.network.hosts[source]
            sender.send_ip(sender.udp(address, mark))
            arrived = self.network.hosts[name].wait_for(lambda packet: mark in packet, PATIENCE)
        finally:
            end()
        self.last_path = path.hops(_way(seen, source), self.network.nodes)
        self.say(path.render(self.last_path, self._width))
        if arrived is None:
            raise Failed(f"the packet did not reach {name} within {PATIENCE:g} s")

    def apply(self, argument: Any) -> None:
        """Configuration on top of the routers' own."""
        if not isinstance(argument, Mapping):
            raise TopologyError("apply: {ROUTER: {policies: ..., steering: ...}} is needed")
        for router, changes in argument.items():
            begin = time.perf_counter()
            self.network.apply(str(router), changes)
            self.say(f"{router}: configuration applied in {(time.perf_counter() - begin) * 1000:.0f} ms")

    def expect(self, argument: Any) -> None:
        """The nodes of the last path."""
        wanted = list(argument["path"]) if isinstance(argument, Mapping) and "path" in argument else None
        if wanted is None:
            raise TopologyError("expect: {path: [NODE, ...]} is needed")
        went = [hop.node for hop in self.last_path]
        if went != wanted:
            raise Failed(f"the packet went {' - '.join(went)}, not {' - '.join(wanted)}")


def _way(seen: list[Passage], source: str) -> list[Passage]:
    """The frames in the order of the way: what a node sent follows what it received."""
    return [p for p in sorted(seen, key=lambda p: p.number) if p.sender != "" and (p.sender != p.receiver)]
