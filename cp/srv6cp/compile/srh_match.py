# SPDX-License-Identifier: Apache-2.0
"""What a classifier rule asks of an SRH, as ternary matches.

An SRH with segments left and an exhausted one are in different headers of the program (p4src/core/headend/steer.p4), so
a rule for both takes an entry for each; a range takes one for each prefix that it is made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from srv6cp.model import Range, SrhMatch
from srv6cp.p4rt.entities import MatchValue, Ternary

_ROUTING_TYPE_SRH = 4
_ALL = Range(0, 255)


def srh_matches(asked: SrhMatch | None) -> Iterator[dict[str, MatchValue]]:
    """The matches of a rule, of which a packet fits one at most; a single one without conditions for None."""
    if asked is None:
        yield {}
        return
    left = asked.segments_left or _ALL
    if left.high:
        yield from _with_segments_left(asked, Range(max(left.low, 1), left.high))
    if not left.low and asked.next_segment is None:
        yield from _exhausted(asked)


def _with_segments_left(asked: SrhMatch, left: Range) -> Iterator[dict[str, MatchValue]]:
    match: dict[str, MatchValue] = {"srh": Ternary(1, 1)}
    if asked.next_header is not None:
        match["srh_next_header"] = Ternary(asked.next_header, 0xFF)
    if asked.tag is not None:
        match["srh_tag"] = Ternary(asked.tag, 0xFFFF)
    if asked.next_segment is not None and asked.next_segment.prefixlen:
        match["srh_next_segment"] = Ternary(asked.next_segment.network_address, asked.next_segment.netmask)
    names = ("srh_hdr_ext_len", "srh_segments_left", "srh_last_entry")
    # No SRH with segments left is parsed as one without: that needs no condition.
    ranges = (asked.hdr_ext_len or _ALL, _ALL if left == Range(1, 255) else left, asked.last_entry or _ALL)
    for parts in product(*map(_prefixes, ranges)):
        yield match | {name: part for name, part in zip(names, parts, strict=True) if part.mask}


def _exhausted(asked: SrhMatch) -> Iterator[dict[str, MatchValue]]:
    """In the first slot of the extension headers: Last Entry, flags and tag are its ``data``."""
    match: dict[str, MatchValue] = {
        "next_header": Ternary(43, 0xFF),
        "extension": Ternary(1, 1),
        "extension_routing_type": Ternary(_ROUTING_TYPE_SRH, 0xFF),
        "extension_segments_left": Ternary(0, 0xFF),
    }
    if asked.next_header is not None:
        match["extension_next_header"] = Ternary(asked.next_header, 0xFF)
    tag, tag_mask = (asked.tag, 0xFFFF) if asked.tag is not None else (0, 0)
    for length, last in product(_prefixes(asked.hdr_ext_len or _ALL), _prefixes(asked.last_entry or _ALL)):
        more: dict[str, MatchValue] = {"extension_hdr_ext_len": length} if length.mask else {}
        value, mask = int(str(last.value)) << 24 | tag, int(str(last.mask)) << 24 | tag_mask
        if mask:
            more["extension_data"] = Ternary(value, mask)
        yield match | more


def _prefixes(numbers: Range) -> list[Ternary]:
    """The fewest values and masks of 8 bits that cover the numbers and no other, each number once."""
    found = []
    low = numbers.low
    while low <= numbers.high:
        size = low & -low or 256
        while low + size - 1 > numbers.high:
            size >>= 1
        found.append(Ternary(low, 256 - size))
        low += size
    return found
