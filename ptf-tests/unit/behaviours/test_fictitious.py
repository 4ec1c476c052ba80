# SPDX-License-Identifier: Apache-2.0
"""A behaviour that exists nowhere but here: its record is all that config, schema, compilation and commands need.

End.TEST hands frames of a VLAN to a port, by a table of its own that the node file fills under ``test-tables``.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from srv6cp.artifacts import find
from srv6cp.behaviours import REGISTRY, Binder, Endpoint, Entry, Names, Scope, Section
from srv6cp.behaviours.operands import PORT, item, out_port
from srv6cp.cli import readback
from srv6cp.cli.edits import add, remove
from srv6cp.cli.grammar import sid, usage
from srv6cp.cli.kinds import kinds
from srv6cp.cli.main import build_parser
from srv6cp.cli.nodefile import NodeFile
from srv6cp.compile import NotInProgram, compile_state
from srv6cp.config import ConfigError, load_node
from srv6cp.config.schema import schema
from srv6cp.p4rt import Action, P4Info, TableEntry
from srv6cp.problems import InvalidError, with_path

ROOT = Path(__file__).resolve().parents[3]
NODE = """\
node: r1
locator: "fcbb:bb00:1::/48"
vrfs: [{name: blue, id: 9}]
ports: {1: {addresses: ["2001:db8:1::1/64"]}, 3: {mode: l2, mtu: 1400}}
sids:
  - {sid: "fcbb:bb00:1:1::/64", behavior: End.TEST, table: customers, port: 3}
  - {sid: "fcbb:bb00:1:2::/64", behavior: End.T, table: 9}
test-tables:
  - {name: customers, vlans: {10: 3}}
"""
PROGRAM = """
actions {
  preamble { id: 0x01ff0001 name: "end_test" alias: "end_test" }
  params { id: 1 name: "sid_index" bitwidth: 32 }
  params { id: 2 name: "options" bitwidth: 8 }
  params { id: 3 name: "test_table_id" bitwidth: 16 }
  params { id: 4 name: "egress_port" bitwidth: 9 }
  params { id: 5 name: "mtu" bitwidth: 16 }
}
actions {
  preamble { id: 0x01ff0002 name: "test_port" alias: "test_port" }
  params { id: 1 name: "egress_port" bitwidth: 9 }
}
tables {
  preamble { id: 0x02ff0001 name: "test_table" alias: "test_table" }
  match_fields { id: 1 name: "test_table_id" bitwidth: 16 match_type: EXACT }
  match_fields { id: 2 name: "vlan_id" bitwidth: 12 match_type: EXACT }
  action_refs { id: 0x01ff0002 }
  size: 64
}
"""


def read(given: dict[Any, Any], scope: Scope) -> dict[int, int]:
    return {
        with_path("vlans", int, vlan): with_path("vlans", out_port, port, scope)
        for vlan, port in given["vlans"].items()
    }


def entries(number: int, value: dict[int, int], binder: Binder) -> Iterable[Entry]:
    for vlan, port in value.items():
        match = {"test_table_id": number, "vlan_id": vlan}
        yield Entry("test_table", match, "test_port", {"egress_port": binder.port(port).number})


def rows(found: Iterable[Entry], names: Names) -> list[dict[str, Any]]:
    return [
        {
            "table": names.item("test-tables", entry.match["test_table_id"]),
            "vlan": entry.match["vlan_id"],
            "port": entry.params["egress_port"],
        }
        for entry in found
    ]


def words(given: Sequence[str]) -> dict[str, Any]:
    if len(given) % 2:
        raise InvalidError("VLANs and ports come in pairs")
    return {"vlans": {int(vlan): int(port) for vlan, port in zip(given[::2], given[1::2], strict=True)}}


SECTION = Section(
    "test-tables",
    "test table",
    "a list of `{name, vlans}`",
    ("test_table",),
    "test_table_id",
    {"vlans": {"type": "object", "additionalProperties": {"type": "integer"}}},
    read,
    entries,
    rows,
    ("table", "vlan", "port"),
    "test-table",
    "VLAN PORT ...",
    words,
    required=("vlans",),
)
RECORD = Endpoint(
    "End.TEST",
    action="end_test",
    operands=(item("table", SECTION, "test_table_id"), PORT),
    code_points=(40000,),
    spec="this test",
    takes=("ethernet",),
    label="decapsulates",
    sections=(SECTION,),
)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    with REGISTRY.including(RECORD):
        yield


@pytest.fixture
def program() -> P4Info:
    """The committed program with the action and the table added."""
    text = find().p4info.read_text() + PROGRAM
    my_sid = text.index('alias: "my_sid_table"')
    place = text.index("  action_refs {", my_sid)
    return P4Info.from_text(text[:place] + "  action_refs { id: 0x01ff0001 }\n" + text[place:])


def test_configuration() -> None:
    node = load_node(NODE)
    assert node.sids[0].operands == {"table": "customers", "port": 3}
    assert REGISTRY.code_point(node.sids[0]) == 40000
    # `table` is iproute2's word for a VRF wherever a behaviour has no operand of that name.
    assert node.sids[1].operands == {"vrf": "blue"}
    assert node.sections == {"test-tables": {"customers": {10: 3}}}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("table: customers, ", "", "<string>:6: sids[0]: End.TEST needs 'table', a test table"),
        ("table: customers", "table: customer", "<string>:6: sids[0].table: unknown test table 'customer'"),
        ("{10: 3}", "{10: 4}", "<string>:9: test-tables[0].vlans: unknown port 4; valid: 1, 3"),
        (", vlans: {10: 3}", "", "<string>:9: test-tables[0]: 'vlans' is missing"),
        ("test-tables", "test-table", "<string>:8: test-table: unknown key 'test-table'"),
    ],
)
def test_mistakes(old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_node(NODE.replace(old, new))
    assert message in str(caught.value)


def test_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    good = {
        "node": "r1",
        "sids": [{"sid": "fc00::1", "behavior": "End.TEST", "table": "a"}],
        "test-tables": [{"name": "a", "vlans": {"10": 3}}],
    }
    validator.validate(good)
    assert list(validator.iter_errors({"node": "r1", "test-tables": [{"name": "a", "vlans": {"10": "x"}}]}))
    assert list(validator.iter_errors({"node": "r1", "test-tables": [{"name": "a"}]}))
    assert "End.TEST" in json.dumps(validator.schema["properties"]["sids"])


def test_compilation(program: P4Info) -> None:
    found = compile_state(load_node(NODE), program)
    by_table = {entity.table: entity for entity in reversed(found.entities) if isinstance(entity, TableEntry)}
    sid_entry, own = by_table["my_sid_table"], by_table["test_table"]
    [number] = found.items["test-tables"]
    assert isinstance(sid_entry.action, Action)
    params = dict(sid_entry.action.params)
    assert found.sids[int(str(params.pop("sid_index")))].behaviour == "End.TEST"
    assert params == {"options": 0, "test_table_id": number, "egress_port": 3, "mtu": 1400}
    assert own.match == {"test_table_id": number, "vlan_id": 10}
    assert own.action == Action("test_port", {"egress_port": 3})
    for entity in found.entities:
        assert program.normalize(entity) is not None


def test_a_program_without_it() -> None:
    with pytest.raises(NotInProgram) as caught:
        compile_state(load_node(NODE), P4Info.from_file(find().p4info))
    assert [problem.line for problem in caught.value.problems] == [6, 8]
    assert "End.TEST is not in the loaded program" in caught.value.message


class Switch:
    """As much of a client as reading back needs."""

    def __init__(self, info: P4Info, entities: Iterable[Any]) -> None:
        self.p4info = info
        self._entities = list(entities)

    def read(self, patterns: Any) -> Iterator[Any]:
        if isinstance(patterns, TableEntry):
            yield from (e for e in self._entities if getattr(e, "table", None) == patterns.table)


def test_readback(program: P4Info) -> None:
    node = load_node(NODE)
    compilation = compile_state(node, program)
    client: Any = Switch(program, map(program.normalize, compilation.entities))
    names = readback.Names(node, compilation)
    first, second = readback.sid_rows(client, names)
    assert (first["behavior"], first["operand"]) == ("End.TEST", "table customers port 3")
    assert (second["behavior"], second["operand"]) == ("End.T", "vrf blue")
    assert readback.section_rows(client, SECTION, names) == [{"table": "customers", "vlan": 10, "port": 3}]
    nameless = readback.sid_rows(client, readback.Names(None, None))
    assert nameless[0]["operand"].startswith("table #")


def test_tables_of_the_documentation() -> None:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "tools" / "behaviour_tables.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    cells = "`table` (an item of `test-tables`), `port` | 40000 | this test"
    assert f"| `End.TEST` | {cells} |\n" in tool.endpoints()
    assert "| `test-tables` | `srv6 test-table add NAME VLAN PORT ...` | a list of `{name, vlans}` |" in tool.sections()


def test_words(tmp_path: Path) -> None:
    assert sid(["fc00::1", "End.TEST", "table", "customers", "oif", "3"])[0].item == {
        "sid": "fc00::1",
        "behavior": "End.TEST",
        "table": "customers",
        "port": 3,
    }
    assert "[table NAME]" in usage("sid")
    args = build_parser().parse_args(["test-table", "add", "more", "20", "3"])
    path = tmp_path / "node.yaml"
    path.write_text(NODE)
    file = NodeFile(path)
    add(file, kinds()[args.kind].parse(args.words), replace=False)
    assert file.node().sections["test-tables"] == {"customers": {10: 3}, "more": {20: 3}}
    remove(file, "test-table", ["more"])
    assert file.text == NODE
    assert build_parser().parse_args(["test-table", "show"]).kind == "test-table"


def test_records_are_there_for_the_block_only() -> None:
    other = replace(RECORD, name="End.OTHER", action="end_other", code_points=())
    with REGISTRY.including(other):
        assert REGISTRY.parse_endpoint("end.other")[0] is other
        assert REGISTRY.by_action("end_other") is other
    assert REGISTRY.by_action("end_other") is None
    with pytest.raises(ValueError, match=r"unknown behaviour 'end\.other'"):
        REGISTRY.parse_endpoint("end.other")
