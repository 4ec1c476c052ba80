# SPDX-License-Identifier: Apache-2.0
"""Fragmentation: exact headers, and reassembly gives the packet back (RFC 8200 4.5, RFC 791 3.2)."""

from __future__ import annotations

import pytest

from srv6cp.controller.fragment import CannotFragmentError, fragment_frame, fragment_packet
from srv6cp.packets.raw import Ipv4View, Ipv6View, checksum, parse_ip

A = bytes.fromhex("20010db800000002000000000000000a")
B = bytes.fromhex("20010db800000003000000000000000b")
ETHERNET = bytes.fromhex("020000000002 020000000001 8100 0064 86dd")


def ipv6(payload: bytes, next_header: int) -> bytes:
    return bytes.fromhex("6b812345") + len(payload).to_bytes(2, "big") + bytes((next_header, 64)) + A + B + payload


def test_encapsulated_packet() -> None:
    """RFC 2473 7.1: the outer packet is fragmented; IPv6 header and SRH are in every fragment."""
    srh = bytes.fromhex("29 02 04 00 00 00 0000") + B
    inner = bytes(range(256)) * 6
    pieces = fragment_frame(ETHERNET + ipv6(srh + inner, 43), 1280, 0x01020304)
    assert [len(piece) for piece in pieces] == [18 + 1280, 18 + 64 + 8 + 1536 - 1208]
    # 1280 - 40 - 24 - 8 = 1208 bytes of payload, a multiple of 8.
    assert pieces[0][:18] == pieces[1][:18] == ETHERNET
    assert pieces[0][18:26].hex() == "6b812345" + "04d8" + "2b" + "40"
    assert pieces[0][58:82] == b"\x2c" + srh[1:], "next header of the SRH is now Fragment"
    assert pieces[0][82:90].hex() == "29 00 0001 01020304".replace(" ", "")
    assert pieces[1][82:90].hex() == "29 00 04b8 01020304".replace(" ", "")
    assert pieces[0][90:] + pieces[1][90:] == inner


def test_ipv4_without_df_is_cut_inside_its_tunnel() -> None:
    """All outer headers again in front of each piece, an IPv4 fragment that no IPv6 endpoint has to know of."""
    srh = bytes.fromhex("04 02 04 00 00 00 0000") + B
    body = bytes(range(250)) * 8
    pieces = fragment_frame(ETHERNET + ipv6(srh + ipv4(body), 43) + b"padding", 1280, 0x01020304)
    # 1280 - 40 - 24 = 1216 bytes for IPv4, 1192 of them payload in units of 8.
    assert [len(piece) for piece in pieces] == [18 + 64 + 20 + 1192, 18 + 64 + 20 + 808]
    got = b""
    for piece, flags in zip(pieces, ("2000", "0095"), strict=True):
        assert piece[:22] == ETHERNET + bytes.fromhex("6b812345")
        assert int.from_bytes(piece[22:24], "big") == len(piece) - 18 - 40
        assert piece[24:82] == bytes((43, 64)) + A + B + srh
        assert piece[88:90].hex() == flags and checksum(piece[82:102]) == 0
        got += piece[102:]
    assert got == body
    outer = fragment_frame(ETHERNET + ipv6(srh + ipv4(body), 43), 1280, 0x01020304, inner=False)
    assert all(piece[58] == 44 for piece in outer), "a Fragment header behind the SRH"
    kept = fragment_frame(ETHERNET + ipv6(srh + ipv4(body, flags=0x4000), 43), 1280, 0x01020304)
    assert all(piece[58] == 44 for piece in kept), "Don't Fragment is not overruled"


def test_without_srh_the_fragment_header_follows_ipv6_or_hop_by_hop() -> None:
    (first, second) = fragment_packet(parse_ip(ipv6(bytes(1300), 41)), 1280, 1)
    assert (first[6], first[40]) == (44, 41)
    assert len(second) == 40 + 8 + 1300 - 1232
    hop_by_hop = bytes.fromhex("2900010400000000")
    (first, _) = fragment_packet(parse_ip(ipv6(hop_by_hop + bytes(1300), 0)), 1280, 1)
    assert (first[6], first[40], first[48]) == (0, 44, 41)


def test_reassembly() -> None:
    body = bytes(i * 7 & 0xFF for i in range(5000))
    pieces = [parse_ip(piece) for piece in fragment_packet(parse_ip(ipv6(body, 41)), 1280, 9)]
    assert b"".join(view.data[view.upper : view.end] for view in pieces) == body
    offsets = [view.fragment_offset for view in pieces if isinstance(view, Ipv6View)]
    assert offsets == [0, 1232, 2464, 3696, 4928]
    assert [view.more_fragments for view in pieces] == [True] * 4 + [False]


def test_what_fits_is_left_alone_and_padding_is_cut() -> None:
    packet = ipv6(bytes(100), 41)
    assert fragment_packet(parse_ip(packet + b"padding"), 1280, 1) == [packet]


def test_cannot() -> None:
    with pytest.raises(CannotFragmentError, match="again"):
        fragment_packet(parse_ip(ipv6(bytes.fromhex("2900000100000001") + bytes(1500), 44)), 1280, 1)
    with pytest.raises(CannotFragmentError, match="no room"):
        fragment_packet(parse_ip(ipv6(bytes(100), 41)), 50, 1)
    with pytest.raises(CannotFragmentError, match="Don't Fragment"):
        fragment_packet(parse_ip(ipv4(bytes(100), flags=0x4000)), 68, 1)


def ipv4(payload: bytes, options: bytes = b"", flags: int = 0) -> bytes:
    header = bytes((0x45 + len(options) // 4, 0)) + (20 + len(options) + len(payload)).to_bytes(2, "big")
    header += b"\xab\xcd" + flags.to_bytes(2, "big") + bytes.fromhex("4011 0000 0a000001 0a000002") + options
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + payload


def test_ipv4_options_are_copied_as_their_flag_says() -> None:
    """RFC 791 3.1: record route (7) only in the first fragment, router alert (148) in all."""
    options = bytes.fromhex("07 07 04 00000000 01 94 04 0000")
    body = bytes(range(200))
    pieces = fragment_packet(parse_ip(ipv4(body, options, flags=0x2010)), 108, 0)
    views = [parse_ip(piece) for piece in pieces]
    assert all(isinstance(view, Ipv4View) and checksum(view.data[: view.header_length]) == 0 for view in views)
    assert [view.header_length for view in views] == [32, 24, 24]
    assert [view.options for view in views if isinstance(view, Ipv4View)] == [
        options,
        options[8:],
        options[8:],
    ]
    # 108 - 32 = 76 -> 72; 108 - 24 = 84 -> 80; the packet was itself a fragment at 128 with more to come.
    assert [(view.fragment_offset, view.more_fragments) for view in views] == [
        (128, True),
        (200, True),
        (280, True),
    ]
    assert b"".join(view.data[view.upper :] for view in views) == body
    assert {view.identification for view in views if isinstance(view, Ipv4View)} == {0xABCD}


def test_ipv4_last_fragment() -> None:
    views = [parse_ip(piece) for piece in fragment_packet(parse_ip(ipv4(bytes(100))), 80, 0)]
    assert [(view.fragment_offset, view.more_fragments) for view in views] == [(0, True), (56, False)]
