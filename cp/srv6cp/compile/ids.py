# SPDX-License-Identifier: Apache-2.0
"""Numbers for next hops, policies, segment lists and SIDs.

A number follows from what it stands for, by hash, so that it stays the same when other parts of the
configuration change and when the controller restarts; a collision takes the next free number. A
controller that keeps its ``Ids`` from one compilation to the next keeps the colliding ones as well.
"""

from __future__ import annotations

from zlib import crc32

from srv6cp.behaviours import Section


class IdSpace:
    """Numbers ``1..size-1`` for keys; 0 always means "none"."""

    def __init__(self, what: str, size: int) -> None:
        self._what = what
        self._size = size
        self._ids: dict[bytes, int] = {}
        self._taken: set[int] = set()
        self._used: set[bytes] = set()

    def take(self, key: bytes) -> int:
        """The number of ``key``, the same for every call with it.

        Raises:
            OverflowError: all numbers are taken.
        """
        self._used.add(key)
        number = self._ids.get(key)
        if number is not None:
            return number
        if len(self._taken) >= self._size - 1:
            raise OverflowError(f"the switch has room for {self._size - 1} {self._what}")
        number = crc32(key) % (self._size - 1) + 1
        while number in self._taken:
            number = number % (self._size - 1) + 1
        self._taken.add(number)
        self._ids[key] = number
        return number

    def sweep(self) -> None:
        """Give back the numbers of keys that were not taken since the last sweep."""
        for key in self._ids.keys() - self._used:
            self._taken.discard(self._ids.pop(key))
        self._used.clear()


class Ids:
    """All number spaces of one switch. ``sids`` and ``policies`` are bounded by the counters they index."""

    def __init__(self, sids: int = 131072, policies: int = 65536) -> None:
        self.nexthops = IdSpace("next hops", 65536)
        self.groups = IdSpace("next-hop groups", 65536)
        self.policies = IdSpace("policies", min(policies, 65536))
        self.sidlists = IdSpace("segment lists", 65536)
        self.sids = IdSpace("counted SIDs", sids)
        self._sections: dict[str, IdSpace] = {}

    def section(self, section: Section) -> IdSpace:
        """Numbers for the items of a section that a record of a behaviour brings."""
        space = self._sections.get(section.key)
        if space is None:
            space = self._sections[section.key] = IdSpace(section.key, section.size)
        return space

    def sweep(self) -> None:
        """Give back everything that the last compilation did not use; call once after each."""
        for space in (self.nexthops, self.groups, self.policies, self.sidlists, self.sids, *self._sections.values()):
            space.sweep()
