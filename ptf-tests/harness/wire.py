# SPDX-License-Identifier: Apache-2.0
"""Packets from plain bytes: the expected side of every comparison.

Built with ``struct`` and ``ipaddress`` from the RFCs' pictures, on purpose sharing nothing with the code
under test, nor with ``harness.craft``, which builds what is sent. Headers nest: a builder takes its payload
and knows from it which next-header value to write.

    ip6(A, B, srh([S3, S2, S1], sl=2, payload=udp(b"hello")))

Segment lists are in **wire order** everywhere, as in the RFCs' ``(S3, S2, S1; SL=2)``: Segment List[0], the
last segment, comes first. ``path(S1, S2, S3)`` turns travel order into wire order.

Every field can be written wrong on purpose: a keyword that is given is used as it is.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import SupportsBytes

Address6 = str | IPv6Address
Address4 = str | IPv4Address

HOP_BY_HOP, IPV4, TCP, UDP, IPV6, ROUTING, FRAGMENT, AH, ICMPV6, NO_NEXT, DEST_OPTIONS, ETHERNET = (
    0,
    4,
    6,
    17,
    41,
    43,
    44,
    51,
    58,
    59,
    60,
    143,
)
ICMP = 1
EXTENSIONS = {HOP_BY_HOP, ROUTING, FRAGMENT, AH, DEST_OPTIONS}

ETH_IPV4, ETH_ARP, ETH_VLAN, ETH_IPV6 = 0x0800, 0x0806, 0x8100, 0x86DD


class Part(bytes):
    """Bytes that begin with a header whose protocol number is ``proto`` (the IANA protocol numbers)."""

    proto: int

    def __new__(cls, data: bytes | SupportsBytes, proto: int) -> Part:
        part = super().__new__(cls, data)
        part.proto = proto
        return part


class Frame(Part):
    """A whole Ethernet frame, as the test's ports send and receive it. ``Frame(b"...")`` takes any bytes."""

    def __new__(cls, data: bytes | SupportsBytes, proto: int = ETHERNET) -> Frame:
        return super().__new__(cls, data, proto)  # type: ignore[return-value]


def _next(payload: bytes, given: int | None) -> int:
    """The next-header value for ``payload``: the one given, the one that it knows, or 59 for nothing."""
    if given is not None:
        return given
    if isinstance(payload, Part):
        return payload.proto
    if not payload:
        return NO_NEXT
    raise ValueError("plain bytes as payload: say which protocol they are with nh=")


def v6(address: Address6) -> bytes:
    """16 bytes of an IPv6 address."""
    return IPv6Address(address).packed


def v4(address: Address4) -> bytes:
    """4 bytes of an IPv4 address."""
    return IPv4Address(address).packed


def mac(address: str) -> bytes:
    """6 bytes of a MAC address written with colons."""
    raw = bytes.fromhex(address.replace(":", ""))
    if len(raw) != 6:
        raise ValueError(f"not a MAC address: {address}")
    return raw


def checksum(data: bytes) -> int:
    """Internet checksum (RFC 1071) of ``data``, 0..0xffff."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _pseudo(
    between: tuple[str | IPv6Address | IPv4Address, str | IPv6Address | IPv4Address], proto: int, length: int
) -> bytes:
    one, other = (ipaddress.ip_address(a) for a in between)
    if one.version == 6:
        return one.packed + other.packed + struct.pack("!IxxxB", length, proto)
    return one.packed + other.packed + struct.pack("!xBH", proto, length)


Between = tuple[Address6 | Address4, Address6 | Address4] | None


# --- Ethernet
# ---------------------------------------------------------------------------------------------------


def ether(payload: bytes, *, dst: str, src: str, vlan: int | Sequence[int] = (), ethertype: int | None = None) -> Frame:
    """An Ethernet II frame. ``vlan``: one 802.1Q TCI or several, outermost first (a plain VID is priority 0).

    The type follows from the payload (``Part`` of IPv4 or IPv6) unless given.
    """
    if ethertype is None:
        known = {IPV4: ETH_IPV4, IPV6: ETH_IPV6}
        proto = getattr(payload, "proto", None)
        if proto not in known:
            raise ValueError("say which ethertype this payload is")
        ethertype = known[proto]
    tags = [vlan] if isinstance(vlan, int) else vlan
    header = mac(dst) + mac(src) + b"".join(struct.pack("!HH", ETH_VLAN, tci) for tci in tags)
    return Frame(header + struct.pack("!H", ethertype) + payload)


def arp(operation: int, sender_mac: str, sender: Address4, target_mac: str, target: Address4) -> bytes:
    """An ARP packet for Ethernet and IPv4 (RFC 826): operation 1 request, 2 reply. Use with
    ``ethertype=ETH_ARP``.
    """
    head = struct.pack("!HHBBH", 1, ETH_IPV4, 6, 4, operation)
    return head + mac(sender_mac) + v4(sender) + mac(target_mac) + v4(target)


# --- IP
# ---------------------------------------------------------------------------------------------------------


def ip6(
    src: Address6,
    dst: Address6,
    payload: bytes = b"",
    *,
    nh: int | None = None,
    hl: int = 64,
    tc: int = 0,
    fl: int = 0,
    plen: int | None = None,
    version: int = 6,
) -> Part:
    """An IPv6 packet (RFC 8200 section 3)."""
    length = len(payload) if plen is None else plen
    word = version << 28 | tc << 20 | fl
    header = struct.pack("!IHBB", word, length, _next(payload, nh), hl) + v6(src) + v6(dst)
    return Part(header + payload, IPV6)


def ip4(
    src: Address4,
    dst: Address4,
    payload: bytes = b"",
    *,
    proto: int | None = None,
    ttl: int = 64,
    tos: int = 0,
    ident: int = 0,
    df: bool = True,
    mf: bool = False,
    offset: int = 0,
    options: bytes = b"",
    total: int | None = None,
    csum: int | None = None,
    version: int = 4,
    ihl: int | None = None,
) -> Part:
    """An IPv4 packet (RFC 791). ``offset`` in units of 8 bytes; ``options`` a multiple of 4 bytes."""
    words = 5 + len(options) // 4 if ihl is None else ihl
    length = 20 + len(options) + len(payload) if total is None else total
    flags = (df << 14) | (mf << 13) | offset
    head = struct.pack("!BBHHHBBH", version << 4 | words, tos, length, ident, flags, ttl, _next(payload, proto), 0)
    header = head + v4(src) + v4(dst) + options
    value = checksum(header) if csum is None else csum
    return Part(header[:10] + struct.pack("!H", value) + header[12:] + payload, IPV4)


def path(*segments: Address6) -> list[Address6]:
    """Segments in the order in which they are travelled, turned into wire order."""
    return list(reversed(segments))


def srh(
    segments: Sequence[Address6],
    *,
    sl: int,
    payload: bytes = b"",
    nh: int | None = None,
    le: int | None = None,
    hel: int | None = None,
    flags: int = 0,
    tag: int = 0,
    tlvs: bytes = b"",
    rtype: int = 4,
) -> Part:
    """A Segment Routing Header (RFC 8754 section 2), segments in wire order.

    ``tlvs`` must bring the header to a multiple of 8 bytes. Without ``le`` Last Entry is the number of
    entries minus one; 0 for an empty list, which no legal header has.
    """
    body = b"".join(v6(s) for s in segments) + tlvs
    if len(body) % 8 and hel is None:
        raise ValueError(f"segments and TLVs are {len(body)} bytes: not a multiple of 8")
    last = max(len(segments) - 1, 0) if le is None else le
    length = len(body) // 8 if hel is None else hel
    header = struct.pack("!BBBBBBH", _next(payload, nh), length, rtype, sl, last, flags, tag)
    return Part(header + body + payload, ROUTING)


def tlv(kind: int, value: bytes = b"") -> bytes:
    """One TLV of an SRH (RFC 8754 section 2.1): type, length, value."""
    return bytes((kind, len(value))) + value


PAD1 = b"\0"


def padn(length: int) -> bytes:
    """A PadN TLV of ``length`` bytes in all, 2..7 (RFC 8754 section 2.1.1.2)."""
    return tlv(4, bytes(length - 2))


def hmac_tlv(key_id: int, digest: bytes, *, d: bool = False) -> bytes:
    """The HMAC TLV (RFC 8754 section 2.1.2); 40 bytes with a digest of 32."""
    return tlv(5, struct.pack("!HI", d << 15, key_id) + digest)


def options_header(proto: int, payload: bytes, options: bytes = b"", nh: int | None = None) -> Part:
    """A Hop-by-Hop (0) or Destination Options (60) header; the options are padded to 8 bytes."""
    gap = -(2 + len(options)) % 8
    padding = b"" if gap == 0 else b"\0" if gap == 1 else bytes((1, gap - 2)) + bytes(gap - 2)
    body = options + padding
    return Part(bytes((_next(payload, nh), (2 + len(body)) // 8 - 1)) + body + payload, proto)


def hbh(payload: bytes, options: bytes = b"", nh: int | None = None) -> Part:
    """A Hop-by-Hop Options header (RFC 8200 section 4.3)."""
    return options_header(HOP_BY_HOP, payload, options, nh)


def dstopt(payload: bytes, options: bytes = b"", nh: int | None = None) -> Part:
    """A Destination Options header (RFC 8200 section 4.6)."""
    return options_header(DEST_OPTIONS, payload, options, nh)


def fragment(payload: bytes, *, offset: int = 0, more: bool = True, ident: int = 0, nh: int | None = None) -> Part:
    """A Fragment header (RFC 8200 section 4.5); ``offset`` in units of 8 bytes."""
    head = struct.pack("!BxHI", _next(payload, nh), offset << 3 | more, ident)
    return Part(head + payload, FRAGMENT)


def auth(payload: bytes, *, icv: bytes = bytes(12), spi: int = 1, seq: int = 1, nh: int | None = None) -> Part:
    """An Authentication Header (RFC 4302); ``icv`` brings it to a multiple of 8 bytes (12 gives 24 bytes)."""
    length = (12 + len(icv)) // 4 - 2
    return Part(struct.pack("!BBxxII", _next(payload, nh), length, spi, seq) + icv + payload, AH)


# --- upper layers
# -----------------------------------------------------------------------------------------------


def udp(
    data: bytes = b"",
    sport: int = 1234,
    dport: int = 5678,
    *,
    between: Between = None,
    csum: int | None = None,
    length: int | None = None,
) -> Part:
    """A UDP datagram. ``between=(source, final destination)`` computes the checksum, else it is ``csum`` or
    0.
    """
    size = 8 + len(data) if length is None else length
    raw = struct.pack("!HHHH", sport, dport, size, 0) + data
    if csum is None:
        csum = (checksum(_pseudo(between, UDP, len(raw)) + raw) or 0xFFFF) if between else 0
    return Part(raw[:6] + struct.pack("!H", csum) + raw[8:], UDP)


def gtpu(
    payload: bytes,
    teid: int = 0x123,
    *,
    container: bytes = b"",
    sport: int = 2152,
    between: Between = None,
) -> Part:
    """UDP and a G-PDU of GTP-U (3GPP TS 29.281 5.1) with, when given, a PDU Session Container of those two octets."""
    options = b"\0\0\0\x85\x01" + container + b"\0" if container else b""
    head = struct.pack("!BBHI", 0x34 if container else 0x30, 255, len(options) + len(payload), teid)
    return udp(head + options + payload, sport, 2152, between=between)


def tcp(
    data: bytes = b"",
    sport: int = 1234,
    dport: int = 80,
    *,
    between: Between = None,
    flags: int = 0x10,
    seq: int = 1,
    ack: int = 1,
) -> Part:
    """A TCP segment without options."""
    raw = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 8192, 0, 0) + data
    value = checksum(_pseudo(between, TCP, len(raw)) + raw) if between else 0
    return Part(raw[:16] + struct.pack("!H", value) + raw[18:], TCP)


def icmp6(kind: int, code: int, body: bytes, *, between: Between, csum: int | None = None) -> Part:
    """An ICMPv6 message (RFC 4443 section 2.1): type, code, checksum, body."""
    raw = struct.pack("!BBH", kind, code, 0) + body
    if csum is None:
        csum = checksum(_pseudo(between, ICMPV6, len(raw)) + raw) if between else 0
    return Part(raw[:2] + struct.pack("!H", csum) + raw[4:], ICMPV6)


def icmp4(kind: int, code: int, body: bytes) -> Part:
    """An ICMPv4 message (RFC 792): type, code, checksum, body (4 bytes of header data first)."""
    raw = struct.pack("!BBH", kind, code, 0) + body
    return Part(raw[:2] + struct.pack("!H", checksum(raw)) + raw[4:], ICMP)


def echo_request(src: Address6, dst: Address6, *, ident: int = 1, seq: int = 1, data: bytes = b"ping") -> Part:
    """ICMPv6 echo request; ``src`` and ``dst`` are those of the checksum (the last segment, RFC 8200 section
    8.1).
    """
    return icmp6(128, 0, struct.pack("!HH", ident, seq) + data, between=(src, dst))


def echo_reply(src: Address6, dst: Address6, *, ident: int = 1, seq: int = 1, data: bytes = b"ping") -> Part:
    """ICMPv6 echo reply."""
    return icmp6(129, 0, struct.pack("!HH", ident, seq) + data, between=(src, dst))


# --- what a router does to a packet
# ----------------------------------------------------------------------------


# They take bytes or a scapy packet, and read nothing but bytes.

Packet = bytes | SupportsBytes


def unchanged(packet: Packet) -> Part:
    """An IP packet as it is, as payload of another one that is expected."""
    raw = bytes(packet)
    return Part(raw, IPV6 if raw[0] >> 4 == 6 else IPV4)


def hop(packet: Packet, by: int = 1) -> Part:
    """The packet after ``by`` routers: hop limit or TTL lower, IPv4 checksum written anew."""
    packet = bytes(packet)
    if packet[0] >> 4 == 6:
        return Part(packet[:7] + bytes((packet[7] - by,)) + packet[8:], IPV6)
    size = (packet[0] & 15) * 4
    header = packet[:8] + bytes((packet[8] - by,)) + packet[9:10] + b"\0\0" + packet[12:size]
    return Part(header[:10] + struct.pack("!H", checksum(header)) + header[12:] + packet[size:], IPV4)


def advanced(packet: Packet, at: int = 40) -> Part:
    """An IPv6 packet after END-5: hop limit and Segments Left lower, destination the segment that they name.

    ``at``: offset of the SRH, larger than 40 when other extension headers come first.
    """
    packet = bytes(packet)
    left = packet[at + 3] - 1
    segment = packet[at + 8 + 16 * left : at + 24 + 16 * left]
    moved = packet[:7] + bytes((packet[7] - 1,)) + packet[8:24] + segment + packet[40:]
    return Part(moved[: at + 3] + bytes((left,)) + moved[at + 4 :], IPV6)


def popped(packet: Packet, at: int = 40, before: int = 6) -> Part:
    """An IPv6 packet without the SRH at offset ``at``; ``before``: offset of the field that names it."""
    packet = bytes(packet)
    size = 8 * (packet[at + 1] + 1)
    plen = struct.unpack_from("!H", packet, 4)[0] - size
    data = bytearray(packet[:at] + packet[at + size :])
    data[before] = packet[at]
    data[4:6] = struct.pack("!H", plen)
    return Part(bytes(data), IPV6)
