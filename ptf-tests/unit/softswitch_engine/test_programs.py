# SPDX-License-Identifier: Apache-2.0
"""The small programs, packet by packet, against expectations computed here."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import pytest

from softswitch.device import ActionSpec, Entry, Exact, GroupRef, MemberRef, Ternary

from .conftest import Bench

Load = Callable[[str], Bench]


# ---------------------------------------------------------------------------- arithmetic


def signed(value: int, width: int) -> int:
    """Two's complement reading."""
    value &= (1 << width) - 1
    return value - (1 << width) if value >> (width - 1) else value


def clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def arithmetic(op: int, a: int, b: int, s: int, t: int, nibbles: int, shift: int, wide: int) -> bytes:
    """What arithmetic.p4 computes, by the P4-16 specification."""
    high, low = nibbles >> 4, nibbles & 15
    words = [
        a + b,
        a - b,
        a * b,
        clamp(a + b, 0, 0xFFFF),
        clamp(a - b, 0, 0xFFFF),
        s + t,
        s - t,
        s * t,
        clamp(s + t, -0x8000, 0x7FFF),
        clamp(s - t, -0x8000, 0x7FFF),
        -s,
        a << shift,
        a >> shift,
        s << low,
        s >> low,
        ~a,
        (a & b) ^ (a | 0x0F0F),
    ]
    result = b"".join((w & 0xFFFF).to_bytes(2, "big") for w in words)
    result += (a << 8 | op).to_bytes(3, "big")
    result += ((b & 0xF00F) | (a & 0xFF) << 4).to_bytes(2, "big")
    result += a.to_bytes(4, "big") + (s & 0xFFFFFFFF).to_bytes(4, "big") + bytes([s & 0xFF])
    unsigned = [a == b, a != b, a < b, a <= b, a > b, a >= b]
    integer = [s == t, s < t, s >= t, s < t, s > 0 and (t < 0 or a == 0), not s < t and a != b]
    result += bytes([sum(x << i for i, x in enumerate(unsigned)), sum(x << i for i, x in enumerate(integer))])
    result += (a if high > low else b).to_bytes(2, "big")
    result += ((wide * 3 + a) & (1 << 64) - 1).to_bytes(8, "big")
    return result + bytes([(a > b) << 7 | high])


def test_arithmetic(bench: Load) -> None:
    device = bench("arithmetic")
    rng = random.Random(5)
    edges = [0, 1, 0x7FFF, 0x8000, 0xFFFF]
    for _ in range(400):
        a, b, s, t = (rng.choice([*edges, rng.getrandbits(16)]) for _ in range(4))
        op, nibbles, wide = rng.getrandbits(8), rng.getrandbits(8), rng.getrandbits(64)
        shift = rng.choice([0, 1, 15, 16, 255])
        head = struct.pack(">BHHHHBBQ", op, a, b, s, t, nibbles, shift, wide)
        expected = arithmetic(op, a, b, signed(s, 16), signed(t, 16), nibbles, shift, wide)
        assert device.run(head + b"tail") == [(1, head + expected + b"tail")]


# ---------------------------------------------------------------------------- parsing

NO_ERROR, TOO_SHORT, STACK, HEADER_TOO_SHORT, ODD, INVALID = range(6)


@pytest.mark.parametrize(
    ("frame", "report", "rest"),
    [
        # fields of the report: error, tags, peeked (2), first, bottom, union member
        ("00 1122", (NO_ERROR, 0, 0, 0, 0, 0), "00 1122"),
        ("", (TOO_SHORT, 0, 0, 0, 0, 0), ""),
        ("02 10 aabb 07 99", (NO_ERROR, 0, 0, 0, 0, 0), "02 10 aabb 08 99"),
        ("02 00 07", (NO_ERROR, 0, 0, 0, 0, 0), "02 00 07"),
        ("02 10 aabb", (TOO_SHORT, 0, 0, 0, 0, 0), "02 10 aabb"),
        ("02 07 aabb", (INVALID, 0, 0, 0, 0, 0), "02 07 aabb"),
        ("02 48 aabbccddeeff001122 33", (HEADER_TOO_SHORT, 0, 0, 0, 0, 0), "02 48 aabbccddeeff001122 33"),
        # the parser stops at the stack's end; what it extracted stays extracted
        ("12 02 04 06 08 0a 00", (NO_ERROR, 1, 0, 0, 0, 0), "12 04 06 08 0a 00"),
        # (tags[0] is extracted by its index first, so the first .next writes it again)
        ("13 02 04 06 08 0a 00", (STACK, 4, 0, 5, 0, 0), "13 04 06 08 0a 00"),
        ("03 05 77", (NO_ERROR, 0, 0, 0, 0, 1), "03 0a 010203"),
        ("03 0a 0000ff 55", (NO_ERROR, 0, 0, 0, 0, 2), "03 0a 000100 55"),
        ("03 0b 77", (NO_ERROR, 0, 0, 0, 0, 0), "03 0b 77"),
        ("04 10 ff 00 01 aa", (NO_ERROR, 0, 0, 0, 0, 0), "04 00 01 aa"),
        ("04 08 00 01 aa", (NO_ERROR, 0, 0, 0, 0, 0), "04 00 01 aa"),
        ("04 09 00 01 aa", (INVALID, 0, 0, 0, 0, 0), "04 09 00 01 aa"),
        ("05 12 34 56", (NO_ERROR, 0, 0x1234, 0x23, 0, 0), "05 12 34 56"),
        ("05 12", (TOO_SHORT, 0, 0, 0, 0, 0), "05 12"),
        ("06 03 01", (ODD, 0, 0, 0, 0, 0), "06 03 01"),
        ("06 04 01", (NO_ERROR, 1, 0, 0, 0, 0), "06 04 01"),
        ("11 05 00 01", (NO_ERROR, 1, 0, 0, 0, 0), "11 aa 05 00 01"),
        # two elements popped, an invalid one pushed
        ("17 05 02 04 07 00 01", (NO_ERROR, 3, 0, 3, 0, 0), "17 07 00 01"),
        ("1c 0a 08 01 02", (NO_ERROR, 1, 0, 0, 0, 0), "1c 0a 08 01 02"),
        ("1c 03 08 01 02", (NO_ERROR, 1, 0, 0, 0, 0), "1c 03 08 01 02"),
        # hdr.tags[index].value = 0x2a with an index taken from the packet
        ("01 00 03 00 99", (NO_ERROR, 2, 0, 1, 0, 0), "01 54 03 00 99"),
        ("01 02 03 00 99", (NO_ERROR, 2, 0, 1, 1, 0), "01 02 55 00 99"),
    ],
)
def test_parsing(bench: Load, frame: str, report: tuple[int, ...], rest: str) -> None:
    error, tags, peeked, first, bottom, which = report
    device = bench("parsing")
    expected = struct.pack(">BBHBBB", error, tags, peeked, first, bottom, which) + bytes.fromhex(rest)
    assert device.run(bytes.fromhex(frame)) == [(1, expected)]
    assert device.stats.runtime_errors == 0


# ---------------------------------------------------------------------------- unions and stacks


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        # s1[0] == s1[1]; s2 = s1, then s2[1].v = 0x77; x follows
        ("0305 0305 99", "03050305 03050377 ee01 99"),
        ("0305 0306 0307 0308", "030503060307 030503770307 0308"),
        # us[0].a.v + 1; us[1] valid: us[2] = us[0]; two invalid headers are equal
        ("0105 02aabb 99", "0106 02aabb 0106 ee01 99"),
        ("0105 0106 0107 0108", "0106 0106 0106 ee01 0108"),
        ("0105 99", "0106 ee01 99"),
    ],
)
def test_unions(bench: Load, frame: str, expected: str) -> None:
    assert bench("unions").run(bytes.fromhex(frame)) == [(1, bytes.fromhex(expected))]


# ---------------------------------------------------------------------------- kinds


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        # first, equal, number (5 bits), last: bool fields of a header; number chooses the port
        ("0e 99", (2, "0e 99")),
        ("10 99", (3, "10 99")),
        # first and last: two variable-length fields are compared, those that differ have their length changed
        ("81 01aa 01aa 99", (1, "c1 01aa 01aa 99")),
        ("81 01aa 01ab 99", (1, "81 02aa 01ab 99")),
        ("81 00 00 99", (1, "c1 00 00 99")),
        ("81 02aabb 01aa 99", (1, "81 03aabb 01aa 99")),
    ],
)
def test_bool_header_fields_and_equal_octets(bench: Load, frame: str, expected: tuple[int, str]) -> None:
    port, sent = expected
    assert bench("kinds").run(bytes.fromhex(frame)) == [(port, bytes.fromhex(sent))]


def test_bool_header_field_as_key(bench: Load) -> None:
    device = bench("kinds")
    device.tables["ingress.by_flags"].insert(Entry((Exact(0), Ternary(1, 1)), ActionSpec("ingress.turn"), 1))
    assert device.run(bytes.fromhex("0199")) == [(1, bytes.fromhex("8199"))]


# ---------------------------------------------------------------------------- tables


def key_packet(kind: int = 0, a: int = 0, b: int = 0, c: int = 0, d: int = 0, extra: str = "") -> bytes:
    return struct.pack(">BHIQB", kind, a, b, c, d) + bytes.fromhex(extra)


PREFIX = 0x20010DB800010000


@pytest.mark.parametrize(
    ("packet", "result"),
    [
        # exact lpm ternary range optional flow after
        (key_packet(1), "01 ff 77 ff ff 0a 01"),
        (key_packet(2), "02 ff 77 ff 03 ee 00"),
        (key_packet(1, extra="07"), "01 ff 77 ff ff 0a 01"),
        (key_packet(0x81, extra="07"), "03 ff 77 ff ff 01 03"),
        (key_packet(0x81, extra="02"), "ff ff 77 ff ff 04 04"),
        (key_packet(0x82, extra="00"), "00 ff 77 ff 03 01 02"),
        (key_packet(3, a=1, c=PREFIX | 1), "ff 03 04 01 ff 00 9a"),
        (key_packet(3, a=1, c=PREFIX | 2), "ff 02 04 01 ff 00 9a"),
        (key_packet(3, a=1, c=PREFIX | 1 << 20), "ff 01 04 01 ff 00 9a"),
        (key_packet(3, a=1, c=1), "ff ff 77 01 ff 00 9a"),
        (key_packet(3, a=2, c=1), "ff 05 ff 01 ff 00 9a"),
        (key_packet(3, a=2, b=0x0A000001, c=PREFIX), "ff 04 03 01 ff 00 9a"),
        (key_packet(3, a=2, b=0x0A000001, c=PREFIX, d=0xFF), "ff 04 02 01 ff 00 9a"),
        (key_packet(3, a=2, b=1, c=PREFIX, d=0), "ff 04 05 01 ff 00 9a"),
        (key_packet(3, a=2, b=1, c=PREFIX, d=1), "ff 04 ff 01 ff 00 9a"),
        (key_packet(3, a=1, b=7, c=PREFIX), "ff 02 04 01 ff 00 9a"),
        (key_packet(3, a=6, b=7), "ff ff 77 02 ff 00 9a"),
        (key_packet(3, a=6, b=6), "ff ff 77 ff ff 00 9a"),
        (key_packet(3, a=0x100, b=1), "ff ff 77 02 ff 00 9a"),
        (key_packet(3, a=0x101, b=1), "ff ff 77 ff ff 00 9a"),
        (key_packet(3, a=0xFFFF), "ff ff 77 03 ff 00 9a"),
        (key_packet(1, a=1), "01 ff 77 01 01 14 01"),
        (key_packet(0x11, a=2, b=9), "ff 05 05 01 02 00 9a"),
        (key_packet(0x22), "ff ff 77 ff 03 00 9a"),
        (key_packet(1, d=0xFB), "01 ff 77 ff ff 00 00"),  # return before the switch
    ],
)
def test_tables(bench: Load, packet: bytes, result: str) -> None:
    device = bench("tables")
    assert device.run(packet) == [(1, bytes.fromhex(result) + packet)]


def test_direct_counter_counts_hits_only(bench: Load) -> None:
    device = bench("tables")
    table = device.tables["ingress.exact_table"]
    device.run(key_packet(1))
    device.run(key_packet(1) + b"12345")
    device.run(key_packet(9))
    assert table.counter((Exact(1), Exact(0), Exact(0))) == (2, 16 + 21)
    assert sum(value.packets for _, value in table.counters()) == 2


# ---------------------------------------------------------------------------- replication


def op_packet(op: int, arg: int = 0, value: int = 0x0100, size: int = 10) -> bytes:
    return struct.pack(">BBH", op, arg, value) + bytes(range(size - 4))


def report(
    packet: bytes,
    instance: int = 0,
    in_port: int = 9,
    out_port: int = 2,
    rid: int = 0,
    length: int | None = None,
    kept: int | None = None,
    lost: int = 0x1111,
    passes: int = 0,
    parsed: int = 1,
    value_added: int = 1,
    arg: int | None = None,
) -> bytes:
    """The packet as it leaves, with the report in front; defaults are those of a plain packet."""
    op, old_arg, value = struct.unpack_from(">BBH", packet)
    head = struct.pack(
        ">BBBHHHHBB",
        instance,
        in_port,
        out_port,
        rid,
        len(packet) if length is None else length,
        value if kept is None else kept,
        lost,
        passes,
        parsed,
    )
    return head + struct.pack(">BBH", op, old_arg if arg is None else arg, value + value_added) + packet[4:]


@pytest.fixture
def replicator(bench: Load) -> Bench:
    device = bench("replication")
    device.pre.set_multicast_group(1, [(1, 7), (2, 7), (3, 9)])
    device.pre.set_clone_session(5, [(4, 11)])
    device.pre.set_clone_session(6, [(3, 1), (4, 2)], packet_length_bytes=20)
    return device


def test_plain_packet(replicator: Bench) -> None:
    packet = op_packet(0)
    assert replicator.run(packet, 9) == [(2, report(packet))]


def test_clone_of_the_received_packet_keeps_its_list_only(replicator: Bench) -> None:
    packet = op_packet(1)
    assert sorted(replicator.run(packet, 9)) == [
        (2, report(packet)),
        # the packet as received, metadata zero but for the field list, ingress_port included
        (4, report(packet, 1, 0, 4, 11, lost=0, parsed=0, value_added=0)),
    ]


def test_clone_without_list_to_two_ports_truncated(replicator: Bench) -> None:
    packet = op_packet(2, 6)
    assert sorted(replicator.run(packet, 9)) == [
        (2, report(packet)),
        (3, report(packet, 1, 0, 3, 1, kept=0, lost=0, parsed=0, value_added=0)[:20]),
        (4, report(packet, 1, 0, 4, 2, kept=0, lost=0, parsed=0, value_added=0)[:20]),
    ]


def test_clone_to_a_session_that_does_not_exist(replicator: Bench) -> None:
    packet = op_packet(2, 99)
    assert replicator.run(packet, 9) == [(2, report(packet))]


def test_resubmit_restarts_with_the_original_packet(replicator: Bench) -> None:
    packet = op_packet(3)
    # the counter of parser runs is not in the list; ingress_port is not either
    assert replicator.run(packet, 9) == [(2, report(packet, in_port=0, passes=2))]


def test_multicast(replicator: Bench) -> None:
    packet = op_packet(4, 1)
    assert replicator.run(packet, 9) == [
        (1, report(packet, 5, out_port=1, rid=7)),
        (2, report(packet, 5, out_port=2, rid=7)),
        (3, report(packet, 5, out_port=3, rid=9)),
    ]


def test_multicast_to_an_unknown_group_drops(replicator: Bench) -> None:
    assert replicator.run(op_packet(4, 9), 9) == []


def test_drop_and_revival(replicator: Bench) -> None:
    assert replicator.run(op_packet(5), 9) == []
    assert replicator.stats.dropped == 1
    packet = op_packet(6)
    assert replicator.run(packet, 9) == [(3, report(packet, out_port=3))]


def test_truncate(replicator: Bench) -> None:
    packet = op_packet(7, 16, size=40)
    assert replicator.run(packet, 9) == [(2, report(packet)[:16])]


def test_clone_of_a_dropped_packet(replicator: Bench) -> None:
    packet = op_packet(8)
    assert replicator.run(packet, 9) == [(4, report(packet, 1, 0, 4, 11, kept=0, lost=0, parsed=0, value_added=0))]


def test_clone_at_egress_has_the_headers_of_egress(replicator: Bench) -> None:
    packet = op_packet(9)
    # valid report header: 13 bytes more than at ingress
    clone = report(packet, 2, 0, 4, 11, length=len(packet) + 13, lost=0, parsed=0, arg=0xAA)
    assert sorted(replicator.run(packet, 9)) == [(2, report(packet, arg=0xAA)), (4, clone)]


def test_recirculation(replicator: Bench) -> None:
    packet = op_packet(10)
    # four passes through ingress, each adding 1; "kept" is the value before the last
    assert replicator.run(packet, 9) == [(2, report(packet, in_port=0, kept=0x0103, passes=3, value_added=4))]


def test_drop_at_egress(replicator: Bench) -> None:
    assert replicator.run(op_packet(11), 9) == []
    assert replicator.stats.dropped == 1


def test_clone_and_multicast_together(replicator: Bench) -> None:
    sent = replicator.run(op_packet(12), 9)
    assert sorted(port for port, _ in sent) == [1, 2, 3, 4]


def test_ports_of_the_device(bench: Load) -> None:
    device = bench("replication")
    device._ports = {1}
    assert device.run(op_packet(0), 1) == []
    assert device.stats.no_port == 1
    device.add_port(2)
    assert len(device.run(op_packet(0), 1)) == 1
    device.remove_port(2)
    assert device.run(op_packet(0), 1) == []


# ---------------------------------------------------------------------------- externs


def data_packet(
    op: int, x: int = 1, y: int = 2, z: int = 3, pq: int = 0x45, v: bytes = b"", good: bool = True
) -> bytes:
    """Sums header and data header."""
    data = struct.pack(">BBHIBB", op, x, y, z, pq, len(v)) + v
    return struct.pack(">HHB", internet_checksum(data) ^ (not good), 0, 0) + data


def internet_checksum(data: bytes) -> int:
    data += b"\0" * (len(data) & 1)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def outcome(device: Bench, packet: bytes) -> dict[str, int]:
    """The result and sums headers of what left."""
    ((port, frame),) = device.run(packet)
    assert port == 1
    names = "crc16 crc32 csum16 xor16 identity bounded register color member in_set random plain payload wrong"
    return dict(zip(names.split(), struct.unpack_from(">HIHHIHIBBBBHHB", frame), strict=True))


def test_hash_externs(bench: Load) -> None:
    import zlib

    result = outcome(bench("externs"), data_packet(1, 0x11, 0x2233, 0x44556677, 0x89, b"\xab\xcd"))
    assert result["crc32"] == zlib.crc32(bytes.fromhex("44556677abcd"))
    assert result["csum16"] == internet_checksum(bytes.fromhex("11223344556677"))
    assert result["xor16"] == 0x1122 ^ 0x3344 ^ 0x5566 ^ 0x7700
    assert result["identity"] == 0x223311
    # 16 + 4 bits, padded at the end
    assert result["bounded"] == 100 + zlib.crc32(bytes.fromhex("223390")) % 7


def test_checksums(bench: Load) -> None:
    device = bench("externs")
    assert outcome(device, data_packet(1))["wrong"] == 0
    assert outcome(device, data_packet(1, good=False))["wrong"] == 1
    assert outcome(device, data_packet(9, good=False))["wrong"] == 0
    assert outcome(device, data_packet(1, x=0xAB, y=0xCDEF))["plain"] == internet_checksum(bytes.fromhex("01abcdef54"))
    packet = data_packet(3, x=0xAB, v=b"\x01\x02") + b"payload"
    assert outcome(device, packet)["payload"] == internet_checksum(b"\xab\x01\x02payload")
    assert outcome(device, data_packet(1))["payload"] == 0


def test_registers_counters_and_out_of_range_accesses(bench: Load) -> None:
    device = bench("externs")
    assert [outcome(device, data_packet(1, x=2, z=5))["register"] for _ in range(3)] == [5, 10, 15]
    assert device.registers["ingress.cells"].read_all() == [0, 0, 15, 0]
    # index 6 of 4: the read leaves its target, the write and the count do nothing
    assert outcome(device, data_packet(10, x=2, z=5))["register"] == 5
    assert device.registers["ingress.cells"].read_all() == [0, 0, 15, 0]
    assert device.counters["ingress.hits"].read_all() == [(0, 0), (0, 0), (3, 3 * 15), (0, 0)]


def test_meters(bench: Load) -> None:
    device = bench("externs")
    assert outcome(device, data_packet(1, x=1))["color"] == 0
    device.meters["ingress.indirect_meter"].set_rates(1, [(1e-6, 1), (1e-6, 2)])
    assert [outcome(device, data_packet(1, x=1))["color"] for _ in range(4)] == [0, 1, 2, 2]
    # out of range: the colour is not written
    assert outcome(device, data_packet(10, x=1))["color"] == 0
    aged = device.tables["ingress.aged"]
    aged.insert(Entry((Exact(2),), ActionSpec("ingress.metered")))
    aged.set_meter((Exact(2),), [(1e-6, 1), (1e-6, 2)])
    assert [outcome(device, data_packet(1, x=2))["color"] for _ in range(3)] == [0x10, 0x11, 0x12]


def test_selector_picks_by_crc16_over_weights(bench: Load) -> None:
    from softswitch.engine.python.hashes import make_hash

    device = bench("externs")
    profile = device.profiles["ingress.selector_"]
    for i in (1, 2, 3):
        profile.add_member(i, ActionSpec("ingress.set_member", (i,)))
    profile.add_group(1)
    table = device.tables["ingress.selected"]
    table.insert(Entry((Exact(7),), GroupRef(1)))
    assert outcome(device, data_packet(7))["member"] == 0  # empty group
    profile.set_group_members(1, [(1, 1), (3, 3), (2, 2)])
    slots = [1, 3, 3, 3, 2, 2]
    crc16 = make_hash("crc16")
    for x in range(20):
        expected = slots[crc16(bytes([x, 0, 9])) % 6]
        assert outcome(device, data_packet(7, x=x, y=9))["member"] == expected
    profile.modify_member(1, ActionSpec("ingress.set_member", (9,)))
    table.modify(Entry((Exact(7),), MemberRef(1)))
    assert outcome(device, data_packet(7))["member"] == 9
    device.profiles["ingress.profile_"].add_member(4, ActionSpec("ingress.add_member", (0x20,)))
    device.tables["ingress.profiled"].insert(Entry((Exact(7),), MemberRef(4)))
    assert outcome(device, data_packet(7))["member"] == 0x29


def test_value_set_digest_random_and_assert(bench: Load) -> None:
    device = bench("externs")
    assert outcome(device, data_packet(1, x=50))["in_set"] == 0
    device.value_sets["parse.chosen"].set([50, 51])
    assert outcome(device, data_packet(1, x=50))["in_set"] == 1
    digests: list[tuple[str, list[tuple[int, ...]]]] = []
    device.on_digest(lambda name, values: digests.append((name, values)))
    device.run(data_packet(4, x=8, y=0x1234))
    assert digests == [("digest_t", [(8, 0x1234)])]
    drawn = {outcome(device, data_packet(5))["random"] for _ in range(300)}
    assert drawn == set(range(10, 21))
    assert len(device.run(data_packet(6, x=65))) == 1
    assert device.run(data_packet(6, x=66)) == []
    assert device.stats.assertion_failures == 1


def test_log_msg(bench: Load, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "softswitch.program"):
        bench("externs").run(data_packet(5, x=7, y=300))
    assert "x is 7 and y is 300" in caplog.text


def test_idle_timeout_of_a_hit_entry(bench: Load) -> None:
    device = bench("externs")
    table = device.tables["ingress.aged"]
    table.insert(Entry((Exact(2),), ActionSpec("ingress.metered"), idle_timeout_ns=1))
    table.insert(Entry((Exact(3),), ActionSpec("ingress.metered"), idle_timeout_ns=10**15))
    assert [(name, entry.key) for name, entry in device.expired_entries()] == [("ingress.aged", (Exact(2),))]
    before = table.time_since_last_hit_ns((Exact(3),))
    device.run(data_packet(1, x=3))
    assert table.time_since_last_hit_ns((Exact(3),)) < before + 10**6
