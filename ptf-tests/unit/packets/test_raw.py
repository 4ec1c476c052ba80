# SPDX-License-Identifier: Apache-2.0
"""Raw views and checksums against bytes written out by hand."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path

import pytest

from srv6cp.packets import frame_notation, notation, raw

IPV6 = bytes.fromhex(
    "6 ab 12345 0000 2b 40".replace(" ", "") + "fc000000000000000000000000000002" + "fd000000000000000000000000000042"
)
# The SRH of the public HMAC vector (rules, 3.1): three segments and an HMAC TLV, next header UDP.
SRH = bytes.fromhex(
    "11 0b 04 01 02 08 0000"
    "fc000000000000000000000000000001 fd000000000000000000000000000042 fc00000000000000000000000000beef"
    "05 26 0000 00000412 cb660b51dabb0c8955ec1b6cc1e4242a0c42f7c23b8b037cf348e63fa89b065a"
)
UDP = bytes.fromhex("000d 0025 000b 0000 616263")


def packet(*headers: bytes, next_header: int = 43) -> bytes:
    body = b"".join(headers)
    return IPV6[:4] + len(body).to_bytes(2, "big") + bytes([next_header]) + IPV6[7:] + body


def test_checksum_of_rfc_1071_example() -> None:
    assert raw.checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2
    assert raw.checksum(b"\x01") == 0xFEFF, "an odd byte is the high half of a word"
    assert raw.checksum(b"") == 0xFFFF
    assert raw.checksum(b"\xff\xff") == 0


def test_icmpv6_checksum_verifies_to_zero() -> None:
    source, target = ip_address("fe80::1").packed, ip_address("fe80::2").packed
    body = bytes.fromhex("8000 0000 0001 0001")
    value = raw.ipv6_checksum(source, target, 58, body)
    assert raw.ipv6_checksum(source, target, 58, body[:2] + value.to_bytes(2, "big") + body[4:]) == 0


def test_ethernet_and_vlan() -> None:
    macs = bytes.fromhex("020000000001 020000000002")
    plain = raw.parse_ethernet(macs + bytes.fromhex("86dd") + IPV6)
    assert (plain.vlan, plain.ethertype, plain.payload, plain.is_group) == (None, 0x86DD, 14, False)
    tagged = raw.parse_ethernet(macs + bytes.fromhex("8100 a064 86dd") + IPV6)
    assert (tagged.vlan, tagged.ethertype, tagged.payload) == (100, 0x86DD, 18)
    assert raw.parse_ethernet(b"\xff" * 6 + macs[6:] + b"\x08\x06").is_group
    with pytest.raises(raw.TruncatedError, match="14 bytes, 3"):
        raw.parse_ethernet(b"abc")
    with pytest.raises(raw.TruncatedError, match="VLAN"):
        raw.parse_ethernet(macs + bytes.fromhex("8100 00"))


def test_ipv6_with_srh() -> None:
    data = packet(SRH, UDP)
    view = raw.parse_ipv6(data)
    assert (view.traffic_class, view.flow_label, view.hop_limit) == (0xAB, 0x12345, 0x40)
    assert (view.upper_protocol, view.upper) == (17, 40 + 96)
    (srh,) = view.srhs
    assert (srh.segments_left, srh.last_entry, srh.flags, srh.length) == (1, 2, 8, 96)
    assert [str(ip_address(s)) for s in srh.segments] == ["fc00::1", "fd00::42", "fc00::beef"]


def test_extension_headers_in_front_and_ethernet_padding() -> None:
    hop_by_hop = bytes.fromhex("2b 00 01 04 00000000")
    view = raw.parse_ipv6(packet(hop_by_hop, SRH, UDP, next_header=0) + b"pad")
    assert [extension.protocol for extension in view.extensions] == [0, 43]
    assert view.upper == 40 + 8 + 96
    assert view.end == len(view.data) - 3


def test_fragments() -> None:
    first = raw.parse_ipv6(packet(bytes.fromhex("11 00 0001 0000abcd"), UDP, next_header=44))
    assert (first.upper_protocol, first.is_fragment, first.more_fragments) == (17, True, True)
    later = raw.parse_ipv6(packet(bytes.fromhex("11 00 05a8 0000abcd"), UDP, next_header=44))
    assert (later.upper_protocol, later.fragment_offset, later.more_fragments) == (None, 1448, False)


def test_truncation_never_reads_past_the_end() -> None:
    data = packet(SRH, UDP)
    for length in range(40, len(data)):
        view = raw.parse_ipv6(data[:length])
        assert view.upper <= length
        assert view.upper_protocol == (17 if length >= 40 + 96 else None)
    with pytest.raises(raw.TruncatedError):
        raw.parse_ipv6(data[:39])
    with pytest.raises(raw.TruncatedError, match="version 4"):
        raw.parse_ipv6(b"\x45" + data[1:])


def test_last_entry_beyond_the_header() -> None:
    bad = bytearray(SRH[:8] + SRH[8:24])
    bad[1], bad[4] = 2, 200
    (srh,) = raw.parse_ipv6(packet(bytes(bad), UDP)).srhs
    assert (srh.last_entry, len(srh.segments)) == (200, 1)


def test_ipv4() -> None:
    data = bytes.fromhex("46 b8 001d 1234 4000 3f 11 0000 0a000001 0a000002 94040000") + UDP[:5] + b"padding"
    view = raw.parse_ip(data)
    assert isinstance(view, raw.Ipv4View)
    assert (view.tos, view.identification, view.dont_fragment, view.ttl) == (0xB8, 0x1234, True, 63)
    assert (view.upper, view.upper_protocol, view.end) == (24, 17, 29)
    assert view.options == bytes.fromhex("94040000")
    with pytest.raises(raw.TruncatedError):
        raw.parse_ip(b"\x44" + data[1:])


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (packet(SRH, UDP), "(fc00::2,fd00::42)(fc00::1,fd00::42,fc00::beef; SL=1) UDP 13>37"),
        (
            packet(SRH[:0] + b"\x29" + SRH[1:], packet(UDP, next_header=17)),
            "(fc00::2,fd00::42)(fc00::1,fd00::42,fc00::beef; SL=1)(fc00::2,fd00::42) UDP 13>37",
        ),
        (packet(bytes.fromhex("8000000000010001"), next_header=58), "(fc00::2,fd00::42) ICMPv6 echo-request"),
        (
            packet(b"\x04\x04\x00\x00\x00\x00\x00\x28" + packet(b"", next_header=59), next_header=58),
            "(fc00::2,fd00::42) ICMPv6 parameter-problem code 4 about (fc00::2,fd00::42) no next header",
        ),
        (packet(b"\x3b\x00\x02\x01" + bytes(4)), "(fc00::2,fd00::42)(RH type 2; SL=1) no next header"),
        (
            bytes.fromhex("45000018 00000000 40060000 0a000001 0a000002 0050 01bb"),
            "(10.0.0.1,10.0.0.2) TCP 80>443",
        ),
        (b"\x60abc", "[4 bytes]"),
    ],
)
def test_notation(data: bytes, text: str) -> None:
    assert notation(data) == text


def test_frame_notation() -> None:
    macs = bytes.fromhex("020000000001 020000000002")
    inner = macs + bytes.fromhex("86dd") + packet(UDP, next_header=17)
    outer = macs + bytes.fromhex("8100 0064 86dd") + packet(inner, next_header=143)
    assert frame_notation(outer) == "vlan 100 (fc00::2,fd00::42) Ethernet (fc00::2,fd00::42) UDP 13>37"
    arp = macs + bytes.fromhex("0806 0001 0800 06 04 0001 020000000002 0a000001 000000000000 0a000002")
    assert frame_notation(arp) == "ARP who-has 10.0.0.2 tell 10.0.0.1"
    lldp = macs + bytes.fromhex("88cc")
    assert frame_notation(lldp) == "[Ethernet 02:00:00:00:00:02 > 02:00:00:00:00:01 type 0x88cc]"


def test_notation_survives_every_cut() -> None:
    data = packet(SRH, UDP)
    for length in range(len(data) + 1):
        assert notation(data[:length])


def test_the_product_needs_no_scapy() -> None:
    root = Path(__file__).resolve().parents[3]
    importing = [
        path
        for folder in ("cp", "softswitch", "topo", "bench", "tools")
        for path in (root / folder).rglob("*.py")
        if re.search(r"^\s*(from|import) scapy\b", path.read_text(), re.MULTILINE)
    ]
    assert importing == []
