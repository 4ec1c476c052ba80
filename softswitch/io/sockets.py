# SPDX-License-Identifier: Apache-2.0
"""AF_PACKET sockets on a network interface (Linux, needs CAP_NET_RAW)."""

from __future__ import annotations

import errno
import socket
import struct
from dataclasses import dataclass

from p4rtlib.links import link_is_up

__all__ = ["InterfaceError", "PacketSockets", "Ring", "join"]

SOL_PACKET = 263
_PACKET_ADD_MEMBERSHIP = 1
_PACKET_RX_RING = 5
_PACKET_STATISTICS = 6
_PACKET_COPY_THRESH = 7
_PACKET_AUXDATA = 8
_PACKET_VERSION = 10
_PACKET_VNET_HDR = 15
_PACKET_FANOUT = 18
_PACKET_IGNORE_OUTGOING = 23
_PACKET_MR_PROMISC = 1
_TPACKET_V2 = 1
_FANOUT_HASH = 0
_FANOUT_UNIQUE_ID = 0x2000
_SO_RCVBUFFORCE = 33
_ETH_P_ALL = 3

_RECEIVE_BUFFER = 4 << 20


class InterfaceError(Exception):
    """An interface that cannot be opened; the text says which, why, and what to do."""


@dataclass(frozen=True)
class Ring:
    """Layout of a receive ring: 4 MiB in slots that do not cross blocks.  Sizes in bytes.

    A frame longer than a slot comes through the socket's queue, all of it.
    """

    slots: int = 2048
    slot: int = 2048
    block: int = 256 << 10


class PacketSockets:
    """A receiver and a sender on interface ``name``; ``InterfaceError`` when that is impossible.

    The receiver gives every frame with a ``virtio_net_hdr`` in front.  With ``ring`` it has a TPACKET_V2 ring
    (:attr:`ring`), which the caller maps.
    """

    def __init__(self, name: str, *, ring: bool = False) -> None:
        if len(name.encode()) > 15:
            raise InterfaceError(f"interface {name}: the name is longer than 15 bytes")
        self.name = name
        self.ring: Ring | None = None
        try:
            self.receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except PermissionError:
            raise InterfaceError(
                f"interface {name}: raw sockets need root or CAP_NET_RAW"
                " (in-process ports and --use-files need neither)"
            ) from None
        try:
            index = socket.if_nametoindex(name)
        except OSError:
            self.close()
            raise InterfaceError(
                f"interface {name}: there is no such interface;"
                f" create it, for example: ip link add {name} type veth peer name {name[:12]}-h"
            ) from None
        try:
            self._open(index, ring)
        except OSError as error:
            self.close()
            raise InterfaceError(f"interface {name}: {error.strerror}") from None

    def _open(self, index: int, ring: bool) -> None:
        receiver = self.receiver
        receiver.setsockopt(SOL_PACKET, _PACKET_AUXDATA, 1)
        receiver.setsockopt(SOL_PACKET, _PACKET_VNET_HDR, 1)
        try:
            receiver.setsockopt(SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        except OSError:
            pass  # before Linux 4.20: filtered by packet type
        try:
            receiver.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
        except OSError:
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        if ring:
            layout = Ring()
            receiver.setsockopt(SOL_PACKET, _PACKET_VERSION, _TPACKET_V2)
            receiver.setsockopt(SOL_PACKET, _PACKET_COPY_THRESH, layout.slot)
            blocks = layout.slots // (layout.block // layout.slot)
            request = struct.pack("IIII", layout.block, blocks, layout.slot, layout.slots)
            receiver.setsockopt(SOL_PACKET, _PACKET_RX_RING, request)
            self.ring = layout
        # Bound with a protocol only now, so that no frame of another interface can slip in.
        receiver.bind((self.name, _ETH_P_ALL))
        receiver.setsockopt(SOL_PACKET, _PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", index, _PACKET_MR_PROMISC, 0, b""))
        receiver.setblocking(False)
        self.sender.bind((self.name, 0))
        self.sender.setblocking(False)

    def send(self, frame: bytes) -> None:
        """Send; ``OSError`` when the interface takes no frame now."""
        self.sender.send(frame)

    def kernel_drops(self) -> int:
        """Frames that the kernel had no room for since the last call."""
        _, drops = struct.unpack("II", self.receiver.getsockopt(SOL_PACKET, _PACKET_STATISTICS, 8))
        return int(drops)

    def is_up(self) -> bool:
        """Whether the interface is switched on and has a carrier."""
        return link_is_up(self.name, self.sender)

    def close(self) -> None:
        """Close both."""
        self.receiver.close()
        self.sender.close()


def join(members: list[PacketSockets]) -> None:
    """Share the frames of one interface among its receivers, by a hash of addresses and ports: the frames of a flow go
    to the same one.  ``InterfaceError`` when the kernel refuses."""
    first = members[0].receiver
    try:
        first.setsockopt(SOL_PACKET, _PACKET_FANOUT, (_FANOUT_HASH | _FANOUT_UNIQUE_ID) << 16)
        group = first.getsockopt(SOL_PACKET, _PACKET_FANOUT) & 0xFFFF
        for member in members[1:]:
            member.receiver.setsockopt(SOL_PACKET, _PACKET_FANOUT, group | _FANOUT_HASH << 16)
    except OSError as error:
        why = "is it up?" if error.errno == errno.EINVAL else error.strerror
        raise InterfaceError(f"interface {members[0].name}: several workers cannot share it: {why}") from None
