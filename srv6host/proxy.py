# SPDX-License-Identifier: Apache-2.0
"""The transparent TCP proxy of a node of functions, on Linux.

End.VNF of the router in front gives this host packets whose destination is the server's (or, the other way, the
client's) address, as if it were its own. What the host needs for that, as root:

    sysctl net.ipv6.conf.all.seg6_enabled=1 net.ipv6.conf.eth0.seg6_enabled=1
    ip -6 rule add iif eth0 lookup 100
    ip -6 route add local ::/0 dev lo table 100

The proxy listens on the ports of the servers, and needs CAP_NET_ADMIN to answer for any address. Where connections to
all ports shall be taken, a rule for TPROXY leads them to one of these. A SYN/ACK is the kernel's: the way back of what
this host sends to a client is a route, `ip -6 route add CLIENT/128 encap seg6 mode inline segs ... dev eth0`.

Where no function looks at the octets they are spliced, and never come to this process.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from ipaddress import IPv6Address, IPv6Network

from srv6host import sockets
from srv6host.relay import Relay, Side
from srv6host.srh import SrhError
from srv6host.visit import VisitError, visit

MAX_CONNECTIONS = 1024
CONNECT_LIMIT = 10.0  # s
CHUNK = 64 << 10
_RESET = struct.pack("ii", 1, 0)  # struct linger: close with a reset


class Proxy:
    """Takes connections on some ports for the functions whose SIDs have the prefixes ``own``.

    ``counts``: ``opened``, ``closed``, ``refused`` (an SRH, or too many), ``reset`` (by a side, or a function),
    ``spliced``.
    """

    def __init__(self, own: Sequence[IPv6Network], log: Callable[[str], None] = lambda line: None) -> None:
        self._own, self._log = tuple(own), log
        self.counts: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[socket.socket] = []

    def listen(self, ports: Sequence[int]) -> None:
        """Listen on any address. Raises OSError, PermissionError without CAP_NET_ADMIN among them."""
        for port in ports:
            listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            self._listeners.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setsockopt(socket.IPPROTO_IPV6, sockets.IPV6_TRANSPARENT, 1)
            sockets.receive(listener)
            listener.bind(("::", port))
            listener.listen(1024)
            listener.setblocking(False)

    async def run(self) -> None:
        """Serve until cancelled; then all connections are reset."""
        try:
            await asyncio.gather(*(self._accept(listener) for listener in self._listeners))
        finally:
            for listener in self._listeners:
                listener.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, _ = await loop.sock_accept(listener)
            except OSError as error:  # out of descriptors, or a client that has gone
                self.counts["refused"] += 1
                self._log(f"not accepted: {error}")
                await asyncio.sleep(0.1 if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM) else 0)
                continue
            client.setblocking(False)
            if len(self._tasks) >= MAX_CONNECTIONS:
                self.counts["refused"] += 1
                _reset(client)
                continue
            task = asyncio.create_task(self._serve(client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: socket.socket) -> None:
        server: socket.socket | None = None
        name = "a client"
        try:
            peer, own = client.getpeername(), client.getsockname()
            name = f"[{peer[0]}]:{peer[1]} to [{own[0]}]:{own[1]}"
            asked = visit(sockets.received(client), IPv6Address(peer[0]), IPv6Address(own[0]), self._own)
            server = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            server.setblocking(False)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.setsockopt(socket.IPPROTO_IPV6, sockets.IPV6_TRANSPARENT, 1)
            server.bind((peer[0], peer[1]))
            sockets.set_srh(server, asked.onward)
            loop = asyncio.get_running_loop()
            await asyncio.wait_for(loop.sock_connect(server, (own[0], own[1])), CONNECT_LIMIT)
        except (VisitError, SrhError) as error:
            self._end(name, "refused", str(error), client, server)
            return
        except (OSError, asyncio.TimeoutError) as error:
            self._end(name, "reset", f"server: {str(error) or 'no answer'}", client, server)
            return
        except asyncio.CancelledError:
            self._end(name, "reset", "the proxy stops", client, server)
            raise
        self.counts["opened"] += 1
        relay = Relay(asked.functions)
        try:
            if relay.transparent:
                self.counts["spliced"] += 1
                await _both(_splice(client, server), _splice(server, client))
            else:
                pump = _Pump(relay, client, server)
                await _both(*(work for side in Side for work in (pump.read(side), pump.write(side))))
            client.close()
            server.close()
        except OSError as error:
            self._end(name, "reset", str(error), client, server)
        except asyncio.CancelledError:
            self._end(name, "reset", "the proxy stops", client, server)
            raise
        finally:
            self.counts["closed"] += 1

    def _end(self, name: str, how: str, why: str, *ends: socket.socket | None) -> None:
        self.counts[how] += 1
        self._log(f"{name}: {how}: {why}")
        for each in ends:
            if each is not None:
                _reset(each)


class _Pump:
    """The relay of one visit, on two sockets."""

    def __init__(self, relay: Relay, client: socket.socket, server: socket.socket) -> None:
        self._relay = relay
        self._sockets = {Side.CLIENT: client, Side.SERVER: server}
        self._changed = asyncio.Condition()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def read(self, side: Side) -> None:
        """From a side, as long as the other takes it."""
        loop, relay = asyncio.get_running_loop(), self._relay
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: relay.wants(side) or relay.error is not None)
            if relay.error is not None:
                raise ConnectionAbortedError(relay.error)
            data = await loop.sock_recv(self._sockets[side], CHUNK)
            if data:
                relay.received(side, data)
            else:
                relay.ended(side)
            await self._tell()
            if not data:
                return

    async def write(self, side: Side) -> None:
        """To a side, until there is no more."""
        loop, relay = asyncio.get_running_loop(), self._relay
        while True:
            async with self._changed:
                await self._changed.wait_for(
                    lambda: relay.waiting(side) or relay.finished(side) or relay.error is not None
                )
            if relay.error is not None:
                raise ConnectionAbortedError(relay.error)
            if relay.waiting(side):
                await loop.sock_sendall(self._sockets[side], relay.take(side, CHUNK))
                await self._tell()
            elif relay.finished(side):
                with suppress(OSError):
                    self._sockets[side].shutdown(socket.SHUT_WR)
                return


async def _both(*work: Coroutine[object, object, None]) -> None:
    """All of it; when one part fails the others are cancelled. Raises what it raised."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _splice(source: socket.socket, target: socket.socket) -> None:
    """One direction in the kernel, by way of a pipe, until its end. Raises OSError."""
    out, into = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        while True:
            await _ready(source, False)
            try:
                held = os.splice(source.fileno(), into, CHUNK)
            except BlockingIOError:
                continue
            if not held:
                break
            while held:
                try:
                    held -= os.splice(out, target.fileno(), held)
                except BlockingIOError:
                    await _ready(target, True)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
    finally:
        os.close(out)
        os.close(into)


async def _ready(endpoint: socket.socket, for_writing: bool) -> None:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    descriptor = endpoint.fileno()
    add, remove = (loop.add_writer, loop.remove_writer) if for_writing else (loop.add_reader, loop.remove_reader)
    add(descriptor, lambda: None if done.done() else done.set_result(None))
    try:
        await done
    finally:
        remove(descriptor)


def _reset(endpoint: socket.socket) -> None:
    with suppress(OSError):
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    endpoint.close()
