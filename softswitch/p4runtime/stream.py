# SPDX-License-Identifier: Apache-2.0
"""One ``StreamChannel``: a queue towards the client and a thread that reads from it."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from softswitch.p4runtime.errors import Fault

__all__ = ["MAX_QUEUED", "Stream"]

_log = logging.getLogger(__name__)

#: Packet-ins, digests and notifications that may wait for a slow client; further ones are dropped and
#: counted.
MAX_QUEUED = 4096


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
        self._requests = requests
        self._context = context
        self._handle = handle
        self._closed = closed
        self._done = threading.Lock()
        self.dropped = 0
        self.peer = context.peer()

    def send(self, message: Any) -> None:
        """Queue a message that must arrive (arbitration)."""
        self._queue.put(message)

    def offer(self, message: Any) -> bool:
        """Queue a message that may be lost when the client does not keep up; false when it was."""
        if self._queue.qsize() >= MAX_QUEUED:
            self.dropped += 1
            return False
        self._queue.put(message)
        return True

    def end(self, fault: Fault | None = None) -> None:
        """End the stream, with the status of ``fault``."""
        self._queue.put(_End(fault))

    def run(self) -> Iterator[Any]:
        """The responses; returns when either side ended the stream."""
        if not self._context.add_callback(lambda: self._queue.put(_End())):
            return
        threading.Thread(target=self._read, name=f"stream {self.peer}", daemon=True).start()
        _log.info("stream from %s opened", self.peer)
        try:
            while True:
                message = self._queue.get()
                if isinstance(message, _End):
                    if message.fault is not None:
                        self._leave()
                        self._context.abort(message.fault.grpc_code, message.fault.message)
                    return
                yield message
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
