# SPDX-License-Identifier: Apache-2.0
"""What packets asked for and did not get: neighbours that are not learned, questions that are not sent.

Counted by interface and reason, and said in the log, each of them at most once a minute: whoever floods a port
does not fill the disk with that.
"""

from __future__ import annotations

import logging
from collections import Counter

from srv6cp.model import InterfaceId

log = logging.getLogger(__name__)

_PAUSE = 60.0


class Refusals:
    """``counts``: by interface and reason, since the start. ``node`` is its name, for the log."""

    def __init__(self, node: str = "") -> None:
        self.counts: Counter[tuple[InterfaceId, str]] = Counter()
        self._where = f"{node}: " if node else ""
        self._said: dict[tuple[InterfaceId, str], tuple[float, int]] = {}

    def count(self, interface: InterfaceId, reason: str, now: float, detail: object = "") -> None:
        """One more, with what it was about, or the limit that was met."""
        key = interface, reason
        self.counts[key] += 1
        at, before = self._said.get(key, (None, 0))
        if at is not None and now - at < _PAUSE:
            return
        count = self.counts[key]
        self._said[key] = now, count
        since = f"; {count - before} times in {now - at:.0f} s" if at is not None else ""
        example = f" ({detail})" if detail else ""
        log.warning("%sport %s: %s%s%s", self._where, interface, reason, example, since)
