# SPDX-License-Identifier: Apache-2.0
"""The stack of a host in this process: what it answers, byte by byte, and what it leaves alone."""

from __future__ import annotations

import struct
from ipaddress import IPv4Interface, IPv6Address, IPv6Interface

import pytest

from srv6cp.packets import gtp, ip
from srv6lab.host import HostStack
from srv6lab.topology import Gtp, Host

MAC, GATEWAY, OTHER = "02:00:00:ff:00:01", "02:00:00:01:00:01", "02:00:00:ff:00:02"
OWN6, OWN4 = IPv6Address("2001:db8:1::2").packed, bytes((10, 0, 1, 2))
PEER6, PEER4 = IPv6Address("2001:db8:9::9").packed, bytes((10, 0, 9, 9))
ROUTER6 = IPv6Address("2001:db8:1::1").packed
ALL_NODES = IPv6Address("ff02::1").packed
SOLICITED = IPv6Address("ff02::1:ff00:2").packed


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def ones(data: bytes) -> int:
    """The ones' complement sum of RFC 1071; 0xffff where a checksum inside is right."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return total


def right6(packet: bytes) -> bool:
    """Length and upper-layer checksum of an IPv6 packet without extension headers."""
    upper = packet[40:]
    pseudo = packet[8:40] + struct.pack("!II", len(upper), packet[6])
    return struct.unpack_from("!H", packet, 4)[0] == len(upper) and ones(pseudo + upper) == 0xFFFF


def solicitation(source: bytes, option: bytes, hop_limit: int = 255) -> bytes:
    body = bytes((135, 0, 0, 0)) + bytes(4) + OWN6 + option
    total = 0xFFFF - ones(source + SOLICITED + struct.pack("!II", len(body), 58) + body)
    body = body[:2] + total.to_bytes(2, "big") + body[4:]
    head = struct.pack("!IHBB", 6 << 28, len(body), 58, hop_limit)
    return b"\x33\x33\xff\0\0\2" + mac(GATEWAY) + b"\x86\xdd" + head + source + SOLICITED + body


class Wire:
    """A host and what it sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        host = Host("h1", 1, "r1", IPv6Interface("2001:db8:1::2/64"), IPv4Interface("10.0.1.2/24"), "default", False)
        assert host.mac == MAC
        self.host = HostStack(host, GATEWAY, {"10.0.9.9": OTHER}, self.sent.append)

    def receive(self, frame: bytes) -> bytes | None:
        """What the host answers."""
        self.sent.clear()
        self.host.receive(frame)
        return self.sent[0] if self.sent else None


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_solicitation_is_answered_by_a_host(wire: Wire) -> None:
    """RFC 4861 7.2.4: to the asker, solicited, overriding; a host is no router."""
    answer = wire.receive(solicitation(ROUTER6, b"\x01\x01" + mac(GATEWAY)))
    assert answer is not None and answer[:14] == mac(GATEWAY) + mac(MAC) + b"\x86\xdd"
    packet = answer[14:]
    assert packet[6:40] == bytes((58, 255)) + OWN6 + ROUTER6 and right6(packet)
    assert packet[40:42] + packet[44:] == b"\x88\0" + b"\x60\0\0\0" + OWN6 + b"\x02\x01" + mac(MAC)
    assert not wire.host.packets


def test_duplicate_address_detection_is_answered_to_all(wire: Wire) -> None:
    answer = wire.receive(solicitation(bytes(16), b""))
    assert answer is not None and answer[:6] == b"\x33\x33\0\0\0\1"
    assert answer[14 + 24 : 14 + 40] == ALL_NODES and answer[14 + 44] == 0x20 and right6(answer[14:])


@pytest.mark.parametrize("wrong", ["hop limit", "checksum", "cut"])
def test_a_wrong_solicitation_is_not_answered(wire: Wire, wrong: str) -> None:
    """RFC 4861 7.1.1."""
    option = b"\x01\x01" + mac(GATEWAY)
    frame = solicitation(ROUTER6, option, 64 if wrong == "hop limit" else 255)
    if wrong == "checksum":
        frame = frame[:-1] + bytes((frame[-1] ^ 1,))
    assert wire.receive(frame[:-20] if wrong == "cut" else frame) is None


def test_arp(wire: Wire) -> None:
    """RFC 826; a request for somebody else and a reply are left alone."""
    head = b"\xff" * 6 + mac(GATEWAY) + b"\x08\x06"
    body = b"\0\1\x08\0\6\4" + b"\0\1" + mac(GATEWAY) + bytes((10, 0, 1, 1)) + bytes(6)
    assert wire.receive(head + body + OWN4) == (
        mac(GATEWAY) + mac(MAC) + b"\x08\x06"
        b"\0\1\x08\0\6\4" + b"\0\2" + mac(MAC) + OWN4 + mac(GATEWAY) + bytes((10, 0, 1, 1))
    )  # fmt: skip
    assert wire.receive(head + body + PEER4) is None
    assert wire.receive(head + body.replace(b"\6\4\0\1", b"\6\4\0\2") + OWN4) is None


def test_echo_over_ipv6(wire: Wire) -> None:
    body = b"\x80\0" + b"\xaa\xbb" + b"\1\2\3\4" + b"data!"
    head = struct.pack("!IHBB", 6 << 28, len(body), 58, 9)
    frame = mac(MAC) + mac(GATEWAY) + b"\x86\xdd" + head + PEER6 + OWN6 + body
    answer = wire.receive(frame + b"\0" * 7)  # padding of the link is no part of it
    assert answer is not None and answer[:14] == mac(GATEWAY) + mac(MAC) + b"\x86\xdd"
    packet = answer[14:]
    assert packet[7:40] == bytes((64,)) + OWN6 + PEER6 and right6(packet)
    assert packet[40:42] + packet[44:] == b"\x81\0" + body[4:]
    assert list(wire.host.packets) == [frame[14:]]


def test_echo_over_ipv4(wire: Wire) -> None:
    """The peer is on the link here, so the answer does not go to the gateway."""
    body = b"\x08\0" + b"\xaa\xbb" + b"\1\2\3\4" + b"data!"
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 7, 0, 9, 1, 0)
    answer = wire.receive(mac(MAC) + mac(OTHER) + b"\x08\0" + head + PEER4 + OWN4 + body)
    assert answer is not None and answer[:14] == mac(OTHER) + mac(MAC) + b"\x08\0"
    packet = answer[14:]
    assert packet[:4] == struct.pack("!BBH", 0x45, 0, 20 + len(body)) and packet[12:20] == OWN4 + PEER4
    assert ones(packet[:20]) == 0xFFFF and ones(packet[20:]) == 0xFFFF
    assert packet[20:22] + packet[24:] == b"\0\0" + body[4:]


def test_what_is_for_others_is_left_alone(wire: Wire) -> None:
    body = b"\x80\0\0\0\1\2\3\4"
    head = struct.pack("!IHBB", 6 << 28, len(body), 58, 9)
    assert wire.receive(mac(OTHER) + mac(GATEWAY) + b"\x86\xdd" + head + PEER6 + OWN6 + body) is None
    assert wire.receive(mac(MAC) + mac(GATEWAY) + b"\x86\xdd" + head + PEER6 + ROUTER6 + body) is None
    assert wire.receive(mac(MAC) + mac(GATEWAY) + b"\x81\0\0\5\x86\xdd" + head + PEER6 + OWN6 + body) is None
    assert wire.receive(b"\0" * 9) is None
    assert not wire.host.packets


@pytest.mark.parametrize("payload", [b"", b"x", b"even"])
def test_udp(wire: Wire, payload: bytes) -> None:
    packet = wire.host.udp(str(IPv6Address(PEER6)), payload, 4000, 53)
    assert packet[6:40] == bytes((17, 64)) + OWN6 + PEER6 and right6(packet)
    assert packet[40:46] + packet[48:] == struct.pack("!HHH", 4000, 53, 8 + len(payload)) + payload
    packet = wire.host.udp("10.0.9.9", payload, 4000, 53)
    assert packet[9] == 17 and packet[12:20] == OWN4 + PEER4 and ones(packet[:20]) == 0xFFFF
    assert ones(packet[12:20] + struct.pack("!HH", 17, len(packet) - 20) + packet[20:]) == 0xFFFF


def test_a_gnb_speaks_gtp_u() -> None:
    """What it sends is in GTP-U, and what comes in GTP-U is a user's packet; a ping in it is answered in it."""
    sent: list[bytes] = []
    session = Gtp(IPv6Address("2001:db8:9::9"), 0x123)
    host = Host("gnb", 1, "r1", IPv6Interface("2001:db8:1::2/64"), IPv4Interface("10.0.1.2/24"), gtp=session)
    gnb = HostStack(host, GATEWAY, {}, sent.append)
    gnb.send_ip(gnb.udp("10.0.9.9", b"user"))
    inside = ip.udp(OWN4, PEER4, 40000, 9, b"user")
    outside = ip.udp(OWN6, PEER6, gtp.PORT, gtp.PORT, gtp.g_pdu(inside, 0x123))
    assert sent == [mac(GATEWAY) + mac(MAC) + b"\x86\xdd" + outside]
    back = ip.udp(PEER4, OWN4, 9, 40000, b"answer")
    carried = ip.udp(PEER6, OWN6, gtp.PORT, gtp.PORT, gtp.g_pdu(back, 0x456, 5))
    gnb.receive(mac(MAC) + mac(GATEWAY) + b"\x86\xdd" + carried)
    assert list(gnb.packets) == [back]


class TestLabels:
    """A label-switching neighbour: RFC 3032 label stacks end at it."""

    LABELS = struct.pack("!II", 16001 << 12 | 1 << 9 | 63, 24002 << 12 | 1 << 8 | 200)

    def sent(self, payload: bytes, labels: bytes = LABELS, *, mpls: bool = True) -> tuple[list[bytes], HostStack]:
        """What it sends on when this comes behind labels."""
        sent: list[bytes] = []
        host = Host("lsr", 1, "r1", IPv6Interface("2001:db8:1::2/64"), IPv4Interface("10.0.1.2/24"), mpls=mpls)
        stack = HostStack(host, GATEWAY, {}, sent.append)
        stack.receive(mac(MAC) + mac(GATEWAY) + b"\x88\x47" + labels + payload)
        return sent, stack

    def test_are_taken_off_and_the_packet_goes_on(self) -> None:
        packet = ip.udp(PEER6, ROUTER6, 7, 9, b"inside")
        sent, _ = self.sent(packet)
        assert sent == [mac(GATEWAY) + mac(MAC) + b"\x86\xdd" + packet[:7] + bytes((62,)) + packet[8:]]

    def test_what_is_its_own_stays(self) -> None:
        packet = ip.udp(PEER6, OWN6, 7, 9, b"inside")
        sent, stack = self.sent(packet)
        assert (sent, list(stack.packets)) == ([], [packet])

    def test_without_a_bottom_expired_or_not_expected(self) -> None:
        packet = ip.udp(PEER6, ROUTER6, 7, 9, b"inside")
        assert self.sent(b"", self.LABELS[:4])[0] == []
        assert self.sent(packet, struct.pack("!I", 16001 << 12 | 1 << 8 | 1))[0] == []
        assert self.sent(packet, mpls=False)[0] == []
