# SPDX-License-Identifier: Apache-2.0
"""Multicast groups, clone sessions, value sets (P4Runtime 1.5 sections 9.5, 9.6)."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.raw import DELETE, IDS, INSERT, MODIFY, Code, RawClient, action, entry, pb
from conformance.requirement import requirement

from softswitch.switch import SoftSwitch


def replica(port: int, instance: int = 0) -> Any:
    return pb.Replica(port=bytes([port]) if port < 256 else port.to_bytes(2, "big"), instance=instance)


def multicast(number: int, *replicas: Any, **fields: Any) -> Any:
    return pb.MulticastGroupEntry(multicast_group_id=number, replicas=replicas, **fields)


def clone(number: int, *replicas: Any, **fields: Any) -> Any:
    return pb.CloneSessionEntry(session_id=number, replicas=replicas, **fields)


@requirement("9.5.1", "Multicast groups: insert, modify, read, wildcard, delete; metadata comes back")
def test_multicast(client: RawClient) -> None:
    first, second = multicast(1, replica(1, 1), replica(2, 1), metadata=b"m"), multicast(2)
    client.insert(first, second)
    read = [e.packet_replication_engine_entry.multicast_group_entry for e in client.read(multicast(0))]
    assert read == [first, second]
    client.modify(multicast(1, replica(300, 7)))
    read = [e.packet_replication_engine_entry.multicast_group_entry for e in client.read(multicast(1))]
    assert read == [multicast(1, replica(300, 7))]
    client.delete(multicast(1), multicast(2))
    assert client.read(multicast(0)) == []


@requirement("9.5", "Errors of groups and sessions: id 0 or too big, duplicate replicas, bad ports, existence")
def test_errors(client: RawClient) -> None:
    client.insert(multicast(1), clone(1))
    for make, highest in ((multicast, 65535), (clone, 32767)):
        for kind, message, code in (
            (INSERT, make(1), Code.ALREADY_EXISTS),
            (MODIFY, make(5), Code.NOT_FOUND),
            (DELETE, make(5), Code.NOT_FOUND),
            (INSERT, make(0), Code.INVALID_ARGUMENT),
            (INSERT, make(highest + 1), Code.INVALID_ARGUMENT),
            (INSERT, make(5, replica(1, 2), replica(1, 2)), Code.INVALID_ARGUMENT),
            (INSERT, make(5, replica(512)), Code.INVALID_ARGUMENT),
            (INSERT, make(5, replica(1, 65536)), Code.INVALID_ARGUMENT),
            (INSERT, make(5, pb.Replica(instance=1)), Code.INVALID_ARGUMENT),
        ):
            assert client.refused(kind, message).canonical_code == code, (make, message)
    backup = replica(1)
    backup.backup_replicas.add(port=b"\2")
    assert client.refused(INSERT, multicast(5, backup)).canonical_code == Code.UNIMPLEMENTED
    empty = pb.PacketReplicationEngineEntry()
    assert client.refused(INSERT, empty).canonical_code == Code.INVALID_ARGUMENT


@requirement("9.5.1", "The data plane makes the copies of a group")
def test_flooding(client: RawClient, switch: SoftSwitch) -> None:
    out: list[int] = []
    for port in (1, 2, 3):
        switch.attach(port, lambda frame, port=port: out.append(port))  # type: ignore[misc]
    client.insert(multicast(9, replica(1, 1), replica(3, 2)))
    client.insert(entry("exact_table", {"dst_addr": 1, "ingress_port": 1}, action("flood", group=9)))
    switch.inject(1, bytes(5) + b"\1" + bytes(54))
    assert switch.flush()
    assert sorted(out) == [1, 3]
    client.delete(multicast(9))
    switch.inject(1, bytes(5) + b"\1" + bytes(54))
    assert switch.flush()
    assert sorted(out) == [1, 3]


@requirement("9.5.2", "Clone sessions: insert, read, modify, delete; the length truncates copies")
def test_clone(client: RawClient, switch: SoftSwitch) -> None:
    copies: list[bytes] = []
    switch.attach(5, copies.append)
    session = clone(1, replica(5), class_of_service=0, packet_length_bytes=20)
    client.insert(session)
    assert [e.packet_replication_engine_entry.clone_session_entry for e in client.read(clone(0))] == [session]
    client.insert(entry("acl_table", {}, action("mirror", session=1), 1))
    switch.inject(1, bytes(60))
    assert switch.flush()
    assert copies == [bytes(20)]
    client.modify(clone(1, replica(5)))
    switch.inject(1, bytes(60))
    assert switch.flush()
    assert copies[1] == bytes(60)
    client.delete(clone(1))
    switch.inject(1, bytes(60))
    assert switch.flush()
    assert len(copies) == 2


def value_set(*values: int) -> Any:
    message = pb.ValueSetEntry(value_set_id=IDS["special_types"])
    for value in values:
        part = message.members.add().match.add(field_id=1)
        part.exact.value = value.to_bytes(2, "big").lstrip(b"\0")
    return message


@requirement(
    "9.6",
    "Value sets: MODIFY replaces the members, an empty one clears them; wildcard read",
    bmv2="UNIMPLEMENTED",
)
def test_value_set(client: RawClient, switch: SoftSwitch) -> None:
    client.modify(value_set(0x22F3, 0x893B))
    assert [e.value_set_entry for e in client.read(pb.ValueSetEntry())] == [value_set(0x22F3, 0x893B)]
    assert switch.device.value_sets["special_types"].values() == [0x22F3, 0x893B]
    client.modify(value_set())
    assert [e.value_set_entry for e in client.read(value_set())] == [value_set()]


@requirement(
    "9.6",
    "Errors of value sets: INSERT, DELETE, too many members, duplicates, bad members",
    bmv2="UNIMPLEMENTED",
)
@pytest.mark.parametrize(
    ("kind", "message", "code"),
    [
        (INSERT, value_set(1), Code.INVALID_ARGUMENT),
        (DELETE, value_set(1), Code.INVALID_ARGUMENT),
        (MODIFY, value_set(1, 2, 3, 4, 5), Code.RESOURCE_EXHAUSTED),
        (MODIFY, value_set(1, 1), Code.ALREADY_EXISTS),
        (MODIFY, pb.ValueSetEntry(value_set_id=IDS["special_types"], members=[{}]), Code.INVALID_ARGUMENT),
        (MODIFY, pb.ValueSetEntry(value_set_id=3), Code.INVALID_ARGUMENT),
    ],
)
def test_value_set_errors(client: RawClient, kind: int, message: Any, code: int) -> None:
    assert client.refused(kind, message).canonical_code == code
