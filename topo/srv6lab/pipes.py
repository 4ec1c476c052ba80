# SPDX-License-Identifier: Apache-2.0
"""What hosts in this process do with TCP: serve a text, get it, and (a proxy) apply functions in between.

The proxy is :mod:`srv6host`'s relay on the connections of a transparent stack: it answers for the server, and opens the
next connection for the client, from its address and port.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv6Address, IPv6Network

from srv6host.relay import Relay, Side
from srv6host.srh import Srh, SrhError
from srv6host.visit import VisitError, visit
from srv6lab.fetching import PORT, Fetched, Reader, answer, request
from srv6lab.tcpstack import Handler, Key, Stream, TcpStack


class Proxy:
    """The functions of a host whose SIDs have the prefixes ``own``.

    ``counts``: connections ``opened`` and ``closed``; ``refused``, by an SRH or a key in use; ``reset``, by one of both
    sides or by a function. ``last_error`` says why the last one was.
    """

    def __init__(self, stack: TcpStack, own: Sequence[IPv6Network]) -> None:
        self._stack, self._own = stack, tuple(own)
        self.counts: Counter[str] = Counter()
        self.last_error = ""
        stack.transparent = self._accept

    def _accept(self, key: Key, srh: Srh | None) -> tuple[Handler | None, Srh | None]:
        back = None
        try:
            asked = visit(srh, key.remote, key.local, self._own)
            back = asked.back
            pipe = _Pipe(self, Relay(asked.functions))
            onward = Key(key.remote, key.remote_port, key.local, key.local_port)
            pipe.server = self._stack.connect(onward, asked.onward, pipe)
        except (VisitError, SrhError, OSError) as error:
            self.counts["refused"] += 1
            self.last_error = str(error)
            return None, error.back if isinstance(error, VisitError) else back
        self.counts["opened"] += 1
        return pipe, back


class _Pipe:
    """Two connections of one visit."""

    def __init__(self, proxy: Proxy, relay: Relay) -> None:
        self._proxy, self._relay = proxy, relay
        self.client: Stream | None = None
        self.server: Stream | None = None
        self._over = False
        self._shut = [False, False]

    def changed(self, stream: Stream) -> None:
        """See :class:`srv6lab.tcpstack.Handler`."""
        if stream is not self.server:
            self.client = stream
        if self._over:
            if self._relay.error is not None and not stream.tcp.closed:
                stream.abort(self._relay.error)  # it was opened when the other one had failed
            return
        streams = {Side.CLIENT: self.client, Side.SERVER: self.server}
        while any(self._move(side, found) for side, found in streams.items() if found is not None):
            pass
        if self._relay.error is not None:
            self._proxy.counts["reset"] += 1
            self._proxy.last_error = self._relay.error
        if self._relay.error is not None or self._relay.done:
            self._over = True
            self._proxy.counts["closed"] += 1
        if self._relay.error is not None:
            for found in streams.values():
                if found is not None:
                    found.abort(self._relay.error)

    def _move(self, side: Side, stream: Stream) -> bool:
        """Read from and write to one side; whether anything moved."""
        relay, tcp = self._relay, stream.tcp
        if tcp.error is not None:
            relay.failed(f"{side.name.lower()}: {tcp.error}")
            return False
        moved = False
        while relay.wants(side) and tcp.readable:
            relay.received(side, stream.read(1 << 14))
            moved = True
        if tcp.ended and not tcp.readable and relay.wants(side):
            relay.ended(side)
            moved = True
        while tcp.established and (room := tcp.room) and relay.waiting(side):
            stream.write(relay.take(side, room))
            moved = True
        if tcp.established and relay.finished(side) and not self._shut[side]:
            self._shut[side] = moved = True
            stream.shutdown()
        return moved


class _Serving:
    """One connection of a server."""

    def __init__(self) -> None:
        self._asked = bytearray()
        self._answer: bytes | None = None
        self._at = 0

    def changed(self, stream: Stream) -> None:
        """See :class:`srv6lab.tcpstack.Handler`."""
        while data := stream.read():
            if self._answer is None:
                self._asked += data
                self._answer = answer(bytes(self._asked))
        if self._answer is None:
            if stream.tcp.ended and not stream.tcp.closed:
                stream.shutdown()
            return
        while self._at < len(self._answer) and (room := stream.tcp.room):
            self._at += stream.write(self._answer[self._at : self._at + room])
        if self._at == len(self._answer) and not stream.tcp.closed:
            stream.shutdown()


class _Getting:
    """One connection of a client."""

    def __init__(self, size: int) -> None:
        self.reader = Reader(size)
        self.done = threading.Event()
        self.error: str | None = None
        self._asked = False

    def changed(self, stream: Stream) -> None:
        """See :class:`srv6lab.tcpstack.Handler`."""
        if stream.tcp.established and not self._asked:
            self._asked = True
            stream.write(request(self.reader.size))
        while data := stream.read():
            self.reader.received += data
        if stream.tcp.ended and not stream.tcp.closed:
            stream.shutdown()
        if stream.tcp.ended or stream.tcp.closed:
            self.error = stream.tcp.error
            self.done.set()


def serve(stack: TcpStack, port: int = PORT) -> None:
    """Have a host serve the text, by the way back of whoever asks."""

    def accept(key: Key, srh: Srh | None) -> tuple[Handler, Srh | None]:
        return _Serving(), None if srh is None else srh.return_path(key.remote).srh(key.remote)

    stack.listen(port, accept)


def get(stack: TcpStack, target: IPv6Address, srh: Srh | None, size: int, timeout: float, port: int = PORT) -> Fetched:
    """Get the text from another host."""
    getting = _Getting(size)
    opened: list[Stream] = []

    def begin_it() -> None:
        try:
            opened.append(stack.connect(Key(stack.own, 0, target, port), srh, getting))
        except (SrhError, OSError) as error:
            getting.error = str(error)
            getting.done.set()

    def give_up() -> None:
        for stream in opened:
            stream.abort("too slow")

    begin = time.perf_counter()
    stack.call(begin_it)
    done = getting.done.wait(timeout)
    seconds = time.perf_counter() - begin
    if not done:
        stack.call(give_up)
        return getting.reader.result(seconds, f"not all of it within {timeout:g} s")
    return getting.reader.result(seconds, getting.error)
