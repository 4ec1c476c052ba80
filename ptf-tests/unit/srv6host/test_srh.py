# SPDX-License-Identifier: Apache-2.0
"""The SRH of a host: RFC 8754 2, and the return path of SRv6Pipes."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import wire
from srv6host.srh import RETURN_PATH, ReturnPath, Srh, SrhError

CLIENT, SERVER = IPv6Address("2001:db8:1::2"), IPv6Address("2001:db8:4::2")
A, B, C = (IPv6Address(f"fcbb:bb00:{number}:f0::") for number in (1, 2, 3))


def test_octets_are_those_of_the_picture() -> None:
    value = bytes(5) + b"\1" + CLIENT.packed + A.packed + B.packed
    srh = Srh((SERVER, B, A), 2, ((RETURN_PATH, value),), flags=0, tag=0x1234)
    tlvs = wire.tlv(6, value)  # 2 + 6 + 3 * 16: a multiple of 8, no padding
    assert srh.octets(6) == bytes(wire.srh([SERVER, B, A], sl=2, nh=6, tag=0x1234, tlvs=tlvs))
    odd = Srh((SERVER, A), 1, ((99, b"abc"),))
    assert odd.octets(6) == bytes(wire.srh([SERVER, A], sl=1, nh=6, tlvs=wire.tlv(99, b"abc") + wire.padn(3)))
    assert Srh((SERVER, A), 1, ((99, b"abcde"),)).octets()[-8:] == wire.tlv(99, b"abcde") + wire.PAD1


def test_by_way_of_is_in_wire_order() -> None:
    srh = Srh.by_way_of([str(A), B], str(SERVER), [A, B], CLIENT)
    assert (srh.segments, srh.segments_left, srh.active) == ((SERVER, B, A), 2, A)
    assert srh.return_path(CLIENT) == ReturnPath((CLIENT, A, B), 0)


def test_without_a_return_path_the_list_is_reversed() -> None:
    srh = Srh.by_way_of([A, B], SERVER)
    assert srh.return_path(CLIENT).srh(CLIENT) is None  # at A, in front of which there is nobody
    assert srh.at(1).return_path(CLIENT).srh(CLIENT) == Srh((CLIENT, A, B), 1)
    assert srh.at(0).return_path(CLIENT).srh(CLIENT) == Srh((CLIENT, A, B), 2)


@given(
    st.lists(st.integers(0, (1 << 128) - 1), min_size=1, max_size=40),
    st.data(),
    st.lists(st.tuples(st.integers(7, 255), st.binary(max_size=40)), max_size=4),
)
def test_read_back(segments: list[int], data: st.DataObject, tlvs: list[tuple[int, bytes]]) -> None:
    left = data.draw(st.integers(0, len(segments) - 1))
    srh = Srh(tuple(map(IPv6Address, segments)), left, tuple(tlvs))
    assert Srh.parse(srh.octets(6) + b"behind it") == srh


@given(st.binary(max_size=120))
def test_hostile_octets_are_refused_in_a_line(octets: bytes) -> None:
    for text in (octets, bytes((6, len(octets) // 8, 4)) + octets):
        try:
            srh = Srh.parse(text)
            srh.return_path(CLIENT)
        except SrhError as error:
            assert str(error) and "\n" not in str(error)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (bytes(7), "an SRH has at least 8 octets, 7 are there"),
        (bytes((6, 2, 3, 0, 0, 0, 0, 0)) + bytes(16), "routing type 3, not 4"),
        (bytes((6, 4, 4, 0, 0, 0, 0, 0)) + bytes(16), "the header has 40 octets, 24 are there"),
        (bytes((6, 2, 4, 0, 1, 0, 0, 0)) + bytes(16), "Last Entry 1 is outside a header of 24 octets"),
        (bytes((6, 2, 4, 1, 0, 0, 0, 0)) + bytes(16), "Segments Left is 0 to 0 in a list of 1"),
        (bytes((6, 3, 4, 0, 0, 0, 0, 0)) + bytes(16) + bytes((6, 7)) + bytes(6), "TLV 6 runs past the end of the SRH"),
    ],
)
def test_malformed(octets: bytes, why: str) -> None:
    with pytest.raises(SrhError, match=f"^{why}$"):
        Srh.parse(octets)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (bytes(6), "a return path of 6 octets: 6, and 16 for each segment"),
        (bytes(30), "a return path of 30 octets: 6, and 16 for each segment"),
        (bytes(5) + b"\1" + bytes(16), "a return path that starts at 1 of 1 segments"),
    ],
)
def test_malformed_return_path(value: bytes, why: str) -> None:
    with pytest.raises(SrhError, match=f"^{why}$"):
        Srh((SERVER, A), 1, ((RETURN_PATH, value),)).return_path(CLIENT)


def test_too_long() -> None:
    with pytest.raises(SrhError, match="at most 15 segments"):
        Srh.by_way_of([A], SERVER, [A] * 16, CLIENT)
    with pytest.raises(SrhError, match="1 to 127 segments, not 128"):
        Srh.by_way_of([A] * 127, SERVER)
    with pytest.raises(SrhError, match="longer than its length field"):
        Srh((SERVER,) * 127, 1, ((9, bytes(100)),)).octets()
