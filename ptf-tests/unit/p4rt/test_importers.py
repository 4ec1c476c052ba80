# SPDX-License-Identifier: Apache-2.0
"""runtime.json of the tutorials and P4Runtime text protobuf."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf import text_format
from unit.p4rt.program import info
from unit.p4rt.test_codec import ENTITIES

from p4rtlib.protos import p4runtime_pb2 as pb
from srv6cp.p4rt import (
    CloneSession,
    EntityError,
    MulticastGroup,
    Replica,
    TableEntry,
    delete,
    insert,
    modify,
    render_update,
)
from srv6cp.p4rt.importers import load_runtime_json, load_text_proto

RUNTIME = {
    "target": "bmv2",
    "p4info": "build/unit.p4info.txtpb",
    "table_entries": [
        {"table": "ipv6_table", "default_action": True, "action_name": "NoAction", "action_params": {}},
        {"table": "ipv6_table", "match": {"vrf_id": 3, "ipv6_dst": ["2001:db8::", 32]},
         "action_name": "set_nexthop", "action_params": {"nexthop_id": 7}},
        {"table": "ingress.acl_table", "match": {"ipv4_src": ["10.0.0.0", "255.0.0.0"], "l4_port": [1, 99]},
         "priority": 4, "action_name": "ingress.blackhole", "action_params": {}},
    ],
    "multicast_group_entries": [
        {"multicast_group_id": 1, "replicas": [{"egress_port": 1, "instance": 1}, {"egress_port": 2}]},
    ],
    "clone_session_entries": [{"clone_session_id": 5, "replicas": [{"egress_port": 510, "instance": 1}]}],
}  # fmt: skip

ENTRY = '{"table_entries": [{"table": "ipv6_table", "match": MATCH, "action_name": "blackhole"}]}'


def test_runtime_json(tmp_path: Path) -> None:
    path = tmp_path / "s1-runtime.json"
    path.write_text(json.dumps(RUNTIME))
    updates = load_runtime_json(info(), path)
    assert [render_update(update) for update in updates[:3]] == [
        "modify ipv6_table default -> NoAction()",
        "insert ipv6_table vrf_id=3 ipv6_dst=2001:db8::/32 -> set_nexthop(nexthop_id=7)",
        "insert acl_table ipv4_src=10.0.0.0&&&255.0.0.0 l4_port=1..99 priority=4 -> blackhole()",
    ]
    assert updates[3:] == [
        insert(MulticastGroup(1, (Replica(1, 1), Replica(2)))),
        insert(CloneSession(5, (Replica(510, 1),))),
    ]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("nope", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "not a runtime.json: an object with a list of table_entries was expected"),
        ('{"table_entries": [{}]}', "table_entries[0]: 'table' is missing"),
        ('{"table_entries": [{"table": "t"}]}',
         "table_entries[0]: unknown table 't'; valid: acl_table, group_table, ipv6_table, number_table"),
        (ENTRY.replace("MATCH", '{"vrf_id": [1, 2]}'),
         "table_entries[0]: match field 'vrf_id': [1, 2] is no exact match"),
        (ENTRY.replace("MATCH", '{"vrf_id": 65536}'),
         ("table_entries[0]: table 'ipv6_table': match field 'vrf_id': "
          "65536 does not fit in 16 bits (0..65535)")),
        ('{"multicast_group_entries": [{"multicast_group_id": 1}]}',
         "multicast_group_entries[0]: 'replicas' is missing"),
    ],
)  # fmt: skip
def test_wrong_runtime_json(tmp_path: Path, content: str, text: str) -> None:
    path = tmp_path / "runtime.json"
    path.write_text(content)
    with pytest.raises(EntityError) as caught:
        load_runtime_json(info(), path)
    assert str(caught.value) == f"{path}: {text}"


def test_text_proto(tmp_path: Path) -> None:
    path = tmp_path / "entries.txtpb"
    request = pb.WriteRequest(device_id=9)
    key = TableEntry("ipv6_table", ENTITIES[0].match)
    wanted = [*map(insert, ENTITIES[:2]), modify(ENTITIES[11]), delete(key)]
    info().codec.updates(wanted, request.updates)
    path.write_text(text_format.MessageToString(request))
    assert load_text_proto(info(), path) == wanted
    response = pb.ReadResponse(entities=[info().codec.encode(entity) for entity in ENTITIES])
    path.write_text(text_format.MessageToString(response))
    assert load_text_proto(info(), path) == [insert(entity) for entity in ENTITIES]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("tables {}", "neither a p4.v1.WriteRequest nor a ReadResponse: 1:1 : "),
        ("updates { entity { table_entry { table_id: 33554433 } } }",
         "updates[0]: the type must be INSERT, MODIFY or DELETE"),
        ("updates { type: INSERT entity { table_entry { table_id: 7 } } }",
         "updates[0]: table id 0x00000007 is not in unit.p4info.txtpb: it is from another program"),
    ],
)  # fmt: skip
def test_wrong_text_proto(tmp_path: Path, content: str, text: str) -> None:
    path = tmp_path / "entries.txtpb"
    path.write_text(content)
    with pytest.raises(EntityError) as caught:
        load_text_proto(info(), path)
    assert str(caught.value).startswith(f"{path}: {text}")
