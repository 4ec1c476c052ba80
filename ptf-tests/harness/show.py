# SPDX-License-Identifier: Apache-2.0
"""Frames for people: a frame as layers and fields, and the difference of two frames."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

Line = tuple[str, str, str]  # layer, field, value

PROTOCOLS = {
    0: "hop-by-hop",
    1: "icmp",
    4: "ipv4",
    6: "tcp",
    17: "udp",
    41: "ipv6",
    43: "routing",
    44: "fragment",
    51: "ah",
    58: "icmpv6",
    59: "none",
    60: "dest-options",
    143: "ethernet",
}


def fields(frame: bytes) -> list[Line]:
    """The fields of an Ethernet frame, outermost first. What cannot be read is one line of hexadecimal
    digits.
    """
    seen: dict[tuple[str, str], int] = {}
    lines = []
    for layer, field, value in _ethernet(bytes(frame), ""):
        count = seen[layer, field] = seen.get((layer, field), 0) + 1
        lines.append((layer, field if count == 1 else f"{field} #{count}", value))
    return lines


def _rest(data: bytes, prefix: str, name: str = "data") -> Iterator[Line]:
    if data:
        shown = data.hex() if len(data) <= 48 else f"{data[:48].hex()}..."
        yield prefix + name, f"{len(data)} bytes", shown


def _ethernet(data: bytes, prefix: str) -> Iterator[Line]:
    if len(data) < 14:
        yield from _rest(data, prefix, "truncated ethernet")
        return
    layer = prefix + "ethernet"
    yield layer, "dst", data[:6].hex(":")
    yield layer, "src", data[6:12].hex(":")
    kind, at = struct.unpack_from("!H", data, 12)[0], 14
    while kind in (0x8100, 0x88A8) and len(data) >= at + 4:
        tci, following = struct.unpack_from("!HH", data, at)
        yield prefix + "vlan", f"tag {kind:#06x}", f"vid {tci & 0xFFF} pcp {tci >> 13} dei {tci >> 12 & 1}"
        kind, at = following, at + 4
    yield layer, "type", f"{kind:#06x}"
    payload = {0x86DD: 41, 0x0800: 4}.get(kind)
    yield from _protocol(payload, data[at:], prefix) if payload else _rest(data[at:], prefix)


def _protocol(number: int | None, data: bytes, prefix: str) -> Iterator[Line]:
    readers = {
        4: _ipv4,
        6: _ports("tcp"),
        17: _ports("udp"),
        41: _ipv6,
        43: _routing,
        44: _fragment,
        58: _icmpv6,
        1: _icmp,
        0: _options("hop-by-hop"),
        60: _options("dest-options"),
        143: _inner_ethernet,
    }
    reader = readers.get(number if number is not None else -1)
    yield from reader(data, prefix) if reader else _rest(data, prefix)


def _inner_ethernet(data: bytes, prefix: str) -> Iterator[Line]:
    yield from _ethernet(data, prefix + "inner ")


def _named(number: int) -> str:
    return f"{number} ({PROTOCOLS[number]})" if number in PROTOCOLS else str(number)


def _ipv6(data: bytes, prefix: str) -> Iterator[Line]:
    if len(data) < 40:
        yield from _rest(data, prefix, "truncated ipv6")
        return
    word, length, following, limit = struct.unpack_from("!IHBB", data)
    layer = prefix + "ipv6"
    yield layer, "version", str(word >> 28)
    yield layer, "traffic class", f"{word >> 20 & 0xFF:#04x}"
    yield layer, "flow label", f"{word & 0xFFFFF:#07x}"
    yield layer, "payload length", str(length)
    yield layer, "next header", _named(following)
    yield layer, "hop limit", str(limit)
    yield layer, "src", str(IPv6Address(data[8:24]))
    yield layer, "dst", str(IPv6Address(data[24:40]))
    deeper = prefix + "inner " if following in (4, 41) else prefix
    yield from _protocol(following, data[40:], deeper)


def _ipv4(data: bytes, prefix: str) -> Iterator[Line]:
    if len(data) < 20:
        yield from _rest(data, prefix, "truncated ipv4")
        return
    first, tos, total, ident, flags, ttl, proto, csum = struct.unpack_from("!BBHHHBBH", data)
    layer = prefix + "ipv4"
    yield layer, "version, ihl", f"{first >> 4}, {first & 15}"
    yield layer, "tos", f"{tos:#04x}"
    yield layer, "total length", str(total)
    yield layer, "id", f"{ident:#06x}"
    yield layer, "flags, offset", f"{flags >> 13:#x}, {flags & 0x1FFF}"
    yield layer, "ttl", str(ttl)
    yield layer, "protocol", _named(proto)
    yield layer, "checksum", f"{csum:#06x}"
    yield layer, "src", str(IPv4Address(data[12:16]))
    yield layer, "dst", str(IPv4Address(data[16:20]))
    size = max((first & 15) * 4, 20)
    if size > 20:
        yield layer, "options", data[20:size].hex()
    deeper = prefix + "inner " if proto in (4, 41) else prefix
    yield from _protocol(proto, data[size:], deeper)


def _routing(data: bytes, prefix: str) -> Iterator[Line]:
    if len(data) < 8:
        yield from _rest(data, prefix, "truncated routing")
        return
    following, length, kind, left, last, flags, tag = struct.unpack_from("!BBBBBBH", data)
    layer = prefix + ("srh" if kind == 4 else "routing")
    yield layer, "next header", _named(following)
    yield layer, "hdr ext len", str(length)
    yield layer, "routing type", str(kind)
    yield layer, "segments left", str(left)
    yield layer, "last entry", str(last)
    yield layer, "flags", f"{flags:#04x}"
    yield layer, "tag", f"{tag:#06x}"
    size = 8 * (length + 1)
    body = data[8:size]
    count = min(last + 1, len(body) // 16) if kind == 4 else 0
    for index in range(count):
        here = " <- active" if index == left else ""
        yield layer, f"segment list[{index}]", f"{IPv6Address(body[16 * index : 16 * index + 16])}{here}"
    yield from _rest(body[16 * count :], prefix, "srh tlvs")
    deeper = prefix + "inner " if following in (4, 41) else prefix
    yield from _protocol(following, data[size:], deeper)


def _options(name: str):  # type: ignore[no-untyped-def]
    def reader(data: bytes, prefix: str) -> Iterator[Line]:
        if len(data) < 8:
            yield from _rest(data, prefix, f"truncated {name}")
            return
        yield prefix + name, "next header", _named(data[0])
        size = 8 * (data[1] + 1)
        yield prefix + name, "options", data[2:size].hex()
        yield from _protocol(data[0], data[size:], prefix + "inner " if data[0] in (4, 41) else prefix)

    return reader


def _fragment(data: bytes, prefix: str) -> Iterator[Line]:
    if len(data) < 8:
        yield from _rest(data, prefix, "truncated fragment")
        return
    following, _, word, ident = struct.unpack_from("!BBHI", data)
    yield prefix + "fragment", "next header", _named(following)
    yield prefix + "fragment", "offset, more", f"{(word >> 3) * 8}, {word & 1}"
    yield prefix + "fragment", "id", f"{ident:#x}"
    yield from _rest(data[8:], prefix) if word >> 3 else _protocol(following, data[8:], prefix)


def _ports(name: str):  # type: ignore[no-untyped-def]
    def reader(data: bytes, prefix: str) -> Iterator[Line]:
        if len(data) < 8:
            yield from _rest(data, prefix, f"truncated {name}")
            return
        yield prefix + name, "ports", "{} -> {}".format(*struct.unpack_from("!HH", data))
        yield prefix + name, "header", data[4:8].hex()
        yield from _rest(data[8:], prefix)

    return reader


def _icmpv6(data: bytes, prefix: str) -> Iterator[Line]:
    if len(data) < 8:
        yield from _rest(data, prefix, "truncated icmpv6")
        return
    kind, code, csum, word = struct.unpack_from("!BBHI", data)
    layer = prefix + "icmpv6"
    yield layer, "type, code", f"{kind}, {code}"
    yield layer, "checksum", f"{csum:#06x}"
    yield layer, {2: "mtu", 4: "pointer"}.get(kind, "header data"), str(word)
    yield from _ipv6(data[8:], prefix + "quoted ") if kind < 128 else _rest(data[8:], prefix)


def _icmp(data: bytes, prefix: str) -> Iterator[Line]:
    if len(data) < 8:
        yield from _rest(data, prefix, "truncated icmp")
        return
    kind, code, csum, word = struct.unpack_from("!BBHI", data)
    yield prefix + "icmp", "type, code", f"{kind}, {code}"
    yield prefix + "icmp", "checksum", f"{csum:#06x}"
    yield prefix + "icmp", "header data", f"{word:#010x}"
    yield from _ipv4(data[8:], prefix + "quoted ") if kind in (3, 11, 12) else _rest(data[8:], prefix)


def text(frame: bytes, indent: str = "  ") -> str:
    """A frame, one field a line."""
    return "\n".join(f"{indent}{layer}.{field}: {value}" for layer, field, value in fields(frame))


def summary(frame: bytes) -> str:
    """A frame in one line, in the notation of RFC 8754 section 6.1 where it carries SRv6."""
    parts = []
    layers = fields(frame)
    for index, (layer, field, value) in enumerate(layers):
        name = layer.rsplit(" ", 1)[-1]
        if field == "src" and name in ("ipv6", "ipv4"):
            parts.append(f"({value}, {layers[index + 1][2]})")
        elif name == "srh" and field == "segments left":
            entries = [
                v.removesuffix(" <- active") for n, f, v in layers if n == layer and f.startswith("segment list")
            ]
            parts.append(f"({', '.join(entries)}; SL={value})")
        elif field in ("ports", "type, code"):
            parts.append(f"{layer} {value}")
    return f"{len(frame)} bytes " + (" ".join(parts) or bytes(frame[:32]).hex())


def difference(expected: bytes, received: bytes) -> str:
    """What differs between two frames, field by field, and the first bytes that differ."""
    want, got = fields(expected), fields(received)
    lines = []
    width = max((len(f"{layer}.{field}") for layer, field, _ in want + got), default=0)
    values = [{(layer, field): value for layer, field, value in side} for side in (want, got)]
    for key in dict.fromkeys([line[:2] for line in want] + [line[:2] for line in got]):
        one, other = values[0].get(key, "-"), values[1].get(key, "-")
        name = f"{key[0]}.{key[1]}".ljust(width)
        lines.append(f"    {name}  {one}" if one == other else f"  ! {name}  expected {one}, received {other}")
    first = next((i for i, (a, b) in enumerate(zip(expected, received, strict=False)) if a != b), None)
    if first is None and len(expected) != len(received):
        first = min(len(expected), len(received))
    if first is not None:
        lines.append(f"  first different byte: {first}; lengths: expected {len(expected)}, received {len(received)}")
        lines.append(f"    expected ..{bytes(expected[first : first + 24]).hex(' ')}")
        lines.append(f"    received ..{bytes(received[first : first + 24]).hex(' ')}")
    return "\n".join(lines)
