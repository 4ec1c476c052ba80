# SPDX-License-Identifier: Apache-2.0
"""Pcap files: byte orders, units of time, and what is refused."""

from __future__ import annotations

import os
import resource
import struct
from pathlib import Path

import pytest

from p4rtlib.pcap import PcapError, PcapWriter, read_pcap


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "unit"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_orders_and_units(tmp_path: Path, order: str, magic: int, unit: int) -> None:
    path = tmp_path / "x.pcap"
    header = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    path.write_bytes(header + 2 * (struct.pack(order + "IIII", 1, 2, 3, 3) + b"abc"))
    assert list(read_pcap(path)) == 2 * [(1_000_000_000 + 2 * unit, b"abc")]


def test_written_is_read(tmp_path: Path) -> None:
    with PcapWriter(tmp_path / "x.pcap") as writer:
        writer.write(b"abc", 5)
    writer.write(b"late")  # closed: ignored
    assert list(read_pcap(tmp_path / "x.pcap")) == [(5, b"abc")]
    assert (tmp_path / "x.pcap").read_bytes()[:4] == bytes.fromhex("4d3cb2a1")  # nanoseconds


@pytest.mark.parametrize("limit", [24, 25, 40, 60, 100])
def test_a_disk_that_is_full_holds_whole_records(tmp_path: Path, limit: int) -> None:
    """24 bytes in front, 36 a record: what does not fit as a whole is not there, and the writer says it."""
    with PcapWriter(tmp_path / "x.pcap") as writer:
        written = 0
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            with pytest.raises(OSError):
                for number in range(4):
                    writer.write(bytes([number]) * 20)
                    written += 1
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (
        [frame[0] for _, frame in read_pcap(tmp_path / "x.pcap")]
        == list(range((limit - 24) // 36))
        == list(range(written))
    )


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "too short"),
        (b"\x0a\x0d\x0d\x0a" + bytes(40), "not a pcap file; it is pcapng: convert it with `editcap"),
        (bytes(40), "not a pcap file$"),
        (struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 9, 113), "link type 113"),
        (struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 9, 1) + b"1234", "cut in a record header"),
        (
            struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 9, 1) + struct.pack("<IIII", 0, 0, 9, 9),
            "cut in the frame",
        ),
        (
            struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 9, 1) + struct.pack("<IIII", 0, 0, 1, 9),
            "not captured",
        ),
    ],
)
def test_bad_pcap(tmp_path: Path, data: bytes, named: str) -> None:
    path = tmp_path / "bad.pcap"
    path.write_bytes(data)
    with pytest.raises(PcapError, match=named) as error:
        list(read_pcap(path))
    assert str(path) in str(error.value)


HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pcap")
    with pytest.raises(PcapError, match="not a regular file"):
        list(read_pcap(tmp_path / "pipe.pcap"))


def test_a_file_larger_than_memory_is_read_record_by_record(tmp_path: Path) -> None:
    path = tmp_path / "sparse.pcap"
    with path.open("wb") as file:
        file.write(HEADER + struct.pack("<IIII", 0, 7, 3, 3) + b"abc")
        file.truncate(6 << 30)
    assert next(read_pcap(path)) == (7, b"abc")
    with path.open("r+b") as file:
        file.write(HEADER + struct.pack("<IIII", 0, 7, 1 << 31, 1 << 31))
    with pytest.raises(PcapError, match="of 2147483648 octets; at most 262144"):
        next(read_pcap(path))
