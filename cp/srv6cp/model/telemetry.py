# SPDX-License-Identifier: Apache-2.0
"""What a node measures by options of IPv6: path tracing, alternate marking (RFC 9343)."""

from __future__ import annotations

from dataclasses import dataclass

from srv6cp.model.interfaces import InterfaceId

#: Of path tracing: the time stamp is the last 8 bits of the time in nanoseconds, shifted to the right by so many bits.
TIMESTAMP_SHIFTS = (8, 12, 16, 20)
USUAL_TEMPLATE = 2


@dataclass(frozen=True)
class TracedInterface:
    """An interface by which packets with the path tracing option leave (draft-filsfils-spring-path-tracing).

    ``number`` (1 to 4095) and ``load`` (0 to 15) are what a midpoint writes; ``template`` is that of the time stamp, an
    index of ``TIMESTAMP_SHIFTS``.
    """

    interface: InterfaceId
    number: int
    load: int = 0
    template: int = USUAL_TEMPLATE


@dataclass(frozen=True)
class MarkedFlow:
    """A FlowMonID (20 bits, RFC 9343 section 3) whose packets are counted where they come by one of ``ports``."""

    flow: int
    ports: tuple[int, ...]


@dataclass(frozen=True)
class Telemetry:
    """All of it. What is not named stays as it is, and is not counted."""

    traced: tuple[TracedInterface, ...] = ()
    flows: tuple[MarkedFlow, ...] = ()


NO_TELEMETRY = Telemetry()
