# SPDX-License-Identifier: Apache-2.0
"""BMv2 without interfaces: frames go in and out through the gRPC data plane service of ``simple_switch_grpc``.

No privilege is needed, nothing is lost on the way in, frames may have any length but zero, and each frame that
comes out says which one caused it. A stream ends when the switch holds no packet any more, so the end of a
stream tells that its frames are done. What leaves between two streams is lost, so packets of the controller itself
do not come out, and packet tests cannot use it.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from harness.bed import Testbed, launched
from srv6cp.sync.launch import Launch

# Frames that may be under way: BMv2's queues hold 64 a port, and a frame may leave more than one copy there.
WINDOW = 32
PATIENCE = 60.0  # s for a window
RETRY_PAUSE = 0.02  # s


@cache
def messages() -> tuple[Any, Any]:
    """PacketStreamRequest and PacketStreamResponse of p4/bm/dataplane_interface.proto."""
    proto = descriptor_pb2.FileDescriptorProto(name="harness/dataplane.proto", package="p4.bm", syntax="proto3")
    kind = descriptor_pb2.FieldDescriptorProto
    for name in ("PacketStreamRequest", "PacketStreamResponse"):
        message = proto.message_type.add(name=name)
        types = (
            ("id", kind.TYPE_UINT64),
            ("device_id", kind.TYPE_UINT64),
            ("port", kind.TYPE_UINT32),
            ("packet", kind.TYPE_BYTES),
        )
        for number, (field, type_) in enumerate(types, 1):
            message.field.add(name=field, number=number, type=type_, label=kind.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(proto)
    found = [message_factory.GetMessageClass(pool.FindMessageTypeByName(f"p4.bm.{m.name}")) for m in proto.message_type]
    return found[0], found[1]


class FrameService:
    """The client of the data plane service at ``address``."""

    def __init__(self, address: str, device_id: int, alive: Callable[[], bool]) -> None:
        """``alive`` says whether the switch runs."""
        import grpc

        self.device_id = device_id
        self._alive = alive
        self._request, response = messages()
        self._channel = grpc.insecure_channel(address)
        self._unavailable = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED
        self._error = grpc.RpcError
        self._open = self._channel.stream_stream(
            "/p4.bm.DataplaneInterface/PacketStream", self._request.SerializeToString, response.FromString
        )
        self._ids = itertools.count(1)

    def exchange(self, frames: Iterable[tuple[int, bytes]]) -> list[list[tuple[int, bytes]]]:
        """Send (port, frame) pairs; what left because of each: (port, frame) pairs in their order.

        Returns when the switch is done with all of them. More than WINDOW are sent in several rounds. A frame of
        no bytes never gets into the switch.
        """
        frames = list(frames)
        found: list[list[tuple[int, bytes]]] = []
        for start in range(0, len(frames), WINDOW):
            found += self._round(frames[start : start + WINDOW])
        return found

    def _round(self, frames: Sequence[tuple[int, bytes]]) -> list[list[tuple[int, bytes]]]:
        first = next(self._ids)
        requests = [
            self._request(id=first if not i else next(self._ids), device_id=self.device_id, port=port, packet=frame)
            for i, (port, frame) in enumerate(frames)
        ]
        found: list[list[tuple[int, bytes]]] = [[] for _ in frames]
        end = time.monotonic() + PATIENCE
        while True:
            try:
                for response in self._open(iter(requests), timeout=PATIENCE):
                    found[response.id - first].append((response.port, response.packet))
                return found
            except self._error as error:
                # the switch starts, or has not yet closed the stream before this one: nothing was taken in
                refused = error.code() in self._unavailable
                if not refused or not self._alive() or time.monotonic() > end:
                    raise
                time.sleep(RETRY_PAUSE)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


class Bmv2:
    """``simple_switch_grpc`` without a program; ``frames`` are its ports, ``address`` its P4Runtime server."""

    def __init__(self, device_id: int = 1) -> None:
        """Raises Unavailable."""
        self._folder = tempfile.TemporaryDirectory(prefix="srv6-bmv2-")
        self.address = f"unix:{self._folder.name}/p4runtime"
        frames = f"unix:{self._folder.name}/frames"
        launch = Launch("bmv2", self.address, device_id, target_flags=("--dp-grpc-server-addr", frames))
        try:
            self.process = launched(launch, Path(self._folder.name, "switch.log"))
        except BaseException:
            self._folder.cleanup()
            raise
        self.frames = FrameService(frames, device_id, lambda: self.process.alive)

    def close(self) -> None:
        """Stop the switch."""
        self.frames.close()
        self.process.stop()
        self._folder.cleanup()


class Bmv2Grpc(Testbed):
    """BMv2 as a switch for frames, its ports being gRPC; what a controller sends does not come out."""

    name = "bmv2"
    synchronous = False
    lossless = True

    def __init__(self) -> None:
        super().__init__()
        self._switch = Bmv2(self.device_id)
        self.address = self._switch.address

    def _send(self, port: int, frame: bytes) -> None:
        self._exchange([(port, frame)])

    def send_all(self, frames: Sequence[tuple[int, bytes]]) -> None:
        """Like ``send`` for each of the (port, frame) pairs; returns when the switch is done with all of them."""
        self.sent += len(frames)
        self._exchange(frames)

    def _exchange(self, frames: Sequence[tuple[int, bytes]]) -> None:
        for outputs in self._switch.frames.exchange(frames):
            for port, frame in outputs:
                self._arrived(port, frame)

    def alive(self) -> bool:
        """Whether the switch process runs."""
        return self._switch.process.alive

    def last_words(self) -> str:
        return self._switch.process.tail()

    def close(self) -> None:
        self._switch.close()
