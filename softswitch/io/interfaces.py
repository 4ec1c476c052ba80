# SPDX-License-Identifier: Apache-2.0
"""Network interfaces as ports, frame by frame in Python; :mod:`softswitch.io.native` is the fast way.

One thread polls all interfaces and gives up to :data:`BATCH` frames of one to the device before it looks at
the next.  What the kernel keeps out of band is put back: a VLAN tag that it stripped, and the checksum that a
local sender left to the (virtual) hardware.  Segmentation left to the hardware cannot be put back: such
frames are counted (``oversized``) and, longer than the MTU, cannot be sent on.  Switch it off where the
sender is:
``ethtool -K IFACE tso off gso off gro off``.
"""

from __future__ import annotations

import logging
import os
import select
import struct
import threading
import time

from softswitch.io.sockets import SOL_PACKET, InterfaceError, PacketSockets
from softswitch.io.switchboard import Port, Switchboard

__all__ = ["BATCH", "InterfaceError", "Interfaces", "complete_checksum", "restore_vlan"]

_log = logging.getLogger(__name__)

BATCH = 64
#: Longest frame: 64 KiB of IP and room for link headers.
_MAX_FRAME = 65536 + 64
_PACKET_AUXDATA = 8
_PACKET_OUTGOING = 4

_VLAN_VALID, _VLAN_TPID_VALID = 1 << 4, 1 << 6
_AUXDATA = struct.Struct("IIIHHHH")  # tpacket_auxdata
_VNET = struct.Struct("=BBHHHH")  # virtio_net_hdr
_NEEDS_CHECKSUM = 1


def restore_vlan(frame: bytes, tci: int, tpid: int) -> bytes:
    """``frame`` with the VLAN tag in its place again."""
    return frame[:12] + tpid.to_bytes(2, "big") + tci.to_bytes(2, "big") + frame[12:]


def complete_checksum(frame: bytes, start: int, offset: int) -> bytes:
    """Finish a checksum over ``frame[start:]`` whose field, at ``start + offset``, holds the pseudo-header
    sum."""
    field = start + offset
    if field + 2 > len(frame):
        return frame
    covered = frame[start:]
    if len(covered) & 1:
        covered += b"\0"
    # One's complement addition is addition modulo 0xffff.
    total = int.from_bytes(covered, "big") % 0xFFFF
    checksum = (0xFFFF - total) or 0xFFFF
    return frame[:field] + checksum.to_bytes(2, "big") + frame[field + 2 :]


class _Interface(PacketSockets):
    def __init__(self, port: Port, name: str) -> None:
        super().__init__(name)
        self.port = port

    def read(self) -> bytes | None:
        """The next frame, ``None`` when there is none now.  ``OSError`` when the interface is down."""
        while True:
            try:
                data, controls, _, address = self.receiver.recvmsg(_MAX_FRAME + _VNET.size, 64)
            except BlockingIOError:
                return None
            if address[2] == _PACKET_OUTGOING:
                continue
            flags, segmented, _, _, start, offset = _VNET.unpack_from(data)
            frame = data[_VNET.size :]
            if segmented:
                self.port.stats.oversized += 1
            if flags & _NEEDS_CHECKSUM:
                frame = complete_checksum(frame, start, offset)
            for level, kind, payload in controls:
                if level == SOL_PACKET and kind == _PACKET_AUXDATA and len(payload) >= _AUXDATA.size:
                    status, _, _, _, _, tci, tpid = _AUXDATA.unpack_from(payload)
                    if status & _VLAN_VALID:
                        frame = restore_vlan(frame, tci, tpid if status & _VLAN_TPID_VALID else 0x8100)
            return frame


class Interfaces:
    """Interfaces attached to a switchboard."""

    #: Seconds between looks at the state and the drop counters of the interfaces.
    _CHECK = 0.2

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._interfaces: dict[int, _Interface] = {}
        self._poll = select.poll()
        self._wake_read, self._wake_write = os.pipe()
        self._poll.register(self._wake_read, select.POLLIN)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, number: int, name: str) -> None:
        """Open interface ``name`` as port ``number``; ``InterfaceError`` when that is impossible."""
        interface = _Interface(self._board.add(number, name), name)
        self._interfaces[interface.receiver.fileno()] = interface
        self._board.attach(number, interface.send)
        self._poll.register(interface.receiver, select.POLLIN)

    def start(self) -> None:
        """Start receiving."""
        if self._interfaces:
            self._thread = threading.Thread(target=self._run, name="interfaces", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        receive = self._board.receive
        next_check = 0.0
        while not self._stop.is_set():
            for descriptor, _ in self._poll.poll(self._CHECK * 1000):
                interface = self._interfaces.get(descriptor)
                if interface is None:
                    continue
                try:
                    for _ in range(BATCH):
                        frame = interface.read()
                        if frame is None:
                            break
                        receive(interface.port, frame)
                except OSError as error:
                    _log.debug("%s: %s", interface.name, error)
            now = time.monotonic()
            if now >= next_check:
                next_check = now + self._CHECK
                self._check()

    def _check(self) -> None:
        for interface in self._interfaces.values():
            interface.port.stats.rx_dropped += interface.kernel_drops()
            self._board.set_up(interface.port.number, interface.is_up())

    def close(self) -> None:
        """Stop receiving and close the sockets."""
        self._stop.set()
        os.write(self._wake_write, b"x")
        if self._thread is not None:
            self._thread.join(timeout=5)
        for interface in self._interfaces.values():
            interface.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
