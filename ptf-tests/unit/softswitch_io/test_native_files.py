# SPDX-License-Identifier: Apache-2.0
"""Pcap files as native ports: what they write is what the ports in Python write, and bad files are refused alike."""

from __future__ import annotations

import random
import resource
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from p4rtlib.pcap import PcapError, read_pcap
from softswitch.device import Device
from softswitch.io.files import FilePorts
from softswitch.io.native.files import NativeFilePorts
from softswitch.io.switchboard import PortStats, Switchboard

from .rig import CPU, op, program

PORTS = [(1, "a"), (2, "b"), (3, "c")]
NANO, MICRO = 0xA1B23C4D, 0xA1B2C3D4
Record = tuple[int, bytes]


def pcap(path: Path, records: list[Record], order: str = "<", magic: int = NANO) -> None:
    """A file of (time in ns, frame)."""
    unit = 1 if magic == NANO else 1000
    with path.open("wb") as file:
        file.write(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, 1))
        for time_ns, frame in records:
            seconds, rest = divmod(time_ns, 1_000_000_000)
            file.write(struct.pack(order + "IIII", seconds, rest // unit, len(frame), len(frame)) + frame)


def play(
    kind: type[FilePorts] | type[NativeFilePorts],
    folder: Path,
    engine: str = "native",
    prepare: Callable[[Switchboard], None] = lambda _: None,
) -> tuple[dict[str, list[bytes]], list[bytes], list[PortStats]]:
    """What the files of all ports hold afterwards, what the controller got, and the counts of the ports."""
    device = Device(cpu_port=CPU, engine=engine)
    device.load(program("replication"))
    device.pre.set_multicast_group(1, [(1, 7), (2, 7), (3, 8)])
    device.pre.set_clone_session(5, [(CPU, 1), (9, 2)])  # nobody is at port 9
    punted: list[bytes] = []
    board = Switchboard(device, punted.append)
    files = kind(board, PORTS, folder)
    prepare(board)
    files.start()
    assert files.wait(60)
    files.close()
    board.close()
    counts = [board.ports[number].counts() for number, _ in PORTS]
    left = {name: [frame for _, frame in read_pcap(folder / f"{name}_out.pcap")] for _, name in PORTS}
    return left, punted, counts


def frames(rng: random.Random, count: int) -> list[bytes]:
    """For one port, all, the controller as well, nobody; some pass more than once, some are cut."""
    sizes = [0, 1, 60, 1500, 9000]
    return [
        op(rng.randrange(13), rng.choice([1, 5]), rng.randrange(65536), rng.randbytes(rng.choice(sizes)))
        for _ in range(count)
    ]


@pytest.mark.parametrize("engine", ["native", "python"])
@pytest.mark.parametrize(("order", "magic"), [("<", NANO), (">", NANO), ("<", MICRO), (">", MICRO)])
def test_as_the_ports_in_python(tmp_path: Path, engine: str, order: str, magic: int) -> None:
    rng = random.Random(f"{order}{magic}")
    times = [iter(sorted(rng.randrange(2_000_000) * 1000 for _ in range(300))) for _ in range(2)]
    for time_ns, name in zip(times, "ab", strict=True):
        pcap(tmp_path / f"{name}_in.pcap", list(zip(time_ns, frames(rng, 300), strict=True)), order, magic)
    expected = play(FilePorts, tmp_path, "python")
    assert play(NativeFilePorts, tmp_path, engine) == expected
    left, punted, counts = expected
    assert all(left.values())
    assert punted
    assert [count.rx_packets for count in counts] == [300, 300, 0]
    assert [count.tx_packets for count in counts] == [len(left[name]) for _, name in PORTS]


def test_order_between_ports(tmp_path: Path) -> None:
    """By time stamps; at the same time the lower port comes first, and a file stays in its own order."""
    pcap(tmp_path / "a_in.pcap", [(t, op(0, payload=bytes([t]) + b"a")) for t in (5, 20, 7)])
    pcap(tmp_path / "b_in.pcap", [(t, op(0, payload=bytes([t]) + b"b")) for t in (5, 6, 21)])
    for kind in (FilePorts, NativeFilePorts):
        left, _, _ = play(kind, tmp_path)
        assert [(frame[-2], frame[-1:]) for frame in left["b"]] == [
            (5, b"a"), (5, b"b"), (6, b"b"), (20, b"a"), (7, b"a"), (21, b"b"),
        ]  # fmt: skip


def test_port_that_is_down(tmp_path: Path) -> None:
    for name in "ab":
        pcap(tmp_path / f"{name}_in.pcap", [(t, op(4, 1, t)) for t in range(100)])

    def down(board: Switchboard) -> None:
        board.set_up(1, False)

    expected = play(FilePorts, tmp_path, prepare=down)
    assert play(NativeFilePorts, tmp_path, prepare=down) == expected
    assert [count.rx_dropped for count in expected[2]] == [100, 0, 0]
    assert [count.tx_dropped for count in expected[2]] == [100, 0, 0]


def test_all_for_the_controller(tmp_path: Path) -> None:
    """More than the ring to Python holds: files wait for it."""
    sent = [op(8, 0, t & 0xFFFF, bytes(1400)) for t in range(10_000)]
    pcap(tmp_path / "a_in.pcap", list(enumerate(sent)))
    _, punted, _ = play(NativeFilePorts, tmp_path)
    assert len(punted) == len(sent)
    assert [frame[-1402:-1400] for frame in punted] == [frame[2:4] for frame in sent]


def test_full_disk(tmp_path: Path) -> None:
    """What cannot be written is dropped and counted, as by the ports in Python."""
    pcap(tmp_path / "a_in.pcap", [(t, op(0, 1, t)) for t in range(100)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def full(_: Switchboard) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (24, hard))  # the head of a file

    played = []
    for kind in (FilePorts, NativeFilePorts):
        try:
            played.append(play(kind, tmp_path, prepare=full))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert played[0] == played[1]
    left, _, counts = played[0]
    assert not any(left.values())
    assert [(count.tx_packets, count.tx_dropped) for count in counts] == [(0, 0), (0, 100), (0, 0)]


def test_no_room_for_the_head(tmp_path: Path) -> None:
    (tmp_path / "a_out.pcap").symlink_to("/dev/full")
    for kind in (FilePorts, NativeFilePorts):
        with pytest.raises(PcapError, match=r"a_out\.pcap: cannot be written: No space left"):
            kind(Switchboard(Device(), lambda _: None), PORTS, tmp_path)


def test_without_input(tmp_path: Path) -> None:
    """No files, and files without records."""
    pcap(tmp_path / "b_in.pcap", [])
    left, punted, _ = play(NativeFilePorts, tmp_path)
    assert (left, punted) == ({"a": [], "b": [], "c": []}, [])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x0a\x0d\x0d\x0a" + bytes(40),
        struct.pack("<IHHiIII", NANO, 2, 4, 0, 0, 9, 113),
        struct.pack("<IHHiIII", NANO, 2, 4, 0, 0, 9, 1) + struct.pack("<IIII", 0, 0, 2, 2) + b"ok" + b"1234",
        struct.pack("<IHHiIII", NANO, 2, 4, 0, 0, 9, 1) + struct.pack("<IIII", 0, 0, 9, 9),
        struct.pack(">IHHiIII", MICRO, 2, 4, 0, 0, 9, 1) + struct.pack(">IIII", 0, 0, 1, 9) + bytes(9),
        struct.pack("<IHHiIII", NANO, 2, 4, 0, 0, 9, 1) + struct.pack("<IIII", 0, 0, 1 << 32 - 1, 1 << 32 - 1),
    ],
)
def test_bad_files_are_refused_alike(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "b_in.pcap").write_bytes(data)
    texts = []
    for kind in (FilePorts, NativeFilePorts):
        with pytest.raises(PcapError) as error:
            kind(Switchboard(Device(), lambda _: None), PORTS, tmp_path)
        texts.append(str(error.value))
    assert texts[0] == texts[1]
    assert str(tmp_path / "b_in.pcap") in texts[0]
