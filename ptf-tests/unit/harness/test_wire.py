# SPDX-License-Identifier: Apache-2.0
"""``harness.wire`` against packets written down in hexadecimal digits (against scapy: test_craft.py)."""

from __future__ import annotations

import pytest

from harness import show, wire

SRH_VECTOR = bytes.fromhex(
    "110b040102080000"
    "fc000000000000000000000000000001"
    "fd000000000000000000000000000042"
    "fc00000000000000000000000000beef"
    "0526000000000412cb660b51dabb0c8955ec1b6cc1e4242a0c42f7c23b8b037cf348e63fa89b065a"
)


def test_srh_with_hmac_tlv_is_the_published_one() -> None:
    """The SRH of Zashas/segway tests/srh-draft7.seg, 96 bytes."""
    tlv = wire.hmac_tlv(1042, SRH_VECTOR[-32:])
    header = wire.srh(["fc00::1", "fd00::42", "fc00::beef"], sl=1, nh=17, flags=8, tlvs=tlv)
    assert header == SRH_VECTOR


def test_next_header_follows_the_payload() -> None:
    packet = wire.ip6("::1", "::2", wire.hbh(wire.srh(["::3"], sl=0, payload=wire.ip6("::4", "::5"))))
    assert packet[6] == wire.HOP_BY_HOP
    assert packet[40] == wire.ROUTING
    assert packet[48] == wire.IPV6
    assert packet[48 + 24 + 6] == wire.NO_NEXT


def test_unknown_payload_must_be_named() -> None:
    with pytest.raises(ValueError, match="nh="):
        wire.ip6("::1", "::2", b"something")


def test_advanced_packet_follows_the_segment_list() -> None:
    before = wire.ip6("::1", "::a", wire.srh(["::c", "::b", "::a"], sl=2, payload=wire.udp(b"1")), hl=9)
    after = wire.ip6("::1", "::b", wire.srh(["::c", "::b", "::a"], sl=1, payload=wire.udp(b"1")), hl=8)
    assert wire.advanced(before) == after


def test_popped_packet_has_no_srh() -> None:
    srh = wire.srh(["::c", "::b"], sl=0, tlvs=wire.padn(2) + bytes(6), payload=wire.udp(b"1"))
    assert wire.popped(wire.ip6("::1", "::b", srh)) == wire.ip6("::1", "::b", wire.udp(b"1"))
    behind = wire.ip6("::1", "::b", wire.hbh(srh))
    assert wire.popped(behind, at=48, before=40) == wire.ip6("::1", "::b", wire.hbh(wire.udp(b"1")))


def test_hop_writes_the_ipv4_checksum_anew() -> None:
    before = wire.ip4("10.0.0.1", "10.0.0.2", wire.udp(), ttl=2)
    assert wire.hop(before) == wire.ip4("10.0.0.1", "10.0.0.2", wire.udp(), ttl=1)


def test_difference_names_the_field() -> None:
    one = wire.ether(wire.ip6("::1", "::2", wire.udp(), hl=64), dst="02:00:00:00:00:01", src="02:00:00:00:00:02")
    two = wire.ether(wire.ip6("::1", "::2", wire.udp(), hl=63), dst="02:00:00:00:00:01", src="02:00:00:00:00:02")
    text = show.difference(one, two)
    assert "! ipv6.hop limit" in text
    assert "expected 64, received 63" in text
    assert "first different byte: 21" in text


@pytest.mark.parametrize("length", range(140))
def test_any_truncation_can_be_shown(length: int) -> None:
    inner = wire.ip6("::7", "::8", wire.icmp6(1, 0, bytes(4) + wire.ip6("::1", "::2"), between=("::7", "::8")))
    frame = wire.ether(
        wire.ip6("::1", "::2", wire.hbh(wire.srh(["::3"], sl=0, payload=inner))),
        dst="02:00:00:00:00:01",
        src="02:00:00:00:00:02",
    )
    assert show.summary(frame[:length]).startswith(f"{length} bytes")
