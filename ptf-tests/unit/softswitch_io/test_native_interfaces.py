# SPDX-License-Identifier: Apache-2.0
"""Native ports on veth pairs: out-of-band data of the kernel, long frames, flows shared by workers, links that go."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from softswitch.device import Device
from softswitch.engine.api import Stats
from softswitch.io.native.interfaces import NativeInterfaces
from softswitch.io.switchboard import Switchboard

from .rig import op, program, until

pytestmark = pytest.mark.root

NEAR = [f"ssn{os.getpid()}p{port}" for port in (1, 2)]
FAR = [f"ssf{os.getpid()}p{port}" for port in (1, 2)]
SOL_PACKET, VNET_HDR, IGNORE_OUTGOING = 263, 15, 23


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Links:
    """Ports 1 and 2 on veth pairs, replication.p4 between them; ``far``: raw sockets on the other ends."""

    def __init__(self, workers: int = 1) -> None:
        self.device = Device(cpu_port=510, engine="native")
        self.device.load(program("replication"))
        self.board = Switchboard(self.device, lambda frame: None)
        for near, far in zip(NEAR, FAR, strict=True):
            ip("link", "add", near, "mtu", "9000", "type", "veth", "peer", "name", far, "mtu", "9000")
            for name in (near, far):
                with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w", encoding="ascii") as knob:
                    knob.write("1")
                ip("link", "set", name, "up")
        self.far = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) for _ in FAR]
        for sock, name in zip(self.far, FAR, strict=True):
            sock.setsockopt(SOL_PACKET, IGNORE_OUTGOING, 1)
            sock.bind((name, 3))
            sock.settimeout(20)
        self.interfaces = NativeInterfaces(self.board, workers)
        for port, name in enumerate(NEAR, 1):
            self.interfaces.add(port, name)
        self.interfaces.start()

    def counts(self, port: int) -> dict[str, int]:
        return {name: count for name, count in self.board.ports[port].counts().as_dict().items() if count}

    def close(self) -> None:
        self.interfaces.close()
        self.board.close()
        for sock in self.far:
            sock.close()
        for name in NEAR:
            subprocess.run(["ip", "link", "del", name], check=False, capture_output=True)


@pytest.fixture
def workers() -> int:
    return 1


@pytest.fixture
def links(workers: int) -> Iterator[Links]:
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2")
    made = Links(workers)
    try:
        yield made
    finally:
        made.close()


def ethernet(payload: bytes) -> bytes:
    """A frame for replication.p4, whose header is in place of the first address."""
    return op(0, 7, 0x0101) + bytes(8) + b"\x12\x34" + payload


def test_forwards(links: Links) -> None:
    frames = [ethernet(os.urandom(size)) for size in (46, 1486, 1900, 1960, 2000, 8986)]
    for frame in frames:
        links.far[0].send(frame)
        assert links.far[1].recv(70000)[13 + 4 :] == frame[4:]
    assert links.counts(1) == {"rx_packets": 6, "rx_bytes": sum(map(len, frames))}
    until(lambda: links.counts(2)["tx_packets"] == 6)
    assert links.device.stats == Stats(received=6, transmitted=6)


def test_bursts_of_long_and_short_frames_stay_in_order(links: Links) -> None:
    for burst in range(20):
        for i in range(20):
            size = 6000 if i % 3 == 0 else 60
            links.far[0].send(ethernet(bytes([burst, i]) + bytes(size)))
        for i in range(20):
            assert links.far[1].recv(70000)[27:29] == bytes([burst, i])


def test_segmentation_left_to_the_hardware_is_counted(links: Links) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        sender.setsockopt(SOL_PACKET, VNET_HDR, 1)
        sender.bind((FAR[0], 0))
        payload = bytes(range(256)) * 100
        total = 20 + 20 + len(payload)
        addresses = bytes([10, 0, 0, 1, 10, 0, 0, 2])
        header = struct.pack(">BBHIBBH", 0x45, 0, total, 0, 64, 6, 0) + addresses
        tcp = struct.pack(">HHIIBBHHH", 1, 2, 0, 0, 0x50, 0x10, 1000, 0, 0)
        frame = bytes(12) + b"\x08\x00" + header + tcp + payload
        # needs its checksum; TCP over IPv4 in segments of 1400
        sender.send(struct.pack("=BBHHHH", 1, 1, 54, 1400, 34, 16) + frame)
    until(lambda: links.counts(1).get("oversized") == 1)
    until(lambda: links.counts(1).get("rx_bytes") == len(frame))
    until(lambda: links.counts(2) == {"tx_dropped": 1})  # longer than the MTU


@pytest.mark.parametrize("workers", [2])
def test_workers_share_flows(links: Links) -> None:
    flows, count = 32, 50
    dissectable = b"\x08\x00" + struct.pack(">BBHIBBH", 0x45, 0, 100, 0, 64, 17, 0)
    seen: dict[int, list[int]] = {flow: [] for flow in range(flows)}
    for i in range(count):
        for flow in range(flows):
            address = bytes([10, 0, 0, flow + 1, 10, 0, 1, 1])
            udp = struct.pack(">HHHH", 1000 + flow, 9, 80, 0) + bytes([flow, i])
            links.far[0].send(op(0, flow, i) + bytes(8) + dissectable + address + udp + bytes(70))
        for _ in range(flows):
            frame = links.far[1].recv(2000)
            seen[frame[14]].append(int.from_bytes(frame[15:17], "big"))
    assert all(values == list(range(1, count + 1)) for values in seen.values())
    assert links.device.stats.received == flows * count
    shares = links.interfaces.shares()
    assert sum(shares) == flows * count
    assert min(shares) > 0


def test_an_interface_that_vanishes(links: Links) -> None:
    stop = threading.Event()

    def arrive() -> None:
        while not stop.is_set():
            try:
                links.far[0].send(ethernet(bytes(46)))
            except OSError:
                return

    sender = threading.Thread(target=arrive)
    sender.start()
    until(lambda: links.counts(2).get("tx_packets", 0) > 10)
    ip("link", "del", NEAR[1])  # where frames go
    until(lambda: not links.board.is_up(2) and links.counts(2).get("tx_dropped", 0) > 10)
    ip("link", "del", NEAR[0])  # where they come from
    until(lambda: not links.board.is_up(1))
    stop.set()
    sender.join()
    before = resource.getrusage(resource.RUSAGE_SELF)
    time.sleep(0.5)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3  # nobody spins


def test_down_and_up_again(links: Links) -> None:
    for _ in range(2):
        ip("link", "set", NEAR[0], "down")
        until(lambda: not links.board.is_up(1))
        ip("link", "set", NEAR[0], "up")
        until(lambda: links.board.is_up(1))
        frame = ethernet(os.urandom(46))
        links.far[0].send(frame)
        assert links.far[1].recv(2000)[17:] == frame[4:]
