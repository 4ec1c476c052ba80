# SPDX-License-Identifier: Apache-2.0
"""A P4Runtime server in memory for tests of the client: it stores entities and says what it is told to say.

It checks no semantics but keys (ALREADY_EXISTS, NOT_FOUND) and election ids, so that a test of the client
does not depend on a switch. Hooks: ``abort`` fails a whole Write, ``style`` picks how errors of updates are
reported ("spec", "sparse", "bare": see ``_report``).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf import any_pb2

from p4rtlib.protos import p4runtime_pb2 as pb
from p4rtlib.protos import status_pb2

__all__ = ["FakeServer"]

_ERROR_TYPE = "type.googleapis.com/p4.v1.Error"


class FakeServer:
    """Starts on a free loopback port; a context manager. ``entities`` maps keys to protobuf entities."""

    def __init__(self, port: int = 0, credentials: grpc.ServerCredentials | None = None) -> None:
        self.entities: dict[tuple[Any, ...], Any] = {}
        self.pipeline: Any = None
        self.abort: tuple[grpc.StatusCode, str] | None = None
        self.style = "spec"
        self.silent = False  # answer about a missing pipeline with nothing, as specified, not with an error
        self.writes: list[Any] = []
        self.reads: list[Any] = []
        self.received: queue.Queue[Any] = queue.Queue()
        self._streams: dict[int, queue.SimpleQueue[Any]] = {}
        self._elections: dict[int, int] = {}
        self._lock = threading.RLock()
        self._server = grpc.server(ThreadPoolExecutor(max_workers=16), options=[("grpc.max_metadata_size", 16 << 20)])
        self._server.add_generic_rpc_handlers((_handler(self),))
        address = f"127.0.0.1:{port}"
        self.port = (
            self._server.add_secure_port(address, credentials)
            if credentials
            else self._server.add_insecure_port(address)
        )
        self._server.start()

    @property
    def address(self) -> str:
        """``host:port`` of this server."""
        return f"127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Drop every connection, as a switch that dies."""
        with self._lock:
            for stream in self._streams.values():
                stream.put(None)
        self._server.stop(0).wait()

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def push(self, message: Any) -> None:
        """Send a StreamMessageResponse to every client."""
        with self._lock:
            for stream in self._streams.values():
                stream.put(message)

    # --- methods of the service -------------------------------------------------------------------------

    def write(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.writes.append(request)
        if self.abort:
            context.abort(*self.abort)
        if self._elections and _number(request.election_id) != max(self._elections.values()):
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "Not primary")
        reports = []
        for update in request.updates:
            code, message = self._apply(update)
            reports.append(pb.Error(canonical_code=code, message=message))
        if any(report.canonical_code for report in reports):
            self._report(reports, context)
        return pb.WriteResponse()

    def read(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        self.reads.append(request)
        found = []
        for pattern in request.entities:
            kind = pattern.WhichOneof("entity")
            if kind in ("register_entry", "value_set_entry"):
                context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{kind} reads are not supported yet")
            found += [e for e in self.entities.values() if _matches(pattern, e)]
        for start in range(0, len(found), 3):  # several responses, as a switch sends
            yield pb.ReadResponse(entities=found[start : start + 3])

    def set_pipeline(self, request: Any, context: grpc.ServicerContext) -> Any:
        if request.config.p4_device_config == b"bad":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not a BMv2 JSON")
        self.pipeline = request.config
        self.entities.clear()
        return pb.SetForwardingPipelineConfigResponse()

    def get_pipeline(self, request: Any, context: grpc.ServicerContext) -> Any:
        if self.pipeline is None and self.silent:
            return pb.GetForwardingPipelineConfigResponse()
        if self.pipeline is None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "No forwarding pipeline config set for this device")
        return pb.GetForwardingPipelineConfigResponse(config=self.pipeline)

    def capabilities(self, request: Any, context: grpc.ServicerContext) -> Any:
        return pb.CapabilitiesResponse(p4runtime_api_version="1.5.0")

    def stream(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        out: queue.SimpleQueue[Any] = queue.SimpleQueue()
        me = id(out)

        def receive() -> None:
            try:
                for message in requests:
                    if message.WhichOneof("update") == "arbitration":
                        if not self._arbitrate(me, out, _number(message.arbitration.election_id)):
                            return
                    else:
                        self.received.put(message)
            except Exception:  # the call ended
                pass
            finally:
                out.put(None)

        threading.Thread(target=receive, daemon=True).start()
        try:
            while (message := out.get()) is not None:
                if isinstance(message, str):
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)
                yield message
        finally:
            with self._lock:
                self._streams.pop(me, None)
                if self._elections.pop(me, None) is not None:
                    self._notify()

    # --- inside ------------------------------------------------------------------------------------------

    def _arbitrate(self, me: int, out: Any, election: int) -> bool:
        with self._lock:
            if any(value == election for key, value in self._elections.items() if key != me):
                out.put("Election id already exists")
                return False
            self._streams[me] = out
            self._elections[me] = election
            self._notify()
            return True

    def _notify(self) -> None:
        highest = max(self._elections.values(), default=0)
        for key, out in self._streams.items():
            message = pb.StreamMessageResponse()
            message.arbitration.election_id.high = highest >> 64
            message.arbitration.election_id.low = highest & (1 << 64) - 1
            message.arbitration.status.code = 0 if self._elections.get(key) == highest else 6
            out.put(message)

    def _apply(self, update: Any) -> tuple[int, str]:
        key = _key(update.entity)
        if update.type == 1 and key in self.entities:
            return 6, "Match entry exists, use MODIFY if you wish to change action"
        if update.type != 1 and key not in self.entities and _inserted(update.entity):
            return 5, "Cannot find match entry"
        if update.type == 3:
            del self.entities[key]
        else:
            self.entities[key] = update.entity
        return 0, ""

    def _report(self, reports: list[Any], context: grpc.ServicerContext) -> None:
        """Fail the call: "spec" one Error an update, "sparse" up to the last failed, "bare" none."""
        status = status_pb2.Status(code=2, message="")
        if self.style == "sparse":
            last = max(i for i, report in enumerate(reports) if report.canonical_code)
            reports = reports[: last + 1]
        if self.style != "bare":
            for report in reports:
                status.details.append(any_pb2.Any(type_url=_ERROR_TYPE, value=report.SerializeToString()))
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, "" if self.style != "bare" else "something failed")


def _handler(server: FakeServer) -> grpc.GenericRpcHandler:
    def unary(name: str, call: Any) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(
            call, getattr(pb, f"{name}Request").FromString, getattr(pb, f"{name}Response").SerializeToString
        )

    return grpc.method_handlers_generic_handler(
        "p4.v1.P4Runtime",
        {
            "Write": unary("Write", server.write),
            "SetForwardingPipelineConfig": unary("SetForwardingPipelineConfig", server.set_pipeline),
            "GetForwardingPipelineConfig": unary("GetForwardingPipelineConfig", server.get_pipeline),
            "Capabilities": unary("Capabilities", server.capabilities),
            "Read": grpc.unary_stream_rpc_method_handler(
                server.read, pb.ReadRequest.FromString, pb.ReadResponse.SerializeToString
            ),
            "StreamChannel": grpc.stream_stream_rpc_method_handler(
                server.stream, pb.StreamMessageRequest.FromString, pb.StreamMessageResponse.SerializeToString
            ),
        },
    )


def _number(election: Any) -> int:
    return int(election.high) << 64 | int(election.low)


def _inserted(entity: Any) -> bool:
    """Whether an entity comes to be by INSERT, as opposed to counters, meters and default entries."""
    kind = entity.WhichOneof("entity")
    return not (kind.endswith(("counter_entry", "meter_entry")) or entity.table_entry.is_default_action)


def _key(entity: Any) -> tuple[Any, ...]:
    """What identifies an entity: kind, then parts of which a falsy one in a read pattern means any."""
    kind = entity.WhichOneof("entity")
    message = getattr(entity, kind)
    if kind == "packet_replication_engine_entry":
        part = message.WhichOneof("type")
        entry = getattr(message, part)
        return part, entry.session_id if part == "clone_session_entry" else entry.multicast_group_id
    if kind in ("action_profile_member", "action_profile_group"):
        return kind, message.action_profile_id, message.member_id if "member" in kind else message.group_id
    if kind in ("table_entry", "direct_counter_entry", "direct_meter_entry"):
        entry = message if kind == "table_entry" else message.table_entry
        if entry.is_default_action:
            return f"default {kind}", entry.table_id
        return kind, entry.table_id, b"".join(m.SerializeToString() for m in entry.match), entry.priority
    id_ = getattr(message, f"{kind.removesuffix('_entry')}_id")
    indexed = kind in ("counter_entry", "meter_entry", "register_entry")
    return kind, id_, str(message.index.index) if indexed and message.HasField("index") else ""


def _matches(pattern: Any, entity: Any) -> bool:
    wanted, held = _key(pattern), _key(entity)
    return wanted[0] == held[0] and all(w in (0, "", b"", h) for w, h in zip(wanted, held, strict=True))
