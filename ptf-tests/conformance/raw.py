# SPDX-License-Identifier: Apache-2.0
"""A P4Runtime client that checks nothing: it can send what a good client would not.

Messages are built by the names of ``programs/conformance.p4``; every method takes and gives protobuf
messages.
"""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import text_format

from p4rtlib.protos import code_pb2, p4info_pb2, p4runtime_pb2, status_pb2
from p4rtlib.values import canonical

PROGRAMS = Path(__file__).parent / "programs"
JSON = PROGRAMS / "conformance.json"
P4INFO = PROGRAMS / "conformance.p4info.txtpb"

pb = p4runtime_pb2
Code = code_pb2
INSERT, MODIFY, DELETE = pb.Update.INSERT, pb.Update.MODIFY, pb.Update.DELETE
DEVICE_ID = 1


def load_p4info() -> Any:
    """A fresh copy of the p4info of the conformance program."""
    return text_format.Parse(P4INFO.read_text(), p4info_pb2.P4Info())


_INFO = load_p4info()
_KINDS = (
    "tables", "actions", "action_profiles", "counters", "meters", "registers", "digests", "value_sets",
    "direct_counters", "direct_meters", "controller_packet_metadata",
)  # fmt: skip
IDS: dict[str, int] = {entity.preamble.name: entity.preamble.id for kind in _KINDS for entity in getattr(_INFO, kind)}
_TABLES = {table.preamble.name: table for table in _INFO.tables}
_ACTIONS = {action.preamble.name: action for action in _INFO.actions}


def action(name: str, **params: int) -> Any:
    """An ``Action`` by name with its parameters by name."""
    ids = {param.name: param.id for param in _ACTIONS[name].params}
    message = pb.Action(action_id=IDS[name])
    for param, value in params.items():
        message.params.add(param_id=ids[param], value=canonical(value))
    return message


def match(table: str, name: str, value: Any) -> Any:
    """A ``FieldMatch``: ``value`` is an int, or a pair (lpm: value and length; ternary: value and mask;
    range).
    """
    field = next(field for field in _TABLES[table].match_fields if field.name == name)
    message = pb.FieldMatch(field_id=field.id)
    kind = p4info_pb2.MatchField.MatchType.Name(field.match_type)
    if kind == "EXACT":
        message.exact.value = canonical(value)
    elif kind == "OPTIONAL":
        message.optional.value = canonical(value)
    elif kind == "LPM":
        message.lpm.value, message.lpm.prefix_len = canonical(value[0]), value[1]
    elif kind == "TERNARY":
        message.ternary.value, message.ternary.mask = canonical(value[0]), canonical(value[1])
    else:
        message.range.low, message.range.high = canonical(value[0]), canonical(value[1])
    return message


def entry(table: str, keys: dict[str, Any] | None = None, do: Any = None, priority: int = 0, **fields: Any) -> Any:
    """A ``TableEntry``; ``do`` is an ``Action`` or a ``TableAction``."""
    message = pb.TableEntry(table_id=IDS[table], priority=priority, **fields)
    for name, value in (keys or {}).items():
        message.match.append(match(table, name, value))
    if isinstance(do, pb.Action):
        message.action.action.CopyFrom(do)
    elif do is not None:
        message.action.CopyFrom(do)
    return message


def action_set(*choices: tuple[Any, int], watch: bytes = b"") -> Any:
    """A ``TableAction`` with a one-shot action set of (action, weight)."""
    message = pb.TableAction()
    for what, weight in choices:
        part = message.action_profile_action_set.action_profile_actions.add(weight=weight)
        part.action.CopyFrom(what)
        if watch:
            part.watch_port = watch
    return message


_FIELD_OF = {message: field.name for field in pb.Entity.DESCRIPTOR.fields for message in [field.message_type.name]}


def entity(message: Any) -> Any:
    """``message`` wrapped into an ``Entity``."""
    name = message.DESCRIPTOR.name
    wrapped = pb.Entity()
    if name == "MulticastGroupEntry":
        wrapped.packet_replication_engine_entry.multicast_group_entry.CopyFrom(message)
    elif name == "CloneSessionEntry":
        wrapped.packet_replication_engine_entry.clone_session_entry.CopyFrom(message)
    else:
        getattr(wrapped, _FIELD_OF[name]).CopyFrom(message)
    return wrapped


class StreamEnd(Exception):
    """The server ended the stream."""

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__(f"{error.code().name}: {error.details()}")
        self.code: int = error.code().value[0]
        self.details: str = error.details() or ""


class RawStream:
    """A ``StreamChannel``; :meth:`next` waits for one message."""

    def __init__(self, call: Any) -> None:
        self._out: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._call = call(iter(self._out.get, None))
        self._in: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for message in self._call:
                self._in.put(message)
            self._in.put(None)
        except grpc.RpcError as error:
            self._in.put(StreamEnd(error))

    def send(self, message: Any) -> None:
        self._out.put(message)

    def next(self, kind: str = "", timeout: float = 3.0) -> Any:
        """The next message, or (``kind``) the next of that kind, unwrapped.  ``StreamEnd`` when there is
        none.
        """
        deadline = time.monotonic() + timeout
        while True:
            message = self._in.get(timeout=max(0.01, deadline - time.monotonic()))
            if isinstance(message, StreamEnd):
                raise message
            if message is None:
                raise AssertionError("the stream has ended")
            if not kind:
                return message
            if message.WhichOneof("update") == kind:
                return getattr(message, kind)

    def nothing(self, timeout: float = 0.1) -> None:
        """Fail when a message arrives within ``timeout`` seconds."""
        try:
            message = self._in.get(timeout=timeout)
        except queue.Empty:
            return
        raise AssertionError(f"unexpected message: {message}")

    def arbitrate(
        self, election: int | None, role: str = "", device_id: int = DEVICE_ID, config: Any | None = None
    ) -> Any:
        """Send a ``MasterArbitrationUpdate`` and wait for the answer."""
        request = pb.StreamMessageRequest()
        update = request.arbitration
        update.device_id = device_id
        if role:
            update.role.name = role
        if config is not None:
            update.role.config.CopyFrom(config)
        if election is not None:
            update.election_id.high, update.election_id.low = election >> 64, election & (1 << 64) - 1
        self.send(request)
        return self.next("arbitration")

    def packet_out(self, payload: bytes, **metadata: int) -> None:
        """Send a ``PacketOut``; metadata by name."""
        header = next(h for h in _INFO.controller_packet_metadata if h.preamble.name == "packet_out")
        ids = {part.name: part.id for part in header.metadata}
        request = pb.StreamMessageRequest()
        request.packet.payload = payload
        for name, value in metadata.items():
            request.packet.metadata.add(metadata_id=ids[name], value=canonical(value))
        self.send(request)

    def close(self) -> None:
        self._out.put(None)
        self._call.cancel()


class Refused(Exception):
    """A failed RPC: code, message and the ``p4.v1.Error`` list of its details."""

    def __init__(self, error: grpc.RpcError) -> None:
        self.code: int = error.code().value[0]
        self.message: str = error.details() or ""
        self.errors: list[Any] = []
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status = status_pb2.Status.FromString(value)
                for detail in status.details:
                    found = pb.Error()
                    assert detail.Unpack(found)
                    self.errors.append(found)
        super().__init__(f"{error.code().name}: {self.message} {[e.message for e in self.errors]}")


class RawClient:
    """Calls by message; ``write`` and ``set_pipeline`` use :attr:`election` and :attr:`role`."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(
            address,
            options=[("grpc.max_metadata_size", 1 << 20), ("grpc.absolute_max_metadata_size", 1 << 20)],
        )
        base = "/p4.v1.P4Runtime/"
        self._write = self.channel.unary_unary(
            base + "Write", pb.WriteRequest.SerializeToString, pb.WriteResponse.FromString
        )
        self._read = self.channel.unary_stream(
            base + "Read", pb.ReadRequest.SerializeToString, pb.ReadResponse.FromString
        )
        self._set = self.channel.unary_unary(
            base + "SetForwardingPipelineConfig",
            pb.SetForwardingPipelineConfigRequest.SerializeToString,
            pb.SetForwardingPipelineConfigResponse.FromString,
        )
        self._get = self.channel.unary_unary(
            base + "GetForwardingPipelineConfig",
            pb.GetForwardingPipelineConfigRequest.SerializeToString,
            pb.GetForwardingPipelineConfigResponse.FromString,
        )
        self._capabilities = self.channel.unary_unary(
            base + "Capabilities",
            pb.CapabilitiesRequest.SerializeToString,
            pb.CapabilitiesResponse.FromString,
        )
        self._stream = self.channel.stream_stream(
            base + "StreamChannel",
            pb.StreamMessageRequest.SerializeToString,
            pb.StreamMessageResponse.FromString,
        )
        self.election: int | None = 1
        self.role = ""
        self.streams: list[RawStream] = []

    def raw(self, method: str, data: bytes) -> bytes:
        """A unary call with bytes; ``Refused`` when it fails."""
        try:
            answer: bytes = self.channel.unary_unary(f"/p4.v1.P4Runtime/{method}")(data, timeout=10)
            return answer
        except grpc.RpcError as error:
            raise Refused(error) from None

    def raw_read(self, data: bytes) -> list[bytes]:
        """``Read`` with bytes."""
        try:
            return list(self.channel.unary_stream("/p4.v1.P4Runtime/Read")(data, timeout=10))
        except grpc.RpcError as error:
            raise Refused(error) from None

    def stream(self) -> RawStream:
        """A new stream, closed with the client."""
        stream = RawStream(self._stream)
        self.streams.append(stream)
        return stream

    def primary(self, election: int = 1, role: str = "") -> RawStream:
        """A new stream that is the primary."""
        stream = self.stream()
        answer = stream.arbitrate(election, role)
        assert answer.status.code == Code.OK, answer
        self.election, self.role = election, role
        return stream

    def request(self, kind: Any, **fields: Any) -> Any:
        """A request with device id, role and election id."""
        message = kind(device_id=DEVICE_ID, role=self.role, **fields)
        if self.election is not None:
            message.election_id.high, message.election_id.low = (
                self.election >> 64,
                self.election & (1 << 64) - 1,
            )
        return message

    def call(self, method: Any, message: Any) -> Any:
        try:
            return method(message, timeout=10)
        except grpc.RpcError as error:
            raise Refused(error) from None

    def write(self, *updates: tuple[int, Any], atomicity: int = 0) -> None:
        """Write (type, message) updates; ``Refused`` when some fail."""
        request = self.request(pb.WriteRequest, atomicity=atomicity)
        for kind, message in updates:
            request.updates.add(type=kind, entity=entity(message))
        self.call(self._write, request)

    def insert(self, *messages: Any) -> None:
        self.write(*((INSERT, message) for message in messages))

    def modify(self, *messages: Any) -> None:
        self.write(*((MODIFY, message) for message in messages))

    def delete(self, *messages: Any) -> None:
        self.write(*((DELETE, message) for message in messages))

    def refused(self, kind: int, message: Any) -> Any:
        """The ``p4.v1.Error`` of an update that must be refused."""
        try:
            self.write((kind, message))
        except Refused as refusal:
            assert refusal.code == Code.UNKNOWN, refusal
            assert len(refusal.errors) == 1
            return refusal.errors[0]
        raise AssertionError(f"accepted: {message}")

    def read(self, *messages: Any, role: str = "") -> list[Any]:
        """Entities selected by messages."""
        request = pb.ReadRequest(device_id=DEVICE_ID, role=role)
        for message in messages:
            request.entities.append(entity(message))
        found: list[Any] = []
        try:
            for response in self._read(request, timeout=10):
                found += response.entities
        except grpc.RpcError as error:
            raise Refused(error) from None
        return found

    def read_tables(self, **filters: Any) -> list[Any]:
        """Table entries; filters are fields of ``TableEntry``."""
        return [found.table_entry for found in self.read(pb.TableEntry(**filters))]

    def everything(self) -> bytes:
        """All state, for comparisons: the serialised answers to every wildcard read."""
        tables = pb.TableEntry()
        tables.counter_data.SetInParent()
        tables.meter_config.SetInParent()
        found = self.read(
            tables, pb.TableEntry(is_default_action=True), pb.ActionProfileMember(), pb.ActionProfileGroup(),
            pb.CounterEntry(), pb.MeterEntry(), pb.RegisterEntry(), pb.ValueSetEntry(), pb.DigestEntry(),
            pb.PacketReplicationEngineEntry(), pb.DirectCounterEntry(), pb.DirectMeterEntry(),
        )  # fmt: skip
        return b"\n".join(sorted(one.SerializeToString(deterministic=True) for one in found))

    def set_pipeline(self, verb: str, config: Any = None) -> None:
        """``SetForwardingPipelineConfig``."""
        request = self.request(pb.SetForwardingPipelineConfigRequest)
        request.action = pb.SetForwardingPipelineConfigRequest.Action.Value(verb)
        if config is not None:
            request.config.CopyFrom(config)
        self.call(self._set, request)

    def get_pipeline(self, kind: str = "ALL", device_id: int = DEVICE_ID) -> Any:
        """``GetForwardingPipelineConfig``."""
        kinds = pb.GetForwardingPipelineConfigRequest.ResponseType
        request = pb.GetForwardingPipelineConfigRequest(device_id=device_id, response_type=kinds.Value(kind))
        return self.call(self._get, request)

    def capabilities(self, device_id: int = 0) -> Any:
        return self.call(self._capabilities, pb.CapabilitiesRequest(device_id=device_id))

    def close(self) -> None:
        for stream in self.streams:
            stream.close()
        self.channel.close()

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def config(cookie: int | None = 7) -> Any:
    """The forwarding pipeline configuration of the conformance program."""
    message = pb.ForwardingPipelineConfig(p4info=_INFO, p4_device_config=JSON.read_bytes())
    if cookie is not None:
        message.cookie.cookie = cookie
    return message
