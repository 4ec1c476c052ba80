# SPDX-License-Identifier: Apache-2.0
"""A limit of what each port may cause, where the switch has none of its own for it (RFC 4443 2.4 f)."""

from __future__ import annotations

from srv6cp.model import RateLimit


class Tokens:
    """A token bucket of each port. Time is an argument."""

    def __init__(self, limit: RateLimit | None) -> None:
        self.limit = limit
        self._left: dict[int, tuple[float, float]] = {}  # port to tokens, and when there were so many

    def take(self, port: int, now: float) -> bool:
        """Whether there was a token of ``port`` left; without a limit there always is."""
        if self.limit is None:
            return True
        tokens, since = self._left.get(port, (float(self.limit.burst), now))
        tokens = min(self.limit.burst, tokens + (now - since) * self.limit.rate)
        enough = tokens >= 1
        self._left[port] = tokens - enough, now
        return enough
