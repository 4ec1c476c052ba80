# SPDX-License-Identifier: Apache-2.0
"""The P4Runtime service of one device (P4Runtime 1.5).

Threads: gRPC's pool runs the RPCs, two of its threads a stream; one housekeeping thread handles idle timeouts
and digest lists.  Locks, always taken in this order: the arbiter's, the state lock (``Write``, ``Read``,
pipeline changes), the device's.  Packet threads take only the device's lock and put messages into the queue
of a stream, so packets never wait for a controller.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError

from p4rtlib import barrier
from p4rtlib.errors import one_line
from p4rtlib.protos import code_pb2, p4runtime_pb2
from softswitch.bmv2json import ProgramError, load_program
from softswitch.device import Device, DeviceError
from softswitch.p4runtime.arbitration import MAX_STREAMS, Arbiter, election_of
from softswitch.p4runtime.errors import (
    SPACE,
    Fault,
    Results,
    batch_status,
    failed_precondition,
    invalid,
    not_found,
    permission_denied,
    resource_exhausted,
)
from softswitch.p4runtime.intake import Intake
from softswitch.p4runtime.packetio import decode_packet_out, encode_packet_in
from softswitch.p4runtime.pipeline import Pipeline
from softswitch.p4runtime.reads import Reading, Reads
from softswitch.p4runtime.references import References
from softswitch.p4runtime.schema import Schema
from softswitch.p4runtime.stream import Stream
from softswitch.p4runtime.verify import verify

__all__ = ["API_VERSION", "P4RuntimeServer"]

_log = logging.getLogger(__name__)

#: Version of the specification this server implements.
API_VERSION = "1.5.0"
#: Updates in one ``Write``, and entities in one ``Read``: each may fail with a message of its own.
MAX_UPDATES = 1 << 17
MAX_ENTITIES = 1 << 14
#: Bytes of a message in a stream: the longest packet-out is a frame of 64 KiB.
MAX_STREAM_MESSAGE = 256 << 10
#: Entities in one ``ReadResponse``.
READ_BATCH = 500
#: A stream says within so many seconds who it is, or is ended.
FIRST_MESSAGE = 30
#: Housekeeping period, seconds; also the resolution of idle timeouts and digest timeouts.
TICK = 0.02

_SET = p4runtime_pb2.SetForwardingPipelineConfigRequest
_GET = p4runtime_pb2.GetForwardingPipelineConfigRequest


class P4RuntimeServer:
    """Serves one :class:`Device`.

    ``make_device`` makes an empty device like it, for programs that are verified or saved and not yet
    committed.
    ``port_is_up`` tells the state of a port (watch ports); call :meth:`port_changed` when it changes.
    """

    def __init__(
        self,
        device: Device,
        device_id: int = 0,
        *,
        make_device: Callable[[], Device] | None = None,
        port_is_up: Callable[[int], bool] = lambda port: True,
        intake: Intake | None = None,
    ) -> None:
        self.device = device
        self.intake = intake or Intake()
        self.device_id = device_id
        self._make_device = make_device or (lambda: Device(cpu_port=device.cpu_port, drop_port=device.drop_port))
        self._port_is_up = port_is_up
        self._state = threading.RLock()
        self.arbiter = Arbiter(device_id, self._state)
        self._pipeline: Pipeline | None = None
        self._config: Any | None = None
        self._saved: tuple[Any, Pipeline] | None = None
        self._admission = threading.Lock()
        self._stop = threading.Event()
        self._housekeeper: threading.Thread | None = None
        self._streams: dict[Stream, None] = {}
        self._reads = Reads()
        self.dropped_packet_ins = 0
        device.on_digest(self._learned)

    # ------------------------------------------------------------------ life

    def start(self) -> None:
        """Start housekeeping."""
        self._housekeeper = threading.Thread(target=self._housekeeping, name="p4runtime housekeeping", daemon=True)
        self._housekeeper.start()

    def stop(self) -> None:
        """End all streams and housekeeping."""
        self._stop.set()
        for stream in list(self._streams):
            stream.end(Fault(code_pb2.UNAVAILABLE, "the switch is shutting down"))
        if self._housekeeper is not None:
            self._housekeeper.join(timeout=2)

    def handler(self) -> grpc.GenericRpcHandler[Any, Any]:
        """The service for ``grpc.Server.add_generic_rpc_handlers``.

        Requests are parsed here and not by gRPC, so that garbage gets ``INVALID_ARGUMENT`` like any bad
        request.
        """

        def unary(method: Callable[..., Any], request: Any) -> grpc.RpcMethodHandler[Any, Any]:
            return self.intake.unary(
                lambda data, context: self._guard(lambda: method(_parse(request, data), context), context),
                _serialize,
            )

        return grpc.method_handlers_generic_handler(
            "p4.v1.P4Runtime",
            {
                "Write": unary(self._write, p4runtime_pb2.WriteRequest),
                "Read": grpc.stream_stream_rpc_method_handler(self._receive_read),
                "SetForwardingPipelineConfig": unary(self._set_config, _SET),
                "GetForwardingPipelineConfig": unary(self._get_config, _GET),
                "StreamChannel": grpc.stream_stream_rpc_method_handler(self._stream_channel),
                "Capabilities": unary(self._capabilities, p4runtime_pb2.CapabilitiesRequest),
            },
        )

    @staticmethod
    def _guard(call: Callable[[], Any], context: grpc.ServicerContext) -> Any:
        """Run an RPC; faults become its status, a defect of the server ``INTERNAL``."""
        # An exception that a variable of a frame outlives holds that frame, and so the request, until some collection.
        try:
            return call()
        except Fault as error:
            code, message = error.grpc_code, error.message
        except _BatchError as failed:
            _abort_batch(failed.status, context)
        except DeviceError as error:
            code, message = grpc.StatusCode.INVALID_ARGUMENT, one_line(str(error))
        except Exception as error:
            _log.exception("request from %s", context.peer())
            text = f"internal error: {type(error).__name__}: {error}"
            code, message = grpc.StatusCode.INTERNAL, one_line(text)
        context.abort(code, message)
        raise AssertionError("abort returned")

    # ------------------------------------------------------------------ pipeline configuration

    @property
    def pipeline(self) -> Pipeline | None:
        """The pipeline that packets see."""
        return self._pipeline

    def load(self, p4info: Any, device_config: bytes, cookie: int | None = None) -> None:
        """Verify and commit a program without a client (command line, labs); ``Fault`` when it cannot be
        used."""
        config = p4runtime_pb2.ForwardingPipelineConfig(p4info=p4info, p4_device_config=device_config)
        if cookie is not None:
            config.cookie.cookie = cookie
        with self._state:
            self._commit(config, self._verify(config))

    @staticmethod
    def _verify(config: Any) -> Schema:
        """The schema of a configuration; ``INVALID_ARGUMENT`` when the target cannot realise it."""
        if not config.p4_device_config:
            raise invalid("config.p4_device_config is empty; it is the BMv2 JSON that p4c-bm2-ss writes")
        if not config.HasField("p4info"):
            raise invalid("config.p4info is not set")
        try:
            program = load_program(_json_of(config.p4_device_config))
        except ProgramError as error:
            raise invalid(f"p4_device_config: {error}") from None
        schema = verify(config.p4info, program)
        References(schema)  # raises for annotations that name no table
        return schema

    def _commit(self, config: Any, schema: Schema, updates: list[Any] | None = None) -> None:
        """Give the program to the device; with ``updates`` also that state."""
        with self.device.lock:
            try:
                self.device.load(schema.program)
            except ProgramError as error:
                raise invalid(f"p4_device_config: {error}") from None
            pipeline = self._new_pipeline(schema, self.device)
            if updates:
                pipeline.replay(updates)
            self._pipeline, self._config, self._saved = pipeline, config, None
        _log.info("program %s loaded: %d tables", schema.program.name or "(unnamed)", len(schema.tables))

    def _new_pipeline(self, schema: Schema, device: Device) -> Pipeline:
        return Pipeline(schema, device, send=self._offer_to_role, port_is_up=self._port_is_up)

    def _shadow(self, schema: Schema) -> Pipeline:
        """A pipeline on a device of its own: proof that the program can be realised."""
        device = self._make_device()
        try:
            device.load(schema.program)
        except ProgramError as error:
            raise invalid(f"p4_device_config: {error}") from None
        return self._new_pipeline(schema, device)

    def _set_config(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._check_device(request.device_id)
        with self._state:
            self.arbiter.check_primary(request.role, election_of(request))
            access = self.arbiter.access(request.role)
            if access is not None:
                access.check_push()
            action = request.action
            if action == _SET.COMMIT:
                if request.HasField("config"):
                    raise invalid("COMMIT takes no config: it realises the one that VERIFY_AND_SAVE left")
                if self._saved is None:
                    raise not_found("no saved config: COMMIT needs a VERIFY_AND_SAVE before it")
                config, shadow = self._saved
                self._commit(config, shadow.schema, shadow.everything())
            elif action in (
                _SET.VERIFY,
                _SET.VERIFY_AND_SAVE,
                _SET.VERIFY_AND_COMMIT,
                _SET.RECONCILE_AND_COMMIT,
            ):
                if not request.HasField("config"):
                    raise invalid(f"{_SET.Action.Name(action)} needs a config")
                schema = self._verify(request.config)
                if action == _SET.VERIFY_AND_COMMIT:
                    self._commit(request.config, schema)
                elif action == _SET.RECONCILE_AND_COMMIT:
                    self._reconcile(request.config, schema)
                else:
                    shadow = self._shadow(schema)
                    if action == _SET.VERIFY_AND_SAVE:
                        self._saved = (request.config, shadow)
            else:
                raise invalid(
                    f"action {action}; valid: VERIFY, VERIFY_AND_SAVE, VERIFY_AND_COMMIT, COMMIT, RECONCILE_AND_COMMIT"
                )
        return p4runtime_pb2.SetForwardingPipelineConfigResponse()

    def _reconcile(self, config: Any, schema: Schema) -> None:
        """Change the program and keep the state; ``INVALID_ARGUMENT`` when some of it does not fit the
        program."""
        if self._pipeline is None:
            self._commit(config, schema)
            return
        if _same_program(self._config, config):
            self._config, self._saved = config, None
            return
        updates = self._pipeline.everything()
        try:
            self._shadow(schema).replay(updates)
        except Fault as fault:
            raise invalid(f"the present state does not fit the new program: {fault.message}") from None
        self._commit(config, schema, updates)

    def _get_config(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._check_device(request.device_id)
        kind = request.response_type
        if kind not in _GET.ResponseType.values():
            raise invalid(f"response_type {kind}; valid: {', '.join(_GET.ResponseType.keys())}")
        response = p4runtime_pb2.GetForwardingPipelineConfigResponse()
        with self._state:
            config = self._saved[0] if self._saved else self._config
            if config is None:
                return response
            response.config.SetInParent()
            if kind in (_GET.ALL, _GET.P4INFO_AND_COOKIE):
                response.config.p4info.CopyFrom(config.p4info)
            if kind in (_GET.ALL, _GET.DEVICE_CONFIG_AND_COOKIE):
                response.config.p4_device_config = config.p4_device_config
            if config.HasField("cookie"):
                response.config.cookie.CopyFrom(config.cookie)
        return response

    # ------------------------------------------------------------------ Write, Read, Capabilities

    def _check_device(self, device_id: int) -> None:
        if device_id != self.device_id:
            raise not_found(f"device id {device_id} is not served here; this is device {self.device_id}")

    def _current(self) -> Pipeline:
        """The pipeline that reads and writes mean: the saved one when there is one."""
        pipeline = self._saved[1] if self._saved else self._pipeline
        if pipeline is None:
            raise failed_precondition("no forwarding pipeline config has been set")
        return pipeline

    def _write(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._check_device(request.device_id)
        if len(request.updates) > MAX_UPDATES:
            raise resource_exhausted(f"{len(request.updates)} updates in one Write; at most {MAX_UPDATES}")
        with self._state:
            self.arbiter.check_primary(request.role, election_of(request))
            access = self.arbiter.access(request.role)
            results = self._current().batch(request.updates, request.atomicity, request.role, access)
        failures = sum(result is not None for result in results)
        if failures:
            raise _BatchError(batch_status(f"{failures} of {len(results)} updates failed", results))
        return p4runtime_pb2.WriteResponse()

    def _receive_read(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> Any:
        with self.intake.request(messages, context) as data:
            return self._guard(lambda: self._read(_parse(p4runtime_pb2.ReadRequest, data), context), context)

    def _read(self, request: Any, context: grpc.ServicerContext) -> Iterator[bytes]:
        """What is read is the state of one moment, before or after any ``Write`` (section 12.3)."""
        self._check_device(request.device_id)
        if len(request.entities) > MAX_ENTITIES:
            raise resource_exhausted(f"{len(request.entities)} entities in one Read; at most {MAX_ENTITIES}")
        reading = self._reads.enter(context)
        found: list[Iterator[Any]] = []
        results = Results()
        try:
            with self._state:
                pipeline = self._current()
                access = self.arbiter.access(request.role)
                for wanted in request.entities:
                    try:
                        found.append(pipeline.read(wanted, request.role, access))
                        results.add()
                    except Fault as fault:
                        results.add(fault)
                    except DeviceError as error:
                        results.add(Fault(code_pb2.INTERNAL, str(error)))
        except BaseException:
            self._reads.leave(reading)
            raise
        return self._answer(reading, found, results.faults, context)

    def _answer(
        self,
        reading: Reading,
        found: list[Iterator[Any]],
        results: list[Fault | None],
        context: grpc.ServicerContext,
    ) -> Iterator[bytes]:
        """The responses, made as the client takes them."""
        try:
            entities = chain.from_iterable(found)
            while True:
                with self._reads.turn(reading):
                    response = p4runtime_pb2.ReadResponse(entities=islice(entities, READ_BATCH))
                    data = response.SerializeToString()
                if not data:
                    break
                yield data
        finally:
            self._reads.leave(reading)
        failures = sum(result is not None for result in results)
        if failures:
            _abort_batch(batch_status(f"{failures} of {len(results)} read requests failed", results), context)

    def _capabilities(self, request: Any, context: grpc.ServicerContext) -> Any:
        if request.device_id:
            self._check_device(request.device_id)
        return p4runtime_pb2.CapabilitiesResponse(p4runtime_api_version=API_VERSION)

    # ------------------------------------------------------------------ streams

    def _stream_channel(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        stream = Stream(requests, context, self._receive_stream, self._closed)
        with self._admission:
            if len(self._streams) >= MAX_STREAMS:
                self._make_room()
            full = len(self._streams) >= MAX_STREAMS
            if not full:
                self._streams[stream] = None
        if full:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, f"{MAX_STREAMS} streams are open, no more are served")
        return stream.run()

    def _make_room(self) -> None:
        """End the stream that has been waited for longest to say who it is."""
        for stream in self._streams:
            if self.arbiter.role_of(stream) is None:
                self._streams.pop(stream)
                stream.end(Fault(code_pb2.RESOURCE_EXHAUSTED, "others wait for a stream, and this one sent nothing"))
                return

    def _end_idle_streams(self) -> None:
        """Those that do not say who they are, and those that do not read."""
        limit = time.monotonic() - FIRST_MESSAGE
        for stream in list(self._streams):
            stream.end_unread(FIRST_MESSAGE)
            if stream.opened < limit and self.arbiter.role_of(stream) is None:
                text = f"no arbitration update within {FIRST_MESSAGE} s"
                stream.end(Fault(code_pb2.DEADLINE_EXCEEDED, text))

    def _closed(self, stream: Stream) -> None:
        self._streams.pop(stream, None)
        self.arbiter.leave(stream)

    def _receive_stream(self, stream: Stream, data: bytes) -> None:
        if len(data) > MAX_STREAM_MESSAGE:
            error = p4runtime_pb2.StreamMessageResponse()
            error.error.canonical_code = code_pb2.RESOURCE_EXHAUSTED
            error.error.message = f"a stream message of {len(data)} bytes; at most {MAX_STREAM_MESSAGE}"
            error.error.space = SPACE
            stream.offer(error)
            return
        with self.intake.turn(len(data)):
            self._request(stream, data)

    def _request(self, stream: Stream, data: bytes) -> None:
        request = _parse(p4runtime_pb2.StreamMessageRequest, data)
        which = request.WhichOneof("update")
        if which == "arbitration":
            self.arbiter.update(stream, request.arbitration)
            return
        if which is None:
            raise invalid("a stream message without content; valid: arbitration, packet, digest_ack")
        error = p4runtime_pb2.StreamMessageResponse()
        try:
            if which == "packet":
                error.error.packet_out.packet_out.CopyFrom(request.packet)
                self._packet_out(stream, request.packet)
            elif which == "digest_ack":
                error.error.digest_list_ack.digest_list_ack.CopyFrom(request.digest_ack)
                self._digest_ack(stream, request.digest_ack)
            elif (answer := barrier.answer(request)) is not None:
                if self._pipeline is not None:
                    self._pipeline.digests.send()  # they belong to what was sent before
                stream.send(answer)
            else:
                error.error.other.other.CopyFrom(request.other)
                raise invalid("this target has no architecture-specific stream messages but softswitch.v1.Barrier")
        except Fault as fault:
            error.error.canonical_code = fault.code
            error.error.message = fault.message
            error.error.space = SPACE
            stream.offer(error)

    def _packet_out(self, stream: Stream, message: Any) -> None:
        pipeline = self._pipeline
        if pipeline is None:
            raise failed_precondition("packet-out: no forwarding pipeline config has been set")
        self._must_be_primary(stream, "packet-out", pipeline.schema.packet_out)
        if self.device.cpu_port is None:
            raise failed_precondition("packet-out: the switch runs without CPU port; start it with --cpu-port")
        self.device.process(self.device.cpu_port, decode_packet_out(pipeline.schema, message))

    def _digest_ack(self, stream: Stream, message: Any) -> None:
        pipeline = self._pipeline
        if pipeline is None:
            raise failed_precondition("digest ack: no forwarding pipeline config has been set")
        self._must_be_primary(stream, "digest ack", pipeline.schema.digests.get(message.digest_id))
        access = self.arbiter.access(self.arbiter.role_of(stream) or "")
        if access is not None:
            access.check_write("digest_entry", message)
        pipeline.digests.acknowledge(message)

    def _must_be_primary(self, stream: Stream, what: str, entity: Any) -> None:
        if not self.arbiter.is_primary(stream):
            raise permission_denied(f"{what}: only the primary controller may send it")
        role = self.arbiter.role_of(stream)
        if role and entity is not None and entity.role and entity.role != role:
            raise permission_denied(f"{what}: {entity.name} belongs to role {entity.role!r}, not to {role!r}")

    def packet_in(self, frame: bytes) -> bool:
        """A frame for the controller; false when there is no primary, or it does not keep up."""
        pipeline = self._pipeline
        if pipeline is None:
            return False
        message = encode_packet_in(pipeline.schema, frame)
        header = pipeline.schema.packet_in
        if message is None or not self._offer_to_role(header.role if header else "", message):
            self.dropped_packet_ins += 1
            return False
        return True

    def _offer_to_role(self, owner: str, message: Any) -> bool:
        """Queue a message for the primaries that may have it: every role, or ``owner`` and the default role, as far as
        their ``role.config`` allows."""
        taken = False
        for role, peer in self.arbiter.primaries():
            if not owner or role in ("", owner):
                assert isinstance(peer, Stream)
                access = self.arbiter.access(role)
                shown = message if access is None else access.visible(message)
                taken = (shown is not None and peer.offer(shown)) or taken
        return taken

    def _learned(self, name: str, values: list[tuple[int, ...]]) -> None:
        pipeline = self._pipeline
        if pipeline is not None:
            pipeline.digests.learned(name, values)

    def port_changed(self) -> None:
        """Some port went up or down: watched members of groups follow."""
        with self._state, self.device.lock:
            if self._pipeline is not None:
                self._pipeline.profiles.port_changed()

    # ------------------------------------------------------------------ housekeeping

    def _housekeeping(self) -> None:
        while not self._stop.wait(TICK):
            pipeline = self._pipeline
            try:
                self._end_idle_streams()
                self._reads.end_stalled()
                if pipeline is None:
                    continue
                if pipeline.digests.active:
                    pipeline.digests.tick()
                if pipeline.tables.timed:
                    self._idle(pipeline)
            except Exception:
                _log.exception("housekeeping")

    def _idle(self, pipeline: Pipeline) -> None:
        """Tell the primary about entries that were not hit for their time to live; the timer then starts
        anew."""
        expired: dict[str, Any] = {}
        with self._state:
            now = time.monotonic_ns()
            for table, record in list(pipeline.tables.timed.values()):
                idle = table.state.time_since_last_hit_ns(record.key, record.priority)
                if min(idle, now - record.notified_ns) < record.idle_timeout_ns:
                    continue
                record.notified_ns = now
                message = expired.get(table.info.role)
                if message is None:
                    message = expired[table.info.role] = p4runtime_pb2.StreamMessageResponse()
                entry = message.idle_timeout_notification.table_entry.add()
                pipeline.tables.encode_key(table, record, entry)
                entry.idle_timeout_ns = record.idle_timeout_ns
                entry.metadata = record.metadata
                entry.controller_metadata = record.controller_metadata
        for role, message in expired.items():
            message.idle_timeout_notification.timestamp = time.time_ns()
            self._offer_to_role(role, message)


class _BatchError(Exception):
    """Some updates of a ``Write`` failed; ``status`` has an error for each."""

    def __init__(self, status: Any) -> None:
        super().__init__(status.message)
        self.status = status


def _abort_batch(status: Any, context: grpc.ServicerContext) -> NoReturn:
    """End an RPC with a ``google.rpc.Status`` as its details (section 11)."""
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, status.message)
    raise AssertionError("abort returned")


def _parse(kind: Any, data: bytes) -> Any:
    try:
        return kind.FromString(data)
    except (DecodeError, ValueError, RecursionError) as error:
        raise invalid(f"not a {kind.DESCRIPTOR.full_name}: {error}") from None


def _serialize(message: Any) -> bytes:
    return bytes(message.SerializeToString())


def _json_of(device_config: bytes) -> bytes:
    """The JSON in ``p4_device_config``: plain, or in PI's old ``P4DeviceConfig`` wrapping, which some clients
    use."""
    start = device_config.lstrip()[:1]
    if start == b"{":
        return device_config
    brace = device_config.find(b"{", 0, 64)
    if brace > 0:
        try:
            json.loads(device_config[brace:])
        except ValueError:
            pass
        else:
            return device_config[brace:]
    return device_config


def _same_program(old: Any, new: Any) -> bool:
    return (
        old is not None
        and old.p4_device_config == new.p4_device_config
        and old.p4info.SerializeToString(deterministic=True) == new.p4info.SerializeToString(deterministic=True)
    )
