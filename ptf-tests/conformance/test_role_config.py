# SPDX-License-Identifier: Apache-2.0
"""Role configurations in the scheme of stratum, which ONOS and finsy send (P4Runtime 1.5 section 5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from conformance.raw import IDS, INSERT, Code, RawClient, RawStream, Refused, StreamEnd, action, config, entry, pb
from conformance.requirement import requirement
from google.protobuf import any_pb2

from softswitch.switch import SoftSwitch

ROUTE = {"ipv6_dst": (0x2001 << 112, 16)}
DROP_ROUTE = entry("route_table", ROUTE, action("drop"))
PUNT = entry("acl_table", {}, action("punt"), 1)
FRAME = bytes(11) + b"\1\x12\x34" + bytes(46)
IGNORED = "role.config is ignored"


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number: int, data: bytes) -> bytes:
    """A length-delimited field of a protobuf message."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def role_config(
    exclusive: Iterable[str] = (),
    shared: Iterable[str] = (),
    wants: tuple[int, bytes] | None = None,
    packet_ins: bool = False,
    push: bool = False,
) -> any_pb2.Any:
    """A ``stratum.P4RoleConfig``, encoded here; ids are given by the names of their objects."""
    data = field(1, b"".join(varint(IDS[name]) for name in exclusive))
    data += field(2, b"".join(varint(IDS[name]) for name in shared))
    if wants is not None:
        data += field(3, b"\x08" + varint(wants[0]) + field(2, wants[1]))
    data += b"\x20\1" * packet_ins + b"\x28\1" * push
    return any_pb2.Any(type_url="type.googleapis.com/stratum.P4RoleConfig", value=data)


@contextmanager
def controller(switch: SoftSwitch, role: str, given: any_pb2.Any | None) -> Iterator[tuple[RawClient, RawStream]]:
    """A client that is primary of a role with this configuration."""
    with RawClient(switch.address) as client:
        stream = client.stream()
        answer = stream.arbitrate(1, role, config=given)
        assert answer.status.code == Code.OK
        assert answer.role.HasField("config") == (given is not None)
        assert given is None or answer.role.config == given
        client.election, client.role = 1, role
        yield client, stream


def refused_read(client: RawClient, message: Any, role: str) -> int:
    with pytest.raises(Refused) as refusal:
        client.read(message, role=role)
    return int(refusal.value.errors[0].canonical_code)


@requirement("5.2", "P4RoleConfig: a role writes and reads the ids of its role.config alone", bmv2=IGNORED)
def test_ids_of_a_role(switch: SoftSwitch, client: RawClient) -> None:
    client.insert(PUNT, entry("nexthop_table", {"nexthop_id": 1}, action("drop")))
    given = role_config(exclusive=["route_table"], shared=["port_counter", "acl_table"])
    with controller(switch, "routing", given) as (routing, _):
        routing.insert(DROP_ROUTE)
        routing.modify(pb.CounterEntry(counter_id=IDS["port_counter"], index=pb.Index(index=1), data=pb.CounterData()))
        error = routing.refused(INSERT, entry("nexthop_table", {"nexthop_id": 2}, action("drop")))
        assert error.canonical_code == Code.PERMISSION_DENIED
        assert "role 'routing'" in error.message
        routing.insert(pb.MulticastGroupEntry(multicast_group_id=3, replicas=[pb.Replica(port=b"\2", instance=1)]))
        found = routing.read(pb.TableEntry(), role="routing")
        assert {e.table_entry.table_id for e in found} == {IDS["route_table"], IDS["acl_table"]}
        assert routing.read(pb.TableEntry(table_id=IDS["route_table"]), role="routing")
        nexthops = pb.TableEntry(table_id=IDS["nexthop_table"])
        assert refused_read(routing, nexthops, "routing") == Code.PERMISSION_DENIED
        direct = pb.DirectCounterEntry(table_entry=pb.TableEntry(table_id=IDS["exact_table"]))
        assert refused_read(routing, direct, "routing") == Code.PERMISSION_DENIED
        assert routing.read(nexthops)  # without a role all may be read


@requirement("5.2", "P4RoleConfig: exclusive ids are written by their role and the default role alone", bmv2=IGNORED)
def test_exclusive_ids(switch: SoftSwitch, client: RawClient) -> None:
    given = role_config(exclusive=["route_table"], shared=["acl_table"])
    with ExitStack() as stack:
        stack.enter_context(controller(switch, "routing", given))
        other, _ = stack.enter_context(controller(switch, "other", None))
        assert other.refused(INSERT, DROP_ROUTE).canonical_code == Code.PERMISSION_DENIED
        other.insert(PUNT)
        assert other.read(pb.TableEntry(table_id=IDS["acl_table"]), role="other")
        client.insert(DROP_ROUTE)


@requirement(
    "5.2", "P4RoleConfig: exclusive ids of one role in the role.config of another: INVALID_ARGUMENT", bmv2=IGNORED
)
@pytest.mark.parametrize(
    "second",
    [
        role_config(exclusive=["route_table"]),
        role_config(shared=["route_table"]),
        role_config(exclusive=["acl_table"]),
    ],
)
def test_overlapping_roles(switch: SoftSwitch, client: RawClient, second: any_pb2.Any) -> None:
    with controller(switch, "first", role_config(exclusive=["route_table"], shared=["acl_table"])):
        with pytest.raises(StreamEnd) as end:
            client.stream().arbitrate(1, "second", config=second)
        assert end.value.code == Code.INVALID_ARGUMENT
        assert "'first'" in end.value.details


@requirement("5.2", "P4RoleConfig: a role shares ids with others, and may change its own role.config", bmv2=IGNORED)
def test_shared_ids_and_change(switch: SoftSwitch, client: RawClient) -> None:
    with ExitStack() as stack:
        first, stream = stack.enter_context(controller(switch, "first", role_config(exclusive=["route_table"])))
        second, _ = stack.enter_context(controller(switch, "second", role_config(shared=["acl_table"])))
        second.insert(PUNT)
        assert stream.arbitrate(1, "first", config=role_config(shared=["acl_table"])).status.code == Code.OK
        assert first.read_tables(table_id=IDS["acl_table"])
        assert first.refused(INSERT, DROP_ROUTE).canonical_code == Code.PERMISSION_DENIED
        assert stream.arbitrate(1, "first").status.code == Code.OK  # without a role.config it may do everything
        first.insert(DROP_ROUTE)


@requirement("5.2", "P4RoleConfig: only a role that can_push_pipeline sets the pipeline", bmv2=IGNORED)
def test_pushing(switch: SoftSwitch, client: RawClient) -> None:
    with ExitStack() as stack:
        reader, _ = stack.enter_context(controller(switch, "reader", role_config()))
        owner, _ = stack.enter_context(controller(switch, "owner", role_config(push=True)))
        with pytest.raises(Refused) as refusal:
            reader.set_pipeline("VERIFY", config())
        assert refusal.value.code == Code.PERMISSION_DENIED
        owner.set_pipeline("VERIFY_AND_COMMIT", config())


@requirement(
    "5.2", "P4RoleConfig: packet-ins for roles that receive them, filtered by one metadata value", bmv2=IGNORED
)
def test_packet_ins(switch: SoftSwitch, client: RawClient) -> None:
    client.insert(PUNT)
    with ExitStack() as stack:
        roles = {
            "none": role_config(),
            "all": role_config(packet_ins=True),
            "six": role_config(packet_ins=True, wants=(1, b"\0\6")),
        }
        streams = {name: stack.enter_context(controller(switch, name, given))[1] for name, given in roles.items()}
        for port in (5, 6):
            switch.inject(port, FRAME)
        assert switch.flush()
        ports: dict[str, list[int]] = {name: [] for name in streams}
        for name, count in (("all", 2), ("six", 1)):
            for _ in range(count):
                packet = streams[name].next("packet")
                ports[name].append(packet.metadata[0].value[0])
        assert ports == {"none": [], "all": [5, 6], "six": [6]}
        for stream in streams.values():
            stream.nothing()


@requirement(
    "5.2", "P4RoleConfig: digests and idle timeouts are told to roles that may read their object", bmv2=IGNORED
)
def test_notifications(switch: SoftSwitch, client: RawClient) -> None:
    client.insert(pb.DigestEntry(digest_id=IDS["learn_t"], config=pb.DigestEntry.Config(max_list_size=1)))
    with ExitStack() as stack:
        _, without = stack.enter_context(controller(switch, "without", role_config(shared=["acl_table"])))
        _, learner = stack.enter_context(
            controller(switch, "learner", role_config(shared=["learn_t", "timeout_table"]))
        )
        client.insert(entry("timeout_table", {"src_addr": 1}, action("no_op"), idle_timeout_ns=10**8))
        switch.inject(3, bytes(6) + bytes(5) + b"\7\x12\x34" + bytes(46))
        kinds = {learner.next().WhichOneof("update") for _ in range(2)}
        assert kinds == {"digest", "idle_timeout_notification"}
        without.nothing()


@requirement("5.2", "A role.config that contradicts itself, or of the default role: INVALID_ARGUMENT", bmv2=IGNORED)
@pytest.mark.parametrize(
    ("role", "given", "named"),
    [
        ("", role_config(), "default role"),
        ("r", role_config(wants=(1, b"\1")), "receives_packet_ins"),
        ("r", role_config(wants=(1, b""), packet_ins=True), "without value"),
        (
            "r",
            any_pb2.Any(type_url="type.googleapis.com/stratum.P4RoleConfig", value=b"\x0a\xff"),
            "stratum.P4RoleConfig",
        ),
        ("r", any_pb2.Any(type_url="type.googleapis.com/google.protobuf.Empty"), "google.protobuf.Empty"),
        ("r", any_pb2.Any(), "without type"),
    ],
)
def test_bad_role_config(switch: SoftSwitch, role: str, given: any_pb2.Any, named: str) -> None:
    with RawClient(switch.address) as client, pytest.raises(StreamEnd) as end:
        client.stream().arbitrate(1, role, config=given)
    assert end.value.code == Code.INVALID_ARGUMENT
    assert named in end.value.details
