# SPDX-License-Identifier: Apache-2.0
"""Packets for ``srv6 trace``: hexadecimal, a pcap file, or one line in the notation of RFC 8754 6.1.

    (2001:db8::1, fcbb:bb00:1:e000::)(fcbb:bb00:4::, fcbb:bb00:1:e000::; SL=1)(a::1, b::1) UDP 1000>53

Each pair of addresses is an IP header, each list with ``SL=`` an SRH as on the wire (Segment List[0], the
last segment, first). Behind them ``UDP a>b`` (the default is ``UDP 1>2``), ``TCP a>b``, ``ping`` or ``none``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from p4rtlib.pcap import PcapError, read_pcap
from srv6cp import values
from srv6cp.cli.exitcodes import CHECK_FAILED, CliError, UsageError
from srv6cp.packets import raw
from srv6cp.values import decimal

# Also of frames shorter than an Ethernet header, which a switch drops with a reason; what is shorter still is a word.
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[\s:]?){6,}")
_GROUP = re.compile(r"\s*\(([^()]*)\)")
_LIST = re.compile(r"(?P<segments>.*);\s*SL\s*=\s*(?P<left>[0-9]+)", re.IGNORECASE)
_PORTS = re.compile(r"(UDP|TCP)\s+([0-9]+)\s*>\s*([0-9]+)", re.IGNORECASE)
_PAYLOAD = b"srv6 trace packet"
_HOP_LIMIT = 64
# Of an SRH: Segments Left is one octet, Hdr Ext Len counts 8 octets in one (RFC 8754 2).
_MOST_SEGMENTS_LEFT, _MOST_SEGMENTS = 255, 127
_LONGEST_HEADER = 8 + 16 * _MOST_SEGMENTS
_LONGEST_PACKET = 65535
# Whose traces are still read by somebody.
_MOST_FRAMES = 1000
_SOURCE_MAC = bytes.fromhex("020000ff0001")


def frames(text: str, mac: str | None, vlan: int = 0) -> Iterator[bytes]:
    """The frames that ``text`` stands for; ``mac`` is the destination of packets given in notation.

    Raises:
        UsageError: the text is none of the three.
        CliError: a file that is no pcap file of whole Ethernet frames.
    """
    if text.lstrip().startswith("("):
        if mac is None:
            raise UsageError("the MAC of the port is not known: give --mac, or -c NODE.YAML with the port in it")
        yield frame(text, mac, vlan)
    elif _is_file(text):
        try:
            for count, (_, data) in enumerate(read_pcap(Path(text)), 1):
                if count > _MOST_FRAMES:
                    raise CliError(f"{text}: more than {_MOST_FRAMES} packets; trace a part of it", CHECK_FAILED)
                yield data
        except PcapError as error:
            raise CliError(str(error), CHECK_FAILED) from None
    elif _HEX.fullmatch(text):
        yield bytes.fromhex(re.sub(r"[\s:]", "", text))
    else:
        raise UsageError(f"{values.show(text)} is neither a file, nor a frame in hexadecimal, nor (SA,DA)... notation")


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for the name of one, or with a NUL in it
        return False


def frame(text: str, mac: str, vlan: int = 0) -> bytes:
    """The Ethernet frame of a packet in notation."""
    packet = build(text)
    ethertype = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
    tag = b"\x81\x00" + struct.pack("!H", vlan) if vlan else b""
    return bytes.fromhex(mac.replace(":", "")) + _SOURCE_MAC + tag + ethertype + packet


def build(text: str) -> bytes:
    """The IP packet of a notation."""
    groups = []
    position = 0
    while match := _GROUP.match(text, position):
        groups.append(match[1])
        position = match.end()
    headers = [_srh(group) if ";" in group else _pair(group) for group in groups]
    if not headers or not isinstance(headers[0][0], (IPv4Address, IPv6Address)) or ";" in groups[0]:
        raise UsageError("a packet starts with (SOURCE,DESTINATION)")
    protocol, data = _upper(text[position:].strip(), headers)
    for index in range(len(headers) - 1, -1, -1):
        header = headers[index]
        if len(data) > _LONGEST_PACKET - _LONGEST_HEADER:
            raise UsageError(f"a packet holds at most {_LONGEST_PACKET} octets")
        if len(header) == 3:
            protocol, data = raw.ROUTING, _srh_bytes(header, protocol) + data
        else:
            data = _ip_header(header, protocol, len(data)) + data
            protocol = raw.IPV6 if header[0].version == 6 else raw.IPV4
    return data


# A pair of addresses, or the segments of an SRH with Segments Left and a mark that it is one.
_Pair = tuple["IPv4Address | IPv6Address", "IPv4Address | IPv6Address"]
_Srh = tuple["list[IPv6Address]", int, None]


def _pair(group: str) -> _Pair:
    words = [word.strip() for word in group.split(",")]
    try:
        source, destination = (ip_address(word) for word in words)
    except ValueError:
        raise UsageError(f"({_short(group)}) is not (SOURCE,DESTINATION)") from None
    if source.version != destination.version:
        raise UsageError(f"({_short(group)}): the addresses are of different families")
    return source, destination


def _srh(group: str) -> _Srh:
    match = _LIST.fullmatch(group.strip())
    try:
        if match is None:
            raise ValueError
        segments = [IPv6Address(word.strip()) for word in match["segments"].split(",")]
    except ValueError:
        raise UsageError(f"({_short(group)}) is not (Sn,...,S1; SL=k)") from None
    left = decimal(match["left"])
    if left is None or left > _MOST_SEGMENTS_LEFT:
        raise UsageError(f"({_short(group)}): SL is one octet, 0 to {_MOST_SEGMENTS_LEFT}")
    if len(segments) > _MOST_SEGMENTS:
        raise UsageError(f"an SRH holds at most {_MOST_SEGMENTS} segments, this one has {len(segments)}")
    return segments, left, None


def _short(group: str) -> str:
    return values.show(group)[1:-1]


def _upper(text: str, headers: list[_Pair] | list[_Srh] | list[_Pair | _Srh]) -> tuple[int, bytes]:
    """Protocol number and bytes behind the last header, with a right checksum."""
    last = max(index for index, header in enumerate(headers) if len(header) == 2)
    pair = headers[last]
    assert len(pair) == 2
    source, destination = pair
    for header in headers[last + 1 :]:
        # The checksum is over the final destination (RFC 8200 8.1).
        if len(header) == 3 and header[1]:
            destination = header[0][0]
    word = text.lower()
    ports = _PORTS.fullmatch(text)
    if ports or not text:
        kind, first, second = (ports[1].upper(), decimal(ports[2]), decimal(ports[3])) if ports else ("UDP", 1, 2)
        if first is None or second is None or first > 65535 or second > 65535:
            raise UsageError(f"{values.show(text)}: a port is at most 65535")
        if kind == "UDP":
            protocol, place = raw.UDP, 6
            data = struct.pack("!HHHH", first, second, 8 + len(_PAYLOAD), 0) + _PAYLOAD
        else:
            protocol, place = raw.TCP, 16
            data = struct.pack("!HHIIBBHHH", first, second, 0, 0, 5 << 4, 2, 8192, 0, 0) + _PAYLOAD
    elif word in ("ping", "echo", "icmp", "icmpv6"):
        protocol, place = (raw.ICMPV6 if source.version == 6 else raw.ICMP), 2
        data = struct.pack("!BBHHH", 128 if source.version == 6 else 8, 0, 0, 1, 1) + _PAYLOAD
    elif word == "none":
        return raw.NO_NEXT_HEADER, b""
    else:
        raise UsageError(f"{values.show(text)} is not understood; valid: UDP a>b, TCP a>b, ping, none")
    if source.version == 6:
        value = raw.ipv6_checksum(source.packed, destination.packed, protocol, data)
    elif protocol == raw.ICMP:
        value = raw.checksum(data)
    else:
        value = raw.ipv4_checksum(source.packed, destination.packed, protocol, data)
    return protocol, data[:place] + struct.pack("!H", value or 0xFFFF) + data[place + 2 :]


def _srh_bytes(header: _Srh, next_header: int) -> bytes:
    segments, left, _ = header
    fixed = struct.pack("!BBBBBBH", next_header, 2 * len(segments), raw.SEGMENT_ROUTING, left, len(segments) - 1, 0, 0)
    return fixed + b"".join(segment.packed for segment in segments)


def _ip_header(pair: _Pair, protocol: int, length: int) -> bytes:
    source, destination = pair
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, length, protocol, _HOP_LIMIT) + source.packed + destination.packed
    start = struct.pack("!BBHHHBB", 0x45, 0, 20 + length, 0, 0, _HOP_LIMIT, protocol)
    addresses = source.packed + destination.packed
    return start + struct.pack("!H", raw.checksum(start + b"\0\0" + addresses)) + addresses
