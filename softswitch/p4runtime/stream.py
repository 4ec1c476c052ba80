# SPDX-License-Identifier: Apache-2.0
"""One ``StreamChannel``: a queue towards the client and a thread that reads from it."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from p4rtlib.protos import code_pb2
from softswitch.p4runtime.errors import Fault

__all__ = ["MAX_QUEUED", "Stream"]

_log = logging.getLogger(__name__)

#: Packet-ins, digests and notifications that may wait for a slow client; further ones are dropped and
#: counted.
MAX_QUEUED = 4096
#: Their bytes; a client that leaves answers to its own messages unread beyond that is ended.
MAX_QUEUED_BYTES = 4 << 20


class _End:
    """Queued to end the stream; with a fault when the server ends it."""

    def __init__(self, fault: Fault | None = None) -> None:
        self.fault = fault


class Stream:
    """A stream and what is queued for its client.

    ``handle`` gets every request of the client, in the reading thread; a ``Fault`` from it ends the stream
    with that status.  ``closed`` is called once when the stream is over.
    """

    def __init__(
        self,
        requests: Iterator[Any],
        context: grpc.ServicerContext,
        handle: Callable[[Stream, Any], None],
        closed: Callable[[Stream], None],
    ) -> None:
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._waiting = 0  # bytes
        self._lock = threading.Lock()
        self._requests = requests
        self._context = context
        self._handle = handle
        self._closed = closed
        self._done = threading.Lock()
        self.dropped = 0
        self.peer = context.peer()
        self.opened = time.monotonic()
        self._ended_at: float | None = None

    def send(self, message: Any) -> None:
        """Queue a message that must arrive (arbitration)."""
        if not self._put(message):
            text = f"{MAX_QUEUED_BYTES >> 20} MiB of messages wait for this client to read them"
            self.end(Fault(code_pb2.RESOURCE_EXHAUSTED, text))

    def offer(self, message: Any) -> bool:
        """Queue a message that may be lost when the client does not keep up; false when it was."""
        if self._queue.qsize() >= MAX_QUEUED or not self._put(message):
            self.dropped += 1
            return False
        return True

    def _put(self, message: Any) -> bool:
        data = bytes(message.SerializeToString())  # a message in memory is many times its size
        with self._lock:
            if self._waiting and self._waiting + len(data) > MAX_QUEUED_BYTES:
                return False
            self._waiting += len(data)
        self._queue.put(data)
        return True

    def end(self, fault: Fault | None = None) -> None:
        """End the stream, with the status of ``fault``."""
        if self._ended_at is None:
            self._ended_at = time.monotonic()
        self._queue.put(_End(fault))

    def end_unread(self, patience: float) -> None:
        """Cancel the RPC when the client has not taken its end within ``patience`` seconds."""
        if self._ended_at is not None and time.monotonic() - self._ended_at > patience:
            self._context.cancel()  # type: ignore[no-untyped-call]

    def run(self) -> Iterator[bytes]:
        """The responses, serialised; returns when either side ended the stream."""
        if not self._context.add_callback(lambda: self._queue.put(_End())):
            return
        threading.Thread(target=self._read, name=f"stream {self.peer}", daemon=True).start()
        _log.info("stream from %s opened", self.peer)
        try:
            while True:
                item = self._queue.get()
                if isinstance(item, _End):
                    if item.fault is not None:
                        self._leave()
                        self._context.abort(item.fault.grpc_code, item.fault.message)
                    return
                with self._lock:
                    self._waiting -= len(item)
                yield item
        finally:
            self._leave()

    def _leave(self) -> None:
        if self._done.acquire(blocking=False):
            _log.info("stream from %s closed", self.peer)
            self._closed(self)

    def _read(self) -> None:
        try:
            for request in self._requests:
                self._handle(self, request)
        except Fault as fault:
            self.end(fault)
        except Exception as error:
            # gRPC raises out of the iterator when the client is gone.
            if self._context.is_active():
                _log.exception("stream from %s", self.peer)
                self.end(Fault(13, f"internal error: {type(error).__name__}: {error}"))
            else:
                self.end()
        else:
            self.end()
