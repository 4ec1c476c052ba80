# SPDX-License-Identifier: Apache-2.0
"""The packets of RFC 9259 A.1 and what answers mean, byte by byte."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest

from harness import wire
from srv6cp.packets.probes import Probe, answer

L1, L5 = "2001:db8:a:1::", "2001:db8:a:5::"
X31, X52, N4 = "2001:db8:b:2:31::", "2001:db8:b:4:52::", "2001:db8:b:4::"


def _packed(*addresses: str) -> tuple[bytes, ...]:
    return tuple(IPv6Address(each).packed for each in addresses)


def _probe(*segments: str, **given: object) -> Probe:
    return Probe(_packed(L1)[0], _packed(*segments), 7, 9, size=4, **given)  # type: ignore[arg-type]


def test_ping_along_a_list() -> None:
    """A.1.1: (L1, X31)(L5, X52, X31; SL=2) ICMPv6."""
    request = wire.echo_request(L1, L5, ident=7, seq=9, data=bytes(range(4)))
    assert _probe(X31, X52, L5).packet == wire.ip6(L1, X31, wire.srh([L5, X52, X31], sl=2, payload=request), hl=64)


def test_ping_of_a_sid() -> None:
    """A.1.2: (L1, X31)(N4, X31; SL=1)."""
    request = wire.echo_request(L1, N4, ident=7, seq=9, data=bytes(range(4)))
    assert _probe(X31, N4).packet == wire.ip6(L1, X31, wire.srh([N4, X31], sl=1, payload=request), hl=64)


def test_without_segments_there_is_no_srh() -> None:
    request = wire.echo_request(L1, N4, ident=7, seq=9, data=bytes(range(4)))
    assert _probe(N4).packet == wire.ip6(L1, N4, request, hl=64)


def test_o_flag() -> None:
    """A.3: the flag needs an SRH, also with one segment."""
    request = wire.echo_request(L1, N4, ident=7, seq=9, data=bytes(range(4)))
    expected = wire.ip6(L1, N4, wire.srh([N4], sl=0, flags=0x20, payload=request), hl=64)
    assert _probe(N4, flags=0x20).packet == expected


def _error(kind: int, code: int, quoted: bytes, value: int = 0) -> bytes:
    body = value.to_bytes(4, "big") + quoted
    return bytes(wire.ip6(X31, L1, wire.icmp6(kind, code, body, between=(X31, L1)), hl=60))


@pytest.mark.parametrize("udp", [False, True])
@pytest.mark.parametrize(
    ("kind", "code", "reached", "expired"),
    [(3, 0, False, True), (1, 4, True, False), (4, 4, True, False), (1, 0, False, False), (4, 0, False, False)],
)
def test_errors_quote_the_probe(udp: bool, kind: int, code: int, reached: bool, expired: bool) -> None:
    probe = _probe(X31, N4, udp=udp)
    found = answer(probe, _error(kind, code, probe.packet))
    assert found is not None
    assert (found.reached, found.expired, found.active) == (reached, expired, _packed(X31)[0])


def test_answers_of_others() -> None:
    probe = _probe(N4)
    other = Probe(probe.source, probe.segments, 7, 10)
    assert answer(probe, _error(3, 0, other.packet)) is None
    assert answer(probe, bytes(wire.ip6(N4, L1, wire.echo_reply(N4, L1, ident=7, seq=10), hl=64))) is None
    assert answer(probe, bytes(wire.ip6(N4, L5, wire.echo_reply(N4, L5, ident=7, seq=9), hl=64))) is None
    assert answer(probe, b"\x60") is None
    found = answer(probe, bytes(wire.ip6(N4, L1, wire.echo_reply(N4, L1, ident=7, seq=9), hl=61)))
    assert found is not None and found.reached and found.hop_limit == 61
