# SPDX-License-Identifier: Apache-2.0
"""The client against real switches that run the srv6 program: entities, errors, packets, election."""

from __future__ import annotations

import time
from collections.abc import Iterator
from ipaddress import IPv6Address, IPv6Network
from typing import NamedTuple

import pytest
from unit.p4rt.switches import CPU_PORT, DEVICE_ID, SWITCHES, running, unavailable

from srv6cp import artifacts
from srv6cp.p4rt import (
    MAX_ELECTION_ID,
    Action,
    ArbitrationFailed,
    Atomicity,
    Client,
    CloneSession,
    Code,
    ConnectionFailed,
    CounterData,
    CounterEntry,
    DirectCounterEntry,
    Entity,
    MeterEntry,
    MulticastGroup,
    NotPrimary,
    P4Info,
    Primacy,
    Replica,
    RpcFailed,
    TableEntry,
    WriteError,
    delete,
    insert,
    modify,
    pipeline_cookie,
)
from srv6cp.p4rt.text import parse_entry

FILES = artifacts.find()
INFO = P4Info.from_file(FILES.p4info)


class Switch(NamedTuple):
    kind: str
    address: str

    def client(self, election_id: int = 1) -> Client:
        return Client(self.address, DEVICE_ID, election_id=election_id, p4info=INFO)


@pytest.fixture(
    scope="module",
    params=[pytest.param(k, marks=[pytest.mark.bmv2] if k == "bmv2" else []) for k in SWITCHES],
)
def switch(request: pytest.FixtureRequest) -> Iterator[Switch]:
    if (why := unavailable(request.param)) is not None:
        pytest.skip(why)
    with running(request.param) as address:
        yield Switch(request.param, address)


@pytest.fixture
def client(switch: Switch) -> Iterator[Client]:
    with switch.client() as connected:
        connected.become_primary(force=True)  # a primary with a higher id has been there before
        connected.set_pipeline(INFO, FILES.json)
        yield connected


def route(number: int, action: str = "blackhole") -> TableEntry:
    """A route that refers to nothing: softswitch enforces @refers_to."""
    prefix = IPv6Network((0x20010DB8 << 96 | number << 64, 64))
    return TableEntry("ipv6_table", {"vrf_id": 0, "ipv6_dst": prefix}, Action(action))


_ENCAPS = (
    "h_encaps_red(source_address=fcbb:bb00:1::1, first_segment={}, sidlist_id=1, segment_count=1, "
    "hop_limit=64, traffic_class=0, flags=5, nexthop_id=1)"
)
# What is referred to comes first.
_LINES = f"""
nexthop_table nexthop_id=1 -> set_adjacency(egress_port=1, vlan_id=0, src_mac=02:00:00:00:01:01, \
dst_mac=02:00:00:00:02:01, mtu=1500)
srv6_sidlist_1_4_table sidlist_id=1 -> segments_1(segment_list_0=fcbb:bb00:9::)
sr_policy_table policy_id=1 -> {{3*{_ENCAPS.format("fcbb:bb00:4::")}, 1*{_ENCAPS.format("fcbb:bb00:2::")}}}
ipv6_table vrf_id=0 ipv6_dst=2001:db8::/64 -> set_nexthop(nexthop_id=1)
ipv6_table vrf_id=0 ipv6_dst=2001:db8:0:1::/64 -> blackhole()
ipv6_table vrf_id=0 ipv6_dst=::/0 -> local()
ipv4_table vrf_id=9 ipv4_dst=10.0.0.0/8 -> steer(policy_id=1)
my_sid_table vrf_id=0 ipv6_dst=fcbb:bb00:1:e000::/64 -> end(sid_index=7, flavors=5, options=0)
classifier_ipv6_table ipv6_src=2001:db8::/32 next_header=17 priority=10 -> no_steering()
classifier_ipv6_table priority=1 -> no_steering()
"""
ENTRIES: list[Entity] = [parse_entry(INFO, line) for line in _LINES.strip().splitlines()]
REPLICATION: list[Entity] = [
    CloneSession(1, (Replica(CPU_PORT),)),
    MulticastGroup(5, (Replica(1, 1), Replica(2, 1))),
]


def by_key(entities: list[Entity]) -> dict[bytes, Entity]:
    return {INFO.key(entity): entity for entity in entities}


def test_pipeline_round_trip(client: Client) -> None:
    assert client.get_pipeline_cookie() == pipeline_cookie(INFO, FILES.json.read_bytes())
    with Client(client.address, DEVICE_ID) as other:
        assert other.p4info.proto == INFO.proto
    assert client.capabilities().p4runtime_version


def test_what_is_written_is_read_back(client: Client) -> None:
    client.insert(*ENTRIES, *REPLICATION)
    tables = {entry.table for entry in ENTRIES if isinstance(entry, TableEntry)}
    found = list(client.read(TableEntry(table) for table in tables))
    assert by_key(found) == by_key(ENTRIES)
    assert by_key(list(client.read(TableEntry("")))) == by_key(ENTRIES)
    for entry in ENTRIES:
        assert client.read_one(entry) == entry
    assert client.read_one(CloneSession(1)) == REPLICATION[0]
    assert client.read_one(MulticastGroup(5)) == REPLICATION[1]
    client.modify(route(0))
    assert client.read_one(route(0)) == route(0)
    client.delete(*reversed(ENTRIES), *REPLICATION)
    assert list(client.read(TableEntry(""))) == []


def test_default_entries_counters_and_meters(client: Client) -> None:
    default = client.default_entry("ipv6_table")
    assert default is not None and default.action == Action("no_route")
    client.modify(CounterEntry("drop_counter", 4, 10, 1000), MeterEntry("port_punt_meter", 2, 100, 50, 100, 50))
    assert client.read_one(CounterEntry("drop_counter", 4)) == CounterEntry("drop_counter", 4, 10, 1000)
    assert len(list(client.read(CounterEntry("drop_counter")))) == INFO.counters["drop_counter"].size
    assert client.read_one(MeterEntry("port_punt_meter", 2)) == MeterEntry("port_punt_meter", 2, 100, 50, 100, 50)
    assert client.read_one(MeterEntry("port_punt_meter", 3)) == MeterEntry("port_punt_meter", 3)
    client.modify(MeterEntry("port_punt_meter", 2))
    assert client.read_one(MeterEntry("port_punt_meter", 2)) == MeterEntry("port_punt_meter", 2)
    port = TableEntry("ingress_port_table", {"ingress_port": 1}, Action("set_l2_port", {"policy_id": 0}))
    client.insert(port)
    counts = DirectCounterEntry("ingress_port_table", {"ingress_port": 1}, packets=3, bytes=300)
    client.modify(counts)
    assert client.read_one(DirectCounterEntry("ingress_port_table", {"ingress_port": 1})) == counts
    assert list(client.read(DirectCounterEntry("ingress_port_table"))) == [counts]
    asked = TableEntry("ingress_port_table", {"ingress_port": 1}, counter=CounterData())
    with_counts = client.read_one(asked)
    assert isinstance(with_counts, TableEntry) and with_counts.counter == CounterData(3, 300)


def test_refused_updates_are_told_apart(client: Client) -> None:
    client.insert(route(0))
    updates = [insert(route(0)), insert(route(1)), delete(route(2)), modify(route(3)), insert(route(4))]
    with pytest.raises(WriteError) as caught:
        client.write(updates)
    failures = caught.value.failures
    assert [(f.index, f.update) for f in failures] == [(i, updates[i]) for i in (0, 2, 3)]
    assert failures[0].code is Code.ALREADY_EXISTS
    assert {failures[1].code, failures[2].code} == {Code.NOT_FOUND}
    assert all(f.message for f in failures)
    text = "#0 insert ipv6_table vrf_id=0 ipv6_dst=2001:db8::/64 -> blackhole(): ALREADY_EXISTS: "
    assert text in str(caught.value)
    assert client.read_one(route(4)) == route(4)


def test_a_thousand_refused_updates_arrive(client: Client) -> None:
    routes = [insert(route(i)) for i in range(1000)]
    client.write(routes)
    with pytest.raises(WriteError) as caught:
        client.write(routes)
    assert len(caught.value.failures) == 1000


def test_atomic_writes(switch: Switch, client: Client) -> None:
    client.insert(route(0))
    with pytest.raises((WriteError, RpcFailed)) as caught:
        client.write([insert(route(1)), insert(route(0))], Atomicity.ROLLBACK_ON_ERROR)
    if switch.kind == "bmv2":
        assert caught.value.code is Code.UNIMPLEMENTED
    else:
        assert isinstance(caught.value, WriteError)
        assert caught.value.failures[-1].code is Code.ALREADY_EXISTS
    assert client.read_one(route(1)) is None


def test_election(switch: Switch, client: Client) -> None:
    mine = client.election_id
    with switch.client(election_id=mine) as same, pytest.raises(ArbitrationFailed):
        same.become_primary()
    with switch.client(election_id=mine + 1) as other:
        assert other.become_primary().election_id == mine + 1
        deadline = time.monotonic() + 5
        while client.is_primary and time.monotonic() < deadline:
            time.sleep(0.01)
        assert client.arbitration is not None and client.arbitration.primacy is Primacy.BACKUP
        with pytest.raises(NotPrimary):
            client.insert(route(0))
        other.insert(route(0))
    deadline = time.monotonic() + 5  # until the switch has noticed that the other left
    while client.arbitration.primacy is Primacy.BACKUP and time.monotonic() < deadline:
        time.sleep(0.01)
    assert client.arbitration.primacy is (Primacy.PRIMARY if switch.kind == "bmv2" else Primacy.NO_PRIMARY)
    assert client.become_primary(force=True).is_primary
    client.delete(route(0))


def test_packets_both_ways(client: Client) -> None:
    """A packet sent into the pipeline to an own address comes back as a punt."""
    local = TableEntry("ipv6_table", {"vrf_id": 0, "ipv6_dst": IPv6Network("2001:db8::1/128")}, Action("local"))
    client.insert(local, CloneSession(1, (Replica(CPU_PORT),)))
    echo = bytes.fromhex("8000000000010001")
    frame = (bytes(12) + b"\x86\xdd\x60\0\0\0" + len(echo).to_bytes(2, "big") + b"\x3a\x40"
             + IPv6Address("2001:db8::2").packed + IPv6Address("2001:db8::1").packed + echo)  # fmt: skip
    with client.packets() as packets:
        client.packet_out(frame, submit_to_ingress=1)
        packet = packets.get(timeout=5)
    assert packet is not None, "no packet-in"
    assert packet.metadata["reason"] == 12  # ECHO
    assert packet.metadata["ingress_port"] == CPU_PORT
    assert packet.payload.endswith(frame)


def test_a_switch_that_dies_and_returns(switch: Switch) -> None:
    lost: list[object] = []
    with running(switch.kind) as address:
        client = Client(address, DEVICE_ID, p4info=INFO)
        client.on_disconnect(lost.append)
        client.become_primary()
        client.set_pipeline(INFO, FILES.json)
        client.insert(route(0))
    with pytest.raises(ConnectionFailed):
        client.insert(route(1))
    with running(switch.kind, port=int(address.rpartition(":")[2])):
        answer = client.reconnect(timeout=10)
        assert answer is not None and answer.is_primary
        assert client.get_pipeline_cookie() is None
        client.set_pipeline(INFO, FILES.json)
        client.insert(route(0))
        client.close()
    assert len(lost) == 1


def test_nobody_outbids_the_highest_election_id(switch: Switch) -> None:
    """While the client lives that has it; when it has left, another one may have it."""
    with running(switch.kind) as address:
        with Client(address, DEVICE_ID, election_id=MAX_ELECTION_ID) as greedy:
            greedy.become_primary()
            with (
                Client(address, DEVICE_ID) as other,
                pytest.raises(NotPrimary, match="stop that controller"),
            ):
                other.become_primary(force=True)
        with Client(address, DEVICE_ID) as other:
            assert other.become_primary(force=True).is_primary
