# SPDX-License-Identifier: Apache-2.0
"""Hash and checksum algorithms with the results of BMv2.

Each function takes the input as bytes and answers an unsigned integer of the algorithm's width.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Callable

_M64 = (1 << 64) - 1


def _reflect(value: int, bits: int) -> int:
    return int(format(value, f"0{bits}b")[::-1], 2)


def _crc(width: int, polynomial: int, initial: int, final: int, reflected: bool) -> Callable[[bytes], int]:
    """A table-driven CRC; ``reflected`` means input and result bits are reversed."""
    mask = (1 << width) - 1
    table = []
    for byte in range(256):
        if reflected:
            value = byte
            reverse = _reflect(polynomial, width)
            for _ in range(8):
                value = (value >> 1) ^ (reverse if value & 1 else 0)
        else:
            value = byte << (width - 8)
            for _ in range(8):
                value = ((value << 1) ^ (polynomial if value >> (width - 1) else 0)) & mask
        table.append(value)
    start = _reflect(initial, width) if reflected else initial

    def reflected_crc(data: bytes) -> int:
        value = start
        for byte in data:
            value = (value >> 8) ^ table[(value ^ byte) & 0xFF]
        return value ^ final

    def plain_crc(data: bytes) -> int:
        value = start
        for byte in data:
            value = ((value << 8) & mask) ^ table[((value >> (width - 8)) ^ byte) & 0xFF]
        return value ^ final

    return reflected_crc if reflected else plain_crc


def crc_ccitt(data: bytes) -> int:
    """CRC-16/CCITT-FALSE."""
    return binascii.crc_hqx(data, 0xFFFF)


def csum16(data: bytes) -> int:
    """Internet checksum (RFC 1071); an odd last byte is padded with zero."""
    if len(data) & 1:
        data += b"\0"
    return csum16_int(int.from_bytes(data, "big"))


def csum16_int(value: int) -> int:
    """Internet checksum of an integer whose width is a multiple of 16 bits.

    The one's complement sum of 16-bit words is the value modulo 65535, where a sum that is not zero is
    written 65535 rather than 0.
    """
    total = value % 0xFFFF
    if not total and value:
        total = 0xFFFF
    return total ^ 0xFFFF


def identity(data: bytes) -> int:
    """The first 8 bytes."""
    return int.from_bytes(data[:8], "big")


def _xor(size: int) -> Callable[[bytes], int]:
    def xor(data: bytes) -> int:
        result = 0
        for i in range(0, len(data), size):
            result ^= int.from_bytes(data[i : i + size].ljust(size, b"\0"), "big")
        return result

    return xor


_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5,
)  # fmt: skip


def _rotl(value: int, count: int) -> int:
    return ((value << count) | (value >> (64 - count))) & _M64


def _round(acc: int, lane: int) -> int:
    return (_rotl((acc + lane * _P2) & _M64, 31) * _P1) & _M64


def xxh64(data: bytes) -> int:
    """XXH64 with seed 0."""
    length = len(data)
    position = 0
    if length >= 32:
        accs = [(_P1 + _P2) & _M64, _P2, 0, (-_P1) & _M64]
        while position <= length - 32:
            for i in range(4):
                lane = int.from_bytes(data[position + 8 * i : position + 8 * i + 8], "little")
                accs[i] = _round(accs[i], lane)
            position += 32
        value = (_rotl(accs[0], 1) + _rotl(accs[1], 7) + _rotl(accs[2], 12) + _rotl(accs[3], 18)) & _M64
        for acc in accs:
            value = ((value ^ _round(0, acc)) * _P1 + _P4) & _M64
    else:
        value = _P5
    value = (value + length) & _M64
    while position + 8 <= length:
        value ^= _round(0, int.from_bytes(data[position : position + 8], "little"))
        value = (_rotl(value, 27) * _P1 + _P4) & _M64
        position += 8
    if position + 4 <= length:
        value ^= (int.from_bytes(data[position : position + 4], "little") * _P1) & _M64
        value = (_rotl(value, 23) * _P2 + _P3) & _M64
        position += 4
    for byte in data[position:]:
        value ^= (byte * _P5) & _M64
        value = (_rotl(value, 11) * _P1) & _M64
    value ^= value >> 33
    value = (value * _P2) & _M64
    value ^= value >> 29
    value = (value * _P3) & _M64
    return value ^ (value >> 32)


def hash_ex(data: bytes) -> int:
    """BMv2's ``hash_ex``: FNV with a final mix; bytes from 128 up count as negative, as chars do there."""
    mask = 0xFFFFFFFF
    value = 2166136261
    for byte in data:
        signed = byte - 256 if byte > 127 else byte
        value = ((value ^ (signed & mask)) * 16777619) & mask
    value = (value + (value << 13)) & mask
    value ^= value >> 7
    value = (value + (value << 3)) & mask
    value ^= value >> 17
    return (value + (value << 5)) & mask


def toeplitz(data: bytes) -> int:
    """Toeplitz hash with BMv2's initial key, four zero bytes: always 0."""
    return 0


class RoundRobin:
    """0, 1, 2 ... at each call."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self, data: bytes) -> int:
        value = self._next
        self._next += 1
        return value


class RoundRobinConsistent:
    """A new number for each new input, the same for an input seen before; forgets all beyond 2^16 inputs."""

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}
        self._next = 0

    def __call__(self, data: bytes) -> int:
        value = self._seen.get(data)
        if value is None:
            if len(self._seen) >= 1 << 16:
                self._seen.clear()
            value = self._seen[data] = self._next
            self._next += 1
        return value


_FUNCTIONS: dict[str, Callable[[bytes], int]] = {
    "crc8_custom": _crc(8, 0x07, 0, 0, False),
    "crc16": _crc(16, 0x8005, 0, 0, True),
    "crc16_custom": _crc(16, 0x8005, 0, 0, True),
    "crc32": zlib.crc32,
    "crc32_custom": zlib.crc32,
    "crc64_custom": _crc(64, 0x1B, 0, 0, True),
    "crcCCITT": crc_ccitt,
    "csum16": csum16,
    "cksum16": csum16,
    "identity": identity,
    "xor16": _xor(2),
    "xor32": _xor(4),
    "xxh64": xxh64,
    "bmv2_hash": xxh64,
    "hash_ex": hash_ex,
    "toeplitz": toeplitz,
}


def make_hash(algorithm: str) -> Callable[[bytes], int]:
    """The function for ``algorithm``; those that keep state get a state of their own."""
    if algorithm == "round_robin":
        return RoundRobin()
    if algorithm == "round_robin_consistent":
        return RoundRobinConsistent()
    return _FUNCTIONS[algorithm]
