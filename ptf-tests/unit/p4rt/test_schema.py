# SPDX-License-Identifier: Apache-2.0
"""P4Info: names, lookups with suggestions, three encodings, files that are something else, the dump."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import json_format
from unit.p4rt.program import P4INFO, info

from srv6cp.p4rt import Format, MatchKind, P4Info, P4InfoError, UnknownName
from srv6cp.p4rt.dump import dump_table

TABLES = "valid: acl_table, group_table, ipv6_table, number_table"


def test_names_ids_kinds_widths_formats() -> None:
    table = info().table("ipv6_table")
    assert (table.id, table.size, table.doc) == (33554433, 1024, "Routes")
    field = table.field("ipv6_dst")
    assert (field.id, field.kind, field.width, field.format) == (2, MatchKind.LPM, 128, Format.IPV6)
    assert table.counter is not None and table.counter.alias == "route_counter"
    assert not table.has_priority and info().table("acl_table").has_priority
    assert info().table("ingress.acl_table") is info().table("acl_table")
    assert info().name_of(301989889) == "drop_counter"
    assert info().name_of(5) == "0x00000005"


@pytest.mark.parametrize(
    ("look_up", "text"),
    [
        (lambda i: i.table("ipv6_tabel"), f"unknown table 'ipv6_tabel'; did you mean 'ipv6_table'? {TABLES}"),
        (lambda i: i.table("x"), f"unknown table 'x'; {TABLES}"),
        (lambda i: i.table("ipv6_table").field("dst"),
         "table 'ipv6_table': unknown match field 'dst'; valid: ipv6_dst, vrf_id"),
        (lambda i: i.table("group_table").action("drop"),
         "table 'group_table': unknown action 'drop'; valid: set_adjacency"),
        (lambda i: i.counters.find("drops"), "unknown counter 'drops'; valid: drop_counter"),
        (lambda i: i.header("packetin"),
         ("unknown controller header 'packetin'; did you mean 'packet_in' or 'packet_out'? "
          "valid: packet_in, packet_out")),
    ],
)  # fmt: skip
def test_unknown_names(look_up, text: str) -> None:
    with pytest.raises(UnknownName) as caught:
        look_up(info())
    assert str(caught.value) == text


def test_three_encodings(tmp_path: Path) -> None:
    files = {
        "a.txtpb": P4INFO.encode(),
        "a.bin": info().proto.SerializeToString(),
        "a.json": json_format.MessageToJson(info().proto).encode(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        assert P4Info.from_file(tmp_path / name).proto == info().proto, name


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "the p4info is empty"),
        (b"node: r1\n", "not a p4info (which starts with `pkg_info {`)"),
        (b'{"program": "x", "pipelines": []}', "this is a BMv2 JSON, not a p4info"),
        (b"\x7fELF\0\0", "not a p4info"),
        (b'tables { preamble { id: 1 name: "t" } action_refs { id: 9 } }',
         "table 't' refers to action id 0x00000009, not defined"),
        (b'tables { preamble { id: 1 name: "t" } match_fields { id: 1 name: "f" other_match_type: "best" } }',
         "match field 'f': unsupported match kind 'best'"),
    ],
)  # fmt: skip
def test_files_that_are_something_else(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "p4info.txtpb"
    path.write_bytes(content)
    with pytest.raises(P4InfoError) as caught:
        P4Info.from_file(path)
    assert str(caught.value).startswith(f"{path}: ") and text in str(caught.value)


def test_missing_file() -> None:
    with pytest.raises(
        P4InfoError, match=r"^/nowhere/p4info: cannot read the p4info: No such file or directory$"
    ):
        P4Info.from_file("/nowhere/p4info")


def test_dump_of_a_table() -> None:
    assert dump_table(info().table("ipv6_table")) == "\n".join([
        "table ipv6_table (size 1024, direct counter (both))",
        "  Routes",
        "  key vrf_id    exact 16",
        "  key ipv6_dst  lpm IPv6",
        "  action set_nexthop(nexthop_id: 16)",
        "  action blackhole()",
        "  action NoAction()  [default only]",
    ])  # fmt: skip


def test_dump_lists_every_object() -> None:
    text = info().dump()
    for catalogue in (info().tables, info().actions, info().profiles, info().counters, info().meters,
                      info().registers, info().digests, info().value_sets, info().headers):  # fmt: skip
        for name in catalogue:
            assert name in text
