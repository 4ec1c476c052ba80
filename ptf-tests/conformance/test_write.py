# SPDX-License-Identifier: Apache-2.0
"""Write: checks in order, errors of batches, atomicity (P4Runtime 1.5 sections 11, 12)."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from conformance.raw import (
    DELETE,
    IDS,
    INSERT,
    MODIFY,
    Code,
    RawClient,
    Refused,
    action,
    action_set,
    entry,
    pb,
)
from conformance.requirement import requirement

from softswitch.switch import SoftSwitch

CONTINUE = pb.WriteRequest.CONTINUE_ON_ERROR
ROLLBACK = pb.WriteRequest.ROLLBACK_ON_ERROR
ATOMIC = pb.WriteRequest.DATAPLANE_ATOMIC


def route(number: int, do: Any = None) -> Any:
    return entry("route_table", {"ipv6_dst": (number << 64, 64)}, do or action("drop"))


@requirement("12", "Unknown device: NOT_FOUND; not the primary: PERMISSION_DENIED; in this order, without details")
def test_order_of_checks(client: RawClient) -> None:
    request = client.request(pb.WriteRequest)
    request.device_id = 9
    request.election_id.low = 99
    with pytest.raises(Refused) as refusal:
        client.call(client._write, request)
    assert refusal.value.code == Code.NOT_FOUND
    request.device_id = 1
    with pytest.raises(Refused) as refusal:
        client.call(client._write, request)
    assert refusal.value.code == Code.PERMISSION_DENIED
    assert refusal.value.errors == []


@requirement("12.3", "A failed batch: UNKNOWN, one p4.v1.Error an update, in order, OK for those that succeeded")
def test_batch_errors(client: RawClient) -> None:
    with pytest.raises(Refused) as refusal:
        client.write(
            (INSERT, route(1)), (INSERT, route(1)), (MODIFY, route(2)), (INSERT, pb.TableEntry(table_id=5)),
            (INSERT, route(3)),
        )  # fmt: skip
    assert refusal.value.code == Code.UNKNOWN
    codes = [error.canonical_code for error in refusal.value.errors]
    assert codes == [Code.OK, Code.ALREADY_EXISTS, Code.NOT_FOUND, Code.INVALID_ARGUMENT, Code.OK]
    assert refusal.value.errors[0] == pb.Error()
    assert "route_table" in refusal.value.errors[1].message
    assert "ipv6_dst=0:0:0:1::/64" in refusal.value.errors[1].message
    assert len(client.read_tables(table_id=IDS["route_table"])) == 2


@requirement("12.2", "ROLLBACK_ON_ERROR and DATAPLANE_ATOMIC: all or nothing", bmv2="UNIMPLEMENTED")
@pytest.mark.parametrize("atomicity", [ROLLBACK, ATOMIC])
def test_all_or_nothing(client: RawClient, atomicity: int) -> None:
    client.insert(
        entry("nexthop_table", {"nexthop_id": 1}, action("drop")),
        route(1, action("set_nexthop", nexthop_id=1)),
        entry("group_table", {"group_id": 1}, action_set((action("drop"), 2))),
        entry("exact_table", {"dst_addr": 1, "ingress_port": 1}, action("punt"),
              counter_data=pb.CounterData(packet_count=5)),
        entry("lpm_table", {"ingress_port": 1}, action("metered", port=1),
              meter_config=pb.MeterConfig(cir=1, cburst=1, pir=2, pburst=2)),
        pb.MulticastGroupEntry(multicast_group_id=1, replicas=[pb.Replica(port=b"\1", instance=1)]),
        pb.CloneSessionEntry(session_id=1, replicas=[pb.Replica(port=b"\1")]),
        pb.DigestEntry(digest_id=IDS["learn_t"]),
    )  # fmt: skip
    before = client.everything()
    changes: list[tuple[int, Any]] = [
        (INSERT, entry("nexthop_table", {"nexthop_id": 2}, action("drop"))),
        (MODIFY, route(1, action("set_nexthop", nexthop_id=2))),
        (DELETE, entry("nexthop_table", {"nexthop_id": 1})),
        (MODIFY, entry("group_table", {"group_id": 1}, action_set((action("drop"), 1), (action("drop"), 1)))),
        (DELETE, entry("exact_table", {"dst_addr": 1, "ingress_port": 1})),
        (MODIFY, entry("lpm_table", {"ingress_port": 1}, action("metered", port=2))),
        (MODIFY, entry("acl_table", do=action("drop"), is_default_action=True)),
        (MODIFY, pb.CounterEntry(counter_id=IDS["port_counter"], data=pb.CounterData(packet_count=1))),
        (MODIFY, pb.MeterEntry(meter_id=IDS["port_meter"], config=pb.MeterConfig(cir=1, pir=1))),
        (MODIFY, pb.RegisterEntry(register_id=IDS["state_register"], data={"bitstring": b"\1"})),
        (MODIFY, pb.MulticastGroupEntry(multicast_group_id=1)),
        (DELETE, pb.CloneSessionEntry(session_id=1)),
        (DELETE, pb.DigestEntry(digest_id=IDS["learn_t"])),
        (MODIFY, pb.ValueSetEntry(value_set_id=IDS["special_types"],
                                  members=[{"match": [{"field_id": 1, "exact": {"value": b"\1"}}]}])),
    ]  # fmt: skip
    with pytest.raises(Refused) as refusal:
        client.write(*changes, (DELETE, route(77)), (INSERT, route(8)), atomicity=atomicity)
    codes = [error.canonical_code for error in refusal.value.errors]
    assert codes == [Code.ABORTED] * len(changes) + [Code.NOT_FOUND, Code.ABORTED]
    assert client.everything() == before
    client.write(*changes, atomicity=atomicity)
    assert client.everything() != before


@requirement("12.2", "DATAPLANE_ATOMIC: no packet sees a part of the batch", bmv2="UNIMPLEMENTED")
def test_dataplane_atomic(client: RawClient, switch: SoftSwitch) -> None:
    count = 400
    seen: set[int] = set()
    stop = threading.Event()
    table = switch.device.tables["exact_table"]

    def look() -> None:
        while not stop.is_set():
            with switch.device.lock:  # what a packet holds
                seen.add(len(table))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        client.write(
            *((INSERT, entry("exact_table", {"dst_addr": n, "ingress_port": 1}, action("punt"))) for n in range(count)),
            atomicity=ATOMIC,
        )
        time.sleep(0.01)
    finally:
        stop.set()
        thread.join()
    assert seen <= {0, count}


@requirement("12", "An update without type or entity, an unknown atomicity: INVALID_ARGUMENT")
def test_malformed_updates(client: RawClient) -> None:
    assert client.refused(0, route(1)).canonical_code == Code.INVALID_ARGUMENT
    request = client.request(pb.WriteRequest)
    request.updates.add(type=INSERT)
    with pytest.raises(Refused) as refusal:
        client.call(client._write, request)
    assert refusal.value.errors[0].canonical_code == Code.INVALID_ARGUMENT
    request = client.request(pb.WriteRequest, atomicity=7)
    request.updates.add(type=INSERT).entity.table_entry.CopyFrom(route(1))
    with pytest.raises(Refused) as refusal:
        client.call(client._write, request)
    assert refusal.value.code == Code.INVALID_ARGUMENT
    client.write()


@requirement("12", "Bytes that are no request: INVALID_ARGUMENT", bmv2="INTERNAL")
@pytest.mark.parametrize("method", ["Write", "SetForwardingPipelineConfig", "Capabilities"])
def test_not_protobuf(client: RawClient, method: str) -> None:
    with pytest.raises(Refused) as refusal:
        client.raw(method, b"\xff\xff\xff")
    assert refusal.value.code == Code.INVALID_ARGUMENT


@requirement("9.9", "Extern entries: UNIMPLEMENTED for a target without externs")
def test_extern(client: RawClient) -> None:
    assert client.refused(INSERT, pb.ExternEntry(extern_type_id=200)).canonical_code == Code.UNIMPLEMENTED


@requirement("12", "1000 LPM entries in one Write")
def test_long_batch(client: RawClient) -> None:
    client.insert(*[route(number) for number in range(1, 1001)])
    assert len(client.read_tables(table_id=IDS["route_table"])) == 1000
