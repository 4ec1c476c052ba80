# SPDX-License-Identifier: Apache-2.0
"""How often a packet that was punted may be sent through the pipeline again.

A packet that waited for its neighbour is submitted once more. Should the tables not lead it to that neighbour, it
comes back, and would go round for ever: what comes back carries no mark, but it has the same bytes.
"""

from __future__ import annotations

from .punt import PacketIn

_LIMIT = 16
"""Times a packet is sent again. Once is enough; but packets that merely look the same share this."""
_MEMORY = 60.0
"""Seconds that a packet is remembered after it was sent; longer than one waits for a neighbour."""
_PACKETS = 4096
"""Packets that are remembered; the one that was sent least recently is forgotten first."""


class Reinjections:
    """Packets that were sent again lately. Time is an argument."""

    def __init__(self) -> None:
        self._sent: dict[tuple[int, int, int], tuple[int, float]] = {}

    def __len__(self) -> int:
        return len(self._sent)

    def allowed(self, packet: PacketIn, now: float) -> bool:
        """Count one more time that `packet` is sent again; False when it was sent too often already."""
        key = packet.ingress_port, packet.vrf_id if packet.own else 0, hash(packet.payload)
        times, until = self._sent.pop(key, (0, 0.0))
        if until <= now:
            times = 0
        if len(self._sent) >= _PACKETS:
            del self._sent[next(iter(self._sent))]
        self._sent[key] = times + 1, now + _MEMORY
        return times < _LIMIT
