# SPDX-License-Identifier: Apache-2.0
"""Stamped updates are the ones that are encoded in the ordinary way, and are refused like them."""

from __future__ import annotations

import random

import pytest

from p4rtlib.protos import p4runtime_pb2
from softswitch.switch import SoftSwitch
from srv6cp import artifacts
from srv6cp.p4rt import (
    Action,
    Client,
    Code,
    EntityError,
    MulticastGroup,
    P4Info,
    TableEntry,
    Update,
    UpdateType,
    WriteError,
    insert,
)
from srv6cp.p4rt.stamps import Stamp

INFO = P4Info.from_file(artifacts.find().p4info)
TABLE = "bridge_source_table"
WIDTHS = (0, 1, 7, 8, 15, 16, 24, 31, 40, 47, 48)


def update(mac: int = 0, replica: int = 0, kind: UpdateType = UpdateType.INSERT) -> Update:
    match = {"bridge_id": 7, "mac": mac.to_bytes(6, "big").hex(":")}
    return Update(kind, TableEntry(TABLE, match, Action("is_at", {"replica_id": replica}), metadata=b"\x01\x02lan"))


def encoded(*updates: Update) -> p4runtime_pb2.WriteRequest:
    request = p4runtime_pb2.WriteRequest()
    INFO.codec.updates(updates, request.updates)
    return request


@pytest.mark.parametrize("kind", [UpdateType.INSERT, UpdateType.MODIFY])
def test_the_bytes_are_those_of_the_codec(kind: UpdateType) -> None:
    stamp = Stamp(INFO.codec, update(kind=kind), "mac", "replica_id")
    draw = random.Random(1)
    for width in WIDTHS:
        for _ in range(20):
            mac, replica = draw.getrandbits(width) if width else 0, draw.getrandbits(draw.choice((1, 8, 16)))
            found = p4runtime_pb2.WriteRequest.FromString(stamp(mac, replica))
            assert found == encoded(update(mac, replica, kind)), (hex(mac), replica)


def test_what_cannot_be_stamped() -> None:
    with pytest.raises(EntityError, match="only an entry of a table"):
        Stamp(INFO.codec, insert(MulticastGroup(1, ())), "mac", "replica_id")
    with pytest.raises(EntityError):
        Stamp(INFO.codec, update(kind=UpdateType.DELETE), "mac", "replica_id")(1, 1)  # has no action
    with pytest.raises(EntityError):
        Stamp(INFO.codec, update(), "mac", "nothing")(1, 1)
    with pytest.raises(EntityError):
        Stamp(INFO.codec, update(), "vlan", "replica_id")(1, 1)


def test_a_switch_takes_them_and_names_those_that_it_refuses() -> None:
    stamp = Stamp(INFO.codec, update(), "mac", "replica_id")
    program = artifacts.find()
    with SoftSwitch(program.json, program.p4info, device_id=1) as switch, Client(switch.address, 1) as client:
        client.become_primary()
        client.write_stamped([stamp(mac, 7 << 8 | 1) for mac in range(1, 6)], batch=2)
        assert sum(1 for _ in client.read(TableEntry(TABLE))) == 5
        with pytest.raises(WriteError) as caught:
            client.write_stamped([stamp(mac, 7 << 8 | 2) for mac in (9, 3, 10, 11, 5)], batch=2)
        assert [(failure.index, failure.code) for failure in caught.value.failures] == [
            (1, Code.ALREADY_EXISTS),
            (4, Code.ALREADY_EXISTS),
        ]
        refused = caught.value.failures[0].update.entity
        assert isinstance(refused, TableEntry) and refused.match["mac"] == "00:00:00:00:00:03"
        assert sum(1 for _ in client.read(TableEntry(TABLE))) == 8
        client.write_stamped([])
