# SPDX-License-Identifier: Apache-2.0
"""Entities to protobuf and back: every kind, don't-cares, normal forms, keys, golden texts of refusals."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from unit.p4rt.program import info

from p4rtlib.protos import p4runtime_pb2 as pb
from srv6cp.p4rt import (
    Action,
    ActionProfileGroup,
    ActionProfileMember,
    ActionSet,
    CloneSession,
    CounterData,
    CounterEntry,
    DecodeError,
    DigestEntry,
    DirectCounterEntry,
    DirectMeterEntry,
    Entity,
    EntityError,
    GroupMember,
    GroupRef,
    Lpm,
    MemberRef,
    MeterConfig,
    MeterEntry,
    MulticastGroup,
    Range,
    RegisterEntry,
    Replica,
    TableEntry,
    Ternary,
    UnknownName,
    ValueSetEntry,
    WeightedAction,
    insert,
)

ROUTE = TableEntry(
    "ipv6_table",
    {"vrf_id": 7, "ipv6_dst": IPv6Network("2001:db8::/32")},
    Action("set_nexthop", {"nexthop_id": 300}),
)
ADJACENCY = Action("set_adjacency", {"egress_port": 510, "dst_mac": "02:00:00:00:00:01"})
ACL = TableEntry(
    "acl_table",
    {
        "ipv4_src": Ternary(IPv4Address("10.0.0.0"), IPv4Address("255.0.0.0")),
        "l4_port": Range(1024, 2047),
        "next_header": 17,
        "src_mac": Ternary("02:00:00:00:00:00", "ff:00:00:00:00:00"),
    },
    Action("blackhole"),
    priority=10,
)

ENTITIES: list[Entity] = [
    ROUTE,
    ACL,
    TableEntry("ipv6_table", action=Action("NoAction"), is_default=True),
    TableEntry("ipv6_table", dict(ROUTE.match), ROUTE.action, metadata=b"m", counter=CounterData(5, 600)),
    TableEntry("acl_table", {}, Action("blackhole"), 1, idle_timeout_ns=10**9,
               meter=MeterConfig(1, 2, 3, 4, 5)),
    TableEntry("group_table", {"group_id": 1},
               ActionSet((WeightedAction(ADJACENCY, 3, 7), WeightedAction(ADJACENCY, 1)))),
    TableEntry("group_table", {"group_id": 2}, MemberRef(4)),
    TableEntry("group_table", {"group_id": 3}, GroupRef(9)),
    TableEntry("number_table", {"key": Lpm(0xA00, 4)}, Action("blackhole")),
    ActionProfileMember("selector", 4, ADJACENCY),
    ActionProfileGroup("selector", 9, (GroupMember(4, 2), GroupMember(5, 1, 3)), 8),
    CounterEntry("drop_counter", 3, 10, 1000),
    DirectCounterEntry("ipv6_table", dict(ROUTE.match), packets=1, bytes=2),
    DirectCounterEntry("ipv6_table", is_default=True, packets=1, bytes=2),
    MeterEntry("punt_meter", 1, 100, 50, 100, 50),
    MeterEntry("punt_meter", 1),
    DirectMeterEntry("acl_table", dict(ACL.match), 10, config=MeterConfig(1, 2, 3, 4)),
    MulticastGroup(1, (Replica(1, 1, (Replica(2, 9),)), Replica(511, 2)), b"x"),
    CloneSession(1, (Replica(510),), 2, 128),
    ValueSetEntry("tpids", ({"ether_type": 0x8100}, {"ether_type": 0x88A8})),
    RegisterEntry("state", 2, {"seen": True, "delta": -3}),
    DigestEntry("learn", 10**9, 10, 10**8),
]  # fmt: skip


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda e: type(e).__name__)
def test_round_trip(entity: Entity) -> None:
    message = info().codec.encode(entity)
    # Through the wire: what is encoded must not rest on the message object.
    assert info().codec.decode(pb.Entity.FromString(message.SerializeToString())) == entity


def test_bytes_on_the_wire_are_canonical_and_in_program_order() -> None:
    entry = (
        info()
        .codec.encode(TableEntry("ipv6_table", {"ipv6_dst": IPv6Network("::/1"), "vrf_id": 0}, ROUTE.action))
        .table_entry
    )
    assert [m.field_id for m in entry.match] == [1, 2]
    assert entry.match[0].exact.value == b"\0"
    assert (entry.match[1].lpm.value, entry.match[1].lpm.prefix_len) == (b"\0", 1)
    assert entry.action.action.params[0].value == b"\x01\x2c"


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        # LPM of length 0 is not sent; it comes back as the default route.
        (TableEntry("ipv6_table", {"vrf_id": 0}, ROUTE.action),
         TableEntry("ipv6_table", {"vrf_id": 0, "ipv6_dst": IPv6Network("::/0")}, ROUTE.action)),
        (TableEntry("ipv6_table", {"vrf_id": "0x10", "ipv6_dst": "2001:db8::/32"}, ROUTE.action),
         TableEntry("ipv6_table", {"vrf_id": 16, "ipv6_dst": IPv6Network("2001:db8::/32")}, ROUTE.action)),
        (TableEntry("ipv6_table", {"vrf_id": 1, "ipv6_dst": IPv6Address("::1")}, ROUTE.action),
         TableEntry("ipv6_table", {"vrf_id": 1, "ipv6_dst": IPv6Network("::1/128")}, ROUTE.action)),
        (TableEntry("ipv6_table", {"vrf_id": 1, "ipv6_dst": ("2001:db8::", 32)}, ROUTE.action),
         TableEntry("ipv6_table", {"vrf_id": 1, "ipv6_dst": IPv6Network("2001:db8::/32")}, ROUTE.action)),
        (TableEntry("number_table", {"key": 5}, Action("blackhole")),
         TableEntry("number_table", {"key": Lpm(5, 12)}, Action("blackhole"))),
        # Don't-cares of other kinds are left out; names become aliases.
        (TableEntry("ingress.acl_table",
                    {"ipv4_src": Ternary(0, 0), "l4_port": Range(0, 65535), "next_header": None},
                    Action("ingress.blackhole"), 5),
         TableEntry("acl_table", {}, Action("blackhole"), 5)),
        (TableEntry("acl_table", {"ipv4_src": IPv4Network("10.0.0.0/8"), "l4_port": 53},
                    Action("blackhole"), 5),
         TableEntry("acl_table", {"ipv4_src": Ternary(IPv4Address("10.0.0.0"), IPv4Address("255.0.0.0")),
                                  "l4_port": Range(53, 53)}, Action("blackhole"), 5)),
    ],
)  # fmt: skip
def test_normal_form(given: TableEntry, normal: TableEntry) -> None:
    assert info().normalize(given) == normal
    assert info().normalize(normal) == normal
    assert info().key(given) == info().key(normal)


def test_keys_tell_entries_apart_and_ignore_data() -> None:
    keys = {info().key(entity) for entity in ENTITIES}
    # Two pairs of ENTITIES share a key on purpose: the route with and without counts, the meter cell twice.
    assert len(keys) == len(ENTITIES) - 2
    other = TableEntry("ipv6_table", ROUTE.match, Action("blackhole"), metadata=b"other")
    assert info().key(other) == info().key(ROUTE)
    assert info().key(CounterEntry("drop_counter", 1)) != info().key(CounterEntry("drop_counter", 2))


def test_older_servers_replica_and_watch_port_encodings() -> None:
    message = pb.Entity()
    message.packet_replication_engine_entry.clone_session_entry.session_id = 1
    message.packet_replication_engine_entry.clone_session_entry.replicas.add(egress_port=510, instance=1)
    assert info().codec.decode(message) == CloneSession(1, (Replica(510, 1),))
    message = pb.Entity()
    message.action_profile_group.action_profile_id = 285212673
    message.action_profile_group.members.add(member_id=1, weight=1, watch=0)
    message.action_profile_group.members.add(member_id=2, weight=1, watch=7)
    assert info().codec.decode(message).members == (GroupMember(1), GroupMember(2, 1, 7))


def _entry(
    match: dict[str, object], action: object = ROUTE.action, table: str = "ipv6_table", **more: object
) -> TableEntry:
    return TableEntry(table, match, action, **more)  # type: ignore[arg-type]


V6 = "table 'ipv6_table': "
ACL_TABLE = "table 'acl_table': "
GROUP = "table 'group_table': "
GOLDEN = [
    (_entry({"vrf_id": 0}, table="ipv6_tabel"),
     ("unknown table 'ipv6_tabel'; did you mean 'ipv6_table'? "
      "valid: acl_table, group_table, ipv6_table, number_table")),
    (_entry({"ipv6_dst": "::/0"}), V6 + "exact match field 'vrf_id' is missing"),
    (_entry({"vrf_id": 0, "ipv6_dest": "::/0"}),
     V6 + "unknown match field 'ipv6_dest'; did you mean 'ipv6_dst'? valid: ipv6_dst, vrf_id"),
    (_entry({"vrf_id": 70000}), V6 + "match field 'vrf_id': 70000 does not fit in 16 bits (0..65535)"),
    (_entry({"vrf_id": 0, "ipv6_dst": ("2001:db8::1", 32)}),
     V6 + "match field 'ipv6_dst': 2001:db8::1/32 has bits set after the prefix"),
    (_entry({"vrf_id": 0, "ipv6_dst": "::/129"}),
     V6 + "match field 'ipv6_dst': ::/129: the prefix length must be 0..128"),
    (_entry({"vrf_id": 0, "ipv6_dst": "::/x"}),
     V6 + "match field 'ipv6_dst': '::/x': the prefix length must be a number"),
    (_entry({"vrf_id": 0, "ipv6_dst": IPv4Network("10.0.0.0/8")}),
     V6 + "match field 'ipv6_dst': 10.0.0.0/8 is an IPv4 prefix, the field has 128 bits"),
    (_entry({"vrf_id": 0}, Action("set_nexthopp", {})),
     V6 + "unknown action 'set_nexthopp'; did you mean 'set_nexthop'? valid: blackhole, set_nexthop"),
    (_entry({"vrf_id": 0}, Action("NoAction")),
     V6 + "action 'NoAction' may only be used as the default action"),
    (_entry({"vrf_id": 0}, Action("set_nexthop")),
     V6 + "action 'set_nexthop': parameter 'nexthop_id' missing"),
    (_entry({"vrf_id": 0}, Action("set_nexthop", {"nexthop": 1})),
     V6 + "action 'set_nexthop': unknown parameter 'nexthop'; did you mean 'nexthop_id'? valid: nexthop_id"),
    (_entry({"vrf_id": 0}, Action("set_nexthop", {"nexthop_id": 1 << 16})),
     V6 + "action 'set_nexthop': parameter 'nexthop_id': 65536 does not fit in 16 bits (0..65535)"),
    (_entry({"vrf_id": 0}, priority=3),
     V6 + "entries take no priority: the table has no ternary, range or optional field"),
    (_entry({"vrf_id": 0}, is_default=True),
     V6 + "the default entry has no match and no priority"),
    (_entry({"vrf_id": 0}, MemberRef(1)),
     "table 'ipv6_table' has no action profile: its entries take an Action, not MemberRef(member_id=1)"),
    (_entry({"vrf_id": 0}, meter=MeterConfig(1, 1, 1, 1)), "table 'ipv6_table' has no direct meter"),
    (_entry({}, Action("blackhole"), "acl_table"),
     ACL_TABLE + "an entry needs a priority of 1 or more (bigger wins), not 0"),
    (_entry({"l4_port": Range(9, 1)}, Action("blackhole"), "acl_table", priority=1),
     ACL_TABLE + "match field 'l4_port': 9..1 is an empty range: low must not exceed high"),
    (_entry({"ipv4_src": Ternary("10.0.0.1", "255.0.0.0")}, Action("blackhole"), "acl_table", priority=1),
     ACL_TABLE + "match field 'ipv4_src': 10.0.0.1&&&255.0.0.0 has value bits set outside its mask"),
    (_entry({"group_id": 1}, ADJACENCY, "group_table"),
     ("table 'group_table' is implemented by 'selector': its entries take an ActionSet, a MemberRef or a "
      "GroupRef, not the action 'set_adjacency' itself")),
    (_entry({"group_id": 1}, ActionSet(()), "group_table"), GROUP + "the action set is empty"),
    (_entry({"group_id": 1}, ActionSet((WeightedAction(ADJACENCY, 0),)), "group_table"),
     GROUP + "weight 0 in an action set: must be 1 or more"),
    (CounterEntry("drop_counter", 32), "counter 'drop_counter': index 32 is outside 0..31"),
    (MeterEntry("punt_metre", 0), "unknown meter 'punt_metre'; did you mean 'punt_meter'? valid: punt_meter"),
    (CloneSession(1, (Replica(-1),)),
     "clone session 1: replica port or instance: -1 does not fit in 32 bits (0..4294967295)"),
    (RegisterEntry("state", 0, {"seen": True}),
     "register 'state': give a dict with the members seen, delta, not {'seen': True}"),
    (RegisterEntry("state", 0, {"seen": True, "delta": 40000}),
     "register 'state'.delta: 40000 is not a signed number of 16 bits"),
    ("ipv6_table", "str is not an entity: 'ipv6_table'"),
]  # fmt: skip


@pytest.mark.parametrize(("entity", "text"), GOLDEN, ids=range(len(GOLDEN)))
def test_what_does_not_fit_is_refused_with_a_reason(entity: Entity, text: str) -> None:
    with pytest.raises(EntityError) as caught:
        info().codec.encode(entity)
    assert str(caught.value) == text
    with pytest.raises(EntityError) as caught:
        info().codec.updates([insert(entity)], pb.WriteRequest().updates)
    assert str(caught.value) == text


def test_insert_without_action_is_refused() -> None:
    with pytest.raises(EntityError, match="table 'ipv6_table': an entry to insert needs an action"):
        info().codec.updates([insert(TableEntry("ipv6_table", ROUTE.match))], pb.WriteRequest().updates)


def test_patterns_for_reading() -> None:
    pattern = info().codec.pattern
    assert not pattern(TableEntry("")).table_entry.table_id
    assert not pattern(TableEntry("ipv6_table")).table_entry.match
    assert len(pattern(TableEntry("ipv6_table", ROUTE.match)).table_entry.match) == 2
    assert pattern(TableEntry("ipv6_table", counter=CounterData())).table_entry.HasField("counter_data")
    assert not pattern(CounterEntry("drop_counter")).counter_entry.HasField("index")
    assert pattern(CounterEntry("drop_counter", 0)).counter_entry.HasField("index")
    with pytest.raises(UnknownName):
        pattern(TableEntry("nothing"))


@pytest.mark.parametrize(
    ("fill", "text"),
    [
        (lambda m: m.table_entry, "table id 0x00000000"),
        (lambda m: setattr(m.table_entry, "table_id", 0x2000099),
         "table id 0x02000099 is not in unit.p4info.txtpb: it is from another program"),
        (lambda m: m.extern_entry.SetInParent(), "an entity of kind extern_entry is not supported"),
        (lambda m: None, "an entity of kind none"),
    ],
)  # fmt: skip
def test_what_the_p4info_does_not_describe(fill, text: str) -> None:
    message = pb.Entity()
    fill(message)
    if text.startswith("table id 0x00000000"):
        message.table_entry.SetInParent()
    with pytest.raises(DecodeError) as caught:
        info().codec.decode(message)
    assert text in str(caught.value)
