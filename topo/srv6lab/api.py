# SPDX-License-Identifier: Apache-2.0
"""The lab for scripts and notebooks: ``from srv6lab import Lab``.

    with Lab.start("quickstart") as lab:
        lab.apply("r1", policies=[{"name": "p", "encap": {"mode": "encap"},
                                   "segment-lists": [{"segments": ["r3", "r4/End.DT46"]}]}],
                  steering=[{"prefix": "2001:db8:2::/64", "policy": "p"}])
        assert lab.send("h1", "h2").nodes == ("h1", "r1", "r3", "r4", "h2")
        flow = lab.flow("h1", "h2", rate="5M")
        lab.settle()
        print(lab.load("r1", "r3"), flow.report()["delay"])
        lab.link("r1", "r3", "down")

All errors are of `srv6lab.topology.TopologyError` (a name that does not exist, a configuration that is not valid),
`srv6lab.errors.LabError` (the network cannot do that) or `srv6cp.cli.exitcodes.CliError` (words that make no sense).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srv6cp.artifacts import find
from srv6lab import impairments
from srv6lab.errors import LabError
from srv6lab.lab import Lab as RunningNetwork
from srv6lab.loader import load_topology
from srv6lab.network import Network
from srv6lab.scenario import Player
from srv6lab.shell import Shell
from srv6lab.topology import Topology
from srv6lab.traffic import Flow
from srv6lab.view import View

SETTLING = 30.0  # s


@dataclass(frozen=True)
class Way:
    """The way of one packet: whether it ``arrived``, and its hops as `View.packet` has them."""

    arrived: bool
    hops: tuple[Mapping[str, str], ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that it passed."""
        return tuple(hop["node"] for hop in self.hops)


class Lab:
    """A running network; a context manager, which stops a network that `start` has made."""

    def __init__(self, network: RunningNetwork) -> None:
        self.network = network
        self._stack = ExitStack()
        self._said: list[str] = []
        self._shell = Shell(Player(network, self._said.append))
        self._view = View(network)

    @classmethod
    def start(cls, topology: str | Path | Topology, *, profile: str = "full") -> Lab:
        """Start a network in this process from a topology, its file, or its name. No root is needed.

        Raises TopologyError, and `srv6cp.artifacts.ArtifactError` for a profile that there is not.
        """
        made = topology if isinstance(topology, Topology) else load_topology(topology)
        network = Network(made, find(profile))
        lab = cls(network)
        lab._stack.callback(network.close)
        return lab

    @classmethod
    def attach(cls, name: str) -> Lab:
        """A network of namespaces that runs (`srv6 lab up --netns`). Raises LabError."""
        from srv6lab import control

        return cls(control.attach(name))

    @property
    def topology(self) -> Topology:
        """What it was made from."""
        return self.network.topology

    def run(self, line: str) -> str:
        """A line of the lab's shell, such as ``steer r1 h2 r3 r4/End.DT46``; what it says."""
        self._said.clear()
        self._shell.run_line(line)
        return "\n".join(self._said)

    def apply(self, router: str, **changes: Any) -> None:
        """Add to the configuration of a router, in place of what `apply` and `steer` added before; nothing: take back.

        ``changes`` are sections of a node file (policies, steering, routes, sids ...); segments may be names.
        """
        self.network.apply(router, changes)

    def steer(self, router: str, host: str, *segments: str) -> None:
        """Have a router send what goes to a host along segments, which may be names."""
        self.run(" ".join(("steer", router, host, *segments)))

    def send(self, source: str, target: str, family: int | None = None) -> Way:
        """Send one UDP packet from host to host; its way. ``family`` 4 or 6; None: one that reaches the host."""
        found = self._view.packet(source, target, family)
        return Way(found["arrived"], tuple(found["hops"]))

    def ping(self, source: str, address: str, timeout: float = 3.0) -> float | None:
        """Seconds until the answer to an echo request, None when none came."""
        self.topology.check_host(source)
        return self.network.ping(source, address, timeout)

    def flow(self, source: str, target: str, rate: str | int | None = None, family: int | None = None) -> Flow:
        """Start a flow: ``rate`` such as ``"5M"`` or in bit/s; None takes what there is. `Flow.report` measures."""
        bits = None if rate is None else impairments.read_rate(rate)
        return self.network.traffic.start(source, target, bits, family)

    def stop(self, flow: Flow) -> Mapping[str, Any]:
        """Stop a flow; its last report."""
        return self.network.traffic.stop(flow.number)

    def link(self, one: str, other: str, words: str = "") -> str:
        """Change what the cable between two nodes does (``down``, ``up``, ``rate 10M loss 1%``); what it is now."""
        return self.run(f"link {one} {other} {words}".rstrip())

    def restart(self, router: str) -> None:
        """Start the switch of a router anew; returns when its controller has filled it."""
        self.network.restart(router)

    def router(self, name: str) -> Mapping[str, Any]:
        """SIDs, policies, neighbours and drops of a router, with counters."""
        return self._view.router(name)

    def load(self, one: str, other: str, seconds: float = 1.0) -> float:
        """Percent of its rate that the (busiest) cable from a node to another carries, over some seconds."""
        links = self.topology.links_between(one, other)
        self._view.look()
        time.sleep(seconds)
        self._view.look()
        now = self._view.live(0)["links"]
        return max(float(now[link.number]["sides"][0 if link.ends[0].node == one else 1]["load"]) for link in links)

    def settle(self, timeout: float = SETTLING) -> None:
        """Wait until all controllers are primary of their switches. Raises LabError after ``timeout`` seconds."""
        end = time.monotonic() + timeout
        while wrong := {name: role for name, role in self.network.health().routers.items() if role != "primary"}:
            if time.monotonic() > end:
                raise LabError(
                    f"not settled after {timeout:g} s: " + ", ".join(f"{k} is {v}" for k, v in wrong.items())
                )
            time.sleep(0.05)

    def close(self) -> None:
        """Stop what `start` has started."""
        self._view.close()
        self._stack.close()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
