# SPDX-License-Identifier: Apache-2.0
"""A network namespace without a name, with veth pairs in it.

A namespace belongs to a thread on Linux. The one made here belongs to a thread of its own, which creates the
interfaces, opens the sockets and starts the switch; the rest of the process never leaves its namespace.
Having no name, namespace and interfaces vanish with the last process or socket in them, whatever happens to
the test run.
"""

from __future__ import annotations

import ctypes
import errno
import os
import queue
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

CLONE_NEWNET = 0x40000000
VETH_MTU = 9500

SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP = 1
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
PACKET_MR_PROMISC = 1
ETH_P_ALL = 3
TP_STATUS_VLAN_VALID = 0x10
TP_STATUS_VLAN_TPID_VALID = 0x40
AUXDATA = struct.Struct("=IIIHHHH")  # tp_status, tp_len, tp_snaplen, tp_mac, tp_net, tp_vlan_tci, tp_vlan_tpid


class Namespace:
    """A new, empty network namespace and the thread that lives in it. Needs root (CAP_SYS_ADMIN)."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[Any]] | None] = queue.SimpleQueue()
        ready: queue.SimpleQueue[OSError | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._live, args=(ready,), name="netns", daemon=True)
        self._thread.start()
        if (failure := ready.get()) is not None:
            raise failure

    def _live(self, ready: queue.SimpleQueue[OSError | None]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET) != 0:
            error = ctypes.get_errno()
            ready.put(OSError(error, f"no new network namespace: {os.strerror(error)} (root is needed)"))
            return
        ready.put(None)
        while (job := self._jobs.get()) is not None:
            function, answer = job
            try:
                answer.put((function(), None))
            except Exception as error:  # handed to the caller, whatever it is
                answer.put((None, error))

    def run(self, function: Callable[[], T]) -> T:
        """Run ``function`` inside; a process that it starts and a socket that it opens stay inside."""
        answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._jobs.put((function, answer))
        result, error = answer.get()
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def close(self) -> None:
        """End the thread; what it started with a parent-death signal ends with it."""
        self._jobs.put(None)
        self._thread.join(5)

    def veth_pairs(self, pairs: list[tuple[str, str]]) -> None:
        """Create veth pairs inside, up, silent (no IPv6 of the kernel's own), with room for long packets."""

        def create() -> None:
            from pyroute2 import IPRoute

            Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
            with IPRoute() as ip:
                for one, other in pairs:
                    peer = {"ifname": other, "mtu": VETH_MTU}
                    ip.link("add", ifname=one, kind="veth", mtu=VETH_MTU, peer=peer)
                for name in (name for pair in pairs for name in pair):
                    ip.link("set", index=ip.link_lookup(ifname=name)[0], state="up")

        self.run(create)

    def set_link(self, name: str, up: bool) -> None:
        """``ip link set NAME up|down``: the other end of its cable loses the carrier as well."""

        def change() -> None:
            from pyroute2 import IPRoute

            with IPRoute() as ip:
                ip.link("set", index=ip.link_lookup(ifname=name)[0], state="up" if up else "down")

        self.run(change)

    def open(self, interface: str) -> EthernetSocket:
        """A raw socket on an interface of this namespace."""
        return self.run(lambda: EthernetSocket(interface))


class EthernetSocket:
    """Sends and receives whole Ethernet frames on one interface.

    Offloads need not be switched off on the interfaces: no packet passes a network stack on its way, so
    nothing is left to be segmented or to be given a checksum. The VLAN tag that the kernel takes off is put
    back.
    """

    def __init__(self, interface: str) -> None:
        self.interface = interface
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((interface, ETH_P_ALL))
        index = socket.if_nametoindex(interface)
        member = struct.pack("iHH8s", index, PACKET_MR_PROMISC, 0, b"")
        self.socket.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, member)
        self.socket.setblocking(False)

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, frame: bytes) -> None:
        """Put a frame on the wire. A full transmit queue is waited for."""
        while True:
            try:
                self.socket.send(frame)
                return
            except BlockingIOError:
                import select

                select.select([], [self.socket], [], 1)

    def recv(self) -> bytes | None:
        """The next frame, or None when there is none now."""
        try:
            data, ancillary, _, _ = self.socket.recvmsg(65535, socket.CMSG_SPACE(AUXDATA.size))
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno == errno.ENETDOWN:  # told once, when the interface goes down
                return None
            raise
        for level, kind, value in ancillary:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = AUXDATA.unpack(value[: AUXDATA.size])
                if status & TP_STATUS_VLAN_VALID:
                    if not status & TP_STATUS_VLAN_TPID_VALID:
                        tpid = 0x8100
                    return data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
        return data

    def close(self) -> None:
        self.socket.close()
