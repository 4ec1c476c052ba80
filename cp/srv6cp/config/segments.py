# SPDX-License-Identifier: Apache-2.0
"""Segment lists: what they hold, how they are packed (RFC 9800 6), and whether a packet gets through them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from typing import Any

from srv6cp import values
from srv6cp.config.sid_structures import STRUCTURE_KEYS, read_structure, renamed
from srv6cp.model import (
    MAX_LISTED,
    MAX_SEGMENTS,
    Compress,
    Listed,
    Locator,
    PackingError,
    SegmentList,
    SidStructures,
    check_written,
    compressed,
)
from srv6cp.problems import Fields, InvalidError

#: Keys of a segment that is a mapping, beside those of a structure.
SEGMENT_KEYS = STRUCTURE_KEYS | {"sid", "pack", "container"}
COMPRESS = tuple(kind.value for kind in Compress)


@dataclass(frozen=True)
class SegmentReader:
    """Reads the lists of a node, which knows these structures of SIDs."""

    structures: SidStructures
    locators: tuple[Locator, ...] = ()

    def read(
        self, value: Any, compress: Compress, followed: bool, weight: int = 1, verify: bool = False
    ) -> SegmentList:
        """A list as it goes into headers. ``followed``: others put a segment behind it.

        Raises:
            InvalidError: a segment is none, or no packet would get through the list (CS-13).
        """
        if isinstance(value, str):
            value = value.replace(",", " ").split()
        items = values.listing(value, "segments")
        most = MAX_SEGMENTS if compress is Compress.OFF else MAX_LISTED
        if not items:
            raise InvalidError(f"a segment list needs 1 to {most} segments")
        if len(items) > most:
            raise InvalidError(f"a segment list holds at most {most} segments, this one has {len(items)}", most)
        fields = Fields({})
        listed: list[Listed] = []
        for index, item in enumerate(items):
            with fields.at(index):
                listed.append(self._segment(item))
        fields.finish()
        addresses = tuple(IPv6Address(each.address) for each in listed)
        try:
            if compress is Compress.OFF:
                check_written(listed, self.structures, followed)
                return SegmentList(addresses, weight, verify)
            _no_containers(listed)
            elements = compressed(listed, compress, self.structures, followed)
        except PackingError as error:
            raise InvalidError(str(error), error.place) from None
        if len(elements) > MAX_SEGMENTS:
            raise InvalidError(
                f"a segment list holds at most {MAX_SEGMENTS} segments, this one has {len(elements)} when it is packed"
            )
        packed = tuple(map(IPv6Address, elements))
        return SegmentList(packed, weight, verify, () if packed == addresses else addresses)

    def _segment(self, item: Any) -> Listed:
        if not isinstance(item, dict):
            address = _address(item)
            return Listed(int(address), self.structures.of(int(address)))
        item = renamed(item)
        fields = Fields(item)
        with fields.at():
            values.check_keys(item, SEGMENT_KEYS)
            if ("sid" in item) == ("container" in item):
                raise InvalidError("a segment has a 'sid', or is a 'container' of C-SIDs (REPLACE-C-SID)")
            if "container" in item and len(item) > 1:
                raise InvalidError("a container has no structure", *(key for key in item if key != "container"))
        container = fields.read("container", values.ipv6_address, "a container")
        address = fields.read("sid", _address)
        pack = fields.read("pack", values.boolean, "pack", default=True)
        fields.finish()
        if container is not None:
            return Listed(int(container), container=True)
        structure = self.structures.of(int(address))
        if not STRUCTURE_KEYS.isdisjoint(item):
            structure = read_structure(item, IPv6Network(address), self.locators)
            if not structure.fits(int(address)):
                raise InvalidError(f"{address} has bits behind block, C-SID and argument, or none in its C-SID", "sid")
        return Listed(int(address), structure, alone=not pack)


def read_compress(value: Any) -> Compress:
    """``compress`` of a policy."""
    return Compress(values.choice(value, COMPRESS, "compress"))


def _address(value: Any) -> IPv6Address:
    segment = values.ipv6_address(value, "a segment")
    if values.not_forwarded(segment):
        raise InvalidError(f"{segment} cannot be a segment: it is no routable unicast address")
    return segment


def _no_containers(listed: list[Listed]) -> None:
    for place, segment in enumerate(listed):
        if segment.container:
            raise InvalidError("a list with containers is packed already: compress: off", place)
