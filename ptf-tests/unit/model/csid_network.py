# SPDX-License-Identifier: Apache-2.0
"""A network of C-SIDs on paper: where a packet with a segment list goes, from the text of RFC 9800 and nothing of the
product. Addresses are texts of 128 binary digits, and so is all arithmetic: slices and concatenations.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

NEXT, REPLACE, PLAIN, UNKNOWN, FE2, REPLACE_FE2 = "next", "replace", "plain", "unknown", "fe2", "replace-fe2"


@dataclass(frozen=True)
class Place:
    """A SID of the network: block, C-SID (``node`` bits of it that of the node) and argument, as binary digits."""

    block: str
    csid: str
    kind: str
    node: int = 16
    argument: str = ""

    @property
    def prefix(self) -> str:
        """What its node has in the table."""
        return self.block + self.csid

    @property
    def address(self) -> str:
        """The SID as somebody lists it."""
        return (self.prefix + self.argument).ljust(128, "0")

    @property
    def scheme(self) -> tuple[str, int]:
        """Block and length of a REPLACE sequence that it can be in."""
        return self.block, len(self.csid)


class LostError(Exception):
    """A packet that comes nowhere."""


def visits(network: Sequence[Place], elements: Sequence[str]) -> list[tuple[Place, str]]:
    """The SIDs at which a packet with this list stops, each with the argument that it finds there.

    ``elements`` are in the order of the path; the SRH has them reversed (RFC 8754 2).
    """
    segment_list = elements[::-1]
    segments_left = len(elements) - 1
    da = elements[0]
    stops: list[tuple[Place, str]] = []
    for _ in range(300):
        here = max((sid for sid in network if da.startswith(sid.prefix)), key=lambda sid: len(sid.prefix), default=None)
        if here is None:
            raise LostError(f"nobody has {da}")
        lbl, lnfl = len(here.block), len(here.csid)
        behind = da[lbl + lnfl :]
        if here.kind == FE2:
            stops.append((here, behind[:16]))
        elif here.kind == REPLACE_FE2:  # RFC 9800 4.2.7
            index = int(da[-width(lnfl) :], 2)
            found = behind[:16] if index == 0 else csid(segment_list[segments_left], index - 1, lnfl)[-16:]
            stops.append((here, found))
        else:
            stops.append((here, ""))
        if here.kind == NEXT and "1" in behind:  # 4.1.1 N01 to N10
            da = here.block + behind + "0" * lnfl
            continue
        if here.kind == REPLACE:  # 4.2.1 R01 to R23
            index = int(da[-width(lnfl) :], 2)
            if segments_left == 0 and (index == 0 or "1" not in csid(segment_list[0], index - 1, lnfl)):
                return stops
            if index:
                index -= 1
                if "1" not in csid(segment_list[segments_left], index, lnfl):
                    segments_left -= 1
                    da = segment_list[segments_left]
                    continue
            else:
                segments_left -= 1
                index = 128 // lnfl - 1
            da = da[:lbl] + csid(segment_list[segments_left], index, lnfl) + da[lbl + lnfl :]
            da = da[: -width(lnfl)] + format(index, f"0{width(lnfl)}b")
            continue
        if segments_left == 0:
            return stops
        if here.kind in (FE2, REPLACE_FE2):
            raise LostError("segments left behind the end of a path")
        segments_left -= 1
        da = segment_list[segments_left]
    raise LostError("it goes round")


def csid(container: str, position: int, length: int) -> str:
    """SegmentList[n][position] of RFC 9800 4.2."""
    return container[position * length : (position + 1) * length]


def width(lnfl: int) -> int:
    """Bits of the Index: ceil(log2(128/LNFL))."""
    return {32: 2, 16: 3}[lnfl]


def goes(path: Sequence[Place]) -> bool:
    """Whether a list for this path exists (RFC 9800 6.4): a REPLACE SID takes its next one out of a container, so where
    one stands by itself, what is behind it must be a C-SID of its block and length that can end a sequence."""
    place = 0
    while place < len(path):
        first = path[place]
        if first.kind != REPLACE:
            place += 1
            continue
        end = place
        while end < len(path) and path[end].kind == REPLACE and path[end].scheme == first.scheme:
            end += 1
        if end - place == 1 and end < len(path):
            last = path[end]
            ends = last.kind in (PLAIN, REPLACE_FE2) or (last.kind == FE2 and "1" not in last.argument)
            if not ends or last.scheme != first.scheme:
                return False
        place = end
    return True


def random_path(draw: random.Random, most: int = 30) -> list[Place]:
    """1 to ``most`` SIDs of several blocks and kinds, each at one place in the network only; they like company."""
    blocks = [binary(draw.choice((0xFCBBBB00, 0xFD00AABB, 0x20010DB8)) + n, 32) + binary(n, b - 32) for n, b in
              enumerate(draw.choices((32, 32, 40, 48), k=draw.randint(1, 3)))]  # fmt: skip
    kinds = draw.choices((NEXT, REPLACE, PLAIN, UNKNOWN), (6, 6, 2, 1), k=3)
    taken: dict[str, Place] = {}
    path: list[Place] = []
    count = draw.randint(1, most)
    block, kind, size = blocks[0], kinds[0], 16
    while len(path) < count:
        if draw.random() < 0.2:
            block, kind = draw.choice(blocks), draw.choice(kinds)
        if draw.random() < 0.2 or kind == PLAIN:
            size = draw.choice((16, 32))
        sid = _random_sid(draw, block, kind, size, last=len(path) + 1 == count)
        other = taken.setdefault(sid.prefix, sid)
        if other == sid or (other.kind not in (FE2, REPLACE_FE2) and draw.random() < 0.5):
            path.append(other)
    return path


def _random_sid(draw: random.Random, block: str, kind: str, size: int, last: bool) -> Place:
    if kind == UNKNOWN:
        return Place(block, binary(draw.getrandbits(128 - len(block)) | 1, 128 - len(block)), UNKNOWN)
    high = 1 << draw.choice((3, 8, 16))  # few numbers, so that some nodes and functions have the same
    bits = binary(draw.randrange(1, high), 16)
    if size == 32:
        bits += binary(draw.randrange(1, high), 16)
    node = 32 if kind == REPLACE and size == 32 else 16
    if last and draw.random() < 0.4:
        argument = binary(draw.choice((0, draw.randrange(1 << 16))), 16)
        return Place(block, bits, REPLACE_FE2 if kind == REPLACE else FE2, node, argument)
    return Place(block, bits, kind, node)


def binary(number: int, length: int) -> str:
    """``length`` binary digits."""
    return format(number, f"0{length}b") if length else ""


def paths(seed: int, count: int) -> Iterator[list[Place]]:
    """``count`` random paths, few of them such that no list exists for them."""
    draw = random.Random(seed)
    for _ in range(count):
        path = random_path(draw)
        while not goes(path) and draw.random() < 0.9:
            path = random_path(draw)
        yield path
