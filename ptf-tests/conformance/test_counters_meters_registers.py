# SPDX-License-Identifier: Apache-2.0
"""Counters, meters and registers (P4Runtime 1.5 sections 9.3, 9.4, 9.7)."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.raw import DELETE, IDS, INSERT, MODIFY, Code, RawClient, Refused, action, entry, pb
from conformance.requirement import requirement

from softswitch.switch import SoftSwitch

EXACT = {"dst_addr": 1, "ingress_port": 1}
LPM = {"ingress_port": 1, "ipv6_dst": (1 << 64, 64)}
METER = pb.MeterConfig(cir=100, cburst=10, pir=200, pburst=20)


def counter(index: int | None = None, packets: int | None = None, count: int = 0) -> Any:
    message = pb.CounterEntry(counter_id=IDS["port_counter"])
    if index is not None:
        message.index.SetInParent()
        message.index.index = index
    if packets is not None:
        message.data.packet_count, message.data.byte_count = packets, count
    return message


def meter(index: int | None = None, config: Any = None) -> Any:
    message = pb.MeterEntry(meter_id=IDS["port_meter"], config=config)
    if index is not None:
        message.index.SetInParent()
        message.index.index = index
    return message


def register(index: int | None = None, data: bytes | None = None) -> Any:
    message = pb.RegisterEntry(register_id=IDS["state_register"])
    if index is not None:
        message.index.SetInParent()
        message.index.index = index
    if data is not None:
        message.data.bitstring = data
    return message


@requirement(
    "9.3.2",
    "Indexed counters: one cell, a whole array, all arrays; an unset index writes all cells",
    bmv2="a write to all cells is UNIMPLEMENTED",
)
def test_counter(client: RawClient) -> None:
    client.modify(counter(3, 7, 700))
    assert [e.counter_entry for e in client.read(counter(3))] == [counter(3, 7, 700)]
    assert len(client.read(counter())) == 8
    assert len(client.read(pb.CounterEntry())) == 8
    client.modify(counter(None, 1, 2))
    assert all(e.counter_entry.data.packet_count == 1 for e in client.read(counter()))
    client.modify(counter(3))  # no data: nothing is written
    assert client.read(counter(3))[0].counter_entry.data.packet_count == 1


@requirement("9.3.2", "A negative index: INVALID_ARGUMENT; beyond the array: OUT_OF_RANGE; INSERT, DELETE refused")
@pytest.mark.parametrize("make", [counter, meter, register])
def test_index_errors(client: RawClient, make: Any) -> None:
    data = {counter: {"packets": 1}, meter: {}, register: {"data": b"\1"}}[make]
    assert client.refused(MODIFY, make(-1, **data)).canonical_code == Code.INVALID_ARGUMENT
    assert client.refused(MODIFY, make(16, **data)).canonical_code == Code.OUT_OF_RANGE
    for kind in (INSERT, DELETE):
        assert client.refused(kind, make(0, **data)).canonical_code == Code.INVALID_ARGUMENT
    for index, code in ((-1, Code.INVALID_ARGUMENT), (16, Code.OUT_OF_RANGE)):
        with pytest.raises(Refused) as refusal:
            client.read(make(index))
        assert refusal.value.errors[0].canonical_code == code


@requirement(
    "9.3.1",
    "Direct counters: read of one entry, of a table, of all tables; MODIFY; NOT_FOUND",
    bmv2="those of all tables are UNIMPLEMENTED",
)
def test_direct_counter(client: RawClient) -> None:
    client.insert(entry("exact_table", EXACT, action("punt")))
    one = pb.DirectCounterEntry(table_entry=entry("exact_table", EXACT), data=pb.CounterData(packet_count=4))
    client.modify(one)
    for which in (entry("exact_table", EXACT), entry("exact_table"), None):
        ask = pb.DirectCounterEntry(table_entry=which)
        assert [e.direct_counter_entry for e in client.read(ask)] == [one]
    absent = pb.DirectCounterEntry(table_entry=entry("exact_table", {"dst_addr": 2, "ingress_port": 1}))
    assert client.refused(MODIFY, absent).canonical_code == Code.NOT_FOUND
    assert client.refused(INSERT, one).canonical_code == Code.INVALID_ARGUMENT
    with pytest.raises(Refused) as refusal:
        client.read(absent)
    assert refusal.value.errors[0].canonical_code == Code.NOT_FOUND
    with pytest.raises(Refused) as refusal:
        client.read(pb.DirectCounterEntry(table_entry=entry("route_table")))
    assert refusal.value.errors[0].canonical_code == Code.INVALID_ARGUMENT


@requirement("9.3.1", "The data plane counts packets and bytes of hits")
def test_counting(client: RawClient, switch: SoftSwitch) -> None:
    client.insert(entry("exact_table", EXACT, action("punt")))
    frame = bytes(5) + b"\1" + bytes(6) + b"\x12\x34" + bytes(46)
    for _ in range(3):
        switch.inject(1, frame)
    assert switch.flush()
    data = client.read(pb.DirectCounterEntry(table_entry=entry("exact_table", EXACT)))[0].direct_counter_entry.data
    assert (data.packet_count, data.byte_count) == (3, 3 * len(frame))


@requirement("9.4.2", "Indexed meters: one cell, a whole array; no config resets", bmv2="without index UNIMPLEMENTED")
def test_meter(client: RawClient, switch: SoftSwitch) -> None:
    client.modify(meter(2, METER))
    assert [e.meter_entry for e in client.read(meter(2))] == [meter(2, METER)]
    found = client.read(pb.MeterEntry())
    assert [e.meter_entry.HasField("config") for e in found] == [False, False, True] + [False] * 5
    assert switch.device.meters["port_meter"].read(2) == ((100.0, 10), (200.0, 20))
    client.modify(meter(None, METER))
    assert all(e.meter_entry.config == METER for e in client.read(meter()))
    client.modify(meter(None))
    assert not any(e.meter_entry.HasField("config") for e in client.read(meter()))
    assert switch.device.meters["port_meter"].read(2) == ()


@requirement("9.4", "Configurations that the type of the meter does not allow: INVALID_ARGUMENT", bmv2="not checked")
@pytest.mark.parametrize(
    "bad",
    [pb.MeterConfig(cir=-1), pb.MeterConfig(cir=2, pir=1), pb.MeterConfig(cir=1, pir=1, eburst=1),
     pb.MeterConfig(cir=1, pir=1, pburst=-1)],
)  # fmt: skip
def test_bad_meter(client: RawClient, bad: Any) -> None:
    assert client.refused(MODIFY, meter(0, bad)).canonical_code == Code.INVALID_ARGUMENT
    message = entry("lpm_table", LPM, action("metered", port=1), meter_config=bad)
    assert client.refused(INSERT, message).canonical_code == Code.INVALID_ARGUMENT


@requirement("9.4.3", "Colour counters of meters are not supported: UNIMPLEMENTED")
def test_color_counters(client: RawClient) -> None:
    message = meter(0, METER)
    message.counter_data.SetInParent()
    assert client.refused(MODIFY, message).canonical_code == Code.UNIMPLEMENTED
    with pytest.raises(Refused) as refusal:
        client.read(message)
    assert refusal.value.errors[0].canonical_code == Code.UNIMPLEMENTED


@requirement("9.4.1", "Direct meters: written and read by entry", bmv2="those of all tables are UNIMPLEMENTED")
def test_direct_meter(client: RawClient, switch: SoftSwitch) -> None:
    client.insert(entry("lpm_table", LPM, action("metered", port=1)))
    one = pb.DirectMeterEntry(table_entry=entry("lpm_table", LPM), config=METER)
    client.modify(one)
    for ask in (pb.DirectMeterEntry(table_entry=entry("lpm_table", LPM)), pb.DirectMeterEntry()):
        assert [e.direct_meter_entry for e in client.read(ask)] == [one]
    client.modify(pb.DirectMeterEntry(table_entry=entry("lpm_table", LPM)))
    assert not client.read(pb.DirectMeterEntry())[0].direct_meter_entry.HasField("config")
    assert client.refused(DELETE, one).canonical_code == Code.INVALID_ARGUMENT


@requirement("9.7", "Registers: one cell, a whole array, all; canonical values", bmv2="UNIMPLEMENTED")
def test_register(client: RawClient, switch: SoftSwitch) -> None:
    client.modify(register(4, b"\0\x0f\xff\xff"))
    assert [e.register_entry for e in client.read(register(4))] == [register(4, b"\x0f\xff\xff")]
    assert len(client.read(pb.RegisterEntry())) == 16
    client.modify(register(None, b"\1"))
    assert switch.device.registers["state_register"].read_all() == [1] * 16


@requirement("9.7", "Register data of the wrong type: INVALID_ARGUMENT; too wide: OUT_OF_RANGE", bmv2="UNIMPLEMENTED")
def test_bad_register(client: RawClient) -> None:
    assert client.refused(MODIFY, register(0, b"\x10\0\0")).canonical_code == Code.OUT_OF_RANGE
    assert client.refused(MODIFY, register(0)).canonical_code == Code.INVALID_ARGUMENT
    message = register(0)
    message.data.bool = True
    assert client.refused(MODIFY, message).canonical_code == Code.INVALID_ARGUMENT
