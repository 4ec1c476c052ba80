# SPDX-License-Identifier: Apache-2.0
"""Packet-ins and the exact bytes that answer them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address

import pytest

from srv6cp.config import load_node_dict
from srv6cp.controller.punt import CPU_PORT, PacketIn, PacketOut
from srv6cp.controller.punt_handler import PuntHandler, Target
from srv6cp.model import InterfaceId, NeighborKey, PuntReason, RateLimit, Reassembly
from srv6cp.packets.icmp import icmpv6
from srv6cp.packets.raw import Ipv4View, checksum, ipv6_checksum, parse_ethernet, parse_ip

NODE = load_node_dict(
    {
        "node": "r1",
        "locator": {"prefix": "fcbb:bb00:1::/48", "block": 32, "node": 16},
        "source": "fcbb:bb00:1::1",
        "upper-layer": ["icmpv6", "udp"],
        "vrfs": [{"name": "blue", "id": 7}],
        "addresses": [{"address": "10.99.0.1/32", "vrf": "blue"}],
        "ports": {
            1: {
                "mac": "02:00:00:00:01:01",
                "addresses": ["2001:db8:1::1/64", "10.0.1.1/24"],
                "vlans": {100: {"addresses": ["2001:db8:100::1/64", "10.0.100.1/24"], "vrf": "blue"}},
            },
            2: {"mac": "02:00:00:00:01:02", "addresses": ["2001:db8:2::1/64"]},
        },
        "routes": [{"prefix": "2001:db8:9::/48", "via": "2001:db8:2::2"}],
        "sids": [
            {"sid": "fcbb:bb00:1:e000::/64", "behavior": "End"},
            {"sid": "fcbb:bb00:1:d4::/64", "behavior": "End.DT46", "vrf": "blue"},
        ],
        "policies": [
            {"name": "north", "segment-lists": [{"segments": ["fcbb:bb00:4::", "fcbb:bb00:3::"]}]},
        ],
        "steering": [
            {"prefix": "2001:db8:bb::/48", "vrf": "blue", "policy": "north"},
            {"prefix": "10.5.0.0/16", "vrf": "blue", "policy": "north"},
        ],
    }
)  # fmt: skip

OUR_MAC = bytes.fromhex("020000000101")
PEER_MAC = bytes.fromhex("0200000001aa")
TARGETS: dict[int, tuple[Target, ...]] = {
    5: ((InterfaceId(2), ip_address("2001:db8:2::2")),),
    6: ((InterfaceId(1), None),),
    7: ((InterfaceId(1), ip_address("10.0.1.9")), (InterfaceId(2), ip_address("2001:db8:2::9"))),
}


def a(text: str) -> bytes:
    return ip_address(text).packed


class Bench:
    def __init__(self) -> None:
        self.programmed: list[tuple[NeighborKey, ...]] = []
        self.handler = PuntHandler(NODE, self._program, lambda number: TARGETS.get(number, ()))

    def _program(self, keys: Iterable[NeighborKey]) -> None:
        self.programmed.append(tuple(keys))

    def send(self, reason: PuntReason, frame: bytes, now: float = 0.0, **fields: int) -> list[PacketOut]:
        return self.handler.handle(PacketIn(reason, frame, **{"ingress_port": 1, **fields}), now)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def ether(packet: bytes, dst: bytes = OUR_MAC, src: bytes = PEER_MAC, vlan: int = 0) -> bytes:
    kind = {6: "86dd", 4: "0800"}.get(packet[0] >> 4, "0806")
    tag = bytes.fromhex("8100") + vlan.to_bytes(2, "big") if vlan else b""
    return dst + src + tag + bytes.fromhex(kind) + packet


def ipv6(src: str, dst: str, payload: bytes = b"", next_header: int = 59, hop_limit: int = 64) -> bytes:
    head = bytes.fromhex("60000000") + len(payload).to_bytes(2, "big") + bytes((next_header, hop_limit))
    return head + a(src) + a(dst) + payload


def ipv4(src: str, dst: str, payload: bytes = b"", protocol: int = 17) -> bytes:
    header = bytes.fromhex("4500") + (20 + len(payload)).to_bytes(2, "big") + bytes.fromhex("0007000040")
    header += bytes((protocol, 0, 0)) + a(src) + a(dst)
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + payload


def icmp(source: str, target: str, kind: int, code: int, value: int, quote: bytes) -> bytes:
    body = bytes((kind, code, 0, 0)) + value.to_bytes(4, "big") + quote
    total = ipv6_checksum(a(source), a(target), 58, body)
    return ipv6(source, target, body[:2] + total.to_bytes(2, "big") + body[4:], 58)


def routed(packet: bytes, vrf: int = 0) -> PacketOut:
    kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
    return PacketOut(bytes(12) + kind + packet, submit_to_ingress=True, vrf_id=vrf)


UDP = bytes.fromhex("0001 0002 0008 0000")

# --- errors ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "fields", "kind", "code", "value"),
    [
        (PuntReason.HOP_LIMIT_EXCEEDED, {}, 3, 0, 0),
        (PuntReason.PARAMETER_PROBLEM, {"pointer": 43}, 4, 0, 43),
        (PuntReason.UPPER_LAYER_ERROR, {"pointer": 96}, 4, 4, 96),
        (PuntReason.NO_ROUTE, {}, 1, 0, 0),
        (PuntReason.PACKET_TOO_BIG, {"mtu": 1400}, 2, 0, 1400),
    ],
)
def test_errors_come_from_the_ingress_interface(
    bench: Bench, reason: PuntReason, fields: dict[str, int], kind: int, code: int, value: int
) -> None:
    packet = ipv6("2001:db8:a::1", "fcbb:bb00:1:e000::", UDP, 17)
    assert bench.send(reason, ether(packet), **fields) == [
        routed(icmp("2001:db8:1::1", "2001:db8:a::1", kind, code, value, packet))
    ]


@pytest.mark.parametrize(
    ("kind", "dst", "group_frame", "reported"),
    [
        (0x5E, "fcbb:bb00:1:e000::", False, False),
        (0x9E, "fcbb:bb00:1:e000::", False, True),
        (0xDE, "fcbb:bb00:1:e000::", False, True),
        (0x9E, "ff02::1", True, True),
        (0xDE, "ff02::1", True, False),
        (0xDE, "fcbb:bb00:1:e000::", True, False),
    ],
)
def test_unknown_options(bench: Bench, kind: int, dst: str, group_frame: bool, reported: bool) -> None:
    """RFC 8200 4.2, and the exception of RFC 4443 2.4 (e.3) for code 2."""
    packet = ipv6("2001:db8:a::1", dst, bytes((59, 0, kind, 4, 0, 0, 0, 0)), 60)
    mac = bytes.fromhex("333300000001") if group_frame else OUR_MAC
    expected = [routed(icmp("2001:db8:1::1", "2001:db8:a::1", 4, 2, 42, packet))] if reported else []
    assert bench.send(PuntReason.OPTION, ether(packet, mac)) == expected


def test_more_options_than_the_switch_walks_go_once_more(bench: Bench) -> None:
    packet = ipv6("2001:db8:a::1", "fcbb:bb00:1:e000::", bytes((59, 0, 0x1E, 4, 0, 0, 0, 0)), 60)
    [sent] = bench.send(PuntReason.OPTION, ether(packet), ingress_port=2)
    assert sent == PacketOut(ether(packet), 0, True, True, 2, options_walked=True)
    assert sent.metadata["flags"] == 1
    assert "flags" not in PacketOut(b"").metadata  # a program without options has no such field


def test_error_about_an_inner_packet_goes_to_its_source_in_its_vrf(bench: Bench) -> None:
    inner = ipv6("2001:db8:100::9", "2001:db8:dead::1", UDP, 17)
    outer = ipv6("2001:db8:a::1", "fcbb:bb00:1:d4::", inner, 41)
    assert bench.send(PuntReason.NO_ROUTE, ether(outer), offset=54, vrf_id=7) == [
        routed(icmp("2001:db8:100::1", "2001:db8:100::9", 1, 0, 0, inner), vrf=7)
    ]


def test_ipv4_error_in_a_vlan(bench: Bench) -> None:
    packet = ipv4("10.9.9.9", "10.8.8.8", UDP)
    (out,) = bench.send(PuntReason.NO_ROUTE, ether(packet, vlan=100), offset=18, vrf_id=7)
    assert out.vrf_id == 7
    assert out.payload[:14] == bytes(12) + b"\x08\x00"
    assert out.payload[26:34] == a("10.0.100.1") + a("10.9.9.9")
    assert out.payload[34:36] == b"\x03\x00"
    assert out.payload[42:] == packet


def test_ipv4_error_without_address_on_the_interface(bench: Bench) -> None:
    packet = ipv4("10.9.9.9", "10.8.8.8", UDP)
    (out,) = bench.send(PuntReason.HOP_LIMIT_EXCEEDED, ether(packet), ingress_port=2, vrf_id=7)
    assert out.payload[26:30] == a("10.99.0.1"), "a loopback of the VRF"


def test_error_to_a_link_local_source_goes_straight_back(bench: Bench) -> None:
    packet = ipv6("fe80::99", "2001:db8:1::1", UDP, 17)
    assert bench.send(PuntReason.LOCAL, ether(packet, vlan=0)) == [
        PacketOut(
            PEER_MAC + OUR_MAC + b"\x86\xdd" + icmp("2001:db8:1::1", "fe80::99", 1, 4, 0, packet),
            egress_port=1,
        )
    ]


def test_no_error_about_errors_groups_or_own_packets(bench: Bench) -> None:
    error = icmp("2001:db8:a::1", "2001:db8:9::1", 1, 0, 0, b"")
    assert bench.send(PuntReason.NO_ROUTE, ether(error)) == []
    packet = ipv6("2001:db8:a::1", "2001:db8:9::1", UDP, 17)
    assert bench.send(PuntReason.NO_ROUTE, ether(packet, dst=b"\xff" * 6)) == []
    assert bench.send(PuntReason.NO_ROUTE, ether(packet), ingress_port=CPU_PORT) == []
    assert bench.send(PuntReason.NO_ROUTE, ether(ipv4("10.0.1.7", "10.0.1.255", UDP))) == [], "broadcast"
    assert bench.handler.counts["ignored no error due"] == 2


def test_garbage_is_ignored(bench: Bench) -> None:
    for reason in PuntReason:
        for frame in (b"", b"\0" * 13, ether(ipv6("::1", "::2"))[:40], ether(b"\0" * 30)):
            assert bench.send(reason, frame, mtu=1280) == []


# --- own addresses and SIDs ----------------------------------------------------------------


def echo(src: str, dst: str, kind: int = 128) -> bytes:
    return icmp(src, dst, kind, 0, 0x12340001, b"payload")


@pytest.mark.parametrize("target", ["2001:db8:1::1", "fcbb:bb00:1::1", "fcbb:bb00:1:e000::", "fcbb:bb00:1:e000::7"])
def test_echo(bench: Bench, target: str) -> None:
    out = bench.send(PuntReason.LOCAL, ether(echo("2001:db8:a::1", target)))
    assert out == [routed(echo(target, "2001:db8:a::1", 129))]


def test_echo_to_link_local(bench: Bench) -> None:
    ours = "fe80::ff:fe00:101"
    out = bench.send(PuntReason.LOCAL, ether(echo("fe80::99", ours)))
    assert out == [PacketOut(PEER_MAC + OUR_MAC + b"\x86\xdd" + echo(ours, "fe80::99", 129), egress_port=1)]
    assert bench.send(PuntReason.LOCAL, ether(echo("fe80::99", "fe80::1"))) == [], "not ours"
    assert bench.send(PuntReason.LOCAL, ether(echo("fe80::99", ours)), ingress_port=2) == [], "other interface"


def test_not_ours(bench: Bench) -> None:
    assert bench.send(PuntReason.LOCAL, ether(echo("2001:db8:a::1", "2001:db8:77::1"))) == []
    assert bench.send(PuntReason.LOCAL, ether(echo("2001:db8:a::1", "2001:db8:1::1")), vrf_id=7) == []


def test_port_unreachable(bench: Bench) -> None:
    for target in ("2001:db8:1::1", "fcbb:bb00:1:e000::"):
        packet = ipv6("2001:db8:a::1", target, UDP, 17)
        expected = icmp("2001:db8:1::1", "2001:db8:a::1", 1, 4, 0, packet)
        assert bench.send(PuntReason.LOCAL, ether(packet)) == [routed(expected)]
    (out,) = bench.send(PuntReason.LOCAL, ether(ipv4("10.9.9.9", "10.0.1.1", UDP)))
    assert out.payload[34:36] == b"\x03\x03"


def test_unknown_protocol_points_at_the_next_header_field(bench: Bench) -> None:
    """RFC 4443 3.4: code 1."""
    packet = ipv6("2001:db8:a::1", "2001:db8:1::1", bytes(8), 200)
    expected = icmp("2001:db8:1::1", "2001:db8:a::1", 4, 1, 6, packet)
    assert bench.send(PuntReason.LOCAL, ether(packet)) == [routed(expected)]
    packet = ipv6("2001:db8:a::1", "2001:db8:1::1", bytes.fromhex("c800010400000000") + bytes(8), 60)
    expected = icmp("2001:db8:1::1", "2001:db8:a::1", 4, 1, 40, packet)
    assert bench.send(PuntReason.LOCAL, ether(packet)) == [routed(expected)]
    (out,) = bench.send(PuntReason.LOCAL, ether(ipv4("10.9.9.9", "10.0.1.1", bytes(8), 200)))
    assert out.payload[34:36] == b"\x03\x02"


# --- neighbour discovery and ARP ----------------------------------------------------------------

US, PEER = "2001:db8:1::1", "2001:db8:1::99"


def nd(kind: int, src: str, dst: str, flags: int, target: str, option: int, mac: bytes) -> bytes:
    body = bytes((kind, 0, 0, 0, flags, 0, 0, 0)) + a(target) + (bytes((option, 1)) + mac if option else b"")
    total = ipv6_checksum(a(src), a(dst), 58, body)
    return ipv6(src, dst, body[:2] + total.to_bytes(2, "big") + body[4:], 58, 255)


def solicitation(src: str = PEER, target: str = US, option: int = 1, **kwargs: str) -> bytes:
    dst = kwargs.get("dst", f"ff02::1:ff00:{target.rsplit(':', 1)[1]}")
    return nd(135, src, dst, 0, target, option, PEER_MAC)


def test_solicitation_is_answered_and_learned_from(bench: Bench) -> None:
    """RFC 4861 7.2.4: router, solicited, override; to the source."""
    out = bench.send(PuntReason.NDP, ether(solicitation(), dst=bytes.fromhex("3333ff000001")))
    answer = nd(136, US, PEER, 0xE0, US, 2, OUR_MAC)
    assert out == [PacketOut(PEER_MAC + OUR_MAC + b"\x86\xdd" + answer, egress_port=1)]
    assert bench.programmed == [(NeighborKey(InterfaceId(1), ip_address(PEER)),)]
    assert bench.handler.neighbors.resolved() == {(InterfaceId(1), ip_address(PEER)): "02:00:00:00:01:aa"}


def test_solicitation_in_a_vlan(bench: Bench) -> None:
    request = solicitation("2001:db8:100::9", "2001:db8:100::1")
    (out,) = bench.send(PuntReason.NDP, ether(request, vlan=100), offset=18)
    assert out.egress_port == 1
    assert out.payload[:18] == PEER_MAC + OUR_MAC + bytes.fromhex("8100 0064 86dd")
    assert NeighborKey(InterfaceId(1, 100), ip_address("2001:db8:100::9")) in bench.handler.neighbors.resolved()


def test_duplicate_address_detection(bench: Bench) -> None:
    """RFC 4861 7.2.4: unsolicited, to all nodes."""
    out = bench.send(PuntReason.NDP, ether(solicitation("::", option=0)))
    answer = nd(136, US, "ff02::1", 0xA0, US, 2, OUR_MAC)
    assert out == [PacketOut(bytes.fromhex("333300000001") + OUR_MAC + b"\x86\xdd" + answer, egress_port=1)]
    assert bench.programmed == []


def test_link_local_is_defended(bench: Bench) -> None:
    request = nd(135, "fe80::99", "ff02::1:ff00:101", 0, "fe80::ff:fe00:101", 1, PEER_MAC)
    (out,) = bench.send(PuntReason.NDP, ether(request))
    assert out.payload[62:78] == a("fe80::ff:fe00:101")


def test_unicast_probe_from_a_global_address_is_routed_to_us(bench: Bench) -> None:
    (out,) = bench.send(PuntReason.LOCAL, ether(solicitation(dst=US)))
    assert out.payload[54] == 136


@pytest.mark.parametrize(
    "packet",
    [
        solicitation(target="2001:db8:1::2"),
        solicitation()[:7] + b"\xfe" + solicitation()[8:],
        solicitation()[:-1] + b"\0",
        nd(135, PEER, US, 0, "ff02::1", 1, PEER_MAC),
        nd(135, "::", "ff02::1:ff00:1", 0, US, 1, PEER_MAC),
        nd(135, "::", US, 0, US, 0, PEER_MAC),
        ipv6(PEER, US, bytes.fromhex("87000000"), 58, 255),
        nd(137, PEER, US, 0, US, 2, PEER_MAC),
    ],
    ids=[
        "not our target",
        "hop limit",
        "checksum",
        "multicast target",
        "DAD with option",
        "DAD unicast",
        "short",
        "redirect",
    ],
)
def test_invalid_solicitations(bench: Bench, packet: bytes) -> None:
    """RFC 4861 7.1.1."""
    assert bench.send(PuntReason.NDP, ether(packet)) == []
    assert bench.programmed == []


def test_option_of_length_zero(bench: Bench) -> None:
    """RFC 4861 4.6: such a packet is discarded."""
    body = bytes.fromhex("87000000 00000000") + a(US) + bytes.fromhex("0100") + PEER_MAC
    packet = icmpv6(a(PEER), a("ff02::1:ff00:1"), body, hop_limit=255)
    assert bench.send(PuntReason.NDP, ether(packet)) == []


def test_strangers_are_not_learned(bench: Bench) -> None:
    assert len(bench.send(PuntReason.NDP, ether(solicitation("2001:db8:77::9")))) == 1
    assert bench.programmed == []


def test_router_advertisement_teaches(bench: Bench) -> None:
    body = bytes.fromhex("86000000 40000708 00000000 00000000") + b"\x01\x01" + PEER_MAC
    packet = icmpv6(a("fe80::99"), a("ff02::1"), body, hop_limit=255)
    assert bench.send(PuntReason.NDP, ether(packet)) == []
    assert bench.programmed == [(NeighborKey(InterfaceId(1), ip_address("fe80::99")),)]


def arp(operation: int, sender_mac: bytes, sender: str, target_mac: bytes, target: str) -> bytes:
    return (
        bytes.fromhex("0001080006040000")[:6]
        + operation.to_bytes(2, "big")
        + sender_mac
        + a(sender)
        + target_mac
        + a(target)
    )


def test_arp(bench: Bench) -> None:
    request = ether(arp(1, PEER_MAC, "10.0.1.9", bytes(6), "10.0.1.1"), dst=b"\xff" * 6)
    reply = PEER_MAC + OUR_MAC + b"\x08\x06" + arp(2, OUR_MAC, "10.0.1.1", PEER_MAC, "10.0.1.9")
    assert bench.send(PuntReason.ARP, request + bytes(18)) == [PacketOut(reply, egress_port=1)]
    assert bench.programmed == [(NeighborKey(InterfaceId(1), ip_address("10.0.1.9")),)]


def test_arp_probe_is_answered_but_not_learned(bench: Bench) -> None:
    """RFC 5227: sender address zero."""
    assert len(bench.send(PuntReason.ARP, ether(arp(1, PEER_MAC, "0.0.0.0", bytes(6), "10.0.1.1")))) == 1
    assert bench.programmed == []


def test_arp_between_others_updates_only(bench: Bench) -> None:
    gratuitous = ether(arp(1, PEER_MAC, "10.0.1.9", bytes(6), "10.0.1.9"))
    assert bench.send(PuntReason.ARP, gratuitous) == []
    assert bench.programmed == []
    bench.send(PuntReason.ARP, ether(arp(1, b"\x02" + bytes(5), "10.0.1.9", bytes(6), "10.0.1.1")))
    assert bench.send(PuntReason.ARP, gratuitous) == []
    assert bench.handler.neighbors.resolved() == {(InterfaceId(1), ip_address("10.0.1.9")): "02:00:00:00:01:aa"}


def test_arp_for_others_and_our_own_address_used_by_others(bench: Bench) -> None:
    assert bench.send(PuntReason.ARP, ether(arp(1, PEER_MAC, "10.0.1.9", bytes(6), "10.0.1.8"))) == []
    assert bench.send(PuntReason.ARP, ether(arp(2, PEER_MAC, "10.0.1.1", bytes(6), "10.0.1.1"))) == []
    assert bench.send(PuntReason.ARP, ether(arp(1, PEER_MAC, "10.0.1.9", bytes(6), "10.0.1.1")[:20])) == []
    assert bench.handler.counts["ignored duplicate address"] == 1


# --- resolution ----------------------------------------------------------------


def test_next_hop_is_resolved_and_the_packet_sent_again(bench: Bench) -> None:
    frame = ether(ipv6("2001:db8:a::1", "2001:db8:9::1", UDP, 17))
    out = bench.send(PuntReason.NEIGHBOR_UNRESOLVED, frame, nexthop_id=5, egress_port=2)
    mac2 = bytes.fromhex("020000000102")
    question = nd(135, "2001:db8:2::1", "ff02::1:ff00:2", 0, "2001:db8:2::2", 1, mac2)
    assert out == [PacketOut(bytes.fromhex("3333ff000002") + mac2 + b"\x86\xdd" + question, egress_port=2)]
    answer = ether(nd(136, "2001:db8:2::2", "2001:db8:2::1", 0x60, "2001:db8:2::2", 2, PEER_MAC))
    out = bench.send(PuntReason.NDP, answer, 0.5, ingress_port=2)
    assert bench.programmed == [(NeighborKey(InterfaceId(2), ip_address("2001:db8:2::2")),)]
    assert out == [PacketOut(frame, submit_to_ingress=True, as_received=True, ingress_port=1)]
    assert bench.handler.neighbors.waiting == 0


def test_packet_that_comes_back_is_not_sent_again_without_bound(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """The neighbour is known, but the tables do not lead there: whoever waits between, the packet ends."""
    answer = ether(nd(136, "2001:db8:2::2", "2001:db8:2::1", 0x60, "2001:db8:2::2", 2, PEER_MAC))
    for fields in ({"ingress_port": 1}, {"ingress_port": CPU_PORT}):
        frame = ether(ipv6("2001:db8:a::1", "2001:db8:9::1", UDP, 17))
        waiting = bench.send(PuntReason.NEIGHBOR_UNRESOLVED, frame, 0.0, nexthop_id=5, **fields)
        sent, now = bench.send(PuntReason.NDP, answer, 0.5, ingress_port=2) or waiting, 0.5
        rounds = 0
        while sent and rounds < 1000:
            rounds, now = rounds + 1, now + 3.0
            sent = bench.send(PuntReason.NEIGHBOR_UNRESOLVED, frame, now, nexthop_id=5, **fields)
        assert rounds < 20
        other = bench.send(PuntReason.NEIGHBOR_UNRESOLVED, ether(ipv6(US, "2001:db8:9::2")), now, nexthop_id=5)
        assert len(other) == 1, "another packet is not held responsible"
    assert bench.handler.counts["ignored came back"] == 2
    assert caplog.text.count("next hop 5: the neighbour is known") == 1
    again_later = bench.send(PuntReason.NEIGHBOR_UNRESOLVED, frame, now + 3600, nexthop_id=5, **fields)
    assert len(again_later) == 1


def test_memory_of_what_was_sent_again_is_bounded(bench: Bench) -> None:
    answer = ether(nd(136, "2001:db8:2::2", "2001:db8:2::1", 0x60, "2001:db8:2::2", 2, PEER_MAC))
    bench.send(PuntReason.NDP, ether(nd(135, "2001:db8:2::2", "2001:db8:2::1", 0, "2001:db8:2::1", 1, PEER_MAC)),
               ingress_port=2)  # fmt: skip
    bench.send(PuntReason.NDP, answer, ingress_port=2)
    for number in range(10_000):
        frame = ether(ipv6("2001:db8:a::1", "2001:db8:9::1", number.to_bytes(2, "big"), 59))
        assert bench.send(PuntReason.NEIGHBOR_UNRESOLVED, frame, nexthop_id=5)
    assert len(bench.handler._reinjections) <= 4096


def test_own_packet_is_sent_again_as_own(bench: Bench) -> None:
    frame = ether(ipv6(US, "2001:db8:2::2", UDP, 17))
    bench.send(PuntReason.NEIGHBOR_UNRESOLVED, frame, nexthop_id=5, ingress_port=CPU_PORT, vrf_id=7)
    answer = ether(nd(136, "2001:db8:2::2", "2001:db8:2::1", 0x60, "2001:db8:2::2", 2, PEER_MAC))
    out = bench.send(PuntReason.NDP, answer, ingress_port=2)
    assert out == [PacketOut(frame, submit_to_ingress=True, vrf_id=7)]


def test_connected_destination(bench: Bench) -> None:
    frame = ether(ipv4("10.9.9.9", "10.0.1.77", UDP))
    (out,) = bench.send(PuntReason.NEIGHBOR_UNRESOLVED, frame, nexthop_id=6, ingress_port=2)
    question = arp(1, OUR_MAC, "10.0.1.1", bytes(6), "10.0.1.77")
    assert out == PacketOut(b"\xff" * 6 + OUR_MAC + b"\x08\x06" + question, egress_port=1)


def test_connected_destination_behind_a_sid(bench: Bench) -> None:
    """After End the destination is the next segment, which the packet holds only in its SRH."""
    srh = bytes.fromhex("11 04 04 01 01 00 0000") + a("2001:db8:1::77") + a("fcbb:bb00:1:e000::")
    frame = ether(ipv6("2001:db8:a::1", "fcbb:bb00:1:e000::", srh + UDP, 43))
    (out,) = bench.send(PuntReason.NEIGHBOR_UNRESOLVED, frame, nexthop_id=6, ingress_port=2)
    assert out.payload[-24:-8] == a("2001:db8:1::77")


def test_all_members_of_a_set_are_asked(bench: Bench) -> None:
    frame = ether(ipv6("2001:db8:a::1", "2001:db8:9::1", UDP, 17))
    out = bench.send(PuntReason.NEIGHBOR_UNRESOLVED, frame, nexthop_id=7)
    assert [(packet.egress_port, packet.payload[12:14].hex()) for packet in out] == [(1, "0806"), (2, "86dd")]


def test_unknown_next_hop(bench: Bench) -> None:
    assert bench.send(PuntReason.NEIGHBOR_UNRESOLVED, ether(ipv6("2001:db8:a::1", US)), nexthop_id=99) == []


def test_unresolvable_neighbour_is_reported(bench: Bench) -> None:
    packet = ipv6("2001:db8:a::1", "2001:db8:9::1", UDP, 17)
    bench.send(PuntReason.NEIGHBOR_UNRESOLVED, ether(packet), 0.0, nexthop_id=5)
    assert [len(bench.handler.poll(now)) for now in (1.0, 2.0)] == [1, 1]
    assert bench.handler.poll(3.0) == [routed(icmp(US, "2001:db8:a::1", 1, 3, 0, packet))]


def test_nobody_is_told_about_frames_of_layer_2_ports(bench: Bench) -> None:
    """The customer's packet in a frame for H.Encaps.L2 is none of our business; the next hop is asked for."""
    packet = ipv6("2001:db8:a::1", "2001:db8:9::1", UDP, 17)
    for frame in (ether(packet), PEER_MAC + OUR_MAC + b"\x88\xcc" + bytes(50)):
        bench.send(PuntReason.NEIGHBOR_UNRESOLVED, frame, 0.0, nexthop_id=5, ingress_port=9)
    assert [len(bench.handler.poll(now)) for now in (1.0, 2.0, 3.0)] == [1, 1, 0]
    assert bench.handler.counts["ignored no interface"] == 2


def test_reconfiguration_forgets_what_no_longer_fits(bench: Bench) -> None:
    bench.send(PuntReason.NDP, ether(solicitation()))
    port = {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:5::1/64"]}
    bench.handler.configure(load_node_dict({"node": "r1", "ports": {1: port}}))
    assert bench.handler.neighbors.resolved() == {}


# --- fragments and relayed errors ----------------------------------------------------------------


def test_fragment_request(bench: Bench) -> None:
    packet = ipv6("fcbb:bb00:1::1", "fcbb:bb00:4::", bytes(1400), 41)
    out = bench.send(PuntReason.FRAGMENT, ether(packet), mtu=1280, egress_port=2)
    assert [(piece.egress_port, len(piece.payload)) for piece in out] == [(2, 1294), (2, 14 + 48 + 168)]
    again = bench.send(PuntReason.FRAGMENT, ether(packet), mtu=1280, egress_port=2)
    assert out[0].payload[58:62] != again[0].payload[58:62], "another identification"


def test_own_packet_too_big_is_fragmented_by_its_source(bench: Bench) -> None:
    packet = ipv6(US, "2001:db8:9::1", bytes(1400), 17)
    out = bench.send(PuntReason.PACKET_TOO_BIG, ether(packet), mtu=1280, ingress_port=CPU_PORT, vrf_id=7)
    assert [(piece.submit_to_ingress, piece.vrf_id) for piece in out] == [(True, 7), (True, 7)]
    assert out[0].payload[14 + 6] == 44


def encapsulated(inner: bytes, source: str = "fcbb:bb00:1::1") -> bytes:
    srh = bytes((41 if inner[0] >> 4 == 6 else 4,)) + bytes.fromhex("04 04 01 01 00 0000")
    return ipv6(source, "fcbb:bb00:4::", srh + a("fcbb:bb00:3::") + a("fcbb:bb00:4::") + inner, 43)


@pytest.mark.parametrize(
    ("kind", "code", "value", "told"),
    [(3, 0, 0, (1, 3, 0)), (1, 0, 0, (1, 3, 0)), (2, 0, 1420, (2, 0, 1340))],
)
def test_error_from_inside_the_domain_is_relayed(
    bench: Bench, kind: int, code: int, value: int, told: tuple[int, int, int]
) -> None:
    """HE-12, RFC 2473 8: in the VRF it was steered from; MTU less the 80 bytes of outer headers."""
    inner = ipv6("2001:db8:100::9", "2001:db8:bb::1", bytes(1300), 17)
    packet = icmp("2001:db8:f::1", "fcbb:bb00:1::1", kind, code, value, encapsulated(inner)[:1200])
    (out,) = bench.send(PuntReason.LOCAL, ether(packet))
    source = "2001:db8:100::1"
    assert out == routed(icmp(source, "2001:db8:100::9", *told, encapsulated(inner)[80:1200]), vrf=7)


def test_relayed_to_ipv4(bench: Bench) -> None:
    inner = ipv4("10.0.100.9", "10.5.5.5", UDP)
    packet = icmp("2001:db8:f::1", "fcbb:bb00:1::1", 1, 0, 0, encapsulated(inner))
    (out,) = bench.send(PuntReason.LOCAL, ether(packet))
    assert out.payload[30:36] == a("10.0.100.9") + b"\x03\x01"
    too_big = icmp("2001:db8:f::1", "fcbb:bb00:1::1", 2, 0, 1420, encapsulated(inner))
    assert bench.send(PuntReason.LOCAL, ether(too_big)) == [], "without DF this node fragments"
    inner = inner[:6] + b"\x40" + inner[7:]
    too_big = icmp("2001:db8:f::1", "fcbb:bb00:1::1", 2, 0, 1420, encapsulated(inner))
    (out,) = bench.send(PuntReason.LOCAL, ether(too_big))
    assert out.payload[34:36] + out.payload[38:42] == bytes.fromhex("0304 0000053c")


def test_parameter_problem_is_relayed_for_the_encapsulation_limit_alone(bench: Bench) -> None:
    """RFC 2473 8.2: what else is wrong with the outer headers is the headend's own affair."""
    inner = ipv6("2001:db8:100::9", "2001:db8:bb::1", UDP, 17)
    limit = bytes.fromhex("2b 00 04 01 04 01 01 00")
    outer = encapsulated(inner)
    outer = outer[:4] + (len(outer) - 32).to_bytes(2, "big") + b"\x3c" + outer[7:40] + limit + outer[40:]
    for pointer, told in ((42, True), (44, True), (6, False), (43, False), (45, False), (51, False)):
        packet = icmp("2001:db8:f::1", "fcbb:bb00:1::1", 4, 0, pointer, outer)
        assert bool(bench.send(PuntReason.LOCAL, ether(packet))) is told, pointer


def test_errors_that_are_not_relayed(bench: Bench) -> None:
    inner = ipv6("2001:db8:100::9", "2001:db8:bb::1", UDP, 17)
    stranger = icmp("2001:db8:f::1", "fcbb:bb00:1::1", 1, 0, 0, encapsulated(inner, "2001:db8::bad"))
    plain = icmp("2001:db8:f::1", "fcbb:bb00:1::1", 1, 0, 0, ipv6("fcbb:bb00:1::1", "2001:db8:9::1", UDP, 17))
    inner_error = icmp("2001:db8:100::9", "2001:db8:bb::1", 1, 0, 0, b"")
    about_error = icmp("2001:db8:f::1", "fcbb:bb00:1::1", 1, 0, 0, encapsulated(inner_error))
    small = icmp("2001:db8:f::1", "fcbb:bb00:1::1", 2, 0, 1280, encapsulated(inner))
    broken = bytearray(icmp("2001:db8:f::1", "fcbb:bb00:1::1", 1, 0, 0, encapsulated(inner)))
    broken[-1] ^= 1
    cut = icmp("2001:db8:f::1", "fcbb:bb00:1::1", 1, 0, 0, encapsulated(inner)[:100])
    for packet in (stranger, plain, about_error, small, bytes(broken), cut):
        assert bench.send(PuntReason.LOCAL, ether(packet)) == []


# --- anything at all ------------------------------------------------------------------------------


def test_mutated_packets_never_raise_and_answers_are_sound(bench: Bench) -> None:
    inner = ipv6("2001:db8:100::9", "2001:db8:bb::1", UDP, 17)
    seeds = [
        ether(echo("2001:db8:a::1", US)),
        ether(icmp("2001:db8:f::1", "fcbb:bb00:1::1", 1, 0, 0, encapsulated(inner))),
        ether(solicitation()),
        ether(ipv4("10.9.9.9", "10.0.1.1", UDP)),
        ether(arp(1, PEER_MAC, "10.0.1.9", bytes(6), "10.0.1.1")),
        ether(ipv6("2001:db8:a::1", "fcbb:bb00:1::1", bytes(1500), 41)),
    ]
    dice = random.Random(8986)
    reasons = list(PuntReason)
    for step in range(4000):
        frame = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(4)):
            frame[dice.randrange(len(frame))] = dice.randrange(256)
        if dice.random() < 0.3:
            del frame[dice.randrange(len(frame)) :]
        packet = PacketIn(
            dice.choice(reasons),
            bytes(frame),
            ingress_port=dice.choice((1, 2, 9, CPU_PORT)),
            vrf_id=dice.choice((0, 7)),
            offset=dice.choice((14, 14, 14, 18, 54, 2000)),
            pointer=43,
            mtu=dice.choice((0, 68, 1280)),
            nexthop_id=dice.choice((5, 6, 7, 8)),
        )
        now = step * 0.01
        for out in bench.handler.handle(packet, now) + bench.handler.poll(now):
            check_soundness(out)


def check_soundness(out: PacketOut) -> None:
    """Lengths and checksums of what the node makes itself; what it repeats is what it got."""
    if out.payload[:12] != bytes(12) and out.payload[6:12] != OUR_MAC:
        return
    ethernet = parse_ethernet(out.payload)
    if ethernet.ethertype not in (0x86DD, 0x0800):
        return
    view = parse_ip(out.payload, ethernet.payload)
    assert view.end == len(out.payload), "no trailing bytes"
    if isinstance(view, Ipv4View):
        assert checksum(out.payload[view.offset : view.upper]) == 0
    elif view.next_header == 58 and view.end - view.offset <= 1280:
        assert ipv6_checksum(view.src, view.dst, 58, out.payload[view.upper : view.end]) == 0


# --- who can be no neighbour ------------------------------------------------------------------------

ZERO, GROUP, OWN = bytes(6), bytes.fromhex("333300000001"), OUR_MAC


@pytest.mark.parametrize(
    ("mac", "why"),
    [(ZERO, "MAC address 0"), (GROUP, "group MAC address"), (OWN, "MAC address of the port itself")],
)
def test_neighbours_with_a_mac_that_nobody_has_are_refused_and_counted(bench: Bench, mac: bytes, why: str) -> None:
    """By solicitation, advertisement, router advertisement and ARP; and nobody is answered there."""
    frames = [
        (PuntReason.NDP, nd(135, PEER, "ff02::1:ff00:1", 0, US, 1, mac)),
        (PuntReason.NDP, nd(136, PEER, US, 0x60, PEER, 2, mac)),
        (PuntReason.NDP, icmpv6(a("fe80::99"), a("ff02::1"), bytes.fromhex("86" + "00" * 15) + b"\x01\x01" + mac, 255)),
        (PuntReason.ARP, arp(1, mac, "10.0.1.9", bytes(6), "10.0.1.1")),
        (PuntReason.ARP, arp(2, mac, "10.0.1.9", OUR_MAC, "10.0.1.1")),
    ]
    bench.send(PuntReason.NEIGHBOR_UNRESOLVED, ether(ipv6("2001:db8:a::1", PEER)), nexthop_id=6)  # PEER is asked for
    for reason, packet in frames:
        assert bench.send(reason, ether(packet)) == []
    assert bench.programmed == [] and bench.handler.neighbors.resolved() == {}
    assert bench.handler.counts[f"refused neighbour: {why}"] == len(frames)
    assert bench.handler.refusals.counts[InterfaceId(1), f"neighbour not learned: {why}"] == len(frames)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("10.0.1.255", "broadcast or network address"),
        ("10.0.1.0", "broadcast or network address"),
        ("10.99.0.1", "address that is not on link"),
        ("255.255.255.255", "reserved address"),
        ("224.0.0.1", "multicast address"),
        ("127.0.0.1", "loopback address"),
    ],
)
def test_neighbours_with_an_address_that_no_host_has_are_refused_and_counted(
    bench: Bench, address: str, why: str
) -> None:
    bench.send(PuntReason.ARP, ether(arp(1, PEER_MAC, address, bytes(6), "10.0.1.1")))
    assert bench.programmed == []
    assert bench.handler.counts[f"refused neighbour: {why}"] == 1


def test_an_address_of_the_node_on_no_port_is_nobodys(bench: Bench) -> None:
    """A loopback address inside a connected prefix: the node is it, whoever says otherwise."""
    port = {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:1::1/64"]}
    bench.handler.configure(load_node_dict({"node": "r1", "source": PEER, "ports": {1: port}}))
    bench.send(PuntReason.NDP, ether(solicitation()))
    assert bench.programmed == []
    assert bench.handler.counts["refused neighbour: address of the node"] == 1


def test_refused_neighbours_are_said_once_a_minute(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    for n in range(600):
        bench.send(PuntReason.ARP, ether(arp(1, ZERO, "10.0.1.9", bytes(6), "10.0.1.1")), now=0.1 * n)
        bench.send(PuntReason.ARP, ether(arp(1, PEER_MAC, "10.0.1.1", bytes(6), "10.0.1.1")), now=0.1 * n)
    assert [record.getMessage() for record in caplog.records] == [
        "r1: port 1: neighbour not learned: MAC address 0 (10.0.1.9 at 00:00:00:00:00:00)",
        "r1: port 1: somebody uses our address (10.0.1.1 at 02:00:00:00:01:aa)",
    ]
    bench.send(PuntReason.ARP, ether(arp(1, ZERO, "10.0.1.9", bytes(6), "10.0.1.1")), now=60.0)
    assert caplog.records[-1].getMessage().endswith("; 600 times in 60 s")


def test_limits_of_the_node_file_count(bench: Bench) -> None:
    """And they change with it, for whoever is learned from then on."""
    data = {"node": "r1", "ports": {1: {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:1::1/64"]}}}
    bench.handler.configure(load_node_dict({**data, "neighbor-limits": {"learned": 1}}))
    for source in (PEER, "2001:db8:1::98"):
        assert len(bench.send(PuntReason.NDP, ether(solicitation(source)))) == 1, "answered in any case"
    assert [key.address for key in bench.handler.neighbors.keys()] == [ip_address(PEER)]  # noqa: SIM118
    bench.handler.configure(load_node_dict(data))
    bench.send(PuntReason.NDP, ether(solicitation("2001:db8:1::98")))
    assert len(bench.handler.neighbors) == 2


END_SID = "fcbb:bb00:1:e000::"


def reassembling(**more: object) -> PuntHandler:
    node = replace(NODE, reassembly=Reassembly(), **more)  # type: ignore[arg-type]
    return PuntHandler(node, lambda keys: None, lambda number: ())


def fragment_to_sid(data: bytes, offset: int, more: bool, ident: int = 1) -> bytes:
    header = bytes((17, 0)) + (offset | more).to_bytes(2, "big") + ident.to_bytes(4, "big")
    length = (8 + len(data)).to_bytes(2, "big")
    return ether(bytes((0x60, 0, 0, 0)) + length + bytes((44, 64)) + a("2001:db8:1::2") + a(END_SID) + header + data)


def test_the_whole_goes_through_the_switch_as_its_fragments_did() -> None:
    handler = reassembling()
    data = bytes(range(40))
    assert handler.handle(PacketIn(PuntReason.REASSEMBLY, fragment_to_sid(data[24:], 24, False), 2), 0.0) == []
    (out,) = handler.handle(PacketIn(PuntReason.REASSEMBLY, fragment_to_sid(data[:24], 0, True), 1), 0.0)
    packet = bytes((0x60, 0, 0, 0, 0, 40, 17, 64)) + a("2001:db8:1::2") + a(END_SID) + data
    assert out == PacketOut(ether(packet), submit_to_ingress=True, as_received=True, ingress_port=1)
    assert handler.counts["sent reassembled packet"] == 1


def test_time_exceeded_when_the_rest_does_not_come() -> None:
    """RFC 8200 4.5: code 1, about the fragment with offset 0; nobody is told where that one is missing."""
    handler = reassembling()
    first = fragment_to_sid(bytes(24), 0, True)
    handler.handle(PacketIn(PuntReason.REASSEMBLY, first, 1), 5.0)
    handler.handle(PacketIn(PuntReason.REASSEMBLY, fragment_to_sid(bytes(8), 8, True, 2), 1), 5.0)
    assert handler.next_deadline() == 65.0
    assert handler.poll(64.9) == []
    (out,) = handler.poll(65.0)
    message = bytes((3, 1, 0, 0, 0, 0, 0, 0)) + first[14:]
    assert out.payload[14:] == icmpv6(a("2001:db8:1::1"), a("2001:db8:1::2"), message)
    assert handler.next_deadline() is None


def test_errors_about_fragments_are_limited_as_others_are() -> None:
    """RFC 4443 2.4 f."""
    handler = reassembling(icmp=RateLimit(1, 2))
    odd = PacketIn(PuntReason.REASSEMBLY, fragment_to_sid(bytes(9), 8, True), 1)
    assert [len(handler.handle(odd, 0.0)) for _ in range(4)] == [1, 1, 0, 0]
    assert len(handler.handle(replace(odd, ingress_port=2), 0.0)) == 1
    assert len(handler.handle(odd, 1.0)) == 1


def test_reassembly_that_is_turned_off() -> None:
    handler = reassembling()
    handler.handle(PacketIn(PuntReason.REASSEMBLY, fragment_to_sid(bytes(24), 0, True), 1), 0.0)
    handler.configure(replace(NODE, reassembly=Reassembly(), name="r2"))
    assert handler.next_deadline() == 60.0, "what has come stays while its limits do"
    handler.configure(NODE)
    assert handler.next_deadline() is None
    assert handler.handle(PacketIn(PuntReason.REASSEMBLY, fragment_to_sid(bytes(8), 24, False), 1), 0.0) == []
    assert handler.counts["ignored fragment"] == 1


def test_what_is_incomplete_is_forgotten_with_the_switch() -> None:
    handler = reassembling()
    handler.handle(PacketIn(PuntReason.REASSEMBLY, fragment_to_sid(bytes(24), 0, True), 1), 0.0)
    handler.forget_neighbors()
    assert handler.next_deadline() is None
