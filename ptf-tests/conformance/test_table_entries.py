# SPDX-License-Identifier: Apache-2.0
"""Table entries: fields, actions, default entries, constant tables (P4Runtime 1.5 sections 8.4, 9.1)."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.raw import DELETE, IDS, INSERT, MODIFY, Code, RawClient, action, action_set, entry, match, pb
from conformance.requirement import requirement

from softswitch.switch import SoftSwitch

DST = 0x20010DB8 << 96
ROUTE = {"ipv6_dst": (DST, 32)}
EXACT = {"dst_addr": 0x020000000001, "ingress_port": 3}
FORWARD = action("forward", port=2, dst_addr=0x02000000AABB)


@requirement("8.2", "What is written is read back as it was written")
@pytest.mark.parametrize(
    "message",
    [
        entry("exact_table", EXACT, FORWARD, metadata=b"x", controller_metadata=7),
        entry("route_table", ROUTE, action("set_group", group_id=300)),
        entry("route_table", {}, action("drop")),
        entry("lpm_table", {"ingress_port": 1, "ipv6_dst": (DST, 33)}, action("metered", port=4)),
        entry("acl_table", {"ether_type": (0x0800, 0xFF00), "flow_label": (5, 9), "ingress_port": 0},
              action("remember", index=0, value=0xFFFFF), 10),
        entry("acl_table", {}, action("no_op"), 1),
        entry("group_table", {"group_id": 1}, action_set((FORWARD, 3), (action("drop"), 1), (FORWARD, 2))),
        entry("timeout_table", {"src_addr": 1}, action("no_op"), idle_timeout_ns=10**12),
    ],
)  # fmt: skip
def test_read_write_symmetry(client: RawClient, message: Any) -> None:
    client.insert(message)
    assert client.read_tables(table_id=message.table_id) == [message]
    client.delete(message)
    assert client.read_tables(table_id=message.table_id) == []


@requirement("8.4", "Longer binary strings with leading zeros are accepted, the shortest is answered")
def test_non_canonical(client: RawClient) -> None:
    message = entry("exact_table", EXACT, FORWARD)
    padded = pb.TableEntry()
    padded.CopyFrom(message)
    for part in padded.match:
        part.exact.value = part.exact.value.rjust(12, b"\0")
    padded.action.action.params[0].value = b"\0\0\0\2"
    client.insert(padded)
    assert client.read_tables(table_id=IDS["exact_table"]) == [message]
    # The two spellings are the same entry.
    assert client.refused(INSERT, message).canonical_code == Code.ALREADY_EXISTS


@requirement(
    "8.4",
    "A value that does not fit, or an empty string: OUT_OF_RANGE, naming table, field and range",
    bmv2="INVALID_ARGUMENT",
)
@pytest.mark.parametrize("value", [b"", b"\2\0", b"\1\0\0"])
def test_out_of_range(client: RawClient, value: bytes) -> None:
    message = entry("exact_table", EXACT, FORWARD)
    message.match[1].exact.value = value
    error = client.refused(INSERT, message)
    assert error.canonical_code == Code.OUT_OF_RANGE
    assert "exact_table" in error.message
    assert "ingress_port" in error.message
    parameter = entry("exact_table", EXACT, FORWARD)
    parameter.action.action.params[0].value = value
    error = client.refused(INSERT, parameter)
    assert error.canonical_code == Code.OUT_OF_RANGE
    assert "forward" in error.message
    assert "port" in error.message


def _unknown_field(e: Any) -> None:
    e.match[0].field_id = 99


def _missing(e: Any) -> None:
    del e.match[0]


def _twice(e: Any) -> None:
    e.match.add().CopyFrom(e.match[0])


def _other_kind(e: Any) -> None:
    e.match[0].ternary.value = b"\1"
    e.match[0].ternary.mask = b"\1"


def _no_kind(e: Any) -> None:
    e.match[0].ClearField("exact")


def _unknown_action(e: Any) -> None:
    e.action.action.action_id = 12345


def _foreign_action(e: Any) -> None:
    e.action.action.action_id = IDS["learn"]


def _no_action(e: Any) -> None:
    e.ClearField("action")


def _param_missing(e: Any) -> None:
    del e.action.action.params[0]


def _param_twice(e: Any) -> None:
    e.action.action.params.add().CopyFrom(e.action.action.params[0])


def _param_unknown(e: Any) -> None:
    e.action.action.params[0].param_id = 9


def _member(e: Any) -> None:
    e.action.action_profile_member_id = 1


def _priority(e: Any) -> None:
    e.priority = 1


def _is_const(e: Any) -> None:
    e.is_const = True


def _timeout(e: Any) -> None:
    e.idle_timeout_ns = 1


def _last_hit(e: Any) -> None:
    e.time_since_last_hit.elapsed_ns = 1


def _meter(e: Any) -> None:
    e.meter_config.cir = 1


@requirement(
    "9.1.1",
    "A malformed entry: INVALID_ARGUMENT that names the table and what would be valid",
    bmv2="yes, without names; is_const, idle timeouts and repeated fields are not checked",
)
@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_unknown_field, "1 (dst_addr), 2 (ingress_port)"), (_missing, "dst_addr"), (_twice, "dst_addr"),
        (_other_kind, "exact"), (_no_kind, "exact"), (_unknown_action, "forward"),
        (_foreign_action, "learn"), (_no_action, "forward"), (_param_missing, "port"), (_param_twice, "port"),
        (_param_unknown, "1 (port), 2 (dst_addr)"), (_member, "action"), (_priority, "priority"),
        (_is_const, "is_const"), (_timeout, "idle"), (_last_hit, "time_since_last_hit"), (_meter, "meter"),
    ],
)  # fmt: skip
def test_malformed(client: RawClient, change: Any, named: str) -> None:
    message = entry("exact_table", EXACT, FORWARD)
    change(message)
    before = client.everything()
    error = client.refused(INSERT, message)
    assert error.canonical_code == Code.INVALID_ARGUMENT
    assert "exact_table" in error.message
    assert named in error.message
    assert client.everything() == before


@requirement("9.1", "An unknown table id: INVALID_ARGUMENT that lists the tables")
@pytest.mark.parametrize("kind", [INSERT, MODIFY, DELETE])
def test_unknown_table(client: RawClient, kind: int) -> None:
    for number in (0, 12345):
        error = client.refused(kind, pb.TableEntry(table_id=number))
        assert error.canonical_code == Code.INVALID_ARGUMENT
        assert "acl_table" in error.message


@requirement(
    "9.1.1",
    "LPM: length 0, length beyond the width, bits outside the prefix: INVALID_ARGUMENT",
    bmv2="length 0 is accepted",
)
@pytest.mark.parametrize("key", [(DST, 0), (DST, 129), (DST, -1), (DST | 1, 32)])
def test_bad_lpm(client: RawClient, key: tuple[int, int]) -> None:
    message = entry("route_table", {"ipv6_dst": (DST, 32)}, action("drop"))
    message.match[0].lpm.value, message.match[0].lpm.prefix_len = key[0].to_bytes(16, "big"), key[1]
    error = client.refused(INSERT, message)
    assert error.canonical_code == Code.INVALID_ARGUMENT
    assert "ipv6_dst" in error.message


@requirement("9.1.1", "Ternary: mask 0 or value bits outside the mask: INVALID_ARGUMENT")
@pytest.mark.parametrize("key", [(0, 0), (3, 2)])
def test_bad_ternary(client: RawClient, key: tuple[int, int]) -> None:
    error = client.refused(INSERT, entry("acl_table", {"ether_type": key}, action("drop"), 1))
    assert error.canonical_code == Code.INVALID_ARGUMENT


@requirement("9.1.1", "Range: low above high, or the full range: INVALID_ARGUMENT")
@pytest.mark.parametrize("key", [(2, 1), (0, 0xFFFFF)])
def test_bad_range(client: RawClient, key: tuple[int, int]) -> None:
    error = client.refused(INSERT, entry("acl_table", {"flow_label": key}, action("drop"), 1))
    assert error.canonical_code == Code.INVALID_ARGUMENT


@requirement("9.1", "Ternary, range and optional tables need a priority above 0")
@pytest.mark.parametrize("priority", [0, -1])
def test_priority_needed(client: RawClient, priority: int) -> None:
    error = client.refused(INSERT, entry("acl_table", {}, action("drop"), priority))
    assert error.canonical_code == Code.INVALID_ARGUMENT


@requirement("9.1", "The higher priority wins; equal keys of different priority are different entries")
def test_priority_order(client: RawClient, switch: SoftSwitch) -> None:
    client.insert(entry("acl_table", {}, action("drop"), 1), entry("acl_table", {}, action("punt"), 2))
    table = switch.device.tables["acl_table"]
    assert sorted(e.priority for e in table.entries()) == [1, 2]
    stream = client.streams[0]
    assert switch.inject(1, bytes(14))
    assert len(stream.next("packet").payload) == 14


@requirement("9.1", "INSERT of an existing entry: ALREADY_EXISTS; MODIFY, DELETE of a missing one: NOT_FOUND")
def test_existence(client: RawClient) -> None:
    message = entry("exact_table", EXACT, FORWARD)
    for kind in (MODIFY, DELETE):
        error = client.refused(kind, message)
        assert error.canonical_code == Code.NOT_FOUND
        assert "02:00:00:00:00:01" in error.message
    client.insert(message)
    assert client.refused(INSERT, message).canonical_code == Code.ALREADY_EXISTS


@requirement("9.1", "DELETE looks only at the key")
def test_delete_ignores_rest(client: RawClient) -> None:
    client.insert(entry("exact_table", EXACT, FORWARD))
    nonsense = entry("exact_table", EXACT, idle_timeout_ns=-5)
    nonsense.action.action.action_id = 99
    client.delete(nonsense)
    assert client.read_tables(table_id=IDS["exact_table"]) == []


@requirement("9.1.2", "MODIFY replaces the action; without action it stays")
def test_modify(client: RawClient) -> None:
    client.insert(entry("exact_table", EXACT, FORWARD, metadata=b"old"))
    client.modify(entry("exact_table", EXACT, action("punt"), metadata=b"new"))
    assert client.read_tables(table_id=IDS["exact_table"]) == [
        entry("exact_table", EXACT, action("punt"), metadata=b"new")
    ]
    client.modify(entry("exact_table", EXACT, metadata=b"newer"))
    assert client.read_tables(table_id=IDS["exact_table"]) == [
        entry("exact_table", EXACT, action("punt"), metadata=b"newer")
    ]


@requirement(
    "9.1.2",
    "An action outside its scope (table-only, default-only): PERMISSION_DENIED",
    bmv2="not checked: accepted",
)
def test_scope(client: RawClient) -> None:
    error = client.refused(INSERT, entry("exact_table", EXACT, action("no_op")))
    assert error.canonical_code == Code.PERMISSION_DENIED
    error = client.refused(MODIFY, entry("exact_table", do=action("flood", group=1), is_default_action=True))
    assert error.canonical_code == Code.PERMISSION_DENIED


@requirement("9.1", "A full table: RESOURCE_EXHAUSTED, and the entries there are stay")
def test_table_full(client: RawClient) -> None:
    client.insert(*(entry("acl_table", {}, action("drop"), n) for n in range(1, 33)))
    error = client.refused(INSERT, entry("acl_table", {}, action("drop"), 33))
    assert error.canonical_code == Code.RESOURCE_EXHAUSTED
    assert "32" in error.message
    assert len(client.read_tables(table_id=IDS["acl_table"])) == 32


@requirement("9.1", "A table without key takes no entries: INVALID_ARGUMENT")
def test_keyless(client: RawClient) -> None:
    assert client.refused(INSERT, entry("keyless_table", {}, action("no_op"))).canonical_code == (Code.INVALID_ARGUMENT)
    client.modify(entry("keyless_table", do=action("count_it", index=1), is_default_action=True))
    found = client.read_tables(table_id=IDS["keyless_table"], is_default_action=True)
    assert found[0].action.action.action_id == IDS["count_it"]


@requirement("9.1.3", "The default entry can be modified and reset; INSERT and DELETE are INVALID_ARGUMENT")
def test_default_entry(client: RawClient) -> None:
    table = IDS["acl_table"]
    original = client.read_tables(table_id=table, is_default_action=True)
    assert original == [entry("acl_table", do=action("no_op"), is_default_action=True)]
    changed = entry("acl_table", do=action("mirror", session=1), is_default_action=True, metadata=b"m")
    client.modify(changed)
    assert client.read_tables(table_id=table, is_default_action=True) == [changed]
    # Default entries are not part of what a wildcard selects.
    assert client.read_tables(table_id=table) == []
    client.modify(entry("acl_table", is_default_action=True))
    assert client.read_tables(table_id=table, is_default_action=True) == original
    for kind in (INSERT, DELETE):
        assert client.refused(kind, changed).canonical_code == Code.INVALID_ARGUMENT


@requirement("9.1.3", "Match, priority or idle timeout on a default entry: INVALID_ARGUMENT")
def test_default_entry_extras(client: RawClient) -> None:
    for message in (
        entry("acl_table", do=action("drop"), is_default_action=True, priority=1),
        entry("acl_table", {"ether_type": (1, 1)}, action("drop"), is_default_action=True),
        entry("timeout_table", do=action("no_op"), is_default_action=True, idle_timeout_ns=1),
    ):
        assert client.refused(MODIFY, message).canonical_code == Code.INVALID_ARGUMENT


@requirement("9.1.3", "A constant default entry, and that of a table with an action profile: PERMISSION_DENIED")
@pytest.mark.parametrize("table", ["lpm_table", "const_table", "group_table"])
def test_constant_default(client: RawClient, table: str) -> None:
    for do in (action("drop"), action("punt"), None):
        error = client.refused(MODIFY, entry(table, do=do, is_default_action=True))
        assert error.canonical_code == Code.PERMISSION_DENIED


@requirement("9.1.4", "Constant tables refuse every change of their entries: PERMISSION_DENIED")
def test_constant_table(client: RawClient) -> None:
    present = entry("const_table", {"ether_type": 0x88CC}, action("no_op"))
    absent = entry("const_table", {"ether_type": 1}, action("no_op"))
    for kind, message in ((INSERT, absent), (MODIFY, present), (DELETE, present)):
        assert client.refused(kind, message).canonical_code == Code.PERMISSION_DENIED


@requirement("9.1.4", "Constant entries can be read, marked is_const, wildcards included", bmv2="without is_const")
def test_read_constant(client: RawClient) -> None:
    found = client.read_tables(table_id=IDS["const_table"])
    assert [(e.match[0].exact.value, e.is_const) for e in found] == [(b"\x88\xcc", True), (b"\x88\x47", True)]
    assert all(e in client.read_tables() for e in found)


@requirement(
    "9.1.5",
    "Initial entries that are not constant can be modified and deleted",
    bmv2="refused: BMv2 makes every initial entry constant",
)
def test_initial_entries(client: RawClient) -> None:
    found = client.read_tables(table_id=IDS["initial_table"])
    assert [e.match[0].ternary.mask for e in found] == [b"\xff\xff", b"\xff\0"]
    assert found[0].priority > found[1].priority > 0
    changed = pb.TableEntry()
    changed.CopyFrom(found[1])
    changed.action.action.action_id = IDS["punt"]
    client.modify(changed)
    client.delete(found[0])
    assert client.read_tables(table_id=IDS["initial_table"]) == [changed]


@requirement("9.1.7", "Wildcard reads: all tables, one table, and filters by priority, action, metadata, match")
def test_wildcard_reads(client: RawClient) -> None:
    first = entry("acl_table", {"ether_type": (1, 1)}, action("drop"), 5, metadata=b"a")
    second = entry("acl_table", {"ether_type": (1, 1)}, action("punt"), 6, controller_metadata=3)
    third = entry("acl_table", {}, action("punt"), 6)
    other = entry("exact_table", EXACT, FORWARD)
    client.insert(first, second, third, other)
    table = IDS["acl_table"]
    assert client.read_tables(table_id=table) == [first, second, third]
    assert all(e in client.read_tables() for e in (first, second, third, other))
    assert client.read_tables(table_id=table, priority=6) == [second, third]
    assert client.read_tables(table_id=table, metadata=b"a") == [first]
    assert client.read_tables(table_id=table, controller_metadata=3) == [second]
    by_action = pb.TableAction(action=pb.Action(action_id=IDS["punt"]))
    assert client.read_tables(table_id=table, action=by_action) == [second, third]
    key = [match("acl_table", "ether_type", (1, 1))]
    assert client.read_tables(table_id=table, match=key, priority=5) == [first]
    assert client.read_tables(table_id=table, match=key, priority=7) == []


@requirement("9.1.7", "Default entries of all tables can be read with one request", bmv2="table id 0 is refused")
def test_read_all_defaults(client: RawClient) -> None:
    found = client.read_tables(is_default_action=True)
    assert len(found) == 13
    assert all(e.is_default_action and not e.match for e in found)


@requirement("9.1.8", "Direct counters: written with INSERT and MODIFY, read when asked for, kept otherwise")
def test_counter_data(client: RawClient) -> None:
    message = entry("exact_table", EXACT, FORWARD)
    with_counter = entry("exact_table", EXACT, FORWARD, counter_data=pb.CounterData(packet_count=3, byte_count=99))
    client.insert(with_counter)
    ask = pb.TableEntry(table_id=IDS["exact_table"])
    assert [e.table_entry for e in client.read(ask)] == [message]
    ask.counter_data.SetInParent()
    assert [e.table_entry for e in client.read(ask)] == [with_counter]
    client.modify(entry("exact_table", EXACT, action("punt")))
    assert client.read(ask)[0].table_entry.counter_data.packet_count == 3
    client.modify(entry("exact_table", EXACT, action("punt"), counter_data=pb.CounterData(packet_count=1)))
    assert client.read(ask)[0].table_entry.counter_data == pb.CounterData(packet_count=1)


@requirement("9.1.8", "Direct meters: MODIFY without meter_config resets them", bmv2="the configuration stays")
def test_meter_config(client: RawClient) -> None:
    key = {"ingress_port": 1, "ipv6_dst": (DST, 64)}
    meter = pb.MeterConfig(cir=100, cburst=10, pir=200, pburst=20)
    message = entry("lpm_table", key, action("metered", port=1), meter_config=meter)
    client.insert(message)
    ask = pb.TableEntry(table_id=IDS["lpm_table"])
    ask.meter_config.SetInParent()
    assert [e.table_entry for e in client.read(ask)] == [message]
    client.modify(entry("lpm_table", key, action("metered", port=2)))
    assert not client.read(ask)[0].table_entry.HasField("meter_config")


@requirement("9.1.8", "counter_data or meter_config on a table without the resource: INVALID_ARGUMENT")
def test_no_direct_resource(client: RawClient) -> None:
    for fields in ({"counter_data": pb.CounterData()}, {"meter_config": pb.MeterConfig()}):
        error = client.refused(INSERT, entry("route_table", ROUTE, action("drop"), **fields))
        assert error.canonical_code == Code.INVALID_ARGUMENT


@requirement("9.1.9", "time_since_last_hit is answered when asked for")
def test_time_since_last_hit(client: RawClient) -> None:
    client.insert(entry("timeout_table", {"src_addr": 1}, action("no_op")))
    ask = pb.TableEntry(table_id=IDS["timeout_table"])
    assert not client.read(ask)[0].table_entry.HasField("time_since_last_hit")
    ask.time_since_last_hit.SetInParent()
    assert client.read(ask)[0].table_entry.time_since_last_hit.elapsed_ns > 0
