# SPDX-License-Identifier: Apache-2.0
"""P4Info: names, lookups with suggestions, three encodings, files that are something else."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from google.protobuf import json_format
from unit.p4rt.program import P4INFO

from p4rtlib.errors import P4InfoError, UnknownName
from p4rtlib.objects import MatchKind, Scope
from p4rtlib.p4info import P4Info
from p4rtlib.values import Format

TABLES = "valid: acl_table, group_table, ipv6_table, number_table"


@cache
def info() -> P4Info:
    return P4Info.from_text(P4INFO, "unit.p4info.txtpb")


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


def test_a_text_of_one_long_word_is_refused_in_a_short_line() -> None:
    for text in ("pkg_info { " + "x" * 100_000, "actions" + "9" * 100_000, '{"' + "x" * 100_000 + '": 1}'):
        with pytest.raises(P4InfoError) as caught:
            P4Info.from_text(text, "odd.p4info.txtpb")
        assert len(str(caught.value)) < 500 and "\n" not in str(caught.value)


def test_names_that_are_no_words_are_told_in_one_line() -> None:
    odd = P4INFO.replace('"ipv6_table"', '"line\\nend\\u2028 \\033[2J"')
    with pytest.raises(UnknownName) as caught:
        P4Info.from_text(odd, "odd").table("x")
    assert "line\\nend\\u2028 \\x1b[2J" in str(caught.value) and "\n" not in str(caught.value)


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
         "table t, field f: unsupported match kind 'best'"),
    ],
)  # fmt: skip
def test_files_that_are_something_else(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "p4info.txtpb"
    path.write_bytes(content)
    with pytest.raises(P4InfoError) as caught:
        P4Info.from_file(path)
    assert str(caught.value).startswith(f"{path}: ") and text in str(caught.value)


def test_missing_file() -> None:
    with pytest.raises(P4InfoError, match=r"^/nowhere/p4info: cannot read the p4info: No such file or directory$"):
        P4Info.from_file("/nowhere/p4info")


def test_scopes_profiles_and_headers() -> None:
    table = info().table("number_table")
    assert [(ref.action.alias, ref.scope) for ref in table.actions] == [
        ("blackhole", Scope.TABLE_ONLY),
        ("NoAction", Scope.DEFAULT_ONLY),
    ]
    assert table.const_default is info().action("NoAction")
    assert table.actions_by_id[16777218].action.name == "ingress.blackhole"
    profile = info().table("group_table").profile
    assert profile is not None and profile.selector and profile.table_ids == (33554435,)
    assert info().action("set_adjacency").positions == {1: 0, 2: 1}
    header = info().header("packet_in")
    assert (header.bits, header.size) == (24, 3)
    assert (replace(header, bits=21).size, replace(header, bits=0).size) == (3, 0)


def test_annotations_are_read_and_places_named() -> None:
    text = """
        tables {
          preamble { id: 1 name: "ingress.t" alias: "t" annotations: "@p4runtime_role(\\"routing\\")" }
          match_fields { id: 1 name: "port" bitwidth: 9 match_type: EXACT
            annotations: "@referenced_by(builtin::multicast_group_table , replica.port)" }
          action_refs { id: 2 }
        }
        actions {
          preamble { id: 2 name: "ingress.go" alias: "go" }
          params { id: 7 name: "to" bitwidth: 16 annotations: "@refers_to(u , key)"
            annotations: "@format(IPV6_ADDRESS)" }
        }
    """
    table = P4Info.from_text(text).table("t")
    [field], [param] = table.fields, table.action("go").params
    assert table.role == "routing"
    assert (field.where, field.full) == ("table ingress.t, field port", 511)
    assert field.referenced_by == (("builtin::multicast_group_table", "replica.port"),)
    assert (param.where, param.refers_to) == ("action ingress.go, parameter to", (("u", "key"),))
    assert param.format is Format.NUMBER  # an address has 128 bits


def test_objects_of_one_alias_keep_their_ids() -> None:
    """p4c makes aliases unique; a p4info by hand may not."""
    twice = P4Info.from_text('actions { preamble { id: 1 name: "a.x" alias: "x" } }'
                             'actions { preamble { id: 2 name: "b.x" alias: "x" } }')  # fmt: skip
    assert [twice.actions.find(name).id for name in ("a.x", "b.x")] == [1, 2]
    assert sorted(twice.actions.ids) == [1, 2]


def test_the_same_bytes_are_read_once() -> None:
    """A text of a program takes a tenth of a second, and commands of one process ask again and again."""
    data = P4INFO.encode()
    assert P4Info.from_bytes(data, "here") is P4Info.from_bytes(data, "here")
    assert P4Info.from_bytes(data, "elsewhere").source == "elsewhere"
