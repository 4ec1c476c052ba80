# SPDX-License-Identifier: Apache-2.0
"""Entries as text: what ``render`` writes ``parse_entry`` reads, and what is wrong is named."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from unit.p4rt.program import info
from unit.p4rt.test_codec import ENTITIES

from srv6cp.p4rt import CounterEntry, EntityError, MeterEntry, Range, TableEntry, Ternary, render_entity
from srv6cp.p4rt.text import parse_entry, parse_match

LINES = [
    "ipv6_table vrf_id=7 ipv6_dst=2001:db8::/32 -> set_nexthop(nexthop_id=300)",
    "ipv6_table vrf_id=0 ipv6_dst=::/0 -> blackhole()",
    "ipv6_table default -> NoAction()",
    (
        "acl_table ipv4_src=10.0.0.0&&&255.0.0.0 l4_port=1024..2047 next_header=17 "
        "src_mac=02:00:00:00:00:00&&&ff:00:00:00:00:00 priority=10 -> blackhole()"
    ),
    "acl_table priority=1 -> blackhole() idle_timeout_ns=5",
    "number_table key=2560/4 -> blackhole()",
    (
        "group_table group_id=1 -> {3*set_adjacency(egress_port=510, dst_mac=02:00:00:00:00:01)@7, "
        "1*set_adjacency(egress_port=1, dst_mac=02:00:00:00:00:02)}"
    ),
    "group_table group_id=2 -> member 4",
    "group_table group_id=3 -> group 9",
]


@pytest.mark.parametrize("line", [line for line in LINES if "idle" not in line])
def test_lines_round_trip(line: str) -> None:
    entry = parse_entry(info(), line)
    assert render_entity(entry) == line
    assert info().normalize(entry) == entry


@pytest.mark.parametrize("entry", [e for e in ENTITIES if isinstance(e, TableEntry)], ids=range(9))
def test_entries_round_trip(entry: TableEntry) -> None:
    plain = TableEntry(entry.table, entry.match, entry.action, entry.priority, entry.is_default)
    assert parse_entry(info(), render_entity(plain)) == plain


def test_other_entities_read_well() -> None:
    texts = {render_entity(entity) for entity in ENTITIES if not isinstance(entity, TableEntry)}
    assert texts == {
        "selector member 4 -> set_adjacency(egress_port=510, dst_mac=02:00:00:00:00:01)",
        "selector group 9 -> {2*4, 1*5@3}",
        "drop_counter[3] packets=10 bytes=1000",
        "ipv6_table vrf_id=7 ipv6_dst=2001:db8::/32 packets=1 bytes=2",
        "ipv6_table default packets=1 bytes=2",
        "punt_meter[1] cir=100 cburst=50 pir=100 pburst=50",
        "punt_meter[1] unmetered",
        (
            "acl_table ipv4_src=10.0.0.0&&&255.0.0.0 l4_port=1024..2047 next_header=17 "
            "src_mac=02:00:00:00:00:00&&&ff:00:00:00:00:00 priority=10 cir=1 cburst=2 pir=3 pburst=4"
        ),
        "multicast group 1 -> {port 1 instance 1, port 511 instance 2}",
        "clone session 1 -> {port 510} truncated to 128 bytes",
        "value set tpids = {ether_type=33024; ether_type=34984}",
        "state[2] = {'seen': True, 'delta': -3}",
        "digest learn max_timeout_ns=1000000000 max_list_size=10 ack_timeout_ns=100000000",
    }
    assert render_entity(CounterEntry("drop_counter")).startswith("drop_counter[*]")
    assert render_entity(MeterEntry("punt_meter")).startswith("punt_meter[*]")


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("ipv4_src", "10.0.0.0/8", Ternary(IPv4Address("10.0.0.0"), IPv4Address("255.0.0.0"))),
        ("ipv4_src", "0x0a000001", Ternary(IPv4Address("10.0.0.1"), IPv4Address("255.255.255.255"))),
        ("l4_port", "53", Range(53, 53)),
        ("l4_port", "0x10..0b11111", Range(16, 31)),
        ("next_header", "0o21", 17),
        ("src_mac", "02:00:00:00:00:01", Ternary("02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff")),
    ],
)
def test_spellings(field: str, text: str, value: object) -> None:
    assert parse_match(info().table("acl_table").field(field), text) == value


V6 = "table 'ipv6_table': "
WRONG = {
    "": "an entry starts with the name of a table, and this one is empty",
    "ipv6table vrf_id=0": "unknown table 'ipv6table'; did you mean 'ipv6_table'? "
    "valid: acl_table, group_table, ipv6_table, number_table",
    "ipv6_table vrf_id": V6 + "'vrf_id' is not of the form field=value",
    "ipv6_table vrf=1": V6 + "unknown match field 'vrf'; did you mean 'vrf_id'? valid: ipv6_dst, vrf_id",
    "ipv6_table vrf_id=1 vrf_id=2": V6 + "match field 'vrf_id' is given twice",
    "ipv6_table vrf_id=blue": V6 + "match field 'vrf_id': 'blue' is not a number (decimal, 0x..., 0b...)",
    "ipv6_table vrf_id=1&&&1": V6 + "match field 'vrf_id': '1&&&1': '&&&' is for ternary fields, this one is exact",
    "ipv6_table ipv6_dst=2001:db8::1/32": V6
    + "match field 'ipv6_dst': 2001:db8::1/32 has bits set after the prefix; 2001:db8::/32 would be valid",
    "ipv6_table ipv6_dst=::/129": V6
    + "match field 'ipv6_dst': '::/129': the prefix length must be a number from 0 to 128",
    "ipv6_table -> set_nexthop": V6 + "action 'set_nexthop': parameter nexthop_id missing",
    "ipv6_table -> set_nexthop(3)": V6 + "action 'set_nexthop': '3' is not of the form parameter=value",
    "ipv6_table -> set_nexthop(nexthop_id=1, nexthop_id=2)": V6
    + "action 'set_nexthop': parameter 'nexthop_id' is given twice",
    "ipv6_table -> set_nexthop(id=1)": V6 + "action 'set_nexthop': unknown parameter 'id'; valid: nexthop_id",
    "ipv6_table -> set_nexthop(nexthop_id=x)": V6
    + "action 'set_nexthop': parameter 'nexthop_id': 'x' is not a number (decimal, 0x..., 0b...)",
    "ipv6_table -> drop()": V6 + "unknown action 'drop'; valid: NoAction, blackhole, set_nexthop",
    "ipv6_table -> blackhole(": V6 + "'blackhole(' is not of the form action(parameter=value, ...)",
    "group_table -> {set_adjacency()": "table 'group_table': ' {set_adjacency()': the action set is not closed by '}'",
    "group_table -> {3 set_adjacency()}": "table 'group_table': '3 set_adjacency()' is not of the form "
    "weight*action(...)",
    "acl_table priority=high": "table 'acl_table': 'priority=high': priority must be a number",
}


@pytest.mark.parametrize(("line", "text"), WRONG.items(), ids=range(len(WRONG)))
def test_what_is_wrong_is_named(line: str, text: str) -> None:
    with pytest.raises(EntityError) as caught:
        parse_entry(info(), line)
    assert str(caught.value) == text
