# SPDX-License-Identifier: Apache-2.0
"""What a headend knows of the SIDs of a network: the lengths of their parts, and how they go through a container.

A SID is Block | Node | Function | Argument (RFC 8986 3.1, RFC 9252 3.2.1). Node and Function together are its C-SID
(RFC 9800 3). With the NEXT-C-SID or REPLACE-C-SID flavour everything behind them is Argument.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import IPv6Network

BITS = 128
#: Lengths of the C-SIDs of REPLACE-C-SID (RFC 9800 4.2).
REPLACE_LENGTHS = (16, 32)
#: Argument of End.DT2M, the ESI filter (RFC 8986 4.12).
FE2_LENGTH = 16


class Csid(enum.Enum):
    """The C-SID flavour of a SID (RFC 9800 4)."""

    NONE = "none"
    NEXT = "next"
    REPLACE = "replace"


@dataclass(frozen=True)
class SidStructure:
    """Lengths of the parts of a SID in bits, and its C-SID flavour.

    ``unit`` is the length of the C-SIDs that a REPLACE SID goes on to: that of its own, but for one of 16 + 16 bits
    among those of 16 bits (RFC 9800 6.4). A REPLACE SID with an ``argument`` of 16 bits is End.DT2M.
    """

    block: int
    node: int
    function: int
    argument: int = 0
    csid: Csid = Csid.NONE
    unit: int = 0

    def __post_init__(self) -> None:
        if not self.unit:
            object.__setattr__(self, "unit", self.csid_length)

    @cached_property
    def csid_length(self) -> int:
        """LNFL: Node and Function."""
        return self.node + self.function

    @cached_property
    def length(self) -> int:
        """Length of the prefix that a node has in its table."""
        return self.block + self.node + self.function

    @cached_property
    def containers(self) -> bool:
        """Whether the SID is a step of a container, rather than the end of one."""
        return self.csid is Csid.NEXT or (self.csid is Csid.REPLACE and self.argument != FE2_LENGTH)

    def argument_of(self, address: int) -> int:
        """The argument in a SID; all the bits behind the function where there is a C-SID flavour."""
        return (address & _ones(BITS - self.length)) >> BITS - self.length - self.argument

    def fits(self, address: int) -> bool:
        """Whether ``address`` is such a SID: a C-SID that is not 0, and no bits behind the argument (CS-1). One that
        goes on to others has no argument of its own."""
        behind = BITS - self.length - (0 if self.containers else self.argument)
        return bool(self.csid_of(address)) and not address & _ones(behind)

    def block_of(self, address: int) -> int:
        """The bits of the block."""
        return address >> BITS - self.block

    def csid_of(self, address: int) -> int:
        """The bits of Node and Function."""
        return address >> BITS - self.length & _ones(self.csid_length)


def next_structure(block: int, node: int, function: int = 0) -> SidStructure:
    """That of a NEXT-C-SID."""
    return SidStructure(block, node, function, BITS - block - node - function, Csid.NEXT)


def replace_structure(block: int, node: int, function: int = 0) -> SidStructure:
    """That of a REPLACE-C-SID."""
    return SidStructure(block, node, function, BITS - block - node - function, Csid.REPLACE)


class SidStructures:
    """Structures by prefix. Those of a longer prefix come before those of a shorter one around it.

    A prefix is that of one SID, or holds SIDs of the same structure: then there may be several structures of a prefix.
    """

    def __init__(self, known: Iterable[tuple[IPv6Network, SidStructure]] = ()) -> None:
        self._levels: dict[int, dict[int, list[SidStructure]]] = {}
        self._short: set[tuple[int, int]] = set()  # (length, bits) of locators whose REPLACE C-SIDs have 16 bits
        for prefix, structure in known:
            shift = BITS - prefix.prefixlen
            bits = int(prefix.network_address) >> shift
            level = self._levels.setdefault(prefix.prefixlen, {})
            found = level.setdefault(bits, [])
            if structure not in found:
                found.append(structure)
                found.sort(key=lambda each: each.length)  # of several the one that leaves no argument: `of`
            if structure.csid is Csid.REPLACE and (structure.node, structure.function) == (16, 0):
                self._short.add((prefix.prefixlen, bits))
        self._levels = dict(sorted(self._levels.items(), reverse=True))

    def __bool__(self) -> bool:
        return bool(self._levels)

    def of(self, sid: int) -> SidStructure | None:
        """The structure of a SID as it is advertised; None: unknown."""
        for found in self._around(sid):
            for structure in found:
                if structure.fits(sid):
                    return self._with_unit(sid, structure)
        return None

    def taker(self, destination: int) -> SidStructure | None:
        """The structure of the SID that takes packets for ``destination``, with any argument; None: unknown."""
        for length, found in self._levels_around(destination):
            for structure in found:
                if structure.fits(destination) or (length == structure.length and structure.csid_of(destination)):
                    return self._with_unit(destination, structure)
            for structure in found:
                if structure.containers and structure.csid_of(destination):
                    return self._with_unit(destination, structure)
        return None

    def intruder(self, destination: int, length: int) -> IPv6Network | None:
        """A SID with a prefix longer than ``length`` that would take packets for ``destination``; None: there is none
        that is known."""
        for level, found in self._levels_around(destination):
            if level <= length:
                return None
            if any(structure.length == level for structure in found):
                shift = BITS - level
                return IPv6Network((destination >> shift << shift, level))
        return None

    def _levels_around(self, address: int) -> Iterable[tuple[int, list[SidStructure]]]:
        for length, level in self._levels.items():
            found = level.get(address >> BITS - length)
            if found:
                yield length, found

    def _around(self, address: int) -> Iterable[list[SidStructure]]:
        return (found for _, found in self._levels_around(address))

    def _with_unit(self, sid: int, structure: SidStructure) -> SidStructure:
        """CS-8: among SIDs of a locator with C-SIDs of 16 bits, one of 16 + 16 bits counts as one of 16 bits."""
        if structure.csid is Csid.REPLACE and (structure.node, structure.function) == (16, 16):
            bits = structure.block + structure.node
            if any(length <= bits and sid >> BITS - length == value for length, value in self._short):
                return replace(structure, unit=16)
        return structure


def _ones(count: int) -> int:
    return (1 << count) - 1
