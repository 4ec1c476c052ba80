# SPDX-License-Identifier: Apache-2.0
"""What clients' messages may take of the memory while they come in and are taken apart.

gRPC holds a message as it came, protobuf makes up to some 25 times as much of it (a repeated field of empty messages).
So few requests are received at a time, and of all that is taken apart the bytes are counted: what does not fit waits
for its turn, in the order of arrival.  Messages of ordinary size pay nothing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import grpc

__all__ = ["MAX_MESSAGE", "Intake"]

#: Longest message, bytes, unless the switch is told otherwise: what gRPC servers take by default.
MAX_MESSAGE = 4 << 20
#: Requests that are received at a time.
RECEIVING = 4
#: A request that others wait for is given so many seconds to come in.
PATIENCE = 2.0
#: Messages of up to so many bytes are not counted.
ORDINARY = 64 << 10


class Rpc(Protocol):
    """The RPC that a message belongs to."""

    def cancel(self) -> object: ...
    def is_active(self) -> bool: ...


class Intake:
    """The messages of all clients of a server; ``limit``: bytes that are taken apart at a time."""

    def __init__(self, limit: int = MAX_MESSAGE) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        self._receiving: dict[Rpc, float] = {}
        self._received: set[Rpc] = set()
        self._waiting: deque[object] = deque()
        self._bytes = 0

    def unary(
        self,
        call: Callable[[bytes, grpc.ServicerContext], Any],
        response_serializer: Callable[[Any], bytes] | None = None,
    ) -> grpc.RpcMethodHandler[Any, Any]:
        """The handler of an RPC with one request and one answer."""

        def answer(messages: Iterator[bytes], context: grpc.ServicerContext) -> Any:
            with self.request(messages, context) as data:
                return call(data, context)

        # On the wire it is the same; gRPC does not receive the message before it is asked for.
        return grpc.stream_unary_rpc_method_handler(answer, response_serializer=response_serializer)

    @contextmanager
    def request(self, messages: Iterator[bytes], rpc: Rpc) -> Iterator[bytes]:
        """The one message of a request, for as long as it is used; empty, as one without a field is, when its client
        went away."""
        data = b""
        try:
            if self._sit_down(rpc):
                data = next(messages, b"")
                with self._changed:
                    self._receiving.pop(rpc, None)
                    self._received.add(rpc)
            with self._changed:
                self._take_turn(len(data))
        finally:
            with self._changed:
                self._receiving.pop(rpc, None)
                self._received.discard(rpc)
                self._changed.notify_all()
        try:
            yield data
        finally:
            self._end_turn(len(data))

    @contextmanager
    def turn(self, size: int) -> Iterator[None]:
        """A message of a stream, of ``size`` bytes, is taken apart, and what is made of it is used."""
        with self._changed:
            self._take_turn(size)
        try:
            yield
        finally:
            self._end_turn(size)

    def _sit_down(self, rpc: Rpc) -> bool:
        """Wait for one of the places, and take that of a client that does not send; false when ``rpc`` is over."""
        with self._changed:
            while len(self._receiving) + len(self._received) >= RECEIVING:
                slowest, since = next(iter(self._receiving.items()), (None, time.monotonic()))
                rest = since + PATIENCE - time.monotonic()
                if slowest is not None and rest <= 0:
                    del self._receiving[slowest]
                    slowest.cancel()
                else:
                    self._changed.wait(rest)
                if not rpc.is_active():
                    return False
            self._receiving[rpc] = time.monotonic()
            return True

    def _take_turn(self, size: int) -> None:
        if size <= ORDINARY:
            return
        size = min(size, self._limit)
        ticket = object()
        self._waiting.append(ticket)
        while self._waiting[0] is not ticket or self._bytes + size > self._limit:
            self._changed.wait()
        self._waiting.popleft()
        self._bytes += size

    def _end_turn(self, size: int) -> None:
        if size > ORDINARY:
            with self._changed:
                self._bytes -= min(size, self._limit)
                self._changed.notify_all()
