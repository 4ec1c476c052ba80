# SPDX-License-Identifier: Apache-2.0
"""Network interfaces as ports, in Python and native: tags and checksums kept out of band, own frames, link state."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from softswitch.bmv2json import load_program
from softswitch.device import Device
from softswitch.io.interfaces import InterfaceError, Interfaces, complete_checksum, restore_vlan
from softswitch.io.native.interfaces import NativeInterfaces
from softswitch.io.switchboard import Switchboard
from softswitch.native.compiler import NoCompiler

NEAR, FAR = f"ssio{os.getpid()}a", f"ssio{os.getpid()}b"
PROGRAMS = Path(__file__).resolve().parents[1] / "softswitch_engine/programs"


def test_restore_vlan() -> None:
    frame = bytes(range(12)) + b"\x86\xdd" + b"payload"
    assert restore_vlan(frame, 0x2064, 0x88A8) == bytes(range(12)) + b"\x88\xa8\x20\x64\x86\xdd" + b"payload"


@pytest.mark.parametrize("payload", [b"", b"x", b"some text", bytes(1400)])
def test_complete_checksum(payload: bytes) -> None:
    # A UDP header with the pseudo-header sum in its checksum field, as the kernel leaves it.
    source, destination = socket.inet_aton("10.0.0.1"), socket.inet_aton("10.0.0.2")
    length = 8 + len(payload)
    pseudo = source + destination + b"\0\x11" + length.to_bytes(2, "big")
    udp = (1234).to_bytes(2, "big") + (80).to_bytes(2, "big") + length.to_bytes(2, "big")
    partial = sum(int.from_bytes(pseudo[i : i + 2], "big") for i in range(0, 12, 2))
    partial = (partial & 0xFFFF) + (partial >> 16)
    frame = bytes(34) + udp + partial.to_bytes(2, "big") + payload
    done = complete_checksum(frame, 34, 6)
    whole = pseudo + done[34:] + (b"\0" if length & 1 else b"")
    total = sum(int.from_bytes(whole[i : i + 2], "big") for i in range(0, len(whole), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF
    assert done[:40] == frame[:40]
    assert done[42:] == frame[42:]
    assert complete_checksum(frame, 34, len(frame)) == frame


class Recorder(Device):
    """A device that keeps what it gets; native ports give it frames as to any engine in Python."""

    def __init__(self) -> None:
        super().__init__(ports=[])
        self.load(load_program((PROGRAMS / "replication.json").read_bytes()))
        self.got: list[tuple[int, bytes]] = []

    def process(self, port: int, frame: bytes) -> None:
        self.got.append((port, frame))


def until(condition: Callable[[], object], timeout: float = 3.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def native_interfaces(board: Switchboard) -> NativeInterfaces:
    try:
        return NativeInterfaces(board)
    except NoCompiler as error:
        pytest.skip(str(error))


@pytest.fixture(params=[Interfaces, native_interfaces], ids=["python", "native"])
def veth(request: pytest.FixtureRequest) -> Iterator[tuple[Switchboard, Recorder, socket.socket]]:
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2")
    try:
        ip("link", "add", NEAR, "type", "veth", "peer", "name", FAR)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no veth: {error.stderr.decode().strip()}")
    device = Recorder()
    board = Switchboard(device, lambda frame: None)
    interfaces = request.param(board)
    far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)
    try:
        for name in (NEAR, FAR):
            with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w", encoding="ascii") as knob:
                knob.write("1")
            ip("link", "set", name, "up")
        interfaces.add(7, NEAR)
        interfaces.start()
        far.bind((FAR, 3))
        far.settimeout(3)
        yield board, device, far
    finally:
        interfaces.close()
        board.close()
        far.close()
        ip("link", "del", NEAR)


@pytest.mark.root
def test_send_and_receive(veth: tuple[Switchboard, Recorder, socket.socket]) -> None:
    board, device, far = veth
    frame = bytes(12) + b"\x12\x34" + os.urandom(50)
    far.send(frame)
    until(lambda: device.got)
    assert device.got == [(7, frame)]
    reply = bytes(12) + b"\x12\x35" + os.urandom(50)
    board.output(7, reply)
    while (seen := far.recv(2000)) == frame:
        pass  # the socket also shows what it sent itself
    assert seen == reply
    time.sleep(0.05)
    assert device.got == [(7, frame)]  # the switch does not hear itself
    stats = board.ports[7].counts()
    assert (stats.rx_packets, stats.tx_packets, stats.tx_dropped) == (1, 1, 0)


@pytest.mark.root
def test_vlan_tag_is_kept(veth: tuple[Switchboard, Recorder, socket.socket]) -> None:
    _, device, far = veth
    frame = bytes(12) + b"\x81\x00\x60\x64\x86\xdd" + bytes(46)
    far.send(frame)
    double = bytes(12) + b"\x88\xa8\x00\x05\x81\x00\x00\x06\x86\xdd" + bytes(46)
    far.send(double)
    until(lambda: len(device.got) == 2)
    assert [got for _, got in device.got] == [frame, double]


@pytest.mark.root
def test_offloaded_checksum_is_completed(veth: tuple[Switchboard, Recorder, socket.socket]) -> None:
    _, device, _ = veth
    ip("addr", "add", "198.51.100.1/24", "dev", FAR)
    ip("neigh", "add", "198.51.100.2", "lladdr", "02:00:00:00:00:02", "dev", FAR)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"odd length!", ("198.51.100.2", 9))
    until(lambda: any(len(got) > 42 and got[23] == 17 for _, got in device.got))
    frame = next(got for _, got in device.got if got[23] == 17)
    length = 8 + 11
    whole = frame[26:34] + b"\0\x11" + length.to_bytes(2, "big") + frame[34:] + b"\0"
    total = sum(int.from_bytes(whole[i : i + 2], "big") for i in range(0, len(whole), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF


@pytest.mark.root
def test_link_state(veth: tuple[Switchboard, Recorder, socket.socket]) -> None:
    board, _, far = veth
    ip("link", "set", NEAR, "down")
    until(lambda: not board.is_up(7))
    board.output(7, bytes(60))
    assert board.ports[7].counts().tx_dropped == 1
    ip("link", "set", NEAR, "up")
    until(lambda: board.is_up(7))
    board.output(7, bytes(12) + b"\x12\x36" + bytes(46))
    assert far.recv(2000)[12:14] == b"\x12\x36"


@pytest.mark.root
def test_a_carrier_that_is_lost_takes_the_port_down(veth: tuple[Switchboard, Recorder, socket.socket]) -> None:
    """The interface itself stays switched on: the cable was cut, or the other end is off."""
    board, _, _ = veth
    ip("link", "set", FAR, "down")
    until(lambda: not board.is_up(7))
    ip("link", "set", FAR, "up")
    until(lambda: board.is_up(7))


@pytest.mark.root
@pytest.mark.parametrize("kind", [Interfaces, native_interfaces], ids=["python", "native"])
def test_errors_name_the_interface(kind: Callable[[Switchboard], Interfaces | NativeInterfaces]) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    board = Switchboard(Recorder(), lambda frame: None)
    interfaces = kind(board)
    try:
        with pytest.raises(InterfaceError, match=r"ssio9.*create it"):
            interfaces.add(1, "ssio9")
        with pytest.raises(InterfaceError, match="longer than 15 bytes"):
            interfaces.add(1, "x" * 16)
    finally:
        interfaces.close()
        board.close()
