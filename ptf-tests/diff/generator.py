# SPDX-License-Identifier: Apache-2.0
"""Random packets for the node of ``diff.node``: valid ones, odd ones, and mutations of both. Same seed and profile,
same packets, and any of them without those before its block.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

from diff import families, node
from diff.draw import Draw
from harness import defaults
from harness.wire import Frame
from srv6cp import artifacts

LONGEST = 4000  # bytes of a generated frame

# The shortest frames, untagged and tagged: what a Linux interface takes (it drops tagged frames of which it cannot
# read the inner type); whole Ethernet headers (with less, the program hashes fields that nothing has set); anything.
INTERFACE, ETHERNET, ANY = (15, 20), (14, 14), (1, 1)

BLOCK = 500  # cases that share a state of the random generator
PORT_WEIGHTS = (8, 4, 4, 2, 3, 2, 1, 3)  # port 7 takes in frames of the bridge domain alone
OF_A_FAMILY = 0.45  # of all frames: made by a family for itself


@dataclass(frozen=True)
class Case:
    """A frame for a port of the switch."""

    number: int
    port: int
    frame: bytes


class Generator:
    """An endless, reproducible sequence of cases."""

    def __init__(self, seed: int, shortest: tuple[int, int] = INTERFACE, profile: str = artifacts.DEFAULT) -> None:
        """``shortest``: what frames are padded to, untagged and tagged."""
        self.seed = seed
        self.random = random.Random(seed)
        self.shortest = shortest
        here = families.of(profile)
        self.draw = Draw(self.random, node.own(profile), here)
        self._makers = [each.frame for each in here if each.frame is not None]

    def cases(self, count: int, start: int = 0) -> Iterator[Case]:
        """``count`` cases from number ``start`` on."""
        blocks = (self._block(number) for number in itertools.count(start // BLOCK))
        return itertools.islice(itertools.chain.from_iterable(blocks), start % BLOCK, start % BLOCK + count)

    def _block(self, block: int) -> Iterator[Case]:
        self.random.seed(f"{self.seed}/{block}")
        for number in range(block * BLOCK, (block + 1) * BLOCK):
            port = self.random.choices(defaults.PORTS, PORT_WEIGHTS)[0]
            of_a_family = self.draw.often(OF_A_FAMILY)
            drawn = self.random.choice(self._makers)(self.draw, port) if of_a_family else self.draw.frame(port)
            frame = self._mutated(drawn) if self.draw.often(0.25) else drawn
            yield Case(number, port, self._fitting(bytes(frame[:LONGEST])))

    def _fitting(self, frame: bytes) -> bytes:
        return frame.ljust(self.shortest[frame[12:14] in (b"\x81\x00", b"\x88\xa8")], b"\0")

    def _mutated(self, frame: Frame) -> bytes:
        """Cut short, longer, with other bits or bytes, with a piece less or more."""
        data = bytearray(frame)
        kind = self.random.randrange(6)
        shortest = min(14, self.shortest[0])
        if kind == 0 and len(data) > shortest:
            del data[self.random.randint(shortest, len(data)) :]
        elif kind == 1:
            data += self.draw.octets(64)
        elif kind == 2:  # a header byte: the first 64 behind Ethernet
            at = min(14 + self.random.randrange(64), len(data) - 1)
            data[at] ^= 1 << self.random.randrange(8)
        elif kind == 3:
            for _ in range(self.random.randint(1, 4)):
                data[self.random.randrange(12, len(data))] = self.draw.byte()
        elif kind == 4 and len(data) > 60:
            start = self.random.randrange(14, len(data) - 16)
            del data[start : start + self.random.randint(1, 16)]
        else:
            at = self.random.randrange(14, len(data) + 1)
            data[at:at] = self.draw.octets(16)
        return bytes(data)
