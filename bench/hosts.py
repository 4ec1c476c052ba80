#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The hosts of the sections ``overload`` and ``learning``, each a process of its own in the namespace of the wires.

    hosts.py flood IFACE SECONDS RATE < frames      sends them in turn, RATE a second
    hosts.py ping IFACE SECONDS RATE < frame        a request, RATE a second; prints the milliseconds of each answer
    hosts.py count IFACE SECONDS 0                  says "ready", then how many frames have arrived

Frames come as lines of hexadecimal digits. The last two octets of the frame of a ping, which are its data, count.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time

ETH_P_ALL = 0x0003  # bind() takes it in the order of the host
LAST_ANSWERS = 1.0  # seconds after the last request


def _open(interface: str, protocol: int) -> socket.socket:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    wire.bind((interface, protocol))
    return wire


def flood(interface: str, seconds: float, rate: float, frames: list[bytes]) -> None:
    """Bursts of a millisecond, so that the rate does not depend on how exactly a sleep ends."""
    wire = _open(interface, 0)
    begin, sent = time.monotonic(), 0
    while (now := time.monotonic() - begin) < seconds:
        while sent < now * rate:
            try:
                wire.send(frames[sent % len(frames)])
            except OSError:  # the queue of the interface is full: as lost as behind it
                pass
            sent += 1
        time.sleep(0.001)
    print(json.dumps({"sent": sent, "seconds": now}))


def ping(interface: str, seconds: float, rate: float, request: bytes) -> None:
    """Milliseconds by number, in the order of the answers; what is missing was lost."""
    wire = _open(interface, ETH_P_ALL)
    times: dict[int, float] = {}
    sent: dict[int, float] = {}
    begin = time.monotonic()
    while (now := time.monotonic() - begin) < seconds + LAST_ANSWERS:
        if now < seconds and len(sent) < now * rate:
            number = len(sent)
            sent[number] = time.monotonic()
            wire.send(_numbered(request, number))
        due = (
            min(begin + (len(sent) + 1) / rate, begin + seconds + LAST_ANSWERS) if now < seconds else begin + now + 0.05
        )
        if select.select([wire], [], [], max(0.0, due - time.monotonic()))[0]:
            frame, address = wire.recvfrom(2048)
            if address[2] != socket.PACKET_OUTGOING and _answers(frame, request):
                number = int.from_bytes(frame[-2:], "big")
                times.setdefault(number, 1e3 * (time.monotonic() - sent[number]))
    print(json.dumps({"sent": len(sent), "milliseconds": list(times.values())}))


def count(interface: str, seconds: float) -> None:
    """Frames until none comes for ``seconds``."""
    wire = _open(interface, ETH_P_ALL)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 25)
    print("ready", flush=True)
    frames, view = 0, bytearray(64)
    while select.select([wire], [], [], seconds)[0]:
        _, address = wire.recvfrom_into(view)
        frames += address[2] != socket.PACKET_OUTGOING
    print(json.dumps({"frames": frames}))


def _answers(frame: bytes, request: bytes) -> bool:
    """Whether it is an echo reply with the identifier of the request."""
    return frame[12:14] == b"\x86\xdd" and frame[54:55] == b"\x81" and frame[58:60] == request[58:60]


def _numbered(request: bytes, number: int) -> bytes:
    """The request, whose last word is 0, with another one and the checksum that goes with it (RFC 1624)."""
    total = (~int.from_bytes(request[56:58], "big") & 0xFFFF) + number
    checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    return request[:56] + checksum.to_bytes(2, "big") + request[58:-2] + number.to_bytes(2, "big")


def main() -> None:
    role, interface, seconds, rate = sys.argv[1:5]
    frames = [bytes.fromhex(line) for line in sys.stdin.read().split()]
    if role == "flood":
        flood(interface, float(seconds), float(rate), frames)
    elif role == "count":
        count(interface, float(seconds))
    else:
        ping(interface, float(seconds), float(rate), frames[0])


if __name__ == "__main__":
    main()
