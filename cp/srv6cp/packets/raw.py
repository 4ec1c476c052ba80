# SPDX-License-Identifier: Apache-2.0
"""Read packets straight from bytes, without scapy.

The packet-in path of the controller and the one-line notation use these views. A view never copies the
packet: it holds the data and offsets into it. Parsing stops quietly where the bytes end, so that a truncated
packet (an ICMP quote, a clone) still yields what it has; only a packet too short for its own first header
raises `TruncatedError`.

Addresses are raw bytes (4 or 16); offsets are counted from the first byte of `data`.
"""

from __future__ import annotations

from dataclasses import dataclass

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806
ETHERTYPE_VLAN = 0x8100
ETHERTYPE_QINQ = 0x88A8
ETHERTYPE_IPV6 = 0x86DD
ETHERTYPE_MPLS = 0x8847

HOP_BY_HOP = 0
ICMP = 1
IPV4 = 4
TCP = 6
UDP = 17
IPV6 = 41
ROUTING = 43
FRAGMENT = 44
AUTHENTICATION = 51
ICMPV6 = 58
NO_NEXT_HEADER = 59
DESTINATION_OPTIONS = 60
MOBILITY = 135
HIP = 139
SHIM6 = 140
ETHERNET = 143

# Headers laid out as (next header, length in 8-octet units after the first 8): RFC 8200 4, RFC 6564.
_GENERIC_EXTENSIONS = frozenset({HOP_BY_HOP, ROUTING, DESTINATION_OPTIONS, MOBILITY, HIP, SHIM6})
EXTENSION_HEADERS = _GENERIC_EXTENSIONS | {FRAGMENT, AUTHENTICATION}

SEGMENT_ROUTING = 4


class TruncatedError(ValueError):
    """The bytes end before the first header is complete, or the header is not of the expected version."""


def checksum(data: bytes, initial: int = 0) -> int:
    """The Internet checksum (RFC 1071) of `data`; an odd last byte is padded with zero.

    `initial` is a partial sum (not complemented) added in, e.g. of a pseudo-header.
    """
    if len(data) & 1:
        data += b"\0"
    total = int.from_bytes(data, "big") + initial
    # 2**16 = 1 modulo 65535, so the remainder is the ones' complement sum; zero stands for 0xffff unless all
    # is zero.
    folded = total % 0xFFFF
    if folded == 0 and total:
        folded = 0xFFFF
    return 0xFFFF - folded


def ipv6_checksum(src: bytes, dst: bytes, next_header: int, upper: bytes) -> int:
    """Upper-layer checksum over the IPv6 pseudo-header (RFC 8200 8.1); a zero result stays zero (UDP maps it
    itself)."""
    return checksum(src + dst + len(upper).to_bytes(4, "big") + next_header.to_bytes(4, "big") + upper)


def ipv4_checksum(src: bytes, dst: bytes, protocol: int, upper: bytes) -> int:
    """TCP/UDP checksum over the IPv4 pseudo-header (RFC 768, RFC 9293)."""
    return checksum(src + dst + protocol.to_bytes(2, "big") + len(upper).to_bytes(2, "big") + upper)


@dataclass(frozen=True)
class EthernetView:
    """An Ethernet header with at most one VLAN tag read (the tag the router interface is selected by)."""

    data: bytes
    offset: int
    dst: bytes
    src: bytes
    vlan: int | None
    """VLAN identifier of the outermost tag, None when untagged; 0 is a priority tag."""
    ethertype: int
    payload: int
    """Offset of the first byte after the header."""

    @property
    def is_group(self) -> bool:
        """True for a multicast or broadcast destination."""
        return bool(self.dst[0] & 1)


def parse_ethernet(data: bytes, offset: int = 0) -> EthernetView:
    """Read the Ethernet header at `offset`. Raises `TruncatedError`."""
    if len(data) < offset + 14:
        raise TruncatedError(f"Ethernet header needs 14 bytes, {max(0, len(data) - offset)} are there")
    ethertype = int.from_bytes(data[offset + 12 : offset + 14], "big")
    payload = offset + 14
    vlan = None
    if ethertype in (ETHERTYPE_VLAN, ETHERTYPE_QINQ):
        if len(data) < payload + 4:
            raise TruncatedError("VLAN tag is cut short")
        vlan = int.from_bytes(data[payload : payload + 2], "big") & 0x0FFF
        ethertype = int.from_bytes(data[payload + 2 : payload + 4], "big")
        payload += 4
    return EthernetView(
        data, offset, data[offset : offset + 6], data[offset + 6 : offset + 12], vlan, ethertype, payload
    )


@dataclass(frozen=True)
class LabelStackView:
    """An MPLS label stack (RFC 3032 2.1): labels from the top down, the TTL of the first."""

    labels: tuple[int, ...]
    ttl: int
    payload: int
    """Offset of the first byte behind the stack."""


def parse_label_stack(data: bytes, offset: int) -> LabelStackView:
    """Read a label stack at `offset`. Raises `TruncatedError`."""
    labels: list[int] = []
    ttl = 0
    while True:
        if len(data) < offset + 4:
            raise TruncatedError("label stack is cut short")
        entry = int.from_bytes(data[offset : offset + 4], "big")
        ttl = ttl if labels else entry & 0xFF
        labels.append(entry >> 12)
        offset += 4
        if entry >> 8 & 1:  # the bottom
            return LabelStackView(tuple(labels), ttl, offset)


@dataclass(frozen=True)
class SrhView:
    """A Segment Routing Header (RFC 8754 2) as it lies in the packet; nothing is validated."""

    offset: int
    next_header: int
    hdr_ext_len: int
    segments_left: int
    last_entry: int
    flags: int
    tag: int
    segments: tuple[bytes, ...]
    """Segment List in wire order, those entries that fit into Hdr Ext Len."""

    @property
    def length(self) -> int:
        """Bytes of the header, TLVs included."""
        return 8 * (self.hdr_ext_len + 1)


@dataclass(frozen=True)
class Extension:
    """One IPv6 extension header: its protocol number, offset and length in bytes."""

    protocol: int
    offset: int
    length: int


@dataclass(frozen=True)
class Ipv6View:
    """An IPv6 header and its extension header chain."""

    data: bytes
    offset: int
    traffic_class: int
    flow_label: int
    payload_length: int
    next_header: int
    hop_limit: int
    src: bytes
    dst: bytes
    extensions: tuple[Extension, ...]
    upper_protocol: int | None
    """Protocol of the first header that is not an extension header, None when the chain is cut or is a later
    fragment."""
    upper: int
    """Offset of that header (or of where the chain broke off)."""
    fragment_offset: int
    """Offset field of the Fragment header in bytes, 0 without one."""
    more_fragments: bool

    version = 6

    @property
    def header_length(self) -> int:
        return 40

    @property
    def end(self) -> int:
        """Offset just after the packet: by its Payload Length, but not beyond the bytes that are there."""
        return min(len(self.data), self.offset + 40 + self.payload_length)

    @property
    def is_fragment(self) -> bool:
        return bool(self.fragment_offset or self.more_fragments)

    @property
    def srhs(self) -> tuple[SrhView, ...]:
        """All Segment Routing Headers of the chain, outermost first."""
        found = []
        for extension in self.extensions:
            if extension.protocol == ROUTING:
                view = parse_srh(self.data, extension.offset)
                if view is not None:
                    found.append(view)
        return tuple(found)


def parse_srh(data: bytes, offset: int) -> SrhView | None:
    """The SRH at `offset`, or None when there is none (other routing type, fewer than 8 bytes)."""
    if len(data) < offset + 8 or data[offset + 2] != SEGMENT_ROUTING:
        return None
    hdr_ext_len, last_entry = data[offset + 1], data[offset + 4]
    room = min(8 * hdr_ext_len, len(data) - offset - 8) // 16
    first = offset + 8
    segments = tuple(data[first + 16 * i : first + 16 * i + 16] for i in range(min(last_entry + 1, room)))
    return SrhView(
        offset,
        data[offset],
        hdr_ext_len,
        data[offset + 3],
        last_entry,
        data[offset + 5],
        int.from_bytes(data[offset + 6 : offset + 8], "big"),
        segments,
    )


def parse_ipv6(data: bytes, offset: int = 0) -> Ipv6View:
    """Read the IPv6 header at `offset` and walk its extension headers. Raises `TruncatedError`."""
    if len(data) < offset + 40:
        raise TruncatedError(f"IPv6 header needs 40 bytes, {max(0, len(data) - offset)} are there")
    first = int.from_bytes(data[offset : offset + 4], "big")
    if first >> 28 != 6:
        raise TruncatedError(f"not IPv6: version {first >> 28}")
    payload_length = int.from_bytes(data[offset + 4 : offset + 6], "big")
    end = min(len(data), offset + 40 + payload_length)
    protocol: int | None = data[offset + 6]
    at = offset + 40
    extensions = []
    fragment_offset, more = 0, False
    while protocol in EXTENSION_HEADERS:
        if at + 8 > end:
            protocol = None
            break
        if protocol == FRAGMENT:
            length = 8
            word = int.from_bytes(data[at + 2 : at + 4], "big")
            fragment_offset, more = word & 0xFFF8, bool(word & 1)
        elif protocol == AUTHENTICATION:
            length = 4 * (data[at + 1] + 2)
        else:
            length = 8 * (data[at + 1] + 1)
        assert protocol is not None
        extensions.append(Extension(protocol, at, length))
        protocol = data[at]
        at += length
        if fragment_offset:
            # What follows is the middle of some header or payload: there is no upper-layer header to find.
            protocol = None
            break
        if at > end:
            protocol, at = None, end
            break
    return Ipv6View(
        data,
        offset,
        first >> 20 & 0xFF,
        first & 0xFFFFF,
        payload_length,
        data[offset + 6],
        data[offset + 7],
        data[offset + 8 : offset + 24],
        data[offset + 24 : offset + 40],
        tuple(extensions),
        protocol,
        at,
        fragment_offset,
        more,
    )


@dataclass(frozen=True)
class Ipv4View:
    """An IPv4 header with options."""

    data: bytes
    offset: int
    tos: int
    total_length: int
    identification: int
    dont_fragment: bool
    more_fragments: bool
    fragment_offset: int
    """Fragment offset in bytes."""
    ttl: int
    protocol: int
    src: bytes
    dst: bytes
    header_length: int

    version = 4

    @property
    def end(self) -> int:
        """Offset just after the packet: by its Total Length, but not beyond the bytes that are there."""
        return min(len(self.data), self.offset + max(self.total_length, self.header_length))

    @property
    def upper(self) -> int:
        return self.offset + self.header_length

    @property
    def upper_protocol(self) -> int | None:
        """The protocol, None in a fragment other than the first."""
        return None if self.fragment_offset else self.protocol

    @property
    def is_fragment(self) -> bool:
        return bool(self.fragment_offset or self.more_fragments)

    @property
    def options(self) -> bytes:
        return self.data[self.offset + 20 : self.offset + self.header_length]


def parse_ipv4(data: bytes, offset: int = 0) -> Ipv4View:
    """Read the IPv4 header at `offset`. Raises `TruncatedError`."""
    if len(data) < offset + 20:
        raise TruncatedError(f"IPv4 header needs 20 bytes, {max(0, len(data) - offset)} are there")
    if data[offset] >> 4 != 4:
        raise TruncatedError(f"not IPv4: version {data[offset] >> 4}")
    header_length = 4 * (data[offset] & 0x0F)
    if header_length < 20 or len(data) < offset + header_length:
        raise TruncatedError(f"IPv4 header of {header_length} bytes is impossible or cut short")
    fragment = int.from_bytes(data[offset + 6 : offset + 8], "big")
    return Ipv4View(
        data,
        offset,
        data[offset + 1],
        int.from_bytes(data[offset + 2 : offset + 4], "big"),
        int.from_bytes(data[offset + 4 : offset + 6], "big"),
        bool(fragment & 0x4000),
        bool(fragment & 0x2000),
        8 * (fragment & 0x1FFF),
        data[offset + 8],
        data[offset + 9],
        data[offset + 12 : offset + 16],
        data[offset + 16 : offset + 20],
        header_length,
    )


IpView = Ipv4View | Ipv6View


def parse_ip(data: bytes, offset: int = 0) -> IpView:
    """Read the IPv4 or IPv6 header at `offset`, by its version nibble. Raises `TruncatedError`."""
    if len(data) > offset and data[offset] >> 4 == 4:
        return parse_ipv4(data, offset)
    return parse_ipv6(data, offset)
