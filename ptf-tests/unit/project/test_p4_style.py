# SPDX-License-Identifier: Apache-2.0
"""The checker of P4 style finds what it names, and nothing in text that is right."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


def _load_tool() -> Any:
    spec = importlib.util.spec_from_file_location("p4_style", ROOT / "tools" / "p4_style.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


p4_style = _load_tool()

GOOD = """\
header vlan_t {
    bit<12> vid;
}
typedef bit<16> vrf_id_t;
enum bit<8> reason_t { NONE = 0 }
struct local_metadata_t {
    bit<8> table_size;  // table small { no declaration
}
control c(inout headers_t hdr) {
    @id(IPV6_TABLE_ID) @brief("Routes (of a VRF)")
    @name(".ipv6_table")
    table ipv6_table {
        key = {
            md.vrf_id         : exact @name("vrf_id");
            hdr.ipv6.dst_addr : lpm
                @name("ipv6_dst") @format(IPV6_ADDRESS);
        }
        actions = { set_nexthop; }
    }
}
"""


def test_nothing_is_wrong_with_good_text() -> None:
    assert [*p4_style.text_faults(GOOD), *p4_style.name_faults(GOOD)] == []


def test_nothing_is_wrong_with_the_same_in_a_macro() -> None:
    assert list(p4_style.name_faults(GOOD.replace("\n", "  \\\n"))) == []


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("a\n" + "x" * 121 + "\n", 2, "121 characters, 120 are allowed"),
        ("    @description(x, " + "x" * 120 + ")\n", 1, "141 characters, 120 are allowed"),
        ("a;\n\tb;\n", 2, "tab"),
        ("a; \n", 1, "white space at the end"),
        ("a;", 1, "ends with one line feed"),
        ("a;\n\n", 3, "ends with one line feed"),
    ],
)
def test_faults_of_text(text: str, line: int, fault: str) -> None:
    ((found, message),) = p4_style.text_faults(text)
    assert found == line and fault in message


def test_a_long_string_cannot_be_broken() -> None:
    text = '    @description("' + "x" * 200 + '")\n'
    assert list(p4_style.text_faults(text)) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "fault"),
    [
        ("header vlan_t", "header vlan", 1, "header vlan: the name of a type ends in _t"),
        ("vrf_id_t", "VrfId", 4, "typedef VrfId: the name of a type ends in _t"),
        ("reason_t", "reason", 5, "enum reason: the name of a type ends in _t"),
        ("local_metadata_t", "metadata", 6, "struct metadata: the name of a type ends in _t"),
        ("table ipv6_table", "table routes", 12, "table routes: a table is called <object>_table"),
        ("@id(IPV6_TABLE_ID) ", "", 12, "table ipv6_table: no @id"),
        ('exact @name("vrf_id")', "exact", 14, "key md.vrf_id: no @name"),
        ('@name("ipv6_dst")', '@name("hdr.ipv6.dst_addr")', 15, "key hdr.ipv6.dst_addr: no @name"),
    ],
)
def test_faults_of_names(old: str, new: str, line: int, fault: str) -> None:
    assert list(p4_style.name_faults(GOOD.replace(old, new))) == [(line, fault)]


P4INFO = """\
tables {
  preamble {
    id: 33554439
    name: "ipv6_table"
    alias: "ipv6_table"
  }
  match_fields {
    id: 1
    name: "vrf_id"
  }
  action_refs {
    id: 16777235
  }
  action_refs {
    id: 21257015
    annotations: "@defaultonly"
  }
}
actions {
  preamble {
    id: 16777235
    name: "set_nexthop"
  }
}
actions {
  preamble {
    id: 30000001
    name: "helper_that_no_table_names"
  }
}
counters {
  preamble {
    id: 301989889
    name: "drop_counter"
  }
}
"""
IDS = "#define IPV6_TABLE_ID   0x02000007\n#define SET_NEXTHOP_ID 0x01000013\n#define DROP_COUNTER_ID 0x12000001\n"


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        ("", "", []),
        ("33554439", "40000000", ["tables ipv6_table: its id 0x02625A00 is not in ids.p4"]),
        ('"vrf_id"', '"md.vrf_id"', ["table ipv6_table: key md.vrf_id has no @name"]),
        (
            "id: 16777235",
            "id: 30000002",
            ["table ipv6_table: the id 0x01C9C382 of action set_nexthop is not in ids.p4"],
        ),
        ('"ipv6_table"', '"routes"', ["table routes: a table is called <object>_table"]),
        ("301989889", "300000000", ["counters drop_counter: its id 0x11E1A300 is not in ids.p4"]),
    ],
)
def test_faults_of_a_p4info(old: str, new: str, faults: list[str]) -> None:
    assert list(p4_style.p4info_faults(P4INFO.replace(old, new) if old else P4INFO, p4_style.ids(IDS))) == faults


def test_places_are_named_and_other_folders_left_alone(tmp_path: Path) -> None:
    (tmp_path / "p4src" / "core").mkdir(parents=True)
    (tmp_path / "p4src" / "build").mkdir()
    (tmp_path / "p4src" / "core" / "ids.p4").write_text(IDS)
    (tmp_path / "p4src" / "core" / "a.p4").write_text("header a {\n\t}\n")
    (tmp_path / "p4src" / "build" / "x.p4info.txtpb").write_text(P4INFO.replace("33554439", "1"))
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "b.p4").write_text("header b {\n} \n")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "c.p4").write_text("\t")
    assert list(p4_style.faults(tmp_path)) == [
        "bench/b.p4:2: white space at the end of the line",
        "p4src/core/a.p4:2: tab; indent with four spaces",
        "p4src/core/a.p4:1: header a: the name of a type ends in _t",
        "p4src/build/x.p4info.txtpb: tables ipv6_table: its id 0x00000001 is not in ids.p4",
    ]
