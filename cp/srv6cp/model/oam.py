# SPDX-License-Identifier: Apache-2.0
"""OAM as a node does it (RFC 9259)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Network


@dataclass(frozen=True)
class Oam:
    """Which SIDs copy packets with the O flag to the controller (RFC 9259 2.1.1): all of them, or ``sids``."""

    everywhere: bool = False
    sids: frozenset[IPv6Network] = frozenset()

    @property
    def enabled(self) -> bool:
        """Whether there are any."""
        return self.everywhere or bool(self.sids)

    def copies(self, sid: IPv6Network) -> bool:
        """Whether this SID does."""
        return self.everywhere or sid in self.sids


NO_OAM = Oam()
