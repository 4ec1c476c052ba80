# SPDX-License-Identifier: Apache-2.0
"""Malformed P4Runtime requests from a seed.

Two kinds, mixed: valid requests with a few mutations of their fields, down to the smallest submessage, and
valid serialised requests with damaged bytes.  The same seed makes the same requests.
"""

from __future__ import annotations

import queue
import random
from collections.abc import Callable
from typing import Any

from conformance.raw import DEVICE_ID, IDS, Code, RawClient, Refused, StreamEnd, action, action_set, config, entry, pb
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError

#: An election id that nobody outbids.
HIGHEST = (1 << 128) - 1
_INTEGERS = (
    0,
    1,
    2,
    5,
    127,
    255,
    256,
    511,
    512,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**62,
    2**63 - 1,
    -1,
    -2,
)
_BYTES = (
    b"",
    b"\0",
    b"\1",
    b"\xff",
    b"\0\0\1",
    b"\1\xff",
    b"\2\0",
    b"\xff" * 16,
    b"\xff" * 17,
    b"\1" + b"\0" * 40,
)
_LIMITS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
}


class Fuzzer:
    """Makes (method, request bytes); ``method`` is an RPC name or ``StreamChannel`` (one request message)."""

    def __init__(self, seed: int, election: int) -> None:
        self.random = random.Random(seed)
        self.election = election
        self._config = config().SerializeToString()
        self._makers: list[tuple[Callable[[], tuple[str, Any]], int]] = [
            (self._write, 60), (self._read, 20), (self._stream, 12), (self._set, 3), (self._get, 3),
            (self._capabilities, 2),
        ]  # fmt: skip

    def next(self) -> tuple[str, bytes]:
        """The next malformed (or, rarely, accidentally valid) request."""
        makers, weights = zip(*self._makers, strict=True)
        method, message = self.random.choices(makers, weights)[0]()
        if self.random.random() < 0.85:
            for _ in range(self.random.choice((1, 1, 2, 4))):
                self._mutate(message)
        data: bytes = message.SerializeToString()
        if self.random.random() < 0.3:
            data = self._damage(data)
        return method, data

    # -- starting points

    def _elect(self, request: Any) -> None:
        request.election_id.high, request.election_id.low = self.election >> 64, self.election & (1 << 64) - 1

    def _write(self) -> tuple[str, Any]:
        request = pb.WriteRequest(device_id=DEVICE_ID, atomicity=self.random.choice((0, 0, 1, 2)))
        self._elect(request)
        for _ in range(self.random.choice((1, 1, 1, 2, 5))):
            update = request.updates.add(type=self.random.choice((1, 1, 2, 3)))
            update.entity.CopyFrom(self._entity())
        return "Write", request

    def _read(self) -> tuple[str, Any]:
        request = pb.ReadRequest(device_id=DEVICE_ID)
        for _ in range(self.random.choice((1, 1, 3))):
            request.entities.add().CopyFrom(self._entity())
        return "Read", request

    def _stream(self) -> tuple[str, Any]:
        request = pb.StreamMessageRequest()
        which = self.random.randrange(3)
        if which == 0:
            request.arbitration.device_id = DEVICE_ID
            request.arbitration.role.name = self.random.choice(("", "x"))
        elif which == 1:
            request.packet.payload = self.random.randbytes(self.random.randrange(100))
            request.packet.metadata.add(metadata_id=1, value=b"\1")
            request.packet.metadata.add(metadata_id=2, value=b"\0")
        else:
            request.digest_ack.digest_id = IDS["learn_t"]
            request.digest_ack.list_id = 1
        return "StreamChannel", request

    def _set(self) -> tuple[str, Any]:
        request = pb.SetForwardingPipelineConfigRequest(device_id=DEVICE_ID)
        request.action = self.random.choice((0, 1, 4, 9))  # nothing that may succeed and change the state
        self._elect(request)
        if self.random.random() < 0.5:
            damaged = self._damage(self._config)
            try:
                request.config.ParseFromString(damaged)
            except DecodeError:
                request.config.p4_device_config = damaged
            request.action = 1
        return "SetForwardingPipelineConfig", request

    def _get(self) -> tuple[str, Any]:
        return "GetForwardingPipelineConfig", pb.GetForwardingPipelineConfigRequest(
            device_id=DEVICE_ID, response_type=self.random.randrange(4)
        )

    def _capabilities(self) -> tuple[str, Any]:
        return "Capabilities", pb.CapabilitiesRequest()

    def _entity(self) -> Any:
        number = self.random.randrange(1, 5)
        entity = pb.Entity()
        kind = self.random.randrange(13)
        if kind < 4:
            entity.table_entry.CopyFrom(self._table_entry(number))
        elif kind == 4:
            member = entity.action_profile_member
            member.action_profile_id, member.member_id = IDS["manual_selector"], number
            member.action.CopyFrom(action("forward", port=1, dst_addr=1))
        elif kind == 5:
            group = entity.action_profile_group
            group.action_profile_id, group.group_id = IDS["manual_selector"], number
            group.members.add(member_id=number, weight=number)
        elif kind == 6:
            entity.counter_entry.counter_id = IDS["port_counter"]
            entity.counter_entry.index.index = number
            entity.counter_entry.data.packet_count = number
        elif kind == 7:
            entity.meter_entry.meter_id = IDS["port_meter"]
            entity.meter_entry.index.index = number
            entity.meter_entry.config.cir = entity.meter_entry.config.pir = number
        elif kind == 8:
            entity.register_entry.register_id = IDS["state_register"]
            entity.register_entry.index.index = number
            entity.register_entry.data.bitstring = bytes([number])
        elif kind == 9:
            multicast = entity.packet_replication_engine_entry.multicast_group_entry
            multicast.multicast_group_id = number
            multicast.replicas.add(port=b"\1", instance=number)
        elif kind == 10:
            clone = entity.packet_replication_engine_entry.clone_session_entry
            clone.session_id = number
            clone.replicas.add(port=b"\1", instance=number)
        elif kind == 11:
            entity.value_set_entry.value_set_id = IDS["special_types"]
            entity.value_set_entry.members.add().match.add(field_id=1).exact.value = bytes([number])
        else:
            direct = entity.direct_counter_entry
            direct.table_entry.CopyFrom(entry("exact_table", {"dst_addr": number, "ingress_port": 1}))
            direct.data.packet_count = number
        return entity

    def _table_entry(self, number: int) -> Any:
        route = {"ipv6_dst": (number << 64, 64)}
        lpm = {"ingress_port": 1, **route}
        acl = {"ether_type": (number, 0xFF), "flow_label": (1, number)}
        choices = ((action("drop"), number), (action("forward", port=1, dst_addr=1), 1))
        made: Any = self.random.choice(
            (
                lambda: entry("exact_table", {"dst_addr": number, "ingress_port": 1}, action("punt")),
                lambda: entry("route_table", route, action("set_group", group_id=number)),
                lambda: entry("route_table", route, action("set_nexthop", nexthop_id=number)),
                lambda: entry("nexthop_table", {"nexthop_id": number}, action("drop")),
                lambda: entry("lpm_table", lpm, action("metered", port=1), meter_config=pb.MeterConfig(cir=1, pir=2)),
                lambda: entry("acl_table", acl, action("drop"), 7),
                lambda: entry("acl_table", do=action("drop"), is_default_action=True),
                lambda: entry("group_table", {"group_id": number}, action_set(*choices)),
                lambda: entry("manual_table", {"group_id": number}, pb.TableAction(action_profile_group_id=number)),
                lambda: entry("timeout_table", {"src_addr": number}, action("no_op"), idle_timeout_ns=10**15),
            )
        )()
        return made

    # -- mutations

    def _mutate(self, message: Any) -> None:
        """Change one field somewhere below ``message``."""
        while True:
            inner = [value for field, value in message.ListFields()
                     if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE]  # fmt: skip
            if not inner or self.random.random() < 0.2:
                break
            chosen = self.random.choice(inner)
            if hasattr(chosen, "ListFields"):
                message = chosen
            elif len(chosen) and hasattr(chosen, "add"):
                if self.random.random() < 0.1:
                    self._mutate_repeated(chosen)
                    return
                message = self.random.choice(chosen)
            else:
                break
        field = self.random.choice(message.DESCRIPTOR.fields)
        if self.random.random() < 0.2:
            message.ClearField(field.name)
            return
        self._set_field(message, field)

    def _mutate_repeated(self, values: Any) -> None:
        if self.random.random() < 0.5:
            values.add().CopyFrom(self.random.choice(values))
        else:
            del values[self.random.randrange(len(values))]

    def _set_field(self, message: Any, field: Any) -> None:
        container = getattr(message, field.name)
        repeated = hasattr(container, "append") and not isinstance(container, (str, bytes))
        if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
            if repeated:
                container.add()
            elif hasattr(container, "SetInParent"):  # not so for a map
                container.SetInParent()
            return
        value = self._scalar(field)
        if repeated:
            container.append(value)
        else:
            setattr(message, field.name, value)

    def _scalar(self, field: Any) -> Any:
        kind = field.cpp_type
        if kind in _LIMITS:
            low, high = _LIMITS[kind]
            values = [value for value in (*_INTEGERS, *IDS.values()) if low <= value <= high]
            return self.random.choice(values)
        if kind == FieldDescriptor.CPPTYPE_BOOL:
            return self.random.random() < 0.5
        if kind == FieldDescriptor.CPPTYPE_STRING:
            if field.type == FieldDescriptor.TYPE_BYTES:
                return self.random.choice(_BYTES)
            return self.random.choice(("", "x", "drop", "\u00e4" * 40))
        return self.random.random()

    def _damage(self, data: bytes) -> bytes:
        """Flip, cut, insert or repeat bytes."""
        damaged = bytearray(data)
        for _ in range(self.random.choice((1, 1, 3))):
            if not damaged:
                return self.random.randbytes(8)
            place = self.random.randrange(len(damaged))
            how = self.random.randrange(4)
            if how == 0:
                damaged[place] ^= 1 << self.random.randrange(8)
            elif how == 1:
                del damaged[place:]
            elif how == 2:
                damaged[place:place] = self.random.randbytes(self.random.randrange(1, 9))
            else:
                damaged[place:place] = damaged[place : place + 20]
        return bytes(damaged)


class Refusals:
    """Sends requests as bytes; that they are answered as they must be is asserted."""

    def __init__(self, client: RawClient) -> None:
        self._client = client

    def codes(self, method: str, data: bytes) -> set[int]:
        """The codes of an answer: of the updates where there are any, else of the call; never ``INTERNAL``."""
        where = f"{method} {data.hex()}"
        found = self._call(method, data, where)
        assert Code.INTERNAL not in found, where
        return found

    def _call(self, method: str, data: bytes, where: str) -> set[int]:
        try:
            if method == "StreamChannel":
                return self._stream(data, where)
            if method == "Read":
                self._client.raw_read(data)
            else:
                self._client.raw(method, data)
        except Refused as refusal:
            assert refusal.code != Code.UNKNOWN or refusal.errors, where
            if refusal.errors:
                assert refusal.code == Code.UNKNOWN, where
                assert any(error.canonical_code for error in refusal.errors), where
            return {error.canonical_code for error in refusal.errors} or {refusal.code}
        return {Code.OK}

    def _stream(self, data: bytes, where: str) -> set[int]:
        """One message on a stream of its own; the stream is answered or ended."""
        call = self._client.channel.stream_stream("/p4.v1.P4Runtime/StreamChannel")
        requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        requests.put(data)
        # A second, certainly wrong one: the server must still be listening when the first was no reason to end.
        requests.put(pb.StreamMessageRequest().SerializeToString())
        answers = call(iter(requests.get, None), timeout=10)
        try:
            for _ in answers:
                pass
            raise AssertionError(f"the stream ended without status: {where}")
        except Exception as error:
            end = StreamEnd(error)  # type: ignore[arg-type]
            assert end.code not in (Code.DEADLINE_EXCEEDED, Code.UNKNOWN), where
            return {end.code}
        finally:
            requests.put(None)
