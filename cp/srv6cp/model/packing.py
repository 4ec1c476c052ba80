# SPDX-License-Identifier: Apache-2.0
"""Packing of segment lists into containers of C-SIDs at the source (RFC 9800 section 6), and what checks the result.

In a list of the wire, its elements, each of 128 bits, are SIDs in full and two kinds of containers::

    NEXT      Block | C-SID 1 | C-SID 2 | ... | 0        an address; each node moves what is behind its own C-SID up
    REPLACE   0 | C-SID k | ... | C-SID 2 | C-SID 1      no address; behind a SID in full (or a full container), whose
                                                         node writes C-SID 1 behind the block of the destination

`pack` finds the fewest elements that steer as the SIDs do: which SID begins an element is searched from the end of the
list, and there are two states, since behind a REPLACE SID at Index 0 comes a container and nothing else (RFC 9800 6.4).
`check_packed` and `check_written` send a packet over the result, as the nodes on the way will (RFC 9800 4.1.1, 4.2.1);
`compressed` is both.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import IPv6Address
from typing import NamedTuple

from srv6cp.model.structures import BITS, FE2_LENGTH, Csid, SidStructure, SidStructures

Elements = tuple[int, ...]


class Compress(enum.Enum):
    """What a headend makes of a list: containers of one kind, of whichever make it shorter, or none."""

    OFF = "off"
    AUTO = "auto"
    NEXT = "next"
    REPLACE = "replace"


class Listed(NamedTuple):
    """A segment of a list: its address; its structure, None where it is not known; ``alone``: never in a container;
    ``container``: no address, but a REPLACE container that somebody has packed."""

    address: int
    structure: SidStructure | None = None
    alone: bool = False
    container: bool = False

    def __str__(self) -> str:
        return str(IPv6Address(self.address))


class PackingError(ValueError):
    """A list that no packet gets through; ``place``: of the segment that is to blame, from 0."""

    def __init__(self, message: str, place: int = 0) -> None:
        super().__init__(message)
        self.place = place


class _Element(NamedTuple):
    """What may stand at a place of the list: its bits, the number of the SID behind it, and whether that one has to be
    in a REPLACE container."""

    bits: int
    behind: int
    awaits: bool = False


def compressed(
    sids: Sequence[Listed], compress: Compress, structures: SidStructures, followed: bool = False
) -> Elements:
    """The list that steers as the SIDs do, in the order of the path, checked; never longer than they are.

    ``followed``: others will put a segment behind it, as H.Insert does with the destination of the packet.
    ``structures``: the SIDs of the network that are known.

    Raises:
        PackingError: there is no such list.
    """
    with suppress(PackingError):
        elements = pack(sids, compress, followed)
        check_packed(elements, sids, structures, followed)
        return elements
    elements = pack(sids, compress, followed, structures)
    check_packed(elements, sids, structures, followed)
    return elements


def pack(
    sids: Sequence[Listed], compress: Compress, followed: bool = False, structures: SidStructures | None = None
) -> Elements:
    """The shortest list for the SIDs; of several the one that fills its first elements.

    With ``structures`` no container takes a packet to another SID with a longer prefix.

    Raises:
        PackingError: there is no such list.
    """
    count = len(sids)
    # Elements from SID `place` on; the second state: the SID in front of it awaits a container.
    ways: list[tuple[tuple[int, _Element | None] | None, ...]] = [(None, None)] * (count + 1)
    ways[count] = ((0, None), None if followed else (0, None))
    for place in reversed(range(count)):
        ways[place] = tuple(
            min(
                (
                    (1 + rest[0], element)
                    for element in elements
                    if (rest := ways[element.behind][element.awaits]) is not None
                ),
                key=lambda way: (way[0], -way[1].behind),
                default=None,
            )
            for elements in (_in_full(sids, place, compress, structures), _replace_containers(sids, place, compress))
        )
    way = ways[0][0]
    if way is None:
        raise _why(sids, compress, followed)
    found = []
    while way is not None and way[1] is not None:
        element = way[1]
        found.append(element.bits)
        way = ways[element.behind][element.awaits]
    return tuple(found)


def _in_full(
    sids: Sequence[Listed], place: int, compress: Compress, structures: SidStructures | None
) -> Iterator[_Element]:
    """Elements that are addresses: the SID itself, and NEXT containers that begin with it (CS-3, CS-4)."""
    first = sids[place]
    structure = first.structure
    takes_container = structure is not None and structure.csid is Csid.REPLACE and structure.containers
    yield _Element(first.address, place + 1, takes_container)
    if structure is None or structure.csid is not Csid.NEXT or first.alone or compress is Compress.REPLACE:
        return
    bits, used = first.address, structure.length
    for at in range(place + 1, len(sids)):
        sid = sids[at]
        if not _in_block(sid, first.address, structure.block):
            return
        assert sid.structure is not None
        goes_on = sid.structure.csid is Csid.NEXT
        if sid.structure.csid is Csid.REPLACE and sid.structure.containers:
            return  # its Index would be what is behind it
        size = sid.structure.csid_length + (0 if goes_on else sid.structure.argument)
        if used + size > BITS:
            return
        bits |= sid.address << sid.structure.block >> used & _ones(BITS - used)
        used += size
        if structures is None or _visits(bits, sids[place : at + 1], structures):
            yield _Element(bits, at + 1)
        if not goes_on:
            return


def _visits(container: int, sids: Sequence[Listed], structures: SidStructures) -> bool:
    with suppress(PackingError):
        check_packed((container,), sids, structures)
        return True
    return False


def _replace_containers(sids: Sequence[Listed], place: int, compress: Compress) -> Iterator[_Element]:
    """Containers behind the SID in front of ``place``, which awaits one (CS-6, CS-7, CS-9)."""
    before = sids[place - 1].structure if place else None
    if before is None or before.csid is not Csid.REPLACE or compress is Compress.NEXT:
        return
    unit = before.unit
    bits, position = 0, _positions(unit)
    for at in range(place, len(sids)):
        position -= 1
        sid = sids[at]
        if position < 0 or not _in_block(sid, sids[place - 1].address, before.block):
            return
        structure = sid.structure
        assert structure is not None
        if structure.csid_length != unit or structure.unit != unit:
            return
        bits |= structure.csid_of(sid.address) << BITS - unit * (position + 1)
        if structure.csid is Csid.REPLACE and structure.containers:
            yield _Element(bits, at + 1, awaits=position == 0)
            continue
        if structure.csid is Csid.NEXT:
            return  # the Index would be an Argument to it
        argument = structure.argument_of(sid.address)
        if not argument:
            yield _Element(bits, at + 1)
        elif structure.csid is Csid.REPLACE and position:
            yield _Element(bits | argument << BITS - unit * position, at + 1)
        return


def _in_block(sid: Listed, other: int, block: int) -> bool:
    """Whether a SID can be in a container of that block."""
    structure = sid.structure
    return (
        structure is not None
        and not sid.alone
        and structure.block == block
        and structure.block_of(sid.address) == other >> BITS - block
    )


def _why(sids: Sequence[Listed], compress: Compress, followed: bool) -> PackingError:
    """What is in the way of a list: a REPLACE SID with something behind it that cannot be in its container."""
    for place, sid in enumerate(sids):
        structure = sid.structure
        if structure is None or structure.csid is not Csid.REPLACE or not structure.containers:
            continue
        if compress is Compress.NEXT and place + 1 < len(sids):
            return PackingError(
                f"{sid} has the flavour REPLACE-C-SID, so those behind it have to be packed as that asks"
                " (RFC 9800 6.4): compress: replace, or auto",
                place,
            )
        if not any(_replace_containers(sids, place + 1, Compress.AUTO)) and (followed or place + 1 < len(sids)):
            behind = str(sids[place + 1]) if place + 1 < len(sids) else "what is put behind the list"
            return PackingError(
                f"{sid} has the flavour REPLACE-C-SID, so what is behind it is a C-SID of {structure.unit} bits in its"
                f" block (RFC 9800 6.4), which {behind} is not known to be",
                place,
            )
    return PackingError("the SIDs with the flavour REPLACE-C-SID leave no way to go on (RFC 9800 6.4)")


#: Stands for a segment that others put behind a list: in no container.
_BEHIND = Listed(0x20010DB8 << 96 | 0xFFFF << 64)


# The walk ------------------------------------------------------------------------------------------------------------


class _Packet:
    """What a packet with a list is sent over: its destination, and Segments Left."""

    def __init__(self, elements: Sequence[int]) -> None:
        self._elements = elements
        self.destination = elements[0]
        self.left = len(elements) - 1

    def entry(self, number: int) -> int:
        """Segment List[number] of the SRH."""
        return self._elements[-1 - number]

    def place(self) -> int:
        """The element that Segments Left stands at, in the order of the path."""
        return len(self._elements) - 1 - self.left

    def csid(self, unit: int, position: int) -> int:
        """A C-SID of the container that Segments Left stands at."""
        return self.entry(self.left) >> BITS - unit * (position + 1) & _ones(unit)

    def index(self, structure: SidStructure) -> int:
        """The Index of a REPLACE SID, in the lowest bits of the destination."""
        return self.destination & _ones((_positions(structure.unit) - 1).bit_length())

    def execute(self, structure: SidStructure | None) -> bool:
        """What a node does at a SID of that structure. False: the upper layer comes next. Raises PackingError."""
        if structure is not None and structure.csid is Csid.NEXT:
            argument = structure.argument_of(self.destination)
            if argument:  # RFC 9800 4.1.1 N02
                block = structure.block_of(self.destination) << BITS - structure.block
                self.destination = block | argument << BITS - structure.block - structure.argument
                return True
        elif structure is not None and structure.csid is Csid.REPLACE and structure.containers:
            return self._replace(structure)
        if not self.left:
            return False
        self._advance()
        return True

    def _replace(self, structure: SidStructure) -> bool:
        """RFC 9800 4.2.1 R01 to R20."""
        unit, index = structure.unit, self.index(structure)
        if not self.left and (index == 0 or not self.csid(unit, index - 1)):
            return False
        if index:
            index -= 1
            if not self.csid(unit, index):
                self._advance()
                return True
        else:
            self.left -= 1
            index = _positions(unit) - 1
            if not self.csid(unit, index):
                if self.entry(self.left) == _BEHIND.address:
                    raise PackingError(
                        "the list ends where a SID with the flavour REPLACE-C-SID takes packed C-SIDs (RFC 9800 6.4),"
                        " and what is put behind it is a SID in full",
                        self.place() - 1,
                    )
                raise PackingError(
                    f"{IPv6Address(self.entry(self.left))} stands where a SID with the flavour REPLACE-C-SID takes"
                    " packed C-SIDs, and has none in its lowest bits (RFC 9800 6.4); compress: auto packs SIDs in full",
                    self.place(),
                )
        low = BITS - structure.block - unit
        kept = ~(_ones(unit) << low) & ~_ones((_positions(unit) - 1).bit_length())
        self.destination = self.destination & kept | self.csid(unit, index) << low | index
        return True

    def _advance(self) -> None:
        self.left -= 1
        self.destination = self.entry(self.left)


def check_packed(
    elements: Sequence[int], sids: Sequence[Listed], structures: SidStructures, followed: bool = False
) -> None:
    """Whether a packet with this list visits these SIDs in their order, and no others.

    Raises:
        PackingError: it does not.
    """
    if followed:
        elements, sids = (*elements, _BEHIND.address), (*sids, _BEHIND)
    packet = _Packet(elements)
    for place, sid in enumerate(sids):
        if not _at(packet, sid):
            raise PackingError(f"a packet goes to {IPv6Address(packet.destination)} instead of {sid}", place)
        length = BITS if sid.structure is None else sid.structure.length
        intruder = structures.intruder(packet.destination, length)
        if intruder is not None:
            at = IPv6Address(packet.destination)
            raise PackingError(f"a packet to {sid} would go to SID {intruder}, as {at} is in both", place)
        goes_on = packet.execute(sid.structure)
        if goes_on is not (place + 1 < len(sids)):
            what = f"goes on from {sid} to {IPv6Address(packet.destination)}" if goes_on else f"ends at {sid}"
            raise PackingError(f"a packet {what}", place)


def _at(packet: _Packet, sid: Listed) -> bool:
    """Whether the destination is that SID, with its argument."""
    structure = sid.structure
    if structure is None:
        return packet.destination == sid.address
    if packet.destination >> BITS - structure.length != sid.address >> BITS - structure.length:
        return False
    if structure.containers:
        return True
    argument = structure.argument_of(packet.destination)
    if structure.csid is Csid.REPLACE and (index := packet.index(structure)):  # RFC 9800 4.2.7
        argument = packet.csid(structure.unit, index - 1) & _ones(FE2_LENGTH)
    return argument == structure.argument_of(sid.address)


def check_written(segments: Sequence[Listed], structures: SidStructures, followed: bool = False) -> None:
    """Whether a packet gets through a list as somebody has written it, as far as the structure of its SIDs is known.

    Raises:
        PackingError: it does not.
    """
    if followed:
        segments = (*segments, _BEHIND)
    packet = _Packet([segment.address for segment in segments])
    given = {segment.address: segment.structure for segment in segments if segment.structure is not None}
    if segments[0].container:
        raise PackingError(f"{segments[0]} is a container, and a list begins with a SID in full (RFC 9800 6.4)")
    for _ in range(BITS * len(segments)):  # a container has less
        structure = given.get(packet.destination) or structures.taker(packet.destination)
        if structure is None:
            return  # whatever comes behind it
        left = packet.left
        if not packet.execute(structure):
            return
        place = packet.place()
        moved = packet.left < left
        taken = moved and packet.destination != segments[place].address
        if moved and taken and not segments[place].container and structures.of(segments[place].address) is not None:
            raise PackingError(
                f"{segments[place]} is a SID in full, where the one in front of it, with the flavour REPLACE-C-SID,"
                " takes packed C-SIDs (RFC 9800 6.4): compress: auto packs them",
                place,
            )
        if moved and not taken and segments[place].container:
            raise PackingError(
                f"{segments[place]} is a container, and no SID with the flavour REPLACE-C-SID takes C-SIDs out of it"
                " (RFC 9800 6.4)",
                place,
            )
        nothing = structure.csid is Csid.NEXT and not moved and not structure.csid_of(packet.destination)
        if nothing and structures.taker(packet.destination) is None:
            raise PackingError(
                f"{segments[place]} has a C-SID 0 with others behind it: packets would go to"
                f" {IPv6Address(packet.destination)} (RFC 9800 6.3)",
                place,
            )


def ultimate(elements: Sequence[int], structures: SidStructures) -> int:
    """The destination that a packet with this list has where its upper layer is processed: what checksums are over
    (RFC 9800 6.5, 9.3).

    Raises:
        PackingError: a C-SID leads nowhere.
    """
    packet = _Packet(elements)
    while packet.execute(structures.taker(packet.destination)):
        pass
    return packet.destination


def _positions(unit: int) -> int:
    """C-SIDs in a REPLACE container."""
    return BITS // unit


def _ones(count: int) -> int:
    return (1 << count) - 1
