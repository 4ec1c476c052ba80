# SPDX-License-Identifier: Apache-2.0
"""The steps of a scenario as data; `script` reads them, `scenario` plays them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Any


@dataclass(frozen=True)
class Say:
    """A text to print."""

    text: str


@dataclass(frozen=True)
class Ping:
    """Echo requests from a host. ``to`` is a host, or an address; ``family`` None: one that reaches the host."""

    source: str
    to: str
    count: int = 1
    family: int | None = None


@dataclass(frozen=True)
class Unanswered:
    """An echo request that nobody answers."""

    source: str
    to: str
    family: int | None = None


@dataclass(frozen=True)
class Functions:
    """What the network functions have counted."""


@dataclass(frozen=True)
class Path:
    """The way of one packet from host to host."""

    source: str
    to: str
    family: int | None = None


@dataclass(frozen=True)
class Flows:
    """The ways of ``count`` packets that differ in the source port."""

    source: str
    to: str
    count: int = 64
    family: int | None = None


@dataclass(frozen=True)
class Receivers:
    """Which hosts get one packet to an address that several have."""

    source: str
    to: str


@dataclass(frozen=True)
class Apply:
    """Router to what is added to its configuration; ``place`` of the step in its scenario, from 0."""

    changes: Mapping[str, Mapping[str, Any]]
    place: int = 0


@dataclass(frozen=True)
class Cable:
    """The cables between two nodes are cut, or (``whole``) restored."""

    ends: tuple[str, str]
    whole: bool


@dataclass(frozen=True)
class Traffic:
    """A flow from host to host that goes on: ``rate`` in bit/s, None takes what there is."""

    source: str
    to: str
    rate: int | None = None
    family: int | None = None


@dataclass(frozen=True)
class Quiet:
    """All flows stop."""


@dataclass(frozen=True)
class Expect:
    """What the last `Path` (``path``: its nodes; ``does``: node to behaviour) or `Flows` (``share``) has shown.

    ``receivers``: the hosts that the last `Receivers` has found; None: not asked.
    ``load``: two nodes to the load, in percent, that the cable from the first to the second comes to.
    """

    path: tuple[str, ...] | None = None
    does: Mapping[str, str] = field(default_factory=dict)
    share: Mapping[str, float] = field(default_factory=dict)
    load: Mapping[tuple[str, str], float] = field(default_factory=dict)
    receivers: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Fetch:
    """A text of ``size`` octets by TCP; ``via`` are the segments of its SRH, ``names`` what the file calls them,
    ``back`` those of its return path."""

    source: str
    to: str
    via: tuple[IPv6Address, ...] = ()
    back: tuple[IPv6Address, ...] = ()
    names: tuple[str, ...] = ()
    size: int = 200_000
    changed: bool | None = False  # None: whatever arrives


Step = Fetch | Say | Ping | Unanswered | Functions | Path | Flows | Receivers | Apply | Cable | Traffic | Quiet | Expect
