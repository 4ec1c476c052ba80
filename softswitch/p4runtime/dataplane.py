# SPDX-License-Identifier: Apache-2.0
"""Frames over gRPC instead of interfaces: BMv2's service ``p4.bm.DataplaneInterface`` (``--dp-grpc-server-addr``).

``PacketStream``: (1 id, 2 device id, 3 port, 4 packet) in, the same out for each frame that leaves, with the id of the
frame that caused it, or 0.  One stream at a time; what leaves while there is none is lost.  A frame of another device
id or of no bytes is passed over.  The stream ends when the client has ended its side and every frame of it is done.

``SetPortOperStatus``: (1 device id, 2 port, 3 status: 1 down, 2 up).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["DataplaneService"]

#: Frames that may wait for a slow client; those of the stream's own thread wait with it, others are dropped.
MAX_QUEUED = 4096
#: Seconds between looks whether a client that does not read is still there.
_LOOK = 0.5


def _messages() -> dict[str, Any]:
    kind = descriptor_pb2.FieldDescriptorProto
    frame = {"id": kind.TYPE_UINT64, "device_id": kind.TYPE_UINT64, "port": kind.TYPE_UINT32, "packet": kind.TYPE_BYTES}
    # an enum has the encoding of an int32
    status = {"device_id": kind.TYPE_UINT64, "port": kind.TYPE_UINT32, "oper_status": kind.TYPE_INT32}
    wanted: dict[str, dict[str, Any]] = {
        "PacketStreamRequest": frame,
        "PacketStreamResponse": frame,
        "SetPortOperStatusRequest": status,
        "SetPortOperStatusResponse": {},
    }
    proto = descriptor_pb2.FileDescriptorProto(name="softswitch/dataplane.proto", package="p4.bm", syntax="proto3")
    for name, fields in wanted.items():
        message = proto.message_type.add(name=name)
        for number, (field, type_) in enumerate(fields.items(), 1):
            message.field.add(name=field, number=number, type=type_, label=kind.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(proto)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"p4.bm.{name}")) for name in wanted}


_DOWN, _UP = 1, 2


class Ports(Protocol):
    """The ports of a switch: :class:`softswitch.io.switchboard.Switchboard`."""

    def attach_all(self, sender: Callable[[int, bytes], None]) -> None: ...
    def add(self, number: int) -> Any: ...
    def receive(self, port: Any, frame: bytes) -> None: ...
    def set_up(self, number: int, up: bool) -> None: ...


class DataplaneService:
    """All ports of a switch, over gRPC."""

    def __init__(self, board: Ports, device_id: int) -> None:
        self.board = board
        self.device_id = device_id
        self._messages = _messages()
        self._lock = threading.Lock()
        self._stream: queue.Queue[Any] | None = None
        #: of the thread that processes a frame: its id
        self._cause = threading.local()
        board.attach_all(self._left)

    def handler(self) -> grpc.GenericRpcHandler[Any, Any]:
        """The service for ``grpc.Server.add_generic_rpc_handlers``."""
        messages = self._messages

        def serialize(message: Any) -> bytes:
            return bytes(message.SerializeToString())

        return grpc.method_handlers_generic_handler(
            "p4.bm.DataplaneInterface",
            {
                "PacketStream": grpc.stream_stream_rpc_method_handler(
                    self._packet_stream, messages["PacketStreamRequest"].FromString, serialize
                ),
                "SetPortOperStatus": grpc.unary_unary_rpc_method_handler(
                    self._set_port, messages["SetPortOperStatusRequest"].FromString, serialize
                ),
            },
        )

    def _set_port(self, request: Any, context: grpc.ServicerContext) -> Any:
        if request.device_id != self.device_id:
            context.abort(grpc.StatusCode.NOT_FOUND, f"device id {request.device_id}; this is device {self.device_id}")
        if request.port > 511 or request.oper_status not in (_DOWN, _UP):
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, "a port in 0..511 and a status of 1 (down) or 2 (up) are needed"
            )
        self.board.set_up(request.port, request.oper_status == _UP)
        return self._messages["SetPortOperStatusResponse"]()

    def _packet_stream(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        waiting: queue.Queue[Any] = queue.Queue(MAX_QUEUED)
        with self._lock:
            taken = self._stream is not None
            if not taken:
                self._stream = waiting
        if taken:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "another client has the stream; there is one at a time")
        reader = threading.Thread(target=self._read, args=(requests, context, waiting), daemon=True)
        reader.start()
        try:
            while (message := waiting.get()) is not None:
                yield message
        finally:
            with self._lock:
                self._stream = None

    def _read(self, requests: Iterator[Any], context: grpc.ServicerContext, waiting: queue.Queue[Any]) -> None:
        try:
            for request in requests:
                if request.device_id == self.device_id and request.packet and request.port < 512:
                    self._cause.id, self._cause.context = request.id, context
                    self.board.receive(self.board.add(request.port), request.packet)
        except grpc.RpcError:
            pass  # the client is gone
        except Exception:
            # gRPC raises plain exceptions out of the iterator as well when the client is gone
            if context.is_active():
                raise
        finally:
            self._put(waiting, None, context)

    def _left(self, port: int, frame: bytes) -> None:
        """A frame leaves; ``OSError`` where it is lost."""
        with self._lock:
            waiting = self._stream
        if waiting is None:
            raise OSError("no client has the stream of frames")
        message = self._messages["PacketStreamResponse"](
            id=getattr(self._cause, "id", 0), device_id=self.device_id, port=port, packet=frame
        )
        context = getattr(self._cause, "context", None)
        if context is not None:
            self._put(waiting, message, context)
            return
        try:
            waiting.put_nowait(message)
        except queue.Full:
            raise OSError("the client does not keep up") from None

    @staticmethod
    def _put(waiting: queue.Queue[Any], message: Any, context: grpc.ServicerContext) -> None:
        """Queue a message, for as long as the client is there to read."""
        while True:
            try:
                waiting.put(message, timeout=_LOOK)
                return
            except queue.Full:
                if not context.is_active():
                    return
