# SPDX-License-Identifier: Apache-2.0
"""Reassembly (RFC 8200 4.5, RFC 5722 4), packet by packet. Expected bytes are put together here, by the RFC."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise, permutations

import pytest

from srv6cp.controller.icmp_errors import Problem
from srv6cp.controller.punt import PacketIn
from srv6cp.controller.reassembly import Reassembler, Verdict
from srv6cp.model import PuntReason, Reassembly
from srv6cp.packets.raw import TruncatedError

ETHERNET = bytes.fromhex("020000000101 0200000001aa 86dd".replace(" ", ""))
ADDRESSES = bytes(15) + b"\x01" + bytes(15) + b"\x02"
UDP, FRAGMENT, DESTINATION = 17, 44, 60


def frame(
    data: bytes,
    offset: int,
    more: bool,
    *,
    ident: int = 1,
    before: bytes = b"",
    ecn: int = 0,
    nh: int = UDP,
    padding: int = 0,
) -> bytes:
    """A fragment behind ``before``, a Destination Options header that says 44."""
    header = bytes((nh, 0)) + (offset | more).to_bytes(2, "big") + ident.to_bytes(4, "big")
    length = len(before) + 8 + len(data)
    first = bytes((0x60, ecn << 4, 0, 0))
    ipv6 = first + length.to_bytes(2, "big") + bytes((DESTINATION if before else FRAGMENT, 64)) + ADDRESSES
    return ETHERNET + ipv6 + before + header + data + bytes(padding)


def whole(data: bytes, *, before: bytes = b"", ecn: int = 0, nh: int = UDP) -> bytes:
    first = bytes((0x60, ecn << 4, 0, 0))
    length = len(before) + len(data)
    ipv6 = first + length.to_bytes(2, "big") + bytes((DESTINATION if before else nh, 64)) + ADDRESSES
    return ETHERNET + ipv6 + before + data


def packet(payload: bytes, port: int = 1, vrf_id: int = 0) -> PacketIn:
    return PacketIn(PuntReason.REASSEMBLY, payload, port, vrf_id)


@pytest.fixture
def reassembler() -> Reassembler:
    return Reassembler(Reassembly())


DATA = random.Random(1).randbytes(60)
PIECES = (frame(DATA[:16], 0, True), frame(DATA[16:40], 16, True), frame(DATA[40:], 40, False, padding=5))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_any_order_makes_the_packet(reassembler: Reassembler, order: tuple[int, ...]) -> None:
    verdicts = [reassembler.add(packet(PIECES[index]), 0.0) for index in order]
    assert verdicts[:2] == [Verdict(), Verdict()]
    found = verdicts[2].whole
    assert found is not None
    assert found.payload == whole(DATA)
    assert len(reassembler) == 0
    assert reassembler.next_deadline() is None


def test_random_cuts_and_orders_make_the_packet(reassembler: Reassembler) -> None:
    chance = random.Random(20260101)
    for ident in range(200):
        data = chance.randbytes(chance.randint(17, 1400))
        cuts = sorted({0, *(8 * chance.randint(1, (len(data) - 1) // 8) for _ in range(chance.randint(1, 9)))})
        pieces = [frame(data[a:b], a, b < len(data), ident=ident) for a, b in pairwise([*cuts, len(data)])]
        chance.shuffle(pieces)
        *before, last = pieces
        before += chance.choices(before, k=3) if before else []
        for each in before:
            assert reassembler.add(packet(each), 0.0).whole is None
        found = reassembler.add(packet(last), 0.0).whole
        assert found is not None
        assert found.payload == whole(data)


def test_headers_in_front_are_those_of_the_first_fragment(reassembler: Reassembler) -> None:
    mine, other = bytes((FRAGMENT, 0, 1, 4, 0, 0, 0, 0)), bytes((FRAGMENT, 0, 1, 4, 9, 9, 9, 9))
    reassembler.add(packet(frame(DATA[16:], 16, False, before=other, nh=99)), 0.0)
    found = reassembler.add(packet(frame(DATA[:16], 0, True, before=mine)), 0.0).whole
    assert found is not None
    assert found.payload == whole(DATA, before=bytes((UDP,)) + mine[1:])


@pytest.mark.parametrize(
    "differs",
    [
        {"vrf_id": 3},
        {"payload": frame(DATA[16:], 16, False, ident=2)},
        {"payload": PIECES[0].replace(ADDRESSES, ADDRESSES[::-1])},
    ],
    ids=["VRF", "identification", "addresses"],
)
def test_fragments_of_other_packets_are_kept_apart(reassembler: Reassembler, differs: dict[str, object]) -> None:
    reassembler.add(packet(PIECES[0]), 0.0)
    last = replace(packet(frame(DATA[16:], 16, False)), **differs)  # type: ignore[arg-type]
    assert reassembler.add(last, 0.0) == Verdict()
    assert len(reassembler) == 2


@pytest.mark.parametrize(
    "overlapping",
    [
        frame(DATA[8:40], 8, True),
        frame(DATA[16:48], 16, True),
        frame(DATA[24:40], 24, True),
        frame(bytes(24), 16, True),
        frame(DATA[:24], 0, True),
        frame(DATA[16:24], 16, False),
        frame(DATA[16:32], 16, False),
    ],
    ids=["before", "longer", "inside", "other data", "longer first", "ends inside", "ends before"],
)
def test_an_overlap_ends_the_packet(reassembler: Reassembler, overlapping: bytes) -> None:
    reassembler.add(packet(PIECES[0]), 0.0)
    reassembler.add(packet(PIECES[1]), 0.0)
    assert reassembler.add(packet(overlapping), 0.0).why == "fragments overlap"
    for piece in PIECES:
        assert reassembler.add(packet(piece), 1.0).why == "fragment of a packet that was given up"
    assert reassembler.expire(60.0) == []
    assert len(reassembler) == 0


def test_what_lies_behind_the_last_fragment_ends_the_packet(reassembler: Reassembler) -> None:
    reassembler.add(packet(PIECES[2]), 0.0)
    assert reassembler.add(packet(frame(bytes(8), 64, True)), 0.0).why == "fragments overlap"


@pytest.mark.parametrize("index", range(3))
def test_a_repetition_is_passed_over(reassembler: Reassembler, index: int) -> None:
    reassembler.add(packet(PIECES[index]), 0.0)
    assert reassembler.add(packet(PIECES[index]), 0.0).why == "fragment came twice"
    others = [reassembler.add(packet(each), 0.0).whole for each in PIECES if each is not PIECES[index]]
    assert others[-1] is not None


@pytest.mark.parametrize(
    ("payload", "problem", "pointer"),
    [
        (frame(bytes(17), 0, True), Problem.PARAMETER_PROBLEM, 4),
        (frame(bytes(17), 24, True), Problem.PARAMETER_PROBLEM, 4),
        (frame(bytes(8), 65528, False), Problem.PARAMETER_PROBLEM, 42),
        (frame(bytes(8), 65520, False, before=bytes((FRAGMENT, 0, 1, 4, 0, 0, 0, 0))), Problem.PARAMETER_PROBLEM, 50),
        (frame(bytes(16), 0, True, nh=41), Problem.INCOMPLETE_HEADER_CHAIN, 0),
        (frame(bytes((UDP, 1)) + bytes(6), 0, True, nh=DESTINATION), Problem.INCOMPLETE_HEADER_CHAIN, 0),
    ],
    ids=["length", "length of a later one", "too long", "too long with headers", "inner header", "options"],
)
def test_errors_that_the_source_is_told_of(
    reassembler: Reassembler, payload: bytes, problem: Problem, pointer: int
) -> None:
    assert reassembler.add(packet(payload), 0.0) == Verdict(problem=problem, parameter=pointer)
    assert len(reassembler) == 0


def test_65535_octets_are_not_too_many() -> None:
    reassembler = Reassembler(Reassembly(size=65575))
    assert reassembler.add(packet(frame(bytes(7), 65528, False)), 0.0) == Verdict()


def test_the_source_is_told_when_the_time_is_over_and_the_first_fragment_is_there(reassembler: Reassembler) -> None:
    reassembler.add(packet(PIECES[0]), 10.0)
    reassembler.add(packet(PIECES[1]), 69.0)
    reassembler.add(packet(frame(DATA[40:], 40, False, ident=2)), 20.0)
    assert reassembler.next_deadline() == 70.0
    assert reassembler.expire(69.9) == []
    assert reassembler.expire(70.0) == [packet(PIECES[0])]
    assert reassembler.next_deadline() == 80.0
    assert reassembler.expire(80.0) == []
    assert reassembler.next_deadline() is None


@pytest.mark.parametrize(("first", "second", "after"), [(1, 3, 3), (3, 2, 3), (1, 2, 1), (0, 0, 0), (0, 3, None)])
def test_congestion_marks_are_put_together(
    reassembler: Reassembler, first: int, second: int, after: int | None
) -> None:
    reassembler.add(packet(frame(DATA[:16], 0, True, ecn=first)), 0.0)
    verdict = reassembler.add(packet(frame(DATA[16:], 16, False, ecn=second)), 0.0)
    if after is None:
        assert verdict.why == "fragments with and without ECN"
    else:
        assert verdict.whole is not None
        assert verdict.whole.payload == whole(DATA, ecn=after)
    assert len(reassembler) == 0


def test_the_longest_packet() -> None:
    reassembler = Reassembler(Reassembly(size=100))
    reassembler.add(packet(PIECES[0]), 0.0)
    reassembler.add(packet(PIECES[1]), 0.0)
    assert reassembler.add(packet(PIECES[2]), 0.0).whole is not None
    reassembler = Reassembler(Reassembly(size=99))
    reassembler.add(packet(PIECES[2]), 0.0)
    assert reassembler.add(packet(PIECES[0]), 0.0).why.endswith("that was given up")


def test_who_floods_displaces_itself() -> None:
    reassembler = Reassembler(Reassembly(packets=4))
    reassembler.add(packet(PIECES[0], port=2), 0.0)
    for ident in range(2, 100):
        reassembler.add(packet(frame(bytes(16), 0, True, ident=ident)), 0.0)
    assert len(reassembler) == 4
    reassembler.add(packet(PIECES[1], port=2), 0.0)
    assert reassembler.add(packet(PIECES[2], port=2), 0.0).whole is not None


def test_what_is_no_fragment(reassembler: Reassembler) -> None:
    assert reassembler.add(packet(whole(DATA)), 0.0).why == "no fragment"
    assert reassembler.add(packet(frame(DATA, 0, False)), 0.0).why == "no fragment"  # RFC 6946
    assert reassembler.add(packet(frame(b"", 8, False)), 0.0).why == "empty fragment"
    with pytest.raises(TruncatedError):
        reassembler.add(packet(ETHERNET + bytes(10)), 0.0)
    assert len(reassembler) == 0


def test_any_bytes(reassembler: Reassembler) -> None:
    chance = random.Random(7)
    for _ in range(3000):
        bytes_ = bytearray(chance.choice(PIECES))
        for _ in range(chance.randint(1, 4)):
            bytes_[chance.randrange(14, len(bytes_))] = chance.randrange(256)
        del bytes_[chance.randint(54, len(bytes_)) :]
        try:
            reassembler.add(packet(bytes(bytes_)), 0.0)
        except TruncatedError:
            pass
    assert len(reassembler) <= 64
