# SPDX-License-Identifier: Apache-2.0
"""gRPC service ``softswitch.v1.Debug``: traces and counts, for ``srv6 trace`` and for people.

Unary methods whose request and response are JSON texts (UTF-8), so that a client needs no generated code::

    call = channel.unary_unary("/softswitch.v1.Debug/Trace")
    tree = json.loads(call(json.dumps({"port": 1, "frame": "0200..."}).encode()))

``Trace``  {"port": N, "frame": HEX}
           -> {"port", "frame", "steps": [...], "text": the tree for people}: what would happen; nothing is sent,
           counted or changed, since whoever reaches the switch may ask, the primary or not
``Stats``  {}  -> {"ports": {"1": {"name", "up", "rx_packets", ...}}, "device": {"received", ...},
           "packet_ins_dropped", "events_dropped", "unattached"}
``Info``   {}  -> {"program", "device_id", "cpu_port", "drop_port", "engine", "version"}

and one that goes on until the client ends it:

``Ports``  {}  -> {"ports": {"1": {"name", "up"}, ...}}, at once and whenever something of it has changed
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import grpc

from softswitch.device import Device, DeviceError
from softswitch.p4runtime.errors import Fault, invalid
from softswitch.p4runtime.intake import Intake

__all__ = ["MAX_WATCHERS", "SERVICE", "PortFeed", "debug_handler", "decode_request"]

SERVICE = "softswitch.v1.Debug"

#: Clients that may watch the ports at a time; each needs a thread.
MAX_WATCHERS = 8


class PortFeed:
    """States of the ports for clients that wait for changes. ``changed`` may be called by any thread."""

    def __init__(self, states: Callable[[], Mapping[str, Any]]) -> None:
        self._states = states
        self._changed = threading.Condition()
        self._watchers = 0

    def changed(self) -> None:
        """Something may be different now."""
        with self._changed:
            self._changed.notify_all()

    def watch(self, context: grpc.ServicerContext) -> Iterator[bytes]:
        """The answers of ``Ports``."""
        with self._changed:
            if self._watchers >= MAX_WATCHERS:
                context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, f"{MAX_WATCHERS} clients watch the ports already")
            self._watchers += 1
        try:
            context.add_callback(self.changed)  # wakes this up when the client has gone
            told: Mapping[str, Any] | None = None
            states = told
            while context.is_active():
                with self._changed:
                    # Looked at under the lock, so that no change slips in between.
                    while context.is_active() and (states := self._states()) == told:
                        self._changed.wait()
                if states != told:
                    told = states
                    yield json.dumps({"ports": states}).encode()
        finally:
            with self._changed:
                self._watchers -= 1


def debug_handler(
    device: Device,
    stats: Callable[[], Mapping[str, Any]],
    info: Callable[[], Mapping[str, Any]],
    ports: PortFeed,
    intake: Intake,
) -> grpc.GenericRpcHandler[Any, Any]:
    """The service for ``grpc.Server.add_generic_rpc_handlers``."""

    def trace(request: Mapping[str, Any]) -> Mapping[str, Any]:
        port, frame = _trace_arguments(request)
        found = device.trace(port, frame, dry=True)
        tree: dict[str, Any] = json.loads(found.to_json())
        tree["text"] = found.to_text()
        return tree

    def unary(method: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> grpc.RpcMethodHandler[Any, Any]:
        def call(data: bytes, context: grpc.ServicerContext) -> bytes:
            try:
                return json.dumps(method(decode_request(data))).encode()
            except Fault as fault:
                context.abort(fault.grpc_code, fault.message)
            except DeviceError as error:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            raise AssertionError("abort returned")

        return intake.unary(call)

    def watch(messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        with intake.request(messages, context):
            pass
        return ports.watch(context)

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "Trace": unary(trace),
            "Stats": unary(lambda request: stats()),
            "Info": unary(lambda request: info()),
            "Ports": grpc.stream_stream_rpc_method_handler(watch),
        },
    )


def decode_request(data: bytes) -> Mapping[str, Any]:
    """The JSON object of a request; an empty request is an empty object."""
    try:
        request = json.loads(data.decode() or "{}")
    except (ValueError, RecursionError) as error:
        raise invalid(f"the request is not JSON: {error}") from None
    if not isinstance(request, dict):
        raise invalid("the request is not a JSON object")
    return request


def _trace_arguments(request: Mapping[str, Any]) -> tuple[int, bytes]:
    port, frame = request.get("port"), request.get("frame")
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port < 512:
        raise invalid(f"port {port!r}: a number in 0..511 is needed")
    if not isinstance(frame, str):
        raise invalid("frame: the bytes of the frame in hexadecimal are needed")
    try:
        return port, bytes.fromhex(frame)
    except ValueError:
        raise invalid("frame: not a hexadecimal string") from None
