# SPDX-License-Identifier: Apache-2.0
"""Hash algorithms against published check values."""

from __future__ import annotations

import random

import pytest

from softswitch.engine.python.hashes import csum16, csum16_int, make_hash

CHECK = b"123456789"


@pytest.mark.parametrize(
    ("algorithm", "data", "expected"),
    [
        ("crc16", CHECK, 0xBB3D),  # CRC-16/ARC
        ("crc16_custom", CHECK, 0xBB3D),
        ("crcCCITT", CHECK, 0x29B1),  # CRC-16/CCITT-FALSE
        ("crc32", CHECK, 0xCBF43926),
        ("crc32_custom", CHECK, 0xCBF43926),
        ("crc8_custom", CHECK, 0xF4),  # CRC-8/SMBUS
        ("crc64_custom", CHECK, 0x46A5A9388A5BEFFE),  # polynomial of ISO 3309, initial value 0
        ("xxh64", b"", 0xEF46DB3751D8E999),
        ("xxh64", b"abc", 0x44BC2CF5AD770999),
        ("bmv2_hash", b"abc", 0x44BC2CF5AD770999),
        ("identity", b"\x01\x02\x03", 0x010203),
        ("identity", bytes(range(1, 12)), 0x0102030405060708),
        ("xor16", b"\x12\x34\x56\x78\x9a", 0x1234 ^ 0x5678 ^ 0x9A00),
        ("xor32", b"\x01\x02\x03\x04\x05", 0x01020304 ^ 0x05000000),
        # RFC 1071 section 3: the words 0001 f203 f4f5 f6f7 sum to ddf2
        ("csum16", bytes.fromhex("0001f203f4f5f6f7"), 0xDDF2 ^ 0xFFFF),
        ("csum16", b"", 0xFFFF),
        ("toeplitz", CHECK, 0),
    ],
)
def test_check_values(algorithm: str, data: bytes, expected: int) -> None:
    assert make_hash(algorithm)(data) == expected


def test_internet_checksum_against_folding() -> None:
    rng = random.Random(1)
    for _ in range(500):
        data = rng.choice([rng.randbytes(rng.randrange(60)), b"\xff" * rng.randrange(20), bytes(8)])
        padded = data + b"\0" * (len(data) & 1)
        total = sum(int.from_bytes(padded[i : i + 2], "big") for i in range(0, len(padded), 2))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        assert csum16(data) == total ^ 0xFFFF == csum16_int(int.from_bytes(padded, "big"))


def test_round_robin_keeps_a_state_of_its_own() -> None:
    first, second = make_hash("round_robin"), make_hash("round_robin")
    assert [first(b"x"), first(b"x"), second(b"x")] == [0, 1, 0]
    consistent = make_hash("round_robin_consistent")
    assert [consistent(b"x"), consistent(b"y"), consistent(b"x")] == [0, 1, 0]
