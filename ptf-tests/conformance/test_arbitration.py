# SPDX-License-Identifier: Apache-2.0
"""Client arbitration (P4Runtime 1.5 section 5)."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from conformance.raw import Code, RawClient, Refused, StreamEnd, action, entry
from conformance.requirement import requirement

from softswitch.p4runtime.arbitration import MAX_STREAMS
from softswitch.switch import SoftSwitch

ROUTE = {"ipv6_dst": (0x2001 << 112, 16)}


def raw(switch: SoftSwitch) -> RawClient:
    return RawClient(switch.address)


@requirement("5.3", "The first controller with an election id becomes primary and is told so")
def test_first_is_primary(switch: SoftSwitch) -> None:
    with raw(switch) as client:
        answer = client.stream().arbitrate(5)
        assert answer.device_id == 1
        assert answer.status.code == Code.OK
        assert answer.election_id.low == 5
        assert not answer.HasField("role")


@requirement("5.3", "A lower election id makes a backup; only it is told (ALREADY_EXISTS)")
def test_lower_is_backup(switch: SoftSwitch) -> None:
    with raw(switch) as client:
        primary = client.primary(5)
        answer = client.stream().arbitrate(4)
        assert answer.status.code == Code.ALREADY_EXISTS
        assert answer.election_id.low == 5
        primary.nothing()


@requirement("5.3", "A higher election id takes over; the old primary is told and may not write any more")
def test_higher_takes_over(switch: SoftSwitch) -> None:
    with raw(switch) as client:
        old = client.primary(5)
        assert client.stream().arbitrate(1 << 64).status.code == Code.OK
        told = old.next("arbitration")
        assert told.status.code == Code.ALREADY_EXISTS
        assert told.election_id.high == 1
        with pytest.raises(Refused) as refusal:
            client.insert(entry("route_table", ROUTE, action("drop")))
        assert refusal.value.code == Code.PERMISSION_DENIED
        assert not refusal.value.errors
        client.election = 1 << 64
        client.insert(entry("route_table", ROUTE, action("drop")))


@requirement("5.3", "An election id in use by another live controller of the role ends the stream: INVALID_ARGUMENT")
def test_duplicate_election_id(switch: SoftSwitch) -> None:
    with raw(switch) as client:
        client.primary(5)
        with pytest.raises(StreamEnd) as end:
            client.stream().arbitrate(5)
        assert end.value.code == Code.INVALID_ARGUMENT
        other = client.stream()
        other.arbitrate(4)
        with pytest.raises(StreamEnd) as end:
            other.arbitrate(5)
        assert end.value.code == Code.INVALID_ARGUMENT


@requirement("5.3", "An unknown device id ends the stream: NOT_FOUND")
def test_unknown_device(switch: SoftSwitch) -> None:
    with raw(switch) as client, pytest.raises(StreamEnd) as end:
        client.stream().arbitrate(1, device_id=99)
    assert end.value.code == Code.NOT_FOUND


@requirement("5.3", "A live controller that changes device id or role ends its stream: FAILED_PRECONDITION")
@pytest.mark.parametrize("change", [{"device_id": 99}, {"role": "other"}])
def test_change_of_identity(switch: SoftSwitch, change: dict[str, Any]) -> None:
    with raw(switch) as client:
        stream = client.primary(5)
        with pytest.raises(StreamEnd) as end:
            stream.arbitrate(6, **change)
        assert end.value.code == Code.FAILED_PRECONDITION


@requirement("5.3", "More streams than supported: RESOURCE_EXHAUSTED, and the others work on")
def test_too_many_streams(switch: SoftSwitch) -> None:
    with raw(switch) as client:
        streams = [client.stream() for _ in range(MAX_STREAMS)]
        for number, stream in enumerate(streams):
            stream.arbitrate(number + 1)
        with pytest.raises(StreamEnd) as end:
            client.stream().arbitrate(100)
        assert end.value.code == Code.RESOURCE_EXHAUSTED
        client.election = MAX_STREAMS
        client.insert(entry("route_table", ROUTE, action("drop")))


@requirement("5.3", "A primary that lowers its election id becomes a backup; all are told NOT_FOUND")
def test_downgrade(switch: SoftSwitch) -> None:
    with raw(switch) as client:
        primary = client.primary(5)
        backup = client.stream()
        backup.arbitrate(3)
        assert primary.arbitrate(2).status.code == Code.NOT_FOUND
        told = backup.next("arbitration")
        assert told.status.code == Code.NOT_FOUND
        assert told.election_id.low == 5
        # Nobody reaches the highest id seen, so nobody is primary ...
        assert backup.arbitrate(4).status.code == Code.NOT_FOUND
        # ... until somebody does.
        assert backup.arbitrate(5).status.code == Code.OK


@requirement("5.1", "When the stream of the primary ends, the backups are told NOT_FOUND and nobody may write")
def test_primary_leaves(switch: SoftSwitch) -> None:
    with raw(switch) as client:
        primary = client.primary(5)
        backup = client.stream()
        backup.arbitrate(3)
        primary.close()
        told = backup.next("arbitration")
        assert told.status.code == Code.NOT_FOUND
        assert told.election_id.low == 5
        with pytest.raises(Refused) as refusal:
            client.insert(entry("route_table", ROUTE, action("drop")))
        assert refusal.value.code == Code.PERMISSION_DENIED


@requirement("16.2", "An unset election id never becomes primary and differs from 0")
def test_unset_election_id(switch: SoftSwitch) -> None:
    with raw(switch) as client:
        standby = client.stream()
        answer = standby.arbitrate(None)
        assert answer.status.code == Code.NOT_FOUND
        assert not answer.HasField("election_id")
        assert client.stream().arbitrate(0).status.code == Code.OK
        told = standby.next("arbitration")
        assert told.status.code == Code.ALREADY_EXISTS
        assert told.HasField("election_id")
        client.election = None
        with pytest.raises(Refused) as refusal:
            client.insert(entry("route_table", ROUTE, action("drop")))
        assert refusal.value.code == Code.PERMISSION_DENIED


@requirement("5.1", "Roles have a primary each, and may use the same election id")
def test_roles_are_independent(switch: SoftSwitch) -> None:
    with raw(switch) as client:
        client.primary(5)
        stream = client.stream()
        answer = stream.arbitrate(5, role="routing")
        assert answer.status.code == Code.OK
        assert answer.role.name == "routing"
        client.role = "routing"
        client.insert(entry("route_table", ROUTE, action("drop")))
        client.role = "nobody"
        with pytest.raises(Refused) as refusal:
            client.insert(entry("route_table", ROUTE, action("drop")))
        assert refusal.value.code == Code.NOT_FOUND


@requirement("5.3", "A change of primary waits for writes that have begun")
def test_change_waits_for_write(switch: SoftSwitch) -> None:
    with raw(switch) as client:
        old = client.primary(5)
        new = client.stream()
        answered = threading.Event()
        with switch.server._state:  # what a Write holds while it works
            thread = threading.Thread(target=lambda: (new.arbitrate(6), answered.set()), daemon=True)
            thread.start()
            assert old.next("arbitration").status.code == Code.ALREADY_EXISTS
            time.sleep(0.05)
            assert not answered.is_set()
        thread.join(3)
        assert answered.is_set()


@requirement("5.3", "The primary may confirm or raise its own election id and stays primary")
def test_primary_repeats(switch: SoftSwitch) -> None:
    with raw(switch) as client:
        primary = client.primary(5)
        assert primary.arbitrate(5).status.code == Code.OK
        assert primary.arbitrate(9).status.code == Code.OK
        client.election = 9
        client.insert(entry("route_table", ROUTE, action("drop")))
