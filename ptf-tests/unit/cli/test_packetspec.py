# SPDX-License-Identifier: Apache-2.0
"""Packets for ``srv6 trace``."""

from __future__ import annotations

from ipaddress import IPv6Address
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import Dot1Q, Ether

from p4rtlib.pcap import PcapWriter
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.packetspec import build, frame, frames
from srv6cp.packets import notation

MAC = "02:00:00:00:01:01"


@pytest.mark.parametrize(
    "text",
    [
        "(2001:db8::1,2001:db8::2) UDP 7>9",
        "(10.0.0.1,10.0.0.2) TCP 1000>80",
        "(2001:db8::1,fc00:4::)(fc00:5::,fc00:4::; SL=1) ICMPv6 echo-request",
        "(2001:db8::1,fc00:4::)(fc00:5::,fc00:4::; SL=1)(a::1,b::1) UDP 7>9",
        "(2001:db8::1,fc00:4::)(fc00:4::; SL=0)(10.0.0.1,10.0.0.2) UDP 7>9",
        "(2001:db8::1,fc00:4::)(fc00:4::; SL=0)(fc00:9::,fc00:8::; SL=1) no next header",
    ],
)
def test_notation_there_and_back(text: str) -> None:
    spec = text.replace("ICMPv6 echo-request", "ping").replace("no next header", "none")
    assert notation(build(spec)) == text


def test_checksums_are_right() -> None:
    packet = IPv6(build("(2001:db8::1,fc00:4::)(2001:db8::9,fc00:4::; SL=1) UDP 7>9"))
    given = packet[UDP].chksum
    del packet[UDP].chksum
    # scapy, too, takes Segment List[0] as the destination.
    assert IPv6(bytes(packet))[UDP].chksum == given
    for text, layer in (("(10.0.0.1,10.0.0.2) TCP 1>2", TCP), ("(10.0.0.1,10.0.0.2) UDP 1>2", UDP)):
        packet = IP(build(text))
        transport, header = packet[layer].chksum, packet.chksum
        del packet[layer].chksum, packet.chksum
        again = IP(bytes(packet))
        assert (again[layer].chksum, again.chksum) == (transport, header)
    echo = IPv6(build("(2001:db8::1,2001:db8::2) ping"))[ICMPv6EchoRequest]
    given = echo.cksum
    packet = IPv6(build("(2001:db8::1,2001:db8::2) ping"))
    del packet[ICMPv6EchoRequest].cksum
    assert IPv6(bytes(packet))[ICMPv6EchoRequest].cksum == given


def test_the_srh_is_as_written() -> None:
    packet = build("(2001:db8::1,fc00:4::)(fc00:6::,fc00:5::,fc00:4::; SL=2)")
    segments = b"".join(IPv6Address(text).packed for text in ("fc00:6::", "fc00:5::", "fc00:4::"))
    assert packet[41:48] == bytes((6, 4, 2, 2, 0, 0, 0))
    assert packet[48:96] == segments


def test_frames() -> None:
    untagged, tagged = Ether(frame("(a::1,b::1)", MAC)), Ether(frame("(10.0.0.1,10.0.0.2)", MAC, 100))
    assert (untagged.dst, untagged.type) == (MAC, 0x86DD)
    assert (tagged[Dot1Q].vlan, tagged[Dot1Q].type) == (100, 0x0800)
    assert next(frames("02 00 00 00 01 01 02:00:00:00:00:01 86dd60", None)).hex() == "02000000010102000000000186dd60"


def test_a_frame_shorter_than_its_header_is_one() -> None:
    assert list(frames("020000000101020000000909", None)) == [bytes.fromhex("020000000101020000000909")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(a::1)", r"is not \(SOURCE,DESTINATION\)"),
        ("(a::1,10.0.0.1)", "different families"),
        ("(a::1,x)", r"is not \(SOURCE,DESTINATION\)"),
        ("(fc00::1; SL=1)", r"starts with \(SOURCE,DESTINATION\)"),
        ("(a::1,b::1)(x; SL=1)", r"is not \(Sn,...,S1; SL=k\)"),
        ("(a::1,b::1) SCTP", "valid: UDP a>b"),
        ("(a::1,b::1) UDP 1>70000", "at most 65535"),
        ("nonsense", "neither a file, nor a frame in hexadecimal"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        list(frames(text, MAC))


def test_the_mac_must_be_known() -> None:
    with pytest.raises(UsageError, match="the MAC of the port is not known"):
        list(frames("(a::1,b::1)", None))


def test_pcap(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    records = [frame("(a::1,b::1)", MAC), frame("(10.0.0.1,10.0.0.2)", MAC)]
    with PcapWriter(path) as writer:
        for record in records:
            writer.write(record)
    assert list(frames(str(path), None)) == records
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CliError, match=r"x\.pcap: cut in the frame"):
        list(frames(str(path), None))
