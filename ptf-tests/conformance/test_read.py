# SPDX-License-Identifier: Apache-2.0
"""Read: filters, wildcards, errors, batches (P4Runtime 1.5 section 13)."""

from __future__ import annotations

import pytest
from conformance.raw import DEVICE_ID, IDS, Code, RawClient, Refused, action, entry, pb
from conformance.requirement import requirement

from softswitch.p4runtime.server import READ_BATCH


@requirement("13", "Read needs no election id and no stream; an unknown device is NOT_FOUND")
def test_anyone_reads(client: RawClient) -> None:
    client.streams[0].close()
    assert client.read_tables(table_id=IDS["const_table"])
    request = pb.ReadRequest(device_id=9)
    with pytest.raises(Refused) as refusal:
        client.raw_read(request.SerializeToString())
    assert refusal.value.code == Code.NOT_FOUND


@requirement("13", "Many entities come in several responses")
def test_batches(client: RawClient) -> None:
    count = 2 * READ_BATCH + 1
    client.insert(*(entry("route_table", {"ipv6_dst": (n << 64, 64)}, action("drop")) for n in range(1, count + 1)))
    request = pb.ReadRequest(device_id=DEVICE_ID)
    request.entities.add().table_entry.table_id = IDS["route_table"]
    responses = [pb.ReadResponse.FromString(r) for r in client.raw_read(request.SerializeToString())]
    assert [len(r.entities) for r in responses] == [READ_BATCH, READ_BATCH, 1]


@requirement("13.3", "A failed request of a batch: the others are answered, then UNKNOWN with an error each")
def test_partial_failure(client: RawClient) -> None:
    request = pb.ReadRequest(device_id=DEVICE_ID)
    request.entities.add().table_entry.table_id = IDS["const_table"]
    request.entities.add().table_entry.table_id = 5
    request.entities.add()
    request.entities.add().counter_entry.counter_id = IDS["port_counter"]
    found = []
    with pytest.raises(Refused) as refusal:
        try:
            for response in client._read(request):
                found += response.entities
        except Exception as error:
            raise Refused(error) from None  # type: ignore[arg-type]
    assert len(found) == 2 + 8
    assert refusal.value.code == Code.UNKNOWN
    codes = [error.canonical_code for error in refusal.value.errors]
    assert codes == [Code.OK, Code.INVALID_ARGUMENT, Code.INVALID_ARGUMENT, Code.OK]


@requirement("13.2", "One request can ask for the whole forwarding state")
def test_everything(client: RawClient) -> None:
    request = pb.ReadRequest(device_id=DEVICE_ID)
    for field in pb.Entity.DESCRIPTOR.fields:
        getattr(request.entities.add(), field.name).SetInParent()
    kinds = set()
    for response in client._read(request):
        kinds |= {one.WhichOneof("entity") for one in response.entities}
    assert {"table_entry", "counter_entry", "meter_entry", "register_entry", "value_set_entry"} <= kinds


@requirement("13", "An unknown id: INVALID_ARGUMENT that lists the valid ones")
@pytest.mark.parametrize(
    ("message", "named"),
    [
        (pb.TableEntry(table_id=5), "acl_table"),
        (pb.CounterEntry(counter_id=5), "port_counter"),
        (pb.MeterEntry(meter_id=5), "port_meter"),
        (pb.RegisterEntry(register_id=5), "state_register"),
        (pb.DigestEntry(digest_id=5), "learn_t"),
        (pb.ValueSetEntry(value_set_id=5), "special_types"),
        (pb.ActionProfileMember(action_profile_id=5), "plain_profile"),
        (pb.DirectCounterEntry(table_entry={"table_id": 5}), "acl_table"),
    ],
)
def test_unknown_ids(client: RawClient, message: object, named: str) -> None:
    with pytest.raises(Refused) as refusal:
        client.read(message)
    assert refusal.value.errors[0].canonical_code == Code.INVALID_ARGUMENT
    assert named in refusal.value.errors[0].message
