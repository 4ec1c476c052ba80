# SPDX-License-Identifier: Apache-2.0
"""TCP of hosts in one process: two ends, a clock that is set, and a way between them that loses and reorders."""

from __future__ import annotations

import random
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import wire
from srv6lab.tcp import ACK, BUFFER, FIN, RST, SYN, Connection, Segment, SegmentError

MSS = 1000
A, B = "2001:db8::a", "2001:db8::b"


class Way:
    """Two connections and what is under way between them; ``delay`` of a second for each segment."""

    def __init__(self, loss: float = 0.0, swaps: float = 0.0, seed: int = 0, isns: tuple[int, int] = (5, 7)) -> None:
        self.now = 0.0
        self.random = random.Random(seed)
        self.loss, self.swaps = loss, swaps
        self.ends = [Connection(isn, MSS, 0.0, lambda: None) for isn in isns]
        self.opened = False
        self.under_way: list[deque[Segment]] = [deque(), deque()]  # to each end
        self.longest = 0

    def open(self) -> Way:
        self.ends[0].connect(self.now)
        self.run(lambda: self.ends[0].established and self.ends[1].established)
        return self

    def step(self) -> None:
        """Everything that waits is handed over, or a timer runs."""
        moved = False
        for place, end in enumerate(self.ends):
            end.flush()
            while end.output:
                segment = end.output.popleft()
                self.longest = max(self.longest, len(segment.payload))
                moved = True
                if self.random.random() >= self.loss:
                    self.under_way[1 - place].append(segment)
                    if len(self.under_way[1 - place]) > 1 and self.random.random() < self.swaps:
                        queue = self.under_way[1 - place]
                        queue[-1], queue[-2] = queue[-2], queue[-1]
        self.now += 0.01
        for place, end in enumerate(self.ends):
            waiting, self.under_way[place] = self.under_way[place], deque()
            for segment in waiting:
                if place and not self.opened:
                    if segment.flags & SYN:
                        self.opened = True
                        end.accept(segment, self.now)
                else:
                    end.arrived(segment, self.now)
                moved = True
        if not moved:
            moments = [end.deadline for end in self.ends if end.deadline is not None]
            if moments:
                self.now = max(self.now, min(moments))
        for end in self.ends:
            if end.deadline is not None and end.deadline <= self.now:
                end.timer(self.now)

    def run(self, until: object, limit: int = 20000) -> None:
        assert callable(until)
        for _ in range(limit):
            if until():
                return
            self.step()
        raise AssertionError(f"not within {limit} steps: {[(e.established, e.ended, e.error) for e in self.ends]}")

    def transfer(self, texts: tuple[bytes, bytes], piece: int = 4096) -> tuple[bytes, bytes]:
        """Both ends send their text, read what comes, and end."""
        left = [texts[0], texts[1]]
        got = [bytearray(), bytearray()]

        def over() -> bool:
            for place, end in enumerate(self.ends):
                if left[place]:
                    left[place] = left[place][end.write(left[place][:piece], self.now) :]
                    if not left[place]:
                        end.shutdown(self.now)
                got[place] += end.read(piece, self.now)
            return all(end.closed for end in self.ends)

        for place, end in enumerate(self.ends):
            if not left[place]:
                end.shutdown(self.now)
        self.run(over)
        for place, end in enumerate(self.ends):
            got[place] += end.read(BUFFER, self.now)
        return bytes(got[0]), bytes(got[1])


def text(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def test_octets_are_those_of_the_picture() -> None:
    segment = Segment(1, 2, SYN, 65535, b"", 1440, 3)
    octets = segment.octets(1000, 80)
    assert octets == bytes.fromhex("03e8 0050 00000001 00000002 7002 ffff 0000 0000 020405a0 01030303")
    assert Segment.parse(octets) == (1000, 80, segment)
    plain = wire.tcp(b"data", between=(A, B), sport=1000, dport=80)
    assert Segment.parse(plain)[:2] == (1000, 80) and Segment.parse(plain)[2].payload == b"data"


@given(st.binary(max_size=60))
def test_hostile_octets(octets: bytes) -> None:
    try:
        Segment.parse(octets)
    except SegmentError:
        pass


def test_opens_sends_and_closes() -> None:
    way = Way().open()
    texts = text(100_000), text(70_000, 2)
    assert way.transfer(texts) == (texts[1], texts[0])
    assert [end.error for end in way.ends] == [None, None]
    assert way.longest == MSS
    assert not any(end.retransmitted for end in way.ends)


def test_sequence_numbers_wrap() -> None:
    way = Way(isns=(0xFFFFFFFF - 5000, 0xFFFFFFFE)).open()
    texts = text(20_000), text(20_000, 2)
    assert way.transfer(texts) == (texts[1], texts[0])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from((0.0, 0.02, 0.1, 0.25)), st.sampled_from((0.0, 0.1, 0.5)))
def test_loss_and_reordering(seed: int, loss: float, swaps: float) -> None:
    """Whatever the way does, what arrives is what was sent, and both ends close."""
    way = Way(loss, swaps, seed)
    way.ends[0].connect(0.0)
    texts = text(30_000, seed), text(3_000, seed + 1)
    try:
        assert way.transfer(texts) == (texts[1], texts[0])
    except AssertionError:
        if not any(end.error for end in way.ends):
            raise
        assert loss >= 0.1  # six times in a row


def test_one_lost_segment_does_not_wait_for_the_timer() -> None:
    way = Way().open()
    before = way.now
    way.ends[0].write(text(20 * MSS), way.now)
    way.ends[0].output.popleft()  # lost
    got = bytearray()

    def there() -> bool:
        got.extend(way.ends[1].read(BUFFER, way.now))
        return len(got) == 20 * MSS

    way.run(there)
    assert bytes(got) == text(20 * MSS)
    assert way.ends[0].retransmitted == 1 and way.now - before < 0.2  # LEAST_TIMEOUT


def test_who_does_not_read_stops_the_other() -> None:
    """The window closes, is probed, and opens again: nothing is lost and the connection lives."""
    way = Way().open()
    sent = way.ends[0].write(text(BUFFER), way.now)
    assert sent == BUFFER and way.ends[0].room == 0
    for _ in range(300):
        way.step()
        sent += way.ends[0].write(bytes(MSS), way.now)
    assert way.ends[1].readable == BUFFER and sent <= 2 * BUFFER
    assert way.ends[0].error is None and way.now > 20  # probed for a while
    got = bytearray()

    def all_read() -> bool:
        got.extend(way.ends[1].read(BUFFER, way.now))
        return len(got) == sent

    way.run(all_read)
    assert got[:BUFFER] == text(BUFFER)


def test_half_close() -> None:
    way = Way().open()
    way.ends[0].shutdown(way.now)
    way.run(lambda: way.ends[1].ended)
    assert way.ends[0].room == 0 and not way.ends[1].closed
    way.ends[1].write(b"still", way.now)
    way.run(lambda: way.ends[0].readable == 5)
    way.ends[1].shutdown(way.now)
    way.run(lambda: all(end.closed for end in way.ends))
    assert [end.error for end in way.ends] == [None, None]


def test_reset() -> None:
    way = Way().open()
    way.ends[0].abort(way.now, "enough")
    way.run(lambda: way.ends[1].closed)
    assert way.ends[1].error == "reset by the other side" and way.ends[0].error == "enough"


def test_a_reset_that_is_guessed_is_asked_about() -> None:
    """RFC 5961 3.2: in the window but not at its beginning, a challenge; outside it, nothing."""
    way = Way().open()
    end = way.ends[1]
    for offset, challenged in ((100, True), (-1, False), (2 * BUFFER, False)):
        end.arrived(Segment(6 + offset, 0, RST, 0), way.now)
        end.flush()
        assert not end.closed and bool(end.output) is challenged
        end.output.clear()


def test_refused() -> None:
    end = Connection(5, MSS, 0.0, lambda: None)
    end.connect(0.0)
    end.arrived(Segment(0, 99, RST | ACK, 0), 0.1)
    assert not end.closed  # not an answer to our SYN
    end.arrived(Segment(0, 6, RST | ACK, 0), 0.1)
    assert end.error == "refused by the other side"


def test_nobody_answers() -> None:
    end = Connection(5, MSS, 0.0, lambda: None)
    end.connect(0.0)
    while not end.closed:
        assert end.deadline is not None
        end.timer(end.deadline)
    assert end.error == "the other side does not answer"
    assert [segment.flags for segment in end.output] == [SYN] * 6 + [SYN] + [RST | ACK]


def test_a_closed_one_acknowledges_a_fin_again() -> None:
    way = Way().open()
    for end in way.ends:
        end.shutdown(way.now)
    way.run(lambda: all(end.closed for end in way.ends))
    way.ends[0].output.clear()
    way.ends[0].arrived(Segment(8, 7, FIN | ACK, 0), way.now)
    assert [segment.flags for segment in way.ends[0].output] == [ACK]


@pytest.mark.parametrize(
    "options", [b"\x02\x00", b"\x02\x04\x05", b"\x03\x03", b"\x05\x22\x00\x00", b"\x01\x01\x03\x03\xff\x00"]
)
def test_odd_options(options: bytes) -> None:
    padded = options + bytes(-len(options) % 4)
    octets = bytearray(Segment(1, 0, SYN, 9).octets(1, 2)) + padded
    octets[12] = (20 + len(padded)) // 4 << 4
    assert Segment.parse(bytes(octets))[2].payload == b""
