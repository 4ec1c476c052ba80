# SPDX-License-Identifier: Apache-2.0
"""A running network, whatever it is made of: what scenarios and the shell work on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from srv6cp.model import Node
from srv6cp.packets.probes import Probe
from srv6lab.fetching import Fetched
from srv6lab.functions import Tally
from srv6lab.impairments import Impairments
from srv6lab.steps import Fetch
from srv6lab.topology import Topology
from srv6lab.traffic import Traffic

PROBE_PORT = 9  # UDP destination port of probes (discard)
FIRST_SOURCE_PORT = 40000
NOMINAL = 100_000_000  # bit/s that a cable without a rate counts as
#: Of the controllers: above what commands take that come and go, so that none takes a router from its controller.
ELECTION_ID = 1 << 32


@dataclass(frozen=True)
class Passage:
    """One frame on one cable; ``number`` grows with time over all cables of a network."""

    number: int
    sender: str
    receiver: str
    frame: bytes


@dataclass(frozen=True)
class PortState:
    """A port of a router: the node at the other end of its cable, whether it has a link, whether the cable is cut."""

    to: str
    up: bool
    cut: bool

    def __str__(self) -> str:
        return f"to {self.to} " + ("up" if self.up else "down (cable cut)" if self.cut else "down")


@dataclass(frozen=True)
class Carried:
    """What the ports of switches have counted of one direction of a cable, since they started."""

    frames: int
    octets: int
    dropped: int  # by the cable itself: chance, or no room in its queue


@dataclass(frozen=True)
class Health:
    """Router to what its controller is to its switch (`primary` where all is well); numbers of links that are cut."""

    routers: Mapping[str, str]
    cut: frozenset[int]


@dataclass(frozen=True)
class Trip:
    """What was seen of one probe: its frames in the order of time, and whether the host got it."""

    passages: tuple[Passage, ...]
    arrived: bool


def in_order(seen: Iterable[Passage], source: str, target: str = "") -> list[Passage]:
    """The frames as a chain from ``source``: a node sends what it received. Of copies those on the way to ``target``.

    Times alone would nearly do. But the kernel stamps frames only from a moment after the first socket has asked for
    it; until then a stamp is the time of reading.
    """
    left = sorted(seen, key=lambda passage: passage.number)
    if _has_copies(left, source):
        left = _way_to(left, target)
    chain: list[Passage] = []
    node = source
    while (following := next((passage for passage in left if passage.sender == node), None)) is not None:
        left.remove(following)
        chain.append(following)
        node = following.receiver
    return chain + left


def _has_copies(seen: Sequence[Passage], source: str) -> bool:
    """Whether a node has sent more frames than it received."""
    sent = Counter(passage.sender for passage in seen)
    received = Counter([source, *(passage.receiver for passage in seen)])
    return any(number > received[node] for node, number in sent.items())


def _way_to(seen: Sequence[Passage], target: str) -> list[Passage]:
    """Backwards from the last node: what a node has sent it received before."""
    found: list[Passage] = []
    node = target
    for passage in reversed(seen):
        if passage.receiver == node:
            found.insert(0, passage)
            node = passage.sender
    return found or list(seen)


class Lab(Protocol):
    """A network that runs. Its methods raise TopologyError for names that do not exist."""

    @property
    def topology(self) -> Topology: ...

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The configuration that each router has now."""

    def ping(self, host: str, address: str, timeout: float) -> float | None:
        """Seconds until the answer to an echo request from ``host``, or None when none came."""

    def probe(self, source: str, target: str, version: int, ports: Sequence[int], timeout: float) -> list[Trip]:
        """A UDP packet from host to host for each source port, one after the other; ``version`` 4 or 6 of IP."""

    def receivers(self, source: str, address: str, timeout: float) -> list[str]:
        """The hosts that get a UDP packet from ``source``, once for each copy that a host got."""

    def exchange(self, node: str, probe: Probe, timeout: float) -> tuple[bytes, float] | None:
        """Send a probe from a host, or a router (whose controller makes it); the answer and the seconds between, None
        when none came."""

    def functions(self) -> Mapping[str, Tally]:
        """What network functions that are hosts of this process have counted."""

    def fetch(self, step: Fetch, timeout: float) -> Fetched:
        """Get a text by TCP, with an SRH where the step has segments. Raises LabError where hosts cannot do that."""

    def apply(self, router: str, changes: Mapping[str, Any]) -> None:
        """Give a router its configuration of the topology with ``changes`` added; what an earlier call added is gone.

        What `edit` did stays.

        Raises:
            TopologyError: no such router, or a configuration that is not valid, or that the switch refuses.
        """

    def edit(self, router: str, words: Sequence[str]) -> str:
        """Do ``sid add ...`` and the like to the node file of a router and have its controller apply it.

        Returns what was written. Raises TopologyError as `apply` does, CliError for words that make no sense.
        """

    def file(self, router: str) -> Path:
        """The node file that a router has now."""

    def data(self, router: str) -> Mapping[str, Any]:
        """What is in that file."""

    def ports(self, router: str) -> Mapping[int, PortState]:
        """The ports of a router and what they are connected to."""

    def set_cable(self, one: str, other: str, whole: bool) -> None:
        """Cut or restore the cables between two nodes. Raises UnknownName where there is none."""

    @property
    def traffic(self) -> Traffic:
        """Its flows. Raises LabError where it has none."""

    def impairments(self, one: str, other: str) -> Impairments:
        """What the cables between two nodes do to frames. Raises UnknownName where there is none."""

    def impair(self, one: str, other: str, impairments: Impairments) -> None:
        """Change that. Raises UnknownName, LabError where cables cannot be changed."""

    def carried(self) -> Mapping[int, tuple[Carried, Carried]]:
        """Number of a link to what went over it: from its first end to its second, and back."""

    def logged(self) -> list[tuple[bool, str]]:
        """What another process has logged of it since the last time, a line each; True: a warning."""

    def restart(self, router: str) -> str:
        """Start the switch of a router anew and have its controller fill it; what happened, as text."""

    def health(self) -> Health:
        """States of routers and cables."""

    def server(self, router: str) -> str:
        """Address of a router's P4Runtime server."""
