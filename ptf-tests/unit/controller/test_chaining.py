# SPDX-License-Identifier: Apache-2.0
"""The headers that End.NSH takes off packets (RFC 9491 5.2), as entries."""

from __future__ import annotations

from typing import Any

import pytest

from harness import wire
from srv6cp.behaviours.nsh import CHECKS, RETURNS, ServicePath
from srv6cp.controller.chaining import Headers, KeptHeaders, NotNsh, used
from srv6cp.p4rt.entities import Action, TableEntry, Update

HOST, SID, NEXT, LAST = "2001:db8:1::2", "fcbb:bb00:1:84::", "fcbb:bb00:2::", "fcbb:bb00:3::"
PATH = (42, 255)


def _packet(segments: list[str] = [LAST, NEXT, SID], sl: int = 2, **more: Any) -> bytes:  # noqa: B006
    nsh = wire.Part(bytes((0x03, 0xF2, 2, 1)) + (PATH[0] << 8 | PATH[1]).to_bytes(4, "big") + b"data", 145)
    return bytes(
        wire.ip6(more.pop("src", HOST), SID, wire.srh(segments, sl=sl, payload=nsh, **more), hl=9, tc=0xB8, fl=7)
    )


def _kept(*paths: ServicePath) -> KeptHeaders:
    kept = KeptHeaders()
    kept.paths = {(each.spi, each.si): each for each in paths or (ServicePath(*PATH, (), 40),)}
    return kept


def _what(updates: list[Update]) -> list[tuple[str, str]]:
    return [(update.type.name, update.entity.table) for update in updates if isinstance(update.entity, TableEntry)]


def test_restored_headers() -> None:
    """Whatever the length: the pieces in the order of the wire are the SRH with Segments Left one lower."""
    for count in range(1, 21):
        for tlvs in (b"", wire.padn(4) * 2, wire.tlv(200, bytes(range(14)))):
            segments = [f"2001:db8::{number:x}" for number in range(1, count + 1)]
            packet = _packet(segments, sl=count, tlvs=tlvs)
            length = 8 + 16 * count + len(tlvs)
            if length > 336:
                with pytest.raises(NotNsh):
                    Headers.of(packet)
                continue
            action = Headers.of(packet).restore().action
            assert isinstance(action, Action)
            values = {name: value for name, value in action.params.items() if isinstance(value, int)}
            pieces = values["pieces"]
            found = values["first"].to_bytes(8, "big") if pieces & 1 else b""
            found += values["srh"].to_bytes(8, "big")
            at = 0
            for bit, blocks in ((2, 1), (4, 4), (8, 4), (16, 4), (32, 4), (64, 2), (128, 1)):
                for number in range(at, at + blocks):
                    found += values[f"block_{number}"].to_bytes(16, "big") if pieces & bit else b""
                at += blocks
            expected = bytearray(packet[40 : 40 + length])
            expected[3] -= 1
            assert found == bytes(expected)
            assert values["length"] == length
            assert str(action.params["ipv6_dst"]) == segments[-1]
            assert (values["hop_limit"], values["traffic_class"], values["flow_label"]) == (9, 0xB8, 7)


def test_index_is_one_lower() -> None:
    headers = Headers.of(_packet())
    assert headers.check().match["service_index"] == 255
    assert headers.restore().match == {"service_path_id": 42, "service_index": 254}
    assert used(headers.check().match, CHECKS) == used(headers.restore().match, RETURNS) == PATH


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        bytes(40),
        _packet()[:100],
        _packet(sl=0),
        bytes(wire.ip6(HOST, SID, wire.udp(b"", between=(HOST, SID)))),
        bytes(wire.ip6(HOST, SID, wire.srh([LAST, SID], sl=1, payload=wire.ip6(HOST, LAST, b"")))),
    ],
)
def test_what_is_none(packet: bytes) -> None:
    with pytest.raises(NotNsh):
        _kept().keep(packet, 0)


def test_first_packet_is_written_once() -> None:
    kept = _kept()
    assert kept.keep(_packet(), 0) and kept.keep(_packet(), 0)
    assert _what(kept.pending) == [("INSERT", RETURNS), ("INSERT", CHECKS)]
    assert len(kept) == 1 and len(list(kept.entries())) == 2


@pytest.mark.parametrize(
    "other",
    [{"src": "2001:db8::9"}, {"sl": 1}, {"tlvs": wire.padn(4) * 2}, {"tag": 5}, {"segments": [NEXT, NEXT, SID]}],
)
def test_other_headers_take_the_place(other: dict[str, Any]) -> None:
    kept = _kept()
    kept.keep(_packet(), 0)
    kept.pending.clear()
    assert kept.keep(_packet(**other), 0)
    assert _what(kept.pending) == [("DELETE", CHECKS), ("MODIFY", RETURNS), ("INSERT", CHECKS)]
    assert len(kept) == 1


def test_unknown_path() -> None:
    kept = _kept(ServicePath(7, 7, ()))
    assert kept.keep(_packet(), 0) is None
    assert not kept.pending and not len(kept)


def test_age() -> None:
    """What is used stays; what is not goes after the age of its path, and never where that is 0."""
    kept = _kept()
    kept.keep(_packet(), 0)
    assert not kept.age({PATH: 1}, 10)
    assert not kept.age({PATH: 2}, 45)
    assert not kept.age({PATH: 2}, 84)
    assert _what(kept.age({PATH: 2}, 85)) == [("DELETE", CHECKS), ("DELETE", RETURNS)]
    assert not len(kept)
    for_ever = _kept(ServicePath(*PATH, (), 0))
    for_ever.keep(_packet(), 0)
    assert not for_ever.age({}, 1e9)


def test_flush() -> None:
    kept = _kept()
    kept.keep(_packet(), 0)
    assert _what(kept.flush()) == [("DELETE", CHECKS), ("DELETE", RETURNS)]
    assert not kept.flush()


def test_lost_packets_are_told_once() -> None:
    kept = _kept()
    assert [kept.lost(count) for count in (5, 5, 8, 8, 0, 2)] == [0, 0, 3, 0, 0, 2]
